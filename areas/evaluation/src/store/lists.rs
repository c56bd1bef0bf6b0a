//! 列表、公开的评价与近况数字。

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tongban_kernel::{Actor, Depth};
use tongban_kernel::time::from_millis;
use tongban_store::{Result, ScopedSql, Tx, args, scoped, scoped_rows};

use super::ratings::{RatingRow, from_row, open};
use super::subjects::Invited;
use crate::model::{Node, Satisfaction, State};

const MAX: i64 = i64::MAX;

static TASKS_OPEN: ScopedSql = scoped!(
    "SELECT id, no, item_name, org_name, level, state, due, yellow, blockage, closed, at, unit, handler_unit FROM evaluation_tasks WHERE ",
    " = $1 AND open = $2 AND staff <> $3 AND (due, id) > ($4, $5) ORDER BY due, id LIMIT $6"
);
static TASKS_SETTLED: ScopedSql = scoped!(
    "SELECT id, no, item_name, org_name, level, state, due, yellow, blockage, closed, at, unit, handler_unit FROM evaluation_tasks WHERE ",
    " = $1 AND open = 0 AND staff <> $2 AND (due, id) < ($3, $4) ORDER BY due DESC, id DESC LIMIT $5"
);
const HANDED_OPEN: &str = "SELECT id, no, item_name, org_name, level, state, due, yellow, blockage, closed, at, unit, handler_unit \
     FROM evaluation_tasks WHERE handler_unit = $1 AND open = 1 AND staff <> $2 AND (due, id) > ($3, $4) ORDER BY due, id LIMIT $5";
const HANDED_SETTLED: &str = "SELECT id, no, item_name, org_name, level, state, due, yellow, blockage, closed, at, unit, handler_unit \
     FROM evaluation_tasks WHERE handler_unit = $1 AND open = 0 AND staff <> $2 AND (due, id) < ($3, $4) ORDER BY due DESC, id DESC LIMIT $5";
static RATINGS: ScopedSql = scoped!(
    "SELECT id, no, subject, invitation, case_no, item_code, item_name, org_name, tenant, unit, org, node, round, level, tags, \
     content, review, private, channel, active, effective, flags, cleared, person, legal, staff, staff_code, at, day \
     FROM evaluation_ratings WHERE ",
    " = $1 AND level <= $2 AND staff <> $3 AND (at, id) < ($4, $5) ORDER BY at DESC, id DESC LIMIT $6"
);
static WAITING: ScopedSql = scoped!(
    "SELECT id, no, subject, invitation, case_no, item_code, item_name, org_name, tenant, unit, org, node, round, level, tags, \
     content, review, private, channel, active, effective, flags, cleared, person, legal, staff, staff_code, at, day \
     FROM evaluation_ratings WHERE ",
    " = $1 AND ((review = 0 AND content IS NOT NULL AND effective = 1) OR (effective = 1 AND counts = 0)) \
     AND staff <> $2 AND (at, id) < ($3, $4) ORDER BY at DESC, id DESC LIMIT $5"
);
const PUBLIC: &str = "SELECT r.id, r.no, r.subject, r.invitation, r.case_no, r.item_code, r.item_name, r.org_name, r.tenant, \
     r.unit, r.org, r.node, r.round, r.level, r.tags, r.content, r.review, r.private, r.channel, r.active, r.effective, r.flags, \
     r.cleared, r.person, r.legal, r.staff, r.staff_code, r.at, r.day, t.state, t.published \
     FROM evaluation_ratings r JOIN evaluation_cases c ON c.id = r.subject AND c.voided = 0 \
     LEFT JOIN evaluation_tasks t ON t.rating = r.id \
     WHERE r.effective = 1 AND r.counts = 1 AND r.active = 1 AND r.private = 0 AND r.level <= $1 AND (r.at, r.id) < ($2, $3) \
     ORDER BY r.at DESC, r.id DESC LIMIT $4";
const OF_ITEM: &str = "SELECT r.id, r.no, r.subject, r.invitation, r.case_no, r.item_code, r.item_name, r.org_name, r.tenant, \
     r.unit, r.org, r.node, r.round, r.level, r.tags, r.content, r.review, r.private, r.channel, r.active, r.effective, r.flags, \
     r.cleared, r.person, r.legal, r.staff, r.staff_code, r.at, r.day, t.state, t.published \
     FROM evaluation_ratings r JOIN evaluation_cases c ON c.id = r.subject AND c.voided = 0 \
     LEFT JOIN evaluation_tasks t ON t.rating = r.id \
     WHERE r.item_code = $1 AND r.effective = 1 AND r.counts = 1 AND r.active = 1 AND r.private = 0 ORDER BY r.at DESC LIMIT $2";
