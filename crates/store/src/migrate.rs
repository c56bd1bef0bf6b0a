//! 迁移：每区一串编了号的脚本，带校验和，各在一个事务里。
//!
//! 脚本按 PostgreSQL 写，只用四种类型；给 SQLite 时换类型名并加 `STRICT`（foundations §3.11）。

use jiff::Timestamp;
use sm3::{Digest, Sm3};
use tongban_kernel::problem::{Code, Problem};

use crate::database::{Database, Engine};
use crate::error::{Error, Result};
use crate::tx::{Link, Tx};

/// 一份迁移脚本。
#[derive(Debug, Clone, Copy)]
pub struct Migration {
    pub area: &'static str,
    pub number: i64,
    pub name: &'static str,
    pub sql: &'static str,
}

const TABLE: &str = "CREATE TABLE IF NOT EXISTS migrations (area TEXT NOT NULL, number BIGINT NOT NULL, name TEXT NOT NULL, \
     checksum TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (area, number))";
const FIND: &str = "SELECT checksum FROM migrations WHERE area = $1 AND number = $2";
const EARLIER: &str = "SELECT area FROM migrations WHERE area <> $1 LIMIT 1";
const ADD: &str = "INSERT INTO migrations (area, number, name, checksum, at) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (area, number) DO NOTHING";

impl Migration {
    #[must_use]
    pub fn checksum(&self) -> String {
        hex::encode(Sm3::digest(self.sql.as_bytes()))
    }

    /// 按引擎改写后的各条语句。
    fn statements(&self, engine: Engine) -> Vec<String> {
        let plain: String = self.sql.lines().map(|line| line.split("--").next().unwrap_or("")).collect::<Vec<_>>().join("\n");
        plain
            .split(';')
            .map(str::trim)
            .filter(|statement| !statement.is_empty())
            .map(|statement| match engine {
                Engine::Postgres => statement.to_owned(),
                Engine::Sqlite => for_sqlite(statement),
            })
            .collect()
    }
}

fn for_sqlite(statement: &str) -> String {
    let adapted = statement.replace("DOUBLE PRECISION", "REAL").replace("BIGINT", "INTEGER").replace("BYTEA", "BLOB");
    if adapted.starts_with("CREATE TABLE") { format!("{adapted} STRICT") } else { adapted }
}

fn changed(migration: &Migration) -> Error {
    Error::Io(format!("迁移 {}/{} 已经执行过，但脚本后来被改动；请恢复原脚本，另加新的迁移", migration.area, migration.number))
}

/// 起连接线程之前，直接在一条连接上建数据层自己的表。
pub(crate) fn bootstrap(link: &mut dyn Link, migrations: &[Migration]) -> Result<()> {
    let table = if link.engine() == Engine::Sqlite { for_sqlite(TABLE) } else { TABLE.to_owned() };
    // 两个节点同时建表时后到的会撞上目录里的唯一键，再试即可
    for last in [false, false, true] {
        match link.batch(&table) {
            Ok(()) => break,
            Err(error) if last => return Err(error),
            Err(_) => std::thread::sleep(std::time::Duration::from_millis(200)),
        }
    }
    for migration in migrations {
        link.batch("BEGIN")?;
        let done = apply_on(link, migration);
        link.batch(if done.is_ok() { "COMMIT" } else { "ROLLBACK" })?;
        done?;
    }
    Ok(())
}

fn apply_on(link: &mut dyn Link, migration: &Migration) -> Result<()> {
    let checksum = migration.checksum();
    let at = Timestamp::now();
    let added = link.execute(ADD, crate::args![migration.area, migration.number, migration.name, &checksum, at])?;
    if added == 0 {
        let mut known = String::new();
        link.query(FIND, false, crate::args![migration.area, migration.number], &mut |r| {
            known = r.get(0)?;
            Ok(())
        })?;
        return if known == checksum { Ok(()) } else { Err(changed(migration)) };
    }
    migration.statements(link.engine()).iter().try_for_each(|statement| link.batch(statement))
}

/// 依次执行还没有执行过的迁移；回答新执行了几份。重复执行无害，两个节点同时执行也只做一次。
///
/// # Errors
/// 脚本不合法，或已执行的脚本被改动过。
pub async fn apply(db: &Database, migrations: &[Migration]) -> Result<u32> {
    // 旧库升级时表里有数据，加一列也可能要几分钟；每一份都先说一声，管理员才知道没有卡死
    let upgrade = db.read("store.migrate_earlier", |tx| tx.row(EARLIER, crate::args!["store"], |r| r.get::<String>(0))).await?.is_some();
    let mut applied = 0;
    for &migration in migrations {
        applied += u32::from(db.write("store.migrate", move |tx| apply_in(tx, &migration, upgrade)).await?);
    }
    Ok(applied)
}

fn apply_in(tx: &mut Tx<'_>, migration: &Migration, upgrade: bool) -> Result<bool> {
    let checksum = migration.checksum();
    let added = tx.exec(ADD, crate::args![migration.area, migration.number, migration.name, &checksum, Timestamp::now()])?;
    if added == 0 {
        let known: Option<String> = tx.row(FIND, crate::args![migration.area, migration.number], |r| r.get(0))?;
        return match known {
            Some(known) if known == checksum => Ok(false),
            Some(_) => Err(changed(migration)),
            None => Err(Problem::new(Code::Maintenance, "别的节点正在迁移").into()),
        };
    }
    if upgrade {
        tracing::info!(area = migration.area, number = migration.number, name = migration.name, "升级数据库，数据多时要几分钟，请勿中断");
    }
    for statement in migration.statements(tx.engine()) {
        tx.batch(&statement)?;
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sqlite_gets_its_own_type_names_and_strict_tables() {
        let migration = Migration {
            area: "x",
            number: 1,
            name: "x",
            sql: "-- 说明；有分号\nCREATE TABLE x (a BIGINT NOT NULL, b BYTEA); -- 尾注\nCREATE INDEX x_a ON x (a);",
        };
        assert_eq!(
            migration.statements(Engine::Sqlite),
            ["CREATE TABLE x (a INTEGER NOT NULL, b BLOB) STRICT", "CREATE INDEX x_a ON x (a)"]
        );
        assert_eq!(migration.statements(Engine::Postgres).len(), 2);
    }
}
