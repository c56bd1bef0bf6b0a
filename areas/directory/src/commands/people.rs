//! 人员与任职：登记、任免、B 岗、离职、返岗（accounts §5.1）。
//!
//! 管人要 [`STAFF`]，人与岗位都在自己的范围里；别人担任的角色自己给不了的，这个人也管不了——
//! 否则部门管理员能替系统管理员改口令。

use jiff::Timestamp;
use tongban_kernel::problem::{Checks, Code};
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Depth, Problem};
use tongban_store::{Result, Tx};

use super::entry;
use crate::model::{
    Appointment, FOREVER, NewPost, NewStaff, Org, Post, PostChange, REAL, STOPPED_LEFT, STOPPED_UNVERIFIED, Staff, role, role_name,
};
use crate::rules::{self, SYS_ADMIN};
use crate::{STAFF, queries, store};

/// 岗位名最多多少字。
const TITLE_LIMIT: usize = 30;

fn today(at: Timestamp) -> i64 {
    day_number(date_of(at))
}

/// 昨天：离职、免职当天就不再任职。
fn yesterday(at: Timestamp) -> i64 {
    day_number(date_of(at).yesterday().unwrap_or(date_of(at)))
}

/// 自己管得到的机构。
fn own_org(tx: &mut Tx<'_>, actor: &Actor, org: i64) -> Result<Org> {
    actor.require(STAFF)?;
    let org = store::org(tx, org)?.ok_or_else(Problem::not_found)?;
    if !actor.is_internal() {
        actor.scope.check(&org.place())?;
    }
    Ok(org)
}

/// 表单里选的机构：范围外的当作没有选对。
fn chosen_org(tx: &mut Tx<'_>, actor: &Actor, org: i64) -> Result<Option<Org>> {
    let found = store::org(tx, org)?;
    Ok(found.filter(|org| actor.is_internal() || actor.scope.covers(&org.place())))
}

/// 这个人归不归操作者管：在范围里，而且他担任的角色操作者都给得了。
///
/// # Errors
/// 没有权限 403；范围外 404；他的角色操作者管不了 403。
pub fn manageable(tx: &mut Tx<'_>, actor: &Actor, staff: i64, at: Timestamp) -> Result<Staff> {
    actor.require(STAFF)?;
    let found = store::lock_staff(tx, staff)?.ok_or_else(Problem::not_found)?;
    if actor.is_internal() {
        return Ok(found);
    }
    actor.scope.check(&found.place())?;
    match hands_off(tx, actor, &found, at)? {
        Some(problem) => Err(problem.into()),
        None => Ok(found),
    }
}

/// 范围里的这个人为什么管不了：他担任的角色操作者给不了。管得了为 `None`；只读，页面也用它。
///
/// # Errors
/// 引擎拒绝。
pub fn hands_off(tx: &mut Tx<'_>, actor: &Actor, staff: &Staff, at: Timestamp) -> Result<Option<Problem>> {
    for post in store::posts_of(tx, staff.id)?.into_iter().filter(|post| post.to_day >= today(at)) {
        if let Err(reason) = givable(tx, actor, &post.role)? {
            let detail = format!("{}担任{}。{reason}，他也由那里管", staff.name, role_name(&post.role));
            return Ok(Some(Problem::new(Code::Forbidden, detail)));
        }
    }
    Ok(None)
}

fn givable(tx: &mut Tx<'_>, actor: &Actor, code: &str) -> Result<std::result::Result<(), String>> {
    let Some(role) = role(code) else { return Ok(Err(format!("没有“{code}”这个角色"))) };
    let permissions = queries::permissions_of(tx, code)?;
    Ok(rules::may_give(actor, role, &permissions))
}

fn same_version(found: i64, given: i64) -> Result<()> {
    if found == given { Ok(()) } else { Err(Problem::stale(found).into()) }
}

