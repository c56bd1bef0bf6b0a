//! 监督查评：一张检查单与它的整改（evaluation §8）。

/// 怎么查的。
pub const WAYS: &[(&str, &str)] = &[("open", "督查明查"), ("covert", "暗访"), ("third_party", "第三方抽样")];

/// 差评转来的：不能手工选。
pub const ESCALATED: (&str, &str) = ("escalated", "差评转办");

/// 怎么查的，写给人看。
#[must_use]
pub fn way_label(way: &str) -> &'static str {
    WAYS.iter().chain([&ESCALATED]).find(|(code, _)| *code == way).map_or("", |(_, name)| *name)
}

/// 检查单的状态。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InspectionState {
    /// 查出问题，等单位整改。
    Open,
    /// 单位说改好了，等复核。
    Mended,
    Closed,
}

impl InspectionState {
    pub const ALL: [Self; 3] = [Self::Open, Self::Mended, Self::Closed];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Mended => "mended",
            Self::Closed => "closed",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Open => "待整改",
            Self::Mended => "待复核",
            Self::Closed => "已了结",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// 对检查单能做的事。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InspectionAct {
    /// 单位：改好了。
    Mend,
    /// 查的人：复核通过。
    Accept,
    /// 查的人：没改好，退回。
    Return,
}

impl InspectionAct {
    pub const ALL: [Self; 3] = [Self::Mend, Self::Accept, Self::Return];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Mend => "mend",
            Self::Accept => "accept",
            Self::Return => "return",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|act| act.as_str() == text)
    }
}

/// 状态表：此刻、动作、之后。
pub const INSPECTION_TABLE: &[(InspectionState, InspectionAct, InspectionState)] = &[
    (InspectionState::Open, InspectionAct::Mend, InspectionState::Mended),
    (InspectionState::Mended, InspectionAct::Accept, InspectionState::Closed),
    (InspectionState::Mended, InspectionAct::Return, InspectionState::Open),
];

/// 之后的状态；轮不到为 `None`。
#[must_use]
pub fn inspected(from: InspectionState, act: InspectionAct) -> Option<InspectionState> {
    INSPECTION_TABLE.iter().find(|(state, known, _)| *state == from && *known == act).map(|(.., to)| *to)
}
