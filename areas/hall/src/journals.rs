//! 本区记的日志种类与中文名：预约、取号、叫号；审计页按它显示，记了没有名字的，测试不过。

/// 日志种类与中文名。
pub const EVENTS: &[(&str, &str)] = &[
    ("hall.booked", "预约"),
    ("hall.called", "叫号"),
    ("hall.cancelled", "取消预约"),
    ("hall.late", "过号作废"),
    ("hall.moved", "顺延、转窗口"),
    ("hall.planned", "定放号安排"),
    ("hall.served", "办完叫号"),
    ("hall.taken", "取号"),
];
