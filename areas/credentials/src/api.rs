//! 证照共享接口（规格 §7.7）：类型、检索、信息、核验、扫码取证；加注件与动作在 [`crate::api_copies`]。
//!
//! 每次调用必带用途（使用系统、经办人、事项、业务编号、事由），缺了 422；每次都进用证记录，持证人看得到。

use axum::extract::{Path, State};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use tongban_kernel::problem::Checks;
use tongban_kernel::{Actor, Problem, time};
use tongban_web::{App, Ctx, Failure, Json, Query};
use utoipa::{IntoParams, ToSchema};

use crate::commands::{self, Checked};
use crate::model::Identifier;
use crate::model::licence::{show_day, show_until};
use crate::pages::{self, check, show};
use crate::rules::{offline, verdict};
use crate::store::{LicenceRow, kinds, licences};

/// 凭证上限定证照类型的授权，如 `credentials.type:食品经营许可证`。
const TYPE_SCOPE: &str = "credentials.type:";

/// 用途：谁、为哪件事、凭什么调用。
#[derive(Debug, Clone, Default, Deserialize, ToSchema, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Purpose {
    /// 使用机构与系统。
    pub system: String,
    /// 经办人。
    pub operator: String,
    /// 0 事项 1 非事项。
    pub kind: String,
    pub item_code: String,
    pub item_name: String,
    /// 业务编号。
    pub case_no: String,
    pub reason: String,
}

impl Purpose {
    /// 核对写齐了没有。
    ///
    /// # Errors
    /// 列出没写的。
    pub fn checked(self) -> Result<Checked, Problem> {
        let mut checks = Checks::new();
        for (name, value, label) in [
            ("system", &self.system, "使用机构与系统"),
            ("operator", &self.operator, "经办人"),
            ("item_name", &self.item_name, "事项名称"),
            ("item_code", &self.item_code, "事项编码"),
            ("case_no", &self.case_no, "业务编号"),
            ("reason", &self.reason, "事由"),
        ] {
            let optional = self.kind == "1" && matches!(name, "item_name" | "item_code");
            checks.ensure(optional || !value.trim().is_empty(), name, "required", format!("调用证照必须写明{label}"));
            checks.ensure(value.chars().count() <= 200, name, "too-long", "最多 200 字");
        }
        checks.finish()?;
        Ok(Checked { who: self.operator, org_name: self.system, reason: self.reason, item_code: self.item_code, item_name: self.item_name, case_no: self.case_no })
    }
}

/// 一类证照。
#[derive(Debug, Serialize, ToSchema)]
pub struct KindOut {
    pub type_code: String,
    pub name: String,
    /// 1 证照 0 批文。
    pub category: u8,
    pub show_allowed: bool,
}

/// 列表。
#[derive(Debug, Serialize, ToSchema)]
pub struct Listed<T> {
    pub items: Vec<T>,
    pub next_cursor: Option<String>,
}

/// 一张证照的公开信息与按授权给的字段。
#[derive(Debug, Serialize, ToSchema)]
pub struct LicenceOut {
    pub identifier: String,
    pub type_name: String,
    pub number: String,
    pub issuer_name: String,
    pub issuer_code: String,
    pub issued_on: String,
    pub valid_from: String,
    pub valid_to: String,
    /// 外部状态码：01 有效 02 暂扣 03 撤销 04 注销 05 失效 06 转出 07 吊销 99 其他。
    pub state: &'static str,
    pub state_label: &'static str,
    /// 已脱敏。
    pub holder_name: String,
    pub area_code: String,
    /// 名目与值；检索时为空，按标识取时才有。
    pub fields: Vec<FieldOut>,
}

/// 一个字段。
#[derive(Debug, Serialize, ToSchema)]
pub struct FieldOut {
    pub label: String,
    pub value: String,
}

