//! 个人信息：SM4 加密存放，带密钥的 SM3 散列查重（accounts §7）。
//!
//! 密文 = 钥号(1) ‖ 合成初值(16) ‖ SM4-CTR(明文)。初值由明文算出（SIV 做法）：
//! 单元重跑得到同样的密文，解密时重算初值就能发现改动。钥匙只在文件或环境里，不进数据库。

use std::path::Path;

use ctr::cipher::{KeyIvInit, StreamCipher};
use hmac::{Hmac, KeyInit, Mac};
use sm3::Sm3;
use sm4::Sm4;

use crate::error::{Error, Result};

type Sm4Ctr = ctr::Ctr128BE<Sm4>;

/// 当前钥号；轮换时加一并保留旧钥。
const KEY_NUMBER: u8 = 1;

/// 加密与散列的钥匙。
#[derive(Clone)]
pub struct Keys {
    cipher: [u8; 16],
    mac: [u8; 32],
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

impl Keys {
    /// 由 32 字节主钥派生。
    #[must_use]
    pub fn derive(master: &[u8; 32]) -> Self {
        let cipher = hmac(master, &[b"tongban.personal.cipher"]);
        let mac = hmac(master, &[b"tongban.personal.mac"]);
        let mut short = [0; 16];
        short.copy_from_slice(&cipher[..16]);
        Self { cipher: short, mac }
    }

    /// 从文件读 64 位十六进制主钥；没有就生成一把（只有属主可读）。
    ///
    /// # Errors
    /// 文件读写失败，或内容不是 64 位十六进制。
    pub fn open(path: &Path) -> Result<Self> {
        if !path.exists() {
            let mut master = [0_u8; 32];
            getrandom::fill(&mut master).map_err(|error| Error::Io(error.to_string()))?;
            write_private(path, &hex::encode(master)).map_err(|error| Error::Io(format!("写 {}：{error}", path.display())))?;
        }
        let text = std::fs::read_to_string(path).map_err(|error| Error::Io(format!("读 {}：{error}", path.display())))?;
        Self::from_hex(&text)
    }

    /// 64 位十六进制主钥。
    ///
    /// # Errors
    /// 不是 64 位十六进制。
    pub fn from_hex(text: &str) -> Result<Self> {
        let bytes = hex::decode(text.trim()).map_err(|_| Error::Io("主钥应为 64 位十六进制".to_owned()))?;
        let master: [u8; 32] = bytes.try_into().map_err(|_| Error::Io("主钥应为 64 位十六进制".to_owned()))?;
        Ok(Self::derive(&master))
    }

    pub(crate) fn seal(&self, plain: &str) -> Vec<u8> {
        let iv = self.synthetic_iv(plain.as_bytes());
        let mut out = Vec::with_capacity(17 + plain.len());
        out.push(KEY_NUMBER);
        out.extend_from_slice(&iv);
        out.extend_from_slice(plain.as_bytes());
        Sm4Ctr::new(&self.cipher.into(), &iv.into()).apply_keystream(&mut out[17..]);
        out
    }

    pub(crate) fn unseal(&self, sealed: &[u8]) -> Result<String> {
        let (Some(&KEY_NUMBER), Some(iv), Some(body)) = (sealed.first(), sealed.get(1..17), sealed.get(17..)) else {
            return Err(Error::Shape("密文太短或钥号不认识"));
        };
        let iv: [u8; 16] = iv.try_into().map_err(|_| Error::Shape("密文太短"))?;
        let mut plain = body.to_vec();
        Sm4Ctr::new(&self.cipher.into(), &iv.into()).apply_keystream(&mut plain);
        if self.synthetic_iv(&plain) != iv {
            return Err(Error::Shape("密文被改过或钥匙不对"));
        }
        String::from_utf8(plain).map_err(|_| Error::Shape("密文内容不是文本"))
    }

    pub(crate) fn digest(&self, kind: &str, normalised: &str) -> Vec<u8> {
        hmac(&self.mac, &[kind.as_bytes(), &[0], normalised.as_bytes()]).to_vec()
    }

    fn synthetic_iv(&self, plain: &[u8]) -> [u8; 16] {
        let full = hmac(&self.mac, &[b"iv\0", plain]);
        let mut iv = [0; 16];
        iv.copy_from_slice(&full[..16]);
        iv
    }
}

fn hmac(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    // 32 字节钥匙总是合法；HMAC 接受任意长度
    let Ok(mut mac) = Hmac::<Sm3>::new_from_slice(key) else {
        return [0; 32];
    };
    parts.iter().for_each(|part| mac.update(part));
    mac.finalize().into_bytes().into()
}

#[cfg(unix)]
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?.write_all(text.as_bytes())
}

#[cfg(not(unix))]
fn write_private(path: &Path, text: &str) -> std::io::Result<()> {
    std::fs::write(path, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sealed_text_opens_and_any_changed_byte_is_refused() {
        let keys = Keys::derive(&[7; 32]);
        let sealed = keys.seal("510811199003070017");
        assert_eq!(keys.unseal(&sealed).unwrap(), "510811199003070017");
        assert_eq!(sealed, keys.seal("510811199003070017"), "重跑单元得到同样的密文");
        for at in 0..sealed.len() {
            let mut broken = sealed.clone();
            broken[at] ^= 1;
            assert!(keys.unseal(&broken).is_err(), "第 {at} 字节");
        }
        assert!(keys.unseal(&[]).is_err());
        assert!(Keys::derive(&[8; 32]).unseal(&sealed).is_err());
    }

    #[test]
    fn digests_differ_by_purpose() {
        let keys = Keys::derive(&[7; 32]);
        assert_ne!(keys.digest("id", "1"), keys.digest("mobile", "1"));
    }
}
