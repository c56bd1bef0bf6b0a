//! 事件订阅与投递的样子。

use jiff::Timestamp;

/// 订阅在用还是停用。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    Active,
    Disabled,
}

impl Standing {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Disabled => "disabled",
        }
    }

    pub(crate) fn parse(text: &str) -> Self {
        if text == "active" { Self::Active } else { Self::Disabled }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Active => "在用",
            Self::Disabled => "已停用",
        }
    }
}

/// 一个事件订阅。
#[derive(Debug, Clone)]
pub struct Webhook {
    pub id: i64,
    pub tenant: i64,
    pub url: String,
    pub description: String,
    /// 整名或 `前缀.*`。
    pub event_types: Vec<String>,
    pub standing: Standing,
    /// 停用的原因。
    pub reason: String,
    /// 连着几次连不上。
    pub failures: i64,
    /// 暂停到何时，毫秒。
    pub paused_until: i64,
    /// 轮换期到何时为止；没有在轮换为 `None`。
    pub rotating_until: Option<Timestamp>,
    pub created: Timestamp,
    pub version: i64,
}

/// 一次投递的下场。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    Waiting = 0,
    Delivered = 1,
    /// 死信：试够了次数，等人处理。
    Dead = 2,
}

impl Fate {
    pub const ALL: [Self; 3] = [Self::Waiting, Self::Delivered, Self::Dead];

    pub(crate) fn parse(code: i64) -> Self {
        match code {
            0 => Self::Waiting,
            1 => Self::Delivered,
            _ => Self::Dead,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Dead => "dead",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Waiting => "待投递",
            Self::Delivered => "已送达",
            Self::Dead => "死信",
        }
    }
}

/// 一个订阅的一次事件。
#[derive(Debug, Clone)]
pub struct Delivery {
    pub id: i64,
    pub webhook: i64,
    /// 事件标识，重试不变。
    pub event: String,
    pub kind: String,
    pub subject: String,
    pub body: String,
    pub fate: Fate,
    pub tries: i64,
    pub next_at: Timestamp,
    pub created: Timestamp,
    pub last_at: Option<Timestamp>,
    /// 最近一次的状态码；连不上为 0。
    pub last_status: Option<i64>,
    pub last_error: String,
}
