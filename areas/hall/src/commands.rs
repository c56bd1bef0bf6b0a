//! 大厅的命令：取号、叫号、办完、过号、顺延；预约、退号、签到；放号安排。

use jiff::{SignedDuration, Timestamp};
use tongban_contracts::hall::ServedV1;
use tongban_directory::queries as directory;
use tongban_kernel::problem::{Checks, Code};
use tongban_kernel::{Actor, Place, Problem, calendar, time};
use tongban_store::{Entry, Result, Tx};

use crate::model::{self, Booking, BookingState, CANCEL_HOURS, LATE_MINUTES, Plan, Ticket, TicketAction, TicketState};
use crate::{CALL, MANAGE, store};

fn journal(tx: &mut Tx<'_>, actor: &Actor, kind: &'static str, (subject, rev, tenant): (i64, i64, i64), body: &str, at: Timestamp) -> Result<()> {
    tx.journal(Entry { kind, subject, rev, at, actor, tenant, body })
}

/// 服务点与它所属机构的范围。
fn site_place(tx: &mut Tx<'_>, site: i64) -> Result<Place> {
    let found = directory::sites(tx)?.into_iter().find(|found| found.id == site).ok_or_else(Problem::not_found)?;
    directory::place_of(tx, found.org)
}

/// 群众没有范围；工作人员要管得着这个服务点。
fn at_site(tx: &mut Tx<'_>, actor: &Actor, site: i64) -> Result<Place> {
    let place = site_place(tx, site)?;
    if actor.staff != 0 {
        actor.require(CALL)?;
        if actor.tenant != place.tenant && !actor.scope.covers(&place) {
            return Err(Problem::not_found().into());
        }
    }
    Ok(place)
}

/// 取一个号：群众线上取（一个队列一个等候号），窗口、引导员代取。
///
/// # Errors
/// 没有这个队列；已有等候的号；服务点不存在。
pub fn take(tx: &mut Tx<'_>, actor: &Actor, site: i64, letter: &str, matter: &str, at: Timestamp) -> Result<Ticket> {
    let place = at_site(tx, actor, site)?;
    let account = if actor.staff == 0 { actor.account } else { 0 };
    let day = time::day_number(time::date_of(at));
    if account != 0
        && let Some(held) = store::holding(tx, account, day, site, letter)?
    {
        return Err(Problem::new(Code::Duplicate, format!("您已经取过号：{}，还在等候", held.number)).into());
    }
    issue(tx, actor, place, (site, letter, matter), (account, 0, at.as_millisecond()), at)
}

fn issue(
    tx: &mut Tx<'_>,
    actor: &Actor,
    place: Place,
    (site, letter, matter): (i64, &str, &str),
    (account, booking, order): (i64, i64, i64),
    at: Timestamp,
) -> Result<Ticket> {
    let plan = store::plan(tx, site)?;
    plan.queue_name(letter).ok_or_else(|| Problem::field("letter", "choice", "没有这个队列，请重新选"))?;
    let day = time::day_number(time::date_of(at));
    let serial = tx.number(&format!("hall:{site}:{letter}"), day)?;
    let ticket = Ticket {
        id: tx.new_id(),
        site,
        place,
        day,
        number: model::number(letter, serial),
        letter: letter.to_owned(),
        state: TicketState::Waiting,
        matter: matter.trim().chars().take(60).collect(),
        account,
        booking,
        order,
        passed: 0,
        taken_at: at,
        called_at: None,
        started_at: None,
        ended_at: None,
        window: 0,
        window_name: String::new(),
        staff: 0,
        staff_name: String::new(),
        version: 1,
    };
    store::add_ticket(tx, &ticket)?;
    journal(tx, actor, "hall.taken", (ticket.id, 1, place.tenant), "{}", at)?;
    Ok(ticket)
}

