//! 文书用印：单位有启用的章就盖（真的 GB/T 38540 签章，真的验），没有的照常出；验真页、卷宗都看得到。

use axum::http::StatusCode;
use tongban_credentials::commands::{self as credentials, Authorize, SealStep};
use tongban_credentials::maker;
use tongban_credentials::model::SealAction;
use tongban_credentials::store::seals;
use tongban_kernel::Place;
use tongban_store::Database;
use tongban_web::testing::TestApp;

use super::licences::{home, offer_at, officer};
use super::*;
use crate::rules::documents::DocumentKind;

/// 单位的章走到启用，机用授权盖 `scope` 里的文书。
async fn seal(db: &Database, place: Place, scope: &'static str) {
    let now = Timestamp::now();
    maker::found(db, "测试", now).await.unwrap();
    let who = move |n: i64| Actor { tenant: place.tenant, scope: Scope::tenant(place.tenant), staff: n, account: n, ..Actor::system() };
    let id = db
        .write("test.seal", move |tx| {
            credentials::sync(tx, &Actor::system(), place.tenant, now)?;
            let id = seals::of_org(tx, place.unit)?.unwrap().id;
            for action in [SealAction::Draft, SealAction::Submit, SealAction::Approve, SealAction::Make] {
                let version = seals::find(tx, id)?.unwrap().version;
                credentials::step(tx, &who(1), id, &SealStep { action: Some(action), version, scope: "文书".into(), keeper: "张三".into(), ..SealStep::default() }, now)?;
            }
            Ok(id)
        })
        .await
        .unwrap();
    let made = maker::make(db, id, now).await.unwrap();
    db.write("test.made", move |tx| {
        credentials::finish(tx, &who(1), id, &made, now)?;
        let version = seals::find(tx, id)?.unwrap().version;
        credentials::authorize(tx, &who(1), id, &Authorize { version, staff_name: "系统".into(), scope: scope.into(), ..Authorize::default() }, now)?;
        credentials::step(tx, &who(1), id, &SealStep { action: Some(SealAction::Activate), version: version + 1, ..SealStep::default() }, now)?;
        Ok(())
    })
    .await
    .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_are_sealed_by_a_job_and_the_check_page_verifies_the_signature() {
    for engine in engines() {
        let app = TestApp::open(engine, areas()).await.unwrap();
        let place = home(app.app.db()).await.place;
        seal(app.app.db(), place, "收件凭证，受理通知书").await;
        let now = Timestamp::now();
        let window = officer(place, 11, &["cases.read", "cases.receive", "cases.accept", "cases.approve", "cases.deliver"]);
        let actor = window.clone();
        let no = run(&app.test, move |tx| {
            let new = commands::register(tx, &actor, &offer_at(place), &registration(), RANDOM, now)?;
            let case = commands::receive(tx, &actor, &new.no, new.version, now)?;
            Ok(commands::accept(tx, &actor, &new.no, case.version, "材料齐全", now)?.no.to_string())
        })
        .await
        .unwrap();
        app.app.settle().await.unwrap();
        app.app.settle().await.unwrap();
        let (actor, number) = (window.clone(), no.clone());
        let view = run(&app.test, move |tx| crate::queries::view(tx, &actor, &number, now)).await.unwrap();
        assert_eq!(view.seals.len(), 2, "收件凭证、受理通知书都盖了");
        let token = app.sign_in(window);
        let notice = view.documents.iter().find(|d| d.kind == DocumentKind::Acceptance).unwrap();
        let path = format!("/desk/cases/{no}/print/{}", notice.id);
        let page = app.get(&path, &token).await.unwrap();
        assert!(page.body.contains("已用印：昭化区自然资源局") && page.body.contains("format=ofd"), "{}", page.body);
        // 章压在署名与日期上，垫在字下面；验真的网址点得开
        let signoff = &page.body[page.body.find("class=\"signoff\"").unwrap()..];
        let at = |text: &str| signoff.find(text).unwrap_or_else(|| panic!("没有 {text}：{signoff}"));
        assert!(at("class=\"seal\" src=\"?format=seal\"") < at("<p>区市场监管局</p>") && at("<p>区市场监管局</p>") < at("</div>"), "{signoff}");
        assert!(page.body.contains("与加盖实物印章的纸质文书具有同等法律效力") && page.body.contains("同时验签"));
        assert_eq!(app.get(&format!("{path}?format=seal"), &token).await.unwrap().headers["content-type"], "image/png");
        let ofd = app.get(&format!("{path}?format=ofd"), &token).await.unwrap();
        assert_eq!((ofd.status, ofd.headers["content-type"].to_str().unwrap()), (StatusCode::OK, "application/ofd"));
        let pdf = app.get(&format!("{path}?format=pdf"), &token).await.unwrap();
        assert!(pdf.body.starts_with("%PDF-"));
        let check = page.body.split("/d/").nth(1).and_then(|rest| rest.get(..rest.find(['<', '"'])?)).unwrap().to_owned();
        let seen = app.get(&format!("/d/{check}"), "").await.unwrap();
        assert!(seen.body.contains("验签通过") && seen.body.contains("已用印：昭化区自然资源局"), "{}", seen.body);
        // 用印日志里查得到，这一件的时间线上也有
        let (seal_id, case_id) = (view.seals[0].seal, view.case.id);
        let uses = run(&app.test, move |tx| tongban_credentials::store::grants::uses(tx, &Scope::tenant(place.tenant), seal_id, i64::MAX, 10)).await.unwrap();
        assert_eq!(uses.iter().filter(|one| one.done && one.source == no).count(), 2);
        assert_eq!(kinds_of(&app.test, case_id).await.iter().filter(|kind| *kind == "cases.sealed").count(), 2);
        // 再排一次不再盖；文件换成别的，验真页照实说
        let document = notice.id;
        run(&app.test, move |tx| crate::sealing::enqueue(tx, document, now)).await.unwrap();
        app.app.settle().await.unwrap();
        assert_eq!(kinds_of(&app.test, case_id).await.iter().filter(|kind| *kind == "cases.sealed").count(), 2);
        let forged = app.app.files().put(bytes::Bytes::from_static(b"PK not the sealed one"), "application/ofd").await.unwrap();
        run(&app.test, move |tx| {
            tx.exec("UPDATE cases_seals SET file = $1 WHERE document = $2", tongban_store::args![&forged.digest, document])?;
            Ok(())
        })
        .await
        .unwrap();
        let seen = app.get(&format!("/d/{check}"), "").await.unwrap();
        assert!(seen.body.contains("验签没过") && !seen.body.contains("验签通过"), "{}", seen.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_seal_or_a_grant_the_document_goes_out_and_says_so() {
    for engine in engines() {
        let app = TestApp::open(engine, areas()).await.unwrap();
        let place = home(app.app.db()).await.place;
        // 章启用了，授权里没有受理通知书
        seal(app.app.db(), place, "准予决定书").await;
        let now = Timestamp::now();
        let window = officer(place, 11, &["cases.read", "cases.receive", "cases.accept"]);
        let actor = window.clone();
        let no = run(&app.test, move |tx| {
            let new = commands::register(tx, &actor, &offer_at(place), &registration(), RANDOM, now)?;
            let case = commands::receive(tx, &actor, &new.no, new.version, now)?;
            Ok(commands::accept(tx, &actor, &new.no, case.version, "", now)?.no.to_string())
        })
        .await
        .unwrap();
        app.app.settle().await.unwrap();
        let (actor, number) = (window.clone(), no.clone());
        let view = run(&app.test, move |tx| crate::queries::view(tx, &actor, &number, now)).await.unwrap();
        assert!(view.seals.is_empty());
        let token = app.sign_in(window);
        let path = format!("/desk/cases/{no}/print/{}", view.documents[1].id);
        let page = app.get(&path, &token).await.unwrap();
        assert!(!page.body.contains("已用印") && !page.body.contains("format=ofd") && !page.body.contains("class=\"seal\""));
        assert!(page.body.contains("以纸质件上的章为准"), "{}", page.body);
        assert_eq!(app.get(&format!("{path}?format=ofd"), &token).await.unwrap().status, StatusCode::CONFLICT);
        let check = page.body.split("/d/").nth(1).and_then(|rest| rest.get(..rest.find(['<', '"'])?)).unwrap().to_owned();
        assert!(app.get(&format!("/d/{check}"), "").await.unwrap().body.contains("没有用电子印章"));
    }
}
