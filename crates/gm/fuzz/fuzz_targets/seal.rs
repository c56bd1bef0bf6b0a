//! 任意字节当印章、当签章来验：不恐慌，也绝不有效（什么都不信任）。
#![no_main]

#[path = "../strike.rs"]
#[allow(dead_code)]
mod strike;

libfuzzer_sys::fuzz_target!(|data: &[u8]| strike::seal(data));
