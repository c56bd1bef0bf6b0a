//! 驾驶舱的页面与接口：每个数点得开，范围外 404，导出与页面一致，填报说清是谁；两种引擎都跑。

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::StatusCode;
use crate::support::{Change, Facts, Orgs, background, change, open, today};
use tongban_indicators::permissions::{MANAGE, READ, REPORT};
use tongban_kernel::{Actor, ActorKind, Scope};
use tongban_store::testing::engines;
use tongban_web::testing::TestApp;

fn staff(scope: Scope, permissions: &[&str]) -> Actor {
    Actor {
        kind: ActorKind::Staff,
        account: 1,
        name: "周局长".into(),
        permissions: Arc::new(permissions.iter().map(|p| (*p).to_owned()).collect::<BTreeSet<_>>()),
        scope,
        ..Actor::anonymous()
    }
}

/// 局里 7 条（5 条计入），撤并乡 3 条（全部计入）。
async fn filled() -> Vec<(TestApp, Orgs)> {
    let mut all = Vec::new();
    for engine in engines() {
        let (app, orgs) = open(engine).await;
        app.app
            .db()
            .write("test.fill", move |tx| {
                for id in 1..=10 {
                    let (org, good) = if id <= 7 { (orgs.bureau, id <= 5) } else { (orgs.legacy, true) };
                    change(tx, id, Change::Create { facts: Facts { org, day: today(), good, item: id } })?;
                }
                Ok(())
            })
            .await
            .unwrap();
        app.app.settle().await.unwrap();
        all.push((app, orgs));
    }
    all
}

