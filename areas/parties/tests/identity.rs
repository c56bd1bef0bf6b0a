//! 窗口核验实名：要权限、要对得上、不能给自己，核完就是 3 级。
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use tongban_kernel::{Actor, ActorKind, Code};
use tongban_parties::commands::identity::{InPerson, verify_in_person};
use tongban_parties::model::Registration;
use tongban_parties::{commands, queries};
use tongban_store::testing::engines;
use tongban_web::testing::TestApp;

fn refused(result: tongban_store::Result<()>) -> Code {
    match result {
        Err(tongban_store::Error::Refused(problem)) => problem.code,
        other => panic!("应当拒绝：{other:?}"),
    }
}

#[tokio::test]
async fn only_a_checked_card_raises_the_level() {
    for engine in engines() {
        let app = TestApp::open(engine, vec![tongban_directory::area(), tongban_parties::area()]).await.unwrap();
        let now = Timestamp::now();
        let clerk = |permissions: &[&str]| Actor {
            kind: ActorKind::Staff,
            account: 5,
            name: "窗口".into(),
            permissions: Arc::new(permissions.iter().map(|p| (*p).to_owned()).collect::<BTreeSet<_>>()),
            ..Actor::anonymous()
        };
        let right = InPerson { name: "王小明".into(), id_number: "510811199003070017".into(), evidence: "card".into() };
        let (input, able, plain) = (right.clone(), clerk(&["parties.verify"]), clerk(&[]));
        let person = app
            .app
            .db()
            .write("test.verify", move |tx| {
                assert_eq!(refused(verify_in_person(tx, &able, &input, now)), Code::ValidationFailed, "没注册的升不了");
                let new = Registration { name: "王小明".into(), id_number: "510811199003070017".into(), mobile: "13900000001".into(), password: "x".into() };
                commands::register(tx, &new, 2, now)?;
                let person = queries::account_for_login(tx, "13900000001")?.unwrap().person;
                let own = Actor { person, ..able.clone() };
                let other_name = InPerson { name: "王大明".into(), ..input.clone() };
                let unsaid = InPerson { evidence: String::new(), ..input.clone() };
                assert_eq!(refused(verify_in_person(tx, &plain, &input, now)), Code::Forbidden);
                assert_eq!(refused(verify_in_person(tx, &own, &input, now)), Code::Forbidden, "不能给自己核验");
                assert_eq!(refused(verify_in_person(tx, &able, &other_name, now)), Code::ValidationFailed);
                assert_eq!(refused(verify_in_person(tx, &able, &unsaid, now)), Code::ValidationFailed);
                assert_eq!(queries::person(tx, person)?.unwrap().real_level, 2);
                Ok(person)
            })
            .await
            .unwrap();
        let desk = app.sign_in(clerk(&["parties.verify"]));
        let wrong = app.post_form("/desk/identity", &desk, &[("name", "王大明"), ("id_number", "510811199003070017"), ("evidence", "card")]).await.unwrap();
        assert_eq!(wrong.status.as_u16(), 422);
        assert!(wrong.body.contains("王大明") && wrong.body.contains("不一致"), "留着所填");
        let done = app.post_form("/desk/identity", &desk, &[("name", &right.name), ("id_number", &right.id_number), ("evidence", "card")]).await.unwrap();
        assert_eq!(done.status.as_u16(), 303, "{}", done.body);
        let level = app.app.db().snapshot("test.level", move |tx| queries::person(tx, person)).await.unwrap().unwrap().real_level;
        assert_eq!(level, 3);
    }
}
