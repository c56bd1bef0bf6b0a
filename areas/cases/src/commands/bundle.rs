//! 一件事：一次提交、几个子件并行；前置办成，后面的自动提交；没办成的不拖累别的（cases §6.1）。

use jiff::Timestamp;
use tongban_kernel::problem::Checks;
use tongban_kernel::{Actor, Problem, time};
use tongban_store::{Entry, Logged, Result, Tx};

use super::submit::{Application, open_case};
use super::{Submitted, draft, proxy};
use crate::model::{
    Applicant, BundleBody, BundleState, Case, Channel, Delivery, Member, MemberState, Outcome, State, overall, ready, stranded,
};
use crate::offer::{self, bundle as source};
use crate::rules::forms;
use crate::store;
use crate::store::bundles::{self, Bundle};

/// 每个子件的查询码要多少随机字节。
const EACH: usize = 32;
/// 一件事至多几个成员。
pub const MOST_MEMBERS: usize = 16;
/// 提交要备多少随机字节。
pub const RANDOM: usize = EACH * MOST_MEMBERS;

/// 交上一件事。再交一次给出同一件。
///
/// # Errors
/// 内容有误（一次给全）；没有要办的成员；不是自己的草稿。
pub fn submit_bundle(tx: &mut Tx<'_>, actor: &Actor, token: &str, channel: Channel, random: &[u8], at: Timestamp) -> Result<Bundle> {
    let locked = store::lock_draft(tx, token)?.filter(|draft| actor.account != 0 && draft.account == actor.account);
    let found = locked.ok_or_else(Problem::not_found)?;
    if let Some(no) = &found.case_no {
        return Ok(bundles::find_by_no(tx, no)?.ok_or_else(Problem::not_found)?);
    }
    let number = source::number_of(&found.item_code).ok_or_else(Problem::not_found)?;
    let definition = source::definition(tx, number)?.ok_or_else(Problem::not_found)?;
    let offer = source::merged(&definition, &found.body.situations);
    draft::may_apply(actor, &offer)?;
    draft::within_grant(tx, actor, &offer, at)?;
    let principal = if found.body.grant == 0 { None } else { Some(proxy::principal(tx, actor, found.body.grant, &offer, at)?) };
    let person = principal.as_ref().map_or(actor.person, |principal| principal.person);
    if found.person != person || found.legal_entity != actor.legal_entity {
        return Err(Problem::conflict("这份草稿是用另一个身份起的，请先切换回那个身份再提交").into());
    }
    let applicant = Applicant { is_legal: actor.legal_entity != 0, ..found.body.applicant.clone() };
    let settled = definition.settle(&source::answers(&found.body.situations));
    let plan = definition.plan(&settled);
    let mut body = found.body.clone();
    body.form = check(&offer, &found, &applicant, at)?;
    let mut parts = source::parts(&plan, &body);
    for (part, bytes) in parts.values_mut().zip(random.chunks(EACH)) {
        part.random = hex(bytes);
    }
    let members: Vec<Member> = plan.members.iter().map(member).collect();
    if members.is_empty() || members.len() > MOST_MEMBERS {
        return Err(Problem::conflict("按您的情况，这里没有要办的；请拨 12345 问清去处").into());
    }
    let serial = tx.number("bundle", time::day_number(time::date_of(at)))?;
    let bundle = Bundle {
        id: tx.new_id(),
        no: format!("YJS-{}-{serial:05}", time::day_number(time::date_of(at))),
        number,
        name: definition.name.clone(),
        tenant: 0,
        account: actor.account,
        person,
        legal_entity: actor.legal_entity,
        state: BundleState::Submitted,
        total_days: plan.total_days,
        submitted_at: at,
        ended_at: None,
        version: 1,
    };
    let content = BundleBody {
        applicant,
        delivery: body.delivery.unwrap_or(Delivery::Electronic),
        summary: body.summary.clone(),
        channel: channel.code(),
        agency: principal.map(|principal| principal.agency),
        parts,
    };
    bundles::add(tx, &bundle, &content, &members)?;
    told(tx, actor, &bundle, "cases.bundle_submitted", at)?;
    store::mark_submitted(tx, &found, &bundle.no, at)?;
    advance(tx, bundle, at)
}

fn member(planned: &tongban_items::model::bundle::PlannedMember) -> Member {
    Member {
        key: planned.key.clone(),
        name: planned.name.clone(),
        dept: planned.dept_name.clone(),
        code: planned.code.clone(),
        after: planned.after.clone(),
        state: MemberState::Waiting,
        case_id: 0,
        case_no: String::new(),
        reason: String::new(),
    }
}

