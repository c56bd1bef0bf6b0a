//! 办件与电子证照：免提交用了哪张、决定时下订单、没签好不送达。证照自己的规矩都在证照区。
//!
//! 依据：《国务院关于在线政务服务的若干规定》（国令第716号）第十条——电子证照可以作为办理政务服务事项的依据，
//! 能在线核验的不得要求重复提供。

use std::collections::BTreeMap;

use jiff::Timestamp;
use tongban_credentials::commands::{self as credentials, Order, Waive};
use tongban_contracts::credentials::LicenceV1;
use tongban_credentials::queries;
use tongban_kernel::problem::Checks;
use tongban_kernel::{Actor, Problem, mask, time};
use tongban_store::{Error, Logged, Result, Tx};

use super::review::{self, Deliver};
use crate::model::{Case, Delivery, Material, MaterialStatus, Offer, Outcome, State};
use crate::store;
use crate::store::deliveries::Signed;

/// 材料短名 → 证照标识。
pub type Licences = BTreeMap<String, String>;

/// 这张证照顶得上这份材料。
///
/// # Errors
/// 不是他的、现在不是有效、顶不上：都说成这一份材料的问题。
pub(super) fn fits(tx: &mut Tx<'_>, actor: &Actor, material: &str, identifier: &str, at: Timestamp) -> Result<()> {
    let input = Waive { identifier, case_no: "", material, item_code: "", item_name: "" };
    match credentials::fits(tx, actor, &input, at) {
        Ok(_) => Ok(()),
        Err(Error::Refused(problem)) => Err(Problem::field("licence", "licence", said(&problem)).into()),
        Err(error) => Err(error),
    }
}

/// 内容有误的，话在字段上。
fn said(problem: &Problem) -> String {
    problem.errors.first().map_or_else(|| problem.detail.clone(), |error| error.detail.clone())
}

