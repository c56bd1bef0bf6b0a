//! 把房子立起来：数据库、迁移、文件库、检索、应用。

use std::path::Path;

use anyhow::{Context, Result, bail};
use tongban_search::Index;
use tongban_store::files::Files;
use tongban_store::personal::Keys;
use tongban_store::{Database, Options, migrate};
use tongban_web::{App, Config};

use crate::areas;
use crate::config::Settings;

/// 打开数据库，不迁移。
///
/// # Errors
/// 打不开、连不上、主钥读不出。
pub async fn database(settings: &Settings) -> Result<Database> {
    std::fs::create_dir_all(settings.data()).with_context(|| format!("建数据文件夹 {}", settings.data().display()))?;
    let keys = Keys::open(&settings.key_file())?;
    let connections = settings.number("connections")? as usize;
    Database::open(Options { url: settings.database(), keys, connections })
        .await
        .with_context(|| format!("打开数据库 {}", settings.shown_database()))
}

/// 执行全部迁移，回答新执行了几份。
///
/// # Errors
/// 脚本不合法或被改动过。
pub async fn migrate(db: &Database) -> Result<u32> {
    Ok(migrate::apply(db, &App::migrations(&areas::all())).await?)
}

/// 打开并迁移数据库，组成应用。
///
/// # Errors
/// 任何一样打不开。
pub async fn open(settings: &Settings) -> Result<App> {
    open_as(settings, tongban_parties::identify).await
}

/// 同 [`open`]，另给认人的办法（命令行的操作者用）。
///
/// # Errors
/// 任何一样打不开。
pub async fn open_as(settings: &Settings, identify: tongban_web::Identify) -> Result<App> {
    tongban_documents::paper::font::choose(Path::new(settings.get("font")));
    let db = database(settings).await?;
    migrate(&db).await?;
    let search = Index::open(&settings.data().join("search")).context("打开检索索引")?;
    Ok(App::new(db, files(settings)?, search, config(settings)?, areas::all(), identify))
}

fn config(settings: &Settings) -> Result<Config> {
    Ok(Config {
        site: settings.get("site").to_owned(),
        owner: settings.get("owner").to_owned(),
        base_url: settings.base_url(),
        data: settings.data(),
        demo: settings.flag("demo"),
        trust_proxy: settings.flag("trust_proxy"),
        https: settings.flag("https"),
        requests_per_minute: settings.number("requests_per_minute")?,
        secret: secret(&settings.key_file())?,
        upload_limit: settings.number("upload_mb")? as usize * 1024 * 1024,
        private_endpoints: settings.flag("private_endpoints"),
        sms_url: settings.get("sms_url").to_owned(),
        sms_secret: settings.get("sms_secret").to_owned(),
        default_rating_days: settings.number("default_rating_days")?,
    })
}

/// 签令牌的钥匙由主钥派生：几个节点用同一把主钥，表单令牌就通用。
fn secret(key_file: &Path) -> Result<[u8; 32]> {
    let text = std::fs::read_to_string(key_file).with_context(|| format!("读主钥 {}", key_file.display()))?;
    let mut master = hex::decode(text.trim()).context("主钥应为 64 位十六进制")?;
    master.reverse();
    let Ok(secret) = <[u8; 32]>::try_from(master) else { bail!("主钥应为 64 位十六进制") };
    Ok(secret)
}

#[cfg(feature = "s3")]
fn files(settings: &Settings) -> Result<Files> {
    use object_store::prefix::PrefixStore;
    use std::sync::Arc;
    let place = settings.files();
    let Some(rest) = place.strip_prefix("s3://") else { return Ok(Files::local(Path::new(&place))?) };
    let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let store = object_store::aws::AmazonS3Builder::from_env().with_bucket_name(bucket).build().context("连接 S3 存储")?;
    Ok(Files::new(Arc::new(PrefixStore::new(store, prefix))))
}

#[cfg(not(feature = "s3"))]
fn files(settings: &Settings) -> Result<Files> {
    let place = settings.files();
    if place.starts_with("s3://") {
        bail!("这个程序没有带 S3 存储；请用 cargo build --release --features s3 重新构建，或把 files 配成文件夹");
    }
    Ok(Files::local(Path::new(&place))?)
}
