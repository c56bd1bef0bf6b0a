//! 角色与权限：矩阵一眼看完，改之前先看影响谁（ux §`/admin`、accounts §5.2）。

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::Problem;
use tongban_kernel::time::{date_of, day_number};
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, render, render_status, see_other};

use crate::commands::{self, RoleChange};
use crate::model::{self, Role, Staff, reach_name};
use crate::{ROLES, queries};

/// 预览里至多列几个人。
const NAMED: i64 = 30;

/// 一个区声明的权限：区的中文名、（权限码，中文名）。
struct Group {
    title: &'static str,
    permissions: Vec<(&'static str, &'static str)>,
}

fn groups(app: &App) -> Vec<Group> {
    let declared = app.areas().iter().filter(|area| !area.permissions.is_empty());
    declared.map(|area| Group { title: area.title, permissions: area.permissions.to_vec() }).collect()
}

fn title_of(groups: &[Group], code: &str) -> String {
    let found = groups.iter().flat_map(|group| &group.permissions).find(|(known, _)| *known == code);
    found.map_or(code, |(_, title)| title).to_owned()
}

/// 矩阵的一行：一个角色在各区有哪些权限。
struct Line {
    role: &'static Role,
    reach: &'static str,
    people: i64,
    cells: Vec<Vec<&'static str>>,
}

#[derive(Template)]
#[template(path = "roles.html")]
struct MatrixPage {
    l: Layout,
    groups: Vec<Group>,
    lines: Vec<Line>,
    may_change: bool,
}

/// `GET /admin/roles`：一行一个角色，一列一个区。
///
/// # Errors
/// 引擎故障。
pub async fn matrix(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let groups = groups(&app);
    let (tenant, day) = (ctx.actor.tenant, day_number(date_of(app.now())));
    let held = app
        .db()
        .snapshot("directory.roles", move |tx| {
            model::roles()
                .iter()
                .map(|role| Ok((queries::permissions_of(tx, &role.code)?, queries::holders(tx, tenant, &role.code, day, 0)?.0)))
                .collect::<tongban_store::Result<Vec<_>>>()
        })
        .await?;
    let lines = model::roles().iter().zip(held).map(|(role, (held, people))| Line {
        role,
        reach: reach_name(role.reach),
        people,
        cells: groups.iter().map(|group| group.permissions.iter().filter(|(code, _)| held.contains(*code)).map(|(_, title)| *title).collect()).collect(),
    });
    let lines = lines.collect();
    render(&MatrixPage { l: Layout::staff(&ctx, "角色与权限"), groups, lines, may_change: ctx.actor.may(ROLES) })
}

/// 改一个角色的表单；`confirm` 是看过预览之后。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct RoleForm {
    version: i64,
    permission: Vec<String>,
    confirm: String,
}

#[derive(Template)]
#[template(path = "role.html")]
struct RolePage {
    l: Layout,
    role: &'static Role,
    reach: &'static str,
    version: i64,
    fields: Vec<Field>,
    summary: ErrorSummary,
    preview: Option<Preview>,
}

/// 改之前先看：多了什么、少了什么、影响哪些人。
struct Preview {
    added: Vec<String>,
    removed: Vec<String>,
    count: i64,
    people: Vec<Staff>,
    permissions: Vec<String>,
}

struct Known {
    held: BTreeSet<String>,
    version: i64,
    count: i64,
    people: Vec<Staff>,
}

async fn known(app: &App, ctx: &Ctx, role: &'static Role) -> Result<Known, Failure> {
    let (tenant, day) = (ctx.actor.tenant, day_number(date_of(app.now())));
    let found = app.db().snapshot("directory.role", move |tx| {
        let (count, people) = queries::holders(tx, tenant, &role.code, day, NAMED)?;
        Ok(Known { held: queries::permissions_of(tx, &role.code)?, version: queries::role_version(tx, &role.code)?, count, people })
    });
    Ok(found.await?)
}

