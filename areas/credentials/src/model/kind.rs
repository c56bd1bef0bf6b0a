//! 证照类型（规格 §7.4）：一类一行，规则都在 [`Spec`] 里，存成一段 JSON。

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tongban_kernel::Problem;
use tongban_kernel::problem::Checks;
use tongban_kernel::time::{day_number, from_day_number};

use super::face::Face;
use super::licence::FOREVER;

/// 持证人是谁。
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HolderKind {
    Person,
    Legal,
    #[default]
    Both,
}

/// 有效期规则。
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validity {
    /// 固定几年，止于期满前一日。
    Years(u8),
    /// 由录入或办件给出。
    Given,
    #[default]
    Forever,
}

/// 一个扩展字段。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FieldSpec {
    /// 短名，只用大写字母，写进文件时前面加 `KZ_`。
    pub key: String,
    pub label: String,
    pub required: bool,
}

/// 类型的全部规则。
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Spec {
    /// 1 证照 0 批文。
    pub category: u8,
    /// 定义机构。
    pub definer: String,
    pub holder: HolderKind,
    /// 别名：材料清单里的叫法。
    pub aliases: Vec<String>,
    pub fields: Vec<FieldSpec>,
    pub face: Face,
    pub validity: Validity,
    /// 证照编号的前缀。
    pub prefix: String,
    /// 允许亮证；核验一次就作废，还是有效时间内可多次。
    pub show: bool,
    pub show_many: bool,
    /// 亮证与共享时给核验人看的扩展字段。
    pub shared_fields: Vec<String>,
    /// 同类型同主体许可多张。
    pub several: bool,
    /// 可信等级 A–D。
    pub trust: char,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            category: 1,
            definer: String::new(),
            holder: HolderKind::Both,
            aliases: Vec::new(),
            fields: Vec::new(),
            face: Face::default(),
            validity: Validity::Forever,
            prefix: String::new(),
            show: true,
            show_many: false,
            shared_fields: Vec::new(),
            several: false,
            trust: 'A',
        }
    }
}

impl Spec {
    /// 核对并补上没排过的版式。
    ///
    /// # Errors
    /// 列出每处要改的。
    pub fn checked(mut self) -> Result<Self, Problem> {
        let mut checks = Checks::new();
        let plain = |key: &str| !key.is_empty() && key.len() <= 20 && key.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
        for field in &self.fields {
            checks.ensure(plain(&field.key), "fields", "key", format!("字段“{}”的短名只能用大写字母、数字、下划线", field.label));
            checks.ensure(!field.label.trim().is_empty(), "fields", "label", "字段要有名称");
        }
        let mut keys: Vec<_> = self.fields.iter().map(|field| &field.key).collect();
        keys.sort();
        checks.ensure(keys.windows(2).all(|pair| pair[0] != pair[1]), "fields", "duplicate", "字段的短名有重复");
        checks.ensure(self.face.colour.len() == 6 && self.face.colour.bytes().all(|b| b.is_ascii_hexdigit()), "colour", "colour", "颜色写六位十六进制，如 B8860B");
        let (w, h) = self.face.size();
        for element in &self.face.elements {
            let inside = element.x >= 0.0 && element.y >= 0.0 && element.width > 5.0 && element.x + element.width <= w && element.y <= h && (2.0..=20.0).contains(&element.size);
            checks.ensure(inside, "elements", "outside", format!("“{}”排到了证面外，请改位置或宽度", element.label));
        }
        checks.finish()?;
        if self.face.elements.is_empty() {
            let fields: Vec<_> = self.fields.iter().map(|field| (field.key.clone(), field.label.clone())).collect();
            self.face.elements = Face::arranged(&fields, self.face.landscape);
        }
        Ok(self)
    }

    /// 由颁发日定有效期止日。
    ///
    /// # Errors
    /// 该给止日而没给，或止日早于颁发日。
    pub fn until(&self, issued: Date, given: Option<i64>) -> Result<i64, Problem> {
        let until = match (self.validity, given) {
            (_, Some(day)) => day,
            (Validity::Forever, None) => FOREVER,
            (Validity::Years(years), None) => years_after(issued, years),
            (Validity::Given, None) => return Err(Problem::field("until", "required", "请填有效期止日；长期有效填 9999-12-31")),
        };
        if until < day_number(issued) || from_day_number(until).is_none() {
            return Err(Problem::field("until", "order", "有效期止日不能早于颁发日期"));
        }
        Ok(until)
    }

    /// 这类证照能不能代替这个名字的材料。
    #[must_use]
    pub fn stands_for(&self, name: &str, material: &str) -> bool {
        let material = material.trim();
        let matches = |own: &str| own.chars().count() >= 2 && material.contains(own);
        matches(name) || self.aliases.iter().any(|alias| matches(alias.trim()))
    }
}

/// 几年之后的前一日；2 月 29 日起算的落在 2 月 28 日。
fn years_after(from: Date, years: u8) -> i64 {
    use jiff::ToSpan;
    let end = from.checked_add(i64::from(years).years()).and_then(|day| day.checked_sub(1.day()));
    end.map_or(FOREVER, day_number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_years_end_the_day_before() {
        let five = Spec { validity: Validity::Years(5), ..Spec::default() };
        let day = |text: &str| text.parse::<Date>().unwrap();
        assert_eq!(five.until(day("2026-11-23"), None).unwrap(), 20_311_122);
        assert_eq!(five.until(day("2028-02-29"), None).unwrap(), 20_330_227);
        assert!(five.until(day("2026-11-23"), Some(20_261_122)).is_err());
        assert_eq!(Spec::default().until(day("2026-11-23"), None).unwrap(), FOREVER);
        assert!(Spec { validity: Validity::Given, ..Spec::default() }.until(day("2026-11-23"), None).is_err());
    }

    #[test]
    fn a_licence_stands_for_the_material_that_names_it() {
        let spec = Spec { aliases: vec!["执照".into()], ..Spec::default() };
        assert!(spec.stands_for("营业执照", "营业执照复印件（加盖公章）"));
        assert!(spec.stands_for("营业执照", "企业执照正本"));
        assert!(!spec.stands_for("营业执照", "身份证"));
    }

    #[test]
    fn a_field_off_the_page_is_named() {
        let mut spec = Spec { fields: vec![FieldSpec { key: "JYCS".into(), label: "经营场所".into(), required: true }], ..Spec::default() }.checked().unwrap();
        assert!(spec.face.elements.iter().any(|e| e.key == "JYCS"));
        spec.face.elements[0].x = 400.0;
        assert!(spec.checked().unwrap_err().errors[0].detail.contains("证面外"));
    }
}
