//! 网上申办：选情况 → 填信息 → 交材料 → 核对提交 → 已提交。每步都是真表单，没有脚本也能办成。

mod bundle;
mod check;
mod materials;

pub use bundle::{begin as begin_bundle, mine as my_bundle, start as start_bundle};
pub use check::{check, done, random_bytes, submit};
pub use materials::{keep_upload, material, materials};

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use jiff::civil::Date;
use tongban_kernel::Problem;
use tongban_kernel::problem::{Checks, Code};
use tongban_parties::queries::grants::{self, GrantScope};
use tongban_store::Tx;
use tongban_web::components::{ErrorSummary, Field as Input};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Redirect, render, render_status, see_other};

use super::{Fields, mendable, show};
use crate::commands::{self, DraftEdit};
use crate::model::{Applicant, Field, FieldKind, Offer};
use crate::rules::forms;
use crate::store::{Draft, DraftBody};
use crate::{applicant, offer};

fn missing_item() -> Problem {
    Problem::new(Code::NotFound, "没有找到这个事项，可能已经改名或取消，请到“办事”里再找找")
}

fn offer_of(tx: &mut Tx<'_>, code: &str) -> tongban_store::Result<Offer> {
    Ok(offer::current(tx, code)?.ok_or_else(missing_item)?)
}

/// 草稿说的那个事项；一件事按它此刻的答案合并。
fn offer_for(tx: &mut Tx<'_>, draft: &Draft) -> tongban_store::Result<Offer> {
    let Some(number) = offer::bundle::number_of(&draft.item_code) else { return offer_of(tx, &draft.item_code) };
    let definition = offer::bundle::definition(tx, number)?.ok_or_else(missing_item)?;
    Ok(offer::bundle::merged(&definition, &draft.body.situations))
}

/// 自己的草稿与现行的事项。
async fn opened(app: &App, ctx: &Ctx, token: String) -> Result<(Draft, Offer), Failure> {
    let actor = ctx.actor.clone();
    let found = app
        .db()
        .snapshot("cases.draft", move |tx| {
            let draft = commands::open_draft(tx, &actor, &token)?;
            let offer = offer_for(tx, &draft)?;
            Ok((draft, offer))
        })
        .await?;
    Ok(found)
}

/// 保存草稿的一部分。
async fn save(app: &App, ctx: &Ctx, token: String, edit: DraftEdit) -> Result<Draft, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let saved = app
        .db()
        .write("cases.draft_save", move |tx| {
            let draft = commands::open_draft(tx, &actor, &token)?;
            let offer = offer_for(tx, &draft)?;
            commands::edit(tx, &actor, &offer, &token, &edit, at)
        })
        .await?;
    Ok(saved)
}

#[derive(Template)]
#[template(path = "apply_situation.html")]
struct SituationPage {
    l: Layout,
    offer: Offer,
    action: String,
    fields: Vec<Input>,
    errors: ErrorSummary,
    blocked: Option<String>,
    /// 请别人代办的入口带着这个事项。
    entrust: String,
}

fn situation_fields(offer: &Offer, chosen: &[String], problem: Option<&Problem>) -> Vec<Input> {
    offer
        .situations
        .iter()
        .map(|s| {
            let options = s.options.iter().map(|c| (c.key.clone(), c.label.clone()));
            let now = s.options.iter().find(|c| chosen.contains(&c.key)).map(|c| c.key.clone());
            Input::radios(&format!("s_{}", s.key), &s.question, options).values(now).errors_of(problem)
        })
        .collect()
}

fn chosen_of(fields: &Fields) -> Vec<String> {
    fields.prefixed("s_").map(|(_, value)| value.to_owned()).filter(|value| !value.is_empty()).collect()
}

/// 选情况、开始办理。
pub async fn start(State(app): State<App>, ctx: Ctx, Path(code): Path<String>) -> Result<Html, Failure> {
    render(&start_page(&app, &ctx, code, &Fields(Vec::new()), None).await?)
}

