//! 授权单的写：提出、同意、不同意、解除。

use jiff::Timestamp;
use tongban_contracts::parties::GrantV1;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Problem};
use tongban_store::{Entry, Result, Tx};

use crate::model::grant::{GRANT_TABLE, Grant, GrantAct, GrantKind, GrantState, Side};
use crate::rules::grants::{self as rules, Terms};
use crate::rules::ID_CARD;
use crate::store::{self, grants};

/// 单子的另一边是谁，由提出的人指明。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    /// 我授权给他。
    Give,
    /// 请他授权给我。
    Request,
}

/// 按姓名与证件号找已实名注册的人；找不到与对不上是同一个回答。
///
/// # Errors
/// 引擎拒绝。
pub fn find_person(tx: &mut Tx<'_>, name: &str, id_number: &str) -> Result<Option<i64>> {
    let Some(id) = store::person_by_id(tx, ID_CARD, id_number)? else { return Ok(None) };
    Ok(store::person(tx, id)?.filter(|person| person.name == name).map(|person| person.id))
}

/// 家人代办：授权给对方，或请对方授权给我。
///
/// # Errors
/// 授权人实名不够、授权给自己、人数满了、已经有一份。
pub fn offer_proxy(tx: &mut Tx<'_>, actor: &Actor, other: i64, ask: Ask, terms: &Terms, at: Timestamp) -> Result<Grant> {
    let me = signed_in(actor)?;
    if other == me {
        return Err(Problem::field("id_number", "choice", "不用给自己授权").into());
    }
    let (principal, agent) = if ask == Ask::Give { (me, other) } else { (other, me) };
    if ask == Ask::Give {
        rules::may_grant(actor.real_level)?;
    }
    open(tx, actor, (principal, 0, agent), ask, terms, at)
}

/// 单位授权：法定代表人、管理员授权给对方。
///
/// # Errors
/// 不是这个单位的法定代表人或管理员、实名不够、管理员满了、已经有一份。
pub fn offer_agent(tx: &mut Tx<'_>, actor: &Actor, legal_entity: i64, other: i64, terms: &Terms, at: Timestamp) -> Result<Grant> {
    let me = signed_in(actor)?;
    if side_in(tx, actor, legal_entity, at)? != Some(Side::Principal) {
        return Err(Problem::not_found().into());
    }
    rules::may_grant(actor.real_level)?;
    if other == me {
        return Err(Problem::field("id_number", "choice", "不用给自己授权").into());
    }
    open(tx, actor, (0, legal_entity, other), Ask::Give, terms, at)
}

/// 请单位授权给我：单位已有法定代表人的，经办人不能自己登记。
///
/// # Errors
/// 没有登录、已经有一份。
pub fn request_agent(tx: &mut Tx<'_>, actor: &Actor, legal_entity: i64, terms: &Terms, at: Timestamp) -> Result<Grant> {
    let me = signed_in(actor)?;
    open(tx, actor, (0, legal_entity, me), Ask::Request, terms, at)
}

fn signed_in(actor: &Actor) -> Result<i64, Problem> {
    if actor.person == 0 { Err(Problem::unauthenticated()) } else { Ok(actor.person) }
}

fn open(tx: &mut Tx<'_>, actor: &Actor, (principal, legal_entity, agent): (i64, i64, i64), ask: Ask, terms: &Terms, at: Timestamp) -> Result<Grant> {
    let day = day_number(date_of(at));
    let given = if legal_entity == 0 { grants::by_principal(tx, principal)? } else { grants::by_legal(tx, legal_entity)? };
    let alive = |g: &&Grant| g.until_day >= day && matches!(g.state, GrantState::Offered | GrantState::Active);
    if given.iter().filter(alive).any(|g| g.agent == agent) {
        return Err(Problem::conflict("和这个人已经有一份授权了；要改范围或期限，请先解除再授权").into());
    }
    if legal_entity == 0 && given.iter().filter(alive).count() >= rules::MOST_PROXIES {
        return Err(Problem::conflict(format!("一个人至多授权给 {} 位家人，请先解除一份", rules::MOST_PROXIES)).into());
    }
    let grant = Grant {
        id: tx.new_id(),
        kind: terms.kind,
        principal,
        legal_entity,
        agent,
        relation: terms.relation.clone(),
        scope: terms.scope,
        items: terms.items.clone(),
        until_day: day_number(terms.until),
        state: GrantState::Offered,
        asked_by: if ask == Ask::Give { Side::Principal } else { Side::Agent },
        created: at,
        settled: None,
        version: 1,
    };
    grants::add(tx, &grant)?;
    told(tx, actor, &grant, "parties.grant_offered", at)?;
    Ok(grant)
}