/// 一个区一组勾选框；出错的话挂在第一组上。
fn fields(app: &App, held: &BTreeSet<String>, problem: Option<&Problem>) -> Vec<Field> {
    let all = groups(app).into_iter().map(|group| {
        let options = group.permissions.iter().map(|(code, title)| (*code, *title));
        Field::checks("permission", group.title, options).values(held.iter().cloned()).optional()
    });
    // 各组同名，编号错开：不然一页里有几个同样的 id
    let named = all.enumerate().map(|(n, field)| if n == 0 { field.errors_of(problem) } else { field.id(format!("permission{n}")) });
    named.collect()
}

fn page(app: &App, ctx: &Ctx, role: &'static Role, known: &Known, chosen: &BTreeSet<String>, problem: Option<&Problem>) -> RolePage {
    let layout = Layout::staff(ctx, &format!("角色：{}", role.name));
    RolePage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        role,
        reach: reach_name(role.reach),
        version: known.version,
        fields: fields(app, chosen, problem),
        summary: ErrorSummary::of(problem),
        preview: None,
    }
}

/// `GET /admin/roles/{role}`
///
/// # Errors
/// 没有这个角色 404。
pub async fn form(State(app): State<App>, ctx: Ctx, Path(role): Path<String>) -> Result<Html, Failure> {
    let role = model::role(&role).ok_or_else(Problem::not_found)?;
    let known = known(&app, &ctx, role).await?;
    render(&page(&app, &ctx, role, &known, &known.held, None))
}

/// `POST /admin/roles/{role}`：先预览，再（`confirm`）真改。
///
/// # Errors
/// 没有这个角色 404，版本不符 412，没有改动 422。
pub async fn save(State(app): State<App>, ctx: Ctx, Path(role): Path<String>, Form(form): Form<RoleForm>) -> Result<Response, Failure> {
    let role = model::role(&role).ok_or_else(Problem::not_found)?;
    let permissions: BTreeSet<String> = form.permission.iter().cloned().collect();
    let declared: BTreeSet<&'static str> = app.areas().iter().flat_map(|area| area.permissions).map(|(code, _)| *code).collect();
    let change = RoleChange { role: role.code.clone(), version: form.version, permissions };
    if form.confirm == "1" {
        let (actor, at, wanted) = (ctx.actor.clone(), app.now(), change.clone());
        return match app.act(&ctx, "directory.change_role", move |tx| commands::change_role(tx, &actor, &wanted, &declared, at)).await {
            Ok(()) => Ok(see_other("/admin/roles").flash(format!("“{}”的权限改好了，半分钟内对在线的人生效", role.name)).into_response()),
            Err(error) => refused(&app, &ctx, role, &change, error.into_problem()).await,
        };
    }
    let known = known(&app, &ctx, role).await?;
    if known.version != form.version {
        return refused(&app, &ctx, role, &change, Problem::stale(known.version)).await;
    }
    let groups = groups(&app);
    let named = |codes: BTreeSet<&String>| codes.into_iter().map(|code| title_of(&groups, code)).collect::<Vec<_>>();
    let (added, removed) = (change.permissions.difference(&known.held).collect(), known.held.difference(&change.permissions).collect());
    let preview = Preview {
        added: named(added),
        removed: named(removed),
        count: known.count,
        people: known.people.clone(),
        permissions: change.permissions.iter().cloned().collect(),
    };
    if preview.added.is_empty() && preview.removed.is_empty() {
        return refused(&app, &ctx, role, &change, Problem::field("permission", "same", "没有改动：勾选与现在的一样")).await;
    }
    let shown = page(&app, &ctx, role, &known, &change.permissions, None);
    Ok(render(&RolePage { preview: Some(preview), ..shown })?.into_response())
}

async fn refused(app: &App, ctx: &Ctx, role: &'static Role, change: &RoleChange, problem: Problem) -> Result<Response, Failure> {
    if problem.errors.is_empty() && problem.code.status() != 412 {
        return Err(problem.into());
    }
    let known = known(app, ctx, role).await?;
    render_status(problem.code.status(), &page(app, ctx, role, &known, &change.permissions, Some(&problem)))
}
