//! 写印章与签章（v4）。
//!
//! 都分两步：先得待签字节（可送远程签章机），再装上签名；本机有私钥时用 [`make_seal`]、[`sign`] 一步做完。

use jiff::Timestamp;
use thiserror::Error;

use super::read::{Seal, SealKind};
use super::{LARGEST_PICTURE, LARGEST_WRITTEN};
use crate::cert::Certificate;
use crate::der::{self, Malformed, tag};
use crate::hash::Digest32;
use crate::key::{KeyError, SecretKey, Signature};
use crate::{hash, oid, time};

const VERSION: u32 = 4;
/// 我方厂商号。
const VENDOR: &str = "YWTB";

/// 写不成。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum WriteError {
    /// 编码不能写。
    #[error("印章编码要有 1–64 个 ASCII 可见字符")]
    EsId,
    /// 名称不能写。
    #[error("印章名称要有 1–100 个字")]
    Name,
    /// 图像不能用。
    #[error("印章图像要在 1 字节至 40 KB 之间，宽高 1–200 毫米，格式名为字母数字")]
    Picture,
    /// 有效期不对。
    #[error("印章有效期的止要晚于起，制作时间要在可写范围")]
    Validity,
    /// 印章有效期超出所绑证书。
    #[error("印章有效期超出了所绑签章者证书的有效期")]
    BeyondCert,
    /// 没有签章者。
    #[error("至少要绑定一张签章者证书，且都要有签名用法")]
    NoSigner,
    /// 证书与私钥不成对，或没有签名用法。
    #[error("证书与签名不成对，或证书没有签名用法")]
    Mismatch,
    /// 证书不在印章列表。
    #[error("签章者证书不在印章的证书列表里")]
    NotListed,
    /// 路径不能写。
    #[error("签名文件路径要以 / 开头，只用 ASCII 可见字符，不超过 200 个")]
    Property,
    /// 太大。
    #[error("签章数据超过 65,534 字节，请缩小印章图像或少绑证书")]
    TooLarge,
    /// 印章不能用来签章。
    #[error("印章读不出：{0}")]
    Seal(#[from] Malformed),
    /// 签名没有算成。
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// 证书列表放什么。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListBy {
    /// 放证书。
    Certificate,
    /// 放证书的 SM3，省地方。
    Digest,
}

/// 要制作的印章。
#[derive(Debug, Clone)]
pub struct SealRequest<'a> {
    /// 印章编码。
    pub es_id: &'a str,
    /// 类型。
    pub kind: SealKind,
    /// 名称。
    pub name: &'a str,
    /// 绑定的签章者证书。
    pub signers: &'a [Certificate],
    /// 列表写法。
    pub list_by: ListBy,
    /// 制作时间。
    pub created: Timestamp,
    /// 有效期起。
    pub valid_from: Timestamp,
    /// 有效期止。
    pub valid_to: Timestamp,
    /// 图像格式，如 `png`。
    pub format: &'a str,
    /// 图像字节。
    pub image: &'a [u8],
    /// 宽，毫米。
    pub width: u32,
    /// 高，毫米。
    pub height: u32,
}

/// 待制章者签名的印章信息。
#[derive(Debug, Clone)]
pub struct SealDraft(Vec<u8>);

impl SealDraft {
    /// 核对并写出印章信息。
    pub fn new(request: &SealRequest<'_>) -> Result<Self, WriteError> {
        if !visible_ascii(request.es_id, 64) {
            return Err(WriteError::EsId);
        }
        let name = request.name.trim();
        if !(1..=100).contains(&name.chars().count()) || name.chars().any(char::is_control) {
            return Err(WriteError::Name);
        }
        let sized = (1..=200).contains(&request.width) && (1..=200).contains(&request.height);
        let format = !request.format.is_empty() && request.format.len() <= 8 && request.format.bytes().all(|b| b.is_ascii_alphanumeric());
        if !sized || !format || request.image.is_empty() || request.image.len() > LARGEST_PICTURE {
            return Err(WriteError::Picture);
        }
        let whole = |at| time::whole_second(at).ok_or(WriteError::Validity);
        let (created, from, to) = (whole(request.created)?, whole(request.valid_from)?, whole(request.valid_to)?);
        if from >= to {
            return Err(WriteError::Validity);
        }
        if request.signers.is_empty() || !request.signers.iter().all(Certificate::may_sign) {
            return Err(WriteError::NoSigner);
        }
        if request.signers.iter().any(|signer| from < signer.not_before || signer.not_after < to) {
            return Err(WriteError::BeyondCert);
        }
        let (list_kind, list): (u32, Vec<u8>) = match request.list_by {
            ListBy::Certificate => (1, request.signers.iter().flat_map(|signer| der::octets(signer.der())).collect()),
            ListBy::Digest => (2, request.signers.iter().flat_map(|signer| digest_entry(&signer.fingerprint())).collect()),
        };
        let ia5 = |text: &str| der::item(tag::IA5, text.as_bytes());
        Ok(Self(der::sequence(&[
            &der::sequence(&[&ia5("ES"), &der::integer(VERSION), &ia5(VENDOR)]),
            &ia5(request.es_id),
            &der::sequence(&[
                &der::integer(request.kind.code()),
                &der::item(tag::UTF8, name.as_bytes()),
                &der::integer(list_kind),
                &der::sequence(&[&list]),
                &time::write(created),
                &time::write(from),
                &time::write(to),
            ]),
            &der::sequence(&[
                &ia5(request.format),
                &der::octets(request.image),
                &der::integer(request.width),
                &der::integer(request.height),
            ]),
        ])))
    }

