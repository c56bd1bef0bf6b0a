//! 证照：列表、一张、单件录入。成批录入在 [`super::batches`]。

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::Problem;
use tongban_web::components::{ErrorSummary, Field, Pager};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, PageQuery, Query, render, render_status, see_other};

use super::copy::CopyForm;
use super::{mendable, newest};
use crate::commands::{self, Enter};
use crate::entering::entry;
use crate::model::licence::{TRANSITIONS, show_day, show_until};
use crate::model::{LicenceAction, LicenceState};
use crate::permissions::{ENTER, MANAGE, REVIEW};
use crate::store::{Kind, LicenceRow, kinds, licences, waits};

#[derive(Template)]
#[template(path = "certs.html")]
struct ListPage {
    l: Layout,
    rows: Vec<LicenceRow>,
    pager: Pager,
    /// 待用印章的。
    waits: BTreeSet<i64>,
    may_enter: bool,
    may_manage: bool,
}

/// `GET /certs`
pub async fn list(State(app): State<App>, ctx: Ctx, Query(page): Query<PageQuery>) -> Result<Html, Failure> {
    let (rows, pager) = newest(&app, &ctx, &page, "certs", "张", licences::list, |row| row.id).await?;
    let asked: Vec<i64> = rows.iter().filter(|row| row.state == LicenceState::ToSign).map(|row| row.id).collect();
    let waiting = app.db().snapshot("credentials.waits", move |tx| asked.iter().map(|id| Ok(waits::find(tx, *id)?.map(|_| *id))).collect::<tongban_store::Result<Vec<_>>>());
    render(&ListPage {
        l: Layout::staff(&ctx, "电子证照"),
        pager,
        rows,
        waits: waiting.await?.into_iter().flatten().collect(),
        may_enter: ctx.actor.may(ENTER),
        may_manage: ctx.actor.may(MANAGE),
    })
}

/// 证照页上的一个动作。
pub struct Step {
    pub code: &'static str,
    pub label: &'static str,
    pub reason: bool,
}

#[derive(Template)]
#[template(path = "cert.html")]
pub(super) struct OnePage {
    l: Layout,
    row: LicenceRow,
    lines: Vec<(String, String)>,
    issued: String,
    until: String,
    steps: Vec<Step>,
    waiting: bool,
    /// 待用印章：在等什么。
    parked: Option<String>,
    /// 加注件的表单；现在不能做的为空。
    copy: Vec<Field>,
    errors: ErrorSummary,
}

pub(super) async fn one(app: &App, ctx: &Ctx, id: i64, given: &CopyForm, problem: Option<&Problem>) -> Result<OnePage, Failure> {
    let actor = ctx.actor.clone();
    let (row, lines, parked) = app
        .db()
        .snapshot("credentials.licence", move |tx| {
            let row = licences::find(tx, id)?.ok_or_else(Problem::not_found)?;
            actor.scope.check(&row.place)?;
            let kind = kinds::find(tx, row.kind)?.ok_or_else(Problem::not_found)?;
            let fields: BTreeMap<String, String> = serde_json::from_str(&tx.unseal(&row.fields)?)?;
            let lines = kind.spec.fields.iter().filter_map(|field| fields.get(&field.key).map(|value| (field.label.clone(), value.clone()))).collect::<Vec<_>>();
            let parked = waits::find(tx, id)?.map(|wait| wait.reason);
            Ok((row, lines, parked))
        })
        .await?;
    let steps = TRANSITIONS.iter().filter(|rule| !rule.needs.is_empty() && rule.from.contains(&row.state) && ctx.actor.may(rule.needs));
    Ok(OnePage {
        l: Layout::staff(ctx, &row.kind_name),
        steps: steps.map(|rule| Step { code: rule.code, label: rule.label, reason: rule.reason }).collect(),
        issued: show_day(row.issued_day),
        until: show_until(row.valid_to),
        waiting: row.state == LicenceState::ToSign && ctx.actor.may(REVIEW),
        lines,
        parked,
        copy: if row.state == LicenceState::Valid { copy_fields(given, problem) } else { Vec::new() },
        errors: ErrorSummary::of(problem),
        row,
    })
}

/// 加注件的表单，持证人与工作人员的一样。
pub(super) fn copy_fields(given: &CopyForm, problem: Option<&Problem>) -> Vec<Field> {
    vec![
        Field::text("who", "给谁用").max_length(30).value(&given.who).errors_of(problem),
        Field::text("why", "做什么用").max_length(30).value(&given.why).errors_of(problem),
        Field::number("days", "几天之后作废", "天").optional().hint("1 到 30 天，不填为 30 天").value(&given.days).errors_of(problem),
    ]
}

/// `GET /certs/{licence}`
pub async fn show(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>) -> Result<Html, Failure> {
    render(&one(&app, &ctx, id, &CopyForm::default(), None).await?)
}

/// 走一步的表单；`retry` 为重新送去用印。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StepForm {
    action: String,
    version: i64,
    reason: String,
}

