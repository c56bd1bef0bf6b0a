//! 印章的状态机（规格 §5）：申请 → 审核 → 制作 → 授权 → 启用 → 停用、注销。

use tongban_kernel::{Permission, Problem};

use crate::permissions::{SEAL_APPLY, SEAL_KEEP, SEAL_MAKE, SEAL_REVIEW};

/// 状态；代码照规格，0 是本平台加的“应有而未申请”。
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SealState {
    Missing = 0,
    Draft = 10,
    Submitted = 20,
    Returned = 21,
    Approved = 30,
    Making = 40,
    Made = 50,
    Authorized = 60,
    Active = 70,
    Suspended = 71,
    Expired = 72,
    Cancelled = 73,
    Void = 90,
}

/// 全部状态与中文名，和种子要求的五态归并（规格 §0）。
const STATES: &[(SealState, &str, &str)] = &[
    (SealState::Missing, "应有未申请", "未申请"),
    (SealState::Draft, "草稿", "未申请"),
    (SealState::Submitted, "待审", "已报"),
    (SealState::Returned, "退回", "退回"),
    (SealState::Approved, "审核通过", "已报"),
    (SealState::Making, "制作中", "已报"),
    (SealState::Made, "已制作", "已制"),
    (SealState::Authorized, "已授权", "已授权"),
    (SealState::Active, "启用", "已授权"),
    (SealState::Suspended, "停用", "停用"),
    (SealState::Expired, "过期", "过期"),
    (SealState::Cancelled, "已注销", "注销"),
    (SealState::Void, "已作废", "未申请"),
];

impl SealState {
    /// 由代码；不认识的当作废。
    #[must_use]
    pub fn from_code(code: i64) -> Self {
        STATES.iter().map(|(state, _, _)| *state).find(|state| state.code() == code).unwrap_or(Self::Void)
    }

    #[must_use]
    pub fn code(self) -> i64 {
        self as i64
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        STATES.iter().find(|(state, _, _)| *state == self).map_or("", |(_, label, _)| label)
    }

    /// 台账上归并的五态。
    #[must_use]
    pub fn shown(self) -> &'static str {
        STATES.iter().find(|(state, _, _)| *state == self).map_or("", |(_, _, shown)| shown)
    }

    /// 标签颜色。
    #[must_use]
    pub fn tone(self) -> &'static str {
        match self {
            Self::Active | Self::Authorized => "g",
            Self::Missing | Self::Returned | Self::Suspended | Self::Expired => "r",
            Self::Draft | Self::Submitted | Self::Approved | Self::Making | Self::Made => "y",
            Self::Cancelled | Self::Void => "n",
        }
    }

    /// 规格 §5.2：已申请、已制作、已授权、已启用。
    #[must_use]
    pub fn is_applied(self) -> bool {
        self >= Self::Submitted && !matches!(self, Self::Returned | Self::Cancelled | Self::Void)
    }

    #[must_use]
    pub fn is_made(self) -> bool {
        self >= Self::Made && !matches!(self, Self::Cancelled | Self::Void)
    }

    #[must_use]
    pub fn is_authorized(self) -> bool {
        self >= Self::Authorized && !matches!(self, Self::Cancelled | Self::Void)
    }

    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Cancelled | Self::Void)
    }
}

/// 动作。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealAction {
    Draft,
    Submit,
    Return,
    Approve,
    Make,
    Reject,
    Finish,
    Authorize,
    Activate,
    Suspend,
    Resume,
    Expire,
    Cancel,
    Void,
}

/// 状态机的一行：从哪些状态、到哪个状态、要什么权限、要不要写原因。
pub struct SealRow {
    pub action: SealAction,
    pub code: &'static str,
    pub label: &'static str,
    pub from: &'static [SealState],
    pub to: SealState,
    pub needs: Permission,
    pub reason: bool,
}

macro_rules! row {
    ($action:ident $code:literal $label:literal [$($from:ident)*] => $to:ident, $needs:expr, $reason:expr) => {
        SealRow { action: SealAction::$action, code: $code, label: $label, from: &[$(SealState::$from),*], to: SealState::$to, needs: $needs, reason: $reason }
    };
}

