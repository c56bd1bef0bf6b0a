//! 差评各步附的证据文件。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_store::{Result, Row, Tx, args};

const ADD: &str = "INSERT INTO evaluation_evidence (id, task, at, action, who, name, media, size, digest) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
const OF_TASK: &str = "SELECT id, at, action, who, name, media, size, digest FROM evaluation_evidence WHERE task = $1 ORDER BY id";

pub(super) const STATEMENTS: &[&str] = &[ADD, OF_TASK];

/// 一份证据文件。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceRow {
    pub id: i64,
    pub at: Timestamp,
    /// 随哪个动作交的。
    pub action: String,
    pub who: String,
    pub name: String,
    pub media: String,
    pub size: i64,
    pub digest: String,
}

fn from_row(r: &Row<'_>) -> Result<(EvidenceRow, Vec<u8>)> {
    let row = EvidenceRow {
        id: r.get(0)?,
        at: from_millis(r.get(1)?),
        action: r.get(2)?,
        who: r.get(3)?,
        name: String::new(),
        media: r.get(5)?,
        size: r.get(6)?,
        digest: r.get(7)?,
    };
    Ok((row, r.get(4)?))
}

pub fn add_evidence(tx: &mut Tx<'_>, task: i64, row: &EvidenceRow) -> Result<()> {
    let name = tx.seal(&row.name);
    tx.exec(ADD, args![row.id, task, row.at, &row.action, &row.who, &name, &row.media, row.size, &row.digest])?;
    Ok(())
}

/// 一条差评的全部证据，先交的在前。
pub fn evidence(tx: &mut Tx<'_>, task: i64) -> Result<Vec<EvidenceRow>> {
    let found = tx.rows(OF_TASK, args![task], from_row)?;
    found.into_iter().map(|(row, name)| Ok(EvidenceRow { name: tx.unseal(&name)?, ..row })).collect()
}
