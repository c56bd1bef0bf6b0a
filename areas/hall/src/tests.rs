//! 命令的测试，两种引擎上各跑一遍。

use std::sync::Arc;

use jiff::Timestamp;
use tongban_directory::model::{Site, Window};
use tongban_kernel::{Actor, ActorKind, Problem, Scope};
use tongban_store::testing::{TestDb, engines};
use tongban_store::{Error, Result, Tx};
use tongban_web::App;

use crate::commands::{self, Book};
use crate::model::{BookingState, Plan, TicketAction, TicketState};
use crate::store;

fn at(text: &str) -> Timestamp {
    format!("{text}+08:00").parse().unwrap()
}

fn clerk(tenant: i64) -> Actor {
    Actor {
        kind: ActorKind::Staff,
        staff: 11,
        tenant,
        scope: Scope::tenant(tenant),
        permissions: Arc::new(["hall.call".to_owned(), "hall.manage".to_owned()].into()),
        ..Actor::citizen(1, 0, 0, "何军")
    }
}

fn refusal<T: std::fmt::Debug>(result: Result<T>) -> Problem {
    match result {
        Err(Error::Refused(problem)) => *problem,
        other => panic!("应被拒绝，却是 {other:?}"),
    }
}

/// 一个服务点两个窗口：回答服务点、窗口、县区。
fn hall(tx: &mut Tx<'_>) -> Result<(i64, i64, i64, i64)> {
    let (system, now) = (Actor::system(), at("2026-11-01T09:00"));
    let root = tongban_directory::model::NewOrg { name: "昭化区".into(), kind: 0, division: "510811000000".into(), ..Default::default() };
    let tenant = tongban_directory::commands::create_org(tx, &system, &root, now)?;
    let site = Site {
        id: 0,
        org: tenant,
        name: "区政务服务中心".into(),
        address: "元坝镇".into(),
        phone: "0839-8720000".into(),
        hours: "9:00—17:00".into(),
        note: String::new(),
        division: "510811000000".into(),
    };
    let site = tongban_directory::commands::create_site(tx, &system, &site, now)?;
    let window = |number: &str| Window { id: 0, org: tenant, site, number: number.into(), name: "综合".into(), comprehensive: true };
    let one = tongban_directory::commands::create_window(tx, &system, &window("01"), now)?;
    let two = tongban_directory::commands::create_window(tx, &system, &window("02"), now)?;
    Ok((site, one, two, tenant))
}

