//! 逐步验证。读得出来就把每一步都验完，哪一步没过都不会得出有效。

use jiff::{SignedDuration, Timestamp};

use super::read::{Edition, Seal, SealedSignature};
use super::verdict::{Check, Conclusion, Fault, Outcome, SealReport, SignatureReport, Step, first_fault};
use crate::cert::{CertFault, Certificate, Trust};
use crate::der::{self, Malformed};
use crate::key::Signature;
use crate::{hash, oid};

/// 签章机与验章机的时钟最多相差多少。
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// 验一枚印章在 `at` 时刻能不能用（S1–S4）。
pub fn verify_seal<'a>(bytes: &'a [u8], trust: &Trust, at: Timestamp) -> SealReport<'a> {
    match Seal::parse(bytes) {
        Err(fault) => SealReport { seal: None, checks: Check::stopped(&Step::SEAL, fault), conclusion: unreadable(&fault) },
        Ok(seal) => {
            let checks = seal_checks(&seal, trust, at);
            let conclusion = match first_fault(&checks) {
                None => Conclusion::Valid,
                Some((Step::S1, Fault::Algorithm(_))) => Conclusion::Unsupported,
                Some((Step::S1, _)) => Conclusion::Malformed,
                Some((Step::S3, _)) => Conclusion::CertUntrusted,
                Some(_) => Conclusion::SealInvalid,
            };
            SealReport { seal: Some(seal), checks, conclusion }
        }
    }
}

/// 制章者证书按制作时间验，印章有效期按 `at` 验。
fn seal_checks(seal: &Seal<'_>, trust: &Trust, at: Timestamp) -> Vec<Check> {
    let maker = Certificate::parse(seal.maker_cert);
    let format = check_format(seal.algorithm, seal.signature);
    let signed = match seal.edition {
        Edition::V1 => der::sequence(&[seal.info, seal.maker_raw, seal.algorithm_raw]).into(),
        Edition::V4 | Edition::V5 => std::borrow::Cow::Borrowed(seal.info),
    };
    let signature = check_signature(&maker, &signed, seal.signature);
    let certificate = match &maker {
        Ok(maker) => trust.check(maker, seal.created).map_err(Fault::Cert),
        Err(fault) => Err(Fault::CertMalformed(*fault)),
    };
    let validity = if seal.valid_at(at) { Ok(()) } else { Err(Fault::OutsideSeal(at)) };
    vec![Check::new(Step::S1, format), Check::new(Step::S2, signature), Check::new(Step::S3, certificate), Check::new(Step::S4, validity)]
}

fn check_format(algorithm: &[u8], signature: &[u8]) -> Result<(), Fault> {
    if algorithm != oid::SM2_WITH_SM3 {
        return Err(Fault::Algorithm(oid::dotted(algorithm)));
    }
    Signature::from_der(signature).map(|_| ()).map_err(Fault::SignatureFormat)
}

fn check_signature(certificate: &Result<Certificate, Malformed>, message: &[u8], signature: &[u8]) -> Result<(), Fault> {
    let certificate = certificate.as_ref().map_err(|fault| Fault::CertMalformed(*fault))?;
    let public = certificate.public.as_ref().ok_or(Fault::Cert(CertFault::NotSm2))?;
    if public.verify_der(message, signature) { Ok(()) } else { Err(Fault::Signature) }
}

/// 验一份签章（G1–G7）。`protected` 是被签的原文，OFD 里即 Signature.xml 的原字节；`now` 只用来说“现已过期”与拒绝将来的时间。
pub fn verify_signature<'a>(bytes: &'a [u8], protected: &[u8], trust: &Trust, now: Timestamp) -> SignatureReport<'a> {
    let signature = match SealedSignature::parse(bytes) {
        Ok(signature) => signature,
        Err(fault) => {
            let checks = Check::stopped(&Step::SIGNATURE, fault);
            let seal_checks = Step::SEAL.map(|step| Check { step, outcome: Outcome::NotReached }).to_vec();
            return SignatureReport { signature: None, checks, seal_checks, conclusion: unreadable(&fault) };
        }
    };
    let signer = Certificate::parse(signature.signer_cert);
    // 没有签章时间就按现在验，G4 已经不过
    let at = signature.signed_at.unwrap_or(now);
    let seal_checks = seal_checks(&signature.seal, trust, at);
    let seal = match first_fault(&seal_checks) {
        None => Ok(()),
        Some((step, fault)) => Err(Fault::Seal(step, Box::new(fault.clone()))),
    };
    let chain = match &signer {
        Ok(signer) => trust.check_chain(signer, at).map_err(Fault::Cert),
        Err(fault) => Err(Fault::CertMalformed(*fault)),
    };
    let data = if hash::sm3(protected) == signature.data_hash { Ok(()) } else { Err(Fault::Data) };
    let listed = if signature.seal.cert_list.contains(signature.signer_cert) { Ok(()) } else { Err(Fault::NotListed) };
    let checks = vec![
        Check::new(Step::G1, check_format(signature.algorithm, signature.signature)),
        Check::new(Step::G2, check_signature(&signer, signature.to_sign, signature.signature)),
        Check::new(Step::G3, chain),
        Check::new(Step::G4, check_time(signature.signed_at, &signer, trust, now)),
        Check::new(Step::G5, data),
        Check::new(Step::G6, seal),
        Check::new(Step::G7, listed),
    ];
    let conclusion = match first_fault(&checks) {
        None if still_valid(&signature, &signer, trust, now) => Conclusion::Valid,
        None => Conclusion::ValidExpiredNow,
        Some((step, fault)) => conclude(step, fault),
    };
    SignatureReport { signature: Some(signature), checks, seal_checks, conclusion }
}

fn check_time(signed_at: Option<Timestamp>, signer: &Result<Certificate, Malformed>, trust: &Trust, now: Timestamp) -> Result<(), Fault> {
    let at = signed_at.ok_or(Fault::NoTime)?;
    if at.duration_since(now) > CLOCK_SKEW {
        return Err(Fault::Future(at));
    }
    let signer = signer.as_ref().map_err(|fault| Fault::CertMalformed(*fault))?;
    if !signer.valid_at(at) {
        return Err(Fault::OutsideCert(at));
    }
    // 签章之后才撤销的不影响
    match trust.revoked_at(signer) {
        Some(revoked) if revoked <= at => Err(Fault::Cert(CertFault::Revoked)),
        _ => Ok(()),
    }
}

fn still_valid(signature: &SealedSignature<'_>, signer: &Result<Certificate, Malformed>, trust: &Trust, now: Timestamp) -> bool {
    signature.seal.valid_to >= now && signer.as_ref().is_ok_and(|signer| signer.not_after >= now && trust.revoked_at(signer).is_none())
}

fn conclude(step: Step, fault: &Fault) -> Conclusion {
    match (step, fault) {
        (_, Fault::Algorithm(_)) | (Step::G4, Fault::NoTime) => Conclusion::Unsupported,
        (Step::G1, _) => Conclusion::Malformed,
        (Step::G4, Fault::Cert(CertFault::Revoked)) => Conclusion::RevokedBeforeSigning,
        (Step::G3 | Step::G4, _) => Conclusion::CertUntrusted,
        (Step::G6, _) => Conclusion::SealInvalid,
        (Step::G7, _) => Conclusion::SignerNotAuthorized,
        _ => Conclusion::Tampered,
    }
}

fn unreadable(fault: &Malformed) -> Conclusion {
    if matches!(fault.field, "印章版本" | "签章版本" | "证书列表类型") {
        Conclusion::Unsupported
    } else {
        Conclusion::Malformed
    }
}
