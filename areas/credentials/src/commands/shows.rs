//! 亮证、核验、免提交、加注件与用证记录。

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Code, Problem};
use tongban_store::{Entry, Result, Tx};

use super::grants::log_use;
use super::journal;
use crate::model::licence::{show_day, show_until};
use crate::model::{Facts, LicenceState};
use crate::permissions::VERIFY;
use crate::store::{Kind, LicenceRow, Look, Show, Use, kinds, licences, shows};

/// 一个码活多久。
pub const LIFE: SignedDuration = SignedDuration::from_secs(60);
/// 到期前多久自动换新。
pub const RENEW_BEFORE: SignedDuration = SignedDuration::from_secs(10);
/// 核过一次口令，可以在多久之内接着换新码。
pub const ENTRY: SignedDuration = SignedDuration::from_mins(5);
/// 亮证要的实名等级（规格 §8 第 1 步）。
pub const SHOW_LEVEL: u8 = 3;

/// 持证人打开亮证时要的随机数：16 字节令牌、10 位短码、串号，由页面函数取好。
#[derive(Debug, Clone)]
pub struct Opened {
    pub token: String,
    pub short: String,
    /// 这一次进入的串号，换新凭它。
    pub chain: String,
}

/// 出好的码。
#[derive(Debug, Clone)]
pub struct Shown {
    pub id: i64,
    pub expires: Timestamp,
    /// 换新时：上一枚码已经被谁核验过。
    pub previous: Option<String>,
}

#[derive(Serialize)]
struct Changed<'a> {
    licence: &'a str,
    kind: &'a str,
    way: &'a str,
}

/// 这张证照是不是这个登录者的（本人，或他正代表的法人）。
#[must_use]
pub fn owns(row: &LicenceRow, actor: &Actor) -> bool {
    if actor.legal_entity != 0 { row.legal_entity == actor.legal_entity } else { actor.person != 0 && row.person == actor.person }
}

/// 持证人亮证：实名 3 级、设了口令（由页面函数核过），出一枚 60 秒的新码，同一张证照此前的码立刻作废。
///
/// # Errors
/// 不是他的 404；实名等级不够 403；没设口令、这类不许亮证、状态不对 409。
pub fn open_show(tx: &mut Tx<'_>, actor: &Actor, licence: i64, opened: &Opened, at: Timestamp) -> Result<Shown> {
    let row = showable(tx, actor, licence)?;
    if shows::passcode(tx, actor.person)?.is_none() {
        return Err(Problem::conflict("还没有设亮证口令，请先设一个再亮证").into());
    }
    put_show(tx, actor, &row, opened, (at, at), None)
}

/// 同一次进入里换一枚新码：串号对得上、还在五分钟之内、上一枚就是这一串最新的；不是就回空，要再输口令。
///
/// # Errors
/// 同 [`open_show`]。
pub fn renew_show(tx: &mut Tx<'_>, actor: &Actor, licence: i64, opened: &Opened, at: Timestamp) -> Result<Option<Shown>> {
    let row = showable(tx, actor, licence)?;
    let chain = tx.digest("credentials.chain", &opened.chain);
    let Some((begun, used_by)) = shows::latest(tx, licence, actor.person, &chain)? else { return Ok(None) };
    if begun + ENTRY <= at {
        return Ok(None);
    }
    put_show(tx, actor, &row, opened, (begun, at), used_by).map(Some)
}

/// 他的、许可亮证、此刻亮得出的一张，锁住。已被新版替代的（51）不许亮：让人看的该是新版。
fn showable(tx: &mut Tx<'_>, actor: &Actor, licence: i64) -> Result<LicenceRow> {
    let row = licences::lock(tx, licence)?.filter(|row| owns(row, actor)).ok_or_else(Problem::not_found)?;
    if actor.real_level < SHOW_LEVEL {
        return Err(Problem::new(Code::Forbidden, "亮证要实名 3 级，请带身份证原件到政务服务窗口核验").into());
    }
    let kind = kinds::find(tx, row.kind)?.ok_or_else(Problem::not_found)?;
    if !kind.spec.show {
        return Err(Problem::conflict("这类证照不开放亮证").into());
    }
    if !row.state.may_show() {
        return Err(Problem::invalid_state(row.state.label(), vec!["有效"], format!("证照现在是“{}”，不能亮证", row.state.label())).into());
    }
    Ok(row)
}

