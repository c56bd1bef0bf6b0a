//! 签发：录入、双人、用印、文件可验、改版、无授权有记录、办结出证、批量。

use tongban_contracts::cases::CaseNodeV1;
use tongban_credentials::commands::{self, Enter};
use tongban_credentials::model::{LicenceAction, LicenceState};
use tongban_credentials::store::{grants, licences};
use tongban_credentials::{maker, queries};
use tongban_gm::Conclusion;
use tongban_kernel::{Actor, Code, Scope};
use tongban_parties::model::Registration;
use tongban_store::Entry;

use crate::support::{homes, now, refused};

#[tokio::test]
async fn a_licence_is_sealed_by_the_job_and_the_file_verifies() {
    for home in homes().await {
        let seal = home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let row = home.licence(home.input(kind), 71).await;
        assert_eq!(row.state, LicenceState::Valid);
        assert_eq!(row.holder_masked, "王**");
        assert!(!row.file.is_empty() && row.entered_day > 0 && row.number.len() == 12);
        let bytes = home.app.app.files().get(&row.file).await.unwrap();
        let trust = home.app.app.db().snapshot("test.trust", maker::trust).await.unwrap();
        let report = tongban_ofd::verify(&bytes, &trust, now());
        assert_eq!(report.conclusion, Conclusion::Valid, "{}", report.reason());
        assert_eq!(report.datum("ZZBS"), Some(row.identifier.as_str()));
        assert_eq!(report.datum("KZ_JYCS"), Some("元坝镇京昆路1号"));
        let uses = home.app.app.db().snapshot("test.uses", move |tx| grants::uses(tx, &Scope::unit(0), seal, i64::MAX, 10)).await.unwrap();
        assert_eq!((uses.len(), uses[0].done, uses[0].source.as_str()), (1, true, row.identifier.as_str()));
        assert_eq!(uses[0].after, tongban_gm::hash::hex(&tongban_gm::sm3(&bytes)));
        let found = home.app.app.db().snapshot("test.usable", |tx| queries::usable_for(tx, 71, 0, "食品经营许可证副本复印件", 20_260_101)).await.unwrap();
        assert_eq!(found.len(), 1);
    }
}

#[tokio::test]
async fn renewal_keeps_the_serial_and_retires_the_old_one() {
    for home in homes().await {
        home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let old = home.licence(home.input(kind), 71).await;
        let new = home.licence(Enter { renews: old.identifier.clone(), ..home.input(kind) }, 71).await;
        assert_eq!((new.edition, new.stem.as_str()), (2, old.stem.as_str()));
        assert_eq!((new.state, home.row(old.id).await.state), (LicenceState::Valid, LicenceState::Superseded));
    }
}

#[tokio::test]
async fn without_a_grant_nothing_is_sealed_and_the_attempt_is_on_record() {
    for home in homes().await {
        home.seal(home.bureau, "营业执照").await;
        let kind = home.kind("食品经营许可证").await;
        let row = home.licence(home.input(kind), 71).await;
        assert_eq!(row.state, LicenceState::ToSign, "没有授权就停在待用印");
        let uses = home.app.app.db().snapshot("test.uses", |tx| grants::uses(tx, &Scope::tenant(0), 0, i64::MAX, 10)).await.unwrap();
        assert!(uses.is_empty());
        let tenant = home.tenant;
        let uses = home.app.app.db().snapshot("test.uses", move |tx| grants::uses(tx, &Scope::tenant(tenant), 0, i64::MAX, 10)).await.unwrap();
        assert!(!uses.is_empty() && !uses[0].done && uses[0].reason.contains("授权"));
    }
}

#[tokio::test]
async fn entering_checks_codes_and_one_person_cannot_do_both() {
    for home in homes().await {
        home.seal(home.bureau, "食品经营许可证").await;
        let (kind, boss, other) = (home.kind("食品经营许可证").await, home.boss(1), home.boss(2));
        let good = home.input(kind);
        home.app
            .app
            .db()
            .write("test.enter", move |tx| {
                let bad = Enter { holder_code: "510811199003070018".into(), fields: std::collections::BTreeMap::new(), ..good.clone() };
                let problem = refused(commands::enter(tx, &boss, &bad, now()));
                assert_eq!((problem.code, problem.errors.len()), (Code::ValidationFailed, 2), "{problem:?}");
                let identifier = commands::enter(tx, &boss, &good, now())?;
                let row = licences::by_identifier(tx, &identifier)?.unwrap();
                assert_eq!(refused(commands::act(tx, &boss, row.id, LicenceAction::Review, row.version, "", now())).code, Code::Forbidden);
                commands::act(tx, &other, row.id, LicenceAction::Review, row.version, "", now())?;
                assert_eq!(refused(commands::act(tx, &other, row.id, LicenceAction::Cancel, row.version + 1, "x", now())).code, Code::InvalidState, "没用印的不能注销");
                let rows = vec![(2, good.clone()), (3, bad.clone())];
                let problem = refused(commands::enter_batch(tx, &boss, &rows, now()));
                assert!(problem.errors[0].detail.starts_with("第 3 行"), "{problem:?}");
                Ok(())
            })
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_granted_case_issues_its_licence_exactly_once() {
    const NO: &str = "510811-20261123-000001-3-1";
    for home in homes().await {
        home.seal(home.bureau, "食品经营许可证").await;
        home.kind("食品经营许可证").await;
        let (tenant, bureau) = (home.tenant, home.bureau);
        let person = home
            .app
            .app
            .db()
            .write("test.case", move |tx| {
                let new = Registration { name: "王小明".into(), id_number: "510811199003070017".into(), mobile: "13900000001".into(), ..Registration::default() };
                tongban_parties::commands::register(tx, &new, 3, now())?;
                let person = tongban_parties::queries::account_for_login(tx, "13900000001")?.unwrap().person;
                let case = CaseNodeV1 {
                    case_no: NO.into(),
                    item_name: "食品经营许可（新办）".into(),
                    tenant,
                    unit: bureau,
                    org: bureau,
                    person,
                    outcome: Some("granted".into()),
                    licence: Some("食品经营许可证".into()),
                    ..CaseNodeV1::default()
                };
                let body = serde_json::to_string(&case)?;
                tx.journal_facts::<i64>(Entry { kind: "cases.decided", subject: 500, rev: 9, at: now(), actor: &Actor::system(), tenant, body: &body }, None, None)?;
                Ok(person)
            })
            .await
            .unwrap();
        home.app.app.settle().await.unwrap();
        let issued = home.app.app.db().snapshot("test.issued", |tx| queries::issued_for_case(tx, NO)).await.unwrap().unwrap();
        assert!(issued.ready, "{}", issued.state);
        let again = home.app.app.db().write("test.again", move |tx| {
            let fields = std::collections::BTreeMap::new();
            let place = tongban_kernel::Place { tenant, unit: bureau, org: bureau };
            let order = commands::Order { case_id: 500, case_no: NO, licence: "食品经营许可证", item_code: "", item_name: "", place, person, legal_entity: 0, holder_name: "王小明", holder_code: "510811199003070017", legal: false, fields: &fields, decided: now() };
            commands::order(tx, &Actor::system(), &order, now())
        });
        assert_eq!(again.await.unwrap().as_deref(), Some(issued.identifier.as_str()), "同一办件只出一张");
        assert_eq!(home.app.app.db().snapshot("test.wallet", move |tx| licences::of_person(tx, person, 0, 10)).await.unwrap().len(), 1);
    }
}
