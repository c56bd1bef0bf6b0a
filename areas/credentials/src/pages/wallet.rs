//! 持证人：我的证照、一张证照、亮证、亮证口令、加注件。

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use tongban_kernel::{Problem, time};
use tongban_ofd::Part;
use tongban_parties::passwords;
use tongban_store::Result as Stored;
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Redirect, attempts, render, render_status, see_other};

use crate::commands::{self, Checked, Opened};
use crate::issue;
use crate::maker::random;
use crate::model::licence::{show_day, show_until};
use crate::queries;
use crate::store::{LicenceRow, Look, kinds, licences, shows};

/// 亮证页几秒之后自动回到出码页：码活 60 秒，留 10 秒换新。
const RENEW: &str = "50";

#[derive(Template)]
#[template(path = "wallet.html")]
struct WalletPage {
    l: Layout,
    rows: Vec<LicenceRow>,
    has_code: bool,
}

impl WalletPage {
    fn until(&self, row: &LicenceRow) -> String {
        show_until(row.valid_to)
    }
}

/// `GET /me/licences`
pub async fn list(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let (seen, owner, at) = (ctx.actor.clone(), ctx.actor.clone(), app.now());
    // 补录的证照第一次打开时归到名下；平常只读
    if app.db().snapshot("credentials.claimable", move |tx| commands::claimable(tx, &seen)).await? {
        app.db().write("credentials.claim", move |tx| commands::claim(tx, &owner, at)).await?;
    }
    let actor = ctx.actor.clone();
    let (rows, has_code) =
        app.db().snapshot("credentials.wallet", move |tx| Ok((queries::wallet(tx, &actor, 0, 200)?, shows::passcode(tx, actor.person)?.is_some()))).await?;
    let rows = rows.into_iter().filter(|row| row.state.is_issued()).collect();
    render(&WalletPage { l: Layout::public(&ctx, "我的证照"), rows, has_code })
}

#[derive(Template)]
#[template(path = "wallet_one.html")]
struct OnePage {
    l: Layout,
    row: LicenceRow,
    issued: String,
    until: String,
    may_show: bool,
    has_code: bool,
    looks: Vec<Look>,
    copy: [Field; 2],
    errors: ErrorSummary,
}

async fn mine(app: &App, ctx: &Ctx, id: i64) -> Stored<(LicenceRow, bool, bool, Vec<Look>)> {
    let actor = ctx.actor.clone();
    app.db()
        .snapshot("credentials.mine", move |tx| {
            let row = licences::find(tx, id)?.filter(|row| queries::owns(row, &actor)).ok_or_else(Problem::not_found)?;
            let kind = kinds::find(tx, row.kind)?.ok_or_else(Problem::not_found)?;
            let may_show = kind.spec.show && row.state.may_show();
            Ok((row, may_show, shows::passcode(tx, actor.person)?.is_some(), shows::looks(tx, id, i64::MAX, 50)?))
        })
        .await
}

async fn one(app: &App, ctx: &Ctx, id: i64, given: &CopyForm, problem: Option<&Problem>) -> Result<OnePage, Failure> {
    let (row, may_show, has_code, looks) = mine(app, ctx, id).await?;
    Ok(OnePage {
        l: Layout::public(ctx, &row.kind_name),
        issued: show_day(row.issued_day),
        until: show_until(row.valid_to),
        may_show,
        has_code,
        looks,
        copy: [
            Field::text("who", "给谁用").max_length(30).value(&given.who).errors_of(problem),
            Field::text("why", "做什么用").max_length(30).value(&given.why).errors_of(problem),
        ],
        errors: ErrorSummary::of(problem),
        row,
    })
}

/// `GET /me/licences/{wallet}`
pub async fn show(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>) -> Result<Html, Failure> {
    render(&one(&app, &ctx, id, &CopyForm::default(), None).await?)
}

#[derive(Template)]
#[template(path = "show.html")]
struct ShowPage {
    l: Layout,
    row: LicenceRow,
    qr: String,
    short: String,
    until: String,
    made: String,
}

/// 亮证的表单。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ShowForm {
    passcode: String,
}

