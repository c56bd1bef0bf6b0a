//! 告知承诺核查：待核查清单、核查结果。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use tongban_kernel::Problem;
use tongban_web::components::{ErrorSummary, Pager};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Listing, PageQuery, Query, render, render_status, see_other};

use super::{Fields, mendable, show};
use crate::commands::{self, CheckCommitment};
use crate::store::commitments::{self, Commitment};

struct Row {
    id: i64,
    version: i64,
    no: String,
    item: String,
    promised: String,
    due: String,
    late: bool,
}

#[derive(Template)]
#[template(path = "desk_commitments.html")]
struct ListPage {
    l: Layout,
    rows: Vec<Row>,
    pager: Pager,
    errors: ErrorSummary,
}

async fn page(app: &App, ctx: &Ctx, page: &PageQuery, problem: Option<&Problem>) -> Result<ListPage, Failure> {
    let limit = page.limit()?;
    let after: (i64, i64) = page.after("commitments")?.unwrap_or((i64::MIN, 0));
    let scope = ctx.actor.scope.clone();
    let rows = app.db().snapshot("cases.commitments", move |tx| commitments::open(tx, &scope, after, limit as i64 + 1)).await?;
    let listing = Listing::cut(rows, limit, "commitments", |c: &Commitment| (c.due.as_millisecond(), c.id));
    let now = app.now();
    let rows: Vec<Row> = listing
        .items
        .into_iter()
        .map(|c| Row { id: c.id, version: c.version, no: c.case_no, item: c.item_name, promised: c.promised, late: now > c.due, due: show::long(c.due) })
        .collect();
    let note = format!("本页 {} 件", rows.len());
    let l = Layout::staff(ctx, "告知承诺核查");
    Ok(ListPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        pager: Pager::of(&ctx.uri, listing.next_cursor.as_deref(), note),
        errors: ErrorSummary::of(problem),
        rows,
    })
}

/// 待核查的。
pub async fn list(State(app): State<App>, ctx: Ctx, Query(query): Query<PageQuery>) -> Result<Html, Failure> {
    render(&page(&app, &ctx, &query, None).await?)
}

/// 核查结果。
pub async fn check(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let input = CheckCommitment { version: fields.int("version"), held: fields.get("verdict") == "held", note: fields.get("note").to_owned() };
    let (actor, at) = (ctx.actor.clone(), app.now());
    match app.act(&ctx, "cases.check_commitment", move |tx| commands::check_commitment(tx, &actor, id, &input, at)).await {
        Ok(done) => {
            let told = if done.state == "true" { "承诺属实，已记下" } else { "承诺不实，已撤销决定" };
            Ok(see_other("/desk/commitments").flash(told).into_response())
        }
        Err(error) => {
            let problem = mendable(error)?;
            render_status(problem.code.status(), &page(&app, &ctx, &PageQuery::default(), Some(&problem)).await?)
        }
    }
}
