//! 测试用的应用：真的路由、真的库，身份由测试直接给。

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use tongban_kernel::Actor;
use tongban_search::Index;
use tongban_store::files::Files;
use tongban_store::testing::TestDb;
use tongban_store::{Engine, Error, Result};
use tower::ServiceExt;

use crate::app::{App, Config, Credential, Pending};
use crate::area::Area;

static ACTORS: LazyLock<Mutex<HashMap<String, Actor>>> = LazyLock::new(Mutex::default);

fn identify<'a>(_: &'a App, credential: &'a Credential) -> Pending<'a> {
    let (Credential::Session(token) | Credential::Bearer(token)) = credential;
    let found = ACTORS.lock().unwrap_or_else(PoisonError::into_inner).get(token).cloned();
    Box::pin(async move { Ok(found) })
}

/// 一个测试应用。
pub struct TestApp {
    pub app: App,
    pub router: Router,
    pub test: TestDb,
    folder: Folder,
}

/// 记过而没有中文名的日志种类：只看这几个区的。
#[must_use]
pub fn unnamed_kinds(areas: &[Area]) -> Vec<String> {
    let named: Vec<&str> = areas.iter().flat_map(|area| area.events).map(|(kind, _)| *kind).collect();
    let prefix = |kind: &str| kind.split('.').next().unwrap_or("").to_owned();
    let prefixes: Vec<String> = named.iter().map(|kind| prefix(kind)).chain(areas.iter().map(|area| area.name.to_owned())).collect();
    tongban_store::testing::journalled().into_iter().filter(|kind| prefixes.contains(&prefix(kind)) && !named.contains(&kind.as_str())).collect()
}

impl Drop for TestApp {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let unnamed = unnamed_kinds(self.app.areas());
            assert!(unnamed.is_empty(), "这些日志种类在区的 events 里没有中文名：{unnamed:?}");
        }
    }
}

/// 测试用的附件文件夹；离开作用域就删掉。
struct Folder(std::path::PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// 一次回答。
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub body: String,
}

impl Answer {
    /// 跳转目标。
    #[must_use]
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).and_then(|v| v.to_str().ok()).unwrap_or("")
    }

    /// 正文里的 JSON。
    ///
    /// # Errors
    /// 不是 JSON。
    pub fn json(&self) -> Result<serde_json::Value> {
        Ok(serde_json::from_str(&self.body)?)
    }
}

impl TestApp {
    /// 在一种引擎上开一个空应用。
    ///
    /// # Errors
    /// 引擎打不开。
    pub async fn open(engine: Engine, areas: Vec<Area>) -> Result<Self> {
        let test = TestDb::open(engine, &App::migrations(&areas)).await?;
        let folder = std::env::temp_dir().join(format!("tongban-files-{}", crate::guard::random_hex(8)));
        let search = Index::in_memory().map_err(|error| Error::Io(error.to_string()))?;
        Self::configured(test, folder, search, areas, std::convert::identity)
    }

    fn configured(test: TestDb, folder: std::path::PathBuf, search: Index, areas: Vec<Area>, adjust: impl FnOnce(Config) -> Config) -> Result<Self> {
        let config = adjust(Config { requests_per_minute: 0, ..Config::plain(folder.clone()) });
        let app = App::new(test.db.clone(), Files::local(&folder)?, search, config, areas, identify);
        Ok(Self { router: crate::router::build(app.clone()), app, test, folder: Folder(folder) })
    }

    /// 同 [`Self::open`]，另允许推送到本机（测试里的接收方就在本机）。
    ///
    /// # Errors
    /// 引擎打不开。
    pub async fn open_with_private_endpoints(engine: Engine, areas: Vec<Area>) -> Result<Self> {
        Self::open_with(engine, areas, |config| Config { private_endpoints: true, ..config }).await
    }

    /// 同 [`Self::open`]，改几项配置。
    ///
    /// # Errors
    /// 引擎打不开。
    pub async fn open_with(engine: Engine, areas: Vec<Area>, adjust: impl FnOnce(Config) -> Config) -> Result<Self> {
        let test = TestDb::open(engine, &App::migrations(&areas)).await?;
        let folder = std::env::temp_dir().join(format!("tongban-files-{}", crate::guard::random_hex(8)));
        let search = Index::in_memory().map_err(|error| Error::Io(error.to_string()))?;
        Self::configured(test, folder, search, areas, adjust)
    }

    /// 附件与索引所在的文件夹。
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        &self.folder.0
    }

    /// 登记一个身份，回答令牌。
    #[must_use]
    pub fn sign_in(&self, actor: Actor) -> String {
        let token = crate::guard::random_hex(16);
        ACTORS.lock().unwrap_or_else(PoisonError::into_inner).insert(token.clone(), actor);
        token
    }

    /// 发一次请求；`token` 为空是匿名。
    ///
    /// # Errors
    /// 请求拼不成。
    pub async fn send(&self, request: Request<Body>) -> Result<Answer> {
        let failed = |error: &dyn std::fmt::Display| Error::Io(error.to_string());
        let response = self.router.clone().oneshot(request).await.map_err(|e| failed(&e))?;
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.map_err(|e| failed(&e))?;
        Ok(Answer { status: parts.status, headers: parts.headers, body: String::from_utf8_lossy(&bytes).into_owned() })
    }

    fn request(method: &str, path: &str, token: &str) -> axum::http::request::Builder {
        let builder = Request::builder().method(method).uri(path);
        if token.is_empty() { builder } else { builder.header(header::AUTHORIZATION, format!("Bearer {token}")) }
    }

    /// GET。
    ///
    /// # Errors
    /// 请求拼不成。
    pub async fn get(&self, path: &str, token: &str) -> Result<Answer> {
        let request = Self::request("GET", path, token).body(Body::empty()).map_err(|e| Error::Io(e.to_string()))?;
        self.send(request).await
    }

    /// POST 一张表单。匿名时先取一次首页拿到访客令牌。
    ///
    /// # Errors
    /// 请求拼不成。
    pub async fn post_form(&self, path: &str, token: &str, fields: &[(&str, &str)]) -> Result<Answer> {
        let mut body = serde_urlencoded::to_string(fields).map_err(|e| Error::Io(e.to_string()))?;
        let mut builder = Self::request("POST", path, token).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if token.is_empty() {
            let (cookie, csrf) = self.visitor();
            builder = builder.header(header::COOKIE, cookie);
            body = format!("{body}&_csrf={csrf}");
        }
        let request = builder.body(Body::from(body)).map_err(|e| Error::Io(e.to_string()))?;
        self.send(request).await
    }

    /// POST JSON。
    ///
    /// # Errors
    /// 请求拼不成。
    pub async fn post_json(&self, path: &str, token: &str, body: &serde_json::Value) -> Result<Answer> {
        let request = Self::request("POST", path, token)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Body::from(body.to_string()))
            .map_err(|e| Error::Io(e.to_string()))?;
        self.send(request).await
    }

    /// 一个访客的 Cookie 与表单令牌。
    #[must_use]
    pub fn visitor(&self) -> (String, String) {
        let visitor = "0123456789abcdef0123456789abcdef";
        (format!("tb_v={visitor}"), crate::guard::token_for_test(&self.app, visitor))
    }
}
