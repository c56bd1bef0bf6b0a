//! 目录与事项的导入导出（items §4、§8）：XLSX、CSV、JSON 三种文件，同一套列名。
//!
//! 导入先整份检查：每处错说清第几行、哪一列、什么值、哪条规则；有错就什么也不改，除非说明了“好的行照样导入”。
//! 再一段一段地写，每段一个单元；同一份文件再导一次什么也不变。

pub mod columns;
pub mod job;
pub mod rows;
pub mod run;
pub mod write;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use tongban_documents::table;
use tongban_kernel::Problem;

use crate::model::codes::{TaskType, UseLevel};
use crate::store::split;
pub use rows::{CellError, Record};

/// 导的是哪一张表。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// 目录清单。
    Catalogue,
    /// 实施清单与办理项。
    Items,
}

impl Kind {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Catalogue => "catalogue",
            Self::Items => "items",
        }
    }

    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Catalogue => "目录清单",
            Self::Items => "实施清单",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Catalogue, Self::Items].into_iter().find(|kind| kind.as_str() == text)
    }

    #[must_use]
    pub const fn columns(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Catalogue => columns::CATALOGUE,
            Self::Items => columns::ITEM,
        }
    }

    const fn needed(self) -> &'static [&'static str] {
        match self {
            Self::Catalogue => columns::CATALOGUE_NEEDED,
            Self::Items => columns::ITEM_NEEDED,
        }
    }

    /// 一行靠哪一列认。
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Catalogue => "CATALOGCODE",
            Self::Items => "TASKHANDLEITEM",
        }
    }
}

/// 文件里的一行与它的行号（JSON 是第几个）。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub number: i64,
    pub record: Record,
}

/// 错行报告里的一条。
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowError {
    pub line: i64,
    #[serde(flatten)]
    pub cell: CellError,
}

impl RowError {
    #[must_use]
    pub fn new(line: i64, column: &str, value: &str, rule: &str, message: impl Into<String>) -> Self {
        Self { line, cell: CellError::new(column, value, rule, message) }
    }
}

/// 读文件：按内容认格式。
///
/// # Errors
/// 不是三种格式之一、编码坏了、缺列、行数太多。
pub fn parse(bytes: &[u8], kind: Kind) -> Result<Vec<Line>, Problem> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let json = text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let lines = if json { parse_json(text)? } else { parse_table(bytes, kind)? };
    let missing: Vec<&str> = match lines.first() {
        Some(first) => kind.needed().iter().copied().filter(|column| !first.record.contains_key(*column)).collect(),
        None => Vec::new(),
    };
    if missing.is_empty() {
        Ok(lines)
    } else {
        Err(Problem::field("file", "missing-column", format!("缺少列：{}", missing.join("、"))))
    }
}

fn parse_json(text: &[u8]) -> Result<Vec<Line>, Problem> {
    let rows: Vec<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_slice(text).map_err(|error| Problem::field("file", "json", format!("JSON 读不懂：{error}")))?;
    if rows.len() > table::MAX_ROWS {
        return Err(Problem::field("file", "rows", format!("一次最多 {} 行，请分批导入", table::MAX_ROWS)));
    }
    let plain = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text,
        serde_json::Value::Null => String::new(),
        other => other.to_string(),
    };
    let line = |(number, row): (i64, serde_json::Map<String, serde_json::Value>)| Line {
        number,
        record: row.into_iter().map(|(column, value)| (column, plain(value))).collect(),
    };
    Ok((1_i64..).zip(rows).map(line).collect())
}

fn parse_table(bytes: &[u8], kind: Kind) -> Result<Vec<Line>, Problem> {
    let sheet = table::read(bytes)?;
    let names: Vec<Option<String>> = sheet.header.iter().map(|header| known(kind, header)).collect();
    let mut seen = BTreeSet::new();
    if let Some(twice) = names.iter().flatten().find(|name| !seen.insert((*name).clone())) {
        return Err(Problem::field("file", "duplicate-column", format!("“{twice}”列出现了不止一次")));
    }
    let line = |row: table::Row| Line {
        number: i64::try_from(row.number).unwrap_or(i64::MAX),
        record: names
            .iter()
            .enumerate()
            .filter_map(|(at, name)| Some((name.clone()?, row.cells.get(at).cloned().unwrap_or_default())))
            .collect(),
    };
    Ok(sheet.rows.into_iter().map(line).collect())
}

