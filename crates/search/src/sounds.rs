//! 读音：声母首字母“sbk”、全拼“shebaoka”、同音错字“社保咖”。

use pinyin::ToPinyin;

use crate::words::normalise;

/// 常见词里读音与单字默认读音不同的。
const SPECIAL: &[(&str, &[&str])] = &[
    ("银行", &["yin", "hang"]),
    ("行业", &["hang", "ye"]),
    ("重新", &["chong", "xin"]),
    ("重婚", &["chong", "hun"]),
    ("校长", &["xiao", "zhang"]),
    ("家长", &["jia", "zhang"]),
    ("会计", &["kuai", "ji"]),
    ("音乐", &["yin", "yue"]),
    ("调动", &["diao", "dong"]),
    ("调档", &["diao", "dang"]),
    ("供给", &["gong", "ji"]),
    ("给付", &["ji", "fu"]),
];

/// 每段连续文字的音节；不是汉字的字母数字原样成一个音节。
#[must_use]
pub fn syllables(text: &str) -> Vec<Vec<String>> {
    normalise(text).split_whitespace().map(syllables_of_part).filter(|part| !part.is_empty()).collect()
}

fn syllables_of_part(part: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = part;
    while let Some(c) = rest.chars().next() {
        if let Some((word, sounds)) = SPECIAL.iter().find(|(word, _)| rest.starts_with(word)) {
            found.extend(sounds.iter().map(ToString::to_string));
            rest = &rest[word.len()..];
        } else {
            found.push(syllable_of(c).unwrap_or_else(|| c.to_string()));
            rest = &rest[c.len_utf8()..];
        }
    }
    found
}

/// 一个汉字单独的读音；不是汉字为 `None`。
#[must_use]
pub fn syllable_of(c: char) -> Option<String> {
    c.to_pinyin().map(|sound| sound.plain().replace('ü', "v"))
}

/// 首字母：`社保卡` → `sbk`。
#[must_use]
pub fn initials_of(text: &str) -> String {
    syllables(text).iter().flatten().filter_map(|syllable| syllable.chars().next()).collect()
}

/// 全拼：`社保卡` → `shebaoka`。
#[must_use]
pub fn spelling_of(text: &str) -> String {
    syllables(text).concat().concat()
}

/// 首字母里长 2–4 的连续片段，供从中间开始的查找。
#[must_use]
pub fn initial_grams(text: &str) -> Vec<String> {
    let mut grams = Vec::new();
    for part in syllables(text) {
        let letters: Vec<char> = part.iter().filter_map(|syllable| syllable.chars().next()).collect();
        for width in 2..=4 {
            grams.extend(letters.windows(width).map(|run| run.iter().collect::<String>()));
        }
    }
    grams
}

/// 一串首字母查询拆成的片段；都要命中。
#[must_use]
pub fn initial_query(letters: &str) -> Vec<String> {
    let letters: Vec<char> = letters.chars().collect();
    if letters.len() <= 4 {
        return vec![letters.iter().collect()];
    }
    letters.windows(4).map(|run| run.iter().collect()).collect()
}

/// 相邻两个音节：`she.bao`、`bao.ka`。
#[must_use]
pub fn sound_pairs(text: &str) -> Vec<String> {
    syllables(text).iter().flat_map(|part| pairs(part)).collect()
}

/// 相邻两个音节连成一词。
#[must_use]
pub fn pairs<S: AsRef<str>>(syllables: &[S]) -> Vec<String> {
    syllables
        .windows(2)
        .filter_map(|pair| match pair {
            [a, b] => Some(format!("{}.{}", a.as_ref(), b.as_ref())),
            _ => None,
        })
        .collect()
}

/// 普通话的全部声母与韵母，用来把一串字母切成音节。
const INITIALS: &[&str] =
    &["zh", "ch", "sh", "b", "p", "m", "f", "d", "t", "n", "l", "g", "k", "h", "j", "q", "x", "r", "z", "c", "s", "y", "w", ""];
const FINALS: &[&str] = &[
    "iang", "iong", "uang", "ang", "eng", "ing", "ong", "ian", "iao", "uan", "uai", "ai", "ei", "ao", "ou", "an", "en", "in", "un", "ia",
    "ie", "iu", "ua", "uo", "ui", "ue", "ve", "er", "a", "o", "e", "i", "u", "v",
];

fn is_syllable(text: &str) -> bool {
    INITIALS.iter().any(|initial| text.strip_prefix(initial).is_some_and(|rest| FINALS.contains(&rest)))
}

/// 把一串字母切成最少的音节；切不开时为 `None`。
#[must_use]
pub fn split_spelling(letters: &str) -> Option<Vec<&str>> {
    if letters.len() > 60 || !letters.bytes().all(|b| b.is_ascii_lowercase()) {
        return None;
    }
    let mut best: Vec<Option<(usize, usize)>> = vec![None; letters.len() + 1];
    best[0] = Some((0, 0));
    for end in 1..=letters.len() {
        for start in end.saturating_sub(6)..end {
            let Some((count, _)) = best[start] else { continue };
            let better = best[end].is_none_or(|(known, _)| count + 1 < known);
            if better && is_syllable(&letters[start..end]) {
                best[end] = Some((count + 1, start));
            }
        }
    }
    let mut parts = Vec::new();
    let mut end = letters.len();
    while end > 0 {
        let (_, start) = best[end]?;
        parts.push(&letters[start..end]);
        end = start;
    }
    parts.reverse();
    Some(parts)
}

/// 两串字母是否最多差一处（多一个、少一个、错一个、相邻互换）。
#[must_use]
pub fn nearly_equal(a: &str, b: &str) -> bool {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let same = a.iter().zip(b).take_while(|(x, y)| x == y).count();
    let (rest_a, rest_b) = (&a[same..], &b[same..]);
    match (rest_a, rest_b) {
        ([], []) => true,
        ([x1, y1, more_a @ ..], [x2, y2, more_b @ ..]) if x1 == y2 && y1 == x2 && more_a == more_b => true,
        _ => {
            let skip_a = rest_a.get(1..).unwrap_or_default();
            let skip_b = rest_b.get(1..).unwrap_or_default();
            skip_a == rest_b || rest_a == skip_b || skip_a == skip_b
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_and_spelling() {
        assert_eq!(initials_of("社保卡"), "sbk");
        assert_eq!(spelling_of("社保卡"), "shebaoka");
        assert_eq!(spelling_of("银行账户"), "yinhangzhanghu");
        assert_eq!(initials_of("二手车ETC"), "escetc");
    }

    #[test]
    fn letters_are_cut_into_the_fewest_syllables() {
        assert_eq!(split_spelling("shebaoka"), Some(vec!["she", "bao", "ka"]));
        assert_eq!(split_spelling("yingyezhizhao"), Some(vec!["ying", "ye", "zhi", "zhao"]));
        assert_eq!(split_spelling("sbk"), None);
    }

    #[test]
    fn one_slip_is_forgiven() {
        assert!(nearly_equal("shebaka", "shebaoka"));
        assert!(nearly_equal("shebaokaa", "shebaoka"));
        assert!(nearly_equal("shebaoak", "shebaoka"));
        assert!(nearly_equal("shebaoka", "shebaoka"));
        assert!(!nearly_equal("shenfenzheng", "shebaoka"));
        assert!(!nearly_equal("shebk", "shebaoka"));
    }
}
