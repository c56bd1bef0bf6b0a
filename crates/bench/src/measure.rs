//! 各项度量。

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tongban::config::Settings;
use tongban::{demo, house};
use tongban_kernel::Actor;
use tongban_store::{Entry, Tx, args};
use tongban_web::{App, router};

use crate::client::Connection;

/// 每项量多久。
const LASTING: Duration = Duration::from_secs(5);
const CLIENTS: usize = 64;

/// 备好的房子与两张入门证。
pub struct Bench {
    app: App,
    port: u16,
    clerk: String,
    client: String,
    code: String,
    started: Duration,
}

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}\r\n")
}

async fn listen(router: Router) -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    let service = router.into_make_service_with_connect_info::<std::net::SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    Ok(port)
}

impl Bench {
    pub async fn prepare(cases: u64, data: PathBuf) -> Result<Self> {
        let mut settings = Settings::load(None)?;
        settings.set("data", data.display().to_string());
        settings.set("demo", "true".to_owned());
        settings.set("requests_per_minute", "0".to_owned());
        let app = house::open(&settings).await?;
        demo::prepare(&app, cases, None).await?;
        drop(app);
        let begun = Instant::now();
        let app = house::open(&settings).await?;
        let port = listen(router::build(app.clone())).await?;
        let mut first = Connection::open(port, "").await?;
        ensure!(first.get("/").await?.status == 200, "首页打不开");
        let started = begun.elapsed();
        let clerk = sign_in(&app, "window_clerk").await?;
        let client = token(&app, "cases.receive cases.submit_for cases.read indicators.read").await?;
        let list = first.get("/api/v1/items?complete=true&limit=100").await?;
        let list: Value = serde_json::from_slice(&list.body)?;
        let items = list["items"].as_array().context("没有事项")?;
        let item = items.iter().find(|item| item["name"] == "个体工商户注销登记").context("没有个体工商户注销登记这件事")?;
        let code = item["code"].as_str().context("事项没有编码")?.to_owned();
        Ok(Self { app, port, clerk, client, code, started })
    }

    /// 64 个连接各做一会儿；`make` 给出第几个连接第几次的请求。
    async fn hammer(&self, headers: &str, make: impl Fn(usize, u64) -> Ask + Send + Sync + 'static) -> Result<Rate> {
        hammer(self.port, headers, Arc::new(make)).await
    }

    /// 提交一件：HTTP、持久、带日志，与同样单元不经 HTTP 的成组速度相比。
    pub async fn submit(&self) -> Result<()> {
        let raw = self.raw_units().await?;
        let body = json!({
            "item_code": self.code, "allow_same": true,
            "applicant": { "name": "王小明", "id_number": "510811199003070017", "mobile": "13900000001" },
        })
        .to_string();
        let run = tongban_web::guard::random_hex(4);
        let rate = self
            .hammer(&bearer(&self.client), move |worker, n| {
                Ask::Post("/api/v1/cases".to_owned(), format!("idempotency-key: {run}-{worker}-{n}\r\n"), body.clone())
            })
            .await?;
        report("登记一件（HTTP、落盘、日志）", &rate, "件/秒");
        println!("    两行一日志的成组单元 {raw:.0}/秒，比值 {:.0}%", rate.per_second / raw * 100.0);
        Ok(())
    }

