//! 看板：把定义、现值、填报、目标拼成一格一格，页面与接口共用。

use std::collections::BTreeMap;

use jiff::civil::Date;
use tongban_directory::queries::OrgNode;
use tongban_store::{Result, Tx};

use crate::binding::Source;
use crate::definition::{Definitions, Direction, Goal, Indicator, Level};
use crate::period::Period;
use crate::registry::Registry;
use crate::score::{self, Score};
use crate::store::{self, Current, ReportRow};
use crate::value::{IndicatorLight, Value, gap, light, meets};

/// 一个单位一期一条指标。
#[derive(Debug, Clone)]
pub struct Cell {
    pub indicator: &'static Indicator,
    pub value: Value,
    pub light: IndicatorLight,
    pub goal: Option<Goal>,
    /// 离目标还差多少；没有目标或没有值为空。
    pub gap: Option<i64>,
    /// 由系统算出，可以点开记录。
    pub computed: bool,
    /// 分子分母不是条数。
    pub weighted: bool,
    /// 人工填报的出处。
    pub report: Option<ReportRow>,
    /// 没有值时说明原因、由谁填。
    pub why: &'static str,
    pub scored: bool,
    pub ranked: bool,
}

impl Cell {
    /// 目标的写法：`≥95%`、`=100%`、`3–5 个`、`—`。
    #[must_use]
    pub fn goal_text(&self) -> String {
        let Some(goal) = self.goal else { return "—".to_owned() };
        let unit = if self.indicator.unit == "%" { "%".to_owned() } else { format!(" {}", self.indicator.unit) };
        match goal.upper {
            _ if self.indicator.kind == crate::definition::Kind::Boolean => "是".to_owned(),
            Some(upper) => format!("{}–{}{unit}", goal.target, upper.target),
            None if goal.comparison == crate::definition::Comparison::Equal => format!("{}{unit}", goal.target),
            None => format!("{}{}{unit}", goal.comparison.symbol(), goal.target),
        }
    }

    /// 差多少的写法。
    #[must_use]
    pub fn gap_text(&self) -> String {
        match (self.gap, self.value) {
            (Some(0), _) => "达标".to_owned(),
            (Some(_), Value::Ratio { num, den }) if self.weighted => self.points_short(num, den),
            (Some(short), Value::Ratio { .. }) => format!("差 {short}"),
            (Some(short), _) => {
                let word = if self.indicator.direction == Direction::LowerBetter { "多" } else { "差" };
                format!("{word} {short} {}", self.indicator.unit).trim_end().to_owned()
            }
            (None, Value::Missing | Value::Pending | Value::NotApplicable) => self.value.show(self.indicator),
            (None, _) => "仅监测".to_owned(),
        }
    }

    /// 还差几个百分点。
    fn points_short(&self, num: i64, den: i64) -> String {
        let target = self.goal.map_or(0, |goal| goal.target * 100);
        let short = (target - crate::value::basis_points(num, den)).abs();
        format!("差 {}.{:02} 个百分点", short / 100, short % 100)
    }

    /// 能列出“还没做到的”记录：未达标，且分子分母都是条数。
    #[must_use]
    pub fn lists_missing(&self) -> bool {
        self.computed && !self.weighted && matches!(self.value, Value::Ratio { num, den } if num < den)
    }

    #[must_use]
    pub fn show(&self) -> String {
        self.value.show(self.indicator)
    }

    /// 计入得分的值；不计分的为空。
    #[must_use]
    pub fn counted(&self, on: Date) -> Option<f64> {
        if self.scored { score::counted(self.indicator, self.value, on) } else { None }
    }
}

/// 这类机构看哪些指标：县区的指标同时按部门与乡镇拆分（indicators §1）。
fn concerns(indicator: &Indicator, group: &str) -> bool {
    let has = |level| indicator.scopes.contains(&level);
    match group {
        "县区" => has(Level::County),
        "乡镇" => has(Level::Town) || has(Level::County),
        _ => has(Level::CityDepartment) || has(Level::County),
    }
}

/// 一个机构一期的全部指标，按定义的次序。
///
/// # Errors
/// 引擎拒绝。
pub fn of_org(tx: &mut Tx<'_>, registry: &Registry, node: &OrgNode, period: Period, today: Date) -> Result<Vec<Cell>> {
    let all = Definitions::built_in()?;
    let current: BTreeMap<String, Current> =
        store::current_of_org(tx, node.id, period.code())?.into_iter().map(|row| (row.indicator.clone(), row)).collect();
    let mut reports = BTreeMap::new();
    // 每条指标最新的在前，后来的不覆盖
    for row in store::reports_of(tx, node.id, period.code())? {
        reports.entry(row.indicator.clone()).or_insert(row);
    }
    let on = period.until(today);
    let cells = all.indicators.iter().filter(|indicator| concerns(indicator, node.group));
    Ok(cells.map(|indicator| cell(all, registry, indicator, current.get(&indicator.id), reports.remove(&indicator.id), on)).collect())
}

