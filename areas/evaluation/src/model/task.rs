//! 差评工单的状态机（evaluation §5.1）：全部合法的走法是一张表，别的都是错。

use serde::{Deserialize, Serialize};
use tongban_kernel::{Permission, Problem};

use crate::permissions::{HANDLE, REVIEW, REVISIT};

/// 状态。“新差评”只是一瞬：评价落库的同一个单元里就派成待核实。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    ToVerify,
    Verifying,
    Rectifying,
    AppealReview,
    ToReview,
    ToRevisit,
    /// 已办结，公开。
    Closed,
    /// 申诉成立，判为无效关闭。
    Voided,
    /// 两次重新整改仍不认可，转监督查评。
    Escalated,
}

impl State {
    pub const ALL: [Self; 9] = [
        Self::ToVerify,
        Self::Verifying,
        Self::Rectifying,
        Self::AppealReview,
        Self::ToReview,
        Self::ToRevisit,
        Self::Closed,
        Self::Voided,
        Self::Escalated,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ToVerify => "to_verify",
            Self::Verifying => "verifying",
            Self::Rectifying => "rectifying",
            Self::AppealReview => "appeal_review",
            Self::ToReview => "to_review",
            Self::ToRevisit => "to_revisit",
            Self::Closed => "closed",
            Self::Voided => "voided",
            Self::Escalated => "escalated",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::ToVerify => "待核实",
            Self::Verifying => "核实中",
            Self::Rectifying => "整改中",
            Self::AppealReview => "申诉待审",
            Self::ToReview => "待审核",
            Self::ToRevisit => "待回访",
            Self::Closed => "已办结",
            Self::Voided => "无效",
            Self::Escalated => "转监督查评",
        }
    }

    /// 不会再变。
    #[must_use]
    pub const fn is_final(self) -> bool {
        matches!(self, Self::Closed | Self::Voided | Self::Escalated)
    }
}

/// 动作。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// 联系评价人（实名），或匿名直接开始核实。
    Contact,
    /// 核实属实。
    Confirm,
    /// 缺乏依据，向评价人解释说明。
    Explain,
    /// 认为是误评、恶意，提出申诉。
    Appeal,
    /// 申诉成立。
    UpholdAppeal,
    /// 申诉不成立。
    RejectAppeal,
    /// 提交整改结果。
    Submit,
    /// 审核通过。
    Approve,
    /// 退回再改。
    SendBack,
    /// 回访认可。
    AcceptRevisit,
    /// 回访不认可：重新整改，第三次转监督查评。
    RejectRevisit,
}

impl Action {
    pub const ALL: [Self; 11] = [
        Self::Contact,
        Self::Confirm,
        Self::Explain,
        Self::Appeal,
        Self::UpholdAppeal,
        Self::RejectAppeal,
        Self::Submit,
        Self::Approve,
        Self::SendBack,
        Self::AcceptRevisit,
        Self::RejectRevisit,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Confirm => "confirm",
            Self::Explain => "explain",
            Self::Appeal => "appeal",
            Self::UpholdAppeal => "uphold_appeal",
            Self::RejectAppeal => "reject_appeal",
            Self::Submit => "submit",
            Self::Approve => "approve",
            Self::SendBack => "send_back",
            Self::AcceptRevisit => "accept_revisit",
            Self::RejectRevisit => "reject_revisit",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }

    /// 按钮上的字。
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Contact => "记录联系情况",
            Self::Confirm => "属实，开始整改",
            Self::Explain => "缺乏依据，解释说明",
            Self::Appeal => "误评或恶意，申诉",
            Self::UpholdAppeal => "申诉成立，判为无效",
            Self::RejectAppeal => "申诉不成立，要求整改",
            Self::Submit => "提交整改结果",
            Self::Approve => "审核通过",
            Self::SendBack => "退回再改",
            Self::AcceptRevisit => "回访认可，办结",
            Self::RejectRevisit => "回访不认可，重新整改",
        }
    }

    /// 说明文字是否必填：审核通过可以不写，其余都要有据可查。
    #[must_use]
    pub const fn needs_note(self) -> bool {
        !matches!(self, Self::Approve)
    }
}

