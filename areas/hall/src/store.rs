//! SQL ↔ 模型；本区的 SQL 都在这里。

use jiff::Timestamp;
use tongban_kernel::Place;
use tongban_kernel::time::from_millis;
use tongban_store::{Error, Result, Row, Tx, args};

use crate::model::{Booking, BookingState, Plan, Ticket, TicketState};

macro_rules! ticket {
    () => {
        "id, site, tenant, unit, org, day, number, letter, state, matter, account, booking, place, passed, taken_at, called_at, \
         started_at, ended_at, site_window, window_name, staff, staff_name, version"
    };
}
macro_rules! booking {
    () => {
        "id, site, tenant, unit, org, day, slot, letter, matter, person, account, name_shown, state, made_at, late_at, ticket, version"
    };
}

const PLAN: &str = "SELECT body, version FROM hall_plans WHERE site = $1";
const SAVE_PLAN: &str = "INSERT INTO hall_plans (site, tenant, unit, org, body, version) VALUES ($1, $2, $3, $4, $5, 1) \
     ON CONFLICT (site) DO UPDATE SET body = excluded.body, version = hall_plans.version + 1";
const TAKE_SLOT: &str = "INSERT INTO hall_slots (site, day, slot, taken) VALUES ($1, $2, $3, 1) \
     ON CONFLICT (site, day, slot) DO UPDATE SET taken = hall_slots.taken + 1 WHERE hall_slots.taken < $4 RETURNING taken";
const FREE_SLOT: &str = "UPDATE hall_slots SET taken = taken - 1 WHERE site = $1 AND day = $2 AND slot = $3 AND taken > 0";
const SLOTS: &str = "SELECT slot, taken FROM hall_slots WHERE site = $1 AND day = $2 ORDER BY slot";
const ADD_TICKET: &str = concat!(
    "INSERT INTO hall_tickets (",
    ticket!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)"
);
const SAVE_TICKET: &str = "UPDATE hall_tickets SET state = $1, place = $2, passed = $3, called_at = $4, started_at = $5, ended_at = $6, \
     site_window = $7, window_name = $8, staff = $9, staff_name = $10, version = $11 WHERE id = $12 AND version = $13";
const ONE_TICKET: &str = concat!("SELECT ", ticket!(), " FROM hall_tickets WHERE id = $1");
const NEXT: &str = concat!(
    "SELECT ",
    ticket!(),
    " FROM hall_tickets WHERE site = $1 AND day = $2 AND state = 'waiting' AND letter = $3 AND place <= $4 \
     ORDER BY CASE WHEN booking > 0 THEN 0 ELSE 1 END, place, id LIMIT 1"
);
const LINE: &str = concat!("SELECT ", ticket!(), " FROM hall_tickets WHERE site = $1 AND day = $2 AND state = $3 ORDER BY letter, place, id LIMIT $4");
const WAITING: &str = "SELECT letter, COUNT(*) FROM hall_tickets WHERE site = $1 AND day = $2 AND state = 'waiting' GROUP BY letter ORDER BY letter";
const DONE: &str = "SELECT COUNT(*) FROM hall_tickets WHERE site = $1 AND day = $2 AND state = 'done'";
const LAST_DONE: &str = concat!(
    "SELECT ",
    ticket!(),
    " FROM hall_tickets WHERE site = $1 AND day = $2 AND state = 'done' AND site_window = $3 ORDER BY ended_at DESC, id DESC LIMIT 1"
);
const HOLDING: &str = concat!("SELECT ", ticket!(), " FROM hall_tickets WHERE account = $1 AND day = $2 AND site = $3 AND letter = $4 AND state = 'waiting' AND account > 0");
const ADD_BOOKING: &str = concat!(
    "INSERT INTO hall_bookings (",
    booking!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
);
const SAVE_BOOKING: &str = "UPDATE hall_bookings SET state = $1, late_at = $2, ticket = $3, version = $4 WHERE id = $5 AND version = $6";
const ONE_BOOKING: &str = concat!("SELECT ", booking!(), " FROM hall_bookings WHERE id = $1");
const MY_BOOKINGS: &str = concat!("SELECT ", booking!(), " FROM hall_bookings WHERE account = $1 ORDER BY id DESC LIMIT $2");
const SAME_SLOT: &str = "SELECT id FROM hall_bookings WHERE account = $1 AND day = $2 AND slot = $3 AND state = 'booked'";
const TODAY: &str = concat!("SELECT ", booking!(), " FROM hall_bookings WHERE site = $1 AND day = $2 ORDER BY slot, id LIMIT $3");
/// 到点没来的预约。
pub const LATE: &str = "SELECT id, late_at FROM hall_bookings WHERE late_at <= $1 ORDER BY late_at, id LIMIT $2";
pub const STATEMENTS: &[&str] = &[
    PLAN, SAVE_PLAN, TAKE_SLOT, FREE_SLOT, SLOTS, ADD_TICKET, SAVE_TICKET, ONE_TICKET, NEXT, LINE, WAITING, DONE, LAST_DONE, HOLDING, ADD_BOOKING,
    SAVE_BOOKING, ONE_BOOKING, MY_BOOKINGS, SAME_SLOT, TODAY, LATE,
];

