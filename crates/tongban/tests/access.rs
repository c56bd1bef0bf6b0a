//! 每条路由 × 每种角色，与仓库里的表一致；范围外的记录回答 404。
//!
//! 表在 `tests/access.txt`。有意改动权限时用 `TONGBAN_UPDATE=1` 重写它，并在评审里看差异。

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use tongban_directory::model::built_in_roles;
use tongban_kernel::{Actor, ActorKind, Scope};
use tongban_store::testing::engines;
use tongban_web::testing::TestApp;

const TABLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/access.txt");

fn staff(role: &str, permissions: &[String]) -> Actor {
    Actor {
        kind: ActorKind::Staff,
        staff: 1,
        post: 1,
        tenant: 1,
        org: 1,
        roles: Arc::new([role.to_owned()].into()),
        permissions: Arc::new(permissions.iter().cloned().collect()),
        scope: Scope::tenant(1),
        ..Actor::citizen(1, 0, 3, role)
    }
}

/// 全部身份：没登录、群众、每种角色、没有授权的对接系统。
fn everybody(app: &TestApp) -> Vec<(String, String)> {
    let mut tokens = vec![("anonymous".to_owned(), String::new()), ("citizen".to_owned(), app.sign_in(Actor::citizen(1, 1, 3, "王*")))];
    for role in built_in_roles().unwrap() {
        tokens.push((role.code.clone(), app.sign_in(staff(&role.code, &role.permissions))));
    }
    let client = Actor { kind: ActorKind::Client, ..Actor::citizen(1, 0, 0, "client") };
    tokens.push(("client".to_owned(), app.sign_in(client)));
    tokens
}

/// 路径参数换成不存在的值：只看进不进得了门。
fn concrete(path: &str) -> String {
    path.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect::<Vec<_>>().join("/")
}

async fn admitted(app: &TestApp, method: &Method, path: &str, token: &str) -> bool {
    let mut request = Request::builder().method(method).uri(path).header("content-type", "application/x-www-form-urlencoded");
    let mut body = String::new();
    if token.is_empty() {
        let (cookie, csrf) = app.visitor();
        request = request.header("cookie", cookie);
        body = format!("_csrf={csrf}");
    } else {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let answer = app.send(request.body(Body::from(body)).unwrap()).await.unwrap();
    assert!(!answer.status.is_server_error(), "{method} {path}：{} {}", answer.status, answer.body);
    let to_login = answer.status == StatusCode::SEE_OTHER && answer.location().contains("login?next=");
    !matches!(answer.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) && !to_login
}

/// 全体写成“所有人”，全部角色写成“全体工作人员”。
fn shown(names: &[&str], people: &[(String, String)]) -> String {
    let outside = ["anonymous", "citizen", "client"];
    let roles: Vec<&str> = people.iter().map(|(name, _)| name.as_str()).filter(|name| !outside.contains(name)).collect();
    if names.len() == people.len() {
        return "所有人".to_owned();
    }
    if roles.iter().all(|role| names.contains(role)) {
        let others: Vec<&str> = names.iter().copied().filter(|name| outside.contains(name)).collect();
        return [vec!["全体工作人员"], others].concat().join(" ");
    }
    names.join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_admits_exactly_the_roles_in_the_table() {
    let app = TestApp::open(engines()[0], tongban::areas::all()).await.unwrap();
    let people = everybody(&app);
    let mut found: BTreeMap<String, Vec<&str>> = BTreeMap::new();
    for route in app.app.areas().iter().flat_map(|area| area.routes) {
        for (method, path) in route.endpoints() {
            let target = concrete(&path);
            let line = found.entry(format!("{method} {path}")).or_default();
            for (name, token) in &people {
                if admitted(&app, &method, &target, token).await {
                    line.push(name);
                }
            }
        }
    }
    let mut text = String::new();
    for (route, names) in &found {
        writeln!(text, "{route}: {}", shown(names, &people)).unwrap();
    }
    if std::env::var_os("TONGBAN_UPDATE").is_some() {
        std::fs::write(TABLE, &text).unwrap();
    }
    let table = std::fs::read_to_string(TABLE).unwrap_or_default();
    assert!(table == text, "权限与 tests/access.txt 不一致；有意的改动请设 TONGBAN_UPDATE=1 重跑。现在是：\n{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_of_every_area_prepares_on_both_engines() {
    for engine in engines() {
        let app = TestApp::open(engine, tongban::areas::all()).await.unwrap();
        let floors = tongban_store::STATEMENTS.iter().chain(tongban_web::STATEMENTS).copied();
        let areas: Vec<&'static [&'static str]> =
            app.app.areas().iter().flat_map(|area| area.statements.iter().copied()).collect();
        for statement in floors.chain(areas).flatten().copied() {
            let prepared = app.app.db().write("prepare", move |tx| tx.prepare(statement)).await;
            assert!(prepared.is_ok(), "{engine:?}：{statement}\n{prepared:?}");
        }
    }
}

#[test]
fn the_openapi_document_is_sound() {
    let document = serde_json::to_value(tongban_web::router::document(&tongban::areas::all())).unwrap();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let mut ids = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap().iter().filter(|(name, _)| matches!(name.as_str(), "get" | "post" | "put" | "patch" | "delete")) {
            let id = operation["operationId"].as_str().unwrap_or_else(|| panic!("{method} {path} 没有 operationId")).to_owned();
            assert!(operation["tags"][0].is_string(), "{method} {path} 没有 tag");
            assert!(operation["responses"].as_object().unwrap().len() > 1, "{method} {path} 只写了成功的回答");
            ids.push(id);
        }
    }
    let count = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), count, "operationId 有重复");
}

#[test]
fn every_permission_a_route_asks_for_is_declared_and_granted() {
    let areas = tongban::areas::all();
    let declared: Vec<&str> = areas.iter().flat_map(|area| area.permissions).map(|(code, _)| *code).collect();
    let granted: Vec<String> = built_in_roles().unwrap().into_iter().flat_map(|role| role.permissions).collect();
    for route in areas.iter().flat_map(|area| area.routes) {
        if let tongban_web::Access::Staff(permission) = route.access {
            assert!(declared.contains(&permission), "{permission} 没有在所在区声明");
            assert!(granted.iter().any(|known| known == permission), "{permission} 没有任何角色有");
        }
    }
    for permission in &granted {
        assert!(declared.contains(&permission.as_str()), "roles.yaml 里的 {permission} 没有区声明");
    }
}
