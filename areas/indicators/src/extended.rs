//! 补充指标（`extended`）：国家五维、百日攻坚、好差评、办件效能等。只有接上了数据的才成为指标，不计分。

use jiff::civil::Date;
use serde::Deserialize;

use crate::definition::{
    Basis, Comparison, Direction, Formula, Frequency, Indicator, Kind, Level, Origin, Subject, Target, ValueFormula,
};

/// 文件里的一条补充指标。
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Extended {
    pub id: String,
    pub name: String,
    pub group: String,
    pub definition: String,
    pub platform_proxy: String,
    pub target: Option<f64>,
    pub comparison: Option<Comparison>,
    pub unit: Option<String>,
    #[serde(default)]
    pub deadline: Option<Date>,
    pub status: String,
    pub source: String,
}

/// 补充指标当作普通指标用：不计分，按目标亮灯。
pub(crate) fn adopt(extra: &Extended) -> Indicator {
    let rate = extra.unit.as_deref() == Some("%");
    let lower = extra.comparison.is_some() && extra.target == Some(0.0);
    // 补充指标的目标都是整数；同业参考值（99.91）没有比较符，不作目标
    #[allow(clippy::cast_possible_truncation)]
    let target = extra.comparison.and(extra.target).map(|target| Target::Number(target.round() as i64));
    Indicator {
        id: extra.id.clone(),
        name: extra.name.clone(),
        area: extra.group.clone(),
        area_id: "extended".to_owned(),
        scopes: vec![Level::CityDepartment, Level::County, Level::DevelopmentZone, Level::Town],
        scope_detail: None,
        kind: if rate { Kind::Rate } else { Kind::Count },
        formula: Formula::Value(ValueFormula { value: extra.definition.clone(), where_note: None }),
        target,
        comparison: extra.comparison,
        upper: None,
        unit: extra.unit.clone().unwrap_or_default(),
        direction: if lower { Direction::LowerBetter } else { Direction::HigherBetter },
        basis: Basis::Product,
        deadlines: Vec::new(),
        frequency: Frequency::Daily,
        source: Origin { attachment: extra.group.clone(), row: extra.name.clone(), quote: extra.source.clone() },
        note: None,
        ambiguity: None,
        subject: Subject::Unit,
        scored: false,
    }
}
