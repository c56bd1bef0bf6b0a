//! 文书的电子签章版。

use jiff::Timestamp;
use tongban_kernel::time::from_millis;
use tongban_store::{Result, Row, Tx, args};

const ADD: &str = "INSERT INTO cases_seals (document, case_id, seal, es_id, seal_name, file, at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
     ON CONFLICT (document) DO NOTHING";
const ONE: &str = "SELECT document, case_id, seal, es_id, seal_name, file, at FROM cases_seals WHERE document = $1";
const ALL: &str = "SELECT document, case_id, seal, es_id, seal_name, file, at FROM cases_seals WHERE case_id = $1 ORDER BY document";
const LATEST: &str = "SELECT id FROM cases_documents WHERE id < $1 ORDER BY id DESC LIMIT $2";
pub(super) const STATEMENTS: &[&str] = &[ADD, ONE, ALL, LATEST];

/// 一份盖好的文书。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    pub document: i64,
    pub case_id: i64,
    /// 印章的行键与编码。
    pub seal: i64,
    pub es_id: String,
    pub seal_name: String,
    /// OFD 在文件库里的名字。
    pub file: String,
    pub at: Timestamp,
}

fn sealed(r: &Row<'_>) -> Result<Sealed> {
    Ok(Sealed { document: r.get(0)?, case_id: r.get(1)?, seal: r.get(2)?, es_id: r.get(3)?, seal_name: r.get(4)?, file: r.get(5)?, at: from_millis(r.get(6)?) })
}

/// 登记一份；登记过的不改，回答假。
pub fn add(tx: &mut Tx<'_>, one: &Sealed) -> Result<bool> {
    Ok(tx.exec(ADD, args![one.document, one.case_id, one.seal, &one.es_id, &one.seal_name, &one.file, one.at])? == 1)
}

/// 一份文书的；没盖为 `None`。
pub fn of_document(tx: &mut Tx<'_>, document: i64) -> Result<Option<Sealed>> {
    tx.row(ONE, args![document], sealed)
}

/// 一件的全部。
pub fn of_case(tx: &mut Tx<'_>, case_id: i64) -> Result<Vec<Sealed>> {
    tx.rows(ALL, args![case_id], sealed)
}

/// 最近出的几份文书。
pub fn latest_documents(tx: &mut Tx<'_>, limit: u32) -> Result<Vec<i64>> {
    tx.rows(LATEST, args![i64::MAX, limit], |r| r.get(0))
}
