//! 印章的各个提交：走一步、制作、导入、授权、催办、导入省表。

use axum::extract::{Multipart, Path, State};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use tongban_documents::table;
use tongban_gm::ses::{Seal, verify_seal};
use tongban_kernel::time::{date_of, day_number, instant};
use tongban_kernel::{Actor, Problem};
use tongban_store::{Error, Tx};
use tongban_web::upload::UploadForm;
use tongban_web::{App, Ctx, Failure, Form, Redirect, see_other};

use super::seals::{draft_fields, page, province_page};
use super::mendable;
use crate::commands::{self, Apply, Authorize, Made, ProvinceRow, SealStep};
use crate::maker;
use crate::model::SealAction;
use crate::permissions::SEAL_MAKE;

/// 走一步的表单。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct StepForm {
    action: String,
    version: i64,
    reason: String,
    scope: String,
    keeper: String,
}

async fn repaint(app: &App, ctx: &Ctx, id: i64, problem: &Problem, form: Option<(&str, &str)>) -> Result<Response, Failure> {
    let fields = form.map(|(scope, keeper)| draft_fields(scope, keeper, Some(problem)));
    let html = page(app, ctx, id, Some(problem), fields).await?;
    let status = axum::http::StatusCode::from_u16(problem.code.status()).unwrap_or(axum::http::StatusCode::UNPROCESSABLE_ENTITY);
    Ok((status, html).into_response())
}

/// `POST /seals/{seal}`
pub async fn step(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<StepForm>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let input = SealStep {
        action: SealAction::parse(&form.action),
        version: form.version,
        reason: form.reason.clone(),
        scope: form.scope.clone(),
        keeper: form.keeper.clone(),
    };
    let result = app.act(&ctx, "credentials.seal_step", move |tx| commands::step(tx, &actor, id, &input, at).map(drop)).await;
    if let Some(problem) = mendable(result)? {
        return repaint(&app, &ctx, id, &problem, Some((&form.scope, &form.keeper))).await;
    }
    Ok(see_other(format!("/seals/{id}")).flash("已办理").into_response())
}

/// `POST /seals/{seal}/make`：用本地制章者制作。
pub async fn make(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let seen = ctx.actor.clone();
    // 先查看得见、有权，再去生成密钥
    app.db()
        .snapshot("credentials.may_make", move |tx| {
            let row = crate::store::seals::find(tx, id)?.ok_or_else(Problem::not_found)?;
            seen.scope.check(&row.place)?;
            seen.require(SEAL_MAKE)?;
            crate::model::seal::transition(row.state, SealAction::Finish)?;
            Ok(())
        })
        .await?;
    maker::found(app.db(), &app.config().owner, at).await?;
    let made = match maker::make(app.db(), id, at).await {
        Ok(made) => made,
        Err(error) => match mendable(Err(error))? {
            Some(problem) => return repaint(&app, &ctx, id, &problem, None).await,
            None => return Err(Problem::not_found().into()),
        },
    };
    let result = app.act(&ctx, "credentials.seal_made", move |tx| commands::finish(tx, &actor, id, &made, at)).await;
    if let Some(problem) = mendable(result)? {
        return repaint(&app, &ctx, id, &problem, None).await;
    }
    Ok(see_other(format!("/seals/{id}")).flash("印章已制作，请授权使用").into_response())
}

/// 导入省里下发的成品印章：.esl 的 base64。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ImportForm {
    esl: String,
}

