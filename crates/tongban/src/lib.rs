//! 屋顶：读命令行与配置，列出区的清单，把它们接到数据库与端口上。
//!
//! - [`areas`]：区的清单，加一个区加一行；
//! - [`cli`]、[`config`]：命令行与配置；
//! - [`house`]、[`serve`]：把房子立起来、起服务；
//! - [`demo`]：演示县区；[`operate`]：运维命令。
//!
//! 可以依赖：全部。谁也不依赖它。

#![allow(clippy::print_stdout, reason = "命令行程序的回答就在标准输出")]

pub mod areas;
pub mod cli;
pub mod config;
pub mod demo;
pub mod house;
pub mod operate;
pub mod serve;
