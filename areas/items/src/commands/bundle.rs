//! 一件事的定义。

use jiff::Timestamp;
use tongban_kernel::Actor;
use tongban_kernel::problem::Problem;
use tongban_store::{Entry, Result, Tx};

use crate::model::bundle::BundleGuide;
use crate::permissions;
use crate::store::{self, BundleRow, MemberRow};

/// 一件事。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bundle {
    /// 序号，网址用。
    pub number: i64,
    pub name: String,
    /// `自然人` 或 `法人`。
    pub object: String,
    /// 牵头条线。
    pub lead: String,
    /// 成员事项的名称。
    pub members: Vec<String>,
    pub guide: BundleGuide,
}

/// 写入一件事；成员按名称对上目录，对不上的留名字。回答是否有变化。
///
/// # Errors
/// 没有权限，或引擎故障。
pub fn write_bundle(tx: &mut Tx<'_>, actor: &Actor, input: &Bundle, at: Timestamp) -> Result<bool> {
    actor.require(permissions::IMPORT)?;
    let faults = input.guide.faults(input.members.len());
    if let Some(fault) = faults.into_iter().next() {
        return Err(Problem::field("definition", "bundle-fault", format!("{}：{fault}", input.name)).into());
    }
    let known = store::lock_bundle(tx, input.number)?;
    let id = match &known {
        Some(row) => row.id,
        None => tx.new_id(),
    };
    let mut wanted = Vec::with_capacity(input.members.len());
    for (seq, name) in (1_i64..).zip(&input.members) {
        let catalogue = store::catalogue_named(tx, name)?;
        wanted.push(MemberRow { seq, name: name.clone(), catalogue });
    }
    let row = BundleRow {
        id,
        number: input.number,
        name: input.name.clone(),
        object: input.object.clone(),
        lead: input.lead.clone(),
        version: known.as_ref().map_or(1, |row| row.version + 1),
        guide: input.guide.clone(),
    };
    let changed = store::write_bundle(tx, &row, &wanted, known.as_ref())?;
    if changed {
        let body = serde_json::json!({ "number": row.number, "name": row.name }).to_string();
        let entry = Entry { kind: "bundles.changed", subject: id, rev: row.version, at, actor, tenant: actor.tenant, body: &body };
        tx.journal(entry)?;
    }
    Ok(changed)
}
