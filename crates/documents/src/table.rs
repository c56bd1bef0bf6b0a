//! 表格：一张脸，两种文件。
//!
//! 写：[`TableWriter`] 先给列，再一块块地喂行；CSV 每块当场变成字节，XLSX 攒在临时文件里、最后成块交出，
//! 两者占的内存都与行数无关。读：[`read`] 把 CSV（UTF-8 或 GB18030）与 XLSX 读成带行号的文字，
//! 行多的用 [`stream`] 一行一行地读。
//! 规则见 api-conventions §10：带 BOM、CRLF、公式注入前加 `'`、编码列是文本、日期是真日期、冻结首行、自动筛选、
//! 超过 100 万行拆表。

mod csv;
mod read;
pub mod stream;
mod xlsx;

use std::borrow::Cow;

use jiff::{Timestamp, civil::Date};

pub use read::{MAX_ROWS, Row, Sheet, each, read};

/// 一列里装的是什么，决定它在表格软件里的样子。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Text,
    /// 编码、编号、证件号：永远是文本，18 位不变科学计数。
    Code,
    Int,
    /// 金额，值以分计，显示为元、两位小数。
    Money,
    Date,
    /// 东八区的日期与时分。
    DateTime,
    /// 百分数，值以万分之一计（9999 = 99.99%）。
    Percent,
}

/// 一列。
#[derive(Debug, Clone)]
pub struct Column {
    /// 中文表头。
    pub title: Cow<'static, str>,
    /// 英文标识，`?header=code` 时作表头，读入时两者都认。
    pub code: &'static str,
    pub kind: Kind,
}

impl Column {
    pub fn new(title: impl Into<Cow<'static, str>>, code: &'static str, kind: Kind) -> Self {
        Self { title: title.into(), code, kind }
    }
}

/// 一格。种类与列不符时照值写出，不会丢数据。
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cell {
    Empty,
    Text(String),
    /// 整数、金额（分）、百分数（万分之一）。
    Int(i64),
    Date(Date),
    At(Timestamp),
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<i64> for Cell {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<Date> for Cell {
    fn from(date: Date) -> Self {
        Self::Date(date)
    }
}

impl From<Timestamp> for Cell {
    fn from(at: Timestamp) -> Self {
        Self::At(at)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Empty, Into::into)
    }
}

/// 文件格式。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    Csv,
    Xlsx,
}

impl Format {
    /// 由网址或文件名的后缀认出；认不出为 `None`。
    #[must_use]
    pub fn from_extension(extension: &str) -> Option<Self> {
        if extension.eq_ignore_ascii_case("csv") {
            Some(Self::Csv)
        } else if extension.eq_ignore_ascii_case("xlsx") {
            Some(Self::Xlsx)
        } else {
            None
        }
    }

    #[must_use]
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Xlsx => "xlsx",
        }
    }

    #[must_use]
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        }
    }
}

/// `Content-Disposition` 的值：同时给 ASCII 名与 `filename*`（api-conventions §10）。
#[must_use]
pub fn attachment(ascii: &str, name: &str, format: Format) -> String {
    let ext = format.extension();
    let mut encoded = String::with_capacity(name.len() * 3);
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.') {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    format!("attachment; filename=\"{ascii}.{ext}\"; filename*=UTF-8''{encoded}.{ext}")
}

/// 首行写什么。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Header {
    #[default]
    Title,
    Code,
}

/// 写表失败：磁盘满、临时目录不可写、表格超出格式上限。
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("写表格时磁盘出错：{0}")]
    Io(#[from] std::io::Error),
    #[error("写 XLSX 时出错：{0}")]
    Xlsx(#[from] rust_xlsxwriter::XlsxError),
}

/// 写一张表。`push` 返回此刻就能发出去的字节（XLSX 恒为空），`finish` 返回余下的。
pub struct TableWriter(Inner);

enum Inner {
    Csv(csv::Writer),
    Xlsx(Box<xlsx::Writer>),
}

impl TableWriter {
    /// `name` 是工作表的名字（CSV 不用）。
    ///
    /// # Errors
    /// 临时文件建不出来。
    pub fn new(format: Format, name: &str, columns: Vec<Column>, header: Header) -> Result<Self, Error> {
        Ok(Self(match format {
            Format::Csv => Inner::Csv(csv::Writer::new(columns, header)),
            Format::Xlsx => Inner::Xlsx(Box::new(xlsx::Writer::new(name, columns, header, xlsx::MAX_ROWS)?)),
        }))
    }

    /// 写一块行，返回此刻就能发出去的字节。
    ///
    /// # Errors
    /// 临时文件写不进。
    pub fn push(&mut self, rows: &[Vec<Cell>]) -> Result<Vec<u8>, Error> {
        match &mut self.0 {
            Inner::Csv(writer) => Ok(writer.push(rows)),
            Inner::Xlsx(writer) => writer.push(rows).map(|()| Vec::new()),
        }
    }

    /// 收尾，返回余下的内容：CSV 至多一个表头，XLSX 是整个文件，成块地读。
    ///
    /// # Errors
    /// 磁盘满或表格超出格式上限。
    pub fn finish(self) -> Result<Tail, Error> {
        match self.0 {
            Inner::Csv(mut writer) => Ok(Tail::Bytes(writer.push(&[]))),
            Inner::Xlsx(writer) => writer.finish().map(Tail::File),
        }
    }
}

/// 收尾后余下的内容，一块块地取；用完临时文件自动删除。
pub enum Tail {
    Bytes(Vec<u8>),
    File(std::fs::File),
}

impl Iterator for Tail {
    type Item = std::io::Result<Vec<u8>>;

    fn next(&mut self) -> Option<Self::Item> {
        match self {
            Self::Bytes(bytes) if bytes.is_empty() => None,
            Self::Bytes(bytes) => Some(Ok(std::mem::take(bytes))),
            Self::File(file) => next_block(file),
        }
    }
}

fn next_block(file: &mut std::fs::File) -> Option<std::io::Result<Vec<u8>>> {
    let mut block = vec![0; 64 * 1024];
    match std::io::Read::read(file, &mut block) {
        Ok(0) => None,
        Ok(n) => {
            block.truncate(n);
            Some(Ok(block))
        }
        Err(error) => Some(Err(error)),
    }
}

/// 一次写完一张小表，得到完整的文件内容。行多时用 [`TableWriter`]。
///
/// # Errors
/// 同 [`TableWriter`]。
pub fn write(format: Format, name: &str, columns: Vec<Column>, rows: &[Vec<Cell>]) -> Result<Vec<u8>, Error> {
    let mut writer = TableWriter::new(format, name, columns, Header::Title)?;
    let mut out = writer.push(rows)?;
    for block in writer.finish()? {
        out.extend(block?);
    }
    Ok(out)
}

/// 表格软件会把这样的文字当公式：以 `= + - @`、制表符、回车开头，又不是纯数字。
fn looks_like_formula(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r']) && !is_number(text)
}

fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    all_digits(whole) && all_digits(fraction)
}

/// 去掉公式注入的防护撇号；别的撇号不动。
fn unguard(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if looks_like_formula(rest) => rest,
        _ => text,
    }
}

/// 以分或万分之一计的整数 → 两位小数。
fn hundredths(value: i64) -> String {
    let sign = if value < 0 { "-" } else { "" };
    format!("{sign}{}.{:02}", value.unsigned_abs() / 100, value.unsigned_abs() % 100)
}
