//! 官方文书：十八种每种都能看网页、印 PDF、存 Word、扫码验真，文号与标题都在上面。

use std::io::Read;

use axum::http::StatusCode;
use tongban_web::testing::TestApp;

use super::*;
use crate::rules::documents::{DocumentKind, document_number};
use crate::store::Document;

/// Word 里的全部文字。
fn words(content: &[u8]) -> String {
    let mut archive = zip::ZipArchive::new(std::io::Cursor::new(content)).unwrap();
    let mut text = String::new();
    archive.by_name("word/document.xml").unwrap().read_to_string(&mut text).unwrap();
    text.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_is_a_page_a_pdf_and_a_word_file_and_can_be_checked() {
    let app = TestApp::open(engines()[0], areas()).await.unwrap();
    let case = accepted(&app.test, offer_of(5), at("2021-10-08T10:00")).await;
    let id = case.id;
    let made = run(&app.test, move |tx| {
        let mut made = Vec::new();
        for kind in DocumentKind::ALL {
            let number = document_number("广昭审", kind, 2021, 900);
            let document = Document { id: tx.new_id(), kind, number, content: vec!["具体内容一行。".into()], issued_at: at("2021-10-08T10:00"), issued_by: "区市场监管局".into() };
            store::add_document(tx, id, &document)?;
            made.push(document);
        }
        Ok(made)
    })
    .await
    .unwrap();
    let clerk = app.sign_in(staff(12, &["cases.read"]));
    for document in made {
        let (title, path) = (document.kind.title(), format!("/desk/cases/{}/print/{}", case.no, document.id));
        let page = app.get(&path, &clerk).await.unwrap();
        assert!(page.body.contains(title) && page.body.contains(&document.number), "{title}");
        assert_eq!(page.body.contains("行政复议"), document.kind.needs_remedy(), "{title}：救济途径");
        let check = page.body.split("/d/").nth(1).and_then(|rest| rest.get(..rest.find(['<', '"'])?)).unwrap().to_owned();
        let seen = app.get(&format!("/d/{check}"), "").await.unwrap();
        assert!(seen.body.contains(&document.number) && !seen.body.contains("王秀兰"), "{title}：验真只给脱敏的");
        for (format, opening) in [("pdf", "%PDF-"), ("docx", "PK")] {
            let file = app.get(&format!("{path}?format={format}"), &clerk).await.unwrap();
            assert_eq!(file.status, StatusCode::OK, "{title} {format}");
            assert!(file.body.starts_with(opening) && file.body.len() > 2_000, "{title} {format}");
            let disposition = file.headers["content-disposition"].to_str().unwrap();
            assert!(disposition.contains(&format!("{}-{}.{format}", case.no, document.kind.as_str())), "{disposition}");
        }
        let (view, given) = (case.no.to_string(), document.clone());
        let paper = run(&app.test, move |tx| {
            let view = crate::queries::view(tx, &staff(12, &["cases.read"]), &view, at("2021-10-08T10:00"))?;
            Ok(crate::papers::paper(&view, &given, "https://example.cn", ""))
        })
        .await
        .unwrap();
        let text = words(&paper.docx().unwrap());
        assert!(text.contains(title) && text.contains(&document.number) && text.contains("王秀兰"), "{title}：{text}");
    }
    assert_eq!(app.get(&format!("/desk/cases/{}/print/1", case.no), &clerk).await.unwrap().status, StatusCode::NOT_FOUND);
}
