//! 评价事实 → 指标的度量，以及每个度量的下钻。公式见 evaluation §6；代码在 [`crate::facts::code`]。

use tongban_store::{Result, Tx};
use tongban_web::area::{DrillQuery, DrillRow, Grain, Measure, Measures, Tally};

use crate::facts::{Facts, code};
use crate::store::{self, Drilled, Span};

type Drill = fn(&mut Tx<'_>, &DrillQuery<'_>) -> Result<Vec<DrillRow>>;

/// 本区全部度量。
pub const MEASURES: &[Measures] = &[Measures { subject: "evaluation", codes: CODES, tally, scan: store::scan }];

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
