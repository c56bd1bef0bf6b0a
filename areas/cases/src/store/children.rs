//! 办件的子表：材料、过程、补正、特别程序、文书、异常。

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tongban_kernel::time::{day_number, from_day_number, from_millis};
use tongban_kernel::{Place, Scope};
use tongban_store::{Error, Result, Row, ScopedSql, Tx, args, scoped, scoped_rows};

use crate::model::{Material, MaterialStatus, Procedure, State, Step};
use crate::rules::anomalies::Anomaly;
use crate::rules::documents::DocumentKind;
use crate::rules::posts::Passed;

const ADD_MATERIAL: &str = "INSERT INTO cases_materials (id, case_id, position, key, name, need, copies, status, remark, files) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const ADD_FOUR: &str = "INSERT INTO cases_materials (id, case_id, position, key, name, need, copies, status, remark, files) VALUES \
     ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10), ($11, $12, $13, $14, $15, $16, $17, $18, $19, $20), \
     ($21, $22, $23, $24, $25, $26, $27, $28, $29, $30), ($31, $32, $33, $34, $35, $36, $37, $38, $39, $40)";
const SAVE_MATERIAL: &str = "UPDATE cases_materials SET status = $1, remark = $2, files = $3 WHERE id = $4";
const MATERIALS: &str =
    "SELECT id, key, name, need, copies, status, remark, files FROM cases_materials WHERE case_id = $1 ORDER BY position";
const DEFERRED_LEFT: &str = "SELECT COUNT(*) FROM cases_materials WHERE case_id = $1 AND status = 'deferred'";
const ADD_STEP: &str = "INSERT INTO cases_steps (id, case_id, action, name, step, from_state, to_state, staff, actor_name, opinion, \
     is_public, started_at, ended_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
const STEPS: &str = "SELECT action, name, step, from_state, to_state, staff, actor_name, opinion, is_public, started_at, ended_at \
     FROM cases_steps WHERE case_id = $1 ORDER BY id";
const ADD_CORRECTION: &str =
    "INSERT INTO cases_corrections (id, case_id, round, points, due_on, issued_at) VALUES ($1, $2, $3, $4, $5, $6)";
const SUPPLY: &str = "UPDATE cases_corrections SET supplied_at = $1 WHERE case_id = $2 AND supplied_at IS NULL";
const CORRECTIONS: &str =
    "SELECT round, points, due_on, issued_at, supplied_at FROM cases_corrections WHERE case_id = $1 ORDER BY round";
const ADD_PROCEDURE: &str = "INSERT INTO cases_procedures (id, case_id, kind, reason, notice, stops, planned_days, planned_end, \
     started_on, ended_on, result, staff) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
const END_PROCEDURE: &str = "UPDATE cases_procedures SET ended_on = $1, result = $2 WHERE id = $3 AND ended_on IS NULL";
const PROCEDURES: &str = "SELECT id, kind, reason, notice, stops, planned_days, planned_end, started_on, ended_on, result \
     FROM cases_procedures WHERE case_id = $1 ORDER BY id";
const ADD_DOCUMENT: &str =
    "INSERT INTO cases_documents (id, case_id, kind, number, content, issued_at, issued_by) VALUES ($1, $2, $3, $4, $5, $6, $7)";
const DOCUMENTS: &str =
    "SELECT id, kind, number, content, issued_at, issued_by FROM cases_documents WHERE case_id = $1 ORDER BY id";
const DOCUMENT: &str = "SELECT id, kind, number, content, issued_at, issued_by, case_id FROM cases_documents WHERE id = $1";
const ADD_ANOMALY: &str = "INSERT INTO cases_anomalies (id, case_id, case_no, tenant, unit, org, code, detail, raised_at, state, note) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'raised', '') ON CONFLICT (case_id, code) DO NOTHING";
const ANOMALIES_OF: &str = "SELECT id, case_id, case_no, code, detail, raised_at, state, note, tenant, unit, org \
     FROM cases_anomalies WHERE case_id = $1 ORDER BY id";
const ANOMALY: &str = "SELECT id, case_id, case_no, code, detail, raised_at, state, note, tenant, unit, org \
     FROM cases_anomalies WHERE id = $1";
const SAVE_ANOMALY: &str = "UPDATE cases_anomalies SET state = $1, note = $2 WHERE id = $3";
const ANOMALIES: ScopedSql = scoped!(
    "SELECT id, case_id, case_no, code, detail, raised_at, state, note, tenant, unit, org FROM cases_anomalies WHERE ",
    " = $1 AND state = $2 AND id > $3 ORDER BY id LIMIT $4"
);
pub(super) const STATEMENTS: &[&str] = &[
    ADD_MATERIAL, ADD_FOUR, SAVE_MATERIAL, MATERIALS, DEFERRED_LEFT, ADD_STEP, STEPS, ADD_CORRECTION, SUPPLY, CORRECTIONS, ADD_PROCEDURE,
    END_PROCEDURE, PROCEDURES, ADD_DOCUMENT, DOCUMENTS, DOCUMENT, ADD_ANOMALY, ANOMALIES_OF, ANOMALY, SAVE_ANOMALY, ANOMALIES.tenant, ANOMALIES.unit, ANOMALIES.org,
];

