//! CSV：UTF-8 带 BOM、CRLF、RFC 4180 引号、公式注入防护；写一块发一块。

use tongban_kernel::time;

use super::{Cell, Column, Header, Kind, hundredths, looks_like_formula};

pub(super) struct Writer {
    columns: Vec<Column>,
    header: Header,
    started: bool,
}

impl Writer {
    pub(super) fn new(columns: Vec<Column>, header: Header) -> Self {
        Self { columns, header, started: false }
    }

    /// 第一次调用时先写 BOM 与表头。
    pub(super) fn push(&mut self, rows: &[Vec<Cell>]) -> Vec<u8> {
        let mut out = String::with_capacity(rows.len() * self.columns.len() * 12 + 64);
        if !self.started {
            self.started = true;
            out.push('\u{feff}');
            for (index, column) in self.columns.iter().enumerate() {
                let text = match self.header {
                    Header::Title => &*column.title,
                    Header::Code => column.code,
                };
                field(&mut out, index, text);
            }
            out.push_str("\r\n");
        }
        for row in rows {
            for (index, column) in self.columns.iter().enumerate() {
                match row.get(index) {
                    Some(Cell::Text(text)) => field(&mut out, index, text),
                    Some(cell) => field(&mut out, index, &plain(cell, column.kind)),
                    None => field(&mut out, index, ""),
                }
            }
            out.push_str("\r\n");
        }
        out.into_bytes()
    }
}

fn plain(cell: &Cell, kind: Kind) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Int(value) => match kind {
            Kind::Money => hundredths(*value),
            Kind::Percent => format!("{}%", hundredths(*value)),
            _ => value.to_string(),
        },
        Cell::Date(date) => date.to_string(),
        Cell::At(at) => time::show(*at),
    }
}

fn field(out: &mut String, index: usize, text: &str) {
    if index > 0 {
        out.push(',');
    }
    let guard = looks_like_formula(text);
    let quote = text.contains([',', '"', '\n', '\r']);
    if quote {
        out.push('"');
    }
    if guard {
        out.push('\'');
    }
    if quote {
        out.push_str(&text.replace('"', "\"\""));
        out.push('"');
    } else {
        out.push_str(text);
    }
}
