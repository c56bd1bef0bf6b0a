//! 评价统计：按单位、事项、经办人、窗口、渠道、节点；可导出。

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::State;
use axum::response::Response;
use jiff::ToSpan;
use jiff::civil::Date;
use serde::Deserialize;
use tongban_documents::table::{Cell, Column, Format, Kind};
use tongban_kernel::{Problem, Scope, time};
use tongban_store::Tx;
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Layout, Query, export, render_status};

use crate::model::dimensions::{DIMENSIONS, Dimension};
use crate::model::{EvalChannel, Node};
use crate::rules::stats::{Coverage, Levels};
use crate::store::{self, By};

/// 一次至多看多少天。
const LONGEST: i64 = 366;
const MANY: usize = 2_000;

/// 条件。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct StatsQuery {
    by: String,
    from: String,
    to: String,
    format: String,
}

struct Line {
    name: String,
    code: String,
    levels: Levels,
}

impl Line {
    fn percent(value: Option<i64>) -> String {
        value.map_or_else(|| "—".to_owned(), |n| format!("{}.{:02}%", n / 100, n % 100))
    }

    fn satisfaction(&self) -> String {
        Self::percent(self.levels.satisfaction())
    }

    fn bad(&self) -> String {
        Self::percent(self.levels.bad())
    }

    fn average(&self) -> String {
        self.levels.average().map_or_else(|| "—".to_owned(), |n| format!("{}.{:02}", n / 100, n % 100))
    }
}

struct Tab {
    code: &'static str,
    title: &'static str,
    current: bool,
}

#[derive(Template)]
#[template(path = "desk_rate_stats.html")]
struct StatsPage {
    l: Layout,
    summary: ErrorSummary,
    tabs: Vec<Tab>,
    by: &'static str,
    title: &'static str,
    from: String,
    to: String,
    fields: Vec<Field>,
    lines: Vec<Line>,
    total: Levels,
    /// 四川维度：名字、条数、平均分。
    dims: Vec<(&'static str, i64, String)>,
    /// 按事项看时：在用的办理项评到了多少。
    coverage: Option<Coverage>,
    /// 办结后几个自然日记默认评价；0 为不记。
    default_days: u32,
}

/// 起止日：缺省近 30 天；至多一年。
fn span(query: &StatsQuery, today: Date) -> Result<(Date, Date), Problem> {
    let mut checks = tongban_kernel::problem::Checks::new();
    let mut day = |text: &str, name: &str, default: Date| {
        if text.is_empty() {
            return default;
        }
        text.parse().unwrap_or_else(|_| {
            checks.push(tongban_kernel::FieldError::new(name, "date", "日期写成 2026-11-23 的样子"));
            default
        })
    };
    let to = day(&query.to, "to", today);
    let from = day(&query.from, "from", to.checked_sub(29.days()).unwrap_or(to));
    let long = from.until(to).map_or(i64::MAX, |span| i64::from(span.get_days()));
    checks.ensure(from <= to, "from", "order", "开始日不能晚于结束日");
    checks.ensure(long < LONGEST, "from", "range", "一次至多看一年，请把时段缩短些");
    checks.finish()?;
    Ok((from, to))
}

fn lines(tx: &mut Tx<'_>, by: By, counted: Vec<store::Counted>) -> tongban_store::Result<Vec<Line>> {
    let mut groups: BTreeMap<(String, String), Levels> = BTreeMap::new();
    for (key, name, level, n) in counted {
        groups.entry((key, name)).or_default().add(level, n);
    }
    let mut found = Vec::with_capacity(groups.len());
    for ((key, name), levels) in groups {
        let number: i64 = key.parse().unwrap_or(0);
        let (code, name) = match by {
            By::Item => (key, name),
            By::Org => (String::new(), name),
            By::Staff => (name, if key.is_empty() { "网上自助（没有经办人）".to_owned() } else { key }),
            By::Channel => (String::new(), EvalChannel::from_code(number).map_or("其他", EvalChannel::label).to_owned()),
            By::Node => (String::new(), Node::from_code(number).map_or("其他", Node::label).to_owned()),
            By::Post if number == 0 => (String::new(), "不在岗位上（网上自助）".to_owned()),
            By::Post => {
                let post = tongban_directory::queries::post(tx, number)?;
                let org = match &post {
                    Some(post) => tongban_directory::queries::org(tx, post.org)?.map(|org| org.name),
                    None => None,
                };
                (org.unwrap_or_default(), post.map_or_else(|| format!("岗位 {number}"), |post| post.title))
            }
            By::Window if number == 0 => (String::new(), "不在窗口".to_owned()),
            By::Window => {
                let window = tongban_directory::queries::window(tx, number)?;
                (String::new(), window.map_or_else(|| format!("窗口 {number}"), |window| format!("{} 号 {}", window.number, window.name)))
            }
        };
        found.push(Line { name, code, levels });
    }
    found.sort_by_key(|line| std::cmp::Reverse(line.levels.total()));
    found.truncate(MANY);
    Ok(found)
}

/// 期末在用的依申请办理项里，期内评到的、有办件的各几项（evaluation §6）。
fn covered(tx: &mut Tx<'_>, scope: &Scope, counted: &[store::Counted], (from, to): (Date, Date)) -> tongban_store::Result<Coverage> {
    let (from, to) = (time::day_number(from), time::day_number(to));
    let rated: BTreeSet<&str> = counted.iter().map(|(code, ..)| code.as_str()).collect();
    let mut coverage = Coverage::default();
    for code in tongban_items::queries::applied_on(tx, scope, to)? {
        coverage.in_use += 1;
        // 期内评的也可能是期前收的件：评到了的总是有办件的，率不会超过百分之百
        let is_rated = rated.contains(code.as_str());
        coverage.rated += i64::from(is_rated);
        coverage.with_cases += i64::from(is_rated || store::has_cases(tx, scope, &code, from, to)?);
    }
    Ok(coverage)
}

/// `GET /desk/rates/stats`
pub async fn stats(State(app): State<App>, ctx: Ctx, Query(query): Query<StatsQuery>) -> Result<Response, Failure> {
    let today = time::date_of(app.now());
    let (by, code, title) = By::ALL.into_iter().find(|(_, code, _)| *code == query.by).unwrap_or(By::ALL[0]);
    let (span, problem) = match span(&query, today) {
        Ok(span) => (span, None),
        Err(problem) => ((today.checked_sub(29.days()).unwrap_or(today), today), Some(problem)),
    };
    let scope = ctx.actor.scope.clone();
    let until = span.1.tomorrow().unwrap_or(span.1);
    let (from, to) = (time::instant(span.0, 0, 0), time::instant(until, 0, 0));
    let (lines, sums, coverage) = app
        .db()
        .snapshot("evaluation.stats", move |tx| {
            let counted = store::grouped(tx, &scope, by, from, to)?;
            let coverage = if by == By::Item { Some(covered(tx, &scope, &counted, span)?) } else { None };
            Ok((lines(tx, by, counted)?, store::dimension_sums(tx, &scope, from, to)?, coverage))
        })
        .await?;
    if let (Some(format), None) = (Format::from_extension(&query.format), &problem) {
        return download(format, title, &lines).await;
    }
    let mut total = Levels::default();
    for line in &lines {
        (1..=5).for_each(|level| total.add(level, line.levels.of(level)));
    }
    let layout = Layout::staff(&ctx, "评价统计");
    let shown = |text: &str, day: Date| if text.is_empty() { day.to_string() } else { text.to_owned() };
    let page = StatsPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        summary: ErrorSummary::of(problem.as_ref()),
        tabs: By::ALL.into_iter().map(|(known, code, title)| Tab { code, title, current: known == by }).collect(),
        by: code,
        title,
        fields: vec![
            Field::date("from", "从").value(shown(&query.from, span.0)).errors_of(problem.as_ref()),
            Field::date("to", "到").value(shown(&query.to, span.1)).errors_of(problem.as_ref()),
        ],
        from: span.0.to_string(),
        to: span.1.to_string(),
        lines,
        total,
        dims: averages(&sums),
        coverage,
        default_days: app.config().default_rating_days,
    };
    render_status(if problem.is_some() { 422 } else { 200 }, &page)
}

