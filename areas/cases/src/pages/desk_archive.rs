//! 电子卷宗：下载，或不等时钟现在就做。下载留痕：里面有申请人原始信息。

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tongban_kernel::Problem;
use tongban_store::Entry;
use tongban_web::{App, Ctx, Failure, Form, Redirect, see_other};

use super::Fields;
use super::trail::Trail;
use crate::permissions as can;
use crate::store::archives;
use crate::{archive, queries};

/// 下载卷宗。
pub async fn download(State(app): State<App>, ctx: Ctx, Path(no): Path<String>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    actor.require(can::UNMASK)?;
    let (digest, no) = app
        .db()
        .write("cases.archive_taken", move |tx| {
            let case = queries::seen(tx, &actor, &no, at)?;
            let digest = archives::digest(tx, case.id)?.ok_or_else(|| Problem::conflict("卷宗还没做好：办结后 5 个工作日内自动做，也可以在办件页点“现在归档”"))?;
            let entry = Entry { kind: "cases.unmasked", subject: case.id, rev: case.version, at, actor: &actor, tenant: case.place.tenant, body: "{\"archive\":true}" };
            tx.journal(entry)?;
            Ok((digest, case.no.to_string()))
        })
        .await?;
    let mut response = app.files().get(&digest).await?.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{no}.zip\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

/// 现在归档。
pub async fn make(State(app): State<App>, ctx: Ctx, Path(no): Path<String>, Form(fields): Form<Vec<(String, String)>>) -> Result<Redirect, Failure> {
    let trail = Trail::of(&Fields(fields));
    let actor = ctx.actor.clone();
    let at = app.now();
    let case = app.db().snapshot("cases.seen", move |tx| queries::seen(tx, &actor, &no, at)).await?;
    archive::make(&app, case.id).await?;
    Ok(see_other(format!("/desk/cases/{}{}", case.no, trail.suffix())).flash("卷宗已做好，可以下载"))
}
