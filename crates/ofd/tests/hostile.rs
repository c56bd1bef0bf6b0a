//! 敌意输入：截断、翻位、插入、炸弹、重名、越界、DTD——不恐慌，说得清，时间与内存有界。
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod demo;

use std::time::{Duration, Instant};

use demo::{NOW, at, demo, repack, without_comment};
use proptest::prelude::*;
use tongban_gm::ses::Conclusion;
use tongban_ofd::package::PackageError;
use tongban_ofd::{Package, Part, verify};

#[test]
fn a_thousand_mutations_never_panic_and_never_pass() {
    let demo = demo();
    let sealed = demo.sealed();
    let (whole, bare) = (sealed.to_bytes(), without_comment(&sealed));
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 1_000, failure_persistence: None, ..ProptestConfig::default() });
    let strategy = (0..4_u8, any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>());
    runner
        .run(&strategy, |(kind, place, length, byte)| {
            let mut bytes = if kind % 2 == 0 { whole.clone() } else { bare.clone() };
            let at_byte = place.index(bytes.len());
            match kind {
                0 | 1 => bytes[at_byte] ^= byte | 1,
                2 => bytes.truncate(at_byte),
                _ => bytes.splice(at_byte..at_byte, std::iter::repeat_n(byte, length.index(40) + 1)).for_each(drop),
            }
            let began = Instant::now();
            let report = verify(&bytes, &demo.trust, at(NOW));
            prop_assert!(began.elapsed() < Duration::from_secs(2));
            // 没有容器摘要的包里，时间戳一类的字节不影响内容，可以仍然有效；有摘要的一律不行
            prop_assert!(kind % 2 == 1 || !report.conclusion.is_valid());
            Ok(())
        })
        .unwrap();
}

#[test]
fn mutated_contents_never_panic_and_never_pass() {
    let demo = demo();
    let sealed = demo.sealed();
    let names: Vec<String> = sealed.entries().map(|(name, _)| name.to_owned()).collect();
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() });
    let strategy = (any::<prop::sample::Index>(), any::<prop::sample::Index>(), any::<u8>(), any::<bool>());
    runner
        .run(&strategy, |(file, place, byte, cut)| {
            let target = &names[file.index(names.len())];
            let bytes = repack(&sealed, |name, data| {
                if name == target && !data.is_empty() {
                    let position = place.index(data.len());
                    if cut { data.truncate(position) } else { data[position] ^= byte | 1 }
                }
            });
            let report = verify(&bytes, &demo.trust, at(NOW));
            prop_assert!(!report.conclusion.is_valid(), "{target}");
            if let Ok(package) = Package::read(&bytes) {
                let _ = tongban_ofd::view::svg(&package, 0, &report.signatures, None);
            }
            Ok(())
        })
        .unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn random_bytes_are_malformed(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let report = verify(&bytes, &tongban_gm::Trust::new(), at(NOW));
        prop_assert_eq!(report.conclusion, Conclusion::Malformed);
    }
}

#[test]
fn bombs_duplicates_and_escapes_are_refused_before_they_cost_anything() {
    let mut bomb = Package::default();
    bomb.put("OFD.xml", Part::new(vec![b' '; 30 * 1024 * 1024]));
    let bytes = bomb.to_bytes();
    assert!(bytes.len() < 200_000);
    let began = Instant::now();
    assert_eq!(Package::read(&bytes).unwrap_err(), PackageError::Bomb);
    assert!(began.elapsed() < Duration::from_millis(50));

    let sealed = demo().sealed();
    let swap = |from: &str, to: &str| {
        let bytes = without_comment(&sealed);
        let mut out = bytes.clone();
        let (from, to) = (from.as_bytes(), to.as_bytes());
        for start in 0..bytes.len() - from.len() {
            if &bytes[start..start + from.len()] == from {
                out[start..start + from.len()].copy_from_slice(to);
            }
        }
        Package::read(&out).unwrap_err()
    };
    assert!(matches!(swap("Doc_0/DocumentRes.xml", "Doc_0/Pages/Page_0/.."), PackageError::Escapes(_)));
    assert!(matches!(swap("Doc_0/Document.xml", "../../../passwd.xm"), PackageError::Escapes(_)));
}

#[test]
fn a_duplicate_name_and_a_dtd_are_named() {
    let sealed = demo().sealed();
    let bytes = without_comment(&sealed);
    // 两个等长的名字改成同一个
    let (a, b) = ("Doc_0/Signs/Sign_0/Signature.xml", "Doc_0/Signs/Sign_0/Signature.xm2");
    assert_eq!(a.len(), b.len());
    let mut doubled = sealed.clone();
    doubled.put(b, Part::new("<x/>"));
    let mut bytes2 = without_comment(&doubled);
    for start in 0..bytes2.len() - b.len() {
        if &bytes2[start..start + b.len()] == b.as_bytes() {
            bytes2[start..start + b.len()].copy_from_slice(a.as_bytes());
        }
    }
    assert!(matches!(Package::read(&bytes2).unwrap_err(), PackageError::Duplicate(_)));
    let report = verify(&bytes2, &tongban_gm::Trust::new(), at(NOW));
    assert_eq!(report.conclusion, Conclusion::Tampered);
    assert!(Package::read(&bytes).is_ok());
    let dtd = repack(&sealed, |name, data| {
        if name == "OFD.xml" {
            let text = String::from_utf8(data.clone()).unwrap().replacen("<ofd:OFD", "<!DOCTYPE x><ofd:OFD", 1);
            *data = text.into_bytes();
        }
    });
    let report = verify(&dtd, &tongban_gm::Trust::new(), at(NOW));
    assert_eq!(report.conclusion, Conclusion::Malformed);
    assert!(report.reason().contains("DTD"), "{}", report.reason());
}