/// 各维度的平均分，两位小数；没有人打的不列。
fn averages(sums: &[(String, i64, i64)]) -> Vec<(&'static str, i64, String)> {
    let of = |d: Dimension| {
        let (_, n, score) = sums.iter().find(|(code, ..)| code == d.code)?;
        let hundredths = (score * 100 + n / 2) / (*n).max(1);
        Some((d.title, *n, format!("{}.{:02}", hundredths / 100, hundredths % 100)))
    };
    DIMENSIONS.into_iter().filter_map(of).collect()
}

async fn download(format: Format, title: &'static str, lines: &[Line]) -> Result<Response, Failure> {
    let columns = vec![
        Column::new(title, "group", Kind::Text),
        Column::new("编码或单位", "code", Kind::Code),
        Column::new("评价数", "total", Kind::Int),
        Column::new("非常满意", "level5", Kind::Int),
        Column::new("满意", "level4", Kind::Int),
        Column::new("基本满意", "level3", Kind::Int),
        Column::new("不满意", "level2", Kind::Int),
        Column::new("非常不满意", "level1", Kind::Int),
        Column::new("满意率", "satisfaction_rate", Kind::Percent),
        Column::new("差评率", "bad_rate", Kind::Percent),
    ];
    let row = |line: &Line| {
        let mut cells = vec![Cell::Text(line.name.clone()), Cell::Text(line.code.clone()), Cell::Int(line.levels.total())];
        cells.extend((1..=5).rev().map(|level| Cell::Int(line.levels.of(level))));
        cells.push(line.levels.satisfaction().map_or(Cell::Empty, Cell::Int));
        cells.push(line.levels.bad().map_or(Cell::Empty, Cell::Int));
        cells
    };
    let mut rows = Some(lines.iter().map(row).collect::<Vec<_>>());
    export::stream(format, "rating-stats", "评价统计", columns, move |_: Option<()>| {
        let rows = rows.take().unwrap_or_default();
        async move { Ok((rows, None)) }
    })
    .await
}
