//! 窗口核验实名：工作人员当面核过身份证原件，把群众升到 3 级（accounts §2.1）。

use jiff::Timestamp;
use serde::Serialize;
use tongban_kernel::problem::Checks;
use tongban_kernel::{Actor, Code, Problem};
use tongban_store::{Entry, Result, Tx};

use crate::rules::ID_CARD;
use crate::{VERIFY, store};

/// 当面核验之后的实名等级。
pub const IN_PERSON: i64 = 3;

/// 怎么核的。
pub const EVIDENCE: &[(&str, &str)] = &[("card", "身份证原件，与本人相貌一致"), ("temporary", "临时身份证原件，与本人相貌一致"), ("face", "窗口人脸比对一致")];

/// 一次当面核验。
#[derive(Debug, Clone, Default)]
pub struct InPerson {
    pub name: String,
    pub id_number: String,
    pub evidence: String,
}

#[derive(Serialize)]
struct Changed<'a> {
    level: i64,
    evidence: &'a str,
}

/// 升到 3 级；已经是的照样记一次核验。
///
/// # Errors
/// 没有权限 403；没写齐、没有这个人、姓名不符 422；给自己核验 403。
pub fn verify_in_person(tx: &mut Tx<'_>, actor: &Actor, input: &InPerson, at: Timestamp) -> Result<()> {
    actor.require(VERIFY)?;
    let (name, number) = (input.name.trim(), input.id_number.trim().to_ascii_uppercase());
    let mut checks = Checks::new();
    checks.ensure(!name.is_empty(), "name", "required", "请照身份证填姓名");
    checks.ensure(!number.is_empty(), "id_number", "required", "请照身份证填身份证号");
    checks.ensure(EVIDENCE.iter().any(|(code, _)| *code == input.evidence), "evidence", "required", "请选是怎么核的");
    checks.finish()?;
    let unknown = || Problem::field("id_number", "not-found", "没有用这个身份证号注册的人；请本人先在“注册”里自己注册，再来核验");
    let id = store::person_by_id(tx, ID_CARD, &number)?.ok_or_else(unknown)?;
    let person = store::person(tx, id)?.ok_or_else(unknown)?;
    if person.name != name {
        return Err(Problem::field("name", "mismatch", "姓名与注册时填的不一致，请再看一遍身份证").into());
    }
    if actor.person == id {
        return Err(Problem::new(Code::Forbidden, "不能给自己核验，请换一位工作人员").into());
    }
    store::raise_level(tx, id, IN_PERSON)?;
    let body = serde_json::to_string(&Changed { level: IN_PERSON, evidence: &input.evidence })?;
    tx.journal(Entry { kind: "parties.verified_in_person", subject: id, rev: 2, at, actor, tenant: actor.tenant, body: &body })
}