/// 登记一名工作人员；编码已经在就原样返回（演示与命令行可以重复）。
///
/// # Errors
/// 没有权限或范围外。
pub fn add_staff(tx: &mut Tx<'_>, actor: &Actor, org: i64, code: &str, name: &str, at: Timestamp) -> Result<i64> {
    let of = own_org(tx, actor, org)?;
    if let Some(known) = store::staff_coded(tx, of.tenant, code)? {
        return Ok(known.id);
    }
    let new = NewStaff { org, code: code.to_owned(), name: name.to_owned(), joined_day: today(at), real_level: 0 };
    write_staff(tx, actor, &of, &new, at)
}

/// 登记一名工作人员；编码不许重复。
///
/// # Errors
/// 没有权限；填得不对、编码已经有人用 422。
pub fn register_staff(tx: &mut Tx<'_>, actor: &Actor, new: &NewStaff, at: Timestamp) -> Result<i64> {
    actor.require(STAFF)?;
    let mut checks = Checks::new();
    let name = rules::check_staff(new, today(at), &mut checks);
    let of = chosen_org(tx, actor, new.org)?;
    checks.ensure(of.is_some(), "org", "choice", "请选您管得到的单位");
    let taken = match &of {
        Some(of) => store::staff_coded(tx, of.tenant, &new.code)?,
        None => None,
    };
    checks.ensure(taken.is_none(), "code", "duplicate", "这个人员编码已经有人用");
    checks.finish()?;
    let of = of.ok_or_else(Problem::not_found)?;
    write_staff(tx, actor, &of, &NewStaff { name, ..new.clone() }, at)
}

fn write_staff(tx: &mut Tx<'_>, actor: &Actor, of: &Org, new: &NewStaff, at: Timestamp) -> Result<i64> {
    let id = tx.new_id();
    store::add_staff(tx, id, of, new, (new.real_level >= REAL).then(|| today(at)))?;
    let added = store::staff(tx, id)?.ok_or_else(Problem::not_found)?;
    tx.journal_facts(entry("directory.staff_added", id, 1, of.tenant, actor, at), None, Some(&added.facts()))?;
    Ok(id)
}

/// 改一名工作人员的基本情况。
///
/// # Errors
/// 没有权限、范围外、版本不符；填得不对、编码已经有人用、给自己定实名等级 422。
pub fn edit_staff(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, new: &NewStaff, at: Timestamp) -> Result<()> {
    let before = manageable(tx, actor, id, at)?;
    same_version(before.version, version)?;
    let mut checks = Checks::new();
    let name = rules::check_staff(new, today(at), &mut checks);
    let of = chosen_org(tx, actor, new.org)?.filter(|of| of.tenant == before.tenant);
    checks.ensure(of.is_some(), "org", "choice", "请选您管得到的单位");
    let taken = store::staff_coded(tx, before.tenant, &new.code)?.is_some_and(|other| other.id != id);
    checks.ensure(!taken, "code", "duplicate", "这个人员编码已经有人用");
    let own = actor.staff != 0 && actor.staff == id;
    checks.ensure(!own || new.real_level == before.real_level, "real_level", "own", "自己的实名等级不能自己定，请别的管理员核过证件再改");
    checks.finish()?;
    let of = of.ok_or_else(Problem::not_found)?;
    let mut after = before.clone();
    (after.unit, after.org, after.name, after.code) = (of.unit, of.id, name, new.code.clone());
    (after.joined_day, after.real_level) = (new.joined_day, new.real_level);
    after.real_day = if new.real_level >= REAL { before.real_day.or(Some(today(at))) } else { None };
    save(tx, actor, &before, &after, "directory.staff_edited", at)
}

fn save(tx: &mut Tx<'_>, actor: &Actor, before: &Staff, after: &Staff, kind: &str, at: Timestamp) -> Result<()> {
    if !store::save_staff(tx, after)? {
        return Err(Problem::stale(before.version).into());
    }
    let logged = entry(kind, before.id, before.version + 1, before.tenant, actor, at);
    tx.journal_facts(logged, Some(&before.facts()), Some(&after.facts()))
}

