//! 重算：在一个快照里记下各泳道的头、扫一遍全部记录的事实，写成新的一代，再从头之后接着读，
//! 追上之后与旧账对一遍，换上新账（foundations §5）。对不上就报警：账与记录必有一个错了。

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tongban_kernel::{Actor, Problem};
use tongban_kernel::time::{date_of, instant};
use tongban_store::react::{cursors, set_cursor};
use tongban_store::{Entry, Result, Tx};
use tongban_web::{App, Tally};

use crate::ledger::Change;
use crate::project::{self, READER, apply, changes, position};
use crate::registry::Registry;
use crate::store;

/// 任务的名字。
pub const JOB: &str = "indicators.recount";
/// 新账的读者。
const SHADOW: &str = "indicators.recount";
/// 最近一次重算完成的时刻与对不上的处数。
pub const RECOUNTED: &str = "recounted_at";
pub const MISMATCHES: &str = "mismatches";

/// 正在重算，到这一刻为止（毫秒）。
const RUNNING: &str = "recounting";
const LEASE_MS: i64 = 3_600_000;

const SCAN: u32 = 500;
const CHUNK: usize = 2_000;
/// 对不上时最多记多少处。
const SHOWN: i64 = 20;

/// 今夜三点（已过三点就是明夜）。
#[must_use]
pub fn tonight(now: Timestamp) -> Timestamp {
    let three = instant(date_of(now), 3, 0);
    if three > now { three } else { date_of(now).tomorrow().map_or(three, |day| instant(day, 3, 0)) }
}

/// 一次重算的结果。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recounted {
    pub records: u64,
    /// 旧账与重算不同的地方：（度量，日，机构，差）。
    pub mismatches: Vec<(String, i64, i64, i64)>,
}

/// 从头重算一遍，对账，换上。业务照常进行；同时只许一个人算。
///
/// # Errors
/// 已经有人在算：409；引擎不可用。
pub async fn recount(app: &App) -> Result<Recounted> {
    let at = app.now();
    let next = app.db().write("indicators.recount_begin", move |tx| begin(tx, at)).await?;
    let done = run(app, next).await;
    app.db().write("indicators.recount_end", |tx| store::set_state(tx, RUNNING, 0)).await?;
    done
}

async fn run(app: &App, next: i64) -> Result<Recounted> {
    let registry = Arc::new(Registry::of(app));
    drop_old(app, next).await?;
    let scanning = Arc::clone(&registry);
    let (heads, records, change) = app.db().snapshot("indicators.scan", move |tx| scan(tx, &scanning)).await?;
    write_generation(app, next, &change).await?;
    app.db()
        .bulk("indicators.recount_heads", move |tx| heads.iter().try_for_each(|(lane, seq)| set_cursor(tx, SHADOW, *lane, *seq)))
        .await?;
    let mismatches = compare(app, &registry, next).await?;
    let switching = Arc::clone(&registry);
    let found = mismatches.clone();
    let at = app.now();
    let old = app.db().bulk("indicators.switch", move |tx| switch(tx, &switching, next, &found, at)).await?;
    drop_old(app, old).await?;
    if !mismatches.is_empty() {
        tracing::error!(?mismatches, "指标的账与记录对不上，已按记录更正");
    }
    Ok(Recounted { records, mismatches })
}

/// 占住位置，给出新一代的代号；算的人中途没了，一小时后别人可以接着来。
fn begin(tx: &mut Tx<'_>, at: Timestamp) -> Result<i64> {
    let generation = project::generation(tx)?;
    let now = at.as_millisecond();
    if store::state(tx, RUNNING)?.is_some_and(|until| until > now) {
        return Err(Problem::conflict("已经在重算了，请等它算完").into());
    }
    store::set_state(tx, RUNNING, now + LEASE_MS)?;
    Ok(generation + 1)
}

/// 分块删掉一代。
async fn drop_old(app: &App, generation: i64) -> Result<()> {
    while app.db().bulk("indicators.drop", move |tx| store::drop_generation(tx, generation, 20)).await? > 0 {}
    Ok(())
}

