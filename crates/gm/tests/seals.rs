//! 印章与签章：制作、读回、逐步验证、结论。
#![allow(clippy::unwrap_used, reason = "测试")]

mod demo;

use demo::foreign::{self, Holder};
use demo::*;
use tongban_gm::cert::{CertFault, Revocation, Role, issue, issue_root};
use tongban_gm::der;
use tongban_gm::ses::{
    Conclusion, Edition, Fault, ListBy, Outcome, Seal, SealKind, SealRequest, SealedSignature, SignatureDraft, SignatureRequest, Step,
    WriteError, make_seal, sign, verify_seal, verify_signature,
};
use tongban_gm::{Certificate, Trust, oid};

const NOW: &str = "2026-12-01T00:00:00Z";

#[test]
fn a_seal_and_a_signature_read_back_and_verify() {
    let demo = demo();
    let esl = demo.seal();
    let seal = Seal::parse(&esl).unwrap();
    assert_eq!((seal.edition, seal.vendor, seal.es_id, seal.kind), (Edition::V4, "YWTB", "51081100000001", SealKind::Legal));
    assert_eq!((seal.name, seal.picture.width, seal.picture.format), ("广元市昭化区民政局", 42, "png"));
    assert_eq!(seal.valid_to, at("2029-02-01T00:00:00Z"));
    let report = verify_seal(&esl, &demo.trust, at(NOW));
    assert_eq!((report.conclusion, report.first_fault()), (Conclusion::Valid, None));

    let signed = demo.signature();
    let report = verify_signature(&signed, DOCUMENT, &demo.trust, at(NOW));
    assert_eq!((report.conclusion, report.first_fault()), (Conclusion::Valid, None));
    assert!(report.checks.iter().chain(&report.seal_checks).all(|check| check.outcome == Outcome::Passed));
    assert_eq!((report.checks.len(), report.seal_checks.len()), (7, 4));
    let parsed = report.signature.unwrap();
    assert_eq!((parsed.property, parsed.signed_at), (PATH, Some(at("2026-11-22T14:30:00Z"))));
    assert_eq!(parsed.seal.raw, esl, "内嵌印章逐字节相同");
}

#[test]
fn a_digest_list_works_too() {
    let demo = demo();
    let esl = make_seal(&SealRequest { list_by: ListBy::Digest, ..demo.seal_request() }, &demo.maker, &key(MAKER)).unwrap();
    let signed = demo.signature_over(&esl, "2026-11-22T14:30:00Z");
    assert_eq!(verify_signature(&signed, DOCUMENT, &demo.trust, at(NOW)).conclusion, Conclusion::Valid);
}

/// 任改一字节都不再有效，并点得出步骤。
#[test]
fn every_changed_byte_of_a_seal_is_found_and_named() {
    let demo = demo();
    let esl = demo.seal();
    let info = 4 + der::Reader::new(&esl).sequence("印章").unwrap().any("信息").unwrap().raw.len();
    for n in 0..esl.len() {
        let mut bad = esl.clone();
        bad[n] ^= 1;
        let report = verify_seal(&bad, &demo.trust, at(NOW));
        let (step, _) = report.first_fault().unwrap_or_else(|| panic!("第 {n} 字节没有发现"));
        assert!(!report.conclusion.is_valid());
        if n >= 4 && n < info && report.seal.is_some() {
            assert_eq!((step, report.conclusion), (Step::S2, Conclusion::SealInvalid), "第 {n} 字节");
        }
    }
}

#[test]
fn every_changed_byte_of_a_signature_is_found_and_named() {
    let demo = demo();
    let signed = demo.signature();
    let body = 4 + der::Reader::new(&signed).sequence("签章").unwrap().any("内容").unwrap().raw.len();
    for n in 0..signed.len() {
        let mut bad = signed.clone();
        bad[n] ^= 1;
        let report = verify_signature(&bad, DOCUMENT, &demo.trust, at(NOW));
        let (step, _) = report.first_fault().unwrap_or_else(|| panic!("第 {n} 字节没有发现"));
        assert!(!report.conclusion.is_valid());
        if n >= 4 && n < body && report.signature.is_some() {
            assert_eq!((step, report.conclusion), (Step::G2, Conclusion::Tampered), "第 {n} 字节");
        }
    }
}

#[test]
fn a_changed_document_fails_at_g5_only() {
    let demo = demo();
    let signed = demo.signature();
    let report = verify_signature(&signed, b"<ofd:Signature>Demo</ofd:Signature>", &demo.trust, at(NOW));
    assert_eq!((report.first_fault(), report.conclusion), (Some((Step::G5, &Fault::Data)), Conclusion::Tampered));
    assert_eq!(report.checks.iter().filter(|check| check.outcome != Outcome::Passed).count(), 1);
}

