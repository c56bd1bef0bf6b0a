//! 审查与决定：承办→审核→批准、决定、送达、即办件一步走完。

use jiff::Timestamp;
use tongban_kernel::lights;
use tongban_kernel::problem::Checks;
use tongban_kernel::{Actor, Problem, calendar, time};
use tongban_store::{Result, Tx};

use super::{Before, Mark, commitment, finish, issue, joint, licence, load, out_of_calendar, receive, required_text, window};
use crate::model::{Action, Case, Delivery, Outcome, Stage, StageKind, State, Step, next};
use crate::rules::anomalies::Anomaly;
use crate::rules::documents::DocumentKind;
use crate::rules::posts::check_posts;
use crate::store;

/// 送下一环节。
#[derive(Debug, Clone, Default)]
pub struct Forward {
    pub version: i64,
    pub opinion: String,
    /// 指定下一环节办理人；0 不指定。
    pub assignee: i64,
    pub assignee_name: String,
    /// 现场核查的核查人，两人以上。
    pub visitors: String,
}

/// 本环节通过，送下一环节。内部意见不给申请人看。
///
/// # Errors
/// 已到批准环节；同一人办过别的环节；权限、范围、版本、状态。
pub fn forward(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &Forward, at: Timestamp) -> Result<Case> {
    let mut case = load(tx, actor, no, input.version, Action::Forward, at)?;
    let step = case.step.unwrap_or(Step::Handle);
    let stages = case.flow.stages(case.single_post);
    let Some(stage) = stages.get(case.stage).filter(|_| case.stage + 1 < stages.len()) else {
        return Err(Problem::invalid_state(case.state.as_str(), vec!["decide", "step-back"], "已到批准环节，请作出决定").into());
    };
    let opinion = stage_opinion(stage, input)?;
    check_posts(&store::passed_posts(tx, case.id)?, step, actor.staff, case.single_post)?;
    let before = Before::of(&case);
    case.state = next(case.state, Action::Forward)?;
    case.enter(case.stage + 1, at);
    (case.handler, case.handler_name) = (input.assignee, input.assignee_name.clone());
    let mark = Mark::new(Action::Forward, "cases.forwarded", &opinion).internal().at_step(Some(step));
    finish(tx, actor, &mut case, &before, &mark, at)?;
    Ok(case)
}

/// 环节的意见：现场核查要两人以上并记核查人（许可法第34条），专家环节要有专家意见。
fn stage_opinion(stage: &Stage, input: &Forward) -> Result<String, Problem> {
    let opinion = input.opinion.trim();
    let visitors: Vec<&str> = input.visitors.split(['、', '，', ',', ' ', '；']).map(str::trim).filter(|name| !name.is_empty()).collect();
    let mut checks = Checks::new();
    let visiting = stage.kind == StageKind::Visit;
    checks.ensure(!visiting || visitors.len() >= 2, "visitors", "range", "现场核查要两名以上工作人员，请写全核查人姓名（许可法第34条）");
    let needs = stage.kind != StageKind::Ordinary;
    checks.ensure(!needs || !opinion.is_empty(), "reason", "required", format!("请写明“{}”的结论", stage.name));
    checks.ensure(opinion.chars().count() <= 2_000, "reason", "length", "意见不超过 2000 字");
    checks.finish()?;
    Ok(if visiting { format!("核查人：{}。{opinion}", visitors.join("、")) } else { opinion.to_owned() })
}

