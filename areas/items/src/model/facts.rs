//! 事实：一个办理项对指标的贡献（items §7）。
//!
//! 指标是存量：“某日在用的办理项里有几项最多跑一次”。所以事实是一串时段，每段从哪天到哪天、当时是什么样；
//! 每段在起日加、在止日减，任何一天的存量就是到那天为止的和，改版、暂停、恢复都不必回头改旧账。

use serde::{Deserialize, Serialize};

use super::codes::OnlineDepth;
use super::guide::Guide;

/// 还没有结束的时段的止日。
pub const OPEN_END: i64 = 99_991_231;

/// 一段时间里一个在用办理项的样子。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// 起日（含），20261122。
    pub from: i64,
    /// 止日（不含）；还在用为 [`OPEN_END`]。
    pub until: i64,
    /// 依申请：主动公示类不计指标。
    pub apply_based: bool,
    /// 网上可办：Ⅱ 级以上且入口可用。
    pub online: bool,
    /// 全程网办：Ⅳ 级且次数 0。
    pub full_online: bool,
    /// 手机可办。
    pub mobile: bool,
    pub visits: u8,
    pub instant: bool,
    /// 法定、承诺时限，1/35040 工作日；没有法定期限时都不计。
    pub legal: i64,
    pub promise: i64,
    /// 最近一次核查无 E/W 问题且人工抽查无差错。
    pub accurate: bool,
    /// 经批准不计网上可办、全程网办。
    pub online_exempt: bool,
    /// 经批准不计最多跑一次。
    pub visit_exempt: bool,
}

impl Span {
    /// 从 `day` 起在用的样子。
    #[must_use]
    pub fn of(guide: &Guide, accurate: bool, day: i64) -> Self {
        let depth = guide.depth();
        let exempt = |from: &str| guide.exemptions.iter().any(|exemption| exemption.from == from);
        let counted = guide.legal.amount > 0;
        Self {
            from: day,
            until: OPEN_END,
            apply_based: guide.task_type.apply_based(),
            online: depth.can_apply() && guide.entrance_open(),
            full_online: depth == OnlineDepth::Full && guide.entrance_open(),
            mobile: guide.online.mobile && depth.can_apply(),
            visits: guide.visits,
            instant: guide.instant(),
            legal: if counted { guide.legal.parts() } else { 0 },
            promise: if counted { guide.promise.parts() } else { 0 },
            accurate,
            online_exempt: exempt("online"),
            visit_exempt: exempt("visit"),
        }
    }
}

/// 一个办理项的全部时段。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// 叶子机构。
    pub org: i64,
    pub spans: Vec<Span>,
}

impl Facts {
    /// 此刻在用：最后一段没有止日。
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.spans.last().is_some_and(|span| span.until == OPEN_END)
    }

    /// 止住开着的时段（暂停、取消、改版）；当天开当天止的直接去掉。
    pub fn close(&mut self, day: i64) {
        for span in self.spans.iter_mut().filter(|span| span.until == OPEN_END) {
            span.until = day;
        }
        self.spans.retain(|span| span.from < span.until);
    }

    /// 开一段新的；先止住旧的。样子没有变时不动。
    pub fn open(&mut self, span: Span) {
        let same = self
            .spans
            .last()
            .is_some_and(|last| last.until == OPEN_END && Span { from: 0, until: 0, ..*last } == Span { from: 0, until: 0, ..span });
        if !same {
            self.close(span.from);
            self.spans.push(span);
        }
    }

    /// 正开着的一段。
    #[must_use]
    pub fn current(&self) -> Option<&Span> {
        self.spans.iter().find(|span| span.until == OPEN_END)
    }
}

/// 一条贡献：度量、日、数。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    pub measure: &'static str,
    pub day: i64,
    pub n: i64,
}

/// 度量代码与名称。`indicators.yaml` 的公式用这些代码。
pub const MEASURES: &[(&str, &str)] = &[
    ("items.listed", "在用且已发布的办理项"),
    ("items.published", "依申请的在用办理项"),
    ("items.online_base", "依申请的在用办理项（剔除不宜网办）"),
    ("items.online", "网上可办的办理项"),
    ("items.full_online", "全程网办的办理项"),
    ("items.mobile", "手机可办的办理项"),
    ("items.visit_base", "依申请的在用办理项（剔除必须到场）"),
    ("items.one_visit", "最多跑一次的办理项"),
    ("items.zero_visit", "零跑动的办理项"),
    ("items.visits", "到现场次数之和"),
    ("items.instant", "即办件"),
    ("items.legal_parts", "法定时限之和（1/35040 工作日）"),
    ("items.saved_parts", "法定减承诺之和（1/35040 工作日）"),
    ("items.guide_accurate", "最近核查准确的指南"),
    ("items.exempt", "经批准豁免的办理项"),
];

