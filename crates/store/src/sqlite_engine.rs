//! SQLite：一个写线程成组提交，若干读线程。

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use flume::{Receiver, RecvError, Selector};
use rusqlite::{Connection, Statement};

use crate::args::Value;
use crate::database::{Engine, Job};
use crate::error::Result;
use crate::journal;
use crate::row::Row;
use crate::tx::{Link, Mode, Shared, State, Tx};
use crate::unit::{Outcome, Unit, Verdict};

/// 一组至多多少个在线单元。
const GROUP: usize = 512;
/// 读连接的页缓存，KiB。
const READER_CACHE: i64 = 4_096;
/// 写连接的页缓存，KiB。
const WRITER_CACHE: i64 = 32_768;
/// 预写日志腾空之后至多留多大，字节：一次大迁移撑开的文件不会一直占着盘。
const WAL_KEPT: i64 = 67_108_864;

pub(crate) fn open(path: &Path, writer: bool) -> Result<Connection> {
    let conn = Connection::open(path)?;
    conn.busy_timeout(Duration::from_secs(10))?;
    conn.pragma_update(None, "journal_mode", "wal")?;
    conn.pragma_update(None, "synchronous", "full")?;
    conn.pragma_update(None, "foreign_keys", true)?;
    conn.pragma_update(None, "cache_size", -(if writer { WRITER_CACHE } else { READER_CACHE }))?;
    conn.pragma_update(None, "mmap_size", 268_435_456_i64)?;
    conn.pragma_update(None, "temp_store", "memory")?;
    conn.pragma_update(None, "wal_autocheckpoint", 8_000)?;
    conn.pragma_update(None, "journal_size_limit", WAL_KEPT)?;
    if !writer {
        conn.pragma_update(None, "query_only", true)?;
    }
    Ok(conn)
}

/// 一条连接与它预备好的语句。
pub(crate) struct SqliteLink<'c> {
    conn: &'c Connection,
    prepared: HashMap<(usize, usize), Statement<'c>>,
}

impl<'c> SqliteLink<'c> {
    pub(crate) fn new(conn: &'c Connection) -> Self {
        Self { conn, prepared: HashMap::new() }
    }

    fn statement(&mut self, sql: &'static str) -> Result<&mut Statement<'c>> {
        use std::collections::hash_map::Entry;
        // 语句都是常量，地址加长度就能认出来
        Ok(match self.prepared.entry((sql.as_ptr() as usize, sql.len())) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(slot) => slot.insert(self.conn.prepare(&numbered(sql))?),
        })
    }

    fn control(&self, sql: &str) -> bool {
        match self.conn.prepare_cached(sql).and_then(|mut statement| statement.execute([])) {
            Ok(_) => true,
            Err(error) => {
                tracing::warn!(sql, %error, "SQLite 控制语句失败");
                false
            }
        }
    }
}

/// `$3` 改写成 `?3`：SQLite 的 `$3` 按首次出现编号，会悄悄给错答案（foundations §3.4）。
pub(crate) fn numbered(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut quoted = false;
    let mut chars = sql.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\'' {
            quoted = !quoted;
        }
        let parameter = c == '$' && !quoted && chars.peek().is_some_and(char::is_ascii_digit);
        out.push(if parameter { '?' } else { c });
    }
    out
}

impl Link for SqliteLink<'_> {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn execute(&mut self, sql: &'static str, args: &[Value<'_>]) -> Result<u64> {
        let changed = self.statement(sql)?.execute(rusqlite::params_from_iter(args))?;
        Ok(changed as u64)
    }

    fn query(
        &mut self,
        sql: &'static str,
        _lock: bool,
        args: &[Value<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut rows = self.statement(sql)?.query(rusqlite::params_from_iter(args))?;
        while let Some(row) = rows.next()? {
            each(&Row::Sqlite(row))?;
        }
        Ok(())
    }

    fn prepare(&mut self, sql: &str) -> Result<()> {
        self.conn.prepare(&numbered(sql))?;
        Ok(())
    }

    fn batch(&mut self, sql: &str) -> Result<()> {
        Ok(self.conn.execute_batch(sql)?)
    }
}

/// 写线程：取走排队的单元，从第二个起各在保存点里运行，提交一次。
pub(crate) fn write_loop(conn: &Connection, live: &Receiver<Job>, bulk: &Receiver<Job>, shared: &Arc<Shared>) {
    let mut writer = Writer { link: SqliteLink::new(conn), state: State::default(), shared };
    while let Some(mut group) = next_group(live, bulk) {
        if !writer.commit_group(&mut group) {
            // 成组提交没成：逐个再来一遍，谁的错谁担（foundations §3.7）
            for unit in &mut group {
                writer.commit_alone(unit);
            }
        }
        for slot in group {
            slot.unit.finish(slot.outcome);
        }
    }
}

/// 组里的一个单元和它的结局。
struct Slot {
    unit: Box<dyn Unit>,
    outcome: Outcome,
}

