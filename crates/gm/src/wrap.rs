//! 私钥落盘：PKCS#8 用主密钥以 SM4-GCM 封装，带用途标签，换了用途或改了一个字节都解不开。
//!
//! 封装的样子：`TBK1` ‖ 12 字节一次性随机数 ‖ 密文 ‖ 16 字节校验。主密钥来自文件或环境，不入库、不入日志。

use std::fmt;

use aes_gcm::aead::consts::U12;
use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{AesGcm, KeyInit, Nonce};
use sm4::Sm4;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::key::{KeyError, SecretKey};

const MAGIC: &[u8] = b"TBK1";
const NONCE: usize = 12;
/// 封装多出来的字节数。
pub const OVERHEAD: usize = MAGIC.len() + NONCE + 16;

/// 封装或解封不成。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WrapError {
    /// 不是本系统封装的数据。
    #[error("不是封装过的私钥")]
    Format,
    /// 主密钥不对、用途不符或数据被改。
    #[error("解不开：主密钥不对、用途不符，或数据被改动")]
    Refused,
    /// 解开了，里面不是 SM2 私钥。
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// 主密钥（16 字节 SM4 密钥）。
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 16]>);

impl MasterKey {
    /// 由 16 字节随机密钥构成。
    pub fn new(bytes: [u8; 16]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    fn cipher(&self) -> AesGcm<Sm4, U12> {
        AesGcm::new((&*self.0).into())
    }

    /// 封装任意机密。`nonce` 每次都要新取随机数；`purpose` 写明是谁的什么（如 `seal/51081100000001`）。
    pub fn seal(&self, secret: &[u8], purpose: &str, nonce: &[u8; NONCE]) -> Result<Vec<u8>, WrapError> {
        let payload = Payload { msg: secret, aad: purpose.as_bytes() };
        let boxed = self.cipher().encrypt(&Nonce::<U12>::from(*nonce), payload).map_err(|_| WrapError::Refused)?;
        Ok([MAGIC, nonce, &boxed].concat())
    }

    /// 解封任意机密。
    pub fn open(&self, wrapped: &[u8], purpose: &str) -> Result<Zeroizing<Vec<u8>>, WrapError> {
        let rest = wrapped.strip_prefix(MAGIC).ok_or(WrapError::Format)?;
        let (nonce, boxed) = rest.split_first_chunk::<NONCE>().ok_or(WrapError::Format)?;
        let payload = Payload { msg: boxed, aad: purpose.as_bytes() };
        self.cipher().decrypt(&Nonce::<U12>::from(*nonce), payload).map(Zeroizing::new).map_err(|_| WrapError::Refused)
    }

    /// 封装私钥。
    pub fn seal_key(&self, key: &SecretKey, purpose: &str, nonce: &[u8; NONCE]) -> Result<Vec<u8>, WrapError> {
        self.seal(&key.to_pkcs8()?, purpose, nonce)
    }

    /// 解封私钥。
    pub fn open_key(&self, wrapped: &[u8], purpose: &str) -> Result<SecretKey, WrapError> {
        Ok(SecretKey::from_pkcs8(&self.open(wrapped, purpose)?)?)
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sm4::cipher::BlockCipherEncrypt;

    #[test]
    fn gb_t_32907_sample() {
        let key: [u8; 16] = hex::decode("0123456789abcdeffedcba9876543210").unwrap().try_into().unwrap();
        let mut block = key.into();
        Sm4::new(&key.into()).encrypt_block(&mut block);
        assert_eq!(hex::encode(block), "681edf34d206965e86b3e94f536e4246");
    }

    /// RFC 8998 附录 A.1 的 SM4-GCM 示例。
    #[test]
    fn rfc_8998_sample() {
        let key: [u8; 16] = hex::decode("0123456789abcdeffedcba9876543210").unwrap().try_into().unwrap();
        let nonce: [u8; 12] = hex::decode("00001234567800000000abcd").unwrap().try_into().unwrap();
        let aad = hex::decode("feedfacedeadbeeffeedfacedeadbeefabaddad2").unwrap();
        let plain = hex::decode(
            "aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccddddddddddddddddeeeeeeeeeeeeeeeeffffffffffffffffeeeeeeeeeeeeeeeeaaaaaaaaaaaaaaaa",
        );
        let boxed = MasterKey::new(key).cipher().encrypt(&Nonce::<U12>::from(nonce), Payload { msg: &plain.unwrap(), aad: &aad }).unwrap();
        assert_eq!(hex::encode(&boxed[boxed.len() - 16..]), "83de3541e4c2b58177e065a9bf7b62ec");
    }

    #[test]
    fn keys_come_back_and_nothing_else_does() {
        let (master, key) = (MasterKey::new([3; 16]), SecretKey::generate(&[5; 32]).unwrap());
        let wrapped = master.seal_key(&key, "seal/1", &[8; 12]).unwrap();
        assert_eq!(master.open_key(&wrapped, "seal/1").unwrap().public(), key.public());
        assert_eq!(master.open_key(&wrapped, "seal/2").unwrap_err(), WrapError::Refused);
        assert_eq!(MasterKey::new([4; 16]).open_key(&wrapped, "seal/1").unwrap_err(), WrapError::Refused);
        for at in 0..wrapped.len() {
            let mut bad = wrapped.clone();
            bad[at] ^= 0x40;
            assert!(master.open(&bad, "seal/1").is_err(), "第 {at} 字节");
            assert!(master.open(&wrapped[..at], "seal/1").is_err(), "截断到 {at}");
        }
    }

    #[test]
    fn debug_output_holds_no_secret() {
        let key = SecretKey::generate(&[5; 32]).unwrap();
        let pkcs8 = key.to_pkcs8().unwrap();
        let scalar = hex::encode(&pkcs8[36..68]);
        let shown = format!("{key:?} {:?} {:?}", MasterKey::new([0xab; 16]), key.public());
        assert!(SecretKey::from_scalar(&pkcs8[36..68]).is_ok_and(|again| again.public() == key.public()), "取到的确是私钥");
        assert!(!shown.contains(&scalar) && !shown.contains("171") && !shown.contains("abab"), "{shown}");
    }
}
