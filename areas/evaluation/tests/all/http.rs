//! 页面与接口：真的路由、真的库；两种引擎都跑。

use axum::http::StatusCode;
use crate::support::{case_entry, staff, tokens};
use tongban_evaluation::area;
use tongban_evaluation::permissions::{HANDLE, INVITE, READ, RECORD, REVIEW, REVISIT};
use tongban_store::testing::engines;
use tongban_web::testing::TestApp;

/// 一步：版本、动作、另填的几项。
type Step<'a> = (&'a str, &'a str, Vec<(&'a str, &'a str)>);

pub async fn open() -> Vec<TestApp> {
    let mut apps = Vec::new();
    for engine in engines() {
        let app = TestApp::open(engine, vec![tongban_directory::area(), tongban_parties::area(), tongban_messages::area(), tongban_items::area(), area()]).await.unwrap();
        app.app
            .db()
            .write("test.case", |tx| {
                let at = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(10);
                for (rev, kind) in (1..).zip(["cases.received", "cases.accepted", "cases.decided"]) {
                    case_entry(tx, kind, 1, rev, at)?;
                }
                Ok(())
            })
            .await
            .unwrap();
        app.app.settle().await.unwrap();
        apps.push(app);
    }
    apps
}

#[tokio::test]
async fn a_citizen_rates_in_two_steps_without_script_and_sees_the_answer_afterwards() {
    for app in open().await {
        let token = tokens(app.app.db(), 1).await.remove(2);
        let path = format!("/r/{token}");
        let faces = app.get(&path, "").await.unwrap();
        assert_eq!(faces.status, StatusCode::OK);
        assert_eq!(faces.body.matches("class=\"pad-b plain\"").count(), 5);
        assert!(!faces.body.contains("style="), "没有行内样式");
        let bad = app.get(&format!("{path}?level=2"), "").await.unwrap();
        assert!(bad.body.contains("服务态度生硬") && !bad.body.contains("承诺网办但无法在线办理"), "窗口件不出网办标签");
        let empty = app.post_form(&path, "", &[("level", "2")]).await.unwrap();
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(empty.body.contains("请至少选一个原因"));
        let sent = app.post_form(&path, "", &[("level", "2"), ("tags", "214"), ("tags", "213"), ("text", "等了 <b>很久</b>")]).await.unwrap();
        assert_eq!((sent.status, sent.location()), (StatusCode::SEE_OTHER, path.as_str()));
        let after = app.get(&path, "").await.unwrap();
        assert!(after.body.contains("您的评价：不满意") && after.body.contains("追加评价一次"));
        assert!(after.body.contains("等了 &#60;b&#62;很久") || after.body.contains("等了 &lt;b&gt;很久"));
        let twice = app.post_form(&path, "", &[("level", "5")]).await.unwrap();
        assert_eq!(twice.status, StatusCode::CONFLICT);
        assert!(twice.body.contains("已经用过了"));
        let qr = app.get(&format!("{path}/qr.svg"), "").await.unwrap();
        assert!(qr.body.starts_with("<svg") && qr.headers["content-type"] == "image/svg+xml");
        assert_eq!(app.get("/r/0000000000000000", "").await.unwrap().status, StatusCode::NOT_FOUND);
    }
}

#[tokio::test]
async fn a_bad_rating_goes_over_the_desk_to_the_public_page() {
    for app in open().await {
        let token = tokens(app.app.db(), 1).await.remove(2);
        app.post_form(&format!("/r/{token}"), "", &[("level", "1"), ("text", "窗口没人，打 13900008888 也不接")]).await.unwrap();
        let no = "510811-20260302-000001-3-1";
        let worker = app.sign_in(staff("李敏", crate::support::UNIT, &[READ, HANDLE, REVISIT]));
        let boss = app.sign_in(staff("周主管", crate::support::UNIT, &[READ, REVIEW, INVITE]));
        let outsider = app.sign_in(staff("外单位", 11, &[READ, HANDLE]));
        let path = format!("/desk/rates/{no}");
        assert!(app.get("/desk/rates", &worker).await.unwrap().body.contains(no));
        assert!(!app.get("/desk/rates", &outsider).await.unwrap().body.contains(no));
        assert_eq!(app.get(&path, &outsider).await.unwrap().status, StatusCode::NOT_FOUND);
        assert_eq!(app.get(&path, "").await.unwrap().status, StatusCode::SEE_OTHER, "没登录的去登录");
        let steps: [Step<'_>; 5] = [
            ("1", "contact", vec![]),
            ("2", "confirm", vec![]),
            ("3", "submit", vec![("cause", "attitude"), ("measures", "轮岗，李敏负责"), ("published", "已增设午间值班窗口")]),
            ("4", "approve", vec![]),
            ("5", "accept_revisit", vec![]),
        ];
        for (version, action, extra) in steps {
            let mut fields = vec![("action", action), ("version", version), ("note", "已办")];
            fields.extend(extra);
            let who = if action == "approve" { &boss } else { &worker };
            let answer = app.post_form(&path, who, &fields).await.unwrap();
            assert_eq!(answer.status, StatusCode::SEE_OTHER, "{action}: {}", answer.body);
        }
        let page = app.get(&path, &worker).await.unwrap();
        assert!(page.body.contains("已办结") && page.body.contains("轮岗"));
        let public = app.get("/open/rates?only=bad", "").await.unwrap();
        assert!(public.body.contains("已增设午间值班窗口") && !public.body.contains("窗口没人"), "文字没审不公开");
        app.post_form(&format!("/desk/rates/ratings/{no}/text"), &boss, &[("pass", "1")]).await.unwrap();
        let public = app.get("/open/rates", "").await.unwrap();
        assert!(public.body.contains("窗口没人") && !public.body.contains("13900008888"));
        let stale = app.post_form(&path, &worker, &[("action", "contact"), ("version", "1"), ("note", "x")]).await.unwrap();
        assert_eq!(stale.status, StatusCode::CONFLICT);
    }
}

