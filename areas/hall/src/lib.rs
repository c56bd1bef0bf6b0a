//! 大厅：预约、取号、叫号（规格 cases.md §6 预约与取号）。
//!
//! - 群众：`/book` 选服务点与时段预约，`/me/bookings` 看、退；`/queue/{site}` 看叫到几号、线上取号；
//! - 窗口：`/desk/queue` 叫号——呼叫、开始办、办完、过号，键盘可用；`/desk/queue/plan` 放号安排；
//! - 号票：队列字母+当日三位流水，每日归零；预约号到点优先；过号可顺延一次；
//! - 没有办件的评价以号票为键：办完记 `hall.served`（`contracts::hall`），好差评自己去看。
//!
//! 可以依赖：底座、地基、directory。不认识办件：窗口收件页从这里带着号票过去。

pub mod commands;
mod demo;
mod journals;
pub mod model;
pub mod pages;
pub mod store;

#[cfg(test)]
mod tests;

use axum::routing::{get, post};
use tongban_kernel::Permission;
use tongban_store::{Clock, Migration};
use tongban_web::{Access, Area, MenuItem, Route, Sample};

use pages::{book, desk, wall};

/// 叫号、给人取号。
pub const CALL: Permission = "hall.call";
/// 放号安排。
pub const MANAGE: Permission = "hall.manage";

const SIGNED_IN: Access = Access::SignedIn { level: 0 };

/// 大厅区交给屋顶的一切。
#[must_use]
pub const fn area() -> Area {
    Area {
        migrations: &[Migration { area: "hall", number: 1, name: "hall", sql: include_str!("../migrations/0001_hall.sql") }],
        statements: &[store::STATEMENTS],
        permissions: &[(CALL, "叫号、代取号"), (MANAGE, "放号安排")],
        routes: ROUTES,
        clocks: &[Clock { name: "hall.late", due: store::LATE, fire: commands::ring }],
        menu: &[MenuItem { group: "收办", title: "叫号", href: "/desk/queue", icon: "sound", needs: CALL }],
        samples: &[
            Sample { param: "site", value: |tx, _| Ok(tongban_directory::queries::sites(tx)?.first().map_or(0, |site| site.id).to_string()) },
            Sample { param: "booking", value: |_, _| Ok("0".to_owned()) },
            Sample { param: "ticket", value: |_, _| Ok("0".to_owned()) },
        ],
        demo: Some(demo::demo),
        events: journals::EVENTS,
        ..Area::new("hall", "大厅")
    }
}

const ROUTES: &[Route] = &[
    Route::get("/book", Access::Public, || get(book::sites)),
    Route::get("/book/{site}", Access::Public, || get(book::slots)),
    Route::post("/book/{site}", SIGNED_IN, || post(book::make)),
    Route::get("/me/bookings", SIGNED_IN, || get(book::mine)),
    Route::post("/me/bookings/{booking}/cancel", SIGNED_IN, || post(book::cancel)),
    Route::get("/queue", Access::Public, || get(wall::halls)),
    Route::get("/queue/{site}", Access::Public, || get(wall::hall)),
    Route::get("/queue/{site}/wall", Access::Public, || get(wall::wall)),
    Route::post("/queue/{site}/take", SIGNED_IN, || post(wall::take)),
    Route::get("/desk/queue", Access::Staff(CALL), || get(desk::desk)),
    Route::post("/desk/queue/next", Access::Staff(CALL), || post(desk::next)),
    Route::post("/desk/queue/take", Access::Staff(CALL), || post(desk::take)),
    Route::post("/desk/queue/tickets/{ticket}", Access::Staff(CALL), || post(desk::act)),
    Route::get("/desk/queue/tickets/{ticket}", Access::Staff(CALL), || get(desk::slip)),
    Route::post("/desk/queue/bookings/{booking}", Access::Staff(CALL), || post(desk::arrive)),
    Route::get("/desk/queue/plan/{site}", Access::Staff(MANAGE), || get(desk::plan)),
    Route::post("/desk/queue/plan/{site}", Access::Staff(MANAGE), || post(desk::save_plan)),
];
