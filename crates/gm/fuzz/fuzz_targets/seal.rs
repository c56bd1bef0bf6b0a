//! 任意字节当印章、当签章来验：不恐慌，也绝不有效（什么都不信任）。
#![no_main]

use libfuzzer_sys::fuzz_target;
use tongban_gm::Trust;
use tongban_gm::ses::{verify_seal, verify_signature};

fuzz_target!(|data: &[u8]| {
    let (trust, now) = (Trust::new(), jiff::Timestamp::UNIX_EPOCH);
    assert!(!verify_seal(data, &trust, now).conclusion.is_valid());
    assert!(!verify_signature(data, b"document", &trust, now).conclusion.is_valid());
});
