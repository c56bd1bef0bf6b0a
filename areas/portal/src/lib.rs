//! 门户：首页、长辈版、我的、帮助与说明。
//!
//! - 首页的“一件事”“公开监督”等板块由各区以面板（`Panel { subject: "home" }`）提供，
//!   这里只摆放，取不到的板块整块不显示；
//! - `/me` 走区的清单（`Area::mine`），不认识任何业务区；
//! - 长辈版是一个 Cookie，全站记住，脚本关着也能切。
//!
//! 可以依赖：底座、地基、directory、parties、items。

pub mod pages;

use axum::routing::{get, post};
use tongban_web::{Access, Area, Route};

/// 门户交给屋顶的一切。
#[must_use]
pub const fn area() -> Area {
    Area { routes: ROUTES, ..Area::new("portal", "门户") }
}

const ROUTES: &[Route] = &[
    Route::get("/", Access::Public, || get(pages::home)),
    Route::get("/me", Access::SignedIn { level: 0 }, || get(pages::me)),
    Route::get("/prefs", Access::Public, || get(pages::preferences)),
    Route::post("/prefs", Access::Public, || post(pages::save_preferences)),
    Route::get("/help", Access::Public, || get(pages::help)),
    Route::get("/a11y", Access::Public, || get(pages::accessibility)),
    Route::get("/privacy", Access::Public, || get(pages::privacy)),
    Route::get("/sitemap", Access::Public, || get(pages::sitemap)),
];
