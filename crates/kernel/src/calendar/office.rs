//! 办公时间：收到日、到期时刻、按小时分钟计的期限（cases §3.3）。

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Calendar, out_of_range, place};
use crate::problem::Reason;
use crate::time;

/// 每个工作日的办公时段，单位是当日零点起的分钟，左闭右开，按先后排列。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfficeHours(Vec<(u32, u32)>);

impl Default for OfficeHours {
    /// 9:00–12:00、13:30–17:30。
    fn default() -> Self {
        Self(vec![(540, 720), (810, 1_050)])
    }
}

impl OfficeHours {
    /// `[("09:00", "12:00"), …]` 的分钟写法。
    ///
    /// # Errors
    /// 为空、颠倒、重叠或超出一天。
    pub fn new(spans: Vec<(u32, u32)>) -> Result<Self, Reason> {
        let ordered = spans.windows(2).all(|pair| pair[0].1 <= pair[1].0);
        let sane = spans.iter().all(|(from, to)| from < to && *to < 1_440);
        if spans.is_empty() || !ordered || !sane {
            return Err(Reason::new("office-hours", "办公时段应按先后填写、互不重叠、早于 24:00"));
        }
        Ok(Self(spans))
    }

    #[must_use]
    pub fn spans(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// 停止业务活动的时间（零点起分钟）。
    #[must_use]
    pub fn close(&self) -> u32 {
        self.0.last().map_or(1_050, |(_, to)| *to)
    }

    fn per_day(&self) -> u64 {
        self.0.iter().map(|(from, to)| u64::from(to - from)).sum()
    }

    /// 某一分钟之前当天已过去多少办公分钟。
    fn elapsed(&self, minute: u32) -> u64 {
        self.0.iter().map(|(from, to)| u64::from(minute.clamp(*from, *to) - from)).sum()
    }

    /// 当天第 `n` 个办公分钟结束时是几点（`n` ≥ 1）。
    fn minute_at(&self, n: u64) -> u32 {
        let mut left = n;
        for (from, to) in &self.0 {
            let span = u64::from(to - from);
            if left <= span {
                return from + u32::try_from(left).unwrap_or(0);
            }
            left -= span;
        }
        self.close()
    }
}

/// 某日零点起第几分钟的时刻。
fn at_minute(date: Date, minute: u32) -> Timestamp {
    let narrow = |n: u32| i8::try_from(n).unwrap_or(0);
    time::instant(date, narrow(minute / 60), narrow(minute % 60))
}

fn minute_of(at: Timestamp) -> u32 {
    let clock = at.to_zoned(time::china()).time();
    u32::from(clock.hour().unsigned_abs()) * 60 + u32::from(clock.minute().unsigned_abs())
}

impl Calendar {
    /// 视同收到之日：下班后或非工作日到达的，自下一工作日起算。
    ///
    /// # Errors
    /// 超出日历范围。
    pub fn reception_date(&self, arrived: Timestamp) -> Result<Date, Reason> {
        let date = time::date_of(arrived);
        if self.is_workday(date) && minute_of(arrived) >= self.hours.close() {
            return self.workday_on_or_after(date.tomorrow().map_err(|_| out_of_range())?);
        }
        self.workday_on_or_after(date)
    }

    /// 到期时刻：到期日下班时间。
    #[must_use]
    pub fn due_instant(&self, due: Date) -> Timestamp {
        at_minute(due, self.hours.close())
    }

    /// 从某时刻起过 `minutes` 个办公分钟的时刻；办公时段外不计。
    ///
    /// # Errors
    /// 超出日历范围。
    pub fn add_office_minutes(&self, from: Timestamp, minutes: u64) -> Result<Timestamp, Reason> {
        let date = time::date_of(from);
        let index = place(date)?;
        let per_day = self.hours.per_day().max(1);
        let today = if self.is_workday(date) { self.hours.elapsed(minute_of(from)) } else { 0 };
        let total = today.checked_add(minutes).ok_or_else(out_of_range)?;
        if minutes == 0 {
            return Ok(from);
        }
        let (days, rest) = ((total - 1) / per_day, (total - 1) % per_day + 1);
        let first = usize::from(self.before[index]);
        let day = self.nth_workday(first.saturating_add(usize::try_from(days).map_err(|_| out_of_range())?))?;
        Ok(at_minute(day, self.hours.minute_at(rest)))
    }

