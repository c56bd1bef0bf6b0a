//! 各项度量。

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use axum::Router;
use axum::routing::get;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::client::Connection;
use crate::raw::Raw;
use crate::server::{Ground, Server};

/// 每项量多久。
pub const LASTING: Duration = Duration::from_secs(5);
pub const CLIENTS: usize = 64;
/// 不用填表就能登记的事项。
pub const ITEM: &str = "个体工商户注销登记";
const PASSWORD: &str = "Tongban-2026";

/// 起好的服务与两张入门证。
pub struct Bench {
    pub(crate) server: Server,
    pub(crate) clerk: String,
    leader: String,
    client: String,
    pub(crate) code: String,
    data: std::path::PathBuf,
}

fn bearer(token: &str) -> String {
    format!("authorization: Bearer {token}\r\n")
}

/// 与浏览器一样带登录与访客两个标记：表单令牌属于这两样合起来的人。
pub(crate) fn cookie(session: &str) -> String {
    format!("cookie: tb_s={session}; tb_v=0123456789abcdef0123456789abcdef\r\n")
}

async fn listen(router: Router) -> Result<u16> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let port = listener.local_addr()?.port();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Ok(port)
}

impl Bench {
    pub async fn start(ground: Ground) -> Result<Self> {
        let client = ground.token(&["cases.receive", "cases.submit_for", "cases.read", "indicators.read", "indicators.manage"])?;
        let server = ground.serve().await?;
        let mut first = Connection::open(server.port, "").await?;
        let list = first.get("/api/v1/items?complete=true&limit=100").await?;
        let list: Value = serde_json::from_slice(&list.body)?;
        let items = list["items"].as_array().context("没有事项")?;
        let item = items.iter().find(|item| item["name"] == ITEM).with_context(|| format!("没有{ITEM}这件事"))?;
        let code = item["code"].as_str().context("事项没有编码")?.to_owned();
        let (clerk, leader) = (sign_in(server.port, "window_clerk").await?, sign_in(server.port, "leader").await?);
        Ok(Self { server, clerk, leader, client, code, data: ground.data })
    }

    /// 这一次运行的名字，编号与幂等键不与上一次的重。
    pub(crate) fn run_name(&self) -> String {
        self.client[self.client.len() - 8..].to_owned()
    }

    /// 刚起来时的内存。
    pub fn idle(&self) {
        println!("起进程到首页 {:.0} 毫秒（限 1000 毫秒）", self.server.started.as_secs_f64() * 1e3);
        if let Ok(memory) = self.server.anonymous() {
            println!("空闲匿名内存 {memory:.0} MiB（限 60 MiB）");
        }
    }

    /// 压测之后的内存。
    pub fn loaded(&self) {
        if let Ok(memory) = self.server.anonymous() {
            println!("压测之后匿名内存 {memory:.0} MiB（限 150 MiB）");
        }
    }

    /// 64 个连接各做一会儿；`make` 给出第几个连接第几次的请求。
    async fn hammer(&self, headers: &str, make: impl Fn(usize, u64) -> Ask + Send + Sync + 'static) -> Result<Rate> {
        hammer(self.server.port, headers, Arc::new(make)).await
    }

