//! 家人代办：凭对方给的授权起草、提交、补正、撤回、看进度；授权一解除，一样也做不了。

use jiff::Timestamp;
use tongban_kernel::{Actor, Problem};
use tongban_parties::queries::grants::{self, GrantScope};
use tongban_store::{Result, Tx};

use super::draft;
use crate::model::{Agency, Applicant, Case, Member, Offer};
use crate::store::bundles::Bundle;
use crate::store::{self, Draft};

/// 替谁办：授权单号与办件的申请人。
#[derive(Debug, Clone)]
pub struct Principal {
    pub person: i64,
    pub applicant: Applicant,
    pub agency: Agency,
}

/// 一份授权此刻能用来申办这个事项吗；一件事要管得到每一项。
///
/// # Errors
/// 没有这份授权、已解除、过期、只能看进度、不管这个事项。
pub fn principal(tx: &mut Tx<'_>, actor: &Actor, grant: i64, offer: &Offer, at: Timestamp) -> Result<Principal> {
    let held = grants::principals(tx, actor.person, at)?;
    let found = held.into_iter().find(|(known, _)| known.id == grant && known.scope == GrantScope::Apply && offer.codes().iter().all(|code| known.covers(code)));
    let Some((grant, person)) = found else {
        return Err(Problem::field("for", "expired", "您现在不能替他办这一项：授权已解除、过期，或不包括这个事项").into());
    };
    let agent = tongban_parties::queries::person(tx, actor.person)?.ok_or_else(Problem::unauthenticated)?;
    Ok(Principal {
        person: person.id,
        applicant: Applicant {
            name: person.name,
            is_legal: false,
            id_type: person.id_type,
            id_number: person.id_number,
            contact: agent.name.clone(),
            mobile: person.mobile,
            address: String::new(),
        },
        agency: Agency { agent: actor.person, name: agent.name, relation: grant.relation, grant: grant.id },
    })
}

/// 替家人起一份草稿。
///
/// # Errors
/// 同自己起草；正代表单位；授权管不到。
pub fn start_for(tx: &mut Tx<'_>, actor: &Actor, offer: &Offer, token: &str, grant: i64, at: Timestamp) -> Result<Draft> {
    if actor.legal_entity != 0 {
        return Err(Problem::field("for", "choice", "替家人办请先换回本人身份").into());
    }
    let found = principal(tx, actor, grant, offer, at)?;
    let mut draft = draft::start(tx, actor, offer, token, &found.applicant, at)?;
    draft.person = found.person;
    draft.body.grant = grant;
    store::set_draft_person(tx, &draft)?;
    Ok(draft)
}

/// 此刻凭授权能不能办这一件：`Track` 只看，`Apply` 还能补正、撤回。
///
/// # Errors
/// 引擎拒绝。
pub fn represents(tx: &mut Tx<'_>, actor: &Actor, case: &Case, scope: GrantScope, at: Timestamp) -> Result<bool> {
    if actor.staff != 0 || actor.legal_entity != 0 || case.legal_entity != 0 {
        return Ok(false);
    }
    Ok(grants::proxy(tx, actor.person, case.person, &case.item_code, scope, at)?.is_some())
}

/// 看得到这件一件事：自己的、自己单位的，或家人授权管得到每一项的。
///
/// # Errors
/// 引擎拒绝。
pub fn sees_bundle(tx: &mut Tx<'_>, actor: &Actor, bundle: &Bundle, members: &[Member], at: Timestamp) -> Result<bool> {
    if actor.legal_entity != 0 || bundle.legal_entity != 0 {
        return Ok(actor.legal_entity == bundle.legal_entity);
    }
    if actor.person == 0 || actor.person == bundle.person {
        return Ok(actor.person != 0);
    }
    let held = grants::principals(tx, actor.person, at)?;
    Ok(held.iter().any(|(grant, person)| person.id == bundle.person && members.iter().all(|m| grant.covers(&m.code))))
}