fn put_show(tx: &mut Tx<'_>, actor: &Actor, row: &LicenceRow, opened: &Opened, (begun, at): (Timestamp, Timestamp), previous: Option<String>) -> Result<Shown> {
    let show = Show {
        id: tx.new_id(),
        licence: row.id,
        person: actor.person,
        org: row.place.org,
        day: day_number(date_of(at)),
        made: at,
        expires: at + LIFE,
        used: None,
        used_by: String::new(),
        counted: false,
    };
    let digests = [("credentials.show", &opened.token), ("credentials.short", &opened.short), ("credentials.chain", &opened.chain)].map(|(what, text)| tx.digest(what, text));
    shows::insert(tx, &show, &digests, begun)?;
    let facts = Facts::Show { org: show.org, day: show.day, counted: false };
    let changed = Changed { licence: &row.identifier, kind: &row.kind_name, way: "opened" };
    journal(tx, actor, "credentials.show", (show.id, 1, row.place.tenant), &changed, (None, Some(&facts)), at)?;
    Ok(Shown { id: show.id, expires: show.expires, previous })
}

/// 核验人。
#[derive(Debug, Clone, Default)]
pub struct Checked {
    pub who: String,
    pub org_name: String,
    pub reason: String,
    pub item_code: String,
    pub item_name: String,
    pub case_no: String,
}

/// 核验看到的。
#[derive(Debug, Clone)]
pub struct Seen {
    pub licence: i64,
    pub kind_name: String,
    pub issuer: String,
    pub state: LicenceState,
    pub until: String,
    /// 名目与值：匿名的只有脱敏姓名与编号末四位。
    pub lines: Vec<(String, String)>,
    pub full: bool,
    pub identifier: String,
}

/// 核验一个码。登记的核验员看全部授权字段，匿名的只看脱敏的；状态每次都是此刻的。
///
/// # Errors
/// 没有这个码 404；过期 410；已经用过 409。
pub fn verify_show(tx: &mut Tx<'_>, actor: &Actor, code: &str, checked: &Checked, at: Timestamp) -> Result<Seen> {
    let digits: String = code.chars().filter(char::is_ascii_digit).collect();
    let short = digits.len() == 10 && code.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '-');
    let hash = if short { tx.digest("credentials.short", &digits) } else { tx.digest("credentials.show", code.trim()) };
    let show = shows::lock_by(tx, &hash, short)?.ok_or_else(|| Problem::new(Code::NotFound, "没有这个码，请让持证人重新亮证"))?;
    if show.expires <= at {
        return Err(Problem::new(Code::Gone, "这个码过了 60 秒，已经作废；截屏、翻拍的码不能用，请让持证人当面重新亮证").into());
    }
    let row = licences::find(tx, show.licence)?.ok_or_else(Problem::not_found)?;
    let kind = kinds::find(tx, row.kind)?.ok_or_else(Problem::not_found)?;
    let full = actor.may(VERIFY);
    if full && checked.reason.trim().is_empty() {
        return Err(Problem::field("reason", "required", "请写明核验事由，持证人看得到").into());
    }
    let who = if full { actor.name.to_string() } else { "未登记的扫码人".to_owned() };
    let first = show.used.is_none();
    if !first && !kind.spec.show_many {
        return Err(Problem::new(Code::AlreadyUsed, "这个码已经核验过一次，请让持证人重新亮证").into());
    }
    if first {
        shows::consume(tx, show.id, &who, at)?;
    } else {
        shows::again(tx, show.id, &who)?;
    }
    let lines = if full { open_lines(tx, &row, &kind)? } else { masked_lines(&row) };
    leave_trace(tx, &row, &Checked { who, ..checked.clone() }, "show", &lines, at)?;
    let before = Facts::Show { org: show.org, day: show.day, counted: show.counted };
    let after = Facts::Show { org: show.org, day: show.day, counted: true };
    let changed = Changed { licence: &row.identifier, kind: &row.kind_name, way: if full { "verified" } else { "anonymous" } };
    journal(tx, actor, "credentials.show", (show.id, 2, row.place.tenant), &changed, (Some(&before), Some(&after)), at)?;
    Ok(Seen {
        licence: row.id,
        kind_name: row.kind_name.clone(),
        issuer: row.issuer.clone(),
        state: row.state,
        until: show_until(row.valid_to),
        lines,
        full,
        identifier: row.identifier,
    })
}

