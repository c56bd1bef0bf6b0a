//! 数据库的门面：四种单元（写、大批写、读、快照），克隆很便宜。

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::{Duration, Instant};

use flume::{Receiver, Sender};
use jiff::Timestamp;
use tokio::sync::{Notify, oneshot};

use crate::error::{Error, Result};
use crate::ids::{self, Ids};
use crate::journal;
use crate::memory::Memory;
use crate::migrate;
use crate::personal::Keys;
use crate::postgres_engine::{self, PostgresLink};
use crate::sqlite_engine::{self, SqliteLink};
use crate::tx::{Link, Mode, Shared, Tx};
use crate::unit::{Call, Unit};

/// 排队上限：超过就让调用者等。
const QUEUE: usize = 4_096;

/// 引擎的种类。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// 打开数据库要知道的。
#[derive(Clone)]
pub struct Options {
    /// `sqlite:路径`、路径，或 `postgres://…`。
    pub url: String,
    pub keys: Keys,
    /// 读连接（SQLite）或读写各一半的连接（PostgreSQL）；0 用默认值。
    pub connections: usize,
}

/// 排队的单元与它的种类。
pub(crate) struct Job {
    pub unit: Box<dyn Unit>,
    pub mode: Mode,
}

/// 数据库。廉价克隆；最后一个克隆消失时连接线程收尾退出。
#[derive(Clone)]
pub struct Database(Arc<Inner>);

struct Inner {
    engine: Engine,
    live: Sender<Job>,
    bulk: Sender<Job>,
    reads: Sender<Job>,
    shared: Arc<Shared>,
    owner: String,
}

struct Queues {
    live: Receiver<Job>,
    bulk: Receiver<Job>,
    reads: Receiver<Job>,
}

impl Database {
    /// 打开数据库：建好数据层自己的表，认领节点号，起连接线程。要在 tokio 运行时里调用。
    ///
    /// # Errors
    /// 打不开、连不上、迁移失败。
    pub async fn open(options: Options) -> Result<Self> {
        tokio::task::spawn_blocking(move || Self::open_blocking(&options))
            .await
            .map_err(|error| Error::Io(error.to_string()))?
            .inspect(Self::keep_node)
    }

    fn open_blocking(options: &Options) -> Result<Self> {
        let (live, live_queue) = flume::bounded(QUEUE);
        let (bulk, bulk_queue) = flume::bounded(QUEUE);
        let (reads, read_queue) = flume::bounded(QUEUE);
        let queues = Queues { live: live_queue, bulk: bulk_queue, reads: read_queue };
        let owner = random_owner()?;
        let (engine, shared) = if is_postgres(&options.url) {
            (Engine::Postgres, start_postgres(options, &owner, &queues)?)
        } else {
            (Engine::Sqlite, start_sqlite(options, &owner, &queues)?)
        };
        Ok(Self(Arc::new(Inner { engine, live, bulk, reads, shared, owner })))
    }

    #[must_use]
    pub fn engine(&self) -> Engine {
        self.0.engine
    }

    /// 本进程的标识：租约、任务归属用。
    #[must_use]
    pub fn owner(&self) -> &str {
        &self.0.owner
    }

    /// 新日志落盘时唤醒（只限本进程；别的节点靠轮询）。
    #[must_use]
    pub fn journaled(&self) -> Arc<Notify> {
        Arc::clone(&self.0.shared.journaled)
    }

    /// 新任务落盘时唤醒（只限本进程）。
    #[must_use]
    pub fn enqueued(&self) -> Arc<Notify> {
        Arc::clone(&self.0.shared.enqueued)
    }

    /// 在一个事务里运行 `work`。回答 `Ok` 时已经落盘；`Err` 时什么都没有写（[`Error::Unknown`] 除外）。
    ///
    /// # Errors
    /// 业务拒绝或引擎故障。
    pub async fn write<T, F>(&self, name: &'static str, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        submit(&self.0.live, Mode::Write, name, work).await
    }

    /// 大批写的一段：不与在线的单元争先，每段至多 200 行。
    ///
    /// # Errors
    /// 业务拒绝或引擎故障。
    pub async fn bulk<T, F>(&self, name: &'static str, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        submit(&self.0.bulk, Mode::Write, name, work).await
    }

    /// 读一条语句。
    ///
    /// # Errors
    /// 业务拒绝或引擎故障。
    pub async fn read<T, F>(&self, name: &'static str, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        submit(&self.0.reads, Mode::Read, name, work).await
    }

