//! 用印日志的看法（规格 §5.1）：按章、按人几次，与看着不寻常的——非工作时间、短时突增、没有授权还想盖。
//!
//! 只看人盖的；机用授权办结即出证，不分昼夜，不算。

use std::collections::BTreeMap;

use jiff::SignedDuration;
use tongban_kernel::calendar::Calendar;
use tongban_kernel::time::{china, date_of};

use crate::store::Use;

/// 同一个人多长时间里盖了多少次，算突增。
const BURST_WITHIN: SignedDuration = SignedDuration::from_mins(10);
const BURST: usize = 30;
/// 机用授权盖的，日志里的“谁”这样开头。
const MACHINE: &str = "系统";
/// 工作日的几点到几点。
const OFFICE: std::ops::Range<i8> = 8..19;

/// 一段日志的汇总。
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Summary {
    pub total: usize,
    /// 名称与次数，多的在前。
    pub by_seal: Vec<(String, usize)>,
    pub by_person: Vec<(String, usize)>,
    /// 不寻常的：是什么、说明。
    pub odd: Vec<(&'static str, String)>,
}

fn counted<'a>(names: impl Iterator<Item = &'a str>) -> Vec<(String, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    names.filter(|name| !name.is_empty()).for_each(|name| *counts.entry(name).or_default() += 1);
    let mut out: Vec<_> = counts.into_iter().map(|(name, n)| (name.to_owned(), n)).collect();
    out.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    out.truncate(10);
    out
}

/// 汇总；`uses` 新的在前。
#[must_use]
pub fn summary(uses: &[Use], calendar: &Calendar) -> Summary {
    let done = || uses.iter().filter(|one| one.done);
    let by_hand: Vec<&Use> = done().filter(|one| !one.who.starts_with(MACHINE)).collect();
    let mut odd = Vec::new();
    for (who, n) in counted(by_hand.iter().filter(|one| off_hours(one, calendar)).map(|one| one.who.as_str())) {
        odd.push(("非工作时间", format!("{who} {n} 次")));
    }
    for (who, _) in counted(by_hand.iter().map(|one| one.who.as_str())) {
        let times: Vec<_> = by_hand.iter().filter(|one| one.who == who).map(|one| one.at).collect();
        let most = (0..times.len()).map(|n| times[n..].iter().take_while(|at| times[n].duration_since(**at) <= BURST_WITHIN).count()).max().unwrap_or(0);
        if most >= BURST {
            odd.push(("短时突增", format!("{who} 十分钟内 {most} 次")));
        }
    }
    for (reason, n) in counted(uses.iter().filter(|one| !one.done).map(|one| one.reason.as_str())) {
        odd.push(("没盖成", format!("{reason}，{n} 次")));
    }
    Summary { total: done().count(), by_seal: counted(done().map(|one| one.seal_name.as_str())), by_person: counted(done().map(|one| one.who.as_str())), odd }
}

fn off_hours(one: &Use, calendar: &Calendar) -> bool {
    let hour = one.at.to_zoned(china()).hour();
    !OFFICE.contains(&hour) || !calendar.is_workday(date_of(one.at))
}

#[cfg(test)]
mod tests {
    use tongban_kernel::Place;

    use super::*;

    fn one(who: &str, at: &str, done: bool) -> Use {
        Use {
            id: 0,
            place: Place { tenant: 1, unit: 2, org: 2 },
            seal: 9,
            es_id: String::new(),
            seal_name: "审批局".into(),
            grant: 1,
            who: who.into(),
            account: 5,
            source: String::new(),
            item_code: String::new(),
            purpose: String::new(),
            file_name: String::new(),
            before: String::new(),
            after: String::new(),
            spot: String::new(),
            ip: String::new(),
            request: String::new(),
            at: format!("{at}+08:00").parse().unwrap(),
            done,
            reason: if done { String::new() } else { "没有授权".into() },
            digest: String::new(),
        }
    }

    #[test]
    fn nights_bursts_and_refusals_stand_out_and_machines_do_not() {
        let mut uses: Vec<Use> = (0..30).map(|n| one("李四", &format!("2026-11-23T10:{:02}:00", 9 - n % 10), true)).collect();
        uses.push(one("张三", "2026-11-23T23:10:00", true));
        uses.push(one("张三", "2026-11-22T10:00:00", true)); // 星期日
        uses.push(one("张三", "2026-11-23T09:00:00", true));
        uses.extend((0..50).map(|_| one("系统（机用授权）", "2026-11-23T03:00:00", true)));
        uses.push(one("王五", "2026-11-23T11:00:00", false));
        let found = summary(&uses, &Calendar::built_in());
        assert_eq!((found.total, found.by_seal[0].1, found.by_person[0].0.as_str()), (83, 83, "系统（机用授权）"));
        let told: Vec<_> = found.odd.iter().map(|(kind, text)| format!("{kind}：{text}")).collect();
        assert_eq!(told, ["非工作时间：张三 2 次", "短时突增：李四 十分钟内 30 次", "没盖成：没有授权，1 次"]);
    }
}
