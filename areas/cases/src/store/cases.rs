//! 办件主表。

use jiff::Timestamp;
use jiff::civil::Date;
use tongban_kernel::Place;
use tongban_kernel::codes::CaseNo;
use tongban_kernel::lights::Light;
use tongban_kernel::time::{day_number, from_day_number, from_millis};
use tongban_store::{Error, Result, Row, Tx, args};

use super::{children, counters};
use crate::model::{Applicant, Case, Channel, Delivery, Flow, Outcome, State, Step};
use crate::rules::forms::Form;

macro_rules! columns {
    () => {
        "id, case_no, version, tenant, unit, org, window_org, org_name, item_id, item_version, item_code, item_name, \
         task_type, instant, single_post, channel, state, step, handler, handler_name, account, person, legal_entity, \
         applicant_shown, summary, delivery, promise_days, legal_days, extension_days, submitted_at, counted_on, \
         received_at, accepted_at, accepted_on, auto_accepted, decided_at, ended_at, corrections, correction_due, \
         deferred_due, outcome, result_note, revoked_on, on_time, early, used_days, external_system, external_no, \
         linked_in_time, due, yellow_from, legal_due, light, red_spans, first_red, clock_done, next_clock_at, flow, stage, \
         step_since, bundle, urged, urged_at, renews_until, withheld"
    };
}
pub(super) use columns;

const BY_ID: &str = concat!("SELECT ", columns!(), " FROM cases_cases WHERE id = $1");
const BY_NO: &str = concat!("SELECT ", columns!(), " FROM cases_cases WHERE case_no = $1");
const ID_OF_NO: &str = "SELECT id FROM cases_cases WHERE case_no = $1";
const ADD: &str = concat!(
    "INSERT INTO cases_cases (",
    columns!(),
    ", tab, is_open, sort_due, applicant, form, situations, access_code, name_digest, id_digest) VALUES \
     ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, \
      $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, $40, $41, $42, \
      $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, $56, $57, $58, $59, $60, $61, $62, \
      $63, $64, $65, $66, $67, $68, $69, $70, $71, $72, $73, $74)"
);
const SAVE: &str = "UPDATE cases_cases SET state = $1, step = $2, handler = $3, handler_name = $4, extension_days = $5, \
     counted_on = $6, received_at = $7, accepted_at = $8, accepted_on = $9, auto_accepted = $10, decided_at = $11, \
     ended_at = $12, corrections = $13, correction_due = $14, deferred_due = $15, outcome = $16, result_note = $17, \
     revoked_on = $18, on_time = $19, early = $20, used_days = $21, due = $22, yellow_from = $23, legal_due = $24, \
     light = $25, red_spans = $26, first_red = $27, clock_done = $28, next_clock_at = $29, tab = $30, is_open = $31, \
     sort_due = $32, flow = $33, stage = $34, step_since = $35, urged = $36, urged_at = $37, version = $38 \
     WHERE id = $39 AND version = $40";
const NUMBER: &str = "UPDATE cases_cases SET external_system = $1, external_no = $2, linked_in_time = $3 WHERE id = $4";
const EXTERNAL: &str = "SELECT case_no FROM cases_cases WHERE external_system = $1 AND external_no = $2";
const DETAILS: &str = "SELECT applicant, form, situations, access_code FROM cases_cases WHERE id = $1";
pub(super) const STATEMENTS: &[&str] = &[BY_ID, BY_NO, ID_OF_NO, ADD, SAVE, NUMBER, EXTERNAL, DETAILS];

/// 停表、待补正等没有到期时刻的排在最后。
const NEVER: i64 = 9_999_999_999_999;

fn day(r: &Row<'_>, column: usize) -> Result<Option<Date>> {
    Ok(r.get::<Option<i64>>(column)?.and_then(from_day_number))
}

pub(super) fn moment(r: &Row<'_>, column: usize) -> Result<Option<Timestamp>> {
    Ok(r.get::<Option<i64>>(column)?.map(from_millis))
}

