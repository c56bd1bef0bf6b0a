//! 成批补录两万行：一块块地走、断了接着补、再导一遍一件不多、对账在库里比。

use std::fmt::Write;

use tongban_cases::import::{self, Declared};
use tongban_cases::store::imports::{self, Coverage, ImportState};
use tongban_kernel::Actor;
use tongban_store::testing::engines;
use tongban_web::testing::TestApp;

use super::open;

const SYSTEM: &str = "老审批系统";
/// 真的不同的件。
const CASES: usize = 400;
/// 表里的行：同一件报了许多遍。
const ROWS: usize = 20_000;

/// 一张表：`CASES` 件轮着写满 `ROWS` 行，`skip` 那件不写，另有一行坏的。
fn table(code: &str, rows: usize, skip: Option<usize>) -> String {
    let mut text = "业务编号,事项编码,申请人,证件号码,联系手机,受理时间,办结时间,结果\n".to_owned();
    for n in 0..rows {
        let case = n % CASES;
        if skip != Some(case) {
            let _ = writeln!(text, "L{case:05},{code},王秀兰,510811198512120022,13900008888,2026-01-02 09:00,2026-01-02 16:00,准予");
        }
    }
    text.push_str("L99999,没有的事项,王秀兰,510811198512120022,13900008888,2026-01-02 09:00,2026-01-02 16:00,准予\n");
    text.push_str("坏行,x,y\n");
    text
}

fn actor() -> Actor {
    Actor { tenant: 1, ..Actor::system() }
}

async fn begun(app: &TestApp, text: String, rows: usize) -> imports::Import {
    begun_as(app, text, rows, Declared { coverage: Some(Coverage::All), ..Declared::default() }).await
}

async fn begun_as(app: &TestApp, text: String, rows: usize, declared: Declared) -> imports::Import {
    let file = app.app.files().put(text.into_bytes().into(), "text/csv").await.unwrap();
    let at = app.app.now();
    app.app
        .db()
        .write("t", move |tx| {
            let opened = import::open(tx, &actor(), SYSTEM, &file, "历史.csv", rows, at)?;
            import::declare(tx, &actor(), opened.id, declared, at)?;
            let titles = ["业务编号", "事项编码", "申请人", "证件号码", "联系手机", "受理时间", "办结时间", "结果"];
            let codes = ["number", "code", "name", "id_number", "mobile", "accepted_at", "decided_at", "outcome"];
            let mapping = codes.iter().zip(titles).map(|(code, title)| ((*code).to_owned(), title.to_owned())).collect();
            import::start(tx, &actor(), opened.id, &mapping, at)
        })
        .await
        .unwrap()
}

