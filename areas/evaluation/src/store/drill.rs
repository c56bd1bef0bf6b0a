//! 下钻：每个度量的谓词，落在本区自己的列上；列出的记录恰好构成那个数。

use tongban_kernel::time::{from_millis, show};
use tongban_store::{Result, Row, Tx, args};

use crate::facts::code;
use crate::model::{Node, Satisfaction, State};

macro_rules! case_sql {
    ($when:literal) => {
        concat!(
            "SELECT c.id, c.case_no, c.item_name, c.org_name FROM evaluation_cases c WHERE c.org = $1 AND c.voided = 0 AND ",
            $when,
            " AND c.id > $4 ORDER BY c.id LIMIT $5"
        )
    };
}
macro_rules! node_sql {
    ($when:literal) => {
        concat!(
            "SELECT i.id, c.case_no, c.item_name, i.node, i.at FROM evaluation_invitations i \
             JOIN evaluation_cases c ON c.id = i.subject WHERE i.org = $1 AND i.day >= $2 AND i.day <= $3 AND i.counted = 1",
            $when,
            " AND i.id > $4 ORDER BY i.id LIMIT $5"
        )
    };
}
macro_rules! rating_sql {
    ($when:literal) => {
        concat!(
            "SELECT r.id, r.no, r.item_name, r.level, r.at FROM evaluation_ratings r \
             JOIN evaluation_cases c ON c.id = r.subject AND c.voided = 0 \
             WHERE r.org = $1 AND r.day >= $2 AND r.day <= $3 AND r.round = 1 AND r.active = 1 AND r.counts = 1",
            $when,
            " AND r.id > $4 ORDER BY r.id LIMIT $5"
        )
    };
}
macro_rules! task_sql {
    ($when:literal) => {
        concat!(
            "SELECT t.id, t.no, t.item_name, t.level, t.state FROM evaluation_tasks t \
             JOIN evaluation_cases c ON c.id = t.subject AND c.voided = 0 WHERE t.org = $1 AND t.valid = 1 AND ",
            $when,
            " AND t.id > $4 ORDER BY t.id LIMIT $5"
        )
    };
}

const DECIDED: &str = case_sql!("c.decided = 1 AND c.decided_day >= $2 AND c.decided_day <= $3");
const DECIDED_RATED: &str = case_sql!("c.decided = 1 AND c.rated = 1 AND c.decided_day >= $2 AND c.decided_day <= $3");
const DECIDED_EVALUATED: &str = case_sql!("c.decided = 1 AND c.evaluated = 1 AND c.decided_day >= $2 AND c.decided_day <= $3");
const CASES_RATED: &str = case_sql!("c.first_rated_day >= $2 AND c.first_rated_day <= $3");
const NODES_PASSED: &str = node_sql!("");
const NODES_RATED: &str = node_sql!(" AND i.rated = 1");
const FIRST: &str = rating_sql!("");
const GOOD: &str = rating_sql!(" AND r.level >= 3");
const VERY_SATISFIED: &str = rating_sql!(" AND r.level = 5");
const BAD_FIRST: &str = rating_sql!(" AND r.level <= 2");
const BAD: &str = task_sql!("t.day >= $2 AND t.day <= $3");
const BAD_CLOSED: &str = task_sql!("t.day >= $2 AND t.day <= $3 AND t.state = 'closed'");
const BAD_DUE: &str = task_sql!("t.rectify_due_day >= $2 AND t.rectify_due_day <= $3");
const BAD_IN_TIME: &str = task_sql!("t.rectify_due_day >= $2 AND t.rectify_due_day <= $3 AND t.rectified <= t.rectify_due");
const BAD_NAMED: &str = task_sql!("t.day >= $2 AND t.day <= $3 AND t.named = 1");
const BAD_REVISITED: &str = task_sql!("t.day >= $2 AND t.day <= $3 AND t.named = 1 AND t.revisited IS NOT NULL");
const BAD_CONTACTED: &str = task_sql!("t.day >= $2 AND t.day <= $3 AND t.named = 1 AND t.contacted <= t.contact_due");

