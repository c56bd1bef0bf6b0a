//! 时限灯：全平台唯一的规则（cases §3.5），各区只给时钟种类。
//!
//! 到期前剩余 ≤ 阈值为黄，过到期时刻未办结或办结晚于到期为红，停表与终态为灰，其余为绿。

use std::collections::BTreeMap;
use std::sync::{LazyLock, PoisonError, RwLock};

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::calendar::Calendar;
use crate::problem::Reason;
use crate::time;

/// 灯色。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Light {
    Green,
    Yellow,
    Red,
    Grey,
}

impl Light {
    pub const ALL: [Self; 4] = [Self::Green, Self::Yellow, Self::Red, Self::Grey];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Green => "green",
            Self::Yellow => "yellow",
            Self::Red => "red",
            Self::Grey => "grey",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Green => "正常",
            Self::Yellow => "将到期",
            Self::Red => "已超期",
            Self::Grey => "不计时",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|light| light.as_str() == text)
    }
}

/// 时钟种类：决定什么时候转黄。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClockKind {
    /// 办件：预审、补正告知、受理、办理、送达、特别程序。
    Case,
    /// 差评整改。
    BadRating,
    /// 分站点应用接入。
    App,
    /// 热线办结。
    HotlineClose,
    /// 热线响应、首次联系等按小时分钟计的时钟。
    HotlineResponse,
    /// 工改办件。
    Construction,
    /// 数据共享。
    DataSharing,
    /// 督查整改。
    Rectification,
}

/// 转黄的阈值。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Threshold {
    /// 剩余不多于这么多个工作日。
    Workdays(u32),
    /// 剩余不多于全程的百分之几。
    Percent(u8),
}

impl ClockKind {
    /// 规格给的阈值。
    #[must_use]
    pub const fn default_threshold(self) -> Threshold {
        match self {
            Self::Case | Self::BadRating | Self::App | Self::HotlineClose => Threshold::Workdays(1),
            Self::Construction | Self::DataSharing => Threshold::Workdays(2),
            Self::Rectification => Threshold::Workdays(3),
            Self::HotlineResponse => Threshold::Percent(20),
        }
    }

    /// 现在生效的阈值。
    #[must_use]
    pub fn threshold(self) -> Threshold {
        let changed = CHANGED.read().unwrap_or_else(PoisonError::into_inner);
        changed.get(&self).copied().unwrap_or_else(|| self.default_threshold())
    }
}

static CHANGED: LazyLock<RwLock<BTreeMap<ClockKind, Threshold>>> = LazyLock::new(RwLock::default);

/// 管理员改过的阈值；没列出的用规格值。
pub fn install(thresholds: BTreeMap<ClockKind, Threshold>) {
    *CHANGED.write().unwrap_or_else(PoisonError::into_inner) = thresholds;
}

/// 工作日制时钟从哪一刻起转黄：剩余首次 ≤ 阈值那天的零点。
///
/// # Errors
/// 超出日历范围。
pub fn yellow_from(calendar: &Calendar, kind: ClockKind, due: Date) -> Result<Timestamp, Reason> {
    let days = match kind.threshold() {
        Threshold::Workdays(days) => days,
        Threshold::Percent(_) => 0,
    };
    let date = if days == 0 { due } else { calendar.workdays_back(due, days)? };
    Ok(time::instant(date, 0, 0))
}

/// 小时、分钟制时钟从哪一刻起转黄：剩余 ≤ 全程的百分之几。
///
/// # Errors
/// 超出日历范围。
pub fn yellow_from_minutes(calendar: &Calendar, kind: ClockKind, start: Timestamp, minutes: u64) -> Result<Timestamp, Reason> {
    let percent = match kind.threshold() {
        Threshold::Percent(percent) => u64::from(percent.min(100)),
        Threshold::Workdays(_) => 20,
    };
    let green = minutes - minutes / 100 * percent - minutes % 100 * percent / 100;
    calendar.add_office_minutes(start, green)
}

