//! 系统区的接口：版本信息与两件公开工具。

use axum::extract::State;
use serde::{Deserialize, Serialize};
use tongban_kernel::codes;
use tongban_kernel::problem::{FieldError, Problem};
use tongban_kernel::time::{date_of, rfc3339};
use tongban_web::failure::ProblemBody;
use tongban_web::{App, Failure, Json, Query};
use utoipa::{IntoParams, ToSchema};

use crate::rules::{self, Due};

#[derive(Debug, Serialize, ToSchema)]
pub struct Meta {
    pub name: &'static str,
    pub version: &'static str,
    pub uptime_seconds: u64,
    /// RFC 3339，东八区。
    pub server_time: String,
}

/// 版本与服务器时间
#[utoipa::path(get, path = "/api/v1/meta", operation_id = "getMeta", tag = "系统",
    responses((status = 200, body = Meta), (status = 429, body = ProblemBody, content_type = "application/problem+json")))]
pub async fn meta(State(app): State<App>) -> Json<Meta> {
    Json(Meta {
        name: "tongban",
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: app.started().elapsed().as_secs(),
        server_time: rfc3339(app.now()),
    })
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct DueQuery {
    /// 受理日，如 `2021-10-08`。
    #[param(example = "2021-10-08", pattern = r"^\d{4}-\d{2}-\d{2}$")]
    pub from: String,
    /// 工作日数，0–1000。
    #[param(example = "20", pattern = r"^\d{1,4}$")]
    pub workdays: String,
    /// 停表的一段，如 `2021-10-13..2021-10-20`，可以重复。
    #[param(example = json!(["2021-10-13..2021-10-20"]), max_items = 50)]
    pub suspended: Vec<String>,
}

/// 算到期日
///
/// 按国务院放假安排与停表规则（开始日计、结束日不计）数工作日，给出到期日与数进去的每一天。
#[utoipa::path(get, path = "/api/v1/calendar/due", operation_id = "getDueDate", tag = "工具", params(DueQuery),
    responses((status = 200, body = Due), (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json")))]
pub async fn due(Query(query): Query<DueQuery>) -> Result<Json<Due>, Failure> {
    Ok(Json(rules::due(&query.from, &query.workdays, &query.suspended)?))
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default, deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct CheckQuery {
    /// id 身份证号、uscc 统一社会信用代码、division 区划、catalogue 基本编码、implementation 实施编码、item 事项编码、case 办件编号。
    #[param(example = "uscc", pattern = "^(id|uscc|division|catalogue|implementation|item|case)$")]
    pub kind: String,
    #[param(example = "91350100M000100Y43", max_length = 100)]
    pub value: String,
}

/// 编码校验的回答。
#[derive(Debug, Serialize, ToSchema)]
pub struct CheckAnswer {
    pub valid: bool,
    /// 归一写法；无效为 `null`。
    pub normalized: Option<String>,
    /// 无效的原因，说清错在哪里、怎么改。
    pub reason: Option<String>,
    /// 有效但值得核对的地方。
    pub warning: Option<String>,
    /// 各段的含义。
    pub parts: Vec<PartView>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct PartView {
    pub name: String,
    pub label: String,
    pub value: String,
}

/// 校验一个编码；种类不认识是拒绝，编码不对是回答。
///
/// # Errors
/// 种类不认识。
pub fn answer(kind: &str, value: &str, now: jiff::Timestamp) -> Result<CheckAnswer, Problem> {
    if !codes::KINDS.iter().any(|(known, _)| *known == kind) {
        let detail = "kind 应为 id、uscc、division、catalogue、implementation、item、case 之一";
        return Err(Problem::invalid(vec![FieldError { pointer: "#/query/kind".to_owned(), code: "enum", detail: detail.to_owned() }]));
    }
    let value: String = value.chars().take(100).collect();
    Ok(match codes::check(kind, &value, date_of(now)) {
        Ok(checked) => CheckAnswer {
            valid: true,
            normalized: Some(checked.normalized),
            reason: None,
            warning: checked.warning.map(str::to_owned),
            parts: checked
                .parts
                .into_iter()
                .map(|part| PartView { name: part.name.to_owned(), label: part.label.to_owned(), value: part.value })
                .collect(),
        },
        Err(reason) => CheckAnswer { valid: false, normalized: None, reason: Some(reason.detail), warning: None, parts: Vec::new() },
    })
}

/// 校验编码
#[utoipa::path(get, path = "/api/v1/codes/check", operation_id = "checkCode", tag = "工具", params(CheckQuery),
    responses((status = 200, body = CheckAnswer), (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json")))]
pub async fn check(State(app): State<App>, Query(query): Query<CheckQuery>) -> Result<Json<CheckAnswer>, Failure> {
    Ok(Json(answer(&query.kind, &query.value, app.now())?))
}
