//! 运维命令。

pub mod accounts;
pub mod archive;
pub mod backup;
pub mod cases;
pub mod check;
pub mod credentials;
pub mod journal;
pub mod tables;

use indicatif::{ProgressBar, ProgressStyle};

/// 一根进度条；标准错误不是终端时自动不画。
#[must_use]
pub fn progress(total: u64) -> ProgressBar {
    let bar = if total == 0 { ProgressBar::new_spinner() } else { ProgressBar::new(total) };
    let template = if total == 0 { "{spinner} {pos} {msg}" } else { "{msg} [{bar:40}] {pos}/{len} 还要 {eta}" };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar
}
