//! 可打印的文书：受理通知书、收件凭证、补正告知书、不予受理决定书、决定书、送达回证……

use askama::Template;
use axum::extract::{Path, State};
use tongban_kernel::Problem;
use tongban_web::{App, Ctx, Failure, Html, Layout, render};

use super::desk_case::day_of;
use crate::queries::{self, CaseView};
use crate::store::Document;

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
    remedy: bool,
    org: String,
    phone: String,
    day: String,
    qr: String,
    track: String,
    access_code: Option<String>,
    revoked: Option<String>,
}

fn page(app: &App, ctx: &Ctx, view: &CaseView, document: &Document) -> Result<DocumentPage, Failure> {
    let track = format!("{}/track/{}", app.config().base_url, view.case.no);
    let own = crate::commands::owns(&ctx.actor, &view.case);
    let name = &view.details.applicant.name;
    let handing_over = document.kind == crate::rules::documents::DocumentKind::Receipt;
    Ok(DocumentPage {
        l: Layout::public(ctx, document.kind.title()),
        title: document.kind.title(),
        number: document.number.clone(),
        no: view.case.no.to_string(),
        applicant: name.clone(),
        item: view.case.item_name.clone(),
        item_code: view.case.item_code.clone(),
        lines: document.content.clone(),
        basis: if view.case.task_type == "01" { document.kind.basis() } else { "" },
        remedy: document.kind.needs_remedy(),
        org: document.issued_by.clone(),
        phone: view.offer.as_ref().and_then(|offer| offer.phone.clone()).unwrap_or_else(|| "12345".to_owned()),
        day: day_of(document.issued_at),
        qr: tongban_documents::qr::svg(&track, "扫码查进度")?,
        track,
        // 收件凭证当面交给申请人，印查询码；别的文书只给本人看时印
        access_code: (own || handing_over).then(|| view.details.access_code.clone()),
        revoked: view.case.revoked_on.map(|day| day.to_string()),
    })
}

/// 一份文书，范围内的工作人员或申请人。
pub async fn show(State(app): State<App>, ctx: Ctx, Path((no, id)): Path<(String, i64)>) -> Result<Html, Failure> {
    let actor = ctx.actor.clone();
    let view = app.db().snapshot("cases.view", move |tx| queries::view(tx, &actor, &no)).await?;
    let document = view.documents.iter().find(|d| d.id == id).ok_or_else(Problem::not_found)?;
    render(&page(&app, &ctx, &view, document)?)
}
