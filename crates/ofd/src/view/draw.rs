//! 逐个图元画成 SVG 片段。坐标：图元在 Boundary 的左上角起算，先经 CTM。

use std::collections::HashMap;
use std::sync::Arc;

use skrifa::instance::{LocationRef, Size};
use skrifa::outline::{DrawSettings, OutlinePen};
use skrifa::{FontRef, MetadataProvider};
use tongban_documents::paper::Font;

use super::Resources;
use super::path::translate;
use super::picture;
use crate::content::push;
use crate::package::{Package, Part};
use crate::read::{Rect, numbers};
use crate::xml::Node;

/// 嵌套的图元块最多几层。
const DEEPEST: usize = 8;
/// 一页最多画多少个字。
const MOST_LETTERS: usize = 200_000;

pub(super) struct Canvas<'a> {
    package: &'a Package,
    resources: &'a Resources,
    fallback: Option<&'a Font>,
    limit: usize,
    /// 还能画几个字。
    letters: usize,
    /// 画过的字形：字体编号与字 → `<defs>` 里的编号；同一个字只放一次轮廓。
    glyphs: HashMap<(String, char), Option<(usize, f64)>>,
    pub out: String,
}

impl<'a> Canvas<'a> {
    pub fn new(package: &'a Package, resources: &'a Resources, fallback: Option<&'a Font>, limit: usize) -> Self {
        Self { package, resources, fallback, limit, letters: MOST_LETTERS, glyphs: HashMap::new(), out: String::new() }
    }

    pub fn page(&mut self, content: &Node) {
        for layer in content.child("Content").into_iter().flat_map(|content| content.all("Layer")) {
            self.block(layer, 0);
        }
    }

    fn block(&mut self, block: &Node, depth: usize) {
        for node in &block.children {
            if self.out.len() > self.limit {
                return;
            }
            match node.name.as_str() {
                "TextObject" => self.text(node),
                "PathObject" => self.path(node),
                "ImageObject" => self.image(node),
                "PageBlock" if depth < DEEPEST => self.block(node, depth + 1),
                _ => {}
            }
        }
    }

    /// 图元到页的变换。
    fn open(&mut self, node: &Node) -> Option<Rect> {
        let area = node.attribute("Boundary").and_then(Rect::parse)?;
        push(&mut self.out, format_args!("<g transform=\"translate({} {})", area.x, area.y));
        if let Some([a, b, c, d, e, f]) = node.attribute("CTM").and_then(|text| <[f64; 6]>::try_from(numbers(text)).ok()) {
            push(&mut self.out, format_args!(" matrix({a} {b} {c} {d} {e} {f})"));
        }
        self.out.push('"');
        Some(area)
    }

    fn path(&mut self, node: &Node) {
        let room = self.limit.saturating_sub(self.out.len());
        let Some(data) = node.text_at(&["AbbreviatedData"]).filter(|text| text.len() <= room).map(translate) else { return };
        if self.open(node).is_none() {
            return;
        }
        let on = |name: &str, default: bool| node.attribute(name).map_or(default, |text| text == "true" || text == "1");
        let width = node.attribute("LineWidth").and_then(|text| numbers(text).first().copied()).unwrap_or(0.353);
        let stroke = if on("Stroke", true) { colour(node, "StrokeColor") } else { "none".to_owned() };
        let fill = if on("Fill", false) { colour(node, "FillColor") } else { "none".to_owned() };
        push(&mut self.out, format_args!("><path d=\"{data}\" stroke=\"{stroke}\" stroke-width=\"{width}\" fill=\"{fill}\"/></g>"));
    }

    fn image(&mut self, node: &Node) {
        let Some(path) = node.attribute("ResourceID").and_then(|id| self.resources.files.get(id)) else { return };
        let Some(link) = self.package.get(path).filter(|part| self.out.len() + part.data().len() / 3 * 4 <= self.limit).and_then(|part| picture::link(part.data())) else {
            return;
        };
        let Some(area) = self.open(node) else { return };
        // 图像占单位方格，由 CTM 放大；没有 CTM 就铺满边框
        let (w, h) = if node.attribute("CTM").is_some() { (1.0, 1.0) } else { (area.width, area.height) };
        push(&mut self.out, format_args!("><image width=\"{w}\" height=\"{h}\" preserveAspectRatio=\"none\" href=\"{link}\"/></g>"));
    }

    fn text(&mut self, node: &Node) {
        let font = node.attribute("Font").unwrap_or_default().to_owned();
        let size = node.attribute("Size").and_then(|text| numbers(text).first().copied()).unwrap_or(4.0);
        let codes: Vec<&Node> = node.all("TextCode").take(1000).collect();
        // 先备好字形，定义放在用它之前
        let placed: Vec<_> = codes.iter().map(|code| self.place(code, &font, size)).collect();
        if self.open(node).is_none() {
            return;
        }
        let fill = colour(node, "FillColor");
        push(&mut self.out, format_args!(" fill=\"{fill}\">"));
        for (id, x, y) in placed.into_iter().flatten() {
            push(&mut self.out, format_args!("<use href=\"#g{id}\" transform=\"translate({x:.3} {y:.3}) scale({size})\"/>"));
        }
        self.out.push_str("</g>");
    }

