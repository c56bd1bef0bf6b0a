//! 列表：待办、已办、我的、同一申请人、下钻。都按键翻页，不用偏移。

use jiff::Timestamp;
use tongban_kernel::Scope;
use tongban_kernel::lights::Light;
use tongban_kernel::time::from_millis;
use tongban_store::{Error, Result, Row, ScopedSql, Tx, Value, args, scoped_rows};

use super::cases::{columns, from_row};
use crate::model::{Case, Channel, Delivery, State, Step};

macro_rules! list_columns {
    () => {
        "id, case_no, item_name, applicant_shown, org_name, channel, state, step, handler, handler_name, submitted_at, due, \
         light, sort_due, tenant, unit, org, person, legal_entity, item_code, version, delivery"
    };
}

macro_rules! filters {
    () => {
        " AND (CAST($2 AS TEXT) = '' OR item_code = $2) AND (CAST($3 AS BIGINT) < 0 OR channel = $3) \
         AND (CAST($4 AS BIGINT) = 0 OR handler = $4)"
    };
}

macro_rules! rows {
    ($column:literal, $($part:expr),+) => {
        concat!("SELECT ", list_columns!(), " FROM cases_cases WHERE ", $column, " = $1", $($part),+)
    };
}

macro_rules! in_scope {
    ($($part:expr),+) => {
        ScopedSql { tenant: rows!("tenant", $($part),+), unit: rows!("unit", $($part),+), org: rows!("org", $($part),+) }
    };
}

/// 翻页的两步：先取与上一页末一件同一时刻的，不够再取往后的。
///
/// 写成一条 `(sort_due, id) > (…)`，SQLite 只按 `sort_due` 落脚：同一时刻到期的几千件要从头走一遍，翻得越深越慢。
struct Paged {
    tied: ScopedSql,
    rest: ScopedSql,
}

/// 到期早的在前；三个参数号依次是时刻、行键、件数（第二步没有行键）。
macro_rules! soonest {
    ($due:literal, $id:literal, $limit:literal, $($part:expr),+) => {
        Paged {
            tied: in_scope!($($part),+, " AND sort_due = ", $due, " AND id > ", $id, " ORDER BY id LIMIT ", $limit),
            rest: in_scope!($($part),+, " AND sort_due > ", $due, " ORDER BY sort_due, id LIMIT ", $id),
        }
    };
}

const OPEN: Paged = soonest!("$5", "$6", "$7", filters!(), " AND is_open = 1");
const TAB: Paged = soonest!("$6", "$7", "$8", filters!(), " AND tab = $5");
/// `<> 'green'` 与索引的条件一字不差，引擎才认得出用得上。
const RED: Paged = soonest!("$5", "$6", "$7", filters!(), " AND is_open = 1 AND light = 'red' AND light <> 'green'");
const YELLOW: Paged = soonest!("$5", "$6", "$7", filters!(), " AND is_open = 1 AND light = 'yellow' AND light <> 'green'");

macro_rules! latest_tied {
    () => {
        " AND sort_due = $5 AND id < $6 ORDER BY id DESC LIMIT $7"
    };
}
macro_rules! latest_rest {
    () => {
        " AND sort_due < $5 ORDER BY sort_due DESC, id DESC LIMIT $6"
    };
}

/// 已办结的，最近的在前。
const DONE: Paged = Paged {
    tied: in_scope!(filters!(), " AND tab = 'done'", latest_tied!()),
    rest: in_scope!(filters!(), " AND tab = 'done'", latest_rest!()),
};

/// 已办结的有上百万件，筛出来的也许只有几件：按筛的那一项走索引。`+` 让引擎不走范围那一列的。
macro_rules! done_by {
    ($part:expr) => {
        Paged {
            tied: ScopedSql {
                tenant: rows!("+tenant", filters!(), $part, latest_tied!()),
                unit: rows!("+unit", filters!(), $part, latest_tied!()),
                org: rows!("+org", filters!(), $part, latest_tied!()),
            },
            rest: ScopedSql {
                tenant: rows!("+tenant", filters!(), $part, latest_rest!()),
                unit: rows!("+unit", filters!(), $part, latest_rest!()),
                org: rows!("+org", filters!(), $part, latest_rest!()),
            },
        }
    };
}
const DONE_ITEM: Paged = done_by!(" AND item_code = $2 AND is_open = 0");
/// 一个单位的件不多，逐件看；全县区的按来源走索引。
const DONE_CHANNEL: Paged = Paged {
    tied: ScopedSql { tenant: rows!("tenant", filters!(), " AND channel = $3 AND is_open = 0", latest_tied!()), ..DONE.tied },
    rest: ScopedSql { tenant: rows!("tenant", filters!(), " AND channel = $3 AND is_open = 0", latest_rest!()), ..DONE.rest },
};

