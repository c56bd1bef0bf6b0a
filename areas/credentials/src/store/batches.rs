//! 成批录入的一批。

use jiff::Timestamp;
use tongban_kernel::Place;
use tongban_kernel::time::from_millis;
use tongban_store::{Result, Row, Tx, args};

use crate::model::BatchState;

const INSERT: &str = "INSERT INTO credentials_batches (id, tenant, unit, org, kind, file, file_name, state, total, done, errors, account, who, reviewer, \
     reviewer_name, created, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 1)";
const FIND: &str = "SELECT id, tenant, unit, org, kind, file, file_name, state, total, done, errors, account, who, reviewer, reviewer_name, created, \
     version FROM credentials_batches WHERE id = $1";
const SAVE: &str = "UPDATE credentials_batches SET state = $1, total = $2, done = $3, errors = $4, reviewer = $5, reviewer_name = $6, version = version + 1 \
     WHERE id = $7 AND version = $8";

pub(super) const STATEMENTS: &[&str] = &[INSERT, FIND, SAVE];

/// 一批。
#[derive(Debug, Clone)]
pub struct Batch {
    pub id: String,
    pub place: Place,
    pub kind: i64,
    pub file: String,
    pub file_name: String,
    pub state: BatchState,
    pub total: i64,
    pub done: i64,
    pub errors: Vec<String>,
    pub account: i64,
    pub who: String,
    pub reviewer: i64,
    pub reviewer_name: String,
    pub created: Timestamp,
    pub version: i64,
}

fn batch(r: &Row<'_>) -> Result<Batch> {
    Ok(Batch {
        id: r.get(0)?,
        place: Place { tenant: r.get(1)?, unit: r.get(2)?, org: r.get(3)? },
        kind: r.get(4)?,
        file: r.get(5)?,
        file_name: r.get(6)?,
        state: BatchState::from_code(r.get(7)?),
        total: r.get(8)?,
        done: r.get(9)?,
        errors: serde_json::from_str(&r.get::<String>(10)?)?,
        account: r.get(11)?,
        who: r.get(12)?,
        reviewer: r.get(13)?,
        reviewer_name: r.get(14)?,
        created: from_millis(r.get(15)?),
        version: r.get(16)?,
    })
}

/// 登记一批。
pub fn insert(tx: &mut Tx<'_>, b: &Batch) -> Result<()> {
    let errors = serde_json::to_string(&b.errors)?;
    tx.exec(
        INSERT,
        args![
            &b.id, b.place.tenant, b.place.unit, b.place.org, b.kind, &b.file, &b.file_name, b.state as i64, b.total, b.done, &errors, b.account,
            &b.who, b.reviewer, &b.reviewer_name, b.created,
        ],
    )?;
    Ok(())
}

/// 一批。
pub fn find(tx: &mut Tx<'_>, id: &str) -> Result<Option<Batch>> {
    tx.row(FIND, args![id], batch)
}

/// 锁一批。
pub fn lock(tx: &mut Tx<'_>, id: &str) -> Result<Option<Batch>> {
    tx.lock(FIND, args![id], batch)
}

/// 改；版本不符回假。
pub fn save(tx: &mut Tx<'_>, b: &Batch) -> Result<bool> {
    let errors = serde_json::to_string(&b.errors)?;
    Ok(tx.exec(SAVE, args![b.state as i64, b.total, b.done, &errors, b.reviewer, &b.reviewer_name, &b.id, b.version])? == 1)
}
