//! 参数：键与值，随用随读。

use jiff::Timestamp;
use tongban_store::{Result, Tx, args};

const GET: &str = "SELECT value FROM system_settings WHERE key = $1";
const PUT: &str = "INSERT INTO system_settings (key, value, at) VALUES ($1, $2, $3) ON CONFLICT (key) DO UPDATE SET value = $2, at = $3";
pub const STATEMENTS: &[&str] = &[GET, PUT];

/// 一个参数；没有设过为 `None`。
///
/// # Errors
/// 引擎拒绝。
pub fn get(tx: &mut Tx<'_>, key: &str) -> Result<Option<String>> {
    tx.row(GET, args![key], |r| r.get(0))
}

/// 设一个参数。
///
/// # Errors
/// 引擎拒绝。
pub fn put(tx: &mut Tx<'_>, key: &str, value: &str, at: Timestamp) -> Result<()> {
    tx.exec(PUT, args![key, value, at])?;
    Ok(())
}
