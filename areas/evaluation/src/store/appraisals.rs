//! 综合点评与监督查评的检查单。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_kernel::{Place, Scope};
use tongban_store::{Error, Result, Row, ScopedSql, Tx, args, scoped};

use crate::model::inspection::InspectionState;
use crate::model::{Satisfaction, TextReview};

const ADD: &str = "INSERT INTO evaluation_appraisals (id, target, org, target_name, tenant, level, content, person, review, answer, at, version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const LOCK: &str = "SELECT id, target, org, target_name, tenant, level, content, person, review, answer, at, version FROM evaluation_appraisals WHERE id = $1";
const LIST: &str = "SELECT id, target, org, target_name, tenant, level, content, person, review, answer, at, version FROM evaluation_appraisals \
     WHERE tenant = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
const OPEN: &str = "SELECT id, target, org, target_name, tenant, level, content, person, review, answer, at, version FROM evaluation_appraisals \
     WHERE review = 1 ORDER BY id DESC LIMIT $1";
const SETTLE: &str = "UPDATE evaluation_appraisals SET review = $1, answer = $2, version = $3 WHERE id = $4 AND version = $5";
const ADD_SHEET: &str = "INSERT INTO evaluation_inspections (id, tenant, unit, org, org_name, way, day, inspector, level, found, due_day, state, mended, \
     at, closed, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)";
const SHEET: &str = "SELECT id, tenant, unit, org, org_name, way, day, inspector, level, found, due_day, state, mended, at, closed, version \
     FROM evaluation_inspections WHERE id = $1";
static SHEETS: ScopedSql = scoped!(
    "SELECT id, tenant, unit, org, org_name, way, day, inspector, level, found, due_day, state, mended, at, closed, version FROM evaluation_inspections WHERE ",
    " = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
);
const SAVE_SHEET: &str = "UPDATE evaluation_inspections SET state = $1, mended = $2, closed = $3, version = $4 WHERE id = $5 AND version = $6";
pub(super) const STATEMENTS: &[&str] = &[ADD, LOCK, LIST, OPEN, SETTLE, ADD_SHEET, SHEET, SHEETS.tenant, SHEETS.unit, SHEETS.org, SAVE_SHEET];

/// 一条综合点评。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appraisal {
    pub id: i64,
    /// `org`、`platform`、`policy`。
    pub target: String,
    pub org: i64,
    pub target_name: String,
    pub tenant: i64,
    pub level: Satisfaction,
    pub text: Option<String>,
    pub person: i64,
    pub review: TextReview,
    pub answer: String,
    pub at: Timestamp,
    pub version: i64,
}

type Raw = (Appraisal, Option<Vec<u8>>);

fn appraisal(r: &Row<'_>) -> Result<Raw> {
    let row = Appraisal {
        id: r.get(0)?,
        target: r.get(1)?,
        org: r.get(2)?,
        target_name: r.get(3)?,
        tenant: r.get(4)?,
        level: Satisfaction::from_code(r.get(5)?).ok_or(Error::Shape("点评级别"))?,
        text: None,
        person: r.get(7)?,
        review: TextReview::from_code(r.get(8)?),
        answer: r.get(9)?,
        at: from_millis(r.get(10)?),
        version: r.get(11)?,
    };
    Ok((row, r.get(6)?))
}

fn opened(tx: &Tx<'_>, (row, sealed): Raw) -> Result<Appraisal> {
    Ok(Appraisal { text: sealed.map(|sealed| tx.unseal(&sealed)).transpose()?, ..row })
}

pub fn add_appraisal(tx: &mut Tx<'_>, a: &Appraisal) -> Result<()> {
    let sealed = a.text.as_ref().map(|text| tx.seal(text));
    tx.exec(
        ADD,
        args![a.id, &a.target, a.org, &a.target_name, a.tenant, a.level.code(), sealed.as_deref(), a.person, a.review.code(), &a.answer, a.at, a.version],
    )?;
    Ok(())
}