/// 叫下一个：到点的预约号优先，其余先来先叫；手里在办的先办完。
///
/// # Errors
/// 没有窗口；没有人等；权限、范围。
pub fn call_next(tx: &mut Tx<'_>, actor: &Actor, site: i64, window: i64, letter: &str, at: Timestamp) -> Result<Ticket> {
    actor.require(CALL)?;
    at_site(tx, actor, site)?;
    let found = directory::window(tx, window)?.filter(|found| found.site == site);
    let window = found.ok_or_else(|| Problem::field("window", "choice", "请先选您的窗口"))?;
    let day = time::day_number(time::date_of(at));
    for state in [TicketState::Called, TicketState::Serving] {
        if let Some(held) = store::line(tx, site, day, state, 500)?.into_iter().find(|held| held.window == window.id) {
            return Err(Problem::conflict(format!("{} 还没办完，先“办完”或“过号”", held.number)).into());
        }
    }
    let mut ticket = store::next_ticket(tx, site, day, letter, at)?.ok_or_else(|| Problem::conflict("这个队列没有人在等"))?;
    (ticket.state, ticket.called_at, ticket.version) = (TicketState::Called, Some(at), ticket.version + 1);
    (ticket.window, ticket.window_name) = (window.id, format!("{} 号窗口", window.number));
    (ticket.staff, ticket.staff_name) = (actor.staff, actor.name.to_string());
    store::save_ticket(tx, &ticket)?;
    journal(tx, actor, "hall.called", (ticket.id, ticket.version, ticket.place.tenant), "{}", at)?;
    Ok(ticket)
}

/// 重呼、开始办、办完、过号、顺延。
///
/// # Errors
/// 状态不许、已经顺延过、版本、权限、范围。
pub fn act(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, action: TicketAction, at: Timestamp) -> Result<Ticket> {
    actor.require(CALL)?;
    let mut ticket = store::lock_ticket(tx, id)?.ok_or_else(Problem::not_found)?;
    at_site(tx, actor, ticket.site)?;
    if ticket.version != version {
        return Err(Problem::stale(ticket.version).into());
    }
    if action == TicketAction::Requeue && ticket.passed > 1 {
        return Err(Problem::conflict("这个号已经顺延过一次，请重新取号").into());
    }
    ticket.state = model::next(ticket.state, action)?;
    ticket.version += 1;
    match action {
        TicketAction::Recall => ticket.called_at = Some(at),
        TicketAction::Start => ticket.started_at = Some(at),
        TicketAction::Finish => {
            ticket.started_at = ticket.started_at.or(ticket.called_at);
            ticket.ended_at = Some(at);
        }
        TicketAction::Miss => (ticket.passed, ticket.ended_at) = (ticket.passed + 1, Some(at)),
        TicketAction::Requeue => {
            (ticket.order, ticket.ended_at) = (at.as_millisecond(), None);
            (ticket.window, ticket.window_name) = (0, String::new());
        }
    }
    store::save_ticket(tx, &ticket)?;
    let (kind, body) = if action == TicketAction::Finish { ("hall.served", served(tx, actor, &ticket)?) } else { ("hall.moved", "{}".to_owned()) };
    journal(tx, actor, kind, (ticket.id, ticket.version, ticket.place.tenant), &body, at)?;
    Ok(ticket)
}

/// 告诉好差评：谁在哪个窗口办完一个号。
fn served(tx: &mut Tx<'_>, actor: &Actor, ticket: &Ticket) -> Result<String> {
    let staff_code = directory::staff(tx, actor.staff)?.map(|staff| staff.code).unwrap_or_default();
    let told = ServedV1 {
        number: ticket.number.clone(),
        day: ticket.day,
        site: ticket.site,
        window: ticket.window,
        staff: actor.staff,
        staff_code,
        post: actor.post,
        tenant: ticket.place.tenant,
        unit: ticket.place.unit,
        org: ticket.place.org,
        matter: ticket.matter.clone(),
        account: ticket.account,
    };
    Ok(serde_json::to_string(&told)?)
}

