//! 别的部门来征求意见的：清单、签收、回复。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use tongban_web::components::Pager;
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Listing, PageQuery, Query, render, see_other};

use super::{Fields, show};
use crate::commands::{self, Answer};
use crate::store::opinions::{self, Opinion};

struct Row {
    no: String,
    item: String,
    asker: String,
    org: String,
    state: &'static str,
    due: String,
    late: bool,
    round: i64,
}

#[derive(Template)]
#[template(path = "desk_opinions.html")]
struct ListPage {
    l: Layout,
    rows: Vec<Row>,
    pager: Pager,
}

pub async fn list(State(app): State<App>, ctx: Ctx, Query(page): Query<PageQuery>) -> Result<Html, Failure> {
    let limit = page.limit()?;
    let after: (i64, i64) = page.after("opinions")?.unwrap_or((i64::MIN, 0));
    let scope = ctx.actor.scope.clone();
    let rows = app.db().snapshot("cases.opinions", move |tx| opinions::open(tx, &scope, after, limit as i64 + 1)).await?;
    let listing = Listing::cut(rows, limit, "opinions", |o: &Opinion| (o.due.as_millisecond(), o.id));
    let now = app.now();
    let rows: Vec<Row> = listing
        .items
        .into_iter()
        .map(|o| Row {
            no: o.case_no,
            item: o.item_name,
            asker: o.asker,
            org: o.org_name,
            state: o.state.label(),
            due: show::long(o.due),
            late: now > o.due,
            round: o.round,
        })
        .collect();
    let note = format!("本页 {} 件", rows.len());
    render(&ListPage { l: Layout::staff(&ctx, "征求我们意见的"), pager: Pager::of(&ctx.uri, listing.next_cursor.as_deref(), note), rows })
}

/// 签收或回复。
pub async fn answer(State(app): State<App>, ctx: Ctx, Path(opinion): Path<i64>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let (actor, at, version) = (ctx.actor.clone(), app.now(), fields.int("version"));
    if fields.get("verdict") == "sign" {
        let signed = app.act(&ctx, "cases.sign_opinion", move |tx| commands::sign_opinion(tx, &actor, opinion, version, at)).await?;
        return Ok(see_other(format!("/desk/cases/{}", signed.case_no)).flash("已签收").into_response());
    }
    let input = Answer { version, agree: fields.get("verdict") == "agree", opinion: fields.get("opinion").to_owned() };
    app.act(&ctx, "cases.answer_opinion", move |tx| commands::answer_opinion(tx, &actor, opinion, &input, at)).await?;
    Ok(see_other("/desk/opinions").flash("意见已回复").into_response())
}
