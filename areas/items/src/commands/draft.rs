//! 稿件：编辑、上报、审核、发布，以及发布后的变更（items §5.2）。

use jiff::Timestamp;
use tongban_kernel::Actor;
use tongban_kernel::problem::{Checks, Problem};
use tongban_kernel::time::{date_of, day_number};
use tongban_store::{Result, Tx};

use super::review::take_over;
use super::settle::{another_person, begin, check, finish, opinion, refuse_blocked, show};
use crate::model::Guide;
use crate::model::facts::Span;
use crate::model::lifecycle::{Action, State};
use crate::permissions;
use crate::rules;
use crate::store::{self, EditionRow, ItemRow};

/// 保存工作稿。质量问题只提示，不拦；四统一要素（类型）不可改。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许，或字段超出库表允许的范围。
pub fn edit(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, guide: &Guide, at: Timestamp) -> Result<i64> {
    let (mut row, before) = begin(tx, actor, permissions::EDIT, id, version, Action::Edit)?;
    limits(&row, guide)?;
    row.draft = guide.clone();
    if !row.status.published() {
        show(&mut row, guide);
    }
    let findings = check(tx, &mut row)?;
    store::write_findings(tx, &row, &findings)?;
    finish(tx, actor, &mut row, &before, "items.edited", "", at)?;
    Ok(row.version)
}

/// 保存时就要守住的边界。
pub(super) fn limits(row: &ItemRow, guide: &Guide) -> Result<()> {
    let mut checks = Checks::new();
    let name = guide.name.trim();
    checks.ensure(!name.is_empty(), "name", "required", "请填写事项名称");
    checks.ensure(name.chars().count() <= 1000, "name", "length", "事项名称最多 1000 个字");
    checks.ensure(guide.task_type == row.task_type, "task_type", "catalogue-fixed", "事项类型由目录规定，不能改");
    checks.ensure(guide.visits <= 9, "visits", "range", "到现场次数应在 0 到 9 之间");
    checks.ensure(guide.materials.len() <= 100, "materials", "range", "材料最多 100 份");
    checks.ensure(guide.questions.len() <= 10, "questions", "range", "情形问题最多 10 个");
    checks.ensure(guide.form.len() <= 200, "form", "range", "申报表最多 200 个字段");
    // 原来就有的（导入带来的）不拦保存，上报时再拦
    let known = row.draft.form.faults();
    for fault in guide.form.faults().into_iter().filter(|fault| !known.contains(fault)) {
        checks.ensure(false, "form", "form-fault", fault);
    }
    for end in guide.loose_ends().difference(&row.draft.loose_ends()) {
        checks.ensure(false, end.field, "loose-situation", end.message.clone());
    }
    Ok(checks.finish()?)
}

/// 上报：E 级问题必须为零；比上一版多要的材料要有依据。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许、质量检查不过。
pub fn report(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, at: Timestamp) -> Result<i64> {
    let (mut row, before) = begin(tx, actor, permissions::EDIT, id, version, Action::Report)?;
    ready(tx, &mut row)?;
    row.reporter = actor.account;
    row.opinion.clear();
    store::resolve_notes(tx, row.id)?;
    finish(tx, actor, &mut row, &before, "items.reported", "", at)?;
    Ok(row.version)
}

fn ready(tx: &mut Tx<'_>, row: &mut ItemRow) -> Result<bool> {
    let findings = check(tx, row)?;
    refuse_blocked(&findings)?;
    let mut checks = Checks::new();
    for fault in row.draft.form.faults() {
        checks.ensure(false, "form", "form-fault", fault);
    }
    for end in row.draft.loose_ends() {
        checks.ensure(false, end.field, "loose-situation", end.message);
    }
    checks.finish()?;
    if row.edition > 0
        && let Some(previous) = store::edition(tx, row.id, row.edition)?
    {
        let errors = row.draft.unfounded_additions(&previous.guide);
        if !errors.is_empty() {
            return Err(Problem::invalid(errors).into());
        }
    }
    store::write_findings(tx, row, &findings)?;
    Ok(rules::accurate(&findings))
}

/// 上报人撤回。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许。
pub fn withdraw_report(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, at: Timestamp) -> Result<i64> {
    let (mut row, before) = begin(tx, actor, permissions::EDIT, id, version, Action::WithdrawReport)?;
    finish(tx, actor, &mut row, &before, "items.report_withdrawn", "", at)?;
    Ok(row.version)
}

/// 审核通过；不能审自己上报的。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许、自己上报的。
pub fn approve(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, at: Timestamp) -> Result<i64> {
    let (mut row, before) = begin(tx, actor, permissions::REVIEW, id, version, Action::Approve)?;
    another_person(actor, &row)?;
    finish(tx, actor, &mut row, &before, "items.approved", "", at)?;
    Ok(row.version)
}

