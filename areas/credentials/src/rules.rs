//! 规则，纯：证面排版、文件里的元数据、用印日志的看法、离线亮证码、验证结论的大白话。

pub mod face;
pub mod metadata;
pub mod offline;
pub mod uses;
pub mod verdict;
