//! 一行一行地读交来的表格：内存与行数无关，成百万行也能收。规矩与 [`super::read`] 一样：首个非空行是表头，
//! 空行略过，行号是人在表格软件里看到的；坏行只说这一行，不拦别的行。
//!
//! CSV 先过一遍认编码，再逐行解；XLSX 逐格解，只有共用的字串表要整张留着（本平台导出的没有）。

use std::collections::VecDeque;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::ops::ControlFlow;

use calamine::{Data, Reader as _, Xlsx};
use encoding_rs::GB18030;
use tongban_kernel::Problem;

use super::read::{Row, SURELY_UTF8, broken, clean, refuse, text_of};

/// 一行至多几列；再多是坏文件。
const MOST_COLUMNS: usize = 500;
/// 一格至多几个字；再多是坏文件。
const MOST_CHARS: usize = 32_767;

/// 读到的一件东西。
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    Header(Vec<String>),
    Row(Row),
    /// 读不懂的一行：行号与说法。
    Bad(usize, String),
}

/// 逐行读；`visit` 喊停就停。按内容认格式，不信文件名。
///
/// # Errors
/// 不是 CSV 或 XLSX、编码损坏、没有表头。
pub fn stream<R: Read + Seek>(mut source: R, visit: &mut dyn FnMut(Event) -> ControlFlow<()>) -> Result<(), Problem> {
    let mut magic = [0_u8; 4];
    let got = fill(&mut source, &mut magic)?;
    source.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    match &magic[..got] {
        b"PK\x03\x04" => xlsx(source, visit),
        [0xD0, 0xCF, 0x11, 0xE0] => Err(refuse("old-format", "这是旧版 .xls 文件，请在表格软件里另存为 .xlsx 或 .csv 再交")),
        _ => csv(source, visit),
    }
}