fn check(offer: &crate::model::Offer, found: &store::Draft, applicant: &Applicant, at: Timestamp) -> Result<forms::Form, Problem> {
    let (body, today) = (&found.body, time::date_of(at));
    let mut checks = Checks::new();
    let clean = forms::applicant(&mut checks, applicant, today);
    let form = forms::form(&mut checks, offer, &body.situations, &clean, &body.form, today);
    forms::materials(&mut checks, offer, &body.situations, &body.statuses());
    checks.finish()?;
    Ok(form)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    let pair = |n: usize| text.get(n..n + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    (0..text.len()).step_by(2).filter_map(pair).collect()
}

fn told(tx: &mut Tx<'_>, actor: &Actor, bundle: &Bundle, kind: &'static str, at: Timestamp) -> Result<()> {
    let body = serde_json::json!({ "bundle_no": bundle.no, "name": bundle.name, "state": bundle.state.as_str() }).to_string();
    tx.journal(Entry { kind, subject: bundle.id, rev: bundle.version, at, actor, tenant: bundle.tenant, body: &body })
}

/// 提交轮到的子件，放下等不到的，定整件事到哪一步。
fn advance(tx: &mut Tx<'_>, mut bundle: Bundle, at: Timestamp) -> Result<Bundle> {
    let mut members = bundles::members(tx, bundle.id)?;
    let body = bundles::body(tx, bundle.id)?.ok_or_else(Problem::not_found)?;
    loop {
        let (go, lost) = (ready(&members), stranded(&members));
        if go.is_empty() && lost.is_empty() {
            break;
        }
        for m in members.iter_mut().filter(|m| lost.contains(&m.key)) {
            (m.state, m.reason) = (MemberState::Skipped, "前面要先办的没有办成".to_owned());
            bundles::save_member(tx, bundle.id, m)?;
        }
        for m in members.iter_mut().filter(|m| go.contains(&m.key)) {
            match submit_member(tx, &bundle, &body, m, at)? {
                Ok(new) => (m.state, m.case_id, m.case_no) = (MemberState::Running, new.id, new.no),
                Err(reason) => (m.state, m.reason) = (MemberState::Failed, reason),
            }
            bundles::save_member(tx, bundle.id, m)?;
        }
    }
    let state = overall(&members);
    if state != bundle.state {
        (bundle.state, bundle.version) = (state, bundle.version + 1);
        bundle.ended_at = (state != BundleState::Processing).then_some(at);
        bundles::save(tx, &bundle)?;
        told(tx, &Actor::system(), &bundle, "cases.bundle_moved", at)?;
    }
    Ok(bundle)
}

/// 交一个子件；这一项此刻办不了的说清为什么，不拖累别的。
fn submit_member(tx: &mut Tx<'_>, bundle: &Bundle, body: &BundleBody, m: &Member, at: Timestamp) -> Result<Result<Submitted, String>> {
    let Some(offer) = offer::current(tx, &m.code)?.filter(|offer| offer.open) else {
        return Ok(Err("这一项现在不收件，请打 12345 问清".to_owned()));
    };
    let part = body.parts.get(&m.key).cloned().unwrap_or_default();
    let actor = Actor { account: bundle.account, person: bundle.person, legal_entity: bundle.legal_entity, ..Actor::system() };
    let actor = Actor { name: body.applicant.shown().as_str().into(), ..actor };
    let application = Application {
        applicant: &body.applicant,
        situations: &part.situations,
        form: &part.form,
        statuses: part.statuses.clone(),
        files: part.files.clone(),
        licences: part.licences.clone(),
        delivery: body.delivery,
        summary: &body.summary,
        channel: Channel::from_code(body.channel.into()).unwrap_or(Channel::Computer),
        at_window: false,
        bundle: bundle.id,
        person: bundle.person,
        follow: None,
    };
    match open_case(tx, &actor, &offer, &application, &unhex(&part.random), at).map(Submitted::from) {
        Ok(new) => {
            if let Some(agency) = &body.agency {
                store::agencies::add(tx, new.id, agency, at)?;
            }
            Ok(Ok(new))
        }
        // 合并的表已经查过；事项刚改了版、又多要了东西的，这一件单独去办
        Err(tongban_store::Error::Refused(problem)) => Ok(Err(problem.detail.clone())),
        Err(error) => Err(error),
    }
}

/// 子件办成或到头了，轮到下一个。
///
/// # Errors
/// 引擎拒绝。
pub fn on_child(tx: &mut Tx<'_>, entry: &Logged) -> Result<()> {
    let Some(case) = store::find(tx, entry.subject)?.filter(|case| case.bundle != 0) else { return Ok(()) };
    let Some(bundle) = bundles::lock(tx, case.bundle)? else { return Ok(()) };
    let Some(mut m) = bundles::members(tx, bundle.id)?.into_iter().find(|m| m.case_id == case.id) else { return Ok(()) };
    let Some(state) = member_state(&case).filter(|state| *state != m.state) else { return Ok(()) };
    m.state = state;
    bundles::save_member(tx, bundle.id, &m)?;
    advance(tx, bundle, entry.at)?;
    Ok(())
}

fn member_state(case: &Case) -> Option<MemberState> {
    match (case.outcome, case.state) {
        (Some(Outcome::Granted), State::Decided | State::Closed) => Some(MemberState::Granted),
        (_, state) if !state.is_undecided() => Some(MemberState::Failed),
        _ => None,
    }
}
