//! 本区的写：人工填报。值的来源要说清：谁、何时、凭什么；改一次加一版，旧版留着。

use jiff::Timestamp;
use tongban_kernel::problem::Checks;
use tongban_kernel::{Actor, Place, Problem};
use tongban_store::{Entry, Result, Tx};

use crate::binding::Source;
use crate::definition::{Definitions, Kind};
use crate::drill::visible;
use crate::period::Period;
use crate::permissions::REPORT;
use crate::store::{self, ReportRow};

/// 一次填报。
#[derive(Debug, Clone)]
pub struct Report {
    pub indicator: String,
    pub org: i64,
    pub period: Period,
    /// 分子、数量，或是（1）否（0）。
    pub num: Option<i64>,
    /// 百分率的分母。
    pub den: Option<i64>,
    /// 依据：文号、附件名、照片说明。
    pub evidence: String,
}

fn check(input: &Report, kind: Kind) -> Result<(i64, Option<i64>), Problem> {
    let mut checks = Checks::new();
    let evidence = input.evidence.trim().chars().count();
    checks.ensure((4..=500).contains(&evidence), "evidence", "length", "请写明依据（文号、附件名、照片说明），4–500 字");
    checks.ensure(input.num.is_some(), "num", "required", "请填写数值");
    let num = input.num.unwrap_or(0);
    checks.ensure(num >= 0, "num", "range", "数值不能小于 0");
    checks.ensure(kind != Kind::Boolean || num <= 1, "num", "range", "只能填是或否");
    let den = if kind == Kind::Rate { input.den } else { None };
    if kind == Kind::Rate {
        checks.ensure(den.is_some_and(|den| den > 0), "den", "required", "请填写分母，要大于 0");
        checks.ensure(den.is_none_or(|den| num <= den), "num", "range", "分子不能大于分母");
    }
    checks.finish()?;
    Ok((num, den))
}

/// 填报一条指标。
///
/// # Errors
/// 没有权限、不在范围内、这条指标不由人填、内容要改。
pub fn report(tx: &mut Tx<'_>, actor: &Actor, input: &Report, at: Timestamp) -> Result<i64> {
    actor.require(REPORT)?;
    let all = Definitions::built_in()?;
    let indicator = all.get(&input.indicator).ok_or_else(Problem::not_found)?;
    if !matches!(all.source(&indicator.id), Source::Manual(_)) {
        return Err(Problem::conflict(format!("“{}”由系统从记录算出，不能手填", indicator.name)).into());
    }
    let node = visible(tx, actor, input.org)?;
    let (num, den) = check(input, indicator.kind)?;
    let known = store::report(tx, &indicator.id, node.id, input.period.code())?;
    let edition = known.filter(|row| row.period == input.period.code()).map_or(1, |row| row.edition + 1);
    let row = ReportRow {
        indicator: indicator.id.clone(),
        org: node.id,
        period: input.period.code(),
        edition,
        num,
        den,
        evidence: input.evidence.trim().to_owned(),
        who: actor.name.to_string(),
        at,
    };
    let place = Place { tenant: node.tenant, unit: node.unit, org: node.id };
    if !store::insert_report(tx, &row, &place)? {
        return Err(Problem::stale(edition).into());
    }
    let changed = serde_json::json!({ "indicator": row.indicator, "org": row.org, "period": row.period, "num": num, "den": den });
    let body = changed.to_string();
    tx.journal(Entry { kind: "indicators.reported", subject: node.id, rev: edition, at, actor, tenant: node.tenant, body: &body })?;
    Ok(edition)
}
