//! 事实：一条实施清单对认领类指标的贡献（items §7 的认领率、待认领积压）。

use serde::{Deserialize, Serialize};

use super::facts::OPEN_END;
use super::facts::Tally;
use super::lifecycle::PoolState;

/// 一条实施清单什么时候下发、认领、积压。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClaimFacts {
    /// 叶子机构。
    pub org: i64,
    /// 下发的日子。
    pub pooled: i64,
    /// 认领（含经同意不承接）的时段：起日（含）、止日（不含）。
    pub claimed: Vec<(i64, i64)>,
    /// 超过一个工作日没处理的时段。
    pub overdue: Vec<(i64, i64)>,
    /// 自己承接着的时段（不含经同意不承接的）。
    #[serde(default)]
    pub taken: Vec<(i64, i64)>,
    /// 有办理项在用、指南看得到的时段。
    #[serde(default)]
    pub published: Vec<(i64, i64)>,
}

/// 度量代码与名称。
pub const MEASURES: &[(&str, &str)] = &[
    ("implementations.expected", "应认领的目录"),
    ("implementations.claimed", "已认领的目录（含经同意不承接）"),
    ("implementations.overdue", "超过一个工作日没处理的待认领"),
    ("implementations.taken", "承接着的实施清单"),
    ("implementations.published", "已发布办事指南的实施清单"),
];

/// 开一段或止一段；当天开当天止的不留。
fn settle(spans: &mut Vec<(i64, i64)>, open: bool, day: i64) {
    match (spans.last_mut().filter(|(_, until)| *until == OPEN_END), open) {
        (None, true) => spans.push((day, OPEN_END)),
        (Some(last), false) => last.1 = day,
        _ => {}
    }
    spans.retain(|(from, until)| from < until);
}

impl ClaimFacts {
    /// `day` 这天变成这样之后的事实。
    #[must_use]
    pub fn after(&self, state: PoolState, overdue: bool, day: i64) -> Self {
        let mut next = self.clone();
        settle(&mut next.claimed, matches!(state, PoolState::Claimed | PoolState::Declined), day);
        settle(&mut next.overdue, overdue, day);
        settle(&mut next.taken, state == PoolState::Claimed, day);
        if state != PoolState::Claimed {
            settle(&mut next.published, false, day);
        }
        next
    }

    /// `day` 这天起有（或没有）在用的办理项。
    #[must_use]
    pub fn with_published(&self, published: bool, day: i64) -> Self {
        let mut next = self.clone();
        settle(&mut next.published, published, day);
        next
    }

    /// 某日对一个度量的贡献。
    #[must_use]
    pub fn weight(&self, measure: &str, day: i64) -> i64 {
        contributions(self).iter().filter(|tally| tally.measure == measure && tally.day <= day).map(|tally| tally.n).sum()
    }
}

/// 对全部度量的贡献。
#[must_use]
pub fn contributions(facts: &ClaimFacts) -> Vec<Tally> {
    let mut tallies = vec![Tally { measure: "implementations.expected", day: facts.pooled, n: 1 }];
    for (measure, spans) in [
        ("implementations.claimed", &facts.claimed),
        ("implementations.overdue", &facts.overdue),
        ("implementations.taken", &facts.taken),
        ("implementations.published", &facts.published),
    ] {
        for (from, until) in spans {
            tallies.push(Tally { measure, day: *from, n: 1 });
            if *until != OPEN_END {
                tallies.push(Tally { measure, day: *until, n: -1 });
            }
        }
    }
    tallies
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_backlog_is_right_on_every_day() {
        let facts = ClaimFacts { org: 1, pooled: 20_261_102, ..ClaimFacts::default() }
            .after(PoolState::PendingClaim, true, 20_261_103)
            .after(PoolState::Claimed, false, 20_261_105)
            .after(PoolState::PendingClaim, false, 20_261_110);
        let on = |day| ["implementations.expected", "implementations.claimed", "implementations.overdue"].map(|m| facts.weight(m, day));
        assert_eq!(
            [on(20_261_101), on(20_261_102), on(20_261_104), on(20_261_106), on(20_261_111)],
            [[0, 0, 0], [1, 0, 0], [1, 0, 1], [1, 1, 0], [1, 0, 0]]
        );
        let shown = facts.after(PoolState::Claimed, false, 20_261_112).with_published(true, 20_261_113).with_published(false, 20_261_115);
        let on = |day| ["implementations.taken", "implementations.published"].map(|m| shown.weight(m, day));
        assert_eq!([on(20_261_111), on(20_261_112), on(20_261_114), on(20_261_116)], [[0, 0], [1, 0], [1, 1], [1, 0]]);
        assert_eq!(facts.after(PoolState::Claimed, false, 20_261_110).after(PoolState::PendingClaim, false, 20_261_110).claimed.len(), 1);
    }
}
