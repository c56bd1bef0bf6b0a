//! 吊销列表（X.509 v2 CRL）：读、验颁发者的签名、写。签章时刻之前吊销的才算无效，所以每条都留着时间。

use jiff::Timestamp;

use super::chain::Revocation;
use super::parse::{Certificate, KeyUsage, Name};
use crate::der::{self, Malformed, Reader, tag};
use crate::key::{KeyError, SecretKey, Signature};
use crate::{oid, time};

/// 吊销列表最大字节数。
const LARGEST: usize = 8 * 1024 * 1024;

/// 一份读好的吊销列表。
#[derive(Debug, Clone)]
pub struct Crl {
    tbs: Vec<u8>,
    signature: Signature,
    /// 颁发者。
    pub issuer: Name,
    /// 本次更新。
    pub this_update: Timestamp,
    /// 下次更新；没写为空。
    pub next_update: Option<Timestamp>,
    /// 各条吊销：序列号与时间。
    pub entries: Vec<(Vec<u8>, Timestamp)>,
}

impl Crl {
    /// 从 DER 或 PEM 读。
    pub fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        const FIELD: &str = "吊销列表";
        if bytes.len() > LARGEST {
            return Err(Malformed { field: FIELD, why: "过大", at: 0 });
        }
        let bytes = der::unarmour(bytes)?;
        let mut file = Reader::new(&bytes);
        let mut outer = file.sequence(FIELD)?;
        file.end(FIELD)?;
        let tbs = outer.take(tag::SEQUENCE, FIELD)?;
        let algorithm = outer.take(tag::SEQUENCE, "吊销列表签名算法")?;
        if algorithm.reader().take(tag::OID, "吊销列表签名算法")?.body != oid::SM2_WITH_SM3 {
            return Err(algorithm.fault("吊销列表签名算法", "不是 SM2"));
        }
        let signature = Signature::from_der(outer.take(tag::BIT_STRING, "吊销列表签名值")?.bits("吊销列表签名值")?)?;
        outer.end(FIELD)?;
        let mut body = tbs.reader();
        body.optional(tag::INTEGER, "吊销列表版本")?;
        if body.take(tag::SEQUENCE, "吊销列表签名算法")?.raw != algorithm.raw {
            return Err(algorithm.fault("吊销列表签名算法", "内外写的不一致"));
        }
        let issuer = Name::read(&body.take(tag::SEQUENCE, "颁发者")?)?;
        let this_update = time::read(&body.any("本次更新")?, "本次更新")?;
        let next_update = match body.peek() {
            Some(tag::UTC_TIME | tag::GENERALIZED_TIME) => Some(time::read(&body.any("下次更新")?, "下次更新")?),
            _ => None,
        };
        let mut entries = Vec::new();
        if let Some(list) = body.optional(tag::SEQUENCE, "吊销条目")? {
            let mut list = list.reader();
            while !list.is_empty() {
                let mut entry = list.sequence("吊销条目")?;
                let serial = entry.take(tag::INTEGER, "吊销条目")?.body.to_vec();
                entries.push((serial, time::read(&entry.any("吊销条目")?, "吊销条目")?));
            }
        }
        Ok(Self { tbs: tbs.raw.to_vec(), signature, issuer, this_update, next_update, entries })
    }

    /// 确是这个颁发者签的（名称相符、许可签吊销列表、签名验过），得各条吊销；不是就为空。
    pub fn revocations(&self, issuer: &Certificate) -> Option<Vec<Revocation>> {
        let allowed = issuer.usage.is_none_or(|usage| usage.any(KeyUsage::CRL_SIGN)) && issuer.ca;
        let public = issuer.public.as_ref().filter(|_| allowed && issuer.subject.matches(&self.issuer))?;
        if !public.verify(&self.tbs, &self.signature) {
            return None;
        }
        let one = |(serial, at): &(Vec<u8>, Timestamp)| Revocation { issuer: issuer.subject.raw().to_vec(), serial: serial.clone(), at: *at };
        Some(self.entries.iter().map(one).collect())
    }
}

/// 签一份吊销列表；条目是证书与吊销时间。
pub fn issue_crl(issuer: &Certificate, key: &SecretKey, entries: &[(&Certificate, Timestamp)], this_update: Timestamp, next_update: Timestamp) -> Result<Vec<u8>, KeyError> {
    let algorithm = der::sequence(&[&der::oid(oid::SM2_WITH_SM3)]);
    let lines: Vec<u8> = entries.iter().flat_map(|(cert, at)| der::sequence(&[&der::item(tag::INTEGER, &cert.serial), &time::write_in_certificate(*at)])).collect();
    let list = if lines.is_empty() { Vec::new() } else { der::sequence(&[&lines]) };
    let tbs = der::sequence(&[
        &der::integer(1),
        &algorithm,
        issuer.subject.raw(),
        &time::write_in_certificate(this_update),
        &time::write_in_certificate(next_update),
        &list,
    ]);
    let signature = key.sign(&tbs)?;
    Ok(der::sequence(&[&tbs, &algorithm, &der::bits(&signature.to_der())]))
}
