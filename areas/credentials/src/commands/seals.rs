//! 印章：建应有清单、申请到注销、催办。

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tongban_directory::model::{KIND_HALL, KIND_TENANT, KIND_TOWN, KIND_VILLAGE};
use tongban_directory::queries as directory;
use tongban_gm::ses::Seal;
use tongban_kernel::problem::Checks;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Problem};
use tongban_store::{Result, Tx};

use super::journal;
use super::waits::rouse;
use crate::model::seal::{LEGAL_NAME, SEAL_KINDS, transition};
use crate::model::{Facts, SealAction, SealState};
use crate::permissions::{SEAL_APPLY, SEAL_MAKE, SEAL_REVIEW};
use crate::store::{self, SealRow, seals};

/// 同一枚章多久之内不重复催。
const REMIND_AGAIN: SignedDuration = SignedDuration::from_hours(20);

/// 申请里填的。
#[derive(Debug, Clone, Default)]
pub struct Apply {
    /// 不是法定名称章时，哪个机构、哪一类、叫什么。
    pub org: i64,
    pub kind: i64,
    pub purpose: String,
    pub scope: String,
    pub keeper: String,
}

/// 走一步。
#[derive(Debug, Clone, Default)]
pub struct SealStep {
    pub action: Option<SealAction>,
    pub version: i64,
    pub reason: String,
    pub scope: String,
    pub keeper: String,
}

/// 制好的章。
#[derive(Clone)]
pub struct Made {
    pub es_id: String,
    pub esl: Vec<u8>,
    pub cert: Vec<u8>,
    /// 导入的成品印章没有私钥：签章走省平台。
    pub wrapped: Option<Vec<u8>>,
}

#[derive(Serialize)]
struct Changed<'a> {
    seal: &'a str,
    org: i64,
    state: i64,
    action: &'a str,
    es_id: &'a str,
}

/// 一枚章此刻的事实；只有法定名称章计入指标。
fn facts(row: &SealRow) -> Option<Facts> {
    (row.kind == LEGAL_NAME).then(|| Facts::Seal {
        org: row.place.org,
        town: row.town,
        expected: if row.state.is_final() { 0 } else { row.expected_day },
        applied: row.applied_day,
        made: row.made_day,
        authorized: row.authorized_day,
        active: row.active_day,
    })
}

/// 各阶段从哪天起成立；不再成立的归零。
fn mark_days(row: &mut SealRow, day: i64) {
    let mark = |holds: bool, since: &mut i64| *since = if !holds { 0 } else if *since == 0 { day } else { *since };
    mark(row.state.is_applied(), &mut row.applied_day);
    mark(row.state.is_made(), &mut row.made_day);
    mark(row.state.is_authorized(), &mut row.authorized_day);
    mark(row.state == SealState::Active, &mut row.active_day);
    row.next_clock_at = matches!(row.state, SealState::Active | SealState::Suspended).then(|| tongban_kernel::time::from_millis(row.valid_to));
}

pub(super) fn finish_step(tx: &mut Tx<'_>, actor: &Actor, mut row: SealRow, before: Option<Facts>, action: &str, at: Timestamp) -> Result<SealRow> {
    mark_days(&mut row, day_number(date_of(at)));
    if row.state.is_final() {
        row.legal_org = None;
    }
    if !seals::save(tx, &row)? {
        return Err(Problem::stale(row.version + 1).into());
    }
    let changed = Changed { seal: &row.name, org: row.place.org, state: row.state.code(), action, es_id: &row.es_id };
    let subject = (row.id, row.version + 1, row.place.tenant);
    journal(tx, actor, "credentials.seal", subject, &changed, (before.as_ref(), facts(&row).as_ref()), at)?;
    rouse(tx, &row, at)?;
    row.version += 1;
    Ok(row)
}

/// 按机构清单补齐应有的法定名称章，回新建了几枚；撤销了的机构，没申请的不再算应有。
///
/// # Errors
/// 没有权限，或引擎拒绝。
pub fn sync(tx: &mut Tx<'_>, actor: &Actor, tenant: i64, at: Timestamp) -> Result<u64> {
    actor.require(SEAL_REVIEW)?;
    let mut made = 0;
    for org in directory::all_orgs(tx)?.into_iter().filter(|org| org.tenant == tenant) {
        let owes = org.status == 1 && (org.is_unit() || org.kind == 4) && !matches!(org.kind, KIND_TENANT | KIND_VILLAGE | KIND_HALL);
        if !owes || seals::of_org(tx, org.id)?.is_some() {
            continue;
        }
        let row = blank(tx.new_id(), &org, LEGAL_NAME, at);
        open(tx, actor, &row, at)?;
        made += 1;
    }
    Ok(made)
}

fn open(tx: &mut Tx<'_>, actor: &Actor, row: &SealRow, at: Timestamp) -> Result<()> {
    seals::insert(tx, row)?;
    let changed = Changed { seal: &row.name, org: row.place.org, state: row.state.code(), action: "expect", es_id: "" };
    journal(tx, actor, "credentials.seal", (row.id, 1, row.place.tenant), &changed, (None, facts(row).as_ref()), at)
}

