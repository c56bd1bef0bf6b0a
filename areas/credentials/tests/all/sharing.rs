//! 共享接口与授权：凭证限定类型的看不到别的类、用途必填、用了留痕；授权给同单位的人；决定撤销，证照跟着撤销。

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::StatusCode;
use tongban_contracts::cases::CaseNodeV1;
use tongban_credentials::model::LicenceState;
use tongban_credentials::store::{grants, licences, shows};
use tongban_directory::commands as directory;
use tongban_directory::model::NewPost;
use tongban_kernel::{Actor, ActorKind, Depth, Scope};
use tongban_store::Entry;

use crate::support::{Home, homes, now};

const PURPOSE: &str = "system=%E4%B9%A1%E9%95%87&operator=%E5%BC%A0%E4%B8%89&kind=1&case_no=A-1&reason=%E6%A0%B8%E5%AF%B9";

/// 一张对接凭证。
fn client(home: &Home, scopes: &[&str]) -> String {
    home.app.sign_in(Actor {
        kind: ActorKind::Client,
        account: 900,
        tenant: home.tenant,
        name: "乡镇系统".into(),
        permissions: Arc::new(scopes.iter().map(|scope| (*scope).to_owned()).collect::<BTreeSet<_>>()),
        scope: Scope::tenant(home.tenant),
        ..Actor::anonymous()
    })
}

#[tokio::test]
async fn a_client_sees_only_the_types_it_was_given_says_why_and_leaves_a_trace() {
    for home in homes().await {
        home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let row = home.licence(home.input(kind), 71).await;
        let path = format!("/api/v1/licences/{}", row.identifier);
        let any = client(&home, &["credentials.read"]);
        let right = client(&home, &["credentials.read", "credentials.type:食品经营许可证"]);
        let other = client(&home, &["credentials.read", "credentials.type:残疾人证"]);
        assert_eq!(home.app.get(&path, &right).await.unwrap().status, StatusCode::UNPROCESSABLE_ENTITY, "不写用途不给");
        let path = format!("{path}?{PURPOSE}");
        for (token, status) in [(&any, StatusCode::NOT_FOUND), (&right, StatusCode::OK), (&other, StatusCode::NOT_FOUND)] {
            let answer = home.app.get(&path, token).await.unwrap();
            assert_eq!(answer.status, status, "{}", answer.body);
        }
        let found = format!("/api/v1/licences?holder_code=510811199003070017&{PURPOSE}");
        assert_eq!(home.app.get(&found, &right).await.unwrap().json().unwrap()["items"].as_array().unwrap().len(), 1);
        assert!(home.app.get(&found, &other).await.unwrap().json().unwrap()["items"].as_array().unwrap().is_empty());
        assert!(home.app.get("/api/v1/licence-types", &other).await.unwrap().json().unwrap()["items"].as_array().unwrap().is_empty());
        let id = row.id;
        let looks = home.app.app.db().snapshot("test.looks", move |tx| shows::looks(tx, id, i64::MAX, 20)).await.unwrap();
        assert_eq!(looks.iter().filter(|look| look.way == "api").count(), 2, "取了一次、检索一次，持证人都查得到");
    }
}

#[tokio::test]
async fn the_keeper_grants_to_a_colleague_by_login_but_not_to_outsiders() {
    for home in homes().await {
        let seal = home.seal(home.bureau, "食品经营许可证").await;
        let (bureau, town) = (home.bureau, home.town);
        home.app
            .app
            .db()
            .write("test.staff", move |tx| {
                let system = Actor::system();
                directory::install_roles(tx, &system)?;
                for (org, login, name) in [(bureau, "lisi", "李四"), (town, "wangwu", "王五")] {
                    let staff = directory::add_staff(tx, &system, org, login, name, now())?;
                    let post = NewPost { staff, org, role: "approver".into(), title: "批准岗".into(), window: None, reach: Depth::Unit };
                    directory::assign_post(tx, &system, &post, now())?;
                    tongban_parties::commands::create_staff_account(tx, &system, staff, login, "x", 0, now())?;
                }
                Ok(())
            })
            .await
            .unwrap();
        let keeper = home.app.sign_in(home.boss(1));
        let version = home.app.app.db().snapshot("test.seal", move |tx| tongban_credentials::store::seals::find(tx, seal)).await.unwrap().unwrap().version.to_string();
        let grant = async |login: &str| {
            let form = [("version", version.as_str()), ("to", "other"), ("login", login), ("grant_scope", "食品经营许可证"), ("until", ""), ("most", "")];
            home.app.post_form(&format!("/seals/{seal}/grants"), &keeper, &form).await.unwrap()
        };
        let refused = grant("wangwu").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("本单位没有这个登录名"), "{}", refused.body);
        let done = grant("lisi").await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
        let names: Vec<_> = home.app.app.db().snapshot("test.grants", move |tx| grants::of_seal(tx, seal)).await.unwrap().into_iter().map(|one| one.staff_name).collect();
        assert!(names.iter().any(|name| name == "李四 · 批准岗"), "{names:?}");
    }
}

#[tokio::test]
async fn a_revoked_decision_takes_its_licence_along() {
    const NO: &str = "510811-20261123-000009";
    for home in homes().await {
        home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let row = home.licence(home.input(kind), 71).await;
        let (id, tenant) = (row.id, home.tenant);
        home.app
            .app
            .db()
            .write("test.revoke", move |tx| {
                tx.exec("UPDATE credentials_licences SET case_no = $1, case_id = 501 WHERE id = $2", tongban_store::args![NO, id])?;
                let body = serde_json::to_string(&CaseNodeV1 { case_no: NO.into(), tenant, ..CaseNodeV1::default() })?;
                tx.journal_facts::<i64>(Entry { kind: "cases.revoked", subject: 501, rev: 9, at: now(), actor: &Actor::system(), tenant, body: &body }, None, None)
            })
            .await
            .unwrap();
        home.app.app.settle().await.unwrap();
        let failures = "SELECT error FROM reaction_failures";
        let failed = home.app.app.db().read("test.failed", move |tx| tx.rows(failures, &[], |r| r.get::<String>(0))).await.unwrap();
        assert!(failed.is_empty(), "{failed:?}");
        let row = home.app.app.db().snapshot("test.row", move |tx| licences::find(tx, id)).await.unwrap().unwrap();
        assert_eq!((row.state, row.reason.contains(NO)), (LicenceState::Revoked, true));
    }
}
