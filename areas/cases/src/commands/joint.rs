//! 并联征求意见：各机构同时看、各自回，只在作决定时等齐；退回只重新征求有异议的（cases §6 并联审批）。

use jiff::Timestamp;
use tongban_directory::queries as directory;
use tongban_kernel::problem::Checks;
use tongban_kernel::{Actor, Place, Problem, calendar, time};
use tongban_store::{Entry, Result, Tx};

use super::{Before, Mark, finish, load, out_of_calendar, required_text};
use crate::model::{Action, Case, OpinionState, Outcome, next};
use crate::permissions as can;
use crate::rules::anomalies::Anomaly;
use crate::store::opinions::{self, Opinion};
use crate::store::{self, StepRow};

/// 征求意见。
#[derive(Debug, Clone, Default)]
pub struct Consult {
    pub version: i64,
    /// 被征求的机构。
    pub orgs: Vec<i64>,
    pub question: String,
    /// 几个工作日内回；0 用缺省。
    pub days: u32,
}

/// 同时征求若干机构的意见；已经征求过、还没回的不重复，有异议的进一轮。
///
/// # Errors
/// 没选机构、没写要问什么；机构不存在；权限、范围、版本、状态。
pub fn consult(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &Consult, at: Timestamp) -> Result<Case> {
    let question = required_text("question", &input.question, "请对方看什么、回什么")?;
    let mut checks = Checks::new();
    checks.ensure(!input.orgs.is_empty(), "orgs", "required", "请至少选一个机构");
    checks.ensure(input.orgs.len() <= 20, "orgs", "range", "一次最多征求 20 个机构");
    checks.ensure(input.days <= 45, "days", "range", "不超过 45 个工作日");
    checks.finish()?;
    let mut case = load(tx, actor, no, input.version, Action::Consult, at)?;
    let before = Before::of(&case);
    case.state = next(case.state, Action::Consult)?;
    let names = ask(tx, &case, &input.orgs, &question, input.days, at)?;
    let told = format!("{}：{question}", names.join("、"));
    finish(tx, actor, &mut case, &before, &Mark::new(Action::Consult, "cases.consulted", &told).internal(), at)?;
    Ok(case)
}

/// 发出征求；回答各机构的名字。受理时事项配好的也走这里。
pub(super) fn ask(tx: &mut Tx<'_>, case: &Case, orgs: &[i64], question: &str, days: u32, at: Timestamp) -> Result<Vec<String>> {
    let existing = opinions::of_case(tx, case.id)?;
    let days = if days == 0 { crate::model::Flow::default().joint_limit() } else { days };
    let calendar = calendar::current();
    let due = calendar.due_instant(calendar.due(time::date_of(at), days).map_err(out_of_calendar)?);
    let mut names = Vec::new();
    for id in orgs {
        if let Some(old) = existing.iter().find(|old| old.place.org == *id) {
            names.push(old.org_name.clone());
            if old.state == OpinionState::Objected {
                opinions::save(tx, &again(old, question, due, at))?;
            }
            continue;
        }
        let org = directory::org(tx, *id)?.filter(|org| org.status == 1).ok_or_else(|| Problem::field("orgs", "choice", "有一个机构不存在或已撤销"))?;
        names.push(org.name.clone());
        let opinion = Opinion {
            id: tx.new_id(),
            case_id: case.id,
            case_no: case.no.to_string(),
            item_name: case.item_name.clone(),
            asker: case.org_name.clone(),
            place: Place { tenant: org.tenant, unit: org.unit, org: org.id },
            org_name: org.name,
            round: 1,
            question: question.to_owned(),
            state: OpinionState::Asked,
            opinion: String::new(),
            staff: 0,
            staff_name: String::new(),
            asked_at: at,
            signed_at: None,
            answered_at: None,
            due,
            alarm_at: due.checked_add(jiff::SignedDuration::from_millis(1)).ok(),
            version: 1,
        };
        opinions::add(tx, &opinion)?;
    }
    Ok(names)
}

fn again(old: &Opinion, question: &str, due: Timestamp, at: Timestamp) -> Opinion {
    Opinion {
        round: old.round + 1,
        question: question.to_owned(),
        state: OpinionState::Asked,
        staff: 0,
        staff_name: String::new(),
        asked_at: at,
        signed_at: None,
        answered_at: None,
        due,
        alarm_at: due.checked_add(jiff::SignedDuration::from_millis(1)).ok(),
        version: old.version + 1,
        ..old.clone()
    }
}

/// 退回时只重新征求有异议的，回过“无异议”的不动。
pub(super) fn reopen_objections(tx: &mut Tx<'_>, case: &Case, question: &str, at: Timestamp) -> Result<()> {
    let objected: Vec<i64> =
        opinions::of_case(tx, case.id)?.iter().filter(|o| o.state == OpinionState::Objected).map(|o| o.place.org).collect();
    if !objected.is_empty() {
        ask(tx, case, &objected, question, 0, at)?;
    }
    Ok(())
}

/// 被征求的机构的回复。
#[derive(Debug, Clone, Default)]
pub struct Answer {
    pub version: i64,
    /// 无异议；否则有异议，须写理由。
    pub agree: bool,
    pub opinion: String,
}

