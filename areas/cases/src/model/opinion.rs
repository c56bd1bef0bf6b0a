//! 并联征求意见的状态：待签收 → 已签收 → 无异议 / 有异议；有异议的可以重新征求，其余的不动（cases §6 并联审批）。

/// 一个机构的意见到哪一步。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OpinionState {
    Asked,
    Signed,
    Agreed,
    Objected,
}

impl OpinionState {
    pub const ALL: [Self; 4] = [Self::Asked, Self::Signed, Self::Agreed, Self::Objected];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Signed => "signed",
            Self::Agreed => "agreed",
            Self::Objected => "objected",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Asked => "待签收",
            Self::Signed => "已签收，待回复",
            Self::Agreed => "无异议",
            Self::Objected => "有异议",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// 还等着回复：这期间被征求的机构看得到这件，回复之后就看不到了。
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Asked | Self::Signed)
    }
}