fn place(r: &Row<'_>) -> Result<Place> {
    Ok(Place { tenant: r.get(2)?, unit: r.get(3)?, org: r.get(4)? })
}

fn moment(r: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    Ok(r.get::<Option<i64>>(column)?.map(from_millis))
}

fn ticket_row(r: &Row<'_>) -> Result<Ticket> {
    let state: String = r.get(8)?;
    Ok(Ticket {
        id: r.get(0)?,
        site: r.get(1)?,
        place: place(r)?,
        day: r.get(5)?,
        number: r.get(6)?,
        letter: r.get(7)?,
        state: TicketState::parse(&state).ok_or(Error::Shape("号票状态"))?,
        matter: r.get(9)?,
        account: r.get(10)?,
        booking: r.get(11)?,
        order: r.get(12)?,
        passed: r.get(13)?,
        taken_at: from_millis(r.get(14)?),
        called_at: moment(r, 15)?,
        started_at: moment(r, 16)?,
        ended_at: moment(r, 17)?,
        window: r.get(18)?,
        window_name: r.get(19)?,
        staff: r.get(20)?,
        staff_name: r.get(21)?,
        version: r.get(22)?,
    })
}

fn booking_row(r: &Row<'_>) -> Result<Booking> {
    let state: String = r.get(12)?;
    Ok(Booking {
        id: r.get(0)?,
        site: r.get(1)?,
        place: place(r)?,
        day: r.get(5)?,
        slot: r.get(6)?,
        letter: r.get(7)?,
        matter: r.get(8)?,
        person: r.get(9)?,
        account: r.get(10)?,
        name_shown: r.get(11)?,
        state: BookingState::parse(&state).ok_or(Error::Shape("预约状态"))?,
        made_at: from_millis(r.get(13)?),
        late_at: moment(r, 14)?,
        ticket: r.get(15)?,
        version: r.get(16)?,
    })
}

/// 一个服务点的放号安排；没定过用缺省。
pub fn plan(tx: &mut Tx<'_>, site: i64) -> Result<Plan> {
    let body: Option<String> = tx.row(PLAN, args![site], |r| r.get(0))?;
    body.map_or_else(|| Ok(Plan::default()), |body| Ok(serde_json::from_str(&body)?))
}

/// 存下放号安排。
pub fn save_plan(tx: &mut Tx<'_>, site: i64, place: Place, plan: &Plan) -> Result<()> {
    let body = serde_json::to_string(plan)?;
    tx.exec(SAVE_PLAN, args![site, place.tenant, place.unit, place.org, &body])?;
    Ok(())
}

/// 占一个时段的号；满了回答假。
pub fn take_slot(tx: &mut Tx<'_>, site: i64, day: i64, slot: i64, capacity: i64) -> Result<bool> {
    Ok(tx.row(TAKE_SLOT, args![site, day, slot, capacity], |r| r.get::<i64>(0))?.is_some())
}

/// 还一个号。
pub fn free_slot(tx: &mut Tx<'_>, site: i64, day: i64, slot: i64) -> Result<()> {
    tx.exec(FREE_SLOT, args![site, day, slot])?;
    Ok(())
}

/// 某日各时段已约几个。
pub fn slots(tx: &mut Tx<'_>, site: i64, day: i64) -> Result<Vec<(i64, i64)>> {
    tx.rows(SLOTS, args![site, day], |r| Ok((r.get(0)?, r.get(1)?)))
}

/// 出一张号票。
pub fn add_ticket(tx: &mut Tx<'_>, t: &Ticket) -> Result<()> {
    tx.exec(
        ADD_TICKET,
        args![
            t.id, t.site, t.place.tenant, t.place.unit, t.place.org, t.day, &t.number, &t.letter, t.state.as_str(), &t.matter, t.account,
            t.booking, t.order, t.passed, t.taken_at, t.called_at, t.started_at, t.ended_at, t.window, &t.window_name, t.staff,
            &t.staff_name, t.version,
        ],
    )?;
    Ok(())
}

