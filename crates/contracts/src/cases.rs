//! 办件区告诉大家的：每条 `cases.*` 日志的 `changed` 都是 [`CaseNodeV1`]（由 `journal_facts` 记，`subject` 是办件行键）。
//!
//! 种类：`cases.submitted` `cases.received` `cases.correcting` `cases.supplied` `cases.accepted` `cases.suspended`
//! `cases.resumed` `cases.forwarded` `cases.extended` `cases.decided` `cases.delivered` `cases.not_accepted`
//! `cases.withdrawn` `cases.returned` `cases.terminated` `cases.voided` `cases.revoked` `cases.yellow` `cases.overdue`
//! `cases.checked` `cases.anomaly`。不含任何个人信息。

use serde::{Deserialize, Serialize};

/// 办件此刻的样子与这一步是谁办的。字段只增不减。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CaseNodeV1 {
    pub case_no: String,
    /// 33 位事项编码与事项名称。
    pub item_code: String,
    pub item_name: String,
    /// 12 位区划。
    pub region: String,
    /// 实施主体信用代码，18 位。
    pub dept_code: String,
    pub tenant: i64,
    pub unit: i64,
    pub org: i64,
    pub org_name: String,
    /// 状态标识，如 `accepted`。
    pub state: String,
    /// 网上申请（渠道 1、2、6、9）。
    pub online: bool,
    /// 即办件。
    pub instant: bool,
    /// 申请人是法人。
    pub legal: bool,
    /// 申请人在 parties 的行键；不知道为 0。
    pub person: i64,
    pub legal_entity: i64,
    /// 提交申请的账号；窗口代为登记的为 0。
    pub account: i64,
    /// 替申请人做这一步的人：代办的家人、单位的经办人；本人做的为 0。
    pub agent: i64,
    /// 这一步在窗口是谁办的；网上为 0。
    pub window: i64,
    pub staff: i64,
    pub staff_code: String,
    /// 以哪个岗位办的；网上为 0。
    pub post: i64,
    /// 到期时刻，毫秒。
    pub due: Option<i64>,
    /// `granted` 准予、`denied` 不予。
    pub outcome: Option<String>,
    /// 作出决定的业务时间，毫秒；补录件早于记录时间。
    pub decided_at: Option<i64>,
    /// 监察异常编号，如 `M09`。
    pub anomaly: Option<String>,
    /// 准予后要出的证照名称。
    pub licence: Option<String>,
    /// 办件与评价都不公开：涉密、信访举报类事项，未成年人的。
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub withheld: bool,
}
