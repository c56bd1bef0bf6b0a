//! 事项清单：按名称、编码、单位筛，打开就看有活要干的页签；待认领的成批认领，做不成的说清为什么。
#![allow(clippy::unwrap_used, reason = "测试")]

use std::sync::Arc;

use jiff::Timestamp;
use tongban_items::commands::{self, CatalogueInput, Implementer};
use tongban_items::model::codes::{TaskType, UseLevel};
use tongban_items::model::lifecycle::PoolState;
use tongban_items::permissions::{CLAIM, READ};
use tongban_items::store::{self, Find};
use tongban_kernel::{Actor, ActorKind, Place, Scope};
use tongban_store::testing::engines;
use tongban_store::{Result, Tx};
use tongban_web::testing::TestApp;

fn at() -> Timestamp {
    "2026-11-02T02:00:00Z".parse().unwrap()
}

fn editor(permissions: &[&str]) -> Actor {
    let mut actor = Actor::citizen(31, 31, 3, "李*");
    (actor.kind, actor.tenant, actor.scope) = (ActorKind::Staff, 1, Scope::tenant(1));
    actor.permissions = Arc::new(permissions.iter().map(|code| (*code).to_owned()).collect());
    actor
}

fn implementer(unit: i64, name: &str) -> Implementer {
    Implementer {
        place: Place { tenant: 1, unit, org: unit },
        uscc: if unit == 7 { "11510811MB0000027M" } else { "11510811MB0000035G" }.to_owned(),
        name: name.to_owned(),
        division: "510811000000".to_owned(),
        level: UseLevel::County,
    }
}

/// 三条下发的目录：两条给单位 7，一条给单位 8。
fn sent_down(tx: &mut Tx<'_>) -> Result<Vec<(String, i64)>> {
    let mut all = Vec::new();
    for (name, unit) in [("食品经营许可", 7), ("食品生产许可", 7), ("残疾人证换领", 8)] {
        let input = CatalogueInput {
            name: name.to_owned(),
            task_type: TaskType::Service,
            main_name: String::new(),
            local_code: String::new(),
            levels: vec![UseLevel::County],
            basis: String::new(),
        };
        let catalogue = commands::import_catalogue(tx, &Actor::system(), &input, at())?.id();
        let (id, _) = commands::pool(tx, &Actor::system(), catalogue, &implementer(unit, if unit == 7 { "区市监局" } else { "区残联" }), at())?;
        let row = store::lock_implementation(tx, id)?;
        all.push((row.code, row.version));
    }
    Ok(all)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_filters_and_claims_what_is_ticked() {
    for engine in engines() {
        let app = TestApp::open(engine, vec![tongban_directory::area(), tongban_items::area()]).await.unwrap();
        let sent = app.app.db().write("t", sent_down).await.unwrap();
        let token = app.sign_in(editor(&[READ, CLAIM]));
        let first = app.get("/catalog", &token).await.unwrap().body;
        assert!(first.contains("aria-current=\"page\">待认领") && first.contains("食品经营许可") && first.contains("残疾人证换领"));
        let named = app.get("/catalog?tab=pending_claim&q=食品", &token).await.unwrap().body;
        assert!(named.contains("食品经营许可") && named.contains("食品生产许可") && !named.contains("残疾人证换领"));
        let of_unit = app.get("/catalog?tab=pending_claim&dept=8", &token).await.unwrap().body;
        assert!(!of_unit.contains("食品") && of_unit.contains("残疾人证换领"));
        let by_code = app.get(&format!("/catalog?tab=pending_claim&q={}", sent[1].0), &token).await.unwrap().body;
        assert!(by_code.contains("食品生产许可") && !by_code.contains("食品经营许可"));
        let odd = app.get("/catalog?tab=pending_claim&q=%27%25_%3Cb%3E&dept=x", &token).await.unwrap();
        assert!(odd.status == 200 && odd.body.contains("这里没有事项") && !odd.body.contains("_<b>"), "{}", odd.body);

        let picks: Vec<String> = vec![format!("{}:{}", sent[0].0, sent[0].1), format!("{}:{}", sent[1].0, sent[1].1 + 5)];
        let fields: Vec<(&str, &str)> = picks.iter().map(|pick| ("pick", pick.as_str())).collect();
        assert_eq!(app.post_form("/catalog/pool/claim", &token, &fields).await.unwrap().status, 303);
        let waiting = app.app.db().read("t", |tx| store::pool(tx, &Scope::tenant(1), PoolState::PendingClaim, &Find::default(), (i64::MIN, 0), 10)).await.unwrap();
        let names: Vec<_> = waiting.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["食品生产许可", "残疾人证换领"], "版本不符的那条没有认领");
        let editing = app.get("/catalog?tab=editing&q=食品", &token).await.unwrap().body;
        assert!(editing.contains("食品经营许可"));
        let reader = app.sign_in(editor(&[READ]));
        assert_eq!(app.post_form("/catalog/pool/claim", &reader, &fields).await.unwrap().status, 403);
    }
}
