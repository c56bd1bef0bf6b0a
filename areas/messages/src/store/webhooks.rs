//! 事件订阅。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_store::{Result, Row, Tx, args};

use crate::model::{Standing, Webhook};

macro_rules! columns {
    () => {
        "id, tenant, url, description, event_types, state, reason, failures, paused_until, old_until, created, version"
    };
}

const ADD: &str = "INSERT INTO messages_webhooks (id, tenant, url, description, event_types, secret, state, reason, failures, paused_until, \
     leased_until, created, version) VALUES ($1, $2, $3, $4, $5, $6, 'active', '', 0, 0, 0, $7, 1)";
const LOCK: &str = concat!("SELECT ", columns!(), " FROM messages_webhooks WHERE id = $1");
const LIST: &str = concat!("SELECT ", columns!(), " FROM messages_webhooks WHERE tenant = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
const ACTIVE: &str = concat!("SELECT ", columns!(), " FROM messages_webhooks WHERE state = 'active' ORDER BY id");
const STOPPED: &str = concat!("SELECT ", columns!(), " FROM messages_webhooks WHERE tenant = $1 AND state = 'disabled' AND id > $2 ORDER BY id LIMIT $3");
const STAND: &str = "UPDATE messages_webhooks SET state = $1, reason = $2, failures = 0, paused_until = 0, version = version + 1 WHERE id = $3 AND version = $4";
const DISABLE: &str = "UPDATE messages_webhooks SET state = 'disabled', reason = $1, version = version + 1 WHERE id = $2 AND state = 'active'";
const ROTATE: &str = "UPDATE messages_webhooks SET old_secret = secret, old_until = $1, secret = $2, version = version + 1 WHERE id = $3 AND version = $4";
const SECRETS: &str = "SELECT secret, old_secret, old_until FROM messages_webhooks WHERE id = $1";
const REMOVE: &str = "DELETE FROM messages_webhooks WHERE id = $1 AND version = $2";
const LEASE: &str = "UPDATE messages_webhooks SET leased_until = $1 WHERE id = $2 AND state = 'active' AND leased_until <= $3 AND paused_until <= $3";
const RENEW: &str = "UPDATE messages_webhooks SET leased_until = $1 WHERE id = $2";
const PAUSE: &str = "UPDATE messages_webhooks SET failures = failures + 1, paused_until = $1, leased_until = 0 WHERE id = $2";
const RECOVER: &str = "UPDATE messages_webhooks SET failures = 0, paused_until = 0 WHERE id = $1 AND failures > 0";
pub(super) const STATEMENTS: &[&str] = &[ADD, LOCK, LIST, ACTIVE, STOPPED, STAND, DISABLE, ROTATE, SECRETS, REMOVE, LEASE, RENEW, PAUSE, RECOVER];

fn webhook(r: &Row<'_>) -> Result<Webhook> {
    let types: String = r.get(4)?;
    Ok(Webhook {
        id: r.get(0)?,
        tenant: r.get(1)?,
        url: r.get(2)?,
        description: r.get(3)?,
        event_types: types.split_whitespace().map(str::to_owned).collect(),
        standing: Standing::parse(&r.get::<String>(5)?),
        reason: r.get(6)?,
        failures: r.get(7)?,
        paused_until: r.get(8)?,
        rotating_until: r.get::<Option<i64>>(9)?.map(from_millis),
        created: from_millis(r.get(10)?),
        version: r.get(11)?,
    })
}

/// 一个新订阅的内容。
pub(crate) struct NewWebhook<'a> {
    pub id: i64,
    pub tenant: i64,
    pub url: &'a str,
    pub description: &'a str,
    pub event_types: &'a [String],
    pub secret: &'a str,
}

pub(crate) fn add_webhook(tx: &mut Tx<'_>, new: &NewWebhook<'_>, at: Timestamp) -> Result<()> {
    let (secret, types) = (tx.seal(new.secret), new.event_types.join(" "));
    tx.exec(ADD, args![new.id, new.tenant, new.url, new.description, &types, &secret, at])?;
    Ok(())
}

