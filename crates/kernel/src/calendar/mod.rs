//! 工作日历：全平台唯一的工作日算术（cases §3.2、§3.3）。
//!
//! 例外表只列与“周一至周五上班”不同的日子；装载时展开成逐日累计数，到期日因此是查表，不是循环。
//! 日历覆盖 1990–2149 年；范围外的日期一律说明原因，不猜。

mod due;
mod office;

pub use due::{Day, Explained, Suspension};
pub use office::OfficeHours;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock, RwLock};

use jiff::civil::{Date, Weekday};

use crate::problem::Reason;

const FIRST_YEAR: i16 = 1990;
const LAST_YEAR: i16 = 2149;

/// 一张工作日历。不可变，廉价共享。
#[derive(Debug, Clone)]
pub struct Calendar {
    exceptions: BTreeMap<Date, Exception>,
    years: BTreeSet<i16>,
    /// `before[i]`：第 i 天之前有几个工作日。
    before: Vec<u16>,
    /// `nth[k]`：第 k 个（从 0 起）工作日是第几天。
    nth: Vec<u16>,
    hours: OfficeHours,
}

#[derive(Debug, Clone)]
struct Exception {
    workday: bool,
    name: String,
}

static BUILT_IN: LazyLock<Arc<Calendar>> = LazyLock::new(|| {
    let text = include_str!("../../../../reference/holidays.csv");
    Arc::new(Calendar::from_csv(text).unwrap_or_else(|_| Calendar::weekdays_only()))
});

static CURRENT: LazyLock<RwLock<Arc<Calendar>>> = LazyLock::new(|| RwLock::new(Calendar::built_in()));

/// 现在生效的日历。
#[must_use]
pub fn current() -> Arc<Calendar> {
    CURRENT.read().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
}

/// 管理员维护日历后换上新的一张；在途计算仍用各自手里的旧表。
pub fn install(calendar: Calendar) {
    *CURRENT.write().unwrap_or_else(std::sync::PoisonError::into_inner) = Arc::new(calendar);
}

impl Calendar {
    /// 随程序带的 2018–2026 年日历。
    #[must_use]
    pub fn built_in() -> Arc<Self> {
        Arc::clone(&BUILT_IN)
    }

    /// 没有任何例外的日历。
    #[must_use]
    pub fn weekdays_only() -> Self {
        Self::build(BTreeMap::new(), BTreeSet::new())
    }

    /// 读 `date,kind,name` 三列；首行是表头；`kind` 为 `holiday` 或 `workday`。
    ///
    /// # Errors
    /// 哪一行、哪一列不对。
    pub fn from_csv(text: &str) -> Result<Self, Reason> {
        let mut exceptions = BTreeMap::new();
        for (number, line) in (1..).zip(text.trim_start_matches('\u{feff}').lines()) {
            if number == 1 || line.trim().is_empty() {
                continue;
            }
            let wrong = |what: &str| Reason::new("calendar-row", format!("工作日历第 {number} 行{what}：{line}"));
            let mut cells = line.splitn(3, ',').map(str::trim);
            let (Some(day), Some(kind), Some(name)) = (cells.next(), cells.next(), cells.next()) else {
                return Err(wrong("应有日期、种类、名称三列"));
            };
            let date: Date = day.parse().map_err(|_| wrong("日期应写作 2026-10-01"))?;
            if !(FIRST_YEAR..=LAST_YEAR).contains(&date.year()) {
                return Err(wrong("年份超出 1990–2149"));
            }
            let workday = match kind {
                "holiday" => false,
                "workday" => true,
                _ => return Err(wrong("种类应为 holiday（放假）或 workday（上班）")),
            };
            if exceptions.insert(date, Exception { workday, name: name.to_owned() }).is_some() {
                return Err(wrong("日期重复"));
            }
        }
        let years = exceptions.keys().map(|date| date.year()).collect();
        Ok(Self::build(exceptions, years))
    }

    /// 换一套办公时间。
    #[must_use]
    pub fn with_hours(self, hours: OfficeHours) -> Self {
        Self { hours, ..self }
    }

    #[must_use]
    pub fn hours(&self) -> &OfficeHours {
        &self.hours
    }