async fn found(app: &TestApp, id: i64) -> imports::Import {
    app.app.db().snapshot("t", move |tx| imports::find(tx, id)).await.unwrap().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_thousand_rows_are_taken_block_by_block_and_only_once() {
    for engine in engines() {
        let (app, _) = open(engine).await;
        let code = app.app.db().snapshot("t", |tx| tongban_items::queries::offers(tx, 1, "食品", 5)).await.unwrap()[0].0.clone();
        let first = begun(&app, table(&code, ROWS, None), ROWS + 2).await;
        import::carry_out(&app.app, first.id).await.unwrap();
        let done = found(&app, first.id).await;
        assert_eq!((done.state, done.done), (ImportState::Done, 20_002));
        assert_eq!((done.linked, done.existed, done.failed, done.differs, done.ours_only), (400, 19_600, 2, 0, 0));
        // 再导一遍：一件不多；少报的一件对账报出来
        let second = begun(&app, table(&code, CASES, Some(7)), CASES + 1).await;
        import::carry_out(&app.app, second.id).await.unwrap();
        import::carry_out(&app.app, second.id).await.unwrap();
        let done = found(&app, second.id).await;
        assert_eq!((done.linked, done.existed, done.ours_only), (0, 399, 1));
        let id = done.id;
        let missing = app.app.db().snapshot("t", move |tx| imports::findings(tx, id, "ours_only", (-1, ""), 5)).await.unwrap();
        assert_eq!(missing[0].number, "L00007");
        // 一组里的一份：不拿它与全部对账
        let part = begun(&app, table(&code, 10, None), 12).await;
        import::carry_part(&app.app, part.id, false).await.unwrap();
        assert_eq!(found(&app, part.id).await.ours_only, 0);
        // 对完账，编号不留
        assert!(!app.app.db().write("t", move |tx| imports::forget(tx, id, 10)).await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_run_goes_on_from_where_it_stopped() {
    for engine in engines() {
        let (app, _) = open(engine).await;
        let code = app.app.db().snapshot("t", |tx| tongban_items::queries::offers(tx, 1, "食品", 5)).await.unwrap()[0].0.clone();
        let import = begun(&app, table(&code, CASES, None), CASES + 2).await;
        // 补到一半停下
        let work = app.app.clone();
        let id = import.id;
        let running = tokio::spawn(async move { import::carry_out(&work, id).await });
        while found(&app, id).await.done < import::CHUNK as i64 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        running.abort();
        let _ = running.await;
        let half = found(&app, id).await;
        assert!(half.done >= import::CHUNK as i64, "{half:?}");
        // 停下那一刻已经交给库的一块还会落地，撞上就再来一遍，与后台任务重试一样
        for _ in 0..20 {
            if import::carry_out(&app.app, id).await.is_ok() {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        }
        let done = found(&app, id).await;
        assert_eq!((done.state, done.linked, done.existed, done.failed), (ImportState::Done, 400, 0, 2), "停在 {}", half.done);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_reader_waits_for_the_writer() {
    let (app, _) = open(engines()[0]).await;
    let file = app.app.files().put(table("x", ROWS, None).into_bytes().into(), "text/csv").await.unwrap();
    let (mut rows, reading) = import::read_ahead(&app.app, &file.digest).await.unwrap();
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert!(rows.len() <= import::AHEAD && !reading.is_finished(), "没人取，就停在 {} 块", import::AHEAD);
    let mut all = 0;
    while let Some(block) = rows.recv().await {
        assert!(block.len() <= import::CHUNK && rows.len() <= import::AHEAD);
        all += block.len();
    }
    reading.await.unwrap().unwrap();
    assert_eq!(all, ROWS + 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn history_is_not_late() {
    for engine in engines() {
        let (app, _) = open(engine).await;
        let code = app.app.db().snapshot("t", |tx| tongban_items::queries::offers(tx, 1, "食品", 5)).await.unwrap()[0].0.clone();
        let old = begun(&app, table(&code, 10, None), 12).await;
        import::carry_part(&app.app, old.id, true).await.unwrap();
        let done = found(&app, old.id).await;
        assert_eq!((done.linked, done.late), (10, 0), "{engine:?}");
        // 同样的日子，不是历史就算补录晚
        let now = begun(&app, table(&code, 10, None).replace("L0", "M0"), 12).await;
        import::carry_part(&app.app, now.id, false).await.unwrap();
        let done = found(&app, now.id).await;
        assert_eq!((done.linked, done.late), (10, 10), "{engine:?}");
    }
}

/// 新表只说它包括的：别的事项、别的日子、只是一部分的，以前补的不算“我方独有”。
#[tokio::test(flavor = "multi_thread")]
async fn a_table_is_reconciled_only_over_what_it_declares() {
    for engine in engines() {
        let (app, _) = open(engine).await;
        let code = async |words: &'static str| app.app.db().snapshot("t", move |tx| tongban_items::queries::offers(tx, 1, words, 5)).await.unwrap()[0].0.clone();
        let (food, card) = (code("食品").await, code("社会保障卡").await);
        let first = begun(&app, table(&food, 20, None), 22).await;
        import::carry_out(&app.app, first.id).await.unwrap();
        let ours_only = async |text: String, rows: usize, declared: Declared| {
            let begun = begun_as(&app, text, rows, declared).await;
            import::carry_out(&app.app, begun.id).await.unwrap();
            found(&app, begun.id).await.ours_only
        };
        let declared = |coverage| Declared { coverage: Some(coverage), ..Declared::default() };
        let cards = |rows: usize| table(&card, rows, None).replace("L0", "K0");
        // 同一系统、同一天，另一个事项的表
        assert_eq!(ours_only(cards(5), 7, declared(Coverage::Items)).await, 0, "别的事项的不算");
        assert_eq!(ours_only(cards(4), 6, declared(Coverage::Items)).await, 1, "这个事项少报的算");
        assert_eq!(ours_only(cards(5), 7, declared(Coverage::All)).await, 20, "说是全部，少了就是少了");
        assert_eq!(ours_only(table(&food, 10, None), 12, declared(Coverage::Part)).await, 0, "只是一部分的不找");
        let other_days = Declared { coverage: Some(Coverage::All), from: Some(jiff::civil::date(2026, 1, 3)), to: Some(jiff::civil::date(2026, 1, 9)) };
        assert_eq!(ours_only(table(&food, 10, None), 12, other_days).await, 0, "说的日子里我方没有多的");
        // 说了什么，日志里看得到
        let told = begun_as(&app, table(&food, 10, None), 12, other_days).await;
        let entries = app.app.db().snapshot("t", move |tx| tx.timeline(told.id)).await.unwrap();
        let bodies: Vec<serde_json::Value> = entries.iter().map(|entry| serde_json::from_str(&entry.body).unwrap()).collect();
        let said: Vec<_> = bodies.iter().map(|body| (body["state"].as_str(), body["coverage"].as_str(), body["from"].as_str(), body["to"].as_str())).collect();
        let (preview, days) = (Some("preview"), (Some("2026-01-03"), Some("2026-01-09")));
        assert_eq!(said, [(preview, Some("all"), None, None), (preview, Some("all"), days.0, days.1), (Some("running"), Some("all"), days.0, days.1)]);
        // 没选、日子倒了都要说
        let file = app.app.files().put(cards(1).into_bytes().into(), "text/csv").await.unwrap();
        let at = app.app.now();
        let unsaid = app.app.db().write("t", move |tx| {
            let opened = import::open(tx, &actor(), SYSTEM, &file, "a.csv", 3, at)?;
            let wrong = Declared { coverage: None, from: Some(jiff::civil::date(2026, 2, 2)), to: Some(jiff::civil::date(2026, 2, 1)) };
            import::declare(tx, &actor(), opened.id, wrong, at)
        });
        let Err(tongban_store::Error::Refused(problem)) = unsaid.await else { panic!("该被拒") };
        let fields: Vec<_> = problem.errors.iter().map(|error| error.field().to_owned()).collect();
        assert_eq!(fields, ["coverage", "to"]);
    }
}
