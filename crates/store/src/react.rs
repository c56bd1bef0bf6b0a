//! 反应：读日志，做别处发生的事在本区引起的事（foundations §4）。
//!
//! 每个反应在每条泳道上有一个位置；处理与移动位置在同一个单元里，几个节点同时跑也只做一次。
//! 泳道之间没有先后，所以反应必须幂等，并按 `rev` 或现状判断。

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tongban_kernel::Problem;

use crate::database::Database;
use crate::error::{Error, Result};
use crate::journal::Logged;
use crate::tx::Tx;

const CURSORS: &str = "SELECT lane, seq FROM cursors WHERE reader = $1";
const ADD_CURSOR: &str = "INSERT INTO cursors (reader, lane, seq) VALUES ($1, $2, 0) ON CONFLICT (reader, lane) DO NOTHING";
const MOVE_CURSOR: &str = "UPDATE cursors SET seq = $1 WHERE reader = $2 AND lane = $3 AND seq = $4";
const SET_CURSOR: &str = "INSERT INTO cursors (reader, lane, seq) VALUES ($1, $2, $3) \
     ON CONFLICT (reader, lane) DO UPDATE SET seq = $3";
const ADD_FAILURE: &str = "INSERT INTO reaction_failures (id, reader, lane, seq, at, error, tries, done) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, 0)";
pub(crate) const STATEMENTS: &[&str] = &[CURSORS, ADD_CURSOR, MOVE_CURSOR, SET_CURSOR, ADD_FAILURE];

/// 一批多少条。
const BATCH: i64 = 250;
/// 一条失败几次之后记入失败表并越过。
const TRIES: u32 = 5;

