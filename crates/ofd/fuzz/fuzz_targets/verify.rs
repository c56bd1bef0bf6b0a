//! 任意字节当 OFD 来验：不恐慌，什么都不信任时绝不有效。
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let report = tongban_ofd::verify(data, &tongban_gm::Trust::new(), jiff::Timestamp::UNIX_EPOCH);
    assert!(!report.conclusion.is_valid());
    let _ = report.reason();
});
