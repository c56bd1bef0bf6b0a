//! 事项区告诉大家的：每条 `items.*` 日志（办理项的）的 `changed` 都是 [`ItemChangedV1`]，`subject` 是办理项行键。
//!
//! 种类：`items.claimed` `items.edited` `items.reported` `items.report_withdrawn` `items.approved` `items.rejected`
//! `items.sent_back` `items.scheduled` `items.published` `items.revising` `items.revision_abandoned` `items.suspended`
//! `items.resumed` `items.cancelled` `items.checked` `items.unclaimed`。不含个人信息。

use serde::{Deserialize, Serialize};

/// 办理项此刻的样子。字段只增不减。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ItemChangedV1 {
    /// 33 位事项编码与名称。
    pub code: String,
    pub name: String,
    pub dept_name: String,
    pub tenant: i64,
    pub unit: i64,
    pub org: i64,
    /// 状态标识，如 `active`；有修订稿时另有 `revision`。
    pub state: String,
    pub revision: String,
    /// 已发布的版本；0 = 从未发布。
    pub edition: i64,
    /// 驳回、暂停、取消时的话。
    pub reason: String,
}
