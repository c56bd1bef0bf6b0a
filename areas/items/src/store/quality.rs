//! 质量检查的结果与指标时段。

use tongban_kernel::Scope;
use tongban_store::{Result, ScopedSql, Tx, args, scoped, scoped_rows};

use super::item::ItemRow;
use crate::model::facts::{Facts, Span};
use crate::rules::{Finding, Severity};

const CLEAR_FINDINGS: &str = "DELETE FROM items_findings WHERE item = $1";
const INSERT_FINDING: &str = "INSERT INTO items_findings (item, seq, tenant, unit, org, rule, severity, field, message) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const FINDINGS: &str = "SELECT rule, severity, field, message FROM items_findings WHERE item = $1 ORDER BY seq";
const FINDING_LIST: ScopedSql = scoped!(
    "SELECT f.item, f.seq, f.rule, f.severity, f.field, f.message, i.name, i.dept_name FROM items_findings f \
     JOIN items_items i ON i.id = f.item WHERE f.",
    " = $1 AND f.severity = $2 AND (f.item, f.seq) > ($3, $4) ORDER BY f.item, f.seq LIMIT $5"
);

/// 换成最近一次检查的结果。
///
/// # Errors
/// 引擎故障。
pub fn write_findings(tx: &mut Tx<'_>, row: &ItemRow, findings: &[Finding]) -> Result<()> {
    tx.exec(CLEAR_FINDINGS, args![row.id])?;
    for (seq, finding) in (1_i64..).zip(findings) {
        tx.exec(
            INSERT_FINDING,
            args![
                row.id,
                seq,
                row.place.tenant,
                row.place.unit,
                row.place.org,
                finding.rule,
                finding.severity.as_str(),
                &finding.field,
                &finding.message,
            ],
        )?;
    }
    Ok(())
}

/// 存着的一处检查结果。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FindingRow {
    pub item: i64,
    pub seq: i64,
    pub rule: String,
    pub severity: Severity,
    pub field: String,
    pub message: String,
    pub name: String,
    pub dept_name: String,
}

fn severity(text: &str) -> Severity {
    match text {
        "E" => Severity::E,
        "W" => Severity::W,
        _ => Severity::I,
    }
}

/// 一个办理项最近一次检查的结果。
///
/// # Errors
/// 引擎故障。
pub fn findings(tx: &mut Tx<'_>, item: i64) -> Result<Vec<FindingRow>> {
    tx.rows(FINDINGS, args![item], |r| {
        Ok(FindingRow {
            item,
            seq: 0,
            rule: r.get(0)?,
            severity: severity(&r.get::<String>(1)?),
            field: r.get(2)?,
            message: r.get(3)?,
            name: String::new(),
            dept_name: String::new(),
        })
    })
}

/// 质量问题清单。
///
/// # Errors
/// 引擎故障。
pub fn finding_list(tx: &mut Tx<'_>, scope: &Scope, level: Severity, after: (i64, i64), limit: usize) -> Result<Vec<FindingRow>> {
    scoped_rows(
        tx,
        &FINDING_LIST,
        scope,
        args![level.as_str(), after.0, after.1, i64::try_from(limit).unwrap_or(i64::MAX)],
        limit,
        |r| {
            Ok(FindingRow {
                item: r.get(0)?,
                seq: r.get(1)?,
                rule: r.get(2)?,
                severity: severity(&r.get::<String>(3)?),
                field: r.get(4)?,
                message: r.get(5)?,
                name: r.get(6)?,
                dept_name: r.get(7)?,
            })
        },
        |row| (row.item, row.seq),
    )
}

const CLEAR_SPANS: &str = "DELETE FROM items_spans WHERE item = $1";
const INSERT_SPAN: &str = "INSERT INTO items_spans (item, day_from, day_until, org, flags, visits, legal, promise) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const DRILL: &str = "SELECT s.item, i.code, i.name, i.dept_name, s.flags, s.visits, s.legal, s.promise FROM items_spans s \
     JOIN items_items i ON i.id = s.item WHERE s.org = $1 AND s.item > $2 AND s.day_from <= $3 AND s.day_until > $4 \
     ORDER BY s.item LIMIT $5";
