//! 导出按编码走；导入的进度与错行；上级目录变更引起的待办。

use jiff::Timestamp;
use tongban_kernel::problem::Problem;
use tongban_kernel::time::from_millis;
use tongban_kernel::{Place, Scope};
use tongban_store::{Result, Row, ScopedSql, Tx, args, scoped, scoped_rows};

use super::catalogue::{CatalogueRow, catalogue, catalogue_columns};
use super::item::{ItemRow, item, item_columns};
use crate::exchange::RowError;

const ITEMS: ScopedSql =
    scoped!(concat!("SELECT ", item_columns!(), " FROM items_items WHERE "), " = $1 AND code > $2 ORDER BY code LIMIT $3");
const CATALOGUES: &str = concat!("SELECT ", catalogue_columns!(), " FROM items_catalogues WHERE code > $1 ORDER BY code LIMIT $2");
const INSERT_IMPORT: &str = "INSERT INTO items_imports (id, tenant, account, kind, name, file, keep, state, total, done, added, changed, \
     same, wrong, note, created, version) VALUES ($1, $2, $3, $4, $5, $6, $7, 'waiting', 0, 0, 0, 0, 0, 0, '', $8, 1)";
const UPDATE_IMPORT: &str = "UPDATE items_imports SET state = $1, total = $2, done = $3, added = $4, changed = $5, same = $6, wrong = $7, \
     note = $8, version = version + 1 WHERE id = $9";
const IMPORT: &str = "SELECT id, tenant, account, kind, name, file, keep, state, total, done, added, changed, same, wrong, note, created, \
     version FROM items_imports WHERE id = $1";
const IMPORTS: &str = "SELECT id, tenant, account, kind, name, file, keep, state, total, done, added, changed, same, wrong, note, created, \
     version FROM items_imports WHERE tenant = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
const CLEAR_ERRORS: &str = "DELETE FROM items_import_errors WHERE import = $1";
const INSERT_ERROR: &str = "INSERT INTO items_import_errors (import, seq, line, field, value, rule, message) \
     VALUES ($1, $2, $3, $4, $5, $6, $7)";
const ERRORS: &str = "SELECT seq, line, field, value, rule, message FROM items_import_errors WHERE import = $1 AND seq > $2 \
     ORDER BY seq LIMIT $3";
const INSERT_CHANGE: &str = "INSERT INTO items_changes (id, tenant, unit, org, implementation, catalogue_version, what, due, state, version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'open', 1)";
const CLOSE_CHANGES: &str = "UPDATE items_changes SET state = 'done', version = version + 1 WHERE implementation = $1 AND state = 'open'";
const CHANGES: ScopedSql = scoped!(
    "SELECT c.id, c.implementation, c.catalogue_version, c.what, c.due, i.code, i.dept_name FROM items_changes c \
     JOIN items_implementations i ON i.id = c.implementation WHERE c.",
    " = $1 AND c.state = $2 AND (c.due, c.id) > ($3, $4) ORDER BY c.due, c.id LIMIT $5"
);
const CHANGES_OF: &str = "SELECT c.id, c.implementation, c.catalogue_version, c.what, c.due, i.code, i.dept_name FROM items_changes c \
     JOIN items_implementations i ON i.id = c.implementation WHERE c.implementation = $1 AND c.state = 'open' ORDER BY c.due, c.id";

pub(super) const STATEMENTS: &[&str] = &[
    ITEMS.tenant,
    ITEMS.unit,
    ITEMS.org,
    CATALOGUES,
    INSERT_IMPORT,
    UPDATE_IMPORT,
    IMPORT,
    IMPORTS,
    CLEAR_ERRORS,
    INSERT_ERROR,
    ERRORS,
    INSERT_CHANGE,
    CLOSE_CHANGES,
    CHANGES.tenant,
    CHANGES.unit,
    CHANGES.org,
    CHANGES_OF,
];

/// 范围内的办理项，按编码。
///
/// # Errors
/// 引擎故障。
pub fn items_by_code(tx: &mut Tx<'_>, scope: &Scope, after: &str, limit: usize) -> Result<Vec<ItemRow>> {
    scoped_rows(tx, &ITEMS, scope, args![after, i64::try_from(limit).unwrap_or(i64::MAX)], limit, item, |row| row.code.clone())
}

/// 目录，按编码。
///
/// # Errors
/// 引擎故障。
pub fn catalogues_by_code(tx: &mut Tx<'_>, after: &str, limit: i64) -> Result<Vec<CatalogueRow>> {
    tx.rows(CATALOGUES, args![after, limit], catalogue)
}

/// 一次导入。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportRow {
    pub id: i64,
    pub tenant: i64,
    pub account: i64,
    /// `catalogue` 或 `items`。
    pub kind: String,
    /// 原文件名。
    pub name: String,
    /// 文件库里的摘要。
    pub file: String,
    /// 好的行照样导入。
    pub keep: bool,
    /// `waiting` `running` `done` `refused`。
    pub state: String,
    pub total: i64,
    pub done: i64,
    pub added: i64,
    pub changed: i64,
    pub same: i64,
    pub wrong: i64,
    pub note: String,
    pub created: Timestamp,
    pub version: i64,
}

