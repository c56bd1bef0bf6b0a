//! 注册：先填姓名、证件、手机，再填验证码、设口令；填错只改错的，其余不丢。口令从不送回页面。

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::problem::Problem;
use tongban_kernel::time::date_of;
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::guard::{SESSION, cookie, random_hex};
use tongban_web::layout::local_target;
use tongban_web::{App, Ctx, Failure, Form, Layout, Query, render_status, see_other};

use super::NextQuery;
use crate::commands::{self, CodeCheck, normal_login};
use crate::identify::hash_token;
use crate::model::Registration;
use crate::rules::{self, Checked};
use crate::{passwords, store};

/// 姓名、证件、手机都核过：中级（accounts §2.1）。
const LEVEL: i64 = 2;

#[derive(Deserialize, Default, Clone)]
#[serde(default)]
pub struct RegisterForm {
    name: String,
    id_number: String,
    mobile: String,
    password: String,
    /// 第二步才有。
    code: Option<String>,
    next: String,
}

#[derive(Template)]
#[template(path = "register.html")]
struct RegisterPage {
    l: Layout,
    summary: ErrorSummary,
    fields: Vec<Field>,
    /// 第二步：把第一步填的带着走。
    carried: Vec<(&'static str, String)>,
    /// 第二步的字段；第一步为空。
    second: Vec<Field>,
    demo_code: String,
    next: String,
}

impl RegisterPage {
    fn first(ctx: &Ctx, form: &RegisterForm, problem: Option<&Problem>) -> Self {
        let layout = Layout::public(ctx, "注册");
        let fields = vec![
            Field::text("name", "姓名").width("w-m").autocomplete("name").hint("和身份证上一样").value(&form.name).errors_of(problem),
            Field::text("id_number", "身份证号").width("w-m").hint("18 位，末位是 X 的也照填").value(&form.id_number).errors_of(problem),
            Field::tel("mobile", "手机号").hint("用来收验证码和办事进度").value(&form.mobile).errors_of(problem),
        ];
        Self {
            l: if problem.is_some() { layout.with_errors() } else { layout },
            summary: ErrorSummary::of(problem),
            fields,
            carried: Vec::new(),
            second: Vec::new(),
            demo_code: String::new(),
            next: form.next.clone(),
        }
    }

