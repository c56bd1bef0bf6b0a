//! 居民身份证号（GB 11643-1999，accounts §2.3）。

use std::fmt;

use jiff::civil::Date;

use super::{all_digits, clean, exact_length};
use crate::problem::Reason;

const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const CHECKS: &[u8; 11] = b"10X98765432";

/// 校验过的 18 位居民身份证号。`Debug` 只露前 3 后 4 位。
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdNumber(String);

impl IdNumber {
    /// 出生日期须真实、不早于 1900-01-01、不晚于 `today`；小写 x、空格、全角都接受。
    ///
    /// # Errors
    /// 长度、字符、日期、校验位任一不符。
    pub fn parse(input: &str, today: Date) -> Result<Self, Reason> {
        let text = clean(input, "身份证号")?;
        if text.len() == 15 && all_digits(&text) {
            return Err(Reason::new("id-old", "这是 15 位旧号码，请填写第二代身份证上的 18 位号码"));
        }
        exact_length(&text, 18, "身份证号")?;
        if !well_formed(&text) {
            return Err(Reason::new("id-format", "身份证号前 17 位应全是数字，最后一位是数字或 X"));
        }
        let birth = birth_of(&text)
            .ok_or_else(|| Reason::new("id-date", format!("身份证号第 7 到 14 位“{}”不是真实日期，请核对", &text[6..14])))?;
        if birth.year() < 1900 || birth > today {
            return Err(Reason::new("id-date", format!("身份证号里的出生日期 {birth} 不在合理范围，请核对第 7 到 14 位")));
        }
        if !Self::checksum(&text) {
            return Err(Reason::new("id-checksum", "身份证号最后一位对不上，多半是某一位抄错了，请逐位核对"));
        }
        Ok(Self(text))
    }

    /// 只看格式与校验位，不看日期范围。
    #[must_use]
    pub fn checksum(text: &str) -> bool {
        well_formed(text) && text.as_bytes()[17] == check_digit(text)
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// 前 6 位区划；可能是历史区划，不保证现在还有。
    #[must_use]
    pub fn region(&self) -> &str {
        &self.0[..6]
    }

    #[must_use]
    pub fn birth(&self) -> Date {
        birth_of(&self.0).unwrap_or_default()
    }

    /// 第 17 位为偶数是女。
    #[must_use]
    pub fn is_female(&self) -> bool {
        self.0.as_bytes()[16].is_ascii_digit() && (self.0.as_bytes()[16] - b'0').is_multiple_of(2)
    }

    /// 到 `today` 满多少周岁。
    #[must_use]
    pub fn age(&self, today: Date) -> i16 {
        let birth = self.birth();
        let before_birthday = (today.month(), today.day()) < (birth.month(), birth.day());
        today.year() - birth.year() - i16::from(before_birthday)
    }
}

impl fmt::Display for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for IdNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdNumber({})", crate::mask::id_number(&self.0))
    }
}

fn well_formed(text: &str) -> bool {
    text.len() == 18 && text.is_ascii() && all_digits(&text[..17]) && matches!(text.as_bytes()[17], b'0'..=b'9' | b'X')
}

fn check_digit(text: &str) -> u8 {
    let sum: u32 = text.bytes().zip(WEIGHTS).map(|(b, weight)| u32::from(b - b'0') * weight).sum();
    CHECKS[sum as usize % 11]
}

fn birth_of(text: &str) -> Option<Date> {
    Date::new(text[6..10].parse().ok()?, text[10..12].parse().ok()?, text[12..14].parse().ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;
    use rstest::rstest;

    const TODAY: Date = date(2026, 11, 22);

    #[rstest]
    #[case("11010519491231002X", "11010519491231002X")]
    #[case("11010519491231002x", "11010519491231002X")]
    #[case(" 110105 19491231 002x ", "11010519491231002X")]
    #[case("１１０１０５１９４９１２３１００２Ｘ", "11010519491231002X")]
    #[case("510811199003070017", "510811199003070017")]
    #[case("510811198512120022", "510811198512120022")]
    #[case("510802197001010031", "510802197001010031")]
    fn samples(#[case] input: &str, #[case] normalised: &str) {
        match IdNumber::parse(input, TODAY) {
            Ok(id) => assert_eq!(id.as_str(), normalised),
            Err(reason) => assert!(normalised.is_empty(), "{input}: {reason}"),
        }
    }

    #[rstest]
    #[case("", "required")]
    #[case("110105491231002", "id-old")]
    #[case("1101051949123100", "length")]
    #[case("110105194912310021", "id-checksum")]
    #[case("110105194902310021", "id-date")]
    #[case("440524188001010014", "id-date")]
    #[case("11010519491231O02X", "id-format")]
    #[case("身份证身份证身份证身份证身份证身份证", "id-format")]
    fn refusals_say_why(#[case] input: &str, #[case] code: &str) {
        assert_eq!(IdNumber::parse(input, TODAY).unwrap_err().code, code);
    }

    #[test]
    fn the_1880_sample_passes_the_bare_checksum_only() {
        assert!(IdNumber::checksum("440524188001010014"));
        assert!(!IdNumber::checksum("440524188001010015"));
    }

    #[test]
    fn parts() {
        let id = IdNumber::parse("510811198512120022", TODAY).unwrap();
        assert_eq!((id.region(), id.birth(), id.is_female()), ("510811", date(1985, 12, 12), true));
        assert_eq!(id.age(date(2021, 12, 11)), 35);
        assert_eq!(id.age(date(2021, 12, 12)), 36);
        assert!(!IdNumber::parse("510811199003070017", TODAY).unwrap().is_female());
        assert_eq!(format!("{id:?}"), "IdNumber(510***********0022)");
    }

    #[test]
    fn born_after_today_is_refused() {
        assert!(IdNumber::parse("510811199003070017", date(1990, 3, 6)).is_err());
        assert!(IdNumber::parse("510811199003070017", date(1990, 3, 7)).is_ok());
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,40}") {
            let _ = IdNumber::parse(&text, TODAY);
            let _ = IdNumber::checksum(&text);
        }

        #[test]
        fn one_wrong_digit_is_always_found(at in 0usize..17, other in 0u8..10) {
            let mut text = b"510811199003070017".to_vec();
            prop_assume!(text[at] != b'0' + other);
            text[at] = b'0' + other;
            prop_assert!(!IdNumber::checksum(std::str::from_utf8(&text).unwrap()));
        }
    }
}
