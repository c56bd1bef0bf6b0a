//! 测试用的数据库：每个测试一个临时 SQLite 文件，或 PostgreSQL 里一个临时模式。
//!
//! PostgreSQL 的地址取自 `TONGBAN_TEST_POSTGRES`；没有设就只测 SQLite，并大声说出来。

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::database::{Database, Engine, Options};
use crate::error::{Error, Result};
use crate::migrate::{self, Migration};
use crate::personal::Keys;

/// 一个临时数据库；离开作用域就清掉。
pub struct TestDb {
    pub db: Database,
    pub url: String,
    cleanup: Cleanup,
}

enum Cleanup {
    Folder(PathBuf),
    Schema { server: String, schema: String },
    Database(String),
}

/// 这台机器上能测的引擎。
#[must_use]
pub fn engines() -> Vec<Engine> {
    if std::env::var("TONGBAN_TEST_POSTGRES").is_ok() {
        return vec![Engine::Sqlite, Engine::Postgres];
    }
    eprintln!("注意：没有设 TONGBAN_TEST_POSTGRES，本测试只跑 SQLite；完整测试请用 cargo xtask test");
    vec![Engine::Sqlite]
}

static KINDS: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// 记下这个进程里记过的日志种类。
pub(crate) fn note_kind(kind: &str) {
    let mut kinds = KINDS.lock().unwrap_or_else(PoisonError::into_inner);
    if !kinds.contains(kind) {
        kinds.insert(kind.to_owned());
    }
}

/// 这个进程里记过的日志种类。
#[must_use]
pub fn journalled() -> BTreeSet<String> {
    KINDS.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// 测试用的固定主钥。
#[must_use]
pub fn keys() -> Keys {
    Keys::derive(&[42; 32])
}

fn unique() -> Result<String> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(|error| Error::Io(error.to_string()))?;
    Ok(hex::encode(bytes))
}

impl TestDb {
    /// 在某种引擎上开一个空库并执行迁移。
    ///
    /// # Errors
    /// 引擎打不开。
    pub async fn open(engine: Engine, migrations: &[Migration]) -> Result<Self> {
        let (url, cleanup) = match engine {
            Engine::Sqlite => {
                let folder = std::env::temp_dir().join(format!("tongban-test-{}", unique()?));
                (format!("sqlite:{}", folder.join("test.db").display()), Cleanup::Folder(folder))
            }
            Engine::Postgres => {
                let server = server()?;
                let schema = format!("t_{}", unique()?);
                run_sql(&server, &format!("CREATE SCHEMA {schema}")).await?;
                let mark = if server.contains('?') { '&' } else { '?' };
                (format!("{server}{mark}options=-csearch_path%3D{schema}"), Cleanup::Schema { server, schema })
            }
        };
        let db = Database::open(Options { url: url.clone(), keys: keys(), connections: 4 }).await?;
        migrate::apply(&db, migrations).await?;
        Ok(Self { db, url, cleanup })
    }

    /// PostgreSQL 上一个现成的库的一份拷贝；那个库上不能有连接。
    ///
    /// # Errors
    /// 没有配 PostgreSQL，或拷不成。
    pub async fn copied(source: &str) -> Result<Self> {
        let name = format!("copy_{}", unique()?);
        run_sql(&server()?, &format!("CREATE DATABASE {name} TEMPLATE {source}")).await?;
        let url = address(&name)?;
        let db = Database::open(Options { url: url.clone(), keys: keys(), connections: 4 }).await?;
        Ok(Self { db, url, cleanup: Cleanup::Database(name) })
    }

    /// 另一个节点：同一个库，另开一组连接。
    ///
    /// # Errors
    /// 引擎打不开。
    pub async fn another_node(&self) -> Result<Database> {
        Database::open(Options { url: self.url.clone(), keys: keys(), connections: 4 }).await
    }
}

/// PostgreSQL 上有没有这个名字的数据库。
///
/// # Errors
/// 没有配 PostgreSQL，或连不上。
pub async fn has_database(name: &str) -> Result<bool> {
    Ok(databases(name).await?.iter().any(|known| known == name))
}

/// 建一个空数据库，回答它的地址；名字开头一样的旧库先删掉。
///
/// # Errors
/// 没有配 PostgreSQL，或连不上。
pub async fn replace_databases(prefix: &str, name: &str) -> Result<String> {
    for known in databases(prefix).await? {
        run_sql(&server()?, &format!("DROP DATABASE {known} WITH (FORCE)")).await?;
    }
    run_sql(&server()?, &format!("CREATE DATABASE {name}")).await?;
    address(name)
}

async fn databases(prefix: &str) -> Result<Vec<String>> {
    let (server, prefix) = (server()?, prefix.to_owned());
    let names = tokio::task::spawn_blocking(move || {
        let rows = crate::postgres_engine::connect(&server, false)?.query("SELECT datname FROM pg_database", &[])?;
        Ok::<_, Error>(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>())
    });
    let names = names.await.map_err(|error| Error::Io(error.to_string()))??;
    Ok(names.into_iter().filter(|name| name.starts_with(&prefix)).collect())
}

fn server() -> Result<String> {
    std::env::var("TONGBAN_TEST_POSTGRES").map_err(|_| Error::Io("没有设 TONGBAN_TEST_POSTGRES".to_owned()))
}

/// 同一台服务器上另一个数据库的地址。
fn address(name: &str) -> Result<String> {
    let server = server()?;
    let (address, options) = server.split_once('?').unwrap_or((&server, ""));
    let (host, _) = address.rsplit_once('/').ok_or(Error::Misuse("TONGBAN_TEST_POSTGRES 里没有数据库名"))?;
    Ok(format!("{host}/{name}?{options}"))
}

async fn run_sql(server: &str, sql: &str) -> Result<()> {
    let (server, sql) = (server.to_owned(), sql.to_owned());
    tokio::task::spawn_blocking(move || Ok(crate::postgres_engine::connect(&server, false)?.batch_execute(&sql)?))
        .await
        .map_err(|error| Error::Io(error.to_string()))?
}

impl Drop for TestDb {
    fn drop(&mut self) {
        match &self.cleanup {
            Cleanup::Folder(folder) => drop(std::fs::remove_dir_all(folder)),
            Cleanup::Schema { server, schema } => sweep(server.clone(), format!("DROP SCHEMA {schema} CASCADE")),
            Cleanup::Database(name) => sweep(server().unwrap_or_default(), format!("DROP DATABASE {name} WITH (FORCE)")),
        }
    }
}

/// 收尾的一句；另起线程，因为可能正在异步运行时里。
fn sweep(server: String, sql: String) {
    drop(std::thread::spawn(move || crate::postgres_engine::connect(&server, false).map(|mut client| client.batch_execute(&sql))).join());
}
