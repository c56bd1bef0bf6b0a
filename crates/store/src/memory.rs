//! 进程里的记忆：读一次就不必再读的东西。键里带着区的前缀，各库各有一份，满了从头来过。
//!
//! - [`Tx::unchanging`]：提交以后永远不变的（已发布的一版）。写单元里读到的要等提交了才记，
//!   撤销的单元读到的不会留下来；
//! - [`Tx::recent`]：容许旧一会儿的（公开页上的近况）。过了期由第一个来的人重算，别人先看旧的。

use std::any::Any;
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use crate::error::Result;
use crate::tx::Tx;

/// 至多记多少样。
const CAPACITY: usize = 8_192;

/// 名称与两个行键。
pub(crate) type Key = (&'static str, i64, i64);
pub(crate) type Remembered = Arc<dyn Any + Send + Sync>;

struct Known {
    /// 什么时候记的；有人正在重算时往后推，免得大家一起算。
    at: Instant,
    value: Remembered,
}

/// 一个库的记忆。
#[derive(Default)]
pub(crate) struct Memory(RwLock<HashMap<Key, Known>>);

impl Memory {
    fn find<T: Send + Sync + 'static>(&self, key: Key) -> Option<(Instant, Arc<T>)> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let found = known.get(&key)?;
        Some((found.at, Arc::clone(&found.value).downcast().ok()?))
    }

    pub(crate) fn keep(&self, key: Key, value: Remembered) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CAPACITY {
            known.clear();
        }
        known.insert(key, Known { at: Instant::now(), value });
    }

    /// 还是那个时刻就推到现在，并说该由我来重算。
    fn claim(&self, key: Key, seen: Instant) -> bool {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let mine = known.get_mut(&key).filter(|found| found.at == seen);
        mine.map(|found| found.at = Instant::now()).is_some()
    }
}

impl Tx<'_> {
    /// 提交以后永远不变的一样东西；第一次用 `load` 读出来，没有就不记。
    ///
    /// # Errors
    /// `load` 的错误。
    pub fn unchanging<T: Send + Sync + 'static>(
        &mut self,
        name: &'static str,
        (first, second): (i64, i64),
        load: impl FnOnce(&mut Self) -> Result<Option<T>>,
    ) -> Result<Option<Arc<T>>> {
        let key = (name, first, second);
        if let Some((_, found)) = self.memory().find(key) {
            return Ok(Some(found));
        }
        let Some(loaded) = load(self)?.map(Arc::new) else { return Ok(None) };
        self.remember(key, Arc::clone(&loaded) as Remembered);
        Ok(Some(loaded))
    }

    /// 容许旧一会儿的一样东西：不超过 `keep` 的直接用，过了期由第一个来的人用 `count` 重算。
    ///
    /// # Errors
    /// `count` 的错误。
    pub fn recent<T: Send + Sync + 'static>(
        &mut self,
        name: &'static str,
        keep: Duration,
        count: impl FnOnce(&mut Self) -> Result<T>,
    ) -> Result<Arc<T>> {
        let key = (name, 0, 0);
        if let Some((at, found)) = self.memory().find(key)
            && (at.elapsed() < keep || !self.memory().claim(key, at))
        {
            return Ok(found);
        }
        let counted = Arc::new(count(self)?);
        self.remember(key, Arc::clone(&counted) as Remembered);
        Ok(counted)
    }
}