/// 登记一件的全部材料，四份一句。
pub fn add_materials(tx: &mut Tx<'_>, case_id: i64, materials: &[Material]) -> Result<()> {
    let mut position = 0;
    let mut four = materials.chunks_exact(4);
    for chunk in &mut four {
        let [a, b, c, d] = chunk else { continue };
        let ids = [tx.new_id(), tx.new_id(), tx.new_id(), tx.new_id()];
        let files = [serde_json::to_string(&a.files)?, serde_json::to_string(&b.files)?, serde_json::to_string(&c.files)?, serde_json::to_string(&d.files)?];
        tx.exec(
            ADD_FOUR,
            args![
                ids[0], case_id, position, &a.key, &a.name, a.need, a.copies, a.status.as_str(), &a.remark, &files[0],
                ids[1], case_id, position + 1, &b.key, &b.name, b.need, b.copies, b.status.as_str(), &b.remark, &files[1],
                ids[2], case_id, position + 2, &c.key, &c.name, c.need, c.copies, c.status.as_str(), &c.remark, &files[2],
                ids[3], case_id, position + 3, &d.key, &d.name, d.need, d.copies, d.status.as_str(), &d.remark, &files[3],
            ],
        )?;
        position += 4;
    }
    for material in four.remainder() {
        add_material(tx, case_id, position, material)?;
        position += 1;
    }
    Ok(())
}

/// 登记一份材料。
fn add_material(tx: &mut Tx<'_>, case_id: i64, position: i64, material: &Material) -> Result<()> {
    let id = tx.new_id();
    let files = serde_json::to_string(&material.files)?;
    tx.exec(
        ADD_MATERIAL,
        args![
            id, case_id, position, &material.key, &material.name, material.need, material.copies,
            material.status.as_str(), &material.remark, &files,
        ],
    )?;
    Ok(())
}

/// 写回一份材料的状态、备注、文件。
pub fn save_material(tx: &mut Tx<'_>, material: &Material) -> Result<()> {
    let files = serde_json::to_string(&material.files)?;
    tx.exec(SAVE_MATERIAL, args![material.status.as_str(), &material.remark, &files, material.id])?;
    Ok(())
}

/// 办件的全部材料。
pub fn materials(tx: &mut Tx<'_>, case_id: i64) -> Result<Vec<Material>> {
    tx.rows(MATERIALS, args![case_id], |r| {
        let status: String = r.get(5)?;
        let files: String = r.get(7)?;
        Ok(Material {
            id: r.get(0)?,
            key: r.get(1)?,
            name: r.get(2)?,
            need: u8::try_from(r.get::<i64>(3)?).unwrap_or(1),
            copies: u32::try_from(r.get::<i64>(4)?).unwrap_or(1),
            status: MaterialStatus::parse(&status).ok_or(Error::Shape("材料状态"))?,
            remark: r.get(6)?,
            files: serde_json::from_str(&files)?,
        })
    })
}

/// 还有几份容缺材料没补。
pub fn deferred_left(tx: &mut Tx<'_>, case_id: i64) -> Result<i64> {
    Ok(tx.row(DEFERRED_LEFT, args![case_id], |r| r.get(0))?.unwrap_or(0))
}

/// 一条过程记录（cases §4.2）。
#[derive(Debug, Clone)]
pub struct StepRow {
    pub action: String,
    pub name: String,
    pub step: Option<Step>,
    pub from: State,
    pub to: State,
    pub staff: i64,
    pub actor_name: String,
    pub opinion: String,
    /// 意见对申请人公开。
    pub public: bool,
    pub started_at: Timestamp,
    pub ended_at: Timestamp,
}

/// 追加过程记录。
pub fn add_step(tx: &mut Tx<'_>, case_id: i64, step: &StepRow) -> Result<()> {
    let id = tx.new_id();
    tx.exec(
        ADD_STEP,
        args![
            id, case_id, &step.action, &step.name, step.step.map(Step::as_str), step.from.as_str(), step.to.as_str(),
            step.staff, &step.actor_name, &step.opinion, step.public, step.started_at, step.ended_at,
        ],
    )?;
    Ok(())
}

