//! 环节、征求意见、转办、催办、要两个人的事。

use tongban_directory::commands::{add_staff, create_org};

use super::*;
use crate::commands::{Amendable, Amendment, Answer, Consult, Decide, Forward, Propose, Transfer};
use crate::model::{Action, Flow, OpinionState, Outcome, Stage, StageKind, State, Step};
use crate::rules::anomalies::Anomaly;
use crate::store::opinions;

fn handler() -> Actor {
    staff(21, &["cases.read", "cases.handle", "cases.opine"])
}
fn approver() -> Actor {
    staff(23, &["cases.read", "cases.approve"])
}
fn head(id: i64) -> Actor {
    staff(id, &["cases.read", "cases.terminate", "cases.void", "cases.assign"])
}
fn grant(version: i64) -> Decide {
    Decide { version, outcome: Outcome::Granted, reason: String::new() }
}

fn stage(name: &str, post: Step, kind: StageKind, days: u32) -> Stage {
    Stage { name: name.into(), post, kind, days }
}

/// 建一个部门，回答它的行键。
pub(super) async fn department(test: &TestDb, name: &str) -> i64 {
    let name = name.to_owned();
    run(test, move |tx| {
        let system = Actor::system();
        let new = |parent, name: &str, kind| tongban_directory::model::NewOrg { parent, name: name.into(), kind, division: "510811000000".into(), ..Default::default() };
        let root = match tongban_directory::queries::tenants(tx)?.first() {
            Some(root) => root.id,
            None => create_org(tx, &system, &new(0, "昭化区", 0), at("2021-01-01T09:00"))?,
        };
        create_org(tx, &system, &new(root, &name, 2), at("2021-01-01T09:00"))
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_flow_visits_and_keeps_its_own_clock() {
    on_each_engine(async |test| {
        let flow = Flow {
            stages: vec![
                stage("书面审查", Step::Handle, StageKind::Ordinary, 2),
                stage("现场核查", Step::Handle, StageKind::Visit, 2),
                stage("决定", Step::Approve, StageKind::Ordinary, 1),
            ],
            ..Flow::default()
        };
        let case = accepted(&test, Offer { flow, ..offer_of(10) }, at("2021-10-08T10:00")).await;
        assert_eq!(case.current_stage().map(|s| s.name), Some("书面审查".to_owned()));
        let (no, version) = (case.no.to_string(), case.version);
        let decided = run(&test, move |tx| {
            let forward = |version, visitors: &str, opinion: &str| Forward { version, opinion: opinion.into(), visitors: visitors.into(), ..Forward::default() };
            // 时限 2 天：10-12 下班还没走完，记 M03
            // 命令自己先补响到点的钟，版本号随之加一
            let case = commands::forward(tx, &handler(), &no, &forward(version + 1, "", "齐全"), at("2021-10-13T10:00"))?;
            let one = refusal(commands::forward(tx, &handler(), &no, &forward(case.version, "何军", "场地相符"), at("2021-10-13T11:00")));
            assert_eq!(one.errors[0].field(), "visitors");
            let case = commands::forward(tx, &handler(), &no, &forward(case.version, "何军、吕霞", "场地相符"), at("2021-10-13T11:00"))?;
            assert_eq!((case.step, case.tab()), (Some(Step::Approve), "decision"));
            commands::decide(tx, &approver(), &no, &grant(case.version), at("2021-10-13T12:00"))
        })
        .await
        .unwrap();
        assert_eq!(decided.state, State::Decided);
        let codes: Vec<_> = run(&test, move |tx| store::anomalies_of(tx, decided.id)).await.unwrap().into_iter().map(|a| a.anomaly).collect();
        assert_eq!(codes, [Anomaly::StepOverdue]);
        let steps = run(&test, move |tx| store::steps(tx, decided.id)).await.unwrap();
        assert!(steps.iter().any(|s| s.opinion == "核查人：何军、吕霞。场地相符"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn joint_opinions_gate_only_the_decision_and_reopen_only_objections() {
    on_each_engine(async |test| {
        let (fire, eco) = (department(&test, "区消防大队").await, department(&test, "区生态环境局").await);
        let now = at("2021-10-08T10:00");
        let case = accepted(&test, Offer { single_post: true, ..offer_of(20) }, now).await;
        let of = |unit: i64| Actor { scope: Scope::unit(unit), ..staff(90 + unit % 10, &["cases.read", "cases.opine"]) };
        let all = || staff(23, &["cases.read", "cases.approve", "cases.handle"]);
        let (id, no, version) = (case.id, case.no.to_string(), case.version);
        run(&test, move |tx| {
            // 没被征求之前看不到
            assert_eq!(refusal(crate::queries::seen(tx, &of(fire), &no, now)).code.status(), 404);
            let consult = Consult { version, orgs: vec![fire, eco], question: "请看选址".into(), days: 3 };
            let case = commands::consult(tx, &all(), &no, &consult, now)?;
            assert!(crate::queries::seen(tx, &of(fire), &no, now).is_ok());
            assert!(refusal(commands::decide(tx, &all(), &no, &grant(case.version), now)).detail.contains("区消防大队、区生态环境局"));
            let list = opinions::of_case(tx, id)?;
            let yes = Answer { version: 1, agree: true, opinion: String::new() };
            commands::answer_opinion(tx, &of(fire), list[0].id, &yes, now)?;
            // 回了之后就看不到了
            assert_eq!(refusal(crate::queries::seen(tx, &of(fire), &no, now)).code.status(), 404);
            let bare = Answer { version: 1, agree: false, opinion: " ".into() };
            assert_eq!(refusal(commands::answer_opinion(tx, &of(eco), list[1].id, &bare, now)).errors[0].field(), "opinion");
            let against = Answer { version: 1, agree: false, opinion: "离学校太近".into() };
            assert_eq!(refusal(commands::answer_opinion(tx, &of(fire), list[1].id, &against, now)).code.status(), 404);
            commands::answer_opinion(tx, &of(eco), list[1].id, &against, now)?;
            assert!(refusal(commands::decide(tx, &all(), &no, &grant(case.version), now)).detail.contains("有异议"));
            // 重新征求只打扰有异议的
            let again = Consult { version: case.version, orgs: vec![fire, eco], question: "已换选址".into(), days: 0 };
            let case = commands::consult(tx, &all(), &no, &again, now)?;
            let states: Vec<_> = opinions::of_case(tx, id)?.into_iter().map(|o| (o.state, o.round)).collect();
            assert_eq!(states, [(OpinionState::Agreed, 1), (OpinionState::Asked, 2)]);
            let list = opinions::of_case(tx, id)?;
            commands::sign_opinion(tx, &of(eco), list[1].id, list[1].version, now)?;
            let yes = Answer { version: list[1].version + 1, agree: true, opinion: "可以".into() };
            commands::answer_opinion(tx, &of(eco), list[1].id, &yes, now)?;
            assert_eq!(commands::decide(tx, &all(), &no, &grant(case.version), now)?.state, State::Decided);
            Ok(())
        })
        .await
        .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sending_back_asks_only_the_objectors_and_late_answers_are_anomalies() {
    on_each_engine(async |test| {
        let (fire, eco) = (department(&test, "区消防大队").await, department(&test, "区生态环境局").await);
        let now = at("2021-10-08T10:00");
        // 事项配好了要征求谁，受理时自动发出
        let flow = Flow { joint: vec![fire, eco], joint_days: 2, ..Flow::default() };
        let case = accepted(&test, Offer { flow, ..offer_of(20) }, now).await;
        let of = |unit: i64| Actor { scope: Scope::unit(unit), ..staff(90, &["cases.opine"]) };
        let (id, no, version) = (case.id, case.no.to_string(), case.version);
        run(&test, move |tx| {
            let list = opinions::of_case(tx, id)?;
            assert_eq!(list.len(), 2);
            commands::answer_opinion(tx, &of(fire), list[0].id, &Answer { version: 1, agree: false, opinion: "缺验收".into() }, now)?;
            let due = list[1].alarm_at.unwrap();
            assert_eq!(list[1].due, at("2021-10-11T17:30"));
            commands::ring_opinion(tx, list[1].id, due)?;
            commands::ring_opinion(tx, list[1].id, due)?;
            let raised = store::anomalies_of(tx, id)?;
            assert_eq!((raised.len(), raised[0].anomaly, raised[0].place.unit), (1, Anomaly::StepOverdue, eco));
            let case = commands::forward(tx, &handler(), &no, &Forward { version, ..Forward::default() }, now)?;
            let reviewer = staff(22, &["cases.review"]);
            commands::step_back(tx, &reviewer, &no, case.version, "补消防验收", now)?;
            let states: Vec<_> = opinions::of_case(tx, id)?.into_iter().map(|o| (o.state, o.round)).collect();
            assert_eq!(states, [(OpinionState::Asked, 2), (OpinionState::Asked, 1)]);
            Ok(())
        })
        .await
        .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_assigned_case_is_handled_by_its_handler_or_the_stand_in() {
    on_each_engine(async |test| {
        let dept = department(&test, "区市场监管局").await;
        let now = at("2021-10-08T10:00");
        let place = tongban_kernel::Place { tenant: 1, unit: dept, org: dept };
        let case = accepted_at(&test, Offer { place, ..offer_of(20) }, now).await;
        let (no, version) = (case.no.to_string(), case.version);
        run(&test, move |tx| {
            let hire = |tx: &mut Tx<'_>, code: &str, name: &str, role: &str| {
                let staff = add_staff(tx, &Actor::system(), dept, code, name, now)?;
                let post = tongban_directory::model::NewPost {
                    staff,
                    org: dept,
                    role: role.into(),
                    title: "承办".into(),
                    window: None,
                    reach: tongban_kernel::Depth::Unit,
                };
                let post = tongban_directory::commands::assign_post(tx, &Actor::system(), &post, now)?;
                Ok::<_, Error>((staff, post))
            };
            tongban_directory::commands::install_roles(tx, &Actor::system())?;
            let (a, post_a) = hire(tx, "001", "何军", "handler")?;
            let (b, post_b) = hire(tx, "002", "吕霞", "handler")?;
            let act = |id: i64, post: i64| Actor { post, scope: Scope::unit(dept), ..staff(id, &["cases.read", "cases.handle"]) };
            let case = case_of(tx, &no);
            let names: Vec<_> = commands::candidates(tx, &case, now)?.into_iter().map(|(_, name)| name).collect();
            assert_eq!(names, ["何军", "吕霞"]);
            let case = commands::transfer(tx, &act(a, post_a), &no, &Transfer { version, ..Transfer::default() }, now)?;
            assert_eq!((case.handler, case.handler_name.as_str()), (a, "何军"));
            let forward = Forward { version: case.version, ..Forward::default() };
            assert!(refusal(commands::forward(tx, &act(b, post_b), &no, &forward, now)).detail.contains("已指定何军办理"));
            let take = Transfer { version: case.version, ..Transfer::default() };
            assert!(refusal(commands::transfer(tx, &act(b, post_b), &no, &take, now)).detail.contains("B 岗"));
            // 接不了的人不列、不能定；早先定下的照旧列着，标出来
            let (_, window) = hire(tx, "003", "窗口的人", "window_clerk")?;
            let own = |tx: &mut Tx<'_>| Ok::<_, Error>(tongban_directory::queries::post(tx, post_a)?.unwrap());
            let listed = |tx: &mut Tx<'_>| {
                let own = own(tx)?;
                Ok::<_, Error>(commands::colleagues(tx, &own, now)?.into_iter().map(|one| (one.post, one.fit)).collect::<Vec<_>>())
            };
            assert_eq!(listed(tx)?, [(post_b, true)]);
            let unfit = refusal(tongban_directory::commands::cover_post(tx, &Actor::system(), post_a, Some(window), false, now));
            assert!(unfit.errors[0].field() == "backup" && unfit.errors[0].detail.contains("接不了"), "{unfit:?}");
            tx.exec("UPDATE directory_posts SET backup = $1 WHERE id = $2", tongban_store::args![window, post_a])?;
            assert_eq!(listed(tx)?, [(post_b, true), (window, false)]);
            tongban_directory::commands::cover_post(tx, &Actor::system(), post_a, Some(window), true, now)?;
            // A 岗离岗、B 岗顶上
            tongban_directory::commands::cover_post(tx, &Actor::system(), post_a, Some(post_b), true, now)?;
            assert_eq!(commands::forward(tx, &act(b, post_b), &no, &forward, now)?.step, Some(Step::Review));
            Ok(())
        })
        .await
        .unwrap();
    })
    .await;
}

fn case_of(tx: &mut Tx<'_>, no: &str) -> Case {
    store::find_by_no(tx, no).unwrap().unwrap()
}

/// 机关在别的单位时的受理。
pub(super) async fn accepted_at(test: &TestDb, offer: Offer, now: Timestamp) -> Case {
    let unit = offer.place.unit;
    run(test, move |tx| {
        let clerk = || Actor { scope: Scope::unit(unit), ..clerk() };
        let new = commands::register(tx, &clerk(), &offer, &registration(), RANDOM, now)?;
        let case = commands::receive(tx, &clerk(), &new.no, new.version, now)?;
        commands::accept(tx, &clerk(), &new.no, case.version, "", now)
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn urging_is_once_a_day_and_seen_by_everyone() {
    on_each_engine(async |test| {
        let new = submitted(&test, offer_of(5), at("2021-10-08T10:00")).await;
        let (no, id) = (new.no.clone(), new.id);
        run(&test, move |tx| {
            let case = commands::urge(tx, &citizen(), &no, 1, "请快一点", at("2021-10-08T15:00"))?;
            assert_eq!(case.urged, 1);
            let again = commands::urge(tx, &citizen(), &no, case.version, "", at("2021-10-08T16:00"));
            assert_eq!(refusal(again).code.as_str(), "conflict");
            assert_eq!(refusal(commands::urge(tx, &Actor::citizen(9, 9, 2, "李*"), &no, case.version, "", at("2021-10-09T09:00"))).code.status(), 404);
            let case = case_of(tx, &no);
            assert_eq!(commands::urge(tx, &citizen(), &no, case.version, "", at("2021-10-09T09:00"))?.urged, 2);
            Ok(())
        })
        .await
        .unwrap();
        assert_eq!(kinds_of(&test, id).await.iter().filter(|kind| *kind == "cases.urged").count(), 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn amending_a_date_takes_two_people_and_keeps_both_values() {
    on_each_engine(async |test| {
        let now = at("2021-10-08T10:00");
        let case = accepted(&test, Offer { single_post: true, ..offer_of(1) }, now).await;
        let (no, version) = (case.no.to_string(), case.version);
        let amended = run(&test, move |tx| {
            // 到期那天转红，版本号加一
            let decided = commands::decide(tx, &approver(), &no, &grant(version + 1), at("2021-10-12T10:00"))?;
            assert_eq!(decided.on_time, Some(false));
            let ask = |version, to: &str| Propose {
                version,
                reason: "系统断网，当日已纸质作出".into(),
                amendment: Some(Amendment { field: Amendable::DecidedAt, to: at(to) }),
                reject: false,
            };
            let before = case_of(tx, &no);
            let wrong = commands::propose(tx, &approver(), &no, Action::Amend, &ask(before.version, "2021-10-07T10:00"), at("2021-10-12T11:00"));
            assert_eq!(refusal(wrong).errors[0].field(), "to");
            let asked = commands::propose(tx, &head(31), &no, Action::Amend, &ask(before.version, "2021-10-09T15:00"), at("2021-10-12T11:00"))?;
            let own = commands::propose(tx, &head(31), &no, Action::Amend, &Propose { version: asked.version, ..Propose::default() }, at("2021-10-12T12:00"));
            assert!(refusal(own).detail.contains("两个人"));
            let case = case_of(tx, &no);
            commands::propose(tx, &head(32), &no, Action::Amend, &Propose { version: case.version, ..Propose::default() }, at("2021-10-12T12:00"))
        })
        .await
        .unwrap();
        assert_eq!((amended.on_time, amended.decided_at, amended.used_days), (Some(true), Some(at("2021-10-09T15:00")), Some(1)));
        let document = run(&test, move |tx| store::documents(tx, amended.id)).await.unwrap().pop().unwrap();
        assert!(document.content[0].contains("由 2021-10-12 10:00 更正为 2021-10-09 15:00"), "{:?}", document.content);
    })
    .await;
}
