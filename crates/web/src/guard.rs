//! 门卫：认人、限流、CSRF、幂等、安全头，一层中间件做完。

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum_extra::extract::CookieJar;
use futures::StreamExt;
use hmac::{Hmac, KeyInit, Mac};
use sm3::Sm3;
use tongban_kernel::problem::{Code, Problem};
use tongban_kernel::ActorKind;

use crate::app::{App, Credential};
use crate::ctx::{Ctx, Flash, Preferences, Seal, Visitor};
use crate::failure::{self, Failure, Refused};
use crate::form::FORM_LIMIT;
use crate::once::{self, OnceKey, Seen};

/// 会话 Cookie。
pub const SESSION: &str = "tb_s";
/// 访客 Cookie：没有登录也有表单令牌。
const VISITOR: &str = "tb_v";
const FLASH: &str = "tb_f";
/// 显示偏好 Cookie：`长辈版,字号档,高对比`。
pub const PREFERENCES: &str = "tb_p";

/// 重复提交等前一次的回答至多多久。
const WAIT_FOR_FIRST: Duration = Duration::from_secs(5);

/// 若干随机字节的十六进制。
#[must_use]
pub fn random_hex(bytes: usize) -> String {
    let mut buffer = vec![0_u8; bytes];
    // 操作系统的随机源不可用时宁可拒绝服务，也不发可猜的令牌
    if getrandom::fill(&mut buffer).is_err() {
        tracing::error!("系统随机源不可用");
        std::process::abort();
    }
    hex::encode(buffer)
}

/// 拼一个 `Set-Cookie`；`max_age` 为 `None` 时随浏览器关闭而失效。
#[must_use]
pub fn cookie(name: &str, value: &str, max_age: Option<i64>, https: bool) -> String {
    let age = max_age.map_or(String::new(), |seconds| format!("; Max-Age={seconds}"));
    let secure = if https { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{age}{secure}")
}

pub(crate) fn flash_cookie(flash: &Flash) -> String {
    let value = serde_urlencoded::to_string([(flash.tone.as_str(), flash.text.as_str())]).unwrap_or_default();
    cookie(FLASH, &value, Some(60), false)
}

fn read_flash(jar: &CookieJar) -> Option<Flash> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_str(jar.get(FLASH)?.value()).ok()?;
    let (tone, text) = pairs.into_iter().next()?;
    let tone = if matches!(tone.as_str(), "g" | "y" | "r") { tone } else { "g".to_owned() };
    (text.chars().count() <= 300).then_some(Flash { text, tone })
}

fn read_preferences(jar: &CookieJar) -> Preferences {
    let mut parts = jar.get(PREFERENCES).map_or("", |c| c.value()).split(',');
    let flag = |part: Option<&str>| part == Some("1");
    Preferences {
        elder: flag(parts.next()),
        size: parts.next().and_then(|p| p.parse().ok()).filter(|n| *n <= 2).unwrap_or(0),
        contrast: flag(parts.next()),
    }
}

pub(crate) fn token(secret: &[u8; 32], visitor: &str, session: &str) -> String {
    let Ok(mut mac) = Hmac::<Sm3>::new_from_slice(secret) else { return String::new() };
    mac.update(visitor.as_bytes());
    mac.update(b"|");
    mac.update(session.as_bytes());
    hex::encode(&mac.finalize().into_bytes()[..16])
}

/// 测试里替访客算表单令牌。
#[cfg(feature = "testing")]
pub(crate) fn token_for_test(app: &App, visitor: &str) -> String {
    token(&app.config().secret, visitor, "")
}

/// 限流认的来源：对接程序按凭证，几个程序同在一个出口也各算各的；其余按地址。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Source {
    Client(i64),
    Address(IpAddr),
}

impl Source {
    fn of(ctx: &Ctx) -> Self {
        if ctx.actor.kind == ActorKind::Client { Self::Client(ctx.actor.account) } else { Self::Address(ctx.ip) }
    }
}

