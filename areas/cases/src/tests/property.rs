//! 状态机的性质：随便怎么来，走不出规格画的边；每条成功的命令恰好一条日志，失败的一条也没有；
//! 时钟从不倒走；页签的件数等于一件件数出来的。

use jiff::SignedDuration;
use tongban_kernel::time::date_of;
use tongban_store::args;

use super::*;
use crate::actions::{self, ActionInput, PointInput};
use crate::model::{Action, State};
use crate::store::counters;

/// 可重放的随机数。
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        usize::try_from((self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n as u64).unwrap()
    }
}

const EDGES: &[(u8, u8)] = &[
    (20, 25), (20, 72), (20, 70), (25, 70), (25, 30), (30, 25), (40, 72), (30, 72), (25, 40), (20, 40), (40, 45), (45, 40), (40, 50),
    (20, 50), (25, 50), (45, 50), (50, 60), (20, 71), (25, 71), (30, 71), (40, 71), (45, 71), (20, 73), (25, 73), (30, 73), (40, 73), (45, 73), (20, 79), (25, 79),
    (30, 79), (40, 79), (45, 79), (50, 79), (60, 79), (70, 79), (71, 79), (72, 79), (73, 79),
];

fn everyone(dice: &mut Dice) -> Actor {
    const ALL: &[&str] = &[
        "cases.read", "cases.receive", "cases.accept", "cases.submit_for", "cases.handle", "cases.review", "cases.approve", "cases.suspend",
        "cases.extend", "cases.deliver", "cases.terminate", "cases.void", "cases.assign",
    ];
    match dice.below(8) {
        0 => citizen(),
        1 => Actor { scope: Scope::unit(99), ..staff(70, ALL) },
        2 => staff(71, &["cases.read"]),
        n => staff(70 + i64::try_from(n).unwrap(), ALL),
    }
}

fn anything(dice: &mut Dice, version: i64) -> ActionInput {
    let pick = |dice: &mut Dice, list: &[&str]| list[dice.below(list.len())].to_owned();
    ActionInput {
        version: Some(version),
        reason: pick(dice, &["", "材料不清晰", "同意"]),
        outcome: pick(dice, &["granted", "denied", "granted", "x"]),
        way: pick(dice, &["pickup", "electronic", "post"]),
        receiver: pick(dice, &["", "王秀兰"]),
        note: pick(dice, &["", "SF1"]),
        days: u32::try_from(dice.below(12)).unwrap(),
        kind: u8::try_from(20 + dice.below(14)).unwrap(),
        notice: dice.below(2) == 0,
        field: pick(dice, &["", "accepted_at", "decided_at"]),
        moment: pick(dice, &["", "2021-10-08 09:30", "2021-10-20 10:00", "昨天"]),
        reject: dice.below(4) == 0,
        points: vec![PointInput { material: "plan".into(), name: "平面图".into(), problem: pick(dice, &["", "不清晰"]), remedy: String::new() }],
        paper: vec!["plan".into(), "lease".into()],
        ..ActionInput::default()
    }
}

fn entries(tx: &mut Tx<'_>, id: i64) -> Result<usize> {
    Ok(tx.timeline(id)?.len())
}

