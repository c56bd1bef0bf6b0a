//! 工作人员的账号：谁管得了谁、初始口令先改、解锁、离职与移交、七天不实名停用；命令与页面，两种引擎。
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "测试")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use tongban_directory::commands as directory;
use tongban_directory::model::{Appointment, FOREVER, NewPost, NewStaff, role};
use tongban_directory::queries as people;
use tongban_directory::testing::org;
use tongban_kernel::lights::Light;
use tongban_kernel::{Actor, ActorKind, Code, Depth, Scope};
use tongban_parties::commands::staff::{self, Leaving, NewAccount, OwnIdentity};
use tongban_parties::commands::{self, before_login, login_failed};
use tongban_parties::queries::staff as accounts;
use tongban_store::testing::engines;
use tongban_store::{Error, Result, Tx};
use tongban_web::testing::TestApp;
use tongban_web::{Area, Holding, Todo};

const TODAY: i64 = 20_261_123;

fn at() -> Timestamp {
    "2026-11-23T02:00:00Z".parse().unwrap()
}

#[derive(Clone)]
struct County {
    tenant: i64,
    school: i64,
    forest: i64,
    sys: Actor,
    admin: Actor,
    /// 学校的承办，有账号 JY01。
    handler: i64,
    /// 林业局的人。
    outsider: i64,
}

fn acting(tenant: i64, staff: i64, code: &str, scope: Scope) -> Actor {
    let permissions = role(code).unwrap().permissions.iter().cloned().collect::<BTreeSet<_>>();
    Actor { kind: ActorKind::Staff, account: 1_000 + staff % 1_000, staff, tenant, permissions: Arc::new(permissions), scope, ..Actor::anonymous() }
}

fn hire(tx: &mut Tx<'_>, unit: i64, code: &str, name: &str, role: &str, reach: Depth, real_level: i64) -> Result<i64> {
    let me = Actor::system();
    let new = NewStaff { org: unit, code: code.into(), name: name.into(), joined_day: TODAY, real_level };
    let staff = directory::register_staff(tx, &me, &new, at())?;
    let post = NewPost { staff, org: unit, role: role.into(), title: String::new(), window: None, reach };
    directory::appoint(tx, &me, &Appointment { post, from_day: TODAY, to_day: FOREVER, backup: None }, at())?;
    Ok(staff)
}

fn county(tx: &mut Tx<'_>) -> Result<County> {
    let me = Actor::system();
    directory::install_roles(tx, &me)?;
    let tenant = directory::create_org(tx, &me, &org(0, "广元市昭化区", "", 0), at())?;
    let school = directory::create_org(tx, &me, &org(tenant, "广元市昭化区教育局", "", 2), at())?;
    let forest = directory::create_org(tx, &me, &org(tenant, "广元市昭化区林业局", "", 2), at())?;
    let sys = hire(tx, school, "SYS1", "赵建国", "sys_admin", Depth::Tenant, 3)?;
    let admin = hire(tx, school, "DEP1", "钱红", "dept_admin", Depth::Unit, 3)?;
    let handler = hire(tx, school, "JY01", "王小明", "handler", Depth::Unit, 0)?;
    let outsider = hire(tx, forest, "LY01", "孙伟", "handler", Depth::Unit, 2)?;
    for (staff, login) in [(sys, "SYS1"), (handler, "JY01"), (outsider, "LY01")] {
        staff::open_account(tx, &me, &NewAccount { staff, login, hash: "x", must_change: true }, at())?;
    }
    let sys = acting(tenant, sys, "sys_admin", Scope::tenant(tenant));
    let admin = acting(tenant, admin, "dept_admin", Scope::unit(school));
    Ok(County { tenant, school, forest, sys, admin, handler, outsider })
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> Code {
    match result {
        Err(Error::Refused(problem)) => problem.code,
        other => panic!("应当拒绝：{other:?}"),
    }
}

fn field<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(Error::Refused(problem)) => problem.errors.first().map_or_else(String::new, |error| error.field().to_owned()),
        other => panic!("应当拒绝：{other:?}"),
    }
}

