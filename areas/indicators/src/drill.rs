//! 下钻：一个数由哪些记录构成。逐个叶机构问各区，合起来恰好等于那个数。

use std::collections::BTreeSet;

use jiff::civil::Date;
use tongban_directory::queries::{OrgNode, tree};
use tongban_kernel::{Actor, Place, Problem};
use tongban_store::{Result, Tx};
use tongban_web::area::{DrillQuery, DrillRow, Grain};

use crate::definition::Definitions;
use crate::period::Period;
use crate::registry::Registry;

/// 看哪一部分记录。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Part {
    /// 分子（或数量本身）。
    #[default]
    Numerator,
    Denominator,
    /// 在分母里、不在分子里：还没做到的。
    Missing,
}

impl Part {
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            "den" => Self::Denominator,
            "rest" => Self::Missing,
            _ => Self::Numerator,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Numerator => "num",
            Self::Denominator => "den",
            Self::Missing => "rest",
        }
    }
}

/// 相减时一段多少条。
const SLICE: usize = 200;

/// 谁看哪个机构（含下级）哪一期的记录。
pub struct Look<'a> {
    pub registry: &'a Registry,
    pub actor: &'a Actor,
    pub org: i64,
    pub period: Period,
    pub as_of: Date,
}

impl Look<'_> {
    /// 一个度量看哪些日子：流量看期内，存量从头看到期末。
    fn span(&self, measure: &str) -> (i64, i64) {
        let (from, to) = self.period.days(self.as_of);
        match self.registry.grain(measure) {
            Grain::Flow => (from, to),
            Grain::Stock => (0, to),
        }
    }
}

/// 一个机构与它的全部下级，按行键先后。
fn descendants(nodes: &[OrgNode], org: i64) -> Vec<i64> {
    let mut found = vec![org];
    let mut next = 0;
    while next < found.len() {
        let parent = found[next];
        let children = nodes.iter().filter(|node| node.parent == Some(parent)).map(|node| node.id);
        let fresh: Vec<i64> = children.filter(|id| !found.contains(id)).collect();
        found.extend(fresh);
        next += 1;
    }
    found.sort_unstable();
    found
}

/// 机构要在调用者的范围内，否则与不存在是同一个回答。
///
/// # Errors
/// 范围外或不存在：`not-found`。
pub fn visible(tx: &mut Tx<'_>, actor: &Actor, org: i64) -> Result<OrgNode> {
    let node = tree(tx)?.into_iter().find(|node| node.id == org).ok_or_else(Problem::not_found)?;
    if !actor.is_internal() {
        actor.scope.check(&Place { tenant: node.tenant, unit: node.unit, org: node.id })?;
    }
    Ok(node)
}

/// 一页记录；`after` 是上一页末尾的（叶机构，行键）。
#[derive(Debug, Clone)]
pub struct Drilled {
    pub rows: Vec<(i64, DrillRow)>,
    pub next: Option<(i64, i64)>,
}

/// 一个度量在一个机构（含下级）里的记录，一页一页取。
///
/// # Errors
/// 引擎拒绝；没有这个度量：`not-found`。
pub fn records(tx: &mut Tx<'_>, look: &Look<'_>, measure: &str, after: (i64, i64), limit: usize) -> Result<Drilled> {
    let (from_day, to_day) = look.span(measure);
    let measure = look.registry.measure(measure).ok_or_else(Problem::not_found)?;
    let nodes = tree(tx)?;
    let mut rows = Vec::new();
    let (start, mut last) = after;
    for leaf in descendants(&nodes, look.org).into_iter().filter(|leaf| *leaf >= start) {
        if leaf != start {
            last = 0;
        }
        // 多取一条，看还有没有下一页
        let want = i64::try_from(limit + 1 - rows.len()).unwrap_or(1);
        let query = DrillQuery { org: leaf, from_day, to_day, after: last, limit: want, actor: look.actor };
        rows.extend((measure.drill)(tx, &query)?.into_iter().map(|row| (leaf, row)));
        if rows.len() > limit {
            rows.truncate(limit);
            let next = rows.last().map(|(leaf, row)| (*leaf, row.id));
            return Ok(Drilled { rows, next });
        }
    }
    Ok(Drilled { rows, next: None })
}

/// 在分母里、不在分子里的一页记录：两张单子同一种记录、同一个次序，逐段相减。
///
/// # Errors
/// 同 [`records`]。
pub fn missing(tx: &mut Tx<'_>, look: &Look<'_>, (num, den): (&str, &str), mut after: (i64, i64), limit: usize) -> Result<Drilled> {
    let mut rows = Vec::new();
    loop {
        let page = records(tx, look, den, after, SLICE)?;
        // 分子是分母的一部分，同一段里不会比分母多
        let done = records(tx, look, num, after, SLICE)?;
        let have: BTreeSet<(i64, i64)> = done.rows.iter().map(|(leaf, row)| (*leaf, row.id)).collect();
        rows.extend(page.rows.into_iter().filter(|(leaf, row)| !have.contains(&(*leaf, row.id))));
        if rows.len() > limit {
            rows.truncate(limit);
            let next = rows.last().map(|(leaf, row)| (*leaf, row.id));
            return Ok(Drilled { rows, next });
        }
        match page.next {
            Some(next) => after = next,
            None => return Ok(Drilled { rows, next: None }),
        }
    }
}

/// 一条指标的某一部分记录，一页。
///
/// # Errors
/// 这条指标不是由记录算出来的：409。
pub fn part(tx: &mut Tx<'_>, look: &Look<'_>, indicator: &str, part: Part, after: (i64, i64), limit: usize) -> Result<Drilled> {
    let source = Definitions::built_in()?.source(indicator);
    if !look.registry.provides(source) {
        return Err(Problem::conflict("这条指标不是由记录算出来的，没有可以点开的记录").into());
    }
    let measures: Vec<&str> = source.measures().collect();
    match (part, &measures[..]) {
        (Part::Missing, [num, den]) => missing(tx, look, (num, den), after, limit),
        (Part::Denominator, [_, den]) => records(tx, look, den, after, limit),
        (_, [num, ..]) => records(tx, look, num, after, limit),
        (_, []) => Err(Problem::not_found().into()),
    }
}

/// 全部记录的贡献之和：与指标值对账用。
///
/// # Errors
/// 同 [`records`]。
pub fn total(tx: &mut Tx<'_>, look: &Look<'_>, measure: &str) -> Result<i64> {
    let mut sum = 0;
    let mut after = (0, 0);
    loop {
        let page = records(tx, look, measure, after, SLICE)?;
        sum += page.rows.iter().map(|(_, row)| row.weight).sum::<i64>();
        match page.next {
            Some(next) => after = next,
            None => return Ok(sum),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_below_is_included_once() {
        let node = |id, parent: i64| OrgNode {
            id,
            parent: (parent != 0).then_some(parent),
            tenant: 1,
            unit: 1,
            name: String::new(),
            short_name: String::new(),
            kind: 2,
            group: "",
        };
        let nodes = [node(1, 0), node(5, 1), node(3, 1), node(9, 5), node(7, 0)];
        assert_eq!(descendants(&nodes, 1), [1, 3, 5, 9]);
        assert_eq!(descendants(&nodes, 9), [9]);
    }
}
