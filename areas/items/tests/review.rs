//! 批注、抽查、补别名、更名、下放、积压：两种引擎。
#![allow(clippy::unwrap_used, reason = "测试")]

use std::sync::{Arc, LazyLock};

use jiff::Timestamp;
use tongban_items::commands::{self, CatalogueInput, FieldNote, Implementer, Publish};
use tongban_items::model::Guide;
use tongban_items::model::codes::{PowerSource, TaskType, UseLevel};
use tongban_items::model::lifecycle::{PoolState, State};
use tongban_items::permissions::{CLAIM, EDIT, PUBLISH, READ, REVIEW, SUSPEND};
use tongban_items::store::{self, MIGRATIONS};
use tongban_kernel::problem::Code;
use tongban_kernel::{Actor, ActorKind, Place, Scope};
use tongban_store::testing::{TestDb, engines};
use tongban_store::{Error, Migration, Result, Tx};

fn tables() -> &'static [Migration] {
    static ALL: LazyLock<Vec<Migration>> =
        LazyLock::new(|| tongban_directory::area().migrations.iter().chain(MIGRATIONS).copied().collect());
    &ALL
}

fn at() -> Timestamp {
    "2026-11-02T02:00:00Z".parse().unwrap()
}

fn me() -> Actor {
    Actor { tenant: 1, ..Actor::system() }
}

fn staff(account: i64, scope: Scope, permissions: &[&str]) -> Actor {
    let mut actor = Actor::citizen(account, account, 3, "李*");
    actor.kind = ActorKind::Staff;
    actor.tenant = 1;
    actor.scope = scope;
    actor.permissions = Arc::new(permissions.iter().map(|p| (*p).to_owned()).collect());
    actor
}

fn county() -> Implementer {
    Implementer {
        place: Place { tenant: 1, unit: 7, org: 7 },
        name: "区残联".into(),
        uscc: "11510811MB0000027M".into(),
        division: "510811000000".into(),
        level: UseLevel::County,
    }
}

fn town() -> Implementer {
    Implementer {
        place: Place { tenant: 1, unit: 8, org: 8 },
        name: "元坝镇".into(),
        uscc: "12510811MB00000438".into(),
        division: "510811100000".into(),
        level: UseLevel::Town,
    }
}

fn good() -> Guide {
    let all = tongban_items::complete::built_in().unwrap();
    all.iter().find(|c| c.guide.name == "残疾人证换领").unwrap().guide.clone()
}

/// 一项已经发布的。
fn published(tx: &mut Tx<'_>, levels: Vec<UseLevel>) -> Result<i64> {
    let input = CatalogueInput {
        name: "残疾人证换领".into(),
        task_type: TaskType::Confirmation,
        main_name: String::new(),
        local_code: String::new(),
        levels,
        basis: String::new(),
    };
    let catalogue = commands::import_catalogue(tx, &me(), &input, at())?.id();
    let (implementation, _) = commands::pool(tx, &me(), catalogue, &county(), at())?;
    let item = commands::claim(tx, &me(), implementation, 1, at())?;
    publish(tx, item)?;
    Ok(item)
}

fn publish(tx: &mut Tx<'_>, item: i64) -> Result<()> {
    let row = store::lock_item(tx, item)?;
    let version = commands::edit(tx, &me(), item, row.version, &good(), at())?;
    let version = commands::report(tx, &me(), item, version, at())?;
    let version = commands::approve(tx, &me(), item, version, at())?;
    commands::publish(tx, &me(), item, version, Publish::default(), at()).map(drop)
}

