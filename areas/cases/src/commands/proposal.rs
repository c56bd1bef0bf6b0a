//! 要两个人的事：终止（审批+审核）、作废（部门负责人+事项主管）、更正。一人申请，另一人批准（cases §2.2、§2.3）。

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tongban_kernel::{Actor, Problem, calendar, lights, time};
use tongban_store::{Result, Tx};

use super::{Before, Mark, ending, finish, issue, load, load_any, out_of_calendar, required_text};
use crate::model::{Action, Case, next};
use crate::permissions as can;
use crate::rules::documents::DocumentKind;
use crate::store::proposals::{self, Proposal};

/// 更正哪一项：系统写的日期，人不能直接改，只能更正，留前后值。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Amendable {
    /// 受理时间。
    AcceptedAt,
    /// 作出决定的时间。
    DecidedAt,
}

impl Amendable {
    pub const ALL: [Self; 2] = [Self::AcceptedAt, Self::DecidedAt];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AcceptedAt => "accepted_at",
            Self::DecidedAt => "decided_at",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::AcceptedAt => "受理时间",
            Self::DecidedAt => "决定时间",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.as_str() == text)
    }
}

/// 一次更正。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Amendment {
    pub field: Amendable,
    pub to: Timestamp,
}

/// 提出、批准或驳回。
#[derive(Debug, Clone, Default)]
pub struct Propose {
    pub version: i64,
    pub reason: String,
    pub amendment: Option<Amendment>,
    /// 驳回别人的申请。
    pub reject: bool,
}

/// 有没有等着批的同种申请。
pub(super) fn waiting(tx: &mut Tx<'_>, case_id: i64, action: Action) -> Result<Option<Proposal>> {
    Ok(proposals::of_case(tx, case_id)?.into_iter().rfind(|p| p.kind == action.as_str() && p.state == "asked"))
}

/// 终止、作废、更正：没有人申请过就是申请；已有别人的申请，就是批准（要负责人权限）。
///
/// # Errors
/// 没写原因；自己批自己的；权限、范围、版本、状态。
pub fn propose(tx: &mut Tx<'_>, actor: &Actor, no: &str, action: Action, input: &Propose, at: Timestamp) -> Result<Case> {
    let mut case = load_any(tx, actor, no, input.version, at)?;
    next(case.state, action)?;
    ending::check_voidable(&case, action)?;
    let approving = if action == Action::Void { can::VOID } else { can::TERMINATE };
    match waiting(tx, case.id, action)? {
        None if actor.is_internal() => apply(tx, actor, &case, action, &input.reason, input.amendment, at),
        None => {
            if ![can::ACCEPT, can::HANDLE, can::REVIEW, can::APPROVE, approving].iter().any(|permission| actor.may(permission)) {
                actor.require(approving)?;
            }
            let reason = required_text("reason", &input.reason, "原因")?;
            check_amendment(&case, action, input.amendment, at)?;
            let body = input.amendment.map(|a| serde_json::to_string(&a)).transpose()?.unwrap_or_default();
            proposals::add(tx, case.id, action.as_str(), &body, &reason, (actor.staff, &actor.name), at)?;
            let before = Before::of(&case);
            let told = format!("申请{}：{reason}", action.label());
            finish(tx, actor, &mut case, &before, &Mark::new(action, "cases.proposed", &told).internal(), at)?;
            Ok(case)
        }
        Some(proposal) => {
            actor.require(approving)?;
            if proposal.staff == actor.staff && !actor.is_internal() {
                return Err(Problem::conflict(format!("{}要两个人：您申请的，要由另一位负责人批准", action.label())).into());
            }
            proposals::decide(tx, proposal.id, !input.reject, (actor.staff, &actor.name), at)?;
            if input.reject {
                let before = Before::of(&case);
                let told = format!("不同意{}：{}", action.label(), input.reason.trim());
                finish(tx, actor, &mut case, &before, &Mark::new(action, "cases.proposed", &told).internal(), at)?;
                return Ok(case);
            }
            let amendment = if proposal.body.is_empty() { None } else { Some(serde_json::from_str(&proposal.body)?) };
            apply(tx, actor, &case, action, &proposal.reason, amendment, at)
        }
    }
}

