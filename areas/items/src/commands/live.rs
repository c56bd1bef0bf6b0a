//! 发布之后：暂停、恢复、取消、抽查。

use jiff::Timestamp;
use tongban_kernel::Actor;
use tongban_kernel::problem::Problem;
use tongban_kernel::time::{date_of, day_number, from_day_number};
use tongban_store::{Result, Tx};

use super::settle::{begin, check, finish, opinion, within};
use crate::model::facts::Span;
use crate::model::lifecycle::{Action, State};
use crate::permissions;
use crate::rules;
use crate::store;

/// 暂停的参数。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suspend {
    /// 给群众看：为什么停、这段时间怎么办。
    pub reason: String,
    /// 预计恢复的日子 20261122；不知道为 0。
    pub resume_day: i64,
}

/// 暂停：不收新件，在办的继续。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许、没写原因、日子不对。
pub fn suspend(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, input: &Suspend, at: Timestamp) -> Result<i64> {
    let (mut row, before) = begin(tx, actor, permissions::SUSPEND, id, version, Action::Suspend)?;
    row.notice = opinion("reason", &input.reason, "暂停的原因")?;
    let today = day_number(date_of(at));
    if input.resume_day != 0 && (from_day_number(input.resume_day).is_none() || input.resume_day <= today) {
        return Err(Problem::field("resume_day", "range", "预计恢复的日子应在今天之后").into());
    }
    row.resume_day = input.resume_day;
    row.facts.close(today);
    let reason = row.notice.clone();
    finish(tx, actor, &mut row, &before, "items.suspended", &reason, at)?;
    Ok(row.version)
}

/// 恢复办理。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许。
pub fn resume(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, at: Timestamp) -> Result<i64> {
    let (mut row, before) = begin(tx, actor, permissions::SUSPEND, id, version, Action::Resume)?;
    row.notice.clear();
    row.resume_day = 0;
    if let Some(published) = store::edition(tx, row.id, row.edition)? {
        let accurate = row.errors + row.warnings == 0 && !row.wrong;
        row.facts.open(Span::of(&published.guide, accurate, day_number(date_of(at))));
    }
    finish(tx, actor, &mut row, &before, "items.resumed", "", at)?;
    Ok(row.version)
}

/// 取消：终态，下架，编码不复用，在办的按旧版办完。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许、没写原因。
pub fn cancel(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, reason: &str, at: Timestamp) -> Result<i64> {
    let (mut row, before) = begin(tx, actor, permissions::SUSPEND, id, version, Action::Cancel)?;
    row.notice = opinion("reason", reason, "取消的原因")?;
    row.effect = None;
    row.facts.close(day_number(date_of(at)));
    let reason = row.notice.clone();
    finish(tx, actor, &mut row, &before, "items.cancelled", &reason, at)?;
    Ok(row.version)
}

/// 核查一份已发布的指南：机器规则重查一遍，加上人工抽查的结论（`wrong` 有差错）。
///
/// # Errors
/// 没有权限、范围外、版本不符，或没有发布。
pub fn check_guide(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, wrong: bool, at: Timestamp) -> Result<i64> {
    actor.require(permissions::REVIEW)?;
    let mut row = store::lock_item(tx, id)?;
    within(actor, &row.place)?;
    if row.version != version {
        return Err(Problem::stale(row.version).into());
    }
    if !row.status.published() || row.status.revision.is_some() {
        let allowed = row.status.allowed().into_iter().map(Action::as_str).collect();
        return Err(Problem::invalid_state(row.desk().as_str(), allowed, "只核查已发布、没有在改的指南").into());
    }
    let before = row.facts.clone();
    let findings = check(tx, &mut row)?;
    store::write_findings(tx, &row, &findings)?;
    row.wrong = wrong;
    if row.status.state == State::Active {
        let accurate = rules::accurate(&findings) && !wrong;
        row.facts.open(Span::of(&row.draft, accurate, day_number(date_of(at))));
    }
    let reason = if wrong { "人工抽查有差错" } else { "" };
    finish(tx, actor, &mut row, &before, "items.checked", reason, at)?;
    Ok(row.version)
}
