//! 挂在人名下、没办完的件：离职之前要交给别人（accounts §5.1），一件一条转办。

use jiff::Timestamp;
use tongban_kernel::{Actor, Problem};
use tongban_store::{Result, Tx};
use tongban_web::{Holding, Todo};

use crate::commands::{self, Transfer};
use crate::store::{self, ListRow};

/// 一次至多交几件：在一个单元里做完，太多会挡住别人。
const MOST: i64 = 500;

/// 在办件。
pub const HOLDINGS: &[Holding] = &[Holding { title: "在办件", rows, hand_over }];

fn rows(tx: &mut Tx<'_>, staff: i64, limit: u32) -> Result<Vec<Todo>> {
    let todo = |row: ListRow| Todo {
        id: row.id,
        due: row.sort_due,
        detail: format!("{} · {} · {}", row.no, row.state.label(row.step), row.org_name),
        title: format!("{} {}", row.item_name, row.applicant),
        href: format!("/desk/cases/{}/actions/transfer", row.no),
        light: row.light,
    };
    Ok(store::handling(tx, staff, (i64::MIN, 0), i64::from(limit))?.into_iter().map(todo).collect())
}

fn hand_over(tx: &mut Tx<'_>, actor: &Actor, from: i64, to: i64, at: Timestamp) -> Result<u64> {
    let held = store::handling(tx, from, (i64::MIN, 0), MOST + 1)?;
    if i64::try_from(held.len()).unwrap_or(i64::MAX) > MOST {
        return Err(Problem::conflict(format!("他手里的件超过 {MOST} 件，请先成批转办一些")).into());
    }
    for row in &held {
        let input = Transfer { version: row.version, to, reason: "原办理人离职，移交".to_owned() };
        commands::transfer(tx, actor, &row.no, &input, at)?;
    }
    Ok(held.len() as u64)
}
