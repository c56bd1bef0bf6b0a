//! 省汇聚库的五张表（cases §4）：受理、过程、结果、特别程序、材料，按提交日期导出 CSV，一块块取，内存平稳。
//!
//! 国家码表没有公开的（APPLYTYPE、RESULTTYPE、EVENTNAME）用本平台的内部码，对接时按映射表换。

use jiff::Timestamp;
use tongban_documents::table::{Cell, Column, Kind};
use tongban_kernel::time;
use tongban_store::{Result, Tx};

use crate::model::{Case, Outcome};
use crate::rules::procedures::{procedure_name, special_type};
use crate::store::{self, Details, StepRow};

/// 一张表：名字、中文名、各列。
pub struct Table {
    pub name: &'static str,
    pub title: &'static str,
    columns: &'static [&'static str],
    rows: fn(&Source) -> Vec<Vec<String>>,
}

/// 一件办件的全部来源。
pub struct Source {
    case: Case,
    details: Details,
    steps: Vec<StepRow>,
    materials: Vec<crate::model::Material>,
    documents: Vec<store::Document>,
}

/// 五张表。
pub const TABLES: &[Table] = &[
    Table {
        name: "up_pro_accept",
        title: "受理",
        columns: &[
            "PROJECTNO", "TASKHANDLEITEM", "TASKNAME", "TASKVERSION", "APPLYERNAME", "APPLYERTYPE", "APPLYERPAGETYPE", "APPLYERPAGECODE", "CONTACTNAME",
            "CONTACTMOBILE", "ADDRESS", "APPLYTYPE", "APPLYDATE", "ACCEPTDATE", "ACCEPTDOCNO", "PROMISEDATE", "PROJECTTYPE", "PROJECTNAME", "ORGCODE", "ORGNAME",
            "HANDLEUSERNAME",
        ],
        rows: accept,
    },
    Table {
        name: "up_pro_process",
        title: "过程",
        columns: &["PROJECTNO", "EVENTNAME", "PROCESSNAME", "HANDLEUSERNAME", "HANDLEEXPLAIN", "EVENTSTARTTIME", "EVENTENDTIME"],
        rows: process,
    },
    Table {
        name: "up_pro_result",
        title: "结果",
        columns: &["PROJECTNO", "RESULTTYPE", "RESULTDATE", "RESULTCETRNAME", "RESULTCETRNO", "RESULTEXPLAIN", "ISDELIVERYRESULTS"],
        rows: result,
    },
    Table {
        name: "up_pro_special_procedure",
        title: "特别程序",
        columns: &["PROJECTNO", "SPECIALTYPE", "SPECIALNAME", "SPECIALTIME", "SPECIALREASON", "ENDTIME", "RESULT"],
        rows: special,
    },
    Table {
        name: "up_pro_material",
        title: "材料",
        columns: &["PROJECTNO", "MATERIALNAME", "MATERIALATTACHNAME", "GETTYPE", "GETNUM"],
        rows: material,
    },
];

impl Table {
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLES.iter().find(|table| table.name == name)
    }

    #[must_use]
    pub fn columns(&self) -> Vec<Column> {
        self.columns.iter().map(|code| Column::new(*code, code, Kind::Text)).collect()
    }
}

/// 一页：若干办件在这张表里的行，与下一页从哪个行键起。
///
/// # Errors
/// 引擎拒绝。
pub fn page(tx: &mut Tx<'_>, table: &Table, tenant: i64, span: (Timestamp, Timestamp), after: i64) -> Result<(Vec<Vec<Cell>>, Option<i64>)> {
    const SIZE: i64 = 200;
    let cases = store::public::submitted_between(tx, after, tenant, span, SIZE)?;
    let next = cases.last().filter(|_| cases.len() == usize::try_from(SIZE).unwrap_or(0)).map(|last| last.id);
    let mut rows = Vec::new();
    for case in cases {
        let Some(details) = store::details(tx, case.id)? else { continue };
        let (steps, materials, documents) = (store::steps(tx, case.id)?, store::materials(tx, case.id)?, store::documents(tx, case.id)?);
        let source = Source { case, details, steps, materials, documents };
        rows.extend((table.rows)(&source).into_iter().map(|row| row.into_iter().map(Cell::Text).collect::<Vec<_>>()));
    }
    Ok((rows, next))
}

fn when(at: Option<Timestamp>) -> String {
    at.map(|at| at.to_zoned(time::china()).strftime("%Y-%m-%d %H:%M:%S").to_string()).unwrap_or_default()
}

