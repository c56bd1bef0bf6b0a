//! 待用印章的证照：没有可用的章或授权，停着等。

use jiff::Timestamp;
use tongban_store::{Result, Row, Tx, args};

const PUT: &str = "INSERT INTO credentials_waits (licence, unit, what, account, batch, reason, since) VALUES ($1, $2, $3, $4, $5, $6, $7) \
     ON CONFLICT (licence) DO UPDATE SET account = $4, batch = $5, reason = $6";
const FIND: &str = "SELECT licence, unit, what, account, batch, reason FROM credentials_waits WHERE licence = $1";
const OF_UNIT: &str = "SELECT licence, unit, what, account, batch, reason FROM credentials_waits WHERE unit = $1 AND licence > $2 ORDER BY licence LIMIT $3";
const CLEAR: &str = "DELETE FROM credentials_waits WHERE licence = $1";

pub(super) const STATEMENTS: &[&str] = &[PUT, FIND, OF_UNIT, CLEAR];

/// 一张等着的。
#[derive(Debug, Clone)]
pub struct Wait {
    pub licence: i64,
    pub unit: i64,
    pub what: String,
    pub account: i64,
    pub batch: String,
    pub reason: String,
}

fn wait(r: &Row<'_>) -> Result<Wait> {
    Ok(Wait { licence: r.get(0)?, unit: r.get(1)?, what: r.get(2)?, account: r.get(3)?, batch: r.get(4)?, reason: r.get(5)? })
}

/// 停下来等；已经在等的换上新的原因。
pub fn put(tx: &mut Tx<'_>, w: &Wait, at: Timestamp) -> Result<()> {
    tx.exec(PUT, args![w.licence, w.unit, &w.what, w.account, &w.batch, &w.reason, at])?;
    Ok(())
}

/// 一张证照在等吗、等什么。
pub fn find(tx: &mut Tx<'_>, licence: i64) -> Result<Option<Wait>> {
    tx.row(FIND, args![licence], wait)
}

/// 一个单位等着的，自 `after` 之后。
pub fn of_unit(tx: &mut Tx<'_>, unit: i64, after: i64, limit: u32) -> Result<Vec<Wait>> {
    tx.rows(OF_UNIT, args![unit, after, limit], wait)
}

/// 不再等。
pub fn clear(tx: &mut Tx<'_>, licence: i64) -> Result<()> {
    tx.exec(CLEAR, args![licence])?;
    Ok(())
}
