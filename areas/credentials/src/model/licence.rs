//! 证照的状态机（规格 §7.5）。

use tongban_kernel::{Permission, Problem};

use crate::permissions::{REVIEW, REVOKE};

/// 状态与代码。
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LicenceState {
    Pending = 10,
    ToSign = 20,
    Valid = 30,
    Suspended = 40,
    Expired = 50,
    Superseded = 51,
    Revoked = 60,
    Withdrawn = 61,
    Cancelled = 62,
    /// 迁往外地，由转入方另发。
    Transferred = 70,
    /// 法定的其他终止，须写明。
    Other = 99,
}

const STATES: &[(LicenceState, &str, &str, &str)] = &[
    (LicenceState::Pending, "待复核", "", "y"),
    (LicenceState::ToSign, "待用印", "1", "y"),
    (LicenceState::Valid, "有效", "01", "g"),
    (LicenceState::Suspended, "暂扣", "02", "r"),
    (LicenceState::Expired, "已过期", "05", "r"),
    (LicenceState::Superseded, "已被新版替代", "05", "n"),
    (LicenceState::Revoked, "已撤销", "03", "r"),
    (LicenceState::Withdrawn, "已吊销", "07", "r"),
    (LicenceState::Cancelled, "已注销", "04", "r"),
    (LicenceState::Transferred, "已转出", "06", "n"),
    (LicenceState::Other, "已终止", "99", "r"),
];

impl LicenceState {
    /// 由代码；不认识的当注销，绝不当有效。
    #[must_use]
    pub fn from_code(code: i64) -> Self {
        STATES.iter().map(|row| row.0).find(|state| state.code() == code).unwrap_or(Self::Cancelled)
    }

    #[must_use]
    pub fn code(self) -> i64 {
        self as i64
    }

    #[must_use]
    pub fn label(self) -> &'static str {
        STATES.iter().find(|row| row.0 == self).map_or("", |row| row.1)
    }

    /// 对外的状态码（规格 §7.5）。
    #[must_use]
    pub fn external(self) -> &'static str {
        STATES.iter().find(|row| row.0 == self).map_or("", |row| row.2)
    }

    #[must_use]
    pub fn tone(self) -> &'static str {
        STATES.iter().find(|row| row.0 == self).map_or("n", |row| row.3)
    }

    /// 盖过章、有文件。
    #[must_use]
    pub fn is_issued(self) -> bool {
        self >= Self::Valid
    }

    /// 可以亮证：有效、暂扣、过期都如实显示。
    #[must_use]
    pub fn may_show(self) -> bool {
        matches!(self, Self::Valid | Self::Suspended | Self::Expired)
    }

    #[must_use]
    pub fn is_final(self) -> bool {
        self > Self::Expired
    }
}

/// 动作。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LicenceAction {
    Review,
    Sign,
    Suspend,
    Resume,
    Expire,
    Supersede,
    Revoke,
    Withdraw,
    Cancel,
    Transfer,
    End,
}

/// 状态机的一行。
pub struct LicenceRow {
    pub action: LicenceAction,
    pub code: &'static str,
    pub label: &'static str,
    pub from: &'static [LicenceState],
    pub to: LicenceState,
    /// 空为系统自己走的一步。
    pub needs: Permission,
    /// 要写原因与文书号。
    pub reason: bool,
}

macro_rules! row {
    ($action:ident $code:literal $label:literal [$($from:ident)*] => $to:ident, $needs:expr, $reason:expr) => {
        LicenceRow { action: LicenceAction::$action, code: $code, label: $label, from: &[$(LicenceState::$from),*], to: LicenceState::$to, needs: $needs, reason: $reason }
    };
}

/// 状态机，读得懂的一张表。
pub const TRANSITIONS: &[LicenceRow] = &[
    row!(Review "review" "复核通过，送去用印" [Pending] => ToSign, REVIEW, false),
    row!(Sign "sign" "用印" [ToSign] => Valid, "", false),
    row!(Suspend "suspend" "暂扣" [Valid] => Suspended, REVOKE, true),
    row!(Resume "resume" "发还" [Suspended] => Valid, REVOKE, true),
    row!(Expire "expire" "到期" [Valid Suspended] => Expired, "", false),
    row!(Supersede "supersede" "被新版替代" [Valid Suspended Expired] => Superseded, "", false),
    row!(Revoke "revoke" "撤销" [Pending ToSign Valid Suspended Expired] => Revoked, REVOKE, true),
    row!(Withdraw "withdraw" "吊销" [Valid Suspended Expired] => Withdrawn, REVOKE, true),
    row!(Cancel "cancel" "注销" [Valid Suspended Expired] => Cancelled, REVOKE, true),
    row!(Transfer "transfer" "转出外地" [Valid Suspended Expired] => Transferred, REVOKE, true),
    row!(End "end" "其他终止" [Valid Suspended] => Other, REVOKE, true),
];

impl LicenceAction {
    /// 由代号。
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        TRANSITIONS.iter().find(|row| row.code == code).map(|row| row.action)
    }
}

/// 走一步。
///
/// # Errors
/// 现在的状态不能这样做。
pub fn transition(state: LicenceState, action: LicenceAction) -> Result<&'static LicenceRow, Problem> {
    TRANSITIONS.iter().find(|row| row.action == action && row.from.contains(&state)).ok_or_else(|| {
        let allowed = TRANSITIONS.iter().filter(|row| row.from.contains(&state) && !row.needs.is_empty()).map(|row| row.label).collect();
        Problem::invalid_state(state.label(), allowed, format!("证照现在是“{}”，不能这样做", state.label()))
    })
}

/// 长期有效的止日（规格 §7.3）。
pub const FOREVER: i64 = 99_991_231;

/// 止日给人看的样子。
#[must_use]
pub fn show_until(day: i64) -> String {
    if day >= FOREVER { "长期".to_owned() } else { show_day(day) }
}

/// `2026-11-23`。
#[must_use]
pub fn show_day(day: i64) -> String {
    format!("{:04}-{:02}-{:02}", day / 10_000, day / 100 % 100, day % 100)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// 不管怎么走：没复核的不会有效，终态走不出去。
        #[test]
        fn nothing_becomes_valid_unreviewed(walk in prop::collection::vec(0..TRANSITIONS.len(), 0..40)) {
            let (mut state, mut reviewed) = (LicenceState::Pending, false);
            for n in walk {
                let Ok(row) = transition(state, TRANSITIONS[n].action) else { continue };
                prop_assert!(!state.is_final());
                reviewed |= row.action == LicenceAction::Review;
                prop_assert!(row.to != LicenceState::Valid || reviewed);
                state = row.to;
            }
        }
    }

    #[test]
    fn unknown_codes_are_never_valid() {
        assert_eq!(LicenceState::from_code(31), LicenceState::Cancelled);
        assert_eq!(show_until(FOREVER), "长期");
        assert_eq!(show_until(20_311_122), "2031-11-22");
    }
}
