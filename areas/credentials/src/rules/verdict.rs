//! 验证结论的大白话：先说能不能信，再说为什么，最后说怎么办。

use jiff::Timestamp;
use tongban_gm::Conclusion;

/// 给群众看的结论。
pub struct Verdict {
    /// `g`、`y`、`r`。
    pub tone: &'static str,
    pub title: &'static str,
    pub advice: &'static str,
}

/// 加注件过期的结论（规格 §7.6）。
pub const COPY_OVER: &str = "加注件已过期";

/// 加注件过没过截止；早先只写日子的，当天还算有效。
#[must_use]
pub fn copy_is_over(until: &str, now: Timestamp) -> bool {
    let now = crate::issue::iso_second(now);
    if until.len() <= 10 { until < &now[..10] } else { until <= now.as_str() }
}

/// 文件的结论与加注件的截止合起来说：文件是真的而副本过了期，就说过期。
#[must_use]
pub fn of_file(conclusion: Conclusion, copy_over: bool) -> Verdict {
    if copy_over && conclusion.is_valid() {
        return Verdict { tone: "r", title: COPY_OVER, advice: "文件是真的，但过了写明的截止时间，不能再用；请让持证人或颁发单位重新做一份。" };
    }
    plain(conclusion)
}

/// 一个结论怎么说。
#[must_use]
pub fn plain(conclusion: Conclusion) -> Verdict {
    let (tone, title, advice) = match conclusion {
        Conclusion::Valid => ("g", "这份文件是真的，自盖章以来没有改动过", "可以使用。证照还要看它现在的状态，见下方。"),
        Conclusion::ValidExpiredNow => ("y", "盖章时有效，印章或证书现在已过期", "文件本身仍然是真的；办新事请确认对方是否接受。"),
        Conclusion::Tampered => ("r", "这份文件被改动过，不能用", "请向颁发单位重新获取。"),
        Conclusion::SealInvalid => ("r", "文件上的印章是假的或已失效，不能用", "请与颁发单位核实。"),
        Conclusion::SignerNotAuthorized => ("r", "盖章的人无权使用这枚印章，不能用", "请与颁发单位核实。"),
        Conclusion::CertUntrusted => ("r", "不能确认是谁盖的章", "印章的证书不在本平台信任的范围；请到颁发单位的平台验真。"),
        Conclusion::RevokedBeforeSigning => ("r", "盖章之前证书已被撤销，不能用", "请与颁发单位核实。"),
        Conclusion::Uncovered => ("r", "文件里有内容没有被印章保护，不能用", "可能是没有盖章，或盖章之后又加了东西；请向颁发单位重新获取。"),
        Conclusion::Malformed => ("r", "这不是完整的电子文书，读不出", "请确认文件没有损坏，上传 .ofd 原文件，不要截图、不要另存。"),
        Conclusion::Unsupported => ("y", "这种签章本平台还不会验", "请到颁发单位的平台验真。"),
    };
    Verdict { tone, title, advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_over_at_its_second_or_after_its_day() {
        let now: Timestamp = "2026-11-23T10:00:00+08:00".parse().unwrap();
        for (until, over) in [("2026-11-23 10:00:00", true), ("2026-11-23 10:00:01", false), ("2026-11-23", false), ("2026-11-22", true)] {
            assert_eq!(copy_is_over(until, now), over, "{until}");
        }
        assert_eq!(of_file(Conclusion::Valid, true).title, COPY_OVER);
        assert_eq!(of_file(Conclusion::Tampered, true).title, plain(Conclusion::Tampered).title, "改过的首先是改过");
    }
}