fn mine(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64) -> Result<Opinion> {
    actor.require(can::OPINE)?;
    let opinion = opinions::lock(tx, id)?.ok_or_else(Problem::not_found)?;
    if !actor.is_internal() {
        actor.scope.check(&opinion.place)?;
    }
    if opinion.version != version {
        return Err(Problem::stale(opinion.version).into());
    }
    Ok(opinion)
}

/// 签收（送到后 1 个工作日内）。
///
/// # Errors
/// 权限、范围、版本、已经签收或回复过。
pub fn sign_opinion(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, at: Timestamp) -> Result<Opinion> {
    let mut opinion = mine(tx, actor, id, version)?;
    if opinion.state != OpinionState::Asked {
        return Err(Problem::invalid_state(opinion.state.as_str(), vec!["answer"], "已经签收过了").into());
    }
    (opinion.state, opinion.signed_at, opinion.version) = (OpinionState::Signed, Some(at), version + 1);
    (opinion.staff, opinion.staff_name) = (actor.staff, actor.name.to_string());
    opinions::save(tx, &opinion)?;
    told(tx, actor, &opinion, "cases.opinion_signed", at)?;
    Ok(opinion)
}

/// 回复意见；回复之后这个机构就不再看得到这件。
///
/// # Errors
/// 有异议没写理由；权限、范围、版本、已经回复过。
pub fn answer_opinion(tx: &mut Tx<'_>, actor: &Actor, id: i64, input: &Answer, at: Timestamp) -> Result<Opinion> {
    let text = if input.agree { input.opinion.trim().to_owned() } else { required_text("opinion", &input.opinion, "有什么异议、依据是什么")? };
    let mut opinion = mine(tx, actor, id, input.version)?;
    if !opinion.state.is_open() {
        return Err(Problem::invalid_state(opinion.state.as_str(), Vec::new(), "已经回复过了").into());
    }
    opinion.state = if input.agree { OpinionState::Agreed } else { OpinionState::Objected };
    (opinion.opinion, opinion.answered_at, opinion.alarm_at) = (text, Some(at), None);
    opinion.signed_at = opinion.signed_at.or(Some(at));
    (opinion.staff, opinion.staff_name, opinion.version) = (actor.staff, actor.name.to_string(), input.version + 1);
    opinions::save(tx, &opinion)?;
    let step = StepRow {
        action: Action::Consult.as_str().to_owned(),
        name: format!("{}：{}", opinion.org_name, opinion.state.label()),
        step: None,
        from: crate::model::State::Accepted,
        to: crate::model::State::Accepted,
        staff: actor.staff,
        actor_name: actor.name.to_string(),
        opinion: opinion.opinion.clone(),
        public: false,
        started_at: opinion.asked_at,
        ended_at: at,
    };
    store::add_step(tx, opinion.case_id, &step)?;
    told(tx, actor, &opinion, "cases.opinion_given", at)?;
    Ok(opinion)
}

fn told(tx: &mut Tx<'_>, actor: &Actor, opinion: &Opinion, kind: &'static str, at: Timestamp) -> Result<()> {
    let body = serde_json::json!({ "case_no": opinion.case_no, "org": opinion.org_name, "state": opinion.state.as_str(), "round": opinion.round });
    let body = body.to_string();
    tx.journal(Entry { kind, subject: opinion.id, rev: opinion.version, at, actor, tenant: opinion.place.tenant, body: &body })
}

/// 到时限还没回：在本件上记环节超时（M03），归被征求的机构。
///
/// # Errors
/// 引擎拒绝。
pub fn ring_opinion(tx: &mut Tx<'_>, id: i64, due: Timestamp) -> Result<()> {
    let Some(mut opinion) = opinions::lock(tx, id)? else { return Ok(()) };
    let Some(at) = opinion.alarm_at.filter(|alarm| *alarm <= due) else { return Ok(()) };
    (opinion.alarm_at, opinion.version) = (None, opinion.version + 1);
    opinions::save(tx, &opinion)?;
    let detail = format!("{}没有在时限内回复意见", opinion.org_name);
    store::add_anomaly(tx, (opinion.case_id, &opinion.case_no, opinion.place), Anomaly::StepOverdue, &detail, at)?;
    told(tx, &Actor::clock(), &opinion, "cases.opinion_late", at)
}

/// 作决定前：都回了；有异议的不能准予。
pub(super) fn gate(tx: &mut Tx<'_>, case_id: i64, outcome: Outcome) -> Result<()> {
    let all = opinions::of_case(tx, case_id)?;
    let names = |wanted: fn(OpinionState) -> bool| all.iter().filter(|o| wanted(o.state)).map(|o| o.org_name.as_str()).collect::<Vec<_>>().join("、");
    let waiting = names(OpinionState::is_open);
    if !waiting.is_empty() {
        return Err(Problem::conflict(format!("还在等{waiting}的意见，回齐后才能作决定")).into());
    }
    let against = names(|state| state == OpinionState::Objected);
    if outcome == Outcome::Granted && !against.is_empty() {
        return Err(Problem::conflict(format!("{against}有异议；请退回处理后重新征求，或作出不予的决定")).into());
    }
    Ok(())
}

/// 被征求的机构在回复之前看得到这件。
pub(super) fn invited(tx: &mut Tx<'_>, actor: &Actor, case_id: i64) -> Result<bool> {
    Ok(opinions::of_case(tx, case_id)?.iter().any(|o| o.state.is_open() && actor.scope.covers(&o.place)))
}
