//! 证照：录入、办结出证、复核、用印落账、暂扣注销、到期。

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use serde::Serialize;
use tongban_directory::model::Org;
use tongban_directory::queries as directory;
use tongban_gm::hash;
use tongban_kernel::codes::{IdNumber, Uscc};
use tongban_kernel::problem::Checks;
use tongban_kernel::time::{date_of, day_number, from_day_number, instant};
use tongban_kernel::{Actor, Code, Place, Problem, mask};
use tongban_store::files::{self, Stored};
use tongban_store::{Result, Tx};

use super::grants::{Stamped, record};
use super::journal;
use crate::model::kind::{FieldSpec, HolderKind};
use crate::model::licence::{FOREVER, transition};
use crate::model::{Facts, Identifier, LicenceAction, LicenceState};
use crate::permissions::{ENTER, REVIEW};
use crate::store::{Kind, LicenceRow, Use, grants, kinds, licences, waits};

/// 录入一张。
#[derive(Debug, Clone, Default)]
pub struct Enter {
    pub org: i64,
    pub kind: i64,
    pub legal: bool,
    pub holder_name: String,
    pub holder_code: String,
    /// 空则按类型的前缀与流水自动编。
    pub number: String,
    pub issued: Option<Date>,
    /// 有效期止日，形如 20311122；空按类型的规则。
    pub until: Option<i64>,
    pub fields: BTreeMap<String, String>,
    /// 变更、延续时：原证照的标识，同流水、版本加一。
    pub renews: String,
    pub batch: String,
}

/// 办结出证的订单。
#[derive(Debug, Clone)]
pub struct Order<'a> {
    pub case_id: i64,
    pub case_no: &'a str,
    /// 证照类型名。
    pub licence: &'a str,
    pub item_code: &'a str,
    pub item_name: &'a str,
    pub place: Place,
    pub person: i64,
    pub legal_entity: i64,
    pub holder_name: &'a str,
    pub holder_code: &'a str,
    pub legal: bool,
    /// 申请表的内容，按名称（或证照字段的短名）；证照类型没有的不取。
    pub fields: &'a BTreeMap<String, String>,
    pub decided: Timestamp,
}

/// 用印成功，落账用的一切。
#[derive(Clone)]
pub struct Sealed {
    pub id: i64,
    pub file: Stored,
    pub seal_name: String,
    /// 用印日志；它的 `grant` 是所用的授权。
    pub entry: Use,
}

#[derive(Serialize)]
struct Changed<'a> {
    identifier: &'a str,
    kind: &'a str,
    state: i64,
    action: &'a str,
    case_no: &'a str,
    reason: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    stamped: Option<Stamped<'a>>,
}

fn facts(row: &LicenceRow) -> Facts {
    Facts::Licence { org: row.place.org, entered: row.entered_day }
}

/// 任务的内容：哪一张、用谁的授权。
pub(super) fn enqueue(tx: &mut Tx<'_>, id: i64, account: i64, at: Timestamp) -> Result<()> {
    tx.enqueue("credentials.issue", &format!("{{\"id\":{id},\"account\":{account}}}"), at)?;
    Ok(())
}

/// 单件录入。
///
/// # Errors
/// 没有权限、范围外、重复、内容要改。
pub fn enter(tx: &mut Tx<'_>, actor: &Actor, input: &Enter, at: Timestamp) -> Result<String> {
    actor.require(ENTER)?;
    let kind = kinds::find(tx, input.kind)?.filter(|kind| kind.active).ok_or_else(|| Problem::field("kind", "required", "请选择证照类型"))?;
    let org = directory::org(tx, input.org)?.ok_or_else(|| Problem::field("org", "required", "请选择颁发机构"))?;
    actor.scope.check(&org.place())?;
    check(&kind, input, date_of(at))?;
    let draft = Draft { person: 0, legal_entity: 0, item_code: "", item_name: "", case_no: "", case_id: 0, input };
    let row = build(tx, actor, &kind, &org, &draft, LicenceState::Pending, at)?;
    save_new(tx, actor, &row, "enter", at)?;
    Ok(row.identifier)
}

