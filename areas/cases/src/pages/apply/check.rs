//! 核对、提交、已提交。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use tongban_kernel::Problem;
use tongban_kernel::problem::Code;
use tongban_web::components::{ErrorSummary, Field as Input};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, render, render_status, see_other};

use super::super::{Fields, mendable, show};
use super::materials::MaterialBlock;
use super::{offer_for, opened};
use crate::commands::{self, DraftEdit};
use crate::model::{Channel, Delivery, Offer};
use crate::store::Draft;
use crate::offer::bundle;
use crate::{queries, store};

/// 核对页的一行。
struct CheckRow {
    label: String,
    value: String,
    edit: String,
}

#[derive(Template)]
#[template(path = "apply_check.html")]
struct CheckPage {
    l: Layout,
    offer: Offer,
    token: String,
    rows: Vec<CheckRow>,
    materials: Vec<CheckRow>,
    delivery: Input,
    truth: bool,
    errors: ErrorSummary,
}

fn check_page(ctx: &Ctx, draft: &Draft, offer: Offer, problem: Option<&Problem>) -> CheckPage {
    let body = &draft.body;
    let who = &body.applicant;
    let row = |label: &str, value: String, part: &str| CheckRow {
        label: label.to_owned(),
        value: if value.is_empty() { "（未填）".to_owned() } else { value },
        edit: if part.is_empty() { String::new() } else { format!("/a/{}/{part}", draft.token) },
    };
    let mut rows = vec![
        row("申请人", format!("{}（{}）", who.shown(), tongban_kernel::mask::id_number(&who.id_number)), ""),
        row("联系手机", tongban_kernel::mask::mobile(&who.mobile), "form/1"),
    ];
    if body.grant != 0 {
        rows.push(row("代办人", format!("{}（凭授权单 {} 替他办）", tongban_kernel::mask::name(&who.contact), body.grant), ""));
    }
    if let Some(follow) = &body.follow {
        rows.insert(0, row("申请什么", format!("{}，原办件 {}", follow.kind.label(), follow.earlier_no), ""));
    }
    if !who.address.is_empty() {
        rows.push(row("联系地址", who.address.clone(), "form/1"));
    }
    for situation in offer.situations.iter().filter(|s| crate::model::holds(&s.when, &body.situations)) {
        let label = situation.options.iter().find(|c| body.situations.contains(&c.key)).map_or(String::new(), |c| c.label.clone());
        rows.push(row(&situation.question, label, "situation"));
    }
    for field in offer.fields_for(&body.situations).filter(|field| field.prefilled(who).is_none()) {
        rows.push(row(&field.label, field.shown(body.form.get(&field.key).map_or("", String::as_str)), "form/2"));
    }
    let materials = offer
        .materials_for(&body.situations)
        .map(|m| {
            let block = MaterialBlock::of(m, &offer, body, None);
            let count = if block.files.is_empty() { String::new() } else { format!("，{} 个文件", block.files.len()) };
            let used = if block.licence.is_empty() { "" } else { "，用我的电子证照" };
            row(&block.name, format!("{}{count}{used}", block.status.label()), "materials")
        })
        .collect();
    let options = Delivery::ALL.into_iter().map(|d| (d.as_str(), d.label()));
    let chosen = body.delivery.unwrap_or(Delivery::Electronic).as_str();
    let l = Layout::public(ctx, "提交前请核对");
    CheckPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        token: draft.token.clone(),
        rows,
        materials,
        delivery: Input::radios("delivery", "怎么拿结果", options).value(chosen),
        truth: problem.is_some_and(|p| p.errors.iter().any(|e| e.field() == "truth")),
        errors: ErrorSummary::of(problem),
        offer,
    }
}

pub async fn check(State(app): State<App>, ctx: Ctx, Path(token): Path<String>) -> Result<Html, Failure> {
    let (draft, offer) = opened(&app, &ctx, token).await?;
    render(&check_page(&ctx, &draft, offer, None))
}

