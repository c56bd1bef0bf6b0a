//! 解析证书。外来证书的主题常有 UTF8、BMP 混写与不合类型的中文，名称一律宽容地读；验签用原 TBS 字节。

use jiff::Timestamp;

use crate::der::{self, Item, Malformed, Reader, tag};
use crate::hash::{self, Digest32};
use crate::key::{PublicKey, Signature};
use crate::{oid, time};

/// 证书最大字节数，超过不读。
const LARGEST: usize = 64 * 1024;

/// 名称（DN），留着原字节，只取常用的几项给人看。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    raw: Vec<u8>,
    parts: Vec<(Vec<u8>, String)>,
}

impl Name {
    pub(super) fn read(item: &Item<'_>) -> Result<Self, Malformed> {
        const FIELD: &str = "证书名称";
        let mut parts = Vec::new();
        let mut sets = item.reader();
        while !sets.is_empty() {
            let mut set = sets.take(tag::SET, FIELD)?.reader();
            while !set.is_empty() {
                let mut pair = set.sequence(FIELD)?;
                let kind = pair.take(tag::OID, FIELD)?;
                parts.push((kind.body.to_vec(), lenient_text(&pair.any(FIELD)?)));
            }
        }
        Ok(Self { raw: item.raw.to_vec(), parts })
    }

    /// 某个属性的第一个值。
    pub fn get(&self, kind: &[u8]) -> Option<&str> {
        self.parts.iter().find(|(found, _)| found == kind).map(|(_, text)| text.as_str())
    }

    /// 通用名；没有就用机构名。
    pub fn common(&self) -> &str {
        self.get(oid::COMMON_NAME).or_else(|| self.get(oid::ORGANISATION)).unwrap_or("（无名）")
    }

    /// 原字节相同，或各项文字相同（编码类型不同也算）。
    pub fn matches(&self, other: &Name) -> bool {
        self.raw == other.raw || (!self.parts.is_empty() && self.parts == other.parts)
    }

    /// 原字节。
    pub fn raw(&self) -> &[u8] {
        &self.raw
    }
}

fn lenient_text(item: &Item<'_>) -> String {
    if item.tag == tag::BMP {
        let units = item.body.chunks_exact(2).map(|pair| pair.iter().fold(0u16, |sum, byte| (sum << 8) | u16::from(*byte)));
        return char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect();
    }
    String::from_utf8_lossy(item.body).into_owned()
}

/// 密钥用法。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyUsage(u8);

impl KeyUsage {
    /// digitalSignature。
    pub const DIGITAL_SIGNATURE: u8 = 0x80;
    /// nonRepudiation。
    pub const NON_REPUDIATION: u8 = 0x40;
    /// keyCertSign。
    pub const CERT_SIGN: u8 = 0x04;
    /// cRLSign。
    pub const CRL_SIGN: u8 = 0x02;

    /// 有其中任何一项。
    pub fn any(self, mask: u8) -> bool {
        self.0 & mask != 0
    }
}

/// 一张解析好的证书。
#[derive(Debug, Clone)]
pub struct Certificate {
    raw: Vec<u8>,
    tbs: (usize, usize),
    signature: Option<Signature>,
    /// 序列号的大端字节。
    pub serial: Vec<u8>,
    /// 颁发者。
    pub issuer: Name,
    /// 主体。
    pub subject: Name,
    /// 有效期起。
    pub not_before: Timestamp,
    /// 有效期止。
    pub not_after: Timestamp,
    /// 主体公钥；不是 SM2 的读得出但用不了。
    pub public: Option<PublicKey>,
    /// 密钥用法；没有这个扩展为空。
    pub usage: Option<KeyUsage>,
    /// 是不是 CA。
    pub ca: bool,
    /// CA 之下最多几层中间 CA。
    pub path_len: Option<u32>,
    /// 有不认识的关键扩展，不得信任。
    pub unknown_critical: bool,
}