    fn build(exceptions: BTreeMap<Date, Exception>, years: BTreeSet<i16>) -> Self {
        let mut before = Vec::with_capacity(days() + 1);
        let mut nth = Vec::with_capacity(days() * 5 / 7);
        for (index, number) in (0..days()).zip(0u16..) {
            before.push(u16::try_from(nth.len()).unwrap_or(u16::MAX));
            let date = date_at(index);
            if exceptions.get(&date).map_or_else(|| is_weekday(date), |exception| exception.workday) {
                nth.push(number);
            }
        }
        before.push(u16::try_from(nth.len()).unwrap_or(u16::MAX));
        Self { exceptions, years, before, nth, hours: OfficeHours::default() }
    }

    /// 是否工作日：命中例外按例外，否则周一至周五。
    #[must_use]
    pub fn is_workday(&self, date: Date) -> bool {
        match index_of(date) {
            Some(index) => self.before[index] < self.before[index + 1],
            None => is_weekday(date),
        }
    }

    /// 该年有没有维护过放假安排；没有时界面提示“日历未维护”。
    #[must_use]
    pub fn maintained(&self, year: i16) -> bool {
        self.years.contains(&year)
    }

    /// 维护过的年份。
    pub fn years(&self) -> impl Iterator<Item = i16> + '_ {
        self.years.iter().copied()
    }

    /// 全年工作日数；范围外的年份按周末规则也不给数。
    ///
    /// # Errors
    /// 年份不在 1990–2149。
    pub fn workdays_in_year(&self, year: i16) -> Result<u32, Reason> {
        let start = Date::new(year, 1, 1).ok().and_then(index_of).ok_or_else(out_of_range)?;
        let end = Date::new(year, 12, 31).ok().and_then(index_of).ok_or_else(out_of_range)?;
        Ok(u32::from(self.before[end + 1] - self.before[start]))
    }

    /// 例外日的名称，如“国庆节”“春节调休上班”。
    #[must_use]
    pub fn name_of(&self, date: Date) -> Option<&str> {
        self.exceptions.get(&date).map(|exception| exception.name.as_str())
    }

    /// 例外表，供管理页与导出：日期、是否上班、名称。
    pub fn exceptions(&self) -> impl Iterator<Item = (Date, bool, &str)> {
        self.exceptions.iter().map(|(date, exception)| (*date, exception.workday, exception.name.as_str()))
    }

    /// 当天或其后的首个工作日。
    ///
    /// # Errors
    /// 超出日历范围。
    pub fn workday_on_or_after(&self, date: Date) -> Result<Date, Reason> {
        self.nth_workday(usize::from(self.before[place(date)?]))
    }

    /// `date` 之前第 `n` 个工作日（`n` ≥ 1；不含 `date`）。
    ///
    /// # Errors
    /// 超出日历范围。
    pub fn workdays_back(&self, date: Date, n: u32) -> Result<Date, Reason> {
        let passed = usize::from(self.before[place(date)?]);
        passed.checked_sub(n.max(1) as usize).ok_or_else(out_of_range).and_then(|k| self.nth_workday(k))
    }

    fn nth_workday(&self, k: usize) -> Result<Date, Reason> {
        self.nth.get(k).map(|index| date_at(usize::from(*index))).ok_or_else(out_of_range)
    }

    /// 截至 `index` 日（含）有几个工作日。
    fn through(&self, index: usize) -> usize {
        usize::from(self.before[index + 1])
    }
}

fn out_of_range() -> Reason {
    Reason::new("calendar-range", "日期超出工作日历的范围（1990 到 2149 年），请核对日期或时限")
}

fn is_weekday(date: Date) -> bool {
    !matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday)
}

/// 公历日期 → 距 1970-01-01 的天数（按 400 年一轮换算）。
fn civil_days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

const FIRST_DAY: i64 = 7_305; // 1990-01-01

fn days() -> usize {
    usize::try_from(civil_days(i64::from(LAST_YEAR) + 1, 1, 1) - FIRST_DAY).unwrap_or(0)
}

/// 日期在表里是第几天；范围外为 `None`。
fn index_of(date: Date) -> Option<usize> {
    if !(FIRST_YEAR..=LAST_YEAR).contains(&date.year()) {
        return None;
    }
    usize::try_from(civil_days(date.year().into(), date.month().into(), date.day().into()) - FIRST_DAY).ok()
}

fn place(date: Date) -> Result<usize, Reason> {
    index_of(date).ok_or_else(out_of_range)
}

