//! 表格写与读的约定（api-conventions §10）。

#![allow(clippy::unwrap_used, clippy::expect_used)]

use jiff::civil::date;
use proptest::prelude::*;
use tongban_documents::table::{Cell, Column, Format, Header, Kind, TableWriter, attachment, read, write};
use tongban_kernel::time;

fn columns() -> Vec<Column> {
    vec![
        Column::new("办件编号", "case_no", Kind::Code),
        Column::new("名称", "name", Kind::Text),
        Column::new("证件号码", "id_number", Kind::Code),
        Column::new("收费", "fee", Kind::Money),
        Column::new("受理日期", "accepted_on", Kind::Date),
        Column::new("办结时间", "decided_at", Kind::DateTime),
        Column::new("按时率", "on_time", Kind::Percent),
    ]
}

fn sample() -> Vec<Vec<Cell>> {
    vec![vec![
        "510811-20210531-000001".into(),
        "=1+1".into(),
        "510811199003078888".into(),
        Cell::Int(123_405),
        date(2026, 11, 22).into(),
        time::instant(date(2026, 11, 22), 17, 30).into(),
        Cell::Int(9999),
    ]]
}

#[test]
fn csv_has_bom_crlf_and_guards_against_formulas() {
    let bytes = write(Format::Csv, "办件", columns(), &sample()).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(
        text,
        "\u{feff}办件编号,名称,证件号码,收费,受理日期,办结时间,按时率\r\n\
         510811-20210531-000001,'=1+1,510811199003078888,1234.05,2026-11-22,2026-11-22 17:30,99.99%\r\n"
    );
}

#[test]
fn both_formats_read_back_the_same_values() {
    let csv = read(&write(Format::Csv, "办件", columns(), &sample()).unwrap()).unwrap();
    let xlsx = read(&write(Format::Xlsx, "办件", columns(), &sample()).unwrap()).unwrap();
    assert_eq!(csv.header, xlsx.header);
    for sheet in [&csv, &xlsx] {
        let map = sheet.map(&columns()).unwrap();
        let row = &sheet.rows[0];
        assert_eq!(row.number, 2);
        assert_eq!(map.get(row, 1), "=1+1", "公式只是文字");
        assert_eq!(map.get(row, 2), "510811199003078888", "18 位号码一位不少");
        assert_eq!(map.get(row, 3), "1234.05");
        assert_eq!(map.get(row, 4), "2026-11-22");
        assert!(map.get(row, 5).starts_with("2026-11-22 17:30"));
    }
}

#[test]
fn xlsx_holds_text_not_a_formula_and_not_a_number() {
    let bytes = write(Format::Xlsx, "办件", columns(), &sample()).unwrap();
    let mut book: calamine::Xlsx<_> = calamine::Reader::new(std::io::Cursor::new(bytes)).unwrap();
    let formulas = calamine::Reader::worksheet_formula(&mut book, "办件").unwrap();
    assert!(formulas.is_empty());
    let range = calamine::Reader::worksheet_range(&mut book, "办件").unwrap();
    assert_eq!(range.get_value((1, 1)), Some(&calamine::Data::String("=1+1".into())));
    assert_eq!(range.get_value((1, 2)), Some(&calamine::Data::String("510811199003078888".into())));
    assert!(matches!(range.get_value((1, 4)), Some(calamine::Data::DateTime(_))), "是真日期");
}

#[test]
fn csv_streams_chunk_by_chunk_and_an_empty_table_still_has_its_header() {
    let mut writer = TableWriter::new(Format::Csv, "办件", columns(), Header::Code).unwrap();
    let first = writer.push(&sample()).unwrap();
    let second = writer.push(&sample()).unwrap();
    assert!(first.starts_with("\u{feff}case_no,name".as_bytes()));
    assert_eq!(first.len() - second.len(), "\u{feff}case_no,name,id_number,fee,accepted_on,decided_at,on_time\r\n".len());
    assert_eq!(writer.finish().unwrap().count(), 0, "已经发完");

    let empty = TableWriter::new(Format::Csv, "办件", columns(), Header::Code).unwrap();
    let rest: Vec<u8> = empty.finish().unwrap().flat_map(Result::unwrap).collect();
    assert!(rest.starts_with("\u{feff}case_no".as_bytes()));
}

