//! 两件公开工具的规则：到期日与编码校验。页面与接口用同一份。

use jiff::civil::Date;
use serde::Serialize;
use tongban_kernel::calendar::{self, Suspension};
use tongban_kernel::problem::{FieldError, Problem};
use utoipa::ToSchema;

/// 到期日的回答（cases §3.3）。
#[derive(Debug, Serialize, ToSchema)]
pub struct Due {
    /// 受理日。
    #[schema(value_type = String, format = Date)]
    pub from: Date,
    pub workdays: u32,
    /// 到期日；停表还没有结束时为 `null`。
    #[schema(value_type = Option<String>, format = Date)]
    pub due: Option<Date>,
    /// 数进去的工作日，按先后。
    #[schema(value_type = Vec<String>)]
    pub counted: Vec<Date>,
    /// 用到的年份里有没有没维护放假安排的。
    pub calendar_maintained: bool,
}

/// 一次最多算多少个工作日。
pub const MOST_WORKDAYS: u32 = 1_000;
/// 一次最多几段停表。
const MOST_SUSPENSIONS: usize = 50;

fn wrong(field: &str, code: &'static str, detail: impl Into<String>) -> FieldError {
    FieldError { pointer: format!("#/query/{field}"), code, detail: detail.into() }
}

fn date(field: &str, text: &str, errors: &mut Vec<FieldError>) -> Option<Date> {
    match text.trim().parse::<Date>() {
        Ok(date) if (1990..=2200).contains(&date.year()) => Some(date),
        Ok(_) => {
            errors.push(wrong(field, "range", "年份要在 1990 到 2200 之间"));
            None
        }
        Err(_) => {
            errors.push(wrong(field, "date", "日期要写成 2021-10-08 这样，并且真有这一天"));
            None
        }
    }
}

fn suspension(text: &str, errors: &mut Vec<FieldError>) -> Option<Suspension> {
    let Some((start, end)) = text.split_once("..") else {
        errors.push(wrong("suspended", "format", "停表要写成 2021-10-13..2021-10-20；还没结束的写 2021-10-13.."));
        return None;
    };
    let start = date("suspended", start, errors)?;
    if end.trim().is_empty() {
        return Some(Suspension { from: start, to: None });
    }
    let end = date("suspended", end, errors)?;
    if end < start {
        errors.push(wrong("suspended", "order", "停表的结束日不能早于开始日"));
        return None;
    }
    Some(Suspension { from: start, to: Some(end) })
}

/// 由文字参数算到期日，错误一次给全。
///
/// # Errors
/// `validation-failed`。
pub fn due(from: &str, workdays: &str, suspended: &[String]) -> Result<Due, Problem> {
    let mut errors = Vec::new();
    let start = date("from", from, &mut errors);
    let count = workdays.trim().parse::<u32>().ok().filter(|n| *n <= MOST_WORKDAYS);
    if count.is_none() {
        errors.push(wrong("workdays", "range", format!("工作日数要填 0 到 {MOST_WORKDAYS} 的整数")));
    }
    if suspended.len() > MOST_SUSPENSIONS {
        errors.push(wrong("suspended", "range", format!("停表最多 {MOST_SUSPENSIONS} 段")));
    }
    let spans: Vec<Suspension> =
        suspended.iter().take(MOST_SUSPENSIONS).filter(|text| !text.trim().is_empty()).filter_map(|text| suspension(text, &mut errors)).collect();
    let (Some(from), Some(workdays), true) = (start, count, errors.is_empty()) else {
        return Err(Problem::invalid(errors));
    };
    let calendar = calendar::current();
    let explained = calendar.explain(from, workdays, &spans).map_err(|reason| Problem::invalid(vec![wrong("from", reason.code, reason.detail)]))?;
    let calendar_maintained = explained.maintained;
    let counted = explained.days.iter().filter(|day| day.counted).map(|day| day.date).collect();
    Ok(Due { from, workdays, due: explained.due, counted, calendar_maintained })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worked_example_comes_out() {
        let due = due("2021-10-08", "20", &["2021-10-13..2021-10-20".to_owned()]).unwrap();
        assert_eq!(due.due.unwrap().to_string(), "2021-11-11");
        assert_eq!(due.counted.len(), 20);
        assert!(due.calendar_maintained);
    }

    #[test]
    fn mistakes_are_all_named() {
        let problem = due("2021-02-29", "-1", &["x".to_owned()]).unwrap_err();
        assert_eq!(problem.errors.len(), 3);
        assert!(due("9999-12-31", "5", &[]).unwrap_err().errors[0].detail.contains("2200"));
    }
}
