//! 家人代办与单位授权：名单、授权、答复、解除。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use jiff::ToSpan;
use serde::Deserialize;
use tongban_kernel::codes::{self, IdNumber};
use tongban_kernel::problem::{Checks, Code, Problem};
use tongban_kernel::time::{date_of, from_day_number};
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Layout, Query, Redirect, attempts, render_status, see_other};

use crate::commands::grants::{self, Ask};
use crate::model::AGENT_ROLES;
use crate::model::grant::{GrantAct, GrantKind, GrantScope, GrantState, RELATIONS};
use crate::queries::grants::{self as queries, Listed, Side};
use crate::rules::grants::{self as rules, Terms};

/// 名单的一行。
struct Line {
    id: i64,
    version: i64,
    title: String,
    detail: String,
    state: &'static str,
    tone: &'static str,
    acts: Vec<GrantAct>,
}

#[derive(Template)]
#[template(path = "agents.html")]
struct AgentsPage {
    l: Layout,
    summary: ErrorSummary,
    /// 等我答复的、别人授权我的、我授权别人的。
    lists: Vec<(&'static str, Vec<Line>)>,
    fields: Vec<Field>,
    company: String,
}

/// 从事项页带来只限哪个事项。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AgentsQuery {
    items: String,
}

#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct GrantForm {
    ask: String,
    name: String,
    id_number: String,
    relation: String,
    scope: String,
    items: String,
    until: String,
}

fn relation_name(code: &str) -> &'static str {
    RELATIONS.iter().chain(AGENT_ROLES).find(|(known, _)| *known == code).map_or("", |(_, name)| *name)
}

fn line(listed: &Listed, today: i64) -> Line {
    let g = &listed.grant;
    let until = from_day_number(g.until_day).map(|day| day.to_string()).unwrap_or_default();
    let items = if g.items.is_empty() { "全部事项".to_owned() } else { format!("只限 {} 个事项：{}", g.items.split(' ').count(), g.items.replace(' ', "、")) };
    let title = match (listed.side, g.kind) {
        (Side::Principal, GrantKind::Proxy) => format!("{} 替我办", listed.other),
        (Side::Principal, GrantKind::Agent) => format!("{} 替单位办", listed.other),
        (Side::Agent, _) => format!("我替 {} 办", listed.other),
    };
    let expired = g.until_day < today && matches!(g.state, GrantState::Active | GrantState::Offered);
    let (state, tone) = match g.state {
        _ if expired => ("已过期", "tag"),
        GrantState::Active => ("有效", "tag tag-g"),
        GrantState::Offered if g.acts(listed.side).contains(&GrantAct::Accept) => ("等您答复", "tag tag-y"),
        other => (other.label(), "tag"),
    };
    Line {
        id: g.id,
        version: g.version,
        title,
        detail: format!("{} · {} · {items} · 到 {until}", relation_name(&g.relation), g.scope.label()),
        state,
        tone,
        acts: listed.acts.clone(),
    }
}

fn fields(form: &GrantForm, company: bool, problem: Option<&Problem>) -> Vec<Field> {
    let mut fields = Vec::new();
    if !company {
        let asks = [("give", "我授权给他，他替我办"), ("request", "请他授权给我，我替他办")];
        fields.push(Field::radios("ask", "谁替谁办", asks).value(if form.ask == "request" { "request" } else { "give" }));
    }
    fields.push(Field::text("name", "对方姓名").width("w-m").hint("对方要先在本平台实名注册").value(&form.name));
    fields.push(Field::text("id_number", "对方身份证号").width("w-m").value(&form.id_number));
    if company {
        let roles = AGENT_ROLES.iter().copied().filter(|(code, _)| *code != "legal_person");
        fields.push(Field::select("relation", "对方在单位里的身份", roles).value(&form.relation));
    } else {
        fields.push(Field::select("relation", "对方是您的", RELATIONS.iter().copied()).value(&form.relation));
    }
    let scope = if form.scope.is_empty() { GrantScope::Apply.as_str() } else { &form.scope };
    fields.push(Field::radios("scope", "能做到哪一步", GrantScope::ALL.iter().map(|s| (s.as_str(), s.label()))).value(scope));
    fields.push(Field::date("until", "到哪天为止").hint(if company { "最长三年" } else { "最长一年" }).value(&form.until));
    fields.push(Field::text("items", "只限哪些事项").optional().hint("填事项编码，几个用逗号隔开；不填就不限").value(&form.items));
    fields.into_iter().map(|field| field.errors_of(problem)).collect()
}

