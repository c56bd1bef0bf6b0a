//! 加注件与共享动作：原件字节附在里面、四项元数据、水印、用印有记录；到期链接 410、验真说过期；按主体取；动作按凭证。

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use serde_json::{Value, json};
use tongban_credentials::maker;
use tongban_credentials::model::LicenceState;
use tongban_credentials::rules::verdict::copy_is_over;
use tongban_credentials::store::{grants, licences, shows};
use tongban_gm::Conclusion;
use tongban_kernel::{Actor, ActorKind, Scope};

use crate::support::{Home, citizen, homes, now};

fn client(home: &Home, account: i64, scopes: &[&str]) -> String {
    home.app.sign_in(Actor {
        kind: ActorKind::Client,
        account,
        tenant: home.tenant,
        name: "乡镇系统".into(),
        permissions: Arc::new(scopes.iter().chain(&["credentials.type:食品经营许可证"]).map(|scope| (*scope).to_owned()).collect::<BTreeSet<_>>()),
        scope: Scope::tenant(home.tenant),
        ..Actor::anonymous()
    })
}

fn purpose() -> Value {
    json!({ "system": "乡镇系统", "operator": "张三", "kind": "1", "case_no": "A-1", "reason": "核对" })
}

#[tokio::test]
async fn a_copy_carries_the_original_and_runs_out() {
    for home in homes().await {
        let seal = home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let row = home.licence(home.input(kind), 71).await;
        let original = home.app.app.files().get(&row.file).await.unwrap();
        let token = client(&home, 900, &["credentials.read"]);
        let path = format!("/api/v1/licences/{}/copies", row.identifier);
        let answer = home.app.post_json(&path, &token, &json!({ "purpose": purpose(), "valid_days": 5 })).await.unwrap();
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.body);
        let out = answer.json().unwrap();
        let bytes = STANDARD.decode(out["file"].as_str().unwrap()).unwrap();
        let trust = home.app.app.db().snapshot("test.trust", maker::trust).await.unwrap();
        let report = tongban_ofd::verify(&bytes, &trust, now());
        assert_eq!(report.conclusion, Conclusion::Valid, "{}", report.reason());
        assert_eq!((report.datum("JZJZZZ"), report.datum("JZJZZSY")), (Some("乡镇系统"), Some("核对")));
        let until = report.datum("JZJYXQJZSJ").unwrap().to_owned();
        assert!(report.datum("JZJZZSJ").is_some() && !copy_is_over(&until, now()) && copy_is_over(&until, now() + SignedDuration::from_hours(24 * 5)));
        let package = tongban_ofd::Package::read(&bytes).unwrap();
        let (_, inside) = package.entries().find(|(name, _)| name.ends_with("original.ofd")).unwrap();
        assert_eq!(inside.data(), &original[..], "原件一字节不差");
        let uses = home.app.app.db().snapshot("test.uses", move |tx| grants::uses(tx, &Scope::unit(0), seal, i64::MAX, 10)).await.unwrap();
        assert!(uses[0].done && uses[0].purpose.contains("加注件") && uses[0].after == out["sm3"].as_str().unwrap(), "加注件也是一次用印");
        // 下载链接：没到期给文件，到期 410
        let link = out["url"].as_str().unwrap().split_once("/copies/").unwrap().1.to_owned();
        let got = home.app.get(&format!("/copies/{link}"), "").await.unwrap();
        assert_eq!((got.status, got.headers["content-type"].to_str().unwrap()), (StatusCode::OK, "application/ofd"));
        assert_eq!(home.app.get("/copies/AAAAAAAAAAAAAAAAAAAAAA", "").await.unwrap().status, StatusCode::NOT_FOUND);
        home.app.app.db().write("test.age", |tx| tx.exec("UPDATE credentials_copies SET expires = 1", tongban_store::args![]).map(drop)).await.unwrap();
        let gone = home.app.get(&format!("/copies/{link}"), "").await.unwrap();
        assert_eq!(gone.status, StatusCode::GONE);
        assert!(gone.body.contains("已经过期"));
        // 没过期的副本，核验说得出截止
        let seen = home.app.post_json("/api/v1/licences/verify", "", &json!({ "file": out["file"] })).await.unwrap().json().unwrap();
        assert_eq!((seen["copy_expired"].as_bool(), seen["copy_until"].as_str()), (Some(false), Some(until.as_str())));
    }
}

