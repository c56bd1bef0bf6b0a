//! 事项：办什么事、备什么材料、多久办好——全平台的源头。
//!
//! - 目录清单（四统一要素）→ 认领成实施清单 → 编辑、上报、审核、发布成办理项；发布即生成不可变的版本快照，
//!   办件引用“事项编码 + 版本”；
//! - 办事指南、事项列表、一件事、搜索四组公开页面，与 `/api/v1/items`；
//! - 情形（几个问题的答案决定材料、时限、收费）与申报表；
//! - 质量规则 Q01–Q25、编码规则 V01–V07，指南准确率等事项类指标的度量。
//!
//! 可以依赖：directory（机构与区划）与底层；parties、cases 等都在它之上，它不认识它们。

pub mod api;
mod cache;
pub mod commands;
pub mod complete;
mod demo;
mod desk;
pub mod exchange;
mod home;
pub mod importer;
mod journals;
pub mod links;
pub mod measures;
pub mod model;
mod pages;
pub mod permissions;
pub mod queries;
pub mod rules;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;

use axum::routing::{get, post};
use tongban_store::Clock;
use tongban_web::area::Step;
use tongban_web::{Access, Area, Findable, JobKind, MenuItem, ReferenceSet, Route};
use utoipa_axum::routes;

use pages::{bundles, catalog_list, correct, desk as catalog, edit, events, exchange as tables, guide, intake, list, review, samples, search};
use permissions::{CLAIM, IMPORT, READ};

/// 交给屋顶的一切。
#[must_use]
pub const fn area() -> Area {
    Area {
        migrations: store::MIGRATIONS,
        statements: store::STATEMENTS,
        reference: REFERENCE,
        permissions: permissions::ALL,
        routes: ROUTES,
        clocks: CLOCKS,
        jobs: JOBS,
        steps: STEPS,
        measures: measures::MEASURES,
        desk: desk::QUEUES,
        panels: home::PANELS,
        findable: FINDABLE,
        menu: MENU,
        samples: desk::SAMPLES,
        demo: Some(demo::demo),
        events: journals::EVENTS,
        ..Area::new("items", "事项")
    }
}

const REFERENCE: &[ReferenceSet] = &[
    ReferenceSet { name: "synonyms", title: "搜索同义词", version: "1", content: include_str!("../../../reference/synonyms.csv") },
    ReferenceSet {
        name: "items-complete",
        title: "写完整的事项",
        version: "1",
        content: include_str!("../../../reference/items-complete.yaml"),
    },
];

const CLOCKS: &[Clock] = &[
    Clock { name: "items.claim_overdue", due: store::CLAIM_DUE, fire: commands::fire_claim_overdue },
    Clock { name: "items.effect", due: store::EFFECT_DUE, fire: commands::fire_effect },
];

const JOBS: &[JobKind] = &[
    JobKind { name: "items.import", tries: exchange::job::TRIES, run: exchange::job::run },
    JobKind { name: links::JOB, tries: 3, run: links::run },
];

const STEPS: &[Step] = &[Step { name: links::JOB, run: links::step }];

const FINDABLE: &[Findable] = &[
    Findable {
        kind: "item",
        kinds: &[
            "items.claimed",
            "items.unclaimed",
            "items.edited",
            "items.published",
            "items.suspended",
            "items.resumed",
            "items.cancelled",
        ],
        one: queries::findable_item,
        scan: queries::scan_items,
    },
    Findable { kind: "bundle", kinds: &["bundles.changed"], one: queries::findable_bundle, scan: queries::scan_bundles },
];

const MENU: &[MenuItem] = &[
    MenuItem { group: "事项", title: "事项清单", href: "/catalog", icon: "edit", needs: READ },
    MenuItem { group: "事项", title: "质量问题", href: "/catalog/problems", icon: "warn", needs: READ },
    MenuItem { group: "事项", title: "一件事", href: "/catalog/bundles", icon: "grid", needs: READ },
    MenuItem { group: "事项", title: "各单位质量", href: "/catalog/quality", icon: "chart", needs: READ },
    MenuItem { group: "事项", title: "指南抽查", href: "/catalog/checks", icon: "list", needs: READ },
    MenuItem { group: "事项", title: "指南纠错", href: "/catalog/corrections", icon: "msg", needs: READ },
    MenuItem { group: "事项", title: "导入导出", href: "/catalog/imports", icon: "list", needs: IMPORT },
];