/// `POST /seals/{seal}/import`
pub async fn import(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<ImportForm>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let bytes = STANDARD.decode(form.esl.split_whitespace().collect::<String>());
    let trust = app.db().snapshot("credentials.trust", maker::trust).await?;
    let checked = bytes.map_err(|_| Problem::field("esl", "base64", "请粘贴 .esl 文件的 base64 文字")).and_then(|bytes| {
        let report = verify_seal(&bytes, &trust, at);
        if !report.conclusion.is_valid() {
            let why = report.first_fault().map_or_else(String::new, |(step, fault)| format!("（{} {fault}）", step.code()));
            return Err(Problem::field("esl", "invalid", format!("印章验不过：{}{why}", report.conclusion.text())));
        }
        Ok(bytes)
    });
    let esl = match checked {
        Ok(esl) => esl,
        Err(problem) => return repaint(&app, &ctx, id, &problem, None).await,
    };
    let made = Seal::parse(&esl).map(|seal| {
        let cert = if let tongban_gm::ses::CertList::Certs(list) = &seal.cert_list { list.first().map(|der| der.to_vec()) } else { None };
        Made { es_id: seal.es_id.to_owned(), cert: cert.unwrap_or_default(), wrapped: None, esl: Vec::new() }
    });
    let made = made.map_err(|fault| Problem::field("esl", "format", fault.to_string()))?;
    let made = Made { esl, ..made };
    let result = app.act(&ctx, "credentials.seal_made", move |tx| commands::finish(tx, &actor, id, &made, at)).await;
    if let Some(problem) = mendable(result)? {
        return repaint(&app, &ctx, id, &problem, None).await;
    }
    Ok(see_other(format!("/seals/{id}")).flash("成品印章已导入并验过").into_response())
}

/// 授权的表单。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct GrantForm {
    version: i64,
    /// `machine` 机用，`me` 给自己。
    to: String,
    /// 授给同单位别的人时，他的登录名。
    login: String,
    grant_scope: String,
    until: String,
    most: String,
}

/// `POST /seals/{seal}/grants`
pub async fn grant(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<GrantForm>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let until = if form.until.trim().is_empty() { Ok(None) } else { form.until.trim().parse::<Date>().map(|day| Some(instant(day, 23, 59))) };
    let most = if form.most.trim().is_empty() { Ok(0) } else { form.most.trim().parse::<i64>() };
    let (until, most) = match (until, most) {
        (Ok(until), Ok(most)) => (until, most),
        (Err(_), _) => return repaint(&app, &ctx, id, &Problem::field("until", "date", "止日写成 2027-12-31 这样"), None).await,
        (_, Err(_)) => return repaint(&app, &ctx, id, &Problem::field("most", "number", "次数上限填整数，0 为不限"), None).await,
    };
    let result = app
        .act(&ctx, "credentials.grant", move |tx| {
            let (staff, staff_name) = grantee(tx, &actor, id, &form.to, form.login.trim(), at)?;
            let input = Authorize { version: form.version, staff, staff_name, scope: form.grant_scope.clone(), from: None, until, most };
            commands::authorize(tx, &actor, id, &input, at).map(drop)
        })
        .await;
    if let Some(problem) = mendable(result)? {
        return repaint(&app, &ctx, id, &problem, None).await;
    }
    Ok(see_other(format!("/seals/{id}")).flash("已授权").into_response())
}

/// 授给谁：系统、本人，或印章所在单位现任的另一名工作人员。
fn grantee(tx: &mut Tx<'_>, actor: &Actor, seal: i64, to: &str, login: &str, at: Timestamp) -> Result<(i64, String), Error> {
    match to {
        "machine" => return Ok((0, "系统（办结即出证）".to_owned())),
        "other" => {}
        _ => return Ok((actor.account, actor.name.to_string())),
    }
    let wrong = || Problem::field("login", "not-found", "本单位没有这个登录名的在岗人员，请核对；人员调入要先在机构里设岗");
    let unit = crate::store::seals::find(tx, seal)?.ok_or_else(Problem::not_found)?.place.unit;
    let account = tongban_parties::queries::account_for_login(tx, &tongban_parties::commands::normal_login(login))?.filter(|account| account.active && account.staff != 0).ok_or_else(wrong)?;
    let today = day_number(date_of(at));
    let post = tongban_directory::queries::posts_of(tx, account.staff, today)?.into_iter().find(|post| post.unit == unit).ok_or_else(wrong)?;
    let name = tongban_directory::queries::staff_name(tx, account.staff)?.unwrap_or_default();
    Ok((account.id, format!("{name} · {}", post.title)))
}

/// 撤销授权的表单。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct RevokeForm {
    grant: i64,
}

