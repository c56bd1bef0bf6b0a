//! 本区记的日志种类与中文名：证照、印章、亮证；审计页按它显示，记了没有名字的，测试不过。

/// 日志种类与中文名。
pub const EVENTS: &[(&str, &str)] = &[
    ("credentials.batch", "成批证照"),
    ("credentials.claimed", "认领证照"),
    ("credentials.grant_revoked", "撤销用印授权"),
    ("credentials.kind_created", "建证照类型"),
    ("credentials.kind_saved", "改证照类型"),
    ("credentials.licence", "证照变动"),
    ("credentials.looked", "查看证照"),
    ("credentials.passcode", "设亮证口令"),
    ("credentials.province", "导入省级证照目录"),
    ("credentials.province_dropped", "撤下省级证照目录"),
    ("credentials.quota", "定应录数"),
    ("credentials.seal", "印章变动"),
    ("credentials.seal_refused", "用印被拒"),
    ("credentials.show", "亮证"),
    ("credentials.stamped", "用印"),
    ("credentials.waived", "免交证照"),
];
