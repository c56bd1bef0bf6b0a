//! 授权在两种引擎上走一遍：同意才生效、范围与期限、解除立即失效、单位授权、页面。
#![allow(clippy::unwrap_used, reason = "测试")]

use jiff::Timestamp;
use jiff::civil::date;
use tongban_kernel::codes::Uscc;
use tongban_kernel::{Actor, Problem};
use tongban_parties::commands::grants::{self, Ask};
use tongban_parties::commands::{self, Added};
use tongban_parties::model::Registration;
use tongban_parties::queries::grants::{self as queries, Grant, GrantAct, GrantKind, GrantScope, GrantState};
use tongban_parties::rules::grants::Terms;
use tongban_store::testing::{TestDb, engines};
use tongban_store::{Error, Result, Tx};
use tongban_web::App;
use tongban_web::testing::TestApp;

const ITEM: &str = "11510811MB0000027M451200000100001";
const OTHER: &str = "11510811MB0000027M451200000100002";

fn at(text: &str) -> Timestamp {
    format!("{text}+08:00").parse().unwrap()
}

fn terms(kind: GrantKind, relation: &str, scope: GrantScope, items: &str) -> Terms {
    Terms { kind, relation: relation.into(), scope, items: items.into(), until: date(2027, 3, 1) }
}

async fn run<T: Send + 'static>(test: &TestDb, work: impl FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static) -> Result<T> {
    test.db.write("test", work).await
}

fn refusal<T: std::fmt::Debug>(result: Result<T>) -> Problem {
    match result {
        Err(Error::Refused(problem)) => *problem,
        other => panic!("应被拒绝，却是 {other:?}"),
    }
}

/// 注册一个人，返回他的身份。
async fn person(test: &TestDb, name: &str, id: &str, mobile: &str, level: i64) -> Actor {
    let new = Registration { name: name.into(), id_number: id.into(), mobile: mobile.into(), password: "x".into() };
    let mobile = mobile.to_owned();
    run(test, move |tx| {
        let account = commands::register(tx, &new, level, at("2026-11-23T09:00"))?;
        let person = tongban_parties::queries::account_for_login(tx, &mobile)?.unwrap().person;
        Ok(Actor::citizen(account, person, u8::try_from(level).unwrap(), "某*"))
    })
    .await
    .unwrap()
}

async fn open(engine: tongban_store::Engine) -> (TestDb, Actor, Actor, Actor) {
    let areas = [tongban_directory::area(), tongban_parties::area()];
    let test = TestDb::open(engine, &App::migrations(&areas)).await.unwrap();
    let old = person(&test, "李大娘", "510811198512120022", "13900000002", 3).await;
    let son = person(&test, "王小明", "510811199003070017", "13900000001", 3).await;
    let stranger = person(&test, "张三", "510802197001010031", "13900000003", 2).await;
    (test, old, son, stranger)
}

async fn settle(test: &TestDb, actor: &Actor, grant: &Grant, act: GrantAct, now: &str) -> Result<Grant> {
    let (actor, id, version, now) = (actor.clone(), grant.id, grant.version, at(now));
    run(test, move |tx| grants::settle(tx, &actor, id, version, act, now)).await
}

