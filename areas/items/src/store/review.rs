//! 批注、抽查、旧码、各单位的质量。

use jiff::Timestamp;
use tongban_kernel::problem::Problem;
use tongban_kernel::{Place, Scope};
use tongban_store::{Result, Row, ScopedSql, Tx, args, scoped, scoped_rows};

const INSERT_NOTE: &str =
    "INSERT INTO items_notes (id, item, field, label, text, author, at, state) VALUES ($1, $2, $3, $4, $5, $6, $7, 'open')";
const OPEN_NOTES: &str = "SELECT id, field, label, text FROM items_notes WHERE item = $1 AND state = 'open' ORDER BY id";
const DONE_NOTES: &str = "SELECT id, field, label, text FROM items_notes WHERE item = $1 AND state = 'done' AND at >= $2 ORDER BY id LIMIT 200";
const RESOLVE_NOTES: &str = "UPDATE items_notes SET state = 'done' WHERE item = $1 AND state = 'open'";
const INSERT_CHECK: &str = "INSERT INTO items_guide_checks (id, tenant, unit, org, batch, item, edition, state, errors, inspector, drawn, \
     version) VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', '', $8, $9, 1)";
const UPDATE_CHECK: &str = "UPDATE items_guide_checks SET state = $1, errors = $2, inspector = $3, version = version + 1 \
     WHERE id = $4 AND version = $5";
const CHECK: &str = "SELECT k.id, k.tenant, k.unit, k.org, k.batch, k.item, k.edition, k.state, k.errors, k.version, i.code, i.name, \
     i.dept_name FROM items_guide_checks k JOIN items_items i ON i.id = k.item WHERE k.id = $1";
const CHECKS: ScopedSql = scoped!(
    "SELECT k.id, k.tenant, k.unit, k.org, k.batch, k.item, k.edition, k.state, k.errors, k.version, i.code, i.name, i.dept_name \
     FROM items_guide_checks k JOIN items_items i ON i.id = k.item WHERE k.",
    " = $1 AND k.state = $2 AND k.id < $3 ORDER BY k.id DESC LIMIT $4"
);
const DRAWABLE: ScopedSql = scoped!(
    "SELECT id, tenant, unit, org, edition FROM items_items WHERE ",
    " = $1 AND desk = 'active' AND (touched, id) < ($2, $3) ORDER BY touched DESC, id DESC LIMIT $4"
);
const QUALITY: ScopedSql = scoped!(
    "SELECT unit, dept_name, COUNT(*), CAST(SUM(CASE WHEN state = 'active' THEN 1 ELSE 0 END) AS BIGINT), \
     CAST(SUM(CASE WHEN errors > 0 THEN 1 ELSE 0 END) AS BIGINT), CAST(SUM(CASE WHEN warnings > 0 THEN 1 ELSE 0 END) AS BIGINT), \
     CAST(SUM(CASE WHEN wrong = 1 THEN 1 ELSE 0 END) AS BIGINT), \
     CAST(SUM(CASE WHEN state = 'active' AND errors = 0 AND warnings = 0 AND wrong = 0 THEN 1 ELSE 0 END) AS BIGINT) \
     FROM items_items WHERE ",
    " = $1 AND state <> 'cancelled' GROUP BY unit, dept_name ORDER BY unit, dept_name"
);
const INSERT_OLD: &str = "INSERT INTO items_old_codes (code, item, new_code, at) VALUES ($1, $2, $3, $4)";
const OLD: &str = "SELECT new_code FROM items_old_codes WHERE code = $1";
const OLD_OF: &str = "SELECT code, at FROM items_old_codes WHERE item = $1 ORDER BY at";

pub(super) const STATEMENTS: &[&str] = &[
    INSERT_NOTE,
    OPEN_NOTES,
    DONE_NOTES,
    RESOLVE_NOTES,
    INSERT_CHECK,
    UPDATE_CHECK,
    CHECK,
    CHECKS.tenant,
    CHECKS.unit,
    CHECKS.org,
    DRAWABLE.tenant,
    DRAWABLE.unit,
    DRAWABLE.org,
    QUALITY.tenant,
    QUALITY.unit,
    QUALITY.org,
    INSERT_OLD,
    OLD,
    OLD_OF,
];

/// 一条没解决的批注。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoteRow {
    pub id: i64,
    /// 指南的字段名。
    pub field: String,
    pub label: String,
    pub text: String,
}

/// # Errors
/// 引擎故障。
pub fn insert_note(tx: &mut Tx<'_>, item: i64, note: &NoteRow, author: i64, at: Timestamp) -> Result<()> {
    tx.exec(INSERT_NOTE, args![note.id, item, &note.field, &note.label, &note.text, author, at])?;
    Ok(())
}

/// # Errors
/// 引擎故障。
pub fn open_notes(tx: &mut Tx<'_>, item: i64) -> Result<Vec<NoteRow>> {
    tx.rows(OPEN_NOTES, args![item], |r| Ok(NoteRow { id: r.get(0)?, field: r.get(1)?, label: r.get(2)?, text: r.get(3)? }))
}

/// 这一版里提过、已经再报上来的批注：审核人好看改了没有。
///
/// # Errors
/// 引擎故障。
pub fn done_notes(tx: &mut Tx<'_>, item: i64, since: Timestamp) -> Result<Vec<NoteRow>> {
    tx.rows(DONE_NOTES, args![item, since], |r| Ok(NoteRow { id: r.get(0)?, field: r.get(1)?, label: r.get(2)?, text: r.get(3)? }))
}

