//! 网办地址巡检的结果，与下一次巡检的时刻。

use jiff::Timestamp;
use tongban_store::{Result, Row, Tx, args};

const LINK: &str = "SELECT url, checked, reached, detail, items FROM items_links WHERE url = $1";
const PUT_LINK: &str = "INSERT INTO items_links (id, url, checked, reached, detail, items) VALUES ($1, $2, $3, $4, $5, $6) \
     ON CONFLICT (url) DO UPDATE SET checked = $3, reached = $4, detail = $5, items = $6";
const LINKS: &str = "SELECT url, checked, reached, detail, items FROM items_links WHERE checked >= $1 ORDER BY checked, id LIMIT $2";
const ROUND: &str = "SELECT due FROM items_rounds WHERE id = 1";
const SET_ROUND: &str = "UPDATE items_rounds SET due = $1 WHERE id = 1 AND due = $2";

pub(super) const STATEMENTS: &[&str] = &[LINK, PUT_LINK, LINKS, ROUND, SET_ROUND];

/// 多少天内打开过就算可达（items §6 Q24）。
const FRESH_MS: i64 = 30 * 24 * 3_600 * 1_000;

/// 一个网办地址最近一次巡检。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRow {
    pub url: String,
    /// 最近一次查的时刻，毫秒。
    pub checked: i64,
    /// 最近一次打得开的时刻，毫秒；没有过为 0。
    pub reached: i64,
    /// 最近一次没打开的原因；打开了为空。
    pub detail: String,
    /// 几个办理项在用它。
    pub items: i64,
}

impl LinkRow {
    /// 30 天内打开过。
    #[must_use]
    pub const fn reachable(&self) -> bool {
        self.reached > 0 && self.checked - self.reached <= FRESH_MS
    }
}

fn link(r: &Row<'_>) -> Result<LinkRow> {
    Ok(LinkRow { url: r.get(0)?, checked: r.get(1)?, reached: r.get(2)?, detail: r.get(3)?, items: r.get(4)? })
}

/// # Errors
/// 引擎故障。
pub fn link_of(tx: &mut Tx<'_>, url: &str) -> Result<Option<LinkRow>> {
    tx.row(LINK, args![url], link)
}

/// # Errors
/// 引擎故障。
pub fn put_link(tx: &mut Tx<'_>, row: &LinkRow) -> Result<()> {
    let id = tx.new_id();
    tx.exec(PUT_LINK, args![id, &row.url, row.checked, row.reached, &row.detail, row.items])?;
    Ok(())
}

/// 最近一轮查过的网址。
///
/// # Errors
/// 引擎故障。
pub fn links_since(tx: &mut Tx<'_>, since: i64, limit: i64) -> Result<Vec<LinkRow>> {
    tx.rows(LINKS, args![since, limit], link)
}

/// 下一次巡检的时刻，毫秒。
///
/// # Errors
/// 引擎故障。
pub fn next_round(tx: &mut Tx<'_>) -> Result<i64> {
    Ok(tx.row(ROUND, &[], |r| r.get(0))?.unwrap_or(i64::MAX))
}

/// 定下一次；别的节点先定了回答假。
///
/// # Errors
/// 引擎故障。
pub fn set_round(tx: &mut Tx<'_>, due: Timestamp, known: i64) -> Result<bool> {
    Ok(tx.exec(SET_ROUND, args![due, known])? == 1)
}
