//! 二维码：画成可直接嵌进页面的 SVG，不用外部图片、不用脚本。

use std::fmt::Write;

use qrcode::{Color, EcLevel, QrCode};
use tongban_kernel::Problem;

/// 四周留白的格数（GB/T 18284 要求不少于 4 格，否则扫不出来）。
const QUIET: usize = 4;

/// 把 `text`（通常是网址）画成 SVG；`label` 是读屏软件念的说明。
///
/// 颜色固定黑白：深色主题下反色的码多数扫不出来。
///
/// # Errors
/// 内容太长，一个码装不下。
pub fn svg(text: &str, label: &str) -> Result<String, Problem> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(|_| Problem::field("text", "too-long", "内容太长，一个二维码装不下"))?;
    let size = code.width() + 2 * QUIET;
    let mut out = format!(
        "<svg class=\"qr\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {size} {size}\" role=\"img\" \
         shape-rendering=\"crispEdges\" aria-label=\"{}\"><rect width=\"{size}\" height=\"{size}\" fill=\"#fff\"/>\
         <path fill=\"#000\" d=\"",
        escape(label)
    );
    for (y, row) in code.to_colors().chunks(code.width()).enumerate() {
        draw_row(&mut out, row, y + QUIET);
    }
    out.push_str("\"/></svg>");
    Ok(out)
}

/// 二维码的黑白格，一行一行；四周的留白由画的人加。
///
/// # Errors
/// 内容太长，一个码装不下。
pub fn modules(text: &str) -> Result<Vec<Vec<bool>>, Problem> {
    let code = QrCode::with_error_correction_level(text, EcLevel::M)
        .map_err(|_| Problem::field("text", "too-long", "内容太长，一个二维码装不下"))?;
    Ok(code.to_colors().chunks(code.width().max(1)).map(|row| row.iter().map(|c| *c == Color::Dark).collect()).collect())
}

/// 一行里连着的深色格合成一段，文件小一半。
fn draw_row(out: &mut String, row: &[Color], y: usize) {
    let mut x = 0;
    while x < row.len() {
        let run = row[x..].iter().take_while(|color| **color == Color::Dark).count();
        if run > 0 {
            // 往 String 里写不会失败
            let _ = write!(out, "M{} {y}h{run}v1h-{run}z", x + QUIET);
        }
        x += run.max(1);
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_becomes_an_inline_picture_without_styles() {
        let svg = svg("https://zwfw.example.cn/r/3F9K2M7QXZ", "评价二维码 \"收件\"").unwrap();
        assert!(svg.starts_with("<svg class=\"qr\""));
        assert!(svg.contains("aria-label=\"评价二维码 &quot;收件&quot;\""));
        assert!(!svg.contains("style="), "内容安全策略不许行内样式");
        assert!(svg.len() < 10_000, "{} 字节", svg.len());
    }

    #[test]
    fn too_long_a_text_is_refused_in_words() {
        let problem = svg(&"长".repeat(3000), "").unwrap_err();
        assert!(problem.errors[0].detail.contains("太长"));
    }
}
