//! 行业系统成批补录：批次、字段对照、对账发现。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_store::{Error, Result, Row, Tx, args};

macro_rules! columns {
    () => {
        "id, tenant, org, system, file, file_name, state, total, done, linked, existed, failed, late, differs, ours_only, staff, staff_name, \
         created, finished, version, coverage, from_at, to_at"
    };
}

const ADD: &str = concat!(
    "INSERT INTO cases_imports (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)"
);
const SAVE: &str = "UPDATE cases_imports SET state = $1, total = $2, done = $3, linked = $4, existed = $5, failed = $6, late = $7, differs = $8, \
     ours_only = $9, finished = $10, coverage = $11, from_at = $12, to_at = $13, version = $14 WHERE id = $15 AND version = $16";
const ONE: &str = concat!("SELECT ", columns!(), " FROM cases_imports WHERE id = $1");
const LIST: &str = concat!("SELECT ", columns!(), " FROM cases_imports WHERE tenant = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
const MAPPING: &str = "SELECT body FROM cases_mappings WHERE tenant = $1 AND system = $2";
const SAVE_MAPPING: &str = "INSERT INTO cases_mappings (tenant, system, body, updated) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (tenant, system) DO UPDATE SET body = excluded.body, updated = excluded.updated";
const FOUND: &str = "INSERT INTO cases_findings (import, kind, line, number, case_no, detail) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (import, kind, line, number) DO NOTHING";
const FINDINGS: &str = "SELECT line, number, case_no, detail FROM cases_findings WHERE import = $1 AND kind = $2 AND (line, number) > ($3, $4) \
     ORDER BY line, number LIMIT $5";
const LINKED: &str = "SELECT case_no, external_no, outcome, decided_at, linked_in_time FROM cases_cases WHERE external_system = $1 AND external_no = $2 \
     AND external_no IS NOT NULL";
const OURS: &str = "SELECT c.external_no, c.case_no, c.decided_at FROM cases_cases c WHERE c.external_system = $1 AND c.external_no > $2 \
     AND c.external_no IS NOT NULL AND c.tenant = $3 AND c.decided_at >= $4 AND c.decided_at <= $5 \
     AND NOT EXISTS (SELECT 1 FROM cases_import_seen s WHERE s.import = $6 AND s.number = c.external_no) ORDER BY c.external_no LIMIT $7";
const OURS_OF_ITEMS: &str = "SELECT c.external_no, c.case_no, c.decided_at FROM cases_cases c WHERE c.external_system = $1 AND c.external_no > $2 \
     AND c.external_no IS NOT NULL AND c.tenant = $3 AND c.decided_at >= $4 AND c.decided_at <= $5 \
     AND EXISTS (SELECT 1 FROM cases_import_items i WHERE i.import = $6 AND i.item_code = c.item_code) \
     AND NOT EXISTS (SELECT 1 FROM cases_import_seen s WHERE s.import = $6 AND s.number = c.external_no) ORDER BY c.external_no LIMIT $7";
const ITEM: &str = "INSERT INTO cases_import_items (import, item_code) VALUES ($1, $2) ON CONFLICT (import, item_code) DO NOTHING";
const SEEN: &str = "INSERT INTO cases_import_seen (import, number) VALUES ($1, $2) ON CONFLICT (import, number) DO NOTHING";
const SEEN_PAGE: &str = "SELECT number FROM cases_import_seen WHERE import = $1 ORDER BY number LIMIT $2";
const FORGET: &str = "DELETE FROM cases_import_seen WHERE import = $1 AND number <= $2";
const OURS_ONLY: &str = "SELECT COUNT(*) FROM cases_findings WHERE import = $1 AND kind = 'ours_only'";
const SAME_FILE: &str = concat!("SELECT ", columns!(), " FROM cases_imports WHERE tenant = $1 AND file = $2 AND system = $3 ORDER BY id DESC LIMIT 1");
pub(super) const STATEMENTS: &[&str] = &[ADD, SAVE, ONE, LIST, MAPPING, SAVE_MAPPING, FOUND, FINDINGS, LINKED, OURS, OURS_OF_ITEMS, ITEM, SEEN, SEEN_PAGE, FORGET, OURS_ONLY, SAME_FILE];

/// 批次的状态。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportState {
    /// 等人核对字段对照。
    Preview,
    Running,
    Done,
}

