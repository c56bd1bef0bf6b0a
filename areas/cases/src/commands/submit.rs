//! 提交：由草稿成为办件，或窗口当面登记；同一份草稿只成一件。

use std::collections::BTreeMap;

use jiff::Timestamp;
use tongban_kernel::codes::CaseNo;
use tongban_kernel::problem::{Checks, Code};
use tongban_kernel::{Actor, Problem, calendar, time};
use tongban_store::{Result, Tx};

use super::licence::{self, Licences};
use super::follow::{self, Following};
use super::{Mark, draft, out_of_calendar, proxy, record, retime};
use crate::model::{Action, Applicant, Case, Channel, Delivery, FileRef, Follow, Material, MaterialStatus, Offer};
use crate::permissions as can;
use crate::rules::documents;
use crate::rules::forms::{self, Form};
use crate::store::{self, NewCase};

/// 提交的回执。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    pub id: i64,
    pub no: String,
    pub access_code: String,
    pub version: i64,
}

/// 刚成的一件与它的查询码。
pub struct Opened {
    pub case: Case,
    pub access_code: String,
}

impl From<Opened> for Submitted {
    fn from(Opened { case, access_code }: Opened) -> Self {
        Self { id: case.id, no: case.no.to_string(), access_code, version: case.version }
    }
}

/// 一份申请的全部内容。
pub(super) struct Application<'a> {
    pub(super) applicant: &'a Applicant,
    pub(super) situations: &'a [String],
    pub(super) form: &'a Form,
    pub(super) statuses: BTreeMap<String, MaterialStatus>,
    pub(super) files: BTreeMap<String, Vec<FileRef>>,
    /// 用来免提交的证照。
    pub(super) licences: Licences,
    pub(super) delivery: Delivery,
    pub(super) summary: &'a str,
    pub(super) channel: Channel,
    /// 窗口登记：材料由窗口当面核，不因缺件拦住。
    pub(super) at_window: bool,
    /// 所属的一件事；不是为 0。
    pub(super) bundle: i64,
    /// 申请人在 parties 的行键；窗口登记的为 0。
    pub(super) person: i64,
    /// 变更、延续、补证的原办件。
    pub(super) follow: Option<Following>,
}

/// 交上草稿。再交一次给出同一件。
///
/// # Errors
/// 内容有误（一次给全）；事项不能办；同一人同一事项还有一件在办。
pub fn submit(
    tx: &mut Tx<'_>,
    actor: &Actor,
    offer: &Offer,
    token: &str,
    channel: Channel,
    random: &[u8],
    at: Timestamp,
) -> Result<Submitted> {
    let locked = store::lock_draft(tx, token)?.filter(|draft| actor.account != 0 && draft.account == actor.account);
    let found = locked.ok_or_else(Problem::not_found)?;
    if let Some(no) = &found.case_no {
        return again(tx, no);
    }
    draft::may_apply(actor, offer)?;
    draft::within_grant(tx, actor, offer, at)?;
    let principal = if found.body.grant == 0 { None } else { Some(proxy::principal(tx, actor, found.body.grant, offer, at)?) };
    let wanted = principal.as_ref().map_or(actor.person, |principal| principal.person);
    if found.person != wanted || found.legal_entity != actor.legal_entity {
        return Err(Problem::conflict("这份草稿是用另一个身份起的，请先切换回那个身份再提交").into());
    }
    let body = &found.body;
    let application = Application {
        applicant: &Applicant { is_legal: actor.legal_entity != 0, ..body.applicant.clone() },
        situations: &body.situations,
        form: &body.form,
        statuses: body.statuses(),
        files: body.materials.iter().map(|(key, material)| (key.clone(), material.files.clone())).collect(),
        licences: body.licences(),
        delivery: body.delivery.unwrap_or(Delivery::Electronic),
        summary: &body.summary,
        channel,
        at_window: false,
        bundle: 0,
        person: found.person,
        follow: follow::checked(tx, actor, offer, &found, at)?,
    };
    let submitted = Submitted::from(open_case(tx, actor, offer, &application, random, at)?);
    if let Some(principal) = principal {
        store::agencies::add(tx, submitted.id, &principal.agency, at)?;
    }
    store::mark_submitted(tx, &found, &submitted.no, at)?;
    Ok(submitted)
}

