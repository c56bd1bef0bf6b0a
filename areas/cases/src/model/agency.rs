//! 代办：谁替申请人交的、凭哪份授权。

use serde::{Deserialize, Serialize};

/// 一次代办。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agency {
    /// 代办人在 parties 的行键。
    pub agent: i64,
    pub name: String,
    /// 与申请人的关系代码。
    pub relation: String,
    /// 授权单号。
    pub grant: i64,
}