    /// 提交一件：HTTP、持久、带日志，与同样语句的成组速度相比。
    pub async fn submit(&self, raw: &Raw) -> Result<()> {
        let body = json!({
            "item_code": self.code, "allow_same": true,
            "applicant": { "name": "王小明", "id_number": "510811199003070017", "mobile": "13900000001" },
        })
        .to_string();
        let run = self.run_name();
        let before = self.server.cpu()?;
        let rate = self
            .hammer(&bearer(&self.client), move |worker, n| {
                Ask::Post("/api/v1/cases".to_owned(), format!("idempotency-key: {run}-{worker}-{n}\r\n"), body.clone())
            })
            .await?;
        let cpu = (self.server.cpu()? - before) / rate.done as f64;
        report("登记一件（HTTP、落盘、日志）", &rate, "件/秒");
        println!("    每件服务端 CPU {:.3} 毫秒（限 0.2 毫秒，含随后的反应与指标）", cpu * 1e3);
        println!("    同样的 {} 条语句成组重放 {:.0}/秒，比值 {:.0}%（限 40%）", raw.statements, raw.per_second, rate.per_second / raw.per_second * 100.0);
        println!("    同样的命令不经网页 {:.0}/秒，比值 {:.0}%", raw.commands, rate.per_second / raw.commands * 100.0);
        Ok(())
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
        for tab in ["all", "pending", "review", "red", "yellow", "done"] {
            let path = format!("/desk/cases?tab={tab}");
            report(&format!("待办网页（{tab}，带各页签件数）"), &self.hammer(&cookie(&self.clerk), move |_, _| Ask::Get(path.clone())).await?, "页/秒");
        }
        Ok(())
    }

    async fn deep_cursor(&self, pages: usize) -> Result<String> {
        let mut connection = Connection::open(self.server.port, &bearer(&self.client)).await?;
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
        let bytes = Connection::open(self.server.port, "").await?.get(&path).await?.body;
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
        let mut connection = Connection::open(self.server.port, &cookie(&self.leader)).await?;
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

    /// 导出全部已办结办件成 XLSX：耗时与多占的内存。
    pub async fn export(&self, cases: u64) -> Result<()> {
        let before = self.server.anonymous()?;
        let mut connection = Connection::open(self.server.port, &cookie(&self.clerk)).await?;
        let at = Instant::now();
        let answer = connection.get("/desk/cases?tab=done&format=xlsx").await?;
        ensure!(answer.status == 200, "导出没有成功：{}", answer.status);
        let took = at.elapsed();
        let grown = self.server.anonymous()? - before;
        let took = took.as_secs_f64();
        let each = took * 100_000.0 / cases as f64;
        println!("导出已办结办件 XLSX {took:.2} 秒，{} KB，每 10 万件 {each:.2} 秒（限 3 秒），内存多占 {grown:.0} MiB", answer.body.len() / 1024);
        Ok(())
    }

    /// 指标全量重算，与一次 SQL 扫描相比。
    pub async fn recount(&self) -> Result<()> {
        let scan = crate::raw::scan(&self.data).await?;
        let mut connection = Connection::open(self.server.port, &bearer(&self.client)).await?;
        let at = Instant::now();
        let answer = connection.post("/api/v1/indicators/recount", "idempotency-key: bench-recount\r\n", "{}").await?;
        ensure!(answer.status == 200, "重算没有成功：{}", String::from_utf8_lossy(&answer.body));
        let took = at.elapsed().as_secs_f64();
        let verdict: Value = serde_json::from_slice(&answer.body)?;
        println!("指标全量重算 {took:.2} 秒，一次扫描 {scan:.2} 秒，{:.1} 倍（限 3 倍）；{verdict}", took / scan);
        Ok(())
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
    done: usize,
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
    Ok(Rate { done: times.len(), per_second, median: times.get(times.len() / 2).copied().unwrap_or_default() })
}

/// 用演示账号登录，回答会话。
async fn sign_in(port: u16, login: &str) -> Result<String> {
    let mut connection = Connection::open(port, "").await?;
    let page = connection.get("/desk/login").await?;
    let visitor = page.cookie("tb_v").context("没有访客 Cookie")?;
    let text = String::from_utf8_lossy(&page.body).into_owned();
    let token = text.split("name=\"_csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next()).context("登录页没有令牌")?;
    let form = serde_urlencoded::to_string([("_csrf", token), ("login", login), ("password", PASSWORD), ("next", "")])?;
    let answer = connection.post_form("/desk/login", &format!("cookie: tb_v={visitor}\r\n"), &form).await?;
    answer.cookie("tb_s").with_context(|| format!("{login} 登录不了：{}", answer.status))
}
