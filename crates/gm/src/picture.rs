//! 印章图像：按国发〔1999〕25号与常用版式画成 SVG，单位毫米，透明底、红 #E60012。
//!
//! 国徽不得合成：中央为国徽的章必须上传省制印模，这里只会拒绝。
//! 环排的字逐个转到位（不用 `textPath`），各种渲染器都一样，字多时只缩字宽不缩字高。

use std::fmt::Write as _;

use thiserror::Error;

/// 中央图案与直径。
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
}

impl Face {
    /// 直径，毫米。
    pub fn diameter(self) -> u32 {
        match self {
            Self::Government => 45,
            Self::Township | Self::Department => 42,
            Self::Small => 38,
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
    /// 中央图案与直径。
    pub face: Face,
    /// 环排的单位全称。
    pub name: &'a str,
    /// 五角星下横排的字，如“行政审批专用章（1）”，可空。
    pub purpose: &'a str,
}

/// 画不成。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PictureError {
    /// 国徽章不画。
    #[error("中央为国徽的印章不得合成，请上传省制印模")]
    Emblem,
    /// 单位名称放不下。
    #[error("单位名称要有 2–36 个字，不含空白与控制字符")]
    Name,
    /// 横排的字放不下。
    #[error("横排的字不超过 14 个，不含控制字符")]
    Purpose,
}

const RED: &str = "#E60012";
/// 超过几个字就缩字宽。
const FULL_WIDTH: usize = 18;
/// 环排最多占的角度。
const WIDEST: f64 = 270.0;
/// 下面有横排时环排让出下方，最多占的角度。
const WIDEST_ABOVE_PURPOSE: f64 = 220.0;
const FONTS: &str = "'Noto Serif CJK SC','Source Han Serif SC','SimSun',serif";

/// 画印章，得一份独立的 SVG。
pub fn draw(design: &Design<'_>) -> Result<String, PictureError> {
    if design.face.has_emblem() {
        return Err(PictureError::Emblem);
    }
    let name: Vec<char> = design.name.trim().chars().collect();
    if !(2..=36).contains(&name.len()) || name.iter().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(PictureError::Name);
    }
    let purpose = design.purpose.trim();
    if purpose.chars().count() > 14 || purpose.chars().any(char::is_control) {
        return Err(PictureError::Purpose);
    }
    let layout = design.face.layout();
    let size = f64::from(design.face.diameter());
    let centre = size / 2.0;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{size}mm\" height=\"{size}mm\" viewBox=\"0 0 {size} {size}\" role=\"img\">\
         <title>{}</title><circle cx=\"{centre}\" cy=\"{centre}\" r=\"{:.3}\" fill=\"none\" stroke=\"{RED}\" stroke-width=\"{}\"/>\
         <polygon fill=\"{RED}\" points=\"{}\"/><g fill=\"{RED}\" font-family=\"{FONTS}\" text-anchor=\"middle\">",
        escape(design.name.trim()),
        centre - layout.border / 2.0,
        layout.border,
        star(centre, layout.star / 2.0),
    );
    ring(&mut out, &name, centre, &layout, if purpose.is_empty() { WIDEST } else { WIDEST_ABOVE_PURPOSE });
    if !purpose.is_empty() {
        across(&mut out, purpose, centre, &layout);
    }
    out.push_str("</g></svg>");
    Ok(out)
}

/// 环排：字脚朝圆心，正上方为中点。
fn ring(out: &mut String, name: &[char], centre: f64, layout: &Layout, widest: f64) {
    // 字的底边所在的半径；宋体基线约在字高的 88% 处
    let foot = centre - layout.border - layout.gap - layout.letter;
    let baseline = foot + layout.letter * 0.12;
    let middle = foot + layout.letter / 2.0;
    let count = name.len() as f64;
    let natural = (layout.letter / middle).to_degrees() * 1.08;
    // 字少时放宽字距，首尾字心相距不超过最大角度减 20；字多时挤到最大角度以内
    let step =
        if name.len() <= FULL_WIDTH { ((widest - 20.0) / (count - 1.0)).min(natural * 1.45).min(widest / count) } else { widest / count };
    // 内侧（字脚处）的弧长定字宽，免得相叠
    let narrow = (step.to_radians() * middle / layout.letter * 0.94).min(1.0);
    let first = -step * (count - 1.0) / 2.0;
    for (n, c) in name.iter().enumerate() {
        let angle = first + step * n as f64;
        let _ = write!(
            out,
            "<text font-size=\"{}\" transform=\"translate({centre} {centre}) rotate({angle:.3}) translate(0 {:.3}) scale({narrow:.3} 1)\">{}</text>",
            layout.letter,
            -baseline,
            escape(&c.to_string()),
        );
    }
}

/// 五角星下横排，放不下就缩字宽。
fn across(out: &mut String, purpose: &str, centre: f64, layout: &Layout) {
    let letter = layout.letter * 0.62;
    let y = centre + layout.star / 2.0 + letter * 1.5;
    let reach = centre - layout.border - layout.gap;
    let room = 2.0 * (reach * reach - (y - centre) * (y - centre)).max(1.0).sqrt() * 0.86;
    let narrow = (room / (letter * purpose.chars().count() as f64)).min(1.0);
    let _ = write!(
        out,
        "<text font-size=\"{letter:.3}\" transform=\"translate({centre} {y:.3}) scale({narrow:.3} 1)\">{}</text>",
        escape(purpose)
    );
}

/// 五角星的十个顶点，一角朝上。
fn star(centre: f64, radius: f64) -> String {
    // 标准五角星内外半径之比
    let inner = radius * (18f64.to_radians().sin() / 54f64.to_radians().sin());
    (0..10)
        .map(|n| {
            let reach = if n % 2 == 0 { radius } else { inner };
            let angle = (f64::from(n) * 36.0 - 90.0).to_radians();
            format!("{:.3},{:.3}", centre + reach * angle.cos(), centre + reach * angle.sin())
        })
        .collect::<Vec<_>>()
        .join(" ")
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
        assert!(special.contains("width=\"38mm\"") && special.contains("行政审批专用章（1）"));
    }

    #[test]
    fn long_names_are_narrowed_not_shortened_in_height() {
        let long = draw(&design(Face::Department, "广元市昭化区政务服务和公共资源交易管理服务中心办公室", "")).unwrap();
        let widths: Vec<f64> = long.split("scale(").skip(1).filter_map(|rest| rest.split(' ').next()?.parse().ok()).collect();
        assert_eq!(widths.len(), 26);
        assert!(widths.iter().all(|width| *width < 1.0 && *width > 0.3), "{widths:?}");
        assert_eq!(long.matches("font-size=\"6.75\"").count(), 26);
        let short = draw(&design(Face::Department, "昭化区民政局", "")).unwrap();
        assert!(short.contains("scale(1.000 1)"));
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
