//! 本区唯一的写者。每条命令锁住“办件一行”，改完把前后两份事实记进一条日志。
//!
//! 一个办件的评价、差评工单都归在它那一行名下：锁一行，就不会有两条首评、也不会漏记事实。

pub mod appraisals;
mod clocks;
pub mod defaults;
mod handle;
mod nodes;
pub mod pads;
pub mod points;
mod rate;
mod record;
mod review;
mod supervise;

pub use clocks::light_up;
pub use handle::{EvidenceFile, Handle, handle};
pub use nodes::{end_case, reach_node, reprint, serve_ticket, void_case};
pub use rate::{From, Rated, follow_up, rate};
pub use record::{Evidence, record};
pub use review::{review_standing, review_text};
pub use supervise::HANDED;

use jiff::Timestamp;
use serde::Serialize;
use tongban_kernel::problem::Reason;
use tongban_kernel::{Actor, Problem};
use tongban_store::{Entry, Result, Tx};

use crate::facts::Facts;
use crate::model::Node;
use crate::store::{self, Invited, Subject};

/// 锁住一行并取它现在的事实。
fn load(tx: &mut Tx<'_>, id: i64) -> Result<(Subject, Facts)> {
    let subject = store::lock_subject(tx, id)?.ok_or_else(Problem::not_found)?;
    let facts = store::facts(tx, &subject)?;
    Ok((subject, facts))
}

/// 写回主体、更新派生列、记一条日志。
fn finish<C: Serialize>(
    tx: &mut Tx<'_>,
    actor: &Actor,
    (subject, before): (&Subject, &Facts),
    kind: &str,
    changed: &C,
    at: Timestamp,
) -> Result<()> {
    let after = store::facts(tx, subject)?;
    if !store::save_subject(tx, subject, &after)? {
        return Err(Problem::stale(subject.version + 1).into());
    }
    let body = serde_json::to_string(changed)?;
    let rev = subject.version + 1;
    let entry = Entry { kind, subject: subject.id, rev, at, actor, tenant: subject.place.tenant, body: &body };
    // 第一条日志之前没有事实
    let before = (subject.version > 0).then_some(before);
    tx.journal_facts(entry, before, Some(&after))
}

/// 日志里的改动：哪个办件、哪个节点。
#[derive(Serialize)]
struct NodeChanged<'a> {
    case_no: &'a str,
    case: i64,
    node: &'a str,
}

fn node_changed(subject: &Subject, node: Node) -> NodeChanged<'_> {
    NodeChanged { case_no: &subject.case_no, case: subject.case_id, node: node.label() }
}

/// 令牌的写法：去掉易混字母的 32 个字符。
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// 一张邀评的令牌：由行键经带钥散列得来，不落库、猜不到，随时可以再算出来印二维码。
#[must_use]
pub fn token(tx: &Tx<'_>, invitation: i64) -> String {
    let digest = tx.digest("evaluation.token", &invitation.to_string());
    // 每字节取 5 位，16 个字符共 80 位
    digest.iter().take(16).map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}

/// 评价仪网址里的钥匙：每个岗位一把，猜不到。
#[must_use]
pub fn pad_key(tx: &Tx<'_>, post: i64) -> String {
    let digest = tx.digest("evaluation.pad_post", &post.to_string());
    digest.iter().take(10).map(|byte| char::from(ALPHABET[usize::from(byte & 31)])).collect()
}

/// 令牌在库里的样子。
fn token_hash(tx: &Tx<'_>, token: &str) -> Vec<u8> {
    tx.digest("evaluation.token_hash", token)
}

/// 由令牌找邀评；抄写时的大小写、空格、横线都不计较。
///
/// # Errors
/// 没有这个令牌。
pub fn by_token(tx: &mut Tx<'_>, token: &str) -> Result<Invited> {
    let normal: String = token.chars().filter(char::is_ascii_alphanumeric).map(|ch| ch.to_ascii_lowercase()).collect();
    let hash = token_hash(tx, &normal);
    Ok(store::invitation_of(tx, &hash)?.ok_or_else(|| {
        Problem::new(tongban_kernel::Code::NotFound, "没有这个评价码，请核对后重输，或在“我的办件”里评价")
    })?)
}

/// 日历上的问题（日期超出范围）照原话拒绝。
fn calendar_problem(reason: Reason) -> Problem {
    Problem::conflict(reason.detail)
}
