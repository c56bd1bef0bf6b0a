//! 接口：评价、差评工单、近况。

use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use tongban_kernel::{Problem, time};
use tongban_web::{App, Ctx, Failure, Json, Listing, PageQuery, Query};
use utoipa::{IntoParams, ToSchema};

use crate::commands::{self, From, Handle};
use crate::model::{Action, Cause, EvalChannel};
use crate::pages::percent;
use crate::rules::{self, Draft};
use crate::store::{self, RatingRow, TaskListed};

/// 凭一次性令牌评价。
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewEvaluation {
    /// 邀评令牌。
    token: String,
    /// 5 非常满意 … 1 非常不满意。
    #[schema(minimum = 1, maximum = 5)]
    satisfaction: i64,
    /// 标签码；差评至少一个标签或一句文字。
    #[serde(default)]
    tags: Vec<i64>,
    /// 至多 500 字。
    #[serde(default)]
    text: String,
    /// 不公开文字。
    #[serde(default)]
    private: bool,
    /// `mobile`、`web`、`qr`、`sms`、`pad`、`terminal`。
    #[serde(default)]
    channel: String,
    /// 追评。
    #[serde(default)]
    follow_up: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Accepted {
    /// 评价编号 `办件编号-节点-次序`。
    no: String,
    /// 差评生成的工单编号。
    bad_task: Option<String>,
}

/// 评价一次。
#[utoipa::path(post, path = "/api/v1/evaluations", tag = "好差评", request_body = NewEvaluation,
    responses((status = 201, body = Accepted), (status = 409, description = "用过了"), (status = 422, description = "内容要改")))]
pub async fn create_evaluation(State(app): State<App>, ctx: Ctx, Json(new): Json<NewEvaluation>) -> Result<(StatusCode, Json<Accepted>), Failure> {
    let draft = Draft { level: Some(new.satisfaction), tags: new.tags, text: new.text, private: new.private, dims: Vec::new() };
    let rating = rules::check(&draft)?;
    let channel = EvalChannel::from_link(&new.channel).unwrap_or(EvalChannel::Computer);
    let from = From { channel, device: format!("{} {}", ctx.ip, ctx.user_agent), ip: ctx.ip.to_string() };
    let (actor, at, token, follow) = (ctx.actor.clone(), app.now(), new.token, new.follow_up);
    let done = app.act(&ctx, "evaluation.rate", move |tx| {
        if follow {
            commands::follow_up(tx, &actor, &token, &rating, &from, at)
        } else {
            commands::rate(tx, &actor, &token, &rating, &from, at)
        }
    });
    let rated = done.await?;
    Ok((StatusCode::CREATED, Json(Accepted { no: rated.no, bad_task: rated.task })))
}

