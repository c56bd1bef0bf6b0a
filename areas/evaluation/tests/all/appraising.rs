//! 综合点评与监督查评。

use axum::http::StatusCode;
use tongban_directory::commands as directory;
use tongban_directory::model::{KIND_TENANT, NewOrg};
use tongban_evaluation::area;
use tongban_evaluation::commands::appraisals::{self, Sheet, Words};
use tongban_evaluation::model::inspection::{INSPECTION_TABLE, InspectionAct, InspectionState, inspected};
use tongban_evaluation::permissions::{HANDLE, INSPECT, READ, REVIEW};
use tongban_evaluation::store;
use tongban_kernel::{Actor, Scope};
use tongban_store::testing::engines;
use tongban_web::testing::TestApp;

use crate::support::{open, staff, start};

fn good(question: String, answer: &str) -> Words {
    Words { target: "platform".into(), level: 5, text: "好用".into(), question, answer: answer.into(), ..Words::default() }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appraisal_needs_the_sum_and_floods_are_stopped() {
    for engine in engines() {
        let test = open(engine).await;
        let at = start();
        let say = async |answer: &'static str, after: i64, level: i64| {
            let when = at + jiff::SignedDuration::from_mins(after);
            test.db
                .write("t", move |tx| {
                    let question = appraisals::question(tx, 2, 3, at);
                    assert_eq!(appraisals::asked(&question), "3+4");
                    appraisals::appraise(tx, &Actor::anonymous(), &Words { level, ..good(question, answer) }, "10.0.0.1", when)
                })
                .await
                .map_err(tongban_store::Error::into_problem)
        };
        assert_eq!(say("8", 1, 5).await.unwrap_err().errors[0].field(), "answer", "算错");
        assert_eq!(say("7", 31, 5).await.unwrap_err().errors[0].field(), "answer", "过期");
        for _ in 0..5 {
            say("7", 1, 5).await.unwrap();
        }
        assert_eq!(say("7", 2, 5).await.unwrap_err().code.as_str(), "rate-limited");
        let forged = test
            .db
            .write("t", move |tx| {
                let question = appraisals::question(tx, 2, 3, at).replace("3+4", "1+1");
                appraisals::appraise(tx, &Actor::anonymous(), &good(question, "2"), "10.0.0.2", at)
            })
            .await;
        assert!(forged.is_err(), "改了题面的不认");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appraisal_is_public_only_after_review() {
    for engine in engines() {
        let app = TestApp::open(engine, vec![tongban_directory::area(), tongban_parties::area(), tongban_messages::area(), tongban_items::area(), area()]).await.unwrap();
        let page = app.get("/appraise", "").await.unwrap();
        let question = page.body.split("name=\"question\" value=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
        let (a, b) = appraisals::asked(&question.replace("&#43;", "+")).split_once('+').map(|(a, b)| (a.parse::<i64>().unwrap(), b.parse::<i64>().unwrap())).unwrap();
        let question = question.replace("&#43;", "+");
        let sum = (a + b).to_string();
        let silent = app.post_form("/appraise", "", &[("target", "policy"), ("level", "1"), ("question", &question), ("answer", &sum)]).await.unwrap();
        assert_eq!(silent.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(silent.body.contains("政策的名称") && silent.body.contains("为什么"), "{}", silent.body);
        let fields = [("target", "policy"), ("policy", "高龄津贴"), ("level", "2"), ("text", "到账太慢，电话 13900008888"), ("question", question.as_str()), ("answer", sum.as_str())];
        assert_eq!(app.post_form("/appraise", "", &fields).await.unwrap().status, StatusCode::SEE_OTHER);
        assert!(!app.get("/appraise", "").await.unwrap().body.contains("到账太慢"), "没审不公开");
        let chief = Actor { tenant: 0, ..staff("主管", crate::support::UNIT, &[READ, REVIEW]) };
        let desk = app.sign_in(chief.clone());
        let list = app.get("/desk/rates/appraisals", &desk).await.unwrap();
        assert!(list.body.contains("高龄津贴"), "{}", list.body);
        let id = app.app.db().snapshot("t", |tx| store::appraisals(tx, 0, i64::MAX, 5)).await.unwrap()[0].id;
        let path = format!("/desk/rates/appraisals/{id}");
        let passed = app.post_form(&path, &desk, &[("version", "1"), ("pass", "1"), ("answer", "已改为当月发放")]).await.unwrap();
        assert_eq!(passed.status, StatusCode::SEE_OTHER, "{}", passed.body);
        let public = app.get("/appraise", "").await.unwrap();
        assert!(public.body.contains("到账太慢") && public.body.contains("已改为当月发放") && !public.body.contains("13900008888"));
        let elsewhere = app.sign_in(Actor { tenant: 99, ..chief });
        assert_eq!(app.post_form(&path, &elsewhere, &[("version", "2"), ("pass", "0")]).await.unwrap().status, StatusCode::NOT_FOUND);
    }
}

#[test]
fn an_inspection_is_mended_before_it_is_accepted() {
    assert!(INSPECTION_TABLE.iter().all(|(from, _, to)| from != to));
    assert_eq!(inspected(InspectionState::Open, InspectionAct::Accept), None);
    assert!(InspectionAct::ALL.iter().all(|act| inspected(InspectionState::Closed, *act).is_none()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_inspection_runs_to_acceptance_and_stays_within_reach() {
    for engine in engines() {
        let test = open(engine).await;
        let org = test
            .db
            .write("t", |tx| {
                let new = |parent: i64, name: &str, kind: i64| NewOrg { parent, name: name.into(), short_name: name.into(), kind, ..NewOrg::default() };
                let tenant = directory::create_org(tx, &Actor::system(), &new(0, "昭化区", KIND_TENANT), start())?;
                directory::create_org(tx, &Actor::system(), &new(tenant, "区医保局", 2), start())
            })
            .await
            .unwrap();
        let place = test.db.snapshot("t", move |tx| Ok(tongban_directory::queries::org(tx, org)?.unwrap().place())).await.unwrap();
        let inspector = move || Actor { scope: Scope::tenant(place.tenant), ..staff("督查员", 10, &[INSPECT]) };
        let unit = move || Actor { scope: Scope::unit(place.unit), ..staff("单位", 10, &[HANDLE]) };
        let sheet = move || Sheet { org, way: "covert".into(), day: "2026-03-01".into(), level: 1, found: "窗口空岗二十分钟".into() };
        let row = test.db.write("t", move |tx| appraisals::inspect(tx, &inspector(), &sheet(), start())).await.unwrap();
        assert_eq!((row.state, appraisals::due_text(&row).as_str()), (InspectionState::Open, "2026-03-23"));
        let id = row.id;
        let follow = async |actor: Actor, version: i64, act: InspectionAct, note: &'static str| {
            test.db.write("t", move |tx| appraisals::follow_inspection(tx, &actor, id, version, act, note, start())).await.map_err(tongban_store::Error::into_problem)
        };
        assert_eq!(follow(inspector(), 1, InspectionAct::Accept, "").await.unwrap_err().code.as_str(), "conflict");
        assert_eq!(follow(unit(), 1, InspectionAct::Mend, " ").await.unwrap_err().errors[0].field(), "note");
        let other = Actor { scope: Scope::unit(777), ..unit() };
        assert_eq!(follow(other, 1, InspectionAct::Mend, "改了").await.unwrap_err().code.as_str(), "not-found");
        follow(unit(), 1, InspectionAct::Mend, "加了一岗").await.unwrap();
        follow(inspector(), 2, InspectionAct::Return, "再看一周").await.unwrap();
        follow(unit(), 3, InspectionAct::Mend, "已排班表").await.unwrap();
        let closed = follow(inspector(), 4, InspectionAct::Accept, "").await.unwrap();
        assert_eq!((closed.state, closed.mended.as_str(), closed.closed), (InspectionState::Closed, "已排班表", Some(start())));
        let praised = test.db.write("t", move |tx| appraisals::inspect(tx, &inspector(), &Sheet { level: 5, ..sheet() }, start())).await.unwrap();
        assert_eq!((praised.state, praised.due_day), (InspectionState::Closed, 0));
        let kinds = test.db.snapshot("t", move |tx| tx.timeline(id)).await.unwrap();
        assert_eq!(kinds.len(), 5, "一条命令一条日志");
    }
}
