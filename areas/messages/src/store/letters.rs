//! 站内信与短信。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_store::{Result, Row, Tx, args};

const ADD: &str = "INSERT INTO messages_messages (id, person, at, title, body, href, seen) VALUES ($1, $2, $3, $4, $5, $6, 0)";
const MINE: &str = "SELECT id, at, title, body, href FROM messages_messages WHERE person = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
const ADD_STAFF: &str = "INSERT INTO messages_messages (id, person, at, title, body, href, seen, staff) VALUES ($1, 0, $2, $3, $4, $5, 0, $6)";
const OF_STAFF: &str = "SELECT id, at, title, body, href FROM messages_messages WHERE staff = $1 AND staff > 0 AND id < $2 ORDER BY id DESC LIMIT $3";
const KEEP_SMS: &str = "INSERT INTO messages_sms (id, mobile, body, at, state) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";
const SMS: &str = "SELECT id, mobile, at, state FROM messages_sms WHERE state = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
pub(super) const STATEMENTS: &[&str] = &[ADD, MINE, ADD_STAFF, OF_STAFF, KEEP_SMS, SMS];

/// 一封站内信。
#[derive(Debug, Clone)]
pub struct Message {
    pub id: i64,
    pub at: Timestamp,
    pub title: String,
    pub body: String,
    pub href: String,
}

/// 出箱里的一条短信；不含内容。
#[derive(Debug, Clone)]
pub struct Sms {
    pub id: i64,
    /// 脱敏后的号码。
    pub mobile: String,
    pub at: Timestamp,
    pub state: String,
}

pub(crate) fn add_message(tx: &mut Tx<'_>, id: i64, person: i64, title: &str, body: &str, href: &str, at: Timestamp) -> Result<()> {
    tx.exec(ADD, args![id, person, at, title, body, href])?;
    Ok(())
}

/// 某人 `before` 之前的信，新的在前。
pub(crate) fn mine(tx: &mut Tx<'_>, person: i64, before: i64, limit: i64) -> Result<Vec<Message>> {
    tx.rows(MINE, args![person, before, limit], message)
}

fn message(r: &Row<'_>) -> Result<Message> {
    Ok(Message { id: r.get(0)?, at: from_millis(r.get(1)?), title: r.get(2)?, body: r.get(3)?, href: r.get(4)? })
}

pub(crate) fn add_staff_message(tx: &mut Tx<'_>, id: i64, staff: i64, title: &str, body: &str, href: &str, at: Timestamp) -> Result<()> {
    tx.exec(ADD_STAFF, args![id, at, title, body, href, staff])?;
    Ok(())
}

/// 写给某个工作人员的，`before` 之前的，新的在前。
pub(crate) fn of_staff(tx: &mut Tx<'_>, staff: i64, before: i64, limit: i64) -> Result<Vec<Message>> {
    tx.rows(OF_STAFF, args![staff, before, limit], message)
}

pub(crate) fn keep_sms(tx: &mut Tx<'_>, id: i64, mobile: &[u8], text: &str, state: &str, at: Timestamp) -> Result<()> {
    let body = tx.seal(text);
    tx.exec(KEEP_SMS, args![id, mobile, &body, at, state])?;
    Ok(())
}

/// 某种状态的短信，新的在前。
pub(crate) fn sms(tx: &mut Tx<'_>, state: &str, before: i64, limit: i64) -> Result<Vec<Sms>> {
    let rows: Vec<(i64, Vec<u8>, i64, String)> =
        tx.rows(SMS, args![state, before, limit], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
    rows.into_iter()
        .map(|(id, mobile, at, state)| {
            Ok(Sms { id, mobile: tongban_kernel::mask::mobile(&tx.unseal(&mobile)?), at: from_millis(at), state })
        })
        .collect()
}