// 布尔各占一位，依申请是最低一位
static APPLIED: ScopedSql = scoped!(
    "SELECT i.code FROM items_items i JOIN items_spans s ON s.item = i.id WHERE s.day_from <= $2 AND s.day_until > $3 AND s.flags % 2 = 1 AND i.",
    " = $1"
);

/// 某日范围内在用的依申请办理项的编码，不重。
pub fn applied_on(tx: &mut Tx<'_>, scope: &Scope, day: i64) -> Result<std::collections::BTreeSet<String>> {
    let mut found = std::collections::BTreeSet::new();
    for reach in scope.reaches() {
        found.extend(tx.rows(APPLIED.at(reach.depth), args![reach.id, day, day], |r| r.get::<String>(0))?);
    }
    Ok(found)
}

/// 时段上的布尔各占一位。
mod flag {
    pub const APPLY_BASED: i64 = 1;
    pub const ONLINE: i64 = 2;
    pub const FULL_ONLINE: i64 = 4;
    pub const MOBILE: i64 = 8;
    pub const INSTANT: i64 = 16;
    pub const ACCURATE: i64 = 32;
    pub const ONLINE_EXEMPT: i64 = 64;
    pub const VISIT_EXEMPT: i64 = 128;
}

fn flags(span: &Span) -> i64 {
    [
        (span.apply_based, flag::APPLY_BASED),
        (span.online, flag::ONLINE),
        (span.full_online, flag::FULL_ONLINE),
        (span.mobile, flag::MOBILE),
        (span.instant, flag::INSTANT),
        (span.accurate, flag::ACCURATE),
        (span.online_exempt, flag::ONLINE_EXEMPT),
        (span.visit_exempt, flag::VISIT_EXEMPT),
    ]
    .into_iter()
    .filter_map(|(set, bit)| set.then_some(bit))
    .sum()
}

pub(super) fn write_spans(tx: &mut Tx<'_>, item: i64, facts: &Facts) -> Result<()> {
    tx.exec(CLEAR_SPANS, args![item])?;
    for span in &facts.spans {
        tx.exec(INSERT_SPAN, args![item, span.from, span.until, facts.org, flags(span), i64::from(span.visits), span.legal, span.promise])?;
    }
    Ok(())
}

/// 某日在用的一个办理项与它当时的样子。
#[derive(Debug, Clone)]
pub struct DrilledItem {
    pub item: i64,
    pub code: String,
    pub name: String,
    pub dept_name: String,
    pub span: Span,
}

/// 一个叶机构某日在用的办理项。
///
/// # Errors
/// 引擎故障。
pub fn in_use_on(tx: &mut Tx<'_>, org: i64, day: i64, after: i64, limit: i64) -> Result<Vec<DrilledItem>> {
    tx.rows(DRILL, args![org, after, day, day, limit], |r| {
        let bits: i64 = r.get(4)?;
        let has = |bit: i64| bits & bit != 0;
        Ok(DrilledItem {
            item: r.get(0)?,
            code: r.get(1)?,
            name: r.get(2)?,
            dept_name: r.get(3)?,
            span: Span {
                from: day,
                until: day,
                apply_based: has(flag::APPLY_BASED),
                online: has(flag::ONLINE),
                full_online: has(flag::FULL_ONLINE),
                mobile: has(flag::MOBILE),
                visits: u8::try_from(r.get::<i64>(5)?).unwrap_or(u8::MAX),
                instant: has(flag::INSTANT),
                legal: r.get(6)?,
                promise: r.get(7)?,
                accurate: has(flag::ACCURATE),
                online_exempt: has(flag::ONLINE_EXEMPT),
                visit_exempt: has(flag::VISIT_EXEMPT),
            },
        })
    })
}

pub(super) const STATEMENTS: &[&str] =
    &[CLEAR_FINDINGS, INSERT_FINDING, FINDINGS, FINDING_LIST.tenant, FINDING_LIST.unit, FINDING_LIST.org, CLEAR_SPANS, INSERT_SPAN, DRILL, APPLIED.tenant, APPLIED.unit, APPLIED.org];
