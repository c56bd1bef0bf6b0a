//! 目录区：区划、机构、人员、岗位、窗口、服务点、角色与授权（accounts §4–§5）。
//!
//! - 回答“谁在哪个单位、什么岗位、有哪些权限、能看到哪里”；
//! - 撤并乡镇挂在承接乡镇下面，记录归承接乡镇，原名仍能下钻；
//! - 不认识自然人：登录与实名在 `parties`，核验之后它来调 [`commands::link_person`]。
//!
//! 可以依赖：底座与地基，不依赖任何区。人人可以依赖它。

pub mod api;
pub mod commands;
pub mod config;
pub mod import;
pub mod measures;
pub mod model;
pub mod pages;
pub mod queries;
pub mod rules;
pub mod store;
#[cfg(feature = "testing")]
pub mod testing;

use axum::routing::{get, post};
use tongban_store::{Migration, Tx};
use tongban_web::area::{Sample, Where};
use tongban_web::{Access, Area, MenuItem, ReferenceSet, Route};
use utoipa_axum::routes;

/// 看本单位的机构与人员。
pub const READ: &str = "directory.read";
/// 建机构、改机构。
pub const MANAGE: &str = "directory.manage";
/// 管人员：登记、任免、账号、离职（页面在 `parties`）。
pub const STAFF: &str = "directory.staff";
/// 改角色有哪些权限。
pub const ROLES: &str = "directory.roles";

/// 目录区交给屋顶的一切。
#[must_use]
pub const fn area() -> Area {
    Area {
        migrations: &[
            Migration { area: "directory", number: 1, name: "directory", sql: include_str!("../migrations/0001_directory.sql") },
            Migration { area: "directory", number: 2, name: "tenant_posts", sql: include_str!("../migrations/0002_tenant_posts.sql") },
            Migration { area: "directory", number: 3, name: "configs", sql: include_str!("../migrations/0003_configs.sql") },
            Migration { area: "directory", number: 4, name: "window_posts", sql: include_str!("../migrations/0004_window_posts.sql") },
            Migration { area: "directory", number: 5, name: "staff_admin", sql: include_str!("../migrations/0005_staff_admin.sql") },
            Migration { area: "directory", number: 6, name: "staff_names", sql: include_str!("../migrations/0006_staff_names.sql") },
        ],
        statements: &[store::STATEMENTS, store::CONFIG_STATEMENTS, store::PEOPLE_STATEMENTS, store::NAME_STATEMENTS],
        permissions: &[(READ, "查看机构人员"), (MANAGE, "维护机构"), (STAFF, "管理人员与账号"), (ROLES, "改角色权限")],
        routes: ROUTES,
        measures: measures::MEASURES,
        menu: &[
            MenuItem { group: "其他", title: "机构与配置核对", href: "/admin/orgs", icon: "grid", needs: READ },
            MenuItem { group: "其他", title: "角色与权限", href: "/admin/roles", icon: "check", needs: READ },
        ],
        events: EVENTS,
        reference: &[ReferenceSet {
            name: "roles",
            title: "角色与权限",
            version: "1",
            content: include_str!("../../../reference/roles.yaml"),
        }],
        samples: &[
            Sample { param: "org", value: sample_org },
            Sample { param: "class", value: |_, _| Ok("service".to_owned()) },
            Sample { param: "role", value: |_, _| Ok("window_clerk".to_owned()) },
        ],
        ..Area::new("directory", "机构与人员")
    }
}

/// 日志的种类。
const EVENTS: &[(&str, &str)] = &[
    ("configs.checked", "核对基础信息配置"),
    ("configs.opened", "基础信息配置进台账"),
    ("directory.org_created", "建机构"),
    ("directory.org_edited", "改机构"),
    ("directory.post_assigned", "任职"),
    ("directory.post_changed", "改岗位"),
    ("directory.post_covered", "定 B 岗、离岗回岗"),
    ("directory.post_ended", "结束任职"),
    ("directory.role_changed", "改角色权限"),
    ("directory.site_created", "建服务点"),
    ("directory.staff_added", "登记人员"),
    ("directory.staff_edited", "改人员"),
    ("directory.staff_left", "人员离职停用"),
    ("directory.staff_returned", "恢复人员"),
    ("directory.staff_stopped", "未实名停用"),
    ("directory.staff_verified", "人员实名"),
    ("directory.window_created", "建窗口"),
];

const ROUTES: &[Route] = &[
    Route::get("/sites", Access::Public, || get(pages::sites)),
    Route::get("/admin/orgs", Access::Staff(READ), || get(pages::orgs)),
    Route::post("/admin/orgs/{org}", Access::Staff(MANAGE), || post(pages::edit)),
    Route::post("/admin/orgs/{org}/configs/{class}", Access::Staff(MANAGE), || post(pages::record)),
    Route::get("/admin/roles", Access::Staff(READ), || get(pages::roles::matrix)),
    Route::get("/admin/roles/{role}", Access::Staff(ROLES), || get(pages::roles::form)),
    Route::post("/admin/roles/{role}", Access::Staff(ROLES), || post(pages::roles::save)),
    Route::api(Access::Public, || routes!(api::list_divisions)),
    Route::api(Access::Public, || routes!(api::list_orgs)),
    Route::api(Access::Public, || routes!(api::list_sites)),
];

/// 路由测试用的样本：第一个单位算范围内，第二个算范围外。
fn sample_org(tx: &mut Tx<'_>, place: Where) -> tongban_store::Result<String> {
    let units = queries::tree(tx)?.into_iter().filter(|node| matches!(node.group, "区级部门" | "乡镇"));
    Ok(units.map(|node| node.id).nth(usize::from(place == Where::Outside)).unwrap_or(0).to_string())
}
