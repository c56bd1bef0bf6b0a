//! 读印章与签章。版本按顶层元素个数判别，结构里的每个字段都借原字节。

use jiff::Timestamp;

use super::LARGEST_READ;
use crate::der::{Item, Malformed, Reader, tag};
use crate::{hash, time};

/// 印章结构的版本。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Edition {
    /// GM/T 0031-2014。
    V1,
    /// GB/T 38540-2020。
    V4,
    /// GM/T 0031-2025。
    V5,
}

/// 印章类型；代码的含义随版本而异。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SealKind {
    /// 电子法定名称章。
    Legal,
    /// 电子财务专用章。
    Finance,
    /// 电子发票专用章。
    Invoice,
    /// 电子合同专用章（也用作电子证照专用章）。
    Contract,
    /// 电子名章。
    Personal,
    /// 业务专用章。
    Business,
    /// 旧版的单位印章。
    OldUnit,
    /// 旧版的个人印章。
    OldPersonal,
    /// 其他。
    Other(u32),
}

impl SealKind {
    /// 按版本解释代码。
    pub fn from_code(edition: Edition, code: u32) -> Self {
        match (edition, code) {
            (Edition::V1, 1) => Self::OldUnit,
            (Edition::V1, 2) => Self::OldPersonal,
            (Edition::V1, other) => Self::Other(other),
            (_, 1) => Self::Legal,
            (_, 2) => Self::Finance,
            (_, 3) => Self::Invoice,
            (_, 4) => Self::Contract,
            (_, 5) => Self::Personal,
            (_, 6) => Self::Business,
            (_, other) => Self::Other(other),
        }
    }

    /// 写入 v4 的代码。
    pub fn code(self) -> u32 {
        match self {
            Self::Legal | Self::OldUnit => 1,
            Self::Finance => 2,
            Self::Invoice => 3,
            Self::Contract => 4,
            Self::Personal | Self::OldPersonal => 5,
            Self::Business => 6,
            Self::Other(code) => code,
        }
    }
}

/// 印章图像。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Picture<'a> {
    /// 格式：`png`、`ofd` 等，大小写不定。
    pub format: &'a str,
    /// 图像字节。
    pub data: &'a [u8],
    /// 宽，毫米。
    pub width: u32,
    /// 高，毫米。
    pub height: u32,
}

/// 可以用这枚印章的签章者证书。
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CertList<'a> {
    /// 证书 DER。
    Certs(Vec<&'a [u8]>),
    /// 证书杂凑：算法名与值。
    Digests(Vec<(&'a str, &'a [u8])>),
}

impl CertList<'_> {
    /// 证书逐字节在列表里（或它的 SM3 在列表里）。
    pub fn contains(&self, certificate: &[u8]) -> bool {
        match self {
            Self::Certs(list) => list.contains(&certificate),
            Self::Digests(list) => {
                let digest = hash::sm3(certificate);
                list.iter()
                    .any(|(kind, value)| matches!(kind.to_ascii_uppercase().as_str(), "SM3" | "1.2.156.10197.1.401") && *value == digest)
            }
        }
    }
}

/// 一枚印章。
#[derive(Debug, Clone)]
pub struct Seal<'a> {
    /// 版本。
    pub edition: Edition,
    /// 整枚印章的原字节。
    pub raw: &'a [u8],
    /// 厂商号。
    pub vendor: &'a str,
    /// 印章编码；外来印章可以是任意字符串。
    pub es_id: &'a str,
    /// 类型。
    pub kind: SealKind,
    /// 名称。
    pub name: &'a str,
    /// 签章者证书列表。
    pub cert_list: CertList<'a>,
    /// 制作时间。
    pub created: Timestamp,
    /// 有效期起。
    pub valid_from: Timestamp,
    /// 有效期止。
    pub valid_to: Timestamp,
    /// 图像。
    pub picture: Picture<'a>,
    /// 制章者证书 DER。
    pub maker_cert: &'a [u8],
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
    /// 制章者签名的原文：v4 是印章信息，v1 还包着证书与算法。
    pub(super) info: &'a [u8],
    pub(super) maker_raw: &'a [u8],
    pub(super) algorithm_raw: &'a [u8],
}

