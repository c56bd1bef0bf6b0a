//! 交换导入：一条目录、一个办理项；上级目录变了给下面派待变更。

use jiff::Timestamp;
use tongban_kernel::codes::ItemCode;
use tongban_kernel::problem::Problem;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, calendar};
use tongban_store::{Entry, Result, Tx};

use super::draft::{limits, put_in_use};
use super::pool::{Implementer, keep, keep_local_codes, numbered_item, pool};
use super::settle::{begin, check, finish, show, within};
use crate::exchange::CatalogueLine;
use crate::model::Guide;
use crate::model::lifecycle::{Action, PoolState, State};
use crate::permissions;
use crate::rules;
use crate::store::{self, CatalogueRow, ImportRow, ItemRow};

/// 目录变更之后几个工作日内要处理（items §5.2）。
const CHANGE_WORKDAYS: u32 = 5;
/// 一条目录最多派给多少条实施清单。
const IMPLEMENTATIONS: i64 = 2_000;

/// 写入一行的结果。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    Added,
    Changed,
    Same,
}

/// 写入一条目录：按基本编码认旧；四统一要素变了的，版本加一，并给已认领的实施清单派待变更。
///
/// # Errors
/// 没有权限，事项类型与编码里的不符，或引擎故障。
pub fn put_catalogue(tx: &mut Tx<'_>, actor: &Actor, line: &CatalogueLine, at: Timestamp) -> Result<(i64, Put)> {
    actor.require(permissions::IMPORT)?;
    let state = match line.state.as_str() {
        "2" => "suspended",
        "3" => "cancelled",
        _ => "active",
    };
    let Some(old) = store::lock_catalogue(tx, &line.code)? else {
        let row = CatalogueRow {
            id: tx.new_id(),
            code: line.code.clone(),
            local_code: line.local_code.clone(),
            name: line.name.clone(),
            main_name: line.main_name.clone(),
            task_type: line.task_type,
            levels: line.levels.clone(),
            basis: line.basis.clone(),
            state: state.to_owned(),
            version: 1,
            plan_effective: line.plan_effective.clone(),
            plan_cancel: line.plan_cancel.clone(),
        };
        store::insert_catalogue(tx, &row, at)?;
        journal_catalogue(tx, actor, &row, "catalogues.added", at)?;
        return Ok((row.id, Put::Added));
    };
    let new = CatalogueRow {
        local_code: line.local_code.clone(),
        name: line.name.clone(),
        main_name: line.main_name.clone(),
        levels: line.levels.clone(),
        basis: line.basis.clone(),
        state: state.to_owned(),
        plan_effective: line.plan_effective.clone(),
        plan_cancel: line.plan_cancel.clone(),
        ..old.clone()
    };
    if new == old {
        return Ok((old.id, Put::Same));
    }
    store::update_catalogue(tx, &new, at)?;
    let new = CatalogueRow { version: old.version + 1, ..new };
    journal_catalogue(tx, actor, &new, "catalogues.changed", at)?;
    if let Some(what) = changed_words(&old, &new) {
        ask_for_changes(tx, &new, &what, at)?;
    }
    Ok((old.id, Put::Changed))
}

/// 四统一要素（名称、类型、依据、层级）与状态哪里变了；没变为 `None`。
fn changed_words(old: &CatalogueRow, new: &CatalogueRow) -> Option<String> {
    let levels = |row: &CatalogueRow| row.levels.iter().map(|level| level.label()).collect::<Vec<_>>().join("、");
    let mut words = Vec::new();
    if old.name != new.name {
        words.push(format!("名称改为“{}”", new.name));
    }
    if old.basis != new.basis {
        words.push("设定依据变了".to_owned());
    }
    if old.levels != new.levels {
        words.push(format!("行使层级改为{}", levels(new)));
    }
    if old.plan_cancel != new.plan_cancel && !new.plan_cancel.is_empty() {
        words.push(format!("计划 {} 取消", new.plan_cancel));
    }
    if old.plan_effective != new.plan_effective && !new.plan_effective.is_empty() {
        words.push(format!("计划 {} 生效", new.plan_effective));
    }
    match (old.state == new.state, new.state.as_str()) {
        (true, _) => {}
        (false, "cancelled") => words.push("目录取消了，请取消对应的办理项".to_owned()),
        (false, "suspended") => words.push("目录暂停了，请暂停对应的办理项".to_owned()),
        (false, _) => words.push("目录恢复了".to_owned()),
    }
    (!words.is_empty()).then(|| words.join("；"))
}

