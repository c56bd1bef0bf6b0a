//! 由账算出指标值：只算动过的度量涉及的指标、期与机构，变了的才写（foundations §5）。
//!
//! 账只记叶机构，这里沿机构树往上加；撤并乡镇是承接乡镇的下级，自然计入。
//! 当天的行会动；过了 24 时，`as_of` 换成新的一天，前一天的快照从此不变。

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use jiff::civil::Date;
use tongban_directory::queries::{OrgNode, tree};
use tongban_kernel::time::{date_of, day_number, from_day_number};
use tongban_store::{Result, Tx};
use tongban_web::App;
use tongban_web::area::Grain;

use crate::binding::Source;
use crate::definition::Definitions;
use crate::period::Period;
use crate::registry::Registry;
use crate::store::{self, Current, Touched};
use crate::{project, recount};

/// 快照记到哪一天。
const AS_OF: &str = "as_of";
/// 最近一次重算完成的时刻，毫秒。
pub const REFRESHED: &str = "refreshed_at";
/// 一次至多处理多少个动过的（度量，月）。
const TOUCHED_AT_ONCE: i64 = 500;
/// 写现值一块多少行。
const CHUNK: usize = 200;
/// 存量往回最多更正多少个月。
const STOCK_MONTHS: usize = 36;
/// 重算用了多久，就至少歇它的几倍：忙的时候不与业务抢处理器。
const REST: u32 = 10;
/// 没有新日志时，为了歇够最多等多久。
const PATIENCE: Duration = Duration::from_millis(500);

static REST_UNTIL: Mutex<Option<Instant>> = Mutex::new(None);

/// 后台的一步：投影，再重算；闲下来才等。
pub async fn step(app: &App) -> Result<u64> {
    let read = project::project(app).await?;
    let rolled = roll(app).await?;
    if !rolled && !app.db().snapshot("indicators.pending", |tx| Ok(!store::touched(tx, 1)?.is_empty())).await? {
        return Ok(read);
    }
    let until = *REST_UNTIL.lock().unwrap_or_else(PoisonError::into_inner);
    let wait = until.map_or(Duration::ZERO, |until| until.saturating_duration_since(Instant::now()));
    if wait > PATIENCE || (read > 0 && wait > Duration::ZERO) {
        return Ok(read);
    }
    tokio::time::sleep(wait).await;
    let started = Instant::now();
    let written = refresh(app).await?;
    *REST_UNTIL.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + started.elapsed() * REST);
    Ok(read + written.max(1))
}

/// 投影并重算到最新；命令行、测试与造数据之后用。
///
/// # Errors
/// 引擎不可用。
pub async fn catch_up(app: &App) -> Result<()> {
    while project::project(app).await? > 0 {}
    roll(app).await?;
    while refresh(app).await? > 0 {}
    Ok(())
}

/// 过了 24 时：先把前一天算定，再换到今天，并让本月的全部指标重算一遍（到期类的数随日子变）。
async fn roll(app: &App) -> Result<bool> {
    let today = day_number(date_of(app.now()));
    let as_of = app.db().read("indicators.as_of", |tx| store::state(tx, AS_OF)).await?;
    if as_of == Some(today) {
        return Ok(false);
    }
    if as_of.is_some() {
        while refresh(app).await? > 0 {}
    }
    let registry = Registry::of(app);
    let codes: Vec<String> = registry.sets().iter().flat_map(|set| set.codes).map(|measure| measure.code.to_owned()).collect();
    let tonight = recount::tonight(app.now());
    app.db()
        .bulk("indicators.roll", move |tx| {
            project::generation(tx)?;
            if store::state(tx, AS_OF)? == Some(today) {
                return Ok(());
            }
            store::set_state(tx, AS_OF, today)?;
            for code in &codes {
                store::touch(tx, code, crate::period::month_row(today))?;
            }
            tx.enqueue(recount::JOB, "{}", tonight).map(|_| ())
        })
        .await?;
    Ok(true)
}

