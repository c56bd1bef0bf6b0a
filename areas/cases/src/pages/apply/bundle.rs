//! 一件事：先答几道题，再走与单个事项一样的表、材料、核对；交上之后看各件并行到哪一步。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use tongban_kernel::Problem;
use tongban_web::components::ErrorSummary;
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Query, render, render_status, see_other};

use super::super::{Fields, mendable, show};
use super::{SituationPage, ask_whom, chosen_of, missing_item, situation_fields, whom};
use crate::applicant;
use crate::commands::{self, DraftEdit};
use crate::model::{MemberState, Offer};
use crate::offer::bundle;
use crate::store::bundles::{self, Bundle};

/// 答到哪里了：选的答案、替谁办。
struct Answered<'a> {
    chosen: &'a [String],
    picked: &'a str,
}

async fn page(app: &App, ctx: &Ctx, offer: Offer, number: i64, answered: Answered<'_>, blocked: Option<String>, problem: Option<&Problem>) -> Result<SituationPage, Failure> {
    let (actor, at, asked) = (ctx.actor.clone(), app.now(), offer.clone());
    let whom = app.db().snapshot("cases.bundle_whom", move |tx| whom(tx, &actor, &asked, at)).await?;
    let mut fields = situation_fields(&offer, answered.chosen, problem);
    ask_whom(&mut fields, whom, answered.picked, problem);
    let l = Layout::public(ctx, &offer.name);
    Ok(SituationPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        fields,
        action: format!("/apply/bundle/{number}"),
        errors: ErrorSummary::of(problem),
        blocked,
        entrust: String::new(),
        offer,
    })
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
    let answered = Answered { chosen: if given.is_empty() { &[] } else { &chosen }, picked: "" };
    render(&page(&app, &ctx, offer, number, answered, blocked, None).await?)
}

/// 起一份草稿；因答案多出来的题先问完。
pub async fn begin(State(app): State<App>, ctx: Ctx, Path(number): Path<i64>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let (chosen, picked_for) = (chosen_of(&fields), fields.get("for").to_owned());
    let grant: i64 = picked_for.parse().unwrap_or(0);
    let answered = || Answered { chosen: &chosen, picked: &picked_for };
    let found = definition(&app, number).await?;
    let missing = found.check(&bundle::answers(&chosen));
    let offer = bundle::merged(&found, &chosen);
    if !missing.is_empty() {
        // 页面上的字段名带 s_ 前缀
        let errors = missing.into_iter().map(|e| tongban_kernel::FieldError::new(&format!("s_{}", e.field()), e.code, e.detail)).collect();
        let problem = Problem::invalid(errors);
        return render_status(422, &page(&app, &ctx, offer, number, answered(), None, Some(&problem)).await?);
    }
    let (actor, at, token) = (ctx.actor.clone(), app.now(), uuid::Uuid::now_v7().simple().to_string());
    let (picked, made, merged) = (chosen.clone(), token, offer.clone());
    let begun = app
        .act(&ctx, "cases.draft_start", move |tx| {
            if grant == 0 {
                let who = applicant::of(tx, &actor)?;
                commands::start(tx, &actor, &merged, &made, &who, at)?;
            } else {
                commands::start_for(tx, &actor, &merged, &made, grant, at)?;
            }
            commands::edit(tx, &actor, &merged, &made, &DraftEdit { situations: Some(picked.clone()), ..DraftEdit::default() }, at)
        })
        .await;
    match begun {
        Ok(draft) => Ok(see_other(format!("/a/{}/form/1", draft.token)).into_response()),
        Err(error) => {
            let problem = mendable(error)?;
            render_status(problem.code.status(), &page(&app, &ctx, offer, number, answered(), None, Some(&problem)).await?)
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
    let (actor, at) = (ctx.actor.clone(), app.now());
    let (found, members) = app
        .db()
        .snapshot("cases.my_bundle", move |tx| {
            let found: Bundle = bundles::find_by_no(tx, &no)?.ok_or_else(Problem::not_found)?;
            let members = bundles::members(tx, found.id)?;
            if commands::sees_bundle(tx, &actor, &found, &members, at)? { Ok((found, members)) } else { Err(Problem::not_found().into()) }
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
