//! 状态机：每个合法转移是一行，其余都是错误（cases §2.2）。

use tongban_kernel::{Permission, Problem};

use super::state::State::{self, Accepted, Closed, Correcting, Decided, Draft, NotAccepted, Received, Returned, Submitted, Suspended, Terminated, Voided, Withdrawn};
use crate::permissions as can;

/// 对办件能做的动作。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    Submit,
    Receive,
    SendBack,
    Refuse,
    RequestCorrection,
    SupplyCorrection,
    LapseCorrection,
    Accept,
    AutoAccept,
    SupplyDeferred,
    LapseDeferred,
    Suspend,
    NoteProcedure,
    Resume,
    Forward,
    StepBack,
    Extend,
    Decide,
    Deliver,
    Withdraw,
    Terminate,
    Void,
    Revoke,
    /// 转给另一人办，或自己接办。
    Transfer,
    /// 并联征求其他机构的意见。
    Consult,
    /// 申请人催办。
    Urge,
    /// 更正系统写下的日期（更正单）。
    Amend,
    /// 延续在原证届满前未作决定，视为准予（许可法第50条）。
    DeemGranted,
}

impl Action {
    pub const ALL: [Self; 28] = [
        Self::Submit,
        Self::Receive,
        Self::SendBack,
        Self::Refuse,
        Self::RequestCorrection,
        Self::SupplyCorrection,
        Self::LapseCorrection,
        Self::Accept,
        Self::AutoAccept,
        Self::SupplyDeferred,
        Self::LapseDeferred,
        Self::Suspend,
        Self::NoteProcedure,
        Self::Resume,
        Self::Forward,
        Self::StepBack,
        Self::Extend,
        Self::Decide,
        Self::Deliver,
        Self::Withdraw,
        Self::Terminate,
        Self::Void,
        Self::Revoke,
        Self::Transfer,
        Self::Consult,
        Self::Urge,
        Self::Amend,
        Self::DeemGranted,
    ];

    /// 接口与网址里的名字。
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Submit => "submit",
            Self::Receive => "receive",
            Self::SendBack => "send-back",
            Self::Refuse => "refuse",
            Self::RequestCorrection => "request-correction",
            Self::SupplyCorrection => "supply-correction",
            Self::LapseCorrection => "lapse-correction",
            Self::Accept => "accept",
            Self::AutoAccept => "auto-accept",
            Self::SupplyDeferred => "supply-deferred",
            Self::LapseDeferred => "lapse-deferred",
            Self::Suspend => "suspend",
            Self::NoteProcedure => "note-procedure",
            Self::Resume => "resume",
            Self::Forward => "forward",
            Self::StepBack => "step-back",
            Self::Extend => "extend",
            Self::Decide => "decide",
            Self::Deliver => "deliver",
            Self::Withdraw => "withdraw",
            Self::Terminate => "terminate",
            Self::Void => "void",
            Self::Revoke => "revoke",
            Self::Transfer => "transfer",
            Self::Consult => "consult",
            Self::Urge => "urge",
            Self::Amend => "amend",
            Self::DeemGranted => "deem-granted",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Submit => "提交申请",
            Self::Receive => "接件",
            Self::SendBack => "预审退回",
            Self::Refuse => "不予受理",
            Self::RequestCorrection => "一次告知补正",
            Self::SupplyCorrection => "提交补正",
            Self::LapseCorrection => "补正逾期视为撤回",
            Self::Accept => "受理",
            Self::AutoAccept => "逾期未告知自动受理",
            Self::SupplyDeferred => "补交容缺材料",
            Self::LapseDeferred => "容缺逾期视为撤回",
            Self::Suspend => "启动特别程序",
            Self::NoteProcedure => "登记不停表的程序",
            Self::Resume => "结束特别程序",
            Self::Forward => "通过并送下一环节",
            Self::StepBack => "退回上一环节",
            Self::Extend => "延期",
            Self::Decide => "作出决定",
            Self::Deliver => "送达",
            Self::Withdraw => "撤回申请",
            Self::Terminate => "终止",
            Self::Void => "作废",
            Self::Revoke => "撤销决定",
            Self::Transfer => "转办、接办",
            Self::Consult => "征求其他部门意见",
            Self::Urge => "催办",
            Self::Amend => "更正",
            Self::DeemGranted => "届满未决定视为准予",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

/// 谁来做。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// 申请人本人、其经办人，或有代办权限的窗口与代办员。
    Applicant,
    /// 有权限且在范围内的工作人员。
    Staff,
    /// 时间。
    Clock,
}

