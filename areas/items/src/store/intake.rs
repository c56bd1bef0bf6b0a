//! 导入问题单与指南纠错。

use jiff::Timestamp;
use tongban_kernel::problem::Problem;
use tongban_kernel::time::from_millis;
use tongban_kernel::{Place, Scope};
use tongban_store::{Result, Row, ScopedSql, Tx, args, scoped, scoped_rows};

const NOTE_PROBLEM: &str = "INSERT INTO items_problems (id, tenant, unit, org, source, line, kind, value, message, state, found, version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'open', $10, 1) ON CONFLICT (source, line, kind) DO NOTHING";
const PROBLEMS: ScopedSql = scoped!(
    "SELECT id, tenant, unit, org, source, line, kind, value, message, state, found, version FROM items_problems WHERE ",
    " = $1 AND state = $2 AND id > $3 ORDER BY id LIMIT $4"
);
const LOCK_PROBLEM: &str = "SELECT id, tenant, unit, org, source, line, kind, value, message, state, found, version \
     FROM items_problems WHERE id = $1";
const CLOSE_PROBLEM: &str = "UPDATE items_problems SET state = 'closed', version = version + 1 WHERE id = $1 AND version = $2";

/// 导入发现的一处脏数据。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemRow {
    pub id: i64,
    pub place: Place,
    /// 哪个文件。
    pub source: String,
    pub line: i64,
    /// 哪种：`dept_code`、`duplicate`……
    pub kind: String,
    /// 原样的脏值。
    pub value: String,
    pub message: String,
    pub state: String,
    pub found: Timestamp,
    pub version: i64,
}

fn problem(r: &Row<'_>) -> Result<ProblemRow> {
    Ok(ProblemRow {
        id: r.get(0)?,
        place: Place { tenant: r.get(1)?, unit: r.get(2)?, org: r.get(3)? },
        source: r.get(4)?,
        line: r.get(5)?,
        kind: r.get(6)?,
        value: r.get(7)?,
        message: r.get(8)?,
        state: r.get(9)?,
        found: from_millis(r.get(10)?),
        version: r.get(11)?,
    })
}

/// 记一处；同一文件同一行同一种只记一次。回答是不是新的。
///
/// # Errors
/// 引擎故障。
pub fn note_problem(tx: &mut Tx<'_>, row: &ProblemRow) -> Result<bool> {
    let added = tx.exec(
        NOTE_PROBLEM,
        args![
            row.id,
            row.place.tenant,
            row.place.unit,
            row.place.org,
            &row.source,
            row.line,
            &row.kind,
            &row.value,
            &row.message,
            row.found,
        ],
    )?;
    Ok(added == 1)
}

/// 问题单列表。
///
/// # Errors
/// 引擎故障。
pub fn problems(tx: &mut Tx<'_>, scope: &Scope, state: &str, after: i64, limit: usize) -> Result<Vec<ProblemRow>> {
    scoped_rows(tx, &PROBLEMS, scope, args![state, after, i64::try_from(limit).unwrap_or(i64::MAX)], limit, problem, |row| row.id)
}

/// # Errors
/// 引擎故障，或不存在。
pub fn lock_problem(tx: &mut Tx<'_>, id: i64) -> Result<ProblemRow> {
    tx.lock(LOCK_PROBLEM, args![id], problem)?.ok_or_else(|| Problem::not_found().into())
}

/// # Errors
/// 引擎故障，或别人先改了。
pub fn close_problem(tx: &mut Tx<'_>, row: &ProblemRow) -> Result<()> {
    let changed = tx.exec(CLOSE_PROBLEM, args![row.id, row.version])?;
    if changed == 1 { Ok(()) } else { Err(Problem::stale(row.version + 1).into()) }
}

const INSERT_CORRECTION: &str = "INSERT INTO items_corrections (id, number, tenant, unit, org, item, edition, part, text, contact, state, \
     answer, created, due, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', '', $11, $12, 1)";
