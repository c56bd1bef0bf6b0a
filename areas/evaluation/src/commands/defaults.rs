//! 默认评价（evaluation §4.4）：默认不生成。开了之后，办结满几个自然日没人评的记一条“基本满意”，
//! 渠道 7、`isDefault` 1，永不计入主动评价率与满意率；不占一次性的码，本人评了它就让位。

use jiff::{SignedDuration, Timestamp, ToSpan};
use serde::Serialize;
use tongban_kernel::time::{date_of, instant};
use tongban_kernel::{Actor, Problem};
use tongban_store::{Database, Result, Tx};
use tongban_web::App;
use tongban_web::area::Moved;

use super::{finish, load};
use super::rate::new_row;
use crate::model::{EvalChannel, Round, Satisfaction};
use crate::rules::{INVITATION_DAYS, Rating};
use crate::store::{self, RatingRow};

/// 一轮至多几条。
const BATCH: i64 = 100;

/// 后台步骤：没开就什么也不做。
pub fn step(app: &App) -> Moved<'_> {
    Box::pin(async move { run(app.db(), app.config().default_rating_days, app.now()).await })
}

/// 记一轮；回答看了几张邀评。`days` 为 0 是没开。刚打开时只管评价码还有效的，不翻旧账。
///
/// # Errors
/// 引擎不可用。
pub async fn run(db: &Database, days: u32, now: Timestamp) -> Result<u64> {
    if days == 0 {
        return Ok(0);
    }
    let cutoff = date_of(now).checked_sub(i64::from(days).days()).map_or(Timestamp::MIN, |day| instant(day, 0, 0));
    let oldest = now.checked_sub(SignedDuration::from_hours(24 * INVITATION_DAYS)).unwrap_or(Timestamp::MIN);
    let waiting = db.read("evaluation.waiting_default", move |tx| store::waiting_default(tx, oldest, cutoff, BATCH)).await?;
    let seen = u64::try_from(waiting.len()).unwrap_or(0);
    for invitation in waiting {
        db.bulk("evaluation.default", move |tx| rate_by_default(tx, invitation, now)).await?;
    }
    Ok(seen)
}

#[derive(Serialize)]
struct Defaulted<'a> {
    case_no: &'a str,
    case: i64,
    no: &'a str,
}

/// 给一张邀评记默认评价；已经有人评过、作废了的不记。
///
/// # Errors
/// 引擎拒绝。
pub fn rate_by_default(tx: &mut Tx<'_>, invitation: i64, at: Timestamp) -> Result<()> {
    let found = store::find_invitation(tx, invitation)?.ok_or_else(Problem::not_found)?;
    let (subject, before) = load(tx, found.subject)?;
    let invited = store::find_invitation(tx, invitation)?.ok_or_else(Problem::not_found)?;
    store::mark_defaulted(tx, invitation)?;
    let settled = invited.used.is_some() || invited.cancelled || subject.voided || !subject.decided;
    if settled || store::is_rated(tx, subject.id)? {
        return Ok(());
    }
    let fair = Rating { level: Satisfaction::Fair, tags: Vec::new(), text: None, private: false, dims: Vec::new() };
    let row = new_row(tx, (&subject, &invited), &fair, Round::Default, &Actor::clock(), EvalChannel::Default, String::new(), at);
    let row = RatingRow { person: 0, ..row };
    store::insert_rating(tx, &row, &[], &[])?;
    let changed = Defaulted { case_no: &subject.case_no, case: subject.case_id, no: &row.no };
    finish(tx, &Actor::clock(), (&subject, &before), "evaluation.defaulted", &changed, at)
}
