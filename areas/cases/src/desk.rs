//! 别处要的待办：工作台各环节的队列、群众 `/me` 的待办、路由测试的样本。

use tongban_kernel::{Actor, Permission};
use tongban_store::{Result, Tx};
use tongban_web::area::Where;
use tongban_web::{Queue, Sample, Todo};

use crate::model::{Case, State};
use crate::pages::trail::Trail;
use crate::permissions as can;
use crate::store::{self, ListRow};

macro_rules! queue {
    ($title:literal, $needs:expr, $tab:literal) => {
        Queue { title: $title, needs: $needs, rows: |tx, actor, after, limit| rows(tx, actor, $tab, after, limit) }
    };
}

/// 工作人员的待办：哪个环节的人看哪个页签。
pub const QUEUES: &[Queue] = &[
    queue!("待受理", can::ACCEPT, "pending"),
    queue!("审查中", can::HANDLE, "review"),
    queue!("待决定", can::APPROVE, "decision"),
    queue!("待送达", can::DELIVER, "delivery"),
];

/// 群众的待办：等他补正、补交的。登录就有，不要权限。
pub const MINE: &[Queue] = &[Queue { title: "要补的材料", needs: ANYONE, rows: to_fix }];

/// 群众没有权限码；队列由 `/me` 直接取。
const ANYONE: Permission = "";

fn rows(tx: &mut Tx<'_>, actor: &Actor, tab: &str, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<Todo>> {
    let found = store::todo(tx, &actor.scope, tab, after.unwrap_or((i64::MIN, 0)), i64::from(limit))?;
    // 从工作台首页打开的，下一件也在同一环节里找，返回也回首页
    let opened = |row: &ListRow| Trail::new(&format!("/desk?tab={tab}"), row.sort_due).to(&row.no, row.sort_due);
    Ok(found.into_iter().map(|row| Todo { href: opened(&row), ..todo(row, "/desk/cases") }).collect())
}

fn to_fix(tx: &mut Tx<'_>, actor: &Actor, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<Todo>> {
    let found = store::mine(tx, actor.person, actor.legal_entity, i64::MAX, 200)?;
    let mut list: Vec<_> = found.into_iter().filter(|row| row.state == State::Correcting).map(|row| todo(row, "/me/cases")).collect();
    list.sort_by_key(|todo| (todo.due, todo.id));
    list.retain(|todo| after.is_none_or(|after| (todo.due, todo.id) > after));
    list.truncate(limit as usize);
    Ok(list)
}

fn todo(row: ListRow, base: &str) -> Todo {
    Todo {
        id: row.id,
        due: row.sort_due,
        title: format!("{} {}", row.item_name, row.applicant),
        detail: format!("{} · {} · {}", row.no, row.state.label(row.step), row.channel.label()),
        href: format!("{base}/{}", row.no),
        light: row.light,
    }
}

/// 路径参数的样本，范围内外各一件。
pub const SAMPLES: &[Sample] = &[
    Sample { param: "no", value: sample_no },
    Sample { param: "action", value: |_, _| Ok("terminate".to_owned()) },
    Sample { param: "n", value: |_, _| Ok("1".to_owned()) },
    Sample { param: "document", value: sample_document },
];

/// 库里的一件：演示与测试库里，第一件所在的单位算范围内。
fn sample(tx: &mut Tx<'_>, place: Where) -> Result<Option<Case>> {
    let cases = store::from(tx, 0, 200)?;
    let first = cases.first().map(|case| case.place.unit);
    Ok(cases.into_iter().find(|case| (Some(case.place.unit) == first) == (place == Where::Inside)))
}

fn sample_no(tx: &mut Tx<'_>, place: Where) -> Result<String> {
    Ok(sample(tx, place)?.map_or_else(|| "510811-20210531-999999".to_owned(), |case| case.no.to_string()))
}

fn sample_document(tx: &mut Tx<'_>, place: Where) -> Result<String> {
    let Some(case) = sample(tx, place)? else { return Ok("1".to_owned()) };
    Ok(store::documents(tx, case.id)?.first().map_or(1, |document| document.id).to_string())
}
