//! 评分与排名（indicators §4）：达成度、到期扣分、领域得分、总分、标准竞争排名、分档、红黑榜。
//!
//! 原文没有权重与评分办法，这里是本产品的默认：explicit 权 1，derived 权 0.5，领域等权，管理员可改。

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::definition::{Basis, Direction, Goal, Indicator};
use crate::value::{Value, meets};

/// 目标为 0 时，多到这个数达成度降到 0。
const ZERO_CAP: f64 = 10.0;
/// 到期未达，每满一周扣 5%，最多扣 20%。
const WEEKLY_PENALTY: f64 = 0.05;
const MAX_PENALTY: f64 = 0.20;

/// 达成度 a，0 到 1；没有值时为 `None`（不适用，不计分）。未报送计 0。
#[must_use]
pub fn achievement(indicator: &Indicator, value: Value, goal: &Goal) -> Option<f64> {
    let v = match value {
        Value::Ratio { num, den } => num as f64 * 100.0 / den as f64,
        Value::Number(number) => number as f64,
        Value::Missing => return Some(0.0),
        Value::NotApplicable | Value::Pending => return None,
    };
    if meets(value, goal)? {
        return Some(1.0);
    }
    let t = goal.target as f64;
    let a = match indicator.direction {
        Direction::HigherBetter if t > 0.0 => v / t,
        Direction::HigherBetter => 0.0,
        Direction::LowerBetter if t > 0.0 => t / v,
        Direction::LowerBetter => 1.0 - v / ZERO_CAP,
        Direction::InRange => match goal.upper {
            Some(upper) if v > upper.target as f64 => upper.target as f64 / v,
            _ => v / t,
        },
    };
    // 没达标就不是 1，哪怕浮点算出来是
    Some(a.clamp(0.0, 0.999_999))
}

/// 到期未达的扣分倍数：到期后每满一周扣 5%，上限 20%。
#[must_use]
pub fn penalty(value: Value, goal: &Goal, on: Date) -> f64 {
    let Some(due) = goal.due.filter(|due| goal.hard && *due <= on) else { return 1.0 };
    if meets(value, goal) == Some(true) {
        return 1.0;
    }
    let weeks = (on.duration_since(due).as_hours() / (24 * 7)) as f64;
    1.0 - (weeks * WEEKLY_PENALTY).min(MAX_PENALTY)
}

/// 一条指标计入得分的值：达成度乘到期扣分；没有目标、没有值为 `None`。
#[must_use]
pub fn counted(indicator: &Indicator, value: Value, on: Date) -> Option<f64> {
    let goal = indicator.goal(on)?;
    Some(achievement(indicator, value, &goal)? * penalty(value, &goal, on))
}

/// 领域内的权重。
#[must_use]
pub const fn weight(basis: Basis) -> f64 {
    match basis {
        Basis::Explicit => 1.0,
        Basis::Derived => 0.5,
        Basis::Monitor | Basis::Product => 0.0,
    }
}

/// 一个单位的得分：每个领域一项，没有可计分指标的领域不在内。
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Default)]
pub struct Score {
    /// （领域代号，得分 0–100）。
    pub fields: Vec<(String, f64)>,
    /// 总分；一项都不能计分时为空。
    pub total: Option<f64>,
}

/// 由各指标计入得分的值算单位得分：领域得分 = 100·Σ(w·a)/Σw，总分 = 有效领域等权平均。
#[must_use]
pub fn unit_score<'a>(counted: impl IntoIterator<Item = (&'a Indicator, f64)>) -> Score {
    let mut sums: Vec<(String, f64, f64)> = Vec::new();
    for (indicator, a) in counted {
        let w = weight(indicator.basis);
        if w == 0.0 {
            continue;
        }
        match sums.iter_mut().find(|(id, _, _)| *id == indicator.area_id) {
            Some((_, got, of)) => {
                *got += w * a;
                *of += w;
            }
            None => sums.push((indicator.area_id.clone(), w * a, w)),
        }
    }
    let fields: Vec<(String, f64)> = sums.into_iter().map(|(id, got, of)| (id, 100.0 * got / of)).collect();
    let total = (!fields.is_empty()).then(|| fields.iter().map(|(_, score)| score).sum::<f64>() / fields.len() as f64);
    Score { fields, total }
}

/// 标准竞争排名 1,2,2,4：分高在前，同分同名次；没有值的不排。两位小数相同即同分。
#[must_use]
pub fn ranks(values: &[Option<i64>]) -> Vec<Option<usize>> {
    let better = |mine: i64| values.iter().flatten().filter(|other| **other > mine).count();
    values.iter().map(|value| value.map(|mine| better(mine) + 1)).collect()
}

/// 得分取两位小数成整数，排名与比较用。
#[must_use]
pub fn hundredths(score: f64) -> i64 {
    (score * 100.0).round() as i64
}

/// 分档。
#[must_use]
pub fn band(score: f64) -> &'static str {
    match score {
        s if s >= 90.0 => "优秀",
        s if s >= 80.0 => "良好",
        s if s >= 70.0 => "中等",
        s if s >= 60.0 => "一般",
        _ => "待改进",
    }
}

