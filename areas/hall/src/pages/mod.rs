//! 页面：解析、调用、渲染，没有业务规则。

pub mod book;
pub mod desk;
pub mod wall;

use jiff::Timestamp;
use tongban_directory::model::Site;
use tongban_kernel::problem::Code;
use tongban_kernel::{Problem, time};
use tongban_store::{Error, Result, Tx};
use tongban_web::Failure;

/// 一个服务点。
pub(crate) fn site(tx: &mut Tx<'_>, id: i64) -> Result<Site> {
    let found = tongban_directory::queries::sites(tx)?.into_iter().find(|site| site.id == id);
    found.ok_or_else(|| Problem::not_found().into())
}

pub(crate) fn today(at: Timestamp) -> i64 {
    time::day_number(time::date_of(at))
}

/// `11 月 23 日 周一`。
pub(crate) fn day_name(day: i64) -> String {
    let Some(date) = time::from_day_number(day) else { return String::new() };
    let week = ["一", "二", "三", "四", "五", "六", "日"][usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or(0)];
    format!("{} 月 {} 日 周{week}", date.month(), date.day())
}

/// 能改正的拒绝取出来重画，其余照常失败。
pub(crate) fn mendable(error: Error) -> std::result::Result<Problem, Failure> {
    match error {
        Error::Refused(problem) if matches!(problem.code, Code::ValidationFailed | Code::Conflict | Code::Duplicate) => Ok(*problem),
        other => Err(other.into()),
    }
}
