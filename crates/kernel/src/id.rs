//! 行键：41 位毫秒（自 2020-01-01 UTC）+ 10 位节点号 + 12 位计数，见 foundations §6。

/// 行键时间部分的起点：2020-01-01T00:00:00Z 的 Unix 毫秒。
pub const ID_EPOCH_MS: i64 = 1_577_836_800_000;

/// 由毫秒、节点号、计数拼出行键；节点号取低 10 位，计数取低 12 位。
#[must_use]
pub const fn compose(unix_ms: i64, node: i64, counter: i64) -> i64 {
    ((unix_ms - ID_EPOCH_MS) << 22) | ((node & 0x3ff) << 12) | (counter & 0xfff)
}

/// 行键里的 Unix 毫秒。
#[must_use]
pub const fn millis_of(id: i64) -> i64 {
    (id >> 22) + ID_EPOCH_MS
}

/// 定义一种行键类型：`id_type!(/// 办件行键 CaseId);`
#[macro_export]
macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back() {
        let id = compose(1_800_000_000_123, 1023, 4095);
        assert_eq!(millis_of(id), 1_800_000_000_123);
        assert!(compose(1_800_000_000_124, 0, 0) > id);
    }
}
