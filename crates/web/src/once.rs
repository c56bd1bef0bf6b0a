//! 幂等键：同一个键只做一次，重放给出同样的回答（api-conventions §6）。
//!
//! 页面表单带隐藏的 `_once`，接口带 `Idempotency-Key`。键在业务事务里占位
//! （[`crate::App::act`]），所以“做了却没记”不会发生；回答随后补记，重复的请求等它。
//! 对接程序的动作连回答也记在同一事务里（[`crate::App::answer`]），少等一次落盘。

use axum::body::{Body, Bytes};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use sm3::{Digest, Sm3};
use tongban_kernel::problem::{Code, Problem};
use tongban_store::{Result, Tx, args};

use crate::app::App;

const RESERVE: &str = "INSERT INTO web_once (key, fingerprint, at) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING";
const FIND: &str = "SELECT fingerprint, status, headers, body FROM web_once WHERE key = $1";
const ANSWER: &str = "UPDATE web_once SET status = $1, headers = $2, body = $3 WHERE key = $4 AND status IS NULL";
const CLEAN: &str = "DELETE FROM web_once WHERE at < $1";
pub(crate) const STATEMENTS: &[&str] = &[RESERVE, FIND, ANSWER, CLEAN];

/// 键保存多久。
pub const KEEP: SignedDuration = SignedDuration::from_hours(24);
/// 回答超过它就不存正文。
const BODY_LIMIT: usize = 256 * 1024;

/// 一次提交的键与内容指纹。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnceKey {
    /// 主体 + 方法 + 路径 + 键的散列。
    pub key: String,
    /// 请求正文的散列。
    pub fingerprint: String,
}

impl OnceKey {
    #[must_use]
    pub fn new(subject: &str, method: &str, path: &str, key: &str, body: &[u8]) -> Self {
        let mut sm3 = Sm3::new();
        for part in [subject, method, path, key] {
            sm3.update((part.len() as u64).to_be_bytes());
            sm3.update(part.as_bytes());
        }
        Self { key: hex::encode(sm3.finalize()), fingerprint: hex::encode(Sm3::digest(body)) }
    }
}

/// 在业务单元里占位；已经被占就拒绝，整个单元撤销。
pub(crate) fn reserve(tx: &mut Tx<'_>, key: &OnceKey, at: Timestamp) -> Result<()> {
    if tx.exec(RESERVE, args![&key.key, &key.fingerprint, at])? == 1 {
        return Ok(());
    }
    Err(Problem { retry_after: Some(1), ..Problem::new(Code::InProgress, "同样的提交正在处理或已经处理，请稍后查看结果") }.into())
}

/// 查到的旧记录。
pub(crate) enum Seen {
    New,
    /// 键一样、内容不一样。
    Different,
    /// 已经做了，回答还没补记。
    Pending,
    Answered(Box<Response>),
}

pub(crate) async fn look(app: &App, key: &OnceKey) -> Result<Seen> {
    let wanted = key.key.clone();
    type Row = (String, Option<i64>, Option<String>, Option<Vec<u8>>);
    let found: Option<Row> = app
        .db()
        .read("web.once_find", move |tx| tx.row(FIND, args![&wanted], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?))))
        .await?;
    Ok(match found {
        None => Seen::New,
        Some((fingerprint, ..)) if fingerprint != key.fingerprint => Seen::Different,
        Some((_, Some(status), headers, body)) => Seen::Answered(Box::new(replay(status, &headers.unwrap_or_default(), body.unwrap_or_default()))),
        Some(_) => Seen::Pending,
    })
}

fn replay(status: i64, headers: &str, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = u16::try_from(status).ok().and_then(|s| StatusCode::from_u16(s).ok()).unwrap_or(StatusCode::OK);
    for line in headers.lines() {
        if let Some((name, value)) = line.split_once(": ")
            && let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>())
        {
            response.headers_mut().append(name, value);
        }
    }
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    response
}

/// 一个动作的回答，与动作在同一个事务里记下。
#[derive(Debug, Clone)]
pub struct Answer {
    status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Bytes,
}

/// 已经与动作一起记下的回答，不再补记。
#[derive(Debug, Clone, Copy)]
struct Remembered;

impl Answer {
    /// JSON 的回答。
    ///
    /// # Errors
    /// 正文写不成 JSON。
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self> {
        let kind = (header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self { status, headers: vec![kind], body: serde_json::to_vec(body)?.into() })
    }

    /// 加一个头；写不成头的值不加。
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: &str) -> Self {
        self.headers.extend(HeaderValue::from_str(value).ok().map(|value| (name, value)));
        self
    }

    /// 在占了位的单元里记下。
    pub(crate) fn keep(&self, tx: &mut Tx<'_>, key: &OnceKey) -> Result<()> {
        let headers = lines(self.headers.iter().map(|(name, value)| (name, value)));
        save(tx, &key.key, self.status, &headers, &self.body)
    }
}

impl IntoResponse for Answer {
    fn into_response(self) -> Response {
        let mut response = (self.status, self.body).into_response();
        // 正文自带的类型由回答自己的代替
        response.headers_mut().remove(header::CONTENT_TYPE);
        response.headers_mut().extend(self.headers);
        response.extensions_mut().insert(Remembered);
        response
    }
}

fn lines<'a>(headers: impl Iterator<Item = (&'a HeaderName, &'a HeaderValue)>) -> String {
    headers.filter_map(|(name, value)| Some(format!("{name}: {}\n", value.to_str().ok()?))).collect()
}

fn save(tx: &mut Tx<'_>, key: &str, status: StatusCode, headers: &str, body: &[u8]) -> Result<()> {
    let kept = if body.len() <= BODY_LIMIT { body } else { &[] };
    tx.exec(ANSWER, args![status.as_u16(), headers, kept, key])?;
    Ok(())
}

/// 补记回答；5xx、没有占位的、已经与动作一起记下的不记。返回原样的回答。
pub(crate) async fn remember(app: &App, key: &OnceKey, response: Response) -> Response {
    if response.extensions().get::<Remembered>().is_some() || response.status().is_server_error() || response.status() == StatusCode::CONFLICT {
        return response;
    }
    let (parts, body) = response.into_parts();
    let Ok(bytes) = axum::body::to_bytes(body, usize::MAX).await else {
        return Response::from_parts(parts, Body::empty());
    };
    let kept = [header::CONTENT_TYPE, header::LOCATION, header::ETAG, header::LINK];
    let headers = lines(kept.iter().flat_map(|name| parts.headers.get_all(name).iter().map(move |value| (name, value))));
    let (id, status, body) = (key.key.clone(), parts.status, bytes.clone());
    let saved = app.db().write("web.once_answer", move |tx| save(tx, &id, status, &headers, &body)).await;
    if let Err(error) = saved {
        tracing::warn!(%error, "幂等回答没能补记");
    }
    Response::from_parts(parts, Body::from(bytes))
}

/// 清掉过期的键。
///
/// # Errors
/// 引擎拒绝。
pub fn clean(tx: &mut Tx<'_>, now: Timestamp) -> Result<u64> {
    tx.exec(CLEAN, args![now - KEEP])
}
