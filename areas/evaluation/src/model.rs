//! 好差评的类型：五级、渠道、节点、标签、差评工单的状态机（evaluation §2、§5.1）。纯数据，没有输入输出。

pub mod dimensions;
pub mod inspection;
pub mod points;
mod tags;
mod task;

use serde::{Deserialize, Serialize};

pub use tags::{TAGS, Tag, offered, tag};
pub use task::{Action, State, TRANSITIONS, Transition, actions_from, transition};

/// 五级满意度；数字越大越满意（国标基础格式相反，见 [`crate::rules::national_scale`]）。
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Satisfaction {
    VeryDissatisfied,
    Dissatisfied,
    Fair,
    Satisfied,
    VerySatisfied,
}

impl Satisfaction {
    /// 页面上的次序：从非常满意到非常不满意。
    pub const ALL: [Self; 5] =
        [Self::VerySatisfied, Self::Satisfied, Self::Fair, Self::Dissatisfied, Self::VeryDissatisfied];

    /// 5–1。
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::VerySatisfied => 5,
            Self::Satisfied => 4,
            Self::Fair => 3,
            Self::Dissatisfied => 2,
            Self::VeryDissatisfied => 1,
        }
    }

    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.code() == code)
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::VerySatisfied => "非常满意",
            Self::Satisfied => "满意",
            Self::Fair => "基本满意",
            Self::Dissatisfied => "不满意",
            Self::VeryDissatisfied => "非常不满意",
        }
    }

    /// 后两级为差评（四川工作方案）。
    #[must_use]
    pub const fn is_bad(self) -> bool {
        matches!(self, Self::Dissatisfied | Self::VeryDissatisfied)
    }
}

/// 评价渠道 PF（evaluation §2.2）。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EvalChannel {
    Computer,
    Mobile,
    QrCode,
    Pad,
    Terminal,
    Sms,
    /// 系统默认评价：永不计入主动评价。
    Default,
    Phone,
    Paper,
}

impl EvalChannel {
    pub const ALL: [Self; 9] = [
        Self::Computer,
        Self::Mobile,
        Self::QrCode,
        Self::Pad,
        Self::Terminal,
        Self::Sms,
        Self::Default,
        Self::Phone,
        Self::Paper,
    ];

    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::Computer => 1,
            Self::Mobile => 2,
            Self::QrCode => 3,
            Self::Pad => 4,
            Self::Terminal => 5,
            Self::Sms => 6,
            Self::Default => 7,
            Self::Phone => 8,
            Self::Paper => 9,
        }
    }

    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.code() == code)
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Computer => "电脑端",
            Self::Mobile => "手机端",
            Self::QrCode => "二维码",
            Self::Pad => "政务大厅平板电脑",
            Self::Terminal => "政务大厅其他终端",
            Self::Sms => "短信",
            Self::Default => "系统默认",
            Self::Phone => "电话",
            Self::Paper => "纸质、意见箱",
        }
    }

    /// 网址里的写法，只给能由链接带出的渠道。
    #[must_use]
    pub fn from_link(text: &str) -> Option<Self> {
        match text {
            "qr" => Some(Self::QrCode),
            "sms" => Some(Self::Sms),
            "pad" => Some(Self::Pad),
            "terminal" => Some(Self::Terminal),
            "mobile" => Some(Self::Mobile),
            "web" => Some(Self::Computer),
            _ => None,
        }
    }

    /// 窗口前的设备：同一台被许多人用，反刷规则不同。
    #[must_use]
    pub const fn is_shared_device(self) -> bool {
        matches!(self, Self::Pad | Self::Terminal)
    }
}

/// 可评的三个节点，编号即国标的 proStatus（evaluation §2.3、§4.1）。
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Node {
    Received,
    Accepted,
    Decided,
}

impl Node {
    pub const ALL: [Self; 3] = [Self::Received, Self::Accepted, Self::Decided];

    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::Received => 1,
            Self::Accepted => 2,
            Self::Decided => 3,
        }
    }

    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|node| node.code() == code)
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Received => "收件",
            Self::Accepted => "受理",
            Self::Decided => "办结",
        }
    }
}

/// 首评与追评（assessNumber）。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Round {
    /// 系统默认：没有人评，不占首评的位置。
    Default,
    First,
    FollowUp,
}

impl Round {
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::Default => 0,
            Self::First => 1,
            Self::FollowUp => 2,
        }
    }

    #[must_use]
    pub const fn from_code(code: i64) -> Self {
        match code {
            0 => Self::Default,
            2 => Self::FollowUp,
            _ => Self::First,
        }
    }

    /// 交换时的 assessNumber：系统默认的也算首次，另有 isDefault 说明。
    #[must_use]
    pub const fn number(self) -> i64 {
        if matches!(self, Self::FollowUp) { 2 } else { 1 }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Default => "系统默认评价",
            Self::First => "首次评价",
            Self::FollowUp => "追加评价",
        }
    }
}

/// 文字是否可以公开（appStatus）。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextReview {
    Waiting,
    Passed,
    Refused,
}

impl TextReview {
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::Waiting => 0,
            Self::Passed => 1,
            Self::Refused => 2,
        }
    }

    #[must_use]
    pub const fn from_code(code: i64) -> Self {
        match code {
            1 => Self::Passed,
            2 => Self::Refused,
            _ => Self::Waiting,
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "待审",
            Self::Passed => "可公开",
            Self::Refused => "不公开",
        }
    }
}

/// 整改原因分类（evaluation §5.1）。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    Guide,
    Materials,
    Overdue,
    Attitude,
    System,
    Policy,
    Other,
}

impl Cause {
    pub const ALL: [Self; 7] =
        [Self::Guide, Self::Materials, Self::Overdue, Self::Attitude, Self::System, Self::Policy, Self::Other];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Guide => "guide",
            Self::Materials => "materials",
            Self::Overdue => "overdue",
            Self::Attitude => "attitude",
            Self::System => "system",
            Self::Policy => "policy",
            Self::Other => "other",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == text)
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Guide => "指南错误",
            Self::Materials => "材料过多",
            Self::Overdue => "超期",
            Self::Attitude => "态度",
            Self::System => "系统故障",
            Self::Policy => "政策",
            Self::Other => "其他",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_round_trip_and_bad_is_the_last_two() {
        for level in Satisfaction::ALL {
            assert_eq!(Satisfaction::from_code(level.code()), Some(level));
            assert_eq!(level.is_bad(), level.code() <= 2);
        }
        assert_eq!(Satisfaction::from_code(0), None);
        assert!(EvalChannel::ALL.into_iter().all(|channel| EvalChannel::from_code(channel.code()) == Some(channel)));
        assert!(Node::ALL.into_iter().all(|node| Node::from_code(node.code()) == Some(node)));
        assert!(Cause::ALL.into_iter().all(|cause| Cause::parse(cause.as_str()) == Some(cause)));
    }
}
