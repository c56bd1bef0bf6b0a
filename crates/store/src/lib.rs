//! 数据层：一份 SQL，两种引擎（SQLite 文件、PostgreSQL），见 foundations §3–§6。
//!
//! - 一个单元是一个同步闭包，拿到 [`Tx`]；[`Database::write`] 在它落盘之后才回答；
//! - SQLite 一个写线程成组提交，PostgreSQL 每条写连接一个线程，业务代码写一遍；
//! - [`journal`]：每条写连接一条泳道，行行相扣（SM3），检查点是默克尔树；
//! - [`react`]、[`jobs`]、[`clocks`]：提交之后的事：反应、任务、到点；
//! - [`Tx::unchanging`]、[`Tx::recent`]：进程里的记忆，不变的读一次，近况容许旧几秒；
//! - [`personal`]：个人信息加密与查重；[`files`]：按内容寻址的文件。
//!
//! 不认识任何业务区，也不认识网页。可以依赖：kernel 与引擎驱动。

mod args;
mod database;
mod error;
mod ids;
mod memory;
mod merkle;
mod postgres_engine;
mod row;
mod scoped;
mod sqlite_engine;
mod tx;
mod unit;

pub mod clocks;
pub mod files;
pub mod jobs;
pub mod journal;
pub mod migrate;
pub mod personal;
pub mod react;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(feature = "testing")]
pub mod trace;

pub use args::Value;
pub use clocks::Clock;
pub use database::{Database, Engine, Options};
pub use error::{Error, Result};
pub use journal::{Entry, Logged};
pub use migrate::Migration;
pub use react::Reaction;
pub use row::{Column, Row};
pub use scoped::{ScopedSql, scoped_rows};
pub use tx::Tx;

/// 数据层自己的表。
pub const MIGRATIONS: &[Migration] = &[Migration {
    area: "store",
    number: 1,
    name: "store",
    sql: include_str!("../migrations/0001_store.sql"),
}];

/// 数据层自己的全部语句，测试在两种引擎上逐条预备。
pub const STATEMENTS: &[&[&str]] = &[
    journal::STATEMENTS,
    journal::CHECKPOINT_STATEMENTS,
    react::STATEMENTS,
    jobs::STATEMENTS,
    tx::STATEMENTS,
    ids::STATEMENTS,
    files::STATEMENTS,
];
