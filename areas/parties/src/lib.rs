//! 当事人区：自然人、法人、经办人，以及所有人的账号、登录、会话、对接凭证（accounts §1–§3、§5.3）。
//!
//! - 群众、工作人员、设备、对接系统同一张账号表、同一种会话、同一套锁定；
//! - 证件号与手机号加密存放，散列查重，显示一律脱敏；
//! - 会话与凭证只存散列；口令用 argon2，在专门的线程上算；
//! - [`identify`] 由凭据认出操作者，权限与范围取自 `directory` 的岗位。
//!
//! 可以依赖：底座、地基、directory。

pub mod commands;
pub mod identify;
pub mod model;
pub mod pages;
pub mod passwords;
pub mod people;
pub mod queries;
pub mod rules;
pub mod store;

use axum::routing::{get, post};
use tongban_directory as directory;
use tongban_kernel::Scope;
use tongban_store::{Clock, Migration, Tx};
use tongban_web::area::Where;
use tongban_web::{Access, Area, MenuItem, Route, Sample};

pub use identify::identify;

/// 查看账号。
pub const READ: &str = "parties.read";
/// 建账号、发凭证。
pub const MANAGE: &str = "parties.manage";
/// 改自己口令的一页：初始口令没改的先到这里。
pub const OWN_PASSWORD: &str = "/desk/password";
/// 自己实名的一页：没有实名的先到这里。
pub const OWN_IDENTITY: &str = "/desk/verify";
/// 窗口核验群众实名。
pub const VERIFY: &str = "parties.verify";

/// 当事人区交给屋顶的一切。
#[must_use]
pub const fn area() -> Area {
    Area {
        migrations: &[
            Migration { area: "parties", number: 1, name: "parties", sql: include_str!("../migrations/0001_parties.sql") },
            Migration { area: "parties", number: 2, name: "grants", sql: include_str!("../migrations/0002_grants.sql") },
            Migration { area: "parties", number: 3, name: "staff_accounts", sql: include_str!("../migrations/0003_staff_accounts.sql") },
            Migration { area: "parties", number: 4, name: "token_names", sql: include_str!("../migrations/0004_token_names.sql") },
        ],
        statements: &[store::STATEMENTS, store::grants::STATEMENTS, store::staff::STATEMENTS, store::doers::STATEMENTS],
        permissions: &[(READ, "查看账号"), (MANAGE, "维护账号与凭证"), (VERIFY, "窗口核验实名")],
        routes: ROUTES,
        clocks: &[Clock { name: "parties.unverified", due: store::staff::UNVERIFIED, fire: commands::staff::ring_unverified }],
        menu: &[
            MenuItem { group: "收办", title: "核验实名", href: "/desk/identity", icon: "user", needs: VERIFY },
            MenuItem { group: "其他", title: "人员与账号", href: "/admin/users", icon: "user", needs: directory::READ },
        ],
        samples: &[
            Sample { param: "grant", value: |_, _| Ok("1".to_owned()) },
            Sample { param: "staff", value: sample_staff },
            Sample { param: "post", value: |_, _| Ok("1".to_owned()) },
        ],
        events: EVENTS,
        people: Some(people::PEOPLE),
        ..Area::new("parties", "用户与登录")
    }
}

/// 日志的种类。
const EVENTS: &[(&str, &str)] = &[
    ("parties.agent_added", "登记所代表的单位"),
    ("parties.grant_declined", "不同意代办授权"),
    ("parties.grant_offered", "提出代办授权"),
    ("parties.grant_revoked", "解除代办授权"),
    ("parties.granted", "代办授权生效"),
    ("parties.password_changed", "改自己的口令"),
    ("parties.password_reset", "重置口令"),
    ("parties.registered", "群众注册"),
    ("parties.staff_account_created", "开工作人员账号"),
    ("parties.token_created", "发对接凭证"),
    ("parties.unlocked", "解锁账号"),
    ("parties.verified_in_person", "窗口核验实名"),
];

const MANAGE_STAFF: Access = Access::Staff(directory::STAFF);

