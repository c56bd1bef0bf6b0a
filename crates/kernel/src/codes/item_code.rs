//! 事项编码：基本编码 12 位、实施编码 31 位、办理项编码 33 位（items §2）。
//!
//! 构造函数只查结构与校验位（外省编码也合法）；上报与发布时的 V01–V04 另有 `check_*`。

use super::{DivisionCode, Uscc, all_digits, clean, exact_length, text_code};
use crate::problem::Reason;

/// 目录清单的基本编码：区划 2 + 类型 2 + 主项 5 + 子项 3。
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CatalogueCode(String);

text_code!(CatalogueCode);

impl CatalogueCode {
    /// # Errors
    /// 不是 12 位数字，或主项顺序号为 00000。
    pub fn parse(input: &str) -> Result<Self, Reason> {
        let text = clean(input, "基本编码")?;
        exact_length(&text, 12, "基本编码")?;
        if !all_digits(&text) {
            return Err(Reason::new("catalogue-format", "基本编码应是 12 位数字；四川旧码如 511A0138000000 请填在“地方编码”里"));
        }
        if &text[4..9] == "00000" {
            return Err(Reason::new("catalogue-main", "基本编码第 5 到 9 位是主项顺序号，从 00001 起"));
        }
        Ok(Self(text))
    }

    /// 第 1–2 位：`00` 国家目录，否则省级区划前两位。
    #[must_use]
    pub fn region(&self) -> &str {
        &self.0[..2]
    }

    /// 第 3–4 位事项类型。
    #[must_use]
    pub fn task_type(&self) -> &str {
        &self.0[2..4]
    }

    #[must_use]
    pub fn main_number(&self) -> &str {
        &self.0[4..9]
    }

    #[must_use]
    pub fn sub_number(&self) -> &str {
        &self.0[9..]
    }

    /// 子项段为 000：主项。有子项时主项只作分组。
    #[must_use]
    pub fn is_main(&self) -> bool {
        self.sub_number() == "000"
    }

    /// V01：前 2 位 ∈ {00, 本省}，3–4 位 = 事项类型。
    ///
    /// # Errors
    /// 任一不符。
    pub fn check_v01(&self, task_type: &str, province: &str) -> Result<(), Reason> {
        if self.region() != "00" && self.region() != province {
            return Err(Reason::new("V01", format!("基本编码前 2 位应为 00（国家目录）或 {province}（本省），现在是 {}", self.region())));
        }
        if self.task_type() != task_type {
            return Err(Reason::new("V01", format!("基本编码第 3、4 位应与事项类型 {task_type} 一致，现在是 {}", self.task_type())));
        }
        Ok(())
    }
}

/// 实施编码：实施主体信用代码 18 + 行使层级 1 + 基本编码 12。
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ImplementationCode(String);

text_code!(ImplementationCode);

impl ImplementationCode {
    /// # Errors
    /// 长度、信用代码校验位、层级、基本编码任一不符。
    pub fn parse(input: &str) -> Result<Self, Reason> {
        let text = clean(input, "实施编码")?;
        exact_length(&text, 31, "实施编码")?;
        checked_head(&text)?;
        Ok(Self(text))
    }

    /// 由三部分拼出。
    ///
    /// # Errors
    /// 层级不在 1–7。
    pub fn from_parts(dept: &Uscc, level: u8, catalogue: &CatalogueCode) -> Result<Self, Reason> {
        Self::parse(&format!("{dept}{level}{catalogue}"))
    }

    #[must_use]
    pub fn dept_code(&self) -> &str {
        &self.0[..18]
    }

    /// 行使层级 1 国家 2 省 3 市 4 县 5 乡镇 6 村社区 7 分级管理。
    #[must_use]
    pub fn level(&self) -> u8 {
        self.0.as_bytes()[18] - b'0'
    }

    #[must_use]
    pub fn catalogue(&self) -> CatalogueCode {
        CatalogueCode(self.0[19..].to_owned())
    }

