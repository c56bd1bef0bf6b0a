//! 评价仪：一个岗位一台、一台只绑一个岗位；报到、解除、请评价、过时（evaluation §4.6）。

use jiff::{SignedDuration, Timestamp};
use tongban_directory::queries as directory;
use tongban_directory::queries::Post;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Place, Problem};
use tongban_store::{Entry, Result, Tx};

use super::pad_key;
use crate::permissions::INVITE;
use crate::rules::pads::{ASKING, ASKING_MOST, Misfit, Seat, Standing, misfit, standing};
use crate::store::{self, Binding, Push};

/// 至多多久记一次报到。
pub const SEEN_EVERY: SignedDuration = SignedDuration::from_secs(15);
/// 工作人员看过评价码的终端，多久之内来的评价存疑。
pub const TERMINAL_DAYS: i64 = 30;

/// 岗位此刻的样子；没有这个岗位按卸任算。
///
/// # Errors
/// 引擎拒绝。
pub fn seat(tx: &mut Tx<'_>, post: Option<&Post>, at: Timestamp) -> Result<Seat> {
    let Some(post) = post else { return Ok(Seat::default()) };
    let active = directory::staff(tx, post.staff)?.is_some_and(|staff| staff.active);
    Ok(Seat { held: post.is_held(day_number(date_of(at))), window: post.window.unwrap_or(0), active })
}

/// 一个岗位的评价仪此刻的样子。
///
/// # Errors
/// 引擎拒绝。
pub fn standing_of(tx: &mut Tx<'_>, post: i64, at: Timestamp) -> Result<Standing> {
    let found = directory::post(tx, post)?;
    let seat = seat(tx, found.as_ref(), at)?;
    let bound = store::binding_of_post(tx, post)?;
    Ok(standing(&seat, bound.map(|bound| (bound.window, at.duration_since(bound.seen)))))
}

fn hash(tx: &Tx<'_>, mark: &str) -> Vec<u8> {
    tx.digest("evaluation.device", mark)
}

/// 这台设备是不是绑定里的那台。
#[must_use]
pub fn is_bound(tx: &Tx<'_>, binding: &Binding, mark: &str) -> bool {
    !mark.is_empty() && binding.device == hash(tx, mark)
}

/// 一台设备绑在哪个岗位上。
///
/// # Errors
/// 引擎拒绝。
pub fn bound_to(tx: &mut Tx<'_>, mark: &str) -> Result<Option<Binding>> {
    if mark.is_empty() {
        return Ok(None);
    }
    let device = hash(tx, mark);
    store::binding_of_device(tx, &device)
}

/// 岗位写给人看：窗口号、岗位名。
///
/// # Errors
/// 引擎拒绝。
pub fn post_name(tx: &mut Tx<'_>, post: &Post) -> Result<String> {
    let window = match post.window {
        Some(id) => directory::window(tx, id)?.map(|window| format!("{} 号窗口 ", window.number)),
        None => None,
    };
    Ok(format!("{}{}", window.unwrap_or_default(), post.title))
}

/// 绑定：网址里的钥匙对，岗位上没有别的设备，设备没有绑别的岗位。`mark` 是随机的设备记号，只留散列。
///
/// # Errors
/// 钥匙不对与没有这个岗位一样；岗位不在任、不在窗口；岗位或设备已经绑了别的。
pub fn bind(tx: &mut Tx<'_>, actor: &Actor, post: i64, key: &str, mark: &str, at: Timestamp) -> Result<()> {
    if pad_key(tx, post) != key {
        return Err(Problem::not_found().into());
    }
    let found = directory::post(tx, post)?.ok_or_else(Problem::not_found)?;
    let seat = seat(tx, Some(&found), at)?;
    if let Some(why) = misfit(&seat, seat.window) {
        return Err(Problem::conflict(format!("{}，不能绑定评价仪", why.label())).into());
    }
    if seat.window == 0 {
        return Err(Problem::conflict("这个岗位不在窗口，不用绑定评价仪").into());
    }
    let device = hash(tx, mark);
    if let Some(known) = store::lock_binding(tx, post)? {
        if known.device == device {
            return Ok(());
        }
        return Err(Problem::conflict("这个岗位已经绑定了另一台评价仪；要换这台，请工作人员先解除绑定").into());
    }
    if let Some(other) = store::binding_of_device(tx, &device)? {
        let name = match directory::post(tx, other.post)? {
            Some(post) => post_name(tx, &post)?,
            None => "别的岗位".to_owned(),
        };
        return Err(Problem::conflict(format!("这台设备已经绑在“{name}”上；一台设备只绑一个岗位，请先解除那边的绑定")).into());
    }
    let binding = Binding { id: tx.new_id(), post, window: seat.window, staff: found.staff, device, bound: at, seen: at, version: 1 };
    if !store::bind(tx, &binding)? {
        return Err(Problem::conflict("刚刚有人绑定了这个岗位或这台设备，请刷新看看").into());
    }
    told(tx, actor, (binding.id, 1), found.tenant, "evaluation.pad_bound", post, at)
}

