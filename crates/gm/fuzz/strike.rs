//! 敲打的几种读法：模糊测试的目标、种子的回放、没有 libFuzzer 时的敲打都用这几个函数。

use tongban_gm::cert::Crl;
use tongban_gm::ses::{verify_seal, verify_signature};
use tongban_gm::{Certificate, PublicKey, SecretKey, Signature, Trust};

/// 当印章、当签章来验：什么都不信任，绝不有效。
pub fn seal(data: &[u8]) {
    let (trust, now) = (Trust::new(), jiff::Timestamp::UNIX_EPOCH);
    assert!(!verify_seal(data, &trust, now).conclusion.is_valid(), "什么都不信任，印章却有效");
    assert!(!verify_signature(data, b"document", &trust, now).conclusion.is_valid(), "什么都不信任，签章却有效");
}

/// 当证书、吊销列表、公钥、私钥、签名值来读。
pub fn certificate(data: &[u8]) {
    let _ = (Certificate::parse(data).map(|one| format!("{one:?}")), Crl::parse(data).is_ok());
    let _ = (PublicKey::from_spki(data).is_ok(), Signature::from_der(data).is_ok(), SecretKey::from_pkcs8(data).is_ok());
}
