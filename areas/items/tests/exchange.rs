//! 交换导入导出：来回一字不差、幂等、错行说得清、有错什么也不改、目录变更派待办。
#![allow(clippy::unwrap_used, reason = "测试")]

use std::sync::Arc;

use jiff::Timestamp;
use tongban_documents::table::{Format, write as table};
use tongban_items::exchange::run::{Batch, Depts, Outcome, import};
use tongban_items::exchange::{Kind, columns, write};
use tongban_items::importer::{self, Resolver, Sources};
use tongban_items::model::codes::UseLevel;
use tongban_items::permissions::{IMPORT, READ};
use tongban_items::store::{self, MIGRATIONS};
use tongban_items::{commands, commands::Implementer};
use tongban_kernel::{Actor, ActorKind, Place, Scope};
use tongban_store::Tx;
use tongban_store::testing::{TestDb, engines};
use tongban_web::testing::TestApp;

const DEPT: &str = "11510811MB0000027M";
const TOWN: &str = "12510811MB00000438";

/// 本区的表与它依赖的机构区的表。
fn tables() -> &'static [tongban_store::Migration] {
    static ALL: std::sync::LazyLock<Vec<tongban_store::Migration>> =
        std::sync::LazyLock::new(|| tongban_directory::area().migrations.iter().chain(MIGRATIONS).copied().collect());
    &ALL
}

fn at() -> Timestamp {
    "2026-11-02T02:00:00Z".parse().unwrap()
}

fn me() -> Actor {
    Actor { tenant: 1, ..Actor::system() }
}

fn depts() -> Arc<Depts> {
    let place = |org| Place { tenant: 1, unit: org, org };
    Arc::new(
        [
            (DEPT.to_owned(), (place(7), "区某局".to_owned(), "510811000000".to_owned())),
            (TOWN.to_owned(), (place(8), "元坝镇".to_owned(), "510811100000".to_owned())),
        ]
        .into(),
    )
}

fn resolver() -> Resolver {
    Arc::new(|_: &mut Tx<'_>, name: &str| {
        let code = if name.ends_with('镇') { TOWN } else { DEPT };
        let (place, name, division) = depts()[code].clone();
        let level = if code == TOWN { UseLevel::Town } else { UseLevel::County };
        Ok(Some(Implementer { place, name, uscc: code.to_owned(), division, level }))
    })
}

/// 一个县区的真实清单。
async fn filled(engine: tongban_store::Engine) -> TestDb {
    let t = TestDb::open(engine, tables()).await.unwrap();
    let sources = Sources::built_in(vec!["元坝镇".to_owned()]).unwrap();
    importer::import_all(&t.db, &me(), &sources, resolver(), at(), &mut |_, _, _| {}).await.unwrap();
    t
}

async fn export(t: &TestDb, kind: Kind, format: &'static str) -> Vec<u8> {
    let rows =
        t.db.snapshot("t", move |tx| {
            let (mut all, mut after) = (Vec::new(), String::new());
            loop {
                let (rows, next) = write::page(tx, kind, &Scope::tenant(1), &after, 200)?;
                all.extend(rows);
                match next {
                    Some(key) => after = key,
                    None => return Ok(all),
                }
            }
        })
        .await
        .unwrap();
    let cells: Vec<_> = rows.iter().map(|row| write::cells(kind, row)).collect();
    match format {
        "json" => serde_json::to_vec(&rows.iter().map(|row| write::object(kind, row)).collect::<Vec<_>>()).unwrap(),
        "csv" => table(Format::Csv, kind.label(), columns::table(kind.columns()), &cells).unwrap(),
        _ => table(Format::Xlsx, kind.label(), columns::table(kind.columns()), &cells).unwrap(),
    }
}