#[tokio::test]
async fn the_interface_rates_lists_and_acts() {
    for app in open().await {
        let token = tokens(app.app.db(), 1).await.remove(1);
        let body = serde_json::json!({ "token": token, "satisfaction": 2, "tags": [214] });
        let made = app.post_json("/api/v1/evaluations", &app.sign_in(tongban_kernel::Actor::citizen(9, 9, 2, "王*")), &body).await.unwrap();
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        let no = made.json().unwrap()["bad_task"].as_str().unwrap().to_owned();
        let reader = app.sign_in(staff("李敏", crate::support::UNIT, &[READ, HANDLE]));
        let list = app.get("/api/v1/evaluations", &reader).await.unwrap().json().unwrap();
        assert_eq!(list["items"][0]["satisfaction_national"], 4);
        let open = app.get("/api/v1/bad-ratings?limit=5", &reader).await.unwrap().json().unwrap();
        assert_eq!(open["items"][0]["no"], no.as_str());
        let act = format!("/api/v1/bad-ratings/{no}/actions");
        let unversioned = app.post_json(&act, &reader, &serde_json::json!({ "action": "contact", "note": "已联系" })).await.unwrap();
        assert_eq!(unversioned.status, StatusCode::PRECONDITION_REQUIRED);
        let done = app.post_json(&act, &reader, &serde_json::json!({ "action": "contact", "note": "已联系", "version": 1 })).await.unwrap();
        assert_eq!(done.json().unwrap()["state"], "verifying");
        let stale = app.post_json(&act, &reader, &serde_json::json!({ "action": "confirm", "note": "属实", "version": 1 })).await.unwrap();
        assert_eq!(stale.status, StatusCode::PRECONDITION_FAILED);
        let stats = app.get("/api/v1/evaluations/stats", "").await.unwrap().json().unwrap();
        assert_eq!((stats["total"].as_i64(), stats["satisfaction_rate"].as_str()), (Some(1), Some("0.00%")));
    }
}

/// 同一张码，几个人、几下同时按：一条评价；其余的都说已经用过。
#[tokio::test(flavor = "multi_thread")]
async fn one_code_pressed_many_times_at_once_is_one_rating() {
    for app in open().await {
        let token = tokens(app.app.db(), 1).await.remove(2);
        let path = format!("/r/{token}");
        let press = || app.post_form(&path, "", &[("level", "5")]);
        let (one, two, three, four) = tokio::join!(press(), press(), press(), press());
        let mut statuses: Vec<_> = [one, two, three, four].into_iter().map(|answer| answer.unwrap().status).collect();
        statuses.sort_unstable();
        assert_eq!(statuses, [StatusCode::SEE_OTHER, StatusCode::CONFLICT, StatusCode::CONFLICT, StatusCode::CONFLICT]);
        let reader = app.sign_in(staff("李敏", crate::support::UNIT, &[READ]));
        let list = app.get("/api/v1/evaluations", &reader).await.unwrap().json().unwrap();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
    }
}

/// 电话里的差评照样派单，渠道照实记；一个环节一条。
#[tokio::test(flavor = "multi_thread")]
async fn a_rating_given_by_phone_or_on_paper_keeps_its_channel() {
    for app in open().await {
        let clerk = app.sign_in(staff("李敏", crate::support::UNIT, &[READ, RECORD]));
        let case = ("case", "510811-20260302-000001");
        let phone = app.post_form("/desk/rates/record", &clerk, &[case, ("node", "3"), ("level", "2"), ("channel", "8"), ("evidence", "录音 17"), ("text", "电话里说等太久")]).await.unwrap();
        assert_eq!(phone.status, StatusCode::SEE_OTHER, "{}", phone.body);
        let paper = app.post_form("/desk/rates/record", &clerk, &[case, ("node", "2"), ("level", "4"), ("channel", "9"), ("evidence", "意见单 5")]).await.unwrap();
        assert_eq!(paper.status, StatusCode::SEE_OTHER, "{}", paper.body);
        let list = app.get("/api/v1/evaluations", &clerk).await.unwrap().json().unwrap();
        let mut seen: Vec<_> = list["items"].as_array().unwrap().iter().map(|item| (item["pf"].as_i64().unwrap(), item["satisfaction"].as_i64().unwrap())).collect();
        seen.sort_unstable();
        assert_eq!(seen, [(8, 2), (9, 4)]);
        let open = app.get("/api/v1/bad-ratings", &app.sign_in(staff("李敏", crate::support::UNIT, &[READ, HANDLE]))).await.unwrap().json().unwrap();
        assert_eq!(open["items"].as_array().unwrap().len(), 1, "电话里的差评照样派单");
    }
}