const ITEM_LEVELS: &str = "SELECT r.level, COUNT(*), MAX(r.item_name) FROM evaluation_ratings r \
     JOIN evaluation_cases c ON c.id = r.subject AND c.voided = 0 \
     WHERE r.item_code = $1 AND r.effective = 1 AND r.counts = 1 AND r.active = 1 AND r.round = 1 GROUP BY r.level";
const RECENT: &str = "SELECT r.level, r.channel, COUNT(*) FROM evaluation_ratings r \
     JOIN evaluation_cases c ON c.id = r.subject AND c.voided = 0 \
     WHERE r.effective = 1 AND r.at >= $1 AND r.counts = 1 AND r.active = 1 AND r.round = 1 GROUP BY r.level, r.channel";
const RECENT_TASKS: &str = "SELECT t.state, COUNT(*) FROM evaluation_tasks t \
     JOIN evaluation_cases c ON c.id = t.subject AND c.voided = 0 WHERE t.at >= $1 AND t.valid = 1 GROUP BY t.state";
const MINE: &str = "SELECT i.id, i.subject, i.node, i.day, i.at, i.expires, i.window_id, i.staff, i.staff_code, c.case_no, c.item_name \
     FROM evaluation_invitations i JOIN evaluation_cases c ON c.id = i.subject \
     WHERE i.person = $1 AND i.used IS NULL AND i.cancelled = 0 AND (i.expires, i.id) > ($2, $3) ORDER BY i.expires, i.id LIMIT $4";

pub(super) const STATEMENTS: &[&str] = &[
    TASKS_OPEN.tenant,
    TASKS_OPEN.unit,
    TASKS_OPEN.org,
    TASKS_SETTLED.tenant,
    TASKS_SETTLED.unit,
    TASKS_SETTLED.org,
    HANDED_OPEN,
    HANDED_SETTLED,
    RATINGS.tenant,
    RATINGS.unit,
    RATINGS.org,
    WAITING.tenant,
    WAITING.unit,
    WAITING.org,
    PUBLIC,
    OF_ITEM,
    ITEM_LEVELS,
    RECENT,
    RECENT_TASKS,
    MINE,
];

/// 工单列表的一行。
#[derive(Debug, Clone)]
pub struct TaskListed {
    pub id: i64,
    pub no: String,
    pub item_name: String,
    pub org_name: String,
    pub level: Satisfaction,
    pub state: State,
    pub due: Timestamp,
    pub yellow: Option<Timestamp>,
    pub blockage: bool,
    pub closed: Option<Timestamp>,
    pub at: Timestamp,
    pub unit: i64,
    /// 代管的单位；办理单位自己办为 0。
    pub handler_unit: i64,
}

impl TaskListed {
    #[must_use]
    pub fn light(&self, now: Timestamp) -> tongban_kernel::lights::Light {
        let reading = tongban_kernel::lights::Reading {
            due: Some(self.due),
            yellow_from: self.yellow,
            stopped: false,
            finished: self.closed,
        };
        tongban_kernel::lights::light(&reading, now)
    }
}

fn task_listed(r: &tongban_store::Row<'_>) -> Result<TaskListed> {
    Ok(TaskListed {
        id: r.get(0)?,
        no: r.get(1)?,
        item_name: r.get(2)?,
        org_name: r.get(3)?,
        level: Satisfaction::from_code(r.get(4)?).unwrap_or(Satisfaction::Dissatisfied),
        state: State::parse(&r.get::<String>(5)?).unwrap_or(State::ToVerify),
        due: from_millis(r.get(6)?),
        yellow: r.get::<Option<i64>>(7)?.map(from_millis),
        blockage: r.get(8)?,
        closed: r.get::<Option<i64>>(9)?.map(from_millis),
        at: from_millis(r.get(10)?),
        unit: r.get(11)?,
        handler_unit: r.get(12)?,
    })
}

