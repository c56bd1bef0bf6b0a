//! 待办：待认领、待审核、纠错，放进各人的工作台；以及路由测试的样本。

use tongban_kernel::Actor;
use tongban_kernel::lights::Light;
use tongban_store::{Result, Tx};
use tongban_web::area::Where;
use tongban_web::{Queue, Sample, Todo};

use crate::model::lifecycle::{PoolState, State};
use crate::permissions;
use crate::store;

/// 本区的待办来源。
pub const QUEUES: &[Queue] = &[
    Queue { title: "待认领事项", needs: permissions::CLAIM, rows: to_claim },
    Queue { title: "待审核事项", needs: permissions::REVIEW, rows: to_review },
    Queue { title: "目录变更", needs: permissions::EDIT, rows: to_change },
    Queue { title: "指南抽查", needs: permissions::REVIEW, rows: to_inspect },
    Queue { title: "指南纠错", needs: permissions::EDIT, rows: to_correct },
];

fn size(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(20)
}

fn to_claim(tx: &mut Tx<'_>, actor: &Actor, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<Todo>> {
    let after = after.unwrap_or((i64::MIN, 0));
    let rows = store::pool(tx, &actor.scope, PoolState::PendingClaim, &store::Find::default(), after, size(limit))?;
    Ok(rows
        .into_iter()
        .map(|entry| Todo {
            id: entry.row.id,
            due: entry.row.pooled.as_millisecond(),
            title: format!("认领 {}", entry.name),
            detail: entry.row.dept_name,
            href: "/catalog?tab=pending_claim".to_owned(),
            // 一个工作日内要处理：没到点黄，过点红
            light: if entry.row.overdue { Light::Red } else { Light::Yellow },
        })
        .collect())
}

fn to_review(tx: &mut Tx<'_>, actor: &Actor, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<Todo>> {
    // 没有法定期限：最近上报的在前，取一页
    if after.is_some() {
        return Ok(Vec::new());
    }
    let rows = store::desk_items(tx, &actor.scope, State::Reviewing, &store::Find::default(), (i64::MAX, i64::MAX), size(limit))?;
    Ok(rows
        .into_iter()
        .map(|row| Todo {
            id: row.id,
            due: i64::MAX,
            title: format!("审核 {}", row.name),
            detail: row.dept_name,
            href: format!("/catalog/items/{}", row.code),
            light: Light::Green,
        })
        .collect())
}

fn to_change(tx: &mut Tx<'_>, actor: &Actor, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<Todo>> {
    let rows = store::changes(tx, &actor.scope, after.unwrap_or((i64::MIN, 0)), size(limit))?;
    let mut todos = Vec::with_capacity(rows.len());
    for row in rows {
        let item = store::items_of(tx, row.implementation)?.into_iter().next();
        todos.push(Todo {
            id: row.id,
            due: row.due.as_millisecond(),
            title: format!("目录变更 {}", item.as_ref().map_or(row.dept_name.as_str(), |item| item.name.as_str())),
            detail: row.what,
            href: item.map_or_else(|| "/catalog".to_owned(), |item| format!("/catalog/items/{}", item.code)),
            light: Light::Yellow,
        });
    }
    Ok(todos)
}

fn to_inspect(tx: &mut Tx<'_>, actor: &Actor, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<Todo>> {
    if after.is_some() {
        return Ok(Vec::new());
    }
    let rows = store::checks(tx, &actor.scope, "open", i64::MAX, size(limit))?;
    Ok(rows
        .into_iter()
        .map(|row| Todo {
            id: row.id,
            due: i64::MAX,
            title: format!("抽查指南 {}", row.name),
            detail: row.dept_name,
            href: "/catalog/checks".to_owned(),
            light: Light::Green,
        })
        .collect())
}

fn to_correct(tx: &mut Tx<'_>, actor: &Actor, after: Option<(i64, i64)>, limit: u32) -> Result<Vec<Todo>> {
    let rows = store::corrections(tx, &actor.scope, "open", after.unwrap_or((i64::MIN, 0)), size(limit))?;
    Ok(rows
        .into_iter()
        .map(|row| Todo {
            id: row.id,
            due: row.due.as_millisecond(),
            title: format!("指南纠错 {}", row.number),
            detail: row.text.chars().take(40).collect(),
            href: "/catalog/corrections".to_owned(),
            light: Light::Green,
        })
        .collect())
}

/// 路由测试用的样本。
pub const SAMPLES: &[Sample] = &[
    Sample { param: "code", value: sample_code },
    Sample { param: "edition", value: |_, _| Ok("1".to_owned()) },
    Sample { param: "tab", value: |_, _| Ok("basic".to_owned()) },
    Sample { param: "material", value: |_, _| Ok("none".to_owned()) },
    Sample { param: "number", value: |_, _| Ok("3".to_owned()) },
];

/// 一个事项编码：与办件区同一个约定，第一项所在的单位算范围内。
fn sample_code(tx: &mut Tx<'_>, place: Where) -> Result<String> {
    let rows = store::scan_items(tx, 0, 500)?;
    let published = || rows.iter().filter(|row| row.edition > 0);
    let first = published().next().map(|row| row.place.unit);
    let found = published().find(|row| (Some(row.place.unit) == first) == (place == Where::Inside));
    Ok(found.map_or_else(|| "11510811MB0000027M451209999900001".to_owned(), |row| row.code.clone()))
}
