//! 授权的规则：期限、人数、谁能授权。纯函数。

use jiff::ToSpan;
use jiff::civil::Date;
use tongban_kernel::Problem;
use tongban_kernel::problem::{Checks, Code};

use crate::model::AGENT_ROLES;
use crate::model::grant::{GrantKind, GrantScope, RELATIONS};

/// 授权要高级实名（accounts §2.1）。
pub const GRANT_LEVEL: u8 = 3;
/// 代办人要中级实名。
pub const AGENT_LEVEL: i64 = 2;
/// 一个人至多授权给几位家人，免得成了代办生意。
pub const MOST_PROXIES: usize = 5;
/// 一个人至多替几个人代办。
pub const MOST_PRINCIPALS: usize = 10;
/// 单位的管理员至多几个（accounts §3.2）。
pub const MOST_MANAGERS: usize = 3;
/// 一份授权至多限几个事项。
pub const MOST_ITEMS: usize = 20;

/// 授权单要填的。
#[derive(Debug, Clone)]
pub struct Terms {
    pub kind: GrantKind,
    pub relation: String,
    pub scope: GrantScope,
    pub items: String,
    pub until: Date,
}

/// 授权单填得对不对，一次说全。`items` 每个一段，逗号、空格、换行隔开。
///
/// # Errors
/// `validation-failed`。
pub fn check(kind: GrantKind, relation: &str, scope: &str, items: &str, until: &str, today: Date) -> Result<Terms, Problem> {
    let mut checks = Checks::new();
    let known = match kind {
        GrantKind::Proxy => RELATIONS.iter().any(|(code, _)| *code == relation),
        GrantKind::Agent => AGENT_ROLES.iter().any(|(code, _)| *code == relation && *code != "legal_person"),
    };
    checks.ensure(known, "relation", "choice", if kind == GrantKind::Proxy { "请选择对方是您的什么人" } else { "请选择对方在单位里的身份" });
    let scope = GrantScope::parse(scope);
    checks.ensure(scope.is_some(), "scope", "choice", "请选择对方能做到哪一步");
    let codes: Vec<String> = items.split(|c: char| c.is_whitespace() || matches!(c, ',' | '，' | '、')).filter(|code| !code.is_empty()).map(str::to_uppercase).collect();
    let shaped = codes.iter().all(|code| (20..=33).contains(&code.len()) && code.chars().all(|c| c.is_ascii_alphanumeric()));
    checks.ensure(shaped, "items", "code", "事项编码在办事指南页上，33 位；几个事项用逗号隔开，不限就空着");
    checks.ensure(codes.len() <= MOST_ITEMS, "items", "range", format!("一份授权至多限 {MOST_ITEMS} 个事项，再多请不限"));
    let last = today.checked_add(years(kind).years()).unwrap_or(today);
    let until = until.trim().parse::<Date>().ok();
    let in_range = until.is_some_and(|until| until >= today && until <= last);
    checks.ensure(in_range, "until", "range", format!("请填到哪天为止，从今天到 {last}"));
    checks.finish()?;
    match (scope, until) {
        (Some(scope), Some(until)) => Ok(Terms { kind, relation: relation.to_owned(), scope, items: codes.join(" "), until }),
        _ => Err(Problem::field("until", "required", "请把内容填完整")),
    }
}

/// 最长几年：家人一年，单位三年。
#[must_use]
pub const fn years(kind: GrantKind) -> i64 {
    match kind {
        GrantKind::Proxy => 1,
        GrantKind::Agent => 3,
    }
}

/// 授权人的实名够不够。
///
/// # Errors
/// `forbidden`，说清怎么升级。
pub fn may_grant(level: u8) -> Result<(), Problem> {
    if level >= GRANT_LEVEL {
        return Ok(());
    }
    Err(Problem::new(Code::Forbidden, "授权别人代办要先做高级实名（3 级）：人脸比对，或带身份证到窗口核验"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::model::grant::{GRANT_TABLE, Grant, GrantAct, GrantState, Side};

    const TODAY: Date = date(2026, 11, 23);
    const ITEM: &str = "11510811MB0000027M451200000100001";

    #[test]
    fn every_mistake_in_a_grant_is_told_at_once() {
        let problem = check(GrantKind::Proxy, "friend", "all", "食品许可", "2030-01-01", TODAY).unwrap_err();
        assert_eq!(problem.errors.iter().map(|e| e.field().to_owned()).collect::<Vec<_>>(), ["relation", "scope", "items", "until"]);
        let terms = check(GrantKind::Proxy, "spouse", "apply", &format!("{ITEM}，{}", ITEM.to_lowercase()), "2027-11-23", TODAY).unwrap();
        assert_eq!((terms.items.split(' ').count(), terms.until), (2, date(2027, 11, 23)));
        assert!(check(GrantKind::Proxy, "spouse", "apply", "", "2027-11-24", TODAY).is_err(), "家人至多一年");
        assert!(check(GrantKind::Agent, "legal_person", "apply", "", "2027-11-24", TODAY).is_err(), "法定代表人不是授权出来的");
        assert!(check(GrantKind::Agent, "agent", "apply", "", "2029-11-23", TODAY).is_ok());
    }

    #[test]
    fn only_the_other_side_answers_and_ended_grants_stay_ended() {
        let grant = |state, asked_by| Grant {
            id: 1,
            kind: GrantKind::Proxy,
            principal: 2,
            legal_entity: 0,
            agent: 3,
            relation: "spouse".into(),
            scope: GrantScope::Apply,
            items: String::new(),
            until_day: 20_270_101,
            state,
            asked_by,
            created: jiff::Timestamp::UNIX_EPOCH,
            settled: None,
            version: 1,
        };
        let offered = grant(GrantState::Offered, Side::Principal);
        assert_eq!(offered.acts(Side::Principal), [GrantAct::Revoke]);
        assert_eq!(offered.acts(Side::Agent), [GrantAct::Accept, GrantAct::Decline]);
        for side in Side::ALL {
            assert_eq!(grant(GrantState::Active, Side::Agent).acts(*side), [GrantAct::Revoke]);
            assert!(grant(GrantState::Revoked, Side::Agent).acts(*side).is_empty());
            assert!(grant(GrantState::Declined, Side::Agent).acts(*side).is_empty());
        }
        assert!(GRANT_TABLE.iter().all(|(from, _, _, to)| from != to));
        assert!(!offered.holds(20_261_123), "没同意的不算");
        assert!(grant(GrantState::Active, Side::Agent).holds(20_270_101));
        assert!(!grant(GrantState::Active, Side::Agent).holds(20_270_102), "过期的不算");
    }
}
