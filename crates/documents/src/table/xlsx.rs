//! XLSX：逐行落盘（内存与行数无关），编码列是文本，日期是真日期，冻结首行，自动筛选，超过上限另起一张工作表。

use std::fs::File;
use std::io::{Seek, SeekFrom};

use jiff::civil::{Date, DateTime};
use rust_xlsxwriter::{Format, FormatAlign, FormatBorder, Workbook, Worksheet};
use tongban_kernel::time;

use super::{Cell, Column, Error, Header, Kind};

/// 一张工作表最多写多少行数据（格式上限 1,048,576，含表头）。
pub(super) const MAX_ROWS: u32 = 1_000_000;

pub(super) struct Writer {
    book: Workbook,
    name: String,
    columns: Vec<Column>,
    formats: Vec<Format>,
    header: Header,
    max_rows: u32,
    sheet: usize,
    /// 本张工作表已写的数据行数。
    rows: u32,
}

impl Writer {
    pub(super) fn new(name: &str, columns: Vec<Column>, header: Header, max_rows: u32) -> Result<Self, Error> {
        let formats = columns.iter().map(|column| format_of(column.kind)).collect();
        let name = sheet_name(name);
        let mut writer = Self { book: Workbook::new(), name, columns, formats, header, max_rows, sheet: 0, rows: 0 };
        writer.open_sheet()?;
        Ok(writer)
    }

    fn open_sheet(&mut self) -> Result<(), Error> {
        let name = if self.sheet == 0 { self.name.clone() } else { format!("{} {}", self.name, self.sheet + 1) };
        let head = Format::new()
            .set_bold()
            .set_align(FormatAlign::Center)
            .set_border_bottom(FormatBorder::Thin)
            .set_background_color(0x00EA_F1FB);
        let sheet = self.book.add_worksheet_with_constant_memory()?;
        sheet.set_name(name)?;
        sheet.set_freeze_panes(1, 0)?;
        for (index, column) in (0u16..).zip(&self.columns) {
            sheet.set_column_width(index, width_of(column))?;
            let title = match self.header {
                Header::Title => &*column.title,
                Header::Code => column.code,
            };
            sheet.write_string_with_format(0, index, title, &head)?;
        }
        self.rows = 0;
        Ok(())
    }

    fn close_sheet(&mut self) -> Result<(), Error> {
        let last = u16::try_from(self.columns.len().saturating_sub(1)).unwrap_or(u16::MAX);
        let rows = self.rows;
        self.book.worksheet_from_index(self.sheet)?.autofilter(0, 0, rows, last)?;
        Ok(())
    }

    pub(super) fn push(&mut self, rows: &[Vec<Cell>]) -> Result<(), Error> {
        let mut rest = rows;
        while !rest.is_empty() {
            if self.rows == self.max_rows {
                self.close_sheet()?;
                self.sheet += 1;
                self.open_sheet()?;
            }
            let room = usize::try_from(self.max_rows - self.rows).unwrap_or(usize::MAX).min(rest.len());
            let (now, later) = rest.split_at(room);
            let sheet = self.book.worksheet_from_index(self.sheet)?;
            for row in now {
                self.rows += 1;
                for (index, (cell, column)) in (0u16..).zip(row.iter().zip(&self.columns)) {
                    put(sheet, (self.rows, index), cell, column.kind, &self.formats[usize::from(index)])?;
                }
            }
            rest = later;
        }
        Ok(())
    }

    /// 打包成文件；文件没有名字，关掉就消失。
    pub(super) fn finish(mut self) -> Result<File, Error> {
        self.close_sheet()?;
        let mut file = tempfile::tempfile()?;
        self.book.save_to_writer(&mut file)?;
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }
}

fn put(sheet: &mut Worksheet, at: (u32, u16), cell: &Cell, kind: Kind, format: &Format) -> Result<(), Error> {
    let (row, column) = at;
    match cell {
        Cell::Empty => return Ok(()),
        Cell::Text(text) => sheet.write_string_with_format(row, column, text, format)?,
        Cell::Int(value) if kind == Kind::Code => {
            sheet.write_string_with_format(row, column, value.to_string(), format)?
        }
        Cell::Int(value) => sheet.write_number_with_format(row, column, number(*value, kind), format)?,
        Cell::Date(date) => sheet.write_number_with_format(row, column, serial(date.at(0, 0, 0, 0)), format)?,
        Cell::At(at) => {
            let local = at.to_zoned(time::china()).datetime();
            sheet.write_number_with_format(row, column, serial(local), format)?
        }
    };
    Ok(())
}