#[tokio::test]
async fn three_clicks_from_the_number_to_the_records() {
    for (app, orgs) in filled().await {
        let leader = app.sign_in(staff(Scope::tenant(orgs.tenant), &[READ]));
        let board = app.get("/cockpit", &leader).await.unwrap();
        assert_eq!(board.status, StatusCode::OK, "{}", board.body);
        assert!(board.body.contains("80.00%") && board.body.contains("网上可办率"));
        assert!(!board.body.contains("style="), "没有行内样式");
        assert!(board.body.contains("未接入") || board.body.contains("还没接上数据"));
        assert!(board.body.len() < 60 * 1024, "{} 字节", board.body.len());
        let one = app.get(&format!("/cockpit/k/item_online_available_rate?org={}", orgs.tenant), &leader).await.unwrap();
        assert!(one.body.contains("<svg class=\"chart\"") && one.body.contains("行政审批局"));
        for (part, org, count) in
            [("num", orgs.tenant, 8), ("den", orgs.tenant, 10), ("rest", orgs.tenant, 2), ("num", orgs.town, 3), ("num", orgs.legacy, 3)]
        {
            let path = format!("/cockpit/k/item_online_available_rate/records?org={org}&part={part}&limit=50");
            let list = app.get(&path, &leader).await.unwrap();
            assert!(list.body.contains(&format!("这个数是 <b class=\"num\">{count}</b>")), "{part}");
            assert_eq!(list.body.matches("href=\"/toy/").count(), count, "{part}");
        }
        let town = app.get(&format!("/cockpit/u/{}", orgs.town), &leader).await.unwrap();
        assert!(town.body.contains("晋贤乡便民服务点"), "原名仍能下钻");
        let wall = app.get("/cockpit/wall", &leader).await.unwrap();
        assert!(wall.status == StatusCode::OK && wall.body.contains("退出大屏"));
        let bad = app.get("/cockpit?per=2026-13", &leader).await.unwrap();
        assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test]
async fn outside_ones_reach_there_is_nothing() {
    for (app, orgs) in filled().await {
        let clerk = app.sign_in(staff(Scope::unit(orgs.town), &[READ]));
        let own = app.get("/cockpit", &clerk).await.unwrap();
        assert!(own.body.contains("元坝镇人民政府") && own.body.contains("100.00%"));
        for path in [format!("/cockpit?org={}", orgs.bureau), format!("/cockpit/u/{}", orgs.bureau), "/cockpit/u/1".to_owned()] {
            assert_eq!(app.get(&path, &clerk).await.unwrap().status, StatusCode::NOT_FOUND, "{path}");
        }
        let records = format!("/api/v1/indicators/op_active_eval_rate/records?org={}", orgs.tenant);
        assert_eq!(app.get(&records, &clerk).await.unwrap().status, StatusCode::NOT_FOUND);
        let nobody = app.sign_in(staff(Scope::unit(orgs.town), &[]));
        assert_eq!(app.get("/cockpit", &nobody).await.unwrap().status, StatusCode::FORBIDDEN);
    }
}

#[tokio::test]
async fn pages_files_and_interface_say_the_same() {
    for (app, orgs) in filled().await {
        let leader = app.sign_in(staff(Scope::tenant(orgs.tenant), &[READ, MANAGE]));
        let list = app.get("/api/v1/indicators", &leader).await.unwrap().json().unwrap();
        let find = |id: &str| list["items"].as_array().unwrap().iter().find(|item| item["id"] == id).unwrap().clone();
        let rate = find("op_active_eval_rate");
        assert_eq!((rate["num"].as_i64(), rate["den"].as_i64(), rate["value"].as_str()), (Some(8), Some(10), Some("80.00%")));
        assert_eq!(find("seal_apply_rate")["source"], "pending");
        assert_eq!(find("hotline_24h_system")["value"], "未报送");
        assert_eq!(find("case_on_time_rate")["value"], "未接入", "度量没有人提供就是未接入");
        let csv = app.get("/cockpit?format=csv", &leader).await.unwrap();
        assert!(csv.body.starts_with('\u{feff}') && csv.body.contains("op_active_eval_rate,主动评价率,80.00%,8,10"));
        let page = app.get("/api/v1/indicators/op_active_eval_rate/records?part=den&limit=4", &leader).await.unwrap().json().unwrap();
        let next = page["next_cursor"].as_str().unwrap();
        let path = format!("/api/v1/indicators/op_active_eval_rate/records?part=den&limit=4&cursor={next}");
        assert_eq!(app.get(&path, &leader).await.unwrap().json().unwrap()["items"].as_array().unwrap().len(), 4);
        let records = app.get("/cockpit/k/op_active_eval_rate/records?part=den&format=csv", &leader).await.unwrap();
        assert_eq!(records.body.lines().count(), 11);
        let days = app.get("/api/v1/indicators/op_active_eval_rate/snapshots", &leader).await.unwrap().json().unwrap();
        assert_eq!((days["items"][0]["num"].as_i64(), days["items"][0]["rules"].as_str()), (Some(8), Some("2026")));
        let counted = app.post_json("/api/v1/indicators/recount", &leader, &serde_json::json!({})).await.unwrap().json().unwrap();
        let records = 10 + background(&app).await;
        assert_eq!((counted["records"].as_i64(), counted["mismatches"].as_i64()), (Some(records), Some(0)));
    }
}

#[tokio::test]
async fn what_people_type_in_says_who_and_on_what_ground() {
    for (app, orgs) in filled().await {
        let leader = app.sign_in(staff(Scope::tenant(orgs.tenant), &[READ, REPORT]));
        let path = "/cockpit/k/hotline_24h_system/report";
        let tenant = orgs.tenant.to_string();
        let form = app.get(&format!("{path}?org={tenant}"), &leader).await.unwrap();
        assert_eq!(form.status, StatusCode::OK);
        let empty = app.post_form(path, &leader, &[("org", &tenant), ("num", "1"), ("evidence", "")]).await.unwrap();
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
        let sent = [("org", tenant.as_str()), ("num", "1"), ("evidence", "昭府发〔2026〕3 号")];
        assert_eq!(app.post_form(path, &leader, &sent).await.unwrap().status, StatusCode::SEE_OTHER);
        let shown = app.get(&format!("/cockpit/k/hotline_24h_system?org={tenant}"), &leader).await.unwrap();
        assert!(shown.body.contains("周局长 于") && shown.body.contains("昭府发〔2026〕3 号") && shown.body.contains("第 1 版"));
        let again = [("org", tenant.as_str()), ("num", "0"), ("evidence", "制度已废止，见会议纪要")];
        app.post_form(path, &leader, &again).await.unwrap();
        let shown = app.get(&format!("/cockpit/k/hotline_24h_system?org={tenant}"), &leader).await.unwrap();
        assert!(shown.body.contains("第 2 版") && shown.body.contains(">否<"));
        let computed = serde_json::json!({ "org": tenant, "period": "2026", "num": 1, "den": 1, "evidence": "想改就改" });
        let refused = app.post_json("/api/v1/indicators/op_active_eval_rate/reports", &leader, &computed).await.unwrap();
        assert_eq!(refused.status, StatusCode::CONFLICT, "由记录算出的不能手填");
    }
}
