//! 成批录入与复核：登记一批、录一块、停下、录完、请复核、复核完。每块与进度在同一个单元里，断了从断的地方接着做。

use jiff::Timestamp;
use serde::Serialize;
use tongban_gm::sm3;
use tongban_kernel::{Actor, Code, Problem, Scope};
use tongban_store::files::{self, Stored};
use tongban_store::{Entry, Error, Result, Tx};

use super::licences::{Enter, enter_batch, review_batch};
use crate::model::{BatchState, LicenceState};
use crate::permissions::{ENTER, REVIEW};
use crate::store::batches::{self, Batch};
use crate::store::licences;

/// 录入的任务。
pub const ENTER_JOB: &str = "credentials.enter_batch";
/// 复核的任务。
pub const REVIEW_JOB: &str = "credentials.review_batch";

#[derive(Serialize)]
struct Told<'a> {
    batch: &'a str,
    state: i64,
    total: i64,
    done: i64,
}

/// 日志里的主体是一个数；批次号是文字，取它的杂凑，同一批总是同一个。
fn subject(id: &str) -> i64 {
    let head = sm3(id.as_bytes()).first_chunk::<8>().copied().unwrap_or_default();
    i64::from_be_bytes(head) & i64::MAX
}

fn told(tx: &mut Tx<'_>, actor: &Actor, batch: &Batch, at: Timestamp) -> Result<()> {
    let body = serde_json::to_string(&Told { batch: &batch.id, state: batch.state as i64, total: batch.total, done: batch.done })?;
    tx.journal(Entry { kind: "credentials.batch", subject: subject(&batch.id), rev: batch.version, at, actor, tenant: batch.place.tenant, body: &body })
}

fn save(tx: &mut Tx<'_>, batch: &mut Batch) -> Result<()> {
    if !batches::save(tx, batch)? {
        return Err(Problem::stale(batch.version + 1).into());
    }
    batch.version += 1;
    Ok(())
}

/// 任务替谁做：权限在登记、请复核时查过，账号与范围留着。
fn on_behalf(batch: &Batch, account: i64, name: &str) -> Actor {
    Actor { account, org: batch.place.org, tenant: batch.place.tenant, name: name.into(), scope: Scope::unit(batch.place.unit), ..Actor::system() }
}

/// 登记一批，下录入的任务。
///
/// # Errors
/// 没有权限、范围外。
pub fn open_batch(tx: &mut Tx<'_>, actor: &Actor, batch: &Batch, file: &Stored, at: Timestamp) -> Result<()> {
    actor.require(ENTER)?;
    actor.scope.check(&batch.place)?;
    files::record(tx, file, at)?;
    batches::insert(tx, batch)?;
    told(tx, actor, batch, at)?;
    tx.enqueue(ENTER_JOB, &serde_json::to_string(&batch.id)?, at)?;
    Ok(())
}

/// 录一块：`done` 是这一块之前录了几行；对不上（别处做过了）回假，什么都不做。
///
/// # Errors
/// 哪一行录不成，或引擎拒绝。
pub fn take_rows(tx: &mut Tx<'_>, id: &str, total: usize, done: usize, rows: &[(i64, Enter)], at: Timestamp) -> Result<bool> {
    let Some(mut batch) = batches::lock(tx, id)? else { return Ok(false) };
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    if batch.state != BatchState::Entering || batch.done != count(done) {
        return Ok(false);
    }
    let actor = on_behalf(&batch, batch.account, &batch.who);
    enter_batch(tx, &actor, rows, at)?;
    (batch.total, batch.done) = (count(total), count(done + rows.len()));
    if batch.done == batch.total {
        batch.state = BatchState::Entered;
    }
    save(tx, &mut batch)?;
    told(tx, &actor, &batch, at)?;
    Ok(true)
}

/// 有行不合格，停下，把毛病都写在这一批上。
///
/// # Errors
/// 引擎拒绝。
pub fn stop_batch(tx: &mut Tx<'_>, id: &str, problem: &Problem, at: Timestamp) -> Result<()> {
    let Some(mut batch) = batches::lock(tx, id)?.filter(|batch| batch.state == BatchState::Entering) else { return Ok(()) };
    batch.state = BatchState::Stopped;
    batch.errors = problem.errors.iter().map(|error| error.detail.clone()).collect();
    if batch.errors.is_empty() {
        batch.errors.push(problem.detail.clone());
    }
    save(tx, &mut batch)?;
    told(tx, &on_behalf(&batch, batch.account, &batch.who), &batch, at)
}

/// 请人复核整批（复核过的是接着用印），下复核的任务。
///
/// # Errors
/// 没有这一批或范围外 404；没有权限、录入的人自己来 403；还没录完 409。
pub fn begin_review(tx: &mut Tx<'_>, actor: &Actor, id: &str, at: Timestamp) -> Result<()> {
    actor.require(REVIEW)?;
    let mut batch = batches::lock(tx, id)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&batch.place)?;
    if batch.account == actor.account && !actor.is_internal() {
        return Err(Problem::new(Code::Forbidden, "录入的人不能自己复核，请换一位").into());
    }
    if !batch.state.may_review() {
        return Err(Problem::invalid_state(batch.state.label(), vec![], format!("这一批现在是“{}”", batch.state.label())).into());
    }
    batch.state = BatchState::Reviewing;
    (batch.reviewer, batch.reviewer_name) = (actor.account, actor.name.to_string());
    save(tx, &mut batch)?;
    told(tx, actor, &batch, at)?;
    tx.enqueue(REVIEW_JOB, &serde_json::to_string(id)?, at)?;
    Ok(())
}

/// 复核一块；复核完了（随即送去成批用印）回假。
///
/// # Errors
/// 引擎拒绝。
pub fn review_rows(tx: &mut Tx<'_>, id: &str, at: Timestamp) -> Result<bool> {
    let Some(mut batch) = batches::lock(tx, id)?.filter(|batch| batch.state == BatchState::Reviewing) else { return Ok(false) };
    let actor = on_behalf(&batch, batch.reviewer, &batch.reviewer_name);
    match review_batch(tx, &actor, id, at) {
        Ok(0) => {}
        Ok(_) => return Ok(true),
        // 有一张刚被别处动过：余下的留着，复核人再点一次
        Err(Error::Refused(problem)) => batch.errors = vec![problem.detail.clone()],
        Err(error) => return Err(error),
    }
    let left = !licences::in_batch(tx, id, LicenceState::Pending, 0, 1)?.is_empty();
    batch.state = if left { BatchState::Entered } else { BatchState::Reviewed };
    save(tx, &mut batch)?;
    told(tx, &actor, &batch, at)?;
    Ok(false)
}
