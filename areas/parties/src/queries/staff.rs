//! 工作人员账号的读：列表与详情要的。

use jiff::Timestamp;
use tongban_store::{Result, Tx};

use crate::commands::staff;
use crate::model::Account;
use crate::store::staff as rows;

/// 一名工作人员的账号；没有开为 `None`。
///
/// # Errors
/// 引擎拒绝。
pub fn account_of(tx: &mut Tx<'_>, staff: i64) -> Result<Option<Account>> {
    rows::account_of(tx, staff)
}

/// 连错口令锁到什么时候；没有锁为 `None`。
///
/// # Errors
/// 引擎拒绝。
pub fn locked_until(tx: &mut Tx<'_>, account: i64, now: Timestamp) -> Result<Option<Timestamp>> {
    staff::locked_until(tx, account, now)
}