fn ask_for_changes(tx: &mut Tx<'_>, catalogue: &CatalogueRow, what: &str, at: Timestamp) -> Result<()> {
    let calendar = calendar::current();
    let due = calendar.due(date_of(at), CHANGE_WORKDAYS).map_err(|reason| Problem::field("due", reason.code, reason.detail))?;
    for row in store::claimed_of(tx, catalogue.id, IMPLEMENTATIONS)? {
        let id = tx.new_id();
        store::insert_change(tx, id, &row.place, row.id, catalogue.version, what, calendar.due_instant(due))?;
    }
    Ok(())
}

fn journal_catalogue(tx: &mut Tx<'_>, actor: &Actor, row: &CatalogueRow, kind: &str, at: Timestamp) -> Result<()> {
    let body = serde_json::json!({ "code": row.code, "name": row.name, "task_type": row.task_type }).to_string();
    tx.journal(Entry { kind, subject: row.id, rev: row.version, at, actor, tenant: actor.tenant, body: &body })
}

/// 一个办理项要成为的样子。
#[derive(Debug, Clone, PartialEq)]
pub struct ItemInput {
    /// 33 位事项编码。
    pub code: String,
    pub guide: Guide,
    /// 1 在用 2 暂停 3 取消 4 草稿。
    pub state: String,
    /// 已发布的版本；草稿为 0。
    pub edition: i64,
    pub local_code: String,
    pub local_dept_code: String,
    pub notice: String,
    pub resume_day: i64,
}

/// 导出一行要的状态代码。
#[must_use]
pub fn state_code(row: &ItemRow) -> &'static str {
    match row.status.state {
        State::Active => "1",
        State::Suspended => "2",
        State::Cancelled => "3",
        _ => "4",
    }
}

/// 写入一个办理项。没有的按原样建到给定的版本；已有的：草稿直接改，已发布的起一份修订稿，等人审核发布。
///
/// # Errors
/// 没有权限、范围外、目录里没有、主体或编码对不上、正在审核，或内容超出范围。
pub fn put_item(tx: &mut Tx<'_>, actor: &Actor, implementer: &Implementer, input: &ItemInput, at: Timestamp) -> Result<Put> {
    actor.require(permissions::IMPORT)?;
    within(actor, &implementer.place)?;
    match store::item_by_code(tx, &input.code)? {
        Some(row) => merge(tx, actor, row, input, at),
        None => add(tx, actor, implementer, input, at),
    }
}

fn add(tx: &mut Tx<'_>, actor: &Actor, implementer: &Implementer, input: &ItemInput, at: Timestamp) -> Result<Put> {
    let bad = |field: &str, rule: &'static str, text: &str| Problem::field(field, rule, text.to_owned());
    let code = ItemCode::parse(&input.code).map_err(|reason| bad("TASKHANDLEITEM", "V03", &reason.detail))?;
    let catalogue = store::catalogue_by_code(tx, input.code.get(19..31).unwrap_or_default())?
        .ok_or_else(|| bad("CATALOGCODE", "V01", "目录清单里没有这个基本编码，请先导入目录"))?;
    if catalogue.task_type != input.guide.task_type {
        return Err(bad("TASKTYPE", "V01", "事项类型与目录不一致").into());
    }
    let (id, _) = pool(tx, actor, catalogue.id, implementer, at)?;
    let mut implementation = store::lock_implementation(tx, id)?;
    if implementation.code != code.implementation().as_str() {
        return Err(bad("TASKHANDLEITEM", "V02", "编码前 31 位与实施主体、层级、目录不一致").into());
    }
    let number: u8 = input.code.get(31..).and_then(|tail| tail.parse().ok()).unwrap_or(0);
    let fresh = implementation.state == PoolState::PendingClaim;
    if fresh {
        implementation.state = implementation.state.step(Action::Claim)?;
        implementation.clock = None;
        implementation.overdue = false;
    }
    let item = numbered_item(tx, actor, &mut implementation, number, None, at)?;
    keep(tx, actor, &mut implementation, if fresh { "implementations.claimed" } else { "implementations.split" }, at)?;
    keep_local_codes(tx, actor, id, &input.local_code, &input.local_dept_code, at)?;
    let action = if input.edition > 0 { Action::Adopt } else { Action::Edit };
    let (mut row, before) = begin(tx, actor, permissions::IMPORT, item, 1, action)?;
    limits(&row, &input.guide)?;
    row.draft = input.guide.clone();
    show(&mut row, &input.guide);
    let findings = check(tx, &mut row)?;
    store::write_findings(tx, &row, &findings)?;
    if input.edition > 0 {
        row.edition = input.edition - 1;
        put_in_use(tx, &mut row, rules::accurate(&findings), at)?;
        settle_state(&mut row, input, at)?;
    }
    finish(tx, actor, &mut row, &before, if input.edition > 0 { "items.published" } else { "items.edited" }, "导入", at)?;
    Ok(Put::Added)
}