fn blank(id: i64, org: &tongban_directory::model::Org, kind: i64, at: Timestamp) -> SealRow {
    SealRow {
        id,
        place: org.place(),
        org_name: org.name.clone(),
        uscc: org.code.clone(),
        region: org.division.get(..6).unwrap_or("000000").to_owned(),
        town: org.kind == KIND_TOWN,
        kind,
        legal_org: (kind == LEGAL_NAME).then_some(org.id),
        name: org.name.clone(),
        purpose: String::new(),
        state: SealState::Missing,
        es_id: String::new(),
        scope: String::new(),
        keeper: String::new(),
        applicant: 0,
        applicant_name: String::new(),
        reviewer: 0,
        reason: String::new(),
        batch: String::new(),
        esl: None,
        cert: None,
        wrapped: None,
        valid_from: 0,
        valid_to: 0,
        expected_day: day_number(date_of(at)),
        applied_day: 0,
        made_day: 0,
        authorized_day: 0,
        active_day: 0,
        reminded: 0,
        next_clock_at: None,
        version: 1,
    }
}

/// 申请一枚专用章（法定名称章在台账里已有一行，直接填写）。
///
/// # Errors
/// 没有权限、范围外、机构没有统一社会信用代码、已有法定名称章、内容要改。
pub fn apply(tx: &mut Tx<'_>, actor: &Actor, input: &Apply, at: Timestamp) -> Result<i64> {
    actor.require(SEAL_APPLY)?;
    let org = directory::org(tx, input.org)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&org.place())?;
    let mut checks = Checks::new();
    checks.ensure(SEAL_KINDS.iter().any(|(code, _)| *code == input.kind), "kind", "required", "请选择印章类型");
    checks.ensure(input.kind == LEGAL_NAME || (2..=14).contains(&input.purpose.trim().chars().count()), "purpose", "required", "专用章要写明用途，2 到 14 个字，如“行政审批专用章（1）”");
    checks.ensure(!input.keeper.trim().is_empty(), "keeper", "required", "请填保管人");
    checks.ensure(!input.scope.trim().is_empty(), "scope", "required", "请写明使用范围");
    checks.finish()?;
    if input.kind == LEGAL_NAME && seals::of_org(tx, org.id)?.is_some() {
        return Err(Problem::new(tongban_kernel::Code::Duplicate, "一个单位只有一枚法定名称章，请在台账里找到它再填写").into());
    }
    let mut row = blank(tx.new_id(), &org, input.kind, at);
    row.purpose = input.purpose.trim().to_owned();
    open(tx, actor, &row, at)?;
    let step_input = SealStep { action: Some(SealAction::Draft), version: 1, scope: input.scope.clone(), keeper: input.keeper.clone(), ..SealStep::default() };
    step(tx, actor, row.id, &step_input, at)?;
    Ok(row.id)
}

/// 走一步：填写、提交、退回、审核、送制、启用、停用、恢复、注销、作废。
///
/// # Errors
/// 范围外 404；没有权限 403；状态不对 409；别人先改了 412；内容要改 422。
pub fn step(tx: &mut Tx<'_>, actor: &Actor, id: i64, input: &SealStep, at: Timestamp) -> Result<SealState> {
    let action = input.action.ok_or_else(|| Problem::field("action", "required", "请选择要做的动作"))?;
    let mut row = seals::lock(tx, id)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&row.place)?;
    let (rule, to) = transition(row.state, action)?;
    actor.require(rule.needs)?;
    if row.version != input.version {
        return Err(Problem::stale(row.version).into());
    }
    check(&row, rule.reason, action, input)?;
    if matches!(action, SealAction::Finish | SealAction::Authorize) {
        return Err(Problem::conflict("制作完成与授权有各自的表单").into());
    }
    if action == SealAction::Approve && row.applicant == actor.account && !actor.is_internal() {
        return Err(Problem::new(tongban_kernel::Code::Forbidden, "申请的人不能自己审核，请换一位").into());
    }
    let before = facts(&row);
    row.state = to;
    match action {
        SealAction::Draft => {
            row.scope = input.scope.trim().to_owned();
            row.keeper = input.keeper.trim().to_owned();
            row.applicant = actor.account;
            row.applicant_name = actor.name.to_string();
        }
        SealAction::Approve => row.reviewer = actor.account,
        SealAction::Make => {
            let day = day_number(date_of(at));
            row.batch = format!("{day}-{:03}", tx.number("seal-batch", day)?);
        }
        _ => {}
    }
    row.reason = input.reason.trim().to_owned();
    Ok(finish_step(tx, actor, row, before, rule.code, at)?.state)
}

