//! PostgreSQL（或说同一协议的引擎）：每条连接一个线程，断了重连。

use std::collections::HashMap;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use flume::Receiver;
use jiff::Timestamp;
use postgres::config::SslMode;
use postgres::types::ToSql;
use postgres::{Client, Config, NoTls, Statement};

use crate::args::Value;
use crate::database::{Engine, Job};
use crate::error::{Error, Result};
use crate::journal;
use crate::row::Row;
use crate::tx::{Link, Mode, Shared, State, Tx};
use crate::unit::{Outcome, Verdict};

/// 冲突重试的总时长。
const RETRY_FOR: Duration = Duration::from_secs(2);
/// 泳道租约，毫秒；过半续约。
const LANE_LEASE_MS: i64 = 60_000;

/// 连接；`sslmode=require` 或 `prefer` 时用系统根证书校验服务器。
///
/// # Errors
/// 连不上、证书不对。
pub(crate) fn connect(url: &str, read_only: bool) -> Result<Client> {
    let config: Config = url.parse()?;
    let mut client = if config.get_ssl_mode() == SslMode::Disable || unix_socket(&config) {
        config.connect(NoTls)?
    } else {
        config.connect(tls()?)?
    };
    if read_only {
        client.batch_execute("SET default_transaction_read_only = on")?;
    }
    Ok(client)
}

fn unix_socket(config: &Config) -> bool {
    config.get_hosts().iter().all(|host| !matches!(host, postgres::config::Host::Tcp(_)))
}

fn tls() -> Result<tokio_postgres_rustls::MakeRustlsConnect> {
    let mut roots = rustls::RootCertStore::empty();
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Io(error.to_string()))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(tokio_postgres_rustls::MakeRustlsConnect::new(config))
}

type Prepared = HashMap<(usize, usize, bool), Statement>;

/// 一条连接与它预备好的语句。
pub(crate) struct PostgresLink<'c> {
    pub client: &'c mut Client,
    pub prepared: &'c mut Prepared,
}

impl PostgresLink<'_> {
    fn statement(&mut self, sql: &'static str, lock: bool) -> Result<Statement> {
        let key = (sql.as_ptr() as usize, sql.len(), lock);
        if let Some(known) = self.prepared.get(&key) {
            return Ok(known.clone());
        }
        let statement = if lock { self.client.prepare(&format!("{sql} FOR UPDATE"))? } else { self.client.prepare(sql)? };
        self.prepared.insert(key, statement.clone());
        Ok(statement)
    }
}

fn borrow<'a>(args: &'a [Value<'a>]) -> Vec<&'a (dyn ToSql + Sync)> {
    args.iter().map(|arg| arg as _).collect()
}

impl Link for PostgresLink<'_> {
    fn engine(&self) -> Engine {
        Engine::Postgres
    }

    fn execute(&mut self, sql: &'static str, args: &[Value<'_>]) -> Result<u64> {
        let statement = self.statement(sql, false)?;
        Ok(self.client.execute(&statement, &borrow(args))?)
    }

    fn query(
        &mut self,
        sql: &'static str,
        lock: bool,
        args: &[Value<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let statement = self.statement(sql, lock)?;
        for row in &self.client.query(&statement, &borrow(args))? {
            each(&Row::Postgres(row))?;
        }
        Ok(())
    }

    fn prepare(&mut self, sql: &str) -> Result<()> {
        self.client.prepare(sql)?;
        Ok(())
    }

    fn batch(&mut self, sql: &str) -> Result<()> {
        Ok(self.client.batch_execute(sql)?)
    }
}

/// 一条连接的线程。`writing` 的连接每个单元一个事务并占一条泳道。
pub(crate) fn serve(url: &str, writing: bool, owner: &str, queue: &Receiver<Job>, shared: &Arc<Shared>) {
    let mut worker = Worker { url, writing, owner, shared, open: None, state: State::default(), lane_until: 0 };
    while let Ok(mut job) = queue.recv() {
        let outcome = worker.complete(&mut job);
        job.unit.finish(outcome);
    }
}

struct Worker<'s> {
    url: &'s str,
    writing: bool,
    owner: &'s str,
    shared: &'s Arc<Shared>,
    open: Option<(Client, Prepared)>,
    state: State,
    lane_until: i64,
}

/// 一次尝试之后。
enum Step {
    Done(Outcome),
    Again,
}

