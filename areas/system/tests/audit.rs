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
        app.app
            .db()
            .write("t", |tx| {
                for n in 0..130_i64 {
                    let kind = if n % 40 == 7 { "toy.thrown" } else { "toy.painted" };
                    let tenant = if n % 10 == 9 { 2 } else { 1 };
                    tx.journal(Entry { kind, subject: 500 + n % 3, rev: n, at: Timestamp::now(), actor: &Actor::system(), tenant, body: "{}" })?;
                }
                Ok(())
            })
            .await
            .unwrap();
        let token = app.sign_in(auditor(1, &["system.audit"]));
        let lane = app.app.db().snapshot("t", |tx| {
            for lane in tx.lanes()? {
                if tx.lane_head(lane)? > 0 {
                    return Ok(lane);
                }
            }
            Ok(0)
        });
        let lane = lane.await.unwrap();
        let first = app.get(&format!("/admin/audit?lane={lane}"), &token).await.unwrap().body;
        assert!(first.contains("刷漆") && first.contains("toy.painted"), "中文名在前，代码在后");
        assert!(first.contains("玩具 · 扔掉"), "按动作选的是中文");
        let (mut seen, mut page) = (Vec::new(), first);
        loop {
            seen.extend(rows(&page));
            let Some(next) = page.split("<a href=\"").filter(|part| part.split("</a>").next().is_some_and(|a| a.ends_with(">下一页"))).map(|part| part.split('"').next().unwrap().replace("&amp;", "&")).next() else { break };
            page = app.get(&next, &token).await.unwrap().body;
        }
        assert_eq!(seen.len(), 117, "别的县区的十三条看不到");
        assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 117, "不重");
        assert_eq!(seen[0], format!("{lane}-129"), "近的在前（第 130 条是别县区的）");
        let thrown = app.get(&format!("/admin/audit?lane={lane}&kind=toy.thrown"), &token).await.unwrap().body;
        assert_eq!(rows(&thrown).len(), 4);
        let record = app.get("/admin/audit?record=501&kind=toy.thrown", &token).await.unwrap().body;
        assert_eq!(rows(&record).len(), (0..130).filter(|n| n % 40 == 7 && n % 3 == 1 && n % 10 != 9).count());
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
