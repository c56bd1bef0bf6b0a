//! 照别家的写法拼印章与签章：2014 版（v1）、2020 版（v4）、2025 版（v5）。我方只写 v4，这里给读入与种子用。

use jiff::Timestamp;
use tongban_gm::{Certificate, SecretKey, der, oid, time};

/// 一张证书与它的私钥。
#[derive(Clone, Copy)]
pub struct Holder<'a>(pub &'a Certificate, pub &'a SecretKey);

fn when(old: bool, at: Timestamp) -> Vec<u8> {
    if old { time::write_in_certificate(at) } else { time::write(at) }
}

fn seal_info(version: u32, signer: &Certificate, picture: (&str, &[u8])) -> Vec<u8> {
    let old = version == 1;
    let ia5 = |text: &str| der::item(der::tag::IA5, text.as_bytes());
    let moment = |text: &str| when(old, text.parse().unwrap());
    let mut property = vec![der::integer(1), der::item(der::tag::UTF8, "外来印章".as_bytes())];
    if !old {
        property.push(der::integer(1));
    }
    property.push(der::sequence(&[&der::octets(signer.der())]));
    property.extend(["2026-02-01T00:00:00Z", "2026-02-01T00:00:00Z", "2029-02-01T00:00:00Z"].map(moment));
    der::sequence(&[
        &der::sequence(&[&ia5("ES"), &der::integer(version), &ia5("other")]),
        &ia5("ZhelibanTaxSeal"),
        &der::sequence(&[&property.concat()]),
        &der::sequence(&[&ia5(picture.0), &der::octets(picture.1), &der::integer(30), &der::integer(20)]),
        &der::sequence(&[]),
    ])
}

/// 一枚印章；`stamp` 接在末尾（v5 的时间戳）。
pub fn seal(version: u32, maker: Holder<'_>, signer: &Certificate, picture: (&str, &[u8]), stamp: &[u8]) -> Vec<u8> {
    let (info, certificate, algorithm) = (seal_info(version, signer, picture), der::octets(maker.0.der()), der::oid(oid::SM2_WITH_SM3));
    let value = |message: &[u8]| der::bits(&maker.1.sign(message).unwrap().to_der());
    if version == 1 {
        let value = value(&der::sequence(&[&info, &certificate, &algorithm]));
        der::sequence(&[&info, &der::sequence(&[&certificate, &algorithm, &value])])
    } else {
        der::sequence(&[&info, &certificate, &algorithm, &value(&info), stamp])
    }
}

/// 一份签章。
pub fn signature(version: u32, esl: &[u8], protected: &[u8], path: &str, signer: Holder<'_>, at: Timestamp) -> Vec<u8> {
    signature_at(version, esl, protected, path, signer, &when(version == 1, at))
}

/// 一份签章，签章时间那一项由调用者写（v1 里可以是时间戳令牌）。
pub fn signature_at(version: u32, esl: &[u8], protected: &[u8], path: &str, signer: Holder<'_>, moment: &[u8]) -> Vec<u8> {
    let (certificate, algorithm) = (der::octets(signer.0.der()), der::oid(oid::SM2_WITH_SM3));
    let (hash, path) = (der::bits(&tongban_gm::sm3(protected)), der::item(der::tag::IA5, path.as_bytes()));
    let value = |message: &[u8]| der::bits(&signer.1.sign(message).unwrap().to_der());
    if version == 1 {
        let to_sign = der::sequence(&[&der::integer(1), esl, &der::bits(moment), &hash, &path, &certificate, &algorithm]);
        der::sequence(&[&to_sign, &value(&to_sign)])
    } else {
        let to_sign = der::sequence(&[&der::integer(version), esl, moment, &hash, &path]);
        der::sequence(&[&to_sign, &certificate, &algorithm, &value(&to_sign)])
    }
}
