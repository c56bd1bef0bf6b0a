//! SM3 杂凑。

use sm3::{Digest, Sm3};

/// SM3 杂凑值。
pub type Digest32 = [u8; 32];

/// 一段字节的 SM3。
pub fn sm3(bytes: &[u8]) -> Digest32 {
    Sm3::digest(bytes).into()
}

/// 几段字节首尾相接的 SM3，不拼接。
pub fn sm3_of(parts: &[&[u8]]) -> Digest32 {
    let mut hasher = Sm3::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// 十六进制写法，给人看（指纹）。
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gb_t_32905_samples() {
        assert_eq!(hex(&sm3(b"abc")), "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
        let long = b"abcd".repeat(16);
        assert_eq!(hex(&sm3(&long)), "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732");
        assert_eq!(sm3_of(&[b"a", b"", b"bc"]), sm3(b"abc"));
    }
}
