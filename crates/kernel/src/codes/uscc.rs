//! 统一社会信用代码（GB 32100-2015）与组织机构代码（GB 11714-1997），accounts §3.1。

use super::{clean, exact_length, text_code};
use crate::problem::Reason;

const CHARS: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";
const WEIGHTS: [u32; 17] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];
const ORG_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

/// 校验过的 18 位统一社会信用代码。
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uscc(String);

text_code!(Uscc);

impl Uscc {
    /// # Errors
    /// 长度、字符、校验位任一不符。
    pub fn parse(input: &str) -> Result<Self, Reason> {
        let text = clean(input, "统一社会信用代码")?;
        exact_length(&text, 18, "统一社会信用代码")?;
        if let Some(bad) = text.chars().find(|c| value(*c).is_none()) {
            return Err(Reason::new(
                "uscc-char",
                format!("统一社会信用代码里不会有“{bad}”，只用数字和除 I、O、S、V、Z 以外的字母，请核对是不是把 1、0、5 看成了字母"),
            ));
        }
        if !checksum(&text) {
            return Err(Reason::new("uscc-checksum", "统一社会信用代码最后一位对不上，多半是某一位抄错了，请对照执照逐位核对"));
        }
        Ok(Self(text))
    }

    /// 第 9–17 位的组织机构代码自身校验位是否也对；个别存量赋码不对，只告警不阻断。
    #[must_use]
    pub fn inner_checksum_holds(&self) -> bool {
        org_code_checksum(&self.0[8..17])
    }

    /// 第 3–8 位登记机关区划。
    #[must_use]
    pub fn region(&self) -> &str {
        &self.0[2..8]
    }

    /// 第 9–17 位主体标识（组织机构代码）。
    #[must_use]
    pub fn org_code(&self) -> &str {
        &self.0[8..17]
    }

    /// 第 1 位登记管理部门的名称。
    #[must_use]
    pub fn registrar(&self) -> &'static str {
        match self.0.as_bytes()[0] {
            b'1' => "机构编制",
            b'2' => "外交",
            b'3' => "司法行政",
            b'4' => "文化",
            b'5' => "民政",
            b'6' => "旅游",
            b'7' => "宗教",
            b'8' => "工会",
            b'9' => "市场监管",
            b'A' => "中央军委",
            b'N' => "农业",
            _ => "其他",
        }
    }

    /// 前两位给出的机构类别名称。
    #[must_use]
    pub fn category(&self) -> &'static str {
        match &self.0[..2] {
            "11" => "机关",
            "12" => "事业单位",
            "13" => "群团",
            "51" => "社会团体",
            "52" => "民办非企业单位",
            "53" => "基金会",
            "91" => "企业",
            "92" => "个体工商户",
            "93" => "农民专业合作社",
            _ => "其他",
        }
    }
}

fn value(c: char) -> Option<u32> {
    let byte = u8::try_from(c).ok()?;
    CHARS.iter().position(|x| *x == byte).and_then(|i| u32::try_from(i).ok())
}

fn checksum(text: &str) -> bool {
    let values: Vec<u32> = text.chars().filter_map(value).collect();
    let [head @ .., last] = values.as_slice() else { return false };
    let sum: u32 = head.iter().zip(WEIGHTS).map(|(v, weight)| v * weight).sum();
    *last == (31 - sum % 31) % 31
}

/// 9 位组织机构代码（不带横杠）的校验位是否正确。
#[must_use]
pub fn org_code_checksum(text: &str) -> bool {
    if text.len() != 9 || !text.is_ascii() {
        return false;
    }
    let mut sum = 0;
    for (c, weight) in text.chars().take(8).zip(ORG_WEIGHTS) {
        let Some(v) = c.to_digit(36).filter(|_| !c.is_ascii_lowercase()) else { return false };
        sum += v * weight;
    }
    let expected = match 11 - sum % 11 {
        10 => b'X',
        11 => b'0',
        n => b"0123456789"[n as usize],
    };
    text.as_bytes()[8] == expected
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("91350100M000100Y43")]
    #[case("11511301008778183N")]
    #[case("115113010833722043")]
    #[case("11310000MB2F30661Y")]
    #[case("12441500196720244T")]
    #[case("91510811MA00000154")]
    #[case("91510811MA0000023Y")]
    #[case("92510811MA0000031N")]
    #[case("93510811MF00000132")]
    #[case("52510811MJ0000018Y")]
    #[case("12510811MB00000438")]
    #[case("11510811000000019M")]
    #[case("11510811MB0000019T")]
    #[case("11510811MB0000027M")]
    #[case("11510811MB0000035G")]
    #[case("11511301452259996u")]
    fn valid_samples_hold_on_both_layers(#[case] input: &str) {
        let code = Uscc::parse(input).unwrap();
        assert_eq!(code.as_str(), input.to_uppercase());
        assert!(code.inner_checksum_holds(), "{input}");
    }

    #[rstest]
    #[case("1151130108778239R", "length")]
    #[case("1151130000877869M", "length")]
    #[case("91350100M000100Y44", "uscc-checksum")]
    #[case("91350100M000100I43", "uscc-char")]
    #[case("9135010OM000100Y43", "uscc-char")]
    #[case("2222222222222", "length")]
    #[case("", "required")]
    fn refusals_say_why(#[case] input: &str, #[case] code: &str) {
        assert_eq!(Uscc::parse(input).unwrap_err().code, code);
    }

    #[rstest]
    #[case("083372204", true)]
    #[case("D2143569X", true)]
    #[case("083372205", false)]
    #[case("d2143569X", false)]
    #[case("短", false)]
    fn org_codes(#[case] input: &str, #[case] valid: bool) {
        assert_eq!(org_code_checksum(input), valid);
    }

    #[test]
    fn parts() {
        let code = Uscc::parse("92510811MA0000031N").unwrap();
        assert_eq!((code.registrar(), code.category(), code.region(), code.org_code()), ("市场监管", "个体工商户", "510811", "MA0000031"));
    }

    #[test]
    fn a_wrong_inner_layer_is_only_a_warning() {
        // 外层校验位按公式补齐，内层故意不对
        let head = "91510811MA0000016";
        let code = CHARS.iter().find_map(|c| Uscc::parse(&format!("{head}{}", char::from(*c))).ok()).unwrap();
        assert!(!code.inner_checksum_holds());
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,40}") {
            let _ = Uscc::parse(&text);
            let _ = org_code_checksum(&text);
        }
    }
}