/// 表头写列名或中文名都认；不认识的列不要。
fn known(kind: Kind, header: &str) -> Option<String> {
    let found = kind.columns().iter().find(|(title, code)| *title == header || code.eq_ignore_ascii_case(header));
    match found {
        Some((_, code)) => Some((*code).to_owned()),
        None => {
            (kind == Kind::Catalogue && (header == columns::DISPATCH || header == "责任部门编码")).then(|| columns::DISPATCH.to_owned())
        }
    }
}

/// 目录清单的一行。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueLine {
    pub code: String,
    pub local_code: String,
    pub name: String,
    pub task_type: TaskType,
    pub basis: String,
    pub levels: Vec<UseLevel>,
    /// 1 在用 2 暂停 3 取消。
    pub state: String,
    pub main_name: String,
    /// 下发给哪些部门。
    pub depts: Vec<String>,
}

impl CatalogueLine {
    /// 读一行目录，检查编码规则 V01。
    ///
    /// # Errors
    /// 每处错一条。
    pub fn read(line: &Line) -> Result<Self, Vec<RowError>> {
        let mut errors = Vec::new();
        let get = |column: &str| line.record.get(column).map_or("", String::as_str);
        let mut wrong = |column: &str, rule: &str, message: String| {
            errors.push(RowError::new(line.number, column, get(column), rule, message));
        };
        let task_type = TaskType::parse(get("TASKTYPE"));
        if task_type.is_none() {
            wrong("TASKTYPE", "Q22", "事项类型不在代码表内".into());
        }
        let code = tongban_kernel::codes::CatalogueCode::parse(get("CATALOGCODE"));
        let checked = code.and_then(|code| task_type.map_or(Ok(()), |kind| code.check_v01(kind.code(), crate::commands::PROVINCE)));
        if let Err(reason) = checked {
            wrong("CATALOGCODE", "V01", reason.detail);
        }
        if get("TASKNAME").is_empty() {
            wrong("TASKNAME", "required", "请填写事项名称".into());
        }
        let levels: Option<Vec<UseLevel>> = split(get("USELEVEL")).map(UseLevel::parse).collect();
        if levels.as_ref().is_none_or(Vec::is_empty) {
            wrong("USELEVEL", "V05", "行使层级要填 1 到 7，多个用 ^ 连接".into());
        }
        if !matches!(get("TASKSTATE"), "" | "1" | "2" | "3") {
            wrong("TASKSTATE", "Q22", "事项状态要填 1 在用、2 暂停、3 取消".into());
        }
        match (task_type, levels) {
            (Some(task_type), Some(levels)) if errors.is_empty() => Ok(Self {
                code: get("CATALOGCODE").to_owned(),
                local_code: get("LOCALCATALOGCODE").to_owned(),
                name: get("TASKNAME").to_owned(),
                task_type,
                basis: get("BYLAW").to_owned(),
                levels,
                state: if get("TASKSTATE").is_empty() { "1".to_owned() } else { get("TASKSTATE").to_owned() },
                main_name: get("MAINNAME").to_owned(),
                depts: split(get(columns::DISPATCH)).map(str::to_owned).collect(),
            }),
            _ => Err(errors),
        }
    }
}

/// 文件里同一编码写了两次的行。
#[must_use]
pub fn repeated(lines: &[Line], kind: Kind) -> Vec<RowError> {
    let mut seen = BTreeSet::new();
    lines
        .iter()
        .filter_map(|line| {
            let code = line.record.get(kind.key()).filter(|code| !code.is_empty())?;
            (!seen.insert(code)).then(|| RowError::new(line.number, kind.key(), code, "V06", "这个编码在文件里前面已经有一行"))
        })
        .collect()
}
