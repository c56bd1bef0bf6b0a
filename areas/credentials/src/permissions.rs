//! 本区的权限码（accounts §5.2：权限码 = `区.动作`）。

use tongban_kernel::Permission;

/// 看印章台账与用印日志。
pub const SEAL_READ: Permission = "credentials.seal_read";
/// 申请印章。
pub const SEAL_APPLY: Permission = "credentials.seal_apply";
/// 审核印章申请、注销。
pub const SEAL_REVIEW: Permission = "credentials.seal_review";
/// 制章、导入成品印章、导入省统计表。
pub const SEAL_MAKE: Permission = "credentials.seal_make";
/// 授权、启用、停用。
pub const SEAL_KEEP: Permission = "credentials.seal_keep";
/// 看证照。
pub const READ: Permission = "credentials.read";
/// 录入证照。
pub const ENTER: Permission = "credentials.enter";
/// 复核证照、送去用印。
pub const REVIEW: Permission = "credentials.review";
/// 暂扣、注销、撤销。
pub const REVOKE: Permission = "credentials.revoke";
/// 管理证照类型与应录数。
pub const MANAGE: Permission = "credentials.manage";
/// 登记核验员：扫码看全部授权字段。
pub const VERIFY: Permission = "credentials.verify";

/// 权限码与名称。
pub const ALL: &[(Permission, &str)] = &[
    (SEAL_READ, "查看印章台账"),
    (SEAL_APPLY, "申请印章"),
    (SEAL_REVIEW, "审核印章申请"),
    (SEAL_MAKE, "制作印章"),
    (SEAL_KEEP, "印章授权与启停"),
    (READ, "查看证照"),
    (ENTER, "录入证照"),
    (REVIEW, "复核证照"),
    (REVOKE, "暂扣与注销证照"),
    (MANAGE, "管理证照类型"),
    (VERIFY, "核验亮证"),
];