/// 全部授权字段。
///
/// # Errors
/// 密文损坏。
pub fn open_lines(tx: &mut Tx<'_>, row: &LicenceRow, kind: &Kind) -> Result<Vec<(String, String)>> {
    let fields: BTreeMap<String, String> = serde_json::from_str(&tx.unseal(&row.fields)?)?;
    let mut lines = vec![
        ("持证主体".to_owned(), tx.unseal(&row.holder_name)?),
        ("主体代码".to_owned(), tx.unseal(&row.holder_code)?),
        ("证照编号".to_owned(), row.number.clone()),
        ("颁发日期".to_owned(), show_day(row.issued_day)),
        ("有效期至".to_owned(), show_until(row.valid_to)),
    ];
    let shared = |key: &str| kind.spec.shared_fields.is_empty() || kind.spec.shared_fields.iter().any(|one| one == key);
    for field in kind.spec.fields.iter().filter(|field| shared(&field.key)) {
        lines.extend(fields.get(&field.key).map(|value| (field.label.clone(), value.clone())));
    }
    Ok(lines)
}

fn masked_lines(row: &LicenceRow) -> Vec<(String, String)> {
    let tail: String = row.number.chars().rev().take(4).collect::<Vec<_>>().into_iter().rev().collect();
    vec![("持证主体".to_owned(), row.holder_masked.clone()), ("证照编号末四位".to_owned(), tail)]
}

/// 留痕，并告诉持证人。
fn leave_trace(tx: &mut Tx<'_>, row: &LicenceRow, checked: &Checked, way: &str, lines: &[(String, String)], at: Timestamp) -> Result<i64> {
    let look = Look {
        id: tx.new_id(),
        licence: row.id,
        person: row.person,
        legal_entity: row.legal_entity,
        way: way.to_owned(),
        who: checked.who.clone(),
        org_name: checked.org_name.clone(),
        item_code: checked.item_code.clone(),
        item_name: checked.item_name.clone(),
        case_no: checked.case_no.clone(),
        material: String::new(),
        reason: checked.reason.clone(),
        seen: lines.iter().map(|(label, _)| label.as_str()).collect::<Vec<_>>().join("、"),
        at,
    };
    shows::look(tx, &look)?;
    if row.person != 0 && way != "staff" {
        let org = if look.org_name.is_empty() { String::new() } else { format!("（{}）", look.org_name) };
        let text = format!("{}{org}{}了您的{}，看到：{}。{}", look.who, look.way_label(), row.kind_name, look.seen, look.reason);
        tongban_messages::notify(tx, row.person, "您的证照被查看", &text, &format!("/me/licences/{}", row.id), at)?;
    }
    Ok(look.id)
}

/// 免提交：用哪张证照代替哪份材料。
#[derive(Debug, Clone)]
pub struct Waive<'a> {
    pub identifier: &'a str,
    /// 办件编号或草稿号。
    pub case_no: &'a str,
    pub material: &'a str,
    pub item_code: &'a str,
    pub item_name: &'a str,
}