/// 表格里的数是双精度：金额与百分数到 9 万亿元仍精确到分。
#[allow(clippy::cast_precision_loss)]
fn number(value: i64, kind: Kind) -> f64 {
    match kind {
        Kind::Money => value as f64 / 100.0,
        Kind::Percent => value as f64 / 10_000.0,
        _ => value as f64,
    }
}

/// 表格软件的日期序号：1899-12-30 起的天数，小数是一天里的比例。
fn serial(at: DateTime) -> f64 {
    let days = at.date().duration_since(Date::constant(1899, 12, 30)).as_hours() / 24;
    let seconds = i64::from(at.hour()) * 3600 + i64::from(at.minute()) * 60 + i64::from(at.second());
    #[allow(clippy::cast_precision_loss)]
    let value = days as f64 + seconds as f64 / 86_400.0;
    value
}

fn format_of(kind: Kind) -> Format {
    let format = Format::new().set_align(FormatAlign::VerticalCenter);
    match kind {
        Kind::Text => format,
        Kind::Code => format.set_num_format("@"),
        Kind::Int => format.set_num_format("0"),
        Kind::Money => format.set_num_format("#,##0.00"),
        Kind::Date => format.set_num_format("yyyy-mm-dd"),
        Kind::DateTime => format.set_num_format("yyyy-mm-dd hh:mm"),
        Kind::Percent => format.set_num_format("0.00%"),
    }
}

fn width_of(column: &Column) -> f64 {
    let title = column.title.chars().count();
    #[allow(clippy::cast_precision_loss)]
    let for_title = title as f64 * 2.1 + 4.0;
    let for_kind = match column.kind {
        Kind::Text => 24.0,
        Kind::Code => 22.0,
        Kind::Int | Kind::Percent => 10.0,
        Kind::Money | Kind::Date => 13.0,
        Kind::DateTime => 17.0,
    };
    for_title.max(for_kind)
}

/// 工作表名不得含 `[]:*?/\`，至多 31 字，给“ 2”这样的后缀留出位置。
fn sheet_name(name: &str) -> String {
    let kept: String = name.chars().filter(|ch| !"[]:*?/\\'".contains(*ch)).take(26).collect();
    if kept.trim().is_empty() { "表".to_owned() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;
    use calamine::{Data, Reader, Xlsx};
    use jiff::civil::date;

    #[test]
    fn a_full_sheet_goes_on_in_the_next_one_with_its_own_header() {
        let columns = vec![Column::new("序号", "seq", Kind::Int)];
        let mut writer = Writer::new("办件[清单]", columns, Header::Title, 3).unwrap();
        let rows: Vec<Vec<Cell>> = (1..=7).map(|n| vec![Cell::Int(n)]).collect();
        writer.push(&rows[..2]).unwrap();
        writer.push(&rows[2..]).unwrap();
        let mut book: Xlsx<_> = Xlsx::new(std::io::BufReader::new(writer.finish().unwrap())).unwrap();
        assert_eq!(book.sheet_names(), ["办件清单", "办件清单 2", "办件清单 3"]);
        let last = book.worksheet_range("办件清单 3").unwrap();
        assert_eq!(last.get_value((0, 0)), Some(&Data::String("序号".into())));
        assert_eq!(last.get_value((1, 0)), Some(&Data::Float(7.0)));
        assert_eq!(last.get_size(), (2, 1));
    }

    #[test]
    fn serial_days_agree_with_spreadsheets() {
        assert!((serial(date(2026, 11, 22).at(12, 0, 0, 0)) - 46_348.5).abs() < 1e-9);
        assert!((serial(date(1900, 3, 1).at(0, 0, 0, 0)) - 61.0).abs() < 1e-9);
    }
}
