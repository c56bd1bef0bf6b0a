//! 反应：读日志，做别处发生的事在本区引起的事（foundations §4）。
//!
//! 每个反应在每条泳道上有一个位置；处理与移动位置在同一个单元里，几个节点同时跑也只做一次。
//! 泳道之间没有先后，所以反应必须幂等，并按 `rev` 或现状判断。

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

    fn apply(&self, tx: &mut Tx<'_>, entries: &[Logged]) -> Result<()> {
        let wanted = |entry: &&Logged| self.kinds.is_empty() || self.kinds.contains(&entry.kind.as_str());
        match self.run {
            Run::Each(run) => entries.iter().filter(wanted).try_for_each(|entry| run(tx, entry)),
            Run::Batch(run) => {
                let chosen: Vec<Logged> = entries.iter().filter(wanted).cloned().collect();
                if chosen.is_empty() { Ok(()) } else { run(tx, &chosen) }
            }
        }
    }
}

/// 一段没有读完的泳道。
struct Backlog {
    lane: i64,
    seq: i64,
}

/// 让全部反应各前进一步；回答处理了多少条。没有新条目时只读不写。
///
/// # Errors
/// 引擎不可用。单条反应的失败不算，记入失败表。
pub async fn step(db: &Database, reactions: &[Reaction]) -> Result<u64> {
    let mut moved = 0;
    for &reaction in reactions {
        for backlog in db.snapshot("react.backlog", move |tx| backlog(tx, reaction.name)).await? {
            moved += advance(db, reaction, &backlog).await?;
        }
    }
    Ok(moved)
}

fn backlog(tx: &mut Tx<'_>, reader: &str) -> Result<Vec<Backlog>> {
    let positions: Vec<(i64, i64)> = tx.rows(CURSORS, crate::args![reader], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let mut behind = Vec::new();
    for lane in tx.lanes()? {
        let seq = positions.iter().find(|(known, _)| *known == lane).map_or(0, |(_, seq)| *seq);
        if tx.lane_head(lane)? > seq {
            behind.push(Backlog { lane, seq });
        }
    }
    Ok(behind)
}

async fn advance(db: &Database, reaction: Reaction, backlog: &Backlog) -> Result<u64> {
    let (lane, seq) = (backlog.lane, backlog.seq);
    match db.bulk(reaction.name, move |tx| take(tx, &reaction, lane, seq, BATCH)).await {
        Ok(count) => Ok(count),
        Err(Error::Lost | Error::Busy | Error::Unknown) => Ok(0),
        Err(error) if is_elsewhere(&error) => Ok(0),
        Err(_) => one_by_one(db, reaction, lane, seq).await,
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
