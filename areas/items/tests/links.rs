//! 网办地址巡检：打不开的记 Q24、指南不再算准确，修好了下一轮恢复；同一网址只查一次。
#![allow(clippy::unwrap_used, reason = "测试")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;
use tongban_items::{links, store, testing};
use tongban_kernel::{Actor, Place};
use tongban_store::testing::engines;
use tongban_web::testing::TestApp;

const DEPT: &str = "11510811MB0000027M";

/// 一个能关能开的网站，数着被问了几次。
async fn site() -> (String, Arc<AtomicBool>, Arc<AtomicUsize>) {
    let (open, asked) = (Arc::new(AtomicBool::new(true)), Arc::new(AtomicUsize::new(0)));
    let (o, a) = (Arc::clone(&open), Arc::clone(&asked));
    let page = move || {
        a.fetch_add(1, Ordering::Relaxed);
        let status = if o.load(Ordering::Relaxed) { StatusCode::OK } else { StatusCode::NOT_FOUND };
        async move { status }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/apply", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, Router::new().route("/apply", get(page))).await });
    (url, open, asked)
}

async fn item(app: &TestApp, number: u8, url: &str) -> i64 {
    let at = app.app.now();
    let mut guide = testing::guide().unwrap();
    guide.online.url = url.to_owned();
    let implementer = testing::implementer(Place { tenant: 1, unit: 7, org: 7 }, DEPT);
    let code = format!("{DEPT}4510100001000{number:02}");
    let actor = Actor { tenant: 1, ..Actor::system() };
    app.app.db().write("t", move |tx| testing::publish(tx, &actor, &implementer, &code, &guide, at)).await.unwrap()
}

async fn q24(app: &TestApp, id: i64) -> (bool, bool) {
    app.app
        .db()
        .snapshot("t", move |tx| {
            let found = store::findings(tx, id)?.iter().any(|finding| finding.rule == "Q24");
            let accurate = store::item_by_id(tx, id)?.unwrap().facts.spans.last().unwrap().accurate;
            Ok((found, accurate))
        })
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_nobody_can_open_is_a_fault_until_it_opens_again() {
    for engine in engines() {
        let app = TestApp::open_with_private_endpoints(engine, vec![tongban_directory::area(), tongban_items::area()]).await.unwrap();
        let (url, open, asked) = site().await;
        let (first, second) = (item(&app, 1, &url).await, item(&app, 2, &url).await);
        let was = q24(&app, first).await;
        assert!(!was.0, "没查过不算打不开");

        open.store(false, Ordering::Relaxed);
        let round = links::round(&app.app).await.unwrap();
        assert_eq!((round.urls, round.unreachable, round.rechecked), (1, 1, 2));
        assert_eq!(asked.load(Ordering::Relaxed), 2, "一个网址只查一次：先问头，再取一遍");
        assert_eq!(q24(&app, first).await, (true, false));
        assert_eq!(q24(&app, second).await, (true, false));

        open.store(true, Ordering::Relaxed);
        let round = links::round(&app.app).await.unwrap();
        assert_eq!((round.unreachable, round.rechecked), (0, 2));
        assert_eq!(q24(&app, first).await, was);

        // 偶尔打不开一次，30 天内打开过，不算
        open.store(false, Ordering::Relaxed);
        let round = links::round(&app.app).await.unwrap();
        assert_eq!((round.unreachable, round.rechecked), (1, 0));
        assert_eq!(q24(&app, first).await, was);
    }
}

/// 没有打开内网开关：写着内网地址的不去碰，直接算打不开。
#[tokio::test(flavor = "multi_thread")]
async fn inner_addresses_are_never_asked() {
    for engine in engines() {
        let app = TestApp::open(engine, vec![tongban_directory::area(), tongban_items::area()]).await.unwrap();
        let (url, _, asked) = site().await;
        let id = item(&app, 1, &url).await;
        let round = links::round(&app.app).await.unwrap();
        assert_eq!((round.urls, round.unreachable), (1, 1));
        assert_eq!(asked.load(Ordering::Relaxed), 0);
        assert!(q24(&app, id).await.0);
    }
}