/// 路由测试用的样本：第一个单位的人算范围内。
fn sample_staff(tx: &mut Tx<'_>, place: Where) -> tongban_store::Result<String> {
    let mut units = directory::queries::tree(tx)?.into_iter().filter(|node| node.group == "区级部门");
    let Some(unit) = units.nth(usize::from(place == Where::Outside)) else { return Ok("1".to_owned()) };
    let found = directory::queries::staff_list(tx, &Scope::unit(unit.id), &directory::queries::StaffFilter::default(), 0, "", 1)?;
    Ok(found.first().map_or(1, |staff| staff.id).to_string())
}

const ROUTES: &[Route] = &[
    Route::get("/login", Access::Public, || get(pages::login_page)),
    Route::post("/login", Access::Public, || post(pages::login)),
    Route::get("/desk/login", Access::Public, || get(pages::login_page)),
    Route::post("/desk/login", Access::Public, || post(pages::login)),
    Route::post("/logout", Access::Public, || post(pages::logout)),
    Route::get("/register", Access::Public, || get(pages::register::page)),
    Route::post("/register", Access::Public, || post(pages::register::submit)),
    Route::get("/me/profile", Access::SignedIn { level: 0 }, || get(pages::profile)),
    Route::get("/me/companies", Access::SignedIn { level: 1 }, || get(pages::companies::page)),
    Route::post("/me/companies", Access::SignedIn { level: 1 }, || post(pages::companies::add)),
    Route::get("/me/agents", Access::SignedIn { level: 1 }, || get(pages::agents::page)),
    Route::post("/me/agents", Access::SignedIn { level: 1 }, || post(pages::agents::offer)),
    Route::post("/me/agents/{grant}", Access::SignedIn { level: 1 }, || post(pages::agents::settle)),
    Route::post("/me/identity", Access::SignedIn { level: 1 }, || post(pages::companies::choose)),
    Route::get("/desk/identity", Access::Staff(VERIFY), || get(pages::verify::form)),
    Route::post("/desk/identity", Access::Staff(VERIFY), || post(pages::verify::submit)),
    Route::get("/admin/users", Access::Staff(directory::READ), || get(pages::users::list)),
    Route::post("/admin/users", MANAGE_STAFF, || post(pages::users::new::create)),
    Route::get("/admin/users/new", MANAGE_STAFF, || get(pages::users::new::form)),
    Route::get("/admin/users/import", MANAGE_STAFF, || get(pages::users::import::form)),
    Route::post("/admin/users/import", MANAGE_STAFF, || post(pages::users::import::upload)),
    Route::get("/admin/users/{staff}", Access::Staff(directory::READ), || get(pages::users::show::show)),
    Route::post("/admin/users/{staff}", MANAGE_STAFF, || post(pages::users::acts::edit)),
    Route::post("/admin/users/{staff}/posts", MANAGE_STAFF, || post(pages::users::acts::appoint)),
    Route::post("/admin/users/{staff}/posts/{post}", MANAGE_STAFF, || post(pages::users::acts::change_post)),
    Route::post("/admin/users/{staff}/account", MANAGE_STAFF, || post(pages::users::acts::account)),
    Route::post("/admin/users/{staff}/leave", MANAGE_STAFF, || post(pages::users::acts::leave)),
    Route::post("/admin/users/{staff}/return", MANAGE_STAFF, || post(pages::users::acts::come_back)),
    Route::get(OWN_PASSWORD, Access::AnyStaff, || get(pages::own::password)),
    Route::post(OWN_PASSWORD, Access::AnyStaff, || post(pages::own::change_password)),
    Route::get(OWN_IDENTITY, Access::AnyStaff, || get(pages::own::identity)),
    Route::post(OWN_IDENTITY, Access::AnyStaff, || post(pages::own::verify)),
    Route::get("/desk/posts", Access::AnyStaff, || get(pages::posts)),
    Route::post("/desk/posts", Access::AnyStaff, || post(pages::choose_post)),
];
