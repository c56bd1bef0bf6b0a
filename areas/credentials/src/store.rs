//! SQL ↔ 类型。本区唯一写 SQL 的地方。

pub mod batches;
pub mod drill;
pub mod grants;
pub mod keys;
pub mod kinds;
pub mod licences;
pub mod seals;
pub mod shows;
pub mod waits;

pub use grants::{Grant, Use};
pub use kinds::{Kind, Province, Quota};
pub use licences::LicenceRow;
pub use seals::SealRow;
pub use shows::{Look, Show};

/// 本区全部语句，测试在两种引擎上逐条预备。
pub const STATEMENTS: &[&[&str]] = &[
    seals::STATEMENTS,
    grants::STATEMENTS,
    kinds::STATEMENTS,
    licences::STATEMENTS,
    shows::STATEMENTS,
    waits::STATEMENTS,
    batches::STATEMENTS,
    keys::STATEMENTS,
    drill::STATEMENTS,
];