const LOCK_CORRECTION: &str = "SELECT c.id, c.number, c.tenant, c.unit, c.org, c.item, c.edition, c.part, c.text, c.contact, c.state, c.answer, \
     c.created, c.due, c.version FROM items_corrections c WHERE c.number = $1";
const CORRECTIONS: ScopedSql = scoped!(
    "SELECT id, number, tenant, unit, org, item, edition, part, text, contact, state, answer, created, due, version \
     FROM items_corrections WHERE ",
    " = $1 AND state = $2 AND (due, id) > ($3, $4) ORDER BY due, id LIMIT $5"
);
const ANSWER_CORRECTION: &str = "UPDATE items_corrections SET state = $1, answer = $2, contact = $3, version = version + 1 \
     WHERE id = $4 AND version = $5";

/// 一条纠错。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorrectionRow {
    pub id: i64,
    pub number: String,
    pub place: Place,
    pub item: i64,
    pub edition: i64,
    /// 哪一块：材料、时限、地点、电话……
    pub part: String,
    pub text: String,
    /// 加密的联系方式；没留为空。
    pub contact: Vec<u8>,
    /// `open`、`fixed`、`rejected`。
    pub state: String,
    pub answer: String,
    pub created: Timestamp,
    pub due: Timestamp,
    pub version: i64,
}

fn correction(r: &Row<'_>) -> Result<CorrectionRow> {
    Ok(CorrectionRow {
        id: r.get(0)?,
        number: r.get(1)?,
        place: Place { tenant: r.get(2)?, unit: r.get(3)?, org: r.get(4)? },
        item: r.get(5)?,
        edition: r.get(6)?,
        part: r.get(7)?,
        text: r.get(8)?,
        contact: r.get(9)?,
        state: r.get(10)?,
        answer: r.get(11)?,
        created: from_millis(r.get(12)?),
        due: from_millis(r.get(13)?),
        version: r.get(14)?,
    })
}

/// # Errors
/// 引擎故障。
pub fn insert_correction(tx: &mut Tx<'_>, row: &CorrectionRow) -> Result<()> {
    tx.exec(
        INSERT_CORRECTION,
        args![
            row.id,
            &row.number,
            row.place.tenant,
            row.place.unit,
            row.place.org,
            row.item,
            row.edition,
            &row.part,
            &row.text,
            &row.contact,
            row.created,
            row.due,
        ],
    )?;
    Ok(())
}

/// # Errors
/// 引擎故障，或不存在。
pub fn lock_correction(tx: &mut Tx<'_>, number: &str) -> Result<CorrectionRow> {
    tx.lock(LOCK_CORRECTION, args![number], correction)?.ok_or_else(|| Problem::not_found().into())
}

/// 纠错待办，快到期的在前。
///
/// # Errors
/// 引擎故障。
pub fn corrections(tx: &mut Tx<'_>, scope: &Scope, state: &str, after: (i64, i64), limit: usize) -> Result<Vec<CorrectionRow>> {
    scoped_rows(
        tx,
        &CORRECTIONS,
        scope,
        args![state, after.0, after.1, i64::try_from(limit).unwrap_or(i64::MAX)],
        limit,
        correction,
        |row| (row.due, row.id),
    )
}

/// 办结一条；联系方式随之抹去。
///
/// # Errors
/// 引擎故障，或别人先改了。
pub fn answer_correction(tx: &mut Tx<'_>, row: &CorrectionRow) -> Result<()> {
    let changed = tx.exec(ANSWER_CORRECTION, args![&row.state, &row.answer, &row.contact, row.id, row.version])?;
    if changed == 1 { Ok(()) } else { Err(Problem::stale(row.version + 1).into()) }
}

pub(super) const STATEMENTS: &[&str] = &[
    NOTE_PROBLEM,
    PROBLEMS.tenant,
    PROBLEMS.unit,
    PROBLEMS.org,
    LOCK_PROBLEM,
    CLOSE_PROBLEM,
    INSERT_CORRECTION,
    LOCK_CORRECTION,
    CORRECTIONS.tenant,
    CORRECTIONS.unit,
    CORRECTIONS.org,
    ANSWER_CORRECTION,
];