/// 这张证照是他的、此刻有效、顶得上这份材料；是就回这一行，锁着。
///
/// # Errors
/// 不是他的 404；现在不是有效 409；顶不上这份材料 422。
pub fn fits(tx: &mut Tx<'_>, actor: &Actor, input: &Waive<'_>, at: Timestamp) -> Result<LicenceRow> {
    let gone = || Problem::new(Code::NotFound, "您名下没有这张证照了，请改为上传");
    let row = licences::by_identifier(tx, input.identifier)?.filter(|row| owns(row, actor)).ok_or_else(gone)?;
    let row = licences::lock(tx, row.id)?.ok_or_else(gone)?;
    let kind = kinds::find(tx, row.kind)?.ok_or_else(Problem::not_found)?;
    let expired = row.valid_to < day_number(date_of(at));
    if row.state != LicenceState::Valid || expired {
        let label = if expired { "已过期" } else { row.state.label() };
        return Err(Problem::invalid_state(label, vec!["有效"], format!("这张{}现在是“{label}”，请改为上传", row.kind_name)).into());
    }
    if !kind.spec.stands_for(&kind.name, input.material) {
        return Err(Problem::field("identifier", "mismatch", format!("{}不能代替“{}”，请改为上传", row.kind_name, input.material)).into());
    }
    Ok(row)
}

/// 申请人同意用证照代替上传：查 [`fits`]，记同意与用证，告诉持证人。回用证编号。
///
/// # Errors
/// 同 [`fits`]。
pub fn waive(tx: &mut Tx<'_>, actor: &Actor, input: &Waive<'_>, at: Timestamp) -> Result<String> {
    let row = fits(tx, actor, input, at)?;
    let look = Look {
        id: tx.new_id(),
        licence: row.id,
        person: row.person,
        legal_entity: row.legal_entity,
        way: "waive".to_owned(),
        who: "本人同意".to_owned(),
        org_name: String::new(),
        item_code: input.item_code.to_owned(),
        item_name: input.item_name.to_owned(),
        case_no: input.case_no.to_owned(),
        material: input.material.to_owned(),
        reason: format!("办理“{}”，代替“{}”", input.item_name, input.material),
        seen: "全部".to_owned(),
        at,
    };
    shows::look(tx, &look)?;
    let body = serde_json::to_string(&Changed { licence: &row.identifier, kind: &row.kind_name, way: "waive" })?;
    tx.journal(Entry { kind: "credentials.waived", subject: look.id, rev: 1, at, actor, tenant: row.place.tenant, body: &body })?;
    if row.person != 0 {
        let text = format!("办理“{}”（{}）时，用您的{}代替了“{}”，不用上传。", input.item_name, input.case_no, row.kind_name, input.material);
        tongban_messages::notify(tx, row.person, "您的证照用于办事", &text, &format!("/me/licences/{}", row.id), at)?;
    }
    Ok(look.id.to_string())
}

/// 共享接口、工作人员看了一张证照，留痕。
///
/// # Errors
/// 引擎拒绝。
pub fn looked(tx: &mut Tx<'_>, actor: &Actor, row: &LicenceRow, way: &str, checked: &Checked, lines: &[(String, String)], at: Timestamp) -> Result<()> {
    let id = leave_trace(tx, row, checked, way, lines, at)?;
    let body = serde_json::to_string(&Changed { licence: &row.identifier, kind: &row.kind_name, way })?;
    tx.journal(Entry { kind: "credentials.looked", subject: id, rev: 1, at, actor, tenant: row.place.tenant, body: &body })
}

/// 一份做好的加注件。
pub struct Copied {
    pub row: LicenceRow,
    pub token: String,
    pub file: tongban_store::files::Stored,
    pub entry: Use,
    pub maker: String,
    pub whom: String,
    pub why: String,
    pub expires: Timestamp,
}

