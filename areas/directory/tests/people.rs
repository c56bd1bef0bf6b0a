//! 人员与任职：范围、谁能给什么角色、不能停用自己与最后一名系统管理员、版本、恰好一条日志；两种引擎。
#![allow(clippy::unwrap_used, reason = "测试")]

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use tongban_directory::commands::{self as dir, RoleChange};
use tongban_directory::model::{Appointment, FOREVER, NewPost, NewStaff, PostChange, role};
use tongban_directory::queries::{self, StaffFilter};
use tongban_directory::testing::org;
use tongban_directory::area;
use tongban_kernel::{Actor, ActorKind, Code, Depth, Scope};
use tongban_store::testing::{TestDb, engines};
use tongban_store::{Error, Result, Tx};

fn at() -> Timestamp {
    "2026-11-23T02:00:00Z".parse().unwrap()
}

const TODAY: i64 = 20_261_123;

/// 一个县区、两个单位、各色管理员。
#[derive(Clone)]
struct County {
    tenant: i64,
    bureau: i64,
    school: i64,
    sys: Actor,
    manager: Actor,
    school_admin: Actor,
}

fn acting(tenant: i64, staff: i64, code: &str, scope: Scope) -> Actor {
    let permissions = role(code).unwrap().permissions.iter().cloned().collect::<BTreeSet<_>>();
    Actor { kind: ActorKind::Staff, account: staff, staff, tenant, permissions: Arc::new(permissions), scope, ..Actor::anonymous() }
}

fn post(staff: i64, org: i64, role: &str, reach: Depth) -> Appointment {
    let post = NewPost { staff, org, role: role.into(), title: String::new(), window: None, reach };
    Appointment { post, from_day: TODAY, to_day: FOREVER, backup: None }
}

fn person(org: i64, code: &str) -> NewStaff {
    NewStaff { org, code: code.into(), name: "王小明".into(), joined_day: TODAY, real_level: 0 }
}

