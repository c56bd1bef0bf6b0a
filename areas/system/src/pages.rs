//! 系统区的页面：实用工具、接口文档、后台任务。

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use serde::Deserialize;
use tongban_kernel::codes;
use tongban_kernel::problem::Problem;
use tongban_kernel::time::show;
use tongban_store::jobs::{self, Listed, State as JobState};
use tongban_web::components::{ErrorSummary, Field, Pager};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Listing, PageQuery, Query, Redirect, render, render_status, see_other};
use utoipa::openapi::path::{Operation, PathItem};

use crate::api::{self, CheckAnswer};
use crate::commands;
use crate::rules::{self, Due};

#[derive(Template)]
#[template(path = "tools.html")]
struct ToolsPage {
    l: Layout,
}

/// 工具目录。
pub async fn tools(ctx: Ctx) -> Result<Html, Failure> {
    render(&ToolsPage { l: Layout::public(&ctx, "实用工具") })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DueForm {
    from: String,
    workdays: String,
    suspended: Vec<String>,
}

#[derive(Template)]
#[template(path = "due.html")]
struct DuePage {
    l: Layout,
    summary: ErrorSummary,
    fields: Vec<Field>,
    answer: Option<Due>,
}

/// 算到期日的页面。
pub async fn due(ctx: Ctx, Query(form): Query<DueForm>) -> Result<Response, Failure> {
    let layout = Layout::public(&ctx, "算到期日");
    let asked = !form.from.is_empty() || !form.workdays.is_empty();
    let outcome = asked.then(|| rules::due(&form.from, &form.workdays, &form.suspended)).transpose();
    let (answer, problem) = match outcome {
        Ok(answer) => (answer, None),
        Err(problem) => (None, Some(relative(problem))),
    };
    let page = DuePage {
        summary: ErrorSummary::of(problem.as_ref()),
        fields: vec![
            Field::date("from", "受理日").value(&form.from).errors_of(problem.as_ref()),
            Field::number("workdays", "工作日数", "个工作日").value(&form.workdays).errors_of(problem.as_ref()),
            Field::text("suspended", "停表时段")
                .optional()
                .width("w-m")
                .hint("写成 2021-10-13..2021-10-20；几段用接口")
                .value(form.suspended.first().cloned().unwrap_or_default())
                .errors_of(problem.as_ref()),
        ],
        l: if problem.is_some() { layout.with_errors() } else { layout },
        answer,
    };
    render_status(if problem.is_some() { 422 } else { 200 }, &page)
}

/// 查询参数的指针换成表单字段名。
fn relative(mut problem: Problem) -> Problem {
    for error in &mut problem.errors {
        error.pointer = error.pointer.replace("#/query/", "#/");
    }
    problem
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CodeForm {
    kind: String,
    value: String,
}

#[derive(Template)]
#[template(path = "codes.html")]
struct CodesPage {
    l: Layout,
    kind: Field,
    value: Field,
    answer: Option<CheckAnswer>,
}

/// 校验编码的页面。
pub async fn codes(State(app): State<App>, ctx: Ctx, Query(form): Query<CodeForm>) -> Result<Html, Failure> {
    let kind = if form.kind.is_empty() { "id".to_owned() } else { form.kind };
    let answer = if form.value.is_empty() { None } else { Some(api::answer(&kind, &form.value, app.now())?) };
    let error = answer.as_ref().and_then(|answer| answer.reason.clone());
    render(&CodesPage {
        l: Layout::public(&ctx, "编码校验"),
        kind: Field::select("kind", "哪种编码", codes::KINDS.iter().copied()).value(&kind),
        value: Field::text("value", "编码").width("w-m").value(&form.value).error(error),
        answer,
    })
}

/// 文档里的一个接口。
struct Endpoint {
    method: &'static str,
    path: String,
    summary: String,
    description: String,
    parameters: Vec<(String, String)>,
    statuses: Vec<(String, String)>,
}

struct Group {
    tag: String,
    endpoints: Vec<Endpoint>,
}

#[derive(Template)]
#[template(path = "docs.html")]
struct DocsPage {
    l: Layout,
    groups: Vec<Group>,
}

/// 可读的接口文档，由 OpenAPI 直接生成，离线可看。
pub async fn docs(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let document = tongban_web::router::document(app.areas());
    let mut groups: Vec<Group> = Vec::new();
    for (path, item) in &document.paths.paths {
        for (method, operation) in operations(item) {
            let tag = operation.tags.as_ref().and_then(|tags| tags.first()).cloned().unwrap_or_else(|| "其他".to_owned());
            let endpoint = endpoint(method, path, operation);
            match groups.iter_mut().find(|group| group.tag == tag) {
                Some(group) => group.endpoints.push(endpoint),
                None => groups.push(Group { tag, endpoints: vec![endpoint] }),
            }
        }
    }
    render(&DocsPage { l: Layout::public(&ctx, "开放接口"), groups })
}

fn operations(item: &PathItem) -> Vec<(&'static str, &Operation)> {
    [("GET", &item.get), ("POST", &item.post), ("PUT", &item.put), ("PATCH", &item.patch), ("DELETE", &item.delete)]
        .into_iter()
        .filter_map(|(method, operation)| operation.as_ref().map(|operation| (method, operation)))
        .collect()
}

fn endpoint(method: &'static str, path: &str, operation: &Operation) -> Endpoint {
    let parameters = operation.parameters.iter().flatten().filter_map(parameter).collect();
    let title = |status: &str| match status {
        "200" => "成功",
        "201" => "已建立",
        "202" => "已受理，在后台做",
        "401" => "没有登录或凭证过期",
        "403" => "没有权限",
        "404" => "没有，或不在您的范围内",
        "409" => "现在的状态不允许",
        "412" => "版本不符",
        "422" => "内容需要修改",
        "428" => "缺少版本号",
        "429" => "太频繁",
        _ => "",
    };
    Endpoint {
        method,
        path: path.to_owned(),
        summary: operation.summary.clone().unwrap_or_default(),
        description: operation.description.clone().unwrap_or_default(),
        parameters,
        statuses: operation.responses.responses.keys().map(|status| (status.clone(), title(status).to_owned())).collect(),
    }
}

/// 参数的名字与说明；引用别处定义的参数不展开。
fn parameter(found: &utoipa::openapi::RefOr<utoipa::openapi::path::Parameter>) -> Option<(String, String)> {
    match found {
        utoipa::openapi::RefOr::T(p) => Some((p.name.clone(), p.description.clone().unwrap_or_default())),
        utoipa::openapi::RefOr::Ref(_) => None,
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct JobQuery {
    state: String,
    cursor: Option<String>,
}

struct JobLine {
    job: Listed,
    due: String,
    id: String,
}

#[derive(Template)]
#[template(path = "jobs.html")]
struct JobsPage {
    l: Layout,
    state: String,
    jobs: Vec<JobLine>,
    pager: Pager,
    may_revive: bool,
}

/// 后台任务与死信。
pub async fn jobs(State(app): State<App>, ctx: Ctx, Query(query): Query<JobQuery>) -> Result<Html, Failure> {
    let state = match query.state.as_str() {
        "done" => JobState::Done,
        "dead" => JobState::Dead,
        _ => JobState::Waiting,
    };
    let page = PageQuery { limit: None, cursor: query.cursor };
    let after: (i64, i64) = page.after(&query.state)?.unwrap_or((i64::MIN, 0));
    let rows = app.db().read("system.jobs", move |tx| jobs::list(tx, state, after, 21)).await?;
    let listing = Listing::cut(rows, 20, &query.state, |job| (job.due.as_millisecond(), job.id));
    let pager = Pager::of(&ctx.uri, listing.next_cursor.as_deref(), format!("本页 {} 件", listing.items.len()));
    let jobs = listing.items.into_iter().map(|job| JobLine { due: show(job.due), id: job.id.to_string(), job }).collect();
    let may_revive = ctx.actor.may(crate::MANAGE);
    render(&JobsPage { l: Layout::staff(&ctx, "后台任务"), state: query.state, jobs, pager, may_revive })
}

#[derive(Debug, Deserialize)]
pub struct ReviveForm {
    id: i64,
}

/// 重试一封死信。
pub async fn revive(State(app): State<App>, ctx: Ctx, Form(form): Form<ReviveForm>) -> Result<Redirect, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    app.act(&ctx, "system.revive_job", move |tx| commands::revive(tx, &actor, form.id, at)).await?;
    Ok(see_other("/admin/jobs").flash("已放回队列，稍后重试"))
}