/// 解除：设备坏了、换了，岗位变了。
///
/// # Errors
/// 没有权限、岗位与窗口都不在范围内、没有绑定。
pub fn unbind(tx: &mut Tx<'_>, actor: &Actor, post: i64, at: Timestamp) -> Result<()> {
    actor.require(INVITE)?;
    let found = directory::post(tx, post)?.ok_or_else(Problem::not_found)?;
    let known = store::lock_binding(tx, post)?;
    let window = known.as_ref().map_or(found.window.unwrap_or(0), |known| known.window);
    let seats = [Some(Place { tenant: found.tenant, unit: found.unit, org: found.org }), window_place(tx, window)?];
    if !seats.into_iter().flatten().any(|place| actor.scope.covers(&place)) {
        return Err(Problem::not_found().into());
    }
    let known = known.ok_or_else(|| Problem::conflict("这个岗位没有绑定评价仪"))?;
    if !store::unbind(tx, &known, at)? {
        return Err(Problem::conflict("别人刚刚解除了，请刷新").into());
    }
    store::end_push_at(tx, post, "expired", at)?;
    told(tx, actor, (known.id, known.version + 1), found.tenant, "evaluation.pad_unbound", post, at)
}

fn window_place(tx: &mut Tx<'_>, window: i64) -> Result<Option<Place>> {
    let Some(window) = directory::window(tx, window)? else { return Ok(None) };
    Ok(directory::org(tx, window.org)?.map(|org| org.place()))
}

fn told(tx: &mut Tx<'_>, actor: &Actor, (subject, rev): (i64, i64), tenant: i64, kind: &str, post: i64, at: Timestamp) -> Result<()> {
    let body = serde_json::json!({ "post": post }).to_string();
    tx.journal(Entry { kind, subject, rev, at, actor, tenant, body: &body })
}

/// 报到：记下在线；每天第一次也是点位的一次检测。
///
/// # Errors
/// 引擎拒绝。
pub fn seen(tx: &mut Tx<'_>, binding: i64, at: Timestamp) -> Result<()> {
    store::binding_seen(tx, binding, at)?;
    match store::binding(tx, binding)? {
        Some(bound) => super::points::alive(tx, bound.window, at),
        None => Ok(()),
    }
}

/// 请评价之后。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// 推到本岗位的评价仪上了。
    Pad,
    /// 推不上去：请群众扫码。
    Scan(&'static str),
}

