//! 成批读名字：一页的人与岗位，五十个一次。

use std::collections::BTreeMap;

use tongban_store::{Result, Row, Tx, Value, args};

use crate::model::role_name;

/// 五十个占位：一次读一批。
#[macro_export]
macro_rules! fifty {
    ($before:literal, $after:literal) => {
        concat!(
            $before,
            " ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, \
             $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, $43, $44, $45, $46, $47, $48, $49, $50) ",
            $after
        )
    };
}

const STAFF: &str = fifty!("SELECT s.id, s.name, o.short_name FROM directory_staff s JOIN directory_orgs o ON o.id = s.unit WHERE s.id IN", "");
const POSTS: &str = fifty!("SELECT p.id, p.title, p.role, o.short_name FROM directory_posts p JOIN directory_orgs o ON o.id = p.unit WHERE p.id IN", "");
const NAMED: &str = "SELECT id FROM directory_staff WHERE tenant = $1 AND name = $2 ORDER BY id LIMIT 200";

pub const STATEMENTS: &[&str] = &[STAFF, POSTS, NAMED];

/// 五十个一批地读；不足的用 0 补齐，没有行键是 0 的行。
///
/// # Errors
/// 引擎拒绝。
pub fn in_fifties<T>(tx: &mut Tx<'_>, sql: &'static str, ids: &[i64], mut map: impl FnMut(&Row<'_>) -> Result<T>) -> Result<Vec<T>> {
    let mut found = Vec::new();
    for some in ids.chunks(50) {
        let mut given: Vec<Value<'_>> = some.iter().map(Value::from).collect();
        given.resize(50, Value::Int(0));
        found.extend(tx.rows(sql, &given, &mut map)?);
    }
    Ok(found)
}

/// 人员的（姓名，单位短名）。
pub(crate) fn staff_names(tx: &mut Tx<'_>, ids: &[i64]) -> Result<BTreeMap<i64, (String, String)>> {
    Ok(in_fifties(tx, STAFF, ids, |r| Ok((r.get(0)?, (r.get(1)?, r.get(2)?))))?.into_iter().collect())
}

/// 岗位的（岗位名，单位短名）；没有起名的用角色的中文名。
pub(crate) fn post_names(tx: &mut Tx<'_>, ids: &[i64]) -> Result<BTreeMap<i64, (String, String)>> {
    let rows = in_fifties(tx, POSTS, ids, |r| {
        let (title, role): (String, String) = (r.get(1)?, r.get(2)?);
        let shown = if title.is_empty() || title == role { role_name(&role).to_owned() } else { title };
        Ok((r.get(0)?, (shown, r.get(3)?)))
    })?;
    Ok(rows.into_iter().collect())
}

/// 县区里叫这个名字的人，至多 200 个。
pub(crate) fn staff_named(tx: &mut Tx<'_>, tenant: i64, name: &str) -> Result<Vec<i64>> {
    tx.rows(NAMED, args![tenant, name], |r| r.get(0))
}
