//! 变更、延续、补证的另两道门：窗口收件与接口登记，规矩与网上是同一处查的。

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use jiff::civil::date;
use serde_json::json;
use tongban_web::testing::{Answer, TestApp};

use super::follow::{granted, renewing};
use super::licences::{Home, home};
use super::*;
use crate::model::{FollowKind, Outcome};
use crate::store::follow_ups;

/// 离现在还远的届满日：页面用的是此刻的时钟。
const UNTIL: i64 = 20_991_231;

/// 窗口：原办件的单位与样例事项的单位都在范围内。
fn window(home: &Home) -> Actor {
    Actor { scope: Scope::new([2, home.place.unit].into_iter().flat_map(|unit| Scope::unit(unit).reaches().to_vec())), ..clerk() }
}

async fn ready(engine: tongban_store::Engine) -> (TestApp, Home, String) {
    let app = TestApp::open(engine, areas()).await.unwrap();
    let home = home(app.app.db()).await;
    let at = home.clone();
    let no = app.app.db().write("t", move |tx| Ok(granted(tx, &home, UNTIL)?.0)).await.unwrap();
    (app, at, no)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_follows_up_by_case_number_or_licence() {
    for engine in engines() {
        let (app, home, no) = ready(engine).await;
        let clerk = app.sign_in(window(&home));
        let number = no.clone();
        let licence = app.app.db().snapshot("t", move |tx| tongban_credentials::queries::issued_for_case(tx, &number)).await.unwrap().unwrap().identifier;
        assert!(app.get("/desk/new", &clerk).await.unwrap().body.contains("原办件编号，或证照上的编号"));
        let typo = app.get("/desk/new?earlier=510811-20210301-999999", &clerk).await.unwrap();
        assert!(typo.status == StatusCode::UNPROCESSABLE_ENTITY && typo.body.contains("没有查到这个编号的办件或证照"), "{}", typo.body);
        assert!(typo.body.contains("510811-20210301-999999"), "填的还在");
        // 范围外的窗口看到的与不存在一样
        let far = app.sign_in(super::clerk());
        assert_eq!(app.get(&format!("/desk/new?earlier={no}"), &far).await.unwrap().status, StatusCode::UNPROCESSABLE_ENTITY);
        // 证照编号也找得到原办件
        for text in [&no, &licence] {
            let pick = app.get(&format!("/desk/new?earlier={text}"), &clerk).await.unwrap();
            assert!(pick.body.contains(&no) && pick.body.contains("视为准予延续") && pick.body.contains("补证"), "{}", pick.body);
        }
        let form = app.get(&format!("/desk/new?earlier={no}&kind=renew"), &clerk).await.unwrap();
        assert!(form.body.contains("value=\"46\"") && form.body.contains("申请人应当是") && form.body.contains(&licence), "{}", form.body);
        assert!(!form.body.contains("510811198512120022"), "证件号不带出来，由窗口读证件");
        let code = sample_offer().code;
        let mut fields = vec![
            ("code", code.as_str()), ("follow_no", no.as_str()), ("follow_kind", "renew"), ("who", "person"), ("name", "王秀兰"),
            ("id_number", "510811199003070017"), ("mobile", "13900008888"), ("s_size", "small"), ("area", "60"), ("water", "y"),
            ("m_plan", "paper"), ("m_lease", "paper"), ("delivery", "pickup"),
        ];
        let other = app.post_form("/desk/new", &clerk, &fields).await.unwrap();
        assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(other.body.contains("证件号与原办件的申请人不一致") && other.body.contains("申请人应当是"), "{}", other.body);
        fields[5].1 = "510811198512120022";
        let made = app.post_form("/desk/new", &clerk, &fields).await.unwrap();
        assert_eq!(made.status, StatusCode::SEE_OTHER, "{}", made.body);
        let new = made.location().trim_start_matches("/desk/cases/").to_owned();
        let (case, link) = run(&app.test, move |tx| {
            let case = store::find_by_no(tx, &new)?.unwrap();
            let link = follow_ups::of_case(tx, case.id)?.unwrap();
            Ok((case, link))
        })
        .await
        .unwrap();
        assert_eq!((case.renews_until, case.person, case.channel), (Some(date(2099, 12, 31)), citizen().person, Channel::Window), "还是原来那个人的");
        assert_eq!((link.kind, link.earlier_no.as_str(), link.licence.as_str()), (FollowKind::Renew, no.as_str(), licence.as_str()));
        assert!(app.get(&format!("/me/cases/{}", case.no), &app.sign_in(citizen())).await.unwrap().body.contains("延续"), "本人在网上看得到");
        // 再来一次：同一种已经在办
        let pick = app.get(&format!("/desk/new?earlier={no}&kind=renew"), &clerk).await.unwrap();
        assert!(pick.body.contains("已经在办") && !pick.body.contains("材料逐份勾"), "{}", pick.body);
        let twice = app.post_form("/desk/new", &clerk, &[fields.as_slice(), &[("allow_same", "1")]].concat()).await.unwrap();
        assert!(twice.status == StatusCode::CONFLICT && twice.body.contains("已经在办"), "{} {}", twice.status, twice.body);
    }
}

async fn post(app: &TestApp, token: &str, key: &str, body: &serde_json::Value) -> Answer {
    let request = Request::post("/api/v1/cases")
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header("idempotency-key", key)
        .body(Body::from(body.to_string()))
        .unwrap();
    app.send(request).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_interface_follows_up_and_carries_the_rest_over() {
    for engine in engines() {
        let (app, home, no) = ready(engine).await;
        let client = app.sign_in(window(&home));
        let body = |no: &str, kind: &str, id: &str| {
            json!({
                "applicant": {"name": "王秀兰", "id_number": id, "mobile": "13900008888"},
                "form": {"area": "60"}, "materials": {"plan": "paper", "lease": "paper"}, "earlier": {"no": no, "kind": kind},
            })
        };
        let own = "510811198512120022";
        let unknown = post(&app, &client, "k-1", &body("510811-20210301-999999", "renew", own)).await;
        assert_eq!(unknown.status, StatusCode::NOT_FOUND, "{}", unknown.body);
        assert_eq!(post(&app, &client, "k-2", &body(&no, "fly", own)).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        let stranger = post(&app, &client, "k-3", &body(&no, "renew", "510811199003070017")).await;
        assert_eq!(stranger.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(stranger.body.contains("证件号与原办件的申请人不一致"), "{}", stranger.body);
        let far = app.sign_in(super::clerk());
        assert_eq!(post(&app, &far, "k-4", &body(&no, "renew", own)).await.status, StatusCode::NOT_FOUND, "范围外");
        let made = post(&app, &client, "k-5", &body(&no, "renew", own)).await;
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        let answer = made.json().unwrap();
        assert_eq!(answer["renews_until"], json!("2099-12-31"));
        let again = post(&app, &client, "k-5", &body(&no, "renew", own)).await;
        assert_eq!((again.status, &again.body), (StatusCode::CREATED, &made.body), "同一个键只成一件");
        let pending = post(&app, &client, "k-6", &body(&no, "renew", own)).await;
        assert!(pending.status == StatusCode::CONFLICT && pending.body.contains("已经在办"), "{}", pending.body);
        let new = answer["no"].as_str().unwrap().to_owned();
        let (form, situations) = run(&app.test, move |tx| {
            let case = store::find_by_no(tx, &new)?.unwrap();
            let details = store::details(tx, case.id)?.unwrap();
            Ok((details.form, details.situations))
        })
        .await
        .unwrap();
        assert_eq!((form["area"].as_str(), form["water"].as_str(), situations), ("60", "y", vec!["small".to_owned()]), "给了的用给的，没给的照原件");
    }
}

/// 原办件撤销了、届满了、是另一个事项的，命令里就拦住，从哪道门来都一样。
#[tokio::test(flavor = "multi_thread")]
async fn the_command_itself_refuses_what_no_door_may_pass() {
    on_each_engine(async |test| {
        let home = home(&test.db).await;
        run(&test, move |tx| {
            let (no, _) = granted(tx, &home, 20_210_705)?;
            let window = window(&home);
            let offer = super::licences::offer_at(home.place);
            let input = |kind| Registration { follow: Some(renewing(&no, kind)), ..registration() };
            let late = refusal(commands::register(tx, &window, &offer, &input(FollowKind::Renew), RANDOM, at("2021-07-06T09:00")));
            assert!(late.detail.contains("届满"), "{late:?}");
            let item = Offer { code: "11510811MB0000027M451299000100001".into(), ..offer.clone() };
            let wrong = refusal(commands::register(tx, &window, &item, &input(FollowKind::Change), RANDOM, at("2021-06-01T09:00")));
            assert!(wrong.errors[0].detail.contains("同一个事项"), "{wrong:?}");
            let idle = Actor { permissions: Arc::new(std::iter::once("cases.read".to_owned()).collect()), ..window.clone() };
            assert_eq!(refusal(commands::following(tx, &idle, &renewing(&no, FollowKind::Change), at("2021-06-01T09:00"))).code.status(), 403);
            let old = store::find_by_no(tx, &no)?.unwrap();
            assert_eq!(old.outcome, Some(Outcome::Granted));
            let approver = super::follow::staff_of(&home).1;
            commands::revoke(tx, &approver, &no, &commands::Ending { version: old.version, reason: "材料不实".into() }, at("2021-06-01T09:00"))?;
            let revoked = refusal(commands::register(tx, &window, &offer, &input(FollowKind::Change), RANDOM, at("2021-06-02T09:00")));
            assert!(revoked.detail.contains("没有有效的准予决定"), "{revoked:?}");
            Ok(())
        })
        .await
        .unwrap();
    })
    .await;
}
