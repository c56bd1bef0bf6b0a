//! 当事人区的写：注册、登录、退出、换岗、发凭证。口令散列在单元之外算好再传进来。

pub mod grants;
pub mod identity;
pub mod staff;

use jiff::{SignedDuration, Timestamp, ToSpan};
use tongban_directory::{commands as directory, queries as directory_queries};
use tongban_kernel::codes::Uscc;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Problem};
use tongban_store::{Entry, Result, Tx};
use tongban_web::attempts;

use crate::model::grant::{GrantKind, GrantScope};
use crate::model::{Account, AccountKind, LegalEntity, Person, Registration, Token};
use crate::rules::grants::Terms;
use crate::rules::{self, CODE_EVERY, CODE_LIFE, CODE_TRIES, ID_CARD};
use crate::{MANAGE, store};

/// 没有期限的授权到这天为止。
const FOREVER: i64 = 99_991_231;

/// 登录名归一：去空格、字母大写。
#[must_use]
pub fn normal_login(login: &str) -> String {
    login.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_uppercase).collect()
}

/// 记下发给某手机的验证码；太频繁就拒绝。
///
/// # Errors
/// `rate-limited`。
pub fn put_code(tx: &mut Tx<'_>, mobile: &str, code: &str, at: Timestamp) -> Result<()> {
    if let Some((_, sent, _)) = store::code(tx, mobile)? {
        let wait = sent + CODE_EVERY.as_millis() as i64 - at.as_millisecond();
        if wait > 0 {
            return Err(Problem::rate_limited(u32::try_from(wait / 1000 + 1).unwrap_or(60)).into());
        }
    }
    store::put_code(tx, mobile, code, at)
}

/// 验证码核对的结果；记次数要留下，所以不用错误撤销单元。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeCheck {
    Right,
    Wrong,
    Expired,
}

/// 核对验证码；对了就作废。
///
/// # Errors
/// 引擎拒绝。
pub fn check_code(tx: &mut Tx<'_>, mobile: &str, code: &str, at: Timestamp) -> Result<CodeCheck> {
    let Some((known, sent, tries)) = store::code(tx, mobile)? else { return Ok(CodeCheck::Expired) };
    if tries >= CODE_TRIES || at.as_millisecond() - sent > CODE_LIFE.as_millis() as i64 {
        return Ok(CodeCheck::Expired);
    }
    if tx.digest("code", code.trim()) == known {
        store::drop_code(tx, mobile)?;
        return Ok(CodeCheck::Right);
    }
    store::try_code(tx, mobile)?;
    Ok(CodeCheck::Wrong)
}

/// 群众注册：证件与手机都核过，等级 `level`。同一证件再次注册改为找回，由调用者引导登录。
///
/// # Errors
/// 证件或手机已有账号：`duplicate`。
pub fn register(tx: &mut Tx<'_>, new: &Registration, level: i64, at: Timestamp) -> Result<i64> {
    let day = day_number(date_of(at));
    let person = match store::person_by_id(tx, ID_CARD, &new.id_number)? {
        Some(known) if store::account_of_person(tx, known)?.is_some() => {
            return Err(Problem::field("id_number", "duplicate", "这个身份证号已经注册过，请直接登录；忘了口令请到窗口重置").into());
        }
        Some(known) => known,
        None => {
            let person = Person {
                id: tx.new_id(),
                name: new.name.clone(),
                id_type: ID_CARD.to_owned(),
                id_number: new.id_number.clone(),
                mobile: new.mobile.clone(),
                region: new.id_number.chars().take(6).collect(),
                real_level: level,
            };
            store::add_person(tx, &person, day)?;
            person.id
        }
    };
    let id = tx.new_id();
    store::add_account(
        tx,
        &Account { person, ..Account::new(id, AccountKind::Citizen, &new.password) },
    )?;
    if !store::add_login(tx, &normal_login(&new.mobile), id)? {
        return Err(Problem::field("mobile", "duplicate", "这个手机号已经注册过，请直接登录，或换一个手机号").into());
    }
    store::add_login(tx, &normal_login(&new.id_number), id)?;
    let actor = Actor::citizen(id, person, u8::try_from(level).unwrap_or(0), "");
    tx.journal(Entry { kind: "parties.registered", subject: person, rev: 1, at, actor: &actor, tenant: 0, body: "{}" })?;
    Ok(id)
}

