//! 人员类度量：启用的工作人员与其中已实名的（accounts §5.1、§8）。

use tongban_store::{Result, Tx};
use tongban_web::area::{DrillQuery, DrillRow, Grain};
use tongban_web::{Measure, Measures, Tally};

use crate::model::{Facts, Staff};
use crate::store;

const ACTIVE: &str = "directory.staff_active";
const REAL: &str = "directory.staff_real";

pub const MEASURES: &[Measures] = &[Measures {
    subject: "directory",
    codes: &[
        Measure { code: ACTIVE, title: "启用的工作人员账号", grain: Grain::Stock, drill: drill_active },
        Measure { code: REAL, title: "启用且实名等级不低于 2 的工作人员账号", grain: Grain::Stock, drill: drill_real },
    ],
    tally,
    scan,
}];

fn tally(facts: &str, out: &mut Tally) -> Result<()> {
    let facts: Facts = serde_json::from_str(facts)?;
    out.add(ACTIVE, facts.org, facts.joined, 1);
    if let Some(real) = facts.real {
        out.add(REAL, facts.org, real, 1);
    }
    if let Some(left) = facts.left {
        out.add(ACTIVE, facts.org, left, -1);
        if facts.real.is_some() {
            out.add(REAL, facts.org, left, -1);
        }
    }
    Ok(())
}

fn scan(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<(i64, String)>> {
    store::staff_after(tx, after, i64::from(limit))?
        .into_iter()
        .map(|staff| Ok((staff.id, serde_json::to_string(&staff.facts())?)))
        .collect()
}

fn drill(tx: &mut Tx<'_>, query: &DrillQuery<'_>, counts: impl Fn(&Facts) -> bool) -> Result<Vec<DrillRow>> {
    let rows = store::staff_of(tx, query.org, query.after, i64::MAX)?;
    Ok(rows.into_iter().filter(|staff| counts(&staff.facts())).take(usize::try_from(query.limit).unwrap_or(0)).map(row).collect())
}

fn row(staff: Staff) -> DrillRow {
    let detail = if staff.real_level >= 2 { "已实名" } else { "未实名" };
    DrillRow { id: staff.id, number: staff.code, title: staff.name, detail: detail.to_owned(), href: format!("/admin/orgs?org={}", staff.org), weight: 1 }
}

fn held(facts: &Facts, day: i64) -> bool {
    facts.joined <= day && facts.left.is_none_or(|left| left > day)
}

fn drill_active(tx: &mut Tx<'_>, query: &DrillQuery<'_>) -> Result<Vec<DrillRow>> {
    drill(tx, query, |facts| held(facts, query.to_day))
}

fn drill_real(tx: &mut Tx<'_>, query: &DrillQuery<'_>) -> Result<Vec<DrillRow>> {
    drill(tx, query, |facts| held(facts, query.to_day) && facts.real.is_some_and(|real| real <= query.to_day))
}
