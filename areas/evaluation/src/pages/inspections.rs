//! 监督查评：检查单、整改、复核。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_directory::queries as directory;
use tongban_kernel::Problem;
use tongban_kernel::time::{date_of, from_day_number};
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, render, render_status, see_other};

use super::Card;
use crate::commands::appraisals::{self, Sheet};
use crate::model::Satisfaction;
use crate::model::inspection::{InspectionAct, InspectionState, WAYS, way_label};
use crate::permissions::{HANDLE, INSPECT};
use crate::store::{self, Inspection};

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    org: i64,
    way: String,
    day: String,
    level: i64,
    found: String,
}

struct Row {
    sheet: Inspection,
    way: &'static str,
    day: String,
    due: String,
    can_mend: bool,
    can_check: bool,
}

#[derive(Template)]
#[template(path = "desk_inspections.html")]
struct Page {
    l: Layout,
    errors: ErrorSummary,
    rows: Vec<Row>,
    fields: Vec<Field>,
    /// 出错的那张检查单。
    card: Card,
}

async fn page(app: &App, ctx: &Ctx, sent: &Sent, problem: Option<&Problem>, card: Card) -> Result<Page, Failure> {
    let (actor, scope) = (ctx.actor.clone(), ctx.actor.scope.clone());
    let (rows, orgs) = app
        .db()
        .snapshot("evaluation.inspections", move |tx| {
            let orgs: Vec<_> = directory::all_orgs(tx)?.into_iter().filter(|org| org.is_unit() && org.parent != 0 && actor.scope.covers(&org.place())).map(|org| (org.id.to_string(), org.name)).collect();
            Ok((store::inspections(tx, &scope, i64::MAX, 100)?, orgs))
        })
        .await?;
    let (may_mend, may_check) = (ctx.actor.may(HANDLE), ctx.actor.may(INSPECT));
    let row = |sheet: Inspection| Row {
        way: way_label(&sheet.way),
        day: from_day_number(sheet.day).map(|day| day.to_string()).unwrap_or_default(),
        due: appraisals::due_text(&sheet),
        can_mend: may_mend && sheet.state == InspectionState::Open,
        can_check: may_check && sheet.state == InspectionState::Mended,
        sheet,
    };
    let day = if sent.day.is_empty() { date_of(app.now()).to_string() } else { sent.day.clone() };
    let fields = if may_check {
        vec![
            Field::select("org", "查的单位", orgs).value(sent.org.to_string()),
            Field::select("way", "怎么查的", WAYS.iter().copied()).value(&sent.way),
            Field::date("day", "哪天查的").value(day),
            Field::radios("level", "评级", Satisfaction::ALL.iter().map(|level| (level.code().to_string(), level.label()))).value(sent.level.to_string()),
            Field::area("found", "查到的情况").value(&sent.found).max_length(2_000),
        ]
    } else {
        Vec::new()
    };
    let l = Layout::staff(ctx, "监督查评");
    Ok(Page {
        l: if problem.is_some() { l.with_errors() } else { l },
        errors: ErrorSummary::of(problem),
        rows: rows.into_iter().map(row).collect(),
        fields: fields.into_iter().map(|field| field.errors_of(problem)).collect(),
        card,
    })
}

/// `GET /desk/rates/inspections`
pub async fn list(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    render(&page(&app, &ctx, &Sent::default(), None, Card::default()).await?)
}

/// `POST /desk/rates/inspections`
pub async fn add(State(app): State<App>, ctx: Ctx, Form(sent): Form<Sent>) -> Result<Response, Failure> {
    let sheet = Sheet { org: sent.org, way: sent.way.clone(), day: sent.day.clone(), level: sent.level, found: sent.found.clone() };
    let (actor, at) = (ctx.actor.clone(), app.now());
    match app.act(&ctx, "evaluation.inspect", move |tx| appraisals::inspect(tx, &actor, &sheet, at)).await {
        Ok(row) => Ok(see_other("/desk/rates/inspections").flash(if row.due_day == 0 { "已录入" } else { "已录入，15 个工作日内整改" }).into_response()),
        Err(error) => {
            let problem = error.into_problem();
            if problem.code.status() != 422 {
                return Err(problem.into());
            }
            render_status(422, &page(&app, &ctx, &sent, Some(&problem), Card::default()).await?)
        }
    }
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Follow {
    version: i64,
    act: String,
    note: String,
}

/// `POST /desk/rates/inspections/{inspection}`
pub async fn follow(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(sent): Form<Follow>) -> Result<Response, Failure> {
    let act = InspectionAct::parse(&sent.act).ok_or_else(|| Problem::field("act", "choice", "请选择整改、通过或退回"))?;
    let (actor, at, note) = (ctx.actor.clone(), app.now(), sent.note.clone());
    let done = app.act(&ctx, "evaluation.inspection_followed", move |tx| appraisals::follow_inspection(tx, &actor, id, sent.version, act, &sent.note, at));
    if let Err(error) = done.await {
        let problem = error.into_problem();
        if problem.code.status() != 422 {
            return Err(problem.into());
        }
        let (card, problem) = Card::wrong(id, "note", &note, &problem);
        return render_status(422, &page(&app, &ctx, &Sent::default(), Some(&problem), card).await?);
    }
    let told = match act {
        InspectionAct::Mend => "已报整改，等复核",
        InspectionAct::Accept => "复核通过，已了结",
        InspectionAct::Return => "已退回整改",
    };
    Ok(see_other("/desk/rates/inspections").flash(told).into_response())
}
