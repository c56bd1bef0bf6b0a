//! 一条指标：口径、目标、各单位的值（每根柱是链接）、趋势、构成它的记录的入口。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use tongban_directory::queries::{OrgNode, tree};
use tongban_documents::table::{Cell as Out, Column, Kind as ColumnKind};
use tongban_kernel::{Problem, time};
use tongban_store::{Result, Tx};
use tongban_web::chart::{self, Point};
use tongban_web::{App, Ctx, Failure, Layout, Query, export, render};

use super::{Asked, Choice, Freshness, chosen, freshness, periods, text_column, today};
use crate::binding::Source;
use crate::board::{self, Cell};
use crate::definition::{Definitions, Formula, Indicator};
use crate::period::Period;
use crate::permissions::REPORT;
use crate::registry::Registry;
use crate::score::ranks;
use crate::store;
use crate::value::Value;

/// 一个单位的一行。
struct UnitLine {
    node: OrgNode,
    cell: Cell,
    rank: String,
    num: String,
    den: String,
}

#[derive(Template)]
#[template(path = "indicator.html")]
struct Page {
    l: Layout,
    node: OrgNode,
    cell: Cell,
    per: String,
    title: String,
    periods: Vec<Choice>,
    fresh: Freshness,
    numerator: String,
    denominator: String,
    measures: Vec<(String, &'static str)>,
    ratio: bool,
    trend: String,
    bars: String,
    units: Vec<UnitLine>,
    ranked: bool,
    can_report: bool,
    due: String,
    reported_at: String,
}

struct Seen {
    node: OrgNode,
    cell: Cell,
    units: Vec<(OrgNode, Cell)>,
    trend: Vec<(Period, Value)>,
    fresh: Freshness,
}

fn look(tx: &mut Tx<'_>, registry: &Registry, ctx: &Ctx, asked: &Asked, id: &str, period: Period, now: jiff::Timestamp) -> Result<Seen> {
    let today = time::date_of(now);
    let all = Definitions::built_in()?;
    let indicator = all.get(id).ok_or_else(Problem::not_found)?;
    let node = chosen(tx, &ctx.actor, asked.org)?;
    let rows = store::current_of_indicator(tx, id, period.code())?;
    let on = period.until(today);
    let current = |org: i64| rows.iter().find(|row| row.org == org);
    let report = store::report(tx, id, node.id, period.code())?;
    let cell = board::cell(all, registry, indicator, current(node.id), report, on);
    let below = |unit: &OrgNode| unit.parent == Some(node.id) && (!unit.group.is_empty() || node.group != "县区");
    let mut units = Vec::new();
    for unit in tree(tx)?.into_iter().filter(below) {
        let report = if cell.computed { None } else { store::report(tx, id, unit.id, period.code())? };
        let cell = board::cell(all, registry, indicator, current(unit.id), report, on);
        units.push((unit, cell));
    }
    let trend = if cell.computed { board::monthly(tx, node.id, today, 12)?.remove(id).unwrap_or_default() } else { Vec::new() };
    Ok(Seen { node, cell, units, trend, fresh: freshness(tx, now)? })
}

/// 由好到差；没有值的在后。
fn sorted(mut units: Vec<(OrgNode, Cell)>, indicator: &Indicator) -> Vec<(OrgNode, Cell)> {
    let lower = indicator.direction == crate::definition::Direction::LowerBetter;
    units.sort_by_key(|(_, cell)| {
        let size = cell.value.magnitude();
        (size.is_none(), size.map(|size| if lower { size } else { -size }))
    });
    units
}

fn unit_lines(units: Vec<(OrgNode, Cell)>, indicator: &Indicator) -> Vec<UnitLine> {
    let lower = indicator.direction == crate::definition::Direction::LowerBetter;
    let sizes: Vec<Option<i64>> = units.iter().map(|(_, cell)| cell.value.magnitude().map(|size| if lower { -size } else { size })).collect();
    let number = |value: Value| match value {
        Value::Ratio { num, den } => (num.to_string(), den.to_string()),
        Value::Number(number) => (number.to_string(), String::new()),
        _ => ("—".to_owned(), "—".to_owned()),
    };
    let line = |((node, cell), place): ((OrgNode, Cell), Option<usize>)| {
        let (num, den) = number(cell.value);
        UnitLine { node, rank: place.map_or("—".to_owned(), |place| place.to_string()), num, den, cell }
    };
    units.into_iter().zip(ranks(&sizes)).map(line).collect()
}

fn size(value: Value) -> f64 {
    match value {
        Value::Ratio { num, den } => num as f64 * 100.0 / den as f64,
        Value::Number(number) => number as f64,
        _ => 0.0,
    }
}

fn bars(units: &[UnitLine], id: &str, per: &str, target: Option<f64>) -> String {
    let known = units.iter().filter(|line| line.cell.value.is_known());
    let point = |line: &UnitLine| Point {
        label: line.node.short_name.clone(),
        value: size(line.cell.value),
        text: line.cell.show(),
        href: format!("/cockpit/k/{id}?org={}&per={per}", line.node.id),
        tone: match line.cell.light.class() {
            "n" => "",
            tone => tone,
        },
    };
    let points: Vec<Point> = known.map(point).collect();
    let failing = units.iter().filter(|line| line.cell.gap.is_some_and(|gap| gap > 0)).count();
    chart::bars(&format!("{} 家有数据，{failing} 家未达标", points.len()), &points, target)
}

fn trend(points: &[(Period, Value)], cell: &Cell, node: &OrgNode, target: Option<f64>) -> String {
    let point = |(period, value): &(Period, Value)| Point {
        label: period.link(),
        value: size(*value),
        text: value.show(cell.indicator),
        href: format!("/cockpit/k/{}?org={}&per={}", cell.indicator.id, node.id, period.link()),
        tone: "",
    };
    let points: Vec<Point> = points.iter().filter(|(_, value)| value.is_known()).map(point).collect();
    if points.len() < 2 { String::new() } else { chart::line("近 12 个月走势", &points, target) }
}

fn formula(indicator: &Indicator) -> (String, String) {
    match &indicator.formula {
        Formula::Ratio(ratio) => (ratio.numerator.clone(), ratio.denominator.clone()),
        Formula::Value(value) => (value.value.clone(), String::new()),
    }
}

/// `GET /cockpit/k/{indicator}`
pub async fn show(State(app): State<App>, ctx: Ctx, Path(id): Path<String>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let today = today(&app);
    let period = asked.period(today)?;
    let (registry, who, wanted, now, wanted_id) = (Registry::of(&app), ctx.clone(), asked.clone(), app.now(), id.clone());
    let seen = app.db().snapshot("indicators.show", move |tx| look(tx, &registry, &who, &wanted, &wanted_id, period, now)).await?;
    let Seen { node, cell, units, trend: points, fresh } = seen;
    let units = unit_lines(sorted(units, cell.indicator), cell.indicator);
    if let Some(format) = asked.export() {
        return table(format, &units, &cell, &node, period).await;
    }
    let all = Definitions::built_in()?;
    let registry = Registry::of(&app);
    let source = all.source(&id);
    let named = |code: &str| (code.to_owned(), registry.measure(code).map_or("没有提供", |measure| measure.title));
    let target = cell.goal.map(|goal| goal.target as f64);
    let (numerator, denominator) = formula(cell.indicator);
    let due = cell.goal.and_then(|goal| goal.due).map(time::show_day).unwrap_or_default();
    let page = Page {
        l: Layout::staff(&ctx, &cell.indicator.name),
        title: period.title(),
        periods: periods(period, today),
        measures: source.measures().map(named).collect(),
        ratio: matches!(source, Source::Ratio { .. }) && cell.computed,
        trend: trend(&points, &cell, &node, target),
        bars: if units.is_empty() { String::new() } else { bars(&units, &id, &period.link(), target) },
        ranked: cell.ranked,
        can_report: matches!(source, Source::Manual(_)) && ctx.actor.may(REPORT),
        per: period.link(),
        reported_at: cell.report.as_ref().map(|row| time::show(row.at)).unwrap_or_default(),
        fresh,
        numerator,
        denominator,
        units,
        due,
        node,
        cell,
    };
    Ok(render(&page)?.into_response())
}

async fn table(format: tongban_documents::table::Format, units: &[UnitLine], cell: &Cell, node: &OrgNode, period: Period) -> Result<Response, Failure> {
    let columns = vec![
        Column::new("名次", "rank", ColumnKind::Text),
        text_column("单位", "unit"),
        text_column("当前", "value"),
        Column::new("分子", "num", ColumnKind::Text),
        Column::new("分母", "den", ColumnKind::Text),
        text_column("差多少", "gap"),
        text_column("灯", "light"),
    ];
    let row = |line: &UnitLine| -> Vec<Out> {
        vec![
            line.rank.as_str().into(),
            line.node.name.as_str().into(),
            line.cell.show().into(),
            line.num.as_str().into(),
            line.den.as_str().into(),
            line.cell.gap_text().into(),
            line.cell.light.label().into(),
        ]
    };
    let rows: Vec<Vec<Out>> = units.iter().map(row).collect();
    let name = format!("{}{}{}", node.name, cell.indicator.name, period.title().replace(' ', ""));
    export::stream(format, "indicator", &name, columns, move |_: Option<()>| {
        let rows = rows.clone();
        async move { Ok((rows, None)) }
    })
    .await
}
