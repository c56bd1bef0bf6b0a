//! 时限：写法与折算（items §7）。

use serde::{Deserialize, Serialize};

use super::codes::LimitUnit;

/// 一个工作日切成这么多份，使折算全是整数：`480 × 73`。
///
/// 自然日 ×250/365 = 50/73 个工作日，小时 1/8，分钟 1/480，三个分母的公倍数即此。
pub const PARTS_PER_WORKDAY: i64 = 480 * 73;

/// 一段时限。`amount` 为 0：法定时限表示没有法定期限，承诺时限表示当场办结。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Limit {
    pub amount: u32,
    pub unit: LimitUnit,
    /// 说明。
    #[serde(skip_serializing_if = "String::is_empty")]
    pub note: String,
}

impl Default for Limit {
    fn default() -> Self {
        Self::workdays(0)
    }
}

impl Limit {
    #[must_use]
    pub const fn workdays(amount: u32) -> Self {
        Self { amount, unit: LimitUnit::Workday, note: String::new() }
    }

    /// 折算成 1/35040 工作日的整数：工作日 1，自然日 250/365，月 22，年 250，小时 1/8，分钟 1/480。
    #[must_use]
    pub fn parts(&self) -> i64 {
        let each = match self.unit {
            LimitUnit::Workday => PARTS_PER_WORKDAY,
            LimitUnit::Day => PARTS_PER_WORKDAY / 73 * 50,
            LimitUnit::Hour => PARTS_PER_WORKDAY / 8,
            LimitUnit::Minute => PARTS_PER_WORKDAY / 480,
            LimitUnit::Month => PARTS_PER_WORKDAY * 22,
            LimitUnit::Year => PARTS_PER_WORKDAY * 250,
        };
        i64::from(self.amount) * each
    }

    /// 折算成整工作日，不足一日进一；办件计时用。
    #[must_use]
    pub fn whole_workdays(&self) -> i64 {
        self.parts().div_euclid(PARTS_PER_WORKDAY) + i64::from(self.parts().rem_euclid(PARTS_PER_WORKDAY) != 0)
    }

    /// 给群众看：`5 个工作日`、`当场办好`。
    #[must_use]
    pub fn promise_words(&self) -> String {
        if self.amount == 0 { "当场办好".to_owned() } else { self.words() }
    }

    /// 给群众看：`20 个工作日`、`没有法定期限`。
    #[must_use]
    pub fn legal_words(&self) -> String {
        if self.amount == 0 { "没有法定期限".to_owned() } else { self.words() }
    }

    fn words(&self) -> String {
        let unit = match self.unit {
            LimitUnit::Workday => "个工作日",
            LimitUnit::Day => "天",
            LimitUnit::Hour => "小时",
            LimitUnit::Minute => "分钟",
            LimitUnit::Month => "个月",
            LimitUnit::Year => "年",
        };
        format!("{} {unit}", self.amount)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limit(amount: u32, unit: LimitUnit) -> Limit {
        Limit { amount, unit, note: String::new() }
    }

    #[test]
    fn conversion_is_exact() {
        assert_eq!(limit(365, LimitUnit::Day).parts(), limit(250, LimitUnit::Workday).parts());
        assert_eq!(limit(8, LimitUnit::Hour).parts(), PARTS_PER_WORKDAY);
        assert_eq!(limit(480, LimitUnit::Minute).parts(), PARTS_PER_WORKDAY);
        assert_eq!(limit(1, LimitUnit::Month).parts(), limit(22, LimitUnit::Workday).parts());
        assert_eq!(limit(1, LimitUnit::Year).parts(), limit(250, LimitUnit::Workday).parts());
    }

    #[test]
    fn part_of_a_day_counts_as_a_day() {
        assert_eq!(limit(1, LimitUnit::Minute).whole_workdays(), 1);
        assert_eq!(limit(73, LimitUnit::Day).whole_workdays(), 50);
        assert_eq!(limit(30, LimitUnit::Day).whole_workdays(), 21);
        assert_eq!(limit(0, LimitUnit::Hour).whole_workdays(), 0);
    }

    #[test]
    fn plain_words() {
        assert_eq!(Limit::workdays(0).promise_words(), "当场办好");
        assert_eq!(Limit::workdays(20).legal_words(), "20 个工作日");
        assert_eq!(limit(45, LimitUnit::Day).legal_words(), "45 天");
    }
}
