//! 人员、任职、角色的维护。

use tongban_kernel::Scope;
use tongban_store::{Result, ScopedSql, Tx, args, scoped, scoped_rows};

use super::{depth_text, post_row, staff_row};
use crate::model::{Post, PostChange, Staff};

const LIST: ScopedSql = scoped!(
    "SELECT id, tenant, unit, org, code, name, person, real_level, active, joined_day, real_day, left_day, version, stopped \
     FROM directory_staff WHERE ",
    " = $1 AND code > $2 AND (CAST($3 AS BIGINT) = 0 OR unit = $3) AND (CAST($4 AS BIGINT) < 0 OR active = $4) \
     AND (CAST($5 AS BIGINT) = 0 OR real_level < $5) \
     AND (CAST($6 AS TEXT) = '' OR REPLACE(name, $6, '') <> name OR REPLACE(code, $6, '') <> code) \
     AND (CAST($7 AS TEXT) = '' OR EXISTS (SELECT p.id FROM directory_posts p WHERE p.staff = directory_staff.id AND p.role = $7 \
     AND p.from_day <= $8 AND p.to_day >= $8)) ORDER BY code LIMIT $9"
);
const LOCK_POST: &str = "SELECT id, tenant, unit, org, staff, role, title, site_window, backup, away, reach, from_day, to_day, version \
     FROM directory_posts WHERE id = $1";
const SAVE_POST: &str = "UPDATE directory_posts SET title = $1, site_window = $2, backup = $3, away = $4, reach = $5, from_day = $6, \
     to_day = $7, version = version + 1 WHERE id = $8 AND version = $9";
const END_POSTS: &str = "UPDATE directory_posts SET to_day = $1, version = version + 1 WHERE staff = $2 AND to_day > $1";
const BACKED_BY: &str = "SELECT id, tenant, unit, org, staff, role, title, site_window, backup, away, reach, from_day, to_day, version \
     FROM directory_posts WHERE backup = $1 AND to_day >= $2 ORDER BY id";
const HOLDERS: &str = "SELECT s.id, s.tenant, s.unit, s.org, s.code, s.name, s.person, s.real_level, s.active, s.joined_day, s.real_day, \
     s.left_day, s.version, s.stopped FROM directory_posts p JOIN directory_staff s ON s.id = p.staff \
     WHERE p.tenant = $1 AND p.role = $2 AND p.from_day <= $3 AND p.to_day >= $3 AND s.active = 1 ORDER BY p.id LIMIT $4";
const HOLDERS_COUNT: &str = "SELECT COUNT(DISTINCT p.staff) FROM directory_posts p JOIN directory_staff s ON s.id = p.staff \
     WHERE p.tenant = $1 AND p.role = $2 AND p.from_day <= $3 AND p.to_day >= $3 AND s.active = 1";
const OF_PERSON: &str = "SELECT id FROM directory_staff WHERE person = $1 AND active = 1 ORDER BY id LIMIT 1";
const REVOKE: &str = "DELETE FROM directory_role_permissions WHERE role = $1 AND permission = $2";
const ROLE_VERSION: &str = "SELECT version FROM directory_roles WHERE code = $1";
const SAVE_ROLE: &str = "INSERT INTO directory_roles (code, id, version) VALUES ($1, $2, 2) \
     ON CONFLICT (code) DO UPDATE SET version = directory_roles.version + 1 WHERE directory_roles.version = $3 RETURNING id";

pub const STATEMENTS: &[&str] = &[
    LIST.tenant, LIST.unit, LIST.org, LOCK_POST, SAVE_POST, END_POSTS, BACKED_BY, HOLDERS, HOLDERS_COUNT, OF_PERSON, REVOKE, ROLE_VERSION, SAVE_ROLE,
];

/// 人员列表的条件；空值不筛。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaffFilter {
    /// 只看哪个单位；0 不筛。
    pub unit: i64,
    /// 今天担任的角色。
    pub role: String,
    /// 在岗与否。
    pub active: Option<bool>,
    /// 只看实名等级低于它的；0 不筛。
    pub real_below: i64,
    /// 姓名或编码里有这几个字。
    pub words: String,
}

/// 范围内的人员，按编码先后。
pub(crate) fn staff_list(tx: &mut Tx<'_>, scope: &Scope, filter: &StaffFilter, day: i64, after: &str, limit: i64) -> Result<Vec<Staff>> {
    let active = filter.active.map_or(-1, i64::from);
    let rest = args![after, filter.unit, active, filter.real_below, &filter.words, &filter.role, day, limit];
    scoped_rows(tx, &LIST, scope, rest, usize::try_from(limit).unwrap_or(20), staff_row, |staff| staff.code.clone())
}

pub(crate) fn lock_post(tx: &mut Tx<'_>, id: i64) -> Result<Option<Post>> {
    tx.lock(LOCK_POST, args![id], post_row)
}

/// 改岗位；版本不符回答假。
pub(crate) fn save_post(tx: &mut Tx<'_>, post: &Post, change: &PostChange) -> Result<bool> {
    let changed = tx.exec(
        SAVE_POST,
        args![
            &change.title, change.window, change.backup, change.away, depth_text(change.reach), change.from_day, change.to_day, post.id,
            post.version,
        ],
    )?;
    Ok(changed == 1)
}

/// 一名工作人员的任职全部到 `last` 为止。
pub(crate) fn end_posts(tx: &mut Tx<'_>, staff: i64, last: i64) -> Result<()> {
    tx.exec(END_POSTS, args![last, staff])?;
    Ok(())
}

/// 把某个岗位定作 B 岗的在任岗位。
pub(crate) fn backed_by(tx: &mut Tx<'_>, post: i64, day: i64) -> Result<Vec<Post>> {
    tx.rows(BACKED_BY, args![post, day], post_row)
}

/// 一个县区今天担任某角色的在岗人员。
pub(crate) fn holders(tx: &mut Tx<'_>, tenant: i64, role: &str, day: i64, limit: i64) -> Result<Vec<Staff>> {
    tx.rows(HOLDERS, args![tenant, role, day, limit], staff_row)
}

pub(crate) fn holders_count(tx: &mut Tx<'_>, tenant: i64, role: &str, day: i64) -> Result<i64> {
    Ok(tx.row(HOLDERS_COUNT, args![tenant, role, day], |r| r.get(0))?.unwrap_or(0))
}

/// 这个自然人是哪一名在岗人员。
pub(crate) fn of_person(tx: &mut Tx<'_>, person: i64) -> Result<Option<i64>> {
    tx.row(OF_PERSON, args![person], |r| r.get(0))
}

pub(crate) fn revoke(tx: &mut Tx<'_>, role: &str, permission: &str) -> Result<()> {
    tx.exec(REVOKE, args![role, permission])?;
    Ok(())
}

pub(crate) fn role_version(tx: &mut Tx<'_>, role: &str) -> Result<i64> {
    Ok(tx.row(ROLE_VERSION, args![role], |r| r.get(0))?.unwrap_or(1))
}

/// 角色换一版；版本不符为 `None`，否则是角色的行键。
pub(crate) fn save_role(tx: &mut Tx<'_>, role: &str, version: i64) -> Result<Option<i64>> {
    let id = tx.new_id();
    tx.row(SAVE_ROLE, args![role, id, version], |r| r.get(0))
}
