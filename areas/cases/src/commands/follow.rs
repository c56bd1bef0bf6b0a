//! 办结之后再申请：变更、延续、补证；延续到原证届满还没有决定的视为准予（许可法第50条）。

use jiff::Timestamp;
use jiff::civil::Date;
use tongban_credentials::queries as credentials;
use tongban_kernel::codes::CaseNo;
use tongban_kernel::{Actor, Problem, time};
use tongban_parties::queries::grants::{self, GrantScope};
use tongban_store::{Error, Result, Tx};

use super::anomaly::{notify, notify_tenant};
use super::draft::{self, DraftEdit};
use super::{Before, Registration, owns, proxy, review, visible};
use crate::model::{Action, Case, Follow, FollowKind, FollowUp, Offer, Outcome, State, holds, next};
use crate::permissions as can;
use crate::rules::anomalies::Anomaly;
use crate::rules::renewals;
use crate::store::{self, Details, Draft, follow_ups};
use crate::{applicant, offer};

/// 一件后续申请要记的。
#[derive(Debug, Clone)]
pub struct Following {
    pub link: FollowUp,
    /// 延续的，原证届满之日。
    pub until: Option<Date>,
    /// 原办件的申请人在 parties 的行键：个人、法人。
    pub(super) holder: (i64, i64),
}

/// 照原办件备好的：办哪一项、带过来什么。
#[derive(Debug, Clone)]
pub struct Prepared {
    pub earlier: Case,
    pub following: Following,
    pub offer: Offer,
    /// 原办件的申请人、情况、表单；这一项没有的选项与字段已去掉。
    pub before: Details,
}

/// 这一件办成了、还有效，可以再申请变更、延续、补证。
#[must_use]
pub fn may_follow(case: &Case) -> bool {
    matches!(case.state, State::Decided | State::Closed) && case.outcome == Some(Outcome::Granted) && case.revoked_on.is_none()
}

/// 窗口、接口填的一串字：原办件编号，或证照上的标识、编号。给出原办件编号。
///
/// # Errors
/// 没有这张证照；这张证照不是办件出的。
pub fn earlier_no(tx: &mut Tx<'_>, text: &str) -> Result<String> {
    if let Ok(no) = CaseNo::parse(text) {
        return Ok(no.to_string());
    }
    let row = match credentials::by_text(tx, text) {
        Ok(row) => row,
        Err(Error::Refused(_)) => return Err(unknown().into()),
        Err(error) => return Err(error),
    };
    if row.case_no.is_empty() {
        return Err(Problem::field("earlier", "licence", "这张证照不是在本平台办件出的，没有原办件可接，请按新办的收件").into());
    }
    Ok(row.case_no)
}

/// 查不到与看不到是同一个回答。
fn unknown() -> Problem {
    Problem::field("earlier", "not-found", "没有查到这个编号的办件或证照，请对照回执或证照核对")
}

/// 原办件：本人的、授权代办的；窗口、代办点、对接系统替申请人办的，要在范围内、能收件。
fn reach(tx: &mut Tx<'_>, actor: &Actor, no: &str, at: Timestamp) -> Result<Case> {
    let earlier = store::find_by_no(tx, no)?.ok_or_else(Problem::not_found)?;
    if owns(actor, &earlier) || proxy::represents(tx, actor, &earlier, GrantScope::Apply, at)? {
        return Ok(earlier);
    }
    visible(actor, &earlier)?;
    actor.require(if actor.may(can::RECEIVE) { can::RECEIVE } else { can::SUBMIT_FOR })?;
    Ok(earlier)
}

