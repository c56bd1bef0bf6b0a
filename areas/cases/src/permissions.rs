//! 本区的权限码（accounts §5.2）；角色→权限是参考数据，见 `directory`。

use tongban_kernel::Permission;

/// 查看办件。
pub const READ: Permission = "cases.read";
/// 接件、预审退回、补交登记。
pub const RECEIVE: Permission = "cases.receive";
/// 代申请人提交、补正、撤回。
pub const SUBMIT_FOR: Permission = "cases.submit_for";
/// 受理、一次告知、不予受理。
pub const ACCEPT: Permission = "cases.accept";
/// 承办环节。
pub const HANDLE: Permission = "cases.handle";
/// 审核环节。
pub const REVIEW: Permission = "cases.review";
/// 批准环节：决定、撤销决定。
pub const APPROVE: Permission = "cases.approve";
/// 特别程序。
pub const SUSPEND: Permission = "cases.suspend";
/// 延期（部门负责人）。
pub const EXTEND: Permission = "cases.extend";
/// 出件送达。
pub const DELIVER: Permission = "cases.deliver";
/// 终止。
pub const TERMINATE: Permission = "cases.terminate";
/// 作废。
pub const VOID: Permission = "cases.void";
/// 电子监察：登记与认定异常。
pub const MONITOR: Permission = "cases.monitor";
/// 收法定超期的告知（分管领导）。
pub const ESCALATED: Permission = "cases.escalated";
/// 查看申请人证件号、手机号原值（留痕）。
pub const UNMASK: Permission = "cases.unmask";
/// 把办件派给本单位的人、转办别人手里的件。
pub const ASSIGN: Permission = "cases.assign";
/// 回复其他部门的征求意见。
pub const OPINE: Permission = "cases.opine";
/// 导出省汇聚库的表（含申请人原始信息，留痕）。
pub const EXCHANGE: Permission = "cases.exchange";
/// 配置事项的环节。
pub const CONFIGURE: Permission = "cases.configure";
/// 只有时钟与系统能做；不授予任何角色。
pub const CLOCK: Permission = "cases.clock";

/// 权限码与说明，供角色矩阵。
pub const ALL: &[(Permission, &str)] = &[
    (READ, "查看办件"),
    (RECEIVE, "接件、预审"),
    (SUBMIT_FOR, "代申请人提交"),
    (ACCEPT, "受理、补正告知、不予受理"),
    (HANDLE, "承办"),
    (REVIEW, "审核"),
    (APPROVE, "批准、作出决定"),
    (SUSPEND, "特别程序"),
    (EXTEND, "延期"),
    (DELIVER, "出件送达"),
    (TERMINATE, "终止办件"),
    (VOID, "作废办件"),
    (MONITOR, "电子监察"),
    (ESCALATED, "收法定超期的告知"),
    (UNMASK, "查看申请人原始信息"),
    (ASSIGN, "派件、转办"),
    (OPINE, "回复征求意见"),
    (CONFIGURE, "配置事项环节"),
    (EXCHANGE, "导出汇聚库的表"),
];
