//! 总览：红黄绿几条、指标表（当前、目标、差多少、趋势、名次）、单位得分矩阵。

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use tongban_directory::queries::{OrgNode, tree};
use tongban_documents::table::{Cell as Out, Column, Kind as ColumnKind};
use tongban_store::{Result, Tx};
use tongban_web::{App, Ctx, Failure, Html, Layout, Query, chart, export, render};

use super::{Asked, Choice, Freshness, chosen, freshness, periods, text_column, today};
use crate::board::{self, Cell, Matrix};
use crate::definition::{Definitions, Indicator};
use crate::period::Period;
use crate::registry::Registry;
use crate::score::{hundredths, ranks};
use crate::value::IndicatorLight;

/// 指标表的一行。
struct Line {
    cell: Cell,
    spark: String,
}

/// 矩阵的一格：得分与灯。
struct Square {
    href: String,
    score: String,
    class: &'static str,
    lamp: &'static str,
}

struct UnitLine {
    node: OrgNode,
    total: String,
    rank: String,
    squares: Vec<Square>,
}

/// 总览与大屏用同一份内容。
struct Board {
    node: OrgNode,
    per: String,
    group: String,
    title: String,
    periods: Vec<Choice>,
    fresh: Freshness,
    lights: [usize; 4],
    score: Option<String>,
    band: &'static str,
    lines: Vec<Line>,
    waiting: Vec<Cell>,
    heads: Vec<(&'static str, String)>,
    units: Vec<UnitLine>,
}

#[derive(Template)]
#[template(path = "cockpit.html")]
struct Page {
    l: Layout,
    b: Board,
}

#[derive(Template)]
#[template(path = "wall.html")]
struct Wall {
    l: Layout,
    b: Board,
}

struct Seen {
    node: OrgNode,
    cells: Vec<Cell>,
    sparks: Vec<Vec<f64>>,
    units: Vec<(OrgNode, Vec<Cell>)>,
    fresh: Freshness,
}

fn look(tx: &mut Tx<'_>, registry: &Registry, ctx: &Ctx, asked: &Asked, period: Period, today: Date, now: jiff::Timestamp) -> Result<Seen> {
    let all = Definitions::built_in()?;
    let node = chosen(tx, &ctx.actor, asked.org)?;
    let mut cells = board::of_org(tx, registry, &node, period, today)?;
    // 红在前，灰在后；同灯按定义次序
    cells.sort_by_key(|cell| (cell.light, !cell.computed));
    let trends = board::monthly(tx, node.id, today, 7)?;
    let spark = |cell: &Cell| {
        let points = trends.get(&cell.indicator.id).filter(|_| cell.computed);
        points.into_iter().flatten().filter_map(|(_, value)| value.magnitude()).map(|value| value as f64).collect()
    };
    let sparks = cells.iter().map(spark).collect();
    let matrix = Matrix::load(tx, node.tenant, period)?;
    let on = period.until(today);
    let inside = |unit: &OrgNode| unit.tenant == node.tenant && (node.group == "县区" || unit.id == node.id);
    let wanted = |unit: &OrgNode| match asked.group.as_str() {
        "dept" => unit.group == "区级部门",
        "town" => unit.group == "乡镇",
        _ => matches!(unit.group, "区级部门" | "乡镇"),
    };
    let units = tree(tx)?.into_iter().filter(|unit| inside(unit) && wanted(unit));
    let units = units.map(|unit| (matrix.cells(all, registry, &unit, on), unit)).map(|(cells, unit)| (unit, cells)).collect();
    Ok(Seen { node, cells, sparks, units, fresh: freshness(tx, now)? })
}

/// 矩阵列：有目标的指标里，有数据的单位最多的八条，按定义的次序。
fn columns(units: &[(OrgNode, Vec<Cell>)]) -> Vec<(&'static str, String)> {
    let mut heads: Vec<(usize, usize, &'static Indicator)> = Vec::new();
    for cell in units.iter().flat_map(|(_, cells)| cells).filter(|cell| cell.goal.is_some()) {
        let known = usize::from(cell.value.is_known());
        match heads.iter_mut().find(|(_, _, indicator)| indicator.id == cell.indicator.id) {
            Some((count, _, _)) => *count += known,
            None => heads.push((known, heads.len(), cell.indicator)),
        }
    }
    heads.sort_by_key(|(count, order, _)| (std::cmp::Reverse(*count), *order));
    heads.truncate(8);
    heads.sort_by_key(|(_, order, _)| *order);
    heads.into_iter().map(|(_, _, indicator)| (indicator.id.as_str(), indicator.name.clone())).collect()
}

fn square(node: &OrgNode, cell: Option<&Cell>, id: &str, per: &str, on: Date) -> Square {
    let href = format!("/cockpit/k/{id}?org={}&per={per}", node.id);
    let score = cell.and_then(|cell| crate::score::counted(cell.indicator, cell.value, on)).map(|a| a * 100.0);
    match score {
        Some(score) => {
            let lamp = IndicatorLight::of_score(score);
            Square { href, score: format!("{:.0}", score.floor()), class: lamp.class(), lamp: lamp.label() }
        }
        None => Square { href, score: "—".to_owned(), class: "", lamp: "灰" },
    }
}

/// 各单位总分与组内名次；没有得分的不排。
fn unit_lines(units: Vec<(OrgNode, Vec<Cell>)>, heads: &[(&'static str, String)], per: &str, on: Date) -> Vec<UnitLine> {
    let totals: Vec<Option<i64>> = units.iter().map(|(_, cells)| board::score_of(cells, on).total.map(hundredths)).collect();
    let mut places: Vec<Option<usize>> = vec![None; units.len()];
    for group in ["区级部门", "乡镇"] {
        let members: Vec<usize> = (0..units.len()).filter(|index| units[*index].0.group == group).collect();
        let scores: Vec<Option<i64>> = members.iter().map(|index| totals[*index]).collect();
        for (index, place) in members.iter().zip(ranks(&scores)) {
            places[*index] = place;
        }
    }
    let mut lines: Vec<(Option<i64>, UnitLine)> = Vec::with_capacity(units.len());
    for ((node, cells), (total, place)) in units.into_iter().zip(totals.into_iter().zip(places)) {
        let find = |id: &str| cells.iter().find(|cell| cell.indicator.id == id);
        let squares = heads.iter().map(|(id, _)| square(&node, find(id), id, per, on)).collect();
        let shown = total.map_or("—".to_owned(), |score| format!("{}.{:02}", score / 100, score % 100));
        let rank = place.map_or("—".to_owned(), |place| place.to_string());
        lines.push((total, UnitLine { node, total: shown, rank, squares }));
    }
    lines.sort_by_key(|(total, _)| std::cmp::Reverse(*total));
    lines.into_iter().map(|(_, line)| line).collect()
}

/// `GET /cockpit`
pub async fn cockpit(State(app): State<App>, ctx: Ctx, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let today = today(&app);
    let period = asked.period(today)?;
    let seen = read(&app, &ctx, &asked, period, today).await?;
    if let Some(format) = asked.export() {
        return table(format, &seen, period).await;
    }
    let page = Page { l: Layout::staff(&ctx, "能力驾驶舱"), b: assemble(seen, period, today, asked.group) };
    Ok(render(&page)?.into_response())
}

/// `GET /cockpit/wall`：大屏，每分钟自己更新。
pub async fn wall(State(app): State<App>, ctx: Ctx, Query(asked): Query<Asked>) -> Result<Html, Failure> {
    let today = today(&app);
    let period = asked.period(today)?;
    let seen = read(&app, &ctx, &asked, period, today).await?;
    render(&Wall { l: Layout::staff(&ctx, "能力驾驶舱大屏"), b: assemble(seen, period, today, asked.group) })
}

async fn read(app: &App, ctx: &Ctx, asked: &Asked, period: Period, today: Date) -> Result<Seen> {
    let (registry, who, wanted, now) = (Registry::of(app), ctx.clone(), asked.clone(), app.now());
    app.db().snapshot("indicators.cockpit", move |tx| look(tx, &registry, &who, &wanted, period, today, now)).await
}

fn assemble(seen: Seen, period: Period, today: Date, group: String) -> Board {
    let on = period.until(today);
    let score = board::score_of(&seen.cells, on).total;
    let per = period.link();
    let heads = columns(&seen.units);
    let pairs = seen.cells.into_iter().zip(seen.sparks);
    let (shown, waiting): (Vec<_>, Vec<_>) = pairs.partition(|(cell, _)| cell.value != crate::value::Value::Pending);
    let shown_cells: Vec<Cell> = shown.iter().map(|(cell, _)| cell.clone()).collect();
    let spark = |values: &[f64]| if values.len() > 1 { chart::spark(values) } else { String::new() };
    Board {
        title: period.title(),
        periods: periods(period, today),
        lights: board::lights(&shown_cells),
        band: score.map_or("", crate::score::band),
        score: score.map(|score| format!("{score:.2}")),
        lines: shown.into_iter().map(|(cell, values)| Line { spark: spark(&values), cell }).collect(),
        waiting: waiting.into_iter().map(|(cell, _)| cell).collect(),
        units: unit_lines(seen.units, &heads, &per, on),
        heads,
        node: seen.node,
        fresh: seen.fresh,
        group,
        per,
    }
}

/// 指标表导出：列与页面一致。
async fn table(format: tongban_documents::table::Format, seen: &Seen, period: Period) -> Result<Response, Failure> {
    let columns = vec![
        text_column("灯", "light"),
        Column::new("指标代号", "id", ColumnKind::Code),
        text_column("指标", "name"),
        text_column("当前", "value"),
        Column::new("分子", "num", ColumnKind::Int),
        Column::new("分母", "den", ColumnKind::Int),
        text_column("目标", "target"),
        text_column("差多少", "gap"),
        text_column("依据", "basis"),
    ];
    let rows: Vec<Vec<Out>> = seen.cells.iter().map(row).collect();
    let name = format!("{}指标{}", seen.node.name, period.title().replace(' ', ""));
    export::stream(format, "indicators", &name, columns, move |_: Option<()>| {
        let rows = rows.clone();
        async move { Ok((rows, None)) }
    })
    .await
}

fn row(cell: &Cell) -> Vec<Out> {
    let (num, den) = match cell.value {
        crate::value::Value::Ratio { num, den } => (Some(num), Some(den)),
        crate::value::Value::Number(number) => (Some(number), None),
        _ => (None, None),
    };
    vec![
        cell.light.label().into(),
        cell.indicator.id.as_str().into(),
        cell.indicator.name.as_str().into(),
        cell.show().into(),
        num.into(),
        den.into(),
        cell.goal_text().into(),
        cell.gap_text().into(),
        cell.indicator.basis.label().into(),
    ]
}