#[tokio::test]
async fn an_expired_copy_is_called_expired() {
    for home in homes().await {
        home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let id = home.licence(home.input(kind), 71).await.id;
        let file = home.row(id).await.file;
        let original = tongban_ofd::Part::stored(home.app.app.files().get(&file).await.unwrap().to_vec());
        let bureau = home.bureau;
        let made = now() - SignedDuration::from_mins(30);
        let (ready, stamp) = home
            .app
            .app
            .db()
            .snapshot("test.ready", move |tx| Ok((tongban_credentials::issue::ready(tx, id, "http://x")?, tongban_credentials::issue::stamp(tx, bureau, 0, "食品经营许可证", now())?)))
            .await
            .unwrap();
        let note = tongban_credentials::issue::Note { maker: "甲".into(), whom: "乙".into(), why: "丙".into(), until: made + SignedDuration::from_mins(1), original };
        let (bytes, _) = tongban_credentials::issue::annotated(&ready, &tongban_credentials::issue::Pen::new(stamp).unwrap(), &note, made).unwrap();
        let seen = home.app.post_json("/api/v1/licences/verify", "", &json!({ "file": STANDARD.encode(&bytes) })).await.unwrap().json().unwrap();
        assert_eq!((seen["copy_expired"].as_bool(), seen["note"].as_str(), seen["conclusion"].as_str()), (Some(true), Some("加注件已过期"), Some("valid")), "{seen}");
    }
}

#[tokio::test]
async fn holders_and_clerks_get_a_link_and_only_a_valid_licence_is_copied() {
    for home in homes().await {
        home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let row = home.licence(home.input(kind), 71).await;
        let (me, boss) = (home.app.sign_in(citizen(71)), home.app.sign_in(home.boss(1)));
        let mine = format!("/me/licences/{}/copy", row.id);
        let wrong = home.app.post_form(&mine, &me, &[("who", "某银行"), ("why", ""), ("days", "99")]).await.unwrap();
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains("某银行") && wrong.body.contains("做什么用"), "留着所填");
        let done = home.app.post_form(&mine, &me, &[("who", "某银行"), ("why", "开户"), ("days", "7")]).await.unwrap();
        assert_eq!(done.status, StatusCode::OK, "{}", done.body);
        let link = done.body.split("/copies/").nth(1).unwrap().split(['<', '"']).next().unwrap().to_owned();
        assert_eq!(home.app.get(&format!("/copies/{link}"), "").await.unwrap().status, StatusCode::OK);
        let staff = format!("/certs/{}/copies", row.id);
        let done = home.app.post_form(&staff, &boss, &[("who", "某法院"), ("why", "查证"), ("days", "")]).await.unwrap();
        assert!(done.status == StatusCode::OK && done.body.contains("/copies/"), "{}", done.body);
        let id = row.id;
        let looks = home.app.app.db().snapshot("test.looks", move |tx| shows::looks(tx, id, i64::MAX, 10)).await.unwrap();
        assert_eq!(looks.iter().filter(|look| look.way == "copy").count(), 2, "持证人查得到");
        home.app.app.db().write("test.old", move |tx| tx.exec("UPDATE credentials_licences SET state = 40 WHERE id = $1", tongban_store::args![id]).map(drop)).await.unwrap();
        let held = home.app.post_form(&mine, &me, &[("who", "某银行"), ("why", "开户"), ("days", "")]).await.unwrap();
        assert_eq!(held.status, StatusCode::CONFLICT, "暂扣的不给副本");
    }
}

