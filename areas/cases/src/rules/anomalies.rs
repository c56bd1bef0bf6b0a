//! 电子监察异常 M01–M13（cases §3.6）：能由记录看出来的由系统判，其余由监察岗登记。

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

macro_rules! anomalies {
    ($($name:ident $code:literal $title:literal $manual:literal;)*) => {
        /// 异常种类。
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Anomaly { $(#[serde(rename = $code)] $name,)* }

        impl Anomaly {
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// 记录里看不出来、由监察岗登记的。
            #[must_use]
            pub const fn is_manual(self) -> bool {
                match self { $(Self::$name => $manual,)* }
            }

            #[must_use]
            pub fn parse(code: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|anomaly| anomaly.code() == code)
            }
        }
    };
}

anomalies! {
    NotAccepting "M01" "符合条件不受理" true;
    PromiseOverdue "M02" "超承诺办结" false;
    StepOverdue "M03" "环节超时" false;
    PrecheckOverdue "M04" "预审、初审超期" false;
    NoReason "M05" "不受理或不批未说明理由" false;
    OffPlatform "M06" "不按规定网上审批（体外循环）" true;
    Charging "M07" "擅自收费" true;
    RepeatedCorrection "M08" "未一次性告知" false;
    AutoAccepted "M09" "逾期未告知致自动受理" false;
    SuspensionOverdue "M10" "挂起超期或无告知书" false;
    DeliveryOverdue "M11" "办结后 10 日未送达" false;
    Backdated "M12" "倒签（时序错误）" false;
    LateLinking "M13" "行业系统办结未在 1 个工作日内补录" false;
}

/// 判异常要看的事实。
#[derive(Debug, Clone, Default)]
pub struct Observed {
    pub submitted_at: Option<Timestamp>,
    pub received_at: Option<Timestamp>,
    pub accepted_at: Option<Timestamp>,
    pub decided_at: Option<Timestamp>,
    pub delivered_at: Option<Timestamp>,
    /// 作出决定或此刻是否已过承诺到期时刻。
    pub promise_overdue: bool,
    pub precheck_overdue: bool,
    pub auto_accepted: bool,
    pub procedure_overdue: bool,
    /// 有停表意图但没有书面告知。
    pub procedure_without_notice: bool,
    pub delivery_overdue: bool,
    /// 不予受理或不予决定而没写理由。
    pub adverse_without_reason: bool,
    /// 第 2 次补正新增了第 1 次没提、且不是针对新提交内容的问题。
    pub correction_added: bool,
    /// 某环节用时超过事项给它的工作日。
    pub step_overdue: bool,
    pub linked_late: bool,
}

/// 从事实看出的异常。
#[must_use]
pub fn detect(seen: &Observed) -> Vec<Anomaly> {
    [
        (seen.promise_overdue, Anomaly::PromiseOverdue),
        (seen.step_overdue, Anomaly::StepOverdue),
        (seen.precheck_overdue, Anomaly::PrecheckOverdue),
        (seen.adverse_without_reason, Anomaly::NoReason),
        (seen.correction_added, Anomaly::RepeatedCorrection),
        (seen.auto_accepted, Anomaly::AutoAccepted),
        (seen.procedure_overdue || seen.procedure_without_notice, Anomaly::SuspensionOverdue),
        (seen.delivery_overdue, Anomaly::DeliveryOverdue),
        (out_of_order(seen), Anomaly::Backdated),
        (seen.linked_late, Anomaly::LateLinking),
    ]
    .into_iter()
    .filter_map(|(holds, anomaly)| holds.then_some(anomaly))
    .collect()
}

/// 提交 ≤ 收件 ≤ 受理 ≤ 决定 ≤ 送达，有的都要按序。自动受理的受理时刻追溯到收到日，不算倒签。
fn out_of_order(seen: &Observed) -> bool {
    let accepted = if seen.auto_accepted { None } else { seen.accepted_at };
    let order: Vec<Timestamp> =
        [seen.submitted_at, seen.received_at, accepted, seen.decided_at, seen.delivered_at].into_iter().flatten().collect();
    order.windows(2).any(|pair| pair[0] > pair[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64) -> Option<Timestamp> {
        Timestamp::from_millisecond(ms).ok()
    }

    #[test]
    fn thirteen_codes() {
        assert_eq!(Anomaly::ALL.len(), 13);
        for anomaly in Anomaly::ALL {
            assert_eq!(Anomaly::parse(anomaly.code()), Some(*anomaly));
        }
    }

    #[test]
    fn a_clean_case_shows_nothing() {
        let seen = Observed { submitted_at: at(1), received_at: at(1), accepted_at: at(2), decided_at: at(2), ..Observed::default() };
        assert_eq!(detect(&seen), []);
    }

    #[test]
    fn backdating_is_seen_but_not_for_automatic_acceptance() {
        let seen = Observed { received_at: at(5), accepted_at: at(2), ..Observed::default() };
        assert_eq!(detect(&seen), [Anomaly::Backdated]);
        let by_law = Observed { auto_accepted: true, ..seen };
        assert_eq!(detect(&by_law), [Anomaly::AutoAccepted]);
    }

    #[test]
    fn each_flag_has_its_number() {
        let seen = Observed {
            promise_overdue: true,
            step_overdue: true,
            precheck_overdue: true,
            adverse_without_reason: true,
            correction_added: true,
            procedure_without_notice: true,
            delivery_overdue: true,
            linked_late: true,
            ..Observed::default()
        };
        let codes: Vec<_> = detect(&seen).into_iter().map(Anomaly::code).collect();
        assert_eq!(codes, ["M02", "M03", "M04", "M05", "M08", "M10", "M11", "M13"]);
    }
}
