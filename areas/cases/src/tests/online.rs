//! 群众这一头：草稿、提交、补正、补交、撤回。

use super::*;
use crate::commands::{Correct, Ending, SuppliedMaterial, Supply};
use crate::model::State;
use crate::store::CorrectionPoint;

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_prepares() {
    on_each_engine(async |test| {
        run(&test, |tx| {
            for sql in store::STATEMENTS.iter().copied().flatten() {
                tx.prepare(sql)?;
            }
            Ok(())
        })
        .await
        .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draft_becomes_one_case_however_often_it_is_submitted() {
    on_each_engine(async |test| {
        let now = at("2021-05-31T10:00");
        run(&test, move |tx| filled_draft(tx, &citizen(), &offer_of(5), "tok", now)).await.unwrap();
        let mut handles = Vec::new();
        for _ in 0..8 {
            let db = test.db.clone();
            handles.push(tokio::spawn(async move {
                db.write("test.submit", move |tx| commands::submit(tx, &citizen(), &offer_of(5), "tok", Channel::Computer, RANDOM, now)).await
            }));
        }
        let mut numbers = std::collections::BTreeSet::new();
        for handle in handles {
            numbers.insert(handle.await.unwrap().unwrap().no);
        }
        assert_eq!(numbers.into_iter().collect::<Vec<_>>(), ["510811-20210531-000001"]);
        let case = state_of(&test, "510811-20210531-000001").await;
        assert_eq!((case.state, case.person, case.channel), (State::Submitted, 601, Channel::Computer));
        assert_eq!(case.due, Some(at("2021-06-01T17:30")));
        assert_eq!(kinds_of(&test, case.id).await, ["cases.submitted"]);
        let details = run(&test, move |tx| store::details(tx, case.id)).await.unwrap().unwrap();
        assert_eq!((details.applicant.name.as_str(), details.access_code.len()), ("王秀兰", 8));
        assert_eq!(details.form["area"], "46");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_incomplete_draft_hears_everything_at_once() {
    on_each_engine(async |test| {
        let now = at("2021-05-31T10:00");
        let problem = refusal(
            run(&test, move |tx| {
                commands::start(tx, &citizen(), &offer_of(5), "tok", &Applicant::default(), now)?;
                commands::submit(tx, &citizen(), &offer_of(5), "tok", Channel::Computer, RANDOM, now)
            })
            .await,
        );
        let fields: Vec<_> = problem.errors.iter().map(|e| e.field().to_owned()).collect();
        assert_eq!(fields, ["name", "id_number", "mobile", "s_size", "area", "water", "m_plan", "m_lease"]);
    })
    .await;
}

use crate::model::Applicant;

#[tokio::test(flavor = "multi_thread")]
async fn only_fit_applicants_may_start() {
    on_each_engine(async |test| {
        let now = at("2021-05-31T10:00");
        let start = async |actor: Actor, offer: Offer| run(&test, move |tx| commands::start(tx, &actor, &offer, "x", &person(), now)).await;
        assert_eq!(refusal(start(Actor::anonymous(), offer_of(5)).await).code.as_str(), "unauthenticated");
        assert_eq!(refusal(start(Actor::citizen(1, 2, 1, "低"), offer_of(5)).await).code.as_str(), "forbidden");
        let closed = Offer { open: false, closed_reason: Some("系统升级，10 月 8 日恢复".into()), ..sample_offer() };
        assert_eq!(refusal(start(citizen(), closed).await).detail, "系统升级，10 月 8 日恢复");
        let legal_only = Offer { for_person: false, ..sample_offer() };
        assert_eq!(refusal(start(citizen(), legal_only).await).code.as_str(), "conflict");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_peoples_drafts_and_cases_do_not_exist() {
    on_each_engine(async |test| {
        let now = at("2021-05-31T10:00");
        let stranger = || Actor::citizen(777, 888, 3, "张*");
        run(&test, move |tx| filled_draft(tx, &citizen(), &offer_of(5), "tok", now)).await.unwrap();
        assert_eq!(refusal(run(&test, move |tx| commands::open_draft(tx, &stranger(), "tok")).await).code.as_str(), "not-found");
        let new = submitted(&test, offer_of(5), now).await;
        let no = new.no.clone();
        let result = run(&test, move |tx| commands::withdraw(tx, &stranger(), &no, &Ending { version: 1, reason: String::new() }, now)).await;
        assert_eq!(refusal(result).code.as_str(), "not-found");
        // 代表企业时看不到以个人身份办的
        let company = || Actor { legal_entity: 9, ..citizen() };
        let no = new.no.clone();
        let result = run(&test, move |tx| commands::withdraw(tx, &company(), &no, &Ending { version: 1, reason: String::new() }, now)).await;
        assert_eq!(refusal(result).code.as_str(), "not-found");
        let no = new.no.clone();
        let case = run(&test, move |tx| commands::withdraw(tx, &citizen(), &no, &Ending { version: 1, reason: "不办了".into() }, now)).await.unwrap();
        assert_eq!((case.state, case.light, case.next_clock_at), (State::Withdrawn, tongban_kernel::lights::Light::Grey, None));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn correction_is_asked_once_supplied_whole_and_restarts_the_clock() {
    on_each_engine(async |test| {
        let now = at("2021-05-31T10:00");
        let new = submitted(&test, offer_of(5), now).await;
        let point = || CorrectionPoint { material: "plan".into(), name: "平面图".into(), problem: "没标厨房".into(), remedy: "请标出厨房位置".into() };
        let no = new.no.clone();
        let case = run(&test, move |tx| {
            let case = commands::receive(tx, &clerk(), &no, 1, now)?;
            commands::request_correction(tx, &clerk(), &no, &Correct { version: case.version, points: vec![point()], days: 0 }, now)
        })
        .await
        .unwrap();
        assert_eq!((case.state, case.tab(), case.corrections), (State::Correcting, "correcting", 1));
        assert_eq!(case.correction_due.unwrap().to_string(), "2021-07-13");
        assert_eq!(materials_of(&test, case.id).await["plan"], MaterialStatus::Rejected);
        // 没补齐不收
        let (no, version) = (new.no.clone(), case.version);
        let problem = refusal(
            run(&test, move |tx| commands::supply_correction(tx, &citizen(), &no, &Supply { version, ..Supply::default() }, now)).await,
        );
        assert_eq!(problem.errors[0].detail, "还差“经营场所平面布局图”：没标厨房");
        // 下班后补的，受理钟自下一工作日起算
        let later = at("2021-06-11T18:00");
        let no = new.no.clone();
        let supplied = || SuppliedMaterial { key: "plan".into(), files: vec![file("bb")], ..SuppliedMaterial::default() };
        let case = run(&test, move |tx| {
            commands::supply_correction(tx, &citizen(), &no, &Supply { version, materials: vec![supplied()], note: String::new() }, later)
        })
        .await
        .unwrap();
        assert_eq!((case.state, case.counted_on.to_string()), (State::Received, "2021-06-15".to_owned()));
        assert_eq!(case.due, Some(at("2021-06-22T17:30")));
        // 第二次补正提出新问题：M08
        let (no, version) = (new.no.clone(), case.version);
        let other = || CorrectionPoint { material: "photo".into(), name: "门头照片".into(), problem: "太暗".into(), remedy: "重拍".into() };
        let case = run(&test, move |tx| {
            commands::request_correction(tx, &clerk(), &no, &Correct { version, points: vec![other()], days: 10 }, later)
        })
        .await
        .unwrap();
        let codes: Vec<_> = run(&test, move |tx| store::anomalies_of(tx, case.id)).await.unwrap().into_iter().map(|a| a.anomaly.code()).collect();
        assert_eq!(codes, ["M08"]);
        assert_eq!(
            kinds_of(&test, case.id).await,
            ["cases.submitted", "cases.received", "cases.correcting", "cases.supplied", "cases.correcting"]
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deferred_materials_must_come_before_the_decision() {
    on_each_engine(async |test| {
        let now = at("2021-10-08T10:00");
        let offer = || Offer { single_post: true, ..offer_of(10) };
        let new = submitted(&test, offer(), now).await;
        let no = new.no.clone();
        let case = run(&test, move |tx| {
            let case = commands::receive(tx, &clerk(), &no, 1, now)?;
            commands::accept(tx, &clerk(), &no, case.version, "", now)
        })
        .await
        .unwrap();
        assert_eq!(case.deferred_due.unwrap().to_string(), "2021-10-14");
        let (no, version) = (new.no.clone(), case.version);
        let approver = || staff(31, &["cases.approve"]);
        let decide = move |version| commands::Decide { version, outcome: crate::model::Outcome::Granted, reason: String::new() };
        let problem = refusal(run(&test, move |tx| commands::decide(tx, &approver(), &no, &decide(version), now)).await);
        assert_eq!(problem.errors[0].code, "deferred");
        let no = new.no.clone();
        let case = run(&test, move |tx| {
            let supplied = SuppliedMaterial { key: "lease".into(), files: vec![file("cc")], ..SuppliedMaterial::default() };
            let case = commands::supply_deferred(tx, &citizen(), &no, &Supply { version, materials: vec![supplied], note: String::new() }, now)?;
            assert_eq!(case.deferred_due, None);
            commands::decide(tx, &approver(), &no, &decide(case.version), now)
        })
        .await
        .unwrap();
        assert_eq!((case.state, case.on_time), (State::Decided, Some(true)));
        let titles: Vec<_> = run(&test, move |tx| store::documents(tx, case.id)).await.unwrap().into_iter().map(|d| d.number).collect();
        assert_eq!(
            titles,
            ["广昭审收〔2021〕000001号", "广昭审容〔2021〕000001号", "广昭审受〔2021〕000001号", "广昭审准〔2021〕000001号"]
        );
    })
    .await;
}
