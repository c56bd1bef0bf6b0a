//! 办件走到哪一步要告诉申请人、怎么说、要不要发短信（cases §2.2 各步的产出、§3.5）。

use tongban_contracts::cases::CaseNodeV1;
use tongban_kernel::time;

/// 要告诉申请人的一句话。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub title: &'static str,
    pub body: String,
    /// 不看会误事的，另发短信。
    pub by_sms: bool,
}

/// 这一步要不要告诉申请人；行业系统办完补录的不告诉，那边已经告诉过。
#[must_use]
pub fn told(kind: &str, case: &CaseNodeV1) -> Option<Told> {
    let due = case.due.map(time::from_millis).map(time::show);
    let (title, what, by_sms) = match kind {
        // 窗口收的当面给收件凭证
        "cases.submitted" => ("申请已提交", "已提交，窗口会尽快核对材料".to_owned(), case.online),
        "cases.correcting" => ("材料要补正", "有材料要补正，逾期不补视为撤回申请，请到“我的办件”里看要补什么".to_owned(), true),
        "cases.accepted" => ("已受理", due.map_or_else(|| "已受理".to_owned(), |due| format!("已受理，{due} 前办结")), false),
        // 没有书面告知的不停表，也就没有可告诉的
        "cases.suspended" if case.state != "suspended" => return None,
        "cases.suspended" => ("办理暂停计时", "进入特别程序，所需时间见告知书，这段时间不计入办理期限".to_owned(), false),
        "cases.extended" => ("办理延期", "经批准延长办理期限，理由见延期告知书".to_owned(), false),
        // 补录件一登记就是办结
        "cases.decided" if case.state != "decided" => return None,
        "cases.decided" if case.outcome.as_deref() == Some("denied") => ("作出不予决定", "作出了不予决定，理由与救济途径见决定书".to_owned(), true),
        "cases.decided" => ("已准予", "已准予，结果会按您选的方式送达".to_owned(), true),
        "cases.delivered" => ("结果已送达", "结果已送达".to_owned(), false),
        "cases.not_accepted" => ("不予受理", "不予受理，理由与救济途径见决定书".to_owned(), true),
        "cases.returned" => ("申请已退回", "已退回，原因见退件通知书".to_owned(), true),
        "cases.terminated" => ("办理已终止", "已终止办理，原因见终止通知书".to_owned(), true),
        "cases.revoked" => ("决定已撤销", "原来的决定已撤销，理由与救济途径见撤销决定书".to_owned(), true),
        _ => return None,
    };
    Some(Told { title, body: format!("您申请的“{}”（{}）{what}。", case.item_name, case.case_no), by_sms })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(state: &str, outcome: Option<&str>) -> CaseNodeV1 {
        CaseNodeV1 { case_no: "510811-20261123-000001".into(), item_name: "食品经营许可".into(), state: state.into(), outcome: outcome.map(str::to_owned), ..CaseNodeV1::default() }
    }

    #[test]
    fn what_stops_a_case_goes_by_sms_and_linked_history_stays_quiet() {
        let by_sms = |kind: &str, state: &str, outcome| told(kind, &node(state, outcome)).map(|told| told.by_sms);
        assert_eq!(by_sms("cases.submitted", "submitted", None), Some(false), "窗口收的");
        let online = CaseNodeV1 { online: true, ..node("submitted", None) };
        assert!(told("cases.submitted", &online).is_some_and(|told| told.by_sms));
        for kind in ["cases.correcting", "cases.not_accepted", "cases.returned", "cases.terminated", "cases.revoked"] {
            assert_eq!(by_sms(kind, "x", None), Some(true), "{kind}");
        }
        for kind in ["cases.accepted", "cases.suspended", "cases.extended", "cases.delivered"] {
            assert_eq!(by_sms(kind, "suspended", None), Some(false), "{kind}");
        }
        assert_eq!(by_sms("cases.suspended", "accepted", None), None, "没停表");
        for kind in ["cases.received", "cases.yellow", "cases.forwarded", "cases.checked"] {
            assert_eq!(by_sms(kind, "x", None), None, "{kind}");
        }
        assert_eq!(by_sms("cases.decided", "closed", Some("granted")), None, "补录的一登记就是办结");
        assert!(told("cases.decided", &node("decided", Some("denied"))).is_some_and(|told| told.title.contains("不予") && told.body.contains("救济")));
    }
}
