//! 页面与接口共用的一个入口：动作名 + 一份内容 → 对应的命令。

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tongban_kernel::{Actor, Problem};

use crate::pages::time;
use tongban_store::{Result, Tx};

use crate::commands::{
    self, Amendable, Amendment, Consult, Correct, Decide, Deliver, Ending, Extend, Forward, Propose, Refuse, StartProcedure, Supply, SuppliedMaterial, Transfer,
};
use crate::model::{Action, Case, Delivery, Outcome, Step, TRANSITIONS, Who, allowed_actions};
use crate::permissions as can;
use crate::store::CorrectionPoint;

/// 动作的内容；每个动作只看自己要的几项。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct ActionInput {
    /// 打开时看到的版本号；也可以用 `If-Match` 给。
    pub version: Option<i64>,
    /// 意见、理由、原因、结果。
    #[schema(max_length = 2000)]
    pub reason: String,
    /// 决定：`granted` 准予、`denied` 不予。
    #[schema(max_length = 20)]
    pub outcome: String,
    /// 送达方式：`electronic`、`pickup`、`post`。
    #[schema(max_length = 20)]
    pub way: String,
    /// 签收人。
    #[schema(max_length = 100)]
    pub receiver: String,
    /// 邮寄单号或说明。
    #[schema(max_length = 200)]
    pub note: String,
    /// 补正期限、延期天数、特别程序所需工作日。
    #[schema(maximum = 365)]
    pub days: u32,
    /// 特别程序种类 21–32。
    pub kind: u8,
    /// 特别程序是否出书面告知书。
    pub notice: bool,
    /// 不予受理时应向哪个机关申请。
    #[schema(max_length = 100)]
    pub redirect: String,
    /// 一次告知的各条。
    #[schema(max_items = 50)]
    pub points: Vec<PointInput>,
    /// 转给谁（工作人员编号）；0 为自己接办。
    pub to: i64,
    /// 征求哪些机构的意见。
    #[schema(max_items = 20)]
    pub orgs: Vec<i64>,
    /// 现场核查的核查人，两人以上。
    #[schema(max_length = 200)]
    pub visitors: String,
    /// 更正哪一项：`accepted_at`、`decided_at`。
    #[schema(max_length = 20)]
    pub field: String,
    /// 更正为什么时间，如 `2026-11-20 09:30`。
    #[schema(max_length = 25)]
    pub moment: String,
    /// 不同意别人的申请。
    pub reject: bool,
    /// 窗口代收的纸质材料短名。
    #[schema(max_items = 50)]
    pub paper: Vec<String>,
}

/// 一次告知的一条。
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PointInput {
    /// 材料短名；不针对某份材料时为空。
    #[schema(max_length = 64)]
    pub material: String,
    #[schema(max_length = 200)]
    pub name: String,
    #[schema(max_length = 500)]
    pub problem: String,
    #[schema(max_length = 500)]
    pub remedy: String,
}

impl ActionInput {
    fn ending(&self, version: i64) -> Ending {
        Ending { version, reason: self.reason.clone() }
    }

    fn supply(&self, version: i64) -> Supply {
        let materials = self.paper.iter().map(|key| SuppliedMaterial { key: key.clone(), paper: true, ..SuppliedMaterial::default() }).collect();
        Supply { version, materials, note: self.reason.clone() }
    }

    fn correct(&self, version: i64) -> Correct {
        let point = |p: &PointInput| CorrectionPoint {
            material: p.material.clone(),
            name: if p.name.is_empty() { "申请内容".to_owned() } else { p.name.clone() },
            problem: p.problem.trim().to_owned(),
            remedy: p.remedy.trim().to_owned(),
        };
        Correct { version, points: self.points.iter().map(point).collect(), days: self.days }
    }

    fn forward(&self, version: i64) -> Forward {
        Forward { version, opinion: self.reason.clone(), visitors: self.visitors.clone(), ..Forward::default() }
    }

    fn propose(&self, version: i64) -> Result<Propose, Problem> {
        let amendment = match (Amendable::parse(&self.field), self.moment.trim()) {
            (Some(field), text) if !text.is_empty() => {
                let to = time::moment(text).ok_or_else(|| Problem::field("moment", "time", "时间要写成 2026-11-20 09:30"))?;
                Some(Amendment { field, to })
            }
            (None, text) if !text.is_empty() => return Err(Problem::field("field", "choice", "请选择更正哪一项")),
            _ => None,
        };
        Ok(Propose { version, reason: self.reason.clone(), amendment, reject: self.reject })
    }

    fn decide(&self, version: i64) -> Result<Decide, Problem> {
        let outcome = Outcome::parse(&self.outcome)
            .ok_or_else(|| Problem::field("outcome", "choice", "请选择准予还是不予"))?;
        Ok(Decide { version, outcome, reason: self.reason.clone() })
    }

    fn deliver(&self, version: i64) -> Result<Deliver, Problem> {
        let way = Delivery::parse(&self.way).ok_or_else(|| Problem::field("way", "choice", "请选择送达方式"))?;
        Ok(Deliver { version, way, receiver: self.receiver.clone(), note: self.note.clone() })
    }
}