impl<'a> Seal<'a> {
    /// 从 .esl 的字节读。
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        check_size(bytes, "印章")?;
        let mut file = Reader::new(bytes);
        let whole = file.take(tag::SEQUENCE, "印章")?;
        file.end("印章")?;
        Self::read(&whole)
    }

    pub(super) fn read(whole: &Item<'a>) -> Result<Self, Malformed> {
        let mut outer = whole.reader();
        let old = outer.count("印章")? == 2;
        let info = outer.take(tag::SEQUENCE, "印章信息")?;
        let mut tail = if old { outer.sequence("制章者签名信息")? } else { outer.clone() };
        let maker = tail.take(tag::OCTET_STRING, "制章者证书")?;
        let algorithm = tail.take(tag::OID, "印章签名算法")?;
        let signature = tail.take(tag::BIT_STRING, "印章签名值")?;
        let stamped = if old { None } else { tail.optional(tag::context(0), "印章时间戳")? };
        tail.end("印章")?;

        let mut fields = info.reader();
        let mut header = fields.sequence("印章头")?;
        let mark = header.take(tag::IA5, "印章头标识")?;
        if mark.body != b"ES" {
            return Err(mark.fault("印章头标识", "应为 ES"));
        }
        let version_item = header.take(tag::INTEGER, "印章版本")?;
        let version = version_item.small("印章版本")?;
        let edition = match (old, version) {
            (true, _) => Edition::V1,
            (false, 5) => Edition::V5,
            (false, 4) if stamped.is_none() => Edition::V4,
            _ => return Err(version_item.fault("印章版本", "结构与版本号不符，只认 1、4、5")),
        };
        let vendor = header.take(tag::IA5, "厂商号")?.text("厂商号")?;
        header.end("印章头")?;
        let es_id = fields.take(tag::IA5, "印章编码")?.text("印章编码")?;

        let mut property = fields.sequence("印章属性")?;
        let kind = SealKind::from_code(edition, property.take(tag::INTEGER, "印章类型")?.small("印章类型")?);
        let name = property.take(tag::UTF8, "印章名称")?.text("印章名称")?;
        let list_item = if old { None } else { Some(property.take(tag::INTEGER, "证书列表类型")?) };
        let list_kind = list_item.map_or(Ok(1), |item| item.small("证书列表类型"))?;
        let list = property.take(tag::SEQUENCE, "签章者证书列表")?;
        let cert_list = read_list(list_kind, &list)?;
        let created = time::read(&property.any("制作时间")?, "制作时间")?;
        let valid_from = time::read(&property.any("印章有效期起")?, "印章有效期起")?;
        let to_item = property.any("印章有效期止")?;
        let valid_to = time::read(&to_item, "印章有效期止")?;
        property.end("印章属性")?;
        if valid_from > valid_to {
            return Err(to_item.fault("印章有效期止", "早于有效期起"));
        }

        let mut image = fields.sequence("印章图像")?;
        let picture = Picture {
            format: image.take(tag::IA5, "图像格式")?.text("图像格式")?,
            data: image.take(tag::OCTET_STRING, "图像数据")?.body,
            width: image.take(tag::INTEGER, "图像宽")?.small("图像宽")?,
            height: image.take(tag::INTEGER, "图像高")?.small("图像高")?,
        };
        image.end("印章图像")?;
        if !fields.is_empty() {
            let extra = fields.any("印章自定义数据")?;
            if ![tag::SEQUENCE, tag::context(0)].contains(&extra.tag) {
                return Err(extra.fault("印章自定义数据", "类型不符"));
            }
        }
        fields.end("印章信息")?;
        Ok(Self {
            edition,
            raw: whole.raw,
            vendor,
            es_id,
            kind,
            name,
            cert_list,
            created,
            valid_from,
            valid_to,
            picture,
            maker_cert: maker.body,
            algorithm: algorithm.body,
            signature: signature.bits("印章签名值")?,
            info: info.raw,
            maker_raw: maker.raw,
            algorithm_raw: algorithm.raw,
        })
    }

    /// 某时刻在印章有效期内。
    pub fn valid_at(&self, at: Timestamp) -> bool {
        self.valid_from <= at && at <= self.valid_to
    }
}

fn check_size(bytes: &[u8], field: &'static str) -> Result<(), Malformed> {
    if bytes.len() > LARGEST_READ { Err(Malformed { field, why: "过大", at: 0 }) } else { Ok(()) }
}

