//! 目录与事项的导入导出（items §4、§8）：XLSX、CSV、JSON 三种文件，同一套列名。
//!
//! 导入把文件读两遍，内存里只有一段：第一遍整份检查，每处错说清第几行、哪一列、什么值、哪条规则；第二遍写，
//! 整份在一个单元里，写到哪一行出错都一行不留。说明了“好的行照样导入”的才一段一段地写。
//! 同一份文件再导一次什么也不变。

pub mod columns;
pub mod job;
mod json;
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

/// 一行行地读文件，按内容认格式；不把整份内容展开在内存里。
///
/// # Errors
/// 不是三种格式之一、编码坏了、缺列、行数太多；或 `take` 自己的错，当即停下。
pub fn each<E: From<Problem>>(bytes: &[u8], kind: Kind, take: &mut dyn FnMut(Line) -> Result<(), E>) -> Result<(), E> {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut first = true;
    let mut checked = |line: Line| {
        if std::mem::take(&mut first) {
            let missing: Vec<&str> = kind.needed().iter().copied().filter(|column| !line.record.contains_key(*column)).collect();
            if !missing.is_empty() {
                return Err(E::from(Problem::field("file", "missing-column", format!("缺少列：{}", missing.join("、")))));
            }
        }
        take(line)
    };
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        json::each(text, &mut checked)
    } else {
        each_in_table(bytes, kind, &mut checked)
    }
}

/// 读一份不大的文件，全部行一次给出。
///
/// # Errors
/// 同 [`each`]。
pub fn parse(bytes: &[u8], kind: Kind) -> Result<Vec<Line>, Problem> {
    let mut lines = Vec::new();
    each::<Problem>(bytes, kind, &mut |line| {
        lines.push(line);
        Ok(())
    })?;
    Ok(lines)
}

fn each_in_table<E: From<Problem>>(bytes: &[u8], kind: Kind, take: &mut dyn FnMut(Line) -> Result<(), E>) -> Result<(), E> {
    let mut names: Vec<Option<String>> = Vec::new();
    table::each(bytes, &mut |header, row| {
        if names.is_empty() {
            names = header.iter().map(|title| known(kind, title)).collect();
            let mut seen = BTreeSet::new();
            if let Some(twice) = names.iter().flatten().find(|name| !seen.insert((*name).clone())) {
                return Err(Problem::field("file", "duplicate-column", format!("“{twice}”列出现了不止一次")).into());
            }
        }
        let mut cells = row.cells;
        cells.resize(names.len().max(cells.len()), String::new());
        let record = names.iter().zip(cells).filter_map(|(name, cell)| Some((name.clone()?, cell))).collect();
        take(Line { number: i64::try_from(row.number).unwrap_or(i64::MAX), record })
    })
    .map(drop)
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
    /// 计划生效、计划取消日期；没有为空。
    pub plan_effective: String,
    pub plan_cancel: String,
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
        for column in ["PLANEFFECTIVEDATE", "PLANCANCELDATE"] {
            if plan_day(get(column)).is_none() {
                wrong(column, "Q22", "日期要写成 2026-12-01，没有就空着".into());
            }
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
                plan_effective: plan_day(get("PLANEFFECTIVEDATE")).unwrap_or_default(),
                plan_cancel: plan_day(get("PLANCANCELDATE")).unwrap_or_default(),
                depts: split(get(columns::DISPATCH)).map(str::to_owned).collect(),
            }),
            _ => Err(errors),
        }
    }
}

/// 计划日期：空着、`2026-12-01`，或带时刻的（只留日期）。
#[must_use]
pub fn plan_day(text: &str) -> Option<String> {
    let text = text.trim();
    if text.is_empty() {
        return Some(String::new());
    }
    text.get(..10)?.parse::<jiff::civil::Date>().ok().map(|day| day.to_string())
}

/// 认出文件里写了两次的编码：一行行地交，第二次出现的报错。
#[derive(Debug, Default)]
pub struct Seen(BTreeSet<String>);

impl Seen {
    /// 这一行的编码前面有没有写过。
    pub fn again(&mut self, line: &Line, kind: Kind) -> Option<RowError> {
        let code = line.record.get(kind.key()).filter(|code| !code.is_empty())?;
        (!self.0.insert(code.clone())).then(|| RowError::new(line.number, kind.key(), code, "V06", "这个编码在文件里前面已经有一行"))
    }
}
