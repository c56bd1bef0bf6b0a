//! 工作人员自己的两件事：改口令、实名认证。初始口令没改、没有实名的，登录后先到这里（accounts §5.1、§5.3）。

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::codes::{IdNumber, Mobile};
use tongban_kernel::problem::{Checks, Problem};
use tongban_kernel::time::date_of;
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, attempts, render, render_status, see_other};

use super::register::{send_code_to, wrong_code};
use crate::commands::staff::{self, OwnIdentity};
use crate::identify::{forget, hash_token};
use crate::{passwords, queries, rules};

#[derive(Template)]
#[template(path = "own_password.html")]
struct PasswordPage {
    l: Layout,
    summary: ErrorSummary,
    fields: Vec<Field>,
    must: bool,
}

fn password_page(ctx: &Ctx, problem: Option<&Problem>) -> PasswordPage {
    let layout = Layout::staff(ctx, "改口令");
    PasswordPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        summary: ErrorSummary::of(problem),
        fields: vec![
            Field::password("old", "现在的口令").errors_of(problem),
            Field::password("new", "新口令").autocomplete("new-password").hint("至少 10 位，含大写、小写、数字、符号里的三类").errors_of(problem),
            Field::password("again", "再写一遍新口令").autocomplete("new-password").errors_of(problem),
        ],
        must: ctx.actor.detour == Some(crate::OWN_PASSWORD),
    }
}

/// 改口令的表单。
#[derive(Default, Deserialize)]
#[serde(default)]
pub struct PasswordForm {
    old: String,
    new: String,
    again: String,
}

/// `GET /desk/password`
///
/// # Errors
/// 引擎故障。
pub async fn password(ctx: Ctx) -> Result<Html, Failure> {
    render(&password_page(&ctx, None))
}

/// `POST /desk/password`
///
/// # Errors
/// 现在的口令不对、新口令不合格 422；连错太多 429。
pub async fn change_password(State(app): State<App>, ctx: Ctx, Form(form): Form<PasswordForm>) -> Result<Response, Failure> {
    match try_password(&app, &ctx, form).await {
        Ok(()) => Ok(see_other("/desk").flash("口令改好了，别处的登录都已退出").into_response()),
        Err(Failure(problem)) if matches!(problem.code.status(), 422 | 429) => render_status(problem.code.status(), &password_page(&ctx, Some(&problem))),
        Err(failure) => Err(failure),
    }
}

async fn try_password(app: &App, ctx: &Ctx, form: PasswordForm) -> Result<(), Failure> {
    let mut checks = Checks::new();
    checks.ensure(!form.old.is_empty(), "old", "required", "请填现在的口令");
    if let Err(detail) = rules::check_password(&form.new) {
        checks.ensure(false, "new", "weak", detail);
    }
    checks.ensure(form.new != form.old, "new", "same", "新口令不能与现在的一样");
    checks.ensure(form.new == form.again, "again", "mismatch", "两遍写的不一样");
    checks.finish()?;
    let token = ctx.session.clone().ok_or_else(Problem::unauthenticated)?;
    let (id, now, key) = (ctx.actor.account, app.now(), format!("password:{}", ctx.actor.account));
    let counted = key.clone();
    let account = app
        .db()
        .snapshot("parties.own_account", move |tx| {
            attempts::check(tx, &counted, now)?;
            queries::account(tx, id)
        })
        .await?
        .ok_or_else(Problem::unauthenticated)?;
    if !passwords::verify(form.old.chars().take(200).collect(), Some(account.password)).await? {
        app.db().write("parties.password_failed", move |tx| attempts::fail(tx, &key, now)).await?;
        return Err(Problem::field("old", "mismatch", "现在的口令不对；连错 5 次要等 15 分钟").into());
    }
    let (actor, hash, kept) = (ctx.actor.clone(), passwords::hash(form.new).await?, hash_token(&token));
    app.act(ctx, "parties.change_password", move |tx| {
        attempts::clear(tx, &key)?;
        staff::change_own_password(tx, &actor, &hash, &kept, now)
    })
    .await?;
    crate::identify::forget_account(id);
    Ok(())
}

