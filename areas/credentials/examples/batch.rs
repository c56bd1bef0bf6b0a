//! 量成批签发：`cargo run --release -p tongban-credentials --example batch -- 10000`。
//!
//! 一个空库（SQLite；设了 `TONGBAN_TEST_POSTGRES` 就再在 PostgreSQL 上来一遍）：录入、另一人复核、成批用印，边做边报；
//! 末了抽二十份逐份验真。
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

#[allow(dead_code)]
#[path = "../tests/all/support.rs"]
mod support;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use support::{Home, homes, now};
use tongban_credentials::commands::{self, Enter};
use tongban_credentials::maker;
use tongban_credentials::model::LicenceState;
use tongban_credentials::store::licences;

const BATCH: &str = "measure";

fn said(what: &str, many: i64, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    #[allow(clippy::cast_precision_loss)]
    let rate = many as f64 / seconds.max(0.001);
    println!("{what} {many} 张，用 {seconds:.1} 秒，每秒 {rate:.0} 张");
}

async fn done(home: &Home) -> i64 {
    let counts = home.app.app.db().snapshot("measure.done", |tx| licences::batch(tx, BATCH)).await.unwrap();
    counts.iter().filter(|(state, _)| *state == LicenceState::Valid).map(|(_, n)| n).sum()
}

async fn measure(home: &Home, many: i64) {
    home.seal(home.bureau, "食品经营许可证").await;
    let kind = home.kind("食品经营许可证").await;
    let (db, boss, other) = (home.app.app.db(), home.boss(1), home.boss(2));
    let one = |n: i64| Enter {
        holder_name: format!("王小明{n}"),
        batch: BATCH.into(),
        fields: BTreeMap::from([("JYCS".to_owned(), format!("元坝镇京昆路{n}号"))]),
        ..home.input(kind)
    };
    let rows: Vec<_> = (0..many).map(|n| (n + 2, one(n))).collect();
    let began = Instant::now();
    for chunk in rows.chunks(200) {
        let (chunk, boss) = (chunk.to_vec(), boss.clone());
        db.bulk("measure.enter", move |tx| commands::enter_batch(tx, &boss, &chunk, now()).map(drop)).await.unwrap();
    }
    said("录入", many, began);
    let began = Instant::now();
    loop {
        let other = other.clone();
        if db.bulk("measure.review", move |tx| commands::review_batch(tx, &other, BATCH, now())).await.unwrap() == 0 {
            break;
        }
    }
    said("复核", many, began);
    let began = Instant::now();
    let app = home.app.app.clone();
    let work = tokio::spawn(async move { app.settle().await });
    while !work.is_finished() {
        tokio::time::sleep(Duration::from_secs(1)).await;
        println!("　　已签发 {} / {many}", done(home).await);
    }
    work.await.unwrap().unwrap();
    said("成文、盖章、落账", done(home).await, began);
    check(home).await;
}

/// 抽二十份逐份验真。
async fn check(home: &Home) {
    let db = home.app.app.db();
    let trust = db.snapshot("measure.trust", maker::trust).await.unwrap();
    let ids = db.snapshot("measure.some", |tx| licences::in_batch(tx, BATCH, LicenceState::Valid, 0, 20)).await.unwrap();
    for id in &ids {
        let row = home.row(*id).await;
        let bytes = home.app.app.files().get(&row.file).await.unwrap();
        let report = tongban_ofd::verify(&bytes, &trust, now());
        assert!(report.conclusion.is_valid(), "{}：{}", row.number, report.reason());
    }
    println!("抽 {} 份验真：都有效", ids.len());
}

#[tokio::main]
async fn main() {
    let many = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(1000);
    for home in homes().await {
        measure(&home, many).await;
    }
}
