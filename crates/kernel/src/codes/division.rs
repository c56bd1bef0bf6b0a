//! 12 位区划代码：省2 市2 县2 乡3 村3，高层补 0（accounts §4.1）。

use super::{all_digits, clean, exact_length, text_code};
use crate::problem::Reason;

/// 校验过结构的 12 位区划代码；不保证它现在存在。
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DivisionCode(String);

text_code!(DivisionCode);

impl DivisionCode {
    /// # Errors
    /// 不是 12 位数字，或上级段为 0 而下级段不为 0。
    pub fn parse(input: &str) -> Result<Self, Reason> {
        let text = clean(input, "区划代码")?;
        if matches!(text.len(), 2 | 4 | 6 | 9) && all_digits(&text) {
            return Err(Reason::new("length", format!("区划代码一律写 12 位，不足的在后面补 0，如 {text:0<12}")));
        }
        exact_length(&text, 12, "区划代码")?;
        if !all_digits(&text) {
            return Err(Reason::new("division-format", "区划代码应全是数字"));
        }
        let empty = |from: usize, to: usize| text[from..to].bytes().all(|b| b == b'0');
        // 东莞、中山一类不设县的市，县段为 00 而乡段有值，是合法的
        if empty(0, 2) || (empty(2, 4) && !empty(4, 12)) || (empty(6, 9) && !empty(9, 12)) {
            return Err(Reason::new("division-level", "区划代码的上级段是 0、下级段却有值，请核对是不是错位了"));
        }
        Ok(Self(text))
    }

    /// 1 省、2 市、3 县区、4 乡镇街道、5 村社区。
    #[must_use]
    pub fn level(&self) -> u8 {
        let empty = |from: usize, to: usize| self.0[from..to].bytes().all(|b| b == b'0');
        match () {
            () if !empty(9, 12) => 5,
            () if !empty(6, 9) => 4,
            () if !empty(4, 6) => 3,
            () if !empty(2, 4) => 2,
            () => 1,
        }
    }

    #[must_use]
    pub fn level_name(&self) -> &'static str {
        ["", "省", "市", "县区", "乡镇街道", "村社区"][usize::from(self.level())]
    }

    /// 上级：把末级段清零；省级没有上级。
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        let keep = match self.level() {
            5 => 9,
            4 => 6,
            3 => 4,
            2 => 2,
            _ => return None,
        };
        Some(Self(format!("{:0<12}", &self.0[..keep])))
    }

    /// 前 6 位，编号里用。
    #[must_use]
    pub fn prefix6(&self) -> &str {
        &self.0[..6]
    }

    /// `self` 是否就是 `ancestor` 或在它下面。
    #[must_use]
    pub fn is_within(&self, ancestor: &Self) -> bool {
        let keep = match ancestor.level() {
            1 => 2,
            2 => 4,
            3 => 6,
            4 => 9,
            _ => 12,
        };
        self.0[..keep] == ancestor.0[..keep]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("510000000000", 1, None)]
    #[case("510800000000", 2, Some("510000000000"))]
    #[case("510811000000", 3, Some("510800000000"))]
    #[case("510811100000", 4, Some("510811000000"))]
    #[case("510811100001", 5, Some("510811100000"))]
    #[case("441900003000", 4, Some("441900000000"))]
    fn levels_and_parents(#[case] code: &str, #[case] level: u8, #[case] parent: Option<&str>) {
        let code = DivisionCode::parse(code).unwrap();
        assert_eq!(code.level(), level);
        assert_eq!(code.parent().as_ref().map(DivisionCode::as_str), parent);
    }

    #[rstest]
    #[case("510811", "length")]
    #[case("5108110000", "length")]
    #[case("51081100000A", "division-format")]
    #[case("510811000001", "division-level")]
    #[case("510011000000", "division-level")]
    #[case("000000000000", "division-level")]
    fn refusals_say_why(#[case] input: &str, #[case] code: &str) {
        assert_eq!(DivisionCode::parse(input).unwrap_err().code, code);
    }

    #[test]
    fn six_digits_get_a_hint() {
        assert!(DivisionCode::parse("510811").unwrap_err().detail.contains("510811000000"));
    }

    #[test]
    fn within() {
        let county = DivisionCode::parse("510811000000").unwrap();
        let village = DivisionCode::parse("510811100001").unwrap();
        assert!(village.is_within(&county) && county.is_within(&county) && !county.is_within(&village));
    }

    proptest! {
        #[test]
        fn never_panics_and_parents_end(text in "[0-9]{12}|.{0,20}") {
            if let Ok(code) = DivisionCode::parse(&text) {
                let mut at = code;
                for _ in 0..5 {
                    match at.parent() { Some(up) => { prop_assert!(up.level() < at.level()); at = up; } None => break }
                }
                prop_assert_eq!(at.level(), 1);
            }
        }
    }
}
