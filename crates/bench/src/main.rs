//! `cargo xtask bench`：每个数都与同一次运行里的原始极限相比，看比值，不看绝对快慢。
//!
//! 数据是一个演示县区，件数由 `--cases` 定（默认 100000）；`--data 文件夹` 可以接着用上次造好的。

mod client;
mod measure;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let value = |name: &str| arguments.iter().position(|a| a == name).and_then(|at| arguments.get(at + 1)).cloned();
    let cases = value("--cases").and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let data = value("--data").map_or_else(|| std::env::temp_dir().join(format!("tongban-bench-{cases}")), PathBuf::from);
    let outcome = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("起运行时")
        .and_then(|runtime| runtime.block_on(run(cases, data)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("没有量成：{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(cases: u64, data: PathBuf) -> Result<()> {
    let bench = measure::Bench::prepare(cases, data).await?;
    println!("办件 {cases} 件，SQLite，{} 核", std::thread::available_parallelism().map_or(0, usize::from));
    bench.submit().await?;
    bench.worklist().await?;
    bench.guide().await?;
    bench.cockpit().await?;
    bench.export().await?;
    bench.memory();
    Ok(())
}
