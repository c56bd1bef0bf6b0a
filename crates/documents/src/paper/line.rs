//! 断行：汉字之间可断，西文单词与数字不断开，收尾标点不落在行首，起头标点不落在行尾。

use super::font::{FontError, Ruler};

/// 不许在行首的标点。
const NOT_FIRST: &str = "，。、；：？！）》」』】〕〉”’…—·,.;:?!)]}%‰℃";
/// 不许在行尾的标点。
const NOT_LAST: &str = "（《「『【〔〈“‘([{￥";

/// 不能拆开的一小段：一个汉字（连同它后面的收尾标点），或一个西文单词。
struct Piece {
    text: String,
    width: f64,
}

/// 把一段话断成若干行，每行不超过 `width` 毫米；首行另让出 `indent`。换行符另起一行。
///
/// # Errors
/// 字体缺字。
pub fn wrap(ruler: &Ruler<'_>, text: &str, size: f64, width: f64, indent: f64) -> Result<Vec<String>, FontError> {
    let mut lines = Vec::new();
    for (n, part) in text.split('\n').enumerate() {
        let first = if n == 0 { width - indent } else { width };
        fill(pieces(ruler, part.trim_end_matches('\r'), size)?, first, width, &mut lines);
    }
    Ok(lines)
}

fn fill(pieces: Vec<Piece>, first: f64, width: f64, lines: &mut Vec<String>) {
    let (mut line, mut used, mut room) = (String::new(), 0.0, first);
    for piece in pieces {
        if used + piece.width > room + 0.01 && !line.is_empty() {
            lines.push(std::mem::take(&mut line));
            (used, room) = (0.0, width);
        }
        if line.is_empty() && piece.text == " " {
            continue;
        }
        used += piece.width;
        line.push_str(&piece.text);
    }
    lines.push(line);
}

fn pieces(ruler: &Ruler<'_>, text: &str, size: f64) -> Result<Vec<Piece>, FontError> {
    let mut out: Vec<Piece> = Vec::new();
    for letter in text.chars() {
        let width = ruler.glyph(letter)?.1 * size;
        match out.last_mut() {
            // 单词再长也不许超出三十字，否则一串编号会冲出页边
            Some(last) if joins(&last.text, letter) && last.text.chars().count() < 30 => {
                last.text.push(letter);
                last.width += width;
            }
            _ => out.push(Piece { text: letter.to_string(), width }),
        }
    }
    Ok(out)
}

fn joins(piece: &str, letter: char) -> bool {
    let Some(last) = piece.chars().last() else { return false };
    let word = |c: char| c.is_ascii_graphic();
    NOT_FIRST.contains(letter) || NOT_LAST.contains(last) || (word(last) && word(letter))
}

#[cfg(test)]
mod tests {
    use super::super::font;
    use super::*;

    #[test]
    fn punctuation_never_opens_a_line_and_words_stay_whole() {
        let font = font::shared().unwrap();
        let ruler = font.ruler();
        let text = "您（单位）于2026年11月23日提出的“食品经营许可（新办）”申请，编号510811-20261123-000123，经审查，符合《食品经营许可管理办法》第十二条规定，现予受理。";
        for width in [30.0, 47.0, 61.0, 90.0, 160.0] {
            let lines = wrap(&ruler, text, 4.94, width, 9.88).unwrap();
            assert_eq!(lines.concat(), text);
            for line in &lines {
                assert!(!NOT_FIRST.contains(line.chars().next().unwrap()), "{line}");
                assert!(!NOT_LAST.contains(line.chars().last().unwrap()), "{line}");
                if line.chars().count() > 30 {
                    assert!(ruler.width(line, 4.94).unwrap() <= width + 0.02, "{line}");
                }
            }
            if width > 80.0 {
                assert!(lines.iter().any(|line| line.contains("510811-20261123-000123")), "编号不断开");
            }
        }
    }

    #[test]
    fn a_letter_the_font_lacks_is_named() {
        let font = font::shared().unwrap();
        let error = wrap(&font.ruler(), "甲\u{10FFFD}", 5.0, 100.0, 0.0).unwrap_err();
        assert!(matches!(error, FontError::Lacks('\u{10FFFD}')), "{error}");
    }
}
