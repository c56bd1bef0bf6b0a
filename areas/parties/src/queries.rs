//! 当事人区的读。

pub mod grants;
pub mod staff;

use tongban_kernel::{Actor, Problem};
use tongban_store::{Result, Tx};

pub use crate::model::{Account, Applicant, LegalEntity, Person};
use crate::store;

/// 一个自然人，已解密。
///
/// # Errors
/// 引擎拒绝或密文损坏。
pub fn person(tx: &mut Tx<'_>, id: i64) -> Result<Option<Person>> {
    store::person(tx, id)
}

/// 一个法人。
///
/// # Errors
/// 引擎拒绝。
pub fn legal_entity(tx: &mut Tx<'_>, id: i64) -> Result<Option<LegalEntity>> {
    store::legal(tx, id)
}

/// 某人此刻能代表的法人与他的身份代码。
///
/// # Errors
/// 引擎拒绝。
pub fn agencies(tx: &mut Tx<'_>, person: i64, day: i64) -> Result<Vec<(LegalEntity, String)>> {
    store::agencies(tx, person, day)
}

/// 操作者作为申请人：本人，或他正代表的法人（联系手机仍是本人的）。
///
/// # Errors
/// 没有登录：`unauthenticated`；法人已注销：`not-found`。
pub fn applicant(tx: &mut Tx<'_>, actor: &Actor) -> Result<Applicant> {
    let person = store::person(tx, actor.person)?.ok_or_else(Problem::unauthenticated)?;
    if actor.legal_entity != 0 {
        let legal = store::legal(tx, actor.legal_entity)?.ok_or_else(Problem::not_found)?;
        return Ok(Applicant {
            kind: "legal",
            name: legal.name,
            id_type: "uscc".to_owned(),
            id_number: legal.code,
            mobile: person.mobile,
            region: legal.region,
        });
    }
    Ok(Applicant {
        kind: "person",
        name: person.name,
        id_type: person.id_type,
        id_number: person.id_number,
        mobile: person.mobile,
        region: person.region,
    })
}

/// 登录名对应的账号。
///
/// # Errors
/// 引擎拒绝。
pub fn account_for_login(tx: &mut Tx<'_>, login: &str) -> Result<Option<Account>> {
    store::account_for_login(tx, login)
}

/// 一个账号；再核一次登录口令时用。
///
/// # Errors
/// 引擎拒绝。
pub fn account(tx: &mut Tx<'_>, id: i64) -> Result<Option<Account>> {
    store::account(tx, id)
}
