//! 演示县区：全部经各区的命令造出来，一步一步，断了可以接着来。

mod accounts;
mod county;

use std::path::Path;

use anyhow::{Context, Result};
use jiff::Timestamp;
use tongban_directory::commands as directory;
use tongban_kernel::Actor;
use tongban_store::Database;
use tongban_system::store as settings;
use tongban_web::{App, Demo};

use crate::operate::progress;

const STAGE: &str = "demo.stage";

/// 造到第几步；做完一步记一步。
async fn stage(db: &Database) -> Result<u32> {
    let found = db.read("demo.stage", |tx| settings::get(tx, STAGE)).await?;
    Ok(found.and_then(|text| text.parse().ok()).unwrap_or(0))
}

async fn finish(db: &Database, stage: u32) -> Result<()> {
    let at = Timestamp::now();
    Ok(db.write("demo.stage_done", move |tx| settings::put(tx, STAGE, &stage.to_string(), at)).await?)
}

/// 造好演示县区（已经造好就跳过），打印演示账号。
///
/// # Errors
/// 任何一步没做成；下次从那一步接着来。
pub async fn prepare(app: &App, cases: u64, accounts_json: Option<&Path>) -> Result<()> {
    let (db, done) = (app.db(), stage(app.db()).await?);
    if done < 1 {
        eprintln!("造演示县区：角色、区划、机构");
        db.write("demo.roles", |tx| directory::install_roles(tx, &Actor::system())).await?;
        tongban_directory::import::load(db).await?;
        county::build(db).await?;
        finish(db, 1).await?;
    }
    if done < 2 {
        eprintln!("造演示账号");
        accounts::build(db).await?;
        finish(db, 2).await?;
    }
    activity(app, cases, done).await?;
    accounts::show(accounts_json)
}

/// 各区造自己的活动；之后让反应、指标、检索都跟上。
///
/// 每个区是一步，从第 3 步数起。
async fn activity(app: &App, cases: u64, done: u32) -> Result<()> {
    let areas = app.areas().iter().copied().filter_map(|area| area.demo.map(|demo| (area.title, demo)));
    for (step, (title, demo)) in (3..).zip(areas) {
        if step <= done {
            continue;
        }
        let (db, handle) = (app.db().clone(), tokio::runtime::Handle::current());
        let bar = progress(1);
        let made = tokio::task::spawn_blocking(move || {
            let mut report = |at: u64, total: u64, what: &str| {
                bar.set_length(total.max(1));
                bar.set_position(at);
                bar.set_message(what.to_owned());
            };
            let made = demo(&mut Demo { db: &db, runtime: &handle, now: Timestamp::now(), cases, progress: &mut report });
            bar.finish_and_clear();
            made
        });
        made.await?.with_context(|| format!("造“{title}”的演示数据"))?;
        app.settle().await?;
        finish(app.db(), step).await?;
        eprintln!("造好了：{title}");
    }
    Ok(())
}
