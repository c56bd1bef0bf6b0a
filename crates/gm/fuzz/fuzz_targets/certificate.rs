//! 任意字节当证书、吊销列表、密钥来读：不恐慌。
#![no_main]

#[path = "../strike.rs"]
#[allow(dead_code)]
mod strike;

libfuzzer_sys::fuzz_target!(|data: &[u8]| strike::certificate(data));
