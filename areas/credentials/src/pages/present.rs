//! 亮证：核过口令才进得去，出一枚 60 秒的码；到期前 10 秒自动换新，进入五分钟之后要再输一次口令。
//!
//! 换新凭进入时发的串号（只在 Cookie 里，库里存散列），不在网址里，没有脚本也换得了。

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use tongban_kernel::{Problem, time};
use tongban_parties::passwords;
use tongban_web::guard::cookie;
use tongban_web::{App, Ctx, Failure, Form, Layout, Redirect, attempts, render, render_status, see_other};

use super::copy::CopyForm;
use super::wallet;
use crate::commands::{self, ENTRY, LIFE, Opened, RENEW_BEFORE, Shown};
use crate::maker::{self, random};
use crate::model::licence::show_until;
use crate::rules::offline::{self, Claim};
use crate::store::{LicenceRow, shows};

/// 串号的 Cookie。
const CHAIN: &str = "tb_show";

#[derive(Template)]
#[template(path = "show.html")]
struct ShowPage {
    l: Layout,
    row: LicenceRow,
    qr: String,
    short: String,
    until: String,
    made: String,
    /// 出码的毫秒，水印从它往后走。
    now: i64,
    /// 持证人证件的末四位。
    tail: String,
    life: i64,
    /// 到期前几秒换新。
    before: i64,
    /// 没有脚本的，几秒之后换新。
    refresh: i64,
    /// 上一枚码被谁核验过。
    used: Option<String>,
    /// 离线码的二维码与文字；没有本地根证书的没有。
    offline: Option<(String, String)>,
}

/// 亮证的表单。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ShowForm {
    passcode: String,
}

/// 一枚新码与这一串的串号。
fn fresh(chain: String) -> Result<Opened, Failure> {
    let number = u64::from_be_bytes(random::<8>()?) % 10_000_000_000;
    Ok(Opened { token: URL_SAFE_NO_PAD.encode(random::<16>()?), short: format!("{number:010}"), chain })
}

/// `POST /me/licences/{wallet}/show`：核对口令，出一枚新码。码只在这一页上，库里只有散列。
pub async fn open(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<ShowForm>) -> Result<Response, Failure> {
    let row = wallet::mine(&app, &ctx, id).await?.row;
    if let Err(problem) = check_passcode(&app, &ctx, form.passcode).await? {
        return render_status(problem.code.status(), &wallet::one(&app, &ctx, id, &CopyForm::default(), Some(&problem)).await?);
    }
    let opened = fresh(URL_SAFE_NO_PAD.encode(random::<16>()?))?;
    let (actor, at, asked) = (ctx.actor.clone(), app.now(), opened.clone());
    let shown = app.db().write("credentials.show_open", move |tx| commands::open_show(tx, &actor, id, &asked, at)).await?;
    let mut response = page(&app, &ctx, row, &opened, &shown, at).await?;
    let chain = cookie(CHAIN, &opened.chain, Some(ENTRY.as_secs()), app.config().https);
    if let Ok(value) = HeaderValue::from_str(&chain) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    Ok(response)
}

/// `GET /me/licences/{wallet}/show`：同一次进入里换一枚新码；过了五分钟回证照页再输口令。
pub async fn renew(State(app): State<App>, ctx: Ctx, headers: HeaderMap, Path(id): Path<i64>) -> Result<Response, Failure> {
    let row = wallet::mine(&app, &ctx, id).await?.row;
    let Some(chain) = chain_of(&headers) else { return Ok(again(id).into_response()) };
    let opened = fresh(chain)?;
    let (actor, at, asked) = (ctx.actor.clone(), app.now(), opened.clone());
    match app.db().write("credentials.show_renew", move |tx| commands::renew_show(tx, &actor, id, &asked, at)).await? {
        Some(shown) => page(&app, &ctx, row, &opened, &shown, at).await,
        None => Ok(again(id).into_response()),
    }
}

fn again(id: i64) -> Redirect {
    see_other(format!("/me/licences/{id}")).warn("亮证每次进入五分钟，请再输一次口令")
}

fn chain_of(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|text| text.split(';'));
    let found = all.filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == CHAIN)?;
    Some(found.1.to_owned()).filter(|value| !value.is_empty() && value.len() <= 64)
}

