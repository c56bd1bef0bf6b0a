//! 证照：列表、一张、单件录入、批量录入与进度。

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Multipart, Path, State};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use serde::Deserialize;
use tongban_documents::table;
use tongban_kernel::{Problem, Scope};
use tongban_kernel::time::day_number;
use tongban_web::components::{ErrorSummary, Field, Pager};
use tongban_web::upload::UploadForm;
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, PageQuery, Query, Redirect, render, render_status, see_other};

use super::{mendable, newest};
use crate::commands::{self, Enter};
use crate::model::licence::{TRANSITIONS, show_day, show_until};
use crate::model::{LicenceAction, LicenceState};
use crate::permissions::{ENTER, MANAGE, REVIEW};
use crate::store::{Kind, LicenceRow, grants, kinds, licences};

#[derive(Template)]
#[template(path = "certs.html")]
struct ListPage {
    l: Layout,
    rows: Vec<LicenceRow>,
    pager: Pager,
    may_enter: bool,
    may_manage: bool,
}

/// `GET /certs`
pub async fn list(State(app): State<App>, ctx: Ctx, Query(page): Query<PageQuery>) -> Result<Html, Failure> {
    let (rows, pager) = newest(&app, &ctx, &page, "certs", "张", licences::list, |row| row.id).await?;
    render(&ListPage {
        l: Layout::staff(&ctx, "电子证照"),
        pager,
        rows,
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
struct OnePage {
    l: Layout,
    row: LicenceRow,
    lines: Vec<(String, String)>,
    issued: String,
    until: String,
    steps: Vec<Step>,
    waiting: bool,
    errors: ErrorSummary,
}

async fn one(app: &App, ctx: &Ctx, id: i64, problem: Option<&Problem>) -> Result<Html, Failure> {
    let actor = ctx.actor.clone();
    let (row, lines) = app
        .db()
        .snapshot("credentials.licence", move |tx| {
            let row = licences::find(tx, id)?.ok_or_else(Problem::not_found)?;
            actor.scope.check(&row.place)?;
            let kind = kinds::find(tx, row.kind)?.ok_or_else(Problem::not_found)?;
            let fields: BTreeMap<String, String> = serde_json::from_str(&tx.unseal(&row.fields)?)?;
            let lines = kind.spec.fields.iter().filter_map(|field| fields.get(&field.key).map(|value| (field.label.clone(), value.clone()))).collect::<Vec<_>>();
            Ok((row, lines))
        })
        .await?;
    let steps = TRANSITIONS.iter().filter(|rule| !rule.needs.is_empty() && rule.from.contains(&row.state) && ctx.actor.may(rule.needs));
    render(&OnePage {
        l: Layout::staff(ctx, &row.kind_name),
        steps: steps.map(|rule| Step { code: rule.code, label: rule.label, reason: rule.reason }).collect(),
        issued: show_day(row.issued_day),
        until: show_until(row.valid_to),
        waiting: row.state == LicenceState::ToSign && ctx.actor.may(REVIEW),
        lines,
        errors: ErrorSummary::of(problem),
        row,
    })
}

/// `GET /certs/{licence}`
pub async fn show(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>) -> Result<Html, Failure> {
    one(&app, &ctx, id, None).await
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
        let html = one(&app, &ctx, id, Some(&problem)).await?;
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

async fn all_kinds(app: &App, ctx: &Ctx) -> Result<Vec<Kind>, Failure> {
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

fn parse_day(text: &str, field: &str) -> Result<Option<Date>, Problem> {
    let text = text.trim().replace(['/', '.'], "-");
    if text.is_empty() {
        return Ok(None);
    }
    let wrong = |_| Problem::field(field, "date", format!("日期“{text}”读不懂，请写成 2026-11-23"));
    text.parse::<Date>().map(Some).map_err(wrong)
}

fn entry(org: i64, given: &BTreeMap<String, String>) -> Result<Enter, Problem> {
    let value = |name: &str| given.get(name).map_or("", String::as_str).trim().to_owned();
    Ok(Enter {
        org,
        kind: value("kind").parse().unwrap_or(0),
        legal: matches!(value("legal").as_str(), "1" | "单位" | "法人"),
        holder_name: value("holder_name"),
        holder_code: value("holder_code"),
        number: value("number"),
        issued: parse_day(&value("issued"), "issued")?,
        until: parse_day(&value("until"), "until")?.map(day_number),
        fields: given.iter().filter_map(|(key, text)| key.strip_prefix("f_").map(|key| (key.to_owned(), text.trim().to_owned()))).filter(|(_, text)| !text.is_empty()).collect(),
        renews: value("renews"),
        batch: String::new(),
    })
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

#[derive(Template)]
#[template(path = "cert_batch.html")]
struct BatchPage {
    l: Layout,
    kinds: Vec<Kind>,
    errors: ErrorSummary,
}

/// `GET /certs/batch`
pub async fn batch(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let kinds = all_kinds(&app, &ctx).await?;
    render(&BatchPage { l: Layout::staff(&ctx, "批量录入证照"), kinds, errors: ErrorSummary::of(None) })
}

/// `POST /certs/batch`：先逐行核对，全部合格才分块录入；每块二百张一个单元。
pub async fn upload(State(app): State<App>, ctx: Ctx, parts: Multipart) -> Result<Response, Failure> {
    let form = UploadForm::receive(parts, app.config().upload_limit).await?;
    let kind: i64 = form.get("kind").parse().unwrap_or(0);
    match enter_all(&app, &ctx, kind, &form).await {
        Ok(batch) => Ok(see_other(format!("/certs/batches/{batch}")).flash("已全部录入，请另一位复核").into_response()),
        Err(error) => match mendable(Err(error))? {
            Some(problem) => {
                let kinds = all_kinds(&app, &ctx).await?;
                render_status(422, &BatchPage { l: Layout::staff(&ctx, "批量录入证照").with_errors(), kinds, errors: ErrorSummary::of(Some(&problem)) })
            }
            None => Err(Problem::not_found().into()),
        },
    }
}

async fn enter_all(app: &App, ctx: &Ctx, kind: i64, form: &UploadForm) -> tongban_store::Result<String> {
    let file = form.files.first().map(|(_, file)| file).ok_or_else(|| Problem::field("file", "required", "请选择要录入的表格"))?;
    let (actor, at) = (ctx.actor.clone(), app.now());
    let (unit, kind_row) = app
        .db()
        .snapshot("credentials.batch", move |tx| {
            let org = tongban_directory::queries::org(tx, actor.org)?.map_or(0, |org| org.unit);
            let kind = kinds::find(tx, kind)?.ok_or_else(|| Problem::field("kind", "required", "请选择证照类型"))?;
            Ok((org, kind))
        })
        .await?;
    let batch = format!("{}-{}", day_number(tongban_kernel::time::date_of(at)), hex::encode(crate::maker::random::<4>()?));
    let rows = read_rows(&file.content, unit, kind, &kind_row.spec.fields, &batch)?;
    commands::check_rows(&kind_row, &rows, tongban_kernel::time::date_of(at))?;
    for chunk in rows.chunks(200) {
        let (chunk, actor) = (chunk.to_vec(), ctx.actor.clone());
        app.db().bulk("credentials.enter_batch", move |tx| commands::enter_batch(tx, &actor, &chunk, at).map(drop)).await?;
    }
    Ok(batch)
}

/// 表头写中文名：持证主体、主体代码、证照编号、颁发日期、有效期止，加各扩展字段。一次列全读不懂的行。
fn read_rows(bytes: &[u8], org: i64, kind: i64, specs: &[crate::model::FieldSpec], batch: &str) -> Result<Vec<(i64, Enter)>, Problem> {
    let sheet = table::read(bytes)?;
    let fixed = [("legal", "主体类型"), ("holder_name", "持证主体"), ("holder_code", "主体代码"), ("number", "证照编号"), ("issued", "颁发日期"), ("until", "有效期止"), ("renews", "原证照标识")];
    let mut columns: Vec<(usize, String)> = Vec::new();
    for (place, title) in sheet.header.iter().enumerate() {
        let known = fixed.iter().find(|(_, name)| name == title).map(|(key, _)| (*key).to_owned());
        let own = specs.iter().find(|field| field.label == *title).map(|field| format!("f_{}", field.key));
        columns.extend(known.or(own).map(|key| (place, key)));
    }
    for (key, title) in &fixed[1..3] {
        if !columns.iter().any(|(_, have)| have == key) {
            return Err(Problem::field("file", "missing-column", format!("缺少“{title}”列")));
        }
    }
    let mut out = Vec::with_capacity(sheet.rows.len());
    for row in &sheet.rows {
        let line = i64::try_from(row.number).unwrap_or(0);
        let mut given: BTreeMap<String, String> = columns.iter().filter_map(|(place, key)| row.cells.get(*place).map(|text| (key.clone(), text.clone()))).collect();
        given.insert("kind".to_owned(), kind.to_string());
        // 没写主体类型的，按代码长短认：18 位以 9 开头或含字母的是单位
        if given.get("legal").is_none_or(|text| text.trim().is_empty()) {
            let code = given.get("holder_code").map_or("", String::as_str).trim();
            let legal = code.starts_with('9') || code.chars().take(17).any(|c| c.is_ascii_alphabetic());
            given.insert("legal".to_owned(), if legal { "1" } else { "0" }.to_owned());
        }
        let mut input = entry(org, &given).map_err(|problem| Problem::field("file", "row", format!("第 {line} 行：{}", problem.errors.first().map_or("", |e| e.detail.as_str()))))?;
        input.batch = batch.to_owned();
        out.push((line, input));
    }
    if out.is_empty() { Err(Problem::field("file", "empty", "表里没有数据行")) } else { Ok(out) }
}

#[derive(Template)]
#[template(path = "cert_progress.html")]
struct ProgressPage {
    l: Layout,
    batch: String,
    counts: Vec<(LicenceState, i64)>,
    total: i64,
    done: i64,
    pending: i64,
    /// 待用印的。
    waiting: i64,
    /// 没用成印的原因，最近一次。
    trouble: Option<String>,
    may_review: bool,
}

/// `GET /certs/batches/{batch}`
pub async fn progress(State(app): State<App>, ctx: Ctx, Path(batch): Path<String>) -> Result<Html, Failure> {
    let (key, scope) = (batch.clone(), ctx.actor.scope.clone());
    let (counts, trouble) = app
        .db()
        .snapshot("credentials.progress", move |tx| {
            let counts = licences::batch(tx, &key)?;
            let state = counts.first().map_or(LicenceState::Pending, |(state, _)| *state);
            let first = licences::in_batch(tx, &key, state, 0, 1)?.first().copied().unwrap_or(0);
            let row = licences::find(tx, first)?.ok_or_else(Problem::not_found)?;
            scope.check(&row.place)?;
            let stuck = licences::in_batch(tx, &key, LicenceState::ToSign, 0, 1)?.first().copied().unwrap_or(0);
            let stuck = licences::find(tx, stuck)?.map(|row| row.identifier);
            let recent = grants::uses(tx, &Scope::unit(row.place.unit), 0, i64::MAX, 50)?;
            let trouble = recent.into_iter().find(|entry| !entry.done && Some(&entry.source) == stuck.as_ref()).map(|entry| entry.reason);
            Ok((counts, trouble))
        })
        .await?;
    let of = |want: fn(LicenceState) -> bool| counts.iter().filter(|(state, _)| want(*state)).map(|(_, n)| n).sum::<i64>();
    render(&ProgressPage {
        l: Layout::staff(&ctx, "批量签发进度"),
        total: of(|_| true),
        done: of(LicenceState::is_issued),
        pending: of(|state| state == LicenceState::Pending),
        waiting: of(|state| state == LicenceState::ToSign),
        trouble,
        may_review: ctx.actor.may(REVIEW),
        counts,
        batch,
    })
}

/// `POST /certs/batches/{batch}`：复核整批，一块二百张，随后的任务逐张用印。
pub async fn review(State(app): State<App>, ctx: Ctx, Path(batch): Path<String>) -> Result<Redirect, Failure> {
    let at = app.now();
    loop {
        let (actor, key) = (ctx.actor.clone(), batch.clone());
        if app.db().bulk("credentials.review_batch", move |tx| commands::review_batch(tx, &actor, &key, at)).await? == 0 {
            break;
        }
    }
    Ok(see_other(format!("/certs/batches/{batch}")).flash("已复核，正在逐张用印；刷新看进度"))
}