/// 手工拼签章：绕过写入时的核对。
fn forge(demo: &demo::Demo, esl: &[u8], signer: &Certificate, key_no: u8) -> Vec<u8> {
    let draft = SignatureDraft::new(&SignatureRequest::over(esl, DOCUMENT, PATH, at("2026-11-22T14:30:00Z"))).unwrap();
    let value = key(key_no).sign(draft.to_be_signed()).unwrap();
    assert!(demo.trust.check(signer, at(NOW)).is_ok());
    der::sequence(&[draft.to_be_signed(), &der::octets(signer.der()), &der::oid(oid::SM2_WITH_SM3), &der::bits(&value.to_der())])
}

#[test]
fn a_signer_outside_the_list_is_not_authorised() {
    let demo = demo();
    let esl = demo.seal();
    let request = SignatureRequest::over(&esl, DOCUMENT, PATH, at(NOW));
    assert_eq!(sign(&request, &demo.outsider, &key(OUTSIDER)).unwrap_err(), WriteError::NotListed);
    assert_eq!(sign(&request, &demo.signer, &key(OUTSIDER)).unwrap_err(), WriteError::Mismatch);
    let forged = forge(&demo, &esl, &demo.outsider, OUTSIDER);
    let report = verify_signature(&forged, DOCUMENT, &demo.trust, at(NOW));
    assert_eq!((report.first_fault(), report.conclusion), (Some((Step::G7, &Fault::NotListed)), Conclusion::SignerNotAuthorized));
}

#[test]
fn a_seal_signed_by_another_key_is_invalid() {
    let demo = demo();
    let esl = demo.seal();
    let info = der::Reader::new(&esl).sequence("印章").unwrap().any("信息").unwrap().raw;
    let value = key(OUTSIDER).sign(info).unwrap();
    let fake = der::sequence(&[info, &der::octets(demo.maker.der()), &der::oid(oid::SM2_WITH_SM3), &der::bits(&value.to_der())]);
    let report = verify_seal(&fake, &demo.trust, at(NOW));
    assert_eq!((report.first_fault(), report.conclusion), (Some((Step::S2, &Fault::Signature)), Conclusion::SealInvalid));
    let signed = forge(&demo, &fake, &demo.signer, SIGNER);
    let report = verify_signature(&signed, DOCUMENT, &demo.trust, at(NOW));
    assert!(matches!(report.first_fault(), Some((Step::G6, Fault::Seal(Step::S2, _)))), "{:?}", report.checks);
    assert_eq!(report.conclusion, Conclusion::SealInvalid);
}

#[test]
fn raw_signatures_and_other_algorithms_are_named() {
    let demo = demo();
    let esl = demo.seal();
    let info = der::Reader::new(&esl).sequence("印章").unwrap().any("信息").unwrap().raw;
    let value = key(MAKER).sign(info).unwrap();
    let make =
        |algorithm: &[u8], value: &[u8]| der::sequence(&[info, &der::octets(demo.maker.der()), &der::oid(algorithm), &der::bits(value)]);
    let raw = make(oid::SM2_WITH_SM3, &value.to_raw());
    let report = verify_seal(&raw, &demo.trust, at(NOW));
    assert!(matches!(report.first_fault(), Some((Step::S1, Fault::SignatureFormat(_)))));
    assert_eq!(report.conclusion, Conclusion::Malformed);
    let other = make(oid::SM2_CURVE, &value.to_der());
    assert_eq!(verify_seal(&other, &demo.trust, at(NOW)).conclusion, Conclusion::Unsupported);
}

#[test]
fn expiry_and_validity() {
    let demo = demo();
    let (esl, signed) = (demo.seal(), demo.signature());
    let later = verify_signature(&signed, DOCUMENT, &demo.trust, at("2030-01-01T00:00:00Z"));
    assert_eq!((later.conclusion, later.first_fault()), (Conclusion::ValidExpiredNow, None));
    let report = verify_seal(&esl, &demo.trust, at("2030-01-01T00:00:00Z"));
    assert!(matches!(report.first_fault(), Some((Step::S4, Fault::OutsideSeal(_)))));
    let late = demo.signature_over(&esl, "2030-01-01T00:00:00Z");
    let report = verify_signature(&late, DOCUMENT, &demo.trust, at("2030-02-01T00:00:00Z"));
    assert!(matches!(report.first_fault(), Some((Step::G6, Fault::Seal(Step::S4, _)))));
    let early = demo.signature_over(&esl, "2025-01-01T00:00:00Z");
    let report = verify_signature(&early, DOCUMENT, &demo.trust, at(NOW));
    assert_eq!(report.conclusion, Conclusion::CertUntrusted);
    assert!(report.checks.iter().any(|check| check.step == Step::G4 && matches!(check.outcome, Outcome::Failed(Fault::OutsideCert(_)))));
    let report = verify_signature(&signed, DOCUMENT, &demo.trust, at("2026-11-01T00:00:00Z"));
    assert!(matches!(report.first_fault(), Some((Step::G4, Fault::Future(_)))), "签章时间在将来");
}

