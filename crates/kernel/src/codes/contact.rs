//! 手机、座机、姓名（accounts §6）。

use std::fmt;

use super::{all_digits, clean, half_width, text_code};
use crate::problem::Reason;

/// 11 位手机号。`Debug` 只露前 3 后 4 位。
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Mobile(String);

text_code!(Mobile);

impl Mobile {
    /// 容忍空格、横杠、全角与 +86 前缀。
    ///
    /// # Errors
    /// 不是 1[3-9] 开头的 11 位数字。
    pub fn parse(input: &str) -> Result<Self, Reason> {
        let text: String = clean(input, "手机号")?.chars().filter(|c| *c != '-').collect();
        let digits = text.strip_prefix("+86").or_else(|| text.strip_prefix("0086")).unwrap_or(&text);
        if !all_digits(digits) {
            return Err(Reason::new("mobile-format", "手机号应全是数字，如 13900008888"));
        }
        if digits.len() != 11 {
            return Err(Reason::new("length", format!("手机号应为 11 位，现在是 {} 位", digits.len())));
        }
        if !matches!(digits.as_bytes()[..2], [b'1', b'3'..=b'9']) {
            return Err(Reason::new("mobile-format", "手机号应以 13 到 19 开头，请核对；座机请填在“联系电话”里"));
        }
        Ok(Self(digits.to_owned()))
    }

    /// 后四位，免登录查进度用。
    #[must_use]
    pub fn last_four(&self) -> &str {
        &self.0[7..]
    }
}

impl fmt::Debug for Mobile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mobile({})", crate::mask::mobile(&self.0))
    }
}

/// 座机：`0839-1234567`，可带分机 `-123`。
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Landline(String);

text_code!(Landline);

impl Landline {
    /// # Errors
    /// 不是“区号-号码（-分机）”。
    pub fn parse(input: &str) -> Result<Self, Reason> {
        let text = clean(input, "座机号")?;
        let wrong = || Reason::new("landline-format", "座机要带区号，如 0839-8721234；有分机写作 0839-8721234-801");
        let (area, rest) = split_area(&text).ok_or_else(wrong)?;
        let (number, extension) = rest.split_once('-').map_or((rest, None), |(number, ext)| (number, Some(ext)));
        let number_ok = matches!(number.len(), 7 | 8) && all_digits(number);
        let extension_ok = extension.is_none_or(|ext| (1..=6).contains(&ext.len()) && all_digits(ext));
        if !number_ok || !extension_ok {
            return Err(wrong());
        }
        Ok(Self(extension.map_or_else(|| format!("{area}-{number}"), |ext| format!("{area}-{number}-{ext}"))))
    }
}

/// 区号 3 或 4 位；没写横杠时按 01、02 开头为 3 位、其余为 4 位切开。
fn split_area(text: &str) -> Option<(&str, &str)> {
    if let Some((area, rest)) = text.split_once('-')
        && matches!(area.len(), 3 | 4)
    {
        return (all_digits(area) && area.starts_with('0')).then_some((area, rest));
    }
    if !text.is_ascii() || text.len() < 10 || !text.starts_with('0') {
        return None;
    }
    let cut = if matches!(text.as_bytes()[1], b'1' | b'2') { 3 } else { 4 };
    all_digits(&text[..cut]).then(|| text.split_at(cut))
}

/// 联系电话：手机、带区号的座机，或 5 位热线（12345）。返回规范写法。
///
/// # Errors
/// 三者都不是。
pub fn phone(input: &str) -> Result<String, Reason> {
    if let Ok(mobile) = Mobile::parse(input) {
        return Ok(mobile.0);
    }
    if let Ok(landline) = Landline::parse(input) {
        return Ok(landline.0);
    }
    let text = clean(input, "联系电话")?;
    if all_digits(&text) && (text.len() == 5 && text.starts_with('1') || text.len() == 10 && text.starts_with("400")) {
        return Ok(text);
    }
    Err(Reason::new("phone-format", "联系电话请填手机号，或带区号的座机，如 0839-8721234"))
}

