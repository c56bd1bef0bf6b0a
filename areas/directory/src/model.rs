//! 目录区的类型：机构、人员、岗位、窗口、服务点、角色。

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use tongban_kernel::{Depth, Place, Reach, Scope};

/// 机构的种类（accounts §4.2）。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OrgKind {
    pub code: i64,
    pub name: &'static str,
}

/// 机构种类代码表。
pub const ORG_KINDS: &[OrgKind] = &[
    OrgKind { code: 1, name: "党委" },
    OrgKind { code: 2, name: "政府部门" },
    OrgKind { code: 3, name: "部门管理机构" },
    OrgKind { code: 4, name: "事业单位" },
    OrgKind { code: 5, name: "乡镇街道" },
    OrgKind { code: 6, name: "村社区" },
    OrgKind { code: 7, name: "政务大厅、便民服务中心" },
    OrgKind { code: 8, name: "垂直管理单位" },
    OrgKind { code: 9, name: "公用事业单位" },
    OrgKind { code: 10, name: "中介机构" },
];

/// 县区本级（租户根）的种类码；不在国标表里，本平台自用。
pub const KIND_TENANT: i64 = 0;
/// 乡镇街道。
pub const KIND_TOWN: i64 = 5;
/// 村社区。
pub const KIND_VILLAGE: i64 = 6;
/// 政务大厅、便民服务中心（含撤并乡镇保留的服务点）。
pub const KIND_HALL: i64 = 7;

/// 机构种类的名字。
#[must_use]
pub fn kind_name(code: i64) -> &'static str {
    if code == KIND_TENANT {
        return "县区";
    }
    ORG_KINDS.iter().find(|kind| kind.code == code).map_or("其他", |kind| kind.name)
}

/// 机构。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Org {
    pub id: i64,
    pub tenant: i64,
    /// 所属部门或乡镇；部门、乡镇是自己。
    pub unit: i64,
    /// 上级机构；县区本级为 0。
    pub parent: i64,
    pub name: String,
    pub short_name: String,
    /// 机构种类码，县区本级为 [`KIND_TENANT`]。
    pub kind: i64,
    /// 统一社会信用代码；未核定为空。
    pub code: String,
    /// 12 位区划。
    pub division: String,
    /// 文书代字，如 `广昭审`。
    pub doc_prefix: String,
    pub phone: String,
    pub complaint_phone: String,
    pub address: String,
    pub hours: String,
    /// 1 在用 0 撤销。
    pub status: i64,
    /// 保留的撤并乡镇区划；没有为空。
    pub legacy_division: String,
    pub version: i64,
}

impl Org {
    #[must_use]
    pub fn place(&self) -> Place {
        Place { tenant: self.tenant, unit: self.unit, org: self.id }
    }

    /// 是否部门或乡镇一级。
    #[must_use]
    pub fn is_unit(&self) -> bool {
        self.unit == self.id
    }
}

/// 新机构。`parent` 为 0 建县区本级。
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct NewOrg {
    pub parent: i64,
    pub name: String,
    pub short_name: String,
    pub kind: i64,
    pub code: String,
    pub division: String,
    pub doc_prefix: String,
    pub phone: String,
    pub complaint_phone: String,
    pub address: String,
    pub hours: String,
    pub legacy_division: String,
}

/// 服务点。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    pub id: i64,
    pub org: i64,
    pub name: String,
    pub address: String,
    pub phone: String,
    pub hours: String,
    pub note: String,
    pub division: String,
}

/// 窗口。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    pub id: i64,
    pub org: i64,
    pub site: i64,
    /// 窗口号，如 `03`。
    pub number: String,
    pub name: String,
    /// 是否综合窗口。
    pub comprehensive: bool,
}

/// 工作人员。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Staff {
    pub id: i64,
    pub tenant: i64,
    pub unit: i64,
    pub org: i64,
    pub code: String,
    pub name: String,
    /// 自然人行键；未实名为 0。
    pub person: i64,
    pub real_level: i64,
    pub active: bool,
    pub joined_day: i64,
    pub real_day: Option<i64>,
    pub left_day: Option<i64>,
    pub version: i64,
    /// 为什么停用：[`STOPPED_LEFT`]、[`STOPPED_UNVERIFIED`]；在岗为空。
    pub stopped: String,
}

/// 离职。
pub const STOPPED_LEFT: &str = "left";
/// 登录之后七天没有完成实名认证（accounts §5.1）。
pub const STOPPED_UNVERIFIED: &str = "unverified";
/// 指标算“已实名”的等级：中级（accounts §5.1）。
pub const REAL: i64 = 2;
/// 一直任职。
pub const FOREVER: i64 = 99_991_231;

impl Staff {
    /// 在岗、离职、未实名停用。
    #[must_use]
    pub fn state(&self) -> &'static str {
        match self.stopped.as_str() {
            STOPPED_UNVERIFIED => "未实名停用",
            _ if self.active => "在岗",
            _ => "离职停用",
        }
    }

    #[must_use]
    pub fn place(&self) -> Place {
        Place { tenant: self.tenant, unit: self.unit, org: self.org }
    }

    /// 指标要的事实。
    #[must_use]
    pub fn facts(&self) -> Facts {
        Facts {
            org: self.org,
            joined: self.joined_day,
            left: self.left_day,
            real: self.real_day.filter(|_| self.real_level >= REAL),
        }
    }
}

/// 一名工作人员对指标的事实（accounts §5.1）。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub org: i64,
    /// 启用账号的日子。
    pub joined: i64,
    /// 停用的日子。
    pub left: Option<i64>,
    /// 实名达到中级的日子。
    pub real: Option<i64>,
}

