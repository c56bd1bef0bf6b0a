//! 审计查询：动作显示中文名与代码，按动作、按记录查，别的县区的看不到，翻页不重不漏；两种引擎。
#![allow(clippy::unwrap_used, reason = "测试")]

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use tongban_kernel::{Actor, ActorKind, Scope};
use tongban_store::testing::engines;
use tongban_store::{Entry, jobs};
use tongban_web::Area;
use tongban_web::testing::TestApp;

const TOY: Area = Area { events: &[("toy.painted", "刷漆"), ("toy.thrown", "扔掉")], ..Area::new("toy", "玩具") };

fn auditor(tenant: i64, permissions: &[&str]) -> Actor {
    Actor {
        kind: ActorKind::Staff,
        account: 7,
        staff: 7,
        tenant,
        permissions: Arc::new(permissions.iter().map(|p| (*p).to_owned()).collect::<BTreeSet<_>>()),
        scope: Scope::tenant(tenant),
        ..Actor::anonymous()
    }
}

fn rows(body: &str) -> Vec<String> {
    body.split("<th scope=\"row\" class=\"num\">").skip(1).map(|rest| rest.split('<').next().unwrap_or("").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_named_filtered_and_paged() {
    for engine in engines() {
        let app = TestApp::open(engine, vec![tongban_system::area(), TOY]).await.unwrap();
        let start = Timestamp::now();
        for block in 0..13_i64 {
            let write = move |tx: &mut tongban_store::Tx<'_>| {
                for n in block * 10..block * 10 + 10 {
                    let kind = if n % 40 == 7 { "toy.thrown" } else { "toy.painted" };
                    let tenant = if n % 10 == 9 { 2 } else { 1 };
                    let at = start + jiff::SignedDuration::from_secs(n);
                    tx.journal(Entry { kind, subject: 500 + n, rev: n, at, actor: &Actor::system(), tenant, body: "{}" })?;
                }
                Ok(())
            };
            app.app.db().write("t", write).await.unwrap();
        }
        let token = app.sign_in(auditor(1, &["system.audit"]));
        let first = app.get("/admin/audit", &token).await.unwrap().body;
        assert!(first.contains("刷漆") && first.contains("toy.painted"), "中文名在前，代码在后");
        assert!(first.contains("玩具 · 扔掉"), "按动作选的是中文");
        let (mut seen, mut revs, mut page) = (Vec::new(), Vec::new(), first);
        loop {
            seen.extend(rows(&page));
            revs.extend(page.split("data-l=\"版本\">").skip(1).map(|rest| rest.split('<').next().unwrap().parse::<i64>().unwrap()));
            let Some(next) = page.split("<a href=\"").filter(|part| part.split("</a>").next().is_some_and(|a| a.ends_with(">下一页"))).map(|part| part.split('"').next().unwrap().replace("&amp;", "&")).next() else { break };
            page = app.get(&next, &token).await.unwrap().body;
        }
        assert_eq!(seen.len(), 117, "别的县区的十三条看不到");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 117, "不重");
        assert!(revs.is_sorted_by(|newer, older| newer > older) && revs[0] == 128, "几条泳道并成一条，近的在前（第 130 条是别县区的）：{revs:?}");
        let thrown = app.get("/admin/audit?kind=toy.thrown", &token).await.unwrap().body;
        assert_eq!(rows(&thrown).len(), 4);
        let record = app.get("/admin/audit?record=547&kind=toy.thrown", &token).await.unwrap().body;
        assert_eq!(rows(&record).len(), 1);
        let wrong = app.get("/admin/audit?record=%3Cb%3E", &token).await.unwrap();
        assert!(wrong.status.as_u16() == 422 && wrong.body.contains("记录编号只有数字") && wrong.body.contains("&lt;b&gt;"));
        assert_eq!(app.get("/admin/audit?cursor=zz", &token).await.unwrap().status.as_u16(), 422);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reviving_a_dead_letter_is_journalled_once() {
    for engine in engines() {
        let app = TestApp::open(engine, vec![tongban_system::area()]).await.unwrap();
        let job = app.app.db().write("t", |tx| tx.enqueue("toy.job", "{}", Timestamp::now())).await.unwrap();
        let token = app.sign_in(auditor(1, &["system.manage", "system.read"]));
        let alive = app.post_form("/admin/jobs", &token, &[("id", &job.to_string())]).await.unwrap();
        assert_eq!(alive.status.as_u16(), 404, "没死的不能重试");
        let count = async || app.app.db().snapshot("t", move |tx| Ok(tx.timeline(job)?.len())).await.unwrap();
        assert_eq!(count().await, 0, "没做成的不记");
        app.app
            .db()
            .write("t", move |tx| {
                let now = Timestamp::now();
                let taken = jobs::claim(tx, "t", now, now)?.unwrap();
                jobs::fail(tx, taken.id, "t", now, "坏了", None)
            })
            .await
            .unwrap();
        let done = app.post_form("/admin/jobs", &token, &[("id", &job.to_string())]).await.unwrap();
        assert_eq!(done.status.as_u16(), 303, "{}", done.body);
        assert_eq!(count().await, 1, "恰好一条日志");
        let reader = app.sign_in(auditor(1, &["system.read"]));
        assert_eq!(app.post_form("/admin/jobs", &reader, &[("id", &job.to_string())]).await.unwrap().status.as_u16(), 403);
    }
}

/// 谁做的写姓名、登录名、单位、岗位；群众只写脱敏的姓名；按姓名、登录名都找得到；一页的名字不随行数多读。
#[tokio::test(flavor = "multi_thread")]
async fn people_are_named_and_found_by_name_or_login() {
    use tongban_directory::commands as directory;
    use tongban_directory::model::{KIND_TENANT, NewOrg, NewPost};
    use tongban_kernel::Depth;
    use tongban_parties::commands::staff::{NewAccount, open_account};
    use tongban_parties::model::Registration;

    for engine in engines() {
        let app = TestApp::open(engine, vec![tongban_system::area(), tongban_directory::area(), tongban_parties::area(), TOY]).await.unwrap();
        let made = app.app.db().write("t", |tx| {
            let (system, at) = (Actor::system(), Timestamp::now());
            let root = NewOrg { name: "昭化区".into(), short_name: "昭化区".into(), kind: KIND_TENANT, ..NewOrg::default() };
            let tenant = directory::create_org(tx, &system, &root, at)?;
            let staff = directory::add_staff(tx, &system, tenant, "011", "李敏", at)?;
            let post = NewPost { staff, org: tenant, role: "window_clerk".into(), title: "综合窗口 03".into(), window: None, reach: Depth::Unit };
            let post = directory::assign_post(tx, &system, &post, at)?;
            let account = open_account(tx, &system, &NewAccount { staff, login: "ZH011", hash: "x", must_change: false }, at)?;
            let new = Registration { name: "王小明".into(), id_number: "510811199003070017".into(), mobile: "13900000001".into(), password: "x".into() };
            let citizen = tongban_parties::commands::register(tx, &new, 2, at)?;
            let citizen = tongban_parties::commands::before_login(tx, "13900000001", at)?.map_or(citizen, |account| account.id);
            for n in 0..60 {
                let who = match n % 3 {
                    0 => Actor { post, ..Actor::citizen(account, 0, 0, "") },
                    1 => Actor::citizen(citizen, 1, 2, ""),
                    _ => Actor::system(),
                };
                tx.journal(Entry { kind: "toy.painted", subject: 9, rev: n, at, actor: &who, tenant, body: "{}" })?;
            }
            Ok(tenant)
        });
        let tenant = made.await.unwrap();
        let token = app.sign_in(auditor(tenant, &["system.audit"]));
        let all = app.get("/admin/audit?kind=toy.painted", &token).await.unwrap().body;
        assert!(all.contains("李敏") && all.contains("ZH011") && all.contains("昭化区 · 综合窗口 03"), "{all}");
        assert!(all.contains("王**（群众）") && !all.contains("王小明") && !all.contains("13900000001"), "群众只有脱敏的姓名");
        assert!(all.contains("系统"));
        for who in ["%E6%9D%8E%E6%95%8F", "ZH011", "zh011"] {
            let his = app.get(&format!("/admin/audit?kind=toy.painted&who={who}"), &token).await.unwrap().body;
            assert_eq!((rows(&his).len(), his.contains("王**")), (20, false), "{who}");
        }
        let record = app.get("/admin/audit?record=9&who=ZH011", &token).await.unwrap().body;
        assert_eq!(rows(&record).len(), 20, "按记录查也能按人筛");
        for wrong in ["nobody", "13900000001"] {
            let none = app.get(&format!("/admin/audit?who={wrong}"), &token).await.unwrap();
            assert!(none.status.as_u16() == 422 && none.body.contains("没有这个人"), "{wrong}");
        }
        let csv = app.get("/admin/audit?kind=toy.painted&format=csv", &token).await.unwrap();
        assert_eq!(csv.body.lines().count(), 61, "{}", csv.body);
        assert!(csv.body.contains("李敏,ZH011") || csv.body.contains("ZH011"), "导出也是姓名");
        assert!(!csv.body.contains("王小明"));
    }
}
