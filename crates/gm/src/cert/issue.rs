//! 签发证书：演示根、制章者、签章者；生产环境用省里发的证书，走导入。

use jiff::Timestamp;
use thiserror::Error;

use super::parse::{Certificate, KeyUsage};
use crate::der::{self, Malformed, tag};
use crate::key::{KeyError, PublicKey, SecretKey};
use crate::{oid, time};

/// 证书作什么用。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// 签发证书；之下最多几层中间 CA。
    Authority {
        /// 为零时只能签发最终证书。
        path_len: u32,
    },
    /// 制章或签章：digitalSignature + nonRepudiation。
    Signer,
}

/// 要签发的证书。
#[derive(Debug, Clone)]
pub struct CertRequest<'a> {
    /// 通用名，如“广元市昭化区某局”。
    pub common_name: &'a str,
    /// 机构名，可空。
    pub organisation: &'a str,
    /// 序列号：16 字节随机数。
    pub serial: [u8; 16],
    /// 有效期起。
    pub not_before: Timestamp,
    /// 有效期止。
    pub not_after: Timestamp,
    /// 作什么用。
    pub role: Role,
}

/// 签发不成。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IssueError {
    /// 名称为空或过长。
    #[error("通用名要有 1–64 个字，机构名不超过 64 个字")]
    Name,
    /// 有效期颠倒或超出可写范围。
    #[error("有效期的止要晚于起，且在 1950–9999 年之间")]
    Validity,
    /// 颁发者证书不能签发。
    #[error("颁发者的证书不是 CA，或与私钥不成对")]
    Issuer,
    /// 密钥问题。
    #[error(transparent)]
    Key(#[from] KeyError),
    /// 写出的证书读不回。
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

/// 签发自签的根证书。
pub fn issue_root(request: &CertRequest<'_>, key: &SecretKey) -> Result<Certificate, IssueError> {
    let subject = name(request)?;
    build(request, &subject, &key.public(), &subject, key)
}

/// 由颁发者给一把公钥签发证书。
pub fn issue(
    request: &CertRequest<'_>,
    public: &PublicKey,
    issuer: &Certificate,
    issuer_key: &SecretKey,
) -> Result<Certificate, IssueError> {
    if !issuer.may_issue() || issuer.public.as_ref() != Some(&issuer_key.public()) {
        return Err(IssueError::Issuer);
    }
    build(request, &name(request)?, public, issuer.subject.raw(), issuer_key)
}

fn name(request: &CertRequest<'_>) -> Result<Vec<u8>, IssueError> {
    let (common, organisation) = (request.common_name.chars().count(), request.organisation.chars().count());
    if !(1..=64).contains(&common) || organisation > 64 {
        return Err(IssueError::Name);
    }
    let part = |kind, tag, text: &str| der::group(tag::SET, &[&der::sequence(&[&der::oid(kind), &der::item(tag, text.as_bytes())])]);
    let mut parts = part(oid::COUNTRY, tag::PRINTABLE, "CN");
    if organisation > 0 {
        parts.extend(part(oid::ORGANISATION, tag::UTF8, request.organisation));
    }
    parts.extend(part(oid::COMMON_NAME, tag::UTF8, request.common_name));
    Ok(der::sequence(&[&parts]))
}

fn build(request: &CertRequest<'_>, subject: &[u8], public: &PublicKey, issuer: &[u8], key: &SecretKey) -> Result<Certificate, IssueError> {
    let validity = time::whole_second(request.not_before).zip(time::whole_second(request.not_after));
    let (from, to) = validity.filter(|(from, to)| from < to).ok_or(IssueError::Validity)?;
    // 算法标识不带参数：GB/T 33560 的 .501 不写 parameters
    let algorithm = der::sequence(&[&der::oid(oid::SM2_WITH_SM3)]);
    let mut serial = request.serial;
    // 序列号为正，且不以零字节开头，长度固定
    serial[0] = (serial[0] & 0x7f) | 0x40;
    let tbs = der::sequence(&[
        &der::group(tag::context(0), &[&der::integer(2)]),
        &der::unsigned(&serial),
        &algorithm,
        issuer,
        &der::sequence(&[&time::write_in_certificate(from), &time::write_in_certificate(to)]),
        subject,
        &public.to_spki(),
        &der::group(tag::context(3), &[&extensions(request.role, public, &key.public())]),
    ]);
    let signature = key.sign(&tbs)?;
    Ok(Certificate::parse(&der::sequence(&[&tbs, &algorithm, &der::bits(&signature.to_der())]))?)
}

fn extensions(role: Role, public: &PublicKey, issuer: &PublicKey) -> Vec<u8> {
    let (constraints, usage) = match role {
        Role::Authority { path_len } => {
            let inner = der::sequence(&[&der::item(tag::BOOLEAN, &[0xff]), &der::integer(path_len)]);
            (inner, der::item(tag::BIT_STRING, &[1, KeyUsage::CERT_SIGN | KeyUsage::CRL_SIGN]))
        }
        Role::Signer => (der::sequence(&[]), der::item(tag::BIT_STRING, &[6, KeyUsage::DIGITAL_SIGNATURE | KeyUsage::NON_REPUDIATION])),
    };
    let critical = |kind, value: &[u8]| der::sequence(&[&der::oid(kind), &der::item(tag::BOOLEAN, &[0xff]), &der::octets(value)]);
    let plain = |kind, value: &[u8]| der::sequence(&[&der::oid(kind), &der::octets(value)]);
    der::sequence(&[
        &critical(oid::BASIC_CONSTRAINTS, &constraints),
        &critical(oid::KEY_USAGE, &usage),
        &plain(oid::SUBJECT_KEY_ID, &der::octets(&public.key_id())),
        &plain(oid::AUTHORITY_KEY_ID, &der::sequence(&[&der::item(tag::implicit(0), &issuer.key_id())])),
    ])
}
