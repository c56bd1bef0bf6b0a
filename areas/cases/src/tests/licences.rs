//! 办件与电子证照：免提交要同意、交时再查、补正也能用、准予就下单、没签好不送达。

use axum::http::StatusCode;
use tongban_credentials::commands::{self as credentials, Enter, NewKind};
use tongban_credentials::model::{HolderKind, LicenceState, Spec, Validity};
use tongban_credentials::queries as shown;
use tongban_credentials::store::{LicenceRow, licences};
use tongban_directory::model::NewOrg;
use tongban_kernel::Place;
use tongban_store::Database;

use super::http::{PNG, upload};
use super::*;
use crate::commands::{Correct, Decide, Deliver, SuppliedMaterial, Supply};
use crate::model::{Outcome, State};
use crate::queries;
use crate::rules::documents::DocumentKind;
use crate::store::CorrectionPoint;

const NOW: &str = "2021-05-31T10:00";
pub const KIND: &str = "不动产权证";

/// 一个有信用代码的单位，一类顶得上“场所使用证明”的证照，申请人名下有效的一张。
#[derive(Clone)]
pub struct Home {
    pub place: Place,
    licence: LicenceRow,
}

fn everyone(tenant: i64) -> Actor {
    Actor { tenant, scope: Scope::tenant(tenant), ..Actor::system() }
}

/// 当作已经签好：用印在证照区自己测。
pub fn put(tx: &mut Tx<'_>, id: i64, state: LicenceState) -> Result<LicenceRow> {
    let mut row = licences::lock(tx, id)?.unwrap();
    row.state = state;
    assert!(licences::save(tx, &row)?);
    Ok(licences::find(tx, id)?.unwrap())
}

pub async fn home(db: &Database) -> Home {
    let now = at(NOW);
    db.write("test.home", move |tx| {
        let org = |parent, name: &str, kind, code: &str| NewOrg {
            parent,
            name: name.into(),
            short_name: name.into(),
            kind,
            code: code.into(),
            division: "510811000000".into(),
            ..NewOrg::default()
        };
        let tenant = tongban_directory::commands::create_org(tx, &Actor::system(), &org(0, "广元市昭化区", 0, ""), now)?;
        let bureau = tongban_directory::commands::create_org(tx, &Actor::system(), &org(tenant, "昭化区自然资源局", 2, "11510811MB0000027M"), now)?;
        let spec = Spec { holder: HolderKind::Person, validity: Validity::Years(5), aliases: vec!["场所使用证明".into()], ..Spec::default() };
        let kind = NewKind { org: bureau, code: "11510811MB0000027M001".into(), name: KIND.into(), spec };
        let kind = credentials::create_kind(tx, &everyone(tenant), kind, now)?;
        let input = Enter { org: bureau, kind, holder_name: "王秀兰".into(), holder_code: person().id_number, ..Enter::default() };
        let identifier = credentials::enter(tx, &everyone(tenant), &input, now)?;
        let id = licences::by_identifier(tx, &identifier)?.unwrap().id;
        licences::bind(tx, id, citizen().person, 0)?;
        Ok(Home { place: Place { tenant, unit: bureau, org: bureau }, licence: put(tx, id, LicenceState::Valid)? })
    })
    .await
    .unwrap()
}

pub fn officer(place: Place, id: i64, permissions: &[&str]) -> Actor {
    Actor { tenant: place.tenant, org: place.org, scope: Scope::unit(place.unit), ..staff(id, permissions) }
}

pub fn offer_at(place: Place) -> Offer {
    Offer { place, single_post: true, licence: Some(KIND.into()), ..offer_of(5) }
}

