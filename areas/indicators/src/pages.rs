//! 驾驶舱页面：总览、一条指标、构成它的记录、一个单位、填报。每个数都是链接，点进去是构成它的记录。

mod cockpit;
mod indicator;
mod open;
mod records;
mod report;
mod unit;

pub use cockpit::{cockpit, wall};
pub use indicator::show as indicator;
pub use open::show as open_stats;
pub use records::show as records;
pub use report::{form as report_form, submit as report};
pub use unit::show as unit;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use tongban_directory::queries::{OrgNode, tree};
use tongban_documents::table::Format;
use tongban_kernel::time::date_of;
use tongban_kernel::{Actor, Depth, Problem, time};
use tongban_store::{Result, Tx};
use tongban_web::App;

use crate::drill::visible;
use crate::period::Period;
use crate::refresh::refreshed_at;

/// 多久没有更新就标黄。
const STALE_HOURS: i64 = 2;

/// 网址里的条件：期、机构、分组、格式。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    pub per: String,
    pub org: Option<i64>,
    pub group: String,
    pub part: String,
    pub format: String,
    pub cursor: Option<String>,
    pub limit: Option<i64>,
}

impl Asked {
    /// 哪一期；没写是本月，写错了说清楚。
    pub(crate) fn period(&self, today: Date) -> Result<Period, Problem> {
        if self.per.is_empty() {
            return Ok(Period::month_of(today));
        }
        Period::parse(&self.per).ok_or_else(|| Problem::field("per", "invalid", "时段要写成 2026-05 或 2026"))
    }

    /// 要导出的格式；不导出为 `None`。
    pub(crate) fn export(&self) -> Option<Format> {
        Format::from_extension(&self.format)
    }
}

/// 看哪个机构：写了就用写的（范围外 404），没写用自己范围里最高的一级。
pub(crate) fn chosen(tx: &mut Tx<'_>, actor: &Actor, org: Option<i64>) -> Result<OrgNode> {
    if let Some(org) = org {
        return visible(tx, actor, org);
    }
    let reaches = actor.scope.reaches();
    let highest = [Depth::Tenant, Depth::Unit, Depth::Org].into_iter().find_map(|depth| reaches.iter().find(|reach| reach.depth == depth));
    match highest {
        Some(reach) => visible(tx, actor, reach.id),
        None => Ok(tree(tx)?.into_iter().find(|node| node.group == "县区" && actor.is_internal()).ok_or_else(Problem::not_found)?),
    }
}

/// 可选的时段：近 12 个月与近 3 年。
pub(crate) struct Choice {
    pub link: String,
    pub title: String,
    pub chosen: bool,
}

pub(crate) fn periods(now: Period, today: Date) -> Vec<Choice> {
    let mut all = Vec::new();
    for start in [Period::month_of(today), Period::year_of(today)] {
        let count = if matches!(start, Period::Month { .. }) { 12 } else { 3 };
        all.extend(std::iter::successors(Some(start), |period| Some(period.previous())).take(count));
    }
    all.into_iter().map(|period| Choice { link: period.link(), title: period.title(), chosen: period == now }).collect()
}

/// “数据截至”一行。
pub(crate) struct Freshness {
    pub text: String,
    pub stale: bool,
}

pub(crate) fn freshness(tx: &mut Tx<'_>, now: Timestamp) -> Result<Freshness> {
    Ok(match refreshed_at(tx)? {
        Some(at) => Freshness {
            text: format!("数据截至 {}", time::show(at)),
            stale: now.duration_since(at).as_hours() >= STALE_HOURS && crate::pending(tx)?,
        },
        None => Freshness { text: "还没有算过，稍后刷新".to_owned(), stale: true },
    })
}

pub(crate) fn today(app: &App) -> Date {
    date_of(app.now())
}

/// 文字列。
pub(crate) fn text_column(title: &'static str, code: &'static str) -> tongban_documents::table::Column {
    tongban_documents::table::Column::new(title, code, tongban_documents::table::Kind::Text)
}
