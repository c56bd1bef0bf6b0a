//! 监察异常的处理：产生 → 说明（申诉、整改）→ 认定或不成立 → 归档（cases §3.6）。

use jiff::Timestamp;
use tongban_kernel::{Actor, Problem};
use tongban_store::{Entry, Result, Tx};

use super::required_text;
use crate::permissions as can;
use crate::store::{self, AnomalyRow};

/// 处理的一步：从哪些状态、动作、到哪个状态、谁来做。
const STEPS: &[(&[&str], &str, &str, tongban_kernel::Permission)] = &[
    (&["raised"], "explain", "explained", can::ACCEPT),
    (&["raised", "explained"], "confirm", "confirmed", can::MONITOR),
    (&["raised", "explained"], "dismiss", "dismissed", can::MONITOR),
    (&["confirmed", "dismissed"], "archive", "archived", can::MONITOR),
];

/// 各状态的名称，按先后。
pub const ANOMALY_STATES: &[(&str, &str)] =
    &[("raised", "待说明"), ("explained", "已说明"), ("confirmed", "已认定"), ("dismissed", "不成立"), ("archived", "已归档")];

/// 处理一条异常：说明、认定、认为不成立、归档，都要写一句话。
///
/// # Errors
/// 不在范围内 404，没有权限 403，状态不允许 409，没写 422。
pub fn settle_anomaly(tx: &mut Tx<'_>, actor: &Actor, id: i64, action: &str, note: &str, at: Timestamp) -> Result<AnomalyRow> {
    let note = required_text("note", note, "说明")?;
    let row = store::lock_anomaly(tx, id)?.ok_or_else(Problem::not_found)?;
    if !actor.is_internal() {
        actor.scope.check(&row.place)?;
    }
    let allowed = || STEPS.iter().filter(|(from, ..)| from.contains(&row.state.as_str())).map(|(_, action, ..)| *action).collect();
    let step = STEPS.iter().find(|(from, name, ..)| *name == action && from.contains(&row.state.as_str()));
    let Some((_, _, to, permission)) = step else {
        return Err(Problem::invalid_state(&row.state, allowed(), "这条异常现在不能这样处理").into());
    };
    actor.require(permission)?;
    store::save_anomaly(tx, id, to, &note)?;
    let body = serde_json::json!({ "case_no": row.case_no, "anomaly": row.anomaly.code(), "state": to }).to_string();
    let entry = Entry { kind: "cases.anomaly_settled", subject: id, rev: at.as_millisecond(), at, actor, tenant: row.place.tenant, body: &body };
    tx.journal(entry)?;
    Ok(AnomalyRow { state: (*to).to_owned(), note, ..row })
}