fn out(row: &LicenceRow, lines: Vec<(String, String)>) -> LicenceOut {
    LicenceOut {
        identifier: row.identifier.clone(),
        type_name: row.kind_name.clone(),
        number: row.number.clone(),
        issuer_name: row.issuer.clone(),
        issuer_code: row.issuer_code.clone(),
        issued_on: show_day(row.issued_day),
        valid_from: show_day(row.valid_from),
        valid_to: show_until(row.valid_to),
        state: row.state.external(),
        state_label: row.state.label(),
        holder_name: row.holder_masked.clone(),
        area_code: row.area_code.clone(),
        fields: lines.into_iter().map(|(label, value)| FieldOut { label, value }).collect(),
    }
}

/// 证照类型清单。
#[utoipa::path(get, path = "/api/v1/licence-types", tag = "证照", responses((status = 200, body = Listed<KindOut>), (status = 401, description = "没有登录或凭证过期"), (status = 403, description = "没有授权"), (status = 404, description = "没有找到"), (status = 422, description = "内容要改"), (status = 429, description = "太频繁")))]
pub async fn list_licence_types(State(app): State<App>, ctx: Ctx) -> Result<Json<Listed<KindOut>>, Failure> {
    let (tenant, actor) = (ctx.actor.tenant, ctx.actor.clone());
    let all = app.db().snapshot("credentials.api_kinds", move |tx| kinds::all(tx, tenant)).await?;
    let item = |kind: crate::store::Kind| KindOut { type_code: kind.code, name: kind.name, category: kind.spec.category, show_allowed: kind.spec.show };
    Ok(Json(Listed { items: all.into_iter().filter(|kind| kind.active && granted(&actor, &kind.code, &kind.name)).map(item).collect(), next_cursor: None }))
}

/// 按持证主体检索的条件。
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// 身份证号或统一社会信用代码。
    pub holder_code: String,
    pub type_code: String,
    #[serde(flatten)]
    #[param(inline)]
    pub purpose: Purpose,
}

/// 按持证主体检索。
#[utoipa::path(get, path = "/api/v1/licences", tag = "证照", params(Search), responses((status = 200, body = Listed<LicenceOut>), (status = 401, description = "没有登录或凭证过期"), (status = 403, description = "没有授权"), (status = 404, description = "没有找到"), (status = 422, description = "内容要改"), (status = 429, description = "太频繁")))]
pub async fn search_licences(State(app): State<App>, ctx: Ctx, Query(search): Query<Search>) -> Result<Json<Listed<LicenceOut>>, Failure> {
    if search.holder_code.trim().is_empty() {
        return Err(Problem::field("holder_code", "required", "请给出持证主体代码").into());
    }
    let checked = search.purpose.checked()?;
    let (actor, code, kind, at) = (ctx.actor.clone(), search.holder_code.trim().to_ascii_uppercase(), search.type_code.trim().to_owned(), app.now());
    let items = app
        .db()
        .write("credentials.api_search", move |tx| {
            let digest = tx.digest("credentials.holder", &code);
            let mut items = Vec::new();
            for row in licences::of_holder(tx, &digest, 0, 100)? {
                let Ok(identifier) = Identifier::parse(&row.identifier) else { continue };
                let of_kind = (kind.is_empty() || identifier.kind == kind) && granted(&actor, &identifier.kind, &row.kind_name);
                if !row.state.is_issued() || !of_kind || !actor.scope.covers(&row.place) {
                    continue;
                }
                commands::looked(tx, &actor, &row, "api", &checked, &[("检索".to_owned(), String::new())], at)?;
                items.push(out(&row, Vec::new()));
            }
            Ok(items)
        })
        .await?;
    Ok(Json(Listed { items, next_cursor: None }))
}

/// 按标识取信息。
#[utoipa::path(get, path = "/api/v1/licences/{identifier}", tag = "证照", params(("identifier" = String, Path), Purpose), responses((status = 200, body = LicenceOut), (status = 401, description = "没有登录或凭证过期"), (status = 403, description = "没有授权"), (status = 404, description = "没有找到"), (status = 422, description = "内容要改"), (status = 429, description = "太频繁")))]
pub async fn read_licence(State(app): State<App>, ctx: Ctx, Path(identifier): Path<String>, Query(purpose): Query<Purpose>) -> Result<Json<LicenceOut>, Failure> {
    let (actor, at, checked) = (ctx.actor.clone(), app.now(), purpose.checked()?);
    let found = app
        .db()
        .write("credentials.api_read", move |tx| {
            let row = visible(tx, &actor, &identifier)?;
            let kind = kinds::find(tx, row.kind)?.ok_or_else(Problem::not_found)?;
            let lines = commands::open_lines(tx, &row, &kind)?;
            commands::looked(tx, &actor, &row, "api", &checked, &lines, at)?;
            Ok(out(&row, lines))
        })
        .await?;
    Ok(Json(found))
}