#[test]
fn revocation_counts_only_before_signing() {
    let mut demo = demo();
    let signed = demo.signature();
    let entry = |certificate: &Certificate, when| Revocation {
        issuer: certificate.issuer.raw().to_vec(),
        serial: certificate.serial.clone(),
        at: at(when),
    };
    demo.trust.revoke(entry(&demo.signer, "2026-11-23T00:00:00Z"));
    assert!(verify_signature(&signed, DOCUMENT, &demo.trust, at(NOW)).conclusion.is_valid());
    demo.trust.revoke(entry(&demo.signer, "2026-11-21T00:00:00Z"));
    let report = verify_signature(&signed, DOCUMENT, &demo.trust, at(NOW));
    assert_eq!((report.first_fault().unwrap().0, report.conclusion), (Step::G4, Conclusion::RevokedBeforeSigning));
    demo.trust.revoke(entry(&demo.maker, "2026-01-02T00:00:00Z"));
    let report = verify_seal(report.signature.as_ref().unwrap().seal.raw, &demo.trust, at(NOW));
    assert_eq!(report.first_fault(), Some((Step::S3, &Fault::Cert(CertFault::Revoked))));
}

#[test]
fn untrusted_chains_are_named() {
    let demo = demo();
    let signed = demo.signature();
    let report = verify_signature(&signed, DOCUMENT, &Trust::new(), at(NOW));
    assert_eq!(report.first_fault(), Some((Step::G3, &Fault::Cert(CertFault::NoIssuer))));
    // 同名的假根
    let fake = issue_root(&request("通办演示根", 9, Role::Authority { path_len: 1 }), &key(9)).unwrap();
    let mut trust = Trust::new();
    trust.add_anchor(fake).unwrap();
    assert_eq!(trust.check(&demo.signer, at(NOW)), Err(CertFault::BadSignature));
    // 最终证书不能再签发，CA 证书不能签章
    assert!(issue(&request("甲", 8, Role::Signer), &key(8).public(), &demo.signer, &key(SIGNER)).is_err());
    assert_eq!(demo.trust.check(&demo.root, at(NOW)), Err(CertFault::Usage));
    assert_eq!(demo.trust.check(&demo.signer, at("2040-01-01T00:00:00Z")), Err(CertFault::OutOfDate));
}

#[test]
fn intermediates_obey_the_path_length() {
    let mut demo = demo();
    let sub = issue(&request("中间", 5, Role::Authority { path_len: 0 }), &key(5).public(), &demo.root, &key(ROOT)).unwrap();
    let deep = issue(&request("更深", 6, Role::Authority { path_len: 0 }), &key(6).public(), &sub, &key(5)).unwrap();
    let good = issue(&request("甲", 7, Role::Signer), &key(7).public(), &sub, &key(5)).unwrap();
    let bad = issue(&request("乙", 8, Role::Signer), &key(8).public(), &deep, &key(6)).unwrap();
    assert_eq!(demo.trust.check(&good, at(NOW)), Err(CertFault::NoIssuer));
    demo.trust.add_intermediate(sub);
    demo.trust.add_intermediate(deep);
    assert_eq!(demo.trust.check(&good, at(NOW)), Ok(()));
    assert!(demo.trust.check(&bad, at(NOW)).is_err());
    let again = Certificate::parse(good.to_pem().as_bytes()).unwrap();
    assert_eq!((again.der(), again.subject.common()), (good.der(), "甲"));
}

#[test]
fn wrong_requests_are_refused() {
    let demo = demo();
    let good = demo.seal_request();
    let make = |request: SealRequest<'_>| make_seal(&request, &demo.maker, &key(MAKER)).unwrap_err();
    assert_eq!(make(SealRequest { es_id: "", ..good.clone() }), WriteError::EsId);
    assert_eq!(make(SealRequest { name: " ", ..good.clone() }), WriteError::Name);
    assert_eq!(make(SealRequest { image: &[0; 41 * 1024], ..good.clone() }), WriteError::Picture);
    assert_eq!(make(SealRequest { valid_to: good.valid_from, ..good.clone() }), WriteError::Validity);
    assert_eq!(make(SealRequest { valid_to: at("2032-01-01T00:00:00Z"), ..good.clone() }), WriteError::BeyondCert);
    assert_eq!(make(SealRequest { signers: &[], ..good.clone() }), WriteError::NoSigner);
    let many = vec![demo.signer.clone(); 80];
    assert_eq!(make(SealRequest { signers: &many, image: &[0; 40 * 1024], ..good.clone() }), WriteError::TooLarge);
    assert_eq!(make_seal(&good, &demo.maker, &key(OUTSIDER)).unwrap_err(), WriteError::Mismatch);
}

