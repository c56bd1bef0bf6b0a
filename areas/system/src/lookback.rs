//! 往回看日志：各泳道并成一条，近的在前。
//!
//! PostgreSQL 上日志分在几条泳道里（foundations §3.6），查审计的人不必知道：每条泳道各记看到哪里，
//! 每次取时间最近的一条。泳道里的编号密集，所以读一段不靠别的索引。

use std::collections::{BTreeMap, BTreeSet};

use tongban_store::{Logged, Result, Tx};

/// 筛着查时一次至多往回看多少条。
const LOOKED: i64 = 5_000;
/// 筛着查时一条泳道一次读多少条；不筛时按要几条读。
const WINDOW: i64 = 500;

/// 各泳道接着往前看的末号（含）；没有写到的泳道已经看完。
pub(crate) type Places = BTreeMap<i64, i64>;

/// 看什么。
#[derive(Clone)]
pub(crate) struct Sought {
    pub kind: String,
    pub record: Option<i64>,
    /// 这几个账号做的；不按人查为 `None`。
    pub who: Option<BTreeSet<i64>>,
    pub tenant: i64,
}

impl Sought {
    /// 本县区的与不属于哪个县区的，动作、人都对得上。
    fn wants(&self, entry: &Logged) -> bool {
        (entry.tenant == self.tenant || entry.tenant == 0)
            && (self.kind.is_empty() || entry.kind == self.kind)
            && self.who.as_ref().is_none_or(|accounts| accounts.contains(&entry.actor))
    }

    pub(crate) fn is_filtered(&self) -> bool {
        !self.kind.is_empty() || self.who.is_some()
    }
}

/// 往回查到的一页；`next` 是接着往前查的位置。
pub(crate) struct Found {
    pub rows: Vec<Logged>,
    pub next: Option<Places>,
    pub looked: i64,
}

/// 一条泳道：`upper` 及以前还没读；读来没看的在 `ready`，近的在末尾。
struct Lane {
    number: i64,
    upper: i64,
    ready: Vec<Logged>,
}

impl Lane {
    /// 还没看的最近一条。
    fn newest(&mut self, tx: &mut Tx<'_>, window: i64) -> Result<Option<&Logged>> {
        if self.ready.is_empty() && self.upper > 0 {
            let from = (self.upper - window).max(0);
            self.ready = tx.lane_entries(self.number, from, self.upper - from)?;
            self.upper = from;
        }
        Ok(self.ready.last())
    }

    /// 接着往前看的末号；看完了没有。
    fn place(&self) -> Option<(i64, i64)> {
        let upper = self.ready.last().map_or(self.upper, |entry| entry.seq);
        (upper > 0).then_some((self.number, upper))
    }
}

/// 按记录查的整条时间线，或从 `after`（没有为各泳道末尾）往回至多 `most` 条。
///
/// # Errors
/// 引擎拒绝。
pub(crate) fn read(tx: &mut Tx<'_>, sought: &Sought, after: Option<&Places>, most: usize) -> Result<Found> {
    if let Some(id) = sought.record {
        let mut rows = tx.timeline(id)?;
        rows.retain(|entry| sought.wants(entry));
        return Ok(Found { next: None, looked: 0, rows });
    }
    let mut lanes = Vec::new();
    for number in tx.lanes()? {
        let head = tx.lane_head(number)?;
        let upper = after.map_or(head, |places| places.get(&number).map_or(0, |upper| head.min(*upper)));
        lanes.push(Lane { number, upper, ready: Vec::new() });
    }
    back(tx, sought, &mut lanes, most)
}

fn back(tx: &mut Tx<'_>, sought: &Sought, lanes: &mut [Lane], most: usize) -> Result<Found> {
    let window = if sought.is_filtered() { WINDOW } else { i64::try_from(most).unwrap_or(WINDOW) };
    let (mut rows, mut looked) = (Vec::new(), 0);
    while rows.len() < most && looked < LOOKED {
        let mut newest = None;
        for (index, lane) in lanes.iter_mut().enumerate() {
            if let Some(at) = lane.newest(tx, window)?.map(|entry| entry.at)
                && newest.is_none_or(|(best, _)| at > best)
            {
                newest = Some((at, index));
            }
        }
        let Some(entry) = newest.and_then(|(_, index)| lanes[index].ready.pop()) else { break };
        looked += 1;
        if sought.wants(&entry) {
            rows.push(entry);
        }
    }
    let next: Places = lanes.iter().filter_map(Lane::place).collect();
    Ok(Found { next: (!next.is_empty()).then_some(next), rows, looked })
}