/// `POST /seals/{seal}/revoke`
pub async fn revoke(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<RevokeForm>) -> Result<Redirect, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    app.act(&ctx, "credentials.grant_revoke", move |tx| commands::revoke_grant(tx, &actor, id, form.grant, at)).await?;
    Ok(see_other(format!("/seals/{id}")).flash("授权已撤销"))
}

/// `POST /seals/sync`：按机构清单补齐应有的章。
pub async fn sync(State(app): State<App>, ctx: Ctx) -> Result<Redirect, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let made = app.act(&ctx, "credentials.sync", move |tx| commands::sync(tx, &actor, actor.tenant, at)).await?;
    Ok(see_other("/seals").flash(format!("应有清单已核对，新增 {made} 个单位")))
}

/// `POST /seals/remind`：一键催办。
pub async fn remind(State(app): State<App>, ctx: Ctx) -> Result<Redirect, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let told = app.act(&ctx, "credentials.remind", move |tx| commands::remind(tx, &actor, at)).await?;
    Ok(see_other("/seals?state=%E6%9C%AA%E7%94%B3%E8%AF%B7").flash(format!("已催办 {told} 家，他们的工作台会出现这一条；二十小时内催过的不重复催")))
}

/// 申请专用章的表单。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ApplyForm {
    kind: i64,
    purpose: String,
    scope: String,
    keeper: String,
}

/// `POST /seals/{seal}/special`：同一机构再申请一枚专用章。
pub async fn special(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<ApplyForm>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let result = app
        .act(&ctx, "credentials.apply", move |tx| {
            let base = crate::store::seals::find(tx, id)?.ok_or_else(Problem::not_found)?;
            let input = Apply { org: base.place.org, kind: form.kind, purpose: form.purpose.clone(), scope: form.scope.clone(), keeper: form.keeper.clone() };
            commands::apply(tx, &actor, &input, at)
        })
        .await;
    match result {
        Ok(new) => Ok(see_other(format!("/seals/{new}")).flash("已填写申请，核对后提交审核").into_response()),
        Err(error) => match mendable(Err(error))? {
            Some(problem) => repaint(&app, &ctx, id, &problem, None).await,
            None => Err(Problem::not_found().into()),
        },
    }
}

/// `POST /seals/province`：导入省统计表（第一列机构名称，第二列是否制作，第三列备注）。
pub async fn province(State(app): State<App>, ctx: Ctx, parts: Multipart) -> Result<Response, Failure> {
    let form = UploadForm::receive(parts, app.config().upload_limit).await?;
    let Some((_, upload)) = form.files.into_iter().next() else {
        let problem = Problem::field("file", "required", "请选择省里下发的统计表（Excel 或 CSV）");
        return Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, province_page(&app, &ctx, Some(&problem)).await?).into_response());
    };
    let rows = read_province(&upload.content);
    let (actor, at) = (ctx.actor.clone(), app.now());
    let result = match rows {
        Ok(rows) => app.act(&ctx, "credentials.province", move |tx| commands::import_province(tx, &actor, &rows, at)).await,
        Err(problem) => Err(problem.into()),
    };
    match result {
        Ok((rows, strange)) => Ok(see_other("/seals/province").flash(format!("导入 {rows} 行，{strange} 行没有对上机构")).into_response()),
        Err(error) => match mendable(Err(error))? {
            Some(problem) => Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, province_page(&app, &ctx, Some(&problem)).await?).into_response()),
            None => Err(Problem::not_found().into()),
        },
    }
}

fn read_province(bytes: &[u8]) -> Result<Vec<ProvinceRow>, Problem> {
    let sheet = table::read(bytes)?;
    let yes = |text: &str| matches!(text.trim(), "是" | "已制作" | "已制" | "1" | "√" | "Y" | "y");
    let cell = |row: &table::Row, n: usize| row.cells.get(n).map_or("", String::as_str).trim().to_owned();
    let data = sheet.rows.iter().filter(|row| !cell(row, 0).is_empty());
    Ok(data.map(|row| ProvinceRow { row: i64::try_from(row.number).unwrap_or(0), name: cell(row, 0), made: yes(&cell(row, 1)), note: cell(row, 2) }).collect())
}
