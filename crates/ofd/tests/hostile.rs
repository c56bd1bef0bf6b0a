//! 敌意输入：炸弹、重名、越界、DTD、谎报的大小、成千上万的引用——不恐慌，说得清，时间有界。随机变异在 `mutations.rs`。
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod demo;

use std::time::Duration;

use demo::clock::Clock;
use demo::{NOW, at, demo, repack, without_comment};
use proptest::prelude::*;
use tongban_gm::ses::Conclusion;
use tongban_ofd::package::PackageError;
use tongban_ofd::{Package, Part, verify};

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
    let clock = Clock::start();
    assert_eq!(Package::read(&bytes).unwrap_err(), PackageError::Bomb);
    assert!(clock.spent() < Duration::from_millis(50));

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

/// 上万个条目、上万条引用、几千页同指一份：逐个找、逐次读都会拖垮，读法不许随个数的平方长。
#[test]
fn crowds_are_read_in_time() {
    let root = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";
    let mut package = Package::default();
    package.put("OFD.xml", Part::new(format!("<ofd:OFD {root}><ofd:DocBody><ofd:DocInfo/><ofd:DocRoot>/D.xml</ofd:DocRoot><ofd:Signatures>/S.xml</ofd:Signatures></ofd:DocBody></ofd:OFD>")));
    let page = format!("<ofd:Page {root}>{}</ofd:Page>", "<ofd:Area/>".repeat(5_000));
    package.put("P.xml", Part::new(page));
    let pages = "<ofd:Page ID=\"1\" BaseLoc=\"/P.xml\"/>".repeat(5_000);
    package.put("D.xml", Part::new(format!("<ofd:Document {root}><ofd:Pages>{pages}</ofd:Pages></ofd:Document>")));
    let mut references = String::new();
    for n in 0..9_000 {
        package.put(&format!("x/{n}"), Part::new(vec![1; 4]));
        // 都引用同一份大文件，还要算 MD5
        references.push_str("<ofd:Reference FileRef=\"/big\"><ofd:CheckValue>AAAA</ofd:CheckValue></ofd:Reference>");
    }
    let noise: Vec<u8> = (0..2_000_000_u32).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()).collect();
    package.put("big", Part::stored(noise));
    package.put("S.xml", Part::new(format!("<ofd:Signatures {root}>{}</ofd:Signatures>", "<ofd:Signature ID=\"1\" BaseLoc=\"/G.xml\"/>".repeat(10))));
    package.put("G.xml", Part::new(format!("<ofd:Signature {root}><ofd:SignedInfo><ofd:References CheckMethod=\"MD5\">{references}</ofd:References></ofd:SignedInfo><ofd:SignedValue>/x/1</ofd:SignedValue></ofd:Signature>")));
    let bytes = package.to_bytes();
    let clock = Clock::start();
    let report = verify(&bytes, &tongban_gm::Trust::new(), at(NOW));
    assert_eq!((report.conclusion, report.signatures.len()), (Conclusion::Tampered, 10), "{}", report.reason());
    assert!(clock.spent() < Duration::from_secs(10), "{:?}", clock.spent());
}

/// 谎报：条目说自己有 4 GB、末尾目录说有六万个条目、压缩方法没听过、加了密、注释长过文件。
#[test]
fn lies_in_the_container_are_refused_without_allocating() {
    let bytes = without_comment(&demo().sealed());
    let end = bytes.len() - 22;
    let central = u32::from_le_bytes(bytes[end + 16..end + 20].try_into().unwrap()) as usize;
    let lie = |at: usize, value: &[u8]| {
        let mut out = bytes.clone();
        out[at..at + value.len()].copy_from_slice(value);
        let clock = Clock::start();
        let error = Package::read(&out).unwrap_err();
        assert!(clock.spent() < Duration::from_millis(200));
        error
    };
    let huge = u32::MAX.to_le_bytes();
    for (at, value) in [(end + 8, &[0xff; 4][..]), (end + 12, &huge), (end + 16, &huge), (end + 20, &[0xff; 2]), (central + 42, &huge)] {
        let _ = lie(at, value);
    }
    // 目录与本地头一起谎报大小：比率不许
    let mut both = bytes.clone();
    both[central + 24..central + 28].copy_from_slice(&huge);
    both[22..26].copy_from_slice(&huge);
    assert_eq!(Package::read(&both).unwrap_err(), PackageError::Bomb);
    let mut method = bytes.clone();
    method[central + 10] = 14;
    method[8] = 14;
    assert!(matches!(Package::read(&method).unwrap_err(), PackageError::Method(_)));
    let mut locked = bytes.clone();
    locked[central + 8] |= 1;
    locked[6] |= 1;
    assert!(matches!(Package::read(&locked).unwrap_err(), PackageError::Encrypted(_)));
    assert_eq!(verify(&locked, &tongban_gm::Trust::new(), at(NOW)).conclusion, Conclusion::Unsupported);
}

/// 外部实体不读，哪一份 XML 里有都一样。
#[test]
fn external_entities_are_refused_in_every_file() {
    let demo = demo();
    let sealed = demo.sealed();
    for target in ["OFD.xml", "Doc_0/Document.xml", "Doc_0/Pages/Page_0/Content.xml", "Doc_0/Signs/Signatures.xml", "Doc_0/Signs/Sign_0/Signature.xml"] {
        let mut changed = sealed.clone();
        let text = String::from_utf8(sealed.get(target).unwrap().data().to_vec()).unwrap();
        let body = text.split_once("?>").map_or(text.as_str(), |(_, body)| body);
        changed.put(target, Part::new(format!("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]>{body}")));
        let report = verify(&without_comment(&changed), &demo.trust, at(NOW));
        assert!(report.reason().contains("DTD"), "{target}：{}", report.reason());
        assert!(matches!(report.conclusion, Conclusion::Malformed | Conclusion::Tampered));
    }
}

/// 五千万点以上的图不转交给浏览器，别的照画。
#[test]
fn a_picture_bomb_is_not_handed_on() {
    let demo = demo();
    let sealed = demo.sealed();
    let picture = sealed.entries().find(|(name, _)| name.ends_with(".png")).map(|(name, _)| name.to_owned()).unwrap();
    let draw = |data: Vec<u8>| {
        let mut changed = sealed.clone();
        changed.put(&picture, Part::stored(data));
        tongban_ofd::view::svg(&changed, 0, &[], None).unwrap()
    };
    let good = sealed.get(&picture).unwrap().data().to_vec();
    let mut bomb = good.clone();
    bomb[16..24].copy_from_slice(&[0, 0, 0x27, 0x10, 0, 0, 0x27, 0x10]);
    assert!(draw(good).contains("data:image/png") && !draw(bomb.clone()).contains("data:image"));
    assert!(draw(bomb).contains("<use href="));
    assert!(!draw(b"<svg onload=alert(1)>".to_vec()).contains("data:image"));
}
