//! 本区记的日志种类与中文名：通报与核对；审计页按它显示，记了没有名字的，测试不过。

/// 日志种类与中文名。
pub const EVENTS: &[(&str, &str)] = &[
    ("indicators.mismatch", "指标核对出不符"),
    ("indicators.reported", "发布指标通报"),
];