    fn second(ctx: &Ctx, form: &RegisterForm, demo_code: String, problem: Option<&Problem>) -> Self {
        let layout = Layout::public(ctx, "填写验证码");
        let code = Field::text("code", "短信验证码").width("w-s").autocomplete("one-time-code").hint("6 位数字，10 分钟内有效");
        let password = Field::password("password", "设一个口令")
            .autocomplete("new-password")
            .hint("至少 10 位，含大写、小写、数字、符号里的三类");
        Self {
            l: if problem.is_some() { layout.with_errors() } else { layout },
            summary: ErrorSummary::of(problem),
            fields: Vec::new(),
            carried: vec![
                ("name", form.name.clone()),
                ("id_number", form.id_number.clone()),
                ("mobile", form.mobile.clone()),
            ],
            second: vec![code.errors_of(problem), password.errors_of(problem)],
            demo_code,
            next: form.next.clone(),
        }
    }
}

/// 注册页。
pub async fn page(ctx: Ctx, Query(query): Query<NextQuery>) -> Result<Response, Failure> {
    let form = RegisterForm { next: query.next, ..RegisterForm::default() };
    render_status(200, &RegisterPage::first(&ctx, &form, None))
}

/// 两步共用一个网址：没有验证码是第一步。
pub async fn submit(State(app): State<App>, ctx: Ctx, Form(form): Form<RegisterForm>) -> Result<Response, Failure> {
    let today = date_of(app.now());
    let checked = match rules::check_registration(&form.name, &form.id_number, &form.mobile, today) {
        Ok(checked) => checked,
        Err(problem) => return render_status(422, &RegisterPage::first(&ctx, &form, Some(&problem))),
    };
    match &form.code {
        None => send_code(&app, &ctx, &form, &checked).await,
        Some(code) => finish(&app, &ctx, &form, &checked, code).await,
    }
}

async fn send_code(app: &App, ctx: &Ctx, form: &RegisterForm, checked: &Checked) -> Result<Response, Failure> {
    match send_code_to(app, checked.mobile.as_str()).await {
        Ok(shown) => render_status(200, &RegisterPage::second(ctx, form, shown, None)),
        Err(problem) => render_status(problem.code.status(), &RegisterPage::first(ctx, form, Some(&problem))),
    }
}

/// 发一个验证码；演示环境没有短信通道，回答要直接显示的码，正式环境是空的。
pub(super) async fn send_code_to(app: &App, mobile: &str) -> Result<String, Problem> {
    let code = six_digits()?;
    let (mobile, sent, at) = (mobile.to_owned(), code.clone(), app.now());
    let put = app.db().write("parties.put_code", move |tx| {
        commands::put_code(tx, &mobile, &sent, at)?;
        let payload = serde_json::json!({ "to": hex::encode(tx.seal(&mobile)), "text": format!("验证码 {sent}，10 分钟内有效，请勿告诉他人。") });
        tx.enqueue("messages.sms", &payload.to_string(), at).map(|_| ())
    });
    put.await.map_err(tongban_store::Error::into_problem)?;
    Ok(if app.config().demo { code } else { String::new() })
}

/// 验证码错在哪里；对了为 `None`，并且用掉。
pub(super) async fn wrong_code(app: &App, mobile: &str, code: &str) -> Result<Option<Problem>, Failure> {
    let (mobile, offered, at) = (mobile.to_owned(), code.to_owned(), app.now());
    let check = app.db().write("parties.check_code", move |tx| commands::check_code(tx, &mobile, &offered, at)).await?;
    let wrong = match check {
        CodeCheck::Right => None,
        CodeCheck::Wrong => Some("验证码不对，请看最新一条短信"),
        CodeCheck::Expired => Some("验证码已过期，请返回上一步重新获取"),
    };
    Ok(wrong.map(|text| Problem::field("code", "mismatch", text)))
}

async fn finish(app: &App, ctx: &Ctx, form: &RegisterForm, checked: &Checked, code: &str) -> Result<Response, Failure> {
    // 先看口令再用掉验证码，免得口令不合格还要重新收短信
    if let Err(detail) = rules::check_password(&form.password) {
        let problem = Problem::field("password", "weak", detail);
        return render_status(422, &RegisterPage::second(ctx, form, String::new(), Some(&problem)));
    }
    if let Some(problem) = wrong_code(app, checked.mobile.as_str(), code).await? {
        return render_status(422, &RegisterPage::second(ctx, form, String::new(), Some(&problem)));
    }
    let at = app.now();
    let new = Registration {
        name: checked.name.clone(),
        id_number: checked.id.as_str().to_owned(),
        mobile: checked.mobile.to_string(),
        password: passwords::hash(form.password.clone()).await?,
    };
    let token = random_hex(32);
    let hash = hash_token(&token);
    let done = app
        .act(ctx, "parties.register", move |tx| {
            let account = commands::register(tx, &new, LEVEL, at)?;
            let login = normal_login(&new.mobile);
            let account = store::account(tx, account)?.ok_or_else(Problem::not_found)?;
            commands::login(tx, &login, &account, &hash, at)
        })
        .await;
    match done {
        Ok(()) => {
            let target = if form.next.is_empty() { "/me" } else { local_target(&form.next) };
            let session = cookie(SESSION, &token, None, app.config().https);
            Ok(see_other(target).flash("注册好了，已经登录").cookie(session).into_response())
        }
        Err(error) => {
            let problem = error.into_problem();
            render_status(problem.code.status(), &RegisterPage::first(ctx, form, Some(&problem)))
        }
    }
}

fn six_digits() -> Result<String, Problem> {
    let mut bytes = [0_u8; 4];
    getrandom::fill(&mut bytes).map_err(|_| Problem::new(tongban_kernel::Code::Internal, "系统繁忙，请稍后再试"))?;
    Ok(format!("{:06}", u32::from_le_bytes(bytes) % 1_000_000))
}
