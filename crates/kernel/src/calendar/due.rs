//! 到期日、已用工作日、逐日说明（cases §3.3）。

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Calendar, date_at, index_of, out_of_range, place};
use crate::problem::Reason;

/// 停表的一段：开始日仍计为办理日，结束日不计；同日起止等于没停；`to` 为空表示还没恢复。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Suspension {
    pub from: Date,
    pub to: Option<Date>,
}

/// 逐日说明里的一天。
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Day {
    pub date: Date,
    /// 是否计入时限。
    pub counted: bool,
    /// 计入时是第几个工作日。
    pub number: Option<u32>,
    /// 为什么计入或不计入：工作日、周末、国庆节、调休上班、暂停计时。
    pub note: String,
}

/// 到期日怎么来的。
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Explained {
    /// 暂停未恢复时为空。
    pub due: Option<Date>,
    pub days: Vec<Day>,
    /// 途经年份的放假安排是否都维护过。
    pub maintained: bool,
}

/// 逐日说明最多列这么多天（约五年）。
const MAX_EXPLAINED: usize = 1_900;

impl Calendar {
    /// 到期日：`from` 当日不计入，数满 `n` 个不在停表段内的工作日。
    ///
    /// `n` 为 0（即办）时是 `from` 当天或其后首个工作日。停表未恢复、数不满时为 `None`。
    ///
    /// # Errors
    /// 超出日历范围。
    pub fn due_date(&self, from: Date, n: u32, suspended: &[Suspension]) -> Result<Option<Date>, Reason> {
        if n == 0 {
            return self.workday_on_or_after(from).map(Some);
        }
        let mut at = place(from)?;
        let mut left = n as usize;
        if !suspended.is_empty() {
            for (start, end) in segments(suspended) {
                if end.is_some_and(|end| end <= at) {
                    continue;
                }
                if start > at {
                    let available = self.through(start) - self.through(at);
                    if available >= left {
                        break;
                    }
                    left -= available;
                }
                match end {
                    Some(end) => at = end,
                    None => return Ok(None),
                }
            }
        }
        self.nth_workday(self.through(at) + left - 1).map(Some)
    }

    /// 没有停表时的到期日。
    ///
    /// # Errors
    /// 超出日历范围。
    pub fn due(&self, from: Date, n: u32) -> Result<Date, Reason> {
        self.due_date(from, n, &[])?.ok_or_else(out_of_range)
    }

    /// 已用工作日：`from` < d ≤ `until` 中不在停表段内的工作日数；`until` 早于 `from` 时为 0。
    ///
    /// # Errors
    /// 超出日历范围。
    pub fn used_workdays(&self, from: Date, until: Date, suspended: &[Suspension]) -> Result<u32, Reason> {
        let (start, end) = (place(from)?, place(until)?);
        if end <= start {
            return Ok(0);
        }
        let mut used = self.through(end) - self.through(start);
        let mut done = start;
        if !suspended.is_empty() {
            for (stop, resume) in segments(suspended) {
                let stop = stop.max(done);
                let resume = resume.unwrap_or(end).min(end);
                if resume > stop {
                    used -= self.through(resume) - self.through(stop);
                    done = resume;
                }
            }
        }
        Ok(u32::try_from(used).unwrap_or(u32::MAX))
    }

    /// 剩余工作日 = n − 已用；负数表示已超期。
    ///
    /// # Errors
    /// 超出日历范围。
    pub fn remaining(&self, from: Date, n: u32, now: Date, suspended: &[Suspension]) -> Result<i64, Reason> {
        Ok(i64::from(n) - i64::from(self.used_workdays(from, now, suspended)?))
    }

    /// 从 `today` 到 `due` 还剩几个工作日；负数表示过了几个工作日。
    ///
    /// # Errors
    /// 超出日历范围。
    pub fn workdays_between(&self, today: Date, due: Date) -> Result<i64, Reason> {
        let signed = |n: u32| i64::from(n);
        Ok(if due >= today {
            signed(self.used_workdays(today, due, &[])?)
        } else {
            -signed(self.used_workdays(due, today, &[])?)
        })
    }

    /// 自然日期限：末日遇休息日顺延到下一工作日。
    ///
    /// # Errors
    /// 超出日历范围。
    pub fn natural_due(&self, from: Date, days: u32) -> Result<Date, Reason> {
        let index = place(from)?.checked_add(days as usize).filter(|index| *index < self.before.len() - 1);
        self.workday_on_or_after(date_at(index.ok_or_else(out_of_range)?))
    }

