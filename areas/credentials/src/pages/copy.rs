//! 加注件：持证人、工作人员做一份，拿到下载链接；到期链接 410。

use askama::Template;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::{Code, Problem, time};
use tongban_web::{App, Ctx, Failure, Form, Layout, render};

use super::{licences, wallet};
use crate::commands::Checked;
use crate::copies::{self, Asked, Made};
use crate::store::{licences as rows, shows};

/// 做加注件的表单。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CopyForm {
    pub who: String,
    pub why: String,
    pub days: String,
}

impl CopyForm {
    fn asked(&self, maker: &str) -> Asked {
        let days = if self.days.trim().is_empty() { 0 } else { self.days.trim().parse().unwrap_or(-1) };
        Asked { maker: maker.to_owned(), whom: self.who.clone(), why: self.why.clone(), days }
    }
}

/// 做好的一份；持证人与工作人员的页只是外框不同。
struct Ready {
    back: i64,
    kind: String,
    form: CopyForm,
    url: String,
    expires: String,
}

#[derive(Template)]
#[template(path = "copy.html")]
struct MinePage {
    l: Layout,
    copy: Ready,
}

#[derive(Template)]
#[template(path = "cert_copy.html")]
struct StaffPage {
    l: Layout,
    copy: Ready,
}

/// 留在页上、能改的错误。
fn mendable(failure: &Failure) -> bool {
    matches!(failure.0.code, Code::ValidationFailed | Code::InvalidState | Code::Conflict | Code::Forbidden)
}

fn kept(page: impl Template, problem: &Problem) -> Result<Response, Failure> {
    let status = StatusCode::from_u16(problem.code.status()).unwrap_or(StatusCode::UNPROCESSABLE_ENTITY);
    Ok((status, render(&page)?).into_response())
}

fn done(page: impl Template) -> Result<Response, Failure> {
    let mut response = render(&page)?.into_response();
    response.headers_mut().insert("cache-control", axum::http::HeaderValue::from_static("no-store"));
    Ok(response)
}

/// `POST /me/licences/{wallet}/copy`
pub async fn mine(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<CopyForm>) -> Result<Response, Failure> {
    let row = wallet::mine(&app, &ctx, id).await?.row;
    let checked = Checked { who: "本人".to_owned(), reason: format!("给{}用于{}", form.who.trim(), form.why.trim()), ..Checked::default() };
    let (kind, maker) = (row.kind_name.clone(), format!("持证人{}", row.holder_masked));
    match copies::make(&app, &ctx, row, form.asked(&maker), checked).await {
        Ok(Made { url, expires, .. }) => done(MinePage { l: Layout::public(&ctx, "加注件"), copy: Ready { back: id, kind, form, url, expires: time::show(expires) } }),
        Err(failure) if mendable(&failure) => kept(wallet::one(&app, &ctx, id, &form, Some(&failure.0)).await?, &failure.0),
        Err(failure) => Err(failure),
    }
}

/// `POST /certs/{licence}/copies`：工作人员为别的单位出一份，持证人收到通知。
pub async fn staff(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<CopyForm>) -> Result<Response, Failure> {
    let actor = ctx.actor.clone();
    let (row, org) = app
        .db()
        .snapshot("credentials.copy_of", move |tx| {
            let row = rows::find(tx, id)?.ok_or_else(Problem::not_found)?;
            actor.scope.check(&row.place)?;
            Ok((row, tongban_directory::queries::org(tx, actor.org)?.map_or_else(String::new, |org| org.name)))
        })
        .await?;
    let checked = Checked { who: ctx.actor.name.to_string(), org_name: org.clone(), reason: format!("给{}用于{}", form.who.trim(), form.why.trim()), ..Checked::default() };
    let kind = row.kind_name.clone();
    match copies::make(&app, &ctx, row, form.asked(&org), checked).await {
        Ok(Made { url, expires, .. }) => done(StaffPage { l: Layout::staff(&ctx, "加注件"), copy: Ready { back: id, kind, form, url, expires: time::show(expires) } }),
        Err(failure) if mendable(&failure) => kept(licences::one(&app, &ctx, id, &form, Some(&failure.0)).await?, &failure.0),
        Err(failure) => Err(failure),
    }
}

/// `GET /copies/{copy}`：凭链接下载；过了截止 410。
pub async fn download(State(app): State<App>, Path(token): Path<String>) -> Result<Response, Failure> {
    let found = app.db().snapshot("credentials.copy_link", move |tx| {
        let digest = tx.digest("credentials.copy", &token);
        shows::by_copy(tx, &digest)
    });
    let (_, expires, file) = found.await?.ok_or_else(|| Problem::new(Code::NotFound, "没有这份加注件，请核对链接"))?;
    if expires <= app.now() {
        return Err(Problem::new(Code::Gone, format!("这份加注件 {} 已经过期，请让持证人或颁发单位重新做一份", time::show(expires))).into());
    }
    let bytes = app.files().get(&file).await?;
    let disposition = super::files::disposition("attachment", "加注件.ofd");
    Ok(([("content-type", tongban_ofd::MEDIA_TYPE.to_owned()), ("content-disposition", disposition), ("cache-control", "no-store".to_owned())], bytes).into_response())
}