/// 一格。
#[must_use]
pub fn cell(
    all: &'static Definitions,
    registry: &Registry,
    indicator: &'static Indicator,
    current: Option<&Current>,
    report: Option<ReportRow>,
    on: Date,
) -> Cell {
    let source = all.source(&indicator.id);
    let computed = registry.provides(source);
    let (value, why) = match source {
        Source::Ratio { .. } if computed => (current.map_or(Value::NotApplicable, |row| Value::of(row.num, Some(row.den.unwrap_or(0)))), ""),
        Source::Value(_) if computed => (Value::Number(current.map_or(0, |row| row.num)), ""),
        Source::Ratio { .. } | Source::Value(_) => (Value::Pending, "提供数据的模块没有启用"),
        Source::Manual(by) => (report.as_ref().map_or(Value::Missing, |row| Value::of(row.num, row.den)), by.as_str()),
        Source::Pending(why) => (Value::Pending, why.as_str()),
    };
    let goal = indicator.goal(on);
    let switches = all.switches(indicator, on);
    Cell {
        indicator,
        value,
        light: light(indicator, value, on),
        goal,
        gap: goal.and_then(|goal| gap(value, &goal)),
        computed,
        weighted: source.is_weighted(),
        report,
        why,
        scored: switches.scored,
        ranked: switches.ranked,
    }
}

/// 红黄绿灰各几条。
#[must_use]
pub fn lights(cells: &[Cell]) -> [usize; 4] {
    let count = |lamp| cells.iter().filter(|cell| cell.light == lamp).count();
    [count(IndicatorLight::Red), count(IndicatorLight::Yellow), count(IndicatorLight::Green), count(IndicatorLight::Grey)]
}

/// 一个单位的得分。
#[must_use]
pub fn score_of(cells: &[Cell], on: Date) -> Score {
    score::unit_score(cells.iter().filter_map(|cell| Some((cell.indicator, cell.counted(on)?))))
}

/// 有到期未达的硬目标。
#[must_use]
pub fn overdue_goal(cells: &[Cell], on: Date) -> bool {
    let late = |cell: &Cell| {
        cell.goal.is_some_and(|goal| goal.hard && goal.due.is_some_and(|due| due <= on) && meets(cell.value, &goal) == Some(false))
    };
    cells.iter().any(late)
}

/// 一条指标在各单位的值：按机构分好的现值。
#[derive(Debug, Default)]
pub struct Matrix {
    rows: BTreeMap<(i64, String), Current>,
}

impl Matrix {
    /// 一个县区一期的全部现值。
    ///
    /// # Errors
    /// 引擎拒绝。
    pub fn load(tx: &mut Tx<'_>, tenant: i64, period: Period) -> Result<Self> {
        let rows = store::current_of_tenant(tx, tenant, period.code())?;
        Ok(Self { rows: rows.into_iter().map(|row| ((row.org, row.indicator.clone()), row)).collect() })
    }

    #[must_use]
    pub fn get(&self, org: i64, indicator: &str) -> Option<&Current> {
        self.rows.get(&(org, indicator.to_owned()))
    }

    /// 一个单位算得出的各指标（只看系统算出的，不含填报）。
    #[must_use]
    pub fn cells(&self, all: &'static Definitions, registry: &Registry, node: &OrgNode, on: Date) -> Vec<Cell> {
        let shown = registry.computed(all).filter(|(indicator, _)| concerns(indicator, node.group));
        shown
            .filter_map(|(indicator, _)| all.get(&indicator.id))
            .map(|indicator| cell(all, registry, indicator, self.get(node.id, &indicator.id), None, on))
            .collect()
    }
}

/// 一条指标各月的值，旧的在前。
pub type Trends = BTreeMap<String, Vec<(Period, Value)>>;

/// 一个机构近几个月（含本月）各指标的值；没有数据的月略去。
///
/// # Errors
/// 引擎拒绝。
pub fn monthly(tx: &mut Tx<'_>, org: i64, today: Date, months: usize) -> Result<Trends> {
    let now = Period::month_of(today);
    let first = std::iter::successors(Some(now), |period| Some(period.previous())).nth(months.saturating_sub(1)).unwrap_or(now);
    let mut trends = Trends::new();
    for row in store::current_between(tx, org, (first.code(), now.code()))? {
        if let Some(period @ Period::Month { .. }) = Period::from_code(row.period) {
            trends.entry(row.indicator).or_default().push((period, Value::of(row.num, row.den)));
        }
    }
    Ok(trends)
}
