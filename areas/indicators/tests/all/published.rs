//! 公开的办件统计：谁都能看，数与账上的一样，按单位、按月分，下载与页面一致；没有的不写 0%。

use axum::http::StatusCode;
use tongban_indicators::period::Period;
use tongban_indicators::store;
use tongban_kernel::time::date_of;
use tongban_store::testing::engines;

use crate::support::{open, today};

#[tokio::test]
async fn anyone_reads_the_counts_by_month_and_unit() {
    for engine in engines() {
        let (app, orgs) = open(engine).await;
        app.app.settle().await.unwrap();
        app.app
            .db()
            .write("test.fill", move |tx| {
                let generation = store::state(tx, "generation")?.unwrap_or(1);
                let counts = [("cases.applied", 4), ("cases.applied_online", 3), ("cases.accepted", 4), ("cases.decided", 2), ("cases.decided_on_time", 1), ("cases.used_workdays", 5)];
                for (measure, n) in counts {
                    store::add_tally(tx, generation, measure, orgs.bureau, today(), n)?;
                }
                // 撤并乡镇办的算在承接乡镇
                store::add_tally(tx, generation, "cases.applied", orgs.legacy, today(), 6)
            })
            .await
            .unwrap();
        let all = app.get("/open/stats", "").await.unwrap();
        assert_eq!(all.status, StatusCode::OK, "{}", all.body);
        for wanted in ["昭化区行政审批局", "元坝镇人民政府", "2.5 天", "50.00%", "3（75.00%）", "<svg class=\"chart\""] {
            assert!(all.body.contains(wanted), "没有“{wanted}”：{}", all.body);
        }
        assert!(!all.body.contains("style="), "没有行内样式");
        let month = Period::month_of(date_of(app.app.now())).link();
        let town = app.get(&format!("/open/stats?per={month}&unit={}", orgs.town), "").await.unwrap();
        assert!(town.body.contains("<h2 id=\"s1\">元坝镇人民政府，") && town.body.contains("<dt>申请</dt><dd class=\"num\">6</dd>"), "{}", town.body);
        let csv = app.get("/open/stats?format=csv", "").await.unwrap();
        assert!(csv.body.contains(&format!("{month},昭化区行政审批局,区级部门,4,3,4,2,1,0,2.5")), "{}", csv.body);
        assert!(csv.body.contains(&format!("{month},元坝镇人民政府,乡镇,6,0,0,0,0,0,")), "{}", csv.body);
        let wrong = app.get("/open/stats?per=1999-01", "").await.unwrap();
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}
