//! 告诉该知道的人。走了一步告诉申请人；灯变了：黄灯告诉承办人；红灯再告诉部门负责人与监察岗；法定超期再升级到分管领导（cases §3.5）。

use jiff::{SignedDuration, Timestamp};
use tongban_contracts::cases::CaseNodeV1;
use tongban_contracts::parties::GrantV1;
use tongban_parties::queries::grants;
use tongban_store::{Logged, Result, Tx};

use super::anomaly::{notify, notify_tenant};
use crate::permissions as can;
use crate::rules::notices;
use crate::store;

/// 一条“转黄”“超期”日志。
///
/// # Errors
/// 引擎拒绝。
pub fn on_light(tx: &mut Tx<'_>, entry: &Logged) -> Result<()> {
    let node: CaseNodeV1 = entry.changed()?;
    let red = entry.kind == "cases.overdue";
    let case = store::find(tx, entry.subject)?;
    // 转红那一刻已经过了法定时限的，升级到分管领导
    let unlawful = red && case.as_ref().and_then(|case| case.legal_due).is_some_and(|due| entry.at > due);
    let title = match (red, unlawful) {
        (_, true) => "办件超过法定时限",
        (true, false) => "办件已超期",
        (false, false) => "办件快到期",
    };
    let href = format!("/desk/cases/{}", node.case_no);
    let body = format!("{} {}", node.case_no, node.item_name);
    let handler = case.map_or(0, |case| case.handler);
    if handler != 0 {
        tongban_messages::notify_staff(tx, handler, title, &body, &href, entry.at)?;
    }
    if red {
        notify(tx, node.unit, can::EXTEND, title, &body, &href, entry.at)?;
        notify_tenant(tx, node.tenant, can::MONITOR, title, &body, &href, entry.at)?;
    }
    if unlawful {
        notify_tenant(tx, node.tenant, can::ESCALATED, title, &body, &href, entry.at)?;
    }
    Ok(())
}

/// 过去这么久的事不再写站内信。
const MONTH: SignedDuration = SignedDuration::from_hours(24 * 30);

/// 办件走了一步：告诉申请人。登记过的人有站内信；不看会误事的另发短信到申请时留的手机。
///
/// # Errors
/// 引擎拒绝。
pub fn on_step(tx: &mut Tx<'_>, entry: &Logged) -> Result<()> {
    let node: CaseNodeV1 = entry.changed()?;
    let Some(told) = notices::told(&entry.kind, &node) else { return Ok(()) };
    // 一个月以前的（历史补录、演示）只在办件里看，不再来信
    if node.person != 0 && Timestamp::now().duration_since(entry.at) < MONTH {
        tongban_messages::notify(tx, node.person, told.title, &told.body, &format!("/me/cases/{}", node.case_no), entry.at)?;
    }
    if told.by_sms && tongban_messages::sms::is_fresh(entry.at, Timestamp::now()) {
        let mobile = store::details(tx, entry.subject)?.map(|details| details.applicant.mobile).filter(|mobile| !mobile.is_empty());
        if let Some(mobile) = mobile {
            tongban_messages::sms::to_mobile(tx, &mobile, &told.body, entry.at)?;
        }
    }
    Ok(())
}

/// 授权有了变化：告诉没动手的那一边（家人代办、单位授权）。
///
/// # Errors
/// 引擎拒绝。
pub fn on_grant(tx: &mut Tx<'_>, entry: &Logged) -> Result<()> {
    let grant: GrantV1 = entry.parse()?;
    let (title, body) = match entry.kind.as_str() {
        "parties.grant_offered" => ("有一份代办授权等您答复", "请看清范围与期限再同意"),
        "parties.granted" => ("代办授权生效了", "随时可以解除"),
        "parties.grant_declined" => ("代办授权没有被同意", "可以问清之后再授权一次"),
        _ => ("代办授权已解除", "解除立即生效"),
    };
    let principals = if grant.legal_entity == 0 { vec![grant.principal] } else { grants::heads(tx, grant.legal_entity, entry.at)? };
    let asked_by_agent = grant.asked_by == "agent";
    let people = match entry.kind.as_str() {
        "parties.grant_revoked" => principals.into_iter().chain([grant.agent]).collect(),
        "parties.grant_offered" if asked_by_agent => principals,
        "parties.grant_offered" => vec![grant.agent],
        _ if asked_by_agent => vec![grant.agent],
        _ => principals,
    };
    for person in people {
        tongban_messages::notify(tx, person, title, body, "/me/agents", entry.at)?;
    }
    Ok(())
}
