//! 指南纠错：群众一句话说哪里不对，不用登录。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::problem::Problem;
use tongban_web::area::Html;
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Layout, render, render_status, see_other};

use crate::cache;
use crate::commands::{self, Correction, PARTS};

/// 纠错表单。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CorrectForm {
    pub part: String,
    pub text: String,
    pub contact: String,
}

#[derive(Template)]
#[template(path = "correct.html")]
struct CorrectPage {
    l: Layout,
    code: String,
    name: String,
    summary: ErrorSummary,
    fields: Vec<Field>,
}

async fn page(app: &App, ctx: &Ctx, code: &str, form: &CorrectForm, problem: Option<&Problem>) -> Result<CorrectPage, Failure> {
    let guide = cache::guide(app, code).await?.ok_or_else(Problem::not_found)?;
    let layout = Layout::public(ctx, "指南纠错");
    let fields = vec![
        Field::radios("part", "哪一块不对", PARTS.iter().copied()).value(&form.part).errors_of(problem),
        Field::area("text", "哪里不对，应该是什么").value(&form.text).max_length(500).errors_of(problem),
        Field::tel("contact", "联系电话").hint("改好后告诉您；用完就删").value(&form.contact).optional().errors_of(problem),
    ];
    Ok(CorrectPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        code: code.to_owned(),
        name: guide.guide.name.clone(),
        summary: ErrorSummary::of(problem),
        fields,
    })
}

/// `GET /items/{code}/correct`
///
/// # Errors
/// 编码不存在：404。
pub async fn show(State(app): State<App>, ctx: Ctx, Path(code): Path<String>) -> Result<Html, Failure> {
    render(&page(&app, &ctx, &code, &CorrectForm::default(), None).await?)
}

/// `POST /items/{code}/correct`
///
/// # Errors
/// 编码不存在：404。
pub async fn submit(
    State(app): State<App>,
    ctx: Ctx,
    Path(code): Path<String>,
    Form(form): Form<CorrectForm>,
) -> Result<Response, Failure> {
    let input = Correction { part: form.part.clone(), text: form.text.clone(), contact: form.contact.clone() };
    let (actor, item, at) = (ctx.actor.clone(), code.clone(), app.now());
    match app.act(&ctx, "items.correct", move |tx| commands::submit_correction(tx, &actor, &item, &input, at)).await {
        Ok(number) => {
            Ok(see_other(format!("/items/{code}")).flash(format!("收到了，单号 {number}。5 个工作日内核对改好，谢谢您")).into_response())
        }
        Err(error) => match error.problem().filter(|problem| !problem.errors.is_empty()).cloned() {
            Some(problem) => render_status(422, &page(&app, &ctx, &code, &form, Some(&problem)).await?),
            None => Err(error.into()),
        },
    }
}
