//! 法人身份：登记自己代表的企业，换身份办事。

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::codes::Uscc;
use tongban_kernel::problem::{Checks, Problem};
use tongban_kernel::time::{date_of, day_number};
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::layout::local_target;
use tongban_web::{App, Ctx, Failure, Form, Layout, Query, Redirect, render_status, see_other};

use super::NextQuery;
use crate::commands;
use crate::identify::{forget, hash_token};
use crate::model::{AGENT_ROLES, LegalEntity};
use crate::queries;

struct Held {
    legal: LegalEntity,
    role: &'static str,
    here: bool,
}

#[derive(Template)]
#[template(path = "companies.html")]
struct CompaniesPage {
    l: Layout,
    summary: ErrorSummary,
    held: Vec<Held>,
    as_person: bool,
    fields: Vec<Field>,
    next: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CompanyForm {
    code: String,
    name: String,
    role: String,
    next: String,
}

async fn render_page(app: &App, ctx: &Ctx, form: &CompanyForm, problem: Option<&Problem>) -> Result<Response, Failure> {
    let (person, day) = (ctx.actor.person, day_number(date_of(app.now())));
    let found = app.db().read("parties.agencies", move |tx| queries::agencies(tx, person, day)).await?;
    let role_name = |code: &str| AGENT_ROLES.iter().find(|(known, _)| *known == code).map_or("", |(_, name)| *name);
    let layout = Layout::public(ctx, "法人身份");
    let page = CompaniesPage {
        summary: ErrorSummary::of(problem),
        held: found
            .into_iter()
            .map(|(legal, role)| Held { here: legal.id == ctx.actor.legal_entity, role: role_name(&role), legal })
            .collect(),
        as_person: ctx.actor.legal_entity == 0,
        fields: vec![
            Field::text("code", "统一社会信用代码").width("w-m").hint("营业执照上的 18 位").value(&form.code).errors_of(problem),
            Field::text("name", "单位全称").hint("和营业执照上一样").value(&form.name).errors_of(problem),
            Field::select("role", "您的身份", AGENT_ROLES.iter().copied()).value(&form.role).errors_of(problem),
        ],
        next: form.next.clone(),
        l: if problem.is_some() { layout.with_errors() } else { layout },
    };
    render_status(problem.map_or(200, |problem| problem.code.status()), &page)
}

/// 我代表的法人。
pub async fn page(State(app): State<App>, ctx: Ctx, Query(query): Query<NextQuery>) -> Result<Response, Failure> {
    let form = CompanyForm { next: query.next, ..CompanyForm::default() };
    render_page(&app, &ctx, &form, None).await
}

fn check(form: &CompanyForm) -> Result<(Uscc, String, String), Problem> {
    let mut checks = Checks::new();
    let code = checks.take("code", Uscc::parse(&form.code));
    let name = form.name.trim().to_owned();
    checks.ensure((2..=100).contains(&name.chars().count()), "name", "length", "请填写单位全称，2–100 个字");
    checks.ensure(AGENT_ROLES.iter().any(|(known, _)| *known == form.role), "role", "choice", "请选择您的身份");
    checks.finish()?;
    Ok((code.ok_or_else(Problem::not_found)?, name, form.role.clone()))
}

/// 登记一个法人。
pub async fn add(State(app): State<App>, ctx: Ctx, Form(form): Form<CompanyForm>) -> Result<Response, Failure> {
    let (code, name, role) = match check(&form) {
        Ok(checked) => checked,
        Err(problem) => return render_page(&app, &ctx, &form, Some(&problem)).await,
    };
    let (actor, at) = (ctx.actor.clone(), app.now());
    let added = app.act(&ctx, "parties.add_company", move |tx| commands::add_company(tx, &actor, &code, &name, &role, at)).await;
    match added {
        Ok(commands::Added::Acting(_)) => {
            let query = if form.next.is_empty() { String::new() } else { format!("?next={}", form.next) };
            Ok(see_other(format!("/me/companies{query}")).flash("已登记，可以用它的身份办事了").into_response())
        }
        Ok(commands::Added::Asked(_)) => Ok(see_other("/me/agents").flash("这个单位已有法定代表人，已请他同意；同意之后就能用它的身份办事").into_response()),
        Err(error) => {
            let problem = error.into_problem();
            render_page(&app, &ctx, &form, Some(&problem)).await
        }
    }
}

#[derive(Debug, Deserialize)]
pub struct IdentityForm {
    legal_entity: i64,
    #[serde(default)]
    next: String,
}

/// 换身份：本人或某个法人。
pub async fn choose(State(app): State<App>, ctx: Ctx, Form(form): Form<IdentityForm>) -> Result<Redirect, Failure> {
    let token = ctx.session.clone().ok_or_else(Problem::unauthenticated)?;
    let (actor, hash, at) = (ctx.actor.clone(), hash_token(&token), app.now());
    app.act(&ctx, "parties.act_for", move |tx| commands::act_for(tx, &actor, &hash, form.legal_entity, at)).await?;
    forget(&token);
    let target = if form.next.is_empty() { "/me" } else { local_target(&form.next) };
    Ok(see_other(target).flash(if form.legal_entity == 0 { "现在用本人身份办事" } else { "现在用法人身份办事" }))
}
