//! 检索：tantivy 与结巴分词之上的一张小面孔。
//!
//! 群众用大白话找事项：“开小吃店”“社保卡丢了”“sbk”“shebaoka”，写错一两个字也要找得到。
//! 做法：查询由我们自己切词，大白话经同义词表换成官方说法，每个意思是一组“或”，
//! 合成一个布尔查询；标题、别名比正文重；写错时再按同音与二字片段兜底。
//!
//! 索引里只有公开内容（事项、知识库、单位、应用），没有办件，也没有个人信息。
//! 每个节点各有一份，可以随时由业务表重建；提交时带上日志位置，重启后从那里追。
//! 词典与写缓冲用到才加载（foundations §7）。
//!
//! 依赖：tantivy、tantivy-jieba、pinyin；不认识任何业务区。

mod error;
mod index;
mod model;
mod query;
mod sounds;
mod synonyms;
mod words;

pub use error::{Error, Result};
pub use index::Index;
pub use model::{Doc, Facets, Filters, Hit, Hits};
pub use sounds::{initials_of, spelling_of};
pub use synonyms::Synonyms;
pub use words::highlight;
