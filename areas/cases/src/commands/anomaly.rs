//! 监察异常的处理：产生 → 告知 → 申诉或整改 → 认定或不成立 → 归档（cases §3.6）。

use jiff::Timestamp;
use tongban_kernel::{Actor, Place, Problem, calendar, time};
use tongban_directory::queries as directory;
use tongban_store::{Entry, Result, Tx};

use super::{out_of_calendar, required_text};
use crate::permissions as can;
use crate::store::{self, AnomalyRow};

/// 告知之后几个工作日内申诉或整改。
pub const ANSWER_DAYS: u32 = 5;

/// 处理的一步：从哪些状态、动作、到哪个状态、谁来做。
const STEPS: &[(&[&str], &str, &str, tongban_kernel::Permission)] = &[
    (&["raised"], "tell", "told", can::MONITOR),
    (&["raised", "told"], "appeal", "appealed", can::ACCEPT),
    (&["raised", "told"], "mend", "mended", can::ACCEPT),
    (&["told", "appealed", "mended", "explained"], "confirm", "confirmed", can::MONITOR),
    (&["told", "appealed", "mended", "explained"], "dismiss", "dismissed", can::MONITOR),
    (&["confirmed", "dismissed"], "archive", "archived", can::MONITOR),
];

/// 各状态的名称，按先后。
pub const ANOMALY_STATES: &[(&str, &str)] = &[
    ("raised", "待告知"),
    ("told", "已告知"),
    ("appealed", "已申诉"),
    ("mended", "已整改"),
    ("confirmed", "已认定"),
    ("dismissed", "不成立"),
    ("archived", "已归档"),
];

/// 某状态下能做的动作与要的权限。
pub fn anomaly_actions(state: &str) -> impl Iterator<Item = (&'static str, tongban_kernel::Permission)> + '_ {
    STEPS.iter().filter(move |(from, ..)| from.contains(&state)).map(|(_, action, _, permission)| (*action, *permission))
}

/// 处理一条异常，都要写一句话；没有申诉、整改的，告知期限过了才能认定。
///
/// # Errors
/// 不在范围内 404，没有权限 403，状态不允许或没到期限 409，没写 422。
pub fn settle_anomaly(tx: &mut Tx<'_>, actor: &Actor, id: i64, action: &str, note: &str, at: Timestamp) -> Result<AnomalyRow> {
    let mut row = store::lock_anomaly(tx, id)?.ok_or_else(Problem::not_found)?;
    if !actor.is_internal() {
        actor.scope.check(&row.place)?;
    }
    let allowed = || anomaly_actions(&row.state).map(|(action, _)| action).collect();
    let step = STEPS.iter().find(|(from, name, ..)| *name == action && from.contains(&row.state.as_str()));
    let Some((_, _, to, permission)) = step else {
        return Err(Problem::invalid_state(&row.state, allowed(), "这条异常现在不能这样处理").into());
    };
    actor.require(permission)?;
    let note = if action == "tell" && note.trim().is_empty() { "请在期限内申诉或整改".to_owned() } else { required_text("note", note, "说明")? };
    let waiting = row.state == "told" && matches!(action, "confirm" | "dismiss") && row.answer_due.is_some_and(|due| at < due);
    if waiting {
        let due = row.answer_due.map(time::show).unwrap_or_default();
        return Err(Problem::conflict(format!("已告知，对方 {due} 前可以申诉或整改，过了再认定")).into());
    }
    match action {
        "tell" => {
            let calendar = calendar::current();
            let due = calendar.due_instant(calendar.due(time::date_of(at), ANSWER_DAYS).map_err(out_of_calendar)?);
            (row.told_at, row.answer_due) = (Some(at), Some(due));
            tell(tx, row.place, &row, at)?;
        }
        "appeal" | "mend" => (row.answer, row.answer_kind, row.answered_at) = (note.clone(), action.to_owned(), Some(at)),
        "confirm" | "dismiss" => (row.finding, row.found_by, row.found_at) = (note.clone(), actor.name.to_string(), Some(at)),
        _ => {}
    }
    (row.state, row.note) = ((*to).to_owned(), note);
    store::save_anomaly(tx, &row)?;
    let body = serde_json::json!({ "case_no": row.case_no, "anomaly": row.anomaly.code(), "state": to }).to_string();
    let entry = Entry { kind: "cases.anomaly_settled", subject: id, rev: at.as_millisecond(), at, actor, tenant: row.place.tenant, body: &body };
    tx.journal(entry)?;
    Ok(row)
}

/// 告知部门负责人与承办人。
fn tell(tx: &mut Tx<'_>, place: Place, row: &AnomalyRow, at: Timestamp) -> Result<()> {
    let body = format!("{} {}：{}", row.case_no, row.anomaly.title(), row.detail);
    notify(tx, place.unit, can::EXTEND, "监察异常告知", &body, "/desk/anomalies?tab=told", at)
}

/// 给一个单位里有某项权限的人发站内信。
pub(super) fn notify(tx: &mut Tx<'_>, unit: i64, permission: &str, title: &str, body: &str, href: &str, at: Timestamp) -> Result<()> {
    let posts = directory::posts_with(tx, unit, permission, time::day_number(time::date_of(at)))?;
    tell_posts(tx, &posts, title, body, href, at)
}

/// 给全县区里有某项权限的人发站内信：监察岗、分管领导不在办件的单位里。
pub(super) fn notify_tenant(tx: &mut Tx<'_>, tenant: i64, permission: &str, title: &str, body: &str, href: &str, at: Timestamp) -> Result<()> {
    let posts = directory::posts_in(tx, tenant, permission, time::day_number(time::date_of(at)))?;
    tell_posts(tx, &posts, title, body, href, at)
}

fn tell_posts(tx: &mut Tx<'_>, posts: &[i64], title: &str, body: &str, href: &str, at: Timestamp) -> Result<()> {
    let mut told = std::collections::BTreeSet::new();
    for id in posts.iter().copied() {
        let Some(post) = directory::post(tx, id)? else { continue };
        if told.insert(post.staff) {
            tongban_messages::notify_staff(tx, post.staff, title, body, href, at)?;
        }
    }
    Ok(())
}
