//! 数据层的错误：业务拒绝与引擎故障分开，只有前者给人看原话。

use tongban_kernel::Problem;
use tongban_kernel::problem::Code;

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// 单元为什么没有成。
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 业务规则拒绝；什么都没有写。
    #[error("{0}")]
    Refused(Box<Problem>),
    #[error("SQLite：{0}")]
    Sqlite(#[from] rusqlite::Error),
    #[error("PostgreSQL：{0}")]
    Postgres(#[from] postgres::Error),
    /// 单元里有语句失败，整个单元撤销；原因是第一条失败语句的话。
    #[error("单元已撤销：{0}")]
    Poisoned(String),
    /// 反复冲突，两秒内没有成；什么都没有写。
    #[error("冲突太多，请重试")]
    Busy,
    /// 引擎关闭或连不上；什么都没有写。
    #[error("数据库连接不可用")]
    Lost,
    /// 提交途中断线：写没写成不知道，请带着幂等键再来一次。
    #[error("提交结果未知，请用同一个幂等键重试")]
    Unknown,
    /// 单元恐慌，已撤销。
    #[error("单元内部错误：{0}")]
    Panicked(String),
    /// 列的形状与代码不符。
    #[error("数据形状不符：{0}")]
    Shape(&'static str),
    /// 用法不对，如一个 `read` 里写了两条语句。
    #[error("用法不对：{0}")]
    Misuse(&'static str),
    /// 文件与配置。
    #[error("{0}")]
    Io(String),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Refused(Box::new(problem))
    }
}

impl From<serde_json::Error> for Error {
    fn from(error: serde_json::Error) -> Self {
        Self::Io(error.to_string())
    }
}

impl Error {
    /// 业务拒绝的内容；引擎故障为 `None`。
    #[must_use]
    pub fn problem(&self) -> Option<&Problem> {
        match self {
            Self::Refused(problem) => Some(problem),
            _ => None,
        }
    }

    /// 给人看的回答：拒绝照原话，引擎故障一律“系统繁忙”。
    #[must_use]
    pub fn into_problem(self) -> Problem {
        match self {
            Self::Refused(problem) => *problem,
            Self::Busy | Self::Lost | Self::Unknown => Problem {
                retry_after: Some(2),
                ..Problem::new(Code::Maintenance, "数据库暂时连不上，您的内容没有丢，请稍后再提交一次")
            },
            _ => Problem::new(Code::Internal, Code::Internal.title()),
        }
    }

    /// 串行化失败或死锁：整个单元可以从头再来。
    pub(crate) fn is_retryable(&self) -> bool {
        self.sql_state().is_some_and(|state| matches!(state, "40001" | "40P01"))
    }

    /// 连接已断。
    pub(crate) fn is_disconnect(&self) -> bool {
        match self {
            Self::Postgres(error) => error.is_closed() || (error.code().is_none() && error.as_db_error().is_none()),
            Self::Lost => true,
            _ => false,
        }
    }

    pub(crate) fn sql_state(&self) -> Option<&str> {
        match self {
            Self::Postgres(error) => error.code().map(postgres::error::SqlState::code),
            _ => None,
        }
    }

    /// 引擎故障（不是业务拒绝）：单元里出现过就必须撤销。
    pub(crate) fn poisons(&self) -> bool {
        matches!(self, Self::Sqlite(_) | Self::Postgres(_))
    }
}
