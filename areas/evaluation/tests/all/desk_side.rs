//! 号票评价、四川维度、按岗位统计、评价仪绑定与离线。

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use tongban_contracts::hall::ServedV1;
use tongban_evaluation::commands::{self, pads};
use tongban_evaluation::permissions::{INVITE, READ};
use tongban_evaluation::rules::{self, Draft};
use tongban_evaluation::store::{self, By};
use tongban_kernel::{Actor, Scope};
use tongban_store::Entry;
use tongban_store::testing::engines;
use tongban_web::testing::TestApp;

use crate::support::{ORG, TENANT, UNIT, case_entry, from_phone, open, settle, staff, start, tokens};

#[tokio::test(flavor = "multi_thread")]
async fn a_served_ticket_is_rated_once_and_never_counts_as_a_case() {
    for engine in engines() {
        let test = open(engine).await;
        let served = ServedV1 {
            number: "A012".into(),
            day: 20_260_302,
            site: 9,
            window: 3,
            staff: 55,
            staff_code: "011".into(),
            post: 77,
            tenant: TENANT,
            unit: UNIT,
            org: ORG,
            matter: "咨询社保".into(),
            account: 0,
        };
        let body = serde_json::to_string(&served).unwrap();
        test.db
            .write("t", move |tx| {
                for rev in 1..=2 {
                    tx.journal(Entry { kind: "hall.served", subject: 4242, rev, at: start(), actor: &Actor::system(), tenant: TENANT, body: &body })?;
                }
                Ok(())
            })
            .await
            .unwrap();
        settle(&test.db).await;
        let token = test
            .db
            .snapshot("t", |tx| {
                let id = store::find_case(tx, 4242)?.unwrap();
                let invited = store::invitations(tx, id)?;
                assert_eq!(invited.len(), 1, "同一号票只发一张");
                Ok(commands::token(tx, invited[0].id))
            })
            .await
            .unwrap();
        let at = start() + SignedDuration::from_mins(5);
        let code = token.clone();
        let rated = test
            .db
            .write("t", move |tx| {
                let rating = rules::check(&Draft { level: Some(5), dims: vec!["attitude:4".into(), String::new(), "competence:5".into()], ..Draft::default() })?;
                commands::rate(tx, &Actor::anonymous(), &code, &rating, &from_phone(), at)
            })
            .await
            .unwrap();
        assert_eq!(rated.no, "PH-20260302-A012-4242-3-1");
        let again = test
            .db
            .write("t", move |tx| {
                let rating = rules::check(&Draft { level: Some(5), ..Draft::default() })?;
                commands::rate(tx, &Actor::anonymous(), &token, &rating, &from_phone(), at)
            })
            .await;
        assert!(again.is_err(), "一号一评");
        let (facts, posts, dims) = test
            .db
            .snapshot("t", move |tx| {
                let id = store::find_case(tx, 4242)?.unwrap();
                let subject = store::subject(tx, id)?.unwrap();
                let scope = Scope::tenant(TENANT);
                let (from, to) = (start(), start() + SignedDuration::from_hours(24));
                Ok((store::facts(tx, &subject)?, store::grouped(tx, &scope, By::Post, from, to)?, store::dimension_sums(tx, &scope, from, to)?))
            })
            .await
            .unwrap();
        let mut booked = Vec::new();
        facts.book(|measure, _, n| booked.push((measure, n)));
        assert_eq!(booked, [("evaluation.first", 1), ("evaluation.score", 5), ("evaluation.good", 1), ("evaluation.very_satisfied", 1)], "不进按办件数的指标");
        assert_eq!(posts, [("77".to_owned(), String::new(), 5, 1)]);
        assert_eq!(dims, [("attitude".to_owned(), 1, 4), ("competence".to_owned(), 1, 5)]);
    }
}

#[test]
fn dimension_scores_are_one_to_five_and_known() {
    let check = |dim: &str| rules::check(&Draft { level: Some(5), dims: vec![dim.into()], ..Draft::default() });
    assert_eq!(check("guide:3").unwrap().dims, [("guide", 3)]);
    for bad in ["guide:0", "guide:6", "weather:3", "guide"] {
        assert_eq!(check(bad).unwrap_err().errors[0].field(), "dims", "{bad}");
    }
}

