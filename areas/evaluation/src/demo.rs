//! 演示数据：给已办的事评价，差评一路处理到不同的进度。全部经本区的命令，时间是当时的时间。

use jiff::{SignedDuration, Timestamp};
use tongban_directory::queries as directory;
use tongban_kernel::{Actor, Scope};
use tongban_store::{Error, Result, Tx};
use tongban_web::Demo;

use crate::commands::{self, From, Handle};
use crate::model::{Action, Cause, EvalChannel, Node, State, offered};
use crate::rules::{self, Draft};
use crate::store::{self, Invited, Subject, TaskRow};

/// 一个单元评几件。
const CHUNK: u32 = 20;

/// 可重来的骰子。
struct Dice(u64);

impl Dice {
    fn below(&mut self, top: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % top.max(1)
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn hours(&mut self, from: Timestamp, most: u64) -> Timestamp {
        let minutes = i64::try_from(self.below(most * 60)).unwrap_or(0) + 5;
        from.checked_add(SignedDuration::from_mins(minutes)).unwrap_or(from)
    }
}

const PRAISE: &[&str] = &["窗口同志一次说清，很快就办好了。", "在家就办成了，方便。", "老人不会用手机，工作人员帮着填的，感谢。"];
const COMPLAINT: &[&str] = &["上午去了两趟都说系统故障。", "材料要求和指南写的不一样。", "等了一个多小时没人说明原因。"];

/// 造评价。
///
/// # Errors
/// 引擎故障。
pub fn demo(demo: &mut Demo<'_>) -> Result<()> {
    let (mut after, mut done, now) = (0, 0, demo.now);
    demo.runtime.block_on(demo.db.bulk("evaluation.demo_pads", move |tx| pads(tx, now)))?;
    let mut flights = demo.flights();
    loop {
        let ids = demo.runtime.block_on(demo.db.read("evaluation.demo_ids", move |tx| store::subject_ids(tx, after, CHUNK)))?;
        let Some(last) = ids.last() else { break };
        after = *last;
        let db = demo.db.clone();
        flights.send(async move { db.write("evaluation.demo", move |tx| chunk(tx, &ids, now)).await })?;
        done += u64::from(CHUNK);
        (demo.progress)(done.min(demo.cases), demo.cases, "评价");
    }
    flights.land()
}

/// 各窗口岗位的评价仪：大多绑过、刚报到过，少数许久没有报到，少数没有绑。
/// 有账号的人自己来绑，好在演示里亲手试。
fn pads(tx: &mut Tx<'_>, now: Timestamp) -> Result<()> {
    let mut dice = Dice(0x5108_1121);
    let system = Actor::system();
    for org in directory::all_orgs(tx)? {
        for window in directory::windows(tx, org.id)? {
            for post in directory::posts_at(tx, window.id)? {
                let own = tongban_parties::queries::staff::account_of(tx, post.staff)?.is_some();
                if own || dice.chance(20) {
                    continue;
                }
                let seen_days = if dice.chance(20) { 40 } else { 0 };
                let seen = now - SignedDuration::from_mins(seen_days * 24 * 60 + i64::try_from(dice.below(50)).unwrap_or(0) + 2);
                let key = commands::pad_key(tx, post.id);
                commands::pads::bind(tx, &system, post.id, &key, &format!("demo-{}", post.id), seen)?;
                commands::points::alive(tx, window.id, seen)?;
            }
        }
    }
    Ok(())
}

/// 评一块。
fn chunk(tx: &mut Tx<'_>, ids: &[i64], now: Timestamp) -> Result<()> {
    for id in ids {
        let mut dice = Dice(id.unsigned_abs() ^ 0x5108_1120);
        let Some(subject) = store::subject(tx, *id)? else { continue };
        for invited in store::invitations(tx, *id)? {
            let likely = if invited.node == Node::Decided { 86 } else { 35 };
            if dice.chance(likely) {
                rate(tx, &mut dice, &subject, &invited, now)?;
            }
        }
    }
    Ok(())
}

fn rate(tx: &mut Tx<'_>, dice: &mut Dice, subject: &Subject, invited: &Invited, now: Timestamp) -> Result<()> {
    let at = dice.hours(invited.at, 48);
    if at >= now || invited.used.is_some() {
        return Ok(());
    }
    let level = match dice.below(1000) {
        0..=719 => 5,
        720..=909 => 4,
        910..=969 => 3,
        970..=987 => 2,
        _ => 1,
    };
    let bad = level <= 2;
    let text = match dice.below(10) {
        0 | 1 if bad => COMPLAINT[usize::try_from(dice.below(3)).unwrap_or(0)],
        0 => PRAISE[usize::try_from(dice.below(3)).unwrap_or(0)],
        _ => "",
    };
    let tags = crate::model::Satisfaction::from_code(level).map(|level| offered(level, subject.online).map(|tag| tag.code).collect::<Vec<_>>());
    let mut tags = tags.unwrap_or_default();
    let keep = usize::try_from(dice.below(3)).unwrap_or(0) + usize::from(bad);
    tags.truncate(keep);
    let rating = rules::check(&Draft { level: Some(level), tags, text: text.to_owned(), ..Draft::default() })?;
    let channel = match dice.below(10) {
        0..=3 => EvalChannel::QrCode,
        4..=6 => EvalChannel::Sms,
        7 => EvalChannel::Computer,
        _ => EvalChannel::Mobile,
    };
    let from = From { channel, device: String::new(), ip: String::new() };
    let (token, citizen) = (commands::token(tx, invited.id), Actor::anonymous());
    let rated = match commands::rate(tx, &citizen, &token, &rating, &from, at) {
        Ok(rated) => rated,
        Err(Error::Refused(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    match rated.task {
        Some(no) => process(tx, dice, subject, &no, at, now),
        None => Ok(()),
    }
}

/// 差评一步步走，走到现在为止；近几天的停在半路，少数申诉。
fn process(tx: &mut Tx<'_>, dice: &mut Dice, subject: &Subject, no: &str, rated: Timestamp, now: Timestamp) -> Result<()> {
    let mut at = rated;
    let appeals = dice.chance(10);
    loop {
        let id = store::task_by_no(tx, no)?.ok_or(Error::Misuse("刚建的工单不见了"))?;
        let Some(task) = store::task(tx, id)? else { return Ok(()) };
        let (action, days) = match task.state {
            State::ToVerify => (Action::Contact, 1),
            State::Verifying if appeals => (Action::Appeal, 2),
            State::Verifying => (Action::Confirm, 3),
            State::AppealReview => (Action::RejectAppeal, 2),
            State::Rectifying => (Action::Submit, 8),
            State::ToReview => (Action::Approve, 2),
            State::ToRevisit => (Action::AcceptRevisit, 3),
            State::Closed | State::Voided | State::Escalated => return Ok(()),
        };
        at = dice.hours(at, days * 24);
        // 少数拖着没办，驾驶舱上才看得到红灯
        if at >= now || dice.chance(4) {
            return Ok(());
        }
        commands::handle(tx, &officer(subject, action), no, &filled(&task, action), at)?;
    }
}

/// 办的人与审的人不是同一个。
fn officer(subject: &Subject, action: Action) -> Actor {
    let reviewing = matches!(action, Action::Approve | Action::RejectAppeal);
    let name = if reviewing { "周建华" } else { "李敏" };
    Actor { name: name.into(), scope: Scope::unit(subject.place.unit), ..Actor::system() }
}

fn filled(task: &TaskRow, action: Action) -> Handle {
    Handle {
        action: Some(action),
        version: task.version,
        note: "已按规定办理，经过见附件登记。".to_owned(),
        cause: Some(Cause::Other),
        measures: "已核对办事指南与窗口口径，负责人李敏，当周完成。".to_owned(),
        published: "已向您致歉，并统一了窗口与办事指南的说法。".to_owned(),
        item_change: String::new(),
        evidence: "窗口录音登记本".to_owned(),
        files: Vec::new(),
    }
}
