//! 测试用的一套：演示根、制章者、签章者，一枚章，一份一页的证照。
#![allow(dead_code)]

pub mod clock;
pub mod dice;

use std::sync::Arc;

use jiff::Timestamp;
use tongban_documents::paper::{Block, Paper, Qr, SignOff, font};
use tongban_gm::cert::{CertRequest, Role, issue, issue_root};
use tongban_gm::picture::{Design, Face};
use tongban_gm::ses::{ListBy, SealKind, SealRequest, make_seal};
use tongban_gm::{Certificate, SecretKey, Trust};
use tongban_ofd::subset::Subsetter;
use tongban_ofd::{Attachment, Document, Info, Package, Page, Part, Placed, Sealing, Tag, seal};

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn key(n: u8) -> SecretKey {
    SecretKey::generate(&[n; 32]).unwrap()
}

pub struct Demo {
    pub root: Certificate,
    pub maker: Certificate,
    pub signer: Certificate,
    pub outsider: Certificate,
    pub esl: Vec<u8>,
    pub seal: Arc<Part>,
    pub key: SecretKey,
    pub trust: Trust,
}

pub const SIGNER: u8 = 3;
pub const OUTSIDER: u8 = 4;
pub const NOW: &str = "2026-11-23T08:00:00Z";

pub fn demo() -> Demo {
    demo_with("2031-01-01T00:00:00Z")
}

pub fn demo_with(seal_until: &str) -> Demo {
    let request = |name, serial, role| CertRequest {
        common_name: name,
        organisation: "通办演示",
        serial: [serial; 16],
        not_before: at("2026-01-01T00:00:00Z"),
        not_after: at("2031-01-01T00:00:00Z"),
        role,
    };
    let root = issue_root(&request("通办演示根", 1, Role::Authority { path_len: 1 }), &key(1)).unwrap();
    let leaf = |name, n| issue(&request(name, n, Role::Signer), &key(n).public(), &root, &key(1)).unwrap();
    let (maker, signer, outsider) = (leaf("演示制章者", 2), leaf("昭化区行政审批局", SIGNER), leaf("外人", OUTSIDER));
    let design = Design { face: Face::Department, name: "广元市昭化区行政审批局", purpose: "" };
    let image = tongban_ofd::stamp::png(&design, font::shared().unwrap()).unwrap();
    let esl = make_seal(
        &SealRequest {
            es_id: "51081100000001",
            kind: SealKind::Legal,
            name: "广元市昭化区行政审批局",
            signers: std::slice::from_ref(&signer),
            list_by: ListBy::Certificate,
            created: at("2026-02-01T00:00:00Z"),
            valid_from: at("2026-02-01T00:00:00Z"),
            valid_to: at(seal_until),
            format: "png",
            image: &image,
            width: 42,
            height: 42,
        },
        &maker,
        &key(2),
    )
    .unwrap();
    let mut trust = Trust::new();
    trust.add_anchor(root.clone()).unwrap();
    Demo { root, maker, signer, outsider, seal: Part::stored(esl.as_slice()), esl, trust, key: key(SIGNER) }
}

pub fn paper() -> Paper {
    Paper {
        title: "食品经营许可证".into(),
        blocks: vec![Block::Pairs(vec![
            ("许可证编号".into(), "JY25108110012345".into()),
            ("经营者名称".into(), "昭化区元坝镇MAMA餐馆".into()),
            ("有效期至".into(), "2031年11月22日".into()),
        ])],
        sign_off: Some(SignOff { organisation: "广元市昭化区行政审批局".into(), date: "2026年11月23日".into() }),
        qr: Some(Qr { text: "https://zwfw.example.cn/verify/1.2.156.3005.2.11100000MB0341032Y002".into(), caption: "扫码验真".into() }),
        ..Paper::default()
    }
}

pub fn document(paper: &Paper) -> (Document, Placed) {
    let laid = paper.lay(font::shared().unwrap()).unwrap();
    let anchor = laid.anchor.unwrap();
    let document = Document {
        info: Info {
            id: "0123456789abcdef0123456789abcdef".into(),
            title: paper.title.clone(),
            author: "广元市昭化区行政审批局".into(),
            created: "2026-11-23".into(),
            creator: "通办".into(),
            data: vec![("ZZBH".into(), "JY25108110012345".into()), ("ZZMC".into(), paper.title.clone())],
        },
        pages: laid.sheets.into_iter().map(|sheet| Page { sheet, template: None }).collect(),
        templates: Vec::new(),
        attachments: vec![Attachment { name: "licence.xml".into(), part: Part::new("<licence><number>JY25108110012345</number></licence>") }],
        tags: vec![Tag { name: "ZZBH".into(), page: 0, mark: 3 }],
    };
    (document, Placed::centred(anchor.page, anchor.at, (42.0, 42.0), (210.0, 297.0)))
}

impl Demo {
    pub fn sealed(&self) -> Package {
        self.sealed_with(true, at("2026-11-23T07:00:00Z"))
    }

    pub fn sealed_with(&self, close: bool, when: Timestamp) -> Package {
        let (document, placed) = document(&paper());
        let mut package = document.package(Subsetter::shared().unwrap()).unwrap();
        self.stamp(&mut package, &[placed], close, when);
        package
    }

    pub fn stamp(&self, package: &mut Package, stamps: &[Placed], close: bool, when: Timestamp) {
        let sealing = Sealing { seal: &self.seal, signer: &self.signer, key: &self.key, at: when, stamps, close };
        seal(package, &sealing).unwrap();
    }
}

/// 换掉包里一个文件再打包，去掉容器摘要（像别的系统重新压过）。
pub fn repack(package: &Package, change: impl Fn(&str, &mut Vec<u8>)) -> Vec<u8> {
    let mut out = Package::default();
    for (name, part) in package.entries() {
        let mut data = part.data().to_vec();
        change(name, &mut data);
        out.put(name, Part::new(data));
    }
    without_comment(&out)
}

pub fn without_comment(package: &Package) -> Vec<u8> {
    let mut bytes = package.to_bytes();
    let end = bytes.len() - 68;
    bytes.truncate(end);
    let len = bytes.len();
    bytes[len - 2..].copy_from_slice(&[0, 0]);
    bytes
}

pub fn part(text: &str) -> Arc<Part> {
    Part::new(text)
}