/// 预约的内容。
#[derive(Debug, Clone, Default)]
pub struct Book {
    pub site: i64,
    pub day: i64,
    pub slot: i64,
    pub letter: String,
    pub matter: String,
}

/// 约一个时段：同人同时段一个号，时段满了就约别的。
///
/// # Errors
/// 没有登录；不是可约的日子与时段；约过了；满了。
pub fn book(tx: &mut Tx<'_>, actor: &Actor, input: &Book, at: Timestamp) -> Result<Booking> {
    if actor.account == 0 {
        return Err(Problem::unauthenticated().into());
    }
    let place = site_place(tx, input.site)?;
    let plan = store::plan(tx, input.site)?;
    let mut checks = Checks::new();
    checks.ensure(bookable_days(&plan, at).contains(&input.day), "day", "choice", "这一天不能约，请选列出的工作日");
    checks.ensure(plan.slots().contains(&input.slot), "slot", "choice", "请选一个时段");
    checks.ensure(plan.queue_name(&input.letter).is_some(), "letter", "choice", "请选办哪一类事");
    checks.ensure(input.matter.chars().count() <= 60, "matter", "length", "办什么事不超过 60 字");
    checks.finish()?;
    let starts = model::starts(input.day, input.slot);
    if starts <= at {
        return Err(Problem::field("slot", "past", "这个时段已经开始，请选晚一点的").into());
    }
    if store::same_slot(tx, actor.account, input.day, input.slot)? {
        return Err(Problem::new(Code::Duplicate, "这个时段您已经约过了，在“我的预约”里看").into());
    }
    if !store::take_slot(tx, input.site, input.day, input.slot, plan.capacity)? {
        return Err(Problem::field("slot", "full", "这个时段约满了，请换一个").into());
    }
    let booking = Booking {
        id: tx.new_id(),
        site: input.site,
        place,
        day: input.day,
        slot: input.slot,
        letter: input.letter.clone(),
        matter: input.matter.trim().to_owned(),
        person: actor.person,
        account: actor.account,
        name_shown: actor.name.to_string(),
        state: BookingState::Booked,
        made_at: at,
        late_at: starts.checked_add(SignedDuration::from_mins(LATE_MINUTES)).ok(),
        ticket: None,
        version: 1,
    };
    store::add_booking(tx, &booking)?;
    journal(tx, actor, "hall.booked", (booking.id, 1, place.tenant), "{}", at)?;
    Ok(booking)
}

/// 可以约的日子：今天起若干个自然日里的工作日。
#[must_use]
pub fn bookable_days(plan: &Plan, at: Timestamp) -> Vec<i64> {
    let calendar = calendar::current();
    let today = time::date_of(at);
    (0..=plan.days.clamp(0, 31))
        .filter_map(|n| today.checked_add(jiff::Span::new().days(n)).ok())
        .filter(|day| calendar.workday_on_or_after(*day).is_ok_and(|first| first == *day))
        .map(time::day_number)
        .collect()
}

/// 退号：提前 2 小时可以退。
///
/// # Errors
/// 不是自己的；来不及退；已经到了或过号。
pub fn cancel(tx: &mut Tx<'_>, actor: &Actor, id: i64, at: Timestamp) -> Result<Booking> {
    let found = store::lock_booking(tx, id)?.filter(|found| actor.account != 0 && found.account == actor.account);
    let mut booking = found.ok_or_else(Problem::not_found)?;
    if booking.state != BookingState::Booked {
        return Err(Problem::invalid_state(booking.state.as_str(), Vec::new(), format!("这个预约{}，不能再退", booking.state.label())).into());
    }
    if booking.starts() < at + SignedDuration::from_hours(CANCEL_HOURS) {
        return Err(Problem::conflict(format!("要提前 {CANCEL_HOURS} 小时退；来不了也请打电话说一声")).into());
    }
    (booking.state, booking.late_at, booking.version) = (BookingState::Cancelled, None, booking.version + 1);
    store::save_booking(tx, &booking)?;
    store::free_slot(tx, booking.site, booking.day, booking.slot)?;
    journal(tx, actor, "hall.cancelled", (booking.id, booking.version, booking.place.tenant), "{}", at)?;
    Ok(booking)
}

