//! 文书种类、文号、查询码（cases §1、§5）。

use serde::{Deserialize, Serialize};

/// 文书种类。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    Receipt,
    Correction,
    Acceptance,
    Refusal,
    Deferred,
    Commitment,
    Procedure,
    Extension,
    Grant,
    Denial,
    Delivery,
    Withdrawal,
    Return,
    Termination,
    Revocation,
    Amendment,
    Hearing,
    Handover,
}

impl DocumentKind {
    pub const ALL: [Self; 18] = [
        Self::Receipt,
        Self::Correction,
        Self::Acceptance,
        Self::Refusal,
        Self::Deferred,
        Self::Commitment,
        Self::Procedure,
        Self::Extension,
        Self::Grant,
        Self::Denial,
        Self::Delivery,
        Self::Withdrawal,
        Self::Return,
        Self::Termination,
        Self::Revocation,
        Self::Amendment,
        Self::Hearing,
        Self::Handover,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Receipt => "receipt",
            Self::Correction => "correction",
            Self::Acceptance => "acceptance",
            Self::Refusal => "refusal",
            Self::Deferred => "deferred",
            Self::Commitment => "commitment",
            Self::Procedure => "procedure",
            Self::Extension => "extension",
            Self::Grant => "grant",
            Self::Denial => "denial",
            Self::Delivery => "delivery",
            Self::Withdrawal => "withdrawal",
            Self::Return => "return",
            Self::Termination => "termination",
            Self::Revocation => "revocation",
            Self::Amendment => "amendment",
            Self::Hearing => "hearing",
            Self::Handover => "handover",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }

    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Receipt => "收件凭证",
            Self::Correction => "补正告知书",
            Self::Acceptance => "受理通知书",
            Self::Refusal => "不予受理决定书",
            Self::Deferred => "容缺受理承诺书",
            Self::Commitment => "告知承诺书",
            Self::Procedure => "特别程序告知书",
            Self::Extension => "延期告知书",
            Self::Grant => "准予决定书",
            Self::Denial => "不予决定书",
            Self::Delivery => "送达回证",
            Self::Withdrawal => "撤回确认书",
            Self::Return => "退件通知书",
            Self::Termination => "终止通知书",
            Self::Revocation => "撤销决定书",
            Self::Amendment => "更正通知书",
            Self::Hearing => "听证告知书",
            Self::Handover => "材料交接单",
        }
    }

    /// 文号里的种类字。
    #[must_use]
    pub const fn mark(self) -> &'static str {
        match self {
            Self::Receipt => "收",
            Self::Correction => "补",
            Self::Acceptance => "受",
            Self::Refusal => "不受",
            Self::Deferred => "容",
            Self::Commitment => "诺",
            Self::Procedure => "特",
            Self::Extension => "延",
            Self::Grant => "准",
            Self::Denial => "不准",
            Self::Delivery => "送",
            Self::Withdrawal => "撤",
            Self::Return => "退",
            Self::Termination => "终",
            Self::Revocation => "撤销",
            Self::Amendment => "更",
            Self::Hearing => "听",
            Self::Handover => "交",
        }
    }

    /// 依据的条文，印在文书上。
    #[must_use]
    pub const fn basis(self) -> &'static str {
        match self {
            Self::Receipt | Self::Correction | Self::Acceptance | Self::Refusal => "《中华人民共和国行政许可法》第三十二条",
            Self::Procedure => "《中华人民共和国行政许可法》第四十五条",
            Self::Extension => "《中华人民共和国行政许可法》第四十二条",
            Self::Grant | Self::Denial => "《中华人民共和国行政许可法》第三十八条",
            Self::Delivery => "《中华人民共和国行政许可法》第四十四条",
            Self::Revocation => "《中华人民共和国行政许可法》第六十九条",
            Self::Hearing => "《中华人民共和国行政许可法》第四十六条、第四十七条",
            Self::Amendment | Self::Handover | Self::Deferred | Self::Commitment | Self::Withdrawal | Self::Return | Self::Termination => "",
        }
    }

    /// 机关出的，要盖机关的章；承诺书是申请人出的，交接单在内部用。
    #[must_use]
    pub const fn is_sealed(self) -> bool {
        !matches!(self, Self::Deferred | Self::Commitment | Self::Handover)
    }

    /// 对申请人不利的决定：必须写明理由与救济途径。
    #[must_use]
    pub const fn needs_remedy(self) -> bool {
        matches!(self, Self::Refusal | Self::Denial | Self::Revocation)
    }
}

/// 机构没有登记代字时用的缺省代字。
pub const DEFAULT_PREFIX: &str = "广昭审";

/// `广昭审受〔2021〕000001号`。
#[must_use]
pub fn document_number(prefix: &str, kind: DocumentKind, year: i16, serial: i64) -> String {
    format!("{prefix}{}〔{year}〕{serial:06}号", kind.mark())
}

/// 文号流水的系列：机关代字 + 文种；按年从 000001 起。同一代字的机关共用一串，文号才不会重。
#[must_use]
pub fn document_series(prefix: &str, kind: DocumentKind) -> String {
    format!("doc:{prefix}:{}", kind.as_str())
}

/// 去掉易混字符（0 O 1 I L U V）的 29 个字符。
const ALPHABET: &[u8] = b"23456789ABCDEFGHJKMNPQRSTWXYZ";
/// 查询码长度。
pub const ACCESS_CODE_LEN: usize = 8;

/// 由随机字节得出 8 位查询码；拒绝取样，各字符等概率。字节不够时返回 `None`。
#[must_use]
pub fn access_code(random: &[u8]) -> Option<String> {
    let limit = 256 - 256 % ALPHABET.len();
    let code: String = random
        .iter()
        .map(|byte| usize::from(*byte))
        .filter(|byte| *byte < limit)
        .map(|byte| char::from(ALPHABET[byte % ALPHABET.len()]))
        .take(ACCESS_CODE_LEN)
        .collect();
    (code.len() == ACCESS_CODE_LEN).then_some(code)
}

/// 群众抄写的查询码：去空格、变大写。
#[must_use]
pub fn clean_access_code(text: &str) -> String {
    text.chars().take(64).filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_follow_the_pattern() {
        assert_eq!(document_number(DEFAULT_PREFIX, DocumentKind::Acceptance, 2021, 1), "广昭审受〔2021〕000001号");
        assert_eq!(document_number("广昭市监", DocumentKind::Denial, 2026, 123_456), "广昭市监不准〔2026〕123456号");
    }

    #[test]
    fn kinds_have_distinct_marks() {
        let mut marks = std::collections::BTreeSet::new();
        for kind in DocumentKind::ALL {
            assert!(marks.insert(kind.mark()));
            assert_eq!(DocumentKind::parse(kind.as_str()), Some(kind));
        }
    }

    proptest! {
        #[test]
        fn access_codes_avoid_lookalikes(random in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Some(code) = access_code(&random) {
                prop_assert_eq!(code.len(), ACCESS_CODE_LEN);
                prop_assert!(code.bytes().all(|b| ALPHABET.contains(&b)));
                prop_assert_eq!(clean_access_code(&code.to_lowercase()), code);
            } else {
                prop_assert!(random.iter().filter(|b| **b < 232).count() < ACCESS_CODE_LEN);
            }
        }
    }
}
