//! 指标：事实对各度量的贡献，与每个度量的下钻（foundations §5，cases §8）。

use tongban_store::{Result, Tx};
use tongban_web::area::{DrillQuery, DrillRow, Grain};
use tongban_web::{Measure, Measures, Tally};

use crate::model::{Facts, State};
use crate::store::{self, drill};

pub const MEASURES: &[Measures] = &[Measures { subject: "cases", codes: CODES, tally, scan }];

macro_rules! flow {
    ($code:literal, $title:literal, $sql:ident) => {
        Measure {
            code: $code,
            title: $title,
            grain: Grain::Flow,
            drill: |tx, query| Ok(rows(drill::drill(tx, drill::$sql, query.org, (query.from_day, query.to_day), query.after, query.limit)?)),
        }
    };
}

const CODES: &[Measure] = &[
    flow!("cases.applied", "申请数", APPLIED),
    flow!("cases.applied_online", "网上申请数", APPLIED_ONLINE),
    flow!("cases.corrected", "有补正的申请数", CORRECTED),
    flow!("cases.accepted", "受理数", ACCEPTED),
    flow!("cases.accepted_first", "一次受理通过数", ACCEPTED_FIRST),
    flow!("cases.decided", "办结数", DECIDED),
    flow!("cases.decided_on_time", "按时办结数", DECIDED_ON_TIME),
    flow!("cases.decided_early", "提前办结数", DECIDED_EARLY),
    flow!("cases.instant_decided", "即办件办结数", INSTANT_DECIDED),
    flow!("cases.linked", "行业系统补录件数", LINKED),
    flow!("cases.linked_in_time", "及时补录件数", LINKED_IN_TIME),
    flow!("cases.returned", "退件数", RETURNED),
    flow!("cases.not_accepted", "不予受理数", NOT_ACCEPTED),
    Measure {
        code: "cases.used_workdays",
        title: "已用工作日之和",
        grain: Grain::Flow,
        drill: |tx, query| {
            let found = drill::drill(tx, drill::USED_WORKDAYS, query.org, (query.from_day, query.to_day), query.after, query.limit)?;
            Ok(found.into_iter().map(|case| DrillRow { weight: case.used_days, ..drill_row(case) }).collect())
        },
    },
    Measure { code: "cases.overdue_open", title: "超期在办数", grain: Grain::Stock, drill: overdue_open },
    Measure {
        code: "cases.item_active",
        title: "有办件的办理项",
        grain: Grain::Flow,
        drill: |tx, query| Ok(rows(drill::drill(tx, drill::APPLIED, query.org, (query.from_day, query.to_day), query.after, query.limit)?)),
    },
];

fn overdue_open(tx: &mut Tx<'_>, query: &DrillQuery<'_>) -> Result<Vec<DrillRow>> {
    Ok(rows(drill::red_on(tx, query.org, query.to_day, query.after, query.limit)?))
}

fn rows(found: Vec<drill::DrillCase>) -> Vec<DrillRow> {
    found.into_iter().map(drill_row).collect()
}

fn drill_row(case: drill::DrillCase) -> DrillRow {
    let state = State::parse(&case.state).map_or("", |state| state.label(None));
    DrillRow {
        id: case.id,
        href: format!("/desk/cases/{}", case.no),
        number: case.no,
        title: case.item_name,
        detail: format!("{} · {} · {state}", case.applicant, case.org_name),
        weight: 1,
    }
}

/// 月份写作 20261100。
const fn month(day: i64) -> i64 {
    day / 100 * 100
}

fn tally(facts: &str, out: &mut Tally) -> Result<()> {
    let facts: Facts = serde_json::from_str(facts)?;
    if !facts.voided {
        contribute(&facts, out);
    }
    Ok(())
}

