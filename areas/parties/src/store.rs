//! SQL ↔ 模型。本区唯一有 SQL 的文件。

pub(crate) mod doers;
pub(crate) mod grants;
pub(crate) mod staff;

use jiff::Timestamp;
use tongban_kernel::Problem;
use tongban_store::{Error, Result, Tx, args};

use crate::model::{Account, AccountKind, LegalEntity, Person, Session, Token};

const ADD_PERSON: &str = "INSERT INTO parties_persons (id, name, id_type, id_number, id_digest, mobile, mobile_digest, region, real_level, \
     registered_day, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1)";
const PERSON: &str = "SELECT id, name, id_type, id_number, mobile, region, real_level FROM parties_persons WHERE id = $1";
const RAISE_LEVEL: &str = "UPDATE parties_persons SET real_level = $1, version = version + 1 WHERE id = $2 AND real_level < $3";
const PERSON_BY_ID: &str = "SELECT id FROM parties_persons WHERE id_type = $1 AND id_digest = $2";
const ADD_ACCOUNT: &str =
    "INSERT INTO parties_accounts (id, kind, person, staff, password, active, login, must_change, version) VALUES ($1, $2, $3, $4, $5, 1, $6, $7, 1)";
const ACCOUNT: &str =
    "SELECT id, kind, person, staff, password, active, login, must_change, verify_by, version FROM parties_accounts WHERE id = $1";
const ACCOUNT_OF_PERSON: &str = "SELECT id FROM parties_accounts WHERE person = $1 AND kind = 'citizen'";
const ADD_LOGIN: &str = "INSERT INTO parties_logins (digest, account) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING";
const LOGIN: &str = "SELECT account FROM parties_logins WHERE digest = $1";
const ADD_SESSION: &str =
    "INSERT INTO parties_sessions (token, account, post, legal_entity, created, seen) VALUES ($1, $2, $3, 0, $4, $5)";
const SESSION: &str = "SELECT account, post, legal_entity, created, seen FROM parties_sessions WHERE token = $1";
const SEE_SESSION: &str = "UPDATE parties_sessions SET seen = $1 WHERE token = $2";
const MOVE_SESSION: &str = "UPDATE parties_sessions SET post = $1 WHERE token = $2";
const END_SESSION: &str = "DELETE FROM parties_sessions WHERE token = $1";
const ADD_TOKEN: &str = "INSERT INTO parties_tokens (token, id, name, scopes, tenant, until) VALUES ($1, $2, $3, $4, $5, $6)";
const TOKEN: &str = "SELECT id, name, scopes, tenant, until FROM parties_tokens WHERE token = $1";
const PUT_CODE: &str = "INSERT INTO parties_codes (mobile, code, at, tries) VALUES ($1, $2, $3, 0) \
     ON CONFLICT (mobile) DO UPDATE SET code = $2, at = $3, tries = 0";
const CODE: &str = "SELECT code, at, tries FROM parties_codes WHERE mobile = $1";
const TRY_CODE: &str = "UPDATE parties_codes SET tries = tries + 1 WHERE mobile = $1";
const DROP_CODE: &str = "DELETE FROM parties_codes WHERE mobile = $1";
const ADD_LEGAL: &str = "INSERT INTO parties_legal_entities (id, code, name, kind, region, real_level, active, registered_day, version) \
     VALUES ($1, $2, $3, $4, $5, 1, 1, $6, 1) ON CONFLICT (code) DO NOTHING";
const LEGAL_BY_CODE: &str = "SELECT id, code, name, region FROM parties_legal_entities WHERE code = $1 AND active = 1";
const LEGAL: &str = "SELECT id, code, name, region FROM parties_legal_entities WHERE id = $1 AND active = 1";
const ADD_AGENT: &str = "INSERT INTO parties_agents (id, legal_entity, person, role, until_day) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (person, legal_entity) DO UPDATE SET role = $4, until_day = $5";
const AGENCIES: &str = "SELECT l.id, l.code, l.name, l.region, a.role FROM parties_agents a JOIN parties_legal_entities l ON l.id = a.legal_entity \
     WHERE a.person = $1 AND a.until_day >= $2 AND l.active = 1 ORDER BY l.id";
