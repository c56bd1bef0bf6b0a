//! 目录区的读：机构树、岗位、服务点。

use std::collections::{BTreeMap, BTreeSet};

use tongban_kernel::{Place, Problem, Scope};
use tongban_store::{Result, Tx};

pub use crate::config::Config;
pub use crate::model::{Org, Post, Site, Staff, Window};
pub use crate::store::{Division, StaffFilter, in_fifties};
use crate::{model, store};

/// 一个机构。
///
/// # Errors
/// 引擎拒绝。
pub fn org(tx: &mut Tx<'_>, id: i64) -> Result<Option<Org>> {
    store::org(tx, id)
}

/// 县区里叫这个名字的机构。
///
/// # Errors
/// 引擎拒绝。
pub fn org_named(tx: &mut Tx<'_>, tenant: i64, name: &str) -> Result<Option<Org>> {
    store::org_named(tx, tenant, name)
}

/// 一个机构的三项基础信息配置核对。
///
/// # Errors
/// 引擎拒绝。
pub fn configs(tx: &mut Tx<'_>, org: i64) -> Result<Vec<Config>> {
    store::configs_of(tx, org, 0, 10)
}

/// 全部机构，按种类与先后。
///
/// # Errors
/// 引擎拒绝。
pub fn all_orgs(tx: &mut Tx<'_>) -> Result<Vec<Org>> {
    store::orgs(tx)
}

/// 各县区本级。
///
/// # Errors
/// 引擎拒绝。
pub fn tenants(tx: &mut Tx<'_>) -> Result<Vec<Org>> {
    Ok(store::orgs(tx)?.into_iter().filter(|org| org.kind == model::KIND_TENANT).collect())
}

/// 一个县区的部门与乡镇。
///
/// # Errors
/// 引擎拒绝。
pub fn units(tx: &mut Tx<'_>, tenant: i64) -> Result<Vec<Org>> {
    Ok(store::orgs(tx)?.into_iter().filter(|org| org.tenant == tenant && org.is_unit() && org.kind != model::KIND_TENANT).collect())
}

/// 机构树的一个结点，指标汇总用。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgNode {
    pub id: i64,
    /// 上级；县区本级为 `None`。撤并乡镇的上级就是承接乡镇。
    pub parent: Option<i64>,
    pub tenant: i64,
    pub unit: i64,
    pub name: String,
    pub short_name: String,
    pub kind: i64,
    /// `县区`、`区级部门`、`乡镇`，其余为空。
    pub group: &'static str,
}

/// 整棵机构树。
///
/// # Errors
/// 引擎拒绝。
pub fn tree(tx: &mut Tx<'_>) -> Result<Vec<OrgNode>> {
    let node = |org: Org| OrgNode {
        group: match org.kind {
            model::KIND_TENANT => "县区",
            model::KIND_TOWN => "乡镇",
            _ if org.unit == org.id => "区级部门",
            _ => "",
        },
        id: org.id,
        parent: (org.parent != 0).then_some(org.parent),
        tenant: org.tenant,
        unit: org.unit,
        name: org.name,
        short_name: org.short_name,
        kind: org.kind,
    };
    Ok(store::orgs(tx)?.into_iter().map(node).collect())
}

/// 下级机构。
///
/// # Errors
/// 引擎拒绝。
pub fn children(tx: &mut Tx<'_>, org: i64) -> Result<Vec<Org>> {
    store::children(tx, org)
}

/// 机构的位置。
///
/// # Errors
/// 机构不存在：`not-found`。
pub fn place_of(tx: &mut Tx<'_>, org: i64) -> Result<Place> {
    Ok(store::org(tx, org)?.ok_or_else(Problem::not_found)?.place())
}

/// 一个机构的窗口。
///
/// # Errors
/// 引擎拒绝。
pub fn windows(tx: &mut Tx<'_>, org: i64) -> Result<Vec<Window>> {
    store::windows(tx, org)
}

/// 一个窗口。
///
/// # Errors
/// 引擎拒绝。
pub fn window(tx: &mut Tx<'_>, id: i64) -> Result<Option<Window>> {
    store::window(tx, id)
}

/// 全部服务点。
///
/// # Errors
/// 引擎拒绝。
pub fn sites(tx: &mut Tx<'_>) -> Result<Vec<Site>> {
    store::sites(tx)
}

/// 一名工作人员。
///
/// # Errors
/// 引擎拒绝。
pub fn staff(tx: &mut Tx<'_>, id: i64) -> Result<Option<Staff>> {
    store::staff(tx, id)
}

/// 按人员编码找。
///
/// # Errors
/// 引擎拒绝。
pub fn staff_coded(tx: &mut Tx<'_>, tenant: i64, code: &str) -> Result<Option<Staff>> {
    store::staff_coded(tx, tenant, code)
}

/// 工作人员的姓名。
///
/// # Errors
/// 引擎拒绝。
pub fn staff_name(tx: &mut Tx<'_>, id: i64) -> Result<Option<String>> {
    Ok(store::staff(tx, id)?.map(|staff| staff.name))
}

/// 一个岗位。
///
/// # Errors
/// 引擎拒绝。
pub fn post(tx: &mut Tx<'_>, id: i64) -> Result<Option<Post>> {
    store::post(tx, id)
}

/// 一名工作人员此刻的岗位。
///
/// # Errors
/// 引擎拒绝。
pub fn posts_of(tx: &mut Tx<'_>, staff: i64, day: i64) -> Result<Vec<Post>> {
    Ok(store::posts_of(tx, staff)?.into_iter().filter(|post| post.is_held(day)).collect())
}