const ROUTES: &[Route] = &[
    Route::get("/items", Access::Public, || get(list::index)),
    Route::get("/items/{code}", Access::Public, || get(guide::show)),
    Route::get("/items/{code}/v/{edition}", Access::Public, || get(guide::edition)),
    Route::get("/items/{code}/print", Access::Public, || get(guide::print)),
    Route::get("/items/{code}/form", Access::Public, || get(guide::form)),
    Route::get("/items/{code}/sample", Access::Public, || get(guide::sample)),
    Route::get("/items/{code}/schema.json", Access::Public, || get(guide::schema)),
    Route::get("/items/{code}/samples/{material}", Access::Public, || get(samples::public)),
    Route::get("/sitemap.xml", Access::Public, || get(list::sitemap)),
    Route::get("/items/{code}/correct", Access::Public, || get(correct::show)),
    Route::post("/items/{code}/correct", Access::Public, || post(correct::submit)),
    Route::get("/events", Access::Public, || get(events::index)),
    Route::get("/events/{number}", Access::Public, || get(events::show)),
    Route::get("/s", Access::Public, || get(search::index)),
    Route::post("/s/wish", Access::Public, || post(search::wish)),
    Route::get("/catalog", Access::Staff(READ), || get(catalog_list::index)),
    Route::get("/catalog/problems", Access::Staff(READ), || get(intake::problems)),
    Route::post("/catalog/problems/{id}/close", Access::Staff(READ), || post(intake::close_problem)),
    Route::get("/catalog/corrections", Access::Staff(READ), || get(intake::corrections)),
    Route::post("/catalog/corrections/{number}", Access::Staff(READ), || post(intake::answer)),
    Route::get("/catalog/misses", Access::Staff(READ), || get(intake::misses)),
    Route::post("/catalog/misses/alias", Access::Staff(READ), || post(review::alias)),
    Route::get("/catalog/quality", Access::Staff(READ), || get(review::quality)),
    Route::get("/catalog/checks", Access::Staff(READ), || get(review::checks)),
    Route::post("/catalog/checks", Access::Staff(READ), || post(review::draw)),
    Route::post("/catalog/checks/{id}", Access::Staff(READ), || post(review::record)),
    Route::get("/catalog/items/{code}/review", Access::Staff(READ), || get(review::review)),
    Route::get("/catalog/items/{code}/samples/{material}", Access::Staff(READ), || get(samples::show)),
    Route::post("/catalog/items/{code}/samples/{material}", Access::Staff(READ), || post(samples::upload)),
    Route::get("/catalog/bundles", Access::Staff(READ), || get(bundles::index)),
    Route::get("/catalog/bundles/{number}", Access::Staff(READ), || get(bundles::show)),
    Route::post("/catalog/bundles/{number}", Access::Staff(IMPORT), || post(bundles::save)),
    Route::get("/catalog/export", Access::Staff(READ), || get(tables::download)),
    Route::get("/catalog/imports", Access::Staff(IMPORT), || get(tables::index)),
    Route::post("/catalog/imports", Access::Staff(IMPORT), || post(tables::upload)),
    Route::get("/catalog/imports/{id}", Access::Staff(IMPORT), || get(tables::show_one)),
    Route::post("/catalog/pool/claim", Access::Staff(CLAIM), || post(catalog_list::claim)),
    Route::post("/catalog/pool/{code}/actions/{action}", Access::Staff(READ), || post(catalog::pool_act)),
    Route::get("/catalog/items/{code}", Access::Staff(READ), || get(catalog::item)),
    Route::post("/catalog/items/{code}/actions/{action}", Access::Staff(READ), || post(catalog::act)),
    Route::get("/catalog/items/{code}/edit/{tab}", Access::Staff(READ), || get(edit::show)),
    Route::post("/catalog/items/{code}/edit/{tab}", Access::Staff(READ), || post(edit::save)),
    Route::get("/catalog/items/{code}/preview", Access::Staff(READ), || get(edit::preview)),
    Route::get("/catalog/items/{code}/diff", Access::Staff(READ), || get(edit::compare)),
    Route::api(Access::Public, || routes!(api::list_items)),
    Route::api(Access::Public, || routes!(api::read_item)),
    Route::api(Access::Public, || routes!(api::read_item_version)),
    Route::api(Access::Public, || routes!(api::plan_item)),
    Route::api(Access::Public, || routes!(api::correct_item)),
    Route::api(Access::Public, || routes!(api::list_bundles)),
];
