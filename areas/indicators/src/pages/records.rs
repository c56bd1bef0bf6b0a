//! 构成一个数的记录：分子、分母，或还没做到的；条数与那个数相等。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use tongban_directory::queries::OrgNode;
use tongban_documents::table::{Cell as Out, Column, Kind as ColumnKind};
use tongban_kernel::{Actor, Problem, time};
use tongban_store::Result as Stored;
use tongban_web::area::DrillRow;
use tongban_web::components::Pager;
use tongban_web::{App, Ctx, Cursor, Failure, Layout, PageQuery, Query, export, render};

use super::{Asked, chosen, text_column, today};
use crate::board::{self, Cell};
use crate::definition::Definitions;
use crate::drill::{self, Look, Part};
use crate::period::Period;
use crate::registry::Registry;
use crate::store;
use crate::value::Value;

#[derive(Template)]
#[template(path = "records.html")]
struct Page {
    l: Layout,
    node: OrgNode,
    cell: Cell,
    per: String,
    title: String,
    part: Part,
    ratio: bool,
    /// 这个数是多少。
    total: i64,
    /// 全部列在这一页上时，各行之和。
    listed: Option<i64>,
    rows: Vec<DrillRow>,
    weighted: bool,
    pager: Pager,
}

/// 那一部分应有多少。
fn expected(value: Value, part: Part) -> i64 {
    match (value, part) {
        (Value::Ratio { den, .. }, Part::Denominator) => den,
        (Value::Ratio { num, den }, Part::Missing) => den - num,
        (Value::Ratio { num, .. }, Part::Numerator) => num,
        (Value::Number(number), _) => number,
        _ => 0,
    }
}

/// `GET /cockpit/k/{indicator}/records`
pub async fn show(State(app): State<App>, ctx: Ctx, Path(id): Path<String>, Query(asked): Query<Asked>) -> Result<Response, Failure> {
    let as_of = today(&app);
    let period = asked.period(as_of)?;
    let part = Part::parse(&asked.part);
    if let Some(format) = asked.export() {
        return download(&app, &ctx, id, &asked, (period, part), format).await;
    }
    let page = PageQuery { limit: asked.limit, cursor: asked.cursor.clone() };
    let limit = page.limit()?;
    let filters = format!("{id} {} {} {}", asked.org.unwrap_or(0), period.code(), part.as_str());
    let after: (i64, i64) = page.after(&filters)?.unwrap_or((0, 0));
    let (registry, actor, wanted, number) = (Registry::of(&app), ctx.actor.clone(), asked.org, id.clone());
    let (node, cell, found) = app
        .db()
        .snapshot("indicators.records", move |tx| {
            let all = Definitions::built_in()?;
            let indicator = all.get(&number).ok_or_else(Problem::not_found)?;
            let node = chosen(tx, &actor, wanted)?;
            let look = Look { registry: &registry, actor: &actor, org: node.id, period, as_of };
            let found = drill::part(tx, &look, &number, part, after, limit)?;
            let current = store::current_of_org(tx, node.id, period.code())?;
            let row = current.iter().find(|row| row.indicator == number);
            let cell = board::cell(all, &registry, indicator, row, None, period.until(as_of));
            Ok((node, cell, found))
        })
        .await?;
    let next = found.next.map(|key| Cursor::encode(&key, &filters));
    let whole = after == (0, 0) && next.is_none();
    let weights: i64 = found.rows.iter().map(|(_, row)| row.weight).sum();
    let rows: Vec<DrillRow> = found.rows.into_iter().map(|(_, row)| row).collect();
    let page = Page {
        l: Layout::staff(&ctx, &format!("{}：记录", cell.indicator.name)),
        ratio: matches!(cell.value, Value::Ratio { .. }),
        total: expected(cell.value, part),
        listed: whole.then_some(weights),
        weighted: rows.iter().any(|row| row.weight != 1),
        pager: Pager::of(&ctx.uri, next.as_deref(), format!("本页 {} 条", rows.len())),
        title: period.title(),
        per: period.link(),
        rows,
        part,
        node,
        cell,
    };
    Ok(render(&page)?.into_response())
}

/// 下载全部记录，一页页取，内存平稳。
async fn download(
    app: &App,
    ctx: &Ctx,
    id: String,
    asked: &Asked,
    (period, part): (Period, Part),
    format: tongban_documents::table::Format,
) -> Result<Response, Failure> {
    let columns = vec![
        Column::new("编号", "number", ColumnKind::Code),
        text_column("名称", "title"),
        text_column("说明", "detail"),
        Column::new("计数", "weight", ColumnKind::Int),
    ];
    let (org, as_of) = (asked.org, time::date_of(app.now()));
    let (app, actor) = (app.clone(), ctx.actor.clone());
    let name = format!("{id}记录");
    export::stream(format, "records", &name, columns, move |after: Option<(i64, i64)>| {
        let (app, actor, id) = (app.clone(), actor.clone(), id.clone());
        async move { chunk(&app, &actor, &id, org, (period, part), as_of, after.unwrap_or((0, 0))).await }
    })
    .await
}

async fn chunk(
    app: &App,
    actor: &std::sync::Arc<Actor>,
    id: &str,
    org: Option<i64>,
    (period, part): (Period, Part),
    as_of: jiff::civil::Date,
    after: (i64, i64),
) -> Stored<export::Page<(i64, i64)>> {
    let (registry, actor, id) = (Registry::of(app), std::sync::Arc::clone(actor), id.to_owned());
    let found = app.db().snapshot("indicators.download", move |tx| {
        let node = chosen(tx, &actor, org)?;
        let look = Look { registry: &registry, actor: &actor, org: node.id, period, as_of };
        drill::part(tx, &look, &id, part, after, 500)
    });
    let found = found.await?;
    let row = |(_, row): (i64, DrillRow)| -> Vec<Out> { vec![row.number.into(), row.title.into(), row.detail.into(), row.weight.into()] };
    Ok((found.rows.into_iter().map(row).collect(), found.next))
}