fn again(tx: &mut Tx<'_>, no: &str) -> Result<Submitted> {
    let case = store::find_by_no(tx, no)?.ok_or_else(Problem::not_found)?;
    let details = store::details(tx, case.id)?.ok_or_else(Problem::not_found)?;
    Ok(Submitted { id: case.id, no: no.to_owned(), access_code: details.access_code, version: case.version })
}

/// 窗口、代办点当面登记的内容。
#[derive(Debug, Clone)]
pub struct Registration {
    pub applicant: Applicant,
    pub situations: Vec<String>,
    pub form: Form,
    /// 材料短名 → 齐、免、容缺；没列的算缺。
    pub materials: Vec<(String, MaterialStatus)>,
    pub delivery: Delivery,
    pub summary: String,
    pub channel: Channel,
    /// 知道同一人同一事项已有在办件，仍要再收一件。
    pub allow_same: bool,
    /// 变更、延续、补证的，为哪一件。
    pub follow: Option<Follow>,
}

/// 窗口、代办点当面登记一件，状态为已提交，随后接件。
///
/// # Errors
/// 没有权限、事项不在本县区、内容有误。
pub fn register(tx: &mut Tx<'_>, actor: &Actor, offer: &Offer, input: &Registration, random: &[u8], at: Timestamp) -> Result<Submitted> {
    open_at_window(tx, actor, offer, input, random, at).map(Submitted::from)
}

/// 同 [`register`]，连登记成的那一件一起给出，不必再读一遍。
///
/// # Errors
/// 同 [`register`]。
pub fn open_at_window(tx: &mut Tx<'_>, actor: &Actor, offer: &Offer, input: &Registration, random: &[u8], at: Timestamp) -> Result<Opened> {
    actor.require(if input.channel == Channel::Agency { can::SUBMIT_FOR } else { can::RECEIVE })?;
    if !actor.is_internal() && actor.tenant != offer.place.tenant && !actor.scope.covers(&offer.place) {
        return Err(Problem::not_found().into());
    }
    if !actor.is_internal() && input.channel.is_online() {
        return Err(Problem::field("channel", "choice", "网上渠道由申请人自己提交，窗口登记请选窗口或代办点").into());
    }
    if !offer.open {
        return Err(Problem::conflict(offer.closed_reason.clone().unwrap_or_else(|| "这个事项现在不受理申请".to_owned())).into());
    }
    if !input.allow_same
        && let Some(no) = store::pending_same(tx, input.applicant.id_number.trim(), offer.item_id)?
    {
        return Err(Problem::new(Code::Duplicate, format!("同一申请人的同一事项还有一件在办：{no}；确需再收，请勾选“仍要收件”")).into());
    }
    let follow = follow::registered(tx, actor, offer, input, at)?;
    let own = if actor.staff == 0 { actor.person } else { 0 };
    let application = Application {
        applicant: &input.applicant,
        situations: &input.situations,
        form: &input.form,
        statuses: input.materials.iter().cloned().collect(),
        files: BTreeMap::new(),
        licences: Licences::new(),
        delivery: input.delivery,
        summary: &input.summary,
        channel: input.channel,
        at_window: true,
        bundle: 0,
        person: follow.as_ref().map_or(own, |follow| follow.holder.0),
        follow,
    };
    open_case(tx, actor, offer, &application, random, at)
}