/// 在原平台已经暂停、取消的，接过来也是。
fn settle_state(row: &mut ItemRow, input: &ItemInput, at: Timestamp) -> Result<()> {
    let action = match input.state.as_str() {
        "2" => Action::Suspend,
        "3" => Action::Cancel,
        _ => return Ok(()),
    };
    row.status = row.status.step(action)?;
    row.notice.clone_from(&input.notice);
    row.resume_day = input.resume_day;
    row.facts.close(day_number(date_of(at)));
    Ok(())
}

fn merge(tx: &mut Tx<'_>, actor: &Actor, row: ItemRow, input: &ItemInput, at: Timestamp) -> Result<Put> {
    within(actor, &row.place)?;
    keep_local_codes(tx, actor, row.implementation, &input.local_code, &input.local_dept_code, at)?;
    let current = match store::edition(tx, row.id, row.edition)? {
        Some(edition) if row.status.revision.is_none() => edition.guide,
        _ => row.draft.clone(),
    };
    if current == input.guide {
        return Ok(Put::Same);
    }
    let mut version = row.version;
    if row.status.published() && row.status.revision.is_none() {
        let (mut revised, before) = begin(tx, actor, permissions::IMPORT, row.id, version, Action::Revise)?;
        finish(tx, actor, &mut revised, &before, "items.revising", "导入", at)?;
        version = revised.version;
    }
    let (mut row, before) = begin(tx, actor, permissions::IMPORT, row.id, version, Action::Edit)?;
    limits(&row, &input.guide)?;
    row.draft = input.guide.clone();
    if !row.status.published() {
        show(&mut row, &input.guide);
    }
    let findings = check(tx, &mut row)?;
    store::write_findings(tx, &row, &findings)?;
    finish(tx, actor, &mut row, &before, "items.edited", "导入", at)?;
    Ok(Put::Changed)
}

/// 要做的一次导入。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewImport {
    pub kind: crate::exchange::Kind,
    /// 原文件名。
    pub name: String,
    /// 文件库里的摘要。
    pub file: String,
    pub keep: bool,
}

/// 登记一次导入，下成后台任务。回答行键。
///
/// # Errors
/// 没有权限，或引擎故障。
pub fn start_import(tx: &mut Tx<'_>, actor: &Actor, input: &NewImport, at: Timestamp) -> Result<i64> {
    actor.require(permissions::IMPORT)?;
    let row = ImportRow {
        id: tx.new_id(),
        tenant: actor.tenant,
        account: actor.account,
        kind: input.kind.as_str().to_owned(),
        name: input.name.clone(),
        file: input.file.clone(),
        keep: input.keep,
        state: "waiting".to_owned(),
        total: 0,
        done: 0,
        added: 0,
        changed: 0,
        same: 0,
        wrong: 0,
        note: String::new(),
        created: at,
        version: 1,
    };
    store::insert_import(tx, &row)?;
    let body = serde_json::json!({ "kind": row.kind, "name": row.name, "keep": row.keep }).to_string();
    tx.journal(Entry { kind: "imports.started", subject: row.id, rev: 1, at, actor, tenant: actor.tenant, body: &body })?;
    tx.enqueue("items.import", &row.id.to_string(), at)?;
    Ok(row.id)
}