fn kinds(tx: &mut Tx<'_>, after: usize) -> Result<Vec<String>> {
    let mut all = Vec::new();
    for lane in tx.lanes()? {
        all.extend(tx.lane_entries(lane, 0, 10_000)?.into_iter().map(|entry| entry.kind));
    }
    Ok(all.split_off(after))
}

/// 测试里挂在人名下的事：交过几件。
static MOVED: AtomicU64 = AtomicU64::new(0);

fn held(_: &mut Tx<'_>, _: i64, _: u32) -> Result<Vec<Todo>> {
    let todo = |id| Todo { id, due: i64::MAX, title: format!("办件 {id}"), detail: "审查中".into(), href: format!("/desk/cases/{id}"), light: Light::Green };
    Ok(if MOVED.load(Ordering::SeqCst) == 0 { vec![todo(1), todo(2)] } else { Vec::new() })
}

fn hand_over(_: &mut Tx<'_>, actor: &Actor, _: i64, _: i64, _: Timestamp) -> Result<u64> {
    actor.require("cases.assign")?;
    MOVED.store(2, Ordering::SeqCst);
    Ok(2)
}

const HOLDINGS: &[Holding] = &[Holding { title: "在办件", rows: held, hand_over }];

fn areas() -> Vec<Area> {
    vec![tongban_directory::area(), tongban_parties::area(), Area { holdings: HOLDINGS, ..Area::new("toy", "办件") }]
}

