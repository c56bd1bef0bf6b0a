//! 灯变了告诉该知道的人：黄灯告诉承办人；红灯再告诉部门负责人与监察岗（cases §3.5）。

use tongban_contracts::cases::CaseNodeV1;
use tongban_directory::queries as directory;
use tongban_store::{Logged, Result, Tx};

use super::anomaly::notify;
use crate::permissions as can;
use crate::store;

/// 一条“转黄”“超期”日志。
///
/// # Errors
/// 引擎拒绝。
pub fn on_light(tx: &mut Tx<'_>, entry: &Logged) -> Result<()> {
    let node: CaseNodeV1 = entry.changed()?;
    let red = entry.kind == "cases.overdue";
    let (title, href) = (if red { "办件已超期" } else { "办件快到期" }, format!("/desk/cases/{}", node.case_no));
    let body = format!("{} {}", node.case_no, node.item_name);
    let handler = store::find(tx, entry.subject)?.map_or(0, |case| case.handler);
    if let Some(staff) = directory::staff(tx, handler)?.filter(|staff| staff.person != 0) {
        tongban_messages::notify(tx, staff.person, title, &body, &href, entry.at)?;
    }
    if red {
        notify(tx, node.unit, can::EXTEND, title, &body, &href, entry.at)?;
        notify(tx, node.unit, can::MONITOR, title, &body, &href, entry.at)?;
    }
    Ok(())
}