/// 登记一份加注件：令牌的散列、给谁、事由、截止；用印也记一条。
///
/// # Errors
/// 授权次数已满，或引擎拒绝。
pub fn copied(tx: &mut Tx<'_>, actor: &Actor, copy: &Copied, checked: &Checked, at: Timestamp) -> Result<()> {
    tongban_store::files::record(tx, &copy.file, at)?;
    log_use(tx, actor, copy.entry.clone(), at)?;
    let (id, token) = (tx.new_id(), tx.digest("credentials.copy", &copy.token));
    let row = shows::Copy { id, licence: copy.row.id, token, maker: copy.maker.clone(), whom: copy.whom.clone(), cause: copy.why.clone(), made: at, expires: copy.expires, file: copy.file.digest.clone() };
    shows::copy(tx, &row)?;
    looked(tx, actor, &copy.row, "copy", checked, &[("加注件".to_owned(), String::new())], at)
}

/// 设、改亮证口令（散列在单元之外算好）。
///
/// # Errors
/// 没有登录。
pub fn set_passcode(tx: &mut Tx<'_>, actor: &Actor, hash: &str, at: Timestamp) -> Result<()> {
    if actor.person == 0 {
        return Err(Problem::unauthenticated().into());
    }
    shows::set_passcode(tx, actor.person, hash, at)?;
    tx.journal(Entry { kind: "credentials.passcode", subject: actor.person, rev: 1, at, actor, tenant: actor.tenant, body: "{\"set\":true}" })
}

/// 补录的证照归到实名登录者名下：证件号（或所代表法人的信用代码）对得上、还没有主人的。回归了几张。
///
/// # Errors
/// 引擎拒绝，或密文损坏。
pub fn claim(tx: &mut Tx<'_>, actor: &Actor, at: Timestamp) -> Result<usize> {
    let Some(code) = own_code(tx, actor)? else { return Ok(0) };
    let digest = tx.digest("credentials.holder", &code.to_ascii_uppercase());
    let free = licences::of_holder(tx, &digest, 0, 500)?.into_iter().filter(|row| row.person == 0 && row.legal_entity == 0);
    let free: Vec<_> = free.filter(|row| row.legal == (actor.legal_entity != 0)).collect();
    let (person, legal) = if actor.legal_entity != 0 { (0, actor.legal_entity) } else { (actor.person, 0) };
    for row in &free {
        licences::bind(tx, row.id, person, legal)?;
    }
    if !free.is_empty() {
        let body = format!("{{\"count\":{}}}", free.len());
        tx.journal(Entry { kind: "credentials.claimed", subject: person.max(legal), rev: 1, at, actor, tenant: free[0].place.tenant, body: &body })?;
    }
    Ok(free.len())
}

/// 有没有可以归到他名下的：页面先看一眼，没有就不写库。
///
/// # Errors
/// 引擎拒绝，或密文损坏。
pub fn claimable(tx: &mut Tx<'_>, actor: &Actor) -> Result<bool> {
    let Some(code) = own_code(tx, actor)? else { return Ok(false) };
    let digest = tx.digest("credentials.holder", &code.to_ascii_uppercase());
    let legal = actor.legal_entity != 0;
    Ok(licences::of_holder(tx, &digest, 0, 500)?.iter().any(|row| row.person == 0 && row.legal_entity == 0 && row.legal == legal))
}

/// 登录者的证件号，代表法人时是法人的信用代码；没有实名的为空。
fn own_code(tx: &mut Tx<'_>, actor: &Actor) -> Result<Option<String>> {
    if actor.person == 0 || actor.real_level < 2 {
        return Ok(None);
    }
    if actor.legal_entity != 0 {
        return Ok(tongban_parties::queries::legal_entity(tx, actor.legal_entity)?.map(|legal| legal.code));
    }
    Ok(tongban_parties::queries::person(tx, actor.person)?.map(|person| person.id_number))
}