/// [`index_of`] 的逆。
fn date_at(index: usize) -> Date {
    let z = i64::try_from(index).unwrap_or(0) + FIRST_DAY + 719_468;
    let era = z.div_euclid(146_097);
    let day_of_era = z - era * 146_097;
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    let narrow = |value: i64| i8::try_from(value).unwrap_or(1);
    Date::new(i16::try_from(year).unwrap_or(FIRST_YEAR), narrow(month), narrow(day)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case(2018, 250)]
    #[case(2019, 250)]
    #[case(2020, 249)]
    #[case(2021, 250)]
    #[case(2022, 249)]
    #[case(2023, 249)]
    #[case(2024, 251)]
    #[case(2025, 248)]
    #[case(2026, 248)]
    fn workdays_of_each_year(#[case] year: i16, #[case] count: u32) {
        let calendar = Calendar::built_in();
        assert_eq!(calendar.workdays_in_year(year).unwrap(), count);
        assert!(calendar.maintained(year));
    }

    #[test]
    fn the_built_in_file_is_read_not_replaced() {
        assert_eq!(Calendar::built_in().exceptions().count(), 223);
        assert!(!Calendar::built_in().maintained(2027));
        assert_eq!(Calendar::built_in().name_of(date(2018, 1, 1)), Some("元旦"));
    }

    #[test]
    fn indexes_cover_every_day_once() {
        assert_eq!(index_of(date(FIRST_YEAR, 1, 1)), Some(0));
        assert_eq!(index_of(date(LAST_YEAR, 12, 31)), Some(days() - 1));
        assert!(u16::try_from(days()).is_ok());
        let mut expected = date(FIRST_YEAR, 1, 1);
        for index in 0..days() {
            assert_eq!(date_at(index), expected);
            assert_eq!(index_of(expected), Some(index));
            expected = expected.tomorrow().unwrap();
        }
        assert_eq!(index_of(date(1989, 12, 31)), None);
        assert_eq!(index_of(date(9999, 12, 31)), None);
    }

    #[rstest]
    #[case("date,kind,name\n2026-13-01,holiday,x")]
    #[case("date,kind,name\n2026-10-01,off,x")]
    #[case("date,kind,name\n2026-10-01")]
    #[case("date,kind,name\n2026-10-01,holiday,x\n2026-10-01,workday,y")]
    #[case("date,kind,name\n9999-10-01,holiday,x")]
    fn bad_rows_are_named(#[case] text: &str) {
        let reason = Calendar::from_csv(text).unwrap_err();
        assert!(reason.detail.contains("行"), "{reason}");
    }

    #[test]
    fn a_replaced_calendar_answers_differently() {
        let calendar = Calendar::from_csv("date,kind,name\n2027-01-01,holiday,元旦\n2027-01-02,workday,调休").unwrap();
        assert!(!calendar.is_workday(date(2027, 1, 1)) && calendar.is_workday(date(2027, 1, 2)));
        assert!(calendar.maintained(2027) && !calendar.maintained(2026));
    }

    #[test]
    fn back_and_forth() {
        let calendar = Calendar::built_in();
        assert_eq!(calendar.workday_on_or_after(date(2021, 10, 2)).unwrap(), date(2021, 10, 8));
        assert_eq!(calendar.workdays_back(date(2021, 10, 8), 1).unwrap(), date(2021, 9, 30));
        assert_eq!(calendar.workday_on_or_after(date(9999, 1, 1)).unwrap_err().code, "calendar-range");
        assert!(calendar.workdays_back(date(1990, 1, 1), 1).is_err());
    }

    proptest! {
        #[test]
        fn parser_never_panics(text in "(?s).{0,200}") {
            let _ = Calendar::from_csv(&text);
        }

        #[test]
        fn any_date_is_answered(year in -9998i16..9999, month in 1i8..=12, day in 1i8..=28) {
            let date = date(year, month, day);
            let calendar = Calendar::built_in();
            if let Ok(found) = calendar.workday_on_or_after(date) {
                prop_assert!(found >= date && calendar.is_workday(found));
                prop_assert_eq!(found == date, calendar.is_workday(date));
            }
            if let Ok(days) = calendar.workdays_in_year(year) {
                prop_assert!((240..=262).contains(&days), "{year} 年 {days} 天");
            }
        }
    }
}
