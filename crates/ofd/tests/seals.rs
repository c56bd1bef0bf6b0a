//! 盖章与验证：有效的有效，动过的说得出哪一步；多签、续签、封口；签时有效与现已过期。
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod demo;

use demo::{NOW, Demo, OUTSIDER, at, demo, demo_with, key, part, repack, without_comment};
use tongban_gm::ses::Conclusion;
use tongban_ofd::read::Structure;
use tongban_ofd::verify::Outcome;
use tongban_ofd::{Package, Part, Placed, SealError, Sealing, seal, verify};

fn part_of(data: Vec<u8>) -> std::sync::Arc<Part> {
    Part::stored(data)
}

fn check(demo: &Demo, bytes: &[u8]) -> (Conclusion, String) {
    let report = verify(bytes, &demo.trust, at(NOW));
    (report.conclusion, report.reason())
}

#[test]
fn a_sealed_licence_is_valid_and_says_who_and_when() {
    let demo = demo();
    let bytes = demo.sealed().to_bytes();
    let report = verify(&bytes, &demo.trust, at(NOW));
    assert_eq!(report.conclusion, Conclusion::Valid, "{}", report.reason());
    assert_eq!(report.datum("ZZBH"), Some("JY25108110012345"));
    let signed = &report.signatures[0];
    assert_eq!((signed.seal_name.as_str(), signed.es_id.as_str()), ("广元市昭化区行政审批局", "51081100000001"));
    assert_eq!((signed.signer.as_str(), signed.maker.as_str()), ("昭化区行政审批局", "演示制章者"));
    assert_eq!(signed.signed_at, Some(at("2026-11-23T07:00:00Z")));
    assert!(report.lines.iter().chain(&signed.lines).all(|line| matches!(line.outcome, Outcome::Passed(_))));
    assert_eq!(bytes, demo.sealed().to_bytes(), "同样的内容得同样的字节");
}

#[test]
fn another_system_may_zip_it_again() {
    let demo = demo();
    assert_eq!(check(&demo, &without_comment(&demo.sealed())).0, Conclusion::Valid);
}

#[test]
fn every_file_is_guarded_and_the_step_is_named() {
    let demo = demo();
    let sealed = demo.sealed();
    let names: Vec<String> = sealed.entries().map(|(name, _)| name.to_owned()).collect();
    assert!(names.len() >= 12);
    for target in names {
        let bytes = repack(&sealed, |name, data| {
            if name == target {
                let middle = data.len() / 2;
                data[middle] ^= 1;
            }
        });
        let (conclusion, reason) = check(&demo, &bytes);
        assert!(!conclusion.is_valid(), "{target} 改了一位还有效");
        assert!(reason.split_once(' ').is_some_and(|(code, _)| code.len() == 2), "{target}：{reason}");
    }
    let body = repack(&sealed, |name, data| {
        if name.ends_with("Page_0/Content.xml") {
            let text = String::from_utf8(data.clone()).unwrap().replace("MAMA", "MAMB");
            *data = text.into_bytes();
        }
    });
    let (conclusion, reason) = check(&demo, &body);
    assert_eq!(conclusion, Conclusion::Tampered);
    assert!(reason.starts_with("O1") && reason.contains("Page_0/Content.xml"), "{reason}");
}

#[test]
fn a_single_byte_anywhere_in_the_file_is_found() {
    let demo = demo();
    let bytes = demo.sealed().to_bytes();
    // 全部字节在 examples/measure 里逐个翻；这里隔着翻，头尾逐个翻
    let positions = (0..200).chain((200..bytes.len() - 400).step_by(149)).chain(bytes.len() - 400..bytes.len());
    for position in positions {
        let mut changed = bytes.clone();
        changed[position] ^= 0x10;
        let (conclusion, reason) = check(&demo, &changed);
        assert!(!conclusion.is_valid(), "第 {position} 字节改了还有效");
        assert!(!reason.is_empty());
    }
}

