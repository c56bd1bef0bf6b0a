//! 真的可执行文件、真的端口：拔电源、一齐提交、坏输入、两个节点、范围外的记录。

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod archive;
mod client;
mod crash;
mod crowd;
mod eight;
mod figures;
mod forms;
mod ground;
mod interface;
mod nodes;
mod outside;
mod template;
mod uploads;
