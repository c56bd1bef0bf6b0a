//! SQL 与类型之间的来回；本区只有这里有 SQL。

mod bundle;
mod catalogue;
mod exchange;
mod intake;
mod item;
mod links;
mod quality;
mod review;
mod shelf;

use tongban_store::Migration;

pub use bundle::*;
pub use catalogue::*;
pub use exchange::*;
pub use intake::*;
pub use item::*;
pub use links::*;
pub use quality::*;
pub use review::*;
pub use shelf::*;

/// 本区的表。
pub const MIGRATIONS: &[Migration] = &[
    Migration { area: "items", number: 1, name: "items", sql: include_str!("../migrations/0001_items.sql") },
    Migration { area: "items", number: 2, name: "bundle_definition", sql: include_str!("../migrations/0002_bundle_definition.sql") },
    Migration { area: "items", number: 3, name: "exchange", sql: include_str!("../migrations/0003_exchange.sql") },
    Migration { area: "items", number: 4, name: "review", sql: include_str!("../migrations/0004_review.sql") },
    Migration { area: "items", number: 5, name: "claim_facts", sql: include_str!("../migrations/0005_claim_facts.sql") },
    Migration { area: "items", number: 6, name: "links", sql: include_str!("../migrations/0006_links.sql") },
    Migration { area: "items", number: 7, name: "plan_days", sql: include_str!("../migrations/0007_plan_days.sql") },
];

/// 本区的全部语句。
pub const STATEMENTS: &[&[&str]] = &[
    bundle::STATEMENTS,
    catalogue::STATEMENTS,
    exchange::STATEMENTS,
    item::STATEMENTS,
    links::STATEMENTS,
    quality::STATEMENTS,
    review::STATEMENTS,
    shelf::STATEMENTS,
    intake::STATEMENTS,
];