macro_rules! handled {
    ($column:literal) => {
        rows!(
            $column,
            " AND (CAST($2 AS TEXT) = '' OR item_code = $2) AND (CAST($3 AS BIGINT) < 0 OR channel = $3) AND is_open = 0 \
             AND id IN (SELECT case_id FROM cases_steps WHERE staff = $4 AND staff > 0 AND case_id < $5) ORDER BY id DESC LIMIT $6"
        )
    };
}
/// 办完之后不再有承办人：某人办过的从流转里找，新登记的在前。
const HANDLED: ScopedSql = ScopedSql { tenant: handled!("+tenant"), unit: handled!("+unit"), org: handled!("+org") };

macro_rules! handling {
    ($after:literal) => {
        concat!("SELECT ", list_columns!(), " FROM cases_cases WHERE handler = $1 AND handler > 0 AND is_open = 1", $after)
    };
}
const HANDLING_TIED: &str = handling!(" AND sort_due = $2 AND id > $3 ORDER BY id LIMIT $4");
const HANDLING: &str = handling!(" AND sort_due > $2 ORDER BY sort_due, id LIMIT $3");
const OF_BUNDLE: &str =
    concat!("SELECT ", list_columns!(), " FROM cases_cases WHERE bundle = $1 AND bundle > 0 ORDER BY id");
const MINE_PERSON: &str = concat!(
    "SELECT ",
    list_columns!(),
    " FROM cases_cases WHERE person = $1 AND person > 0 AND legal_entity = 0 AND id < $2 ORDER BY id DESC LIMIT $3"
);
const MINE_LEGAL: &str = concat!(
    "SELECT ",
    list_columns!(),
    " FROM cases_cases WHERE legal_entity = $1 AND legal_entity > 0 AND id < $2 ORDER BY id DESC LIMIT $3"
);
const BY_IDENTITY: &str =
    concat!("SELECT ", list_columns!(), " FROM cases_cases WHERE id_digest = $1 AND id <> $2 ORDER BY id DESC LIMIT $3");
