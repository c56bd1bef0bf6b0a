//! 公开的办件统计：每月每个部门、乡镇收了多少、办了多少、几成按时、平均几天、怎么申请的。
//!
//! 数取自累计好的度量（与驾驶舱同一本账），与指标取数一样只认度量的代号；不逐件数，一分钟内大家看同一份。

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::ToSpan;
use jiff::civil::Date;
use tongban_directory::queries::{OrgNode, tree};
use tongban_store::{Result, Tx};

use crate::period::Period;
use crate::{project, store};

/// 公开多少个月。
pub const MONTHS: usize = 12;
/// 旧多久还可以用。
const KEEP: Duration = Duration::from_secs(60);

/// 一个单位一段日子的件数。
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    pub applied: i64,
    pub online: i64,
    pub accepted: i64,
    pub decided: i64,
    pub on_time: i64,
    pub instant: i64,
    pub used_days: i64,
}

type Field = fn(&mut Counts) -> &mut i64;

/// 度量的代号与记在哪一栏。
const MEASURES: &[(&str, Field)] = &[
    ("cases.applied", |c| &mut c.applied),
    ("cases.applied_online", |c| &mut c.online),
    ("cases.accepted", |c| &mut c.accepted),
    ("cases.decided", |c| &mut c.decided),
    ("cases.decided_on_time", |c| &mut c.on_time),
    ("cases.instant_decided", |c| &mut c.instant),
    ("cases.used_workdays", |c| &mut c.used_days),
];

impl Counts {
    fn add(&mut self, mut other: Self) {
        for (_, field) in MEASURES {
            *field(self) += *field(&mut other);
        }
    }

    /// 窗口、代办点等线下申请的。
    #[must_use]
    pub const fn offline(&self) -> i64 {
        self.applied - self.online
    }

    /// 平均办理工作日，一位小数；没有办结的为空。
    #[must_use]
    pub fn average(&self) -> Option<String> {
        (self.decided > 0).then(|| {
            let tenths = (self.used_days * 20 + self.decided) / (2 * self.decided);
            format!("{}.{}", tenths / 10, tenths % 10)
        })
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// 一个公开的单位。
#[derive(Debug, Clone)]
pub struct Unit {
    pub id: i64,
    pub name: String,
    pub group: &'static str,
}

/// 一年的统计：月（从旧到新）、单位、（月，单位）→ 件数。
#[derive(Debug, Clone, Default)]
pub struct Published {
    pub months: Vec<Period>,
    pub units: Vec<Unit>,
    counts: BTreeMap<(Period, i64), Counts>,
}

impl Published {
    /// 某月（空为全部各月）某单位（空为全县）的件数。
    #[must_use]
    pub fn of(&self, month: Option<Period>, unit: Option<i64>) -> Counts {
        let wanted = |(at, id): &(Period, i64)| month.is_none_or(|month| month == *at) && unit.is_none_or(|unit| unit == *id);
        let mut total = Counts::default();
        self.counts.iter().filter(|(key, _)| wanted(key)).for_each(|(_, counts)| total.add(*counts));
        total
    }
}

/// 到 `today` 为止的十二个月。
///
/// # Errors
/// 引擎拒绝。
pub fn recent(tx: &mut Tx<'_>, today: Date) -> Result<Arc<Published>> {
    tx.recent("indicators.published", KEEP, |tx| load(tx, today))
}

fn load(tx: &mut Tx<'_>, today: Date) -> Result<Published> {
    let nodes = tree(tx)?;
    let tenant = nodes.iter().find(|node| node.group == "县区").map_or(0, |node| node.tenant);
    let units: BTreeMap<i64, &OrgNode> = nodes.iter().filter(|node| node.tenant == tenant).map(|node| (node.id, node)).collect();
    let mut found = Published { months: months(today), ..Published::default() };
    let generation = store::state(tx, project::GENERATION)?.unwrap_or(1);
    let (Some(first), Some(last)) = (found.months.first().copied(), found.months.last().copied()) else { return Ok(found) };
    for (measure, field) in MEASURES {
        for (month, org, n) in store::months(tx, generation, measure, (first.code(), last.code()))? {
            let (Some(month), Some(node)) = (Period::from_code(month), units.get(&org)) else { continue };
            *field(found.counts.entry((month, node.unit)).or_default()) += n;
        }
    }
    let shown = |node: &&OrgNode| node.tenant == tenant && (node.unit == node.id) && (node.group != "县区" || found.counts.keys().any(|(_, id)| *id == node.id));
    let unit = |node: &OrgNode| Unit { id: node.id, name: node.name.clone(), group: node.group };
    found.units = nodes.iter().filter(shown).map(unit).collect();
    Ok(found)
}

/// 到 `today` 为止的十二个月，从旧到新。
fn months(today: Date) -> Vec<Period> {
    let back = |n: usize| today.first_of_month().checked_sub(i32::try_from(n).unwrap_or(0).months()).ok().map(Period::month_of);
    (0..MONTHS).rev().filter_map(back).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn twelve_months_across_the_year() {
        let all = months(date(2026, 3, 31));
        assert_eq!((all.len(), all[0].link(), all[11].link()), (12, "2025-04".to_owned(), "2026-03".to_owned()));
    }

    #[test]
    fn averages_round_half_up_and_nothing_is_not_zero() {
        let counts = |decided, used_days| Counts { decided, used_days, ..Counts::default() };
        assert_eq!(counts(0, 0).average(), None);
        assert_eq!(counts(4, 9).average().as_deref(), Some("2.3"), "2.25 进成 2.3");
        assert_eq!(counts(3, 0).average().as_deref(), Some("0.0"));
    }
}