/// 任职，从今天起，一直任下去。
///
/// # Errors
/// 没有权限、范围外、角色不存在。
pub fn assign_post(tx: &mut Tx<'_>, actor: &Actor, new: &NewPost, at: Timestamp) -> Result<i64> {
    own_org(tx, actor, new.org)?;
    appoint(tx, actor, &Appointment { post: new.clone(), from_day: today(at), to_day: FOREVER, backup: None }, at)
}

/// 任职。
///
/// # Errors
/// 没有权限、人或机构范围外 404；给自己加岗位、角色给不了、范围给得太大、窗口与 B 岗不在同一单位、起止不对 422。
pub fn appoint(tx: &mut Tx<'_>, actor: &Actor, new: &Appointment, at: Timestamp) -> Result<i64> {
    let staff = manageable(tx, actor, new.post.staff, at)?;
    let of = chosen_org(tx, actor, new.post.org)?.filter(|of| of.tenant == staff.tenant);
    let mut checks = Checks::new();
    checks.ensure(of.is_some(), "org", "choice", "请选您管得到的单位");
    checks.ensure(actor.staff == 0 || actor.staff != staff.id, "role", "own", "不能给自己加岗位，请别的管理员来加");
    checks.ensure(staff.active, "role", "inactive", "他已停用，先恢复再任职");
    if let Err(reason) = givable(tx, actor, &new.post.role)? {
        checks.ensure(false, "role", "unknown", reason);
    }
    rules::check_days(new.from_day, new.to_day, &mut checks);
    if let Some(of) = &of {
        let fit = Fit { place: of.place(), staff: staff.id, role: &new.post.role, window: new.post.window, backup: new.backup, kept: None, reach: new.post.reach };
        fit.check(tx, actor, &mut checks)?;
    }
    checks.ensure(new.post.title.chars().count() <= TITLE_LIMIT, "title", "length", format!("岗位名至多 {TITLE_LIMIT} 个字"));
    checks.finish()?;
    let of = of.ok_or_else(Problem::not_found)?;
    let title = match new.post.title.trim() {
        "" => role_name(&new.post.role).to_owned(),
        title => title.to_owned(),
    };
    let id = tx.new_id();
    store::add_post(tx, id, &of, &Appointment { post: NewPost { title, ..new.post.clone() }, ..new.clone() })?;
    tx.journal(entry("directory.post_assigned", id, 1, of.tenant, actor, at))?;
    Ok(id)
}

/// 岗位与它的窗口、B 岗、范围合不合。
struct Fit<'a> {
    place: tongban_kernel::Place,
    staff: i64,
    role: &'a str,
    window: Option<i64>,
    backup: Option<i64>,
    /// 原来定的 B 岗：没有换的不再挑剔。
    kept: Option<i64>,
    reach: Depth,
}

/// 选的 B 岗：本单位的另一个人，而且接得了 A 岗的事。
fn check_backup(tx: &mut Tx<'_>, checks: &mut Checks, (unit, staff, role): (i64, i64, &str), id: i64) -> Result<()> {
    let Some(other) = store::post(tx, id)?.filter(|other| other.unit == unit && other.staff != staff) else {
        checks.ensure(false, "backup", "choice", "B 岗要选本单位的另一个人");
        return Ok(());
    };
    let fit = queries::stands_in(tx, role, &other.role)?;
    let detail = format!("{}接不了{}的事：缺办这些事的权限。请选同一岗位的人，或先给他任上这个岗位", role_name(&other.role), role_name(role));
    checks.ensure(fit, "backup", "role", detail);
    Ok(())
}

