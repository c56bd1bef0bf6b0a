//! 延续的期限（许可法第50条）：届满三十日前提出的，届满前未作决定视为准予。

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use tongban_kernel::problem::Code;
use tongban_kernel::{Problem, time};

use crate::model::{Case, State};

/// 届满多少日前提出；是申请人的期限，按自然日算（第82条的工作日只说行政机关的期限）。
pub const APPLY_DAYS: i32 = 30;

/// `2036 年 9 月 29 日`：证照管好几年，年份要写出来。
#[must_use]
pub fn show(until: Date) -> String {
    format!("{} 年 {}", until.year(), time::show_day(until))
}

/// 最迟哪天提出，届满前没有决定才视为准予。
#[must_use]
pub fn apply_by(until: Date) -> Date {
    until.checked_sub(APPLY_DAYS.days()).unwrap_or(until)
}

/// 提得够早。
#[must_use]
pub fn in_time(submitted: Date, until: Date) -> bool {
    submitted <= apply_by(until)
}

/// 届满：止日整天有效，到次日零点。
#[must_use]
pub fn lapses(until: Date) -> Timestamp {
    until.tomorrow().map_or(Timestamp::MAX, |next| time::instant(next, 0, 0))
}

/// 届满那一刻没有决定，就视为准予：提得够早；在等申请人补正的不算（不是机关没作决定）。
#[must_use]
pub fn deemed(case: &Case) -> bool {
    let asked = case.renews_until.is_some_and(|until| in_time(time::date_of(case.submitted_at), until));
    asked && matches!(case.state, State::Submitted | State::Received | State::Accepted | State::Suspended)
}

/// 现在能不能提延续。
///
/// # Errors
/// 已经届满：要重新申请。
pub fn check(today: Date, until: Date) -> Result<(), Problem> {
    if today > until {
        let told = format!("这张证已在 {} 届满，不能再延续，请重新申请", show(until));
        return Err(Problem::new(Code::Conflict, told));
    }
    Ok(())
}

/// 告诉申请人的一句话。
#[must_use]
pub fn told(submitted: Date, until: Date) -> String {
    let day = show(until);
    if in_time(submitted, until) {
        return format!("原证有效期至 {day}。您在届满三十日前提出，届满前没有作出决定的，视为准予延续（行政许可法第五十条）");
    }
    format!("原证有效期至 {day}。离届满已不足三十日，届满前没有作出决定的，不能视为准予，原证到期后不能再用")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::case_in;
    use jiff::civil::date;

    #[test]
    fn thirty_natural_days_before_the_last_valid_day() {
        let until = date(2026, 12, 31);
        assert_eq!(apply_by(until), date(2026, 12, 1));
        assert!(in_time(date(2026, 12, 1), until) && !in_time(date(2026, 12, 2), until));
        assert_eq!(lapses(until).to_string(), "2026-12-31T16:00:00Z");
        assert!(check(until, until).is_ok() && check(date(2027, 1, 1), until).is_err());
        assert!(told(date(2026, 12, 1), until).contains("2026 年 12 月 31 日。您在届满三十日前提出，届满前没有作出决定的，视为准予延续"));
        assert!(check(date(2027, 1, 1), until).is_err_and(|problem| problem.detail.contains("2026 年 12 月 31 日")));
        assert!(told(date(2026, 12, 2), until).contains("不能视为准予"));
    }

    #[test]
    fn only_what_the_authority_left_undecided_counts_as_granted() {
        let until = Some(date(2021, 8, 1));
        for state in State::ALL {
            let case = Case { renews_until: until, ..case_in(state) };
            let waits = matches!(state, State::Submitted | State::Received | State::Accepted | State::Suspended);
            assert_eq!(deemed(&case), waits, "{state:?}");
            assert!(!deemed(&case_in(state)), "不是延续件");
            assert!(!deemed(&Case { renews_until: Some(date(2021, 6, 29)), ..case_in(state) }), "五月三十一日离它不足三十日");
        }
    }
}