/// 各泳道的头、扫过的记录数、全部贡献。
type Scanned = (Vec<(i64, i64)>, u64, Change<&'static str>);

fn scan(tx: &mut Tx<'_>, registry: &Registry) -> Result<Scanned> {
    let mut heads = Vec::new();
    for lane in tx.lanes()? {
        heads.push((lane, tx.lane_head(lane)?));
    }
    let mut tally = Tally::default();
    let mut records = 0;
    for set in registry.sets() {
        let mut after = 0;
        loop {
            let page = (set.scan)(tx, after, SCAN)?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            records += page.len() as u64;
            for (id, facts) in &page {
                if let Err(error) = (set.tally)(facts, &mut tally) {
                    tracing::error!(subject = set.subject, id, %error, "事实读不懂，重算没有计入");
                }
            }
        }
    }
    let mut change = Change::new();
    change.merge(tally.sums, 1);
    change.merge_presence(tally.presence, 1);
    Ok((heads, records, change))
}

/// 新的一代原是空的，去重数在手里数好，整块整块地写。
async fn write_generation(app: &App, next: i64, change: &Change<&'static str>) -> Result<()> {
    let tallies = rows_of(change);
    for chunk in tallies.chunks(CHUNK) {
        let chunk = chunk.to_vec();
        app.db().bulk("indicators.recount_write", move |tx| store::add_tallies(tx, next, &chunk)).await?;
    }
    let present: Vec<store::PresenceRow> = change.presence.iter().map(|(&(measure, org, period, key), &n)| (measure, period, org, key, n)).collect();
    for chunk in present.chunks(CHUNK) {
        let chunk = chunk.to_vec();
        app.db().bulk("indicators.recount_presence", move |tx| store::put_presences(tx, next, &chunk)).await?;
    }
    Ok(())
}

/// 日、月、去重三种行。
fn rows_of(change: &Change<&'static str>) -> Vec<store::TallyRow> {
    let mut wide: BTreeMap<(i64, &'static str, i64, i64), i64> = BTreeMap::new();
    for (&(measure, org, day), &n) in &change.sums {
        *wide.entry((store::MONTH, measure, crate::period::month_row(day), org)).or_default() += n;
    }
    for (&(measure, org, period, _), &n) in &change.presence {
        *wide.entry((store::DISTINCT, measure, period, org)).or_default() += crate::ledger::step(0, n);
    }
    let days = change.sums.iter().map(|(&(measure, org, day), &n)| (store::DAY, measure, day, org, n));
    days.chain(wide.into_iter().map(|((grain, measure, day, org), n)| (grain, measure, day, org, n)).filter(|row| row.4 != 0)).collect()
}

/// 让新账追到与旧账同一位置，再逐行对。其间又有新日志就再追一次。
async fn compare(app: &App, registry: &Arc<Registry>, next: i64) -> Result<Vec<(String, i64, i64, i64)>> {
    for _ in 0..50 {
        project::project(app).await?;
        loop {
            let registry = Arc::clone(registry);
            if app.db().bulk("indicators.align", move |tx| align(tx, &registry, next, 1_000)).await? {
                break;
            }
        }
        let compared = app
            .db()
            .snapshot("indicators.compare", move |tx| {
                if read_positions(tx, READER)? != read_positions(tx, SHADOW)? {
                    return Ok(None);
                }
                let generation = store::state(tx, project::GENERATION)?.unwrap_or(1);
                store::compare(tx, generation, next, SHOWN).map(Some)
            })
            .await?;
        if let Some(found) = compared {
            return Ok(found);
        }
    }
    Err(tongban_store::Error::Io("对账期间日志一直在增长，没有对成；稍后再来".to_owned()))
}

/// 各泳道读到哪里；一条都没读的泳道不算。
fn read_positions(tx: &mut Tx<'_>, reader: &str) -> Result<BTreeMap<i64, i64>> {
    Ok(cursors(tx, reader)?.into_iter().filter(|(_, seq)| *seq > 0).collect())
}

/// 新账往旧账的位置靠一步；两边各泳道都对齐了回答真。
fn align(tx: &mut Tx<'_>, registry: &Registry, next: i64, limit: i64) -> Result<bool> {
    project::generation(tx)?;
    let (main, shadow) = (cursors(tx, READER)?, cursors(tx, SHADOW)?);
    let mut aligned = true;
    for lane in tx.lanes()? {
        let (goal, from) = (position(&main, lane), position(&shadow, lane));
        if from < goal {
            let entries = tx.lane_entries(lane, from, limit.min(goal - from))?;
            let Some(last) = entries.last() else { continue };
            apply(tx, next, &changes(registry, &entries), false)?;
            set_cursor(tx, SHADOW, lane, last.seq)?;
            aligned &= last.seq == goal;
        }
    }
    Ok(aligned)
}

/// 换上新账：最后靠一次，改代号；有出入的度量记下动过，让指标值跟着更正，并记一条报警日志。
fn switch(tx: &mut Tx<'_>, registry: &Registry, next: i64, mismatches: &[(String, i64, i64, i64)], at: Timestamp) -> Result<i64> {
    let old = project::generation(tx)?;
    while !align(tx, registry, next, i64::MAX)? {}
    // 扫描时的头可能超过旧账的位置：换上之后从新账的位置接着读
    for (lane, seq) in cursors(tx, SHADOW)? {
        set_cursor(tx, READER, lane, seq)?;
    }
    store::set_state(tx, project::GENERATION, next)?;
    store::set_state(tx, RECOUNTED, at.as_millisecond())?;
    store::set_state(tx, MISMATCHES, i64::try_from(mismatches.len()).unwrap_or(i64::MAX))?;
    for (measure, day, _, _) in mismatches {
        store::touch(tx, measure, crate::period::month_row(*day))?;
    }
    if !mismatches.is_empty() {
        let body = serde_json::to_string(&serde_json::json!({ "changed": { "mismatches": mismatches } }))?;
        let actor = Actor::system();
        tx.journal(Entry { kind: "indicators.mismatch", subject: 0, rev: next, at, actor: &actor, tenant: 0, body: &body })?;
    }
    Ok(old)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_nightly_recount_is_at_three() {
        let at = |day, hour| instant(date(2026, 5, day), hour, 0);
        assert_eq!(tonight(at(20, 1)), at(20, 3));
        assert_eq!(tonight(at(20, 3)), at(21, 3));
    }
}
