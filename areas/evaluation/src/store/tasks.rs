//! 差评工单与它的每一步。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_kernel::{Place, Problem, Scope, lights};
use tongban_store::{Result, Row, Tx, args};

use crate::model::{Cause, Satisfaction, State};

const INSERT: &str = "INSERT INTO evaluation_tasks (id, no, rating, subject, item_code, item_name, org_name, tenant, unit, org, \
     level, named, state, open, at, day, contact_due, conclude_due, rectify_due, rectify_due_day, due, yellow, lit, \
     next_clock_at, redone, valid, blockage, staff, handler_unit, version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 1, $14, $15, $16, $17, $18, $19, $20, $21, 'green', $22, \
     0, 1, $23, $24, $25, 1)";
const FIND: &str = "SELECT id, no, rating, subject, item_code, item_name, org_name, tenant, unit, org, level, named, state, at, day, \
     contact_due, conclude_due, rectify_due, due, yellow, lit, contacted, concluded, rectified, revisited, closed, redone, valid, \
     blockage, cause, measures, published, item_change, version, staff, handler_unit FROM evaluation_tasks WHERE id = $1";
const BY_NO: &str = "SELECT id FROM evaluation_tasks WHERE no = $1";
const OF_RATING: &str = "SELECT id FROM evaluation_tasks WHERE rating = $1";
const SAVE: &str = "UPDATE evaluation_tasks SET state = $1, open = $2, due = $3, yellow = $4, lit = 'green', next_clock_at = $5, \
     contacted = $6, concluded = $7, rectified = $8, revisited = $9, closed = $10, redone = $11, valid = $12, cause = $13, \
     measures = $14, published = $15, item_change = $16, version = version + 1 WHERE id = $17 AND version = $18";
const ADD_STEP: &str = "INSERT INTO evaluation_steps (id, task, at, action, from_state, to_state, who, note) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const STEPS: &str = "SELECT at, action, from_state, to_state, who, note FROM evaluation_steps WHERE task = $1 ORDER BY id";
const BAD_RECENTLY: &str = "SELECT COUNT(*) FROM evaluation_tasks WHERE item_code = $1 AND at >= $2 AND valid = 1";
const CLOCKS_DUE: &str = "SELECT id, next_clock_at FROM evaluation_tasks WHERE next_clock_at <= $1 ORDER BY next_clock_at, id LIMIT $2";
const HAND_UP: &str = "UPDATE evaluation_tasks SET handler_unit = $1 WHERE id = $2";
const SET_LIT: &str = "UPDATE evaluation_tasks SET lit = $1, next_clock_at = $2 WHERE id = $3";

pub(super) const STATEMENTS: &[&str] = &[INSERT, FIND, BY_NO, OF_RATING, SAVE, ADD_STEP, STEPS, BAD_RECENTLY, CLOCKS_DUE, HAND_UP, SET_LIT];

/// 到点要亮灯的工单：时钟用。
pub const fn clocks_due() -> &'static str {
    CLOCKS_DUE
}

/// 一条差评工单。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskRow {
    pub id: i64,
    pub no: String,
    pub rating: i64,
    pub subject: i64,
    pub item_code: String,
    pub item_name: String,
    pub org_name: String,
    pub place: Place,
    pub level: Satisfaction,
    pub named: bool,
    pub state: State,
    pub at: Timestamp,
    pub day: i64,
    pub contact_due: Timestamp,
    pub conclude_due: Timestamp,
    pub rectify_due: Timestamp,
    pub due: Option<Timestamp>,
    pub yellow: Option<Timestamp>,
    pub lit: String,
    pub contacted: Option<Timestamp>,
    pub concluded: Option<Timestamp>,
    pub rectified: Option<Timestamp>,
    pub revisited: Option<Timestamp>,
    pub closed: Option<Timestamp>,
    pub redone: i64,
    pub valid: bool,
    pub blockage: bool,
    pub cause: Option<Cause>,
    pub measures: Option<String>,
    pub published: Option<String>,
    pub item_change: Option<String>,
    /// 评的是谁；不是评人的为 0。他自己看不到。
    pub staff: i64,
    /// 代管的单位；办理单位自己办为 0。
    pub handler_unit: i64,
    pub version: i64,
}

