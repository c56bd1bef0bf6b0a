//! 补录：热线接到的、意见箱里的评价，由授权的人带凭据录进来；被评的人不能录自己的（evaluation §2.2、§4.5）。

use jiff::Timestamp;
use tongban_kernel::problem::{Checks, Code};
use tongban_kernel::{Actor, Problem};
use tongban_store::{Result, Tx};

use super::rate::first;
use super::{From, Rated, load};
use crate::model::EvalChannel;
use crate::permissions::RECORD;
use crate::rules::{self, Rating};
use crate::store::{self, Recorded};

/// 凭据：从哪里来、录音或意见单的编号。
#[derive(Debug, Clone)]
pub struct Evidence {
    pub channel: Option<EvalChannel>,
    pub number: String,
}

impl Evidence {
    /// 只收电话与纸质，凭据要写。
    ///
    /// # Errors
    /// 哪里要改，一次说全。
    pub fn check(&self) -> Result<(), Problem> {
        let mut checks = Checks::new();
        let entered = matches!(self.channel, Some(EvalChannel::Paper | EvalChannel::Phone));
        checks.ensure(entered, "channel", "choice", "补录只收电话与纸质评价，其他渠道请群众自己评");
        let length = self.number.trim().chars().count();
        checks.ensure((2..=100).contains(&length), "evidence", "required", "请写录音编号、热线工单号或意见单编号，2–100 字");
        checks.finish()
    }
}

/// 补录一条首评。
///
/// # Errors
/// 没有权限、不在范围内、是这件事的经办人、凭据不全、已经评过。
pub fn record(tx: &mut Tx<'_>, actor: &Actor, invitation: i64, rating: &Rating, evidence: &Evidence, at: Timestamp) -> Result<Rated> {
    actor.require(RECORD)?;
    let found = store::find_invitation(tx, invitation)?.ok_or_else(Problem::not_found)?;
    let (subject, before) = load(tx, found.subject)?;
    actor.scope.check(&subject.place)?;
    evidence.check()?;
    let all = store::invitations(tx, subject.id)?;
    if actor.staff != 0 && all.iter().any(|invited| invited.staff == actor.staff) {
        return Err(Problem::new(Code::Forbidden, "您是这件事的经办人，不能补录对自己的评价，请换一位同事录").into());
    }
    let invited = all.into_iter().find(|invited| invited.id == invitation).ok_or_else(Problem::not_found)?;
    rules::usable(invited.standing(), at)?;
    let channel = evidence.channel.unwrap_or(EvalChannel::Paper);
    let from = From { channel, device: String::new(), ip: String::new() };
    let rated = first(tx, actor, (&subject, &before), &invited, rating, &from, at)?;
    let id = store::rating_by_no(tx, &rated.no)?.ok_or_else(Problem::not_found)?;
    let recorded = Recorded { evidence: evidence.number.trim().to_owned(), who: actor.name.to_string(), at };
    store::add_record(tx, id, actor.staff, &recorded)?;
    Ok(rated)
}
