//! 时钟：时间本身引起的事，在到点那一刻的名义下作为命令执行，晚跑也不改到点时刻（foundations §5）。

use std::collections::HashMap;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::database::Database;
use crate::error::Result;
use crate::tx::Tx;

/// 一种到点的事。
#[derive(Clone, Copy)]
pub struct Clock {
    pub name: &'static str,
    /// `SELECT id, 到点毫秒 FROM … WHERE 到点毫秒 <= $1 ORDER BY 到点毫秒, id LIMIT $2`
    pub due: &'static str,
    /// 必须自己再核对一次是否到点：两个节点可能同时来。
    pub fire: fn(&mut Tx<'_>, id: i64, due: Timestamp) -> Result<()>,
}

/// 一轮至多多少件。
const BATCH: i64 = 200;
/// 失败的先放一放。
const HOLD: Duration = Duration::from_secs(60);

/// 跑时钟的人；记得哪些刚失败过。
#[derive(Default)]
pub struct Runner {
    held: HashMap<(&'static str, i64), Instant>,
}

impl Runner {
    /// 把 `now` 之前到点的都做掉一轮；回答做了几件。
    ///
    /// # Errors
    /// 引擎不可用。单件失败不算，过一分钟再试。
    pub async fn step(&mut self, db: &Database, clocks: &[Clock], now: Timestamp) -> Result<u64> {
        self.held.retain(|_, since| since.elapsed() < HOLD);
        let mut fired = 0;
        for &clock in clocks {
            let due = db
                .read("clocks.due", move |tx| {
                    tx.rows(clock.due, crate::args![now, BATCH], |r| Ok((r.get::<i64>(0)?, r.get::<i64>(1)?)))
                })
                .await?;
            for (id, at) in due {
                if self.held.contains_key(&(clock.name, id)) {
                    continue;
                }
                let at = tongban_kernel::time::from_millis(at);
                match db.bulk(clock.name, move |tx| (clock.fire)(tx, id, at)).await {
                    Ok(()) => fired += 1,
                    Err(error) => {
                        tracing::error!(clock = clock.name, id, %error, "到点的事没做成，稍后再试");
                        self.held.insert((clock.name, id), Instant::now());
                    }
                }
            }
        }
        Ok(fired)
    }
}
