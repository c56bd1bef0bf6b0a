//! 走真的路由：群众申办到查进度，窗口收件到办结，接口的 409、412、428、404，锁定。

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use serde_json::json;
use tongban_kernel::mask;
use tongban_web::testing::{Answer, TestApp};

use super::*;

async fn open(engine: tongban_store::Engine) -> TestApp {
    TestApp::open(engine, areas()).await.unwrap()
}

/// 一份 multipart，带一个文件或一个字段。
pub async fn upload(app: &TestApp, path: &str, token: &str, parts: &[(&str, Option<&str>, &[u8])]) -> Answer {
    let mut body = Vec::new();
    for (name, file, content) in parts {
        body.extend_from_slice(b"--B\r\nContent-Disposition: form-data; name=\"");
        body.extend_from_slice(name.as_bytes());
        body.extend_from_slice(b"\"");
        if let Some(file) = file {
            body.extend_from_slice(format!("; filename=\"{file}\"\r\nContent-Type: application/octet-stream").as_bytes());
        }
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--B--\r\n");
    let request = Request::post(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=B")
        .body(Body::from(body))
        .unwrap();
    app.send(request).await.unwrap()
}

pub const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x06\0\0\0\x1f\x15\xc4\x89";

/// 群众走完申办，回答办件编号。
async fn apply(app: &TestApp, token: &str) -> String {
    let code = sample_offer().code;
    let page = app.get(&format!("/apply/{code}"), token).await.unwrap();
    assert!(page.body.contains("开多大的店"), "{}", page.body);
    let refused = app.post_form(&format!("/apply/{code}"), token, &[]).await.unwrap();
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(refused.body.contains("有 1 处需要改"));
    let begun = app.post_form(&format!("/apply/{code}"), token, &[("s_size", "small")]).await.unwrap();
    let place = begun.location().to_owned();
    assert!(place.ends_with("/form/1"), "{place}");
    let base = place.trim_end_matches("/form/1").to_owned();

    assert!(app.get(&place, token).await.unwrap().body.contains("身份已从实名信息取来"));
    let next = app.post_form(&place, token, &[("mobile", "139 0000 8888"), ("summary", "开小吃店")]).await.unwrap();
    assert_eq!(next.location(), format!("{base}/form/2"));
    let wrong = app.post_form(&format!("{base}/form/2"), token, &[("area", "四十六"), ("water", "y")]).await.unwrap();
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(wrong.body.contains("<a href=\"#area\">经营面积要填数字，比如 46</a>") && wrong.body.contains("value=\"四十六\""));
    let next = app.post_form(&format!("{base}/form/2"), token, &[("area", "46"), ("water", "y")]).await.unwrap();
    assert_eq!(next.location(), format!("{base}/materials"));

    let bad = upload(app, &format!("{base}/materials/plan"), token, &[("file", Some("平面图.png"), b"not a picture")]).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bad.body.contains("内容与扩展名不符"));
    let good = upload(app, &format!("{base}/materials/plan"), token, &[("file", Some("平面图.png"), PNG)]).await;
    assert_eq!(good.status, StatusCode::SEE_OTHER, "{}", good.body);
    let deferred = upload(app, &format!("{base}/materials/lease"), token, &[("status", None, b"deferred")]).await;
    assert_eq!(deferred.status, StatusCode::SEE_OTHER);
    let page = app.get(&format!("{base}/materials"), token).await.unwrap();
    assert!(page.body.contains("必要的都齐了") && page.body.contains("平面图.png"));

    let check = app.get(&format!("{base}/check"), token).await.unwrap();
    assert!(check.body.contains("小吃店") && check.body.contains(&mask::mobile("13900008888")));
    let unsure = app.post_form(&format!("{base}/check"), token, &[("delivery", "electronic")]).await.unwrap();
    assert_eq!(unsure.status, StatusCode::UNPROCESSABLE_ENTITY);
    let sent = app.post_form(&format!("{base}/check"), token, &[("delivery", "electronic"), ("truth", "1")]).await.unwrap();
    assert_eq!(sent.location(), format!("{base}/done"), "{}", sent.body);
    let done = app.get(&format!("{base}/done"), token).await.unwrap();
    assert!(done.body.contains("已提交，等待受理") && done.body.contains("class=\"qr\""));
    let again = app.post_form(&format!("{base}/check"), token, &[("delivery", "electronic"), ("truth", "1")]).await.unwrap();
    assert_eq!(again.location(), format!("{base}/done"));
    let at = done.body.find("/me/cases/").unwrap();
    done.body[at + 10..at + 32].to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_citizen_applies_tracks_and_mends() {
    for engine in engines() {
        let app = open(engine).await;
        let me = app.sign_in(citizen());
        let no = apply(&app, &me).await;
        assert!(app.get("/me/cases", &me).await.unwrap().body.contains(&no));
        assert!(app.get(&format!("/me/cases/{no}"), &me).await.unwrap().body.contains("等待受理"));
        let stranger = app.sign_in(Actor::citizen(9, 9, 3, "李*"));
        assert_eq!(app.get(&format!("/me/cases/{no}"), &stranger).await.unwrap().status, StatusCode::NOT_FOUND);

        let seen = app.post_form("/track", "", &[("no", &no), ("code", "8888")]).await.unwrap();
        assert_eq!(seen.status, StatusCode::OK);
        assert!(seen.body.contains("区市场监管局") && !seen.body.contains("王秀兰"));

        let clerk = app.sign_in(clerk());
        let received = app.post_form(&format!("/desk/cases/{no}/actions/receive"), &clerk, &[("version", "1")]).await.unwrap();
        assert_eq!(received.location(), format!("/desk/cases/{no}"), "{}", received.body);
        let form = app.get(&format!("/desk/cases/{no}/actions/request-correction"), &clerk).await.unwrap();
        assert!(form.body.contains("经营场所平面布局图") && form.body.contains("原样发给申请人"));
        let empty = app.post_form(&format!("/desk/cases/{no}/actions/request-correction"), &clerk, &[("version", "2")]).await.unwrap();
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        let points = [("version", "2"), ("p_plan", "没标厨房"), ("r_plan", "请标出来"), ("name_plan", "平面图")];
        let told = app.post_form(&format!("/desk/cases/{no}/actions/request-correction"), &clerk, &points).await.unwrap();
        assert_eq!(told.status, StatusCode::SEE_OTHER, "{}", told.body);

        let fix = app.get(&format!("/me/cases/{no}/fix"), &me).await.unwrap();
        assert!(fix.body.contains("窗口说：没标厨房"));
        let none = upload(&app, &format!("/me/cases/{no}/fix"), &me, &[("version", None, b"3")]).await;
        assert_eq!(none.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", none.body);
        let sent = upload(&app, &format!("/me/cases/{no}/fix"), &me, &[("version", None, b"3"), ("m_plan", Some("新图.png"), PNG)]).await;
        assert_eq!(sent.location(), format!("/me/cases/{no}"), "{}", sent.body);
        let accepted = app.post_form(&format!("/desk/cases/{no}/actions/accept"), &clerk, &[("version", "4"), ("m_plan", "ok")]).await.unwrap();
        assert_eq!(accepted.status, StatusCode::SEE_OTHER, "{}", accepted.body);
        let page = app.get(&format!("/desk/cases/{no}"), &clerk).await.unwrap();
        assert!(page.body.contains("受理通知书") && page.body.contains("审查中"));
        let at = page.body.find(&format!("/desk/cases/{no}/print/")).unwrap();
        let link: String = page.body[at..].chars().take_while(|c| *c != '"').collect();
        let printed = app.get(&link, &clerk).await.unwrap();
        assert!(printed.body.contains("王秀兰") && printed.body.contains("收件凭证"), "{}", printed.body);
        assert_eq!(app.get(&link.replace("/desk/", "/me/"), &stranger).await.unwrap().status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn five_wrong_guesses_lock_the_number() {
    let app = open(engines()[0]).await;
    let me = app.sign_in(citizen());
    let no = apply(&app, &me).await;
    for _ in 0..5 {
        let miss = app.post_form("/track", "", &[("no", &no), ("code", "0000")]).await.unwrap();
        assert_eq!(miss.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(miss.body.contains("多半是这三种情况"));
    }
    let locked = app.post_form("/track", "", &[("no", &no), ("code", "8888")]).await.unwrap();
    assert_eq!(locked.status, StatusCode::TOO_MANY_REQUESTS);
    let api = app.post_json("/api/v1/track", "", &json!({"no": no, "code": "8888"})).await.unwrap();
    assert_eq!(api.status, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_window_takes_a_case_on_one_page() {
    for engine in engines() {
        let app = open(engine).await;
        let clerk = app.sign_in(clerk());
        let code = sample_offer().code;
        assert!(app.get(&format!("/desk/new?code={code}"), &clerk).await.unwrap().body.contains("材料逐份勾"));
        let mut fields = vec![
            ("code", code.as_str()), ("who", "person"), ("name", "王秀兰"), ("id_number", "510811198512120022"), ("mobile", "13900008888"),
            ("s_size", "small"), ("area", "46"), ("water", "y"), ("m_plan", "paper"), ("m_lease", "deferred"), ("delivery", "pickup"),
        ];
        fields[3].1 = "510811198512120023";
        let wrong = app.post_form("/desk/new", &clerk, &fields).await.unwrap();
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("最后一位对不上") && wrong.body.contains("value=\"王秀兰\""));
        fields[3].1 = "510811198512120022";
        let taken = app.post_form("/desk/new", &clerk, &fields).await.unwrap();
        let place = taken.location().to_owned();
        assert!(place.starts_with("/desk/cases/"), "{}", taken.body);
        let page = app.get(&place, &clerk).await.unwrap();
        assert!(page.body.contains("已收纸质") && page.body.contains(&mask::id_number("510811198512120022")) && !page.body.contains("510811198512120022"));
        let twice = app.post_form("/desk/new", &clerk, &fields).await.unwrap();
        assert_eq!(twice.status, StatusCode::CONFLICT);
        assert!(twice.body.contains("仍要收件"));
        let list = app.get("/desk/cases?tab=pending", &clerk).await.unwrap();
        assert!(list.body.contains("王**") && list.body.contains("共 1 件"));
        let found = app.get("/desk/cases?q=%E7%8E%8B%E7%A7%80%E5%85%B0", &clerk).await.unwrap();
        assert!(found.body.contains("王**"));
        let sheet = app.get("/desk/cases?tab=pending&format=csv", &clerk).await.unwrap();
        assert!(sheet.body.contains("办件编号") && sheet.body.contains("食品经营许可"));
        // 别的单位看不到
        let other = app.sign_in(Actor { scope: Scope::unit(77), ..super::clerk() });
        assert_eq!(app.get(&place, &other).await.unwrap().status, StatusCode::NOT_FOUND);
        assert!(!app.get("/desk/cases", &other).await.unwrap().body.contains("王**"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_speaks_versions_states_and_keys() {
    for engine in engines() {
        let app = open(engine).await;
        let clerk = app.sign_in(clerk());
        let body = json!({
            "item_code": sample_offer().code,
            "applicant": {"name": "王秀兰", "id_number": "510811198512120022", "mobile": "13900008888"},
            "situations": ["small"], "form": {"area": "46", "water": "y"}, "materials": {"plan": "paper", "lease": "paper"},
        });
        let bare = app.post_json("/api/v1/cases", &clerk, &body).await.unwrap();
        assert_eq!(bare.json().unwrap()["code"], "idempotency-key-required");
        let send = || {
            Request::post("/api/v1/cases")
                .header(header::AUTHORIZATION, format!("Bearer {clerk}"))
                .header(header::CONTENT_TYPE, "application/json")
                .header("idempotency-key", "k-1")
                .body(Body::from(body.to_string()))
                .unwrap()
        };
        let made = app.send(send()).await.unwrap();
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        let replayed = app.send(send()).await.unwrap();
        assert_eq!((replayed.status, &replayed.body), (StatusCode::CREATED, &made.body));
        for name in ["content-type", "etag", "location"] {
            assert_eq!(replayed.headers[name], made.headers[name], "{name}");
        }
        assert!(replayed.headers.contains_key("idempotency-replayed") && !made.headers.contains_key("idempotency-replayed"));
        let no = made.json().unwrap()["no"].as_str().unwrap().to_owned();
        let act = async |action: &str, body: serde_json::Value| {
            app.post_json(&format!("/api/v1/cases/{no}/actions/{action}"), &clerk, &body).await.unwrap()
        };
        assert_eq!(act("receive", json!({})).await.status, StatusCode::PRECONDITION_REQUIRED);
        assert_eq!(act("receive", json!({"version": 9})).await.json().unwrap()["version"], 1);
        let wrong = act("decide", json!({"version": 1, "outcome": "granted"})).await;
        assert_eq!((wrong.status, wrong.json().unwrap()["current_state"].clone()), (StatusCode::CONFLICT, json!("submitted")));
        assert_eq!(act("receive", json!({"version": 1, "typo": 1})).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(act("fly", json!({"version": 1})).await.status, StatusCode::NOT_FOUND);
        let done = act("receive", json!({"version": 1})).await;
        assert_eq!((done.status, done.json().unwrap()["state"].clone()), (StatusCode::OK, json!("received")));
        let read = app.get(&format!("/api/v1/cases/{no}"), &clerk).await.unwrap();
        assert_eq!(read.headers["etag"], "\"2\"");
        assert_eq!(read.json().unwrap()["allowed_actions"], json!(["refuse", "request-correction", "accept", "withdraw", "terminate", "void", "transfer"]));
        let list = app.get("/api/v1/cases?tab=pending&limit=1", &clerk).await.unwrap().json().unwrap();
        assert_eq!((list["items"][0]["no"].clone(), list["next_cursor"].clone()), (json!(no), json!(null)));
        assert_eq!(app.get("/api/v1/cases?tab=zzz", &clerk).await.unwrap().status, StatusCode::UNPROCESSABLE_ENTITY);
        let steps = app.get(&format!("/api/v1/cases/{no}/steps"), &clerk).await.unwrap().json().unwrap();
        assert_eq!(steps.as_array().unwrap().len(), 2);
        assert_eq!(app.get(&format!("/api/v1/cases/{no}"), "").await.unwrap().status, StatusCode::UNAUTHORIZED);
        let outside = app.sign_in(Actor::citizen(9, 9, 3, "李*"));
        assert_eq!(app.get(&format!("/api/v1/cases/{no}"), &outside).await.unwrap().status, StatusCode::NOT_FOUND);
        assert_eq!(app.get("/api/v1/case-states", "").await.unwrap().json().unwrap().as_array().unwrap().len(), 13);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_done_elsewhere_is_linked_once() {
    for engine in engines() {
        let app = open(engine).await;
        let clerk = app.sign_in(clerk());
        let code = sample_offer().code;
        let fields = [
            ("code", code.as_str()), ("system", "省食品许可系统"), ("number", "SP-1"), ("who", "person"), ("name", "王秀兰"),
            ("id_number", "510811198512120022"), ("mobile", "13900008888"), ("accepted_at", "2021-10-08 10:00"),
            ("decided_at", "2021-10-20 10:00"), ("outcome", "granted"),
        ];
        let mut wrong = fields;
        wrong[8].1 = "昨天";
        let refused = app.post_form("/desk/sync", &clerk, &wrong).await.unwrap();
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("办结时间要写成"));
        let linked = app.post_form("/desk/sync", &clerk, &fields).await.unwrap();
        assert_eq!(linked.location(), "/desk/cases/510811-20211008-000001", "{}", linked.body);
        assert_eq!(app.post_form("/desk/sync", &clerk, &fields).await.unwrap().status, StatusCode::CONFLICT);
        let case = state_of(&app.test, "510811-20211008-000001").await;
        assert_eq!((case.state, case.on_time, case.linked_in_time), (crate::model::State::Closed, Some(false), Some(false)));
        let id = case.id;
        let codes: Vec<_> = run(&app.test, move |tx| store::anomalies_of(tx, id)).await.unwrap().into_iter().map(|a| a.anomaly.code()).collect();
        assert_eq!(codes, ["M02", "M13"]);
        assert_eq!(kinds_of(&app.test, id).await, ["cases.decided"]);

        let watcher = app.sign_in(staff(41, &["cases.read", "cases.monitor"]));
        let page = app.get("/desk/anomalies", &watcher).await.unwrap();
        assert!(page.body.contains("M13") && page.body.contains("省食品许可系统"));
        let at = page.body.find("/desk/anomalies/").unwrap();
        let target: String = page.body[at..].chars().take_while(|c| *c != '"').collect();
        assert_eq!(app.post_form(&target, &clerk, &[("action", "tell")]).await.unwrap().status, StatusCode::FORBIDDEN);
        assert_eq!(app.post_form(&target, &watcher, &[("action", "archive"), ("note", "归档")]).await.unwrap().status, StatusCode::CONFLICT);
        assert_eq!(app.post_form(&target, &watcher, &[("action", "tell")]).await.unwrap().status, StatusCode::SEE_OTHER);
        assert_eq!(app.post_form(&target, &clerk, &[("action", "mend"), ("note", "已补录")]).await.unwrap().status, StatusCode::SEE_OTHER);
        assert_eq!(app.post_form(&target, &watcher, &[("action", "confirm"), ("note", "属实")]).await.unwrap().status, StatusCode::SEE_OTHER);
        assert!(app.get("/desk/anomalies?tab=confirmed", &watcher).await.unwrap().body.contains("属实"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn unmasking_leaves_a_trace() {
    let app = open(engines()[0]).await;
    let me = app.sign_in(citizen());
    let no = apply(&app, &me).await;
    let curious = app.sign_in(staff(11, &["cases.read", "cases.unmask"]));
    let shown = app.post_form(&format!("/desk/cases/{no}/unmask"), &curious, &[]).await.unwrap();
    assert!(shown.body.contains("510811198512120022"));
    let case = state_of(&app.test, &no).await;
    assert!(kinds_of(&app.test, case.id).await.contains(&"cases.unmasked".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn measures_agree_with_their_drill_down() {
    for engine in engines() {
        let app = open(engine).await;
        let now = at("2021-10-08T10:00");
        let case = accepted(&app.test, Offer { single_post: true, ..offer_of(5) }, now).await;
        submitted(&app.test, Offer { item_id: 5, ..offer_of(5) }, now).await;
        let (no, version) = (case.no.to_string(), case.version);
        run(&app.test, move |tx| {
            let approver = staff(31, &["cases.approve"]);
            let decide = commands::Decide { version, outcome: crate::model::Outcome::Granted, reason: String::new() };
            commands::decide(tx, &approver, &no, &decide, at("2021-10-12T10:00"))
        })
        .await
        .unwrap();
        let measures = &crate::measures::MEASURES[0];
        let (tally, drilled) = run(&app.test, move |tx| {
            let mut tally = tongban_web::Tally::default();
            for (_, facts) in (measures.scan)(tx, 0, 100)? {
                (measures.tally)(&facts, &mut tally)?;
            }
            let actor = Actor::system();
            let mut drilled = Vec::new();
            for code in measures.codes {
                let query = tongban_web::area::DrillQuery { org: 3, from_day: 20_211_001, to_day: 20_211_031, after: 0, limit: 100, actor: &actor };
                let total: i64 = (code.drill)(tx, &query)?.iter().map(|row| row.weight).sum();
                drilled.push((code.code, total));
            }
            Ok((tally, drilled))
        })
        .await
        .unwrap();
        for (code, total) in drilled.into_iter().filter(|(code, _)| *code != "cases.item_active") {
            let sum: i64 = tally.sums.iter().filter(|((name, ..), _)| *name == code).map(|(_, n)| n).sum();
            assert_eq!(sum, total, "{code}");
        }
        assert_eq!(tally.sums[&("cases.decided", 3, 20_211_012)], 1);
        assert_eq!(tally.sums[&("cases.applied", 3, 20_211_008)], 2);
        assert_eq!(tally.sums[&("cases.applied_online", 3, 20_211_008)], 1);
    }
}