fn county(tx: &mut Tx<'_>) -> Result<County> {
    let me = Actor::system();
    dir::install_roles(tx, &me)?;
    let tenant = dir::create_org(tx, &me, &org(0, "广元市昭化区", "", 0), at())?;
    let bureau = dir::create_org(tx, &me, &org(tenant, "广元市昭化区行政审批局", "", 2), at())?;
    let school = dir::create_org(tx, &me, &org(tenant, "广元市昭化区教育局", "", 2), at())?;
    let mut made = Vec::new();
    for (code, role, unit, reach) in [("SYS1", "sys_admin", bureau, Depth::Tenant), ("BUR1", "bureau_admin", bureau, Depth::Tenant), ("DEP1", "dept_admin", school, Depth::Unit)] {
        let staff = dir::register_staff(tx, &me, &NewStaff { real_level: 3, ..person(unit, code) }, at())?;
        dir::appoint(tx, &me, &post(staff, unit, role, reach), at())?;
        made.push(staff);
    }
    Ok(County {
        tenant,
        bureau,
        school,
        sys: acting(tenant, made[0], "sys_admin", Scope::tenant(tenant)),
        manager: acting(tenant, made[1], "bureau_admin", Scope::tenant(tenant)),
        school_admin: acting(tenant, made[2], "dept_admin", Scope::unit(school)),
    })
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> Code {
    match result {
        Err(Error::Refused(problem)) => problem.code,
        other => panic!("应当拒绝：{other:?}"),
    }
}

/// 拒绝在哪个字段上。
fn field<T: std::fmt::Debug>(result: Result<T>) -> String {
    match result {
        Err(Error::Refused(problem)) => problem.errors.first().map_or_else(String::new, |error| error.field().to_owned()),
        other => panic!("应当拒绝：{other:?}"),
    }
}

fn entries(tx: &mut Tx<'_>) -> Result<usize> {
    let mut n = 0;
    for lane in tx.lanes()? {
        n += tx.lane_entries(lane, 0, 10_000)?.len();
    }
    Ok(n)
}

async fn on_every_engine(test: impl Fn(&mut Tx<'_>, &County) -> Result<()> + Send + Copy + 'static) {
    for engine in engines() {
        let t = TestDb::open(engine, area().migrations).await.unwrap();
        t.db.write("t", move |tx| {
            let county = county(tx)?;
            test(tx, &county)
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_manager_manages_his_own_and_nobody_else() {
    on_every_engine(|tx, c| {
        let staff = dir::register_staff(tx, &c.school_admin, &person(c.school, "JY01"), at())?;
        assert_eq!(field(dir::register_staff(tx, &c.school_admin, &person(c.bureau, "JY02"), at())), "org", "别的单位选不了");
        assert_eq!(field(dir::register_staff(tx, &c.school_admin, &person(c.school, "JY01"), at())), "code", "编码不许重复");
        let other = dir::register_staff(tx, &c.manager, &person(c.bureau, "SP01"), at())?;
        assert_eq!(code(dir::edit_staff(tx, &c.school_admin, other, 1, &person(c.school, "SP01"), at())), Code::NotFound, "范围外与不存在一样");
        assert_eq!(code(dir::deactivate_staff(tx, &c.school_admin, other, 1, at())), Code::NotFound);
        let plain = acting(c.tenant, 99, "window_clerk", Scope::unit(c.school));
        assert_eq!(code(dir::edit_staff(tx, &plain, staff, 1, &person(c.school, "JY01"), at())), Code::Forbidden, "没有权限");

        let appointed = dir::appoint(tx, &c.school_admin, &post(staff, c.school, "window_clerk", Depth::Unit), at())?;
        assert_eq!(queries::post(tx, appointed)?.unwrap().title, "综合窗口", "没有起名就用角色的名字");
        for above in ["sys_admin", "bureau_admin", "leader", "dept_head", "auditor"] {
            assert_eq!(field(dir::appoint(tx, &c.school_admin, &post(staff, c.school, above, Depth::Unit), at())), "role", "{above}");
        }
        assert_eq!(field(dir::appoint(tx, &c.school_admin, &post(staff, c.school, "handler", Depth::Tenant), at())), "reach", "看不到比自己远");
        assert_eq!(field(dir::appoint(tx, &c.manager, &post(staff, c.school, "sys_admin", Depth::Tenant), at())), "role");
        assert!(dir::appoint(tx, &c.sys, &post(staff, c.school, "leader", Depth::Tenant), at()).is_ok());
        assert_eq!(field(dir::appoint(tx, &c.school_admin, &post(c.school_admin.staff, c.school, "handler", Depth::Unit), at())), "role", "不能给自己加岗位");
        // 他现在是领导：本部门的管理员管不了他了，改口令、停用都不行
        assert_eq!(code(dir::manageable(tx, &c.school_admin, staff, at())), Code::Forbidden);
        assert_eq!(code(dir::deactivate_staff(tx, &c.school_admin, staff, 1, at())), Code::Forbidden);
        assert_eq!(code(dir::manageable(tx, &c.manager, c.sys.staff, at())), Code::Forbidden, "县区管理员动不了系统管理员");
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_ends_every_post_and_the_last_admin_stays() {
    on_every_engine(|tx, c| {
        assert_eq!(code(dir::deactivate_staff(tx, &c.sys, c.sys.staff, 1, at())), Code::Conflict, "不能停用自己");
        assert_eq!(code(dir::deactivate_staff(tx, &Actor::system(), c.sys.staff, 1, at())), Code::Conflict, "最后一名系统管理员");
        let last = queries::posts_of(tx, c.sys.staff, TODAY)?.remove(0);
        let change = PostChange {
            title: last.title.clone(),
            window: None,
            backup: None,
            away: false,
            reach: last.reach,
            from_day: last.from_day,
            to_day: TODAY - 1,
        };
        assert_eq!(code(dir::change_post(tx, &Actor::system(), last.id, last.version, &change, at())), Code::Conflict, "岗位也不能结束");
        let second = dir::register_staff(tx, &c.sys, &person(c.bureau, "SYS2"), at())?;
        dir::appoint(tx, &c.sys, &post(second, c.bureau, "sys_admin", Depth::Tenant), at())?;
        let second_actor = acting(c.tenant, second, "sys_admin", Scope::tenant(c.tenant));
        assert_eq!(code(dir::deactivate_staff(tx, &second_actor, c.sys.staff, 7, at())), Code::PreconditionFailed, "版本不符");
        let before = entries(tx)?;
        dir::deactivate_staff(tx, &second_actor, c.sys.staff, 1, at())?;
        assert_eq!(entries(tx)? - before, 1, "恰好一条日志");
        let gone = queries::staff(tx, c.sys.staff)?.unwrap();
        assert_eq!((gone.active, gone.left_day, gone.state()), (false, Some(TODAY), "离职停用"));
        assert!(queries::posts_of(tx, gone.id, TODAY)?.is_empty(), "当天就不再任职");
        assert_eq!(code(dir::deactivate_staff(tx, &second_actor, gone.id, 2, at())), Code::Conflict, "停过的不再停");
        assert_eq!(code(dir::deactivate_staff(tx, &Actor::system(), second, 1, at())), Code::Conflict, "只剩他了");
        dir::reinstate_staff(tx, &second_actor, gone.id, gone.version, at())?;
        let back = queries::staff(tx, gone.id)?.unwrap();
        assert_eq!((back.active, back.left_day, back.state()), (true, None, "在岗"));
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_change_with_their_versions_and_stay_inside_the_unit() {
    on_every_engine(|tx, c| {
        let a = dir::register_staff(tx, &c.school_admin, &person(c.school, "JY01"), at())?;
        let b = dir::register_staff(tx, &c.school_admin, &person(c.school, "JY02"), at())?;
        let held = dir::appoint(tx, &c.school_admin, &post(a, c.school, "handler", Depth::Unit), at())?;
        let backup = dir::appoint(tx, &c.school_admin, &post(b, c.school, "handler", Depth::Unit), at())?;
        let change = PostChange {
            title: "承办一岗".into(),
            window: None,
            backup: Some(backup),
            away: true,
            reach: Depth::Org,
            from_day: TODAY,
            to_day: 20_271_231,
        };
        let before = entries(tx)?;
        dir::change_post(tx, &c.school_admin, held, 1, &change, at())?;
        assert_eq!(entries(tx)? - before, 1, "恰好一条日志");
        let now = queries::post(tx, held)?.unwrap();
        assert_eq!((now.title.as_str(), now.backup, now.away, now.reach, now.to_day, now.version), ("承办一岗", Some(backup), true, Depth::Org, 20_271_231, 2));
        assert_eq!(queries::backed_by(tx, backup, TODAY)?.len(), 1);
        assert_eq!(code(dir::change_post(tx, &c.school_admin, held, 1, &change, at())), Code::PreconditionFailed, "版本不符");
        let own = PostChange { backup: Some(held), ..change.clone() };
        assert_eq!(field(dir::change_post(tx, &c.school_admin, held, 2, &own, at())), "backup", "B 岗不能是自己");
        let clerk = dir::register_staff(tx, &c.school_admin, &person(c.school, "JY03"), at())?;
        let window = dir::appoint(tx, &c.school_admin, &post(clerk, c.school, "window_clerk", Depth::Unit), at())?;
        let unfit = PostChange { backup: Some(window), ..change.clone() };
        assert_eq!(field(dir::change_post(tx, &c.school_admin, held, 2, &unfit, at())), "backup", "窗口人员接不了承办人的事");
        let unfit = Appointment { backup: Some(window), ..post(clerk, c.school, "handler", Depth::Unit) };
        assert_eq!(field(dir::appoint(tx, &c.school_admin, &unfit, at())), "backup");
        let wrong = PostChange { to_day: 20_270_230, window: Some(1), ..change.clone() };
        assert_eq!(field(dir::change_post(tx, &c.school_admin, held, 2, &wrong, at())), "to", "二月三十日");
        let backwards = PostChange { to_day: 20_200_101, ..change.clone() };
        assert_eq!(field(dir::change_post(tx, &c.school_admin, held, 2, &backwards, at())), "to", "到期早于开始");
        let wide = PostChange { reach: Depth::Tenant, ..change.clone() };
        assert_eq!(field(dir::change_post(tx, &c.school_admin, held, 2, &wide, at())), "reach");
        assert_eq!(code(dir::change_post(tx, &acting(c.tenant, 9, "dept_admin", Scope::unit(c.bureau)), held, 2, &change, at())), Code::NotFound);
        dir::change_post(tx, &c.school_admin, held, 2, &PostChange { to_day: TODAY - 1, ..change }, at())?;
        assert!(queries::posts_of(tx, a, TODAY)?.is_empty() && queries::posts_ever(tx, a)?.len() == 1, "结束的还看得到");
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_filters_pages_and_keeps_to_the_scope() {
    on_every_engine(|tx, c| {
        for n in 0..25 {
            let level = if n % 5 == 0 { 0 } else { 2 };
            let name = if n == 7 { "欧阳娜娜" } else { "王小明" };
            let staff = dir::register_staff(tx, &c.manager, &NewStaff { name: name.into(), real_level: level, ..person(c.school, &format!("JY{n:02}")) }, at())?;
            if n < 3 {
                dir::appoint(tx, &c.manager, &post(staff, c.school, "handler", Depth::Unit), at())?;
            }
        }
        let county = Scope::tenant(c.tenant);
        let list = |tx: &mut Tx<'_>, scope: &Scope, filter: StaffFilter, after: &str, limit: i64| queries::staff_list(tx, scope, &filter, TODAY, after, limit);
        assert_eq!(list(tx, &county, StaffFilter::default(), "", 100)?.len(), 28);
        assert_eq!(list(tx, &Scope::unit(c.school), StaffFilter::default(), "", 100)?.len(), 26, "部门只看到本部门");
        assert_eq!(list(tx, &Scope::unit(c.bureau), StaffFilter { unit: c.school, ..StaffFilter::default() }, "", 100)?.len(), 0, "筛别的单位也看不到");
        assert_eq!(list(tx, &county, StaffFilter { unit: c.bureau, ..StaffFilter::default() }, "", 100)?.len(), 2);
        assert_eq!(list(tx, &county, StaffFilter { role: "handler".into(), ..StaffFilter::default() }, "", 100)?.len(), 3);
        assert_eq!(list(tx, &county, StaffFilter { real_below: 2, ..StaffFilter::default() }, "", 100)?.len(), 5, "未实名");
        assert_eq!(list(tx, &county, StaffFilter { words: "阳娜".into(), ..StaffFilter::default() }, "", 100)?[0].code, "JY07");
        assert_eq!(list(tx, &county, StaffFilter { words: "JY2".into(), ..StaffFilter::default() }, "", 100)?.len(), 5);
        assert_eq!(list(tx, &county, StaffFilter { active: Some(false), ..StaffFilter::default() }, "", 100)?.len(), 0);
        let (mut seen, mut after) = (BTreeSet::new(), String::new());
        loop {
            let page = list(tx, &county, StaffFilter::default(), &after, 10)?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.code);
            assert!(page.iter().all(|staff| seen.insert(staff.id)), "不重");
        }
        assert_eq!(seen.len(), 28, "不漏");
        Ok(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_change_only_by_the_system_admin_and_never_lock_him_out() {
    on_every_engine(|tx, c| {
        let declared: BTreeSet<&'static str> = ["directory.read", "directory.roles", "directory.staff", "desk.read", "cases.read"].into();
        let change = |role: &str, version: i64, permissions: &[&str]| RoleChange {
            role: role.into(),
            version,
            permissions: permissions.iter().map(|code| (*code).to_owned()).collect(),
        };
        let wanted = change("seal_user", 1, &["desk.read", "cases.read"]);
        assert_eq!(code(dir::change_role(tx, &c.manager, &wanted, &declared, at())), Code::Forbidden);
        let before = entries(tx)?;
        dir::change_role(tx, &c.sys, &wanted, &declared, at())?;
        assert_eq!(entries(tx)? - before, 1, "恰好一条日志");
        assert!(queries::permissions_of(tx, "seal_user")?.contains("cases.read"));
        assert_eq!(queries::role_version(tx, "seal_user")?, 2);
        assert_eq!(code(dir::change_role(tx, &c.sys, &wanted, &declared, at())), Code::PreconditionFailed);
        assert_eq!(field(dir::change_role(tx, &c.sys, &change("seal_user", 2, &["desk.read", "cases.read"]), &declared, at())), "permission", "没有改动");
        assert_eq!(field(dir::change_role(tx, &c.sys, &change("seal_user", 2, &["nobody.knows"]), &declared, at())), "permission");
        let locked = dir::change_role(tx, &c.sys, &change("sys_admin", 1, &["desk.read"]), &declared, at());
        assert_eq!(field(locked), "permission", "不能把自己锁在外面");
        assert_eq!(code(dir::change_role(tx, &c.sys, &change("nobody", 1, &[]), &declared, at())), Code::NotFound);
        // 夺走、再给回来；别的角色不受影响
        dir::change_role(tx, &c.sys, &change("seal_user", 2, &["desk.read"]), &declared, at())?;
        assert_eq!(queries::permissions_of(tx, "seal_user")?.into_iter().collect::<Vec<_>>(), ["desk.read"]);
        assert!(queries::permissions_of(tx, "window_clerk")?.contains("cases.accept"));
        Ok(())
    })
    .await;
}
