//! 工作人员的账号：开、换口令、解锁、停用与恢复、本人实名（accounts §5.1、§5.3）。
//!
//! 人与岗位在目录区；这里管登录。谁管得了谁由目录区说了算。口令散列在单元之外算好。

use jiff::{SignedDuration, Timestamp};
use tongban_directory::model::{REAL, STOPPED_UNVERIFIED};
use tongban_directory::{commands as directory, queries as directory_queries};
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Problem};
use tongban_store::{Entry, Result, Tx};
use tongban_web::{Holding, attempts};

use super::normal_login;
use crate::model::{Account, AccountKind, Person};
use crate::rules::ID_CARD;
use crate::store;
use crate::store::staff as rows;

/// 没有实名的账号，登录之后几天停用（accounts §5.1）。
pub const VERIFY_WITHIN: SignedDuration = SignedDuration::from_hours(7 * 24);
/// 登录名最多多少字。
const LOGIN_LIMIT: usize = 50;

fn entry<'a>(kind: &'a str, account: &Account, rev: i64, tenant: i64, actor: &'a Actor, at: Timestamp) -> Entry<'a> {
    Entry { kind, subject: account.id, rev, at, actor, tenant, body: "{}" }
}

/// 新账号。
#[derive(Clone, Copy)]
pub struct NewAccount<'a> {
    pub staff: i64,
    pub login: &'a str,
    /// argon2 散列。
    pub hash: &'a str,
    /// 口令是别人给的，登录后要先改。
    pub must_change: bool,
}

/// 给一名工作人员开账号。
///
/// # Errors
/// 没有权限、范围外、管不了他；他已有账号、登录名不合格或已被占用 422。
pub fn open_account(tx: &mut Tx<'_>, actor: &Actor, new: &NewAccount<'_>, at: Timestamp) -> Result<i64> {
    let found = directory::manageable(tx, actor, new.staff, at)?;
    let login = normal_login(new.login);
    if !(2..=LOGIN_LIMIT).contains(&login.chars().count()) {
        return Err(Problem::field("login", "length", format!("登录名要 2–{LOGIN_LIMIT} 个字，一般用工号")).into());
    }
    if rows::account_of(tx, new.staff)?.is_some() {
        return Err(Problem::field("login", "duplicate", "他已经有账号了").into());
    }
    let id = tx.new_id();
    let account = Account { staff: new.staff, login: new.login.trim().to_owned(), must_change: new.must_change, ..Account::new(id, AccountKind::Staff, new.hash) };
    store::add_account(tx, &account)?;
    if !store::add_login(tx, &login, id)? {
        return Err(Problem::field("login", "duplicate", "这个登录名已经有人用").into());
    }
    tx.journal(entry("parties.staff_account_created", &account, 1, found.tenant, actor, at))?;
    Ok(id)
}

/// 换口令，断掉原来的会话，解开锁定。
pub(super) fn replace_password(tx: &mut Tx<'_>, actor: &Actor, account: &Account, hash: &str, must_change: bool, at: Timestamp) -> Result<()> {
    if !rows::give_password(tx, account, hash, must_change)? {
        return Err(Problem::stale(account.version).into());
    }
    rows::end_sessions(tx, account.id, &[])?;
    clear_attempts(tx, account.id)?;
    let tenant = tenant_of(tx, account)?;
    tx.journal(entry("parties.password_reset", account, account.version + 1, tenant, actor, at))
}

fn tenant_of(tx: &mut Tx<'_>, account: &Account) -> Result<i64> {
    Ok(if account.staff == 0 { 0 } else { directory_queries::staff(tx, account.staff)?.map_or(0, |staff| staff.tenant) })
}

fn attempt_keys(tx: &mut Tx<'_>, account: i64) -> Result<Vec<String>> {
    Ok(rows::logins(tx, account)?.into_iter().map(|digest| format!("login:{}", hex::encode(digest))).collect())
}

fn clear_attempts(tx: &mut Tx<'_>, account: i64) -> Result<()> {
    for key in attempt_keys(tx, account)? {
        attempts::clear(tx, &key)?;
    }
    Ok(())
}

/// 连错口令锁到什么时候；没有锁为 `None`。
///
/// # Errors
/// 引擎拒绝。
pub fn locked_until(tx: &mut Tx<'_>, account: i64, now: Timestamp) -> Result<Option<Timestamp>> {
    let mut latest = None;
    for key in attempt_keys(tx, account)? {
        latest = latest.max(attempts::locked_until(tx, &key, now)?);
    }
    Ok(latest)
}

