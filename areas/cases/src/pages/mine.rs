//! 我的办件：列表、详情、补正与补交、撤回、草稿。

use askama::Template;
use axum::extract::{Multipart, Path, State};
use axum::response::{IntoResponse, Response};
use tongban_credentials::queries::{self as credentials, Usable};
use tongban_kernel::Problem;
use tongban_kernel::problem::Code;
use tongban_kernel::time::{date_of, day_number};
use tongban_store::files;
use tongban_web::components::{ErrorSummary, LightTag, Pager, StatusTag, Timeline};
use tongban_web::upload::UploadForm;
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Listing, PageQuery, Query, Redirect, render, render_status, see_other};

use super::apply::keep_upload;
use super::{Fields, show};
use crate::actions;
use crate::commands::{self, Ending, SuppliedMaterial, Supply};
use crate::model::{Action, FileRef, Material, MaterialStatus, State as CaseState};
use crate::queries::{self, CaseView};
use crate::store;

#[derive(Template)]
#[template(path = "me_cases.html")]
struct ListPage {
    l: Layout,
    rows: Vec<show::Row>,
    pager: Pager,
    drafts: usize,
    /// 一件事：编号、名称、状态、何时提交。
    bundles: Vec<(String, String, &'static str, String)>,
    /// 替家人看着的。
    entrusted: Vec<show::Row>,
}

pub async fn list(State(app): State<App>, ctx: Ctx, Query(page): Query<PageQuery>) -> Result<Html, Failure> {
    let limit = page.limit()?;
    let before: Option<i64> = page.after("mine")?;
    let actor = ctx.actor.clone();
    let at = app.now();
    let (rows, drafts, bundles, entrusted) = app
        .db()
        .snapshot("cases.mine", move |tx| {
            Ok((queries::mine(tx, &actor, before, limit as i64)?, store::my_drafts(tx, actor.account, 50)?.len(), queries::my_bundles(tx, &actor, 10, at)?, if before.is_none() { queries::entrusted(tx, &actor, 10, at)? } else { Vec::new() }))
        })
        .await?;
    let listing = Listing::cut(rows, limit, "mine", |row| row.id);
    let now = app.now();
    let rows: Vec<_> = listing.items.iter().map(|row| show::Row::of(row, now)).collect();
    let note = format!("本页 {} 件", rows.len());
    let entrusted = entrusted.iter().map(|row| show::Row::of(row, now)).collect();
    let bundles = bundles.into_iter().map(|b| (b.no, b.name, b.state.label(), show::short(b.submitted_at))).collect();
    render(&ListPage { l: Layout::public(&ctx, "我的办件"), pager: Pager::of(&ctx.uri, listing.next_cursor.as_deref(), note), rows, drafts, bundles, entrusted })
}

/// 申请人看到的一份文书。
pub struct DocumentLink {
    pub href: String,
    pub title: &'static str,
    pub number: String,
    pub at: String,
    /// 有电子签章版。
    pub sealed: bool,
}

pub fn document_links(view: &CaseView, base: &str) -> Vec<DocumentLink> {
    let link = |d: &store::Document| DocumentLink {
        href: format!("{base}/{}/print/{}", view.case.no, d.id),
        title: d.kind.title(),
        number: d.number.clone(),
        at: show::short(d.issued_at),
        sealed: view.seals.iter().any(|sealed| sealed.document == d.id),
    };
    view.documents.iter().map(link).collect()
}

#[derive(Template)]
#[template(path = "me_case.html")]
struct CasePage {
    l: Layout,
    no: String,
    item: String,
    org: String,
    status: StatusTag,
    aside: Option<&'static str>,
    light: LightTag,
    revoked: Option<String>,
    note: String,
    timeline: Timeline,
    documents: Vec<DocumentLink>,
    materials: Vec<(String, &'static str, String)>,
    access_code: String,
    can_fix: bool,
    can_supply: bool,
    can_withdraw: bool,
    can_urge: bool,
    version: i64,
    panels: Vec<String>,
    /// 谁代办的，或您在替谁办。
    agency: Option<String>,
    /// 为哪一件申请的变更、延续、补证。
    follow: Option<String>,
    /// 后来又申请的：种类、编号。
    later: Vec<(&'static str, String)>,
    can_follow: bool,
}

pub async fn show_case(State(app): State<App>, ctx: Ctx, Path(no): Path<String>) -> Result<Html, Failure> {
    let actor = ctx.actor.clone();
    let at = app.now();
    let view = app.db().snapshot("cases.view", move |tx| owned_view(tx, &actor, &no, at)).await?;
    let panels = super::desk_case::panels(&app, &ctx, view.case.id).await?;
    let case = &view.case;
    let owner = commands::owns(&ctx.actor, case) || view.acting == Some(true);
    let offered = actions::offered_to(&ctx.actor, case, owner);
    let note = if case.state.is_terminal() || case.outcome.is_some() { case.result_note.clone() } else { String::new() };
    render(&CasePage {
        l: Layout::public(&ctx, &case.item_name),
        no: case.no.to_string(),
        item: case.item_name.clone(),
        org: case.org_name.clone(),
        status: show::status(case.state, case.step),
        aside: show::aside(case.state, case.delivery, view.paper.is_some()),
        light: show::light(case.light, case.due, case.state, app.now()),
        revoked: case.revoked_on.map(|day| day.to_string()),
        note,
        timeline: show::public_timeline(case, &view.steps),
        documents: document_links(&view, "/me/cases"),
        materials: view.materials.iter().map(|m| (m.name.clone(), m.status.label(), remark(&view, m))).collect(),
        access_code: view.details.access_code.clone(),
        can_fix: offered.contains(&Action::SupplyCorrection),
        can_supply: offered.contains(&Action::SupplyDeferred),
        can_withdraw: offered.contains(&Action::Withdraw),
        can_urge: offered.contains(&Action::Urge),
        version: case.version,
        agency: agency_note(&view),
        follow: super::follow::note(&view),
        later: view.later.iter().map(|(kind, no)| (kind.label(), no.clone())).collect(),
        can_follow: owner && commands::may_follow(case) && view.offer.as_ref().is_some_and(|offer| offer.licence.is_some()),
        panels,
    })
}

/// 补正原因；没有就说用了哪张电子证照。
fn remark(view: &CaseView, material: &Material) -> String {
    let used = view.used.iter().find(|used| used.material == material.name && material.files.is_empty());
    match used {
        Some(used) if material.remark.is_empty() => format!("用了{}（电子证照）", used.type_name),
        _ => material.remark.clone(),
    }
}

/// 代办的事给两边看：本人看到谁代办的，代办人看到在替谁办。
fn agency_note(view: &CaseView) -> Option<String> {
    let shown = &view.case.applicant_shown;
    match (&view.agency, view.acting) {
        (_, Some(true)) => Some(format!("您凭授权替 {shown} 办，结果通知他本人，评价也由他来评")),
        (_, Some(false)) => Some(format!("您凭授权替 {shown} 看进度，不能补正或撤回")),
        (Some(agency), None) => Some(format!("这件由 {} 凭授权单 {} 替您提交", tongban_kernel::mask::name(&agency.name), agency.grant)),
        (None, None) => None,
    }
}

/// 申请人自己的；工作人员走工作台。
pub(super) fn owned_view(tx: &mut tongban_store::Tx<'_>, actor: &tongban_kernel::Actor, no: &str, at: jiff::Timestamp) -> tongban_store::Result<CaseView> {
    let view = queries::view(tx, actor, no, at)?;
    if commands::owns(actor, &view.case) || view.acting.is_some() { Ok(view) } else { Err(Problem::not_found().into()) }
}

#[derive(Template)]
#[template(path = "me_fix.html")]
struct FixPage {
    l: Layout,
    no: String,
    item: String,
    version: i64,
    /// 补正而不是补交容缺件。
    correcting: bool,
    due: String,
    materials: Vec<FixLine>,
    /// 不针对材料的问题。
    points: Vec<(String, String)>,
    note: String,
    errors: ErrorSummary,
    limit_mb: usize,
}

/// 要补的一份：材料、错误、名下顶得上的电子证照。
struct FixLine {
    m: Material,
    error: Option<String>,
    usable: Vec<Usable>,
}

const fn wanted(case: &crate::model::Case) -> MaterialStatus {
    if matches!(case.state, CaseState::Correcting) { MaterialStatus::Rejected } else { MaterialStatus::Deferred }
}

/// 申请人的这一件，连同要补的各份顶得上的电子证照。
async fn fixing(app: &App, ctx: &Ctx, no: String) -> Result<(CaseView, Vec<Vec<Usable>>), Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let found = app
        .db()
        .snapshot("cases.fix", move |tx| {
            let view = owned_view(tx, &actor, &no, at)?;
            let names: Vec<String> = view.materials.iter().filter(|m| m.status == wanted(&view.case)).map(|m| m.name.clone()).collect();
            // 别人凭授权代办的，不替本人同意查看证照
            let person = if commands::owns(&actor, &view.case) { (view.case.person, view.case.legal_entity) } else { (0, 0) };
            let usable = credentials::usable_for_all(tx, person.0, person.1, &names, day_number(date_of(at)))?;
            Ok((view, usable))
        })
        .await?;
    Ok(found)
}

fn fix_page(app: &App, ctx: &Ctx, (view, usable): (CaseView, Vec<Vec<Usable>>), note: String, problem: Option<&Problem>) -> FixPage {
    let correcting = view.case.state == CaseState::Correcting;
    let wanted = wanted(&view.case);
    let error = |key: &str| problem.and_then(|p| p.errors.iter().find(|e| e.field() == format!("m_{key}"))).map(|e| e.detail.clone());
    let points = view.corrections.last().filter(|_| correcting).map(|c| {
        c.points.iter().filter(|p| p.material.is_empty()).map(|p| (p.problem.clone(), p.remedy.clone())).collect()
    });
    let due = if correcting { view.case.correction_due } else { view.case.deferred_due };
    let l = Layout::public(ctx, if correcting { "补正材料" } else { "补交材料" });
    FixPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        no: view.case.no.to_string(),
        item: view.case.item_name.clone(),
        version: view.case.version,
        correcting,
        due: due.map(tongban_kernel::time::show_day).unwrap_or_default(),
        materials: view.materials.into_iter().filter(|m| m.status == wanted).zip(usable).map(|(m, usable)| FixLine { error: error(&m.key), m, usable }).collect(),
        points: points.unwrap_or_default(),
        note,
        errors: ErrorSummary::of(problem),
        limit_mb: app.config().upload_limit / 1024 / 1024,
    }
}

pub async fn fix(State(app): State<App>, ctx: Ctx, Path(no): Path<String>) -> Result<Response, Failure> {
    let found = fixing(&app, &ctx, no).await?;
    let case = &found.0.case;
    if case.state != CaseState::Correcting && case.deferred_due.is_none() {
        return Ok(see_other(format!("/me/cases/{}", case.no)).warn("这件现在没有要补的材料").into_response());
    }
    Ok(render(&fix_page(&app, &ctx, found, String::new(), None))?.into_response())
}

/// 一次交上要补的全部材料。
pub async fn save_fix(State(app): State<App>, ctx: Ctx, Path(no): Path<String>, parts: Multipart) -> Result<Response, Failure> {
    let form = UploadForm::receive(parts, app.config().upload_limit).await?;
    let (version, note) = (form.get("version").parse().unwrap_or(0), form.get("note").to_owned());
    let mut supplied: Vec<SuppliedMaterial> = Vec::new();
    let mut stored: Vec<files::Stored> = Vec::new();
    for (field, upload) in form.files {
        let (kept, file): (files::Stored, FileRef) = keep_upload(&app, upload).await?;
        stored.push(kept);
        let key = field.strip_prefix("m_").unwrap_or(&field).to_owned();
        match supplied.iter_mut().find(|s| s.key == key) {
            Some(same) => same.files.push(file),
            None => supplied.push(SuppliedMaterial { key, files: vec![file], ..SuppliedMaterial::default() }),
        }
    }
    // 勾了用电子证照、又没有传文件的
    for (field, identifier) in form.fields.iter().filter(|(_, value)| !value.is_empty()) {
        let Some(key) = field.strip_prefix("l_").filter(|key| supplied.iter().all(|s| s.key != *key)) else { continue };
        supplied.push(SuppliedMaterial { key: key.to_owned(), licence: identifier.clone(), ..SuppliedMaterial::default() });
    }
    let input = Supply { version, materials: supplied, note: note.clone() };
    let (actor, at, number) = (ctx.actor.clone(), app.now(), no.clone());
    let result = app
        .act(&ctx, "cases.supply", move |tx| {
            stored.iter().try_for_each(|file| files::record(tx, file, at))?;
            let case = queries::seen(tx, &actor, &number, at)?;
            if case.state == CaseState::Correcting {
                commands::supply_correction(tx, &actor, &number, &input, at)
            } else {
                commands::supply_deferred(tx, &actor, &number, &input, at)
            }
        })
        .await;
    match result {
        Ok(case) => Ok(see_other(format!("/me/cases/{}", case.no)).flash("材料已交上，请等通知").into_response()),
        Err(error) => {
            let problem = error.into_problem();
            if problem.code != Code::ValidationFailed {
                return Err(problem.into());
            }
            render_status(422, &fix_page(&app, &ctx, fixing(&app, &ctx, no).await?, note, Some(&problem)))
        }
    }
}

#[derive(Template)]
#[template(path = "me_withdraw.html")]
struct WithdrawPage {
    l: Layout,
    no: String,
    item: String,
    version: i64,
}

/// 撤回前的确认页。
pub async fn confirm_withdraw(State(app): State<App>, ctx: Ctx, Path(no): Path<String>) -> Result<Html, Failure> {
    let actor = ctx.actor.clone();
    let at = app.now();
    let view = app.db().snapshot("cases.view", move |tx| owned_view(tx, &actor, &no, at)).await?;
    let case = view.case;
    render(&WithdrawPage { l: Layout::public(&ctx, "撤回申请"), no: case.no.to_string(), item: case.item_name, version: case.version })
}

pub async fn withdraw(State(app): State<App>, ctx: Ctx, Path(no): Path<String>, Form(fields): Form<Vec<(String, String)>>) -> Result<Redirect, Failure> {
    let fields = Fields(fields);
    let ending = Ending { version: fields.int("version"), reason: fields.get("reason").to_owned() };
    let (actor, at) = (ctx.actor.clone(), app.now());
    let case = app.act(&ctx, "cases.withdraw", move |tx| commands::withdraw(tx, &actor, &no, &ending, at)).await?;
    Ok(see_other(format!("/me/cases/{}", case.no)).flash("申请已撤回"))
}

#[derive(Template)]
#[template(path = "me_drafts.html")]
struct DraftsPage {
    l: Layout,
    drafts: Vec<(String, String, String)>,
}

pub async fn drafts(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let account = ctx.actor.account;
    let drafts = app.db().snapshot("cases.drafts", move |tx| store::my_drafts(tx, account, 50)).await?;
    let drafts = drafts.into_iter().map(|d| (d.token, d.item_name, show::long(d.updated))).collect();
    render(&DraftsPage { l: Layout::public(&ctx, "没交的草稿"), drafts })
}

pub async fn drop_draft(State(app): State<App>, ctx: Ctx, Path(token): Path<String>) -> Result<Redirect, Failure> {
    let actor = ctx.actor.clone();
    app.act(&ctx, "cases.draft_drop", move |tx| commands::drop_draft(tx, &actor, &token)).await?;
    Ok(see_other("/me/drafts").flash("草稿已删除"))
}

/// 催一下。
pub async fn urge(State(app): State<App>, ctx: Ctx, Path(no): Path<String>, Form(fields): Form<Vec<(String, String)>>) -> Result<Redirect, Failure> {
    let fields = Fields(fields);
    let (actor, at, number, version, words) = (ctx.actor.clone(), app.now(), no.clone(), fields.int("version"), fields.get("words").to_owned());
    let urged = app.act(&ctx, "cases.urge", move |tx| commands::urge(tx, &actor, &number, version, &words, at)).await;
    match urged {
        Ok(_) => Ok(see_other(format!("/me/cases/{no}")).flash("已催办，办理的人看得到")),
        Err(error) => {
            let problem = super::mendable(error)?;
            Ok(see_other(format!("/me/cases/{no}")).flash(problem.detail.clone()))
        }
    }
}