    /// V02：三段分别与实施主体、层级、基本编码一致。
    ///
    /// # Errors
    /// 任一不符。
    pub fn check_v02(&self, dept: &Uscc, level: u8, catalogue: &CatalogueCode) -> Result<(), Reason> {
        if self.dept_code() != dept.as_str() {
            return Err(Reason::new("V02", format!("实施编码前 18 位应为实施主体的信用代码 {dept}")));
        }
        if self.level() != level {
            return Err(Reason::new("V02", format!("实施编码第 19 位应为行使层级 {level}，现在是 {}", self.level())));
        }
        if self.catalogue() != *catalogue {
            return Err(Reason::new("V02", format!("实施编码后 12 位应为基本编码 {catalogue}")));
        }
        Ok(())
    }

    /// V04：行使层级与实施主体的区划一致。
    ///
    /// # Errors
    /// 县级事项挂在乡镇区划一类的不一致。
    pub fn check_v04(&self, division: &DivisionCode) -> Result<(), Reason> {
        let want = match self.level() {
            level @ 2..=6 => level - 1,
            _ => return Ok(()),
        };
        if division.level() == want {
            Ok(())
        } else {
            Err(Reason::new(
                "V04",
                format!("行使层级是 {}（{}），实施主体的区划却是{}级", self.level(), level_name(self.level()), division.level_name()),
            ))
        }
    }
}

/// 办理项编码（页面上的“事项编码”）：实施编码 31 + 顺序号 2。
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemCode(String);

text_code!(ItemCode);

impl ItemCode {
    /// # Errors
    /// 长度、实施编码、顺序号任一不符（V03）。
    pub fn parse(input: &str) -> Result<Self, Reason> {
        let text = clean(input, "事项编码")?;
        exact_length(&text, 33, "事项编码")?;
        checked_head(&text)?;
        if !all_digits(&text[31..]) || &text[31..] == "00" {
            return Err(Reason::new("V03", "事项编码最后 2 位是顺序号，应为 01 到 99"));
        }
        Ok(Self(text))
    }

    /// 由实施编码与顺序号拼出。
    ///
    /// # Errors
    /// 顺序号不在 1–99。
    pub fn from_parts(implementation: &ImplementationCode, number: u8) -> Result<Self, Reason> {
        if (1..=99).contains(&number) {
            Ok(Self(format!("{implementation}{number:02}")))
        } else {
            Err(Reason::new("V03", "一条实施清单最多拆分 99 个办理项，顺序号应为 01 到 99"))
        }
    }

    #[must_use]
    pub fn implementation(&self) -> ImplementationCode {
        ImplementationCode(self.0[..31].to_owned())
    }

    #[must_use]
    pub fn number(&self) -> &str {
        &self.0[31..]
    }
}

/// 前 31 位：信用代码、层级、基本编码逐段检查。
fn checked_head(text: &str) -> Result<(), Reason> {
    if !text.is_ascii() {
        return Err(Reason::new("item-format", "事项编码只有数字和大写字母，请核对"));
    }
    Uscc::parse(&text[..18]).map_err(|reason| Reason::new("V02", format!("编码前 18 位有误：{reason}")))?;
    if !matches!(text.as_bytes()[18], b'1'..=b'7') {
        return Err(Reason::new("V02", "编码第 19 位是行使层级，应为 1 到 7"));
    }
    CatalogueCode::parse(&text[19..31]).map_err(|reason| Reason::new("V02", format!("编码第 20 到 31 位有误：{reason}")))?;
    Ok(())
}