fn next_group(live: &Receiver<Job>, bulk: &Receiver<Job>) -> Option<Vec<Slot>> {
    let slot = |job: Job| Slot { unit: job.unit, outcome: Outcome::Lost };
    let first = Selector::new()
        .recv(live, |got: Result<Job, RecvError>| got.map(|job| (job, false)))
        .recv(bulk, |got: Result<Job, RecvError>| got.map(|job| (job, true)))
        .wait();
    // 一条队列的发送端全没了，说明正在关闭：两条一起收尾
    let (first, was_bulk) = match first {
        Ok(got) => got,
        Err(_) => live.try_recv().map(|job| (job, false)).or_else(|_| bulk.try_recv().map(|job| (job, true))).ok()?,
    };
    let mut group = vec![slot(first)];
    group.extend(live.try_iter().take(GROUP - 1).map(slot));
    if !was_bulk {
        group.extend(bulk.try_recv().ok().map(slot));
    }
    Some(group)
}

/// 一组里各单元留下的、提交之后才说的事。
#[derive(Default)]
struct News {
    journaled: bool,
    enqueued: bool,
    remembered: Vec<(crate::memory::Key, crate::memory::Remembered)>,
}

struct Writer<'c, 's> {
    link: SqliteLink<'c>,
    state: State,
    shared: &'s Arc<Shared>,
}

impl Writer<'_, '_> {
    /// 开事务并重读泳道头：命令行工具可能刚刚写过。
    fn begin(&mut self) -> bool {
        if !self.link.control("BEGIN IMMEDIATE") {
            return false;
        }
        match journal::read_head(&mut self.link, 0) {
            Ok(head) => {
                self.state.head = Some(head);
                true
            }
            Err(error) => {
                tracing::error!(%error, "读日志头失败");
                self.link.control("ROLLBACK");
                false
            }
        }
    }

    /// 跑一组里的第一个单元；返回事务是否还完好。
    ///
    /// 它前面没有别人要保住，所以不设保存点：不作数就整个回滚、重新开始。大单元（成批补录）
    /// 因此不必把改过的每一页再抄一份，省下两成多的时间。
    fn run_first(&mut self, slot: &mut Slot, news: &mut News) -> bool {
        if self.run(slot, news) {
            return !self.link.conn.is_autocommit();
        }
        let clean = self.link.conn.is_autocommit() || self.link.control("ROLLBACK");
        clean && self.begin()
    }

    /// 在保存点里跑后面的一个单元；返回事务是否还完好。
    fn run_next(&mut self, slot: &mut Slot, news: &mut News) -> bool {
        if !self.link.control("SAVEPOINT unit") {
            return false;
        }
        let head = self.state.head.clone();
        let mut sound = true;
        if !self.run(slot, news) {
            self.state.head = head;
            sound = self.link.control("ROLLBACK TO unit");
        }
        sound && !self.link.conn.is_autocommit() && self.link.control("RELEASE unit")
    }

    /// 跑一个单元；返回它写的作不作数。
    fn run(&mut self, slot: &mut Slot, news: &mut News) -> bool {
        self.state.begin_unit();
        let verdict = slot.unit.run(&mut Tx::new(&mut self.link, &mut self.state, self.shared, Mode::Write));
        let keep = verdict == Verdict::Keep;
        slot.outcome = if keep { Outcome::Durable } else { Outcome::Lost };
        if keep {
            news.journaled |= self.state.journaled;
            news.enqueued |= self.state.enqueued;
            news.remembered.append(&mut self.state.remembered);
        }
        keep
    }

    fn commit_group(&mut self, group: &mut [Slot]) -> bool {
        let mut news = News::default();
        let mut sound = self.begin();
        for (index, slot) in group.iter_mut().enumerate() {
            sound = sound && if index == 0 { self.run_first(slot, &mut news) } else { self.run_next(slot, &mut news) };
        }
        let durable = sound && self.link.control("COMMIT");
        if durable {
            metrics::histogram!("tongban_commit_group").record(group.len() as f64);
            self.shared.committed(news.journaled, news.enqueued, news.remembered);
        } else if !self.link.conn.is_autocommit() {
            self.link.control("ROLLBACK");
        }
        durable
    }

    fn commit_alone(&mut self, slot: &mut Slot) {
        let group = std::slice::from_mut(slot);
        if !self.commit_group(group) {
            tracing::error!(unit = group[0].unit.name(), "提交失败，单元没有写入");
            group[0].outcome = Outcome::Lost;
        }
    }
}

/// 读线程。
pub(crate) fn read_loop(conn: &Connection, queue: &Receiver<Job>, shared: &Arc<Shared>) {
    let mut link = SqliteLink::new(conn);
    let mut state = State::default();
    while let Ok(mut job) = queue.recv() {
        let snapshot = job.mode == Mode::Snapshot;
        let mut sound = !snapshot || link.control("BEGIN");
        if sound {
            state.begin_unit();
            job.unit.run(&mut Tx::new(&mut link, &mut state, shared, job.mode));
            sound = !snapshot || link.control("COMMIT");
        }
        job.unit.finish(if sound { Outcome::Durable } else { Outcome::Lost });
    }
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn parameters_keep_their_numbers_and_quotes_stay() {
        assert_eq!(numbered("a = $2 AND b = $1 AND c = '$1'"), "a = ?2 AND b = ?1 AND c = '$1'");
    }
}
