//! 印章图像：按国发〔1999〕25号与常用版式排出各部分的位置（[`compose`]），再画成 SVG（[`draw`]），单位毫米，透明底、红 #E60012。
//!
//! 国徽不得合成：中央为国徽的章必须上传省制印模，这里只会拒绝。
//! 环排的字逐个转到位（不用 `textPath`），各种渲染器都一样，字多时只缩字宽不缩字高。

use std::fmt::Write as _;

use thiserror::Error;

/// 外形与直径。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Face {
    /// 市、县（区）人民政府：∅45，国徽。
    Government,
    /// 乡镇人民政府：∅42，五角星。
    Township,
    /// 机关部门、直属单位：∅42，五角星。
    Department,
    /// 企事业单位、社团与专用章：∅38，五角星。
    Small,
    /// 椭圆专用章：40×30，没有五角星，名称沿上半圈，用途横排居中。
    Oval,
    /// 名章：18×18 方框，两到四字，自上而下、自右而左。
    Name,
}

impl Face {
    /// 宽与高，毫米。
    pub fn size(self) -> (u32, u32) {
        match self {
            Self::Government => (45, 45),
            Self::Township | Self::Department => (42, 42),
            Self::Small => (38, 38),
            Self::Oval => (40, 30),
            Self::Name => (18, 18),
        }
    }

    /// 中央是不是国徽。
    pub fn has_emblem(self) -> bool {
        self == Self::Government
    }

    fn layout(self) -> Layout {
        match self {
            Self::Government => Layout { border: 1.5, star: 15.0, letter: 7.25, gap: 1.2 },
            Self::Township | Self::Department => Layout { border: 1.2, star: 13.5, letter: 6.75, gap: 0.9 },
            Self::Small => Layout { border: 1.0, star: 12.0, letter: 6.0, gap: 0.9 },
            Self::Oval => Layout { border: 1.0, star: 0.0, letter: 4.6, gap: 0.9 },
            Self::Name => Layout { border: 0.9, star: 0.0, letter: 7.2, gap: 0.6 },
        }
    }
}

/// 各部分尺寸，毫米。
struct Layout {
    border: f64,
    star: f64,
    letter: f64,
    gap: f64,
}

/// 印章的样子。
#[derive(Debug, Clone)]
pub struct Design<'a> {
    /// 外形与直径。
    pub face: Face,
    /// 环排的单位全称；名章为姓名。
    pub name: &'a str,
    /// 五角星下（椭圆章在正中）横排的字，如“行政审批专用章（1）”，可空。
    pub purpose: &'a str,
}

/// 画不成。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PictureError {
    /// 国徽章不画。
    #[error("中央为国徽的印章不得合成，请上传省制印模")]
    Emblem,
    /// 单位名称放不下。
    #[error("单位名称要有 2–36 个字，不含空白与控制字符；名章的姓名 2–4 个字")]
    Name,
    /// 横排的字放不下。
    #[error("横排的字不超过 14 个，不含控制字符；名章没有横排")]
    Purpose,
}

/// 排好的印章：毫米，原点在左上角。
#[derive(Debug, Clone)]
pub struct Composition {
    /// 宽与高。
    pub size: (f64, f64),
    /// 边框。
    pub border: Border,
    /// 边框的线宽。
    pub stroke: f64,
    /// 五角星的顶点；没有就为空。
    pub star: Vec<(f64, f64)>,
    /// 各字。
    pub letters: Vec<Letter>,
}

/// 边框的中线。
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Border {
    /// 椭圆（正圆两半轴相等）：中心与半轴。
    Ellipse { centre: (f64, f64), radii: (f64, f64) },
    /// 方框：左上角与宽高。
    Square { at: (f64, f64), side: f64 },
}

/// 一个字：字号、水平居中于基线原点，再经矩阵到位（x' = a·x + c·y + e，y' = b·x + d·y + f）。
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Letter {
    /// 字。
    pub letter: char,
    /// 字号，毫米。
    pub size: f64,
    /// 矩阵 a b c d e f。
    pub matrix: [f64; 6],
}

