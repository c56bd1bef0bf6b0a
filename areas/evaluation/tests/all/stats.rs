//! 评价统计与交换导出：合计等于评价条数，别的单位看不到，国标级别反向。

use axum::http::StatusCode;
use tongban_evaluation::permissions::READ;

use crate::http::open;
use crate::support::{UNIT, staff, tokens};

#[tokio::test]
async fn every_grouping_adds_up_to_the_ratings_and_the_export_runs_the_national_way() {
    for app in open().await {
        let found = tokens(app.app.db(), 1).await;
        for (token, level) in found.iter().zip(["5", "4", "2"]) {
            let fields: &[(&str, &str)] = if level == "2" { &[("level", "2"), ("tags", "214")] } else { &[("level", level)] };
            let sent = app.post_form(&format!("/r/{token}"), "", fields).await.unwrap();
            assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        }
        // 同一来源一连三条会被怀疑，复核前不计；统计只数计入的
        let counted: i64 = {
            const COUNT: &str = "SELECT COUNT(*) FROM evaluation_ratings WHERE counts = 1 AND active = 1 AND effective = 1 AND round = 1";
            app.app.db().read("test.count", |tx| tx.row(COUNT, &[], |r| r.get(0))).await.unwrap().unwrap()
        };
        assert!(counted > 0);
        let (mine, other) = (app.sign_in(staff("统计", UNIT, &[READ])), app.sign_in(staff("外单位", 99, &[READ])));
        for by in ["org", "item", "staff", "window", "channel", "node"] {
            let page = app.get(&format!("/desk/rates/stats?by={by}"), &mine).await.unwrap();
            assert_eq!(page.status, StatusCode::OK);
            assert!(page.body.contains(&format!("<th scope=\"row\">合计</th><td class=\"num\">{counted}</td>")), "{by}：{}", page.body);
            let nothing = app.get(&format!("/desk/rates/stats?by={by}"), &other).await.unwrap();
            assert!(nothing.body.contains("这段时间还没有评价"), "{by}：范围外看到了");
        }
        let wrong = app.get("/desk/rates/stats?from=2026-02-30&to=2026-01-01", &mine).await.unwrap();
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("日期写成 2026-11-23 的样子"));
        let csv = app.get("/desk/rates/ratings?format=csv", &mine).await.unwrap().body;
        assert_eq!(csv.lines().count(), 4, "{csv}");
        let line = csv.lines().find(|line| line.contains("-3-1")).unwrap();
        assert!(line.contains(",4,GB/T 39046-2020"), "不满意按国标是 4：{line}");
        let sheet = app.get("/desk/rates/stats?by=node&format=csv", &mine).await.unwrap();
        assert!(sheet.body.contains("满意率"), "{}", sheet.body);
    }
}
