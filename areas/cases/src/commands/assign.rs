//! 谁来办：转办、接办、AB 岗顶岗。指定了办理人的，别人不能替他办（cases §2.3、§6 AB 岗）。

use jiff::Timestamp;
use tongban_directory::queries as directory;
use tongban_kernel::{Actor, Problem, time};
use tongban_store::{Result, Tx};

use super::{Before, Mark, finish, load, required_text};
use crate::model::{Action, Case, Step, next};
use crate::permissions as can;
use crate::rules::posts::check_posts;
use crate::store;

/// 转办或接办。
#[derive(Debug, Clone, Default)]
pub struct Transfer {
    pub version: i64,
    /// 给谁；0 或自己表示接办。
    pub to: i64,
    pub reason: String,
}

/// 办现在这个环节要的权限。
#[must_use]
pub fn post_permission(case: &Case) -> tongban_kernel::Permission {
    match case.step {
        Some(Step::Handle) => can::HANDLE,
        Some(Step::Review) => can::REVIEW,
        Some(Step::Approve) => can::APPROVE,
        None => can::ACCEPT,
    }
}

/// 转给本单位另一人，或自己接过来。已有办理人的，由他本人、他的 B 岗（A 岗离岗时）或部门负责人转。
///
/// # Errors
/// 没有这一环节的权限；接的人不在本单位；同一人办过别的环节；版本、状态。
pub fn transfer(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &Transfer, at: Timestamp) -> Result<Case> {
    let mut case = load(tx, actor, no, input.version, Action::Transfer, at)?;
    let head = actor.may(can::ASSIGN);
    if !head {
        actor.require(post_permission(&case))?;
    }
    let to = if input.to == 0 { actor.staff } else { input.to };
    let taking = to == actor.staff;
    if case.handler == to {
        return Err(Problem::conflict("本件已经在他手里").into());
    }
    if case.handler != 0 && !head && case.handler != actor.staff && !stands_in(tx, actor, case.handler, at)? {
        return Err(Problem::conflict(format!("本件由{}在办；要由他转办，或在他离岗时由 B 岗接办", case.handler_name)).into());
    }
    let reason = if taking { input.reason.trim().chars().take(500).collect() } else { required_text("reason", &input.reason, "转办的原因")? };
    let receiver = directory::staff(tx, to)?.filter(|staff| staff.active && staff.unit == case.place.unit);
    let receiver = receiver.ok_or_else(|| Problem::field("to", "choice", "请选本单位在岗的人"))?;
    if !taking {
        able(tx, &case, to, at)?;
    }
    if let Some(step) = case.step {
        check_posts(&store::passed_posts(tx, case.id)?, step, to, case.single_post)?;
    }
    let before = Before::of(&case);
    let from = if case.handler_name.is_empty() { "没有人" } else { case.handler_name.as_str() };
    let told = format!("{from} → {}{}", receiver.name, if reason.is_empty() { String::new() } else { format!("：{reason}") });
    case.state = next(case.state, Action::Transfer)?;
    (case.handler, case.handler_name) = (to, receiver.name.clone());
    finish(tx, actor, &mut case, &before, &Mark::new(Action::Transfer, "cases.transferred", &told).internal(), at)?;
    if !taking {
        let href = format!("/desk/cases/{}", case.no);
        tongban_messages::notify_staff(tx, to, "转来一件办件", &format!("{} {}", case.no, case.item_name), &href, at)?;
    }
    Ok(case)
}

/// 接的人有没有岗位能办这一环节。
fn able(tx: &mut Tx<'_>, case: &Case, to: i64, at: Timestamp) -> Result<()> {
    let day = time::day_number(time::date_of(at));
    let fit = directory::posts_with(tx, case.place.unit, post_permission(case), day)?;
    let held = directory::posts_of(tx, to, day)?;
    if held.iter().any(|post| fit.contains(&post.id)) {
        return Ok(());
    }
    Err(Problem::field("to", "choice", "这个人没有能办这一环节的岗位，请换一个人").into())
}

/// 能接这一环节的人：编号与名字。
///
/// # Errors
/// 引擎拒绝。
pub fn candidates(tx: &mut Tx<'_>, case: &Case, at: Timestamp) -> Result<Vec<(i64, String)>> {
    let day = time::day_number(time::date_of(at));
    let mut found: Vec<(i64, String)> = Vec::new();
    for post in directory::posts_with(tx, case.place.unit, post_permission(case), day)? {
        let Some(post) = directory::post(tx, post)? else { continue };
        if found.iter().any(|(id, _)| *id == post.staff) {
            continue;
        }
        if let Some(staff) = directory::staff(tx, post.staff)?.filter(|staff| staff.active) {
            let name = if post.away { format!("{}（离岗）", staff.name) } else { staff.name };
            found.push((staff.id, name));
        }
    }
    Ok(found)
}

/// 能给他做 B 岗的一个岗位。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    pub post: i64,
    pub name: String,
    pub away: bool,
    /// 接得了他手里的件；早先定下、接不了的也列着，好让他看见、换掉。
    pub fit: bool,
}

/// 同一单位能做 `own` 的 B 岗的：接得了他的事的，与早先定下的那一个。
///
/// # Errors
/// 引擎拒绝。
pub fn colleagues(tx: &mut Tx<'_>, own: &directory::Post, at: Timestamp) -> Result<Vec<Colleague>> {
    let day = time::day_number(time::date_of(at));
    let mut found: Vec<Colleague> = Vec::new();
    for permission in [can::ACCEPT, can::HANDLE, can::REVIEW, can::APPROVE, can::DELIVER] {
        for id in directory::posts_with(tx, own.unit, permission, day)? {
            let known = found.iter().any(|colleague| colleague.post == id);
            let Some(post) = directory::post(tx, id)?.filter(|post| !known && post.staff != own.staff) else { continue };
            let fit = directory::stands_in(tx, &own.role, &post.role)?;
            if !fit && own.backup != Some(id) {
                continue;
            }
            if let Some(name) = directory::staff_name(tx, post.staff)? {
                found.push(Colleague { post: id, name: format!("{name} {}", post.title), away: post.away, fit });
            }
        }
    }
    Ok(found)
}

/// 办理人离岗、此人是他的 B 岗。
pub(super) fn stands_in(tx: &mut Tx<'_>, actor: &Actor, handler: i64, at: Timestamp) -> Result<bool> {
    let day = time::day_number(time::date_of(at));
    let posts = directory::posts_of(tx, handler, day)?;
    Ok(actor.post != 0 && posts.iter().any(|post| post.away && post.backup == Some(actor.post)))
}

/// 指定了办理人的，只有他、他的 B 岗能办。
pub(super) fn check_assigned(tx: &mut Tx<'_>, actor: &Actor, case: &Case, at: Timestamp) -> Result<()> {
    if actor.staff == 0 || case.handler == 0 || case.handler == actor.staff || stands_in(tx, actor, case.handler, at)? {
        return Ok(());
    }
    Err(Problem::conflict(format!("本件已指定{}办理；要您来办，请先“转办、接办”", case.handler_name)).into())
}
