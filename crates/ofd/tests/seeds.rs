//! 模糊测试的种子：由自己的写法生成（`TONGBAN_UPDATE=1` 重写；嵌的字体随机器而异，所以不逐字节对），平常逐个回放。
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod demo;
#[path = "../../gm/tests/demo/foreign.rs"]
mod foreign;
#[path = "../fuzz/strike.rs"]
mod strike;

use std::path::{Path, PathBuf};
use std::time::Duration;

use demo::clock::Clock;
use demo::{Demo, NOW, SIGNER, at, demo, key};
use foreign::Holder;
use tongban_documents::paper::{Block, Paper};
use tongban_gm::ses::Conclusion;
use tongban_ofd::subset::Subsetter;
use tongban_ofd::{Edge, Package, Part, Placed, verify};

/// 一个目标：种子的目录与敲法。
type Target = (&'static str, fn(&[u8]));

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds")
}

/// 一份小文书：两三个字，印章不带大图。
fn small(pages: usize) -> Package {
    let paper = Paper { title: "证".into(), blocks: vec![Block::Pairs(vec![("号".into(), "A1".into())])], ..demo::paper() };
    let paper = Paper { sign_off: demo::paper().sign_off, qr: None, ..paper };
    let (mut document, _) = demo::document(&paper);
    let first = document.pages[0].clone();
    document.pages.resize(pages, first);
    document.tags.clear();
    document.package(Subsetter::shared().unwrap()).unwrap()
}

/// 换一枚图像只有几个字节的章，种子才小。
fn light(demo: Demo) -> Demo {
    let maker_key = key(2);
    let esl = foreign::seal(4, Holder(&demo.maker, &maker_key), &demo.signer, ("png", include_bytes!("../fuzz/dot.png")), &[]);
    Demo { seal: Part::stored(esl.as_slice()), esl, ..demo }
}

fn signed(demo: &Demo, pages: usize) -> Package {
    let mut package = small(pages);
    let stamps = Placed::across(&vec![(210.0, 297.0); pages], Edge::Right, 150.0, (30.0, 20.0));
    demo.stamp(&mut package, &stamps, true, at("2026-11-23T07:00:00Z"));
    package
}

/// 旧版的签章换进同一份文件。
fn with_edition(demo: &Demo, version: u32) -> Package {
    let (maker_key, signer_key) = (key(2), key(SIGNER));
    let mut package = signed(demo, 1);
    let folder = "Doc_0/Signs/Sign_0";
    let xml = package.get(&format!("{folder}/Signature.xml")).unwrap().data().to_vec();
    // 印章换了，引用里它的杂凑也换
    let esl = foreign::seal(version, Holder(&demo.maker, &maker_key), &demo.signer, ("png", include_bytes!("../fuzz/dot.png")), &[]);
    let encode = |part: &Part| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, part.digest());
    let xml = String::from_utf8(xml).unwrap().replace(&encode(&demo.seal), &encode(&Part::new(esl.as_slice())));
    let path = format!("/{folder}/Signature.xml");
    let value = foreign::signature(version, &esl, xml.as_bytes(), &path, Holder(&demo.signer, &signer_key), at("2026-11-23T07:00:00Z"));
    package.put(&format!("{folder}/Seal.esl"), Part::stored(esl));
    package.put(&path, Part::new(xml));
    package.put(&format!("{folder}/SignedValue.dat"), Part::stored(value));
    package
}

/// 敌意的结构：签名清单把同一份签名列六十次，页引用自己作模板，图元块套到底，章的框写得离谱。
fn hostile(demo: &Demo) -> Package {
    let mut package = signed(demo, 1);
    let root = "xmlns:ofd=\"http://www.ofdspec.org/2016\"";
    let line = "<ofd:Signature ID=\"s001\" Type=\"Seal\" BaseLoc=\"/Doc_0/Signs/../Signs/./Sign_0/Signature.xml\"/>";
    package.put("Doc_0/Signs/Signatures.xml", Part::new(format!("<ofd:Signatures {root}><ofd:MaxSignId>99999999999999999999</ofd:MaxSignId>{}</ofd:Signatures>", line.repeat(60))));
    let xml = String::from_utf8(package.get("Doc_0/Signs/Sign_0/Signature.xml").unwrap().data().to_vec()).unwrap();
    let annotation = "<ofd:StampAnnot ID=\"s9\" PageRef=\"1\" Boundary=\"-1e9 NaN 1e308 inf\" Clip=\"0 0 -1 1e7\"/><ofd:Seal>";
    package.put("Doc_0/Signs/Sign_0/Signature.xml", Part::new(xml.replacen("<ofd:Seal>", annotation, 1)));
    let document = String::from_utf8(package.get("Doc_0/Document.xml").unwrap().data().to_vec()).unwrap();
    let template = "<ofd:TemplatePage ID=\"7\" BaseLoc=\"/Doc_0/Pages/Page_0/Content.xml\"/></ofd:CommonData>";
    package.put("Doc_0/Document.xml", Part::new(document.replacen("</ofd:CommonData>", template, 1)));
    let blocks = |tag: &str| tag.repeat(50);
    package.put(
        "Doc_0/Pages/Page_0/Content.xml",
        Part::new(format!(
            "<ofd:Page {root}><ofd:Template TemplateID=\"7\"/><ofd:Area><ofd:PhysicalBox>0 0 1e6 1e6</ofd:PhysicalBox></ofd:Area><ofd:Content><ofd:Layer ID=\"1\">{}\
             <ofd:TextObject Boundary=\"0 0 9 9\" Font=\"3\" Size=\"1e6\" CTM=\"1 2 3\"><ofd:TextCode X=\"1\" Y=\"g g g\" DeltaX=\"g 99999999999 1 g -1 x\">证&#x1F600;&amp;</ofd:TextCode></ofd:TextObject>\
             <ofd:PathObject Boundary=\"0 0 9 9\" LineWidth=\"-1\"><ofd:AbbreviatedData>S M 1 B 1 2 3 A 0 0 0 L C Q \"&lt;script&gt;</ofd:AbbreviatedData></ofd:PathObject>\
             <ofd:ImageObject Boundary=\"0 0 9 9\" ResourceID=\"3\"/>{}</ofd:Layer></ofd:Content></ofd:Page>",
            blocks("<ofd:PageBlock>"),
            blocks("</ofd:PageBlock>")
        )),
    );
    package
}