/// 起草页：选情况；有家人授权的，还要选替谁办。
async fn start_page(app: &App, ctx: &Ctx, code: String, typed: &Fields, problem: Option<&Problem>) -> Result<SituationPage, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let (offer, whom) = app
        .db()
        .snapshot("cases.offer", move |tx| {
            let offer = offer_of(tx, &code)?;
            let whom = whom(tx, &actor, &offer, at)?;
            Ok((offer, whom))
        })
        .await?;
    let blocked = commands::may_apply(&ctx.actor, &offer).err().map(|problem| problem.detail).filter(|_| problem.is_none());
    let mut fields = situation_fields(&offer, &chosen_of(typed), problem);
    ask_whom(&mut fields, whom, typed.get("for"), problem);
    let l = Layout::public(ctx, &offer.name);
    Ok(SituationPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        fields,
        action: format!("/apply/{}", offer.code),
        errors: ErrorSummary::of(problem),
        blocked,
        entrust: format!("/me/agents?items={}", offer.code),
        offer,
    })
}

/// 有家人授权的，先问替谁办。
fn ask_whom(fields: &mut Vec<Input>, whom: Vec<(String, String)>, picked: &str, problem: Option<&Problem>) {
    if whom.is_empty() {
        return;
    }
    let options = std::iter::once(("0".to_owned(), "我自己".to_owned())).chain(whom);
    let now = if picked.is_empty() { "0" } else { picked };
    fields.insert(0, Input::radios("for", "替谁办", options).value(now).errors_of(problem));
}

/// 此刻能替谁办这个事项：授权单号与称呼。
fn whom(tx: &mut Tx<'_>, actor: &tongban_kernel::Actor, offer: &Offer, at: jiff::Timestamp) -> tongban_store::Result<Vec<(String, String)>> {
    if actor.legal_entity != 0 || !offer.for_person {
        return Ok(Vec::new());
    }
    let managed = |grant: &grants::Grant| grant.scope == GrantScope::Apply && offer.codes().iter().all(|code| grant.covers(code));
    let held = grants::principals(tx, actor.person, at)?.into_iter().filter(|(grant, _)| managed(grant));
    Ok(held.map(|(grant, person)| (grant.id.to_string(), format!("{}（凭授权）", person.masked_name()))).collect())
}

/// 起一份草稿。
pub async fn begin(State(app): State<App>, ctx: Ctx, Path(code): Path<String>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let chosen = chosen_of(&fields);
    let grant: i64 = fields.get("for").parse().unwrap_or(0);
    let (actor, at, token) = (ctx.actor.clone(), app.now(), uuid::Uuid::now_v7().simple().to_string());
    let (item, picked, made) = (code.clone(), chosen.clone(), token.clone());
    let result = app
        .act(&ctx, "cases.draft_start", move |tx| {
            let offer = offer_of(tx, &item)?;
            let mut checks = Checks::new();
            forms::situations(&mut checks, &offer, &picked);
            checks.finish()?;
            if grant == 0 {
                let who = applicant::of(tx, &actor)?;
                commands::start(tx, &actor, &offer, &made, &who, at)?;
            } else {
                commands::start_for(tx, &actor, &offer, &made, grant, at)?;
            }
            commands::edit(tx, &actor, &offer, &made, &DraftEdit { situations: Some(picked.clone()), ..DraftEdit::default() }, at)
        })
        .await;
    match result {
        Ok(draft) => Ok(see_other(format!("/a/{}/form/1", draft.token)).into_response()),
        Err(error) => {
            let problem = mendable(error)?;
            render_status(422, &start_page(&app, &ctx, code, &fields, Some(&problem)).await?)
        }
    }
}

/// 回头改情况。
pub async fn situation(State(app): State<App>, ctx: Ctx, Path(token): Path<String>) -> Result<Html, Failure> {
    let (draft, offer) = opened(&app, &ctx, token).await?;
    let fields = situation_fields(&offer, &draft.body.situations, None);
    let action = format!("/a/{}/situation", draft.token);
    render(&SituationPage { l: Layout::public(&ctx, &offer.name), fields, action, errors: ErrorSummary::default(), blocked: None, entrust: String::new(), offer })
}