pub(super) const STATEMENTS: &[&str] = &[
    DECIDED,
    DECIDED_RATED,
    DECIDED_EVALUATED,
    CASES_RATED,
    NODES_PASSED,
    NODES_RATED,
    FIRST,
    GOOD,
    VERY_SATISFIED,
    BAD_FIRST,
    BAD,
    BAD_CLOSED,
    BAD_DUE,
    BAD_IN_TIME,
    BAD_NAMED,
    BAD_REVISITED,
    BAD_CONTACTED,
];

/// 下钻条件：一个叶机构、一段日子、上一页末尾的行键。
#[derive(Debug, Clone, Copy)]
pub struct Span {
    pub org: i64,
    pub from: i64,
    pub to: i64,
    pub after: i64,
    pub limit: i64,
}

/// 构成一个数的一条记录。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drilled {
    pub id: i64,
    pub number: String,
    pub title: String,
    pub detail: String,
    /// 打开它的工作人员页。
    pub href: String,
    /// 它在这个数里占多少。
    pub weight: i64,
}

fn fetch(
    tx: &mut Tx<'_>,
    sql: &'static str,
    span: &Span,
    map: impl FnMut(&Row<'_>) -> Result<Drilled>,
) -> Result<Vec<Drilled>> {
    tx.rows(sql, args![span.org, span.from, span.to, span.after, span.limit], map)
}

/// 办件。
pub fn case_records(tx: &mut Tx<'_>, measure: &str, span: &Span) -> Result<Vec<Drilled>> {
    let sql = match measure {
        code::DECIDED_RATED => DECIDED_RATED,
        code::DECIDED_EVALUATED => DECIDED_EVALUATED,
        code::CASES_RATED => CASES_RATED,
        _ => DECIDED,
    };
    fetch(tx, sql, span, |r| {
        let number: String = r.get(1)?;
        Ok(Drilled {
            id: r.get(0)?,
            href: format!("/desk/cases/{number}"),
            number,
            title: r.get(2)?,
            detail: r.get(3)?,
            weight: 1,
        })
    })
}

/// 办件走过的节点。
pub fn node_records(tx: &mut Tx<'_>, measure: &str, span: &Span) -> Result<Vec<Drilled>> {
    let sql = if measure == code::NODES_RATED { NODES_RATED } else { NODES_PASSED };
    fetch(tx, sql, span, |r| {
        let number: String = r.get(1)?;
        let node = Node::from_code(r.get(3)?).map_or("", Node::label);
        Ok(Drilled {
            id: r.get(0)?,
            href: format!("/desk/cases/{number}"),
            number,
            title: r.get(2)?,
            detail: format!("{node} {}", show(from_millis(r.get(4)?))),
            weight: 1,
        })
    })
}

/// 评价。
pub fn rating_records(tx: &mut Tx<'_>, measure: &str, span: &Span) -> Result<Vec<Drilled>> {
    let sql = match measure {
        code::GOOD => GOOD,
        code::VERY_SATISFIED => VERY_SATISFIED,
        code::BAD_FIRST => BAD_FIRST,
        _ => FIRST,
    };
    fetch(tx, sql, span, |r| {
        let level: i64 = r.get(3)?;
        let number: String = r.get(1)?;
        Ok(Drilled {
            id: r.get(0)?,
            href: format!("/desk/rates/ratings/{number}"),
            number,
            title: r.get(2)?,
            detail: format!("{} {}", Satisfaction::from_code(level).map_or("", Satisfaction::label), show(from_millis(r.get(4)?))),
            weight: if measure == code::SCORE { level } else { 1 },
        })
    })
}

/// 差评工单。
pub fn task_records(tx: &mut Tx<'_>, measure: &str, span: &Span) -> Result<Vec<Drilled>> {
    let sql = match measure {
        code::BAD_CLOSED => BAD_CLOSED,
        code::BAD_DUE => BAD_DUE,
        code::BAD_IN_TIME => BAD_IN_TIME,
        code::BAD_NAMED => BAD_NAMED,
        code::BAD_REVISITED => BAD_REVISITED,
        code::BAD_CONTACTED => BAD_CONTACTED,
        _ => BAD,
    };
    fetch(tx, sql, span, |r| {
        let number: String = r.get(1)?;
        Ok(Drilled {
            id: r.get(0)?,
            href: format!("/desk/rates/{number}"),
            number,
            title: r.get(2)?,
            detail: State::parse(&r.get::<String>(4)?).map_or(String::new(), |state| state.label().to_owned()),
            weight: 1,
        })
    })
}
