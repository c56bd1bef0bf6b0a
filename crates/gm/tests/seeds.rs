//! 模糊测试的种子：都由自己的写法生成（`TONGBAN_UPDATE=1` 重写），平常逐个回放，连同它们的截断与翻位。
#![allow(clippy::unwrap_used, reason = "测试")]

mod demo;
#[path = "../fuzz/strike.rs"]
mod strike;

use std::path::{Path, PathBuf};

use demo::foreign::{Holder, seal, signature, signature_at};
use demo::*;
use tongban_gm::cert::issue_crl;
use tongban_gm::der;
use tongban_gm::ses::{Conclusion, Edition, ListBy, SealRequest, make_seal, verify_seal, verify_signature};

/// 一个目标：种子的目录与敲法。
type Target = (&'static str, fn(&[u8]));

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds")
}

fn seals(demo: &Demo) -> Vec<(&'static str, Vec<u8>)> {
    let (maker_key, signer_key) = (key(MAKER), key(SIGNER));
    let (maker, signer) = (Holder(&demo.maker, &maker_key), Holder(&demo.signer, &signer_key));
    let stamp = der::group(der::tag::context(0), &[&der::bits(b"token")]);
    let make = |version, stamp: &[u8]| seal(version, maker, &demo.signer, ("OFD", b"PK"), stamp);
    let (one, four, five) = (make(1, &[]), demo.seal(), make(5, &stamp));
    let sign = |version, esl: &[u8]| signature(version, esl, DOCUMENT, PATH, signer, at("2026-11-22T14:30:00Z"));
    let digests = make_seal(&SealRequest { list_by: ListBy::Digest, ..demo.seal_request() }, &demo.maker, &maker_key).unwrap();
    vec![
        ("v1.dat", sign(1, &one)),
        ("v1-token.dat", signature_at(1, &one, DOCUMENT, PATH, signer, b"\x30\x03\x02\x01\x01")),
        ("v4.dat", demo.signature()),
        ("v4-digests.dat", demo.signature_over(&digests, "2026-11-22T14:30:00Z")),
        ("v5.dat", sign(5, &five)),
        ("v1.esl", one),
        ("v4.esl", four),
        ("v4-digests.esl", digests),
        ("v5.esl", five),
        // 说有 2 GB，其实一百字节；五十层套着
        ("lying-length.der", [&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff][..], &[0; 100]].concat()),
        ("nested.der", (0..50).fold(Vec::new(), |inner, _| der::sequence(&[&inner]))),
    ]
}

fn certificates(demo: &Demo) -> Vec<(&'static str, Vec<u8>)> {
    let revoked = [(&demo.signer, at("2026-11-23T00:00:00Z")), (&demo.outsider, at("2026-11-24T00:00:00Z"))];
    let crl = issue_crl(&demo.root, &key(ROOT), &revoked, at("2026-01-02T00:00:00Z"), at("2027-01-02T00:00:00Z")).unwrap();
    vec![
        ("root.der", demo.root.der().to_vec()),
        ("signer.der", demo.signer.der().to_vec()),
        ("signer.pem", demo.signer.to_pem().into_bytes()),
        ("revoked.crl", crl),
        ("public.spki", key(SIGNER).public().to_spki()),
        ("signature.der", key(SIGNER).sign(DOCUMENT).unwrap().to_der()),
    ]
}

#[test]
fn the_seeds_are_what_the_writer_writes() {
    let demo = demo();
    let update = std::env::var_os("TONGBAN_UPDATE").is_some();
    for (target, seeds) in [("seal", seals(&demo)), ("certificate", certificates(&demo))] {
        for (name, bytes) in seeds {
            let path = folder().join(target).join(name);
            if update {
                std::fs::write(&path, &bytes).unwrap();
            }
            assert_eq!(std::fs::read(&path).unwrap(), bytes, "{name} 旧了：TONGBAN_UPDATE=1 重写");
        }
    }
}

/// 种子要真能走到深处：该有效的有效，版本认得出。
#[test]
fn the_seeds_reach_deep() {
    let demo = demo();
    let (seeds, now) = (seals(&demo), at("2026-12-01T00:00:00Z"));
    let bytes = |name: &str| &seeds.iter().find(|(each, _)| *each == name).unwrap().1;
    for (name, edition) in [("v1", Edition::V1), ("v4", Edition::V4), ("v5", Edition::V5)] {
        let report = verify_seal(bytes(&format!("{name}.esl")), &demo.trust, now);
        assert_eq!((report.conclusion, report.seal.map(|seal| seal.edition)), (Conclusion::Valid, Some(edition)));
        let report = verify_signature(bytes(&format!("{name}.dat")), DOCUMENT, &demo.trust, now);
        assert_eq!((report.conclusion, report.edition()), (Conclusion::Valid, Some(edition)), "{:?}", report.checks);
    }
    assert_eq!(verify_signature(bytes("v4-digests.dat"), DOCUMENT, &demo.trust, now).conclusion, Conclusion::Valid);
    assert_eq!(verify_signature(bytes("v1-token.dat"), DOCUMENT, &demo.trust, now).conclusion, Conclusion::Unsupported);
}

#[test]
fn every_seed_is_struck() {
    let targets: [Target; 2] = [("seal", strike::seal), ("certificate", strike::certificate)];
    for (target, strike) in targets {
        let mut struck = 0;
        for entry in std::fs::read_dir(folder().join(target)).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            strike(&bytes);
            for place in (0..bytes.len()).step_by(23) {
                strike(&bytes[..place]);
                let mut turned = bytes.clone();
                turned[place] ^= 0x80;
                strike(&turned);
            }
            struck += 1;
        }
        assert!(struck >= 6, "{target} 只有 {struck} 份种子");
    }
}