pub(super) fn flag(r: &Row<'_>, column: usize) -> Result<Option<bool>> {
    Ok(r.get::<Option<i64>>(column)?.map(|value| value != 0))
}

pub(super) fn spans(text: &str) -> Result<Vec<(Timestamp, Option<Timestamp>)>> {
    let raw: Vec<(i64, Option<i64>)> = serde_json::from_str(text)?;
    Ok(raw.into_iter().map(|(from, until)| (from_millis(from), until.map(from_millis))).collect())
}

fn spans_text(case: &Case) -> Result<String> {
    let raw: Vec<(i64, Option<i64>)> =
        case.red_spans.iter().map(|(from, until)| (from.as_millisecond(), until.map(Timestamp::as_millisecond))).collect();
    Ok(serde_json::to_string(&raw)?)
}

/// 与缺省一样的环节不另存。
fn flow_text(case: &Case) -> Result<String> {
    if case.flow.is_usual() { Ok(String::new()) } else { Ok(serde_json::to_string(&case.flow)?) }
}

fn flow_of(text: &str) -> Result<Flow> {
    if text.is_empty() { Ok(Flow::default()) } else { Ok(serde_json::from_str(text)?) }
}

fn stage(case: &Case) -> i64 {
    i64::try_from(case.stage).unwrap_or(0)
}

fn first_red(case: &Case) -> Option<Timestamp> {
    case.red_spans.first().map(|(from, _)| *from)
}

fn count(r: &Row<'_>, column: usize) -> Result<u32> {
    Ok(u32::try_from(r.get::<i64>(column)?).unwrap_or(0))
}

/// 列顺序与 `columns!` 一致；程序另表，由调用者补上。
pub(super) fn from_row(r: &Row<'_>) -> Result<Case> {
    let no: String = r.get(1)?;
    let state: String = r.get(16)?;
    let light: String = r.get(52)?;
    let delivery: String = r.get(25)?;
    let case = Case {
        id: r.get(0)?,
        no: CaseNo::parse(&no).map_err(|_| Error::Shape("办件编号"))?,
        version: r.get(2)?,
        place: Place { tenant: r.get(3)?, unit: r.get(4)?, org: r.get(5)? },
        window_org: r.get(6)?,
        org_name: r.get(7)?,
        item_id: r.get(8)?,
        item_version: r.get(9)?,
        item_code: r.get(10)?,
        item_name: r.get(11)?,
        task_type: r.get(12)?,
        instant: r.get(13)?,
        single_post: r.get(14)?,
        channel: Channel::from_code(r.get(15)?).ok_or(Error::Shape("申报渠道"))?,
        state: State::parse(&state).ok_or(Error::Shape("办件状态"))?,
        step: r.get::<Option<String>>(17)?.as_deref().and_then(Step::parse),
        handler: r.get(18)?,
        handler_name: r.get(19)?,
        account: r.get(20)?,
        person: r.get(21)?,
        legal_entity: r.get(22)?,
        applicant_shown: r.get(23)?,
        summary: r.get(24)?,
        delivery: Delivery::parse(&delivery).ok_or(Error::Shape("取证方式"))?,
        promise_days: count(r, 26)?,
        legal_days: count(r, 27)?,
        extension_days: count(r, 28)?,
        submitted_at: from_millis(r.get(29)?),
        counted_on: day(r, 30)?.ok_or(Error::Shape("收到日"))?,
        received_at: moment(r, 31)?,
        accepted_at: moment(r, 32)?,
        accepted_on: day(r, 33)?,
        auto_accepted: r.get(34)?,
        decided_at: moment(r, 35)?,
        ended_at: moment(r, 36)?,
        corrections: r.get(37)?,
        correction_due: day(r, 38)?,
        deferred_due: day(r, 39)?,
        outcome: r.get::<Option<String>>(40)?.as_deref().and_then(Outcome::parse),
        result_note: r.get(41)?,
        revoked_on: day(r, 42)?,
        on_time: flag(r, 43)?,
        early: flag(r, 44)?,
        used_days: r.get(45)?,
        external_system: r.get(46)?,
        external_no: r.get(47)?,
        linked_in_time: flag(r, 48)?,
        due: moment(r, 49)?,
        yellow_from: moment(r, 50)?,
        legal_due: moment(r, 51)?,
        light: Light::parse(&light).ok_or(Error::Shape("灯"))?,
        red_spans: spans(&r.get::<String>(53)?)?,
        clock_done: moment(r, 55)?,
        next_clock_at: moment(r, 56)?,
        flow: flow_of(&r.get::<String>(57)?)?,
        stage: usize::try_from(r.get::<i64>(58)?).unwrap_or(0),
        step_since: moment(r, 59)?,
        bundle: r.get(60)?,
        urged: r.get(61)?,
        urged_at: moment(r, 62)?,
        renews_until: day(r, 63)?,
        withheld: r.get(64)?,
        booked: None,
        procedures: Vec::new(),
    };
    Ok(Case { booked: counters::cell(&case), ..case })
}

