//! `tongban journal verify`

use std::process::ExitCode;

use anyhow::Result;
use tongban_store::journal;

use super::progress;
use crate::config::Settings;
use crate::house;

/// 从头查验；有问题逐条列出，退出码 1。
///
/// # Errors
/// 数据库打不开。
pub async fn verify(settings: &Settings) -> Result<ExitCode> {
    let db = house::database(settings).await?;
    let bar = progress(0);
    let verdict = journal::verify(&db, |done| bar.set_position(u64::try_from(done).unwrap_or(0))).await?;
    bar.finish_and_clear();
    println!("查验了 {} 条日志、{} 条泳道、{} 个检查点", verdict.entries, verdict.lanes, verdict.checkpoints);
    if verdict.faults.is_empty() {
        println!("完整：没有改动、缺失或调换");
        return Ok(ExitCode::SUCCESS);
    }
    for fault in &verdict.faults {
        println!("有问题：{fault}");
    }
    Ok(ExitCode::FAILURE)
}