/// 每个来源一个令牌桶，在内存里，重启清零。
pub(crate) struct Buckets {
    per_minute: f64,
    buckets: Mutex<HashMap<Source, (f64, Instant)>>,
}

/// 桶的数目上限：超过就清掉满的。
const MOST_BUCKETS: usize = 100_000;

impl Buckets {
    pub(crate) fn new(per_minute: u32) -> Self {
        Self { per_minute: f64::from(per_minute), buckets: Mutex::default() }
    }

    /// 取一个；回答（还剩几个，`Err` 时几秒后再来）。
    fn take(&self, source: Source) -> Result<u32, u32> {
        if self.per_minute == 0.0 {
            return Ok(u32::MAX);
        }
        let now = Instant::now();
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST_BUCKETS {
            buckets.retain(|_, (_, seen)| now.duration_since(*seen) < Duration::from_secs(60));
        }
        let (left, seen) = buckets.entry(source).or_insert((self.per_minute, now));
        *left = (*left + now.duration_since(*seen).as_secs_f64() * self.per_minute / 60.0).min(self.per_minute);
        *seen = now;
        if *left >= 1.0 {
            *left -= 1.0;
            return Ok(*left as u32);
        }
        Err((((1.0 - *left) * 60.0 / self.per_minute).ceil() as u32).max(1))
    }
}

/// 最外一层：备好 [`Ctx`]，查令牌与幂等键，跑内层，补上错误正文与安全头。
pub(crate) async fn guard(State(app): State<App>, request: Request, next: Next) -> Response {
    let jar = CookieJar::from_headers(request.headers());
    let visitor = Arc::new(Visitor::of(jar.get(VISITOR).map(|c| c.value()).filter(|token| token.len() == 32)));
    let had_flash = jar.get(FLASH).is_some();
    let (parts, body) = request.into_parts();
    let ctx = Arc::new(context(&app, &parts, &jar, Arc::clone(&visitor)).await);
    let request = Request::from_parts(parts, body);
    let (left, asking) = (app.buckets().take(Source::of(&ctx)), is_safe(request.method()));
    let mut response = match left {
        Ok(_) => admit(&app, &ctx, request, next).await,
        Err(seconds) => Failure::from(Problem::rate_limited(seconds)).into_response(),
    };
    if let Some(Refused(problem)) = response.extensions_mut().remove::<Refused>() {
        response = crate::router::answer(&ctx, &problem);
    } else if is_bare_refusal(&response) {
        response = crate::router::answer(&ctx, &unreadable(asking));
    }
    let html = is_html(&response);
    let headers = response.headers_mut();
    if let Some(token) = visitor.issued().filter(|_| html) {
        append_cookie(headers, &cookie(VISITOR, token, None, app.config().https));
    }
    if had_flash && html {
        append_cookie(headers, &cookie(FLASH, "", Some(0), false));
    }
    rate_headers(headers, &app, left);
    secure(headers, app.config().https, ctx.is_api() || html);
    if let Ok(id) = HeaderValue::from_str(&ctx.request_id) {
        headers.insert("x-request-id", id);
    }
    response
}

/// 请求编号：进程起动时取的随机前缀加流水，只求不重，不求猜不着。
fn next_request_id() -> Arc<str> {
    static START: LazyLock<String> = LazyLock::new(|| random_hex(8));
    static SERIAL: AtomicU64 = AtomicU64::new(0);
    format!("{}{:016x}", *START, SERIAL.fetch_add(1, Ordering::Relaxed)).into()
}

/// 浏览器的自称至多留 300 个字节。
fn shortened(agent: &str) -> Arc<str> {
    agent[..agent.floor_char_boundary(300)].into()
}

/// 路径参数、上传正文读不懂时框架自己的回答：一行英文。
fn is_bare_refusal(response: &Response) -> bool {
    response.status() == StatusCode::BAD_REQUEST
        && response.headers().get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"text/plain"))
}

