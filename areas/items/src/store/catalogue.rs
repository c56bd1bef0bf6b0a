//! 目录清单、实施清单与待认领池。

use jiff::Timestamp;
use tongban_kernel::problem::Problem;
use tongban_kernel::time::from_millis;
use tongban_kernel::{Place, Scope};
use tongban_store::{Result, Row, ScopedSql, Tx, args, scoped, scoped_rows};

use crate::model::ClaimFacts;
use crate::model::codes::{TaskType, UseLevel};
use crate::model::lifecycle::PoolState;

/// 一条目录。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueRow {
    pub id: i64,
    pub code: String,
    pub local_code: String,
    pub name: String,
    /// 主项名；没有主项为空。
    pub main_name: String,
    pub task_type: TaskType,
    pub levels: Vec<UseLevel>,
    pub basis: String,
    /// `active` 在用、`suspended` 暂停、`cancelled` 取消。
    pub state: String,
    pub version: i64,
    /// 计划生效、计划取消日期 2026-12-01；没有为空。
    pub plan_effective: String,
    pub plan_cancel: String,
}

macro_rules! catalogue_columns {
    () => {
        "id, code, local_code, name, main_name, task_type, levels, basis, state, version, plan_effective, plan_cancel"
    };
}
pub(super) use catalogue_columns;

const CATALOGUE_BY_NAME: &str = concat!("SELECT ", catalogue_columns!(), " FROM items_catalogues WHERE task_type = $1 AND name = $2");
const CATALOGUE_BY_ID: &str = concat!("SELECT ", catalogue_columns!(), " FROM items_catalogues WHERE id = $1");
const CATALOGUE_BY_CODE: &str = concat!("SELECT ", catalogue_columns!(), " FROM items_catalogues WHERE code = $1");
const LAST_CATALOGUE_CODE: &str = "SELECT code FROM items_catalogues WHERE code >= $1 AND code < $2 ORDER BY code DESC LIMIT 1";
const INSERT_CATALOGUE: &str = "INSERT INTO items_catalogues \
     (id, code, local_code, name, main_name, task_type, levels, basis, state, version, updated, plan_effective, plan_cancel) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const UPDATE_CATALOGUE: &str = "UPDATE items_catalogues SET local_code = $1, name = $2, main_name = $3, levels = $4, \
     basis = $5, state = $6, version = version + 1, updated = $7, plan_effective = $8, plan_cancel = $9 WHERE id = $10 AND version = $11";

pub(super) fn catalogue(r: &Row<'_>) -> Result<CatalogueRow> {
    Ok(CatalogueRow {
        id: r.get(0)?,
        code: r.get(1)?,
        local_code: r.get(2)?,
        name: r.get(3)?,
        main_name: r.get(4)?,
        task_type: TaskType::parse(&r.get::<String>(5)?).ok_or(tongban_store::Error::Shape("事项类型"))?,
        levels: split(&r.get::<String>(6)?).filter_map(UseLevel::parse).collect(),
        basis: r.get(7)?,
        state: r.get(8)?,
        version: r.get(9)?,
        plan_effective: r.get(10)?,
        plan_cancel: r.get(11)?,
    })
}

/// 多值字段以 `^` 相连。
pub fn split(text: &str) -> impl Iterator<Item = &str> {
    text.split('^').filter(|part| !part.is_empty())
}

/// 多值字段：升序、去重、以 `^` 相连。
#[must_use]
pub fn join<'a>(codes: impl IntoIterator<Item = &'a str>) -> String {
    let mut codes: Vec<&str> = codes.into_iter().collect();
    codes.sort_unstable();
    codes.dedup();
    codes.join("^")
}

/// # Errors
/// 引擎故障。
pub fn catalogue_by_name(tx: &mut Tx<'_>, task_type: TaskType, name: &str) -> Result<Option<CatalogueRow>> {
    tx.lock(CATALOGUE_BY_NAME, args![task_type.code(), name], catalogue)
}

/// # Errors
/// 引擎故障，或目录不存在。
pub fn catalogue_by_id(tx: &mut Tx<'_>, id: i64) -> Result<CatalogueRow> {
    tx.row(CATALOGUE_BY_ID, args![id], catalogue)?.ok_or_else(|| Problem::not_found().into())
}

/// 锁住并读出。
///
/// # Errors
/// 引擎故障。
pub fn lock_catalogue(tx: &mut Tx<'_>, code: &str) -> Result<Option<CatalogueRow>> {
    tx.lock(CATALOGUE_BY_CODE, args![code], catalogue)
}