    /// 制章者要签的字节。
    pub fn to_be_signed(&self) -> &[u8] {
        &self.0
    }

    /// 装上制章者的证书与签名，得 .esl 的内容；签名当场验一次。
    pub fn finish(&self, maker: &Certificate, signature: &Signature) -> Result<Vec<u8>, WriteError> {
        check_pair(maker, &self.0, signature)?;
        let algorithm = der::oid(oid::SM2_WITH_SM3);
        within(der::sequence(&[&self.0, &der::octets(maker.der()), &algorithm, &der::bits(&signature.to_der())]))
    }
}

fn digest_entry(digest: &Digest32) -> Vec<u8> {
    der::sequence(&[&der::item(tag::PRINTABLE, b"SM3"), &der::octets(digest)])
}

/// 制章：写出印章信息、签名、装好。
pub fn make_seal(request: &SealRequest<'_>, maker: &Certificate, key: &SecretKey) -> Result<Vec<u8>, WriteError> {
    let draft = SealDraft::new(request)?;
    draft.finish(maker, &key.sign(draft.to_be_signed())?)
}

/// 要签的章。
#[derive(Debug, Clone)]
pub struct SignatureRequest<'a> {
    /// 印章（.esl 的字节），须是 v4。
    pub seal: &'a [u8],
    /// 原文的 SM3。
    pub data_hash: Digest32,
    /// 签名文件的绝对路径，如 `/Doc_0/Signs/Sign_0/Signature.xml`。
    pub property: &'a str,
    /// 签章时间。
    pub at: Timestamp,
}

impl<'a> SignatureRequest<'a> {
    /// 由原文算杂凑。
    pub fn over(seal: &'a [u8], protected: &[u8], property: &'a str, at: Timestamp) -> Self {
        Self { seal, data_hash: hash::sm3(protected), property, at }
    }
}

/// 待签章者签名的内容。
#[derive(Debug, Clone)]
pub struct SignatureDraft<'a> {
    to_sign: Vec<u8>,
    seal: Seal<'a>,
}

impl<'a> SignatureDraft<'a> {
    /// 核对并写出待签内容。
    pub fn new(request: &SignatureRequest<'a>) -> Result<Self, WriteError> {
        let seal = Seal::parse(request.seal)?;
        if seal.edition != super::Edition::V4 {
            return Err(Malformed { field: "印章版本", why: "只用 v4 印章签章", at: 0 }.into());
        }
        if !request.property.starts_with('/') || !visible_ascii(request.property, 200) {
            return Err(WriteError::Property);
        }
        let at = time::whole_second(request.at).ok_or(WriteError::Validity)?;
        let to_sign = der::sequence(&[
            &der::integer(VERSION),
            seal.raw,
            &time::write(at),
            &der::bits(&request.data_hash),
            &der::item(tag::IA5, request.property.as_bytes()),
        ]);
        Ok(Self { to_sign, seal })
    }

    /// 签章者要签的字节。
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_sign
    }

    /// 装上签章者的证书与签名，得 SignedValue.dat 的内容；证书须在印章列表里，签名当场验一次。
    pub fn finish(&self, signer: &Certificate, signature: &Signature) -> Result<Vec<u8>, WriteError> {
        if !self.seal.cert_list.contains(signer.der()) {
            return Err(WriteError::NotListed);
        }
        check_pair(signer, &self.to_sign, signature)?;
        self.assemble(signer, signature)
    }

    fn assemble(&self, signer: &Certificate, signature: &Signature) -> Result<Vec<u8>, WriteError> {
        let algorithm = der::oid(oid::SM2_WITH_SM3);
        within(der::sequence(&[&self.to_sign, &der::octets(signer.der()), &algorithm, &der::bits(&signature.to_der())]))
    }
}

/// 签章：写出内容、签名、装好。私钥在手，核对它与证书是一对就够，不必再验一遍自己刚签的。
pub fn sign(request: &SignatureRequest<'_>, signer: &Certificate, key: &SecretKey) -> Result<Vec<u8>, WriteError> {
    let draft = SignatureDraft::new(request)?;
    if !draft.seal.cert_list.contains(signer.der()) {
        return Err(WriteError::NotListed);
    }
    if !signer.may_sign() || signer.public.as_ref() != Some(&key.public()) {
        return Err(WriteError::Mismatch);
    }
    draft.assemble(signer, &key.sign(draft.to_be_signed())?)
}

fn check_pair(certificate: &Certificate, message: &[u8], signature: &Signature) -> Result<(), WriteError> {
    let public = certificate.public.as_ref().filter(|_| certificate.may_sign()).ok_or(WriteError::Mismatch)?;
    if public.verify(message, signature) { Ok(()) } else { Err(WriteError::Mismatch) }
}

fn within(bytes: Vec<u8>) -> Result<Vec<u8>, WriteError> {
    if bytes.len() > LARGEST_WRITTEN { Err(WriteError::TooLarge) } else { Ok(bytes) }
}

fn visible_ascii(text: &str, most: usize) -> bool {
    (1..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}