/// 加上交给本单位代管的，排好、去重、截断；全县范围的本来就看得到。
fn with_handed<K: Ord>(
    tx: &mut Tx<'_>,
    viewer: &Actor,
    mut rows: Vec<TaskListed>,
    (sql, from): (&'static str, (i64, i64)),
    limit: u32,
    key: impl Fn(&TaskListed) -> K,
) -> Result<Vec<TaskListed>> {
    for reach in viewer.scope.reaches().iter().filter(|reach| reach.depth != Depth::Tenant) {
        rows.extend(tx.rows(sql, args![reach.id, unseen(viewer), from.0, from.1, limit], task_listed)?);
    }
    rows.sort_by_key(&key);
    rows.dedup_by_key(|task| task.id);
    rows.truncate(limit as usize);
    Ok(rows)
}

/// 被评的人看不到评他的那一条；不是工作人员的不排除谁。
fn unseen(viewer: &Actor) -> i64 {
    if viewer.staff == 0 { -1 } else { viewer.staff }
}

/// 在办工单，先到期的在前；`after` 是上一页末尾的（到期毫秒、行键）。
pub fn tasks_open(tx: &mut Tx<'_>, viewer: &Actor, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<TaskListed>> {
    let (due, id) = after.unwrap_or((0, 0));
    let key = |task: &TaskListed| (task.due, task.id);
    let own = scoped_rows(tx, &TASKS_OPEN, &viewer.scope, args![1, unseen(viewer), due, id, limit], limit as usize, task_listed, key)?;
    with_handed(tx, viewer, own, (HANDED_OPEN, (due, id)), limit, key)
}

/// 已了结的工单，新的在前。
pub fn settled_tasks(tx: &mut Tx<'_>, viewer: &Actor, before: Option<(i64, i64)>, limit: u32) -> Result<Vec<TaskListed>> {
    let (due, id) = before.unwrap_or((MAX, MAX));
    let key = |task: &TaskListed| std::cmp::Reverse((task.due, task.id));
    let own = scoped_rows(tx, &TASKS_SETTLED, &viewer.scope, args![unseen(viewer), due, id, limit], limit as usize, task_listed, key)?;
    with_handed(tx, viewer, own, (HANDED_SETTLED, (due, id)), limit, key)
}

/// 评价列表的一行，文字已解密。
pub type Listed = RatingRow;

/// 评价，新的在前；`worst` 为 2 时只列差评，5 时全部。
pub fn ratings(tx: &mut Tx<'_>, viewer: &Actor, worst: i64, before: Option<(i64, i64)>, limit: u32) -> Result<Vec<Listed>> {
    let (at, id) = before.unwrap_or((MAX, MAX));
    let key = |row: &(RatingRow, Option<Vec<u8>>)| std::cmp::Reverse((row.0.at, row.0.id));
    let found = scoped_rows(tx, &RATINGS, &viewer.scope, args![worst, unseen(viewer), at, id, limit], limit as usize, from_row, key)?;
    found.into_iter().map(|row| open(tx, row)).collect()
}

/// 等着人看的：文字待审，或可疑标记待复核。
pub fn waiting_reviews(tx: &mut Tx<'_>, viewer: &Actor, before: Option<(i64, i64)>, limit: u32) -> Result<Vec<Listed>> {
    let (at, id) = before.unwrap_or((MAX, MAX));
    let key = |row: &(RatingRow, Option<Vec<u8>>)| std::cmp::Reverse((row.0.at, row.0.id));
    let found = scoped_rows(tx, &WAITING, &viewer.scope, args![unseen(viewer), at, id, limit], limit as usize, from_row, key)?;
    found.into_iter().map(|row| open(tx, row)).collect()
}

/// 公开的一条：评价与它的整改结果成对。
#[derive(Debug, Clone)]
pub struct PublicRating {
    pub rating: RatingRow,
    pub task_state: Option<State>,
    pub published: Option<String>,
}

/// 公开的评价，新的在前。
pub fn public_ratings(tx: &mut Tx<'_>, worst: i64, before: Option<(i64, i64)>, limit: u32) -> Result<Vec<PublicRating>> {
    let (at, id) = before.unwrap_or((MAX, MAX));
    let found = tx.rows(PUBLIC, args![worst, at, id, limit], published)?;
    found.into_iter().map(|found| paired(tx, found)).collect()
}

type Paired = ((RatingRow, Option<Vec<u8>>), Option<State>, Option<String>);

fn published(r: &tongban_store::Row<'_>) -> Result<Paired> {
    let state: Option<String> = r.get(29)?;
    Ok((from_row(r)?, state.as_deref().and_then(State::parse), r.get::<Option<String>>(30)?))
}

fn paired(tx: &Tx<'_>, (row, task_state, published): Paired) -> Result<PublicRating> {
    Ok(PublicRating { rating: open(tx, row)?, task_state, published })
}

/// 一个事项的公开评价：名称、五级各几条（从非常满意到非常不满意）、最近的若干条。
#[derive(Debug, Clone, Default)]
pub struct ItemRatings {
    pub name: String,
    pub levels: [i64; 5],
    pub latest: Vec<PublicRating>,
}

/// 一个事项的公开评价；没有人评过为 `None`。
pub fn item_ratings(tx: &mut Tx<'_>, item: &str, limit: i64) -> Result<Option<ItemRatings>> {
    let mut of = ItemRatings::default();
    for (level, n, name) in tx.rows(ITEM_LEVELS, args![item], |r| Ok((r.get::<i64>(0)?, r.get::<i64>(1)?, r.get::<String>(2)?)))? {
        of.name = name;
        if let Some(slot) = usize::try_from(5 - level).ok().and_then(|index| of.levels.get_mut(index)) {
            *slot += n;
        }
    }
    let found = tx.rows(OF_ITEM, args![item, limit], published)?;
    of.latest = found.into_iter().map(|found| paired(tx, found)).collect::<Result<_>>()?;
    Ok((!of.name.is_empty()).then_some(of))
}

/// 一段时间的近况。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// 主动有效首评条数。
    pub total: i64,
    pub good: i64,
    /// 五级各几条，从非常满意到非常不满意。
    pub levels: [i64; 5],
    /// （渠道码，条数），多的在前。
    pub channels: Vec<(i64, i64)>,
    pub bad: i64,
    pub bad_closed: i64,
}

