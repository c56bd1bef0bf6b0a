//! 排队的单元：在连接线程上运行，提交之后才回答。

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::error::{Error, Result};
use crate::tx::Tx;

/// 运行之后引擎该怎么办。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Keep,
    Undo,
    Retry,
}

/// 单元的结局。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// 已落盘（或读完）。
    Durable,
    /// 没有写入。
    Lost,
    /// 反复冲突，放弃。
    Busy,
    /// 提交途中断线。
    Unknown,
}

/// 排队的单元。`run` 可以再跑一遍；`finish` 送出回答。
pub(crate) trait Unit: Send {
    fn name(&self) -> &'static str;
    fn run(&mut self, tx: &mut Tx<'_>) -> Verdict;
    /// 上一次运行是否恐慌（PostgreSQL 据此丢弃连接）。
    fn panicked(&self) -> bool;
    /// 上一次运行是否遇到断线。
    fn disconnected(&self) -> bool;
    fn finish(self: Box<Self>, outcome: Outcome);
}

pub(crate) struct Call<T, F> {
    pub name: &'static str,
    pub work: F,
    pub result: Option<Result<T>>,
    pub reply: oneshot::Sender<Result<T>>,
    pub queued: Instant,
}

/// 排队超过它就记一笔。
const SLOW_WAIT: Duration = Duration::from_millis(100);
/// 占用写连接超过它就计一次数；超过 [`TOO_SLOW`] 还要写进日志。
const SLOW_RUN: Duration = Duration::from_millis(5);
const TOO_SLOW: Duration = Duration::from_millis(200);

impl<T, F> Unit for Call<T, F>
where
    T: Send,
    F: FnMut(&mut Tx<'_>) -> Result<T> + Send,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Verdict {
        let started = Instant::now();
        let waited = started.duration_since(self.queued);
        let ran = catch_unwind(AssertUnwindSafe(|| (self.work)(tx)));
        let mut result = ran.unwrap_or_else(|panic| Err(Error::Panicked(panic_text(&*panic))));
        if let Err(Error::Panicked(text)) = &result {
            tracing::error!(unit = self.name, text, "单元恐慌");
        }
        let poison = tx.take_poison();
        let retry = poison.as_ref().is_some_and(|p| p.retryable) || result.as_ref().is_err_and(Error::is_retryable);
        // 语句失败过的单元一律撤销，哪怕闭包把错误咽下去了（foundations §3.1）
        if let (Some(poison), Ok(_)) = (&poison, &result) {
            result = Err(Error::Poisoned(poison.text.clone()));
        }
        self.observe(tx.is_writing(), waited, started.elapsed());
        let verdict = match &result {
            _ if retry => Verdict::Retry,
            Ok(_) => Verdict::Keep,
            Err(_) => Verdict::Undo,
        };
        self.result = Some(result);
        verdict
    }

    fn panicked(&self) -> bool {
        matches!(self.result, Some(Err(Error::Panicked(_))))
    }

    fn disconnected(&self) -> bool {
        self.result.as_ref().is_some_and(|r| r.as_ref().is_err_and(Error::is_disconnect))
    }

    fn finish(mut self: Box<Self>, outcome: Outcome) {
        let result = match (self.result.take(), outcome) {
            (Some(Ok(value)), Outcome::Durable) => Ok(value),
            (_, Outcome::Unknown) => Err(Error::Unknown),
            (_, Outcome::Busy) => Err(Error::Busy),
            (Some(Err(error)), _) => Err(error),
            _ => Err(Error::Lost),
        };
        // 提问的人已经走了也不要紧：写入已经落盘
        let _ = self.reply.send(result);
    }
}

impl<T, F> Call<T, F> {
    fn observe(&self, writing: bool, waited: Duration, ran: Duration) {
        metrics::histogram!("tongban_unit_seconds", "unit" => self.name).record(ran.as_secs_f64());
        metrics::histogram!("tongban_unit_wait_seconds", "unit" => self.name).record(waited.as_secs_f64());
        if writing && ran > SLOW_RUN {
            metrics::counter!("tongban_slow_units_total", "unit" => self.name).increment(1);
            if ran > TOO_SLOW {
                tracing::warn!(unit = self.name, ms = ran.as_millis(), "单元占用写连接过久");
            } else {
                tracing::debug!(unit = self.name, ms = ran.as_millis(), "单元偏慢");
            }
        }
        if waited > SLOW_WAIT {
            metrics::counter!("tongban_long_waits_total", "unit" => self.name).increment(1);
            tracing::debug!(unit = self.name, ms = waited.as_millis(), "单元排队过久");
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "未知".to_owned())
}
