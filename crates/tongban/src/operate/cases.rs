//! `tongban import --kind cases`：历史办件、行业系统办件成批补录，与页面同一条路。
//!
//! 一行一行地读，断了再跑一遍就从断的地方接着；同一份表再导一遍，已有的不会再建。

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tongban_cases::import;
use tongban_cases::rules::sheets;
use tongban_cases::store::imports::{self, Import, ImportState};
use tongban_directory::queries as directory;
use tongban_documents::table::stream;
use tongban_kernel::{Actor, Problem};
use tongban_web::App;

use super::progress;
use crate::config::Settings;
use crate::house;

/// 多久看一次进度。
const EVERY: Duration = Duration::from_millis(500);

fn told(problem: &Problem) -> anyhow::Error {
    let details: Vec<&str> = problem.errors.iter().map(|error| error.detail.as_str()).collect();
    anyhow::anyhow!("{} {}", problem.detail, details.join("；"))
}

/// 导入一组表。
///
/// # Errors
/// 没写系统名、文件读不懂、认不出必填的列、数据库打不开。
pub async fn import(settings: &Settings, files: &[PathBuf], system: &str, historic: bool) -> Result<()> {
    if system.trim().is_empty() {
        bail!("请用 --system 写明办件来自哪个系统，如 --system 老审批系统");
    }
    let app = house::open(settings).await?;
    let tenant = app.db().read("import.tenants", directory::tenants).await?.first().map(|org| org.id);
    let Some(tenant) = tenant else { bail!("还没有县区，请先建机构再导入") };
    let actor = Actor { tenant, ..Actor::system() };
    for (n, file) in files.iter().enumerate() {
        println!("第 {} / {} 份：{}", n + 1, files.len(), file.display());
        let done = one(&app, &actor, file, system.trim(), historic).await.with_context(|| file.display().to_string())?;
        println!(
            "  {} 行：新补 {}，早已有 {}，没补上 {}，两边不一致 {}，晚补 {}",
            done.total, done.linked, done.existed, done.failed, done.differs, done.late
        );
    }
    app.settle().await?;
    Ok(())
}

async fn one(app: &App, actor: &Actor, file: &Path, system: &str, historic: bool) -> Result<Import> {
    let opened = opened(app, actor, file, system).await?;
    let id = opened.id;
    let bar = progress(u64::try_from(opened.total).unwrap_or(0));
    bar.set_position(u64::try_from(opened.done).unwrap_or(0));
    let work = import::carry_part(app, id, historic);
    tokio::pin!(work);
    loop {
        tokio::select! {
            result = &mut work => {
                result?;
                break;
            }
            () = tokio::time::sleep(EVERY) => {
                let now = app.db().read("import.progress", move |tx| imports::find(tx, id)).await?;
                bar.set_position(now.map_or(0, |now| u64::try_from(now.done).unwrap_or(0)));
            }
        }
    }
    bar.finish_and_clear();
    app.db().read("import.done", move |tx| imports::find(tx, id)).await?.context("批次不见了")
}

/// 没补完的同一份接着补；否则登记一批。
async fn opened(app: &App, actor: &Actor, file: &Path, system: &str) -> Result<Import> {
    let name = file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let media = if name.ends_with(".xlsx") { "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" } else { "text/csv" };
    let (total, header) = (counted(file)?, stream::head(File::open(file)?, 0).map_err(|problem| told(&problem))?.0);
    let stored = app.files().put_file(file, media).await?;
    let (tenant, digest, from) = (actor.tenant, stored.digest.clone(), system.to_owned());
    let (known, saved) = app
        .db()
        .snapshot("import.known", move |tx| Ok((imports::same_file(tx, tenant, &digest, &from)?, import::saved_mapping(tx, tenant, &from)?)))
        .await?;
    if let Some(known) = known.filter(|known| known.state == ImportState::Running) {
        println!("  接着上次的第 {} 行", known.done);
        return Ok(known);
    }
    let mapping = sheets::recognise(&header, &saved);
    let unknown: Vec<&str> = sheets::missing(&mapping).iter().map(|target| target.title).collect();
    if !unknown.is_empty() {
        bail!("表头里认不出：{}；请改表头，或先在页面上把字段对照存好", unknown.join("、"));
    }
    let chosen = mapping.into_iter().filter_map(|(code, place)| header.get(place).map(|title| (code, title.clone()))).collect();
    let (actor, system, at) = (actor.clone(), system.to_owned(), app.now());
    let started = app
        .db()
        .write("import.start", move |tx| {
            let opened = import::open(tx, &actor, &system, &stored, &name, total, at)?;
            import::start(tx, &actor, opened.id, &chosen, at)
        })
        .await?;
    Ok(started)
}

fn counted(file: &Path) -> Result<usize> {
    let source = File::open(file).with_context(|| format!("读 {}", file.display()))?;
    let total = stream::count(source, import::MAX_ROWS).map_err(|problem| told(&problem))?;
    if total == 0 || total > import::MAX_ROWS {
        bail!("一份表要有 1 到 {} 行数据，请分成几份", import::MAX_ROWS);
    }
    Ok(total)
}
