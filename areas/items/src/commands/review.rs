//! 批注、抽查、补别名、主体更名、下放承接。

use jiff::Timestamp;
use tongban_kernel::Actor;
use tongban_kernel::codes::{ImplementationCode, ItemCode, Uscc};
use tongban_kernel::problem::Problem;
use tongban_kernel::time::{date_of, day_number};
use tongban_store::{Entry, Result, Tx};

use super::live::check_guide;
use super::pool::{Implementer, pool};
use super::settle::{begin, check, finish, opinion, within};
use crate::model::codes::PowerSource;
use crate::model::lifecycle::{Action, State};
use crate::model::facts::Span;
use crate::permissions;
use crate::rules;
use crate::store::{self, ItemRow, NoteRow};

/// 审核人对一个要素说的话。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldNote {
    /// 指南的字段名。
    pub field: String,
    pub label: String,
    pub text: String,
}

/// 驳回：写总的意见，也可以逐个要素批注；两样至少有一样。
///
/// # Errors
/// 没有权限、范围外、版本不符、状态不允许、一句话都没写。
pub fn reject(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, text: &str, notes: &[FieldNote], at: Timestamp) -> Result<i64> {
    let (mut row, before) = begin(tx, actor, permissions::REVIEW, id, version, Action::Reject)?;
    row.opinion = match (text.trim(), notes.len()) {
        ("", n) if n > 0 => format!("有 {n} 处要改，见批注"),
        _ => opinion("opinion", text, "驳回的意见")?,
    };
    for note in notes {
        let text = opinion("opinion", &note.text, "批注")?;
        let row = NoteRow { id: tx.new_id(), field: note.field.clone(), label: note.label.clone(), text };
        store::insert_note(tx, id, &row, actor.account, at)?;
    }
    let reason = row.opinion.clone();
    finish(tx, actor, &mut row, &before, "items.rejected", &reason, at)?;
    Ok(row.version)
}

/// 一次最多抽多少份。
const MOST_DRAWN: usize = 200;
/// 从最近动过的这么多份里抽。
const POOL: usize = 20_000;

/// 随机抽查：从范围内在用的指南里抽 `count` 份，等人去核对。抽签的种子取自批次号，批次号是新发的，事先猜不到。
///
/// # Errors
/// 没有权限、份数不对、没有可抽的。
pub fn draw_checks(tx: &mut Tx<'_>, actor: &Actor, count: usize, at: Timestamp) -> Result<usize> {
    actor.require(permissions::REVIEW)?;
    if count == 0 || count > MOST_DRAWN {
        return Err(Problem::field("count", "range", format!("一次抽 1 到 {MOST_DRAWN} 份")).into());
    }
    let mut found = store::drawable(tx, &actor.scope, POOL)?;
    if found.is_empty() {
        return Err(Problem::conflict("范围内还没有发布的指南，没有可抽的").into());
    }
    let batch = tx.new_id();
    // 散列次序就是抽签次序：每份的中签机会一样
    found.sort_by_key(|(item, ..)| tx.digest("items.draw", &format!("{batch}:{item}")));
    found.truncate(count);
    for one in &found {
        let id = tx.new_id();
        store::insert_check(tx, id, batch, one, actor.account, at)?;
    }
    let body = serde_json::json!({ "drawn": found.len() }).to_string();
    tx.journal(Entry { kind: "guide_checks.drawn", subject: batch, rev: 1, at, actor, tenant: actor.tenant, body: &body })?;
    Ok(found.len())
}

/// 记下一份指南的抽查结论；有差错写明几条，直接影响指南准确率。
///
/// # Errors
/// 没有权限、范围外、版本不符、已经查过。
pub fn record_check(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, errors: &str, at: Timestamp) -> Result<()> {
    actor.require(permissions::REVIEW)?;
    let mut row = store::lock_check(tx, id)?;
    within(actor, &row.place)?;
    if row.version != version {
        return Err(Problem::stale(row.version).into());
    }
    if row.state != "open" {
        return Err(Problem::invalid_state(&row.state, vec![], "这一份已经查过").into());
    }
    row.errors = errors.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    if row.errors.chars().count() > 2_000 {
        return Err(Problem::field("errors", "length", "差错最多写 2000 个字").into());
    }
    let wrong = !row.errors.is_empty();
    row.state = if wrong { "wrong" } else { "right" }.to_owned();
    store::update_check(tx, &row, actor.account)?;
    let item = store::lock_item(tx, row.item)?;
    check_guide(tx, actor, item.id, item.version, wrong, at).map(drop)
}

/// 给一项补一个大白话别名：草稿直接加；已发布的起一份修订稿。
///
/// # Errors
/// 没有权限、范围外、正在审核、词太长。
pub fn add_alias(tx: &mut Tx<'_>, actor: &Actor, code: &str, word: &str, at: Timestamp) -> Result<String> {
    actor.require(permissions::EDIT)?;
    let word = opinion("word", word, "别名")?;
    let row = store::item_by_code(tx, code)?.ok_or_else(Problem::not_found)?;
    within(actor, &row.place)?;
    let mut version = row.version;
    if row.status.published() && row.status.revision.is_none() {
        version = super::draft::revise(tx, actor, row.id, version, at)?;
    }
    let mut guide = store::lock_item(tx, row.id)?.draft;
    if !guide.aliases.contains(&word) {
        guide.aliases.push(word.clone());
        super::draft::edit(tx, actor, row.id, version, &guide, at)?;
    }
    store::forget_miss(tx, &word)?;
    Ok(row.name)
}