/// 待发布的退回编辑，必须写意见。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许、没写意见。
pub fn send_back(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, text: &str, at: Timestamp) -> Result<i64> {
    let (mut row, before) = begin(tx, actor, permissions::PUBLISH, id, version, Action::SendBack)?;
    row.opinion = opinion("opinion", text, "退回的意见")?;
    row.effect = None;
    let reason = row.opinion.clone();
    finish(tx, actor, &mut row, &before, "items.sent_back", &reason, at)?;
    Ok(row.version)
}

/// 发布的参数。
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Publish {
    /// 定好的生效时刻；没有或已过的立即生效。
    pub effect: Option<Timestamp>,
}

/// 发布：版本加一，整份成为不可变快照，旧版留档。定了以后生效的先排着。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许、质量检查不过。
pub fn publish(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, input: Publish, at: Timestamp) -> Result<i64> {
    let (mut row, before) = begin(tx, actor, permissions::PUBLISH, id, version, Action::Publish)?;
    let accurate = ready(tx, &mut row)?;
    if let Some(effect) = input.effect.filter(|effect| *effect > at) {
        // 还没到日子：状态不动，到点由时钟发布
        row.status = undo_publish(&row);
        row.effect = Some(effect.as_millisecond());
        finish(tx, actor, &mut row, &before, "items.scheduled", "", at)?;
        return Ok(row.version);
    }
    put_in_use(tx, &mut row, accurate, at)?;
    finish(tx, actor, &mut row, &before, "items.published", "", at)?;
    Ok(row.version)
}

/// 走过 [`Action::Publish`] 之前的状态：待发布。
fn undo_publish(row: &ItemRow) -> crate::model::Status {
    use crate::model::Status;
    if row.edition == 0 {
        Status { state: State::Approved, revision: None }
    } else {
        Status { state: row.status.state, revision: Some(State::Approved) }
    }
}

/// 历史数据迁移：原平台已经发布的按原样接收为第 1 版，查出的问题全部记进质量清单，由编辑逐条整改。
///
/// # Errors
/// 没有导入权限、范围外、版本不符、状态不允许。
pub fn adopt(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, guide: &Guide, at: Timestamp) -> Result<i64> {
    let (mut row, before) = begin(tx, actor, permissions::IMPORT, id, version, Action::Adopt)?;
    limits(&row, guide)?;
    row.draft = guide.clone();
    show(&mut row, guide);
    let findings = check(tx, &mut row)?;
    store::write_findings(tx, &row, &findings)?;
    put_in_use(tx, &mut row, rules::accurate(&findings), at)?;
    finish(tx, actor, &mut row, &before, "items.published", "由原平台迁入", at)?;
    Ok(row.version)
}

/// 工作稿成为新的一版快照；在用的另起一段指标时段。
pub(super) fn put_in_use(tx: &mut Tx<'_>, row: &mut ItemRow, accurate: bool, at: Timestamp) -> Result<()> {
    row.effect = None;
    row.edition += 1;
    row.wrong = false;
    take_over(tx, row, at)?;
    store::close_changes(tx, row.implementation)?;
    let guide = row.draft.clone();
    show(row, &guide);
    if row.status.state == State::Active {
        row.facts.open(Span::of(&guide, accurate, day_number(date_of(at))));
    }
    store::insert_edition(tx, &EditionRow { item: row.id, edition: row.edition, code: row.code.clone(), guide, published: at })
}

/// 到点：定好的生效时刻到了。
///
/// # Errors
/// 引擎故障，或发布时又查出问题（退回编辑由人处理）。
pub fn fire_effect(tx: &mut Tx<'_>, id: i64, due: Timestamp) -> Result<()> {
    let row = store::lock_item(tx, id)?;
    if row.effect != Some(due.as_millisecond()) || row.status.draft() != Some(State::Approved) {
        return Ok(());
    }
    publish(tx, &Actor::clock(), id, row.version, Publish::default(), due).map(drop)
}

/// 变更：从在用的一版起一份修订稿，旧版照常可办。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许。
pub fn revise(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, at: Timestamp) -> Result<i64> {
    let (mut row, before) = begin(tx, actor, permissions::EDIT, id, version, Action::Revise)?;
    row.opinion.clear();
    finish(tx, actor, &mut row, &before, "items.revising", "", at)?;
    Ok(row.version)
}

/// 放弃变更：工作稿回到发布的那一版。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许。
pub fn abandon_revision(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, at: Timestamp) -> Result<i64> {
    let (mut row, before) = begin(tx, actor, permissions::EDIT, id, version, Action::AbandonRevision)?;
    if let Some(published) = store::edition(tx, row.id, row.edition)? {
        row.draft = published.guide;
    }
    let findings = check(tx, &mut row)?;
    store::write_findings(tx, &row, &findings)?;
    finish(tx, actor, &mut row, &before, "items.revision_abandoned", "", at)?;
    Ok(row.version)
}
