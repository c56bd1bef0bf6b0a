//! 本区唯一的写者：锁聚合、查权限与范围、走状态机、写行、恰好一条日志。
//!
//! 成文、签名、算口令不在这里：由任务与页面函数在单元之外做好，再交命令落账。

mod batches;
mod grants;
mod kinds;
mod licences;
mod seals;
mod shows;
mod waits;

pub use batches::{ENTER_JOB, REVIEW_JOB, begin_review, open_batch, review_rows, stop_batch, take_rows};
pub use grants::{Authorize, authorize, fail_use, log_use, revoke_grant};
pub use kinds::{NewKind, ProvinceRow, create_kind, import_province, save_kind, set_quota};
pub use licences::{Enter, Order, Sealed, act, check_rows, enter, enter_batch, expire as expire_licence, order, renew, retry, review_batch, sealed};
pub use seals::{Apply, Made, SealStep, apply, expire as expire_seal, finish, full_name, next_es_id, remind, step, sync, usable};
pub use shows::{Checked, Copied, ENTRY, LIFE, Opened, RENEW_BEFORE, SHOW_LEVEL, Seen, Shown, Waive, claim, claimable, copied, fits, looked, open_lines, open_show, owns, renew_show, set_passcode, verify_show, waive};
pub use waits::{Parked, WAKE, park, wake};

use jiff::Timestamp;
use serde::Serialize;
use tongban_kernel::Actor;
use tongban_store::{Entry, Result, Tx};

use crate::model::Facts;

/// 记一条日志：改了什么、前后事实。
#[allow(clippy::too_many_arguments)]
fn journal<C: Serialize>(tx: &mut Tx<'_>, actor: &Actor, kind: &str, subject: (i64, i64, i64), changed: &C, facts: (Option<&Facts>, Option<&Facts>), at: Timestamp) -> Result<()> {
    let body = serde_json::to_string(changed)?;
    let (id, rev, tenant) = subject;
    tx.journal_facts(Entry { kind, subject: id, rev, at, actor, tenant, body: &body }, facts.0, facts.1)
}
