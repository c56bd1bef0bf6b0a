//! 办结之后再申请：变更、延续、补证；延续到原证届满还没有决定的视为准予（许可法第50条）。

use jiff::Timestamp;
use jiff::civil::Date;
use tongban_credentials::queries as credentials;
use tongban_kernel::{Actor, Problem, time};
use tongban_parties::queries::grants::{self, GrantScope};
use tongban_store::{Result, Tx};

use super::anomaly::{notify, notify_tenant};
use super::draft::{self, DraftEdit};
use super::{Before, owns, proxy, review};
use crate::model::{Action, Case, Follow, FollowKind, FollowUp, Offer, Outcome, State, holds, next};
use crate::permissions as can;
use crate::rules::anomalies::Anomaly;
use crate::rules::renewals;
use crate::store::{self, Draft, follow_ups};
use crate::{applicant, offer};

/// 一件后续申请要记的：原办件，延续的还有原证届满之日。
pub type Following = (FollowUp, Option<Date>);

/// 这一件办成了、还有效，可以再申请变更、延续、补证。
#[must_use]
pub fn may_follow(case: &Case) -> bool {
    matches!(case.state, State::Decided | State::Closed) && case.outcome == Some(Outcome::Granted) && case.revoked_on.is_none()
}

/// 为这一件能不能申请这一种。
///
/// # Errors
/// 看不到 404；没有准予或已撤销；不出证照；同一种申请还在办；延续的没有有期限的证照、已经届满。
pub fn following(tx: &mut Tx<'_>, actor: &Actor, wanted: &Follow, at: Timestamp) -> Result<(Case, Following)> {
    let earlier = store::find_by_no(tx, &wanted.earlier_no)?.ok_or_else(Problem::not_found)?;
    if !owns(actor, &earlier) && !proxy::represents(tx, actor, &earlier, GrantScope::Apply, at)? {
        return Err(Problem::not_found().into());
    }
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
            let missing = "这一件没有写着有效期的电子证照，系统不知道何时届满，请带原证到窗口申请延续";
            let until = until.ok_or_else(|| Problem::conflict(missing))?;
            renewals::check(time::date_of(at), until)?;
            Some(until)
        }
        FollowKind::Change | FollowKind::Reissue => None,
    };
    let (licence, licence_name) = issued.map(|issued| (issued.identifier, issued.name)).unwrap_or_default();
    let follow = FollowUp { kind: wanted.kind, earlier: earlier.id, earlier_no: earlier.no.to_string(), licence, licence_name };
    Ok((earlier, (follow, until)))
}

/// 起一份后续申请的草稿：申请人、情况、表单照原办件填好，材料可以用以前交过的。回草稿与情况题是不是都答过。
///
/// # Errors
/// 同 [`following`]、起草；事项现在不能办。
pub fn start_follow(tx: &mut Tx<'_>, actor: &Actor, wanted: &Follow, token: &str, at: Timestamp) -> Result<(Draft, bool)> {
    let (earlier, _) = following(tx, actor, wanted, at)?;
    let offer = offer_for(tx, &earlier, wanted.kind)?;
    let mut draft = if owns(actor, &earlier) {
        let who = applicant::of(tx, actor)?;
        draft::start(tx, actor, &offer, token, &who, at)?
    } else {
        let grant = grants::proxy(tx, actor.person, earlier.person, &offer.code, GrantScope::Apply, at)?.ok_or_else(Problem::not_found)?;
        proxy::start_for(tx, actor, &offer, token, grant.id, at)?
    };
    draft.body.follow = Some(wanted.clone());
    store::set_draft_person(tx, &draft)?;
    let before = store::details(tx, earlier.id)?.ok_or_else(Problem::not_found)?;
    let options = |key: &String| offer.situations.iter().flat_map(|s| &s.options).any(|option| option.key == *key);
    let mut who = draft.body.applicant.clone();
    who.address.clone_from(&before.applicant.address);
    let edit = DraftEdit {
        situations: Some(before.situations.into_iter().filter(options).collect()),
        applicant: Some(who),
        form: Some(before.form.into_iter().filter(|(key, _)| offer.fields.iter().any(|field| field.key == *key)).collect()),
        delivery: Some(earlier.delivery),
        ..DraftEdit::default()
    };
    let draft = draft::edit(tx, actor, &offer, token, &edit, at)?;
    let chosen = &draft.body.situations;
    let asked = offer.situations.iter().filter(|s| holds(&s.when, chosen));
    let answered = asked.into_iter().all(|s| s.options.iter().any(|option| chosen.contains(&option.key)));
    Ok((draft, answered))
}

/// 办哪一项：同一实施事项下有单独的“延续”“变更”办理项就办它，没有就办原来那一项。
fn offer_for(tx: &mut Tx<'_>, earlier: &Case, kind: FollowKind) -> Result<Offer> {
    let gone = || Problem::conflict("这个事项已经不办了，请到“办事”里找新的事项");
    // 33 位办理项编码去掉末两位是实施编码
    let family = earlier.item_code.get(..31).unwrap_or(&earlier.item_code).to_owned();
    for word in kind.words() {
        let found = offer::find(tx, earlier.place.tenant, word, 200)?.into_iter().find(|(code, ..)| code.starts_with(&family));
        if let Some((code, ..)) = found
            && let Some(offer) = offer::current(tx, &code)?
        {
            return Ok(offer);
        }
    }
    Ok(offer::current(tx, &earlier.item_code)?.ok_or_else(gone)?)
}

/// 交的时候再核一遍：原办件还有效、还是同一个申请人的。
pub(super) fn checked(tx: &mut Tx<'_>, actor: &Actor, draft: &Draft, at: Timestamp) -> Result<Option<Following>> {
    let Some(wanted) = &draft.body.follow else { return Ok(None) };
    let (earlier, follow) = following(tx, actor, wanted, at)?;
    if (earlier.person, earlier.legal_entity) != (draft.person, draft.legal_entity) {
        return Err(Problem::not_found().into());
    }
    Ok(Some(follow))
}

/// 原证届满，延续还没有决定：视为准予。没受理的一并视为受理，停着的表到此为止。
pub(super) fn deem_granted(tx: &mut Tx<'_>, case: &mut Case, at: Timestamp) -> Result<()> {
    let before = Before::of(case);
    let until = case.renews_until.map(time::show_day).unwrap_or_default();
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
