//! 评价点位与窗口岗位的评价仪，一段段日子记着，任何一天都能重算（附件 4“一人一岗配置评价仪”“评价渠道畅通”）。纯函数。

use jiff::ToSpan;
use serde::{Deserialize, Serialize};
use tongban_kernel::time::{day_number, from_day_number};

/// 一次检测管多少天（evaluation §6 评价渠道畅通率）。
pub const VALID_DAYS: i64 = 30;
/// 没有尽头。
pub const FOREVER: i64 = 99_991_231;

/// `day` 之后第 `n` 天。
#[must_use]
pub fn after(day: i64, n: i64) -> i64 {
    let found = from_day_number(day).and_then(|date| date.checked_add(n.days()).ok());
    found.map_or(FOREVER, day_number)
}

/// 几段日子，含首不含尾，先后不交叠。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spans(pub Vec<(i64, i64)>);

impl Spans {
    /// 从 `from` 起算到 `to`；接得上的并作一段。
    pub fn hold(&mut self, from: i64, to: i64) {
        if to <= from {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.1 >= from => last.1 = last.1.max(to),
            _ => self.0.push((from, to)),
        }
    }

    /// 到 `day` 为止。
    pub fn end(&mut self, day: i64) {
        while let Some(last) = self.0.last_mut().filter(|last| last.1 > day) {
            if last.0 < day {
                last.1 = day;
            } else {
                self.0.pop();
            }
        }
    }

    #[must_use]
    pub fn covers(&self, day: i64) -> bool {
        self.0.iter().any(|(from, to)| (*from..*to).contains(&day))
    }

    /// 每段起头加一、过后减一。
    pub fn book(&self, mut book: impl FnMut(i64, i64)) {
        for (from, to) in &self.0 {
            book(*from, 1);
            if *to < FOREVER {
                book(*to, -1);
            }
        }
    }
}

/// 一个点位：哪天设的，哪些日子有有效的检测。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PointFacts {
    pub org: i64,
    pub opened: i64,
    pub good: Spans,
}

impl PointFacts {
    /// 检测可用：当天与之后 30 天。
    pub fn pass(&mut self, day: i64) {
        self.good.hold(day, after(day, VALID_DAYS + 1));
    }

    /// 检测不可用：从当天起不算。
    pub fn fail(&mut self, day: i64) {
        self.good.end(day);
    }
}

/// 一个窗口岗位：哪些日子应配评价仪，哪些日子配着。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatFacts {
    pub org: i64,
    pub expected: Spans,
    pub bound: Spans,
}

impl SeatFacts {
    /// 今天的样子：`until` 是在窗口任职到哪天为止（不含），不在窗口为 `None`；`bound` 是配着评价仪。
    pub fn now(&mut self, day: i64, from: i64, until: Option<i64>, bound: bool) {
        self.expected.end(day);
        self.bound.end(day);
        if let Some(until) = until {
            let start = if self.expected.0.is_empty() { from } else { day.max(from) };
            self.expected.hold(start, until);
            if bound {
                self.bound.hold(day.max(from), until);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_is_good_for_thirty_days_and_a_failure_ends_it() {
        let mut point = PointFacts { org: 1, opened: 20_260_101, ..PointFacts::default() };
        point.pass(20_260_201);
        assert!(point.good.covers(20_260_201) && point.good.covers(20_260_303), "2 月 28 天：3 月 3 日是第 30 天");
        assert!(!point.good.covers(20_260_304) && !point.good.covers(20_260_131));
        point.pass(20_260_301);
        assert_eq!(point.good.0.len(), 1, "接得上的是一段");
        point.fail(20_260_310);
        assert!(point.good.covers(20_260_309) && !point.good.covers(20_260_310));
        point.pass(20_260_310);
        assert!(point.good.covers(20_260_310));
        point.fail(20_260_201);
        assert!(point.good.0.is_empty(), "当天就不可用的不留");
    }

    #[test]
    fn a_seat_is_expected_while_held_at_a_window_and_bound_while_it_has_a_pad() {
        let mut seat = SeatFacts::default();
        seat.now(20_260_301, 20_260_101, Some(FOREVER), false);
        seat.now(20_260_305, 20_260_101, Some(FOREVER), true);
        assert!(seat.expected.covers(20_260_101) && seat.expected.covers(20_270_101));
        assert!(!seat.bound.covers(20_260_304) && seat.bound.covers(20_260_305));
        seat.now(20_260_310, 20_260_101, None, true);
        assert!(!seat.expected.covers(20_260_310) && !seat.bound.covers(20_260_310) && seat.bound.covers(20_260_309));
        let mut sum = 0;
        seat.expected.book(|_, n| sum += n);
        assert_eq!(sum, 0, "了结的加减相抵");
    }
}
