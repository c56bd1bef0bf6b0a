//! 骑缝：一枚章分在几页的边上，合起来不重不漏；签得住、验得出、画得对。
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod demo;

use demo::{Demo, NOW, at, demo};
use tongban_gm::ses::Conclusion;
use tongban_ofd::read::Rect;
use tongban_ofd::subset::Subsetter;
use tongban_ofd::{Document, Edge, Package, Page, Part, Placed, SealError, Sealing, seal, verify, view};

const SHEET: (f64, f64) = (210.0, 297.0);
const SIZE: (f64, f64) = (42.0, 42.0);

fn pages(count: usize) -> (Document, Placed) {
    let (mut document, placed) = demo::document(&demo::paper());
    let first: Page = document.pages[0].clone();
    document.pages.resize(count, first);
    (document, placed)
}

/// 成文日期上一枚整章，再加骑缝。
fn sealed(demo: &Demo, count: usize, edge: Edge) -> Package {
    let (document, placed) = pages(count);
    let mut package = document.package(Subsetter::shared().unwrap()).unwrap();
    let mut stamps = vec![placed];
    stamps.extend(Placed::across(&vec![SHEET; count], edge, 150.0, SIZE));
    demo.stamp(&mut package, &stamps, true, at("2026-11-23T07:00:00Z"));
    package
}

fn shown(placed: &Placed) -> Rect {
    let clip = placed.clip.unwrap_or(Rect { x: 0.0, y: 0.0, ..placed.area });
    Rect { x: placed.area.x + clip.x, y: placed.area.y + clip.y, ..clip }
}

/// 各份宽窄相加正好一枚，首尾相接，都贴着页边、都在页里。
#[test]
fn the_parts_make_the_whole_seal() {
    for edge in [Edge::Left, Edge::Right, Edge::Top, Edge::Bottom] {
        for count in 2..=40 {
            let parts = Placed::across(&vec![SHEET; count], edge, 150.0, SIZE);
            assert_eq!(parts.iter().map(|part| part.page).collect::<Vec<_>>(), (0..count).collect::<Vec<_>>());
            let mut reached = 0.0;
            for part in &parts {
                let (clip, seen) = (part.clip.unwrap(), shown(part));
                let (from, wide) = if matches!(edge, Edge::Left | Edge::Right) { (clip.x, clip.width) } else { (clip.y, clip.height) };
                assert!((from - reached).abs() < 1e-9, "{edge:?} {count} 页：接不上");
                assert!(wide > 2.9, "{edge:?} {count} 页：只露 {wide}");
                reached = if from + wide > SIZE.0 - 1e-9 { 0.0 } else { from + wide };
                let gap = match edge {
                    Edge::Left => seen.x,
                    Edge::Right => SHEET.0 - seen.x - seen.width,
                    Edge::Top => seen.y,
                    Edge::Bottom => SHEET.1 - seen.y - seen.height,
                };
                assert!(gap.abs() < 1e-9, "{edge:?} {count} 页：没贴边，差 {gap}");
                assert!(seen.inside(&Rect { x: 0.0, y: 0.0, width: SHEET.0, height: SHEET.1 }));
            }
            assert!(reached.abs() < 1e-9, "{edge:?} {count} 页：最后一枚没盖全");
        }
    }
    let alone = Placed::across(&[SHEET], Edge::Right, 150.0, SIZE);
    assert_eq!((alone.len(), alone[0].clip, alone[0].area.x), (1, None, 168.0));
    assert!(Placed::across(&[], Edge::Right, 150.0, SIZE).is_empty());
}

#[test]
fn it_is_signed_verified_and_reported() {
    let demo = demo();
    let package = sealed(&demo, 3, Edge::Right);
    let xml = String::from_utf8(package.get("Doc_0/Signs/Sign_0/Signature.xml").unwrap().data().to_vec()).unwrap();
    for (boundary, clip) in [("196 129 42 42", "0 0 14 42"), ("182 129 42 42", "14 0 14 42"), ("168 129 42 42", "28 0 14 42")] {
        assert!(xml.contains(&format!("Boundary=\"{boundary}\" Clip=\"{clip}\"")), "{xml}");
    }
    let report = verify(&package.to_bytes(), &demo.trust, at(NOW));
    assert_eq!(report.conclusion, Conclusion::Valid, "{}", report.reason());
    let stamps = &report.signatures[0].stamps;
    assert_eq!((stamps.len(), stamps.iter().filter(|stamp| stamp.clip.is_some()).count()), (4, 3));
    // 动一动裁法，签章就不对了
    let moved = xml.replace("Clip=\"14 0 14 42\"", "Clip=\"14 0 28 42\"");
    let mut changed = package.clone();
    changed.put("Doc_0/Signs/Sign_0/Signature.xml", Part::new(moved));
    let report = verify(&changed.to_bytes(), &demo.trust, at(NOW));
    assert_eq!(report.conclusion, Conclusion::Tampered);
    assert!(report.reason().starts_with("G5"), "{}", report.reason());
}