/// 一只时钟此刻的样子。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Reading {
    /// 到期时刻；没有时限为空。
    pub due: Option<Timestamp>,
    /// 从这一刻起是黄灯。
    pub yellow_from: Option<Timestamp>,
    /// 停表（挂起、待补正）。
    pub stopped: bool,
    /// 何时做完；还没做完为空。
    pub finished: Option<Timestamp>,
}

/// 在办时的灯：停表为灰，过到期时刻为红，剩余 ≤ 阈值为黄，其余为绿；做完了的为灰。
#[must_use]
pub fn light(reading: &Reading, now: Timestamp) -> Light {
    if reading.finished.is_some() || reading.stopped {
        return Light::Grey;
    }
    match (reading.due, reading.yellow_from) {
        (Some(due), _) if now > due => Light::Red,
        (Some(_), Some(yellow)) if now >= yellow => Light::Yellow,
        (Some(_), _) => Light::Green,
        (None, _) => Light::Grey,
    }
}

/// 做完时算不算按时：办结时间晚于到期时刻即超期。没有时限的算按时。
#[must_use]
pub fn on_time(due: Option<Timestamp>, finished: Timestamp) -> bool {
    due.is_none_or(|due| finished <= due)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    fn at(text: &str) -> Timestamp {
        format!("{text}+08:00").parse().unwrap()
    }

    fn reading(due: &str) -> Reading {
        let calendar = Calendar::built_in();
        let due: Date = due.parse().unwrap();
        Reading {
            due: Some(calendar.due_instant(due)),
            yellow_from: Some(yellow_from(&calendar, ClockKind::Case, due).unwrap()),
            stopped: false,
            finished: None,
        }
    }

    // 到期 2021-06-16（周三），前一工作日是 6-15（6-14 端午）
    #[rstest]
    #[case("2021-06-11T23:59", Light::Green)]
    #[case("2021-06-14T12:00", Light::Green)]
    #[case("2021-06-15T00:00", Light::Yellow)]
    #[case("2021-06-16T17:30", Light::Yellow)]
    #[case("2021-06-16T17:31", Light::Red)]
    fn one_workday_before_is_yellow(#[case] now: &str, #[case] expected: Light) {
        assert_eq!(light(&reading("2021-06-16"), at(now)), expected);
    }

    #[test]
    fn stopped_finished_and_unlimited_are_grey() {
        let now = at("2021-12-31T12:00");
        let open = reading("2021-06-16");
        assert_eq!(light(&Reading { stopped: true, ..open }, now), Light::Grey);
        assert_eq!(light(&Reading { finished: Some(now), ..open }, now), Light::Grey);
        assert_eq!(light(&Reading { due: None, yellow_from: None, ..open }, now), Light::Grey);
        assert!(!on_time(open.due, now));
        assert!(on_time(open.due, at("2021-06-16T17:30")));
        assert!(on_time(None, now));
    }

    #[rstest]
    #[case(ClockKind::Case, "2021-06-15T00:00")]
    #[case(ClockKind::Construction, "2021-06-11T00:00")]
    #[case(ClockKind::Rectification, "2021-06-10T00:00")]
    fn thresholds_per_kind(#[case] kind: ClockKind, #[case] from: &str) {
        assert_eq!(yellow_from(&Calendar::built_in(), kind, "2021-06-16".parse().unwrap()).unwrap(), at(from));
    }

    #[test]
    fn hour_clocks_turn_yellow_at_a_fifth_left() {
        let calendar = Calendar::built_in();
        let from = yellow_from_minutes(&calendar, ClockKind::HotlineResponse, at("2021-05-31T09:00"), 200).unwrap();
        assert_eq!(from, at("2021-05-31T11:40"));
    }

    #[test]
    fn names_round_trip() {
        for light in Light::ALL {
            assert_eq!(Light::parse(light.as_str()), Some(light));
        }
    }
}