async fn may(test: &TestDb, agent: &Actor, principal: &Actor, item: &'static str, scope: GrantScope, now: &str) -> bool {
    let (agent, principal, now) = (agent.person, principal.person, at(now));
    run(test, move |tx| queries::proxy(tx, agent, principal, item, scope, now)).await.unwrap().is_some()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_proxy_counts_only_when_accepted_within_scope_and_until_revoked() {
    for engine in engines() {
        let (test, old, son, stranger) = open(engine).await;
        let now = at("2026-11-23T10:00");
        let (me, other) = (old.clone(), son.person);
        let grant = run(&test, move |tx| grants::offer_proxy(tx, &me, other, Ask::Give, &terms(GrantKind::Proxy, "child", GrantScope::Apply, ITEM), now)).await.unwrap();
        assert!(!may(&test, &son, &old, ITEM, GrantScope::Track, "2026-11-23T10:01").await, "没同意不算");
        assert_eq!(refusal(settle(&test, &old, &grant, GrantAct::Accept, "2026-11-23T10:01").await).code.as_str(), "conflict");
        assert_eq!(refusal(settle(&test, &stranger, &grant, GrantAct::Accept, "2026-11-23T10:01").await).code.as_str(), "not-found");
        let active = settle(&test, &son, &grant, GrantAct::Accept, "2026-11-23T10:02").await.unwrap();
        assert_eq!(active.state, GrantState::Active);
        assert_eq!(refusal(settle(&test, &son, &grant, GrantAct::Accept, "2026-11-23T10:03").await).code.as_str(), "precondition-failed");
        assert!(may(&test, &son, &old, ITEM, GrantScope::Apply, "2026-11-24T10:00").await);
        assert!(!may(&test, &son, &old, OTHER, GrantScope::Track, "2026-11-24T10:00").await, "只限那一个事项");
        assert!(!may(&test, &old, &son, ITEM, GrantScope::Track, "2026-11-24T10:00").await, "授权是单向的");
        assert!(may(&test, &son, &old, ITEM, GrantScope::Apply, "2027-03-01T23:00").await);
        assert!(!may(&test, &son, &old, ITEM, GrantScope::Apply, "2027-03-02T00:30").await, "过期");
        let (me, other) = (old.clone(), son.person);
        let again = run(&test, move |tx| grants::offer_proxy(tx, &me, other, Ask::Give, &terms(GrantKind::Proxy, "child", GrantScope::Apply, ""), now)).await;
        assert_eq!(refusal(again).code.as_str(), "conflict", "一对人只有一份");
        settle(&test, &son, &active, GrantAct::Revoke, "2026-11-25T10:00").await.unwrap();
        assert!(!may(&test, &son, &old, ITEM, GrantScope::Track, "2026-11-25T10:00").await, "解除立即失效");
        let kinds: Vec<_> = run(&test, move |tx| tx.timeline(grant.id)).await.unwrap().into_iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, ["parties.grant_offered", "parties.granted", "parties.grant_revoked"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_confirmed_by_the_person_represented_who_is_fully_identified() {
    for engine in engines() {
        let (test, old, _, stranger) = open(engine).await;
        let now = at("2026-11-23T10:00");
        let (me, other) = (stranger.clone(), old.person);
        let low = run(&test, move |tx| grants::offer_proxy(tx, &me, other, Ask::Give, &terms(GrantKind::Proxy, "relative", GrantScope::Track, ""), now)).await;
        assert_eq!(refusal(low).code.as_str(), "forbidden", "授权要 3 级");
        let (me, other) = (stranger.clone(), old.person);
        let asked = run(&test, move |tx| grants::offer_proxy(tx, &me, other, Ask::Request, &terms(GrantKind::Proxy, "relative", GrantScope::Track, ""), now)).await.unwrap();
        assert_eq!(refusal(settle(&test, &stranger, &asked, GrantAct::Accept, "2026-11-23T10:01").await).code.as_str(), "conflict", "不能替本人同意");
        settle(&test, &old, &asked, GrantAct::Accept, "2026-11-23T10:02").await.unwrap();
        assert!(may(&test, &stranger, &old, ITEM, GrantScope::Track, "2026-11-23T10:03").await);
        assert!(!may(&test, &stranger, &old, ITEM, GrantScope::Apply, "2026-11-23T10:03").await, "只看进度");
        let me = old.clone();
        let own = run(&test, move |tx| grants::offer_proxy(tx, &me, me.person, Ask::Give, &terms(GrantKind::Proxy, "child", GrantScope::Apply, ""), now)).await;
        assert_eq!(refusal(own).code.as_str(), "validation-failed");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_company_is_entered_only_with_its_head_s_consent() {
    for engine in engines() {
        let (test, boss, clerk, stranger) = open(engine).await;
        let now = at("2026-11-23T10:00");
        let add = |actor: &Actor, role: &'static str| {
            let actor = actor.clone();
            let code = Uscc::parse("91510811MA00000154").unwrap();
            run(&test, move |tx| commands::add_company(tx, &actor, &code, "昭化某餐饮公司", role, now))
        };
        let Added::Acting(legal) = add(&boss, "legal_person").await.unwrap() else { panic!("第一位登记的就是法定代表人") };
        assert_eq!(refusal(add(&stranger, "legal_person").await).errors[0].field(), "role");
        assert_eq!(add(&stranger, "agent").await.unwrap(), Added::Asked(legal));
        let person = stranger.person;
        assert!(run(&test, move |tx| tongban_parties::queries::agencies(tx, person, 20_261_123)).await.unwrap().is_empty(), "没同意前进不去");
        let (actor, other) = (boss.clone(), clerk.person);
        let grant = run(&test, move |tx| grants::offer_agent(tx, &actor, legal, other, &terms(GrantKind::Agent, "agent", GrantScope::Apply, ITEM), now)).await.unwrap();
        let active = settle(&test, &clerk, &grant, GrantAct::Accept, "2026-11-23T11:00").await.unwrap();
        let acting = Actor { legal_entity: legal, ..clerk.clone() };
        let within = |item: &'static str, now: &'static str| {
            let acting = acting.clone();
            run(&test, move |tx| queries::acts_within(tx, &acting, item, at(now)))
        };
        assert!(within(ITEM, "2026-11-23T11:01").await.unwrap());
        assert!(!within(OTHER, "2026-11-23T11:01").await.unwrap(), "事项范围");
        assert!(!within(ITEM, "2027-03-02T11:01").await.unwrap(), "期限");
        let (actor, other) = (acting.clone(), stranger.person);
        let passed_on = run(&test, move |tx| grants::offer_agent(tx, &actor, legal, other, &terms(GrantKind::Agent, "agent", GrantScope::Apply, ""), now)).await;
        assert_eq!(refusal(passed_on).code.as_str(), "not-found", "经办人不能转授权");
        settle(&test, &boss, &active, GrantAct::Revoke, "2026-11-24T09:00").await.unwrap();
        assert!(!within(ITEM, "2026-11-24T09:00").await.unwrap(), "解除立即失效");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_tells_every_mistake_and_keeps_what_was_typed() {
    for engine in engines() {
        let app = TestApp::open(engine, vec![tongban_directory::area(), tongban_parties::area()]).await.unwrap();
        let new = Registration { name: "李大娘".into(), id_number: "510811198512120022".into(), mobile: "13900000002".into(), password: "x".into() };
        let me = app
            .app
            .db()
            .write("t", move |tx| {
                let account = commands::register(tx, &new, 3, at("2026-11-23T09:00"))?;
                let person = tongban_parties::queries::account_for_login(tx, "13900000002")?.unwrap().person;
                Ok(Actor::citizen(account, person, 3, "李**"))
            })
            .await
            .unwrap();
        let token = app.sign_in(me);
        let page = app.get("/me/agents", &token).await.unwrap();
        assert_eq!(page.status, 200, "{}", page.body);
        let bad = app.post_form("/me/agents", &token, &[("name", "王小明"), ("id_number", "123"), ("relation", "x"), ("scope", "apply"), ("until", "2020-01-01")]).await.unwrap();
        assert_eq!(bad.status, 422);
        for wanted in ["id_number", "请选择对方是您的什么人", "请填到哪天为止", "王小明"] {
            assert!(bad.body.contains(wanted), "{wanted}：{}", bad.body);
        }
    }
}