/// 检查内容，成为办件。
pub(super) fn open_case(tx: &mut Tx<'_>, actor: &Actor, offer: &Offer, input: &Application<'_>, random: &[u8], at: Timestamp) -> Result<Opened> {
    let today = time::date_of(at);
    let mut checks = Checks::new();
    let applicant = forms::applicant(&mut checks, input.applicant, today);
    forms::situations(&mut checks, offer, input.situations);
    let form = forms::form(&mut checks, offer, input.situations, &applicant, input.form, today);
    if input.at_window {
        forms::repeated(&mut checks, offer, input.situations, &applicant, input.form, today);
    } else {
        forms::materials(&mut checks, offer, input.situations, &input.statuses);
        let wanted = offer.materials_for(input.situations).map(|m| (m.key.as_str(), m.name.as_str()));
        licence::check(tx, actor, &mut checks, wanted, &input.licences, at)?;
    }
    checks.ensure(input.summary.chars().count() <= 200, "summary", "length", "办理摘要不超过 200 字");
    checks.finish()?;
    let access_code = documents::access_code(random)
        .ok_or_else(|| Problem::new(Code::Internal, "系统没有取到随机数，请再提交一次"))?;
    let serial_day = time::day_number(today);
    store::save_offer(tx, offer)?;
    let id = tx.new_id();
    let listed: Vec<Material> = offer.materials_for(input.situations).map(|material| initial_material(material, input)).collect();
    store::add_materials(tx, id, &listed)?;
    let serial = tx.number(&format!("case:{}", offer.region), serial_day)?;
    let no = CaseNo::from_parts(&offer.region, today, serial).map_err(out_of_calendar)?;
    let mut case = new_case(id, no, actor, offer, input, &applicant, at)?;
    retime(&mut case, at)?;
    store::add(
        tx,
        &NewCase { case: &case, applicant: &applicant, form: &form, situations: input.situations, access_code: &access_code },
    )?;
    record(tx, actor, &case, None, &Mark::new(Action::Submit, "cases.submitted", ""), at)?;
    if let Some(follow) = &input.follow {
        store::follow_ups::add(tx, id, &follow.link, at)?;
    }
    licence::waive(tx, actor, &case, &listed, &input.licences, at)?;
    Ok(Opened { case, access_code })
}

fn initial_material(material: &crate::model::OfferMaterial, input: &Application<'_>) -> Material {
    let default = if material.by_licence { MaterialStatus::Licence } else { MaterialStatus::Missing };
    let status = input.statuses.get(&material.key).copied().filter(|status| *status != MaterialStatus::Missing).unwrap_or(default);
    let files = if status == MaterialStatus::Uploaded { input.files.get(&material.key).cloned().unwrap_or_default() } else { Vec::new() };
    Material {
        id: 0,
        key: material.key.clone(),
        name: material.name.clone(),
        need: material.need,
        copies: material.copies,
        status,
        remark: String::new(),
        files,
    }
}

fn new_case(id: i64, no: CaseNo, actor: &Actor, offer: &Offer, input: &Application<'_>, applicant: &Applicant, at: Timestamp) -> Result<Case, Problem> {
    let by_applicant = actor.staff == 0;
    let (promise_days, legal_days) = offer.limits_for(input.situations);
    let counted_on = calendar::current().reception_date(at).map_err(out_of_calendar)?;
    let blank = Case::blank(id, no, offer, applicant, at, counted_on);
    Ok(Case {
        window_org: if by_applicant || actor.org == 0 { offer.place.org } else { actor.org },
        channel: input.channel,
        account: if by_applicant { actor.account } else { 0 },
        person: input.person,
        // 为原办件再申请的，还是原来那个申请人的
        legal_entity: input.follow.as_ref().map_or(if by_applicant { actor.legal_entity } else { 0 }, |follow| follow.holder.1),
        summary: input.summary.trim().to_owned(),
        delivery: input.delivery,
        promise_days,
        legal_days,
        bundle: input.bundle,
        renews_until: input.follow.as_ref().and_then(|follow| follow.until),
        ..blank
    })
}
