//! 64 个人同时登记时拔电源（kill -9），反复多次：应答过的每一件都还在，日志链完整，编号不重不断。
//!
//! 次数由 `TONGBAN_CRASHES` 定，默认 3；验收时设 20。

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

struct Server {
    child: Child,
    url: String,
}

fn tongban(data: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tongban"));
    command.args(arguments).env("TONGBAN_DATA", data).env("TONGBAN_LOG", "error").env("TONGBAN_REQUESTS_PER_MINUTE", "0");
    command.env_remove("TONGBAN_DATABASE").stdout(Stdio::piped());
    command
}

async fn serve(data: &Path) -> Server {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let child = tongban(data, &["serve"]).env("TONGBAN_LISTEN", format!("127.0.0.1:{port}")).stdout(Stdio::null()).spawn().unwrap();
    let url = format!("http://127.0.0.1:{port}");
    let started = Instant::now();
    while !reqwest::get(format!("{url}/readyz")).await.is_ok_and(|answer| answer.status().is_success()) {
        assert!(started.elapsed() < Duration::from_secs(60), "一分钟还没有起来");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Server { child, url }
}

fn output(data: &Path, arguments: &[&str]) -> String {
    let out = tongban(data, arguments).output().unwrap();
    assert!(out.status.success(), "{arguments:?}：{}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8_lossy(&out.stdout).trim().to_owned()
}

/// 一件不用填表就能登记的事项。
async fn item(url: &str) -> Value {
    let list: Value = reqwest::get(format!("{url}/api/v1/items?complete=true&limit=100")).await.unwrap().json().await.unwrap();
    let items = list["items"].as_array().unwrap_or_else(|| panic!("{list}"));
    let found = items.iter().find(|item| item["name"] == "个体工商户注销登记").unwrap_or_else(|| panic!("没有这件事项：{list}"));
    json!({ "item_code": found["code"] })
}

fn registration(item: &Value) -> Value {
    json!({
        "item_code": item["item_code"],
        "applicant": { "name": "王小明", "id_number": "510811199003070017", "mobile": "13900000001" },
        "allow_same": true,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost() {
    let times: u32 = std::env::var("TONGBAN_CRASHES").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    let data: PathBuf = std::env::temp_dir().join(format!("tongban-crash-{}", tongban_web::guard::random_hex(6)));
    output(&data, &["demo", "--cases", "0", "--only-load"]);
    let token = output(&data, &["token", "--name", "压测", "--scope", "cases.receive", "--scope", "cases.submit_for", "--scope", "cases.read"]);
    let acknowledged: Arc<std::sync::Mutex<BTreeSet<String>>> = Arc::default();
    for round in 0..times {
        let mut server = serve(&data).await;
        let item = item(&server.url).await;
        let stop = Arc::new(AtomicBool::new(false));
        let refused = Arc::new(AtomicU64::new(0));
        let writers: Vec<_> = (0..64)
            .map(|w| tokio::spawn(write(server.url.clone(), token.clone(), registration(&item), format!("{round}-{w}"), Arc::clone(&stop), Arc::clone(&acknowledged), Arc::clone(&refused))))
            .collect();
        enough(&acknowledged, Duration::from_millis(50 + u64::from(round % 7) * 90)).await;
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(refused.load(Ordering::Relaxed), 0, "有登记被拒绝");
        let verdict = output(&data, &["journal", "verify"]);
        assert!(verdict.contains("完整"), "{verdict}");
    }
    let server = serve(&data).await;
    let known = acknowledged.lock().unwrap().clone();
    assert!(known.len() >= times as usize * 40, "只应答了 {} 件", known.len());
    all_there(&server.url, &token, &known).await;
    drop(server);
    let _ = std::fs::remove_dir_all(&data);
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// 等到这一轮至少应答了 40 件，再过一小会儿，正在忙的时候下手。
async fn enough(acknowledged: &std::sync::Mutex<BTreeSet<String>>, after: Duration) {
    let (before, started) = (acknowledged.lock().unwrap().len(), Instant::now());
    while acknowledged.lock().unwrap().len() < before + 40 && started.elapsed() < Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(after).await;
}

#[allow(clippy::too_many_arguments, reason = "一个写者要的都在这里")]
async fn write(
    url: String,
    token: String,
    body: Value,
    name: String,
    stop: Arc<AtomicBool>,
    acknowledged: Arc<std::sync::Mutex<BTreeSet<String>>>,
    refused: Arc<AtomicU64>,
) {
    let client = reqwest::Client::new();
    for n in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        let sent = client.post(format!("{url}/api/v1/cases")).bearer_auth(&token).header("idempotency-key", format!("{name}-{n}")).json(&body).send().await;
        let Ok(answer) = sent else { return };
        let status = answer.status();
        let Ok(case) = answer.json::<Value>().await else { return };
        if status.is_success() {
            acknowledged.lock().unwrap().insert(case["no"].as_str().unwrap().to_owned());
        } else {
            if refused.fetch_add(1, Ordering::Relaxed) == 0 {
                eprintln!("{case}");
            }
            return;
        }
    }
}

/// 每个应答过的编号都查得到，且各日的流水从 1 起不断。
async fn all_there(url: &str, token: &str, known: &BTreeSet<String>) {
    let client = reqwest::Client::new();
    for no in known {
        let status = client.get(format!("{url}/api/v1/cases/{no}")).bearer_auth(token).send().await.unwrap().status();
        assert!(status.is_success(), "{no} 不见了：{status}");
    }
    let serials: BTreeSet<u64> = known.iter().map(|no| no.rsplit('-').next().unwrap().parse().unwrap()).collect();
    let last = *serials.iter().next_back().unwrap();
    // 没有应答但已落盘的也占号：查得到的加起来必须从 1 到末号一个不少
    let prefix = known.iter().next().unwrap().rsplit_once('-').unwrap().0.to_owned();
    for serial in (1..=last).filter(|serial| !serials.contains(serial)) {
        let no = format!("{prefix}-{serial:06}");
        let status = client.get(format!("{url}/api/v1/cases/{no}")).bearer_auth(token).send().await.unwrap().status();
        assert!(status.is_success(), "流水断在 {no}");
    }
}
