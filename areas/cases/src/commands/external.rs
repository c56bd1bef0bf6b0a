//! 补录：行业系统里办完的件，在本平台登记一件，评价从这里发起（cases §6 双系统办理）。

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use tongban_kernel::codes::CaseNo;
use tongban_kernel::lights;
use tongban_kernel::problem::{Checks, Code};
use tongban_kernel::{Actor, Problem, calendar, time};
use tongban_store::{Result, Tx};

use super::{Before, Mark, finish, load_any, out_of_calendar, record};
use crate::model::{Action, Applicant, Case, Channel, Offer, Outcome, State};
use crate::permissions as can;
use crate::rules::anomalies::{self, Observed};
use crate::rules::forms::{self, Form};
use crate::rules::documents;
use crate::store::{self, NewCase};

/// 行业系统里的一件。
#[derive(Debug, Clone)]
pub struct External {
    /// 行业系统的名称。
    pub system: String,
    /// 行业系统里的编号；与系统名一起去重。
    pub number: String,
    pub applicant: Applicant,
    pub accepted_at: Timestamp,
    pub decided_at: Timestamp,
    pub outcome: Outcome,
    /// 不予的理由，或结果说明。
    pub reason: String,
    /// 建平台以前的历史办件：不论补录早晚。
    pub historic: bool,
}

/// 在行业系统里补录了本平台的一件，回来填的回执号。
#[derive(Debug, Clone, Default)]
pub struct Receipt {
    pub version: i64,
    pub system: String,
    pub number: String,
}

/// 补录成的一件。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    pub no: String,
    /// 补录晚于行业系统办结后 1 个工作日。
    pub late: bool,
}

/// 登记一件已在行业系统办结的件：状态为办结，里程碑按行业系统的时间，晚于 1 个工作日补录记 M13。
///
/// # Errors
/// 没有权限、事项不在本县区、已经补录过、内容有误。
pub fn link(tx: &mut Tx<'_>, actor: &Actor, offer: &Offer, input: &External, random: &[u8], at: Timestamp) -> Result<Linked> {
    actor.require(can::RECEIVE)?;
    if !actor.is_internal() && actor.tenant != offer.place.tenant && !actor.scope.covers(&offer.place) {
        return Err(Problem::not_found().into());
    }
    let applicant = check(input, at)?;
    let (system, number) = (input.system.trim(), input.number.trim());
    if let Some(no) = store::external(tx, system, number)? {
        return Err(Problem::new(Code::Duplicate, format!("这件已经补录过，办件编号 {no}")).into());
    }
    let access_code = documents::access_code(random).ok_or_else(|| Problem::new(Code::Internal, "系统没有取到随机数，请再提交一次"))?;
    store::save_offer(tx, offer)?;
    let id = tx.new_id();
    let received = time::date_of(input.accepted_at);
    let serial = tx.number(&format!("case:{}", offer.region), time::day_number(received))?;
    let no = CaseNo::from_parts(&offer.region, received, serial).map_err(out_of_calendar)?;
    let case = linked(id, no, actor, offer, input, &applicant, at)?;
    store::add(tx, &NewCase { case: &case, applicant: &applicant, form: &Form::new(), situations: &[], access_code: &access_code })?;
    record(tx, actor, &case, None, &Mark::new(Action::Submit, "cases.decided", "行业系统办结，补录"), at)?;
    for anomaly in anomalies::detect(&observed(&case, input, received)) {
        let detail = format!("行业系统“{system}”{number}：受理 {}，办结 {}", time::show(input.accepted_at), time::show(input.decided_at));
        store::add_anomaly(tx, (case.id, case.no.as_str(), case.place), anomaly, &detail, at)?;
    }
    Ok(Linked { no: case.no.to_string(), late: case.linked_in_time == Some(false) })
}

/// 能不能补录到行业系统：受理了、不是从那边来的、没有作废。
#[must_use]
pub fn may_sync(case: &Case) -> bool {
    case.accepted_at.is_some() && case.external_no.is_none() && case.state != State::Voided
}