/// 印章的红。
pub const RED: (u8, u8, u8) = (0xe6, 0x00, 0x12);
/// 超过几个字就缩字宽。
const FULL_WIDTH: usize = 18;
/// 环排最多占的角度。
const WIDEST: f64 = 270.0;
/// 下面有横排时环排让出下方，最多占的角度。
const WIDEST_ABOVE_PURPOSE: f64 = 220.0;
const FONTS: &str = "'Noto Serif CJK SC','Source Han Serif SC','SimSun',serif";

/// 排一枚印章。
pub fn compose(design: &Design<'_>) -> Result<Composition, PictureError> {
    let face = design.face;
    if face.has_emblem() {
        return Err(PictureError::Emblem);
    }
    let name: Vec<char> = design.name.trim().chars().collect();
    let most = if face == Face::Name { 4 } else { 36 };
    if !(2..=most).contains(&name.len()) || name.iter().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(PictureError::Name);
    }
    let purpose: Vec<char> = design.purpose.trim().chars().collect();
    if purpose.len() > if face == Face::Name { 0 } else { 14 } || purpose.iter().any(|c| c.is_control()) {
        return Err(PictureError::Purpose);
    }
    let layout = face.layout();
    let size = (f64::from(face.size().0), f64::from(face.size().1));
    let centre = (size.0 / 2.0, size.1 / 2.0);
    let half = layout.border / 2.0;
    let border = if face == Face::Name {
        Border::Square { at: (half, half), side: size.0 - layout.border }
    } else {
        Border::Ellipse { centre, radii: (centre.0 - half, centre.1 - half) }
    };
    let mut letters = Vec::new();
    if face == Face::Name {
        grid(&mut letters, &name, size.0, &layout);
    } else {
        ring(&mut letters, &name, centre, &layout, if purpose.is_empty() { WIDEST } else { WIDEST_ABOVE_PURPOSE });
        across(&mut letters, &purpose, centre, &layout);
    }
    let star = if layout.star > 0.0 { star(centre, layout.star / 2.0) } else { Vec::new() };
    Ok(Composition { size, border, stroke: layout.border, star, letters })
}

/// 画印章，得一份独立的 SVG。
pub fn draw(design: &Design<'_>) -> Result<String, PictureError> {
    let seal = compose(design)?;
    let red = format!("#{:02X}{:02X}{:02X}", RED.0, RED.1, RED.2);
    let (w, h) = seal.size;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{w}mm\" height=\"{h}mm\" viewBox=\"0 0 {w} {h}\" role=\"img\"><title>{}</title>",
        escape(design.name.trim())
    );
    let line = format!("fill=\"none\" stroke=\"{red}\" stroke-width=\"{}\"", seal.stroke);
    // 往 String 里写不会失败
    let _ = match seal.border {
        Border::Ellipse { centre, radii } => {
            write!(out, "<ellipse cx=\"{}\" cy=\"{}\" rx=\"{:.3}\" ry=\"{:.3}\" {line}/>", centre.0, centre.1, radii.0, radii.1)
        }
        Border::Square { at, side } => write!(out, "<rect x=\"{}\" y=\"{}\" width=\"{side}\" height=\"{side}\" {line}/>", at.0, at.1),
    };
    if !seal.star.is_empty() {
        let points: Vec<_> = seal.star.iter().map(|(x, y)| format!("{x:.3},{y:.3}")).collect();
        let _ = write!(out, "<polygon fill=\"{red}\" points=\"{}\"/>", points.join(" "));
    }
    let _ = write!(out, "<g fill=\"{red}\" font-family=\"{FONTS}\" text-anchor=\"middle\">");
    for letter in &seal.letters {
        let [a, b, c, d, e, f] = letter.matrix;
        let _ = write!(
            out,
            "<text font-size=\"{}\" transform=\"matrix({a:.4} {b:.4} {c:.4} {d:.4} {e:.3} {f:.3})\">{}</text>",
            letter.size,
            escape(&letter.letter.to_string())
        );
    }
    out.push_str("</g></svg>");
    Ok(out)
}