impl Fit<'_> {
    fn check(&self, tx: &mut Tx<'_>, actor: &Actor, checks: &mut Checks) -> Result<()> {
        checks.ensure(rules::may_reach(actor, &self.place, self.reach), "reach", "range", "看到的范围不能比您自己的还大");
        if let Some(id) = self.window {
            let place = match store::window(tx, id)? {
                Some(window) => store::org(tx, window.org)?.map(|org| org.place()),
                None => None,
            };
            checks.ensure(place.is_some_and(|place| place.unit == self.place.unit), "window", "choice", "请选这个单位的窗口");
        }
        match self.backup.filter(|id| self.kept != Some(*id)) {
            Some(id) => check_backup(tx, checks, (self.place.unit, self.staff, self.role), id),
            None => Ok(()),
        }
    }
}

/// 改一个岗位：名称、窗口、范围、起止、B 岗、在不在岗。到期日早于今天就是结束任职。
///
/// # Errors
/// 没有权限、范围外 404、版本不符；最后一名系统管理员、自己的岗位不能结束 409；填得不对 422。
pub fn change_post(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, change: &PostChange, at: Timestamp) -> Result<()> {
    actor.require(STAFF)?;
    let post = store::lock_post(tx, id)?.ok_or_else(Problem::not_found)?;
    if !actor.is_internal() {
        actor.scope.check(&post.place())?;
    }
    let staff = manageable(tx, actor, post.staff, at)?;
    same_version(post.version, version)?;
    let own = actor.staff != 0 && actor.staff == staff.id;
    let mut checks = Checks::new();
    checks.ensure(!own || change.reach == post.reach, "reach", "own", "自己看到的范围不能自己改");
    // 从今天起结束的，今天才任上的也算
    let ending_now = change.to_day == yesterday(at);
    rules::check_days(change.from_day, if ending_now { change.to_day.max(change.from_day) } else { change.to_day }, &mut checks);
    checks.ensure(change.title.chars().count() <= TITLE_LIMIT, "title", "length", format!("岗位名至多 {TITLE_LIMIT} 个字"));
    let fit = Fit { place: post.place(), staff: staff.id, role: &post.role, window: change.window, backup: change.backup, kept: post.backup, reach: change.reach };
    fit.check(tx, actor, &mut checks)?;
    checks.finish()?;
    let (held, ends) = (post.to_day >= today(at), change.to_day < today(at));
    if held && ends {
        if own {
            return Err(Problem::conflict("不能结束自己的岗位，请别的管理员来办").into());
        }
        keep_one_admin(tx, &staff, &post.role, at)?;
    }
    let title = match change.title.trim() {
        "" => role_name(&post.role).to_owned(),
        title => title.to_owned(),
    };
    if !store::save_post(tx, &post, &PostChange { title, ..change.clone() })? {
        return Err(Problem::stale(post.version).into());
    }
    let kind = if held && ends { "directory.post_ended" } else { "directory.post_changed" };
    tx.journal(entry(kind, id, post.version + 1, post.tenant, actor, at))
}

/// 县区里总要留一名系统管理员。
fn keep_one_admin(tx: &mut Tx<'_>, staff: &Staff, role: &str, at: Timestamp) -> Result<()> {
    if role != SYS_ADMIN || !staff.active {
        return Ok(());
    }
    let others = store::holders(tx, staff.tenant, SYS_ADMIN, today(at), 50)?;
    if others.iter().any(|other| other.id != staff.id) {
        return Ok(());
    }
    Err(Problem::conflict("他是最后一名系统管理员，先另任一名再来").into())
}