/// 重算动过的；回答写了几行。全部算完、什么都没有动过时为 0。
pub async fn refresh(app: &App) -> Result<u64> {
    let registry = Arc::new(Registry::of(app));
    let all = Definitions::built_in()?;
    let plan = app.db().snapshot("indicators.plan", move |tx| plan(tx, &registry, all)).await?;
    if plan.touched.is_empty() {
        return Ok(0);
    }
    let at = app.now();
    let Plan { touched, rows, rules } = plan;
    let written = rows.len() as u64;
    for chunk in rows.chunks(CHUNK) {
        let (chunk, rules) = (chunk.to_vec(), rules.clone());
        app.db()
            .bulk("indicators.figures", move |tx| {
                chunk.iter().try_for_each(|row| store::put_current(tx, row, rules.get(&row.period).map_or("", String::as_str), at))
            })
            .await?;
    }
    app.db()
        .bulk("indicators.refreshed", move |tx| {
            touched.iter().try_for_each(|done| store::clear_touched(tx, done))?;
            store::set_state(tx, REFRESHED, at.as_millisecond())
        })
        .await?;
    Ok(written.max(1))
}

/// 要写的行。
#[derive(Default)]
struct Plan {
    touched: Vec<Touched>,
    rows: Vec<Current>,
    /// 期 → 规则集。
    rules: BTreeMap<i64, String>,
}

fn plan(tx: &mut Tx<'_>, registry: &Registry, all: &Definitions) -> Result<Plan> {
    let touched = store::touched(tx, TOUCHED_AT_ONCE)?;
    let Some(as_of) = store::state(tx, AS_OF)?.and_then(from_day_number) else { return Ok(Plan::default()) };
    if touched.is_empty() {
        return Ok(Plan::default());
    }
    let generation = store::state(tx, project::GENERATION)?.unwrap_or(1);
    let orgs = Lineage::new(tree(tx)?);
    let mut sums = Sums { generation, as_of, known: BTreeMap::new() };
    let mut plan = Plan::default();
    for (indicator, source) in registry.computed(all) {
        let mut periods = BTreeSet::new();
        for row in touched.iter().filter(|row| source.measures().any(|code| code == row.measure)) {
            periods.extend(affected(registry.grain(&row.measure), row.month, as_of));
        }
        for period in periods {
            if let Some(set) = all.rule_set(period.until(as_of)) {
                plan.rules.entry(period.code()).or_insert_with(|| set.id.clone());
            }
            let fresh = sums.values(tx, registry, &orgs, source, period)?;
            let known = store::current_of_indicator(tx, &indicator.id, period.code())?;
            plan.rows.extend(changed(&indicator.id, period, as_of, &orgs, &fresh, &known));
        }
    }
    plan.touched = touched;
    Ok(plan)
}

/// 一个度量在某月动过，影响哪些期。
fn affected(grain: Grain, month: i64, as_of: Date) -> Vec<Period> {
    let now = Period::month_of(as_of);
    let start = match Period::from_code(month) {
        Some(Period::Year { year }) => return vec![Period::Year { year }],
        Some(period) => period,
        // 去重“曾经”（期代号 0）：只看现在
        None => now,
    };
    let mut periods = BTreeSet::from([Period::year_of(start.first()), start]);
    if grain == Grain::Stock {
        // 存量从那个月起往后都变
        let mut period = now;
        for _ in 0..STOCK_MONTHS {
            if period <= start {
                break;
            }
            periods.extend([period, Period::year_of(period.first())]);
            period = period.previous();
        }
        periods.insert(Period::year_of(as_of));
    }
    periods.into_iter().filter(|period| period.first() <= as_of).collect()
}

/// 机构与它的全部上级（含自己）。
pub(crate) struct Lineage {
    nodes: BTreeMap<i64, OrgNode>,
}

impl Lineage {
    pub(crate) fn new(nodes: Vec<OrgNode>) -> Self {
        Self { nodes: nodes.into_iter().map(|node| (node.id, node)).collect() }
    }

    fn tenant(&self, org: i64) -> i64 {
        self.nodes.get(&org).map_or(0, |node| node.tenant)
    }

    /// 自己与各级上级；树上没有的机构只有自己。
    fn up(&self, org: i64) -> Vec<i64> {
        let mut path = vec![org];
        while let Some(parent) = path.last().and_then(|last| self.nodes.get(last)).and_then(|node| node.parent) {
            // 数据有环也不会转不出来
            if path.contains(&parent) {
                break;
            }
            path.push(parent);
        }
        path
    }
}

/// 各机构的（分子，分母）。
type Values = BTreeMap<i64, (i64, i64)>;

/// 一次重算里查过的和，几个指标共用一个分母时只查一次。
struct Sums {
    generation: i64,
    as_of: Date,
    known: BTreeMap<(String, Period), Vec<(i64, i64)>>,
}

