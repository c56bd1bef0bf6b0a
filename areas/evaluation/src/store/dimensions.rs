//! 四川维度的分。

use jiff::Timestamp;
use tongban_kernel::Scope;
use tongban_store::{Result, ScopedSql, Tx, args, scoped};

const ADD: &str = "INSERT INTO evaluation_dimensions (rating, code, score) VALUES ($1, $2, $3) ON CONFLICT (rating, code) DO NOTHING";
const OF_RATING: &str = "SELECT code, score FROM evaluation_dimensions WHERE rating = $1 ORDER BY code";
static AVERAGES: ScopedSql = scoped!(
    "SELECT d.code, COUNT(*), CAST(SUM(d.score) AS BIGINT) FROM evaluation_ratings r JOIN evaluation_dimensions d ON d.rating = r.id WHERE r.",
    " = $1 AND r.at >= $2 AND r.at < $3 AND r.counts = 1 AND r.active = 1 AND r.effective = 1 AND r.round = 1 GROUP BY d.code ORDER BY d.code"
);
pub(super) const STATEMENTS: &[&str] = &[ADD, OF_RATING, AVERAGES.tenant, AVERAGES.unit, AVERAGES.org];

/// 记下一条评价的各维度。
pub fn add_dimensions(tx: &mut Tx<'_>, rating: i64, scores: &[(&'static str, i64)]) -> Result<()> {
    for (code, score) in scores {
        tx.exec(ADD, args![rating, *code, *score])?;
    }
    Ok(())
}

/// 一条评价的各维度。
pub fn dimensions_of(tx: &mut Tx<'_>, rating: i64) -> Result<Vec<(String, i64)>> {
    tx.rows(OF_RATING, args![rating], |r| Ok((r.get(0)?, r.get(1)?)))
}

/// 一段时间里各维度的条数与总分。
pub fn dimension_sums(tx: &mut Tx<'_>, scope: &Scope, from: Timestamp, to: Timestamp) -> Result<Vec<(String, i64, i64)>> {
    let mut sums = std::collections::BTreeMap::<String, (i64, i64)>::new();
    for reach in scope.reaches() {
        for (code, n, score) in tx.rows(AVERAGES.at(reach.depth), args![reach.id, from, to], |r| Ok((r.get::<String>(0)?, r.get::<i64>(1)?, r.get::<i64>(2)?)))? {
            let sum = sums.entry(code).or_default();
            *sum = (sum.0 + n, sum.1 + score);
        }
    }
    Ok(sums.into_iter().map(|(code, (n, score))| (code, n, score)).collect())
}