impl Certificate {
    /// 从 DER 或 PEM 读。
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        if bytes.len() > LARGEST {
            return Err(Malformed { field: "证书", why: "过大", at: 0 });
        }
        Self::from_der(&der::unarmour(bytes)?)
    }

    fn from_der(bytes: &[u8]) -> Result<Self, Malformed> {
        const FIELD: &str = "证书";
        let mut file = Reader::new(bytes);
        let mut outer = file.sequence(FIELD)?;
        file.end(FIELD)?;
        let tbs = outer.take(tag::SEQUENCE, "证书主体")?;
        let algorithm = outer.take(tag::SEQUENCE, "证书签名算法")?;
        let signed = outer.take(tag::BIT_STRING, "证书签名值")?;
        outer.end(FIELD)?;
        let start = bytes.len().saturating_sub(algorithm.raw.len() + signed.raw.len() + tbs.raw.len());

        let mut body = tbs.reader();
        if let Some(version) = body.optional(tag::context(0), "证书版本")? {
            version.reader().take(tag::INTEGER, "证书版本")?;
        }
        let serial = body.take(tag::INTEGER, "序列号")?;
        let inner_algorithm = body.take(tag::SEQUENCE, "证书签名算法")?;
        if inner_algorithm.raw != algorithm.raw {
            return Err(algorithm.fault("证书签名算法", "内外写的不一致"));
        }
        let issuer = Name::read(&body.take(tag::SEQUENCE, "颁发者")?)?;
        let mut validity = body.sequence("证书有效期")?;
        let not_before = time::read(&validity.any("证书有效期")?, "证书有效期")?;
        let not_after = time::read(&validity.any("证书有效期")?, "证书有效期")?;
        let subject = Name::read(&body.take(tag::SEQUENCE, "主体")?)?;
        let spki = body.take(tag::SEQUENCE, "公钥")?;
        let is_sm2 = algorithm.reader().take(tag::OID, "证书签名算法")?.body == oid::SM2_WITH_SM3;
        let signature = if is_sm2 { Some(Signature::from_der(signed.bits("证书签名值")?)?) } else { None };
        let mut certificate = Self {
            raw: bytes.to_vec(),
            tbs: (start, start.saturating_add(tbs.raw.len())),
            signature,
            serial: serial.body.to_vec(),
            issuer,
            subject,
            not_before,
            not_after,
            public: PublicKey::from_spki(spki.raw).ok(),
            usage: None,
            ca: false,
            path_len: None,
            unknown_critical: false,
        };
        while !body.is_empty() {
            let item = body.any("证书扩展")?;
            if item.tag == tag::context(3) {
                certificate.read_extensions(&item)?;
            }
        }
        Ok(certificate)
    }

    fn read_extensions(&mut self, item: &Item<'_>) -> Result<(), Malformed> {
        const FIELD: &str = "证书扩展";
        let mut list = item.reader().sequence(FIELD)?;
        while !list.is_empty() {
            let mut extension = list.sequence(FIELD)?;
            let kind = extension.take(tag::OID, FIELD)?;
            let critical = extension.optional(tag::BOOLEAN, FIELD)?.is_some_and(|flag| flag.body != [0]);
            let value = extension.take(tag::OCTET_STRING, FIELD)?;
            match kind.body {
                oid::KEY_USAGE => {
                    let bits = value.reader().take(tag::BIT_STRING, "密钥用法")?;
                    self.usage = Some(KeyUsage(bits.body.get(1).copied().unwrap_or(0)));
                }
                oid::BASIC_CONSTRAINTS => {
                    let mut inner = value.reader().sequence("基本约束")?;
                    self.ca = inner.optional(tag::BOOLEAN, "基本约束")?.is_some_and(|flag| flag.body != [0]);
                    self.path_len = match inner.optional(tag::INTEGER, "基本约束")? {
                        Some(limit) => Some(limit.small("基本约束")?),
                        None => None,
                    };
                }
                oid::SUBJECT_KEY_ID | oid::AUTHORITY_KEY_ID | oid::SUBJECT_ALT_NAME => {}
                oid::EXTENDED_KEY_USAGE | oid::CERTIFICATE_POLICIES => {}
                _ => self.unknown_critical |= critical,
            }
        }
        Ok(())
    }

    /// 原 DER 字节。
    pub fn der(&self) -> &[u8] {
        &self.raw
    }

    /// PEM 写法。
    pub fn to_pem(&self) -> String {
        der::armour("CERTIFICATE", &self.raw)
    }

    /// 指纹：原字节的 SM3。
    pub fn fingerprint(&self) -> Digest32 {
        hash::sm3(&self.raw)
    }

    /// 颁发者是自己。
    pub fn is_self_issued(&self) -> bool {
        self.issuer.matches(&self.subject)
    }

    /// 用颁发者的公钥验这张证书的签名（对原 TBS 字节）。
    pub fn signed_by(&self, issuer: &PublicKey) -> bool {
        let tbs = self.raw.get(self.tbs.0..self.tbs.1).unwrap_or_default();
        self.signature.as_ref().is_some_and(|signature| issuer.verify(tbs, signature))
    }

    /// 某时刻在有效期内。
    pub fn valid_at(&self, at: Timestamp) -> bool {
        self.not_before <= at && at <= self.not_after
    }

    /// 可以签章、制章：有数字签名或抗抵赖用法，且不是 CA。
    pub fn may_sign(&self) -> bool {
        !self.ca && self.usage.is_some_and(|usage| usage.any(KeyUsage::DIGITAL_SIGNATURE | KeyUsage::NON_REPUDIATION))
    }

    /// 可以签发证书。
    pub fn may_issue(&self) -> bool {
        self.ca && self.usage.is_none_or(|usage| usage.any(KeyUsage::CERT_SIGN))
    }
}
