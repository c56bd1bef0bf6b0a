//! 本区记的日志种类与中文名：事件推送；审计页按它显示，记了没有名字的，测试不过。

/// 日志种类与中文名。
pub const EVENTS: &[(&str, &str)] = &[
    ("messages.webhook_disabled", "停用事件推送"),
    ("messages.webhook_enabled", "启用事件推送"),
    ("messages.webhook_failed", "事件推送停掉"),
    ("messages.webhook_redelivered", "重投事件"),
    ("messages.webhook_removed", "删除事件推送"),
    ("messages.webhook_rotated", "换推送密钥"),
    ("messages.webhook_subscribed", "订阅事件推送"),
    ("messages.webhook_tested", "发测试事件"),
];
