//! 事项类指标的度量与下钻（items §7）。口径只有一处：[`crate::model::facts`]。

use tongban_store::{Result, Tx};
use tongban_web::area::{DrillQuery, DrillRow, Grain};
use tongban_web::{Measure, Measures, Tally};

use crate::model::claim_facts::{self, ClaimFacts};
use crate::model::facts::{self, Facts, OPEN_END, Span};
use crate::store;

/// 一个度量：代码、名称，下钻到当日贡献它的办理项。
macro_rules! measure {
    ($code:literal, $title:literal) => {
        Measure { code: $code, title: $title, grain: Grain::Stock, drill: |tx, query| drill(tx, query, $code) }
    };
}

macro_rules! claim {
    ($code:literal, $title:literal) => {
        Measure { code: $code, title: $title, grain: Grain::Stock, drill: |tx, query| drill_claims(tx, query, $code) }
    };
}

/// 办理项与待认领的全部度量。
pub const MEASURES: &[Measures] = &[
    Measures {
        subject: "items",
        codes: &[
            measure!("items.listed", "在用且已发布的办理项"),
            measure!("items.published", "依申请的在用办理项"),
            measure!("items.online_base", "依申请的在用办理项（剔除不宜网办）"),
            measure!("items.online", "网上可办的办理项"),
            measure!("items.full_online", "全程网办的办理项"),
            measure!("items.mobile", "手机可办的办理项"),
            measure!("items.visit_base", "依申请的在用办理项（剔除必须到场）"),
            measure!("items.one_visit", "最多跑一次的办理项"),
            measure!("items.zero_visit", "零跑动的办理项"),
            measure!("items.visits", "到现场次数之和"),
            measure!("items.instant", "即办件"),
            measure!("items.legal_parts", "法定时限之和（1/35040 工作日）"),
            measure!("items.saved_parts", "法定减承诺之和（1/35040 工作日）"),
            measure!("items.guide_accurate", "最近核查准确的指南"),
            measure!("items.exempt", "经批准豁免的办理项"),
        ],
        tally,
        scan,
    },
    Measures {
        subject: "implementations",
        codes: &[
            claim!("implementations.expected", "应认领的目录"),
            claim!("implementations.claimed", "已认领的目录（含经同意不承接）"),
            claim!("implementations.overdue", "超过一个工作日没处理的待认领"),
            claim!("implementations.taken", "承接着的实施清单"),
            claim!("implementations.published", "已发布办事指南的实施清单"),
        ],
        tally: tally_claims,
        scan: scan_claims,
    },
];

fn tally_claims(text: &str, out: &mut Tally) -> Result<()> {
    let facts: ClaimFacts = serde_json::from_str(text)?;
    for part in claim_facts::contributions(&facts) {
        out.add(part.measure, facts.org, part.day, part.n);
    }
    Ok(())
}

fn scan_claims(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<(i64, String)>> {
    let rows = store::scan_implementations(tx, after, limit)?;
    rows.into_iter().map(|row| Ok((row.id, serde_json::to_string(&row.facts)?))).collect()
}

/// 某日一个叶机构里贡献这个度量的实施清单。
fn drill_claims(tx: &mut Tx<'_>, query: &DrillQuery<'_>, measure: &str) -> Result<Vec<DrillRow>> {
    let mut found = Vec::new();
    let mut after = query.after;
    let limit = usize::try_from(query.limit).unwrap_or(0);
    while found.len() < limit {
        let rows = store::implementations_of(tx, query.org, after, 200)?;
        let Some(last) = rows.last() else { break };
        after = last.id;
        for row in rows {
            let weight = row.facts.weight(measure, query.to_day);
            if weight != 0 && found.len() < limit {
                let name = store::catalogue_by_id(tx, row.catalogue)?.name;
                let href = format!("/catalog?tab={}", row.state.as_str());
                found.push(DrillRow { id: row.id, number: row.code, title: name, detail: row.dept_name, href, weight });
            }
        }
    }
    Ok(found)
}

fn tally(text: &str, out: &mut Tally) -> Result<()> {
    let facts: Facts = serde_json::from_str(text)?;
    for part in facts::contributions(&facts) {
        out.add(part.measure, facts.org, part.day, part.n);
    }
    Ok(())
}

fn scan(tx: &mut Tx<'_>, after: i64, limit: u32) -> Result<Vec<(i64, String)>> {
    store::scan_items(tx, after, limit)?.into_iter().map(|row| Ok((row.id, serde_json::to_string(&row.facts)?))).collect()
}

/// 某日一个叶机构里贡献这个度量的办理项。
fn drill(tx: &mut Tx<'_>, query: &DrillQuery<'_>, measure: &str) -> Result<Vec<DrillRow>> {
    let mut found = Vec::new();
    let mut after = query.after;
    let limit = usize::try_from(query.limit).unwrap_or(0);
    while found.len() < limit {
        let rows = store::in_use_on(tx, query.org, query.to_day, after, 200)?;
        let Some(last) = rows.last() else { break };
        after = last.item;
        for row in rows {
            let weight = weight(&row.span, measure);
            if weight != 0 && found.len() < limit {
                found.push(DrillRow {
                    id: row.item,
                    number: row.code.clone(),
                    title: row.name,
                    detail: row.dept_name,
                    href: format!("/items/{}", row.code),
                    weight,
                });
            }
        }
    }
    Ok(found)
}

/// 一项当日对一个度量的贡献。
fn weight(span: &Span, measure: &str) -> i64 {
    let one = Facts { org: 0, spans: vec![Span { from: 0, until: OPEN_END, ..*span }] };
    facts::contributions(&one).iter().filter(|part| part.measure == measure).map(|part| part.n).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_agree_with_the_facts() {
        let here: Vec<(&str, &str)> = MEASURES[0].codes.iter().map(|measure| (measure.code, measure.title)).collect();
        assert_eq!(here, facts::MEASURES);
        let claims: Vec<(&str, &str)> = MEASURES[1].codes.iter().map(|measure| (measure.code, measure.title)).collect();
        assert_eq!(claims, claim_facts::MEASURES);
    }
}
