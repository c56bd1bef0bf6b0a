//! 撤回、终止、作废、撤销决定。

use jiff::Timestamp;
use tongban_kernel::{Actor, Problem, time};
use tongban_store::{Result, Tx};

use super::{Before, Mark, finish, issue, load, required_text};
use crate::model::{Action, Case, Outcome, next};
use crate::rules::documents::DocumentKind;

/// 一次收场：版本与原因。
#[derive(Debug, Clone, Default)]
pub struct Ending {
    pub version: i64,
    pub reason: String,
}

/// 申请人撤回；决定之前都可以，原因可不写。
///
/// # Errors
/// 不是申请人；已作决定；版本。
pub fn withdraw(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &Ending, at: Timestamp) -> Result<Case> {
    let reason = input.reason.trim().chars().take(500).collect::<String>();
    let told = if reason.is_empty() { "申请人撤回申请".to_owned() } else { format!("申请人撤回申请：{reason}") };
    end(tx, actor, no, input.version, (Action::Withdraw, "cases.withdrawn", Some(DocumentKind::Withdrawal)), &told, at)
}

/// 终止：主体灭失、事项取消、重复申请等，必填原因。
///
/// # Errors
/// 没写原因；权限、范围、版本、状态。
pub(super) fn terminate(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &Ending, at: Timestamp) -> Result<Case> {
    let reason = required_text("reason", &input.reason, "终止的原因，会告知申请人")?;
    end(tx, actor, no, input.version, (Action::Terminate, "cases.terminated", Some(DocumentKind::Termination)), &reason, at)
}

/// 作废：录入差错，保留痕迹；已准予的要先撤销决定。
///
/// # Errors
/// 没写原因；决定还有效；权限、范围、版本、状态。
pub(super) fn void(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &Ending, at: Timestamp) -> Result<Case> {
    let reason = required_text("reason", &input.reason, "作废的原因")?;
    end(tx, actor, no, input.version, (Action::Void, "cases.voided", None), &reason, at)
}

fn end(
    tx: &mut Tx<'_>,
    actor: &Actor,
    no: &str,
    version: i64,
    (action, kind, document): (Action, &'static str, Option<DocumentKind>),
    told: &str,
    at: Timestamp,
) -> Result<Case> {
    let mut case = load(tx, actor, no, version, action, at)?;
    check_voidable(&case, action)?;
    let before = Before::of(&case);
    case.state = next(case.state, action)?;
    case.ended_at = case.ended_at.or(Some(at));
    if case.outcome.is_none() {
        case.result_note = told.to_owned();
    }
    (case.handler, case.handler_name) = (0, String::new());
    finish(tx, actor, &mut case, &before, &Mark::new(action, kind, told), at)?;
    if let Some(document) = document {
        issue(tx, &case, None, document, vec![told.to_owned()], at)?;
    }
    Ok(case)
}

/// 已经准予、决定还有效的不能作废。
pub(super) fn check_voidable(case: &Case, action: Action) -> Result<(), Problem> {
    if action == Action::Void && case.outcome == Some(Outcome::Granted) && case.revoked_on.is_none() {
        return Err(Problem::conflict("本件已经准予，先撤销决定再作废"));
    }
    Ok(())
}

/// 撤销决定（许可法第69条，或承诺不实）；状态不变，加注“已撤销”。
///
/// # Errors
/// 没写理由；已经撤销过、不是准予；权限、范围、版本、状态。
pub fn revoke(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &Ending, at: Timestamp) -> Result<Case> {
    let reason = required_text("reason", &input.reason, "撤销的理由与依据，会写进撤销决定书")?;
    let mut case = load(tx, actor, no, input.version, Action::Revoke, at)?;
    if case.outcome != Some(Outcome::Granted) || case.revoked_on.is_some() {
        return Err(Problem::conflict("只有还有效的准予决定能撤销").into());
    }
    let before = Before::of(&case);
    case.state = next(case.state, Action::Revoke)?;
    case.revoked_on = Some(time::date_of(at));
    finish(tx, actor, &mut case, &before, &Mark::new(Action::Revoke, "cases.revoked", &reason), at)?;
    issue(tx, &case, None, DocumentKind::Revocation, vec![reason], at)?;
    Ok(case)
}
