//! 窗口叫号：选窗口与队列，叫下一个；重呼、开始、办完、过号、顺延；代取号、预约签到；放号安排。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_contracts::hall::rating_key;
use tongban_directory::queries as directory;
use tongban_kernel::{Problem, time};
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Query, render, render_status, see_other};

use super::wall::{Line, lines};
use super::{mendable, site, today};
use crate::commands;
use crate::model::{self, BookingState, Plan, Ticket, TicketAction, TicketState};
use crate::{MANAGE, store};

/// 在哪个服务点、哪个窗口、叫哪个队列。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct DeskQuery {
    pub site: i64,
    pub window: i64,
    pub letter: String,
    pub matter: String,
    pub version: i64,
    pub action: String,
}

impl DeskQuery {
    fn back(&self) -> String {
        format!("/desk/queue?site={}&window={}&letter={}", self.site, self.window, self.letter)
    }
}

struct Row {
    ticket: Ticket,
    time: String,
}

#[derive(Template)]
#[template(path = "desk_queue.html")]
struct DeskPage {
    l: Layout,
    site: i64,
    name: String,
    window: i64,
    letter: String,
    pick_site: Field,
    pick_window: Field,
    pick_letter: Field,
    lines: Vec<Line>,
    serving: Option<Ticket>,
    waiting: Vec<Row>,
    missed: Vec<Row>,
    bookings: Vec<(i64, String, String, String, bool)>,
    served: i64,
    /// 刚办完的号：号与它的评价页。
    rate: Option<(String, String)>,
    may_plan: bool,
    errors: ErrorSummary,
}

async fn desk_page(app: &App, ctx: &Ctx, query: &DeskQuery, problem: Option<&Problem>) -> Result<DeskPage, Failure> {
    let (actor, wanted, window, now) = (ctx.actor.clone(), query.site, query.window, app.now());
    let day = today(now);
    let read = app
        .db()
        .snapshot("hall.desk", move |tx| {
            let sites = directory::sites(tx)?;
            let own = directory::post(tx, actor.post)?.and_then(|post| post.window);
            let home = match own {
                Some(window) => directory::window(tx, window)?.map(|window| window.site),
                None => None,
            };
            // 没选过：自己岗位的窗口所在、本单位的、再不然头一个
            let mut chosen = sites.iter().find(|site| site.id == wanted).or_else(|| sites.iter().find(|site| Some(site.id) == home)).cloned();
            if chosen.is_none() {
                for site in &sites {
                    if actor.scope.covers(&directory::place_of(tx, site.org)?) {
                        chosen = Some(site.clone());
                        break;
                    }
                }
            }
            let Some(site) = chosen.or_else(|| sites.first().cloned()) else { return Err(Problem::not_found().into()) };
            let windows: Vec<_> = directory::windows(tx, site.org)?.into_iter().filter(|window| window.site == site.id).collect();
            let window = windows.iter().map(|w| w.id).find(|id| *id == window).or(own.filter(|own| windows.iter().any(|w| w.id == *own)));
            let plan = store::plan(tx, site.id)?;
            let mut serving = store::line(tx, site.id, day, TicketState::Called, 200)?;
            serving.extend(store::line(tx, site.id, day, TicketState::Serving, 200)?);
            let serving = serving.into_iter().find(|ticket| Some(ticket.window) == window);
            let last = store::last_done(tx, site.id, day, window.unwrap_or(0))?;
            Ok((
                (sites, site.clone(), windows, window, plan, serving, last),
                store::waiting(tx, site.id, day)?,
                store::line(tx, site.id, day, TicketState::Waiting, 50)?,
                store::line(tx, site.id, day, TicketState::Missed, 20)?,
                store::bookings_on(tx, site.id, day, 100)?,
                store::served(tx, site.id, day)?,
            ))
        })
        .await?;
    let ((sites, chosen, windows, window, plan, serving, last), counts, waiting, missed, bookings, served) = read;
    let letter = plan.queue_name(&query.letter).map_or_else(|| plan.queues.first().map(|(code, _)| code.clone()).unwrap_or_default(), |_| query.letter.clone());
    let row = |ticket: Ticket| Row { time: clock(ticket.taken_at), ticket };
    let l = Layout::staff(ctx, "叫号");
    Ok(DeskPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        site: chosen.id,
        name: chosen.name,
        window: window.unwrap_or(0),
        pick_site: Field::select("site", "服务点", sites.iter().map(|s| (s.id.to_string(), s.name.clone()))).value(chosen.id.to_string()),
        pick_window: Field::select("window", "窗口", std::iter::once(("0".to_owned(), "请选窗口".to_owned())).chain(windows.iter().map(|w| (w.id.to_string(), format!("{} 号 {}", w.number, w.name)))))
            .value(window.unwrap_or(0).to_string()),
        pick_letter: Field::select("letter", "队列", plan.queues.iter().map(|(code, name)| (code.clone(), format!("{code} {name}")))).value(&letter),
        letter,
        lines: lines(&plan, &counts),
        serving,
        waiting: waiting.into_iter().map(row).collect(),
        missed: missed.into_iter().map(row).collect(),
        bookings: bookings
            .into_iter()
            .map(|b| (b.id, model::clock(b.slot), b.name_shown, b.matter, b.state == BookingState::Booked))
            .collect(),
        served,
        rate: last.map(|t| (format!("/desk/rates/cases/{}", rating_key(t.day, &t.number, t.id)), t.number)),
        may_plan: ctx.actor.may(MANAGE),
        errors: ErrorSummary::of(problem),
    })
}

