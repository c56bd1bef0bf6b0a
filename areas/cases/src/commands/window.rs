//! 收件与受理：接件、退回、一次告知补正、受理、不予受理、材料核验、补交。

use jiff::Timestamp;
use tongban_kernel::problem::Checks;
use tongban_kernel::{Actor, Problem, calendar, time};
use tongban_store::{Result, Tx};

use super::licence::{self, Licences};
use super::{Before, Mark, finish, issue, joint, journal, load, load_any, out_of_calendar, required_text};
use crate::model::{Action, Case, FileRef, Material, MaterialStatus, next};
use crate::permissions as can;
use crate::rules::anomalies::Anomaly;
use crate::rules::clocks;
use crate::rules::documents::DocumentKind;
use crate::store::{self, Correction, CorrectionPoint};

/// 接件（网上件即预审通过），出收件凭证。
///
/// # Errors
/// 权限、范围、版本、状态。
pub fn receive(tx: &mut Tx<'_>, actor: &Actor, no: &str, version: i64, at: Timestamp) -> Result<Case> {
    let mut case = load(tx, actor, no, version, Action::Receive, at)?;
    let before = Before::of(&case);
    case.state = next(case.state, Action::Receive)?;
    case.received_at = Some(at);
    let listed = store::materials(tx, case.id)?;
    let content = listed.iter().map(|m| format!("{}　{} 份　{}", m.name, m.copies, m.status.label())).collect();
    finish(tx, actor, &mut case, &before, &Mark::new(Action::Receive, "cases.received", ""), at)?;
    issue(tx, &case, None, DocumentKind::Receipt, content, at)?;
    Ok(case)
}

/// 预审退回：一次列全原因。
///
/// # Errors
/// 没写原因；权限、范围、版本、状态。
pub fn send_back(tx: &mut Tx<'_>, actor: &Actor, no: &str, version: i64, reason: &str, at: Timestamp) -> Result<Case> {
    let reason = required_text("reason", reason, "退回原因，要一次列全，会原样告知申请人")?;
    let mut case = load(tx, actor, no, version, Action::SendBack, at)?;
    let before = Before::of(&case);
    case.state = next(case.state, Action::SendBack)?;
    (case.ended_at, case.result_note) = (Some(at), reason.clone());
    finish(tx, actor, &mut case, &before, &Mark::new(Action::SendBack, "cases.returned", &reason), at)?;
    issue(tx, &case, None, DocumentKind::Return, vec![reason], at)?;
    Ok(case)
}

/// 不予受理。
#[derive(Debug, Clone, Default)]
pub struct Refuse {
    pub version: i64,
    pub reason: String,
    /// 不属本机关职权的，应向哪个机关申请。
    pub redirect: String,
}

/// 不予受理：须写理由；不属本机关职权的告知向谁申请（许可法第32条）。
///
/// # Errors
/// 没写理由；权限、范围、版本、状态。
pub fn refuse(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &Refuse, at: Timestamp) -> Result<Case> {
    let reason = required_text("reason", &input.reason, "不予受理的理由，会写进决定书")?;
    let mut case = load(tx, actor, no, input.version, Action::Refuse, at)?;
    let before = Before::of(&case);
    case.state = next(case.state, Action::Refuse)?;
    (case.ended_at, case.result_note) = (Some(at), reason.clone());
    finish(tx, actor, &mut case, &before, &Mark::new(Action::Refuse, "cases.not_accepted", &reason), at)?;
    let mut content = vec![reason];
    if !input.redirect.trim().is_empty() {
        content.push(format!("请向{}提出申请。", input.redirect.trim()));
    }
    issue(tx, &case, None, DocumentKind::Refusal, content, at)?;
    Ok(case)
}

/// 一次告知补正。
#[derive(Debug, Clone, Default)]
pub struct Correct {
    pub version: i64,
    pub points: Vec<CorrectionPoint>,
    /// 补正期限，工作日；0 用缺省 30。
    pub days: u32,
}

