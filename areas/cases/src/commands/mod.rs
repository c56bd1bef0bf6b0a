//! 办件的命令：唯一的写入者。锁住聚合、查权限与范围、走状态机、写行、记一条日志。

mod anomaly;
mod assign;
mod bundle;
mod clock;
mod commitment;
mod draft;
mod ending;
mod follow;
mod external;
mod joint;
mod licence;
mod notice;
mod procedure;
mod proposal;
mod proxy;
mod review;
mod submit;
mod urge;
mod window;

pub use anomaly::{ANOMALY_STATES, anomaly_actions, settle_anomaly};
pub use assign::{Colleague, Transfer, candidates, colleagues, post_permission, transfer};
pub use bundle::{RANDOM as BUNDLE_RANDOM, on_child, submit_bundle};
pub use clock::{expire_draft, ring};
pub use commitment::{CheckCommitment, check_commitment};
pub use licence::{on_licence, on_paper};
pub use notice::{on_grant, on_light, on_step};
pub use draft::{DraftEdit, attach, drop_draft, edit, may_apply, open_draft, start, use_licence};
pub use ending::{Ending, revoke, withdraw};
pub use follow::{Following, Prepared, earlier_no, following, may_follow, prepare, start_follow};
pub use external::{External, Linked, Receipt, link, may_sync, note_receipt};
pub use joint::{Answer, Consult, answer_opinion, consult, ring_opinion, sign_opinion};
pub use proposal::{Amendable, Amendment, Propose, propose};
pub use proxy::{Principal, principal, represents, sees_bundle, start_for};
pub use procedure::{Extend, StartProcedure, end_procedure, extend, start_procedure};
pub use review::{Decide, Deliver, Forward, decide, deliver, express, forward, step_back};
pub use submit::{Opened, Registration, Submitted, open_at_window, register, submit};
pub use urge::urge;
pub use window::{
    Correct, Refuse, SuppliedMaterial, Supply, Verdict, accept, check_materials, raise_anomaly, receive, refuse, request_correction, send_back,
    supply_correction, supply_deferred,
};

use jiff::Timestamp;
use tongban_contracts::cases::CaseNodeV1;
use tongban_kernel::lights::Light;
use tongban_kernel::problem::{Code, Reason};
use tongban_kernel::{Actor, ActorKind, Problem, calendar, time};
use tongban_parties::queries::grants::GrantScope;
use tongban_store::{Entry, Result, Tx};

use crate::model::{self, Action, Case, Facts, Offer, State, Step, Who};
use crate::permissions as can;
use crate::rules::anomalies::Anomaly;
use crate::rules::clocks;
use crate::rules::documents::{self, DocumentKind};
use crate::store::{self, Document, StepRow};

/// 装载一件去做 `action`：先补响到点的时钟，再查范围、权限、版本、状态。
///
/// # Errors
/// 不存在或范围外 404，没有权限 403，别人先改了 412，状态不允许 409。
fn load(tx: &mut Tx<'_>, actor: &Actor, no: &str, version: i64, action: Action, at: Timestamp) -> Result<Case> {
    let case = load_any(tx, actor, no, version, at)?;
    let Some(row) = model::find(case.state, action) else { return Err(model::refused(case.state, action).into()) };
    match row.who {
        Who::Applicant if owns(actor, &case) || proxy::represents(tx, actor, &case, GrantScope::Apply, at)? => {}
        Who::Staff if action == Action::Decide && case.is_decided_at_window() && actor.may(can::ACCEPT) => {}
        Who::Staff if action == Action::Forward || action == Action::StepBack => {
            actor.require(if case.step == Some(Step::Review) { can::REVIEW } else if case.step == Some(Step::Approve) { can::APPROVE } else { can::HANDLE })?;
        }
        _ => actor.require(row.permission)?,
    }
    if matches!(action, Action::Forward | Action::StepBack | Action::Decide | Action::Suspend | Action::Consult) {
        assign::check_assigned(tx, actor, &case, at)?;
    }
    Ok(case)
}

/// 装载一件，只查能不能看到与版本。
fn load_any(tx: &mut Tx<'_>, actor: &Actor, no: &str, version: i64, at: Timestamp) -> Result<Case> {
    let mut case = store::lock_by_no(tx, no)?.ok_or_else(Problem::not_found)?;
    see(tx, actor, &case, at)?;
    while case.next_clock_at.is_some_and(|next| next <= at) {
        clock::ring_case(tx, &mut case)?;
    }
    if case.version != version {
        return Err(Problem::stale(case.version).into());
    }
    Ok(case)
}

