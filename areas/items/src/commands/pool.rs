//! 待认领池：下发、认领、不认领、拆分、撤销认领（items §5.2）。

use jiff::Timestamp;
use tongban_kernel::calendar;
use tongban_kernel::codes::{CatalogueCode, ImplementationCode, ItemCode, Uscc};
use tongban_kernel::problem::{Problem, Reason};
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Place};
use tongban_store::{Entry, Result, Tx};

use super::settle::{check, journal, opinion, reshelve, show, within};
use crate::model::codes::UseLevel;
use crate::model::facts::Facts;
use crate::model::lifecycle::{Action, PoolState, Status};
use crate::model::{ClaimFacts, Guide};
use crate::permissions;
use crate::store::{self, CatalogueRow, ImplementationRow, ItemRow};

/// 多少个工作日不处理就预警。
const CLAIM_WORKDAYS: u32 = 1;

/// 一个实施主体。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Implementer {
    pub place: Place,
    pub name: String,
    /// 统一社会信用代码。
    pub uscc: String,
    /// 12 位区划。
    pub division: String,
    pub level: UseLevel,
}

fn refused(field: &str, reason: &Reason) -> tongban_store::Error {
    Problem::field(field, reason.code, reason.detail.clone()).into()
}

/// 把一条目录放进一个主体的待认领池；已经在的不重复。回答实施清单行键与是否新放的。
///
/// # Errors
/// 没有权限，主体代码不合格，或引擎故障。
pub fn pool(tx: &mut Tx<'_>, actor: &Actor, catalogue: i64, implementer: &Implementer, at: Timestamp) -> Result<(i64, bool)> {
    actor.require(permissions::IMPORT)?;
    let catalogue = store::catalogue_by_id(tx, catalogue)?;
    if !catalogue.levels.contains(&implementer.level) {
        return Err(Problem::field("level", "V05", format!("目录没有规定由{}行使", implementer.level)).into());
    }
    let code = implementation_code(&catalogue, implementer)?;
    if let Some(known) = store::implementation_by_code(tx, code.as_str())? {
        return Ok((known.id, false));
    }
    let row = ImplementationRow {
        id: tx.new_id(),
        place: implementer.place,
        catalogue: catalogue.id,
        code: code.as_str().to_owned(),
        level: implementer.level,
        dept_name: implementer.name.clone(),
        dept_code: implementer.uscc.clone(),
        division: implementer.division.clone(),
        local_code: String::new(),
        local_dept_code: String::new(),
        state: PoolState::PendingClaim,
        reason: String::new(),
        pooled: at,
        overdue: false,
        last_number: 0,
        clock: Some(claim_due(at)?.as_millisecond()),
        version: 1,
        facts: ClaimFacts { org: implementer.place.org, pooled: day_number(date_of(at)), ..ClaimFacts::default() },
    };
    store::insert_implementation(tx, &row)?;
    journal_pool(tx, actor, &row, None, "implementations.pooled", at)?;
    Ok((row.id, true))
}

/// 原样留存地方码与原来的主体代码，不校验。没有变化时不动。
///
/// # Errors
/// 没有权限，或引擎故障。
pub fn keep_local_codes(tx: &mut Tx<'_>, actor: &Actor, id: i64, local_code: &str, local_dept_code: &str, at: Timestamp) -> Result<()> {
    actor.require(permissions::IMPORT)?;
    let mut row = store::lock_implementation(tx, id)?;
    if (row.local_code.as_str(), row.local_dept_code.as_str()) == (local_code, local_dept_code) {
        return Ok(());
    }
    local_code.clone_into(&mut row.local_code);
    local_dept_code.clone_into(&mut row.local_dept_code);
    keep(tx, actor, &mut row, "implementations.local_codes", at)
}

fn implementation_code(catalogue: &CatalogueRow, implementer: &Implementer) -> Result<ImplementationCode> {
    let dept = Uscc::parse(&implementer.uscc).map_err(|reason| refused("dept_code", &reason))?;
    let catalogue = CatalogueCode::parse(&catalogue.code).map_err(|reason| refused("catalogue_code", &reason))?;
    ImplementationCode::from_parts(&dept, implementer.level.digit(), &catalogue).map_err(|reason| refused("code", &reason))
}

fn claim_due(at: Timestamp) -> Result<Timestamp> {
    let calendar = calendar::current();
    let due = calendar.due(date_of(at), CLAIM_WORKDAYS).map_err(|reason| refused("pooled", &reason))?;
    Ok(calendar.due_instant(due))
}

