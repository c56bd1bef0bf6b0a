//! 人员与账号：范围内的名单，筛选、翻页、导出（accounts §5.2、ux §`/admin`）。

pub mod acts;
pub mod forms;
pub mod import;
pub mod new;
pub mod show;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_directory::model::{self, REAL};
use tongban_directory::queries::{self as directory, Org, Staff, StaffFilter};
use tongban_directory::STAFF;
use tongban_documents::table::{Cell, Column, Format, Kind};
use tongban_kernel::Actor;
use tongban_kernel::time::{date_of, day_number, from_day_number};
use tongban_store::{Result, Tx};
use tongban_web::components::{Field, Pager, StatusTag};
use tongban_web::{App, Ctx, Failure, Layout, Listing, PageQuery, Query, export, render};

use crate::queries::staff as accounts;

/// 导出一次取多少人。
const BLOCK: i64 = 500;

/// 名单的条件。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct UsersQuery {
    pub unit: String,
    pub role: String,
    /// `on` 在岗、`unreal` 在岗而未实名、`off` 停用。
    pub state: String,
    pub q: String,
    pub format: String,
    pub cursor: Option<String>,
    pub limit: Option<i64>,
}

const STATES: &[(&str, &str)] = &[("", "全部"), ("on", "在岗"), ("unreal", "在岗未实名"), ("off", "停用")];

impl UsersQuery {
    fn filter(&self) -> StaffFilter {
        StaffFilter {
            unit: self.unit.parse().unwrap_or(0),
            role: self.role.clone(),
            active: match self.state.as_str() {
                "on" | "unreal" => Some(true),
                "off" => Some(false),
                _ => None,
            },
            real_below: if self.state == "unreal" { REAL } else { 0 },
            words: self.q.trim().chars().take(50).collect(),
        }
    }

    /// 游标绑定的条件。
    fn mark(&self) -> String {
        format!("{}|{}|{}|{}", self.unit, self.role, self.state, self.q)
    }
}

/// 名单的一行。
pub struct Line {
    pub staff: Staff,
    pub org: String,
    /// 现在的岗位，一行一个。
    pub posts: Vec<String>,
    /// 登录名；没有账号为空。
    pub login: String,
    pub state: StatusTag,
}

/// 数字日期给人看；空着的给横线。
pub(super) fn day_text(day: i64) -> String {
    from_day_number(day).map_or_else(|| "—".to_owned(), |date| date.to_string())
}

pub(super) fn state_tag(staff: &Staff) -> StatusTag {
    let tone = if !staff.active { "r" } else if staff.real_level < REAL { "y" } else { "g" };
    let text = if staff.active && staff.real_level < REAL { "在岗·未实名" } else { staff.state() };
    StatusTag { text: text.to_owned(), tone }
}

/// 范围内的部门与乡镇（含县区本级），名单与表单里选。
pub(super) fn units(tx: &mut Tx<'_>, actor: &Actor) -> Result<Vec<Org>> {
    let all = directory::all_orgs(tx)?;
    Ok(all.into_iter().filter(|org| org.status == 1 && actor.scope.covers(&org.place())).collect())
}

fn line(tx: &mut Tx<'_>, orgs: &[Org], staff: Staff, day: i64) -> Result<Line> {
    let mut posts = Vec::new();
    for post in directory::posts_of(tx, staff.id, day)? {
        let role = model::role_name(&post.role);
        posts.push(if post.shown_title() == role { role.to_owned() } else { format!("{}（{role}）", post.shown_title()) });
    }
    let login = accounts::account_of(tx, staff.id)?.map_or_else(String::new, |account| account.login);
    let org = orgs.iter().find(|org| org.id == staff.org).map_or_else(String::new, |org| org.name.clone());
    Ok(Line { org, posts, login, state: state_tag(&staff), staff })
}

#[derive(Template)]
#[template(path = "users.html")]
struct UsersPage {
    l: Layout,
    q: String,
    unit: Field,
    role: Field,
    state: Field,
    lines: Vec<Line>,
    pager: Pager,
    export: String,
    may_manage: bool,
    filtered: bool,
}

