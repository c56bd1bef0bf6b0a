//! 目录区的页面：服务点、机构与人员。

pub mod roles;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::Problem;
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Query, render, render_status, see_other};

use crate::config::Class;
use crate::model::{NewOrg, kind_name};
use crate::queries::{self, Config, Org, Site, Staff};
use crate::{MANAGE, commands, store};

#[derive(Template)]
#[template(path = "sites.html")]
struct SitesPage {
    l: Layout,
    sites: Vec<Site>,
}

/// 服务点：地址、电话、时间。
pub async fn sites(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let sites = app.db().read("directory.sites", queries::sites).await?;
    render(&SitesPage { l: Layout::public(&ctx, "服务点"), sites })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct OrgQuery {
    org: Option<i64>,
}

/// 机构树的一行。
struct Line {
    org: Org,
    kind: &'static str,
    depth: usize,
}

#[derive(Template)]
#[template(path = "orgs.html")]
struct OrgsPage {
    l: Layout,
    lines: Vec<Line>,
    chosen: Option<Org>,
    people: Vec<Staff>,
    configs: Vec<Config>,
    /// 能改、能核对。
    may_manage: bool,
    fields: Vec<Field>,
    summary: ErrorSummary,
    /// 核对表单出错的是哪一类。
    doubted: Option<(Class, Field)>,
}

impl OrgsPage {
    fn doubt(&self, config: &Config) -> Field {
        match &self.doubted {
            Some((class, field)) if *class == config.class => field.clone(),
            _ => doubt_field(config.class, &config.doubt, None),
        }
    }
}

fn doubt_field(class: Class, text: &str, problem: Option<&Problem>) -> Field {
    let name = format!("doubt_{}", class.as_str());
    let field = Field::area(&name, &format!("{}哪里不符", class.label())).value(text).hint("一行一处；核对无误就空着").optional().max_length(500);
    field.errors_of(problem)
}

fn org_fields(org: &NewOrg, problem: Option<&Problem>) -> Vec<Field> {
    vec![
        Field::text("name", "机构全称").value(&org.name),
        Field::text("short_name", "简称").value(&org.short_name).optional(),
        Field::text("code", "统一社会信用代码").value(&org.code).optional(),
        Field::text("division", "12 位区划").value(&org.division),
        Field::tel("phone", "咨询电话").value(&org.phone).hint("固定电话带区号").optional(),
        Field::tel("complaint_phone", "投诉电话").value(&org.complaint_phone).optional(),
        Field::text("address", "办公地址").value(&org.address).optional(),
        Field::text("hours", "办公时间").value(&org.hours).hint("如 周一至周五 9:00—17:00").optional(),
    ]
    .into_iter()
    .map(|field| field.errors_of(problem))
    .collect()
}

/// 本人范围内的机构树，与选中机构的配置核对、人员。
pub async fn orgs(State(app): State<App>, ctx: Ctx, Query(query): Query<OrgQuery>) -> Result<Html, Failure> {
    render(&orgs_page(&app, &ctx, query.org).await?)
}

async fn orgs_page(app: &App, ctx: &Ctx, org: Option<i64>) -> Result<OrgsPage, Failure> {
    let actor = ctx.actor.clone();
    let (lines, chosen, people, configs) = app
        .db()
        .snapshot("directory.orgs", move |tx| {
            let all = queries::all_orgs(tx)?;
            let seen: Vec<&Org> = all.iter().filter(|org| actor.scope.covers(&org.place())).collect();
            let chosen = org.and_then(|id| seen.iter().find(|org| org.id == id)).map(|org| (*org).clone());
            let (people, configs) = match &chosen {
                Some(org) => (store::staff_of(tx, org.id, 0, 500)?, queries::configs(tx, org.id)?),
                None => (Vec::new(), Vec::new()),
            };
            Ok((tree(&seen), chosen, people, configs))
        })
        .await?;
    let fields = chosen.as_ref().map(|org| org_fields(&shown(org), None)).unwrap_or_default();
    Ok(OrgsPage {
        l: Layout::staff(ctx, "机构与配置核对"),
        lines,
        chosen,
        people,
        configs,
        may_manage: ctx.actor.may(MANAGE),
        fields,
        summary: ErrorSummary::of(None),
        doubted: None,
    })
}

/// 留在页上、能改了再交的：填得不对，或别人先改了。
fn mendable(problem: &Problem) -> bool {
    !problem.errors.is_empty() || problem.code.status() == 412
}

/// 一个机构能改的部分。
fn shown(org: &Org) -> NewOrg {
    NewOrg {
        name: org.name.clone(),
        short_name: org.short_name.clone(),
        code: org.code.clone(),
        division: org.division.clone(),
        phone: org.phone.clone(),
        complaint_phone: org.complaint_phone.clone(),
        address: org.address.clone(),
        hours: org.hours.clone(),
        ..NewOrg::default()
    }
}

/// 改机构的表单。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct OrgForm {
    version: i64,
    name: String,
    short_name: String,
    code: String,
    division: String,
    phone: String,
    complaint_phone: String,
    address: String,
    hours: String,
}

