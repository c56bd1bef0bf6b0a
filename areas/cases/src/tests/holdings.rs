//! 离职之前把手里的件交给别人：要转办的权限、接的人要能办，一件一条日志。

use tongban_directory::commands::{add_staff, assign_post, install_roles};
use tongban_directory::model::NewPost;
use tongban_kernel::Depth;

use super::process::{accepted_at, department};
use super::*;
use crate::commands::Transfer;
use crate::holdings::HOLDINGS;

#[tokio::test(flavor = "multi_thread")]
async fn whoever_leaves_hands_over_what_he_holds() {
    on_each_engine(async |test| {
        let dept = department(&test, "区市场监管局").await;
        let now = at("2021-10-08T10:00");
        let place = tongban_kernel::Place { tenant: 1, unit: dept, org: dept };
        let case = accepted_at(&test, Offer { place, ..offer_of(20) }, now).await;
        let (id, no, version) = (case.id, case.no.to_string(), case.version);
        let heir = run(&test, move |tx| {
            install_roles(tx, &Actor::system())?;
            let mut hire = |code: &str, name: &str, role: Option<&str>| {
                let staff = add_staff(tx, &Actor::system(), dept, code, name, now)?;
                if let Some(role) = role {
                    let post = NewPost { staff, org: dept, role: role.into(), title: role.into(), window: None, reach: Depth::Unit };
                    assign_post(tx, &Actor::system(), &post, now)?;
                }
                Ok::<_, Error>(staff)
            };
            let (leaver, heir, idle) = (hire("001", "何军", Some("handler"))?, hire("002", "吕霞", Some("handler"))?, hire("003", "施展", None)?);
            let own = Actor { scope: Scope::unit(dept), ..staff(leaver, &["cases.read", "cases.handle"]) };
            commands::transfer(tx, &own, &no, &Transfer { version, ..Transfer::default() }, now)?;
            let held = |tx: &mut Tx<'_>, who: i64| (HOLDINGS[0].rows)(tx, who, 20).map(|rows| rows.len());
            assert_eq!((held(tx, leaver)?, held(tx, heir)?), (1, 0));
            let admin = Actor { scope: Scope::unit(dept), ..staff(90, &["directory.staff"]) };
            assert_eq!(refusal((HOLDINGS[0].hand_over)(tx, &admin, leaver, heir, now)).code.status(), 403, "管人的不一定管办件");
            let head = Actor { scope: Scope::unit(dept), ..staff(91, &["cases.read", "cases.assign"]) };
            assert_eq!(refusal((HOLDINGS[0].hand_over)(tx, &head, leaver, idle, now)).errors[0].field(), "to", "接的人要能办");
            let outside = Actor { scope: Scope::unit(dept + 1), ..head.clone() };
            assert_eq!(refusal((HOLDINGS[0].hand_over)(tx, &outside, leaver, heir, now)).code.status(), 404);
            assert_eq!(held(tx, leaver)?, 1, "没交成的还在他手里");
            assert_eq!((HOLDINGS[0].hand_over)(tx, &head, leaver, heir, now)?, 1);
            assert_eq!((held(tx, leaver)?, held(tx, heir)?), (0, 1));
            Ok(heir)
        })
        .await
        .unwrap();
        assert_eq!(kinds_of(&test, id).await.iter().filter(|kind| *kind == "cases.transferred").count(), 2, "接办一条、移交一条");
        assert_eq!(state_of(&test, &case.no.to_string()).await.handler, heir);
    })
    .await;
}
