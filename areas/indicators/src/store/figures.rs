//! 指标值：页面读的现值、每日快照、人工填报。

use jiff::Timestamp;
use tongban_kernel::Place;
use tongban_kernel::time::from_millis;
use tongban_store::{Result, Row, Tx, args};

const OF_ORG: &str =
    "SELECT org, period, indicator, tenant, num, den, as_of FROM indicators_current WHERE org = $1 AND period = $2";
const MONTHS: &str = "SELECT org, period, indicator, tenant, num, den, as_of FROM indicators_current \
     WHERE org = $1 AND period >= $2 AND period <= $3 ORDER BY period";
const OF_TENANT: &str =
    "SELECT org, period, indicator, tenant, num, den, as_of FROM indicators_current WHERE tenant = $1 AND period = $2";
const OF_INDICATOR: &str =
    "SELECT org, period, indicator, tenant, num, den, as_of FROM indicators_current WHERE indicator = $1 AND period = $2";
const PUT_CURRENT: &str = "INSERT INTO indicators_current (org, period, indicator, tenant, num, den, as_of) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) \
     ON CONFLICT (org, period, indicator) DO UPDATE SET tenant = $4, num = $5, den = $6, as_of = $7";
const PUT_FIGURE: &str = "INSERT INTO indicators_figures (indicator, org, period, as_of, edition, num, den, rules, at) \
     VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8) \
     ON CONFLICT (indicator, org, period, as_of, edition) DO UPDATE SET num = $5, den = $6, rules = $7, at = $8";
const HISTORY: &str = "SELECT period, as_of, edition, num, den, rules, at FROM indicators_figures \
     WHERE indicator = $1 AND org = $2 AND period >= $3 AND period <= $4 ORDER BY period, as_of, edition";
const INSERT_REPORT: &str = "INSERT INTO indicators_reports (id, indicator, tenant, unit, org, period, edition, num, den, \
     evidence, who, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) \
     ON CONFLICT (indicator, org, period, edition) DO NOTHING";
const REPORT: &str = "SELECT indicator, org, period, edition, num, den, evidence, who, at FROM indicators_reports \
     WHERE indicator = $1 AND org = $2 AND period <= $3 ORDER BY period DESC, edition DESC LIMIT 1";
const REPORTS_OF: &str = "SELECT indicator, org, period, edition, num, den, evidence, who, at FROM indicators_reports \
     WHERE org = $1 AND period <= $2 ORDER BY indicator, period DESC, edition DESC";

pub(super) const STATEMENTS: &[&str] =
    &[OF_ORG, MONTHS, OF_TENANT, OF_INDICATOR, PUT_CURRENT, PUT_FIGURE, HISTORY, INSERT_REPORT, REPORT, REPORTS_OF];

/// 一个（机构，期，指标）的现值。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Current {
    pub org: i64,
    pub period: i64,
    pub indicator: String,
    pub tenant: i64,
    pub num: i64,
    pub den: Option<i64>,
    /// 这个值从哪天起没再变。
    pub as_of: i64,
}

fn current(r: &Row<'_>) -> Result<Current> {
    Ok(Current {
        org: r.get(0)?,
        period: r.get(1)?,
        indicator: r.get(2)?,
        tenant: r.get(3)?,
        num: r.get(4)?,
        den: r.get(5)?,
        as_of: r.get(6)?,
    })
}

/// 一个机构一期的全部指标。
pub fn current_of_org(tx: &mut Tx<'_>, org: i64, period: i64) -> Result<Vec<Current>> {
    tx.rows(OF_ORG, args![org, period], current)
}

/// 一个机构若干期的全部指标，按期先后。
pub fn current_between(tx: &mut Tx<'_>, org: i64, (from, to): (i64, i64)) -> Result<Vec<Current>> {
    tx.rows(MONTHS, args![org, from, to], current)
}

/// 一个县区所有机构一期的全部指标。
pub fn current_of_tenant(tx: &mut Tx<'_>, tenant: i64, period: i64) -> Result<Vec<Current>> {
    tx.rows(OF_TENANT, args![tenant, period], current)
}

/// 一条指标一期的所有机构。
pub fn current_of_indicator(tx: &mut Tx<'_>, indicator: &str, period: i64) -> Result<Vec<Current>> {
    tx.rows(OF_INDICATOR, args![indicator, period], current)
}

/// 写现值，同时写当天的快照。
pub fn put_current(tx: &mut Tx<'_>, row: &Current, rules: &str, at: Timestamp) -> Result<()> {
    tx.exec(PUT_CURRENT, args![row.org, row.period, &row.indicator, row.tenant, row.num, row.den, row.as_of])?;
    tx.exec(PUT_FIGURE, args![&row.indicator, row.org, row.period, row.as_of, row.num, row.den, rules, at])?;
    Ok(())
}

/// 快照里的一行。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FigureRow {
    pub period: i64,
    pub as_of: i64,
    pub edition: i64,
    pub num: i64,
    pub den: Option<i64>,
    pub rules: String,
    pub at: Timestamp,
}

/// 一条指标、一个机构在若干期里的快照，按期、日、版本先后。
pub fn history(tx: &mut Tx<'_>, indicator: &str, org: i64, (from, to): (i64, i64)) -> Result<Vec<FigureRow>> {
    tx.rows(HISTORY, args![indicator, org, from, to], |r| {
        Ok(FigureRow {
            period: r.get(0)?,
            as_of: r.get(1)?,
            edition: r.get(2)?,
            num: r.get(3)?,
            den: r.get(4)?,
            rules: r.get(5)?,
            at: from_millis(r.get(6)?),
        })
    })
}

/// 一次人工填报。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportRow {
    pub indicator: String,
    pub org: i64,
    pub period: i64,
    pub edition: i64,
    pub num: i64,
    pub den: Option<i64>,
    pub evidence: String,
    pub who: String,
    pub at: Timestamp,
}

fn reported(r: &Row<'_>) -> Result<ReportRow> {
    Ok(ReportRow {
        indicator: r.get(0)?,
        org: r.get(1)?,
        period: r.get(2)?,
        edition: r.get(3)?,
        num: r.get(4)?,
        den: r.get(5)?,
        evidence: r.get(6)?,
        who: r.get(7)?,
        at: from_millis(r.get(8)?),
    })
}

/// 写一版填报；同一版已经有了回答假。
pub fn insert_report(tx: &mut Tx<'_>, row: &ReportRow, place: &Place) -> Result<bool> {
    let id = tx.new_id();
    let added = tx.exec(
        INSERT_REPORT,
        args![
            id, &row.indicator, place.tenant, place.unit, row.org, row.period, row.edition, row.num, row.den, &row.evidence,
            &row.who, row.at,
        ],
    )?;
    Ok(added == 1)
}

/// 到某期为止最近的一次填报。
pub fn report(tx: &mut Tx<'_>, indicator: &str, org: i64, period: i64) -> Result<Option<ReportRow>> {
    tx.row(REPORT, args![indicator, org, period], reported)
}

/// 一个机构到某期为止的全部填报，每条指标最新的在前。
pub fn reports_of(tx: &mut Tx<'_>, org: i64, period: i64) -> Result<Vec<ReportRow>> {
    tx.rows(REPORTS_OF, args![org, period], reported)
}
