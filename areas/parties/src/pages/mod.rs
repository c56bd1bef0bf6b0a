//! 登录、退出、个人资料、换岗。

pub mod agents;
pub mod companies;
pub mod own;
pub mod register;
pub mod users;
pub mod verify;

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_directory::model::role_name;
use tongban_directory::queries as directory;
use tongban_kernel::problem::Problem;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::mask;
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::guard::{SESSION, cookie, random_hex};
use tongban_web::layout::local_target;
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Query, Redirect, render, render_status, see_other};

use crate::commands::{self, normal_login};
use crate::identify::{forget, hash_token};
use crate::model::AccountKind;
use crate::{passwords, queries};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NextQuery {
    next: String,
}

#[derive(Template)]
#[template(path = "login.html")]
struct LoginPage {
    l: Layout,
    summary: ErrorSummary,
    login: Field,
    password: Field,
    next: String,
    staff: bool,
}

impl LoginPage {
    fn new(ctx: &Ctx, next: &str, login: &str, problem: Option<&Problem>) -> Self {
        let staff = ctx.path().starts_with("/desk");
        let label = if staff { "工号" } else { "手机号或身份证号" };
        let layout = Layout::public(ctx, if staff { "工作人员登录" } else { "登录" });
        Self {
            l: if problem.is_some() { layout.with_errors() } else { layout },
            summary: ErrorSummary::of(problem),
            login: Field::text("login", label).width("w-m").autocomplete("username").value(login).errors_of(problem),
            password: Field::password("password", "口令").errors_of(problem),
            next: next.to_owned(),
            staff,
        }
    }
}

/// 登录页；登录后回到 `next`。
pub async fn login_page(ctx: Ctx, Query(query): Query<NextQuery>) -> Result<Response, Failure> {
    if ctx.actor.is_signed_in() && !query.next.is_empty() {
        return Ok(see_other(local_target(&query.next)).into_response());
    }
    Ok(render(&LoginPage::new(&ctx, &query.next, "", None))?.into_response())
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub struct LoginForm {
    login: String,
    password: String,
    next: String,
}

/// 登录。
pub async fn login(State(app): State<App>, ctx: Ctx, Form(form): Form<LoginForm>) -> Result<Response, Failure> {
    match sign_in(&app, &form).await {
        Ok((token, kind)) => {
            let home = if kind == AccountKind::Staff { "/desk" } else { "/me" };
            let target = if form.next.is_empty() { home } else { local_target(&form.next) };
            let session = cookie(SESSION, &token, None, app.config().https);
            Ok(see_other(target).cookie(session).into_response())
        }
        Err(Failure(problem)) if problem.code.status() < 500 => {
            let status = problem.code.status();
            render_status(status, &LoginPage::new(&ctx, &form.next, &form.login, Some(&problem)))
        }
        Err(failure) => Err(failure),
    }
}

async fn sign_in(app: &App, form: &LoginForm) -> Result<(String, AccountKind), Failure> {
    let login = normal_login(&form.login);
    if login.is_empty() || login.chars().count() > 50 {
        return Err(Problem::field("login", "required", "请填写手机号、身份证号或工号").into());
    }
    let now = app.now();
    let name = login.clone();
    let account = app.db().snapshot("parties.before_login", move |tx| commands::before_login(tx, &name, now)).await?;
    let known = account.as_ref().map(|account| account.password.clone());
    let right = passwords::verify(form.password.chars().take(200).collect(), known).await?;
    let Some(account) = account.filter(|_| right) else {
        app.db().write("parties.login_failed", move |tx| commands::login_failed(tx, &login, now)).await?;
        return Err(Problem::field("password", "mismatch", "登录名或口令不对；连错 5 次要等 15 分钟").into());
    };
    let token = random_hex(32);
    let hash = hash_token(&token);
    let kind = account.kind;
    app.db().write("parties.login", move |tx| commands::login(tx, &login, &account, &hash, now)).await?;
    Ok((token, kind))
}

/// 退出。
pub async fn logout(State(app): State<App>, ctx: Ctx) -> Result<Redirect, Failure> {
    if let Some(token) = &ctx.session {
        let hash = hash_token(token);
        app.db().write("parties.logout", move |tx| commands::logout(tx, &hash)).await?;
        forget(token);
    }
    Ok(see_other("/").flash("已退出登录").cookie(cookie(SESSION, "", Some(0), app.config().https)))
}

#[derive(Template)]
#[template(path = "profile.html")]
struct ProfilePage {
    l: Layout,
    name: String,
    id_number: String,
    mobile: String,
    level: i64,
}

/// 个人资料，脱敏显示。
pub async fn profile(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let id = ctx.actor.person;
    let person = app.db().read("parties.person", move |tx| queries::person(tx, id)).await?.ok_or_else(Problem::not_found)?;
    render(&ProfilePage {
        l: Layout::public(&ctx, "个人资料"),
        name: person.masked_name(),
        id_number: mask::id_number(&person.id_number),
        mobile: mask::mobile(&person.mobile),
        level: person.real_level,
    })
}

struct HeldPost {
    id: i64,
    title: String,
    org: String,
    role: String,
    here: bool,
}

#[derive(Template)]
#[template(path = "posts.html")]
struct PostsPage {
    l: Layout,
    posts: Vec<HeldPost>,
}

/// 我的岗位：一人多岗在这里切换。
pub async fn posts(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let (staff, here, day) = (ctx.actor.staff, ctx.actor.post, day_number(date_of(app.now())));
    let posts = app
        .db()
        .snapshot("parties.posts", move |tx| {
            let mut found = Vec::new();
            for post in directory::posts_of(tx, staff, day)? {
                let org = directory::org(tx, post.org)?.map_or(String::new(), |org| org.name);
                found.push(HeldPost {
                    id: post.id,
                    title: post.shown_title().to_owned(),
                    org,
                    role: role_name(&post.role).to_owned(),
                    here: post.id == here,
                });
            }
            Ok(found)
        })
        .await?;
    render(&PostsPage { l: Layout::staff(&ctx, "我的岗位"), posts })
}

#[derive(Deserialize)]
pub struct PostForm {
    post: i64,
}

/// 换岗。
pub async fn choose_post(State(app): State<App>, ctx: Ctx, Form(form): Form<PostForm>) -> Result<Redirect, Failure> {
    let token = ctx.session.clone().ok_or_else(Problem::unauthenticated)?;
    let (actor, hash, at) = (ctx.actor.clone(), hash_token(&token), app.now());
    app.act(&ctx, "parties.choose_post", move |tx| commands::choose_post(tx, &actor, &hash, form.post, at)).await?;
    forget(&token);
    Ok(see_other("/desk").flash("已切换岗位"))
}
