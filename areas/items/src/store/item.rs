//! 办理项与版本快照。

use jiff::Timestamp;
use tongban_kernel::problem::Problem;
use tongban_kernel::time::from_millis;
use tongban_kernel::{Place, Scope};
use super::catalogue::Find;
use tongban_store::{Result, Row, ScopedSql, Tx, args, scoped, scoped_rows};

use super::quality::{write_findings, write_spans};
use crate::model::codes::{OnlineDepth, TaskType, UseLevel};
use crate::model::facts::Facts;
use crate::model::lifecycle::{State, Status};
use crate::model::{Guide, Limit};

/// 一个办理项，连同工作稿。
#[derive(Debug, Clone, PartialEq)]
pub struct ItemRow {
    pub id: i64,
    pub place: Place,
    pub implementation: i64,
    pub catalogue: i64,
    pub code: String,
    pub name: String,
    pub task_type: TaskType,
    pub level: UseLevel,
    pub dept_name: String,
    pub status: Status,
    pub version: i64,
    /// 已发布的版本；0 = 从未发布。
    pub edition: i64,
    pub complete: bool,
    pub depth: OnlineDepth,
    pub visits: i64,
    pub promise: Limit,
    pub errors: i64,
    pub warnings: i64,
    /// 最近一次人工抽查有差错。
    pub wrong: bool,
    /// 暂停、取消时给群众看的话。
    pub notice: String,
    /// 预计恢复的日子，20261122；不知道为 0。
    pub resume_day: i64,
    /// 上报的账号：不能自己审自己。
    pub reporter: i64,
    /// 最近一次驳回、退回的意见。
    pub opinion: String,
    /// 定好的生效时刻。
    pub effect: Option<i64>,
    pub draft: Guide,
    pub facts: Facts,
    pub touched: Timestamp,
}

impl ItemRow {
    /// 工作台页签：有稿件看稿件，没有看本体。
    #[must_use]
    pub fn desk(&self) -> State {
        self.status.draft().unwrap_or(self.status.state)
    }

    /// 能不能收新件。
    #[must_use]
    pub fn open(&self) -> bool {
        self.status.state == State::Active
    }
}

macro_rules! item_columns {
    () => {
        "id, tenant, unit, org, implementation, catalogue, code, name, task_type, level, dept_name, state, revision, \
         version, edition, complete, depth, visits, promise, errors, warnings, wrong, notice, resume_day, reporter, \
         opinion, effect, draft, facts, touched"
    };
}
pub(super) use item_columns;

const BY_ID: &str = concat!("SELECT ", item_columns!(), " FROM items_items WHERE id = $1");
const BY_CODE: &str = concat!("SELECT ", item_columns!(), " FROM items_items WHERE code = $1");
const BY_IMPLEMENTATION: &str = concat!("SELECT ", item_columns!(), " FROM items_items WHERE implementation = $1 ORDER BY id");
const LIVE: &str = "SELECT i.id, i.tenant, i.unit, i.org, i.code, i.task_type, i.level, i.dept_name, i.state, i.edition, i.notice, \
     m.division, m.dept_code FROM items_items i JOIN items_implementations m ON m.id = i.implementation WHERE i.code = $1";
const SCAN: &str = concat!("SELECT ", item_columns!(), " FROM items_items WHERE id > $1 ORDER BY id LIMIT $2");
const SAME_CATALOGUE: &str = concat!("SELECT ", item_columns!(), " FROM items_items WHERE catalogue = $1 ORDER BY id LIMIT $2");
const DESK: ScopedSql = scoped!(
    concat!("SELECT ", item_columns!(), " FROM items_items WHERE "),
    " = $1 AND desk = $2 AND (CAST($3 AS TEXT) = '' OR REPLACE(name, $3, '') <> name OR REPLACE(code, $3, '') <> code) \
     AND (CAST($4 AS BIGINT) = 0 OR unit = $4) AND (touched, id) < ($5, $6) ORDER BY touched DESC, id DESC LIMIT $7"
);
const INSERT: &str = "INSERT INTO items_items (id, tenant, unit, org, implementation, catalogue, code, name, task_type, level, \
     dept_name, state, revision, desk, version, edition, complete, depth, visits, promise, errors, warnings, wrong, notice, \
     resume_day, reporter, opinion, effect, draft, facts, touched) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, \
     $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $29, $30, $31)";
