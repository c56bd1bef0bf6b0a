//! 一件事：先答几道题，再走与单个事项一样的表、材料、核对；交上之后看各件并行到哪一步。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use tongban_kernel::Problem;
use tongban_web::components::ErrorSummary;
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Query, render, render_status, see_other};

use super::super::{Fields, mendable, show};
use super::{SituationPage, chosen_of, missing_item, situation_fields};
use crate::applicant;
use crate::commands::{self, DraftEdit};
use crate::model::{MemberState, Offer};
use crate::offer::bundle;
use crate::store::bundles::{self, Bundle};

fn page(ctx: &Ctx, offer: Offer, number: i64, chosen: &[String], blocked: Option<String>, problem: Option<&Problem>) -> SituationPage {
    let l = Layout::public(ctx, &offer.name);
    SituationPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        fields: situation_fields(&offer, chosen, problem),
        action: format!("/apply/bundle/{number}"),
        errors: ErrorSummary::of(problem),
        blocked,
        entrust: String::new(),
        offer,
    }
}

async fn definition(app: &App, number: i64) -> Result<tongban_items::model::bundle::BundleOffer, Failure> {
    let found = app.db().snapshot("cases.bundle_offer", move |tx| bundle::definition(tx, number)).await?;
    Ok(found.ok_or_else(missing_item)?)
}

/// 答题开始；办事指南带来的答案已经选好。
pub async fn start(State(app): State<App>, ctx: Ctx, Path(number): Path<i64>, Query(given): Query<Vec<(String, String)>>) -> Result<Html, Failure> {
    let found = definition(&app, number).await?;
    let picked: Vec<String> = given.iter().map(|(question, option)| format!("{question}.{option}")).collect();
    let chosen = bundle::chosen(&found.settle(&bundle::answers(&picked)));
    let offer = bundle::merged(&found, &chosen);
    let blocked = commands::may_apply(&ctx.actor, &offer).err().map(|problem| problem.detail);
    render(&page(&ctx, offer, number, if given.is_empty() { &[] } else { &chosen }, blocked, None))
}

/// 起一份草稿；因答案多出来的题先问完。
pub async fn begin(State(app): State<App>, ctx: Ctx, Path(number): Path<i64>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let chosen = chosen_of(&Fields(fields));
    let found = definition(&app, number).await?;
    let missing = found.check(&bundle::answers(&chosen));
    let offer = bundle::merged(&found, &chosen);
    if !missing.is_empty() {
        // 页面上的字段名带 s_ 前缀
        let errors = missing.into_iter().map(|e| tongban_kernel::FieldError::new(&format!("s_{}", e.field()), e.code, e.detail)).collect();
        let problem = Problem::invalid(errors);
        return render_status(422, &page(&ctx, offer, number, &chosen, None, Some(&problem)));
    }
    let (actor, at, token) = (ctx.actor.clone(), app.now(), uuid::Uuid::now_v7().simple().to_string());
    let (picked, made, merged) = (chosen.clone(), token, offer.clone());
    let begun = app
        .act(&ctx, "cases.draft_start", move |tx| {
            let who = applicant::of(tx, &actor)?;
            commands::start(tx, &actor, &merged, &made, &who, at)?;
            commands::edit(tx, &actor, &merged, &made, &DraftEdit { situations: Some(picked.clone()), ..DraftEdit::default() }, at)
        })
        .await;
    match begun {
        Ok(draft) => Ok(see_other(format!("/a/{}/form/1", draft.token)).into_response()),
        Err(error) => {
            let problem = mendable(error)?;
            render_status(problem.code.status(), &page(&ctx, offer, number, &chosen, None, Some(&problem)))
        }
    }
}

struct MemberLine {
    name: String,
    dept: String,
    state: &'static str,
    tone: &'static str,
    no: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "me_bundle.html")]
struct BundlePage {
    l: Layout,
    no: String,
    name: String,
    state: &'static str,
    days: i64,
    at: String,
    members: Vec<MemberLine>,
}

/// 我的一件事：各件并行到哪一步。
pub async fn mine(State(app): State<App>, ctx: Ctx, Path(no): Path<String>) -> Result<Html, Failure> {
    let actor = ctx.actor.clone();
    let (found, members) = app
        .db()
        .snapshot("cases.my_bundle", move |tx| {
            let found: Option<Bundle> = bundles::find_by_no(tx, &no)?;
            let own = |b: &Bundle| actor.person != 0 && b.person == actor.person && b.legal_entity == actor.legal_entity;
            let found = found.filter(own).ok_or_else(Problem::not_found)?;
            let members = bundles::members(tx, found.id)?;
            Ok((found, members))
        })
        .await?;
    let line = |m: crate::model::Member| MemberLine {
        state: m.state.label(),
        tone: match m.state {
            MemberState::Granted => "g",
            MemberState::Running => "b",
            MemberState::Failed => "r",
            MemberState::Waiting | MemberState::Skipped => "",
        },
        name: m.name,
        dept: m.dept,
        no: m.case_no,
        reason: m.reason,
    };
    render(&BundlePage {
        l: Layout::public(&ctx, &found.name),
        no: found.no,
        name: found.name,
        state: found.state.label(),
        days: found.total_days,
        at: show::long(found.submitted_at),
        members: members.into_iter().map(line).collect(),
    })
}