async fn bring(t: &TestDb, kind: Kind, bytes: &[u8], keep: bool) -> Outcome {
    let batch = Batch { kind, content: bytes.to_vec().into(), keep, depts: depts() };
    import(&t.db, &me(), batch, at(), &mut |_, _| {}).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_round_trip_is_byte_equal_in_every_format() {
    for engine in engines() {
        let first = filled(engine).await;
        for format in ["csv", "xlsx", "json"] {
            let (catalogue, items) = (export(&first, Kind::Catalogue, "csv").await, export(&first, Kind::Items, format).await);
            let empty = TestDb::open(engine, tables()).await.unwrap();
            let started = std::time::Instant::now();
            let done = bring(&empty, Kind::Catalogue, &catalogue, false).await;
            assert_eq!((done.errors, done.added), (vec![], done.total));
            let done = bring(&empty, Kind::Items, &items, false).await;
            eprintln!("{engine:?} {format}：{} 字节，{} 行导入用 {:?}", items.len(), done.total, started.elapsed());
            assert_eq!((done.errors.len(), done.added), (0, done.total), "{:?}", done.errors.first());
            // 没导出的是版本号之外的历史；现行内容一字不差
            assert_eq!(export(&empty, Kind::Items, "csv").await, export(&first, Kind::Items, "csv").await, "{format}");
            // 再导一次什么也不变
            let again = bring(&empty, Kind::Items, &items, false).await;
            assert_eq!((again.same, again.added, again.changed), (done.total, 0, 0), "{format}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_rows_are_named_and_change_nothing_unless_asked() {
    for engine in engines() {
        let t = TestDb::open(engine, tables()).await.unwrap();
        let catalogue = "CATALOGCODE,TASKNAME,TASKTYPE,USELEVEL,DEPTCODE\n\
             510100001000,甲许可,01,4,11510811MB0000027M\n51010000100,乙许可,01,4,\n512000001000,丙服务,01,4,\n510100001000,重复,01,4,\n\
             510100002000,丁许可,01,9,\n510100003000,戊许可,01,4,99\n";
        let done = bring(&t, Kind::Catalogue, catalogue.as_bytes(), false).await;
        assert!(done.refused);
        let found: Vec<(i64, &str, &str)> = done.errors.iter().map(|e| (e.line, e.cell.column.as_str(), e.cell.rule.as_str())).collect();
        assert_eq!(
            found,
            [
                (3, "CATALOGCODE", "V01"),
                (4, "CATALOGCODE", "V01"),
                (5, "CATALOGCODE", "V06"),
                (6, "USELEVEL", "V05"),
                (7, "DEPTCODE", "V02")
            ]
        );
        assert_eq!(done.errors[0].cell.value, "51010000100");
        assert!(t.db.read("t", |tx| store::catalogues_by_code(tx, "", 10)).await.unwrap().is_empty(), "有错什么也不改");
        let done = bring(&t, Kind::Catalogue, catalogue.as_bytes(), true).await;
        assert_eq!((done.added, done.refused, done.errors.len()), (1, false, 5));

        let code = format!("{DEPT}451010000100001");
        let items = format!(
            "TASKHANDLEITEM,TASKNAME,TASKTYPE,DEPTCODE,TASKSTATE,TASKVERSION,LIMITSCENENUM\n\
             {code},甲许可,01,{DEPT},4,0,1\n{code}x,坏码,01,{DEPT},4,0,1\n{DEPT}451010000900001,没有目录,01,{DEPT},4,0,1\n\
             {DEPT}451010000100002,甲许可（变更）,20,{DEPT},1,0,99\n"
        );
        let done = bring(&t, Kind::Items, items.as_bytes(), false).await;
        let found: Vec<(i64, &str, &str)> = done.errors.iter().map(|e| (e.line, e.cell.column.as_str(), e.cell.rule.as_str())).collect();
        assert_eq!(
            found,
            [
                (3, "TASKHANDLEITEM", "V03"),
                (4, "TASKHANDLEITEM", "V01"),
                (5, "LIMITSCENENUM", "Q22"),
                (5, "TASKTYPE", "V01"),
                (5, "TASKVERSION", "Q22")
            ]
        );
        assert!(done.refused);
        let done = bring(&t, Kind::Items, items.as_bytes(), true).await;
        assert_eq!((done.added, done.errors.len()), (1, 5));
        let row = t.db.read("t", move |tx| store::item_by_code(tx, &code)).await.unwrap().unwrap();
        assert_eq!((row.name.as_str(), row.draft.visits, row.edition), ("甲许可", 1, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_catalogue_asks_its_implementations_to_follow() {
    for engine in engines() {
        let t = TestDb::open(engine, tables()).await.unwrap();
        let first = "CATALOGCODE,TASKNAME,TASKTYPE,USELEVEL,BYLAW,DEPTCODE\n510100001000,甲许可,01,4,《某法》第一条,11510811MB0000027M\n";
        bring(&t, Kind::Catalogue, first.as_bytes(), false).await;
        let implementation =
            t.db.write("t", |tx| {
                let row =
                    store::pool(tx, &Scope::tenant(1), tongban_items::model::PoolState::PendingClaim, &store::Find::default(), (i64::MIN, 0), 10)?.remove(0).row;
                commands::claim(tx, &me(), row.id, row.version, at())?;
                Ok(row.id)
            })
            .await
            .unwrap();
        let second = first.replace("《某法》第一条", "《某法》第二条");
        let done = bring(&t, Kind::Catalogue, second.as_bytes(), false).await;
        assert_eq!((done.changed, done.added), (1, 0));
        let changes = t.db.read("t", |tx| store::changes(tx, &Scope::unit(7), (i64::MIN, 0), 10)).await.unwrap();
        assert_eq!(changes.len(), 1);
        assert_eq!(
            (changes[0].implementation, changes[0].what.as_str(), changes[0].catalogue_version),
            (implementation, "设定依据变了", 2)
        );
        // 5 个工作日：周一派，下周一下班前
        assert_eq!(changes[0].due, "2026-11-09T09:30:00Z".parse::<Timestamp>().unwrap());
        assert!(t.db.read("t", |tx| store::changes(tx, &Scope::unit(99), (i64::MIN, 0), 10)).await.unwrap().is_empty());
        bring(&t, Kind::Catalogue, second.as_bytes(), false).await;
        assert_eq!(t.db.read("t", |tx| store::changes(tx, &Scope::unit(7), (i64::MIN, 0), 10)).await.unwrap().len(), 1, "没变不再派");
    }
}

fn staff(tenant: i64, account: i64) -> Actor {
    let mut actor = Actor::citizen(account, account, 3, "李*");
    actor.kind = ActorKind::Staff;
    actor.tenant = tenant;
    actor.scope = Scope::tenant(tenant);
    actor.permissions = Arc::new([READ, IMPORT].map(str::to_owned).into());
    actor
}

/// 上传一份表格：后台导入，看得到进度与错行。
#[tokio::test(flavor = "multi_thread")]
async fn an_uploaded_table_is_imported_with_an_error_report() {
    for engine in engines() {
        let app = TestApp::open(engine, vec![tongban_directory::area(), tongban_items::area()]).await.unwrap();
        let admin = app.sign_in(staff(1, 31));
        let send = |text: &str, keep: bool| {
            let keep = if keep { "--B\r\nContent-Disposition: form-data; name=\"keep\"\r\n\r\n1\r\n" } else { "" };
            let body = format!(
                "--B\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\ncatalogue\r\n{keep}--B\r\nContent-Disposition: form-data; \
                 name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n{text}\r\n--B--\r\n"
            );
            let request = axum::http::Request::post("/catalog/imports")
                .header("content-type", "multipart/form-data; boundary=B")
                .header("authorization", format!("Bearer {admin}"))
                .body(axum::body::Body::from(body))
                .unwrap();
            app.send(request)
        };
        let rows = "CATALOGCODE,TASKNAME,TASKTYPE,USELEVEL\n510177777000,新目录,01,4\n5101,坏的,01,4\n";
        let answer = send(rows, false).await.unwrap();
        assert_eq!(answer.status, 303, "{}", answer.body);
        let place = answer.headers["location"].to_str().unwrap().to_owned();
        app.app.settle().await.unwrap();
        let page = app.get(&place, &admin).await.unwrap();
        assert!(page.body.contains("没有导入") && page.body.contains("CATALOGCODE") && page.body.contains("V01"), "{}", page.body);
        let report = app.get(&format!("{place}?format=csv"), &admin).await.unwrap();
        assert!(report.body.contains("5101"));
        let answer = send(rows, true).await.unwrap();
        let place = answer.headers["location"].to_str().unwrap().to_owned();
        app.app.settle().await.unwrap();
        assert!(app.get(&place, &admin).await.unwrap().body.contains("导入完成"));
        let found = app.app.db().read("t", |tx| store::catalogue_by_code(tx, "510177777000")).await.unwrap();
        assert_eq!(found.unwrap().name, "新目录");
        let other = app.sign_in(staff(2, 32));
        assert_eq!(app.get(&place, &other).await.unwrap().status, 404);
    }
}
