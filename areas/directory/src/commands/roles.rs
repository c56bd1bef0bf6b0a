//! 角色与权限：装上内置的，管理员改过之后以库里为准（accounts §5.2）。

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;
use tongban_kernel::{Actor, Problem};
use tongban_store::{Entry, Result, Tx};

use crate::rules::{KEPT, SYS_ADMIN};
use crate::{MANAGE, ROLES, model, queries, store};

/// 把内置角色表写进库；已有的授权不动，只添新的。
///
/// # Errors
/// 没有权限。
pub fn install_roles(tx: &mut Tx<'_>, actor: &Actor) -> Result<()> {
    actor.require(MANAGE)?;
    for role in model::roles() {
        for permission in &role.permissions {
            store::grant(tx, &role.code, permission)?;
        }
    }
    Ok(())
}

/// 一个角色要改成的样子。
#[derive(Debug, Clone)]
pub struct RoleChange {
    pub role: String,
    pub version: i64,
    pub permissions: BTreeSet<String>,
}

/// 改动的内容，进日志。
#[derive(Serialize)]
struct Changed<'a> {
    role: &'a str,
    added: Vec<&'a str>,
    removed: Vec<&'a str>,
}

/// 改一个角色的权限；`declared` 是各区声明过的全部权限码。
///
/// # Errors
/// 没有权限 403；没有这个角色 404；版本不符 412；没有改动、权限码没有人声明、去掉了系统管理员改权限的权限 422。
pub fn change_role(tx: &mut Tx<'_>, actor: &Actor, change: &RoleChange, declared: &BTreeSet<&'static str>, at: Timestamp) -> Result<()> {
    actor.require(ROLES)?;
    let role = model::role(&change.role).ok_or_else(Problem::not_found)?;
    let version = store::role_version(tx, &role.code)?;
    if version != change.version {
        return Err(Problem::stale(version).into());
    }
    let before = queries::permissions_of(tx, &role.code)?;
    let added: Vec<&str> = change.permissions.difference(&before).map(String::as_str).collect();
    let removed: Vec<&str> = before.difference(&change.permissions).map(String::as_str).collect();
    if let Some(unknown) = added.iter().find(|code| !declared.contains(*code)) {
        return Err(Problem::field("permission", "unknown", format!("没有“{unknown}”这项权限")).into());
    }
    if role.code == SYS_ADMIN && KEPT.iter().any(|code| !change.permissions.contains(*code)) {
        return Err(Problem::field("permission", "kept", "系统管理员要留着看机构人员、管人员、改角色权限这三项，不然没有人能改回来").into());
    }
    if added.is_empty() && removed.is_empty() {
        return Err(Problem::field("permission", "same", "没有改动").into());
    }
    let id = store::save_role(tx, &role.code, version)?.ok_or_else(|| Problem::stale(version + 1))?;
    added.iter().try_for_each(|code| store::grant(tx, &role.code, code))?;
    removed.iter().try_for_each(|code| store::revoke(tx, &role.code, code))?;
    let body = serde_json::to_string(&Changed { role: &role.code, added, removed })?;
    tx.journal(Entry { kind: "directory.role_changed", subject: id, rev: version + 1, at, actor, tenant: actor.tenant, body: &body })
}