/// 写回号票；`version` 已是新版本号。
pub fn save_ticket(tx: &mut Tx<'_>, t: &Ticket) -> Result<()> {
    let changed = tx.exec(
        SAVE_TICKET,
        args![
            t.state.as_str(), t.order, t.passed, t.called_at, t.started_at, t.ended_at, t.window, &t.window_name, t.staff, &t.staff_name,
            t.version, t.id, t.version - 1,
        ],
    )?;
    if changed == 1 { Ok(()) } else { Err(tongban_kernel::Problem::stale(t.version).into()) }
}

/// 锁住一张号票。
pub fn lock_ticket(tx: &mut Tx<'_>, id: i64) -> Result<Option<Ticket>> {
    tx.lock(ONE_TICKET, args![id], ticket_row)
}

/// 读一张号票。
pub fn ticket(tx: &mut Tx<'_>, id: i64) -> Result<Option<Ticket>> {
    tx.row(ONE_TICKET, args![id], ticket_row)
}

/// 这个队列该叫的下一张，锁住。
pub fn next_ticket(tx: &mut Tx<'_>, site: i64, day: i64, letter: &str, now: Timestamp) -> Result<Option<Ticket>> {
    tx.lock(NEXT, args![site, day, letter, now], ticket_row)
}

/// 某状态的号票，按排队先后。
pub fn line(tx: &mut Tx<'_>, site: i64, day: i64, state: TicketState, limit: i64) -> Result<Vec<Ticket>> {
    tx.rows(LINE, args![site, day, state.as_str(), limit], ticket_row)
}

/// 各队列等候几人。
pub fn waiting(tx: &mut Tx<'_>, site: i64, day: i64) -> Result<Vec<(String, i64)>> {
    tx.rows(WAITING, args![site, day], |r| Ok((r.get(0)?, r.get(1)?)))
}

/// 某窗口今天最近办完的号。
pub fn last_done(tx: &mut Tx<'_>, site: i64, day: i64, window: i64) -> Result<Option<Ticket>> {
    tx.row(LAST_DONE, args![site, day, window], ticket_row)
}

/// 今天办完几人。
pub fn served(tx: &mut Tx<'_>, site: i64, day: i64) -> Result<i64> {
    Ok(tx.row(DONE, args![site, day], |r| r.get(0))?.unwrap_or(0))
}

/// 这个账号在这个队列等候的那张。
pub fn holding(tx: &mut Tx<'_>, account: i64, day: i64, site: i64, letter: &str) -> Result<Option<Ticket>> {
    tx.row(HOLDING, args![account, day, site, letter], ticket_row)
}

/// 登记预约。
pub fn add_booking(tx: &mut Tx<'_>, b: &Booking) -> Result<()> {
    tx.exec(
        ADD_BOOKING,
        args![
            b.id, b.site, b.place.tenant, b.place.unit, b.place.org, b.day, b.slot, &b.letter, &b.matter, b.person, b.account, &b.name_shown,
            b.state.as_str(), b.made_at, b.late_at, b.ticket, b.version,
        ],
    )?;
    Ok(())
}

/// 写回预约。
pub fn save_booking(tx: &mut Tx<'_>, b: &Booking) -> Result<()> {
    let changed = tx.exec(SAVE_BOOKING, args![b.state.as_str(), b.late_at, b.ticket, b.version, b.id, b.version - 1])?;
    if changed == 1 { Ok(()) } else { Err(tongban_kernel::Problem::stale(b.version).into()) }
}

/// 锁住一次预约。
pub fn lock_booking(tx: &mut Tx<'_>, id: i64) -> Result<Option<Booking>> {
    tx.lock(ONE_BOOKING, args![id], booking_row)
}

/// 同一人同一时段约过没有。
pub fn same_slot(tx: &mut Tx<'_>, account: i64, day: i64, slot: i64) -> Result<bool> {
    Ok(tx.row(SAME_SLOT, args![account, day, slot], |r| r.get::<i64>(0))?.is_some())
}

/// 我的预约，最近的在前。
pub fn my_bookings(tx: &mut Tx<'_>, account: i64, limit: i64) -> Result<Vec<Booking>> {
    tx.rows(MY_BOOKINGS, args![account, limit], booking_row)
}

/// 某服务点某日的预约。
pub fn bookings_on(tx: &mut Tx<'_>, site: i64, day: i64, limit: i64) -> Result<Vec<Booking>> {
    tx.rows(TODAY, args![site, day, limit], booking_row)
}
