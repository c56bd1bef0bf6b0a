//! 成批：几百张一批，先全核、两人、分块用印；断在半路接得着；一张做不成不拖累别的；没有授权的说得出原因。

use std::collections::BTreeMap;

use tongban_credentials::commands::{self, Enter};
use tongban_credentials::model::LicenceState;
use tongban_credentials::store::{grants, kinds, licences};
use tongban_kernel::Scope;
use tongban_kernel::time::date_of;

use crate::support::{Home, homes, now, refused};

const BATCH: &str = "20261123-test";

/// 逐张不同的人。
fn rows(home: &Home, kind: i64, many: i64) -> Vec<(i64, Enter)> {
    let row = |n: i64| Enter {
        holder_name: format!("王小明{n}"),
        batch: BATCH.into(),
        fields: BTreeMap::from([("JYCS".to_owned(), format!("元坝镇京昆路{n}号"))]),
        ..home.input(kind)
    };
    (0..many).map(|n| (n + 2, row(n))).collect()
}

async fn enter(home: &Home, rows: Vec<(i64, Enter)>) {
    let (boss, other) = (home.boss(1), home.boss(2));
    let db = home.app.app.db();
    for chunk in rows.chunks(200) {
        let (chunk, boss) = (chunk.to_vec(), boss.clone());
        db.bulk("test.enter", move |tx| commands::enter_batch(tx, &boss, &chunk, now()).map(drop)).await.unwrap();
    }
    let reviewed = async || {
        let other = other.clone();
        db.bulk("test.review", move |tx| commands::review_batch(tx, &other, BATCH, now())).await.unwrap()
    };
    while reviewed().await > 0 {}
}

async fn counts(home: &Home) -> Vec<(LicenceState, i64)> {
    let mut counts = home.app.app.db().snapshot("test.counts", |tx| licences::batch(tx, BATCH)).await.unwrap();
    counts.sort();
    counts
}

#[tokio::test]
async fn hundreds_are_sealed_chunk_by_chunk_each_on_record() {
    for home in homes().await {
        let seal = home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        enter(&home, rows(&home, kind, 230)).await;
        assert_eq!(counts(&home).await, [(LicenceState::ToSign, 230)]);
        home.app.app.settle().await.unwrap();
        assert_eq!(counts(&home).await, [(LicenceState::Valid, 230)]);
        let uses = home.app.app.db().snapshot("test.uses", move |tx| grants::uses(tx, &Scope::unit(0), seal, i64::MAX, 500)).await.unwrap();
        assert_eq!(uses.iter().filter(|one| one.done).count(), 230, "逐份一条用印日志");
        let files: std::collections::BTreeSet<_> = uses.iter().map(|one| one.after.clone()).collect();
        assert_eq!(files.len(), 230);
    }
}

#[tokio::test]
async fn a_broken_off_batch_is_taken_up_again_and_one_bad_row_holds_nobody_up() {
    for home in homes().await {
        home.seal(home.bureau, "食品经营许可证").await;
        let kind = home.kind("食品经营许可证").await;
        let mut all = rows(&home, kind, 12);
        // 字体里没有的字：排不出，只有这一张做不成
        all[5].1.fields.insert("JYCS".to_owned(), "\u{10fffd}".to_owned());
        enter(&home, all).await;
        // 做过三张之后断电：任务没了，状态还在
        home.app
            .app
            .db()
            .write("test.cut", |tx| {
                tx.exec("DELETE FROM jobs WHERE kind = 'credentials.issue_batch'", tongban_store::args![])?;
                for id in licences::in_batch(tx, BATCH, LicenceState::ToSign, 0, 3)? {
                    let mut row = licences::lock(tx, id)?.unwrap();
                    row.state = LicenceState::Valid;
                    licences::save(tx, &row)?;
                }
                Ok(())
            })
            .await
            .unwrap();
        home.app.app.settle().await.unwrap();
        assert_eq!(counts(&home).await, [(LicenceState::ToSign, 9), (LicenceState::Valid, 3)]);
        let other = home.boss(2);
        home.app.app.db().bulk("test.again", move |tx| commands::review_batch(tx, &other, BATCH, now()).map(drop)).await.unwrap();
        home.app.app.settle().await.unwrap();
        assert_eq!(counts(&home).await, [(LicenceState::ToSign, 1), (LicenceState::Valid, 11)]);
        let tenant = home.tenant;
        let uses = home.app.app.db().snapshot("test.uses", move |tx| grants::uses(tx, &Scope::tenant(tenant), 0, i64::MAX, 100)).await.unwrap();
        let failed: Vec<_> = uses.iter().filter(|one| !one.done).collect();
        assert_eq!(failed.len(), 1, "没做成的也记，写明原因");
        assert!(!failed[0].reason.is_empty());
    }
}

#[tokio::test]
async fn every_bad_row_is_told_at_once_before_anything_is_entered() {
    for home in homes().await {
        let kind = home.kind("食品经营许可证").await;
        let mut all = rows(&home, kind, 6);
        all[1].1.holder_code = "510811199003070018".into();
        all[4].1.fields.clear();
        let kind = home.app.app.db().snapshot("test.kind", move |tx| kinds::find(tx, kind)).await.unwrap().unwrap();
        let problem = refused(commands::check_rows(&kind, &all, date_of(now())).map_err(Into::into));
        let told: Vec<_> = problem.errors.iter().map(|error| error.detail.chars().take(5).collect::<String>()).collect();
        assert_eq!(told, ["第 3 行", "第 6 行"]);
    }
}