fn life(tx: &mut Tx<'_>, seed: u64) -> Result<usize> {
    let mut dice = Dice(seed * 7_919 + 12_345);
    let mut now = at("2021-10-08T10:00");
    let offer = Offer { promise_days: 3 + u32::try_from(seed % 5).unwrap(), single_post: seed.is_multiple_of(2), item_id: 900 + i64::try_from(seed).unwrap(), ..sample_offer() };
    let token = format!("p{seed}");
    filled_draft(tx, &citizen(), &offer, &token, now)?;
    let new = commands::submit(tx, &citizen(), &offer, &token, Channel::Computer, RANDOM, now)?;
    let (id, no) = (new.id, new.no);
    if seed.is_multiple_of(4) {
        // 有的是延续件，原证过些天届满
        store::follow_ups::watch(tx, id, 20_211_110 + i64::try_from(seed % 12).unwrap())?;
    }
    let mut done = 0;
    for _ in 0..45 {
        now += SignedDuration::from_hours(i64::try_from(dice.below(30)).unwrap());
        // 先把到点的钟响完，一次一条
        loop {
            let case = store::find(tx, id)?.unwrap();
            let Some(next) = case.next_clock_at.filter(|next| *next <= now) else { break };
            let before = entries(tx, id)?;
            commands::ring(tx, id, next)?;
            assert_eq!(entries(tx, id)?, before + 1, "种子 {seed}：钟响一次一条日志");
            let after = store::find(tx, id)?.unwrap();
            assert!(after.next_clock_at.is_none_or(|later| later > next), "种子 {seed}：钟不倒走");
            assert!(after.state == case.state || EDGES.contains(&(case.state.code(), after.state.code())), "种子 {seed}");
        }
        let case = store::find(tx, id)?.unwrap();
        if case.state == State::Voided {
            break;
        }
        // 多数时候挑状态机许可的，才走得远；其余随便来
        let allowed: Vec<Action> = crate::model::allowed_actions(case.state).collect();
        let action = if dice.below(4) == 0 { Action::ALL[dice.below(Action::ALL.len())] } else { allowed[dice.below(allowed.len())] };
        let (actor, version) = (everyone(&mut dice), if dice.below(10) == 0 { 1 } else { case.version });
        let (input, before) = (anything(&mut dice, version), entries(tx, id)?);
        // 指名一个不在本单位的人、没有机构可征求：都该被拒
        let result = actions::perform(tx, &actor, &no, action, version, &input, now);
        let after = store::find(tx, id)?.unwrap();
        match result {
            Ok(_) => {
                done += 1;
                assert_eq!(entries(tx, id)?, before + 1, "种子 {seed}：{action:?} 恰好一条日志");
                assert!(after.state == case.state || EDGES.contains(&(case.state.code(), after.state.code())), "种子 {seed}：{action:?}");
                assert_eq!(after.version, case.version + 1);
            }
            Err(Error::Refused(_)) => {
                assert_eq!((entries(tx, id)?, after.version, after.state), (before, case.version, case.state), "种子 {seed}：{action:?} 被拒不留痕");
            }
            Err(other) => return Err(other),
        }
        sane(&after, seed);
    }
    Ok(done)
}

/// 时序与计数都说得通。
fn sane(case: &Case, seed: u64) {
    assert!(case.used_days.is_none_or(|days| days >= 0), "种子 {seed}：已用工作日不为负");
    if let (Some(accepted), Some(due)) = (case.accepted_on, case.due.filter(|_| case.state == State::Accepted)) {
        assert!(date_of(due) >= accepted, "种子 {seed}：到期不早于受理");
    }
    assert!(case.extension_days <= 10, "种子 {seed}");
    assert_eq!(case.outcome.is_some(), case.decided_at.is_some(), "种子 {seed}");
    assert!(case.red_spans.iter().all(|(from, until)| until.is_none_or(|until| until >= *from)), "种子 {seed}：红灯段不倒");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_sequence_of_commands_leaves_the_drawn_edges() {
    on_each_engine(async |test| {
        let mut done = 0;
        for seed in 1..=120_u64 {
            done += run(&test, move |tx| life(tx, seed)).await.unwrap();
        }
        assert!(done > 400, "做成的太少，测不出什么：{done}");
        let scope = Scope::tenant(1);
        let (counted, booked) = run(&test, move |tx| {
            let counted = tx.rows(counters::RECOUNT, args![1_i64], |r| Ok((r.get::<String>(0)?, r.get::<String>(1)?, r.get::<i64>(2)?)))?;
            Ok((counted, store::counts(tx, &scope)?))
        })
        .await
        .unwrap();
        assert_eq!(booked.all, counted.iter().map(|(.., n)| n).sum::<i64>());
        let light = |wanted: &str| counted.iter().filter(|(_, light, _)| light == wanted).map(|(.., n)| n).sum::<i64>();
        let tab = |wanted: &str| counted.iter().filter(|(tab, ..)| tab == wanted).map(|(.., n)| n).sum::<i64>();
        assert_eq!((booked.red, booked.yellow), (light("red"), light("yellow")));
        assert_eq!((booked.pending, booked.review, booked.delivery), (tab("pending"), tab("review"), tab("delivery")));
    })
    .await;
}