fn refused<T: std::fmt::Debug>(result: Result<T>) -> Code {
    match result.unwrap_err() {
        Error::Refused(problem) => problem.code,
        other => panic!("{other}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn notes_stay_until_the_next_report() {
    for engine in engines() {
        let t = TestDb::open(engine, tables()).await.unwrap();
        t.db.write("t", |tx| {
            let item = published(tx, vec![UseLevel::County])?;
            let row = store::lock_item(tx, item)?;
            let version = commands::revise(tx, &me(), item, row.version, at())?;
            let version = commands::report(tx, &me(), item, version, at())?;
            let reviewer = staff(9, Scope::tenant(1), &[READ, REVIEW]);
            assert_eq!(refused(commands::reject(tx, &reviewer, item, version, " ", &[], at())), Code::ValidationFailed);
            let notes = [FieldNote { field: "consult_phone".into(), label: "咨询电话".into(), text: "打不通".into() }];
            let version = commands::reject(tx, &reviewer, item, version, "", &notes, at())?;
            let open = store::open_notes(tx, item)?;
            assert_eq!((open.len(), open[0].text.as_str(), open[0].field.as_str()), (1, "打不通", "consult_phone"));
            assert_eq!(store::lock_item(tx, item)?.opinion, "有 1 处要改，见批注");
            commands::report(tx, &me(), item, version, at())?;
            assert_eq!(store::open_notes(tx, item)?, []);
            // 再报上来，审核人看得见这一版提过什么；以后的版本不再提
            assert_eq!(store::done_notes(tx, item, jiff::Timestamp::UNIX_EPOCH)?.iter().map(|note| note.text.as_str()).collect::<Vec<_>>(), ["打不通"]);
            assert_eq!(store::done_notes(tx, item, at() + jiff::SignedDuration::from_hours(1))?, []);
            Ok(())
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drawn_guide_with_errors_is_no_longer_accurate() {
    for engine in engines() {
        let t = TestDb::open(engine, tables()).await.unwrap();
        t.db.write("t", |tx| {
            let inspector = staff(9, Scope::tenant(1), &[READ, REVIEW]);
            assert_eq!(refused(commands::draw_checks(tx, &inspector, 3, at())), Code::Conflict);
            let item = published(tx, vec![UseLevel::County])?;
            assert!(store::lock_item(tx, item)?.facts.current().unwrap().accurate);
            assert_eq!(refused(commands::draw_checks(tx, &inspector, 0, at())), Code::ValidationFailed);
            assert_eq!(refused(commands::draw_checks(tx, &staff(3, Scope::tenant(1), &[READ]), 1, at())), Code::Forbidden);
            assert_eq!(commands::draw_checks(tx, &inspector, 3, at())?, 1);
            let drawn = store::checks(tx, &Scope::tenant(1), "open", i64::MAX, 10)?.remove(0);
            assert_eq!((drawn.item, drawn.edition), (item, 1));
            let outsider = staff(5, Scope::unit(99), &[READ, REVIEW]);
            assert_eq!(refused(commands::record_check(tx, &outsider, drawn.id, 1, "", at())), Code::NotFound);
            commands::record_check(tx, &inspector, drawn.id, 1, "电话打不通\n\n地址搬了", at())?;
            let row = store::lock_item(tx, item)?;
            assert!(row.wrong && !row.facts.current().unwrap().accurate, "抽查有错，准确率立刻少一份");
            let kept = store::checks(tx, &Scope::unit(7), "wrong", i64::MAX, 10)?;
            assert_eq!(kept[0].errors, "电话打不通\n地址搬了");
            assert_eq!(refused(commands::record_check(tx, &inspector, drawn.id, 2, "", at())), Code::InvalidState);
            let quality = store::quality_by_unit(tx, &Scope::tenant(1))?;
            assert_eq!((quality[0].active, quality[0].wrong, quality[0].accurate), (1, 1, 0));
            // 再抽一次，没有错就恢复
            commands::draw_checks(tx, &inspector, 1, at())?;
            let again = store::checks(tx, &Scope::tenant(1), "open", i64::MAX, 10)?.remove(0);
            commands::record_check(tx, &inspector, again.id, 1, "", at())?;
            assert!(store::lock_item(tx, item)?.facts.current().unwrap().accurate);
            Ok(())
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missed_word_becomes_an_alias_in_a_revision() {
    for engine in engines() {
        let t = TestDb::open(engine, tables()).await.unwrap();
        t.db.write("t", |tx| {
            let item = published(tx, vec![UseLevel::County])?;
            commands::note_miss(tx, "换残疾本", at())?;
            let code = store::lock_item(tx, item)?.code;
            let editor = staff(9, Scope::unit(7), &[READ, CLAIM, EDIT]);
            commands::add_alias(tx, &editor, &code, "换残疾本", at())?;
            let row = store::lock_item(tx, item)?;
            assert_eq!((row.status.state, row.status.revision), (State::Active, Some(State::Editing)), "旧版照常，修订稿等发布");
            assert!(row.draft.aliases.contains(&"换残疾本".to_owned()));
            assert!(store::misses(tx, (i64::MAX, ""), 10)?.is_empty());
            Ok(())
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_renamed_subject_keeps_its_old_codes() {
    for engine in engines() {
        let t = TestDb::open(engine, tables()).await.unwrap();
        t.db.write("t", |tx| {
            let item = published(tx, vec![UseLevel::County])?;
            let row = store::lock_item(tx, item)?;
            let new = Implementer { name: "区残疾人联合会".into(), uscc: "11510811MB0000035G".into(), ..county() };
            let chief = staff(9, Scope::tenant(1), &[READ, PUBLISH]);
            assert_eq!(
                refused(commands::rename_subject(tx, &staff(8, Scope::tenant(1), &[READ, EDIT]), row.implementation, &new, at())),
                Code::Forbidden
            );
            assert_eq!(commands::rename_subject(tx, &chief, row.implementation, &new, at())?, 1);
            let after = store::lock_item(tx, item)?;
            assert_eq!(after.code, row.code.replace("11510811MB0000027M", "11510811MB0000035G"));
            assert_eq!((after.dept_name.as_str(), after.edition), ("区残疾人联合会", 1));
            assert_eq!(store::renamed_code(tx, &row.code)?, Some(after.code.clone()));
            assert_eq!(store::old_codes(tx, item)?.len(), 1);
            assert_eq!(store::edition(tx, item, 1)?.unwrap().code, row.code, "旧版快照里还是旧码");
            Ok(())
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_devolved_item_stops_above_when_the_town_publishes() {
    for engine in engines() {
        let t = TestDb::open(engine, tables()).await.unwrap();
        t.db.write("t", |tx| {
            let item = published(tx, vec![UseLevel::County, UseLevel::Town])?;
            let row = store::lock_item(tx, item)?;
            let chief = staff(9, Scope::tenant(1), &[READ, SUSPEND]);
            assert_eq!(refused(commands::devolve(tx, &chief, item, row.version, &[county()], at())), Code::ValidationFailed);
            assert_eq!(commands::devolve(tx, &chief, item, row.version, &[town()], at())?, 1);
            let waiting = store::pool(tx, &Scope::unit(8), PoolState::PendingClaim, &store::Find::default(), (i64::MIN, 0), 10)?.remove(0).row;
            let below = commands::claim(tx, &staff(4, Scope::unit(8), &[CLAIM]), waiting.id, waiting.version, at())?;
            assert!(store::lock_item(tx, item)?.open(), "承接单位还没发布，上级照办");
            publish(tx, below)?;
            let (upper, lower) = (store::lock_item(tx, item)?, store::lock_item(tx, below)?);
            assert_eq!((upper.status.state, upper.notice.as_str()), (State::Suspended, "这一项已经下放，请到元坝镇办"));
            assert_eq!((lower.status.state, lower.draft.power_source), (State::Active, PowerSource::Devolved));
            Ok(())
        })
        .await
        .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unclaimed_item_counts_as_backlog_until_it_is_handled() {
    for engine in engines() {
        let t = TestDb::open(engine, tables()).await.unwrap();
        t.db.write("t", |tx| {
            let input = CatalogueInput {
                name: "甲".into(),
                task_type: TaskType::Service,
                main_name: String::new(),
                local_code: String::new(),
                levels: vec![UseLevel::County],
                basis: String::new(),
            };
            let catalogue = commands::import_catalogue(tx, &me(), &input, at())?.id();
            let (id, _) = commands::pool(tx, &me(), catalogue, &county(), at())?;
            // 周一下发，周二下班还没处理
            commands::fire_claim_overdue(tx, id, "2026-11-03T09:30:00Z".parse().unwrap())?;
            let row = store::lock_implementation(tx, id)?;
            let on = |facts: &tongban_items::model::ClaimFacts, day| facts.weight("implementations.overdue", day);
            assert_eq!((on(&row.facts, 20_261_102), on(&row.facts, 20_261_103)), (0, 1));
            let later: Timestamp = "2026-11-05T02:00:00Z".parse().unwrap();
            commands::claim(tx, &me(), id, row.version, later)?;
            let row = store::lock_implementation(tx, id)?;
            assert_eq!((on(&row.facts, 20_261_104), on(&row.facts, 20_261_105)), (1, 0));
            assert_eq!(row.facts.weight("implementations.claimed", 20_261_105), 1);
            Ok(())
        })
        .await
        .unwrap();
    }
}
