//! 导入导出：上传、看进度、看错行；导出三种文件。

use std::convert::Infallible;

use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::{Multipart, Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_documents::table::{Cell, Column, Format, Kind as CellKind};
use tongban_kernel::problem::Problem;
use tongban_kernel::time::show;
use tongban_web::area::Html;
use tongban_web::components::{ErrorSummary, Field, Pager};
use tongban_web::upload::UploadForm;
use tongban_web::{App, Ctx, Cursor, Failure, Layout, PageQuery, Query, export, render, render_status, see_other};

use crate::commands::{self, NewImport};
use crate::exchange::{Kind, RowError, columns, job, write};
use crate::store::{self, ImportRow};

/// 导出一次取多少行。
const BLOCK: usize = 200;
/// 列表里放几次导入。
const SHOWN: i64 = 50;

/// 导出的条件。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ExportQuery {
    pub kind: String,
    pub format: String,
}

/// `GET /catalog/export`：列名是汇聚库的，能原样再导入。
///
/// # Errors
/// 种类、格式不认识：422。
pub async fn download(State(app): State<App>, ctx: Ctx, Query(query): Query<ExportQuery>) -> Result<Response, Failure> {
    let kind = Kind::parse(&query.kind).unwrap_or(Kind::Items);
    if query.format == "json" {
        return Ok(json(app, ctx, kind));
    }
    let format = Format::from_extension(&query.format).ok_or_else(|| Problem::field("format", "format", "只能导出 xlsx、csv 或 json"))?;
    let scope = ctx.actor.scope.clone();
    export::stream(format, kind.as_str(), kind.label(), columns::table(kind.columns()), move |after: Option<String>| {
        let (db, scope) = (app.db().clone(), scope.clone());
        async move {
            let from = after.unwrap_or_default();
            let (rows, next) = db.snapshot("items.exchange", move |tx| write::page(tx, kind, &scope, &from, BLOCK)).await?;
            Ok((rows.iter().map(|row| write::cells(kind, row)).collect(), next))
        }
    })
    .await
}

/// 一个对象一行的 JSON 数组，一页页地发。
fn json(app: App, ctx: Ctx, kind: Kind) -> Response {
    let scope = ctx.actor.scope.clone();
    let start: Option<Option<String>> = Some(None);
    let blocks = futures::stream::unfold(start, move |state| {
        let (db, scope) = (app.db().clone(), scope.clone());
        async move {
            let after = state?;
            let first = after.is_none();
            let from = after.unwrap_or_default();
            let page = db.snapshot("items.exchange", move |tx| write::page(tx, kind, &scope, &from, BLOCK)).await;
            let (rows, next) = page.unwrap_or_default();
            let mut text = String::new();
            for (at, row) in rows.iter().enumerate() {
                text.push_str(if first && at == 0 { "[\n" } else { ",\n" });
                text.push_str(&write::object(kind, row).to_string());
            }
            if first && rows.is_empty() {
                text.push('[');
            }
            let rest = next.map(Some);
            if rest.is_none() {
                text.push_str("\n]\n");
            }
            Some((Ok::<Bytes, Infallible>(Bytes::from(text)), rest))
        }
    });
    let disposition = format!("attachment; filename=\"{}.json\"", kind.as_str());
    (
        [(header::CONTENT_TYPE, "application/json; charset=utf-8".to_owned()), (header::CONTENT_DISPOSITION, disposition)],
        Body::from_stream(blocks),
    )
        .into_response()
}

#[derive(Template)]
#[template(path = "catalog_imports.html")]
struct ImportsPage {
    l: Layout,
    rows: Vec<ImportRow>,
    fields: Vec<Field>,
    summary: ErrorSummary,
}

impl ImportsPage {
    fn when(&self, row: &ImportRow) -> String {
        show(row.created)
    }
}

fn state_words(row: &ImportRow) -> &'static str {
    match row.state.as_str() {
        "waiting" => "排队中",
        "running" => "正在导入",
        "refused" => "没有导入",
        _ => "导入完成",
    }
}

fn kind_words(row: &ImportRow) -> &'static str {
    Kind::parse(&row.kind).map_or("", Kind::label)
}

impl ImportsPage {
    fn state(&self, row: &ImportRow) -> &'static str {
        state_words(row)
    }

    fn kind(&self, row: &ImportRow) -> &'static str {
        kind_words(row)
    }
}

async fn list_page(app: &App, ctx: &Ctx, chosen: &str, problem: Option<&Problem>) -> Result<ImportsPage, Failure> {
    let tenant = ctx.actor.tenant;
    let rows = app.db().read("items.imports", move |tx| store::imports(tx, tenant, i64::MAX, SHOWN)).await?;
    let layout = Layout::staff(ctx, "导入导出");
    let kinds = [Kind::Items, Kind::Catalogue].map(|kind| (kind.as_str(), kind.label()));
    Ok(ImportsPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        rows,
        fields: vec![
            Field::radios("kind", "导入哪一张表", kinds).value(if chosen.is_empty() { "items" } else { chosen }).errors_of(problem),
            Field::file("file", "文件").hint("XLSX、CSV 或 JSON，表头用汇聚库的列名；先导出一份照着填最省事").errors_of(problem),
            Field::checks("keep", "有错怎么办", [("1", "好的行照样导入")]).hint("不勾：有一处错就什么也不改").optional(),
        ],
        summary: ErrorSummary::of(problem),
    })
}

/// `GET /catalog/imports`
///
/// # Errors
/// 引擎故障。
pub async fn index(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    render(&list_page(&app, &ctx, "", None).await?)
}

