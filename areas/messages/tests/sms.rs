//! 短信：带签名交给网关，停了再试不丢不重，试完进死信看得见；没有通道就留在出箱里，不假装发出。

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "测试")]

use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use standardwebhooks::Webhook as Signer;
use tongban_kernel::{Actor, ActorKind, Scope};
use tongban_messages::sms;
use tongban_store::args;
use tongban_store::testing::engines;
use tongban_web::app::Config;
use tongban_web::testing::TestApp;

const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";
type Got = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// 一个网关：按吩咐回答，记下收到的。
async fn gateway() -> (String, Arc<AtomicU16>, Got) {
    let (answer, got) = (Arc::new(AtomicU16::new(200)), Got::default());
    let (a, g) = (Arc::clone(&answer), Arc::clone(&got));
    let take = move |headers: HeaderMap, body: Bytes| {
        let status = StatusCode::from_u16(a.load(Ordering::Relaxed)).unwrap();
        if status.is_success() {
            g.lock().unwrap().push((headers, body));
        }
        async move { status }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/sms", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/sms", post(take))).await });
    (url, answer, got)
}

async fn open(engine: tongban_store::Engine, url: &str) -> TestApp {
    let areas = vec![tongban_directory::area(), tongban_parties::area(), tongban_messages::area()];
    let (url, secret) = (url.to_owned(), SECRET.to_owned());
    TestApp::open_with(engine, areas, |config| Config { sms_url: url, sms_secret: secret, private_endpoints: true, ..config }).await.unwrap()
}

async fn send(app: &TestApp, text: &'static str) {
    let at = app.app.now();
    app.app.db().write("t", move |tx| sms::to_mobile(tx, "13900008888", text, at)).await.unwrap();
    app.app.settle().await.unwrap();
}

async fn outbox(app: &TestApp, state: &str) -> usize {
    let admin = Actor {
        kind: ActorKind::Staff,
        staff: 1,
        permissions: Arc::new(["messages.read".to_owned()].into()),
        scope: Scope::tenant(1),
        ..Actor::citizen(1, 0, 3, "管理员")
    };
    app.get(&format!("/admin/sms?state={state}"), &app.sign_in(admin)).await.unwrap().body.matches("139****8888").count()
}

/// 让等着重试的任务现在就试。
async fn hurry(app: &TestApp) {
    app.app.db().write("t", |tx| tx.exec("UPDATE jobs SET due = 0 WHERE state = 0 AND due > $1", args![0_i64]).map(drop)).await.unwrap();
    app.app.settle().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_gets_each_message_once_signed_and_an_outage_loses_none() {
    for engine in engines() {
        let (url, answer, got) = gateway().await;
        let app = open(engine, &url).await;
        send(&app, "您的申请已提交。").await;
        let (headers, body) = got.lock().unwrap()[0].clone();
        Signer::new(SECRET).unwrap().verify(&body, &headers).unwrap();
        let sent: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((sent["to"].as_str(), sent["text"].as_str()), (Some("13900008888"), Some("您的申请已提交。")));
        // 网关停着：留着，再试；好了都送到，一条不多
        answer.store(503, Ordering::Relaxed);
        send(&app, "材料要补正。").await;
        hurry(&app).await;
        assert_eq!(outbox(&app, "sent").await, 1);
        assert_eq!(got.lock().unwrap().len(), 1);
        answer.store(200, Ordering::Relaxed);
        hurry(&app).await;
        hurry(&app).await;
        let ids: std::collections::BTreeSet<_> = got.lock().unwrap().iter().map(|(headers, _)| headers["webhook-id"].to_str().unwrap().to_owned()).collect();
        assert_eq!((got.lock().unwrap().len(), ids.len()), (2, 2), "{engine:?}");
        assert_eq!(outbox(&app, "sent").await, 2, "{engine:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_sent_ends_as_a_visible_dead_letter() {
    for engine in engines() {
        let (url, answer, got) = gateway().await;
        answer.store(500, Ordering::Relaxed);
        let app = open(engine, &url).await;
        send(&app, "已准予。").await;
        for _ in 0..10 {
            hurry(&app).await;
        }
        assert_eq!(outbox(&app, "sent").await, 0, "没送到的不说送到了");
        assert!(got.lock().unwrap().is_empty());
        let dead = app.app.db().read("t", |tx| tx.row("SELECT COUNT(*) FROM jobs WHERE state = 2 AND kind = $1", args![sms::JOB], |r| r.get::<i64>(0))).await.unwrap();
        assert_eq!(dead, Some(1), "{engine:?}：试完进死信");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_channel_the_message_stays_in_the_outbox() {
    for engine in engines() {
        let app = open(engine, "").await;
        send(&app, "已受理。").await;
        assert_eq!((outbox(&app, "no_channel").await, outbox(&app, "sent").await), (1, 0));
        // 登记过的人没有手机，或没有这个人：不留空条
        let at = app.app.now();
        app.app.db().write("t", move |tx| sms::to_person(tx, 424_242, "请评价：", "/r/x", at)).await.unwrap();
        app.app.settle().await.unwrap();
        assert_eq!(outbox(&app, "no_channel").await, 1);
    }
}
