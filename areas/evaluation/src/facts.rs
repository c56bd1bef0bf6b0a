//! 一件事的评价事实，以及它在各度量里占多少（foundations §5）。纯函数。
//!
//! 主体是本区自己的“每个办件一行”：办件走到了哪些节点、有哪些评价、差评改到哪一步。
//! 每条命令把前后两份事实记进日志，指标由差额累出，重算也只看它。

use serde::{Deserialize, Serialize};

use crate::model::{Round, Satisfaction};

/// 一件事此刻的评价事实。日子都是 `20261122` 这样的整数。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub org: i64,
    /// 收件、受理、办结各在哪天走过。
    pub nodes: [Option<i64>; 3],
    /// 以作出决定结束的才进“办结件”；撤回、退件、不予受理也可评，但不进。
    pub decided: bool,
    /// 办件已作废：什么都不计。
    pub voided: bool,
    /// 没有办件的现场服务，以号票为键：评价计入满意率，不计入按办件数的各率。
    #[serde(default)]
    pub walk_in: bool,
    pub ratings: Vec<RatingFact>,
    pub tasks: Vec<TaskFact>,
}

/// 一条评价。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RatingFact {
    /// 节点号 1–3。
    pub node: i64,
    pub day: i64,
    pub level: Satisfaction,
    pub round: Round,
    pub active: bool,
    /// 有效，且没有待复核的可疑标记。
    pub counts: bool,
}

/// 一条差评工单。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskFact {
    /// 差评产生的日子。
    pub day: i64,
    /// 整改到期的日子。
    pub due: i64,
    pub named: bool,
    /// 判为无效的不算差评。
    pub valid: bool,
    pub closed: bool,
    /// 到期前整改到位（审核通过）。
    pub in_time: bool,
    pub contacted_in_time: bool,
    pub revisited: bool,
}

/// 度量的代码。
pub mod code {
    pub const DECIDED: &str = "evaluation.decided";
    pub const DECIDED_RATED: &str = "evaluation.decided_rated";
    pub const DECIDED_EVALUATED: &str = "evaluation.decided_evaluated";
    pub const CASES_RATED: &str = "evaluation.cases_rated";
    pub const NODES_PASSED: &str = "evaluation.nodes_passed";
    pub const NODES_RATED: &str = "evaluation.nodes_rated";
    pub const FIRST: &str = "evaluation.first";
    pub const GOOD: &str = "evaluation.good";
    pub const VERY_SATISFIED: &str = "evaluation.very_satisfied";
    pub const BAD_FIRST: &str = "evaluation.bad_first";
    pub const SCORE: &str = "evaluation.score";
    pub const BAD: &str = "evaluation.bad";
    pub const BAD_CLOSED: &str = "evaluation.bad_closed";
    pub const BAD_DUE: &str = "evaluation.bad_due";
    pub const BAD_IN_TIME: &str = "evaluation.bad_in_time";
    pub const BAD_NAMED: &str = "evaluation.bad_named";
    pub const BAD_REVISITED: &str = "evaluation.bad_revisited";
    pub const BAD_CONTACTED: &str = "evaluation.bad_contacted";
}

impl Facts {
    /// 有没有主动、有效的评价。
    fn rated(&self) -> bool {
        self.ratings.iter().any(|rating| rating.active && rating.counts)
    }

    /// 第一条主动有效评价在哪天。
    fn first_rated_day(&self) -> Option<i64> {
        self.ratings.iter().filter(|rating| rating.active && rating.counts).map(|rating| rating.day).min()
    }

    fn node_rated(&self, node: i64) -> bool {
        self.ratings.iter().any(|r| r.node == node && r.round == Round::First && r.active && r.counts)
    }

