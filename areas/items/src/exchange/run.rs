//! 跑一次导入：先整份检查，再一段一段地写。

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tongban_kernel::codes::ItemCode;
use tongban_kernel::{Actor, Place};
use tongban_store::{Database, Error, Result, Tx};

use super::{CatalogueLine, Kind, Line, RowError, repeated, rows};
use crate::commands::{self, Implementer, ItemInput, Put};
use crate::model::{Guide, TaskType};
use crate::store;

/// 检查时一次看多少行。
const CHECKED: usize = 1_000;
/// 一个单元写多少行。
const CHUNK: usize = 50;

/// 统一社会信用代码 → 实施主体（层级另由编码定）。
pub type Depts = BTreeMap<String, (Place, String, String)>;

/// 导入的结果。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    pub total: usize,
    pub added: usize,
    pub changed: usize,
    pub same: usize,
    pub errors: Vec<RowError>,
    /// 有错，又没有要求留下好的行：什么也没改。
    pub refused: bool,
}

impl Outcome {
    fn count(&mut self, put: Put) {
        match put {
            Put::Added => self.added += 1,
            Put::Changed => self.changed += 1,
            Put::Same => self.same += 1,
        }
    }
}

/// 检查过、可以写的一行。
#[derive(Debug, Clone)]
enum Ready {
    Catalogue(i64, CatalogueLine, Vec<Implementer>),
    Item(i64, Box<ItemInput>, Implementer),
}

/// 要导入的一份文件。
#[derive(Debug, Clone)]
pub struct Batch {
    pub kind: Kind,
    pub lines: Vec<Line>,
    /// 有错时好的行照样导入；否则什么也不改。
    pub keep: bool,
    pub depts: Arc<Depts>,
}

/// 导入一份文件的全部行。`progress` 报告写到第几行、一共几行。
///
/// # Errors
/// 引擎故障。行里的错在 [`Outcome::errors`]，不算错误。
pub async fn import(
    db: &Database,
    actor: &Actor,
    batch: Batch,
    at: Timestamp,
    progress: &mut (dyn FnMut(usize, usize) + Send),
) -> Result<Outcome> {
    let Batch { kind, lines, keep, depts } = batch;
    let total = lines.len();
    let mut outcome = Outcome { total, errors: repeated(&lines, kind), ..Outcome::default() };
    let twice: Vec<i64> = outcome.errors.iter().map(|error| error.line).collect();
    let mut ready = Vec::with_capacity(total);
    for chunk in lines.chunks(CHECKED) {
        let (chunk, depts) = (chunk.to_vec(), Arc::clone(&depts));
        let (good, bad) = db.snapshot("items.import_check", move |tx| check(tx, kind, &chunk, &depts)).await?;
        ready.extend(good);
        outcome.errors.extend(bad);
    }
    ready.retain(|row| !twice.contains(&row.line()));
    outcome.errors.sort_by(|a, b| (a.line, &a.cell.column).cmp(&(b.line, &b.cell.column)));
    if !outcome.errors.is_empty() && !keep {
        outcome.refused = true;
        return Ok(outcome);
    }
    let mut done = 0;
    for chunk in ready.chunks(CHUNK) {
        let (rows, me) = (chunk.to_vec(), actor.clone());
        let written = db.bulk("items.import", move |tx| rows.iter().map(|row| row.put(tx, &me, at)).collect::<Result<Vec<_>>>()).await;
        match written {
            Ok(puts) => puts.into_iter().for_each(|put| outcome.count(put)),
            // 这一段里有一行被拒绝：一行一行地来，拒绝的记下
            Err(Error::Refused(_)) => one_by_one(db, actor, chunk, at, &mut outcome).await?,
            Err(error) => return Err(error),
        }
        done += chunk.len();
        progress(done, ready.len());
    }
    Ok(outcome)
}

