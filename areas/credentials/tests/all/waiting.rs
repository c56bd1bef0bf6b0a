//! 待用印章：没有章的单位，证照安静地等，不反复出错；章启用、授权、恢复之后自己接着签。

use tongban_credentials::commands::{self, SealStep};
use tongban_credentials::model::{LicenceState, SealAction};
use tongban_credentials::store::{grants, licences, seals, waits};
use tongban_kernel::Scope;
use tongban_store::args;

use crate::support::{Home, homes, now};

/// 出过错、进过死信的任务各几件。
async fn troubled(home: &Home) -> i64 {
    let sql = "SELECT COUNT(*) FROM jobs WHERE error IS NOT NULL OR state = 2";
    home.app.app.db().snapshot("test.jobs", move |tx| Ok(tx.row(sql, args![], |r| r.get::<i64>(0))?.unwrap_or(0))).await.unwrap()
}

#[tokio::test]
async fn a_unit_without_a_seal_waits_quietly_and_goes_on_when_the_seal_is_put_in_use() {
    for home in homes().await {
        let kind = home.kind("食品经营许可证").await;
        let row = home.licence(home.input(kind), 71).await;
        assert_eq!(row.state, LicenceState::ToSign);
        assert_eq!(troubled(&home).await, 0, "等章不是出错");
        let (id, tenant) = (row.id, home.tenant);
        let boss = home.app.sign_in(home.boss(1));
        let list = home.app.get("/certs", &boss).await.unwrap();
        assert!(list.body.contains("待用印章"), "{}", list.body);
        let one = home.app.get(&format!("/certs/{id}"), &boss).await.unwrap();
        assert!(one.body.contains("待用印章") && one.body.contains("还没有电子印章"));
        // 再送一次还是没有章：照样安静，同一个原因不重复记
        let again = home.boss(2);
        home.app.app.db().write("test.retry", move |tx| commands::retry(tx, &again, id, now())).await.unwrap();
        home.app.app.settle().await.unwrap();
        let uses = home.app.app.db().snapshot("test.uses", move |tx| grants::uses(tx, &Scope::tenant(tenant), 0, i64::MAX, 10)).await.unwrap();
        assert_eq!(uses.iter().filter(|one| !one.done).count(), 1, "失败的用印同一个原因只记一次");
        home.seal(home.bureau, "食品经营许可证").await;
        home.app.app.settle().await.unwrap();
        assert_eq!(home.row(id).await.state, LicenceState::Valid, "章一启用就接着签");
        assert_eq!(troubled(&home).await, 0);
        assert!(home.app.app.db().snapshot("test.waits", move |tx| waits::find(tx, id)).await.unwrap().is_none());
        assert!(!home.app.get("/certs", &boss).await.unwrap().body.contains("待用印章"));
    }
}

#[tokio::test]
async fn a_suspended_seal_holds_a_batch_and_resuming_lets_it_go_but_a_narrow_grant_does_not() {
    for home in homes().await {
        let seal = home.seal(home.bureau, "食品经营许可证").await;
        let (food, other) = (home.kind("食品经营许可证").await, home.kind_coded("卫生许可证", "11510811MB0000027M002").await);
        let step = async |action, reason: &str| {
            let (boss, reason) = (home.boss(1), reason.to_owned());
            let work = move |tx: &mut tongban_store::Tx<'_>| {
                let version = seals::find(tx, seal)?.unwrap().version;
                commands::step(tx, &boss, seal, &SealStep { action: Some(action), version, reason: reason.clone(), ..SealStep::default() }, now())
            };
            home.app.app.db().write("test.step", work).await.unwrap();
        };
        step(SealAction::Suspend, "核查").await;
        let (boss, reviewer) = (home.boss(1), home.boss(2));
        let rows: Vec<_> = (0..3).map(|n| (n + 2, commands::Enter { batch: "B-1".into(), ..home.input(food) })).collect();
        home.app
            .app
            .db()
            .bulk("test.batch", move |tx| {
                commands::enter_batch(tx, &boss, &rows, now())?;
                while commands::review_batch(tx, &reviewer, "B-1", now())? > 0 {}
                Ok(())
            })
            .await
            .unwrap();
        let ungranted = home.licence(home.input(other), 71).await;
        home.app.app.settle().await.unwrap();
        assert_eq!(troubled(&home).await, 0);
        let waiting = async || home.app.app.db().snapshot("test.batch", |tx| licences::batch(tx, "B-1")).await.unwrap();
        assert_eq!(waiting().await, [(LicenceState::ToSign, 3)]);
        step(SealAction::Resume, "核查完毕").await;
        home.app.app.settle().await.unwrap();
        assert_eq!(waiting().await, [(LicenceState::Valid, 3)]);
        assert_eq!(home.row(ungranted.id).await.state, LicenceState::ToSign, "没有授权的类型接着等");
        assert_eq!(troubled(&home).await, 0);
    }
}