/// 锁住、核权限与范围、核版本、走一步。
pub(super) fn begin(
    tx: &mut Tx<'_>,
    actor: &Actor,
    needs: &'static str,
    id: i64,
    version: i64,
    action: Action,
) -> Result<ImplementationRow> {
    actor.require(needs)?;
    let mut row = store::lock_implementation(tx, id)?;
    within(actor, &row.place)?;
    if row.version != version {
        return Err(Problem::stale(row.version).into());
    }
    row.state = row.state.step(action)?;
    Ok(row)
}

/// 认领：生成第一个办理项（顺序号 01），进入编辑。回答办理项行键。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许。
pub fn claim(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, at: Timestamp) -> Result<i64> {
    let mut row = begin(tx, actor, permissions::CLAIM, id, version, Action::Claim)?;
    row.clock = None;
    row.overdue = false;
    let item = new_item(tx, actor, &mut row, "", at)?;
    keep(tx, actor, &mut row, "implementations.claimed", at)?;
    Ok(item)
}

/// 拆分出一个新的办理项，如“（新办）”“（变更）”。回答办理项行键。
///
/// # Errors
/// 没有权限、范围外、版本不符，或顺序号用完。
pub fn add_item(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, suffix: &str, at: Timestamp) -> Result<i64> {
    actor.require(permissions::EDIT)?;
    let mut row = store::lock_implementation(tx, id)?;
    within(actor, &row.place)?;
    if row.version != version {
        return Err(Problem::stale(row.version).into());
    }
    if row.state != PoolState::Claimed {
        return Err(Problem::invalid_state(row.state.as_str(), vec![], "还没有认领，不能拆分").into());
    }
    let suffix = opinion("suffix", suffix, "办理项的区别，比如“新办”")?;
    let item = new_item(tx, actor, &mut row, &format!("（{suffix}）"), at)?;
    keep(tx, actor, &mut row, "implementations.split", at)?;
    Ok(item)
}

fn new_item(tx: &mut Tx<'_>, actor: &Actor, row: &mut ImplementationRow, suffix: &str, at: Timestamp) -> Result<i64> {
    let number = u8::try_from(row.last_number + 1).unwrap_or(u8::MAX);
    numbered_item(tx, actor, row, number, Some(suffix), at)
}

/// 按给定的顺序号生成办理项；用过的最大号随之抬高。`suffix` 为 `None` 是内容马上就来：检查与上架等内容来了再做。
pub(super) fn numbered_item(
    tx: &mut Tx<'_>,
    actor: &Actor,
    row: &mut ImplementationRow,
    number: u8,
    suffix: Option<&str>,
    at: Timestamp,
) -> Result<i64> {
    let catalogue = store::catalogue_by_id(tx, row.catalogue)?;
    row.last_number = row.last_number.max(i64::from(number));
    let code = ImplementationCode::parse(&row.code)
        .and_then(|implementation| ItemCode::from_parts(&implementation, number))
        .map_err(|reason| refused("code", &reason))?;
    let guide = Guide { name: format!("{}{}", catalogue.name, suffix.unwrap_or_default()), task_type: catalogue.task_type, ..Guide::default() };
    let mut item = ItemRow {
        id: tx.new_id(),
        place: row.place,
        implementation: row.id,
        catalogue: row.catalogue,
        code: code.as_str().to_owned(),
        name: guide.name.clone(),
        task_type: catalogue.task_type,
        level: row.level,
        dept_name: row.dept_name.clone(),
        status: Status::NEW,
        version: 1,
        edition: 0,
        complete: false,
        depth: guide.depth(),
        visits: 0,
        promise: guide.promise.clone(),
        errors: 0,
        warnings: 0,
        wrong: false,
        notice: String::new(),
        resume_day: 0,
        reporter: 0,
        opinion: String::new(),
        effect: None,
        facts: Facts { org: row.place.org, spans: Vec::new() },
        draft: guide.clone(),
        touched: at,
    };
    show(&mut item, &guide);
    if suffix.is_none() {
        store::insert_item(tx, &item)?;
    } else {
        let findings = check(tx, &mut item)?;
        store::insert_item(tx, &item)?;
        store::write_findings(tx, &item, &findings)?;
        reshelve(tx, &item)?;
    }
    journal(tx, actor, &item, None, "items.claimed", "", at)?;
    Ok(item.id)
}