fn apply(tx: &mut Tx<'_>, actor: &Actor, case: &Case, action: Action, reason: &str, amendment: Option<Amendment>, at: Timestamp) -> Result<Case> {
    let ending = ending::Ending { version: case.version, reason: reason.to_owned() };
    match (action, amendment) {
        (Action::Terminate, _) => ending::terminate(tx, actor, case.no.as_str(), &ending, at),
        (Action::Void, _) => ending::void(tx, actor, case.no.as_str(), &ending, at),
        (Action::Amend, Some(amendment)) => amend(tx, actor, case, amendment, reason, at),
        _ => Err(Problem::not_found().into()),
    }
}

fn check_amendment(case: &Case, action: Action, amendment: Option<Amendment>, at: Timestamp) -> Result<(), Problem> {
    if action != Action::Amend {
        return Ok(());
    }
    let Some(Amendment { field, to }) = amendment else { return Err(Problem::field("to", "required", "请填写更正为什么时间，如 2026-11-20 09:30")) };
    let order = |ok: bool, what: &str| if ok { Ok(()) } else { Err(Problem::field("to", "order", what.to_owned())) };
    order(to <= at, "更正的时间不能晚于现在")?;
    match field {
        Amendable::AcceptedAt => {
            order(to >= case.submitted_at, "受理不能早于提交")?;
            order(case.decided_at.is_none_or(|decided| to <= decided), "受理不能晚于决定")
        }
        Amendable::DecidedAt if case.decided_at.is_none() => Err(Problem::conflict("本件还没有作出决定，没有决定时间可更正")),
        Amendable::DecidedAt => {
            order(case.accepted_at.is_none_or(|accepted| to >= accepted), "决定不能早于受理")?;
            order(case.ended_at.is_none_or(|ended| to <= ended), "决定不能晚于送达")
        }
    }
}

/// 更正：改日期，重算到期与是否按时，出更正通知书，写明前后值。
fn amend(tx: &mut Tx<'_>, actor: &Actor, case: &Case, amendment: Amendment, reason: &str, at: Timestamp) -> Result<Case> {
    check_amendment(case, Action::Amend, Some(amendment), at)?;
    let mut case = load(tx, actor, case.no.as_str(), case.version, Action::Amend, at)?;
    let before = Before::of(&case);
    case.state = next(case.state, Action::Amend)?;
    let old = match amendment.field {
        Amendable::AcceptedAt => {
            case.accepted_on = Some(time::date_of(amendment.to));
            case.accepted_at.replace(amendment.to)
        }
        Amendable::DecidedAt => case.decided_at.replace(amendment.to),
    };
    settle_times(&mut case)?;
    let shown = |at: Option<Timestamp>| at.map(time::show).unwrap_or_default();
    let told = format!("{}由 {} 更正为 {}：{reason}", amendment.field.label(), shown(old), time::show(amendment.to));
    finish(tx, actor, &mut case, &before, &Mark::new(Action::Amend, "cases.amended", &told), at)?;
    issue(tx, &case, None, DocumentKind::Amendment, vec![told], at)?;
    Ok(case)
}

/// 决定时定下的几个数，受理或决定时间变了要跟着变。
fn settle_times(case: &mut Case) -> Result<(), Problem> {
    let (Some(accepted), Some(decided)) = (case.accepted_on, case.decided_at) else { return Ok(()) };
    let calendar = calendar::current();
    let due = calendar.due_date(accepted, case.limit_days(), &case.suspensions()).map_err(out_of_calendar)?;
    case.on_time = Some(lights::on_time(due.map(|due| calendar.due_instant(due)), decided));
    case.early = Some(due.is_some_and(|due| time::date_of(decided) < due));
    let used = calendar.used_workdays(accepted, time::date_of(decided), &case.suspensions()).map_err(out_of_calendar)?;
    case.used_days = Some(i64::from(used));
    Ok(())
}