impl Sums {
    fn of(&mut self, tx: &mut Tx<'_>, registry: &Registry, measure: &str, period: Period) -> Result<&[(i64, i64)]> {
        let key = (measure.to_owned(), period);
        if !self.known.contains_key(&key) {
            let (from, to) = period.days(self.as_of);
            let mut sums = match registry.grain(measure) {
                Grain::Flow => store::flow_sums(tx, self.generation, measure, (from, to))?,
                Grain::Stock => store::stock_sums(tx, self.generation, measure, to)?,
            };
            let distinct = if registry.grain(measure) == Grain::Stock { 0 } else { period.code() };
            sums.extend(store::distinct_sums(tx, self.generation, measure, distinct)?);
            self.known.insert(key.clone(), sums);
        }
        Ok(self.known.get(&key).map_or(&[], Vec::as_slice))
    }

    fn values(&mut self, tx: &mut Tx<'_>, registry: &Registry, orgs: &Lineage, source: &Source, period: Period) -> Result<Values> {
        let mut values = Values::new();
        for (index, measure) in source.measures().enumerate() {
            for &(org, n) in self.of(tx, registry, measure, period)? {
                for above in orgs.up(org) {
                    let slot = values.entry(above).or_default();
                    if index == 0 {
                        slot.0 += n;
                    } else {
                        slot.1 += n;
                    }
                }
            }
        }
        Ok(values)
    }
}

/// 与现值不同的行；原来有、现在没有的写成 0。
fn changed(indicator: &str, period: Period, as_of: Date, orgs: &Lineage, fresh: &Values, known: &[Current]) -> Vec<Current> {
    let ratio = Definitions::built_in().is_ok_and(|all| matches!(all.source(indicator), Source::Ratio { .. }));
    let before: BTreeMap<i64, &Current> = known.iter().map(|row| (row.org, row)).collect();
    let everyone: BTreeSet<i64> = fresh.keys().chain(before.keys()).copied().collect();
    let mut rows = Vec::new();
    for org in everyone {
        let (num, den) = fresh.get(&org).copied().unwrap_or((0, 0));
        let den = ratio.then_some(den);
        let same = before.get(&org).is_some_and(|row| row.num == num && row.den == den);
        if !same {
            let (tenant, as_of) = (orgs.tenant(org), day_number(as_of));
            rows.push(Current { org, period: period.code(), indicator: indicator.to_owned(), tenant, num, den, as_of });
        }
    }
    rows
}

/// 页面上“数据截至”：最近一次重算完成的时刻。
///
/// # Errors
/// 引擎拒绝。
pub fn refreshed_at(tx: &mut Tx<'_>) -> Result<Option<Timestamp>> {
    Ok(store::state(tx, REFRESHED)?.map(tongban_kernel::time::from_millis))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn node(id: i64, parent: i64) -> OrgNode {
        OrgNode {
            id,
            parent: (parent != 0).then_some(parent),
            tenant: 1,
            unit: id,
            name: String::new(),
            short_name: String::new(),
            kind: 2,
            group: "",
        }
    }

    #[test]
    fn sums_go_up_the_tree_and_a_ring_does_not_hang() {
        let orgs = Lineage::new(vec![node(1, 0), node(2, 1), node(3, 2), node(8, 9), node(9, 8)]);
        assert_eq!(orgs.up(3), [3, 2, 1]);
        assert_eq!(orgs.up(8), [8, 9]);
        assert_eq!(orgs.up(77), [77]);
    }

    #[test]
    fn flows_touch_their_month_and_stocks_everything_after() {
        let today = date(2026, 5, 20);
        let codes = |grain, month| affected(grain, month, today).into_iter().map(Period::code).collect::<Vec<_>>();
        assert_eq!(codes(Grain::Flow, 20_260_300), [20_260_300, 20_260_000]);
        assert_eq!(codes(Grain::Flow, 20_260_600), [20_260_000], "下个月到期的先不算");
        assert_eq!(codes(Grain::Stock, 20_260_300), [20_260_300, 20_260_400, 20_260_500, 20_260_000]);
        assert_eq!(codes(Grain::Stock, 0), [20_260_500, 20_260_000]);
        assert_eq!(codes(Grain::Flow, 20_260_000), [20_260_000]);
    }
}