/// 看得到：本人的、在范围内的、正被征求意见的，或家人授权代办的。代表单位的只看授权范围内的事项。
///
/// # Errors
/// 看不到：404，与不存在一样。
pub fn see(tx: &mut Tx<'_>, actor: &Actor, case: &Case, at: Timestamp) -> Result<()> {
    match visible(actor, case) {
        Ok(()) if actor.legal_entity != 0 && !within(tx, actor, &case.item_code, at)? => Err(Problem::not_found().into()),
        Ok(()) => Ok(()),
        Err(_) if proxy::represents(tx, actor, case, GrantScope::Track, at)? => Ok(()),
        Err(_) if actor.staff != 0 && joint::invited(tx, actor, case.id)? => Ok(()),
        Err(problem) => Err(problem.into()),
    }
}

/// 代表单位的人此刻管不管这个事项。
fn within(tx: &mut Tx<'_>, actor: &Actor, item: &str, at: Timestamp) -> Result<bool> {
    tongban_parties::queries::grants::acts_within(tx, actor, item, at)
}

/// 看得到：本人的，或在范围内。
///
/// # Errors
/// 看不到：404，与不存在一样。
pub fn visible(actor: &Actor, case: &Case) -> Result<(), Problem> {
    if actor.is_internal() || owns(actor, case) {
        return Ok(());
    }
    // 对接系统凭授权看范围内的，与工作人员一样
    let insider = actor.staff != 0 || (actor.kind == ActorKind::Client && actor.may(can::READ));
    if insider { actor.scope.check(&case.place) } else { Err(Problem::not_found()) }
}

/// 是不是申请人：代表企业时看企业，否则看本人。
#[must_use]
pub fn owns(actor: &Actor, case: &Case) -> bool {
    if actor.legal_entity != 0 {
        case.legal_entity == actor.legal_entity
    } else {
        actor.person != 0 && case.legal_entity == 0 && case.person == actor.person
    }
}

/// 日历算不出来（日期超界）时的回答。
fn out_of_calendar(reason: Reason) -> Problem {
    Problem::new(Code::Conflict, reason.detail)
}

/// 必填的一段话。
fn required_text(field: &str, text: &str, what: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::field(field, "required", format!("请填写{what}")));
    }
    if text.chars().count() > 2_000 {
        return Err(Problem::field(field, "length", format!("{what}不超过 2000 字")));
    }
    Ok(text.to_owned())
}

/// 一步的记录：做了什么、日志种类、意见、意见是否对申请人公开。
struct Mark<'a> {
    action: Action,
    kind: &'static str,
    opinion: &'a str,
    public: bool,
    /// 不是状态机动作的步骤，过程里另有代码与名字：汇聚库的过程表按代码报环节，不能借别的动作。
    named: Option<(&'static str, &'static str)>,
    /// 这一步属于哪个环节（三岗分离看它）。
    step: Option<Step>,
    licence: Option<&'a str>,
    anomaly: Option<Anomaly>,
}

impl<'a> Mark<'a> {
    const fn new(action: Action, kind: &'static str, opinion: &'a str) -> Self {
        Self { action, kind, opinion, public: true, named: None, step: None, licence: None, anomaly: None }
    }

    const fn internal(mut self) -> Self {
        self.public = false;
        self
    }

    const fn named(mut self, code: &'static str, name: &'static str) -> Self {
        self.named = Some((code, name));
        self
    }

    const fn at_step(mut self, step: Option<Step>) -> Self {
        self.step = step;
        self
    }
}

/// 改之前的样子。
struct Before {
    state: State,
    facts: Facts,
}

impl Before {
    fn of(case: &Case) -> Self {
        Self { state: case.state, facts: Facts::of(case) }
    }
}

/// 收尾：版本加一、重算时钟与灯、写回、记过程、记一条日志。
fn finish(tx: &mut Tx<'_>, actor: &Actor, case: &mut Case, before: &Before, mark: &Mark<'_>, at: Timestamp) -> Result<()> {
    case.version += 1;
    retime(case, at)?;
    store::save(tx, case)?;
    record(tx, actor, case, Some(before), mark, at)
}

/// 过程记录与日志。
fn record(tx: &mut Tx<'_>, actor: &Actor, case: &Case, before: Option<&Before>, mark: &Mark<'_>, at: Timestamp) -> Result<()> {
    let (code, name) = mark.named.unwrap_or((mark.action.as_str(), mark.action.label()));
    let step = StepRow {
        action: code.to_owned(),
        name: mark.step.map_or_else(|| name.to_owned(), |step| format!("{}：{name}", step.label())),
        step: mark.step,
        from: before.map_or(State::Draft, |before| before.state),
        to: case.state,
        staff: actor.staff,
        actor_name: actor.name.to_string(),
        opinion: mark.opinion.to_owned(),
        public: mark.public,
        started_at: at,
        ended_at: at,
    };
    store::add_step(tx, case.id, &step)?;
    journal(tx, actor, case, before, mark, at)
}

