//! 消息区：站内信与短信，一个出箱。
//!
//! - 别的区在自己的单元里调 [`notify`] 写站内信，或下一件 `messages.sms` 任务发短信；
//! - 短信任务由本区执行：没有配置通道时记为 `no_channel`，管理员看得见，不假装发出；
//! - 短信的号码与内容加密存放。
//!
//! 可以依赖：底座、地基、directory、parties。

pub mod pages;
pub mod store;

use axum::routing::get;
use jiff::Timestamp;
use serde::Deserialize;
use tongban_kernel::Problem;
use tongban_store::jobs::Job;
use tongban_store::{Error, Migration, Result, Tx};
use tongban_web::{Access, App, Area, JobKind, MenuItem, Route, Work};

/// 看短信出箱。
pub const READ: &str = "messages.read";

/// 消息区交给屋顶的一切。
#[must_use]
pub const fn area() -> Area {
    Area {
        migrations: &[Migration { area: "messages", number: 1, name: "messages", sql: include_str!("../migrations/0001_messages.sql") }],
        statements: &[store::STATEMENTS],
        permissions: &[(READ, "查看短信出箱")],
        routes: ROUTES,
        jobs: &[JobKind { name: "messages.sms", tries: 5, run: send_sms }],
        menu: &[MenuItem { group: "其他", title: "短信出箱", href: "/admin/sms", icon: "send", needs: READ }],
        ..Area::new("messages", "消息")
    }
}

const ROUTES: &[Route] = &[
    Route::get("/me/messages", Access::SignedIn { level: 0 }, || get(pages::mine)),
    Route::get("/admin/sms", Access::Staff(READ), || get(pages::sms)),
];

/// 在调用者的单元里写一封站内信。
///
/// # Errors
/// 引擎拒绝。
pub fn notify(tx: &mut Tx<'_>, person: i64, title: &str, body: &str, href: &str, at: Timestamp) -> Result<()> {
    let id = tx.new_id();
    store::add_message(tx, id, person, title, body, href, at)
}

/// 短信任务的内容：号码是加密后的十六进制。
#[derive(Deserialize)]
struct Sms {
    to: String,
    text: String,
}

fn send_sms<'a>(app: &'a App, job: &'a Job) -> Work<'a> {
    Box::pin(async move {
        let sms: Sms = serde_json::from_str(&job.payload)?;
        let mobile = hex::decode(&sms.to).map_err(|_| Error::from(Problem::conflict("短信号码读不懂")))?;
        let (id, at) = (job.id, app.now());
        app.db().write("messages.sms_kept", move |tx| store::keep_sms(tx, id, &mobile, &sms.text, "no_channel", at)).await
    })
}
