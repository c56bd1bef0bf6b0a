//! 好差评区告诉大家的：`evaluation.submitted` 的 `changed`（由 `journal_facts` 记）。
//!
//! 其余种类：`evaluation.invited` `evaluation.followed_up` `evaluation.handled` `evaluation.rectified`
//! `evaluation.yellow` `evaluation.overdue` `evaluation.text_reviewed` `evaluation.standing_reviewed` `evaluation.voided`。

use serde::{Deserialize, Serialize};

/// 一条首评。不含文字与评价人。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct EvaluationSubmittedV1 {
    /// 办件行键与编号。
    pub case: i64,
    pub case_no: String,
    /// 评价编号 `办件编号-节点-次序`。
    pub no: String,
    pub item_code: String,
    /// 1 收件 2 受理 3 办结。
    pub node: i64,
    /// 5 非常满意 … 1 非常不满意。
    pub satisfaction: i64,
    pub channel: i64,
    /// 差评生成的工单编号。
    pub bad_task: Option<String>,
    pub org: i64,
}
