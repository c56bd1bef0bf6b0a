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
pub mod api_external;
pub mod applicant;
pub mod archive;
pub mod commands;
mod demo;
mod demo_dice;
mod demo_ways;
pub mod desk;
pub mod exchange;
mod holdings;
pub mod import;
mod journals;
pub mod measures;
pub mod model;
pub mod offer;
pub mod pages;
pub mod papers;
pub mod permissions;
pub mod queries;
pub mod rules;
pub mod sealing;
pub mod store;

#[cfg(test)]
pub(crate) mod testing;

#[cfg(test)]
mod tests;

use axum::routing::{get, post};
use tongban_store::{Clock, Reaction};
use tongban_web::{Access, Area, JobKind, MenuItem, Route};
use utoipa_axum::routes;

use pages::{apply, desk as list, desk_action, desk_anomalies, desk_archive, desk_batch, desk_case, desk_commitments, desk_cover, desk_exchange, desk_flows, desk_import, desk_new, desk_opinions, desk_receipt, desk_sync, follow, mine, open, print, track};
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
        leisure: &[Clock { name: "cases.archive", due: store::archives::DUE, fire: archive::ring }],
        jobs: &[JobKind { name: archive::JOB, tries: 5, run: archive::run }, JobKind { name: import::JOB, tries: 5, run: import::run }, JobKind { name: sealing::JOB, tries: 5, run: sealing::run }],
        reactions: REACTIONS,
        measures: measures::MEASURES,
        desk: desk::QUEUES,
        mine: desk::MINE,
        menu: MENU,
        samples: desk::SAMPLES,
        demo: Some(demo::demo),
        events: journals::EVENTS,
        holdings: holdings::HOLDINGS,
        ..Area::new("cases", "办件")
    }
}

const CLOCKS: &[Clock] = &[
    Clock { name: "cases.time", due: store::due_clocks(), fire: commands::ring },
    Clock { name: "cases.opinions", due: store::opinions::ALARMS, fire: commands::ring_opinion },
    Clock { name: "cases.draft_expiry", due: store::expired_drafts(), fire: commands::expire_draft },
];

/// 子件办成或到头：轮到一件事里的下一个。
const ENDINGS: &[&str] = &[
    "cases.decided", "cases.not_accepted", "cases.withdrawn", "cases.returned", "cases.terminated", "cases.voided",
];

/// 要告诉申请人的各步。
const STEPS: &[&str] = &[
    "cases.submitted", "cases.correcting", "cases.accepted", "cases.suspended", "cases.extended", "cases.decided", "cases.delivered",
    "cases.not_accepted", "cases.returned", "cases.terminated", "cases.revoked",
];

/// 家人代办、单位授权的变化。
const GRANTS: &[&str] = &["parties.grant_offered", "parties.granted", "parties.grant_declined", "parties.grant_revoked"];

const REACTIONS: &[Reaction] = &[
    Reaction::each("cases.bundles", ENDINGS, commands::on_child),
    Reaction::each("cases.lights", &["cases.yellow", "cases.overdue"], commands::on_light),
    Reaction::each("cases.steps", STEPS, commands::on_step),
    Reaction::each("cases.grants", GRANTS, commands::on_grant),
    Reaction::each("cases.licences", &["credentials.licence"], commands::on_licence),
];