/// 一段时段在每个度量上的值。
fn values(span: &Span) -> [(&'static str, i64); 15] {
    let base = i64::from(span.apply_based);
    let online_base = base * i64::from(!span.online_exempt);
    let visit_base = base * i64::from(!span.visit_exempt);
    [
        ("items.listed", 1),
        ("items.published", base),
        ("items.online_base", online_base),
        ("items.online", online_base * i64::from(span.online)),
        ("items.full_online", online_base * i64::from(span.full_online)),
        ("items.mobile", base * i64::from(span.mobile)),
        ("items.visit_base", visit_base),
        ("items.one_visit", visit_base * i64::from(span.visits <= 1)),
        ("items.zero_visit", visit_base * i64::from(span.visits == 0)),
        ("items.visits", base * i64::from(span.visits)),
        ("items.instant", base * i64::from(span.instant)),
        ("items.legal_parts", base * span.legal),
        ("items.saved_parts", base * (span.legal - span.promise)),
        ("items.guide_accurate", i64::from(span.accurate)),
        ("items.exempt", base * i64::from(span.online_exempt || span.visit_exempt)),
    ]
}

/// 一个办理项对全部度量的贡献；零不出现。
#[must_use]
pub fn contributions(facts: &Facts) -> Vec<Tally> {
    let mut tallies = Vec::new();
    for span in &facts.spans {
        for (measure, n) in values(span).into_iter().filter(|(_, n)| *n != 0) {
            tallies.push(Tally { measure, day: span.from, n });
            if span.until != OPEN_END {
                tallies.push(Tally { measure, day: span.until, n: -n });
            }
        }
    }
    tallies
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::codes::{OnlineStep, ProjectType};
    use crate::model::guide::Online;
    use crate::model::limit::Limit;

    fn guide(legal: u32, promise: u32, visits: u8, steps: &[OnlineStep]) -> Guide {
        Guide {
            legal: Limit::workdays(legal),
            promise: Limit::workdays(promise),
            project_type: if promise == 0 { ProjectType::Instant } else { ProjectType::Promised },
            visits,
            online: Online { steps: steps.to_vec(), here: true, ..Online::default() },
            ..Guide::default()
        }
    }

    fn sum(all: &[Facts], measure: &str, day: i64) -> i64 {
        all.iter().flat_map(contributions).filter(|t| t.measure == measure && t.day <= day).map(|t| t.n).sum()
    }

    /// items §7 的算例。
    #[test]
    fn the_worked_example() {
        use OnlineStep::{Accept, Consult, Feedback, Handle, Receive};
        let day = 20_261_101;
        let all: Vec<Facts> = [
            guide(20, 0, 0, &[Receive, Accept, Handle, Feedback]),
            guide(20, 5, 1, &[Receive, Accept]),
            guide(0, 3, 1, &[]),
            guide(10, 10, 2, &[Consult]),
        ]
        .iter()
        .map(|guide| Facts { org: 1, spans: vec![Span::of(guide, true, day)] })
        .collect();
        let at = |measure| sum(&all, measure, day);
        assert_eq!((at("items.online"), at("items.online_base")), (2, 4));
        assert_eq!(at("items.full_online"), 1);
        assert_eq!((at("items.one_visit"), at("items.visit_base")), (3, 4));
        assert_eq!(at("items.instant"), 1);
        // (50 − 15) / 50 = 70%，C 没有法定期限，剔除；整数交叉相乘
        assert_eq!(at("items.saved_parts") * 100, at("items.legal_parts") * 70);
        assert_eq!(at("items.legal_parts"), 50 * crate::model::limit::PARTS_PER_WORKDAY);
    }

    #[test]
    fn a_stock_is_right_on_every_day() {
        let mut facts = Facts { org: 1, spans: Vec::new() };
        let first = guide(20, 10, 2, &[]);
        facts.open(Span::of(&first, true, 20_260_101));
        facts.open(Span::of(&guide(20, 5, 1, &[]), true, 20_260_201));
        facts.close(20_260_301); // 暂停
        facts.open(Span::of(&guide(20, 5, 1, &[]), true, 20_260_401));
        let all = [facts.clone()];
        let on = |day| (sum(&all, "items.listed", day), sum(&all, "items.one_visit", day));
        assert_eq!(on(20_251_231), (0, 0));
        assert_eq!(on(20_260_115), (1, 0));
        assert_eq!(on(20_260_215), (1, 1));
        assert_eq!(on(20_260_315), (0, 0));
        assert_eq!(on(20_260_415), (1, 1));
        let before = facts.clone();
        facts.open(Span::of(&guide(20, 5, 1, &[]), true, 20_260_501));
        assert_eq!(facts, before, "样子没变不另起一段");
    }

    #[test]
    fn same_day_changes_leave_no_trace() {
        let mut facts = Facts { org: 1, spans: Vec::new() };
        facts.open(Span::of(&guide(20, 10, 2, &[]), true, 20_260_101));
        facts.open(Span::of(&guide(20, 5, 1, &[]), true, 20_260_101));
        assert_eq!(facts.spans.len(), 1);
        facts.close(20_260_101);
        assert!(facts.spans.is_empty());
    }
}
