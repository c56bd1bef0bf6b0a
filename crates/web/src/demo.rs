//! 造演示数据时用的环境：各区经自己的命令写入，几十个单元同时在路上。

use futures::future::BoxFuture;
use futures::stream::{FuturesOrdered, StreamExt};
use jiff::Timestamp;
use tongban_store::{Database, Error, Result};

/// 同时在路上的单元：一次落盘装得下一组，PostgreSQL 的几条写连接都有活干。
const FLIGHTS: usize = 32;

/// 造演示数据时用的环境。
pub struct Demo<'a> {
    pub db: &'a Database,
    pub runtime: &'a tokio::runtime::Handle,
    pub now: Timestamp,
    /// 要造多少办件。
    pub cases: u64,
    /// 报告进度：做到第几步、总数、说明。
    pub progress: &'a mut dyn FnMut(u64, u64, &str),
}

impl Demo<'_> {
    /// 一队单元。
    #[must_use]
    pub fn flights(&self) -> Flights {
        Flights { runtime: self.runtime.clone(), going: FuturesOrdered::new() }
    }
}

/// 在路上的一队单元，先发的先算账；业务拒绝的记一笔跳过，引擎故障就停。
pub struct Flights {
    runtime: tokio::runtime::Handle,
    going: FuturesOrdered<BoxFuture<'static, Result<()>>>,
}

impl Flights {
    /// 发一个单元；满了先等最早的一个回来。
    ///
    /// # Errors
    /// 先前某个单元的引擎故障。
    pub fn send(&mut self, unit: impl Future<Output = Result<()>> + Send + 'static) -> Result<()> {
        self.going.push_back(Box::pin(unit));
        while self.going.len() >= FLIGHTS {
            self.wait()?;
        }
        Ok(())
    }

    /// 等全部回来。
    ///
    /// # Errors
    /// 某个单元的引擎故障。
    pub fn land(mut self) -> Result<()> {
        while !self.going.is_empty() {
            self.wait()?;
        }
        Ok(())
    }

    fn wait(&mut self) -> Result<()> {
        match self.runtime.block_on(self.going.next()) {
            Some(Err(Error::Refused(problem))) => {
                tracing::debug!(%problem, "演示数据跳过一条");
                Ok(())
            }
            Some(result) => result,
            None => Ok(()),
        }
    }
}
