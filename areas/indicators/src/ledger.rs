//! 累计的算术（foundations §5）。纯函数，不认识数据库。
//!
//! 一条日志带前后两份事实；账上加 `tally(后) − tally(前)`。逐条相加望远镜式相消，
//! 所以条目的先后、迟到的更正、记录改属另一机构，都与从头重算得一样的数。
//! 去重度量另记“在场”：同一键的次数由 0 变正加一，由正变 0 减一。

use std::collections::BTreeMap;

/// 一份事实的贡献：（度量，机构，日）→ 数；（度量，机构，期，键）→ 次数。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change<M: Ord> {
    pub sums: BTreeMap<(M, i64, i64), i64>,
    pub presence: BTreeMap<(M, i64, i64, i64), i64>,
}

impl<M: Ord + Clone> Change<M> {
    #[must_use]
    pub fn new() -> Self {
        Self { sums: BTreeMap::new(), presence: BTreeMap::new() }
    }

    /// 加上或减去一份贡献；抵消成 0 的不留。
    pub fn merge(&mut self, sums: impl IntoIterator<Item = ((M, i64, i64), i64)>, sign: i64) {
        for (key, n) in sums {
            add(&mut self.sums, key, n * sign);
        }
    }

    pub fn merge_presence(&mut self, presence: impl IntoIterator<Item = ((M, i64, i64, i64), i64)>, sign: i64) {
        for (key, n) in presence {
            add(&mut self.presence, key, n * sign);
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.sums.is_empty() && self.presence.is_empty()
    }
}

fn add<K: Ord>(into: &mut BTreeMap<K, i64>, key: K, n: i64) {
    match into.entry(key) {
        std::collections::btree_map::Entry::Vacant(slot) => {
            if n != 0 {
                slot.insert(n);
            }
        }
        std::collections::btree_map::Entry::Occupied(mut slot) => {
            *slot.get_mut() += n;
            if *slot.get() == 0 {
                slot.remove();
            }
        }
    }
}

/// 在场次数从 `before` 变到 `after`，去重数变多少：由 0 变正 +1，由正变 0 −1。
///
/// 迟到的条目会让次数暂时为负，补齐后回到非负；负与 0 都算不在场，所以仍然相消。
#[must_use]
pub fn step(before: i64, after: i64) -> i64 {
    i64::from(after > 0) - i64::from(before > 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// 一条记录的事实：机构、日子、是否计入、去重键。
    #[derive(Debug, Clone, Copy, PartialEq)]
    struct Fact {
        org: i64,
        day: i64,
        counted: bool,
        key: i64,
    }

    type Contribution = (Vec<((u8, i64, i64), i64)>, Vec<((u8, i64, i64, i64), i64)>);

    fn tally(fact: Option<Fact>) -> Contribution {
        let Some(fact) = fact else { return (vec![], vec![]) };
        let mut sums = vec![((0, fact.org, fact.day), 1)];
        if fact.counted {
            sums.push(((1, fact.org, fact.day), fact.key + 1));
        }
        (sums, vec![((2, fact.org, fact.day / 100, fact.key), 1)])
    }

    /// 账：累计与在场。
    #[derive(Default, PartialEq, Debug)]
    struct Book {
        sums: BTreeMap<(u8, i64, i64), i64>,
        presence: BTreeMap<(u8, i64, i64, i64), i64>,
        distinct: BTreeMap<(u8, i64, i64), i64>,
    }

    impl Book {
        fn apply(&mut self, change: Change<u8>) {
            for (key, n) in change.sums {
                add(&mut self.sums, key, n);
            }
            for ((measure, org, period, k), n) in change.presence {
                let before = self.presence.get(&(measure, org, period, k)).copied().unwrap_or(0);
                add(&mut self.presence, (measure, org, period, k), n);
                add(&mut self.distinct, (measure, org, period), step(before, before + n));
            }
        }
    }

    fn fact() -> impl Strategy<Value = Option<Fact>> {
        prop::option::weighted(0.9, (1..4i64, 20_260_101..20_260_104i64, any::<bool>(), 0..3i64).prop_map(
            |(org, day, counted, key)| Fact { org, day, counted, key },
        ))
    }

    proptest! {
        /// 每条记录有一串事实（更正、改属、删除）；条目乱序、成批大小任意，结果都等于按最后的事实重算。
        #[test]
        fn any_order_of_changes_equals_a_recount(
            histories in prop::collection::vec(prop::collection::vec(fact(), 1..6), 1..12),
            seed in any::<u64>(),
            batch in 1usize..7,
        ) {
            let mut entries = Vec::new();
            let mut recount = Book::default();
            for history in &histories {
                let mut before = None;
                for &after in history {
                    entries.push((before, after));
                    before = after;
                }
                let mut change = Change::new();
                let (sums, presence) = tally(before);
                change.merge(sums, 1);
                change.merge_presence(presence, 1);
                recount.apply(change);
            }
            shuffle(&mut entries, seed);
            let mut book = Book::default();
            for chunk in entries.chunks(batch) {
                let mut change = Change::new();
                for (before, after) in chunk {
                    for (fact, sign) in [(*before, -1), (*after, 1)] {
                        let (sums, presence) = tally(fact);
                        change.merge(sums, sign);
                        change.merge_presence(presence, sign);
                    }
                }
                book.apply(change);
            }
            prop_assert_eq!(book, recount);
        }
    }

    fn shuffle<T>(items: &mut [T], mut seed: u64) {
        for index in (1..items.len()).rev() {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            items.swap(index, (seed >> 33) as usize % (index + 1));
        }
    }
}