fn clock(at: jiff::Timestamp) -> String {
    at.to_zoned(time::china()).strftime("%H:%M").to_string()
}

/// 叫号台。
pub async fn desk(State(app): State<App>, ctx: Ctx, Query(query): Query<DeskQuery>) -> Result<Html, Failure> {
    render(&desk_page(&app, &ctx, &query, None).await?)
}

async fn answered(app: &App, ctx: &Ctx, query: &DeskQuery, result: tongban_store::Result<String>) -> Result<Response, Failure> {
    match result {
        Ok(told) => Ok(see_other(query.back()).flash(told).into_response()),
        Err(error) => {
            let problem = mendable(error)?;
            render_status(problem.code.status(), &desk_page(app, ctx, query, Some(&problem)).await?)
        }
    }
}

/// 叫下一个。
pub async fn next(State(app): State<App>, ctx: Ctx, Form(query): Form<DeskQuery>) -> Result<Response, Failure> {
    let (actor, at, input) = (ctx.actor.clone(), app.now(), query.clone());
    let called = app.act(&ctx, "hall.next", move |tx| commands::call_next(tx, &actor, input.site, input.window, &input.letter, at)).await;
    answered(&app, &ctx, &query, called.map(|ticket| format!("请 {} 到{}", ticket.number, ticket.window_name))).await
}

/// 代取号，取完到可打印的号票。
pub async fn take(State(app): State<App>, ctx: Ctx, Form(query): Form<DeskQuery>) -> Result<Response, Failure> {
    let (actor, at, input) = (ctx.actor.clone(), app.now(), query.clone());
    match app.act(&ctx, "hall.take", move |tx| commands::take(tx, &actor, input.site, &input.letter, &input.matter, at)).await {
        Ok(ticket) => Ok(see_other(format!("/desk/queue/tickets/{}", ticket.id)).into_response()),
        Err(error) => answered(&app, &ctx, &query, Err(error)).await,
    }
}

/// 重呼、开始、办完、过号、顺延。
pub async fn act(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(query): Form<DeskQuery>) -> Result<Response, Failure> {
    let action = TicketAction::parse(&query.action).ok_or_else(|| Problem::field("action", "choice", "请选要做什么"))?;
    let (actor, at, version) = (ctx.actor.clone(), app.now(), query.version);
    let done = app.act(&ctx, "hall.act", move |tx| commands::act(tx, &actor, id, version, action, at)).await;
    answered(&app, &ctx, &query, done.map(|ticket| format!("{} {}", ticket.number, action.label()))).await
}

/// 预约签到。
pub async fn arrive(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(query): Form<DeskQuery>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let ticket = app.act(&ctx, "hall.arrive", move |tx| commands::arrive(tx, &actor, id, at)).await;
    answered(&app, &ctx, &query, ticket.map(|ticket| format!("预约已签到，号 {}", ticket.number))).await
}

#[derive(Template)]
#[template(path = "ticket.html")]
struct SlipPage {
    l: Layout,
    ticket: Ticket,
    name: String,
    queue: String,
    time: String,
    ahead: usize,
}

