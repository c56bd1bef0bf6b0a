//! 测试用的一套：根、制章者、签章者、外人，一枚印章、一份签章。
#![allow(dead_code)]

pub mod foreign;

use jiff::Timestamp;
use tongban_gm::cert::{CertRequest, Role, issue, issue_root};
use tongban_gm::ses::{ListBy, SealKind, SealRequest, SignatureRequest, make_seal, sign};
use tongban_gm::{Certificate, SecretKey, Trust};

pub const DOCUMENT: &[u8] = b"<ofd:Signature>demo</ofd:Signature>";
pub const PATH: &str = "/Doc_0/Signs/Sign_0/Signature.xml";

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn key(n: u8) -> SecretKey {
    SecretKey::generate(&[n; 32]).unwrap()
}

pub fn request(name: &str, serial: u8, role: Role) -> CertRequest<'_> {
    CertRequest {
        common_name: name,
        organisation: "通办演示",
        serial: [serial; 16],
        not_before: at("2026-01-01T00:00:00Z"),
        not_after: at("2031-01-01T00:00:00Z"),
        role,
    }
}

pub struct Demo {
    pub root: Certificate,
    pub maker: Certificate,
    pub signer: Certificate,
    pub outsider: Certificate,
    pub trust: Trust,
}

pub const ROOT: u8 = 1;
pub const MAKER: u8 = 2;
pub const SIGNER: u8 = 3;
pub const OUTSIDER: u8 = 4;

pub fn demo() -> Demo {
    let root = issue_root(&request("通办演示根", ROOT, Role::Authority { path_len: 1 }), &key(ROOT)).unwrap();
    let leaf = |name, n| issue(&request(name, n, Role::Signer), &key(n).public(), &root, &key(ROOT)).unwrap();
    let (maker, signer, outsider) = (leaf("演示制章者", MAKER), leaf("昭化区民政局", SIGNER), leaf("外人", OUTSIDER));
    let mut trust = Trust::new();
    trust.add_anchor(root.clone()).unwrap();
    Demo { root, maker, signer, outsider, trust }
}

impl Demo {
    pub fn seal_request(&self) -> SealRequest<'_> {
        SealRequest {
            es_id: "51081100000001",
            kind: SealKind::Legal,
            name: "广元市昭化区民政局",
            signers: std::slice::from_ref(&self.signer),
            list_by: ListBy::Certificate,
            created: at("2026-02-01T00:00:00Z"),
            valid_from: at("2026-02-01T00:00:00Z"),
            valid_to: at("2029-02-01T00:00:00Z"),
            format: "png",
            image: b"\x89PNG not a real picture",
            width: 42,
            height: 42,
        }
    }

    pub fn seal(&self) -> Vec<u8> {
        make_seal(&self.seal_request(), &self.maker, &key(MAKER)).unwrap()
    }

    pub fn signature(&self) -> Vec<u8> {
        self.signature_over(&self.seal(), "2026-11-22T14:30:00Z")
    }

    pub fn signature_over(&self, seal: &[u8], when: &str) -> Vec<u8> {
        sign(&SignatureRequest::over(seal, DOCUMENT, PATH, at(when)), &self.signer, &key(SIGNER)).unwrap()
    }
}
