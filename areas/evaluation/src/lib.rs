//! 好差评：每办一件事，收件、受理、办结三处各可评一次；差评必有人核实、整改、回访，结果公开。
//!
//! - [`model`]：五级、渠道、节点、标签，差评工单的状态机（一张表）；
//! - [`rules`]：一次性令牌、差评必说原因、1/5/15 个工作日、反刷、公开脱敏；
//! - [`facts`]、[`measures`]：一件事的评价事实，怎样计入各度量，每个数由哪些记录构成；
//! - [`commands`]：唯一的写者；[`reactions`]：办件走一步就发一张邀评。
//!
//! 与办件只靠日志相识，自己存“每个办件一行”，主动评价率由此算出。
//! 可以依赖：kernel、store、web、contracts、documents，以及 directory、parties、items、messages。

pub mod api;
pub mod commands;
pub mod demo;
pub mod facts;
mod journals;
pub mod measures;
pub mod model;
pub mod pages;
pub mod panels;
pub mod permissions;
pub mod reactions;
pub mod rules;
pub mod store;

use axum::routing::{get, post};
use tongban_store::{Clock, Migration};
use tongban_web::{Access, Area, MenuItem, Route, Step};
use utoipa_axum::routes;

use permissions::{INSPECT, INVITE, READ, RECORD, REVIEW};

const MIGRATIONS: &[Migration] = &[
    Migration { area: "evaluation", number: 1, name: "evaluation", sql: include_str!("../migrations/0001_evaluation.sql") },
    Migration { area: "evaluation", number: 2, name: "posts_pads", sql: include_str!("../migrations/0002_posts_pads.sql") },
    Migration { area: "evaluation", number: 3, name: "appraisals", sql: include_str!("../migrations/0003_appraisals.sql") },
    Migration { area: "evaluation", number: 4, name: "posts", sql: include_str!("../migrations/0004_posts.sql") },
    Migration { area: "evaluation", number: 5, name: "items", sql: include_str!("../migrations/0005_items.sql") },
    Migration { area: "evaluation", number: 6, name: "withheld", sql: include_str!("../migrations/0006_withheld.sql") },
    Migration { area: "evaluation", number: 7, name: "supervised_evidence", sql: include_str!("../migrations/0007_supervised_evidence.sql") },
    Migration { area: "evaluation", number: 8, name: "points", sql: include_str!("../migrations/0008_points.sql") },
];

const CLOCKS: &[Clock] = &[
    Clock { name: "evaluation.lights", due: store::clocks_due(), fire: commands::light_up },
    Clock { name: "evaluation.pushes", due: store::pushes_due(), fire: commands::pads::expire_push },
];

const STEPS: &[Step] = &[Step { name: "evaluation.defaults", run: commands::defaults::step }];

const ROUTES: &[Route] = &[
    Route::get("/r/{token}", Access::Public, || get(pages::rate)),
    Route::post("/r/{token}", Access::Public, || post(pages::submit)),
    Route::get("/r/{token}/qr.svg", Access::Public, || get(pages::qr)),
    Route::get("/pad/{window}", Access::Public, || get(pages::pads::show)),
    Route::post("/pad/{window}/bind", Access::Public, || post(pages::pads::bind)),
    Route::get("/open/rates", Access::Public, || get(pages::open_rates)),
    Route::get("/desk/rates", Access::Staff(READ), || get(pages::tasks)),
    Route::get("/desk/rates/stats", Access::Staff(READ), || get(pages::stats)),
    Route::get("/appraise", Access::Public, || get(pages::appraise::form)),
    Route::post("/appraise", Access::Public, || post(pages::appraise::submit)),
    Route::get("/desk/rates/appraisals", Access::Staff(READ), || get(pages::appraise::list)),
    Route::post("/desk/rates/appraisals/{appraisal}", Access::Staff(REVIEW), || post(pages::appraise::settle)),
    Route::get("/desk/rates/inspections", Access::Staff(READ), || get(pages::inspections::list)),
    Route::post("/desk/rates/inspections", Access::Staff(INSPECT), || post(pages::inspections::add)),
    Route::post("/desk/rates/inspections/{inspection}", Access::Staff(READ), || post(pages::inspections::follow)),
    Route::get("/desk/rates/pads", Access::Staff(READ), || get(pages::pads::list)),
    Route::post("/desk/rates/pads/{seat}/unbind", Access::Staff(INVITE), || post(pages::pads::unbind)),
    Route::get("/desk/rates/points", Access::Staff(READ), || get(pages::points::list)),
    Route::post("/desk/rates/points/{point}", Access::Staff(READ), || post(pages::points::check)),
    Route::get("/desk/rates/ratings", Access::Staff(READ), || get(pages::ratings)),
    Route::get("/desk/rates/ratings/{rating}", Access::Staff(READ), || get(pages::show_rating)),
    Route::post("/desk/rates/ratings/{rating}/text", Access::Staff(REVIEW), || post(pages::review_text)),
    Route::post("/desk/rates/ratings/{rating}/standing", Access::Staff(REVIEW), || post(pages::review_standing)),
    Route::get("/desk/rates/cases/{rated_case}", Access::Staff(READ), || get(pages::invite::case_nodes)),
    Route::post("/desk/rates/cases/{rated_case}/push", Access::Staff(INVITE), || post(pages::invite::push)),
    Route::post("/desk/rates/cases/{rated_case}/reprint", Access::Staff(INVITE), || post(pages::invite::reprint)),
    Route::get("/desk/rates/cases/{rated_case}/code", Access::Staff(INVITE), || get(pages::invite::code)),
    Route::get("/desk/rates/record", Access::Staff(RECORD), || get(pages::record::form)),
    Route::post("/desk/rates/record", Access::Staff(RECORD), || post(pages::record::submit)),
    Route::get("/desk/rates/{task}", Access::Staff(READ), || get(pages::show_task)),
    Route::post("/desk/rates/{task}", Access::Staff(READ), || post(pages::handle)),
    Route::get("/desk/rates/{task}/evidence/{evidence}", Access::Staff(READ), || get(pages::evidence::download)),
    Route::api(Access::Public, || routes!(api::create_evaluation)),
    Route::api(Access::Staff(READ), || routes!(api::list_evaluations)),
    Route::api(Access::Public, || routes!(api::evaluation_stats)),
    Route::api(Access::Staff(READ), || routes!(api::list_bad_ratings)),
    Route::api(Access::Staff(READ), || routes!(api::act_on_bad_rating)),
];

const MENU: &[MenuItem] = &[MenuItem { group: "质量", title: "评价与差评", href: "/desk/rates", icon: "smile", needs: READ }];

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
        mine: panels::MINE,
        reactions: reactions::REACTIONS,
        clocks: CLOCKS,
        steps: STEPS,
        measures: measures::MEASURES,
        samples: panels::SAMPLES,
        demo: Some(demo::demo),
        events: journals::EVENTS,
        ..Area::new("evaluation", "好差评")
    }
}