/// 定一个岗位的 B 岗、标记离岗或回岗：本人或管理员来定（AB 岗，cases §6）。
///
/// # Errors
/// 岗位不存在、不是本人也没有权限；新定的 B 岗不在同一单位、接不了 A 岗的事 422（早先定下的照旧）。
pub fn cover_post(tx: &mut Tx<'_>, actor: &Actor, post: i64, backup: Option<i64>, away: bool, at: Timestamp) -> Result<()> {
    let found = store::post(tx, post)?.ok_or_else(Problem::not_found)?;
    if actor.staff == 0 || actor.staff != found.staff {
        actor.require(STAFF)?;
        if !actor.is_internal() {
            actor.scope.check(&found.place())?;
        }
    }
    if let Some(id) = backup.filter(|id| found.backup != Some(*id)) {
        let mut checks = Checks::new();
        check_backup(tx, &mut checks, (found.unit, found.staff, &found.role), id)?;
        checks.finish()?;
    }
    let version = store::cover_post(tx, post, backup, away)?.ok_or_else(Problem::not_found)?;
    tx.journal(entry("directory.post_covered", post, version, found.tenant, actor, at))
}

/// 工作人员实名之后由 `parties` 回填；`level` 是实名等级。
///
/// # Errors
/// 人员不存在。
pub fn link_person(tx: &mut Tx<'_>, actor: &Actor, staff: i64, person: i64, level: i64, at: Timestamp) -> Result<()> {
    let before = store::lock_staff(tx, staff)?.ok_or_else(Problem::not_found)?;
    let mut after = before.clone();
    (after.person, after.real_level) = (person, level);
    after.real_day = before.real_day.or((level >= REAL).then(|| today(at)));
    save(tx, actor, &before, &after, "directory.staff_verified", at)
}

/// 离职：停用，岗位到昨天为止；手里的件由调用者先查过、交过。
///
/// # Errors
/// 没有权限、范围外、版本不符；停用自己、最后一名系统管理员 409；已经停用 409。
pub fn deactivate_staff(tx: &mut Tx<'_>, actor: &Actor, staff: i64, version: i64, at: Timestamp) -> Result<()> {
    let before = manageable(tx, actor, staff, at)?;
    same_version(before.version, version)?;
    if actor.staff != 0 && actor.staff == staff {
        return Err(Problem::conflict("不能停用自己，请别的管理员来办").into());
    }
    if !before.active {
        return Err(Problem::conflict("他已经停用了").into());
    }
    let held: Vec<Post> = store::posts_of(tx, staff)?.into_iter().filter(|post| post.is_held(today(at))).collect();
    for post in &held {
        keep_one_admin(tx, &before, &post.role, at)?;
    }
    store::end_posts(tx, staff, yesterday(at))?;
    let after = Staff { active: false, left_day: Some(today(at)), stopped: STOPPED_LEFT.to_owned(), ..before.clone() };
    save(tx, actor, &before, &after, "directory.staff_left", at)
}

/// 登录之后七天没有完成实名认证，停用（accounts §5.1）；岗位留着，恢复了接着用。回答停没停。
///
/// # Errors
/// 引擎拒绝。
pub fn stop_unverified(tx: &mut Tx<'_>, actor: &Actor, staff: i64, at: Timestamp) -> Result<bool> {
    let Some(before) = store::lock_staff(tx, staff)?.filter(|staff| staff.active && staff.real_level < REAL) else { return Ok(false) };
    let after = Staff { active: false, left_day: Some(today(at)), stopped: STOPPED_UNVERIFIED.to_owned(), ..before.clone() };
    save(tx, actor, &before, &after, "directory.staff_stopped", at)?;
    Ok(true)
}

/// 恢复：停错了、又回来了。离职时结束的岗位要另任。
///
/// # Errors
/// 没有权限、范围外、版本不符；没有停用 409。
pub fn reinstate_staff(tx: &mut Tx<'_>, actor: &Actor, staff: i64, version: i64, at: Timestamp) -> Result<()> {
    let before = manageable(tx, actor, staff, at)?;
    same_version(before.version, version)?;
    if before.active {
        return Err(Problem::conflict("他没有停用").into());
    }
    let after = Staff { active: true, left_day: None, stopped: String::new(), ..before.clone() };
    save(tx, actor, &before, &after, "directory.staff_returned", at)
}
