//! 列表：待办、已办、我的、同一申请人、下钻。都按键翻页，不用偏移。

use jiff::Timestamp;
use tongban_kernel::Scope;
use tongban_kernel::lights::Light;
use tongban_kernel::time::from_millis;
use tongban_store::{Error, Result, Row, ScopedSql, Tx, args, scoped, scoped_rows};

use super::cases::{columns, from_row};
use crate::model::{Case, Channel, State, Step};

macro_rules! list_columns {
    () => {
        "id, case_no, item_name, applicant_shown, org_name, channel, state, step, handler, handler_name, submitted_at, due, \
         light, sort_due, tenant, unit, org, person, legal_entity, item_code, version"
    };
}

macro_rules! filters {
    () => {
        " AND (CAST($3 AS TEXT) = '' OR item_code = $3) AND (CAST($4 AS BIGINT) < 0 OR channel = $4) \
         AND (CAST($5 AS BIGINT) = 0 OR handler = $5) AND (CAST($6 AS TEXT) = '' OR light = $6) AND (CAST($7 AS BIGINT) = 0 OR org = $7)"
    };
}

const OPEN: ScopedSql = scoped!(
    concat!("SELECT ", list_columns!(), " FROM cases_cases WHERE "),
    concat!(" = $1 AND is_open = $2", filters!(), " AND (sort_due, id) > ($8, $9) ORDER BY sort_due, id LIMIT $10")
);
const TAB: ScopedSql = scoped!(
    concat!("SELECT ", list_columns!(), " FROM cases_cases WHERE "),
    concat!(" = $1 AND tab = $2", filters!(), " AND (sort_due, id) > ($8, $9) ORDER BY sort_due, id LIMIT $10")
);
const DONE: ScopedSql = scoped!(
    concat!("SELECT ", list_columns!(), " FROM cases_cases WHERE "),
    concat!(" = $1 AND tab = $2", filters!(), " AND (sort_due, id) < ($8, $9) ORDER BY sort_due DESC, id DESC LIMIT $10")
);
macro_rules! lit {
    ($light:literal) => {
        concat!(
            " = $1 AND is_open = 1 AND light = '", $light, "' AND (CAST($2 AS TEXT) = '' OR item_code = $2) \
             AND (CAST($3 AS BIGINT) < 0 OR channel = $3) AND (CAST($4 AS BIGINT) = 0 OR handler = $4) \
             AND (sort_due, id) > ($5, $6) ORDER BY sort_due, id LIMIT $7"
        )
    };
}
const RED: ScopedSql = scoped!(concat!("SELECT ", list_columns!(), " FROM cases_cases WHERE "), lit!("red"));
const YELLOW: ScopedSql = scoped!(concat!("SELECT ", list_columns!(), " FROM cases_cases WHERE "), lit!("yellow"));
const HANDLING: &str = concat!(
    "SELECT ",
    list_columns!(),
    " FROM cases_cases WHERE handler = $1 AND handler > 0 AND is_open = 1 AND (sort_due, id) > ($2, $3) ORDER BY sort_due, id LIMIT $4"
);
const OF_BUNDLE: &str =
    concat!("SELECT ", list_columns!(), " FROM cases_cases WHERE bundle = $1 AND bundle > 0 ORDER BY id");
const MINE_PERSON: &str = concat!(
    "SELECT ",
    list_columns!(),
    " FROM cases_cases WHERE person = $1 AND legal_entity = 0 AND id < $2 ORDER BY id DESC LIMIT $3"
);
const MINE_LEGAL: &str = concat!(
    "SELECT ",
    list_columns!(),
    " FROM cases_cases WHERE legal_entity = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
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

/// 黄灯一页，测试看它用不用得上索引。
#[cfg(test)]
pub const YELLOW_PAGE: &str = YELLOW.unit;

pub(super) const STATEMENTS: &[&str] = &[
    OPEN.tenant, OPEN.unit, OPEN.org, TAB.tenant, TAB.unit, TAB.org, DONE.tenant, DONE.unit, DONE.org, RED.tenant,
    RED.unit, RED.org, YELLOW.tenant, YELLOW.unit, YELLOW.org, HANDLING, OF_BUNDLE, MINE_PERSON, MINE_LEGAL, BY_IDENTITY, IDENTITY_OF, BY_NAME, SAME, CLOCK_DUE, FROM,
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
}

fn list_row(r: &Row<'_>) -> Result<ListRow> {
    let state: String = r.get(6)?;
    let light: String = r.get(12)?;
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
    })
}

/// 筛选条件；空值不筛。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub item_code: String,
    pub channel: Option<Channel>,
    /// 只看某人办的。
    pub handler: i64,
    pub light: Option<Light>,
    pub org: i64,
}

impl Filter {
    fn channel_code(&self) -> i64 {
        self.channel.map_or(-1, |channel| i64::from(channel.code()))
    }

    fn light_name(&self) -> &'static str {
        self.light.map_or("", Light::as_str)
    }
}

/// 在办，按到期先后。
pub fn open_list(tx: &mut Tx<'_>, scope: &Scope, filter: &Filter, after: (i64, i64), limit: i64) -> Result<Vec<ListRow>> {
    let rest = args![
        1_i64, &filter.item_code, filter.channel_code(), filter.handler, filter.light_name(), filter.org, after.0, after.1, limit
    ];
    scoped_rows(tx, &OPEN, scope, rest, size(limit), list_row, |row| (row.sort_due, row.id))
}

/// 某个页签，按到期先后。
pub fn tab_list(tx: &mut Tx<'_>, scope: &Scope, tab: &str, filter: &Filter, after: (i64, i64), limit: i64) -> Result<Vec<ListRow>> {
    let rest = args![
        tab, &filter.item_code, filter.channel_code(), filter.handler, filter.light_name(), filter.org, after.0, after.1, limit
    ];
    scoped_rows(tx, &TAB, scope, rest, size(limit), list_row, |row| (row.sort_due, row.id))
}

/// 已亮黄灯或红灯的在办件，按到期先后。
pub fn lit_list(tx: &mut Tx<'_>, scope: &Scope, light: Light, filter: &Filter, after: (i64, i64), limit: i64) -> Result<Vec<ListRow>> {
    let sql = if light == Light::Red { &RED } else { &YELLOW };
    let rest = args![&filter.item_code, filter.channel_code(), filter.handler, after.0, after.1, limit];
    scoped_rows(tx, sql, scope, rest, size(limit), list_row, |row| (row.sort_due, row.id))
}

/// 某人手里在办的，按到期先后。
pub fn handling(tx: &mut Tx<'_>, staff: i64, after: (i64, i64), limit: i64) -> Result<Vec<ListRow>> {
    tx.rows(HANDLING, args![staff, after.0, after.1, limit], list_row)
}

/// 一件事里的各件。
pub fn of_bundle(tx: &mut Tx<'_>, bundle: i64) -> Result<Vec<ListRow>> {
    tx.rows(OF_BUNDLE, args![bundle], list_row)
}

/// 已办结，最近的在前。
pub fn done_list(tx: &mut Tx<'_>, scope: &Scope, filter: &Filter, before: (i64, i64), limit: i64) -> Result<Vec<ListRow>> {
    let rest = args![
        "done", &filter.item_code, filter.channel_code(), filter.handler, filter.light_name(), filter.org, before.0, before.1, limit
    ];
    scoped_rows(tx, &DONE, scope, rest, size(limit), list_row, |row| (-row.sort_due, -row.id))
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
