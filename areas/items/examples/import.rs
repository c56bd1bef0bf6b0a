//! 量导入：造一份 N 行的实施清单（全部列与全文），整份导入一个空库，报时间与内存。
//!
//! `cargo run --release -p tongban-items --example import -- 100000 [csv|json|xlsx] [--keep]`；
//! 设了 `TONGBAN_TEST_POSTGRES` 就两种引擎都量。
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "量速度的小程序")]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use axum::body::Bytes;
use jiff::Timestamp;
use tongban_documents::table::{Format, Header, TableWriter};
use tongban_items::complete;
use tongban_items::exchange::run::{Batch, Depts, import};
use tongban_items::exchange::{Kind, columns, rows, write};
use tongban_items::model::Guide;
use tongban_items::store::MIGRATIONS;
use tongban_kernel::{Actor, Place};
use tongban_store::testing::{TestDb, engines};

const DEPT: &str = "11510811MB0000027M";
/// 一条目录下拆出多少个办理项。
const SPLIT: usize = 20;

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let n: usize = arguments.first().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let format = arguments.iter().map(String::as_str).find(|text| matches!(*text, "json" | "xlsx")).unwrap_or("csv");
    let keep = arguments.iter().any(|text| text == "--keep");
    for engine in engines() {
        let tables: Vec<_> = tongban_directory::area().migrations.iter().chain(MIGRATIONS).copied().collect();
        let t = TestDb::open(engine, &tables).await.unwrap();
        let catalogues = n.div_ceil(SPLIT);
        let text = (1..=catalogues).fold("CATALOGCODE,TASKNAME,TASKTYPE,USELEVEL\n".to_owned(), |text, i| {
            format!("{text}5101{i:05}000,第{i}项许可,01,4\n")
        });
        bring(&t, Kind::Catalogue, text.into_bytes().into(), keep).await;
        let started = Instant::now();
        let content = items(n, format);
        println!("{engine:?}：{n} 行 {format}，{} MB，造文件 {:.1?}，此时内存 {} MB", content.len() >> 20, started.elapsed(), resident("VmRSS"));
        let done = bring(&t, Kind::Items, content, keep).await;
        assert_eq!(done, n);
    }
}

/// 一个写全了的指南当底子，每行换名字与编码。
fn items(n: usize, format: &str) -> Bytes {
    let guide = complete::built_in().unwrap().remove(0).guide;
    let record = |i: usize| {
        let guide = Guide { name: format!("第{}项许可（第{}类）", i / SPLIT + 1, i % SPLIT + 1), ..guide.clone() };
        let mut record = rows::write(&guide);
        let code = format!("{DEPT}45101{:05}000{:02}", i / SPLIT + 1, i % SPLIT + 1);
        let more = [("TASKHANDLEITEM", code), ("DEPTCODE", DEPT.to_owned()), ("TASKSTATE", "1".to_owned()), ("TASKVERSION", "1".to_owned())];
        record.extend(more.map(|(column, text)| (column.to_owned(), text)));
        record.insert("TASKTYPE".to_owned(), "01".to_owned());
        record
    };
    if format == "json" {
        let mut out = String::from("[");
        for i in 0..n {
            out.push_str(if i == 0 { "\n" } else { ",\n" });
            out.push_str(&write::object(Kind::Items, &record(i)).to_string());
        }
        out.push_str("\n]\n");
        return out.into_bytes().into();
    }
    let format = Format::from_extension(format).unwrap();
    let mut writer = TableWriter::new(format, "实施清单", columns::table(Kind::Items.columns()), Header::Title).unwrap();
    let mut out = Vec::new();
    for i in 0..n {
        out.extend(writer.push(&[write::cells(Kind::Items, &record(i))]).unwrap());
    }
    for block in writer.finish().unwrap() {
        out.extend(block.unwrap());
    }
    out.into()
}

async fn bring(t: &TestDb, kind: Kind, content: Bytes, keep: bool) -> usize {
    let place = Place { tenant: 1, unit: 7, org: 7 };
    let depts: Depts = BTreeMap::from([(DEPT.to_owned(), (place, "区某局".to_owned(), "510811000000".to_owned()))]);
    let batch = Batch { kind, content, keep, depts: Arc::new(depts) };
    let at: Timestamp = "2026-11-02T02:00:00Z".parse().unwrap();
    let (started, mut writing) = (Instant::now(), None);
    let done = import(&t.db, &Actor { tenant: 1, ..Actor::system() }, batch, at, &mut |_, _| {
        writing.get_or_insert_with(|| started.elapsed());
    })
    .await
    .unwrap();
    assert_eq!(done.wrong, 0, "{:?}", done.errors.first());
    println!(
        "{}：{} 行，检查 {:.1?}，共 {:.1?}，内存最高 {} MB",
        kind.label(),
        done.added,
        writing.unwrap_or_default(),
        started.elapsed(),
        resident("VmHWM")
    );
    done.added
}

/// 本进程的内存，MB。
fn resident(which: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(which)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
