//! 排好的一页：字、线、块、图各在哪里。单位毫米，原点在左上角；PDF、OFD、页面预览都照它画。

use std::sync::Arc;

/// 一页。
#[derive(Debug, Clone)]
pub struct Sheet {
    /// 页宽。
    pub width: f64,
    /// 页高。
    pub height: f64,
    /// 各样东西，先画的在下面。
    pub marks: Vec<Mark>,
}

/// 页上的一样东西。
#[derive(Debug, Clone)]
pub enum Mark {
    /// 一行字里字号相同的一段。
    Run(Run),
    /// 直线：起点、终点。
    Line { from: (f64, f64), to: (f64, f64), stroke: Stroke },
    /// 矩形：左上角、宽高，描边或填色。
    Rect { at: (f64, f64), size: (f64, f64), stroke: Option<Stroke>, fill: Option<Ink> },
    /// 方格图（二维码）：左上角、一格多大、各行的黑格。
    Blocks { at: (f64, f64), cell: f64, rows: Arc<Vec<Vec<bool>>> },
    /// 图片。
    Picture { at: (f64, f64), size: (f64, f64), picture: Picture },
}

/// 描边。
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Stroke {
    /// 颜色。
    pub ink: Ink,
    /// 线宽。
    pub width: f64,
}

/// 一张图。
#[derive(Debug, Clone)]
pub struct Picture {
    /// 格式。
    pub kind: PictureKind,
    /// 文件字节；同一张图共用。
    pub data: Arc<Vec<u8>>,
}

/// 图的格式。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PictureKind {
    Png,
    Jpeg,
}

/// 颜色。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ink(pub u8, pub u8, pub u8);

impl Ink {
    pub const BLACK: Self = Self(0, 0, 0);
    pub const GREY: Self = Self(90, 90, 90);
    /// 版头的红。
    pub const RED: Self = Self(0xd0, 0x10, 0x10);
    /// 水印的浅灰。
    pub const PALE: Self = Self(0xd8, 0xd8, 0xd8);
}

/// 一段字：从基线左端起，一字一个字形。
#[derive(Debug, Clone)]
pub struct Run {
    /// 基线左端。
    pub at: (f64, f64),
    /// 字号。
    pub size: f64,
    /// 颜色。
    pub ink: Ink,
    /// 文字。
    pub text: String,
    /// 各字的字形号与前进宽度（毫米），与 `text` 的字一一对应。
    pub glyphs: Vec<(u16, f64)>,
    /// 绕基线左端逆时针转多少度。
    pub turn: f64,
}

impl Run {
    /// 这段字有多宽。
    pub fn width(&self) -> f64 {
        self.glyphs.iter().map(|(_, advance)| advance).sum()
    }
}

impl Sheet {
    /// 一张空页。
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, marks: Vec::new() }
    }

    /// 页上用到的全部字，按出现先后，不重复。
    pub fn letters(&self) -> impl Iterator<Item = char> + '_ {
        self.marks.iter().filter_map(|mark| if let Mark::Run(run) = mark { Some(run.text.chars()) } else { None }).flatten()
    }
}

/// 方格图里横着连成一段的黑格，以格计。
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dark {
    pub x: f64,
    pub y: f64,
    pub width: f64,
}

/// 一行里连着的黑格合成一段，文件小一半。
pub fn dark(rows: &[Vec<bool>]) -> Vec<Dark> {
    let mut out = Vec::new();
    for (y, row) in rows.iter().enumerate() {
        let mut x = 0;
        while x < row.len() {
            let run = row[x..].iter().take_while(|dark| **dark).count();
            if run > 0 {
                #[allow(clippy::cast_precision_loss)]
                out.push(Dark { x: x as f64, y: y as f64, width: run as f64 });
            }
            x += run.max(1);
        }
    }
    out
}

/// 方格图画成 PNG（四周留四格白，每格四点），给不认矢量的格式用。
///
/// # Errors
/// 编码失败。
pub fn code_png(rows: &[Vec<bool>]) -> Result<Vec<u8>, String> {
    const QUIET: usize = 4;
    const SCALE: usize = 4;
    let cells = rows.len() + 2 * QUIET;
    let side = cells * SCALE;
    let mut grey = vec![0xff_u8; side * side];
    for y in 0..side {
        for x in 0..side {
            let (row, column) = ((y / SCALE).wrapping_sub(QUIET), (x / SCALE).wrapping_sub(QUIET));
            if rows.get(row).and_then(|row| row.get(column)) == Some(&true) {
                grey[y * side + x] = 0;
            }
        }
    }
    let mut out = Vec::new();
    let side = u32::try_from(side).map_err(|error| error.to_string())?;
    let mut encoder = png::Encoder::new(&mut out, side, side);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    encoder.write_header().and_then(|mut writer| writer.write_image_data(&grey)).map_err(|error| error.to_string())?;
    Ok(out)
}
