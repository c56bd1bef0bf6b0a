//! 评价点位与窗口岗位的台账。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_kernel::{Place, Scope};
use tongban_store::{Result, Row, ScopedSql, Tx, args, scoped, scoped_rows};

use crate::model::points::{PointFacts, SeatFacts};

const ADD: &str = "INSERT INTO evaluation_points (id, tenant, unit, org, org_name, name, state, who, note, facts, version) \
     VALUES ($1, $2, $3, $4, $5, $6, '', '', '', $7, 1) ON CONFLICT (id) DO NOTHING";
const POINT: &str = "SELECT id, tenant, unit, org, org_name, name, state, checked, who, note, facts, version FROM evaluation_points WHERE id = $1";
const SAVE: &str = "UPDATE evaluation_points SET state = $1, checked = $2, who = $3, note = $4, facts = $5, version = version + 1 \
     WHERE id = $6 AND version = $7";
static POINTS: ScopedSql = scoped!(
    "SELECT id, tenant, unit, org, org_name, name, state, checked, who, note, facts, version FROM evaluation_points WHERE ",
    " = $1 AND id > $2 ORDER BY id LIMIT $3"
);
const POINTS_SCAN: &str = "SELECT id, facts FROM evaluation_points WHERE id > $1 ORDER BY id LIMIT $2";
const SEAT: &str = "SELECT facts, version FROM evaluation_seats WHERE id = $1";
const PUT_SEAT: &str = "INSERT INTO evaluation_seats (id, org, facts, version) VALUES ($1, $2, $3, $4) \
     ON CONFLICT (id) DO UPDATE SET org = excluded.org, facts = excluded.facts, version = excluded.version";
const SEATS_OF: &str = "SELECT id, facts FROM evaluation_seats WHERE org = $1 AND id > $2 ORDER BY id LIMIT $3";
const SEATS_SCAN: &str = "SELECT id, facts FROM evaluation_seats WHERE id > $1 ORDER BY id LIMIT $2";

pub(super) const STATEMENTS: &[&str] =
    &[ADD, POINT, SAVE, POINTS.tenant, POINTS.unit, POINTS.org, POINTS_SCAN, SEAT, PUT_SEAT, SEATS_OF, SEATS_SCAN];

/// 一个点位。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    pub id: i64,
    pub place: Place,
    pub org_name: String,
    pub name: String,
    /// 空为没检过，`good`、`bad`。
    pub state: String,
    pub checked: Option<Timestamp>,
    pub who: String,
    pub note: String,
    pub facts: PointFacts,
    pub version: i64,
}

fn point_row(r: &Row<'_>) -> Result<Point> {
    Ok(Point {
        id: r.get(0)?,
        place: Place { tenant: r.get(1)?, unit: r.get(2)?, org: r.get(3)? },
        org_name: r.get(4)?,
        name: r.get(5)?,
        state: r.get(6)?,
        checked: r.get::<Option<i64>>(7)?.map(from_millis),
        who: r.get(8)?,
        note: r.get(9)?,
        facts: serde_json::from_str(&r.get::<String>(10)?)?,
        version: r.get(11)?,
    })
}

/// 新点位；已经有了为假。
pub fn add_point(tx: &mut Tx<'_>, point: &Point) -> Result<bool> {
    let facts = serde_json::to_string(&point.facts)?;
    let place = point.place;
    Ok(tx.exec(ADD, args![point.id, place.tenant, place.unit, place.org, &point.org_name, &point.name, &facts])? == 1)
}

/// 锁住一个点位。
pub fn lock_point(tx: &mut Tx<'_>, id: i64) -> Result<Option<Point>> {
    tx.lock(POINT, args![id], point_row)
}

/// 写回；别人先改了为假。
pub fn save_point(tx: &mut Tx<'_>, point: &Point) -> Result<bool> {
    let facts = serde_json::to_string(&point.facts)?;
    Ok(tx.exec(SAVE, args![&point.state, point.checked, &point.who, &point.note, &facts, point.id, point.version])? == 1)
}

/// 范围内的点位，按设立先后。
pub fn points(tx: &mut Tx<'_>, scope: &Scope, after: i64, limit: u32) -> Result<Vec<Point>> {
    scoped_rows(tx, &POINTS, scope, args![after, limit], limit as usize, point_row, |point| point.id)
}

/// 一个机构的点位：下钻用。
pub fn points_of(tx: &mut Tx<'_>, org: i64, after: i64, limit: i64) -> Result<Vec<Point>> {
    tx.rows(POINTS.org, args![org, after, limit], point_row)
}

/// 全部点位的事实：重算用。
pub fn scan_points(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<(i64, String)>> {
    tx.rows(POINTS_SCAN, args![after, limit], |r| Ok((r.get(0)?, r.get(1)?)))
}

/// 一个窗口岗位的事实与版本。
pub fn seat(tx: &mut Tx<'_>, post: i64) -> Result<Option<(SeatFacts, i64)>> {
    tx.row(SEAT, args![post], |r| Ok((serde_json::from_str(&r.get::<String>(0)?)?, r.get(1)?)))
}

pub fn put_seat(tx: &mut Tx<'_>, post: i64, facts: &SeatFacts, version: i64) -> Result<()> {
    let text = serde_json::to_string(facts)?;
    tx.exec(PUT_SEAT, args![post, facts.org, &text, version])?;
    Ok(())
}

/// 一个机构的窗口岗位：下钻用。
pub fn seats_of(tx: &mut Tx<'_>, org: i64, after: i64, limit: i64) -> Result<Vec<(i64, SeatFacts)>> {
    tx.rows(SEATS_OF, args![org, after, limit], |r| Ok((r.get(0)?, serde_json::from_str(&r.get::<String>(1)?)?)))
}

/// 全部窗口岗位的事实：重算用。
pub fn scan_seats(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<(i64, String)>> {
    tx.rows(SEATS_SCAN, args![after, limit], |r| Ok((r.get(0)?, r.get(1)?)))
}