/// 签到：出号票，到点优先。没到点的先等到点。
///
/// # Errors
/// 不是今天的；已经签到、退了、过号；权限、范围。
pub fn arrive(tx: &mut Tx<'_>, actor: &Actor, id: i64, at: Timestamp) -> Result<Ticket> {
    actor.require(CALL)?;
    let mut booking = store::lock_booking(tx, id)?.ok_or_else(Problem::not_found)?;
    let place = at_site(tx, actor, booking.site)?;
    if booking.state != BookingState::Booked {
        return Err(Problem::invalid_state(booking.state.as_str(), Vec::new(), format!("这个预约{}", booking.state.label())).into());
    }
    if booking.day != time::day_number(time::date_of(at)) {
        return Err(Problem::conflict("不是今天的预约").into());
    }
    // 没到点的先不叫，到点之后预约号先叫
    let order = booking.starts().as_millisecond();
    let ticket = issue(tx, actor, place, (booking.site, &booking.letter.clone(), &booking.matter.clone()), (0, booking.id, order), at)?;
    (booking.state, booking.late_at, booking.ticket, booking.version) = (BookingState::Arrived, None, Some(ticket.id), booking.version + 1);
    store::save_booking(tx, &booking)?;
    Ok(ticket)
}

/// 迟到 15 分钟过号。
///
/// # Errors
/// 引擎拒绝。
pub fn ring(tx: &mut Tx<'_>, id: i64, due: Timestamp) -> Result<()> {
    let Some(mut booking) = store::lock_booking(tx, id)? else { return Ok(()) };
    let Some(at) = booking.late_at.filter(|late| *late <= due && booking.state == BookingState::Booked) else { return Ok(()) };
    (booking.state, booking.late_at, booking.version) = (BookingState::Missed, None, booking.version + 1);
    store::save_booking(tx, &booking)?;
    journal(tx, &Actor::clock(), "hall.late", (booking.id, booking.version, booking.place.tenant), "{}", at)
}

/// 定一个服务点怎么放号。
///
/// # Errors
/// 内容不合理；权限、范围。
pub fn save_plan(tx: &mut Tx<'_>, actor: &Actor, site: i64, plan: &Plan, at: Timestamp) -> Result<()> {
    actor.require(MANAGE)?;
    let place = site_place(tx, site)?;
    if !actor.is_internal() {
        actor.scope.check(&place)?;
    }
    let mut checks = Checks::new();
    let letters: std::collections::BTreeSet<_> = plan.queues.iter().map(|(letter, _)| letter).collect();
    let fine = |(letter, name): &(String, String)| letter.len() == 1 && letter.bytes().all(|b| b.is_ascii_uppercase()) && !name.is_empty() && name.chars().count() <= 20;
    checks.ensure((1..=10).contains(&plan.queues.len()), "queues", "range", "请写 1 到 10 个队列，一行一个");
    checks.ensure(plan.queues.iter().all(fine) && letters.len() == plan.queues.len(), "queues", "format", "每行写一个大写字母和队列名，如：A 综合受理；字母不能重");
    checks.ensure((5..=120).contains(&plan.minutes), "minutes", "range", "每个时段 5 到 120 分钟");
    checks.ensure((0..=200).contains(&plan.capacity), "capacity", "range", "每个时段放 0 到 200 个号");
    checks.ensure((0..=31).contains(&plan.days), "days", "range", "可约 0 到 31 天之内的");
    checks.finish()?;
    store::save_plan(tx, site, place, plan)?;
    journal(tx, actor, "hall.planned", (site, at.as_millisecond(), place.tenant), "{}", at)
}