/// 主体更名换码：办理项与实施清单换成新代码，旧码留作对照，旧网址、在办件照样找得到。
///
/// # Errors
/// 没有权限、范围外、代码不合格，或新码已被占用。
pub fn rename_subject(tx: &mut Tx<'_>, actor: &Actor, implementation: i64, implementer: &Implementer, at: Timestamp) -> Result<usize> {
    actor.require(permissions::PUBLISH)?;
    let mut row = store::lock_implementation(tx, implementation)?;
    within(actor, &row.place)?;
    let catalogue = store::catalogue_by_id(tx, row.catalogue)?;
    let bad = |reason: tongban_kernel::problem::Reason| Problem::field("dept_code", reason.code, reason.detail);
    let dept = Uscc::parse(&implementer.uscc).map_err(bad)?;
    let parsed = tongban_kernel::codes::CatalogueCode::parse(&catalogue.code).map_err(bad)?;
    let code = ImplementationCode::from_parts(&dept, row.level.digit(), &parsed).map_err(bad)?;
    if code.as_str() != row.code && store::implementation_by_code(tx, code.as_str())?.is_some() {
        return Err(Problem::conflict("新主体对这条目录已经有一条实施清单").into());
    }
    let items = store::items_of(tx, implementation)?;
    code.as_str().clone_into(&mut row.code);
    row.dept_name.clone_from(&implementer.name);
    row.dept_code.clone_from(&implementer.uscc);
    store::recode_implementation(tx, &mut row)?;
    for item in &items {
        let mut item = store::lock_item(tx, item.id)?;
        let number: u8 = item.code.get(31..).and_then(|tail| tail.parse().ok()).unwrap_or(1);
        let new = ItemCode::from_parts(&code, number).map_err(bad)?;
        let old = std::mem::replace(&mut item.code, new.as_str().to_owned());
        item.dept_name.clone_from(&implementer.name);
        if old != item.code {
            store::insert_old_code(tx, &old, item.id, &item.code, at)?;
        }
        store::recode_item(tx, &item)?;
        let before = item.facts.clone();
        finish(tx, actor, &mut item, &before, "items.renamed", &format!("旧码 {old}"), at)?;
    }
    Ok(items.len())
}

/// 下放：给承接的下级生成待认领；承接单位发布之后，上级这一项转暂停（安阳条例第17条）。
///
/// # Errors
/// 没有权限、范围外、版本不符、不在用、目录不许下级行使。
pub fn devolve(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, to: &[Implementer], at: Timestamp) -> Result<usize> {
    actor.require(permissions::SUSPEND)?;
    let row = store::lock_item(tx, id)?;
    within(actor, &row.place)?;
    if row.version != version {
        return Err(Problem::stale(row.version).into());
    }
    if row.status.state != State::Active {
        return Err(Problem::invalid_state(row.desk().as_str(), vec![], "在用的事项才能下放").into());
    }
    if to.is_empty() {
        return Err(Problem::field("to", "required", "请选择由谁承接").into());
    }
    let mut added = 0;
    for implementer in to {
        if implementer.level <= row.level {
            return Err(Problem::field("to", "level", format!("{}不是下级，不能承接", implementer.name)).into());
        }
        let (implementation, fresh) =
            pool(tx, &Actor { permissions: Actor::system().permissions, ..Actor::system() }, row.catalogue, implementer, at)?;
        if fresh {
            store::mark_devolved(tx, implementation, row.id)?;
            added += 1;
        }
    }
    let mut row = row;
    let before = row.facts.clone();
    finish(tx, actor, &mut row, &before, "items.devolved", "", at)?;
    Ok(added)
}

/// 承接的一项发布了：权力来源记作上级下放，上级那一项转暂停。
pub(super) fn take_over(tx: &mut Tx<'_>, row: &mut ItemRow, at: Timestamp) -> Result<()> {
    let Some(above) = store::devolved_from(tx, row.implementation)? else { return Ok(()) };
    row.draft.power_source = PowerSource::Devolved;
    let mut upper = store::lock_item(tx, above)?;
    if upper.status.state != State::Active {
        return Ok(());
    }
    let before = upper.facts.clone();
    upper.status = upper.status.step(Action::Suspend)?;
    upper.notice = format!("这一项已经下放，请到{}办", row.dept_name);
    upper.facts.close(day_number(date_of(at)));
    finish(tx, &Actor::system(), &mut upper, &before, "items.suspended", "已下放", at)
}

/// 网址巡检的结论变了：重查质量。
///
/// # Errors
/// 引擎故障。
pub fn recheck(tx: &mut Tx<'_>, id: i64, at: Timestamp) -> Result<()> {
    let mut row = store::lock_item(tx, id)?;
    let before = row.facts.clone();
    let findings = check(tx, &mut row)?;
    store::write_findings(tx, &row, &findings)?;
    if row.status.state == State::Active && row.status.revision.is_none() {
        let accurate = rules::accurate(&findings) && !row.wrong;
        row.facts.open(Span::of(&row.draft, accurate, day_number(date_of(at))));
    }
    finish(tx, &Actor::system(), &mut row, &before, "items.checked", "网办地址巡检", at)
}
