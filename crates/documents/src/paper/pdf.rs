//! 把排好的页写成 PDF：字体只嵌用到的字，文字可选、可搜、可复制；毫米换成点。

use krilla::Document;
use krilla::color::rgb;
use krilla::geom::{Path, PathBuilder, Point, Rect, Size, Transform};
use krilla::metadata::Metadata;
use krilla::num::NormalizedF32;
use krilla::page::PageSettings;
use krilla::paint::{Fill, FillRule, Stroke as Pen};
use krilla::surface::Surface;
use krilla::text::{GlyphId, KrillaGlyph};

use super::font::Font;
use super::sheet::{Ink, Mark, Picture, PictureKind, Run, Sheet};
use super::PaperError;

/// 一毫米是多少点。
const POINT: f64 = 72.0 / 25.4;

/// 写一份 PDF。
///
/// # Errors
/// 图片读不出，或页的尺寸不合理。
pub fn write(sheets: &[Sheet], title: &str, font: &Font) -> Result<Vec<u8>, PaperError> {
    let mut document = Document::new();
    for sheet in sheets {
        let settings = PageSettings::from_wh(pt(sheet.width), pt(sheet.height)).ok_or_else(|| failed("页的尺寸不合理"))?;
        let mut page = document.start_page_with(settings);
        let mut surface = page.surface();
        for mark in &sheet.marks {
            draw(&mut surface, mark, font)?;
        }
        surface.finish();
        page.finish();
    }
    document.set_metadata(Metadata::new().title(title.to_owned()).language("zh-CN".to_owned()).creator("通办".to_owned()));
    document.finish().map_err(|error| failed(format!("{error:?}")))
}

fn draw(surface: &mut Surface<'_>, mark: &Mark, font: &Font) -> Result<(), PaperError> {
    match mark {
        Mark::Run(run) => text(surface, run, font),
        Mark::Line { from, to, stroke } => {
            let mut path = PathBuilder::new();
            path.move_to(pt(from.0), pt(from.1));
            path.line_to(pt(to.0), pt(to.1));
            outline(surface, path.finish(), Some((stroke.ink, stroke.width)), None);
        }
        Mark::Rect { at, size, stroke, fill } => {
            let mut path = PathBuilder::new();
            rect(&mut path, *at, *size);
            outline(surface, path.finish(), stroke.map(|s| (s.ink, s.width)), *fill);
        }
        Mark::Blocks { at, cell, rows } => {
            let mut path = PathBuilder::new();
            for block in super::sheet::dark(rows) {
                rect(&mut path, (at.0 + block.x * cell, at.1 + block.y * cell), (block.width * cell, *cell));
            }
            outline(surface, path.finish(), None, Some(Ink::BLACK));
        }
        Mark::Picture { at, size, picture } => image(surface, *at, *size, picture)?,
    }
    Ok(())
}

fn text(surface: &mut Surface<'_>, run: &Run, font: &Font) {
    surface.set_stroke(None);
    surface.set_fill(Some(fill(run.ink)));
    let mut start = 0;
    let glyphs: Vec<_> = run
        .text
        .chars()
        .zip(&run.glyphs)
        .map(|(letter, (id, advance))| {
            let range = start..start + letter.len_utf8();
            start = range.end;
            #[allow(clippy::cast_possible_truncation)]
            let advance = (advance / run.size) as f32;
            KrillaGlyph::new(GlyphId::new(u32::from(*id)), advance, 0.0, 0.0, 0.0, range, None)
        })
        .collect();
    let at = Point::from_xy(pt(run.at.0), pt(run.at.1));
    let turned = run.turn != 0.0;
    if turned {
        #[allow(clippy::cast_possible_truncation)]
        surface.push_transform(&Transform::from_rotate_at(-run.turn as f32, at.x, at.y));
    }
    surface.draw_glyphs(at, &glyphs, font.krilla(), &run.text, pt(run.size), false);
    if turned {
        surface.pop();
    }
}

fn image(surface: &mut Surface<'_>, at: (f64, f64), size: (f64, f64), picture: &Picture) -> Result<(), PaperError> {
    let data = picture.data.clone().into();
    let image = match picture.kind {
        PictureKind::Png => krilla::image::Image::from_png(data, true),
        PictureKind::Jpeg => krilla::image::Image::from_jpeg(data, true),
    }
    .map_err(PaperError::Picture)?;
    let size = Size::from_wh(pt(size.0), pt(size.1)).ok_or_else(|| failed("图片尺寸不合理"))?;
    surface.push_transform(&Transform::from_translate(pt(at.0), pt(at.1)));
    surface.draw_image(image, size);
    surface.pop();
    Ok(())
}

fn rect(path: &mut PathBuilder, at: (f64, f64), size: (f64, f64)) {
    if let Some(rect) = Rect::from_xywh(pt(at.0), pt(at.1), pt(size.0), pt(size.1)) {
        path.push_rect(rect);
    }
}

fn outline(surface: &mut Surface<'_>, path: Option<Path>, stroke: Option<(Ink, f64)>, inside: Option<Ink>) {
    let Some(path) = path else { return };
    surface.set_fill(inside.map(fill));
    surface.set_stroke(stroke.map(|(ink, width)| Pen { paint: colour(ink).into(), width: pt(width), ..Pen::default() }));
    surface.draw_path(&path);
}

fn fill(ink: Ink) -> Fill {
    Fill { paint: colour(ink).into(), opacity: NormalizedF32::ONE, rule: FillRule::NonZero }
}

fn colour(ink: Ink) -> rgb::Color {
    rgb::Color::new(ink.0, ink.1, ink.2)
}

#[allow(clippy::cast_possible_truncation)]
fn pt(millimetres: f64) -> f32 {
    (millimetres * POINT) as f32
}

fn failed(why: impl Into<String>) -> PaperError {
    PaperError::Write { format: " PDF ", why: why.into() }
}