/// 全部过程记录。
pub fn steps(tx: &mut Tx<'_>, case_id: i64) -> Result<Vec<StepRow>> {
    tx.rows(STEPS, args![case_id], |r| {
        let state = |text: String| State::parse(&text).ok_or(Error::Shape("过程状态"));
        Ok(StepRow {
            action: r.get(0)?,
            name: r.get(1)?,
            step: r.get::<Option<String>>(2)?.as_deref().and_then(Step::parse),
            from: state(r.get(3)?)?,
            to: state(r.get(4)?)?,
            staff: r.get(5)?,
            actor_name: r.get(6)?,
            opinion: r.get(7)?,
            public: r.get(8)?,
            started_at: from_millis(r.get(9)?),
            ended_at: from_millis(r.get(10)?),
        })
    })
}

/// 走过的承办、审核、批准各是谁办的。
pub fn passed_posts(tx: &mut Tx<'_>, case_id: i64) -> Result<Vec<Passed>> {
    let steps = steps(tx, case_id)?;
    Ok(steps.into_iter().filter_map(|row| row.step.filter(|_| row.staff != 0).map(|step| Passed { step, staff: row.staff })).collect())
}

/// 补正告知里的一条：材料、问题、怎么改。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CorrectionPoint {
    /// 材料短名；不针对某份材料时为空。
    pub material: String,
    pub name: String,
    pub problem: String,
    pub remedy: String,
}

/// 一次补正告知。
#[derive(Debug, Clone)]
pub struct Correction {
    pub round: i64,
    pub points: Vec<CorrectionPoint>,
    pub due_on: Date,
    pub issued_at: Timestamp,
    pub supplied_at: Option<Timestamp>,
}

/// 登记一次补正告知；发出后锁定。
pub fn add_correction(tx: &mut Tx<'_>, case_id: i64, correction: &Correction) -> Result<()> {
    let id = tx.new_id();
    let points = serde_json::to_string(&correction.points)?;
    tx.exec(
        ADD_CORRECTION,
        args![id, case_id, correction.round, &points, day_number(correction.due_on), correction.issued_at],
    )?;
    Ok(())
}

/// 申请人已补。
pub fn supply_correction(tx: &mut Tx<'_>, case_id: i64, at: Timestamp) -> Result<()> {
    tx.exec(SUPPLY, args![at, case_id])?;
    Ok(())
}

/// 历次补正告知。
pub fn corrections(tx: &mut Tx<'_>, case_id: i64) -> Result<Vec<Correction>> {
    tx.rows(CORRECTIONS, args![case_id], |r| {
        let points: String = r.get(1)?;
        Ok(Correction {
            round: r.get(0)?,
            points: serde_json::from_str(&points)?,
            due_on: from_day_number(r.get(2)?).ok_or(Error::Shape("补正期限"))?,
            issued_at: from_millis(r.get(3)?),
            supplied_at: r.get::<Option<i64>>(4)?.map(from_millis),
        })
    })
}

/// 登记一次特别程序。
pub fn add_procedure(tx: &mut Tx<'_>, case_id: i64, procedure: &Procedure, staff: i64) -> Result<()> {
    tx.exec(
        ADD_PROCEDURE,
        args![
            procedure.id, case_id, procedure.kind, &procedure.reason, &procedure.notice, procedure.stops,
            procedure.planned_days, day_number(procedure.planned_end), day_number(procedure.started_on),
            procedure.ended_on.map(day_number), &procedure.result, staff,
        ],
    )?;
    Ok(())
}

/// 结束一次特别程序。
pub fn end_procedure(tx: &mut Tx<'_>, id: i64, ended_on: Date, result: &str) -> Result<()> {
    tx.exec(END_PROCEDURE, args![day_number(ended_on), result, id])?;
    Ok(())
}

pub(super) fn procedures(tx: &mut Tx<'_>, case_id: i64) -> Result<Vec<Procedure>> {
    tx.rows(PROCEDURES, args![case_id], |r| {
        Ok(Procedure {
            id: r.get(0)?,
            kind: u8::try_from(r.get::<i64>(1)?).unwrap_or(0),
            reason: r.get(2)?,
            notice: r.get(3)?,
            stops: r.get(4)?,
            planned_days: u32::try_from(r.get::<i64>(5)?).unwrap_or(0),
            planned_end: from_day_number(r.get(6)?).ok_or(Error::Shape("特别程序期限"))?,
            started_on: from_day_number(r.get(7)?).ok_or(Error::Shape("特别程序开始日"))?,
            ended_on: r.get::<Option<i64>>(8)?.and_then(from_day_number),
            result: r.get(9)?,
        })
    })
}