#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_given_only_down_the_ladder_and_must_be_changed() {
    for engine in engines() {
        let app = TestApp::open(engine, areas()).await.unwrap();
        app.app.db().write("t", |tx| {
            let c = county(tx)?;
            let version = |tx: &mut Tx<'_>, staff: i64| accounts::account_of(tx, staff).map(|account| account.unwrap().version);
            assert_eq!(field(staff::open_account(tx, &c.admin, &NewAccount { staff: c.handler, login: "JY99", hash: "x", must_change: true }, at())), "login", "一人一个账号");
            assert_eq!(code(staff::give_password(tx, &c.admin, c.outsider, 1, "y", at())), Code::NotFound, "范围外");
            assert_eq!(code(staff::give_password(tx, &c.admin, c.sys.staff, 1, "y", at())), Code::Forbidden, "同单位的系统管理员，部门管理员动不了");
            assert_eq!(code(staff::give_password(tx, &c.sys, c.sys.staff, 1, "y", at())), Code::Conflict, "自己的另有地方改");
            assert_eq!(code(staff::give_password(tx, &c.admin, c.handler, 9, "y", at())), Code::PreconditionFailed);

            // 连错五次锁住，管理员解锁；没锁的不解
            let now = version(tx, c.handler)?;
            assert_eq!(code(staff::unlock(tx, &c.admin, c.handler, now, at())), Code::Conflict);
            (0..5).try_for_each(|_| login_failed(tx, "JY01", at()))?;
            assert_eq!(code(before_login(tx, "JY01", at()).map(|_| ())), Code::RateLimited);
            let account = accounts::account_of(tx, c.handler)?.unwrap();
            assert!(accounts::locked_until(tx, account.id, at())?.is_some());
            let mark = kinds(tx, 0)?.len();
            staff::unlock(tx, &c.admin, c.handler, account.version, at())?;
            assert_eq!(kinds(tx, mark)?, ["parties.unlocked"]);
            assert!(before_login(tx, "JY01", at())?.is_some());

            // 重置：恰好一条日志、会话断掉、要先改
            let account = accounts::account_of(tx, c.handler)?.unwrap();
            commands::login(tx, "JY01", &account, b"session", at())?;
            let mark = kinds(tx, 0)?.len();
            let account = accounts::account_of(tx, c.handler)?.unwrap();
            staff::give_password(tx, &c.admin, c.handler, account.version, "y", at())?;
            assert_eq!(kinds(tx, mark)?, ["parties.password_reset"]);
            let account = accounts::account_of(tx, c.handler)?.unwrap();
            assert!(account.must_change && account.password == "y");
            // 本人改过就不必再改
            let own = Actor { account: account.id, ..acting(c.tenant, c.handler, "handler", Scope::unit(c.school)) };
            staff::change_own_password(tx, &own, "z", b"kept", at())?;
            let account = accounts::account_of(tx, c.handler)?.unwrap();
            assert!(!account.must_change && account.password == "z");
            Ok(())
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_hands_over_or_is_refused() {
    for engine in engines() {
        MOVED.store(0, Ordering::SeqCst);
        let app = TestApp::open(engine, areas()).await.unwrap();
        app.app.db().write("t", |tx| {
            let c = county(tx)?;
            let heir = hire(tx, c.school, "JY02", "李敏", "handler", Depth::Unit, 2)?;
            let leaving = |to| Leaving { staff: c.handler, version: 1, to };
            assert_eq!(field(staff::leave(tx, &c.admin, &leaving(0), HOLDINGS, at())), "to", "手里有件，没说交给谁");
            assert_eq!(code(staff::leave(tx, &c.sys, &leaving(heir), HOLDINGS, at())), Code::Forbidden, "系统管理员不管办件，交不了");
            assert!(people::staff(tx, c.handler)?.unwrap().active, "没交成就没有停用");
            let account = accounts::account_of(tx, c.handler)?.unwrap();
            commands::login(tx, "JY01", &account, b"session", at())?;
            let mark = kinds(tx, 0)?.len();
            assert_eq!(staff::leave(tx, &c.admin, &leaving(heir), HOLDINGS, at())?, 2);
            assert_eq!(kinds(tx, mark)?, ["directory.staff_left"], "恰好一条日志");
            let account = accounts::account_of(tx, c.handler)?.unwrap();
            assert!(!account.active);
            assert_eq!(field(commands::login(tx, "JY01", &account, b"again", at())), "login", "登不上");
            assert_eq!(code(staff::leave(tx, &c.admin, &Leaving { staff: c.handler, version: 2, to: heir }, HOLDINGS, at())), Code::Conflict);
            staff::come_back(tx, &c.admin, c.handler, 2, at())?;
            assert!(accounts::account_of(tx, c.handler)?.unwrap().active && people::posts_of(tx, c.handler, TODAY)?.is_empty(), "回来了，岗位要另任");
            Ok(())
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn seven_days_without_a_name_stop_the_account() {
    for engine in engines() {
        let app = TestApp::open(engine, areas()).await.unwrap();
        app.app.db().write("t", |tx| {
            let c = county(tx)?;
            let week = SignedDuration::from_hours(7 * 24);
            let account = accounts::account_of(tx, c.handler)?.unwrap();
            commands::login(tx, "JY01", &account, b"one", at())?;
            let by = accounts::account_of(tx, c.handler)?.unwrap().verify_by.unwrap();
            assert_eq!(by, (at() + week).as_millisecond(), "从第一次登录起算");
            let account = accounts::account_of(tx, c.handler)?.unwrap();
            commands::login(tx, "JY01", &account, b"two", at() + SignedDuration::from_hours(24))?;
            assert_eq!(accounts::account_of(tx, c.handler)?.unwrap().verify_by, Some(by), "再登录不往后推");
            let due = tongban_parties::area().clocks[0].due;
            let waiting = |tx: &mut Tx<'_>, now: Timestamp| tx.rows(due, tongban_store::args![now, 10_i64], |r| r.get::<i64>(0));
            assert!(waiting(tx, at() + week - SignedDuration::from_secs(1))?.is_empty(), "差一秒还不停");
            assert_eq!(waiting(tx, at() + week)?, [account.id]);
            // 到点之前认证了的不停
            let own = OwnIdentity { id_number: "510811199003070017".into(), mobile: "13900000009".into() };
            let outsider = accounts::account_of(tx, c.outsider)?.unwrap();
            commands::login(tx, "LY01", &outsider, b"three", at())?;
            assert_eq!(accounts::account_of(tx, c.outsider)?.unwrap().verify_by, None, "已实名的没有期限");
            let mark = kinds(tx, 0)?.len();
            staff::ring_unverified(tx, account.id, at() + week)?;
            staff::ring_unverified(tx, account.id, at() + week)?;
            assert_eq!(kinds(tx, mark)?, ["directory.staff_stopped"], "两个节点同时来也只停一次");
            let stopped = people::staff(tx, c.handler)?.unwrap();
            assert_eq!((stopped.active, stopped.state()), (false, "未实名停用"));
            let account = accounts::account_of(tx, c.handler)?.unwrap();
            let Err(Error::Refused(problem)) = commands::login(tx, "JY01", &account, b"four", at() + week) else { panic!("应当登不上") };
            assert!(problem.errors[0].detail.contains("实名"), "说清为什么");
            // 恢复之后本人认证：姓名以登记的为准，一个身份证只对应一名工作人员
            staff::come_back(tx, &c.admin, c.handler, stopped.version, at() + week)?;
            assert_eq!(people::posts_of(tx, c.handler, TODAY)?.len(), 1, "未实名停用的岗位还在");
            let me = acting(c.tenant, c.handler, "handler", Scope::unit(c.school));
            let mark = kinds(tx, 0)?.len();
            staff::verify_self(tx, &me, &own, at() + week)?;
            assert_eq!(kinds(tx, mark)?, ["directory.staff_verified"]);
            assert_eq!(people::staff(tx, c.handler)?.unwrap().real_level, 2);
            assert_eq!(code(staff::verify_self(tx, &me, &own, at() + week)), Code::Conflict, "认证过了");
            let twin = hire(tx, c.forest, "LY02", "王小明", "handler", Depth::Unit, 0)?;
            let other = acting(c.tenant, twin, "handler", Scope::unit(c.forest));
            assert_eq!(field(staff::verify_self(tx, &other, &own, at())), "id_number", "同名也不行：已是另一名工作人员");
            let stranger = hire(tx, c.forest, "LY03", "周芳", "handler", Depth::Unit, 0)?;
            let other = acting(c.tenant, stranger, "handler", Scope::unit(c.forest));
            assert_eq!(field(staff::verify_self(tx, &other, &own, at())), "id_number", "姓名不符");
            Ok(())
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_keep_input_and_hide_what_is_out_of_scope() {
    for engine in engines() {
        MOVED.store(0, Ordering::SeqCst);
        let app = TestApp::open(engine, areas()).await.unwrap();
        let c = app.app.db().write("t", county).await.unwrap();
        let (admin, sys) = (app.sign_in(c.admin.clone()), app.sign_in(c.sys.clone()));
        let list = app.get("/admin/users", &admin).await.unwrap();
        assert!(list.status.is_success() && list.body.contains("王小明") && !list.body.contains("孙伟"), "只有本单位的");
        assert!(list.body.contains("在岗·未实名"));
        let filtered = app.get(&format!("/admin/users?unit={}&role=handler&state=on&q=LY", c.forest), &sys).await.unwrap();
        assert!(filtered.body.contains("孙伟") && !filtered.body.contains("王小明"));
        let csv = app.get("/admin/users?format=csv&role=handler", &sys).await.unwrap();
        assert!(csv.body.contains("人员编码") && csv.body.contains("JY01") && csv.body.contains("LY01") && !csv.body.contains("SYS1"), "导出与筛选一致");
        assert!(app.get("/admin/users?format=xlsx", &sys).await.unwrap().status.is_success());

        let school = c.school.to_string();
        let wrong = [("name", "<b>"), ("code", "工号"), ("org", &school), ("joined", "2026-02-30"), ("real_level", "7"), ("role", "sys_admin"), ("login", "JY03")];
        let refused = app.post_form("/admin/users", &admin, &wrong).await.unwrap();
        assert_eq!(refused.status.as_u16(), 422);
        assert!(refused.body.contains("&lt;b&gt;") && refused.body.contains("工号") && refused.body.contains("errsum"), "留着所填，说清哪里错");
        let climbing = [("name", "李敏"), ("code", "JY03"), ("org", &school), ("joined", "2026-11-01"), ("real_level", "0"), ("role", "sys_admin"), ("login", "JY03")];
        let refused = app.post_form("/admin/users", &admin, &climbing).await.unwrap();
        assert_eq!(refused.status.as_u16(), 422, "给不了系统管理员");
        assert!(refused.body.contains("只有系统管理员能给"));
        let right = [("name", "李敏"), ("code", "JY03"), ("org", &school), ("joined", "2026-11-01"), ("real_level", "0"), ("role", "window_clerk"), ("login", "JY03")];
        let made = app.post_form("/admin/users", &admin, &right).await.unwrap();
        assert_eq!(made.status.as_u16(), 200, "{}", made.body);
        assert!(made.body.contains("first-password") && made.body.contains("JY03"), "初始口令只在这一页");
        let again = app.post_form("/admin/users", &admin, &right).await.unwrap();
        assert_eq!(again.status.as_u16(), 422, "按两次不会登记两个人");

        let page = app.get(&format!("/admin/users/{}", c.handler), &admin).await.unwrap();
        assert!(page.status.is_success() && page.body.contains("办件 1") && page.body.contains("在办件 2 件") && !page.body.contains("first-password"));
        assert_eq!(app.get(&format!("/admin/users/{}", c.outsider), &admin).await.unwrap().status.as_u16(), 404);
        let unreadable = app.get("/admin/users/abc", &admin).await.unwrap();
        assert!(unreadable.status.as_u16() == 404 && unreadable.body.contains("没有找到"), "编号读不懂与不存在一样，说中文");
        let above = app.get(&format!("/admin/users/{}", c.sys.staff), &admin).await.unwrap();
        assert!(above.body.contains("只有系统管理员能给") && !above.body.contains("重置口令"), "看得到，动不了");
        let (target, outside) = (format!("/admin/users/{}", c.handler), format!("/admin/users/{}", c.outsider));
        for path in ["", "/posts", "/leave", "/return"] {
            let answer = app.post_form(&format!("{outside}{path}"), &admin, &[("version", "1")]).await.unwrap();
            assert_eq!(answer.status.as_u16(), 404, "{path}");
        }
        let edit = [("version", "1"), ("name", ""), ("code", "JY01"), ("org", &school), ("joined", "2026-11-01"), ("real_level", "2")];
        let refused = app.post_form(&target, &admin, &edit).await.unwrap();
        assert!(refused.status.as_u16() == 422 && refused.body.contains("id=\"name\"") && refused.body.contains("2026-11-01"));
        let stale = app.post_form(&target, &admin, &[("version", "8"), ("name", "王小明"), ("code", "JY01"), ("org", &school), ("joined", "2026-11-01"), ("real_level", "2")]).await.unwrap();
        assert_eq!(stale.status.as_u16(), 412);
        let leave = app.post_form(&format!("{target}/leave"), &admin, &[("version", "1"), ("to", "")]).await.unwrap();
        assert!(leave.status.as_u16() == 422 && leave.body.contains("他确已离职"));
        let leave = app.post_form(&format!("{target}/leave"), &sys, &[("version", "1"), ("to", &c.admin.staff.to_string()), ("confirm", "1")]).await.unwrap();
        assert!(leave.status.as_u16() == 422 && leave.body.contains("部门负责人或部门管理员先逐件转办"), "{}", leave.body);
        let leave = app.post_form(&format!("{target}/leave"), &admin, &[("version", "1"), ("to", &c.admin.staff.to_string()), ("confirm", "1")]).await.unwrap();
        assert_eq!(leave.status.as_u16(), 303, "{}", leave.body);
        let plain = app.sign_in(acting(c.tenant, c.handler, "window_clerk", Scope::unit(c.school)));
        let shut = app.get("/admin/users", &plain).await.unwrap();
        assert!(shut.status.as_u16() == 403 && shut.body.contains("没有“查看机构人员”权限") && !shut.body.contains("directory.read"), "说中文，不说代码");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn those_who_must_go_elsewhere_first_are_sent_there() {
    let app = TestApp::open(engines()[0], areas()).await.unwrap();
    let c = app.app.db().write("t", county).await.unwrap();
    let must = app.sign_in(Actor { detour: Some(tongban_parties::OWN_PASSWORD), ..c.sys.clone() });
    let sent = app.get("/admin/users", &must).await.unwrap();
    assert_eq!((sent.status.as_u16(), sent.location()), (303, "/desk/password"));
    let acted = app.post_form("/admin/users", &must, &[("name", "王")]).await.unwrap();
    assert_eq!((acted.status.as_u16(), acted.location()), (303, "/desk/password"), "提交也转过去，什么也不做");
    let page = app.get("/desk/password", &must).await.unwrap();
    assert!(page.status.is_success() && page.body.contains("别人给的口令") && !page.body.contains("href=\"/admin/users\""), "左栏也收起来");
    let weak = app.post_form("/desk/password", &must, &[("old", "a"), ("new", "short"), ("again", "other")]).await.unwrap();
    assert!(weak.status.as_u16() == 422 && weak.body.contains("至少 10 位") && weak.body.contains("两遍写的不一样") && !weak.body.contains("short"));
    let unnamed = app.sign_in(Actor { detour: Some(tongban_parties::OWN_IDENTITY), ..acting(c.tenant, c.handler, "handler", Scope::unit(c.school)) });
    assert_eq!(app.get("/desk/posts", &unnamed).await.unwrap().location(), "/desk/verify");
    let page = app.get("/desk/verify", &unnamed).await.unwrap();
    assert!(page.status.is_success() && page.body.contains("王小明"));
    let wrong = app.post_form("/desk/verify", &unnamed, &[("id_number", "510811199003070018"), ("mobile", "123")]).await.unwrap();
    assert!(wrong.status.as_u16() == 422 && wrong.body.contains("510811199003070018"));
    let second = app.post_form("/desk/verify", &unnamed, &[("id_number", "510811199003070017"), ("mobile", "13900000009")]).await.unwrap();
    let shown = second.body.split("demo-code\">").nth(1).and_then(|rest| rest.split('<').next()).unwrap().to_owned();
    let done = app.post_form("/desk/verify", &unnamed, &[("id_number", "510811199003070017"), ("mobile", "13900000009"), ("code", &shown)]).await.unwrap();
    assert_eq!((done.status.as_u16(), done.location()), (303, "/desk"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_all_or_nothing_and_names_its_lines() {
    for engine in engines() {
        let app = TestApp::open(engine, areas()).await.unwrap();
        let c = app.app.db().write("t", county).await.unwrap();
        let admin = app.sign_in(c.admin.clone());
        let count = |app: &TestApp| {
            let (db, scope) = (app.app.db().clone(), Scope::tenant(c.tenant));
            async move { db.snapshot("t", move |tx| people::staff_list(tx, &scope, &people::StaffFilter::default(), TODAY, "", 100)).await.unwrap().len() }
        };
        let upload = |text: &str| {
            let body = format!("--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n{text}\r\n--B--\r\n");
            axum::http::Request::builder()
                .method("POST")
                .uri("/admin/users/import")
                .header("authorization", format!("Bearer {admin}"))
                .header("content-type", "multipart/form-data; boundary=B")
                .body(axum::body::Body::from(body))
                .unwrap()
        };
        let before = count(&app).await;
        let bad = "姓名,人员编码,单位,角色,岗位名,实名等级\n何军,JY10,广元市昭化区教育局,承办,,2\n吕霞,JY10,广元市昭化区教育局,,,\n施展,JY12,广元市昭化区林业局,承办,,\n张弛,JY13,广元市昭化区教育局,系统管理员,,9\n";
        let refused = app.send(upload(bad)).await.unwrap();
        assert_eq!(refused.status.as_u16(), 422);
        for said in ["第 3 行：这个人员编码已经有人用", "第 4 行：请选您管得到的单位", "第 5 行：请选实名等级"] {
            assert!(refused.body.contains(said), "{said}：{}", refused.body);
        }
        assert_eq!(count(&app).await, before, "有错就一个也不登记");
        let good = "姓名,人员编码,单位,角色,岗位名,实名等级\n何军,JY10,广元市昭化区教育局,承办,承办一岗,2\n吕霞,JY11,广元市昭化区教育局,,,\n";
        let done = app.send(upload(good)).await.unwrap();
        assert_eq!(done.status.as_u16(), 303, "{}", done.body);
        assert_eq!(count(&app).await, before + 2);
        let missing = app.send(upload("姓名,人员编码\n何军,JY20\n")).await.unwrap();
        assert!(missing.status.as_u16() == 422 && missing.body.contains("缺少“单位”列"));
    }
}