/// 填好草稿，场所证明用证照。
fn drafted(tx: &mut Tx<'_>, offer: &Offer, identifier: &str, now: Timestamp) -> Result<()> {
    filled_draft(tx, &citizen(), offer, "tok", now)?;
    commands::use_licence(tx, &citizen(), offer, "tok", "lease", identifier, now).map(drop)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_licence_replaces_the_upload_and_staff_see_its_state_now() {
    on_each_engine(async |test| {
        let (home, now) = (home(&test.db).await, at(NOW));
        let (place, identifier, id) = (home.place, home.licence.identifier.clone(), home.licence.id);
        run(&test, move |tx| {
            let offer = offer_at(place);
            drafted(tx, &offer, &identifier, now)?;
            let wrong = refusal(commands::use_licence(tx, &citizen(), &offer, "tok", "plan", &identifier, now));
            assert!(wrong.errors[0].detail.contains("不能代替"), "{wrong:?}");
            let other = refusal(commands::use_licence(tx, &citizen(), &offer, "tok", "lease", "1.2.156.3005.2.x", now));
            assert!(other.errors[0].detail.contains("您名下没有"), "{other:?}");
            let new = commands::submit(tx, &citizen(), &offer, "tok", Channel::Computer, RANDOM, now)?;
            commands::submit(tx, &citizen(), &offer, "tok", Channel::Computer, RANDOM, now)?;
            let used = shown::shown_for_case(tx, &new.no)?;
            assert_eq!((used.len(), used[0].material.as_str(), used[0].type_name.as_str()), (1, "场所使用证明", KIND), "再交一次不再记");
            let clerk = officer(place, 11, &["cases.read"]);
            let view = queries::view(tx, &clerk, &new.no, now)?;
            assert_eq!((view.used[0].state, view.used[0].valid), ("有效", false), "2021 年颁发、五年期，到今天早过期了");
            assert_eq!(view.materials.iter().find(|m| m.key == "lease").unwrap().status, MaterialStatus::Licence);
            put(tx, id, LicenceState::Suspended)?;
            assert_eq!(queries::view(tx, &clerk, &new.no, now)?.used[0].state, "暂扣", "交了之后暂扣的，窗口看到的是暂扣");
            Ok(())
        })
        .await
        .unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_licence_that_lapsed_is_told_with_the_other_mistakes_and_nothing_is_kept() {
    on_each_engine(async |test| {
        let (home, now) = (home(&test.db).await, at(NOW));
        let (place, identifier, id) = (home.place, home.licence.identifier.clone(), home.licence.id);
        let problem = refusal(
            run(&test, move |tx| {
                let offer = offer_at(place);
                drafted(tx, &offer, &identifier, now)?;
                commands::edit(tx, &citizen(), &offer, "tok", &DraftEdit { form: Some(Form::from([("area".into(), "大".into())])), ..DraftEdit::default() }, now)?;
                put(tx, id, LicenceState::Suspended)?;
                commands::submit(tx, &citizen(), &offer, "tok", Channel::Computer, RANDOM, now)
            })
            .await,
        );
        let fields: Vec<_> = problem.errors.iter().map(|e| e.field().to_owned()).collect();
        assert_eq!(fields, ["area", "m_lease"]);
        assert!(problem.errors[1].detail.contains("暂扣"), "{problem:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_can_be_answered_with_a_licence() {
    on_each_engine(async |test| {
        let (home, now) = (home(&test.db).await, at(NOW));
        let (place, identifier) = (home.place, home.licence.identifier.clone());
        let supply = |version, identifier: &str| Supply {
            version,
            materials: vec![SuppliedMaterial { key: "lease".into(), licence: identifier.to_owned(), ..SuppliedMaterial::default() }],
            note: String::new(),
        };
        let case = run(&test, move |tx| {
            let offer = offer_at(place);
            filled_draft(tx, &citizen(), &offer, "tok", now)?;
            commands::attach(tx, &citizen(), &offer, "tok", "lease", &file("cc"), now)?;
            let new = commands::submit(tx, &citizen(), &offer, "tok", Channel::Computer, RANDOM, now)?;
            let clerk = officer(place, 11, &["cases.read", "cases.receive", "cases.accept"]);
            let case = commands::receive(tx, &clerk, &new.no, 1, now)?;
            let point = CorrectionPoint { material: "lease".into(), name: "场所使用证明".into(), problem: "看不清".into(), remedy: "重拍".into() };
            commands::request_correction(tx, &clerk, &new.no, &Correct { version: case.version, points: vec![point], days: 0 }, now)
        })
        .await
        .unwrap();
        let (no, version) = (case.no.to_string(), case.version);
        let wrong = refusal(run(&test, move |tx| commands::supply_correction(tx, &citizen(), &no, &supply(version, "没有这张"), now)).await);
        assert_eq!(wrong.errors[0].field(), "m_lease");
        let no = case.no.to_string();
        let case = run(&test, move |tx| commands::supply_correction(tx, &citizen(), &no, &supply(version, &identifier), now)).await.unwrap();
        assert_eq!(case.state, State::Received);
        assert_eq!(materials_of(&test, case.id).await["lease"], MaterialStatus::Licence);
        let used = run(&test, move |tx| shown::shown_for_case(tx, case.no.as_str())).await.unwrap();
        assert_eq!(used.len(), 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_grant_orders_the_licence_and_delivery_waits_until_it_is_signed() {
    on_each_engine(async |test| {
        let (home, now) = (home(&test.db).await, at(NOW));
        let place = home.place;
        run(&test, move |tx| {
            // 窗口代办：申请人没有账号
            let clerk = officer(place, 11, &["cases.read", "cases.receive", "cases.accept", "cases.deliver"]);
            let approver = officer(place, 31, &["cases.read", "cases.approve", "cases.deliver"]);
            let new = commands::register(tx, &clerk, &offer_at(place), &registration(), RANDOM, now)?;
            let case = commands::receive(tx, &clerk, &new.no, new.version, now)?;
            let case = commands::accept(tx, &clerk, &new.no, case.version, "", now)?;
            let case = commands::decide(tx, &approver, &new.no, &Decide { version: case.version, outcome: Outcome::Granted, reason: String::new() }, now)?;
            let issued = shown::issued_for_case(tx, &new.no)?.unwrap();
            assert_eq!((issued.name.as_str(), issued.ready), (KIND, false));
            let row = licences::by_identifier(tx, &issued.identifier)?.unwrap();
            assert_eq!((row.holder_masked.as_str(), row.case_id, tx.unseal(&row.holder_name)?.as_str()), ("王**", case.id, "王秀兰"));
            let way = Deliver { version: case.version, way: Delivery::Pickup, receiver: "王秀兰".into(), note: String::new() };
            let early = refusal(commands::deliver(tx, &approver, &new.no, &way, now));
            assert!(early.detail.contains("还没有签好"), "{early:?}");
            put(tx, row.id, LicenceState::Valid)?;
            let closed = commands::deliver(tx, &approver, &new.no, &way, now)?;
            assert_eq!(closed.state, State::Closed);
            // 单位没有信用代码、没有这类证照，都不挡决定
            let offer = Offer { licence: Some("没有模板的证".into()), item_id: 901, ..offer_at(place) };
            let new = commands::register(tx, &clerk, &offer, &registration(), RANDOM, now)?;
            let case = commands::receive(tx, &clerk, &new.no, new.version, now)?;
            let case = commands::accept(tx, &clerk, &new.no, case.version, "", now)?;
            let case = commands::decide(tx, &approver, &new.no, &Decide { version: case.version, outcome: Outcome::Granted, reason: String::new() }, now)?;
            assert!(shown::issued_for_case(tx, &new.no)?.is_none());
            commands::deliver(tx, &approver, &new.no, &Deliver { version: case.version, ..way.clone() }, now)?;
            Ok(())
        })
        .await
        .unwrap();
    })
    .await;
}

/// 走真的路由，不靠脚本：先看到有证、不勾同意不行、勾了就用、窗口看得到证面。
#[tokio::test(flavor = "multi_thread")]
async fn the_pages_ask_for_consent_and_show_the_clerk_the_face() {
    for engine in engines() {
        let app = tongban_web::testing::TestApp::open(engine, areas()).await.unwrap();
        let home = home(app.app.db()).await;
        let id = home.licence.id;
        // 时钟是真的，证照要到今天还有效
        app.app
            .db()
            .write("test.today", move |tx| {
                let mut row = licences::lock(tx, id)?.unwrap();
                row.valid_to = 99_991_231;
                licences::save(tx, &row)
            })
            .await
            .unwrap();
        let me = app.sign_in(citizen());
        let begun = app.post_form(&format!("/apply/{}", sample_offer().code), &me, &[("s_size", "small")]).await.unwrap();
        let base = begun.location().trim_end_matches("/form/1").to_owned();
        app.post_form(&format!("{base}/form/1"), &me, &[("mobile", "13900008888")]).await.unwrap();
        app.post_form(&format!("{base}/form/2"), &me, &[("area", "46"), ("water", "y")]).await.unwrap();
        upload(&app, &format!("{base}/materials/plan"), &me, &[("file", Some("图.png"), PNG)]).await;
        let page = app.get(&format!("{base}/materials"), &me).await.unwrap();
        assert!(page.body.contains("您有不动产权证（电子证照），可以不用上传"), "{}", page.body);
        let identifier = home.licence.identifier.as_bytes();
        let unasked = upload(&app, &format!("{base}/materials/lease"), &me, &[("licence", None, identifier)]).await;
        assert_eq!(unasked.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(unasked.body.contains("请先勾选“同意”"), "{}", unasked.body);
        let chosen = upload(&app, &format!("{base}/materials/lease"), &me, &[("consent", None, b"1"), ("licence", None, identifier)]).await;
        assert_eq!(chosen.status, StatusCode::SEE_OTHER, "{}", chosen.body);
        let page = app.get(&format!("{base}/materials"), &me).await.unwrap();
        assert!(page.body.contains("用您的不动产权证（电子证照），不用上传") && page.body.contains("必要的都齐了"), "{}", page.body);
        assert!(app.get(&format!("{base}/check"), &me).await.unwrap().body.contains("免提交，用我的电子证照"));
        let sent = app.post_form(&format!("{base}/check"), &me, &[("delivery", "electronic"), ("truth", "1")]).await.unwrap();
        assert_eq!(sent.location(), format!("{base}/done"), "{}", sent.body);
        let done = app.get(&format!("{base}/done"), &me).await.unwrap();
        let from = done.body.find("/me/cases/").unwrap();
        let no = &done.body[from + 10..from + 32];
        assert!(app.get(&format!("/me/cases/{no}"), &me).await.unwrap().body.contains("用了不动产权证（电子证照）"));
        let clerk = app.sign_in(clerk());
        let desk = app.get(&format!("/desk/cases/{no}"), &clerk).await.unwrap();
        assert!(desk.body.contains(&format!("/desk/cases/{no}/licences/lease")) && desk.body.contains("tag-g\">有效"), "{}", desk.body);
        let face = app.get(&format!("/desk/cases/{no}/licences/lease"), &clerk).await.unwrap();
        assert_eq!(face.status, StatusCode::OK);
        assert_eq!(app.get(&format!("/desk/cases/{no}/licences/plan"), &clerk).await.unwrap().status, StatusCode::NOT_FOUND);
        let looks = app.app.db().snapshot("test.looks", move |tx| tongban_credentials::store::shows::looks(tx, id, i64::MAX, 10)).await.unwrap();
        let ways: Vec<_> = looks.iter().map(|look| look.way.as_str()).collect();
        assert_eq!(ways, ["staff", "waive"], "窗口看过、申请时用过，持证人都查得到");
    }
}

/// 即办件要出证照的停在已作决定；证照签成后由系统照当场签下的送达回证转办结，没寄出的邮寄留在待寄。
#[tokio::test(flavor = "multi_thread")]
async fn a_signed_licence_closes_an_instant_case_by_what_was_signed_at_the_window() {
    on_each_engine(async |test| {
        let (home, now) = (home(&test.db).await, at(NOW));
        let place = home.place;
        run(&test, move |tx| {
            let offer = Offer { instant: true, promise_days: 0, ..offer_at(place) };
            let window = officer(place, 11, &["cases.read", "cases.receive", "cases.accept", "cases.approve", "cases.deliver"]);
            let ways = [
                (Delivery::Electronic, "当场办结", State::Closed, "放入申请人账户"),
                (Delivery::Pickup, "当场办结", State::Closed, "在窗口当场签收"),
                (Delivery::Post, "EMS1234567890", State::Closed, "EMS1234567890"),
                (Delivery::Post, "", State::Decided, ""),
            ];
            for (way, note, ends, told) in ways {
                let input = Registration { delivery: way, allow_same: true, ..registration() };
                let new = commands::register(tx, &window, &offer, &input, RANDOM, now)?;
                let decide = Decide { version: new.version, outcome: Outcome::Granted, reason: String::new() };
                let deliver = Deliver { version: 0, way, receiver: "王秀兰".into(), note: note.into() };
                let case = commands::express(tx, &window, &new.no, &decide, &deliver, now)?;
                assert_eq!(case.state, State::Decided, "证照没签好，停在已作决定");
                let signed = queries::view(tx, &window, &new.no, now)?.signed;
                assert_eq!(signed.map(|signed| signed.receiver), (ends == State::Closed).then(|| "王**".to_owned()), "当场签下的只留姓");
                let subject = tx.new_id();
                let step = |action: &str| serde_json::json!({"changed": {"identifier": "x", "kind": KIND, "action": action, "case_no": new.no, "state": 3}}).to_string();
                for (rev, action) in [(1, "review"), (2, "sign"), (3, "sign")] {
                    let body = step(action);
                    tx.journal(tongban_store::Entry { kind: "credentials.licence", subject, rev, at: now, actor: &Actor::system(), tenant: place.tenant, body: &body })?;
                    let entry = tx.timeline(subject)?.into_iter().find(|entry| entry.rev == rev).unwrap();
                    commands::on_licence(tx, &entry)?;
                    let state = store::find(tx, case.id)?.unwrap().state;
                    assert_eq!(state, if action == "sign" { ends } else { State::Decided }, "{way:?} {note} {action}");
                }
                let delivered = tx.timeline(case.id)?.into_iter().filter(|entry| entry.kind == "cases.delivered").count();
                assert_eq!(delivered, usize::from(ends == State::Closed), "说几遍签成了，只送达一次");
                let receipt = store::document(tx, case.id, DocumentKind::Delivery)?.map(|d| d.content.join("\n")).unwrap_or_default();
                assert!(receipt.contains(told) && !receipt.contains("王秀兰"), "{receipt}");
                assert_eq!(receipt.contains("当场签收"), way == Delivery::Pickup, "只有自取的有人当场签收：{receipt}");
            }
            Ok(())
        })
        .await
        .unwrap();
    })
    .await;
}

/// 即办件要出的证照没有模板：停在已作决定，说清为什么；不能电子送达，发纸质的，交了、寄了就办结。
#[tokio::test(flavor = "multi_thread")]
async fn an_instant_case_whose_licence_has_no_template_is_finished_on_paper() {
    on_each_engine(async |test| {
        let (home, now) = (home(&test.db).await, at(NOW));
        let place = home.place;
        run(&test, move |tx| {
            let offer = Offer { instant: true, promise_days: 0, licence: Some("摊位卡".into()), ..offer_at(place) };
            let window = officer(place, 11, &["cases.read", "cases.receive", "cases.accept", "cases.approve", "cases.deliver"]);
            for wanted in [Delivery::Electronic, Delivery::Pickup, Delivery::Post] {
                let input = Registration { delivery: wanted, allow_same: true, ..registration() };
                let new = commands::register(tx, &window, &offer, &input, RANDOM, now)?;
                let decide = Decide { version: new.version, outcome: Outcome::Granted, reason: String::new() };
                let way = Deliver { version: 0, way: wanted, receiver: "王秀兰".into(), note: "EMS1".into() };
                let case = commands::express(tx, &window, &new.no, &decide, &way, now)?;
                let view = queries::view(tx, &window, &new.no, now)?;
                assert_eq!((case.state, view.paper.as_deref(), view.signed.is_none()), (State::Decided, Some("摊位卡"), true), "不替他先签纸质证照的回证");
                let told = view.steps.iter().find(|step| step.action == "decide").unwrap();
                assert!(told.public && told.opinion.contains("摊位卡做不了电子证照，发纸质证照：还没有“摊位卡”的电子证照模板"), "{}", told.opinion);
                let grant = store::document(tx, case.id, DocumentKind::Grant)?.unwrap().content.join("\n");
                assert!(grant.contains("颁发：摊位卡（纸质）"), "{grant}");
                let electronic = refusal(commands::deliver(tx, &window, &new.no, &Deliver { version: case.version, way: Delivery::Electronic, ..way.clone() }, now));
                assert_eq!(electronic.errors[0].field(), "way");
                let by = if wanted == Delivery::Electronic { Delivery::Pickup } else { wanted };
                let closed = commands::deliver(tx, &window, &new.no, &Deliver { version: case.version, way: by, ..way }, now)?;
                let receipt = store::document(tx, case.id, DocumentKind::Delivery)?.unwrap().content.join("\n");
                assert!(closed.state == State::Closed && receipt.contains("送达的是纸质摊位卡"), "{receipt}");
                let entries = tx.timeline(case.id)?.into_iter().map(|entry| entry.kind).collect::<Vec<_>>();
                assert_eq!(entries, ["cases.submitted", "cases.received", "cases.accepted", "cases.decided", "cases.delivered"], "一个命令一条日志");
            }
            Ok(())
        })
        .await
        .unwrap();
    })
    .await;
}

/// 即办件没有证照、要邮寄又还没单号：停在待寄，填了单号才办结。
#[tokio::test(flavor = "multi_thread")]
async fn an_instant_case_to_be_posted_waits_for_its_number() {
    on_each_engine(async |test| {
        let (home, now) = (home(&test.db).await, at(NOW));
        let place = home.place;
        run(&test, move |tx| {
            let offer = Offer { instant: true, promise_days: 0, licence: None, ..offer_at(place) };
            let window = officer(place, 11, &["cases.read", "cases.receive", "cases.accept", "cases.approve", "cases.deliver"]);
            let input = Registration { delivery: Delivery::Post, ..registration() };
            let new = commands::register(tx, &window, &offer, &input, RANDOM, now)?;
            let decide = Decide { version: new.version, outcome: Outcome::Granted, reason: String::new() };
            let deliver = Deliver { version: 0, way: Delivery::Post, receiver: "王秀兰".into(), note: String::new() };
            let case = commands::express(tx, &window, &new.no, &decide, &deliver, now)?;
            assert_eq!(case.state, State::Decided);
            let missing = refusal(commands::deliver(tx, &window, &new.no, &Deliver { version: case.version, ..deliver.clone() }, now));
            assert_eq!(missing.errors[0].field(), "note");
            let sent = commands::deliver(tx, &window, &new.no, &Deliver { version: case.version, note: "EMS1".into(), ..deliver.clone() }, now)?;
            assert_eq!(sent.state, State::Closed);
            Ok(())
        })
        .await
        .unwrap();
    })
    .await;
}
