//! 并联征求意见：一件一个机构一行，重新征求在原行上进一轮。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_kernel::{Place, Scope};
use tongban_store::{Error, Result, Row, ScopedSql, Tx, args, scoped, scoped_rows};

use crate::model::OpinionState;

macro_rules! columns {
    () => {
        "id, case_id, case_no, item_name, asker, tenant, unit, org, org_name, round, question, state, opinion, staff, \
         staff_name, asked_at, signed_at, answered_at, due, alarm_at, version"
    };
}

const ADD: &str = concat!(
    "INSERT INTO cases_opinions (",
    columns!(),
    ", is_open) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, 1)"
);
const SAVE: &str = "UPDATE cases_opinions SET round = $1, question = $2, state = $3, is_open = $4, opinion = $5, staff = $6, \
     staff_name = $7, asked_at = $8, signed_at = $9, answered_at = $10, due = $11, alarm_at = $12, version = $13 \
     WHERE id = $14 AND version = $15";
const OF_CASE: &str = concat!("SELECT ", columns!(), " FROM cases_opinions WHERE case_id = $1 ORDER BY id");
const ONE: &str = concat!("SELECT ", columns!(), " FROM cases_opinions WHERE id = $1");
const OPEN: ScopedSql = scoped!(
    concat!("SELECT ", columns!(), " FROM cases_opinions WHERE "),
    " = $1 AND is_open = $2 AND (due, id) > ($3, $4) ORDER BY due, id LIMIT $5"
);
pub const ALARMS: &str = "SELECT id, alarm_at FROM cases_opinions WHERE alarm_at <= $1 ORDER BY alarm_at, id LIMIT $2";
pub(super) const STATEMENTS: &[&str] = &[ADD, SAVE, OF_CASE, ONE, OPEN.tenant, OPEN.unit, OPEN.org, ALARMS];

/// 一个机构对一件办件的意见。
#[derive(Debug, Clone)]
pub struct Opinion {
    pub id: i64,
    pub case_id: i64,
    pub case_no: String,
    pub item_name: String,
    /// 征求意见的机关。
    pub asker: String,
    /// 被征求的机构。
    pub place: Place,
    pub org_name: String,
    pub round: i64,
    pub question: String,
    pub state: OpinionState,
    pub opinion: String,
    pub staff: i64,
    pub staff_name: String,
    pub asked_at: Timestamp,
    pub signed_at: Option<Timestamp>,
    pub answered_at: Option<Timestamp>,
    pub due: Timestamp,
    /// 过了这一刻还没回就记异常；已回或已记为 `None`。
    pub alarm_at: Option<Timestamp>,
    pub version: i64,
}

fn row(r: &Row<'_>) -> Result<Opinion> {
    let state: String = r.get(11)?;
    let moment = |column| Ok::<_, Error>(r.get::<Option<i64>>(column)?.map(from_millis));
    Ok(Opinion {
        id: r.get(0)?,
        case_id: r.get(1)?,
        case_no: r.get(2)?,
        item_name: r.get(3)?,
        asker: r.get(4)?,
        place: Place { tenant: r.get(5)?, unit: r.get(6)?, org: r.get(7)? },
        org_name: r.get(8)?,
        round: r.get(9)?,
        question: r.get(10)?,
        state: OpinionState::parse(&state).ok_or(Error::Shape("意见状态"))?,
        opinion: r.get(12)?,
        staff: r.get(13)?,
        staff_name: r.get(14)?,
        asked_at: from_millis(r.get(15)?),
        signed_at: moment(16)?,
        answered_at: moment(17)?,
        due: from_millis(r.get(18)?),
        alarm_at: moment(19)?,
        version: r.get(20)?,
    })
}

/// 登记一次征求。
pub fn add(tx: &mut Tx<'_>, o: &Opinion) -> Result<()> {
    tx.exec(
        ADD,
        args![
            o.id, o.case_id, &o.case_no, &o.item_name, &o.asker, o.place.tenant, o.place.unit, o.place.org, &o.org_name,
            o.round, &o.question, o.state.as_str(), &o.opinion, o.staff, &o.staff_name, o.asked_at, o.signed_at,
            o.answered_at, o.due, o.alarm_at, o.version,
        ],
    )?;
    Ok(())
}

/// 写回；`version` 已是新版本号。
pub fn save(tx: &mut Tx<'_>, o: &Opinion) -> Result<()> {
    let changed = tx.exec(
        SAVE,
        args![
            o.round, &o.question, o.state.as_str(), o.state.is_open(), &o.opinion, o.staff, &o.staff_name, o.asked_at,
            o.signed_at, o.answered_at, o.due, o.alarm_at, o.version, o.id, o.version - 1,
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(tongban_kernel::Problem::stale(o.version).into()) }
}

/// 一件办件征求过的全部意见。
pub fn of_case(tx: &mut Tx<'_>, case_id: i64) -> Result<Vec<Opinion>> {
    tx.rows(OF_CASE, args![case_id], row)
}

/// 锁住一条。
pub fn lock(tx: &mut Tx<'_>, id: i64) -> Result<Option<Opinion>> {
    tx.lock(ONE, args![id], row)
}

/// 读一条。
pub fn find(tx: &mut Tx<'_>, id: i64) -> Result<Option<Opinion>> {
    tx.row(ONE, args![id], row)
}

/// 范围内等着回复的，按到期先后。
pub fn open(tx: &mut Tx<'_>, scope: &Scope, after: (i64, i64), limit: i64) -> Result<Vec<Opinion>> {
    let size = usize::try_from(limit).unwrap_or(20);
    scoped_rows(tx, &OPEN, scope, args![1_i64, after.0, after.1, limit], size, row, |o| (o.due.as_millisecond(), o.id))
}
