//! 证照的文件：OFD、PDF 预览、页面图。工作人员与持证人走同一段代码，只差看得见谁的。

use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use tongban_documents::paper::{font, pdf};
use tongban_kernel::{Actor, Problem};
use tongban_ofd::{Package, verify};
use tongban_store::{Result, Tx};
use tongban_web::{App, Ctx, Failure};

use crate::commands::{self, Checked};
use crate::issue::{self, Ready};
use crate::maker;
use crate::store::licences;

/// 要哪一种。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Ofd,
    Pdf,
    Svg,
}

fn form(name: &str) -> Option<Form> {
    match name {
        "licence.ofd" => Some(Form::Ofd),
        "licence.pdf" => Some(Form::Pdf),
        "page.svg" => Some(Form::Svg),
        _ => None,
    }
}

/// 看得见才读得出；看不见与没有一样。
fn see(tx: &mut Tx<'_>, actor: &Actor, id: i64, mine: bool, base: &str) -> Result<Ready> {
    let row = licences::find(tx, id)?.ok_or_else(Problem::not_found)?;
    if mine {
        if !crate::commands::owns(&row, actor) {
            return Err(Problem::not_found().into());
        }
    } else {
        actor.scope.check(&row.place)?;
    }
    issue::ready(tx, id, base)
}

/// `GET /certs/{licence}/{file}`
pub async fn staff(State(app): State<App>, ctx: Ctx, Path((id, file)): Path<(i64, String)>) -> Result<Response, Failure> {
    send(&app, &ctx, id, &file, false).await
}

/// `GET /me/licences/{wallet}/{file}`
pub async fn mine(State(app): State<App>, ctx: Ctx, Path((id, file)): Path<(i64, String)>) -> Result<Response, Failure> {
    send(&app, &ctx, id, &file, true).await
}

/// 办件里用来免提交的证照，给看得见这件办件的工作人员看证面；看一次记一次，持证人查得到。能不能看由办件区查。
///
/// # Errors
/// 没有这张证照，排不成，或引擎拒绝。
pub async fn for_case(app: &App, ctx: &Ctx, licence: i64, checked: Checked) -> Result<Response, Failure> {
    let (actor, base, at) = (ctx.actor.clone(), app.config().base_url.clone(), app.now());
    let work = move |tx: &mut Tx<'_>| {
        let ready = issue::ready(tx, licence, &base)?;
        let checked = Checked { who: actor.name.to_string(), ..checked.clone() };
        commands::looked(tx, &actor, &ready.row, "staff", &checked, &[("证面".to_owned(), String::new())], at)?;
        Ok(ready)
    };
    let ready = app.db().write("credentials.case_look", work).await?;
    pdf_of(ready).await
}

async fn pdf_of(ready: Ready) -> Result<Response, Failure> {
    let name = format!("{}.pdf", ready.row.number);
    let bytes = tokio::task::spawn_blocking(move || print(&ready)).await.map_err(|_| Problem::not_found())??;
    Ok(([("content-type", "application/pdf".to_owned()), ("content-disposition", disposition("inline", &name)), ("cache-control", "no-store".to_owned())], bytes).into_response())
}

async fn send(app: &App, ctx: &Ctx, id: i64, file: &str, mine: bool) -> Result<Response, Failure> {
    let form = form(file).ok_or_else(Problem::not_found)?;
    let (actor, base, now) = (ctx.actor.clone(), app.config().base_url.clone(), app.now());
    let (ready, trust) = app.db().snapshot("credentials.file", move |tx| Ok((see(tx, &actor, id, mine, &base)?, maker::trust(tx)?))).await?;
    if form == Form::Pdf {
        return pdf_of(ready).await;
    }
    let name = format!("{}.ofd", ready.row.number);
    if ready.row.file.is_empty() {
        return Err(Problem::conflict("这张证照还没有用印，还没有文件").into());
    }
    let bytes = app.files().get(&ready.row.file).await?;
    if form == Form::Ofd {
        return Ok(([("content-type", tongban_ofd::MEDIA_TYPE.to_owned()), ("content-disposition", disposition("attachment", &name)), ("cache-control", "no-store".to_owned())], bytes).into_response());
    }
    let svg = tokio::task::spawn_blocking(move || {
        let report = verify(&bytes, &trust, now);
        let package = Package::read(&bytes).ok()?;
        tongban_ofd::view::svg(&package, 0, &report.signatures, font::shared().ok())
    });
    let svg = svg.await.ok().flatten().ok_or_else(|| Problem::conflict("文件画不出来"))?;
    Ok(([("content-type", "image/svg+xml"), ("cache-control", "no-store")], svg).into_response())
}

/// PDF 只作打印预览：同一份排版，不带签名，页上注明以 OFD 为准。
fn print(ready: &Ready) -> Result<Vec<u8>, Problem> {
    let font = font::shared().map_err(|error| Problem::conflict(error.to_string()))?;
    let printed = issue::printed(ready, "打印预览 以电子证照原件（OFD）为准");
    let under = crate::rules::face::under(&ready.row.kind_name, &ready.kind.spec, font).map_err(Problem::from)?;
    let laid = crate::rules::face::lay(&ready.kind.spec, &printed, font).map_err(Problem::from)?;
    let mut sheet = under;
    sheet.marks.extend(laid.over.marks);
    pdf::write(&[sheet], &ready.row.kind_name, font).map_err(Problem::from)
}

/// `filename*` 写全名，老浏览器用不带中文的那个。
pub fn disposition(kind: &str, name: &str) -> String {
    let mut encoded = String::new();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    let extension = name.rsplit('.').next().unwrap_or("ofd");
    format!("{kind}; filename=\"licence.{extension}\"; filename*=UTF-8''{encoded}")
}
