//! 统计期：月、年。一期的代号是整数：2026 年 5 月 → 20260500，2026 年 → 20260000。

use jiff::ToSpan;
use jiff::civil::{Date, date};
use tongban_kernel::time::{day_number, from_day_number};

/// 一个统计期。
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Period {
    Month { year: i16, month: i8 },
    Year { year: i16 },
}

impl Period {
    #[must_use]
    pub fn month_of(day: Date) -> Self {
        Self::Month { year: day.year(), month: day.month() }
    }

    #[must_use]
    pub fn year_of(day: Date) -> Self {
        Self::Year { year: day.year() }
    }

    #[must_use]
    pub fn code(self) -> i64 {
        match self {
            Self::Month { year, month } => i64::from(year) * 10_000 + i64::from(month) * 100,
            Self::Year { year } => i64::from(year) * 10_000,
        }
    }

    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        let year = i16::try_from(code / 10_000).ok()?;
        let month = i8::try_from(code / 100 % 100).ok()?;
        if code % 100 != 0 || !(1990..=2149).contains(&year) || !(0..=12).contains(&month) {
            return None;
        }
        Some(if month == 0 { Self::Year { year } } else { Self::Month { year, month } })
    }

    /// 网址里的写法：`2026-05`、`2026`。
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-').unwrap_or((text, "0"));
        let year: i64 = year.parse().ok()?;
        let month: i64 = month.parse().ok()?;
        if text.contains('-') && month == 0 {
            return None;
        }
        Self::from_code(year * 10_000 + month * 100)
    }

    #[must_use]
    pub fn link(self) -> String {
        match self {
            Self::Month { year, month } => format!("{year}-{month:02}"),
            Self::Year { year } => year.to_string(),
        }
    }

    #[must_use]
    pub fn title(self) -> String {
        match self {
            Self::Month { year, month } => format!("{year} 年 {month} 月"),
            Self::Year { year } => format!("{year} 年"),
        }
    }

    #[must_use]
    pub fn first(self) -> Date {
        match self {
            Self::Month { year, month } => date(year, month, 1),
            Self::Year { year } => date(year, 1, 1),
        }
    }

    #[must_use]
    pub fn last(self) -> Date {
        match self {
            Self::Month { .. } => self.first().last_of_month(),
            Self::Year { year } => date(year, 12, 31),
        }
    }

    /// 上一期。
    #[must_use]
    pub fn previous(self) -> Self {
        let before = self.first().checked_sub(1.day()).unwrap_or(Date::MIN);
        match self {
            Self::Month { .. } => Self::month_of(before),
            Self::Year { .. } => Self::year_of(before),
        }
    }

    /// 到 `as_of` 为止算到哪天：不超过期末。
    #[must_use]
    pub fn until(self, as_of: Date) -> Date {
        self.last().min(as_of)
    }

    /// 期内到 `as_of` 为止的起止日，整数写法。
    #[must_use]
    pub fn days(self, as_of: Date) -> (i64, i64) {
        (day_number(self.first()), day_number(self.until(as_of)))
    }
}

/// 某日所在的月，整数写法：20261122 → 20261100。
#[must_use]
pub const fn month_row(day: i64) -> i64 {
    day - day % 100
}

/// 整数日子转日期；月行取月末。
#[must_use]
pub fn date_of_day(day: i64) -> Option<Date> {
    if day % 100 == 0 { Period::from_code(day).map(Period::last) } else { from_day_number(day) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_links_and_edges() {
        let may = Period::parse("2026-05").unwrap();
        assert_eq!((may.code(), may.link(), may.title()), (20_260_500, "2026-05".into(), "2026 年 5 月".into()));
        assert_eq!(Period::from_code(may.code()), Some(may));
        assert_eq!(may.days(date(2026, 5, 20)), (20_260_501, 20_260_520));
        assert_eq!(may.days(date(2026, 6, 20)), (20_260_501, 20_260_531));
        let year = Period::parse("2026").unwrap();
        assert_eq!(year.days(date(2027, 1, 1)), (20_260_101, 20_261_231));
        assert_eq!(Period::parse("2026-01").unwrap().previous(), Period::parse("2025-12").unwrap());
        for bad in ["2026-13", "2026-0", "", "x", "-1", "99999-01", "2026-00"] {
            assert_eq!(Period::parse(bad), None, "{bad}");
        }
        assert_eq!(month_row(20_261_122), 20_261_100);
    }
}