/// 给工作人员开账号；`login` 是工号。实名的话把等级一并回填到目录区。口令是本人的，不必再改。
///
/// # Errors
/// 没有权限、工号已被占用。
pub fn create_staff_account(
    tx: &mut Tx<'_>,
    actor: &Actor,
    staff: i64,
    login: &str,
    password: &str,
    real_level: i64,
    at: Timestamp,
) -> Result<i64> {
    if real_level > 0 {
        directory::link_person(tx, actor, staff, 0, real_level, at)?;
    }
    staff::open_account(tx, actor, &staff::NewAccount { staff, login, hash: password, must_change: false }, at)
}

/// 登录前：锁着就拒绝，给出账号（可能没有）。
///
/// # Errors
/// `rate-limited`。
pub fn before_login(tx: &mut Tx<'_>, login: &str, at: Timestamp) -> Result<Option<Account>> {
    attempts::check(tx, &attempt_key(tx, login), at)?;
    store::account_for_login(tx, login)
}

fn attempt_key(tx: &Tx<'_>, login: &str) -> String {
    format!("login:{}", hex::encode(tx.digest("login", login)))
}

/// 口令不对，记一次。
///
/// # Errors
/// 引擎拒绝。
pub fn login_failed(tx: &mut Tx<'_>, login: &str, at: Timestamp) -> Result<()> {
    let key = attempt_key(tx, login);
    attempts::fail(tx, &key, at)
}

/// 口令对了：清计数，开会话。工作人员落在第一个在任岗位；没有实名的，七天的期限从这里算起（accounts §5.1）。
///
/// # Errors
/// 账号停用、工作人员没有在任岗位。
pub fn login(tx: &mut Tx<'_>, login: &str, account: &Account, token: &[u8], at: Timestamp) -> Result<()> {
    if !account.active {
        return Err(staff::stopped(tx, account)?.into());
    }
    let key = attempt_key(tx, login);
    attempts::clear(tx, &key)?;
    let mut post = 0;
    if account.kind == AccountKind::Staff {
        let posts = directory_queries::posts_of(tx, account.staff, day_number(date_of(at)))?;
        post = posts.first().map(|post| post.id).ok_or_else(|| Problem::field("login", "no-post", "您现在没有在任岗位，请联系本单位管理员"))?;
        staff::begin_verifying(tx, account, at)?;
    }
    store::add_session(tx, token, account.id, post, at)
}

/// 退出。
///
/// # Errors
/// 引擎拒绝。
pub fn logout(tx: &mut Tx<'_>, token: &[u8]) -> Result<()> {
    store::end_session(tx, token)
}

/// 记一次活动。
///
/// # Errors
/// 引擎拒绝。
pub fn seen(tx: &mut Tx<'_>, token: &[u8], at: Timestamp) -> Result<()> {
    store::see_session(tx, token, at)
}

/// 一人多岗：换到另一个在任岗位。
///
/// # Errors
/// 不是自己的岗位：`not-found`。
pub fn choose_post(tx: &mut Tx<'_>, actor: &Actor, token: &[u8], post: i64, at: Timestamp) -> Result<()> {
    let posts = directory_queries::posts_of(tx, actor.staff, day_number(date_of(at)))?;
    if !posts.iter().any(|held| held.id == post) {
        return Err(Problem::not_found().into());
    }
    store::move_session(tx, token, post)
}

/// 登记的结果。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// 登记好了，可以用它的身份办事。
    Acting(i64),
    /// 已请单位的法定代表人或管理员确认。
    Asked(i64),
}

