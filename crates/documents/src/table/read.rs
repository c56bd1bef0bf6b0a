//! 读交来的表格：CSV（UTF-8 有无 BOM 皆可，不是 UTF-8 就按 GB18030）与 XLSX，得到带行号的文字。
//!
//! 行号是人在表格软件里看到的行号，首行是表头，为 1。读不懂的地方说清在第几行、怎么改。

use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use encoding_rs::GB18030;
use tongban_kernel::{FieldError, Problem};

use super::{Column, unguard};

/// 一次最多读多少行；再多请分批交。
pub const MAX_ROWS: usize = 200_000;

/// 读进来的一张表。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sheet {
    pub header: Vec<String>,
    pub rows: Vec<Row>,
}

/// 一行。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// 文件里的行号，表头是 1。
    pub number: usize,
    /// 去掉首尾空白与公式防护撇号的文字；没有值的格是空串。
    pub cells: Vec<String>,
}

impl Sheet {
    /// 给每个列找到它在文件里的位置；表头写中文名或英文标识都认。
    ///
    /// # Errors
    /// 缺列：一次说全缺哪些；同一列写了两次也拒绝。
    pub fn map(&self, columns: &[Column]) -> Result<Mapping, Problem> {
        let mut errors = Vec::new();
        let mut places = Vec::with_capacity(columns.len());
        for column in columns {
            let found: Vec<usize> = (self.header.iter().enumerate())
                .filter(|(_, text)| **text == column.title || text.eq_ignore_ascii_case(column.code))
                .map(|(index, _)| index)
                .collect();
            match found[..] {
                [place] => places.push(place),
                [] => errors.push(at_row(1, "missing-column", format!("缺少“{}”列", column.title))),
                _ => errors.push(at_row(1, "duplicate-column", format!("“{}”列出现了不止一次", column.title))),
            }
        }
        if errors.is_empty() { Ok(Mapping(places)) } else { Err(Problem::invalid(errors)) }
    }
}

/// 列到位置的对应。
#[derive(Debug, Clone)]
pub struct Mapping(Vec<usize>);

impl Mapping {
    /// 按 `map` 时给的列序取第 `index` 列的值；这一行没有时是空串。
    #[must_use]
    pub fn get<'a>(&self, row: &'a Row, index: usize) -> &'a str {
        self.0.get(index).and_then(|place| row.cells.get(*place)).map_or("", String::as_str)
    }
}

/// 读一张表；按内容认格式，不信文件名。
///
/// # Errors
/// 不是 CSV 或 XLSX、编码损坏、没有表头、行数太多：每处说清在第几行。
pub fn read(bytes: &[u8]) -> Result<Sheet, Problem> {
    if bytes.starts_with(b"PK\x03\x04") {
        read_xlsx(bytes)
    } else if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        Err(refuse("old-format", "这是旧版 .xls 文件，请在表格软件里另存为 .xlsx 或 .csv 再交"))
    } else {
        read_csv(&decode(bytes)?)
    }
}

pub(super) fn refuse(code: &'static str, detail: impl Into<String>) -> Problem {
    Problem::field("file", code, detail)
}

fn at_row(row: usize, code: &'static str, detail: impl std::fmt::Display) -> FieldError {
    FieldError::new("file", code, format!("第 {row} 行：{detail}"))
}

/// 有多少个多字节字符先读对了，就认定它本来是 UTF-8、只是坏了一处，而不是 GB18030。
pub(super) const SURELY_UTF8: usize = 8;

fn decode(bytes: &[u8]) -> Result<String, Problem> {
    let bom = bytes.starts_with(b"\xEF\xBB\xBF");
    let body = if bom { &bytes[3..] } else { bytes };
    let broken_at = match std::str::from_utf8(body) {
        Ok(text) => return Ok(text.to_owned()),
        Err(error) => error.valid_up_to(),
    };
    let good = String::from_utf8_lossy(&body[..broken_at]);
    if !bom && good.chars().filter(|ch| !ch.is_ascii()).count() < SURELY_UTF8 {
        return match GB18030.decode_without_bom_handling_and_without_replacement(body) {
            Some(text) => Ok(text.into_owned()),
            None => Err(broken(row_of_broken_gb18030(body))),
        };
    }
    Err(broken(newlines(&body[..broken_at]) + 1))
}

pub(super) fn broken(row: usize) -> Problem {
    Problem::invalid(vec![at_row(row, "encoding", "有读不出来的字，文件可能损坏；请另存为“CSV UTF-8”再交")])
}

/// 逐行解，找出第一处坏字在哪一行。GB18030 的后续字节不会是换行，可以先按换行切。
fn row_of_broken_gb18030(body: &[u8]) -> usize {
    let bad = |line: &[u8]| GB18030.decode_without_bom_handling_and_without_replacement(line).is_none();
    body.split(|byte| *byte == b'\n').position(bad).map_or(1, |index| index + 1)
}

#[allow(clippy::naive_bytecount)]
fn newlines(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte == b'\n').count()
}