/// 一次告知补正：逐条写清材料、问题、怎么改，发出后锁定。
///
/// # Errors
/// 没有条目或没写清；权限、范围、版本、状态。
pub fn request_correction(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &Correct, at: Timestamp) -> Result<Case> {
    let mut case = load(tx, actor, no, input.version, Action::RequestCorrection, at)?;
    let mut listed = store::materials(tx, case.id)?;
    check_points(input, &listed)?;
    let earlier = store::corrections(tx, case.id)?;
    let before = Before::of(&case);
    case.state = next(case.state, Action::RequestCorrection)?;
    case.corrections += 1;
    let days = if input.days == 0 { clocks::CORRECTION_DAYS } else { input.days };
    let due_on = calendar::current().due(time::date_of(at), days).map_err(out_of_calendar)?;
    case.correction_due = Some(due_on);
    for point in &input.points {
        if let Some(material) = listed.iter_mut().find(|m| m.key == point.material) {
            (material.status, material.remark) = (MaterialStatus::Rejected, point.problem.clone());
            store::save_material(tx, material)?;
        }
    }
    store::add_correction(
        tx,
        case.id,
        &Correction { round: case.corrections, points: input.points.clone(), due_on, issued_at: at, supplied_at: None },
    )?;
    let told: Vec<String> = input.points.iter().map(|p| format!("{}：{}。{}", p.name, p.problem, p.remedy)).collect();
    finish(tx, actor, &mut case, &before, &Mark::new(Action::RequestCorrection, "cases.correcting", &told.join("\n")), at)?;
    if adds_new_points(&earlier, &input.points) {
        let detail = format!("第 {} 次补正提出了以前没有告知的内容", case.corrections);
        store::add_anomaly(tx, (case.id, case.no.as_str(), case.place), Anomaly::RepeatedCorrection, &detail, at)?;
    }
    let mut content = told;
    content.push(format!("请在 {due_on} 前补齐；逾期不补的，视为撤回申请。"));
    issue(tx, &case, None, DocumentKind::Correction, content, at)?;
    Ok(case)
}

fn check_points(input: &Correct, listed: &[Material]) -> Result<(), Problem> {
    let mut checks = Checks::new();
    checks.ensure(!input.points.is_empty(), "points", "required", "请至少列一条要补正的内容，并一次列全");
    checks.ensure(input.points.len() <= 50, "points", "range", "补正内容不超过 50 条");
    checks.ensure(input.days <= 120, "days", "range", "补正期限填 1 到 120 之间的整数；不填为 30 个工作日");
    for (index, point) in input.points.iter().enumerate() {
        let field = |name: &str| format!("points/{index}/{name}");
        let known = point.material.is_empty() || listed.iter().any(|m| m.key == point.material);
        checks.ensure(known, &field("material"), "choice", "这份材料不在本件的材料清单里");
        checks.ensure(!point.problem.trim().is_empty(), &field("problem"), "required", format!("请写清“{}”有什么问题", point.name));
        checks.ensure(point.problem.chars().count() <= 500, &field("problem"), "length", "问题不超过 500 字");
        checks.ensure(point.remedy.chars().count() <= 500, &field("remedy"), "length", "怎么改不超过 500 字");
    }
    checks.finish()
}

/// 第二次起，只能针对上一次要求补交的内容；别的都算没有一次告知（M08）。
fn adds_new_points(earlier: &[Correction], points: &[CorrectionPoint]) -> bool {
    let Some(last) = earlier.last() else { return false };
    points.iter().any(|point| last.points.iter().all(|old| old.material != point.material))
}

/// 补交的一份材料。
#[derive(Debug, Clone, Default)]
pub struct SuppliedMaterial {
    pub key: String,
    pub files: Vec<FileRef>,
    /// 窗口收的纸质件。
    pub paper: bool,
    /// 申请人同意用来代替的证照标识；没有为空。
    pub licence: String,
}

