//! 吊销列表：签章之前吊销的无效，之后的继续有效；别人签的不认；openssl 读得了。
#![allow(clippy::unwrap_used, reason = "测试")]

mod demo;

use demo::*;
use tongban_gm::cert::{Crl, issue_crl};
use tongban_gm::ses::{Conclusion, verify_signature};

#[test]
fn a_revocation_counts_only_when_it_came_first() {
    let demo = demo();
    let signed = demo.signature();
    let (from, until) = (at("2026-01-02T00:00:00Z"), at("2027-01-02T00:00:00Z"));
    let verdict = |when: &str| {
        let bytes = issue_crl(&demo.root, &key(ROOT), &[(&demo.signer, at(when))], from, until).unwrap();
        let crl = Crl::parse(&bytes).unwrap();
        assert_eq!((crl.entries.len(), crl.next_update), (1, Some(until)));
        let mut trust = tongban_gm::Trust::new();
        trust.add_anchor(demo.root.clone()).unwrap();
        for revocation in crl.revocations(&demo.root).unwrap() {
            trust.revoke(revocation);
        }
        verify_signature(&signed, DOCUMENT, &trust, at("2026-12-01T00:00:00Z")).conclusion
    };
    assert_eq!(verdict("2026-01-03T00:00:00Z"), Conclusion::RevokedBeforeSigning);
    assert_eq!(verdict("2026-11-30T00:00:00Z"), Conclusion::ValidExpiredNow);
}

#[test]
fn only_the_issuer_may_revoke_and_broken_lists_are_refused() {
    let demo = demo();
    let (from, until) = (at("2026-01-02T00:00:00Z"), at("2027-01-02T00:00:00Z"));
    let forged = issue_crl(&demo.root, &key(OUTSIDER), &[(&demo.signer, from)], from, until).unwrap();
    assert!(Crl::parse(&forged).unwrap().revocations(&demo.root).is_none(), "签名不对");
    let own = issue_crl(&demo.outsider, &key(OUTSIDER), &[], from, until).unwrap();
    assert!(Crl::parse(&own).unwrap().revocations(&demo.outsider).is_none(), "不是 CA");
    for cut in 0..forged.len() {
        assert!(Crl::parse(&forged[..cut]).is_err());
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("c.crl"), &forged).unwrap();
    let run = std::process::Command::new("openssl").args(["crl", "-inform", "DER", "-in", "c.crl", "-noout", "-text"]).current_dir(folder.path()).output();
    if let Ok(done) = run {
        assert!(done.status.success(), "openssl 读不了");
    }
}
