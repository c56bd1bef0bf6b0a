//! 本区的权限码（accounts §5.2：权限码 = `区.动作`）。

use tongban_kernel::Permission;

/// 看本范围内的评价与差评工单。
pub const READ: Permission = "evaluation.read";
/// 窗口推送评价、打印评价码、绑定与解除评价仪。
pub const INVITE: Permission = "evaluation.invite";
/// 补录电话、纸质评价，带凭据。
pub const RECORD: Permission = "evaluation.record";
/// 差评联系、核实、整改、申诉。
pub const HANDLE: Permission = "evaluation.handle";
/// 整改审核、申诉复核、可疑评价复核、文字审核。
pub const REVIEW: Permission = "evaluation.review";
/// 回访评价人。
pub const REVISIT: Permission = "evaluation.revisit";

/// 录入与复核监督查评的检查单。
pub const INSPECT: Permission = "evaluation.inspect";

/// 权限码与名称。
pub const ALL: &[(Permission, &str)] = &[
    (READ, "查看评价"),
    (INVITE, "发起评价"),
    (RECORD, "补录评价"),
    (HANDLE, "差评整改"),
    (REVIEW, "整改审核与申诉复核"),
    (INSPECT, "监督查评"),
    (REVISIT, "差评回访"),
];