/// 编号读不懂的网址与不存在的一样；提交的读不懂就说读不懂。
fn unreadable(asking: bool) -> Problem {
    if asking {
        Problem::not_found()
    } else {
        Problem::new(Code::BadRequest, "这次提交读不懂，网址或内容不完整；请返回上一页再试")
    }
}

fn is_html(response: &Response) -> bool {
    response.headers().get(header::CONTENT_TYPE).is_some_and(|v| v.as_bytes().starts_with(b"text/html"))
}

fn append_cookie(headers: &mut HeaderMap, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        headers.append(header::SET_COOKIE, value);
    }
}

fn rate_headers(headers: &mut HeaderMap, app: &App, left: Result<u32, u32>) {
    let quota = app.config().requests_per_minute;
    if quota == 0 {
        return;
    }
    let (remaining, reset) = match left {
        Ok(left) => (left, (f64::from(quota - left.min(quota)) * 60.0 / f64::from(quota)).ceil() as u32),
        Err(seconds) => (0, seconds),
    };
    for (name, text) in
        [("ratelimit-policy", format!("\"default\";q={quota};w=60")), ("ratelimit", format!("\"default\";r={remaining};t={reset}"))]
    {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    }
}

fn secure(headers: &mut HeaderMap, https: bool, private: bool) {
    const POLICY: &str = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    if private && !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}