async fn with_case(engine: tongban_store::Engine) -> TestApp {
    let app = TestApp::open(engine, vec![tongban_directory::area(), tongban_parties::area(), tongban_messages::area(), tongban_evaluation::area()]).await.unwrap();
    app.app
        .db()
        .write("t", |tx| {
            for (rev, kind) in (1..).zip(["cases.received", "cases.accepted", "cases.decided"]) {
                case_entry(tx, kind, 1, rev, Timestamp::now() - SignedDuration::from_mins(10))?;
            }
            Ok(())
        })
        .await
        .unwrap();
    app.app.settle().await.unwrap();
    app
}

async fn get_as(app: &TestApp, path: &str, cookie: &str) -> String {
    let request = Request::builder().uri(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
    app.send(request).await.unwrap().body
}

#[tokio::test(flavor = "multi_thread")]
async fn one_pad_per_window_and_an_offline_pad_falls_back_to_the_code() {
    for engine in engines() {
        let app = with_case(engine).await;
        let clerk = app.sign_in(staff("李敏", UNIT, &[READ, INVITE]));
        let key = app.app.db().snapshot("t", |tx| Ok(commands::pad_key(tx, 3))).await.unwrap();
        let pad = format!("/pad/3?k={key}");
        assert!(app.get(&pad, "").await.unwrap().body.contains("绑定这台设备"));
        let push = async || app.post_form("/desk/rates/cases/510811-20260302-000001/push", &clerk, &[("node", "3"), ("window", "3")]).await.unwrap();
        let refused = push().await;
        assert_eq!(refused.status, StatusCode::CONFLICT);
        assert!(refused.body.contains("还没有绑定"), "{}", refused.body);
        assert_eq!(app.post_form("/pad/3/bind", "", &[("k", "guess")]).await.unwrap().status, StatusCode::NOT_FOUND);
        let bound = app.post_form("/pad/3/bind", "", &[("k", &key)]).await.unwrap();
        assert_eq!(bound.status, StatusCode::SEE_OTHER);
        let set: Vec<_> = bound.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap().to_owned()).collect();
        let cookie = set.iter().find(|value| value.starts_with("tongban_pad_3=")).unwrap().split(';').next().unwrap().to_owned();
        assert!(set.iter().any(|value| value.contains("HttpOnly")));
        // 另一台进不来，也抢不走
        assert!(app.get(&pad, "").await.unwrap().body.contains("已绑定另一台"));
        assert_eq!(app.post_form("/pad/3/bind", "", &[("k", &key)]).await.unwrap().status, StatusCode::CONFLICT);
        // 绑定的那台在线：推得上去
        assert!(get_as(&app, &pad, &cookie).await.contains("请您监督"));
        assert_eq!(push().await.status, StatusCode::SEE_OTHER);
        let asking = get_as(&app, &pad, &cookie).await;
        assert_eq!(asking.matches("class=\"pad-b plain\"").count(), 5);
        // 一分钟没报到：离线
        let (old, later) = app
            .app
            .db()
            .snapshot("t", |tx| {
                let device = store::device(tx, 3)?;
                let now = Timestamp::now();
                Ok((pads::standing(device.as_ref(), now), pads::reachable(tx, 3, now + SignedDuration::from_secs(75)).is_err()))
            })
            .await
            .unwrap();
        assert_eq!((old, later), (pads::Standing::Online, true));
        let page = app.get("/desk/rates/cases/510811-20260302-000001", &clerk).await.unwrap();
        assert!(page.body.contains("/qr.svg"));
        // 令牌仍只能用一次
        let token = tokens(app.app.db(), 1).await.remove(2);
        let sent = app.post_form(&format!("/r/{token}"), "", &[("level", "5"), ("from", "pad"), ("pad", "3"), ("k", &key), ("dims", "attitude:5"), ("dims", "")]).await.unwrap();
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
    }
}
