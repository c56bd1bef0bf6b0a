//! 催办：申请人催一下，本件排到办理人眼前；一个自然日一次。

use jiff::Timestamp;
use tongban_kernel::{Actor, Problem, time};
use tongban_store::{Result, Tx};

use super::{Before, Mark, finish, load};
use crate::model::{Action, Case, next};

/// 催办；写进过程，通知办理人。
///
/// # Errors
/// 今天催过了；不是申请人；状态、版本。
pub fn urge(tx: &mut Tx<'_>, actor: &Actor, no: &str, version: i64, words: &str, at: Timestamp) -> Result<Case> {
    let mut case = load(tx, actor, no, version, Action::Urge, at)?;
    if case.urged_at.is_some_and(|last| time::date_of(last) == time::date_of(at)) {
        return Err(Problem::conflict("今天已经催过了，请明天再看；着急可打 12345").into());
    }
    let before = Before::of(&case);
    case.state = next(case.state, Action::Urge)?;
    (case.urged, case.urged_at) = (case.urged + 1, Some(at));
    let words: String = words.trim().chars().take(200).collect();
    let told = if words.is_empty() { "申请人催办".to_owned() } else { format!("申请人催办：{words}") };
    finish(tx, actor, &mut case, &before, &Mark::new(Action::Urge, "cases.urged", &told), at)?;
    if case.handler != 0 {
        tongban_messages::notify_staff(tx, case.handler, "有人催办", &format!("{} {}", case.no, case.item_name), &format!("/desk/cases/{}", case.no), at)?;
    }
    Ok(case)
}