async fn context(app: &App, request: &Parts, jar: &CookieJar, visitor: Arc<Visitor>) -> Ctx {
    let headers = &request.headers;
    let credential = credential(headers, jar);
    let session = match &credential {
        Some(Credential::Session(token)) => token.clone(),
        _ => String::new(),
    };
    let actor = match &credential {
        Some(credential) => app.identify(credential).await.unwrap_or_else(|error| {
            tracing::error!(%error, "认人失败");
            None
        }),
        None => None,
    };
    let request_id = text(headers, "x-request-id")
        .filter(|id| (8..=64).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'))
        .map_or_else(next_request_id, Arc::from);
    let uri = request.uri.path_and_query().map_or("/", |pq| pq.as_str()).into();
    Ctx {
        session: actor.as_ref().map(|_| session.clone()).filter(|s| !s.is_empty()),
        seal: Seal { secret: app.config().secret, visitor, session: session.into() },
        actor: actor.map_or_else(crate::ctx::anonymous, Arc::new),
        site: app.site(),
        preferences: read_preferences(jar),
        flash: read_flash(jar),
        ip: client_ip(app, request),
        user_agent: shortened(text(headers, "user-agent").unwrap_or("")),
        request_id,
        uri,
        swap: headers.contains_key("x-swap"),
        once: None,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn credential(headers: &HeaderMap, jar: &CookieJar) -> Option<Credential> {
    if let Some(bearer) = text(headers, "authorization").and_then(|v| v.strip_prefix("Bearer ")) {
        return Some(Credential::Bearer(bearer.trim().to_owned()));
    }
    jar.get(SESSION).map(|c| Credential::Session(c.value().to_owned()))
}

fn client_ip(app: &App, request: &Parts) -> IpAddr {
    let forwarded = || text(&request.headers, "x-forwarded-for")?.rsplit(',').next()?.trim().parse().ok();
    let proxied = if app.config().trust_proxy { forwarded() } else { None };
    proxied
        .or_else(|| request.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip()))
        .unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST))
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

async fn admit(app: &App, ctx: &Arc<Ctx>, mut request: Request, next: Next) -> Response {
    if ctx.uri.contains("%00") {
        return Failure::from(unseen()).into_response();
    }
    if is_safe(request.method()) {
        request.extensions_mut().insert(Arc::clone(ctx));
        return next.run(request).await;
    }
    match prepare_unsafe(ctx, request).await {
        Ok((request, Some(key))) => run_once(app, &key, request, next).await,
        Ok((request, None)) => next.run(request).await,
        Err(problem) => Failure::from(problem).into_response(),
    }
}

/// 零字符不是文字，PostgreSQL 也存不下：在门口就说清楚。
fn unseen() -> Problem {
    Problem::new(Code::BadRequest, "内容里有看不见的零字符，多半是从别的程序复制来的；请删掉后重新填写")
}

fn has_zero(kind: &str, bytes: &[u8]) -> bool {
    let escaped: &[u8] = if kind.starts_with("application/x") { b"%00" } else { b"\\u0000" };
    bytes.contains(&0) || bytes.windows(escaped.len()).any(|window| window == escaped)
}

/// 读出表单令牌与幂等键（需要时先把正文收进内存），查过之后放行。
async fn prepare_unsafe(ctx: &Arc<Ctx>, request: Request) -> Result<(Request, Option<OnceKey>), Problem> {
    let (mut parts, body) = request.into_parts();
    let kind = text(&parts.headers, "content-type").unwrap_or("").to_owned();
    let query: Vec<(String, String)> = serde_urlencoded::from_str(parts.uri.query().unwrap_or("")).unwrap_or_default();
    let buffered = kind.starts_with("application/x-www-form-urlencoded") || kind.starts_with("application/json") || kind.contains("+json");
    let (body, fields) = if buffered {
        let bytes = whole(body).await?;
        if has_zero(&kind, &bytes) {
            return Err(unseen());
        }
        let fields: Vec<(String, String)> =
            if kind.starts_with("application/x") { serde_urlencoded::from_bytes(&bytes).unwrap_or_default() } else { Vec::new() };
        (Buffered::Whole(bytes), fields)
    } else {
        (Buffered::Stream(body), Vec::new())
    };
    let given = |name: &str| fields.iter().chain(&query).find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    if needs_token(ctx, &parts.headers) {
        let offered = text(&parts.headers, "x-csrf-token").or_else(|| given("_csrf")).unwrap_or("");
        if !same(offered, &ctx.csrf()) || cross_site(&parts.headers) {
            return Err(Problem::new(Code::CsrfFailed, "页面打开太久或已在别处登录，请返回上一页刷新后再提交，填写的内容还在"));
        }
    }
    let key = text(&parts.headers, "idempotency-key").or_else(|| given("_once")).unwrap_or("");
    if key.len() > 255 || key.bytes().any(|b| !b.is_ascii_graphic()) {
        return Err(Problem::new(Code::BadRequest, "幂等键应为 1–255 个可见的 ASCII 字符"));
    }
    let once = (!key.is_empty()).then(|| {
        // 上传的正文不进内存，用长度认内容：换了文件又用旧键提交，会被指出来而不是悄悄丢掉
        let length = text(&parts.headers, "content-length").unwrap_or("").as_bytes();
        let content: &[u8] = if let Buffered::Whole(bytes) = &body { bytes } else { length };
        let fingerprint = if fields.is_empty() { content.to_vec() } else { without_tokens(&fields) };
        OnceKey::new(&format!("{}/{}", ctx.actor.account, ctx.csrf_subject()), parts.method.as_str(), ctx.path(), key, &fingerprint)
    });
    parts.extensions.insert(Arc::new(Ctx { once: once.clone(), ..Ctx::clone(ctx) }));
    let body = match body {
        Buffered::Whole(bytes) => Body::from(bytes),
        Buffered::Stream(body) => body,
    };
    Ok((Request::from_parts(parts, body), once))
}

/// 太长的正文至多再读掉多少字节：读完再回答，浏览器才看得到回答，而不是“连接被重置”。
const DRAIN: usize = 32 * 1024 * 1024;

/// 收下整个正文，至多 [`FORM_LIMIT`]。
async fn whole(body: Body) -> Result<bytes::Bytes, Problem> {
    let (mut kept, mut seen) = (bytes::BytesMut::new(), 0);
    let mut stream = body.into_data_stream();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| Problem::new(Code::BadRequest, "提交中断了，请再试一次"))?;
        seen += chunk.len();
        if seen <= FORM_LIMIT {
            kept.extend_from_slice(&chunk);
        } else if seen > FORM_LIMIT + DRAIN {
            break;
        }
    }
    if seen > FORM_LIMIT {
        return Err(Problem::new(Code::PayloadTooLarge, "内容太长，请不要超过 1 MB；大的文件请用上传"));
    }
    Ok(kept.freeze())
}