/// 规格 §11-2：正文、附件、Signature.xml、Seal.esl、SignedValue 里隔几个字节改一个，都说得出是哪一步。
#[test]
fn a_changed_byte_of_any_kind_of_file_names_its_step() {
    let demo = demo();
    let sealed = demo.sealed();
    let folder = "Doc_0/Signs/Sign_0";
    let kinds: [(String, usize, &[&str]); 6] = [
        // 改坏了写法的 XML 停在结构一步，写法还对的停在杂凑
        ("Doc_0/Pages/Page_0/Content.xml".into(), 29, &["O1", "F2"]),
        ("Doc_0/Attachs/licence.xml".into(), 1, &["O1"]),
        ("OFD.xml".into(), 7, &["O1", "F2"]),
        (format!("{folder}/Signature.xml"), 11, &["G5", "O0", "O1"]),
        (format!("{folder}/Seal.esl"), 97, &["O1"]),
        (format!("{folder}/SignedValue.dat"), 97, &["G1", "G2", "G3"]),
    ];
    for (name, step, codes) in kinds {
        let original = sealed.get(&name).unwrap().data();
        for place in (0..original.len()).step_by(step) {
            let mut data = original.to_vec();
            data[place] ^= 1;
            let mut changed = sealed.clone();
            changed.put(&name, part_of(data));
            let report = tongban_ofd::verify::verify_package(&changed, &demo.trust, at(NOW));
            let reason = report.reason();
            assert!(!report.conclusion.is_valid(), "{name} 第 {place} 字节");
            let code = reason.split(' ').next().unwrap();
            assert!(codes.contains(&code), "{name} 第 {place} 字节：{reason}");
            if code == "O1" {
                assert_eq!(report.conclusion, Conclusion::Tampered, "{reason}");
                assert!(name.ends_with("Signature.xml") || reason.contains(&name), "{name}：{reason}");
            }
        }
    }
}

#[test]
fn what_is_added_is_uncovered_and_what_is_removed_is_missed() {
    let demo = demo();
    let mut added = demo.sealed();
    added.put("Doc_0/Attachs/extra.xml", part("<x/>"));
    let (conclusion, reason) = check(&demo, &added.to_bytes());
    assert_eq!(conclusion, Conclusion::Uncovered);
    assert!(reason.contains("extra.xml"), "{reason}");
    let mut beside = demo.sealed();
    beside.put("Doc_0/Signs/Sign_0/evil.xml", part("<x/>"));
    assert_eq!(check(&demo, &beside.to_bytes()).0, Conclusion::Uncovered);
    let sealed = demo.sealed();
    let mut removed = Package::default();
    for (name, each) in sealed.entries().filter(|(name, _)| !name.ends_with("licence.xml")) {
        removed.put(name, each.clone());
    }
    let (conclusion, reason) = check(&demo, &removed.to_bytes());
    assert_eq!(conclusion, Conclusion::Tampered);
    assert!(reason.contains("不见了"), "{reason}");
}

#[test]
fn an_unsigned_file_is_uncovered() {
    let demo = demo();
    let (document, _) = demo::document(&demo::paper());
    let package = document.package(tongban_ofd::subset::Subsetter::shared().unwrap()).unwrap();
    let (conclusion, reason) = check(&demo, &package.to_bytes());
    assert_eq!(conclusion, Conclusion::Uncovered);
    assert!(reason.contains("没有电子签章"));
}

#[test]
fn expired_now_is_not_invalid_and_a_stranger_is_not_trusted() {
    let demo = demo_with("2026-12-31T00:00:00Z");
    let bytes = demo.sealed().to_bytes();
    assert_eq!(verify(&bytes, &demo.trust, at("2028-01-01T00:00:00Z")).conclusion, Conclusion::ValidExpiredNow);
    assert_eq!(verify(&bytes, &tongban_gm::Trust::new(), at(NOW)).conclusion, Conclusion::CertUntrusted);
}

#[test]
fn someone_else_cannot_use_the_seal() {
    let demo = demo();
    let (document, placed) = demo::document(&demo::paper());
    let mut package = document.package(tongban_ofd::subset::Subsetter::shared().unwrap()).unwrap();
    let stamps = [placed];
    let stranger = Sealing { seal: &demo.seal, signer: &demo.outsider, key: &key(OUTSIDER), at: at("2026-11-23T07:00:00Z"), stamps: &stamps, close: true };
    assert!(matches!(seal(&mut package, &stranger), Err(SealError::Ses(_))), "写的时候就拒绝");
}

