//! 告知承诺：当场决定之后核查；不实的撤销决定（安阳条例25–29）。

use jiff::Timestamp;
use tongban_kernel::{Actor, Problem, calendar, time};
use tongban_store::{Entry, Result, Tx};

use super::{Ending, out_of_calendar, required_text, revoke};
use crate::model::{Case, MaterialStatus};
use crate::permissions as can;
use crate::store::commitments::{self, Commitment};
use crate::store;

/// 核查期限，工作日。
pub const CHECK_DAYS: u32 = 30;

/// 准予之后，有材料是承诺代替的，登记待核查。
pub(super) fn watch(tx: &mut Tx<'_>, case: &Case, at: Timestamp) -> Result<()> {
    let listed = store::materials(tx, case.id)?;
    let promised: Vec<_> = listed.iter().filter(|m| m.status == MaterialStatus::Promised).map(|m| m.name.as_str()).collect();
    if promised.is_empty() {
        return Ok(());
    }
    let calendar = calendar::current();
    let due = calendar.due_instant(calendar.due(time::date_of(at), CHECK_DAYS).map_err(out_of_calendar)?);
    let commitment = Commitment {
        id: tx.new_id(),
        case_id: case.id,
        case_no: case.no.to_string(),
        item_name: case.item_name.clone(),
        place: case.place,
        promised: promised.join("、"),
        due,
        state: "pending".to_owned(),
        note: String::new(),
        staff_name: String::new(),
        checked_at: None,
        version: 1,
    };
    commitments::add(tx, &commitment)
}

/// 核查结果。
#[derive(Debug, Clone, Default)]
pub struct CheckCommitment {
    pub version: i64,
    /// 属实；否则不实，撤销决定。
    pub held: bool,
    pub note: String,
}

/// 记下核查结果；不实的同时撤销决定（要批准权限）。
///
/// # Errors
/// 没写核查情况；已经核查过；权限、范围、版本。
pub fn check_commitment(tx: &mut Tx<'_>, actor: &Actor, id: i64, input: &CheckCommitment, at: Timestamp) -> Result<Commitment> {
    let note = required_text("note", &input.note, "核查情况")?;
    let mut commitment = commitments::lock(tx, id)?.ok_or_else(Problem::not_found)?;
    if !actor.is_internal() {
        actor.scope.check(&commitment.place)?;
    }
    actor.require(can::HANDLE)?;
    if commitment.version != input.version {
        return Err(Problem::stale(commitment.version).into());
    }
    if commitment.state != "pending" {
        return Err(Problem::conflict("这件已经核查过了").into());
    }
    let state = if input.held { "true" } else { "false" };
    (commitment.state, commitment.note, commitment.version) = (state.to_owned(), note.clone(), commitment.version + 1);
    (commitment.staff_name, commitment.checked_at) = (actor.name.to_string(), Some(at));
    commitments::save(tx, &commitment)?;
    if input.held {
        let body = serde_json::json!({ "case_no": commitment.case_no, "held": true }).to_string();
        let (subject, rev, tenant) = (commitment.id, commitment.version, commitment.place.tenant);
        tx.journal(Entry { kind: "cases.commitment_checked", subject, rev, at, actor, tenant, body: &body })?;
        return Ok(commitment);
    }
    // 撤销决定自己记一条日志
    let case = store::find(tx, commitment.case_id)?.ok_or_else(Problem::not_found)?;
    let reason = format!("承诺不实：{note}");
    revoke(tx, actor, case.no.as_str(), &Ending { version: case.version, reason }, at)?;
    Ok(commitment)
}
