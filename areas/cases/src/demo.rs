//! 演示数据：几个月的办件，全部经本区的命令与时钟造出来；人名、证件号、手机号均为虚构。

use std::collections::HashMap;
use std::sync::Arc;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use tongban_directory::model::KIND_TENANT;
use tongban_kernel::codes::IdNumber;
use tongban_kernel::{Actor, ActorKind, calendar, time};
use tongban_store::{Error, Result, Tx};
use tongban_web::Demo;

use crate::demo_dice::Dice;
use crate::commands::{self, Correct, Decide, Deliver, Ending, Extend, Forward, Refuse, Registration, StartProcedure, Supply, SuppliedMaterial};
use crate::model::{Applicant, Case, Channel, Delivery, Field, FieldKind, MaterialStatus, Offer, Outcome, State, Step};
use crate::offer;
use crate::store::{self, CorrectionPoint};

/// 活动从多少天前开始。
const DAYS: i64 = 150;

const SURNAMES: &[&str] = &["王", "李", "张", "刘", "陈", "杨", "赵", "黄", "周", "吴", "徐", "孙", "何", "罗", "唐", "母"];
const GIVEN: &[&str] = &["建国", "秀兰", "伟", "芳", "桂英", "强", "敏", "静", "磊", "洋", "勇", "艳", "杰", "玉珍", "明", "霞"];
const SHOPS: &[&str] = &["顺达", "元坝", "红岩", "清水", "柏林", "宏远", "益民", "嘉陵"];
const TRADES: &[&str] = &["餐饮店", "建材有限公司", "种植专业合作社", "运输有限公司", "商贸有限公司"];

/// 满足校验位的虚构身份证号。
fn fictional_id(dice: &mut Dice) -> String {
    let body = format!("510811{}{:02}{:02}{:03}", 1950 + dice.below(55), 1 + dice.below(12), 1 + dice.below(28), dice.below(1000));
    "0123456789X".chars().map(|c| format!("{body}{c}")).find(|id| IdNumber::checksum(id)).unwrap_or(body)
}

fn fictional_person(dice: &mut Dice) -> Applicant {
    let name = format!("{}{}", dice.pick(SURNAMES).unwrap_or(&"王"), dice.pick(GIVEN).unwrap_or(&"明"));
    Applicant {
        contact: name.clone(),
        name,
        is_legal: false,
        id_type: "111".to_owned(),
        id_number: fictional_id(dice),
        mobile: format!("139{:08}", dice.below(100_000_000)),
        address: String::new(),
    }
}

/// 规格给的虚构信用代码。
const COMPANIES: &[&str] = &["91510811MA00000154", "91510811MA0000023Y", "92510811MA0000031N", "93510811MF00000132"];

fn fictional_applicant(dice: &mut Dice, offer: &Offer) -> Applicant {
    let person = fictional_person(dice);
    if offer.for_person && (!offer.for_legal || dice.chance(65)) {
        return person;
    }
    Applicant {
        name: format!("昭化区{}{}", dice.pick(SHOPS).unwrap_or(&"益民"), dice.pick(TRADES).unwrap_or(&"商贸有限公司")),
        is_legal: true,
        id_type: "uscc".to_owned(),
        id_number: (*dice.pick(COMPANIES).unwrap_or(&COMPANIES[0])).to_owned(),
        ..person
    }
}

fn filled(field: &Field, who: &Applicant, today: Date) -> String {
    match field.kind {
        FieldKind::Number | FieldKind::Integer | FieldKind::Money => "46".to_owned(),
        FieldKind::Date => today.to_string(),
        FieldKind::Radio | FieldKind::Select | FieldKind::Checkbox => field.options.first().map(|c| c.key.clone()).unwrap_or_default(),
        FieldKind::Mobile | FieldKind::Phone => who.mobile.clone(),
        FieldKind::Id => if who.is_legal { "510811199003070017".to_owned() } else { who.id_number.clone() },
        FieldKind::Uscc => COMPANIES[0].to_owned(),
        FieldKind::Division => "510811100000".to_owned(),
        FieldKind::Text | FieldKind::Textarea => "按申请书".to_owned(),
    }
}

/// 每题选一个能办的选项；前题不适用的后题不答。
fn choose(dice: &mut Dice, offer: &Offer) -> Vec<String> {
    let mut chosen: Vec<String> = Vec::new();
    for situation in &offer.situations {
        if crate::model::holds(&situation.when, &chosen) {
            let open: Vec<_> = situation.options.iter().filter(|choice| choice.stop.is_none()).collect();
            chosen.extend(dice.pick(&open).map(|choice| choice.key.clone()));
        }
    }
    chosen
}

