//! 一件事的申请与它的成员。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_store::{Error, Result, Row, Tx, args};

use crate::model::{BundleBody, BundleState, Member, MemberState};

const ADD: &str = "INSERT INTO cases_bundles (id, bundle_no, number, name, tenant, account, person, legal_entity, state, total_days, body, \
     submitted_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, 1)";
const SAVE: &str = "UPDATE cases_bundles SET state = $1, ended_at = $2, version = $3 WHERE id = $4 AND version = $5";
const BY_ID: &str = "SELECT id, bundle_no, number, name, tenant, account, person, legal_entity, state, total_days, submitted_at, ended_at, version \
     FROM cases_bundles WHERE id = $1";
const BY_NO: &str = "SELECT id, bundle_no, number, name, tenant, account, person, legal_entity, state, total_days, submitted_at, ended_at, version \
     FROM cases_bundles WHERE bundle_no = $1";
const MINE: &str = "SELECT id, bundle_no, number, name, tenant, account, person, legal_entity, state, total_days, submitted_at, ended_at, version \
     FROM cases_bundles WHERE person = $1 AND legal_entity = $2 ORDER BY id DESC LIMIT $3";
const BODY: &str = "SELECT body FROM cases_bundles WHERE id = $1";
const ADD_MEMBER: &str = "INSERT INTO cases_bundle_members (bundle, position, key, name, dept, code, after, state, case_id, case_no, reason) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
const SAVE_MEMBER: &str = "UPDATE cases_bundle_members SET state = $1, case_id = $2, case_no = $3, reason = $4 WHERE bundle = $5 AND key = $6";
const MEMBERS: &str = "SELECT key, name, dept, code, after, state, case_id, case_no, reason FROM cases_bundle_members WHERE bundle = $1 ORDER BY position";
pub(super) const STATEMENTS: &[&str] = &[ADD, SAVE, BY_ID, BY_NO, MINE, BODY, ADD_MEMBER, SAVE_MEMBER, MEMBERS];

/// 一件事的申请。
#[derive(Debug, Clone)]
pub struct Bundle {
    pub id: i64,
    /// 一件事编号。
    pub no: String,
    /// 哪一件事。
    pub number: i64,
    pub name: String,
    pub tenant: i64,
    pub account: i64,
    pub person: i64,
    pub legal_entity: i64,
    pub state: BundleState,
    pub total_days: i64,
    pub submitted_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub version: i64,
}

fn row(r: &Row<'_>) -> Result<Bundle> {
    let state: String = r.get(8)?;
    Ok(Bundle {
        id: r.get(0)?,
        no: r.get(1)?,
        number: r.get(2)?,
        name: r.get(3)?,
        tenant: r.get(4)?,
        account: r.get(5)?,
        person: r.get(6)?,
        legal_entity: r.get(7)?,
        state: BundleState::parse(&state).ok_or(Error::Shape("一件事状态"))?,
        total_days: r.get(9)?,
        submitted_at: from_millis(r.get(10)?),
        ended_at: r.get::<Option<i64>>(11)?.map(from_millis),
        version: r.get(12)?,
    })
}

/// 登记一件事与它的成员；内容加密存放。
pub fn add(tx: &mut Tx<'_>, b: &Bundle, body: &BundleBody, members: &[Member]) -> Result<()> {
    let sealed = tx.seal(&serde_json::to_string(body)?);
    tx.exec(
        ADD,
        args![b.id, &b.no, b.number, &b.name, b.tenant, b.account, b.person, b.legal_entity, b.state.as_str(), b.total_days, &sealed, b.submitted_at],
    )?;
    for (position, m) in (0_i64..).zip(members) {
        let after = serde_json::to_string(&m.after)?;
        let state = m.state.as_str();
        tx.exec(ADD_MEMBER, args![b.id, position, &m.key, &m.name, &m.dept, &m.code, &after, state, m.case_id, &m.case_no, &m.reason])?;
    }
    Ok(())
}

/// 写回状态；`version` 已是新版本号。
pub fn save(tx: &mut Tx<'_>, b: &Bundle) -> Result<()> {
    let changed = tx.exec(SAVE, args![b.state.as_str(), b.ended_at, b.version, b.id, b.version - 1])?;
    if changed == 1 { Ok(()) } else { Err(tongban_kernel::Problem::stale(b.version).into()) }
}

/// 写回一个成员。
pub fn save_member(tx: &mut Tx<'_>, bundle: i64, m: &Member) -> Result<()> {
    tx.exec(SAVE_MEMBER, args![m.state.as_str(), m.case_id, &m.case_no, &m.reason, bundle, &m.key])?;
    Ok(())
}

/// 锁住一件。
pub fn lock(tx: &mut Tx<'_>, id: i64) -> Result<Option<Bundle>> {
    tx.lock(BY_ID, args![id], row)
}

/// 按行键读。
pub fn find(tx: &mut Tx<'_>, id: i64) -> Result<Option<Bundle>> {
    tx.row(BY_ID, args![id], row)
}

/// 按编号读。
pub fn find_by_no(tx: &mut Tx<'_>, no: &str) -> Result<Option<Bundle>> {
    tx.row(BY_NO, args![no], row)
}

/// 申请人自己的，最近的在前。
pub fn mine(tx: &mut Tx<'_>, person: i64, legal_entity: i64, limit: i64) -> Result<Vec<Bundle>> {
    tx.rows(MINE, args![person, legal_entity, limit], row)
}

/// 解密后的申请内容。
pub fn body(tx: &mut Tx<'_>, id: i64) -> Result<Option<BundleBody>> {
    let sealed: Option<Vec<u8>> = tx.row(BODY, args![id], |r| r.get(0))?;
    sealed.map(|sealed| Ok(serde_json::from_str(&tx.unseal(&sealed)?)?)).transpose()
}

/// 全部成员，按定义先后。
pub fn members(tx: &mut Tx<'_>, id: i64) -> Result<Vec<Member>> {
    tx.rows(MEMBERS, args![id], |r| {
        let (after, state): (String, String) = (r.get(4)?, r.get(5)?);
        Ok(Member {
            key: r.get(0)?,
            name: r.get(1)?,
            dept: r.get(2)?,
            code: r.get(3)?,
            after: serde_json::from_str(&after)?,
            state: MemberState::parse(&state).ok_or(Error::Shape("成员状态"))?,
            case_id: r.get(6)?,
            case_no: r.get(7)?,
            reason: r.get(8)?,
        })
    })
}