#[test]
fn two_units_sign_one_after_another_until_it_is_closed() {
    let demo = demo();
    let mut package = demo.sealed_with(false, at("2026-11-23T06:00:00Z"));
    assert_eq!(check(&demo, &package.to_bytes()).0, Conclusion::Valid);
    let second = Placed::centred(0, (60.0, 200.0), (42.0, 42.0), (210.0, 297.0));
    demo.stamp(&mut package, &[second], true, at("2026-11-23T07:00:00Z"));
    let report = verify(&package.to_bytes(), &demo.trust, at(NOW));
    assert_eq!((report.conclusion, report.signatures.len()), (Conclusion::Valid, 2), "{}", report.reason());
    let stamps = [second];
    let third = Sealing { seal: &demo.seal, signer: &demo.signer, key: &key(demo::SIGNER), at: at("2026-11-23T07:30:00Z"), stamps: &stamps, close: true };
    assert!(matches!(seal(&mut package, &third), Err(SealError::Closed)));
}

#[test]
fn the_seal_stays_on_the_page() {
    let demo = demo();
    let (document, _) = demo::document(&demo::paper());
    let mut package = document.package(tongban_ofd::subset::Subsetter::shared().unwrap()).unwrap();
    let mut outside = Placed::centred(0, (100.0, 100.0), (42.0, 42.0), (210.0, 297.0));
    outside.area.x = 190.0;
    let stamps = [outside];
    let sealing = Sealing { seal: &demo.seal, signer: &demo.signer, key: &key(demo::SIGNER), at: at(NOW), stamps: &stamps, close: true };
    assert!(matches!(seal(&mut package, &sealing), Err(SealError::Outside)));
    let inside = Placed::centred(0, (205.0, 292.0), (42.0, 42.0), (210.0, 297.0));
    assert_eq!((inside.area.x, inside.area.y), (168.0, 255.0), "贴边的收回页内");
}

#[test]
fn structure_is_what_the_standard_asks() {
    let demo = demo();
    let sealed = demo.sealed();
    let structure = Structure::read(&sealed).unwrap();
    let max: u32 = structure.document.text_at(&["CommonData", "MaxUnitID"]).unwrap().parse().unwrap();
    let mut seen = std::collections::BTreeSet::new();
    for (name, each) in sealed.entries().filter(|(name, _)| name.ends_with(".xml") && !name.contains("Signs") && !name.contains("Tags")) {
        let text = String::from_utf8(each.data().to_vec()).unwrap();
        if name.contains("Attachs") {
            continue;
        }
        assert!(text.contains("<ofd:") && !text.contains("xmlns=\""), "{name}：前缀要写成 ofd:");
        for id in text.split(" ID=\"").skip(1).filter_map(|rest| rest.split('"').next()?.parse::<u32>().ok()) {
            assert!(id <= max && seen.insert(id), "{name}：编号 {id} 重了或超过 MaxUnitID");
        }
    }
    assert!(seen.len() > 10);
    let signature = String::from_utf8(sealed.get("/Doc_0/Signs/Sign_0/Signature.xml").unwrap().data().to_vec()).unwrap();
    assert!(signature.contains("CheckMethod=\"1.2.156.10197.1.401\"") && signature.contains("20261123070000.000Z"));
    assert!(signature.contains("FileRef=\"/Doc_0/Signs/Signatures.xml\""), "封口签名连清单一起签");
    let value = sealed.get("Doc_0/Signs/Sign_0/SignedValue.dat").unwrap().data().len();
    assert!(value < 65_535, "{value}");
}

#[test]
fn the_page_becomes_a_picture_without_any_font_on_the_readers_side() {
    let demo = demo();
    let sealed = demo.sealed();
    let report = verify(&sealed.to_bytes(), &demo.trust, at(NOW));
    let svg = tongban_ofd::view::svg(&sealed, 0, &report.signatures, None).unwrap();
    assert!(svg.contains("<use href=\"#g") && svg.contains("data:image/png;base64,") && !svg.contains("<text"));
    assert!(svg.len() < 400_000, "{}", svg.len());
    assert!(tongban_ofd::view::svg(&sealed, 1, &[], None).is_none());
    if let Some(folder) = std::env::var_os("TONGBAN_SEE").map(std::path::PathBuf::from) {
        std::fs::write(folder.join("page.svg"), svg).unwrap();
        std::fs::write(folder.join("licence.ofd"), sealed.to_bytes()).unwrap();
        std::fs::write(folder.join("root.der"), demo.root.der()).unwrap();
    }
}