/// 凭证上写了 `credentials.type:类型代码或名称` 的才给，没写的一类也不给（默认无权）。
pub(crate) fn granted(actor: &Actor, code: &str, name: &str) -> bool {
    actor.permissions.iter().filter_map(|scope| scope.strip_prefix(TYPE_SCOPE)).any(|one| one == code || one == name)
}

pub(crate) fn visible(tx: &mut tongban_store::Tx<'_>, actor: &Actor, identifier: &str) -> tongban_store::Result<LicenceRow> {
    let identifier = Identifier::parse(identifier).map_err(|_| Problem::not_found())?;
    let row = licences::by_identifier(tx, &identifier.to_string())?.filter(|row| row.state.is_issued());
    let row = row.filter(|row| actor.scope.covers(&row.place) && granted(actor, &identifier.kind, &row.kind_name)).ok_or_else(Problem::not_found)?;
    Ok(row)
}

/// 验一个标识，或一份文件。
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct VerifyIn {
    pub identifier: Option<String>,
    /// OFD 文件，base64。
    pub file: Option<String>,
    /// 离线亮证码，`TB1.` 开头。
    pub offline_code: Option<String>,
}

/// 离线亮证码验得怎样。
#[derive(Debug, Serialize, ToSchema)]
pub struct OfflineOut {
    /// `good`、`expired`、`forged`、`malformed`。
    pub verdict: &'static str,
    /// 出码那一刻的状态；签名不对的为空。
    pub state_label: Option<&'static str>,
    pub expires_at: Option<String>,
    /// 证照标识的 SM3，十六进制。
    pub identifier_sm3: Option<String>,
}

/// 核验结果。
#[derive(Debug, Serialize, ToSchema)]
pub struct VerifyOut {
    /// 文件的结论（规格 §3.4 的词）；没有上传文件为空。
    pub conclusion: Option<&'static str>,
    pub reason: String,
    /// 逐步结果。
    pub steps: Vec<StepOut>,
    /// 证照此刻的状态；不是本平台的为空。
    pub state_label: Option<&'static str>,
    pub type_name: Option<String>,
    pub issuer_name: Option<String>,
    pub valid_to: Option<String>,
    pub note: String,
    /// 上传的是加注件：它的截止与过没过期。
    pub copy_until: Option<String>,
    pub copy_expired: bool,
    /// 验离线亮证码时才有。
    pub offline: Option<OfflineOut>,
}

/// 一步。
#[derive(Debug, Serialize, ToSchema)]
pub struct StepOut {
    pub code: &'static str,
    pub title: &'static str,
    /// `passed`、`failed`、`not_reached`。
    pub outcome: &'static str,
    pub detail: String,
}