impl Worker<'_> {
    fn complete(&mut self, job: &mut Job) -> Outcome {
        let started = Instant::now();
        let mut tries = 0_u32;
        loop {
            let step = self.attempt(job).unwrap_or_else(|error| {
                tracing::warn!(%error, unit = job.unit.name(), "数据库连接不可用");
                self.open = None;
                Step::Again
            });
            match step {
                Step::Done(outcome) => return outcome,
                Step::Again if started.elapsed() > RETRY_FOR => return if self.open.is_some() { Outcome::Busy } else { Outcome::Lost },
                Step::Again => {
                    metrics::counter!("tongban_unit_retries_total", "unit" => job.unit.name()).increment(1);
                    tries += 1;
                    thread::sleep(jitter(tries));
                }
            }
        }
    }

    /// 跑一遍。`Err` 表示连接没能建立或事务没能开始，什么都没有写。
    fn attempt(&mut self, job: &mut Job) -> Result<Step> {
        self.ensure_open()?;
        if self.writing {
            self.ensure_lane()?;
        }
        let Some((client, prepared)) = self.open.as_mut() else {
            return Err(Error::Lost);
        };
        let begin = match job.mode {
            Mode::Write => Some("BEGIN ISOLATION LEVEL READ COMMITTED"),
            Mode::Snapshot => Some("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            Mode::Read => None,
        };
        if let Some(begin) = begin {
            client.batch_execute(begin)?;
        }
        self.state.begin_unit();
        let head = self.state.head.clone();
        let mut link = PostgresLink { client, prepared };
        let verdict = job.unit.run(&mut Tx::new(&mut link, &mut self.state, self.shared, job.mode));
        if job.unit.disconnected() {
            self.open = None;
            return Ok(Step::Again);
        }
        if job.unit.panicked() {
            // 恐慌之后连接状态说不清，丢掉；服务器会回滚
            self.open = None;
            self.state.head = None;
            return Ok(Step::Done(Outcome::Lost));
        }
        if begin.is_none() {
            return Ok(if verdict == Verdict::Retry { Step::Again } else { Step::Done(Outcome::Durable) });
        }
        let step = self.end(verdict);
        if !matches!(step, Step::Done(Outcome::Durable)) || verdict != Verdict::Keep {
            self.state.head = head;
        }
        if self.state.lane_lost {
            self.state.lane_lost = false;
            self.state.head = None;
        }
        Ok(step)
    }

    fn end(&mut self, verdict: Verdict) -> Step {
        let Some((client, _)) = self.open.as_mut() else {
            return Step::Done(Outcome::Lost);
        };
        let statement = if verdict == Verdict::Keep { "COMMIT" } else { "ROLLBACK" };
        match (client.batch_execute(statement).map_err(Error::from), verdict) {
            (Ok(()), Verdict::Keep) => {
                self.shared.committed(self.state.journaled, self.state.enqueued, self.state.remembered.drain(..));
                Step::Done(Outcome::Durable)
            }
            (Ok(()), Verdict::Retry) => Step::Again,
            (Ok(()), Verdict::Undo) => Step::Done(Outcome::Lost),
            (Err(error), Verdict::Keep) if error.is_retryable() => Step::Again,
            (Err(error), Verdict::Keep) if error.is_disconnect() => {
                self.open = None;
                Step::Done(Outcome::Unknown)
            }
            (Err(error), verdict) => {
                tracing::warn!(%error, "事务没能结束");
                self.open = None;
                if verdict == Verdict::Retry { Step::Again } else { Step::Done(Outcome::Lost) }
            }
        }
    }

    fn ensure_open(&mut self) -> Result<()> {
        if self.open.as_ref().is_none_or(|(client, _)| client.is_closed()) {
            self.open = Some((connect(self.url, !self.writing)?, Prepared::new()));
            self.state.head = None;
        }
        Ok(())
    }

    /// 没有泳道就认领最小的空闲泳道，过半续约。
    fn ensure_lane(&mut self) -> Result<()> {
        let now = Timestamp::now().as_millisecond();
        let Some((client, prepared)) = self.open.as_mut() else {
            return Err(Error::Lost);
        };
        let mut link = PostgresLink { client, prepared };
        let until = now + LANE_LEASE_MS;
        if let Some(head) = &self.state.head {
            if self.lane_until - now > LANE_LEASE_MS / 2 {
                return Ok(());
            }
            if link.execute(journal::RENEW_LANE, crate::args![until, head.lane, self.owner])? == 1 {
                self.lane_until = until;
                return Ok(());
            }
        }
        let lane = journal::claim_lane(&mut link, self.owner, now, until)?;
        self.state.head = Some(journal::read_head(&mut link, lane)?);
        self.lane_until = until;
        Ok(())
    }
}

/// 2–50 毫秒，随次数加长，各线程错开。
fn jitter(tries: u32) -> Duration {
    let mut byte = [0_u8; 1];
    let noise = getrandom::fill(&mut byte).map_or(7, |()| u64::from(byte[0]));
    Duration::from_micros((500 * u64::from(tries.min(16)) + noise * 20).min(50_000))
}