/// `POST /admin/orgs/{org}`：改一个机构的基础信息。
///
/// # Errors
/// 没有权限 403，范围外 404，版本不符 412，字段不对 422。
pub async fn edit(State(app): State<App>, ctx: Ctx, Path(org): Path<i64>, Form(form): Form<OrgForm>) -> Result<Response, Failure> {
    let trim = |text: &str| text.trim().to_owned();
    let new = NewOrg {
        name: trim(&form.name),
        short_name: trim(&form.short_name),
        code: trim(&form.code).to_uppercase(),
        division: trim(&form.division),
        phone: trim(&form.phone),
        complaint_phone: trim(&form.complaint_phone),
        address: trim(&form.address),
        hours: trim(&form.hours),
        ..NewOrg::default()
    };
    let (actor, at, input) = (ctx.actor.clone(), app.now(), new.clone());
    match app.act(&ctx, "directory.edit_org", move |tx| commands::edit_org(tx, &actor, org, form.version, &input, at)).await {
        Ok(()) => Ok(see_other(format!("/admin/orgs?org={org}#configs")).flash("改好了，三项配置重新核对了一遍").into_response()),
        Err(error) => match error.problem().filter(|problem| mendable(problem)).cloned() {
            Some(problem) => {
                let mut page = orgs_page(&app, &ctx, Some(org)).await?;
                page.fields = org_fields(&new, Some(&problem));
                page.summary = ErrorSummary::of(Some(&problem));
                page.l = page.l.with_errors();
                render_status(problem.code.status(), &page)
            }
            None => Err(error.into()),
        },
    }
}

/// 核对的表单。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ConfigForm {
    doubt_division: String,
    doubt_org: String,
    doubt_service: String,
}

impl ConfigForm {
    fn doubt(self, class: Class) -> String {
        match class {
            Class::Division => self.doubt_division,
            Class::Org => self.doubt_org,
            Class::Service => self.doubt_service,
        }
    }
}

/// `POST /admin/orgs/{org}/configs/{class}`：记下核对的结论。
///
/// # Errors
/// 没有权限 403，范围外或没有这一项 404，规则还查得出不符 422。
pub async fn record(
    State(app): State<App>,
    ctx: Ctx,
    Path((org, class)): Path<(i64, String)>,
    Form(form): Form<ConfigForm>,
) -> Result<Response, Failure> {
    let class = Class::parse(&class).ok_or_else(Problem::not_found)?;
    let (actor, at, doubt) = (ctx.actor.clone(), app.now(), form.doubt(class));
    let text = doubt.clone();
    match app.act(&ctx, "directory.record_config", move |tx| commands::record_config(tx, &actor, org, class, &doubt, at)).await {
        Ok(row) => {
            let said = if row.is_right() { "核对通过" } else { "记下了不符之处" };
            Ok(see_other(format!("/admin/orgs?org={org}#configs")).flash(format!("{}：{said}", class.label())).into_response())
        }
        Err(error) => match error.problem().filter(|problem| mendable(problem)).cloned() {
            Some(problem) => {
                let mut page = orgs_page(&app, &ctx, Some(org)).await?;
                page.doubted = Some((class, doubt_field(class, &text, Some(&problem))));
                page.summary = ErrorSummary::of(Some(&problem));
                page.l = page.l.with_errors();
                render_status(problem.code.status(), &page)
            }
            None => Err(error.into()),
        },
    }
}

/// 深度优先排开；上级不在范围内的当作根。
fn tree(seen: &[&Org]) -> Vec<Line> {
    fn walk(seen: &[&Org], parent: i64, depth: usize, out: &mut Vec<Line>) {
        for org in seen.iter().filter(|org| org.parent == parent) {
            out.push(Line { org: (*org).clone(), kind: kind_name(org.kind), depth });
            if depth < 8 {
                walk(seen, org.id, depth + 1, out);
            }
        }
    }
    let mut roots: Vec<i64> = seen.iter().map(|org| org.parent).filter(|parent| !seen.iter().any(|org| org.id == *parent)).collect();
    roots.sort_unstable();
    roots.dedup();
    let mut out = Vec::new();
    roots.into_iter().for_each(|root| walk(seen, root, 0, &mut out));
    out
}