/// 补正或补交容缺件。
#[derive(Debug, Clone, Default)]
pub struct Supply {
    pub version: i64,
    pub materials: Vec<SuppliedMaterial>,
    /// 对不针对材料的问题的说明。
    pub note: String,
}

fn put_materials(tx: &mut Tx<'_>, listed: &mut [Material], supplied: &[SuppliedMaterial]) -> Result<()> {
    for input in supplied {
        let Some(material) = listed.iter_mut().find(|m| m.key == input.key) else { continue };
        if input.paper {
            (material.status, material.files) = (MaterialStatus::Paper, Vec::new());
        } else if !input.files.is_empty() {
            (material.status, material.files) = (MaterialStatus::Uploaded, input.files.clone());
        } else if !input.licence.is_empty() {
            (material.status, material.files) = (MaterialStatus::Licence, Vec::new());
        } else {
            continue;
        }
        material.remark = String::new();
        store::save_material(tx, material)?;
    }
    Ok(())
}

/// 用证照补的各份，顶不顶得上先查好，与别的错一起说。
fn used_licences(tx: &mut Tx<'_>, actor: &Actor, listed: &[Material], supplied: &[SuppliedMaterial], checks: &mut Checks, at: Timestamp) -> Result<Licences> {
    let chosen = supplied.iter().filter(|s| !s.paper && s.files.is_empty() && !s.licence.is_empty());
    let used: Licences = chosen.map(|s| (s.key.clone(), s.licence.clone())).collect();
    licence::check(tx, actor, checks, listed.iter().map(|m| (m.key.as_str(), m.name.as_str())), &used, at)?;
    Ok(used)
}

/// 提交补正：要补的都补齐才收。受理钟自此重新起算。
///
/// # Errors
/// 还有没补的（一次给全）；不是申请人；状态、版本。
pub fn supply_correction(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &Supply, at: Timestamp) -> Result<Case> {
    let mut case = load(tx, actor, no, input.version, Action::SupplyCorrection, at)?;
    let mut listed = store::materials(tx, case.id)?;
    let mut checks = Checks::new();
    let used = used_licences(tx, actor, &listed, &input.materials, &mut checks, at)?;
    put_materials(tx, &mut listed, &input.materials)?;
    let wanted = store::corrections(tx, case.id)?.pop();
    for material in listed.iter().filter(|m| m.status == MaterialStatus::Rejected) {
        checks.ensure(false, &format!("m_{}", material.key), "required", format!("还差“{}”：{}", material.name, material.remark));
    }
    let asks_text = wanted.is_some_and(|w| w.points.iter().any(|point| point.material.is_empty()));
    checks.ensure(!asks_text || !input.note.trim().is_empty(), "note", "required", "请写明怎么改的");
    checks.ensure(input.note.chars().count() <= 2_000, "note", "length", "说明不超过 2000 字");
    checks.finish()?;
    let before = Before::of(&case);
    case.state = next(case.state, Action::SupplyCorrection)?;
    case.counted_on = calendar::current().reception_date(at).map_err(out_of_calendar)?;
    case.correction_due = None;
    store::supply_correction(tx, case.id, at)?;
    let mark = Mark::new(Action::SupplyCorrection, "cases.supplied", input.note.trim());
    finish(tx, actor, &mut case, &before, &mark, at)?;
    licence::waive(tx, actor, &case, &listed, &used, at)?;
    Ok(case)
}

