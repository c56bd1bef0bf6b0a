//! 差评归谁办：谁办理、谁负责；办理单位没有能办的人，交给上级单位代管，
//! 再没有就交给评价主管所在的单位，一条也不落空（evaluation §1、§5.1）。
//!
//! 代管只是替它盯着改：记录、统计仍归办理单位。

use std::collections::BTreeSet;

use jiff::Timestamp;
use tongban_directory::queries as directory;
use tongban_kernel::time::{date_of, day_number};
use tongban_parties::queries::staff as accounts;
use tongban_store::{Result, Tx};

use crate::permissions::{HANDLE, REVIEW};
use crate::store::{self, StepRow, TaskRow};

/// 步骤里记的“交给代管”。
pub const HANDED: &str = "handed";

/// 单位里今天能办的人：在任、在职、账号能用；`rated` 是被评的人，他不能办评自己的。
fn able(tx: &mut Tx<'_>, unit: i64, permission: &str, rated: i64, at: Timestamp) -> Result<BTreeSet<i64>> {
    let day = day_number(date_of(at));
    let mut found = BTreeSet::new();
    for id in directory::posts_with(tx, unit, permission, day)? {
        let Some(post) = directory::post(tx, id)?.filter(|post| post.is_held(day) && (rated == 0 || post.staff != rated)) else { continue };
        let active = directory::staff(tx, post.staff)?.is_some_and(|staff| staff.active);
        if active && accounts::account_of(tx, post.staff)?.is_some_and(|account| account.active) {
            found.insert(post.staff);
        }
    }
    Ok(found)
}

/// 由哪个单位代管；办理单位自己有人办为 0。
pub(super) fn responsible(tx: &mut Tx<'_>, task: &TaskRow, at: Timestamp) -> Result<i64> {
    let (tenant, own) = (task.place.tenant, task.place.unit);
    if !able(tx, own, HANDLE, task.staff, at)?.is_empty() {
        return Ok(0);
    }
    let mut seen = BTreeSet::from([own]);
    let mut org = directory::org(tx, own)?;
    while let Some(parent) = org.map(|org| org.parent).filter(|parent| *parent != 0) {
        org = directory::org(tx, parent)?;
        let unit = org.as_ref().map_or(parent, |org| org.unit);
        if seen.insert(unit) && !able(tx, unit, HANDLE, task.staff, at)?.is_empty() {
            return Ok(unit);
        }
    }
    let mut chief = 0;
    for id in directory::posts_in(tx, tenant, REVIEW, day_number(date_of(at)))? {
        let Some(unit) = directory::post(tx, id)?.map(|post| post.unit).filter(|unit| seen.insert(*unit)) else { continue };
        if !able(tx, unit, HANDLE, task.staff, at)?.is_empty() {
            return Ok(unit);
        }
        if chief == 0 && !able(tx, unit, REVIEW, task.staff, at)?.is_empty() {
            chief = unit;
        }
    }
    // 全县都没有人：记在县区名下，看得到全县的人都看得到
    Ok(if chief == 0 { tenant } else { chief })
}

/// 记一步“交给代管”，告诉代管单位里能办的人与主管。
pub(super) fn hand_over(tx: &mut Tx<'_>, task: &TaskRow, at: Timestamp) -> Result<()> {
    let name = directory::org(tx, task.handler_unit)?.map_or_else(|| "本县区".to_owned(), |org| org.name);
    let note = format!("{}没有能办差评的人，由{name}代管", task.org_name);
    let step = StepRow { at, action: HANDED.to_owned(), from: task.state, to: task.state, who: "系统".to_owned(), note: Some(note.clone()) };
    store::add_step(tx, task.id, &step)?;
    let mut told = able(tx, task.handler_unit, HANDLE, task.staff, at)?;
    told.extend(able(tx, task.handler_unit, REVIEW, task.staff, at)?);
    for staff in told {
        let body = format!("“{}”的差评：{note}。请按期联系、核实、整改，并督促该单位配好差评整改岗。", task.item_name);
        tongban_messages::notify_staff(tx, staff, "代管差评", &body, &format!("/desk/rates/{}", task.no), at)?;
    }
    Ok(())
}