/// 打印号票。
pub async fn slip(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>) -> Result<Html, Failure> {
    let actor = ctx.actor.clone();
    let (ticket, name, plan, line) = app
        .db()
        .snapshot("hall.slip", move |tx| {
            let ticket = store::ticket(tx, id)?.ok_or_else(Problem::not_found)?;
            if actor.tenant != ticket.place.tenant {
                return Err(Problem::not_found().into());
            }
            let (name, plan) = (site(tx, ticket.site)?.name, store::plan(tx, ticket.site)?);
            let line = store::line(tx, ticket.site, ticket.day, TicketState::Waiting, 500)?;
            Ok((ticket, name, plan, line))
        })
        .await?;
    let ahead = line.iter().filter(|other| other.letter == ticket.letter && other.order < ticket.order).count();
    let queue = plan.queue_name(&ticket.letter).unwrap_or_default().to_owned();
    render(&SlipPage { l: Layout::staff(&ctx, &ticket.number), name, queue, time: time::show(ticket.taken_at), ahead, ticket })
}

#[derive(Template)]
#[template(path = "desk_plan.html")]
struct PlanPage {
    l: Layout,
    id: i64,
    name: String,
    fields: Vec<Field>,
    errors: ErrorSummary,
}

/// 放号安排的表单。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct PlanForm {
    pub queues: String,
    pub minutes: i64,
    pub capacity: i64,
    pub days: i64,
}

impl PlanForm {
    fn of(plan: &Plan) -> Self {
        let lines: Vec<_> = plan.queues.iter().map(|(code, name)| format!("{code} {name}")).collect();
        Self { queues: lines.join("\n"), minutes: plan.minutes, capacity: plan.capacity, days: plan.days }
    }

    fn plan(&self, old: Plan) -> Plan {
        let pair = |line: &str| line.trim().split_once([' ', '　']).map(|(code, name)| (code.trim().to_owned(), name.trim().to_owned()));
        let lines = self.queues.lines().filter(|line| !line.trim().is_empty());
        let queues = lines.map(|line| pair(line).unwrap_or_else(|| (line.trim().to_owned(), String::new()))).collect();
        Plan { queues, minutes: self.minutes, capacity: self.capacity, days: self.days, ..old }
    }
}

async fn plan_page(app: &App, ctx: &Ctx, id: i64, form: Option<&PlanForm>, problem: Option<&Problem>) -> Result<PlanPage, Failure> {
    let actor = ctx.actor.clone();
    let (found, plan) = app
        .db()
        .snapshot("hall.plan", move |tx| {
            let found = site(tx, id)?;
            actor.scope.check(&directory::place_of(tx, found.org)?)?;
            Ok((found, store::plan(tx, id)?))
        })
        .await?;
    let form = form.cloned().unwrap_or_else(|| PlanForm::of(&plan));
    let l = Layout::staff(ctx, "放号安排");
    Ok(PlanPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        id,
        name: found.name,
        fields: vec![
            Field::area("queues", "队列").value(&form.queues).hint("一行一个：一个大写字母、空格、队列名").errors_of(problem),
            Field::number("minutes", "每个时段", "分钟").value(form.minutes.to_string()).errors_of(problem),
            Field::number("capacity", "每个时段放号", "个").value(form.capacity.to_string()).errors_of(problem),
            Field::number("days", "可以约几天之内的", "天").value(form.days.to_string()).errors_of(problem),
        ],
        errors: ErrorSummary::of(problem),
    })
}

/// 放号安排。
pub async fn plan(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>) -> Result<Html, Failure> {
    render(&plan_page(&app, &ctx, id, None, None).await?)
}

/// 存下放号安排。
pub async fn save_plan(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<PlanForm>) -> Result<Response, Failure> {
    let (actor, at, input) = (ctx.actor.clone(), app.now(), form.clone());
    let saved = app
        .act(&ctx, "hall.plan", move |tx| {
            let plan = input.plan(store::plan(tx, id)?);
            commands::save_plan(tx, &actor, id, &plan, at)
        })
        .await;
    match saved {
        Ok(()) => Ok(see_other(format!("/desk/queue?site={id}")).flash("放号安排已保存").into_response()),
        Err(error) => {
            let problem = mendable(error)?;
            render_status(problem.code.status(), &plan_page(&app, &ctx, id, Some(&form), Some(&problem)).await?)
        }
    }
}
