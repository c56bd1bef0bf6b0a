//! `cargo xtask bench`：每个数都与同一次运行里的原始极限相比，看比值，不看绝对快慢。
//!
//! 被量的是真的可执行文件，另起一个进程：内存与 CPU 只算它的。数据是一个演示县区，
//! 件数由 `--cases` 定（默认 100000），只量几项用 `--only submit,import,worklist,guide,cockpit,export,recount`；
//! 补录的行数由 `--rows` 定（默认 50000）；`--data 文件夹` 可以接着用上次造好的。

mod client;
mod import;
mod measure;
mod raw;
mod server;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1)).cloned();
    let cases = value("--cases").and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let rows = value("--rows").and_then(|text| text.parse().ok()).unwrap_or(50_000);
    let data = value("--data").map_or_else(|| std::env::temp_dir().join(format!("tongban-bench-{cases}")), PathBuf::from);
    let only = value("--only").unwrap_or_default();
    let binary = value("--binary").map(PathBuf::from).or_else(beside);
    let outcome = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("起运行时").and_then(|runtime| {
        let binary = binary.context("没有找到 tongban 可执行文件，用 --binary 指明")?;
        runtime.block_on(run(cases, rows, server::Ground { binary, data }, &only))
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("没有量成：{error:#}");
            ExitCode::FAILURE
        }
    }
}

/// 同一个文件夹里的 `tongban`。
fn beside() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.with_file_name("tongban");
    path.is_file().then_some(path)
}

async fn run(cases: u64, rows: u64, ground: server::Ground, only: &str) -> Result<()> {
    let wanted = |name: &str| only.is_empty() || only.split(',').any(|part| part == name);
    ground.prepare(cases)?;
    println!("办件 {cases} 件，SQLite，{} 核", std::thread::available_parallelism().map_or(0, usize::from));
    let raw = if wanted("submit") || wanted("import") { Some(raw::submissions(&ground).await?) } else { None };
    let bench = measure::Bench::start(ground).await?;
    bench.idle();
    if let Some(raw) = &raw {
        if wanted("submit") {
            bench.submit(raw).await?;
        }
        if wanted("import") {
            bench.import(rows, raw).await?;
        }
    }
    if wanted("worklist") {
        bench.worklist().await?;
    }
    if wanted("guide") {
        bench.guide().await?;
    }
    if wanted("cockpit") {
        bench.cockpit().await?;
    }
    if wanted("export") {
        bench.export(cases).await?;
    }
    if wanted("recount") {
        bench.recount().await?;
    }
    bench.loaded();
    Ok(())
}