/// 反应怎么跑。
#[derive(Clone, Copy)]
pub enum Run {
    /// 逐条。
    Each(fn(&mut Tx<'_>, &Logged) -> Result<()>),
    /// 整批（投影器）。
    Batch(fn(&mut Tx<'_>, &[Logged]) -> Result<()>),
}

/// 一个反应；`kinds` 为空表示全部日志。
#[derive(Clone, Copy)]
pub struct Reaction {
    /// 也是游标的名字，定了不能改。
    pub name: &'static str,
    pub kinds: &'static [&'static str],
    pub run: Run,
}

impl Reaction {
    #[must_use]
    pub const fn each(name: &'static str, kinds: &'static [&'static str], run: fn(&mut Tx<'_>, &Logged) -> Result<()>) -> Self {
        Self { name, kinds, run: Run::Each(run) }
    }

    #[must_use]
    pub const fn batch(name: &'static str, kinds: &'static [&'static str], run: fn(&mut Tx<'_>, &[Logged]) -> Result<()>) -> Self {
        Self { name, kinds, run: Run::Batch(run) }
    }

    fn wants(&self, entry: &Logged) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&entry.kind.as_str())
    }

    fn apply(&self, tx: &mut Tx<'_>, entries: &[Logged]) -> Result<()> {
        let wanted = |entry: &&Logged| self.wants(entry);
        match self.run {
            Run::Each(run) => entries.iter().filter(wanted).try_for_each(|entry| run(tx, entry)),
            Run::Batch(run) => {
                let chosen: Vec<Logged> = entries.iter().filter(wanted).cloned().collect();
                if chosen.is_empty() { Ok(()) } else { run(tx, &chosen) }
            }
        }
    }
}

/// 一页没有读完的日志，和正等在这里的反应。
struct Page {
    lane: i64,
    from: i64,
    entries: Arc<[Logged]>,
    waiting: Vec<Reaction>,
}

impl Page {
    /// 读到哪里为止。
    fn end(&self) -> i64 {
        self.entries.last().map_or(self.from, |entry| entry.seq)
    }
}

/// 让全部反应各前进一步；回答处理了多少条。没有新条目时只读不写。
///
/// 停在同一处的反应共读一页：日志只读一遍，而且不在写连接上读；这一页里没有要办的，位置一起移。
///
/// # Errors
/// 引擎不可用。单条反应的失败不算，记入失败表。
pub async fn step(db: &Database, reactions: &[Reaction]) -> Result<u64> {
    let list = reactions.to_vec();
    let pages = db.snapshot("react.pages", move |tx| pages(tx, &list)).await?;
    let mut moved = 0;
    for page in pages {
        let (busy, idle): (Vec<Reaction>, Vec<Reaction>) =
            page.waiting.iter().copied().partition(|reaction| page.entries.iter().any(|entry| reaction.wants(entry)));
        moved += pass(db, &page, idle).await?;
        for reaction in busy {
            moved += advance(db, reaction, &page).await?;
        }
    }
    Ok(moved)
}

fn pages(tx: &mut Tx<'_>, reactions: &[Reaction]) -> Result<Vec<Page>> {
    let mut heads = Vec::new();
    for lane in tx.lanes()? {
        heads.push((lane, tx.lane_head(lane)?));
    }
    let mut waiting: BTreeMap<(i64, i64), Vec<Reaction>> = BTreeMap::new();
    for reaction in reactions {
        let positions = cursors(tx, reaction.name)?;
        for &(lane, head) in &heads {
            let from = positions.iter().find(|(known, _)| *known == lane).map_or(0, |(_, seq)| *seq);
            if head > from {
                waiting.entry((lane, from)).or_default().push(*reaction);
            }
        }
    }
    let read = |((lane, from), waiting)| Ok(Page { lane, from, entries: tx.lane_entries(lane, from, BATCH)?.into(), waiting });
    waiting.into_iter().map(read).collect()
}

/// 这一页里没有要办的反应：一个单元里一起越过。
async fn pass(db: &Database, page: &Page, idle: Vec<Reaction>) -> Result<u64> {
    if idle.is_empty() {
        return Ok(0);
    }
    let (lane, from, to, count) = (page.lane, page.from, page.end(), idle.len() as u64);
    let moved = db.bulk("react.pass", move |tx| idle.iter().try_for_each(|reaction| move_cursor(tx, reaction.name, lane, from, to))).await;
    match moved {
        Ok(()) => Ok(page.entries.len() as u64 * count),
        // 别的节点先走了其中一个：下一步再看各自停在哪里
        Err(Error::Lost | Error::Busy | Error::Unknown) => Ok(0),
        Err(error) if is_elsewhere(&error) => Ok(0),
        Err(error) => Err(error),
    }
}

async fn advance(db: &Database, reaction: Reaction, page: &Page) -> Result<u64> {
    let (lane, from, to, entries) = (page.lane, page.from, page.end(), Arc::clone(&page.entries));
    let taken = db.bulk(reaction.name, move |tx| {
        move_cursor(tx, reaction.name, lane, from, to)?;
        reaction.apply(tx, &entries)
    });
    match taken.await {
        Ok(()) => Ok(page.entries.len() as u64),
        Err(Error::Lost | Error::Busy | Error::Unknown) => Ok(0),
        Err(error) if is_elsewhere(&error) => Ok(0),
        Err(_) => one_by_one(db, reaction, lane, from).await,
    }
}

/// 读一批、处理、移动位置，同一个单元。
fn take(tx: &mut Tx<'_>, reaction: &Reaction, lane: i64, seq: i64, limit: i64) -> Result<u64> {
    let entries = tx.lane_entries(lane, seq, limit)?;
    let Some(last) = entries.last() else { return Ok(0) };
    move_cursor(tx, reaction.name, lane, seq, last.seq)?;
    reaction.apply(tx, &entries)?;
    Ok(entries.len() as u64)
}

/// 移动位置；别的节点已经移动过就拒绝，整个单元撤销。
fn move_cursor(tx: &mut Tx<'_>, reader: &str, lane: i64, from: i64, to: i64) -> Result<()> {
    if from == 0 {
        tx.exec(ADD_CURSOR, crate::args![reader, lane])?;
    }
    if tx.exec(MOVE_CURSOR, crate::args![to, reader, lane, from])? == 1 {
        return Ok(());
    }
    Err(Problem::conflict(ELSEWHERE).into())
}

const ELSEWHERE: &str = "别的节点已经处理";

fn is_elsewhere(error: &Error) -> bool {
    error.problem().is_some_and(|problem| problem.detail == ELSEWHERE)
}

/// 整批没成：逐条来，一条失败五次就记下并越过。
async fn one_by_one(db: &Database, reaction: Reaction, lane: i64, from: i64) -> Result<u64> {
    let mut seq = from;
    let mut moved = 0;
    while moved < BATCH as u64 {
        let at = seq;
        let mut failure = None;
        for attempt in 0..TRIES {
            match db.bulk(reaction.name, move |tx| take(tx, &reaction, lane, at, 1)).await {
                Ok(0) => return Ok(moved),
                Ok(_) => {
                    failure = None;
                    break;
                }
                Err(error) if is_elsewhere(&error) => return Ok(moved),
                Err(error) => {
                    failure = Some(error.to_string());
                    tokio::time::sleep(Duration::from_millis(20 << attempt)).await;
                }
            }
        }
        if let Some(error) = failure {
            tracing::error!(reaction = reaction.name, lane, seq = at + 1, error, "反应失败，已记入失败表");
            db.bulk("react.skip", move |tx| skip(tx, reaction.name, lane, at, &error)).await?;
        }
        seq += 1;
        moved += 1;
    }
    Ok(moved)
}

fn skip(tx: &mut Tx<'_>, reader: &str, lane: i64, seq: i64, error: &str) -> Result<()> {
    move_cursor(tx, reader, lane, seq, seq + 1)?;
    let id = tx.new_id();
    tx.exec(ADD_FAILURE, crate::args![id, reader, lane, seq + 1, Timestamp::now(), error, TRIES])?;
    Ok(())
}

/// 把一个读者的位置直接放到某处：重建投影之后从扫描时的泳道头接着读。
///
/// # Errors
/// 引擎拒绝。
pub fn set_cursor(tx: &mut Tx<'_>, reader: &str, lane: i64, seq: i64) -> Result<()> {
    tx.exec(SET_CURSOR, crate::args![reader, lane, seq])?;
    Ok(())
}

/// 一个读者在各泳道的位置。
///
/// # Errors
/// 引擎拒绝。
pub fn cursors(tx: &mut Tx<'_>, reader: &str) -> Result<Vec<(i64, i64)>> {
    tx.rows(CURSORS, crate::args![reader], |r| Ok((r.get(0)?, r.get(1)?)))
}
