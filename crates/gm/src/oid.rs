//! 用到的对象标识，写成 DER 的内容字节（不含标签与长度）。

/// SM2-with-SM3 签名：1.2.156.10197.1.501。
pub const SM2_WITH_SM3: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x83, 0x75];
/// SM2 曲线：1.2.156.10197.1.301。
pub const SM2_CURVE: &[u8] = &[0x2a, 0x81, 0x1c, 0xcf, 0x55, 0x01, 0x82, 0x2d];
/// 椭圆曲线公钥：1.2.840.10045.2.1。
pub const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

/// 名称属性：通用名、国家、市、省、机构、部门。
pub const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
pub const COUNTRY: &[u8] = &[0x55, 0x04, 0x06];
pub const LOCALITY: &[u8] = &[0x55, 0x04, 0x07];
pub const PROVINCE: &[u8] = &[0x55, 0x04, 0x08];
pub const ORGANISATION: &[u8] = &[0x55, 0x04, 0x0a];
pub const DEPARTMENT: &[u8] = &[0x55, 0x04, 0x0b];

/// 证书扩展。
pub const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
pub const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
pub const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
pub const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
pub const CERTIFICATE_POLICIES: &[u8] = &[0x55, 0x1d, 0x20];
pub const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 0x23];
pub const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];

/// 点分写法，给人看；不成样子时给十六进制。
pub fn dotted(content: &[u8]) -> String {
    let mut arcs: Vec<u64> = Vec::new();
    let mut value: u64 = 0;
    for (n, byte) in content.iter().enumerate() {
        if value >> 56 != 0 {
            return hex_of(content);
        }
        value = (value << 7) | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            if arcs.is_empty() {
                let first = (value / 40).min(2);
                arcs.push(first);
                arcs.push(value - first * 40);
            } else {
                arcs.push(value);
            }
            value = 0;
        } else if n + 1 == content.len() {
            return hex_of(content);
        }
    }
    arcs.iter().map(u64::to_string).collect::<Vec<_>>().join(".")
}

fn hex_of(content: &[u8]) -> String {
    content.iter().take(40).map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_matches_the_standards() {
        assert_eq!(dotted(SM2_WITH_SM3), "1.2.156.10197.1.501");
        assert_eq!(dotted(SM2_CURVE), "1.2.156.10197.1.301");
        assert_eq!(dotted(EC_PUBLIC_KEY), "1.2.840.10045.2.1");
        assert_eq!(dotted(&[0x2a, 0x81]), "2a81");
        assert_eq!(dotted(&[0xff; 12]), "ffffffffffffffffffffffff");
    }
}