/// `POST /certs/{licence}`
pub async fn act(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<StepForm>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let result = app
        .act(&ctx, "credentials.licence_act", move |tx| {
            if form.action == "retry" {
                return commands::retry(tx, &actor, id, at);
            }
            let action = LicenceAction::parse(&form.action).ok_or_else(|| Problem::field("action", "required", "请选择要做的动作"))?;
            commands::act(tx, &actor, id, action, form.version, &form.reason, at).map(drop)
        })
        .await;
    if let Some(problem) = mendable(result)? {
        let html = render(&one(&app, &ctx, id, &CopyForm::default(), Some(&problem)).await?)?;
        let status = axum::http::StatusCode::from_u16(problem.code.status()).unwrap_or(axum::http::StatusCode::UNPROCESSABLE_ENTITY);
        return Ok((status, html).into_response());
    }
    Ok(see_other(format!("/certs/{id}")).flash("已办理").into_response())
}

/// 录入表单；扩展字段以 `f_` 开头。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct EntryQuery {
    kind: i64,
}

#[derive(Template)]
#[template(path = "cert_new.html")]
struct NewPage {
    l: Layout,
    kinds: Vec<Kind>,
    kind: i64,
    fields: Vec<Field>,
    errors: ErrorSummary,
}

pub(super) async fn all_kinds(app: &App, ctx: &Ctx) -> Result<Vec<Kind>, Failure> {
    let tenant = ctx.actor.tenant;
    let all = app.db().snapshot("credentials.kinds", move |tx| kinds::all(tx, tenant)).await?;
    Ok(all.into_iter().filter(|kind| kind.active).collect())
}

fn entry_fields(kind: &Kind, given: &BTreeMap<String, String>, problem: Option<&Problem>) -> Vec<Field> {
    let value = |name: &str| given.get(name).cloned().unwrap_or_default();
    let legal = if value("legal").is_empty() { "0".to_owned() } else { value("legal") };
    let mut out = vec![
        Field::radios("legal", "持证主体是", [("0", "个人"), ("1", "单位")]).value(legal),
        Field::text("holder_name", "持证主体名称").value(value("holder_name")),
        Field::text("holder_code", "身份证号或统一社会信用代码").value(value("holder_code")),
        Field::text("number", "证照编号").hint("不填就按流水自动编").optional().value(value("number")),
        Field::date("issued", "颁发日期").optional().value(value("issued")),
        Field::date("until", "有效期止").hint("不填按这类证照的规则").optional().value(value("until")),
        Field::text("renews", "原证照标识").hint("变更、延续、补发时填，沿用原流水、版本加一").optional().value(value("renews")),
    ];
    for field in &kind.spec.fields {
        let one = Field::text(&format!("f_{}", field.key), &field.label).value(value(&format!("f_{}", field.key)));
        out.push(if field.required { one } else { one.optional() });
    }
    // 字段错误按命令里的名字来，表单里扩展字段多个前缀
    out.into_iter().map(|field| field.errors_of(problem)).collect()
}

/// `GET /certs/new`
pub async fn new(State(app): State<App>, ctx: Ctx, Query(query): Query<EntryQuery>) -> Result<Html, Failure> {
    let kinds = all_kinds(&app, &ctx).await?;
    let fields = kinds.iter().find(|kind| kind.id == query.kind).map_or_else(Vec::new, |kind| entry_fields(kind, &BTreeMap::new(), None));
    render(&NewPage { l: Layout::staff(&ctx, "录入证照"), kinds, kind: query.kind, fields, errors: ErrorSummary::of(None) })
}

/// `POST /certs/new`
pub async fn create(State(app): State<App>, ctx: Ctx, Form(given): Form<BTreeMap<String, String>>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let result = match entry(actor.org, &given) {
        Ok(input) => {
            app.act(&ctx, "credentials.enter", move |tx| {
                let org = tongban_directory::queries::org(tx, input.org)?.map_or(0, |org| org.unit);
                commands::enter(tx, &actor, &Enter { org, ..input.clone() }, at)
            })
            .await
        }
        Err(problem) => Err(problem.into()),
    };
    match result {
        Ok(identifier) => Ok(see_other("/certs").flash(format!("已录入，请另一位复核：{identifier}")).into_response()),
        Err(error) => match mendable(Err(error))? {
            Some(problem) => {
                let kinds = all_kinds(&app, &ctx).await?;
                let kind = given.get("kind").and_then(|text| text.parse().ok()).unwrap_or(0);
                let fields = kinds.iter().find(|each| each.id == kind).map_or_else(Vec::new, |each| entry_fields(each, &given, Some(&problem)));
                let page = NewPage { l: Layout::staff(&ctx, "录入证照").with_errors(), kinds, kind, fields, errors: ErrorSummary::of(Some(&problem)) };
                render_status(422, &page)
            }
            None => Err(Problem::not_found().into()),
        },
    }
}
