//! 单元手里的连接：语句、行键、编号、日志、任务，都在同一个事务里。

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Notify;

use crate::args::Value;
use crate::database::Engine;
use crate::error::{Error, Result};
use crate::ids::Ids;
use crate::journal::{self, Entry, Head};
use crate::memory::{Key, Memory, Remembered};
use crate::personal::Keys;
use crate::row::Row;

const NEXT_NUMBER: &str = "INSERT INTO numbers (series, day, last) VALUES ($1, $2, 1) \
     ON CONFLICT (series, day) DO UPDATE SET last = numbers.last + 1 RETURNING last";
const ENQUEUE: &str = "INSERT INTO jobs (id, kind, payload, due, state, tries, owner, until, created, progress) \
     VALUES ($1, $2, $3, $4, 0, 0, '', 0, $5, 0)";
pub(crate) const STATEMENTS: &[&str] = &[NEXT_NUMBER, ENQUEUE];

/// 两种引擎各自实现的最小一层。
pub(crate) trait Link {
    fn engine(&self) -> Engine;
    fn execute(&mut self, sql: &'static str, args: &[Value<'_>]) -> Result<u64>;
    /// `lock` 为真时锁住读到的行（PostgreSQL 加 `FOR UPDATE`；SQLite 的写单元本来就独占）。
    fn query(
        &mut self,
        sql: &'static str,
        lock: bool,
        args: &[Value<'_>],
        each: &mut dyn FnMut(&Row<'_>) -> Result<()>,
    ) -> Result<()>;
    /// 只预备不执行：测试用它检查每一条语句。
    fn prepare(&mut self, sql: &str) -> Result<()>;
    /// 迁移脚本：一条不带参数的语句。
    fn batch(&mut self, sql: &str) -> Result<()>;
}

/// 单元的种类。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Write,
    /// 只许一条语句。
    Read,
    /// 多条语句看同一个快照。
    Snapshot,
}

/// 失败过的语句。
pub(crate) struct Poison {
    pub retryable: bool,
    pub text: String,
}

/// 一条连接上跨单元的状态与本单元的记号。
#[derive(Default)]
pub(crate) struct State {
    pub poison: Option<Poison>,
    pub statements: u32,
    /// 泳道头；`None` 表示本连接还没有泳道。
    pub head: Option<Head>,
    pub lane_lost: bool,
    pub journaled: bool,
    pub enqueued: bool,
    /// 本单元读到的、提交之后才记住的东西。
    pub remembered: Vec<(Key, Remembered)>,
    #[cfg(feature = "testing")]
    pub trace: Option<crate::trace::Trace>,
}

impl State {
    pub(crate) fn begin_unit(&mut self) {
        self.poison = None;
        self.statements = 0;
        self.journaled = false;
        self.enqueued = false;
        self.remembered.clear();
    }
}

/// 全部连接共有的东西。
pub(crate) struct Shared {
    /// 本进程的标识：节点号是不是还归自己。
    pub owner: String,
    pub ids: Ids,
    pub keys: Keys,
    /// 有新日志落盘。
    pub journaled: Arc<Notify>,
    /// 有新任务落盘。
    pub enqueued: Arc<Notify>,
    pub memory: Memory,
}

impl Shared {
    /// 单元已经落盘：唤醒等着的，记住读到的。
    pub(crate) fn committed(&self, journaled: bool, enqueued: bool, remembered: impl IntoIterator<Item = (Key, Remembered)>) {
        if journaled {
            self.journaled.notify_waiters();
        }
        if enqueued {
            self.enqueued.notify_waiters();
        }
        for (key, value) in remembered {
            self.memory.keep(key, value);
        }
    }
}

/// 一个单元的连接。业务代码只通过它碰数据库。
pub struct Tx<'a> {
    link: &'a mut (dyn Link + 'a),
    state: &'a mut State,
    shared: &'a Shared,
    mode: Mode,
}

