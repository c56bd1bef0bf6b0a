//! `tongban archive verify`

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result};
use tongban_cases::archive;

/// 离线核对一份卷宗；不对的逐条列出，退出码 1。
///
/// # Errors
/// 文件打不开。
pub fn verify(file: &Path) -> Result<ExitCode> {
    let bytes = std::fs::read(file).with_context(|| format!("读 {}", file.display()))?;
    match archive::verify(&bytes) {
        Ok(manifest) => {
            println!("完整：{} 份都在，内容没有变", manifest.entries.len());
            Ok(ExitCode::SUCCESS)
        }
        Err(faults) => {
            for fault in faults {
                println!("有问题：{fault}");
            }
            Ok(ExitCode::FAILURE)
        }
    }
}
