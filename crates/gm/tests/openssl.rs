//! 与 openssl 命令互认；机器上没有或不支持 SM2 就大声跳过。
#![allow(clippy::unwrap_used, reason = "测试")]

mod demo;

use std::path::Path;
use std::process::Command;

use demo::*;
use tongban_gm::{Certificate, PublicKey, SecretKey};

const ID: &str = "distid:1234567812345678";

fn openssl(folder: &Path, args: &[&str]) -> Option<bool> {
    Command::new("openssl").args(args).current_dir(folder).output().ok().map(|done| done.status.success())
}

/// 一个空文件夹；没有可用的 openssl 时说明并返回空。
fn bench() -> Option<tempfile::TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let works =
        openssl(folder.path(), &["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:SM2", "-out", "theirs.pem"]) == Some(true);
    if !works {
        eprintln!("跳过：这台机器没有支持 SM2 的 openssl 命令，没有做互认测试");
        return None;
    }
    Some(folder)
}

#[test]
fn our_signature_verifies_with_the_id_and_not_without() {
    let Some(folder) = bench() else { return };
    let at = |name: &str| folder.path().join(name);
    let key = key(1);
    std::fs::write(at("m"), b"hello").unwrap();
    std::fs::write(at("s"), key.sign_with(b"hello", &[7; 32]).unwrap().to_der()).unwrap();
    std::fs::write(at("p.der"), key.public().to_spki()).unwrap();
    std::fs::write(at("k.der"), &*key.to_pkcs8().unwrap()).unwrap();
    let base =
        ["pkeyutl", "-verify", "-rawin", "-digest", "sm3", "-in", "m", "-sigfile", "s", "-pubin", "-inkey", "p.der", "-keyform", "DER"];
    let with: Vec<&str> = base.iter().copied().chain(["-pkeyopt", ID]).collect();
    assert_eq!(openssl(folder.path(), &with), Some(true), "带标识应当验过");
    assert_eq!(openssl(folder.path(), &base), Some(false), "不带标识应当验不过");
    assert_eq!(openssl(folder.path(), &["pkey", "-inform", "DER", "-in", "k.der", "-noout"]), Some(true), "读得了我们的 PKCS#8");
}

#[test]
fn their_key_and_signature_are_understood() {
    let Some(folder) = bench() else { return };
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("m"), b"hello").unwrap();
    let signed = openssl(
        folder.path(),
        &["pkeyutl", "-sign", "-rawin", "-digest", "sm3", "-in", "m", "-out", "s", "-inkey", "theirs.pem", "-pkeyopt", ID],
    );
    assert_eq!(signed, Some(true));
    assert_eq!(openssl(folder.path(), &["pkey", "-in", "theirs.pem", "-pubout", "-outform", "DER", "-out", "p.der"]), Some(true));
    let secret = SecretKey::from_pkcs8(&std::fs::read(at("theirs.pem")).unwrap()).unwrap();
    let public = PublicKey::from_spki(&std::fs::read(at("p.der")).unwrap()).unwrap();
    assert_eq!(secret.public(), public);
    assert!(public.verify_der(b"hello", &std::fs::read(at("s")).unwrap()));
}

#[test]
fn certificates_are_accepted_both_ways() {
    let Some(folder) = bench() else { return };
    let at = |name: &str| folder.path().join(name);
    let demo = demo();
    std::fs::write(at("root.pem"), demo.root.to_pem()).unwrap();
    std::fs::write(at("signer.pem"), demo.signer.to_pem()).unwrap();
    // 2026-12-01，免得随机器的日子变
    let base = ["verify", "-attime", "1796083200", "-x509_strict", "-CAfile", "root.pem", "-vfyopt", ID, "signer.pem"];
    assert_eq!(openssl(folder.path(), &base), Some(true), "带标识的链应当验过");
    assert_eq!(openssl(folder.path(), &["verify", "-attime", "1796083200", "-CAfile", "root.pem", "signer.pem"]), Some(false));

    let made = openssl(
        folder.path(),
        &[
            "req",
            "-x509",
            "-new",
            "-key",
            "theirs.pem",
            "-sm3",
            "-sigopt",
            ID,
            "-utf8",
            "-subj",
            "/C=CN/O=外来/CN=外来根",
            "-days",
            "10",
            "-out",
            "their.crt",
        ],
    );
    assert_eq!(made, Some(true));
    let theirs = Certificate::parse(&std::fs::read(at("their.crt")).unwrap()).unwrap();
    assert_eq!(theirs.subject.common(), "外来根");
    assert!(theirs.is_self_issued() && theirs.may_issue());
    assert!(theirs.signed_by(theirs.public.as_ref().unwrap()), "外来证书的签名对原字节验过");
}