fn number(source: &Source, kind: crate::rules::documents::DocumentKind) -> String {
    source.documents.iter().rfind(|document| document.kind == kind).map(|document| document.number.clone()).unwrap_or_default()
}

/// 承诺办结时刻：作出决定之后办件上已换成送达的钟，这里由受理日重算。
fn promised(case: &Case) -> Option<Timestamp> {
    let calendar = tongban_kernel::calendar::current();
    let due = calendar.due_date(case.accepted_on?, case.limit_days(), &case.suspensions()).ok().flatten()?;
    Some(calendar.due_instant(due))
}

/// 受理时间是必填：没有受理的不上报。
fn accept(source: &Source) -> Vec<Vec<String>> {
    let (case, who) = (&source.case, &source.details.applicant);
    if case.accepted_at.is_none() {
        return Vec::new();
    }
    let staff = source.steps.iter().find(|step| step.action == "accept").map(|step| step.actor_name.clone()).unwrap_or_default();
    vec![vec![
        case.no.to_string(),
        case.item_code.clone(),
        case.item_name.clone(),
        case.item_version.to_string(),
        who.name.clone(),
        if who.is_legal { "2" } else { "1" }.to_owned(),
        who.id_type.clone(),
        who.id_number.clone(),
        who.contact.clone(),
        who.mobile.clone(),
        who.address.clone(),
        case.channel.code().to_string(),
        when(Some(case.submitted_at)),
        when(case.accepted_at),
        number(source, crate::rules::documents::DocumentKind::Acceptance),
        when(promised(case)),
        if case.instant { "1" } else { "2" }.to_owned(),
        if case.summary.is_empty() { case.item_name.clone() } else { case.summary.clone() },
        case.item_code.get(..18).unwrap_or("").to_owned(),
        case.org_name.clone(),
        staff,
    ]]
}

/// 环节的内部码（cases §2.2）。
fn event(action: &str) -> &'static str {
    match action {
        "submit" | "receive" => "01",
        "accept" | "auto-accept" => "02",
        "request-correction" | "supply-correction" | "supply-deferred" => "03",
        "forward" | "step-back" | "consult" => "04",
        "decide" => "06",
        "suspend" | "resume" | "note-procedure" | "extend" => "07",
        "deliver" => "08",
        _ => "99",
    }
}

fn process(source: &Source) -> Vec<Vec<String>> {
    let step = |step: &StepRow| {
        let code = if step.action == "forward" && step.step == Some(crate::model::Step::Review) { "05" } else { event(&step.action) };
        let explain = if step.opinion.is_empty() { step.name.clone() } else { step.opinion.clone() };
        vec![source.case.no.to_string(), code.to_owned(), step.name.clone(), step.actor_name.clone(), explain, when(Some(step.started_at)), when(Some(step.ended_at))]
    };
    source.steps.iter().map(step).collect()
}

/// 旧国标办结码：0 出证办结 1 退回办结 6 办结。
fn result(source: &Source) -> Vec<Vec<String>> {
    let case = &source.case;
    let (Some(decided), Some(outcome)) = (case.decided_at, case.outcome) else { return Vec::new() };
    use crate::rules::documents::DocumentKind::{Denial, Grant};
    let (code, kind) = if outcome == Outcome::Granted { ("0", Grant) } else { ("1", Denial) };
    vec![vec![
        case.no.to_string(),
        code.to_owned(),
        when(Some(decided)),
        kind.title().to_owned(),
        number(source, kind),
        case.result_note.clone(),
        if case.state == crate::model::State::Closed { "1" } else { "0" }.to_owned(),
    ]]
}

fn special(source: &Source) -> Vec<Vec<String>> {
    let no = source.case.no.to_string();
    let running = source.case.procedures.iter().filter(|procedure| procedure.ended_on.is_some());
    running
        .map(|p| {
            let day = |date: jiff::civil::Date| format!("{date} 00:00:00");
            vec![
                no.clone(),
                special_type(p.kind).to_string(),
                procedure_name(p.kind).to_owned(),
                day(p.started_on),
                p.reason.clone(),
                p.ended_on.map(day).unwrap_or_default(),
                p.result.clone(),
            ]
        })
        .collect()
}

fn material(source: &Source) -> Vec<Vec<String>> {
    let row = |m: &crate::model::Material| {
        let attach = m.files.first().map(|file| file.name.clone()).unwrap_or_default();
        vec![source.case.no.to_string(), m.name.clone(), attach, m.status.get_type().to_owned(), m.copies.to_string()]
    };
    source.materials.iter().filter(|m| m.status.is_supplied() || m.status == crate::model::MaterialStatus::Deferred).map(row).collect()
}
