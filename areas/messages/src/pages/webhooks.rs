//! 事件推送：订阅、投递记录、重投、测试、轮换密钥。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::Problem;
use tongban_kernel::time::show as shown;
use tongban_web::components::{ErrorSummary, Field, Pager};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Listing, PageQuery, Query, Redirect, render, render_status, see_other};

use crate::commands::{self, Subscribe};
use crate::model::{Delivery, Fate, Standing, Webhook};
use crate::{events, new_secret, publish, store};

struct Line {
    webhook: Webhook,
    types: String,
}

#[derive(Template)]
#[template(path = "webhooks.html")]
struct ListPage {
    l: Layout,
    summary: ErrorSummary,
    lines: Vec<Line>,
    fields: Vec<Field>,
    pager: Pager,
}

/// 新订阅的表单。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewForm {
    url: String,
    event_types: Vec<String>,
    description: String,
}

async fn list_page(app: &App, ctx: &Ctx, page: &PageQuery, form: &NewForm, problem: Option<&Problem>) -> Result<ListPage, Failure> {
    let limit = page.limit()?;
    let before: i64 = page.after("webhooks")?.unwrap_or(i64::MAX);
    let tenant = ctx.actor.tenant;
    let rows = app.db().read("messages.webhook_list", move |tx| store::webhooks(tx, tenant, before, limit as i64 + 1)).await?;
    let listing = Listing::cut(rows, limit, "webhooks", |webhook| webhook.id);
    let pager = Pager::of(&ctx.uri, listing.next_cursor.as_deref(), format!("本页 {} 个", listing.items.len()));
    let mut kinds: Vec<(&str, &str)> = events::ALL.iter().map(|kind| (kind.event, kind.title)).collect();
    kinds.dedup_by_key(|(event, _)| *event);
    let layout = Layout::staff(ctx, "事件推送");
    Ok(ListPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        summary: ErrorSummary::of(problem),
        lines: listing.items.into_iter().map(|webhook| Line { types: webhook.event_types.join("、"), webhook }).collect(),
        fields: vec![
            Field::text("url", "接收网址").hint("以 https:// 开头；收到后 20 秒内回答 2xx").value(&form.url).errors_of(problem),
            Field::checks("event_types", "要哪些事件", kinds).values(form.event_types.iter().cloned()).errors_of(problem),
            Field::text("description", "说明").optional().hint("谁在用、做什么用").value(&form.description).errors_of(problem),
        ],
        pager,
    })
}

/// 订阅列表与新建。
pub async fn list(State(app): State<App>, ctx: Ctx, Query(page): Query<PageQuery>) -> Result<Html, Failure> {
    render(&list_page(&app, &ctx, &page, &NewForm::default(), None).await?)
}

#[derive(Template)]
#[template(path = "webhook_secret.html")]
struct SecretPage {
    l: Layout,
    id: i64,
    secret: String,
    rotated: bool,
}

/// 新建订阅；密钥只在回答页上显示这一次。
pub async fn create(State(app): State<App>, ctx: Ctx, Form(form): Form<NewForm>) -> Result<Response, Failure> {
    let wanted = Subscribe { url: form.url.clone(), event_types: form.event_types.clone(), description: form.description.clone() };
    let input = match wanted.checked(app.config().private_endpoints) {
        Ok(input) => input,
        Err(problem) => {
            let page = PageQuery { limit: None, cursor: None };
            return render_status(422, &list_page(&app, &ctx, &page, &form, Some(&problem)).await?);
        }
    };
    let (actor, secret, at) = (ctx.actor.clone(), new_secret()?, app.now());
    let kept = secret.clone();
    let id = app.act(&ctx, "messages.subscribe", move |tx| commands::subscribe(tx, &actor, &input, &kept, at)).await?;
    render_status(200, &SecretPage { l: Layout::staff(&ctx, "事件推送的密钥"), id, secret, rotated: false })
}

struct Row {
    delivery: Delivery,
    created: String,
    next: String,
    status: String,
}

struct Tab {
    fate: Fate,
    count: i64,
    current: bool,
}

#[derive(Template)]
#[template(path = "webhook.html")]
struct ShowPage {
    l: Layout,
    webhook: Webhook,
    types: String,
    created: String,
    rotating: String,
    paused: String,
    tabs: Vec<Tab>,
    fate: Fate,
    rows: Vec<Row>,
    pager: Pager,
}

impl ShowPage {
    fn active(&self) -> bool {
        self.webhook.standing == Standing::Active
    }
}

/// 投递记录的条件。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ShowQuery {
    state: String,
    cursor: Option<String>,
}

