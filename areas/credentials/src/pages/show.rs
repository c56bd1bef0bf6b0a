//! 核验亮证：扫码到 `/v/{show}`，或在 `/v` 输 10 位短码；先看说明，点了才核验——预取、链接预览不会把码用掉。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::problem::Code;
use tongban_kernel::Problem;
use tongban_web::components::ErrorSummary;
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, attempts, render, render_status};

use crate::commands::{self, Checked, Seen};
use crate::permissions::VERIFY;

#[derive(Template)]
#[template(path = "verify_show.html")]
struct AskPage {
    l: Layout,
    token: String,
    registered: bool,
    reason: String,
    errors: ErrorSummary,
}

fn ask_page(ctx: &Ctx, token: &str, reason: &str, problem: Option<&Problem>) -> AskPage {
    AskPage { l: Layout::public(ctx, "核验亮证"), token: token.to_owned(), registered: ctx.actor.may(VERIFY), reason: reason.to_owned(), errors: ErrorSummary::of(problem) }
}

/// `GET /v`：手输短码。
pub async fn enter(ctx: Ctx) -> Result<Html, Failure> {
    render(&ask_page(&ctx, "", "", None))
}

/// `GET /v/{show}`
pub async fn ask(ctx: Ctx, Path(token): Path<String>) -> Result<Html, Failure> {
    render(&ask_page(&ctx, &token, "", None))
}

/// 核验的表单。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CheckForm {
    token: String,
    short: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "verify_seen.html")]
struct SeenPage {
    l: Layout,
    seen: Seen,
    at: String,
}

/// `POST /v`：核验一次。同一来源连着输错会锁一阵，短码猜不出来。
pub async fn check(State(app): State<App>, ctx: Ctx, Form(form): Form<CheckForm>) -> Result<Response, Failure> {
    let code = if form.token.trim().is_empty() { form.short.trim().to_owned() } else { form.token.trim().to_owned() };
    match consume(&app, &ctx, &code, Checked { reason: form.reason.trim().to_owned(), ..Checked::default() }).await {
        Ok(seen) => {
            let page = SeenPage { l: Layout::public(&ctx, "核验结果"), seen, at: tongban_kernel::time::show(app.now()) };
            let mut response = render(&page)?.into_response();
            response.headers_mut().insert("cache-control", axum::http::HeaderValue::from_static("no-store"));
            Ok(response)
        }
        Err(tongban_store::Error::Refused(problem)) => render_status(problem.code.status(), &ask_page(&ctx, form.token.trim(), &form.reason, Some(&problem))),
        Err(error) => Err(error.into()),
    }
}

/// 核验一个码，计错；页面与接口共用。
pub async fn consume(app: &App, ctx: &Ctx, code: &str, checked: Checked) -> tongban_store::Result<Seen> {
    let (at, key) = (app.now(), format!("show:{}", ctx.ip));
    let slot = key.clone();
    app.db().snapshot("credentials.show_locked", move |tx| attempts::check(tx, &slot, at)).await?;
    let (actor, text) = (ctx.actor.clone(), code.to_owned());
    let result = app
        .db()
        .write("credentials.show_check", move |tx| {
            let unit = tongban_directory::queries::org(tx, actor.org)?.map_or_else(String::new, |org| org.name);
            let checked = Checked { org_name: if checked.org_name.is_empty() { unit } else { checked.org_name.clone() }, ..checked.clone() };
            commands::verify_show(tx, &actor, &text, &checked, at)
        })
        .await;
    if matches!(&result, Err(tongban_store::Error::Refused(problem)) if problem.code == Code::NotFound) {
        app.db().write("credentials.show_wrong", move |tx| attempts::fail(tx, &key, at)).await?;
    }
    result
}