fn complete(tx: &mut Tx<'_>, found: Option<Case>) -> Result<Option<Case>> {
    let Some(mut case) = found else { return Ok(None) };
    if case.accepted_on.is_some() {
        case.procedures = children::procedures(tx, case.id)?;
    }
    Ok(Some(case))
}

/// 读一件，不锁。
pub fn find(tx: &mut Tx<'_>, id: i64) -> Result<Option<Case>> {
    let found = tx.row(BY_ID, args![id], from_row)?;
    complete(tx, found)
}

/// 按编号读一件，不锁。
pub fn find_by_no(tx: &mut Tx<'_>, no: &str) -> Result<Option<Case>> {
    let found = tx.row(BY_NO, args![no], from_row)?;
    complete(tx, found)
}

/// 编号对应的行键。
pub fn id_of_no(tx: &mut Tx<'_>, no: &str) -> Result<Option<i64>> {
    tx.row(ID_OF_NO, args![no], |r| r.get(0))
}

/// 锁住一件：命令用。
pub fn lock(tx: &mut Tx<'_>, id: i64) -> Result<Option<Case>> {
    let found = tx.lock(BY_ID, args![id], from_row)?;
    complete(tx, found)
}

/// 按编号锁住一件。
pub fn lock_by_no(tx: &mut Tx<'_>, no: &str) -> Result<Option<Case>> {
    let found = tx.lock(BY_NO, args![no], from_row)?;
    complete(tx, found)
}

/// 新办件里不在聚合中的内容。
pub struct NewCase<'a> {
    pub case: &'a Case,
    pub applicant: &'a Applicant,
    pub form: &'a Form,
    pub situations: &'a [String],
    pub access_code: &'a str,
}

/// 列表里按什么排：在办的按到期，办完的按办完的时刻；停着、没有期限的排在最后。
pub fn sort_due(case: &Case) -> i64 {
    if case.tab() == "done" {
        return case.ended_at.map_or(NEVER, Timestamp::as_millisecond);
    }
    let stopped = matches!(case.state, State::Correcting | State::Suspended) && case.light == Light::Grey;
    if stopped { NEVER } else { case.due.map_or(NEVER, Timestamp::as_millisecond) }
}

