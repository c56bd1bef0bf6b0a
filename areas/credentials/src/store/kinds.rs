//! 证照类型、应录数、省统计表。

use tongban_kernel::{Place, Scope};
use tongban_store::{Result, Row, ScopedSql, Tx, args, scoped, scoped_rows};

use crate::model::Spec;

const INSERT: &str = "INSERT INTO credentials_kinds (id, tenant, unit, org, code, name, spec, state, version) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, 1)";
const FIND: &str = "SELECT id, tenant, unit, org, code, name, spec, state, version FROM credentials_kinds WHERE id = $1";
const NAMED: &str = "SELECT id FROM credentials_kinds WHERE tenant = $1 AND name = $2 AND state = 1 ORDER BY id LIMIT 1";
const ALL: &str = "SELECT id, tenant, unit, org, code, name, spec, state, version FROM credentials_kinds WHERE tenant = $1 ORDER BY name, id";
const SAVE: &str = "UPDATE credentials_kinds SET spec = $1, state = $2, version = version + 1 WHERE id = $3 AND version = $4";
const QUOTA: &str = "SELECT id, tenant, unit, org, org_name, kind, kind_name, expected, day, version FROM credentials_quotas WHERE org = $1 AND kind = $2";
const ADD_QUOTA: &str = "INSERT INTO credentials_quotas (id, tenant, unit, org, org_name, kind, kind_name, expected, day, version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1)";
const SET_QUOTA: &str = "UPDATE credentials_quotas SET expected = $1, day = $2, version = version + 1 WHERE id = $3 AND version = $4";
static QUOTAS: ScopedSql = scoped!(
    "SELECT id, tenant, unit, org, org_name, kind, kind_name, expected, day, version FROM credentials_quotas WHERE ",
    " = $1 AND id > $2 ORDER BY id LIMIT $3"
);
const ENTERED: &str = "SELECT COUNT(*) FROM credentials_licences WHERE org = $1 AND kind = $2 AND entered_day > 0";
const ADD_PROVINCE: &str = "INSERT INTO credentials_province (id, tenant, batch, row_number, org, org_name, made, note, day) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const LAST_BATCH: &str = "SELECT batch FROM credentials_province WHERE tenant = $1 ORDER BY batch DESC LIMIT 1";
const PROVINCE: &str = "SELECT id, batch, row_number, org, org_name, made, note, day FROM credentials_province WHERE tenant = $1 AND batch = $2 ORDER BY id";
const DROP_PROVINCE: &str = "DELETE FROM credentials_province WHERE id = $1";

const FIRST: &str = "SELECT id FROM credentials_kinds ORDER BY id LIMIT 1";

pub(super) const STATEMENTS: &[&str] = &[
    FIRST, INSERT, FIND, NAMED, ALL, SAVE, QUOTA, ADD_QUOTA, SET_QUOTA, QUOTAS.tenant, QUOTAS.unit, QUOTAS.org, ENTERED, ADD_PROVINCE, LAST_BATCH,
    PROVINCE, DROP_PROVINCE,
];

/// 一类证照。
#[derive(Debug, Clone)]
pub struct Kind {
    pub id: i64,
    pub place: Place,
    /// 类型代码，21 位。
    pub code: String,
    pub name: String,
    pub spec: Spec,
    pub active: bool,
    pub version: i64,
}

/// 一个单位一类证照的应录数。
#[derive(Debug, Clone)]
pub struct Quota {
    pub id: i64,
    pub place: Place,
    pub org_name: String,
    pub kind: i64,
    pub kind_name: String,
    pub expected: i64,
    pub day: i64,
    pub version: i64,
}

/// 省统计表的一行。
#[derive(Debug, Clone)]
pub struct Province {
    pub id: i64,
    pub batch: String,
    pub row: i64,
    /// 对上的机构；0 为对不上。
    pub org: i64,
    pub org_name: String,
    pub made: bool,
    pub note: String,
    pub day: i64,
}

fn kind(r: &Row<'_>) -> Result<Kind> {
    Ok(Kind {
        id: r.get(0)?,
        place: Place { tenant: r.get(1)?, unit: r.get(2)?, org: r.get(3)? },
        code: r.get(4)?,
        name: r.get(5)?,
        spec: serde_json::from_str(&r.get::<String>(6)?)?,
        active: r.get(7)?,
        version: r.get(8)?,
    })
}