pub async fn save_situation(State(app): State<App>, ctx: Ctx, Path(token): Path<String>, Form(fields): Form<Vec<(String, String)>>) -> Result<Redirect, Failure> {
    let (draft, _) = opened(&app, &ctx, token).await?;
    let chosen = chosen_of(&Fields(fields));
    let edit = DraftEdit { situations: Some(chosen.clone()), ..DraftEdit::default() };
    let draft = save(&app, &ctx, draft.token, edit).await?;
    if let Some(number) = offer::bundle::number_of(&draft.item_code) {
        let found = app.db().snapshot("cases.bundle_offer", move |tx| offer::bundle::definition(tx, number)).await?;
        // 改了答案可能多出题来，先答完
        if found.is_some_and(|found| !found.check(&offer::bundle::answers(&chosen)).is_empty()) {
            return Ok(see_other(format!("/a/{}/situation", draft.token)).flash("还有几题要选"));
        }
    }
    Ok(see_other(format!("/a/{}/form/1", draft.token)))
}

#[derive(Template)]
#[template(path = "apply_form.html")]
struct FormPage {
    l: Layout,
    offer: Offer,
    token: String,
    n: u8,
    fields: Vec<Input>,
    errors: ErrorSummary,
    /// 已从实名信息取来、不用再填的。
    known: Option<String>,
    saved: String,
}

/// 申请人那一页要填的：身份已由实名信息取来的不让填。
fn applicant_inputs(body: &DraftBody, problem: Option<&Problem>) -> Vec<Input> {
    let who = &body.applicant;
    let mut inputs = Vec::new();
    if who.id_number.is_empty() {
        let (name, number) = if who.is_legal { ("单位全称", "统一社会信用代码") } else { ("姓名", "身份证号") };
        inputs.push(Input::text("name", name).value(&who.name).hint("按证件填写"));
        inputs.push(Input::text("id_number", number).value(&who.id_number));
    }
    if who.is_legal {
        inputs.push(Input::text("contact", "经办人姓名").value(&who.contact));
    }
    inputs.push(Input::tel("mobile", "联系手机").value(&who.mobile).hint("只用来通知进度和上门核查"));
    inputs.push(Input::text("address", "联系地址").value(&who.address).optional().autocomplete("street-address"));
    inputs.push(Input::text("summary", "一句话说明办什么").value(&body.summary).optional().hint("比如：在新街开一家小吃店").max_length(200));
    inputs.into_iter().map(|input| input.errors_of(problem)).collect()
}

/// 所选情况下要他自己填的：能从申请人带出的不问。
fn to_fill<'a>(offer: &'a Offer, body: &'a DraftBody) -> impl Iterator<Item = &'a Field> {
    offer.fields_for(&body.situations).filter(|field| field.prefilled(&body.applicant).is_none())
}

/// 事项自己的表单项变成输入框。
pub fn item_input(field: &Field, value: &str, problem: Option<&Problem>) -> Input {
    let options = || field.options.iter().map(|c| (c.key.clone(), c.label.clone()));
    let input = match field.kind {
        FieldKind::Text | FieldKind::Id | FieldKind::Uscc | FieldKind::Division => Input::text(&field.key, &field.label),
        FieldKind::Money => Input::number(&field.key, &field.label, field.unit.as_deref().unwrap_or("元")),
        FieldKind::Checkbox => Input::checks(&field.key, &field.label, options()),
        FieldKind::Textarea => Input::area(&field.key, &field.label).max_length(2_000),
        FieldKind::Number | FieldKind::Integer => Input::number(&field.key, &field.label, field.unit.as_deref().unwrap_or("")),
        FieldKind::Date => Input::date(&field.key, &field.label),
        FieldKind::Radio => Input::radios(&field.key, &field.label, options()),
        FieldKind::Select => {
            let list = std::iter::once((String::new(), "请选择".to_owned())).chain(options());
            Input::select(&field.key, &field.label, list)
        }
        FieldKind::Mobile | FieldKind::Phone => Input::tel(&field.key, &field.label),
    };
    let input = if field.kind == FieldKind::Checkbox { input.values(value.split(',').map(str::to_owned)) } else { input.value(value) };
    let input = input.hint(field.hint.clone().unwrap_or_default()).errors_of(problem);
    if field.required { input } else { input.optional() }
}

