//! 文字的规整、切词与标出命中。

use std::sync::LazyLock;

use tantivy_jieba::jieba_rs::Jieba;

/// 词典 33 MB，第一次切词时才加载。
static JIEBA: LazyLock<Jieba> = LazyLock::new(Jieba::new);

/// 问话里没有检索意义的词。
const SILENT: &[&str] = &[
    "的",
    "了",
    "吗",
    "呢",
    "吧",
    "啊",
    "我",
    "你",
    "他",
    "她",
    "想",
    "要",
    "去",
    "在",
    "和",
    "与",
    "及",
    "或",
    "是",
    "有",
    "把",
    "被",
    "给",
    "怎么",
    "怎样",
    "如何",
    "什么",
    "哪里",
    "哪儿",
    "哪个",
    "请问",
    "一下",
    "一个",
    "可以",
    "能",
    "能否",
    "能不能",
    "需要",
    "应该",
    "多少",
    "多久",
    "哪些",
    "怎么办",
    "在哪",
    "我要",
    "我想",
    "流程",
    "材料",
    "手续",
    "条件",
    "指南",
    "事项",
    "业务",
    "咨询",
    "个",
    "到",
    "为",
    "对",
    "这",
    "那",
    "就",
    "都",
    "还",
    "也",
];

/// 几乎每个事项都有的词：有别的词时不算数。
const WEAK: &[&str] = &["办理", "申请", "办", "申办", "新办", "开", "做", "弄", "搞", "拿", "领", "交", "登记", "证", "新"];

/// 全角转半角、转小写、非字母数字换成空格。
#[must_use]
pub fn normalise(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
            '\u{3000}' => ' ',
            other => other,
        })
        .flat_map(char::to_lowercase)
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect()
}

/// 规整后去掉全部空格：整题比对用。
#[must_use]
pub fn squeeze(text: &str) -> String {
    normalise(text).split_whitespace().collect()
}

/// 建索引用的细切：长词连同它里面的短词。
#[must_use]
pub fn cut_fine(text: &str) -> Vec<String> {
    let text = normalise(text);
    text.split_whitespace().flat_map(|part| JIEBA.cut_for_search(part, true)).map(|token| token.word.to_owned()).collect()
}

/// 查询用的粗切。
#[must_use]
pub fn cut_coarse(text: &str) -> Vec<String> {
    let text = normalise(text);
    text.split_whitespace().flat_map(|part| JIEBA.cut(part, true)).map(|token| token.word.to_owned()).collect()
}

/// 查询里留下来的词：去掉问话词；除非别无他词，否则也去掉泛词。
#[must_use]
pub fn meaningful(words: Vec<String>) -> Vec<String> {
    let kept: Vec<String> = words.into_iter().filter(|w| !SILENT.contains(&w.as_str())).collect();
    let strong: Vec<String> = kept.iter().filter(|w| !WEAK.contains(&w.as_str())).cloned().collect();
    if strong.is_empty() { kept } else { strong }
}

/// 是否泛词或问话词（同义词换过之后剩下的零碎）。
#[must_use]
pub fn is_filler(word: &str) -> bool {
    SILENT.contains(&word) || WEAK.contains(&word)
}

/// 相邻两字的片段；单字成一段。
#[must_use]
pub fn bigrams(text: &str) -> Vec<String> {
    let text = normalise(text);
    let mut grams = Vec::new();
    for part in text.split_whitespace() {
        let chars: Vec<char> = part.chars().collect();
        if let [single] = chars.as_slice() {
            grams.push(single.to_string());
        }
        grams.extend(chars.windows(2).map(|pair| pair.iter().collect::<String>()));
    }
    grams
}

/// 命中附近的一段，约 `width` 个字。
#[must_use]
pub fn snippet(text: &str, words: &[String], width: usize) -> String {
    let lower = text.to_lowercase();
    let at = if lower.len() == text.len() { words.iter().filter_map(|w| lower.find(w.as_str())).min() } else { None };
    let before = at.map_or(0, |byte| text.get(..byte).map_or(0, |head| head.chars().count()));
    let start = before.saturating_sub(width / 4);
    let total = text.chars().count();
    let middle: String = text.chars().skip(start).take(width).collect();
    let head = if start > 0 { "…" } else { "" };
    let tail = if start + width < total { "…" } else { "" };
    format!("{head}{}{tail}", middle.trim())
}

/// 把文字切成（是否命中，片段）的序列，页面据此加 `<mark>`；由页面转义。
#[must_use]
pub fn highlight<'t>(text: &'t str, words: &[String]) -> Vec<(bool, &'t str)> {
    let mut pieces = Vec::new();
    let (mut plain, mut at) = (0, 0);
    while at < text.len() {
        let rest = &text[at..];
        let hit = words
            .iter()
            .filter(|w| !w.is_empty())
            .filter(|w| rest.get(..w.len()).is_some_and(|head| head.eq_ignore_ascii_case(w)))
            .map(String::len)
            .max();
        if let Some(len) = hit {
            if plain < at {
                pieces.push((false, &text[plain..at]));
            }
            pieces.push((true, &text[at..at + len]));
            at += len;
            plain = at;
        } else {
            at += rest.chars().next().map_or(1, char::len_utf8);
        }
    }
    if plain < text.len() {
        pieces.push((false, &text[plain..]));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_width_and_case_do_not_matter() {
        assert_eq!(squeeze("ＥＴＣ（新办）"), "etc新办");
    }

    #[test]
    fn questions_keep_only_what_matters() {
        assert_eq!(meaningful(cut_coarse("我想办理护照")), ["护照"]);
        assert_eq!(meaningful(vec!["办理".into()]), ["办理"]);
    }

    #[test]
    fn hits_are_marked_and_nothing_is_lost() {
        let words = ["社会".to_owned(), "社会保障卡".to_owned()];
        let pieces = highlight("《社会保障卡》申领", &words);
        assert_eq!(pieces, [(false, "《"), (true, "社会保障卡"), (false, "》申领")]);
        assert_eq!(highlight("", &words), []);
    }

    #[test]
    fn snippets_start_near_the_hit() {
        let text = "一".repeat(100) + "平面图" + &"二".repeat(100);
        let shown = snippet(&text, &["平面图".to_owned()], 40);
        assert!(shown.contains("平面图") && shown.starts_with('…') && shown.ends_with('…'));
        assert_eq!(shown.chars().count(), 42);
    }
}
