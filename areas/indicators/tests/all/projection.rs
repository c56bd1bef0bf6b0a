//! 账：随手改的记录，一条条记出来的账等于从头重算；每个数等于它点开的记录数。两种引擎都跑。

use proptest::prelude::*;
use crate::support::{Change, Facts, Orgs, background, change, open, today};
use tongban_indicators::period::Period;
use tongban_indicators::{area, drill, recount, refresh, store};
use tongban_kernel::{Actor, Scope};
use tongban_store::testing::engines;
use tongban_web::testing::TestApp;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// 随机的一条命令：（记录，建改删，机构序号，日子前移几天，是否计入，事项）。
type Command = (i64, u8, usize, i64, bool, i64);

fn commands() -> impl Strategy<Value = Vec<Command>> {
    prop::collection::vec((1..12i64, 0..5u8, 0..3usize, 0..40i64, any::<bool>(), 0..3i64), 1..40)
}

async fn apply(app: &TestApp, orgs: Orgs, all: &[Command]) {
    use jiff::ToSpan;
    let now = tongban_kernel::time::date_of(jiff::Timestamp::now());
    for &(id, what, org, back, good, item) in all {
        let day = tongban_kernel::time::day_number(now.checked_sub(back.days()).unwrap());
        let facts = Facts { org: orgs.leaves()[org], day, good, item };
        let command = match what {
            0 => Change::Remove,
            1 => Change::Create { facts },
            _ => Change::Set { facts },
        };
        app.app.db().write("test.change", move |tx| change(tx, id, command)).await.unwrap();
    }
}

/// 每个机构、每期、每条算得出的指标：现值等于点开的记录之和。
async fn numbers_equal_their_records(app: &TestApp, orgs: Orgs) -> Result<(), TestCaseError> {
    let registry = tongban_indicators::registry::Registry::of(&app.app);
    let all = tongban_indicators::definition::Definitions::built_in().unwrap();
    let now = Period::month_of(tongban_kernel::time::date_of(jiff::Timestamp::now()));
    let actor = Actor { scope: Scope::tenant(orgs.tenant), ..Actor::system() };
    for period in [now, now.previous(), Period::year_of(now.first())] {
        for org in [orgs.tenant, orgs.bureau, orgs.town, orgs.legacy] {
            for id in ["op_active_eval_rate", "item_online_available_rate"] {
                let (registry, actor) = (registry.clone(), actor.clone());
                let (num, den, found) = app
                    .app
                    .db()
                    .snapshot("test.drill", move |tx| {
                        let current = store::current_of_org(tx, org, period.code())?;
                        let row = current.into_iter().find(|row| row.indicator == id);
                        let mut found = Vec::new();
                        for measure in all.source(id).measures() {
                            let as_of = tongban_kernel::time::date_of(jiff::Timestamp::now());
                            let look = drill::Look { registry: &registry, actor: &actor, org, period, as_of };
                            found.push(drill::total(tx, &look, measure)?);
                        }
                        let (num, den) = row.map_or((0, 0), |row| (row.num, row.den.unwrap_or(0)));
                        Ok((num, den, found))
                    })
                    .await
                    .unwrap();
                prop_assert_eq!(vec![num, den], found, "{} {} {}", id, org, period.title());
            }
        }
    }
    Ok(())
}

fn check_sequence(all: &[Command]) -> Result<(), TestCaseError> {
    runtime().block_on(async {
        for engine in engines() {
            let (app, orgs) = open(engine).await;
            let half = all.len() / 2;
            apply(&app, orgs, &all[..half]).await;
            refresh::catch_up(&app.app).await.unwrap();
            apply(&app, orgs, &all[half..]).await;
            refresh::catch_up(&app.app).await.unwrap();
            numbers_equal_their_records(&app, orgs).await?;
            let counted = recount::recount(&app.app).await.unwrap();
            prop_assert_eq!(counted.mismatches, vec![], "一条条记的账等于重算");
            refresh::catch_up(&app.app).await.unwrap();
            numbers_equal_their_records(&app, orgs).await?;
        }
        Ok(())
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, max_shrink_iters: 40, ..ProptestConfig::default() })]

    #[test]
    fn incremental_equals_recount_and_numbers_equal_records(all in commands()) {
        check_sequence(&all)?;
    }
}

