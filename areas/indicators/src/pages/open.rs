//! 办件统计公开页：按月、按部门与乡镇；图、表、可下载的明细。

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_documents::table::{Cell, Column, Format, Kind};
use tongban_kernel::Problem;
use tongban_web::chart::{Point, bars};
use tongban_web::{App, Ctx, Failure, Layout, Query, export, render};

use super::today;
use crate::period::Period;
use crate::published::{self, Counts, Published};
use crate::value::percent;

/// 条件：哪个月、哪个单位、要不要下载。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Asked {
    pub per: String,
    pub unit: String,
    pub format: String,
}

/// 表的一行。
struct Line {
    name: String,
    href: String,
    cells: [String; 7],
}

struct Choice {
    value: String,
    title: String,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "open_stats.html")]
struct Page {
    l: Layout,
    /// 说的是哪一段、哪个单位。
    span: String,
    who: String,
    total: [String; 7],
    chart: String,
    months: Vec<Line>,
    /// 分组名与各单位。
    groups: Vec<(&'static str, Vec<Line>)>,
    periods: Vec<Choice>,
    units: Vec<Choice>,
    download: String,
}

fn rate(part: i64, whole: i64) -> String {
    if whole == 0 { "—".to_owned() } else { format!("{}%", percent(part, whole)) }
}

/// 申请、网上、线下、受理、办结、按时、平均：与表头同序。
fn cells(c: Counts) -> [String; 7] {
    let online = if c.applied == 0 { "0".to_owned() } else { format!("{}（{}）", c.online, rate(c.online, c.applied)) };
    [
        c.applied.to_string(),
        online,
        c.offline().to_string(),
        c.accepted.to_string(),
        c.decided.to_string(),
        rate(c.on_time, c.decided),
        c.average().map_or_else(|| "—".to_owned(), |days| format!("{days} 天")),
    ]
}

/// `GET /open/stats`
pub async fn show(State(app): State<App>, ctx: Ctx, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let on = today(&app);
    let found = app.db().snapshot("indicators.published", move |tx| published::recent(tx, on)).await?;
    if let Some(format) = Format::from_extension(&asked.format) {
        return download(&found, format).await;
    }
    let month = match asked.per.as_str() {
        "" => None,
        text => Some(Period::parse(text).filter(|month| found.months.contains(month)).ok_or_else(|| Problem::field("per", "choice", "只公开最近十二个月"))?),
    };
    let unit: Option<i64> = asked.unit.parse().ok().filter(|id| found.units.iter().any(|unit| unit.id == *id));
    Ok(render(&page(&ctx, &found, month, unit))?.into_response())
}

fn page(ctx: &Ctx, found: &Published, month: Option<Period>, unit: Option<i64>) -> Page {
    let link = |month: Option<Period>, unit: Option<i64>| {
        format!("?per={}&unit={}", month.map(Period::link).unwrap_or_default(), unit.map(|id| id.to_string()).unwrap_or_default())
    };
    let who = found.units.iter().find(|u| Some(u.id) == unit).map_or_else(|| "全县".to_owned(), |u| u.name.clone());
    let span = month.map_or_else(|| "最近十二个月".to_owned(), Period::title);
    let total = found.of(month, unit);
    let line = |name: String, month, unit| Line { name, href: link(month, unit), cells: cells(found.of(month, unit)) };
    let points: Vec<Point> = found
        .months
        .iter()
        .map(|m| {
            let n = found.of(Some(*m), unit).decided;
            #[allow(clippy::cast_precision_loss, reason = "件数画图，精度够")]
            let value = n as f64;
            Point { label: m.link(), value, text: format!("{n} 件"), href: link(Some(*m), unit), tone: "" }
        })
        .collect();
    let busiest = found.months.iter().max_by_key(|m| found.of(Some(**m), unit).decided).map_or_else(String::new, |m| m.title());
    let groups = ["区级部门", "乡镇", "县区"].into_iter().filter_map(|group| {
        let mut of: Vec<_> = found.units.iter().filter(|u| u.group == group && !found.of(month, Some(u.id)).is_empty()).collect();
        of.sort_by_key(|u| std::cmp::Reverse(found.of(month, Some(u.id)).decided));
        let lines: Vec<Line> = of.into_iter().map(|u| line(u.name.clone(), month, Some(u.id))).collect();
        (!lines.is_empty()).then_some((group, lines))
    });
    let every = std::iter::once(Choice { value: String::new(), title: "最近十二个月".to_owned(), chosen: month.is_none() });
    let each = found.months.iter().rev().map(|m| Choice { value: m.link(), title: m.title(), chosen: Some(*m) == month });
    let whole = std::iter::once(Choice { value: String::new(), title: "全县".to_owned(), chosen: unit.is_none() });
    let one = found.units.iter().map(|u| Choice { value: u.id.to_string(), title: u.name.clone(), chosen: Some(u.id) == unit });
    Page {
        l: Layout::public(ctx, "办件统计"),
        total: cells(total),
        chart: bars(&format!("{who}各月办结件数，{busiest}最多"), &points, None),
        months: found.months.iter().rev().filter(|m| !found.of(Some(**m), unit).is_empty()).map(|m| line(m.title(), Some(*m), unit)).collect(),
        groups: groups.collect(),
        periods: every.chain(each).collect(),
        units: whole.chain(one).collect(),
        download: "?format=csv".to_owned(),
        span,
        who,
    }
}

/// 逐月逐单位的明细。
async fn download(found: &Arc<Published>, format: Format) -> Result<Response, Failure> {
    let titles = [
        ("月份", "month"), ("单位", "unit"), ("类别", "group"), ("申请", "applied"), ("其中网上申请", "applied_online"), ("受理", "accepted"),
        ("办结", "decided"), ("按时办结", "decided_on_time"), ("即办件办结", "instant_decided"), ("平均办理工作日", "average_workdays"),
    ];
    let columns = titles.into_iter().enumerate().map(|(n, (title, code))| Column::new(title, code, if (3..9).contains(&n) { Kind::Int } else { Kind::Text }));
    let found = Arc::clone(found);
    export::stream(format, "case-statistics", "办件统计", columns.collect(), move |_: Option<()>| {
        let found = Arc::clone(&found);
        async move {
            let pairs = found.months.iter().flat_map(|month| found.units.iter().map(move |unit| (*month, unit)));
            let rows = pairs.filter(|(month, unit)| !found.of(Some(*month), Some(unit.id)).is_empty()).map(|(month, unit)| {
                let c = found.of(Some(month), Some(unit.id));
                let mut row = vec![Cell::Text(month.link()), Cell::Text(unit.name.clone()), Cell::Text(unit.group.to_owned())];
                row.extend([c.applied, c.online, c.accepted, c.decided, c.on_time, c.instant].map(Cell::Int));
                row.push(Cell::Text(c.average().unwrap_or_default()));
                row
            });
            Ok((rows.collect(), None))
        }
    })
    .await
}