fn check(row: &SealRow, reason: bool, action: SealAction, input: &SealStep) -> Result<(), Problem> {
    let mut checks = Checks::new();
    checks.ensure(!reason || !input.reason.trim().is_empty(), "reason", "required", "请写明原因");
    checks.ensure(input.reason.chars().count() <= 500, "reason", "too-long", "最多 500 字");
    if action == SealAction::Draft {
        checks.ensure(!row.uscc.is_empty(), "uscc", "required", "这个机构还没有统一社会信用代码，请先在机构里补上");
        checks.ensure(!input.keeper.trim().is_empty(), "keeper", "required", "请填保管人");
        checks.ensure(!input.scope.trim().is_empty(), "scope", "required", "请写明使用范围");
    }
    checks.finish()
}

/// 下一个印章编码：6 位区划 + 8 位流水，按区划连续、不复用。
///
/// # Errors
/// 引擎拒绝。
pub fn next_es_id(tx: &mut Tx<'_>, region: &str) -> Result<String> {
    Ok(format!("{region}{:08}", tx.number(&format!("seal:{region}"), 0)?))
}

/// 制作完成：本地制好的或省里下发导入的。调用者已在单元外验过 S1–S4。
///
/// # Errors
/// 名称与申请不符、编码重复、状态不对。
pub fn finish(tx: &mut Tx<'_>, actor: &Actor, id: i64, made: &Made, at: Timestamp) -> Result<()> {
    actor.require(SEAL_MAKE)?;
    let mut row = seals::lock(tx, id)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&row.place)?;
    let (rule, to) = transition(row.state, SealAction::Finish)?;
    let seal = Seal::parse(&made.esl).map_err(|fault| Problem::field("esl", "format", format!("印章文件读不出：{fault}")))?;
    if seal.name != full_name(&row) {
        return Err(Problem::field("esl", "name", format!("印章名称是“{}”，与申请的“{}”不符", seal.name, full_name(&row))).into());
    }
    if row.es_id.is_empty() {
        row.es_id = made.es_id.clone();
    }
    if seal.es_id != row.es_id {
        return Err(Problem::field("esl", "es-id", "印章编码与登记的不符").into());
    }
    let before = facts(&row);
    (row.valid_from, row.valid_to) = (seal.valid_from.as_millisecond(), seal.valid_to.as_millisecond());
    row.state = to;
    row.esl = Some(made.esl.clone());
    row.cert = Some(made.cert.clone());
    row.wrapped = made.wrapped.clone();
    finish_step(tx, actor, row, before, rule.code, at)?;
    Ok(())
}

/// 印章上的全名：专用章是单位名加用途。
#[must_use]
pub fn full_name(row: &SealRow) -> String {
    format!("{}{}", row.name, row.purpose)
}

/// 时钟：到期就过期。
///
/// # Errors
/// 引擎拒绝。
pub fn expire(tx: &mut Tx<'_>, id: i64, at: Timestamp) -> Result<()> {
    let Some(mut row) = seals::lock(tx, id)? else { return Ok(()) };
    let Ok((rule, to)) = transition(row.state, SealAction::Expire) else { return Ok(()) };
    if row.valid_to > at.as_millisecond() {
        return Ok(());
    }
    let before = facts(&row);
    row.state = to;
    finish_step(tx, &Actor::clock(), row, before, rule.code, at)?;
    Ok(())
}

/// 一键催办：范围内还没申请的单位，他们的工作台会出现这一条。回催了几家。
///
/// # Errors
/// 没有权限，或引擎拒绝。
pub fn remind(tx: &mut Tx<'_>, actor: &Actor, at: Timestamp) -> Result<u64> {
    actor.require(SEAL_REVIEW)?;
    let (mut after, mut told) = (0, 0);
    loop {
        let rows = seals::list(tx, &actor.scope, after, 200)?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for mut row in rows {
            let waiting = matches!(row.state, SealState::Missing | SealState::Draft | SealState::Returned) && row.kind == LEGAL_NAME;
            if !waiting || row.reminded > (at - REMIND_AGAIN).as_millisecond() {
                continue;
            }
            row.reminded = at.as_millisecond();
            let before = facts(&row);
            finish_step(tx, actor, row, before, "remind", at)?;
            told += 1;
        }
    }
    Ok(told)
}

/// 取一枚可以用来签的章：启用、在期、有私钥。
///
/// # Errors
/// 没有、停用、过期：409。
pub fn usable(tx: &mut Tx<'_>, org: i64, at: Timestamp) -> Result<SealRow> {
    let row = store::seals::of_org(tx, org)?.ok_or_else(|| Problem::conflict("这个单位还没有电子印章"))?;
    if row.state != SealState::Active {
        return Err(Problem::invalid_state(row.state.label(), vec!["启用"], format!("“{}”现在是“{}”，不能用印", row.name, row.state.label())).into());
    }
    if row.valid_to <= at.as_millisecond() || row.valid_from > at.as_millisecond() || row.wrapped.is_none() {
        return Err(Problem::conflict("印章不在有效期，或签名私钥不在本平台").into());
    }
    Ok(row)
}