/// 核验：按标识查状态，或验上传的文件。
#[utoipa::path(post, path = "/api/v1/licences/verify", tag = "证照", request_body = VerifyIn, responses((status = 200, body = VerifyOut), (status = 401, description = "没有登录或凭证过期"), (status = 403, description = "没有授权"), (status = 404, description = "没有找到"), (status = 422, description = "内容要改"), (status = 429, description = "太频繁")))]
pub async fn verify_licence(State(app): State<App>, Json(input): Json<VerifyIn>) -> Result<Json<VerifyOut>, Failure> {
    let mut result = VerifyOut { conclusion: None, reason: String::new(), steps: Vec::new(), state_label: None, type_name: None, issuer_name: None, valid_to: None, note: String::new(), copy_until: None, copy_expired: false, offline: None };
    if let Some(code) = input.offline_code {
        result.offline = Some(offline_out(&offline::check(&code, &pages::offline::certificate(&app).await?, app.now())));
        return Ok(Json(result));
    }
    let live = match (input.file, input.identifier) {
        (Some(file), _) => {
            let bytes = STANDARD.decode(file.trim()).map_err(|_| Problem::field("file", "base64", "file 要是 base64"))?;
            let (report, live) = check::inspect(&app, bytes).await?;
            result.conclusion = Some(report.conclusion.code());
            result.reason = report.reason();
            result.copy_until = report.datum("JZJYXQJZSJ").map(str::to_owned);
            result.copy_expired = result.copy_until.as_deref().is_some_and(|until| verdict::copy_is_over(until, app.now()));
            result.steps = report.lines.iter().chain(report.signatures.iter().flat_map(|signed| &signed.lines)).map(step).collect();
            live
        }
        (None, Some(identifier)) => {
            let today = time::day_number(time::date_of(app.now()));
            let found = app.db().snapshot("credentials.api_verify", move |tx| {
                let row = crate::queries::by_text(tx, &identifier)?;
                let newer = licences::latest(tx, &row.stem)?;
                Ok(check::found(&row, today, newer.as_ref()))
            });
            Some(found.await?)
        }
        (None, None) => return Err(Problem::field("identifier", "required", "请给出 identifier、file 或 offline_code").into()),
    };
    if let Some(found) = live {
        result.state_label = Some(found.label);
        result.type_name = Some(found.kind_name);
        result.issuer_name = Some(found.issuer);
        result.valid_to = Some(found.until);
        result.note = found.note;
    }
    if result.copy_expired {
        result.note = verdict::COPY_OVER.to_owned();
    }
    Ok(Json(result))
}

fn offline_out(verdict: &offline::Verdict) -> OfflineOut {
    let claim = verdict.claim();
    OfflineOut {
        verdict: verdict.code(),
        state_label: claim.map(|claim| claim.state.label()),
        expires_at: claim.map(|claim| claim.expires.to_string()),
        identifier_sm3: claim.map(offline::Claim::hex),
    }
}

fn step(line: &tongban_ofd::verify::Line) -> StepOut {
    use tongban_ofd::verify::Outcome;
    let (outcome, detail) = match &line.outcome {
        Outcome::Passed(note) => ("passed", note.clone()),
        Outcome::Failed(why) => ("failed", why.clone()),
        Outcome::NotReached => ("not_reached", String::new()),
    };
    StepOut { code: line.code, title: line.title, outcome, detail }
}

/// 扫码取证。
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsumeIn {
    /// 二维码里 `/v/` 之后的一段，或 10 位短码。
    pub code: String,
    pub purpose: Purpose,
}

/// 取到的。
#[derive(Debug, Serialize, ToSchema)]
pub struct ConsumeOut {
    pub identifier: String,
    pub type_name: String,
    pub issuer_name: String,
    pub state_label: &'static str,
    pub valid_to: String,
    pub fields: Vec<FieldOut>,
}

/// 扫码取证：一个码只取一次，60 秒作废。
#[utoipa::path(post, path = "/api/v1/shows/consume", tag = "证照", request_body = ConsumeIn, responses((status = 200, body = ConsumeOut), (status = 401, description = "没有登录或凭证过期"), (status = 403, description = "没有授权"), (status = 404, description = "没有找到"), (status = 409, description = "已经用过"), (status = 410, description = "码过期了"), (status = 422, description = "内容要改"), (status = 429, description = "太频繁")))]
pub async fn consume_show(State(app): State<App>, ctx: Ctx, Json(input): Json<ConsumeIn>) -> Result<Json<ConsumeOut>, Failure> {
    let checked = input.purpose.checked()?;
    let seen = show::consume(&app, &ctx, input.code.trim(), checked).await?;
    Ok(Json(ConsumeOut {
        identifier: seen.identifier,
        type_name: seen.kind_name,
        issuer_name: seen.issuer,
        state_label: seen.state.label(),
        valid_to: seen.until,
        fields: seen.lines.into_iter().map(|(label, value)| FieldOut { label, value }).collect(),
    }))
}
