//! 一名工作人员：基本情况、岗位、账号、手里的事、离职。

use askama::Template;
use axum::extract::{Path, State};
use tongban_directory::model::{Post, REAL, reach_name, role_name};
use tongban_directory::queries::{self as directory, Staff};
use tongban_directory::{STAFF, commands as directory_commands};
use tongban_kernel::time::{date_of, day_number, show as show_time};
use tongban_kernel::{Actor, Problem};
use tongban_store::{Result, Tx};
use tongban_web::components::{ErrorSummary, Field, StatusTag};
use tongban_web::{App, Ctx, Failure, Holding, Html, Layout, Todo, render};

use super::forms::{Choices, PostForm, StaffForm};
use super::{day_text, state_tag, units};
use crate::model::Account;
use crate::queries::staff as accounts;

/// 手里的事每类至多列几件。
const HELD: u32 = 20;

/// 哪张表单出了错，连同填的。
#[derive(Clone, Default)]
pub enum Tried {
    #[default]
    Nothing,
    Edit(StaffForm),
    Add(PostForm),
    Post(i64, PostForm),
    Open(String),
    Leave(String),
    /// 没有可改的字段，只说一句话。
    Said,
}

struct PostLine {
    post: Post,
    org: String,
    role: String,
    reach: &'static str,
    window: String,
    backup: String,
    /// 他是谁的 B 岗。
    covers: Vec<String>,
    days: String,
    fields: Vec<Field>,
    open: bool,
}

struct AccountView {
    account: Account,
    locked: String,
    verify_by: String,
}

/// 一类手里的事。
struct Held {
    title: &'static str,
    todos: Vec<Todo>,
    more: bool,
}

#[derive(Template)]
#[template(path = "user.html")]
pub struct UserPage {
    l: Layout,
    summary: ErrorSummary,
    staff: Staff,
    state: StatusTag,
    org: String,
    joined: String,
    left: String,
    real: String,
    posts: Vec<PostLine>,
    past: Vec<PostLine>,
    account: Option<AccountView>,
    held: Vec<Held>,
    /// 管不了他就说为什么；空着就管得了。
    hands_off: String,
    own: bool,
    edit: Vec<Field>,
    add: Vec<Field>,
    open: Field,
    leave: Field,
    tried: Tried,
}

impl UserPage {
    fn may(&self) -> bool {
        self.hands_off.is_empty()
    }

    fn editing(&self) -> bool {
        matches!(self.tried, Tried::Edit(_))
    }

    fn adding(&self) -> bool {
        matches!(self.tried, Tried::Add(_))
    }

    fn leaving(&self) -> bool {
        matches!(self.tried, Tried::Leave(_))
    }
}