const MENU: &[MenuItem] = &[
    MenuItem { group: "收办", title: "办件", href: "/desk/cases", icon: "inbox", needs: can::READ },
    MenuItem { group: "收办", title: "窗口收件", href: "/desk/new", icon: "doc", needs: can::SUBMIT_FOR },
    MenuItem { group: "收办", title: "征求意见", href: "/desk/opinions", icon: "msg", needs: can::OPINE },
    MenuItem { group: "质量", title: "将到期与超期", href: "/desk/due", icon: "warn", needs: can::READ },
    MenuItem { group: "质量", title: "电子监察", href: "/desk/anomalies", icon: "eye", needs: can::READ },
    MenuItem { group: "质量", title: "汇聚库导出", href: "/desk/exchange", icon: "download", needs: can::EXCHANGE },
    MenuItem { group: "其他", title: "AB 岗", href: "/desk/cover", icon: "user", needs: can::READ },
    MenuItem { group: "质量", title: "告知承诺核查", href: "/desk/commitments", icon: "check", needs: can::HANDLE },
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
    Route::get("/me/cases/{no}/follow", SIGNED_IN, || get(follow::form)),
    Route::post("/me/cases/{no}/follow", SIGNED_IN, || post(follow::begin)),
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
    Route::get("/open/cases", Access::Public, || get(open::cases)),
    Route::get("/desk/exchange", Access::Staff(can::EXCHANGE), || get(desk_exchange::form)),
    Route::get("/desk/exchange/{table}", Access::Staff(can::EXCHANGE), || get(desk_exchange::download)),
    Route::get("/desk/cover", Access::AnyStaff, || get(desk_cover::form)),
    Route::post("/desk/cover", Access::AnyStaff, || post(desk_cover::save)),
    Route::get("/desk/flows/{code}", Access::Staff(can::CONFIGURE), || get(desk_flows::form)),
    Route::post("/desk/flows/{code}", Access::Staff(can::CONFIGURE), || post(desk_flows::save)),
    Route::post("/me/cases/{no}/urge", SIGNED_IN, || post(mine::urge)),
    Route::get("/desk/commitments", Access::Staff(can::HANDLE), || get(desk_commitments::list)),
    Route::post("/desk/commitments/{commitment}", Access::Staff(can::HANDLE), || post(desk_commitments::check)),
    Route::post("/desk/cases/batch", READ, || post(desk_batch::act)),
    Route::post("/desk/cases/views", READ, || post(desk_batch::save_view)),
    Route::post("/desk/cases/views/{view}/delete", READ, || post(desk_batch::drop_view)),
    Route::post("/desk/cases/columns", READ, || post(desk_batch::save_columns)),
    Route::get("/desk/anomalies", READ, || get(desk_anomalies::list)),
    Route::post("/desk/anomalies/{anomaly}", READ, || post(desk_anomalies::settle)),
    Route::get("/desk/opinions", Access::Staff(can::OPINE), || get(desk_opinions::list)),
    Route::post("/desk/opinions/{opinion}", Access::Staff(can::OPINE), || post(desk_opinions::answer)),
    Route::get("/desk/sync/imports", Access::Staff(can::RECEIVE), || get(desk_import::list)),
    Route::post("/desk/sync/imports", Access::Staff(can::RECEIVE), || post(desk_import::upload)),
    Route::get("/desk/sync/imports/{import}", Access::Staff(can::RECEIVE), || get(desk_import::show_import)),
    Route::post("/desk/sync/imports/{import}", Access::Staff(can::RECEIVE), || post(desk_import::begin)),
    Route::get("/desk/sync", Access::Staff(can::RECEIVE), || get(desk_sync::form)),
    Route::post("/desk/sync", Access::Staff(can::RECEIVE), || post(desk_sync::save)),
    Route::get("/desk/cases/{no}", READ, || get(desk_case::show_case)),
    Route::get("/desk/cases/{no}/sync", Access::Staff(can::RECEIVE), || get(desk_receipt::form)),
    Route::post("/desk/cases/{no}/sync", Access::Staff(can::RECEIVE), || post(desk_receipt::save)),
    Route::post("/desk/cases/{no}/check", Access::Staff(can::ACCEPT), || post(desk_case::check)),
    Route::get("/desk/cases/{no}/actions/{action}", READ, || get(desk_action::action_form)),
    Route::post("/desk/cases/{no}/actions/{action}", READ, || post(desk_action::act)),
    Route::post("/desk/cases/{no}/anomalies", Access::Staff(can::MONITOR), || post(desk_anomalies::raise)),
    Route::post("/desk/cases/{no}/unmask", Access::Staff(can::UNMASK), || post(desk_case::unmask)),
    Route::get("/desk/cases/{no}/archive", READ, || get(desk_archive::download)),
    Route::post("/desk/cases/{no}/archive", READ, || post(desk_archive::make)),
    Route::get("/d/{document}/{code}", Access::Public, || get(print::verify)),
    Route::get("/desk/cases/{no}/licences/{key}", READ, || get(desk_case::licence)),
    Route::get("/desk/cases/{no}/files/{key}/{file}", READ, || get(desk_case::file)),
    Route::get("/desk/cases/{no}/print/{document}", READ, || get(print::show)),
    Route::api(READ, || routes!(api::list_cases)),
    Route::api(Access::Staff(can::SUBMIT_FOR), || routes!(api::register_case)),
    Route::api(Access::Staff(can::RECEIVE), || routes!(api_external::link_external)),
    Route::api(EITHER, || routes!(api::read_case)),
    Route::api(EITHER, || routes!(api::list_steps)),
    Route::api(EITHER, || routes!(api::act_on_case)),
    Route::api(Access::Public, || routes!(api::track_case)),
    Route::api(Access::Public, || routes!(api::list_states)),
];
