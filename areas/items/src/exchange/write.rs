//! 导出：按编码一页页取成交换行，写成表格或 JSON。

use serde_json::Value;
use tongban_documents::table::Cell;
use tongban_kernel::Scope;
use tongban_store::{Result, Tx};

use super::rows::{self, Record, WHOLE};
use super::{Kind, columns};
use crate::commands::state_code;
use crate::store::{self, CatalogueRow, ItemRow, join};

/// 一页交换行与下一页的键。
pub type Page = (Vec<Record>, Option<String>);

/// 按编码取一页；办理项只取范围内的。
///
/// # Errors
/// 引擎故障。
pub fn page(tx: &mut Tx<'_>, kind: Kind, scope: &Scope, after: &str, limit: usize) -> Result<Page> {
    let found: Vec<Record> = match kind {
        Kind::Catalogue => {
            let rows = store::catalogues_by_code(tx, after, i64::try_from(limit).unwrap_or(i64::MAX))?;
            rows.iter().map(catalogue).collect()
        }
        Kind::Items => {
            let rows = store::items_by_code(tx, scope, after, limit)?;
            rows.iter().map(|row| item(tx, row)).collect::<Result<_>>()?
        }
    };
    let next = (found.len() == limit).then(|| found.last().and_then(|row| row.get(kind.key()).cloned())).flatten();
    Ok((found, next))
}

fn catalogue(row: &CatalogueRow) -> Record {
    let state = match row.state.as_str() {
        "suspended" => "2",
        "cancelled" => "3",
        _ => "1",
    };
    [
        ("CATALOGCODE", row.code.clone()),
        ("LOCALCATALOGCODE", row.local_code.clone()),
        ("TASKNAME", row.name.clone()),
        ("TASKTYPE", row.task_type.code().to_owned()),
        ("BYLAW", row.basis.clone()),
        ("USELEVEL", join(row.levels.iter().map(|level| level.code()))),
        ("TASKSTATE", state.to_owned()),
        ("TASKVERSION", row.version.to_string()),
        ("MAINNAME", row.main_name.clone()),
        ("PLANEFFECTIVEDATE", row.plan_effective.clone()),
        ("PLANCANCELDATE", row.plan_cancel.clone()),
    ]
    .map(|(column, text)| (column.to_owned(), text))
    .into()
}

/// 已发布的导出发布的那一版，没发布的导出工作稿。
fn item(tx: &mut Tx<'_>, row: &ItemRow) -> Result<Record> {
    let guide = match store::edition(tx, row.id, row.edition)? {
        Some(edition) => edition.guide,
        None => row.draft.clone(),
    };
    let implementation = store::implementation_by_id(tx, row.implementation)?;
    let (local, local_dept, dept_code) =
        implementation.map(|found| (found.local_code, found.local_dept_code, found.dept_code)).unwrap_or_default();
    let mut record = rows::write(&guide);
    let part = |range: std::ops::Range<usize>| row.code.get(range).unwrap_or_default().to_owned();
    record.extend(
        [
            ("TASKHANDLEITEM", row.code.clone()),
            ("TASKCODE", part(0..31)),
            ("CATALOGCODE", part(19..31)),
            ("LOCALTASKCODE", local),
            ("LOCALDEPTCODE", local_dept),
            ("USELEVEL", row.level.code().to_owned()),
            ("TASKSTATE", state_code(row).to_owned()),
            ("TASKVERSION", row.edition.to_string()),
            ("DEPTNAME", row.dept_name.clone()),
            ("DEPTCODE", dept_code),
            ("NOTICE", row.notice.clone()),
            ("RESUMEDAY", if row.resume_day == 0 { String::new() } else { row.resume_day.to_string() }),
        ]
        .map(|(column, text)| (column.to_owned(), text)),
    );
    Ok(record)
}

/// 表格的一行。
#[must_use]
pub fn cells(kind: Kind, record: &Record) -> Vec<Cell> {
    let cell = |column: &str| match record.get(column) {
        Some(text) if !text.is_empty() => Cell::Text(text.clone()),
        _ => Cell::Empty,
    };
    kind.columns().iter().map(|(_, column)| cell(column)).collect()
}

/// JSON 的一个对象：子表与全文是真的数组与对象。
#[must_use]
pub fn object(kind: Kind, record: &Record) -> Value {
    let nested = ["TASK_GENERAL_MATERIAL", "FEE_PROJECT", "QUESTIONS"];
    let mut map = serde_json::Map::new();
    for (_, column) in kind.columns().iter().filter(|(_, column)| !WHOLE.contains(column)) {
        let text = record.get(*column).cloned().unwrap_or_default();
        let value =
            if nested.contains(column) { serde_json::from_str(&text).unwrap_or(Value::Array(Vec::new())) } else { Value::String(text) };
        map.insert((*column).to_owned(), value);
    }
    if kind == Kind::Items {
        let whole: String = WHOLE.iter().filter_map(|column| record.get(*column)).map(String::as_str).collect();
        map.insert(columns::WHOLE.to_owned(), serde_json::from_str(&whole).unwrap_or(Value::Null));
    }
    Value::Object(map)
}