/// # Errors
/// 引擎故障。
pub fn catalogue_by_code(tx: &mut Tx<'_>, code: &str) -> Result<Option<CatalogueRow>> {
    tx.row(CATALOGUE_BY_CODE, args![code], catalogue)
}

/// 同区划同类型里最大的基本编码。
///
/// # Errors
/// 引擎故障。
pub fn last_catalogue_code(tx: &mut Tx<'_>, prefix: &str) -> Result<Option<String>> {
    tx.row(LAST_CATALOGUE_CODE, args![prefix, &format!("{prefix}~")], |r| r.get(0))
}

/// # Errors
/// 引擎故障。
pub fn insert_catalogue(tx: &mut Tx<'_>, row: &CatalogueRow, at: Timestamp) -> Result<()> {
    let levels = join(row.levels.iter().map(|level| level.code()));
    tx.exec(
        INSERT_CATALOGUE,
        args![
            row.id,
            &row.code,
            &row.local_code,
            &row.name,
            &row.main_name,
            row.task_type.code(),
            &levels,
            &row.basis,
            &row.state,
            row.version,
            at,
            &row.plan_effective,
            &row.plan_cancel,
        ],
    )?;
    Ok(())
}

/// # Errors
/// 引擎故障，或别人先改了。
pub fn update_catalogue(tx: &mut Tx<'_>, row: &CatalogueRow, at: Timestamp) -> Result<()> {
    let levels = join(row.levels.iter().map(|level| level.code()));
    let changed = tx.exec(
        UPDATE_CATALOGUE,
        args![
            &row.local_code,
            &row.name,
            &row.main_name,
            &levels,
            &row.basis,
            &row.state,
            at,
            &row.plan_effective,
            &row.plan_cancel,
            row.id,
            row.version
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(Problem::stale(row.version + 1).into()) }
}

/// 一条实施清单。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImplementationRow {
    pub id: i64,
    pub place: Place,
    pub catalogue: i64,
    pub code: String,
    pub level: UseLevel,
    pub dept_name: String,
    pub dept_code: String,
    pub division: String,
    pub local_code: String,
    pub local_dept_code: String,
    pub state: PoolState,
    pub reason: String,
    pub pooled: Timestamp,
    /// 超过一个工作日没有处理。
    pub overdue: bool,
    /// 用过的最大顺序号；删了也不复用。
    pub last_number: i64,
    pub clock: Option<i64>,
    pub version: i64,
    pub facts: ClaimFacts,
}

macro_rules! implementation_columns {
    () => {
        "id, tenant, unit, org, catalogue, code, level, dept_name, dept_code, division, local_code, \
         local_dept_code, state, reason, pooled, overdue, last_number, clock, version, facts"
    };
}

const BY_ID: &str = concat!("SELECT ", implementation_columns!(), " FROM items_implementations WHERE id = $1");
const BY_CODE: &str = concat!("SELECT ", implementation_columns!(), " FROM items_implementations WHERE code = $1");
const CLAIMED: &str = concat!(
    "SELECT ",
    implementation_columns!(),
    " FROM items_implementations WHERE catalogue = $1 AND state = 'claimed' ORDER BY id LIMIT $2"
);
const INSERT: &str = "INSERT INTO items_implementations (id, tenant, unit, org, catalogue, code, level, dept_name, \
     dept_code, division, local_code, local_dept_code, state, reason, pooled, overdue, last_number, clock, version, facts) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)";
const UPDATE: &str = "UPDATE items_implementations SET state = $1, reason = $2, overdue = $3, last_number = $4, clock = $5, \
     local_code = $6, local_dept_code = $7, pooled = $8, facts = $9, version = version + 1 WHERE id = $10 AND version = $11";
const SCAN: &str = concat!("SELECT ", implementation_columns!(), " FROM items_implementations WHERE id > $1 ORDER BY id LIMIT $2");
const OF_ORG: &str =
    concat!("SELECT ", implementation_columns!(), " FROM items_implementations WHERE org = $1 AND id > $2 ORDER BY id LIMIT $3");
const RECODE: &str = "UPDATE items_implementations SET code = $1, dept_name = $2, dept_code = $3, version = version + 1 \
     WHERE id = $4 AND version = $5";
const MARK_DEVOLVED: &str = "UPDATE items_implementations SET devolved = $1 WHERE id = $2";
const DEVOLVED: &str = "SELECT devolved FROM items_implementations WHERE id = $1 AND devolved <> 0";
const TAKEN: &str = "SELECT COUNT(*) FROM items_implementations WHERE catalogue = $1 AND org = $2 AND id <> $3 \
     AND state <> 'declined'";
