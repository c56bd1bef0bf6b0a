//! 一页的 Content.xml：把排好的东西写成 OFD 的图元。字一行一个 TextObject，`DeltaX` 是各字真实的字宽。

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;

use tongban_documents::paper::{Ink, Mark, Run, Sheet};

use crate::NAMESPACE;
use crate::package::Part;
use crate::write::WriteError;
use crate::xml::escape;

/// 全文共用的编号与图片。
#[derive(Debug, Clone)]
pub(crate) struct Ids {
    next: u32,
    pictures: Vec<(u32, &'static str, Arc<Part>)>,
    known: HashMap<[u8; 32], u32>,
}

impl Ids {
    pub(crate) fn new() -> Self {
        Self { next: 1, pictures: Vec::new(), known: HashMap::new() }
    }

    pub(crate) fn take(&mut self) -> u32 {
        let id = self.next;
        self.next += 1;
        id
    }

    pub(crate) fn last(&self) -> u32 {
        self.next - 1
    }

    pub(crate) fn pictures(&self) -> &[(u32, &'static str, Arc<Part>)] {
        &self.pictures
    }

    /// 登记一张图，同样的图只放一份。
    fn picture(&mut self, extension: &'static str, part: Arc<Part>) -> u32 {
        if let Some(id) = self.known.get(part.digest()) {
            return *id;
        }
        let id = self.take();
        self.known.insert(*part.digest(), id);
        self.pictures.push((id, extension, part));
        id
    }
}

/// 写一页，回内容与各图元的编号（与 `sheet.marks` 一一对应，给标引用）。
pub(crate) fn page(sheet: &Sheet, template: Option<u32>, font: u32, ids: &mut Ids) -> Result<(String, Vec<u32>), WriteError> {
    let mut out = format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ofd:Page xmlns:ofd=\"{NAMESPACE}\">");
    if let Some(template) = template {
        push(&mut out, format_args!("<ofd:Template TemplateID=\"{template}\" ZOrder=\"Background\"/>"));
    }
    push(
        &mut out,
        format_args!(
            "<ofd:Area><ofd:PhysicalBox>0 0 {} {}</ofd:PhysicalBox></ofd:Area><ofd:Content><ofd:Layer ID=\"{}\" Type=\"Body\">",
            Mm(sheet.width),
            Mm(sheet.height),
            ids.take()
        ),
    );
    let mut objects = Vec::with_capacity(sheet.marks.len());
    for mark in &sheet.marks {
        objects.push(draw(&mut out, mark, font, ids)?);
    }
    out.push_str("</ofd:Layer></ofd:Content></ofd:Page>");
    Ok((out, objects))
}

fn draw(out: &mut String, mark: &Mark, font: u32, ids: &mut Ids) -> Result<u32, WriteError> {
    Ok(match mark {
        Mark::Run(run) => text(out, run, font, ids.take()),
        Mark::Line { from, to, stroke } => {
            // 边框要有面积，横线竖线也各让出一个线宽
            let (x, y) = (from.0.min(to.0) - stroke.width, from.1.min(to.1) - stroke.width);
            let size = ((from.0 - to.0).abs() + 2.0 * stroke.width, (from.1 - to.1).abs() + 2.0 * stroke.width);
            let data = format!("M {} {} L {} {}", Mm(from.0 - x), Mm(from.1 - y), Mm(to.0 - x), Mm(to.1 - y));
            path(out, ids.take(), ((x, y), size), Some((stroke.ink, stroke.width)), None, &data)
        }
        Mark::Rect { at, size, stroke, fill } => {
            // 末段写成显式的 L 再 C：有读者描边时不理会 C
            let data = format!("M 0 0 L {w} 0 L {w} {h} L 0 {h} L 0 0 C", w = Mm(size.0), h = Mm(size.1));
            path(out, ids.take(), (*at, *size), stroke.map(|s| (s.ink, s.width)), *fill, &data)
        }
        Mark::Blocks { at, cell, rows } => {
            let picture = ids.picture("png", Part::stored(blocks(rows)?));
            #[allow(clippy::cast_precision_loss)]
            let side = cell * rows.len() as f64;
            image(out, ids.take(), *at, (side, side), picture)
        }
        Mark::Picture { at, size, picture } => {
            let extension = match picture.kind {
                tongban_documents::paper::PictureKind::Png => "png",
                tongban_documents::paper::PictureKind::Jpeg => "jpg",
            };
            let id = ids.picture(extension, Part::stored(picture.data.as_slice()));
            image(out, ids.take(), *at, *size, id)
        }
    })
}

fn text(out: &mut String, run: &Run, font: u32, id: u32) -> u32 {
    let (width, height) = (run.width() + run.size * 0.1, run.size * 1.3);
    let turned = run.turn != 0.0;
    // 转过的字以基线左端为轴：边框放宽到整段转一圈也在内，原点仍在轴上
    let (x, y, w, h) = if turned {
        (run.at.0 - width, run.at.1 - width, 2.0 * width, 2.0 * width)
    } else {
        (run.at.0, run.at.1 - run.size, width, height)
    };
    push(out, format_args!("<ofd:TextObject ID=\"{id}\" Boundary=\"{} {} {} {}\" Font=\"{font}\" Size=\"{}\"", Mm(x), Mm(y), Mm(w), Mm(h), Mm(run.size)));
    if turned {
        let (sin, cos) = run.turn.to_radians().sin_cos();
        push(out, format_args!(" CTM=\"{cos:.5} {:.5} {sin:.5} {cos:.5} {w:.3} {w:.3}\"", -sin, w = width));
    }
    push(out, format_args!("><ofd:FillColor Value=\"{} {} {}\"/>", run.ink.0, run.ink.1, run.ink.2));
    push(out, format_args!("<ofd:TextCode X=\"0\" Y=\"{}\"", if turned { Mm(0.0) } else { Mm(run.size) }));
    if run.glyphs.len() > 1 {
        out.push_str(" DeltaX=\"");
        for (n, (_, advance)) in run.glyphs[..run.glyphs.len() - 1].iter().enumerate() {
            push(out, format_args!("{}{}", if n == 0 { "" } else { " " }, Mm(*advance)));
        }
        out.push('"');
    }
    push(out, format_args!(">{}</ofd:TextCode></ofd:TextObject>", escape(&run.text)));
    id
}

type Box2 = ((f64, f64), (f64, f64));

fn path(out: &mut String, id: u32, (at, size): Box2, stroke: Option<(Ink, f64)>, fill: Option<Ink>, data: &str) -> u32 {
    push(out, format_args!("<ofd:PathObject ID=\"{id}\" Boundary=\"{} {} {} {}\"", Mm(at.0), Mm(at.1), Mm(size.0), Mm(size.1)));
    push(out, format_args!(" LineWidth=\"{}\" Stroke=\"{}\" Fill=\"{}\">", Mm(stroke.map_or(0.0, |s| s.1)), stroke.is_some(), fill.is_some()));
    if let Some((ink, _)) = stroke {
        push(out, format_args!("<ofd:StrokeColor Value=\"{} {} {}\"/>", ink.0, ink.1, ink.2));
    }
    if let Some(ink) = fill {
        push(out, format_args!("<ofd:FillColor Value=\"{} {} {}\"/>", ink.0, ink.1, ink.2));
    }
    push(out, format_args!("<ofd:AbbreviatedData>{data}</ofd:AbbreviatedData></ofd:PathObject>"));
    id
}

fn image(out: &mut String, id: u32, at: (f64, f64), size: (f64, f64), resource: u32) -> u32 {
    let (x, y, w, h) = (Mm(at.0), Mm(at.1), Mm(size.0), Mm(size.1));
    push(out, format_args!("<ofd:ImageObject ID=\"{id}\" Boundary=\"{x} {y} {w} {h}\" CTM=\"{w} 0 0 {h} 0 0\" ResourceID=\"{resource}\"/>"));
    id
}

/// 二维码画成一位深的灰度图，每格八点：阅读器缩放时边缘不糊。
fn blocks(rows: &[Vec<bool>]) -> Result<Vec<u8>, WriteError> {
    let failed = |error: png::EncodingError| WriteError::Picture(error.to_string());
    let side = u32::try_from(rows.len() * 8).map_err(|_| WriteError::Picture("二维码太大".into()))?;
    let mut bits = Vec::with_capacity(rows.len() * rows.len() * 8);
    for row in rows {
        // 一格八点正好一个字节：黑 0 白 1
        let line: Vec<u8> = row.iter().map(|dark| if *dark { 0 } else { 0xff }).collect();
        (0..8).for_each(|_| bits.extend_from_slice(&line));
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::One);
    encoder.set_compression(png::Compression::Fast);
    encoder.write_header().map_err(failed)?.write_image_data(&bits).map_err(failed)?;
    Ok(out)
}

/// 毫米，写三位小数，去掉末尾的零。
pub(crate) struct Mm(pub f64);

impl std::fmt::Display for Mm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = format!("{:.3}", self.0);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        f.write_str(if text == "-0" { "0" } else { text })
    }
}

/// 往 String 里写不会失败。
pub(crate) fn push(out: &mut String, what: std::fmt::Arguments<'_>) {
    let _ = out.write_fmt(what);
}
