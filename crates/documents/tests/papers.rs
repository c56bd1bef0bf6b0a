//! 文书印出来的样子：PDF 的字可以选出来、字体嵌了子集；DOCX 的字一字不差；位置不越版心。
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

use tongban_documents::paper::{Block, Mark, Paper, Qr, SignOff, Table, font};

fn notice(materials: usize) -> Paper {
    Paper {
        letterhead: "广元市昭化区行政审批局".into(),
        title: "受理通知书".into(),
        number: "昭审受〔2026〕第 000123 号".into(),
        addressee: "四川昭化某某餐饮管理有限公司：".into(),
        blocks: vec![
            Block::Text("您（单位）于2026年11月23日提出的“食品经营许可（新办）”申请，经审查，申请材料齐全、符合法定形式，根据《中华人民共和国行政许可法》第三十二条第一款第（五）项的规定，现决定予以受理。本机关将自受理之日起5个工作日内作出决定；需要延长期限的，将另行书面告知您延长的理由与期限。".into()),
            Block::Pairs(vec![("办件编号".into(), "510811-20261123-000123-X".into()), ("申请人".into(), "四川昭化某某餐饮管理有限公司".into()), ("承诺办结".into(), "2026年11月30日 17:30 前".into())]),
            Block::Heading("一、收到的材料".into()),
            Block::Table(Table {
                head: vec!["序号".into(), "材料名称".into(), "份数".into(), "说明".into()],
                widths: vec![1.0, 6.0, 1.0, 4.0],
                rows: (1..=materials).map(|n| vec![n.to_string(), format!("材料之{n}：食品经营许可申请书与主要设备设施布局图、操作流程文件"), "1".into(), "原件，已核验".into()]).collect(),
            }),
        ],
        sign_off: Some(SignOff { organisation: "广元市昭化区行政审批局".into(), date: "2026年11月23日".into() }),
        qr: Some(Qr { text: "https://zwfw.example.cn/track/510811-20261123-000123-X".into(), caption: "扫码查进度".into() }),
        footer: "办件编号 510811-20261123-000123-X　打印时间 2026-11-23 10:20".into(),
        watermark: String::new(),
    }
}

fn text_of(pdf: &[u8]) -> Option<String> {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), pdf).unwrap();
    let out = Command::new("pdftotext").arg(file.path()).arg("-").output().ok()?;
    out.status.success().then(|| String::from_utf8(out.stdout).unwrap())
}

#[test]
fn the_printed_words_can_be_selected_and_the_font_is_a_small_subset() {
    let pdf = notice(3).pdf().unwrap();
    assert!(pdf.starts_with(b"%PDF-"));
    assert!(pdf.len() < 120_000, "{} 字节：字体没有取子集", pdf.len());
    if let Some(text) = text_of(&pdf) {
        // 字间的空白各家选取工具给法不同，不比
        let plain: String = text.split_whitespace().collect();
        for words in ["受理通知书", "现决定予以受理", "510811-20261123-000123-X", "第1页共"] {
            assert!(plain.contains(words), "选不出“{words}”：{text}");
        }
    }
}

#[test]
fn a_long_table_repeats_its_head_and_nothing_leaves_the_page() {
    let laid = notice(60).lay(font::shared().unwrap()).unwrap();
    assert!(laid.sheets.len() > 2);
    for sheet in &laid.sheets {
        let heads = sheet.marks.iter().filter(|m| matches!(m, Mark::Run(run) if run.text == "材料名称")).count();
        let rows = sheet.marks.iter().filter(|m| matches!(m, Mark::Run(run) if run.text.starts_with("材料之"))).count();
        assert_eq!(heads, usize::from(rows > 0), "有行的页都有表头");
        for mark in &sheet.marks {
            if let Mark::Run(run) = mark {
                assert!(run.at.0 >= 20.0 && run.at.0 + run.width() <= 190.0, "{} 越出版心", run.text);
                assert!(run.at.1 > 20.0 && run.at.1 < 290.0);
            }
        }
    }
    let anchor = laid.anchor.unwrap();
    assert_eq!(anchor.page, laid.sheets.len() - 1);
    assert!(anchor.at.0 > 110.0 && anchor.at.0 < 180.0);
}

#[test]
fn word_has_every_word() {
    let docx = notice(3).docx().unwrap();
    assert!(docx.starts_with(b"PK"));
    let file = tempfile::Builder::new().suffix(".docx").tempfile().unwrap();
    std::fs::write(file.path(), &docx).unwrap();
    let Ok(out) = Command::new("unzip").args(["-p", file.path().to_str().unwrap(), "word/document.xml"]).output() else { return };
    let xml = String::from_utf8_lossy(&out.stdout);
    for words in ["受理通知书", "主要设备设施布局图", "2026年11月23日", "<w:drawing>"] {
        assert!(xml.contains(words), "缺“{words}”");
    }
}
