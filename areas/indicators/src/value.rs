//! 指标值：分子分母都是整数，与目标比较用交叉相乘，显示两位小数且不足 100% 不写 100%（indicators §1）。

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::definition::{Comparison, Direction, Goal, Indicator, Kind};

/// 一个单位一期的值。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Value {
    /// 百分率；分母为 0 时是 [`Value::NotApplicable`]，不会出现在这里。
    Ratio { num: i64, den: i64 },
    /// 数量、天数、名次，或是（1）否（0）。
    Number(i64),
    /// 分母为 0：不适用，不计分。
    NotApplicable,
    /// 应填报而没有填报：与 0 不同。
    Missing,
    /// 数据还没有接上。
    Pending,
}

impl Value {
    /// 由分子分母得值；`den` 为空表示只有一个数。
    #[must_use]
    pub fn of(num: i64, den: Option<i64>) -> Self {
        match den {
            Some(0) => Self::NotApplicable,
            Some(den) => Self::Ratio { num, den },
            None => Self::Number(num),
        }
    }

    #[must_use]
    pub const fn is_known(self) -> bool {
        matches!(self, Self::Ratio { .. } | Self::Number(_))
    }

    /// 给人看的写法：`96.20%`、`287 个`、`是`、`不适用`。
    #[must_use]
    pub fn show(self, indicator: &Indicator) -> String {
        match self {
            Self::Ratio { num, den } => format!("{}%", percent(num, den)),
            Self::Number(number) if indicator.kind == Kind::Boolean => if number == 0 { "否" } else { "是" }.to_owned(),
            Self::Number(number) => format!("{number} {}", indicator.unit).trim_end().to_owned(),
            Self::NotApplicable => "不适用".to_owned(),
            Self::Missing => "未报送".to_owned(),
            Self::Pending => "未接入".to_owned(),
        }
    }

    /// 排名与画图用的大小；百分率以万分之一计。
    #[must_use]
    pub fn magnitude(self) -> Option<i64> {
        match self {
            Self::Ratio { num, den } => Some(basis_points(num, den)),
            Self::Number(number) => Some(number),
            _ => None,
        }
    }
}

/// 万分数，半进位；分子小于分母时最多 9999。`den` 不得为 0。
#[must_use]
pub fn basis_points(num: i64, den: i64) -> i64 {
    let (num, den) = if den < 0 { (-i128::from(num), -i128::from(den)) } else { (i128::from(num), i128::from(den)) };
    let doubled = num * 20_000 + if num < 0 { -den } else { den };
    let rounded = doubled / (2 * den.max(1));
    let capped = if num < den { rounded.min(9_999) } else { rounded };
    i64::try_from(capped).unwrap_or(i64::MAX)
}

/// 两位小数的百分数，不带百分号。
#[must_use]
pub fn percent(num: i64, den: i64) -> String {
    let points = basis_points(num, den);
    let sign = if points < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", points.unsigned_abs() / 100, points.unsigned_abs() % 100)
}

/// 是否达到目标；百分率用交叉相乘，不看显示值。
#[must_use]
pub fn meets(value: Value, goal: &Goal) -> Option<bool> {
    let (num, scale) = match value {
        Value::Ratio { num, den } => (i128::from(num) * 100, i128::from(den)),
        Value::Number(number) => (i128::from(number), 1),
        _ => return None,
    };
    let holds = |comparison: Comparison, target: i64| {
        let target = i128::from(target) * scale;
        match comparison {
            Comparison::AtLeast => num >= target,
            Comparison::AtMost => num <= target,
            Comparison::Equal => num == target,
        }
    };
    Some(holds(goal.comparison, goal.target) && goal.upper.is_none_or(|upper| holds(upper.comparison, upper.target)))
}

/// 离目标还差多少：百分率是还差的分子数，其他是差的数；达标为 0。
#[must_use]
pub fn gap(value: Value, goal: &Goal) -> Option<i64> {
    if meets(value, goal)? {
        return Some(0);
    }
    let short = match value {
        // 分母不变时分子还要加多少，向上取整
        Value::Ratio { num, den } => {
            let need = i128::from(goal.target) * i128::from(den) - i128::from(num) * 100;
            i64::try_from(need.abs().div_euclid(100) + i128::from(need.abs().rem_euclid(100) > 0)).unwrap_or(i64::MAX)
        }
        Value::Number(number) => match goal.upper {
            Some(upper) if number > upper.target => number - upper.target,
            _ => (goal.target - number).abs(),
        },
        _ => return None,
    };
    Some(short)
}

/// 指标灯：与办件时限灯是两套（indicators §1）。
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IndicatorLight {
    Red,
    Yellow,
    Green,
    /// 不适用、未报送、未接入、仅监测。
    Grey,
}

impl IndicatorLight {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Red => "red",
            Self::Yellow => "yellow",
            Self::Green => "green",
            Self::Grey => "grey",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Red => "红",
            Self::Yellow => "黄",
            Self::Green => "绿",
            Self::Grey => "灰",
        }
    }

    /// 样式表里的后缀：`light-r`、`light-y`、`light-g`、`light-n`。
    #[must_use]
    pub const fn class(self) -> &'static str {
        match self {
            Self::Red => "r",
            Self::Yellow => "y",
            Self::Green => "g",
            Self::Grey => "n",
        }
    }

    /// 单位得分格：≥95 绿、≥80 黄、其余红。
    #[must_use]
    pub fn of_score(score: f64) -> Self {
        if score >= 95.0 {
            Self::Green
        } else if score >= 80.0 {
            Self::Yellow
        } else {
            Self::Red
        }
    }
}

