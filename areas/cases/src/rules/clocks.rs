//! 时钟：一件办件此刻走哪只钟、何时到期、下一次何时该响（cases §3.3、§3.5）。

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use tongban_kernel::calendar::Calendar;
use tongban_kernel::lights::{self, ClockKind, Light, Reading};
use tongban_kernel::problem::Reason;

use crate::model::{Case, State};
use crate::rules::renewals;

/// 预审：网上件 1 个工作日内（安阳条例第42条）。
pub const PRECHECK_DAYS: u32 = 1;
/// 一次告知补正：当场或 5 日内；逾期不告知自收到之日起即为受理（许可法第32条）。
pub const NOTIFY_DAYS: u32 = 5;
/// 送达：决定后 10 日内（许可法第44条）。
pub const DELIVERY_DAYS: u32 = 10;
/// 补正期限缺省 30 个工作日，届满视为撤回（安阳条例第36条）。
pub const CORRECTION_DAYS: u32 = 30;

/// 时钟响的是什么。
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// 转黄。
    Yellow,
    /// 补正期限届满，视为撤回。
    LapseCorrection,
    /// 容缺补交期限届满，视为撤回。
    LapseDeferred,
    /// 预审超期（仍可接件，灯转红）。
    PrecheckRed,
    /// 受理钟走完仍未告知：自动受理。
    AutoAccept,
    /// 超过承诺时限。
    PromiseRed,
    /// 超过法定时限。
    LegalRed,
    /// 特别程序超过书面告知的时长。
    ProcedureRed,
    /// 送达超期。
    DeliveryRed,
    /// 环节超时；灯不变，只记异常。
    StepRed,
    /// 原证届满之日下班还没有决定延续。
    ExpiryRed,
    /// 原证届满，延续还没有决定：视为准予。
    DeemGranted,
}

impl Alarm {
    /// 响了以后灯转红。
    #[must_use]
    pub const fn turns_red(self) -> bool {
        matches!(self, Self::PrecheckRed | Self::PromiseRed | Self::LegalRed | Self::ProcedureRed | Self::DeliveryRed | Self::ExpiryRed)
    }
}

/// 一件办件此刻的时间安排。
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Timing {
    pub due: Option<Timestamp>,
    pub yellow_from: Option<Timestamp>,
    pub legal_due: Option<Timestamp>,
    pub stopped: bool,
    /// 按时刻先后排列。
    pub alarms: Vec<(Timestamp, Alarm)>,
}

impl Timing {
    fn watch(calendar: &Calendar, due: Date, red: Alarm) -> Result<Self, Reason> {
        let at = calendar.due_instant(due);
        let yellow = lights::yellow_from(calendar, ClockKind::Case, due)?;
        Ok(Self { due: Some(at), yellow_from: Some(yellow), alarms: vec![(yellow, Alarm::Yellow), (past(at), red)], ..Self::default() })
    }

    fn with(mut self, at: Timestamp, alarm: Alarm) -> Self {
        self.alarms.push((at, alarm));
        self.alarms.sort_unstable();
        self
    }

    /// 此刻的灯。
    #[must_use]
    pub fn light(&self, now: Timestamp) -> Light {
        let reading = Reading { due: self.due, yellow_from: self.yellow_from, stopped: self.stopped, finished: None };
        lights::light(&reading, now)
    }

    /// `done` 之后最早该响的时刻。
    #[must_use]
    pub fn next_after(&self, done: Option<Timestamp>) -> Option<Timestamp> {
        self.alarms.iter().map(|(at, _)| *at).find(|at| done.is_none_or(|done| *at > done))
    }

    /// 恰在某一时刻响的。
    pub fn alarms_at(&self, at: Timestamp) -> impl Iterator<Item = Alarm> + '_ {
        self.alarms.iter().filter(move |(when, _)| *when == at).map(|(_, alarm)| *alarm)
    }
}

/// “过到期时刻”：到期时刻之后一毫秒，到期那一刻本身还算按时。
fn past(at: Timestamp) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(1)).unwrap_or(at)
}

/// 由办件现状算出时间安排；终态没有时钟。
///
/// # Errors
/// 日期超出工作日历的范围。
pub fn timing(case: &Case, calendar: &Calendar) -> Result<Timing, Reason> {
    let timing = by_state(case, calendar)?;
    match case.renews_until.filter(|_| case.state.is_undecided()) {
        Some(until) => renewing(case, calendar, timing, until),
        None => Ok(timing),
    }
}

