//! SQL ↔ 模型。本区唯一有 SQL 的地方。

mod config;
mod names;
mod people;

pub(crate) use config::{add_config, configs_after, configs_of, edit_org, lock_config, save_config};
pub use config::STATEMENTS as CONFIG_STATEMENTS;
pub use names::{STATEMENTS as NAME_STATEMENTS, in_fifties};
pub(crate) use names::{post_names, staff_named, staff_names};
pub use people::{STATEMENTS as PEOPLE_STATEMENTS, StaffFilter};
pub(crate) use people::{
    backed_by, end_posts, holders, holders_count, lock_post, of_person, revoke, role_version, save_post, save_role, staff_list,
};

use tongban_kernel::Depth;
use tongban_store::{Result, Row, Tx, args};

use crate::model::{Appointment, NewOrg, NewStaff, Org, Post, Site, Staff, Window};

const ORG: &str = "SELECT id, tenant, unit, parent, name, short_name, kind, code, division, doc_prefix, phone, complaint_phone, \
     address, hours, status, legacy_division, version FROM directory_orgs WHERE id = $1";
const ORG_NAMED: &str = "SELECT id, tenant, unit, parent, name, short_name, kind, code, division, doc_prefix, phone, complaint_phone, \
     address, hours, status, legacy_division, version FROM directory_orgs WHERE tenant = $1 AND name = $2";
const ORGS: &str = "SELECT id, tenant, unit, parent, name, short_name, kind, code, division, doc_prefix, phone, complaint_phone, \
     address, hours, status, legacy_division, version FROM directory_orgs ORDER BY kind, id";
const CHILDREN: &str = "SELECT id, tenant, unit, parent, name, short_name, kind, code, division, doc_prefix, phone, complaint_phone, \
     address, hours, status, legacy_division, version FROM directory_orgs WHERE parent = $1 ORDER BY id";
const ADD_ORG: &str = "INSERT INTO directory_orgs (id, tenant, unit, parent, name, short_name, kind, code, division, doc_prefix, phone, \
     complaint_phone, address, hours, status, legacy_division, version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, 1, $15, 1)";
const ADD_DIVISION: &str = "INSERT INTO directory_divisions (code, name, level, parent, kind, successor, source) \
     VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (code) DO UPDATE SET name = $2, parent = $4, kind = $5, successor = $6, source = $7";
const DIVISIONS: &str =
    "SELECT code, name, level, parent, kind, successor FROM directory_divisions WHERE parent = $1 AND code > $2 ORDER BY code LIMIT $3";
const DIVISION: &str = "SELECT code, name, level, parent, kind, successor FROM directory_divisions WHERE code = $1";
const ADD_SITE: &str = "INSERT INTO directory_sites (id, tenant, unit, org, name, address, phone, hours, note, division) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
const SITES: &str = "SELECT id, org, name, address, phone, hours, note, division FROM directory_sites ORDER BY id";
const ADD_WINDOW: &str = "INSERT INTO directory_windows (id, tenant, unit, org, site, number, name, comprehensive) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const WINDOWS: &str = "SELECT id, org, site, number, name, comprehensive FROM directory_windows WHERE org = $1 ORDER BY number";
const WINDOW: &str = "SELECT id, org, site, number, name, comprehensive FROM directory_windows WHERE id = $1";
const ADD_STAFF: &str = "INSERT INTO directory_staff (id, tenant, unit, org, code, name, real_level, active, joined_day, real_day, version) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, 1)";
const STAFF: &str = "SELECT id, tenant, unit, org, code, name, person, real_level, active, joined_day, real_day, left_day, version, stopped \
     FROM directory_staff WHERE id = $1";
const STAFF_CODED: &str = "SELECT id, tenant, unit, org, code, name, person, real_level, active, joined_day, real_day, left_day, version, stopped \
     FROM directory_staff WHERE tenant = $1 AND code = $2";
const STAFF_AFTER: &str = "SELECT id, tenant, unit, org, code, name, person, real_level, active, joined_day, real_day, left_day, version, stopped \
     FROM directory_staff WHERE id > $1 ORDER BY id LIMIT $2";
const STAFF_OF: &str = "SELECT id, tenant, unit, org, code, name, person, real_level, active, joined_day, real_day, left_day, version, stopped \
     FROM directory_staff WHERE org = $1 AND id > $2 ORDER BY id LIMIT $3";