/// 退回上一环节，须写原因；有异议的机构随之重新征求，其余不动。
///
/// # Errors
/// 已是第一环节；没写原因；权限、范围、版本、状态。
pub fn step_back(tx: &mut Tx<'_>, actor: &Actor, no: &str, version: i64, reason: &str, at: Timestamp) -> Result<Case> {
    let reason = required_text("reason", reason, "退回原因")?;
    let mut case = load(tx, actor, no, version, Action::StepBack, at)?;
    let Some(earlier) = case.stage.checked_sub(1) else {
        return Err(Problem::invalid_state(case.state.as_str(), vec!["forward", "decide"], "已是第一个环节，不能再退").into());
    };
    let before = Before::of(&case);
    case.state = next(case.state, Action::StepBack)?;
    case.enter(earlier, at);
    (case.handler, case.handler_name) = (0, String::new());
    joint::reopen_objections(tx, &case, &reason, at)?;
    finish(tx, actor, &mut case, &before, &Mark::new(Action::StepBack, "cases.forwarded", &reason).internal(), at)?;
    Ok(case)
}

/// 作出决定。
#[derive(Debug, Clone)]
pub struct Decide {
    pub version: i64,
    pub outcome: Outcome,
    /// 准予时是结果说明，不予时是理由。
    pub reason: String,
}

/// 作出准予或不予的决定；不予须写理由，决定书载明救济途径（许可法第38条）。
///
/// # Errors
/// 不在批准环节；特别程序没结束；容缺材料没补齐；同一人办过别的环节；权限、范围、版本、状态。
pub fn decide(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &Decide, at: Timestamp) -> Result<Case> {
    let mut case = load(tx, actor, no, input.version, Action::Decide, at)?;
    ready_to_decide(tx, actor, &case, input)?;
    let before = Before::of(&case);
    let due = case.due;
    case.state = next(case.state, Action::Decide)?;
    conclude(tx, actor, &mut case, &before, (Action::Decide, input.outcome, input.reason.trim()), at)?;
    if case.on_time == Some(false) {
        let detail = format!("承诺 {} 前办结，实际 {} 作出决定", due.map(time::show).unwrap_or_default(), time::show(at));
        store::add_anomaly(tx, (case.id, case.no.as_str(), case.place), Anomaly::PromiseOverdue, &detail, at)?;
    }
    Ok(case)
}

/// 决定落定：结果、按时与否、已用工作日，记账，下证照订单，出决定书。
pub(super) fn conclude(
    tx: &mut Tx<'_>,
    actor: &Actor,
    case: &mut Case,
    before: &Before,
    (action, outcome, reason): (Action, Outcome, &str),
    at: Timestamp,
) -> Result<()> {
    let (due, decided) = (case.due, action == Action::Decide);
    (case.outcome, case.result_note, case.decided_at) = (Some(outcome), reason.to_owned(), Some(at));
    case.on_time = Some(decided && lights::on_time(due, at));
    case.early = Some(decided && due.is_some_and(|due| time::date_of(at) < time::date_of(due)));
    if let Some(accepted) = case.accepted_on {
        let used = calendar::current().used_workdays(accepted, time::date_of(at), &case.suspensions()).map_err(out_of_calendar)?;
        case.used_days = Some(i64::from(used));
    }
    (case.handler, case.handler_name) = (0, String::new());
    let offer = store::offer(tx, case.item_id, case.item_version)?;
    let licence = offer.as_ref().and_then(|offer| offer.licence.clone()).filter(|_| outcome == Outcome::Granted);
    let unmade = match (&offer, &licence) {
        (Some(offer), Some(licence)) => licence::order(tx, actor, case, offer, licence, at)?,
        _ => None,
    };
    let paper = unmade.as_ref().map(|why| format!("{}做不了电子证照，发纸质证照：{why}", licence.as_deref().unwrap_or_default()));
    let told: Vec<&str> = [Some(reason), paper.as_deref()].into_iter().flatten().filter(|text| !text.is_empty()).collect();
    let told = told.join("\n");
    let mark = Mark { licence: licence.as_deref(), ..Mark::new(action, "cases.decided", &told).at_step(Some(Step::Approve).filter(|_| decided)) };
    finish(tx, actor, case, before, &mark, at)?;
    if outcome == Outcome::Granted {
        commitment::watch(tx, case, at)?;
    }
    let kind = if outcome == Outcome::Granted { DocumentKind::Grant } else { DocumentKind::Denial };
    issue(tx, case, offer.as_ref(), kind, decision_text(case, decided, licence.as_deref(), paper.is_some()), at)?;
    Ok(())
}

