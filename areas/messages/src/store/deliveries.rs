//! 投递：一个订阅的一次事件。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_store::{Result, Row, Tx, args};

use crate::model::{Delivery, Fate};

macro_rules! columns {
    () => {
        "id, webhook, event, type, subject, body, state, tries, next_at, created, last_at, last_status, last_error"
    };
}

const ADD: &str = "INSERT INTO messages_deliveries (id, webhook, event, type, subject, body, state, tries, next_at, created, last_error) \
     VALUES ($1, $2, $3, $4, $5, $6, 0, 0, $7, $8, '') ON CONFLICT (webhook, event) DO NOTHING";
/// 到点的、且前面没有同一主题还没送到的。
const DUE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM messages_deliveries d WHERE d.webhook = $1 AND d.state = 0 AND d.next_at <= $2 AND NOT EXISTS \
     (SELECT 1 FROM messages_deliveries e WHERE e.webhook = $1 AND e.subject = d.subject AND e.state = 0 AND e.id < d.id) \
     ORDER BY d.next_at, d.id LIMIT $3"
);
const NEXT: &str = "SELECT next_at FROM messages_deliveries WHERE webhook = $1 AND state = 0 ORDER BY next_at, id LIMIT 1";
const DONE: &str = "UPDATE messages_deliveries SET state = 1, tries = tries + 1, last_at = $1, last_status = $2, last_error = '' WHERE id = $3 AND state = 0";
const AGAIN: &str = "UPDATE messages_deliveries SET tries = tries + 1, next_at = $1, last_at = $2, last_status = $3, last_error = $4 WHERE id = $5 AND state = 0";
/// 连不上：次数不算。
const LATER: &str = "UPDATE messages_deliveries SET next_at = $1, last_at = $2, last_status = 0, last_error = $3 WHERE id = $4 AND state = 0";
const DEAD: &str = "UPDATE messages_deliveries SET state = 2, tries = tries + 1, last_at = $1, last_status = $2, last_error = $3 WHERE id = $4 AND state = 0";
/// 端点恢复：因连不上而等着的都提前到现在。
const SOONER: &str = "UPDATE messages_deliveries SET next_at = $1 WHERE webhook = $2 AND state = 0 AND next_at > $1 AND last_status = 0";
const REVIVE: &str = "UPDATE messages_deliveries SET state = 0, tries = 0, next_at = $1 WHERE webhook = $2 AND id = $3 AND state <> 0";
const REVIVE_DEAD: &str = "UPDATE messages_deliveries SET state = 0, tries = 0, next_at = $1 WHERE webhook = $2 AND state = 2";
const LIST: &str = concat!("SELECT ", columns!(), " FROM messages_deliveries WHERE webhook = $1 AND state = $2 AND id < $3 ORDER BY id DESC LIMIT $4");
const COUNT: &str = "SELECT state, COUNT(*) FROM messages_deliveries WHERE webhook = $1 GROUP BY state";
const REMOVE: &str = "DELETE FROM messages_deliveries WHERE webhook = $1";
pub(super) const STATEMENTS: &[&str] = &[ADD, DUE, NEXT, DONE, AGAIN, LATER, DEAD, SOONER, REVIVE, REVIVE_DEAD, LIST, COUNT, REMOVE];

fn delivery(r: &Row<'_>) -> Result<Delivery> {
    Ok(Delivery {
        id: r.get(0)?,
        webhook: r.get(1)?,
        event: r.get(2)?,
        kind: r.get(3)?,
        subject: r.get(4)?,
        body: r.get(5)?,
        fate: Fate::parse(r.get(6)?),
        tries: r.get(7)?,
        next_at: from_millis(r.get(8)?),
        created: from_millis(r.get(9)?),
        last_at: r.get::<Option<i64>>(10)?.map(from_millis),
        last_status: r.get(11)?,
        last_error: r.get(12)?,
    })
}

/// 一次新投递。
pub(crate) struct NewDelivery<'a> {
    pub webhook: i64,
    pub event: &'a str,
    pub kind: &'a str,
    pub subject: &'a str,
    pub body: &'a str,
}

pub(crate) fn add_delivery(tx: &mut Tx<'_>, new: &NewDelivery<'_>, at: Timestamp) -> Result<i64> {
    let id = tx.new_id();
    tx.exec(ADD, args![id, new.webhook, new.event, new.kind, new.subject, new.body, at, at])?;
    Ok(id)
}

pub(crate) fn due(tx: &mut Tx<'_>, webhook: i64, now: Timestamp, limit: i64) -> Result<Vec<Delivery>> {
    tx.rows(DUE, args![webhook, now, limit], delivery)
}

pub(crate) fn next_due(tx: &mut Tx<'_>, webhook: i64) -> Result<Option<Timestamp>> {
    Ok(tx.row(NEXT, args![webhook], |r| r.get::<i64>(0))?.map(from_millis))
}

pub(crate) fn delivered(tx: &mut Tx<'_>, id: i64, status: i64, at: Timestamp) -> Result<()> {
    tx.exec(DONE, args![at, status, id])?;
    Ok(())
}

pub(crate) fn try_again(tx: &mut Tx<'_>, id: i64, next: Timestamp, status: i64, error: &str, at: Timestamp) -> Result<()> {
    tx.exec(AGAIN, args![next, at, status, error, id])?;
    Ok(())
}

pub(crate) fn try_later(tx: &mut Tx<'_>, id: i64, next: Timestamp, error: &str, at: Timestamp) -> Result<()> {
    tx.exec(LATER, args![next, at, error, id])?;
    Ok(())
}

pub(crate) fn bury(tx: &mut Tx<'_>, id: i64, status: i64, error: &str, at: Timestamp) -> Result<()> {
    tx.exec(DEAD, args![at, status, error, id])?;
    Ok(())
}

pub(crate) fn sooner(tx: &mut Tx<'_>, webhook: i64, at: Timestamp) -> Result<()> {
    tx.exec(SOONER, args![at, webhook])?;
    Ok(())
}

/// 重投一条；回答有没有这一条可重投的。
pub(crate) fn revive(tx: &mut Tx<'_>, webhook: i64, id: i64, at: Timestamp) -> Result<bool> {
    Ok(tx.exec(REVIVE, args![at, webhook, id])? == 1)
}

/// 死信全部重投，回答几条。
pub(crate) fn revive_dead(tx: &mut Tx<'_>, webhook: i64, at: Timestamp) -> Result<u64> {
    tx.exec(REVIVE_DEAD, args![at, webhook])
}

/// 某种下场的投递，新的在前。
pub(crate) fn deliveries(tx: &mut Tx<'_>, webhook: i64, fate: Fate, before: i64, limit: i64) -> Result<Vec<Delivery>> {
    tx.rows(LIST, args![webhook, fate as i64, before, limit], delivery)
}

/// 各种下场各几条。
pub(crate) fn tallies(tx: &mut Tx<'_>, webhook: i64) -> Result<Vec<(Fate, i64)>> {
    tx.rows(COUNT, args![webhook], |r| Ok((Fate::parse(r.get(0)?), r.get(1)?)))
}

pub(crate) fn remove_deliveries(tx: &mut Tx<'_>, webhook: i64) -> Result<()> {
    tx.exec(REMOVE, args![webhook])?;
    Ok(())
}