const IDENTITY_OF: &str = "SELECT id_digest FROM cases_cases WHERE id = $1";
const BY_NAME: &str = concat!("SELECT ", list_columns!(), " FROM cases_cases WHERE name_digest = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
const SAME: &str = "SELECT case_no FROM cases_cases WHERE id_digest = $1 AND item_id = $2 AND is_open = 1 ORDER BY id DESC LIMIT 1";
/// 到点的办件。
pub const CLOCK_DUE: &str =
    "SELECT id, next_clock_at FROM cases_cases WHERE next_clock_at <= $1 ORDER BY next_clock_at, id LIMIT $2";
const FROM: &str = concat!("SELECT ", columns!(), " FROM cases_cases WHERE id > $1 ORDER BY id LIMIT $2");

/// 要看走不走得上索引的几页，与该走的索引；前两步是翻页的两步。
#[cfg(test)]
pub const INDEXED: &[(&str, &str)] = &[
    (YELLOW.rest.unit, "cases_cases_unit_light"),
    (OPEN.tied.org, "cases_cases_org_open"),
    (OPEN.rest.org, "cases_cases_org_open"),
    (TAB.tied.unit, "cases_cases_unit_tab"),
    (DONE.tied.tenant, "cases_cases_tenant_tab"),
    (DONE.rest.tenant, "cases_cases_tenant_tab"),
    (DONE_ITEM.tied.tenant, "cases_cases_done_item"),
    (DONE_ITEM.rest.org, "cases_cases_done_item"),
    (DONE_CHANNEL.rest.tenant, "cases_cases_done_channel"),
    (HANDLING_TIED, "cases_cases_mine"),
];

pub(super) const STATEMENTS: &[&str] = &[
    OPEN.tied.tenant, OPEN.tied.unit, OPEN.tied.org, OPEN.rest.tenant, OPEN.rest.unit, OPEN.rest.org,
    TAB.tied.tenant, TAB.tied.unit, TAB.tied.org, TAB.rest.tenant, TAB.rest.unit, TAB.rest.org,
    RED.tied.tenant, RED.tied.unit, RED.tied.org, RED.rest.tenant, RED.rest.unit, RED.rest.org,
    YELLOW.tied.tenant, YELLOW.tied.unit, YELLOW.tied.org, YELLOW.rest.tenant, YELLOW.rest.unit, YELLOW.rest.org,
    DONE.tied.tenant, DONE.tied.unit, DONE.tied.org, DONE.rest.tenant, DONE.rest.unit, DONE.rest.org,
    DONE_ITEM.tied.tenant, DONE_ITEM.tied.unit, DONE_ITEM.tied.org, DONE_ITEM.rest.tenant, DONE_ITEM.rest.unit, DONE_ITEM.rest.org,
    DONE_CHANNEL.tied.tenant, DONE_CHANNEL.rest.tenant, HANDLED.tenant, HANDLED.unit, HANDLED.org,
    HANDLING_TIED, HANDLING, OF_BUNDLE, MINE_PERSON, MINE_LEGAL, BY_IDENTITY, IDENTITY_OF, BY_NAME, SAME, CLOCK_DUE, FROM,
];

/// 列表里的一行。
#[derive(Debug, Clone)]
pub struct ListRow {
    pub id: i64,
    pub no: String,
    pub item_name: String,
    pub item_code: String,
    pub applicant: String,
    pub org_name: String,
    pub channel: Channel,
    pub state: State,
    pub step: Option<Step>,
    pub handler: i64,
    pub handler_name: String,
    pub submitted_at: Timestamp,
    pub due: Option<Timestamp>,
    pub light: Light,
    pub sort_due: i64,
    pub place: tongban_kernel::Place,
    pub person: i64,
    pub legal_entity: i64,
    pub version: i64,
    pub delivery: Delivery,
}

fn list_row(r: &Row<'_>) -> Result<ListRow> {
    let state: String = r.get(6)?;
    let light: String = r.get(12)?;
    let delivery: String = r.get(21)?;
    Ok(ListRow {
        id: r.get(0)?,
        no: r.get(1)?,
        item_name: r.get(2)?,
        applicant: r.get(3)?,
        org_name: r.get(4)?,
        channel: Channel::from_code(r.get(5)?).ok_or(Error::Shape("申报渠道"))?,
        state: State::parse(&state).ok_or(Error::Shape("办件状态"))?,
        step: r.get::<Option<String>>(7)?.as_deref().and_then(Step::parse),
        handler: r.get(8)?,
        handler_name: r.get(9)?,
        submitted_at: from_millis(r.get(10)?),
        due: r.get::<Option<i64>>(11)?.map(from_millis),
        light: Light::parse(&light).ok_or(Error::Shape("灯"))?,
        sort_due: r.get(13)?,
        place: tongban_kernel::Place { tenant: r.get(14)?, unit: r.get(15)?, org: r.get(16)? },
        person: r.get(17)?,
        legal_entity: r.get(18)?,
        item_code: r.get(19)?,
        version: r.get(20)?,
        delivery: Delivery::parse(&delivery).ok_or(Error::Shape("取证方式"))?,
    })
}

/// 筛选条件；空值不筛。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub item_code: String,
    pub channel: Option<Channel>,
    /// 只看某人办的：在办的看现在的承办人，办完的看经手过的。
    pub handler: i64,
}

impl Filter {
    fn args(&self) -> Vec<Value<'_>> {
        args![&self.item_code, self.channel.map_or(-1, |channel| i64::from(channel.code())), self.handler].to_vec()
    }

    /// 已办结的按哪一项走索引。
    fn done(&self) -> &'static Paged {
        if !self.item_code.is_empty() {
            &DONE_ITEM
        } else if self.channel.is_some() {
            &DONE_CHANNEL
        } else {
            &DONE
        }
    }
}

/// 一页分两步取；`key` 越小越在前，头一页没有第一步。
fn paged<K: Ord>(tx: &mut Tx<'_>, sql: &Paged, scope: &Scope, conditions: &[Value<'_>], after: (i64, i64), limit: i64, key: impl Fn(&ListRow) -> K) -> Result<Vec<ListRow>> {
    let with = |tail: &[i64]| conditions.iter().cloned().chain(tail.iter().map(|n| Value::Int(*n))).collect::<Vec<_>>();
    let mut found = Vec::new();
    if !matches!(after.0, i64::MIN | i64::MAX) {
        found = scoped_rows(tx, &sql.tied, scope, &with(&[after.0, after.1, limit]), size(limit), list_row, &key)?;
    }
    let left = limit - i64::try_from(found.len()).unwrap_or(limit);
    if left > 0 {
        found.extend(scoped_rows(tx, &sql.rest, scope, &with(&[after.0, left]), size(left), list_row, &key)?);
    }
    Ok(found)
}

/// 在办，按到期先后。
pub fn open_list(tx: &mut Tx<'_>, scope: &Scope, filter: &Filter, after: (i64, i64), limit: i64) -> Result<Vec<ListRow>> {
    paged(tx, &OPEN, scope, &filter.args(), after, limit, |row| (row.sort_due, row.id))
}

