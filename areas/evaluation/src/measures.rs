//! 评价事实 → 指标的度量，以及每个度量的下钻。公式见 evaluation §6；代码在 [`crate::facts::code`]。

use tongban_store::{Result, Tx};
use tongban_web::area::{DrillQuery, DrillRow, Grain, Measure, Measures, Tally};

use crate::facts::{Facts, code};
use crate::model::points::{PointFacts, SeatFacts};
use crate::store::{self, Drilled, Span};

type Drill = fn(&mut Tx<'_>, &DrillQuery<'_>) -> Result<Vec<DrillRow>>;

/// 本区全部度量。
pub const MEASURES: &[Measures] = &[
    Measures { subject: "evaluation", codes: CODES, tally, scan: store::scan },
    Measures {
        subject: "points",
        codes: &[
            stock(POINTS, "应设的评价点位（窗口）", |tx, query| points(tx, query, |facts, day| facts.opened <= day)),
            stock(POINTS_GOOD, "30 日内检测可用的评价点位", |tx, query| points(tx, query, |facts, day| facts.good.covers(day))),
        ],
        tally: tally_point,
        scan: store::scan_points,
    },
    Measures {
        subject: "seats",
        codes: &[
            stock(SEATS, "应配评价仪的窗口岗位", |tx, query| seats(tx, query, |facts, day| facts.expected.covers(day))),
            stock(SEATS_BOUND, "配了评价仪的窗口岗位", |tx, query| seats(tx, query, |facts, day| facts.bound.covers(day))),
        ],
        tally: tally_seat,
        scan: store::scan_seats,
    },
];

const POINTS: &str = "points.expected";
const POINTS_GOOD: &str = "points.good";
const SEATS: &str = "seats.expected";
const SEATS_BOUND: &str = "seats.bound";

const fn stock(code: &'static str, title: &'static str, drill: Drill) -> Measure {
    Measure { code, title, grain: Grain::Stock, drill }
}

fn tally_point(facts: &str, out: &mut Tally) -> Result<()> {
    let facts: PointFacts = serde_json::from_str(facts)?;
    out.add(POINTS, facts.org, facts.opened, 1);
    facts.good.book(|day, n| out.add(POINTS_GOOD, facts.org, day, n));
    Ok(())
}

fn tally_seat(facts: &str, out: &mut Tally) -> Result<()> {
    let facts: SeatFacts = serde_json::from_str(facts)?;
    facts.expected.book(|day, n| out.add(SEATS, facts.org, day, n));
    facts.bound.book(|day, n| out.add(SEATS_BOUND, facts.org, day, n));
    Ok(())
}

fn points(tx: &mut Tx<'_>, query: &DrillQuery<'_>, counts: impl Fn(&PointFacts, i64) -> bool) -> Result<Vec<DrillRow>> {
    let row = |point: store::Point| DrillRow {
        id: point.id,
        number: point.name,
        title: point.org_name,
        detail: point.checked.map_or_else(|| "还没检测".to_owned(), |at| format!("{} {}", tongban_kernel::time::show(at), point.who)),
        href: "/desk/rates/points".to_owned(),
        weight: 1,
    };
    let found = store::points_of(tx, query.org, query.after, MOST)?;
    Ok(found.into_iter().filter(|point| counts(&point.facts, query.to_day)).take(page(query)).map(row).collect())
}

fn seats(tx: &mut Tx<'_>, query: &DrillQuery<'_>, counts: impl Fn(&SeatFacts, i64) -> bool) -> Result<Vec<DrillRow>> {
    let mut rows = Vec::new();
    let found = store::seats_of(tx, query.org, query.after, MOST)?;
    for (id, facts) in found.into_iter().filter(|(_, facts)| counts(facts, query.to_day)).take(page(query)) {
        let Some(post) = tongban_directory::queries::post(tx, id)? else { continue };
        let name = tongban_directory::queries::staff_name(tx, post.staff)?.unwrap_or_default();
        let detail = if facts.bound.covers(query.to_day) { "已配" } else { "没有配" };
        rows.push(DrillRow { id, number: post.shown_title().to_owned(), title: name, detail: detail.to_owned(), href: "/desk/rates/pads".to_owned(), weight: 1 });
    }
    Ok(rows)
}

/// 一个机构的窗口与窗口岗位至多这么多。
const MOST: i64 = 10_000;

fn page(query: &DrillQuery<'_>) -> usize {
    usize::try_from(query.limit).unwrap_or(0)
}

const fn flow(code: &'static str, title: &'static str, drill: Drill) -> Measure {
    Measure { code, title, grain: Grain::Flow, drill }
}

/// 每个度量的下钻函数：只差代码与查哪张表。
macro_rules! drill {
    ($records:path, $code:expr) => {
        |tx, query| rows($records(tx, $code, &span(query))?)
    };
}

const CODES: &[Measure] = &[
    flow(code::DECIDED, "期内办结件", drill!(store::case_records, code::DECIDED)),
    flow(code::DECIDED_RATED, "有主动有效评价的办结件", drill!(store::case_records, code::DECIDED_RATED)),
    flow(code::DECIDED_EVALUATED, "有任意评价的办结件", drill!(store::case_records, code::DECIDED_EVALUATED)),
    flow(code::CASES_RATED, "有主动有效评价的办件", drill!(store::case_records, code::CASES_RATED)),
    flow(code::NODES_PASSED, "已经过的可评节点", drill!(store::node_records, code::NODES_PASSED)),
    flow(code::NODES_RATED, "有主动有效首评的节点", drill!(store::node_records, code::NODES_RATED)),
    flow(code::FIRST, "主动有效首评", drill!(store::rating_records, code::FIRST)),
    flow(code::GOOD, "好评（基本满意及以上）", drill!(store::rating_records, code::GOOD)),
    flow(code::VERY_SATISFIED, "非常满意", drill!(store::rating_records, code::VERY_SATISFIED)),
    flow(code::BAD_FIRST, "差评（不满意及以下）", drill!(store::rating_records, code::BAD_FIRST)),
    flow(code::SCORE, "级值之和", drill!(store::rating_records, code::SCORE)),
    flow(code::BAD, "有效差评", drill!(store::task_records, code::BAD)),
    flow(code::BAD_CLOSED, "已办结的有效差评", drill!(store::task_records, code::BAD_CLOSED)),
    flow(code::BAD_DUE, "到期的有效差评", drill!(store::task_records, code::BAD_DUE)),
    flow(code::BAD_IN_TIME, "15 个工作日内整改到位", drill!(store::task_records, code::BAD_IN_TIME)),
    flow(code::BAD_NAMED, "实名有效差评", drill!(store::task_records, code::BAD_NAMED)),
    flow(code::BAD_REVISITED, "已回访的实名差评", drill!(store::task_records, code::BAD_REVISITED)),
    flow(code::BAD_CONTACTED, "1 个工作日内已联系", drill!(store::task_records, code::BAD_CONTACTED)),
];

fn tally(facts: &str, out: &mut Tally) -> Result<()> {
    let facts: Facts = serde_json::from_str(facts)?;
    facts.book(|measure, day, n| out.add(measure, facts.org, day, n));
    Ok(())
}

fn span(query: &DrillQuery<'_>) -> Span {
    Span { org: query.org, from: query.from_day, to: query.to_day, after: query.after, limit: query.limit }
}

fn rows(found: Vec<Drilled>) -> Result<Vec<DrillRow>> {
    let row = |Drilled { id, number, title, detail, href, weight }| DrillRow { id, number, title, detail, href, weight };
    Ok(found.into_iter().map(row).collect())
}
