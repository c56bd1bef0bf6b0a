//! 特别程序与延期（cases §3.4）。

use jiff::Timestamp;
use tongban_kernel::{Actor, Problem, calendar, time};
use tongban_store::{Result, Tx};

use super::{Before, Mark, finish, issue, load, out_of_calendar, required_text};
use crate::model::{Action, Case, Procedure, State, next};
use crate::rules::anomalies::Anomaly;
use crate::rules::documents::DocumentKind;
use crate::rules::procedures::{self, procedure_name};
use crate::store;

/// 启动特别程序。
#[derive(Debug, Clone, Default)]
pub struct StartProcedure {
    pub version: i64,
    /// 内部种类 21–32。
    pub kind: u8,
    /// 所需工作日，写进告知书。
    pub days: u32,
    pub reason: String,
    /// 出书面告知书；没有书面告知的不停表。
    pub notice: bool,
}

/// 听证的种类码。
const HEARING: u8 = 21;

/// 启动特别程序：有书面告知且法律或事项允许的停表挂起，其余只登记、照常计时。
///
/// # Errors
/// 内容有误；已有程序在走；权限、范围、版本、状态。
pub fn start_procedure(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &StartProcedure, at: Timestamp) -> Result<Case> {
    procedures::check_procedure(input.kind, input.days, &input.reason)?;
    let mut case = load(tx, actor, no, input.version, Action::Suspend, at)?;
    if case.running_procedure().is_some() {
        return Err(Problem::conflict("已有一项特别程序在进行，先结束它").into());
    }
    let declared = store::offer(tx, case.item_id, case.item_version)?.map(|offer| offer.stoppable).unwrap_or_default();
    let stops = procedures::stops_clock(input.kind, input.notice, &declared);
    let action = if stops { Action::Suspend } else { Action::NoteProcedure };
    let before = Before::of(&case);
    case.state = next(case.state, action)?;
    let today = time::date_of(at);
    let planned_end = calendar::current().due(today, input.days).map_err(out_of_calendar)?;
    let reason = input.reason.trim().to_owned();
    let content = vec![
        format!("程序：{}", procedure_name(input.kind)),
        format!("所需时间：{} 个工作日，预计 {planned_end} 结束", input.days),
        format!("事由：{reason}"),
        if stops { "所需时间不计入办理时限。".to_owned() } else { "办理时限照常计算。".to_owned() },
    ];
    if input.kind == HEARING {
        let rights = vec![
            "本件涉及您与他人之间重大利益关系，您有要求听证的权利。".to_owned(),
            "请在收到本告知书之日起五日内提出听证申请；逾期不提出的，视为放弃。".to_owned(),
            format!("事由：{reason}"),
        ];
        issue(tx, &case, None, DocumentKind::Hearing, rights, at)?;
    }
    let notice = if input.notice { Some(issue(tx, &case, None, DocumentKind::Procedure, content, at)?) } else { None };
    let procedure = Procedure {
        id: tx.new_id(),
        kind: input.kind,
        reason,
        notice,
        stops,
        planned_days: input.days,
        planned_end,
        started_on: today,
        ended_on: None,
        result: String::new(),
    };
    store::add_procedure(tx, case.id, &procedure, actor.staff)?;
    let told = format!("{}，{} 个工作日", procedure_name(input.kind), input.days);
    case.procedures.push(procedure);
    finish(tx, actor, &mut case, &before, &Mark::new(action, "cases.suspended", &told), at)?;
    if !input.notice {
        let detail = format!("启动“{}”没有书面告知申请人，不停表", procedure_name(input.kind));
        store::add_anomaly(tx, (case.id, case.no.as_str(), case.place), Anomaly::SuspensionOverdue, &detail, at)?;
    }
    Ok(case)
}

/// 结束特别程序，恢复计时并重算到期日。
///
/// # Errors
/// 没写结果；没有在走的程序；权限、范围、版本、状态。
pub fn end_procedure(tx: &mut Tx<'_>, actor: &Actor, no: &str, version: i64, result: &str, at: Timestamp) -> Result<Case> {
    let result = required_text("result", result, "特别程序的结果")?;
    let found = store::find_by_no(tx, no)?.ok_or_else(Problem::not_found)?;
    let action = if found.state == State::Accepted { Action::NoteProcedure } else { Action::Resume };
    let mut case = load(tx, actor, no, version, action, at)?;
    let before = Before::of(&case);
    let today = time::date_of(at);
    let Some(running) = case.procedures.iter_mut().rfind(|p| p.ended_on.is_none()) else {
        return Err(Problem::conflict("本件没有正在进行的特别程序").into());
    };
    (running.ended_on, running.result) = (Some(today), result.clone());
    let (id, kind) = (running.id, running.kind);
    store::end_procedure(tx, id, today, &result)?;
    case.state = next(case.state, action)?;
    let told = format!("{}结束：{result}", procedure_name(kind));
    finish(tx, actor, &mut case, &before, &Mark::new(action, "cases.resumed", &told), at)?;
    Ok(case)
}

/// 延期。
#[derive(Debug, Clone, Default)]
pub struct Extend {
    pub version: i64,
    pub days: u32,
    pub reason: String,
}

/// 延期：部门负责人批准，一次为限，至多 10 个工作日，告知理由（许可法第42条）。
///
/// # Errors
/// 天数或理由有误；已延过；权限、范围、版本、状态。
pub fn extend(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &Extend, at: Timestamp) -> Result<Case> {
    let mut case = load(tx, actor, no, input.version, Action::Extend, at)?;
    procedures::check_extension(&case, input.days, &input.reason)?;
    let before = Before::of(&case);
    case.state = next(case.state, Action::Extend)?;
    case.extension_days = input.days;
    let reason = input.reason.trim();
    let told = format!("延长 {} 个工作日：{reason}", input.days);
    finish(tx, actor, &mut case, &before, &Mark::new(Action::Extend, "cases.extended", &told), at)?;
    let content = vec![
        format!("延长期限：{} 个工作日", input.days),
        format!("延长后应在 {} 前办结", case.due.map(time::show).unwrap_or_default()),
        format!("理由：{reason}"),
    ];
    issue(tx, &case, None, DocumentKind::Extension, content, at)?;
    Ok(case)
}