/// 补交容缺材料；可以分几次，补齐后不再有补交时限。
///
/// # Errors
/// 没有要补的；不是申请人也不是窗口；状态、版本。
pub fn supply_deferred(tx: &mut Tx<'_>, actor: &Actor, no: &str, input: &Supply, at: Timestamp) -> Result<Case> {
    let mut case = load(tx, actor, no, input.version, Action::SupplyDeferred, at)?;
    let mut listed = store::materials(tx, case.id)?;
    let waiting = |listed: &[Material]| listed.iter().filter(|m| m.status == MaterialStatus::Deferred).count();
    let had = waiting(&listed);
    let due: Vec<SuppliedMaterial> = input
        .materials
        .iter()
        .filter(|s| listed.iter().any(|m| m.key == s.key && m.status == MaterialStatus::Deferred))
        .cloned()
        .collect();
    let mut checks = Checks::new();
    let used = used_licences(tx, actor, &listed, &due, &mut checks, at)?;
    checks.finish()?;
    put_materials(tx, &mut listed, &due)?;
    let left = waiting(&listed);
    if left == had {
        return Err(Problem::field("materials", "required", "没有选要补交的材料，或这些材料不用补").into());
    }
    let before = Before::of(&case);
    if left == 0 {
        case.deferred_due = None;
    }
    let mark = Mark::new(Action::SupplyDeferred, "cases.supplied", input.note.trim());
    finish(tx, actor, &mut case, &before, &mark, at)?;
    licence::waive(tx, actor, &case, &listed, &used, at)?;
    Ok(case)
}

/// 受理：材料齐全、符合法定形式；有容缺材料的一并告知补交时限。
///
/// # Errors
/// 还缺主要材料、还有要补正的；权限、范围、版本、状态。
pub fn accept(tx: &mut Tx<'_>, actor: &Actor, no: &str, version: i64, opinion: &str, at: Timestamp) -> Result<Case> {
    let mut case = load(tx, actor, no, version, Action::Accept, at)?;
    let listed = store::materials(tx, case.id)?;
    let mut checks = Checks::new();
    for material in &listed {
        let settled = material.status.is_supplied() || material.need == 2 || material.status == MaterialStatus::Deferred;
        checks.ensure(settled, &format!("m_{}", material.key), "required", format!("“{}”{}，不能受理", material.name, material.status.label()));
    }
    checks.finish()?;
    let before = Before::of(&case);
    case.state = next(case.state, Action::Accept)?;
    (case.accepted_at, case.accepted_on) = (Some(at), Some(time::date_of(at)));
    begin_processing(tx, &mut case, &listed, at)?;
    finish(tx, actor, &mut case, &before, &Mark::new(Action::Accept, "cases.accepted", opinion.trim()), at)?;
    issue_acceptance(tx, &case, &listed, at)?;
    Ok(case)
}

/// 进入办理：定起始环节与容缺补交时限，事项配了的一并征求意见。
pub(super) fn begin_processing(tx: &mut Tx<'_>, case: &mut Case, listed: &[Material], at: Timestamp) -> Result<()> {
    case.enter(0, at);
    if !case.flow.joint.is_empty() {
        let (orgs, days) = (case.flow.joint.clone(), case.flow.joint_limit());
        joint::ask(tx, case, &orgs, "请按职责对本件提出意见", days, at)?;
    }
    let deferred = listed.iter().any(|m| m.status == MaterialStatus::Deferred);
    if let (true, Some(accepted)) = (deferred, case.accepted_on) {
        let days = clocks::deferred_days(case.promise_days);
        case.deferred_due = Some(calendar::current().due(accepted, days).map_err(out_of_calendar)?);
    }
    Ok(())
}

