//! 投影：读日志，把 `tally(后) − tally(前)` 记到账上，与移动位置同一个单元（foundations §5）。

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use tongban_store::react::{cursors, set_cursor};
use tongban_store::{Logged, Result, Tx};
use tongban_web::{App, Tally};

use crate::ledger::Change;
use crate::period::month_row;
use crate::registry::Registry;
use crate::store;

/// 日志读者的名字。
pub const READER: &str = "indicators";
/// 一个单元多少条。
const BATCH: i64 = 1_000;

/// 现在用的一代。
pub const GENERATION: &str = "generation";

/// 让账追上日志；回答读了多少条。
///
/// # Errors
/// 引擎不可用。
pub async fn project(app: &App) -> Result<u64> {
    let registry = Arc::new(Registry::of(app));
    let mut read = 0;
    for lane in app.db().snapshot("indicators.backlog", |tx| behind(tx, READER)).await? {
        loop {
            let taken = take(app, &registry, lane).await?;
            read += taken;
            if taken < BATCH.unsigned_abs() {
                break;
            }
        }
    }
    Ok(read)
}

/// 读一批、算出账要变多少，都不在写连接上；再记账、移动位置。
async fn take(app: &App, registry: &Arc<Registry>, lane: i64) -> Result<u64> {
    let counted = Arc::clone(registry);
    let (from, to, count, change) = app
        .db()
        .snapshot("indicators.read", move |tx| {
            let from = position(&cursors(tx, READER)?, lane);
            let entries = tx.lane_entries(lane, from, BATCH)?;
            let to = entries.last().map_or(from, |last| last.seq);
            Ok((from, to, entries.len() as u64, changes(&counted, &entries)))
        })
        .await?;
    if count == 0 {
        return Ok(0);
    }
    let settled = app.db().bulk("indicators.project", move |tx| settle(tx, lane, from, to, &change)).await?;
    Ok(if settled { count } else { 0 })
}

/// 记账、移动位置。先锁住代号：几个节点同时来也一个个做；别的节点已经记过这一批，就不再记。
fn settle(tx: &mut Tx<'_>, lane: i64, from: i64, to: i64, change: &Change<&'static str>) -> Result<bool> {
    let generation = generation(tx)?;
    if position(&cursors(tx, READER)?, lane) != from {
        return Ok(false);
    }
    apply(tx, generation, change, true)?;
    set_cursor(tx, READER, lane, to)?;
    Ok(true)
}

/// 还没有读完的泳道。
pub(crate) fn behind(tx: &mut Tx<'_>, reader: &str) -> Result<Vec<i64>> {
    let positions = cursors(tx, reader)?;
    let mut found = Vec::new();
    for lane in tx.lanes()? {
        if tx.lane_head(lane)? > position(&positions, lane) {
            found.push(lane);
        }
    }
    Ok(found)
}

pub(crate) fn position(positions: &[(i64, i64)], lane: i64) -> i64 {
    positions.iter().find(|(known, _)| *known == lane).map_or(0, |(_, seq)| *seq)
}

/// 锁住并取现在用的一代；第一次用时建第 1 代。
pub(crate) fn generation(tx: &mut Tx<'_>) -> Result<i64> {
    if let Some(generation) = store::lock_state(tx, GENERATION)? {
        return Ok(generation);
    }
    store::set_state(tx, GENERATION, 1)?;
    Ok(1)
}

/// 一批日志一共让账变多少。
pub(crate) fn changes(registry: &Registry, entries: &[Logged]) -> Change<&'static str> {
    let (mut plus, mut minus) = (Tally::default(), Tally::default());
    for entry in entries {
        let Some(set) = registry.set_of(&entry.kind) else { continue };
        let Some((before, after)) = facts_of(&entry.body) else { continue };
        for (facts, side) in [(before, &mut minus), (after, &mut plus)] {
            let Some(facts) = facts else { continue };
            if let Err(error) = (set.tally)(facts.get(), side) {
                tracing::error!(kind = entry.kind, lane = entry.lane, seq = entry.seq, %error, "事实读不懂，这一条没有计入");
            }
        }
    }
    let mut change = Change::new();
    change.merge(plus.sums, 1);
    change.merge(minus.sums, -1);
    let keyed = |((measure, org, period, key), n)| ((measure, org, period, key), n);
    change.merge_presence(plus.presence.into_iter().map(keyed), 1);
    change.merge_presence(minus.presence.into_iter().map(keyed), -1);
    change
}

/// 只取 `facts` 两份的原文，不建树：投影的大半时间花在这里。
fn facts_of(body: &str) -> Option<(Option<&RawValue>, Option<&RawValue>)> {
    #[derive(Deserialize)]
    struct Body<'a> {
        #[serde(borrow)]
        facts: (&'a RawValue, &'a RawValue),
    }
    if !body.contains("\"facts\":[") {
        return None;
    }
    let Body { facts: (before, after) } = serde_json::from_str(body).ok()?;
    let some = |raw: &'_ RawValue| raw.get() != "null";
    Some((some(before).then_some(before), some(after).then_some(after)))
}

/// 记到一代的账上；`touch` 为真时记下动过的（度量，月），等着重算指标值。
pub(crate) fn apply(tx: &mut Tx<'_>, generation: i64, change: &Change<&'static str>, touch: bool) -> Result<()> {
    let mut touched = std::collections::BTreeSet::new();
    let mut months: BTreeMap<(&'static str, i64, i64), i64> = BTreeMap::new();
    for (&(measure, org, day), &n) in &change.sums {
        *months.entry((measure, org, month_row(day))).or_default() += n;
        touched.insert((measure, month_row(day)));
    }
    let days = change.sums.iter().map(|(&(measure, org, day), &n)| (store::DAY, measure, day, org, n));
    let months = months.into_iter().filter(|(_, n)| *n != 0).map(|((measure, org, month), n)| (store::MONTH, measure, month, org, n));
    let rows: Vec<store::TallyRow> = days.chain(months).collect();
    store::add_tallies(tx, generation, &rows)?;
    for (&(measure, org, period, key), &n) in &change.presence {
        if store::add_presence(tx, generation, measure, (org, period, key), n)? != 0 {
            touched.insert((measure, period));
        }
    }
    if touch {
        for (measure, month) in touched {
            store::touch(tx, measure, month)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_two_facts_are_read_out() {
        let body = r#"{"changed":{"x":[1]},"facts":[null,{"org":1}]}"#;
        let (before, after) = facts_of(body).unwrap();
        assert!(before.is_none());
        assert_eq!(after.unwrap().get(), r#"{"org":1}"#);
        assert!(facts_of(r#"{"x":1}"#).is_none());
    }
}