/// 一页要读的全部。
struct Read {
    staff: Staff,
    org: String,
    posts: Vec<Seen>,
    account: Option<(Account, Option<jiff::Timestamp>)>,
    held: Vec<(&'static str, Vec<Todo>)>,
    choices: Choices,
    colleagues: Vec<(i64, String)>,
    hands_off: String,
}

/// 一个岗位与它周围的名字。
struct Seen {
    post: Post,
    org: String,
    window: String,
    backup: String,
    covers: Vec<String>,
    choices: Choices,
}

fn person_of(tx: &mut Tx<'_>, post: &Post) -> Result<String> {
    let name = directory::staff_name(tx, post.staff)?.unwrap_or_default();
    Ok(format!("{name} {}", post.shown_title()))
}

/// 同单位在岗的人，他自己除外。
fn colleagues(tx: &mut Tx<'_>, staff: &Staff, day: i64) -> Result<Vec<Staff>> {
    let filter = directory::StaffFilter { active: Some(true), ..directory::StaffFilter::default() };
    let found = directory::staff_list(tx, &tongban_kernel::Scope::unit(staff.unit), &filter, day, "", 200)?;
    Ok(found.into_iter().filter(|other| other.id != staff.id).collect())
}

/// 一个单位里能作 B 岗的岗位。
fn backups(tx: &mut Tx<'_>, unit: i64, staff: i64, day: i64) -> Result<Vec<(i64, String)>> {
    let filter = directory::StaffFilter { active: Some(true), ..directory::StaffFilter::default() };
    let mut found = Vec::new();
    for other in directory::staff_list(tx, &tongban_kernel::Scope::unit(unit), &filter, day, "", 200)? {
        if other.id == staff {
            continue;
        }
        for post in directory::posts_of(tx, other.id, day)?.into_iter().filter(|post| post.unit == unit) {
            found.push((post.id, format!("{} {}", other.name, post.shown_title())));
        }
    }
    Ok(found)
}

fn windows(tx: &mut Tx<'_>, unit: i64) -> Result<Vec<directory::Window>> {
    let mut found = directory::windows(tx, unit)?;
    for child in directory::children(tx, unit)?.into_iter().filter(|child| child.unit == unit) {
        found.extend(directory::windows(tx, child.id)?);
    }
    Ok(found)
}

fn seen(tx: &mut Tx<'_>, post: Post, day: i64, full: bool) -> Result<Seen> {
    let org = directory::org(tx, post.org)?.map_or_else(String::new, |org| org.name);
    let window = match post.window {
        Some(id) => directory::window(tx, id)?.map_or_else(String::new, |window| window.name),
        None => String::new(),
    };
    let backup = match post.backup {
        Some(id) => match directory::post(tx, id)? {
            Some(other) => person_of(tx, &other)?,
            None => String::new(),
        },
        None => String::new(),
    };
    let mut covers = Vec::new();
    for other in directory::backed_by(tx, post.id, day)? {
        covers.push(person_of(tx, &other)?);
    }
    let choices = if full {
        Choices { windows: windows(tx, post.unit)?, backups: backups(tx, post.unit, post.staff, day)?, ..Choices::default() }
    } else {
        Choices::default()
    };
    Ok(Seen { post, org, window, backup, covers, choices })
}

fn read(tx: &mut Tx<'_>, actor: &Actor, id: i64, holdings: &[Holding], at: jiff::Timestamp) -> Result<Read> {
    let staff = directory::staff(tx, id)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&staff.place())?;
    let day = day_number(date_of(at));
    let hands_off = if actor.may(STAFF) {
        directory_commands::hands_off(tx, actor, &staff, at)?.map_or_else(String::new, |problem| problem.detail)
    } else {
        "您的岗位只能看，不能改".to_owned()
    };
    let full = hands_off.is_empty();
    let posts = directory::posts_ever(tx, id)?.into_iter().map(|post| seen(tx, post, day, full)).collect::<Result<Vec<_>>>()?;
    let account = match accounts::account_of(tx, id)? {
        Some(account) => {
            let locked = accounts::locked_until(tx, account.id, at)?;
            Some((account, locked))
        }
        None => None,
    };
    let mut held = Vec::new();
    for holding in holdings {
        held.push((holding.title, (holding.rows)(tx, id, HELD + 1)?));
    }
    let choices = if full {
        Choices {
            orgs: units(tx, actor)?,
            roles: directory::givable_roles(tx, actor)?,
            windows: windows(tx, staff.unit)?,
            backups: backups(tx, staff.unit, staff.id, day)?,
        }
    } else {
        Choices::default()
    };
    let colleagues = if full { colleagues(tx, &staff, day)?.into_iter().map(|other| (other.id, other.name)).collect() } else { Vec::new() };
    let org = directory::org(tx, staff.org)?.map_or_else(String::new, |org| org.name);
    Ok(Read { staff, org, posts, account, held, choices, colleagues, hands_off })
}

/// 各区挂在人名下的事。
pub fn holdings(app: &App) -> Vec<Holding> {
    app.areas().iter().flat_map(|area| area.holdings).copied().collect()
}