/// 延续件还要赶在原证届满之前（许可法第50条）：届满早于承诺的，到期就是届满；停着表也照样届满。
fn renewing(case: &Case, calendar: &Calendar, mut timing: Timing, until: Date) -> Result<Timing, Reason> {
    let (due, yellow) = (calendar.due_instant(until), lights::yellow_from(calendar, ClockKind::Case, until)?);
    let near = case.clock_done.is_some_and(|done| done >= yellow);
    if near || (!timing.stopped && timing.due.is_none_or(|other| due < other)) {
        (timing.due, timing.yellow_from) = (Some(due), Some(yellow));
        timing.stopped = false;
    }
    let timing = timing.with(yellow, Alarm::Yellow).with(past(due), Alarm::ExpiryRed);
    Ok(if renewals::deemed(case) { timing.with(renewals::lapses(until), Alarm::DeemGranted) } else { timing })
}

fn by_state(case: &Case, calendar: &Calendar) -> Result<Timing, Reason> {
    match case.state {
        State::Submitted => before_acceptance(case, calendar, case.channel.needs_precheck()),
        State::Received => before_acceptance(case, calendar, false),
        State::Correcting => {
            let Some(due) = case.correction_due else { return Ok(Timing { stopped: true, ..Timing::default() }) };
            let at = calendar.due_instant(due);
            Ok(Timing { due: Some(at), stopped: true, alarms: vec![(past(at), Alarm::LapseCorrection)], ..Timing::default() })
        }
        State::Accepted => processing(case, calendar),
        State::Suspended => {
            let Some(procedure) = case.running_procedure() else { return Ok(Timing { stopped: true, ..Timing::default() }) };
            let at = calendar.due_instant(procedure.planned_end);
            // 书面告知的时长之内为灰，超过转红；不自动恢复计时
            let overdue = case.clock_done.is_some_and(|done| done >= past(at));
            Ok(Timing { due: Some(at), stopped: !overdue, alarms: vec![(past(at), Alarm::ProcedureRed)], ..Timing::default() })
        }
        State::Decided => {
            let start = case.decided_at.map_or(case.counted_on, tongban_kernel::time::date_of);
            Timing::watch(calendar, calendar.due(start, DELIVERY_DAYS)?, Alarm::DeliveryRed)
        }
        _ => Ok(Timing::default()),
    }
}

/// 受理前：网上件先看预审钟，受理钟第 5 个工作日结束自动受理。
fn before_acceptance(case: &Case, calendar: &Calendar, precheck: bool) -> Result<Timing, Reason> {
    let notify = calendar.due_instant(calendar.due(case.counted_on, NOTIFY_DAYS)?);
    let timing = if precheck {
        Timing::watch(calendar, calendar.due(case.counted_on, PRECHECK_DAYS)?, Alarm::PrecheckRed)?
    } else {
        let due = calendar.due(case.counted_on, NOTIFY_DAYS)?;
        let yellow = lights::yellow_from(calendar, ClockKind::Case, due)?;
        Timing { due: Some(notify), yellow_from: Some(yellow), alarms: vec![(yellow, Alarm::Yellow)], ..Timing::default() }
    };
    Ok(timing.with(past(notify), Alarm::AutoAccept))
}

/// 办理中：承诺钟、法定钟、容缺补交钟。
fn processing(case: &Case, calendar: &Calendar) -> Result<Timing, Reason> {
    let Some(accepted) = case.accepted_on else { return Ok(Timing::default()) };
    let stops = case.suspensions();
    let Some(due) = calendar.due_date(accepted, case.limit_days(), &stops)? else {
        return Ok(Timing { stopped: true, ..Timing::default() });
    };
    let mut timing = Timing::watch(calendar, due, Alarm::PromiseRed)?;
    if case.legal_days > 0
        && let Some(legal) = calendar.due_date(accepted, case.legal_days.saturating_add(case.extension_days), &stops)?
    {
        let at = calendar.due_instant(legal);
        timing.legal_due = Some(at);
        timing = timing.with(past(at), Alarm::LegalRed);
    }
    if let (Some(stage), Some(since)) = (case.current_stage().filter(|stage| stage.days > 0), case.step_since)
        && let Some(step) = calendar.due_date(tongban_kernel::time::date_of(since), stage.days, &stops)?
    {
        timing = timing.with(past(calendar.due_instant(step)), Alarm::StepRed);
    }
    if let Some(deferred) = case.deferred_due {
        timing = timing.with(past(calendar.due_instant(deferred)), Alarm::LapseDeferred);
    }
    Ok(timing)
}

