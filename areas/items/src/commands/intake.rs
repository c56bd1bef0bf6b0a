//! 群众的纠错与愿望、没搜到的词、导入问题单。

use jiff::Timestamp;
use tongban_kernel::Actor;
use tongban_kernel::calendar;
use tongban_kernel::codes::phone;
use tongban_kernel::problem::{Checks, Problem};
use tongban_kernel::time::{date_of, day_number};
use tongban_store::{Entry, Result, Tx};

use super::settle::{opinion, within};
use crate::permissions;
use crate::store::{self, CorrectionRow};

/// 指南哪一块不对。
pub const PARTS: &[(&str, &str)] = &[
    ("material", "材料"),
    ("time", "多久办好、跑几次"),
    ("fee", "收费"),
    ("place", "地点、时间、电话"),
    ("online", "网上办不了"),
    ("other", "别的"),
];

/// 纠错处理的工作日。
const CORRECTION_WORKDAYS: u32 = 5;

/// 一条纠错。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Correction {
    pub part: String,
    pub text: String,
    /// 选填的电话，回访用，加密存放，办结后抹去。
    pub contact: String,
}

/// 群众纠错：不用登录，回答单号 `JC` + 日期 + 流水。
///
/// # Errors
/// 没写内容、电话不对，或事项不存在。
pub fn submit_correction(tx: &mut Tx<'_>, actor: &Actor, item_code: &str, input: &Correction, at: Timestamp) -> Result<String> {
    let row = store::item_by_code(tx, item_code)?.ok_or_else(Problem::not_found)?;
    let mut checks = Checks::new();
    checks.ensure(PARTS.iter().any(|(code, _)| *code == input.part), "part", "required", "请选择哪一块不对");
    let text = input.text.trim();
    checks.ensure(!text.is_empty(), "text", "required", "请写哪里不对、应该是什么");
    checks.ensure(text.chars().count() <= 500, "text", "length", "最多写 500 个字");
    let contact = input.contact.trim();
    if !contact.is_empty()
        && let Err(reason) = phone(contact)
    {
        checks.ensure(false, "contact", reason.code, reason.detail);
    }
    checks.finish()?;
    let today = date_of(at);
    let calendar = calendar::current();
    let due = calendar.due(today, CORRECTION_WORKDAYS).map_err(|reason| Problem::field("due", reason.code, reason.detail))?;
    let day = day_number(today);
    let id = tx.new_id();
    let sealed = if contact.is_empty() { Vec::new() } else { tx.seal(contact) };
    let serial = tx.number("items.correction", day)?;
    let number = format!("JC{day}{serial:05}");
    store::insert_correction(
        tx,
        &CorrectionRow {
            id,
            number: number.clone(),
            place: row.place,
            item: row.id,
            edition: row.edition,
            part: input.part.clone(),
            text: text.to_owned(),
            contact: sealed,
            state: "open".to_owned(),
            answer: String::new(),
            created: at,
            due: calendar.due_instant(due),
            version: 1,
        },
    )?;
    let body = serde_json::json!({ "number": number, "code": row.code, "part": input.part }).to_string();
    let tenant = row.place.tenant;
    tx.journal(Entry { kind: "corrections.submitted", subject: id, rev: 1, at, actor, tenant, body: &body })?;
    Ok(number)
}

/// 纠错的处理结果。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// 已改；否则是核对过没有错。
    pub fixed: bool,
    pub text: String,
}

/// 处理一条纠错；联系方式随之抹去。
///
/// # Errors
/// 没有权限、范围外、版本不符、已处理、没写说明。
pub fn answer_correction(tx: &mut Tx<'_>, actor: &Actor, number: &str, version: i64, input: &Answer, at: Timestamp) -> Result<()> {
    actor.require(permissions::EDIT)?;
    let mut row = store::lock_correction(tx, number)?;
    within(actor, &row.place)?;
    if row.version != version {
        return Err(Problem::stale(row.version).into());
    }
    if row.state != "open" {
        return Err(Problem::invalid_state(&row.state, vec![], "这条纠错已经处理过").into());
    }
    row.answer = opinion("text", &input.text, "处理说明")?;
    row.state = if input.fixed { "fixed" } else { "rejected" }.to_owned();
    row.contact.clear();
    store::answer_correction(tx, &row)?;
    let body = serde_json::json!({ "number": row.number, "state": row.state }).to_string();
    let tenant = row.place.tenant;
    tx.journal(Entry { kind: "corrections.answered", subject: row.id, rev: row.version + 1, at, actor, tenant, body: &body })
}

/// 关掉一张导入问题单（已在源头改好）。
///
/// # Errors
/// 没有权限、范围外、版本不符。
pub fn close_problem(tx: &mut Tx<'_>, actor: &Actor, id: i64, version: i64, at: Timestamp) -> Result<()> {
    actor.require(permissions::EDIT)?;
    let row = store::lock_problem(tx, id)?;
    within(actor, &row.place)?;
    if row.version != version {
        return Err(Problem::stale(row.version).into());
    }
    if row.state != "open" {
        return Err(Problem::invalid_state(&row.state, vec![], "这张问题单已经关了").into());
    }
    store::close_problem(tx, &row)?;
    let tenant = row.place.tenant;
    tx.journal(Entry { kind: "problems.closed", subject: row.id, rev: row.version + 1, at, actor, tenant, body: "{}" })
}

/// 搜索词记下来之前的长度上限。
const WORDS_LIMIT: usize = 40;

/// 记一次没搜到的词；不像话的不记（像证件号、手机号的一串数字）。
///
/// # Errors
/// 引擎故障。
pub fn note_miss(tx: &mut Tx<'_>, words: &str, at: Timestamp) -> Result<()> {
    let words: String = words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(WORDS_LIMIT).collect();
    let digits = words.chars().filter(char::is_ascii_digit).count();
    if words.is_empty() || digits >= 7 {
        return Ok(());
    }
    store::note_miss(tx, &words, at)
}

/// “告诉我们您想办什么”。
///
/// # Errors
/// 没写内容或太长。
pub fn submit_wish(tx: &mut Tx<'_>, words: &str, text: &str, at: Timestamp) -> Result<()> {
    let text = opinion("text", text, "您想办什么")?;
    let id = tx.new_id();
    let words: String = words.chars().take(WORDS_LIMIT).collect();
    store::insert_wish(tx, id, &words, &text, at)
}
