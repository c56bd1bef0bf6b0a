//! 亮证的门槛与换新：实名 3 级、口令每次都要、没设的先去设再回来；同一次进入自动换新，五分钟要再输；已被替代的不许亮。

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use jiff::SignedDuration;
use tongban_credentials::commands::{self, ENTRY, Enter, LIFE, Opened};
use tongban_credentials::model::LicenceState;
use tongban_credentials::rules::offline;
use tongban_credentials::store::kinds;
use tongban_kernel::{Actor, Code};
use tongban_parties::model::Registration;
use tongban_web::testing::Answer;

use crate::support::{Home, PASSCODE, citizen, homes, now, refused, set_passcode};

fn opened(n: u8, chain: &str) -> Opened {
    Opened { token: format!("present-{n}"), short: format!("{:010}", 7_000_000_000_u64 + u64::from(n)), chain: chain.into() }
}

/// 带着 Cookie 取一页。
async fn with_cookie(home: &Home, path: &str, token: &str, cookie: &str) -> Answer {
    let request = Request::get(path).header(header::AUTHORIZATION, format!("Bearer {token}")).header(header::COOKIE, cookie);
    home.app.send(request.body(Body::empty()).unwrap()).await.unwrap()
}

fn short_of(page: &Answer) -> String {
    page.body.split("class=\"num big\">").nth(1).unwrap().chars().take(12).filter(char::is_ascii_digit).collect()
}

#[tokio::test]
async fn level_three_and_a_passcode_every_time_and_the_way_there_is_told() {
    for home in homes().await {
        home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let hash = tongban_parties::passwords::hash("Tongban-2026".into()).await.unwrap();
        let (account, person) = home
            .app
            .app
            .db()
            .write("test.person", move |tx| {
                let new = Registration { name: "王小明".into(), id_number: "510811199003070017".into(), mobile: "13900000001".into(), password: hash.clone() };
                tongban_parties::commands::register(tx, &new, 2, now())?;
                let account = tongban_parties::queries::account_for_login(tx, "13900000001")?.unwrap();
                Ok((account.id, account.person))
            })
            .await
            .unwrap();
        let row = home.licence(home.input(kind), person).await;
        let path = format!("/me/licences/{}", row.id);
        let low = home.app.sign_in(Actor::citizen(account, person, 2, "王小明"));
        let page = home.app.get(&path, &low).await.unwrap();
        assert!(page.body.contains("亮证要实名 3 级") && page.body.contains("带身份证原件") && !page.body.contains("亮出这张证照"), "{}", page.body);
        assert_eq!(home.app.post_form(&format!("{path}/show"), &low, &[("passcode", PASSCODE)]).await.unwrap().status, StatusCode::FORBIDDEN);
        let me = home.app.sign_in(Actor::citizen(account, person, 3, "王小明"));
        let page = home.app.get(&path, &me).await.unwrap();
        assert!(page.body.contains("先设一个") && !page.body.contains("亮出这张证照"));
        let early = home.app.post_form(&format!("{path}/show"), &me, &[("passcode", "")]).await.unwrap();
        assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY, "没设口令亮不了");
        let id = row.id.to_string();
        let set = async |password: &str, code: &str| home.app.post_form("/me/licences/passcode", &me, &[("password", password), ("passcode", code), ("wallet", &id)]).await.unwrap();
        for (password, code) in [("wrong", PASSCODE), ("Tongban-2026", "123456"), ("Tongban-2026", "12")] {
            let answer = set(password, code).await;
            assert_eq!(answer.location(), path);
            assert!(home.app.get(&path, &me).await.unwrap().body.contains("先设一个"), "{code} 没设成");
        }
        assert_eq!(set("Tongban-2026", PASSCODE).await.location(), path, "设好回到要亮的那张");
        assert!(home.app.get(&path, &me).await.unwrap().body.contains("亮出这张证照"));
        for wrong in ["", "135791"] {
            assert_eq!(home.app.post_form(&format!("{path}/show"), &me, &[("passcode", wrong)]).await.unwrap().status, StatusCode::UNPROCESSABLE_ENTITY);
        }
        let shown = home.app.post_form(&format!("{path}/show"), &me, &[("passcode", PASSCODE)]).await.unwrap();
        assert_eq!(shown.status, StatusCode::OK);
        assert!(shown.body.contains("data-renew") && shown.body.contains("尾号 0017"), "{}", shown.body);
        // 换新：凭进入时的 Cookie，不必再输口令，旧码作废
        let cookie = shown.headers.get_all(header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok()).find(|text| text.starts_with("tb_show=")).unwrap().to_owned();
        assert!(cookie.contains("HttpOnly") && cookie.contains("Max-Age=300"));
        let cookie = cookie.split(';').next().unwrap().to_owned();
        let renewed = with_cookie(&home, &format!("{path}/show"), &me, &cookie).await;
        assert_eq!(renewed.status, StatusCode::OK);
        assert_ne!(short_of(&renewed), short_of(&shown));
        assert_eq!(home.app.post_form("/v", "", &[("short", &short_of(&shown))]).await.unwrap().status, StatusCode::GONE, "只有最新一枚有效");
        assert_eq!(home.app.post_form("/v", "", &[("short", &short_of(&renewed))]).await.unwrap().status, StatusCode::OK);
        let after = with_cookie(&home, &format!("{path}/show"), &me, &cookie).await;
        assert!(after.body.contains("已由未登记的扫码人核验"), "换新时说明刚才被谁核验");
        for bad in ["", "tb_show=", "tb_show=somebodyelse"] {
            let answer = with_cookie(&home, &format!("{path}/show"), &me, bad).await;
            assert_eq!((answer.status, answer.location()), (StatusCode::SEE_OTHER, path.as_str()), "没有串号要再输口令");
        }
    }
}