/// 为这一件能不能申请这一种：网上、窗口、接口都从这里过。
///
/// # Errors
/// 看不到 404；没有准予或已撤销；不出证照；同一种申请还在办；延续的没有有期限的证照、已经届满。
pub fn following(tx: &mut Tx<'_>, actor: &Actor, wanted: &Follow, at: Timestamp) -> Result<(Case, Following)> {
    let earlier = reach(tx, actor, &wanted.earlier_no, at)?;
    if !may_follow(&earlier) {
        return Err(Problem::conflict("这一件没有有效的准予决定，不能据它申请变更、延续、补证").into());
    }
    if store::offer(tx, earlier.item_id, earlier.item_version)?.is_none_or(|offer| offer.licence.is_none()) {
        return Err(Problem::conflict("这一件不出证照，没有要变更、延续、补证的").into());
    }
    if let Some(no) = follow_ups::pending(tx, earlier.id, wanted.kind)? {
        return Err(Problem::conflict(format!("这一件的{}已经在办：{no}", wanted.kind.label())).into());
    }
    let issued = credentials::issued_for_case(tx, earlier.no.as_str())?.filter(|issued| issued.alive);
    let until = issued.as_ref().and_then(|issued| issued.until).and_then(time::from_day_number);
    let until = match wanted.kind {
        FollowKind::Renew => {
            let missing = "这一件没有写着有效期的电子证照，系统不知道何时届满，请附上原证，作为新办的申请";
            let until = until.ok_or_else(|| Problem::conflict(missing))?;
            renewals::check(time::date_of(at), until)?;
            Some(until)
        }
        FollowKind::Change | FollowKind::Reissue => None,
    };
    let (licence, licence_name) = issued.map(|issued| (issued.identifier, issued.name)).unwrap_or_default();
    let link = FollowUp { kind: wanted.kind, earlier: earlier.id, earlier_no: earlier.no.to_string(), licence, licence_name };
    let holder = (earlier.person, earlier.legal_entity);
    Ok((earlier, Following { link, until, holder }))
}

/// 照原办件备好：办哪一项，情况、表单带过来哪些。
///
/// # Errors
/// 同 [`following`]；事项不办了。
pub fn prepare(tx: &mut Tx<'_>, actor: &Actor, wanted: &Follow, at: Timestamp) -> Result<Prepared> {
    let (earlier, following) = following(tx, actor, wanted, at)?;
    let offer = offer_for(tx, &earlier, wanted.kind)?;
    let mut before = store::details(tx, earlier.id)?.ok_or_else(Problem::not_found)?;
    before.situations.retain(|key| offer.situations.iter().flat_map(|s| &s.options).any(|option| option.key == *key));
    before.form.retain(|key, _| offer.fields.iter().any(|field| field.key == *key));
    Ok(Prepared { earlier, following, offer, before })
}

/// 起一份后续申请的草稿：申请人、情况、表单照原办件填好，材料可以用以前交过的。回草稿与情况题是不是都答过。
///
/// # Errors
/// 同 [`following`]、起草；事项现在不能办。
pub fn start_follow(tx: &mut Tx<'_>, actor: &Actor, wanted: &Follow, token: &str, at: Timestamp) -> Result<(Draft, bool)> {
    let Prepared { earlier, offer, before, .. } = prepare(tx, actor, wanted, at)?;
    let mut draft = if owns(actor, &earlier) {
        let who = applicant::of(tx, actor)?;
        draft::start(tx, actor, &offer, token, &who, at)?
    } else {
        let grant = grants::proxy(tx, actor.person, earlier.person, &offer.code, GrantScope::Apply, at)?.ok_or_else(Problem::not_found)?;
        proxy::start_for(tx, actor, &offer, token, grant.id, at)?
    };
    draft.body.follow = Some(wanted.clone());
    store::set_draft_person(tx, &draft)?;
    let mut who = draft.body.applicant.clone();
    who.address.clone_from(&before.applicant.address);
    let edit = DraftEdit {
        situations: Some(before.situations),
        applicant: Some(who),
        form: Some(before.form),
        delivery: Some(earlier.delivery),
        ..DraftEdit::default()
    };
    let draft = draft::edit(tx, actor, &offer, token, &edit, at)?;
    let chosen = &draft.body.situations;
    let asked = offer.situations.iter().filter(|s| holds(&s.when, chosen));
    let answered = asked.into_iter().all(|s| s.options.iter().any(|option| chosen.contains(&option.key)));
    Ok((draft, answered))
}

/// 33 位办理项编码去掉末两位是实施编码。
fn family(item_code: &str) -> &str {
    item_code.get(..31).unwrap_or(item_code)
}

