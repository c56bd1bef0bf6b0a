//! 评价点位的检测与窗口岗位配评价仪的台账：指标由这里的记录算出（附件 4 事项运行）。
//!
//! 点位随窗口设立；评价仪每天第一次报到算一次可用的检测，人到现场扫码检测也记在这里，人说不可用的要人来恢复。

use jiff::Timestamp;
use serde::Serialize;
use tongban_directory::queries as directory;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Problem};
use tongban_store::{Entry, Result, Tx};

use crate::model::points::{FOREVER, PointFacts, SeatFacts, after};
use crate::permissions::{INSPECT, INVITE};
use crate::store::{self, Point};

/// 说明最多多少字。
const MAX_NOTE: usize = 200;

/// 设了窗口就设一个点位；已经有了什么也不做。
///
/// # Errors
/// 引擎拒绝。
pub fn open(tx: &mut Tx<'_>, window: i64, at: Timestamp) -> Result<()> {
    let Some(found) = directory::window(tx, window)? else { return Ok(()) };
    let Some(org) = directory::org(tx, found.org)? else { return Ok(()) };
    let point = Point {
        id: window,
        place: org.place(),
        name: format!("{} 号 {}", found.number, found.name),
        state: String::new(),
        checked: None,
        who: String::new(),
        note: String::new(),
        facts: PointFacts { org: org.id, opened: day_number(date_of(at)), ..PointFacts::default() },
        org_name: org.name,
        version: 1,
    };
    if !store::add_point(tx, &point)? {
        return Ok(());
    }
    told(tx, &Actor::system(), "points.opened", (None, &point), at)
}

#[derive(Serialize)]
struct Changed<'a> {
    state: &'a str,
    note: &'a str,
}

fn told(tx: &mut Tx<'_>, actor: &Actor, kind: &str, (before, point): (Option<&PointFacts>, &Point), at: Timestamp) -> Result<()> {
    let body = serde_json::to_string(&Changed { state: &point.state, note: &point.note })?;
    let entry = Entry { kind, subject: point.id, rev: point.version, at, actor, tenant: point.place.tenant, body: &body };
    tx.journal_facts(entry, before, Some(&point.facts))
}

fn record(tx: &mut Tx<'_>, actor: &Actor, point: Point, (good, who, note): (bool, &str, &str), at: Timestamp) -> Result<()> {
    let (before, day) = (point.facts.clone(), day_number(date_of(at)));
    let mut after = Point {
        state: if good { "good" } else { "bad" }.to_owned(),
        checked: Some(at),
        who: who.to_owned(),
        note: note.to_owned(),
        ..point
    };
    if good { after.facts.pass(day) } else { after.facts.fail(day) }
    if !store::save_point(tx, &after)? {
        return Err(Problem::stale(after.version + 1).into());
    }
    after.version += 1;
    told(tx, actor, "points.checked", (Some(&before), &after), at)
}

/// 人到现场检测：扫一次评价码、看一次评价仪，能打开、能选级别就是可用。
///
/// # Errors
/// 没有权限、不在范围内、别人先记了、不可用没有写哪里不行。
pub fn check(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, good: bool, note: &str, at: Timestamp) -> Result<()> {
    if !actor.may(INVITE) {
        actor.require(INSPECT)?;
    }
    let point = store::lock_point(tx, id)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&point.place)?;
    if point.version != version {
        return Err(Problem::stale(point.version).into());
    }
    let note = note.trim();
    if !good && note.is_empty() {
        return Err(Problem::field("note", "required", "不可用请写哪里不行，好去修").into());
    }
    if note.chars().count() > MAX_NOTE {
        return Err(Problem::field("note", "too-long", format!("最多 {MAX_NOTE} 字")).into());
    }
    let who = actor.name.to_string();
    record(tx, actor, point, (good, &who, note), at)
}

/// 评价仪报到：每天第一次算一次可用的检测；人说不可用的不由它恢复。
///
/// # Errors
/// 引擎拒绝。
pub fn alive(tx: &mut Tx<'_>, window: i64, at: Timestamp) -> Result<()> {
    let Some(point) = store::lock_point(tx, window)? else { return Ok(()) };
    if point.state == "bad" || point.checked.is_some_and(|checked| date_of(checked) >= date_of(at)) {
        return Ok(());
    }
    record(tx, &Actor::system(), point, (true, "评价仪报到", ""), at)
}

/// 一个岗位今天应不应配评价仪、配了没有；没有变化什么也不做。
///
/// # Errors
/// 引擎拒绝。
pub fn seat(tx: &mut Tx<'_>, post: i64, at: Timestamp) -> Result<()> {
    let Some(post) = directory::post(tx, post)? else { return Ok(()) };
    let day = day_number(date_of(at));
    let known = store::seat(tx, post.id)?;
    let active = directory::staff(tx, post.staff)?.is_some_and(|staff| staff.active);
    let until = if post.to_day >= FOREVER { FOREVER } else { after(post.to_day, 1) };
    let until = post.window.filter(|_| active && until > day).map(|_| until);
    let bound = store::binding_of_post(tx, post.id)?.is_some_and(|bound| Some(bound.window) == post.window);
    let (before, version) = known.map_or((None, 0), |(facts, version)| (Some(facts), version));
    let mut facts = before.clone().unwrap_or_else(|| SeatFacts { org: post.org, ..SeatFacts::default() });
    facts.now(day, post.from_day, until, bound);
    if before.as_ref() == Some(&facts) || (before.is_none() && facts.expected.0.is_empty()) {
        return Ok(());
    }
    store::put_seat(tx, post.id, &facts, version + 1)?;
    let entry = Entry { kind: "seats.changed", subject: post.id, rev: version + 1, at, actor: &Actor::system(), tenant: post.tenant, body: "{}" };
    tx.journal_facts(entry, before.as_ref(), Some(&facts))
}
