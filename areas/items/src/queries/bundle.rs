//! 一件事：此刻怎么办，以及检索文档。

use tongban_search::{Doc, Facets};
use tongban_store::{Result, Tx};

use super::closed_reason;
use crate::model::bundle::{BundleMember, BundleOffer, MemberOffer};
use crate::model::codes::UseLevel;
use crate::store::{self, BundleRow, ItemRow, MemberRow};

/// 同一目录最多看多少处。
const CANDIDATES: i64 = 100;

/// 一件事此刻怎么办：成员对上已发布的办理项，收件的优先、县级优先。没有这件事为 `None`。
///
/// # Errors
/// 引擎故障。
pub fn bundle(tx: &mut Tx<'_>, number: i64) -> Result<Option<BundleOffer>> {
    let Some(row) = store::bundle_by_number(tx, number)? else { return Ok(None) };
    assemble(tx, row).map(Some)
}

pub(crate) fn assemble(tx: &mut Tx<'_>, row: BundleRow) -> Result<BundleOffer> {
    let mut found = Vec::new();
    for member in store::members(tx, row.id)? {
        let offer = member_offer(tx, &member)?;
        let rule = row.guide.rule(&member.key());
        found.push(BundleMember {
            key: member.key(),
            name: member.name,
            after: rule.after,
            optional: rule.optional,
            when: rule.when,
            binds: rule.binds,
            offer,
        });
    }
    Ok(BundleOffer {
        id: row.id,
        version: row.version,
        number: row.number,
        name: row.name,
        object: row.object,
        lead: row.lead,
        guide: row.guide,
        members: found,
    })
}

fn member_offer(tx: &mut Tx<'_>, member: &MemberRow) -> Result<Option<MemberOffer>> {
    if member.catalogue == 0 {
        return Ok(None);
    }
    let mut rows: Vec<ItemRow> = store::same_catalogue(tx, member.catalogue, CANDIDATES)?;
    rows.retain(|row| row.edition > 0 && row.task_type.apply_based());
    rows.sort_by_key(|row| (!row.open(), row.level > UseLevel::County, row.id));
    let Some(row) = rows.into_iter().next() else { return Ok(None) };
    let Some(edition) = store::edition(tx, row.id, row.edition)? else { return Ok(None) };
    let guide = edition.guide;
    Ok(Some(MemberOffer {
        item_id: row.id,
        version: row.edition,
        name: guide.name.clone(),
        dept_name: row.dept_name.clone(),
        online: guide.depth().can_apply() && guide.online.here,
        closed: closed_reason(row.status.state, &row.notice).unwrap_or_default(),
        unit: row.place.unit,
        code: row.code,
        guide,
    }))
}

/// 全部一件事，重建检索用。
///
/// # Errors
/// 引擎故障。
pub fn scan_bundles(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<Doc>> {
    let mut rows = store::bundles(tx, 0, 1_000)?;
    rows.retain(|row| row.id > after);
    rows.sort_by_key(|row| row.id);
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let mut docs = Vec::with_capacity(rows.len());
    for row in rows {
        docs.extend(findable_bundle(tx, row.id)?);
    }
    Ok(docs)
}

/// 一件事的检索文档。
///
/// # Errors
/// 引擎故障。
pub fn findable_bundle(tx: &mut Tx<'_>, id: i64) -> Result<Option<Doc>> {
    let Some(row) = store::bundle_by_id(tx, id)? else { return Ok(None) };
    let members = store::members(tx, row.id)?;
    let names: Vec<&str> = members.iter().map(|member| member.name.as_str()).collect();
    let aliases = std::iter::once(row.name.clone()).chain(row.guide.aliases.iter().cloned()).collect();
    Ok(Some(Doc {
        kind: "bundle".to_owned(),
        id: row.id,
        title: format!("{}一件事", row.name),
        aliases,
        body: format!("{}，{} 件事一次办。", names.join("、"), names.len()),
        url: format!("/events/{}", row.number),
        facets: Facets::default(),
        weight: 1.2,
    }))
}