/// `POST /me/licences/{wallet}/show`：核对口令，出一个新码。码只在这一页上，库里只有散列。
pub async fn open(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<ShowForm>) -> Result<Response, Failure> {
    let (row, ..) = mine(&app, &ctx, id).await?;
    if let Err(problem) = check_passcode(&app, &ctx, form.passcode).await? {
        return render_status(problem.code.status(), &one(&app, &ctx, id, &CopyForm::default(), Some(&problem)).await?);
    }
    let token = URL_SAFE_NO_PAD.encode(random::<16>()?);
    let number = u64::from_be_bytes(random::<8>()?) % 10_000_000_000;
    let opened = Opened { token: token.clone(), short: format!("{number:010}") };
    let (actor, at, short) = (ctx.actor.clone(), app.now(), opened.short.clone());
    app.db().write("credentials.show_open", move |tx| commands::open_show(tx, &actor, id, &opened, at).map(drop)).await?;
    let link = format!("{}/v/{token}", app.config().base_url);
    let page = ShowPage {
        l: Layout::public(&ctx, "亮证"),
        qr: tongban_documents::qr::svg(&link, &format!("{}的动态码", row.kind_name))?,
        short: format!("{} {} {}", &short[..3], &short[3..6], &short[6..]),
        until: show_until(row.valid_to),
        made: at.to_zoned(time::china()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        row,
    };
    let mut response = render(&page)?.into_response();
    // 不放脚本也会到点换页：旧码留在屏上没有用
    if let Ok(value) = HeaderValue::from_str(&format!("{RENEW}; url=/me/licences/{id}")) {
        response.headers_mut().insert("refresh", value);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// 设了口令的要核对；连错五次锁十五分钟。
async fn check_passcode(app: &App, ctx: &Ctx, given: String) -> Result<Result<(), Problem>, Failure> {
    let (person, at) = (ctx.actor.person, app.now());
    let key = format!("passcode:{person}");
    let (counter, slot) = (key.clone(), key.clone());
    let known = app
        .db()
        .snapshot("credentials.passcode", move |tx| {
            let known = shows::passcode(tx, person)?;
            if known.is_some() {
                attempts::check(tx, &counter, at)?;
            }
            Ok(known)
        })
        .await?;
    if known.is_none() || passwords::verify(given, known).await? {
        app.db().write("credentials.passcode_right", move |tx| attempts::clear(tx, &key)).await?;
        return Ok(Ok(()));
    }
    app.db().write("credentials.passcode_wrong", move |tx| attempts::fail(tx, &slot, at)).await?;
    Ok(Err(Problem::field("passcode", "wrong", "亮证口令不对，连错五次会锁十五分钟")))
}

/// 设口令的表单；空为取消。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CodeForm {
    old: String,
    passcode: String,
}

/// `POST /me/licences/passcode`
pub async fn passcode(State(app): State<App>, ctx: Ctx, Form(form): Form<CodeForm>) -> Result<Redirect, Failure> {
    if let Err(problem) = check_passcode(&app, &ctx, form.old).await? {
        return Ok(see_other("/me/licences").warn(problem.errors.first().map_or("原口令不对", |error| error.detail.as_str())));
    }
    let code = form.passcode.trim().to_owned();
    let digits = code.len() == 6 && code.bytes().all(|byte| byte.is_ascii_digit());
    if !code.is_empty() && !digits {
        return Ok(see_other("/me/licences").warn("亮证口令是 6 位数字"));
    }
    let hash = if code.is_empty() { None } else { Some(passwords::hash(code).await?) };
    let (actor, at, set) = (ctx.actor.clone(), app.now(), hash.is_some());
    app.act(&ctx, "credentials.set_passcode", move |tx| commands::set_passcode(tx, &actor, hash.as_deref(), at)).await?;
    Ok(see_other("/me/licences").flash(if set { "亮证口令已设，每次亮证要输" } else { "亮证口令已取消" }))
}

/// 加注件的表单。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CopyForm {
    who: String,
    why: String,
}

/// `POST /me/licences/{wallet}/copy`：给别人用的副本，带水印、用途与截止，原件附在里面。
pub async fn copy(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<CopyForm>) -> Result<Response, Failure> {
    let (row, ..) = mine(&app, &ctx, id).await?;
    let (who, why) = (form.who.trim().to_owned(), form.why.trim().to_owned());
    let short = |text: &str| (1..=30).contains(&text.chars().count());
    if !short(&who) || !short(&why) {
        let problem = Problem::field("who", "required", "请写明给谁用、做什么用，各 1 到 30 字");
        return render_status(422, &one(&app, &ctx, id, &form, Some(&problem)).await?);
    }
    let bytes = annotate(&app, &ctx, row, who, why).await?;
    let disposition = super::files::disposition("attachment", "加注件.ofd");
    Ok(([("content-type", tongban_ofd::MEDIA_TYPE.to_owned()), ("content-disposition", disposition), ("cache-control", "no-store".to_owned())], bytes).into_response())
}

/// 做一份加注件，登记并留痕。
pub async fn annotate(app: &App, ctx: &Ctx, row: LicenceRow, who: String, why: String) -> Result<Vec<u8>, Failure> {
    if row.file.is_empty() {
        return Err(Problem::conflict("这张证照还没有用印，还没有文件").into());
    }
    let original = app.files().get(&row.file).await?;
    let (at, base, id, org, what) = (app.now(), app.config().base_url.clone(), row.id, row.place.org, row.kind_name.clone());
    let (ready, stamp) = app.db().snapshot("credentials.copy", move |tx| Ok((issue::ready(tx, id, &base)?, issue::stamp(tx, org, 0, &what, at)?))).await?;
    let (for_whom, reason) = (who.clone(), why.clone());
    let made = tokio::task::spawn_blocking(move || issue::annotated(&ready, Part::stored(original.to_vec()), stamp, &for_whom, &reason, at));
    let (bytes, until) = made.await.map_err(|_| Problem::conflict("加注件没有做成，请再试一次"))??;
    let file = app.files().put(bytes.clone().into(), tongban_ofd::MEDIA_TYPE).await?;
    let (actor, token) = (ctx.actor.clone(), URL_SAFE_NO_PAD.encode(random::<16>()?));
    let checked = Checked { who: who.clone(), reason: why, ..Checked::default() };
    app.db().write("credentials.copied", move |tx| commands::copied(tx, &actor, &row, &token, &file, &checked, (at, until))).await?;
    Ok(bytes)
}