#[tokio::test]
async fn an_entry_lasts_five_minutes_and_a_superseded_edition_cannot_be_shown() {
    for home in homes().await {
        home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let old = home.licence(home.input(kind), 71).await;
        let id = old.id;
        let db = home.app.app.db();
        let bare = db.write("test.bare", move |tx| commands::open_show(tx, &citizen(71), id, &opened(1, "a"), now())).await;
        assert_eq!(refused(bare).code, Code::Conflict, "没有口令出不了码");
        set_passcode(&home, 71).await;
        db.write("test.chain", move |tx| {
            let begun = now();
            let weak = Actor { real_level: 2, ..citizen(71) };
            assert_eq!(refused(commands::open_show(tx, &weak, id, &opened(2, "a"), begun)).code, Code::Forbidden);
            commands::open_show(tx, &citizen(71), id, &opened(3, "a"), begun)?;
            let later = |seconds| begun + SignedDuration::from_secs(seconds);
            assert!(commands::renew_show(tx, &citizen(71), id, &opened(4, "b"), later(1))?.is_none(), "串号不对");
            assert_eq!(refused(commands::renew_show(tx, &citizen(72), id, &opened(5, "a"), later(1))).code, Code::NotFound);
            let next = commands::renew_show(tx, &citizen(71), id, &opened(6, "a"), later(50))?.unwrap();
            assert_eq!(next.expires, later(50) + LIFE);
            assert!(commands::renew_show(tx, &citizen(71), id, &opened(7, "a"), begun + ENTRY)?.is_none(), "五分钟要再输口令");
            commands::open_show(tx, &citizen(71), id, &opened(8, "c"), later(60))?;
            assert!(commands::renew_show(tx, &citizen(71), id, &opened(9, "a"), later(61))?.is_none(), "另一处重新进入之后，先前的一串作废");
            Ok(())
        })
        .await
        .unwrap();
        let new = home.licence(Enter { renews: old.identifier.clone(), ..home.input(kind) }, 71).await.id;
        assert_eq!(home.row(id).await.state, LicenceState::Superseded);
        let shown = db.write("test.old", move |tx| commands::open_show(tx, &citizen(71), id, &opened(10, "d"), now())).await;
        assert_eq!(refused(shown).code, Code::InvalidState, "已被新版替代的不许亮");
        let me = home.app.sign_in(citizen(71));
        assert!(!home.app.get(&format!("/me/licences/{id}"), &me).await.unwrap().body.contains("亮出这张证照"));
        let list = home.app.get("/me/licences", &me).await.unwrap().body;
        assert!(list.contains(&format!("/me/licences/{new}#sh")) && !list.contains(&format!("/me/licences/{id}#sh")), "清单上只给亮得出的");
        // 类型不许亮的，清单上不给，也亮不出
        let boss = home.boss(1);
        db.write("test.hide", move |tx| {
            let found = kinds::find(tx, kind)?.unwrap();
            let spec = tongban_credentials::model::Spec { show: false, ..found.spec };
            commands::save_kind(tx, &boss, kind, found.version, spec, true, now())?;
            assert_eq!(refused(commands::open_show(tx, &citizen(71), new, &opened(11, "e"), now())).code, Code::Conflict);
            Ok(())
        })
        .await
        .unwrap();
        assert!(!home.app.get("/me/licences", &me).await.unwrap().body.contains("#sh"));
    }
}

