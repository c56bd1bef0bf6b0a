//! 没有 libFuzzer 的机器上敲打读入：`cargo run --release -p tongban-ofd --example hammer -- 120`（秒）。
//!
//! 与 `fuzz/` 里的目标敲同样的函数，从同样的种子出发，随机翻、删、插、拼、截；不恐慌，什么都不信任时绝不有效，
//! 并报最慢的一次。
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

#[path = "../tests/demo/mod.rs"]
#[allow(dead_code)]
mod demo;

use std::time::{Duration, Instant};

use tongban_gm::cert::Crl;
use tongban_gm::ses::{verify_seal, verify_signature};
use tongban_gm::{Certificate, PublicKey, SecretKey, Signature, Trust};
use tongban_ofd::{Package, Part, verify};

const ENTRY: &str = r#"<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"><ofd:DocBody><ofd:DocInfo/><ofd:DocRoot>/Doc_0/Document.xml</ofd:DocRoot></ofd:DocBody></ofd:OFD>"#;
const DOCUMENT: &str = r#"<ofd:Document xmlns:ofd="http://www.ofdspec.org/2016"><ofd:CommonData><ofd:MaxUnitID>9</ofd:MaxUnitID><ofd:PageArea><ofd:PhysicalBox>0 0 210 297</ofd:PhysicalBox></ofd:PageArea></ofd:CommonData><ofd:Pages><ofd:Page ID="1" BaseLoc="/Doc_0/P.xml"/></ofd:Pages></ofd:Document>"#;

/// 一种读法：名字、敲一下（回有没有“有效”）。
type Target = (&'static str, fn(&[u8]) -> bool);

fn container(data: &[u8]) -> bool {
    let report = verify(data, &Trust::new(), jiff::Timestamp::UNIX_EPOCH);
    let _ = report.reason();
    report.conclusion.is_valid()
}

/// 换掉已签文件里的一个，绕过 ZIP 的校验。
fn page(data: &[u8]) -> bool {
    let mut package = Package::default();
    for (path, part) in [("OFD.xml", Part::new(ENTRY)), ("Doc_0/Document.xml", Part::new(DOCUMENT)), ("Doc_0/P.xml", Part::new(data))] {
        package.put(path, part);
    }
    let _ = tongban_ofd::view::svg(&package, 0, &[], None);
    false
}

fn seal(data: &[u8]) -> bool {
    let (trust, now) = (Trust::new(), jiff::Timestamp::UNIX_EPOCH);
    verify_seal(data, &trust, now).conclusion.is_valid() || verify_signature(data, b"document", &trust, now).conclusion.is_valid()
}

fn certificate(data: &[u8]) -> bool {
    let _ = (Certificate::parse(data).map(|one| format!("{one:?}")), Crl::parse(data).is_ok(), PublicKey::from_spki(data).is_ok());
    let _ = (Signature::from_der(data), SecretKey::from_pkcs8(data).is_ok());
    false
}

const TARGETS: [Target; 4] = [("整份文件", container), ("一页", page), ("印章与签章", seal), ("证书与密钥", certificate)];

struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap_or(0) % most.max(1)
    }

    fn byte(&mut self) -> u8 {
        const SHARP: [u8; 8] = [0, 0x30, 0x80, 0xff, 0x7f, b'<', b'"', b'-'];
        if self.below(2) == 0 { SHARP[self.below(8)] } else { u8::try_from(self.below(256)).unwrap_or(0) }
    }

    fn mutate(&mut self, seed: &[u8], other: &[u8]) -> Vec<u8> {
        let mut out = seed.to_vec();
        for _ in 0..=self.below(6) {
            let (at, byte) = (self.below(out.len()), self.byte());
            match self.below(7) {
                0 | 1 if !out.is_empty() => out[at] = byte,
                2 if !out.is_empty() => out[at] ^= 1 << (byte % 8),
                3 => out.insert(at.min(out.len()), byte),
                4 if !out.is_empty() => drop(out.drain(at..(at + self.below(40)).min(out.len()))),
                5 => {
                    let from = self.below(other.len());
                    let piece = &other[from..(from + self.below(200)).min(other.len())];
                    out.splice(at..at, piece.iter().copied());
                }
                _ => out.truncate(at),
            }
        }
        out
    }
}

fn main() {
    let seconds = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(60);
    let demo = demo::demo();
    let sealed = demo.sealed();
    let texts: Vec<Vec<u8>> = sealed.entries().map(|(_, part)| part.data().to_vec()).filter(|data| data.starts_with(b"<?xml")).collect();
    let signed = sealed.get("Doc_0/Signs/Sign_0/SignedValue.dat").unwrap().data().to_vec();
    let seeds: [Vec<Vec<u8>>; 4] = [
        vec![sealed.to_bytes(), demo::without_comment(&sealed)],
        [texts, vec![include_bytes!("../fuzz/seeds/page.xml").to_vec()]].concat(),
        vec![demo.esl.clone(), signed],
        vec![demo.root.der().to_vec(), demo.signer.der().to_vec(), demo.key.public().to_spki(), demo.key.to_pkcs8().unwrap().to_vec()],
    ];
    let (mut dice, mut counts, mut slowest) = (Dice(0x9e37_79b9_7f4a_7c15), [0_u64; 4], [Duration::ZERO; 4]);
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        for (n, (name, strike)) in TARGETS.iter().enumerate() {
            let (one, two) = (dice.below(seeds[n].len()), dice.below(seeds[n].len()));
            let data = dice.mutate(&seeds[n][one], &seeds[n][two]);
            let began = Instant::now();
            assert!(!strike(&data), "{name}：什么都不信任却有效");
            slowest[n] = slowest[n].max(began.elapsed());
            counts[n] += 1;
        }
    }
    for (n, (name, _)) in TARGETS.iter().enumerate() {
        println!("{name}：{} 次，没有恐慌，没有误报有效，最慢 {:?}", counts[n], slowest[n]);
    }
}