/// 做一个动作。
///
/// # Errors
/// 内容、权限、范围、版本、状态。
pub fn perform(tx: &mut Tx<'_>, actor: &Actor, no: &str, action: Action, version: i64, input: &ActionInput, at: Timestamp) -> Result<Case> {
    match action {
        Action::Receive => commands::receive(tx, actor, no, version, at),
        Action::SendBack => commands::send_back(tx, actor, no, version, &input.reason, at),
        Action::Refuse => {
            let refuse = Refuse { version, reason: input.reason.clone(), redirect: input.redirect.clone() };
            commands::refuse(tx, actor, no, &refuse, at)
        }
        Action::RequestCorrection => commands::request_correction(tx, actor, no, &input.correct(version), at),
        Action::SupplyCorrection => commands::supply_correction(tx, actor, no, &input.supply(version), at),
        Action::SupplyDeferred => commands::supply_deferred(tx, actor, no, &input.supply(version), at),
        Action::Accept => commands::accept(tx, actor, no, version, &input.reason, at),
        Action::Suspend | Action::NoteProcedure => {
            let start = StartProcedure { version, kind: input.kind, days: input.days, reason: input.reason.clone(), notice: input.notice };
            commands::start_procedure(tx, actor, no, &start, at)
        }
        Action::Resume => commands::end_procedure(tx, actor, no, version, &input.reason, at),
        Action::Forward => commands::forward(tx, actor, no, &input.forward(version), at),
        Action::StepBack => commands::step_back(tx, actor, no, version, &input.reason, at),
        Action::Extend => commands::extend(tx, actor, no, &Extend { version, days: input.days, reason: input.reason.clone() }, at),
        Action::Decide => commands::decide(tx, actor, no, &input.decide(version)?, at),
        Action::Deliver => commands::deliver(tx, actor, no, &input.deliver(version)?, at),
        Action::Withdraw => commands::withdraw(tx, actor, no, &input.ending(version), at),
        Action::Terminate | Action::Void | Action::Amend => commands::propose(tx, actor, no, action, &input.propose(version)?, at),
        Action::Transfer => commands::transfer(tx, actor, no, &Transfer { version, to: input.to, reason: input.reason.clone() }, at),
        Action::Consult => {
            let consult = Consult { version, orgs: input.orgs.clone(), question: input.reason.clone(), days: input.days };
            commands::consult(tx, actor, no, &consult, at)
        }
        Action::Urge => commands::urge(tx, actor, no, version, &input.reason, at),
        Action::Revoke => commands::revoke(tx, actor, no, &input.ending(version), at),
        Action::Submit | Action::AutoAccept | Action::LapseCorrection | Action::LapseDeferred | Action::DeemGranted => Err(Problem::not_found().into()),
    }
}

/// 此人此刻对这件能做的动作，按表上的先后；要停表与不停表的程序在页面上是同一个入口。
#[must_use]
pub fn offered(actor: &Actor, case: &Case) -> Vec<Action> {
    offered_to(actor, case, commands::owns(actor, case))
}

/// 同 [`offered`]；`owner` 是申请人，或凭授权替他办的家人。
#[must_use]
pub fn offered_to(actor: &Actor, case: &Case, owner: bool) -> Vec<Action> {
    let in_scope = actor.staff != 0 && actor.scope.covers(&case.place);
    allowed_actions(case.state)
        .filter(|action| *action != Action::NoteProcedure)
        .filter(|action| fits(case, *action))
        // 催办是申请人的事，工作人员不替他催自己
        .filter(|action| *action != Action::Urge || owner)
        .filter(|action| {
            TRANSITIONS.iter().filter(|row| row.action == *action && row.from.contains(&case.state)).any(|row| match row.who {
                Who::Clock => false,
                Who::Applicant => owner || (in_scope && actor.may(row.permission)),
                Who::Staff => in_scope && may_act(actor, case, *action, row.permission),
            })
        })
        .collect()
}

fn permission_of(case: &Case, action: Action, stated: tongban_kernel::Permission) -> tongban_kernel::Permission {
    match (action, case.step) {
        (Action::Forward | Action::StepBack, Some(Step::Review)) => can::REVIEW,
        (Action::Forward | Action::StepBack, Some(Step::Approve)) => can::APPROVE,
        (Action::Transfer, _) => commands::post_permission(case),
        _ => stated,
    }
}

/// 终止、作废、更正人人都能申请，批准另看权限；派件的人能转办；授权窗口决定的即办件由窗口决定。
fn may_act(actor: &Actor, case: &Case, action: Action, stated: tongban_kernel::Permission) -> bool {
    let proposable = matches!(action, Action::Terminate | Action::Void | Action::Amend);
    actor.may(permission_of(case, action, stated))
        || (action == Action::Transfer && actor.may(can::ASSIGN))
        || (action == Action::Decide && case.is_decided_at_window() && actor.may(can::ACCEPT))
        || (proposable && [can::ACCEPT, can::HANDLE, can::REVIEW, can::APPROVE].iter().any(|permission| actor.may(permission)))
}

/// 状态允许、但此刻没有意义的不摆出来。
fn fits(case: &Case, action: Action) -> bool {
    let stages = case.flow.stages(case.single_post).len();
    let approving = case.step == Some(Step::Approve) && case.stage + 1 >= stages;
    match action {
        Action::Forward => !approving,
        Action::StepBack => case.stage > 0,
        Action::Decide => approving && case.running_procedure().is_none(),
        Action::Suspend => case.running_procedure().is_none(),
        Action::Extend => case.extension_days == 0,
        Action::SupplyDeferred => case.deferred_due.is_some(),
        Action::Revoke => case.outcome == Some(Outcome::Granted) && case.revoked_on.is_none(),
        Action::Void => case.outcome != Some(Outcome::Granted) || case.revoked_on.is_some(),
        _ => true,
    }
}
