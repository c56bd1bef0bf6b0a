//! 国密地基：密钥、证书、电子印章与电子签章（GB/T 38540），没有输入输出，任何字节都不会使它恐慌。
//!
//! - [`key`]：SM2 密钥与签名（默认标识 `1234567812345678`，DER 与 r‖s 两种写法）；[`hash`]：SM3；
//! - [`wrap`]：私钥的 PKCS#8 与主密钥封装（SM4-GCM），明文私钥不进调试输出；
//! - [`cert`]：SM2 证书的签发、宽容解析、信任链、有效期、撤销、密钥用法；
//! - [`ses`]：印章与签章的读（v1、v4、v5）、写（v4）、逐步验证（S1–S4、G1–G7）；
//! - [`picture`]：按国发〔1999〕25号尺寸画印章图像，不合成国徽；
//! - [`der`]、[`time`]：有界的 DER 读写与 ASN.1 时间。
//!
//! 模糊测试的目标在 `fuzz/`，不在工作区里，平常不构建：装好 nightly 与 `cargo install cargo-fuzz`，在本目录下
//! `cargo +nightly fuzz run seal fuzz/corpus/seal fuzz/seeds/seal`（另一个目标是 `certificate`）；
//! 种子由 `tests/seeds.rs` 生成，平常的测试逐个回放。
//!
//! 随机数与当前时间都由调用者给。可以依赖：RustCrypto、jiff、thiserror；不认识平台的任何别处。

pub mod cert;
pub mod der;
pub mod hash;
pub mod key;
pub mod oid;
pub mod picture;
pub mod ses;
pub mod time;
pub mod wrap;

pub use cert::{Certificate, Trust};
pub use der::Malformed;
pub use hash::sm3;
pub use key::{PublicKey, SecretKey, Signature};
pub use picture::{Design, Face};
pub use ses::{Conclusion, Seal, SealReport, SignatureReport, Step};
pub use wrap::MasterKey;
