//! 三岗分离：承办、审核、批准不得同一人（cases §2.3 第 3 条）。

use tongban_kernel::Problem;

use crate::model::Step;

/// 已经走过的环节：谁办的。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Passed {
    pub step: Step,
    pub staff: i64,
}

/// 本人能不能办这个环节。即办、乡镇便民事项豁免（`exempt`）。
///
/// # Errors
/// 本人已办过另一个环节。
pub fn check_posts(passed: &[Passed], step: Step, staff: i64, exempt: bool) -> Result<(), Problem> {
    if exempt || staff == 0 {
        return Ok(());
    }
    match passed.iter().find(|other| other.staff == staff && other.step != step) {
        None => Ok(()),
        Some(other) => Err(Problem::conflict(format!(
            "您已办过本件的“{}”，“{}”要由另一人办：承办、审核、批准不得同一人",
            other.step.label(),
            step.label()
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PASSED: &[Passed] = &[Passed { step: Step::Handle, staff: 7 }, Passed { step: Step::Review, staff: 8 }];

    #[test]
    fn three_posts_are_three_people_unless_exempt() {
        assert!(check_posts(PASSED, Step::Approve, 9, false).is_ok());
        assert_eq!(check_posts(PASSED, Step::Approve, 7, false).unwrap_err().code.as_str(), "conflict");
        assert!(check_posts(PASSED, Step::Approve, 7, true).is_ok());
        // 退回后同一人再办同一环节可以
        assert!(check_posts(PASSED, Step::Handle, 7, false).is_ok());
        assert!(check_posts(PASSED, Step::Handle, 8, false).is_err());
    }
}
