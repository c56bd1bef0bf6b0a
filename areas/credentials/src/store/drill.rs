//! 下钻与全量重算：每个度量由哪些记录构成。

use tongban_store::{Result, Row, Tx, args};

use crate::model::{Facts, LicenceState, SealState};

macro_rules! seal_sql {
    ($column:literal, $more:literal) => {
        concat!(
            "SELECT id, name, state, org_name FROM credentials_seals WHERE org = $1 AND kind = 1 AND ", $column, " > 0 AND ", $column,
            " >= $2 AND ", $column, " <= $3", $more, " AND id > $4 ORDER BY id LIMIT $5"
        )
    };
}
const EXPECTED: &str = seal_sql!("expected_day", " AND legal_org IS NOT NULL");
const EXPECTED_TOWN: &str = seal_sql!("expected_day", " AND legal_org IS NOT NULL AND town = 1");
const APPLIED: &str = seal_sql!("applied_day", "");
const APPLIED_TOWN: &str = seal_sql!("applied_day", " AND town = 1");
const MADE: &str = seal_sql!("made_day", "");
const AUTHORIZED: &str = seal_sql!("authorized_day", "");
const ACTIVE: &str = seal_sql!("active_day", "");
const LICENCES: &str = "SELECT id, identifier, kind_name, state FROM credentials_licences WHERE org = $1 AND entered_day > 0 AND entered_day >= $2 \
     AND entered_day <= $3 AND id > $4 ORDER BY id LIMIT $5";
const QUOTAS: &str = "SELECT id, kind_name, org_name, expected FROM credentials_quotas WHERE org = $1 AND expected > 0 AND day >= $2 AND day <= $3 \
     AND id > $4 ORDER BY id LIMIT $5";
const SHOWS: &str = "SELECT s.id, l.kind_name, l.identifier, s.used_by FROM credentials_shows s JOIN credentials_licences l ON l.id = s.licence \
     WHERE s.org = $1 AND s.counted = 1 AND s.day >= $2 AND s.day <= $3 AND s.id > $4 ORDER BY s.id LIMIT $5";
const UNMADE: &str = "SELECT id, org_name, note, row_number FROM credentials_province WHERE org = $1 AND made = 0 AND day >= $2 AND day <= $3 \
     AND id > $4 ORDER BY id LIMIT $5";
const SCAN_SEALS: &str = "SELECT id, org, town, expected_day, applied_day, made_day, authorized_day, active_day, state FROM credentials_seals \
     WHERE kind = 1 AND id > $1 ORDER BY id LIMIT $2";
const SCAN_LICENCES: &str = "SELECT id, org, entered_day FROM credentials_licences WHERE id > $1 ORDER BY id LIMIT $2";
const SCAN_QUOTAS: &str = "SELECT id, org, day, expected FROM credentials_quotas WHERE id > $1 ORDER BY id LIMIT $2";
const SCAN_SHOWS: &str = "SELECT id, org, day, counted FROM credentials_shows WHERE id > $1 ORDER BY id LIMIT $2";
const SCAN_PROVINCE: &str = "SELECT id, org, day, made FROM credentials_province WHERE id > $1 ORDER BY id LIMIT $2";

pub(super) const STATEMENTS: &[&str] = &[
    EXPECTED, EXPECTED_TOWN, APPLIED, APPLIED_TOWN, MADE, AUTHORIZED, ACTIVE, LICENCES, QUOTAS, SHOWS, UNMADE, SCAN_SEALS, SCAN_LICENCES,
    SCAN_QUOTAS, SCAN_SHOWS, SCAN_PROVINCE,
];

/// 下钻的哪一种。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Which {
    Expected,
    ExpectedTown,
    Applied,
    AppliedTown,
    Made,
    Authorized,
    Active,
    Licences,
    Quotas,
    Shows,
    Unmade,
}

/// 下钻的一行：行键、编号、标题、说明、链接、贡献。
pub type Drilled = (i64, String, String, String, String, i64);

