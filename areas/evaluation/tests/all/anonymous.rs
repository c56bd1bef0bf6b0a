//! 评价对被评的人匿名；不公开的不公开；申诉要证据；两次不认可转监督查评；堵点推给管事项的人；一个事项的公示。

use axum::http::StatusCode;
use jiff::Timestamp;
use tongban_contracts::cases::CaseNodeV1;
use tongban_directory::commands as directory;
use tongban_directory::model::{KIND_TENANT, NewOrg, NewPost};
use tongban_evaluation::commands::{self, Handle};
use tongban_evaluation::model::inspection::InspectionState;
use tongban_evaluation::model::{Action, Cause};
use tongban_evaluation::permissions::{HANDLE, INSPECT, READ, REVIEW, REVISIT};
use tongban_evaluation::{rules, store};
use tongban_kernel::scope::Depth;
use tongban_kernel::{Actor, Code, Scope};
use tongban_store::Entry;
use tongban_store::testing::{TestDb, engines};

use crate::http::open as pages;
use crate::support::{TENANT, UNIT, decided_case, draft, from_phone, header, later, open, settle, staff, start, tokens};

const NO: &str = "510811-20260302-000001-3-1";

#[tokio::test(flavor = "multi_thread")]
async fn the_person_rated_never_sees_the_rating() {
    for app in pages().await {
        let token = tokens(app.app.db(), 1).await.remove(2);
        app.post_form(&format!("/r/{token}"), "", &[("level", "1"), ("text", "推来推去")]).await.unwrap();
        let all = [READ, HANDLE, REVIEW, REVISIT];
        // 经办人的行键是 55
        let own = app.sign_in(Actor { staff: 55, ..staff("李敏", UNIT, &all) });
        let other = app.sign_in(Actor { staff: 56, ..staff("吕霞", UNIT, &all) });
        let lists = ["/desk/rates", "/desk/rates/ratings", "/desk/rates/ratings?tab=bad", "/desk/rates/ratings?tab=waiting", "/desk/rates/ratings?format=csv", "/api/v1/evaluations", "/api/v1/bad-ratings"];
        for path in lists {
            assert!(app.get(path, &other).await.unwrap().body.contains(NO), "{path}：同事看得到");
            assert!(!app.get(path, &own).await.unwrap().body.contains(NO), "{path}：被评的人看到了");
        }
        for path in [format!("/desk/rates/{NO}"), format!("/desk/rates/ratings/{NO}")] {
            let refused = app.get(&path, &own).await.unwrap();
            assert_eq!(refused.status, StatusCode::FORBIDDEN);
            assert!(refused.body.contains("这一条评的是您本人") && !refused.body.contains("推来推去"));
            assert_eq!(app.get(&path, &other).await.unwrap().status, StatusCode::OK);
        }
        let contact = [("action", "contact"), ("version", "1"), ("note", "已联系")];
        assert_eq!(app.post_form(&format!("/desk/rates/{NO}"), &own, &contact).await.unwrap().status, StatusCode::FORBIDDEN);
        assert_eq!(app.post_form(&format!("/desk/rates/ratings/{NO}/text"), &own, &[("pass", "0")]).await.unwrap().status, StatusCode::FORBIDDEN);
        let case = "/desk/rates/cases/510811-20260302-000001";
        let page = app.get(case, &own).await.unwrap().body;
        assert!(page.contains("已评。") && !page.contains("非常不满意"), "{page}");
        assert!(app.get(case, &other).await.unwrap().body.contains("非常不满意"));
        assert!(app.get("/desk/rates/stats?by=staff", &own).await.unwrap().body.contains("011"), "统计里看得到自己的数");
    }
}