fn journal(tx: &mut Tx<'_>, actor: &Actor, case: &Case, before: Option<&Before>, mark: &Mark<'_>, at: Timestamp) -> Result<()> {
    let body = serde_json::to_string(&node(tx, actor, case, mark)?)?;
    let entry = Entry { kind: mark.kind, subject: case.id, rev: case.version, at, actor, tenant: case.place.tenant, body: &body };
    tx.journal_facts(entry, before.map(|before| &before.facts), Some(&Facts::of(case)))
}

/// 在窗口办的：工号与窗口，好差评按人按窗口算要用。
fn at_window(tx: &mut Tx<'_>, actor: &Actor) -> Result<(String, i64)> {
    if actor.staff == 0 {
        return Ok((String::new(), 0));
    }
    let code = tongban_directory::queries::staff(tx, actor.staff)?.map(|staff| staff.code).unwrap_or_default();
    let window = tongban_directory::queries::post(tx, actor.post)?.and_then(|post| post.window).unwrap_or(0);
    Ok((code, window))
}

/// 替申请人做这一步的人：代办的家人、单位的经办人。
fn agent_of(actor: &Actor, case: &Case) -> i64 {
    let agent = actor.kind == ActorKind::Citizen && (case.legal_entity != 0 || actor.person != case.person);
    if agent { actor.person } else { 0 }
}

fn node(tx: &mut Tx<'_>, actor: &Actor, case: &Case, mark: &Mark<'_>) -> Result<CaseNodeV1> {
    let (staff_code, window) = at_window(tx, actor)?;
    Ok(CaseNodeV1 {
        case_no: case.no.to_string(),
        item_code: case.item_code.clone(),
        item_name: case.item_name.clone(),
        region: format!("{:0<12}", case.no.region()),
        dept_code: case.item_code.get(..18).unwrap_or("").to_owned(),
        tenant: case.place.tenant,
        unit: case.place.unit,
        org: case.place.org,
        org_name: case.org_name.clone(),
        state: case.state.as_str().to_owned(),
        online: case.channel.is_online(),
        instant: case.instant,
        legal: case.legal_entity != 0,
        person: case.person,
        legal_entity: case.legal_entity,
        account: case.account,
        agent: agent_of(actor, case),
        window,
        staff: actor.staff,
        staff_code,
        post: if actor.staff == 0 { 0 } else { actor.post },
        due: case.due.map(Timestamp::as_millisecond),
        outcome: case.outcome.map(|outcome| outcome.as_str().to_owned()),
        decided_at: case.decided_at.map(Timestamp::as_millisecond),
        anomaly: mark.anomaly.map(|anomaly| anomaly.code().to_owned()),
        licence: mark.licence.map(str::to_owned),
        withheld: case.withheld,
    })
}

/// 由现状重算到期、灯与下一次响铃；作出决定之前的红灯另记起止。
fn retime(case: &mut Case, at: Timestamp) -> Result<(), Problem> {
    let calendar = calendar::current();
    case.clock_done = Some(case.clock_done.map_or(at, |done| done.max(at)));
    let timing = clocks::timing(case, &calendar).map_err(out_of_calendar)?;
    (case.due, case.yellow_from, case.legal_due) = (timing.due, timing.yellow_from, timing.legal_due);
    case.light = timing.light(at);
    case.next_clock_at = timing.next_after(case.clock_done);
    let red = case.light == Light::Red && case.state.is_undecided();
    match case.red_spans.last_mut() {
        Some((_, until @ None)) if !red => *until = Some(at),
        Some((_, None)) => {}
        _ if red => case.red_spans.push((at, None)),
        _ => {}
    }
    Ok(())
}

/// 出一份文书并编号。内容不含个人信息，申请人打印时才带出。
fn issue(tx: &mut Tx<'_>, case: &Case, offer: Option<&Offer>, kind: DocumentKind, content: Vec<String>, at: Timestamp) -> Result<String> {
    let snapshot;
    let offer = match offer {
        Some(offer) => Some(offer),
        None => {
            snapshot = store::offer(tx, case.item_id, case.item_version)?;
            snapshot.as_ref()
        }
    };
    let prefix = offer.and_then(|offer| offer.doc_prefix.as_deref()).unwrap_or(documents::DEFAULT_PREFIX);
    let year = time::date_of(at).year();
    let serial = tx.number(&documents::document_series(prefix, kind), i64::from(year) * 10_000)?;
    let number = documents::document_number(prefix, kind, year, serial);
    let document = Document { id: tx.new_id(), kind, number: number.clone(), content, issued_at: at, issued_by: case.org_name.clone() };
    store::add_document(tx, case.id, &document)?;
    crate::sealing::order(tx, case, document.id, kind, at)?;
    Ok(number)
}