pub(crate) fn registration(dice: &mut Dice, offer: &Offer, known: Option<&Applicant>, today: Date) -> Registration {
    let applicant = known.cloned().unwrap_or_else(|| fictional_applicant(dice, offer));
    let situations = choose(dice, offer);
    let channel = match dice.below(10) {
        _ if !offer.online => Channel::Window,
        0..=3 => Channel::Computer,
        4..=6 => Channel::Mobile,
        7 => Channel::Agency,
        _ => Channel::Window,
    };
    let status = if channel.is_online() { MaterialStatus::Uploaded } else { MaterialStatus::Paper };
    let materials = offer
        .materials
        .iter()
        .map(|m| (m.key.clone(), if m.by_licence { MaterialStatus::Licence } else if m.deferrable() && dice.chance(10) { MaterialStatus::Deferred } else { status }))
        .collect();
    let form = offer.fields_for(&situations).map(|f| (f.key.clone(), filled(f, &applicant, today))).collect();
    let delivery = *dice.pick(&Delivery::ALL).unwrap_or(&Delivery::Electronic);
    Registration { applicant, situations, form, materials, delivery, summary: String::new(), channel, allow_same: true, follow: None }
}

/// 谁在办：系统的权限，某单位某人的名义。
pub(crate) fn officer(offer: &Offer, n: i64) -> Actor {
    let names = ["何军", "吕霞", "施展"];
    let index = usize::try_from(n).unwrap_or(0) % names.len();
    Actor { org: offer.place.org, tenant: offer.place.tenant, name: names[index].into(), kind: ActorKind::System, ..Actor::system() }
}

/// 一件从提交走到此刻：步步经命令，到点的钟由命令自己补响。
struct Walk<'a> {
    offer: &'a Offer,
    dice: &'a mut Dice,
    at: Timestamp,
    now: Timestamp,
    case: Case,
}

