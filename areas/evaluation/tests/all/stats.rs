//! 评价统计与交换导出：合计等于评价条数，别的单位看不到，国标级别反向。

use axum::http::StatusCode;
use tongban_evaluation::permissions::READ;
use tongban_store::args;

use crate::http::open;
use crate::support::{UNIT, staff, tokens};

const ITEM: &str = "INSERT INTO items_items (id, tenant, unit, org, implementation, catalogue, code, name, task_type, level, dept_name, state, revision, \
     desk, version, edition, complete, depth, visits, promise, errors, warnings, wrong, notice, resume_day, reporter, opinion, draft, facts, touched) \
     VALUES ($1, 1, $2, 100, 1, 1, $3, '某事项', '01', '4', '某局', 'active', '', '', 1, 1, 1, '', 0, '', 0, 0, 0, '', 0, 0, '', '{}', '{}', 0)";
const SPAN: &str = "INSERT INTO items_spans (item, day_from, day_until, org, flags, visits, legal, promise) VALUES ($1, 20200101, 99991231, $2, 1, 0, 0, 0)";

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
            assert!(page.body.contains(&format!("<th scope=\"row\">合计</th><td class=\"num in\" data-l=\"评价\">{counted}</td>")), "{by}：{}", page.body);
            let nothing = app.get(&format!("/desk/rates/stats?by={by}"), &other).await.unwrap();
            assert!(nothing.body.contains("这段时间还没有评价"), "{by}：范围外看到了");
        }
        let page = app.get("/desk/rates/stats?by=item", &mine).await.unwrap().body;
        assert!(page.contains("在用的依申请办理项 0 项") && page.contains("<dd class=\"num\">— "), "没有在用的事项，率是空：{page}");
        for (id, code) in [(1_i64, "511Y00000000000000000000000000001"), (2, "511Y00000000000000000000000000002")] {
            app.app.db().write("test.item", move |tx| tx.exec(ITEM, args![id, UNIT, code]).and_then(|_| tx.exec(SPAN, args![id, UNIT]))).await.unwrap();
        }
        let page = app.get("/desk/rates/stats?by=item", &mine).await.unwrap().body;
        assert!(page.contains("50.00% <span class=\"muted\">期末在用的依申请办理项 2 项，其中期内评到 1 项"), "{page}");
        assert!(page.contains("期内有办件的 1 项") || page.contains("期内有办件的 0 项"), "{page}");
        assert!(!app.get("/desk/rates/stats?by=org", &mine).await.unwrap().body.contains("事项评价覆盖率"));
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
