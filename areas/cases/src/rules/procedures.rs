//! 特别程序与延期（cases §3.4，许可法第42、45条）。

use tongban_kernel::problem::Checks;
use tongban_kernel::Problem;

use crate::model::Case;

/// 延期至多 10 个工作日，一次为限（许可法第42条）。
pub const MAX_EXTENSION: u32 = 10;
/// 特别程序书面告知的时长上限，防止录入差错。
pub const MAX_PROCEDURE_DAYS: u32 = 365;

/// 特别程序的种类：内部码与名称。11 延期不在此列。
pub const PROCEDURES: &[(u8, &str)] = &[
    (21, "听证"),
    (22, "招标"),
    (23, "拍卖"),
    (24, "检验"),
    (25, "检测"),
    (26, "检疫"),
    (27, "鉴定"),
    (28, "专家评审"),
    (29, "公示公告"),
    (30, "现场勘验"),
    (31, "受理后补正"),
    (32, "等待上级"),
];

#[must_use]
pub fn procedure_name(kind: u8) -> &'static str {
    PROCEDURES.iter().find(|(code, _)| *code == kind).map_or("特别程序", |(_, name)| name)
}

/// 对外码 SPECIALTYPE：1 延长审批，2 其他。
#[must_use]
pub const fn special_type(kind: u8) -> u8 {
    if kind == 11 { 1 } else { 2 }
}

/// 这种程序能不能停表：法律列明的 21–28 能停；29–32 须事项声明；都须有书面告知。
#[must_use]
pub fn stops_clock(kind: u8, has_notice: bool, declared: &[u8]) -> bool {
    has_notice && (matches!(kind, 21..=28) || (matches!(kind, 29..=32) && declared.contains(&kind)))
}

/// 启动特别程序前的检查。
///
/// # Errors
/// 种类不认识、时长不合理、没写理由。
pub fn check_procedure(kind: u8, planned_days: u32, reason: &str) -> Result<(), Problem> {
    let mut checks = Checks::new();
    checks.ensure(PROCEDURES.iter().any(|(code, _)| *code == kind), "kind", "choice", "请选择特别程序的种类");
    checks.ensure((1..=MAX_PROCEDURE_DAYS).contains(&planned_days), "days", "range", "请填写所需工作日，1 到 365 之间，会写进告知书");
    checks.ensure(!reason.trim().is_empty(), "reason", "required", "请写明为什么要启动，会写进告知书");
    checks.ensure(reason.chars().count() <= 2_000, "reason", "length", "理由不超过 2000 字");
    checks.finish()
}

/// 延期前的检查：一次为限，至多 10 个工作日，须写理由。
///
/// # Errors
/// 已延过、天数不在 1–10、没写理由。
pub fn check_extension(case: &Case, days: u32, reason: &str) -> Result<(), Problem> {
    if case.extension_days > 0 {
        return Err(Problem::conflict(format!("本件已延期 {} 个工作日，延期以一次为限（许可法第42条）", case.extension_days)));
    }
    let mut checks = Checks::new();
    checks.ensure((1..=MAX_EXTENSION).contains(&days), "days", "range", "延期应为 1 到 10 个工作日（许可法第42条）");
    checks.ensure(!reason.trim().is_empty(), "reason", "required", "请写明延期理由，会告知申请人");
    checks.ensure(reason.chars().count() <= 2_000, "reason", "length", "理由不超过 2000 字");
    checks.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::State;
    use crate::testing::case_in;
    use rstest::rstest;

    #[rstest]
    #[case(21, true, &[], true)]
    #[case(28, false, &[], false)]
    #[case(30, true, &[], false)]
    #[case(30, true, &[30], true)]
    #[case(32, true, &[30], false)]
    #[case(11, true, &[11], false)]
    fn only_declared_and_notified_procedures_stop_the_clock(
        #[case] kind: u8,
        #[case] notice: bool,
        #[case] declared: &[u8],
        #[case] stops: bool,
    ) {
        assert_eq!(stops_clock(kind, notice, declared), stops);
    }

    #[test]
    fn extension_is_once_and_at_most_ten_days() {
        let mut case = case_in(State::Accepted);
        assert!(check_extension(&case, 10, "材料复杂").is_ok());
        assert_eq!(check_extension(&case, 11, "").unwrap_err().errors.len(), 2);
        assert!(check_extension(&case, 0, "材料复杂").is_err());
        case.extension_days = 3;
        assert_eq!(check_extension(&case, 1, "材料复杂").unwrap_err().code.as_str(), "conflict");
    }

    #[test]
    fn procedures_need_kind_days_and_reason() {
        assert!(check_procedure(28, 10, "需专家评审").is_ok());
        assert_eq!(check_procedure(11, 0, " ").unwrap_err().errors.len(), 3);
        assert_eq!((special_type(11), special_type(28)), (1, 2));
    }
}