enum Buffered {
    Whole(bytes::Bytes),
    Stream(Body),
}

fn without_tokens(fields: &[(String, String)]) -> Vec<u8> {
    let kept: Vec<_> = fields.iter().filter(|(key, _)| !key.starts_with('_')).collect();
    serde_json::to_vec(&kept).unwrap_or_default()
}

/// 只有浏览器的会话与匿名页面要令牌；带 Bearer 的程序不看 Cookie，匿名接口没有可借的身份。
fn needs_token(ctx: &Ctx, headers: &HeaderMap) -> bool {
    if headers.contains_key("authorization") || matches!(ctx.actor.kind, ActorKind::Client | ActorKind::Device) {
        return false;
    }
    !ctx.is_api() || ctx.session.is_some()
}

fn cross_site(headers: &HeaderMap) -> bool {
    text(headers, "sec-fetch-site").is_some_and(|site| site == "cross-site")
}

/// 不因内容提前返回的比较。
fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |acc, (x, y)| acc | (x ^ y)) == 0
}

async fn run_once(app: &App, key: &OnceKey, request: Request, next: Next) -> Response {
    match once::look(app, key).await {
        Ok(Seen::New) => {}
        Ok(Seen::Different) => {
            return Failure::from(Problem::new(Code::IdempotencyKeyReused, "这次提交的内容与上次用同一个键提交的不同，请刷新页面后再提交")).into_response();
        }
        Ok(Seen::Answered(response)) => return *response,
        Ok(Seen::Pending) => return wait_for_first(app, key).await,
        Err(error) => return Failure::from(error).into_response(),
    }
    let response = next.run(request).await;
    let lost_race = response.extensions().get::<Refused>().is_some_and(|refused| refused.0.code == Code::InProgress);
    if lost_race { wait_for_first(app, key).await } else { once::remember(app, key, response).await }
}

/// 同一个键的前一次正在做：等它的回答。
async fn wait_for_first(app: &App, key: &OnceKey) -> Response {
    let started = Instant::now();
    while started.elapsed() < WAIT_FOR_FIRST {
        match once::look(app, key).await {
            Ok(Seen::Answered(response)) => return *response,
            Ok(_) => tokio::time::sleep(Duration::from_millis(25)).await,
            Err(error) => return Failure::from(error).into_response(),
        }
    }
    let problem = Problem::new(Code::InProgress, "同样的提交已经收到，结果请到列表里查看");
    Failure::from(Problem { retry_after: Some(5), ..problem }).into_response()
}

/// 错误正文里要带的头。
pub(crate) fn finish(mut response: Response, problem: &Problem) -> Response {
    failure::add_headers(&mut response, problem);
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_and_fills_again() {
        let buckets = Buckets::new(60);
        let address = Source::Address(IpAddr::V4(Ipv4Addr::LOCALHOST));
        assert!((0..60).all(|_| buckets.take(address).is_ok()));
        let wait = buckets.take(address).unwrap_err();
        assert!((1..=1).contains(&wait));
        assert!(buckets.take(Source::Client(7)).is_ok(), "同一地址上的对接程序另算");
        std::thread::sleep(Duration::from_millis(1050));
        assert!(buckets.take(address).is_ok());
    }

    #[test]
    fn tokens_belong_to_visitor_and_session() {
        let secret = [1; 32];
        assert_ne!(token(&secret, "a", "s"), token(&secret, "b", "s"));
        assert_ne!(token(&secret, "a", "s"), token(&secret, "a", "t"));
        assert!(same(&token(&secret, "a", "s"), &token(&secret, "a", "s")));
    }
}
