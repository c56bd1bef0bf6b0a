//! 本人办件页上的评价一块：轮到的有去评的链接，评过的看结果；别人、没有登录的看不到。

use jiff::Timestamp;
use tongban_evaluation::{area, commands, rules};
use tongban_kernel::Actor;
use tongban_store::Database;
use tongban_store::testing::engines;

use crate::support::{case_entry, draft, from_phone, open, settle, tokens};

/// 办件页上的一块；没有为空。
async fn panel(db: &Database, person: i64) -> Option<String> {
    let panel = area().panels.iter().find(|panel| panel.subject == "case").unwrap();
    let html = db.snapshot("test.panel", move |tx| (panel.render)(tx, &Actor::citizen(1, person, 2, "王小明"), 900_001));
    html.await.unwrap().map(|html| html.0)
}

#[tokio::test]
async fn the_applicant_finds_the_links_on_his_own_case_and_nobody_else_does() {
    for engine in engines() {
        let test = open(engine).await;
        let at = Timestamp::now();
        test.db
            .write("test.case", move |tx| {
                case_entry(tx, "cases.received", 1, 1, at)?;
                case_entry(tx, "cases.accepted", 1, 2, at)
            })
            .await
            .unwrap();
        settle(&test.db).await;
        let tokens = tokens(&test.db, 1).await;
        let mine = panel(&test.db, 7001).await.unwrap();
        assert_eq!(mine.matches("评一评").count(), 2, "{mine}");
        assert!(tokens.iter().all(|token| mine.contains(&format!("/r/{token}?from=web"))), "{mine}");

        let (token, rating) = (tokens[0].clone(), rules::check(&draft(1, "多跑了一趟")).unwrap());
        test.db.write("test.rate", move |tx| commands::rate(tx, &Actor::anonymous(), &token, &rating, &from_phone(), at)).await.unwrap();
        let mine = panel(&test.db, 7001).await.unwrap();
        assert!(mine.contains("非常不满意") && mine.contains("看结果、追评"), "{mine}");
        assert_eq!(mine.matches("评一评").count(), 1, "评过的不再请评");
        for other in [7002, 0] {
            assert_eq!(panel(&test.db, other).await, None, "{other}");
        }
    }
}