/// 登记新办件；个人信息加密存放。
pub fn add(tx: &mut Tx<'_>, new: &NewCase<'_>) -> Result<()> {
    let case = new.case;
    let applicant = tx.seal(&serde_json::to_string(new.applicant)?);
    let form = tx.seal(&serde_json::to_string(new.form)?);
    let situations = serde_json::to_string(new.situations)?;
    let access_code = tx.seal(new.access_code);
    let name_digest = tx.digest("name", &new.applicant.name);
    let id_digest = tx.digest("id", &new.applicant.id_number);
    let red = spans_text(case)?;
    let flow = flow_text(case)?;
    tx.exec(
        ADD,
        args![
            case.id, case.no.as_str(), case.version, case.place.tenant, case.place.unit, case.place.org, case.window_org,
            &case.org_name, case.item_id, case.item_version, &case.item_code, &case.item_name, &case.task_type,
            case.instant, case.single_post, case.channel.code(), case.state.as_str(), case.step.map(Step::as_str),
            case.handler, &case.handler_name, case.account, case.person, case.legal_entity, &case.applicant_shown,
            &case.summary, case.delivery.as_str(), case.promise_days, case.legal_days, case.extension_days,
            case.submitted_at, day_number(case.counted_on), case.received_at, case.accepted_at,
            case.accepted_on.map(day_number), case.auto_accepted, case.decided_at, case.ended_at, case.corrections,
            case.correction_due.map(day_number), case.deferred_due.map(day_number), case.outcome.map(Outcome::as_str),
            &case.result_note, case.revoked_on.map(day_number), case.on_time, case.early, case.used_days,
            &case.external_system, &case.external_no, case.linked_in_time, case.due, case.yellow_from, case.legal_due,
            case.light.as_str(), &red, first_red(case), case.clock_done, case.next_clock_at,
            &flow, stage(case), case.step_since, case.bundle, case.urged, case.urged_at, case.renews_until.map(day_number),
            case.withheld, case.tab(), case.tab() != "done", sort_due(case), &applicant, &form, &situations, &access_code,
            &name_digest, &id_digest,
        ],
    )?;
    counters::moved(tx, case.place, None, counters::cell(case))
}

/// 写回一件；`case.version` 已是新版本号，库里须是它减一。
pub fn save(tx: &mut Tx<'_>, case: &mut Case) -> Result<()> {
    let red = spans_text(case)?;
    let flow = flow_text(case)?;
    let changed = tx.exec(
        SAVE,
        args![
            case.state.as_str(), case.step.map(Step::as_str), case.handler, &case.handler_name, case.extension_days,
            day_number(case.counted_on), case.received_at, case.accepted_at, case.accepted_on.map(day_number),
            case.auto_accepted, case.decided_at, case.ended_at, case.corrections, case.correction_due.map(day_number),
            case.deferred_due.map(day_number), case.outcome.map(Outcome::as_str), &case.result_note,
            case.revoked_on.map(day_number), case.on_time, case.early, case.used_days, case.due, case.yellow_from,
            case.legal_due, case.light.as_str(), &red, first_red(case), case.clock_done, case.next_clock_at,
            case.tab(), case.tab() != "done", sort_due(case), &flow, stage(case), case.step_since, case.urged, case.urged_at,
            case.version, case.id, case.version - 1,
        ],
    )?;
    if changed != 1 {
        return Err(tongban_kernel::Problem::stale(case.version).into());
    }
    let cell = counters::cell(case);
    counters::moved(tx, case.place, case.booked, cell)?;
    case.booked = cell;
    Ok(())
}

/// 解密后的申请内容。
#[derive(Debug, Clone)]
pub struct Details {
    pub applicant: Applicant,
    pub form: Form,
    pub situations: Vec<String>,
    pub access_code: String,
}

/// 读出并解密申请内容。
pub fn details(tx: &mut Tx<'_>, id: i64) -> Result<Option<Details>> {
    type Sealed = (Vec<u8>, Vec<u8>, String, Vec<u8>);
    let found: Option<Sealed> = tx.row(DETAILS, args![id], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?, r.get(3)?)))?;
    let Some((applicant, form, situations, access_code)) = found else { return Ok(None) };
    Ok(Some(Details {
        applicant: serde_json::from_str(&tx.unseal(&applicant)?)?,
        form: serde_json::from_str(&tx.unseal(&form)?)?,
        situations: serde_json::from_str(&situations)?,
        access_code: tx.unseal(&access_code)?,
    }))
}

/// 记下行业系统与它的编号；别的列由 [`save`] 写。
pub fn number(tx: &mut Tx<'_>, case: &Case) -> Result<()> {
    tx.exec(NUMBER, args![&case.external_system, &case.external_no, case.linked_in_time, case.id]).map(drop)
}

/// 行业系统里的这一件补录成了哪件。
pub fn external(tx: &mut Tx<'_>, system: &str, number: &str) -> Result<Option<String>> {
    tx.row(EXTERNAL, args![system, number], |r| r.get(0))
}
