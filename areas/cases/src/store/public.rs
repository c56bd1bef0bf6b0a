//! 公示与汇聚导出要的读。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_store::{Result, Row, Tx, args};

use super::cases::{columns, from_row};
use crate::model::Case;

macro_rules! open_cases {
    ($after:literal) => {
        concat!(
            "SELECT id, case_no, item_name, applicant_shown, org_name, state, outcome, submitted_at, ended_at, sort_due, revoked_on \
             FROM cases_cases WHERE tenant = $1 AND tab = 'done' AND state <> 'voided' AND withheld = 0", $after
        )
    };
}
/// 翻页的两步，道理同 `lists::Paged`。
const OPEN_TIED: &str = open_cases!(" AND sort_due = $2 AND id < $3 ORDER BY id DESC LIMIT $4");
const OPEN_CASES: &str = open_cases!(" AND sort_due < $2 ORDER BY sort_due DESC, id DESC LIMIT $3");
const SPAN: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM cases_cases WHERE id > $1 AND tenant = $2 AND submitted_at >= $3 AND submitted_at < $4 ORDER BY id LIMIT $5"
);
const EARLIER: &str = "SELECT m.name, m.files, c.case_no FROM cases_cases c JOIN cases_materials m ON m.case_id = c.id \
     WHERE c.person = $1 AND c.person > 0 AND c.legal_entity = $2 AND m.files <> '[]' ORDER BY c.id DESC LIMIT 200";
pub(super) const STATEMENTS: &[&str] = &[OPEN_TIED, OPEN_CASES, SPAN, EARLIER];

/// 公示的一件：姓名已脱敏。
#[derive(Debug, Clone)]
pub struct Published {
    pub id: i64,
    pub no: String,
    pub item: String,
    pub applicant: String,
    pub org: String,
    pub state: String,
    pub outcome: Option<String>,
    pub submitted_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub sort_due: i64,
    pub revoked: bool,
}

/// 已经到头的，最近的在前。
pub fn published(tx: &mut Tx<'_>, tenant: i64, before: (i64, i64), limit: i64) -> Result<Vec<Published>> {
    let mut found = tx.rows(OPEN_TIED, args![tenant, before.0, before.1, limit], public_row)?;
    let left = limit - i64::try_from(found.len()).unwrap_or(limit);
    if left > 0 {
        found.extend(tx.rows(OPEN_CASES, args![tenant, before.0, left], public_row)?);
    }
    Ok(found)
}

fn public_row(r: &Row<'_>) -> Result<Published> {
    Ok(Published {
        id: r.get(0)?,
        no: r.get(1)?,
        item: r.get(2)?,
        applicant: r.get(3)?,
        org: r.get(4)?,
        state: r.get(5)?,
        outcome: r.get(6)?,
        submitted_at: from_millis(r.get(7)?),
        ended_at: r.get::<Option<i64>>(8)?.map(from_millis),
        sort_due: r.get(9)?,
        revoked: r.get::<Option<i64>>(10)?.is_some(),
    })
}

/// 一段日子里提交的，按行键翻页。
pub fn submitted_between(tx: &mut Tx<'_>, after: i64, tenant: i64, (from, to): (Timestamp, Timestamp), limit: i64) -> Result<Vec<Case>> {
    let mut cases = tx.rows(SPAN, args![after, tenant, from, to, limit], from_row)?;
    for case in cases.iter_mut().filter(|case| case.accepted_on.is_some()) {
        case.procedures = super::children::procedures(tx, case.id)?;
    }
    Ok(cases)
}

/// 同一申请人以前交过的材料：材料名、文件（JSON）、哪一件。
pub fn earlier_files(tx: &mut Tx<'_>, person: i64, legal_entity: i64) -> Result<Vec<(String, String, String)>> {
    if person == 0 {
        return Ok(Vec::new());
    }
    tx.rows(EARLIER, args![person, legal_entity], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
}
