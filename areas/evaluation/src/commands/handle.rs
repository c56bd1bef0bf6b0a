//! 差评的处理：每个动作走状态机的一行，定下一步的期限，记一步说明。

use jiff::Timestamp;
use serde::Serialize;
use tongban_kernel::{Actor, Problem, calendar, lights};
use tongban_store::{Result, Tx, files};

use super::{calendar_problem, finish, load};
use crate::model::{Action, Cause, State, transition};
use crate::rules::{self, Deadlines};
use crate::store::{self, EvidenceRow, StepRow, TaskRow};

/// 说明最多多少字。
const MAX_NOTE: usize = 1000;

/// 一步最多几份证据文件。
pub const MAX_FILES: usize = 5;

/// 一个动作带的内容。
#[derive(Debug, Clone, Default)]
pub struct Handle {
    pub action: Option<Action>,
    /// 打开页面时看到的版本。
    pub version: i64,
    /// 经过、依据、回访记录，内部看。
    pub note: String,
    /// 提交整改时：原因、措施、公开的整改结果、关联的事项变更单号。
    pub cause: Option<Cause>,
    pub measures: String,
    pub published: String,
    pub item_change: String,
    /// 申诉误评、恶意的证据：录音、监控、办件记录的编号。
    pub evidence: String,
    /// 随这一步交的证据文件，已经存进文件库。
    pub files: Vec<EvidenceFile>,
}

/// 存好的一份证据文件。
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceFile {
    pub name: String,
    pub stored: files::Stored,
}

impl Handle {
    /// 记进步骤的说明；申诉连证据一起。
    fn told(&self, action: Action) -> Option<String> {
        let note = self.note.trim();
        let reference = self.evidence.trim();
        if action == Action::Appeal && !reference.is_empty() {
            return Some(format!("{note}\n证据：{reference}"));
        }
        (!note.is_empty()).then(|| note.to_owned())
    }

    fn check(&self, action: Action) -> Result<(), Problem> {
        let mut checks = tongban_kernel::problem::Checks::new();
        let long = |text: &str| text.chars().count() > MAX_NOTE;
        checks.ensure(!action.needs_note() || !self.note.trim().is_empty(), "note", "required", "请写明经过或依据");
        checks.ensure(!long(&self.note), "note", "too-long", format!("最多 {MAX_NOTE} 字"));
        if action == Action::Appeal {
            let length = self.evidence.trim().chars().count();
            let given = (2..=200).contains(&length) || (length == 0 && !self.files.is_empty());
            checks.ensure(given, "evidence", "required", "申诉要有证据：上传文件，或写录音、监控、办件记录的编号（2–200 字）");
        }
        checks.ensure(self.files.len() <= MAX_FILES, "files", "too-many", format!("一次最多 {MAX_FILES} 份，请合并后再传"));
        if action == Action::Submit {
            checks.ensure(self.cause.is_some(), "cause", "required", "请选择差评的原因");
            checks.ensure(!self.measures.trim().is_empty(), "measures", "required", "请写明采取了什么措施、谁负责、何时做完");
            checks.ensure(!self.published.trim().is_empty(), "published", "required", "请写一段给群众看的整改结果");
            checks.ensure(!long(&self.measures) && !long(&self.published), "measures", "too-long", format!("最多 {MAX_NOTE} 字"));
        }
        checks.finish()
    }
}

/// 对一条差评做一个动作。
///
/// # Errors
/// 不在范围内 404；状态机不允许 409；没有权限 403；别人先改了 412；内容要改 422。
pub fn handle(tx: &mut Tx<'_>, actor: &Actor, task_no: &str, input: &Handle, at: Timestamp) -> Result<State> {
    let id = store::task_by_no(tx, task_no)?.ok_or_else(Problem::not_found)?;
    let subject = store::task(tx, id)?.ok_or_else(Problem::not_found)?.subject;
    let (subject, before) = load(tx, subject)?;
    let mut task = store::task(tx, id)?.ok_or_else(Problem::not_found)?;
    task.check(&actor.scope)?;
    rules::not_about_oneself(actor, task.staff)?;
    let action = input.action.ok_or_else(|| Problem::field("action", "required", "请选择要做的动作"))?;
    let row = transition(task.state, action, task.redone)?;
    actor.require(row.needs)?;
    if task.version != input.version {
        return Err(Problem::stale(task.version).into());
    }
    input.check(action)?;
    separate_duties(tx, actor, &task, action)?;
    apply(&mut task, action, row.to, input, at);
    set_clock(&mut task, at)?;
    if action == Action::UpholdAppeal {
        let rating = store::rating(tx, task.rating)?.ok_or_else(Problem::not_found)?;
        store::set_standing(tx, &store::RatingRow { effective: false, ..rating })?;
    }
    if !store::save_task(tx, &task)? {
        return Err(Problem::stale(task.version + 1).into());
    }
    let step = StepRow {
        at,
        action: action.as_str().to_owned(),
        from: row.from,
        to: row.to,
        who: actor.name.to_string(),
        note: input.told(action),
    };
    store::add_step(tx, task.id, &step)?;
    keep_files(tx, &task, &step, &input.files)?;
    if row.to == State::Escalated {
        super::appraisals::escalate(tx, &task, at)?;
    }
    if row.to == State::ToRevisit {
        tell_rater(tx, &task, at)?;
    }
    let changed = Changed { case_no: &subject.case_no, case: subject.case_id, task: &task.no, action: action.as_str(), state: row.to.as_str() };
    let kind = if row.to == State::Closed { "evaluation.rectified" } else { "evaluation.handled" };
    finish(tx, actor, (&subject, &before), kind, &changed, at)?;
    Ok(row.to)
}

