//! 状态机（items §5.2）：一张表，表外的都不许。
//!
//! 目录认领在待认领池（[`PoolState`]）里走；办理项在 [`State`] 里走。已发布的办理项再改时另有一份
//! 修订稿在走同样的编辑、上报、审核、发布，旧版照常可办：[`Status`] 是“对外状态 + 修订稿状态”。

use tongban_kernel::Problem;

/// 待认领池里一条实施清单的状态。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PoolState {
    /// 待认领。
    PendingClaim,
    /// 不认领，待主管确认。
    DeclineReview,
    /// 主管同意不承接。
    Declined,
    /// 已认领。
    Claimed,
}

/// 办理项的状态。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum State {
    Editing,
    Reviewing,
    Approved,
    Active,
    Suspended,
    Cancelled,
}

macro_rules! named {
    ($kind:ident { $($name:ident $text:literal $label:literal;)* }) => {
        impl $kind {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// 库与接口用的标识。
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// 页面标签。
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }

            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|state| state.as_str() == text)
            }
        }
    };
}

named!(PoolState {
    PendingClaim "pending_claim" "待认领";
    DeclineReview "decline_review" "待确认不认领";
    Declined "declined" "不承接";
    Claimed "claimed" "已认领";
});

named!(State {
    Editing "editing" "编辑中";
    Reviewing "reviewing" "待审核";
    Approved "approved" "待发布";
    Active "active" "在用";
    Suspended "suspended" "暂停办理";
    Cancelled "cancelled" "已取消";
});

/// 动作。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    Claim,
    Decline,
    ConfirmDecline,
    RefuseDecline,
    Unclaim,
    Edit,
    Report,
    WithdrawReport,
    Approve,
    Reject,
    SendBack,
    Publish,
    Revise,
    AbandonRevision,
    Suspend,
    Resume,
    Cancel,
    /// 历史数据迁移：原平台已发布的按原样接过来。
    Adopt,
}

named!(Action {
    Claim "claim" "认领";
    Decline "decline" "不认领";
    ConfirmDecline "confirm_decline" "同意不承接";
    RefuseDecline "refuse_decline" "驳回不认领";
    Unclaim "unclaim" "撤销认领";
    Edit "edit" "保存";
    Report "report" "上报";
    WithdrawReport "withdraw_report" "撤回上报";
    Approve "approve" "审核通过";
    Reject "reject" "驳回";
    SendBack "send_back" "退回";
    Publish "publish" "发布";
    Revise "revise" "变更";
    AbandonRevision "abandon_revision" "放弃变更";
    Suspend "suspend" "暂停";
    Resume "resume" "恢复";
    Cancel "cancel" "取消";
    Adopt "adopt" "按原平台接收";
});

/// 池里的转移：现状、动作、目标。
const POOL: &[(PoolState, Action, PoolState)] = &[
    (PoolState::PendingClaim, Action::Claim, PoolState::Claimed),
    (PoolState::PendingClaim, Action::Decline, PoolState::DeclineReview),
    (PoolState::DeclineReview, Action::ConfirmDecline, PoolState::Declined),
    (PoolState::DeclineReview, Action::RefuseDecline, PoolState::PendingClaim),
    (PoolState::Claimed, Action::Unclaim, PoolState::PendingClaim),
];

impl PoolState {
    /// 走一步。
    ///
    /// # Errors
    /// 现状不许这个动作：409，附能做的动作。
    pub fn step(self, action: Action) -> Result<Self, Problem> {
        POOL.iter().find(|(from, act, _)| *from == self && *act == action).map(|(_, _, to)| *to).ok_or_else(|| {
            refuse(self.as_str(), self.label(), action, POOL.iter().filter(|(from, ..)| *from == self).map(|(_, act, _)| *act))
        })
    }
}

/// 办理项现在的样子。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Status {
    /// 从未发布时是编辑、审核、待发布；发布后是在用、暂停、取消。
    pub state: State,
    /// 发布后另起的修订稿：只会是编辑、审核、待发布。
    pub revision: Option<State>,
}

/// 稿件的转移：适用于从未发布的本体与发布后的修订稿。发布的目标都是在用。
const DRAFT: &[(State, Action, State)] = &[
    (State::Editing, Action::Edit, State::Editing),
    (State::Editing, Action::Report, State::Reviewing),
    (State::Reviewing, Action::WithdrawReport, State::Editing),
    (State::Reviewing, Action::Approve, State::Approved),
    (State::Reviewing, Action::Reject, State::Editing),
    (State::Approved, Action::SendBack, State::Editing),
    (State::Approved, Action::Publish, State::Active),
];

/// 本体发布后的转移。
const LIVE: &[(State, Action, State)] = &[
    (State::Active, Action::Suspend, State::Suspended),
    (State::Active, Action::Cancel, State::Cancelled),
    (State::Suspended, Action::Resume, State::Active),
    (State::Suspended, Action::Cancel, State::Cancelled),
];

impl Status {
    /// 新认领的。
    pub const NEW: Self = Self { state: State::Editing, revision: None };

    /// 是否曾经发布。
    #[must_use]
    pub const fn published(self) -> bool {
        matches!(self.state, State::Active | State::Suspended | State::Cancelled)
    }

    /// 稿件现在的状态：修订稿，或从未发布的本体；没有稿件为 `None`。
    #[must_use]
    pub const fn draft(self) -> Option<State> {
        match self.revision {
            Some(state) => Some(state),
            None if self.published() => None,
            None => Some(self.state),
        }
    }