/// 这个人在授权单的哪一边；不相干为 `None`。
///
/// # Errors
/// 引擎拒绝。
pub fn side_of(tx: &mut Tx<'_>, actor: &Actor, grant: &Grant, at: Timestamp) -> Result<Option<Side>> {
    if actor.person == 0 {
        return Ok(None);
    }
    if grant.agent == actor.person {
        return Ok(Some(Side::Agent));
    }
    match grant.kind {
        GrantKind::Proxy => Ok((grant.principal == actor.person).then_some(Side::Principal)),
        GrantKind::Agent => side_in(tx, actor, grant.legal_entity, at),
    }
}

/// 法定代表人与管理员代表单位这一边。
fn side_in(tx: &mut Tx<'_>, actor: &Actor, legal_entity: i64, at: Timestamp) -> Result<Option<Side>> {
    let held = grants::agency(tx, actor.person, legal_entity, day_number(date_of(at)))?;
    Ok(held.filter(|(role, _)| matches!(role.as_str(), "legal_person" | "manager")).map(|_| Side::Principal))
}

/// 答复或解除一份授权。
///
/// # Errors
/// 不相干的与不存在一样；轮不到这一边、已经答过：`conflict`；授权人实名不够。
pub fn settle(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, act: GrantAct, at: Timestamp) -> Result<Grant> {
    let mut grant = grants::lock(tx, id)?.ok_or_else(Problem::not_found)?;
    let side = side_of(tx, actor, &grant, at)?.ok_or_else(Problem::not_found)?;
    if grant.version != version {
        return Err(Problem::stale(grant.version).into());
    }
    let answering = side != grant.asked_by;
    let row = GRANT_TABLE.iter().find(|(from, known, who, _)| *from == grant.state && *known == act && who.is_none_or(|wanted| wanted == answering));
    let Some((.., to)) = row else {
        return Err(Problem::conflict(format!("这份授权{}，现在不能{}", grant.state.label(), act.label())).into());
    };
    if act == GrantAct::Accept {
        may_accept(tx, actor, &grant, side, at)?;
    }
    (grant.state, grant.settled, grant.version) = (*to, Some(at), grant.version + 1);
    grants::save(tx, &grant)?;
    if grant.kind == GrantKind::Agent {
        match grant.state {
            GrantState::Active => grants::put_agent(tx, &grant)?,
            GrantState::Revoked => grants::end_agent(tx, &grant)?,
            GrantState::Offered | GrantState::Declined => {}
        }
    }
    let kind = match act {
        GrantAct::Accept => "parties.granted",
        GrantAct::Decline => "parties.grant_declined",
        GrantAct::Revoke => "parties.grant_revoked",
    };
    told(tx, actor, &grant, kind, at)?;
    Ok(grant)
}

fn may_accept(tx: &mut Tx<'_>, actor: &Actor, grant: &Grant, side: Side, at: Timestamp) -> Result<()> {
    let day = day_number(date_of(at));
    if grant.until_day < day {
        return Err(Problem::conflict("这份授权已经过期，请对方重新授权").into());
    }
    if side == Side::Principal {
        rules::may_grant(actor.real_level)?;
    }
    let agent = store::person(tx, grant.agent)?.ok_or_else(Problem::not_found)?;
    if agent.real_level < rules::AGENT_LEVEL {
        return Err(Problem::conflict("代办人要先完成实名认证（2 级）").into());
    }
    if grant.kind == GrantKind::Proxy {
        let held = grants::by_agent(tx, grant.agent)?.into_iter().filter(|g| g.kind == GrantKind::Proxy && g.holds(day)).count();
        if held >= rules::MOST_PRINCIPALS {
            return Err(Problem::conflict(format!("一个人至多替 {} 个人代办", rules::MOST_PRINCIPALS)).into());
        }
    } else if grant.relation == "manager" && grants::holders(tx, grant.legal_entity, "manager", day)?.len() >= rules::MOST_MANAGERS {
        return Err(Problem::conflict(format!("一个单位至多 {} 个管理员，请先解除一位", rules::MOST_MANAGERS)).into());
    }
    Ok(())
}

fn told(tx: &mut Tx<'_>, actor: &Actor, grant: &Grant, kind: &str, at: Timestamp) -> Result<()> {
    let body = serde_json::to_string(&GrantV1 {
        kind: grant.kind.as_str().to_owned(),
        principal: grant.principal,
        legal_entity: grant.legal_entity,
        agent: grant.agent,
        scope: grant.scope.as_str().to_owned(),
        items: grant.items.clone(),
        until_day: grant.until_day,
        state: grant.state.as_str().to_owned(),
        asked_by: grant.asked_by.as_str().to_owned(),
    })?;
    tx.journal(Entry { kind, subject: grant.id, rev: grant.version, at, actor, tenant: 0, body: &body })
}
