//! 评价：一码一次，一个节点一条首评；差评当场派成工单。

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tongban_contracts::evaluation::EvaluationSubmittedV1;
use tongban_kernel::problem::Code;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Problem, calendar, lights};
use tongban_store::{Result, Tx};

use super::{calendar_problem, finish, load, supervise};
use crate::facts::Facts;
use crate::model::{EvalChannel, Round, State, TextReview};
use crate::rules::{self, Rating, Signals};
use crate::store::{self, Invited, RatingRow, SourceCount, Subject, TaskRow};

/// 事项主管：有事项审核权限的岗位（事项区的权限码）。
const ITEM_KEEPER: &str = "items.review";

/// 从哪里评的。设备与网络只留带钥散列，不对外。
#[derive(Debug, Clone)]
pub struct From {
    pub channel: EvalChannel,
    pub device: String,
    pub ip: String,
}

/// 评完之后。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rated {
    pub no: String,
    /// 生成的差评工单编号。
    pub task: Option<String>,
}

/// 首评：凭一次性令牌。
///
/// # Errors
/// 令牌用过、过期、作废；工作人员账号；内容要改。
pub fn rate(tx: &mut Tx<'_>, actor: &Actor, token: &str, rating: &Rating, from: &From, at: Timestamp) -> Result<Rated> {
    rules::not_by_staff(actor)?;
    let found = super::by_token(tx, token)?;
    let (subject, before) = load(tx, found.subject)?;
    // 锁住之后再看一眼，两个人同时扫也只有一个成
    let invited = store::find_invitation(tx, found.id)?.ok_or_else(Problem::not_found)?;
    let owner = actor.person != 0 && actor.person == subject.person;
    match rules::usable(invited.standing(), at) {
        Err(problem) if problem.code == Code::TokenExpired && owner => {}
        other => other?,
    }
    first(tx, actor, (&subject, &before), &invited, rating, from, at)
}

/// 首评落库：登记、派单、记事实；系统默认的让位。
pub(super) fn first(
    tx: &mut Tx<'_>,
    actor: &Actor,
    (subject, before): (&Subject, &Facts),
    invited: &Invited,
    rating: &Rating,
    from: &From,
    at: Timestamp,
) -> Result<Rated> {
    let (device, ip) = (hashed(tx, "device", &from.device), hashed(tx, "ip", &from.ip));
    let flags = judge(tx, invited, rating, from, &SourceCount { device: &device, ip: &ip, since: minutes_before(at, 10) }, at)?;
    let row = new_row(tx, (subject, invited), rating, Round::First, actor, from.channel, flags, at);
    store::insert_rating(tx, &row, &device, &ip)?;
    store::add_dimensions(tx, row.id, &rating.dims)?;
    store::mark_used(tx, invited.id, at)?;
    store::supersede_default(tx, subject.id)?;
    store::end_push_of(tx, invited.id, "rated", at)?;
    let task = if row.level.is_bad() { Some(dispatch(tx, subject, &row, actor, at)?) } else { None };
    let changed = EvaluationSubmittedV1 {
        case: subject.case_id,
        case_no: subject.case_no.clone(),
        no: row.no.clone(),
        item_code: subject.item_code.clone(),
        node: invited.node.code(),
        satisfaction: row.level.code(),
        channel: row.channel.code(),
        bad_task: task.clone(),
        org: subject.place.org,
    };
    finish(tx, actor, (subject, before), "evaluation.submitted", &changed, at)?;
    Ok(Rated { no: row.no, task })
}

