//! 检索的错误：都不是用户的错，页面上只显示“暂时不能搜索”。

/// 索引打不开、写不进、读不出。
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("search index: {0}")]
    Engine(#[from] tantivy::TantivyError),
    #[error("search index directory: {0}")]
    Io(#[from] std::io::Error),
    #[error("synonyms table, line {line}: {reason}")]
    Synonyms { line: u64, reason: String },
}

pub type Result<T, E = Error> = std::result::Result<T, E>;
