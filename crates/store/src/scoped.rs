//! 按数据范围查列表：一段范围一次索引遍历，几段归并（foundations §6）。

use tongban_kernel::{Depth, Scope};

use crate::args::Value;
use crate::error::Result;
use crate::row::Row;
use crate::tx::Tx;

/// 同一条列表语句的三种深度。
#[derive(Debug, Clone, Copy)]
pub struct ScopedSql {
    pub tenant: &'static str,
    pub unit: &'static str,
    pub org: &'static str,
}

/// `scoped!("SELECT … WHERE ", " = $1 AND (due, id) > ($2, $3) ORDER BY due, id LIMIT $4")`：
/// 在两段之间填入 `tenant`、`unit`、`org`。
#[macro_export]
macro_rules! scoped {
    ($before:expr, $after:expr) => {
        $crate::ScopedSql {
            tenant: concat!($before, "tenant", $after),
            unit: concat!($before, "unit", $after),
            org: concat!($before, "org", $after),
        }
    };
}

impl ScopedSql {
    #[must_use]
    pub const fn at(&self, depth: Depth) -> &'static str {
        match depth {
            Depth::Tenant => self.tenant,
            Depth::Unit => self.unit,
            Depth::Org => self.org,
        }
    }
}

/// 每段范围跑一次，按 `key` 归并成一页；`rest` 是 `$2` 起的参数。
///
/// # Errors
/// 语句失败。
pub fn scoped_rows<T, K: Ord>(
    tx: &mut Tx<'_>,
    sql: &ScopedSql,
    scope: &Scope,
    rest: &[Value<'_>],
    limit: usize,
    mut map: impl FnMut(&Row<'_>) -> Result<T>,
    key: impl Fn(&T) -> K,
) -> Result<Vec<T>> {
    let mut found = Vec::new();
    for reach in scope.reaches() {
        let mut args = Vec::with_capacity(rest.len() + 1);
        args.push(Value::Int(reach.id));
        args.extend_from_slice(rest);
        found.extend(tx.rows(sql.at(reach.depth), &args, &mut map)?);
    }
    if scope.reaches().len() > 1 {
        found.sort_by_key(&key);
        found.dedup_by(|a, b| key(a) == key(b));
        found.truncate(limit);
    }
    Ok(found)
}
