//! 人工复核：文字能不能公开；可疑的评价算不算数。

use jiff::Timestamp;
use serde::Serialize;
use tongban_kernel::{Actor, Problem};
use tongban_store::{Result, Tx};

use super::{finish, load};
use crate::model::TextReview;
use crate::permissions::REVIEW;
use crate::store::{self, RatingRow};

#[derive(Serialize)]
struct Reviewed<'a> {
    case_no: &'a str,
    no: &'a str,
    passed: bool,
}

fn locked(tx: &mut Tx<'_>, actor: &Actor, no: &str) -> Result<(store::Subject, crate::facts::Facts, RatingRow)> {
    actor.require(REVIEW)?;
    let id = store::rating_by_no(tx, no)?.ok_or_else(Problem::not_found)?;
    let rating = store::rating(tx, id)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&rating.place)?;
    crate::rules::not_about_oneself(actor, rating.staff)?;
    let (subject, before) = load(tx, rating.subject)?;
    let rating = store::rating(tx, id)?.ok_or_else(Problem::not_found)?;
    Ok((subject, before, rating))
}

/// 文字审核：通过才公开（evaluation §7）。
///
/// # Errors
/// 没有权限、不在范围内、没有文字。
pub fn review_text(tx: &mut Tx<'_>, actor: &Actor, no: &str, passed: bool, at: Timestamp) -> Result<()> {
    let (subject, before, rating) = locked(tx, actor, no)?;
    if rating.text.is_none() {
        return Err(Problem::conflict("这条评价没有文字，不用审").into());
    }
    store::set_review(tx, rating.id, if passed { TextReview::Passed } else { TextReview::Refused })?;
    let changed = Reviewed { case_no: &subject.case_no, no: &rating.no, passed };
    finish(tx, actor, (&subject, &before), "evaluation.text_reviewed", &changed, at)
}

/// 可疑复核：为真就恢复计入，为假就判无效。差评有没有效只由申诉决定，不能在这里判掉。
///
/// # Errors
/// 没有权限、不在范围内、没有待复核的标记、对差评判假。
pub fn review_standing(tx: &mut Tx<'_>, actor: &Actor, no: &str, genuine: bool, at: Timestamp) -> Result<()> {
    let (subject, before, rating) = locked(tx, actor, no)?;
    if rating.flags.is_empty() || rating.cleared || !rating.effective {
        return Err(Problem::conflict("这条评价没有待复核的标记，请刷新").into());
    }
    if !genuine && rating.level.is_bad() {
        return Err(Problem::conflict("差评是否有效要走申诉复核，不能直接判无效").into());
    }
    store::set_standing(tx, &RatingRow { effective: genuine, cleared: genuine, ..rating.clone() })?;
    let changed = Reviewed { case_no: &subject.case_no, no: &rating.no, passed: genuine };
    finish(tx, actor, (&subject, &before), "evaluation.standing_reviewed", &changed, at)
}
