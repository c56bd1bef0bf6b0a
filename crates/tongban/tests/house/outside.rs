//! 范围外的记录与不存在的记录回答一样：每条带参数的工作人员路由，用各区交来的样本走一遍。

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::body::Body;
use axum::http::{Method, Request, StatusCode};
use tongban::demo;
use tongban_directory::model::built_in_roles;
use tongban_kernel::{Actor, ActorKind, Scope};
use tongban_store::testing::engines;
use tongban_web::area::Where;
use tongban_web::testing::TestApp;
use tongban_web::{Access, Area};

/// 不属于哪个县区的记录：代码表、指标定义、一件事的种类一类，谁都看得到同样的。
const SHARED: &[&str] = &["{indicator}", "{key}", "{role}", "/catalog/bundles/{number}"];

/// 有全部权限、只管 `tenant` 的人。
fn staff(tenant: i64) -> Actor {
    let permissions = built_in_roles().unwrap().into_iter().flat_map(|role| role.permissions).collect();
    Actor {
        kind: ActorKind::Staff,
        staff: 1,
        post: 1,
        tenant,
        org: tenant,
        permissions: Arc::new(permissions),
        scope: Scope::tenant(tenant),
        ..Actor::citizen(1, 0, 3, "外县")
    }
}

/// 各区的样本：参数名与一个真实的值。
async fn samples(app: &TestApp) -> BTreeMap<&'static str, String> {
    let areas: Vec<Area> = app.app.areas().to_vec();
    let samples: Vec<_> = areas.iter().flat_map(|area| area.samples).copied().collect();
    app.app
        .db()
        .snapshot("samples", move |tx| samples.iter().map(|sample| Ok((sample.param, (sample.value)(tx, Where::Inside)?))).collect())
        .await
        .unwrap()
}

fn filled(path: &str, samples: &BTreeMap<&'static str, String>) -> String {
    let one = |part: &str| match part.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some(name) => samples.get(name).cloned().unwrap_or_else(|| "1".to_owned()),
        None => part.to_owned(),
    };
    path.split('/').map(one).collect::<Vec<_>>().join("/")
}

async fn ask(app: &TestApp, method: &Method, target: &str, token: &str) -> StatusCode {
    let answer = if *method == Method::GET {
        app.get(target, token).await
    } else if *method == Method::DELETE {
        let request = Request::builder().method(Method::DELETE).uri(target).header("authorization", format!("Bearer {token}"));
        app.send(request.body(Body::empty()).unwrap()).await
    } else if target.starts_with("/api/") {
        app.post_json(target, token, &serde_json::json!({ "version": 1 })).await
    } else {
        app.post_form(target, token, &[]).await
    };
    answer.unwrap().status
}

#[tokio::test(flavor = "multi_thread")]
async fn records_out_of_scope_answer_like_records_that_do_not_exist() {
    for engine in engines() {
        let app = TestApp::open(engine, tongban::areas::all()).await.unwrap();
        demo::prepare(&app.app, 60, None).await.unwrap();
        let home = app.app.db().read("tenant", |tx| Ok(tongban_directory::queries::tenants(tx)?[0].id)).await.unwrap();
        let samples = samples(&app).await;
        let (insider, outsider) = (app.sign_in(staff(home)), app.sign_in(staff(home + 7)));
        let (mut real, mut leaks) = (0, Vec::new());
        for route in app.app.areas().iter().flat_map(|area| area.routes).filter(|route| matches!(route.access, Access::Staff(_))) {
            for (method, path) in route.endpoints().into_iter().filter(|(_, path)| path.contains('{') && !SHARED.iter().any(|shared| path.contains(shared))) {
                let target = filled(&path, &samples);
                let inside = if method == Method::GET { Some(app.get(&target, &insider).await.unwrap().status) } else { None };
                let outside = ask(&app, &method, &target, &outsider).await;
                // 提交可以先因别的缘故被拒，但不存在的编号也要得到同样的回答
                let missing = ask(&app, &method, &filled(&path, &BTreeMap::new()), &outsider).await;
                let hidden = outside == StatusCode::NOT_FOUND || (method != Method::GET && outside == missing);
                if !hidden {
                    leaks.push(format!("{engine:?} {method} {target}：范围外得到 {outside}"));
                }
                real += usize::from(inside.is_some_and(|status| status.is_success()));
            }
        }
        assert!(leaks.is_empty(), "{leaks:#?}");
        // 样本是真的：范围内打得开，前面的 404 才有意义
        assert!(real >= 8, "{engine:?}：范围内只打开了 {real} 页");
    }
}
