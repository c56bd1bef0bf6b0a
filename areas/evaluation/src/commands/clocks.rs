//! 时间本身引起的：差评工单转黄、转红，各记一条日志（通知、推送、看板都看它）。

use jiff::Timestamp;
use serde::Serialize;
use tongban_kernel::{Actor, Problem};
use tongban_store::{Result, Tx};

use super::{finish, load, supervise};
use crate::store::{self, TaskRow};

#[derive(Serialize)]
struct Lit<'a> {
    case_no: &'a str,
    task: &'a str,
    state: &'a str,
    light: &'a str,
}

/// 到点亮灯。两个节点同时来、状态刚变过，都只做该做的一次。
///
/// # Errors
/// 引擎拒绝。
pub fn light_up(tx: &mut Tx<'_>, id: i64, due: Timestamp) -> Result<()> {
    let found = store::task(tx, id)?.ok_or_else(Problem::not_found)?;
    let (subject, before) = load(tx, found.subject)?;
    let task = store::task(tx, id)?.ok_or_else(Problem::not_found)?;
    // 锁住之后再看：别的节点可能亮过了，或者状态刚变、重新上了钟
    if task.next_clock(&task.lit).is_none_or(|at| at > due) {
        return Ok(());
    }
    let lit = if task.lit == "green" { "yellow" } else { "red" };
    store::set_lit(tx, id, lit, task.next_clock(lit))?;
    if task.handler_unit == 0 {
        unattended(tx, task.clone(), due)?;
    }
    let kind = if lit == "yellow" { "evaluation.yellow" } else { "evaluation.overdue" };
    let changed = Lit { case_no: &subject.case_no, task: &task.no, state: task.state.as_str(), light: lit };
    finish(tx, &Actor::clock(), (&subject, &before), kind, &changed, due)
}

/// 亮灯时再看一眼有没有人办：人走了、岗撤了，也不落空。
fn unattended(tx: &mut Tx<'_>, task: TaskRow, at: Timestamp) -> Result<()> {
    let handler_unit = supervise::responsible(tx, &task, at)?;
    if handler_unit == 0 {
        return Ok(());
    }
    store::hand_up(tx, task.id, handler_unit)?;
    supervise::hand_over(tx, &TaskRow { handler_unit, ..task }, at)
}
