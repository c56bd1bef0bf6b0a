//! 谁能管谁：能给哪些角色、范围能给多大（accounts §5.2“组织”一栏）。纯函数。
//!
//! 系统管理员管全部，行政审批局管理员管县区内，部门管理员管本部门人员，乡镇事项员管本镇。

use std::collections::BTreeSet;

use tongban_kernel::{Actor, Depth, Place};

use crate::model::{FOREVER, NewStaff, Role};
use tongban_kernel::codes;
use tongban_kernel::problem::Checks;

/// 能用来管人、管权限、管系统的权限码：自己没有的，不能经角色给别人。
pub const GUARDED: &[&str] =
    &["directory.manage", "directory.roles", "directory.staff", "messages.webhooks", "parties.manage", "system.audit", "system.manage"];

/// 只在本单位行使、但要由县区任命的角色：延期、作废、终止的批准人。
const APPOINTED_ABOVE: &[&str] = &["dept_head"];

/// 系统管理员的角色代码。
pub const SYS_ADMIN: &str = "sys_admin";

/// 系统管理员去不掉的权限：去掉了就没有人能改回来。
pub const KEPT: &[&str] = &["directory.read", "directory.roles", "directory.staff"];

/// 管全县区的人。
fn is_county(actor: &Actor) -> bool {
    actor.is_internal() || actor.scope.reaches().iter().any(|reach| reach.depth == Depth::Tenant)
}

/// 能不能给这个角色；`permissions` 是角色现有的权限。不能就说为什么。
///
/// # Errors
/// 一句话：为什么不能给、该找谁。
pub fn may_give(actor: &Actor, role: &Role, permissions: &BTreeSet<String>) -> Result<(), String> {
    if actor.is_internal() {
        return Ok(());
    }
    if GUARDED.iter().any(|code| permissions.contains(*code) && !actor.may(code)) {
        return Err(format!("“{}”能管您管不了的事，只有系统管理员能给", role.name));
    }
    if !is_county(actor) && (role.reach == Depth::Tenant || APPOINTED_ABOVE.contains(&role.code.as_str())) {
        return Err(format!("“{}”由行政审批局管理员或系统管理员给", role.name));
    }
    Ok(())
}

/// 能不能让岗位看这么远：不许远过自己。
#[must_use]
pub fn may_reach(actor: &Actor, place: &Place, reach: Depth) -> bool {
    actor.is_internal()
        || actor.scope.reaches().iter().any(|own| match own.depth {
            Depth::Tenant => place.tenant == own.id,
            Depth::Unit => place.unit == own.id && reach != Depth::Tenant,
            Depth::Org => place.org == own.id && reach == Depth::Org,
        })
}

/// 一名工作人员填得对不对；`today` 形如 20261123。
pub fn check_staff(new: &NewStaff, today: i64, checks: &mut Checks) -> String {
    let name = checks.take("name", codes::person_name(&new.name)).unwrap_or_default();
    checks.ensure(is_code(&new.code), "code", "format", "人员编码用 2–30 个字母、数字、短横线或下划线");
    let day = tongban_kernel::time::from_day_number(new.joined_day);
    checks.ensure(day.is_some(), "joined", "date", "请填入职日期，如 2026-11-23");
    checks.ensure(day.is_none() || (19_500_101..=today).contains(&new.joined_day), "joined", "range", "入职日期不能在今天之后，也不能早于 1950 年");
    checks.ensure((0..=3).contains(&new.real_level), "real_level", "choice", "请选实名等级");
    name
}

/// 人员编码、登录名的写法。
#[must_use]
pub fn is_code(text: &str) -> bool {
    (2..=30).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

/// 任职的起止对不对。
pub fn check_days(from: i64, to: i64, checks: &mut Checks) {
    let real = |day: i64| tongban_kernel::time::from_day_number(day).is_some();
    checks.ensure(real(from), "from", "date", "请填从哪天起，如 2026-11-23");
    checks.ensure(to == FOREVER || real(to), "to", "date", "到哪天为止要写成 2026-12-31 这样，一直任职就空着");
    checks.ensure(!real(from) || to >= from, "to", "range", "到期日不能早于开始的日子");
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::{built_in_roles, role};
    use tongban_kernel::{ActorKind, Scope};

    fn acting(code: &str, scope: Scope) -> Actor {
        let permissions = role(code).unwrap().permissions.iter().cloned().collect();
        Actor { kind: ActorKind::Staff, permissions: Arc::new(permissions), scope, ..Actor::anonymous() }
    }

    fn given_by(actor: &Actor) -> Vec<String> {
        let roles = built_in_roles().unwrap();
        roles.into_iter().filter(|role| may_give(actor, role, &role.permissions.iter().cloned().collect()).is_ok()).map(|role| role.code).collect()
    }

    #[test]
    fn nobody_gives_more_than_the_specification_lets_him() {
        let everything = built_in_roles().unwrap().len();
        assert_eq!(given_by(&acting("sys_admin", Scope::tenant(1))).len(), everything, "系统管理员管全部");
        let bureau = given_by(&acting("bureau_admin", Scope::tenant(1)));
        assert!(bureau.iter().any(|code| code == "dept_head") && bureau.iter().any(|code| code == "leader"));
        for above in ["sys_admin", "security_admin", "auditor"] {
            assert!(!bureau.iter().any(|code| code == above), "行政审批局管理员给不了 {above}");
        }
        let department = given_by(&acting("dept_admin", Scope::unit(2)));
        assert!(department.iter().any(|code| code == "window_clerk") && department.iter().any(|code| code == "handler"));
        for above in ["sys_admin", "bureau_admin", "security_admin", "auditor", "leader", "monitor", "dept_head", "inspector"] {
            assert!(!department.iter().any(|code| code == above), "部门管理员给不了 {above}");
        }
        assert_eq!(given_by(&acting("town_editor", Scope::unit(3))), department, "乡镇事项员在本镇与部门管理员一样");
    }

    #[test]
    fn a_changed_matrix_does_not_open_a_back_door() {
        let clerk = role("window_clerk").unwrap();
        let stronger: BTreeSet<String> = clerk.permissions.iter().cloned().chain(["directory.roles".to_owned()]).collect();
        assert!(may_give(&acting("dept_admin", Scope::unit(2)), clerk, &stronger).is_err());
        assert!(may_give(&acting("sys_admin", Scope::tenant(1)), clerk, &stronger).is_ok());
    }

    #[test]
    fn a_post_never_sees_further_than_its_giver() {
        let place = Place { tenant: 1, unit: 2, org: 3 };
        let reaches = |scope: Scope| [Depth::Tenant, Depth::Unit, Depth::Org].map(|reach| may_reach(&acting("dept_admin", scope.clone()), &place, reach));
        assert_eq!(reaches(Scope::tenant(1)), [true, true, true]);
        assert_eq!(reaches(Scope::unit(2)), [false, true, true]);
        assert_eq!(reaches(Scope::new([tongban_kernel::Reach { depth: Depth::Org, id: 3 }])), [false, false, true]);
        assert_eq!(reaches(Scope::unit(9)), [false, false, false]);
    }

    #[test]
    fn every_mistake_about_a_person_is_told_at_once() {
        let mut checks = Checks::new();
        check_staff(&NewStaff { org: 1, code: "工号".into(), name: "".into(), joined_day: 20_990_101, real_level: 9 }, 20_261_123, &mut checks);
        let problem = checks.finish().unwrap_err();
        let fields: Vec<&str> = problem.errors.iter().map(|e| e.field()).collect();
        assert_eq!(fields, ["name", "code", "joined", "real_level"]);
    }
}
