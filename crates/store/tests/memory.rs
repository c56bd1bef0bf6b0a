//! 进程里的记忆：撤销的单元读到的不留，不变的只读一次，近况过期才重算。

use std::time::Duration;

use tongban_kernel::Problem;
use tongban_store::testing::{TestDb, engines};
use tongban_store::{Error, Migration, Tx, args};

const NOTES: &[Migration] = &[Migration {
    area: "notes",
    number: 1,
    name: "notes",
    sql: "CREATE TABLE notes (id BIGINT NOT NULL PRIMARY KEY, text TEXT NOT NULL)",
}];
const ADD: &str = "INSERT INTO notes (id, text) VALUES ($1, $2)";
const CHANGE: &str = "UPDATE notes SET text = $1 WHERE id = $2";
const TEXT: &str = "SELECT text FROM notes WHERE id = $1";

fn text(tx: &mut Tx<'_>, id: i64) -> Result<Option<String>, Error> {
    let found = tx.unchanging("notes.text", (id, 0), |tx| tx.row(TEXT, args![id], |r| r.get::<String>(0)))?;
    Ok(found.map(|text| String::clone(&text)))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_undone_unit_read_is_not_remembered() {
    for engine in engines() {
        let test = TestDb::open(engine, NOTES).await.unwrap();
        let undone = test
            .db
            .write("notes.add", |tx| {
                tx.exec(ADD, args![1, "没有提交"])?;
                assert_eq!(text(tx, 1)?.as_deref(), Some("没有提交"));
                Err::<(), _>(Problem::not_found().into())
            })
            .await;
        assert!(undone.is_err());
        assert_eq!(test.db.snapshot("notes.text", |tx| text(tx, 1)).await.unwrap(), None, "{engine:?}");
        test.db.write("notes.add", |tx| tx.exec(ADD, args![1, "提交了"])).await.unwrap();
        assert_eq!(test.db.write("notes.text", |tx| text(tx, 1)).await.unwrap().as_deref(), Some("提交了"), "{engine:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_unchanging_is_read_once_and_a_writer_remembers_after_commit() {
    for engine in engines() {
        let test = TestDb::open(engine, NOTES).await.unwrap();
        let seen = test.db.write("notes.add", |tx| {
            tx.exec(ADD, args![2, "第一版"])?;
            text(tx, 2)
        });
        assert_eq!(seen.await.unwrap().as_deref(), Some("第一版"));
        // 违反“不变”的改动看不见，正说明没有再读
        test.db.write("notes.change", |tx| tx.exec(CHANGE, args!["改了", 2])).await.unwrap();
        assert_eq!(test.db.snapshot("notes.text", |tx| text(tx, 2)).await.unwrap().as_deref(), Some("第一版"), "{engine:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_recent_is_counted_again_only_when_it_is_old() {
    for engine in engines() {
        let test = TestDb::open(engine, NOTES).await.unwrap();
        test.db.write("notes.add", |tx| tx.exec(ADD, args![3, "旧"])).await.unwrap();
        let read = |keep: Duration| {
            test.db.snapshot("notes.recent", move |tx| {
                let found = tx.recent("notes.recent", keep, |tx| tx.row(TEXT, args![3], |r| r.get::<String>(0)))?;
                Ok(found.as_deref().map(str::to_owned))
            })
        };
        assert_eq!(read(Duration::from_secs(60)).await.unwrap().as_deref(), Some("旧"));
        test.db.write("notes.change", |tx| tx.exec(CHANGE, args!["新", 3])).await.unwrap();
        assert_eq!(read(Duration::from_secs(60)).await.unwrap().as_deref(), Some("旧"), "{engine:?}");
        assert_eq!(read(Duration::ZERO).await.unwrap().as_deref(), Some("新"), "{engine:?}");
    }
}