fn quota(r: &Row<'_>) -> Result<Quota> {
    Ok(Quota {
        id: r.get(0)?,
        place: Place { tenant: r.get(1)?, unit: r.get(2)?, org: r.get(3)? },
        org_name: r.get(4)?,
        kind: r.get(5)?,
        kind_name: r.get(6)?,
        expected: r.get(7)?,
        day: r.get(8)?,
        version: r.get(9)?,
    })
}

/// 存一类新的。
pub fn insert(tx: &mut Tx<'_>, k: &Kind) -> Result<()> {
    let spec = serde_json::to_string(&k.spec)?;
    tx.exec(INSERT, args![k.id, k.place.tenant, k.place.unit, k.place.org, &k.code, &k.name, &spec])?;
    Ok(())
}

/// 一类。
pub fn find(tx: &mut Tx<'_>, id: i64) -> Result<Option<Kind>> {
    tx.row(FIND, args![id], kind)
}

/// 锁一类。
pub fn lock(tx: &mut Tx<'_>, id: i64) -> Result<Option<Kind>> {
    tx.lock(FIND, args![id], kind)
}

/// 按名称。
pub fn named(tx: &mut Tx<'_>, tenant: i64, name: &str) -> Result<Option<Kind>> {
    match tx.row(NAMED, args![tenant, name], |r| r.get::<i64>(0))? {
        Some(id) => find(tx, id),
        None => Ok(None),
    }
}

/// 一个县区的全部类型。
pub fn all(tx: &mut Tx<'_>, tenant: i64) -> Result<Vec<Kind>> {
    tx.rows(ALL, args![tenant], kind)
}

/// 改规则与启停；版本不符回假。
pub fn save(tx: &mut Tx<'_>, k: &Kind) -> Result<bool> {
    let spec = serde_json::to_string(&k.spec)?;
    Ok(tx.exec(SAVE, args![&spec, k.active, k.id, k.version])? == 1)
}

/// 一个单位一类的应录数，锁住。
pub fn lock_quota(tx: &mut Tx<'_>, org: i64, kind: i64) -> Result<Option<Quota>> {
    tx.lock(QUOTA, args![org, kind], quota)
}

/// 新的应录数。
pub fn add_quota(tx: &mut Tx<'_>, q: &Quota) -> Result<()> {
    tx.exec(ADD_QUOTA, args![q.id, q.place.tenant, q.place.unit, q.place.org, &q.org_name, q.kind, &q.kind_name, q.expected, q.day])?;
    Ok(())
}

/// 改应录数。
pub fn set_quota(tx: &mut Tx<'_>, q: &Quota) -> Result<bool> {
    Ok(tx.exec(SET_QUOTA, args![q.expected, q.day, q.id, q.version])? == 1)
}

/// 应录数一览。
pub fn quotas(tx: &mut Tx<'_>, scope: &Scope, after: i64, limit: u32) -> Result<Vec<Quota>> {
    scoped_rows(tx, &QUOTAS, scope, args![after, limit], limit as usize, quota, |q| q.id)
}

/// 已录几张。
pub fn entered(tx: &mut Tx<'_>, org: i64, kind: i64) -> Result<i64> {
    Ok(tx.row(ENTERED, args![org, kind], |r| r.get(0))?.unwrap_or(0))
}

/// 省统计表加一行。
pub fn add_province(tx: &mut Tx<'_>, tenant: i64, p: &Province) -> Result<()> {
    tx.exec(ADD_PROVINCE, args![p.id, tenant, &p.batch, p.row, p.org, &p.org_name, p.made, &p.note, p.day])?;
    Ok(())
}

/// 最近一次导入的省统计表。
pub fn province(tx: &mut Tx<'_>, tenant: i64) -> Result<Vec<Province>> {
    let Some(batch) = tx.row(LAST_BATCH, args![tenant], |r| r.get::<String>(0))? else { return Ok(Vec::new()) };
    tx.rows(PROVINCE, args![tenant, &batch], |r| {
        Ok(Province {
            id: r.get(0)?,
            batch: r.get(1)?,
            row: r.get(2)?,
            org: r.get(3)?,
            org_name: r.get(4)?,
            made: r.get(5)?,
            note: r.get(6)?,
            day: r.get(7)?,
        })
    })
}

/// 换新表时去掉旧的一行。
pub fn drop_province(tx: &mut Tx<'_>, id: i64) -> Result<()> {
    tx.exec(DROP_PROVINCE, args![id])?;
    Ok(())
}

/// 最早的一类：路由测试挑样本用。
pub fn first(tx: &mut Tx<'_>) -> Result<Option<i64>> {
    tx.row(FIRST, &[], |r| r.get(0))
}
