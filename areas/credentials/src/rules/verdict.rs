//! 验证结论的大白话：先说能不能信，再说为什么，最后说怎么办。

use tongban_gm::Conclusion;

/// 给群众看的结论。
pub struct Verdict {
    /// `g`、`y`、`r`。
    pub tone: &'static str,
    pub title: &'static str,
    pub advice: &'static str,
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
