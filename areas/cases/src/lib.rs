//! 办件：申请、受理、审查、决定、送达（规格 cases.md）。
//!
//! - 群众：`/apply/{事项编码}` 起草，`/a/{草稿}` 一步步填完交上，`/me/cases` 看自己的，`/track` 免登录查进度；
//! - 工作人员：`/desk/cases` 待办与办件详情，`/desk/new` 窗口收件，`/desk/due` 将到期与超期；
//! - 时间：转黄、转红、自动受理、补正逾期都是时钟的命令，见 [`clocks`]；
//! - 状态机只有一张表（[`model::TRANSITIONS`]），时限只有一种算法（`kernel::calendar`）。
//!
//! 可以依赖：directory、parties、items、messages、credentials、exchange 与一楼各层；
//! 好差评、热线、指标只通过 journal 知道这里发生了什么（`contracts`）。

pub mod commands;
pub mod model;
pub mod permissions;
pub mod rules;
pub mod store;

#[cfg(test)]
pub(crate) mod testing;