impl Walk<'_> {
    /// 过若干办公小时；超过此刻就停在这里。
    fn pass(&mut self, hours: u64) -> bool {
        let minutes = hours * 60 + self.dice.below(55) + 3;
        let Ok(next) = calendar::current().add_office_minutes(self.at, minutes) else { return false };
        if next >= self.now {
            return false;
        }
        self.at = next;
        true
    }

    /// 把这件到此刻为止的钟响完，读回现状。
    fn refresh(&mut self, tx: &mut Tx<'_>, until: Timestamp) -> Result<()> {
        while let Some(case) = store::find(tx, self.case.id)? {
            let next = case.next_clock_at.filter(|next| *next <= until);
            self.case = case;
            match next {
                Some(next) => commands::ring(tx, self.case.id, next)?,
                None => break,
            }
        }
        Ok(())
    }

    fn no(&self) -> String {
        self.case.no.to_string()
    }

    fn run(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        self.receive(tx)?;
        self.accept(tx)?;
        self.process(tx)?;
        self.deliver(tx)?;
        let now = self.now;
        self.refresh(tx, now)
    }

    fn receive(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        let wait = if !self.case.channel.is_online() { 0 } else if self.dice.chance(3) { 12 } else { self.dice.below(5) };
        if self.dice.chance(1) || !self.pass(wait) {
            return Ok(());
        }
        self.refresh(tx, self.at)?;
        if self.case.state != State::Submitted {
            return Ok(());
        }
        let (actor, no, version, at) = (officer(self.offer, 0), self.no(), self.case.version, self.at);
        if self.dice.chance(2) && self.case.channel.is_online() {
            self.case = commands::send_back(tx, &actor, &no, version, "上传的照片都看不清，请在亮处重拍后重新提交。", at)?;
        } else if self.dice.chance(2) {
            let refuse = Refuse { version, reason: "您申请的内容不属于本机关职权范围。".to_owned(), redirect: "区行政审批局".to_owned() };
            self.case = commands::refuse(tx, &actor, &no, &refuse, at)?;
        } else {
            self.case = commands::receive(tx, &actor, &no, version, at)?;
        }
        Ok(())
    }

    fn accept(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        if self.case.state != State::Received {
            return Ok(());
        }
        let actor = officer(self.offer, 0);
        if self.dice.chance(9) && self.pass(2) && !self.correct(tx, &actor)? {
            return Ok(());
        }
        let wait = self.dice.below(4);
        if !self.pass(wait) {
            return Ok(());
        }
        self.refresh(tx, self.at)?;
        if self.case.state == State::Received {
            self.case = commands::accept(tx, &actor, &self.no(), self.case.version, "材料齐全，符合法定形式，予以受理。", self.at)?;
        }
        Ok(())
    }

    /// 一次告知补正；回答补齐了没有。
    fn correct(&mut self, tx: &mut Tx<'_>, actor: &Actor) -> Result<bool> {
        let Some(material) = store::materials(tx, self.case.id)?.into_iter().find(|m| m.need == 1) else { return Ok(true) };
        let point = CorrectionPoint {
            material: material.key.clone(),
            name: material.name.clone(),
            problem: "照片不清晰，看不出有效期".to_owned(),
            remedy: "请在亮处重拍后上传".to_owned(),
        };
        let correct = Correct { version: self.case.version, points: vec![point], days: 0 };
        self.case = commands::request_correction(tx, actor, &self.no(), &correct, self.at)?;
        let wait = 8 + self.dice.below(40);
        if self.dice.chance(10) || !self.pass(wait) {
            return Ok(false);
        }
        let supplied = SuppliedMaterial { key: material.key, paper: true, ..SuppliedMaterial::default() };
        let supply = Supply { version: self.case.version, materials: vec![supplied], note: String::new() };
        let applicant = Actor { name: self.case.applicant_shown.as_str().into(), ..Actor::system() };
        self.case = commands::supply_correction(tx, &applicant, &self.no(), &supply, self.at)?;
        Ok(true)
    }

    fn process(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        if self.case.state != State::Accepted {
            return Ok(());
        }
        if self.case.deferred_due.is_some() {
            self.supply_deferred(tx)?;
        }
        if self.dice.chance(2) && self.pass(1) {
            let ending = Ending { version: self.case.version, reason: "暂时不办了".to_owned() };
            self.case = commands::withdraw(tx, &Actor::system(), &self.no(), &ending, self.at)?;
            return Ok(());
        }
        if self.case.promise_days >= 5 && self.dice.chance(4) && !self.pause(tx)? {
            return Ok(());
        }
        // 每个工作日 7 个办公小时；大多提前，少数超期
        let total = u64::from(self.case.promise_days) * 7;
        let spend = if self.dice.chance(3) { total + 8 + self.dice.below(14) } else { total * (20 + self.dice.below(65)) / 100 };
        while self.case.state == State::Accepted && self.case.step != Some(Step::Approve) {
            if !self.pass(spend / 3) {
                return Ok(());
            }
            self.refresh(tx, self.at)?;
            if self.case.state == State::Accepted && self.case.step != Some(Step::Approve) {
                let n = i64::from(self.case.step == Some(Step::Review)) + 1;
                let forward = Forward { version: self.case.version, opinion: "经审查，符合条件，建议准予。".to_owned(), ..Forward::default() };
                self.case = commands::forward(tx, &officer(self.offer, n), &self.no(), &forward, self.at)?;
            }
        }
        self.decide(tx, spend / 3)
    }

    fn supply_deferred(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        if self.dice.chance(8) || !self.pass(2) {
            return Ok(());
        }
        let waiting = store::materials(tx, self.case.id)?.into_iter().filter(|m| m.status == MaterialStatus::Deferred);
        let materials = waiting.map(|m| SuppliedMaterial { key: m.key, paper: true, ..SuppliedMaterial::default() }).collect();
        let supply = Supply { version: self.case.version, materials, note: String::new() };
        self.case = commands::supply_deferred(tx, &Actor::system(), &self.no(), &supply, self.at)?;
        Ok(())
    }

    /// 专家评审停表，或延期；回答还在不在办。
    fn pause(&mut self, tx: &mut Tx<'_>) -> Result<bool> {
        let actor = officer(self.offer, 1);
        if self.dice.chance(50) {
            let extend = Extend { version: self.case.version, days: 3 + u32::try_from(self.dice.below(8)).unwrap_or(0), reason: "需向有关部门核实情况".to_owned() };
            self.case = commands::extend(tx, &actor, &self.no(), &extend, self.at)?;
            return Ok(true);
        }
        let start = StartProcedure { version: self.case.version, kind: 28, days: 5, reason: "需组织专家评审".to_owned(), notice: true };
        self.case = commands::start_procedure(tx, &actor, &self.no(), &start, self.at)?;
        let wait = 14 + self.dice.below(30);
        if !self.pass(wait) {
            return Ok(false);
        }
        self.refresh(tx, self.at)?;
        self.case = commands::end_procedure(tx, &actor, &self.no(), self.case.version, "专家评审通过", self.at)?;
        Ok(true)
    }

    fn decide(&mut self, tx: &mut Tx<'_>, hours: u64) -> Result<()> {
        if !self.pass(hours) {
            return Ok(());
        }
        self.refresh(tx, self.at)?;
        if self.case.state != State::Accepted || store::deferred_left(tx, self.case.id)? > 0 {
            return Ok(());
        }
        let denied = self.dice.chance(3);
        let decide = Decide {
            version: self.case.version,
            outcome: if denied { Outcome::Denied } else { Outcome::Granted },
            reason: if denied { "经核查，不符合法定条件。".to_owned() } else { String::new() },
        };
        self.case = commands::decide(tx, &officer(self.offer, 2), &self.no(), &decide, self.at)?;
        Ok(())
    }

    fn deliver(&mut self, tx: &mut Tx<'_>) -> Result<()> {
        let wait = if self.case.instant { 0 } else { self.dice.below(20) };
        if self.case.state != State::Decided || self.dice.chance(1) || !self.pass(wait) {
            return Ok(());
        }
        let way = self.case.delivery;
        let deliver = Deliver { version: self.case.version, way, receiver: self.case.applicant_shown.clone(), note: "SF0000000000".to_owned() };
        self.case = commands::deliver(tx, &officer(self.offer, 0), &self.no(), &deliver, self.at)?;
        Ok(())
    }
}

