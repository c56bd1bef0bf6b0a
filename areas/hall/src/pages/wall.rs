//! 谁都能看的：各服务点叫到几号、等几个人；大屏；线上取号。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_store::{Result, Tx};
use tongban_web::components::ErrorSummary;
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, render, render_status, see_other};

use super::{mendable, site, today};
use crate::commands;
use crate::model::{Plan, Ticket, TicketState};
use crate::store;

/// 一个队列：字母、名字、等候人数、约等几分。
pub struct Line {
    pub letter: String,
    pub name: String,
    pub waiting: i64,
    pub minutes: i64,
}

/// 一个人大约办几分钟，估等候时间用。
const EACH: i64 = 6;

pub(crate) fn lines(plan: &Plan, waiting: &[(String, i64)]) -> Vec<Line> {
    let count = |letter: &str| waiting.iter().find(|(code, _)| code == letter).map_or(0, |(_, n)| *n);
    let line = |(letter, name): &(String, String)| Line { letter: letter.clone(), name: name.clone(), waiting: count(letter), minutes: count(letter) * EACH };
    plan.queues.iter().map(line).collect()
}

/// 叫到的号：号、窗口。
fn called(tx: &mut Tx<'_>, id: i64, day: i64) -> Result<Vec<Ticket>> {
    let mut all = store::line(tx, id, day, TicketState::Called, 50)?;
    all.extend(store::line(tx, id, day, TicketState::Serving, 50)?);
    all.sort_by_key(|ticket| std::cmp::Reverse(ticket.called_at));
    Ok(all)
}

#[derive(Template)]
#[template(path = "halls.html")]
struct HallsPage {
    l: Layout,
    sites: Vec<(i64, String, String, i64)>,
}

/// 各服务点。
pub async fn halls(State(app): State<App>, ctx: Ctx) -> std::result::Result<Html, Failure> {
    let day = today(app.now());
    let sites = app
        .db()
        .snapshot("hall.halls", move |tx| {
            let mut all = Vec::new();
            for site in tongban_directory::queries::sites(tx)? {
                let waiting = store::waiting(tx, site.id, day)?.into_iter().map(|(_, n)| n).sum();
                all.push((site.id, site.name, site.address, waiting));
            }
            Ok(all)
        })
        .await?;
    render(&HallsPage { l: Layout::public(&ctx, "现场排队"), sites })
}

#[derive(Template)]
#[template(path = "hall.html")]
struct HallPage {
    l: Layout,
    id: i64,
    name: String,
    address: String,
    phone: String,
    lines: Vec<Line>,
    called: Vec<Ticket>,
    mine: Option<Ticket>,
    signed_in: bool,
    errors: ErrorSummary,
}

async fn hall_page(app: &App, ctx: &Ctx, id: i64, problem: Option<&tongban_kernel::Problem>) -> std::result::Result<HallPage, Failure> {
    let (day, account) = (today(app.now()), ctx.actor.account);
    let (found, plan, waiting, called, mine) = app
        .db()
        .snapshot("hall.hall", move |tx| {
            let (found, plan) = (site(tx, id)?, store::plan(tx, id)?);
            let mut mine = None;
            for (letter, _) in plan.queues.iter().filter(|_| account != 0) {
                mine = mine.or(store::holding(tx, account, day, id, letter)?);
            }
            Ok((found, plan, store::waiting(tx, id, day)?, called(tx, id, day)?, mine))
        })
        .await?;
    let l = Layout::public(ctx, &found.name);
    Ok(HallPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        id,
        name: found.name,
        address: found.address,
        phone: found.phone,
        lines: lines(&plan, &waiting),
        called,
        mine,
        signed_in: ctx.actor.account != 0 && ctx.actor.staff == 0,
        errors: ErrorSummary::of(problem),
    })
}

/// 一个服务点的排队，与线上取号。
pub async fn hall(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>) -> std::result::Result<Html, Failure> {
    render(&hall_page(&app, &ctx, id, None).await?)
}

/// 取号要填的。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct TakeForm {
    pub letter: String,
    pub matter: String,
}

/// 线上取号。
pub async fn take(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<TakeForm>) -> std::result::Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    match app.act(&ctx, "hall.take", move |tx| commands::take(tx, &actor, id, &form.letter, &form.matter, at)).await {
        Ok(ticket) => Ok(see_other(format!("/queue/{id}")).flash(format!("您的号是 {}", ticket.number)).into_response()),
        Err(error) => {
            let problem = mendable(error)?;
            render_status(problem.code.status(), &hall_page(&app, &ctx, id, Some(&problem)).await?)
        }
    }
}

#[derive(Template)]
#[template(path = "hall_wall.html")]
struct WallPage {
    l: Layout,
    id: i64,
    name: String,
    lines: Vec<Line>,
    called: Vec<Ticket>,
    time: String,
}

/// 大厅里的大屏。
pub async fn wall(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>) -> std::result::Result<Html, Failure> {
    let now = app.now();
    let day = today(now);
    let (found, plan, waiting, called) = app
        .db()
        .snapshot("hall.wall", move |tx| Ok((site(tx, id)?, store::plan(tx, id)?, store::waiting(tx, id, day)?, called(tx, id, day)?)))
        .await?;
    let called = called.into_iter().take(8).collect();
    render(&WallPage { l: Layout::public(&ctx, &found.name), id, name: found.name, lines: lines(&plan, &waiting), called, time: tongban_kernel::time::show(now) })
}
