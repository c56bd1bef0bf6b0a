//! 官方文书的内容：一份文书写什么，不管印成网页、PDF 还是 DOCX。能改的只有法律留了余地的那一段（理由、原话）。

use jiff::Timestamp;
use tongban_documents::paper::{Block, Paper, Qr, SignOff, Table};
use tongban_kernel::time;

use crate::queries::CaseView;
use crate::rules::documents::DocumentKind;
use crate::store::Document;

/// 对申请人不利的决定载明的救济途径（许可法第38条，复议法第20条）。
pub const REMEDY: &str = "如不服本决定，可以自收到之日起六十日内向本级人民政府申请行政复议，或者自收到之日起六个月内向人民法院提起行政诉讼。";

/// `2026年11月23日`。
#[must_use]
pub fn day_of(at: Timestamp) -> String {
    let date = time::date_of(at);
    format!("{} 年 {} 月 {} 日", date.year(), date.month(), date.day())
}

/// 依据的条文；不是行政许可的事项不引许可法。
#[must_use]
pub fn basis(view: &CaseView, kind: DocumentKind) -> &'static str {
    if view.case.task_type == "01" { kind.basis() } else { "" }
}

/// 一份文书的版面内容；`check` 是验真网址，空则不印。
#[must_use]
pub fn paper(view: &CaseView, document: &Document, base_url: &str, check: &str) -> Paper {
    let (case, kind) = (&view.case, document.kind);
    let mut blocks = vec![Block::Text(format!("您申请的“{}”，现告知如下：", case.item_name))];
    blocks.extend(body(view, document));
    if kind.needs_remedy() {
        blocks.push(Block::Text(REMEDY.to_owned()));
    }
    if !basis(view, kind).is_empty() {
        blocks.push(Block::Text(format!("依据：{}", basis(view, kind))));
    }
    if let Some(day) = case.revoked_on.filter(|_| matches!(kind, DocumentKind::Grant)) {
        blocks.push(Block::Text(format!("（本决定已于 {day} 撤销）")));
    }
    let track = format!("{base_url}/track/{}", case.no);
    let phone = view.offer.as_ref().and_then(|offer| offer.phone.clone()).unwrap_or_else(|| "12345".to_owned());
    let mut pairs = vec![("办件编号".to_owned(), case.no.to_string()), ("事项编码".to_owned(), case.item_code.clone()), ("查进度".to_owned(), track.clone())];
    if kind == DocumentKind::Receipt {
        pairs.push(("查询码".to_owned(), format!("{}（或手机后四位）", view.details.access_code)));
    }
    pairs.push(("联系电话".to_owned(), phone));
    blocks.push(Block::Pairs(pairs));
    let qr = if check.is_empty() { Qr { text: track, caption: "扫码查进度".to_owned() } } else { Qr { text: check.to_owned(), caption: "扫码验真".to_owned() } };
    Paper {
        letterhead: document.issued_by.clone(),
        title: kind.title().to_owned(),
        number: document.number.clone(),
        addressee: format!("{}：", view.details.applicant.name),
        blocks,
        sign_off: Some(SignOff { organisation: document.issued_by.clone(), date: day_of(document.issued_at) }),
        qr: Some(qr),
        footer: format!("办件编号 {}", case.no),
        watermark: String::new(),
    }
}

/// 正文：有材料清单的排成表，其余一段一段。
fn body(view: &CaseView, document: &Document) -> Vec<Block> {
    let listed = matches!(document.kind, DocumentKind::Receipt | DocumentKind::Handover);
    if !listed || view.materials.is_empty() {
        return document.content.iter().filter(|line| !line.is_empty()).map(|line| Block::Text(line.clone())).collect();
    }
    let rows = view.materials.iter().enumerate().map(|(n, m)| vec![(n + 1).to_string(), m.name.clone(), m.copies.to_string(), m.status.label().to_owned()]).collect();
    let head = ["序号", "材料", "份数", "收取"].map(str::to_owned).to_vec();
    vec![Block::Heading("收到的材料".to_owned()), Block::Table(Table { head, widths: vec![1.0, 7.0, 1.0, 2.0], rows })]
}