/// 状态机的一行。
#[derive(Debug, Clone, Copy)]
pub struct Transition {
    pub from: &'static [State],
    pub action: Action,
    pub to: State,
    pub who: Who,
    pub permission: Permission,
}

const fn row(from: &'static [State], action: Action, to: State, who: Who, permission: Permission) -> Transition {
    Transition { from, action, to, who, permission }
}

/// 全部合法转移。
pub const TRANSITIONS: &[Transition] = &[
    row(&[Draft], Action::Submit, Submitted, Who::Applicant, can::SUBMIT_FOR),
    row(&[Submitted], Action::Receive, Received, Who::Staff, can::RECEIVE),
    row(&[Submitted], Action::SendBack, Returned, Who::Staff, can::RECEIVE),
    row(&[Submitted, Received], Action::Refuse, NotAccepted, Who::Staff, can::ACCEPT),
    row(&[Received], Action::RequestCorrection, Correcting, Who::Staff, can::ACCEPT),
    row(&[Correcting], Action::SupplyCorrection, Received, Who::Applicant, can::SUBMIT_FOR),
    row(&[Correcting], Action::LapseCorrection, Returned, Who::Clock, can::CLOCK),
    row(&[Received], Action::Accept, Accepted, Who::Staff, can::ACCEPT),
    row(&[Submitted, Received], Action::AutoAccept, Accepted, Who::Clock, can::CLOCK),
    row(&[Accepted], Action::SupplyDeferred, Accepted, Who::Applicant, can::SUBMIT_FOR),
    row(&[Accepted], Action::LapseDeferred, Returned, Who::Clock, can::CLOCK),
    row(&[Accepted], Action::Suspend, Suspended, Who::Staff, can::SUSPEND),
    row(&[Accepted], Action::NoteProcedure, Accepted, Who::Staff, can::SUSPEND),
    row(&[Suspended], Action::Resume, Accepted, Who::Staff, can::SUSPEND),
    row(&[Accepted], Action::Forward, Accepted, Who::Staff, can::HANDLE),
    row(&[Accepted], Action::StepBack, Accepted, Who::Staff, can::HANDLE),
    row(&[Accepted], Action::Extend, Accepted, Who::Staff, can::EXTEND),
    row(&[Accepted], Action::Decide, Decided, Who::Staff, can::APPROVE),
    row(&[Submitted, Received, Accepted, Suspended], Action::DeemGranted, Decided, Who::Clock, can::CLOCK),
    row(&[Decided], Action::Deliver, Closed, Who::Staff, can::DELIVER),
    row(&[Submitted, Received, Correcting, Accepted, Suspended], Action::Withdraw, Withdrawn, Who::Applicant, can::SUBMIT_FOR),
    row(&[Submitted, Received, Correcting, Accepted, Suspended], Action::Terminate, Terminated, Who::Staff, can::TERMINATE),
    row(
        &[Submitted, Received, Correcting, Accepted, Suspended, Decided, Closed, NotAccepted, Withdrawn, Returned, Terminated],
        Action::Void,
        Voided,
        Who::Staff,
        can::VOID,
    ),
    row(&[Decided], Action::Revoke, Decided, Who::Staff, can::APPROVE),
    row(&[Closed], Action::Revoke, Closed, Who::Staff, can::APPROVE),
    row(&[Submitted], Action::Transfer, Submitted, Who::Staff, can::READ),
    row(&[Received], Action::Transfer, Received, Who::Staff, can::READ),
    row(&[Accepted], Action::Transfer, Accepted, Who::Staff, can::READ),
    row(&[Suspended], Action::Transfer, Suspended, Who::Staff, can::READ),
    row(&[Accepted], Action::Consult, Accepted, Who::Staff, can::HANDLE),
    row(&[Submitted], Action::Urge, Submitted, Who::Applicant, can::SUBMIT_FOR),
    row(&[Received], Action::Urge, Received, Who::Applicant, can::SUBMIT_FOR),
    row(&[Accepted], Action::Urge, Accepted, Who::Applicant, can::SUBMIT_FOR),
    row(&[Decided], Action::Urge, Decided, Who::Applicant, can::SUBMIT_FOR),
    row(&[Accepted], Action::Amend, Accepted, Who::Staff, can::TERMINATE),
    row(&[Decided], Action::Amend, Decided, Who::Staff, can::TERMINATE),
    row(&[Closed], Action::Amend, Closed, Who::Staff, can::TERMINATE),
];

/// 某状态下某动作对应的那一行。
#[must_use]
pub fn find(state: State, action: Action) -> Option<&'static Transition> {
    TRANSITIONS.iter().find(|row| row.action == action && row.from.contains(&state))
}

