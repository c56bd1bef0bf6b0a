//! 当事人区告诉大家的：`parties.grant_offered`、`parties.granted`、`parties.grant_declined`、`parties.grant_revoked`
//! 的正文，`subject` 是授权单行键。不含姓名与证件号。

use serde::{Deserialize, Serialize};

/// 一份授权此刻的样子。字段只增不减。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GrantV1 {
    /// `proxy` 家人代办、`agent` 单位授权。
    pub kind: String,
    /// 家人代办的本人；单位授权为 0。
    pub principal: i64,
    /// 授权的单位；家人代办为 0。
    pub legal_entity: i64,
    pub agent: i64,
    /// `apply`、`track`。
    pub scope: String,
    /// 只限哪些事项，空格分隔；空为全部。
    pub items: String,
    pub until_day: i64,
    /// `offered`、`active`、`declined`、`revoked`。
    pub state: String,
    /// 谁先提的：`principal`、`agent`。
    pub asked_by: String,
}