impl TaskRow {
    /// 看得到、办得了的范围：办理单位，与代管它的单位。
    ///
    /// # Errors
    /// 都不在范围内：`not-found`。
    pub fn check(&self, scope: &Scope) -> Result<(), Problem> {
        let handler = Place { tenant: self.place.tenant, unit: self.handler_unit, org: self.handler_unit };
        if self.handler_unit != 0 && scope.covers(&handler) { Ok(()) } else { scope.check(&self.place) }
    }

    /// 此刻的灯。
    #[must_use]
    pub fn light(&self, now: Timestamp) -> lights::Light {
        let reading = lights::Reading { due: self.due, yellow_from: self.yellow, stopped: false, finished: self.closed };
        lights::light(&reading, now)
    }

    /// 下一个要记灯的时刻：先黄后红；`lit` 是已经亮过的。
    #[must_use]
    pub fn next_clock(&self, lit: &str) -> Option<Timestamp> {
        match lit {
            "green" => self.yellow.or(self.due),
            "yellow" => self.due.and_then(|due| due.checked_add(jiff::SignedDuration::from_millis(1)).ok()),
            _ => None,
        }
    }
}

fn from_row(r: &Row<'_>) -> Result<(TaskRow, Option<Vec<u8>>)> {
    let time = |column| Ok::<_, tongban_store::Error>(r.get::<Option<i64>>(column)?.map(from_millis));
    let row = TaskRow {
        id: r.get(0)?,
        no: r.get(1)?,
        rating: r.get(2)?,
        subject: r.get(3)?,
        item_code: r.get(4)?,
        item_name: r.get(5)?,
        org_name: r.get(6)?,
        place: Place { tenant: r.get(7)?, unit: r.get(8)?, org: r.get(9)? },
        level: Satisfaction::from_code(r.get(10)?).unwrap_or(Satisfaction::Dissatisfied),
        named: r.get(11)?,
        state: State::parse(&r.get::<String>(12)?).unwrap_or(State::ToVerify),
        at: from_millis(r.get(13)?),
        day: r.get(14)?,
        contact_due: from_millis(r.get(15)?),
        conclude_due: from_millis(r.get(16)?),
        rectify_due: from_millis(r.get(17)?),
        due: time(18)?,
        yellow: time(19)?,
        lit: r.get(20)?,
        contacted: time(21)?,
        concluded: time(22)?,
        rectified: time(23)?,
        revisited: time(24)?,
        closed: time(25)?,
        redone: r.get(26)?,
        valid: r.get(27)?,
        blockage: r.get(28)?,
        cause: r.get::<Option<String>>(29)?.as_deref().and_then(Cause::parse),
        measures: None,
        published: r.get(31)?,
        item_change: r.get(32)?,
        version: r.get(33)?,
        staff: r.get(34)?,
        handler_unit: r.get(35)?,
    };
    Ok((row, r.get(30)?))
}

/// 新工单；`rectify_day` 是整改到期日的整数写法。
pub fn insert_task(tx: &mut Tx<'_>, task: &TaskRow, rectify_day: i64) -> Result<()> {
    tx.exec(
        INSERT,
        args![
            task.id, &task.no, task.rating, task.subject, &task.item_code, &task.item_name, &task.org_name, task.place.tenant,
            task.place.unit, task.place.org, task.level.code(), task.named, task.state.as_str(), task.at, task.day,
            task.contact_due, task.conclude_due, task.rectify_due, rectify_day, task.due.unwrap_or(task.contact_due), task.yellow,
            task.next_clock("green"), task.blockage, task.staff, task.handler_unit,
        ],
    )?;
    Ok(())
}