/// 批量录入：全部合格才录，任何一行不行都不录，行号与原因一次列全。
///
/// # Errors
/// 没有权限，或列出每一行的问题。
pub fn enter_batch(tx: &mut Tx<'_>, actor: &Actor, rows: &[(i64, Enter)], at: Timestamp) -> Result<Vec<String>> {
    let mut done = Vec::with_capacity(rows.len());
    for (line, input) in rows {
        match enter(tx, actor, input, at) {
            Ok(identifier) => done.push(identifier),
            Err(tongban_store::Error::Refused(problem)) => {
                let why = problem.errors.first().map_or_else(|| problem.detail.clone(), |error| error.detail.clone());
                return Err(Problem::field("file", "row", format!("第 {line} 行：{why}")).into());
            }
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// 成批录入之前，先把每一行都核一遍，毛病一次列全（至多五十条）；有一条就一张也不录。
///
/// # Errors
/// 列出各行的问题。
pub fn check_rows(kind: &Kind, rows: &[(i64, Enter)], today: Date) -> Result<(), Problem> {
    let mut checks = Checks::new();
    let wrong = rows.iter().filter_map(|(line, input)| check(kind, input, today).err().map(|problem| (line, problem)));
    for (line, problem) in wrong.take(50) {
        let why: Vec<_> = problem.errors.iter().map(|error| error.detail.as_str()).collect();
        checks.ensure(false, "file", "row", format!("第 {line} 行：{}", why.join("；")));
    }
    checks.finish()
}

fn check(kind: &Kind, input: &Enter, today: Date) -> Result<(), Problem> {
    let mut checks = Checks::new();
    let name = input.holder_name.trim();
    checks.ensure((2..=100).contains(&name.chars().count()), "holder_name", "required", "请填持证主体，2 到 100 个字");
    if input.legal {
        checks.ensure(kind.spec.holder != HolderKind::Person, "legal", "holder", "这类证照只发给个人");
        checks.take("holder_code", Uscc::parse(&input.holder_code).map(drop));
    } else {
        checks.ensure(kind.spec.holder != HolderKind::Legal, "legal", "holder", "这类证照只发给单位");
        checks.take("holder_code", IdNumber::parse(&input.holder_code, today).map(drop));
    }
    for field in kind.spec.fields.iter().filter(|field| field.required) {
        let filled = input.fields.get(&field.key).is_some_and(|value| !value.trim().is_empty());
        checks.ensure(filled, &field.key, "required", format!("请填{}", field.label));
    }
    checks.ensure(input.fields.values().all(|value| value.chars().count() <= 300), "fields", "too-long", "每项最多 300 字");
    checks.ensure(input.number.chars().count() <= 60, "number", "too-long", "证照编号最多 60 字");
    checks.ensure(input.issued.is_none_or(|day| day <= today), "issued", "future", "颁发日期不能在将来");
    checks.finish()
}

struct Draft<'a> {
    person: i64,
    legal_entity: i64,
    item_code: &'a str,
    item_name: &'a str,
    case_no: &'a str,
    case_id: i64,
    input: &'a Enter,
}

fn build(tx: &mut Tx<'_>, actor: &Actor, kind: &Kind, org: &Org, draft: &Draft<'_>, state: LicenceState, at: Timestamp) -> Result<LicenceRow> {
    if org.code.is_empty() {
        return Err(Problem::field("org", "uscc", "颁发机构还没有统一社会信用代码，请先在机构里补上").into());
    }
    let input = draft.input;
    let issued = input.issued.unwrap_or_else(|| date_of(at));
    let until = kind.spec.until(issued, input.until)?;
    let code = input.holder_code.trim().to_ascii_uppercase();
    let (serial, edition) = serial(tx, kind, org, input, issued)?;
    let identifier = Identifier::new(&kind.code, &org.code, &serial, edition).map_err(|reason| Problem::field("org", reason.code, reason.detail))?;
    let number = if input.number.trim().is_empty() { format!("{}{serial}", kind.spec.prefix) } else { input.number.trim().to_owned() };
    let name = input.holder_name.trim();
    let fields = serde_json::to_string(&input.fields)?;
    let order = format!("{identifier}|{number}|{name}|{code}|{fields}|{}|{until}", day_number(issued));
    Ok(LicenceRow {
        id: tx.new_id(),
        place: org.place(),
        stem: format!("{}.{}.{serial}", kind.code, org.code),
        identifier: identifier.to_string(),
        kind: kind.id,
        kind_name: kind.name.clone(),
        number,
        edition: i64::from(edition),
        state,
        issuer: org.name.clone(),
        issuer_code: org.code.clone(),
        legal: input.legal,
        holder_masked: mask::applicant(name, !input.legal),
        code_masked: if input.legal { code.clone() } else { mask::id_number(&code) },
        holder_name: tx.seal(name),
        holder_digest: tx.digest("credentials.holder", &code),
        holder_code: tx.seal(&code),
        person: draft.person,
        legal_entity: draft.legal_entity,
        fields: tx.seal(&fields),
        area_code: org.division.clone(),
        item_code: draft.item_code.to_owned(),
        item_name: draft.item_name.to_owned(),
        case_no: draft.case_no.to_owned(),
        case_id: draft.case_id,
        issued_day: day_number(issued),
        valid_from: day_number(issued),
        valid_to: until,
        entered_by: actor.account,
        entered_name: actor.name.to_string(),
        reviewed_by: 0,
        batch: input.batch.clone(),
        reason: String::new(),
        // 带密钥：订单里有个人信息，摘要也不能拿来猜
        order_digest: hash::hex(&tx.digest("credentials.order", &order)),
        file: String::new(),
        seal_name: String::new(),
        entered_day: 0,
        signed_at: 0,
        next_clock_at: None,
        version: 1,
    })
}

/// 流水号与版本：新发取号，变更、延续沿用原流水、版本加一。
fn serial(tx: &mut Tx<'_>, kind: &Kind, org: &Org, input: &Enter, issued: Date) -> Result<(String, u32)> {
    if input.renews.trim().is_empty() {
        let year = issued.year();
        let number = tx.number(&format!("licence:{}:{}", kind.code, org.code), i64::from(year))?;
        return Ok((format!("{year:04}{number:08}"), 1));
    }
    let wrong = || Problem::field("renews", "not-found", "没有这张原证照，请核对证照标识");
    let old = Identifier::parse(&input.renews).map_err(|_| wrong())?;
    let row = licences::by_identifier(tx, &old.to_string())?.filter(|row| row.kind == kind.id && row.place.org == org.id).ok_or_else(wrong)?;
    let latest = licences::latest(tx, &row.stem)?.ok_or_else(wrong)?;
    if !latest.state.is_issued() || latest.state.is_final() {
        return Err(Problem::field("renews", "state", format!("原证照最新一版现在是“{}”，不能延续", latest.state.label())).into());
    }
    Ok((old.serial, u32::try_from(latest.edition).unwrap_or(999) + 1))
}

fn save_new(tx: &mut Tx<'_>, actor: &Actor, row: &LicenceRow, action: &str, at: Timestamp) -> Result<()> {
    if licences::by_identifier(tx, &row.identifier)?.is_some() {
        return Err(Problem::new(Code::Duplicate, "这张证照已经录过了").into());
    }
    licences::insert(tx, row)?;
    let changed = changed(row, action);
    journal(tx, actor, "credentials.licence", (row.id, 1, row.place.tenant), &changed, (None, Some(&facts(row))), at)
}

fn changed<'a>(row: &'a LicenceRow, action: &'a str) -> Changed<'a> {
    let state = row.state.code();
    Changed { identifier: &row.identifier, kind: &row.kind_name, state, action, case_no: &row.case_no, reason: &row.reason, stamped: None }
}

fn finish(tx: &mut Tx<'_>, actor: &Actor, row: &LicenceRow, before: &Facts, changed: &Changed<'_>, at: Timestamp) -> Result<()> {
    if !licences::save(tx, row)? {
        return Err(Problem::stale(row.version + 1).into());
    }
    let subject = (row.id, row.version + 1, row.place.tenant);
    journal(tx, actor, "credentials.licence", subject, changed, (Some(before), Some(&facts(row))), at)
}

/// 办结出证：下订单，成文与签名由随后的任务做。同一办件只下一次；没有这个名字的证照类型回空。
///
/// # Errors
/// 机构没有信用代码、有效期给不出，或引擎拒绝。
pub fn order(tx: &mut Tx<'_>, actor: &Actor, input: &Order<'_>, at: Timestamp) -> Result<Option<String>> {
    renew(tx, actor, input, "", at)
}

/// 同 [`order`]；`renews` 是变更、延续、补证的原证照标识，沿用流水、版本加一，新版签成旧版即被替代。
///
/// # Errors
/// 同 [`order`]；没有这张原证照、它已经终止。
pub fn renew(tx: &mut Tx<'_>, actor: &Actor, input: &Order<'_>, renews: &str, at: Timestamp) -> Result<Option<String>> {
    if let Some(row) = licences::of_case(tx, input.case_no)? {
        return Ok(Some(row.identifier));
    }
    let Some(kind) = kinds::named(tx, input.place.tenant, input.licence)? else { return Ok(None) };
    // 证照由部门一级颁发：窗口、股室办的，落款仍是单位
    let org = directory::org(tx, input.place.unit)?.ok_or_else(Problem::not_found)?;
    // 办件按名称给，证照按短名存
    let given = |field: &FieldSpec| input.fields.get(&field.key).or_else(|| input.fields.get(&field.label)).map(|value| (field.key.clone(), value.clone()));
    let enter = Enter {
        legal: input.legal,
        holder_name: input.holder_name.to_owned(),
        holder_code: input.holder_code.to_owned(),
        issued: Some(date_of(input.decided)),
        fields: kind.spec.fields.iter().filter_map(given).collect(),
        renews: renews.to_owned(),
        ..Enter::default()
    };
    let draft = Draft {
        person: input.person,
        legal_entity: input.legal_entity,
        item_code: input.item_code,
        item_name: input.item_name,
        case_no: input.case_no,
        case_id: input.case_id,
        input: &enter,
    };
    let row = build(tx, actor, &kind, &org, &draft, LicenceState::ToSign, at)?;
    save_new(tx, actor, &row, "order", at)?;
    enqueue(tx, row.id, 0, at)?;
    Ok(Some(row.identifier))
}

/// 走一步：复核、暂扣、发还、撤销、吊销、注销。
///
/// # Errors
/// 范围外 404；没有权限 403；状态不对 409；别人先改了 412；没写原因 422。
pub fn act(tx: &mut Tx<'_>, actor: &Actor, id: i64, action: LicenceAction, version: i64, reason: &str, at: Timestamp) -> Result<LicenceState> {
    let state = step(tx, actor, id, action, version, reason, at)?;
    if action == LicenceAction::Review {
        enqueue(tx, id, actor.account, at)?;
    }
    Ok(state)
}

fn step(tx: &mut Tx<'_>, actor: &Actor, id: i64, action: LicenceAction, version: i64, reason: &str, at: Timestamp) -> Result<LicenceState> {
    let mut row = licences::lock(tx, id)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&row.place)?;
    let rule = transition(row.state, action)?;
    if rule.needs.is_empty() {
        return Err(Problem::conflict("这一步由系统自己走").into());
    }
    actor.require(rule.needs)?;
    if row.version != version {
        return Err(Problem::stale(row.version).into());
    }
    if rule.reason && reason.trim().is_empty() {
        return Err(Problem::field("reason", "required", "请写明原因与法律文书号").into());
    }
    if action == LicenceAction::Review && row.entered_by == actor.account && !actor.is_internal() {
        return Err(Problem::new(Code::Forbidden, "录入的人不能自己复核，请换一位").into());
    }
    let before = facts(&row);
    if row.state == LicenceState::ToSign {
        waits::clear(tx, id)?;
    }
    row.state = rule.to;
    row.reason = reason.trim().to_owned();
    if action == LicenceAction::Review {
        row.reviewed_by = actor.account;
    }
    row.next_clock_at = row.next_clock_at.filter(|_| !row.state.is_final());
    let changed = changed(&row, rule.code);
    finish(tx, actor, &row, &before, &changed, at)?;
    if row.person != 0 && row.state != LicenceState::ToSign {
        let text = format!("您的{}（{}）现在是“{}”。{}", row.kind_name, row.number, row.state.label(), row.reason);
        tongban_messages::notify(tx, row.person, "证照状态有变化", &text, &format!("/me/licences/{}", row.id), at)?;
    }
    Ok(row.state)
}

/// 一批里待复核的，复核一块（至多 200 张），回复核了几张；为零就是复核完了，已送去成批用印（断在半路的也由此接着做）。
///
/// # Errors
/// 没有权限，或批里有自己录的。
pub fn review_batch(tx: &mut Tx<'_>, actor: &Actor, batch: &str, at: Timestamp) -> Result<usize> {
    actor.require(REVIEW)?;
    let ids = licences::in_batch(tx, batch, LicenceState::Pending, 0, 200)?;
    for id in &ids {
        let version = licences::find(tx, *id)?.map_or(0, |row| row.version);
        step(tx, actor, *id, LicenceAction::Review, version, "", at)?;
    }
    let left = licences::in_batch(tx, batch, LicenceState::ToSign, 0, 1)?.first().copied();
    if let Some(row) = left.filter(|_| ids.is_empty()).and_then(|id| licences::find(tx, id).transpose()).transpose()? {
        actor.scope.check(&row.place)?;
        crate::batch::begin(tx, batch, row.reviewed_by, at)?;
    }
    Ok(ids.len())
}

/// 重新送去用印：任务没做成（没有授权、印章停用）而原因已消除。
///
/// # Errors
/// 范围外 404；没有权限 403；不是待用印 409。
pub fn retry(tx: &mut Tx<'_>, actor: &Actor, id: i64, at: Timestamp) -> Result<()> {
    actor.require(REVIEW)?;
    let row = licences::lock(tx, id)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&row.place)?;
    if row.state != LicenceState::ToSign {
        return Err(Problem::invalid_state(row.state.label(), vec![], "这张证照不在待用印").into());
    }
    enqueue(tx, id, row.reviewed_by, at)?;
    journal(tx, actor, "credentials.licence", (id, row.version, row.place.tenant), &changed(&row, "retry"), (Some(&facts(&row)), Some(&facts(&row))), at)
}

