//! 家人代办：授权之后替家人申办、看进度、撤回；办件是家人的；解除之后什么也看不到。

use jiff::Timestamp;
use tongban_cases::model::{Channel, FileRef, State};
use tongban_cases::store::{agencies, bundles};
use tongban_cases::{commands, queries};
use tongban_kernel::Actor;
use tongban_parties::commands::grants::{self, Ask};
use tongban_parties::queries::grants::{Grant, GrantAct, GrantKind, GrantScope};
use tongban_parties::rules::grants::Terms;
use tongban_store::testing::engines;
use tongban_web::testing::TestApp;

use super::{fill, open, post};

async fn another(app: &TestApp, at: Timestamp) -> Actor {
    app.app
        .db()
        .write("t", move |tx| {
            let new = tongban_parties::model::Registration {
                mobile: "13900000001".into(),
                name: "王小明".into(),
                id_number: "510811199003070017".into(),
                password: "x".into(),
            };
            let account = tongban_parties::commands::register(tx, &new, 3, at)?;
            let person = tongban_parties::queries::account_for_login(tx, "13900000001")?.unwrap().person;
            Ok(Actor::citizen(account, person, 3, "王**"))
        })
        .await
        .unwrap()
}

async fn granted(app: &TestApp, from: &Actor, to: &Actor, scope: GrantScope, at: Timestamp) -> Grant {
    let (from, to) = (from.clone(), to.clone());
    let until = tongban_kernel::time::date_of(at).tomorrow().unwrap();
    app.app
        .db()
        .write("t", move |tx| {
            let terms = Terms { kind: GrantKind::Proxy, relation: "child".into(), scope, items: String::new(), until };
            let offered = grants::offer_proxy(tx, &from, to.person, Ask::Give, &terms, at)?;
            grants::settle(tx, &to, offered.id, offered.version, GrantAct::Accept, at)
        })
        .await
        .unwrap()
}

async fn revoke(app: &TestApp, who: &Actor, grant: &Grant) {
    let (who, id, version, at) = (who.clone(), grant.id, grant.version, app.app.now());
    app.app.db().write("t", move |tx| grants::settle(tx, &who, id, version, GrantAct::Revoke, at)).await.unwrap();
}