pub fn lock_appraisal(tx: &mut Tx<'_>, id: i64) -> Result<Option<Appraisal>> {
    let raw = tx.lock(LOCK, args![id], appraisal)?;
    raw.map(|raw| opened(tx, raw)).transpose()
}

/// 一个县区的，新的在前。
pub fn appraisals(tx: &mut Tx<'_>, tenant: i64, before: i64, limit: i64) -> Result<Vec<Appraisal>> {
    tx.rows(LIST, args![tenant, before, limit], appraisal)?.into_iter().map(|raw| opened(tx, raw)).collect()
}

/// 公开的，新的在前。
pub fn open_appraisals(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Appraisal>> {
    tx.rows(OPEN, args![limit], appraisal)?.into_iter().map(|raw| opened(tx, raw)).collect()
}

/// 写回；`version` 已是新版本号。
pub fn settle_appraisal(tx: &mut Tx<'_>, a: &Appraisal) -> Result<bool> {
    Ok(tx.exec(SETTLE, args![a.review.code(), &a.answer, a.version, a.id, a.version - 1])? == 1)
}

/// 一张检查单。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    pub id: i64,
    pub place: Place,
    pub org_name: String,
    pub way: String,
    pub day: i64,
    pub inspector: String,
    pub level: Satisfaction,
    pub found: String,
    /// 整改期限；没有问题为 0。
    pub due_day: i64,
    pub state: InspectionState,
    pub mended: String,
    pub at: Timestamp,
    pub closed: Option<Timestamp>,
    pub version: i64,
}

fn sheet(r: &Row<'_>) -> Result<Inspection> {
    Ok(Inspection {
        id: r.get(0)?,
        place: Place { tenant: r.get(1)?, unit: r.get(2)?, org: r.get(3)? },
        org_name: r.get(4)?,
        way: r.get(5)?,
        day: r.get(6)?,
        inspector: r.get(7)?,
        level: Satisfaction::from_code(r.get(8)?).ok_or(Error::Shape("查评级别"))?,
        found: r.get(9)?,
        due_day: r.get(10)?,
        state: InspectionState::parse(&r.get::<String>(11)?).ok_or(Error::Shape("检查单状态"))?,
        mended: r.get(12)?,
        at: from_millis(r.get(13)?),
        closed: r.get::<Option<i64>>(14)?.map(from_millis),
        version: r.get(15)?,
    })
}

pub fn add_inspection(tx: &mut Tx<'_>, s: &Inspection) -> Result<()> {
    tx.exec(
        ADD_SHEET,
        args![
            s.id, s.place.tenant, s.place.unit, s.place.org, &s.org_name, &s.way, s.day, &s.inspector, s.level.code(), &s.found, s.due_day,
            s.state.as_str(), &s.mended, s.at, s.closed, s.version,
        ],
    )?;
    Ok(())
}

pub fn lock_inspection(tx: &mut Tx<'_>, id: i64) -> Result<Option<Inspection>> {
    tx.lock(SHEET, args![id], sheet)
}

/// 范围内的，新的在前。
pub fn inspections(tx: &mut Tx<'_>, scope: &Scope, before: i64, limit: i64) -> Result<Vec<Inspection>> {
    let mut found = Vec::new();
    for reach in scope.reaches() {
        found.extend(tx.rows(SHEETS.at(reach.depth), args![reach.id, before, limit], sheet)?);
    }
    found.sort_by_key(|sheet| std::cmp::Reverse(sheet.id));
    found.truncate(usize::try_from(limit).unwrap_or(50));
    Ok(found)
}

/// 写回；`version` 已是新版本号。
pub fn save_inspection(tx: &mut Tx<'_>, s: &Inspection) -> Result<bool> {
    Ok(tx.exec(SAVE_SHEET, args![s.state.as_str(), &s.mended, s.closed, s.version, s.id, s.version - 1])? == 1)
}
