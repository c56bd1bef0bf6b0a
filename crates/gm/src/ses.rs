//! 电子印章与电子签章：v4（GB/T 38540-2020）读写，v1（GM/T 0031-2014）、v5（GM/T 0031-2025）只读。

mod read;
mod verdict;
mod verify;
mod write;

pub use read::{CertList, Edition, Picture, Seal, SealKind, SealedSignature};
pub use verdict::{Check, Conclusion, Fault, Outcome, SealReport, SignatureReport, Step};
pub use verify::{verify_seal, verify_signature};
pub use write::{ListBy, SealDraft, SealRequest, SignatureDraft, SignatureRequest, WriteError, make_seal, sign};

/// 印章或签章数据的最大字节数；有读者只认两字节长度，写出的必须小于 65,535。
pub const LARGEST_WRITTEN: usize = 65_534;
/// 读入时的上限。
pub const LARGEST_READ: usize = 4 * 1024 * 1024;
/// 印章图像上限。
pub const LARGEST_PICTURE: usize = 40 * 1024;
