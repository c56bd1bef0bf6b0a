//! 各页签、各灯的在办件数：主表每写一次，同一个单元里加减；每条写连接各记各的行，不争一行。

use tongban_kernel::{Place, Scope};
use tongban_store::{Result, ScopedSql, Tx, args, scoped};

use crate::model::Case;

const MOVE: &str = "INSERT INTO cases_counters (org, tab, light, lane, tenant, unit, n) VALUES ($1, $2, $3, $4, $5, $6, $7) \
     ON CONFLICT (org, tab, light, lane) DO UPDATE SET n = cases_counters.n + excluded.n";
const COUNTS: ScopedSql =
    scoped!("SELECT tab, light, CAST(SUM(n) AS BIGINT) FROM cases_counters WHERE ", " = $1 GROUP BY tab, light");
/// 逐件数一遍，只在测试里与上面对账。
#[cfg(test)]
pub const RECOUNT: &str = "SELECT tab, light, COUNT(*) FROM cases_cases WHERE tenant = $1 AND is_open = 1 GROUP BY tab, light ORDER BY tab, light";
pub(super) const STATEMENTS: &[&str] = &[MOVE, COUNTS.tenant, COUNTS.unit, COUNTS.org];

/// 计在哪一格；办结的不计。
pub(super) type Cell = Option<(&'static str, &'static str)>;

pub(super) fn cell(case: &Case) -> Cell {
    Some((case.tab(), case.light.as_str())).filter(|(tab, _)| *tab != "done")
}

/// 从一格挪到另一格；没挪的不写。
pub(super) fn moved(tx: &mut Tx<'_>, place: Place, from: Cell, to: Cell) -> Result<()> {
    if from == to {
        return Ok(());
    }
    let lane = tx.lane().unwrap_or(0);
    for ((tab, light), n) in from.map(|cell| (cell, -1_i64)).into_iter().chain(to.map(|cell| (cell, 1))) {
        tx.exec(MOVE, args![place.org, tab, light, lane, place.tenant, place.unit, n])?;
    }
    Ok(())
}

/// 各页签与各灯的件数。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    pub all: i64,
    pub pending: i64,
    pub correcting: i64,
    pub review: i64,
    pub decision: i64,
    pub delivery: i64,
    pub yellow: i64,
    pub red: i64,
}

/// 范围内在办件数。
pub fn counts(tx: &mut Tx<'_>, scope: &Scope) -> Result<Counts> {
    let mut counts = Counts::default();
    for reach in scope.reaches() {
        let cells = tx.rows(COUNTS.at(reach.depth), args![reach.id], |r| {
            Ok((r.get::<String>(0)?, r.get::<String>(1)?, r.get::<i64>(2)?))
        })?;
        for (tab, light, n) in cells {
            counts.all += n;
            match tab.as_str() {
                "pending" => counts.pending += n,
                "correcting" => counts.correcting += n,
                "review" => counts.review += n,
                "decision" => counts.decision += n,
                _ => counts.delivery += n,
            }
            match light.as_str() {
                "yellow" => counts.yellow += n,
                "red" => counts.red += n,
                _ => {}
            }
        }
    }
    Ok(counts)
}
