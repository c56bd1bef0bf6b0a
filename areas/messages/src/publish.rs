//! 由日志到投递：每个订阅在每条泳道上有自己的位置，写投递与移动位置同一个单元，不漏也不重。

use std::future::Future;
use std::pin::Pin;

use tongban_store::react::{cursors, set_cursor};
use tongban_store::{Result, Tx};
use tongban_web::App;

use crate::commands::wake;
use crate::events;
use crate::model::{Standing, Webhook};
use crate::store::{self, NewDelivery};

/// 一次读多少条日志。
const BATCH: i64 = 250;

/// 订阅在日志上的读者名。
#[must_use]
pub(crate) fn reader(webhook: i64) -> String {
    format!("messages.webhook:{webhook}")
}

/// 事件来源：`/ywtb/{主办机构所在区划}`；一个站点一个。
#[must_use]
pub fn source(app: &App) -> String {
    format!("/ywtb/{}", app.config().base_url.split("://").nth(1).unwrap_or("local"))
}

/// 各订阅各前进一步；回答读了多少条。
pub fn step(app: &App) -> Pin<Box<dyn Future<Output = Result<u64>> + Send + '_>> {
    Box::pin(async move {
        let webhooks = app.db().read("messages.webhooks", store::active_webhooks).await?;
        let mut moved = 0;
        for webhook in webhooks {
            for (lane, seq) in app.db().snapshot("messages.behind", move |tx| behind(tx, webhook.id)).await? {
                let (id, source, at) = (webhook.id, source(app), app.now());
                moved += app.db().bulk("messages.publish", move |tx| take(tx, id, lane, seq, &source, at)).await?;
            }
        }
        Ok(moved)
    })
}

fn behind(tx: &mut Tx<'_>, webhook: i64) -> Result<Vec<(i64, i64)>> {
    let positions = cursors(tx, &reader(webhook))?;
    let mut found = Vec::new();
    for lane in tx.lanes()? {
        let seq = positions.iter().find(|(known, _)| *known == lane).map_or(0, |(_, seq)| *seq);
        if tx.lane_head(lane)? > seq {
            found.push((lane, seq));
        }
    }
    Ok(found)
}

/// 读一批：要的写成投递，位置移到末尾。位置已被别的节点移走就什么也不做。
fn take(tx: &mut Tx<'_>, id: i64, lane: i64, seq: i64, source: &str, at: jiff::Timestamp) -> Result<u64> {
    let reader = reader(id);
    let Some(webhook) = store::lock_webhook(tx, id)?.filter(|webhook| webhook.standing == Standing::Active) else { return Ok(0) };
    let here = cursors(tx, &reader)?.into_iter().find(|(known, _)| *known == lane).map_or(0, |(_, seq)| seq);
    if here != seq {
        return Ok(0);
    }
    let entries = tx.lane_entries(lane, seq, BATCH)?;
    let Some(last) = entries.last().map(|entry| entry.seq) else { return Ok(0) };
    let mut added = false;
    for entry in entries.iter().filter(|entry| entry.tenant == webhook.tenant) {
        added |= deliver(tx, &webhook, entry, source, at)?;
    }
    set_cursor(tx, &reader, lane, last)?;
    if added {
        wake(tx, id, at)?;
    }
    Ok(entries.len() as u64)
}

fn deliver(tx: &mut Tx<'_>, webhook: &Webhook, entry: &tongban_store::Logged, source: &str, at: jiff::Timestamp) -> Result<bool> {
    let Some((kind, happened)) = events::of(entry)?.filter(|(kind, _)| events::wanted(&webhook.event_types, kind)) else { return Ok(false) };
    let event = format!("{}-{}", entry.lane, entry.seq);
    let body = events::envelope(&event, source, kind, &happened.subject, entry.at, &happened.data);
    store::add_delivery(tx, &NewDelivery { webhook: webhook.id, event: &event, kind, subject: &happened.subject, body: &body }, at)?;
    Ok(true)
}