const POOL: ScopedSql = scoped!(
    "SELECT p.id, p.tenant, p.unit, p.org, p.catalogue, p.code, p.level, p.dept_name, p.dept_code, p.division, \
     p.local_code, p.local_dept_code, p.state, p.reason, p.pooled, p.overdue, p.last_number, p.clock, p.version, p.facts, c.name, c.task_type \
     FROM items_implementations p JOIN items_catalogues c ON c.id = p.catalogue WHERE p.",
    " = $1 AND p.state = $2 AND (CAST($3 AS TEXT) = '' OR REPLACE(c.name, $3, '') <> c.name OR REPLACE(p.code, $3, '') <> p.code) \
     AND (CAST($4 AS BIGINT) = 0 OR p.unit = $4) AND (p.pooled, p.id) > ($5, $6) ORDER BY p.pooled, p.id LIMIT $7"
);
/// 到点：认领超过一个工作日没处理。
pub const CLAIM_DUE: &str = "SELECT id, clock FROM items_implementations WHERE clock <= $1 ORDER BY clock, id LIMIT $2";

pub(super) const STATEMENTS: &[&str] = &[
    CATALOGUE_BY_NAME,
    CATALOGUE_BY_ID,
    CATALOGUE_BY_CODE,
    LAST_CATALOGUE_CODE,
    INSERT_CATALOGUE,
    UPDATE_CATALOGUE,
    BY_ID,
    BY_CODE,
    CLAIMED,
    INSERT,
    UPDATE,
    SCAN,
    OF_ORG,
    RECODE,
    MARK_DEVOLVED,
    DEVOLVED,
    TAKEN,
    POOL.tenant,
    POOL.unit,
    POOL.org,
    CLAIM_DUE,
];

fn implementation(r: &Row<'_>) -> Result<ImplementationRow> {
    let shape = tongban_store::Error::Shape;
    let text: String = r.get(19)?;
    let facts = if text.is_empty() { former_facts(r)? } else { serde_json::from_str(&text)? };
    Ok(ImplementationRow {
        id: r.get(0)?,
        place: Place { tenant: r.get(1)?, unit: r.get(2)?, org: r.get(3)? },
        catalogue: r.get(4)?,
        code: r.get(5)?,
        level: UseLevel::parse(&r.get::<String>(6)?).ok_or(shape("行使层级"))?,
        dept_name: r.get(7)?,
        dept_code: r.get(8)?,
        division: r.get(9)?,
        local_code: r.get(10)?,
        local_dept_code: r.get(11)?,
        state: PoolState::parse(&r.get::<String>(12)?).ok_or(shape("待认领状态"))?,
        reason: r.get(13)?,
        pooled: from_millis(r.get(14)?),
        overdue: r.get(15)?,
        last_number: r.get(16)?,
        clock: r.get(17)?,
        version: r.get(18)?,
        facts,
    })
}

/// 还没有记过事实的老记录：按现状从下发那天算起。
fn former_facts(r: &Row<'_>) -> Result<ClaimFacts> {
    let day = tongban_kernel::time::day_number(tongban_kernel::time::date_of(from_millis(r.get(14)?)));
    let state = PoolState::parse(&r.get::<String>(12)?).ok_or(tongban_store::Error::Shape("待认领状态"))?;
    let overdue: bool = r.get(15)?;
    Ok(ClaimFacts { org: r.get(3)?, pooled: day, ..ClaimFacts::default() }.after(state, overdue, day))
}

/// 锁住并读出。
///
/// # Errors
/// 引擎故障，或不存在。
pub fn lock_implementation(tx: &mut Tx<'_>, id: i64) -> Result<ImplementationRow> {
    tx.lock(BY_ID, args![id], implementation)?.ok_or_else(|| Problem::not_found().into())
}

/// # Errors
/// 引擎故障。
pub fn implementation_by_id(tx: &mut Tx<'_>, id: i64) -> Result<Option<ImplementationRow>> {
    tx.row(BY_ID, args![id], implementation)
}

/// # Errors
/// 引擎故障。
pub fn implementation_by_code(tx: &mut Tx<'_>, code: &str) -> Result<Option<ImplementationRow>> {
    tx.lock(BY_CODE, args![code], implementation)
}

/// 认领了这条目录的实施清单。
///
/// # Errors
/// 引擎故障。
pub fn claimed_of(tx: &mut Tx<'_>, catalogue: i64, limit: i64) -> Result<Vec<ImplementationRow>> {
    tx.rows(CLAIMED, args![catalogue, limit], implementation)
}

