//! 单元的规矩，两种引擎上各跑一遍。

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jiff::Timestamp;
use tongban_kernel::{Actor, Problem};
use tongban_store::testing::{TestDb, engines};
use tongban_store::{Engine, Entry, Error, Migration, Reaction, Tx, args, jobs, journal, react};

const THINGS: &[Migration] = &[Migration {
    area: "things",
    number: 1,
    name: "things",
    sql: "CREATE TABLE things (id BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, blob BYTEA, ratio DOUBLE PRECISION, version BIGINT NOT NULL);\n\
          CREATE UNIQUE INDEX things_name ON things (name);\n\
          CREATE TABLE seen (id BIGINT NOT NULL PRIMARY KEY, n BIGINT NOT NULL);",
}];
const ADD: &str = "INSERT INTO things (id, name, version) VALUES ($1, $2, 1)";
const COUNT: &str = "SELECT COUNT(*) FROM things";
const BY_NAME_THEN_ID: &str = "SELECT name FROM things WHERE name = $2 AND id = $1";
const SEEN: &str = "INSERT INTO seen (id, n) VALUES ($1, 1) ON CONFLICT (id) DO UPDATE SET n = seen.n + 1";
const SEEN_ALL: &str = "SELECT COUNT(*), CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM seen";

fn add(tx: &mut Tx<'_>, name: &str) -> Result<i64, Error> {
    let id = tx.new_id();
    tx.exec(ADD, args![id, name])?;
    log(tx, id)?;
    Ok(id)
}

fn log(tx: &mut Tx<'_>, id: i64) -> Result<(), Error> {
    tx.journal(Entry { kind: "things.added", subject: id, rev: 1, at: Timestamp::now(), actor: &Actor::system(), tenant: 1, body: "{}" })
}

async fn count(test: &TestDb) -> i64 {
    test.db.read("count", |tx| tx.row(COUNT, &[], |r| r.get(0))).await.unwrap().unwrap()
}

