//! 差评工单：每一条走法、权限、范围、版本、期限与灯；两种引擎都跑。

use crate::support::{decided_case, draft, from_phone, later, open, staff, start};
use tongban_evaluation::commands::{self, Handle};
use tongban_evaluation::model::{Action, Cause, State, TRANSITIONS};
use tongban_evaluation::permissions::{HANDLE, REVIEW, REVISIT};
use tongban_evaluation::store::TaskRow;
use tongban_evaluation::{area, facts::Facts, rules, store};
use tongban_kernel::lights::Light;
use tongban_kernel::{Actor, Code};
use tongban_store::testing::{TestDb, engines};
use tongban_store::{Error, clocks};

async fn bad_task(test: &TestDb, number: i64) -> String {
    let token = decided_case(&test.db, number).await.remove(2);
    let rating = rules::check(&draft(1, "推诿")).unwrap();
    let done = test
        .db
        .write("test.rate", move |tx| commands::rate(tx, &Actor::anonymous(), &token, &rating, &from_phone(), start()))
        .await
        .unwrap();
    done.task.unwrap()
}

async fn task(test: &TestDb, no: &str) -> TaskRow {
    let no = no.to_owned();
    test.db
        .snapshot("test.task", move |tx| {
            let id = store::task_by_no(tx, &no)?.unwrap();
            store::task(tx, id)
        })
        .await
        .unwrap()
        .unwrap()
}

fn input(action: Action, version: i64) -> Handle {
    Handle {
        action: Some(action),
        version,
        note: "已电话说明".to_owned(),
        cause: Some(Cause::Attitude),
        measures: "培训，责任人李敏，3 月 10 日前".to_owned(),
        published: "已向您致歉并加强培训".to_owned(),
        item_change: String::new(),
        evidence: "监控 3-17".to_owned(),
        files: Vec::new(),
    }
}

fn worker() -> Actor {
    staff("李敏", crate::support::UNIT, &[HANDLE, REVISIT])
}

fn boss() -> Actor {
    staff("周主管", crate::support::UNIT, &[REVIEW, REVISIT])
}

async fn act(test: &TestDb, actor: Actor, no: &str, action: Action, day: i64) -> Result<State, Error> {
    let version = task(test, no).await.version;
    let (no, handle) = (no.to_owned(), input(action, version));
    test.db.write("test.handle", move |tx| commands::handle(tx, &actor, &no, &handle, later(day))).await
}

fn doer(action: Action) -> Actor {
    let needs = TRANSITIONS.iter().find(|row| row.action == action).unwrap().needs;
    if needs == HANDLE { worker() } else { boss() }
}

async fn facts(test: &TestDb) -> Vec<Facts> {
    let all = test.db.snapshot("test.facts", |tx| store::scan(tx, 0, 100)).await.unwrap();
    all.iter().map(|(_, text)| serde_json::from_str(text).unwrap()).collect()
}

#[tokio::test]
async fn the_whole_way_from_bad_rating_to_closed() {
    for engine in engines() {
        let test = open(engine).await;
        let no = bad_task(&test, 1).await;
        let new = task(&test, &no).await;
        assert_eq!(new.state, State::ToVerify);
        assert!(new.named, "登记的申请人凭自己的码评的");
        assert_eq!(tongban_kernel::time::show(new.contact_due), "2026-03-03 17:30");
        let way = [Action::Contact, Action::Confirm, Action::Submit, Action::Approve, Action::AcceptRevisit];
        for (day, action) in (1..).zip(way) {
            act(&test, doer(action), &no, action, day).await.unwrap();
        }
        let done = task(&test, &no).await;
        assert_eq!((done.state, done.valid, done.light(later(30))), (State::Closed, true, Light::Grey));
        let fact = &facts(&test).await[0].tasks[0];
        assert!(fact.closed && fact.in_time && fact.contacted_in_time && fact.revisited);
        let subject = done.subject;
        let kinds: Vec<String> =
            test.db.snapshot("test.log", move |tx| tx.timeline(subject)).await.unwrap().into_iter().map(|e| e.kind).collect();
        assert_eq!(kinds.last().unwrap(), "evaluation.rectified");
        let id = done.id;
        let steps = test.db.snapshot("test.steps", move |tx| store::steps(tx, id)).await.unwrap();
        assert_eq!(steps.len(), 7, "收到、没有人办交给代管、五个动作");
        assert_eq!(steps[2].note.as_deref(), Some("已电话说明"));
    }
}

#[tokio::test]
async fn every_row_of_the_table_can_be_walked() {
    for engine in engines() {
        let test = open(engine).await;
        use Action::*;
        let ways: [&[Action]; 5] = [
            &[Contact, Explain, AcceptRevisit],
            &[Contact, Appeal, UpholdAppeal],
            &[Contact, Appeal, RejectAppeal, Submit, SendBack, Submit, Approve, AcceptRevisit],
            &[Contact, Confirm, Submit, Approve, RejectRevisit, Submit, Approve, RejectRevisit, Submit, Approve, RejectRevisit],
            &[Contact, Confirm, Submit, Approve, AcceptRevisit],
        ];
        let ends = [State::Closed, State::Voided, State::Closed, State::Escalated, State::Closed];
        let mut walked = std::collections::BTreeSet::new();
        for (number, (way, end)) in (1..).zip(ways.iter().zip(ends)) {
            let no = bad_task(&test, number).await;
            for action in *way {
                let from = task(&test, &no).await.state;
                let to = act(&test, doer(*action), &no, *action, 1).await.unwrap();
                walked.insert((from, action.as_str(), to));
            }
            assert_eq!(task(&test, &no).await.state, end);
        }
        assert_eq!(walked.len(), TRANSITIONS.len(), "表里每一行都走过");
        let voided = facts(&test).await.into_iter().find(|facts| facts.tasks.iter().any(|task| !task.valid)).unwrap();
        assert!(!voided.ratings[0].counts, "申诉成立，评价判为无效");
    }
}

