//! 各命令共用的开头与收尾：核对、检查、派生列、书架、日志。

use jiff::Timestamp;
use tongban_contracts::items::ItemChangedV1;
use tongban_kernel::codes::DivisionCode;
use tongban_kernel::problem::{Code, Problem};
use tongban_kernel::{Actor, Permission, Place};
use tongban_store::{Entry, Result, Tx};

use super::pool::mark_published;
use crate::model::Guide;
use crate::model::facts::Facts;
use crate::model::lifecycle::{Action, State};
use crate::rules::{self, Finding, GuideView, Severity};
use crate::store::{self, ItemRow};

/// 本省区划前两位。
pub const PROVINCE: &str = "51";
/// 一句话意见的长度上限。
const OPINION_LIMIT: usize = 500;

/// 范围外与不存在是同一个回答；时钟与系统不看范围。
pub(super) fn within(actor: &Actor, place: &Place) -> Result<()> {
    if !actor.is_internal() {
        actor.scope.check(place)?;
    }
    Ok(())
}

/// 锁住、核权限与范围、核版本、走一步状态机。回答办理项与改前的事实。
pub(super) fn begin(tx: &mut Tx<'_>, actor: &Actor, needs: Permission, id: i64, version: i64, action: Action) -> Result<(ItemRow, Facts)> {
    actor.require(needs)?;
    let mut row = store::lock_item(tx, id)?;
    within(actor, &row.place)?;
    if row.version != version {
        return Err(Problem::stale(row.version).into());
    }
    row.status = row.status.step(action)?;
    let before = row.facts.clone();
    Ok((row, before))
}

/// 必须写的一句话。
pub(super) fn opinion(field: &str, text: &str, what: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Problem::field(field, "required", format!("请写{what}")).into());
    }
    if text.chars().count() > OPINION_LIMIT {
        return Err(Problem::field(field, "length", format!("{what}最多 {OPINION_LIMIT} 个字")).into());
    }
    Ok(text.to_owned())
}

/// 对工作稿做一遍质量检查，结果存下并记下条数。
///
/// # Errors
/// 引擎故障。
pub fn check(tx: &mut Tx<'_>, row: &mut ItemRow) -> Result<Vec<Finding>> {
    let implementation = store::lock_implementation(tx, row.implementation)?;
    let catalogue = store::catalogue_by_id(tx, row.catalogue)?;
    let siblings = store::sibling_codes(tx, row.implementation, row.id)?;
    let taken = store::catalogue_taken(tx, row.catalogue, row.place.org, row.implementation)?;
    let published = row.status.published().then_some(row.code.as_str());
    // 点位库还没建起来时不查
    let sites: Vec<String> = tongban_directory::queries::sites(tx)?.into_iter().map(|site| site.name).collect();
    let url = row.draft.online.url.as_str();
    let reachable = if url.is_empty() { None } else { store::link_of(tx, url)?.map(|link| link.reachable()) };
    let findings = rules::check(&GuideView {
        guide: &row.draft,
        code: &row.code,
        implementation_code: &implementation.code,
        catalogue_code: &catalogue.code,
        catalogue_name: &catalogue.name,
        catalogue_levels: &catalogue.levels,
        level: row.level,
        dept_code: &implementation.dept_code,
        division: DivisionCode::parse(&implementation.division).ok(),
        province: PROVINCE,
        siblings: &siblings,
        catalogue_taken: taken,
        published_code: published,
        sites: (!sites.is_empty()).then_some(sites.as_slice()),
        repealed: rules::REPEALED,
        url_reachable: reachable,
    });
    let count = |level| i64::try_from(findings.iter().filter(|f| f.severity == level).count()).unwrap_or(i64::MAX);
    row.errors = count(Severity::E);
    row.warnings = count(Severity::W);
    Ok(findings)
}

/// 有 E 级问题就不许往下走。
pub(super) fn refuse_blocked(findings: &[Finding]) -> Result<()> {
    let errors: Vec<_> = findings
        .iter()
        .filter(|finding| finding.severity == Severity::E)
        .map(|finding| tongban_kernel::FieldError::new(&finding.field, finding.rule, &finding.message))
        .collect();
    if errors.is_empty() { Ok(()) } else { Err(Problem::invalid(errors).into()) }
}

/// 公开的一面取自这份指南：没发布时是工作稿，发布后是发布的那一版。
pub(super) fn show(row: &mut ItemRow, guide: &Guide) {
    row.name.clone_from(&guide.name);
    row.complete = guide.complete();
    row.depth = guide.depth();
    row.visits = i64::from(guide.visits);
    row.promise = guide.promise.clone();
}

/// 不能自己审自己。
pub(super) fn another_person(actor: &Actor, row: &ItemRow) -> Result<()> {
    if !actor.is_internal() && row.reporter == actor.account {
        return Err(Problem::new(Code::Forbidden, "这一项是您上报的，请由别的同事审核").into());
    }
    Ok(())
}

/// 写回、上架、记日志。
pub(super) fn finish(
    tx: &mut Tx<'_>,
    actor: &Actor,
    row: &mut ItemRow,
    before: &Facts,
    kind: &str,
    reason: &str,
    at: Timestamp,
) -> Result<()> {
    row.touched = at;
    store::update_item(tx, row, before)?;
    reshelve(tx, row)?;
    journal(tx, actor, row, Some(before), kind, reason, at)?;
    if before.is_open() == row.facts.is_open() { Ok(()) } else { mark_published(tx, actor, row, at) }
}

/// 更新公开书架。取消的下架；修订中的不动，公开的还是旧版。
pub(super) fn reshelve(tx: &mut Tx<'_>, row: &ItemRow) -> Result<()> {
    if row.status.revision.is_some() {
        return Ok(());
    }
    if row.status.state == State::Cancelled {
        store::write_shelf(tx, row.id, "", &[])?;
        return promote(tx, row);
    }
    let leader = store::shelf_leader(tx, row.catalogue)?;
    let tags = store::shelf_tags(row, leader.is_none_or(|leader| leader == row.id));
    store::write_shelf(tx, row.id, &store::shelf_sort(row), &tags)
}

/// 总书架上的一项取消了：同一目录的下一项顶上。
fn promote(tx: &mut Tx<'_>, gone: &ItemRow) -> Result<()> {
    if store::shelf_leader(tx, gone.catalogue)?.is_some() {
        return Ok(());
    }
    let others = store::same_catalogue(tx, gone.catalogue, 100)?;
    let next = others.iter().find(|other| other.id != gone.id && other.status.state != State::Cancelled);
    next.map_or(Ok(()), |next| store::write_shelf(tx, next.id, &store::shelf_sort(next), &store::shelf_tags(next, true)))
}

pub(super) fn journal(
    tx: &mut Tx<'_>,
    actor: &Actor,
    row: &ItemRow,
    before: Option<&Facts>,
    kind: &str,
    reason: &str,
    at: Timestamp,
) -> Result<()> {
    let changed = serde_json::to_string(&ItemChangedV1 {
        code: row.code.clone(),
        name: row.name.clone(),
        dept_name: row.dept_name.clone(),
        tenant: row.place.tenant,
        unit: row.place.unit,
        org: row.place.org,
        state: row.status.state.as_str().to_owned(),
        revision: row.status.revision.map_or("", State::as_str).to_owned(),
        edition: row.edition,
        reason: reason.to_owned(),
    })?;
    let entry = Entry { kind, subject: row.id, rev: row.version, at, actor, tenant: row.place.tenant, body: &changed };
    tx.journal_facts(entry, before, Some(&row.facts))
}
