//! 一个单位：各领域得分、每条指标、组内名次。

use askama::Template;
use axum::extract::{Path, State};
use tongban_directory::queries::{OrgNode, tree};
use tongban_store::{Result, Tx};
use tongban_web::{App, Ctx, Failure, Html, Layout, Query, render};

use super::{Asked, Choice, Freshness, freshness, periods, today};
use crate::board::{self, Cell, Matrix};
use crate::definition::Definitions;
use crate::drill::visible;
use crate::period::Period;
use crate::registry::Registry;
use crate::score::{band, hundredths, ranks};
use crate::value::IndicatorLight;

struct FieldLine {
    name: String,
    score: String,
    lamp: IndicatorLight,
}

#[derive(Template)]
#[template(path = "unit.html")]
struct Page {
    l: Layout,
    node: OrgNode,
    per: String,
    title: String,
    periods: Vec<Choice>,
    fresh: Freshness,
    score: Option<String>,
    band: &'static str,
    /// `第 3 名（共 20 家）`。
    rank: String,
    fields: Vec<FieldLine>,
    cells: Vec<Cell>,
    waiting: usize,
    below: Vec<OrgNode>,
}

/// 组内名次：只在本县区同类单位里排，只看系统算出的。
fn place(tx: &mut Tx<'_>, registry: &Registry, node: &OrgNode, nodes: &[OrgNode], period: Period, on: jiff::civil::Date) -> Result<String> {
    if node.group.is_empty() || node.group == "县区" {
        return Ok(String::new());
    }
    let all = Definitions::built_in()?;
    let matrix = Matrix::load(tx, node.tenant, period)?;
    let group: Vec<&OrgNode> = nodes.iter().filter(|other| other.tenant == node.tenant && other.group == node.group).collect();
    let score = |other: &&OrgNode| board::score_of(&matrix.cells(all, registry, other, on), on).total.map(hundredths);
    let scores: Vec<Option<i64>> = group.iter().map(score).collect();
    let mine = group.iter().position(|other| other.id == node.id).and_then(|index| ranks(&scores)[index]);
    let scored = scores.iter().flatten().count();
    Ok(mine.map_or(String::new(), |mine| format!("{}第 {mine} 名（{scored} 家有得分）", node.group)))
}

/// `GET /cockpit/u/{unit}`
pub async fn show(State(app): State<App>, ctx: Ctx, Path(unit): Path<i64>, Query(asked): Query<Asked>) -> Result<Html, Failure> {
    let today = today(&app);
    let period = asked.period(today)?;
    let on = period.until(today);
    let (registry, actor, now) = (Registry::of(&app), ctx.actor.clone(), app.now());
    let seen = app.db().snapshot("indicators.unit", move |tx| {
        let node = visible(tx, &actor, unit)?;
        let nodes = tree(tx)?;
        let cells = board::of_org(tx, &registry, &node, period, today)?;
        let rank = place(tx, &registry, &node, &nodes, period, on)?;
        let below = nodes.into_iter().filter(|other| other.parent == Some(node.id)).collect::<Vec<_>>();
        Ok((node, cells, rank, below, freshness(tx, now)?))
    });
    let (node, cells, rank, below, fresh) = seen.await?;
    let all = Definitions::built_in()?;
    let score = board::score_of(&cells, on);
    let name = |id: &str| all.fields.iter().find(|field| field.id == id).map_or(id.to_owned(), |field| field.name.clone());
    let field = |(id, score): &(String, f64)| FieldLine { name: name(id), score: format!("{score:.2}"), lamp: IndicatorLight::of_score(*score) };
    let (mut shown, waiting): (Vec<Cell>, Vec<Cell>) = cells.into_iter().partition(|cell| cell.value != crate::value::Value::Pending);
    shown.sort_by_key(|cell| cell.light);
    render(&Page {
        l: Layout::staff(&ctx, &node.name),
        per: period.link(),
        title: period.title(),
        periods: periods(period, today),
        score: score.total.map(|total| format!("{total:.2}")),
        band: score.total.map_or("", band),
        fields: score.fields.iter().map(field).collect(),
        cells: shown,
        waiting: waiting.len(),
        fresh,
        rank,
        below,
        node,
    })
}
