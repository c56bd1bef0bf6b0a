//! 办件走到一个节点：建一行、发一张邀评；办件作废：撤掉邀评。

use jiff::{SignedDuration, Timestamp};
use tongban_contracts::cases::CaseNodeV1;
use tongban_contracts::hall::{ServedV1, rating_key};
use tongban_kernel::problem::Code;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Problem};
use tongban_store::{Result, Tx};

use super::{finish, load, node_changed, token, token_hash};
use crate::model::Node;
use crate::permissions::INVITE;
use crate::rules::invitation_expires;
use crate::store::{self, Owed};

/// 办件走到 `node`：第一次走到才发邀评。同一条日志再来一次什么也不变。
///
/// # Errors
/// 引擎拒绝。
pub fn reach_node(tx: &mut Tx<'_>, actor: &Actor, case_id: i64, case: &CaseNodeV1, node: Node, at: Timestamp) -> Result<()> {
    arrive(tx, actor, case_id, case, node, node == Node::Decided, at)
}

/// 办件以撤回、退件、不予受理、终止结束：也可评，但不进“期内办结”。
///
/// # Errors
/// 引擎拒绝。
pub fn end_case(tx: &mut Tx<'_>, actor: &Actor, case_id: i64, case: &CaseNodeV1, at: Timestamp) -> Result<()> {
    arrive(tx, actor, case_id, case, Node::Decided, false, at)
}

/// 大厅办完一个号：以号票为键发一张邀评。
///
/// # Errors
/// 引擎拒绝。
pub fn serve_ticket(tx: &mut Tx<'_>, actor: &Actor, ticket: i64, served: &ServedV1, at: Timestamp) -> Result<()> {
    let org_name = tongban_directory::queries::org(tx, served.org)?.map(|org| org.name).unwrap_or_default();
    let node = CaseNodeV1 {
        case_no: rating_key(served.day, &served.number, ticket),
        item_name: if served.matter.is_empty() { "现场服务".to_owned() } else { served.matter.clone() },
        tenant: served.tenant,
        unit: served.unit,
        org: served.org,
        org_name,
        window: served.window,
        staff: served.staff,
        staff_code: served.staff_code.clone(),
        post: served.post,
        account: served.account,
        ..CaseNodeV1::default()
    };
    arrive(tx, actor, ticket, &node, Node::Decided, false, at)
}

fn arrive(tx: &mut Tx<'_>, actor: &Actor, case_id: i64, case: &CaseNodeV1, node: Node, decided: bool, at: Timestamp) -> Result<()> {
    // 补录件按作出决定的业务时间计入
    let happened = case.decided_at.filter(|_| decided).map_or(at, tongban_kernel::time::from_millis);
    // 历史办件补进来时邀评早该过期了：不打扰人，也不算应评
    if invitation_expires(happened) <= at {
        return Ok(());
    }
    let id = subject_id(tx, case_id, case, at)?;
    let (mut subject, before) = load(tx, id)?;
    let index = usize::try_from(node.code() - 1).unwrap_or(0);
    if subject.nodes[index].is_some() || subject.voided {
        return Ok(());
    }
    let day = day_number(date_of(happened));
    subject.nodes[index] = Some(day);
    subject.decided |= decided;
    let invitation = tx.new_id();
    let hash = token_hash(tx, &token(tx, invitation));
    let counted = node != Node::Decided || decided;
    let owed = Owed { id: invitation, node, day, at, expires: invitation_expires(at), token: &hash, counted, from: case };
    store::insert_invitation(tx, &subject, &owed)?;
    if node == Node::Decided && subject.person != 0 && invitation_expires(at) > Timestamp::now() {
        let text = format!("{}已办完，请花十秒钟评价。不满意的，15 个工作日内改到位并回访您。", subject.item_name);
        let href = format!("/r/{}?from=web", token(tx, invitation));
        tongban_messages::notify(tx, subject.person, "请您评价", &text, &href, at)?;
        if tongban_messages::sms::is_fresh(at, Timestamp::now()) {
            let link = format!("/r/{}?from=sms", token(tx, invitation));
            tongban_messages::sms::to_person(tx, subject.person, &format!("{text}请点："), &link, at)?;
        }
    }
    let changed = node_changed(&subject, node);
    finish(tx, actor, (&subject, &before), "evaluation.invited", &changed, at)
}

fn subject_id(tx: &mut Tx<'_>, case_id: i64, case: &CaseNodeV1, at: Timestamp) -> Result<i64> {
    if let Some(id) = store::find_case(tx, case_id)? {
        return Ok(id);
    }
    store::insert_subject(tx, case_id, case, at)?;
    Ok(store::find_case(tx, case_id)?.ok_or_else(Problem::not_found)?)
}

/// 办件作废（录入差错）：邀评全部撤掉，已有的评价、差评都不再计入。
///
/// # Errors
/// 引擎拒绝。
pub fn void_case(tx: &mut Tx<'_>, actor: &Actor, case_id: i64, case: &CaseNodeV1, at: Timestamp) -> Result<()> {
    let id = subject_id(tx, case_id, case, at)?;
    let (mut subject, before) = load(tx, id)?;
    if subject.voided {
        return Ok(());
    }
    subject.voided = true;
    store::cancel_invitations(tx, subject.id)?;
    let changed = node_changed(&subject, Node::Decided);
    finish(tx, actor, (&subject, &before), "evaluation.voided", &changed, at)
}

/// 窗口重新打印评价码：没用过的邀评，有效期重新起算。
///
/// # Errors
/// 没有权限、不在范围内、已经用过。
pub fn reprint(tx: &mut Tx<'_>, actor: &Actor, invitation: i64, at: Timestamp) -> Result<()> {
    actor.require(INVITE)?;
    let invited = store::find_invitation(tx, invitation)?.ok_or_else(Problem::not_found)?;
    let subject = store::lock_subject(tx, invited.subject)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&subject.place)?;
    if invited.used.is_some() || invited.cancelled {
        return Err(Problem::new(Code::AlreadyUsed, "这一步已经评过或已作废，不用再打印").into());
    }
    let newest = invited.at.checked_add(SignedDuration::from_hours(24 * 90)).unwrap_or(at);
    if at > newest {
        return Err(Problem::new(Code::TokenExpired, "这一步过去太久（超过 90 天），不再发评价码").into());
    }
    store::reopen_invitation(tx, invitation, invitation_expires(at))
}
