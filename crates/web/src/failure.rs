//! 失败的回答：页面是中文，接口是 RFC 9457 problem+json（api-conventions §2）。

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tongban_kernel::problem::{Code, FieldError, Problem};
use tongban_store::Error;

/// 处理函数的失败。最外层中间件按路径把它变成页面或 problem+json。
#[derive(Debug)]
pub struct Failure(pub Problem);

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        Self(problem)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if error.problem().is_none() {
            tracing::error!(%error, "请求失败");
        }
        Self(error.into_problem())
    }
}

impl From<askama::Error> for Failure {
    fn from(error: askama::Error) -> Self {
        tracing::error!(%error, "页面渲染失败");
        Self(Problem::new(Code::Internal, Code::Internal.title()))
    }
}

impl IntoResponse for Failure {
    /// 先把拒绝放进回答的扩展里，正文由 [`crate::router`] 的外层按路径补上。
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.code.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = status.into_response();
        response.extensions_mut().insert(Refused(self.0));
        response
    }
}

/// 回答里带着的拒绝。
#[derive(Debug, Clone)]
pub(crate) struct Refused(pub Problem);

/// RFC 9457 的正文。
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ProblemBody {
    /// 说明页的相对网址。
    #[schema(example = "/problems/validation-failed")]
    pub r#type: String,
    pub title: &'static str,
    pub status: u16,
    pub detail: String,
    pub instance: String,
    pub code: &'static str,
    pub trace_id: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub errors: Vec<FieldError>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current_state: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub allowed_actions: Vec<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<i64>,
}

/// 接口的错误回答。
#[must_use]
pub fn problem_json(problem: &Problem, instance: &str, trace_id: &str) -> Response {
    let body = ProblemBody {
        r#type: format!("/problems/{}", problem.code.as_str()),
        title: problem.code.title(),
        status: problem.code.status(),
        detail: problem.detail.clone(),
        instance: instance.to_owned(),
        code: problem.code.as_str(),
        trace_id: trace_id.to_owned(),
        errors: problem.errors.clone(),
        current_state: problem.current_state.clone(),
        allowed_actions: problem.allowed_actions.clone(),
        version: problem.version,
    };
    let status = StatusCode::from_u16(body.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = (status, text).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json; charset=utf-8"));
    add_headers(&mut response, problem);
    response
}

/// 401、429、503 该带的头。
pub(crate) fn add_headers(response: &mut Response, problem: &Problem) {
    if let Some(seconds) = problem.retry_after {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if matches!(problem.code, Code::Unauthenticated | Code::TokenExpired) {
        response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
}
