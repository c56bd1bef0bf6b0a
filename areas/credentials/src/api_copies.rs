//! 证照共享接口的文件与动作（规格 §7.6、§7.7）：加注件按标识、按主体；签发、变更、暂扣、发还、撤销、注销。

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tongban_kernel::{Actor, Code, Problem};
use tongban_store::{Result as Stored, Tx};
use tongban_web::{App, Ctx, Failure, Json};
use utoipa::ToSchema;

use crate::api::{Listed, Purpose, granted, visible};
use crate::commands::{self, Checked, Enter};
use crate::copies::{self, Asked};
use crate::model::{Identifier, LicenceAction, LicenceState};
use crate::permissions::ENTER;
use crate::store::{LicenceRow, licences};

/// 一次至多给几份。
const MOST: usize = 10;

/// 要一份加注件。
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CopyIn {
    pub purpose: Purpose,
    /// 几天之后过期，1 到 30；不给为 30。
    pub valid_days: Option<i64>,
}

/// 按持证主体要加注件：同时给齐类型（代码或名称）、主体代码，有几张的再给编号。
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HolderCopyIn {
    pub purpose: Purpose,
    pub holder_code: String,
    pub type_code: String,
    pub number: Option<String>,
    pub valid_days: Option<i64>,
}

/// 加注件。
#[derive(Debug, Serialize, ToSchema)]
pub struct CopyOut {
    pub identifier: String,
    /// OFD 文件，base64。
    pub file: String,
    pub media_type: &'static str,
    pub sm3: String,
    /// 下载链接；到期之后 410。
    pub url: String,
    pub expires_at: String,
}

async fn copy(app: &App, ctx: &Ctx, row: LicenceRow, checked: &Checked, days: Option<i64>) -> Result<CopyOut, Failure> {
    let short = |text: &str| text.chars().take(30).collect::<String>();
    let asked = Asked { maker: checked.org_name.clone(), whom: short(&checked.org_name), why: short(&checked.reason), days: days.unwrap_or(0) };
    let identifier = row.identifier.clone();
    let made = copies::make(app, ctx, row, asked, checked.clone()).await?;
    let sm3 = tongban_gm::hash::hex(&tongban_gm::sm3(&made.bytes));
    Ok(CopyOut { identifier, file: STANDARD.encode(made.bytes), media_type: tongban_ofd::MEDIA_TYPE, sm3, url: made.url, expires_at: made.expires.to_string() })
}

/// 取文件：只给加注件，原件附在里面。
#[utoipa::path(post, path = "/api/v1/licences/{identifier}/copies", tag = "证照", params(("identifier" = String, Path)), request_body = CopyIn, responses((status = 201, body = CopyOut), (status = 401, description = "没有登录或凭证过期"), (status = 403, description = "没有授权"), (status = 404, description = "没有找到"), (status = 409, description = "现在不能这样做"), (status = 422, description = "内容要改"), (status = 429, description = "太频繁")))]
pub async fn create_licence_copy(State(app): State<App>, ctx: Ctx, Path(identifier): Path<String>, Json(input): Json<CopyIn>) -> Result<(StatusCode, Json<CopyOut>), Failure> {
    let checked = input.purpose.checked()?;
    let actor = ctx.actor.clone();
    let row = app.db().snapshot("credentials.api_copy", move |tx| visible(tx, &actor, &identifier)).await?;
    Ok((StatusCode::CREATED, Json(copy(&app, &ctx, row, &checked, input.valid_days).await?)))
}

