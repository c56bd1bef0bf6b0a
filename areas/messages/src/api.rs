//! 接口：订阅、查投递、重投。

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tongban_kernel::{Problem, time};
use tongban_web::{App, Ctx, Failure, Json, Listing, PageQuery, Query};
use utoipa::ToSchema;

use crate::commands::{self, Subscribe};
use crate::model::{Fate, Standing, Webhook};
use crate::{new_secret, publish, store};

/// 新订阅。
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// 接收网址，HTTPS。
    #[schema(max_length = 2000)]
    url: String,
    /// 整名，或 `前缀.*`。
    #[schema(max_items = 20)]
    event_types: Vec<String>,
    #[serde(default)]
    #[schema(max_length = 200)]
    description: String,
}

/// 一个订阅。
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookBody {
    id: String,
    url: String,
    event_types: Vec<String>,
    description: String,
    /// `active` 在用、`disabled` 停用。
    state: &'static str,
    reason: String,
    created_at: String,
    version: i64,
    /// 签名密钥，只在新建与轮换的回答里有。
    secret: Option<String>,
}

impl WebhookBody {
    fn of(webhook: Webhook, secret: Option<String>) -> Self {
        Self {
            id: webhook.id.to_string(),
            url: webhook.url,
            event_types: webhook.event_types,
            description: webhook.description,
            state: webhook.standing.as_str(),
            reason: webhook.reason,
            created_at: time::rfc3339(webhook.created),
            version: webhook.version,
            secret,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookList {
    items: Vec<WebhookBody>,
    next_cursor: Option<String>,
}

async fn read(app: &App, id: i64, secret: Option<String>) -> Result<Json<WebhookBody>, Failure> {
    let found = app.db().read("messages.webhook_read", move |tx| store::find_webhook(tx, id)).await?;
    Ok(Json(WebhookBody::of(found.ok_or_else(Problem::not_found)?, secret)))
}

/// 订阅事件。
#[utoipa::path(post, path = "/api/v1/webhooks", operation_id = "createWebhook", tag = "事件推送", request_body = NewWebhook,
    responses((status = 201, body = WebhookBody), (status = 400, description = "JSON 不完整"), (status = 401, description = "没有登录"), (status = 403, description = "没有授权"), (status = 415, description = "不是 JSON"), (status = 422, description = "内容要改")))]
pub async fn create_webhook(State(app): State<App>, ctx: Ctx, Json(new): Json<NewWebhook>) -> Result<(StatusCode, Json<WebhookBody>), Failure> {
    let wanted = Subscribe { url: new.url, event_types: new.event_types, description: new.description };
    let input = wanted.checked(app.config().private_endpoints)?;
    let (actor, secret, at) = (ctx.actor.clone(), new_secret()?, app.now());
    let kept = secret.clone();
    let id = app.act(&ctx, "messages.subscribe", move |tx| commands::subscribe(tx, &actor, &input, &kept, at)).await?;
    Ok((StatusCode::CREATED, read(&app, id, Some(secret)).await?))
}

/// 本县区的订阅，新的在前。
#[utoipa::path(get, path = "/api/v1/webhooks", operation_id = "listWebhooks", tag = "事件推送", params(PageQuery),
    responses((status = 200, body = WebhookList), (status = 401, description = "没有登录"), (status = 403, description = "没有授权"), (status = 422, description = "条件有误")))]
pub async fn list_webhooks(State(app): State<App>, ctx: Ctx, Query(page): Query<PageQuery>) -> Result<Json<WebhookList>, Failure> {
    let limit = page.limit()?;
    let before: i64 = page.after("api.webhooks")?.unwrap_or(i64::MAX);
    let tenant = ctx.actor.tenant;
    let rows = app.db().read("messages.webhook_list", move |tx| store::webhooks(tx, tenant, before, limit as i64 + 1)).await?;
    let listing = Listing::cut(rows, limit, "api.webhooks", |webhook| webhook.id);
    let items = listing.items.into_iter().map(|webhook| WebhookBody::of(webhook, None)).collect();
    Ok(Json(WebhookList { items, next_cursor: listing.next_cursor }))
}

/// 做什么：`enable` `disable` `rotate` `test` `revive`（死信全部重投）。
#[utoipa::path(post, path = "/api/v1/webhooks/{webhook}/actions/{action}", operation_id = "actOnWebhook", tag = "事件推送",
    params(("webhook" = String, Path, pattern = r"^\d+$"), ("action" = String, Path)),
    responses((status = 200, body = WebhookBody), (status = 401, description = "没有登录"), (status = 403, description = "没有授权"), (status = 404, description = "没有找到"), (status = 409, description = "现在不能这样做"), (status = 412, description = "别人先改了")))]