/// 办哪一项：同一实施事项下有单独的“延续”“变更”办理项就办它，没有就办原来那一项。
fn offer_for(tx: &mut Tx<'_>, earlier: &Case, kind: FollowKind) -> Result<Offer> {
    let gone = || Problem::conflict("这个事项已经不办了，请到“办事”里找新的事项");
    for word in kind.words() {
        let found = offer::find(tx, earlier.place.tenant, word, 200)?.into_iter().find(|(code, ..)| code.starts_with(family(&earlier.item_code)));
        if let Some((code, ..)) = found
            && let Some(offer) = offer::current(tx, &code)?
        {
            return Ok(offer);
        }
    }
    Ok(offer::current(tx, &earlier.item_code)?.ok_or_else(gone)?)
}

/// 收的这一项与原办件是同一个实施事项。
fn same_item(earlier: &Case, offer: &Offer) -> Result<(), Problem> {
    if family(&offer.code) == family(&earlier.item_code) {
        return Ok(());
    }
    Err(Problem::field("item_code", "earlier", format!("原办件办的是“{}”，变更、延续、补证要办同一个事项", earlier.item_name)))
}

/// 网上交的时候再核一遍：原办件还有效、同一事项、还是同一个申请人的。
pub(super) fn checked(tx: &mut Tx<'_>, actor: &Actor, offer: &Offer, draft: &Draft, at: Timestamp) -> Result<Option<Following>> {
    let Some(wanted) = &draft.body.follow else { return Ok(None) };
    let (earlier, following) = following(tx, actor, wanted, at)?;
    same_item(&earlier, offer)?;
    if following.holder != (draft.person, draft.legal_entity) {
        return Err(Problem::not_found().into());
    }
    Ok(Some(following))
}

/// 窗口、接口登记的：原办件还有效、同一事项，证件号与原办件的申请人一致。
pub(super) fn registered(tx: &mut Tx<'_>, actor: &Actor, offer: &Offer, input: &Registration, at: Timestamp) -> Result<Option<Following>> {
    let Some(wanted) = &input.follow else { return Ok(None) };
    let (earlier, following) = following(tx, actor, wanted, at)?;
    same_item(&earlier, offer)?;
    let known = store::details(tx, earlier.id)?.ok_or_else(Problem::not_found)?.applicant;
    if known.id_number.eq_ignore_ascii_case(input.applicant.id_number.trim()) {
        return Ok(Some(following));
    }
    let detail = "证件号与原办件的申请人不一致；变更、延续、补证只能由原来的申请人申请，请核对证件，或按新办的收件";
    Err(Problem::field("id_number", "holder", detail).into())
}

/// 原证届满，延续还没有决定：视为准予。没受理的一并视为受理，停着的表到此为止。
pub(super) fn deem_granted(tx: &mut Tx<'_>, case: &mut Case, at: Timestamp) -> Result<()> {
    let before = Before::of(case);
    let until = case.renews_until.map(renewals::show).unwrap_or_default();
    if case.accepted_on.is_none() {
        (case.accepted_on, case.auto_accepted) = (Some(case.counted_on), true);
        case.accepted_at = Some(time::instant(case.counted_on, 9, 0).max(case.submitted_at));
    }
    let today = time::date_of(at);
    if let Some(running) = case.procedures.iter_mut().rfind(|p| p.ended_on.is_none()) {
        running.ended_on = Some(today);
        store::end_procedure(tx, running.id, today, "原证届满，延续视为准予")?;
    }
    case.state = next(case.state, Action::DeemGranted)?;
    let told = format!("原证 {until} 届满，届满前没有作出决定，依照《行政许可法》第五十条视为准予延续");
    review::conclude(tx, &Actor::clock(), case, &before, (Action::DeemGranted, Outcome::Granted, &told), at)?;
    let (title, href) = ("延续届满未决定，已视为准予", format!("/desk/cases/{}", case.no));
    let body = format!("{} {}", case.no, case.item_name);
    notify(tx, case.place.unit, can::EXTEND, title, &body, &href, at)?;
    notify_tenant(tx, case.place.tenant, can::MONITOR, title, &body, &href, at)?;
    store::add_anomaly(tx, (case.id, case.no.as_str(), case.place), Anomaly::PromiseOverdue, &told, at)?;
    Ok(())
}