/// # Errors
/// 引擎故障。
pub fn resolve_notes(tx: &mut Tx<'_>, item: i64) -> Result<()> {
    tx.exec(RESOLVE_NOTES, args![item])?;
    Ok(())
}

/// 一次抽查里的一份指南。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckRow {
    pub id: i64,
    pub place: Place,
    /// 同一次抽的号相同。
    pub batch: i64,
    pub item: i64,
    pub edition: i64,
    /// `open` `right` `wrong`。
    pub state: String,
    /// 查出的差错，一行一条。
    pub errors: String,
    pub version: i64,
    pub code: String,
    pub name: String,
    pub dept_name: String,
}

fn check(r: &Row<'_>) -> Result<CheckRow> {
    Ok(CheckRow {
        id: r.get(0)?,
        place: Place { tenant: r.get(1)?, unit: r.get(2)?, org: r.get(3)? },
        batch: r.get(4)?,
        item: r.get(5)?,
        edition: r.get(6)?,
        state: r.get(7)?,
        errors: r.get(8)?,
        version: r.get(9)?,
        code: r.get(10)?,
        name: r.get(11)?,
        dept_name: r.get(12)?,
    })
}

/// 可抽的一份：行键、位置、版本。
pub type Drawable = (i64, Place, i64);

/// 范围内在用、没有在改的指南；至多 `limit` 份，最近动过的在前。
///
/// # Errors
/// 引擎故障。
pub fn drawable(tx: &mut Tx<'_>, scope: &Scope, limit: usize) -> Result<Vec<Drawable>> {
    let take = i64::try_from(limit).unwrap_or(i64::MAX);
    scoped_rows(
        tx,
        &DRAWABLE,
        scope,
        args![i64::MAX, i64::MAX, take],
        limit,
        |r| Ok((r.get(0)?, Place { tenant: r.get(1)?, unit: r.get(2)?, org: r.get(3)? }, r.get(4)?)),
        |(id, ..)| *id,
    )
}

/// # Errors
/// 引擎故障。
pub fn insert_check(tx: &mut Tx<'_>, id: i64, batch: i64, found: &Drawable, inspector: i64, at: Timestamp) -> Result<()> {
    let (item, place, edition) = found;
    tx.exec(INSERT_CHECK, args![id, place.tenant, place.unit, place.org, batch, *item, *edition, inspector, at])?;
    Ok(())
}

/// # Errors
/// 引擎故障，或不存在。
pub fn lock_check(tx: &mut Tx<'_>, id: i64) -> Result<CheckRow> {
    tx.row(CHECK, args![id], check)?.ok_or_else(|| Problem::not_found().into())
}

/// # Errors
/// 引擎故障，或别人先查了。
pub fn update_check(tx: &mut Tx<'_>, row: &CheckRow, inspector: i64) -> Result<()> {
    let changed = tx.exec(UPDATE_CHECK, args![&row.state, &row.errors, inspector, row.id, row.version])?;
    if changed == 1 { Ok(()) } else { Err(Problem::stale(row.version + 1).into()) }
}

/// 范围内的抽查，新的在前。
///
/// # Errors
/// 引擎故障。
pub fn checks(tx: &mut Tx<'_>, scope: &Scope, state: &str, before: i64, limit: usize) -> Result<Vec<CheckRow>> {
    let take = i64::try_from(limit).unwrap_or(i64::MAX);
    scoped_rows(tx, &CHECKS, scope, args![state, before, take], limit, check, |row| std::cmp::Reverse(row.id))
}

/// 一个单位的质量。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualityRow {
    pub unit: i64,
    pub dept_name: String,
    /// 全部、在用、有必须改的、有应当改的、抽查有错的、准确的。
    pub all: i64,
    pub active: i64,
    pub errors: i64,
    pub warnings: i64,
    pub wrong: i64,
    pub accurate: i64,
}

/// 单位至多这么多。
const UNITS: usize = 5_000;

/// 各单位的质量。
///
/// # Errors
/// 引擎故障。
pub fn quality_by_unit(tx: &mut Tx<'_>, scope: &Scope) -> Result<Vec<QualityRow>> {
    scoped_rows(
        tx,
        &QUALITY,
        scope,
        args![],
        UNITS,
        |r| {
            Ok(QualityRow {
                unit: r.get(0)?,
                dept_name: r.get(1)?,
                all: r.get(2)?,
                active: r.get(3)?,
                errors: r.get(4)?,
                warnings: r.get(5)?,
                wrong: r.get(6)?,
                accurate: r.get(7)?,
            })
        },
        |row| (row.unit, row.dept_name.clone()),
    )
}

/// # Errors
/// 引擎故障，或旧码已经登记过。
pub fn insert_old_code(tx: &mut Tx<'_>, old: &str, item: i64, new: &str, at: Timestamp) -> Result<()> {
    tx.exec(INSERT_OLD, args![old, item, new, at])?;
    Ok(())
}

/// 旧码现在换成了什么；不是旧码为 `None`。
///
/// # Errors
/// 引擎故障。
pub fn renamed_code(tx: &mut Tx<'_>, old: &str) -> Result<Option<String>> {
    tx.row(OLD, args![old], |r| r.get(0))
}

/// 一个办理项用过的旧码与换码时间。
///
/// # Errors
/// 引擎故障。
pub fn old_codes(tx: &mut Tx<'_>, item: i64) -> Result<Vec<(String, Timestamp)>> {
    tx.rows(OLD_OF, args![item], |r| Ok((r.get(0)?, tongban_kernel::time::from_millis(r.get(1)?))))
}
