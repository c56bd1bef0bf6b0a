//! 授权的读：名单、此刻管不管。

use jiff::Timestamp;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Problem};
use tongban_store::{Result, Tx};

pub use crate::model::grant::{Grant, GrantAct, GrantKind, GrantScope, GrantState, Side, covers};
pub use crate::model::Person;
use crate::commands::grants::side_of;
use crate::store::{self, grants};

/// 名单上的一份授权。
pub struct Listed {
    pub grant: Grant,
    pub side: Side,
    /// 对方：人名已脱敏，单位写全称。
    pub other: String,
    pub acts: Vec<GrantAct>,
}

/// 与我有关的授权：我给的、给我的、我能代表的单位给的。
///
/// # Errors
/// 引擎拒绝。
pub fn listed(tx: &mut Tx<'_>, actor: &Actor, at: Timestamp) -> Result<Vec<Listed>> {
    let mut found = grants::by_agent(tx, actor.person)?;
    found.extend(grants::by_principal(tx, actor.person)?);
    if actor.legal_entity != 0 {
        found.extend(grants::by_legal(tx, actor.legal_entity)?);
    }
    let mut all = Vec::new();
    for grant in found {
        if all.iter().any(|known: &Listed| known.grant.id == grant.id) {
            continue;
        }
        let Some(side) = side_of(tx, actor, &grant, at)? else { continue };
        let other = match (side, grant.kind) {
            (Side::Principal, _) => name_of(tx, grant.agent)?,
            (Side::Agent, GrantKind::Proxy) => name_of(tx, grant.principal)?,
            (Side::Agent, GrantKind::Agent) => store::legal(tx, grant.legal_entity)?.map_or_else(String::new, |legal| legal.name),
        };
        let expired = grant.until_day < day_number(date_of(at));
        let acts = grant.acts(side).into_iter().filter(|act| !expired || *act != GrantAct::Accept).collect();
        all.push(Listed { grant, side, other, acts });
    }
    Ok(all)
}

fn name_of(tx: &mut Tx<'_>, person: i64) -> Result<String> {
    Ok(store::person(tx, person)?.map_or_else(String::new, |person| person.masked_name()))
}

/// 一份授权；只给两边的人看。
///
/// # Errors
/// 不相干的与不存在一样。
pub fn grant(tx: &mut Tx<'_>, actor: &Actor, id: i64, at: Timestamp) -> Result<Grant> {
    let found = grants::find(tx, id)?.ok_or_else(Problem::not_found)?;
    side_of(tx, actor, &found, at)?.ok_or_else(Problem::not_found)?;
    Ok(found)
}

/// 此刻授权这个人代办的家人与授权单。
///
/// # Errors
/// 引擎拒绝。
pub fn principals(tx: &mut Tx<'_>, agent: i64, at: Timestamp) -> Result<Vec<(Grant, Person)>> {
    if agent == 0 {
        return Ok(Vec::new());
    }
    let day = day_number(date_of(at));
    let mut all = Vec::new();
    for grant in grants::by_agent(tx, agent)?.into_iter().filter(|g| g.kind == GrantKind::Proxy && g.holds(day)) {
        if let Some(person) = store::person(tx, grant.principal)? {
            all.push((grant, person));
        }
    }
    Ok(all)
}

/// 此刻 `agent` 能不能替 `principal` 办这个事项（`scope` 至少到这一步）；能就给出授权单。
///
/// # Errors
/// 引擎拒绝。
pub fn proxy(tx: &mut Tx<'_>, agent: i64, principal: i64, item: &str, scope: GrantScope, at: Timestamp) -> Result<Option<Grant>> {
    if agent == 0 || principal == 0 {
        return Ok(None);
    }
    let day = day_number(date_of(at));
    let held = grants::by_agent(tx, agent)?.into_iter();
    Ok(held
        .filter(|g| g.kind == GrantKind::Proxy && g.principal == principal && g.holds(day) && g.covers(item))
        .find(|g| scope == GrantScope::Track || g.scope == GrantScope::Apply))
}

/// 正代表单位的人此刻管不管这个事项：经办关系还在，事项在范围内。个人身份总是管。
///
/// # Errors
/// 引擎拒绝。
pub fn acts_within(tx: &mut Tx<'_>, actor: &Actor, item: &str, at: Timestamp) -> Result<bool> {
    if actor.legal_entity == 0 {
        return Ok(true);
    }
    let held = grants::agency(tx, actor.person, actor.legal_entity, day_number(date_of(at)))?;
    Ok(held.is_some_and(|(_, items)| covers(&items, item)))
}

/// 单位的法定代表人与管理员。
///
/// # Errors
/// 引擎拒绝。
pub fn heads(tx: &mut Tx<'_>, legal_entity: i64, at: Timestamp) -> Result<Vec<i64>> {
    let day = day_number(date_of(at));
    let mut heads = grants::holders(tx, legal_entity, "legal_person", day)?;
    heads.extend(grants::holders(tx, legal_entity, "manager", day)?);
    Ok(heads)
}
