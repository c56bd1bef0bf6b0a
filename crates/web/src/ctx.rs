//! 一次请求的身份与环境，由中间件备好，处理函数作为参数取用。

use std::net::IpAddr;
use std::sync::{Arc, LazyLock, OnceLock};

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

/// 访客令牌：头一回来的，页面上有表单才发；没有表单的页面不种 Cookie。
pub(crate) struct Visitor {
    token: OnceLock<String>,
    new: bool,
}

impl Visitor {
    /// 带着令牌来的；`None` 是头一回来。
    pub(crate) fn of(token: Option<&str>) -> Self {
        Self { new: token.is_none(), token: token.map_or_else(OnceLock::new, |token| OnceLock::from(token.to_owned())) }
    }

    fn token(&self) -> &str {
        self.token.get_or_init(|| crate::guard::random_hex(16))
    }

    /// 这一回新发的，要种下的。
    pub(crate) fn issued(&self) -> Option<&str> {
        self.token.get().filter(|_| self.new).map(String::as_str)
    }
}

/// 没有登录的人都一样，一个进程只造一个。
pub(crate) fn anonymous() -> Arc<Actor> {
    static ANONYMOUS: LazyLock<Arc<Actor>> = LazyLock::new(|| Arc::new(Actor::anonymous()));
    Arc::clone(&ANONYMOUS)
}

/// 算表单令牌要的三样。
#[derive(Clone)]
pub(crate) struct Seal {
    pub secret: [u8; 32],
    pub visitor: Arc<Visitor>,
    pub session: Arc<str>,
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
    pub user_agent: Arc<str>,
    pub request_id: Arc<str>,
    /// 路径与查询串。
    pub uri: Arc<str>,
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
        Self { actor: anonymous(), ..self }
    }

    /// 表单令牌。
    #[must_use]
    pub fn csrf(&self) -> String {
        crate::guard::token(&self.seal.secret, self.seal.visitor.token(), &self.seal.session)
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