const SAVE_STAFF: &str = "UPDATE directory_staff SET person = $1, real_level = $2, active = $3, real_day = $4, left_day = $5, \
     unit = $6, org = $7, code = $8, name = $9, joined_day = $10, stopped = $11, version = version + 1 WHERE id = $12 AND version = $13";
const ADD_POST: &str = "INSERT INTO directory_posts (id, tenant, unit, org, staff, role, title, site_window, backup, away, reach, from_day, \
     to_day, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, $11, $12, 1)";
const POST: &str = "SELECT id, tenant, unit, org, staff, role, title, site_window, backup, away, reach, from_day, to_day, version \
     FROM directory_posts WHERE id = $1";
const COVER_POST: &str = "UPDATE directory_posts SET backup = $1, away = $2, version = version + 1 WHERE id = $3 RETURNING version";
const POSTS_OF: &str = "SELECT id, tenant, unit, org, staff, role, title, site_window, backup, away, reach, from_day, to_day, version \
     FROM directory_posts WHERE staff = $1 ORDER BY id";
const POSTS_AT: &str = "SELECT id, tenant, unit, org, staff, role, title, site_window, backup, away, reach, from_day, to_day, version \
     FROM directory_posts WHERE site_window = $1 ORDER BY id";
const POSTS_WITH: &str = "SELECT p.id FROM directory_posts p JOIN directory_role_permissions r ON r.role = p.role \
     WHERE p.unit = $1 AND r.permission = $2 AND p.to_day >= $3 ORDER BY p.id";
const POSTS_IN: &str = "SELECT p.id FROM directory_posts p JOIN directory_role_permissions r ON r.role = p.role \
     WHERE p.tenant = $1 AND r.permission = $2 AND p.to_day >= $3 ORDER BY p.id";
const GRANT: &str = "INSERT INTO directory_role_permissions (role, permission) VALUES ($1, $2) ON CONFLICT (role, permission) DO NOTHING";
const PERMISSIONS: &str = "SELECT permission FROM directory_role_permissions WHERE role = $1 ORDER BY permission";

pub const STATEMENTS: &[&str] = &[
    ORG, ORG_NAMED, ORGS, CHILDREN, ADD_ORG, ADD_DIVISION, DIVISIONS, DIVISION, ADD_SITE, SITES, ADD_WINDOW, WINDOWS, WINDOW, ADD_STAFF,
    STAFF, STAFF_CODED, STAFF_AFTER, STAFF_OF, SAVE_STAFF, ADD_POST, POST, COVER_POST, POSTS_OF, POSTS_AT, POSTS_WITH, POSTS_IN, GRANT, PERMISSIONS,
];

/// 区划的一行。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Division {
    pub code: String,
    pub name: String,
    /// 1 省 2 市 3 县 4 乡 5 村。
    pub level: i64,
    pub parent: String,
    pub kind: String,
    /// 承接区划；没有撤并为空。
    pub successor: String,
}

fn org_row(r: &Row<'_>) -> Result<Org> {
    Ok(Org {
        id: r.get(0)?,
        tenant: r.get(1)?,
        unit: r.get(2)?,
        parent: r.get(3)?,
        name: r.get(4)?,
        short_name: r.get(5)?,
        kind: r.get(6)?,
        code: r.get(7)?,
        division: r.get(8)?,
        doc_prefix: r.get(9)?,
        phone: r.get(10)?,
        complaint_phone: r.get(11)?,
        address: r.get(12)?,
        hours: r.get(13)?,
        status: r.get(14)?,
        legacy_division: r.get(15)?,
        version: r.get(16)?,
    })
}

pub(crate) fn org(tx: &mut Tx<'_>, id: i64) -> Result<Option<Org>> {
    tx.row(ORG, args![id], org_row)
}

pub(crate) fn org_named(tx: &mut Tx<'_>, tenant: i64, name: &str) -> Result<Option<Org>> {
    tx.row(ORG_NAMED, args![tenant, name], org_row)
}

pub(crate) fn orgs(tx: &mut Tx<'_>) -> Result<Vec<Org>> {
    tx.rows(ORGS, &[], org_row)
}

pub(crate) fn children(tx: &mut Tx<'_>, parent: i64) -> Result<Vec<Org>> {
    tx.rows(CHILDREN, args![parent], org_row)
}

