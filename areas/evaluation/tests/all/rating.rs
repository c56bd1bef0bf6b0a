//! 评价：一码一次、并发只成一条、追评、作废、可疑复核；两种引擎都跑。

use std::collections::BTreeMap;

use crate::support::{TENANT, case_entry, decided_case, draft, from_phone, header, later, open, settle, staff, start, tokens};
use tongban_contracts::cases::CaseNodeV1;
use tongban_evaluation::model::{EvalChannel, Node, Round};
use tongban_evaluation::permissions::{INVITE, REVIEW};
use tongban_evaluation::{area, commands, rules, store};
use tongban_kernel::{Actor, Code};
use tongban_store::testing::engines;
use tongban_store::{Database, Entry, Error};

async fn rate(db: &Database, token: &str, level: i64, text: &str) -> Result<commands::Rated, Error> {
    let (token, rating) = (token.to_owned(), rules::check(&draft(level, text)).unwrap());
    db.write("test.rate", move |tx| commands::rate(tx, &Actor::anonymous(), &token, &rating, &from_phone(), later(1))).await
}

/// 由现有事实数出各度量。
pub async fn measures(db: &Database) -> BTreeMap<&'static str, i64> {
    db.snapshot("test.measures", |tx| {
        let mut sums = BTreeMap::new();
        for (_, facts) in store::scan(tx, 0, 1000)? {
            let facts: tongban_evaluation::facts::Facts = serde_json::from_str(&facts)?;
            facts.book(|measure, _, n| *sums.entry(measure).or_insert(0) += n);
        }
        Ok(sums)
    })
    .await
    .unwrap()
}

