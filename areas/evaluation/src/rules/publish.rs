//! 公开脱敏（evaluation §7）：文字审过才公开，姓名只留姓，号码不出现，判无效的不公开。

use crate::model::TextReview;

/// 一条评价的文字能不能公开。
#[must_use]
pub const fn publishable(effective: bool, review: TextReview, private: bool) -> bool {
    effective && matches!(review, TextReview::Passed) && !private
}

/// 公开时的称呼：只留姓；不知道是谁为“匿名”。
#[must_use]
pub fn display_name(masked: &str) -> String {
    match masked.chars().next() {
        Some(first) => format!("{first}**"),
        None => "匿名".to_owned(),
    }
}

/// 这么长的连续数字像电话、证件、门牌以外的号码，一律遮住。
const LONG_NUMBER: usize = 6;

/// 遮住文字里的号码（连续 6 位以上的数字，允许夹空格与横线，含全角与末位 X）和邮箱。
#[must_use]
pub fn redact(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut index = 0;
    while index < chars.len() {
        let run = number_run(&chars[index..]);
        if run > 0 {
            out.push_str("******");
            index += run;
        } else if let Some(length) = email_run(&chars, index) {
            out.push_str("******");
            index += length;
        } else {
            out.push(chars[index]);
            index += 1;
        }
    }
    out
}

fn is_digit(ch: char) -> bool {
    ch.is_ascii_digit() || ('０'..='９').contains(&ch)
}

/// 从头开始的一串号码有多长；不够长为 0。
fn number_run(chars: &[char]) -> usize {
    if !chars.first().is_some_and(|ch| is_digit(*ch)) {
        return 0;
    }
    let (mut digits, mut end) = (0, 0);
    for (index, &ch) in chars.iter().enumerate() {
        if is_digit(ch) {
            digits += 1;
            end = index + 1;
        } else if !matches!(ch, ' ' | '-' | '－' | '—') {
            break;
        }
    }
    if digits < LONG_NUMBER {
        return 0;
    }
    end + usize::from(digits == 17 && chars.get(end).is_some_and(|ch| matches!(ch, 'x' | 'X')))
}

/// 从 `start` 开始的邮箱有多长。
fn email_run(chars: &[char], start: usize) -> Option<usize> {
    let part = |ch: &&char| ch.is_ascii_alphanumeric() || matches!(ch, '.' | '_' | '-');
    if start > 0 && part(&&chars[start - 1]) {
        return None;
    }
    let user = chars[start..].iter().take_while(part).count();
    let at = start + user;
    if user == 0 || chars.get(at) != Some(&'@') {
        return None;
    }
    let host = chars[at + 1..].iter().take_while(part).count();
    (host > 2).then_some(user + 1 + host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_mailboxes_never_show() {
        assert_eq!(redact("打 139 0000 8888 找张三"), "打 ****** 找张三");
        assert_eq!(redact("证号51081119900307001X，等了3天"), "证号******，等了3天");
        assert_eq!(redact("０８３９－８７２２３４５打不通"), "******打不通");
        assert_eq!(redact("写信到 zhang.san@example.cn 没人回"), "写信到 ****** 没人回");
        assert_eq!(redact("2 号窗口等了 40 分钟，跑了 3 趟"), "2 号窗口等了 40 分钟，跑了 3 趟");
    }

    #[test]
    fn only_reviewed_valid_text_is_published() {
        assert!(publishable(true, TextReview::Passed, false));
        assert!(!publishable(false, TextReview::Passed, false));
        assert!(!publishable(true, TextReview::Waiting, false));
        assert!(!publishable(true, TextReview::Passed, true));
        assert_eq!(display_name("王**"), "王**");
        assert_eq!(display_name(""), "匿名");
    }
}
