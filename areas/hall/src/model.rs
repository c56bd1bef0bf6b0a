//! 大厅的类型与状态机：号票 等候→已叫→在办→办完／过号；预约 已约→到了／退了／过号。纯。

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tongban_kernel::{Place, Problem, time};

/// 号票的状态。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketState {
    Waiting,
    Called,
    Serving,
    Done,
    Missed,
}

impl TicketState {
    pub const ALL: [Self; 5] = [Self::Waiting, Self::Called, Self::Serving, Self::Done, Self::Missed];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Called => "called",
            Self::Serving => "serving",
            Self::Done => "done",
            Self::Missed => "missed",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "等候",
            Self::Called => "请到窗口",
            Self::Serving => "在办",
            Self::Done => "办完",
            Self::Missed => "过号",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// 对号票能做的动作。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TicketAction {
    /// 再叫一次。
    Recall,
    Start,
    Finish,
    Miss,
    /// 过号的顺延一次。
    Requeue,
}

impl TicketAction {
    pub const ALL: [Self; 5] = [Self::Recall, Self::Start, Self::Finish, Self::Miss, Self::Requeue];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Recall => "recall",
            Self::Start => "start",
            Self::Finish => "finish",
            Self::Miss => "miss",
            Self::Requeue => "requeue",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Recall => "重呼",
            Self::Start => "开始办",
            Self::Finish => "办完",
            Self::Miss => "过号",
            Self::Requeue => "顺延",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

/// 号票的全部合法转移；“叫下一个”由排队次序决定，不在表上。
pub const TICKET: &[(TicketState, TicketAction, TicketState)] = &[
    (TicketState::Called, TicketAction::Recall, TicketState::Called),
    (TicketState::Called, TicketAction::Start, TicketState::Serving),
    (TicketState::Called, TicketAction::Finish, TicketState::Done),
    (TicketState::Called, TicketAction::Miss, TicketState::Missed),
    (TicketState::Serving, TicketAction::Finish, TicketState::Done),
    (TicketState::Missed, TicketAction::Requeue, TicketState::Waiting),
];

/// 做了这个动作到哪个状态。
///
/// # Errors
/// 不在表上：409。
pub fn next(from: TicketState, action: TicketAction) -> Result<TicketState, Problem> {
    let found = TICKET.iter().find(|(state, step, _)| *state == from && *step == action).map(|(.., to)| *to);
    let allowed = || TICKET.iter().filter(|(state, ..)| *state == from).map(|(_, step, _)| step.as_str()).collect();
    found.ok_or_else(|| Problem::invalid_state(from.as_str(), allowed(), format!("这个号现在是“{}”，不能“{}”", from.label(), action.label())))
}

/// 一张号票。
#[derive(Debug, Clone)]
pub struct Ticket {
    pub id: i64,
    pub site: i64,
    pub place: Place,
    pub day: i64,
    /// 如 `A012`。
    pub number: String,
    pub letter: String,
    pub state: TicketState,
    /// 办什么事，自己说的一句话。
    pub matter: String,
    pub account: i64,
    pub booking: i64,
    /// 排队的位置：越小越先。
    pub order: i64,
    /// 过号几次。
    pub passed: i64,
    pub taken_at: Timestamp,
    pub called_at: Option<Timestamp>,
    pub started_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub window: i64,
    pub window_name: String,
    pub staff: i64,
    pub staff_name: String,
    pub version: i64,
}

/// `A012`：队列字母+当日流水。
#[must_use]
pub fn number(letter: &str, serial: i64) -> String {
    format!("{letter}{serial:03}")
}

/// 预约的状态。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BookingState {
    Booked,
    Arrived,
    Cancelled,
    Missed,
}

impl BookingState {
    pub const ALL: [Self; 4] = [Self::Booked, Self::Arrived, Self::Cancelled, Self::Missed];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Booked => "booked",
            Self::Arrived => "arrived",
            Self::Cancelled => "cancelled",
            Self::Missed => "missed",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Booked => "已约",
            Self::Arrived => "到了",
            Self::Cancelled => "退了",
            Self::Missed => "过号",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// 一次预约。
#[derive(Debug, Clone)]
pub struct Booking {
    pub id: i64,
    pub site: i64,
    pub place: Place,
    pub day: i64,
    /// 时段从几点几分开始，零点起的分钟数。
    pub slot: i64,
    pub letter: String,
    pub matter: String,
    pub person: i64,
    pub account: i64,
    pub name_shown: String,
    pub state: BookingState,
    pub made_at: Timestamp,
    /// 过了这一刻没到就是过号。
    pub late_at: Option<Timestamp>,
    pub ticket: Option<i64>,
    pub version: i64,
}

/// 提前多少小时可以退。
pub const CANCEL_HOURS: i64 = 2;
/// 迟到多少分钟过号。
pub const LATE_MINUTES: i64 = 15;

impl Booking {
    /// 时段开始的时刻。
    #[must_use]
    pub fn starts(&self) -> Timestamp {
        starts(self.day, self.slot)
    }
}

/// 某日某时段开始的时刻。
#[must_use]
pub fn starts(day: i64, slot: i64) -> Timestamp {
    let date = time::from_day_number(day).unwrap_or(Date::ZERO);
    let part = |n: i64| i8::try_from(n).unwrap_or(0);
    time::instant(date, part(slot / 60), part(slot % 60))
}

/// `09:30`。
#[must_use]
pub fn clock(slot: i64) -> String {
    format!("{:02}:{:02}", slot / 60, slot % 60)
}

/// 一个服务点怎么放号。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Plan {
    /// 队列：字母与名字。
    pub queues: Vec<(String, String)>,
    /// 每个时段几分钟、放几个号。
    pub minutes: i64,
    pub capacity: i64,
    /// 办公时段，零点起的分钟数。
    pub open: Vec<(i64, i64)>,
    /// 可以约几天之内的。
    pub days: i64,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            queues: vec![("A".to_owned(), "综合受理".to_owned()), ("B".to_owned(), "咨询、出证".to_owned())],
            minutes: 30,
            capacity: 4,
            open: vec![(9 * 60, 12 * 60), (13 * 60 + 30, 17 * 60)],
            days: 7,
        }
    }
}

impl Plan {
    /// 一天里的各时段。
    #[must_use]
    pub fn slots(&self) -> Vec<i64> {
        let step = self.minutes.max(5);
        let of = |(from, to): &(i64, i64)| (0..).map(|n| from + n * step).take_while(|at| at + step <= *to).collect::<Vec<_>>();
        self.open.iter().flat_map(of).collect()
    }

    #[must_use]
    pub fn queue_name(&self, letter: &str) -> Option<&str> {
        self.queues.iter().find(|(code, _)| code == letter).map(|(_, name)| name.as_str())
    }
}

#[cfg(test)]
mod model_tests {
    use super::*;

    #[test]
    fn numbers_slots_and_the_state_table() {
        assert_eq!(number("A", 12), "A012");
        let plan = Plan::default();
        assert_eq!((plan.slots().first().copied(), plan.slots().last().copied(), plan.slots().len()), (Some(540), Some(990), 13));
        assert_eq!(clock(810), "13:30");
        assert_eq!(next(TicketState::Called, TicketAction::Start).unwrap(), TicketState::Serving);
        assert_eq!(next(TicketState::Waiting, TicketAction::Finish).unwrap_err().code.status(), 409);
        for state in TicketState::ALL {
            assert_eq!(TicketState::parse(state.as_str()), Some(state));
        }
        assert!(TICKET.iter().all(|(from, ..)| !matches!(from, TicketState::Done)));
    }
}
