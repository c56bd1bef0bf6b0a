//! 告知承诺的事后核查。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_kernel::{Place, Scope};
use tongban_store::{Result, Row, ScopedSql, Tx, args, scoped, scoped_rows};

macro_rules! columns {
    () => {
        "id, case_id, case_no, item_name, tenant, unit, org, promised, due, state, note, staff_name, checked_at, version"
    };
}

const ADD: &str = concat!(
    "INSERT INTO cases_commitments (",
    columns!(),
    ", is_open) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1) ON CONFLICT (case_id) DO NOTHING"
);
const SAVE: &str = "UPDATE cases_commitments SET state = $1, is_open = 0, note = $2, staff_name = $3, checked_at = $4, version = $5 \
     WHERE id = $6 AND version = $7";
const ONE: &str = concat!("SELECT ", columns!(), " FROM cases_commitments WHERE id = $1");
const LIST: ScopedSql = scoped!(
    concat!("SELECT ", columns!(), " FROM cases_commitments WHERE "),
    " = $1 AND is_open = $2 AND (due, id) > ($3, $4) ORDER BY due, id LIMIT $5"
);
pub(super) const STATEMENTS: &[&str] = &[ADD, SAVE, ONE, LIST.tenant, LIST.unit, LIST.org];

/// 一件要核查的承诺。
#[derive(Debug, Clone)]
pub struct Commitment {
    pub id: i64,
    pub case_id: i64,
    pub case_no: String,
    pub item_name: String,
    pub place: Place,
    /// 承诺代替了哪些材料。
    pub promised: String,
    pub due: Timestamp,
    /// `pending` 待核查、`true` 属实、`false` 不实。
    pub state: String,
    pub note: String,
    pub staff_name: String,
    pub checked_at: Option<Timestamp>,
    pub version: i64,
}

fn row(r: &Row<'_>) -> Result<Commitment> {
    Ok(Commitment {
        id: r.get(0)?,
        case_id: r.get(1)?,
        case_no: r.get(2)?,
        item_name: r.get(3)?,
        place: Place { tenant: r.get(4)?, unit: r.get(5)?, org: r.get(6)? },
        promised: r.get(7)?,
        due: from_millis(r.get(8)?),
        state: r.get(9)?,
        note: r.get(10)?,
        staff_name: r.get(11)?,
        checked_at: r.get::<Option<i64>>(12)?.map(from_millis),
        version: r.get(13)?,
    })
}

/// 登记一件要核查的承诺。
pub fn add(tx: &mut Tx<'_>, c: &Commitment) -> Result<()> {
    tx.exec(
        ADD,
        args![
            c.id, c.case_id, &c.case_no, &c.item_name, c.place.tenant, c.place.unit, c.place.org, &c.promised, c.due, &c.state, &c.note,
            &c.staff_name, c.checked_at, c.version,
        ],
    )?;
    Ok(())
}

/// 写回核查结果。
pub fn save(tx: &mut Tx<'_>, c: &Commitment) -> Result<()> {
    let changed = tx.exec(SAVE, args![&c.state, &c.note, &c.staff_name, c.checked_at, c.version, c.id, c.version - 1])?;
    if changed == 1 { Ok(()) } else { Err(tongban_kernel::Problem::stale(c.version).into()) }
}

/// 锁住一件。
pub fn lock(tx: &mut Tx<'_>, id: i64) -> Result<Option<Commitment>> {
    tx.lock(ONE, args![id], row)
}

/// 范围内还没核查的，按期限先后。
pub fn open(tx: &mut Tx<'_>, scope: &Scope, after: (i64, i64), limit: i64) -> Result<Vec<Commitment>> {
    let size = usize::try_from(limit).unwrap_or(20);
    scoped_rows(tx, &LIST, scope, args![1_i64, after.0, after.1, limit], size, row, |c| (c.due.as_millisecond(), c.id))
}
