//! 大厅区告诉大家的：`hall.served` 的正文，`subject` 是号票行键。没有办件的评价以它为键。不含个人信息。

use serde::{Deserialize, Serialize};

/// 一个号办完了。字段只增不减。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ServedV1 {
    /// 如 `A012`，当日当服务点唯一。
    pub number: String,
    /// 形如 20261123。
    pub day: i64,
    pub site: i64,
    pub window: i64,
    pub staff: i64,
    pub staff_code: String,
    /// 以哪个岗位办的。
    pub post: i64,
    pub tenant: i64,
    pub unit: i64,
    pub org: i64,
    /// 办什么事，取号时说的一句话。
    pub matter: String,
    /// 线上取号的账号；现场取的为 0。
    pub account: i64,
}

/// 没有办件的评价以号票为键，编号这样写；`ticket` 是号票行键。
#[must_use]
pub fn rating_key(day: i64, number: &str, ticket: i64) -> String {
    format!("{TICKET}{day}-{number}-{ticket}")
}

/// 以号票为键的编号的开头，办件编号不会这样开头。
pub const TICKET: &str = "PH-";
