//! 一次请求的身份与环境，由中间件备好，处理函数作为参数取用。

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use tongban_kernel::{Actor, Problem};

use crate::failure::Failure;
use crate::layout::Site;
use crate::once::OnceKey;

/// 长辈版与显示偏好（Cookie 记住，服务端渲染）。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Preferences {
    pub elder: bool,
    /// 长辈版字号档：0、1、2。
    pub size: u8,
    pub contrast: bool,
}

/// 跳转之后在新页顶部显示一次的话。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Flash {
    pub text: String,
    /// `g` 成功、`y` 注意、`r` 错误。
    pub tone: String,
}

/// 算表单令牌要的三样。
#[derive(Clone)]
pub(crate) struct Seal {
    pub secret: [u8; 32],
    pub visitor: String,
    pub session: String,
}

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal(…)")
    }
}

/// 请求环境。
#[derive(Debug, Clone)]
pub struct Ctx {
    pub actor: Arc<Actor>,
    pub site: Arc<Site>,
    /// 会话凭据；没有登录为 `None`。
    pub session: Option<String>,
    /// 表单令牌由它算出；没有表单的页面不算。
    pub(crate) seal: Seal,
    pub preferences: Preferences,
    pub flash: Option<Flash>,
    /// 来源地址。
    pub ip: IpAddr,
    pub user_agent: String,
    pub request_id: String,
    /// 路径与查询串。
    pub uri: String,
    /// 要的是页面片段（增强脚本的 `data-swap`）。
    pub swap: bool,
    pub once: Option<OnceKey>,
}

impl Ctx {
    /// 路径，不带查询串。
    #[must_use]
    pub fn path(&self) -> &str {
        self.uri.split('?').next().unwrap_or("/")
    }

    /// 同一次请求，但页面上不显示登录着的是谁（评价页）。
    #[must_use]
    pub fn without_name(self) -> Self {
        Self { actor: Arc::new(Actor::anonymous()), ..self }
    }

    /// 表单令牌。
    #[must_use]
    pub fn csrf(&self) -> String {
        crate::guard::token(&self.seal.secret, &self.seal.visitor, &self.seal.session)
    }

    /// 幂等键的主体：登录的人按账号，匿名的按访客令牌。
    pub(crate) fn csrf_subject(&self) -> String {
        if self.actor.is_signed_in() { String::new() } else { self.csrf() }
    }

    /// 是否接口请求（错误用 problem+json）。
    #[must_use]
    pub fn is_api(&self) -> bool {
        self.uri.starts_with("/api/")
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Ctx {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        parts
            .extensions
            .get::<Arc<Ctx>>()
            .map(|ctx| Ctx::clone(ctx))
            .ok_or_else(|| Failure::from(Problem::unauthenticated()))
    }
}