/// 登记自己代表的法人：核信用代码，建立经办关系（等级 1，窗口核过再升）。
/// 法定代表人只有一位；单位已有法定代表人的，管理员与经办人要他同意才算。
///
/// # Errors
/// 没有登录、内容不合格、名称与已登记的不一致、已有别的法定代表人。
pub fn add_company(tx: &mut Tx<'_>, actor: &Actor, code: &Uscc, name: &str, role: &str, at: Timestamp) -> Result<Added> {
    if actor.person == 0 {
        return Err(Problem::unauthenticated().into());
    }
    let day = day_number(date_of(at));
    let new = LegalEntity { id: tx.new_id(), code: code.as_str().to_owned(), name: name.to_owned(), region: code.region().to_owned() };
    let legal = store::put_legal(tx, &new, code.category(), day)?;
    if legal.name != name {
        return Err(Problem::field("name", "mismatch", "这个信用代码登记的是另一个名称，请对照营业执照填写全称").into());
    }
    let heads = store::grants::holders(tx, legal.id, "legal_person", day)?;
    if role == "legal_person" && heads.iter().any(|head| *head != actor.person) {
        return Err(Problem::field("role", "duplicate", "这个单位已有法定代表人登记；换了法定代表人请带营业执照到窗口核验").into());
    }
    if role != "legal_person" && !heads.is_empty() && !heads.contains(&actor.person) {
        let until = date_of(at).checked_add(1.year()).unwrap_or(date_of(at));
        let terms = Terms { kind: GrantKind::Agent, relation: role.to_owned(), scope: GrantScope::Apply, items: String::new(), until };
        grants::request_agent(tx, actor, legal.id, &terms, at)?;
        return Ok(Added::Asked(legal.id));
    }
    store::put_agent(tx, legal.id, actor.person, role, FOREVER)?;
    tx.journal(Entry { kind: "parties.agent_added", subject: legal.id, rev: 1, at, actor, tenant: 0, body: "{}" })?;
    Ok(Added::Acting(legal.id))
}

/// 换身份办事：`legal_entity` 为 0 是本人。
///
/// # Errors
/// 没有经办关系：`not-found`。
pub fn act_for(tx: &mut Tx<'_>, actor: &Actor, token: &[u8], legal_entity: i64, at: Timestamp) -> Result<()> {
    let held = store::agencies(tx, actor.person, day_number(date_of(at)))?;
    if legal_entity != 0 && !held.iter().any(|(legal, _)| legal.id == legal_entity) {
        return Err(Problem::not_found().into());
    }
    store::act_for(tx, token, legal_entity)
}

/// 一张对接凭证：名称、范围（空格分开）、县区、管多久。
#[derive(Debug, Clone, Copy)]
pub struct NewToken<'a> {
    pub name: &'a str,
    pub scopes: &'a str,
    pub tenant: i64,
    pub life: SignedDuration,
}

/// 发一张对接凭证；明文只在这一次给出，由调用者随机生成，这里只存散列。
///
/// # Errors
/// 没有权限。
pub fn create_token(tx: &mut Tx<'_>, actor: &Actor, hash: &[u8], new: &NewToken<'_>, at: Timestamp) -> Result<i64> {
    actor.require(MANAGE)?;
    let id = tx.new_id();
    let (until, tenant) = ((at + new.life).as_millisecond(), new.tenant);
    store::add_token(tx, hash, &Token { id, name: new.name.to_owned(), scopes: new.scopes.to_owned(), tenant, until })?;
    tx.journal(Entry { kind: "parties.token_created", subject: id, rev: 1, at, actor, tenant, body: "{}" })?;
    Ok(id)
}

/// 命令行重置口令；`hash` 已算好。原来的会话都断掉。
///
/// # Errors
/// 没有权限、账号不存在。
pub fn reset_password(tx: &mut Tx<'_>, actor: &Actor, login: &str, hash: &str, at: Timestamp) -> Result<()> {
    actor.require(MANAGE)?;
    let account = store::account_for_login(tx, &normal_login(login))?.ok_or_else(Problem::not_found)?;
    staff::replace_password(tx, actor, &account, hash, false, at)
}

/// 会话还有效吗。
#[must_use]
pub fn is_alive(seen: i64, now: Timestamp) -> bool {
    now.as_millisecond() - seen < rules::IDLE.as_millis() as i64
}