#[test]
fn windows_spreadsheets_save_gb18030_and_we_read_it() {
    let (bytes, _, _) = encoding_rs::GB18030.encode("单位,数量\r\n昭化镇,3\r\n磨滩镇𠮷,4\r\n");
    let sheet = read(&bytes).unwrap();
    assert_eq!(sheet.header, ["单位", "数量"]);
    assert_eq!(sheet.rows[1].cells, ["磨滩镇𠮷", "4"]);
}

#[test]
fn broken_bytes_are_reported_with_their_row() {
    let mut utf8 = "单位名称,所在乡镇名称\r\n昭化镇,甲\r\n磨滩".as_bytes().to_vec();
    utf8.extend([0xff, 0xfe]);
    assert_eq!(read(&utf8).unwrap_err().errors[0].detail.split('：').next(), Some("第 3 行"));

    let (good, _, _) = encoding_rs::GB18030.encode("单位\n镇\n");
    let mut gb = good.to_vec();
    gb.extend([0xff, b'\n']);
    assert!(read(&gb).unwrap_err().errors[0].detail.starts_with("第 3 行"));
}

#[test]
fn rows_keep_the_number_people_see_in_their_spreadsheet() {
    let sheet = read("名称,\"备\n\n注\"\r\n甲,\"第一行\n第二行\"\r\n\r\n乙,无\r\n".as_bytes()).unwrap();
    assert_eq!(sheet.rows[0].number, 2);
    assert_eq!(sheet.rows[1].number, 4, "空行也占一行，引号里的换行不算");
}

#[test]
fn what_cannot_be_taken_says_why() {
    let says = |bytes: &[u8]| read(bytes).unwrap_err().errors[0].detail.clone();
    assert!(says(b"").contains("空的"));
    assert!(says(b"PK\x03\x04broken").contains("打不开"));
    assert!(says(&[0xD0, 0xCF, 0x11, 0xE0, 0]).contains(".xls"));
    assert!(says("a,b\n1,2,3\n".as_bytes()).starts_with("第 2 行"));
    let sheet = read("名称\n甲\n".as_bytes()).unwrap();
    let missing = sheet.map(&columns()).unwrap_err();
    assert_eq!(missing.errors.len(), 6, "缺的列一次说全");
}

#[test]
fn a_long_number_that_lost_its_tail_is_refused() {
    let columns = vec![Column::new("证件号码", "id", Kind::Int)];
    let bytes = write(Format::Xlsx, "表", columns, &[vec![Cell::Int(510_811_199_003_078_888)]]).unwrap();
    assert!(read(&bytes).unwrap_err().errors[0].detail.contains("末几位已丢失"));
}

#[test]
fn file_names_work_in_old_and_new_browsers() {
    assert_eq!(
        attachment("cases", "办件 1", Format::Csv),
        "attachment; filename=\"cases.csv\"; filename*=UTF-8''%E5%8A%9E%E4%BB%B6%201.csv"
    );
}

#[test]
fn many_chunks_come_out_whole() {
    let mut writer = TableWriter::new(Format::Xlsx, "办件", columns(), Header::Title).unwrap();
    let chunk: Vec<Vec<Cell>> = std::iter::repeat_n(sample().remove(0), 1000).collect();
    for _ in 0..10 {
        assert!(writer.push(&chunk).unwrap().is_empty());
    }
    let bytes: Vec<u8> = writer.finish().unwrap().flat_map(Result::unwrap).collect();
    assert_eq!(read(&bytes).unwrap().rows.len(), 10_000);
}

