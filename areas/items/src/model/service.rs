//! 指南里材料、时限之外的服务要素（items §4.2、§4.3、§4.8、§4.9）：都可以不填。

use serde::{Deserialize, Serialize};

use super::codes::{ContactWay, PowerKind, SealMode};

/// 服务要素。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// 权力属性（选用）。
    pub power_kind: Option<PowerKind>,
    /// 移动端办理地址。
    pub mobile_url: String,
    /// 移动端对接单点登录。
    pub mobile_login: bool,
    /// 自然人、法人的地方特色主题。
    pub person_local_theme: String,
    pub corp_local_theme: String,
    /// 在综合窗口收件。
    pub comprehensive_window: bool,
    /// 盖哪一枚章（cases §6）。
    pub seal_mode: Option<SealMode>,
    /// 有 A、B 岗。
    pub ab_post: bool,
    /// 村（社区）代办点：不另建实施编码（items §1）。
    pub agents: Vec<AgentPoint>,
    /// 材料可以邮寄交来。
    pub mail_materials: bool,
    /// 申请人依法享有的权利、要尽的义务，一条一句。
    pub rights: Vec<String>,
    pub duties: Vec<String>,
    /// 中央业务指导部门。
    pub guiding_dept: String,
    /// 流程图在文件库里的名字。
    pub flow_chart: String,
    /// 电话之外的咨询、投诉渠道。
    pub consult: Vec<Contact>,
    pub supervise: Vec<Contact>,
    /// 处罚的行为、种类、幅度（处罚类）。
    pub punishment: String,
    /// 征收种类；可否减免（征收类）。
    pub levy_kind: String,
    pub levy_reducible: bool,
    /// 计划生效、计划取消日期 2026-12-01；没有为空。
    pub plan_effective: String,
    pub plan_cancel: String,
    /// 交换来的扩展字段，原样留着。
    pub extend: String,
}

/// 一个代办点。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AgentPoint {
    pub town: String,
    pub town_code: String,
    pub village: String,
    pub village_code: String,
    pub address: String,
    pub phone: String,
}

/// 一种联系办法。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contact {
    pub way: ContactWay,
    pub value: String,
}
