//! 事项在办件办理途中变更：办件留在受理时的那一版，那一版的指南永远看得到，新的办件用新的一版。
#![allow(clippy::unwrap_used, reason = "测试")]

use tongban_cases::model::{Applicant, Channel, Delivery, Outcome};
use tongban_cases::{commands, offer, store};
use tongban_items::commands::Publish;
use tongban_items::model::{Guide, Limit};
use tongban_items::testing;
use tongban_kernel::{Actor, Place, Scope};
use tongban_store::testing::engines;
use tongban_web::testing::TestApp;

const CODE: &str = "11510811MB0000027M451010000100001";

fn officer() -> Actor {
    Actor { tenant: 1, scope: Scope::tenant(1), ..Actor::system() }
}

/// 一个不用材料、不用填表的许可，承诺 5 个工作日，已经发布。
async fn publish_first(app: &TestApp) -> Guide {
    let mut guide = testing::guide().unwrap();
    (guide.materials, guide.no_materials, guide.questions, guide.form) = (Vec::new(), true, Vec::new(), Default::default());
    guide.variants.clear();
    (guide.promise, guide.conditions) = (Limit::workdays(5), vec!["第一版的受理条件".into()]);
    guide.steps.iter_mut().for_each(|step| step.workdays = 0);
    let (at, first) = (app.app.now(), guide.clone());
    let implementer = testing::implementer(Place { tenant: 1, unit: 7, org: 7 }, "11510811MB0000027M");
    app.app.db().write("t", move |tx| testing::publish(tx, &officer(), &implementer, CODE, &guide, at)).await.unwrap();
    first
}

/// 按现行的事项登记一件；回答编号、用的哪一版、承诺几天。
async fn register(app: &TestApp, id_number: &str, byte: u8) -> (String, i64) {
    let (at, id_number) = (app.app.now(), id_number.to_owned());
    app.app
        .db()
        .write("t", move |tx| {
            let offer = offer::current(tx, CODE)?.unwrap();
            let input = commands::Registration {
                applicant: Applicant { name: "王秀兰".into(), id_number: id_number.clone(), mobile: "13900008888".into(), ..Applicant::default() },
                situations: Vec::new(),
                form: Default::default(),
                materials: Vec::new(),
                delivery: Delivery::Electronic,
                summary: String::new(),
                channel: Channel::Window,
                allow_same: true,
                follow: None,
            };
            let made = commands::register(tx, &officer(), &offer, &input, &[byte; 32], at)?;
            let case = store::find_by_no(tx, &made.no)?.unwrap();
            Ok((made.no, case.item_version))
        })
        .await
        .unwrap()
}

/// 变更：承诺改成 3 个工作日，走完上报、审核、发布。
async fn publish_second(app: &TestApp, first: Guide) {
    let at = app.app.now();
    app.app
        .db()
        .write("t", move |tx| {
            let row = tongban_items::store::item_by_code(tx, CODE)?.unwrap();
            let second = Guide { promise: Limit::workdays(3), conditions: vec!["第二版的受理条件".into()], ..first.clone() };
            let version = tongban_items::commands::revise(tx, &officer(), row.id, row.version, at)?;
            let version = tongban_items::commands::edit(tx, &officer(), row.id, version, &second, at)?;
            let version = tongban_items::commands::report(tx, &officer(), row.id, version, at)?;
            let version = tongban_items::commands::approve(tx, &officer(), row.id, version, at)?;
            tongban_items::commands::publish(tx, &officer(), row.id, version, Publish::default(), at)
        })
        .await
        .unwrap();
    app.app.settle().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_case_stays_on_its_edition_and_new_cases_take_the_new_one() {
    for engine in engines() {
        let areas = vec![
            tongban_directory::area(),
            tongban_parties::area(),
            tongban_messages::area(),
            tongban_items::area(),
            tongban_credentials::area(),
            tongban_cases::area(),
        ];
        let app = TestApp::open(engine, areas).await.unwrap();
        let first = publish_first(&app).await;
        let (running, version) = register(&app, "510811198512120022", 1).await;
        assert_eq!(version, 1);
        let at = app.app.now();
        let no = running.clone();
        let accepted = app
            .app
            .db()
            .write("t", move |tx| {
                let case = commands::receive(tx, &officer(), &no, 1, at)?;
                commands::accept(tx, &officer(), &no, case.version, "", at)
            })
            .await
            .unwrap();

        publish_second(&app, first).await;
        let (fresh, version) = register(&app, "510811197101010019", 2).await;
        assert_eq!(version, 2, "新的办件用新的一版");

        let (old, new) = (running.clone(), fresh.clone());
        let (old, new) = app
            .app
            .db()
            .snapshot("t", move |tx| Ok((store::find_by_no(tx, &old)?.unwrap(), store::find_by_no(tx, &new)?.unwrap())))
            .await
            .unwrap();
        assert_eq!((old.item_version, new.item_version), (1, 2));
        assert_eq!(old.due, accepted.due, "受理时定下的期限不变");

        // 指南：现行的是第二版，第一版的网址永远是第一版
        let page = async |path: &str| app.get(path, "").await.unwrap().body;
        let (current, kept) = (page(&format!("/items/{CODE}")).await, page(&format!("/items/{CODE}/v/1")).await);
        assert!(current.contains("第二版的受理条件") && !current.contains("第一版的受理条件"));
        assert!(kept.contains("第一版的受理条件") && !kept.contains("第二版的受理条件"));

        // 在办的照旧办完，仍记着第一版
        let done = app
            .app
            .db()
            .write("t", move |tx| {
                let mut case = store::find_by_no(tx, &running)?.unwrap();
                while case.stage + 1 < case.flow.stages(case.single_post).len() {
                    let forward = commands::Forward { version: case.version, ..Default::default() };
                    case = commands::forward(tx, &officer(), &running, &forward, at)?;
                }
                let decide = commands::Decide { version: case.version, outcome: Outcome::Granted, reason: String::new() };
                commands::decide(tx, &officer(), &running, &decide, at)
            })
            .await
            .unwrap();
        assert_eq!((done.item_version, done.outcome), (1, Some(Outcome::Granted)));
    }
}
