//! 外来文件：照别家的写法（相对路径、纯数字编号、`SM3` 的写法、不带容器摘要）拼出 v1、v4、v5 的签章，逐项给结论；
//! 冒用印章、重签印章的各有各的结论。
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod demo;
#[path = "../../gm/tests/demo/foreign.rs"]
mod foreign;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use demo::{Demo, NOW, OUTSIDER, SIGNER, at, demo, key, without_comment};
use foreign::Holder;
use tongban_gm::ses::{Conclusion, SignatureDraft, SignatureRequest};
use tongban_gm::{Certificate, der, oid};
use tongban_ofd::verify::{Line, Outcome};
use tongban_ofd::{Package, Part, Report, verify};

const MAKER: u8 = 2;
const SIGNED: &str = "2026-11-22T14:30:00Z";

/// 拼一份外来的签章文件；`sign` 由 Signature.xml 的字节得签章值。
fn signed_by_others(esl: &[u8], method: &str, sign: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let (document, _) = demo::document(&demo::paper());
    let mut package = document.package(tongban_ofd::subset::Subsetter::shared().unwrap()).unwrap();
    let page = tongban_ofd::read::Structure::read(&package).unwrap().pages[0].id.clone();
    let entry = String::from_utf8(package.get("OFD.xml").unwrap().data().to_vec()).unwrap();
    let entry = entry.replace("</ofd:DocBody>", "<ofd:Signatures>Doc_0/Signs/Signatures.xml</ofd:Signatures></ofd:DocBody>");
    package.put("OFD.xml", Part::new(entry));
    package.put("Doc_0/Signs/Sign_0/Seal.esl", Part::new(esl));
    let references: String = package
        .entries()
        .map(|(name, part)| format!("<ofd:Reference FileRef=\"/{name}\"><ofd:CheckValue>{}</ofd:CheckValue></ofd:Reference>", STANDARD.encode(part.digest())))
        .collect();
    let xml = format!(
        "<?xml version='1.0' encoding='UTF-8'?><ofd:Signature xmlns:ofd='http://www.ofdspec.org/2016'>\n <ofd:SignedInfo>\n  \
         <ofd:Provider ProviderName='别家' Version='2.0'/><ofd:SignatureMethod>SM2</ofd:SignatureMethod>\
         <ofd:SignatureDateTime>2026-11-22 22:30:00</ofd:SignatureDateTime><ofd:References CheckMethod='{method}'>{references}</ofd:References>\
         <ofd:StampAnnot ID='1' PageRef='{page}' Boundary='120 200 30 20'/><ofd:Seal><ofd:BaseLoc>Seal.esl</ofd:BaseLoc></ofd:Seal></ofd:SignedInfo>\n \
         <ofd:SignedValue>SignedValue.dat</ofd:SignedValue></ofd:Signature>"
    );
    package.put("Doc_0/Signs/Sign_0/SignedValue.dat", Part::new(sign(xml.as_bytes())));
    package.put("Doc_0/Signs/Sign_0/Signature.xml", Part::new(xml));
    let list = "<ofd:Signatures xmlns:ofd='http://www.ofdspec.org/2016'><ofd:MaxSignId>1</ofd:MaxSignId><ofd:Signature ID='1' Type='Seal' BaseLoc='Sign_0/Signature.xml'/></ofd:Signatures>";
    package.put("Doc_0/Signs/Signatures.xml", Part::new(list));
    without_comment(&package)
}

fn foreign_file(demo: &Demo, version: u32, method: &str) -> Vec<u8> {
    let (maker_key, signer_key) = (key(MAKER), key(SIGNER));
    let esl = foreign::seal(version, Holder(&demo.maker, &maker_key), &demo.signer, ("PNG", b"\x89PNG"), &[]);
    let path = "/Doc_0/Signs/Sign_0/Signature.xml";
    signed_by_others(&esl, method, |xml| foreign::signature(version, &esl, xml, path, Holder(&demo.signer, &signer_key), at(SIGNED)))
}

fn lines(report: &Report) -> Vec<&Line> {
    report.lines.iter().chain(report.signatures.iter().flat_map(|signed| &signed.lines)).collect()
}

