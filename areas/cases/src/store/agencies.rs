//! 家人代办：谁替申请人交的、凭哪份授权。姓名加密存放。

use jiff::Timestamp;
use tongban_store::{Result, Tx, args};

use crate::model::Agency;

const ADD: &str = "INSERT INTO cases_agencies (case_id, agent, agent_name, relation, grant_id, at) VALUES ($1, $2, $3, $4, $5, $6)";
const OF_CASE: &str = "SELECT agent, agent_name, relation, grant_id FROM cases_agencies WHERE case_id = $1";
pub(super) const STATEMENTS: &[&str] = &[ADD, OF_CASE];

/// 记下是谁代办的。
pub fn add(tx: &mut Tx<'_>, case_id: i64, agency: &Agency, at: Timestamp) -> Result<()> {
    let name = tx.seal(&agency.name);
    tx.exec(ADD, args![case_id, agency.agent, &name, &agency.relation, agency.grant, at])?;
    Ok(())
}

/// 这一件是谁代办的；本人办的为 `None`。
pub fn of_case(tx: &mut Tx<'_>, case_id: i64) -> Result<Option<Agency>> {
    let found: Option<(i64, Vec<u8>, String, i64)> = tx.row(OF_CASE, args![case_id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
    let Some((agent, name, relation, grant)) = found else { return Ok(None) };
    Ok(Some(Agency { agent, name: tx.unseal(&name)?, relation, grant }))
}