    /// 逐日说明到期日怎么数出来的。
    ///
    /// # Errors
    /// 超出日历范围，或说明太长。
    pub fn explain(&self, from: Date, n: u32, suspended: &[Suspension]) -> Result<Explained, Reason> {
        let due = self.due_date(from, n, suspended)?;
        let first = place(from)?;
        let last = match due {
            Some(due) => place(due)?,
            None => suspended.iter().filter(|s| s.to.is_none()).filter_map(|s| index_of(s.from)).max().unwrap_or(first).max(first),
        };
        if last - first > MAX_EXPLAINED {
            return Err(Reason::new("calendar-long", "时限太长，不逐日列出；只给到期日"));
        }
        let mut number = 0;
        let begin = if n == 0 { first } else { first + 1 };
        let days = (begin..=last).map(|index| self.explain_day(index, n == 0, suspended, &mut number)).collect();
        let maintained = (date_at(first).year()..=date_at(last).year()).all(|year| self.maintained(year));
        Ok(Explained { due, days, maintained })
    }

    fn explain_day(&self, index: usize, instant: bool, suspended: &[Suspension], number: &mut u32) -> Day {
        let date = date_at(index);
        let paused = !instant && suspended.iter().any(|s| s.from < date && s.to.is_none_or(|to| date <= to));
        let workday = self.is_workday(date);
        let counted = workday && !paused;
        *number += u32::from(counted);
        let note = match (self.name_of(date), workday) {
            _ if paused => "暂停计时".to_owned(),
            (Some(name), _) => name.to_owned(),
            (None, true) => "工作日".to_owned(),
            (None, false) => "周末".to_owned(),
        };
        Day { date, counted, number: counted.then_some(*number), note }
    }
}

