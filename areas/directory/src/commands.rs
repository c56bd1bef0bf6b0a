//! 目录区的写：每条命令查权限与范围，写行，记一条日志。

mod config;

pub use config::{edit_org, record_config};

use jiff::Timestamp;
use tongban_kernel::codes::Uscc;
use tongban_kernel::problem::Checks;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Problem};
use tongban_store::{Entry, Result, Tx};

use crate::model::{KIND_TENANT, KIND_TOWN, NewOrg, NewPost, Org, Site, Staff, Window};
use crate::store::{self, Division};
use crate::{MANAGE, model};

fn entry<'a>(kind: &'a str, subject: i64, rev: i64, tenant: i64, actor: &'a Actor, at: Timestamp) -> Entry<'a> {
    Entry { kind, subject, rev, at, actor, tenant, body: "{}" }
}

/// 建一个机构；同名的已经在就原样返回（导入可以重复）。
///
/// # Errors
/// 没有权限、上级不存在、名称或信用代码不对。
pub fn create_org(tx: &mut Tx<'_>, actor: &Actor, new: &NewOrg, at: Timestamp) -> Result<i64> {
    actor.require(MANAGE)?;
    let mut checks = Checks::new();
    checks.ensure((2..=100).contains(&new.name.chars().count()), "name", "length", "机构名称要写全称，2–100 个字");
    if !new.code.is_empty() {
        checks.take("code", Uscc::parse(&new.code));
    }
    checks.finish()?;
    let id = tx.new_id();
    let parent = match new.parent {
        0 => None,
        parent => Some(store::org(tx, parent)?.ok_or_else(Problem::not_found)?),
    };
    let (tenant, unit) = match &parent {
        None => (id, id),
        // 部门与乡镇直接挂在县区下面，其余归上级所在的单位
        Some(parent) if parent.kind == KIND_TENANT => (parent.tenant, id),
        Some(parent) => (parent.tenant, parent.unit),
    };
    if let Some(parent) = &parent {
        if !actor.is_internal() {
            actor.scope.check(&parent.place())?;
        }
        if let Some(known) = store::org_named(tx, parent.tenant, &new.name)? {
            return Ok(known.id);
        }
    }
    store::add_org(tx, id, tenant, unit, new)?;
    tx.journal(entry("directory.org_created", id, 1, tenant, actor, at))?;
    let created = store::org(tx, id)?.ok_or_else(Problem::not_found)?;
    config::open_configs(tx, actor, &created, at)?;
    Ok(id)
}

/// 登记区划，可以重复。
///
/// # Errors
/// 没有权限。
pub fn put_division(tx: &mut Tx<'_>, actor: &Actor, division: &Division, source: &str) -> Result<()> {
    actor.require(MANAGE)?;
    store::put_division(tx, division, source)
}

fn owned(tx: &mut Tx<'_>, actor: &Actor, org: i64) -> Result<Org> {
    actor.require(MANAGE)?;
    let org = store::org(tx, org)?.ok_or_else(Problem::not_found)?;
    if !actor.is_internal() {
        actor.scope.check(&org.place())?;
    }
    Ok(org)
}

/// 建一个服务点；`site.id` 由这里发。
///
/// # Errors
/// 没有权限或范围外。
pub fn create_site(tx: &mut Tx<'_>, actor: &Actor, site: &Site, at: Timestamp) -> Result<i64> {
    let org = owned(tx, actor, site.org)?;
    let id = tx.new_id();
    store::add_site(tx, &org, &Site { id, ..site.clone() })?;
    tx.journal(entry("directory.site_created", id, 1, org.tenant, actor, at))?;
    Ok(id)
}

/// 建一个窗口；`window.id` 由这里发。
///
/// # Errors
/// 没有权限或范围外。
pub fn create_window(tx: &mut Tx<'_>, actor: &Actor, window: &Window, at: Timestamp) -> Result<i64> {
    let org = owned(tx, actor, window.org)?;
    let id = tx.new_id();
    store::add_window(tx, &org, &Window { id, ..window.clone() })?;
    tx.journal(entry("directory.window_created", id, 1, org.tenant, actor, at))?;
    Ok(id)
}

/// 登记一名工作人员；编码已经在就原样返回。
///
/// # Errors
/// 没有权限或范围外。
pub fn add_staff(tx: &mut Tx<'_>, actor: &Actor, org: i64, code: &str, name: &str, at: Timestamp) -> Result<i64> {
    let org = owned(tx, actor, org)?;
    if let Some(known) = store::staff_coded(tx, org.tenant, code)? {
        return Ok(known.id);
    }
    let id = tx.new_id();
    store::add_staff(tx, id, &org, code, name, day_number(date_of(at)))?;
    let added = store::staff(tx, id)?.ok_or_else(Problem::not_found)?;
    tx.journal_facts(entry("directory.staff_added", id, 1, org.tenant, actor, at), None, Some(&added.facts()))?;
    Ok(id)
}