async fn on_each_engine<F: AsyncFn(TestDb)>(check: F) {
    for engine in engines() {
        check(TestDb::open(engine, THINGS).await.unwrap()).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_concurrent_units_keep_exactly_the_sound_ones() {
    on_each_engine(async |test| {
        add_base(&test).await;
        let mut handles = Vec::new();
        for n in 0..200 {
            let db = test.db.clone();
            handles.push(tokio::spawn(async move {
                db.write("things.add", move |tx| {
                    let name = if n % 10 == 3 { "重名".to_owned() } else { format!("第{n}") };
                    add(tx, &name)?;
                    assert!(n % 10 != 7, "故意恐慌");
                    Ok(())
                })
                .await
                .is_ok()
            }));
        }
        let mut kept = 0;
        for handle in handles {
            kept += i64::from(handle.await.unwrap());
        }
        assert_eq!(kept, 160, "{:?}", test.db.engine());
        assert_eq!(count(&test).await, 161);
        let verdict = journal::verify(&test.db, |_| ()).await.unwrap();
        assert_eq!((verdict.entries, verdict.faults), (161, vec![]));
    })
    .await;
}

async fn add_base(test: &TestDb) {
    test.db.write("things.add", |tx| add(tx, "重名")).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_statement_undoes_the_unit_even_if_swallowed() {
    on_each_engine(async |test| {
        add_base(&test).await;
        let result = test
            .db
            .write("things.swallow", |tx| {
                let id = tx.new_id();
                tx.exec(ADD, args![id, "别的"])?;
                let _ = tx.exec(ADD, args![id, "又一个"]); // 主键冲突被咽下去
                Ok(())
            })
            .await;
        assert!(matches!(result, Err(Error::Poisoned(_))), "{result:?}");
        assert_eq!(count(&test).await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn refusals_keep_nothing_and_parameters_mean_the_same() {
    on_each_engine(async |test| {
        let refused = test.db.write("things.refuse", |tx| add(tx, "甲").and_then(|_| Err::<(), _>(Problem::not_found().into()))).await;
        assert_eq!(refused.unwrap_err().problem().unwrap().code.as_str(), "not-found");
        assert_eq!(count(&test).await, 0);
        let id = test.db.write("things.add", |tx| add(tx, "乙")).await.unwrap();
        let found: Option<String> =
            test.db.read("things.find", move |tx| tx.row(BY_NAME_THEN_ID, args![id, "乙"], |r| r.get(0))).await.unwrap();
        assert_eq!(found.as_deref(), Some("乙"));
        let second = test.db.read("things.twice", |tx| tx.row(COUNT, &[], |r| r.get::<i64>(0)).and_then(|_| tx.rows(COUNT, &[], |r| r.get::<i64>(0)))).await;
        assert!(matches!(second, Err(Error::Misuse(_))));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn numbers_are_gap_free_even_when_units_fail() {
    on_each_engine(async |test| {
        let mut handles = Vec::new();
        for n in 0..64_i64 {
            let db = test.db.clone();
            handles.push(tokio::spawn(async move {
                db.write("number", move |tx| {
                    let number = tx.number("case:510811", 20_261_122)?;
                    if n % 4 == 0 { Err(Problem::conflict("不要了").into()) } else { Ok(number) }
                })
                .await
                .ok()
            }));
        }
        let mut numbers = Vec::new();
        for handle in handles {
            numbers.extend(handle.await.unwrap());
        }
        numbers.sort_unstable();
        assert_eq!(numbers, (1..=48).collect::<Vec<i64>>());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reaction_sees_every_entry_once_with_two_nodes_and_many_writers() {
    const REACTION: &[Reaction] = &[Reaction::each("things.seen", &["things.added"], |tx, entry| {
        tx.exec(SEEN, args![entry.subject])?;
        Ok(())
    })];
    on_each_engine(async |test| {
        let other = test.another_node().await.unwrap();
        let finished = Arc::new(AtomicU64::new(0));
        let mut writers = Vec::new();
        for w in 0..16 {
            let db = if w % 2 == 0 { test.db.clone() } else { other.clone() };
            let finished = Arc::clone(&finished);
            writers.push(tokio::spawn(async move {
                for n in 0..40 {
                    db.write("things.add", move |tx| add(tx, &format!("{w}-{n}"))).await.unwrap();
                }
                finished.fetch_add(1, Ordering::Relaxed);
            }));
        }
        while finished.load(Ordering::Relaxed) < 16 {
            let (a, b) = tokio::join!(react::step(&test.db, REACTION), react::step(&other, REACTION));
            a.and(b).unwrap();
        }
        for writer in writers {
            writer.await.unwrap();
        }
        while react::step(&test.db, REACTION).await.unwrap() > 0 {}
        let (subjects, times): (i64, i64) =
            test.db.read("seen", |tx| tx.row(SEEN_ALL, &[], |r| Ok((r.get(0)?, r.get(1)?)))).await.unwrap().unwrap();
        assert_eq!((subjects, times), (640, 640), "{:?}", test.db.engine());
        let verdict = journal::verify(&test.db, |_| ()).await.unwrap();
        assert_eq!((verdict.entries, verdict.faults), (640, vec![]));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failing_entry_is_recorded_and_passed() {
    const REACTION: &[Reaction] = &[Reaction::each("things.picky", &[], |tx, entry| {
        if entry.body.contains("bad") { Err(Problem::conflict("不喜欢").into()) } else { tx.exec(SEEN, args![entry.subject]).map(|_| ()) }
    })];
    on_each_engine(async |test| {
        test.db
            .write("things.log", |tx| {
                for n in 1..=5 {
                    let body = if n == 3 { "{\"bad\":1}" } else { "{}" };
                    tx.journal(Entry { kind: "things.x", subject: n, rev: 1, at: Timestamp::now(), actor: &Actor::system(), tenant: 1, body })?;
                }
                Ok(())
            })
            .await
            .unwrap();
        while react::step(&test.db, REACTION).await.unwrap() > 0 {}
        let (subjects, _): (i64, i64) =
            test.db.read("seen", |tx| tx.row(SEEN_ALL, &[], |r| Ok((r.get(0)?, r.get(1)?)))).await.unwrap().unwrap();
        assert_eq!(subjects, 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_job_is_claimed_once_by_many() {
    on_each_engine(async |test| {
        let other = test.another_node().await.unwrap();
        let now = Timestamp::now();
        test.db.write("enqueue", move |tx| (0..20).try_for_each(|n| tx.enqueue("mail", &n.to_string(), now).map(|_| ()))).await.unwrap();
        let claims = (0..40).map(|n| {
            let db = if n % 2 == 0 { test.db.clone() } else { other.clone() };
            tokio::spawn(async move {
                let mut mine = Vec::new();
                let later = now + jiff::SignedDuration::from_mins(1);
                for _ in 0..20 {
                    let owner = format!("o{n}");
                    mine.extend(db.write("claim", move |tx| jobs::claim(tx, &owner, now, later)).await.unwrap().map(|job| job.id));
                }
                mine
            })
        });
        let mut claimed = Vec::new();
        for handle in claims.collect::<Vec<_>>() {
            claimed.extend(handle.await.unwrap());
        }
        claimed.sort_unstable();
        let before = claimed.len();
        claimed.dedup();
        assert_eq!((before, claimed.len()), (20, 20));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn verify_finds_one_altered_byte_one_removed_row_one_swapped_row() {
    const SPOILS: &[&str] = &[
        "UPDATE journal SET body = '{\"x\":1}' WHERE seq = 5",
        "DELETE FROM journal WHERE seq = 5",
        "UPDATE journal SET subject = CASE seq WHEN 5 THEN (SELECT subject FROM journal j WHERE j.lane = journal.lane AND j.seq = 6) ELSE subject END WHERE seq IN (5, 6)",
    ];
    for engine in engines() {
        for &spoil in SPOILS {
            let test = TestDb::open(engine, THINGS).await.unwrap();
            test.db.write("log", |tx| (1..=10).try_for_each(|n| log(tx, n))).await.unwrap();
            journal::checkpoint(&test.db, Timestamp::now()).await.unwrap().unwrap();
            assert!(journal::verify(&test.db, |_| ()).await.unwrap().faults.is_empty());
            test.db.write("spoil", move |tx| tx.exec(spoil, &[])).await.unwrap();
            let faults = journal::verify(&test.db, |_| ()).await.unwrap().faults;
            assert!(faults.iter().any(|fault| fault.contains('5')), "{engine:?} {spoil} {faults:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_statement_prepares() {
    on_each_engine(async |test| {
        for statement in tongban_store::STATEMENTS.iter().copied().flatten().copied() {
            test.db.write("prepare", move |tx| tx.prepare(statement)).await.unwrap_or_else(|e| panic!("{statement}: {e}"));
        }
        assert!(matches!(test.db.engine(), Engine::Sqlite | Engine::Postgres));
    })
    .await;
}