/// `since` 以来的近况。
fn summary(tx: &mut Tx<'_>, since: Timestamp) -> Result<Summary> {
    let counts: Vec<(i64, i64, i64)> = tx.rows(RECENT, args![since], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?;
    let tasks: Vec<(String, i64)> = tx.rows(RECENT_TASKS, args![since], |r| Ok((r.get(0)?, r.get(1)?)))?;
    let mut found = Summary::default();
    let mut channels = std::collections::BTreeMap::new();
    for (level, channel, n) in counts {
        found.total += n;
        found.good += if level >= 3 { n } else { 0 };
        if let Some(slot) = usize::try_from(5 - level).ok().and_then(|index| found.levels.get_mut(index)) {
            *slot += n;
        }
        *channels.entry(channel).or_insert(0) += n;
    }
    found.channels = channels.into_iter().collect();
    found.channels.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
    found.bad = tasks.iter().map(|(_, n)| n).sum();
    found.bad_closed = tasks.iter().filter(|(state, _)| state == State::Closed.as_str()).map(|(_, n)| n).sum();
    Ok(found)
}

/// 近况多久数一遍：首页、公示页与公开接口用同一份，谁都不必等十万条评价数完。
const COUNTED: Duration = Duration::from_secs(20);

/// 近 30 天的近况，至多旧 20 秒。
pub fn recent_summary(tx: &mut Tx<'_>, now: Timestamp) -> Result<Arc<Summary>> {
    let since = now.checked_sub(SignedDuration::from_hours(24 * 30)).unwrap_or(now);
    tx.recent("evaluation.summary", COUNTED, |tx| summary(tx, since))
}

/// 一个人还没评的：（邀评，办件编号，事项名称），先到期的在前。
pub fn mine(tx: &mut Tx<'_>, person: i64, after: (i64, i64), limit: u32) -> Result<Vec<(Invited, String, String)>> {
    tx.rows(MINE, args![person, after.0, after.1, limit], |r| {
        let invited = Invited {
            id: r.get(0)?,
            subject: r.get(1)?,
            node: Node::from_code(r.get(2)?).unwrap_or(Node::Decided),
            day: r.get(3)?,
            at: from_millis(r.get(4)?),
            expires: from_millis(r.get(5)?),
            used: None,
            cancelled: false,
            window: r.get(6)?,
            staff: r.get(7)?,
            staff_code: r.get(8)?,
        };
        Ok((invited, r.get(9)?, r.get(10)?))
    })
}
