//! 官方文书：网页（可打印）、PDF、DOCX、电子签章版（OFD）；扫码验真，验真时把章从头验一遍。

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use tongban_credentials::paper::MEDIA_TYPE;
use tongban_documents::paper::Picture;
use tongban_kernel::{Actor, Problem, time};
use tongban_store::{Result as Stored, Tx};
use tongban_web::{App, Ctx, Failure, Html, Layout, Query, render};

use crate::papers::{self, day_of};
use crate::queries::{self, CaseView};
use crate::sealing;
use crate::store::seals::Sealed;
use crate::store::{self, Document};

#[derive(Template)]
#[template(path = "document.html")]
struct DocumentPage {
    l: Layout,
    title: &'static str,
    number: String,
    no: String,
    applicant: String,
    item: String,
    item_code: String,
    lines: Vec<String>,
    basis: &'static str,
    remedy: Option<&'static str>,
    org: String,
    phone: String,
    day: String,
    qr: String,
    track: String,
    check: String,
    access_code: Option<String>,
    revoked: Option<String>,
    /// 用印：印章名、何时。
    sealed: Option<(String, String)>,
    /// 印模图印多大，CSS 像素；印不出的为 `None`。
    picture: Option<(u32, u32)>,
}

/// 一份文书与它的电子签章版。
struct Shown {
    view: CaseView,
    document: Document,
    check: String,
    sealed: Option<Sealed>,
    picture: Option<(Picture, (f64, f64))>,
}

fn shown(tx: &mut Tx<'_>, actor: &Actor, no: &str, id: i64, base_url: &str, at: Timestamp) -> Stored<Shown> {
    let view = queries::view(tx, actor, no, at)?;
    let document = view.documents.iter().find(|d| d.id == id).cloned().ok_or_else(Problem::not_found)?;
    let check = sealing::check_url(tx, base_url, &document);
    let sealed = view.seals.iter().find(|sealed| sealed.document == id).cloned();
    let picture = match &sealed {
        Some(sealed) => sealing::picture(tx, sealed)?,
        None => None,
    };
    Ok(Shown { view, document, check, sealed, picture })
}

fn page(app: &App, ctx: &Ctx, shown: Shown) -> Result<DocumentPage, Failure> {
    let Shown { view, document, check, sealed, picture } = shown;
    let (view, document) = (&view, &document);
    let track = format!("{}/track/{}", app.config().base_url, view.case.no);
    let own = crate::commands::owns(&ctx.actor, &view.case) || view.acting.is_some();
    let handing_over = document.kind == crate::rules::documents::DocumentKind::Receipt;
    Ok(DocumentPage {
        l: Layout::public(ctx, document.kind.title()),
        title: document.kind.title(),
        number: document.number.clone(),
        no: view.case.no.to_string(),
        applicant: view.details.applicant.name.clone(),
        item: view.case.item_name.clone(),
        item_code: view.case.item_code.clone(),
        lines: document.content.clone(),
        basis: papers::basis(view, document.kind),
        remedy: document.kind.needs_remedy().then_some(papers::REMEDY),
        org: document.issued_by.clone(),
        phone: view.offer.as_ref().and_then(|offer| offer.phone.clone()).unwrap_or_else(|| "12345".to_owned()),
        day: day_of(document.issued_at),
        qr: tongban_documents::qr::svg(&check, "扫码验真")?,
        track,
        check,
        // 收件凭证当面交给申请人，印查询码；别的文书只给本人看时印
        access_code: (own || handing_over).then(|| view.details.access_code.clone()),
        revoked: view.case.revoked_on.map(|day| day.to_string()),
        picture: picture.map(|(_, (width, height))| (pixels(width), pixels(height))),
        sealed: sealed.map(|sealed| (sealed.seal_name, time::show(sealed.at))),
    })
}

/// 毫米 → CSS 像素（每英寸 96）：网页、打印与 PDF 上的章一样大。
fn pixels(millimetres: f64) -> u32 {
    (millimetres / 25.4 * 96.0).round().clamp(1.0, 400.0) as u32
}

/// 要什么格式；不写是网页。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct FormatQuery {
    pub format: String,
}