/// `GET /admin/users`
///
/// # Errors
/// 翻页位置失效 422。
pub async fn list(State(app): State<App>, ctx: Ctx, Query(query): Query<UsersQuery>) -> std::result::Result<Response, Failure> {
    if let Some(format) = Format::from_extension(&query.format) {
        return download(app, &ctx, &query, format).await;
    }
    let page = PageQuery { limit: query.limit, cursor: query.cursor.clone() };
    let (limit, mark, day) = (page.limit()?, query.mark(), day_number(date_of(app.now())));
    let after: Option<String> = page.after(&mark)?;
    let (actor, filter) = (ctx.actor.clone(), query.filter());
    let (units, lines) = app
        .db()
        .snapshot("parties.users", move |tx| {
            let orgs = units(tx, &actor)?;
            let take = i64::try_from(limit).unwrap_or(20) + 1;
            let found = directory::staff_list(tx, &actor.scope, &filter, day, after.as_deref().unwrap_or(""), take)?;
            let lines = found.into_iter().map(|staff| line(tx, &orgs, staff, day)).collect::<Result<Vec<_>>>()?;
            Ok((orgs, lines))
        })
        .await?;
    let listing = Listing::cut(lines, limit, &mark, |line| line.staff.code.clone());
    let base = ctx.uri.split('#').next().unwrap_or("/admin/users").to_owned();
    let all = |title: &str| std::iter::once((String::new(), title.to_owned())).collect::<Vec<_>>();
    let unit_options = units.iter().filter(|org| org.is_unit()).map(|org| (org.id.to_string(), org.name.clone()));
    let roles = model::roles().iter().map(|role| (role.code.clone(), role.name.clone()));
    let filtered = query.filter() != StaffFilter::default();
    Ok(render(&UsersPage {
        l: Layout::staff(&ctx, "人员与账号"),
        q: query.q.clone(),
        unit: Field::select("unit", "单位", all("全部单位").into_iter().chain(unit_options)).value(&query.unit),
        role: Field::select("role", "角色", all("全部角色").into_iter().chain(roles)).value(&query.role),
        state: Field::select("state", "状态", STATES.iter().copied()).value(&query.state),
        pager: Pager::of(&ctx.uri, listing.next_cursor.as_deref(), format!("本页 {} 人", listing.items.len())),
        lines: listing.items,
        export: format!("{base}{}format=", if base.contains('?') { '&' } else { '?' }),
        may_manage: ctx.actor.may(STAFF),
        filtered,
    })?
    .into_response())
}

const COLUMNS: &[(&str, &str, Kind)] = &[
    ("人员编码", "code", Kind::Code),
    ("姓名", "name", Kind::Text),
    ("单位", "org", Kind::Text),
    ("岗位", "posts", Kind::Text),
    ("登录名", "login", Kind::Code),
    ("实名等级", "real_level", Kind::Int),
    ("实名日期", "real_day", Kind::Date),
    ("入职日期", "joined", Kind::Date),
    ("停用日期", "left", Kind::Date),
    ("状态", "state", Kind::Text),
];

/// 与当前筛选一致的导出，一块块取。
async fn download(app: App, ctx: &Ctx, query: &UsersQuery, format: Format) -> std::result::Result<Response, Failure> {
    let columns = COLUMNS.iter().map(|(title, code, kind)| Column::new(*title, code, *kind)).collect();
    let (actor, filter) = (ctx.actor.clone(), query.filter());
    export::stream(format, "staff", "人员与账号", columns, move |after: Option<String>| {
        let (app, actor, filter) = (app.clone(), actor.clone(), filter.clone());
        async move {
            let day = day_number(date_of(app.now()));
            let read = app.db().snapshot("parties.users_export", move |tx| {
                let orgs = units(tx, &actor)?;
                let found = directory::staff_list(tx, &actor.scope, &filter, day, after.as_deref().unwrap_or(""), BLOCK)?;
                found.into_iter().map(|staff| line(tx, &orgs, staff, day)).collect::<Result<Vec<_>>>()
            });
            let lines = read.await?;
            let more = i64::try_from(lines.len()).unwrap_or(0) == BLOCK;
            let next = lines.last().filter(|_| more).map(|line| line.staff.code.clone());
            Ok((lines.into_iter().map(cells).collect(), next))
        }
    })
    .await
}

fn cells(line: Line) -> Vec<Cell> {
    let date = |day: Option<i64>| Cell::from(day.and_then(from_day_number));
    vec![
        Cell::from(line.staff.code.as_str()),
        Cell::from(line.staff.name.as_str()),
        Cell::from(line.org),
        Cell::from(line.posts.join("；")),
        Cell::from(line.login),
        Cell::Int(line.staff.real_level),
        date(line.staff.real_day),
        date(Some(line.staff.joined_day)),
        date(line.staff.left_day),
        Cell::from(line.state.text),
    ]
}
