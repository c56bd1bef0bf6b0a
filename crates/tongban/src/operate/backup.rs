//! `tongban backup`、`tongban restore`：SQLite 用在线备份，附件与主钥一起带走。

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rusqlite::Connection;

use super::progress;
use crate::config::Settings;

fn sqlite_path(settings: &Settings) -> Result<PathBuf> {
    let url = settings.database();
    if url.starts_with("postgres") {
        bail!("PostgreSQL 请用 pg_dump 备份库，再复制附件文件夹 {} 与主钥 {}", settings.files(), settings.key_file().display());
    }
    Ok(PathBuf::from(url.strip_prefix("sqlite:").unwrap_or(&url)))
}

/// 备份；服务可以不停。
///
/// # Errors
/// 目标已存在、磁盘写不进。
pub async fn backup(settings: &Settings, to: &Path) -> Result<()> {
    let source = sqlite_path(settings)?;
    if to.exists() {
        bail!("{} 已经存在，请换一个名字，以免盖掉旧备份", to.display());
    }
    if !source.exists() {
        bail!("没有找到数据库 {}", source.display());
    }
    std::fs::create_dir_all(to).with_context(|| format!("建 {}", to.display()))?;
    let (target, files) = (to.join("tongban.db"), settings.files());
    tokio::task::spawn_blocking(move || copy_database(&source, &target)).await??;
    copy_folder(Path::new(&files), &to.join("files"))?;
    std::fs::copy(settings.key_file(), to.join("master.key")).context("复制主钥")?;
    println!("备份好了：{}（数据库、附件、主钥；主钥能解开个人信息，请分开保管）", to.display());
    Ok(())
}

/// `VACUUM INTO` 在一个读快照上写出整份库，不妨碍正在进行的写。
fn copy_database(source: &Path, target: &Path) -> Result<()> {
    let bar = progress(0);
    bar.set_message("复制数据库");
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    let conn = Connection::open(source)?;
    let path = target.to_str().context("路径不是 UTF-8")?;
    conn.execute("VACUUM INTO ?1", [path]).with_context(|| format!("写 {}", target.display()))?;
    bar.finish_and_clear();
    Ok(())
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    if !from.is_dir() {
        return Ok(());
    }
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() { copy_folder(&entry.path(), &target)? } else { let _ = std::fs::copy(entry.path(), target)?; }
    }
    Ok(())
}

/// 恢复到空的数据文件夹；检索索引会自己重建。
///
/// # Errors
/// 数据文件夹里已有数据库、备份不完整。
pub fn restore(settings: &Settings, from: &Path) -> Result<()> {
    let target = sqlite_path(settings)?;
    if target.exists() {
        bail!("{} 已经有数据库，恢复会盖掉它；请先移走，或用 TONGBAN_DATA 指到空文件夹", target.display());
    }
    let source = from.join("tongban.db");
    if !source.exists() || !from.join("master.key").exists() {
        bail!("{} 不是完整的备份：应有 tongban.db 与 master.key", from.display());
    }
    std::fs::create_dir_all(settings.data())?;
    copy_database(&source, &target)?;
    copy_folder(&from.join("files"), Path::new(&settings.files()))?;
    std::fs::copy(from.join("master.key"), settings.key_file()).context("复制主钥")?;
    println!("恢复好了；请运行 tongban journal verify 查验，再 tongban serve");
    Ok(())
}
