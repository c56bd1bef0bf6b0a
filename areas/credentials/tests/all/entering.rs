//! 成批录入：两千行由任务录、复核，断了接得着，重来不重复；有毛病的行一张也不录；自己录的自己复核不了。

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use tongban_credentials::commands::{ENTER_JOB, take_rows};
use tongban_credentials::entering::rows;
use tongban_credentials::model::{BatchState, LicenceState};
use tongban_credentials::store::batches::{self, Batch};
use tongban_credentials::store::{kinds, licences};
use tongban_web::testing::Answer;

use crate::support::{Home, homes, now};

const MANY: usize = 2_000;

fn sheet(many: usize, bad: Option<usize>) -> String {
    let mut out = String::from("持证主体,主体代码,经营场所,颁发日期\n");
    for n in 0..many {
        let code = if bad == Some(n) { "510811199003070018" } else { "510811199003070017" };
        out.push_str(&format!("王小明{n},{code},元坝镇京昆路{n}号,2026-11-01\n"));
    }
    out
}

/// 像浏览器那样交一份表。
async fn upload(home: &Home, token: &str, kind: i64, csv: &str) -> Answer {
    let body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"kind\"\r\n\r\n{kind}\r\n--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"证照.csv\"\r\nContent-Type: text/csv\r\n\r\n{csv}\r\n--x--\r\n"
    );
    let request = Request::post("/certs/batch").header(header::AUTHORIZATION, format!("Bearer {token}")).header(header::CONTENT_TYPE, "multipart/form-data; boundary=x");
    home.app.send(request.body(Body::from(body)).unwrap()).await.unwrap()
}

async fn batch(home: &Home, id: &str) -> (Batch, Vec<(LicenceState, i64)>) {
    let id = id.to_owned();
    home.app.app.db().snapshot("test.batch", move |tx| Ok((batches::find(tx, &id)?.unwrap(), licences::batch(tx, &id)?))).await.unwrap()
}

#[tokio::test]
async fn two_thousand_rows_are_entered_and_reviewed_by_jobs_once_each() {
    for home in homes().await {
        let kind = home.kind("食品经营许可证").await;
        let (boss, other) = (home.app.sign_in(home.boss(1)), home.app.sign_in(home.boss(2)));
        let answer = upload(&home, &boss, kind, &sheet(MANY, None)).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let path = answer.location().to_owned();
        let id = path.rsplit('/').next().unwrap().to_owned();
        assert_eq!(batch(&home, &id).await.0.done, 0, "请求里不录");
        assert!(home.app.get(&path, &boss).await.unwrap().body.contains("正在逐行核对"));
        // 头一块录完就断电：任务从第 201 行接着录
        let (bytes, key) = (sheet(MANY, None).into_bytes(), id.clone());
        let first = home
            .app
            .app
            .db()
            .bulk("test.first", move |tx| {
                let found = batches::find(tx, &key)?.unwrap();
                let specs = kinds::find(tx, kind)?.unwrap().spec.fields;
                let all = rows(&bytes, &found, &specs)?;
                take_rows(tx, &key, all.len(), 0, &all[..200], now())
            })
            .await
            .unwrap();
        assert!(first);
        assert!(home.app.get(&path, &boss).await.unwrap().body.contains("200</span> / 2000"));
        home.app.app.settle().await.unwrap();
        let (row, counts) = batch(&home, &id).await;
        assert_eq!((row.state, row.done, row.total), (BatchState::Entered, 2000, 2000));
        assert_eq!(counts, [(LicenceState::Pending, 2000)]);
        // 同一件任务再来一遍，什么都不多
        let payload = serde_json::to_string(&id).unwrap();
        home.app.app.db().write("test.again", move |tx| tx.enqueue(ENTER_JOB, &payload, now()).map(drop)).await.unwrap();
        home.app.app.settle().await.unwrap();
        assert_eq!(batch(&home, &id).await.1, [(LicenceState::Pending, 2000)]);
        let key = id.clone();
        let serials = home.app.app.db().snapshot("test.ids", move |tx| tx.rows("SELECT DISTINCT identifier FROM credentials_licences WHERE batch = $1", tongban_store::args![&key], |r| r.get::<String>(0))).await.unwrap();
        assert_eq!(serials.len(), MANY, "标识不重");
        let own = home.app.post_form(&path, &boss, &[]).await.unwrap();
        assert_eq!(own.status, StatusCode::FORBIDDEN, "录入的人自己不能复核");
        assert_eq!(home.app.post_form(&path, &other, &[]).await.unwrap().status, StatusCode::SEE_OTHER);
        assert_eq!(batch(&home, &id).await.1, [(LicenceState::Pending, 2000)], "请求里不复核");
        home.app.app.settle().await.unwrap();
        let (row, counts) = batch(&home, &id).await;
        assert_eq!((row.state, counts.as_slice()), (BatchState::Reviewed, [(LicenceState::ToSign, 2000)].as_slice()));
        let page = home.app.get(&path, &other).await.unwrap();
        assert!(page.body.contains("待用印章 2000 张"), "{}", page.body);
        let troubled = "SELECT COUNT(*) FROM jobs WHERE error IS NOT NULL OR state = 2";
        let troubled = home.app.app.db().snapshot("test.jobs", move |tx| tx.row(troubled, tongban_store::args![], |r| r.get::<i64>(0))).await.unwrap();
        assert_eq!(troubled, Some(0));
    }
}

#[tokio::test]
async fn a_bad_row_stops_the_whole_sheet_and_says_where() {
    for home in homes().await {
        let kind = home.kind("食品经营许可证").await;
        let boss = home.app.sign_in(home.boss(1));
        assert_eq!(upload(&home, &boss, 0, &sheet(3, None)).await.status, StatusCode::UNPROCESSABLE_ENTITY, "没选类型");
        let path = upload(&home, &boss, kind, &sheet(300, Some(250))).await.location().to_owned();
        home.app.app.settle().await.unwrap();
        let (row, counts) = batch(&home, path.rsplit('/').next().unwrap()).await;
        assert_eq!((row.state, counts.len()), (BatchState::Stopped, 0));
        let page = home.app.get(&path, &boss).await.unwrap();
        assert!(page.body.contains("一张也没有录") && page.body.contains("第 252 行"), "{}", page.body);
        let path = upload(&home, &boss, kind, "姓名,号码\n王小明,510811199003070017\n").await.location().to_owned();
        home.app.app.settle().await.unwrap();
        assert!(home.app.get(&path, &boss).await.unwrap().body.contains("缺少“持证主体”列"));
    }
}
