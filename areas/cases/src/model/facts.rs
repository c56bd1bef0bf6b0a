//! 一件办件的事实：里程碑日与旗标，是全部办件指标的来源（foundations §5）。

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Channel;
use super::case::Case;
use super::state::{Outcome, State};

/// 随每条日志记下前后两份；`tally` 只看它。日期写作 20211108。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// 办理机关（末级）。
    pub org: i64,
    /// 受理窗口所在机构；网上件为办理机关。
    pub window_org: i64,
    pub item: i64,
    pub submitted: i64,
    pub accepted: Option<i64>,
    pub decided: Option<i64>,
    /// 终止、撤回、退件、不予受理、送达之日。
    pub ended: Option<i64>,
    pub online: bool,
    pub instant: bool,
    pub corrections: i64,
    /// 决定是否不晚于到期时刻。
    pub on_time: Option<bool>,
    /// 决定日早于到期日。
    pub early: Option<bool>,
    /// 已用工作日，决定时定下。
    pub used_days: Option<i64>,
    /// 决定之前的各段红灯：转红之日与不再红之日，超期在办存量由此加减。
    pub red: Vec<(i64, Option<i64>)>,
    pub granted: Option<bool>,
    pub not_accepted: bool,
    pub returned: bool,
    pub external: bool,
    /// 补录是否在行业系统办结后 1 个工作日内。
    pub linked_in_time: Option<bool>,
    pub voided: bool,
}

/// 事实由来的几栏：写日志时取自办件，全量重算时只从库里读这几栏，两条路用同一个算法。
pub struct Columns {
    pub org: i64,
    pub window_org: i64,
    pub item: i64,
    pub submitted_at: Timestamp,
    pub accepted_at: Option<Timestamp>,
    pub decided_at: Option<Timestamp>,
    pub ended_at: Option<Timestamp>,
    pub channel: Channel,
    pub instant: bool,
    pub corrections: i64,
    pub on_time: Option<bool>,
    pub early: Option<bool>,
    pub used_days: Option<i64>,
    pub red_spans: Vec<(Timestamp, Option<Timestamp>)>,
    pub outcome: Option<Outcome>,
    pub state: State,
    pub external: bool,
    pub linked_in_time: Option<bool>,
}

impl Facts {
    #[must_use]
    pub fn of(case: &Case) -> Self {
        Self::from(Columns {
            org: case.place.org,
            window_org: case.window_org,
            item: case.item_id,
            submitted_at: case.submitted_at,
            accepted_at: case.accepted_at,
            decided_at: case.decided_at,
            ended_at: case.ended_at,
            channel: case.channel,
            instant: case.instant,
            corrections: case.corrections,
            on_time: case.on_time,
            early: case.early,
            used_days: case.used_days,
            red_spans: case.red_spans.clone(),
            outcome: case.outcome,
            state: case.state,
            external: case.external_no.is_some(),
            linked_in_time: case.linked_in_time,
        })
    }
}

impl From<Columns> for Facts {
    fn from(of: Columns) -> Self {
        Self {
            org: of.org,
            window_org: of.window_org,
            item: of.item,
            submitted: day(of.submitted_at),
            accepted: of.accepted_at.map(day),
            decided: of.decided_at.map(day),
            ended: of.ended_at.map(day),
            online: of.channel.is_online(),
            instant: of.instant,
            corrections: of.corrections,
            on_time: of.on_time,
            early: of.early,
            used_days: of.used_days,
            red: of.red_spans.iter().map(|(from, until)| (day(*from), until.map(day))).collect(),
            granted: of.outcome.map(|outcome| outcome == Outcome::Granted),
            not_accepted: of.state == State::NotAccepted,
            returned: of.state == State::Returned,
            external: of.external,
            linked_in_time: of.linked_in_time,
            voided: of.state == State::Voided,
        }
    }
}

fn day(at: Timestamp) -> i64 {
    tongban_kernel::time::day_number(tongban_kernel::time::date_of(at))
}