/// 操作者管得了的人的账号。
fn managed(tx: &mut Tx<'_>, actor: &Actor, staff: i64, version: i64, at: Timestamp) -> Result<Account> {
    directory::manageable(tx, actor, staff, at)?;
    let known = rows::account_of(tx, staff)?.ok_or_else(Problem::not_found)?;
    let account = rows::lock(tx, known.id)?.ok_or_else(Problem::not_found)?;
    if account.version != version {
        return Err(Problem::stale(account.version).into());
    }
    Ok(account)
}

/// 给他一个新口令，登录后要先改；自己的口令到“改口令”里改。
///
/// # Errors
/// 没有权限、范围外、管不了他、版本不符；给自己重置 409。
pub fn give_password(tx: &mut Tx<'_>, actor: &Actor, staff: i64, version: i64, hash: &str, at: Timestamp) -> Result<()> {
    let account = managed(tx, actor, staff, version, at)?;
    if actor.staff != 0 && actor.staff == staff {
        return Err(Problem::conflict("自己的口令请到“我的岗位—改口令”里改").into());
    }
    replace_password(tx, actor, &account, hash, true, at)
}

/// 解开连错口令的锁定。
///
/// # Errors
/// 没有权限、范围外、管不了他、版本不符；没有锁 409。
pub fn unlock(tx: &mut Tx<'_>, actor: &Actor, staff: i64, version: i64, at: Timestamp) -> Result<()> {
    let account = managed(tx, actor, staff, version, at)?;
    if locked_until(tx, account.id, at)?.is_none() {
        return Err(Problem::conflict("这个账号没有锁定").into());
    }
    clear_attempts(tx, account.id)?;
    if !rows::touch(tx, &account)? {
        return Err(Problem::stale(account.version).into());
    }
    let tenant = tenant_of(tx, &account)?;
    tx.journal(entry("parties.unlocked", &account, account.version + 1, tenant, actor, at))
}

/// 本人改口令；别处的会话都断掉。旧口令由调用者先核过。
///
/// # Errors
/// 没有登录、账号不在。
pub fn change_own_password(tx: &mut Tx<'_>, actor: &Actor, hash: &str, token: &[u8], at: Timestamp) -> Result<()> {
    let account = rows::lock(tx, actor.account)?.filter(|account| account.id != 0).ok_or_else(Problem::unauthenticated)?;
    if !rows::give_password(tx, &account, hash, false)? {
        return Err(Problem::stale(account.version).into());
    }
    rows::end_sessions(tx, account.id, token)?;
    let tenant = tenant_of(tx, &account)?;
    tx.journal(entry("parties.password_changed", &account, account.version + 1, tenant, actor, at))
}

/// 一次离职。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaving {
    pub staff: i64,
    pub version: i64,
    /// 手里的交给谁；0 是没有定。
    pub to: i64,
}

/// 离职：手里的交给 `to`，人停用、岗位结束、账号停用、会话断掉（accounts §5.1）。回答交了几件。
///
/// # Errors
/// 目录区不许停用；手里还有没办完的、没有说交给谁 422；各区不许交给他。
pub fn leave(tx: &mut Tx<'_>, actor: &Actor, leaving: &Leaving, holdings: &[Holding], at: Timestamp) -> Result<u64> {
    let Leaving { staff, version, to } = *leaving;
    directory::manageable(tx, actor, staff, at)?;
    let mut moved = 0;
    for holding in holdings {
        if (holding.rows)(tx, staff, 1)?.is_empty() {
            continue;
        }
        if to == 0 || to == staff {
            let detail = format!("他手里还有没办完的{}，请选交给谁，或先逐件转办", holding.title);
            return Err(Problem::field("to", "required", detail).into());
        }
        moved += (holding.hand_over)(tx, actor, staff, to, at)?;
    }
    directory::deactivate_staff(tx, actor, staff, version, at)?;
    shut(tx, staff)?;
    Ok(moved)
}

fn shut(tx: &mut Tx<'_>, staff: i64) -> Result<()> {
    if let Some(account) = rows::account_of(tx, staff)? {
        rows::switch(tx, account.id, false)?;
        rows::end_sessions(tx, account.id, &[])?;
    }
    Ok(())
}

