//! 页面：打得开、没有行内脚本与样式、范围外 404、错了留住所填、公众验真不露个人信息。

use axum::http::StatusCode;
use tongban_credentials::permissions::READ;

use crate::support::{PASSCODE, citizen, homes, set_passcode, staff};

#[tokio::test]
async fn staff_pages_open_and_strangers_get_nothing() {
    for home in homes().await {
        let seal = home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let row = home.licence(home.input(kind), 71).await;
        let boss = home.app.sign_in(home.boss(1));
        let paths = [
            "/seals".to_owned(),
            format!("/seals/{seal}"),
            "/seals/uses".to_owned(),
            "/seals/province".to_owned(),
            "/certs".to_owned(),
            format!("/certs/new?kind={kind}"),
            "/certs/batch".to_owned(),
            "/certs/quotas".to_owned(),
            "/certs/types".to_owned(),
            format!("/certs/types/{kind}"),
            format!("/certs/{}", row.id),
        ];
        for path in &paths {
            let page = home.app.get(path, &boss).await.unwrap();
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(!page.body.contains("style=\"") && !page.body.contains("<script>") && !page.body.contains("onclick"), "{path}");
        }
        let svg = home.app.get(&format!("/certs/{}/page.svg", row.id), &boss).await.unwrap();
        assert!(svg.body.starts_with("<svg") && svg.headers["content-type"] == "image/svg+xml");
        assert_eq!(home.app.get(&format!("/certs/{}/licence.pdf", row.id), &boss).await.unwrap().headers["content-type"], "application/pdf");
        let preview = home.app.get(&format!("/certs/types/{kind}/preview.svg"), &boss).await.unwrap();
        assert!(preview.body.starts_with("<svg"));
        let stranger = home.app.sign_in(staff(9, "外单位", home.town, home.tenant, &[READ, "credentials.seal_read"]));
        for path in [format!("/certs/{}", row.id), format!("/certs/{}/page.svg", row.id), format!("/seals/{seal}")] {
            assert_eq!(home.app.get(&path, &stranger).await.unwrap().status, StatusCode::NOT_FOUND, "{path}");
        }
    }
}

#[tokio::test]
async fn the_holder_shows_downloads_and_the_public_verifies() {
    for home in homes().await {
        home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let row = home.licence(home.input(kind), 71).await;
        let (me, other) = (home.app.sign_in(citizen(71)), home.app.sign_in(citizen(72)));
        set_passcode(&home, 71).await;
        let one = home.app.get(&format!("/me/licences/{}", row.id), &me).await.unwrap();
        assert_eq!(one.status, StatusCode::OK);
        assert!(one.body.contains("亮出这张证照"));
        assert_eq!(home.app.get(&format!("/me/licences/{}", row.id), &other).await.unwrap().status, StatusCode::NOT_FOUND);
        assert_eq!(home.app.get(&format!("/me/licences/{}/licence.ofd", row.id), &other).await.unwrap().status, StatusCode::NOT_FOUND);
        let shown = home.app.post_form(&format!("/me/licences/{}/show", row.id), &me, &[("passcode", PASSCODE)]).await.unwrap();
        assert_eq!(shown.status, StatusCode::OK);
        assert!(shown.body.contains("class=\"qr\"") && shown.headers["cache-control"] == "no-store" && shown.body.contains("http-equiv=\"refresh\""));
        let short: String = shown.body.split("class=\"num big\">").nth(1).unwrap().chars().take(12).filter(char::is_ascii_digit).collect();
        assert_eq!(short.len(), 10);
        let seen = home.app.post_form("/v", "", &[("short", &short)]).await.unwrap();
        assert_eq!(seen.status, StatusCode::OK, "{}", seen.body);
        assert!(seen.body.contains("王*") && !seen.body.contains("王小明"));
        assert_eq!(home.app.post_form("/v", "", &[("short", &short)]).await.unwrap().status, StatusCode::CONFLICT);
        let found = home.app.get(&format!("/verify?no={}", row.identifier), "").await.unwrap();
        assert!(found.body.contains("现在：有效") && !found.body.contains("王小明"));
        let typo = format!("{}X", &row.identifier[..row.identifier.len() - 1]);
        assert_eq!(home.app.get(&format!("/verify?no={typo}"), "").await.unwrap().status, StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(home.app.get("/verify?no=nothing", "").await.unwrap().status, StatusCode::NOT_FOUND);
    }
}