/// 姓名：支持少数民族间隔号“·”与生僻字；返回规范写法（各种间隔点统一为 `·`）。
///
/// # Errors
/// 空、过长或含数字与符号。
pub fn person_name(input: &str) -> Result<String, Reason> {
    let text: String = input
        .trim()
        .chars()
        .take(101)
        .map(half_width)
        .map(|c| if matches!(c, '•' | '‧' | '・' | '．' | '⋅' | '∙') { '·' } else { c })
        .collect();
    let text = text.trim();
    let foreign = text.chars().any(|c| c.is_ascii_alphabetic());
    let kept: String = text.chars().filter(|c| foreign || !c.is_whitespace()).collect();
    let count = kept.chars().count();
    if count == 0 {
        return Err(Reason::new("required", "请填写姓名"));
    }
    if !(2..=50).contains(&count) {
        return Err(Reason::new("length", "姓名应为 2 到 50 个字，请按身份证上的写法填写"));
    }
    let allowed = |c: char| c.is_alphabetic() || c == '·' || (foreign && matches!(c, ' ' | '.' | '-' | '\''));
    if let Some(bad) = kept.chars().find(|c| !allowed(*c)) {
        return Err(Reason::new("name-char", format!("姓名里不应有“{bad}”，请按身份证上的写法填写")));
    }
    if kept.starts_with('·') || kept.ends_with('·') {
        return Err(Reason::new("name-char", "间隔号“·”应在姓名中间"));
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    #[rstest]
    #[case("13900008888", "13900008888")]
    #[case("139 0000 8888", "13900008888")]
    #[case("+86 139-0000-8888", "13900008888")]
    #[case("１３９００００８８８８", "13900008888")]
    fn mobiles(#[case] input: &str, #[case] normalised: &str) {
        let mobile = Mobile::parse(input).unwrap();
        assert_eq!((mobile.as_str(), mobile.last_four()), (normalised, "8888"));
    }

    #[rstest]
    #[case("12900008888", "mobile-format")]
    #[case("1390000888", "length")]
    #[case("0839-8721234", "mobile-format")]
    #[case("", "required")]
    fn mobile_refusals(#[case] input: &str, #[case] code: &str) {
        assert_eq!(Mobile::parse(input).unwrap_err().code, code);
    }

    #[rstest]
    #[case("0839-8721234", "0839-8721234")]
    #[case("08398721234", "0839-8721234")]
    #[case("028-86601234-801", "028-86601234-801")]
    #[case("02886601234", "028-86601234")]
    #[case("12345", "12345")]
    #[case("13900008888", "13900008888")]
    fn phones(#[case] input: &str, #[case] normalised: &str) {
        assert_eq!(phone(input).unwrap(), normalised);
    }

    #[rstest]
    #[case("8721234")]
    #[case("0839-872")]
    #[case("0839-8721234-")]
    #[case("电话")]
    fn phone_refusals(#[case] input: &str) {
        assert!(phone(input).is_err());
    }

    #[rstest]
    #[case("王建国", "王建国")]
    #[case("王 建 国", "王建国")]
    #[case("阿依古丽•买买提", "阿依古丽·买买提")]
    #[case("𠮷田", "𠮷田")]
    #[case("Anna Smith", "Anna Smith")]
    fn names(#[case] input: &str, #[case] normalised: &str) {
        assert_eq!(person_name(input).unwrap(), normalised);
    }

    #[rstest]
    #[case("", "required")]
    #[case("王", "length")]
    #[case("王5", "name-char")]
    #[case("<b>王", "name-char")]
    #[case("·王建国", "name-char")]
    fn name_refusals(#[case] input: &str, #[case] code: &str) {
        assert_eq!(person_name(input).unwrap_err().code, code);
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,60}|0[0-9-]{0,16}") {
            let _ = Mobile::parse(&text);
            let _ = Landline::parse(&text);
            let _ = phone(&text);
            let _ = person_name(&text);
        }
    }
}