pub(crate) fn lock_webhook(tx: &mut Tx<'_>, id: i64) -> Result<Option<Webhook>> {
    tx.lock(LOCK, args![id], webhook)
}

/// 一个订阅。
///
/// # Errors
/// 引擎拒绝。
pub fn find_webhook(tx: &mut Tx<'_>, id: i64) -> Result<Option<Webhook>> {
    tx.row(LOCK, args![id], webhook)
}

/// 一个县区 `before` 之前的订阅，新的在前。
pub(crate) fn webhooks(tx: &mut Tx<'_>, tenant: i64, before: i64, limit: i64) -> Result<Vec<Webhook>> {
    tx.rows(LIST, args![tenant, before, limit], webhook)
}

pub(crate) fn active_webhooks(tx: &mut Tx<'_>) -> Result<Vec<Webhook>> {
    tx.rows(ACTIVE, &[], webhook)
}

/// 停用的订阅。
pub(crate) fn stopped(tx: &mut Tx<'_>, tenant: i64, after: i64, limit: i64) -> Result<Vec<Webhook>> {
    tx.rows(STOPPED, args![tenant, after, limit], webhook)
}

pub(crate) fn stand(tx: &mut Tx<'_>, id: i64, version: i64, standing: Standing, reason: &str) -> Result<bool> {
    Ok(tx.exec(STAND, args![standing.as_str(), reason, id, version])? == 1)
}

/// 系统停用一个端点；回答这次是不是真的停了它。
pub(crate) fn disable(tx: &mut Tx<'_>, id: i64, reason: &str) -> Result<bool> {
    Ok(tx.exec(DISABLE, args![reason, id])? == 1)
}

pub(crate) fn rotate(tx: &mut Tx<'_>, id: i64, version: i64, secret: &str, old_until: Timestamp) -> Result<bool> {
    let secret = tx.seal(secret);
    Ok(tx.exec(ROTATE, args![old_until, &secret, id, version])? == 1)
}

/// 现在要用来签名的钥匙：新的在前，轮换期里还有旧的。
pub(crate) fn secrets(tx: &mut Tx<'_>, id: i64, now: Timestamp) -> Result<Vec<String>> {
    let row = tx.row(SECRETS, args![id], |r| Ok((r.get::<Vec<u8>>(0)?, r.get::<Option<Vec<u8>>>(1)?, r.get::<Option<i64>>(2)?)))?;
    let Some((new, old, until)) = row else { return Ok(Vec::new()) };
    let mut found = vec![tx.unseal(&new)?];
    if let (Some(old), Some(until)) = (old, until)
        && from_millis(until) > now
    {
        found.push(tx.unseal(&old)?);
    }
    Ok(found)
}

pub(crate) fn remove_webhook(tx: &mut Tx<'_>, id: i64, version: i64) -> Result<bool> {
    Ok(tx.exec(REMOVE, args![id, version])? == 1)
}

/// 领下这个端点的投递；别的节点正在投、停用或暂停中就领不到。
pub(crate) fn lease(tx: &mut Tx<'_>, id: i64, now: Timestamp, until: Timestamp) -> Result<bool> {
    Ok(tx.exec(LEASE, args![until, id, now])? == 1)
}

pub(crate) fn renew_lease(tx: &mut Tx<'_>, id: i64, until: Timestamp) -> Result<()> {
    tx.exec(RENEW, args![until, id])?;
    Ok(())
}

/// 连不上：先停一会儿。
pub(crate) fn pause_endpoint(tx: &mut Tx<'_>, id: i64, until: Timestamp) -> Result<()> {
    tx.exec(PAUSE, args![until, id])?;
    Ok(())
}

/// 又连上了；回答之前是不是断着的。
pub(crate) fn recover(tx: &mut Tx<'_>, id: i64) -> Result<bool> {
    Ok(tx.exec(RECOVER, args![id])? == 1)
}
