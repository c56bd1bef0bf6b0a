//! 用真的事项区、当事人区、机构区走：申办单个事项与一件事。
#![allow(clippy::unwrap_used, reason = "测试")]

#[path = "real/imports.rs"]
mod imports;
#[path = "real/proxy.rs"]
mod proxy;

use std::sync::Arc;

use jiff::Timestamp;
use tongban_cases::model::{BundleState, MemberState, Outcome};
use tongban_cases::store::bundles;
use tongban_cases::{commands, queries, store};
use tongban_items::commands::Implementer;
use tongban_items::importer::{self, Resolver, Sources};
use tongban_items::model::codes::UseLevel;
use tongban_kernel::{Actor, ActorKind, Place, Scope};
use tongban_store::Tx;
use tongban_store::testing::engines;
use tongban_web::testing::TestApp;

const COUNTY: &str = "seq,dept_name,main_item,name,task_type,local_catalog_code,dept_code
1,区行政审批局,,食品(含保健食品)经营许可核发,01,511A01,115113016823646795
2,区人社局,,社会保障卡申领,20,512B01,2222222222222
";
const TOWN: &str = "seq,name,task_type,business_line,town_role,project_type,legal_workdays,promise_workdays,visits,user_type\n";
const BUNDLES: &str = "seq,bundle_name,user_object,lead_line,member_items
11,开店一件事,自然人,市场监管,社会保障卡申领;食品(含保健食品)经营许可核发
";

fn resolver() -> Resolver {
    Arc::new(|_: &mut Tx<'_>, name: &str| {
        let unit = if name == "区人社局" { 102 } else { 101 };
        Ok(Some(Implementer {
            place: Place { tenant: 1, unit, org: unit },
            name: name.to_owned(),
            uscc: if unit == 102 { "11510811MB0000019T" } else { "11510811000000019M" }.to_owned(),
            division: "510811000000".to_owned(),
            level: UseLevel::County,
        }))
    })
}

async fn open(engine: tongban_store::Engine) -> (TestApp, Actor) {
    let areas = vec![
        tongban_directory::area(),
        tongban_parties::area(),
        tongban_messages::area(),
        tongban_items::area(),
        tongban_credentials::area(),
        tongban_cases::area(),
    ];
    let app = TestApp::open(engine, areas).await.unwrap();
    let sources = Sources {
        county: COUNTY,
        town: TOWN,
        bundles: BUNDLES,
        members: "member,item\n",
        definitions: "- {number: 11, members: [{key: m2, after: [m1]}]}",
        complete: Arc::new(tongban_items::complete::built_in().unwrap()),
        towns: Arc::new(Vec::new()),
    };
    let actor = Actor { tenant: 1, ..Actor::system() };
    let at: Timestamp = "2026-01-05T02:00:00Z".parse().unwrap();
    importer::import_all(app.app.db(), &actor, &sources, resolver(), at, &mut |_, _, _| {}).await.unwrap();
    let me = app
        .app
        .db()
        .write("t", move |tx| {
            let new = tongban_parties::model::Registration {
                mobile: "13900008888".into(),
                name: "王秀兰".into(),
                id_number: "510811198512120022".into(),
                password: "x".into(),
            };
            let account = tongban_parties::commands::register(tx, &new, 3, at)?;
            let person = tongban_parties::queries::account_for_login(tx, "13900008888")?.unwrap().person;
            Ok(Actor::citizen(account, person, 3, "王**"))
        })
        .await
        .unwrap();
    app.app.settle().await.unwrap();
    (app, me)
}

/// 一张页面上的输入框都填上能过的值。
fn fill(body: &str) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> = Vec::new();
    let attribute = |tag: &str, name: &str| tag.split_once(&format!("{name}=\"")).and_then(|(_, rest)| rest.split_once('"')).map(|(value, _)| value.to_owned());
    let main = body.split_once("<main").map_or(body, |(_, rest)| rest);
    for tag in main.split("<select").skip(1) {
        let options = tag.split("</select").next().unwrap_or("").split("<option").skip(1);
        let value = options.filter_map(|option| attribute(option, "value")).find(|value| !value.is_empty());
        fields.extend(attribute(tag, "name").zip(value));
    }
    for tag in main.split('<').filter(|tag| tag.starts_with("input") || tag.starts_with("textarea")) {
        let (Some(name), kind) = (attribute(tag, "name"), attribute(tag, "type").unwrap_or_default()) else { continue };
        if name.starts_with('_') || matches!(kind.as_str(), "hidden" | "search" | "submit") {
            continue;
        }
        let value = match kind.as_str() {
            "radio" | "checkbox" => {
                if fields.iter().any(|(known, _)| *known == name) {
                    continue;
                }
                attribute(tag, "value").unwrap_or_default()
            }
            "tel" => "13900008888".to_owned(),
            "date" => "2026-01-05".to_owned(),
            "number" => "46".to_owned(),
            _ if tag.contains("inputmode=\"decimal\"") || tag.contains("inputmode=\"numeric\"") => "46".to_owned(),
            _ => attribute(tag, "value").filter(|value| !value.is_empty()).unwrap_or_else(|| "新街一号".to_owned()),
        };
        fields.push((name, value));
    }
    fields
}

