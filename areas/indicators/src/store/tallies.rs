//! 累计、在场、动过的度量、进度。

use tongban_store::{Result, Tx, args};

const ADD: &str = "INSERT INTO indicators_tally (gen, grain, measure, day, org, n) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (gen, grain, measure, day, org) DO UPDATE SET n = indicators_tally.n + $6";
macro_rules! twenty_rows {
    () => {
        "($1, $2, $3, $4, $5, $6), ($7, $8, $9, $10, $11, $12), ($13, $14, $15, $16, $17, $18), ($19, $20, $21, $22, $23, $24), \
         ($25, $26, $27, $28, $29, $30), ($31, $32, $33, $34, $35, $36), ($37, $38, $39, $40, $41, $42), ($43, $44, $45, $46, $47, $48), \
         ($49, $50, $51, $52, $53, $54), ($55, $56, $57, $58, $59, $60), ($61, $62, $63, $64, $65, $66), ($67, $68, $69, $70, $71, $72), \
         ($73, $74, $75, $76, $77, $78), ($79, $80, $81, $82, $83, $84), ($85, $86, $87, $88, $89, $90), ($91, $92, $93, $94, $95, $96), \
         ($97, $98, $99, $100, $101, $102), ($103, $104, $105, $106, $107, $108), ($109, $110, $111, $112, $113, $114), ($115, $116, $117, $118, $119, $120)"
    };
}
const ADD_MANY: &str = concat!(
    "INSERT INTO indicators_tally (gen, grain, measure, day, org, n) VALUES ",
    twenty_rows!(),
    " ON CONFLICT (gen, grain, measure, day, org) DO UPDATE SET n = indicators_tally.n + excluded.n"
);
const PUT_PRESENCE: &str = "INSERT INTO indicators_presence (gen, measure, period, org, k, n) VALUES ($1, $2, $3, $4, $5, $6)";
const PRESENCE_MANY: &str = concat!("INSERT INTO indicators_presence (gen, measure, period, org, k, n) VALUES ", twenty_rows!());
/// 成批的语句一次几行。
const MANY: usize = 20;
const PRESENCE: &str = "INSERT INTO indicators_presence (gen, measure, period, org, k, n) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (gen, measure, period, org, k) DO UPDATE SET n = indicators_presence.n + $6 RETURNING n";
const PRESENCE_COUNT: &str =
    "SELECT n FROM indicators_presence WHERE gen = $1 AND measure = $2 AND period = $3 AND org = $4 AND k = $5";
const TOUCH: &str = "INSERT INTO indicators_touched (measure, month, n) VALUES ($1, $2, 1) \
     ON CONFLICT (measure, month) DO UPDATE SET n = indicators_touched.n + 1";
const TOUCHED: &str = "SELECT measure, month, n FROM indicators_touched ORDER BY measure, month LIMIT $1";
const CLEAR: &str = "DELETE FROM indicators_touched WHERE measure = $1 AND month = $2 AND n = $3";
const RANGE: &str = "SELECT org, CAST(SUM(n) AS BIGINT) FROM indicators_tally \
     WHERE gen = $1 AND grain = $2 AND measure = $3 AND day >= $4 AND day <= $5 GROUP BY org";
const MONTHS: &str = "SELECT day, org, n FROM indicators_tally \
     WHERE gen = $1 AND grain = $2 AND measure = $3 AND day >= $4 AND day <= $5 ORDER BY day, org";
const MEASURES: &str = "SELECT DISTINCT measure FROM indicators_tally WHERE gen = $1";
const STATE: &str = "SELECT value FROM indicators_state WHERE key = $1";
const SET_STATE: &str =
    "INSERT INTO indicators_state (key, value) VALUES ($1, $2) ON CONFLICT (key) DO UPDATE SET value = $2";
const COMPARE: &str = "SELECT grain, measure, day, org, CAST(SUM(CASE WHEN gen = $1 THEN n ELSE 0 - n END) AS BIGINT) \
     FROM indicators_tally WHERE gen = $1 OR gen = $2 GROUP BY grain, measure, day, org \
     HAVING SUM(CASE WHEN gen = $1 THEN n ELSE 0 - n END) <> 0 ORDER BY measure, day, org LIMIT $3";
const DROP_TALLY: &str = "DELETE FROM indicators_tally WHERE gen = $1 AND grain = $2 AND measure = $3 AND day = $4";
const DROP_PRESENCE: &str = "DELETE FROM indicators_presence WHERE gen = $1 AND measure = $2 AND period = $3";
const KEYS: &str = "SELECT DISTINCT grain, measure, day FROM indicators_tally WHERE gen = $1 LIMIT $2";
const PRESENCE_KEYS: &str = "SELECT DISTINCT measure, period FROM indicators_presence WHERE gen = $1 LIMIT $2";

