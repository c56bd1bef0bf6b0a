//! 事件推送：签名、先后、断线、重试、死信、停用、轮换。

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "webhooks/outage.rs"]
mod outage;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use standardwebhooks::Webhook as Signer;
use tongban_kernel::{Actor, ActorKind, Scope};
use tongban_messages::commands::{self, Subscribe};
use tongban_messages::{dispatch, publish};
use tongban_store::jobs::Job;
use tongban_store::testing::engines;
use tongban_store::{Entry, args};
use tongban_web::testing::TestApp;

/// 一次收到的推送：事件、主题、正文、头。
#[derive(Clone, Debug)]
struct Got {
    id: String,
    subject: String,
    body: Bytes,
    headers: HeaderMap,
}

/// 接收方：按吩咐回答。
#[derive(Clone, Default)]
struct Receiver {
    answer: Arc<AtomicU16>,
    got: Arc<Mutex<Vec<Got>>>,
}

async fn take(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> (StatusCode, [(&'static str, &'static str); 1]) {
    let event: serde_json::Value = serde_json::from_slice(&body).unwrap();
    let id = headers["webhook-id"].to_str().unwrap().to_owned();
    assert_eq!(event["id"], id.as_str());
    receiver.got.lock().unwrap().push(Got { id, subject: event["subject"].as_str().unwrap().to_owned(), body, headers });
    (StatusCode::from_u16(receiver.answer.load(Ordering::Relaxed)).unwrap(), [("retry-after", "7")])
}

impl Receiver {
    async fn listen(port: u16) -> (Self, u16) {
        let receiver = Self::default();
        receiver.answer.store(204, Ordering::Relaxed);
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let router = Router::new().route("/hook", post(take)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (receiver, port)
    }

    fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }
}

fn admin() -> Actor {
    Actor {
        kind: ActorKind::Staff,
        staff: 1,
        post: 1,
        tenant: 1,
        org: 1,
        permissions: Arc::new(["messages.webhooks".to_owned()].into()),
        scope: Scope::tenant(1),
        ..Actor::citizen(1, 0, 3, "管理员")
    }
}

const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

struct Stage {
    app: TestApp,
    hook: i64,
}

impl Stage {
    async fn new(engine: tongban_store::Engine, port: u16) -> Self {
        let app = TestApp::open_with_private_endpoints(engine, vec![tongban_messages::area()]).await.unwrap();
        let wanted = Subscribe { url: format!("http://127.0.0.1:{port}/hook"), event_types: vec!["cn.ywtb.case.*".to_owned()], description: String::new() };
        let input = wanted.checked(true).unwrap();
        let at = app.app.now();
        let hook = app.app.db().write("subscribe", move |tx| commands::subscribe(tx, &admin(), &input, SECRET, at)).await.unwrap();
        Self { app, hook }
    }

    /// 一件办件走到一步。
    async fn happen(&self, kind: &'static str, no: String) {
        let at = self.app.app.now();
        self.app
            .app
            .db()
            .write("happen", move |tx| {
                let (id, body) = (tx.new_id(), serde_json::json!({ "changed": { "case_no": no, "state": "accepted", "tenant": 1 } }).to_string());
                tx.journal(Entry { kind, subject: id, rev: 1, at, actor: &Actor::system(), tenant: 1, body: &body })
            })
            .await
            .unwrap();
    }

    async fn publish(&self) {
        while publish::step(&self.app.app).await.unwrap() > 0 {}
    }

    async fn dispatch(&self) {
        let job = Job { id: 1, kind: dispatch::JOB.to_owned(), payload: format!("{{\"webhook\":{}}}", self.hook), tries: 1, due: self.app.app.now() };
        dispatch::deliver(&self.app.app, &job).await.unwrap();
    }

    async fn sql(&self, sql: &'static str) {
        self.app.app.db().write("test.sql", move |tx| tx.exec(sql, &[]).map(|_| ())).await.unwrap();
    }

    /// 待投、已送达、死信各几条。
    async fn counts(&self) -> (i64, i64, i64) {
        let hook = self.hook;
        let rows: Vec<(i64, i64)> = self
            .app
            .app
            .db()
            .read("test.counts", move |tx| {
                tx.rows("SELECT state, COUNT(*) FROM messages_deliveries WHERE webhook = $1 GROUP BY state", args![hook], |r| Ok((r.get(0)?, r.get(1)?)))
            })
            .await
            .unwrap();
        let of = |state: i64| rows.iter().find(|(known, _)| *known == state).map_or(0, |(_, n)| *n);
        (of(0), of(1), of(2))
    }

    async fn standing(&self) -> String {
        let hook = self.hook;
        let sql = "SELECT state FROM messages_webhooks WHERE id = $1";
        self.app.app.db().read("test.state", move |tx| tx.row(sql, args![hook], |r| r.get::<String>(0))).await.unwrap().unwrap()
    }
}

const STEPS: [&str; 3] = ["cases.submitted", "cases.accepted", "cases.decided"];

fn subjects_in_order(got: &[Got]) {
    let mut last: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
    for one in got {
        let (lane, seq) = one.id.split_once('-').map(|(lane, seq)| (lane.parse().unwrap(), seq.parse().unwrap())).unwrap();
        let before = last.insert(&one.subject, (lane, seq)).unwrap_or((lane, 0));
        assert!(before.0 != lane || before.1 < seq, "{} 的事件颠倒了", one.subject);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_wanted_event_arrives_once_signed_and_in_order_per_case() {
    for engine in engines() {
        let (receiver, port) = Receiver::listen(0).await;
        let stage = Stage::new(engine, port).await;
        for step in STEPS {
            for n in 0..20 {
                stage.happen(step, format!("510811-20261123-{n:06}")).await;
            }
        }
        stage.happen("evaluation.invited", "不推".to_owned()).await;
        stage.publish().await;
        stage.publish().await;
        stage.dispatch().await;
        stage.dispatch().await;
        let got = receiver.got();
        assert_eq!(got.len(), 60, "{engine:?}");
        subjects_in_order(&got);
        let signer = Signer::new(SECRET).unwrap();
        assert!(got.iter().all(|one| signer.verify(&one.body, &one.headers).is_ok()));
        let other = [got[0].body.as_ref(), b" "].concat();
        assert!(signer.verify(&other, &got[0].headers).is_err(), "改一个字节也验过了");
        assert_eq!(stage.counts().await, (0, 60, 0));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_of_the_receiver_loses_nothing() {
    for engine in engines() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let stage = Stage::new(engine, port).await;
        for n in 0..500 {
            for step in STEPS {
                stage.happen(step, format!("510811-20261123-{n:06}")).await;
            }
        }
        stage.publish().await;
        stage.dispatch().await;
        assert_eq!(stage.counts().await, (1500, 0, 0), "{engine:?}");
        let (receiver, _) = Receiver::listen(port).await;
        // 断线期间不去敲门：暂停没有到点之前什么也不发
        stage.dispatch().await;
        assert!(receiver.got().is_empty());
        let begun = Instant::now();
        while stage.counts().await != (0, 1500, 0) {
            assert!(begun.elapsed() < Duration::from_secs(120), "{engine:?}：{:?}", stage.counts().await);
            tokio::time::sleep(Duration::from_millis(500)).await;
            stage.dispatch().await;
        }
        let got = receiver.got();
        assert_eq!(got.len(), 1500, "{engine:?}");
        subjects_in_order(&got);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_outage_piles_up_no_jobs_and_ends_in_a_stop_that_keeps_the_events() {
    for engine in engines() {
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let stage = Stage::new(engine, port).await;
        for n in 0..30 {
            stage.happen("cases.accepted", format!("510811-20261123-{n:06}")).await;
            stage.publish().await;
            stage.dispatch().await;
        }
        // 没有人领任务：再多事件、再多次敲门，也只有眼下一件与约好的一件
        let jobs: i64 = stage.app.app.db().read("jobs", |tx| tx.row("SELECT COUNT(*) FROM jobs WHERE kind = 'messages.deliver'", &[], |r| r.get(0))).await.unwrap().unwrap();
        assert!((1..=2).contains(&jobs), "{engine:?}：积了 {jobs} 件任务");
        stage.sql("UPDATE messages_webhooks SET failures = 4320, paused_until = 0").await;
        stage.sql("UPDATE messages_deliveries SET next_at = 0").await;
        stage.dispatch().await;
        assert_eq!((stage.counts().await, stage.standing().await.as_str()), ((30, 0, 0), "disabled"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_event_keeps_its_id_and_gets_a_new_signature() {
    let (receiver, port) = Receiver::listen(0).await;
    let stage = Stage::new(engines()[0], port).await;
    receiver.answer.store(500, Ordering::Relaxed);
    stage.happen("cases.accepted", "510811-20261123-000001".to_owned()).await;
    stage.happen("cases.decided", "510811-20261123-000001".to_owned()).await;
    stage.publish().await;
    stage.dispatch().await;
    assert_eq!(receiver.got().len(), 1, "同一件的后一条要等前一条");
    stage.dispatch().await;
    assert_eq!(receiver.got().len(), 1, "没有到点就再试了");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    stage.sql("UPDATE messages_deliveries SET next_at = 0").await;
    receiver.answer.store(200, Ordering::Relaxed);
    stage.dispatch().await;
    let got = receiver.got();
    assert_eq!(got.len(), 3);
    assert_eq!(got[0].id, got[1].id);
    assert_ne!(got[0].headers["webhook-timestamp"], got[1].headers["webhook-timestamp"]);
    assert_ne!(got[0].headers["webhook-signature"], got[1].headers["webhook-signature"]);
    assert_eq!(stage.counts().await, (0, 2, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_tenth_failure_is_a_dead_letter_and_stops_the_endpoint() {
    let (receiver, port) = Receiver::listen(0).await;
    let stage = Stage::new(engines()[0], port).await;
    receiver.answer.store(503, Ordering::Relaxed);
    stage.happen("cases.accepted", "510811-20261123-000001".to_owned()).await;
    stage.publish().await;
    for _ in 0..10 {
        stage.sql("UPDATE messages_deliveries SET next_at = 0").await;
        stage.dispatch().await;
    }
    assert_eq!(receiver.got().len(), 10);
    assert_eq!((stage.counts().await, stage.standing().await.as_str()), ((0, 0, 1), "disabled"));
    // 管理员启用、重投
    receiver.answer.store(204, Ordering::Relaxed);
    let (hook, at) = (stage.hook, stage.app.app.now());
    let db = stage.app.app.db();
    db.write("enable", move |tx| commands::stand(tx, &admin(), hook, tongban_messages::model::Standing::Active, at)).await.unwrap();
    db.write("revive", move |tx| commands::redeliver(tx, &admin(), hook, None, at)).await.unwrap();
    stage.dispatch().await;
    assert_eq!(stage.counts().await, (0, 1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn gone_stops_at_once_and_too_many_is_obeyed() {
    let (receiver, port) = Receiver::listen(0).await;
    let stage = Stage::new(engines()[0], port).await;
    receiver.answer.store(429, Ordering::Relaxed);
    stage.happen("cases.accepted", "510811-20261123-000001".to_owned()).await;
    stage.publish().await;
    let before = stage.app.app.now().as_millisecond();
    stage.dispatch().await;
    let next: i64 = stage.app.app.db().read("next", |tx| tx.row("SELECT next_at FROM messages_deliveries", &[], |r| r.get(0))).await.unwrap().unwrap();
    assert!((6_900..9_000).contains(&(next - before)), "{}", next - before);
    stage.sql("UPDATE messages_deliveries SET next_at = 0").await;
    receiver.answer.store(410, Ordering::Relaxed);
    stage.dispatch().await;
    assert_eq!((stage.counts().await, stage.standing().await.as_str()), ((0, 0, 1), "disabled"));
}

#[tokio::test(flavor = "multi_thread")]
async fn both_keys_sign_while_rotating() {
    const NEW: &str = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU=";
    let (receiver, port) = Receiver::listen(0).await;
    let stage = Stage::new(engines()[0], port).await;
    let (hook, at) = (stage.hook, stage.app.app.now());
    stage.app.app.db().write("rotate", move |tx| commands::rotate(tx, &admin(), hook, NEW, at)).await.unwrap();
    stage.happen("cases.accepted", "510811-20261123-000001".to_owned()).await;
    stage.publish().await;
    stage.dispatch().await;
    let got = receiver.got();
    for key in [SECRET, NEW] {
        assert!(Signer::new(key).unwrap().verify(&got[0].body, &got[0].headers).is_ok(), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_county_sees_nothing_and_mistakes_keep_the_input() {
    for engine in engines() {
        let stage = Stage::new(engine, 9).await;
        let token = stage.app.sign_in(admin());
        let other = stage.app.sign_in(Actor { tenant: 2, org: 2, scope: Scope::tenant(2), ..admin() });
        let path = format!("/admin/webhooks/{}", stage.hook);
        assert_eq!(stage.app.get(&path, &token).await.unwrap().status, StatusCode::OK);
        assert_eq!(stage.app.get(&path, &other).await.unwrap().status, StatusCode::NOT_FOUND);
        for action in ["test", "rotate", "disable", "revive", "remove"] {
            let answer = stage.app.post_form(&format!("{path}/actions/{action}"), &other, &[]).await.unwrap();
            assert_eq!(answer.status, StatusCode::NOT_FOUND, "{action}");
        }
        let answer = stage.app.post_form("/admin/webhooks", &token, &[("url", "ftp://例子"), ("description", "对接厂商甲")]).await.unwrap();
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("只能推送到 HTTPS") && answer.body.contains("请至少选一种事件") && answer.body.contains("对接厂商甲"), "{}", answer.body);
        let made = stage.app.post_json("/api/v1/webhooks", &token, &serde_json::json!({ "url": "https://hooks.example.cn/x", "event_types": ["*"] })).await.unwrap();
        assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
        assert!(made.json().unwrap()["secret"].as_str().unwrap().starts_with("whsec_"));
        let listed = stage.app.get("/api/v1/webhooks", &token).await.unwrap().json().unwrap();
        assert_eq!(listed["items"].as_array().unwrap().len(), 2);
        assert!(listed["items"][0]["secret"].is_null());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_prepares_on_both_engines() {
    for engine in engines() {
        let app = TestApp::open(engine, vec![tongban_messages::area()]).await.unwrap();
        for statement in tongban_messages::store::STATEMENTS.iter().copied().flatten().copied() {
            let prepared = app.app.db().write("prepare", move |tx| tx.prepare(statement)).await;
            assert!(prepared.is_ok(), "{engine:?}：{statement}\n{prepared:?}");
        }
    }
}
