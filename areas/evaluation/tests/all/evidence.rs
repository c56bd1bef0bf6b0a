//! 申诉与整改的证据文件：上传、按内容认、存、判的人下载、范围外没有；以及没人能办的差评交给代管。

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use tongban_directory::commands as directory;
use tongban_directory::model::{KIND_TENANT, NewOrg, NewPost};
use tongban_evaluation::permissions::{HANDLE, READ, REVIEW};
use tongban_evaluation::{commands, store};
use tongban_kernel::scope::Depth;
use tongban_kernel::{Actor, Scope};
use tongban_parties::commands::staff::{Leaving, NewAccount, leave, open_account};
use tongban_store::Entry;
use tongban_store::testing::engines;
use tongban_web::testing::{Answer, TestApp};

use crate::http;
use crate::support::{UNIT, header as case_header, staff, tokens};

const NO: &str = "510811-20260302-000001-3-1";
const PDF: &[u8] = b"%PDF-1.7\n%proof of the window recording";

/// 带文件的处理表单。
async fn send(app: &TestApp, who: &str, fields: &[(&str, &str)], files: &[(&str, &[u8])]) -> Answer {
    let mut body = Vec::new();
    for (name, value) in fields {
        body.extend(format!("--B\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").into_bytes());
    }
    for (name, content) in files {
        body.extend(format!("--B\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\r\n").into_bytes());
        body.extend_from_slice(content);
        body.extend(b"\r\n");
    }
    body.extend(b"--B--\r\n");
    let request = Request::post(format!("/desk/rates/{NO}"))
        .header(header::AUTHORIZATION, format!("Bearer {who}"))
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=B");
    app.send(request.body(Body::from(body)).unwrap()).await.unwrap()
}

