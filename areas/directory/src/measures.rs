//! 人员与配置的度量：启用的工作人员与其中已实名的（accounts §5.1、§8），应核对与核对通过的配置项（accounts §4.3）。

use tongban_store::{Result, Tx};
use tongban_web::area::{DrillQuery, DrillRow, Grain};
use tongban_web::{Measure, Measures, Tally};

use crate::config::ConfigFacts;
use crate::model::{Facts, Staff};
use crate::store;

const ACTIVE: &str = "directory.staff_active";
const REAL: &str = "directory.staff_real";
const EXPECTED: &str = "configs.expected";
const RIGHT: &str = "configs.right";

pub const MEASURES: &[Measures] = &[Measures {
    subject: "directory",
    codes: &[
        Measure { code: ACTIVE, title: "启用的工作人员账号", grain: Grain::Stock, drill: drill_active },
        Measure { code: REAL, title: "启用且实名等级不低于 2 的工作人员账号", grain: Grain::Stock, drill: drill_real },
    ],
    tally,
    scan,
}, Measures {
    subject: "configs",
    codes: &[
        Measure { code: EXPECTED, title: "应核对的基础信息配置项", grain: Grain::Stock, drill: drill_expected },
        Measure { code: RIGHT, title: "核对通过的基础信息配置项", grain: Grain::Stock, drill: drill_right },
    ],
    tally: tally_config,
    scan: scan_configs,
}];

fn tally_config(facts: &str, out: &mut Tally) -> Result<()> {
    let facts: ConfigFacts = serde_json::from_str(facts)?;
    out.add(EXPECTED, facts.org, facts.from, 1);
    for (day, n) in facts.changes() {
        out.add(RIGHT, facts.org, day, n);
    }
    Ok(())
}

fn scan_configs(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<(i64, String)>> {
    let rows = store::configs_after(tx, after, i64::from(limit))?;
    rows.into_iter().map(|row| Ok((row.id, serde_json::to_string(&row.facts)?))).collect()
}

fn configs(tx: &mut Tx<'_>, query: &DrillQuery<'_>, counts: impl Fn(&ConfigFacts) -> bool) -> Result<Vec<DrillRow>> {
    let name = store::org(tx, query.org)?.map_or_else(String::new, |org| org.name);
    let rows = store::configs_of(tx, query.org, query.after, 10)?;
    let counted = rows.into_iter().filter(|row| row.facts.from <= query.to_day && counts(&row.facts));
    let shown = counted.take(usize::try_from(query.limit).unwrap_or(0)).map(|row| DrillRow {
        id: row.id,
        number: row.class.label().to_owned(),
        title: name.clone(),
        detail: if row.is_right() { "核对通过".to_owned() } else { row.wrong() },
        href: format!("/admin/orgs?org={}#configs", row.org),
        weight: 1,
    });
    Ok(shown.collect())
}

fn drill_expected(tx: &mut Tx<'_>, query: &DrillQuery<'_>) -> Result<Vec<DrillRow>> {
    configs(tx, query, |_| true)
}

fn drill_right(tx: &mut Tx<'_>, query: &DrillQuery<'_>) -> Result<Vec<DrillRow>> {
    configs(tx, query, |facts| facts.is_right(query.to_day))
}

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
    DrillRow { id: staff.id, number: staff.code, title: staff.name, detail: detail.to_owned(), href: format!("/admin/users/{}", staff.id), weight: 1 }
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