/// 未成年人、涉密与信访举报类的办件：评价照记照办，不公开（evaluation §7）。
#[tokio::test(flavor = "multi_thread")]
async fn a_withheld_case_keeps_its_ratings_from_the_public() {
    const KEPT: &str = "SELECT COUNT(*) FROM evaluation_ratings WHERE item_name = '不公开的事项' AND private = 1 AND counts = 1";
    for app in pages().await {
        let db = app.app.db();
        let hidden = CaseNodeV1 { withheld: true, item_name: "不公开的事项".to_owned(), ..header(31) };
        let body = serde_json::to_string(&hidden).unwrap();
        db.write("test.withheld", move |tx| {
            let actor = Actor::system();
            let at = Timestamp::now() - jiff::SignedDuration::from_mins(10);
            let entry = Entry { kind: "cases.decided", subject: 900_031, rev: 1, at, actor: &actor, tenant: TENANT, body: &body };
            tx.journal_facts::<i64>(entry, None, None)
        })
        .await
        .unwrap();
        settle(db).await;
        let found = tokens(db, 31).await;
        let sent = app.post_form(&format!("/r/{}", found[0]), "", &[("level", "5")]).await.unwrap();
        assert_eq!(sent.status, StatusCode::SEE_OTHER, "{}", sent.body);
        let kept: Option<i64> = db.read("test.kept", |tx| tx.row(KEPT, &[], |r| r.get(0))).await.unwrap();
        assert_eq!(kept, Some(1), "照样计数");
        assert!(!app.get("/open/rates", "").await.unwrap().body.contains("不公开的事项"));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_kept_private_is_not_shown_and_an_item_has_its_own_page() {
    const OLD: &str = "UPDATE evaluation_ratings SET tags = '101,310' WHERE node = 1";
    for app in pages().await {
        let found = tokens(app.app.db(), 1).await;
        app.post_form(&format!("/r/{}", found[2]), "", &[("level", "2"), ("tags", "214"), ("private", "1")]).await.unwrap();
        app.post_form(&format!("/r/{}", found[0]), "", &[("level", "3")]).await.unwrap();
        app.app.db().write("t", |tx| tx.exec(OLD, &[])).await.unwrap();
        let public = app.get("/open/rates", "").await.unwrap().body;
        assert!(public.contains("标签 101") && public.contains("办事指南指引准确"), "停用的旧码照样显示");
        assert!(!public.contains("服务态度生硬"), "选了不公开的整条不出现");
        assert!(public.contains("经办工号 011") && !public.contains("20260302-000001"), "只有工号，没有办件编号");
        let item = app.get("/open/rates?item=511Y00000000000000000000000000001", "").await.unwrap().body;
        assert!(item.contains("食品经营许可（新办）：群众评价") && item.contains("主动评价 2 条，满意率 50.00%"), "{item}");
        assert!(app.get("/open/rates?item=nothing", "").await.unwrap().body.contains("还没有人评价"));
    }
}

fn input(action: Action, version: i64, evidence: &str) -> Handle {
    Handle {
        action: Some(action),
        version,
        note: "已办".to_owned(),
        cause: Some(Cause::Attitude),
        measures: "培训".to_owned(),
        published: "已改".to_owned(),
        item_change: String::new(),
        evidence: evidence.to_owned(),
        files: Vec::new(),
    }
}

async fn bad(test: &TestDb, number: i64) -> String {
    let token = decided_case(&test.db, number).await.remove(2);
    let rating = rules::check(&draft(1, "推诿")).unwrap();
    let done = test.db.write("t", move |tx| commands::rate(tx, &Actor::anonymous(), &token, &rating, &from_phone(), start())).await.unwrap();
    done.task.unwrap()
}

async fn act(test: &TestDb, no: &str, name: &'static str, action: Action, evidence: &'static str) -> Result<(), tongban_kernel::Problem> {
    let no = no.to_owned();
    let done = test.db.write("t", move |tx| {
        let id = store::task_by_no(tx, &no)?.unwrap();
        let version = store::task(tx, id)?.unwrap().version;
        let actor = staff(name, UNIT, &[HANDLE, REVIEW, REVISIT]);
        commands::handle(tx, &actor, &no, &input(action, version, evidence), later(1))
    });
    done.await.map(|_| ()).map_err(tongban_store::Error::into_problem)
}

#[tokio::test]
async fn an_appeal_needs_evidence_and_keeps_it() {
    for engine in engines() {
        let test = open(engine).await;
        let no = bad(&test, 1).await;
        act(&test, &no, "李敏", Action::Contact, "").await.unwrap();
        let refused = act(&test, &no, "李敏", Action::Appeal, " ").await.unwrap_err();
        assert_eq!((refused.code, refused.errors[0].field()), (Code::ValidationFailed, "evidence"));
        act(&test, &no, "李敏", Action::Appeal, "监控 3-17").await.unwrap();
        act(&test, &no, "周主管", Action::UpholdAppeal, "").await.unwrap();
        let steps = test.db.snapshot("t", move |tx| {
            let id = store::task_by_no(tx, &no)?.unwrap();
            store::steps(tx, id)
        });
        assert!(steps.await.unwrap()[3].note.as_deref().unwrap().contains("证据：监控 3-17"));
    }
}

#[tokio::test]
async fn after_two_refusals_an_inspection_sheet_is_opened() {
    for engine in engines() {
        let test = open(engine).await;
        let no = bad(&test, 1).await;
        act(&test, &no, "李敏", Action::Contact, "").await.unwrap();
        act(&test, &no, "李敏", Action::Confirm, "").await.unwrap();
        for _ in 0..3 {
            act(&test, &no, "李敏", Action::Submit, "").await.unwrap();
            act(&test, &no, "周主管", Action::Approve, "").await.unwrap();
            act(&test, &no, "李敏", Action::RejectRevisit, "").await.unwrap();
        }
        let inspector = Actor { scope: Scope::unit(UNIT), ..staff("督查", UNIT, &[INSPECT]) };
        let sheets = test.db.snapshot("t", move |tx| store::inspections(tx, &inspector.scope, i64::MAX, 10)).await.unwrap();
        assert_eq!(sheets.len(), 1, "只在第三次转");
        assert_eq!((sheets[0].state, sheets[0].way.as_str()), (InspectionState::Open, "escalated"));
        assert!(sheets[0].found.contains(&no));
    }
}

#[tokio::test]
async fn the_third_bad_rating_of_an_item_is_told_to_whoever_keeps_the_item() {
    const GRANT: &str = "INSERT INTO directory_role_permissions (role, permission) VALUES ('dept_admin', 'items.review')";
    const MOVE: &str = "UPDATE directory_posts SET unit = $1 WHERE id = $2";
    const COUNT: &str = "SELECT COUNT(*) FROM messages_messages WHERE title = '堵点问题'";
    for engine in engines() {
        let test = open(engine).await;
        test.db
            .write("t", |tx| {
                let system = Actor::system();
                let root = NewOrg { name: "昭化区".into(), short_name: "昭化区".into(), kind: KIND_TENANT, ..NewOrg::default() };
                let org = directory::create_org(tx, &system, &root, start())?;
                let person = directory::add_staff(tx, &system, org, "021", "郑丽", start())?;
                let post = NewPost { staff: person, org, role: "dept_admin".into(), title: "政务股长".into(), window: None, reach: Depth::Unit };
                let post = directory::assign_post(tx, &system, &post, start())?;
                tx.exec(MOVE, tongban_store::args![UNIT, post])?;
                tx.exec(GRANT, &[])
            })
            .await
            .unwrap();
        let mut told = Vec::new();
        for number in 1..=4 {
            bad(&test, number).await;
            told.push(test.db.snapshot("t", |tx| Ok(tx.row(COUNT, &[], |r| r.get::<i64>(0))?.unwrap())).await.unwrap());
        }
        assert_eq!(told, [0, 0, 1, 1], "满 3 条时推一次，不重复");
    }
}

/// 一页许多张小表单：出错的那张留着填的字，错误汇总点得到它。
#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_card_keeps_what_was_typed() {
    for app in pages().await {
        let place = app
            .app
            .db()
            .write("t", |tx| {
                let system = Actor::system();
                let root = NewOrg { name: "昭化区".into(), short_name: "昭化区".into(), kind: KIND_TENANT, ..NewOrg::default() };
                let tenant = directory::create_org(tx, &system, &root, start())?;
                let org = NewOrg { parent: tenant, name: "区医保局".into(), short_name: "区医保局".into(), kind: 2, ..NewOrg::default() };
                let org = directory::create_org(tx, &system, &org, start())?;
                tongban_directory::queries::place_of(tx, org)
            })
            .await
            .unwrap();
        let actor = Actor { tenant: place.tenant, scope: Scope::tenant(place.tenant), ..staff("督查", place.unit, &[READ, INSPECT, HANDLE, REVIEW]) };
        let desk = app.sign_in(actor);
        let org = place.org.to_string();
        let sheet = [("org", org.as_str()), ("way", "covert"), ("day", "2026-03-01"), ("level", "1"), ("found", "空岗")];
        assert_eq!(app.post_form("/desk/rates/inspections", &desk, &sheet).await.unwrap().status, StatusCode::SEE_OTHER);
        let id = app.app.db().snapshot("t", move |tx| Ok(store::inspections(tx, &Scope::tenant(place.tenant), i64::MAX, 5)?[0].id)).await.unwrap();
        let long = "改".repeat(2_001);
        let wrong = app.post_form(&format!("/desk/rates/inspections/{id}"), &desk, &[("version", "1"), ("act", "mend"), ("note", &long)]).await.unwrap();
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(wrong.body.contains(&long) && wrong.body.contains(&format!("href=\"#note-{id}\"")), "{}", &wrong.body[..2000]);
        let empty = app.post_form(&format!("/desk/rates/inspections/{id}"), &desk, &[("version", "1"), ("act", "mend"), ("note", " ")]).await.unwrap();
        assert!(empty.body.contains("请写怎么改的"));
    }
}