    /// 两时刻之间的办公分钟数；颠倒时为 0。
    ///
    /// # Errors
    /// 超出日历范围。
    pub fn office_minutes_between(&self, from: Timestamp, to: Timestamp) -> Result<u64, Reason> {
        Ok(self.office_position(to)?.saturating_sub(self.office_position(from)?))
    }

    /// 自日历首日起累计的办公分钟。
    fn office_position(&self, at: Timestamp) -> Result<u64, Reason> {
        let date = time::date_of(at);
        let whole = u64::from(self.before[place(date)?]) * self.hours.per_day();
        Ok(whole + if self.is_workday(date) { self.hours.elapsed(minute_of(at)) } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    fn at(text: &str) -> Timestamp {
        format!("{text}+08:00").parse().unwrap()
    }

    #[rstest]
    #[case("2021-05-31T10:00", "2021-05-31")]
    #[case("2021-05-31T08:00", "2021-05-31")]
    #[case("2021-05-31T17:29", "2021-05-31")]
    #[case("2021-05-31T17:30", "2021-06-01")]
    #[case("2021-06-11T18:00", "2021-06-15")]
    #[case("2021-10-02T10:00", "2021-10-08")]
    #[case("2021-09-18T10:00", "2021-09-18")]
    fn late_or_rest_day_arrivals_count_from_the_next_workday(#[case] arrived: &str, #[case] date: &str) {
        assert_eq!(Calendar::built_in().reception_date(at(arrived)).unwrap(), date.parse().unwrap());
    }

    #[test]
    fn due_at_closing_time() {
        assert_eq!(Calendar::built_in().due_instant("2021-06-07".parse().unwrap()), at("2021-06-07T17:30"));
    }

    #[rstest]
    #[case("2021-05-31T09:00", 60, "2021-05-31T10:00")]
    #[case("2021-05-31T11:30", 60, "2021-05-31T14:00")]
    #[case("2021-05-31T17:00", 60, "2021-06-01T09:30")]
    #[case("2021-05-31T20:00", 30, "2021-06-01T09:30")]
    #[case("2021-05-31T09:00", 420, "2021-05-31T17:30")]
    #[case("2021-05-31T09:00", 1440, "2021-06-03T12:00")]
    #[case("2021-09-30T17:30", 30, "2021-10-08T09:30")]
    #[case("2021-10-02T10:00", 30, "2021-10-08T09:30")]
    fn office_minutes(#[case] from: &str, #[case] minutes: u64, #[case] until: &str) {
        let calendar = Calendar::built_in();
        assert_eq!(calendar.add_office_minutes(at(from), minutes).unwrap(), at(until));
        assert_eq!(calendar.office_minutes_between(at(from), at(until)).unwrap(), minutes);
    }

    #[test]
    fn hours_are_checked_and_replaceable() {
        assert!(OfficeHours::new(vec![]).is_err());
        assert!(OfficeHours::new(vec![(600, 540)]).is_err());
        assert!(OfficeHours::new(vec![(540, 720), (700, 800)]).is_err());
        let calendar = Calendar::weekdays_only().with_hours(OfficeHours::new(vec![(510, 1_080)]).unwrap());
        assert_eq!(calendar.due_instant("2021-06-07".parse().unwrap()), at("2021-06-07T18:00"));
        assert!(Calendar::built_in().add_office_minutes(at("2021-05-31T09:00"), u64::MAX).is_err());
    }

    proptest! {
        #[test]
        fn adding_then_measuring_agrees(ms in 1_500_000_000_000i64..1_800_000_000_000, minutes in 1u64..20_000) {
            let calendar = Calendar::built_in();
            let from = Timestamp::from_millisecond(ms).unwrap();
            let until = calendar.add_office_minutes(from, minutes).unwrap();
            prop_assert_eq!(calendar.office_minutes_between(from, until).unwrap(), minutes);
        }

        #[test]
        fn never_panics(ms in i64::MIN / 1_000_000..i64::MAX / 1_000_000, minutes in any::<u64>()) {
            if let Ok(at) = Timestamp::from_millisecond(ms) {
                if let Ok(until) = Calendar::built_in().add_office_minutes(at, minutes) {
                    prop_assert!(until >= at);
                }
                if let Ok(day) = Calendar::built_in().reception_date(at) {
                    prop_assert!(day >= time::date_of(at));
                }
            }
        }
    }
}