fn ready_to_decide(tx: &mut Tx<'_>, actor: &Actor, case: &Case, input: &Decide) -> Result<()> {
    if case.step != Some(Step::Approve) || case.stage + 1 < case.flow.stages(case.single_post).len() {
        return Err(Problem::invalid_state(case.state.as_str(), vec!["forward"], "还没到批准环节，请先送审核、批准").into());
    }
    if case.running_procedure().is_some() {
        return Err(Problem::conflict("特别程序还没结束，结束后才能作决定").into());
    }
    joint::gate(tx, case.id, input.outcome)?;
    let left = store::deferred_left(tx, case.id)?;
    let mut checks = Checks::new();
    checks.ensure(left == 0, "materials", "deferred", format!("还有 {left} 份容缺材料没有补交，补齐后才能作决定"));
    let denied = input.outcome == Outcome::Denied;
    checks.ensure(!denied || !input.reason.trim().is_empty(), "reason", "required", "不予的决定必须写明理由（许可法第38条）");
    checks.ensure(input.reason.chars().count() <= 2_000, "reason", "length", "不超过 2000 字");
    checks.finish()?;
    check_posts(&store::passed_posts(tx, case.id)?, Step::Approve, actor.staff, case.single_post)?;
    Ok(())
}

fn decision_text(case: &Case, decided: bool, licence: Option<&str>, paper: bool) -> Vec<String> {
    let mut content = Vec::new();
    if case.outcome == Some(Outcome::Granted) {
        if decided {
            content.push("经审查，您的申请符合法定条件、标准，决定准予。".to_owned());
        }
        content.extend(licence.map(|name| format!("颁发：{name}{}", if paper { "（纸质）" } else { "" })));
        content.extend(Some(case.result_note.clone()).filter(|note| !note.is_empty()));
    } else {
        content.push("经审查，决定不予。".to_owned());
        content.push(format!("理由：{}", case.result_note));
    }
    content
}

/// 送达。
#[derive(Debug, Clone)]
pub struct Deliver {
    pub version: i64,
    pub way: Delivery,
    /// 签收人；只留姓。
    pub receiver: String,
    /// 邮寄单号或说明。
    pub note: String,
}

impl Deliver {
    /// 送达的事实齐了：电子的随时能送，自取的有人签收，邮寄的有单号。
    pub(super) fn is_complete(&self) -> bool {
        match self.way {
            Delivery::Electronic => true,
            Delivery::Pickup => !self.receiver.trim().is_empty(),
            Delivery::Post => !self.note.trim().is_empty(),
        }
    }
}

