//! 办件：申请、受理、审查、决定、送达（规格 cases.md）。
//!
//! - 群众：`/apply/{事项编码}` 起草，`/a/{草稿}` 一步步填完交上，`/me/cases` 看自己的，`/track` 免登录查进度；
//! - 工作人员：`/desk/cases` 待办与办件详情，`/desk/new` 窗口收件，`/desk/due` 将到期与超期；
//! - 时间：转黄、转红、自动受理、补正逾期都是时钟的命令，见 [`commands::ring`]；
//! - 状态机只有一张表（[`model::TRANSITIONS`]），时限只有一种算法（`kernel::calendar`）。
//!
//! 可以依赖：directory、parties、items、messages、credentials、exchange 与一楼各层；
//! 好差评、热线、指标只通过 journal 知道这里发生了什么（`contracts`）。

pub mod actions;
pub mod api;
pub mod applicant;
pub mod archive;
pub mod commands;
mod demo;
pub mod desk;
pub mod measures;
pub mod model;
pub mod offer;
pub mod pages;
pub mod papers;
pub mod permissions;
pub mod queries;
pub mod rules;
pub mod store;

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests;

use axum::routing::{get, post};
use tongban_store::{Clock, Reaction};
use tongban_web::{Access, Area, JobKind, MenuItem, Route};
use utoipa_axum::routes;

use pages::{apply, desk as list, desk_action, desk_anomalies, desk_archive, desk_case, desk_new, desk_opinions, desk_sync, mine, print, track};
use permissions as can;

/// 登录的群众；实名等级由各事项自己要求。
const SIGNED_IN: Access = Access::SignedIn { level: 0 };
const READ: Access = Access::Staff(can::READ);
/// 申请人与工作人员共用的接口：登录与否由处理函数查，对象上的权限由命令查。
const EITHER: Access = Access::Public;

/// 本区交给屋顶的一切。
#[must_use]
pub const fn area() -> Area {
    Area {
        migrations: store::MIGRATIONS,
        statements: store::STATEMENTS,
        permissions: can::ALL,
        routes: ROUTES,
        clocks: CLOCKS,
        jobs: &[JobKind { name: archive::JOB, tries: 5, run: archive::run }],
        reactions: REACTIONS,
        measures: measures::MEASURES,
        desk: desk::QUEUES,
        mine: desk::MINE,
        menu: MENU,
        samples: desk::SAMPLES,
        demo: Some(demo::demo),
        ..Area::new("cases", "办件")
    }
}

const CLOCKS: &[Clock] = &[
    Clock { name: "cases.time", due: store::due_clocks(), fire: commands::ring },
    Clock { name: "cases.opinions", due: store::opinions::ALARMS, fire: commands::ring_opinion },
    Clock { name: "cases.archive", due: store::archives::DUE, fire: archive::ring },
    Clock { name: "cases.draft_expiry", due: store::expired_drafts(), fire: commands::expire_draft },
];

/// 子件办成或到头：轮到一件事里的下一个。
const ENDINGS: &[&str] = &[
    "cases.decided", "cases.not_accepted", "cases.withdrawn", "cases.returned", "cases.terminated", "cases.voided",
];

const REACTIONS: &[Reaction] = &[Reaction::each("cases.bundles", ENDINGS, commands::on_child)];

const MENU: &[MenuItem] = &[
    MenuItem { group: "收办", title: "办件", href: "/desk/cases", icon: "inbox", needs: can::READ },
    MenuItem { group: "收办", title: "窗口收件", href: "/desk/new", icon: "doc", needs: can::SUBMIT_FOR },
    MenuItem { group: "收办", title: "征求意见", href: "/desk/opinions", icon: "msg", needs: can::OPINE },
    MenuItem { group: "质量", title: "将到期与超期", href: "/desk/due", icon: "warn", needs: can::READ },
    MenuItem { group: "质量", title: "电子监察", href: "/desk/anomalies", icon: "eye", needs: can::READ },
    MenuItem { group: "质量", title: "行业系统补录", href: "/desk/sync", icon: "sync", needs: can::RECEIVE },
];