/// 列表条件。
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
pub struct EvaluationFilter {
    /// `bad` 只列差评。
    kind: Option<String>,
    #[param(minimum = 1, maximum = 100)]
    limit: Option<i64>,
    cursor: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EvaluationItem {
    no: String,
    case_no: String,
    item_code: String,
    item_name: String,
    org_name: String,
    /// 1 收件 2 受理 3 办结。
    pro_status: i64,
    /// 1 首评 2 追评。
    assess_number: i64,
    satisfaction: i64,
    /// 国标基础格式的级别（1 非常满意 … 5 非常不满意）。
    satisfaction_national: i64,
    /// 标签码，英文逗号分隔。
    eval_detail: String,
    text: Option<String>,
    /// 渠道 PF。
    pf: i64,
    is_default: bool,
    effective: bool,
    /// 有待复核的可疑标记，暂不计入。
    suspicious: bool,
    assess_time: String,
}

impl std::convert::From<RatingRow> for EvaluationItem {
    fn from(row: RatingRow) -> Self {
        Self {
            pro_status: row.node.code(),
            assess_number: row.round.number(),
            satisfaction: row.level.code(),
            satisfaction_national: rules::national_scale(row.level),
            pf: row.channel.code(),
            is_default: !row.active,
            suspicious: row.effective && !row.counts(),
            effective: row.effective,
            assess_time: time::rfc3339(row.at),
            no: row.no,
            case_no: row.case_no,
            item_code: row.item_code,
            item_name: row.item_name,
            org_name: row.org_name,
            eval_detail: row.tags,
            text: row.text,
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub struct EvaluationList {
    items: Vec<EvaluationItem>,
    next_cursor: Option<String>,
}

/// 范围内的评价，新的在前。
#[utoipa::path(get, path = "/api/v1/evaluations", tag = "好差评", params(EvaluationFilter), responses((status = 200, body = EvaluationList), (status = 401, description = "没有登录或凭证过期"), (status = 403, description = "没有权限"), (status = 422, description = "条件有误"), (status = 429, description = "太频繁")))]
pub async fn list_evaluations(State(app): State<App>, ctx: Ctx, Query(filter): Query<EvaluationFilter>) -> Result<Json<EvaluationList>, Failure> {
    let page = PageQuery { limit: filter.limit, cursor: filter.cursor };
    let (limit, kind) = (page.limit()?, filter.kind.unwrap_or_default());
    let before: Option<(i64, i64)> = page.after(&kind)?;
    let (viewer, worst) = (ctx.actor.clone(), if kind == "bad" { 2 } else { 5 });
    let more = u32::try_from(limit + 1).unwrap_or(101);
    let found = app.db().snapshot("evaluation.list", move |tx| store::ratings(tx, &viewer, worst, before, more)).await?;
    let listing = Listing::cut(found, limit, &kind, |row| (row.at.as_millisecond(), row.id));
    let items = listing.items.into_iter().map(EvaluationItem::from).collect();
    Ok(Json(EvaluationList { items, next_cursor: listing.next_cursor }))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct Stats {
    /// 近 30 天主动有效首评。
    total: i64,
    /// 从非常满意到非常不满意各几条。
    levels: [i64; 5],
    /// 满意率，分母为 0 时为 `—`。
    satisfaction_rate: String,
    bad: i64,
    bad_closed: i64,
    rectified_rate: String,
}

/// 近 30 天的公开统计。
#[utoipa::path(get, path = "/api/v1/evaluations/stats", tag = "好差评", responses((status = 200, body = Stats), (status = 401, description = "没有登录或凭证过期"), (status = 403, description = "没有权限"), (status = 422, description = "条件有误"), (status = 429, description = "太频繁")))]
pub async fn evaluation_stats(State(app): State<App>) -> Result<Json<Stats>, Failure> {
    let now = app.now();
    let found = app.db().snapshot("evaluation.stats", move |tx| store::recent_summary(tx, now)).await?;
    Ok(Json(Stats {
        total: found.total,
        levels: found.levels,
        satisfaction_rate: percent(found.good, found.total),
        bad: found.bad,
        bad_closed: found.bad_closed,
        rectified_rate: percent(found.bad_closed, found.bad),
    }))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TaskItem {
    no: String,
    item_name: String,
    org_name: String,
    satisfaction: i64,
    state: &'static str,
    state_label: &'static str,
    due: String,
    /// `green` `yellow` `red` `grey`。
    light: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TaskList {
    items: Vec<TaskItem>,
    next_cursor: Option<String>,
}

/// 范围内的在办差评，先到期的在前。
#[utoipa::path(get, path = "/api/v1/bad-ratings", tag = "好差评", params(PageQuery), responses((status = 200, body = TaskList), (status = 401, description = "没有登录或凭证过期"), (status = 403, description = "没有权限"), (status = 422, description = "条件有误"), (status = 429, description = "太频繁")))]
pub async fn list_bad_ratings(State(app): State<App>, ctx: Ctx, Query(page): Query<PageQuery>) -> Result<Json<TaskList>, Failure> {
    let limit = page.limit()?;
    let after: Option<(i64, i64)> = page.after("open")?;
    let viewer = ctx.actor.clone();
    let more = u32::try_from(limit + 1).unwrap_or(101);
    let found = app.db().snapshot("evaluation.tasks", move |tx| store::tasks_open(tx, &viewer, after, more)).await?;
    let listing = Listing::cut(found, limit, "open", |task| (task.due.as_millisecond(), task.id));
    let now = app.now();
    let item = |task: TaskListed| TaskItem {
        satisfaction: task.level.code(),
        state: task.state.as_str(),
        state_label: task.state.label(),
        due: time::rfc3339(task.due),
        light: task.light(now).as_str(),
        no: task.no,
        item_name: task.item_name,
        org_name: task.org_name,
    };
    Ok(Json(TaskList { items: listing.items.into_iter().map(item).collect(), next_cursor: listing.next_cursor }))
}

/// 对差评做一个动作。
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskAction {
    /// `contact` `confirm` `explain` `appeal` `uphold_appeal` `reject_appeal` `submit` `approve` `send_back`
    /// `accept_revisit` `reject_revisit`。
    action: String,
    /// 看到的版本；不符 412。
    version: Option<i64>,
    #[serde(default)]
    note: String,
    /// 提交整改时：`guide` `materials` `overdue` `attitude` `system` `policy` `other`。
    #[serde(default)]
    cause: String,
    #[serde(default)]
    measures: String,
    #[serde(default)]
    published: String,
    #[serde(default)]
    item_change: String,
    /// 申诉的证据。
    #[serde(default)]
    evidence: String,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct TaskState {
    state: &'static str,
}

/// 处理差评。
#[utoipa::path(post, path = "/api/v1/bad-ratings/{task}/actions", tag = "好差评", params(("task" = String, Path)), request_body = TaskAction,
    responses((status = 200, body = TaskState), (status = 409, description = "状态不允许"), (status = 412, description = "版本不符")))]
pub async fn act_on_bad_rating(State(app): State<App>, ctx: Ctx, Path(task): Path<String>, Json(input): Json<TaskAction>) -> Result<Json<TaskState>, Failure> {
    let missing = || Problem::new(tongban_kernel::Code::PreconditionRequired, "请带上看到的版本号 version");
    let handle = Handle {
        action: Action::parse(&input.action),
        version: input.version.ok_or_else(missing)?,
        note: input.note,
        cause: Cause::parse(&input.cause),
        measures: input.measures,
        published: input.published,
        item_change: input.item_change,
        evidence: input.evidence,
        files: Vec::new(),
    };
    let (actor, at) = (ctx.actor.clone(), app.now());
    let state = app.act(&ctx, "evaluation.handle", move |tx| commands::handle(tx, &actor, &task, &handle, at)).await?;
    Ok(Json(TaskState { state: state.as_str() }))
}