/// 按持证主体取文件：他名下这一类此刻有效的，各给一份加注件。
#[utoipa::path(post, path = "/api/v1/licences/copies", tag = "证照", request_body = HolderCopyIn, responses((status = 201, body = Listed<CopyOut>), (status = 401, description = "没有登录或凭证过期"), (status = 403, description = "没有授权"), (status = 404, description = "没有找到"), (status = 409, description = "现在不能这样做"), (status = 422, description = "内容要改"), (status = 429, description = "太频繁")))]
pub async fn create_holder_copies(State(app): State<App>, ctx: Ctx, Json(input): Json<HolderCopyIn>) -> Result<(StatusCode, Json<Listed<CopyOut>>), Failure> {
    let checked = input.purpose.clone().checked()?;
    for (name, value, label) in [("holder_code", &input.holder_code, "持证主体代码"), ("type_code", &input.type_code, "证照类型代码或名称")] {
        if value.trim().is_empty() {
            return Err(Problem::field(name, "required", format!("请给出{label}")).into());
        }
    }
    let (actor, days) = (ctx.actor.clone(), input.valid_days);
    let rows = app.db().snapshot("credentials.api_copies", move |tx| of_holder(tx, &actor, &input)).await?;
    if rows.is_empty() {
        return Err(Problem::new(Code::NotFound, "这个主体名下没有授权您取用的这类有效证照").into());
    }
    let mut items = Vec::with_capacity(rows.len());
    for row in rows {
        items.push(copy(&app, &ctx, row, &checked, days).await?);
    }
    Ok((StatusCode::CREATED, Json(Listed { items, next_cursor: None })))
}

fn of_holder(tx: &mut Tx<'_>, actor: &Actor, input: &HolderCopyIn) -> Stored<Vec<LicenceRow>> {
    let digest = tx.digest("credentials.holder", &input.holder_code.trim().to_ascii_uppercase());
    let (kind, number) = (input.type_code.trim(), input.number.as_deref().map(str::trim));
    let wanted = |row: &LicenceRow| {
        let code = Identifier::parse(&row.identifier).map(|identifier| identifier.kind).unwrap_or_default();
        row.state == LicenceState::Valid
            && (code == kind || row.kind_name == kind)
            && number.is_none_or(|number| row.number == number)
            && actor.scope.covers(&row.place)
            && granted(actor, &code, &row.kind_name)
    };
    Ok(licences::of_holder(tx, &digest, 0, 100)?.into_iter().filter(wanted).take(MOST).collect())
}

/// 一个动作。
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ActionIn {
    pub purpose: Purpose,
    /// 法律文书号；暂扣、发还、撤销、注销必填。
    #[serde(default)]
    pub document_no: String,
    /// 注销原因：1 业务注销 2 签发错误；注销必填。
    pub cancel_reason: Option<u8>,
    /// 变更：改了的字段，按短名；没给的沿用。
    #[serde(default)]
    pub fields: BTreeMap<String, String>,
    /// 变更：新的有效期止，`2031-11-22`；不给按类型的规则。
    pub valid_to: Option<String>,
}

/// 动作之后的样子；变更回新版的标识。
#[derive(Debug, Serialize, ToSchema)]
pub struct ActionOut {
    pub identifier: String,
    pub state: &'static str,
    pub state_label: &'static str,
}

/// 签发 sign、变更 change、暂扣 suspend、发还 resume、撤销 revoke、注销 cancel。变更出新版，要另一张凭证（或工作人员）复核签发。
#[utoipa::path(post, path = "/api/v1/licences/{identifier}/actions/{action}", tag = "证照", params(("identifier" = String, Path), ("action" = String, Path, description = "sign、change、suspend、resume、revoke、cancel")), request_body = ActionIn, responses((status = 200, body = ActionOut), (status = 401, description = "没有登录或凭证过期"), (status = 403, description = "没有授权"), (status = 404, description = "没有找到"), (status = 409, description = "现在不能这样做"), (status = 422, description = "内容要改"), (status = 429, description = "太频繁")))]
pub async fn act_on_licence(State(app): State<App>, ctx: Ctx, Path((identifier, action)): Path<(String, String)>, Json(input): Json<ActionIn>) -> Result<Json<ActionOut>, Failure> {
    let checked = input.purpose.clone().checked()?;
    let (actor, at) = (ctx.actor.clone(), app.now());
    let work = move |tx: &mut Tx<'_>| {
        let row = authorised(tx, &actor, &identifier)?;
        let id = if action == "change" { change(tx, &actor, &row, &input, at)? } else { walk(tx, &actor, &row, &action, &input, at)? };
        let row = licences::find(tx, id)?.ok_or_else(Problem::not_found)?;
        commands::looked(tx, &actor, &row, "api", &checked, &[(action.clone(), String::new())], at)?;
        Ok(ActionOut { identifier: row.identifier, state: row.state.external(), state_label: row.state.label() })
    };
    Ok(Json(app.act(&ctx, "credentials.api_action", work).await?))
}