fn read_list<'a>(kind: u32, list: &Item<'a>) -> Result<CertList<'a>, Malformed> {
    const FIELD: &str = "签章者证书列表";
    let mut items = list.reader();
    match kind {
        1 => {
            let mut certs = Vec::new();
            while !items.is_empty() {
                certs.push(items.take(tag::OCTET_STRING, FIELD)?.body);
            }
            Ok(CertList::Certs(certs))
        }
        2 => {
            let mut digests = Vec::new();
            while !items.is_empty() {
                let mut pair = items.sequence(FIELD)?;
                digests.push((pair.take(tag::PRINTABLE, FIELD)?.text(FIELD)?, pair.take(tag::OCTET_STRING, FIELD)?.body));
                pair.end(FIELD)?;
            }
            Ok(CertList::Digests(digests))
        }
        _ => Err(list.fault("证书列表类型", "应为 1（证书）或 2（证书杂凑）")),
    }
}

/// 一份签章数据（SignedValue.dat）。
#[derive(Debug, Clone)]
pub struct SealedSignature<'a> {
    /// 内嵌的印章。
    pub seal: Seal<'a>,
    /// 签章时间；旧版放的是时间戳令牌时为空。
    pub signed_at: Option<Timestamp>,
    /// 原文杂凑。
    pub data_hash: &'a [u8],
    /// 签名文件的路径。
    pub property: &'a str,
    /// 签章者证书 DER。
    pub signer_cert: &'a [u8],
    /// 带着签名之外的时间戳（没有核验）。
    pub has_timestamp: bool,
    pub(super) to_sign: &'a [u8],
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
}

impl<'a> SealedSignature<'a> {
    /// 从 SignedValue.dat 的字节读。
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Malformed> {
        check_size(bytes, "签章")?;
        let mut file = Reader::new(bytes);
        let mut outer = file.sequence("签章")?;
        file.end("签章")?;
        let old = outer.count("签章")? == 2;
        let to_sign = outer.take(tag::SEQUENCE, "签章内容")?;
        let mut body = to_sign.reader();
        let version_item = body.take(tag::INTEGER, "签章版本")?;
        let version = version_item.small("签章版本")?;
        let seal = Seal::read(&body.take(tag::SEQUENCE, "印章")?)?;
        let right = match seal.edition {
            Edition::V1 => old,
            Edition::V4 => !old && version == 4,
            Edition::V5 => !old && version == 5,
        };
        if !right {
            return Err(version_item.fault("签章版本", "与印章的版本不一致"));
        }
        let signed_at = if old {
            old_time(body.take(tag::BIT_STRING, "签章时间")?.bits("签章时间")?)
        } else {
            Some(time::read(&body.take(tag::GENERALIZED_TIME, "签章时间")?, "签章时间")?)
        };
        let data_hash = body.take(tag::BIT_STRING, "原文杂凑")?.bits("原文杂凑")?;
        let property = body.take(tag::IA5, "签名文件路径")?.text("签名文件路径")?;
        let mut tail = if old { body.clone() } else { outer.clone() };
        let signer_cert = tail.take(tag::OCTET_STRING, "签章者证书")?.body;
        let algorithm = tail.take(tag::OID, "签章算法")?.body;
        let (signature, has_timestamp) = if old {
            tail.end("签章内容")?;
            let signature = outer.take(tag::BIT_STRING, "签章值")?;
            outer.end("签章")?;
            (signature, false)
        } else {
            body.optional(tag::context(0), "签章自定义数据")?;
            body.end("签章内容")?;
            let signature = tail.take(tag::BIT_STRING, "签章值")?;
            let stamp = tail.optional(tag::context(0), "时间戳")?;
            tail.end("签章")?;
            (signature, stamp.is_some())
        };
        let signature = signature.bits("签章值")?;
        Ok(Self { seal, signed_at, data_hash, property, signer_cert, has_timestamp, to_sign: to_sign.raw, algorithm, signature })
    }
}

/// 旧版的签章时间：比特串里放 UTCTime、GeneralizedTime（可带标签）或时间戳令牌。
fn old_time(bytes: &[u8]) -> Option<Timestamp> {
    if let Ok(item) = Reader::new(bytes).any("签章时间")
        && let Ok(at) = time::read(&item, "签章时间")
    {
        return Some(at);
    }
    time::parse(bytes, true).or_else(|| time::parse(bytes, false))
}