/// 一件办件对全部度量的贡献；作废的不算。
fn contribute(facts: &Facts, out: &mut Tally) {
    let org = facts.org;
    let mut add = |measure, day: Option<i64>, holds: bool| {
        if let (Some(day), true) = (day, holds) {
            out.add(measure, org, day, 1);
        }
    };
    add("cases.applied", Some(facts.submitted), true);
    add("cases.applied_online", Some(facts.submitted), facts.online);
    add("cases.corrected", Some(facts.submitted), facts.corrections > 0);
    add("cases.accepted", facts.accepted, true);
    add("cases.accepted_first", facts.accepted, facts.corrections == 0);
    add("cases.decided", facts.decided, true);
    add("cases.decided_on_time", facts.decided, facts.on_time == Some(true));
    add("cases.decided_early", facts.decided, facts.early == Some(true));
    add("cases.instant_decided", facts.decided, facts.instant);
    add("cases.linked", facts.decided, facts.external);
    add("cases.linked_in_time", facts.decided, facts.linked_in_time == Some(true));
    add("cases.returned", facts.ended, facts.returned);
    add("cases.not_accepted", facts.ended, facts.not_accepted);
    if let (Some(day), Some(used)) = (facts.decided, facts.used_days) {
        out.add("cases.used_workdays", org, day, used);
    }
    for (from, until) in &facts.red {
        out.add("cases.overdue_open", org, *from, 1);
        if let Some(until) = until {
            out.add("cases.overdue_open", org, *until, -1);
        }
    }
    out.present("cases.item_active", org, month(facts.submitted), facts.item);
}

fn scan(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<(i64, String)>> {
    store::scan_facts(tx, after, i64::from(limit))?
        .into_iter()
        .map(|(id, facts)| Ok((id, serde_json::to_string(&facts)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Outcome;
    use crate::testing::case_in;
    use jiff::Timestamp;

    fn at(text: &str) -> Timestamp {
        format!("{text}+08:00").parse().unwrap()
    }

    fn sum(tally: &Tally, measure: &str) -> i64 {
        tally.sums.iter().filter(|((code, ..), _)| *code == measure).map(|(_, n)| n).sum()
    }

    #[test]
    fn a_late_decision_counts_but_not_on_time_and_leaves_no_stock() {
        let mut case = case_in(State::Decided);
        case.accepted_at = Some(at("2021-10-08T10:00"));
        case.decided_at = Some(at("2021-10-18T10:00"));
        (case.on_time, case.early, case.used_days, case.outcome) = (Some(false), Some(false), Some(7), Some(Outcome::Granted));
        case.red_spans = vec![(at("2021-10-14T17:31"), Some(at("2021-10-18T10:00")))];
        let mut out = Tally::default();
        tally(&serde_json::to_string(&Facts::of(&case)).unwrap(), &mut out).unwrap();
        assert_eq!((sum(&out, "cases.decided"), sum(&out, "cases.decided_on_time"), sum(&out, "cases.used_workdays")), (1, 0, 7));
        assert_eq!(sum(&out, "cases.overdue_open"), 0);
        assert_eq!(out.sums[&("cases.overdue_open", 3, 20_211_014)], 1);
        assert_eq!(out.presence.len(), 1);
    }

    #[test]
    fn a_voided_case_contributes_nothing() {
        let mut out = Tally::default();
        tally(&serde_json::to_string(&Facts::of(&case_in(State::Voided))).unwrap(), &mut out).unwrap();
        assert_eq!(out, Tally::default());
    }

    #[test]
    fn every_code_is_contributed_by_some_case() {
        let mut case = case_in(State::Decided);
        (case.instant, case.corrections) = (true, 0);
        case.accepted_at = Some(at("2021-10-08T10:00"));
        case.decided_at = case.accepted_at;
        (case.on_time, case.early, case.used_days) = (Some(true), Some(true), Some(1));
        (case.external_no, case.linked_in_time) = (Some("X1".into()), Some(true));
        case.red_spans = vec![(at("2021-10-08T10:00"), None)];
        let mut out = Tally::default();
        contribute(&Facts::of(&case), &mut out);
        let ended = |state| {
            let mut case = case_in(state);
            (case.ended_at, case.corrections) = (Some(at("2021-10-08T10:00")), 1);
            Facts::of(&case)
        };
        contribute(&ended(State::Returned), &mut out);
        contribute(&ended(State::NotAccepted), &mut out);
        for code in CODES {
            let seen = out.sums.keys().any(|(name, ..)| *name == code.code) || out.presence.keys().any(|(name, ..)| *name == code.code);
            assert!(seen, "{}", code.code);
        }
    }
}
