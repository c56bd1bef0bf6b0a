//! 读：给页面、接口与办件区用。

use tongban_kernel::time::{day_number, date_of};
use tongban_kernel::{Actor, Problem};
use tongban_store::{Error, Result, Tx};

use crate::model::licence::{FOREVER, show_until};
use crate::model::{Identifier, LicenceState};
use crate::store::{LicenceRow, kinds, licences, shows};

pub use crate::commands::owns;

/// 可以代替某份材料的一张证照。
#[derive(Debug, Clone)]
pub struct Usable {
    pub identifier: String,
    pub type_name: String,
    /// 编号，中间打星。
    pub number: String,
    pub issuer: String,
    pub valid_to: String,
}

/// 一件办件出的证照。
#[derive(Debug, Clone)]
pub struct IssuedFor {
    pub identifier: String,
    pub name: String,
    pub state: &'static str,
    /// 签好了，可以送达。
    pub ready: bool,
    /// 有效期止日，形如 20261201；长期的为 `None`。
    pub until: Option<i64>,
    /// 还没有终止：有效、暂扣、刚过期。
    pub alive: bool,
    pub href: String,
}

/// 一件办件里用来免提交的证照，状态是此刻的。
#[derive(Debug, Clone)]
pub struct UsedFor {
    pub licence: i64,
    pub material: String,
    pub identifier: String,
    pub type_name: String,
    pub number: String,
    pub issuer: String,
    pub valid_to: String,
    pub state: &'static str,
    pub valid: bool,
    pub use_no: String,
}

/// 一个人或他代表的法人名下的证照。
///
/// # Errors
/// 引擎拒绝。
pub fn wallet(tx: &mut Tx<'_>, actor: &Actor, after: i64, limit: u32) -> Result<Vec<LicenceRow>> {
    if actor.legal_entity != 0 {
        return licences::of_legal(tx, actor.legal_entity, after, limit);
    }
    if actor.person == 0 { Ok(Vec::new()) } else { licences::of_person(tx, actor.person, after, limit) }
}

/// 申请人名下此刻有效、顶得上这份材料的证照。
///
/// # Errors
/// 引擎拒绝。
pub fn usable_for(tx: &mut Tx<'_>, person: i64, legal_entity: i64, material: &str, today: i64) -> Result<Vec<Usable>> {
    Ok(usable_for_all(tx, person, legal_entity, &[material.to_owned()], today)?.pop().unwrap_or_default())
}

/// 同 [`usable_for`]，一次问几份材料，次序相同；名下的证照只读一遍。
///
/// # Errors
/// 引擎拒绝。
pub fn usable_for_all(tx: &mut Tx<'_>, person: i64, legal_entity: i64, materials: &[String], today: i64) -> Result<Vec<Vec<Usable>>> {
    let rows = if legal_entity != 0 { licences::of_legal(tx, legal_entity, 0, 200)? } else if person != 0 { licences::of_person(tx, person, 0, 200)? } else { Vec::new() };
    let mut out = vec![Vec::new(); materials.len()];
    for row in rows.into_iter().filter(|row| row.state == LicenceState::Valid && row.valid_to >= today) {
        let Some(kind) = kinds::find(tx, row.kind)? else { continue };
        for (list, _) in out.iter_mut().zip(materials).filter(|(_, material)| kind.spec.stands_for(&kind.name, material)) {
            list.push(Usable {
                number: star(&row.number),
                identifier: row.identifier.clone(),
                type_name: row.kind_name.clone(),
                issuer: row.issuer.clone(),
                valid_to: show_until(row.valid_to),
            });
        }
    }
    Ok(out)
}

/// 编号留头四尾四。
#[must_use]
pub fn star(number: &str) -> String {
    let letters: Vec<char> = number.chars().collect();
    if letters.len() <= 8 {
        return number.to_owned();
    }
    let (head, tail): (String, String) = (letters[..4].iter().collect(), letters[letters.len() - 4..].iter().collect());
    format!("{head}{}{tail}", "*".repeat(letters.len() - 8))
}

/// 一件办件出的证照；没有为空。
///
/// # Errors
/// 引擎拒绝。
pub fn issued_for_case(tx: &mut Tx<'_>, case_no: &str) -> Result<Option<IssuedFor>> {
    let found = licences::of_case(tx, case_no)?;
    Ok(found.map(|row| IssuedFor {
        state: row.state.label(),
        ready: row.state.is_issued(),
        until: Some(row.valid_to).filter(|day| *day < FOREVER),
        alive: row.state.is_issued() && !row.state.is_final(),
        href: format!("/me/licences/{}", row.id),
        identifier: row.identifier,
        name: row.kind_name,
    }))
}

/// 某日颁发的这一类证照有效到哪一日；没有这一类、长期有效、要逐张填的为 `None`。
///
/// # Errors
/// 引擎拒绝。
pub fn lasts_until(tx: &mut Tx<'_>, tenant: i64, kind: &str, issued: jiff::civil::Date) -> Result<Option<jiff::civil::Date>> {
    let found = kinds::named(tx, tenant, kind)?;
    Ok(found.and_then(|kind| kind.spec.until(issued, None).ok()).filter(|day| *day < FOREVER).and_then(tongban_kernel::time::from_day_number))
}

/// 这个单位此刻签得了这一类证照：章启用了，有用它的授权。
///
/// # Errors
/// 引擎拒绝。
pub fn can_issue(tx: &mut Tx<'_>, unit: i64, kind: &str, at: jiff::Timestamp) -> Result<bool> {
    match crate::issue::stamp(tx, unit, 0, kind, at) {
        Ok(_) => Ok(true),
        Err(Error::Refused(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

/// 一件办件里免提交用到的证照；同一份材料换过证照的，只给最后一次的。
///
/// # Errors
/// 引擎拒绝。
pub fn shown_for_case(tx: &mut Tx<'_>, case_no: &str) -> Result<Vec<UsedFor>> {
    let mut out: Vec<UsedFor> = Vec::new();
    for look in shows::case_looks(tx, case_no)?.into_iter().filter(|look| look.way == "waive") {
        let Some(row) = licences::find(tx, look.licence)? else { continue };
        let today = day_number(date_of(jiff::Timestamp::now()));
        out.retain(|earlier| earlier.material != look.material);
        out.push(UsedFor {
            licence: row.id,
            material: look.material,
            number: star(&row.number),
            valid_to: show_until(row.valid_to),
            state: row.state.label(),
            valid: row.state == LicenceState::Valid && row.valid_to >= today,
            use_no: look.id.to_string(),
            identifier: row.identifier,
            type_name: row.kind_name,
            issuer: row.issuer,
        });
    }
    Ok(out)
}

/// 按证照标识或证照编号找；标识的校验码不对会直说。
///
/// # Errors
/// 校验码不对 422，没有 404。
pub fn by_text(tx: &mut Tx<'_>, text: &str) -> Result<LicenceRow> {
    let text = text.trim();
    let found = match Identifier::parse(text) {
        Ok(identifier) => licences::by_identifier(tx, &identifier.to_string())?,
        Err(reason) if text.matches('.').count() >= 4 => return Err(Problem::field("no", reason.code, reason.detail).into()),
        Err(_) => licences::by_number(tx, text)?,
    };
    Ok(found.filter(|row| row.state.is_issued()).ok_or_else(|| Problem::new(tongban_kernel::Code::NotFound, "没有查到这个编号的证照，请核对后重输"))?)
}