fn read_csv(text: &str) -> Result<Sheet, Problem> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut lines = Vec::new();
    let mut rows = Rows { text, seen: 0, newlines: 0, inside: 0 };
    for record in reader.records() {
        let record = record.map_err(|_| refuse("csv", "文件内容不是逗号分隔的表格"))?;
        let number = rows.number_at(record.position().map_or(0, csv::Position::byte));
        rows.inside += newlines(record.as_slice().as_bytes());
        lines.push(Row { number, cells: record.iter().map(clean).collect() });
        check_size(lines.len())?;
    }
    assemble(lines)
}

/// 数表格软件里的行号：文件的换行减去引号里的换行。
struct Rows<'a> {
    text: &'a str,
    /// 数到第几个字节。
    seen: usize,
    newlines: usize,
    /// 其中引号里的换行。
    inside: usize,
}

impl Rows<'_> {
    /// 从第 `byte` 个字节开始读的记录在第几行；记录前的换行（上一行的结尾、空行）要跨过去。
    fn number_at(&mut self, byte: u64) -> usize {
        let bytes = self.text.as_bytes();
        let mut start = usize::try_from(byte).unwrap_or(usize::MAX).clamp(self.seen, bytes.len());
        start += bytes[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        self.newlines += newlines(&bytes[self.seen..start]);
        self.seen = start;
        self.newlines - self.inside + 1
    }
}

fn read_xlsx(bytes: &[u8]) -> Result<Sheet, Problem> {
    let unreadable = |_| refuse("xlsx", "这个 XLSX 文件打不开，可能没有保存完整或设了密码");
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
    let range = match book.worksheet_range_at(0) {
        Some(range) => range.map_err(unreadable)?,
        None => return Err(refuse("empty", "文件里没有工作表")),
    };
    check_size(range.height())?;
    let (top, left) = range.start().unwrap_or_default();
    let mut lines = Vec::with_capacity(range.height());
    let mut errors = Vec::new();
    for (index, row) in range.rows().enumerate() {
        let number = usize::try_from(top).unwrap_or(0) + index + 1;
        let mut cells = vec![String::new(); usize::try_from(left).unwrap_or(0)];
        for value in row {
            match text_of(value) {
                Ok(text) => cells.push(text),
                Err(detail) => {
                    errors.push(at_row(number, "cell", detail));
                    cells.push(String::new());
                }
            }
        }
        lines.push(Row { number, cells });
    }
    if errors.is_empty() { assemble(lines) } else { Err(Problem::invalid(errors)) }
}

fn check_size(rows: usize) -> Result<(), Problem> {
    if rows > MAX_ROWS + 1 {
        return Err(refuse("too-many-rows", format!("一次最多 {MAX_ROWS} 行，请分批交")));
    }
    Ok(())
}

pub(super) fn clean(text: &str) -> String {
    unguard(text).trim().to_owned()
}

/// 一格 XLSX 的文字；日期写成 `2026-11-22`，整数不带小数点。
pub(super) fn text_of(value: &Data) -> Result<String, &'static str> {
    match value {
        Data::Empty => Ok(String::new()),
        Data::String(text) | Data::DateTimeIso(text) | Data::DurationIso(text) => Ok(clean(text)),
        Data::Int(number) => Ok(number.to_string()),
        Data::Bool(flag) => Ok(if *flag { "是" } else { "否" }.to_owned()),
        Data::Float(number) => number_text(*number),
        Data::DateTime(moment) => {
            let (year, month, day, hour, minute, second, _) = moment.to_ymd_hms_milli();
            if (hour, minute, second) == (0, 0, 0) {
                Ok(format!("{year:04}-{month:02}-{day:02}"))
            } else {
                Ok(format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}"))
            }
        }
        Data::Error(_) => Err("有一格是公式错误（如 #N/A），请改成值"),
    }
}

/// 表格软件只记 15 位有效数字：更长的号码末位已经丢了，收下就是错的。
fn number_text(number: f64) -> Result<String, &'static str> {
    if number.fract() != 0.0 {
        Ok(number.to_string())
    } else if number.abs() < 1e15 {
        Ok(format!("{number:.0}"))
    } else {
        Err("有一格长号码被存成了数字，末几位已丢失；请把这一列设为“文本”再重新填")
    }
}

/// 第一行有字的是表头，其后全空的行略过。
fn assemble(lines: Vec<Row>) -> Result<Sheet, Problem> {
    let mut lines = lines.into_iter().filter(|row| row.cells.iter().any(|cell| !cell.is_empty()));
    let mut header = lines.next().ok_or_else(|| refuse("empty", "文件是空的，没有表头"))?.cells;
    while header.last().is_some_and(String::is_empty) {
        header.pop();
    }
    let rows: Vec<Row> = lines.collect();
    let width = header.len();
    let ragged: Vec<FieldError> = rows
        .iter()
        .filter(|row| row.cells.iter().skip(width).any(|cell| !cell.is_empty()))
        .map(|row| at_row(row.number, "ragged", format!("比表头多出列（表头 {width} 列），是不是有没加引号的逗号")))
        .take(20)
        .collect();
    if ragged.is_empty() { Ok(Sheet { header, rows }) } else { Err(Problem::invalid(ragged)) }
}
