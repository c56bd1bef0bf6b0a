//! 当事人区：自然人、法人、经办人，以及所有人的账号、登录、会话、对接凭证（accounts §1–§3、§5.3）。
//!
//! - 群众、工作人员、设备、对接系统同一张账号表、同一种会话、同一套锁定；
//! - 证件号与手机号加密存放，散列查重，显示一律脱敏；
//! - 会话与凭证只存散列；口令用 argon2，在专门的线程上算；
//! - [`identify`] 由凭据认出操作者，权限与范围取自 `directory` 的岗位。
//!
//! 可以依赖：底座、地基、directory。

pub mod commands;
pub mod identify;
pub mod model;
pub mod pages;
pub mod passwords;
pub mod queries;
pub mod rules;
pub mod store;

use axum::routing::{get, post};
use tongban_store::Migration;
use tongban_web::{Access, Area, MenuItem, Route, Sample};

pub use identify::identify;

/// 查看账号。
pub const READ: &str = "parties.read";
/// 建账号、发凭证。
pub const MANAGE: &str = "parties.manage";
/// 窗口核验群众实名。
pub const VERIFY: &str = "parties.verify";

/// 当事人区交给屋顶的一切。
#[must_use]
pub const fn area() -> Area {
    Area {
        migrations: &[
            Migration { area: "parties", number: 1, name: "parties", sql: include_str!("../migrations/0001_parties.sql") },
            Migration { area: "parties", number: 2, name: "grants", sql: include_str!("../migrations/0002_grants.sql") },
        ],
        statements: &[store::STATEMENTS, store::grants::STATEMENTS],
        permissions: &[(READ, "查看账号"), (MANAGE, "维护账号与凭证"), (VERIFY, "窗口核验实名")],
        routes: ROUTES,
        menu: &[MenuItem { group: "收办", title: "核验实名", href: "/desk/identity", icon: "user", needs: VERIFY }],
        samples: &[Sample { param: "grant", value: |_, _| Ok("1".to_owned()) }],
        ..Area::new("parties", "用户与登录")
    }
}

const ROUTES: &[Route] = &[
    Route::get("/login", Access::Public, || get(pages::login_page)),
    Route::post("/login", Access::Public, || post(pages::login)),
    Route::get("/desk/login", Access::Public, || get(pages::login_page)),
    Route::post("/desk/login", Access::Public, || post(pages::login)),
    Route::post("/logout", Access::Public, || post(pages::logout)),
    Route::get("/register", Access::Public, || get(pages::register::page)),
    Route::post("/register", Access::Public, || post(pages::register::submit)),
    Route::get("/me/profile", Access::SignedIn { level: 0 }, || get(pages::profile)),
    Route::get("/me/companies", Access::SignedIn { level: 1 }, || get(pages::companies::page)),
    Route::post("/me/companies", Access::SignedIn { level: 1 }, || post(pages::companies::add)),
    Route::get("/me/agents", Access::SignedIn { level: 1 }, || get(pages::agents::page)),
    Route::post("/me/agents", Access::SignedIn { level: 1 }, || post(pages::agents::offer)),
    Route::post("/me/agents/{grant}", Access::SignedIn { level: 1 }, || post(pages::agents::settle)),
    Route::post("/me/identity", Access::SignedIn { level: 1 }, || post(pages::companies::choose)),
    Route::get("/desk/identity", Access::Staff(VERIFY), || get(pages::verify::form)),
    Route::post("/desk/identity", Access::Staff(VERIFY), || post(pages::verify::submit)),
    Route::get("/desk/posts", Access::AnyStaff, || get(pages::posts)),
    Route::post("/desk/posts", Access::AnyStaff, || post(pages::choose_post)),
];
