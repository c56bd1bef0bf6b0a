//! 材料样图：编辑上传，公开查看。

use askama::Template;
use axum::extract::{Multipart, Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use tongban_kernel::problem::Problem;
use tongban_web::area::Html;
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::upload::UploadForm;
use tongban_web::{App, Ctx, Failure, Layout, render, render_status, see_other};

use super::desk::mine;
use crate::model::guide::Material;
use crate::{cache, commands};

/// 存在文件库里的样图：`file:` 加摘要。
pub const STORED: &str = "file:";

#[derive(Template)]
#[template(path = "catalog_sample.html")]
struct SamplePage {
    l: Layout,
    code: String,
    material: Material,
    field: Field,
    summary: ErrorSummary,
    version: i64,
}

async fn page(app: &App, ctx: &Ctx, code: &str, material: &str, problem: Option<&Problem>) -> Result<SamplePage, Failure> {
    let (actor, wanted) = (ctx.actor.clone(), code.to_owned());
    let row = app.db().snapshot("items.sample", move |tx| mine(tx, &actor, &wanted)).await?;
    let found = row.draft.materials.iter().find(|one| one.id == material).cloned().ok_or_else(Problem::not_found)?;
    let layout = Layout::staff(ctx, &format!("{}的样图", found.name));
    Ok(SamplePage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        code: code.to_owned(),
        field: Field::file("file", "样图").hint("照片、PDF 都行；把个人信息涂掉").errors_of(problem),
        summary: ErrorSummary::of(problem),
        version: row.version,
        material: found,
    })
}

/// `GET /catalog/items/{code}/samples/{material}`
///
/// # Errors
/// 不存在或范围外：404。
pub async fn show(State(app): State<App>, ctx: Ctx, Path((code, material)): Path<(String, String)>) -> Result<Html, Failure> {
    render(&page(&app, &ctx, &code, &material, None).await?)
}

/// `POST /catalog/items/{code}/samples/{material}`
///
/// # Errors
/// 没选文件、类型不对：422；状态不允许 409；别人先改了 412。
pub async fn upload(
    State(app): State<App>,
    ctx: Ctx,
    Path((code, material)): Path<(String, String)>,
    parts: Multipart,
) -> Result<Response, Failure> {
    match keep(&app, &ctx, &code, &material, parts).await {
        Ok(()) => Ok(see_other(format!("/catalog/items/{code}/edit/materials")).flash("样图传好了").into_response()),
        Err(Failure(problem)) if !problem.errors.is_empty() => {
            render_status(problem.code.status(), &page(&app, &ctx, &code, &material, Some(&problem)).await?)
        }
        Err(failure) => Err(failure),
    }
}

async fn keep(app: &App, ctx: &Ctx, code: &str, material: &str, parts: Multipart) -> Result<(), Failure> {
    let form = UploadForm::receive(parts, app.config().upload_limit).await?;
    let version: i64 = form.get("version").parse().unwrap_or(0);
    let (_, upload) = form.files.into_iter().next().ok_or_else(|| Problem::field("file", "required", "请选择样图"))?;
    if !matches!(upload.media, "image/jpeg" | "image/png" | "application/pdf") {
        return Err(Problem::field("file", "media", "样图要 JPG、PNG 或 PDF").into());
    }
    let stored = app.files().put(upload.content, upload.media).await?;
    let (actor, at, code, material) = (ctx.actor.clone(), app.now(), code.to_owned(), material.to_owned());
    app.act(ctx, "items.sample", move |tx| {
        tongban_store::files::record(tx, &stored, at)?;
        let row = mine(tx, &actor, &code)?;
        let mut guide = row.draft.clone();
        let found = guide.materials.iter_mut().find(|one| one.id == material).ok_or_else(Problem::not_found)?;
        found.example = format!("{STORED}{}", stored.digest);
        commands::edit(tx, &actor, row.id, version, &guide, at).map(drop)
    })
    .await?;
    Ok(())
}

/// `GET /items/{code}/samples/{material}`：现行版的样图。
///
/// # Errors
/// 没有样图：404。
pub async fn public(State(app): State<App>, Path((code, material)): Path<(String, String)>) -> Result<Response, Failure> {
    let guide = cache::guide(&app, &code).await?.ok_or_else(Problem::not_found)?;
    let found = guide.guide.materials.iter().find(|one| one.id == material).ok_or_else(Problem::not_found)?;
    let digest = found.example.strip_prefix(STORED).ok_or_else(Problem::not_found)?.to_owned();
    let wanted = digest.clone();
    let stored =
        app.db().read("items.sample_file", move |tx| tongban_store::files::find(tx, &wanted)).await?.ok_or_else(Problem::not_found)?;
    let content = app.files().get(&digest).await?;
    Ok(([(header::CONTENT_TYPE, stored.media), (header::CACHE_CONTROL, "public, max-age=3600".to_owned())], content).into_response())
}
