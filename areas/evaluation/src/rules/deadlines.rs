//! 差评的时限（evaluation §5.1）：从差评产生的下一工作日起 1 日联系、5 日核实、15 日整改到位；
//! 申诉 3 日、审核 2 日、回访 3 日从进入该状态起算。

use jiff::{Timestamp, civil::Date};
use tongban_kernel::calendar::Calendar;
use tongban_kernel::lights::ClockKind;
use tongban_kernel::problem::Reason;
use tongban_kernel::time;

use crate::model::State;

/// 差评用的时钟：剩余不多于 1 个工作日为黄（cases §3.5）。
pub const CLOCK: ClockKind = ClockKind::BadRating;

const CONTACT: u32 = 1;
const CONCLUDE: u32 = 5;
const RECTIFY: u32 = 15;
const APPEAL: u32 = 3;
const REVIEW: u32 = 2;
const REVISIT: u32 = 3;

/// 一条差评的三个总时限。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    pub contact: Date,
    pub conclude: Date,
    /// 整改到位 = 审核通过。
    pub rectify: Date,
}

/// 差评在 `at` 产生，三个总时限各是哪天。
///
/// # Errors
/// 超出日历范围。
pub fn deadlines(calendar: &Calendar, at: Timestamp) -> Result<Deadlines, Reason> {
    let from = time::date_of(at);
    Ok(Deadlines {
        contact: calendar.due(from, CONTACT)?,
        conclude: calendar.due(from, CONCLUDE)?,
        rectify: calendar.due(from, RECTIFY)?,
    })
}

/// 进入某状态时，这一步最迟哪天做完；终态没有时限。
///
/// # Errors
/// 超出日历范围。
pub fn state_due(calendar: &Calendar, all: &Deadlines, state: State, entered: Timestamp) -> Result<Option<Date>, Reason> {
    let from = time::date_of(entered);
    Ok(match state {
        State::ToVerify => Some(all.contact),
        State::Verifying => Some(all.conclude),
        State::Rectifying => Some(all.rectify),
        State::AppealReview => Some(calendar.due(from, APPEAL)?),
        State::ToReview => Some(calendar.due(from, REVIEW)?),
        State::ToRevisit => Some(calendar.due(from, REVISIT)?),
        State::Closed | State::Voided | State::Escalated => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn one_five_fifteen_from_the_next_workday() {
        let calendar = Calendar::built_in();
        // 2026-09-28（周一）产生；国庆放假 10-01 至 10-07，10-10（周六）上班
        let at = time::instant(date(2026, 9, 28), 20, 0);
        let all = deadlines(&calendar, at).unwrap();
        assert_eq!(all.contact, date(2026, 9, 29));
        assert_eq!(all.conclude, date(2026, 10, 10));
        assert_eq!(all.rectify, calendar.due(date(2026, 9, 28), 15).unwrap());
        assert!(all.rectify > date(2026, 10, 20));
    }

    #[test]
    fn later_steps_count_from_entering_the_state() {
        let calendar = Calendar::built_in();
        let all = deadlines(&calendar, time::instant(date(2026, 3, 2), 9, 0)).unwrap();
        let entered = time::instant(date(2026, 3, 6), 9, 0);
        let due = |state| state_due(&calendar, &all, state, entered).unwrap();
        assert_eq!(due(State::ToReview), Some(date(2026, 3, 10)));
        assert_eq!(due(State::AppealReview), Some(date(2026, 3, 11)));
        assert_eq!(due(State::Rectifying), Some(date(2026, 3, 23)));
        assert_eq!(due(State::Closed), None);
    }
}
