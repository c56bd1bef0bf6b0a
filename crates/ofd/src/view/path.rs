//! 路径数据：OFD 的 `AbbreviatedData`（S M L Q B A C）译成 SVG 的；别的字符都不放行。

use std::fmt::Write;

/// 译一段；写错的地方到此为止。
pub(super) fn translate(data: &str) -> String {
    let mut out = String::with_capacity(data.len());
    let mut words = data.split_ascii_whitespace().peekable();
    while let Some(word) = words.next() {
        let (letter, count) = match word {
            "S" | "M" => ('M', 2),
            "L" => ('L', 2),
            "Q" => ('Q', 4),
            "B" => ('C', 6),
            "A" => ('A', 7),
            "C" => ('Z', 0),
            _ => break,
        };
        let numbers: Vec<f64> = std::iter::from_fn(|| words.next_if(|word| word.parse::<f64>().is_ok_and(f64::is_finite))).take(count).filter_map(|word| word.parse().ok()).collect();
        if numbers.len() < count {
            break;
        }
        out.push(letter);
        for number in numbers {
            // 往 String 里写不会失败
            let _ = write!(out, " {number}");
        }
        out.push(' ');
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn only_known_commands_get_through() {
        assert_eq!(super::translate("M 0 0 L 1 2 B 1 2 3 4 5 6 C"), "M 0 0 L 1 2 C 1 2 3 4 5 6 Z ");
        assert_eq!(super::translate("M 0 0 L 1"), "M 0 0 ");
        assert_eq!(super::translate("M 0 0 \"/><script>"), "M 0 0 ");
        assert_eq!(super::translate("M NaN 0"), "");
    }
}