/// 替家人把食品许可填好交上，返回办件编号。
async fn applied(app: &TestApp, agent: &Actor, grant: i64) -> Result<String, tongban_web::testing::Answer> {
    let token = app.sign_in(agent.clone());
    let found = app.app.db().snapshot("t", |tx| tongban_items::queries::offers(tx, 1, "食品", 5)).await.unwrap();
    let path = format!("/apply/{}", found[0].0);
    let start = app.get(&path, &token).await.unwrap();
    let mut fields: Vec<_> = fill(&start.body).into_iter().filter(|(name, _)| name != "for").collect();
    fields.push(("for".to_owned(), grant.to_string()));
    let begun = post(app, &path, &token, &fields).await;
    if begun.status != 303 {
        return Err(begun);
    }
    assert!(start.body.contains("替谁办"), "{}", start.body);
    let base = begun.location().trim_end_matches("/form/1").to_owned();
    for n in 1..=2 {
        let page = app.get(&format!("{base}/form/{n}"), &token).await.unwrap();
        if page.status == 303 {
            break;
        }
        let saved = post(app, &format!("{base}/form/{n}"), &token, &fill(&page.body)).await;
        assert_eq!(saved.status, 303, "第 {n} 页：{}", saved.body);
    }
    let check = app.get(&format!("{base}/check"), &token).await.unwrap();
    assert!(check.body.contains("代办人"), "{}", check.body);
    let (draft, actor, at) = (base.trim_start_matches("/a/").to_owned(), agent.clone(), app.app.now());
    let code = found[0].0.clone();
    let submitted = app
        .app
        .db()
        .write("t", move |tx| {
            let offer = tongban_cases::offer::current(tx, &code)?.unwrap();
            for material in &offer.materials {
                let file = FileRef { id: "ab".into(), name: "件.png".into(), size: 9, media_type: "image/png".into() };
                commands::attach(tx, &actor, &offer, &draft, &material.key, &file, at)?;
            }
            commands::submit(tx, &actor, &offer, &draft, Channel::Mobile, &[7; 32], at)
        })
        .await
        .unwrap();
    Ok(submitted.no)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relative_applies_for_a_person_and_loses_sight_when_revoked() {
    for engine in engines() {
        let (app, old) = open(engine).await;
        let at = app.app.now();
        let son = another(&app, at).await;
        let grant = granted(&app, &old, &son, GrantScope::Apply, at).await;
        let no = applied(&app, &son, grant.id).await.unwrap_or_else(|answer| panic!("{}", answer.body));
        // 办件是家人的，记着谁代办
        let (actor, number) = (old.clone(), no.clone());
        let view = app.app.db().snapshot("t", move |tx| queries::view(tx, &actor, &number, at)).await.unwrap();
        assert_eq!((view.case.person, view.case.account, view.details.applicant.name.as_str()), (old.person, son.account, "王秀兰"));
        assert_eq!(view.agency.as_ref().map(|a| (a.agent, a.grant, a.name.as_str())), Some((son.person, grant.id, "王小明")));
        let id = view.case.id;
        let node: tongban_contracts::cases::CaseNodeV1 = app.app.db().snapshot("t", move |tx| tx.timeline(id)).await.unwrap()[0].changed().unwrap();
        assert_eq!((node.person, node.agent), (old.person, son.person), "日志记着谁代办");
        // 两边各看到什么
        let (mine, theirs) = (app.sign_in(son.clone()), app.sign_in(old.clone()));
        let list = app.get("/me/cases", &mine).await.unwrap();
        assert!(list.body.contains("替家人看着的") && list.body.contains(&no), "{}", list.body);
        let page = app.get(&format!("/me/cases/{no}"), &mine).await.unwrap();
        assert!(page.body.contains("您凭授权替"), "{}", page.body);
        assert!(app.get(&format!("/me/cases/{no}"), &theirs).await.unwrap().body.contains("替您提交"));
        // 解除之后，看不到也撤不了
        revoke(&app, &old, &grant).await;
        assert_eq!(app.get(&format!("/me/cases/{no}"), &mine).await.unwrap().status, 404);
        assert!(!app.get("/me/cases", &mine).await.unwrap().body.contains(&no));
        let (actor, number) = (son.clone(), no.clone());
        let gone = app.app.db().write("t", move |tx| commands::withdraw(tx, &actor, &number, &commands::Ending { version: 1, reason: String::new() }, at)).await;
        assert!(gone.is_err());
        let (actor, number) = (old.clone(), no.clone());
        let case = app.app.db().write("t", move |tx| commands::withdraw(tx, &actor, &number, &commands::Ending { version: 1, reason: String::new() }, at)).await.unwrap();
        assert_eq!(case.state, State::Withdrawn);
        assert!(app.app.db().snapshot("t", move |tx| agencies::of_case(tx, id)).await.unwrap().is_some(), "谁代办的留着");
        // 通知到了对方
        app.app.settle().await.unwrap();
        assert!(app.get("/me/messages", &mine).await.unwrap().body.contains("代办授权"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_to_look_only_neither_applies_nor_withdraws() {
    for engine in engines() {
        let (app, old) = open(engine).await;
        let at = app.app.now();
        let son = another(&app, at).await;
        let full = granted(&app, &old, &son, GrantScope::Apply, at).await;
        let no = applied(&app, &son, full.id).await.unwrap_or_else(|answer| panic!("{}", answer.body));
        revoke(&app, &son, &full).await;
        let look = granted(&app, &old, &son, GrantScope::Track, at).await;
        let refused = applied(&app, &son, look.id).await.unwrap_err();
        assert_eq!(refused.status, 422);
        assert!(refused.body.contains("您现在不能替他办这一项"), "{}", refused.body);
        let token = app.sign_in(son.clone());
        let page = app.get(&format!("/me/cases/{no}"), &token).await.unwrap();
        assert!(page.body.contains("不能补正或撤回") && !page.body.contains("/withdraw"), "{}", page.body);
        let result = app.app.db().write("t", move |tx| commands::withdraw(tx, &son, &no, &commands::Ending { version: 1, reason: String::new() }, at)).await;
        assert!(result.is_err());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relative_starts_a_bundle_for_a_person_and_every_child_is_the_persons() {
    for engine in engines() {
        let (app, old) = open(engine).await;
        let at = app.app.now();
        let son = another(&app, at).await;
        let grant = granted(&app, &old, &son, GrantScope::Apply, at).await;
        let token = app.sign_in(son.clone());
        let start = app.get("/apply/bundle/11", &token).await.unwrap();
        assert!(start.body.contains("替谁办"), "{}", start.body);
        let mut fields: Vec<_> = fill(&start.body).into_iter().filter(|(name, _)| name != "for").collect();
        fields.push(("for".to_owned(), grant.id.to_string()));
        let begun = post(&app, "/apply/bundle/11", &token, &fields).await;
        assert_eq!(begun.status, 303, "{}", begun.body);
        let base = begun.location().trim_end_matches("/form/1").to_owned();
        for n in 1..=2 {
            let page = app.get(&format!("{base}/form/{n}"), &token).await.unwrap();
            let saved = post(&app, &format!("{base}/form/{n}"), &token, &fill(&page.body)).await;
            assert_eq!(saved.status, 303, "第 {n} 页：{}", saved.body);
        }
        assert!(app.get(&format!("{base}/check"), &token).await.unwrap().body.contains("代办人"));
        let bundle = bundle_submitted(&app, &son, &base).await.unwrap();
        assert_eq!((bundle.person, bundle.account), (old.person, son.account));
        let id = bundle.id;
        let members = app.app.db().snapshot("t", move |tx| bundles::members(tx, id)).await.unwrap();
        let (actor, no) = (old.clone(), members[0].case_no.clone());
        let view = app.app.db().snapshot("t", move |tx| queries::view(tx, &actor, &no, at)).await.unwrap();
        assert_eq!((view.case.person, view.agency.map(|agency| agency.agent)), (old.person, Some(son.person)));
        // 两边都看得到整件事；解除之后代办人看不到
        let path = format!("/me/bundles/{}", bundle.no);
        let theirs = app.sign_in(old.clone());
        for who in [&token, &theirs] {
            assert_eq!(app.get(&path, who).await.unwrap().status, 200);
            assert!(app.get("/me/cases", who).await.unwrap().body.contains(&bundle.no));
        }
        revoke(&app, &old, &grant).await;
        assert_eq!(app.get(&path, &token).await.unwrap().status, 404);
    }
}

async fn bundle_submitted(app: &TestApp, actor: &Actor, base: &str) -> tongban_store::Result<bundles::Bundle> {
    let (actor, draft, at) = (actor.clone(), base.trim_start_matches("/a/").to_owned(), app.app.now());
    app.app
        .db()
        .write("t", move |tx| {
            let found = commands::open_draft(tx, &actor, &draft)?;
            let definition = tongban_cases::offer::bundle::definition(tx, 11)?.unwrap();
            let offer = tongban_cases::offer::bundle::merged(&definition, &found.body.situations);
            for material in &offer.materials {
                let file = FileRef { id: "ab".into(), name: "件.png".into(), size: 9, media_type: "image/png".into() };
                commands::attach(tx, &actor, &offer, &draft, &material.key, &file, at)?;
            }
            commands::submit_bundle(tx, &actor, &draft, Channel::Mobile, &[7; commands::BUNDLE_RANDOM], at)
        })
        .await
}

/// 单位只授权了几项的经办人：一件事的每一项都在里面才能办。
#[tokio::test(flavor = "multi_thread")]
async fn a_limited_grant_must_cover_every_member_of_the_bundle() {
    let (app, old) = open(engines()[0]).await;
    let at = app.app.now();
    let son = another(&app, at).await;
    let code = app.app.db().snapshot("t", |tx| tongban_items::queries::offers(tx, 1, "食品", 5)).await.unwrap()[0].0.clone();
    let (from, to, until) = (old.clone(), son.clone(), tongban_kernel::time::date_of(at).tomorrow().unwrap());
    let limited = app
        .app
        .db()
        .write("t", move |tx| {
            let terms = Terms { kind: GrantKind::Proxy, relation: "child".into(), scope: GrantScope::Apply, items: code.clone(), until };
            let offered = grants::offer_proxy(tx, &from, to.person, Ask::Give, &terms, at)?;
            grants::settle(tx, &to, offered.id, offered.version, GrantAct::Accept, at)
        })
        .await
        .unwrap();
    let token = app.sign_in(son);
    let start = app.get("/apply/bundle/11", &token).await.unwrap();
    assert!(!start.body.contains("替谁办"), "只授权了一项，管不到整件事");
    let mut fields: Vec<_> = fill(&start.body);
    fields.push(("for".to_owned(), limited.id.to_string()));
    let refused = post(&app, "/apply/bundle/11", &token, &fields).await;
    assert!(refused.status.as_u16() == 422 && refused.body.contains("不包括这个事项"), "{}", refused.body);
}