fn import(r: &Row<'_>) -> Result<ImportRow> {
    Ok(ImportRow {
        id: r.get(0)?,
        tenant: r.get(1)?,
        account: r.get(2)?,
        kind: r.get(3)?,
        name: r.get(4)?,
        file: r.get(5)?,
        keep: r.get(6)?,
        state: r.get(7)?,
        total: r.get(8)?,
        done: r.get(9)?,
        added: r.get(10)?,
        changed: r.get(11)?,
        same: r.get(12)?,
        wrong: r.get(13)?,
        note: r.get(14)?,
        created: from_millis(r.get(15)?),
        version: r.get(16)?,
    })
}

/// # Errors
/// 引擎故障。
pub fn insert_import(tx: &mut Tx<'_>, row: &ImportRow) -> Result<()> {
    tx.exec(INSERT_IMPORT, args![row.id, row.tenant, row.account, &row.kind, &row.name, &row.file, row.keep, row.created])?;
    Ok(())
}

/// # Errors
/// 引擎故障。
pub fn update_import(tx: &mut Tx<'_>, row: &ImportRow) -> Result<()> {
    tx.exec(UPDATE_IMPORT, args![&row.state, row.total, row.done, row.added, row.changed, row.same, row.wrong, &row.note, row.id])?;
    Ok(())
}

/// # Errors
/// 引擎故障。
pub fn import_by_id(tx: &mut Tx<'_>, id: i64) -> Result<Option<ImportRow>> {
    tx.row(IMPORT, args![id], import)
}

/// 一个县区的导入，新的在前。
///
/// # Errors
/// 引擎故障。
pub fn imports(tx: &mut Tx<'_>, tenant: i64, before: i64, limit: i64) -> Result<Vec<ImportRow>> {
    tx.rows(IMPORTS, args![tenant, before, limit], import)
}

/// 换成这一份错行报告。
///
/// # Errors
/// 引擎故障。
pub fn write_import_errors(tx: &mut Tx<'_>, import: i64, errors: &[RowError]) -> Result<()> {
    tx.exec(CLEAR_ERRORS, args![import])?;
    for (seq, error) in (1_i64..).zip(errors) {
        let cell = &error.cell;
        tx.exec(INSERT_ERROR, args![import, seq, error.line, &cell.column, &cell.value, &cell.rule, &cell.message])?;
    }
    Ok(())
}

/// 错行报告的一页：序号与内容。
///
/// # Errors
/// 引擎故障。
pub fn import_errors(tx: &mut Tx<'_>, import: i64, after: i64, limit: i64) -> Result<Vec<(i64, RowError)>> {
    tx.rows(ERRORS, args![import, after, limit], |r| {
        let (column, value, rule, message): (String, String, String, String) = (r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?);
        Ok((r.get(0)?, RowError::new(r.get(1)?, &column, &value, &rule, message)))
    })
}

/// 一条待变更。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    pub id: i64,
    pub implementation: i64,
    pub catalogue_version: i64,
    /// 目录哪里变了。
    pub what: String,
    pub due: Timestamp,
    pub code: String,
    pub dept_name: String,
}

fn change(r: &Row<'_>) -> Result<ChangeRow> {
    Ok(ChangeRow {
        id: r.get(0)?,
        implementation: r.get(1)?,
        catalogue_version: r.get(2)?,
        what: r.get(3)?,
        due: from_millis(r.get(4)?),
        code: r.get(5)?,
        dept_name: r.get(6)?,
    })
}

/// # Errors
/// 引擎故障。
pub fn insert_change(tx: &mut Tx<'_>, id: i64, place: &Place, implementation: i64, version: i64, what: &str, due: Timestamp) -> Result<()> {
    tx.exec(INSERT_CHANGE, args![id, place.tenant, place.unit, place.org, implementation, version, what, due])?;
    Ok(())
}

/// 这条实施清单的待变更都处理了。
///
/// # Errors
/// 引擎故障。
pub fn close_changes(tx: &mut Tx<'_>, implementation: i64) -> Result<()> {
    tx.exec(CLOSE_CHANGES, args![implementation])?;
    Ok(())
}

/// 范围内没处理的待变更，先到期的在前。
///
/// # Errors
/// 引擎故障。
pub fn changes(tx: &mut Tx<'_>, scope: &Scope, after: (i64, i64), limit: usize) -> Result<Vec<ChangeRow>> {
    let take = i64::try_from(limit).unwrap_or(i64::MAX);
    scoped_rows(tx, &CHANGES, scope, args!["open", after.0, after.1, take], limit, change, |row| (row.due, row.id))
}

/// 一条实施清单没处理的待变更。
///
/// # Errors
/// 引擎故障。
pub fn changes_of(tx: &mut Tx<'_>, implementation: i64) -> Result<Vec<ChangeRow>> {
    tx.rows(CHANGES_OF, args![implementation], change)
}

/// 一次导入必须还在。
///
/// # Errors
/// 引擎故障，或不存在。
pub fn import_found(tx: &mut Tx<'_>, id: i64) -> Result<ImportRow> {
    import_by_id(tx, id)?.ok_or_else(|| Problem::not_found().into())
}