/// 表里的一行。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Transition {
    pub from: State,
    pub action: Action,
    pub to: State,
    pub needs: Permission,
}

const fn row(from: State, action: Action, to: State, needs: Permission) -> Transition {
    Transition { from, action, to, needs }
}

/// 全部合法的走法。“回访不认可”两行靠次数区分，见 [`transition`]。
pub const TRANSITIONS: &[Transition] = &[
    row(State::ToVerify, Action::Contact, State::Verifying, HANDLE),
    row(State::Verifying, Action::Confirm, State::Rectifying, HANDLE),
    row(State::Verifying, Action::Explain, State::ToRevisit, HANDLE),
    row(State::Verifying, Action::Appeal, State::AppealReview, HANDLE),
    row(State::AppealReview, Action::UpholdAppeal, State::Voided, REVIEW),
    row(State::AppealReview, Action::RejectAppeal, State::Rectifying, REVIEW),
    row(State::Rectifying, Action::Submit, State::ToReview, HANDLE),
    row(State::ToReview, Action::Approve, State::ToRevisit, REVIEW),
    row(State::ToReview, Action::SendBack, State::Rectifying, REVIEW),
    row(State::ToRevisit, Action::AcceptRevisit, State::Closed, REVISIT),
    row(State::ToRevisit, Action::RejectRevisit, State::Rectifying, REVISIT),
    row(State::ToRevisit, Action::RejectRevisit, State::Escalated, REVISIT),
];

/// 重新整改最多几次，之后转监督查评。
pub const MAX_REDO: i64 = 2;

/// 从 `from` 做 `action` 走到哪里；`redone` 是已经重新整改过几次。
///
/// # Errors
/// 表里没有这一行：`invalid-state`，附现在能做什么。
pub fn transition(from: State, action: Action, redone: i64) -> Result<Transition, Problem> {
    let wanted = |row: &&Transition| {
        row.from == from
            && row.action == action
            && (action != Action::RejectRevisit || (row.to == State::Escalated) == (redone >= MAX_REDO))
    };
    TRANSITIONS.iter().find(wanted).copied().ok_or_else(|| {
        let allowed = actions_from(from).map(Action::as_str).collect();
        Problem::invalid_state(
            from.as_str(),
            allowed,
            format!("这条差评现在是“{}”，不能“{}”，请刷新看最新进度", from.label(), action.label()),
        )
    })
}

/// 某状态下能做的动作，不重复。
pub fn actions_from(from: State) -> impl Iterator<Item = Action> {
    Action::ALL.into_iter().filter(move |action| TRANSITIONS.iter().any(|row| row.from == from && row.action == *action))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_reachable_and_only_final_ones_are_dead_ends() {
        for state in State::ALL {
            assert_eq!(actions_from(state).next().is_none(), state.is_final(), "{state:?}");
            let reached = state == State::ToVerify || TRANSITIONS.iter().any(|row| row.to == state);
            assert!(reached, "{state:?} 走不到");
            assert_eq!(State::parse(state.as_str()), Some(state));
        }
    }

    #[test]
    fn anything_outside_the_table_is_refused_with_what_is_possible() {
        for state in State::ALL {
            for action in Action::ALL {
                let in_table = TRANSITIONS.iter().any(|row| row.from == state && row.action == action);
                match transition(state, action, 0) {
                    Ok(found) => assert!(in_table && found.from == state),
                    Err(problem) => {
                        assert!(!in_table);
                        assert_eq!(problem.current_state.as_deref(), Some(state.as_str()));
                    }
                }
            }
        }
    }

    #[test]
    fn the_third_refusal_goes_to_inspection() {
        let to = |redone| transition(State::ToRevisit, Action::RejectRevisit, redone).unwrap().to;
        assert_eq!([to(0), to(1), to(2), to(3)], [State::Rectifying, State::Rectifying, State::Escalated, State::Escalated]);
    }
}