/// 恢复停用的人与他的账号。
///
/// # Errors
/// 目录区不许恢复。
pub fn come_back(tx: &mut Tx<'_>, actor: &Actor, staff: i64, version: i64, at: Timestamp) -> Result<()> {
    directory::reinstate_staff(tx, actor, staff, version, at)?;
    if let Some(account) = rows::account_of(tx, staff)? {
        rows::switch(tx, account.id, true)?;
    }
    Ok(())
}

/// 停用的账号登录时怎么说。
pub(super) fn stopped(tx: &mut Tx<'_>, account: &Account) -> Result<Problem> {
    let staff = directory_queries::staff(tx, account.staff)?;
    let unverified = staff.is_some_and(|staff| staff.stopped == STOPPED_UNVERIFIED);
    Ok(Problem::field("login", "inactive", if unverified {
        "登录后 7 天没有完成实名认证，账号已停用；请带身份证找本单位管理员恢复"
    } else {
        "这个账号已停用，请联系本单位管理员"
    }))
}

/// 没有实名的，从第一次登录起算期限。
pub(super) fn begin_verifying(tx: &mut Tx<'_>, account: &Account, at: Timestamp) -> Result<()> {
    let staff = directory_queries::staff(tx, account.staff)?;
    if account.verify_by.is_none() && staff.is_some_and(|staff| staff.real_level < REAL) {
        rows::set_verify_by(tx, account.id, Some(at + VERIFY_WITHIN))?;
    }
    Ok(())
}

/// 期限到了还没有实名：停用（时钟的命令，以到点那一刻的名义）。
///
/// # Errors
/// 引擎拒绝。
pub fn ring_unverified(tx: &mut Tx<'_>, id: i64, due: Timestamp) -> Result<()> {
    let Some(account) = rows::lock(tx, id)?.filter(|account| account.verify_by.is_some_and(|by| by <= due.as_millisecond())) else {
        return Ok(());
    };
    rows::set_verify_by(tx, id, None)?;
    if account.active && directory::stop_unverified(tx, &Actor::clock(), account.staff, due)? {
        shut(tx, account.staff)?;
    }
    Ok(())
}

/// 本人实名要的：手机已由验证码核过。
#[derive(Clone)]
pub struct OwnIdentity {
    pub id_number: String,
    pub mobile: String,
}

/// 工作人员本人实名到中级：身份证号与手机核过，姓名以登记的为准（accounts §2.1）。
///
/// # Errors
/// 不是工作人员、已经实名 409；身份证对应的人姓名不符、已是另一名工作人员 422。
pub fn verify_self(tx: &mut Tx<'_>, actor: &Actor, own: &OwnIdentity, at: Timestamp) -> Result<()> {
    let staff = directory_queries::staff(tx, actor.staff)?.ok_or_else(Problem::not_found)?;
    if staff.real_level >= REAL {
        return Err(Problem::conflict("您已经实名").into());
    }
    let person = match store::person_by_id(tx, ID_CARD, &own.id_number)? {
        Some(known) => {
            let name = store::person(tx, known)?.map(|person| person.name);
            if name.as_deref() != Some(staff.name.as_str()) {
                let detail = format!("这个身份证号登记的姓名不是“{}”；号码没填错的话，请管理员核对登记的姓名", staff.name);
                return Err(Problem::field("id_number", "mismatch", detail).into());
            }
            known
        }
        None => add_person(tx, &staff.name, own, at)?,
    };
    if directory_queries::staff_of_person(tx, person)?.is_some_and(|other| other != staff.id) {
        return Err(Problem::field("id_number", "duplicate", "这个身份证号已是另一名工作人员；请联系管理员").into());
    }
    directory::link_person(tx, actor, staff.id, person, REAL, at)
}

fn add_person(tx: &mut Tx<'_>, name: &str, own: &OwnIdentity, at: Timestamp) -> Result<i64> {
    let person = Person {
        id: tx.new_id(),
        name: name.to_owned(),
        id_type: ID_CARD.to_owned(),
        id_number: own.id_number.clone(),
        mobile: own.mobile.clone(),
        region: own.id_number.chars().take(6).collect(),
        real_level: REAL,
    };
    store::add_person(tx, &person, day_number(date_of(at)))?;
    Ok(person.id)
}
