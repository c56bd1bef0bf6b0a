//! 本区记的日志种类与中文名：评价、差评、点评、评价仪；审计页按它显示，记了没有名字的，测试不过。

/// 日志种类与中文名。
pub const EVENTS: &[(&str, &str)] = &[
    ("evaluation.appraisal_settled", "处理综合点评"),
    ("evaluation.appraised", "收到综合点评"),
    ("evaluation.defaulted", "记系统默认评价"),
    ("evaluation.followed_up", "追评"),
    ("evaluation.handled", "处理差评"),
    ("evaluation.inspected", "监督查评"),
    ("evaluation.invited", "邀请评价"),
    ("evaluation.overdue", "差评超期"),
    ("evaluation.pad_bound", "绑定评价仪"),
    ("evaluation.pad_unbound", "解绑评价仪"),
    ("evaluation.push_expired", "推到评价仪没有人评"),
    ("evaluation.pushed", "推到评价仪"),
    ("evaluation.rectified", "差评整改"),
    ("evaluation.standing_reviewed", "审核评价是否有效"),
    ("evaluation.submitted", "收到评价"),
    ("evaluation.text_reviewed", "审核评价文字"),
    ("evaluation.voided", "评价作废"),
    ("evaluation.yellow", "差评将到期"),
    ("points.checked", "检测评价点位"),
    ("points.opened", "设评价点位"),
    ("seats.changed", "窗口岗位配评价仪的变动"),
];
