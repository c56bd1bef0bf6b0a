//! 办结之后再申请：变更、延续、补证，新办件挂着原办件（cases §2.2）。

use serde::{Deserialize, Serialize};

/// 再申请什么。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FollowKind {
    Change,
    Renew,
    Reissue,
}

impl FollowKind {
    pub const ALL: [Self; 3] = [Self::Renew, Self::Change, Self::Reissue];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Change => "change",
            Self::Renew => "renew",
            Self::Reissue => "reissue",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Change => "变更",
            Self::Renew => "延续",
            Self::Reissue => "补证",
        }
    }

    /// 事项名称里说的是这一种：有单独的办理项就办那一项。
    #[must_use]
    pub const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Change => &["变更"],
            Self::Renew => &["延续", "换发", "换证"],
            Self::Reissue => &["补证", "补发", "补领", "遗失"],
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// 草稿里记的：为哪一件再申请什么。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Follow {
    pub kind: FollowKind,
    pub earlier_no: String,
}

/// 一件后续申请与它的原办件。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FollowUp {
    pub kind: FollowKind,
    /// 原办件的行键与编号。
    pub earlier: i64,
    pub earlier_no: String,
    /// 原证照的标识与名称；原办件没有电子证照的为空。
    pub licence: String,
    pub licence_name: String,
}

/// 一件办结的件后来又申请了什么：种类、编号。
pub type Later = (FollowKind, String);