/// 页面上的离线码。
fn offline_of(page: &Answer) -> String {
    let rest = page.body.split("TB1.").nth(1).unwrap();
    format!("TB1.{}", rest.split('<').next().unwrap())
}

#[tokio::test]
async fn the_offline_code_verifies_with_the_downloaded_key_alone() {
    for home in homes().await {
        assert_eq!(home.app.get("/verify/offline.cer", "").await.unwrap().status, StatusCode::NOT_FOUND);
        let page = home.app.get("/verify", "").await.unwrap().body;
        assert!(!page.contains("offline.cer"), "没有证书可下载，就不给链接");
        home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let row = home.licence(home.input(kind), 71).await;
        set_passcode(&home, 71).await;
        let me = home.app.sign_in(citizen(71));
        let shown = home.app.post_form(&format!("/me/licences/{}/show", row.id), &me, &[("passcode", PASSCODE)]).await.unwrap();
        let code = offline_of(&shown);
        assert!(!code.contains(&row.identifier[20..]) && code.len() < 180);
        assert!(home.app.get("/verify", "").await.unwrap().body.contains("offline.cer"));
        let download = home.app.get("/verify/offline.cer", "").await.unwrap();
        assert_eq!((download.status, download.headers["content-type"].to_str().unwrap()), (StatusCode::OK, "application/pkix-cert"));
        let cert = home.app.app.db().snapshot("test.cert", tongban_credentials::maker::offline_cert).await.unwrap().unwrap();
        let verdict = offline::check(&code, &cert, now());
        assert!(matches!(verdict, offline::Verdict::Good(claim) if claim.is_for(&row.identifier) && claim.state == LicenceState::Valid), "{verdict:?}");
        assert_eq!(offline::check(&code, &cert, now() + LIFE).code(), "expired");
        let good = home.app.post_form("/verify/code", "", &[("code", &code), ("no", &row.identifier)]).await.unwrap();
        assert_eq!(good.status, StatusCode::OK);
        assert!(good.body.contains("码是真的") && good.body.contains("一致"), "{}", good.body);
        let other = home.app.post_form("/verify/code", "", &[("code", &code), ("no", "1.2.156")]).await.unwrap();
        assert!(other.body.contains("不是同一张"));
        let altered = format!("{}{}", &code[..60], code[60..].replacen(|c: char| c.is_ascii_lowercase(), "Z", 1));
        assert!(home.app.post_form("/verify/code", "", &[("code", &altered)]).await.unwrap().body.contains("码是假的"));
        assert_eq!(home.app.post_form("/verify/code", "", &[("code", "x")]).await.unwrap().status, StatusCode::UNPROCESSABLE_ENTITY);
        let api = home.app.post_json("/api/v1/licences/verify", "", &serde_json::json!({ "offline_code": code })).await.unwrap();
        assert_eq!(api.json().unwrap()["offline"]["verdict"], "good", "{}", api.body);
    }
}