proptest! {
    /// 任何文字写成 CSV 再读回来都是它自己（首尾空白除外）。
    #[test]
    fn any_text_survives_a_csv_round_trip(text in "[^\\x00]{1,20}") {
        prop_assume!(!text.trim().is_empty());
        let columns = vec![Column::new("值", "value", Kind::Text), Column::new("尾", "tail", Kind::Text)];
        let bytes = write(Format::Csv, "表", columns, &[vec![Cell::from(text.as_str()), "x".into()]]).unwrap();
        let sheet = read(&bytes).unwrap();
        let guarded = text.starts_with('\'');
        if !guarded {
            prop_assert_eq!(&sheet.rows[0].cells[0], text.trim());
        }
    }
}

mod streaming {
    use std::io::Cursor;
    use std::ops::ControlFlow;

    use tongban_documents::table::stream::{Event, count, head, stream};
    use tongban_documents::table::{Cell, Column, Format, Kind, read, write};

    fn events(bytes: &[u8]) -> Result<Vec<Event>, tongban_kernel::Problem> {
        let mut all = Vec::new();
        stream(Cursor::new(bytes), &mut |event| {
            all.push(event);
            ControlFlow::Continue(())
        })?;
        Ok(all)
    }

    /// 逐行读的与整张读的一样。
    fn same_as_read(bytes: &[u8]) {
        let sheet = read(bytes).unwrap();
        let mut all = events(bytes).unwrap().into_iter();
        assert_eq!(all.next(), Some(Event::Header(sheet.header)));
        assert_eq!(all.collect::<Vec<_>>(), sheet.rows.into_iter().map(Event::Row).collect::<Vec<_>>());
    }

    #[test]
    fn rows_and_line_numbers_match_the_whole_reader() {
        same_as_read("\u{feff}甲,乙\r\n1,\"一\r\n二\"\r\n\r\n\r\n3,四\r\n".as_bytes());
        same_as_read("甲,乙\n1,二\n,\n\"a\nb\nc\",3\nx,y".as_bytes());
        let (gb, ..) = encoding_rs::GB18030.encode("名称,编号\n昭化区行政审批局,1\n\n某某镇,2\n");
        same_as_read(&gb);
        let columns = || vec![Column::new("编号", "no", Kind::Text), Column::new("日期", "day", Kind::Date)];
        let rows: Vec<Vec<Cell>> = (0..50).map(|n| vec![format!("A{n}").into(), jiff::civil::date(2026, 11, 22).into()]).collect();
        same_as_read(&write(Format::Xlsx, "表", columns(), &rows).unwrap());
    }

    #[test]
    fn a_bad_row_is_told_and_the_others_go_on() {
        let all = events("甲,乙\n1,2\n1,2,3\n4,5\n".as_bytes()).unwrap();
        assert!(matches!(&all[2], Event::Bad(3, detail) if detail.contains("多出列")), "{all:?}");
        assert!(matches!(&all[3], Event::Row(row) if row.number == 4));
        let problem = events("名称，编号，地址，说明\n一,二\n坏\u{0}".replace('\u{0}', "").as_bytes().iter().copied().chain([0xFF, 0xFE]).collect::<Vec<_>>().as_slice()).unwrap_err();
        assert!(problem.errors[0].detail.contains("第 3 行"), "{problem:?}");
        assert!(events(b"").is_err() && events(b"\xD0\xCF\x11\xE0").is_err());
    }

    #[test]
    fn counting_and_looking_ahead_stop_early() {
        let text = format!("甲\n{}", "一\n".repeat(10_000));
        assert_eq!(count(Cursor::new(text.as_bytes()), usize::MAX).unwrap(), 10_000);
        assert_eq!(count(Cursor::new(text.as_bytes()), 99).unwrap(), 100);
        let (header, rows) = head(Cursor::new(text.as_bytes()), 3).unwrap();
        assert_eq!((header, rows.len(), rows[2].number), (vec!["甲".to_owned()], 3, 4));
    }
}