#[tokio::test]
async fn every_statement_prepares_on_every_engine() {
    for engine in engines() {
        let (app, _) = open(engine).await;
        let all: Vec<&str> = area().statements.iter().flat_map(|list| list.iter().copied()).collect();
        app.app.db().snapshot("test.prepare", move |tx| all.iter().try_for_each(|sql| tx.prepare(sql))).await.unwrap();
    }
}

#[tokio::test]
async fn merged_towns_count_above_and_still_open_by_their_own_name() {
    for engine in engines() {
        let (app, orgs) = open(engine).await;
        let facts = Facts { org: orgs.legacy, day: today(), good: true, item: 1 };
        app.app.db().write("test.change", move |tx| change(tx, 1, Change::Create { facts })).await.unwrap();
        app.app.settle().await.unwrap();
        let period = Period::month_of(tongban_kernel::time::date_of(jiff::Timestamp::now()));
        for org in [orgs.legacy, orgs.town, orgs.tenant] {
            let rows = app.app.db().snapshot("test.rows", move |tx| store::current_of_org(tx, org, period.code())).await.unwrap();
            let rate = rows.iter().find(|row| row.indicator == "op_active_eval_rate").unwrap();
            assert_eq!((rate.num, rate.den), (1, Some(1)));
        }
        let distinct = app
            .app
            .db()
            .snapshot("test.distinct", move |tx| {
                let generation = store::state(tx, "generation")?.unwrap();
                store::distinct_sums(tx, generation, "cases.item_active", period.code())
            })
            .await
            .unwrap();
        assert_eq!(distinct, [(orgs.legacy, 1)], "去重的事项数");
        let bureau = orgs.bureau;
        let none = app.app.db().snapshot("test.none", move |tx| store::current_of_org(tx, bureau, period.code())).await.unwrap();
        assert!(none.iter().all(|row| row.indicator != "op_active_eval_rate"), "没有数据的单位没有行");
    }
}

#[tokio::test]
async fn a_spoiled_account_is_found_and_put_right() {
    for engine in engines() {
        let (app, orgs) = open(engine).await;
        let facts = Facts { org: orgs.bureau, day: today(), good: false, item: 1 };
        app.app.db().write("test.change", move |tx| change(tx, 1, Change::Create { facts })).await.unwrap();
        app.app.settle().await.unwrap();
        let org = orgs.bureau;
        app.app
            .db()
            .write("test.spoil", move |tx| {
                let generation = store::state(tx, "generation")?.unwrap();
                store::add_tally(tx, generation, "evaluation.decided_rated", org, today(), 5)
            })
            .await
            .unwrap();
        let counted = recount::recount(&app.app).await.unwrap();
        assert_eq!(i64::try_from(counted.records).unwrap(), 1 + background(&app).await);
        assert_eq!(counted.mismatches.len(), 2, "日行与月行各一处");
        let again = recount::recount(&app.app).await.unwrap();
        assert!(again.mismatches.is_empty());
    }
}

#[tokio::test]
async fn only_one_recount_runs_at_a_time() {
    for engine in engines() {
        let (app, orgs) = open(engine).await;
        for id in 1..=20 {
            let facts = Facts { org: orgs.bureau, day: today(), good: true, item: id };
            app.app.db().write("test.change", move |tx| change(tx, id, Change::Create { facts })).await.unwrap();
        }
        let (one, two) = tokio::join!(recount::recount(&app.app), recount::recount(&app.app));
        let done: Vec<_> = [one, two].into_iter().filter_map(Result::ok).collect();
        let records = u64::try_from(20 + background(&app).await).unwrap();
        assert!(!done.is_empty() && done.iter().all(|counted| counted.mismatches.is_empty() && counted.records == records));
        assert!(recount::recount(&app.app).await.unwrap().mismatches.is_empty(), "算完了就让出位置");
    }
}

#[tokio::test]
async fn two_nodes_project_at_once_and_nothing_counts_twice() {
    for engine in engines() {
        let (app, orgs) = open(engine).await;
        for id in 1..=30 {
            let facts = Facts { org: orgs.bureau, day: today(), good: id % 2 == 0, item: id };
            app.app.db().write("test.change", move |tx| change(tx, id, Change::Create { facts })).await.unwrap();
        }
        let (one, two) = tokio::join!(refresh::catch_up(&app.app), refresh::catch_up(&app.app));
        one.unwrap();
        two.unwrap();
        assert!(recount::recount(&app.app).await.unwrap().mismatches.is_empty());
    }
}