pub(super) const STATEMENTS: &[&str] = &[
    ADD,
    ADD_MANY,
    PUT_PRESENCE,
    PRESENCE_MANY,
    PRESENCE,
    PRESENCE_COUNT,
    TOUCH,
    TOUCHED,
    CLEAR,
    RANGE,
    MONTHS,
    MEASURES,
    STATE,
    SET_STATE,
    COMPARE,
    DROP_TALLY,
    DROP_PRESENCE,
    KEYS,
    PRESENCE_KEYS,
];

pub const DAY: i64 = 0;
pub const MONTH: i64 = 1;
pub const DISTINCT: i64 = 2;

/// 某日某机构的数加 `n`，月行一并加。
pub fn add_tally(tx: &mut Tx<'_>, gen_no: i64, measure: &str, org: i64, day: i64, n: i64) -> Result<()> {
    tx.exec(ADD, args![gen_no, DAY, measure, day, org, n])?;
    tx.exec(ADD, args![gen_no, MONTH, measure, crate::period::month_row(day), org, n])?;
    Ok(())
}

/// 一行累计：（粒度，度量，日，机构，数）。
pub type TallyRow = (i64, &'static str, i64, i64, i64);

/// 成批加：键不得重复。少一来一回，PostgreSQL 上快十倍。
pub fn add_tallies(tx: &mut Tx<'_>, gen_no: i64, rows: &[TallyRow]) -> Result<()> {
    let mut chunks = rows.chunks_exact(MANY);
    for chunk in &mut chunks {
        let mut values = Vec::with_capacity(MANY * 6);
        for &(grain, measure, day, org, n) in chunk {
            values.extend_from_slice(args![gen_no, grain, measure, day, org, n]);
        }
        tx.exec(ADD_MANY, &values)?;
    }
    for &(grain, measure, day, org, n) in chunks.remainder() {
        tx.exec(ADD, args![gen_no, grain, measure, day, org, n])?;
    }
    Ok(())
}

/// 一行在场：（度量，期，机构，键，次数）。
pub type PresenceRow = (&'static str, i64, i64, i64, i64);

/// 成批写新一代的在场次数；去重数由叫的人另写。
pub fn put_presences(tx: &mut Tx<'_>, gen_no: i64, rows: &[PresenceRow]) -> Result<()> {
    let mut chunks = rows.chunks_exact(MANY);
    for chunk in &mut chunks {
        let mut values = Vec::with_capacity(MANY * 6);
        for &(measure, period, org, key, n) in chunk {
            values.extend_from_slice(args![gen_no, measure, period, org, key, n]);
        }
        tx.exec(PRESENCE_MANY, &values)?;
    }
    for &(measure, period, org, key, n) in chunks.remainder() {
        tx.exec(PUT_PRESENCE, args![gen_no, measure, period, org, key, n])?;
    }
    Ok(())
}

/// 一个键的在场次数加 `n`，并按由无到有、由有到无动去重数；回答去重数变了多少。
pub fn add_presence(tx: &mut Tx<'_>, gen_no: i64, measure: &str, (org, period, k): (i64, i64, i64), n: i64) -> Result<i64> {
    let after: i64 = tx.row(PRESENCE, args![gen_no, measure, period, org, k, n], |r| r.get(0))?.unwrap_or(0);
    let step = crate::ledger::step(after - n, after);
    if step != 0 {
        tx.exec(ADD, args![gen_no, DISTINCT, measure, period, org, step])?;
    }
    Ok(step)
}

/// 一个键现在的在场次数。
pub fn presence_count(tx: &mut Tx<'_>, gen_no: i64, measure: &str, (org, period, k): (i64, i64, i64)) -> Result<i64> {
    Ok(tx.row(PRESENCE_COUNT, args![gen_no, measure, period, org, k], |r| r.get(0))?.unwrap_or(0))
}

/// 记下（度量，月）动过。
pub fn touch(tx: &mut Tx<'_>, measure: &str, month: i64) -> Result<()> {
    tx.exec(TOUCH, args![measure, month])?;
    Ok(())
}

/// 动过而没有重算的一行。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Touched {
    pub measure: String,
    pub month: i64,
    pub n: i64,
}

pub fn touched(tx: &mut Tx<'_>, limit: i64) -> Result<Vec<Touched>> {
    tx.rows(TOUCHED, args![limit], |r| Ok(Touched { measure: r.get(0)?, month: r.get(1)?, n: r.get(2)? }))
}

/// 重算完了；其间又动过的留着。
pub fn clear_touched(tx: &mut Tx<'_>, done: &Touched) -> Result<()> {
    tx.exec(CLEAR, args![&done.measure, done.month, done.n])?;
    Ok(())
}

fn range(tx: &mut Tx<'_>, gen_no: i64, grain: i64, measure: &str, (from, to): (i64, i64), into: &mut Vec<(i64, i64)>) -> Result<()> {
    if from <= to {
        into.extend(tx.rows(RANGE, args![gen_no, grain, measure, from, to], |r| Ok((r.get(0)?, r.get(1)?)))?);
    }
    Ok(())
}

/// 一个度量逐月、逐叶机构的数：月行、机构、数。
pub fn months(tx: &mut Tx<'_>, gen_no: i64, measure: &str, (from, to): (i64, i64)) -> Result<Vec<(i64, i64, i64)>> {
    tx.rows(MONTHS, args![gen_no, MONTH, measure, from, to], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
}

/// 流量：`from` 到 `to`（含）各叶机构的和；整月用月行，最后一个月用日行。可能同一机构两行，由调用者相加。
pub fn flow_sums(tx: &mut Tx<'_>, gen_no: i64, measure: &str, (from, to): (i64, i64)) -> Result<Vec<(i64, i64)>> {
    let mut sums = Vec::new();
    let last_month = crate::period::month_row(to);
    range(tx, gen_no, MONTH, measure, (crate::period::month_row(from), last_month - 1), &mut sums)?;
    range(tx, gen_no, DAY, measure, (last_month.max(from), to), &mut sums)?;
    Ok(sums)
}

/// 存量：到 `to`（含）为止全部变化的和。
pub fn stock_sums(tx: &mut Tx<'_>, gen_no: i64, measure: &str, to: i64) -> Result<Vec<(i64, i64)>> {
    flow_sums(tx, gen_no, measure, (0, to))
}

/// 去重数：某一期各叶机构的数。
pub fn distinct_sums(tx: &mut Tx<'_>, gen_no: i64, measure: &str, period: i64) -> Result<Vec<(i64, i64)>> {
    let mut sums = Vec::new();
    range(tx, gen_no, DISTINCT, measure, (period, period), &mut sums)?;
    Ok(sums)
}

/// 一代里出现过的度量。
pub fn measures_of(tx: &mut Tx<'_>, gen_no: i64) -> Result<Vec<String>> {
    tx.rows(MEASURES, args![gen_no], |r| r.get(0))
}

pub fn state(tx: &mut Tx<'_>, key: &str) -> Result<Option<i64>> {
    tx.row(STATE, args![key], |r| r.get(0))
}

/// 投影、重算、切换都先锁它：几个节点同时来也一个个做。
pub fn lock_state(tx: &mut Tx<'_>, key: &str) -> Result<Option<i64>> {
    tx.lock(STATE, args![key], |r| r.get(0))
}

pub fn set_state(tx: &mut Tx<'_>, key: &str, value: i64) -> Result<()> {
    tx.exec(SET_STATE, args![key, value])?;
    Ok(())
}

/// 两代不同的地方：（度量，日，机构，差）。
pub fn compare(tx: &mut Tx<'_>, old: i64, new: i64, limit: i64) -> Result<Vec<(String, i64, i64, i64)>> {
    tx.rows(COMPARE, args![old, new, limit], |r| Ok((r.get(1)?, r.get(2)?, r.get(3)?, r.get(4)?)))
}

/// 一代还剩哪些键，至多 `limit` 个：分块删除用。
pub fn keys_of_generation(tx: &mut Tx<'_>, gen_no: i64, limit: i64) -> Result<usize> {
    let tally: Vec<i64> = tx.rows(KEYS, args![gen_no, limit], |r| r.get(0))?;
    let presence: Vec<i64> = tx.rows(PRESENCE_KEYS, args![gen_no, limit], |r| r.get(1))?;
    Ok(tally.len() + presence.len())
}

/// 删掉一代的一块；回答删了几个键，0 为删完。
pub fn drop_generation(tx: &mut Tx<'_>, gen_no: i64, limit: i64) -> Result<usize> {
    let tally: Vec<(i64, String, i64)> = tx.rows(KEYS, args![gen_no, limit], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    for (grain, measure, day) in &tally {
        tx.exec(DROP_TALLY, args![gen_no, grain, measure, day])?;
    }
    let presence: Vec<(String, i64)> = tx.rows(PRESENCE_KEYS, args![gen_no, limit], |r| Ok((r.get(0)?, r.get(1)?)))?;
    for (measure, period) in &presence {
        tx.exec(DROP_PRESENCE, args![gen_no, measure, period])?;
    }
    Ok(tally.len() + presence.len())
}
