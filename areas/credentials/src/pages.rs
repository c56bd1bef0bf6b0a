//! 页面：取参数、调命令或查询、渲染，别的不做。

pub mod batches;
pub mod check;
pub mod copy;
pub mod files;
pub mod kinds;
pub mod licences;
pub mod offline;
pub mod present;
pub mod seal_forms;
pub mod seals;
pub mod show;
pub mod wallet;

use tongban_kernel::problem::Code;
use tongban_kernel::{Problem, Scope};
use tongban_store::{Result as Stored, Tx};
use tongban_web::components::Pager;
use tongban_web::{App, Ctx, Failure, Listing, PageQuery};

/// 按范围读一页：某行之前的几条，新的在前。
type ReadPage<T> = fn(&mut Tx<'_>, &Scope, i64, u32) -> Stored<Vec<T>>;

/// 范围内、新的在前的一页：多取一条看还有没有下一页。
async fn newest<T: Send + 'static>(app: &App, ctx: &Ctx, page: &PageQuery, tag: &'static str, what: &str, read: ReadPage<T>, id: fn(&T) -> i64) -> Result<(Vec<T>, Pager), Failure> {
    let limit = page.limit()?;
    let before: Option<i64> = page.after(tag)?;
    let scope = ctx.actor.scope.clone();
    let more = u32::try_from(limit + 1).unwrap_or(101);
    let rows = app.db().snapshot("credentials.page", move |tx| read(tx, &scope, before.unwrap_or(i64::MAX), more)).await?;
    let listing = Listing::cut(rows, limit, tag, id);
    let note = format!("本页 {} {what}", listing.items.len());
    Ok((listing.items, Pager::of(&ctx.uri, listing.next_cursor.as_deref(), note)))
}

/// 表单能重画的错误：内容要改（422）与状态已变（409）留在页上，别的照常出错误页。
fn mendable(result: Result<(), tongban_store::Error>) -> Result<Option<Problem>, Failure> {
    match result {
        Ok(()) => Ok(None),
        Err(tongban_store::Error::Refused(problem)) if matches!(problem.code, Code::ValidationFailed | Code::InvalidState | Code::Conflict | Code::Duplicate) => Ok(Some(*problem)),
        Err(error) => Err(error.into()),
    }
}
