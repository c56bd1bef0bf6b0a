//! 量处理器时间：机器忙的时候墙上的钟不作数。

use std::time::{Duration, Instant};

pub struct Clock {
    wall: Instant,
    begun: Option<Duration>,
}

/// 本线程用过的处理器时间；没有这本账的系统为空。
fn used() -> Option<Duration> {
    let ledger = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    ledger.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

impl Clock {
    pub fn start() -> Self {
        Self { wall: Instant::now(), begun: used() }
    }

    pub fn spent(&self) -> Duration {
        let used = used().zip(self.begun).map(|(now, begun)| now.saturating_sub(begun));
        used.unwrap_or_else(|| self.wall.elapsed())
    }
}
