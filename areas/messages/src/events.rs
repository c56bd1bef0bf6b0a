//! 日志种类 → 对外事件：类型、主题与“瘦”载荷（api-conventions §9）。只有编号、状态与链接，没有个人信息。

use serde_json::{Value, json};
use tongban_contracts::cases::CaseNodeV1;
use tongban_contracts::evaluation::EvaluationSubmittedV1;
use tongban_contracts::items::ItemChangedV1;
use tongban_store::{Logged, Result};

/// 一种对外事件。
#[derive(Clone, Copy)]
pub struct Kind {
    /// 日志种类。
    pub journal: &'static str,
    /// 事件类型。
    pub event: &'static str,
    pub title: &'static str,
    describe: fn(&Logged) -> Result<Happened>,
}

/// 说成对外的样子。
#[derive(Debug, Clone, PartialEq)]
pub struct Happened {
    /// 业务编号；同一编号的事件按先后投递。
    pub subject: String,
    pub data: Value,
}

const fn kind(journal: &'static str, event: &'static str, title: &'static str, describe: fn(&Logged) -> Result<Happened>) -> Kind {
    Kind { journal, event, title, describe }
}

/// 全部对外事件。
pub const ALL: &[Kind] = &[
    kind("items.published", "cn.ywtb.item.published.v1", "事项发布", item),
    kind("items.suspended", "cn.ywtb.item.changed.v1", "事项变化", item),
    kind("items.resumed", "cn.ywtb.item.changed.v1", "事项变化", item),
    kind("items.cancelled", "cn.ywtb.item.withdrawn.v1", "事项取消", item),
    kind("cases.submitted", "cn.ywtb.case.submitted.v1", "办件提交", case),
    kind("cases.accepted", "cn.ywtb.case.accepted.v1", "办件受理", case),
    kind("cases.correcting", "cn.ywtb.case.correcting.v1", "办件补正", case),
    kind("cases.decided", "cn.ywtb.case.decided.v1", "办件决定", case),
    kind("cases.delivered", "cn.ywtb.case.delivered.v1", "办件送达", case),
    kind("cases.overdue", "cn.ywtb.case.overdue.v1", "办件超期", case),
    kind("evaluation.submitted", "cn.ywtb.evaluation.submitted.v1", "收到评价", evaluation),
];

/// 测试事件的类型。
pub const TEST: &str = "cn.ywtb.webhook.test.v1";

/// 这条日志对外怎么说；不对外的为 `None`。
///
/// # Errors
/// 日志正文不是约定的样子。
pub fn of(entry: &Logged) -> Result<Option<(&'static str, Happened)>> {
    let Some(kind) = ALL.iter().find(|kind| kind.journal == entry.kind) else { return Ok(None) };
    Ok(Some((kind.event, (kind.describe)(entry)?)))
}

fn item(entry: &Logged) -> Result<Happened> {
    let item: ItemChangedV1 = entry.changed()?;
    let data = json!({ "code": item.code, "status": item.state, "link": format!("/items/{}", item.code) });
    Ok(Happened { subject: item.code, data })
}

fn case(entry: &Logged) -> Result<Happened> {
    let case: CaseNodeV1 = entry.changed()?;
    let data = json!({
        "no": case.case_no, "status": case.state, "item_code": case.item_code, "outcome": case.outcome,
        "due_at": case.due.map(|due| tongban_kernel::time::rfc3339(tongban_kernel::time::from_millis(due))),
        "link": format!("/api/v1/cases/{}", case.case_no),
    });
    Ok(Happened { subject: case.case_no, data })
}

fn evaluation(entry: &Logged) -> Result<Happened> {
    let rating: EvaluationSubmittedV1 = entry.changed()?;
    let data = json!({ "no": rating.no, "case_no": rating.case_no, "satisfaction": rating.satisfaction, "bad_task": rating.bad_task });
    Ok(Happened { subject: rating.case_no, data })
}

/// 一个订阅要不要这种事件：整名，或 `前缀.*`，或 `*`。
#[must_use]
pub fn wanted(types: &[String], event: &str) -> bool {
    types.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => event.starts_with(prefix),
        None => pattern == event,
    })
}

/// 结构化的 CloudEvents 1.0。
#[must_use]
pub fn envelope(id: &str, source: &str, event: &str, subject: &str, at: jiff::Timestamp, data: &Value) -> String {
    json!({
        "specversion": "1.0", "id": id, "source": source, "type": event, "subject": subject,
        "time": tongban_kernel::time::rfc3339(at), "datacontenttype": "application/json", "data": data,
    })
    .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_by_whole_name_or_prefix() {
        let types = |list: &[&str]| list.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>();
        assert!(wanted(&types(&["cn.ywtb.case.*"]), "cn.ywtb.case.accepted.v1"));
        assert!(!wanted(&types(&["cn.ywtb.case.*"]), "cn.ywtb.item.published.v1"));
        assert!(wanted(&types(&["*"]), "cn.ywtb.item.published.v1"));
        assert!(wanted(&types(&["cn.ywtb.case.decided.v1"]), "cn.ywtb.case.decided.v1"));
        assert!(!wanted(&types(&["cn.ywtb.case.decided"]), "cn.ywtb.case.decided.v1"));
    }

    #[test]
    fn the_envelope_is_a_cloud_event() {
        let body = envelope("1-2", "/ywtb/510811", TEST, "甲", tongban_kernel::time::from_millis(0), &json!({ "no": "1" }));
        let event: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(event["specversion"], "1.0");
        assert_eq!(event["time"], "1970-01-01T08:00:00+08:00");
        assert_eq!(event["data"]["no"], "1");
    }
}