impl<'a> Tx<'a> {
    pub(crate) fn new(link: &'a mut (dyn Link + 'a), state: &'a mut State, shared: &'a Shared, mode: Mode) -> Self {
        Self { link, state, shared, mode }
    }

    pub(crate) fn take_poison(&mut self) -> Option<Poison> {
        self.state.poison.take()
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.shared.memory
    }

    /// 读单元看到的都是提交了的，立即记住；写单元的等提交。
    pub(crate) fn remember(&mut self, key: Key, value: Remembered) {
        if self.is_writing() {
            self.state.remembered.push((key, value));
        } else {
            self.shared.memory.keep(key, value);
        }
    }

    pub(crate) fn is_writing(&self) -> bool {
        self.mode == Mode::Write
    }

    /// 正在用哪种引擎；业务代码不该需要它，诊断与迁移用。
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.link.engine()
    }

    fn guard<T>(&mut self, result: Result<T>) -> Result<T> {
        if let Err(error) = &result
            && error.poisons()
            && self.state.poison.is_none()
        {
            self.state.poison = Some(Poison { retryable: error.is_retryable(), text: error.to_string() });
        }
        result
    }

    fn count(&mut self) -> Result<()> {
        self.state.statements += 1;
        if self.mode == Mode::Read && self.state.statements > 1 {
            return Err(Error::Misuse("一个 read 只许一条语句，多条请用 snapshot"));
        }
        Ok(())
    }

    /// 执行一条语句，回答改了几行。
    ///
    /// # Errors
    /// 引擎拒绝；此后整个单元必定撤销。
    pub fn exec(&mut self, sql: &'static str, args: &[Value<'_>]) -> Result<u64> {
        self.count()?;
        #[cfg(feature = "testing")]
        if let Some(trace) = &mut self.state.trace {
            trace.statement(sql, false, args);
        }
        let result = self.link.execute(sql, args);
        self.guard(result)
    }

    /// 读出全部行。
    ///
    /// # Errors
    /// 引擎拒绝，或 `map` 返回错误。
    pub fn rows<T>(&mut self, sql: &'static str, args: &[Value<'_>], map: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
        self.fetch(sql, false, args, map)
    }

    /// 至多读一行。
    ///
    /// # Errors
    /// 引擎拒绝，或 `map` 返回错误。
    pub fn row<T>(&mut self, sql: &'static str, args: &[Value<'_>], map: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Option<T>> {
        Ok(self.fetch(sql, false, args, map)?.into_iter().next())
    }

    /// 锁住并读一行：命令装载聚合时用。
    ///
    /// # Errors
    /// 引擎拒绝，或 `map` 返回错误。
    pub fn lock<T>(&mut self, sql: &'static str, args: &[Value<'_>], map: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Option<T>> {
        Ok(self.fetch(sql, true, args, map)?.into_iter().next())
    }

    fn fetch<T>(
        &mut self,
        sql: &'static str,
        lock: bool,
        args: &[Value<'_>],
        mut map: impl FnMut(&Row<'_>) -> Result<T>,
    ) -> Result<Vec<T>> {
        self.count()?;
        #[cfg(feature = "testing")]
        if let Some(trace) = &mut self.state.trace {
            trace.statement(sql, true, args);
        }
        let mut found = Vec::new();
        let result = self.link.query(sql, lock, args, &mut |row| {
            found.push(map(row)?);
            Ok(())
        });
        self.guard(result)?;
        Ok(found)
    }

    /// 预备而不执行。
    ///
    /// # Errors
    /// 语句不合法，或表列不存在。
    pub fn prepare(&mut self, sql: &str) -> Result<()> {
        let result = self.link.prepare(sql);
        self.guard(result)
    }

    pub(crate) fn batch(&mut self, sql: &str) -> Result<()> {
        let result = self.link.batch(sql);
        self.guard(result)
    }

    /// 一个新行键，随时间增大，各节点不重复。
    pub fn new_id(&mut self) -> i64 {
        let id = self.shared.ids.next().unwrap_or_else(|| {
            self.state.poison = Some(Poison { retryable: false, text: "节点号租约已失效".to_owned() });
            0
        });
        #[cfg(feature = "testing")]
        if let Some(trace) = &mut self.state.trace {
            trace.id(id);
        }
        id
    }

    /// 跑得很久的单元隔一会儿叫一次：续住节点号（与泳道）的租约。平常的单元用不着。
    ///
    /// 续约与单元同一个事务：落盘之前别的节点要接走它，会等在行锁上；撤销之后由平常的续约接着续。
    ///
    /// # Errors
    /// 租约已经被别的进程接走，或引擎故障。
    pub fn keep_leases(&mut self) -> Result<()> {
        let now = Timestamp::now().as_millisecond();
        if !self.shared.ids.fading(now) {
            return Ok(());
        }
        let until = now + crate::ids::NODE_LEASE_MS;
        let (node, owner) = (self.shared.ids.node(), self.shared.owner.as_str());
        if self.exec(crate::ids::RENEW_NODE, crate::args![until, node, owner])? != 1 {
            return Err(Error::Lost);
        }
        if self.engine() == Engine::Postgres
            && let Some(lane) = self.state.head.as_ref().map(|head| head.lane)
        {
            self.exec(crate::journal::KEEP_LANE, crate::args![until, lane])?;
        }
        self.shared.ids.extend(until);
        Ok(())
    }

    /// 从这里起记下跑过的语句（压测用）。
    #[cfg(feature = "testing")]
    pub fn start_trace(&mut self) {
        self.state.trace = Some(crate::trace::Trace::default());
    }

    /// 记到的语句；不再记。
    #[cfg(feature = "testing")]
    pub fn take_trace(&mut self) -> Option<crate::trace::Trace> {
        self.state.trace.take()
    }

    /// 不断号的流水：按系列与日期从 1 起。锁到提交为止，尽量在单元末尾取；几个系列按名字顺序取。
    ///
    /// # Errors
    /// 引擎拒绝。
    pub fn number(&mut self, series: &str, day: i64) -> Result<i64> {
        self.row(NEXT_NUMBER, crate::args![series, day], |r| r.get(0))?.ok_or(Error::Shape("编号没有返回"))
    }

    /// 本单元所在的泳道；读单元没有。计数一类的行按泳道分开写，几条连接就不会争一行。
    #[must_use]
    pub fn lane(&self) -> Option<i64> {
        self.state.head.as_ref().map(|head| head.lane)
    }

    /// 记一条日志；一条命令恰好一条。
    ///
    /// # Errors
    /// 引擎拒绝；泳道被别的节点接走时整个单元自动重来。
    pub fn journal(&mut self, entry: Entry<'_>) -> Result<()> {
        let Some(head) = self.state.head.clone() else {
            return Err(Error::Misuse("只有写单元能记日志"));
        };
        #[cfg(feature = "testing")]
        crate::testing::note_kind(entry.kind);
        let (next, hash) = journal::seal(&head, &entry);
        let result = self.exec(
            journal::APPEND,
            crate::args![
                head.lane, next, entry.at, entry.tenant, entry.actor.account,
                (entry.actor.post != 0).then_some(entry.actor.post),
                entry.kind, entry.subject, entry.rev, entry.body, hash.as_slice(),
            ],
        );
        match result {
            Ok(_) => {
                self.state.head = Some(Head { lane: head.lane, seq: next, hash });
                self.state.journaled = true;
                Ok(())
            }
            Err(error) => {
                if error.sql_state() == Some("23505") {
                    self.state.lane_lost = true;
                    self.state.poison = Some(Poison { retryable: true, text: "泳道被别的节点接走".to_owned() });
                }
                Err(error)
            }
        }
    }

    /// 记一条带前后事实的日志：`facts` 是指标的唯一来源（foundations §5）。
    ///
    /// `entry.body` 是改动内容的 JSON 对象（没有写 `"{}"`），不得含个人信息。
    ///
    /// # Errors
    /// 序列化失败或引擎拒绝。
    pub fn journal_facts<F: Serialize>(&mut self, entry: Entry<'_>, before: Option<&F>, after: Option<&F>) -> Result<()> {
        let facts = serde_json::to_string(&(before, after))?;
        let body = format!("{{\"changed\":{},\"facts\":{facts}}}", entry.body);
        self.journal(Entry { body: &body, ..entry })
    }

    /// 下一个后台任务，与本单元同生死；`due` 之后才会跑。
    ///
    /// # Errors
    /// 引擎拒绝。
    pub fn enqueue(&mut self, kind: &str, payload: &str, due: Timestamp) -> Result<i64> {
        let id = self.new_id();
        self.exec(ENQUEUE, crate::args![id, kind, payload, due, tongban_kernel::id::millis_of(id)])?;
        self.state.enqueued = true;
        Ok(id)
    }

    /// 加密个人信息（SM4，密文自带钥号与校验）。
    #[must_use]
    pub fn seal(&self, plain: &str) -> Vec<u8> {
        self.shared.keys.seal(plain)
    }

    /// 解密个人信息。
    ///
    /// # Errors
    /// 钥匙不在或密文被改过。
    pub fn unseal(&self, sealed: &[u8]) -> Result<String> {
        self.shared.keys.unseal(sealed)
    }

    /// 带密钥的散列，用于查重与精确查找；`kind` 隔开不同用途，如 `"id"`、`"mobile"`。
    #[must_use]
    pub fn digest(&self, kind: &str, normalised: &str) -> Vec<u8> {
        self.shared.keys.digest(kind, normalised)
    }
}