/// 一份文书，范围内的工作人员或申请人。
pub async fn show(State(app): State<App>, ctx: Ctx, Path((no, id)): Path<(String, i64)>, Query(query): Query<FormatQuery>) -> Result<Response, Failure> {
    let (actor, at, base) = (ctx.actor.clone(), app.now(), app.config().base_url.clone());
    let shown = app.db().snapshot("cases.view", move |tx| shown(tx, &actor, &no, id, &base, at)).await?;
    match query.format.as_str() {
        "" => Ok(render(&page(&app, &ctx, shown)?)?.into_response()),
        "ofd" => signed(&app, &shown).await,
        "seal" => {
            let (picture, _) = shown.picture.ok_or_else(Problem::not_found)?;
            Ok(attached(picture.data.to_vec(), "image/png", None))
        }
        format => file(&app, shown, format).await,
    }
}

/// 下载的回应；没有名字的就地看。
fn attached(content: Vec<u8>, media: &'static str, name: Option<String>) -> Response {
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    if let Some(Ok(value)) = name.map(|name| HeaderValue::from_str(&format!("attachment; filename=\"{name}\""))) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    response
}

/// 电子签章版。
async fn signed(app: &App, shown: &Shown) -> Result<Response, Failure> {
    let sealed = shown.sealed.as_ref().ok_or_else(|| Problem::conflict("这份文书没有用电子印章：出具时单位没有启用的章，或章还没有授权盖这种文书"))?;
    let content = app.files().get(&sealed.file).await?;
    let name = format!("{}-{}.ofd", shown.view.case.no, shown.document.kind.as_str());
    Ok(attached(content.to_vec(), MEDIA_TYPE, Some(name)))
}

/// 印成 PDF 或 DOCX。
async fn file(app: &App, shown: Shown, format: &str) -> Result<Response, Failure> {
    let (media, extension) = match format {
        "pdf" => ("application/pdf", "pdf"),
        "docx" => ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx"),
        _ => return Err(Problem::field("format", "choice", "format 应为 pdf、docx 或 ofd").into()),
    };
    let base = app.config().base_url.clone();
    let Shown { view, document, check, sealed, picture } = shown;
    let name = format!("{}-{}.{extension}", view.case.no, document.kind.as_str());
    let made = tokio::task::spawn_blocking(move || {
        let mut paper = papers::paper(&view, &document, &base, &check);
        if extension == "docx" {
            return paper.docx();
        }
        if let Some(sealed) = sealed {
            paper.footer = format!("{}　{} 用印，电子签章版与真伪请扫码", paper.footer, time::show(sealed.at));
        }
        match picture {
            Some((picture, size)) => paper.pdf_with(picture, size),
            None => paper.pdf(),
        }
    })
    .await
    .map_err(|error| tongban_store::Error::Io(error.to_string()))?;
    Ok(attached(made.map_err(Problem::from)?, media, Some(name)))
}

#[derive(Template)]
#[template(path = "document_check.html")]
struct CheckPage {
    l: Layout,
    title: &'static str,
    number: String,
    org: String,
    day: String,
    no: String,
    item: String,
    applicant: String,
    state: &'static str,
    revoked: Option<String>,
    /// 用印：印章名、何时、验得过不过、结论的话。
    sealed: Option<(String, String, bool, String)>,
}

impl CheckPage {
    /// 用了印，验签没过。
    fn broken(&self) -> bool {
        self.sealed.as_ref().is_some_and(|(_, _, valid, _)| !valid)
    }
}

/// 扫码验真：只给看文书本身的要素，申请人脱敏。码不对与没有一样。
pub async fn verify(State(app): State<App>, ctx: Ctx, Path((id, code)): Path<(i64, String)>) -> Result<Html, Failure> {
    let found: Stored<_> = app
        .db()
        .snapshot("cases.document_check", move |tx| {
            let (case, document) = store::document_by_id(tx, id)?.ok_or_else(Problem::not_found)?;
            if sealing::code_of(tx, &document) != code {
                return Err(Problem::not_found().into());
            }
            let sealed = store::seals::of_document(tx, id)?;
            Ok((store::find(tx, case)?.ok_or_else(Problem::not_found)?, document, sealed))
        })
        .await;
    let (case, document, sealed) = found?;
    let verdict = sealing::verdict(&app, sealed).await?;
    render(&CheckPage {
        l: Layout::public(&ctx, "文书验真"),
        title: document.kind.title(),
        number: document.number,
        org: document.issued_by,
        day: time::show(document.issued_at),
        no: case.no.to_string(),
        item: case.item_name.clone(),
        applicant: case.applicant_shown.clone(),
        state: case.status_label(),
        sealed: verdict.map(|v| (v.seal_name, time::show(v.at), v.valid, v.text)),
        revoked: case.revoked_on.map(|day| day.to_string()),
    })
}
