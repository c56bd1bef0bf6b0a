//! 版式文件 OFD（GB/T 33190-2016）：写、盖章、读、验、画成 SVG。没有输入输出，任何字节都不会使它恐慌。
//!
//! - [`Document`]：把 `documents::paper` 排好的页写成 OFD 包（嵌保留 cmap 的字体子集，模板页、附件、自定义标引）；
//! - [`seal`]：按 GB/T 38540 在页上盖章：逐文件 SM3、定稿、签名，次序见规格 §6.3-8；
//! - [`verify`]：验自己的与外来的文件，逐步给结果，结论只用规格 §3.4 那一张表；
//! - [`view`]：把一页画成自足的 SVG（字是字形轮廓，不靠看的人装了什么字体）；
//! - [`stamp`]：按 `gm::picture` 的版式画印章 PNG；[`subset`]：字体子集与缓存；
//! - [`package`]、[`xml`]：有界的 ZIP 与 XML，拒绝重名、越界路径、加密、炸弹、DTD。
//!
//! 模糊测试的目标在 `fuzz/`，不在工作区里，平常不构建：装好 nightly 与 `cargo install cargo-fuzz`，在本目录下
//! `cargo +nightly fuzz run verify fuzz/corpus/verify fuzz/seeds/verify`（另一个目标是 `page`）；种子由 `tests/seeds.rs`
//! 生成，平常的测试逐个回放。没有 libFuzzer 的机器用 `examples/hammer.rs`。
//!
//! 不用 zip 库：它把重名条目合成一个，正好盖住要查的攻击，也不能放入压好、算好杂凑的条目。
//! 可以依赖：gm、documents 与几个格式库。

mod content;
pub mod package;
pub mod read;
pub mod seal;
pub mod stamp;
pub mod subset;
pub mod verify;
pub mod view;
mod write;
pub mod xml;

pub use package::{Package, Part};
pub use seal::{Edge, Placed, SealError, Sealing, seal};
pub use verify::{Report, verify};
pub use write::{Attachment, Document, Info, Page, Tag, Template, WriteError};

/// OFD 的命名空间；前缀必须写成 `ofd:`（有读者认前缀不认命名空间）。
pub const NAMESPACE: &str = "http://www.ofdspec.org/2016";
/// 下载时的媒体类型（未登记，各家都这样写）。
pub const MEDIA_TYPE: &str = "application/ofd";