#[derive(Template)]
#[template(path = "own_identity.html")]
struct IdentityPage {
    l: Layout,
    summary: ErrorSummary,
    name: String,
    days: i64,
    done: bool,
    fields: Vec<Field>,
    /// 第二步：把第一步填的带着走。
    carried: Vec<(&'static str, String)>,
    demo_code: String,
}

/// 实名认证的表单；没有验证码是第一步。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct IdentityForm {
    id_number: String,
    mobile: String,
    code: Option<String>,
}

async fn identity_page(app: &App, ctx: &Ctx, form: &IdentityForm, second: bool, demo_code: String, problem: Option<&Problem>) -> Result<IdentityPage, Failure> {
    let (id, account) = (ctx.actor.staff, ctx.actor.account);
    let (staff, account) = app
        .db()
        .snapshot("parties.own_identity", move |tx| Ok((tongban_directory::queries::staff(tx, id)?, queries::account(tx, account)?)))
        .await?;
    let staff = staff.ok_or_else(Problem::not_found)?;
    let left = account.and_then(|account| account.verify_by).map_or(7, |by| (by - app.now().as_millisecond()).div_euclid(86_400_000) + 1);
    let layout = Layout::staff(ctx, "实名认证");
    let fields = if second {
        vec![Field::text("code", "短信验证码").width("w-s").autocomplete("one-time-code").hint("6 位数字，10 分钟内有效").errors_of(problem)]
    } else {
        vec![
            Field::text("id_number", "身份证号").width("w-m").hint("18 位，末位是 X 的也照填").value(&form.id_number).errors_of(problem),
            Field::tel("mobile", "手机号").hint("用来收验证码").value(&form.mobile).errors_of(problem),
        ]
    };
    Ok(IdentityPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        summary: ErrorSummary::of(problem),
        done: staff.real_level >= tongban_directory::model::REAL,
        name: staff.name,
        days: left.clamp(0, 7),
        fields,
        carried: if second { vec![("id_number", form.id_number.clone()), ("mobile", form.mobile.clone())] } else { Vec::new() },
        demo_code,
    })
}

/// `GET /desk/verify`
///
/// # Errors
/// 引擎故障。
pub async fn identity(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    render(&identity_page(&app, &ctx, &IdentityForm::default(), false, String::new(), None).await?)
}

/// `POST /desk/verify`：先收验证码，再核。
///
/// # Errors
/// 填得不对 422；太频繁 429。
pub async fn verify(State(app): State<App>, ctx: Ctx, Form(form): Form<IdentityForm>) -> Result<Response, Failure> {
    let mut checks = Checks::new();
    let number = checks.take("id_number", IdNumber::parse(&form.id_number, date_of(app.now())));
    let mobile = checks.take("mobile", Mobile::parse(&form.mobile));
    let (Some(number), Some(mobile)) = (number, mobile) else {
        let problem = checks.finish().err().unwrap_or_else(Problem::not_found);
        return render_status(422, &identity_page(&app, &ctx, &form, false, String::new(), Some(&problem)).await?);
    };
    let Some(code) = form.code.clone() else {
        return match send_code_to(&app, mobile.as_str()).await {
            Ok(shown) => render_status(200, &identity_page(&app, &ctx, &form, true, shown, None).await?),
            Err(problem) => render_status(problem.code.status(), &identity_page(&app, &ctx, &form, false, String::new(), Some(&problem)).await?),
        };
    };
    if let Some(problem) = wrong_code(&app, mobile.as_str(), &code).await? {
        return render_status(422, &identity_page(&app, &ctx, &form, true, String::new(), Some(&problem)).await?);
    }
    let own = OwnIdentity { id_number: number.as_str().to_owned(), mobile: mobile.as_str().to_owned() };
    let (actor, at) = (ctx.actor.clone(), app.now());
    match app.act(&ctx, "parties.verify_self", move |tx| staff::verify_self(tx, &actor, &own, at)).await {
        Ok(()) => {
            if let Some(token) = &ctx.session {
                forget(token);
            }
            Ok(see_other("/desk").flash("实名认证好了").into_response())
        }
        Err(error) => match error.problem().filter(|problem| problem.code.status() != 403).cloned() {
            Some(problem) => render_status(problem.code.status(), &identity_page(&app, &ctx, &form, false, String::new(), Some(&problem)).await?),
            None => Err(error.into()),
        },
    }
}