const fn level_name(level: u8) -> &'static str {
    match level {
        1 => "国家",
        2 => "省级",
        3 => "市级",
        4 => "县级",
        5 => "乡镇街道",
        6 => "村社区",
        _ => "分级管理",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rstest::rstest;

    const DEMO: &str = "11510811MB0000027M4512000001000";

    #[test]
    fn shanghai_item() {
        let item = ItemCode::parse("11310000MB2F30661Y231200356400001").unwrap();
        let implementation = item.implementation();
        assert_eq!(implementation.dept_code(), "11310000MB2F30661Y");
        assert_eq!((implementation.level(), item.number()), (2, "01"));
        let catalogue = implementation.catalogue();
        assert_eq!(catalogue.as_str(), "312003564000");
        assert_eq!((catalogue.region(), catalogue.task_type(), catalogue.main_number(), catalogue.sub_number()), ("31", "20", "03564", "000"));
    }

    #[test]
    fn guangdong_implementation() {
        let code = ImplementationCode::parse("12441500196720244T3442199806003").unwrap();
        assert_eq!((code.level(), code.catalogue().as_str()), (3, "442199806003"));
        assert!(!code.catalogue().is_main());
    }

    #[test]
    fn national_catalogue_and_demo() {
        let code = CatalogueCode::parse("000125018000").unwrap();
        assert!(code.is_main());
        assert!(code.check_v01("01", "51").is_ok());
        let item = ItemCode::parse(&format!("{DEMO}01")).unwrap();
        assert_eq!(item.implementation().as_str(), DEMO);
        assert_eq!(ItemCode::from_parts(&item.implementation(), 1).unwrap(), item);
        assert!(ItemCode::from_parts(&item.implementation(), 0).is_err());
        assert!(ItemCode::from_parts(&item.implementation(), 100).is_err());
    }

    #[rstest]
    #[case("511A0138000000", "length")]
    #[case("511Z07001006", "catalogue-format")]
    #[case("512000000000", "catalogue-main")]
    fn catalogue_refusals(#[case] input: &str, #[case] code: &str) {
        assert_eq!(CatalogueCode::parse(input).unwrap_err().code, code);
    }

    #[rstest]
    #[case("01", "51", true)]
    #[case("20", "51", false)]
    #[case("01", "44", true)]
    fn v01(#[case] task_type: &str, #[case] province: &str, #[case] ok: bool) {
        assert_eq!(CatalogueCode::parse("000125018000").unwrap().check_v01(task_type, province).is_ok(), ok);
    }

    #[test]
    fn v01_other_province() {
        assert!(CatalogueCode::parse("442199806003").unwrap().check_v01("21", "51").is_err());
        assert!(CatalogueCode::parse("512000001000").unwrap().check_v01("20", "51").is_ok());
    }

    #[test]
    fn v02_and_v04() {
        let code = ImplementationCode::parse(DEMO).unwrap();
        let dept = Uscc::parse("11510811MB0000027M").unwrap();
        let other = Uscc::parse("11510811MB0000035G").unwrap();
        let catalogue = CatalogueCode::parse("512000001000").unwrap();
        assert!(code.check_v02(&dept, 4, &catalogue).is_ok());
        assert!(code.check_v02(&other, 4, &catalogue).is_err());
        assert!(code.check_v02(&dept, 5, &catalogue).is_err());
        assert_eq!(ImplementationCode::from_parts(&dept, 4, &catalogue).unwrap(), code);
        assert!(ImplementationCode::from_parts(&dept, 8, &catalogue).is_err());
        assert!(code.check_v04(&DivisionCode::parse("510811000000").unwrap()).is_ok());
        assert!(code.check_v04(&DivisionCode::parse("510811100000").unwrap()).is_err());
    }

    #[rstest]
    #[case("11510811MB0000027M451200000100000", "V03")]
    #[case("11510811MB0000027N451200000100001", "V02")]
    #[case("11510811MB0000027M951200000100001", "V02")]
    #[case("11510811MB0000027M45120000010001", "length")]
    fn item_refusals(#[case] input: &str, #[case] code: &str) {
        assert_eq!(ItemCode::parse(input).unwrap_err().code, code);
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,60}", tail in "[0-9]{12,14}") {
            let _ = CatalogueCode::parse(&text);
            let _ = ImplementationCode::parse(&text);
            let _ = ItemCode::parse(&text);
            let _ = ItemCode::parse(&format!("11510811MB0000027M4{tail}"));
        }
    }
}
