//! 工作人员的账号：登录名、口令、锁定、停用。

use jiff::Timestamp;
use tongban_store::{Result, Tx, args};

use super::account_row;
use crate::model::Account;

const OF_STAFF: &str = "SELECT id, kind, person, staff, password, active, login, must_change, verify_by, version \
     FROM parties_accounts WHERE staff = $1 AND kind = 'staff'";
const LOCK: &str = "SELECT id, kind, person, staff, password, active, login, must_change, verify_by, version FROM parties_accounts WHERE id = $1";
const LOGINS: &str = "SELECT digest FROM parties_logins WHERE account = $1";
const GIVE_PASSWORD: &str =
    "UPDATE parties_accounts SET password = $1, must_change = $2, version = version + 1 WHERE id = $3 AND version = $4";
const SWITCH: &str = "UPDATE parties_accounts SET active = $1, verify_by = NULL, version = version + 1 WHERE id = $2";
const TOUCH: &str = "UPDATE parties_accounts SET version = version + 1 WHERE id = $1 AND version = $2";
const VERIFY_BY: &str = "UPDATE parties_accounts SET verify_by = $1 WHERE id = $2";
const END_SESSIONS: &str = "DELETE FROM parties_sessions WHERE account = $1 AND token <> $2";
/// 到了期限还没有实名的账号。
pub const UNVERIFIED: &str = "SELECT id, verify_by FROM parties_accounts WHERE verify_by <= $1 ORDER BY verify_by, id LIMIT $2";
pub const STATEMENTS: &[&str] = &[OF_STAFF, LOCK, LOGINS, GIVE_PASSWORD, SWITCH, TOUCH, VERIFY_BY, END_SESSIONS, UNVERIFIED];

pub(crate) fn account_of(tx: &mut Tx<'_>, staff: i64) -> Result<Option<Account>> {
    tx.row(OF_STAFF, args![staff], account_row)
}

pub(crate) fn lock(tx: &mut Tx<'_>, id: i64) -> Result<Option<Account>> {
    tx.lock(LOCK, args![id], account_row)
}

/// 一个账号的各个登录名的散列。
pub(crate) fn logins(tx: &mut Tx<'_>, account: i64) -> Result<Vec<Vec<u8>>> {
    tx.rows(LOGINS, args![account], |r| r.get(0))
}

/// 换口令；`must_change` 是要他登录后先改。版本不符回答假。
pub(crate) fn give_password(tx: &mut Tx<'_>, account: &Account, hash: &str, must_change: bool) -> Result<bool> {
    Ok(tx.exec(GIVE_PASSWORD, args![hash, must_change, account.id, account.version])? == 1)
}

/// 停用或启用；实名的期限从下次登录重新算。
pub(crate) fn switch(tx: &mut Tx<'_>, account: i64, active: bool) -> Result<()> {
    tx.exec(SWITCH, args![active, account])?;
    Ok(())
}

pub(crate) fn touch(tx: &mut Tx<'_>, account: &Account) -> Result<bool> {
    Ok(tx.exec(TOUCH, args![account.id, account.version])? == 1)
}

pub(crate) fn set_verify_by(tx: &mut Tx<'_>, account: i64, by: Option<Timestamp>) -> Result<()> {
    tx.exec(VERIFY_BY, args![by.map(Timestamp::as_millisecond), account])?;
    Ok(())
}

/// 断掉一个账号的全部会话，`kept` 除外。
pub(crate) fn end_sessions(tx: &mut Tx<'_>, account: i64, kept: &[u8]) -> Result<()> {
    tx.exec(END_SESSIONS, args![account, kept])?;
    Ok(())
}
