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
