//! 系统区：不属于哪项业务、人人用得上的东西。
//!
//! - 公开工具：工作日历算到期日、编码校验，各有页面与接口；
//! - 后台任务与死信、审计查询（日志链本身在数据层）；
//! - 参数表：演示数据造好没有、各种开关。
//!
//! 可以依赖：底座与地基，不依赖任何区。

pub mod api;
pub mod audit;
pub mod commands;
mod lookback;
pub mod pages;
pub mod rules;
pub mod store;

use axum::routing::{get, post};
use tongban_store::Migration;
use tongban_web::{Access, Area, MenuItem, Route};
use utoipa_axum::routes;

/// 看后台任务。
pub const READ: &str = "system.read";
/// 重试死信、改参数。
pub const MANAGE: &str = "system.manage";
/// 查审计日志。
pub const AUDIT: &str = "system.audit";

/// 系统区交给屋顶的一切。
#[must_use]
pub const fn area() -> Area {
    Area {
        migrations: &[Migration { area: "system", number: 1, name: "system", sql: include_str!("../migrations/0001_system.sql") }],
        statements: &[store::STATEMENTS],
        permissions: &[(READ, "查看后台任务"), (MANAGE, "维护系统参数"), (AUDIT, "查审计日志")],
        routes: ROUTES,
        menu: &[
            MenuItem { group: "其他", title: "后台任务", href: "/admin/jobs", icon: "clock", needs: READ },
            MenuItem { group: "其他", title: "审计日志", href: "/admin/audit", icon: "doc", needs: AUDIT },
        ],
        events: &[("system.job_revived", "重试死信")],
        ..Area::new("system", "系统")
    }
}

const ROUTES: &[Route] = &[
    Route::get("/tools", Access::Public, || get(pages::tools)),
    Route::get("/tools/due", Access::Public, || get(pages::due)),
    Route::get("/tools/codes", Access::Public, || get(pages::codes)),
    Route::get("/docs", Access::Public, || get(pages::docs)),
    Route::get("/admin/jobs", Access::Staff(READ), || get(pages::jobs)),
    Route::post("/admin/jobs", Access::Staff(MANAGE), || post(pages::revive)),
    Route::get("/admin/audit", Access::Staff(AUDIT), || get(audit::page)),
    Route::api(Access::Public, || routes!(api::meta)),
    Route::api(Access::Public, || routes!(api::due)),
    Route::api(Access::Public, || routes!(api::check)),
];
