//! 投递任务：一个端点同时只有一个节点在投；同一主题按先后；连不上先停一会儿，不烧完别人的次数。

use futures::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use standardwebhooks::Webhook as Signer;
use tongban_store::jobs::Job;
use tongban_store::{Error, Result, Tx};
use tongban_web::{App, Work};

use crate::commands::{give_up, wake};
use crate::model::{Delivery, Webhook};
use crate::{outbound, rules, store};

/// 任务的名字。
pub const JOB: &str = "messages.deliver";
/// 一次取多少条，同时投几条。
const BATCH: i64 = 64;
const AT_ONCE: usize = 16;
/// 领下一个端点多久；每批之后续。
const LEASE: SignedDuration = SignedDuration::from_secs(120);
/// 对方的 Retry-After 至多听多久，秒。
const LONGEST_ASKED: i64 = 86_400;

#[derive(Deserialize)]
struct Payload {
    webhook: i64,
}

/// 一次请求的结果。
enum Outcome {
    Answered { status: u16, retry_after: Option<i64> },
    Unreachable(String),
}

/// 把一个端点到点的都投了；断开就停，过一会儿再来。
pub fn deliver<'a>(app: &'a App, job: &'a Job) -> Work<'a> {
    Box::pin(async move {
        let Payload { webhook } = serde_json::from_str(&job.payload)?;
        let now = app.now();
        if !app.db().write("messages.lease", move |tx| store::lease(tx, webhook, now, now + LEASE)).await? {
            return later(app, webhook).await;
        }
        let client = outbound::client(app.config().private_endpoints)?;
        let ran = drain(app, &client, webhook).await;
        let at = app.now();
        app.db().write("messages.release", move |tx| release(tx, webhook, at)).await?;
        ran
    })
}

/// 别的节点正在投，或端点在暂停：没有别的任务会来接手时，约好时间再来。
async fn later(app: &App, webhook: i64) -> Result<()> {
    let now = app.now();
    app.db()
        .write("messages.later", move |tx| {
            let Some(found) = store::find_webhook(tx, webhook)? else { return Ok(()) };
            let paused = tongban_kernel::time::from_millis(found.paused_until);
            let waiting = found.standing == crate::model::Standing::Active && store::next_due(tx, webhook)?.is_some();
            if waiting && paused > now { wake(tx, webhook, paused) } else { Ok(()) }
        })
        .await
}

/// 放手；还有没投完的就约好下一次。
fn release(tx: &mut Tx<'_>, webhook: i64, at: Timestamp) -> Result<()> {
    store::renew_lease(tx, webhook, Timestamp::UNIX_EPOCH)?;
    let Some(found) = store::find_webhook(tx, webhook)?.filter(|found| found.standing == crate::model::Standing::Active) else { return Ok(()) };
    let paused = tongban_kernel::time::from_millis(found.paused_until);
    match store::next_due(tx, webhook)? {
        Some(next) => wake(tx, webhook, next.max(paused).max(at)),
        None => Ok(()),
    }
}

async fn drain(app: &App, client: &reqwest::Client, webhook: i64) -> Result<()> {
    loop {
        let now = app.now();
        let batch = app
            .db()
            .snapshot("messages.due", move |tx| {
                let found = store::find_webhook(tx, webhook)?.filter(|found| found.standing == crate::model::Standing::Active);
                let Some(found) = found else { return Ok(None) };
                Ok(Some((store::secrets(tx, webhook, now)?, store::due(tx, webhook, now, BATCH)?, found)))
            })
            .await?;
        let Some((secrets, due, found)) = batch.filter(|(_, due, _)| !due.is_empty()) else { return Ok(()) };
        let signers: Vec<Signer> = secrets.iter().filter_map(|secret| Signer::new(secret).ok()).collect();
        let sent: Vec<(Delivery, Outcome)> = futures::stream::iter(due)
            .map(|delivery| async {
                let outcome = send(client, &found, &signers, &delivery, app.now()).await;
                (delivery, outcome)
            })
            .buffer_unordered(AT_ONCE)
            .collect()
            .await;
        let unreachable = sent.iter().all(|(_, outcome)| matches!(outcome, Outcome::Unreachable(_)));
        let at = app.now();
        let dice = dice()?;
        let settled = std::sync::Arc::new(sent);
        app.db().write("messages.settle", move |tx| settle(tx, &found, &settled, dice, at)).await?;
        if unreachable {
            return Ok(());
        }
    }
}

