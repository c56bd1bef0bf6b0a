//! 变更、延续、补证挂着的原办件。

use jiff::Timestamp;
use tongban_store::{Error, Result, Tx, args};

use crate::model::{FollowKind, FollowUp, Later};

const ADD: &str = "INSERT INTO cases_follow_ups (case_id, kind, earlier, earlier_no, licence, licence_name, at) VALUES ($1, $2, $3, $4, $5, $6, $7)";
const OF_CASE: &str = "SELECT kind, earlier, earlier_no, licence, licence_name FROM cases_follow_ups WHERE case_id = $1";
const LATER: &str = "SELECT f.kind, c.case_no FROM cases_follow_ups f JOIN cases_cases c ON c.id = f.case_id WHERE f.earlier = $1 ORDER BY f.case_id LIMIT 20";
const PENDING: &str = "SELECT c.case_no FROM cases_follow_ups f JOIN cases_cases c ON c.id = f.case_id \
     WHERE f.earlier = $1 AND f.kind = $2 AND c.is_open = 1 ORDER BY f.case_id LIMIT 1";
pub(super) const STATEMENTS: &[&str] = &[ADD, OF_CASE, LATER, PENDING];

fn kind(text: &str) -> Result<FollowKind> {
    FollowKind::parse(text).ok_or(Error::Shape("后续申请的种类"))
}

/// 记下新办件的原办件。
pub fn add(tx: &mut Tx<'_>, case_id: i64, follow: &FollowUp, at: Timestamp) -> Result<()> {
    tx.exec(ADD, args![case_id, follow.kind.as_str(), follow.earlier, &follow.earlier_no, &follow.licence, &follow.licence_name, at])?;
    Ok(())
}

/// 这一件为哪一件再申请；不是后续申请的为 `None`。
pub fn of_case(tx: &mut Tx<'_>, case_id: i64) -> Result<Option<FollowUp>> {
    tx.row(OF_CASE, args![case_id], |r| {
        Ok(FollowUp { kind: kind(&r.get::<String>(0)?)?, earlier: r.get(1)?, earlier_no: r.get(2)?, licence: r.get(3)?, licence_name: r.get(4)? })
    })
}

/// 这一件后来又申请了什么。
pub fn later(tx: &mut Tx<'_>, earlier: i64) -> Result<Vec<Later>> {
    tx.rows(LATER, args![earlier], |r| Ok((kind(&r.get::<String>(0)?)?, r.get(1)?)))
}

/// 测试里把一件当作延续件。
#[cfg(test)]
pub fn watch(tx: &mut Tx<'_>, case_id: i64, until: i64) -> Result<()> {
    tx.exec("UPDATE cases_cases SET renews_until = $1 WHERE id = $2", args![until, case_id])?;
    Ok(())
}

/// 同一件的同一种申请还有一件在办。
pub fn pending(tx: &mut Tx<'_>, earlier: i64, wanted: FollowKind) -> Result<Option<String>> {
    tx.row(PENDING, args![earlier, wanted.as_str()], |r| r.get(0))
}