fn failed(report: &Report) -> Vec<&str> {
    lines(report).iter().filter(|line| matches!(line.outcome, Outcome::Failed(_))).map(|line| line.code).collect()
}

#[test]
fn old_present_and_new_files_of_others_are_read_item_by_item() {
    let demo = demo();
    for version in [1, 4, 5] {
        for method in ["SM3", "1.2.156.10197.1.401"] {
            let report = verify(&foreign_file(&demo, version, method), &demo.trust, at(NOW));
            assert_eq!((report.conclusion, failed(&report)), (Conclusion::Valid, vec![]), "v{version}：{}", report.reason());
            let codes: std::collections::BTreeSet<_> = lines(&report).iter().map(|line| line.code).collect();
            for code in "F1 F2 G1 G2 G3 G4 G5 G6 G7 S1 S2 S3 S4 O1 O2 O3 O4".split(' ') {
                assert!(codes.contains(code), "v{version} 少了 {code}");
            }
            let signed = &report.signatures[0];
            assert_eq!((signed.provider.as_str(), signed.seal_name.as_str(), signed.es_id.as_str()), ("别家", "外来印章", "ZhelibanTaxSeal"));
            assert_eq!((signed.signed_at, signed.signer.as_str()), (Some(at(SIGNED)), "昭化区行政审批局"));
        }
    }
}

#[test]
fn an_untrusted_root_is_said_and_every_other_item_still_stands() {
    let demo = demo();
    for version in [1, 4] {
        let report = verify(&foreign_file(&demo, version, "SM3"), &tongban_gm::Trust::new(), at(NOW));
        assert_eq!(report.conclusion, Conclusion::CertUntrusted);
        assert_eq!(failed(&report), ["G3", "G6", "S3"], "v{version}");
        assert!(lines(&report).iter().any(|line| line.code == "O1" && matches!(line.outcome, Outcome::Passed(_))));
    }
}

#[test]
fn a_changed_foreign_file_is_tampered() {
    let demo = demo();
    for version in [1, 4] {
        let mut package = Package::read(&foreign_file(&demo, version, "SM3")).unwrap();
        package.put("Doc_0/Attachs/licence.xml", Part::new("<licence/>"));
        let report = verify(&package.to_bytes(), &demo.trust, at(NOW));
        assert_eq!((report.conclusion, failed(&report)), (Conclusion::Tampered, vec!["O1"]));
    }
}

/// 绕过写入时的核对，用别人的证书签。
fn sign_as(esl: &[u8], xml: &[u8], signer: &Certificate, key_no: u8) -> Vec<u8> {
    let draft = SignatureDraft::new(&SignatureRequest::over(esl, xml, "/Doc_0/Signs/Sign_0/Signature.xml", at(SIGNED))).unwrap();
    let value = key(key_no).sign(draft.to_be_signed()).unwrap();
    der::sequence(&[draft.to_be_signed(), &der::octets(signer.der()), &der::oid(oid::SM2_WITH_SM3), &der::bits(&value.to_der())])
}

/// 规格 §11-3：不在列表的证书签的、别人的私钥重签的印章。
#[test]
fn a_borrowed_seal_and_a_resigned_seal_are_named() {
    let demo = demo();
    let borrowed = signed_by_others(&demo.esl, "SM3", |xml| sign_as(&demo.esl, xml, &demo.outsider, OUTSIDER));
    let report = verify(&borrowed, &demo.trust, at(NOW));
    assert_eq!((report.conclusion, failed(&report)), (Conclusion::SignerNotAuthorized, vec!["G7"]), "{}", report.reason());

    let info = der::Reader::new(&demo.esl).sequence("印章").unwrap().any("信息").unwrap().raw;
    let value = key(OUTSIDER).sign(info).unwrap();
    let fake = der::sequence(&[info, &der::octets(demo.maker.der()), &der::oid(oid::SM2_WITH_SM3), &der::bits(&value.to_der())]);
    let resigned = signed_by_others(&fake, "SM3", |xml| sign_as(&fake, xml, &demo.signer, SIGNER));
    let report = verify(&resigned, &demo.trust, at(NOW));
    assert_eq!((report.conclusion, failed(&report)), (Conclusion::SealInvalid, vec!["G6", "S2"]), "{}", report.reason());
}
