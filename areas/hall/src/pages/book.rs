//! 预约：选服务点、选日子与时段、约上；我的预约、退号。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_directory::model::Site;
use tongban_kernel::Problem;
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Query, render, render_status, see_other};

use super::{day_name, mendable, site, today};
use crate::commands::{self, Book};
use crate::model::{self, BookingState, CANCEL_HOURS};
use crate::store;

#[derive(Template)]
#[template(path = "book_sites.html")]
struct SitesPage {
    l: Layout,
    sites: Vec<Site>,
}

/// 选服务点。
pub async fn sites(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let sites = app.db().snapshot("hall.sites", tongban_directory::queries::sites).await?;
    render(&SitesPage { l: Layout::public(&ctx, "预约"), sites })
}

struct Day {
    number: i64,
    name: String,
    left: i64,
    current: bool,
}

#[derive(Template)]
#[template(path = "book.html")]
struct BookPage {
    l: Layout,
    id: i64,
    name: String,
    phone: String,
    days: Vec<Day>,
    day: i64,
    day_name: String,
    /// 时段的值、文字、还剩几个。
    slots: Vec<(i64, String, i64)>,
    chosen: i64,
    letter: Field,
    matter: Field,
    signed_in: bool,
    errors: ErrorSummary,
    slot_error: Option<String>,
    /// 都满了时最近可约的日子。
    nearest: Option<(i64, String)>,
}

/// 看哪一天，与从别处带来的要办的事。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct DayQuery {
    pub day: i64,
    pub matter: String,
}

/// 预约表单。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct BookForm {
    pub day: i64,
    pub slot: i64,
    pub letter: String,
    pub matter: String,
}

async fn book_page(app: &App, ctx: &Ctx, id: i64, form: &BookForm, problem: Option<&Problem>) -> Result<BookPage, Failure> {
    let now = app.now();
    let wanted = form.day;
    let (found, plan, days, taken) = app
        .db()
        .snapshot("hall.slots", move |tx| {
            let (found, plan) = (site(tx, id)?, store::plan(tx, id)?);
            let mut days = Vec::new();
            for day in commands::bookable_days(&plan, now) {
                let used: i64 = store::slots(tx, id, day)?.into_iter().map(|(_, n)| n).sum();
                let open = plan.slots().into_iter().filter(|slot| model::starts(day, *slot) > now).count();
                days.push((day, (i64::try_from(open).unwrap_or(0) * plan.capacity - used).max(0)));
            }
            let day = days.iter().find(|(day, _)| *day == wanted).or_else(|| days.iter().find(|(_, left)| *left > 0)).map_or(0, |(day, _)| *day);
            Ok((found, plan, days, (day, store::slots(tx, id, day)?)))
        })
        .await?;
    let (day, taken) = taken;
    let used = |slot: i64| taken.iter().find(|(at, _)| *at == slot).map_or(0, |(_, n)| *n);
    let slots: Vec<_> = plan
        .slots()
        .into_iter()
        .filter(|slot| model::starts(day, *slot) > now)
        .map(|slot| (slot, format!("{}—{}", model::clock(slot), model::clock(slot + plan.minutes)), (plan.capacity - used(slot)).max(0)))
        .collect();
    let nearest = days.iter().find(|(other, left)| *other != day && *left > 0).filter(|_| slots.iter().all(|(.., left)| *left == 0));
    let l = Layout::public(ctx, "预约");
    Ok(BookPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        id,
        name: found.name,
        phone: found.phone,
        nearest: nearest.map(|(day, _)| (*day, day_name(*day))),
        days: days.iter().map(|(number, left)| Day { number: *number, name: day_name(*number), left: *left, current: *number == day }).collect(),
        day,
        day_name: day_name(day),
        slots,
        chosen: form.slot,
        letter: Field::radios("letter", "办哪一类事", plan.queues.clone()).value(if form.letter.is_empty() { "A" } else { &form.letter }).errors_of(problem),
        matter: Field::text("matter", "办什么事").value(&form.matter).optional().hint("一句话，窗口好提前准备").max_length(60).errors_of(problem),
        signed_in: ctx.actor.account != 0,
        errors: ErrorSummary::of(problem),
        slot_error: problem.and_then(|p| p.errors.iter().find(|e| e.field() == "slot")).map(|e| e.detail.clone()),
    })
}

/// 选日子与时段。
pub async fn slots(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Query(query): Query<DayQuery>) -> Result<Html, Failure> {
    let form = BookForm { day: query.day, matter: query.matter, ..BookForm::default() };
    render(&book_page(&app, &ctx, id, &form, None).await?)
}

/// 约上。
pub async fn make(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<BookForm>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let input = Book { site: id, day: form.day, slot: form.slot, letter: form.letter.clone(), matter: form.matter.clone() };
    match app.act(&ctx, "hall.book", move |tx| commands::book(tx, &actor, &input, at)).await {
        Ok(booking) => {
            let told = format!("约好了：{} {}，请准时到，迟到 15 分钟就过号了", day_name(booking.day), model::clock(booking.slot));
            Ok(see_other("/me/bookings").flash(told).into_response())
        }
        Err(error) => {
            let problem = mendable(error)?;
            render_status(problem.code.status(), &book_page(&app, &ctx, id, &form, Some(&problem)).await?)
        }
    }
}

struct Mine {
    id: i64,
    site: i64,
    name: String,
    when: String,
    matter: String,
    state: &'static str,
    can_cancel: bool,
}

#[derive(Template)]
#[template(path = "my_bookings.html")]
struct MinePage {
    l: Layout,
    rows: Vec<Mine>,
}

/// 我的预约。
pub async fn mine(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let (account, now) = (ctx.actor.account, app.now());
    let (bookings, sites) = app
        .db()
        .snapshot("hall.mine", move |tx| Ok((store::my_bookings(tx, account, 50)?, tongban_directory::queries::sites(tx)?)))
        .await?;
    let name = |id: i64| sites.iter().find(|site| site.id == id).map_or(String::new(), |site| site.name.clone());
    let limit = jiff::SignedDuration::from_hours(CANCEL_HOURS);
    let rows = bookings
        .into_iter()
        .map(|b| Mine {
            id: b.id,
            site: b.site,
            name: name(b.site),
            when: format!("{} {}{}", day_name(b.day), model::clock(b.slot), if b.day == today(now) { "（今天）" } else { "" }),
            state: b.state.label(),
            can_cancel: b.state == BookingState::Booked && b.starts() >= now + limit,
            matter: b.matter,
        })
        .collect();
    render(&MinePage { l: Layout::public(&ctx, "我的预约"), rows })
}

/// 退号。
pub async fn cancel(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    app.act(&ctx, "hall.cancel", move |tx| commands::cancel(tx, &actor, id, at)).await?;
    Ok(see_other("/me/bookings").flash("已退号").into_response())
}
