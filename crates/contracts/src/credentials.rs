//! 证照区告诉大家的：每条 `credentials.licence` 日志的 `changed` 都是 [`LicenceV1`]（`subject` 是证照行键）。

use serde::{Deserialize, Serialize};

/// 一张证照走了哪一步。字段只增不减，不含个人信息。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct LicenceV1 {
    /// 证照标识与类型名称。
    pub identifier: String,
    pub kind: String,
    /// 这一步，如 `sign` 签发。
    pub action: String,
    /// 出这张证照的办件；补录的为空。
    pub case_no: String,
}