/// 状态机，读得懂的一张表。
pub const TRANSITIONS: &[SealRow] = &[
    row!(Draft "draft" "填写申请" [Missing Draft Returned] => Draft, SEAL_APPLY, false),
    row!(Submit "submit" "提交审核" [Draft] => Submitted, SEAL_APPLY, false),
    row!(Return "return" "退回修改" [Submitted] => Returned, SEAL_REVIEW, true),
    row!(Approve "approve" "审核通过" [Submitted] => Approved, SEAL_REVIEW, false),
    row!(Make "make" "送去制作" [Approved] => Making, SEAL_MAKE, false),
    row!(Reject "reject" "制作退回" [Making] => Returned, SEAL_MAKE, true),
    row!(Finish "finish" "制作完成" [Making] => Made, SEAL_MAKE, false),
    row!(Authorize "authorize" "授权使用" [Made Authorized Active] => Authorized, SEAL_KEEP, false),
    row!(Activate "activate" "启用" [Authorized] => Active, SEAL_KEEP, false),
    row!(Suspend "suspend" "停用" [Active] => Suspended, SEAL_KEEP, true),
    row!(Resume "resume" "恢复使用" [Suspended] => Active, SEAL_KEEP, false),
    row!(Expire "expire" "过期" [Active Suspended] => Expired, SEAL_KEEP, false),
    row!(Cancel "cancel" "注销" [Made Authorized Active Suspended Expired] => Cancelled, SEAL_REVIEW, true),
    row!(Void "void" "作废申请" [Draft Returned] => Void, SEAL_APPLY, true),
];

impl SealAction {
    /// 由代号。
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        TRANSITIONS.iter().find(|row| row.code == code).map(|row| row.action)
    }
}

/// 走一步。启用中的章再授权，仍是启用。
///
/// # Errors
/// 现在的状态不能这样做。
pub fn transition(state: SealState, action: SealAction) -> Result<(&'static SealRow, SealState), Problem> {
    let row = TRANSITIONS.iter().find(|row| row.action == action && row.from.contains(&state));
    let row = row.ok_or_else(|| {
        let allowed = TRANSITIONS.iter().filter(|row| row.from.contains(&state)).map(|row| row.label).collect();
        Problem::invalid_state(state.label(), allowed, format!("印章现在是“{}”，不能这样做", state.label()))
    })?;
    let to = if action == SealAction::Authorize && state == SealState::Active { state } else { row.to };
    Ok((row, to))
}

/// 印章类型代码（规格 §3.3）。
pub const SEAL_KINDS: &[(i64, &str)] =
    &[(1, "电子法定名称章"), (2, "电子财务专用章"), (3, "电子发票专用章"), (4, "电子合同（证照）专用章"), (5, "电子名章"), (6, "业务专用章"), (99, "其他")];

/// 法定名称章。
pub const LEGAL_NAME: i64 = 1;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_worked_example_of_the_spec() {
        // 申请→退回→补→审→制→授权→启用→停用→恢复→注销
        let path = [
            (SealAction::Draft, SealState::Draft),
            (SealAction::Submit, SealState::Submitted),
            (SealAction::Return, SealState::Returned),
            (SealAction::Draft, SealState::Draft),
            (SealAction::Submit, SealState::Submitted),
            (SealAction::Approve, SealState::Approved),
            (SealAction::Make, SealState::Making),
            (SealAction::Finish, SealState::Made),
            (SealAction::Authorize, SealState::Authorized),
            (SealAction::Activate, SealState::Active),
            (SealAction::Authorize, SealState::Active),
            (SealAction::Suspend, SealState::Suspended),
            (SealAction::Resume, SealState::Active),
            (SealAction::Cancel, SealState::Cancelled),
        ];
        let mut state = SealState::Missing;
        for (action, to) in path {
            state = transition(state, action).unwrap().1;
            assert_eq!(state, to, "{action:?}");
        }
        assert!(TRANSITIONS.iter().all(|row| !row.from.contains(&SealState::Cancelled)), "注销是终态");
    }

    proptest! {
        /// 不管怎么走：没审过的章到不了制作，没授权的到不了启用，终态走不出去。
        #[test]
        fn no_walk_skips_a_step(walk in prop::collection::vec(0..TRANSITIONS.len(), 0..40)) {
            let (mut state, mut approved, mut authorized) = (SealState::Missing, false, false);
            for n in walk {
                let action = TRANSITIONS[n].action;
                let Ok((_, to)) = transition(state, action) else { continue };
                prop_assert!(!state.is_final());
                match action {
                    SealAction::Approve => approved = true,
                    SealAction::Draft | SealAction::Return | SealAction::Reject => approved = false,
                    SealAction::Authorize => authorized = true,
                    _ => {}
                }
                prop_assert!(!to.is_made() || approved);
                prop_assert!(to != SealState::Active || authorized);
                state = to;
            }
        }
    }
}
