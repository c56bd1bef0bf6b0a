//! 页面表单与查询串：读不懂就说清楚，不会 500。

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;
use tongban_kernel::problem::{Code, FieldError, Problem};

use crate::failure::Failure;

/// 表单正文上限，字节。
pub const FORM_LIMIT: usize = 1024 * 1024;

/// 表单。重复的键收成列表；`_csrf`、`_once` 由中间件查过，可以忽略。
#[derive(Debug, Clone)]
pub struct Form<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Form<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let bytes = axum::body::to_bytes(request.into_body(), FORM_LIMIT)
            .await
            .map_err(|_| Problem::new(Code::PayloadTooLarge, "填写的内容太长，请不要超过 1 MB；大的文件请用上传"))?;
        serde_html_form::from_bytes(&bytes).map(Form).map_err(|error| unreadable(&error.to_string()))
    }
}

/// 查询串。
#[derive(Debug, Clone)]
pub struct Query<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        let text = parts.uri.query().unwrap_or("");
        serde_html_form::from_str(text).map(Query).map_err(|error| {
            let detail = format!("网址里的条件读不懂：{error}");
            Problem::invalid(vec![FieldError { pointer: "#/query".to_owned(), code: "query", detail }]).into()
        })
    }
}

fn unreadable(error: &str) -> Failure {
    tracing::debug!(error, "表单读不懂");
    let detail = format!("有一项内容读不懂，请返回上一页检查：{error}");
    Problem::invalid(vec![FieldError { pointer: "#".to_owned(), code: "form", detail }]).into()
}
