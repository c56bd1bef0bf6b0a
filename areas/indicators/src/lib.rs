//! 指标与驾驶舱：指标是数据（`reference/indicators.yaml`），值由各区日志里的前后事实累出，每个数都能点到构成它的记录。
//!
//! - [`definition`]、[`binding`]：定义、规则集、取数方式，未知的键就是错误；
//! - [`value`]、[`score`]、[`period`]：分子分母都是整数，分母 0 为不适用；灯、评分、排名；
//! - [`ledger`]、[`project`]、[`recount`]：累计的算术，读日志记账，从头重算对账；
//! - [`refresh`]：由账沿机构树算出指标值，每日快照过 24 时不再改。
//!
//! 不认识任何业务区：度量经屋顶的清单交来（[`registry`]）。可以依赖：kernel、store、web、documents、directory。

pub mod api;
pub mod binding;
pub mod board;
pub mod commands;
pub mod definition;
pub mod drill;
pub mod extended;
mod journals;
pub mod ledger;
pub mod pages;
pub mod period;
pub mod permissions;
pub mod project;
pub mod published;
pub mod recount;
pub mod refresh;
pub mod registry;
pub mod score;
pub mod store;
pub mod value;

use axum::routing::{get, post};
use tongban_store::{Migration, Tx};
use tongban_web::area::{Sample, Step, Where};
use tongban_web::{Access, Area, JobKind, MenuItem, ReferenceSet, Route};
use utoipa_axum::routes;

use permissions::{MANAGE, READ, REPORT};

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

const ROUTES: &[Route] = &[
    Route::get("/cockpit", Access::Staff(READ), || get(pages::cockpit)),
    Route::get("/cockpit/wall", Access::Staff(READ), || get(pages::wall)),
    Route::get("/cockpit/k/{indicator}", Access::Staff(READ), || get(pages::indicator)),
    Route::get("/cockpit/k/{indicator}/records", Access::Staff(READ), || get(pages::records)),
    Route::get("/cockpit/k/{indicator}/report", Access::Staff(REPORT), || get(pages::report_form)),
    Route::post("/cockpit/k/{indicator}/report", Access::Staff(REPORT), || post(pages::report)),
    Route::get("/cockpit/u/{unit}", Access::Staff(READ), || get(pages::unit)),
    Route::get("/open/stats", Access::Public, || get(pages::open_stats)),
    Route::api(Access::Staff(READ), || routes!(api::list_indicators)),
    Route::api(Access::Staff(READ), || routes!(api::read_indicator)),
    Route::api(Access::Staff(READ), || routes!(api::list_records)),
    Route::api(Access::Staff(READ), || routes!(api::list_snapshots)),
    Route::api(Access::Staff(REPORT), || routes!(api::create_report)),
    Route::api(Access::Staff(MANAGE), || routes!(api::recount)),
];

const MENU: &[MenuItem] = &[MenuItem { group: "质量", title: "能力驾驶舱", href: "/cockpit", icon: "chart", needs: READ }];

const REFERENCE: &[ReferenceSet] = &[
    ReferenceSet { name: "indicators", title: "指标体系", version: "1", content: definition::DEFINITIONS },
    ReferenceSet { name: "indicator-bindings", title: "指标取数", version: "1", content: definition::BINDINGS },
];

/// 路由测试用的样本：第一个单位算范围内，第二个算范围外。
const SAMPLES: &[Sample] = &[
    Sample { param: "indicator", value: |_, _| Ok("op_active_eval_rate".to_owned()) },
    Sample { param: "unit", value: sample_unit },
];

fn sample_unit(tx: &mut Tx<'_>, place: Where) -> tongban_store::Result<String> {
    let units = tongban_directory::queries::tree(tx)?.into_iter().filter(|node| matches!(node.group, "区级部门" | "乡镇"));
    let found = units.map(|node| node.id).nth(usize::from(place == Where::Outside));
    Ok(found.unwrap_or(0).to_string())
}

/// 还有没有动过而没算的。
pub(crate) fn pending(tx: &mut Tx<'_>) -> tongban_store::Result<bool> {
    Ok(!project::behind(tx, project::READER)?.is_empty() || !store::touched(tx, 1)?.is_empty())
}

/// 交给屋顶的一切。
#[must_use]
pub const fn area() -> Area {
    Area {
        migrations: MIGRATIONS,
        statements: store::STATEMENTS,
        permissions: permissions::ALL,
        reference: REFERENCE,
        routes: ROUTES,
        menu: MENU,
        samples: SAMPLES,
        steps: STEPS,
        jobs: JOBS,
        events: journals::EVENTS,
        ..Area::new("indicators", "指标与驾驶舱")
    }
}
