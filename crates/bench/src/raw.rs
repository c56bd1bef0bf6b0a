//! 原始极限：登记一件所跑的那些语句，不经网页、不经命令，成组提交地重放。

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context, Result};
use tongban_cases::commands::{self, External, Registration};
use tongban_cases::import::CHUNK;
use tongban_cases::model::{Applicant, Channel, Delivery, Outcome};
use tongban_kernel::{Actor, Problem};
use tongban_store::personal::Keys;
use tongban_store::trace::Trace;
use tongban_store::{Database, Options, Tx};

use crate::measure::{CLIENTS, ITEM, LASTING};
use crate::server::Ground;

/// 同样的语句每秒跑多少遍。
pub struct Raw {
    pub statements: usize,
    pub per_second: f64,
    /// 经命令、不经网页，每秒多少件。
    pub commands: f64,
    /// 补录一件的语句数，与按产品的块重放时每秒多少件。
    pub link_statements: usize,
    pub links: f64,
}

const CODE: &str = "SELECT code FROM items_items WHERE name = $1 LIMIT 1";

/// 量“同样的语句”与“同样的命令”。
///
/// # Errors
/// 数据库打不开，或没有可登记的事项。
pub async fn submissions(ground: &Ground) -> Result<Raw> {
    // 重放出来的行没有对应的日志，放在另一个空县区里；那里索引浅，只会更快
    let empty = Ground { binary: ground.binary.clone(), data: ground.data.join("raw") };
    // 上一回留下的不用：结构可能旧了，一天的流水也会用完
    if empty.data.exists() {
        std::fs::remove_dir_all(&empty.data).context("删不掉上一回的空县区")?;
    }
    empty.prepare(0)?;
    let url = format!("sqlite:{}", empty.data.join("tongban.db").display());
    let keys = Keys::open(&empty.data.join("master.key"))?;
    let db = Database::open(Options { url, keys, connections: 0 }).await?;
    let code = db.read("bench.code", |tx| tx.row(CODE, tongban_store::args![ITEM], |r| r.get::<String>(0))).await?.context("没有这个事项")?;
    let (no, trace) = {
        let code = code.clone();
        db.write("bench.trace", move |tx| traced(tx, &code)).await?
    };
    let trace = Arc::new(trace);
    let statements = trace.len();
    let serial = Arc::new(AtomicU64::new(std::process::id().into()));
    let per_second = repeat(&db, move |tx| {
        let fresh = format!("bench-{}-{}", std::process::id(), serial.fetch_add(1, Ordering::Relaxed));
        trace.replay(tx, &[&no], &fresh)
    })
    .await?;
    let linked = code.clone();
    let (link_no, link) = db.write("bench.trace", move |tx| traced_link(tx, &linked)).await?;
    let (link, link_statements) = (Arc::new(link.clone()), link.len());
    let serial = Arc::new(AtomicU64::new(0));
    let chunks = repeat(&db, move |tx| {
        for _ in 0..CHUNK {
            let fresh = format!("fresh-{}-{}", std::process::id(), serial.fetch_add(1, Ordering::Relaxed));
            link.replay(tx, &[&link_no, &link_number()], &fresh)?;
        }
        Ok(())
    })
    .await?;
    let commands = repeat(&db, move |tx| register(tx, &code).map(|_| ())).await?;
    Ok(Raw { statements, per_second, commands, link_statements, links: chunks * CHUNK as f64 })
}

fn traced_link(tx: &mut Tx<'_>, code: &str) -> tongban_store::Result<(String, Trace)> {
    let offer = tongban_cases::offer::current(tx, code)?.ok_or_else(Problem::not_found)?;
    let input = External {
        system: "压测系统".to_owned(),
        // 编号里带着办件编号的样子，重放时一起换新
        number: link_number(),
        applicant: registration().applicant,
        accepted_at: tongban_kernel::time::from_millis(NOON - 3_600_000),
        decided_at: tongban_kernel::time::from_millis(NOON),
        outcome: Outcome::Granted,
        reason: String::new(),
        historic: false,
    };
    tx.start_trace();
    let done = commands::link(tx, &Actor::system(), &offer, &input, &[7; 32], tongban_kernel::time::from_millis(NOON + 3_600_000));
    let trace = tx.take_trace().unwrap_or_default();
    Ok((done?.no, trace))
}