/// 不认领，写明理由，等主管确认。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许、没写理由。
pub fn decline(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, reason: &str, at: Timestamp) -> Result<()> {
    let mut row = begin(tx, actor, permissions::CLAIM, id, version, Action::Decline)?;
    row.reason = opinion("reason", reason, "不认领的理由")?;
    row.clock = None;
    row.overdue = false;
    keep(tx, actor, &mut row, "implementations.declined", at)
}

/// 主管同意不承接。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许。
pub fn confirm_decline(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, at: Timestamp) -> Result<()> {
    let mut row = begin(tx, actor, permissions::REVIEW, id, version, Action::ConfirmDecline)?;
    row.overdue = false;
    keep(tx, actor, &mut row, "implementations.decline_confirmed", at)
}

/// 主管驳回不认领，回到待认领，重新计时。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许、没写意见。
pub fn refuse_decline(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, reason: &str, at: Timestamp) -> Result<()> {
    let mut row = begin(tx, actor, permissions::REVIEW, id, version, Action::RefuseDecline)?;
    row.reason = opinion("reason", reason, "驳回的意见")?;
    row.clock = Some(claim_due(at)?.as_millisecond());
    keep(tx, actor, &mut row, "implementations.decline_refused", at)
}

/// 撤销认领：只限从未发布、还在编辑的；回到待认领池，顺序号不复用。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许，或还有别的办理项。
pub fn unclaim(tx: &mut Tx<'_>, actor: &Actor, item: i64, version: i64, at: Timestamp) -> Result<()> {
    let (row, before) = super::settle::begin(tx, actor, permissions::CLAIM, item, version, Action::Unclaim)?;
    let mut implementation = store::lock_implementation(tx, row.implementation)?;
    let alone = store::items_of(tx, row.implementation)?.len() == 1;
    store::write_shelf(tx, row.id, "", &[])?;
    store::delete_item(tx, &row)?;
    if alone {
        implementation.state = implementation.state.step(Action::Unclaim)?;
        implementation.pooled = at;
        implementation.clock = Some(claim_due(at)?.as_millisecond());
    }
    keep(tx, actor, &mut implementation, "implementations.unclaimed", at)?;
    let gone = ItemRow { version: row.version + 1, ..row };
    journal(tx, actor, &gone, Some(&before), "items.unclaimed", "", at)
}

/// 到点：超过一个工作日没有处理。
///
/// # Errors
/// 引擎故障。
pub fn fire_claim_overdue(tx: &mut Tx<'_>, id: i64, due: Timestamp) -> Result<()> {
    let mut row = store::lock_implementation(tx, id)?;
    if row.clock != Some(due.as_millisecond()) || row.state != PoolState::PendingClaim {
        return Ok(());
    }
    row.clock = None;
    row.overdue = true;
    keep(tx, &Actor::clock(), &mut row, "implementations.claim_overdue", due)
}

/// 写回，连同前后事实记日志。
pub(super) fn keep(tx: &mut Tx<'_>, actor: &Actor, row: &mut ImplementationRow, kind: &str, at: Timestamp) -> Result<()> {
    let before = row.facts.clone();
    row.facts = before.after(row.state, row.overdue, day_number(date_of(at)));
    store::update_implementation(tx, row)?;
    journal_pool(tx, actor, row, Some(&before), kind, at)
}

/// 办理项上架或下架之后：这条实施清单还有没有在用的办理项。
pub(super) fn mark_published(tx: &mut Tx<'_>, actor: &Actor, item: &ItemRow, at: Timestamp) -> Result<()> {
    let published = item.facts.is_open() || store::items_of(tx, item.implementation)?.iter().any(|other| other.facts.is_open());
    let mut row = store::lock_implementation(tx, item.implementation)?;
    let before = row.facts.clone();
    row.facts = before.with_published(published, day_number(date_of(at)));
    if row.facts == before {
        return Ok(());
    }
    store::update_implementation(tx, &mut row)?;
    journal_pool(tx, actor, &row, Some(&before), if published { "implementations.published" } else { "implementations.unpublished" }, at)
}

fn journal_pool(
    tx: &mut Tx<'_>,
    actor: &Actor,
    row: &ImplementationRow,
    before: Option<&ClaimFacts>,
    kind: &str,
    at: Timestamp,
) -> Result<()> {
    let body =
        serde_json::json!({ "code": row.code, "dept_name": row.dept_name, "state": row.state.as_str(), "reason": row.reason }).to_string();
    let entry = Entry { kind, subject: row.id, rev: row.version, at, actor, tenant: row.place.tenant, body: &body };
    tx.journal_facts(entry, before, Some(&row.facts))
}
