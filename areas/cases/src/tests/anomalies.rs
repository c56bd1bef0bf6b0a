//! 监察异常十三种（cases §3.6）：每种由真的命令或时间引出来，编号对得上；每种都能告知、申诉、认定或不成立、归档。

use tongban_store::Clock;
use tongban_store::clocks::Runner;

use super::*;
use crate::commands::{Correct, Decide, External, StartProcedure};
use crate::model::{Flow, Outcome, Stage, StageKind, Step};
use crate::rules::anomalies::Anomaly;
use crate::store::CorrectionPoint;

const NOW: &str = "2021-10-08T10:00";
const CLOCK: Clock = Clock { name: "cases.time", due: store::due_clocks(), fire: commands::ring };

fn monitor() -> Actor {
    staff(40, &["cases.read", "cases.monitor"])
}

fn boss() -> Actor {
    staff(41, &["cases.read", "cases.receive", "cases.accept", "cases.handle", "cases.suspend", "cases.approve", "cases.deliver"])
}

async fn until(test: &TestDb, now: &str) {
    let mut runner = Runner::default();
    while runner.step(&test.db, &[CLOCK], at(now)).await.unwrap() > 0 {}
}

async fn found(test: &TestDb, id: i64) -> Vec<&'static str> {
    run(test, move |tx| store::anomalies_of(tx, id)).await.unwrap().into_iter().map(|row| row.anomaly.code()).collect()
}

/// 各件各办一个事项，免得被当成重复申请。
fn item(item_id: i64, promise: u32) -> Offer {
    Offer { item_id, ..offer_of(promise) }
}

/// 受理好的一件，一人包办。
async fn fresh(test: &TestDb, item_id: i64, promise: u32) -> Case {
    accepted(test, Offer { single_post: true, ..item(item_id, promise) }, at(NOW)).await
}

async fn decided(test: &TestDb, case: &Case, when: &'static str) {
    let no = case.no.to_string();
    run(test, move |tx| {
        let version = store::find_by_no(tx, &no)?.unwrap().version;
        commands::decide(tx, &boss(), &no, &Decide { version, outcome: Outcome::Granted, reason: String::new() }, at(when))
    })
    .await
    .unwrap();
}

