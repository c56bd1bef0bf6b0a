//! 办件编号：`区划6位-YYYYMMDD-6位流水`，如 `510811-20210531-000001`（cases §1）。

use jiff::civil::Date;

use super::{all_digits, clean, text_code};
use crate::problem::Reason;

/// 校验过的办件编号。
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CaseNo(String);

text_code!(CaseNo);

impl CaseNo {
    /// 容忍空格、全角、以及抄写时漏掉的横杠。
    ///
    /// # Errors
    /// 结构不符、日期不真实、流水为 0。
    pub fn parse(input: &str) -> Result<Self, Reason> {
        let cleaned = clean(input, "办件编号")?;
        let digits: String = cleaned.chars().filter(|c| !matches!(c, '-' | '－' | '—' | '–' | '_')).collect();
        if digits.len() != 20 || !all_digits(&digits) {
            return Err(Reason::new("case-no-format", "办件编号应为 20 位数字，写法如 510811-20210531-000001，请对照回执核对"));
        }
        let no = Self(format!("{}-{}-{}", &digits[..6], &digits[6..14], &digits[14..]));
        if no.date_checked().is_none() {
            return Err(Reason::new("case-no-date", format!("办件编号中间的“{}”不是真实日期，请对照回执核对", &digits[6..14])));
        }
        if no.serial() == 0 {
            return Err(Reason::new("case-no-serial", "办件编号最后 6 位流水从 000001 起，请对照回执核对"));
        }
        Ok(no)
    }

    /// 由受理机关区划前 6 位、收到申请之日、当日流水拼出。
    ///
    /// # Errors
    /// 区划不是 6 位数字，或流水不在 1–999999。
    pub fn from_parts(region6: &str, received: Date, serial: i64) -> Result<Self, Reason> {
        if region6.len() != 6 || !all_digits(region6) {
            return Err(Reason::new("case-no-region", "办件编号的区划应为 6 位数字"));
        }
        if !(1..=999_999).contains(&serial) {
            return Err(Reason::new("case-no-serial", "当日流水应在 1 到 999999 之间"));
        }
        Ok(Self(format!("{region6}-{:04}{:02}{:02}-{serial:06}", received.year(), received.month(), received.day())))
    }

    #[must_use]
    pub fn region(&self) -> &str {
        &self.0[..6]
    }

    /// 收到申请之日。
    #[must_use]
    pub fn date(&self) -> Date {
        self.date_checked().unwrap_or_default()
    }

    #[must_use]
    pub fn serial(&self) -> i64 {
        self.0[16..].parse().unwrap_or(0)
    }

    fn date_checked(&self) -> Option<Date> {
        Date::new(self.0[7..11].parse().ok()?, self.0[11..13].parse().ok()?, self.0[13..15].parse().ok()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("510811-20210531-000001", "510811-20210531-000001")]
    #[case("512000-20201223-003381", "512000-20201223-003381")]
    #[case("51081120210531000001", "510811-20210531-000001")]
    #[case(" ５１０８１１－20210531－000001 ", "510811-20210531-000001")]
    fn reads(#[case] input: &str, #[case] normalised: &str) {
        assert_eq!(CaseNo::parse(input).unwrap().as_str(), normalised);
    }

    #[rstest]
    #[case("510811-20210231-000001", "case-no-date")]
    #[case("510811-20210531-000000", "case-no-serial")]
    #[case("510811-2021053-000001", "case-no-format")]
    #[case("RX5108112021053100001", "case-no-format")]
    #[case("", "required")]
    fn refusals_say_why(#[case] input: &str, #[case] code: &str) {
        assert_eq!(CaseNo::parse(input).unwrap_err().code, code);
    }

    #[test]
    fn parts_and_back() {
        let no = CaseNo::from_parts("510811", date(2021, 5, 31), 1).unwrap();
        assert_eq!(no.as_str(), "510811-20210531-000001");
        assert_eq!((no.region(), no.date(), no.serial()), ("510811", date(2021, 5, 31), 1));
        assert!(CaseNo::from_parts("5108", date(2021, 5, 31), 1).is_err());
        assert!(CaseNo::from_parts("510811", date(2021, 5, 31), 1_000_000).is_err());
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,40}|[0-9]{20}") {
            if let Ok(no) = CaseNo::parse(&text) {
                prop_assert_eq!(CaseNo::from_parts(no.region(), no.date(), no.serial()).unwrap(), no);
            }
        }
    }
}
