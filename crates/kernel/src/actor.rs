//! 操作者：每条命令都知道是谁在做（architecture §1）。

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::problem::Problem;
use crate::scope::Scope;

/// 权限码 `区.动作`，如 `cases.accept`（accounts §5.2）。
pub type Permission = &'static str;

/// 操作者的种类。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ActorKind {
    /// 没有登录的人。
    Anonymous,
    /// 群众或代表企业的经办人。
    Citizen,
    /// 工作人员，以某个岗位的身份。
    Staff,
    /// 评价仪、叫号机等设备。
    Device,
    /// 对接系统（OAuth 客户端）。
    Client,
    /// 时间本身：到期、自动受理、冻结（foundations §5）。
    Clock,
    /// 系统任务与命令行。
    System,
}

/// 正在做事的人或系统，以及他此刻的权限与范围。廉价克隆。
#[derive(Debug, Clone)]
pub struct Actor {
    pub kind: ActorKind,
    /// 账号行键；匿名、时钟、系统为 0。
    pub account: i64,
    /// 自然人行键；没有时为 0。
    pub person: i64,
    /// 以哪个法人的身份办事；个人为 0。
    pub legal_entity: i64,
    /// 实名等级 0–3（accounts §2.1）。
    pub real_level: u8,
    /// 工作人员行键；不是工作人员为 0。
    pub staff: i64,
    /// 当前岗位行键；没有为 0。
    pub post: i64,
    /// 当前任职所在单位的机构行键；没有为 0。
    pub org: i64,
    /// 所属县区（租户）的机构行键。
    pub tenant: i64,
    /// 给人看的名字（已按场合脱敏）。
    pub name: Arc<str>,
    pub roles: Arc<BTreeSet<String>>,
    pub permissions: Arc<BTreeSet<String>>,
    pub scope: Scope,
    /// 要先去办的一页（改掉初始口令、完成实名认证）；办完之前别的工作页都转到那里。没有为 `None`。
    pub detour: Option<&'static str>,
}

impl Actor {
    fn bare(kind: ActorKind, name: &str) -> Self {
        Self {
            kind,
            account: 0,
            person: 0,
            legal_entity: 0,
            real_level: 0,
            staff: 0,
            post: 0,
            org: 0,
            tenant: 0,
            name: name.into(),
            roles: Arc::default(),
            permissions: Arc::default(),
            scope: Scope::default(),
            detour: None,
        }
    }

    /// 没有登录的人。
    #[must_use]
    pub fn anonymous() -> Self {
        Self::bare(ActorKind::Anonymous, "访客")
    }

    /// 时间。
    #[must_use]
    pub fn clock() -> Self {
        Self::bare(ActorKind::Clock, "系统时钟")
    }

    /// 系统任务、命令行与导入；不受权限与范围约束。
    #[must_use]
    pub fn system() -> Self {
        Self::bare(ActorKind::System, "系统")
    }

    /// 群众。
    #[must_use]
    pub fn citizen(account: i64, person: i64, real_level: u8, name: &str) -> Self {
        Self { account, person, real_level, ..Self::bare(ActorKind::Citizen, name) }
    }

    /// 时钟与系统任务：由程序自身发起，不看权限。
    #[must_use]
    pub fn is_internal(&self) -> bool {
        matches!(self.kind, ActorKind::Clock | ActorKind::System)
    }

    #[must_use]
    pub fn is_signed_in(&self) -> bool {
        self.account != 0
    }

    /// 是否有某项权限。时钟与系统总是有。
    #[must_use]
    pub fn may(&self, permission: &str) -> bool {
        self.is_internal() || self.permissions.contains(permission)
    }

    /// 要求某项权限。
    ///
    /// # Errors
    /// 没有登录：`unauthenticated`；没有权限：`forbidden`。
    pub fn require(&self, permission: Permission) -> Result<(), Problem> {
        if self.may(permission) {
            Ok(())
        } else if self.kind == ActorKind::Anonymous {
            Err(Problem::unauthenticated())
        } else {
            Err(Problem::forbidden(permission))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn anonymous_is_asked_to_sign_in_and_others_are_refused() {
        assert_eq!(Actor::anonymous().require("cases.accept").unwrap_err().code.as_str(), "unauthenticated");
        let citizen = Actor::citizen(1, 2, 2, "王*");
        assert_eq!(citizen.require("cases.accept").unwrap_err().code.as_str(), "forbidden");
        assert!(Actor::clock().require("cases.accept").is_ok());
    }
}