/// 追评：首评后 90 天内一次，凭同一张码，不覆盖首评。
///
/// # Errors
/// 还没有首评、已追评过、超过 90 天。
pub fn follow_up(tx: &mut Tx<'_>, actor: &Actor, token: &str, rating: &Rating, from: &From, at: Timestamp) -> Result<Rated> {
    rules::not_by_staff(actor)?;
    let invited = super::by_token(tx, token)?;
    let (subject, before) = load(tx, invited.subject)?;
    let first = store::rating_of(tx, subject.id, invited.node, Round::First)?
        .ok_or_else(|| Problem::invalid_state("open", vec!["rate"], "还没有首次评价，请先评价"))?;
    let already = store::rating_of(tx, subject.id, invited.node, Round::FollowUp)?.is_some();
    rules::follow_up_allowed(first.at, already, at)?;
    let (device, ip) = (hashed(tx, "device", &from.device), hashed(tx, "ip", &from.ip));
    let row = new_row(tx, (&subject, &invited), rating, Round::FollowUp, actor, from.channel, String::new(), at);
    store::insert_rating(tx, &row, &device, &ip)?;
    let changed = FollowedUp { case_no: &subject.case_no, case: subject.case_id, no: &row.no, satisfaction: row.level.code() };
    finish(tx, actor, (&subject, &before), "evaluation.followed_up", &changed, at)?;
    Ok(Rated { no: row.no, task: None })
}

#[derive(Serialize)]
struct FollowedUp<'a> {
    case_no: &'a str,
    case: i64,
    no: &'a str,
    satisfaction: i64,
}

fn hashed(tx: &Tx<'_>, kind: &str, text: &str) -> Vec<u8> {
    if text.is_empty() { Vec::new() } else { tx.digest(kind, text) }
}

fn minutes_before(at: Timestamp, minutes: i64) -> Timestamp {
    at.checked_sub(SignedDuration::from_mins(minutes)).unwrap_or(Timestamp::MIN)
}

/// 反刷：可疑的打标记，复核前不计入。
fn judge(tx: &mut Tx<'_>, invited: &Invited, rating: &Rating, from: &From, source: &SourceCount<'_>, at: Timestamp) -> Result<String> {
    if matches!(from.channel, EvalChannel::Paper | EvalChannel::Phone) {
        return Ok(String::new());
    }
    let silent_top = rating.level.code() == 5 && rating.text.is_none();
    let streak = if silent_top { store::streak(tx, invited.staff)? + i64::from(invited.staff != 0) } else { 0 };
    let calendar = calendar::current();
    let minute = at.to_zoned(tongban_kernel::time::china());
    let now = i64::from(minute.hour()) * 60 + i64::from(minute.minute());
    let open = calendar.hours().spans().iter().any(|(start, end)| (i64::from(*start)..=i64::from(*end)).contains(&now));
    let signals = Signals {
        same_source: store::source_count(tx, source)? + 1,
        seconds_after: at.duration_since(invited.at).as_secs(),
        streak,
        on_shared_device: from.channel.is_shared_device(),
        in_office_hours: open && calendar.is_workday(date_of(at)),
        staff_terminal: !from.channel.is_shared_device() && is_terminal(tx, source.device, at)?,
    };
    Ok(rules::flags(&signals).into_iter().map(rules::Flag::as_str).collect::<Vec<_>>().join(","))
}

/// 近 30 天里工作人员在这台终端上看过评价码。
fn is_terminal(tx: &mut Tx<'_>, device: &[u8], at: Timestamp) -> Result<bool> {
    if device.is_empty() {
        return Ok(false);
    }
    let recent = |seen: Timestamp| at.duration_since(seen) <= SignedDuration::from_hours(24 * super::pads::TERMINAL_DAYS);
    Ok(store::terminal_seen(tx, device)?.is_some_and(recent))
}

#[allow(clippy::too_many_arguments)]
pub(super) fn new_row(
    tx: &mut Tx<'_>,
    (subject, invited): (&Subject, &Invited),
    rating: &Rating,
    round: Round,
    actor: &Actor,
    channel: EvalChannel,
    flags: String,
    at: Timestamp,
) -> RatingRow {
    let waiting = if rating.text.is_some() { TextReview::Waiting } else { TextReview::Passed };
    RatingRow {
        id: tx.new_id(),
        no: rules::assess_no(&subject.case_no, invited.node, round),
        subject: subject.id,
        invitation: invited.id,
        case_no: subject.case_no.clone(),
        item_code: subject.item_code.clone(),
        item_name: subject.item_name.clone(),
        org_name: subject.org_name.clone(),
        place: subject.place,
        node: invited.node,
        round,
        level: rating.level,
        tags: rating.tag_codes(),
        text: rating.text.clone(),
        review: waiting,
        private: rating.private || subject.withheld,
        channel,
        active: rules::is_active(channel),
        effective: true,
        flags,
        cleared: false,
        // 登录的本人，或办件登记的申请人凭自己的码：都算实名
        person: if actor.person != 0 { actor.person } else { subject.person },
        legal: subject.legal,
        staff: invited.staff,
        staff_code: invited.staff_code.clone(),
        at,
        day: day_number(date_of(at)),
    }
}