    /// 逐个说出它在各度量里占多少：`book(度量, 日子, 数)`。
    pub fn book(&self, mut book: impl FnMut(&'static str, i64, i64)) {
        if self.voided {
            return;
        }
        if !self.walk_in {
            self.book_case(&mut book);
        }
        for rating in self.ratings.iter().filter(|r| r.active && r.counts && r.round == Round::First) {
            rating.book(&mut book);
        }
        for task in self.tasks.iter().filter(|task| task.valid) {
            task.book(&mut book);
        }
    }

    fn book_case(&self, book: &mut impl FnMut(&'static str, i64, i64)) {
        for (node, day) in (1..).zip(self.nodes) {
            let Some(day) = day else { continue };
            if node == 3 && !self.decided {
                continue;
            }
            book(code::NODES_PASSED, day, 1);
            if self.node_rated(node) {
                book(code::NODES_RATED, day, 1);
            }
        }
        if let (true, Some(day)) = (self.decided, self.nodes[2]) {
            book(code::DECIDED, day, 1);
            if self.rated() {
                book(code::DECIDED_RATED, day, 1);
            }
            if self.ratings.iter().any(|rating| rating.counts) {
                book(code::DECIDED_EVALUATED, day, 1);
            }
        }
        if let Some(day) = self.first_rated_day() {
            book(code::CASES_RATED, day, 1);
        }
    }
}

impl RatingFact {
    fn book(&self, book: &mut impl FnMut(&'static str, i64, i64)) {
        book(code::FIRST, self.day, 1);
        book(code::SCORE, self.day, self.level.code());
        if self.level.is_bad() {
            book(code::BAD_FIRST, self.day, 1);
        } else {
            book(code::GOOD, self.day, 1);
        }
        if self.level == Satisfaction::VerySatisfied {
            book(code::VERY_SATISFIED, self.day, 1);
        }
    }
}

impl TaskFact {
    fn book(&self, book: &mut impl FnMut(&'static str, i64, i64)) {
        book(code::BAD, self.day, 1);
        // 到期的才进“按期整改率”的分母：记在到期那天，统计到某日为止时没到期的自然不在内
        book(code::BAD_DUE, self.due, 1);
        let mut when = |holds: bool, measure, day| {
            if holds {
                book(measure, day, 1);
            }
        };
        when(self.closed, code::BAD_CLOSED, self.day);
        when(self.in_time, code::BAD_IN_TIME, self.due);
        when(self.named, code::BAD_NAMED, self.day);
        when(self.named && self.revisited, code::BAD_REVISITED, self.day);
        when(self.named && self.contacted_in_time, code::BAD_CONTACTED, self.day);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const DAY: i64 = 20_260_302;

    fn case(ratings: Vec<RatingFact>, tasks: Vec<TaskFact>) -> Facts {
        Facts { org: 1, nodes: [Some(DAY); 3], decided: true, ratings, tasks, ..Facts::default() }
    }

    fn rating(level: Satisfaction) -> RatingFact {
        RatingFact { node: 3, day: DAY, level, round: Round::First, active: true, counts: true }
    }

    fn task(valid: bool, closed: bool) -> TaskFact {
        TaskFact {
            day: DAY,
            due: DAY + 21,
            named: true,
            valid,
            closed,
            in_time: closed,
            contacted_in_time: true,
            revisited: closed,
        }
    }

    fn sum(all: &[Facts]) -> BTreeMap<&'static str, i64> {
        let mut sums = BTreeMap::new();
        for facts in all {
            facts.book(|measure, _, n| *sums.entry(measure).or_insert(0) += n);
        }
        sums
    }

    /// evaluation §6 的算例：办结 100 件，80 件主动评价，10 件默认评价，1 条 2 级被判恶意。
    #[test]
    fn the_worked_example_of_the_specification() {
        use Satisfaction::{Dissatisfied, Fair, Satisfied, VeryDissatisfied, VerySatisfied};
        let mut all = Vec::new();
        for (level, count) in [(VerySatisfied, 60), (Satisfied, 12), (Fair, 4)] {
            all.extend((0..count).map(|_| case(vec![rating(level)], vec![])));
        }
        let malicious = RatingFact { counts: false, ..rating(Dissatisfied) };
        all.push(case(vec![malicious], vec![task(false, false)]));
        all.push(case(vec![rating(Dissatisfied)], vec![task(true, true)]));
        all.push(case(vec![rating(Dissatisfied)], vec![task(true, true)]));
        all.push(case(vec![rating(VeryDissatisfied)], vec![task(true, false)]));
        all.extend((0..10).map(|_| case(vec![RatingFact { active: false, ..rating(Fair) }], vec![])));
        all.extend((0..10).map(|_| case(vec![], vec![])));

        let sums = sum(&all);
        assert_eq!((sums[code::DECIDED_RATED], sums[code::DECIDED]), (79, 100), "主动评价率 79%");
        assert_eq!(sums[code::DECIDED_EVALUATED], 89, "覆盖率 89%");
        assert_eq!((sums[code::GOOD], sums[code::FIRST]), (76, 79), "满意率 96.20%");
        assert_eq!(sums[code::BAD], 3, "有效差评");
        assert_eq!(sums[code::BAD_CLOSED], 2, "整改率 66.67%");
        // 同一算例里其余各式：每件走过三个节点、只在办结评；差评都实名、都按时联系，办结的两条按期整改并回访
        assert_eq!((sums[code::NODES_RATED], sums[code::NODES_PASSED]), (79, 300), "三节点评价率 26.33%");
        assert_eq!(sums[code::CASES_RATED], 79, "评价办件量");
        assert_eq!((sums[code::VERY_SATISFIED], sums[code::BAD_FIRST]), (60, 3), "非常满意率 75.95%，差评率 3.80%");
        assert_eq!(sums[code::SCORE], 365, "平均分 365 / 79 = 4.62");
        assert_eq!((sums[code::BAD_IN_TIME], sums[code::BAD_DUE]), (2, 3), "按期整改率 66.67%");
        assert_eq!((sums[code::BAD_REVISITED], sums[code::BAD_NAMED]), (2, 3), "实名差评回访率 66.67%");
        assert_eq!(sums[code::BAD_CONTACTED], 3, "差评联系及时率 100%");
    }

    #[test]
    fn a_withdrawn_case_may_be_rated_but_is_not_decided() {
        let withdrawn = Facts { decided: false, nodes: [Some(DAY), None, Some(DAY)], ..case(vec![rating(Satisfaction::Fair)], vec![]) };
        let sums = sum(&[withdrawn]);
        assert_eq!(sums.get(code::DECIDED), None);
        assert_eq!(sums[code::NODES_PASSED], 1);
        assert_eq!(sums[code::CASES_RATED], 1);
    }

    #[test]
    fn follow_ups_and_voided_cases_do_not_count() {
        let follow_up = RatingFact { round: Round::FollowUp, ..rating(Satisfaction::VerySatisfied) };
        let sums_of = sum(&[case(vec![rating(Satisfaction::Dissatisfied), follow_up], vec![])]);
        assert_eq!((sums_of[code::FIRST], sums_of.get(code::GOOD)), (1, None), "统计按首评");
        assert!(sum(&[Facts { voided: true, ..case(vec![rating(Satisfaction::Fair)], vec![task(true, true)]) }]).is_empty());
    }
}
