//! 当事人区的读。

use tongban_kernel::{Actor, Problem};
use tongban_store::{Result, Tx};

pub use crate::model::{Account, Applicant, Person};
use crate::store;

/// 一个自然人，已解密。
///
/// # Errors
/// 引擎拒绝或密文损坏。
pub fn person(tx: &mut Tx<'_>, id: i64) -> Result<Option<Person>> {
    store::person(tx, id)
}

/// 操作者作为申请人：个人。
///
/// # Errors
/// 没有登录：`unauthenticated`。
pub fn applicant(tx: &mut Tx<'_>, actor: &Actor) -> Result<Applicant> {
    let person = store::person(tx, actor.person)?.ok_or_else(Problem::unauthenticated)?;
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
