//! 授权与用印日志：谁可以盖、盖给谁、盖多少次；每盖一次一条，失败也记。

use jiff::Timestamp;
use serde::Serialize;
use tongban_gm::hash;
use tongban_kernel::problem::Checks;
use tongban_kernel::{Actor, Problem};
use tongban_store::{Entry, Result, Tx};

use super::seals::finish_step;
use super::waits::rouse;
use crate::model::seal::transition;
use crate::model::{Facts, SealAction};
use crate::permissions::SEAL_KEEP;
use crate::store::{Grant, SealRow, Use, grants, seals};

/// 一份授权。
#[derive(Debug, Clone, Default)]
pub struct Authorize {
    pub version: i64,
    /// 被授权人的账号；0 为机用授权（办结即出证）。
    pub staff: i64,
    pub staff_name: String,
    pub scope: String,
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
    pub most: i64,
}

/// 授权使用：制好的章第一次授权即“已授权”，启用中的可以再加授权。
///
/// # Errors
/// 范围外 404；没有权限 403；状态不对 409；别人先改了 412；内容要改 422。
pub fn authorize(tx: &mut Tx<'_>, actor: &Actor, id: i64, input: &Authorize, at: Timestamp) -> Result<i64> {
    actor.require(SEAL_KEEP)?;
    let mut row = seals::lock(tx, id)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&row.place)?;
    let (rule, to) = transition(row.state, SealAction::Authorize)?;
    if row.version != input.version {
        return Err(Problem::stale(row.version).into());
    }
    let until = input.until.unwrap_or_else(|| tongban_kernel::time::from_millis(row.valid_to));
    let from = input.from.unwrap_or(at);
    let mut checks = Checks::new();
    checks.ensure(!input.staff_name.trim().is_empty(), "staff_name", "required", "请填被授权人，或选机用授权");
    checks.ensure(from < until && until.as_millisecond() <= row.valid_to, "until", "order", "授权的止日要在起日之后，且不超过印章有效期");
    checks.ensure((0..=1_000_000).contains(&input.most), "most", "range", "次数上限填 0（不限）到 1000000");
    // 机用授权必须限定证照类型：不许一份授权什么都自动盖
    checks.ensure(input.staff != 0 || !input.scope.trim().is_empty(), "scope", "required", "机用授权要写明许可的证照类型");
    checks.finish()?;
    let before = seal_facts(&row);
    let grant = Grant {
        id: tx.new_id(),
        seal: id,
        staff: input.staff,
        staff_name: input.staff_name.trim().to_owned(),
        scope: input.scope.trim().to_owned(),
        valid_from: from,
        valid_to: until,
        most: input.most,
        used: 0,
        granted_by: actor.name.to_string(),
        at,
        revoked: 0,
    };
    grants::insert(tx, &grant)?;
    row.state = to;
    let row = finish_step(tx, actor, row, before, rule.code, at)?;
    // 往后才起效的授权，到那时再叫醒一次
    if from > at {
        rouse(tx, &row, from)?;
    }
    Ok(grant.id)
}

fn seal_facts(row: &SealRow) -> Option<Facts> {
    (row.kind == crate::model::seal::LEGAL_NAME).then_some(Facts::Seal {
        org: row.place.org,
        town: row.town,
        expected: row.expected_day,
        applied: row.applied_day,
        made: row.made_day,
        authorized: row.authorized_day,
        active: row.active_day,
    })
}

/// 撤销一份授权，立即生效。
///
/// # Errors
/// 范围外或没有这份授权 404；没有权限 403。
pub fn revoke_grant(tx: &mut Tx<'_>, actor: &Actor, seal: i64, grant: i64, at: Timestamp) -> Result<()> {
    actor.require(SEAL_KEEP)?;
    let row = seals::lock(tx, seal)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&row.place)?;
    if !grants::revoke(tx, seal, grant, at)? {
        return Err(Problem::not_found().into());
    }
    let body = format!("{{\"grant\":{grant}}}");
    tx.journal(Entry { kind: "credentials.grant_revoked", subject: seal, rev: row.version, at, actor, tenant: row.place.tenant, body: &body })
}

/// 写进日志链的一次用印。
#[derive(Serialize)]
pub(super) struct Stamped<'a> {
    pub es_id: &'a str,
    pub source: &'a str,
    pub purpose: &'a str,
    pub done: bool,
    /// 用印日志那一条的杂凑：改、删、插都查得出。
    pub record: &'a str,
}

/// 取行键、补上规范化记录的杂凑，存一条用印日志。
pub(super) fn record(tx: &mut Tx<'_>, mut entry: Use) -> Result<Use> {
    entry.id = tx.new_id();
    let when = entry.at.as_millisecond().to_string();
    let parts = [
        &entry.es_id, &entry.who, &entry.source, &entry.item_code, &entry.purpose, &entry.file_name, &entry.before, &entry.after, &entry.spot, &when,
        &entry.reason,
    ];
    let canonical = parts.map(String::as_str).join("\u{1f}");
    entry.digest = hash::hex(&hash::sm3(canonical.as_bytes()));
    grants::log(tx, &entry)?;
    Ok(entry)
}

/// 盖了一份文书：记用印、授权次数加一。
///
/// # Errors
/// 授权次数已满，或引擎拒绝。
pub fn log_use(tx: &mut Tx<'_>, actor: &Actor, entry: Use, at: Timestamp) -> Result<()> {
    if !grants::count(tx, entry.grant)? {
        return Err(Problem::conflict("这份用印授权的次数已满").into());
    }
    let entry = record(tx, entry)?;
    let body = serde_json::to_string(&Stamped { es_id: &entry.es_id, source: &entry.source, purpose: &entry.purpose, done: true, record: &entry.digest })?;
    tx.journal(Entry { kind: "credentials.stamped", subject: entry.seal, rev: 0, at, actor, tenant: entry.place.tenant, body: &body })
}

/// 用印没成，也留一条。
///
/// # Errors
/// 引擎拒绝。
pub fn fail_use(tx: &mut Tx<'_>, actor: &Actor, entry: Use, at: Timestamp) -> Result<()> {
    let entry = record(tx, Use { done: false, ..entry })?;
    let body = serde_json::to_string(&Stamped { es_id: &entry.es_id, source: &entry.source, purpose: &entry.purpose, done: false, record: &entry.digest })?;
    tx.journal(Entry { kind: "credentials.seal_refused", subject: entry.seal, rev: 0, at, actor, tenant: entry.place.tenant, body: &body })
}