/// 一条指标在 `on` 那天亮什么灯：绿 = 达标；黄 = 未达标但 a ≥ 0.95，或硬目标还没到期；红 = 其余；灰 = 没有目标或没有值。
#[must_use]
pub fn light(indicator: &Indicator, value: Value, on: Date) -> IndicatorLight {
    let Some(goal) = indicator.goal(on) else { return IndicatorLight::Grey };
    match meets(value, &goal) {
        None => IndicatorLight::Grey,
        Some(true) => IndicatorLight::Green,
        Some(false) if !goal.hard || nearly(indicator, value, &goal) => IndicatorLight::Yellow,
        Some(false) => IndicatorLight::Red,
    }
}

/// a ≥ 0.95，用整数比，不受浮点影响。
fn nearly(indicator: &Indicator, value: Value, goal: &Goal) -> bool {
    let (num, den) = match value {
        Value::Ratio { num, den } => (i128::from(num) * 100, i128::from(den)),
        Value::Number(number) => (i128::from(number), 1),
        _ => return false,
    };
    let target = i128::from(goal.target) * den;
    match indicator.direction {
        Direction::HigherBetter => num * 100 >= target * 95,
        Direction::LowerBetter => goal.target > 0 && target * 100 >= num * 95,
        Direction::InRange => crate::score::achievement(indicator, value, goal) >= Some(0.95),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::Definitions;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn less_than_all_never_shows_as_all() {
        assert_eq!(percent(99_999, 100_000), "99.99");
        assert_eq!(percent(100_000, 100_000), "100.00");
        assert_eq!(percent(2, 3), "66.67");
        assert_eq!(percent(76, 79), "96.20");
        assert_eq!(percent(1, 200_000), "0.00");
        assert_eq!(percent(-1, 3), "-33.33");
    }

    #[test]
    fn a_zero_denominator_is_no_value() {
        assert_eq!(Value::of(0, Some(0)), Value::NotApplicable);
        let all = Definitions::built_in().unwrap();
        let rate = all.get("item_instant_rate").unwrap();
        assert_eq!(Value::of(0, Some(0)).show(rate), "不适用");
        assert_eq!(light(rate, Value::NotApplicable, date(2026, 3, 1)), IndicatorLight::Grey);
    }

    #[test]
    fn the_judgement_does_not_look_at_the_display() {
        let all = Definitions::built_in().unwrap();
        let on = date(2026, 3, 1);
        let online = all.get("item_online_available_rate").unwrap();
        let of = |num, den| light(online, Value::of(num, Some(den)), on);
        assert_eq!(of(25_000, 25_000), IndicatorLight::Green);
        assert_eq!(of(24_999, 25_000), IndicatorLight::Yellow, "99.996% 不算 100%");
        assert_eq!(of(95, 100), IndicatorLight::Yellow);
        assert_eq!(of(94, 100), IndicatorLight::Red);
        let full = all.get("item_full_online_rate").unwrap();
        assert_eq!(light(full, Value::of(95, Some(100)), on), IndicatorLight::Green);
        assert_eq!(gap(Value::of(90, Some(100)), &full.goal(on).unwrap()), Some(5));
        assert_eq!(gap(Value::of(0, Some(7)), &full.goal(on).unwrap()), Some(7), "向上取整");
    }

    #[test]
    fn counts_ranges_and_flags() {
        let all = Definitions::built_in().unwrap();
        let on = date(2021, 6, 1);
        let towns = all.get("insp_towns_per_visit").unwrap();
        let lamp = |n| light(towns, Value::Number(n), on);
        assert_eq!([lamp(2), lamp(3), lamp(5), lamp(6)], [IndicatorLight::Red, IndicatorLight::Green, IndicatorLight::Green, IndicatorLight::Red]);
        let catalog = all.get("data_catalog_county").unwrap();
        assert_eq!(light(catalog, Value::Number(100), on), IndicatorLight::Yellow, "还没到期");
        assert_eq!(light(catalog, Value::Number(100), date(2021, 6, 10)), IndicatorLight::Red);
        assert_eq!(light(catalog, Value::Number(290), date(2021, 6, 10)), IndicatorLight::Yellow);
        let flag = all.get("hotline_24h_system").unwrap();
        assert_eq!(Value::Number(1).show(flag), "是");
        assert_eq!(light(flag, Value::Missing, on), IndicatorLight::Grey);
    }

    proptest! {
        #[test]
        fn the_display_is_within_half_a_point_and_monotone(num in 0i64..1_000_000, den in 1i64..1_000_000) {
            let shown = basis_points(num, den);
            prop_assert_eq!(num >= den, shown >= 10_000);
            prop_assert!(basis_points(num + 1, den) >= shown);
            let exact = num as f64 / den as f64 * 10_000.0;
            prop_assert!((shown as f64 - exact).abs() <= 0.5 + 1e-6 || shown == 9_999);
        }
    }
}
