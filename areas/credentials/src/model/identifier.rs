//! 证照标识（GB/T 36904）：`根.类型代码.颁发机构代码.流水号.版本号.校验位`，校验位为 ISO/IEC 7064 MOD 37,36。

use std::fmt;

use tongban_kernel::problem::Reason;

/// 固定的根。
pub const ROOT: &str = "1.2.156.3005.2";

/// 一个校验过的证照标识。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identifier {
    /// 类型代码 21 位。
    pub kind: String,
    /// 颁发机构代码。
    pub issuer: String,
    /// 流水号。
    pub serial: String,
    /// 版本号 1–999。
    pub edition: u32,
}

impl Identifier {
    /// 由各段构成；只收数字与字母，小写转大写。
    ///
    /// # Errors
    /// 有别的字符、某段为空，或版本超出三位。
    pub fn new(kind: &str, issuer: &str, serial: &str, edition: u32) -> Result<Self, Reason> {
        let part = |text: &str| {
            let upper = text.trim().to_ascii_uppercase();
            let good = !upper.is_empty() && upper.len() <= 40 && upper.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase());
            if good { Ok(upper) } else { Err(Reason::new("identifier", "证照标识的各段只能是数字和大写字母")) }
        };
        if !(1..=999).contains(&edition) {
            return Err(Reason::new("identifier", "证照版本号是 001 到 999"));
        }
        Ok(Self { kind: part(kind)?, issuer: part(issuer)?, serial: part(serial)?, edition })
    }

    /// 从全文读，容忍有没有根、大小写；校验位必须对。
    ///
    /// # Errors
    /// 段数不对、字符不对或校验位不符。
    pub fn parse(text: &str) -> Result<Self, Reason> {
        let upper = text.trim().to_ascii_uppercase();
        let bare = upper.strip_prefix(ROOT).and_then(|rest| rest.strip_prefix('.')).unwrap_or(&upper);
        let wrong = || Reason::new("identifier", "证照标识不完整，应是五段加一位校验码，用点隔开");
        let [kind, issuer, serial, edition, check] = <[&str; 5]>::try_from(bare.split('.').collect::<Vec<_>>()).map_err(|_| wrong())?;
        if edition.len() != 3 || check.len() != 1 {
            return Err(wrong());
        }
        let found = Self::new(kind, issuer, serial, edition.parse().map_err(|_| wrong())?)?;
        if found.check().to_string() == check { Ok(found) } else { Err(Reason::new("identifier-checksum", "证照标识的校验码不对，请核对有没有抄错")) }
    }

    /// 校验位：对“类型+机构+流水+版本”去点、不含根的串。
    #[must_use]
    pub fn check(&self) -> char {
        check_character(&format!("{}{}{}{:03}", self.kind, self.issuer, self.serial, self.edition))
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{ROOT}.{}.{}.{}.{:03}.{}", self.kind, self.issuer, self.serial, self.edition, self.check())
    }
}

/// ISO/IEC 7064 MOD 37,36。不是数字与大写字母的字符不参与（调用者已查过）。
#[must_use]
pub fn check_character(body: &str) -> char {
    let mut carry = 36_u32;
    for value in body.chars().filter_map(|c| c.to_digit(36)) {
        let sum = (carry + value) % 36;
        carry = (if sum == 0 { 36 } else { sum }) * 2 % 37;
    }
    char::from_digit((37 - carry) % 36, 36).unwrap_or('0').to_ascii_uppercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 规格 §7.1 的四个真实标识与演示例。
    const REAL: &[&str] = &[
        "11430000006122244L",
        "11100000000013338W011.11430000006122244L.20230000403.001.U",
        "11100000000013338W032.11220000013544541J.2430599.001.F",
        "11100000MB03271699022.340100.000000016.001.9",
        "11100000000013338W009.11330105002500287C.2025052201.002.0",
        "11100000MB0341032Y002.11510811008500011B.202600000001.001.Q",
    ];

    #[test]
    fn real_identifiers_pass_with_or_without_the_root() {
        for text in &REAL[1..] {
            let bare = Identifier::parse(text).unwrap();
            assert_eq!(bare.to_string(), format!("{ROOT}.{text}"));
            assert_eq!(Identifier::parse(&bare.to_string()).unwrap(), bare);
            assert_eq!(Identifier::parse(&text.to_lowercase()).unwrap(), bare);
        }
        assert!(Identifier::parse(REAL[0]).is_err());
    }

    /// 规格 §11-7：四个真实标识与我方的一个，任一字符换成任一别的都被拒；规格的例子连相邻换位也都查出。
    #[test]
    fn every_single_substitution_and_neighbour_swap_is_found() {
        let mut tried = 0;
        for text in &REAL[1..] {
            let letters: Vec<char> = text.chars().collect();
            for at in (0..letters.len()).filter(|at| letters[*at] != '.') {
                for other in ('0'..='9').chain('A'..='Z').chain(['.', '-', ' ', 'é', '０']).filter(|other| *other != letters[at]) {
                    let mut changed = letters.clone();
                    changed[at] = other;
                    assert!(Identifier::parse(&changed.iter().collect::<String>()).is_err(), "{text} 第 {at} 位换成 {other}");
                    tried += 1;
                }
                // 混合系统（MOD 37,36）换位只是几乎都查得出；规格说穷举过的是这个例子
                if *text == REAL[5] && at + 1 < letters.len() && letters[at] != letters[at + 1] && letters[at + 1] != '.' {
                    let mut swapped = letters.clone();
                    swapped.swap(at, at + 1);
                    assert!(Identifier::parse(&swapped.iter().collect::<String>()).is_err(), "{text} 换位 {at}");
                }
            }
        }
        assert!(tried > 9_000, "{tried}");
    }
}
