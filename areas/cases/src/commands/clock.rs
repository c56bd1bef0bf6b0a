//! 时间的命令：转黄、转红、自动受理、补正与容缺逾期、草稿过期。以到点那一刻的名义执行。

use jiff::{SignedDuration, Timestamp};
use tongban_kernel::{Actor, calendar, time};
use tongban_store::{Result, Tx};

use super::follow::deem_granted;
use super::{Before, Mark, finish, issue, journal, out_of_calendar, retime, window};
use crate::model::{Action, Case, next};
use crate::rules::anomalies::Anomaly;
use crate::rules::clocks::{self, Alarm};
use crate::rules::documents::DocumentKind;
use crate::store;

/// 一件到点了。另一个节点可能已经做过，先再核对。
///
/// # Errors
/// 引擎拒绝。
pub fn ring(tx: &mut Tx<'_>, id: i64, due: Timestamp) -> Result<()> {
    let Some(mut case) = store::lock(tx, id)? else { return Ok(()) };
    if case.next_clock_at.is_some_and(|next| next <= due) {
        ring_case(tx, &mut case)?;
    }
    Ok(())
}

/// 响一次：做掉 `next_clock_at` 那一刻的全部事。
pub(super) fn ring_case(tx: &mut Tx<'_>, case: &mut Case) -> Result<()> {
    let Some(at) = case.next_clock_at else { return Ok(()) };
    let timing = clocks::timing(case, &calendar::current()).map_err(out_of_calendar)?;
    let mut alarms: Vec<Alarm> = timing.alarms_at(at).collect();
    alarms.sort_unstable();
    // 会改状态的先做；做了它，同一刻的灯就不必再响
    let leading = [Alarm::LapseCorrection, Alarm::LapseDeferred, Alarm::DeemGranted, Alarm::AutoAccept].into_iter().find(|alarm| alarms.contains(alarm));
    match leading {
        Some(Alarm::DeemGranted) => deem_granted(tx, case, at),
        Some(Alarm::AutoAccept) => auto_accept(tx, case, at),
        Some(Alarm::LapseCorrection) => lapse(tx, case, Action::LapseCorrection, "补正期限届满仍未补正，视为撤回申请", at),
        Some(_) => lapse(tx, case, Action::LapseDeferred, "容缺材料到补交时限仍未补交，视为撤回申请", at),
        None => change_light(tx, case, &alarms, at),
    }
}

/// 转黄或转红：一条日志；转红的记监察异常。
fn change_light(tx: &mut Tx<'_>, case: &mut Case, alarms: &[Alarm], at: Timestamp) -> Result<()> {
    let before = Before::of(case);
    let red = alarms.iter().any(|alarm| alarm.turns_red());
    let anomaly = alarms.iter().rev().find_map(|alarm| anomaly_of(*alarm));
    case.version += 1;
    retime(case, at)?;
    store::save(tx, case)?;
    if let Some((anomaly, detail)) = &anomaly {
        store::add_anomaly(tx, (case.id, case.no.as_str(), case.place), *anomaly, detail, at)?;
    }
    let kind = match (red, alarms.contains(&Alarm::Yellow)) {
        (true, _) => "cases.overdue",
        (false, true) => "cases.yellow",
        (false, false) => "cases.anomaly",
    };
    let mark = Mark { anomaly: anomaly.map(|(anomaly, _)| anomaly), ..Mark::new(Action::Receive, kind, "") };
    journal(tx, &Actor::clock(), case, Some(&before), &mark, at)
}

fn anomaly_of(alarm: Alarm) -> Option<(Anomaly, &'static str)> {
    match alarm {
        Alarm::PrecheckRed => Some((Anomaly::PrecheckOverdue, "网上申请 1 个工作日内没有预审")),
        Alarm::PromiseRed => Some((Anomaly::PromiseOverdue, "超过承诺时限还没有作出决定")),
        Alarm::LegalRed => Some((Anomaly::PromiseOverdue, "超过法定时限还没有作出决定")),
        Alarm::ProcedureRed => Some((Anomaly::SuspensionOverdue, "特别程序超过书面告知的时长")),
        Alarm::StepRed => Some((Anomaly::StepOverdue, "这个环节用的时间超过了事项给它的时限")),
        Alarm::ExpiryRed => Some((Anomaly::PromiseOverdue, "原证届满，延续还没有作出决定")),
        Alarm::DeliveryRed => Some((Anomaly::DeliveryOverdue, "作出决定后 10 个工作日没有送达")),
        _ => None,
    }
}

/// 逾期未告知，自收到申请之日起即为受理（许可法第32条）。
fn auto_accept(tx: &mut Tx<'_>, case: &mut Case, at: Timestamp) -> Result<()> {
    let before = Before::of(case);
    let listed = store::materials(tx, case.id)?;
    case.state = next(case.state, Action::AutoAccept)?;
    case.auto_accepted = true;
    case.accepted_on = Some(case.counted_on);
    case.accepted_at = Some(time::instant(case.counted_on, 9, 0).max(case.submitted_at));
    window::begin_processing(tx, case, &listed, at)?;
    let told = "本机关逾期未告知，依法自收到申请之日起即为受理";
    let mark = Mark { anomaly: Some(Anomaly::AutoAccepted), ..Mark::new(Action::AutoAccept, "cases.accepted", told) };
    finish(tx, &Actor::clock(), case, &before, &mark, at)?;
    let detail = format!("收到申请 {} 个工作日内没有告知", clocks::NOTIFY_DAYS);
    store::add_anomaly(tx, (case.id, case.no.as_str(), case.place), Anomaly::AutoAccepted, &detail, at)?;
    window::issue_acceptance(tx, case, &listed, at)
}

/// 期限届满，视为撤回。
fn lapse(tx: &mut Tx<'_>, case: &mut Case, action: Action, told: &str, at: Timestamp) -> Result<()> {
    let before = Before::of(case);
    case.state = next(case.state, action)?;
    (case.ended_at, case.result_note) = (Some(at), told.to_owned());
    finish(tx, &Actor::clock(), case, &before, &Mark::new(action, "cases.returned", told), at)?;
    issue(tx, case, None, DocumentKind::Return, vec![told.to_owned()], at)?;
    Ok(())
}

/// 草稿 180 天没动，清掉。
///
/// # Errors
/// 引擎拒绝。
pub fn expire_draft(tx: &mut Tx<'_>, id: i64, due: Timestamp) -> Result<()> {
    store::expire_draft(tx, id, due - SignedDuration::from_hours(24 * 180))
}