pub(crate) fn add_org(tx: &mut Tx<'_>, id: i64, tenant: i64, unit: i64, new: &NewOrg) -> Result<()> {
    tx.exec(
        ADD_ORG,
        args![
            id, tenant, unit, new.parent, &new.name, &new.short_name, new.kind, &new.code, &new.division, &new.doc_prefix, &new.phone,
            &new.complaint_phone, &new.address, &new.hours, &new.legacy_division,
        ],
    )?;
    Ok(())
}

pub(crate) fn put_division(tx: &mut Tx<'_>, division: &Division, source: &str) -> Result<()> {
    tx.exec(
        ADD_DIVISION,
        args![&division.code, &division.name, division.level, &division.parent, &division.kind, &division.successor, source],
    )?;
    Ok(())
}

fn division_row(r: &Row<'_>) -> Result<Division> {
    Ok(Division { code: r.get(0)?, name: r.get(1)?, level: r.get(2)?, parent: r.get(3)?, kind: r.get(4)?, successor: r.get(5)? })
}

pub(crate) fn divisions(tx: &mut Tx<'_>, parent: &str, after: &str, limit: i64) -> Result<Vec<Division>> {
    tx.rows(DIVISIONS, args![parent, after, limit], division_row)
}

pub(crate) fn division(tx: &mut Tx<'_>, code: &str) -> Result<Option<Division>> {
    tx.row(DIVISION, args![code], division_row)
}

pub(crate) fn add_site(tx: &mut Tx<'_>, of: &Org, site: &Site) -> Result<()> {
    tx.exec(
        ADD_SITE,
        args![site.id, of.tenant, of.unit, of.id, &site.name, &site.address, &site.phone, &site.hours, &site.note, &site.division],
    )?;
    Ok(())
}

pub(crate) fn sites(tx: &mut Tx<'_>) -> Result<Vec<Site>> {
    tx.rows(SITES, &[], |r| {
        Ok(Site {
            id: r.get(0)?,
            org: r.get(1)?,
            name: r.get(2)?,
            address: r.get(3)?,
            phone: r.get(4)?,
            hours: r.get(5)?,
            note: r.get(6)?,
            division: r.get(7)?,
        })
    })
}

pub(crate) fn add_window(tx: &mut Tx<'_>, of: &Org, window: &Window) -> Result<()> {
    tx.exec(
        ADD_WINDOW,
        args![window.id, of.tenant, of.unit, of.id, window.site, &window.number, &window.name, window.comprehensive],
    )?;
    Ok(())
}

fn window_row(r: &Row<'_>) -> Result<Window> {
    Ok(Window { id: r.get(0)?, org: r.get(1)?, site: r.get(2)?, number: r.get(3)?, name: r.get(4)?, comprehensive: r.get(5)? })
}

pub(crate) fn windows(tx: &mut Tx<'_>, org: i64) -> Result<Vec<Window>> {
    tx.rows(WINDOWS, args![org], window_row)
}

pub(crate) fn window(tx: &mut Tx<'_>, id: i64) -> Result<Option<Window>> {
    tx.row(WINDOW, args![id], window_row)
}

pub(super) fn staff_row(r: &Row<'_>) -> Result<Staff> {
    Ok(Staff {
        id: r.get(0)?,
        tenant: r.get(1)?,
        unit: r.get(2)?,
        org: r.get(3)?,
        code: r.get(4)?,
        name: r.get(5)?,
        person: r.get::<Option<i64>>(6)?.unwrap_or(0),
        real_level: r.get(7)?,
        active: r.get(8)?,
        joined_day: r.get(9)?,
        real_day: r.get(10)?,
        left_day: r.get(11)?,
        version: r.get(12)?,
        stopped: r.get(13)?,
    })
}

pub(crate) fn add_staff(tx: &mut Tx<'_>, id: i64, of: &Org, new: &NewStaff, real_day: Option<i64>) -> Result<()> {
    tx.exec(ADD_STAFF, args![id, of.tenant, of.unit, of.id, &new.code, &new.name, new.real_level, new.joined_day, real_day])?;
    Ok(())
}

pub(crate) fn staff(tx: &mut Tx<'_>, id: i64) -> Result<Option<Staff>> {
    tx.row(STAFF, args![id], staff_row)
}

