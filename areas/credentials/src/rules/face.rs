//! 证面排版：底（边框、标题、标签）是模板页，同类型的证照共用；值与二维码是正文页。

use std::collections::BTreeMap;
use std::sync::Arc;

use tongban_documents::paper::font::Ruler;
use tongban_documents::paper::{Font, Ink, Mark, PaperError, Sheet, Stroke, flow, line};
use tongban_documents::qr;

use crate::model::{Face, Spec};

/// 标签占多宽。
const LABEL: f64 = 28.0;

/// 证面上的一张证照。
#[derive(Debug, Clone, Default)]
pub struct Printed {
    /// 证照名称。
    pub name: String,
    /// 各字段的值，含 `number` 等公共内容。
    pub values: BTreeMap<String, String>,
    /// 二维码里的网址。
    pub link: String,
    /// 斜水印（加注件、样本），可以分几行。
    pub watermark: String,
}

/// 排好的证面，不含底（见 [`under`]）。
#[derive(Debug, Clone)]
pub struct Laid {
    pub over: Sheet,
    /// 字段在正文页的第几个图元，给标引用。
    pub tags: Vec<(String, usize)>,
    /// 盖章的中心：颁发日期。
    pub anchor: (f64, f64),
}

/// 底：只与类型有关。
///
/// # Errors
/// 字体缺字。
pub fn under(name: &str, spec: &Spec, font: &Font) -> Result<Sheet, PaperError> {
    let (face, ruler) = (&spec.face, font.ruler());
    let (w, h) = face.size();
    let mut sheet = Sheet::new(w, h);
    let ink = colour(face);
    for (inset, width) in [(10.0, 1.2), (12.5, 0.3)] {
        sheet.marks.push(Mark::Rect { at: (inset, inset), size: (w - 2.0 * inset, h - 2.0 * inset), stroke: Some(Stroke { ink, width }), fill: None });
    }
    let title = if face.title.is_empty() { name } else { &face.title };
    let top = if face.landscape { 38.0 } else { 56.0 };
    // 标题字号 11 毫米，太长就缩到放得下
    let size = (11.0_f64).min((w - 50.0) / ruler.width(title, 1.0)?.max(1.0));
    sheet.marks.push(Mark::Run(ruler.run(title, ((w - ruler.width(title, size)?) / 2.0, top), size, ink)?));
    for (n, text) in line::wrap(&ruler, &face.preface, 4.2, w - 70.0, 0.0)?.iter().enumerate().filter(|(_, text)| !text.is_empty()) {
        #[allow(clippy::cast_precision_loss)]
        let y = top + 10.0 + 6.0 * n as f64;
        sheet.marks.push(Mark::Run(ruler.run(text, ((w - ruler.width(text, 4.2)?) / 2.0, y), 4.2, Ink::GREY)?));
    }
    for element in face.elements.iter().filter(|element| !element.label.is_empty()) {
        sheet.marks.push(Mark::Run(ruler.run(&element.label, (element.x, element.y), element.size, Ink::GREY)?));
    }
    Ok(sheet)
}

/// 排一张。
///
/// # Errors
/// 字体缺字，或二维码装不下。
pub fn lay(spec: &Spec, printed: &Printed, font: &Font) -> Result<Laid, PaperError> {
    let ruler = font.ruler();
    let (w, h) = spec.face.size();
    let mut sheet = Sheet::new(w, h);
    sheet.marks = watermarks(&ruler, &printed.watermark)?;
    let mut tags = Vec::new();
    for element in &spec.face.elements {
        let Some(value) = printed.values.get(&element.key).filter(|value| !value.is_empty()) else { continue };
        let label = if element.label.is_empty() { 0.0 } else { LABEL.max(ruler.width(&element.label, element.size)? + 4.0) };
        tags.push((element.key.clone(), sheet.marks.len()));
        for (n, text) in line::wrap(&ruler, value, element.size, (element.width - label).max(20.0), 0.0)?.iter().enumerate() {
            #[allow(clippy::cast_precision_loss)]
            let y = element.y + element.size * 1.4 * n as f64;
            sheet.marks.push(Mark::Run(ruler.run(text, (element.x + label, y), element.size, Ink::BLACK)?));
        }
    }
    let rows = qr::modules(&printed.link).map_err(|_| PaperError::Qr)?;
    #[allow(clippy::cast_precision_loss)]
    let cell = (26.0 / rows.len().max(1) as f64).max(0.5);
    let bottom = h - 22.0;
    #[allow(clippy::cast_precision_loss)]
    let side = cell * rows.len() as f64;
    sheet.marks.push(Mark::Blocks { at: (28.0, bottom - side), cell, rows: Arc::new(rows) });
    sheet.marks.push(Mark::Run(ruler.run("扫码验真", (28.0, bottom + 5.0), 3.2, Ink::GREY)?));
    // 落款在右下：机关名与颁发日期，章压在日期上
    let (issuer, issued) = (value(printed, "issuer"), value(printed, "issued"));
    let centre = w - 28.0 - (ruler.width(issuer, 5.0)? / 2.0).max(22.0);
    for (key, text, y) in [("issuer", issuer, bottom - 22.0), ("issued", issued, bottom - 12.0)] {
        if !text.is_empty() {
            tags.push((key.to_owned(), sheet.marks.len()));
            sheet.marks.push(Mark::Run(ruler.run(text, (centre - ruler.width(text, 5.0)? / 2.0, y), 5.0, Ink::BLACK)?));
        }
    }
    Ok(Laid { over: sheet, tags, anchor: (centre, bottom - 17.0) })
}

/// 斜水印，一行一条往下错开；分行写，单位名、事由再长也不出纸。
fn watermarks(ruler: &Ruler<'_>, text: &str) -> Result<Vec<Mark>, PaperError> {
    let (mut marks, mut down) = (Vec::new(), 0.0);
    for line in text.lines() {
        let mut row = flow::watermarks(ruler, line)?;
        for mark in &mut row {
            if let Mark::Run(run) = mark {
                run.at.1 += down;
            }
        }
        marks.append(&mut row);
        down += 7.0;
    }
    Ok(marks)
}

fn value<'a>(printed: &'a Printed, key: &str) -> &'a str {
    printed.values.get(key).map_or("", String::as_str)
}

fn colour(face: &Face) -> Ink {
    let part = |n: usize| face.colour.get(n..n + 2).and_then(|text| u8::from_str_radix(text, 16).ok()).unwrap_or(0);
    Ink(part(0), part(2), part(4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_watermark_stays_on_the_paper() {
        let font = tongban_documents::paper::font::shared().unwrap();
        let long = "某".repeat(30);
        let watermark = format!("仅供{long}使用\n用于{long}\n2026-11-23 至 2026-12-23 10:00:00");
        let laid = lay(&Spec::default(), &Printed { watermark, link: "https://example.cn/v".into(), ..Printed::default() }, font).unwrap();
        let turned: Vec<_> = laid.over.marks.iter().filter_map(|mark| if let Mark::Run(run) = mark { Some(run) } else { None }).filter(|run| run.turn > 0.0).collect();
        assert!(turned.len() >= 12, "三行，各铺满全页");
        for run in turned {
            let (sin, cos) = run.turn.to_radians().sin_cos();
            let (right, top) = (run.at.0 + run.width() * cos, run.at.1 - run.width() * sin);
            assert!(right < laid.over.width && top > 0.0, "{} 出了纸：{right:.0},{top:.0}", run.text);
        }
    }
}
