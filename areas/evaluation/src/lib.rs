//! 好差评：每办一件事，收件、受理、办结三处各可评一次；差评必有人核实、整改、回访，结果公开。
//!
//! - [`model`]：五级、渠道、节点、标签，差评工单的状态机（一张表）；
//! - [`rules`]：一次性令牌、差评必说原因、1/5/15 个工作日、反刷、公开脱敏；
//! - [`facts`]、[`measures`]：一件事的评价事实，怎样计入各度量，每个数由哪些记录构成；
//! - [`commands`]：唯一的写者；[`reactions`]：办件走一步就发一张邀评。
//!
//! 与办件只靠日志相识，自己存“每个办件一行”，主动评价率由此算出。
//! 可以依赖：kernel、store、web、contracts、documents，以及 directory、parties、items、messages。

pub mod commands;
pub mod facts;
pub mod measures;
pub mod model;
pub mod permissions;
pub mod reactions;
pub mod rules;
pub mod store;

use tongban_store::{Clock, Migration};
use tongban_web::Area;

const MIGRATIONS: &[Migration] = &[Migration {
    area: "evaluation",
    number: 1,
    name: "evaluation",
    sql: include_str!("../migrations/0001_evaluation.sql"),
}];

const CLOCKS: &[Clock] = &[Clock { name: "evaluation.lights", due: store::clocks_due(), fire: commands::light_up }];

/// 交给屋顶的一切。
#[must_use]
pub const fn area() -> Area {
    Area {
        migrations: MIGRATIONS,
        statements: store::STATEMENTS,
        permissions: permissions::ALL,
        reactions: reactions::REACTIONS,
        clocks: CLOCKS,
        measures: measures::MEASURES,
        ..Area::new("evaluation", "好差评")
    }
}