/// 把写好的 ZIP 里等长的名字换掉。
fn rename(package: &Package, from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut bytes = package.to_bytes();
    for start in 0..bytes.len() - from.len() {
        if &bytes[start..start + from.len()] == from.as_bytes() {
            bytes[start..start + from.len()].copy_from_slice(to.as_bytes());
        }
    }
    bytes
}

fn seeds(demo: &Demo) -> Vec<(&'static str, Vec<u8>)> {
    let mut dtd = small(1);
    dtd.put("OFD.xml", Part::new("<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><ofd:OFD xmlns:ofd=\"x\">&e;</ofd:OFD>"));
    let mut bomb = Package::default();
    bomb.put("OFD.xml", Part::new(vec![b' '; 8 * 1024 * 1024]));
    let one = signed(demo, 1);
    vec![
        ("v1.ofd", with_edition(demo, 1).to_bytes()),
        ("v4.ofd", one.to_bytes()),
        ("v5.ofd", with_edition(demo, 5).to_bytes()),
        ("seam.ofd", signed(demo, 3).to_bytes()),
        ("bare.ofd", demo::without_comment(&one)),
        ("unsigned.ofd", small(1).to_bytes()),
        ("hostile.ofd", hostile(demo).to_bytes()),
        ("dtd.ofd", dtd.to_bytes()),
        ("bomb.ofd", bomb.to_bytes()),
        ("duplicate.ofd", rename(&one, "Doc_0/Document.xml", "Doc_0/Signs/../D.x")),
        ("escape.ofd", rename(&one, "Doc_0/Document.xml", "../../../etc/passw")),
    ]
}

fn expected(name: &str) -> Conclusion {
    match name {
        "v1.ofd" | "v4.ofd" | "v5.ofd" | "seam.ofd" | "bare.ofd" => Conclusion::Valid,
        "unsigned.ofd" => Conclusion::Uncovered,
        "hostile.ofd" | "duplicate.ofd" | "escape.ofd" => Conclusion::Tampered,
        _ => Conclusion::Malformed,
    }
}

#[test]
fn the_seeds_still_say_what_they_are() {
    let demo = light(demo());
    let target = folder().join("verify");
    if std::env::var_os("TONGBAN_UPDATE").is_some() {
        for (name, bytes) in seeds(&demo) {
            assert!(bytes.len() < 64 * 1024, "{name} 太大：{}", bytes.len());
            std::fs::write(target.join(name), bytes).unwrap();
        }
    }
    for (name, fresh) in seeds(&demo) {
        for bytes in [std::fs::read(target.join(name)).unwrap(), fresh] {
            let report = verify(&bytes, &demo.trust, at(NOW));
            assert_eq!(report.conclusion, expected(name), "{name}：{}", report.reason());
        }
    }
}

#[test]
fn every_seed_is_struck_and_none_is_slow() {
    let targets: [Target; 2] = [("verify", strike::verify), ("page", strike::page)];
    for (target, strike) in targets {
        for entry in std::fs::read_dir(folder().join(target)).unwrap() {
            let path = entry.unwrap().path();
            let bytes = std::fs::read(&path).unwrap();
            let clock = Clock::start();
            strike(&bytes);
            assert!(clock.spent() < Duration::from_secs(2), "{} 用了 {:?}", path.display(), clock.spent());
            for place in (0..bytes.len()).step_by(bytes.len() / 40 + 1) {
                strike(&bytes[..place]);
                let mut turned = bytes.clone();
                turned[place] ^= 0x10;
                strike(&turned);
            }
        }
    }
}
