//! `tongban backup`、`tongban restore`：SQLite 用在线备份，附件一起带走，主钥另放。

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
    let key = beside(to);
    std::fs::copy(settings.key_file(), &key).context("复制主钥")?;
    println!("备份好了：{}（数据库、附件）", to.display());
    println!("主钥另放在 {}：它能解开个人信息与印章私钥，请移到别处分开保管", key.display());
    Ok(())
}

/// 主钥不进备份文件夹，放在旁边：`/备份/今天` 的主钥是 `/备份/今天.key`。
fn beside(backup: &Path) -> PathBuf {
    let mut name = backup.file_name().unwrap_or_default().to_owned();
    name.push(".key");
    backup.with_file_name(name)
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

/// 恢复到空的数据文件夹；检索索引会自己重建。主钥取备份旁边的；已经放在该在的地方的就用它。
///
/// # Errors
/// 数据文件夹里已有数据库、备份不完整、找不到主钥。
pub fn restore(settings: &Settings, from: &Path) -> Result<()> {
    let target = sqlite_path(settings)?;
    if target.exists() {
        bail!("{} 已经有数据库，恢复会盖掉它；请先移走，或用 TONGBAN_DATA 指到空文件夹", target.display());
    }
    let source = from.join("tongban.db");
    if !source.exists() {
        bail!("{} 不是完整的备份：应有 tongban.db", from.display());
    }
    // 早先的备份把主钥放在里面
    let found = [beside(from), from.join("master.key")].into_iter().find(|path| path.exists());
    if found.is_none() && !settings.key_file().exists() {
        bail!("没有找到主钥：请把备份时另存的主钥放到 {} 或 {}", beside(from).display(), settings.key_file().display());
    }
    std::fs::create_dir_all(settings.data())?;
    copy_database(&source, &target)?;
    copy_folder(&from.join("files"), Path::new(&settings.files()))?;
    if let Some(key) = found {
        std::fs::copy(key, settings.key_file()).context("复制主钥")?;
    }
    println!("恢复好了；请运行 tongban journal verify 查验，再 tongban serve");
    Ok(())
}
