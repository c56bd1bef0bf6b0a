//! 读交来的表格：CSV（UTF-8 有无 BOM 皆可，不是 UTF-8 就按 GB18030）与 XLSX，得到带行号的文字。
//!
//! 行号是人在表格软件里看到的行号，首行是表头，为 1。读不懂的地方说清在第几行、怎么改。

use std::borrow::Cow;
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
    let mut rows = Vec::new();
    let header = each::<Problem>(bytes, &mut |_, row| {
        rows.push(row);
        Ok(())
    })?;
    Ok(Sheet { header, rows })
}

/// 一行行地读，不把整张表留在内存里；`take` 得到表头与一行。回答表头。
///
/// 多出列、公式错误这样的格式错要读完才说，那时好的行已经交出去了：要么都要要么都不要的，先空读一遍。
///
/// # Errors
/// 同 [`read`]，以及 `take` 自己的错：当即停下。
pub fn each<E: From<Problem>>(bytes: &[u8], take: &mut Take<'_, E>) -> Result<Vec<String>, E> {
    let mut assembly = Assembly { header: Vec::new(), seen: 0, errors: Vec::new(), take };
    if bytes.starts_with(b"PK\x03\x04") {
        read_xlsx(bytes, &mut assembly)?;
    } else if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Err(refuse("old-format", "这是旧版 .xls 文件，请在表格软件里另存为 .xlsx 或 .csv 再交").into());
    } else {
        read_csv(&decode(bytes)?, &mut assembly)?;
    }
    Ok(assembly.finish()?)
}

/// 收一行：表头与这一行。
pub type Take<'t, E> = dyn FnMut(&[String], Row) -> Result<(), E> + 't;

/// 格式错至多说几处。
const MOST_FAULTS: usize = 20;

/// 边读边认：第一行有字的是表头，其后全空的行略过。
struct Assembly<'t, E> {
    header: Vec<String>,
    seen: usize,
    errors: Vec<FieldError>,
    take: &'t mut Take<'t, E>,
}

impl<E: From<Problem>> Assembly<'_, E> {
    fn fault(&mut self, row: usize, code: &'static str, detail: impl std::fmt::Display) {
        if self.errors.len() < MOST_FAULTS {
            self.errors.push(at_row(row, code, detail));
        }
    }

    fn push(&mut self, mut row: Row) -> Result<(), E> {
        if row.cells.iter().all(String::is_empty) {
            return Ok(());
        }
        if self.header.is_empty() {
            while row.cells.last().is_some_and(String::is_empty) {
                row.cells.pop();
            }
            self.header = row.cells;
            return Ok(());
        }
        self.seen += 1;
        if self.seen > MAX_ROWS {
            return Err(refuse("too-many-rows", format!("一次最多 {MAX_ROWS} 行，请分批交")).into());
        }
        let width = self.header.len();
        if row.cells.iter().skip(width).any(|cell| !cell.is_empty()) {
            self.fault(row.number, "ragged", format!("比表头多出列（表头 {width} 列），是不是有没加引号的逗号"));
            return Ok(());
        }
        (self.take)(&self.header, row)
    }

    fn finish(self) -> Result<Vec<String>, Problem> {
        if self.header.is_empty() {
            return Err(refuse("empty", "文件是空的，没有表头"));
        }
        if self.errors.is_empty() { Ok(self.header) } else { Err(Problem::invalid(self.errors)) }
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

fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Problem> {
    let bom = bytes.starts_with(b"\xEF\xBB\xBF");
    let body = if bom { &bytes[3..] } else { bytes };
    let broken_at = match std::str::from_utf8(body) {
        Ok(text) => return Ok(Cow::Borrowed(text)),
        Err(error) => error.valid_up_to(),
    };
    let good = String::from_utf8_lossy(&body[..broken_at]);
    if !bom && good.chars().filter(|ch| !ch.is_ascii()).count() < SURELY_UTF8 {
        return match GB18030.decode_without_bom_handling_and_without_replacement(body) {
            Some(text) => Ok(text),
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

fn read_csv<E: From<Problem>>(text: &str, into: &mut Assembly<'_, E>) -> Result<(), E> {
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut rows = Rows { text, seen: 0, newlines: 0, inside: 0 };
    for record in reader.records() {
        let record = record.map_err(|_| refuse("csv", "文件内容不是逗号分隔的表格"))?;
        let number = rows.number_at(record.position().map_or(0, csv::Position::byte));
        rows.inside += newlines(record.as_slice().as_bytes());
        into.push(Row { number, cells: record.iter().map(clean).collect() })?;
    }
    Ok(())
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

/// 一格一格地读第一张工作表，凑满一行交一行。
fn read_xlsx<E: From<Problem>>(bytes: &[u8], into: &mut Assembly<'_, E>) -> Result<(), E> {
    let unreadable = |_| refuse("xlsx", "这个 XLSX 文件打不开，可能没有保存完整或设了密码");
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(unreadable)?;
    let Some(first) = book.sheet_names().first().cloned() else {
        return Err(refuse("empty", "文件里没有工作表").into());
    };
    let mut cells = book.worksheet_cells_reader(&first).map_err(unreadable)?;
    let mut row = Row { number: 0, cells: Vec::new() };
    while let Some(cell) = cells.next_cell().map_err(unreadable)? {
        let (line, column) = cell.get_position();
        let (number, column) = (usize::try_from(line).unwrap_or(usize::MAX - 1) + 1, usize::try_from(column).unwrap_or(0));
        if number != row.number {
            let full = std::mem::replace(&mut row, Row { number, cells: Vec::new() });
            into.push(full)?;
        }
        let text = text_of(&Data::from(cell.get_value().clone())).unwrap_or_else(|detail| {
            into.fault(number, "cell", detail);
            String::new()
        });
        if row.cells.len() <= column {
            row.cells.resize(column + 1, String::new());
        }
        row.cells[column] = text;
    }
    into.push(row)
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