const UPDATE: &str = "UPDATE items_items SET name = $1, state = $2, revision = $3, desk = $4, edition = $5, complete = $6, \
     depth = $7, visits = $8, promise = $9, errors = $10, warnings = $11, wrong = $12, notice = $13, resume_day = $14, \
     reporter = $15, opinion = $16, effect = $17, draft = $18, facts = $19, touched = $20, version = version + 1 \
     WHERE id = $21 AND version = $22";
const RECODE: &str = "UPDATE items_items SET code = $1, dept_name = $2 WHERE id = $3 AND version = $4";
const DELETE: &str = "DELETE FROM items_items WHERE id = $1 AND version = $2";
const CODES: &str = "SELECT code FROM items_items WHERE implementation = $1 AND id <> $2 ORDER BY code";
/// 到点：定好的生效时刻。
pub const EFFECT_DUE: &str = "SELECT id, effect FROM items_items WHERE effect <= $1 ORDER BY effect, id LIMIT $2";

pub(super) fn item(r: &Row<'_>) -> Result<ItemRow> {
    let shape = tongban_store::Error::Shape;
    let state = |text: &str| State::parse(text).ok_or(shape("办理项状态"));
    let revision: String = r.get(12)?;
    Ok(ItemRow {
        id: r.get(0)?,
        place: Place { tenant: r.get(1)?, unit: r.get(2)?, org: r.get(3)? },
        implementation: r.get(4)?,
        catalogue: r.get(5)?,
        code: r.get(6)?,
        name: r.get(7)?,
        task_type: TaskType::parse(&r.get::<String>(8)?).ok_or(shape("事项类型"))?,
        level: UseLevel::parse(&r.get::<String>(9)?).ok_or(shape("行使层级"))?,
        dept_name: r.get(10)?,
        status: Status { state: state(&r.get::<String>(11)?)?, revision: if revision.is_empty() { None } else { Some(state(&revision)?) } },
        version: r.get(13)?,
        edition: r.get(14)?,
        complete: r.get(15)?,
        depth: OnlineDepth::parse(&r.get::<String>(16)?).ok_or(shape("网办等级"))?,
        visits: r.get(17)?,
        promise: serde_json::from_str(&r.get::<String>(18)?)?,
        errors: r.get(19)?,
        warnings: r.get(20)?,
        wrong: r.get(21)?,
        notice: r.get(22)?,
        resume_day: r.get(23)?,
        reporter: r.get(24)?,
        opinion: r.get(25)?,
        effect: r.get(26)?,
        draft: serde_json::from_str(&r.get::<String>(27)?)?,
        facts: serde_json::from_str(&r.get::<String>(28)?)?,
        touched: from_millis(r.get(29)?),
    })
}

/// 锁住并读出。
///
/// # Errors
/// 引擎故障，或不存在。
pub fn lock_item(tx: &mut Tx<'_>, id: i64) -> Result<ItemRow> {
    tx.lock(BY_ID, args![id], item)?.ok_or_else(|| Problem::not_found().into())
}

/// # Errors
/// 引擎故障。
pub fn item_by_id(tx: &mut Tx<'_>, id: i64) -> Result<Option<ItemRow>> {
    tx.row(BY_ID, args![id], item)
}

/// # Errors
/// 引擎故障。
pub fn item_by_code(tx: &mut Tx<'_>, code: &str) -> Result<Option<ItemRow>> {
    tx.row(BY_CODE, args![code], item)
}

/// 收件要看的几列：不装载工作稿。
#[derive(Debug, Clone, PartialEq)]
pub struct LiveRow {
    pub id: i64,
    pub place: Place,
    pub code: String,
    pub task_type: TaskType,
    pub level: UseLevel,
    pub dept_name: String,
    pub state: State,
    pub edition: i64,
    pub notice: String,
    pub division: String,
    pub dept_code: String,
}