fn dice() -> Result<u16> {
    let text = tongban_web::guard::random_hex(2);
    Ok(u16::from_str_radix(&text, 16).map_err(|error| Error::Io(error.to_string()))? % 1001)
}

async fn send(client: &reqwest::Client, webhook: &Webhook, signers: &[Signer], delivery: &Delivery, now: Timestamp) -> Outcome {
    let stamp = now.as_second();
    let signed: Vec<String> = signers.iter().filter_map(|signer| signer.sign(&delivery.event, stamp, delivery.body.as_bytes()).ok()).collect();
    if signed.is_empty() {
        return Outcome::Unreachable("没有可用的签名密钥".to_owned());
    }
    let request = client
        .post(&webhook.url)
        .header("content-type", "application/cloudevents+json; charset=utf-8")
        .header("webhook-id", &delivery.event)
        .header("webhook-timestamp", stamp.to_string())
        .header("webhook-signature", signed.join(" "))
        .body(delivery.body.clone());
    match request.send().await {
        Ok(answer) => {
            let retry_after = answer.headers().get("retry-after").and_then(|v| v.to_str().ok()).and_then(|text| text.trim().parse().ok());
            Outcome::Answered { status: answer.status().as_u16(), retry_after }
        }
        Err(error) => Outcome::Unreachable(plain(&error)),
    }
}

/// 给管理员看的原因；不含网址里的路径与参数。
fn plain(error: &reqwest::Error) -> String {
    let text = if error.is_timeout() {
        "20 秒没有回答"
    } else if error.is_connect() {
        "连不上对方的服务器"
    } else {
        "对方中断了连接"
    };
    text.to_owned()
}

/// 记下一批的结果。
fn settle(tx: &mut Tx<'_>, webhook: &Webhook, sent: &[(Delivery, Outcome)], dice: u16, at: Timestamp) -> Result<()> {
    let mut reached = false;
    for (delivery, outcome) in sent {
        match outcome {
            Outcome::Answered { status, .. } if (200..300).contains(status) => {
                reached = true;
                store::delivered(tx, delivery.id, i64::from(*status), at)?;
            }
            Outcome::Answered { status, retry_after } => {
                reached = true;
                failed(tx, webhook, delivery, (*status, *retry_after), dice, at)?;
            }
            // 连不上是端点的事：这一条记一笔原因，次数不算它的，等端点恢复
            Outcome::Unreachable(reason) => store::try_later(tx, delivery.id, at + rules::pause(webhook.failures + 1), reason, at)?,
        }
    }
    if reached {
        if store::recover(tx, webhook.id)? {
            store::sooner(tx, webhook.id, at)?;
        }
        store::renew_lease(tx, webhook.id, at + LEASE)
    } else if webhook.failures >= rules::MOST_PAUSES {
        give_up(tx, webhook, "三天都连不上", at)
    } else {
        store::pause_endpoint(tx, webhook.id, at + rules::pause(webhook.failures + 1))
    }
}

/// 对方回答了但不是成功：按表再试，试完进死信并停用端点；410 立即停用。
fn failed(tx: &mut Tx<'_>, webhook: &Webhook, delivery: &Delivery, answer: (u16, Option<i64>), dice: u16, at: Timestamp) -> Result<()> {
    let (status, retry_after) = answer;
    let (code, error) = (i64::from(status), format!("对方回答 {status}"));
    if status == 410 {
        store::bury(tx, delivery.id, code, &error, at)?;
        return give_up(tx, webhook, "对方回答 410：不再接收", at);
    }
    let asked = if status == 429 { retry_after.map(|seconds| SignedDuration::from_secs(seconds.clamp(1, LONGEST_ASKED))) } else { None };
    match asked.or_else(|| rules::again_after(delivery.tries + 1, dice)) {
        Some(wait) => store::try_again(tx, delivery.id, at + wait, code, &error, at),
        None => {
            store::bury(tx, delivery.id, code, &error, at)?;
            give_up(tx, webhook, "有事件试了 10 次都没有送到", at)
        }
    }
}
