//! 印章图像：照 `gm::picture` 的版式画成 PNG（透明底、300 dpi、16 级红的索引色，十几 KB）。
//!
//! 字画成字形轮廓；字体里没有的字直接报错，不画方框。

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, GlyphId, MetadataProvider};
use tiny_skia::{Color, FillRule, LineCap, Paint, Path, PathBuilder, Pixmap, Rect, Stroke, Transform};
use tongban_documents::paper::{Font, FontError};
use tongban_gm::picture::{Border, Composition, Design, Letter, PictureError, RED, compose};

/// 每毫米的点数（300 dpi）。
const DOTS: f32 = 300.0 / 25.4;
/// 透明度分几级：一点半个字节，再多看不出。
const LEVELS: u8 = 16;

/// 画不成。
#[derive(Debug, Clone, thiserror::Error)]
pub enum StampError {
    #[error(transparent)]
    Design(#[from] PictureError),
    #[error(transparent)]
    Font(#[from] FontError),
    #[error("印章图像写不成：{0}")]
    Picture(String),
}

/// 印章的 PNG。
///
/// # Errors
/// 名称放不下、国徽章、缺字，或图像写不成。
pub fn png(design: &Design<'_>, font: &Font) -> Result<Vec<u8>, StampError> {
    let seal = compose(design)?;
    let failed = |why: &str| StampError::Picture(why.to_owned());
    let dots = |mm: f64| u32::try_from(pixels(mm)).map_err(|_| failed("太大"));
    let mut canvas = Pixmap::new(dots(seal.size.0)?, dots(seal.size.1)?).ok_or_else(|| failed("太大"))?;
    let mut paint = Paint::default();
    paint.set_color(Color::from_rgba8(RED.0, RED.1, RED.2, 0xff));
    paint.anti_alias = true;
    let scale = Transform::from_scale(DOTS, DOTS);
    if let Some(path) = border(&seal) {
        let stroke = Stroke { width: single(seal.stroke), line_cap: LineCap::Butt, ..Stroke::default() };
        canvas.stroke_path(&path, &paint, &stroke, scale, None);
    }
    if let Some(path) = star(&seal.star) {
        canvas.fill_path(&path, &paint, FillRule::Winding, scale, None);
    }
    let face = FontRef::from_index(font.data(), font.index()).map_err(|error| StampError::Picture(error.to_string()))?;
    let ruler = font.ruler();
    for letter in &seal.letters {
        let (glyph, advance) = ruler.glyph(letter.letter)?;
        if let Some(path) = glyph_path(&face, glyph, letter, advance) {
            canvas.fill_path(&path, &paint, FillRule::Winding, scale, None);
        }
    }
    encode(&canvas).map_err(|error| StampError::Picture(error.to_string()))
}

fn border(seal: &Composition) -> Option<Path> {
    match seal.border {
        Border::Ellipse { centre, radii } => {
            let rect = Rect::from_xywh(single(centre.0 - radii.0), single(centre.1 - radii.1), single(2.0 * radii.0), single(2.0 * radii.1))?;
            PathBuilder::from_oval(rect)
        }
        Border::Square { at, side } => Rect::from_xywh(single(at.0), single(at.1), single(side), single(side)).map(PathBuilder::from_rect),
    }
}

fn star(points: &[(f64, f64)]) -> Option<Path> {
    let mut path = PathBuilder::new();
    for (n, (x, y)) in points.iter().enumerate() {
        if n == 0 { path.move_to(single(*x), single(*y)) } else { path.line_to(single(*x), single(*y)) }
    }
    path.close();
    path.finish()
}

/// 一个字的轮廓，已按矩阵到位（毫米）；空白字没有轮廓。
fn glyph_path(face: &FontRef<'_>, glyph: u16, letter: &Letter, advance: f64) -> Option<Path> {
    let outline = face.outline_glyphs().get(GlyphId::from(glyph))?;
    let mut pen = Pen { path: PathBuilder::new(), matrix: letter.matrix, left: advance * letter.size / 2.0 };
    outline.draw(DrawSettings::unhinted(Size::new(single(letter.size)), LocationRef::default()), &mut pen).ok()?;
    pen.path.finish()
}

/// 字形坐标 y 向上、左端为原点；印章坐标 y 向下、居中。
struct Pen {
    path: PathBuilder,
    matrix: [f64; 6],
    left: f64,
}

impl Pen {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        let ([a, b, c, d, e, f], x, y) = (self.matrix, f64::from(x) - self.left, -f64::from(y));
        (single(a * x + c * y + e), single(b * x + d * y + f))
    }
}

impl OutlinePen for Pen {
    fn move_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.move_to(x, y);
    }

    fn line_to(&mut self, x: f32, y: f32) {
        let (x, y) = self.at(x, y);
        self.path.line_to(x, y);
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        let ((cx, cy), (x, y)) = (self.at(cx, cy), self.at(x, y));
        self.path.quad_to(cx, cy, x, y);
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        let ((ax, ay), (bx, by), (x, y)) = (self.at(ax, ay), self.at(bx, by), self.at(x, y));
        self.path.cubic_to(ax, ay, bx, by, x, y);
    }

    fn close(&mut self) {
        self.path.close();
    }
}

/// 只有一种红，浓淡不同：16 色索引，透明度放在 tRNS，比真彩小得多。
fn encode(canvas: &Pixmap) -> Result<Vec<u8>, png::EncodingError> {
    let width = canvas.width() as usize;
    let mut bits = Vec::with_capacity(canvas.pixels().len() / 2);
    for row in canvas.pixels().chunks(width.max(1)) {
        for pair in row.chunks(2) {
            let level = |n: usize| pair.get(n).map_or(0, |pixel| (u16::from(pixel.alpha()) * u16::from(LEVELS - 1) + 127) / 255);
            bits.push(u8::try_from(level(0) << 4 | level(1)).unwrap_or(0));
        }
    }
    let mut out = Vec::new();
    let mut encoder = png::Encoder::new(&mut out, canvas.width(), canvas.height());
    encoder.set_color(png::ColorType::Indexed);
    encoder.set_depth(png::BitDepth::Four);
    encoder.set_palette([RED.0, RED.1, RED.2].repeat(usize::from(LEVELS)));
    encoder.set_trns((0..LEVELS).map(|level| level * 17).collect::<Vec<_>>());
    // 索引色相邻的数没有大小关系，过滤反而压不动
    encoder.set_compression(png::Compression::High);
    encoder.set_filter(png::Filter::NoFilter);
    encoder.write_header()?.write_image_data(&bits)?;
    Ok(out)
}

#[allow(clippy::cast_possible_truncation)]
fn single(value: f64) -> f32 {
    value as f32
}

#[allow(clippy::cast_possible_truncation)]
fn pixels(mm: f64) -> i64 {
    (mm * f64::from(DOTS)).round() as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use tongban_gm::picture::Face;

    #[test]
    fn the_picture_is_small_and_a_missing_letter_is_named() {
        let font = tongban_documents::paper::font::shared().unwrap();
        let design = Design { face: Face::Department, name: "广元市昭化区行政审批局", purpose: "行政审批专用章（1）" };
        let png = png(&design, font).unwrap();
        assert!(png.len() < 16 * 1024, "{} 字节", png.len());
        let missing = Design { face: Face::Small, name: "甲\u{10FFFD}公司", purpose: "" };
        assert!(matches!(super::png(&missing, font), Err(StampError::Font(FontError::Lacks('\u{10FFFD}')))));
    }
}