    /// 一段字里各字的轮廓与位置。
    fn place(&mut self, code: &Node, font: &str, size: f64) -> Vec<(usize, f64, f64)> {
        let origin = |name| code.attribute(name).and_then(|text| numbers(text).first().copied()).unwrap_or(0.0);
        let (mut x, mut y) = (origin("X"), origin("Y"));
        let letters: Vec<char> = code.text.trim_matches(['\n', '\r']).chars().take(self.letters).collect();
        self.letters -= letters.len();
        let (dx, dy) = (code.attribute("DeltaX").map(|t| deltas(t, letters.len())), code.attribute("DeltaY").map(|t| deltas(t, letters.len())));
        let mut out = Vec::new();
        for (n, letter) in letters.into_iter().enumerate() {
            let glyph = self.glyph(font, letter);
            if let Some((id, _)) = glyph {
                out.push((id, x, y));
            }
            let natural = glyph.map_or(size, |(_, advance)| advance * size);
            x += dx.as_ref().map_or(if dy.is_some() { 0.0 } else { natural }, |deltas| deltas.get(n).copied().unwrap_or(0.0));
            y += dy.as_ref().and_then(|deltas| deltas.get(n)).copied().unwrap_or(0.0);
        }
        out
    }

    /// 一个字的轮廓编号与字宽；没有轮廓（空格、缺字）为空。
    fn glyph(&mut self, font: &str, letter: char) -> Option<(usize, f64)> {
        let key = (font.to_owned(), letter);
        if let Some(known) = self.glyphs.get(&key) {
            return *known;
        }
        let found = self.outline(font, letter).map(|(path, advance)| {
            let id = self.glyphs.len();
            push(&mut self.out, format_args!("<defs><path id=\"g{id}\" d=\"{path}\"/></defs>"));
            (id, advance)
        });
        self.glyphs.insert(key, found);
        found
    }

    fn outline(&self, font: &str, letter: char) -> Option<(String, f64)> {
        let embedded: Option<Arc<Part>> = self.resources.files.get(font).and_then(|path| self.package.get(path)).cloned();
        let drawn = embedded.as_ref().and_then(|part| glyph(&FontRef::from_index(part.data(), 0).ok()?, letter));
        drawn.or_else(|| self.fallback.and_then(|font| glyph(&FontRef::from_index(font.data(), font.index()).ok()?, letter)))
    }
}

/// 画一个字，字号为 1，y 向下。
fn glyph(face: &FontRef<'_>, letter: char) -> Option<(String, f64)> {
    let id = face.charmap().map(letter).filter(|id| id.to_u32() != 0)?;
    let advance = face.glyph_metrics(Size::new(1.0), LocationRef::default()).advance_width(id).unwrap_or(1.0);
    let mut pen = Svg(String::new());
    face.outline_glyphs().get(id)?.draw(DrawSettings::unhinted(Size::new(1.0), LocationRef::default()), &mut pen).ok()?;
    Some((pen.0, f64::from(advance)))
}

struct Svg(String);

impl OutlinePen for Svg {
    fn move_to(&mut self, x: f32, y: f32) {
        push(&mut self.0, format_args!("M{x:.3} {:.3}", -y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        push(&mut self.0, format_args!("L{x:.3} {:.3}", -y));
    }

    fn quad_to(&mut self, cx: f32, cy: f32, x: f32, y: f32) {
        push(&mut self.0, format_args!("Q{cx:.3} {:.3} {x:.3} {:.3}", -cy, -y));
    }

    fn curve_to(&mut self, ax: f32, ay: f32, bx: f32, by: f32, x: f32, y: f32) {
        push(&mut self.0, format_args!("C{ax:.3} {:.3} {bx:.3} {:.3} {x:.3} {:.3}", -ay, -by, -y));
    }

    fn close(&mut self) {
        self.0.push('Z');
    }
}

/// 间距：可以写成 `g 个数 值` 的简写。
fn deltas(text: &str, most: usize) -> Vec<f64> {
    let mut out = Vec::new();
    let mut words = text.split_ascii_whitespace();
    while let Some(word) = words.next() {
        if out.len() >= most {
            break;
        }
        if word == "g" {
            let count = words.next().and_then(|n| n.parse::<usize>().ok()).unwrap_or(0).min(most);
            let value = words.next().and_then(|v| v.parse::<f64>().ok()).filter(|v| v.is_finite()).unwrap_or(0.0);
            out.extend(std::iter::repeat_n(value, count));
        } else if let Some(value) = word.parse::<f64>().ok().filter(|v| v.is_finite()) {
            out.push(value);
        }
    }
    out
}

/// 颜色：三个 0–255 的数；别的写法当黑。
fn colour(node: &Node, name: &str) -> String {
    let value = node.child(name).and_then(|node| node.attribute("Value")).map(numbers).unwrap_or_default();
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    let part = |n: usize| value.get(n).map_or(0, |v| v.clamp(0.0, 255.0) as u8);
    format!("#{:02x}{:02x}{:02x}", part(0), part(1), part(2))
}