/// 一个窗口上的岗位，卸任的也在内；综合窗口、A/B 班会有几个。
///
/// # Errors
/// 引擎拒绝。
pub fn posts_at(tx: &mut Tx<'_>, window: i64) -> Result<Vec<Post>> {
    store::posts_at(tx, window)
}

/// 一个单位里有某项权限的岗位。
///
/// # Errors
/// 引擎拒绝。
pub fn posts_with(tx: &mut Tx<'_>, unit: i64, permission: &str, day: i64) -> Result<Vec<i64>> {
    store::posts_with(tx, unit, permission, day)
}

/// 一个县区里有某项权限的岗位，不论在哪个单位。
///
/// # Errors
/// 引擎拒绝。
pub fn posts_in(tx: &mut Tx<'_>, tenant: i64, permission: &str, day: i64) -> Result<Vec<i64>> {
    store::posts_in(tx, tenant, permission, day)
}

/// 任 `other` 的人接得了任 `role` 的人手里的事：同一角色，或 `role` 有的权限他都有。
///
/// # Errors
/// 引擎拒绝。
pub fn stands_in(tx: &mut Tx<'_>, role: &str, other: &str) -> Result<bool> {
    if role == other {
        return Ok(true);
    }
    let (needs, has) = (permissions_of(tx, role)?, permissions_of(tx, other)?);
    Ok(needs.is_subset(&has))
}

/// 一个角色的权限。
///
/// # Errors
/// 引擎拒绝。
pub fn permissions_of(tx: &mut Tx<'_>, role: &str) -> Result<BTreeSet<String>> {
    Ok(store::permissions(tx, role)?.into_iter().collect())
}

/// 下级区划；`after` 是上一页末尾的代码。
///
/// # Errors
/// 引擎拒绝。
pub fn divisions(tx: &mut Tx<'_>, parent: &str, after: &str, limit: i64) -> Result<Vec<Division>> {
    store::divisions(tx, parent, after, limit)
}

/// 一个区划；撤并的给出承接区划。
///
/// # Errors
/// 引擎拒绝。
pub fn division(tx: &mut Tx<'_>, code: &str) -> Result<Option<Division>> {
    store::division(tx, code)
}

/// 范围内的人员，按编码先后；`after` 是上一页末尾的编码。
///
/// # Errors
/// 引擎拒绝。
pub fn staff_list(tx: &mut Tx<'_>, scope: &Scope, filter: &StaffFilter, day: i64, after: &str, limit: i64) -> Result<Vec<Staff>> {
    store::staff_list(tx, scope, filter, day, after, limit)
}

/// 一名工作人员的全部任职，过去的也在。
///
/// # Errors
/// 引擎拒绝。
pub fn posts_ever(tx: &mut Tx<'_>, staff: i64) -> Result<Vec<Post>> {
    store::posts_of(tx, staff)
}

/// 把某个岗位定作 B 岗的在任岗位。
///
/// # Errors
/// 引擎拒绝。
pub fn backed_by(tx: &mut Tx<'_>, post: i64, day: i64) -> Result<Vec<Post>> {
    store::backed_by(tx, post, day)
}

/// 一个县区今天担任某角色的人数，与其中的至多几位。
///
/// # Errors
/// 引擎拒绝。
pub fn holders(tx: &mut Tx<'_>, tenant: i64, role: &str, day: i64, limit: i64) -> Result<(i64, Vec<Staff>)> {
    Ok((store::holders_count(tx, tenant, role, day)?, store::holders(tx, tenant, role, day, limit)?))
}

/// 角色权限的第几版。
///
/// # Errors
/// 引擎拒绝。
pub fn role_version(tx: &mut Tx<'_>, role: &str) -> Result<i64> {
    store::role_version(tx, role)
}

/// 这个自然人是哪一名在岗人员。
///
/// # Errors
/// 引擎拒绝。
pub fn staff_of_person(tx: &mut Tx<'_>, person: i64) -> Result<Option<i64>> {
    store::of_person(tx, person)
}

/// 一个岗位能不能由操作者来给：不能就说为什么。给页面用，命令自己会查。
///
/// # Errors
/// 引擎拒绝。
pub fn givable_roles(tx: &mut Tx<'_>, actor: &tongban_kernel::Actor) -> Result<Vec<&'static model::Role>> {
    let mut found = Vec::new();
    for role in model::roles() {
        let permissions = permissions_of(tx, &role.code)?;
        if crate::rules::may_give(actor, role, &permissions).is_ok() {
            found.push(role);
        }
    }
    Ok(found)
}

/// 成批读人员的（姓名，单位短名）。
///
/// # Errors
/// 引擎拒绝。
pub fn staff_names(tx: &mut Tx<'_>, ids: &[i64]) -> Result<BTreeMap<i64, (String, String)>> {
    store::staff_names(tx, ids)
}

/// 成批读岗位的（岗位名，单位短名）。
///
/// # Errors
/// 引擎拒绝。
pub fn post_names(tx: &mut Tx<'_>, ids: &[i64]) -> Result<BTreeMap<i64, (String, String)>> {
    store::post_names(tx, ids)
}

/// 县区里叫这个名字的人，至多 200 个。
///
/// # Errors
/// 引擎拒绝。
pub fn staff_named(tx: &mut Tx<'_>, tenant: i64, name: &str) -> Result<Vec<i64>> {
    store::staff_named(tx, tenant, name)
}