/// 岗位：一名工作人员在一个机构的一项任职。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    pub id: i64,
    pub tenant: i64,
    pub unit: i64,
    pub org: i64,
    pub staff: i64,
    /// 角色代码（accounts §5.2）。
    pub role: String,
    pub title: String,
    /// 窗口行键；不在窗口为 `None`。
    pub window: Option<i64>,
    /// B 岗的岗位行键。
    pub backup: Option<i64>,
    /// A 岗请假或离岗。
    pub away: bool,
    /// 看到哪里：`tenant` 全县、`unit` 本单位、`org` 本机构。
    pub reach: Depth,
    pub from_day: i64,
    /// 到哪天为止；一直任职为 99991231。
    pub to_day: i64,
    pub version: i64,
}

impl Post {
    /// 这个岗位的数据范围。
    #[must_use]
    pub fn scope(&self) -> Scope {
        let id = match self.reach {
            Depth::Tenant => self.tenant,
            Depth::Unit => self.unit,
            Depth::Org => self.org,
        };
        Scope::new([Reach { depth: self.reach, id }])
    }

    #[must_use]
    pub fn place(&self) -> Place {
        Place { tenant: self.tenant, unit: self.unit, org: self.org }
    }

    /// 给人看的岗位名；没有起名的用角色的中文名。
    #[must_use]
    pub fn shown_title(&self) -> &str {
        if self.title.is_empty() || self.title == self.role { role_name(&self.role) } else { &self.title }
    }

    /// 某日是否在任。
    #[must_use]
    pub fn is_held(&self, day: i64) -> bool {
        (self.from_day..=self.to_day).contains(&day)
    }
}

/// 新任职。
#[derive(Debug, Clone)]
pub struct NewPost {
    pub staff: i64,
    pub org: i64,
    pub role: String,
    pub title: String,
    pub window: Option<i64>,
    pub reach: Depth,
}

/// 新任职的全部：起止与 B 岗。
#[derive(Debug, Clone)]
pub struct Appointment {
    pub post: NewPost,
    pub from_day: i64,
    pub to_day: i64,
    pub backup: Option<i64>,
}

/// 改一个岗位：角色与机构不改，要换就结束旧的、另任一个。
#[derive(Debug, Clone)]
pub struct PostChange {
    pub title: String,
    pub window: Option<i64>,
    pub backup: Option<i64>,
    pub away: bool,
    pub reach: Depth,
    pub from_day: i64,
    pub to_day: i64,
}

/// 新的工作人员，也是改一名工作人员时的全部内容。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewStaff {
    pub org: i64,
    pub code: String,
    pub name: String,
    pub joined_day: i64,
    pub real_level: i64,
}

/// 角色：代码、中文名、默认看到哪里。
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Role {
    pub code: String,
    pub name: String,
    pub reach: Depth,
    /// 默认权限；管理员改过之后以库里为准。
    pub permissions: Vec<String>,
}

/// 内置的角色表（`reference/roles.yaml`）。
///
/// # Errors
/// 文件写错。
pub fn built_in_roles() -> Result<Vec<Role>, serde_yaml_ng::Error> {
    #[derive(Deserialize)]
    struct File {
        roles: Vec<Role>,
    }
    Ok(serde_yaml_ng::from_str::<File>(include_str!("../../../reference/roles.yaml"))?.roles)
}

static ROLES: LazyLock<Vec<Role>> = LazyLock::new(|| {
    built_in_roles().unwrap_or_else(|error| {
        tracing::error!(%error, "内置角色表读不懂");
        Vec::new()
    })
});

/// 全部角色，读一次记住。
#[must_use]
pub fn roles() -> &'static [Role] {
    &ROLES
}

/// 一个角色。
#[must_use]
pub fn role(code: &str) -> Option<&'static Role> {
    roles().iter().find(|role| role.code == code)
}

/// 角色的中文名；不认识的照写代码。
#[must_use]
pub fn role_name(code: &str) -> &str {
    role(code).map_or(code, |role| role.name.as_str())
}

/// 数据范围的中文。
#[must_use]
pub const fn reach_name(reach: Depth) -> &'static str {
    match reach {
        Depth::Tenant => "全县区",
        Depth::Unit => "本单位",
        Depth::Org => "本机构",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_roles_read_and_are_distinct() {
        let roles = built_in_roles().unwrap();
        let mut codes: Vec<&str> = roles.iter().map(|role| role.code.as_str()).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), roles.len());
        for wanted in ["sys_admin", "bureau_admin", "window_clerk", "approver", "leader", "inspector"] {
            assert!(codes.contains(&wanted), "{wanted}");
        }
    }

    #[test]
    fn a_post_sees_as_far_as_its_reach() {
        let post = Post {
            id: 1,
            tenant: 10,
            unit: 20,
            org: 30,
            staff: 1,
            role: "handler".into(),
            title: String::new(),
            window: None,
            backup: None,
            away: false,
            reach: Depth::Unit,
            from_day: 20_260_101,
            to_day: FOREVER,
            version: 1,
        };
        assert_eq!(post.shown_title(), "承办", "没有起名的岗位显示角色的中文名");
        assert!(post.scope().covers(&Place { tenant: 10, unit: 20, org: 31 }));
        assert!(!post.scope().covers(&Place { tenant: 10, unit: 21, org: 30 }));
        assert!(post.is_held(20_261_122) && !post.is_held(20_251_231));
    }
}
