//! 底座的规矩：权限、令牌、幂等、错误，走真的路由。

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{Request, StatusCode};
use axum::routing::{get, post};
use tongban_kernel::Actor;
use tongban_store::testing::engines;
use tongban_store::{Migration, args};
use tongban_web::testing::TestApp;
use tongban_web::{Access, App, Area, Ctx, Failure, Form, Json, Route, see_other};

const MIGRATIONS: &[Migration] = &[Migration {
    area: "notes",
    number: 1,
    name: "notes",
    sql: "CREATE TABLE notes (id BIGINT NOT NULL PRIMARY KEY, text TEXT NOT NULL);",
}];

async fn add(State(app): State<App>, ctx: Ctx, Form(fields): Form<Vec<(String, String)>>) -> Result<tongban_web::Redirect, Failure> {
    let text = fields.into_iter().find(|(key, _)| key == "text").map_or(String::new(), |(_, value)| value);
    let id = app
        .act(&ctx, "notes.add", move |tx| {
            let id = tx.new_id();
            tx.exec("INSERT INTO notes (id, text) VALUES ($1, $2)", args![id, &text])?;
            Ok(id)
        })
        .await?;
    Ok(see_other(format!("/notes/{id}")).flash("已保存"))
}

async fn echo(Json(value): Json<serde_json::Value>) -> Json<serde_json::Value> {
    Json(value)
}

async fn boom() -> &'static str {
    panic!("故意")
}

const AREA: Area = Area {
    migrations: MIGRATIONS,
    routes: &[
        Route::post("/notes", Access::Public, || post(add)),
        Route::get("/notes/{id}", Access::Public, || get(|| async { "ok" })),
        Route::get("/desk/notes", Access::Staff("notes.read"), || get(|| async { "secret" })),
        Route::get("/me/notes", Access::SignedIn { level: 2 }, || get(|| async { "mine" })),
        Route::post("/api/v1/echo", Access::Public, || post(echo)),
        Route::get("/boom", Access::Public, || get(boom)),
    ],
    ..Area::new("notes", "便条")
};

async fn count(app: &TestApp) -> i64 {
    app.app.db().read("count", |tx| tx.row("SELECT COUNT(*) FROM notes", &[], |r| r.get(0))).await.unwrap().unwrap()
}

fn staff(permission: &str) -> Actor {
    let mut actor = Actor::citizen(7, 7, 3, "李*");
    actor.kind = tongban_kernel::ActorKind::Staff;
    actor.permissions = Arc::new([permission.to_owned()].into());
    actor
}

#[tokio::test(flavor = "multi_thread")]
async fn declared_access_is_the_check() {
    let app = TestApp::open(engines()[0], vec![AREA]).await.unwrap();
    let login = app.get("/desk/notes?tab=1", "").await.unwrap();
    assert_eq!((login.status, login.location()), (StatusCode::SEE_OTHER, "/desk/login?next=%2Fdesk%2Fnotes%3Ftab%3D1"));
    let other = app.sign_in(staff("notes.write"));
    let refused = app.get("/desk/notes", &other).await.unwrap();
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    assert!(refused.body.contains("notes.read"));
    let reader = app.sign_in(staff("notes.read"));
    assert_eq!(app.get("/desk/notes", &reader).await.unwrap().body, "secret");
    let weak = app.sign_in(Actor::citizen(1, 1, 1, "王*"));
    assert!(app.get("/me/notes", &weak).await.unwrap().body.contains("实名等级 2 级"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_without_its_token_is_refused_and_with_it_saved() {
    let app = TestApp::open(engines()[0], vec![AREA]).await.unwrap();
    let bare = Request::post("/notes").header("content-type", "application/x-www-form-urlencoded").body(Body::from("text=a")).unwrap();
    assert_eq!(app.send(bare).await.unwrap().status, StatusCode::FORBIDDEN);
    assert_eq!(count(&app).await, 0);
    let saved = app.post_form("/notes", "", &[("text", "a")]).await.unwrap();
    assert_eq!(saved.status, StatusCode::SEE_OTHER);
    assert_eq!(count(&app).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_twenty_times_at_once_does_one_thing() {
    for engine in engines() {
        let app = Arc::new(TestApp::open(engine, vec![AREA]).await.unwrap());
        let token = app.sign_in(Actor::citizen(1, 1, 2, "王*"));
        let tries = (0..20).map(|_| {
            let (app, token) = (Arc::clone(&app), token.clone());
            tokio::spawn(async move { app.post_form("/notes", &token, &[("text", "a"), ("_once", "k1")]).await.unwrap().location().to_owned() })
        });
        let mut places = Vec::new();
        for handle in tries.collect::<Vec<_>>() {
            places.push(handle.await.unwrap());
        }
        places.dedup();
        assert_eq!((places.len(), count(&app).await), (1, 1), "{places:?}");
        let different = app.post_form("/notes", &token, &[("text", "b"), ("_once", "k1")]).await.unwrap();
        assert_eq!(different.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn machines_get_problems_and_people_get_pages() {
    let app = TestApp::open(engines()[0], vec![AREA]).await.unwrap();
    let missing = app.get("/api/v1/nothing", "").await.unwrap();
    assert_eq!(missing.headers["content-type"], "application/problem+json; charset=utf-8");
    assert_eq!(missing.json().unwrap()["code"], "not-found");
    assert!(app.get("/nothing", "").await.unwrap().body.contains("没有找到"));
    let wrong = Request::builder().method("TRACE").uri("/api/v1/echo").body(Body::empty()).unwrap();
    assert_eq!(app.send(wrong).await.unwrap().status, StatusCode::METHOD_NOT_ALLOWED);
    let bad = Request::post("/api/v1/echo").header("content-type", "application/json").body(Body::from("{\"a\":")).unwrap();
    assert_eq!(app.send(bad).await.unwrap().json().unwrap()["code"], "malformed-json");
    let long = "x".repeat(3 * 1024 * 1024);
    let huge = app.post_form("/notes", "", &[("text", &long)]).await.unwrap();
    assert_eq!(huge.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(app.get("/boom", "").await.unwrap().status, StatusCode::INTERNAL_SERVER_ERROR);
    let page = app.get("/nothing", "").await.unwrap();
    assert!(page.headers["content-security-policy"].to_str().unwrap().starts_with("default-src 'self'"));
}