async fn page(app: &App, ctx: &Ctx, row: LicenceRow, opened: &Opened, shown: &Shown, at: Timestamp) -> Result<Response, Failure> {
    let link = format!("{}/v/{}", app.config().base_url, opened.token);
    let short = &opened.short;
    let page = ShowPage {
        l: Layout::public(ctx, "亮证"),
        qr: tongban_documents::qr::svg(&link, &format!("{}的动态码", row.kind_name))?,
        short: format!("{} {} {}", &short[..3], &short[3..6], &short[6..]),
        until: show_until(row.valid_to),
        made: at.to_zoned(time::china()).strftime("%Y-%m-%d %H:%M:%S").to_string(),
        now: at.as_millisecond(),
        tail: row.code_masked.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect(),
        life: LIFE.as_secs(),
        before: RENEW_BEFORE.as_secs(),
        refresh: LIFE.as_secs() - RENEW_BEFORE.as_secs(),
        used: shown.previous.clone(),
        offline: offline_code(app, &row, shown, at).await?,
        row,
    };
    let mut response = render(&page)?.into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// 一枚离线码：与动态码同时作废。
async fn offline_code(app: &App, row: &LicenceRow, shown: &Shown, at: Timestamp) -> Result<Option<(String, String)>, Failure> {
    let Some(pen) = maker::offline(app.db(), &app.config().owner, at).await? else { return Ok(None) };
    let code = offline::sign(&Claim::of(&row.identifier, row.state, shown.expires), &pen.cert, &pen.key, &random()?);
    code.map(|code| Ok((tongban_documents::qr::svg(&code, "离线核验码")?, code))).transpose()
}

/// 核对亮证口令；没有设的不让进；连错五次锁十五分钟。
async fn check_passcode(app: &App, ctx: &Ctx, given: String) -> Result<Result<(), Problem>, Failure> {
    let person = ctx.actor.person;
    let known = app.db().snapshot("credentials.passcode", move |tx| shows::passcode(tx, person)).await?;
    if known.is_none() {
        return Ok(Err(Problem::field("passcode", "required", "还没有设亮证口令，请先设一个再亮证")));
    }
    if matches(app, ctx, given, known).await? {
        return Ok(Ok(()));
    }
    Ok(Err(Problem::field("passcode", "wrong", "亮证口令不对，连错五次会锁十五分钟")))
}

/// 对不对；错了记一次，对了清零，锁着就拒绝。
async fn matches(app: &App, ctx: &Ctx, given: String, known: Option<String>) -> Result<bool, Failure> {
    let (key, at) = (format!("passcode:{}", ctx.actor.person), app.now());
    let slot = key.clone();
    app.db().snapshot("credentials.passcode_locked", move |tx| attempts::check(tx, &slot, at)).await?;
    let right = passwords::verify(given, known).await?;
    if right {
        app.db().write("credentials.passcode_right", move |tx| attempts::clear(tx, &key)).await?;
    } else {
        app.db().write("credentials.passcode_wrong", move |tx| attempts::fail(tx, &key, at)).await?;
    }
    Ok(right)
}

/// 设、改口令的表单。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CodeForm {
    /// 登录口令：光有开着的手机设不了、改不了。
    password: String,
    passcode: String,
    /// 设好之后回哪张证照；0 回“我的证照”。
    wallet: i64,
}

/// `POST /me/licences/passcode`：凭登录口令设、改亮证口令，忘了也这样重设；设好回到要亮的那张证照。
pub async fn passcode(State(app): State<App>, ctx: Ctx, Form(form): Form<CodeForm>) -> Result<Redirect, Failure> {
    let back = if form.wallet > 0 { format!("/me/licences/{}", form.wallet) } else { "/me/licences".to_owned() };
    let code = form.passcode.trim().to_owned();
    if code.len() != 6 || !code.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(see_other(back).warn("亮证口令是 6 位数字"));
    }
    if is_plain(&code) {
        return Ok(see_other(back).warn("这个口令太好猜，请不要用相同或连着的数字"));
    }
    let account = ctx.actor.account;
    let known = app.db().snapshot("credentials.password", move |tx| tongban_parties::queries::account(tx, account)).await?.map(|account| account.password);
    if !matches(&app, &ctx, form.password.chars().take(200).collect(), known).await? {
        return Ok(see_other(back).warn("登录口令不对，连错五次会锁十五分钟"));
    }
    let hash = passwords::hash(code).await?;
    let (actor, at) = (ctx.actor.clone(), app.now());
    app.act(&ctx, "credentials.set_passcode", move |tx| commands::set_passcode(tx, &actor, &hash, at)).await?;
    Ok(see_other(back).flash(if form.wallet > 0 { "亮证口令设好了，现在可以亮证" } else { "亮证口令设好了，每次亮证要输" }))
}

/// 六位都一样，或一路加一、减一。
fn is_plain(code: &str) -> bool {
    let steps: Vec<i16> = code.as_bytes().windows(2).map(|pair| i16::from(pair[1]) - i16::from(pair[0])).collect();
    [-1, 0, 1].iter().any(|step| steps.iter().all(|one| one == step))
}

#[cfg(test)]
mod tests {
    use super::is_plain;

    #[test]
    fn easy_passcodes_are_known() {
        assert!(["000000", "123456", "987654"].iter().all(|code| is_plain(code)));
        assert!(!["135790", "123455", "112233"].iter().any(|code| is_plain(code)));
    }
}
