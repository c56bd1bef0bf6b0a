//! 权限码。角色到权限的对应是 directory 的参考数据。

use tongban_kernel::Permission;

/// 看工作台里的事项。
pub const READ: Permission = "items.read";
/// 认领、不认领、撤销认领。
pub const CLAIM: Permission = "items.claim";
/// 编辑、上报、撤回、变更、纠错处理。
pub const EDIT: Permission = "items.edit";
/// 审核通过、驳回、确认不认领、人工抽查。
pub const REVIEW: Permission = "items.review";
/// 发布、退回。
pub const PUBLISH: Permission = "items.publish";
/// 暂停、恢复、取消。
pub const SUSPEND: Permission = "items.suspend";
/// 导入目录与事项。
pub const IMPORT: Permission = "items.import";

/// 全部权限码与中文名。
pub const ALL: &[(Permission, &str)] = &[
    (READ, "查看事项编辑台"),
    (CLAIM, "认领事项"),
    (EDIT, "编辑、上报事项"),
    (REVIEW, "审核事项、抽查指南"),
    (PUBLISH, "发布事项"),
    (SUSPEND, "暂停、恢复、取消事项"),
    (IMPORT, "导入目录与事项"),
];
