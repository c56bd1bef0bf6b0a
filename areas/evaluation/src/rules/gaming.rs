//! 反刷（evaluation §4.5）：可疑的先打标记，人工复核前不计入。

use serde::{Deserialize, Serialize};

/// 可疑的原因。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    SameSource,
    TooFast,
    AllTopNoText,
    OutOfHours,
    StaffTerminal,
}

impl Flag {
    pub const ALL: [Self; 5] = [Self::SameSource, Self::TooFast, Self::AllTopNoText, Self::OutOfHours, Self::StaffTerminal];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SameSource => "same_source",
            Self::TooFast => "too_fast",
            Self::AllTopNoText => "all_top_no_text",
            Self::OutOfHours => "out_of_hours",
            Self::StaffTerminal => "staff_terminal",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::SameSource => "同一设备或网络 10 分钟内评价过多",
            Self::TooFast => "环节刚完成 3 秒内就评价",
            Self::AllTopNoText => "同一经办人连续 30 条满级且无文字",
            Self::OutOfHours => "非工作时间在窗口终端评价",
            Self::StaffTerminal => "在工作人员看过评价码的终端上评价",
        }
    }
}

/// 判断要看的事实。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Signals {
    /// 同设备或同网络 10 分钟内的评价数，含这一条。
    pub same_source: i64,
    /// 距节点完成多少秒。
    pub seconds_after: i64,
    /// 同一经办人到这一条为止连续满级且无文字的条数；没有经办人为 0。
    pub streak: i64,
    /// 在窗口的公用设备上评的。
    pub on_shared_device: bool,
    /// 正在办公时间。
    pub in_office_hours: bool,
    /// 这台终端近来有工作人员看过评价码。
    pub staff_terminal: bool,
}

/// 哪里可疑；不可疑为空。
#[must_use]
pub fn flags(signals: &Signals) -> Vec<Flag> {
    let found = [
        (signals.same_source >= 5, Flag::SameSource),
        (signals.seconds_after < 3, Flag::TooFast),
        (signals.streak >= 30, Flag::AllTopNoText),
        (signals.on_shared_device && !signals.in_office_hours, Flag::OutOfHours),
        (signals.staff_terminal, Flag::StaffTerminal),
    ];
    found.into_iter().filter(|(holds, _)| *holds).map(|(_, flag)| flag).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_sign_stands_at_its_own_edge() {
        let calm = Signals { same_source: 4, seconds_after: 3, streak: 29, on_shared_device: true, in_office_hours: true, staff_terminal: false };
        assert!(flags(&calm).is_empty());
        assert_eq!(flags(&Signals { same_source: 5, ..calm }), [Flag::SameSource]);
        assert_eq!(flags(&Signals { seconds_after: 2, ..calm }), [Flag::TooFast]);
        assert_eq!(flags(&Signals { streak: 30, ..calm }), [Flag::AllTopNoText]);
        assert_eq!(flags(&Signals { in_office_hours: false, ..calm }), [Flag::OutOfHours]);
        assert_eq!(flags(&Signals { staff_terminal: true, ..calm }), [Flag::StaffTerminal]);
        assert!(flags(&Signals { in_office_hours: false, on_shared_device: false, ..calm }).is_empty());
    }
}
