//! 指标定义：`reference/indicators.yaml` 的逐字类型。未知的键、缺的键、写错的值都是错误。
//!
//! 定义是数据：改口径只改 YAML，不改程序。文本里的 `basis` 说明目标从哪里来：
//! 原文写明（explicit）、原文有刚性要求由语义推出（derived）、原文只提及（monitor）、本产品补充（product）。

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use tongban_kernel::Problem;
use tongban_kernel::problem::Code;

use crate::binding::{Binding, Source};
use crate::extended::{Extended, adopt};

/// 随程序带的定义与取数表。
pub const DEFINITIONS: &str = include_str!("../../../reference/indicators.yaml");
pub const BINDINGS: &str = include_str!("../../../reference/indicator-bindings.yaml");

/// 考核哪一类单位。
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Level {
    #[serde(rename = "市级部门")]
    CityDepartment,
    #[serde(rename = "县区")]
    County,
    #[serde(rename = "经开区")]
    DevelopmentZone,
    #[serde(rename = "乡镇")]
    Town,
}

/// 值的样子。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    Rate,
    Count,
    Boolean,
    Rank,
    Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Comparison {
    #[serde(rename = ">=")]
    AtLeast,
    #[serde(rename = "<=")]
    AtMost,
    #[serde(rename = "=")]
    Equal,
}

impl Comparison {
    #[must_use]
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::AtLeast => "≥",
            Self::AtMost => "≤",
            Self::Equal => "=",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    HigherBetter,
    LowerBetter,
    InRange,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    Explicit,
    Derived,
    Monitor,
    Product,
}

impl Basis {
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Explicit => "原文目标",
            Self::Derived => "由原文要求推定",
            Self::Monitor => "仅监测",
            Self::Product => "本平台补充",
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Frequency {
    Daily,
    PerVisit,
}

/// 谁受考核。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Subject {
    Unit,
    /// 约束督查组自己，不计入被督查单位得分。
    InspectionTeam,
}

/// 目标：数，或“是”。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Target {
    Number(i64),
    Flag(bool),
}

impl Target {
    /// “是”作 1。
    #[must_use]
    pub const fn number(self) -> i64 {
        match self {
            Self::Number(number) => number,
            Self::Flag(flag) => flag as i64,
        }
    }
}

/// 字面公式。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Formula {
    Ratio(RatioFormula),
    Value(ValueFormula),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RatioFormula {
    pub numerator: String,
    pub denominator: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueFormula {
    pub value: String,
    #[serde(default)]
    pub where_note: Option<String>,
}

/// 区间的上界。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upper {
    pub comparison: Comparison,
    pub target: i64,
}

/// 阶段目标的一档。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deadline {
    pub date: Date,
    pub text: String,
    pub target: i64,
    #[serde(default)]
    pub quote: Option<String>,
}

/// 原文出处。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Origin {
    pub attachment: String,
    pub row: String,
    pub quote: String,
}

/// 一条指标。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Indicator {
    pub id: String,
    pub name: String,
    pub area: String,
    pub area_id: String,
    pub scopes: Vec<Level>,
    #[serde(default)]
    pub scope_detail: Option<String>,
    pub kind: Kind,
    pub formula: Formula,
    pub target: Option<Target>,
    pub comparison: Option<Comparison>,
    #[serde(default)]
    pub upper: Option<Upper>,
    pub unit: String,
    pub direction: Direction,
    pub basis: Basis,
    pub deadlines: Vec<Deadline>,
    pub frequency: Frequency,
    pub source: Origin,
    #[serde(default)]
    pub note: Option<String>,
    #[serde(default)]
    pub ambiguity: Option<String>,
    pub subject: Subject,
    pub scored: bool,
}

impl Indicator {
    /// `on` 那天的硬目标：阶段目标取当天之前（含）最近一档，没有到期的档时取最近将到期的一档。
    #[must_use]
    pub fn goal(&self, on: Date) -> Option<Goal> {
        let comparison = self.comparison?;
        let last = self.target?.number();
        let passed = self.deadlines.iter().filter(|stage| stage.date <= on).max_by_key(|stage| stage.date);
        let coming = self.deadlines.iter().filter(|stage| stage.date > on).min_by_key(|stage| stage.date);
        let (target, due, hard) = match (passed, coming) {
            (Some(stage), _) => (stage.target, Some(stage.date), true),
            (None, Some(stage)) => (stage.target, Some(stage.date), false),
            (None, None) => (last, None, true),
        };
        Some(Goal { comparison, target, upper: self.upper, due, hard, coming: coming.map(|stage| (stage.date, stage.target)) })
    }

