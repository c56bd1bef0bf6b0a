//! 申请人是谁：由登录的身份从 `parties` 取，不让自己填。

use tongban_kernel::Actor;
use tongban_store::{Result, Tx};

use crate::model::Applicant;

/// 登录的人（或他代表的企业）作为申请人。
///
/// # Errors
/// 引擎拒绝。
#[cfg(not(test))]
pub fn of(tx: &mut Tx<'_>, actor: &Actor) -> Result<Applicant> {
    let found = tongban_parties::queries::applicant(tx, actor)?;
    let is_legal = actor.legal_entity != 0;
    // 代表单位办事时，经办人就是登录的人
    let agent = if is_legal { tongban_parties::queries::person(tx, actor.person)? } else { None };
    Ok(Applicant {
        is_legal,
        name: found.name,
        id_type: found.id_type,
        id_number: found.id_number,
        contact: agent.map(|person| person.name).unwrap_or_default(),
        mobile: found.mobile,
        address: String::new(),
    })
}

/// 本区的单元测试不带当事人区，只有一个样例申请人。
///
/// # Errors
/// 从不。
#[cfg(test)]
pub fn of(_: &mut Tx<'_>, actor: &Actor) -> Result<Applicant> {
    Ok(Applicant { is_legal: actor.legal_entity != 0, ..crate::testing::person() })
}