impl ImportState {
    pub const ALL: [Self; 3] = [Self::Preview, Self::Running, Self::Done];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Running => "running",
            Self::Done => "done",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Preview => "待核对",
            Self::Running => "补录中",
            Self::Done => "补录完",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// 一份表包括哪些：对账时“我方有、对方没有”只在它说包括的里面找。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coverage {
    /// 对方系统这段时间的全部。
    All,
    /// 表里出现的这些事项、这段时间的全部。
    Items,
    /// 只是一部分：不找“我方有、对方没有”的。
    Part,
}

impl Coverage {
    pub const ALL: [Self; 3] = [Self::Items, Self::All, Self::Part];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Items => "items",
            Self::Part => "part",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::All => "这个系统这段时间办结的全部件",
            Self::Items => "表里出现的这些事项，这段时间办结的全部件",
            Self::Part => "只是其中一部分，不找“我方有、对方没有”的",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|coverage| coverage.as_str() == text)
    }
}

/// 一批。
#[derive(Debug, Clone)]
pub struct Import {
    pub id: i64,
    pub tenant: i64,
    pub org: i64,
    pub system: String,
    /// 交来的文件在文件库里的名字。
    pub file: String,
    pub file_name: String,
    pub state: ImportState,
    pub total: i64,
    pub done: i64,
    pub linked: i64,
    pub existed: i64,
    pub failed: i64,
    pub late: i64,
    pub differs: i64,
    pub ours_only: i64,
    pub staff: i64,
    pub staff_name: String,
    pub created: Timestamp,
    pub finished: Option<Timestamp>,
    pub version: i64,
    pub coverage: Coverage,
    /// 包括的是哪段时间办结的；没写的按表里最早、最晚的。
    pub from: Option<Timestamp>,
    pub to: Option<Timestamp>,
}

fn row(r: &Row<'_>) -> Result<Import> {
    let state: String = r.get(6)?;
    Ok(Import {
        id: r.get(0)?,
        tenant: r.get(1)?,
        org: r.get(2)?,
        system: r.get(3)?,
        file: r.get(4)?,
        file_name: r.get(5)?,
        state: ImportState::parse(&state).ok_or(Error::Shape("补录批次状态"))?,
        total: r.get(7)?,
        done: r.get(8)?,
        linked: r.get(9)?,
        existed: r.get(10)?,
        failed: r.get(11)?,
        late: r.get(12)?,
        differs: r.get(13)?,
        ours_only: r.get(14)?,
        staff: r.get(15)?,
        staff_name: r.get(16)?,
        created: from_millis(r.get(17)?),
        finished: r.get::<Option<i64>>(18)?.map(from_millis),
        version: r.get(19)?,
        coverage: Coverage::parse(&r.get::<String>(20)?).ok_or(Error::Shape("对账范围"))?,
        from: r.get::<Option<i64>>(21)?.map(from_millis),
        to: r.get::<Option<i64>>(22)?.map(from_millis),
    })
}

/// 登记一批。
pub fn add(tx: &mut Tx<'_>, i: &Import) -> Result<()> {
    tx.exec(
        ADD,
        args![
            i.id, i.tenant, i.org, &i.system, &i.file, &i.file_name, i.state.as_str(), i.total, i.done, i.linked, i.existed, i.failed, i.late,
            i.differs, i.ours_only, i.staff, &i.staff_name, i.created, i.finished, i.version, i.coverage.as_str(), i.from, i.to,
        ],
    )?;
    Ok(())
}

