//! 综合点评与监督查评：不绑办件，各自成条（evaluation §8）。

use jiff::{SignedDuration, Timestamp};
use tongban_directory::queries as directory;
use tongban_kernel::problem::{Checks, Code};
use tongban_kernel::time::{date_of, day_number, from_day_number};
use tongban_kernel::{Actor, Problem, calendar};
use tongban_store::{Entry, Result, Tx};
use tongban_web::attempts;

use crate::model::inspection::{ESCALATED, InspectionAct, InspectionState, WAYS, inspected};
use crate::model::{Satisfaction, TextReview};
use crate::permissions::{HANDLE, INSPECT, REVIEW};
use crate::rules::MAX_TEXT;
use crate::store::{self, Appraisal, Inspection};

/// 验证题多久之内有效。
const QUESTION_LIFE: SignedDuration = SignedDuration::from_mins(30);
/// 整改给几个工作日，与差评一致。
const MEND_DAYS: u32 = 15;

/// 交上来的点评。
#[derive(Debug, Clone, Default)]
pub struct Words {
    /// `platform`、`policy`，或 `org:行键`。
    pub target: String,
    /// 政策的名称。
    pub policy: String,
    pub level: i64,
    pub text: String,
    /// 留下实名。
    pub named: bool,
    /// 验证题与答案。
    pub question: String,
    pub answer: String,
}

/// 一道验证题：`3+5@毫秒@签名`；答案不在里面。
#[must_use]
pub fn question(tx: &Tx<'_>, a: u8, b: u8, at: Timestamp) -> String {
    let (a, b) = (a % 9 + 1, b % 9 + 1);
    let stem = format!("{a}+{b}@{}", at.as_millisecond());
    format!("{stem}@{}", signature(tx, &stem))
}

