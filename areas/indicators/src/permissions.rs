//! 本区的权限码。

use tongban_kernel::Permission;

/// 看驾驶舱、指标、排名与下钻。
pub const READ: Permission = "indicators.read";
/// 填报没有数据来源的指标。
pub const REPORT: Permission = "indicators.report";
/// 重算对账。
pub const MANAGE: Permission = "indicators.manage";

/// 权限码与名称。
pub const ALL: &[(Permission, &str)] = &[(READ, "查看驾驶舱"), (REPORT, "填报指标"), (MANAGE, "指标重算与对账")];