async fn evidence_paths(app: &TestApp, who: &str) -> Vec<String> {
    let body = app.get(&format!("/desk/rates/{NO}"), who).await.unwrap().body;
    body.split("href=\"").filter(|part| part.contains("/evidence/")).map(|part| part.split('"').next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appeal_carries_files_that_only_those_in_scope_can_open() {
    for app in http::open().await {
        let token = tokens(app.app.db(), 1).await.remove(2);
        app.post_form(&format!("/r/{token}"), "", &[("level", "1"), ("text", "没人理")]).await.unwrap();
        let worker = app.sign_in(staff("李敏", UNIT, &[READ, HANDLE]));
        let boss = app.sign_in(staff("周主管", UNIT, &[READ, REVIEW]));
        let outsider = app.sign_in(staff("外单位", 11, &[READ, HANDLE, REVIEW]));
        assert_eq!(send(&app, &worker, &[("action", "contact"), ("version", "1"), ("note", "打了电话")], &[]).await.status, StatusCode::SEE_OTHER);
        let appeal = [("action", "appeal"), ("version", "2"), ("note", "当天该号未叫到，<b>评错</b>窗口")];
        let none = send(&app, &worker, &appeal, &[]).await;
        assert!(none.status == StatusCode::UNPROCESSABLE_ENTITY && none.body.contains("申诉要有证据"), "{}", none.status);
        let fake = send(&app, &worker, &appeal, &[("好.pdf", PDF), ("录音.pdf", b"PK\x03\x04 not a pdf at all")]).await;
        assert_eq!(fake.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(fake.body.contains("内容与扩展名不符") && fake.body.contains("href=\"#files\"") && fake.body.contains("评错"), "说清哪份不对，填的还在");
        let exe = send(&app, &worker, &appeal, &[("病毒.exe", b"MZ\x90\x00")]).await;
        assert!(exe.status == StatusCode::UNPROCESSABLE_ENTITY && exe.body.contains("不能上传这种文件"));
        let big = [PDF, &vec![b'a'; app.app.config().upload_limit]].concat();
        let big = send(&app, &worker, &appeal, &[("大.pdf", &big)]).await;
        assert!(big.status == StatusCode::UNPROCESSABLE_ENTITY && big.body.contains("超过") && big.body.contains("评错"), "{}", big.status);
        let many: Vec<(&str, &[u8])> = (0..6).map(|_| ("一.pdf", PDF)).collect();
        let many = send(&app, &worker, &appeal, &many).await;
        assert!(many.status == StatusCode::UNPROCESSABLE_ENTITY && many.body.contains("一次最多 5 份"));
        assert!(evidence_paths(&app, &worker).await.is_empty(), "没交成的一份也不留");
        let sent = send(&app, &worker, &appeal, &[("窗口监控 3-17.pdf", PDF)]).await;
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        let path = evidence_paths(&app, &boss).await.remove(0);
        let got = app.get(&path, &boss).await.unwrap();
        assert_eq!((got.status, got.body.as_bytes(), &got.headers["content-type"]), (StatusCode::OK, PDF, &"application/pdf".parse().unwrap()));
        assert!(got.headers["content-disposition"].to_str().unwrap().starts_with("attachment"));
        assert_eq!(app.get(&path, &outsider).await.unwrap().status, StatusCode::NOT_FOUND);
        assert_eq!(send(&app, &outsider, &appeal, &[("好.pdf", PDF)]).await.status, StatusCode::NOT_FOUND);
        assert_eq!(app.get(&format!("/desk/rates/{NO}/evidence/1"), &boss).await.unwrap().status, StatusCode::NOT_FOUND);
        assert_eq!(app.get(&path, "").await.unwrap().status, StatusCode::SEE_OTHER, "没登录的去登录");
        let judged = send(&app, &boss, &[("action", "reject_appeal"), ("version", "3"), ("note", "监控显示确有其事")], &[]).await;
        assert_eq!(judged.status, StatusCode::SEE_OTHER);
        let mend = [("action", "submit"), ("version", "4"), ("note", "已改"), ("cause", "attitude"), ("measures", "轮岗"), ("published", "已增设值班窗口")];
        assert_eq!(send(&app, &worker, &mend, &[("整改照片.pdf", PDF), ("培训签到.pdf", b"%PDF-1.4 signed")]).await.status, StatusCode::SEE_OTHER);
        assert_eq!(evidence_paths(&app, &boss).await.len(), 3, "申诉一份、整改两份");
    }
}

/// 一个没有差评整改岗的镇，一个有的局；局里的承办有账号。
struct County {
    town: i64,
    bureau: i64,
    handler: i64,
}

async fn county(app: &TestApp) -> County {
    app.app
        .db()
        .write("t", |tx| {
            let (system, at) = (Actor::system(), Timestamp::now());
            directory::install_roles(tx, &system)?;
            let new = |parent: i64, name: &str, kind: i64| NewOrg { parent, name: name.into(), short_name: name.into(), kind, ..NewOrg::default() };
            let tenant = directory::create_org(tx, &system, &new(0, "昭化区", KIND_TENANT), at)?;
            let bureau = directory::create_org(tx, &system, &new(tenant, "区行政审批局", 2), at)?;
            let town = directory::create_org(tx, &system, &new(tenant, "清水镇", 2), at)?;
            let mut people = Vec::new();
            for (code, role, org, reach) in [("h1", "handler", bureau, Depth::Unit), ("c1", "bureau_admin", bureau, Depth::Tenant), ("t1", "town_editor", town, Depth::Unit)] {
                let staff = directory::add_staff(tx, &system, org, code, code, at)?;
                let post = NewPost { staff, org, role: role.into(), title: String::new(), window: None, reach };
                directory::assign_post(tx, &system, &post, at)?;
                // 镇里的人没有账号：有岗也办不了
                if org == bureau {
                    open_account(tx, &system, &NewAccount { staff, login: code, hash: "x", must_change: false }, at)?;
                }
                people.push(staff);
            }
            for (rev, kind) in (1..).zip(["cases.received", "cases.accepted", "cases.decided"]) {
                let body = serde_json::to_string(&tongban_contracts::cases::CaseNodeV1 { tenant, unit: town, org: town, org_name: "清水镇".into(), ..case_header(1) })?;
                let entry = Entry { kind, subject: 900_001, rev, at: at - SignedDuration::from_mins(9), actor: &system, tenant, body: &body };
                tx.journal_facts::<i64>(entry, None, None)?;
            }
            Ok(County { town, bureau, handler: people[0] })
        })
        .await
        .unwrap()
}

fn person(name: &str, staff_id: i64, scope: Scope, permissions: &[&str]) -> Actor {
    Actor { staff: staff_id, scope, ..staff(name, UNIT, permissions) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bad_rating_nobody_can_handle_goes_to_the_supervising_unit() {
    for engine in engines() {
        let areas = vec![tongban_directory::area(), tongban_parties::area(), tongban_messages::area(), tongban_items::area(), tongban_evaluation::area()];
        let app = TestApp::open(engine, areas).await.unwrap();
        let c = county(&app).await;
        app.app.settle().await.unwrap();
        let token = tokens(app.app.db(), 1).await.remove(2);
        app.post_form(&format!("/r/{token}"), "", &[("level", "1"), ("text", "没人理")]).await.unwrap();
        let (bureau, handler) = (c.bureau, c.handler);
        let (task, told) = app
            .app
            .db()
            .snapshot("t", move |tx| {
                let id = store::task_by_no(tx, NO)?.unwrap();
                const TOLD: &str = "SELECT COUNT(*) FROM messages_messages WHERE title = '代管差评'";
                Ok((store::task(tx, id)?.unwrap(), tx.row(TOLD, &[], |r| r.get::<i64>(0))?))
            })
            .await
            .unwrap();
        assert_eq!((task.handler_unit, task.place.unit), (bureau, c.town), "代管的是审批局，记录仍归镇");
        assert_eq!(told, Some(2), "能办的人与主管各收到一条");
        let bureau_handler = app.sign_in(person("承办", handler, Scope::unit(bureau), &[READ, HANDLE]));
        let list = app.get("/desk/rates", &bureau_handler).await.unwrap().body;
        assert!(list.contains(NO) && list.contains("区行政审批局代管"), "列表上看得出是代管的");
        let own = app.sign_in(person("镇里", 0, Scope::unit(c.town), &[READ]));
        assert!(app.get("/desk/rates", &own).await.unwrap().body.contains("区行政审批局代管"), "办理单位也看得到");
        let other = app.sign_in(person("别的局", 0, Scope::unit(c.bureau + 999), &[READ, HANDLE]));
        assert_eq!(app.get(&format!("/desk/rates/{NO}"), &other).await.unwrap().status, StatusCode::NOT_FOUND);
        let page = app.get(&format!("/desk/rates/{NO}"), &bureau_handler).await.unwrap().body;
        assert!(page.contains("交给代管") && page.contains("没有能办差评的人"));
        let done = send(&app, &bureau_handler, &[("action", "contact"), ("version", "1"), ("note", "已联系")], &[]).await;
        assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.body);
    }
}

/// 派单时有人、后来走了：到点亮灯时再看一眼，交出去。
#[tokio::test(flavor = "multi_thread")]
async fn a_task_whose_people_left_is_handed_up_when_its_light_turns() {
    for engine in engines() {
        let areas = vec![tongban_directory::area(), tongban_parties::area(), tongban_messages::area(), tongban_items::area(), tongban_evaluation::area()];
        let app = TestApp::open(engine, areas).await.unwrap();
        let c = county(&app).await;
        app.app.settle().await.unwrap();
        let (town, system) = (c.town, Actor::system());
        let given = system.clone();
        let staff = app.app.db().write("t", move |tx| {
            let staff = directory::add_staff(tx, &given, town, "t2", "镇长", Timestamp::now())?;
            let post = NewPost { staff, org: town, role: "town_editor".into(), title: String::new(), window: None, reach: Depth::Unit };
            directory::assign_post(tx, &given, &post, Timestamp::now())?;
            open_account(tx, &given, &NewAccount { staff, login: "t2", hash: "x", must_change: false }, Timestamp::now())?;
            Ok(staff)
        });
        let staff = staff.await.unwrap();
        let token = tokens(app.app.db(), 1).await.remove(2);
        app.post_form(&format!("/r/{token}"), "", &[("level", "1"), ("text", "没人理")]).await.unwrap();
        let handled_by = async || {
            app.app.db().snapshot("t", |tx| {
                let id = store::task_by_no(tx, NO)?.unwrap();
                Ok(store::task(tx, id)?.unwrap())
            }).await.unwrap()
        };
        let task = handled_by().await;
        assert_eq!(task.handler_unit, 0, "镇里有人办就归镇里");
        let leaves = system.clone();
        app.app.db().write("t", move |tx| leave(tx, &leaves, &Leaving { staff, version: 1, to: 0 }, &[], Timestamp::now())).await.unwrap();
        let due = task.next_clock("green").unwrap();
        app.app.db().write("t", move |tx| commands::light_up(tx, task.id, due)).await.unwrap();
        assert_eq!(handled_by().await.handler_unit, c.bureau);
    }
}
