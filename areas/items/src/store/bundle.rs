//! 一件事：定义与成员。

use tongban_store::{Result, Row, Tx, args};

use crate::model::bundle::BundleGuide;

macro_rules! columns {
    ($rest:literal) => {
        concat!("SELECT id, number, name, object, lead, version, definition FROM items_bundles ", $rest)
    };
}

const BUNDLE_BY_NUMBER: &str = columns!("WHERE number = $1");
const BUNDLE_BY_ID: &str = columns!("WHERE id = $1");
const BUNDLES: &str = columns!("WHERE number > $1 ORDER BY number LIMIT $2");
const INSERT_BUNDLE: &str =
    "INSERT INTO items_bundles (id, number, name, object, lead, definition, version) VALUES ($1, $2, $3, $4, $5, $6, 1)";
const UPDATE_BUNDLE: &str = "UPDATE items_bundles SET name = $1, object = $2, lead = $3, definition = $4, version = version + 1 \
     WHERE id = $5 AND version = $6";
const CLEAR_MEMBERS: &str = "DELETE FROM items_bundle_members WHERE bundle = $1";
const INSERT_MEMBER: &str = "INSERT INTO items_bundle_members (bundle, seq, name, catalogue) VALUES ($1, $2, $3, $4)";
const MEMBERS: &str = "SELECT seq, name, catalogue FROM items_bundle_members WHERE bundle = $1 ORDER BY seq";
const CATALOGUE_OF_NAME: &str = "SELECT id FROM items_catalogues WHERE name = $1 ORDER BY task_type LIMIT 1";

/// 一件事。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BundleRow {
    pub id: i64,
    pub number: i64,
    pub name: String,
    /// `自然人` 或 `法人`。
    pub object: String,
    /// 牵头条线。
    pub lead: String,
    pub version: i64,
    pub guide: BundleGuide,
}

/// 一件事的一个成员；本区还没有这一项时 `catalogue` 为 0。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberRow {
    pub seq: i64,
    pub name: String,
    pub catalogue: i64,
}

impl MemberRow {
    /// 成员键：`m1`、`m2`……
    #[must_use]
    pub fn key(&self) -> String {
        format!("m{}", self.seq)
    }
}

fn bundle(r: &Row<'_>) -> Result<BundleRow> {
    let definition: String = r.get(6)?;
    Ok(BundleRow {
        id: r.get(0)?,
        number: r.get(1)?,
        name: r.get(2)?,
        object: r.get(3)?,
        lead: r.get(4)?,
        version: r.get(5)?,
        guide: if definition.is_empty() { BundleGuide::default() } else { serde_json::from_str(&definition)? },
    })
}

/// # Errors
/// 引擎故障。
pub fn lock_bundle(tx: &mut Tx<'_>, number: i64) -> Result<Option<BundleRow>> {
    tx.lock(BUNDLE_BY_NUMBER, args![number], bundle)
}

/// # Errors
/// 引擎故障。
pub fn bundle_by_number(tx: &mut Tx<'_>, number: i64) -> Result<Option<BundleRow>> {
    tx.row(BUNDLE_BY_NUMBER, args![number], bundle)
}

/// # Errors
/// 引擎故障。
pub fn bundle_by_id(tx: &mut Tx<'_>, id: i64) -> Result<Option<BundleRow>> {
    tx.row(BUNDLE_BY_ID, args![id], bundle)
}

/// # Errors
/// 引擎故障。
pub fn bundles(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<BundleRow>> {
    tx.rows(BUNDLES, args![after, limit], bundle)
}

/// # Errors
/// 引擎故障。
pub fn members(tx: &mut Tx<'_>, bundle: i64) -> Result<Vec<MemberRow>> {
    tx.rows(MEMBERS, args![bundle], |r| Ok(MemberRow { seq: r.get(0)?, name: r.get(1)?, catalogue: r.get(2)? }))
}

/// 目录里同名的一条；没有为 0。
///
/// # Errors
/// 引擎故障。
pub fn catalogue_named(tx: &mut Tx<'_>, name: &str) -> Result<i64> {
    Ok(tx.row(CATALOGUE_OF_NAME, args![name], |r| r.get(0))?.unwrap_or(0))
}

/// 写入一件事与成员；没有变化时不动。回答是否有变化。
///
/// # Errors
/// 引擎故障。
pub fn write_bundle(tx: &mut Tx<'_>, row: &BundleRow, wanted: &[MemberRow], known: Option<&BundleRow>) -> Result<bool> {
    let definition = serde_json::to_string(&row.guide)?;
    match known {
        Some(old) => {
            let same = (&old.name, &old.object, &old.lead, &old.guide) == (&row.name, &row.object, &row.lead, &row.guide);
            if same && members(tx, old.id)? == wanted {
                return Ok(false);
            }
            tx.exec(UPDATE_BUNDLE, args![&row.name, &row.object, &row.lead, &definition, old.id, old.version])?;
        }
        None => {
            tx.exec(INSERT_BUNDLE, args![row.id, row.number, &row.name, &row.object, &row.lead, &definition])?;
        }
    }
    tx.exec(CLEAR_MEMBERS, args![row.id])?;
    for member in wanted {
        tx.exec(INSERT_MEMBER, args![row.id, member.seq, &member.name, member.catalogue])?;
    }
    Ok(true)
}

pub(super) const STATEMENTS: &[&str] =
    &[BUNDLE_BY_NUMBER, BUNDLE_BY_ID, BUNDLES, INSERT_BUNDLE, UPDATE_BUNDLE, CLEAR_MEMBERS, INSERT_MEMBER, MEMBERS, CATALOGUE_OF_NAME];