async fn one_by_one(db: &Database, actor: &Actor, chunk: &[Ready], at: Timestamp, outcome: &mut Outcome) -> Result<()> {
    for row in chunk {
        let (one, me) = (row.clone(), actor.clone());
        match db.bulk("items.import", move |tx| one.put(tx, &me, at)).await {
            Ok(put) => outcome.count(put),
            Err(Error::Refused(problem)) => {
                let detail = problem.errors.first().map_or_else(|| problem.detail.clone(), |error| error.detail.clone());
                let field = problem.errors.first().map_or("", |error| error.field()).to_owned();
                let rule = problem.errors.first().map_or(problem.code.as_str(), |error| error.code);
                outcome.errors.push(RowError::new(row.line(), &field, row.code(), rule, detail));
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

impl Ready {
    fn line(&self) -> i64 {
        match self {
            Self::Catalogue(line, ..) | Self::Item(line, ..) => *line,
        }
    }

    fn code(&self) -> &str {
        match self {
            Self::Catalogue(_, line, _) => &line.code,
            Self::Item(_, input, _) => &input.code,
        }
    }

    fn put(&self, tx: &mut Tx<'_>, actor: &Actor, at: Timestamp) -> Result<Put> {
        match self {
            Self::Catalogue(_, line, implementers) => {
                let (id, put) = commands::put_catalogue(tx, actor, line, at)?;
                for implementer in implementers {
                    commands::pool(tx, actor, id, implementer, at)?;
                }
                Ok(put)
            }
            Self::Item(_, input, implementer) => commands::put_item(tx, actor, implementer, input, at),
        }
    }
}

fn check(tx: &mut Tx<'_>, kind: Kind, lines: &[Line], depts: &Depts) -> Result<(Vec<Ready>, Vec<RowError>)> {
    let (mut good, mut bad) = (Vec::with_capacity(lines.len()), Vec::new());
    for line in lines {
        let checked = match kind {
            Kind::Catalogue => CatalogueLine::read(line).and_then(|found| catalogue(line.number, found, depts)),
            Kind::Items => item(tx, line, depts)?,
        };
        match checked {
            Ok(row) => good.push(row),
            Err(errors) => bad.extend(errors),
        }
    }
    Ok((good, bad))
}

fn catalogue(number: i64, line: CatalogueLine, depts: &Depts) -> std::result::Result<Ready, Vec<RowError>> {
    let mut implementers = Vec::new();
    for dept in &line.depts {
        let Some((place, name, division)) = depts.get(dept) else {
            let message = "机构里没有这个统一社会信用代码，请先建机构";
            return Err(vec![RowError::new(number, super::columns::DISPATCH, dept, "V02", message)]);
        };
        let level = if division.ends_with("000000") { crate::model::UseLevel::County } else { crate::model::UseLevel::Town };
        let (name, division) = (name.clone(), division.clone());
        implementers.push(Implementer { place: *place, name, uscc: dept.clone(), division, level });
    }
    Ok(Ready::Catalogue(number, line, implementers))
}

/// 检查一行办理项：编码、主体、目录、内容。
fn item(tx: &mut Tx<'_>, line: &Line, depts: &Depts) -> Result<std::result::Result<Ready, Vec<RowError>>> {
    let get = |column: &str| line.record.get(column).map_or("", String::as_str);
    let mut errors = Vec::new();
    let mut wrong = |column: &str, rule: &str, message: String| errors.push(RowError::new(line.number, column, get(column), rule, message));
    let code = get("TASKHANDLEITEM");
    if let Err(reason) = ItemCode::parse(code) {
        wrong("TASKHANDLEITEM", "V03", reason.detail);
        return Ok(Err(errors));
    }
    let dept = depts.get(get("DEPTCODE"));
    if dept.is_none() {
        wrong("DEPTCODE", "V02", "机构里没有这个统一社会信用代码，请先建机构".into());
    }
    if code.get(..18) != Some(get("DEPTCODE")) {
        wrong("TASKHANDLEITEM", "V02", "编码前 18 位应当就是实施主体编码".into());
    }
    let level = crate::model::UseLevel::parse(code.get(18..19).unwrap_or_default());
    match store::catalogue_by_code(tx, code.get(19..31).unwrap_or_default())? {
        None => wrong("TASKHANDLEITEM", "V01", "目录清单里没有这个基本编码，请先导入目录".into()),
        Some(found) => {
            if TaskType::parse(get("TASKTYPE")) != Some(found.task_type) {
                wrong("TASKTYPE", "V01", format!("目录里是“{}”", found.task_type));
            }
            if level.is_none_or(|level| !found.levels.contains(&level)) {
                wrong("TASKHANDLEITEM", "V05", "目录没有规定由这一级行使".into());
            }
        }
    }
    let state = if get("TASKSTATE").is_empty() { "4" } else { get("TASKSTATE") };
    let edition: i64 = if state == "4" { 0 } else { get("TASKVERSION").parse().unwrap_or(-1) };
    if !matches!(state, "1" | "2" | "3" | "4") {
        wrong("TASKSTATE", "Q22", "事项状态要填 1 在用、2 暂停、3 取消、4 草稿".into());
    } else if state != "4" && edition < 1 {
        wrong("TASKVERSION", "Q22", "在用、暂停、取消的要写版本，从 1 起".into());
    }
    let known = store::item_by_code(tx, code)?;
    if known.as_ref().is_some_and(|row| matches!(row.desk(), crate::model::State::Reviewing | crate::model::State::Approved)) {
        wrong("TASKHANDLEITEM", "state", "这一项正在审核或待发布，请先撤回再导入".into());
    }
    let before = known.map_or_else(Guide::default, |row| row.draft);
    let guide = match rows::read(&line.record, &before) {
        Ok(guide) => guide,
        Err(found) => {
            errors.extend(found.into_iter().map(|cell| RowError { line: line.number, cell }));
            return Ok(Err(errors));
        }
    };
    if guide.name.trim().is_empty() {
        wrong("TASKNAME", "required", "请填写事项名称".into());
    }
    if let (true, Some((place, name, division)), Some(level)) = (errors.is_empty(), dept, level) {
        let input = ItemInput {
            code: code.to_owned(),
            guide,
            state: state.to_owned(),
            edition,
            local_code: get("LOCALTASKCODE").to_owned(),
            local_dept_code: get("LOCALDEPTCODE").to_owned(),
            notice: get("NOTICE").to_owned(),
            resume_day: get("RESUMEDAY").parse().unwrap_or(0),
        };
        let implementer =
            Implementer { place: *place, name: name.clone(), uscc: get("DEPTCODE").to_owned(), division: division.clone(), level };
        return Ok(Ok(Ready::Item(line.number, Box::new(input), implementer)));
    }
    Ok(Err(errors))
}