const ROUTES: &[Route] = &[
    Route::get("/apply/{code}", SIGNED_IN, || get(apply::start)),
    Route::post("/apply/{code}", SIGNED_IN, || post(apply::begin)),
    Route::get("/apply/bundle/{number}", SIGNED_IN, || get(apply::start_bundle)),
    Route::post("/apply/bundle/{number}", SIGNED_IN, || post(apply::begin_bundle)),
    Route::get("/me/bundles/{bundle}", SIGNED_IN, || get(apply::my_bundle)),
    Route::get("/a/{draft}/situation", SIGNED_IN, || get(apply::situation)),
    Route::post("/a/{draft}/situation", SIGNED_IN, || post(apply::save_situation)),
    Route::get("/a/{draft}/form/{n}", SIGNED_IN, || get(apply::form)),
    Route::post("/a/{draft}/form/{n}", SIGNED_IN, || post(apply::save_form)),
    Route::get("/a/{draft}/materials", SIGNED_IN, || get(apply::materials)),
    Route::post("/a/{draft}/materials/{key}", SIGNED_IN, || post(apply::material)),
    Route::get("/a/{draft}/check", SIGNED_IN, || get(apply::check)),
    Route::post("/a/{draft}/check", SIGNED_IN, || post(apply::submit)),
    Route::get("/a/{draft}/done", SIGNED_IN, || get(apply::done)),
    Route::get("/me/cases", SIGNED_IN, || get(mine::list)),
    Route::get("/me/cases/{no}", SIGNED_IN, || get(mine::show_case)),
    Route::get("/me/cases/{no}/fix", SIGNED_IN, || get(mine::fix)),
    Route::post("/me/cases/{no}/fix", SIGNED_IN, || post(mine::save_fix)),
    Route::get("/me/cases/{no}/withdraw", SIGNED_IN, || get(mine::confirm_withdraw)),
    Route::post("/me/cases/{no}/withdraw", SIGNED_IN, || post(mine::withdraw)),
    Route::get("/me/cases/{no}/print/{document}", SIGNED_IN, || get(print::show)),
    Route::get("/me/drafts", SIGNED_IN, || get(mine::drafts)),
    Route::post("/me/drafts/{draft}/delete", SIGNED_IN, || post(mine::drop_draft)),
    Route::get("/track", Access::Public, || get(track::form)),
    Route::post("/track", Access::Public, || post(track::look)),
    Route::get("/track/{no}", Access::Public, || get(track::form_for)),
    Route::get("/desk/cases", READ, || get(list::list)),
    Route::get("/desk/due", READ, || get(list::due)),
    Route::get("/desk/new", Access::Staff(can::SUBMIT_FOR), || get(desk_new::new)),
    Route::post("/desk/new", Access::Staff(can::SUBMIT_FOR), || post(desk_new::register)),
    Route::get("/desk/anomalies", READ, || get(desk_anomalies::list)),
    Route::post("/desk/anomalies/{anomaly}", READ, || post(desk_anomalies::settle)),
    Route::get("/desk/opinions", Access::Staff(can::OPINE), || get(desk_opinions::list)),
    Route::post("/desk/opinions/{opinion}", Access::Staff(can::OPINE), || post(desk_opinions::answer)),
    Route::get("/desk/sync", Access::Staff(can::RECEIVE), || get(desk_sync::form)),
    Route::post("/desk/sync", Access::Staff(can::RECEIVE), || post(desk_sync::save)),
    Route::get("/desk/cases/{no}", READ, || get(desk_case::show_case)),
    Route::post("/desk/cases/{no}/check", Access::Staff(can::ACCEPT), || post(desk_case::check)),
    Route::get("/desk/cases/{no}/actions/{action}", READ, || get(desk_action::action_form)),
    Route::post("/desk/cases/{no}/actions/{action}", READ, || post(desk_action::act)),
    Route::post("/desk/cases/{no}/anomalies", Access::Staff(can::MONITOR), || post(desk_anomalies::raise)),
    Route::post("/desk/cases/{no}/unmask", Access::Staff(can::UNMASK), || post(desk_case::unmask)),
    Route::get("/desk/cases/{no}/archive", READ, || get(desk_archive::download)),
    Route::post("/desk/cases/{no}/archive", READ, || post(desk_archive::make)),
    Route::get("/d/{document}/{code}", Access::Public, || get(print::verify)),
    Route::get("/desk/cases/{no}/files/{key}/{file}", READ, || get(desk_case::file)),
    Route::get("/desk/cases/{no}/print/{document}", READ, || get(print::show)),
    Route::api(READ, || routes!(api::list_cases)),
    Route::api(Access::Staff(can::SUBMIT_FOR), || routes!(api::register_case)),
    Route::api(EITHER, || routes!(api::read_case)),
    Route::api(EITHER, || routes!(api::list_steps)),
    Route::api(EITHER, || routes!(api::act_on_case)),
    Route::api(Access::Public, || routes!(api::track_case)),
    Route::api(Access::Public, || routes!(api::list_states)),
];
