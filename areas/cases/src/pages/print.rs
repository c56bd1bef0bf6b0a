//! 官方文书：网页（可打印）、PDF、DOCX；扫码验真。

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::Problem;
use tongban_store::{Result as Stored, Tx};
use tongban_web::{App, Ctx, Failure, Html, Layout, Query, render};

use super::show;
use crate::papers::{self, day_of};
use crate::queries::{self, CaseView};
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
}

/// 验真码：带密钥的散列，文号猜不出它。
fn code_of(tx: &Tx<'_>, document: &Document) -> String {
    tx.digest("document", &document.number).iter().take(6).map(|byte| format!("{byte:02x}")).collect()
}

fn page(app: &App, ctx: &Ctx, view: &CaseView, document: &Document, check: String) -> Result<DocumentPage, Failure> {
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
    })
}

/// 要什么格式；不写是网页。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct FormatQuery {
    pub format: String,
}

/// 一份文书，范围内的工作人员或申请人。
pub async fn show(State(app): State<App>, ctx: Ctx, Path((no, id)): Path<(String, i64)>, Query(query): Query<FormatQuery>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let (view, document, code) = app
        .db()
        .snapshot("cases.view", move |tx| {
            let view = queries::view(tx, &actor, &no, at)?;
            let document = view.documents.iter().find(|d| d.id == id).cloned().ok_or_else(Problem::not_found)?;
            let code = code_of(tx, &document);
            Ok((view, document, code))
        })
        .await?;
    let check = format!("{}/d/{id}/{code}", app.config().base_url);
    if query.format.is_empty() {
        return Ok(render(&page(&app, &ctx, &view, &document, check)?)?.into_response());
    }
    file(&app, view, document, check, &query.format).await
}

/// 印成 PDF 或 DOCX。
async fn file(app: &App, view: CaseView, document: Document, check: String, format: &str) -> Result<Response, Failure> {
    let docx = match format {
        "pdf" => false,
        "docx" => true,
        _ => return Err(Problem::field("format", "choice", "format 应为 pdf 或 docx").into()),
    };
    let base = app.config().base_url.clone();
    let name = format!("{}-{}", view.case.no, document.kind.as_str());
    let made = tokio::task::spawn_blocking(move || {
        let paper = papers::paper(&view, &document, &base, &check);
        if docx { paper.docx() } else { paper.pdf() }
    })
    .await
    .map_err(|error| tongban_store::Error::Io(error.to_string()))?;
    let content = made.map_err(Problem::from)?;
    let (media, extension) =
        if docx { ("application/vnd.openxmlformats-officedocument.wordprocessingml.document", "docx") } else { ("application/pdf", "pdf") };
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}.{extension}\"")) {
        headers.insert(header::CONTENT_DISPOSITION, value);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
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
}

/// 扫码验真：只给看文书本身的要素，申请人脱敏。码不对与没有一样。
pub async fn verify(State(app): State<App>, ctx: Ctx, Path((id, code)): Path<(i64, String)>) -> Result<Html, Failure> {
    let found: Stored<_> = app
        .db()
        .snapshot("cases.document_check", move |tx| {
            let (case, document) = store::document_by_id(tx, id)?.ok_or_else(Problem::not_found)?;
            if code_of(tx, &document) != code {
                return Err(Problem::not_found().into());
            }
            Ok((store::find(tx, case)?.ok_or_else(Problem::not_found)?, document))
        })
        .await;
    let (case, document) = found?;
    render(&CheckPage {
        l: Layout::public(&ctx, "文书验真"),
        title: document.kind.title(),
        number: document.number,
        org: document.issued_by,
        day: show::long(document.issued_at),
        no: case.no.to_string(),
        item: case.item_name.clone(),
        applicant: case.applicant_shown.clone(),
        state: case.status_label(),
        revoked: case.revoked_on.map(|day| day.to_string()),
    })
}