/// 演示里登记过的群众：身份与申请人信息。
fn citizens(tx: &mut Tx<'_>) -> Result<Vec<(Actor, Applicant)>> {
    let mut found = Vec::new();
    for login in ["13900000001", "13900000002"] {
        let Some(account) = tongban_parties::queries::account_for_login(tx, login)? else { continue };
        let actor = Actor { account: account.id, person: account.person, ..Actor::system() };
        let known = tongban_parties::queries::applicant(tx, &actor)?;
        let applicant = Applicant {
            contact: known.name.clone(),
            name: known.name,
            is_legal: false,
            id_type: known.id_type,
            id_number: known.id_number,
            mobile: known.mobile,
            address: String::new(),
        };
        let name = applicant.shown();
        found.push((Actor { name: name.as_str().into(), ..actor }, applicant));
    }
    Ok(found)
}

/// 提交的时刻：均匀铺在这些天的办公时间里，一成在晚上或周末（网上）。
fn moment(dice: &mut Dice, start: Timestamp, n: u64, total: u64) -> Timestamp {
    let span = u64::try_from(DAYS * 24 * 60).unwrap_or(0);
    let minutes = i64::try_from(span * n / total.max(1)).unwrap_or(0);
    let rough = start + SignedDuration::from_mins(minutes);
    if dice.chance(10) {
        return rough;
    }
    calendar::current().add_office_minutes(rough, dice.below(180) + 1).unwrap_or(rough)
}

/// 同时造的件隔开几天：同一天的件抢同一个编号，PostgreSQL 上要排队。
const STRIDE: u64 = 32;

/// 第 `order` 个造的是按提交时刻排的第几件；每件恰好一次。
fn spread(order: u64, total: u64) -> u64 {
    let long = total.div_ceil(STRIDE);
    // 前几段长一件，后几段短一件
    let longer = total - (long.saturating_sub(1)) * STRIDE;
    let (round, lane) = (order / STRIDE, order % STRIDE);
    lane * long.saturating_sub(1) + lane.min(longer) + round
}

