//! 证照类型、应录数、省统计表导入。

use jiff::Timestamp;
use serde::Serialize;
use tongban_directory::queries as directory;
use tongban_kernel::problem::Checks;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Place, Problem};
use tongban_store::{Entry, Result, Tx};

use super::journal;
use crate::model::{Facts, Spec};
use crate::permissions::{MANAGE, SEAL_MAKE};
use crate::store::{Kind, Province, Quota, kinds};

/// 一类新的证照。
#[derive(Debug, Clone)]
pub struct NewKind {
    pub org: i64,
    /// 21 位：定义机构信用代码 18 位 + 3 位顺序。
    pub code: String,
    pub name: String,
    pub spec: Spec,
}

#[derive(Serialize)]
struct Changed<'a> {
    code: &'a str,
    name: &'a str,
}

/// 建一类证照。
///
/// # Errors
/// 没有权限、范围外、代码不合或重复、版式有错。
pub fn create_kind(tx: &mut Tx<'_>, actor: &Actor, input: NewKind, at: Timestamp) -> Result<i64> {
    actor.require(MANAGE)?;
    let place = directory::place_of(tx, input.org)?;
    actor.scope.check(&place)?;
    let code = input.code.trim().to_ascii_uppercase();
    let mut checks = Checks::new();
    let plain = code.len() == 21 && code.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
    checks.ensure(plain, "code", "format", "类型代码是 21 位数字与大写字母：定义机构统一社会信用代码 18 位加 3 位顺序");
    checks.ensure((2..=40).contains(&input.name.trim().chars().count()), "name", "required", "请填证照名称，2 到 40 个字");
    checks.finish()?;
    if kinds::named(tx, place.tenant, input.name.trim())?.is_some() {
        return Err(Problem::field("name", "duplicate", "已经有同名的证照类型").into());
    }
    let kind = Kind { id: tx.new_id(), place, code, name: input.name.trim().to_owned(), spec: input.spec.checked()?, active: true, version: 1 };
    kinds::insert(tx, &kind)?;
    let body = serde_json::to_string(&Changed { code: &kind.code, name: &kind.name })?;
    tx.journal(Entry { kind: "credentials.kind_created", subject: kind.id, rev: 1, at, actor, tenant: place.tenant, body: &body })?;
    Ok(kind.id)
}

/// 改一类证照的规则与版式；已签发的文件不变。
///
/// # Errors
/// 范围外 404；没有权限 403；别人先改了 412；版式有错 422。
pub fn save_kind(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, spec: Spec, active: bool, at: Timestamp) -> Result<()> {
    actor.require(MANAGE)?;
    let mut kind = kinds::lock(tx, id)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&kind.place)?;
    if kind.version != version {
        return Err(Problem::stale(kind.version).into());
    }
    kind.spec = spec.checked()?;
    kind.active = active;
    if !kinds::save(tx, &kind)? {
        return Err(Problem::stale(kind.version + 1).into());
    }
    let body = serde_json::to_string(&Changed { code: &kind.code, name: &kind.name })?;
    tx.journal(Entry { kind: "credentials.kind_saved", subject: id, rev: version + 1, at, actor, tenant: kind.place.tenant, body: &body })
}

#[derive(Serialize)]
struct QuotaChanged<'a> {
    org: i64,
    kind: &'a str,
    expected: i64,
}

/// 定一个单位一类证照的应录数。
///
/// # Errors
/// 没有权限、范围外、数不合理。
pub fn set_quota(tx: &mut Tx<'_>, actor: &Actor, org: i64, kind: i64, expected: i64, at: Timestamp) -> Result<()> {
    actor.require(MANAGE)?;
    let org = directory::org(tx, org)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&org.place())?;
    let kind = kinds::find(tx, kind)?.ok_or_else(Problem::not_found)?;
    if !(0..=10_000_000).contains(&expected) {
        return Err(Problem::field("expected", "range", "应录数填 0 到 10000000 的整数").into());
    }
    let day = day_number(date_of(at));
    let old = kinds::lock_quota(tx, org.id, kind.id)?;
    let before = old.as_ref().map(|q| Facts::Quota { org: org.id, day: q.day, expected: q.expected });
    let place: Place = org.place();
    let quota = Quota {
        id: old.as_ref().map_or_else(|| tx.new_id(), |q| q.id),
        place,
        org_name: org.name.clone(),
        kind: kind.id,
        kind_name: kind.name.clone(),
        expected,
        day: old.as_ref().map_or(day, |q| q.day),
        version: old.as_ref().map_or(1, |q| q.version),
    };
    if old.is_some() { kinds::set_quota(tx, &quota).map(drop)? } else { kinds::add_quota(tx, &quota)? }
    let after = Facts::Quota { org: org.id, day: quota.day, expected };
    let changed = QuotaChanged { org: org.id, kind: &kind.name, expected };
    journal(tx, actor, "credentials.quota", (quota.id, quota.version + 1, place.tenant), &changed, (before.as_ref(), Some(&after)), at)
}

/// 省统计表的一行。
#[derive(Debug, Clone)]
pub struct ProvinceRow {
    pub row: i64,
    pub name: String,
    pub made: bool,
    pub note: String,
}

#[derive(Serialize)]
struct Imported<'a> {
    batch: &'a str,
    row: i64,
}

/// 导入省统计表，替换上一份；按机构全称或简称对上机构，对不上的留着待核实。回（行数、对不上的行数）。
///
/// # Errors
/// 没有权限，表是空的。
pub fn import_province(tx: &mut Tx<'_>, actor: &Actor, rows: &[ProvinceRow], at: Timestamp) -> Result<(usize, usize)> {
    actor.require(SEAL_MAKE)?;
    if rows.is_empty() {
        return Err(Problem::field("file", "empty", "表里没有数据行").into());
    }
    let tenant = actor.tenant;
    let orgs: Vec<_> = directory::all_orgs(tx)?.into_iter().filter(|org| org.tenant == tenant).collect();
    let day = day_number(date_of(at));
    for old in kinds::province(tx, tenant)? {
        kinds::drop_province(tx, old.id)?;
        let before = Facts::Province { org: old.org, day: old.day, unmade: !old.made };
        journal(tx, actor, "credentials.province_dropped", (old.id, 2, tenant), &Imported { batch: &old.batch, row: old.row }, (Some(&before), None), at)?;
    }
    let batch = format!("{day}-{:03}", tx.number("province", day)?);
    let mut strange = 0;
    for row in rows {
        let name = row.name.trim();
        let org = orgs.iter().find(|org| org.name == name || org.short_name == name || org.name.ends_with(name)).map_or(0, |org| org.id);
        strange += usize::from(org == 0);
        let entry = Province { id: tx.new_id(), batch: batch.clone(), row: row.row, org, org_name: name.to_owned(), made: row.made, note: row.note.clone(), day };
        kinds::add_province(tx, tenant, &entry)?;
        let after = Facts::Province { org, day, unmade: !row.made };
        journal(tx, actor, "credentials.province", (entry.id, 1, tenant), &Imported { batch: &batch, row: row.row }, (None, Some(&after)), at)?;
    }
    Ok((rows.len(), strange))
}