/// 一个办理项此刻的样子。
///
/// # Errors
/// 引擎故障。
pub fn live(tx: &mut Tx<'_>, code: &str) -> Result<Option<LiveRow>> {
    let shape = tongban_store::Error::Shape;
    tx.row(LIVE, args![code], |r| {
        Ok(LiveRow {
            id: r.get(0)?,
            place: Place { tenant: r.get(1)?, unit: r.get(2)?, org: r.get(3)? },
            code: r.get(4)?,
            task_type: TaskType::parse(&r.get::<String>(5)?).ok_or(shape("事项类型"))?,
            level: UseLevel::parse(&r.get::<String>(6)?).ok_or(shape("行使层级"))?,
            dept_name: r.get(7)?,
            state: State::parse(&r.get::<String>(8)?).ok_or(shape("办理项状态"))?,
            edition: r.get(9)?,
            notice: r.get(10)?,
            division: r.get(11)?,
            dept_code: r.get(12)?,
        })
    })
}

/// 一条实施清单下的办理项。
///
/// # Errors
/// 引擎故障。
pub fn items_of(tx: &mut Tx<'_>, implementation: i64) -> Result<Vec<ItemRow>> {
    tx.rows(BY_IMPLEMENTATION, args![implementation], item)
}

/// 同一目录在各处的办理项。
///
/// # Errors
/// 引擎故障。
pub fn same_catalogue(tx: &mut Tx<'_>, catalogue: i64, limit: i64) -> Result<Vec<ItemRow>> {
    tx.rows(SAME_CATALOGUE, args![catalogue, limit], item)
}