/// 本平台受理的件在行业系统里补录之后，把那边的回执号填回来：两边从此对得上，对账、同步录入率都认它（cases §6 双系统办理）。
///
/// # Errors
/// 没有权限、范围外、版本不符；没受理、填过、作废了 409；编号空着、已经是别的件的 422。
pub fn note_receipt(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &Receipt, at: Timestamp) -> Result<Case> {
    actor.require(can::RECEIVE)?;
    let mut case = load_any(tx, actor, no, input.version, at)?;
    if !may_sync(&case) {
        let detail = match (&case.external_system, &case.external_no) {
            (Some(system), Some(number)) => format!("已经填过：{system} {number}"),
            _ => "受理之后才能补录到行业系统，作废的不补".to_owned(),
        };
        return Err(Problem::conflict(detail).into());
    }
    let (system, number) = (input.system.trim(), input.number.trim());
    let mut checks = Checks::new();
    check_number(&mut checks, system, number);
    checks.finish()?;
    if let Some(other) = store::external(tx, system, number)? {
        return Err(Problem::field("number", "duplicate", format!("这个编号已经是办件 {other} 的，请对照行业系统核对")).into());
    }
    let before = Before::of(&case);
    (case.external_system, case.external_no) = (Some(system.to_owned()), Some(number.to_owned()));
    case.linked_in_time = match case.decided_at {
        Some(decided) => Some(at <= link_by(time::date_of(decided))?),
        None => Some(true),
    };
    store::number(tx, &case)?;
    let told = format!("{system} {number}");
    finish(tx, actor, &mut case, &before, &Mark::new(Action::Receive, "cases.synced", &told).named("sync", "补录到行业系统").internal(), at)?;
    Ok(case)
}

fn check_number(checks: &mut Checks, system: &str, number: &str) {
    let filled = |text: &str| (1..=100).contains(&text.trim().chars().count());
    checks.ensure(filled(system), "system", "required", "请填写行业系统的名称");
    checks.ensure(filled(number), "number", "required", "请填写行业系统里的编号");
}

/// 最晚何时补录算及时：办结后 1 个工作日，当天 24 点前补的总算。
fn link_by(decided: Date) -> Result<Timestamp, Problem> {
    let calendar = calendar::current();
    let due = calendar.due_instant(calendar.due(decided, 1).map_err(out_of_calendar)?);
    Ok(due.checked_add(390.minutes()).unwrap_or(due))
}

fn check(input: &External, at: Timestamp) -> Result<Applicant, Problem> {
    let mut checks = Checks::new();
    let applicant = forms::applicant(&mut checks, &input.applicant, time::date_of(at));
    check_number(&mut checks, &input.system, &input.number);
    checks.ensure(input.decided_at <= at, "decided_at", "range", "办结时间不能晚于现在");
    checks.ensure(input.accepted_at <= at, "accepted_at", "range", "受理时间不能晚于现在");
    checks.ensure(input.reason.chars().count() <= 2_000, "reason", "length", "不超过 2000 字");
    checks.finish()?;
    Ok(applicant)
}

/// 补录件的事实：时序颠倒、不予没写理由、补录晚了，都看得出来。
fn observed(case: &Case, input: &External, received: Date) -> Observed {
    Observed {
        accepted_at: Some(input.accepted_at),
        decided_at: Some(input.decided_at),
        submitted_at: (received <= time::date_of(input.accepted_at)).then_some(input.accepted_at),
        promise_overdue: case.on_time == Some(false),
        adverse_without_reason: input.outcome == Outcome::Denied && input.reason.trim().is_empty(),
        linked_late: case.linked_in_time == Some(false),
        ..Observed::default()
    }
}

fn linked(id: i64, no: CaseNo, actor: &Actor, offer: &Offer, input: &External, applicant: &Applicant, at: Timestamp) -> Result<Case, Problem> {
    let calendar = calendar::current();
    let (accepted, decided) = (time::date_of(input.accepted_at), time::date_of(input.decided_at));
    let due = calendar.due(accepted, offer.promise_days).map_err(out_of_calendar)?;
    let due_at = calendar.due_instant(due);
    let used = calendar.used_workdays(accepted, decided, &[]).map_err(out_of_calendar)?;
    let link_by = link_by(decided)?;
    let blank = Case::blank(id, no, offer, applicant, input.accepted_at, accepted);
    Ok(Case {
        window_org: if actor.org == 0 { offer.place.org } else { actor.org },
        single_post: true,
        channel: Channel::Industry,
        state: State::Closed,
        received_at: Some(input.accepted_at),
        accepted_at: Some(input.accepted_at),
        accepted_on: Some(accepted),
        decided_at: Some(input.decided_at),
        ended_at: Some(input.decided_at),
        outcome: Some(input.outcome),
        result_note: input.reason.trim().to_owned(),
        on_time: Some(lights::on_time(Some(due_at), input.decided_at)),
        early: Some(decided < due),
        used_days: Some(i64::from(used)),
        external_system: Some(input.system.trim().to_owned()),
        external_no: Some(input.number.trim().to_owned()),
        linked_in_time: (!input.historic).then_some(at <= link_by),
        ..blank
    })
}
