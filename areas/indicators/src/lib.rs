//! 指标与驾驶舱：指标是数据（`reference/indicators.yaml`），值由各区日志里的前后事实累出，每个数都能点到构成它的记录。
//!
//! - [`definition`]、[`binding`]：定义、规则集、取数方式，未知的键就是错误；
//! - [`value`]、[`score`]、[`period`]：分子分母都是整数，分母 0 为不适用；灯、评分、排名；
//! - [`ledger`]、[`project`]、[`recount`]：累计的算术，读日志记账，从头重算对账；
//! - [`refresh`]：由账沿机构树算出指标值，每日快照过 24 时不再改。
//!
//! 不认识任何业务区：度量经屋顶的清单交来（[`registry`]）。可以依赖：kernel、store、web、documents、directory。

pub mod binding;
pub mod definition;
pub mod drill;
pub mod ledger;
pub mod period;
pub mod project;
pub mod recount;
pub mod refresh;
pub mod registry;
pub mod score;
pub mod store;
pub mod value;

use tongban_store::Migration;
use tongban_web::area::Step;
use tongban_web::{Area, JobKind};

const MIGRATIONS: &[Migration] = &[Migration {
    area: "indicators",
    number: 1,
    name: "indicators",
    sql: include_str!("../migrations/0001_indicators.sql"),
}];

const STEPS: &[Step] = &[Step { name: "indicators.project", run: |app| Box::pin(refresh::step(app)) }];

const JOBS: &[JobKind] = &[JobKind {
    name: recount::JOB,
    tries: 3,
    run: |app, _| Box::pin(async move { recount::recount(app).await.map(|_| ()) }),
}];

/// 交给屋顶的一切。
#[must_use]
pub const fn area() -> Area {
    Area { migrations: MIGRATIONS, statements: store::STATEMENTS, steps: STEPS, jobs: JOBS, ..Area::new("indicators", "指标与驾驶舱") }
}