/// 数有多少行数据（不算表头与空行，坏行也算），最多读到 `limit` 行。
///
/// # Errors
/// 同 [`stream`]。
pub fn count<R: Read + Seek>(source: R, limit: usize) -> Result<usize, Problem> {
    let mut rows = 0;
    stream(source, &mut |event| {
        rows += usize::from(!matches!(event, Event::Header(_)));
        if rows > limit { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(rows)
}

/// 表头与头几行。
///
/// # Errors
/// 同 [`stream`]。
pub fn head<R: Read + Seek>(source: R, rows: usize) -> Result<(Vec<String>, Vec<Row>), Problem> {
    let (mut header, mut first) = (Vec::new(), Vec::new());
    stream(source, &mut |event| {
        match event {
            Event::Header(titles) => header = titles,
            Event::Row(row) => first.push(row),
            Event::Bad(..) => {}
        }
        if first.len() >= rows { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok((header, first))
}

fn unreadable(_: std::io::Error) -> Problem {
    refuse("file", "文件读不出来，请重新交一次")
}

fn fill(source: &mut impl Read, buffer: &mut [u8]) -> Result<usize, Problem> {
    let mut got = 0;
    while got < buffer.len() {
        match source.read(&mut buffer[got..]).map_err(unreadable)? {
            0 => break,
            more => got += more,
        }
    }
    Ok(got)
}

/// 认表头、略空行、查列数，再交出去。
struct Sink<'a> {
    width: Option<usize>,
    visit: &'a mut dyn FnMut(Event) -> ControlFlow<()>,
}

impl Sink<'_> {
    fn take(&mut self, number: usize, mut cells: Vec<String>) -> ControlFlow<()> {
        if cells.iter().all(String::is_empty) {
            return ControlFlow::Continue(());
        }
        let Some(width) = self.width else {
            while cells.last().is_some_and(String::is_empty) {
                cells.pop();
            }
            self.width = Some(cells.len());
            return (self.visit)(Event::Header(cells));
        };
        if cells.iter().skip(width).any(|cell| !cell.is_empty()) {
            return (self.visit)(Event::Bad(number, format!("比表头多出列（表头 {width} 列），是不是有没加引号的逗号")));
        }
        (self.visit)(Event::Row(Row { number, cells }))
    }

    fn bad(&mut self, number: usize, detail: impl Into<String>) -> ControlFlow<()> {
        (self.visit)(Event::Bad(number, detail.into()))
    }

    fn done(self) -> Result<(), Problem> {
        if self.width.is_some() { Ok(()) } else { Err(refuse("empty", "文件是空的，没有表头")) }
    }
}

/// 先过一遍：是 UTF-8 还是 GB18030，有没有 BOM。
fn encoding<R: Read + Seek>(source: &mut R) -> Result<(bool, usize), Problem> {
    let (mut buffer, mut kept) = (vec![0_u8; 64 * 1024], 0);
    let (mut good, mut lines, mut bom, mut first) = (0_usize, 1_usize, 0, true);
    loop {
        let got = fill(source, &mut buffer[kept..])?;
        let all = kept + got;
        if first {
            bom = if buffer[..all].starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
            first = false;
        }
        let (valid, broken_here) = match std::str::from_utf8(&buffer[..all]) {
            Ok(_) => (all, false),
            // 截在字中间的留到下一块再看；真读完了还不完整就是坏的
            Err(error) => (error.valid_up_to(), error.error_len().is_some() || got == 0),
        };
        let text = std::str::from_utf8(&buffer[..valid]).unwrap_or("");
        good += text.chars().filter(|ch| !ch.is_ascii()).count();
        lines += text.matches('\n').count();
        if broken_here {
            if bom > 0 || good >= SURELY_UTF8 {
                return Err(broken(lines));
            }
            source.seek(SeekFrom::Start(0)).map_err(unreadable)?;
            return Ok((false, 0));
        }
        if got == 0 {
            source.seek(SeekFrom::Start(bom as u64)).map_err(unreadable)?;
            return Ok((true, bom));
        }
        buffer.copy_within(valid..all, 0);
        kept = all - valid;
    }
}

fn csv<R: Read + Seek>(mut source: R, visit: &mut dyn FnMut(Event) -> ControlFlow<()>) -> Result<(), Problem> {
    let (utf8, _) = encoding(&mut source)?;
    let lines = Lines { inner: BufReader::new(source), seen: 0, newlines: 0, fresh: true, starts: VecDeque::new() };
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(lines);
    let (mut record, mut inside) = (csv::ByteRecord::new(), 0);
    let mut sink = Sink { width: None, visit };
    while reader.read_byte_record(&mut record).map_err(|_| refuse("csv", "文件内容不是逗号分隔的表格"))? {
        let from = record.position().map_or(0, csv::Position::byte);
        let number = reader.get_mut().line_at(from).saturating_sub(inside) + 1;
        inside += record.as_slice().iter().filter(|byte| **byte == b'\n').count();
        let text = |field: &[u8]| {
            if utf8 { std::str::from_utf8(field).ok().map(clean) } else { GB18030.decode_without_bom_handling_and_without_replacement(field).map(|text| clean(&text)) }
        };
        let cells: Option<Vec<String>> = record.iter().take(MOST_COLUMNS).map(text).collect();
        let step = match cells {
            Some(cells) if cells.iter().all(|cell| cell.chars().nth(MOST_CHARS).is_none()) => sink.take(number, cells),
            Some(_) => sink.bad(number, "有一格太长，是不是引号没有配对"),
            None => sink.bad(number, "有读不出来的字；请另存为“CSV UTF-8”再交"),
        };
        if step.is_break() {
            return Ok(());
        }
    }
    sink.done()
}

/// 边读边记每个非空行从第几个字节开始、前面有几个换行；用过的就丢。
struct Lines<R> {
    inner: R,
    seen: u64,
    newlines: usize,
    /// 下一个不是换行的字节是一行的开头。
    fresh: bool,
    starts: VecDeque<(u64, usize)>,
}

impl<R> Lines<R> {
    /// 从第 `byte` 个字节起的记录，前面有几个换行。
    fn line_at(&mut self, byte: u64) -> usize {
        while self.starts.front().is_some_and(|(start, _)| *start < byte) {
            self.starts.pop_front();
        }
        self.starts.front().map_or(self.newlines, |(_, newlines)| *newlines)
    }
}

impl<R: Read> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let got = self.inner.read(buffer)?;
        for byte in &buffer[..got] {
            match byte {
                b'\n' => {
                    self.newlines += 1;
                    self.fresh = true;
                }
                b'\r' => {}
                _ if self.fresh => {
                    self.starts.push_back((self.seen, self.newlines));
                    self.fresh = false;
                }
                _ => {}
            }
            self.seen += 1;
        }
        Ok(got)
    }
}

fn xlsx<R: Read + Seek>(source: R, visit: &mut dyn FnMut(Event) -> ControlFlow<()>) -> Result<(), Problem> {
    let shut = |_| refuse("xlsx", "这个 XLSX 文件打不开，可能没有保存完整或设了密码");
    let mut book: Xlsx<_> = Xlsx::new(BufReader::new(source)).map_err(shut)?;
    let Some(name) = book.sheet_names().first().cloned() else { return Err(refuse("empty", "文件里没有工作表")) };
    let mut cells = book.worksheet_cells_reader(&name).map_err(shut)?;
    let mut sink = Sink { width: None, visit };
    let mut line = Line::default();
    while let Some(cell) = cells.next_cell().map_err(shut)? {
        let (row, column) = cell.get_position();
        let number = row as usize + 1;
        if number != line.number && std::mem::replace(&mut line, Line { number, ..Line::default() }).give(&mut sink).is_break() {
            return Ok(());
        }
        line.put(column as usize, &Data::from(cell.get_value().clone()));
    }
    if line.give(&mut sink).is_break() {
        return Ok(());
    }
    sink.done()
}

/// 正在凑的一行。
#[derive(Default)]
struct Line {
    number: usize,
    cells: Vec<String>,
    fault: Option<&'static str>,
}

impl Line {
    fn put(&mut self, column: usize, value: &Data) {
        let text = text_of(value);
        if column >= MOST_COLUMNS || matches!(&text, Ok(text) if text.is_empty()) {
            return;
        }
        if self.cells.len() <= column {
            self.cells.resize(column + 1, String::new());
        }
        match text {
            Ok(text) => self.cells[column] = text,
            Err(detail) => self.fault = Some(detail),
        }
    }

    fn give(self, sink: &mut Sink<'_>) -> ControlFlow<()> {
        match self.fault {
            Some(detail) => sink.bad(self.number, detail),
            None => sink.take(self.number, self.cells),
        }
    }
}