/// 本岗位的评价仪为什么用不上；能用为 `None`。
///
/// # Errors
/// 引擎拒绝。
pub fn unreachable(tx: &mut Tx<'_>, post: i64, at: Timestamp) -> Result<Option<&'static str>> {
    if post == 0 {
        return Ok(Some("您现在不在岗位上"));
    }
    Ok(match standing_of(tx, post, at)? {
        Standing::Online => None,
        Standing::Offline => Some("本岗位的评价仪离线了"),
        Standing::Unbound => Some("本岗位没有绑定评价仪"),
        Standing::Unfit(Misfit::Moved) => Some("本岗位换了窗口，评价仪要重新绑定"),
        Standing::Unfit(_) => Some("本岗位已卸任，评价仪要重新绑定"),
    })
}

/// 窗口点“请评价”：把一张没用过的邀评推到按的人的岗位上；没有在线的评价仪就出示二维码。
///
/// # Errors
/// 没有权限、不在范围内、已经评过。
pub fn ask(tx: &mut Tx<'_>, actor: &Actor, invitation: i64, at: Timestamp) -> Result<Asked> {
    actor.require(INVITE)?;
    let invited = store::find_invitation(tx, invitation)?.ok_or_else(Problem::not_found)?;
    let subject = store::lock_subject(tx, invited.subject)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&subject.place)?;
    let invited = store::find_invitation(tx, invitation)?.ok_or_else(Problem::not_found)?;
    crate::rules::usable(invited.standing(), at)?;
    if let Some(why) = unreachable(tx, actor.post, at)? {
        return Ok(Asked::Scan(why));
    }
    let bound = store::lock_binding(tx, actor.post)?.ok_or_else(Problem::not_found)?;
    store::end_push_of(tx, invitation, "replaced", at)?;
    store::end_push_at(tx, bound.post, "replaced", at)?;
    let due = at.checked_add(ASKING).unwrap_or(at);
    let push = Push { id: tx.new_id(), post: bound.post, window: bound.window, staff: actor.staff, invitation, at, due };
    if !store::add_push(tx, &push)? {
        return Err(Problem::conflict("这个岗位的评价仪正在问另一件，请稍候再推").into());
    }
    let body = serde_json::json!({ "case_no": subject.case_no, "node": invited.node.label(), "post": bound.post }).to_string();
    tx.journal(Entry { kind: "evaluation.pushed", subject: push.id, rev: 1, at, actor, tenant: subject.place.tenant, body: &body })?;
    Ok(Asked::Pad)
}

/// 时钟：60 秒没人评，推送过时。不产生评价，码照样能用。
///
/// # Errors
/// 引擎拒绝。
pub fn expire_push(tx: &mut Tx<'_>, id: i64, due: Timestamp) -> Result<()> {
    let Some(push) = store::lock_push(tx, id)?.filter(|push| push.due <= due) else { return Ok(()) };
    store::end_push_at(tx, push.post, "expired", push.due)?;
    let tenant = directory::post(tx, push.post)?.map_or(0, |post| post.tenant);
    let body = serde_json::json!({ "post": push.post, "invitation": push.invitation }).to_string();
    tx.journal(Entry { kind: "evaluation.push_expired", subject: id, rev: 2, at: push.due, actor: &Actor::clock(), tenant, body: &body })
}

/// 正在选标签、写字的人多给一分钟，至多五分钟。
///
/// # Errors
/// 引擎拒绝。
pub fn keep_asking(tx: &mut Tx<'_>, push: &Push, at: Timestamp) -> Result<()> {
    let most = push.at.checked_add(ASKING_MOST).unwrap_or(push.at);
    let due = at.checked_add(ASKING).unwrap_or(at).min(most);
    store::extend_push(tx, push.id, due)
}

/// 评价说是从评价仪来的：钥匙、设备、正问着的那张都要对。
///
/// # Errors
/// 钥匙或设备不对与没有一样；过时的请扫码。
pub fn speaks(tx: &mut Tx<'_>, post: i64, key: &str, mark: &str, invitation: i64, at: Timestamp) -> Result<()> {
    let bound = store::binding_of_post(tx, post)?.filter(|bound| is_bound(tx, bound, mark));
    if pad_key(tx, post) != key || bound.is_none() {
        return Err(Problem::not_found().into());
    }
    match store::pushed(tx, post)?.filter(|push| push.invitation == invitation && at <= push.due) {
        Some(_) => Ok(()),
        None => Err(Problem::conflict("时间到了，这次没有记下评价。可以扫回执上的二维码再评").into()),
    }
}

/// 记下工作人员看评价码的终端，从这里来的评价先存疑。
///
/// # Errors
/// 引擎拒绝。
pub fn mark_terminal(tx: &mut Tx<'_>, actor: &Actor, device: &str, at: Timestamp) -> Result<()> {
    let device = tx.digest("device", device);
    store::mark_terminal(tx, &device, actor.staff, at)
}

/// 该不该再记一次终端：一天记一次。
///
/// # Errors
/// 引擎拒绝。
pub fn terminal_is_new(tx: &mut Tx<'_>, device: &str, at: Timestamp) -> Result<bool> {
    let device = tx.digest("device", device);
    Ok(store::terminal_seen(tx, &device)?.is_none_or(|seen| at.duration_since(seen) > SignedDuration::from_hours(24)))
}
