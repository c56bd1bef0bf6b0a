//! 电子印章、电子证照、亮证。
//!
//! - 印章：应有清单 → 申请 → 审核 → 制作 → 授权 → 启用 → 停用、注销，省统计表核对，用印日志；
//! - 证照：类型与版式、录入、办结出证、复核、用印、变更、注销，钱包、亮证、加注件、免提交、公众验真、共享接口；
//! - [`model`]、[`rules`] 纯；[`store`] 唯一写 SQL；[`commands`] 唯一的写者；
//! - [`maker`]、[`issue`]：制章、成文、签名——都在单元之外，私钥只以封装的样子进库。
//!
//! 与办件：读它的日志自动出证；办件区调 [`queries`] 与 [`commands::waive`]，这里不依赖办件。
//! 可以依赖：gm、ofd、documents、kernel、store、web、contracts，以及 directory、parties、messages。

pub mod api;
pub mod api_copies;
pub mod batch;
pub mod commands;
pub mod copies;
pub mod demo;
pub mod entering;
pub mod issue;
mod journals;
pub mod maker;
pub mod measures;
pub mod model;
pub mod pages;
pub mod panels;
pub mod paper;
pub mod permissions;
pub mod queries;
pub mod reactions;
pub mod rules;
pub mod sample;
pub mod store;

use axum::routing::{get, post};
use tongban_store::{Clock, Migration};
use tongban_web::{Access, Area, JobKind, MenuItem, Route};
use utoipa_axum::routes;

pub use pages::files::for_case;
pub use paper::sealed_paper;
use pages::{batches, check, copy, files, kinds, licences, offline, present, seal_forms, seals, show, wallet};
use permissions as can;

const MIGRATIONS: &[Migration] = &[
    Migration { area: "credentials", number: 1, name: "credentials", sql: include_str!("../migrations/0001_credentials.sql") },
    Migration { area: "credentials", number: 2, name: "crls", sql: include_str!("../migrations/0002_crls.sql") },
    Migration { area: "credentials", number: 3, name: "waits", sql: include_str!("../migrations/0003_waits.sql") },
    Migration { area: "credentials", number: 4, name: "show_chains", sql: include_str!("../migrations/0004_show_chains.sql") },
    Migration { area: "credentials", number: 5, name: "copies", sql: include_str!("../migrations/0005_copies.sql") },
    Migration { area: "credentials", number: 6, name: "batches", sql: include_str!("../migrations/0006_batches.sql") },
];

const CLOCKS: &[Clock] = &[
    Clock { name: "credentials.seals", due: store::seals::clocks_due(), fire: commands::expire_seal },
    Clock { name: "credentials.licences", due: store::licences::clocks_due(), fire: commands::expire_licence },
];

const JOBS: &[JobKind] = &[
    JobKind { name: "credentials.issue", tries: 3, run: issue::issue },
    JobKind { name: commands::WAKE, tries: 5, run: issue::wake },
    JobKind { name: commands::ENTER_JOB, tries: 5, run: entering::enter },
    JobKind { name: commands::REVIEW_JOB, tries: 5, run: entering::review },
    JobKind { name: batch::JOB, tries: 5, run: batch::run },
];