/// 交上去。
pub async fn submit(State(app): State<App>, ctx: Ctx, Path(token): Path<String>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let result = if fields.get("truth").is_empty() {
        Err(Problem::field("truth", "required", "请勾选“我填的都是真的”").into())
    } else {
        submit_draft(&app, &ctx, token.clone(), Delivery::parse(fields.get("delivery"))).await
    };
    match result {
        Ok(_) => Ok(see_other(format!("/a/{token}/done")).into_response()),
        Err(error) => {
            let problem = mendable(error)?;
            let (draft, offer) = opened(&app, &ctx, token).await?;
            render_status(422, &check_page(&ctx, &draft, offer, Some(&problem)))
        }
    }
}

/// 手机浏览器提交的记“手机”，其余记“电脑”。
fn channel_of(ctx: &Ctx) -> Channel {
    if ctx.user_agent.contains("Mobile") { Channel::Mobile } else { Channel::Computer }
}

async fn submit_draft(app: &App, ctx: &Ctx, token: String, delivery: Option<Delivery>) -> tongban_store::Result<()> {
    let random: [u8; commands::BUNDLE_RANDOM] = random_bytes()?;
    let (actor, at, channel) = (ctx.actor.clone(), app.now(), channel_of(ctx));
    app.act(ctx, "cases.submit", move |tx| {
        let found = store::of_token(tx, &token)?.ok_or_else(Problem::not_found)?;
        let offer = offer_for(tx, &found)?;
        if found.case_no.is_none() && delivery.is_some() {
            commands::edit(tx, &actor, &offer, &token, &DraftEdit { delivery, ..DraftEdit::default() }, at)?;
        }
        if bundle::number_of(&found.item_code).is_some() {
            commands::submit_bundle(tx, &actor, &token, channel, &random, at)?;
        } else {
            commands::submit(tx, &actor, &offer, &token, channel, &random, at)?;
        }
        Ok(())
    })
    .await
}

/// 查询码用的随机字节；在单元之外取。
pub fn random_bytes<const N: usize>() -> Result<[u8; N], Problem> {
    let mut random = [0; N];
    getrandom::fill(&mut random).map_err(|_| Problem::new(Code::Internal, "系统没有取到随机数，请再提交一次"))?;
    Ok(random)
}

#[derive(Template)]
#[template(path = "apply_done.html")]
struct DonePage {
    l: Layout,
    no: String,
    item: String,
    access_code: String,
    timeline: tongban_web::components::Timeline,
    qr: String,
    track: String,
}

/// 已提交：编号、查询码、接下来怎样。
pub async fn done(State(app): State<App>, ctx: Ctx, Path(token): Path<String>) -> Result<Response, Failure> {
    let actor = ctx.actor.clone();
    let draft = app.db().snapshot("cases.draft", move |tx| commands::open_draft(tx, &actor, &token)).await?;
    let Some(no) = draft.case_no else {
        return Ok(see_other(format!("/a/{}/check", draft.token)).into_response());
    };
    if no.starts_with("YJS-") {
        return Ok(see_other(format!("/me/bundles/{no}")).flash(format!("已提交，编号 {no}，各部门同时在办")).into_response());
    }
    let actor = ctx.actor.clone();
    let at = app.now();
    let view = app.db().snapshot("cases.view", move |tx| queries::view(tx, &actor, &no, at)).await?;
    let track = format!("{}/track/{}", app.config().base_url, view.case.no);
    let page = DonePage {
        l: Layout::public(&ctx, "已提交，等待受理"),
        no: view.case.no.to_string(),
        item: view.case.item_name.clone(),
        access_code: view.details.access_code.clone(),
        timeline: show::public_timeline(&view.case, &view.steps),
        qr: tongban_documents::qr::svg(&track, "扫码查进度")?,
        track,
    };
    Ok(render(&page)?.into_response())
}