const ACT_FOR: &str = "UPDATE parties_sessions SET legal_entity = $1 WHERE token = $2";
pub const STATEMENTS: &[&str] = &[
    ADD_LEGAL, LEGAL_BY_CODE, LEGAL, ADD_AGENT, AGENCIES, ACT_FOR,
    ADD_PERSON, RAISE_LEVEL, PERSON, PERSON_BY_ID, ADD_ACCOUNT, ACCOUNT, ACCOUNT_OF_PERSON, ADD_LOGIN, LOGIN, ADD_SESSION, SESSION,
    SEE_SESSION, MOVE_SESSION, END_SESSION, ADD_TOKEN, TOKEN, PUT_CODE, CODE, TRY_CODE, DROP_CODE,
];

pub(crate) fn add_person(tx: &mut Tx<'_>, person: &Person, day: i64) -> Result<()> {
    let (name, number, mobile) = (tx.seal(&person.name), tx.seal(&person.id_number), tx.seal(&person.mobile));
    let (id_digest, mobile_digest) = (tx.digest("id", &person.id_number), tx.digest("mobile", &person.mobile));
    tx.exec(
        ADD_PERSON,
        args![person.id, &name, &person.id_type, &number, &id_digest, &mobile, &mobile_digest, &person.region, person.real_level, day],
    )?;
    Ok(())
}

pub(crate) fn person(tx: &mut Tx<'_>, id: i64) -> Result<Option<Person>> {
    type Sealed = (i64, Vec<u8>, String, Vec<u8>, Vec<u8>, String, i64);
    let found: Option<Sealed> = tx.row(PERSON, args![id], |r| {
        Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?, r.get(5)?, r.get(6)?))
    })?;
    let Some((id, name, id_type, number, mobile, region, real_level)) = found else { return Ok(None) };
    Ok(Some(Person {
        id,
        name: tx.unseal(&name)?,
        id_type,
        id_number: tx.unseal(&number)?,
        mobile: tx.unseal(&mobile)?,
        region,
        real_level,
    }))
}

/// 实名等级升到 `level`；已经够的不动。
pub(crate) fn raise_level(tx: &mut Tx<'_>, person: i64, level: i64) -> Result<()> {
    tx.exec(RAISE_LEVEL, args![level, person, level])?;
    Ok(())
}

pub(crate) fn person_by_id(tx: &mut Tx<'_>, id_type: &str, number: &str) -> Result<Option<i64>> {
    let digest = tx.digest("id", number);
    tx.row(PERSON_BY_ID, args![id_type, &digest], |r| r.get(0))
}

pub(crate) fn account_of_person(tx: &mut Tx<'_>, person: i64) -> Result<Option<i64>> {
    tx.row(ACCOUNT_OF_PERSON, args![person], |r| r.get(0))
}

pub(crate) fn add_account(tx: &mut Tx<'_>, account: &Account) -> Result<()> {
    let some = |id: i64| (id != 0).then_some(id);
    tx.exec(
        ADD_ACCOUNT,
        args![
            account.id, account.kind.as_str(), some(account.person), some(account.staff), &account.password, &account.login,
            account.must_change,
        ],
    )?;
    Ok(())
}

pub(super) fn account_row(r: &tongban_store::Row<'_>) -> Result<Account> {
    let kind: String = r.get(1)?;
    Ok(Account {
        id: r.get(0)?,
        kind: AccountKind::parse(&kind).ok_or(Error::Shape("账号种类"))?,
        person: r.get::<Option<i64>>(2)?.unwrap_or(0),
        staff: r.get::<Option<i64>>(3)?.unwrap_or(0),
        password: r.get(4)?,
        active: r.get(5)?,
        login: r.get(6)?,
        must_change: r.get(7)?,
        verify_by: r.get(8)?,
        version: r.get(9)?,
    })
}

pub(crate) fn account(tx: &mut Tx<'_>, id: i64) -> Result<Option<Account>> {
    tx.row(ACCOUNT, args![id], account_row)
}

/// 登记一个登录名；已被别人占用回答假。
pub(crate) fn add_login(tx: &mut Tx<'_>, login: &str, account: i64) -> Result<bool> {
    let digest = tx.digest("login", login);
    Ok(tx.exec(ADD_LOGIN, args![&digest, account])? == 1)
}

pub(crate) fn account_for_login(tx: &mut Tx<'_>, login: &str) -> Result<Option<Account>> {
    let digest = tx.digest("login", login);
    match tx.row(LOGIN, args![&digest], |r| r.get(0))? {
        Some(id) => account(tx, id),
        None => Ok(None),
    }
}

pub(crate) fn add_session(tx: &mut Tx<'_>, token: &[u8], account: i64, post: i64, at: Timestamp) -> Result<()> {
    tx.exec(ADD_SESSION, args![token, account, post, at, at])?;
    Ok(())
}

