//! 按种类校验任意编码，供公开接口 `/api/v1/codes/check`。

use jiff::civil::Date;
use serde::Serialize;

use super::{CaseNo, CatalogueCode, DivisionCode, IdNumber, ImplementationCode, ItemCode, Uscc};
use crate::problem::Reason;

/// 接受的种类与中文名。
pub const KINDS: &[(&str, &str)] = &[
    ("id", "居民身份证号"),
    ("uscc", "统一社会信用代码"),
    ("division", "区划代码"),
    ("catalogue", "基本编码"),
    ("implementation", "实施编码"),
    ("item", "事项编码"),
    ("case", "办件编号"),
];

/// 编码里的一段。
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Part {
    pub name: &'static str,
    pub label: &'static str,
    pub value: String,
}

/// 校验通过的结果。
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    pub kind: &'static str,
    pub normalized: String,
    pub parts: Vec<Part>,
    /// 不阻断但值得核对的地方。
    pub warning: Option<&'static str>,
}

fn part(name: &'static str, label: &'static str, value: impl ToString) -> Part {
    Part { name, label, value: value.to_string() }
}

/// 校验 `value` 是不是一个 `kind`。
///
/// # Errors
/// 种类不认识，或编码不合格。
pub fn check(kind: &str, value: &str, today: Date) -> Result<Checked, Reason> {
    let done = |kind, normalized: &str, parts| Checked { kind, normalized: normalized.to_owned(), parts, warning: None };
    match kind {
        "id" => IdNumber::parse(value, today).map(|id| done("id", id.as_str(), id_parts(&id))),
        "uscc" => Uscc::parse(value).map(|code| Checked {
            warning: (!code.inner_checksum_holds()).then_some("第 9 到 17 位的组织机构代码校验位不符，属个别存量赋码，请对照执照核对"),
            ..done("uscc", code.as_str(), uscc_parts(&code))
        }),
        "division" => DivisionCode::parse(value).map(|code| done("division", code.as_str(), division_parts(&code))),
        "catalogue" => CatalogueCode::parse(value).map(|code| done("catalogue", code.as_str(), catalogue_parts(&code))),
        "implementation" => {
            ImplementationCode::parse(value).map(|code| done("implementation", code.as_str(), implementation_parts(&code)))
        }
        "item" => ItemCode::parse(value).map(|code| {
            let mut parts = implementation_parts(&code.implementation());
            parts.push(part("number", "顺序号", code.number()));
            done("item", code.as_str(), parts)
        }),
        "case" => CaseNo::parse(value).map(|no| {
            let parts = vec![part("region", "区划", no.region()), part("date", "收件日期", no.date()), part("serial", "流水", no.serial())];
            done("case", no.as_str(), parts)
        }),
        _ => Err(Reason::new("kind", "种类应为 id、uscc、division、catalogue、implementation、item、case 之一")),
    }
}

fn id_parts(id: &IdNumber) -> Vec<Part> {
    vec![
        part("region", "区划", id.region()),
        part("birth", "出生日期", id.birth()),
        part("sex", "性别", if id.is_female() { "女" } else { "男" }),
    ]
}

fn uscc_parts(code: &Uscc) -> Vec<Part> {
    vec![
        part("registrar", "登记管理部门", code.registrar()),
        part("category", "机构类别", code.category()),
        part("region", "登记机关区划", code.region()),
        part("org_code", "组织机构代码", code.org_code()),
    ]
}

fn division_parts(code: &DivisionCode) -> Vec<Part> {
    let mut parts = vec![part("level", "层级", code.level()), part("level_name", "层级名称", code.level_name())];
    parts.extend(code.parent().map(|up| part("parent", "上级", up)));
    parts
}

fn catalogue_parts(code: &CatalogueCode) -> Vec<Part> {
    vec![
        part("region", "目录区划", code.region()),
        part("task_type", "事项类型", code.task_type()),
        part("main", "主项顺序号", code.main_number()),
        part("sub", "子项顺序号", code.sub_number()),
    ]
}

fn implementation_parts(code: &ImplementationCode) -> Vec<Part> {
    vec![
        part("dept", "实施主体", code.dept_code()),
        part("level", "行使层级", code.level()),
        part("catalogue", "基本编码", code.catalogue()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const TODAY: Date = date(2026, 11, 22);

    #[test]
    fn each_kind_answers() {
        for (kind, value) in [
            ("id", "11010519491231002x"),
            ("uscc", "91350100M000100Y43"),
            ("division", "510811000000"),
            ("catalogue", "000125018000"),
            ("implementation", "12441500196720244T3442199806003"),
            ("item", "11310000MB2F30661Y231200356400001"),
            ("case", "510811-20210531-000001"),
        ] {
            let checked = check(kind, value, TODAY).unwrap();
            assert_eq!(checked.kind, kind);
            assert!(!checked.parts.is_empty());
            assert!(KINDS.iter().any(|(name, _)| *name == kind));
        }
        assert_eq!(check("iban", "x", TODAY).unwrap_err().code, "kind");
    }

    proptest! {
        #[test]
        fn never_panics(kind in 0usize..7, value in ".{0,60}") {
            let _ = check(KINDS[kind].0, &value, TODAY);
        }
    }
}