/// 一份文书：编号与内容；申请人等个人信息打印时才取。
#[derive(Debug, Clone)]
pub struct Document {
    pub id: i64,
    pub kind: DocumentKind,
    pub number: String,
    /// 各段文字，按文书种类排版。
    pub content: Vec<String>,
    pub issued_at: Timestamp,
    pub issued_by: String,
}

/// 出一份文书。
pub fn add_document(tx: &mut Tx<'_>, case_id: i64, document: &Document) -> Result<()> {
    let content = serde_json::to_string(&document.content)?;
    tx.exec(
        ADD_DOCUMENT,
        args![document.id, case_id, document.kind.as_str(), &document.number, &content, document.issued_at, &document.issued_by],
    )?;
    Ok(())
}

/// 办件的全部文书。
pub fn documents(tx: &mut Tx<'_>, case_id: i64) -> Result<Vec<Document>> {
    tx.rows(DOCUMENTS, args![case_id], |r| {
        let kind: String = r.get(1)?;
        let content: String = r.get(3)?;
        Ok(Document {
            id: r.get(0)?,
            kind: DocumentKind::parse(&kind).ok_or(Error::Shape("文书种类"))?,
            number: r.get(2)?,
            content: serde_json::from_str(&content)?,
            issued_at: from_millis(r.get(4)?),
            issued_by: r.get(5)?,
        })
    })
}

/// 一份文书与它的办件。
pub fn document_by_id(tx: &mut Tx<'_>, id: i64) -> Result<Option<(i64, Document)>> {
    tx.row(DOCUMENT, args![id], |r| {
        let kind: String = r.get(1)?;
        let content: String = r.get(3)?;
        let document = Document {
            id: r.get(0)?,
            kind: DocumentKind::parse(&kind).ok_or(Error::Shape("文书种类"))?,
            number: r.get(2)?,
            content: serde_json::from_str(&content)?,
            issued_at: from_millis(r.get(4)?),
            issued_by: r.get(5)?,
        };
        Ok((r.get(6)?, document))
    })
}

/// 某种文书的最近一份。
pub fn document(tx: &mut Tx<'_>, case_id: i64, kind: DocumentKind) -> Result<Option<Document>> {
    Ok(documents(tx, case_id)?.into_iter().rfind(|document| document.kind == kind))
}

/// 一条监察异常。
#[derive(Debug, Clone)]
pub struct AnomalyRow {
    pub id: i64,
    pub case_id: i64,
    pub case_no: String,
    pub anomaly: Anomaly,
    pub detail: String,
    pub raised_at: Timestamp,
    pub state: String,
    pub note: String,
    pub place: Place,
}

fn anomaly_row(r: &Row<'_>) -> Result<AnomalyRow> {
    let code: String = r.get(3)?;
    Ok(AnomalyRow {
        id: r.get(0)?,
        case_id: r.get(1)?,
        case_no: r.get(2)?,
        anomaly: Anomaly::parse(&code).ok_or(Error::Shape("异常编号"))?,
        detail: r.get(4)?,
        raised_at: from_millis(r.get(5)?),
        state: r.get(6)?,
        note: r.get(7)?,
        place: Place { tenant: r.get(8)?, unit: r.get(9)?, org: r.get(10)? },
    })
}

/// 记一条异常；同件同种只记一次，回答是不是新的。
pub fn add_anomaly(
    tx: &mut Tx<'_>,
    case: (i64, &str, Place),
    anomaly: Anomaly,
    detail: &str,
    at: Timestamp,
) -> Result<bool> {
    let id = tx.new_id();
    let (case_id, no, place) = case;
    let added = tx.exec(ADD_ANOMALY, args![id, case_id, no, place.tenant, place.unit, place.org, anomaly.code(), detail, at])?;
    Ok(added == 1)
}

/// 一件办件的异常。
pub fn anomalies_of(tx: &mut Tx<'_>, case_id: i64) -> Result<Vec<AnomalyRow>> {
    tx.rows(ANOMALIES_OF, args![case_id], anomaly_row)
}

/// 范围内某状态的异常。
pub fn anomalies(tx: &mut Tx<'_>, scope: &Scope, state: &str, after: i64, limit: i64) -> Result<Vec<AnomalyRow>> {
    let size = usize::try_from(limit).unwrap_or(20);
    scoped_rows(tx, &ANOMALIES, scope, args![state, after, limit], size, anomaly_row, |row| row.id)
}

/// 锁住一条异常。
pub fn lock_anomaly(tx: &mut Tx<'_>, id: i64) -> Result<Option<AnomalyRow>> {
    tx.lock(ANOMALY, args![id], anomaly_row)
}

/// 写回处理状态与说明。
pub fn save_anomaly(tx: &mut Tx<'_>, id: i64, state: &str, note: &str) -> Result<()> {
    tx.exec(SAVE_ANOMALY, args![state, note, id])?;
    Ok(())
}
