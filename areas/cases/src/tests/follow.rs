//! 变更、延续、补证：照原件起草、挂着原办件；延续提得够早，届满未决定的视为准予（许可法第50条）。

use jiff::civil::date;
use tongban_credentials::store::licences;

use super::licences::{KIND, Home, home, offer_at, officer, put};
use super::*;
use crate::commands::{Decide, Deliver, StartProcedure};
use crate::model::{Follow, FollowKind, Outcome, State};
use crate::rules::anomalies::Anomaly;
use crate::rules::documents::DocumentKind;
use crate::store::follow_ups;
use tongban_credentials::model::LicenceState;
use tongban_kernel::lights::Light;

const NOW: &str = "2021-05-31T10:00";

/// 办成一件、证照签好，有效到 `until`；给出原办件编号与证照行键。
pub fn granted(tx: &mut Tx<'_>, home: &Home, until: i64) -> Result<(String, i64)> {
    let (now, place) = (at("2021-03-01T10:00"), home.place);
    let (clerk, approver) = staff_of(home);
    filled_draft(tx, &citizen(), &offer_at(place), "first", now)?;
    commands::attach(tx, &citizen(), &offer_at(place), "first", "lease", &file("bb"), now)?;
    let new = commands::submit(tx, &citizen(), &offer_at(place), "first", Channel::Computer, RANDOM, now)?;
    let case = commands::receive(tx, &clerk, &new.no, new.version, now)?;
    let case = commands::accept(tx, &clerk, &new.no, case.version, "", now)?;
    let case = commands::decide(tx, &approver, &new.no, &Decide { version: case.version, outcome: Outcome::Granted, reason: String::new() }, now)?;
    let issued = tongban_credentials::queries::issued_for_case(tx, &new.no)?.unwrap();
    let id = licences::by_identifier(tx, &issued.identifier)?.unwrap().id;
    put(tx, id, LicenceState::Valid)?;
    let mut row = licences::lock(tx, id)?.unwrap();
    row.valid_to = until;
    assert!(licences::save(tx, &row)?);
    commands::deliver(tx, &approver, &new.no, &Deliver { version: case.version, way: Delivery::Electronic, receiver: String::new(), note: String::new() }, now)?;
    Ok((new.no, id))
}

pub fn staff_of(home: &Home) -> (Actor, Actor) {
    let clerk = officer(home.place, 11, &["cases.read", "cases.receive", "cases.accept", "cases.suspend"]);
    (clerk, officer(home.place, 31, &["cases.read", "cases.approve", "cases.deliver"]))
}

pub fn renewing(no: &str, kind: FollowKind) -> Follow {
    Follow { kind, earlier_no: no.to_owned() }
}

/// 照原件填好、补上平面图与场所证明，交上。
fn apply(tx: &mut Tx<'_>, home: &Home, follow: &Follow, token: &str, now: Timestamp) -> Result<Case> {
    let (draft, answered) = commands::start_follow(tx, &citizen(), follow, token, now)?;
    assert!(answered, "情况照原件选好");
    assert_eq!((draft.body.form["area"].as_str(), draft.body.situations.as_slice()), ("46", ["small".to_owned()].as_slice()));
    let offer = offer_at(home.place);
    for key in ["plan", "lease"] {
        commands::attach(tx, &citizen(), &offer, token, key, &file("dd"), now)?;
    }
    let new = commands::submit(tx, &citizen(), &offer, token, Channel::Computer, RANDOM, now)?;
    Ok(store::find_by_no(tx, &new.no)?.unwrap())
}