    /// 原始极限：64 个调用者，每个单元两行加一条日志，成组提交。
    async fn raw_units(&self) -> Result<f64> {
        let done = Arc::new(AtomicU64::new(0));
        let begun = Instant::now();
        let mut workers = Vec::new();
        for _ in 0..CLIENTS {
            let (db, done) = (self.app.db().clone(), Arc::clone(&done));
            workers.push(tokio::spawn(async move {
                while begun.elapsed() < LASTING {
                    db.write("bench.raw", raw_unit).await?;
                    done.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<_, tongban_store::Error>(())
            }));
        }
        for worker in workers {
            worker.await??;
        }
        Ok(done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
    }

    /// 待办一页：权限与范围都在，深页与首页相比。
    pub async fn worklist(&self) -> Result<()> {
        let headers = bearer(&self.client);
        let first = self.hammer(&headers, |_, _| Ask::Get("/api/v1/cases?limit=20".to_owned())).await?;
        report("待办接口首页（20 件）", &first, "页/秒");
        let deep = self.deep_cursor(200).await?;
        let rate = self.hammer(&headers, move |_, _| Ask::Get(deep.clone())).await?;
        report("待办接口第 200 页", &rate, "页/秒");
        println!("    深页与首页之比 {:.2}", rate.per_second / first.per_second);
        let cookie = format!("cookie: tb_s={}\r\n", self.clerk);
        report("待办网页首页", &self.hammer(&cookie, |_, _| Ask::Get("/desk/cases".to_owned())).await?, "页/秒");
        Ok(())
    }

    async fn deep_cursor(&self, pages: usize) -> Result<String> {
        let mut connection = Connection::open(self.port, &bearer(&self.client)).await?;
        let mut path = "/api/v1/cases?limit=20".to_owned();
        for _ in 0..pages {
            let page: Value = serde_json::from_slice(&connection.get(&path).await?.body)?;
            let Some(cursor) = page["next_cursor"].as_str() else { break };
            path = format!("/api/v1/cases?limit=20&cursor={cursor}");
        }
        Ok(path)
    }

    /// 指南页，与裸 axum 发同样的字节相比。
    pub async fn guide(&self) -> Result<()> {
        let path = format!("/items/{}", self.code);
        let bytes = Connection::open(self.port, "").await?.get(&path).await?.body;
        let size = bytes.len();
        let body = axum::body::Bytes::from(bytes);
        let bare = Router::new().route("/x", get(move || std::future::ready(body.clone())));
        let port = listen(bare).await?;
        let limit = hammer(port, "", Arc::new(|_, _| Ask::Get("/x".to_owned()))).await?;
        let rate = self.hammer("", move |_, _| Ask::Get(path.clone())).await?;
        report("办事指南页", &rate, "页/秒");
        println!("    裸 axum 发同样 {size} 字节 {:.0}/秒，比值 {:.0}%", limit.per_second, rate.per_second / limit.per_second * 100.0);
        Ok(())
    }

    /// 驾驶舱：单个请求的中位耗时。
    pub async fn cockpit(&self) -> Result<()> {
        let leader = sign_in(&self.app, "leader").await?;
        let mut connection = Connection::open(self.port, &format!("cookie: tb_s={leader}\r\n")).await?;
        let mut times = Vec::new();
        for _ in 0..50 {
            let at = Instant::now();
            ensure!(connection.get("/cockpit").await?.status == 200, "驾驶舱打不开");
            times.push(at.elapsed());
        }
        times.sort_unstable();
        println!("驾驶舱 中位 {:.1} 毫秒（限 20 毫秒）", times[times.len() / 2].as_secs_f64() * 1e3);
        Ok(())
    }

    /// 导出全部待办成 XLSX。
    pub async fn export(&self) -> Result<()> {
        let mut connection = Connection::open(self.port, &format!("cookie: tb_s={}\r\n", self.clerk)).await?;
        let at = Instant::now();
        let answer = connection.get("/desk/cases?tab=closed&format=xlsx").await?;
        ensure!(answer.status == 200, "导出没有成功：{}", answer.status);
        println!("导出已办结办件 XLSX {:.2} 秒，{} 字节", at.elapsed().as_secs_f64(), answer.body.len());
        Ok(())
    }

    /// 起动到首页与常驻内存。
    pub fn memory(&self) {
        println!("打开到首页 {:.0} 毫秒（限 1000 毫秒）", self.started.as_secs_f64() * 1e3);
        if let Ok(status) = std::fs::read_to_string("/proc/self/status")
            && let Some(line) = status.lines().find(|line| line.starts_with("RssAnon"))
        {
            println!("压测之后常驻匿名内存 {}（限 150 MiB）", line.trim_start_matches("RssAnon:").trim());
        }
    }
}

/// 一个请求。
pub enum Ask {
    Get(String),
    /// 路径、额外的头、正文。
    Post(String, String, String),
}

/// 速度与中位耗时。
pub struct Rate {
    per_second: f64,
    median: Duration,
}

fn report(name: &str, rate: &Rate, unit: &str) {
    println!("{name} {:.0} {unit}，中位 {:.2} 毫秒", rate.per_second, rate.median.as_secs_f64() * 1e3);
}

async fn hammer(port: u16, headers: &str, make: Arc<dyn Fn(usize, u64) -> Ask + Send + Sync>) -> Result<Rate> {
    let begun = Instant::now();
    let mut workers = Vec::new();
    for worker in 0..CLIENTS {
        let (mut connection, make) = (Connection::open(port, headers).await?, Arc::clone(&make));
        workers.push(tokio::spawn(async move {
            let mut times = Vec::new();
            while begun.elapsed() < LASTING {
                let at = Instant::now();
                let answer = match make(worker, times.len() as u64) {
                    Ask::Get(path) => connection.get(&path).await?,
                    Ask::Post(path, extra, body) => connection.post(&path, &extra, &body).await?,
                };
                ensure!(answer.status < 300, "回答 {}：{}", answer.status, String::from_utf8_lossy(&answer.body));
                times.push(at.elapsed());
            }
            Ok::<_, anyhow::Error>(times)
        }));
    }
    let mut times = Vec::new();
    for worker in workers {
        times.extend(worker.await??);
    }
    let per_second = times.len() as f64 / begun.elapsed().as_secs_f64();
    times.sort_unstable();
    Ok(Rate { per_second, median: times.get(times.len() / 2).copied().unwrap_or_default() })
}

const RAW_ROW: &str = "INSERT INTO system_settings (key, value, at) VALUES ($1, $2, $3)";

fn raw_unit(tx: &mut Tx<'_>) -> tongban_store::Result<()> {
    let (id, at) = (tx.new_id(), tongban_kernel::time::from_millis(0));
    for n in 0..2 {
        tx.exec(RAW_ROW, args![&format!("bench-{id}-{n}"), "原始极限：与一件办件差不多长的一行内容，只为比较", at])?;
    }
    tx.journal(Entry { kind: "bench.raw", subject: id, rev: 1, at, actor: &Actor::system(), tenant: 0, body: "{}" })
}

/// 用演示账号登录，回答会话。
async fn sign_in(app: &App, login: &str) -> Result<String> {
    let (session, login, at) = (tongban_web::guard::random_hex(32), tongban_parties::commands::normal_login(login), app.now());
    let hash = tongban_parties::identify::hash_token(&session);
    app.db()
        .write("bench.sign_in", move |tx| {
            let account = tongban_parties::queries::account_for_login(tx, &login)?.ok_or_else(tongban_kernel::Problem::not_found)?;
            tongban_parties::commands::login(tx, &login, &account, &hash, at)
        })
        .await?;
    Ok(session)
}

async fn token(app: &App, scopes: &'static str) -> Result<String> {
    let (token, at) = (tongban_web::guard::random_hex(24), app.now());
    let hash = tongban_parties::identify::hash_token(&token);
    app.db()
        .write("bench.token", move |tx| {
            let tenant = tongban_directory::queries::tenants(tx)?.first().map_or(0, |org| org.id);
            let life = jiff::SignedDuration::from_hours(24);
            tongban_parties::commands::create_token(tx, &Actor::system(), &hash, "压测", scopes, tenant, life, at)
        })
        .await?;
    Ok(token)
}
