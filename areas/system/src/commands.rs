//! 系统区的写：重试死信。

use jiff::Timestamp;
use tongban_kernel::{Actor, Problem};
use tongban_store::{Entry, Result, Tx, jobs};

use crate::MANAGE;

/// 一封死信放回队列。
///
/// # Errors
/// 没有权限 403；没有这封死信 404。
pub fn revive(tx: &mut Tx<'_>, actor: &Actor, job: i64, at: Timestamp) -> Result<()> {
    actor.require(MANAGE)?;
    if !jobs::revive(tx, job, at)? {
        return Err(Problem::not_found().into());
    }
    tx.journal(Entry { kind: "system.job_revived", subject: job, rev: at.as_millisecond(), at, actor, tenant: actor.tenant, body: "{}" })
}
