//! 办件公示：谁都能看已办结的件，姓名脱敏；在办的只给数。

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_documents::table::{Cell, Column, Format, Kind};
use tongban_kernel::Scope;
use tongban_web::components::Pager;
use tongban_web::page::Cursor;
use tongban_web::{App, Ctx, Failure, Layout, Listing, Query, export, render};

use crate::model::{Outcome, State as CaseState};
use crate::store::{self, Counts, public};

/// 条件。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct OpenQuery {
    pub cursor: String,
    pub format: String,
}

struct Row {
    no: String,
    item: String,
    applicant: String,
    org: String,
    result: String,
    submitted: String,
    ended: String,
}

fn row(p: &public::Published) -> Row {
    let state = CaseState::parse(&p.state).map_or("", |state| state.label(None));
    let result = p.outcome.as_deref().and_then(Outcome::parse).map_or(state, Outcome::label);
    Row {
        no: p.no.clone(),
        item: p.item.clone(),
        applicant: p.applicant.clone(),
        org: p.org.clone(),
        result: if p.revoked { format!("{result}（已撤销）") } else { result.to_owned() },
        submitted: tongban_kernel::time::date_of(p.submitted_at).to_string(),
        ended: p.ended_at.map(|at| tongban_kernel::time::date_of(at).to_string()).unwrap_or_default(),
    }
}

#[derive(Template)]
#[template(path = "open_cases.html")]
struct OpenPage {
    l: Layout,
    rows: Vec<Row>,
    counts: Counts,
    pager: Pager,
}

async fn tenant(app: &App) -> Result<i64, Failure> {
    Ok(app.db().snapshot("cases.tenant", tongban_directory::queries::tenants).await?.first().map_or(0, |tenant| tenant.id))
}

/// 办件公示。
pub async fn cases(State(app): State<App>, ctx: Ctx, Query(query): Query<OpenQuery>) -> Result<Response, Failure> {
    let tenant = tenant(&app).await?;
    if let Some(format) = Format::from_extension(&query.format) {
        return download(app, tenant, format).await;
    }
    let before: (i64, i64) = if query.cursor.is_empty() { (i64::MAX, i64::MAX) } else { Cursor::decode(&query.cursor, "open")? };
    let (rows, counts) = app
        .db()
        .snapshot("cases.open", move |tx| Ok((public::published(tx, tenant, before, 21)?, store::counts(tx, &Scope::tenant(tenant))?)))
        .await?;
    let listing = Listing::cut(rows, 20, "open", |p: &public::Published| (p.sort_due, p.id));
    let rows: Vec<Row> = listing.items.iter().map(row).collect();
    let note = format!("本页 {} 件", rows.len());
    let page = OpenPage { l: Layout::public(&ctx, "办件公示"), pager: Pager::of(&ctx.uri, listing.next_cursor.as_deref(), note), rows, counts };
    Ok(render(&page)?.into_response())
}

async fn download(app: App, tenant: i64, format: Format) -> Result<Response, Failure> {
    let titles = [("办件编号", "no"), ("事项", "item"), ("申请人", "applicant"), ("办理机关", "org"), ("结果", "result"), ("提交", "submitted"), ("办结", "ended")];
    let columns = titles.into_iter().map(|(title, code)| Column::new(title, code, Kind::Text)).collect();
    export::stream(format, "open-cases", "办件公示", columns, move |after: Option<(i64, i64)>| {
        let app = app.clone();
        async move {
            let rows = app.db().snapshot("cases.open_export", move |tx| public::published(tx, tenant, after.unwrap_or((i64::MAX, i64::MAX)), 1_000)).await?;
            let next = rows.last().filter(|_| rows.len() == 1_000).map(|last| (last.sort_due, last.id));
            let cells = |p: &public::Published| {
                let r = row(p);
                [r.no, r.item, r.applicant, r.org, r.result, r.submitted, r.ended].into_iter().map(Cell::Text).collect()
            };
            Ok((rows.iter().map(cells).collect(), next))
        }
    })
    .await
}
