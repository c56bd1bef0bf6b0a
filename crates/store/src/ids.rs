//! 行键发生器：节点号租来，时间只进不退（foundations §6）。

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::Timestamp;
use tongban_kernel::id::compose;

use crate::error::{Error, Result};
use crate::tx::Link;

const CLAIM_NODE: &str = "UPDATE nodes SET owner = $1, until = $2 WHERE node = \
     (SELECT node FROM nodes WHERE until < $3 ORDER BY node LIMIT 1) AND until < $3 RETURNING node";
const ADD_NODE: &str = "INSERT INTO nodes (node, owner, until) \
     SELECT COALESCE(MAX(node), -1) + 1, $1, CAST($2 AS BIGINT) FROM nodes WHERE 1 = 1 ON CONFLICT (node) DO NOTHING RETURNING node";
pub(crate) const RENEW_NODE: &str = "UPDATE nodes SET until = $1 WHERE node = $2 AND owner = $3";
pub(crate) const STATEMENTS: &[&str] = &[CLAIM_NODE, ADD_NODE, RENEW_NODE];

/// 节点租约，毫秒；三分之一处续约。
pub(crate) const NODE_LEASE_MS: i64 = 120_000;

/// 发生器。`last` 的高位是毫秒、低 12 位是计数；同一毫秒用完就向前借。
pub(crate) struct Ids {
    node: i64,
    last: AtomicI64,
    until: AtomicI64,
}

impl Ids {
    pub(crate) fn new(node: i64, not_before_ms: i64, until_ms: i64) -> Self {
        Self { node, last: AtomicI64::new(not_before_ms << 12), until: AtomicI64::new(until_ms) }
    }

    pub(crate) fn node(&self) -> i64 {
        self.node
    }

    pub(crate) fn extend(&self, until_ms: i64) {
        self.until.store(until_ms, Ordering::Relaxed);
    }

    /// 租约过了一半。
    pub(crate) fn fading(&self, now: i64) -> bool {
        self.until.load(Ordering::Relaxed) - now < NODE_LEASE_MS / 2
    }

    /// 下一个行键；租约过期则为 `None`。
    pub(crate) fn next(&self) -> Option<i64> {
        let now = Timestamp::now().as_millisecond();
        let until = self.until.load(Ordering::Relaxed);
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            let next = (last + 1).max(now << 12);
            if next >> 12 >= until {
                return None;
            }
            match self.last.compare_exchange_weak(last, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return Some(compose(next >> 12, self.node, next & 0xfff)),
                Err(seen) => last = seen,
            }
        }
    }
}

/// 认领节点号：先接过期的，没有再添。返回（节点号，此前不得使用的毫秒）。
pub(crate) fn claim(link: &mut dyn Link, owner: &str, now: i64) -> Result<i64> {
    let until = now + NODE_LEASE_MS;
    for _ in 0..64 {
        let mut node = None;
        link.query(CLAIM_NODE, false, crate::args![owner, until, now], &mut |r| {
            node = Some(r.get::<i64>(0)?);
            Ok(())
        })?;
        if node.is_none() {
            link.query(ADD_NODE, false, crate::args![owner, until], &mut |r| {
                node = Some(r.get::<i64>(0)?);
                Ok(())
            })?;
        }
        match node {
            Some(node) if node < 1024 => return Ok(node),
            Some(_) => return Err(Error::Io("节点超过 1024 个".to_owned())),
            None => {}
        }
    }
    Err(Error::Busy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_and_stop_with_the_lease() {
        let now = Timestamp::now().as_millisecond();
        let ids = Ids::new(3, now, now + 60_000);
        assert!(!ids.fading(now) && ids.fading(now + 1), "过了一半就该续");
        let made: Vec<i64> = (0..20_000).filter_map(|_| ids.next()).collect();
        assert_eq!(made.len(), 20_000);
        assert!(made.windows(2).all(|pair| pair[0] < pair[1]));
        ids.extend(now - 1);
        assert_eq!(ids.next(), None);
    }
}
