//! 我的消息与短信出箱。

use askama::Template;
use axum::extract::State;
use serde::Deserialize;
use tongban_kernel::time::show;
use tongban_web::components::Pager;
use tongban_web::{App, Ctx, Failure, Html, Layout, Listing, PageQuery, Query, render};

use crate::store::{self, Message, Sms};

struct Letter {
    message: Message,
    at: String,
}

#[derive(Template)]
#[template(path = "mine.html")]
struct MinePage {
    l: Layout,
    letters: Vec<Letter>,
    pager: Pager,
}

/// 我的消息，新的在前。
pub async fn mine(State(app): State<App>, ctx: Ctx, Query(query): Query<PageQuery>) -> Result<Html, Failure> {
    let (person, limit) = (ctx.actor.person, query.limit()?);
    let before: i64 = query.after("mine")?.unwrap_or(i64::MAX);
    let rows = app.db().read("messages.mine", move |tx| store::mine(tx, person, before, limit as i64 + 1)).await?;
    let (letters, pager) = cut(&ctx, rows, limit, "mine");
    render(&MinePage { l: Layout::public(&ctx, "我的消息"), letters, pager })
}

fn cut(ctx: &Ctx, rows: Vec<Message>, limit: usize, name: &str) -> (Vec<Letter>, Pager) {
    let listing = Listing::cut(rows, limit, name, |message| message.id);
    let pager = Pager::of(&ctx.uri, listing.next_cursor.as_deref(), format!("本页 {} 封", listing.items.len()));
    (listing.items.into_iter().map(|message| Letter { at: show(message.at), message }).collect(), pager)
}

#[derive(Template)]
#[template(path = "desk_messages.html")]
struct DeskPage {
    l: Layout,
    letters: Vec<Letter>,
    pager: Pager,
}

/// 工作人员的消息：快到期、超期、转办、催办、监察告知。
pub async fn desk(State(app): State<App>, ctx: Ctx, Query(query): Query<PageQuery>) -> Result<Html, Failure> {
    let (staff, limit) = (ctx.actor.staff, query.limit()?);
    let before: i64 = query.after("desk")?.unwrap_or(i64::MAX);
    let rows = app.db().read("messages.desk", move |tx| store::of_staff(tx, staff, before, limit as i64 + 1)).await?;
    let (letters, pager) = cut(&ctx, rows, limit, "desk");
    render(&DeskPage { l: Layout::staff(&ctx, "我的消息"), letters, pager })
}

struct SmsLine {
    sms: Sms,
    at: String,
}

/// 短信出箱的条件。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SmsQuery {
    state: String,
    cursor: Option<String>,
}

#[derive(Template)]
#[template(path = "sms.html")]
struct SmsPage {
    l: Layout,
    has_channel: bool,
    state: &'static str,
    lines: Vec<SmsLine>,
    pager: Pager,
}

/// 短信出箱：没有通道可发的，与已交给网关的；发不出去的在后台任务的死信里。
pub async fn sms(State(app): State<App>, ctx: Ctx, Query(query): Query<SmsQuery>) -> Result<Html, Failure> {
    let page = PageQuery { limit: None, cursor: query.cursor };
    let state = if query.state == "sent" { "sent" } else { "no_channel" };
    let limit = page.limit()?;
    let before: i64 = page.after(state)?.unwrap_or(i64::MAX);
    let rows = app.db().read("messages.sms", move |tx| store::sms(tx, state, before, limit as i64 + 1)).await?;
    let listing = Listing::cut(rows, limit, state, |sms| sms.id);
    let pager = Pager::of(&ctx.uri, listing.next_cursor.as_deref(), format!("本页 {} 条", listing.items.len()));
    let lines = listing.items.into_iter().map(|sms| SmsLine { at: show(sms.at), sms }).collect();
    render(&SmsPage { l: Layout::staff(&ctx, "短信出箱"), has_channel: !app.config().sms_url.is_empty(), state, lines, pager })
}
