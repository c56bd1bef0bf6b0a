//! 测试用的数据库：每个测试一个临时 SQLite 文件，或 PostgreSQL 里一个临时模式。
//!
//! PostgreSQL 的地址取自 `TONGBAN_TEST_POSTGRES`；没有设就只测 SQLite，并大声说出来。

use std::path::PathBuf;

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
                let server = std::env::var("TONGBAN_TEST_POSTGRES").map_err(|_| Error::Io("没有设 TONGBAN_TEST_POSTGRES".to_owned()))?;
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

    /// 另一个节点：同一个库，另开一组连接。
    ///
    /// # Errors
    /// 引擎打不开。
    pub async fn another_node(&self) -> Result<Database> {
        Database::open(Options { url: self.url.clone(), keys: keys(), connections: 4 }).await
    }
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
            Cleanup::Schema { server, schema } => {
                let (server, sql) = (server.clone(), format!("DROP SCHEMA {schema} CASCADE"));
                drop(std::thread::spawn(move || crate::postgres_engine::connect(&server, false).map(|mut c| c.batch_execute(&sql))).join());
            }
        }
    }
}