async fn each<F: Fn(&mut Tx<'_>) -> Result<()> + Clone + Send + 'static>(check: F) {
    for engine in engines() {
        let test = TestDb::open(engine, &App::migrations(&[tongban_directory::area(), crate::area()])).await.unwrap();
        let check = check.clone();
        test.db.write("test", move |tx| check(tx)).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_are_called_in_order_and_missed_ones_wait_once_more() {
    each(|tx| {
        let (site, one, two, tenant) = hall(tx)?;
        let now = at("2026-11-23T09:30");
        let clerk = clerk(tenant);
        let a = commands::take(tx, &clerk, site, "A", "办证", now)?;
        let b = commands::take(tx, &clerk, site, "A", "", at("2026-11-23T09:31"))?;
        let c = commands::take(tx, &clerk, site, "B", "", at("2026-11-23T09:31"))?;
        assert_eq!((a.number.as_str(), b.number.as_str(), c.number.as_str()), ("A001", "A002", "B001"));
        assert_eq!(refusal(commands::take(tx, &clerk, site, "Z", "", now)).errors[0].field(), "letter");
        assert_eq!(refusal(commands::call_next(tx, &clerk, site, 0, "A", now)).errors[0].field(), "window");
        let at2 = at("2026-11-23T09:40");
        let first = commands::call_next(tx, &clerk, site, one, "A", at2)?;
        assert_eq!((first.number.as_str(), first.window_name.as_str()), ("A001", "01 号窗口"));
        // 手里的没办完不能再叫；另一个窗口叫到下一个
        assert!(refusal(commands::call_next(tx, &clerk, site, one, "A", at2)).detail.contains("A001"));
        assert_eq!(commands::call_next(tx, &clerk, site, two, "A", at2)?.number, "A002");
        let missed = commands::act(tx, &clerk, first.id, first.version, TicketAction::Miss, at2)?;
        let again = commands::act(tx, &clerk, missed.id, missed.version, TicketAction::Requeue, at2)?;
        assert_eq!(again.state, TicketState::Waiting);
        let first = commands::call_next(tx, &clerk, site, one, "A", at2)?;
        assert_eq!(first.number, "A001");
        let missed = commands::act(tx, &clerk, first.id, first.version, TicketAction::Miss, at2)?;
        assert!(refusal(commands::act(tx, &clerk, missed.id, missed.version, TicketAction::Requeue, at2)).detail.contains("顺延过一次"));
        let second = store::line(tx, site, second_day(), TicketState::Called, 9)?.remove(0);
        let stale = commands::act(tx, &clerk, second.id, second.version - 1, TicketAction::Start, at2);
        assert_eq!(refusal(stale).code.status(), 412);
        let serving = commands::act(tx, &clerk, second.id, second.version, TicketAction::Start, at2)?;
        let done = commands::act(tx, &clerk, serving.id, serving.version, TicketAction::Finish, at2)?;
        assert_eq!((done.state, store::served(tx, site, second_day())?), (TicketState::Done, 1));
        // 第二天从头编号
        assert_eq!(commands::take(tx, &clerk, site, "A", "", at("2026-11-24T09:00"))?.number, "A001");
        // 别的县区的人叫不到
        let outsider = Actor { tenant: 999, scope: Scope::tenant(999), ..clerk.clone() };
        assert_eq!(refusal(commands::call_next(tx, &outsider, site, one, "B", at2)).code.status(), 404);
        Ok(())
    })
    .await;
}

fn second_day() -> i64 {
    20_261_123
}

#[tokio::test(flavor = "multi_thread")]
async fn bookings_fill_cancel_arrive_and_lapse() {
    each(|tx| {
        let (site, one, _, tenant) = hall(tx)?;
        let (clerk, me) = (clerk(tenant), Actor::citizen(501, 601, 2, "王**"));
        let now = at("2026-11-20T15:00");
        commands::save_plan(tx, &clerk, site, &Plan { capacity: 1, ..Plan::default() }, now)?;
        let input = |slot: i64| Book { site, day: 20_261_123, slot, letter: "A".into(), matter: "办证".into() };
        // 周六不能约
        let weekend = Book { day: 20_261_121, ..input(600) };
        assert_eq!(refusal(commands::book(tx, &me, &weekend, now)).errors[0].field(), "day");
        let booking = commands::book(tx, &me, &input(600), now)?;
        assert_eq!(refusal(commands::book(tx, &me, &input(600), now)).code.as_str(), "duplicate");
        let other = Actor::citizen(502, 602, 2, "李*");
        assert_eq!(refusal(commands::book(tx, &other, &input(600), now)).errors[0].code, "full");
        // 退号要提前两小时，退了别人能约
        assert!(refusal(commands::cancel(tx, &me, booking.id, at("2026-11-23T08:30"))).detail.contains("提前 2 小时"));
        assert_eq!(refusal(commands::cancel(tx, &other, booking.id, now)).code.status(), 404);
        commands::cancel(tx, &me, booking.id, now)?;
        let booking = commands::book(tx, &other, &input(600), now)?;
        // 现场先来的在等，预约号到点先叫
        commands::take(tx, &clerk, site, "A", "", at("2026-11-23T09:00"))?;
        let ticket = commands::arrive(tx, &clerk, booking.id, at("2026-11-23T09:50"))?;
        assert_eq!(commands::call_next(tx, &clerk, site, one, "A", at("2026-11-23T09:55"))?.number, "A001");
        let first = store::line(tx, site, 20_261_123, TicketState::Called, 9)?.remove(0);
        commands::act(tx, &clerk, first.id, first.version, TicketAction::Finish, at("2026-11-23T09:58"))?;
        commands::take(tx, &clerk, site, "A", "", at("2026-11-23T09:59"))?;
        assert_eq!(refusal(commands::arrive(tx, &clerk, booking.id, at("2026-11-23T10:00"))).code.status(), 409);
        assert_eq!(ticket.booking, booking.id);
        // 到点之后预约号排在先取号的现场号前面
        assert_eq!(commands::call_next(tx, &clerk, site, one, "A", at("2026-11-23T10:01"))?.id, ticket.id);
        // 迟到 15 分钟过号
        let late = commands::book(tx, &me, &input(630), now)?;
        commands::ring(tx, late.id, at("2026-11-23T10:44"))?;
        assert_eq!(store::my_bookings(tx, 501, 9)?[0].state, BookingState::Booked);
        commands::ring(tx, late.id, at("2026-11-23T10:45"))?;
        assert_eq!(store::my_bookings(tx, 501, 9)?[0].state, BookingState::Missed);
        Ok(())
    })
    .await;
}
