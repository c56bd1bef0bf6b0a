//! 授权单与经办关系。

use jiff::Timestamp;
use tongban_kernel::Problem;
use tongban_kernel::time::from_millis;
use tongban_store::{Error, Result, Row, Tx, args};

use crate::model::grant::{Grant, GrantKind, GrantScope, GrantState, Side};

macro_rules! columns {
    () => {
        "id, kind, principal, legal_entity, agent, relation, scope, items, until_day, state, asked_by, created, settled, version"
    };
}

const ADD: &str = concat!(
    "INSERT INTO parties_grants (",
    columns!(),
    ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
);
const SAVE: &str = "UPDATE parties_grants SET state = $1, settled = $2, version = $3 WHERE id = $4 AND version = $5";
const ONE: &str = concat!("SELECT ", columns!(), " FROM parties_grants WHERE id = $1");
const BY_AGENT: &str = concat!("SELECT ", columns!(), " FROM parties_grants WHERE agent = $1 ORDER BY id DESC LIMIT $2");
const BY_PRINCIPAL: &str = concat!("SELECT ", columns!(), " FROM parties_grants WHERE principal = $1 AND legal_entity = 0 ORDER BY id DESC LIMIT $2");
const BY_LEGAL: &str = concat!("SELECT ", columns!(), " FROM parties_grants WHERE legal_entity = $1 AND principal = 0 ORDER BY id DESC LIMIT $2");
const HOLDERS: &str = "SELECT person FROM parties_agents WHERE legal_entity = $1 AND role = $2 AND until_day >= $3 ORDER BY person LIMIT 10";
const PUT_AGENT: &str = "INSERT INTO parties_agents (id, legal_entity, person, role, until_day, items, grant_id) VALUES ($1, $2, $3, $4, $5, $6, $7) \
     ON CONFLICT (person, legal_entity) DO UPDATE SET role = excluded.role, until_day = excluded.until_day, items = excluded.items, \
     grant_id = excluded.grant_id";
const END_AGENT: &str = "DELETE FROM parties_agents WHERE person = $1 AND legal_entity = $2 AND grant_id = $3";
const AGENCY: &str = "SELECT role, items FROM parties_agents WHERE person = $1 AND legal_entity = $2 AND until_day >= $3";
pub(crate) const STATEMENTS: &[&str] = &[ADD, SAVE, ONE, BY_AGENT, BY_PRINCIPAL, BY_LEGAL, HOLDERS, PUT_AGENT, END_AGENT, AGENCY];

/// 一个人的授权单至多看多少份。
const MOST: i64 = 200;

fn row(r: &Row<'_>) -> Result<Grant> {
    let words: [String; 4] = [r.get(1)?, r.get(6)?, r.get(9)?, r.get(10)?];
    Ok(Grant {
        id: r.get(0)?,
        kind: GrantKind::parse(&words[0]).ok_or(Error::Shape("授权种类"))?,
        principal: r.get(2)?,
        legal_entity: r.get(3)?,
        agent: r.get(4)?,
        relation: r.get(5)?,
        scope: GrantScope::parse(&words[1]).ok_or(Error::Shape("授权范围"))?,
        items: r.get(7)?,
        until_day: r.get(8)?,
        state: GrantState::parse(&words[2]).ok_or(Error::Shape("授权状态"))?,
        asked_by: Side::parse(&words[3]).ok_or(Error::Shape("授权提出方"))?,
        created: from_millis(r.get(11)?),
        settled: r.get::<Option<i64>>(12)?.map(from_millis),
        version: r.get(13)?,
    })
}

pub(crate) fn add(tx: &mut Tx<'_>, g: &Grant) -> Result<()> {
    tx.exec(
        ADD,
        args![
            g.id, g.kind.as_str(), g.principal, g.legal_entity, g.agent, &g.relation, g.scope.as_str(), &g.items, g.until_day,
            g.state.as_str(), g.asked_by.as_str(), g.created, g.settled, g.version,
        ],
    )?;
    Ok(())
}

/// 写回；`g.version` 已是新版本号。
pub(crate) fn save(tx: &mut Tx<'_>, g: &Grant) -> Result<()> {
    let settled: Option<Timestamp> = g.settled;
    let changed = tx.exec(SAVE, args![g.state.as_str(), settled, g.version, g.id, g.version - 1])?;
    if changed == 1 { Ok(()) } else { Err(Error::from(Problem::stale(g.version))) }
}

pub(crate) fn lock(tx: &mut Tx<'_>, id: i64) -> Result<Option<Grant>> {
    tx.lock(ONE, args![id], row)
}

pub(crate) fn find(tx: &mut Tx<'_>, id: i64) -> Result<Option<Grant>> {
    tx.row(ONE, args![id], row)
}

/// 别人给这个人的，新的在前。
pub(crate) fn by_agent(tx: &mut Tx<'_>, agent: i64) -> Result<Vec<Grant>> {
    tx.rows(BY_AGENT, args![agent, MOST], row)
}

/// 这个人给别人的，新的在前。
pub(crate) fn by_principal(tx: &mut Tx<'_>, principal: i64) -> Result<Vec<Grant>> {
    tx.rows(BY_PRINCIPAL, args![principal, MOST], row)
}

/// 这个单位给别人的，新的在前。
pub(crate) fn by_legal(tx: &mut Tx<'_>, legal_entity: i64) -> Result<Vec<Grant>> {
    tx.rows(BY_LEGAL, args![legal_entity, MOST], row)
}

/// 单位里某种身份的人。
pub(crate) fn holders(tx: &mut Tx<'_>, legal_entity: i64, role: &str, day: i64) -> Result<Vec<i64>> {
    tx.rows(HOLDERS, args![legal_entity, role, day], |r| r.get(0))
}

/// 授权生效：成为经办人。
pub(crate) fn put_agent(tx: &mut Tx<'_>, g: &Grant) -> Result<()> {
    let id = tx.new_id();
    tx.exec(PUT_AGENT, args![id, g.legal_entity, g.agent, &g.relation, g.until_day, &g.items, g.id])?;
    Ok(())
}

/// 授权解除：出自这份授权的经办关系随之结束。
pub(crate) fn end_agent(tx: &mut Tx<'_>, g: &Grant) -> Result<()> {
    tx.exec(END_AGENT, args![g.agent, g.legal_entity, g.id])?;
    Ok(())
}

/// 某人在某单位此刻的身份与事项范围。
pub(crate) fn agency(tx: &mut Tx<'_>, person: i64, legal_entity: i64, day: i64) -> Result<Option<(String, String)>> {
    tx.row(AGENCY, args![person, legal_entity, day], |r| Ok((r.get(0)?, r.get(1)?)))
}