    /// 现在能做的动作。
    #[must_use]
    pub fn allowed(self) -> Vec<Action> {
        Action::ALL.iter().copied().filter(|action| self.step(*action).is_ok()).collect()
    }

    /// 走一步。
    ///
    /// # Errors
    /// 现状不许这个动作：409，附能做的动作。
    pub fn step(self, action: Action) -> Result<Self, Problem> {
        self.next(action).ok_or_else(|| {
            let allowed = Action::ALL.iter().copied().filter(|other| self.next(*other).is_some());
            let label = self.revision.map_or(self.state.label(), State::label);
            refuse(self.state.as_str(), label, action, allowed)
        })
    }

    fn next(self, action: Action) -> Option<Self> {
        let editable = self.state != State::Cancelled;
        match action {
            // 撤销认领只限从未发布、还在编辑的，记录随之删除
            Action::Unclaim => (self.state == State::Editing).then_some(self),
            Action::Adopt => (self.state == State::Editing).then_some(Self { state: State::Active, revision: None }),
            Action::Revise => {
                (self.published() && editable && self.revision.is_none()).then_some(Self { revision: Some(State::Editing), ..self })
            }
            Action::AbandonRevision => (self.revision == Some(State::Editing)).then_some(Self { revision: None, ..self }),
            _ => self.next_draft(action).or_else(|| self.next_live(action)),
        }
    }

    fn next_draft(self, action: Action) -> Option<Self> {
        let draft = self.draft()?;
        let (_, _, to) = DRAFT.iter().find(|(from, act, _)| *from == draft && *act == action)?;
        Some(match (to, self.revision) {
            // 暂停中发布修订稿：内容换新，仍然暂停
            (State::Active, Some(_)) => Self { state: self.state, revision: None },
            (to, Some(_)) => Self { revision: Some(*to), ..self },
            (to, None) => Self { state: *to, revision: None },
        })
    }

    fn next_live(self, action: Action) -> Option<Self> {
        let (_, _, to) = LIVE.iter().find(|(from, act, _)| *from == self.state && *act == action)?;
        // 取消是终态，修订稿一并作废
        let revision = if *to == State::Cancelled { None } else { self.revision };
        Some(Self { state: *to, revision })
    }
}

fn refuse(state: &str, label: &str, action: Action, allowed: impl Iterator<Item = Action>) -> Problem {
    let allowed: Vec<Action> = allowed.collect();
    let words: Vec<&str> = allowed.iter().map(|other| other.label()).collect();
    let rest = if words.is_empty() { "不能再改".to_owned() } else { format!("可以：{}", words.join("、")) };
    Problem::invalid_state(
        state,
        allowed.iter().map(|other| other.as_str()).collect(),
        format!("现在是“{label}”，不能{}；{rest}", action.label()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn walk(start: Status, actions: &[Action]) -> Result<Status, Problem> {
        actions.iter().try_fold(start, |status, action| status.step(*action))
    }

    #[test]
    fn five_steps_lead_to_publication() {
        let done = walk(Status::NEW, &[Action::Edit, Action::Report, Action::Approve, Action::Publish]).unwrap();
        assert_eq!(done, Status { state: State::Active, revision: None });
    }

    #[test]
    fn a_revision_leaves_the_old_version_in_use() {
        let active = Status { state: State::Active, revision: None };
        let revising = walk(active, &[Action::Revise, Action::Edit, Action::Report]).unwrap();
        assert_eq!(revising, Status { state: State::Active, revision: Some(State::Reviewing) });
        assert_eq!(walk(revising, &[Action::Approve, Action::Publish]).unwrap(), active);
        let suspended = walk(revising, &[Action::Suspend, Action::Approve, Action::Publish]).unwrap();
        assert_eq!(suspended, Status { state: State::Suspended, revision: None });
    }

    #[test]
    fn cancelled_is_the_end() {
        let gone = Status { state: State::Cancelled, revision: None };
        assert_eq!(gone.allowed(), []);
        let problem = gone.step(Action::Resume).unwrap_err();
        assert_eq!(problem.code.as_str(), "invalid-state");
        assert_eq!(problem.current_state.as_deref(), Some("cancelled"));
        let with_draft = Status { state: State::Active, revision: Some(State::Editing) };
        assert_eq!(with_draft.step(Action::Cancel).unwrap(), gone);
    }

    #[test]
    fn nothing_outside_the_table_is_possible() {
        // 状态 × 修订稿 × 动作 逐一核对：允许的总数固定
        let revisions = [None, Some(State::Editing), Some(State::Reviewing), Some(State::Approved)];
        let mut count = 0;
        for state in [State::Editing, State::Reviewing, State::Approved] {
            count += Status { state, revision: None }.allowed().len();
        }
        for state in [State::Active, State::Suspended] {
            for revision in revisions {
                count += Status { state, revision }.allowed().len();
            }
        }
        // 未发布 4+3+2；在用或暂停：修订稿无 3（变更+2），编辑 5（保存、上报、放弃+2），审核 5，待发布 4
        assert_eq!(count, 9 + 2 * (3 + 5 + 5 + 4));
        assert!(Status::NEW.step(Action::Publish).is_err());
        assert!(Status::NEW.step(Action::Suspend).is_err());
    }

    #[test]
    fn pool_states() {
        assert_eq!(PoolState::PendingClaim.step(Action::Claim).unwrap(), PoolState::Claimed);
        assert_eq!(PoolState::DeclineReview.step(Action::RefuseDecline).unwrap(), PoolState::PendingClaim);
        let problem = PoolState::Declined.step(Action::Claim).unwrap_err();
        assert!(problem.allowed_actions.is_empty());
    }
}
