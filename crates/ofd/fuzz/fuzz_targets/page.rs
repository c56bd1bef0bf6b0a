//! 任意字节当一页的内容来画：不恐慌。
#![no_main]

#[path = "../strike.rs"]
#[allow(dead_code)]
mod strike;

libfuzzer_sys::fuzz_target!(|data: &[u8]| strike::page(data));
