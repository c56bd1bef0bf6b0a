//! 由会话或凭证认出操作者；结果在内存里留至多 30 秒（foundations §7）。

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use sm3::{Digest, Sm3};
use tongban_directory::model::REAL;
use tongban_directory::queries as directory;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, ActorKind, Scope};
use tongban_store::{Result, Tx};
use tongban_web::app::Pending;
use tongban_web::{App, Credential};

use crate::model::{Account, AccountKind, Session};
use crate::{OWN_IDENTITY, OWN_PASSWORD, commands, rules, store};

const KEEP: Duration = Duration::from_secs(30);
const MOST: usize = 20_000;

type Key = (usize, Vec<u8>);
type Known = HashMap<Key, (Instant, Option<Actor>)>;
static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

/// 凭据的散列；库里只存它。
#[must_use]
pub fn hash_token(token: &str) -> Vec<u8> {
    Sm3::digest(token.as_bytes()).to_vec()
}

/// 忘掉一个会话：退出、换岗之后立刻生效。
pub fn forget(token: &str) {
    let hash = hash_token(token);
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).retain(|(_, known), _| *known != hash);
}

/// 忘掉一个账号的全部会话：停用、换口令之后立刻生效（别的节点至多再认 30 秒）。
pub fn forget_account(account: i64) {
    let is_his = |actor: &Option<Actor>| actor.as_ref().is_some_and(|actor| actor.kind != ActorKind::Client && actor.account == account);
    KNOWN.lock().unwrap_or_else(PoisonError::into_inner).retain(|_, (_, actor)| !is_his(actor));
}

/// 认人；认不出回答 `None`。
#[must_use]
pub fn identify<'a>(app: &'a App, credential: &'a Credential) -> Pending<'a> {
    Box::pin(async move {
        let (Credential::Session(token) | Credential::Bearer(token)) = credential;
        let hash = hash_token(token);
        let key = (Arc::as_ptr(&app.site()) as usize, hash.clone());
        if let Some((at, actor)) = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&key)
            && at.elapsed() < KEEP
        {
            return Ok(actor.clone());
        }
        let actor = look_up(app, credential, hash).await?;
        let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.retain(|_, (at, _)| at.elapsed() < KEEP);
        }
        known.insert(key, (Instant::now(), actor.clone()));
        Ok(actor)
    })
}

async fn look_up(app: &App, credential: &Credential, hash: Vec<u8>) -> Result<Option<Actor>> {
    let now = app.now();
    if matches!(credential, Credential::Bearer(_)) {
        return app.db().snapshot("parties.identify_token", move |tx| client(tx, &hash, now)).await;
    }
    let wanted = hash.clone();
    let found = app.db().snapshot("parties.identify", move |tx| by_session(tx, &wanted, now)).await?;
    let Some((actor, session)) = found else { return Ok(None) };
    if now.as_millisecond() - session.seen > rules::SEEN_EVERY.as_millis() as i64 {
        app.db().write("parties.seen", move |tx| commands::seen(tx, &hash, now)).await?;
    }
    Ok(Some(actor))
}

fn by_session(tx: &mut Tx<'_>, hash: &[u8], now: Timestamp) -> Result<Option<(Actor, Session)>> {
    let Some(session) = store::session(tx, hash)?.filter(|session| commands::is_alive(session.seen, now)) else {
        return Ok(None);
    };
    let Some(account) = store::account(tx, session.account)?.filter(|account| account.active) else { return Ok(None) };
    let actor = match account.kind {
        AccountKind::Citizen => citizen(tx, account.id, account.person, session.legal_entity, now)?,
        AccountKind::Staff => staff(tx, &account, session.post, now)?,
        AccountKind::Device => None,
    };
    Ok(actor.map(|actor| (actor, session)))
}

/// 本人，或他正代表的法人；经办关系到期就回到本人。
fn citizen(tx: &mut Tx<'_>, account: i64, person: i64, legal_entity: i64, now: Timestamp) -> Result<Option<Actor>> {
    let Some(person) = store::person(tx, person)? else { return Ok(None) };
    let actor = Actor::citizen(account, person.id, u8::try_from(person.real_level).unwrap_or(0), &person.masked_name());
    if legal_entity == 0 {
        return Ok(Some(actor));
    }
    let held = store::agencies(tx, person.id, day_number(date_of(now)))?;
    Ok(Some(match held.into_iter().find(|(legal, _)| legal.id == legal_entity) {
        Some((legal, _)) => Actor { legal_entity, name: legal.name.as_str().into(), ..actor },
        None => actor,
    }))
}

/// 以某个岗位的身份：权限取自角色，范围取自岗位。
fn staff(tx: &mut Tx<'_>, account: &Account, post: i64, now: Timestamp) -> Result<Option<Actor>> {
    let Some(person) = directory::staff(tx, account.staff)?.filter(|staff| staff.active) else { return Ok(None) };
    let day = day_number(date_of(now));
    let Some(post) = directory::post(tx, post)?.filter(|post| post.staff == account.staff && post.is_held(day)) else { return Ok(None) };
    let permissions = directory::permissions_of(tx, &post.role)?;
    Ok(Some(Actor {
        kind: ActorKind::Staff,
        staff: person.id,
        post: post.id,
        org: post.org,
        tenant: post.tenant,
        real_level: u8::try_from(person.real_level).unwrap_or(0),
        name: format!("{} · {}", person.name, post.shown_title()).into(),
        roles: Arc::new(BTreeSet::from([post.role.clone()])),
        permissions: Arc::new(permissions),
        scope: post.scope(),
        detour: detour(account, person.real_level),
        ..Actor::citizen(account.id, person.person, 0, "")
    }))
}

/// 先改掉别人给的口令，再完成实名（accounts §5.1）。
fn detour(account: &Account, real_level: i64) -> Option<&'static str> {
    if account.must_change {
        Some(OWN_PASSWORD)
    } else if real_level < REAL {
        Some(OWN_IDENTITY)
    } else {
        None
    }
}

fn client(tx: &mut Tx<'_>, hash: &[u8], now: Timestamp) -> Result<Option<Actor>> {
    let Some(token) = store::token(tx, hash)?.filter(|token| token.until > now.as_millisecond()) else { return Ok(None) };
    Ok(Some(Actor {
        kind: ActorKind::Client,
        tenant: token.tenant,
        permissions: Arc::new(token.scopes.split_whitespace().map(str::to_owned).collect()),
        scope: Scope::tenant(token.tenant),
        ..Actor::citizen(token.id, 0, 0, &token.name)
    }))
}
