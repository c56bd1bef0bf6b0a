//! 应用：数据库、文件、检索、配置与区的清单。廉价克隆，作为路由状态。

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;
use tongban_kernel::Actor;
use tongban_search::Index;
use tongban_store::files::Files;
use tongban_store::{Database, Result, Tx};

use crate::area::{Area, Work};
use crate::ctx::Ctx;
use crate::assets;
use crate::guard::Buckets;
use crate::layout::Site;
use crate::once::{self, Answer};

/// 请求带来的凭据。
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// 会话 Cookie。
    Session(String),
    /// `Authorization: Bearer …`。
    Bearer(String),
}

/// 由凭据认人；认不出回答 `None`。由 `parties` 提供。
pub type Identify = for<'a> fn(&'a App, &'a Credential) -> Pending<'a>;

/// [`Identify`] 的回答。
pub type Pending<'a> = std::pin::Pin<Box<dyn Future<Output = Result<Option<Actor>>> + Send + 'a>>;

/// 运行配置。
#[derive(Debug, Clone)]
pub struct Config {
    /// 站点名称，页眉与文书用。
    pub site: String,
    /// 主办机构全称。
    pub owner: String,
    /// 给二维码与短信用的站点网址，不带末尾斜杠。
    pub base_url: String,
    pub data: PathBuf,
    /// 演示环境：顶部黑条。
    pub demo: bool,
    /// 相信反向代理给的来源地址头。
    pub trust_proxy: bool,
    /// 走 HTTPS：Cookie 加 `Secure`，发 HSTS。
    pub https: bool,
    /// 每个来源每分钟多少次请求；0 不限。
    pub requests_per_minute: u32,
    /// 签 CSRF 等令牌的钥匙。
    pub secret: [u8; 32],
    /// 单份上传上限，字节。
    pub upload_limit: usize,
    /// 允许把事件推送、短信请求发到内网与本机地址。
    pub private_endpoints: bool,
    /// 短信网关网址；空为没有通道。
    pub sms_url: String,
    /// 短信网关的签名密钥（`whsec_…`）。
    pub sms_secret: String,
    /// 办结后几个自然日没人评就记一条系统默认评价；0 为不记。
    pub default_rating_days: u32,
}

impl Config {
    /// 测试与演示用的默认值。
    #[must_use]
    pub fn plain(data: PathBuf) -> Self {
        Self {
            site: "昭化一网通办".to_owned(),
            owner: "广元市昭化区行政审批局".to_owned(),
            base_url: "http://127.0.0.1:8080".to_owned(),
            data,
            demo: true,
            trust_proxy: false,
            https: false,
            requests_per_minute: 600,
            secret: [9; 32],
            upload_limit: 20 * 1024 * 1024,
            private_endpoints: false,
            sms_url: String::new(),
            sms_secret: String::new(),
            default_rating_days: 0,
        }
    }
}

/// 应用。
#[derive(Clone)]
pub struct App(Arc<Inner>);

struct Inner {
    db: Database,
    files: Files,
    search: Arc<Index>,
    config: Config,
    areas: Vec<Area>,
    identify: Identify,
    buckets: Buckets,
    site: Arc<Site>,
    started: Instant,
}

impl App {
    #[must_use]
    pub fn new(db: Database, files: Files, search: Index, config: Config, areas: Vec<Area>, identify: Identify) -> Self {
        let buckets = Buckets::new(config.requests_per_minute);
        let site = Arc::new(Site {
            name: config.site.clone(),
            owner: config.owner.clone(),
            demo: config.demo,
            menu: areas.iter().flat_map(|area| area.menu).map(|item| (*item).into()).collect(),
            permissions: areas.iter().flat_map(|area| area.permissions).copied().collect(),
            css: assets::href("app.css"),
            js: assets::href("app.js"),
            icons: assets::href("icons.svg"),
        });
        Self(Arc::new(Inner { db, files, search: Arc::new(search), config, areas, identify, buckets, site, started: Instant::now() }))
    }

    #[must_use]
    pub fn db(&self) -> &Database {
        &self.0.db
    }

    #[must_use]
    pub fn files(&self) -> &Files {
        &self.0.files
    }

    #[must_use]
    pub fn search(&self) -> Arc<Index> {
        Arc::clone(&self.0.search)
    }

    #[must_use]
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    #[must_use]
    pub fn areas(&self) -> &[Area] {
        &self.0.areas
    }

    #[must_use]
    pub fn started(&self) -> Instant {
        self.0.started
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    #[must_use]
    pub fn site(&self) -> Arc<Site> {
        Arc::clone(&self.0.site)
    }

    pub(crate) fn buckets(&self) -> &Buckets {
        &self.0.buckets
    }

    pub(crate) async fn identify(&self, credential: &Credential) -> Result<Option<Actor>> {
        (self.0.identify)(self, credential).await
    }

    /// 一次提交：与 [`Database::write`] 相同，另把请求的幂等键写进同一事务，重复提交只做一次。
    ///
    /// # Errors
    /// 业务拒绝；同一个键正在处理时 `in-progress`。
    pub async fn act<T, F>(&self, ctx: &Ctx, name: &'static str, mut work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        let key = ctx.once.clone();
        let at = self.now();
        self.db()
            .write(name, move |tx| {
                if let Some(key) = &key {
                    once::reserve(tx, key, at)?;
                }
                work(tx)
            })
            .await
    }

    /// 同 [`Self::act`]，回答也写进同一事务：崩溃之后用同一个键重试，给出的还是这一个。
    ///
    /// # Errors
    /// 同 [`Self::act`]。
    pub async fn answer<F>(&self, ctx: &Ctx, name: &'static str, mut work: F) -> Result<Answer>
    where
        F: FnMut(&mut Tx<'_>) -> Result<Answer> + Send + 'static,
    {
        let key = ctx.once.clone();
        self.act(ctx, name, move |tx| {
            let answer = work(tx)?;
            if let Some(key) = &key {
                answer.keep(tx, key)?;
            }
            Ok(answer)
        })
        .await
    }

    /// 全部迁移：底座在前，各区按清单先后。
    #[must_use]
    pub fn migrations(areas: &[Area]) -> Vec<tongban_store::Migration> {
        let mut all = crate::MIGRATIONS.to_vec();
        areas.iter().for_each(|area| all.extend_from_slice(area.migrations));
        all
    }

    /// 把到手的反应、到点的时钟、到期的任务全部做完；测试与命令行用。
    ///
    /// # Errors
    /// 引擎不可用。
    pub async fn settle(&self) -> Result<()> {
        crate::worker::settle(self).await
    }

    /// 名下是 `name` 的任务怎么跑。
    pub(crate) fn run_job<'a>(&'a self, job: &'a tongban_store::jobs::Job) -> Option<(u32, Work<'a>)> {
        let kind = self.areas().iter().flat_map(|area| area.jobs).find(|kind| kind.name == job.kind)?;
        Some((kind.tries, (kind.run)(self, job)))
    }
}
