//! 任意字节当证书、当吊销列表来读：不恐慌。
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongban_gm::{Certificate, PublicKey, Signature};
use tongban_gm::cert::Crl;

fuzz_target!(|data: &[u8]| {
    let _ = Certificate::parse(data);
    let _ = Crl::parse(data);
    let _ = PublicKey::from_spki(data);
    let _ = Signature::from_der(data);
});