pub(super) fn issue_acceptance(tx: &mut Tx<'_>, case: &Case, listed: &[Material], at: Timestamp) -> Result<()> {
    let mut content = vec![
        format!("受理日期：{}", case.accepted_on.map(|day| day.to_string()).unwrap_or_default()),
        format!("承诺办结：{}", case.due.map(time::show).unwrap_or_default()),
        "查询方式：凭办件编号和查询码（或手机后四位）在网上查进度，或拨打 12345。".to_owned(),
    ];
    if case.auto_accepted {
        content.push("本机关逾期未告知，依法自收到申请之日起即为受理。".to_owned());
    }
    if let Some(due) = case.deferred_due {
        let names: Vec<_> = listed.iter().filter(|m| m.status == MaterialStatus::Deferred).map(|m| m.name.as_str()).collect();
        let promise = vec![
            format!("容缺材料：{}", names.join("、")),
            format!("补交时限：{due} 前；逾期不补的，视为撤回申请。"),
        ];
        issue(tx, case, None, DocumentKind::Deferred, promise, at)?;
        content.push(format!("还要在 {due} 前补交：{}。", names.join("、")));
    }
    let promised: Vec<_> = listed.iter().filter(|m| m.status == MaterialStatus::Promised).map(|m| m.name.as_str()).collect();
    if !promised.is_empty() {
        let promise = vec![
            format!("申请人承诺符合法定条件，以承诺代替提交：{}。", promised.join("、")),
            "作出决定后三十个工作日内核查；承诺不实的，依法撤销决定，由申请人承担后果，并记入信用记录。".to_owned(),
            "决定作出之前，申请人可以撤回承诺，改为提交材料。".to_owned(),
        ];
        issue(tx, case, None, DocumentKind::Commitment, promise, at)?;
    }
    issue(tx, case, None, DocumentKind::Acceptance, content, at)?;
    Ok(())
}

/// 对一份材料的核验结论。
#[derive(Debug, Clone)]
pub struct Verdict {
    pub key: String,
    /// 合格；否则要补正。
    pub passed: bool,
    pub remark: String,
}

/// 记下材料核验结论，不改状态。
///
/// # Errors
/// 权限、范围、版本；已作决定的不能再核。
pub fn check_materials(tx: &mut Tx<'_>, actor: &Actor, no: &str, version: i64, verdicts: &[Verdict], at: Timestamp) -> Result<Case> {
    actor.require(can::ACCEPT)?;
    let mut case = load_any(tx, actor, no, version, at)?;
    if !case.state.is_undecided() {
        return Err(crate::model::refused(case.state, Action::RequestCorrection).into());
    }
    let mut listed = store::materials(tx, case.id)?;
    for verdict in verdicts {
        let Some(material) = listed.iter_mut().find(|m| m.key == verdict.key) else { continue };
        if verdict.passed && !material.status.is_supplied() && material.status != MaterialStatus::Rejected {
            continue;
        }
        material.status = if verdict.passed { MaterialStatus::Passed } else { MaterialStatus::Rejected };
        material.remark = verdict.remark.trim().chars().take(500).collect();
        store::save_material(tx, material)?;
    }
    let before = Before::of(&case);
    case.version += 1;
    store::save(tx, &mut case)?;
    journal(tx, actor, &case, Some(&before), &Mark::new(Action::Receive, "cases.checked", ""), at)?;
    Ok(case)
}

/// 监察岗登记系统看不出来的异常（M01、M06、M07），或补记其他异常。
///
/// # Errors
/// 没有监察权限；没写事实。
pub fn raise_anomaly(tx: &mut Tx<'_>, actor: &Actor, no: &str, version: i64, anomaly: Anomaly, detail: &str, at: Timestamp) -> Result<Case> {
    actor.require(can::MONITOR)?;
    let detail = required_text("detail", detail, "异常的事实")?;
    let mut case = load_any(tx, actor, no, version, at)?;
    if !store::add_anomaly(tx, (case.id, case.no.as_str(), case.place), anomaly, &detail, at)? {
        return Err(Problem::conflict(format!("本件已经登记过 {} {}", anomaly.code(), anomaly.title())).into());
    }
    let before = Before::of(&case);
    case.version += 1;
    store::save(tx, &mut case)?;
    let mark = Mark { anomaly: Some(anomaly), ..Mark::new(Action::Receive, "cases.anomaly", "") };
    journal(tx, actor, &case, Some(&before), &mark, at)?;
    Ok(case)
}