/// 按行键往后扫。
///
/// # Errors
/// 引擎故障。
pub fn scan_items(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<ItemRow>> {
    tx.rows(SCAN, args![after, limit], item)
}

/// 工作台的一个页签，最近动过的在前。
///
/// # Errors
/// 引擎故障。
pub fn desk_items(tx: &mut Tx<'_>, scope: &Scope, desk: State, find: &Find, before: (i64, i64), limit: usize) -> Result<Vec<ItemRow>> {
    scoped_rows(tx, &DESK, scope, args![desk.as_str(), &find.words, find.unit, before.0, before.1, i64::try_from(limit).unwrap_or(i64::MAX)], limit, item, |row| {
        std::cmp::Reverse((row.touched, row.id))
    })
}

/// 同一实施清单下别的办理项编码。
///
/// # Errors
/// 引擎故障。
pub fn sibling_codes(tx: &mut Tx<'_>, implementation: i64, except: i64) -> Result<Vec<String>> {
    tx.rows(CODES, args![implementation, except], |r| r.get(0))
}

/// # Errors
/// 引擎故障。
pub fn insert_item(tx: &mut Tx<'_>, row: &ItemRow) -> Result<()> {
    let (draft, facts) = (serde_json::to_string(&row.draft)?, serde_json::to_string(&row.facts)?);
    let promise = serde_json::to_string(&row.promise)?;
    tx.exec(
        INSERT,
        args![
            row.id,
            row.place.tenant,
            row.place.unit,
            row.place.org,
            row.implementation,
            row.catalogue,
            &row.code,
            &row.name,
            row.task_type.code(),
            row.level.code(),
            &row.dept_name,
            row.status.state.as_str(),
            row.status.revision.map_or("", State::as_str),
            row.desk().as_str(),
            row.version,
            row.edition,
            row.complete,
            row.depth.code(),
            row.visits,
            &promise,
            row.errors,
            row.warnings,
            row.wrong,
            &row.notice,
            row.resume_day,
            row.reporter,
            &row.opinion,
            row.effect,
            &draft,
            &facts,
            row.touched,
        ],
    )?;
    write_spans(tx, row.id, &row.facts)
}

/// 写回；`row.version` 是读出时的版本，写后加一。事实变了才重写时段。
///
/// # Errors
/// 引擎故障，或别人先改了。
pub fn update_item(tx: &mut Tx<'_>, row: &mut ItemRow, before: &Facts) -> Result<()> {
    let (draft, facts) = (serde_json::to_string(&row.draft)?, serde_json::to_string(&row.facts)?);
    let promise = serde_json::to_string(&row.promise)?;
    let changed = tx.exec(
        UPDATE,
        args![
            &row.name,
            row.status.state.as_str(),
            row.status.revision.map_or("", State::as_str),
            row.desk().as_str(),
            row.edition,
            row.complete,
            row.depth.code(),
            row.visits,
            &promise,
            row.errors,
            row.warnings,
            row.wrong,
            &row.notice,
            row.resume_day,
            row.reporter,
            &row.opinion,
            row.effect,
            &draft,
            &facts,
            row.touched,
            row.id,
            row.version,
        ],
    )?;
    if changed != 1 {
        return Err(Problem::stale(row.version + 1).into());
    }
    row.version += 1;
    if *before != row.facts {
        write_spans(tx, row.id, &row.facts)?;
    }
    Ok(())
}

/// 主体更名：换编码；版本由随后的写回加一。
///
/// # Errors
/// 引擎故障，或别人先改了。
pub fn recode_item(tx: &mut Tx<'_>, row: &ItemRow) -> Result<()> {
    let changed = tx.exec(RECODE, args![&row.code, &row.dept_name, row.id, row.version])?;
    if changed == 1 { Ok(()) } else { Err(Problem::stale(row.version + 1).into()) }
}

/// 撤销认领：从未发布的办理项连同检查结果一并删除。
///
/// # Errors
/// 引擎故障，或别人先改了。
pub fn delete_item(tx: &mut Tx<'_>, row: &ItemRow) -> Result<()> {
    write_findings(tx, row, &[])?;
    let changed = tx.exec(DELETE, args![row.id, row.version])?;
    if changed == 1 { Ok(()) } else { Err(Problem::stale(row.version + 1).into()) }
}

const INSERT_EDITION: &str = "INSERT INTO items_editions (item, edition, code, guide, published) VALUES ($1, $2, $3, $4, $5)";
const EDITION: &str = "SELECT item, edition, code, guide, published FROM items_editions WHERE item = $1 AND edition = $2";
const EDITIONS: &str = "SELECT edition, published FROM items_editions WHERE item = $1 ORDER BY edition DESC LIMIT 50";

/// 发布的一版。
#[derive(Debug, Clone, PartialEq)]
pub struct EditionRow {
    pub item: i64,
    pub edition: i64,
    pub code: String,
    pub guide: Guide,
    pub published: Timestamp,
}

/// # Errors
/// 引擎故障，或这一版已经有了。
pub fn insert_edition(tx: &mut Tx<'_>, row: &EditionRow) -> Result<()> {
    let guide = serde_json::to_string(&row.guide)?;
    tx.exec(INSERT_EDITION, args![row.item, row.edition, &row.code, &guide, row.published])?;
    Ok(())
}

/// # Errors
/// 引擎故障。
pub fn edition(tx: &mut Tx<'_>, item: i64, number: i64) -> Result<Option<EditionRow>> {
    tx.row(EDITION, args![item, number], |r| {
        Ok(EditionRow {
            item: r.get(0)?,
            edition: r.get(1)?,
            code: r.get(2)?,
            guide: serde_json::from_str(&r.get::<String>(3)?)?,
            published: from_millis(r.get(4)?),
        })
    })
}

/// 各版本号与发布时间，新的在前。
///
/// # Errors
/// 引擎故障。
pub fn editions(tx: &mut Tx<'_>, item: i64) -> Result<Vec<(i64, Timestamp)>> {
    tx.rows(EDITIONS, args![item], |r| Ok((r.get(0)?, from_millis(r.get(1)?))))
}

pub(super) const STATEMENTS: &[&str] = &[
    BY_ID,
    BY_CODE,
    LIVE,
    BY_IMPLEMENTATION,
    SCAN,
    SAME_CATALOGUE,
    DESK.tenant,
    DESK.unit,
    DESK.org,
    INSERT,
    UPDATE,
    RECODE,
    DELETE,
    CODES,
    EFFECT_DUE,
    INSERT_EDITION,
    EDITION,
    EDITIONS,
];
