//! 后台任务：与业务单元一起写下，提交之后按租约执行，两个节点不会同时做同一件。

use jiff::Timestamp;

use crate::error::Result;
use crate::row::Row;
use crate::tx::Tx;

const CLAIM: &str = "UPDATE jobs SET owner = $1, until = $2, tries = tries + 1 WHERE id = \
     (SELECT id FROM jobs WHERE state = 0 AND due <= $3 AND until < $4 ORDER BY due, id LIMIT 1) \
     AND state = 0 AND until < $4 RETURNING id, kind, payload, tries, due";
const RENEW: &str = "UPDATE jobs SET until = $1, progress = $2 WHERE id = $3 AND owner = $4 AND state = 0";
const DONE: &str = "UPDATE jobs SET state = 1, finished = $1, progress = 100, error = NULL WHERE id = $2 AND owner = $3 AND state = 0";
const AGAIN: &str = "UPDATE jobs SET due = $1, until = 0, owner = '', error = $2 WHERE id = $3 AND owner = $4 AND state = 0";
const DEAD: &str = "UPDATE jobs SET state = 2, finished = $1, error = $2 WHERE id = $3 AND owner = $4 AND state = 0";
const REVIVE: &str = "UPDATE jobs SET state = 0, tries = 0, due = $1, until = 0, owner = '' WHERE id = $2 AND state = 2";
const LIST: &str = "SELECT id, kind, state, tries, due, created, finished, progress, error FROM jobs \
     WHERE state = $1 AND (due, id) > ($2, $3) ORDER BY due, id LIMIT $4";
const FIND: &str = "SELECT id, kind, state, tries, due, created, finished, progress, error FROM jobs WHERE id = $1";
const COUNT_DUE: &str = "SELECT COUNT(*) FROM jobs WHERE state = 0 AND due <= $1";
const WAITING: &str = "SELECT id FROM jobs WHERE state = 0 AND due <= $1 AND kind = $2 AND payload = $3 AND owner = '' LIMIT 1";
pub(crate) const STATEMENTS: &[&str] = &[WAITING, CLAIM, RENEW, DONE, AGAIN, DEAD, REVIVE, LIST, FIND, COUNT_DUE];

/// 领到手的任务。
#[derive(Debug, Clone)]
pub struct Job {
    pub id: i64,
    pub kind: String,
    pub payload: String,
    /// 连这一次在内第几次尝试。
    pub tries: i64,
    pub due: Timestamp,
}

/// 任务的状态。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    Waiting = 0,
    Done = 1,
    /// 死信：试够了次数，等人处理。
    Dead = 2,
}

/// 任务列表里的一行。
#[derive(Debug, Clone)]
pub struct Listed {
    pub id: i64,
    pub kind: String,
    pub state: i64,
    pub tries: i64,
    pub due: Timestamp,
    pub created: Timestamp,
    pub finished: Option<Timestamp>,
    /// 0–100。
    pub progress: i64,
    pub error: Option<String>,
}

/// 同样的任务有没有一件还没人领、不晚于 `by` 的；有就不必再下一件。
///
/// # Errors
/// 引擎拒绝。
pub fn is_waiting(tx: &mut Tx<'_>, kind: &str, payload: &str, by: Timestamp) -> Result<bool> {
    Ok(tx.row(WAITING, crate::args![by, kind, payload], |r| r.get::<i64>(0))?.is_some())
}

/// 领一件到期的任务，租到 `until`；没有就 `None`。
///
/// # Errors
/// 引擎拒绝。
pub fn claim(tx: &mut Tx<'_>, owner: &str, now: Timestamp, until: Timestamp) -> Result<Option<Job>> {
    tx.row(CLAIM, crate::args![owner, until, now, now], |r| {
        Ok(Job { id: r.get(0)?, kind: r.get(1)?, payload: r.get(2)?, tries: r.get(3)?, due: tongban_kernel::time::from_millis(r.get(4)?) })
    })
}

/// 续租并报告进度；回答是否仍归自己。
///
/// # Errors
/// 引擎拒绝。
pub fn renew(tx: &mut Tx<'_>, id: i64, owner: &str, until: Timestamp, progress: i64) -> Result<bool> {
    Ok(tx.exec(RENEW, crate::args![until, progress, id, owner])? == 1)
}

/// 做完了。
///
/// # Errors
/// 引擎拒绝。
pub fn done(tx: &mut Tx<'_>, id: i64, owner: &str, at: Timestamp) -> Result<bool> {
    Ok(tx.exec(DONE, crate::args![at, id, owner])? == 1)
}

/// 没做成：`again` 之后再试，`None` 则进死信。
///
/// # Errors
/// 引擎拒绝。
pub fn fail(tx: &mut Tx<'_>, id: i64, owner: &str, at: Timestamp, error: &str, again: Option<Timestamp>) -> Result<bool> {
    Ok(match again {
        Some(due) => tx.exec(AGAIN, crate::args![due, error, id, owner])?,
        None => tx.exec(DEAD, crate::args![at, error, id, owner])?,
    } == 1)
}

/// 让一封死信重新来过。
///
/// # Errors
/// 引擎拒绝。
pub fn revive(tx: &mut Tx<'_>, id: i64, at: Timestamp) -> Result<bool> {
    Ok(tx.exec(REVIVE, crate::args![at, id])? == 1)
}

/// 某种状态的任务，按到期先后；`after` 是上一页末尾的（到期、行键）。
///
/// # Errors
/// 引擎拒绝。
pub fn list(tx: &mut Tx<'_>, state: State, after: (i64, i64), limit: i64) -> Result<Vec<Listed>> {
    tx.rows(LIST, crate::args![state as i32, after.0, after.1, limit], listed)
}

/// 一件任务。
///
/// # Errors
/// 引擎拒绝。
pub fn find(tx: &mut Tx<'_>, id: i64) -> Result<Option<Listed>> {
    tx.row(FIND, crate::args![id], listed)
}

/// 已到期还没做的件数。
///
/// # Errors
/// 引擎拒绝。
pub fn count_due(tx: &mut Tx<'_>, now: Timestamp) -> Result<i64> {
    Ok(tx.row(COUNT_DUE, crate::args![now], |r| r.get(0))?.unwrap_or(0))
}

fn listed(r: &Row<'_>) -> Result<Listed> {
    let at = |ms: i64| tongban_kernel::time::from_millis(ms);
    Ok(Listed {
        id: r.get(0)?,
        kind: r.get(1)?,
        state: r.get(2)?,
        tries: r.get(3)?,
        due: at(r.get(4)?),
        created: at(r.get(5)?),
        finished: r.get::<Option<i64>>(6)?.map(at),
        progress: r.get(7)?,
        error: r.get(8)?,
    })
}