fn ring_until(tx: &mut Tx<'_>, id: i64, until: Timestamp) -> Result<()> {
    while let Some(next) = store::find(tx, id)?.unwrap().next_clock_at.filter(|next| *next <= until) {
        commands::ring(tx, id, next)?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undecided_renewal_counts_as_granted_at_the_end_of_the_last_valid_day() {
    on_each_engine(async |test| {
        let home = home(&test.db).await;
        run(&test, move |tx| {
            let (no, licence) = granted(tx, &home, 20_210_705)?;
            let now = at(NOW);
            let case = apply(tx, &home, &renewing(&no, FollowKind::Renew), "again", now)?;
            assert_eq!(case.renews_until, Some(date(2021, 7, 5)));
            let link = follow_ups::of_case(tx, case.id)?.unwrap();
            assert_eq!((link.kind, link.earlier_no.as_str(), link.licence_name.as_str()), (FollowKind::Renew, no.as_str(), KIND));
            let twice = refusal(commands::start_follow(tx, &citizen(), &renewing(&no, FollowKind::Renew), "twice", now));
            assert!(twice.detail.contains("已经在办") && twice.detail.contains(case.no.as_str()), "{twice:?}");
            // 受理、挂起等专家：停着表，届满照样到
            let (clerk, _) = staff_of(&home);
            let moved = commands::receive(tx, &clerk, case.no.as_str(), case.version, now)?;
            let moved = commands::accept(tx, &clerk, case.no.as_str(), moved.version, "", now)?;
            let start = StartProcedure { version: moved.version, kind: 28, days: 60, reason: "专家评审".into(), notice: true };
            commands::start_procedure(tx, &clerk, case.no.as_str(), &start, now)?;
            ring_until(tx, case.id, at("2021-07-05T12:00"))?;
            assert_eq!(store::find(tx, case.id)?.unwrap().light, Light::Yellow);
            ring_until(tx, case.id, at("2021-07-05T23:59"))?;
            let waiting = store::find(tx, case.id)?.unwrap();
            assert_eq!((waiting.state, waiting.light), (State::Suspended, Light::Red));
            let before = tx.timeline(case.id)?.len();
            ring_until(tx, case.id, at("2021-07-06T00:00"))?;
            assert_eq!(tx.timeline(case.id)?.len(), before + 1, "一条日志");
            let done = store::find(tx, case.id)?.unwrap();
            assert_eq!((done.state, done.outcome, done.on_time), (State::Decided, Some(Outcome::Granted), Some(false)));
            assert!(done.result_note.contains("第五十条") && done.running_procedure().is_none());
            assert_eq!(done.decided_at, Some(at("2021-07-06T00:00")));
            let grant = store::documents(tx, case.id)?.into_iter().find(|d| d.kind == DocumentKind::Grant).unwrap();
            assert!(grant.content.iter().all(|line| !line.contains("经审查")), "没审过的不说审过：{:?}", grant.content);
            assert!(store::anomalies_of(tx, case.id)?.iter().any(|a| a.anomaly == Anomaly::PromiseOverdue));
            // 新证沿用原流水，版本加一
            let renewed = tongban_credentials::queries::issued_for_case(tx, case.no.as_str())?.unwrap();
            let (old, new) = (licences::find(tx, licence)?.unwrap(), licences::by_identifier(tx, &renewed.identifier)?.unwrap());
            assert_eq!((new.stem, new.edition), (old.stem, old.edition + 1));
            Ok(())
        })
        .await
        .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_renewal_is_watched_but_never_counts_as_granted() {
    on_each_engine(async |test| {
        let home = home(&test.db).await;
        run(&test, move |tx| {
            let (no, _) = granted(tx, &home, 20_210_629)?;
            // 五月三十一日离六月二十九日不足三十日
            let case = apply(tx, &home, &renewing(&no, FollowKind::Renew), "late", at(NOW))?;
            let (clerk, _) = staff_of(&home);
            let moved = commands::receive(tx, &clerk, case.no.as_str(), case.version, at(NOW))?;
            commands::accept(tx, &clerk, case.no.as_str(), moved.version, "", at(NOW))?;
            ring_until(tx, case.id, at("2021-08-01T00:00"))?;
            let case = store::find(tx, case.id)?.unwrap();
            assert_eq!((case.state, case.light, case.outcome), (State::Accepted, Light::Red, None));
            // 届满之后不能再提
            commands::withdraw(tx, &citizen(), case.no.as_str(), &commands::Ending { version: case.version, reason: String::new() }, at("2021-08-01T01:00"))?;
            let gone = refusal(commands::start_follow(tx, &citizen(), &renewing(&no, FollowKind::Renew), "gone", at("2021-08-01T09:00")));
            assert!(gone.detail.contains("届满"), "{gone:?}");
            Ok(())
        })
        .await
        .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_owner_of_a_standing_grant_may_follow_it_up() {
    on_each_engine(async |test| {
        let home = home(&test.db).await;
        run(&test, move |tx| {
            let (no, licence) = granted(tx, &home, 99_991_231)?;
            let now = at(NOW);
            let other = Actor::citizen(777, 888, 2, "别人");
            assert_eq!(refusal(commands::start_follow(tx, &other, &renewing(&no, FollowKind::Change), "x", now)).code.status(), 404);
            let forever = refusal(commands::start_follow(tx, &citizen(), &renewing(&no, FollowKind::Renew), "x", now));
            assert!(forever.detail.contains("有效期"), "长期的没什么可延续：{forever:?}");
            let case = apply(tx, &home, &renewing(&no, FollowKind::Reissue), "lost", now)?;
            assert_eq!((case.renews_until, follow_ups::of_case(tx, case.id)?.unwrap().kind), (None, FollowKind::Reissue));
            let old = store::find_by_no(tx, &no)?.unwrap();
            assert_eq!(follow_ups::later(tx, old.id)?, [(FollowKind::Reissue, case.no.to_string())]);
            put(tx, licence, LicenceState::Cancelled)?;
            let approver = staff_of(&home).1;
            commands::revoke(tx, &approver, &no, &commands::Ending { version: old.version, reason: "材料不实".into() }, now)?;
            let revoked = refusal(commands::start_follow(tx, &citizen(), &renewing(&no, FollowKind::Change), "y", now));
            assert!(revoked.detail.contains("没有有效的准予决定"), "{revoked:?}");
            Ok(())
        })
        .await
        .unwrap();
    })
    .await;
}

/// 走真的路由：办成的件上有入口，说清何时届满，草稿照原件填好。
#[tokio::test(flavor = "multi_thread")]
async fn the_entry_on_my_case_leads_to_a_filled_draft() {
    for engine in engines() {
        let app = tongban_web::testing::TestApp::open(engine, areas()).await.unwrap();
        let home = home(app.app.db()).await;
        let no = app.app.db().write("t", move |tx| Ok(granted(tx, &home, 20_991_231)?.0)).await.unwrap();
        let me = app.sign_in(citizen());
        let case = app.get(&format!("/me/cases/{no}"), &me).await.unwrap();
        assert!(case.body.contains(&format!("/me/cases/{no}/follow")), "{}", case.body);
        let page = app.get(&format!("/me/cases/{no}/follow"), &me).await.unwrap();
        assert!(page.body.contains("视为准予延续"), "{}", page.body);
        let none = app.post_form(&format!("/me/cases/{no}/follow"), &me, &[]).await.unwrap();
        assert!(none.status.as_u16() == 422 && none.body.contains("请选择申请什么"), "{}", none.body);
        let begun = app.post_form(&format!("/me/cases/{no}/follow"), &me, &[("kind", "renew")]).await.unwrap();
        assert!(begun.location().ends_with("/form/1"), "{} {}", begun.status, begun.body);
        let check = app.get(&begun.location().replace("/form/1", "/check"), &me).await.unwrap();
        assert!(check.body.contains(&format!("延续，原办件 {no}")) && check.body.contains("46"), "{}", check.body);
        let stranger = app.sign_in(Actor::citizen(777, 888, 2, "别人"));
        assert_eq!(app.get(&format!("/me/cases/{no}/follow"), &stranger).await.unwrap().status, 404);
    }
}
