//! 时间做的事。

use tongban_kernel::lights::Light;
use tongban_store::Clock;
use tongban_store::clocks::Runner;

use super::*;
use crate::commands::{Decide, Ending};
use crate::model::{Facts, Outcome, State};
use crate::rules::anomalies::Anomaly;

const CLOCK: Clock = Clock { name: "cases.time", due: store::due_clocks(), fire: commands::ring };

/// 时间走到某一刻，把到点的都做掉。
async fn until(test: &TestDb, now: &str) {
    let mut runner = Runner::default();
    while runner.step(&test.db, &[CLOCK], at(now)).await.unwrap() > 0 {}
}

async fn anomalies_of(test: &TestDb, id: i64) -> Vec<Anomaly> {
    run(test, move |tx| store::anomalies_of(tx, id)).await.unwrap().into_iter().map(|row| row.anomaly).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_acceptance_backdated_to_the_day_of_receipt() {
    on_each_engine(async |test| {
        let new = submitted(&test, offer_of(3), at("2021-05-31T10:00")).await;
        until(&test, "2021-06-07T17:30").await;
        let case = state_of(&test, &new.no).await;
        assert_eq!((case.state, case.light), (State::Submitted, Light::Red));
        until(&test, "2021-06-07T17:31").await;
        let case = state_of(&test, &new.no).await;
        assert_eq!((case.state, case.auto_accepted), (State::Accepted, true));
        assert_eq!(case.accepted_on.unwrap().to_string(), "2021-05-31");
        assert_eq!((case.due, case.light), (Some(at("2021-06-03T17:30")), Light::Red));
        assert_eq!(anomalies_of(&test, case.id).await, [Anomaly::PrecheckOverdue, Anomaly::AutoAccepted]);
        assert_eq!(kinds_of(&test, case.id).await, ["cases.submitted", "cases.overdue", "cases.accepted"]);
        let titles: Vec<_> = run(&test, move |tx| store::documents(tx, case.id)).await.unwrap().into_iter().map(|d| d.kind.title()).collect();
        assert!(titles.contains(&"受理通知书"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_clock_still_goes_first() {
    on_each_engine(async |test| {
        let new = submitted(&test, offer_of(3), at("2021-05-31T10:00")).await;
        // 时钟还没跑，窗口第 8 天来接件：法律上已经自动受理
        let no = new.no.clone();
        let result = run(&test, move |tx| commands::receive(tx, &clerk(), &no, 1, at("2021-06-10T10:00"))).await;
        assert_eq!(refusal(result).code.status(), 412);
        until(&test, "2021-06-10T10:00").await;
        assert_eq!(state_of(&test, &new.no).await.state, State::Accepted);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn promise_turns_yellow_then_red_and_deciding_ends_the_red() {
    on_each_engine(async |test| {
        let case = accepted(&test, Offer { single_post: true, ..offer_of(5) }, at("2021-10-08T10:00")).await;
        let no = case.no.to_string();
        until(&test, "2021-10-13T00:00").await;
        assert_eq!(state_of(&test, &no).await.light, Light::Yellow);
        until(&test, "2021-10-15T09:00").await;
        let red = state_of(&test, &no).await;
        assert_eq!((red.light, anomalies_of(&test, red.id).await), (Light::Red, vec![Anomaly::PromiseOverdue]));
        assert_eq!(Facts::of(&red).red, [(20_211_014, None)]);
        let version = red.version;
        let decided = run(&test, move |tx| {
            let approver = staff(31, &["cases.approve"]);
            commands::decide(tx, &approver, &no, &Decide { version, outcome: Outcome::Granted, reason: String::new() }, at("2021-10-18T10:00"))
        })
        .await
        .unwrap();
        assert_eq!((decided.on_time, decided.used_days), (Some(false), Some(7)));
        assert_eq!(Facts::of(&decided).red, [(20_211_014, Some(20_211_018))]);
        // 送达钟：10 个工作日
        until(&test, "2021-11-02T09:00").await;
        assert_eq!(anomalies_of(&test, decided.id).await, [Anomaly::PromiseOverdue, Anomaly::DeliveryOverdue]);
        assert_eq!(kinds_of(&test, decided.id).await.last().map(String::as_str), Some("cases.overdue"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn unsupplied_corrections_and_deferred_materials_lapse() {
    on_each_engine(async |test| {
        let now = at("2021-05-31T10:00");
        let new = submitted(&test, offer_of(4), now).await;
        let no = new.no.clone();
        run(&test, move |tx| {
            let case = commands::receive(tx, &clerk(), &no, 1, now)?;
            commands::accept(tx, &clerk(), &no, case.version, "", now)
        })
        .await
        .unwrap();
        until(&test, "2021-06-03T09:00").await;
        let case = state_of(&test, &new.no).await;
        assert_eq!((case.state, case.result_note.as_str()), (State::Returned, "容缺材料到补交时限仍未补交，视为撤回申请"));

        let new = submitted(&test, Offer { item_id: 7, ..offer_of(4) }, now).await;
        let no = new.no.clone();
        run(&test, move |tx| {
            let case = commands::receive(tx, &clerk(), &no, 1, now)?;
            let point = store::CorrectionPoint { material: "plan".into(), name: "平面图".into(), problem: "不清".into(), remedy: String::new() };
            commands::request_correction(tx, &clerk(), &no, &commands::Correct { version: case.version, points: vec![point], days: 5 }, now)
        })
        .await
        .unwrap();
        until(&test, "2021-06-08T09:00").await;
        assert_eq!(state_of(&test, &new.no).await.state, State::Returned);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_nodes_ring_once() {
    on_each_engine(async |test| {
        let new = submitted(&test, offer_of(3), at("2021-05-31T10:00")).await;
        let (id, due) = (new.id, at("2021-06-01T17:30:00.001"));
        for _ in 0..2 {
            run(&test, move |tx| commands::ring(tx, id, due)).await.unwrap();
        }
        assert_eq!(kinds_of(&test, new.id).await, ["cases.submitted", "cases.overdue"]);
        let no = new.no.clone();
        let case = run(&test, move |tx| commands::withdraw(tx, &citizen(), &no, &Ending { version: 2, reason: String::new() }, due)).await.unwrap();
        assert_eq!((case.state, case.next_clock_at), (State::Withdrawn, None));
    })
    .await;
}