/// `POST /catalog/imports`
///
/// # Errors
/// 没选文件、文件太大、种类不认识：422、413。
pub async fn upload(State(app): State<App>, ctx: Ctx, parts: Multipart) -> Result<Response, Failure> {
    let form = UploadForm::receive(parts, app.config().upload_limit).await;
    let (kind, started) = match form {
        Err(problem) => (String::new(), Err(Failure::from(problem))),
        Ok(form) => (form.get("kind").to_owned(), start(&app, &ctx, form).await),
    };
    match started {
        Ok(id) => Ok(see_other(format!("/catalog/imports/{id}")).flash("文件收到了，正在导入").into_response()),
        Err(Failure(problem)) if !problem.errors.is_empty() => {
            render_status(problem.code.status(), &list_page(&app, &ctx, &kind, Some(&problem)).await?)
        }
        Err(failure) => Err(failure),
    }
}

async fn start(app: &App, ctx: &Ctx, form: UploadForm) -> Result<i64, Failure> {
    let kind = Kind::parse(form.get("kind")).ok_or_else(|| Problem::field("kind", "required", "请选择导入哪一张表"))?;
    let keep = form.get("keep") == "1";
    let (_, upload) = form.files.into_iter().next().ok_or_else(|| Problem::field("file", "required", "请选择要导入的文件"))?;
    let stored = app.files().put(upload.content, upload.media).await?;
    let (actor, at, name) = (ctx.actor.clone(), app.now(), upload.name);
    let id = app
        .act(ctx, "items.start_import", move |tx| {
            tongban_store::files::record(tx, &stored, at)?;
            let input = NewImport { kind, name: name.clone(), file: stored.digest.clone(), keep };
            commands::start_import(tx, &actor, &input, at)
        })
        .await?;
    Ok(id)
}

#[derive(Template)]
#[template(path = "catalog_import.html")]
struct ImportPage {
    l: Layout,
    row: ImportRow,
    errors: Vec<(i64, RowError)>,
    pager: Pager,
}

impl ImportPage {
    fn state(&self) -> &'static str {
        state_words(&self.row)
    }

    fn kind(&self) -> &'static str {
        kind_words(&self.row)
    }

    fn moving(&self) -> bool {
        matches!(self.row.state.as_str(), "waiting" | "running")
    }
}

/// 看一次导入的条件。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ImportQuery {
    pub format: String,
    pub cursor: Option<String>,
    pub limit: Option<i64>,
}

/// `GET /catalog/imports/{id}`：进度与错行；`?format=csv|xlsx` 下载错行报告。
///
/// # Errors
/// 不存在或别的县区的：404。
pub async fn show_one(
    State(app): State<App>,
    ctx: Ctx,
    Path(id): Path<i64>,
    Query(query): Query<ImportQuery>,
) -> Result<Response, Failure> {
    let tenant = ctx.actor.tenant;
    let row = app.db().read("items.import_row", move |tx| store::import_found(tx, id)).await?;
    if row.tenant != tenant && !ctx.actor.is_internal() {
        return Err(Problem::not_found().into());
    }
    if let Some(format) = Format::from_extension(&query.format) {
        return error_report(app, row.id, format).await;
    }
    let page = PageQuery { limit: query.limit, cursor: query.cursor };
    let limit = page.limit()?;
    let after: i64 = page.after("errors")?.unwrap_or(0);
    let take = i64::try_from(limit).unwrap_or(100) + 1;
    let mut errors = app.db().read("items.import_errors", move |tx| store::import_errors(tx, id, after, take)).await?;
    let more = errors.len() > limit;
    errors.truncate(limit);
    let next = errors.last().filter(|_| more).map(|(seq, _)| Cursor::encode(seq, "errors"));
    let note = format!("本页 {} 条", errors.len());
    let (done, total) = job::writing(id).unwrap_or((row.done, row.total));
    let page = ImportPage {
        l: Layout::staff(&ctx, &format!("导入 {}", row.name)),
        row: ImportRow { done, total, ..row },
        errors,
        pager: Pager::of(&ctx.uri, next.as_deref(), note),
    };
    Ok(render(&page)?.into_response())
}

async fn error_report(app: App, id: i64, format: Format) -> Result<Response, Failure> {
    let columns = [
        ("行", "line", CellKind::Int),
        ("列", "column", CellKind::Code),
        ("值", "value", CellKind::Code),
        ("规则", "rule", CellKind::Code),
        ("怎么改", "message", CellKind::Text),
    ]
    .map(|(title, code, kind)| Column::new(title, code, kind))
    .to_vec();
    export::stream(format, "import-errors", "错行报告", columns, move |after: Option<i64>| {
        let db = app.db().clone();
        async move {
            let from = after.unwrap_or(0);
            let take = i64::try_from(BLOCK).unwrap_or(i64::MAX);
            let rows = db.read("items.import_errors", move |tx| store::import_errors(tx, id, from, take)).await?;
            let next = (rows.len() == BLOCK).then(|| rows.last().map(|(seq, _)| *seq)).flatten();
            let cells = |(_, error): &(i64, RowError)| {
                let text = |text: &str| Cell::Text(text.to_owned());
                vec![
                    Cell::Int(error.line),
                    text(&error.cell.column),
                    text(&error.cell.value),
                    text(&error.cell.rule),
                    text(&error.cell.message),
                ]
            };
            Ok((rows.iter().map(cells).collect(), next))
        }
    })
    .await
}