/// 造办件。
///
/// # Errors
/// 引擎故障，或还没有机构与事项。
pub fn demo(demo: &mut Demo<'_>) -> Result<()> {
    let (codes, people) = demo.runtime.block_on(demo.db.snapshot("cases.demo_start", |tx| {
        let orgs = tongban_directory::queries::all_orgs(tx)?;
        let tenant = orgs.iter().find(|org| org.kind == KIND_TENANT).ok_or(Error::Misuse("先造机构，再造办件"))?.id;
        Ok((offer::find(tx, tenant, "", 5_000)?, citizens(tx)?))
    }))?;
    if codes.is_empty() {
        return Err(Error::Misuse("先造事项，再造办件"));
    }
    let people = Arc::new(people);
    let (mut dice, start, total) = (Dice(0x5108_1120_2105_3101), demo.now - SignedDuration::from_hours(24 * DAYS), demo.cases);
    let mut offers: HashMap<String, Option<Arc<Offer>>> = HashMap::new();
    let mut flights = demo.flights();
    for order in 0..total {
        let n = spread(order, total);
        // 七成办件集中在八分之一的常办事项
        let busy = (codes.len() as u64).div_ceil(8);
        let index = if dice.chance(70) { dice.below(busy) * 8 } else { dice.below(codes.len() as u64) };
        let Some((code, ..)) = codes.get(usize::try_from(index).unwrap_or(0)) else { continue };
        if !offers.contains_key(code) {
            let wanted = code.clone();
            let found = demo.runtime.block_on(demo.db.snapshot("cases.demo_offer", move |tx| offer::current(tx, &wanted)))?;
            offers.insert(code.clone(), found.filter(|offer| offer.open).map(Arc::new));
        }
        let Some(offer) = offers.get(code).cloned().flatten() else { continue };
        let at = moment(&mut dice, start, n, total);
        if at >= demo.now {
            continue;
        }
        let (seed, now, known) = (dice.next() | 1, demo.now, Arc::clone(&people));
        let db = demo.db.clone();
        flights.send(async move { db.write("cases.demo", move |tx| one(tx, &offer, &known, seed, at, now)).await })?;
        if order % 50 == 0 {
            (demo.progress)(order, total, "办件");
        }
    }
    flights.land()?;
    (demo.progress)(total, total, "办件");
    if total == 0 {
        return Ok(());
    }
    super::demo_ways::demo(demo, &codes, &people)
}

fn one(tx: &mut Tx<'_>, offer: &Offer, people: &[(Actor, Applicant)], seed: u64, at: Timestamp, now: Timestamp) -> Result<()> {
    let mut dice = Dice(seed);
    let known = if offer.for_person && dice.chance(2) { dice.pick(people) } else { None };
    let input = registration(&mut dice, offer, known.map(|(_, who)| who), time::date_of(at));
    let shown = input.applicant.shown();
    let anonymous = Actor { name: shown.as_str().into(), ..Actor::system() };
    let actor = known.map_or(&anonymous, |(actor, _)| actor);
    let random: Vec<u8> = (0..32).map(|_| u8::try_from(dice.below(232)).unwrap_or(7)).collect();
    let new = commands::register(tx, actor, offer, &input, &random, at)?;
    let case = store::find(tx, new.id)?.ok_or(Error::Shape("刚登记的办件"))?;
    Walk { offer, dice: &mut dice, at, now, case }.run(tx)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::sample_offer;
    use crate::tests::{on_each_engine, run};

    #[test]
    fn fictional_people_are_valid() {
        let mut dice = Dice(42);
        for _ in 0..200 {
            let who = fictional_person(&mut dice);
            assert!(IdNumber::parse(&who.id_number, jiff::civil::date(2026, 11, 23)).is_ok(), "{}", who.id_number);
            assert!(tongban_kernel::codes::Mobile::parse(&who.mobile).is_ok());
        }
    }

    #[test]
    fn every_case_is_made_once_whatever_the_order() {
        for total in [1, 31, 32, 33, 50, 1_000, 5_007] {
            let mut made: Vec<u64> = (0..total).map(|order| spread(order, total)).collect();
            made.sort_unstable();
            assert_eq!(made, (0..total).collect::<Vec<_>>(), "{total}");
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn lives_of_many_cases_are_all_legal() {
        on_each_engine(async |test| {
            let now: Timestamp = "2021-12-01T10:00:00+08:00".parse().unwrap();
            let start: Timestamp = "2021-07-05T09:30:00+08:00".parse().unwrap();
            let mut skipped = 0;
            for n in 0..120_u64 {
                let at = start + SignedDuration::from_hours(i64::try_from(n).unwrap() * 29);
                let result = run(&test, move |tx| {
                    let offer = Offer { instant: n % 5 == 0, single_post: n % 3 == 0, item_id: 900, ..sample_offer() };
                    one(tx, &offer, &[], n * 7_919 + 1, at, now)
                })
                .await;
                match result {
                    Ok(()) => {}
                    Err(Error::Refused(problem)) => {
                        skipped += 1;
                        eprintln!("{problem}");
                    }
                    Err(error) => panic!("{error}"),
                }
            }
            assert!(skipped <= 6, "{skipped}");
            let cases = run(&test, |tx| store::from(tx, 0, 500)).await.unwrap();
            let in_state = |state| cases.iter().filter(|case| case.state == state).count();
            assert!(in_state(State::Closed) > 60, "{}", in_state(State::Closed));
            assert!(cases.iter().all(|case| case.next_clock_at.is_none_or(|next| next > now)));
        })
        .await;
    }
}