/// 容缺补交时限缺省为承诺时限的一半、至少 1 个工作日（cases §6）。
#[must_use]
pub fn deferred_days(promise_days: u32) -> u32 {
    (promise_days / 2).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Procedure, Step};
    use crate::testing::case_in;
    use jiff::civil::date;

    fn at(text: &str) -> Timestamp {
        format!("{text}+08:00").parse().unwrap()
    }

    #[test]
    fn an_online_submission_watches_precheck_then_accepts_by_itself() {
        let calendar = Calendar::built_in();
        let mut case = case_in(State::Submitted);
        case.counted_on = date(2021, 5, 31);
        let timing = timing(&case, &calendar).unwrap();
        assert_eq!(timing.due, Some(at("2021-06-01T17:30")));
        let names: Vec<_> = timing.alarms.iter().map(|(_, alarm)| *alarm).collect();
        assert_eq!(names, [Alarm::Yellow, Alarm::PrecheckRed, Alarm::AutoAccept]);
        assert_eq!(timing.alarms[2].0, at("2021-06-07T17:30:00.001"));
        assert_eq!(timing.light(at("2021-05-31T12:00")), Light::Yellow);
        assert_eq!(timing.light(at("2021-06-02T12:00")), Light::Red);
    }

    #[test]
    fn a_received_case_watches_the_five_days_only() {
        let calendar = Calendar::built_in();
        let mut case = case_in(State::Received);
        case.counted_on = date(2021, 5, 31);
        let timing = timing(&case, &calendar).unwrap();
        assert_eq!(timing.due, Some(at("2021-06-07T17:30")));
        assert_eq!(timing.next_after(None), Some(at("2021-06-04T00:00")));
        assert_eq!(timing.next_after(Some(at("2021-06-04T00:00"))), Some(at("2021-06-07T17:30:00.001")));
    }

    #[test]
    fn promise_legal_and_deferred_clocks_run_together() {
        let calendar = Calendar::built_in();
        let mut case = case_in(State::Accepted);
        case.accepted_on = Some(date(2021, 10, 8));
        (case.promise_days, case.legal_days, case.extension_days) = (5, 20, 0);
        case.deferred_due = Some(date(2021, 10, 12));
        let timing = timing(&case, &calendar).unwrap();
        assert_eq!(timing.due, Some(at("2021-10-14T17:30")));
        assert_eq!(timing.legal_due, Some(at("2021-11-04T17:30")));
        let names: Vec<_> = timing.alarms.iter().map(|(_, alarm)| *alarm).collect();
        assert_eq!(names, [Alarm::LapseDeferred, Alarm::Yellow, Alarm::PromiseRed, Alarm::LegalRed]);
    }

    #[test]
    fn extension_and_suspension_move_the_due_date() {
        let calendar = Calendar::built_in();
        let mut case = case_in(State::Accepted);
        case.accepted_on = Some(date(2021, 10, 8));
        (case.promise_days, case.legal_days) = (20, 20);
        let stop = |from, to| Procedure {
            id: 1,
            kind: 28,
            reason: String::new(),
            notice: Some("x".into()),
            stops: true,
            planned_days: 5,
            planned_end: date(2021, 10, 20),
            started_on: from,
            ended_on: to,
            result: String::new(),
        };
        case.procedures = vec![stop(date(2021, 10, 13), Some(date(2021, 10, 20)))];
        assert_eq!(timing(&case, &calendar).unwrap().due, Some(at("2021-11-11T17:30")));
        case.extension_days = 1;
        assert_eq!(timing(&case, &calendar).unwrap().due, Some(at("2021-11-12T17:30")));
        // 没有书面告知的不停表
        case.procedures[0].stops = false;
        assert_eq!(timing(&case, &calendar).unwrap().due, Some(at("2021-11-05T17:30")));
    }

    #[test]
    fn a_suspension_is_grey_until_it_outlasts_its_notice() {
        let calendar = Calendar::built_in();
        let mut case = case_in(State::Suspended);
        case.accepted_on = Some(date(2021, 10, 8));
        case.procedures = vec![Procedure {
            id: 1,
            kind: 28,
            reason: String::new(),
            notice: Some("x".into()),
            stops: true,
            planned_days: 5,
            planned_end: date(2021, 10, 20),
            started_on: date(2021, 10, 13),
            ended_on: None,
            result: String::new(),
        }];
        let before = timing(&case, &calendar).unwrap();
        assert_eq!(before.light(at("2021-10-19T12:00")), Light::Grey);
        case.clock_done = before.next_after(None);
        assert_eq!(timing(&case, &calendar).unwrap().light(at("2021-10-21T12:00")), Light::Red);
    }

    #[test]
    fn instant_items_are_due_the_same_day() {
        let calendar = Calendar::built_in();
        let mut case = case_in(State::Accepted);
        case.step = Some(Step::Approve);
        case.accepted_on = Some(date(2021, 5, 31));
        (case.promise_days, case.legal_days) = (0, 0);
        assert_eq!(timing(&case, &calendar).unwrap().due, Some(at("2021-05-31T17:30")));
    }

    #[test]
    fn delivery_has_ten_days_and_finished_cases_have_no_clock() {
        let calendar = Calendar::built_in();
        let mut case = case_in(State::Decided);
        case.decided_at = Some(at("2021-10-08T10:00"));
        assert_eq!(timing(&case, &calendar).unwrap().due, Some(at("2021-10-21T17:30")));
        for state in State::ALL.into_iter().filter(|state| state.is_terminal()) {
            assert_eq!(timing(&case_in(state), &calendar).unwrap(), Timing::default());
        }
    }

    #[test]
    fn correction_stops_the_clock_and_lapses_at_its_end() {
        let calendar = Calendar::built_in();
        let mut case = case_in(State::Correcting);
        case.correction_due = Some(date(2021, 7, 13));
        let timing = timing(&case, &calendar).unwrap();
        assert_eq!(timing.light(at("2021-07-14T12:00")), Light::Grey);
        assert_eq!(timing.alarms, [(at("2021-07-13T17:30:00.001"), Alarm::LapseCorrection)]);
    }

    #[test]
    fn a_renewal_is_due_before_the_old_licence_lapses_even_when_stopped() {
        let calendar = Calendar::built_in();
        let mut case = case_in(State::Accepted);
        case.accepted_on = Some(date(2021, 6, 1));
        (case.promise_days, case.legal_days, case.renews_until) = (40, 0, Some(date(2021, 7, 9)));
        let running = timing(&case, &calendar).unwrap();
        assert_eq!(running.due, Some(at("2021-07-09T17:30")));
        assert_eq!(running.alarms.last(), Some(&(at("2021-07-28T17:30:00.001"), Alarm::PromiseRed)));
        assert!(running.alarms.contains(&(at("2021-07-10T00:00"), Alarm::DeemGranted)));
        case.promise_days = 3;
        assert_eq!(timing(&case, &calendar).unwrap().due, Some(at("2021-06-04T17:30")), "承诺更早的先看承诺");
        (case.state, case.correction_due) = (State::Correcting, Some(date(2021, 7, 13)));
        let waiting = timing(&case, &calendar).unwrap();
        assert_eq!(waiting.light(at("2021-06-20T12:00")), Light::Grey);
        assert!(waiting.alarms.iter().all(|(_, alarm)| *alarm != Alarm::DeemGranted), "等申请人补正，不视为准予");
        case.clock_done = Some(at("2021-07-08T12:00"));
        assert_eq!(timing(&case, &calendar).unwrap().light(at("2021-07-08T12:00")), Light::Yellow, "快届满了，停着表也亮");
        case.state = State::Decided;
        case.decided_at = Some(at("2021-07-08T12:00"));
        assert!(timing(&case, &calendar).unwrap().alarms.iter().all(|(_, alarm)| !matches!(alarm, Alarm::ExpiryRed | Alarm::DeemGranted)));
    }

    #[test]
    fn deferred_materials_get_half_the_promise() {
        assert_eq!([deferred_days(0), deferred_days(1), deferred_days(5), deferred_days(20)], [1, 1, 2, 10]);
    }
}
