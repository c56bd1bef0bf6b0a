//! 成批认账号与凭证：审计一页一次读完。

use std::collections::BTreeMap;

use tongban_directory::fifty;
use tongban_directory::queries::in_fifties;
use tongban_kernel::mask;
use tongban_store::{Result, Tx, args};

const ACCOUNTS: &str = fifty!("SELECT a.id, a.login, a.staff, p.name FROM parties_accounts a LEFT JOIN parties_persons p ON p.id = a.person WHERE a.id IN", "");
const TOKENS: &str = fifty!("SELECT id, name FROM parties_tokens WHERE id IN", "");
const OF_STAFF: &str = fifty!("SELECT id FROM parties_accounts WHERE staff IN", "AND kind = 'staff'");
const TOKENS_NAMED: &str = "SELECT id FROM parties_tokens WHERE tenant = $1 AND name = $2 ORDER BY id LIMIT 200";

pub const STATEMENTS: &[&str] = &[ACCOUNTS, TOKENS, OF_STAFF, TOKENS_NAMED];

/// 账号：登录名、工作人员行键（没有为 0）、群众的脱敏姓名。
pub(crate) struct Known {
    pub login: String,
    pub staff: i64,
    pub citizen: String,
}

pub(crate) fn accounts(tx: &mut Tx<'_>, ids: &[i64]) -> Result<BTreeMap<i64, Known>> {
    let rows = in_fifties(tx, ACCOUNTS, ids, |r| Ok((r.get::<i64>(0)?, r.get::<String>(1)?, r.get::<Option<i64>>(2)?, r.get::<Option<Vec<u8>>>(3)?)))?;
    let mut known = BTreeMap::new();
    for (id, login, staff, sealed) in rows {
        let citizen = match sealed.filter(|_| staff.is_none()) {
            Some(sealed) => mask::name(&tx.unseal(&sealed)?),
            None => String::new(),
        };
        known.insert(id, Known { login, staff: staff.unwrap_or(0), citizen });
    }
    Ok(known)
}

pub(crate) fn tokens(tx: &mut Tx<'_>, ids: &[i64]) -> Result<BTreeMap<i64, String>> {
    Ok(in_fifties(tx, TOKENS, ids, |r| Ok((r.get(0)?, r.get(1)?)))?.into_iter().collect())
}

pub(crate) fn accounts_of(tx: &mut Tx<'_>, staff: &[i64]) -> Result<Vec<i64>> {
    in_fifties(tx, OF_STAFF, staff, |r| r.get(0))
}

pub(crate) fn tokens_named(tx: &mut Tx<'_>, tenant: i64, name: &str) -> Result<Vec<i64>> {
    tx.rows(TOKENS_NAMED, args![tenant, name], |r| r.get(0))
}
