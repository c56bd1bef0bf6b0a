//! 翻页：同一时刻到期的许多件一件不漏、一件不重；已办结的按事项、来源、经手人筛。

use tongban_kernel::{Depth, Reach};

use super::*;
use crate::commands::External;
use crate::model::Outcome;
use crate::store::{Filter, ListRow};

const NOW: &str = "2021-10-08T10:00";

/// 两件一页翻到头。
async fn walk(test: &TestDb, start: (i64, i64), page: impl Fn(&mut Tx<'_>, (i64, i64)) -> Result<Vec<ListRow>> + Clone + Send + Sync + 'static) -> Vec<String> {
    let (mut after, mut all) = (start, Vec::new());
    loop {
        let page = page.clone();
        let rows = run(test, move |tx| page(tx, after)).await.unwrap();
        let Some(last) = rows.last() else { return all };
        after = (last.sort_due, last.id);
        all.extend(rows.into_iter().map(|row| row.no));
    }
}

fn numbers(count: u32) -> Vec<String> {
    (1..=count).map(|n| format!("510811-20211008-{n:06}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_deadlines_are_walked_once_each() {
    on_each_engine(async |test| {
        for item in 1..=5_i64 {
            accepted(&test, Offer { item_id: item, ..offer_of(3) }, at(NOW)).await;
        }
        let start = (i64::MIN, i64::MIN);
        let open = walk(&test, start, |tx, after| store::open_list(tx, &Scope::unit(2), &Filter::default(), after, 2)).await;
        assert_eq!(open, numbers(5));
        let two = walk(&test, start, |tx, after| {
            let place = offer_of(3).place;
            let scope = Scope::new([Reach { depth: Depth::Unit, id: place.unit }, Reach { depth: Depth::Org, id: place.org }]);
            store::tab_list(tx, &scope, "review", &Filter::default(), after, 2)
        });
        assert_eq!(two.await, numbers(5), "两段范围归并起来也一样");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn finished_cases_are_found_by_item_channel_and_the_one_who_handled_them() {
    on_each_engine(async |test| {
        let now = at(NOW);
        run(&test, move |tx| {
            for n in 0..5 {
                let input = External {
                    system: "省系统".to_owned(),
                    number: format!("X{n}"),
                    applicant: person(),
                    accepted_at: at("2021-10-08T08:30"),
                    decided_at: at("2021-10-08T09:30"),
                    outcome: Outcome::Granted,
                    reason: String::new(),
                    historic: false,
                };
                let actor = if n % 2 == 0 { staff(11, &["cases.receive"]) } else { staff(12, &["cases.receive"]) };
                commands::link(tx, &actor, &Offer { item_id: 1, ..offer_of(3) }, &input, RANDOM, now)?;
            }
            Ok(())
        })
        .await
        .unwrap();
        let done = async |filter: Filter| {
            let mut found = walk(&test, (i64::MAX, i64::MAX), move |tx, before| store::done_list(tx, &Scope::tenant(1), &filter, before, 2)).await;
            found.reverse();
            found
        };
        let all = numbers(5);
        assert_eq!(done(Filter::default()).await, all);
        assert_eq!(done(Filter { item_code: offer_of(3).code, ..Filter::default() }).await, all);
        assert!(done(Filter { item_code: "别的".to_owned(), ..Filter::default() }).await.is_empty());
        assert_eq!(done(Filter { channel: Some(Channel::Industry), ..Filter::default() }).await, all);
        assert!(done(Filter { channel: Some(Channel::Window), ..Filter::default() }).await.is_empty());
        let mine = done(Filter { handler: 11, ..Filter::default() }).await;
        assert_eq!(mine, [all[0].clone(), all[2].clone(), all[4].clone()]);
        assert_eq!(done(Filter { handler: 12, channel: Some(Channel::Industry), ..Filter::default() }).await.len(), 2);
        assert!(done(Filter { handler: 13, ..Filter::default() }).await.is_empty());
    })
    .await;
}