/// 登记这一步的证据文件。
fn keep_files(tx: &mut Tx<'_>, task: &TaskRow, step: &StepRow, given: &[EvidenceFile]) -> Result<()> {
    for file in given {
        files::record(tx, &file.stored, step.at)?;
        let row = EvidenceRow {
            id: tx.new_id(),
            at: step.at,
            action: step.action.clone(),
            who: step.who.clone(),
            name: file.name.clone(),
            media: file.stored.media.clone(),
            size: file.stored.size,
            digest: file.stored.digest.clone(),
        };
        store::add_evidence(tx, task.id, &row)?;
    }
    Ok(())
}

/// 改到位了告诉实名的评价人，请他看结果、可以追评一次。
fn tell_rater(tx: &mut Tx<'_>, task: &TaskRow, at: Timestamp) -> Result<()> {
    let rating = store::rating(tx, task.rating)?.ok_or_else(Problem::not_found)?;
    if rating.person == 0 {
        return Ok(());
    }
    let result = task.published.as_deref().unwrap_or("已处理").trim_end_matches('。');
    let text = format!("您对“{}”的评价，办理单位答复：{result}。不认可可以在回访时说明，也可以追加评价一次。", task.item_name);
    let href = format!("/r/{}?from=web", super::token(tx, rating.invitation));
    tongban_messages::notify(tx, rating.person, "您反映的问题有了结果", &text, &href, at)
}

#[derive(Serialize)]
struct Changed<'a> {
    case_no: &'a str,
    case: i64,
    task: &'a str,
    action: &'a str,
    state: &'a str,
}

/// 谁提交整改、谁提出申诉，谁就不能自己审（README：角色分不开时由命令检查）。
fn separate_duties(tx: &mut Tx<'_>, actor: &Actor, task: &TaskRow, action: Action) -> Result<()> {
    if !matches!(action, Action::Approve | Action::SendBack | Action::UpholdAppeal | Action::RejectAppeal) {
        return Ok(());
    }
    let steps = store::steps(tx, task.id)?;
    let asked = steps.iter().rev().find(|step| matches!(step.action.as_str(), "submit" | "appeal"));
    if asked.is_some_and(|step| step.who == *actor.name) {
        return Err(Problem::new(tongban_kernel::Code::Forbidden, "提交的人不能自己审核，请换一位主管审").into());
    }
    Ok(())
}

fn apply(task: &mut TaskRow, action: Action, to: State, input: &Handle, at: Timestamp) {
    let text = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    match action {
        Action::Contact => task.contacted = Some(at),
        Action::Confirm | Action::Appeal => task.concluded = Some(at),
        Action::Explain => {
            // 没有要改的：解释说明即到位
            task.concluded = Some(at);
            task.rectified = Some(at);
            task.published = Some("经核实缺乏依据，已向评价人解释说明".to_owned());
        }
        Action::Submit => {
            task.cause = input.cause;
            task.measures = text(&input.measures);
            task.published = text(&input.published);
            task.item_change = text(&input.item_change);
        }
        // “整改到位”= 审核通过
        Action::Approve => task.rectified = Some(at),
        Action::UpholdAppeal => task.valid = false,
        Action::AcceptRevisit => task.revisited = Some(at),
        Action::RejectRevisit => {
            task.revisited = Some(at);
            task.rectified = None;
            task.redone += 1;
        }
        Action::RejectAppeal | Action::SendBack => {}
    }
    task.state = to;
    if to.is_final() {
        task.closed = Some(at);
    }
}

/// 这一步最迟哪天做完、哪天转黄；了结后不再计时。
fn set_clock(task: &mut TaskRow, at: Timestamp) -> Result<()> {
    let calendar = calendar::current();
    let date = tongban_kernel::time::date_of;
    let all = Deadlines { contact: date(task.contact_due), conclude: date(task.conclude_due), rectify: date(task.rectify_due) };
    match rules::state_due(&calendar, &all, task.state, at).map_err(calendar_problem)? {
        Some(due) => {
            task.due = Some(calendar.due_instant(due));
            task.yellow = Some(lights::yellow_from(&calendar, rules::CLOCK, due).map_err(calendar_problem)?);
        }
        None => {
            task.due = Some(at);
            task.yellow = None;
        }
    }
    Ok(())
}
