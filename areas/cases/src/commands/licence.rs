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
use tongban_kernel::{Actor, Problem};
use tongban_store::{Error, Logged, Result, Tx};

use super::review::{self, Deliver};
use crate::model::{Case, Delivery, Material, MaterialStatus, Offer, State};
use crate::store;

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
/// 下不成（没有这类证照的模板、机构还没有信用代码）不挡决定：证照区可以补录。
pub(super) fn order(tx: &mut Tx<'_>, actor: &Actor, case: &Case, offer: &Offer, licence: &str, at: Timestamp) -> Result<()> {
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
        Ok(_) => Ok(()),
        Err(Error::Refused(problem)) => {
            tracing::warn!(case = %case.no, reason = problem.detail, "准予时未能下证照订单，请在证照里补录");
            Ok(())
        }
        Err(error) => Err(error),
    }
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

/// 证照签成了：即办件、电子送达的由系统接着送达，办结（cases §2.2 即办件快捷流）。
/// 自取、邮寄的要有真的签收人与单号，仍由出件窗口送达。
///
/// # Errors
/// 引擎拒绝。
pub fn on_licence(tx: &mut Tx<'_>, entry: &Logged) -> Result<()> {
    let told: LicenceV1 = entry.changed()?;
    if told.action != "sign" || told.case_no.is_empty() {
        return Ok(());
    }
    let Some(case) = store::find_by_no(tx, &told.case_no)? else { return Ok(()) };
    if !case.instant || case.state != State::Decided || case.delivery != Delivery::Electronic || case.revoked_on.is_some() {
        return Ok(());
    }
    let note = format!("{}已签发，可在“我的证照”里查看", told.kind);
    let way = Deliver { version: case.version, way: Delivery::Electronic, receiver: case.applicant_shown.clone(), note };
    let at = case.decided_at.map_or(entry.at, |decided| decided.max(entry.at));
    match review::deliver(tx, &Actor::clock(), case.no.as_str(), &way, at) {
        // 到点的钟先响、版本变了的，留给出件窗口
        Ok(_) | Err(Error::Refused(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
