//! 敌意输入：随机翻转、截断、拼接、伪造长度，不恐慌、时间有界。
#![allow(clippy::unwrap_used, reason = "测试")]

mod demo;

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use demo::*;
use proptest::prelude::*;
use tongban_gm::ses::{verify_seal, verify_signature};
use tongban_gm::{Certificate, MasterKey, PublicKey, SecretKey, Signature};

/// 单次上限放宽到能容忍调试构建与繁忙的机器；要防的是随输入放大的耗时。
const SLOWEST: Duration = Duration::from_secs(2);

/// 验遍各种读法，回两种结论里有没有“有效”。
fn swallow(bytes: &[u8], demo: &Demo) -> bool {
    let begun = Instant::now();
    let now = at("2026-12-01T00:00:00Z");
    let seal = verify_seal(bytes, &demo.trust, now).conclusion.is_valid();
    let signature = verify_signature(bytes, DOCUMENT, &demo.trust, now).conclusion.is_valid();
    if let Ok(certificate) = Certificate::parse(bytes) {
        let _ = (demo.trust.check(&certificate, now), format!("{certificate:?}"), certificate.subject.common());
    }
    let _ = (Signature::from_der(bytes), PublicKey::from_spki(bytes), PublicKey::from_point(bytes), SecretKey::from_pkcs8(bytes));
    let _ = MasterKey::new([1; 16]).open(bytes, "x");
    assert!(begun.elapsed() < SLOWEST, "{} 字节用了 {:?}", bytes.len(), begun.elapsed());
    seal || signature
}

/// 一万次：翻转若干字节、截断、插入、重复一段。
#[test]
fn ten_thousand_mutations() {
    let demo = demo();
    let pool = [demo.seal(), demo.signature(), demo.signer.der().to_vec(), key(1).to_pkcs8().unwrap().to_vec()];
    let mut runner =
        proptest::test_runner::TestRunner::new(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() });
    let edits = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6);
    let plan = (0..pool.len(), 0..4u8, edits, any::<prop::sample::Index>());
    runner
        .run(&plan, |(which, how, edits, cut)| {
            let mut bytes = pool[which].clone();
            for (place, value) in &edits {
                let n = place.index(bytes.len());
                match how {
                    0 | 1 => bytes[n] = *value,
                    2 => bytes.insert(n, *value),
                    _ => drop(bytes.remove(n)),
                }
            }
            if how == 1 {
                bytes.truncate(cut.index(bytes.len()));
            }
            let valid = swallow(&bytes, &demo);
            prop_assert!(!valid || bytes == pool[which], "改过的不许有效");
            Ok(())
        })
        .unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_bytes(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        static DEMO: LazyLock<Demo> = LazyLock::new(demo);
        prop_assert!(!swallow(&bytes, &DEMO), "乱字节不许有效");
    }

    #[test]
    fn signatures_round_trip(message in prop::collection::vec(any::<u8>(), 0..300), entropy in any::<[u8; 32]>()) {
        let key = SecretKey::generate(&entropy).unwrap();
        let signature = key.sign_with(&message, &entropy).unwrap();
        prop_assert!(key.public().verify_der(&message, &signature.to_der()));
        prop_assert_eq!(Signature::from_raw(&signature.to_raw()), Some(signature));
    }
}

#[test]
fn every_truncation_of_every_structure_is_refused() {
    let demo = demo();
    let signed = demo.signature();
    let now = at("2026-12-01T00:00:00Z");
    for length in 0..signed.len() {
        assert!(!verify_signature(&signed[..length], DOCUMENT, &demo.trust, now).conclusion.is_valid());
    }
}

/// 深嵌套与伪造的大长度不递归、不分配。
#[test]
fn bombs_are_cheap() {
    let demo = demo();
    let nested: Vec<u8> = [0x30, 0x80].repeat(100_000);
    let long: Vec<u8> = [&[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff][..], &[0; 1000]].concat();
    let many = tongban_gm::der::sequence(&[&[0x05, 0x00].repeat(500_000)]);
    for bytes in [nested, long, many, vec![0xff; 5 * 1024 * 1024]] {
        assert!(!swallow(&bytes, &demo));
    }
}
