//! 页面：取参数、调命令或查询、渲染，别的不做。

pub mod check;
pub mod files;
pub mod kinds;
pub mod licences;
pub mod seal_forms;
pub mod seals;
pub mod show;
pub mod wallet;

use tongban_kernel::problem::Code;
use tongban_kernel::Problem;
use tongban_web::Failure;

/// 表单能重画的错误：内容要改（422）与状态已变（409）留在页上，别的照常出错误页。
fn mendable(result: Result<(), tongban_store::Error>) -> Result<Option<Problem>, Failure> {
    match result {
        Ok(()) => Ok(None),
        Err(tongban_store::Error::Refused(problem)) if matches!(problem.code, Code::ValidationFailed | Code::InvalidState | Code::Conflict | Code::Duplicate) => Ok(Some(*problem)),
        Err(error) => Err(error.into()),
    }
}
