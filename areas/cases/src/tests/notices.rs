//! 快到期、超期告诉该知道的人：写给工作人员本人，不看他有没有以群众身份实名过（cases §3.5）。

use tongban_directory::commands as directory;
use tongban_directory::model::{NewOrg, NewPost};
use tongban_kernel::{Depth, Place};

use super::*;
use crate::commands::Transfer;

/// 一个单位、一名承办与一名负责人；都没有关联自然人。
fn office(tx: &mut Tx<'_>, now: Timestamp) -> Result<(Place, [(i64, i64); 2])> {
    directory::install_roles(tx, &Actor::system())?;
    let org = |parent, name: &str, kind| NewOrg { parent, name: name.into(), short_name: name.into(), kind, division: "510811000000".into(), ..NewOrg::default() };
    let tenant = directory::create_org(tx, &Actor::system(), &org(0, "广元市昭化区", 0), now)?;
    let bureau = directory::create_org(tx, &Actor::system(), &org(tenant, "区市场监管局", 2), now)?;
    let mut hire = |code: &str, name: &str, role: &str| {
        let staff = directory::add_staff(tx, &Actor::system(), bureau, code, name, now)?;
        let post = NewPost { staff, org: bureau, role: role.into(), title: role.into(), window: None, reach: Depth::Unit };
        Ok::<_, Error>((staff, directory::assign_post(tx, &Actor::system(), &post, now)?))
    };
    let people = [hire("001", "何军", "handler")?, hire("002", "吕霞", "dept_head")?];
    Ok((Place { tenant, unit: bureau, org: bureau }, people))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_handler_and_the_head_read_about_an_overdue_case_on_their_desk() {
    for engine in engines() {
        let app = tongban_web::testing::TestApp::open(engine, areas()).await.unwrap();
        let now = at("2021-10-08T10:00");
        let (place, people, no) = app
            .app
            .db()
            .write("t", move |tx| {
                let (place, people) = office(tx, now)?;
                let within = |actor: Actor| Actor { scope: Scope::unit(place.unit), tenant: place.tenant, ..actor };
                let clerk = within(clerk());
                let new = commands::register(tx, &clerk, &Offer { place, ..offer_of(3) }, &registration(), RANDOM, now)?;
                let case = commands::receive(tx, &clerk, &new.no, new.version, now)?;
                let case = commands::accept(tx, &clerk, &new.no, case.version, "", now)?;
                let (id, post) = people[0];
                let handler = Actor { post, ..within(staff(id, &["cases.read", "cases.handle"])) };
                commands::transfer(tx, &handler, &new.no, &Transfer { version: case.version, ..Transfer::default() }, now)?;
                Ok((place, people, new.no))
            })
            .await
            .unwrap();
        app.app.settle().await.unwrap();
        for (id, post) in people {
            let reader = Actor { post, tenant: place.tenant, scope: Scope::unit(place.unit), ..staff(id, &["cases.read"]) };
            let page = app.get("/desk/messages", &app.sign_in(reader)).await.unwrap();
            assert!(page.body.contains("办件已超期") && page.body.contains(&no), "{} {}", id, page.body);
        }
        let other = app.get("/desk/messages", &app.sign_in(staff(999, &["cases.read"]))).await.unwrap();
        assert!(!other.body.contains(&no), "别人的消息看不到");
        let citizen = app.get("/me/messages", &app.sign_in(citizen())).await.unwrap();
        assert!(!citizen.body.contains(&no));
    }
}

/// 群众：站内信走一步一封；不看会误事的另有短信，号码只给管理员看打星的。
#[tokio::test(flavor = "multi_thread")]
async fn the_applicant_hears_of_every_step_and_gets_an_sms_when_it_matters() {
    for engine in engines() {
        let app = tongban_web::testing::TestApp::open(engine, areas()).await.unwrap();
        let now = app.app.now();
        let new = submitted(&app.test, offer_of(20), now).await;
        let no = new.no.clone();
        run(&app.test, move |tx| {
            let point = crate::store::CorrectionPoint { material: "plan".into(), name: "平面图".into(), problem: "看不清".into(), remedy: "重拍".into() };
            let case = commands::receive(tx, &clerk(), &no, new.version, now)?;
            commands::request_correction(tx, &clerk(), &no, &commands::Correct { version: case.version, points: vec![point], days: 5 }, now)
        })
        .await
        .unwrap();
        app.app.settle().await.unwrap();
        app.app.settle().await.unwrap();
        let page = app.get("/me/messages", &app.sign_in(citizen())).await.unwrap();
        for title in ["申请已提交", "有材料要补正"] {
            assert_eq!(page.body.matches(title).count(), 1, "{title}：{}", page.body);
        }
        assert!(page.body.contains(&format!("/me/cases/{}", new.no)));
        assert!(!app.get("/me/messages", &app.sign_in(Actor::citizen(9, 9, 3, "李*"))).await.unwrap().body.contains(&new.no));
        let outbox = app.get("/admin/sms", &app.sign_in(staff(12, &["messages.read"]))).await.unwrap();
        assert_eq!(outbox.body.matches("139****8888").count(), 2, "提交一条、补正一条；没有通道的留在出箱里：{}", outbox.body);
        assert!(!outbox.body.contains("13900008888"));
        // 老早的事（历史补录、演示）不再发
        let old = submitted(&app.test, Offer { item_id: 77, ..offer_of(20) }, now - jiff::SignedDuration::from_hours(24 * 5)).await;
        app.app.settle().await.unwrap();
        let outbox = app.get("/admin/sms", &app.sign_in(staff(12, &["messages.read"]))).await.unwrap();
        assert_eq!(outbox.body.matches("139****8888").count(), 2);
        assert!(app.get("/me/messages", &app.sign_in(citizen())).await.unwrap().body.contains(&old.no), "站内信照有");
    }
}