pub(crate) fn lock_staff(tx: &mut Tx<'_>, id: i64) -> Result<Option<Staff>> {
    tx.lock(STAFF, args![id], staff_row)
}

pub(crate) fn staff_coded(tx: &mut Tx<'_>, tenant: i64, code: &str) -> Result<Option<Staff>> {
    tx.row(STAFF_CODED, args![tenant, code], staff_row)
}

pub(crate) fn staff_after(tx: &mut Tx<'_>, after: i64, limit: i64) -> Result<Vec<Staff>> {
    tx.rows(STAFF_AFTER, args![after, limit], staff_row)
}

pub(crate) fn staff_of(tx: &mut Tx<'_>, org: i64, after: i64, limit: i64) -> Result<Vec<Staff>> {
    tx.rows(STAFF_OF, args![org, after, limit], staff_row)
}

pub(crate) fn save_staff(tx: &mut Tx<'_>, staff: &Staff) -> Result<bool> {
    let person = (staff.person != 0).then_some(staff.person);
    let changed = tx.exec(
        SAVE_STAFF,
        args![
            person, staff.real_level, staff.active, staff.real_day, staff.left_day, staff.unit, staff.org, &staff.code, &staff.name,
            staff.joined_day, &staff.stopped, staff.id, staff.version,
        ],
    )?;
    Ok(changed == 1)
}

pub(crate) fn add_post(tx: &mut Tx<'_>, id: i64, of: &Org, new: &Appointment) -> Result<()> {
    let post = &new.post;
    tx.exec(
        ADD_POST,
        args![
            id, of.tenant, of.unit, of.id, post.staff, &post.role, &post.title, post.window, new.backup, depth_text(post.reach),
            new.from_day, new.to_day,
        ],
    )?;
    Ok(())
}

pub(super) fn depth_text(depth: Depth) -> &'static str {
    match depth {
        Depth::Tenant => "tenant",
        Depth::Unit => "unit",
        Depth::Org => "org",
    }
}

pub(super) fn post_row(r: &Row<'_>) -> Result<Post> {
    Ok(Post {
        id: r.get(0)?,
        tenant: r.get(1)?,
        unit: r.get(2)?,
        org: r.get(3)?,
        staff: r.get(4)?,
        role: r.get(5)?,
        title: r.get(6)?,
        window: r.get(7)?,
        backup: r.get(8)?,
        away: r.get(9)?,
        reach: match r.get::<String>(10)?.as_str() {
            "tenant" => Depth::Tenant,
            "unit" => Depth::Unit,
            _ => Depth::Org,
        },
        from_day: r.get(11)?,
        to_day: r.get(12)?,
        version: r.get(13)?,
    })
}

pub(crate) fn post(tx: &mut Tx<'_>, id: i64) -> Result<Option<Post>> {
    tx.row(POST, args![id], post_row)
}

/// 定 B 岗与在不在岗；回答新的版本号。
pub fn cover_post(tx: &mut Tx<'_>, id: i64, backup: Option<i64>, away: bool) -> Result<Option<i64>> {
    tx.row(COVER_POST, args![backup, away, id], |r| r.get(0))
}

pub(crate) fn posts_of(tx: &mut Tx<'_>, staff: i64) -> Result<Vec<Post>> {
    tx.rows(POSTS_OF, args![staff], post_row)
}

pub(crate) fn posts_at(tx: &mut Tx<'_>, window: i64) -> Result<Vec<Post>> {
    tx.rows(POSTS_AT, args![window], post_row)
}

pub(crate) fn posts_with(tx: &mut Tx<'_>, unit: i64, permission: &str, day: i64) -> Result<Vec<i64>> {
    tx.rows(POSTS_WITH, args![unit, permission, day], |r| r.get(0))
}

pub(crate) fn posts_in(tx: &mut Tx<'_>, tenant: i64, permission: &str, day: i64) -> Result<Vec<i64>> {
    tx.rows(POSTS_IN, args![tenant, permission, day], |r| r.get(0))
}

pub(crate) fn grant(tx: &mut Tx<'_>, role: &str, permission: &str) -> Result<()> {
    tx.exec(GRANT, args![role, permission])?;
    Ok(())
}

pub(crate) fn permissions(tx: &mut Tx<'_>, role: &str) -> Result<Vec<String>> {
    tx.rows(PERMISSIONS, args![role], |r| r.get(0))
}