/// 一个订阅与它的投递记录。
pub async fn show(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Query(query): Query<ShowQuery>) -> Result<Html, Failure> {
    let fate = Fate::ALL.into_iter().find(|fate| fate.as_str() == query.state).unwrap_or(Fate::Waiting);
    let page = PageQuery { limit: None, cursor: query.cursor };
    let limit = page.limit()?;
    let before: i64 = page.after(fate.as_str())?.unwrap_or(i64::MAX);
    let tenant = ctx.actor.tenant;
    let (webhook, tallies, found) = app
        .db()
        .snapshot("messages.webhook", move |tx| {
            let webhook = store::find_webhook(tx, id)?.filter(|webhook| webhook.tenant == tenant).ok_or_else(Problem::not_found)?;
            Ok((webhook, store::tallies(tx, id)?, store::deliveries(tx, id, fate, before, limit as i64 + 1)?))
        })
        .await?;
    let listing = Listing::cut(found, limit, fate.as_str(), |delivery| delivery.id);
    let count = |fate: Fate| tallies.iter().find(|(known, _)| *known == fate).map_or(0, |(_, n)| *n);
    let paused = if webhook.paused_until > app.now().as_millisecond() { shown(tongban_kernel::time::from_millis(webhook.paused_until)) } else { String::new() };
    render(&ShowPage {
        l: Layout::staff(&ctx, "事件推送"),
        types: webhook.event_types.join("、"),
        created: shown(webhook.created),
        rotating: webhook.rotating_until.filter(|until| *until > app.now()).map(shown).unwrap_or_default(),
        paused,
        tabs: Fate::ALL.into_iter().map(|known| Tab { fate: known, count: count(known), current: known == fate }).collect(),
        fate,
        pager: Pager::of(&ctx.uri, listing.next_cursor.as_deref(), format!("本页 {} 条", listing.items.len())),
        rows: listing.items.into_iter().map(row).collect(),
        webhook,
    })
}

fn row(delivery: Delivery) -> Row {
    let status = match delivery.last_status {
        None => "还没有投过".to_owned(),
        Some(0) => delivery.last_error.clone(),
        Some(code) if delivery.last_error.is_empty() => format!("回答 {code}"),
        Some(_) => delivery.last_error.clone(),
    };
    Row { created: shown(delivery.created), next: shown(delivery.next_at), status, delivery }
}

/// 对订阅的动作。
pub async fn act(State(app): State<App>, ctx: Ctx, Path((id, action)): Path<(i64, String)>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let back = format!("/admin/webhooks/{id}");
    let done = |text: &str| -> Redirect { see_other(back.clone()).flash(text) };
    match action.as_str() {
        "rotate" => {
            let secret = new_secret()?;
            let kept = secret.clone();
            app.act(&ctx, "messages.rotate", move |tx| commands::rotate(tx, &actor, id, &kept, at)).await?;
            render_status(200, &SecretPage { l: Layout::staff(&ctx, "事件推送的密钥"), id, secret, rotated: true })
        }
        "test" => {
            let source = publish::source(&app);
            app.act(&ctx, "messages.test", move |tx| commands::test(tx, &actor, id, &source, at)).await?;
            Ok(done("测试事件已进出箱，稍后看投递记录").into_response())
        }
        "enable" | "disable" => {
            let standing = if action == "enable" { Standing::Active } else { Standing::Disabled };
            app.act(&ctx, "messages.stand", move |tx| commands::stand(tx, &actor, id, standing, at)).await?;
            Ok(done(if action == "enable" { "已启用，积下的事件接着投递" } else { "已停用" }).into_response())
        }
        "revive" => {
            app.act(&ctx, "messages.revive", move |tx| commands::redeliver(tx, &actor, id, None, at)).await?;
            Ok(done("死信已重新进出箱").into_response())
        }
        "remove" => {
            app.act(&ctx, "messages.unsubscribe", move |tx| commands::unsubscribe(tx, &actor, id, at)).await?;
            Ok(see_other("/admin/webhooks").flash("订阅已删除").into_response())
        }
        _ => Err(Problem::not_found().into()),
    }
}

/// 重投一条。
pub async fn redeliver(State(app): State<App>, ctx: Ctx, Path((id, delivery)): Path<(i64, i64)>) -> Result<Redirect, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    app.act(&ctx, "messages.redeliver", move |tx| commands::redeliver(tx, &actor, id, Some(delivery), at)).await?;
    Ok(see_other(format!("/admin/webhooks/{id}")).flash("已重新进出箱"))
}
