//! 行业系统交来的一行怎么读：字段对照、缺省的认法、逐格检查。

use std::collections::BTreeMap;

use jiff::Timestamp;
use tongban_kernel::FieldError;
use tongban_kernel::problem::Checks;

use crate::commands::External;
use crate::model::{Applicant, Outcome};
use crate::pages::time::moment;

/// 我方要的一栏：标识、名字、常见叫法、必填。
pub struct Target {
    pub code: &'static str,
    pub title: &'static str,
    pub aliases: &'static [&'static str],
    pub required: bool,
}

const fn target(code: &'static str, title: &'static str, aliases: &'static [&'static str], required: bool) -> Target {
    Target { code, title, aliases, required }
}

/// 一件要的各栏。
pub const TARGETS: &[Target] = &[
    target("number", "业务编号", &["办件编号", "办件号", "业务流水号", "受理编号", "受理号", "申请编号", "PROJECTNO"], true),
    target("code", "事项编码", &["实施编码", "TASKHANDLEITEM", "事项代码"], true),
    target("name", "申请人", &["姓名", "单位名称", "申请人名称", "APPLYERNAME"], true),
    target("id_number", "证件号码", &["身份证号", "统一社会信用代码", "APPLYERPAGECODE"], true),
    target("contact", "经办人", &["联系人", "CONTACTNAME"], false),
    target("mobile", "联系手机", &["手机", "联系电话", "CONTACTMOBILE"], true),
    target("accepted_at", "受理时间", &["受理日期", "ACCEPTDATE"], true),
    target("decided_at", "办结时间", &["办结日期", "决定时间", "RESULTDATE"], true),
    target("outcome", "结果", &["办理结果", "办结结果", "RESULTTYPE"], true),
    target("reason", "说明", &["理由", "结果说明", "RESULTEXPLAIN"], false),
];

/// 我方一栏 → 文件里第几列。
pub type Mapping = BTreeMap<String, usize>;

/// 由存下的对照（我方一栏 → 对方表头）与常见叫法认出各栏在第几列。
#[must_use]
pub fn recognise(header: &[String], saved: &BTreeMap<String, String>) -> Mapping {
    let place = |wanted: &str| header.iter().position(|text| text.eq_ignore_ascii_case(wanted));
    let find = |target: &Target| {
        saved
            .get(target.code)
            .and_then(|title| place(title))
            .or_else(|| place(target.title))
            .or_else(|| place(target.code))
            .or_else(|| target.aliases.iter().find_map(|alias| place(alias)))
    };
    TARGETS.iter().filter_map(|target| find(target).map(|place| (target.code.to_owned(), place))).collect()
}

/// 对照里缺哪些必填的栏。
#[must_use]
pub fn missing(mapping: &Mapping) -> Vec<&'static Target> {
    TARGETS.iter().filter(|target| target.required && !mapping.contains_key(target.code)).collect()
}

/// 结果的各种写法。
#[must_use]
pub fn outcome(text: &str) -> Option<Outcome> {
    match text.trim() {
        "准予" | "通过" | "同意" | "许可" | "办结" | "准予许可" | "出证办结" | "granted" | "0" => Some(Outcome::Granted),
        "不予" | "不通过" | "不同意" | "不予许可" | "退回办结" | "denied" | "1" => Some(Outcome::Denied),
        _ => None,
    }
}

/// 一行读成一件：事项编码与内容；读不懂的一次说全。
///
/// # Errors
/// 每格哪里不对。
pub fn read(system: &str, mapping: &Mapping, cells: &[String]) -> Result<(String, External), Vec<FieldError>> {
    let cell = |code: &str| mapping.get(code).and_then(|place| cells.get(*place)).map_or("", |text| text.trim());
    let mut checks = Checks::new();
    let at = |checks: &mut Checks, code: &'static str, title: &str| {
        let found = moment(cell(code));
        checks.ensure(found.is_some(), code, "time", format!("{title}“{}”读不懂，要写成 2026-11-20 09:30", cell(code)));
        found.unwrap_or(Timestamp::UNIX_EPOCH)
    };
    let (accepted_at, decided_at) = (at(&mut checks, "accepted_at", "受理时间"), at(&mut checks, "decided_at", "办结时间"));
    let result = outcome(cell("outcome"));
    checks.ensure(result.is_some(), "outcome", "choice", format!("结果“{}”读不懂，要写“准予”或“不予”", cell("outcome")));
    let id_number = cell("id_number").to_uppercase();
    // 信用代码前两位是登记管理部门与机构类别；身份证号前 17 位都是数字
    let is_legal = !id_number.chars().take(17).all(|c| c.is_ascii_digit());
    let read = External {
        system: system.to_owned(),
        number: cell("number").to_owned(),
        applicant: Applicant {
            name: cell("name").to_owned(),
            is_legal,
            id_type: String::new(),
            id_number,
            contact: if cell("contact").is_empty() && is_legal { "经办人".to_owned() } else { cell("contact").to_owned() },
            mobile: cell("mobile").to_owned(),
            address: String::new(),
        },
        accepted_at,
        decided_at,
        outcome: result.unwrap_or(Outcome::Granted),
        reason: cell("reason").to_owned(),
        historic: false,
    };
    match checks.finish() {
        Ok(()) => Ok((cell("code").to_owned(), read)),
        Err(problem) => Err(problem.errors),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn headers_are_recognised_by_saved_mapping_then_by_custom() {
        let header = texts(&["流水", "实施编码", "APPLYERNAME", "身份证号", "手机", "受理日期", "办结日期", "结果"]);
        let mapping = recognise(&header, &BTreeMap::from([("number".into(), "流水".into())]));
        assert_eq!((mapping["number"], mapping["code"], mapping["name"]), (0, 1, 2));
        assert!(missing(&mapping).is_empty());
        let bare = recognise(&header, &BTreeMap::new());
        assert_eq!(missing(&bare).iter().map(|t| t.code).collect::<Vec<_>>(), ["number"]);
    }

    #[test]
    fn rows_are_read_and_faults_named() {
        let header: Vec<String> = TARGETS.iter().map(|t| t.title.to_owned()).collect();
        let mapping = recognise(&header, &BTreeMap::new());
        let good = texts(&["A1", "11510811MB0000027M451200000100001", "王秀兰", "510811198512120022", "", "13900008888", "2021-10-08 09:30", "2021-10-09", "准予", ""]);
        let (code, read_) = read("省系统", &mapping, &good).unwrap();
        assert_eq!((code.len(), read_.applicant.is_legal, read_.outcome), (33, false, Outcome::Granted));
        let bad = texts(&["A2", "x", "某店", "92510811MA0000031N", "", "139", "昨天", "2021-10-09", "办好了", ""]);
        let faults = read("省系统", &mapping, &bad).unwrap_err();
        assert_eq!(faults.iter().map(|e| e.field().to_owned()).collect::<Vec<_>>(), ["accepted_at", "outcome"]);
    }
}