pub(crate) fn session(tx: &mut Tx<'_>, token: &[u8]) -> Result<Option<Session>> {
    tx.row(SESSION, args![token], |r| {
        Ok(Session { account: r.get(0)?, post: r.get(1)?, legal_entity: r.get(2)?, created: r.get(3)?, seen: r.get(4)? })
    })
}

pub(crate) fn see_session(tx: &mut Tx<'_>, token: &[u8], at: Timestamp) -> Result<()> {
    tx.exec(SEE_SESSION, args![at, token])?;
    Ok(())
}

pub(crate) fn move_session(tx: &mut Tx<'_>, token: &[u8], post: i64) -> Result<()> {
    tx.exec(MOVE_SESSION, args![post, token])?;
    Ok(())
}

pub(crate) fn end_session(tx: &mut Tx<'_>, token: &[u8]) -> Result<()> {
    tx.exec(END_SESSION, args![token])?;
    Ok(())
}

pub(crate) fn add_token(tx: &mut Tx<'_>, hash: &[u8], token: &Token) -> Result<()> {
    tx.exec(ADD_TOKEN, args![hash, token.id, &token.name, &token.scopes, token.tenant, token.until])?;
    Ok(())
}

pub(crate) fn token(tx: &mut Tx<'_>, hash: &[u8]) -> Result<Option<Token>> {
    tx.row(TOKEN, args![hash], |r| {
        Ok(Token { id: r.get(0)?, name: r.get(1)?, scopes: r.get(2)?, tenant: r.get(3)?, until: r.get(4)? })
    })
}

pub(crate) fn put_code(tx: &mut Tx<'_>, mobile: &str, code: &str, at: Timestamp) -> Result<()> {
    let (mobile, code) = (tx.digest("mobile", mobile), tx.digest("code", code));
    tx.exec(PUT_CODE, args![&mobile, &code, at])?;
    Ok(())
}

/// 验证码的（散列，发出毫秒，已试次数）。
pub(crate) fn code(tx: &mut Tx<'_>, mobile: &str) -> Result<Option<(Vec<u8>, i64, i64)>> {
    let mobile = tx.digest("mobile", mobile);
    tx.row(CODE, args![&mobile], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
}

pub(crate) fn try_code(tx: &mut Tx<'_>, mobile: &str) -> Result<()> {
    let mobile = tx.digest("mobile", mobile);
    tx.exec(TRY_CODE, args![&mobile])?;
    Ok(())
}

pub(crate) fn drop_code(tx: &mut Tx<'_>, mobile: &str) -> Result<()> {
    let mobile = tx.digest("mobile", mobile);
    tx.exec(DROP_CODE, args![&mobile])?;
    Ok(())
}

fn legal_row(r: &tongban_store::Row<'_>) -> Result<LegalEntity> {
    Ok(LegalEntity { id: r.get(0)?, code: r.get(1)?, name: r.get(2)?, region: r.get(3)? })
}

/// 登记一个法人；已经有的用原来的。
pub(crate) fn put_legal(tx: &mut Tx<'_>, new: &LegalEntity, kind: &str, day: i64) -> Result<LegalEntity> {
    tx.exec(ADD_LEGAL, args![new.id, &new.code, &new.name, kind, &new.region, day])?;
    Ok(tx.row(LEGAL_BY_CODE, args![&new.code], legal_row)?.ok_or_else(Problem::not_found)?)
}

pub(crate) fn legal(tx: &mut Tx<'_>, id: i64) -> Result<Option<LegalEntity>> {
    tx.row(LEGAL, args![id], legal_row)
}

pub(crate) fn put_agent(tx: &mut Tx<'_>, legal_entity: i64, person: i64, role: &str, until_day: i64) -> Result<()> {
    let id = tx.new_id();
    tx.exec(ADD_AGENT, args![id, legal_entity, person, role, until_day])?;
    Ok(())
}

/// 某人此刻能代表的法人与他的身份。
pub(crate) fn agencies(tx: &mut Tx<'_>, person: i64, day: i64) -> Result<Vec<(LegalEntity, String)>> {
    tx.rows(AGENCIES, args![person, day], |r| Ok((legal_row(r)?, r.get(4)?)))
}

pub(crate) fn act_for(tx: &mut Tx<'_>, token: &[u8], legal_entity: i64) -> Result<()> {
    tx.exec(ACT_FOR, args![legal_entity, token])?;
    Ok(())
}
