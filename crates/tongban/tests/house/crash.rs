//! 64 个人同时登记时拔电源（kill -9），反复多次：应答过的每一件都还在，日志链完整，编号不重不断，
//! 重启后反应、检索与指标自己赶上。
//!
//! 次数由 `TONGBAN_CRASHES` 定，默认 3；验收时设 20。

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use tongban_store::Engine;

use crate::ground::{Ground, Server, registration};

#[tokio::test(flavor = "multi_thread")]
async fn nothing_acknowledged_is_lost() {
    let times: u32 = std::env::var("TONGBAN_CRASHES").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    let ground = Ground::demo(Engine::Sqlite, 0).await;
    let token = ground.token(&["cases.receive", "cases.submit_for", "cases.read"]);
    let kept = Arc::new(Kept::default());
    for round in 0..times {
        let mut server = ground.serve().await;
        let body = registration(&server.simple_item().await);
        kept.stop.store(false, Ordering::Relaxed);
        let writers: Vec<_> =
            (0..64).map(|w| tokio::spawn(write(server.url.clone(), token.clone(), body.clone(), format!("{round}-{w}"), Arc::clone(&kept)))).collect();
        enough(&kept, Duration::from_millis(50 + u64::from(round % 7) * 90)).await;
        server.kill();
        kept.stop.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.unwrap();
        }
        assert_eq!(kept.refused.load(Ordering::Relaxed), 0, "有登记被拒绝");
        let verdict = ground.run(&["journal", "verify"]);
        assert!(verdict.contains("完整"), "{verdict}");
    }
    let server = ground.serve().await;
    let known = kept.acknowledged.lock().unwrap().clone();
    assert!(known.len() >= times as usize * 40, "只应答了 {} 件", known.len());
    all_there(&server.url, &token, &known).await;
    all_answered(&server, &token, &kept).await;
    caught_up(&ground, &server.url).await;
}

/// 写者们留下的：应答过的编号、断线时没有等到应答的键。
#[derive(Default)]
struct Kept {
    acknowledged: Mutex<BTreeSet<String>>,
    unanswered: Mutex<BTreeSet<String>>,
    refused: AtomicU64,
    stop: AtomicBool,
}

/// 没有等到应答的，用同一个键再交一次：或者给出当时记下的回答，或者现在做成，绝不会“还在处理”。
async fn all_answered(server: &Server, token: &str, kept: &Kept) {
    let (client, body) = (crate::client::http(), registration(&server.simple_item().await));
    let unanswered = kept.unanswered.lock().unwrap().clone();
    assert!(!unanswered.is_empty(), "断线时总有人在等");
    let mut replayed = 0;
    for key in unanswered {
        let sent = client.post(format!("{}/api/v1/cases", server.url)).bearer_auth(token).header("idempotency-key", &key).json(&body).send();
        let answer = sent.await.unwrap();
        replayed += u64::from(answer.headers().contains_key("idempotency-replayed"));
        assert_eq!(answer.status().as_u16(), 201, "{key}：{}", answer.text().await.unwrap());
    }
    eprintln!("没有等到应答、但已落盘的 {replayed} 件");
}

/// 指标投影不用人管就赶上：累计的申请数与办件数相等；检索里事项照样找得到。
async fn caught_up(ground: &Ground, url: &str) {
    let cases = ground.count("SELECT COUNT(*) FROM cases_cases").await;
    let tallied = "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM indicators_tally WHERE grain = 0 AND measure = 'cases.applied'";
    ground.settles(tallied, cases).await;
    let found = crate::client::http().get(format!("{url}/s?q=gtgs")).send().await.unwrap().text().await.unwrap();
    assert!(found.contains("个体工商户"), "检索没有赶上");
}

/// 等到这一轮至少应答了 40 件，再过一小会儿，正在忙的时候下手。
async fn enough(kept: &Kept, after: Duration) {
    let (before, started) = (kept.acknowledged.lock().unwrap().len(), Instant::now());
    while kept.acknowledged.lock().unwrap().len() < before + 40 && started.elapsed() < Duration::from_secs(30) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(after).await;
}

async fn write(url: String, token: String, body: Value, name: String, kept: Arc<Kept>) {
    let client = crate::client::http();
    for n in 0.. {
        if kept.stop.load(Ordering::Relaxed) {
            return;
        }
        let key = format!("{name}-{n}");
        let sent = client.post(format!("{url}/api/v1/cases")).bearer_auth(&token).header("idempotency-key", &key).json(&body).send().await;
        let answered = match sent {
            Ok(answer) => Some((answer.status(), answer.json::<Value>().await)),
            Err(_) => None,
        };
        let Some((status, Ok(case))) = answered else {
            kept.unanswered.lock().unwrap().insert(key);
            return;
        };
        if status.is_success() {
            kept.acknowledged.lock().unwrap().insert(case["no"].as_str().unwrap().to_owned());
        } else {
            if kept.refused.fetch_add(1, Ordering::Relaxed) == 0 {
                eprintln!("{case}");
            }
            return;
        }
    }
}

/// 每个应答过的编号都查得到，且各日的流水从 1 起不断。
async fn all_there(url: &str, token: &str, known: &BTreeSet<String>) {
    let client = crate::client::http();
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