/// 构成一个数的记录。
pub fn records(tx: &mut Tx<'_>, which: Which, org: i64, from: i64, to: i64, after: i64, limit: i64) -> Result<Vec<Drilled>> {
    let args = args![org, from, to, after, limit];
    let sql = match which {
        Which::Expected => EXPECTED,
        Which::ExpectedTown => EXPECTED_TOWN,
        Which::Applied => APPLIED,
        Which::AppliedTown => APPLIED_TOWN,
        Which::Made => MADE,
        Which::Authorized => AUTHORIZED,
        Which::Active => ACTIVE,
        Which::Licences => return tx.rows(LICENCES, args, licence),
        Which::Quotas => return tx.rows(QUOTAS, args, quota),
        Which::Shows => return tx.rows(SHOWS, args, show),
        Which::Unmade => return tx.rows(UNMADE, args, unmade),
    };
    tx.rows(sql, args, seal)
}

fn seal(r: &Row<'_>) -> Result<Drilled> {
    let (id, state) = (r.get::<i64>(0)?, SealState::from_code(r.get(2)?));
    Ok((id, id.to_string(), r.get(1)?, format!("{} · {}", state.label(), r.get::<String>(3)?), format!("/seals/{id}"), 1))
}

fn licence(r: &Row<'_>) -> Result<Drilled> {
    let id: i64 = r.get(0)?;
    Ok((id, r.get(1)?, r.get(2)?, LicenceState::from_code(r.get(3)?).label().to_owned(), format!("/certs/{id}"), 1))
}

fn quota(r: &Row<'_>) -> Result<Drilled> {
    let id: i64 = r.get(0)?;
    Ok((id, id.to_string(), r.get(1)?, r.get(2)?, "/certs/quotas".to_owned(), r.get(3)?))
}

fn show(r: &Row<'_>) -> Result<Drilled> {
    let id: i64 = r.get(0)?;
    Ok((id, r.get(2)?, r.get(1)?, r.get(3)?, "/certs".to_owned(), 1))
}

fn unmade(r: &Row<'_>) -> Result<Drilled> {
    let id: i64 = r.get(0)?;
    Ok((id, format!("第 {} 行", r.get::<i64>(3)?), r.get(1)?, r.get(2)?, "/seals/province".to_owned(), 1))
}

/// 全量重算：几张表的行键都出自同一个发号器，按行键归并。
pub fn scan(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<(i64, String)>> {
    let mut out: Vec<(i64, Facts)> = tx.rows(SCAN_SEALS, args![after, limit], |r| {
        let state = SealState::from_code(r.get(8)?);
        let facts = Facts::Seal {
            org: r.get(1)?,
            town: r.get(2)?,
            expected: if state.is_final() { 0 } else { r.get(3)? },
            applied: r.get(4)?,
            made: r.get(5)?,
            authorized: r.get(6)?,
            active: r.get(7)?,
        };
        Ok((r.get(0)?, facts))
    })?;
    out.extend(tx.rows(SCAN_LICENCES, args![after, limit], |r| Ok((r.get(0)?, Facts::Licence { org: r.get(1)?, entered: r.get(2)? })))?);
    out.extend(tx.rows(SCAN_QUOTAS, args![after, limit], |r| Ok((r.get(0)?, Facts::Quota { org: r.get(1)?, day: r.get(2)?, expected: r.get(3)? })))?);
    out.extend(tx.rows(SCAN_SHOWS, args![after, limit], |r| Ok((r.get(0)?, Facts::Show { org: r.get(1)?, day: r.get(2)?, counted: r.get(3)? })))?);
    out.extend(tx.rows(SCAN_PROVINCE, args![after, limit], |r| {
        Ok((r.get(0)?, Facts::Province { org: r.get(1)?, day: r.get(2)?, unmade: !r.get::<bool>(3)? }))
    })?);
    out.sort_by_key(|(id, _)| *id);
    out.truncate(limit as usize);
    out.into_iter().map(|(id, facts)| Ok((id, serde_json::to_string(&facts)?))).collect()
}
