//! 印章授权与用印日志。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_kernel::{Place, Scope};
use tongban_store::{Result, Row, ScopedSql, Tx, args, scoped, scoped_rows};

const INSERT: &str = "INSERT INTO credentials_grants (id, seal, staff, staff_name, scope, valid_from, valid_to, most, used, granted_by, at, revoked) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9, $10, 0)";
const OF_SEAL: &str = "SELECT id, seal, staff, staff_name, scope, valid_from, valid_to, most, used, granted_by, at, revoked \
     FROM credentials_grants WHERE seal = $1 ORDER BY id";
const COUNT: &str = "UPDATE credentials_grants SET used = used + 1 WHERE id = $1 AND (most = 0 OR used < most)";
const REVOKE: &str = "UPDATE credentials_grants SET revoked = $1 WHERE id = $2 AND seal = $3 AND revoked = 0";
const LOG: &str = "INSERT INTO credentials_uses (id, tenant, unit, org, seal, es_id, seal_name, grant_id, who, account, source, item_code, purpose, \
     file_name, before_digest, after_digest, place, ip, request, at, result, reason, digest) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)";
const DONE: &str = "SELECT COUNT(*) FROM credentials_uses WHERE seal = $1 AND source = $2 AND result = 1";
static USES: ScopedSql = scoped!(
    "SELECT id, tenant, unit, org, seal, es_id, seal_name, grant_id, who, account, source, item_code, purpose, file_name, before_digest, \
     after_digest, place, ip, request, at, result, reason, digest FROM credentials_uses WHERE ",
    " = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
);
const OF_SEAL_USES: &str = "SELECT id, tenant, unit, org, seal, es_id, seal_name, grant_id, who, account, source, item_code, purpose, file_name, \
     before_digest, after_digest, place, ip, request, at, result, reason, digest FROM credentials_uses WHERE seal = $1 AND id < $2 \
     ORDER BY id DESC LIMIT $3";

pub(super) const STATEMENTS: &[&str] = &[INSERT, OF_SEAL, COUNT, REVOKE, LOG, DONE, USES.tenant, USES.unit, USES.org, OF_SEAL_USES];

/// 一份授权。
#[derive(Debug, Clone)]
pub struct Grant {
    pub id: i64,
    pub seal: i64,
    /// 被授权人的账号；0 为机用授权。
    pub staff: i64,
    pub staff_name: String,
    /// 许可的证照类型或文书，逗号隔开；空为不限。
    pub scope: String,
    pub valid_from: Timestamp,
    pub valid_to: Timestamp,
    pub most: i64,
    pub used: i64,
    pub granted_by: String,
    pub at: Timestamp,
    pub revoked: i64,
}

impl Grant {
    /// 此刻能不能替这个账号盖这类东西。
    #[must_use]
    pub fn covers(&self, account: i64, what: &str, now: Timestamp) -> bool {
        self.revoked == 0
            && self.staff == account
            && self.valid_from <= now
            && now < self.valid_to
            && (self.most == 0 || self.used < self.most)
            && (self.scope.is_empty() || self.scope.split(['，', ',']).any(|one| one.trim() == what))
    }
}

/// 用印日志的一条。
#[derive(Debug, Clone)]
pub struct Use {
    pub id: i64,
    pub place: Place,
    pub seal: i64,
    pub es_id: String,
    pub seal_name: String,
    pub grant: i64,
    pub who: String,
    pub account: i64,
    pub source: String,
    pub item_code: String,
    pub purpose: String,
    pub file_name: String,
    pub before: String,
    pub after: String,
    pub spot: String,
    pub ip: String,
    pub request: String,
    pub at: Timestamp,
    pub done: bool,
    pub reason: String,
    pub digest: String,
}

fn grant(r: &Row<'_>) -> Result<Grant> {
    Ok(Grant {
        id: r.get(0)?,
        seal: r.get(1)?,
        staff: r.get(2)?,
        staff_name: r.get(3)?,
        scope: r.get(4)?,
        valid_from: from_millis(r.get(5)?),
        valid_to: from_millis(r.get(6)?),
        most: r.get(7)?,
        used: r.get(8)?,
        granted_by: r.get(9)?,
        at: from_millis(r.get(10)?),
        revoked: r.get(11)?,
    })
}

fn used(r: &Row<'_>) -> Result<Use> {
    Ok(Use {
        id: r.get(0)?,
        place: Place { tenant: r.get(1)?, unit: r.get(2)?, org: r.get(3)? },
        seal: r.get(4)?,
        es_id: r.get(5)?,
        seal_name: r.get(6)?,
        grant: r.get(7)?,
        who: r.get(8)?,
        account: r.get(9)?,
        source: r.get(10)?,
        item_code: r.get(11)?,
        purpose: r.get(12)?,
        file_name: r.get(13)?,
        before: r.get(14)?,
        after: r.get(15)?,
        spot: r.get(16)?,
        ip: r.get(17)?,
        request: r.get(18)?,
        at: from_millis(r.get(19)?),
        done: r.get(20)?,
        reason: r.get(21)?,
        digest: r.get(22)?,
    })
}

/// 存一份授权。
pub fn insert(tx: &mut Tx<'_>, g: &Grant) -> Result<()> {
    tx.exec(INSERT, args![g.id, g.seal, g.staff, &g.staff_name, &g.scope, g.valid_from, g.valid_to, g.most, &g.granted_by, g.at])?;
    Ok(())
}

/// 一枚章的全部授权。
pub fn of_seal(tx: &mut Tx<'_>, seal: i64) -> Result<Vec<Grant>> {
    tx.rows(OF_SEAL, args![seal], grant)
}

/// 记一次；到了上限回假。
pub fn count(tx: &mut Tx<'_>, grant: i64) -> Result<bool> {
    Ok(tx.exec(COUNT, args![grant])? == 1)
}

/// 撤销一份授权。
pub fn revoke(tx: &mut Tx<'_>, seal: i64, grant: i64, at: Timestamp) -> Result<bool> {
    Ok(tx.exec(REVOKE, args![at, grant, seal])? == 1)
}

/// 记一条用印。
pub fn log(tx: &mut Tx<'_>, u: &Use) -> Result<()> {
    tx.exec(
        LOG,
        args![
            u.id, u.place.tenant, u.place.unit, u.place.org, u.seal, &u.es_id, &u.seal_name, u.grant, &u.who, u.account, &u.source,
            &u.item_code, &u.purpose, &u.file_name, &u.before, &u.after, &u.spot, &u.ip, &u.request, u.at, u.done, &u.reason, &u.digest,
        ],
    )?;
    Ok(())
}

/// 这枚章给这个来源盖成过几次。
pub fn done(tx: &mut Tx<'_>, seal: i64, source: &str) -> Result<i64> {
    Ok(tx.row(DONE, args![seal, source], |r| r.get(0))?.unwrap_or(0))
}

/// 用印日志，新的在前；`seal` 不为 0 时只看一枚（调用者先查范围）。
pub fn uses(tx: &mut Tx<'_>, scope: &Scope, seal: i64, before: i64, limit: u32) -> Result<Vec<Use>> {
    if seal != 0 {
        return tx.rows(OF_SEAL_USES, args![seal, before, limit], used);
    }
    scoped_rows(tx, &USES, scope, args![before, limit], limit as usize, used, |u| std::cmp::Reverse(u.id))
}
