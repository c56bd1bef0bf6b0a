//! 各区互相告知的内容：已发布的日志条目与编号，只有 serde

pub mod cases;
pub mod credentials;
pub mod hall;
pub mod items;
pub mod evaluation;
pub mod parties;
