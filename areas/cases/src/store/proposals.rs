//! 要两个人才能做的事（终止、作废、更正）：先申请，再由另一人批准。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_store::{Result, Row, Tx, args};

const ADD: &str = "INSERT INTO cases_proposals (id, case_id, kind, body, reason, staff, staff_name, asked_at, state, decided_by, decided_name) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'asked', 0, '')";
const OF_CASE: &str = "SELECT id, kind, body, reason, staff, staff_name, asked_at, state, decided_name, decided_at \
     FROM cases_proposals WHERE case_id = $1 ORDER BY id";
const DECIDE: &str = "UPDATE cases_proposals SET state = $1, decided_by = $2, decided_name = $3, decided_at = $4 WHERE id = $5 AND state = 'asked'";
pub(super) const STATEMENTS: &[&str] = &[ADD, OF_CASE, DECIDE];

/// 一次申请。
#[derive(Debug, Clone)]
pub struct Proposal {
    pub id: i64,
    /// `terminate`、`void`、`amend`。
    pub kind: String,
    /// 更正的内容，JSON；其余为空。
    pub body: String,
    pub reason: String,
    pub staff: i64,
    pub staff_name: String,
    pub asked_at: Timestamp,
    /// `asked`、`approved`、`rejected`。
    pub state: String,
    pub decided_name: String,
    pub decided_at: Option<Timestamp>,
}

fn row(r: &Row<'_>) -> Result<Proposal> {
    Ok(Proposal {
        id: r.get(0)?,
        kind: r.get(1)?,
        body: r.get(2)?,
        reason: r.get(3)?,
        staff: r.get(4)?,
        staff_name: r.get(5)?,
        asked_at: from_millis(r.get(6)?),
        state: r.get(7)?,
        decided_name: r.get(8)?,
        decided_at: r.get::<Option<i64>>(9)?.map(from_millis),
    })
}

/// 提出申请。
pub fn add(tx: &mut Tx<'_>, case_id: i64, kind: &str, body: &str, reason: &str, who: (i64, &str), at: Timestamp) -> Result<()> {
    let id = tx.new_id();
    tx.exec(ADD, args![id, case_id, kind, body, reason, who.0, who.1, at])?;
    Ok(())
}

/// 一件办件的全部申请。
pub fn of_case(tx: &mut Tx<'_>, case_id: i64) -> Result<Vec<Proposal>> {
    tx.rows(OF_CASE, args![case_id], row)
}

/// 批准或驳回。
pub fn decide(tx: &mut Tx<'_>, id: i64, approved: bool, who: (i64, &str), at: Timestamp) -> Result<bool> {
    let state = if approved { "approved" } else { "rejected" };
    Ok(tx.exec(DECIDE, args![state, who.0, who.1, at, id])? == 1)
}
