//! 指标下钻：每个度量的谓词落在主表的里程碑列上，按行键翻页。

use tongban_kernel::time::{from_day_number, instant};
use tongban_store::{Result, Row, Tx, args};

macro_rules! drill {
    ($column:literal, $more:literal) => {
        concat!(
            "SELECT id, case_no, item_name, applicant_shown, org_name, state, used_days, red_spans FROM cases_cases WHERE org = $1 AND ",
            $column,
            " >= $2 AND ",
            $column,
            " < $3 AND id > $4 AND state <> 'voided'",
            $more,
            " ORDER BY id LIMIT $5"
        )
    };
}

pub const DECIDED: &str = drill!("decided_at", "");
pub const DECIDED_ON_TIME: &str = drill!("decided_at", " AND on_time = 1");
pub const DECIDED_EARLY: &str = drill!("decided_at", " AND early = 1");
pub const INSTANT_DECIDED: &str = drill!("decided_at", " AND instant = 1");
pub const USED_WORKDAYS: &str = drill!("decided_at", " AND used_days > 0");
pub const LINKED: &str = drill!("decided_at", " AND external_no IS NOT NULL");
pub const LINKED_IN_TIME: &str = drill!("decided_at", " AND linked_in_time = 1");
pub const APPLIED: &str = drill!("submitted_at", "");
pub const APPLIED_ONLINE: &str = drill!("submitted_at", " AND channel IN (1, 2, 6, 9)");
pub const CORRECTED: &str = drill!("submitted_at", " AND corrections > 0");
pub const ACCEPTED: &str = drill!("accepted_at", "");
pub const ACCEPTED_FIRST: &str = drill!("accepted_at", " AND corrections = 0");
pub const RETURNED: &str = drill!("ended_at", " AND state = 'returned'");
pub const NOT_ACCEPTED: &str = drill!("ended_at", " AND state = 'not_accepted'");
pub const EVER_RED: &str = drill!("first_red", "");
pub(super) const STATEMENTS: &[&str] = &[
    DECIDED, DECIDED_ON_TIME, DECIDED_EARLY, INSTANT_DECIDED, USED_WORKDAYS, LINKED, LINKED_IN_TIME, APPLIED, APPLIED_ONLINE, CORRECTED, ACCEPTED,
    ACCEPTED_FIRST, RETURNED, NOT_ACCEPTED, EVER_RED,
];

/// 下钻的一行。
#[derive(Debug, Clone)]
pub struct DrillCase {
    pub id: i64,
    pub no: String,
    pub item_name: String,
    pub applicant: String,
    pub org_name: String,
    pub state: String,
    pub used_days: i64,
    /// 各段红灯的起止毫秒。
    pub red_spans: Vec<(i64, Option<i64>)>,
}

fn row(r: &Row<'_>) -> Result<DrillCase> {
    let spans: String = r.get(7)?;
    Ok(DrillCase {
        id: r.get(0)?,
        no: r.get(1)?,
        item_name: r.get(2)?,
        applicant: r.get(3)?,
        org_name: r.get(4)?,
        state: r.get(5)?,
        used_days: r.get::<Option<i64>>(6)?.unwrap_or(0),
        red_spans: serde_json::from_str(&spans)?,
    })
}

/// 日期整数当天零点的毫秒；`next` 为真取次日零点。
fn bound(day: i64, next: bool) -> i64 {
    let date = from_day_number(day).and_then(|date| if next { date.tomorrow().ok() } else { Some(date) });
    date.map_or(if next { i64::MAX } else { 0 }, |date| instant(date, 0, 0).as_millisecond())
}

/// 某个谓词在一个机构、一段日子里的办件。
pub fn drill(tx: &mut Tx<'_>, sql: &'static str, org: i64, days: (i64, i64), after: i64, limit: i64) -> Result<Vec<DrillCase>> {
    tx.rows(sql, args![org, bound(days.0, false), bound(days.1, true), after, limit], row)
}

/// 某日终了时还是红灯的：从曾经红过的里筛，凑满一页为止。
pub fn red_on(tx: &mut Tx<'_>, org: i64, day: i64, after: i64, limit: i64) -> Result<Vec<DrillCase>> {
    let (end, wanted) = (bound(day, true), usize::try_from(limit).unwrap_or(0));
    let (mut found, mut after) = (Vec::new(), after);
    loop {
        let page = drill(tx, EVER_RED, org, (0, day), after, 500)?;
        let last = page.last().map(|case| case.id);
        let open = |case: &DrillCase| case.red_spans.iter().any(|(from, until)| *from < end && until.is_none_or(|until| until >= end));
        found.extend(page.iter().filter(|case| open(case)).cloned());
        match last {
            Some(last) if found.len() < wanted && page.len() == 500 => after = last,
            _ => break,
        }
    }
    found.truncate(wanted);
    Ok(found)
}
