//! 展示脱敏：姓名留首字，证件留前 3 后 4，手机留前 3 后 4（accounts §6）。

/// `王*`、`阿***`：姓名只留首字，其余每字一个星，至多三个。
#[must_use]
pub fn name(full: &str) -> String {
    let mut chars = full.trim().chars();
    let Some(first) = chars.next() else { return String::new() };
    let rest = chars.count().clamp(1, 3);
    format!("{first}{}", "*".repeat(rest))
}

/// 单位名称可公开；个人姓名脱敏。
#[must_use]
pub fn applicant(full: &str, is_person: bool) -> String {
    if is_person { name(full) } else { full.to_owned() }
}

/// `510***********0017`。
#[must_use]
pub fn id_number(full: &str) -> String {
    keep(full, 3, 4)
}

/// `139****8888`。
#[must_use]
pub fn mobile(full: &str) -> String {
    keep(full, 3, 4)
}

/// 留头留尾，中间每字一个星；太短的全部遮住。
fn keep(full: &str, head: usize, tail: usize) -> String {
    let chars: Vec<char> = full.trim().chars().collect();
    if chars.len() <= head + tail {
        return "*".repeat(chars.len());
    }
    let middle = chars.len() - head - tail;
    chars[..head].iter().copied().chain(std::iter::repeat_n('*', middle)).chain(chars[head + middle..].iter().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("王建国", "王**")]
    #[case("张三", "张*")]
    #[case("阿依古丽·买买提", "阿***")]
    #[case("", "")]
    #[case("王", "王*")]
    fn names(#[case] full: &str, #[case] masked: &str) {
        assert_eq!(name(full), masked);
    }

    #[test]
    fn numbers() {
        assert_eq!(id_number("510811199003070017"), "510***********0017");
        assert_eq!(mobile("13900008888"), "139****8888");
        assert_eq!(mobile("12345"), "*****");
        assert_eq!(applicant("昭化区某餐饮店", false), "昭化区某餐饮店");
        assert_eq!(applicant("李四", true), "李*");
    }
}
