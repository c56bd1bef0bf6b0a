//! 目录区的写：每条命令查权限与范围，写行，记一条日志。

mod config;
mod people;
mod roles;

pub use config::{edit_org, record_config};
pub use people::{
    add_staff, appoint, assign_post, change_post, cover_post, deactivate_staff, edit_staff, hands_off, link_person, manageable, register_staff,
    reinstate_staff, stop_unverified,
};
pub use roles::{RoleChange, change_role, install_roles};

use jiff::Timestamp;
use tongban_kernel::codes::Uscc;
use tongban_kernel::problem::Checks;
use tongban_kernel::{Actor, Problem};
use tongban_store::{Entry, Result, Tx};

use crate::model::{KIND_TENANT, KIND_TOWN, NewOrg, Org, Site, Window};
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
