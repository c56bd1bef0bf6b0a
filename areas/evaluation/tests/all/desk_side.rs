//! 号票评价、四川维度、按岗位统计。

use jiff::SignedDuration;
use tongban_contracts::hall::ServedV1;
use tongban_evaluation::commands;
use tongban_evaluation::rules::{self, Draft};
use tongban_evaluation::store::{self, By};
use tongban_kernel::{Actor, Scope};
use tongban_store::Entry;
use tongban_store::testing::engines;

use crate::support::{ORG, TENANT, UNIT, from_phone, open, settle, start};

#[tokio::test(flavor = "multi_thread")]
async fn a_served_ticket_is_rated_once_and_never_counts_as_a_case() {
    for engine in engines() {
        let test = open(engine).await;
        let served = ServedV1 {
            number: "A012".into(),
            day: 20_260_302,
            site: 9,
            window: 3,
            staff: 55,
            staff_code: "011".into(),
            post: 77,
            tenant: TENANT,
            unit: UNIT,
            org: ORG,
            matter: "咨询社保".into(),
            account: 0,
        };
        let body = serde_json::to_string(&served).unwrap();
        test.db
            .write("t", move |tx| {
                for rev in 1..=2 {
                    tx.journal(Entry { kind: "hall.served", subject: 4242, rev, at: start(), actor: &Actor::system(), tenant: TENANT, body: &body })?;
                }
                Ok(())
            })
            .await
            .unwrap();
        settle(&test.db).await;
        let token = test
            .db
            .snapshot("t", |tx| {
                let id = store::find_case(tx, 4242)?.unwrap();
                let invited = store::invitations(tx, id)?;
                assert_eq!(invited.len(), 1, "同一号票只发一张");
                Ok(commands::token(tx, invited[0].id))
            })
            .await
            .unwrap();
        let at = start() + SignedDuration::from_mins(5);
        let code = token.clone();
        let rated = test
            .db
            .write("t", move |tx| {
                let rating = rules::check(&Draft { level: Some(5), dims: vec!["attitude:4".into(), String::new(), "competence:5".into()], ..Draft::default() })?;
                commands::rate(tx, &Actor::anonymous(), &code, &rating, &from_phone(), at)
            })
            .await
            .unwrap();
        assert_eq!(rated.no, "PH-20260302-A012-4242-3-1");
        let again = test
            .db
            .write("t", move |tx| {
                let rating = rules::check(&Draft { level: Some(5), ..Draft::default() })?;
                commands::rate(tx, &Actor::anonymous(), &token, &rating, &from_phone(), at)
            })
            .await;
        assert!(again.is_err(), "一号一评");
        let (facts, posts, dims) = test
            .db
            .snapshot("t", move |tx| {
                let id = store::find_case(tx, 4242)?.unwrap();
                let subject = store::subject(tx, id)?.unwrap();
                let scope = Scope::tenant(TENANT);
                let (from, to) = (start(), start() + SignedDuration::from_hours(24));
                Ok((store::facts(tx, &subject)?, store::grouped(tx, &scope, By::Post, from, to)?, store::dimension_sums(tx, &scope, from, to)?))
            })
            .await
            .unwrap();
        let mut booked = Vec::new();
        facts.book(|measure, _, n| booked.push((measure, n)));
        assert_eq!(booked, [("evaluation.first", 1), ("evaluation.score", 5), ("evaluation.good", 1), ("evaluation.very_satisfied", 1)], "不进按办件数的指标");
        assert_eq!(posts, [("77".to_owned(), String::new(), 5, 1)]);
        assert_eq!(dims, [("attitude".to_owned(), 1, 4), ("competence".to_owned(), 1, 5)]);
    }
}

#[test]
fn dimension_scores_are_one_to_five_and_known() {
    let check = |dim: &str| rules::check(&Draft { level: Some(5), dims: vec![dim.into()], ..Draft::default() });
    assert_eq!(check("guide:3").unwrap().dims, [("guide", 3)]);
    for bad in ["guide:0", "guide:6", "weather:3", "guide"] {
        assert_eq!(check(bad).unwrap_err().errors[0].field(), "dims", "{bad}");
    }
}