    /// 几条语句看同一个快照。
    ///
    /// # Errors
    /// 业务拒绝或引擎故障。
    pub async fn snapshot<T, F>(&self, name: &'static str, work: F) -> Result<T>
    where
        T: Send + 'static,
        F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
    {
        submit(&self.0.reads, Mode::Snapshot, name, work).await
    }

    /// 节点号续约；库关掉就停。
    fn keep_node(&self) {
        let inner: Weak<Inner> = Arc::downgrade(&self.0);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_millis(ids::NODE_LEASE_MS as u64 / 3)).await;
                let Some(inner) = inner.upgrade() else { return };
                let db = Database(inner);
                let (node, owner) = (db.0.shared.ids.node(), db.0.owner.clone());
                let until = Timestamp::now().as_millisecond() + ids::NODE_LEASE_MS;
                match db.bulk("store.renew_node", move |tx| tx.renew_node(node, &owner, until)).await {
                    Ok(true) => db.0.shared.ids.extend(until),
                    Ok(false) => {
                        db.0.shared.ids.extend(0);
                        tracing::error!(node, "节点号租约被别的进程接走，本进程不再发号");
                    }
                    Err(error) => tracing::warn!(%error, "节点号续约失败，稍后再试"),
                }
            }
        });
    }
}

impl Tx<'_> {
    fn renew_node(&mut self, node: i64, owner: &str, until: i64) -> Result<bool> {
        Ok(self.exec(ids::RENEW_NODE, crate::args![until, node, owner])? == 1)
    }
}

async fn submit<T, F>(queue: &Sender<Job>, mode: Mode, name: &'static str, work: F) -> Result<T>
where
    T: Send + 'static,
    F: FnMut(&mut Tx<'_>) -> Result<T> + Send + 'static,
{
    let (reply, answer) = oneshot::channel();
    let unit = Box::new(Call { name, work, result: None, reply, queued: Instant::now() });
    queue.send_async(Job { unit, mode }).await.map_err(|_| Error::Lost)?;
    answer.await.unwrap_or(Err(Error::Lost))
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}

fn random_owner() -> Result<String> {
    let mut bytes = [0_u8; 8];
    getrandom::fill(&mut bytes).map_err(|error| Error::Io(error.to_string()))?;
    Ok(hex::encode(bytes))
}

/// 建数据层的表、认领节点号，得到共有状态。
fn prepare(link: &mut dyn Link, options: &Options, owner: &str) -> Result<Arc<Shared>> {
    migrate::bootstrap(link, crate::MIGRATIONS)?;
    let now = Timestamp::now().as_millisecond();
    let node = ids::claim(link, owner, now)?;
    Ok(Arc::new(Shared {
        owner: owner.to_owned(),
        ids: Ids::new(node, now, now + ids::NODE_LEASE_MS),
        keys: options.keys.clone(),
        journaled: Arc::default(),
        enqueued: Arc::default(),
        memory: Memory::default(),
    }))
}

fn start_sqlite(options: &Options, owner: &str, queues: &Queues) -> Result<Arc<Shared>> {
    let path = PathBuf::from(options.url.strip_prefix("sqlite:").unwrap_or(&options.url));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| Error::Io(format!("建 {}：{error}", folder.display())))?;
    }
    let writer = sqlite_engine::open(&path, true)?;
    let shared = {
        let mut link = SqliteLink::new(&writer);
        let shared = prepare(&mut link, options, owner)?;
        // 只有一条泳道：0 号，永远归写连接
        journal::own_lane_zero(&mut link)?;
        shared
    };
    let readers = if options.connections > 0 { options.connections } else { thread::available_parallelism().map_or(2, usize::from).clamp(2, 16) };
    for _ in 0..readers {
        let conn = sqlite_engine::open(&path, false)?;
        let (queue, shared) = (queues.reads.clone(), Arc::clone(&shared));
        spawn("tongban-read", move || sqlite_engine::read_loop(&conn, &queue, &shared))?;
    }
    let (live, bulk, for_writer) = (queues.live.clone(), queues.bulk.clone(), Arc::clone(&shared));
    spawn("tongban-write", move || sqlite_engine::write_loop(&writer, &live, &bulk, &for_writer))?;
    Ok(shared)
}

fn start_postgres(options: &Options, owner: &str, queues: &Queues) -> Result<Arc<Shared>> {
    let shared = {
        let mut client = postgres_engine::connect(&options.url, false)?;
        let mut prepared = std::collections::HashMap::new();
        prepare(&mut PostgresLink { client: &mut client, prepared: &mut prepared }, options, owner)?
    };
    let size = if options.connections > 0 { options.connections.max(4) } else { 16 };
    for n in 0..size {
        // 一半写、一半读，写里留一条给大批写
        let (queue, writing) = match n {
            0 => (queues.bulk.clone(), true),
            n if n % 2 == 0 => (queues.live.clone(), true),
            _ => (queues.reads.clone(), false),
        };
        let (url, lane_owner, shared) = (options.url.clone(), format!("{owner}-{n}"), Arc::clone(&shared));
        spawn("tongban-postgres", move || postgres_engine::serve(&url, writing, &lane_owner, &queue, &shared))?;
    }
    Ok(shared)
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(work).map_err(|error| Error::Io(error.to_string()))?;
    Ok(())
}