/// 环排：字脚朝圆心，正上方为中点；椭圆上字脚朝曲线的法线。
fn ring(out: &mut Vec<Letter>, name: &[char], centre: (f64, f64), layout: &Layout, widest: f64) {
    let inset = layout.border + layout.gap + layout.letter;
    // 字的底边所在的半径；宋体基线约在字高的 88% 处
    let rise = layout.letter * 0.12;
    let middle = centre.0.min(centre.1) - inset + layout.letter / 2.0;
    let count = name.len() as f64;
    let natural = (layout.letter / middle).to_degrees() * 1.08;
    // 字少时放宽字距，首尾字心相距不超过最大角度减 20；字多时挤到最大角度以内
    let step =
        if name.len() <= FULL_WIDTH { ((widest - 20.0) / (count - 1.0)).min(natural * 1.45).min(widest / count) } else { widest / count };
    // 内侧（字脚处）的弧长定字宽，免得相叠
    let narrow = (step.to_radians() * middle / layout.letter * 0.94).min(1.0);
    let first = -step * (count - 1.0) / 2.0;
    let (rx, ry) = (centre.0 - inset + rise, centre.1 - inset + rise);
    for (n, c) in name.iter().enumerate() {
        let around = (first + step * n as f64).to_radians();
        // 法线方向：正圆上就是半径方向
        let lean = (around.sin() / rx).atan2(around.cos() / ry);
        let (sin, cos) = lean.sin_cos();
        let (x, y) = (centre.0 + rx * around.sin(), centre.1 - ry * around.cos());
        out.push(Letter { letter: *c, size: layout.letter, matrix: [cos * narrow, sin * narrow, -sin, cos, x, y] });
    }
}

/// 横排：五角星下方，没有五角星的在正中；放不下就缩字宽。
fn across(out: &mut Vec<Letter>, purpose: &[char], centre: (f64, f64), layout: &Layout) {
    let letter = if layout.star > 0.0 { layout.letter * 0.62 } else { layout.letter * 0.9 };
    let y = if layout.star > 0.0 { centre.1 + layout.star / 2.0 + letter * 1.5 } else { centre.1 + letter * 0.9 };
    let reach = centre.0 - layout.border - layout.gap;
    let room = 2.0 * (reach * reach - (y - centre.1) * (y - centre.1)).max(1.0).sqrt() * 0.86;
    let count = purpose.len() as f64;
    let narrow = (room / (letter * count.max(1.0))).min(1.0);
    for (n, c) in purpose.iter().enumerate() {
        let x = centre.0 + (n as f64 - (count - 1.0) / 2.0) * letter * narrow;
        out.push(Letter { letter: *c, size: letter, matrix: [narrow, 0.0, 0.0, 1.0, x, y] });
    }
}

/// 名章：两字竖排一列；三字右一左二；四字两列。
fn grid(out: &mut Vec<Letter>, name: &[char], side: f64, layout: &Layout) {
    let right = name.len().div_ceil(2).min(if name.len() == 3 { 1 } else { 2 });
    let columns: &[&[char]] = if name.len() == 2 { &[name] } else { &[&name[..right], &name[right..]] };
    let room = side - 2.0 * (layout.border + layout.gap);
    let wide = room / columns.len() as f64;
    for (n, column) in columns.iter().enumerate() {
        let tall = room / column.len() as f64;
        let (sx, sy) = (wide / layout.letter * 0.96, tall / layout.letter * 0.96);
        let x = side - layout.border - layout.gap - wide * (n as f64 + 0.5);
        for (k, c) in column.iter().enumerate() {
            let y = layout.border + layout.gap + tall * (k as f64 + 0.88);
            out.push(Letter { letter: *c, size: layout.letter, matrix: [sx, 0.0, 0.0, sy, x, y] });
        }
    }
}