#[test]
fn fifty_pages_take_several_seals_and_every_number_is_its_own() {
    let demo = demo();
    let package = sealed(&demo, 50, Edge::Right);
    let report = verify(&package.to_bytes(), &demo.trust, at(NOW));
    assert_eq!((report.conclusion, report.signatures[0].stamps.len()), (Conclusion::Valid, 51));
    let ids = |path: &str| -> Vec<String> {
        let xml = String::from_utf8(package.get(path).unwrap().data().to_vec()).unwrap();
        xml.split(" ID=\"").skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let mut all = [ids("Doc_0/Signs/Signatures.xml"), ids("Doc_0/Signs/Sign_0/Signature.xml")].concat();
    assert_eq!((all.len(), all[0].as_str(), all[51].as_str()), (52, "s001", "s052"));
    all.sort();
    all.dedup();
    assert_eq!(all.len(), 52, "编号不重");
}

/// 第二个签名的编号接着排，不与前一个的一百多枚章相撞。
#[test]
fn the_next_signature_counts_on() {
    let demo = demo();
    let (document, placed) = pages(150);
    let mut package = document.package(Subsetter::shared().unwrap()).unwrap();
    demo.stamp(&mut package, &Placed::across(&[SHEET; 150], Edge::Left, 100.0, SIZE), false, at("2026-11-23T06:00:00Z"));
    demo.stamp(&mut package, &[placed], true, at("2026-11-23T07:00:00Z"));
    let report = verify(&package.to_bytes(), &demo.trust, at(NOW));
    assert_eq!((report.conclusion, report.signatures[1].id.as_str()), (Conclusion::Valid, "s152"), "{}", report.reason());
}

#[test]
fn what_shows_must_be_on_the_page() {
    let demo = demo();
    let (document, _) = pages(1);
    let mut package = document.package(Subsetter::shared().unwrap()).unwrap();
    let area = Rect { x: 190.0, y: 100.0, width: 42.0, height: 42.0 };
    let mut refused = |clip| {
        let stamps = [Placed { page: 0, area, clip: Some(clip) }];
        let sealing = Sealing { seal: &demo.seal, signer: &demo.signer, key: &demo.key, at: at(NOW), stamps: &stamps, close: true };
        matches!(seal(&mut package, &sealing), Err(SealError::Outside))
    };
    assert!(refused(Rect { x: 0.0, y: 0.0, width: 30.0, height: 42.0 }), "伸出页外");
    assert!(refused(Rect { x: 50.0, y: 0.0, width: 10.0, height: 42.0 }), "裁得一点不剩");
    assert!(!refused(Rect { x: 0.0, y: 0.0, width: 20.0, height: 42.0 }));
}

#[test]
fn every_page_shows_its_part() {
    let demo = demo();
    let package = sealed(&demo, 3, Edge::Right);
    let report = verify(&package.to_bytes(), &demo.trust, at(NOW));
    for (page, (x, left)) in [("196.000", "0.000"), ("196.000", "14.000"), ("196.000", "28.000")].into_iter().enumerate() {
        let svg = view::svg(&package, page, &report.signatures, None).unwrap();
        let part = format!("<svg x=\"{x}\" y=\"129.000\" width=\"14.000\" height=\"42.000\" viewBox=\"{left} 0.000 14.000 42.000\"");
        assert!(svg.contains(&part), "第 {} 页没有那一份", page + 1);
        if let Some(folder) = std::env::var_os("TONGBAN_SEE").map(std::path::PathBuf::from) {
            std::fs::write(folder.join(format!("seam-{page}.svg")), svg).unwrap();
        }
    }
}
