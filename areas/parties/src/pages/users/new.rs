//! 新增人员：登记、任职、开账号一次做完；初始口令只在回答页上显示这一次。

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use tongban_directory::queries as directory;
use tongban_kernel::Problem;
use tongban_kernel::time::{date_of, day_number};
use tongban_store::Tx;
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::guard::random_hex;
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, render, render_status, see_other};

use super::forms::{Choices, StaffForm};
use crate::commands::staff::{self, NewAccount};
use crate::passwords;

#[derive(Template)]
#[template(path = "user_new.html")]
struct NewPage {
    l: Layout,
    summary: ErrorSummary,
    fields: Vec<Field>,
    post: Vec<Field>,
    login: Field,
}

/// 一个初始口令：三类字符，没有容易看错的字母。
pub(super) fn first_password() -> String {
    let hex = random_hex(6);
    let (a, b, c) = (hex.get(..4).unwrap_or(""), hex.get(4..8).unwrap_or(""), hex.get(8..).unwrap_or(""));
    format!("Tb-{a}-{b}-{c}")
}

/// 初始口令的一页：只显示这一次。
#[derive(Template)]
#[template(path = "user_password.html")]
pub(super) struct PasswordPage {
    pub l: Layout,
    pub heading: &'static str,
    pub staff: i64,
    pub name: String,
    pub login: String,
    pub password: String,
}

async fn page(app: &App, ctx: &Ctx, form: &StaffForm, problem: Option<&Problem>) -> Result<NewPage, Failure> {
    let actor = ctx.actor.clone();
    let choices = app
        .db()
        .snapshot("parties.user_choices", move |tx| {
            Ok(Choices { orgs: super::units(tx, &actor)?, roles: directory::givable_roles(tx, &actor)?, ..Choices::default() })
        })
        .await?;
    let layout = Layout::staff(ctx, "新增人员");
    Ok(NewPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        summary: ErrorSummary::of(problem),
        fields: form.fields(&choices.orgs, "", problem),
        post: form.post().fields(&choices, true, "", problem),
        login: Field::text("login", "登录名").width("w-m").optional().hint("一般用工号；不填就暂不开账号").value(&form.login).errors_of(problem),
    })
}

/// `GET /admin/users/new`
///
/// # Errors
/// 引擎故障。
pub async fn form(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let orgs_unit = ctx.actor.org.to_string();
    let form = StaffForm { joined: date_of(app.now()).to_string(), org: orgs_unit, real_level: "0".to_owned(), ..StaffForm::default() };
    render(&page(&app, &ctx, &form, None).await?)
}

/// `POST /admin/users`。不认一次性提交键（所以不用 `act`）：回答里有口令，不能存下来重放；重复提交由“编码不许重复”挡住。
///
/// # Errors
/// 填得不对 422。
pub async fn create(State(app): State<App>, ctx: Ctx, Form(form): Form<StaffForm>) -> Result<Response, Failure> {
    let password = first_password();
    let hash = if form.login.trim().is_empty() { String::new() } else { passwords::hash(password.clone()).await? };
    let (actor, at, input) = (ctx.actor.clone(), app.now(), form.clone());
    let made = app.db().write("parties.create_user", move |tx| create_all(tx, &actor, &input, &hash, at)).await;
    match made {
        Ok(id) if form.login.trim().is_empty() => Ok(see_other(format!("/admin/users/{id}")).flash("登记好了，还没有开账号").into_response()),
        Ok(staff) => render_status(200, &PasswordPage {
            l: Layout::staff(&ctx, "初始口令"),
            heading: "登记好了，账号已开",
            staff,
            name: form.name.trim().to_owned(),
            login: form.login.trim().to_owned(),
            password,
        }),
        Err(error) => match error.problem().filter(|problem| !problem.errors.is_empty()).cloned() {
            Some(problem) => render_status(422, &page(&app, &ctx, &form, Some(&problem)).await?),
            None => Err(error.into()),
        },
    }
}

fn create_all(tx: &mut Tx<'_>, actor: &tongban_kernel::Actor, form: &StaffForm, hash: &str, at: jiff::Timestamp) -> tongban_store::Result<i64> {
    let new = form.staff();
    let id = tongban_directory::commands::register_staff(tx, actor, &new, at)?;
    if !form.role.is_empty() {
        let appointment = form.post().appointment(id, day_number(date_of(at)));
        tongban_directory::commands::appoint(tx, actor, &appointment, at)?;
    }
    if !form.login.trim().is_empty() {
        staff::open_account(tx, actor, &NewAccount { staff: id, login: &form.login, hash, must_change: true }, at)?;
    }
    Ok(id)
}