#[tokio::test]
async fn clients_copy_by_holder_and_act_within_their_grants() {
    for home in homes().await {
        home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let row = home.licence(home.input(kind), 71).await;
        let reader = client(&home, 900, &["credentials.read"]);
        let holder = |code: &str, kind: &str| json!({ "purpose": purpose(), "holder_code": code, "type_code": kind });
        let ask = async |body: Value| home.app.post_json("/api/v1/licences/copies", &reader, &body).await.unwrap();
        let got = ask(holder("510811199003070017", "食品经营许可证")).await;
        assert_eq!(got.status, StatusCode::CREATED, "{}", got.body);
        assert_eq!(got.json().unwrap()["items"][0]["identifier"], row.identifier);
        assert_eq!(ask(holder("510811199003070017", "残疾人证")).await.status, StatusCode::NOT_FOUND);
        assert_eq!(ask(holder("", "食品经营许可证")).await.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(ask(json!({ "purpose": {}, "holder_code": "510811199003070017", "type_code": "食品经营许可证" })).await.status, StatusCode::UNPROCESSABLE_ENTITY, "不写用途不给");

        let path = |identifier: &str, action: &str| format!("/api/v1/licences/{identifier}/actions/{action}");
        let body = json!({ "purpose": purpose(), "document_no": "〔2026〕1 号" });
        assert_eq!(home.app.post_json(&path(&row.identifier, "suspend"), &reader, &body).await.unwrap().status, StatusCode::FORBIDDEN, "没有暂扣的授权");
        let keeper = client(&home, 901, &["credentials.read", "credentials.revoke", "credentials.enter", "credentials.review"]);
        let act = async |identifier: &str, action: &str, body: &Value| home.app.post_json(&path(identifier, action), &keeper, body).await.unwrap();
        assert_eq!(act(&row.identifier, "fly", &body).await.status, StatusCode::NOT_FOUND);
        assert_eq!(act(&row.identifier, "suspend", &json!({ "purpose": purpose() })).await.status, StatusCode::UNPROCESSABLE_ENTITY, "要文书号");
        let held = act(&row.identifier, "suspend", &body).await.json().unwrap();
        assert_eq!((held["state"].as_str(), held["state_label"].as_str()), (Some("02"), Some("暂扣")));
        assert_eq!(act(&row.identifier, "suspend", &body).await.status, StatusCode::CONFLICT);
        assert_eq!(act(&row.identifier, "resume", &body).await.json().unwrap()["state"], "01");
        // 变更出新版，另一张凭证签发，旧版转为被替代
        let changed = act(&row.identifier, "change", &json!({ "purpose": purpose(), "fields": { "JYCS": "昭化镇太公街 9 号" } })).await;
        assert_eq!(changed.status, StatusCode::OK, "{}", changed.body);
        let new = changed.json().unwrap()["identifier"].as_str().unwrap().to_owned();
        assert_eq!(act(&new, "sign", &json!({ "purpose": purpose() })).await.status, StatusCode::FORBIDDEN, "自己录的自己签不了");
        let signer = client(&home, 902, &["credentials.read", "credentials.review"]);
        assert_eq!(home.app.post_json(&path(&new, "sign"), &signer, &json!({ "purpose": purpose() })).await.unwrap().status, StatusCode::OK);
        home.app.app.settle().await.unwrap();
        assert_eq!(home.row(row.id).await.state, LicenceState::Superseded);
        assert_eq!(act(&new, "cancel", &body).await.status, StatusCode::UNPROCESSABLE_ENTITY, "注销要原因码");
        let cancelled = act(&new, "cancel", &json!({ "purpose": purpose(), "document_no": "〔2026〕2 号", "cancel_reason": 1 })).await.json().unwrap();
        assert_eq!(cancelled["state"], "04");
        let found = home.app.app.db().snapshot("test.new", move |tx| licences::by_identifier(tx, &new)).await.unwrap().unwrap();
        assert!(found.reason.starts_with("业务注销；〔2026〕2 号"), "{}", found.reason);
    }
}