/// # Errors
/// 引擎故障。
pub fn insert_implementation(tx: &mut Tx<'_>, row: &ImplementationRow) -> Result<()> {
    let facts = serde_json::to_string(&row.facts)?;
    tx.exec(
        INSERT,
        args![
            row.id,
            row.place.tenant,
            row.place.unit,
            row.place.org,
            row.catalogue,
            &row.code,
            row.level.code(),
            &row.dept_name,
            &row.dept_code,
            &row.division,
            &row.local_code,
            &row.local_dept_code,
            row.state.as_str(),
            &row.reason,
            row.pooled,
            row.overdue,
            row.last_number,
            row.clock,
            row.version,
            &facts,
        ],
    )?;
    Ok(())
}

/// 写回；`row.version` 是读出时的版本，写后加一。
///
/// # Errors
/// 引擎故障，或别人先改了。
pub fn update_implementation(tx: &mut Tx<'_>, row: &mut ImplementationRow) -> Result<()> {
    let facts = serde_json::to_string(&row.facts)?;
    let changed = tx.exec(
        UPDATE,
        args![
            row.state.as_str(),
            &row.reason,
            row.overdue,
            row.last_number,
            row.clock,
            &row.local_code,
            &row.local_dept_code,
            row.pooled,
            &facts,
            row.id,
            row.version,
        ],
    )?;
    if changed != 1 {
        return Err(Problem::stale(row.version + 1).into());
    }
    row.version += 1;
    Ok(())
}

/// 按行键往后扫。
///
/// # Errors
/// 引擎故障。
pub fn scan_implementations(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<ImplementationRow>> {
    tx.rows(SCAN, args![after, limit], implementation)
}

/// 一个叶机构的实施清单，按行键往后。
///
/// # Errors
/// 引擎故障。
pub fn implementations_of(tx: &mut Tx<'_>, org: i64, after: i64, limit: i64) -> Result<Vec<ImplementationRow>> {
    tx.rows(OF_ORG, args![org, after, limit], implementation)
}

/// 主体更名：换编码与主体。
///
/// # Errors
/// 引擎故障，或别人先改了。
pub fn recode_implementation(tx: &mut Tx<'_>, row: &mut ImplementationRow) -> Result<()> {
    let changed = tx.exec(RECODE, args![&row.code, &row.dept_name, &row.dept_code, row.id, row.version])?;
    if changed != 1 {
        return Err(Problem::stale(row.version + 1).into());
    }
    row.version += 1;
    Ok(())
}

/// 记下承接的是上级哪一个办理项。
///
/// # Errors
/// 引擎故障。
pub fn mark_devolved(tx: &mut Tx<'_>, id: i64, item: i64) -> Result<()> {
    tx.exec(MARK_DEVOLVED, args![item, id])?;
    Ok(())
}

/// 承接的是上级哪一个办理项；不是承接的为 `None`。
///
/// # Errors
/// 引擎故障。
pub fn devolved_from(tx: &mut Tx<'_>, id: i64) -> Result<Option<i64>> {
    tx.row(DEVOLVED, args![id], |r| r.get(0))
}

/// V06：同一主体对同一目录还有别的没取消的实施清单。
///
/// # Errors
/// 引擎故障。
pub fn catalogue_taken(tx: &mut Tx<'_>, catalogue: i64, org: i64, except: i64) -> Result<bool> {
    Ok(tx.row(TAKEN, args![catalogue, org, except], |r| r.get::<i64>(0))?.unwrap_or(0) > 0)
}

/// 清单上的筛选：名称或编码里的字、单位的机构行键；空的、零的不筛。
#[derive(Debug, Clone, Default)]
pub struct Find {
    pub words: String,
    pub unit: i64,
}

/// 待认领池的一行。
#[derive(Debug, Clone)]
pub struct PoolEntry {
    pub row: ImplementationRow,
    pub name: String,
    pub task_type: TaskType,
}

/// 待认领池，先来的在前。
///
/// # Errors
/// 引擎故障。
pub fn pool(tx: &mut Tx<'_>, scope: &Scope, state: PoolState, find: &Find, after: (i64, i64), limit: usize) -> Result<Vec<PoolEntry>> {
    scoped_rows(
        tx,
        &POOL,
        scope,
        args![state.as_str(), &find.words, find.unit, after.0, after.1, i64::try_from(limit).unwrap_or(i64::MAX)],
        limit,
        |r| {
            Ok(PoolEntry {
                row: implementation(r)?,
                name: r.get(20)?,
                task_type: TaskType::parse(&r.get::<String>(21)?).ok_or(tongban_store::Error::Shape("事项类型"))?,
            })
        },
        |entry| (entry.row.pooled, entry.row.id),
    )
}
