//! 办件状态与动作（cases §2.1）。

use serde::{Deserialize, Serialize};

/// 办件状态。库与接口一律用标识，数字码只用于排序与交换。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    Draft,
    Submitted,
    Received,
    Correcting,
    Accepted,
    Suspended,
    Decided,
    Closed,
    NotAccepted,
    Withdrawn,
    Returned,
    Terminated,
    Voided,
}

impl State {
    pub const ALL: [Self; 13] = [
        Self::Draft,
        Self::Submitted,
        Self::Received,
        Self::Correcting,
        Self::Accepted,
        Self::Suspended,
        Self::Decided,
        Self::Closed,
        Self::NotAccepted,
        Self::Withdrawn,
        Self::Returned,
        Self::Terminated,
        Self::Voided,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Submitted => "submitted",
            Self::Received => "received",
            Self::Correcting => "correcting",
            Self::Accepted => "accepted",
            Self::Suspended => "suspended",
            Self::Decided => "decided",
            Self::Closed => "closed",
            Self::NotAccepted => "not_accepted",
            Self::Withdrawn => "withdrawn",
            Self::Returned => "returned",
            Self::Terminated => "terminated",
            Self::Voided => "voided",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// 两位数字码。
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Draft => 10,
            Self::Submitted => 20,
            Self::Received => 25,
            Self::Correcting => 30,
            Self::Accepted => 40,
            Self::Suspended => 45,
            Self::Decided => 50,
            Self::Closed => 60,
            Self::NotAccepted => 70,
            Self::Withdrawn => 71,
            Self::Returned => 72,
            Self::Terminated => 73,
            Self::Voided => 79,
        }
    }

    /// 好差评交换用的办件状态：1 待办理 2 办理中 3 已完结；草稿与作废不评价。
    #[must_use]
    pub const fn evaluation_status(self) -> Option<u8> {
        match self {
            Self::Draft | Self::Voided => None,
            Self::Submitted | Self::Received | Self::Correcting => Some(1),
            Self::Accepted | Self::Suspended => Some(2),
            _ => Some(3),
        }
    }

    /// 页面标签（全站同名，见 ux 状态标签）；`step` 为当前环节。
    #[must_use]
    pub const fn label(self, step: Option<Step>) -> &'static str {
        match self {
            Self::Draft => "草稿",
            Self::Submitted | Self::Received => "待受理",
            Self::Correcting => "待补正",
            Self::Accepted if matches!(step, Some(Step::Approve)) => "待决定",
            Self::Accepted | Self::Suspended => "审查中",
            Self::Decided | Self::Closed => "已办结",
            Self::NotAccepted => "不予受理",
            Self::Withdrawn => "已撤回",
            Self::Returned => "已退件",
            Self::Terminated | Self::Voided => "已终止",
        }
    }

    /// 已经到头，不再有时限。
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        matches!(
            self,
            Self::Closed | Self::NotAccepted | Self::Withdrawn | Self::Returned | Self::Terminated | Self::Voided
        )
    }

    /// 提交之后、作出决定之前。
    #[must_use]
    pub const fn is_undecided(self) -> bool {
        matches!(self, Self::Submitted | Self::Received | Self::Correcting | Self::Accepted | Self::Suspended)
    }
}

/// 受理之后的环节：承办→审核→批准。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    Handle,
    Review,
    Approve,
}

impl Step {
    pub const ALL: [Self; 3] = [Self::Handle, Self::Review, Self::Approve];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Handle => "handle",
            Self::Review => "review",
            Self::Approve => "approve",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Handle => "承办",
            Self::Review => "审核",
            Self::Approve => "批准",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|step| step.as_str() == text)
    }

    /// 下一环节；批准之后没有，只有决定。
    #[must_use]
    pub const fn after(self) -> Option<Self> {
        match self {
            Self::Handle => Some(Self::Review),
            Self::Review => Some(Self::Approve),
            Self::Approve => None,
        }
    }

    /// 退回的上一环节。
    #[must_use]
    pub const fn before(self) -> Option<Self> {
        match self {
            Self::Handle => None,
            Self::Review => Some(Self::Handle),
            Self::Approve => Some(Self::Review),
        }
    }
}

/// 作出的决定。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Granted,
    Denied,
}

impl Outcome {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Denied => "denied",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Granted => "准予",
            Self::Denied => "不予",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "granted" => Some(Self::Granted),
            "denied" => Some(Self::Denied),
            _ => None,
        }
    }
}

/// 申报渠道（cases §4.1）。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    Industry,
    Computer,
    Mobile,
    SuperiorAssigned,
    SubordinateReported,
    PeerForwarded,
    Kiosk,
    Agency,
    Window,
    OnlineUnified,
}

impl Channel {
    pub const ALL: [Self; 10] = [
        Self::Industry,
        Self::Computer,
        Self::Mobile,
        Self::SuperiorAssigned,
        Self::SubordinateReported,
        Self::PeerForwarded,
        Self::Kiosk,
        Self::Agency,
        Self::Window,
        Self::OnlineUnified,
    ];

    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Industry => 0,
            Self::Computer => 1,
            Self::Mobile => 2,
            Self::SuperiorAssigned => 3,
            Self::SubordinateReported => 4,
            Self::PeerForwarded => 5,
            Self::Kiosk => 6,
            Self::Agency => 7,
            Self::Window => 8,
            Self::OnlineUnified => 9,
        }
    }

    #[must_use]
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| i64::from(channel.code()) == code)
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Industry => "行业系统",
            Self::Computer | Self::OnlineUnified => "网上",
            Self::Mobile => "手机",
            Self::SuperiorAssigned => "上级交办",
            Self::SubordinateReported => "下级报送",
            Self::PeerForwarded => "同级转办",
            Self::Kiosk => "自助机",
            Self::Agency => "代办点",
            Self::Window => "窗口",
        }
    }

    /// 网上申请率的分子（cases §8）：电脑、手机、自助、线上一窗。
    #[must_use]
    pub const fn is_online(self) -> bool {
        matches!(self, Self::Computer | Self::Mobile | Self::Kiosk | Self::OnlineUnified)
    }

    /// 申请人不在场，先预审。
    #[must_use]
    pub const fn needs_precheck(self) -> bool {
        self.is_online()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_codes_are_distinct_and_round_trip() {
        let mut codes = std::collections::BTreeSet::new();
        for state in State::ALL {
            assert_eq!(State::parse(state.as_str()), Some(state));
            assert!(codes.insert(state.code()));
        }
        for channel in Channel::ALL {
            assert_eq!(Channel::from_code(i64::from(channel.code())), Some(channel));
        }
        for step in Step::ALL {
            assert_eq!(Step::parse(step.as_str()), Some(step));
        }
        assert_eq!(State::Accepted.label(Some(Step::Approve)), "待决定");
        assert_eq!(State::Accepted.label(Some(Step::Review)), "审查中");
    }
}
