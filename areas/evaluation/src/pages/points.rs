//! 评价点位：各窗口 30 日内检测过没有、可不可用；到现场扫一次，回来记一笔。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::Problem;
use tongban_kernel::time::{date_of, day_number, show};
use tongban_web::components::{ErrorSummary, Pager};
use tongban_web::{App, Ctx, Failure, Form, Layout, Listing, PageQuery, Query, render, render_status, see_other};

use super::Card;
use crate::commands::points;
use crate::permissions::{INSPECT, INVITE};
use crate::store::{self, Point};

/// 一行：点位与此刻的样子。
struct Line {
    point: Point,
    state: &'static str,
    tone: &'static str,
    checked: String,
}

impl Line {
    fn of(point: Point, today: i64) -> Self {
        let (state, tone) = match point.state.as_str() {
            "bad" => ("检测不可用", " tag-r"),
            "good" if point.facts.good.covers(today) => ("可用", " tag-g"),
            "good" => ("超过 30 天没检", " tag-y"),
            _ => ("还没检测", ""),
        };
        Self { checked: point.checked.map(show).unwrap_or_default(), state, tone, point }
    }
}

#[derive(Template)]
#[template(path = "desk_points.html")]
struct PointsPage {
    l: Layout,
    errors: ErrorSummary,
    lines: Vec<Line>,
    pager: Pager,
    can_check: bool,
    card: Card,
}

async fn page(app: &App, ctx: &Ctx, query: &PageQuery, problem: Option<&Problem>, card: Card) -> Result<PointsPage, Failure> {
    let limit = query.limit()?;
    let after: Option<i64> = query.after("points")?;
    let scope = ctx.actor.scope.clone();
    let more = u32::try_from(limit + 1).unwrap_or(101);
    let found = app.db().snapshot("evaluation.points", move |tx| store::points(tx, &scope, after.unwrap_or(0), more)).await?;
    let listing = Listing::cut(found, limit, "points", |point| point.id);
    let today = day_number(date_of(app.now()));
    let l = Layout::staff(ctx, "评价点位");
    Ok(PointsPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        errors: ErrorSummary::of(problem),
        pager: Pager::of(&ctx.uri, listing.next_cursor.as_deref(), format!("本页 {} 个", listing.items.len())),
        lines: listing.items.into_iter().map(|point| Line::of(point, today)).collect(),
        can_check: ctx.actor.may(INVITE) || ctx.actor.may(INSPECT),
        card,
    })
}

/// `GET /desk/rates/points`
pub async fn list(State(app): State<App>, ctx: Ctx, Query(query): Query<PageQuery>) -> Result<Response, Failure> {
    Ok(render(&page(&app, &ctx, &query, None, Card::default()).await?)?.into_response())
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Check {
    version: i64,
    /// `good`、`bad`。
    state: String,
    note: String,
}

/// `POST /desk/rates/points/{point}`
pub async fn check(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(sent): Form<Check>) -> Result<Response, Failure> {
    let (actor, at, note) = (ctx.actor.clone(), app.now(), sent.note.clone());
    let good = match sent.state.as_str() {
        "good" => true,
        "bad" => false,
        _ => return Err(Problem::field("state", "choice", "请选择可用还是不可用").into()),
    };
    let done = app.act(&ctx, "evaluation.point_checked", move |tx| points::check(tx, &actor, id, sent.version, good, &sent.note, at)).await;
    if let Err(error) = done {
        let problem = error.into_problem();
        if problem.code.status() != 422 {
            return Err(problem.into());
        }
        let (card, problem) = Card::wrong(id, "note", &note, &problem);
        return render_status(422, &page(&app, &ctx, &PageQuery { limit: None, cursor: None }, Some(&problem), card).await?);
    }
    Ok(see_other("/desk/rates/points").flash(if good { "已记为可用，30 天内有效" } else { "已记为不可用，修好后再检一次" }).into_response())
}
