//! 每人存下的筛选与列设置。

use jiff::Timestamp;
use tongban_store::{Result, Tx, args};

const ADD: &str = "INSERT INTO cases_views (id, staff, name, query, created) VALUES ($1, $2, $3, $4, $5) \
     ON CONFLICT (staff, name) DO UPDATE SET query = excluded.query";
const LIST: &str = "SELECT id, name, query FROM cases_views WHERE staff = $1 ORDER BY name LIMIT 20";
const DROP: &str = "DELETE FROM cases_views WHERE id = $1 AND staff = $2";
const HIDE: &str = "INSERT INTO cases_columns (staff, hidden) VALUES ($1, $2) ON CONFLICT (staff) DO UPDATE SET hidden = excluded.hidden";
const HIDDEN: &str = "SELECT hidden FROM cases_columns WHERE staff = $1";
pub(super) const STATEMENTS: &[&str] = &[ADD, LIST, DROP, HIDE, HIDDEN];

/// 存一个筛选；同名的换掉。
pub fn add(tx: &mut Tx<'_>, staff: i64, name: &str, query: &str, at: Timestamp) -> Result<()> {
    let id = tx.new_id();
    tx.exec(ADD, args![id, staff, name, query, at])?;
    Ok(())
}

/// 存下的筛选：行键、名字、查询串。
pub fn list(tx: &mut Tx<'_>, staff: i64) -> Result<Vec<(i64, String, String)>> {
    tx.rows(LIST, args![staff], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
}

/// 删一个自己的筛选。
pub fn drop_view(tx: &mut Tx<'_>, staff: i64, id: i64) -> Result<()> {
    tx.exec(DROP, args![id, staff])?;
    Ok(())
}

/// 存下不看的列，逗号相连。
pub fn hide(tx: &mut Tx<'_>, staff: i64, hidden: &str) -> Result<()> {
    tx.exec(HIDE, args![staff, hidden])?;
    Ok(())
}

/// 不看的列。
pub fn hidden(tx: &mut Tx<'_>, staff: i64) -> Result<Vec<String>> {
    let found: Option<String> = tx.row(HIDDEN, args![staff], |r| r.get(0))?;
    Ok(found.unwrap_or_default().split(',').filter(|code| !code.is_empty()).map(str::to_owned).collect())
}
