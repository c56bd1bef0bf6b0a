//! 网办地址巡检（items §6 Q24）：每天一轮，打得开打不开记下来，结论变了的指南重查质量。
//!
//! 同一个网址只查一次。不跟随跳转：回答 2xx、3xx，或要求登录的 401、403，都算打得开。

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use futures::{StreamExt, stream};
use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Method, StatusCode, Url};
use tongban_store::Result;
use tongban_store::jobs::Job;
use tongban_web::App;
use tongban_web::area::Work;
use tongban_web::outbound;

use crate::commands;
use crate::store::{self, LinkRow};

/// 任务的种类。
pub const JOB: &str = "items.links";
/// 一个网址至多等多久。
const TIMEOUT: Duration = Duration::from_secs(15);
/// 同时查几个。
const ABREAST: usize = 8;
/// 隔多久一轮。
const EVERY: SignedDuration = SignedDuration::from_hours(24);
/// 新装好的过多久查第一轮。
const FIRST: SignedDuration = SignedDuration::from_hours(1);
/// 一次取多少个办理项。
const PAGE: u32 = 200;

/// 到时候就下一轮的任务；多个节点只有一个下得成。
pub fn step(app: &App) -> Pin<Box<dyn Future<Output = Result<u64>> + Send + '_>> {
    Box::pin(async move {
        let (now, due) = (app.now(), app.db().read("items.next_round", store::next_round).await?);
        if due > now.as_millisecond() {
            return Ok(0);
        }
        let next = now + if due == 0 { FIRST } else { EVERY };
        let started = app.db().write("items.start_round", move |tx| {
            if !store::set_round(tx, next, due)? || due == 0 {
                return Ok(0);
            }
            tx.enqueue(JOB, "", now).map(|_| 1)
        });
        started.await
    })
}

/// 一轮的任务。
pub fn run<'a>(app: &'a App, _: &'a Job) -> Work<'a> {
    Box::pin(async move { round(app).await.map(|_| ()) })
}

/// 一轮的结果。
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Round {
    pub urls: usize,
    pub unreachable: usize,
    /// 结论变了、重查了质量的办理项。
    pub rechecked: usize,
}

/// 查一轮：在用的办理项写着的每个网办地址。
///
/// # Errors
/// 引擎故障，或系统没有可用的根证书。
pub async fn round(app: &App) -> Result<Round> {
    let private = app.config().private_endpoints;
    let client = outbound::client(private, TIMEOUT)?;
    let at = app.now();
    let mut urls: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    let mut after = 0;
    loop {
        let page = app.db().read("items.links_scan", move |tx| store::scan_items(tx, after, PAGE)).await?;
        let Some(last) = page.last() else { break };
        after = last.id;
        for row in page.iter().filter(|row| row.status.published() && !row.draft.online.url.is_empty()) {
            urls.entry(row.draft.online.url.clone()).or_default().push(row.id);
        }
    }
    let mut done = Round { urls: urls.len(), ..Round::default() };
    let asked = stream::iter(urls).map(|(url, items)| {
        let client = client.clone();
        async move { (probe(&client, &url, private).await, url, items) }
    });
    let mut answers = std::pin::pin!(asked.buffer_unordered(ABREAST));
    while let Some((answer, url, items)) = answers.next().await {
        done.unreachable += usize::from(answer.is_err());
        done.rechecked += keep(app, url, answer, items, at).await?;
    }
    Ok(done)
}

/// 记下一个网址的结论；变了就重查用它的办理项，一项一个单元。
async fn keep(app: &App, url: String, answer: std::result::Result<(), String>, items: Vec<i64>, at: Timestamp) -> Result<usize> {
    let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
    let changed = app
        .db()
        .bulk("items.keep_link", move |tx| {
            let before = store::link_of(tx, &url)?;
            let reached = if answer.is_ok() { at.as_millisecond() } else { before.as_ref().map_or(0, |link| link.reached) };
            let detail = answer.clone().err().unwrap_or_default();
            let row = LinkRow { url: url.clone(), checked: at.as_millisecond(), reached, detail, items: count };
            store::put_link(tx, &row)?;
            Ok(before.is_none_or(|link| link.reachable()) != row.reachable())
        })
        .await?;
    if !changed {
        return Ok(0);
    }
    for item in &items {
        let item = *item;
        app.db().bulk("items.recheck", move |tx| commands::recheck(tx, item, at)).await?;
    }
    Ok(items.len())
}

/// 打得开就好；打不开说清为什么。
async fn probe(client: &Client, text: &str, private: bool) -> std::result::Result<(), String> {
    let url = Url::parse(text.trim()).map_err(|_| "网址读不懂，应以 https:// 开头".to_owned())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("不是网页地址".to_owned());
    }
    if !private && outbound::names_inner_host(&url) {
        return Err("写的是本机或内网地址，群众打不开".to_owned());
    }
    let ask = |method: Method| client.request(method, url.clone()).send();
    let mut answer = ask(Method::HEAD).await;
    if !answer.as_ref().is_ok_and(|answer| opens(answer.status())) {
        answer = ask(Method::GET).await;
    }
    match answer {
        Ok(answer) if opens(answer.status()) => Ok(()),
        Ok(answer) => Err(format!("回答 {}", answer.status().as_u16())),
        Err(error) if error.is_timeout() => Err(format!("{} 秒没有回答", TIMEOUT.as_secs())),
        Err(_) => Err("连不上".to_owned()),
    }
}

fn opens(status: StatusCode) -> bool {
    status.is_success() || status.is_redirection() || matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}
