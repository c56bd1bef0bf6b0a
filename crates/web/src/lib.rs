//! 网页底座：一个区交给屋顶的契约（[`Area`]），以及全部页面与接口共用的东西。
//!
//! - [`area`]：区、路由、权限、反应、任务、指标、待办、面板：都是普通数据；
//! - [`router`]：按清单建路由，路由上声明的 [`Access`] 就是检查；
//! - [`ctx`]：一次请求的身份与环境；[`guard`]：CSRF、限流、安全头；[`once`]：幂等；
//! - [`layout`]、[`components`]、[`chart`]：布局、组件、服务端画的图；
//! - [`form`]、[`json`]、[`upload`]、[`page`]、[`export`]：收与发；
//! - [`failure`]：错误对人是中文页面，对机器是 RFC 9457；
//! - [`worker`]：反应、时钟、任务的后台循环。
//!
//! 不认识任何业务区。可以依赖：kernel、store、search、documents。

pub mod app;
pub mod area;
pub mod assets;
pub mod attempts;
pub mod chart;
pub mod components;
pub mod ctx;
mod demo;
pub mod export;
pub mod failure;
pub mod form;
pub mod guard;
pub mod json;
pub mod layout;
pub mod once;
pub mod outbound;
pub mod page;
pub mod router;
#[cfg(feature = "testing")]
pub mod testing;
pub mod spool;
pub mod upload;
pub mod worker;

pub use app::{App, Config, Credential, Identify};
pub use area::{
    Access, Area, Doer, Door, Findable, Holding, Html, JobKind, Measure, Measures, MenuItem, Panel, People, Queue, ReferenceSet, Route, Sample, Step,
    Tally, Todo, Work,
};
pub use ctx::{Ctx, Flash};
pub use demo::{Demo, Flights};
pub use failure::Failure;
pub use form::{Form, Query};
pub use json::Json;
pub use layout::{Layout, Redirect, render, render_status, see_other};
pub use once::Answer;
pub use page::{Cursor, Listing, PageQuery};

use tongban_store::Migration;

/// 网页底座自己的表。
pub const MIGRATIONS: &[Migration] =
    &[Migration { area: "web", number: 1, name: "web", sql: include_str!("../migrations/0001_web.sql") }];

/// 网页底座自己的语句。
pub const STATEMENTS: &[&[&str]] = &[once::STATEMENTS, attempts::STATEMENTS];
