//! 授权：家人代办与单位授权，同一种单子、同一张状态表（accounts §2.2、§3.2）。

use jiff::Timestamp;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $code:literal $label:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            pub const ALL: &[Self] = &[$(Self::$variant,)+];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)+ }
            }

            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == text)
            }
        }
    };
}

words! {
    /// 授权的种类。
    GrantKind {
        Proxy = "proxy" "家人代办",
        Agent = "agent" "单位授权",
    }
}

words! {
    /// 能做到哪一步。
    GrantScope {
        /// 申办、补正、撤回、看进度。
        Apply = "apply" "申办和看进度",
        /// 只看进度。
        Track = "track" "只看进度",
    }
}

words! {
    /// 授权单的状态；过期由期限看出，不另记。
    GrantState {
        Offered = "offered" "等对方同意",
        Active = "active" "有效",
        Declined = "declined" "没有同意",
        Revoked = "revoked" "已解除",
    }
}

words! {
    /// 授权的两边。
    Side {
        Principal = "principal" "授权人",
        Agent = "agent" "代办人",
    }
}

words! {
    /// 对授权单能做的事。
    GrantAct {
        Accept = "accept" "同意",
        Decline = "decline" "不同意",
        Revoke = "revoke" "解除",
    }
}

/// 谁能把它变成什么样：此刻的状态、动作、要不要是后答的那一边（`None` 两边都行）、之后的状态。
pub const GRANT_TABLE: &[(GrantState, GrantAct, Option<bool>, GrantState)] = &[
    (GrantState::Offered, GrantAct::Accept, Some(true), GrantState::Active),
    (GrantState::Offered, GrantAct::Decline, Some(true), GrantState::Declined),
    (GrantState::Offered, GrantAct::Revoke, Some(false), GrantState::Revoked),
    (GrantState::Active, GrantAct::Revoke, None, GrantState::Revoked),
];

/// 一份授权。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub id: i64,
    pub kind: GrantKind,
    /// 家人代办的本人；单位授权为 0。
    pub principal: i64,
    /// 授权的单位；家人代办为 0。
    pub legal_entity: i64,
    pub agent: i64,
    /// 家人关系，或在单位里的身份。
    pub relation: String,
    pub scope: GrantScope,
    /// 只限哪些事项；空为全部。
    pub items: String,
    pub until_day: i64,
    pub state: GrantState,
    pub asked_by: Side,
    pub created: Timestamp,
    pub settled: Option<Timestamp>,
    pub version: i64,
}

impl Grant {
    /// 此刻有效：同意过、没解除、没过期。
    #[must_use]
    pub fn holds(&self, day: i64) -> bool {
        self.state == GrantState::Active && self.until_day >= day
    }

    /// 管不管这个事项。
    #[must_use]
    pub fn covers(&self, item: &str) -> bool {
        covers(&self.items, item)
    }

    /// 这一边此刻能做什么。
    #[must_use]
    pub fn acts(&self, side: Side) -> Vec<GrantAct> {
        let answering = side != self.asked_by;
        let open = GRANT_TABLE.iter().filter(|(from, _, who, _)| *from == self.state && who.is_none_or(|wanted| wanted == answering));
        open.map(|(_, act, ..)| *act).collect()
    }
}

/// 事项范围管不管这个事项：空为全部。
#[must_use]
pub fn covers(items: &str, item: &str) -> bool {
    items.is_empty() || items.split(' ').any(|known| known == item)
}

/// 家人关系。
pub const RELATIONS: &[(&str, &str)] =
    &[("spouse", "配偶"), ("child", "子女"), ("parent", "父母"), ("guardian", "监护人"), ("relative", "其他亲属"), ("helper", "帮办代办员")];
