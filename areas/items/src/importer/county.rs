//! 县区事项：`items-sichuan-county.csv`。

use jiff::Timestamp;
use tongban_kernel::codes::Uscc;
use tongban_kernel::{Actor, Place};
use tongban_store::{Result, Tx};

use super::{Note, Report, RowError, adopt_into, note, publish_complete, read, untouched};
use crate::commands::{self, CatalogueInput, Implementer};
use crate::complete::{self, Complete};
use crate::model::codes::{TaskType, UseLevel};

const SOURCE: &str = "items-sichuan-county.csv";

/// 一行县区事项。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountyRow {
    /// 文件里的序号。
    pub line: u64,
    pub dept_name: String,
    pub main_name: String,
    pub name: String,
    pub task_type: TaskType,
    pub local_code: String,
    /// 原样的主体代码，可能是脏的。
    pub dept_code: String,
}

/// 读县区事项；读不懂的行另列。
#[must_use]
pub fn parse_county(text: &str) -> (Vec<CountyRow>, Vec<RowError>) {
    let columns = ["seq", "dept_name", "main_item", "name", "task_type", "local_catalog_code", "dept_code"];
    read(text, &columns, |field| {
        let line = field("seq").parse().map_err(|_| format!("序号“{}”不是数字", field("seq")))?;
        let name = field("name");
        if name.is_empty() {
            return Err("没有事项名称".to_owned());
        }
        let code = field("task_type");
        let task_type = TaskType::parse(&code).ok_or_else(|| format!("事项类型“{code}”不在代码表内"))?;
        Ok(CountyRow {
            line,
            dept_name: field("dept_name"),
            main_name: field("main_item"),
            name,
            task_type,
            local_code: field("local_catalog_code"),
            dept_code: field("dept_code"),
        })
    })
}

/// 导入一段。已有的不动；有写完整内容的走到发布，别的停在“编辑中”待完善。
///
/// # Errors
/// 没有导入权限，或引擎故障。
pub fn import_county(
    tx: &mut Tx<'_>,
    actor: &Actor,
    rows: &[CountyRow],
    complete: &[Complete],
    resolve: &dyn Fn(&mut Tx<'_>, &str) -> Result<Option<Implementer>>,
    at: Timestamp,
) -> Result<Report> {
    let mut report = Report::default();
    for row in rows {
        report.rows += 1;
        let Some(implementer) = resolve(tx, &row.dept_name)? else {
            let place = Place { tenant: actor.tenant, ..Place::default() };
            let message = format!("部门“{}”没有对上机构，请先在机构里建好再导入", row.dept_name);
            report.problems +=
                note(tx, Note { place, source: SOURCE, line: row.line, kind: "dept_name", value: &row.dept_name, message }, at)?;
            continue;
        };
        report.problems += dirty_dept_code(tx, row, &implementer, at)?;
        let input = CatalogueInput {
            name: row.name.clone(),
            task_type: row.task_type,
            main_name: row.main_name.clone(),
            local_code: row.local_code.clone(),
            levels: vec![implementer.level],
            basis: String::new(),
        };
        let catalogue = commands::import_catalogue(tx, actor, &input, at)?.id();
        let (item, added) = adopt_into(tx, actor, catalogue, &implementer, at)?;
        if !added {
            report.same += 1;
            report.problems += duplicate(tx, row, &implementer, item.implementation, at)?;
            continue;
        }
        report.added += 1;
        commands::keep_local_codes(tx, actor, item.implementation, &row.local_code, &row.dept_code, at)?;
        if let Some(found) = complete::find(complete, row.task_type, &row.name)
            && untouched(&item)
            && implementer.level == UseLevel::County
        {
            publish_complete(tx, actor, &item, &found.guide, at)?;
            report.published += 1;
        }
    }
    Ok(report)
}

/// 脏主体代码：17 位、9 位组织机构代码、占位……不落正式字段。
fn dirty_dept_code(tx: &mut Tx<'_>, row: &CountyRow, implementer: &Implementer, at: Timestamp) -> Result<usize> {
    let Err(reason) = Uscc::parse(&row.dept_code) else { return Ok(0) };
    let message = if row.dept_code.is_empty() {
        format!("“{}”没有实施主体代码", row.name)
    } else {
        format!("“{}”的实施主体代码不合格：{}", row.name, reason.detail)
    };
    let found = Note { place: implementer.place, source: SOURCE, line: row.line, kind: "dept_code", value: &row.dept_code, message };
    note(tx, found, at)
}

/// 同一主体同一名称又来一行：地方码不同才是文件里真的重复，相同的是重新导入。
fn duplicate(tx: &mut Tx<'_>, row: &CountyRow, implementer: &Implementer, implementation: i64, at: Timestamp) -> Result<usize> {
    let known = crate::store::lock_implementation(tx, implementation)?;
    if known.local_code == row.local_code || known.place != implementer.place {
        return Ok(0);
    }
    let message = format!("“{}”（{}）与另一行重复，地方码不同：{} 与 {}", row.name, row.task_type, known.local_code, row.local_code);
    let found = Note { place: implementer.place, source: SOURCE, line: row.line, kind: "duplicate", value: &row.local_code, message };
    note(tx, found, at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_file_reads_completely() {
        let (rows, errors) = parse_county(include_str!("../../../../reference/items-sichuan-county.csv"));
        assert_eq!((rows.len(), errors.len()), (1135, 0));
        assert_eq!(rows[1].name, "适龄儿童、少年因身体状况需要延缓入学或者休学审批");
        assert_eq!(rows.iter().filter(|row| row.task_type == TaskType::Permit).count(), 536);
    }

    #[test]
    fn bad_rows_are_listed_and_the_rest_is_kept() {
        let text = "seq,dept_name,main_item,name,task_type,local_catalog_code,dept_code\n\
                    1,某局,,甲,01,x,y\n2,某局,,乙,99,x,y\n三,某局,,丙,01,x,y\n4,某局,,,01,x,y\n5,某局,,丁,20,x,y\n";
        let (rows, errors) = parse_county(text);
        assert_eq!(rows.iter().map(|row| row.name.as_str()).collect::<Vec<_>>(), ["甲", "丁"]);
        assert_eq!(errors.iter().map(|error| error.line).collect::<Vec<_>>(), [3, 4, 5]);
        assert_eq!(errors[0].message, "事项类型“99”不在代码表内");
        let (rows, errors) = parse_county("a,b\n1,2\n");
        assert!(rows.is_empty() && errors[0].message.starts_with("缺少列：seq"));
    }
}
