//! 消息区：站内信、短信与事件推送，一个出箱。
//!
//! - 别的区在自己的单元里调 [`notify`]（群众）、[`notify_staff`]（工作人员）写站内信，或下一件 `messages.sms` 任务发短信；
//! - 短信经网关发出；没有配置通道时记为 `no_channel`，管理员看得见，不假装发出；
//! - 事件推送：[`publish`] 由日志写投递，[`dispatch`] 带签名投出去，试够次数的是死信，看得见、可重投；
//! - [`events`] 是对外事件的全部清单，载荷只有编号、状态与链接；
//! - 短信的号码与内容、订阅的密钥都加密存放。
//!
//! 可以依赖：底座、地基、contracts、directory、parties。

pub mod api;
pub mod commands;
pub mod dispatch;
pub mod events;
mod journals;
pub mod model;
pub mod outbound;
pub mod pages;
pub mod publish;
pub mod rules;
pub mod sms;
pub mod store;

use axum::routing::{get, post};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use tongban_store::{Error, Migration, Result, Tx};
use tongban_web::area::{Queue, Sample, Step, Todo};
use tongban_web::{Access, Area, JobKind, MenuItem, Route};
use utoipa_axum::routes;

/// 看短信出箱。
pub const READ: &str = "messages.read";
/// 管事件推送。
pub const MANAGE: &str = "messages.webhooks";

/// 消息区交给屋顶的一切。
#[must_use]
pub const fn area() -> Area {
    Area {
        migrations: MIGRATIONS,
        statements: store::STATEMENTS,
        permissions: &[(READ, "查看短信出箱"), (MANAGE, "管理事件推送")],
        routes: ROUTES,
        steps: &[Step { name: "messages.publish", run: publish::step }],
        jobs: &[JobKind { name: sms::JOB, tries: 8, run: sms::send }, JobKind { name: dispatch::JOB, tries: 20, run: dispatch::deliver }],
        menu: &[
            MenuItem { group: "其他", title: "我的消息", href: "/desk/messages", icon: "msg", needs: "" },
            MenuItem { group: "其他", title: "短信出箱", href: "/admin/sms", icon: "send", needs: READ },
            MenuItem { group: "其他", title: "事件推送", href: "/admin/webhooks", icon: "send", needs: MANAGE },
        ],
        desk: &[Queue { title: "停掉的事件推送", needs: MANAGE, rows: stopped }],
        samples: &[Sample { param: "webhook", value: |_, _| Ok("1".to_owned()) }, Sample { param: "delivery", value: |_, _| Ok("1".to_owned()) }],
        events: journals::EVENTS,
        ..Area::new("messages", "消息")
    }
}

const MIGRATIONS: &[Migration] = &[
    Migration { area: "messages", number: 1, name: "messages", sql: include_str!("../migrations/0001_messages.sql") },
    Migration { area: "messages", number: 2, name: "webhooks", sql: include_str!("../migrations/0002_webhooks.sql") },
    Migration { area: "messages", number: 3, name: "staff", sql: include_str!("../migrations/0003_staff.sql") },
];

const ROUTES: &[Route] = &[
    Route::get("/me/messages", Access::SignedIn { level: 0 }, || get(pages::mine)),
    Route::get("/desk/messages", Access::AnyStaff, || get(pages::desk)),
    Route::get("/admin/sms", Access::Staff(READ), || get(pages::sms)),
    Route::get("/admin/webhooks", Access::Staff(MANAGE), || get(pages::list)),
    Route::post("/admin/webhooks", Access::Staff(MANAGE), || post(pages::create)),
    Route::get("/admin/webhooks/{webhook}", Access::Staff(MANAGE), || get(pages::show)),
    Route::post("/admin/webhooks/{webhook}/actions/{action}", Access::Staff(MANAGE), || post(pages::act)),
    Route::post("/admin/webhooks/{webhook}/deliveries/{delivery}/redeliver", Access::Staff(MANAGE), || post(pages::redeliver)),
    Route::api(Access::Staff(MANAGE), || routes!(api::list_webhooks, api::create_webhook)),
    Route::api(Access::Staff(MANAGE), || routes!(api::delete_webhook)),
    Route::api(Access::Staff(MANAGE), || routes!(api::act_on_webhook)),
    Route::api(Access::Staff(MANAGE), || routes!(api::list_deliveries)),
];

/// 在调用者的单元里写一封站内信。
///
/// # Errors
/// 引擎拒绝。
pub fn notify(tx: &mut Tx<'_>, person: i64, title: &str, body: &str, href: &str, at: Timestamp) -> Result<()> {
    let id = tx.new_id();
    store::add_message(tx, id, person, title, body, href, at)
}

/// 同 [`notify`]，写给工作人员（目录区的行键）：工作上的事不看他有没有以群众身份实名过。
///
/// # Errors
/// 引擎拒绝。
pub fn notify_staff(tx: &mut Tx<'_>, staff: i64, title: &str, body: &str, href: &str, at: Timestamp) -> Result<()> {
    let id = tx.new_id();
    store::add_staff_message(tx, id, staff, title, body, href, at)
}

/// 一把新的签名密钥：32 字节随机，写成 `whsec_…`。
pub(crate) fn new_secret() -> Result<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| Error::Io(error.to_string()))?;
    Ok(format!("whsec_{}", STANDARD.encode(bytes)))
}

/// 待办：系统停掉的端点，等管理员看一眼。
fn stopped(tx: &mut Tx<'_>, actor: &tongban_kernel::Actor, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<Todo>> {
    let rows = store::stopped(tx, actor.tenant, after.map_or(0, |(_, id)| id), i64::from(limit))?;
    let todo = |webhook: model::Webhook| Todo {
        id: webhook.id,
        due: i64::MAX,
        title: format!("事件推送停了：{}", webhook.reason),
        href: format!("/admin/webhooks/{}", webhook.id),
        detail: webhook.url,
        light: tongban_kernel::lights::Light::Red,
    };
    Ok(rows.into_iter().map(todo).collect())
}
