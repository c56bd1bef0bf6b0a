//! 错误目录：封闭的一张表，每种错误一个码、一个 HTTP 状态、一句中文（api-conventions §2）。
//!
//! 业务函数用 [`Problem`] 拒绝；引擎错误在 `store` 里另有类型，不会原样给人看。

use std::fmt;

use serde::Serialize;

macro_rules! codes {
    ($($name:ident $text:literal $status:literal $title:literal;)*) => {
        /// 错误码。接口返回 `code`，页面显示 `title`。
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code { $($name,)* }

        impl Code {
            /// 全部错误码，文档页与测试用。
            pub const ALL: &'static [Code] = &[$(Code::$name,)*];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$name => $text,)* }
            }

            /// HTTP 状态。
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Code::$name => $status,)* }
            }

            /// 给人看的一句话。
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Code::$name => $title,)* }
            }
        }
    };
}

codes! {
    MalformedJson "malformed-json" 400 "发来的内容不是完整的 JSON";
    BadRequest "bad-request" 400 "请求读不懂";
    IdempotencyKeyRequired "idempotency-key-required" 400 "缺少幂等键";
    Unauthenticated "unauthenticated" 401 "请先登录";
    TokenExpired "token-expired" 401 "登录已过期，请重新登录";
    Forbidden "forbidden" 403 "您没有这项权限";
    CsrfFailed "csrf-failed" 403 "页面已过期，请刷新后再提交";
    InsufficientScope "insufficient-scope" 403 "对接凭证没有这项授权";
    NotFound "not-found" 404 "没有找到";
    MethodNotAllowed "method-not-allowed" 405 "不支持这种请求方法";
    NotAcceptable "not-acceptable" 406 "不能提供所要的格式";
    Conflict "conflict" 409 "与现有记录冲突";
    InvalidState "invalid-state" 409 "现在的状态不能这样做";
    Duplicate "duplicate" 409 "已经有同样的记录";
    InProgress "in-progress" 409 "上一次提交还在处理";
    AlreadyUsed "already-used" 409 "已经用过了";
    Gone "gone" 410 "已经失效";
    PreconditionFailed "precondition-failed" 412 "别人先改了这条记录";
    PayloadTooLarge "payload-too-large" 413 "内容太大";
    UnsupportedMediaType "unsupported-media-type" 415 "不支持这种内容格式";
    ValidationFailed "validation-failed" 422 "有内容需要修改";
    IdempotencyKeyReused "idempotency-key-reused" 422 "同一个幂等键提交了不同的内容";
    CursorInvalid "cursor-invalid" 422 "翻页位置已失效，请从第一页开始";
    Locked "locked" 423 "记录已锁定";
    PreconditionRequired "precondition-required" 428 "缺少版本号";
    RateLimited "rate-limited" 429 "操作太频繁，请稍后再试";
    Internal "internal" 500 "系统繁忙，请稍后再试";
    Maintenance "maintenance" 503 "系统正在维护，请稍后再试";
    DependencyDown "dependency-down" 503 "相关系统暂时连不上，请稍后再试";
}

/// 一处需要修改的内容。
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FieldError {
    /// JSON Pointer：`#/name`、`#/items/0/length`、`#/query/limit`。
    pub pointer: String,
    /// 规则代号，如 `required`、`range`、`id-checksum`。
    pub code: &'static str,
    /// 哪里错、怎么改。
    pub detail: String,
}

impl FieldError {
    /// `field` 是表单字段名或 JSON 键，`detail` 说清哪里错、怎么改。
    pub fn new(field: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self { pointer: format!("#/{field}"), code, detail: detail.into() }
    }

    /// 表单字段名（去掉指针前缀）。
    #[must_use]
    pub fn field(&self) -> &str {
        self.pointer.strip_prefix("#/").unwrap_or(&self.pointer)
    }
}

/// 业务上的拒绝：说清什么错、在哪里、怎么办。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub code: Code,
    pub detail: String,
    pub errors: Vec<FieldError>,
    /// 409 时现在的状态（标识）。
    pub current_state: Option<String>,
    /// 409 时还能做的动作。
    pub allowed_actions: Vec<&'static str>,
    /// 412 时最新的版本号。
    pub version: Option<i64>,
    /// 429、503 时多少秒后再试。
    pub retry_after: Option<u32>,
}

