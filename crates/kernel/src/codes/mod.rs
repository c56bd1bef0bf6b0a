//! 各类编码与联系方式：每种一个会失败的构造函数，说清哪里错、怎么改。
//!
//! 所有构造函数都先去掉空格、把全角字符变半角、字母变大写，再校验。

mod case_no;
mod check;
mod contact;
mod division;
mod id_number;
mod item_code;
mod uscc;

pub use case_no::CaseNo;
pub use check::{Checked, KINDS, Part, check};
pub use contact::{Landline, Mobile, person_name, phone};
pub use division::DivisionCode;
pub use id_number::IdNumber;
pub use item_code::{CatalogueCode, ImplementationCode, ItemCode};
pub use uscc::{Uscc, org_code_checksum};

use crate::problem::Reason;

/// 任何编码的原始输入都不会比这更长；再长的直接拒绝，不逐字处理。
const MAX_INPUT: usize = 200;

/// 全角变半角。
fn half_width(c: char) -> char {
    match c {
        '\u{3000}' => ' ',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        other => other,
    }
}

/// 全角变半角、去空白、变大写；空或过长时说明。
fn clean(input: &str, title: &str) -> Result<String, Reason> {
    if input.len() > MAX_INPUT {
        return Err(Reason::new("length", format!("{title}太长了，请核对后重新填写")));
    }
    let text: String = input
        .chars()
        .map(half_width)
        .filter(|c| !c.is_whitespace() && !matches!(c, '\u{200b}' | '\u{feff}'))
        .map(|c| c.to_ascii_uppercase())
        .collect();
    if text.is_empty() { Err(Reason::new("required", format!("请填写{title}"))) } else { Ok(text) }
}

fn all_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

/// 定长检查：少了几位、多了几位说清楚。
fn exact_length(text: &str, want: usize, title: &str) -> Result<(), Reason> {
    let got = text.chars().count();
    match got.cmp(&want) {
        std::cmp::Ordering::Equal => Ok(()),
        std::cmp::Ordering::Less => {
            Err(Reason::new("length", format!("{title}应为 {want} 位，现在是 {got} 位，少了 {} 位", want - got)))
        }
        std::cmp::Ordering::Greater => {
            Err(Reason::new("length", format!("{title}应为 {want} 位，现在是 {got} 位，多了 {} 位", got - want)))
        }
    }
}

/// 以文字存储的编码类型：`as_str`、`Display`、serde 都是那段文字。
macro_rules! text_code {
    ($name:ident) => {
        impl $name {
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = crate::problem::Reason;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}
use text_code;