/// 用印成功：文件、用印日志、授权次数、旧版替代，同一单元。重复来的不再落账，回假。
///
/// # Errors
/// 授权次数已满，或引擎拒绝。
pub fn sealed(tx: &mut Tx<'_>, actor: &Actor, input: &Sealed, at: Timestamp) -> Result<bool> {
    let mut row = licences::lock(tx, input.id)?.ok_or_else(Problem::not_found)?;
    let Ok(rule) = transition(row.state, LicenceAction::Sign) else { return Ok(false) };
    if !grants::count(tx, input.entry.grant)? {
        return Err(Problem::conflict("这份用印授权的次数已满").into());
    }
    files::record(tx, &input.file, at)?;
    waits::clear(tx, input.id)?;
    let entry = record(tx, input.entry.clone())?;
    let before = facts(&row);
    row.state = rule.to;
    row.file = input.file.digest.clone();
    row.seal_name = input.seal_name.clone();
    row.signed_at = at.as_millisecond();
    row.entered_day = day_number(date_of(at));
    row.next_clock_at = day_after(row.valid_to);
    let stamped = Stamped { es_id: &entry.es_id, source: &entry.source, purpose: &entry.purpose, done: true, record: &entry.digest };
    let changed = Changed { stamped: Some(stamped), ..changed(&row, rule.code) };
    finish(tx, actor, &row, &before, &changed, at)?;
    supersede(tx, actor, &row, at)?;
    if row.person != 0 {
        let text = format!("{}颁发的{}（{}）已签发，可以在“我的证照”里查看、下载、亮证。", row.issuer, row.kind_name, row.number);
        tongban_messages::notify(tx, row.person, "您有一张新的电子证照", &text, &format!("/me/licences/{}", row.id), at)?;
    }
    Ok(true)
}