impl Problem {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            errors: Vec::new(),
            current_state: None,
            allowed_actions: Vec::new(),
            version: None,
            retry_after: None,
        }
    }

    /// 不存在，或者不在您的范围内（两者是同一个回答）。
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "没有找到这条记录，可能编号有误")
    }

    #[must_use]
    pub fn unauthenticated() -> Self {
        Self::new(Code::Unauthenticated, "这一步需要先登录")
    }

    #[must_use]
    pub fn forbidden(permission: &str) -> Self {
        Self::new(Code::Forbidden, format!("您的岗位没有“{permission}”权限，请找本单位管理员开通"))
    }

    /// 若干处要改；`errors` 不得为空。
    #[must_use]
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = format!("共 {} 处需要修改", errors.len());
        Self { errors, ..Self::new(Code::ValidationFailed, detail) }
    }

    /// 一处要改。
    pub fn field(field: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(field, code, detail)])
    }

    /// 状态机不允许：现在到哪步、还能做什么。
    pub fn invalid_state(current: &str, allowed: Vec<&'static str>, detail: impl Into<String>) -> Self {
        Self {
            current_state: Some(current.to_owned()),
            allowed_actions: allowed,
            ..Self::new(Code::InvalidState, detail)
        }
    }

    /// 别人先改了；`version` 是库里最新的版本号。
    #[must_use]
    pub fn stale(version: i64) -> Self {
        Self {
            version: Some(version),
            ..Self::new(Code::PreconditionFailed, "您打开之后，别人已经改过这条记录，请看过最新内容再改")
        }
    }

    pub fn conflict(detail: impl Into<String>) -> Self {
        Self::new(Code::Conflict, detail)
    }

    /// 太频繁；`seconds` 后再试。
    #[must_use]
    pub fn rate_limited(seconds: u32) -> Self {
        Self {
            retry_after: Some(seconds),
            ..Self::new(Code::RateLimited, format!("操作太频繁，请 {} 后再试", wait_text(seconds)))
        }
    }
}

fn wait_text(seconds: u32) -> String {
    if seconds < 60 { format!("{seconds} 秒") } else { format!("{} 分钟", seconds.div_ceil(60)) }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}：{}", self.code.as_str(), self.detail)
    }
}

impl std::error::Error for Problem {}

/// 收集一张表单的全部错误，一次给全。
#[derive(Debug, Default)]
pub struct Checks(Vec<FieldError>);

impl Checks {
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// 条件不成立时记一处错误。
    pub fn ensure(&mut self, holds: bool, field: &str, code: &'static str, detail: impl Into<String>) {
        if !holds {
            self.0.push(FieldError::new(field, code, detail));
        }
    }

    pub fn push(&mut self, error: FieldError) {
        self.0.push(error);
    }

    /// 取值或记错误。
    pub fn take<T>(&mut self, field: &str, result: Result<T, impl Into<Reason>>) -> Option<T> {
        match result {
            Ok(value) => Some(value),
            Err(reason) => {
                let Reason { code, detail } = reason.into();
                self.0.push(FieldError::new(field, code, detail));
                None
            }
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// # Errors
    /// 有任何一处错误：`validation-failed`，一次给全。
    pub fn finish(self) -> Result<(), Problem> {
        if self.0.is_empty() { Ok(()) } else { Err(Problem::invalid(self.0)) }
    }
}

/// 一个值为什么不合格：规则代号与说明。各编码类型的构造函数都返回它。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    pub code: &'static str,
    pub detail: String,
}

impl Reason {
    pub fn new(code: &'static str, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for Reason {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_is_distinct_and_has_words() {
        let mut seen = std::collections::BTreeSet::new();
        for code in Code::ALL {
            assert!(seen.insert(code.as_str()), "{} 重复", code.as_str());
            assert!((400..600).contains(&code.status()));
            assert!(!code.title().is_empty());
        }
    }

    #[test]
    fn checks_report_everything_at_once() {
        let mut checks = Checks::new();
        checks.ensure(false, "name", "required", "请填写姓名");
        checks.ensure(true, "phone", "required", "请填写手机号");
        checks.ensure(false, "items/0/count", "range", "份数要大于 0");
        let problem = checks.finish().unwrap_err();
        assert_eq!(problem.errors.len(), 2);
        assert_eq!(problem.detail, "共 2 处需要修改");
        assert_eq!(problem.errors[1].pointer, "#/items/0/count");
    }
}