/// 送达结果，出送达回证，办结归档（许可法第44条）。
///
/// # Errors
/// 自取没写签收人、邮寄没写单号；证照还没签好；权限、范围、版本、状态。
pub fn deliver(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &Deliver, at: Timestamp) -> Result<Case> {
    let mut checks = Checks::new();
    checks.ensure(input.way != Delivery::Pickup || !input.receiver.trim().is_empty(), "receiver", "required", "请填写签收人姓名");
    checks.ensure(input.receiver.chars().count() <= 100, "receiver", "length", "签收人不超过 100 字");
    checks.ensure(input.way != Delivery::Post || !input.note.trim().is_empty(), "note", "required", "请填写邮寄单号");
    checks.ensure(input.note.chars().count() <= 200, "note", "length", "说明不超过 200 字");
    checks.finish()?;
    let mut case = load(tx, actor, no, input.version, Action::Deliver, at)?;
    // 系统自己走的（补录、演示）不等
    if !actor.is_internal() {
        licence::ready(tx, &case)?;
    }
    let paper = licence::on_paper(tx, &case)?.filter(|_| !actor.is_internal());
    if let Some(licence) = paper.as_ref().filter(|_| input.way == Delivery::Electronic) {
        let detail = format!("{licence}没有做电子证照，原因见进度里的决定；请发纸质证照，选“到窗口自取”或“邮寄”");
        return Err(Problem::field("way", "paper", detail).into());
    }
    let proxy = taken_by_another(tx, actor, &case, input)?;
    let before = Before::of(&case);
    case.state = next(case.state, Action::Deliver)?;
    case.ended_at = Some(at);
    let receiver = tongban_kernel::mask::name(&input.receiver);
    let way = match input.way {
        _ if proxy => "代领",
        Delivery::Electronic => "电子送达",
        way => way.label(),
    };
    let note = match input.note.trim() {
        "" if input.way == Delivery::Electronic => licence::put_into_account(tx, &case)?,
        note => note.to_owned(),
    };
    let handed = paper.map(|licence| format!("送达的是纸质{licence}")).unwrap_or_default();
    let told: Vec<&str> = [way, &receiver, &note, &handed].into_iter().filter(|text| !text.is_empty()).collect();
    let told = told.join(" ");
    finish(tx, actor, &mut case, &before, &Mark::new(Action::Deliver, "cases.delivered", &told), at)?;
    let content = vec![format!("送达方式：{way}"), format!("签收人：{receiver}"), format!("送达时间：{}", time::show(at)), note, handed];
    issue(tx, &case, None, DocumentKind::Delivery, content, at)?;
    Ok(case)
}

/// 自取的签收人不是申请人本人，就是代领：要写明关系与凭据。单位的件谁来取都写得下，不问。
fn taken_by_another(tx: &mut Tx<'_>, actor: &Actor, case: &Case, input: &Deliver) -> Result<bool> {
    if actor.is_internal() || input.way != Delivery::Pickup {
        return Ok(false);
    }
    let who = store::details(tx, case.id)?.ok_or_else(Problem::not_found)?.applicant;
    let another = !who.is_legal && input.receiver.trim() != who.name;
    let mut checks = Checks::new();
    let detail = "签收人不是申请人本人，请写明代领人与申请人的关系、看了什么委托凭据";
    checks.ensure(!another || !input.note.trim().is_empty(), "note", "required", detail);
    checks.finish()?;
    Ok(another)
}

/// 即办件快捷流：收件、受理、决定、送达一人一次办完，仍各写一条过程记录。要出证照的停在已作决定，
/// 送达回证当场签下，证照成文后由系统照它转办结（见 [`licence::on_licence`]）。
///
/// # Errors
/// 不是即办件；其余同各步。
pub fn express(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &Decide, way: &Deliver, at: Timestamp) -> Result<Case> {
    let case = store::find_by_no(tx, no)?.ok_or_else(Problem::not_found)?;
    super::visible(actor, &case)?;
    if !case.instant {
        return Err(Problem::conflict("只有即办件能当场办结").into());
    }
    let mut version = input.version;
    if case.state == State::Submitted {
        version = receive(tx, actor, no, version, at)?.version;
    }
    version = window::accept(tx, actor, no, version, "", at)?.version;
    let decided = decide(tx, actor, no, &Decide { version, ..input.clone() }, at)?;
    let offer = store::offer(tx, case.item_id, case.item_version)?;
    if input.outcome == Outcome::Granted && offer.is_some_and(|offer| offer.licence.is_some()) {
        // 电子的等成文；做不了电子的，纸质证照交到人手里才填送达回证，不替他先签
        if licence::on_paper(tx, &decided)?.is_none() {
            licence::sign_ahead(tx, actor, &decided, way, at)?;
        }
        return Ok(decided);
    }
    // 邮寄还没有单号的停在待送达，寄出后由出件窗口填单号
    if way.is_complete() { deliver(tx, actor, no, &Deliver { version: decided.version, ..way.clone() }, at) } else { Ok(decided) }
}
