//! `tongban check`：这台机器缺什么、怎么补。

use std::process::ExitCode;

use anyhow::Result;
use tongban_kernel::calendar;
use tongban_kernel::time::date_of;
use tongban_store::Engine;

use crate::config::{KEYS, Settings};
use crate::house;

/// 逐项检查；有一项不行退出码 1。
///
/// # Errors
/// 不会；每一项的失败都写在报告里。
pub async fn check(settings: &Settings) -> Result<ExitCode> {
    tongban_documents::paper::font::choose(std::path::Path::new(settings.get("font")));
    let mut sound = true;
    let mut report = |name: &str, outcome: std::result::Result<String, String>| match outcome {
        Ok(text) => println!("好　　{name}：{text}"),
        Err(text) => {
            sound = false;
            println!("不行　{name}：{text}");
        }
    };
    report("数据文件夹", writable(settings));
    let database = house::database(settings).await;
    match &database {
        Ok(db) => {
            report("数据库", Ok(settings.shown_database()));
            report("排序规则", collation(db).await);
        }
        Err(error) => report("数据库", Err(format!("{error:#}；SQLite 请检查文件夹权限，PostgreSQL 请检查地址、口令与网络"))),
    }
    let year = date_of(jiff::Timestamp::now()).year();
    let maintained = calendar::current().maintained(year);
    report("工作日历", if maintained { Ok(format!("{year} 年已维护")) } else { Err(format!("{year} 年没有放假安排，到期日按周一至周五估算；请更新 reference/holidays.csv 后重新构建")) });
    report("文书字体", tongban_documents::paper::font::shared().map(|font| font.family().to_owned()).map_err(|error| error.to_string()));
    report("监听地址", match tokio::net::TcpListener::bind(settings.get("listen")).await {
        Ok(_) => Ok(settings.get("listen").to_owned()),
        Err(error) => Err(format!("{} 用不了（{error}）；换端口：TONGBAN_LISTEN=127.0.0.1:9090", settings.get("listen"))),
    });
    println!("\n配置：");
    for (key, _, title) in KEYS {
        let shown = if *key == "database" { settings.shown_database() } else { settings.get(key).to_owned() };
        println!("  {key} = {shown}（{}）{title}", settings.source(key).label());
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn writable(settings: &Settings) -> std::result::Result<String, String> {
    let data = settings.data();
    let probe = data.join(".probe");
    std::fs::create_dir_all(&data)
        .and_then(|()| std::fs::write(&probe, b"x"))
        .and_then(|()| std::fs::remove_file(&probe))
        .map(|()| data.display().to_string())
        .map_err(|error| format!("{} 写不进（{error}）；换一个：TONGBAN_DATA=路径", data.display()))
}

async fn collation(db: &tongban_store::Database) -> std::result::Result<String, String> {
    if db.engine() == Engine::Sqlite {
        return Ok("SQLite 按字节".to_owned());
    }
    let found = db
        .read("check.collation", |tx| {
            tx.row("SELECT datcollate FROM pg_database WHERE datname = current_database()", &[], |r| r.get::<String>(0))
        })
        .await;
    match found {
        Ok(Some(name)) if name == "C" || name == "C.UTF-8" || name == "POSIX" => Ok(name),
        Ok(name) => Err(format!("库的排序规则是 {}，翻页会乱；请重建：createdb --locale=C --template=template0 库名", name.unwrap_or_default())),
        Err(error) => Err(error.to_string()),
    }
}