fn form_page(ctx: &Ctx, draft: Draft, offer: Offer, n: u8, problem: Option<&Problem>) -> FormPage {
    let who = &draft.body.applicant;
    let fields = if n == 1 {
        applicant_inputs(&draft.body, problem)
    } else {
        to_fill(&offer, &draft.body).map(|f| item_input(f, draft.body.form.get(&f.key).map_or("", String::as_str), problem)).collect()
    };
    let known = (n == 1 && !who.id_number.is_empty())
        .then(|| format!("{}（{}）", who.shown(), if who.is_legal { who.id_number.clone() } else { tongban_kernel::mask::id_number(&who.id_number) }));
    let l = Layout::public(ctx, if n == 1 { "申请人" } else { "申请内容" });
    FormPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        errors: ErrorSummary::of(problem),
        fields,
        known,
        saved: show::long(draft.updated),
        token: draft.token,
        offer,
        n,
    }
}

pub async fn form(State(app): State<App>, ctx: Ctx, Path((token, n)): Path<(String, u8)>) -> Result<Response, Failure> {
    let (draft, offer) = opened(&app, &ctx, token).await?;
    if n > 1 && to_fill(&offer, &draft.body).next().is_none() {
        return Ok(see_other(format!("/a/{}/materials", draft.token)).into_response());
    }
    Ok(render(&form_page(&ctx, draft, offer, n.clamp(1, 2), None))?.into_response())
}

pub async fn save_form(State(app): State<App>, ctx: Ctx, Path((token, n)): Path<(String, u8)>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let (draft, offer) = opened(&app, &ctx, token).await?;
    let today = tongban_kernel::time::date_of(app.now());
    let edit = if n == 1 { applicant_edit(&draft.body.applicant, &fields, today) } else { form_edit(&offer, &draft.body.applicant, &fields, today) };
    let draft = save(&app, &ctx, draft.token, edit).await?;
    // 已经存下；有错当页说清，不让带着错往下走
    let mut checks = Checks::new();
    if n == 1 {
        forms::applicant(&mut checks, &draft.body.applicant, today);
    } else {
        forms::form(&mut checks, &offer, &draft.body.situations, &draft.body.applicant, &draft.body.form, today);
    }
    if let Err(problem) = checks.finish() {
        return render_status(422, &form_page(&ctx, draft, offer, n.clamp(1, 2), Some(&problem)));
    }
    let next = if fields.get("back") == "check" {
        "check"
    } else if n == 1 && to_fill(&offer, &draft.body).next().is_some() {
        "form/2"
    } else {
        "materials"
    };
    Ok(see_other(format!("/a/{}/{next}", draft.token)).into_response())
}

/// 填得对的换成规范写法，填错的原样留着给人改。
fn applicant_edit(now: &Applicant, fields: &Fields, today: Date) -> DraftEdit {
    let mut who = now.clone();
    if who.id_number.is_empty() || fields.has("id_number") && fields.has("name") && now.name.is_empty() {
        who.name = fields.get("name").to_owned();
        who.id_number = fields.get("id_number").to_owned();
    }
    if who.is_legal {
        who.contact = fields.get("contact").to_owned();
    }
    who.mobile = fields.get("mobile").to_owned();
    who.address = fields.get("address").to_owned();
    let who = forms::applicant(&mut Checks::new(), &who, today);
    DraftEdit { applicant: Some(who), summary: Some(fields.get("summary").to_owned()), ..DraftEdit::default() }
}

fn form_edit(offer: &Offer, who: &Applicant, fields: &Fields, today: Date) -> DraftEdit {
    let value = |field: &Field| {
        let raw = fields.joined(&field.key).trim().to_owned();
        forms::field_value(field, &raw, today).unwrap_or(raw)
    };
    let form = offer.fields.iter().filter(|f| f.prefilled(who).is_none()).map(|f| (f.key.clone(), value(f))).collect();
    DraftEdit { form: Some(form), ..DraftEdit::default() }
}