/// 某个页签，按到期先后。
pub fn tab_list(tx: &mut Tx<'_>, scope: &Scope, tab: &str, filter: &Filter, after: (i64, i64), limit: i64) -> Result<Vec<ListRow>> {
    let mut conditions = filter.args();
    conditions.push(Value::Text(tab));
    paged(tx, &TAB, scope, &conditions, after, limit, |row| (row.sort_due, row.id))
}

/// 已亮黄灯或红灯的在办件，按到期先后。
pub fn lit_list(tx: &mut Tx<'_>, scope: &Scope, light: Light, filter: &Filter, after: (i64, i64), limit: i64) -> Result<Vec<ListRow>> {
    let sql = if light == Light::Red { &RED } else { &YELLOW };
    paged(tx, sql, scope, &filter.args(), after, limit, |row| (row.sort_due, row.id))
}

/// 已办结，最近的在前。
pub fn done_list(tx: &mut Tx<'_>, scope: &Scope, filter: &Filter, before: (i64, i64), limit: i64) -> Result<Vec<ListRow>> {
    if filter.handler > 0 {
        let mut conditions = filter.args();
        conditions.extend([Value::Int(before.1), Value::Int(limit)]);
        return scoped_rows(tx, &HANDLED, scope, &conditions, size(limit), list_row, |row| -row.id);
    }
    paged(tx, filter.done(), scope, &filter.args(), before, limit, |row| (-row.sort_due, -row.id))
}

/// 某人手里在办的，按到期先后。
pub fn handling(tx: &mut Tx<'_>, staff: i64, after: (i64, i64), limit: i64) -> Result<Vec<ListRow>> {
    let mut found = tx.rows(HANDLING_TIED, args![staff, after.0, after.1, limit], list_row)?;
    let left = limit - i64::try_from(found.len()).unwrap_or(limit);
    if left > 0 {
        found.extend(tx.rows(HANDLING, args![staff, after.0, left], list_row)?);
    }
    Ok(found)
}

/// 一件事里的各件。
pub fn of_bundle(tx: &mut Tx<'_>, bundle: i64) -> Result<Vec<ListRow>> {
    tx.rows(OF_BUNDLE, args![bundle], list_row)
}

fn size(limit: i64) -> usize {
    usize::try_from(limit).unwrap_or(20)
}

/// 申请人自己的：个人看本人的，代表企业时看企业的。
pub fn mine(tx: &mut Tx<'_>, person: i64, legal_entity: i64, before: i64, limit: i64) -> Result<Vec<ListRow>> {
    if legal_entity != 0 {
        tx.rows(MINE_LEGAL, args![legal_entity, before, limit], list_row)
    } else if person != 0 {
        tx.rows(MINE_PERSON, args![person, before, limit], list_row)
    } else {
        Ok(Vec::new())
    }
}

/// 与某件同一申请人的其他办件。
pub fn by_identity(tx: &mut Tx<'_>, case_id: i64, limit: i64) -> Result<Vec<ListRow>> {
    let Some(digest) = tx.row(IDENTITY_OF, args![case_id], |r| r.get::<Vec<u8>>(0))? else { return Ok(Vec::new()) };
    tx.rows(BY_IDENTITY, args![&digest, case_id, limit], list_row)
}

/// 按证件号或姓名精确找（都只比对散列）。
pub fn by_name(tx: &mut Tx<'_>, words: &str, before: i64, limit: i64) -> Result<Vec<ListRow>> {
    let identity = tx.digest("id", &words.to_uppercase());
    let mut found = tx.rows(BY_IDENTITY, args![&identity, 0_i64, limit], list_row)?;
    if found.is_empty() {
        let name = tx.digest("name", words);
        found = tx.rows(BY_NAME, args![&name, before, limit], list_row)?;
    }
    Ok(found)
}

/// 同一人同一事项还在办的那件。
pub fn pending_same(tx: &mut Tx<'_>, id_number: &str, item_id: i64) -> Result<Option<String>> {
    let digest = tx.digest("id", id_number);
    tx.row(SAME, args![&digest, item_id], |r| r.get(0))
}

/// 到点的件，时钟用。
#[must_use]
pub const fn due_clocks() -> &'static str {
    CLOCK_DUE
}

/// 行键大于 `after` 的办件。
pub fn from(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<Case>> {
    tx.rows(FROM, args![after, limit], from_row)
}

/// 工作台待办：某页签里本人能看到的。
pub fn todo(tx: &mut Tx<'_>, scope: &Scope, tab: &str, after: (i64, i64), limit: i64) -> Result<Vec<ListRow>> {
    tab_list(tx, scope, tab, &Filter::default(), after, limit)
}