/// 范围内、凭证授权了这一类的一张，没签发的也算。
fn authorised(tx: &mut Tx<'_>, actor: &Actor, identifier: &str) -> Stored<LicenceRow> {
    let identifier = Identifier::parse(identifier).map_err(|_| Problem::not_found())?;
    let row = licences::by_identifier(tx, &identifier.to_string())?;
    Ok(row.filter(|row| actor.scope.covers(&row.place) && granted(actor, &identifier.kind, &row.kind_name)).ok_or_else(Problem::not_found)?)
}

fn walk(tx: &mut Tx<'_>, actor: &Actor, row: &LicenceRow, action: &str, input: &ActionIn, at: jiff::Timestamp) -> Stored<i64> {
    let known = match action {
        "sign" => LicenceAction::Review,
        "suspend" => LicenceAction::Suspend,
        "resume" => LicenceAction::Resume,
        "revoke" => LicenceAction::Revoke,
        "cancel" => LicenceAction::Cancel,
        _ => return Err(Problem::not_found().into()),
    };
    let number = input.document_no.trim();
    if known != LicenceAction::Review && number.is_empty() {
        return Err(Problem::field("document_no", "required", "请给出法律文书号").into());
    }
    let why = match (known, input.cancel_reason) {
        (LicenceAction::Cancel, Some(1)) => "业务注销；",
        (LicenceAction::Cancel, Some(2)) => "签发错误；",
        (LicenceAction::Cancel, _) => return Err(Problem::field("cancel_reason", "required", "注销原因填 1 业务注销或 2 签发错误").into()),
        _ => "",
    };
    let reason = if number.is_empty() { String::new() } else { format!("{why}{number}：{}", input.purpose.reason.trim()) };
    commands::act(tx, actor, row.id, known, row.version, &reason, at)?;
    Ok(row.id)
}

/// 变更：同流水、版本加一，待复核。
fn change(tx: &mut Tx<'_>, actor: &Actor, row: &LicenceRow, input: &ActionIn, at: jiff::Timestamp) -> Stored<i64> {
    actor.require(ENTER)?;
    let mut fields: BTreeMap<String, String> = serde_json::from_str(&tx.unseal(&row.fields)?)?;
    fields.extend(input.fields.clone());
    let wrong = |_| Problem::field("valid_to", "date", "日期写成 2031-11-22");
    let until = input.valid_to.as_deref().map(|text| text.trim().parse::<jiff::civil::Date>().map(tongban_kernel::time::day_number).map_err(wrong)).transpose()?;
    let enter = Enter {
        org: row.place.org,
        kind: row.kind,
        legal: row.legal,
        holder_name: tx.unseal(&row.holder_name)?,
        holder_code: tx.unseal(&row.holder_code)?,
        number: row.number.clone(),
        until,
        fields,
        renews: row.identifier.clone(),
        ..Enter::default()
    };
    let identifier = commands::enter(tx, actor, &enter, at)?;
    let new = licences::by_identifier(tx, &identifier)?.ok_or_else(Problem::not_found)?;
    licences::bind(tx, new.id, row.person, row.legal_entity)?;
    Ok(new.id)
}
