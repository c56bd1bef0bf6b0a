//! 工作人员这一头：登记、受理、三岗、特别程序、延期、决定、送达、终止、作废、撤销。

use super::*;
use crate::commands::{Decide, Deliver, Ending, Extend, Forward, Propose, Refuse, StartProcedure, Verdict};
use crate::model::{Action, Outcome, State, Step};
use crate::rules::anomalies::Anomaly;
use crate::rules::documents::DocumentKind;

fn handler() -> Actor {
    staff(21, &["cases.handle", "cases.suspend"])
}
fn reviewer() -> Actor {
    staff(22, &["cases.review"])
}
fn approver() -> Actor {
    staff(23, &["cases.approve", "cases.handle", "cases.review", "cases.extend", "cases.terminate", "cases.void"])
}

fn grant(version: i64) -> Decide {
    Decide { version, outcome: Outcome::Granted, reason: String::new() }
}

fn pickup(version: i64) -> Deliver {
    Deliver { version, way: Delivery::Pickup, receiver: "王秀兰".into(), note: String::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_walks_from_window_to_delivery_through_three_people() {
    on_each_engine(async |test| {
        let now = at("2021-10-08T10:00");
        let case = accepted(&test, offer_of(5), now).await;
        let no = case.no.to_string();
        assert_eq!((case.state, case.step, case.person), (State::Accepted, Some(Step::Handle), 0));
        assert_eq!(case.due, Some(at("2021-10-14T17:30")));
        let version = case.version;
        let closed = run(&test, move |tx| {
            let forward = |version| Forward { version, opinion: "符合条件".into(), ..Forward::default() };
            let case = commands::forward(tx, &handler(), &no, &forward(version), now)?;
            let case = commands::forward(tx, &reviewer(), &no, &forward(case.version), now)?;
            assert_eq!((case.step, case.status_label(), case.tab()), (Some(Step::Approve), "待决定", "decision"));
            let case = commands::decide(tx, &approver(), &no, &grant(case.version), at("2021-10-12T10:00"))?;
            assert_eq!((case.on_time, case.early, case.used_days), (Some(true), Some(true), Some(3)));
            commands::deliver(tx, &staff(11, &["cases.deliver"]), &no, &pickup(case.version), at("2021-10-12T11:00"))
        })
        .await
        .unwrap();
        assert_eq!((closed.state, closed.tab(), closed.next_clock_at), (State::Closed, "done", None));
        assert_eq!(
            kinds_of(&test, closed.id).await,
            [
                "cases.submitted", "cases.received", "cases.accepted", "cases.forwarded", "cases.forwarded", "cases.decided",
                "cases.delivered",
            ]
        );
        let steps = run(&test, move |tx| store::steps(tx, closed.id)).await.unwrap();
        assert_eq!(steps.len(), 7);
        assert!(steps.iter().filter(|s| !s.public).count() == 2, "内部意见不公开");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_person_cannot_hold_two_posts() {
    on_each_engine(async |test| {
        let now = at("2021-10-08T10:00");
        let case = accepted(&test, offer_of(5), now).await;
        let (no, version) = (case.no.to_string(), case.version);
        let result = run(&test, move |tx| {
            let input = |version| Forward { version, ..Forward::default() };
            let case = commands::forward(tx, &approver(), &no, &input(version), now)?;
            let case = commands::forward(tx, &reviewer(), &no, &input(case.version), now)?;
            commands::decide(tx, &approver(), &no, &grant(case.version), now)
        })
        .await;
        assert!(refusal(result).detail.contains("不得同一人"));
        // 豁免的事项可以
        let exempt = accepted(&test, Offer { item_id: 8, single_post: true, ..offer_of(5) }, at("2021-10-08T11:00")).await;
        let (no, version) = (exempt.no.to_string(), exempt.version);
        assert_eq!(run(&test, move |tx| commands::decide(tx, &approver(), &no, &grant(version), now)).await.unwrap().state, State::Decided);
    })
    .await;
}

/// 同一申请人同一事项有在办的，登记时拦住；本测试要多件时换事项。
#[tokio::test(flavor = "multi_thread")]
async fn the_same_application_twice_is_pointed_out() {
    on_each_engine(async |test| {
        let now = at("2021-10-08T10:00");
        let first = accepted(&test, offer_of(5), now).await;
        let problem = refusal(run(&test, move |tx| commands::register(tx, &clerk(), &offer_of(5), &registration(), RANDOM, now)).await);
        assert_eq!(problem.code.as_str(), "duplicate");
        assert!(problem.detail.contains(first.no.as_str()));
        let again = run(&test, move |tx| {
            commands::register(tx, &clerk(), &offer_of(5), &Registration { allow_same: true, ..registration() }, RANDOM, now)
        })
        .await
        .unwrap();
        assert_eq!(again.no, "510811-20211008-000002");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_state_stale_version_out_of_scope_and_missing_permission() {
    on_each_engine(async |test| {
        let now = at("2021-10-08T10:00");
        let case = accepted(&test, offer_of(5), now).await;
        let (no, version) = (case.no.to_string(), case.version);
        let act = async |actor: Actor, version: i64| {
            let no = no.clone();
            refusal(run(&test, move |tx| commands::receive(tx, &actor, &no, version, now)).await)
        };
        let wrong = act(clerk(), version).await;
        assert_eq!((wrong.code.status(), wrong.current_state.as_deref()), (409, Some("accepted")));
        assert!(wrong.allowed_actions.contains(&"decide"));
        assert_eq!((act(clerk(), version - 1).await.code.status(), act(clerk(), version - 1).await.version), (412, Some(version)));
        let outside = Actor { scope: Scope::unit(99), ..clerk() };
        assert_eq!(act(outside, version).await.code.status(), 404);
        let no2 = no.clone();
        let plain = refusal(run(&test, move |tx| commands::extend(tx, &handler(), &no2, &Extend { version, days: 5, reason: "x".into() }, now)).await);
        assert_eq!(plain.code.status(), 403);
        assert_eq!(refusal(run(&test, move |tx| commands::receive(tx, &clerk(), "510811-20210101-000009", 1, now)).await).code.status(), 404);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_simultaneous_commands_one_wins() {
    on_each_engine(async |test| {
        let now = at("2021-05-31T10:00");
        let new = submitted(&test, offer_of(5), now).await;
        let mut handles = Vec::new();
        for _ in 0..6 {
            let (db, no) = (test.db.clone(), new.no.clone());
            handles.push(tokio::spawn(async move { db.write("test", move |tx| commands::receive(tx, &clerk(), &no, 1, now)).await }));
        }
        let mut won = 0;
        for handle in handles {
            match handle.await.unwrap() {
                Ok(_) => won += 1,
                Err(Error::Refused(problem)) => assert!(matches!(problem.code.status(), 409 | 412)),
                Err(other) => panic!("{other}"),
            }
        }
        assert_eq!(won, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn special_procedures_stop_the_clock_only_with_notice() {
    on_each_engine(async |test| {
        let case = accepted(&test, offer_of(20), at("2021-10-08T10:00")).await;
        let (no, version) = (case.no.to_string(), case.version);
        let start = |version, notice| StartProcedure { version, kind: 28, days: 4, reason: "需专家评审".into(), notice };
        let resumed = run(&test, move |tx| {
            let case = commands::start_procedure(tx, &handler(), &no, &start(version, true), at("2021-10-13T10:00"))?;
            assert_eq!((case.state, case.light, case.tab()), (State::Suspended, tongban_kernel::lights::Light::Grey, "review"));
            assert_eq!(refusal(commands::forward(tx, &handler(), &no, &Forward { version: case.version, ..Forward::default() }, at("2021-10-14T10:00"))).code.status(), 409);
            commands::end_procedure(tx, &handler(), &no, case.version, "评审通过", at("2021-10-19T10:00"))
        })
        .await
        .unwrap();
        assert_eq!(resumed.state, State::Accepted);
        // 停表段 (10-13, 10-19]：10-14、15、18、19 不计
        assert_eq!(resumed.due, Some(at("2021-11-10T17:30")));
        let (no, version) = (resumed.no.to_string(), resumed.version);
        let noted = run(&test, move |tx| commands::start_procedure(tx, &handler(), &no, &start(version, false), at("2021-10-20T10:00"))).await.unwrap();
        assert_eq!((noted.state, noted.due), (State::Accepted, Some(at("2021-11-10T17:30"))));
        let codes: Vec<_> = run(&test, move |tx| store::anomalies_of(tx, noted.id)).await.unwrap().into_iter().map(|a| a.anomaly).collect();
        assert_eq!(codes, [Anomaly::SuspensionOverdue]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn extension_once_and_denial_with_reason() {
    on_each_engine(async |test| {
        let now = at("2021-10-08T10:00");
        let case = accepted(&test, Offer { single_post: true, ..offer_of(5) }, now).await;
        let (no, version) = (case.no.to_string(), case.version);
        let extended = run(&test, move |tx| {
            commands::extend(tx, &approver(), &no, &Extend { version, days: 10, reason: "材料复杂".into() }, now)
        })
        .await
        .unwrap();
        assert_eq!(extended.due, Some(at("2021-10-28T17:30")));
        let (no, version) = (extended.no.to_string(), extended.version);
        let no2 = no.clone();
        let again = run(&test, move |tx| commands::extend(tx, &approver(), &no2, &Extend { version, days: 1, reason: "再延".into() }, now)).await;
        assert_eq!(refusal(again).code.as_str(), "conflict");
        let no2 = no.clone();
        let deny = move |reason: &str| Decide { version, outcome: Outcome::Denied, reason: reason.into() };
        let bare = run(&test, move |tx| commands::decide(tx, &approver(), &no2, &deny(" "), now)).await;
        assert_eq!(refusal(bare).errors[0].field(), "reason");
        let denied = run(&test, move |tx| commands::decide(tx, &approver(), &no, &deny("不符合选址条件"), now)).await.unwrap();
        assert_eq!((denied.outcome, denied.state), (Some(Outcome::Denied), State::Decided));
        let last = run(&test, move |tx| store::documents(tx, denied.id)).await.unwrap().pop().unwrap();
        assert_eq!(last.number, "广昭审不准〔2021〕000001号");
        assert!(last.content.iter().any(|line| line.contains("不符合选址条件")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn instant_items_are_done_in_one_go_with_every_record() {
    on_each_engine(async |test| {
        let now = at("2021-10-08T10:00");
        let offer = || Offer { instant: true, single_post: true, promise_days: 0, ..sample_offer() };
        let all = || staff(11, &["cases.receive", "cases.accept", "cases.approve", "cases.deliver"]);
        let closed = run(&test, move |tx| {
            let new = commands::register(tx, &all(), &offer(), &registration(), RANDOM, now)?;
            commands::express(tx, &all(), &new.no, &grant(new.version), &pickup(0), now)
        })
        .await
        .unwrap();
        assert_eq!((closed.state, closed.on_time), (State::Closed, Some(true)));
        assert_eq!(
            kinds_of(&test, closed.id).await,
            ["cases.submitted", "cases.received", "cases.accepted", "cases.decided", "cases.delivered"]
        );
        // 要出证照的停在已作决定
        let with_licence = move || Offer { licence: Some("食品经营许可证".into()), item_id: 901, ..offer() };
        let stopped = run(&test, move |tx| {
            let new = commands::register(tx, &all(), &with_licence(), &registration(), RANDOM, now)?;
            commands::express(tx, &all(), &new.no, &grant(new.version), &pickup(0), now)
        })
        .await
        .unwrap();
        assert_eq!(stopped.state, State::Decided);
    })
    .await;
}

/// 首席代表：授权窗口当场决定的即办件，窗口一人一屏办完；没授权的窗口没有批准权限就不能决定。
#[tokio::test(flavor = "multi_thread")]
async fn an_authorised_window_decides_instant_items_itself() {
    on_each_engine(async |test| {
        let now = at("2021-10-08T10:00");
        let window = || staff(11, &["cases.read", "cases.receive", "cases.accept", "cases.deliver"]);
        for (instant, authorised, ends) in [(true, true, true), (true, false, false), (false, true, false)] {
            let flow = crate::model::Flow { window: authorised, ..crate::model::Flow::default() };
            let offer = Offer { instant, single_post: true, flow, item_id: 910 + i64::from(instant) * 2 + i64::from(authorised), ..sample_offer() };
            let result = run(&test, move |tx| {
                let new = commands::register(tx, &window(), &offer, &Registration { allow_same: true, ..registration() }, RANDOM, now)?;
                let case = commands::receive(tx, &window(), &new.no, new.version, now)?;
                let case = commands::accept(tx, &window(), &new.no, case.version, "", now)?;
                let offered = crate::actions::offered(&window(), &case).contains(&Action::Decide);
                assert_eq!(offered, ends, "{instant} {authorised}");
                commands::decide(tx, &window(), &new.no, &grant(case.version), now)
            })
            .await;
            match result {
                Ok(case) => assert!(ends && case.state == State::Decided),
                Err(error) => assert!(!ends && error.problem().is_some_and(|p| p.code.status() == 403), "{error:?}"),
            }
        }
    })
    .await;
}

/// 代领：签收人不是申请人本人，要写明关系与凭据，回证上写着代领，只留姓。
#[tokio::test(flavor = "multi_thread")]
async fn another_person_collects_only_with_a_ground() {
    on_each_engine(async |test| {
        let now = at("2021-10-08T10:00");
        let offer = Offer { instant: true, single_post: true, promise_days: 0, ..sample_offer() };
        let all = || staff(11, &["cases.read", "cases.receive", "cases.accept", "cases.approve", "cases.deliver"]);
        let son = Deliver { version: 0, way: Delivery::Pickup, receiver: "王小明".into(), note: String::new() };
        let (item, bare) = (offer.clone(), son.clone());
        let refused = run(&test, move |tx| {
            let new = commands::register(tx, &all(), &item, &registration(), RANDOM, now)?;
            commands::express(tx, &all(), &new.no, &grant(new.version), &bare, now)
        })
        .await;
        assert!(refusal(refused).errors[0].detail.contains("委托凭据"));
        let receipt = run(&test, move |tx| {
            let new = commands::register(tx, &all(), &offer, &registration(), RANDOM, now)?;
            let way = Deliver { note: "儿子，看了委托书与两人身份证".into(), ..son.clone() };
            let closed = commands::express(tx, &all(), &new.no, &grant(new.version), &way, now)?;
            store::document(tx, closed.id, DocumentKind::Delivery)
        })
        .await
        .unwrap()
        .unwrap();
        let text = receipt.content.join("\n");
        assert!(text.contains("送达方式：代领") && text.contains("签收人：王**") && text.contains("委托书"), "{text}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn endings_need_reasons_and_leave_traces() {
    on_each_engine(async |test| {
        let now = at("2021-05-31T10:00");
        let new = submitted(&test, offer_of(5), now).await;
        let no = new.no.clone();
        let bare = run(&test, move |tx| commands::refuse(tx, &clerk(), &no, &Refuse { version: 1, ..Refuse::default() }, now)).await;
        assert_eq!(refusal(bare).errors[0].field(), "reason");
        let no = new.no.clone();
        let refused = run(&test, move |tx| {
            commands::refuse(tx, &clerk(), &no, &Refuse { version: 1, reason: "不属本机关职权".into(), redirect: "区住建局".into() }, now)
        })
        .await
        .unwrap();
        assert_eq!((refused.state, refused.tab()), (State::NotAccepted, "done"));
        let content = run(&test, move |tx| store::documents(tx, refused.id)).await.unwrap().pop().unwrap().content;
        assert_eq!(content, ["不属本机关职权", "请向区住建局提出申请。"]);
        let (no, version) = (refused.no.to_string(), refused.version);
        let voided = run(&test, move |tx| {
            let propose = |version| Propose { version, reason: "重复录入".into(), ..Propose::default() };
            let asked = commands::propose(tx, &clerk(), &no, Action::Void, &propose(version), now)?;
            assert_eq!(asked.state, State::NotAccepted);
            // 自己批自己的不行，没有负责人权限的也不行
            assert_eq!(refusal(commands::propose(tx, &handler(), &no, Action::Void, &propose(asked.version), now)).code.status(), 403);
            commands::propose(tx, &approver(), &no, Action::Void, &propose(asked.version), now)
        })
        .await
        .unwrap();
        assert_eq!(voided.state, State::Voided);

        let case = accepted(&test, Offer { single_post: true, ..offer_of(5) }, now).await;
        let (no, version) = (case.no.to_string(), case.version);
        let revoked = run(&test, move |tx| {
            let decided = commands::decide(tx, &approver(), &no, &grant(version), now)?;
            let ending = |version| Ending { version, reason: "承诺不实".into() };
            assert_eq!(refusal(commands::propose(tx, &approver(), &no, Action::Void, &Propose { version: decided.version, reason: "x".into(), ..Propose::default() }, now)).code.as_str(), "conflict");
            commands::revoke(tx, &approver(), &no, &ending(decided.version), now)
        })
        .await
        .unwrap();
        assert_eq!((revoked.state, revoked.revoked_on.map(|d| d.to_string())), (State::Decided, Some("2021-05-31".into())));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verdicts_block_acceptance_until_mended() {
    on_each_engine(async |test| {
        let now = at("2021-05-31T10:00");
        let new = submitted(&test, offer_of(5), now).await;
        let no = new.no.clone();
        let result = run(&test, move |tx| {
            let case = commands::receive(tx, &clerk(), &no, 1, now)?;
            let verdicts = [Verdict { key: "plan".into(), passed: false, remark: "看不清".into() }];
            let case = commands::check_materials(tx, &clerk(), &no, case.version, &verdicts, now)?;
            commands::accept(tx, &clerk(), &no, case.version, "", now)
        })
        .await;
        assert_eq!(refusal(result).errors[0].field(), "m_plan");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn worklists_follow_scope_tab_and_due_order() {
    on_each_engine(async |test| {
        let now = at("2021-10-08T10:00");
        for (item, promise) in [(1_i64, 10), (2, 3), (3, 5)] {
            accepted(&test, Offer { item_id: item, ..offer_of(promise) }, now).await;
        }
        submitted(&test, Offer { item_id: 4, ..offer_of(5) }, now).await;
        let list = async |scope: Scope, tab: &'static str, after: (i64, i64)| {
            run(&test, move |tx| store::tab_list(tx, &scope, tab, &store::Filter::default(), after, 2)).await.unwrap()
        };
        let first = list(Scope::unit(2), "review", (0, 0)).await;
        assert_eq!(first.iter().map(|row| row.no.as_str()).collect::<Vec<_>>(), ["510811-20211008-000002", "510811-20211008-000003"]);
        let second = list(Scope::unit(2), "review", (first[1].sort_due, first[1].id)).await;
        assert_eq!(second.iter().map(|row| row.no.as_str()).collect::<Vec<_>>(), ["510811-20211008-000001"]);
        assert!(list(Scope::unit(9), "review", (0, 0)).await.is_empty());
        let counts = run(&test, |tx| store::counts(tx, &Scope::tenant(1))).await.unwrap();
        assert_eq!((counts.all, counts.review, counts.pending), (4, 3, 1));
        let found = run(&test, |tx| store::by_name(tx, "王秀兰", i64::MAX, 10)).await.unwrap();
        assert_eq!(found.len(), 4);
        assert_eq!(run(&test, |tx| store::by_name(tx, "510811198512120022", i64::MAX, 10)).await.unwrap().len(), 4);
        assert_eq!(run(&test, |tx| store::mine(tx, 601, 0, i64::MAX, 10)).await.unwrap().len(), 1);
    })
    .await;
}