/// 交之前：选了证照的各份材料（短名、名称）此刻都顶得上。写库之前查，查出来的与别的错一起说。
pub(super) fn check<'a>(tx: &mut Tx<'_>, actor: &Actor, checks: &mut Checks, materials: impl Iterator<Item = (&'a str, &'a str)>, licences: &Licences, at: Timestamp) -> Result<()> {
    for (key, name) in materials {
        let Some(identifier) = licences.get(key) else { continue };
        match fits(tx, actor, name, identifier, at) {
            Ok(()) => {}
            Err(Error::Refused(problem)) => checks.ensure(false, &format!("m_{key}"), "licence", said(&problem)),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// 交的同一单元里：逐份记同意与用证。
pub(super) fn waive(tx: &mut Tx<'_>, actor: &Actor, case: &Case, listed: &[Material], licences: &Licences, at: Timestamp) -> Result<()> {
    for material in listed.iter().filter(|m| m.status == MaterialStatus::Licence) {
        let Some(identifier) = licences.get(&material.key) else { continue };
        let input = Waive {
            identifier,
            case_no: case.no.as_str(),
            material: &material.name,
            item_code: &case.item_code,
            item_name: &case.item_name,
        };
        credentials::waive(tx, actor, &input, at)?;
    }
    Ok(())
}

/// 准予的单元里下证照订单，窗口代办、没有账号的人也有；成文与签名由随后的任务做。
///
/// 下不成（没有这类证照的模板、机构还没有信用代码）不挡决定：回答为什么，改发纸质证照（许可法第39条的许可证件不限电子的）；
/// 证照区也可以补录。
pub(super) fn order(tx: &mut Tx<'_>, actor: &Actor, case: &Case, offer: &Offer, licence: &str, at: Timestamp) -> Result<Option<String>> {
    let details = store::details(tx, case.id)?.ok_or_else(Problem::not_found)?;
    let who = &details.applicant;
    let shown = |field: &crate::model::Field| details.form.get(&field.key).map(|value| (field.label.clone(), field.shown(value)));
    let fields = offer.fields_for(&details.situations).filter_map(shown).collect();
    let order = Order {
        case_id: case.id,
        case_no: case.no.as_str(),
        licence,
        item_code: &case.item_code,
        item_name: &case.item_name,
        place: case.place,
        person: case.person,
        legal_entity: case.legal_entity,
        holder_name: &who.name,
        holder_code: &who.id_number,
        legal: who.is_legal,
        fields: &fields,
        decided: case.decided_at.unwrap_or(at),
    };
    // 变更、延续、补证：同一类证照沿用原流水，新版签成旧版即被替代
    let follow = store::follow_ups::of_case(tx, case.id)?.filter(|follow| follow.licence_name == licence);
    let renews = follow.map(|follow| follow.licence).unwrap_or_default();
    match credentials::renew(tx, actor, &order, &renews, at) {
        Ok(Some(_)) => Ok(None),
        Ok(None) => Ok(Some(format!("还没有“{licence}”的电子证照模板"))),
        Err(Error::Refused(problem)) => Ok(Some(said(&problem))),
        Err(error) => Err(error),
    }
}

/// 准予了、要出证照，却没有做电子的：发纸质的，证照叫什么。
///
/// # Errors
/// 引擎拒绝。
pub fn on_paper(tx: &mut Tx<'_>, case: &Case) -> Result<Option<String>> {
    if case.state != State::Decided || case.outcome != Some(Outcome::Granted) {
        return Ok(None);
    }
    let Some(licence) = store::offer(tx, case.item_id, case.item_version)?.and_then(|offer| offer.licence) else { return Ok(None) };
    Ok(if queries::issued_for_case(tx, case.no.as_str())?.is_none() { Some(licence) } else { None })
}

/// 证照签好了才送达（规格 licences-and-seals §7.5）。
///
/// # Errors
/// 订单下了还没签好。
pub(super) fn ready(tx: &mut Tx<'_>, case: &Case) -> Result<()> {
    let Some(issued) = queries::issued_for_case(tx, case.no.as_str())?.filter(|issued| !issued.ready) else { return Ok(()) };
    let detail = format!("{}还没有签好，现在是“{}”，签好才能送达。一般一分钟内就好，请稍后再试；一直没好，请证照管理员在“电子证照”里看原因", issued.name, issued.state);
    Err(Problem::conflict(detail).into())
}

/// 即办件要出证照的：当场签下的送达回证先记着，等证照成文生效。
///
/// 规格 §2.2“要出证照的停在 50，证照成文后由系统转 60”没有分取件方式；送达回证却要有真的签收人与单号（许可法第44条）。
/// 所以事实齐了的——电子送达、人在窗口当场签收的自取、已有单号的邮寄——都由系统转 60；
/// 还没寄出、没有单号的邮寄留在待送达（统一出件里是“待寄”），寄出后由出件窗口填单号。
pub(super) fn sign_ahead(tx: &mut Tx<'_>, actor: &Actor, case: &Case, way: &Deliver, at: Timestamp) -> Result<()> {
    if !way.is_complete() {
        return Ok(());
    }
    let signed = Signed {
        way: way.way,
        receiver: mask::name(&way.receiver),
        note: way.note.trim().to_owned(),
        staff: actor.staff,
        staff_name: actor.name.to_string(),
        at,
    };
    store::deliveries::keep(tx, case.id, &signed)
}

/// 证照签成了：即办件由系统照当场签下的送达回证接着送达、办结。没有签下的，电子送达照办，其余留给出件窗口。
///
/// # Errors
/// 引擎拒绝。
pub fn on_licence(tx: &mut Tx<'_>, entry: &Logged) -> Result<()> {
    let told: LicenceV1 = entry.changed()?;
    if told.action != "sign" || told.case_no.is_empty() {
        return Ok(());
    }
    let Some(case) = store::find_by_no(tx, &told.case_no)? else { return Ok(()) };
    if !case.instant || case.state != State::Decided || case.revoked_on.is_some() {
        return Ok(());
    }
    let Some(way) = to_deliver(tx, &case, &told.kind)? else { return Ok(()) };
    let at = case.decided_at.map_or(entry.at, |decided| decided.max(entry.at));
    match review::deliver(tx, &Actor::clock(), case.no.as_str(), &way, at) {
        // 到点的钟先响、版本变了的，留给出件窗口
        Ok(_) | Err(Error::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// 系统照什么送达；不够送的为 `None`。
fn to_deliver(tx: &mut Tx<'_>, case: &Case, licence: &str) -> Result<Option<Deliver>> {
    let version = case.version;
    Ok(match store::deliveries::of_case(tx, case.id)? {
        // 邮寄的说明就是单号，不掺别的话
        Some(signed) if signed.way == Delivery::Post => Some(Deliver { version, way: signed.way, receiver: signed.receiver, note: signed.note }),
        Some(signed) if signed.way == Delivery::Electronic => {
            Some(Deliver { version, way: signed.way, receiver: signed.receiver, note: into_account(licence) })
        }
        Some(signed) => {
            let note = format!("{} 在窗口当场签收，经办 {}；{licence}随后签发，可在“我的证照”里查看", time::show(signed.at), signed.staff_name);
            Some(Deliver { version, way: signed.way, receiver: signed.receiver, note })
        }
        None if case.delivery == Delivery::Electronic => {
            Some(Deliver { version, way: Delivery::Electronic, receiver: case.applicant_shown.clone(), note: into_account(licence) })
        }
        None => None,
    })
}

/// 窗口按电子送达办的：有电子证照的说清放到了哪里。
pub(super) fn put_into_account(tx: &mut Tx<'_>, case: &Case) -> Result<String> {
    let issued = queries::issued_for_case(tx, case.no.as_str())?.filter(|issued| issued.ready);
    Ok(issued.map(|issued| into_account(&issued.name)).unwrap_or_default())
}

/// 电子送达的说法：没有人当场签收什么，是放进了他的账户。
fn into_account(licence: &str) -> String {
    format!("电子证照{licence}已签发，放入申请人账户，登录后在“我的证照”里查看")
}
