//! 信任链：信任锚、中间证书、撤销记录。
//!
//! 一张证书的链验过一次就记住（与时间无关的部分），根只在加入时验一次，所以验一份文件通常只要两次验签。

use std::collections::{HashMap, HashSet};
use std::sync::{PoisonError, RwLock};

use jiff::Timestamp;
use thiserror::Error;

use super::parse::Certificate;
use crate::hash::Digest32;

/// 链的最大层数。
const DEEPEST: usize = 6;
/// 一次找链最多验几次签名，防止同名中间证书拖慢。
const MOST_CHECKS: usize = 24;
/// 最多记住几条链。
const MOST_REMEMBERED: usize = 4096;

/// 证书为什么不可信。
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CertFault {
    /// 公钥或签名不是 SM2。
    #[error("证书不是 SM2 证书")]
    NotSm2,
    /// 找不到可信的颁发者。
    #[error("信任链不完整：找不到可信的颁发者")]
    NoIssuer,
    /// 颁发者的签名验不过。
    #[error("证书上的颁发者签名不对")]
    BadSignature,
    /// 证书或其上级当时不在有效期。
    #[error("证书（或其上级证书）当时不在有效期内")]
    OutOfDate,
    /// 密钥用法不许签章。
    #[error("证书的密钥用法不许签名")]
    Usage,
    /// 有不认识的关键扩展。
    #[error("证书有不认识的关键扩展")]
    UnknownExtension,
    /// 当时已被撤销。
    #[error("证书在此之前已被撤销")]
    Revoked,
}

/// 一条撤销记录。
#[derive(Debug, Clone)]
pub struct Revocation {
    /// 颁发者名称的原字节。
    pub issuer: Vec<u8>,
    /// 序列号的大端字节。
    pub serial: Vec<u8>,
    /// 何时撤销。
    pub at: Timestamp,
}

/// 信任什么：信任锚、中间证书与撤销记录。
#[derive(Debug, Default)]
pub struct Trust {
    anchors: Vec<Certificate>,
    intermediates: Vec<Certificate>,
    revoked: HashMap<(Vec<u8>, Vec<u8>), Timestamp>,
    /// 证书指纹 → 它的各级上级在 `anchors`、`intermediates` 里的位置。
    known: RwLock<HashMap<Digest32, Vec<Place>>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Place {
    Anchor(usize),
    Intermediate(usize),
}

impl Trust {
    /// 什么都不信任。
    pub fn new() -> Self {
        Self::default()
    }

    /// 加一个信任锚；自签的在这里验一次。
    pub fn add_anchor(&mut self, anchor: Certificate) -> Result<(), CertFault> {
        let public = anchor.public.as_ref().ok_or(CertFault::NotSm2)?;
        if anchor.is_self_issued() && !anchor.signed_by(public) {
            return Err(CertFault::BadSignature);
        }
        self.anchors.push(anchor);
        self.forget();
        Ok(())
    }

    /// 加一张中间证书；它本身不因此可信。
    pub fn add_intermediate(&mut self, certificate: Certificate) {
        self.intermediates.push(certificate);
        self.forget();
    }

    /// 登记一条撤销；同一证书取较早的。
    pub fn revoke(&mut self, entry: Revocation) {
        let at = self.revoked.entry((entry.issuer, entry.serial)).or_insert(entry.at);
        *at = entry.at.min(*at);
    }

    /// 一张证书何时被撤销。
    pub fn revoked_at(&self, certificate: &Certificate) -> Option<Timestamp> {
        self.revoked.get(&(certificate.issuer.raw().to_vec(), certificate.serial.clone())).copied()
    }

    /// 链、关键扩展、密钥用法，以及各级上级在 `at` 的有效期与撤销；证书自己的有效期与撤销另查（规格 G4）。
    pub fn check_chain(&self, certificate: &Certificate, at: Timestamp) -> Result<(), CertFault> {
        if certificate.public.is_none() {
            return Err(CertFault::NotSm2);
        }
        if certificate.unknown_critical {
            return Err(CertFault::UnknownExtension);
        }
        if !certificate.may_sign() {
            return Err(CertFault::Usage);
        }
        for place in self.chain(certificate)? {
            let Some(above) = self.at(place) else { return Err(CertFault::NoIssuer) };
            if !above.valid_at(at) {
                return Err(CertFault::OutOfDate);
            }
            if self.revoked_at(above).is_some_and(|when| when <= at) {
                return Err(CertFault::Revoked);
            }
        }
        Ok(())
    }

    /// 链、有效期、撤销、用法，全部按 `at` 时刻（规格 S3）。
    pub fn check(&self, certificate: &Certificate, at: Timestamp) -> Result<(), CertFault> {
        self.check_chain(certificate, at)?;
        if !certificate.valid_at(at) {
            return Err(CertFault::OutOfDate);
        }
        if self.revoked_at(certificate).is_some_and(|when| when <= at) {
            return Err(CertFault::Revoked);
        }
        Ok(())
    }

    fn forget(&mut self) {
        self.known.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn at(&self, place: Place) -> Option<&Certificate> {
        match place {
            Place::Anchor(n) => self.anchors.get(n),
            Place::Intermediate(n) => self.intermediates.get(n),
        }
    }

    fn chain(&self, certificate: &Certificate) -> Result<Vec<Place>, CertFault> {
        let fingerprint = certificate.fingerprint();
        if let Some(places) = self.known.read().unwrap_or_else(PoisonError::into_inner).get(&fingerprint) {
            return Ok(places.clone());
        }
        let mut search = Search { trust: self, checks: 0, seen: HashSet::new(), named: false };
        let mut places = Vec::new();
        if !search.climb(certificate, &mut places) {
            return Err(if search.named { CertFault::BadSignature } else { CertFault::NoIssuer });
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        known.insert(fingerprint, places.clone());
        Ok(places)
    }
}

/// 一次找链。
struct Search<'a> {
    trust: &'a Trust,
    checks: usize,
    seen: HashSet<Place>,
    /// 找到过同名的颁发者，只是签名不对。
    named: bool,
}

impl Search<'_> {
    fn climb(&mut self, certificate: &Certificate, places: &mut Vec<Place>) -> bool {
        if places.len() >= DEEPEST {
            return false;
        }
        let trust = self.trust;
        let anchors = trust.anchors.iter().enumerate().map(|(n, above)| (Place::Anchor(n), above));
        let others = trust.intermediates.iter().enumerate().map(|(n, above)| (Place::Intermediate(n), above));
        for (place, above) in anchors.chain(others) {
            if !above.subject.matches(&certificate.issuer) || self.seen.contains(&place) || self.checks >= MOST_CHECKS {
                continue;
            }
            let limit = above.path_len.is_none_or(|limit| places.len() <= limit as usize);
            let Some(public) = above.public.as_ref().filter(|_| limit && above.may_issue() && !above.unknown_critical) else { continue };
            self.named = true;
            self.checks += 1;
            if !certificate.signed_by(public) {
                continue;
            }
            self.seen.insert(place);
            places.push(place);
            if matches!(place, Place::Anchor(_)) || self.climb(above, places) {
                return true;
            }
            places.pop();
        }
        false
    }
}