fn signature(tx: &Tx<'_>, stem: &str) -> String {
    tx.digest("evaluation.question", stem).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// 题面。
#[must_use]
pub fn asked(question: &str) -> &str {
    question.split('@').next().unwrap_or("")
}

fn answered(tx: &Tx<'_>, question: &str, answer: &str, at: Timestamp) -> bool {
    let Some((stem, signed)) = question.rsplit_once('@') else { return false };
    let Some((sum, asked_at)) = stem.split_once('@') else { return false };
    let Some((a, b)) = sum.split_once('+') else { return false };
    let (Ok(a), Ok(b), Ok(asked_at)) = (a.parse::<i64>(), b.parse::<i64>(), asked_at.parse::<i64>()) else { return false };
    let fresh = (0..=QUESTION_LIFE.as_millis() as i64).contains(&(at.as_millisecond() - asked_at));
    signature(tx, stem) == signed && fresh && answer.trim().parse() == Ok(a + b)
}

/// 提一条综合点评。同一来源一刻钟至多五条。
///
/// # Errors
/// 验证题答错或过期、没选对象与级别、差评没说话、太频繁。
pub fn appraise(tx: &mut Tx<'_>, actor: &Actor, words: &Words, source: &str, at: Timestamp) -> Result<Appraisal> {
    crate::rules::not_by_staff(actor)?;
    let key = format!("appraise:{}", hex(&tx.digest("ip", source)));
    attempts::check(tx, &key, at)?;
    let mut checks = Checks::new();
    let level = Satisfaction::from_code(words.level);
    checks.ensure(level.is_some(), "level", "required", "请选择满意程度");
    let text = words.text.trim();
    checks.ensure(text.chars().count() <= MAX_TEXT, "text", "too-long", format!("最多 {MAX_TEXT} 字"));
    checks.ensure(!level.is_some_and(Satisfaction::is_bad) || !text.is_empty(), "text", "required", "不满意请写一句为什么，方便我们改");
    let policy = words.policy.trim();
    checks.ensure(words.target != "policy" || (2..=100).contains(&policy.chars().count()), "policy", "required", "请写政策的名称，2–100 字");
    let org: i64 = words.target.strip_prefix("org:").and_then(|id| id.parse().ok()).unwrap_or(0);
    let org = if org == 0 { None } else { directory::org(tx, org)? };
    let known = matches!(words.target.as_str(), "platform" | "policy") || org.is_some();
    checks.ensure(known, "target", "choice", "请选择点评谁");
    checks.ensure(answered(tx, &words.question, &words.answer, at), "answer", "mismatch", "这道题没算对或过了半小时，请再算一次");
    checks.finish()?;
    let level = level.ok_or_else(|| Problem::field("level", "required", "请选择满意程度"))?;
    attempts::fail(tx, &key, at)?;
    let tenant = match &org {
        Some(org) => org.place().tenant,
        None => directory::tenants(tx)?.first().map_or(0, |org| org.id),
    };
    let (target, target_name) = match (&org, words.target.as_str()) {
        (Some(org), _) => ("org", org.name.clone()),
        (None, "policy") => ("policy", policy.to_owned()),
        _ => ("platform", "本平台".to_owned()),
    };
    let row = Appraisal {
        id: tx.new_id(),
        target: target.to_owned(),
        org: org.map_or(0, |org| org.id),
        target_name,
        tenant,
        level,
        text: (!text.is_empty()).then(|| text.to_owned()),
        person: if words.named { actor.person } else { 0 },
        review: TextReview::Waiting,
        answer: String::new(),
        at,
        version: 1,
    };
    store::add_appraisal(tx, &row)?;
    let body = serde_json::json!({ "target": row.target, "org": row.org, "level": level.code() }).to_string();
    tx.journal(Entry { kind: "evaluation.appraised", subject: row.id, rev: 1, at, actor, tenant, body: &body })?;
    Ok(row)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// 审一条点评：公开与否，可以附一句答复。
///
/// # Errors
/// 没有权限、别的县区的、别人先审了。
pub fn settle_appraisal(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, pass: bool, answer: &str, at: Timestamp) -> Result<Appraisal> {
    actor.require(REVIEW)?;
    let found = store::lock_appraisal(tx, id)?.filter(|row| row.tenant == actor.tenant);
    let mut row = found.ok_or_else(Problem::not_found)?;
    if row.version != version {
        return Err(Problem::stale(row.version).into());
    }
    let answer = answer.trim();
    if answer.chars().count() > MAX_TEXT {
        return Err(Problem::field("answer", "too-long", format!("最多 {MAX_TEXT} 字")).into());
    }
    (row.review, row.version) = (if pass { TextReview::Passed } else { TextReview::Refused }, row.version + 1);
    row.answer = answer.to_owned();
    if !store::settle_appraisal(tx, &row)? {
        return Err(Problem::stale(row.version).into());
    }
    let body = serde_json::json!({ "passed": pass }).to_string();
    tx.journal(Entry { kind: "evaluation.appraisal_settled", subject: id, rev: row.version, at, actor, tenant: row.tenant, body: &body })?;
    Ok(row)
}

/// 一张检查单。
#[derive(Debug, Clone, Default)]
pub struct Sheet {
    pub org: i64,
    pub way: String,
    pub day: String,
    pub level: i64,
    pub found: String,
}

/// 录入监督查评：查出问题的给 15 个工作日整改，没有问题的当场了结。
///
/// # Errors
/// 没有权限、单位不在范围内、内容有误。
pub fn inspect(tx: &mut Tx<'_>, actor: &Actor, sheet: &Sheet, at: Timestamp) -> Result<Inspection> {
    actor.require(INSPECT)?;
    let today = date_of(at);
    let mut checks = Checks::new();
    let org = directory::org(tx, sheet.org)?.filter(|org| actor.is_internal() || actor.scope.covers(&org.place()));
    checks.ensure(org.is_some(), "org", "choice", "请选择查的是哪个单位");
    checks.ensure(WAYS.iter().any(|(code, _)| *code == sheet.way), "way", "choice", "请选择怎么查的");
    let day = sheet.day.trim().parse().ok().filter(|day| *day <= today);
    checks.ensure(day.is_some(), "day", "range", "请填查的日子，不能晚于今天");
    let level = Satisfaction::from_code(sheet.level);
    checks.ensure(level.is_some(), "level", "required", "请选择评级");
    let found = sheet.found.trim();
    checks.ensure((1..=2_000).contains(&found.chars().count()), "found", "required", "请写查到的情况，2000 字以内");
    checks.finish()?;
    let (Some(org), Some(day), Some(level)) = (org, day, level) else { return Err(Problem::not_found().into()) };
    let bad = level.is_bad();
    let due = calendar::current().due(today, MEND_DAYS).map_err(super::calendar_problem)?;
    let row = Inspection {
        id: tx.new_id(),
        place: org.place(),
        org_name: org.name,
        way: sheet.way.clone(),
        day: day_number(day),
        inspector: actor.name.to_string(),
        level,
        found: found.to_owned(),
        due_day: if bad { day_number(due) } else { 0 },
        state: if bad { InspectionState::Open } else { InspectionState::Closed },
        mended: String::new(),
        at,
        closed: (!bad).then_some(at),
        version: 1,
    };
    store::add_inspection(tx, &row)?;
    told(tx, actor, &row, at)?;
    Ok(row)
}

/// 差评两次重新整改仍不认可：转成一张检查单，由查的人盯（evaluation §5.1）。与差评的那一步同记一条日志。
///
/// # Errors
/// 引擎拒绝。
pub(super) fn escalate(tx: &mut Tx<'_>, task: &store::TaskRow, at: Timestamp) -> Result<()> {
    let today = date_of(at);
    let due = calendar::current().due(today, MEND_DAYS).map_err(super::calendar_problem)?;
    let row = Inspection {
        id: tx.new_id(),
        place: task.place,
        org_name: task.org_name.clone(),
        way: ESCALATED.0.to_owned(),
        day: day_number(today),
        inspector: "差评转办".to_owned(),
        level: task.level,
        found: format!("“{}”的差评（{}）两次重新整改后评价人仍不认可，转监督查评。", task.item_name, task.no),
        due_day: day_number(due),
        state: InspectionState::Open,
        mended: String::new(),
        at,
        closed: None,
        version: 1,
    };
    store::add_inspection(tx, &row)
}

/// 整改、复核。
///
/// # Errors
/// 没有权限、不在范围内、别人先改了、状态不允许、整改没写怎么改的。
pub fn follow_inspection(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, act: InspectionAct, note: &str, at: Timestamp) -> Result<Inspection> {
    actor.require(if act == InspectionAct::Mend { HANDLE } else { INSPECT })?;
    let mut row = store::lock_inspection(tx, id)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&row.place)?;
    if row.version != version {
        return Err(Problem::stale(row.version).into());
    }
    let Some(to) = inspected(row.state, act) else {
        return Err(Problem::new(Code::Conflict, format!("这张检查单{}，现在不能这样做", row.state.label())).into());
    };
    let note = note.trim();
    if act != InspectionAct::Accept && !(1..=2_000).contains(&note.chars().count()) {
        return Err(Problem::field("note", "required", if act == InspectionAct::Mend { "请写怎么改的" } else { "请写还差什么" }).into());
    }
    if act != InspectionAct::Accept {
        row.mended = note.to_owned();
    }
    (row.state, row.version) = (to, row.version + 1);
    row.closed = (to == InspectionState::Closed).then_some(at);
    if !store::save_inspection(tx, &row)? {
        return Err(Problem::stale(row.version).into());
    }
    told(tx, actor, &row, at)?;
    Ok(row)
}

fn told(tx: &mut Tx<'_>, actor: &Actor, row: &Inspection, at: Timestamp) -> Result<()> {
    let body = serde_json::json!({ "state": row.state.as_str(), "level": row.level.code(), "org": row.place.org }).to_string();
    tx.journal(Entry { kind: "evaluation.inspected", subject: row.id, rev: row.version, at, actor, tenant: row.place.tenant, body: &body })
}

/// 期限写给人看。
#[must_use]
pub fn due_text(row: &Inspection) -> String {
    from_day_number(row.due_day).map(|day| day.to_string()).unwrap_or_default()
}