/// 写回进度；`version` 已是新版本号。
pub fn save(tx: &mut Tx<'_>, i: &Import) -> Result<()> {
    let changed = tx.exec(
        SAVE,
        args![
            i.state.as_str(), i.total, i.done, i.linked, i.existed, i.failed, i.late, i.differs, i.ours_only, i.finished, i.coverage.as_str(), i.from, i.to,
            i.version, i.id,
            i.version - 1,
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(tongban_kernel::Problem::stale(i.version).into()) }
}

/// 锁住一批。
pub fn lock(tx: &mut Tx<'_>, id: i64) -> Result<Option<Import>> {
    tx.lock(ONE, args![id], row)
}

/// 读一批。
pub fn find(tx: &mut Tx<'_>, id: i64) -> Result<Option<Import>> {
    tx.row(ONE, args![id], row)
}

/// 本县区的各批，最近的在前。
pub fn list(tx: &mut Tx<'_>, tenant: i64, before: i64, limit: i64) -> Result<Vec<Import>> {
    tx.rows(LIST, args![tenant, before, limit], row)
}

/// 某系统存下的字段对照。
pub fn mapping(tx: &mut Tx<'_>, tenant: i64, system: &str) -> Result<Option<String>> {
    tx.row(MAPPING, args![tenant, system], |r| r.get(0))
}

/// 存下字段对照。
pub fn save_mapping(tx: &mut Tx<'_>, tenant: i64, system: &str, body: &str, at: Timestamp) -> Result<()> {
    tx.exec(SAVE_MAPPING, args![tenant, system, body, at])?;
    Ok(())
}

/// 一条发现：行错、对方有我方无、我方有对方无、两边不一致、补录晚了。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// 文件里的行号；不在文件里的为 0。
    pub line: i64,
    pub number: String,
    pub case_no: String,
    pub detail: String,
}

/// 记一条发现。
pub fn add_finding(tx: &mut Tx<'_>, import: i64, kind: &str, f: &Finding) -> Result<()> {
    tx.exec(FOUND, args![import, kind, f.line, &f.number, &f.case_no, &f.detail])?;
    Ok(())
}

/// 这份表里有这个事项。
pub fn has_item(tx: &mut Tx<'_>, import: i64, item_code: &str) -> Result<()> {
    tx.exec(ITEM, args![import, item_code])?;
    Ok(())
}

/// 某种发现，按行号。
pub fn findings(tx: &mut Tx<'_>, import: i64, kind: &str, after: (i64, &str), limit: i64) -> Result<Vec<Finding>> {
    tx.rows(FINDINGS, args![import, kind, after.0, after.1, limit], |r| {
        Ok(Finding { line: r.get(0)?, number: r.get(1)?, case_no: r.get(2)?, detail: r.get(3)? })
    })
}

/// 已经补录的一件：编号、结果、办结时刻。
#[derive(Debug, Clone)]
pub struct Linked {
    pub case_no: String,
    pub outcome: String,
    pub decided_at: Option<Timestamp>,
}

/// 按系统与编号找已补录的。
pub fn linked(tx: &mut Tx<'_>, system: &str, number: &str) -> Result<Option<Linked>> {
    tx.row(LINKED, args![system, number], |r| {
        Ok(Linked {
            case_no: r.get(0)?,
            outcome: r.get::<Option<String>>(2)?.unwrap_or_default(),
            decided_at: r.get::<Option<i64>>(3)?.map(from_millis),
        })
    })
}

/// 我方有、对方表里没有的一页：业务编号、办件编号、办结时间，按业务编号接着翻。
pub fn ours(tx: &mut Tx<'_>, import: &Import, span: (Timestamp, Timestamp), after: &str, limit: i64) -> Result<Vec<(String, String, Timestamp)>> {
    let (from, to) = span;
    let sql = if import.coverage == Coverage::Items { OURS_OF_ITEMS } else { OURS };
    tx.rows(sql, args![&import.system, after, import.tenant, from, to, import.id, limit], |r| Ok((r.get(0)?, r.get(1)?, from_millis(r.get(2)?))))
}

/// 记下对方表里有这个编号。
pub fn seen(tx: &mut Tx<'_>, import: i64, number: &str) -> Result<()> {
    tx.exec(SEEN, args![import, number])?;
    Ok(())
}

/// 对完账，清掉一批编号；没有了回答假。
pub fn forget(tx: &mut Tx<'_>, import: i64, limit: i64) -> Result<bool> {
    let Some(last) = tx.rows(SEEN_PAGE, args![import, limit], |r| r.get::<String>(0))?.pop() else { return Ok(false) };
    tx.exec(FORGET, args![import, &last])?;
    Ok(true)
}

/// 我方有、对方没有的记了几件。
pub fn ours_only(tx: &mut Tx<'_>, import: i64) -> Result<i64> {
    Ok(tx.row(OURS_ONLY, args![import], |r| r.get(0))?.unwrap_or(0))
}

/// 同一系统同一份文件最近的一批；命令行接着做用。
pub fn same_file(tx: &mut Tx<'_>, tenant: i64, file: &str, system: &str) -> Result<Option<Import>> {
    tx.row(SAME_FILE, args![tenant, file, system], row)
}
