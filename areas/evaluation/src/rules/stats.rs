//! 评价的分组统计（evaluation §6）：只数主动有效首评；分母为 0 的率是空。

/// 一组里五级各几条。
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Levels([i64; 5]);

/// 样本少于它只列数，不排名（evaluation §6）。
pub const RANKED_FROM: i64 = 30;

impl Levels {
    /// 加上某级若干条；`level` 5 非常满意 … 1 非常不满意，别的不算。
    pub fn add(&mut self, level: i64, n: i64) {
        if let Some(count) = usize::try_from(level - 1).ok().and_then(|index| self.0.get_mut(index)) {
            *count += n;
        }
    }

    /// 某级几条。
    #[must_use]
    pub fn of(&self, level: i64) -> i64 {
        usize::try_from(level - 1).ok().and_then(|index| self.0.get(index)).copied().unwrap_or(0)
    }

    #[must_use]
    pub fn total(&self) -> i64 {
        self.0.iter().sum()
    }

    /// 满意率（5、4、3 级），万分之一。
    #[must_use]
    pub fn satisfaction(&self) -> Option<i64> {
        share(self.of(5) + self.of(4) + self.of(3), self.total())
    }

    /// 非常满意率，万分之一。
    #[must_use]
    pub fn delighted(&self) -> Option<i64> {
        share(self.of(5), self.total())
    }

    /// 差评率（2、1 级），万分之一。
    #[must_use]
    pub fn bad(&self) -> Option<i64> {
        share(self.of(2) + self.of(1), self.total())
    }

    /// 平均分，百分之一分。
    #[must_use]
    pub fn average(&self) -> Option<i64> {
        let sum: i64 = (1..=5).map(|level| level * self.of(level)).sum();
        (self.total() > 0).then(|| (sum * 100 + self.total() / 2) / self.total())
    }

    #[must_use]
    pub fn ranked(&self) -> bool {
        self.total() >= RANKED_FROM
    }
}

/// 一段时间里事项被评到的情况（evaluation §6：事项评价覆盖率、有办件事项评价率）。
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// 期末在用的依申请办理项。
    pub in_use: i64,
    /// 其中期内有主动有效首评的。
    pub rated: i64,
    /// 期内有办件的办理项。
    pub with_cases: i64,
}

impl Coverage {
    /// 事项评价覆盖率，万分之一。
    #[must_use]
    pub fn of_all(&self) -> Option<i64> {
        share(self.rated, self.in_use)
    }

    /// 有办件事项评价率，万分之一；对照用。
    #[must_use]
    pub fn of_busy(&self) -> Option<i64> {
        share(self.rated, self.with_cases)
    }
}

/// 四舍五入到万分之一；不满不进成 100%。
fn share(part: i64, whole: i64) -> Option<i64> {
    if whole == 0 {
        return None;
    }
    let rounded = (part * 10_000 + whole / 2) / whole;
    Some(if part < whole { rounded.min(9_999) } else { rounded })
}

/// 国标基础格式的级别：1 非常满意 … 5 非常不满意（GB/T 39046-2020 A.8 与本平台相反，§2.1）。
#[must_use]
pub const fn reversed(level: i64) -> i64 {
    6 - level
}

#[cfg(test)]
mod tests {
    use super::*;

    /// §6 算例：5 级 60、4 级 12、3 级 4、有效 2 级 2、1 级 1。
    #[test]
    fn items_are_covered_out_of_those_in_use_and_those_with_cases() {
        let coverage = Coverage { in_use: 8, rated: 3, with_cases: 4 };
        assert_eq!((coverage.of_all(), coverage.of_busy()), (Some(3_750), Some(7_500)));
        assert_eq!((Coverage::default().of_all(), Coverage::default().of_busy()), (None, None), "分母 0 为空");
    }

    #[test]
    fn the_worked_example_holds() {
        let mut levels = Levels::default();
        for (level, n) in [(5, 60), (4, 12), (3, 4), (2, 2), (1, 1)] {
            levels.add(level, n);
        }
        assert_eq!(levels.total(), 79);
        assert_eq!(levels.satisfaction(), Some(9620));
        assert_eq!(levels.delighted(), Some(7595));
        assert_eq!(levels.bad(), Some(380));
        assert_eq!(levels.average(), Some(462));
        assert!(levels.ranked());
    }

    #[test]
    fn nothing_rated_has_no_rate_and_no_rank() {
        let mut levels = Levels::default();
        levels.add(0, 5);
        levels.add(6, 5);
        assert_eq!((levels.total(), levels.satisfaction(), levels.average(), levels.ranked()), (0, None, None, false));
    }

    #[test]
    fn the_national_scale_runs_the_other_way() {
        assert_eq!([5, 4, 3, 2, 1].map(reversed), [1, 2, 3, 4, 5]);
    }
}