/// 补录的编号；同一块地再量一次也不与上次的重。
fn link_number() -> String {
    format!("bench-link-{}", std::process::id())
}

fn traced(tx: &mut Tx<'_>, code: &str) -> tongban_store::Result<(String, Trace)> {
    let offer = tongban_cases::offer::current(tx, code)?.ok_or_else(Problem::not_found)?;
    tx.start_trace();
    let done = commands::register(tx, &Actor::system(), &offer, &registration(), &[7; 32], tongban_kernel::time::from_millis(NOON));
    let trace = tx.take_trace().unwrap_or_default();
    Ok((done?.no, trace))
}

fn register(tx: &mut Tx<'_>, code: &str) -> tongban_store::Result<String> {
    let offer = tongban_cases::offer::current(tx, code)?.ok_or_else(Problem::not_found)?;
    Ok(commands::register(tx, &Actor::system(), &offer, &registration(), &[7; 32], tongban_kernel::time::from_millis(NOON))?.no)
}

/// 2026-11-20 12:00（东八区），压测固定在这一刻。
const NOON: i64 = 1_795_147_200_000;

fn registration() -> Registration {
    Registration {
        applicant: Applicant {
            name: "王小明".to_owned(),
            contact: "王小明".to_owned(),
            is_legal: false,
            id_type: "111".to_owned(),
            id_number: "510811199003070017".to_owned(),
            mobile: "13900000001".to_owned(),
            address: String::new(),
        },
        situations: Vec::new(),
        form: std::collections::BTreeMap::new(),
        materials: Vec::new(),
        delivery: Delivery::Electronic,
        summary: String::new(),
        channel: Channel::Window,
        allow_same: true,
        follow: None,
    }
}

/// 64 个调用者各做一会儿，回答每秒多少个单元。
async fn repeat(db: &Database, work: impl Fn(&mut Tx<'_>) -> tongban_store::Result<()> + Clone + Send + Sync + 'static) -> Result<f64> {
    let done = Arc::new(AtomicU64::new(0));
    let begun = Instant::now();
    let mut workers = Vec::new();
    for _ in 0..CLIENTS {
        let (db, done, work) = (db.clone(), Arc::clone(&done), work.clone());
        workers.push(tokio::spawn(async move {
            while begun.elapsed() < LASTING {
                let work = work.clone();
                db.write("bench.raw", move |tx| work(tx)).await?;
                done.fetch_add(1, Ordering::Relaxed);
            }
            Ok::<_, tongban_store::Error>(())
        }));
    }
    for worker in workers {
        worker.await??;
    }
    Ok(done.load(Ordering::Relaxed) as f64 / begun.elapsed().as_secs_f64())
}

const SCAN: &str = "SELECT COUNT(*), COALESCE(SUM(submitted_at / 86400000 + COALESCE(accepted_at, 0) / 86400000 + COALESCE(decided_at, 0) / 86400000 + promise_days + length(state)), 0) FROM cases_cases NOT INDEXED";

/// 全表扫一遍办件要多少秒：重算的原始极限。
///
/// # Errors
/// 数据库打不开。
pub async fn scan(data: &Path) -> Result<f64> {
    let url = format!("sqlite:{}", data.join("tongban.db").display());
    let db = Database::open(Options { url, keys: Keys::open(&data.join("master.key"))?, connections: 1 }).await?;
    let begun = Instant::now();
    db.read("bench.scan", |tx| tx.row(SCAN, &[], |r| r.get::<i64>(0))).await?;
    Ok(begun.elapsed().as_secs_f64())
}