pub async fn act_on_webhook(State(app): State<App>, ctx: Ctx, Path((webhook, action)): Path<(String, String)>) -> Result<Json<WebhookBody>, Failure> {
    let id: i64 = webhook.parse().map_err(|_| Problem::not_found())?;
    let (actor, at, source) = (ctx.actor.clone(), app.now(), publish::source(&app));
    let secret = if action == "rotate" { Some(new_secret()?) } else { None };
    let kept = secret.clone().unwrap_or_default();
    app.act(&ctx, "messages.api_act", move |tx| match action.as_str() {
        "enable" => commands::stand(tx, &actor, id, Standing::Active, at),
        "disable" => commands::stand(tx, &actor, id, Standing::Disabled, at),
        "rotate" => commands::rotate(tx, &actor, id, &kept, at),
        "test" => commands::test(tx, &actor, id, &source, at),
        "revive" => commands::redeliver(tx, &actor, id, None, at),
        _ => Err(Problem::not_found().into()),
    })
    .await?;
    read(&app, id, secret).await
}

/// 删除订阅与它的投递。
#[utoipa::path(delete, path = "/api/v1/webhooks/{webhook}", operation_id = "deleteWebhook", tag = "事件推送", params(("webhook" = String, Path, pattern = r"^\d+$")),
    responses((status = 204, description = "已删除"), (status = 401, description = "没有登录"), (status = 403, description = "没有授权"), (status = 404, description = "没有找到")))]
pub async fn delete_webhook(State(app): State<App>, ctx: Ctx, Path(webhook): Path<String>) -> Result<StatusCode, Failure> {
    let id: i64 = webhook.parse().map_err(|_| Problem::not_found())?;
    let (actor, at) = (ctx.actor.clone(), app.now());
    app.act(&ctx, "messages.unsubscribe", move |tx| commands::unsubscribe(tx, &actor, id, at)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// 一次投递。
#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryBody {
    id: String,
    event: String,
    #[serde(rename = "type")]
    kind: String,
    subject: String,
    /// `waiting` `delivered` `dead`。
    state: &'static str,
    tries: i64,
    /// 最近一次的状态码；连不上为 0。
    last_status: Option<i64>,
    last_error: String,
    next_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct DeliveryList {
    items: Vec<DeliveryBody>,
    next_cursor: Option<String>,
}

/// 投递记录的条件。
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(default, deny_unknown_fields)]
pub struct DeliveryFilter {
    /// `waiting`（默认）、`delivered`、`dead`。
    state: String,
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    cursor: Option<String>,
}

/// 一个订阅的投递记录，新的在前。
#[utoipa::path(get, path = "/api/v1/webhooks/{webhook}/deliveries", operation_id = "listDeliveries", tag = "事件推送", params(("webhook" = String, Path, pattern = r"^\d+$"), DeliveryFilter),
    responses((status = 200, body = DeliveryList), (status = 401, description = "没有登录"), (status = 403, description = "没有授权"), (status = 404, description = "没有找到"), (status = 422, description = "条件有误")))]
pub async fn list_deliveries(State(app): State<App>, ctx: Ctx, Path(webhook): Path<String>, Query(filter): Query<DeliveryFilter>) -> Result<Json<DeliveryList>, Failure> {
    let id: i64 = webhook.parse().map_err(|_| Problem::not_found())?;
    let fate = match Fate::ALL.into_iter().find(|fate| fate.as_str() == filter.state) {
        Some(fate) => fate,
        None if filter.state.is_empty() => Fate::Waiting,
        None => return Err(Problem::field("query/state", "choice", "state 应为 waiting、delivered、dead").into()),
    };
    let page = PageQuery { limit: filter.limit, cursor: filter.cursor };
    let limit = page.limit()?;
    let before: i64 = page.after(fate.as_str())?.unwrap_or(i64::MAX);
    let tenant = ctx.actor.tenant;
    let rows = app
        .db()
        .snapshot("messages.deliveries", move |tx| {
            store::find_webhook(tx, id)?.filter(|webhook| webhook.tenant == tenant).ok_or_else(Problem::not_found)?;
            store::deliveries(tx, id, fate, before, limit as i64 + 1)
        })
        .await?;
    let listing = Listing::cut(rows, limit, fate.as_str(), |delivery| delivery.id);
    let items = listing.items.into_iter().map(|delivery| DeliveryBody {
        id: delivery.id.to_string(),
        event: delivery.event,
        kind: delivery.kind,
        subject: delivery.subject,
        state: delivery.fate.as_str(),
        tries: delivery.tries,
        last_status: delivery.last_status,
        last_error: delivery.last_error,
        next_at: (delivery.fate == Fate::Waiting).then(|| time::rfc3339(delivery.next_at)),
    });
    Ok(Json(DeliveryList { items: items.collect(), next_cursor: listing.next_cursor }))
}
