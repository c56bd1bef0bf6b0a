//! 导入要么全成、要么没动过：写到最后一段才出的错，前面写的也一行不留。
#![allow(clippy::unwrap_used, reason = "测试")]

use std::sync::Arc;

use jiff::Timestamp;
use tongban_items::commands;
use tongban_items::exchange::Kind;
use tongban_items::exchange::run::{Batch, Depts, Outcome, import};
use tongban_items::store::{self, MIGRATIONS};
use tongban_kernel::{Actor, Place, Scope};
use tongban_store::testing::{TestDb, engines};

const DEPT: &str = "11510811MB0000027M";

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
    let place = Place { tenant: 1, unit: 7, org: 7 };
    Arc::new([(DEPT.to_owned(), (place, "区某局".to_owned(), "510811000000".to_owned()))].into())
}

async fn bring(t: &TestDb, kind: Kind, text: &str, keep: bool) -> Outcome {
    let batch = Batch { kind, content: text.as_bytes().to_vec().into(), keep, depts: depts() };
    import(&t.db, &me(), batch, at(), &mut |_, _| {}).await.unwrap()
}

/// 目录与办理项各 `n` 条；办理项都在用。
fn catalogue(n: usize) -> String {
    let head = "CATALOGCODE,TASKNAME,TASKTYPE,USELEVEL\n".to_owned();
    (1..=n).fold(head, |text, i| format!("{text}5101{i:05}000,第{i}项许可,01,4\n"))
}

fn code(i: usize) -> String {
    format!("{DEPT}45101{i:05}00001")
}

fn items(range: std::ops::RangeInclusive<usize>, tail: &str) -> String {
    let head = "TASKHANDLEITEM,TASKNAME,TASKTYPE,DEPTCODE,TASKSTATE,TASKVERSION,PROMISEDAY\n".to_owned();
    range.fold(head, |text, i| format!("{text}{},第{i}项许可{tail},01,{DEPT},1,1,5\n", code(i)))
}

async fn journal_length(t: &TestDb) -> i64 {
    t.db.snapshot("t", |tx| tx.lanes()?.into_iter().map(|lane| tx.lane_head(lane)).sum::<tongban_store::Result<i64>>()).await.unwrap()
}

/// 最后一行要改的是已经取消的办理项：检查挑不出来，写到它才被拒绝。
#[tokio::test(flavor = "multi_thread")]
async fn a_fault_in_the_last_rows_leaves_nothing_behind() {
    for engine in engines() {
        let t = TestDb::open(engine, tables()).await.unwrap();
        assert_eq!(bring(&t, Kind::Catalogue, &catalogue(130), false).await.added, 130);
        assert_eq!(bring(&t, Kind::Items, &items(130..=130, ""), false).await.added, 1);
        let last = code(130);
        t.db.write("t", move |tx| {
            let row = store::item_by_code(tx, &last)?.unwrap();
            commands::cancel(tx, &me(), row.id, row.version, "不再办理", at())
        })
        .await
        .unwrap();
        let before = journal_length(&t).await;

        let text = items(1..=130, "（新办）");
        let done = bring(&t, Kind::Items, &text, false).await;
        assert!(done.refused, "{done:?}");
        assert_eq!((done.added, done.changed, done.same, done.wrong), (0, 0, 0, 1));
        assert_eq!((done.errors[0].line, done.errors[0].cell.value.as_str()), (131, code(130).as_str()));
        let all = t.db.read("t", |tx| store::items_by_code(tx, &Scope::tenant(1), "", 200)).await.unwrap();
        assert_eq!(all.len(), 1, "前面两段写过的一行不留");
        assert_eq!(journal_length(&t).await, before, "日志也没有");

        // 说明了好的行照样导入：只差那一行
        let done = bring(&t, Kind::Items, &text, true).await;
        assert_eq!((done.refused, done.added, done.wrong), (false, 129, 1));
        let all = t.db.read("t", |tx| store::items_by_code(tx, &Scope::tenant(1), "", 200)).await.unwrap();
        assert_eq!(all.len(), 130);
    }
}

/// 进度走到头；同一份文件再导一次什么也不变。
#[tokio::test(flavor = "multi_thread")]
async fn progress_reaches_the_end_and_a_second_run_changes_nothing() {
    for engine in engines() {
        let t = TestDb::open(engine, tables()).await.unwrap();
        bring(&t, Kind::Catalogue, &catalogue(60), false).await;
        let mut seen = Vec::new();
        let batch = Batch { kind: Kind::Items, content: items(1..=60, "").into_bytes().into(), keep: false, depts: depts() };
        let done = import(&t.db, &me(), batch.clone(), at(), &mut |done, total| seen.push((done, total))).await.unwrap();
        assert_eq!((done.total, done.added), (60, 60));
        assert_eq!(seen.last(), Some(&(60, 60)));
        assert!(seen.is_sorted());
        let again = import(&t.db, &me(), batch, at(), &mut |_, _| {}).await.unwrap();
        assert_eq!((again.same, again.added, again.changed), (60, 0, 0));
    }
}

/// 读不懂的文件与缺列：说清楚，什么也没改。
#[tokio::test(flavor = "multi_thread")]
async fn an_unreadable_file_is_refused_whole() {
    for engine in engines() {
        let t = TestDb::open(engine, tables()).await.unwrap();
        for (text, rule) in [("", "empty"), ("TASKNAME\n甲\n", "missing-column"), ("[{\"CATALOGCODE\":", "json")] {
            let batch = Batch { kind: Kind::Catalogue, content: text.as_bytes().to_vec().into(), keep: true, depts: depts() };
            let refused = import(&t.db, &me(), batch, at(), &mut |_, _| {}).await.unwrap_err();
            let tongban_store::Error::Refused(problem) = refused else { unreachable!("{refused}") };
            assert_eq!(problem.errors[0].code, rule, "{text}");
        }
        assert_eq!(journal_length(&t).await, 0);
    }
}

/// 计划生效、计划取消日期：读得进、导得出，写错了说清。
#[tokio::test(flavor = "multi_thread")]
async fn planned_days_come_in_and_go_out() {
    for engine in engines() {
        let t = TestDb::open(engine, tables()).await.unwrap();
        let text = "CATALOGCODE,TASKNAME,TASKTYPE,USELEVEL,PLANEFFECTIVEDATE,PLANCANCELDATE\n\
             510100001000,甲许可,01,4,2026-12-01 00:00:00,2027-12-31\n510100002000,乙许可,01,4,十二月,\n";
        let done = bring(&t, Kind::Catalogue, text, true).await;
        assert_eq!((done.added, done.errors.len()), (1, 1));
        assert_eq!((done.errors[0].line, done.errors[0].cell.column.as_str()), (3, "PLANEFFECTIVEDATE"));
        let rows = t.db.read("t", |tx| store::catalogues_by_code(tx, "", 10)).await.unwrap();
        assert_eq!((rows[0].plan_effective.as_str(), rows[0].plan_cancel.as_str()), ("2026-12-01", "2027-12-31"));
        let out = t
            .db
            .snapshot("t", |tx| tongban_items::exchange::write::page(tx, Kind::Catalogue, &Scope::tenant(1), "", 10))
            .await
            .unwrap()
            .0;
        assert_eq!(out[0]["PLANCANCELDATE"], "2027-12-31");
        // 给已经下发的目录定了取消日：各单位收到待变更
        let again = text.lines().take(2).collect::<Vec<_>>().join("\n").replace("2027-12-31", "2027-06-30");
        assert_eq!(bring(&t, Kind::Catalogue, &again, false).await.changed, 1);
    }
}