/// 榜上的一家。
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Standing {
    pub score: f64,
    /// 有红线事项（造假、整改逾期 30 日、到期未达无说明）。
    pub red_line: bool,
    /// 有到期未达的硬目标。
    pub overdue_goal: bool,
}

/// 红榜取前几、黑榜取后几：min(5, ⌊组数/3⌋)。
#[must_use]
pub fn board_size(group: usize) -> usize {
    (group / 3).min(5)
}

/// 红榜、黑榜各是哪几家（给的次序里的下标）。组内不足 4 家不出黑榜。
#[must_use]
pub fn boards(group: &[Standing]) -> (Vec<usize>, Vec<usize>) {
    let mut order: Vec<usize> = (0..group.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(hundredths(group[*index].score)));
    let size = board_size(group.len());
    let red = order.iter().take(size).copied().filter(|index| !group[*index].red_line).collect();
    let failing = |index: &usize| group[*index].score < 80.0 || group[*index].overdue_goal;
    let black = if group.len() < 4 {
        Vec::new()
    } else {
        order.iter().rev().take(size).copied().filter(failing).collect()
    };
    (red, black)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::Definitions;
    use jiff::civil::date;

    fn close(left: Option<f64>, right: f64) -> bool {
        left.is_some_and(|left| (left - right).abs() < 0.000_06)
    }

    /// indicators §4 的算例。
    #[test]
    fn the_worked_example_of_the_specification() {
        let all = Definitions::built_in().unwrap();
        let personal = all.get("user_personal_ratio").unwrap();
        assert!(close(counted(personal, Value::of(48, Some(100)), date(2021, 6, 1)), 0.96));
        let catalog = all.get("data_catalog_county").unwrap();
        let done = |n, on| counted(catalog, Value::Number(n), on);
        assert!(close(done(290, date(2021, 6, 10)), 0.9667));
        assert!(close(done(290, date(2021, 6, 16)), 0.9667));
        assert!(close(done(290, date(2021, 6, 17)), 0.9183));
        assert_eq!(done(300, date(2021, 6, 17)), Some(1.0));
        let instant = all.get("item_instant_rate").unwrap();
        assert_eq!(counted(instant, Value::of(0, Some(0)), date(2021, 6, 17)), None);
    }

    #[test]
    fn the_penalty_stops_at_twenty_percent() {
        let all = Definitions::built_in().unwrap();
        let catalog = all.get("data_catalog_county").unwrap();
        let goal = catalog.goal(date(2021, 11, 1)).unwrap();
        assert!((penalty(Value::Number(1), &goal, date(2021, 11, 1)) - 0.8).abs() < 1e-9);
        let before = catalog.goal(date(2021, 6, 1)).unwrap();
        assert!((penalty(Value::Number(1), &before, date(2021, 6, 1)) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn lower_is_better_and_zero_targets() {
        let all = Definitions::built_in().unwrap();
        let on = date(2026, 3, 1);
        let days = all.get("cons_gov_invest_days").unwrap();
        assert!(close(counted(days, Value::Number(100), on), 0.5));
        assert_eq!(counted(days, Value::Number(50), on), Some(1.0));
        let backlog = all.get("item_pending_claim_backlog").unwrap();
        assert_eq!(counted(backlog, Value::Number(0), on), Some(1.0));
        assert!(close(counted(backlog, Value::Number(3), on), 0.7));
        assert_eq!(counted(backlog, Value::Number(30), on), Some(0.0));
        assert_eq!(counted(backlog, Value::Missing, on), Some(0.0), "未报送计 0 分");
    }

    #[test]
    fn standard_competition_ranking() {
        assert_eq!(
            ranks(&[Some(80), Some(95), None, Some(80), Some(70)]),
            [Some(2), Some(1), None, Some(2), Some(4)]
        );
    }

    #[test]
    fn fields_weigh_the_same_and_derived_goals_half() {
        let all = Definitions::built_in().unwrap();
        let get = |id| all.get(id).unwrap();
        let score = unit_score([
            (get("item_online_available_rate"), 1.0),
            (get("item_daily_login_rate"), 0.0),
            (get("op_per_case_eval_rate"), 0.5),
            (get("op_active_eval_rate"), 0.0),
        ]);
        assert_eq!(score.fields[0].0, "item_catalog");
        assert!((score.fields[0].1 - 66.666_67).abs() < 0.001);
        assert!((score.total.unwrap() - (66.666_67 + 50.0) / 2.0).abs() < 0.001, "监测指标不计分");
        assert_eq!(unit_score([]).total, None);
    }

    #[test]
    fn red_and_black_boards() {
        let of = |score| Standing { score, red_line: false, overdue_goal: false };
        let mut group: Vec<Standing> = [95.0, 90.0, 85.0, 79.0, 70.0, 60.0].map(of).to_vec();
        assert_eq!(boards(&group), (vec![0, 1], vec![5, 4]));
        group[0].red_line = true;
        assert_eq!(boards(&group).0, [1]);
        assert_eq!(boards(&group[..3]).1, [] as [usize; 0], "不足 4 家不出黑榜");
        assert_eq!((band(90.0), band(59.9), board_size(49)), ("优秀", "待改进", 5));
    }
}
