//! 演示里的几种办法：家人代办的授权、一件事、并联征求意见、行业系统成批补录、告知承诺。样样经命令造出来。

use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use tongban_credentials::queries as credentials;
use tongban_kernel::{Actor, time};
use tongban_parties::commands::grants::{self, Ask};
use tongban_parties::queries::grants::{GrantAct, GrantKind, GrantScope};
use tongban_parties::rules::grants::Terms;
use tongban_store::{Error, Result, Tx};
use tongban_web::Demo;

use crate::commands::{self, Answer, Consult, Decide, Deliver, DraftEdit, External, Forward};
use crate::demo::{officer, registration};
use crate::demo_dice::Dice;
use crate::import;
use crate::model::{Applicant, Channel, Delivery, MaterialStatus, Offer, Outcome, StageKind, State, Step};
use crate::offer::{self, bundle};
use crate::rules::forms;
use crate::{sealing, store};

/// 补录多少件。
const ROWS: usize = 24;

/// 最近的多少份文书补盖电子印章：演示的章今天才启用，以前出的盖不了。
const SEALED: u32 = 60;

/// 一种办法：事项编码、演示里的群众、此刻。
type Way = fn(&mut Tx<'_>, &[String], &[(Actor, Applicant)], Timestamp) -> Result<()>;

/// 造出来；事项不合适的那几样跳过，不拦别的。
pub fn demo(demo: &mut Demo<'_>, codes: &[(String, String, String)], people: &Arc<Vec<(Actor, Applicant)>>) -> Result<()> {
    let now = demo.now - SignedDuration::from_hours(3);
    let codes: Arc<Vec<String>> = Arc::new(codes.iter().map(|(code, ..)| code.clone()).collect());
    let citizens: Arc<Vec<(Actor, Applicant)>> = Arc::new(
        people.iter().map(|(actor, who)| (Actor { real_level: 3, ..Actor::citizen(actor.account, actor.person, 3, &actor.name) }, who.clone())).collect(),
    );
    let ways: [Way; 6] = [entrusted, bundled, consulted, imported, promised, expiring];
    for way in ways {
        let (codes, citizens) = (Arc::clone(&codes), Arc::clone(&citizens));
        match demo.runtime.block_on(demo.db.bulk("cases.demo_ways", move |tx| way(tx, &codes, &citizens, now))) {
            Ok(()) => {}
            Err(Error::Refused(problem)) => tracing::warn!(%problem, "演示跳过一种办法"),
            Err(error) => return Err(error),
        }
    }
    let at = demo.now;
    demo.runtime.block_on(demo.db.bulk("cases.demo_seals", move |tx| {
        for document in store::seals::latest_documents(tx, SEALED)? {
            sealing::enqueue(tx, document, at)?;
        }
        Ok(())
    }))
}

/// 李大娘授权王小明代办，已经同意。
fn entrusted(tx: &mut Tx<'_>, _: &[String], people: &[(Actor, Applicant)], at: Timestamp) -> Result<()> {
    let [(son, _), (old, _), ..] = people else { return Ok(()) };
    let until: Date = time::date_of(at).checked_add(300.days()).unwrap_or(time::date_of(at));
    let terms = Terms { kind: GrantKind::Proxy, relation: "relative".to_owned(), scope: GrantScope::Apply, items: String::new(), until };
    let offered = grants::offer_proxy(tx, old, son.person, Ask::Give, &terms, at)?;
    grants::settle(tx, son, offered.id, offered.version, GrantAct::Accept, at)?;
    Ok(())
}

/// 王小明交了一件“一件事”。
fn bundled(tx: &mut Tx<'_>, _: &[String], people: &[(Actor, Applicant)], at: Timestamp) -> Result<()> {
    let Some((actor, who)) = people.first() else { return Ok(()) };
    let today = time::date_of(at);
    for number in 1..=40 {
        let Some(definition) = bundle::definition(tx, number)? else { continue };
        let mut dice = Dice(77);
        let chosen = bundle::chosen(&definition.settle(&bundle::answers(&[])));
        let offer = bundle::merged(&definition, &chosen);
        if !definition.check(&bundle::answers(&chosen)).is_empty() || commands::may_apply(actor, &offer).is_err() {
            continue;
        }
        let filled = registration(&mut dice, &offer, Some(who), today);
        let mut checks = tongban_kernel::problem::Checks::new();
        forms::form(&mut checks, &offer, &chosen, who, &filled.form, today);
        if checks.finish().is_err() {
            continue;
        }
        let token = format!("demo-bundle-{number}");
        commands::start(tx, actor, &offer, &token, who, at)?;
        let edit = DraftEdit { situations: Some(chosen), form: Some(filled.form), statuses: paper(&offer), delivery: Some(filled.delivery), ..DraftEdit::default() };
        commands::edit(tx, actor, &offer, &token, &edit, at)?;
        let random: Vec<u8> = (0..commands::BUNDLE_RANDOM).map(|_| u8::try_from(dice.below(232)).unwrap_or(7)).collect();
        commands::submit_bundle(tx, actor, &token, Channel::Computer, &random, at)?;
        return Ok(());
    }
    Ok(())
}

fn paper(offer: &crate::model::Offer) -> Vec<(String, crate::model::MaterialStatus)> {
    use crate::model::MaterialStatus::{Licence, Paper};
    offer.materials.iter().map(|m| (m.key.clone(), if m.by_licence { Licence } else { Paper })).collect()
}

/// 告知承诺待核查的：每单位至多几件、一共几件；头一件早过了核查期限。
const PROMISED_EACH: usize = 2;
const PROMISED: usize = 10;

/// 材料用告知承诺代替、已经准予的，等事后核查。
fn promised(tx: &mut Tx<'_>, codes: &[String], people: &[(Actor, Applicant)], at: Timestamp) -> Result<()> {
    let Some((_, who)) = people.get(1) else { return Ok(()) };
    let mut made: Vec<i64> = Vec::new();
    for code in codes {
        let Some(offer) = offer::current(tx, code)?.filter(|offer| offer.open && offer.for_person) else { continue };
        let few = made.iter().filter(|unit| **unit == offer.place.unit).count() < PROMISED_EACH;
        if !few || !offer.materials.iter().any(|m| m.required() && (m.by_promise || offer.commitment)) {
            continue;
        }
        let days = if made.is_empty() { 60 } else { 3 + 2 * i64::try_from(made.len()).unwrap_or(0) };
        match promise(tx, &offer, who, at - SignedDuration::from_hours(24 * days)) {
            Ok(()) => made.push(offer.place.unit),
            Err(Error::Refused(problem)) => tracing::debug!(%problem, code, "这一项造不成告知承诺的件"),
            Err(error) => return Err(error),
        }
        if made.len() >= PROMISED {
            break;
        }
    }
    Ok(())
}

/// 一件告知承诺的，从收件走到准予。
fn promise(tx: &mut Tx<'_>, offer: &Offer, who: &Applicant, at: Timestamp) -> Result<()> {
    let mut dice = Dice(909);
    let mut input = registration(&mut dice, offer, Some(who), time::date_of(at));
    input.allow_same = true;
    for (key, status) in &mut input.materials {
        if offer.material(key).is_some_and(|m| m.by_promise || offer.commitment) {
            *status = MaterialStatus::Promised;
        }
    }
    let random: Vec<u8> = (0..32).map(|_| u8::try_from(dice.below(232)).unwrap_or(7)).collect();
    let new = commands::register(tx, &officer(offer, 0), offer, &input, &random, at)?;
    let case = commands::receive(tx, &officer(offer, 0), &new.no, new.version, at)?;
    let mut case = commands::accept(tx, &officer(offer, 0), &new.no, case.version, "", at)?;
    while case.step != Some(Step::Approve) {
        let n = i64::from(case.step == Some(Step::Review)) + 1;
        let forward = Forward { version: case.version, opinion: "书面承诺齐全，建议准予。".to_owned(), visitors: String::new(), ..Forward::default() };
        case = commands::forward(tx, &officer(offer, n), &new.no, &forward, at)?;
    }
    let decide = Decide { version: case.version, outcome: Outcome::Granted, reason: String::new() };
    commands::decide(tx, &officer(offer, 3), &new.no, &decide, at)?;
    Ok(())
}

/// 王小明名下一张证照再过多少天届满：离届满三十日还远，能申请延续。
const EXPIRES_IN: i32 = 75;

/// 王小明几年前办成的一件，出过的证照快届满了，可以申请延续、变更、补证。
fn expiring(tx: &mut Tx<'_>, codes: &[String], people: &[(Actor, Applicant)], at: Timestamp) -> Result<()> {
    let Some((actor, who)) = people.first() else { return Ok(()) };
    let until = time::date_of(at).checked_add(EXPIRES_IN.days()).unwrap_or(Date::MAX);
    for code in codes {
        let Some(offer) = offer::current(tx, code)?.filter(|offer| offer.open && offer.online && offer.for_person) else { continue };
        let Some(licence) = offer.licence.clone() else { continue };
        // 授权是刚才造印章时给的，看此刻
        if !credentials::can_issue(tx, offer.place.unit, &licence, Timestamp::now())? {
            continue;
        }
        for years in (1..=20).rev() {
            let decided = until.checked_sub(years.years()).unwrap_or(until);
            let lasts = credentials::lasts_until(tx, offer.place.tenant, &licence, decided)?;
            if lasts.is_none_or(|last| last < until.yesterday().unwrap_or(until) || last > until) {
                continue;
            }
            let person = Actor { account: actor.account, person: actor.person, name: actor.name.clone(), ..Actor::system() };
            return granted(tx, &offer, &person, who, time::instant(decided, 10, 0));
        }
    }
    tracing::warn!("演示里没有出有期限证照、个人能办的事项，造不出快届满的一件");
    Ok(())
}

/// 当天申请、当天准予、当天送达的一件。
fn granted(tx: &mut Tx<'_>, offer: &Offer, person: &Actor, who: &Applicant, at: Timestamp) -> Result<()> {
    let mut dice = Dice(4_141);
    let mut input = registration(&mut dice, offer, Some(who), time::date_of(at));
    (input.channel, input.delivery) = (Channel::Computer, Delivery::Electronic);
    for (_, status) in input.materials.iter_mut().filter(|(_, status)| !status.is_supplied()) {
        *status = MaterialStatus::Paper;
    }
    let random: Vec<u8> = (0..32).map(|_| u8::try_from(dice.below(232)).unwrap_or(7)).collect();
    let new = commands::register(tx, person, offer, &input, &random, at)?;
    let case = commands::receive(tx, &officer(offer, 0), &new.no, new.version, at)?;
    let mut case = commands::accept(tx, &officer(offer, 0), &new.no, case.version, "材料齐全，符合法定形式，予以受理。", at)?;
    while case.step != Some(Step::Approve) {
        let n = i64::from(case.step == Some(Step::Review)) + 1;
        let visit = case.current_stage().is_some_and(|stage| stage.kind == StageKind::Visit);
        let visitors = if visit { "何军、吕霞".to_owned() } else { String::new() };
        let forward = Forward { version: case.version, opinion: "经审查，符合条件，建议准予。".to_owned(), visitors, ..Forward::default() };
        case = commands::forward(tx, &officer(offer, n), &new.no, &forward, at)?;
    }
    let decide = Decide { version: case.version, outcome: Outcome::Granted, reason: String::new() };
    let case = commands::decide(tx, &officer(offer, 3), &new.no, &decide, at)?;
    let way = Deliver { version: case.version, way: Delivery::Electronic, receiver: who.name.clone(), note: String::new() };
    commands::deliver(tx, &officer(offer, 0), &new.no, &way, at)?;
    Ok(())
}

/// 一件在审查的，向两个别的单位征求意见，回了一个。
fn consulted(tx: &mut Tx<'_>, _: &[String], _: &[(Actor, Applicant)], at: Timestamp) -> Result<()> {
    let units: Vec<_> = tongban_directory::queries::all_orgs(tx)?.into_iter().filter(|org| org.is_unit() && org.parent != 0).collect();
    let mut after = 0;
    loop {
        let page = store::from(tx, after, 200)?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.id;
        let Some(case) = page.into_iter().find(|case| case.state == State::Accepted && case.next_clock_at.is_none_or(|next| next > at)) else { continue };
        let Some(offer) = store::offer(tx, case.item_id, case.item_version)? else { continue };
        let asked: Vec<i64> = units.iter().filter(|org| org.id != case.place.unit).take(2).map(|org| org.id).collect();
        let consult = Consult { version: case.version, orgs: asked, question: "请看选址与环保要求，三日内回".to_owned(), days: 3 };
        commands::consult(tx, &officer(&offer, 0), case.no.as_str(), &consult, at)?;
        if let Some(first) = store::opinions::of_case(tx, case.id)?.first() {
            let yes = Answer { version: first.version, agree: true, opinion: "无异议".to_owned() };
            commands::answer_opinion(tx, &officer(&offer, 1), first.id, &yes, at)?;
        }
        return Ok(());
    }
}

/// 行业系统交来一张表：多数补上，有一行没有这个事项，有一件早就补过。
fn imported(tx: &mut Tx<'_>, codes: &[String], people: &[(Actor, Applicant)], at: Timestamp) -> Result<()> {
    let Some((_, who)) = people.first() else { return Ok(()) };
    let mut found = None;
    for code in codes {
        found = offer::current(tx, code)?.filter(|offer| offer.open && offer.for_person);
        if found.is_some() {
            break;
        }
    }
    let Some(offer) = found else { return Ok(()) };
    let actor = officer(&offer, 0);
    let opened = import::register(tx, &actor, "省食品许可系统", "", "上周办结.csv", ROWS + 2, at)?;
    let mapping = crate::rules::sheets::TARGETS.iter().map(|target| (target.code.to_owned(), target.title.to_owned())).collect();
    import::start(tx, &actor, opened.id, &mapping, at)?;
    let offer = Arc::new(offer);
    let external = |n: usize| {
        let days = i64::try_from(n % 6).unwrap_or(0);
        let decided = at - SignedDuration::from_hours(24 * days + 1);
        External {
            system: opened.system.clone(),
            number: format!("SP{n:05}"),
            applicant: who.clone(),
            accepted_at: decided - SignedDuration::from_hours(24),
            decided_at: decided,
            outcome: Outcome::Granted,
            reason: String::new(),
            historic: false,
        }
    };
    let mut lines: Vec<import::Line> = (0..ROWS).map(|n| (i64::try_from(n + 2).unwrap_or(0), Ok((Arc::clone(&offer), external(n))))).collect();
    lines.push((i64::try_from(ROWS + 2).unwrap_or(0), Ok((Arc::clone(&offer), external(0)))));
    lines.push((i64::try_from(ROWS + 3).unwrap_or(0), Err(("SP90000".to_owned(), "没有这个事项：11510811000000000000000000000000X".to_owned()))));
    let mut dice = Dice(4_242);
    let random: Vec<u8> = (0..lines.len() * 32).map(|_| u8::try_from(dice.below(232)).unwrap_or(7)).collect();
    import::take(tx, &actor, opened.id, 0, &lines, &random, at)?;
    import::close(tx, opened.id, at)
}