    #[must_use]
    pub fn is_rate(&self) -> bool {
        self.kind == Kind::Rate
    }
}

/// 某天要达到的目标。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Goal {
    pub comparison: Comparison,
    pub target: i64,
    pub upper: Option<Upper>,
    /// 这一档的期限；常年目标没有。
    pub due: Option<Date>,
    /// 已经到期（或常年有效）：没达到就是红或黄，未到期只显示进度。
    pub hard: bool,
    /// 下一档。
    pub coming: Option<(Date, i64)>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuleSet {
    pub id: String,
    pub from: Date,
    pub note: String,
    pub overrides: Vec<Override>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    pub ids: Vec<String>,
    #[serde(default)]
    pub scored: Option<bool>,
    #[serde(default)]
    pub ranked: Option<bool>,
    #[serde(default)]
    pub in_bulletin: Option<bool>,
}

/// 一条指标在某套规则下怎么用。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Switches {
    pub scored: bool,
    pub ranked: bool,
    pub in_bulletin: bool,
}

/// 领域。
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    pub id: String,
    pub name: String,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Annex3 {
    #[serde(rename = "title")]
    _title: String,
    #[serde(rename = "header_fields")]
    _header_fields: Vec<String>,
    #[serde(rename = "unit_rows")]
    _unit_rows: Vec<String>,
    #[serde(rename = "period_rule")]
    _period_rule: String,
    #[serde(rename = "columns")]
    _columns: Vec<serde_yaml_ng::Value>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    schema_version: u32,
    title: String,
    issued_with: String,
    #[serde(rename = "year")]
    _year: i16,
    #[serde(rename = "conventions")]
    _conventions: BTreeMap<String, serde_yaml_ng::Value>,
    rule_sets: Vec<RuleSet>,
    areas: Vec<Field>,
    #[serde(rename = "scopes")]
    _scopes: Vec<Level>,
    #[serde(rename = "records")]
    _records: BTreeMap<String, String>,
    indicators: Vec<Indicator>,
    #[serde(rename = "annex3")]
    _annex3: Annex3,
    extended: Vec<Extended>,
    #[serde(rename = "scoring")]
    _scoring: BTreeMap<String, serde_yaml_ng::Value>,
}

/// 全部定义：领域、指标、规则集、取数方式。
#[derive(Debug, Clone)]
pub struct Definitions {
    pub title: String,
    pub issued_with: String,
    pub fields: Vec<Field>,
    pub rule_sets: Vec<RuleSet>,
    /// 按文件里的次序；接上了数据的补充指标在最后。
    pub indicators: Vec<Indicator>,
    sources: BTreeMap<String, Source>,
}

static BUILT_IN: LazyLock<Result<Definitions, String>> = LazyLock::new(|| Definitions::parse(DEFINITIONS, BINDINGS));