/// 做了这个动作到哪个状态。
///
/// # Errors
/// 状态机不允许：409，附现在的状态与还能做的动作。
pub fn next(state: State, action: Action) -> Result<State, Problem> {
    find(state, action).map(|row| row.to).ok_or_else(|| refused(state, action))
}

/// 状态不允许时的回答。
#[must_use]
pub fn refused(state: State, action: Action) -> Problem {
    let allowed = allowed_actions(state).map(Action::as_str).collect();
    Problem::invalid_state(state.as_str(), allowed, format!("办件现在是“{}”，不能“{}”", state.label(None), action.label()))
}

/// 某状态下全部合法动作（不看是谁）。
pub fn allowed_actions(state: State) -> impl Iterator<Item = Action> {
    TRANSITIONS.iter().filter(move |row| row.from.contains(&state)).map(|row| row.action)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case(Submitted, Action::Receive, Some(Received))]
    #[case(Received, Action::Accept, Some(Accepted))]
    #[case(Received, Action::RequestCorrection, Some(Correcting))]
    #[case(Correcting, Action::SupplyCorrection, Some(Received))]
    #[case(Correcting, Action::LapseCorrection, Some(Returned))]
    #[case(Submitted, Action::AutoAccept, Some(Accepted))]
    #[case(Accepted, Action::Suspend, Some(Suspended))]
    #[case(Suspended, Action::Decide, None)]
    #[case(Suspended, Action::Withdraw, Some(Withdrawn))]
    #[case(Decided, Action::Withdraw, None)]
    #[case(Decided, Action::Terminate, None)]
    #[case(Closed, Action::Revoke, Some(Closed))]
    #[case(Closed, Action::Void, Some(Voided))]
    #[case(Voided, Action::Void, None)]
    #[case(Draft, Action::Void, None)]
    fn rows(#[case] from: State, #[case] action: Action, #[case] to: Option<State>) {
        match next(from, action) {
            Ok(state) => assert_eq!(Some(state), to),
            Err(problem) => {
                assert_eq!(None, to);
                assert_eq!(problem.current_state.as_deref(), Some(from.as_str()));
            }
        }
    }

    #[test]
    fn each_state_and_action_has_at_most_one_row() {
        for state in State::ALL {
            for action in Action::ALL {
                let rows = TRANSITIONS.iter().filter(|row| row.action == action && row.from.contains(&state)).count();
                assert!(rows <= 1, "{state:?} {action:?}");
            }
        }
        for action in Action::ALL {
            assert_eq!(Action::parse(action.as_str()), Some(action));
            assert!(TRANSITIONS.iter().any(|row| row.action == action));
        }
    }

    #[test]
    fn only_voiding_and_revoking_touch_a_finished_case() {
        for state in State::ALL.into_iter().filter(|state| state.is_terminal()) {
            assert!(allowed_actions(state).all(|action| matches!(action, Action::Void | Action::Revoke | Action::Amend)));
        }
    }

    #[test]
    fn nobody_but_time_does_what_time_does() {
        for row in TRANSITIONS {
            let by_time = matches!(row.action, Action::AutoAccept | Action::LapseCorrection | Action::LapseDeferred | Action::DeemGranted);
            assert_eq!(row.who == Who::Clock, by_time);
        }
    }

    /// 规格 §2.2 表上的全部有向边（不含原地动作），与延续的视为准予。
    const EDGES: &[(u8, u8)] = &[
        (10, 20), (20, 25), (20, 72), (20, 70), (25, 70), (25, 30), (30, 25), (40, 72), (30, 72), (25, 40), (20, 40),
        (40, 45), (45, 40), (40, 50), (50, 60),
        // 许可法第50条：延续届满未决定视为准予
        (20, 50), (25, 50), (45, 50),
        (20, 71), (25, 71), (30, 71), (40, 71), (45, 71), (20, 73), (25, 73), (30, 73), (40, 73), (45, 73),
        (20, 79), (25, 79), (30, 79), (40, 79), (45, 79), (50, 79), (60, 79), (70, 79), (71, 79), (72, 79), (73, 79),
    ];

    proptest! {
        #[test]
        fn random_actions_never_leave_the_drawn_edges(actions in prop::collection::vec(0usize..Action::ALL.len(), 0..60)) {
            let mut state = Draft;
            for index in actions {
                if let Ok(after) = next(state, Action::ALL[index]) {
                    prop_assert!(after == state || EDGES.contains(&(state.code(), after.code())), "{state:?} → {after:?}");
                    state = after;
                }
            }
        }
    }
}