async fn render_page(app: &App, ctx: &Ctx, form: &GrantForm, problem: Option<&Problem>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let legal = ctx.actor.legal_entity;
    let (listed, company) = app
        .db()
        .snapshot("parties.grants", move |tx| {
            let company = if legal == 0 { None } else { crate::queries::legal_entity(tx, legal)? };
            Ok((queries::listed(tx, &actor, at)?, company.map(|legal| legal.name).unwrap_or_default()))
        })
        .await?;
    let today = tongban_kernel::time::day_number(date_of(at));
    let waiting = |l: &&Listed| l.acts.contains(&GrantAct::Accept);
    let pick = |wanted: &dyn Fn(&Listed) -> bool| listed.iter().filter(|l| wanted(l)).map(|l| line(l, today)).collect::<Vec<_>>();
    let lists = vec![
        ("等您答复的", pick(&|l| waiting(&l))),
        ("别人授权您的", pick(&|l| !waiting(&l) && l.side == Side::Agent)),
        ("您授权别人的", pick(&|l| !waiting(&l) && l.side == Side::Principal)),
    ];
    let layout = Layout::public(ctx, "家人代办与授权");
    let page = AgentsPage {
        summary: ErrorSummary::of(problem),
        lists: lists.into_iter().filter(|(_, lines)| !lines.is_empty()).collect(),
        fields: fields(form, legal != 0, problem),
        company,
        l: if problem.is_some() { layout.with_errors() } else { layout },
    };
    render_status(problem.map_or(200, |problem| problem.code.status()), &page)
}

/// 名单与授权表。
pub async fn page(State(app): State<App>, ctx: Ctx, Query(query): Query<AgentsQuery>) -> Result<Response, Failure> {
    let until = date_of(app.now()).checked_add(1.year()).map(|day| day.to_string()).unwrap_or_default();
    render_page(&app, &ctx, &GrantForm { items: query.items, until, ..GrantForm::default() }, None).await
}

fn check(form: &GrantForm, company: bool, today: jiff::civil::Date) -> Result<(String, IdNumber, Terms), Problem> {
    let mut checks = Checks::new();
    let name = checks.take("name", codes::person_name(&form.name));
    let id = checks.take("id_number", IdNumber::parse(&form.id_number, today));
    let kind = if company { GrantKind::Agent } else { GrantKind::Proxy };
    let terms = rules::check(kind, &form.relation, &form.scope, &form.items, &form.until, today);
    match (checks.finish(), terms) {
        (Ok(()), Ok(terms)) => match (name, id) {
            (Some(name), Some(id)) => Ok((name, id, terms)),
            _ => Err(Problem::field("name", "required", "请把内容填完整")),
        },
        (Err(mut one), Err(two)) => {
            one.errors.extend(two.errors);
            Err(one)
        }
        (Err(problem), Ok(_)) | (Ok(()), Err(problem)) => Err(problem),
    }
}

/// 授权，或请对方授权。
pub async fn offer(State(app): State<App>, ctx: Ctx, Form(form): Form<GrantForm>) -> Result<Response, Failure> {
    match offered(&app, &ctx, &form).await {
        Ok(()) => Ok(see_other("/me/agents").flash("已告诉对方，等他同意").into_response()),
        Err(Failure(problem)) if matches!(problem.code, Code::ValidationFailed | Code::Conflict | Code::Forbidden | Code::RateLimited) => {
            render_page(&app, &ctx, &form, Some(&problem)).await
        }
        Err(failure) => Err(failure),
    }
}

async fn offered(app: &App, ctx: &Ctx, form: &GrantForm) -> Result<(), Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let (name, id, terms) = check(form, actor.legal_entity != 0, date_of(at))?;
    let key = format!("grant:{}", actor.account);
    let (lookup, number, tried) = (name, id.as_str().to_owned(), key.clone());
    let found = app
        .db()
        .snapshot("parties.find_person", move |tx| {
            attempts::check(tx, &tried, at)?;
            grants::find_person(tx, &lookup, &number)
        })
        .await?;
    // 找不到与对不上一样回答，连错几次就等一阵，免得拿这里试证件号
    let Some(other) = found else {
        app.db().write("parties.find_failed", move |tx| attempts::fail(tx, &key, at)).await?;
        return Err(Problem::field("id_number", "not-found", "没有找到这个人：请核对姓名与身份证号，对方也要先在本平台实名注册").into());
    };
    let ask = if form.ask == "request" { Ask::Request } else { Ask::Give };
    app.act(ctx, "parties.grant", move |tx| {
        if actor.legal_entity == 0 {
            grants::offer_proxy(tx, &actor, other, ask, &terms, at)
        } else {
            grants::offer_agent(tx, &actor, actor.legal_entity, other, &terms, at)
        }
    })
    .await?;
    Ok(())
}

#[derive(Debug, Deserialize)]
pub struct SettleForm {
    version: i64,
    act: String,
}

/// 同意、不同意、解除。
pub async fn settle(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<SettleForm>) -> Result<Redirect, Failure> {
    let act = GrantAct::parse(&form.act).ok_or_else(|| Problem::field("act", "choice", "请选择同意、不同意或解除"))?;
    let (actor, at) = (ctx.actor.clone(), app.now());
    app.act(&ctx, "parties.grant_settle", move |tx| grants::settle(tx, &actor, id, form.version, act, at)).await?;
    Ok(see_other("/me/agents").flash(match act {
        GrantAct::Accept => "已同意，这份授权现在有效",
        GrantAct::Decline => "已告诉对方您没有同意",
        GrantAct::Revoke => "已解除，立即生效",
    }))
}