/// 五角星的十个顶点，一角朝上。
fn star(centre: (f64, f64), radius: f64) -> Vec<(f64, f64)> {
    // 标准五角星内外半径之比
    let inner = radius * (18f64.to_radians().sin() / 54f64.to_radians().sin());
    (0..10)
        .map(|n| {
            let reach = if n % 2 == 0 { radius } else { inner };
            let angle = (f64::from(n) * 36.0 - 90.0).to_radians();
            (centre.0 + reach * angle.cos(), centre.1 + reach * angle.sin())
        })
        .collect()
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn design<'a>(face: Face, name: &'a str, purpose: &'a str) -> Design<'a> {
        Design { face, name, purpose }
    }

    #[test]
    fn the_emblem_is_never_drawn() {
        assert_eq!(draw(&design(Face::Government, "广元市昭化区人民政府", "")).unwrap_err(), PictureError::Emblem);
    }

    #[test]
    fn sizes_follow_the_rules() {
        let town = draw(&design(Face::Township, "元坝镇人民政府", "")).unwrap();
        assert!(town.contains("width=\"42mm\"") && town.contains("stroke-width=\"1.2\"") && town.contains("font-size=\"6.75\""));
        assert_eq!(town.matches("<text").count(), 7);
        assert_eq!(town.matches("<polygon").count(), 1);
        let special = draw(&design(Face::Small, "昭化区行政审批局", "行政审批专用章（1）")).unwrap();
        assert!(special.contains("width=\"38mm\""));
        assert_eq!(special.matches("<text").count(), 8 + 10);
        let oval = compose(&design(Face::Oval, "昭化区财政局", "收费专用章")).unwrap();
        assert_eq!((oval.size, oval.letters.len(), oval.star.len()), ((40.0, 30.0), 11, 0));
    }

    #[test]
    fn long_names_are_narrowed_not_shortened_in_height() {
        let long = draw(&design(Face::Department, "广元市昭化区政务服务和公共资源交易管理服务中心办公室", "")).unwrap();
        let seal = compose(&design(Face::Department, "广元市昭化区政务服务和公共资源交易管理服务中心办公室", "")).unwrap();
        let widths: Vec<f64> = seal.letters.iter().map(|l| l.matrix[0].hypot(l.matrix[1])).collect();
        assert_eq!(widths.len(), 26);
        assert!(widths.iter().all(|width| *width < 1.0 && *width > 0.3), "{widths:?}");
        assert_eq!(long.matches("font-size=\"6.75\"").count(), 26);
        let short = compose(&design(Face::Department, "昭化区民政局", "")).unwrap();
        assert!(short.letters.iter().all(|l| (l.matrix[0].hypot(l.matrix[1]) - 1.0).abs() < 1e-9));
    }

    #[test]
    fn every_letter_stays_inside_the_border() {
        for (face, name, purpose) in [
            (Face::Township, "元坝镇人民政府", ""),
            (Face::Department, "广元市昭化区政务服务和公共资源交易管理服务中心办公室", "行政审批专用章（1）"),
            (Face::Oval, "广元市昭化区财政局非税收入征收管理中心", "收费专用章"),
            (Face::Name, "王小明", ""),
            (Face::Name, "李四", ""),
            (Face::Name, "欧阳修文", ""),
        ] {
            let seal = compose(&design(face, name, purpose)).unwrap();
            for l in &seal.letters {
                let (half, [a, b, c, d, e, f]) = (l.size / 2.0, l.matrix);
                for (x, y) in [(-half, 0.0), (half, 0.0), (-half, -l.size * 0.88), (half, -l.size * 0.88)] {
                    let (px, py) = (a * x + c * y + e, b * x + d * y + f);
                    let inside = match seal.border {
                        Border::Ellipse { centre, radii } => ((px - centre.0) / radii.0).powi(2) + ((py - centre.1) / radii.1).powi(2) <= 1.02,
                        Border::Square { at, side } => px >= at.0 && px <= at.0 + side && py >= at.1 && py <= at.1 + side,
                    };
                    assert!(inside, "{name}的“{}”出了边框", l.letter);
                }
            }
        }
        assert_eq!(compose(&design(Face::Name, "欧阳修文甲", "")).unwrap_err(), PictureError::Name);
    }

    #[test]
    fn names_cannot_carry_markup() {
        let svg = draw(&design(Face::Small, "<script>&\"公司", "a<b")).unwrap();
        assert!(!svg.contains("<script>") && svg.contains("&lt;"));
        assert_eq!(draw(&design(Face::Small, "一", "")).unwrap_err(), PictureError::Name);
        assert_eq!(draw(&design(Face::Small, &"长".repeat(37), "")).unwrap_err(), PictureError::Name);
        assert_eq!(draw(&design(Face::Small, "某某公司", &"长".repeat(15))).unwrap_err(), PictureError::Purpose);
    }
}