pub fn task(tx: &mut Tx<'_>, id: i64) -> Result<Option<TaskRow>> {
    let Some((row, measures)) = tx.row(FIND, args![id], from_row)? else { return Ok(None) };
    let measures = measures.map(|sealed| tx.unseal(&sealed)).transpose()?;
    Ok(Some(TaskRow { measures, ..row }))
}

/// 按工单编号找。
pub fn task_by_no(tx: &mut Tx<'_>, no: &str) -> Result<Option<i64>> {
    tx.row(BY_NO, args![no], |r| r.get(0))
}

/// 一条评价生成的工单。
pub fn task_of_rating(tx: &mut Tx<'_>, rating: i64) -> Result<Option<i64>> {
    tx.row(OF_RATING, args![rating], |r| r.get(0))
}

/// 状态变了就重新从绿灯起算；了结的不再计时。
fn rearm(task: &TaskRow) -> Option<Timestamp> {
    if task.state.is_final() { None } else { task.next_clock("green") }
}

/// 写回并重新上钟；版本被别人改过时为假。
pub fn save_task(tx: &mut Tx<'_>, task: &TaskRow) -> Result<bool> {
    let measures = task.measures.as_deref().map(|text| tx.seal(text));
    let changed = tx.exec(
        SAVE,
        args![
            task.state.as_str(), !task.state.is_final(), task.due.unwrap_or(task.rectify_due), task.yellow, rearm(task), task.contacted,
            task.concluded, task.rectified, task.revisited, task.closed, task.redone, task.valid,
            task.cause.map(Cause::as_str), &measures, &task.published, &task.item_change, task.id, task.version,
        ],
    )?;
    Ok(changed == 1)
}

/// 工单走过的一步。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepRow {
    pub at: Timestamp,
    pub action: String,
    pub from: State,
    pub to: State,
    pub who: String,
    pub note: Option<String>,
}

pub fn add_step(tx: &mut Tx<'_>, task: i64, step: &StepRow) -> Result<()> {
    let id = tx.new_id();
    let note = step.note.as_deref().map(|note| tx.seal(note));
    tx.exec(ADD_STEP, args![id, task, step.at, &step.action, step.from.as_str(), step.to.as_str(), &step.who, &note])?;
    Ok(())
}

pub fn steps(tx: &mut Tx<'_>, task: i64) -> Result<Vec<StepRow>> {
    let found = tx.rows(STEPS, args![task], |r| {
        let state = |text: String| State::parse(&text).unwrap_or(State::ToVerify);
        let step = StepRow {
            at: from_millis(r.get(0)?),
            action: r.get(1)?,
            from: state(r.get(2)?),
            to: state(r.get(3)?),
            who: r.get(4)?,
            note: None,
        };
        Ok((step, r.get::<Option<Vec<u8>>>(5)?))
    })?;
    found.into_iter().map(|(step, note)| Ok(StepRow { note: note.map(|sealed| tx.unseal(&sealed)).transpose()?, ..step })).collect()
}

/// 同一事项近来的有效差评数。
pub fn bad_recently(tx: &mut Tx<'_>, item_code: &str, since: Timestamp) -> Result<i64> {
    Ok(tx.row(BAD_RECENTLY, args![item_code, since], |r| r.get(0))?.unwrap_or(0))
}

/// 交给另一个单位代管。
pub fn hand_up(tx: &mut Tx<'_>, id: i64, handler_unit: i64) -> Result<()> {
    tx.exec(HAND_UP, args![handler_unit, id])?;
    Ok(())
}

/// 记下已经亮过的灯与下一次。
pub fn set_lit(tx: &mut Tx<'_>, id: i64, lit: &str, next: Option<Timestamp>) -> Result<()> {
    tx.exec(SET_LIT, args![lit, next, id])?;
    Ok(())
}
