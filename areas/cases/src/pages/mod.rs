//! 页面：解析、调用、渲染，没有业务规则。

pub mod apply;
pub mod desk;
pub mod desk_action;
pub mod desk_anomalies;
pub mod desk_archive;
pub mod desk_batch;
pub mod desk_case;
pub mod desk_commitments;
pub mod desk_conflict;
pub mod desk_cover;
pub mod desk_exchange;
pub mod desk_flows;
pub mod desk_follow;
pub mod desk_import;
pub mod desk_new;
pub mod desk_opinions;
pub mod desk_receipt;
pub mod desk_sync;
pub mod follow;
pub mod mine;
pub mod open;
pub mod print;
pub mod show;
pub mod time;
pub mod track;
pub mod trail;

use tongban_kernel::Problem;
use tongban_kernel::problem::Code;
use tongban_store::Error;
use tongban_web::Failure;

/// 表单的全部字段，按出现先后。
pub struct Fields(pub Vec<(String, String)>);

impl Fields {
    pub fn get(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value.as_str())
    }

    /// 同名的各个值，多选用。
    pub fn joined(&self, name: &str) -> String {
        let all: Vec<&str> = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).filter(|v| !v.is_empty()).collect();
        all.join(",")
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(key, _)| key == name)
    }

    pub fn int(&self, name: &str) -> i64 {
        self.get(name).trim().parse().unwrap_or(0)
    }

    /// 以 `prefix` 开头的字段：去掉前缀的名字与值。
    pub fn prefixed<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.0.iter().filter_map(move |(key, value)| key.strip_prefix(prefix).map(|rest| (rest, value.as_str())))
    }
}

/// 内容有误的拒绝取出来重画表单；其余照常失败。
pub fn mendable(error: Error) -> Result<Problem, Failure> {
    match error {
        Error::Refused(problem) if matches!(problem.code, Code::ValidationFailed | Code::Conflict | Code::Duplicate) => Ok(*problem),
        other => Err(other.into()),
    }
}