/// 新版签成，旧版转为被替代；旧文件仍可验，结论注明。
fn supersede(tx: &mut Tx<'_>, actor: &Actor, new: &LicenceRow, at: Timestamp) -> Result<()> {
    if new.edition < 2 {
        return Ok(());
    }
    let code = Identifier::parse(&new.identifier).map_err(|reason| Problem::conflict(reason.detail))?;
    let old = Identifier { edition: code.edition - 1, ..code }.to_string();
    let Some(found) = licences::by_identifier(tx, &old)? else { return Ok(()) };
    let Some(mut row) = licences::lock(tx, found.id)? else { return Ok(()) };
    let Ok(rule) = transition(row.state, LicenceAction::Supersede) else { return Ok(()) };
    let before = facts(&row);
    row.state = rule.to;
    row.reason = format!("已被 {:03} 版替代", new.edition);
    row.next_clock_at = None;
    let changed = changed(&row, rule.code);
    finish(tx, actor, &row, &before, &changed, at)
}

/// 有效期止日的次日零点；长期的没有。
fn day_after(day: i64) -> Option<Timestamp> {
    let date = from_day_number(day).filter(|_| day < FOREVER)?;
    Some(instant(date.checked_add(1.day()).ok()?, 0, 0))
}

/// 时钟：到期。
///
/// # Errors
/// 引擎拒绝。
pub fn expire(tx: &mut Tx<'_>, id: i64, at: Timestamp) -> Result<()> {
    let Some(mut row) = licences::lock(tx, id)? else { return Ok(()) };
    let due = day_after(row.valid_to).is_some_and(|due| due <= at);
    let Ok(rule) = transition(row.state, LicenceAction::Expire) else { return Ok(()) };
    if !due {
        return Ok(());
    }
    let before = facts(&row);
    row.state = rule.to;
    row.next_clock_at = None;
    let changed = changed(&row, rule.code);
    finish(tx, &Actor::clock(), &row, &before, &changed, at)
}