const ROUTES: &[Route] = &[
    Route::get("/seals", Access::Staff(can::SEAL_READ), || get(seals::ledger)),
    Route::get("/seals/uses", Access::Staff(can::SEAL_READ), || get(seals::uses)),
    Route::get("/seals/province", Access::Staff(can::SEAL_MAKE), || get(seals::province)),
    Route::post("/seals/province", Access::Staff(can::SEAL_MAKE), || post(seal_forms::province)),
    Route::post("/seals/sync", Access::Staff(can::SEAL_REVIEW), || post(seal_forms::sync)),
    Route::post("/seals/remind", Access::Staff(can::SEAL_REVIEW), || post(seal_forms::remind)),
    Route::get("/seals/{seal}", Access::Staff(can::SEAL_READ), || get(seals::show)),
    Route::post("/seals/{seal}", Access::Staff(can::SEAL_READ), || post(seal_forms::step)),
    Route::get("/seals/{seal}/picture.png", Access::Staff(can::SEAL_READ), || get(seals::picture)),
    Route::post("/seals/{seal}/make", Access::Staff(can::SEAL_MAKE), || post(seal_forms::make)),
    Route::post("/seals/{seal}/import", Access::Staff(can::SEAL_MAKE), || post(seal_forms::import)),
    Route::post("/seals/{seal}/grants", Access::Staff(can::SEAL_KEEP), || post(seal_forms::grant)),
    Route::post("/seals/{seal}/revoke", Access::Staff(can::SEAL_KEEP), || post(seal_forms::revoke)),
    Route::post("/seals/{seal}/special", Access::Staff(can::SEAL_APPLY), || post(seal_forms::special)),
    Route::get("/certs", Access::Staff(can::READ), || get(licences::list)),
    Route::get("/certs/new", Access::Staff(can::ENTER), || get(licences::new)),
    Route::post("/certs/new", Access::Staff(can::ENTER), || post(licences::create)),
    Route::get("/certs/batch", Access::Staff(can::ENTER), || get(batches::form)),
    Route::post("/certs/batch", Access::Staff(can::ENTER), || post(batches::upload)),
    Route::get("/certs/batches/{batch}", Access::Staff(can::READ), || get(batches::progress)),
    Route::post("/certs/batches/{batch}", Access::Staff(can::REVIEW), || post(batches::review)),
    Route::get("/certs/quotas", Access::Staff(can::READ), || get(kinds::quotas)),
    Route::post("/certs/quotas", Access::Staff(can::MANAGE), || post(kinds::set_quota)),
    Route::get("/certs/types", Access::Staff(can::MANAGE), || get(kinds::list)),
    Route::post("/certs/types", Access::Staff(can::MANAGE), || post(kinds::create)),
    Route::get("/certs/types/{licence_kind}", Access::Staff(can::MANAGE), || get(kinds::show)),
    Route::post("/certs/types/{licence_kind}", Access::Staff(can::MANAGE), || post(kinds::save)),
    Route::get("/certs/types/{licence_kind}/preview.svg", Access::Staff(can::MANAGE), || get(kinds::preview)),
    Route::get("/certs/{licence}", Access::Staff(can::READ), || get(licences::show)),
    Route::post("/certs/{licence}", Access::Staff(can::READ), || post(licences::act)),
    Route::post("/certs/{licence}/copies", Access::Staff(can::READ), || post(copy::staff)),
    Route::get("/certs/{licence}/{file}", Access::Staff(can::READ), || get(files::staff)),
    Route::get("/me/licences", Access::SignedIn { level: 0 }, || get(wallet::list)),
    Route::post("/me/licences/passcode", Access::SignedIn { level: 2 }, || post(present::passcode)),
    Route::get("/me/licences/{wallet}", Access::SignedIn { level: 0 }, || get(wallet::show)),
    Route::get("/me/licences/{wallet}/show", Access::SignedIn { level: commands::SHOW_LEVEL }, || get(present::renew)),
    Route::post("/me/licences/{wallet}/show", Access::SignedIn { level: commands::SHOW_LEVEL }, || post(present::open)),
    Route::post("/me/licences/{wallet}/copy", Access::SignedIn { level: 2 }, || post(copy::mine)),
    Route::get("/me/licences/{wallet}/{file}", Access::SignedIn { level: 0 }, || get(files::mine)),
    Route::get("/copies/{copy}", Access::Public, || get(copy::download)),
    Route::get("/v", Access::Public, || get(show::enter)),
    Route::post("/v", Access::Public, || post(show::check)),
    Route::get("/v/{show}", Access::Public, || get(show::ask)),
    Route::get("/verify", Access::Public, || get(check::form)),
    Route::post("/verify", Access::Public, || post(check::upload)),
    Route::post("/verify/code", Access::Public, || post(offline::submit)),
    Route::get("/verify/offline.cer", Access::Public, || get(offline::download)),
    Route::api(Access::Client(can::READ), || routes!(api::list_licence_types)),
    Route::api(Access::Client(can::READ), || routes!(api::search_licences)),
    Route::api(Access::Client(can::READ), || routes!(api::read_licence)),
    Route::api(Access::Client(can::READ), || routes!(api_copies::create_licence_copy)),
    Route::api(Access::Client(can::READ), || routes!(api_copies::create_holder_copies)),
    Route::api(Access::Client(can::READ), || routes!(api_copies::act_on_licence)),
    Route::api(Access::Public, || routes!(api::verify_licence)),
    Route::api(Access::Client(can::VERIFY), || routes!(api::consume_show)),
];

const MENU: &[MenuItem] = &[
    MenuItem { group: "其他", title: "电子印章", href: "/seals", icon: "shield", needs: can::SEAL_READ },
    MenuItem { group: "其他", title: "电子证照", href: "/certs", icon: "doc", needs: can::READ },
];

/// 交给屋顶的一切。
#[must_use]
pub const fn area() -> Area {
    Area {
        migrations: MIGRATIONS,
        statements: store::STATEMENTS,
        permissions: permissions::ALL,
        routes: ROUTES,
        menu: MENU,
        panels: panels::PANELS,
        desk: panels::DESK,
        reactions: reactions::REACTIONS,
        clocks: CLOCKS,
        jobs: JOBS,
        measures: measures::MEASURES,
        samples: panels::SAMPLES,
        demo: Some(demo::demo),
        events: journals::EVENTS,
        ..Area::new("credentials", "证照印章")
    }
}
