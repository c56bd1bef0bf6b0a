//! SQL ↔ 模型；只有这个文件夹里有 SQL。

pub mod agencies;
pub mod archives;
pub mod bundles;
mod cases;
mod children;
pub mod counters;
pub mod deliveries;
pub mod drill;
pub mod follow_ups;
mod drafts;
mod facts;
pub mod imports;
mod lists;
pub mod opinions;
pub mod proposals;
pub mod public;
pub mod seals;
pub mod commitments;
pub mod views;

pub use cases::{Details, NewCase, add, details, external, find, find_by_no, id_of_no, lock, lock_by_no, number, save, sort_due};
pub use children::{
    AnomalyRow, Correction, CorrectionPoint, Document, StepRow, add_anomaly, add_document, add_materials, add_procedure, add_step, anomalies,
    anomalies_of, corrections, add_correction, document, document_by_id, documents, end_procedure, materials, passed_posts, save_material, steps,
    supply_correction, deferred_left, lock_anomaly, save_anomaly,
};
pub use drafts::{Draft, DraftBody, DraftMaterial, add as add_draft, drop_draft, expire_draft, lock as lock_draft, mark_submitted, mine as my_drafts, of_token, save as save_draft, set_person as set_draft_person};
pub use counters::{Counts, counts};
pub use facts::scan_facts;
#[cfg(test)]
pub use lists::INDEXED;
pub use lists::{Filter, ListRow, done_list, from, handling, lit_list, of_bundle, by_identity, by_name, mine, open_list, pending_same, tab_list, due_clocks, todo};

use jiff::Timestamp;
use tongban_store::{Migration, Result, Tx, args};

use crate::model::{Flow, Offer};

pub const MIGRATIONS: &[Migration] =
    &[
        Migration { area: "cases", number: 1, name: "cases", sql: include_str!("../../migrations/0001_cases.sql") },
        Migration { area: "cases", number: 2, name: "process", sql: include_str!("../../migrations/0002_process.sql") },
        Migration { area: "cases", number: 3, name: "counters", sql: include_str!("../../migrations/0003_counters.sql") },
        Migration { area: "cases", number: 4, name: "bundles", sql: include_str!("../../migrations/0004_bundles.sql") },
        Migration { area: "cases", number: 5, name: "archive", sql: include_str!("../../migrations/0005_archive.sql") },
        Migration { area: "cases", number: 6, name: "sync", sql: include_str!("../../migrations/0006_sync.sql") },
        Migration { area: "cases", number: 7, name: "lights", sql: include_str!("../../migrations/0007_lights.sql") },
        Migration { area: "cases", number: 8, name: "agencies", sql: include_str!("../../migrations/0008_agencies.sql") },
        Migration { area: "cases", number: 9, name: "import_seen", sql: include_str!("../../migrations/0009_import_seen.sql") },
        Migration { area: "cases", number: 10, name: "follow_ups", sql: include_str!("../../migrations/0010_follow_ups.sql") },
        Migration { area: "cases", number: 11, name: "coverage", sql: include_str!("../../migrations/0011_coverage.sql") },
        Migration { area: "cases", number: 12, name: "done_indexes", sql: include_str!("../../migrations/0012_done_indexes.sql") },
        Migration { area: "cases", number: 13, name: "deliveries", sql: include_str!("../../migrations/0013_deliveries.sql") },
        Migration { area: "cases", number: 14, name: "seals", sql: include_str!("../../migrations/0014_seals.sql") },
        Migration { area: "cases", number: 15, name: "lean_indexes", sql: include_str!("../../migrations/0015_lean_indexes.sql") },
        Migration { area: "cases", number: 16, name: "withheld", sql: include_str!("../../migrations/0016_withheld.sql") },
    ];

pub const STATEMENTS: &[&[&str]] = &[cases::STATEMENTS, children::STATEMENTS, drafts::STATEMENTS, lists::STATEMENTS, counters::STATEMENTS, bundles::STATEMENTS, archives::STATEMENTS, public::STATEMENTS, imports::STATEMENTS, views::STATEMENTS, facts::STATEMENTS, commitments::STATEMENTS, drill::STATEMENTS, opinions::STATEMENTS, proposals::STATEMENTS, agencies::STATEMENTS, follow_ups::STATEMENTS, deliveries::STATEMENTS, seals::STATEMENTS, SNAPSHOTS, FLOWS];

const SAVE_SNAPSHOT: &str =
    "INSERT INTO cases_snapshots (item_id, version, body) VALUES ($1, $2, $3) ON CONFLICT (item_id, version) DO NOTHING";
const HAS_SNAPSHOT: &str = "SELECT version FROM cases_snapshots WHERE item_id = $1 AND version = $2";
const READ_SNAPSHOT: &str = "SELECT body FROM cases_snapshots WHERE item_id = $1 AND version = $2";
const SNAPSHOTS: &[&str] = &[SAVE_SNAPSHOT, HAS_SNAPSHOT, READ_SNAPSHOT];
const SAVE_FLOW: &str = "INSERT INTO cases_flows (item_code, tenant, unit, org, item_name, version, body, updated, updated_by) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (item_code) DO UPDATE SET version = excluded.version, \
     item_name = excluded.item_name, body = excluded.body, updated = excluded.updated, updated_by = excluded.updated_by";
const READ_FLOW: &str = "SELECT version, body FROM cases_flows WHERE item_code = $1";
const FLOWS: &[&str] = &[SAVE_FLOW, READ_FLOW];

/// 某事项另配的环节与它的版本；没配为 `None`。
pub fn flow(tx: &mut Tx<'_>, item_code: &str) -> Result<Option<(i64, Flow)>> {
    let found: Option<(i64, String)> = tx.row(READ_FLOW, args![item_code], |r| Ok((r.get(0)?, r.get(1)?)))?;
    found.map(|(version, body)| Ok((version, serde_json::from_str(&body)?))).transpose()
}

/// 存下某事项另配的环节。
pub fn save_flow(tx: &mut Tx<'_>, offer: &Offer, version: i64, flow: &Flow, by: &str, at: Timestamp) -> Result<()> {
    let (place, body) = (offer.place, serde_json::to_string(flow)?);
    tx.exec(SAVE_FLOW, args![&offer.code, place.tenant, place.unit, place.org, &offer.name, version, &body, at, by])?;
    Ok(())
}

/// 存下受理所依据的那一版事项；同一版只存一次。
pub fn save_offer(tx: &mut Tx<'_>, offer: &Offer) -> Result<()> {
    if tx.row(HAS_SNAPSHOT, args![offer.item_id, offer.version], |r| r.get::<i64>(0))?.is_some() {
        return Ok(());
    }
    let body = serde_json::to_string(offer)?;
    tx.exec(SAVE_SNAPSHOT, args![offer.item_id, offer.version, &body])?;
    Ok(())
}

/// 办件所依据的那一版事项。
pub fn offer(tx: &mut Tx<'_>, item_id: i64, version: i64) -> Result<Option<Offer>> {
    let body: Option<String> = tx.row(READ_SNAPSHOT, args![item_id, version], |r| r.get(0))?;
    body.map(|body| serde_json::from_str(&body).map_err(Into::into)).transpose()
}

/// 过期的草稿，时钟用。
#[must_use]
pub const fn expired_drafts() -> &'static str {
    drafts::EXPIRED
}