/// 备好一页；`tried` 是出了错的那张表单。
///
/// # Errors
/// 范围外或没有这个人 404。
pub async fn page(app: &App, ctx: &Ctx, id: i64, tried: Tried, problem: Option<&Problem>) -> std::result::Result<UserPage, Failure> {
    let (actor, at, all) = (ctx.actor.clone(), app.now(), holdings(app));
    let day = day_number(date_of(at));
    let found = app.db().snapshot("parties.user", move |tx| read(tx, &actor, id, &all, at)).await?;
    let layout = Layout::staff(ctx, &found.staff.name);
    let at_form = |wanted: bool| problem.filter(|_| wanted);
    let (editing, adding) = (matches!(tried, Tried::Edit(_)), matches!(tried, Tried::Add(_)));
    let edit_form = if let Tried::Edit(form) = &tried { form.clone() } else { StaffForm::of(&found.staff) };
    let add_form = match &tried {
        Tried::Add(form) => form.clone(),
        _ => PostForm { org: found.staff.org.to_string(), ..PostForm::default() },
    };
    let login = if let Tried::Open(login) = &tried { login.clone() } else { found.staff.code.clone() };
    let to = if let Tried::Leave(to) = &tried { to.clone() } else { String::new() };
    let lines: Vec<PostLine> = found.posts.into_iter().map(|seen| post_line(seen, &tried, problem)).collect();
    let (posts, past) = lines.into_iter().partition(|line| line.post.to_day >= day);
    let none = std::iter::once((String::new(), "没有要交的".to_owned()));
    let people = found.colleagues.into_iter().map(|(id, name)| (id.to_string(), name));
    Ok(UserPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        summary: ErrorSummary::of(problem),
        state: state_tag(&found.staff),
        org: found.org,
        joined: day_text(found.staff.joined_day),
        left: found.staff.left_day.map(day_text).unwrap_or_default(),
        real: found.staff.real_day.filter(|_| found.staff.real_level >= REAL).map(day_text).unwrap_or_default(),
        posts,
        past,
        account: found.account.map(|(account, locked)| AccountView {
            locked: locked.map(show_time).unwrap_or_default(),
            verify_by: account.verify_by.map(|by| show_time(tongban_kernel::time::from_millis(by))).unwrap_or_default(),
            account,
        }),
        held: found.held.into_iter().map(|(title, todos)| held(title, todos)).collect(),
        own: ctx.actor.staff == found.staff.id,
        hands_off: found.hands_off,
        edit: edit_form.fields(&found.choices.orgs, if editing { "" } else { "edit" }, at_form(editing)),
        add: add_form.fields(&found.choices, false, if adding { "" } else { "add" }, at_form(adding)),
        open: Field::text("login", "登录名").width("w-m").hint("一般用工号").value(login).errors_of(problem),
        leave: Field::select("to", "手里的交给谁", none.chain(people)).value(to).errors_of(problem),
        staff: found.staff,
        tried,
    })
}

fn held(title: &'static str, mut todos: Vec<Todo>) -> Held {
    let most = HELD as usize;
    let more = todos.len() > most;
    todos.truncate(most);
    Held { title, todos, more }
}

fn post_line(seen: Seen, tried: &Tried, problem: Option<&Problem>) -> PostLine {
    let post = seen.post;
    let until = if post.to_day == tongban_directory::model::FOREVER { "一直".to_owned() } else { day_text(post.to_day) };
    let (form, here) = match tried {
        Tried::Post(id, form) if *id == post.id => (form.clone(), true),
        _ => (PostForm::of(&post), false),
    };
    let suffix = if here { String::new() } else { post.id.to_string() };
    PostLine {
        org: seen.org,
        role: role_name(&post.role).to_owned(),
        reach: reach_name(post.reach),
        window: seen.window,
        backup: seen.backup,
        covers: seen.covers,
        days: format!("{} 至 {until}", day_text(post.from_day)),
        fields: form.change_fields(&seen.choices, &suffix, problem.filter(|_| here)),
        open: here,
        post,
    }
}

/// `GET /admin/users/{staff}`
///
/// # Errors
/// 范围外或没有这个人 404。
pub async fn show(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>) -> std::result::Result<Html, Failure> {
    render(&page(&app, &ctx, id, Tried::Nothing, None).await?)
}
