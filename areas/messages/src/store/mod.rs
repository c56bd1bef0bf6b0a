//! SQL ↔ 模型。本区唯一有 SQL 的地方。

mod deliveries;
mod letters;
mod webhooks;

pub(crate) use deliveries::*;
pub use letters::*;
pub use webhooks::*;

/// 全部语句。
pub const STATEMENTS: &[&[&str]] = &[letters::STATEMENTS, webhooks::STATEMENTS, deliveries::STATEMENTS];