/// 行业系统里办完、补录进来的一件。
async fn linked(test: &TestDb, number: &'static str, days: (&'static str, &'static str), outcome: Outcome) -> i64 {
    let input = External {
        system: "省食品许可系统".into(),
        number: number.into(),
        applicant: person(),
        accepted_at: at(days.0),
        decided_at: at(days.1),
        outcome,
        reason: String::new(),
        historic: false,
    };
    run(test, move |tx| {
        let made = commands::link(tx, &clerk(), &offer_of(20), &input, RANDOM, at("2021-10-20T10:00"))?;
        Ok(store::find_by_no(tx, &made.no)?.unwrap().id)
    })
    .await
    .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_of_the_thirteen_arises_and_can_be_answered_and_found() {
    on_each_engine(async |test| {
        let mut seen: BTreeMap<&'static str, i64> = BTreeMap::new();
        let mut note = async |id: i64, code: &'static str| {
            assert!(found(&test, id).await.contains(&code), "{code} 没有引出来：{:?}", found(&test, id).await);
            seen.insert(code, id);
        };
        // M01、M06、M07 记录里看不出来，监察岗登记
        for (n, code, anomaly) in [(1, "M01", Anomaly::NotAccepting), (2, "M06", Anomaly::OffPlatform), (3, "M07", Anomaly::Charging)] {
            assert!(anomaly.is_manual());
            let case = fresh(&test, n, 5).await;
            let (no, version) = (case.no.to_string(), case.version);
            run(&test, move |tx| commands::raise_anomaly(tx, &monitor(), &no, version, anomaly, "群众反映", at(NOW))).await.unwrap();
            note(case.id, code).await;
        }
        // M02 过了承诺还没决定；M11 决定后 10 个工作日没送达
        let late = fresh(&test, 4, 2).await;
        until(&test, "2021-10-13T10:00").await;
        note(late.id, "M02").await;
        decided(&test, &late, "2021-10-13T11:00").await;
        until(&test, "2021-10-28T10:00").await;
        note(late.id, "M11").await;
        // M03 环节用的时间超过事项给它的
        let stage = |name: &str, post, days| Stage { name: name.into(), post, kind: StageKind::Ordinary, days };
        let flow = Flow { stages: vec![stage("审查", Step::Handle, 1), stage("决定", Step::Approve, 5)], ..Flow::default() };
        let slow = accepted(&test, Offer { flow, ..item(5, 20) }, at(NOW)).await;
        until(&test, "2021-10-13T10:00").await;
        note(slow.id, "M03").await;
        // M04 网上件一个工作日没预审；M09 五个工作日没告知，自动受理
        let silent = submitted(&test, item(6, 20), at(NOW)).await;
        until(&test, "2021-10-12T10:00").await;
        note(silent.id, "M04").await;
        until(&test, "2021-10-20T10:00").await;
        note(silent.id, "M09").await;
        // M05 不予没写理由；M12 办结早于受理；M13 办结 1 个工作日之后才补录
        note(linked(&test, "A-1", ("2021-10-08T10:00", "2021-10-19T10:00"), Outcome::Denied).await, "M05").await;
        note(linked(&test, "A-2", ("2021-10-19T10:00", "2021-10-18T10:00"), Outcome::Granted).await, "M12").await;
        note(linked(&test, "A-3", ("2021-10-08T10:00", "2021-10-11T10:00"), Outcome::Granted).await, "M13").await;
        // M08 第二次补正提了上次没提的
        let again = submitted(&test, item(7, 20), at("2021-11-01T10:00")).await;
        let (id, no) = (again.id, again.no.clone());
        run(&test, move |tx| {
            let now = at("2021-11-01T11:00");
            let point = |key: &str, name: &str| CorrectionPoint { material: key.into(), name: name.into(), problem: "看不清".into(), remedy: "重拍".into() };
            let case = commands::receive(tx, &clerk(), &no, again.version, now)?;
            let case = commands::request_correction(tx, &clerk(), &no, &Correct { version: case.version, points: vec![point("plan", "平面图")], days: 5 }, now)?;
            let supplied = commands::SuppliedMaterial { key: "plan".into(), paper: true, ..Default::default() };
            let supply = commands::Supply { version: case.version, materials: vec![supplied], note: String::new() };
            let case = commands::supply_correction(tx, &citizen(), &no, &supply, now)?;
            commands::request_correction(tx, &clerk(), &no, &Correct { version: case.version, points: vec![point("photo", "门头照片")], days: 5 }, now)
        })
        .await
        .unwrap();
        note(id, "M08").await;
        // M10 没有书面告知的特别程序
        let paused = fresh(&test, 8, 20).await;
        let (no, version) = (paused.no.to_string(), paused.version);
        run(&test, move |tx| {
            let start = StartProcedure { version, kind: 28, days: 4, reason: "需专家评审".into(), notice: false };
            commands::start_procedure(tx, &boss(), &no, &start, at(NOW))
        })
        .await
        .unwrap();
        note(paused.id, "M10").await;

        let all: Vec<&str> = Anomaly::ALL.iter().map(|anomaly| anomaly.code()).collect();
        assert_eq!(seen.keys().copied().collect::<Vec<_>>(), all, "十三种一种不少");
        for (n, (code, id)) in seen.into_iter().enumerate() {
            // 一半认定、一半不成立；一半申诉、一半整改
            let (answer, finding) = ([("appeal", "appealed"), ("mend", "mended")][n % 2], [("confirm", "confirmed"), ("dismiss", "dismissed")][n / 2 % 2]);
            let when = at("2021-11-10T10:00");
            let states = run(&test, move |tx| {
                let row = store::anomalies_of(tx, id)?.into_iter().find(|row| row.anomaly.code() == code).unwrap();
                let mut states = vec![row.state.clone()];
                for (actor, action, text) in [(monitor(), "tell", ""), (boss(), answer.0, "情况说明"), (monitor(), finding.0, "查证结论"), (monitor(), "archive", "归档")] {
                    let before = tx.timeline(row.id)?.len();
                    states.push(commands::settle_anomaly(tx, &actor, row.id, action, text, when + jiff::SignedDuration::from_secs(states.len() as i64))?.state);
                    assert_eq!(tx.timeline(row.id)?.len(), before + 1, "{code} {action} 一条日志");
                }
                Ok(states)
            })
            .await
            .unwrap();
            assert_eq!(states, ["raised", "told", answer.1, finding.1, "archived"], "{code}");
        }
    })
    .await;
}
