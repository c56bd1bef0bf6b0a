//! 任意字节当整份 OFD 来验、来画：不恐慌，什么都不信任时绝不有效。
#![no_main]

#[path = "../strike.rs"]
#[allow(dead_code)]
mod strike;

libfuzzer_sys::fuzz_target!(|data: &[u8]| strike::verify(data));