/// 任职。
///
/// # Errors
/// 没有权限、范围外、角色不存在。
pub fn assign_post(tx: &mut Tx<'_>, actor: &Actor, new: &NewPost, at: Timestamp) -> Result<i64> {
    let org = owned(tx, actor, new.org)?;
    let known = model::built_in_roles().is_ok_and(|roles| roles.iter().any(|role| role.code == new.role));
    if !known {
        return Err(Problem::field("role", "unknown", format!("没有“{}”这个角色", new.role)).into());
    }
    store::staff(tx, new.staff)?.ok_or_else(Problem::not_found)?;
    let id = tx.new_id();
    store::add_post(tx, id, &org, new, day_number(date_of(at)))?;
    tx.journal(entry("directory.post_assigned", id, 1, org.tenant, actor, at))?;
    Ok(id)
}

fn change_staff(tx: &mut Tx<'_>, actor: &Actor, id: i64, kind: &str, at: Timestamp, change: impl Fn(&mut Staff)) -> Result<()> {
    let before = store::lock_staff(tx, id)?.ok_or_else(Problem::not_found)?;
    let mut after = before.clone();
    change(&mut after);
    if !store::save_staff(tx, &after)? {
        return Err(Problem::stale(before.version).into());
    }
    let logged = entry(kind, id, before.version + 1, before.tenant, actor, at);
    tx.journal_facts(logged, Some(&before.facts()), Some(&after.facts()))
}

/// 定一个岗位的 B 岗、标记离岗或回岗：本人或管理员来定（AB 岗，cases §6）。
///
/// # Errors
/// 岗位不存在、B 岗不在同一单位、不是本人也没有权限。
pub fn cover_post(tx: &mut Tx<'_>, actor: &Actor, post: i64, backup: Option<i64>, away: bool, at: Timestamp) -> Result<()> {
    let found = store::post(tx, post)?.ok_or_else(Problem::not_found)?;
    if actor.staff == 0 || actor.staff != found.staff {
        actor.require(MANAGE)?;
    }
    if let Some(id) = backup {
        let other = store::post(tx, id)?.filter(|other| other.unit == found.unit && other.staff != found.staff);
        other.ok_or_else(|| Problem::field("backup", "choice", "B 岗要选本单位的另一个人"))?;
    }
    let version = store::cover_post(tx, post, backup, away)?.ok_or_else(Problem::not_found)?;
    tx.journal(entry("directory.post_covered", post, version, found.tenant, actor, at))
}

/// 工作人员实名之后由 `parties` 回填；`level` 是实名等级。
///
/// # Errors
/// 人员不存在。
pub fn link_person(tx: &mut Tx<'_>, actor: &Actor, staff: i64, person: i64, level: i64, at: Timestamp) -> Result<()> {
    let day = day_number(date_of(at));
    change_staff(tx, actor, staff, "directory.staff_verified", at, |staff| {
        staff.person = person;
        staff.real_level = level;
        staff.real_day = staff.real_day.or((level >= 2).then_some(day));
    })
}

/// 停用（离职、调走）；在办件的移交由办件区按岗位处理。
///
/// # Errors
/// 没有权限、范围外、人员不存在。
pub fn deactivate_staff(tx: &mut Tx<'_>, actor: &Actor, staff: i64, at: Timestamp) -> Result<()> {
    actor.require(MANAGE)?;
    let found = store::staff(tx, staff)?.ok_or_else(Problem::not_found)?;
    if !actor.is_internal() {
        actor.scope.check(&found.place())?;
    }
    let day = day_number(date_of(at));
    change_staff(tx, actor, staff, "directory.staff_left", at, |staff| {
        staff.active = false;
        staff.left_day = Some(day);
    })
}

/// 把内置角色表写进库；已有的授权不动，只添新的。
///
/// # Errors
/// 没有权限。
pub fn install_roles(tx: &mut Tx<'_>, actor: &Actor) -> Result<()> {
    actor.require(MANAGE)?;
    let roles = model::built_in_roles().map_err(|_| Problem::conflict("内置角色表读不懂"))?;
    for role in &roles {
        for permission in &role.permissions {
            store::grant(tx, &role.code, permission)?;
        }
    }
    Ok(())
}

/// 乡镇的撤并服务点：挂在承接乡镇下面，记录归承接乡镇，保留原名与原区划。
///
/// # Errors
/// 没有权限，或 `town` 不是乡镇。
pub fn keep_legacy_town(tx: &mut Tx<'_>, actor: &Actor, town: i64, name: &str, division: &str, at: Timestamp) -> Result<i64> {
    let org = owned(tx, actor, town)?;
    if org.kind != KIND_TOWN {
        return Err(Problem::field("town", "kind", format!("{}不是乡镇，不能承接撤并乡镇", org.name)).into());
    }
    let new = NewOrg {
        parent: town,
        name: format!("{name}便民服务点"),
        short_name: name.to_owned(),
        kind: model::KIND_HALL,
        division: org.division.clone(),
        legacy_division: division.to_owned(),
        doc_prefix: org.doc_prefix.clone(),
        phone: org.phone.clone(),
        complaint_phone: org.complaint_phone.clone(),
        address: format!("原{name}政府驻地"),
        hours: org.hours.clone(),
        code: String::new(),
    };
    create_org(tx, actor, &new, at)
}