/// 差评：自动派给经办部门（没有人能办的交给代管单位），定下 1/5/15 个工作日。
fn dispatch(tx: &mut Tx<'_>, subject: &Subject, row: &RatingRow, actor: &Actor, at: Timestamp) -> Result<String> {
    let calendar = calendar::current();
    let all = rules::deadlines(&calendar, at).map_err(calendar_problem)?;
    let (window, limit) = rules::BLOCKAGE;
    let since = at.checked_sub(SignedDuration::from_hours(24 * window)).unwrap_or(Timestamp::MIN);
    let others = store::bad_recently(tx, &subject.item_code, since)?;
    let mut task = TaskRow {
        id: tx.new_id(),
        no: row.no.clone(),
        rating: row.id,
        subject: subject.id,
        item_code: subject.item_code.clone(),
        item_name: subject.item_name.clone(),
        org_name: subject.org_name.clone(),
        place: subject.place,
        level: row.level,
        named: row.person != 0,
        state: State::ToVerify,
        at,
        day: row.day,
        contact_due: calendar.due_instant(all.contact),
        conclude_due: calendar.due_instant(all.conclude),
        rectify_due: calendar.due_instant(all.rectify),
        due: Some(calendar.due_instant(all.contact)),
        yellow: Some(lights::yellow_from(&calendar, rules::CLOCK, all.contact).map_err(calendar_problem)?),
        lit: "green".to_owned(),
        contacted: None,
        concluded: None,
        rectified: None,
        revisited: None,
        closed: None,
        redone: 0,
        valid: true,
        blockage: others + 1 >= limit,
        cause: None,
        measures: None,
        published: None,
        item_change: None,
        staff: row.staff,
        handler_unit: 0,
        version: 1,
    };
    task.handler_unit = supervise::responsible(tx, &task, at)?;
    if others + 1 == limit {
        blocked(tx, &task, at)?;
    }
    store::insert_task(tx, &task, day_number(all.rectify))?;
    let step = store::StepRow {
        at,
        action: "new".to_owned(),
        from: State::ToVerify,
        to: State::ToVerify,
        who: actor_name(actor),
        note: None,
    };
    store::add_step(tx, task.id, &step)?;
    if task.handler_unit != 0 {
        supervise::hand_over(tx, &task, at)?;
    }
    Ok(task.no)
}

/// 同一事项 30 天内差评刚满 3 条：推给本单位管事项的人去改事项与流程。
fn blocked(tx: &mut Tx<'_>, task: &TaskRow, at: Timestamp) -> Result<()> {
    let body = format!("“{}”30 天内已有 {} 条差评，请看看指南、材料、流程哪里不通。", task.item_name, rules::BLOCKAGE.1);
    let day = day_number(date_of(at));
    let mut told = std::collections::BTreeSet::new();
    for id in tongban_directory::queries::posts_with(tx, task.place.unit, ITEM_KEEPER, day)? {
        let Some(post) = tongban_directory::queries::post(tx, id)? else { continue };
        if told.insert(post.staff) {
            let href = format!("/open/rates?item={}", task.item_code);
            tongban_messages::notify_staff(tx, post.staff, "堵点问题", &body, &href, at)?;
        }
    }
    Ok(())
}

/// 步骤里写谁：评价人只写“评价人”，不留姓名。
fn actor_name(actor: &Actor) -> String {
    if actor.kind == tongban_kernel::ActorKind::Staff { actor.name.to_string() } else { "评价人".to_owned() }
}