async fn post(app: &TestApp, path: &str, token: &str, fields: &[(String, String)]) -> tongban_web::testing::Answer {
    let pairs: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    app.post_form(path, token, &pairs).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_one_application_and_children_follow_each_other() {
    for engine in engines() {
        let (app, me) = open(engine).await;
        let token = app.sign_in(me.clone());
        let start = app.get("/apply/bundle/11", &token).await.unwrap();
        assert!(start.body.contains("开店一件事"), "{}", start.body);
        let begun = post(&app, "/apply/bundle/11", &token, &fill(&start.body)).await;
        assert_eq!(begun.status, 303, "{}", begun.body);
        let base = begun.location().trim_end_matches("/form/1").to_owned();
        for n in 1..=2 {
            let page = app.get(&format!("{base}/form/{n}"), &token).await.unwrap();
            let saved = post(&app, &format!("{base}/form/{n}"), &token, &fill(&page.body)).await;
            assert_eq!(saved.status, 303, "第 {n} 页：{}", saved.body);
        }
        // 材料直接挂上
        let draft_token = base.trim_start_matches("/a/").to_owned();
        let (actor, bundle) = (me.clone(), draft_token.clone());
        let at = app.app.now();
        let bundle = app
            .app
            .db()
            .write("t", move |tx| {
                let draft = commands::open_draft(tx, &actor, &bundle)?;
                let definition = tongban_cases::offer::bundle::definition(tx, 11)?.unwrap();
                let offer = tongban_cases::offer::bundle::merged(&definition, &draft.body.situations);
                for material in &offer.materials {
                    let file = tongban_cases::model::FileRef { id: "ab".into(), name: "件.png".into(), size: 9, media_type: "image/png".into() };
                    commands::attach(tx, &actor, &offer, &bundle, &material.key, &file, at)?;
                }
                let random = [7_u8; commands::BUNDLE_RANDOM];
                let made = commands::submit_bundle(tx, &actor, &bundle, tongban_cases::model::Channel::Computer, &random, at)?;
                let again = commands::submit_bundle(tx, &actor, &bundle, tongban_cases::model::Channel::Computer, &random, at)?;
                assert_eq!(made.id, again.id, "再交一次还是那一件");
                Ok(made)
            })
            .await
            .unwrap();
        assert_eq!(bundle.state, BundleState::Processing);
        let id = bundle.id;
        let states = async || app.app.db().snapshot("t", move |tx| bundles::members(tx, id)).await.unwrap();
        let members = states().await;
        assert_eq!(members.iter().map(|m| m.state).collect::<Vec<_>>(), [MemberState::Running, MemberState::Waiting], "{members:?}");
        let page = app.get(&format!("/me/bundles/{}", bundle.no), &token).await.unwrap();
        assert!(page.body.contains("等前面的办好") && page.body.contains(&members[0].case_no));
        let stranger = app.sign_in(Actor::citizen(9, 9, 3, "李*"));
        assert_eq!(app.get(&format!("/me/bundles/{}", bundle.no), &stranger).await.unwrap().status, 404);

        grant(&app, &members[0].case_no).await;
        app.app.settle().await.unwrap();
        let members = states().await;
        assert_eq!(members.iter().map(|m| m.state).collect::<Vec<_>>(), [MemberState::Granted, MemberState::Running], "{members:?}");
        // 后一件不予：整件事“部分办好”
        deny(&app, &members[1].case_no).await;
        app.app.settle().await.unwrap();
        let found = app.app.db().snapshot("t", move |tx| bundles::find(tx, id)).await.unwrap().unwrap();
        assert_eq!(found.state, BundleState::PartiallyClosed);
        // 子件仍是普通办件，申请人看得到
        let (actor, no) = (me.clone(), members[1].case_no.clone());
        assert!(app.app.db().snapshot("t", move |tx| queries::view(tx, &actor, &no, at)).await.is_ok());
    }
}

fn officer() -> Actor {
    Actor { kind: ActorKind::System, scope: Scope::tenant(1), ..Actor::system() }
}

async fn grant(app: &TestApp, no: &str) {
    settle(app, no, Outcome::Granted).await;
}

async fn deny(app: &TestApp, no: &str) {
    settle(app, no, Outcome::Denied).await;
}

async fn settle(app: &TestApp, no: &str, outcome: Outcome) {
    let (no, at) = (no.to_owned(), app.app.now());
    app.app
        .db()
        .write("t", move |tx| {
            let case = commands::receive(tx, &officer(), &no, 1, at)?;
            let mut case = commands::accept(tx, &officer(), &no, case.version, "", at)?;
            while case.stage + 1 < case.flow.stages(case.single_post).len() {
                case = commands::forward(tx, &officer(), &no, &commands::Forward { version: case.version, ..Default::default() }, at)?;
            }
            let decide = commands::Decide { version: case.version, outcome, reason: "不符合条件".into() };
            commands::decide(tx, &officer(), &no, &decide, at)
        })
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_items_flow_becomes_the_case_flow() {
    for engine in engines() {
        let (app, _) = open(engine).await;
        let offer = app
            .app
            .db()
            .snapshot("t", |tx| {
                let found = tongban_items::queries::offers(tx, 1, "食品", 5)?;
                tongban_cases::offer::current(tx, &found[0].0)
            })
            .await
            .unwrap()
            .unwrap();
        let stages: Vec<_> = offer.flow.stages(offer.single_post).into_iter().map(|stage| stage.name).collect();
        assert_eq!(stages, ["审查", "审核", "决定"]);
        assert!(offer.doc_prefix.is_none());
        let _ = store::MIGRATIONS;
    }
}
