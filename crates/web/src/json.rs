//! 接口的 JSON：读不懂、字段不认识、类型不对，都用 problem+json 说清楚是哪里。

use axum::extract::{FromRequest, Request};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tongban_kernel::problem::{Code, FieldError, Problem};

use crate::failure::Failure;

/// 请求与回答的 JSON 正文。
#[derive(Debug, Clone, Copy)]
pub struct Json<T>(pub T);

/// 接口正文上限，字节（api-conventions §1）。
pub const BODY_LIMIT: usize = 1024 * 1024;

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let kind = request.headers().get("content-type").and_then(|v| v.to_str().ok()).unwrap_or("");
        if !kind.starts_with("application/json") && !kind.starts_with("application/merge-patch+json") {
            return Err(Problem::new(Code::UnsupportedMediaType, "请用 Content-Type: application/json 发送").into());
        }
        let bytes = axum::body::to_bytes(request.into_body(), BODY_LIMIT)
            .await
            .map_err(|_| Problem::new(Code::PayloadTooLarge, "请求内容不能超过 1 MB"))?;
        parse(&bytes).map(Json).map_err(Failure::from)
    }
}

/// 解析 JSON，分清“不是 JSON”与“内容不合要求”。
///
/// # Errors
/// `malformed-json` 或 `validation-failed`。
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|error| match error.classify() {
        serde_json::error::Category::Data => {
            let pointer = error.to_string();
            Problem::invalid(vec![FieldError { pointer: "#".to_owned(), code: "schema", detail: format!("内容不符合接口文档：{pointer}") }])
        }
        _ => Problem::new(Code::MalformedJson, format!("第 {} 行第 {} 列附近不是完整的 JSON", error.line(), error.column())),
    })
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}