#[test]
fn old_seals_of_2014_are_read_and_verified() {
    let demo = demo();
    let (maker_key, signer_key) = (key(MAKER), key(SIGNER));
    let signer = Holder(&demo.signer, &signer_key);
    let esl = foreign::seal(1, Holder(&demo.maker, &maker_key), &demo.signer, ("OFD", b"PK"), &[]);
    let report = verify_seal(&esl, &demo.trust, at(NOW));
    assert_eq!((report.first_fault(), report.conclusion), (None, Conclusion::Valid));
    let seal = report.seal.unwrap();
    assert_eq!((seal.edition, seal.kind, seal.es_id), (Edition::V1, SealKind::OldUnit, "ZhelibanTaxSeal"));

    let signed = foreign::signature(1, &esl, DOCUMENT, PATH, signer, at("2026-11-22T14:30:00Z"));
    let report = verify_signature(&signed, DOCUMENT, &demo.trust, at(NOW));
    assert_eq!((report.first_fault(), report.conclusion, report.edition()), (None, Conclusion::Valid, Some(Edition::V1)));
    let token = foreign::signature_at(1, &esl, DOCUMENT, PATH, signer, b"\x30\x03\x02\x01\x01");
    let report = verify_signature(&token, DOCUMENT, &demo.trust, at(NOW));
    assert_eq!((report.first_fault(), report.conclusion), (Some((Step::G4, &Fault::NoTime)), Conclusion::Unsupported));
}

#[test]
fn seals_of_2025_are_read_and_unknown_versions_are_not() {
    let demo = demo();
    let maker_key = key(MAKER);
    let make = |version, stamp: &[u8]| foreign::seal(version, Holder(&demo.maker, &maker_key), &demo.signer, ("OFD", b"PK"), stamp);
    let stamp = der::group(der::tag::context(0), &[&der::bits(b"token")]);
    for esl in [make(5, &[]), make(5, &stamp)] {
        let report = verify_seal(&esl, &demo.trust, at(NOW));
        assert_eq!((report.conclusion, report.seal.map(|seal| seal.edition)), (Conclusion::Valid, Some(Edition::V5)));
    }
    assert_eq!(verify_seal(&make(7, &[]), &demo.trust, at(NOW)).conclusion, Conclusion::Unsupported);
    assert_eq!(verify_seal(&make(4, &stamp), &demo.trust, at(NOW)).conclusion, Conclusion::Unsupported);
    assert!(SealedSignature::parse(b"").is_err());
}

/// 结论就是规格 §3.4 那十个词，一个不多一个不少。
#[test]
fn conclusions_are_the_words_of_the_specification() {
    const WORDS: &str = "valid valid_expired_now tampered seal_invalid signer_not_authorized cert_untrusted revoked_before_signing uncovered malformed unsupported";
    // 没有通配：多一个结论，这里编译不过
    let next = |one: Conclusion| match one {
        Conclusion::Valid => Some(Conclusion::ValidExpiredNow),
        Conclusion::ValidExpiredNow => Some(Conclusion::Tampered),
        Conclusion::Tampered => Some(Conclusion::SealInvalid),
        Conclusion::SealInvalid => Some(Conclusion::SignerNotAuthorized),
        Conclusion::SignerNotAuthorized => Some(Conclusion::CertUntrusted),
        Conclusion::CertUntrusted => Some(Conclusion::RevokedBeforeSigning),
        Conclusion::RevokedBeforeSigning => Some(Conclusion::Uncovered),
        Conclusion::Uncovered => Some(Conclusion::Malformed),
        Conclusion::Malformed => Some(Conclusion::Unsupported),
        Conclusion::Unsupported => None,
    };
    let all: Vec<_> = std::iter::successors(Some(Conclusion::Valid), |one| next(*one)).collect();
    assert_eq!(all.iter().map(|one| one.code()).collect::<Vec<_>>().join(" "), WORDS);
    let valid: Vec<_> = all.iter().filter(|one| one.is_valid()).map(|one| one.code()).collect();
    assert_eq!(valid, ["valid", "valid_expired_now"]);
    let steps: Vec<_> = Step::SEAL.iter().chain(&Step::SIGNATURE).map(|step| step.code()).collect();
    assert_eq!(steps.join(" "), "S1 S2 S3 S4 G1 G2 G3 G4 G5 G6 G7");
}