#[tokio::test]
async fn nobody_does_what_is_not_theirs() {
    for engine in engines() {
        let test = open(engine).await;
        let no = bad_task(&test, 1).await;
        let code = |error: Error| error.problem().unwrap().code;
        let outside = staff("外单位", 11, &[HANDLE]);
        assert_eq!(code(act(&test, outside, &no, Action::Contact, 1).await.unwrap_err()), Code::NotFound);
        assert_eq!(code(act(&test, boss(), &no, Action::Contact, 1).await.unwrap_err()), Code::Forbidden);
        assert_eq!(code(act(&test, worker(), &no, Action::Submit, 1).await.unwrap_err()), Code::InvalidState);
        act(&test, worker(), &no, Action::Contact, 1).await.unwrap();
        act(&test, worker(), &no, Action::Confirm, 1).await.unwrap();
        act(&test, worker(), &no, Action::Submit, 1).await.unwrap();
        let both = staff("李敏", crate::support::UNIT, &[HANDLE, REVIEW]);
        assert_eq!(code(act(&test, both, &no, Action::Approve, 1).await.unwrap_err()), Code::Forbidden, "自己不能审自己");
        let unknown = input(Action::Approve, 1);
        let missing = test.db.write("test.none", move |tx| commands::handle(tx, &boss(), "没有这个编号", &unknown, later(1))).await;
        assert_eq!(code(missing.unwrap_err()), Code::NotFound);
    }
}

#[tokio::test]
async fn the_second_of_two_at_once_is_told_to_look_again() {
    for engine in engines() {
        let test = open(engine).await;
        let no = bad_task(&test, 1).await;
        let version = task(&test, &no).await.version;
        let both: Vec<_> = (0..2)
            .map(|_| {
                let (db, no, handle) = (test.db.clone(), no.clone(), input(Action::Contact, version));
                tokio::spawn(async move { db.write("test.twice", move |tx| commands::handle(tx, &worker(), &no, &handle, later(1))).await })
            })
            .collect();
        let mut results = Vec::new();
        for one in both {
            results.push(one.await.unwrap());
        }
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
        let refused = results.into_iter().find_map(Result::err).unwrap();
        assert!(matches!(refused.problem().unwrap().code, Code::InvalidState | Code::PreconditionFailed));
        let stale = input(Action::Confirm, version);
        let number = no.clone();
        let late = test.db.write("test.stale", move |tx| commands::handle(tx, &worker(), &number, &stale, later(1))).await;
        assert_eq!(late.unwrap_err().problem().unwrap().code, Code::PreconditionFailed);
    }
}

#[tokio::test]
async fn a_rectification_needs_cause_measures_and_words_for_the_public() {
    for engine in engines() {
        let test = open(engine).await;
        let no = bad_task(&test, 1).await;
        for action in [Action::Contact, Action::Confirm] {
            act(&test, worker(), &no, action, 1).await.unwrap();
        }
        let version = task(&test, &no).await.version;
        let empty = Handle { action: Some(Action::Submit), version, ..Handle::default() };
        let refused = test.db.write("test.empty", move |tx| commands::handle(tx, &worker(), &no, &empty, later(1))).await.unwrap_err();
        let fields: Vec<&str> = refused.problem().unwrap().errors.iter().map(|error| error.field()).collect();
        assert_eq!(fields, ["note", "cause", "measures", "published"]);
    }
}

#[tokio::test]
async fn time_turns_the_light_yellow_then_red_and_says_so() {
    for engine in engines() {
        let test = open(engine).await;
        let no = bad_task(&test, 1).await;
        let mut runner = clocks::Runner::default();
        assert_eq!(runner.step(&test.db, area().clocks, start()).await.unwrap(), 1, "剩 1 个工作日就是黄灯");
        assert_eq!(runner.step(&test.db, area().clocks, start()).await.unwrap(), 0);
        assert_eq!(runner.step(&test.db, area().clocks, later(2)).await.unwrap(), 1);
        assert_eq!(runner.step(&test.db, area().clocks, later(2)).await.unwrap(), 0);
        let late = task(&test, &no).await;
        assert_eq!((late.lit.as_str(), late.light(later(2))), ("red", Light::Red));
        let subject = late.subject;
        let log = test.db.snapshot("test.log", move |tx| tx.timeline(subject)).await.unwrap();
        let overdue = log.iter().find(|entry| entry.kind == "evaluation.overdue").unwrap();
        assert!(overdue.at > late.contact_due && overdue.at < later(2), "记在到点那一刻");
        act(&test, worker(), &no, Action::Contact, 3).await.unwrap();
        assert_eq!(task(&test, &no).await.lit, "green", "下一步重新计时");
    }
}

#[tokio::test]
async fn three_bad_ratings_of_one_item_make_a_blockage() {
    for engine in engines() {
        let test = open(engine).await;
        let mut blocked = Vec::new();
        for number in 1..=3 {
            let no = bad_task(&test, number).await;
            blocked.push(task(&test, &no).await.blockage);
        }
        assert_eq!(blocked, [false, false, true]);
    }
}