#[tokio::test]
async fn every_statement_prepares_on_every_engine() {
    for engine in engines() {
        let test = open(engine).await;
        let all: Vec<&str> = area().statements.iter().flat_map(|list| list.iter().copied()).collect();
        assert!(all.len() > 50);
        test.db
            .snapshot("test.prepare", move |tx| all.iter().try_for_each(|sql| tx.prepare(sql)))
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn each_step_of_a_case_brings_one_invitation_however_often_it_is_told() {
    for engine in engines() {
        let test = open(engine).await;
        let first = decided_case(&test.db, 1).await;
        assert_eq!(first.len(), 3);
        assert!(first.iter().all(|token| token.len() == 16));
        test.db.write("test.again", |tx| case_entry(tx, "cases.decided", 1, 9, later(2))).await.unwrap();
        settle(&test.db).await;
        assert_eq!(tokens(&test.db, 1).await, first);
        let sums = measures(&test.db).await;
        assert_eq!((sums["evaluation.nodes_passed"], sums["evaluation.decided"]), (3, 1));
    }
}

#[tokio::test]
async fn a_token_works_once_and_the_answer_says_so() {
    for engine in engines() {
        let test = open(engine).await;
        let tokens = decided_case(&test.db, 1).await;
        let rated = rate(&test.db, &tokens[2], 5, "").await.unwrap();
        assert_eq!(rated.no, "510811-20260302-000001-3-1");
        assert_eq!(rated.task, None);
        let again = rate(&test.db, &tokens[2].to_uppercase(), 5, "").await.unwrap_err();
        assert_eq!(again.problem().unwrap().code, Code::AlreadyUsed);
        let wrong = rate(&test.db, "0000000000000000", 5, "").await.unwrap_err();
        assert_eq!(wrong.problem().unwrap().code, Code::NotFound);
        let sums = measures(&test.db).await;
        assert_eq!((sums["evaluation.decided_rated"], sums["evaluation.first"], sums["evaluation.nodes_rated"]), (1, 1, 1));
    }
}

#[tokio::test]
async fn sixty_four_people_at_once_make_one_rating() {
    for engine in engines() {
        let test = open(engine).await;
        let token = decided_case(&test.db, 1).await.remove(2);
        let tries: Vec<_> = (0..64)
            .map(|index| {
                let (db, token) = (test.db.clone(), token.clone());
                tokio::spawn(async move { rate(&db, &token, 1 + index % 5, "一句话").await.is_ok() })
            })
            .collect();
        let mut won = 0;
        for attempt in tries {
            won += u32::from(attempt.await.unwrap());
        }
        assert_eq!(won, 1);
        assert_eq!(measures(&test.db).await["evaluation.first"], 1);
    }
}

#[tokio::test]
async fn a_follow_up_comes_once_and_never_covers_the_first() {
    for engine in engines() {
        let test = open(engine).await;
        let token = decided_case(&test.db, 1).await.remove(2);
        let follow = |at, token: String| {
            let rating = rules::check(&draft(5, "改好了")).unwrap();
            let db = test.db.clone();
            async move {
                db.write("test.follow", move |tx| commands::follow_up(tx, &Actor::anonymous(), &token, &rating, &from_phone(), at)).await
            }
        };
        assert_eq!(follow(later(2), token.clone()).await.unwrap_err().problem().unwrap().code, Code::InvalidState);
        rate(&test.db, &token, 2, "等太久").await.unwrap();
        assert_eq!(follow(later(92), token.clone()).await.unwrap_err().problem().unwrap().code, Code::TokenExpired);
        assert_eq!(follow(later(20), token.clone()).await.unwrap().no, "510811-20260302-000001-3-2");
        assert_eq!(follow(later(21), token.clone()).await.unwrap_err().problem().unwrap().code, Code::AlreadyUsed);
        let sums = measures(&test.db).await;
        assert_eq!((sums["evaluation.first"], sums["evaluation.bad_first"], sums.get("evaluation.good")), (1, 1, None));
    }
}

#[tokio::test]
async fn an_expired_token_still_works_for_the_applicant_who_signed_in() {
    for engine in engines() {
        let test = open(engine).await;
        let tokens = decided_case(&test.db, 1).await;
        let rating = rules::check(&draft(5, "")).unwrap();
        for (person, expected) in [(1, false), (7001, true)] {
            let (token, rating) = (tokens[2].clone(), rating.clone());
            let actor = Actor::citizen(1, person, 2, "王*");
            let done = test.db.write("test.late", move |tx| commands::rate(tx, &actor, &token, &rating, &from_phone(), later(40))).await;
            assert_eq!(done.is_ok(), expected);
        }
        let (token, actor) = (tokens[1].clone(), staff("李敏", 10, &[INVITE]));
        let done = test.db.write("test.staff", move |tx| commands::rate(tx, &actor, &token, &rating, &from_phone(), later(1))).await;
        assert_eq!(done.unwrap_err().problem().unwrap().code, Code::Forbidden, "工作人员不能代评");
    }
}

#[tokio::test]
async fn a_voided_case_takes_everything_back() {
    for engine in engines() {
        let test = open(engine).await;
        let tokens = decided_case(&test.db, 1).await;
        rate(&test.db, &tokens[2], 1, "推诿").await.unwrap();
        assert_eq!(measures(&test.db).await["evaluation.bad"], 1);
        test.db.write("test.void", |tx| case_entry(tx, "cases.voided", 1, 9, later(3))).await.unwrap();
        settle(&test.db).await;
        assert!(measures(&test.db).await.is_empty());
        assert_eq!(rate(&test.db, &tokens[0], 5, "").await.unwrap_err().problem().unwrap().code, Code::AlreadyUsed);
    }
}

#[tokio::test]
async fn withdrawn_cases_are_rated_but_not_counted_as_decided() {
    for engine in engines() {
        let test = open(engine).await;
        test.db
            .write("test.withdrawn", |tx| {
                case_entry(tx, "cases.received", 2, 1, start())?;
                case_entry(tx, "cases.withdrawn", 2, 2, start())
            })
            .await
            .unwrap();
        settle(&test.db).await;
        let tokens = tokens(&test.db, 2).await;
        assert_eq!(tokens.len(), 2);
        rate(&test.db, &tokens[1], 3, "").await.unwrap();
        let sums = measures(&test.db).await;
        assert_eq!((sums.get("evaluation.decided"), sums["evaluation.first"], sums["evaluation.nodes_passed"]), (None, 1, 1));
    }
}

#[tokio::test]
async fn suspicious_ratings_wait_for_a_person_before_they_count() {
    for engine in engines() {
        let test = open(engine).await;
        let mut numbers = Vec::new();
        for number in 1..=6 {
            let token = decided_case(&test.db, number).await.remove(2);
            let rating = rules::check(&draft(5, "好")).unwrap();
            let from = commands::From { channel: EvalChannel::Mobile, device: "同一台手机".to_owned(), ip: String::new() };
            let rated = test
                .db
                .write("test.rate", move |tx| commands::rate(tx, &Actor::anonymous(), &token, &rating, &from, later(1)))
                .await
                .unwrap();
            numbers.push(rated.no);
        }
        assert_eq!(measures(&test.db).await["evaluation.first"], 4, "第 5、6 条可疑，先不计");
        let reviewer = staff("周主管", 10, &[REVIEW]);
        let judge = |no: String, genuine: bool, actor: Actor| {
            let db = test.db.clone();
            async move { db.write("test.judge", move |tx| commands::review_standing(tx, &actor, &no, genuine, later(2))).await }
        };
        judge(numbers[4].clone(), true, reviewer.clone()).await.unwrap();
        judge(numbers[5].clone(), false, reviewer.clone()).await.unwrap();
        assert_eq!(measures(&test.db).await["evaluation.first"], 5);
        assert_eq!(judge(numbers[5].clone(), true, reviewer).await.unwrap_err().problem().unwrap().code, Code::Conflict);
        let outsider = staff("外单位", 11, &[REVIEW]);
        assert_eq!(judge(numbers[0].clone(), true, outsider).await.unwrap_err().problem().unwrap().code, Code::NotFound);
    }
}

#[tokio::test]
async fn text_is_sealed_and_shown_only_after_review() {
    for engine in engines() {
        let test = open(engine).await;
        let token = decided_case(&test.db, 1).await.remove(2);
        let no = rate(&test.db, &token, 2, "打 13900008888 没人接").await.unwrap().no;
        let reviewer = staff("周主管", 10, &[REVIEW]);
        let number = no.clone();
        test.db.write("test.review", move |tx| commands::review_text(tx, &reviewer, &number, true, later(2))).await.unwrap();
        let shown = test.db.snapshot("test.public", |tx| store::public_ratings(tx, 5, None, 10)).await.unwrap();
        let rating = &shown[0].rating;
        assert!(rules::publishable(rating.effective, rating.review, rating.private));
        assert_eq!(rules::redact(rating.text.as_deref().unwrap()), "打 ****** 没人接");
        let subject = rating.subject;
        let first = test.db.snapshot("test.one", move |tx| store::rating_of(tx, subject, Node::Decided, Round::First)).await.unwrap();
        assert_eq!(first.unwrap().no, no);
        let log = test.db.snapshot("test.log", move |tx| tx.timeline(subject)).await.unwrap();
        assert!(log.iter().all(|entry| !entry.body.contains("13900008888")), "日志里没有原话");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn history_taken_in_later_invites_nobody() {
    for engine in engines() {
        let test = open(engine).await;
        for (number, days) in [(41, 29), (42, 31)] {
            test.db
                .write("test.linked", move |tx| {
                    let linked = CaseNodeV1 { decided_at: Some(start().as_millisecond()), ..header(number) };
                    let (body, actor) = (serde_json::to_string(&linked)?, Actor::system());
                    let entry = Entry { kind: "cases.decided", subject: 900_000 + number, rev: 1, at: later(days), actor: &actor, tenant: TENANT, body: &body };
                    tx.journal_facts::<i64>(entry, None, None)
                })
                .await
                .unwrap();
        }
        settle(&test.db).await;
        assert_eq!(tokens(&test.db, 41).await.len(), 1, "{engine:?}：还在可评的 30 天里");
        assert!(tokens(&test.db, 42).await.is_empty(), "{engine:?}：早该过期了");
    }
}