/// 停表段按开始日排序；起止颠倒或同日的不算；范围外的日期夹到表的两端。
fn segments(suspended: &[Suspension]) -> Vec<(usize, Option<usize>)> {
    let clamp = |date: Date| index_of(date).unwrap_or(if date.year() < super::FIRST_YEAR { 0 } else { super::days() - 1 });
    let mut list: Vec<_> = suspended
        .iter()
        .filter(|s| s.to.is_none_or(|to| to > s.from))
        .map(|s| (clamp(s.from), s.to.map(clamp)))
        .collect();
    list.sort_unstable_by_key(|(start, end)| (*start, end.unwrap_or(usize::MAX)));
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;
    use rstest::rstest;

    fn day(text: &str) -> Date {
        text.parse().unwrap()
    }

    fn stops(list: &[(&str, &str)]) -> Vec<Suspension> {
        list.iter().map(|(from, to)| Suspension { from: day(from), to: (!to.is_empty()).then(|| day(to)) }).collect()
    }

    #[rstest]
    #[case("2021-05-31", 5, &[], "2021-06-07")]
    #[case("2021-06-10", 3, &[], "2021-06-16")]
    #[case("2021-09-17", 1, &[], "2021-09-18")]
    #[case("2021-09-29", 5, &[], "2021-10-12")]
    #[case("2021-09-29", 20, &[], "2021-11-02")]
    #[case("2022-01-28", 3, &[], "2022-02-07")]
    #[case("2022-01-28", 10, &[], "2022-02-16")]
    #[case("2023-04-21", 5, &[], "2023-04-27")]
    #[case("2024-02-08", 1, &[], "2024-02-09")]
    #[case("2024-02-08", 7, &[], "2024-02-23")]
    #[case("2026-02-13", 3, &[], "2026-02-25")]
    #[case("2021-10-02", 5, &[], "2021-10-13")]
    #[case("2021-10-08", 20, &[("2021-10-13", "2021-10-20")], "2021-11-11")]
    #[case("2021-10-08", 20, &[], "2021-11-04")]
    #[case("2021-10-08", 20, &[("2021-10-13", "2021-10-13")], "2021-11-04")]
    #[case("2021-10-08", 20, &[("2021-10-13", "2021-10-20"), ("2021-10-18", "2021-10-22")], "2021-11-15")]
    #[case("2021-10-08", 0, &[], "2021-10-08")]
    #[case("2021-10-02", 0, &[], "2021-10-08")]
    fn worked_examples(#[case] from: &str, #[case] n: u32, #[case] suspended: &[(&str, &str)], #[case] due: &str) {
        let calendar = Calendar::built_in();
        assert_eq!(calendar.due_date(day(from), n, &stops(suspended)).unwrap(), Some(day(due)));
        assert_eq!(calendar.explain(day(from), n, &stops(suspended)).unwrap().due, Some(day(due)));
    }

    #[rstest]
    #[case("2021-11-08", 17)]
    #[case("2021-11-09", 18)]
    #[case("2021-10-08", 0)]
    #[case("2021-10-01", 0)]
    fn used_so_far(#[case] until: &str, #[case] used: u32) {
        let suspended = stops(&[("2021-10-13", "2021-10-20")]);
        let calendar = Calendar::built_in();
        assert_eq!(calendar.used_workdays(day("2021-10-08"), day(until), &suspended).unwrap(), used);
        assert_eq!(calendar.remaining(day("2021-10-08"), 20, day(until), &suspended).unwrap(), 20 - i64::from(used));
    }

    #[test]
    fn an_open_suspension_has_no_due_date_unless_it_came_first() {
        let calendar = Calendar::built_in();
        assert_eq!(calendar.due_date(day("2021-10-08"), 20, &stops(&[("2021-10-13", "")])).unwrap(), None);
        assert_eq!(calendar.due_date(day("2021-10-08"), 2, &stops(&[("2021-10-13", "")])).unwrap(), Some(day("2021-10-11")));
        let explained = calendar.explain(day("2021-10-08"), 20, &stops(&[("2021-10-13", "")])).unwrap();
        assert_eq!((explained.due, explained.days.last().unwrap().date), (None, day("2021-10-13")));
    }

    #[test]
    fn explanations_name_each_day() {
        let explained = Calendar::built_in().explain(day("2021-09-17"), 3, &[]).unwrap();
        let lines: Vec<_> = explained.days.iter().map(|d| (d.date.day(), d.number, d.note.as_str())).collect();
        assert_eq!(lines[0].1, Some(1));
        assert_eq!(lines[1], (19, None, "周末"));
        assert_eq!((lines[2].0, lines[2].1), (20, None));
        assert!(lines[2].2.starts_with("中秋"));
        assert!(explained.maintained);
        assert!(!Calendar::built_in().explain(date(2027, 1, 4), 3, &[]).unwrap().maintained);
    }

    #[test]
    fn natural_days_roll_over_rest_days() {
        let calendar = Calendar::built_in();
        assert_eq!(calendar.natural_due(day("2021-09-24"), 7).unwrap(), day("2021-10-08"));
        assert_eq!(calendar.natural_due(day("2021-05-31"), 1).unwrap(), day("2021-06-01"));
        assert!(calendar.natural_due(day("2021-05-31"), u32::MAX).is_err());
    }

    #[test]
    fn huge_limits_and_far_years_are_refused_not_looped() {
        let calendar = Calendar::built_in();
        assert_eq!(calendar.due_date(day("2021-05-31"), u32::MAX, &[]).unwrap_err().code, "calendar-range");
        assert_eq!(calendar.due_date(date(9999, 12, 31), 1, &[]).unwrap_err().code, "calendar-range");
        assert!(calendar.due_date(day("2021-05-31"), 5, &stops(&[("2021-06-01", "9999-12-31")])).is_err());
        assert_eq!(calendar.explain(day("2021-05-31"), 5_000, &[]).unwrap_err().code, "calendar-long");
        assert!(calendar.used_workdays(day("2021-05-31"), date(9999, 1, 1), &[]).is_err());
    }

    /// 规格里的循环写法，用来对照查表写法。
    fn by_the_letter(calendar: &Calendar, from: Date, n: u32, suspended: &[Suspension]) -> Option<Date> {
        let (mut d, mut count) = (from, 0);
        for _ in 0..4_000 {
            d = d.tomorrow().unwrap();
            let paused = suspended.iter().any(|s| s.from < d && s.to.is_none_or(|to| d <= to));
            if calendar.is_workday(d) && !paused {
                count += 1;
                if count == n {
                    return Some(d);
                }
            }
        }
        None
    }

    fn some_date() -> impl Strategy<Value = Date> {
        (0usize..3_000).prop_map(|n| date_at(n + 10_227))
    }

    fn some_stops() -> impl Strategy<Value = Vec<Suspension>> {
        prop::collection::vec((some_date(), prop::option::weighted(0.9, 0i32..60)), 0..4).prop_map(|list| {
            list.into_iter()
                .map(|(from, len)| Suspension { from, to: len.map(|len| date_at(index_of(from).unwrap() + len.unsigned_abs() as usize)) })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn the_table_equals_the_loop(from in some_date(), n in 1u32..120, suspended in some_stops()) {
            let calendar = Calendar::built_in();
            let due = calendar.due_date(from, n, &suspended).unwrap();
            prop_assert_eq!(due, by_the_letter(&calendar, from, n, &suspended));
            if let Some(due) = due {
                prop_assert_eq!(calendar.used_workdays(from, due, &suspended).unwrap(), n);
                prop_assert_eq!(calendar.used_workdays(from, due.yesterday().unwrap(), &suspended).unwrap(), n - 1);
                prop_assert!(calendar.is_workday(due));
                let explained = calendar.explain(from, n, &suspended).unwrap();
                prop_assert_eq!(explained.days.iter().filter(|d| d.counted).count(), n as usize);
            }
        }

        #[test]
        fn later_never_means_earlier(from in some_date(), n in 0u32..120, suspended in some_stops()) {
            let calendar = Calendar::built_in();
            if let (Some(a), Some(b)) = (calendar.due_date(from, n, &[]).unwrap(), calendar.due_date(from, n, &suspended).unwrap()) {
                prop_assert!(a <= b);
            }
            prop_assert!(calendar.due(from, n).unwrap() <= calendar.due(from, n + 1).unwrap());
        }
    }
}