impl Definitions {
    /// 随程序带的那一套。
    ///
    /// # Errors
    /// 文件写错了（测试保证不会）。
    pub fn built_in() -> Result<&'static Self, Problem> {
        BUILT_IN.as_ref().map_err(|text| Problem::new(Code::Internal, format!("指标定义读不懂：{text}")))
    }

    /// 读定义与取数表。
    ///
    /// # Errors
    /// 哪里不对：未知的键、重复的指标、没有说明取数方式的指标、找不到的指标。
    pub fn parse(definitions: &str, bindings: &str) -> Result<Self, String> {
        let file: File = serde_yaml_ng::from_str(definitions).map_err(|error| error.to_string())?;
        let bindings: Vec<Binding> = serde_yaml_ng::from_str(bindings).map_err(|error| error.to_string())?;
        if file.schema_version != 1 {
            return Err(format!("不认识的版本 {}", file.schema_version));
        }
        let mut sources = BTreeMap::new();
        for binding in bindings {
            let id = binding.id.clone();
            let source = binding.source()?;
            if sources.insert(id.clone(), source).is_some() {
                return Err(format!("指标 {id} 的取数方式写了两次"));
            }
        }
        let mut indicators = file.indicators;
        indicators.extend(file.extended.iter().filter(|extra| sources.contains_key(&extra.id)).map(adopt));
        let mut seen = BTreeMap::new();
        for indicator in &indicators {
            if seen.insert(indicator.id.as_str(), ()).is_some() {
                return Err(format!("指标 {} 出现了两次", indicator.id));
            }
            if !sources.contains_key(&indicator.id) {
                return Err(format!("指标 {} 没有说明取数方式", indicator.id));
            }
        }
        if let Some(id) = sources.keys().find(|id| !seen.contains_key(id.as_str())) {
            return Err(format!("取数表里的 {id} 没有定义"));
        }
        let known = |id: &String| seen.contains_key(id.as_str());
        if let Some(id) = file.rule_sets.iter().flat_map(|set| &set.overrides).flat_map(|o| &o.ids).find(|id| !known(id)) {
            return Err(format!("规则集里的 {id} 没有定义"));
        }
        let (title, issued_with, fields, rule_sets) = (file.title, file.issued_with, file.areas, file.rule_sets);
        Ok(Self { title, issued_with, fields, rule_sets, indicators, sources })
    }

    #[must_use]
    pub fn get(&self, id: &str) -> Option<&Indicator> {
        self.indicators.iter().find(|indicator| indicator.id == id)
    }

    /// 一条指标从哪里取数。
    #[must_use]
    pub fn source(&self, id: &str) -> &Source {
        const NONE: &Source = &Source::Pending(String::new());
        self.sources.get(id).unwrap_or(NONE)
    }

    /// 统计期末日适用的规则集：`from` 不晚于它的最近一套。
    #[must_use]
    pub fn rule_set(&self, period_end: Date) -> Option<&RuleSet> {
        self.rule_sets.iter().filter(|set| set.from <= period_end).max_by_key(|set| set.from)
    }

    /// 一条指标在某个统计期末日的开关。
    #[must_use]
    pub fn switches(&self, indicator: &Indicator, period_end: Date) -> Switches {
        let scored = indicator.scored && indicator.subject == Subject::Unit;
        let mut switches = Switches { scored, ranked: true, in_bulletin: true };
        let overrides = self.rule_set(period_end).into_iter().flat_map(|set| &set.overrides);
        for change in overrides.filter(|change| change.ids.contains(&indicator.id)) {
            switches.scored = change.scored.unwrap_or(switches.scored);
            switches.ranked = change.ranked.unwrap_or(switches.ranked);
            switches.in_bulletin = change.in_bulletin.unwrap_or(switches.in_bulletin);
        }
        switches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn the_file_says_what_the_specification_counts() {
        let all = Definitions::parse(DEFINITIONS, BINDINGS).unwrap();
        let original = || all.indicators.iter().filter(|i| i.basis != Basis::Product);
        assert_eq!(original().count(), 107);
        let count = |basis| original().filter(|i| i.basis == basis).count();
        assert_eq!((count(Basis::Explicit), count(Basis::Derived), count(Basis::Monitor)), (49, 16, 42));
        assert_eq!(original().filter(|i| i.scored).count(), 57);
        assert_eq!(original().filter(|i| i.subject == Subject::InspectionTeam).count(), 7);
        assert!(all.indicators.iter().filter(|i| i.subject == Subject::InspectionTeam).all(|i| !all.switches(i, date(2021, 6, 1)).scored));
    }

    #[test]
    fn unknown_keys_and_gaps_are_errors() {
        let with_typo = DEFINITIONS.replacen("  frequency: daily", "  frequency: daily\n  frequenzy: daily", 1);
        assert!(Definitions::parse(&with_typo, BINDINGS).unwrap_err().contains("frequenzy"));
        let unbound = BINDINGS.replace("- {id: op_active_eval_rate,", "- {id: op_active_eval_rat,");
        assert!(Definitions::parse(DEFINITIONS, &unbound).unwrap_err().contains("op_active_eval_rate"));
    }

    #[test]
    fn registration_is_watched_but_not_ranked_from_2026() {
        let all = Definitions::built_in().unwrap();
        let ratio = all.get("user_personal_ratio").unwrap();
        assert_eq!(all.switches(ratio, date(2021, 12, 31)), Switches { scored: true, ranked: true, in_bulletin: true });
        assert_eq!(all.switches(ratio, date(2026, 1, 31)), Switches { scored: false, ranked: false, in_bulletin: false });
        assert_eq!(all.rule_set(date(2026, 1, 24)).unwrap().id, "2021");
    }

    #[test]
    fn stage_targets_move_with_the_calendar() {
        let all = Definitions::built_in().unwrap();
        let catalog = all.get("data_catalog_county").unwrap();
        let goal = |on| catalog.goal(on).unwrap();
        let early = goal(date(2021, 6, 1));
        assert_eq!((early.target, early.hard), (300, false));
        let middle = goal(date(2021, 6, 10));
        assert_eq!((middle.target, middle.hard, middle.coming), (300, true, Some((date(2021, 12, 31), 500))));
        assert_eq!((goal(date(2022, 1, 1)).target, goal(date(2022, 1, 1)).coming), (500, None));
        assert_eq!(all.get("op_active_eval_rate").unwrap().goal(date(2021, 6, 1)), None);
    }
}
