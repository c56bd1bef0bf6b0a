//! 跑一次导入：先整份检查，再写——整份一个单元，或（说明了“好的行照样导入”）一段一个单元。

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use jiff::Timestamp;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task::JoinHandle;
use tongban_kernel::codes::ItemCode;
use tongban_kernel::{Actor, Place, Problem};
use tongban_store::{Database, Error, Result, Tx};

use super::{CatalogueLine, Kind, Line, RowError, Seen, each, rows};
use crate::commands::{self, Implementer, ItemInput, Put};
use crate::model::{Guide, TaskType};
use crate::store;

/// 检查时一次看多少行。
const CHECKED: usize = 500;
/// 一段一段写时，一个单元多少行。
const CHUNK: usize = 50;
/// 一份错行报告至多留多少条。
const KEPT: usize = 10_000;
/// 隔多久报一次进度。
const TELL: Duration = Duration::from_millis(300);

/// 统一社会信用代码 → 实施主体（层级另由编码定）。
pub type Depts = BTreeMap<String, (Place, String, String)>;

/// 导入的结果。
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    pub total: usize,
    pub added: usize,
    pub changed: usize,
    pub same: usize,
    /// 一共多少处错；[`Self::errors`] 至多留一万条。
    pub wrong: usize,
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

    fn wrong(&mut self, error: RowError) {
        self.wrong += 1;
        if self.errors.len() < KEPT {
            self.errors.push(error);
        }
    }

    fn sorted(mut self) -> Self {
        self.errors.sort_by(|a, b| (a.line, &a.cell.column).cmp(&(b.line, &b.cell.column)));
        self
    }
}

/// 检查过、可以写的一行。
#[derive(Debug, Clone)]
enum Ready {
    Catalogue(CatalogueLine, Vec<Implementer>),
    Item(Box<ItemInput>, Implementer),
}

/// 要导入的一份文件。
#[derive(Debug, Clone)]
pub struct Batch {
    pub kind: Kind,
    pub content: Bytes,
    /// 有错时好的行照样导入；否则什么也不改。
    pub keep: bool,
    pub depts: Arc<Depts>,
}

/// 报告写到第几行、一共几行。
pub type Progress<'p> = &'p mut (dyn FnMut(usize, usize) + Send);

/// 导入一份文件的全部行。
///
/// # Errors
/// 文件读不懂（[`Error::Refused`]），或引擎故障：什么也没改。行里的错在 [`Outcome::errors`]，不算错误。
pub async fn import(db: &Database, actor: &Actor, batch: Batch, at: Timestamp, progress: Progress<'_>) -> Result<Outcome> {
    let (mut outcome, bad) = review(db, &batch).await?;
    if !outcome.errors.is_empty() && !batch.keep {
        outcome.refused = true;
        return Ok(outcome.sorted());
    }
    let written = if batch.keep {
        in_parts(db, actor, &batch, &bad, outcome, at, progress).await?
    } else {
        whole(db, actor, &batch, outcome, at, progress).await?
    };
    Ok(written.sorted())
}

/// 在别的线程上读文件，一段段地交来。
fn sections(batch: &Batch, size: usize) -> (Receiver<Vec<Line>>, JoinHandle<std::result::Result<(), Problem>>) {
    let (sender, receiver) = mpsc::channel(2);
    let (content, kind) = (batch.content.clone(), batch.kind);
    let gone = || Problem::conflict("导入中断");
    let reader = tokio::task::spawn_blocking(move || {
        let mut section = Vec::with_capacity(size);
        each::<Problem>(&content, kind, &mut |line| {
            section.push(line);
            if section.len() < size {
                return Ok(());
            }
            sender.blocking_send(std::mem::take(&mut section)).map_err(|_| gone())
        })?;
        sender.blocking_send(section).map_err(|_| gone())
    });
    (receiver, reader)
}

async fn ended(reader: JoinHandle<std::result::Result<(), Problem>>) -> Result<()> {
    Ok(reader.await.map_err(|error| Error::Io(format!("读导入的文件：{error}")))??)
}

/// 第一遍：整份检查。回答行数、错处与出错的行。
async fn review(db: &Database, batch: &Batch) -> Result<(Outcome, BTreeSet<i64>)> {
    let (mut sections, reader) = sections(batch, CHECKED);
    let (mut outcome, mut bad, mut seen) = (Outcome::default(), BTreeSet::new(), Seen::default());
    while let Some(lines) = sections.recv().await {
        outcome.total += lines.len();
        let mut errors: Vec<RowError> = lines.iter().filter_map(|line| seen.again(line, batch.kind)).collect();
        let (kind, depts) = (batch.kind, Arc::clone(&batch.depts));
        errors.extend(db.snapshot("items.import_check", move |tx| faults(tx, kind, &lines, &depts)).await?);
        bad.extend(errors.iter().map(|error| error.line));
        errors.into_iter().for_each(|error| outcome.wrong(error));
    }
    ended(reader).await?;
    Ok((outcome, bad))
}

fn faults(tx: &mut Tx<'_>, kind: Kind, lines: &[Line], depts: &Depts) -> Result<Vec<RowError>> {
    let mut found = Vec::new();
    for line in lines {
        found.extend(check(tx, kind, line, depts)?.err().into_iter().flatten());
    }
    Ok(found)
}

/// 第二遍，整份一个单元：写到哪一行被拒绝或出故障，都一行不留。
///
/// 大文件会占住写连接很久（SQLite 上别人的写要等它），换来的是要么全成、要么没动过。
async fn whole(db: &Database, actor: &Actor, batch: &Batch, outcome: Outcome, at: Timestamp, progress: Progress<'_>) -> Result<Outcome> {
    let (done, refused) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(None::<RowError>)));
    let work = {
        let (batch, me, fresh) = (batch.clone(), actor.clone(), outcome.clone());
        let (done, refused) = (Arc::clone(&done), Arc::clone(&refused));
        db.bulk("items.import_whole", move |tx| {
            done.store(0, Ordering::Relaxed);
            *refused.lock().unwrap_or_else(PoisonError::into_inner) = None;
            let mut outcome = fresh.clone();
            each::<Error>(&batch.content, batch.kind, &mut |line| {
                match put(tx, &me, batch.kind, &line, &batch.depts, at) {
                    Ok(put) => outcome.count(put),
                    Err(Error::Refused(problem)) => {
                        *refused.lock().unwrap_or_else(PoisonError::into_inner) = Some(row_error(&line, batch.kind, &problem));
                        return Err(Error::Refused(problem));
                    }
                    Err(error) => return Err(error),
                }
                if done.fetch_add(1, Ordering::Relaxed) % CHUNK == 0 {
                    tx.keep_leases()?;
                }
                Ok(())
            })?;
            Ok(outcome)
        })
    };
    tokio::pin!(work);
    let written = loop {
        tokio::select! {
            written = &mut work => break written,
            () = tokio::time::sleep(TELL) => progress(done.load(Ordering::Relaxed), outcome.total),
        }
    };
    match written {
        Err(Error::Refused(problem)) => {
            let refused = refused.lock().unwrap_or_else(PoisonError::into_inner).take();
            let mut outcome = Outcome { refused: true, ..outcome };
            outcome.wrong(refused.ok_or(Error::Refused(problem))?);
            Ok(outcome)
        }
        other => {
            progress(outcome.total, outcome.total);
            other
        }
    }
}

/// 第二遍，好的行照样导入：一段一个单元，被拒绝的记下，别的照写。
async fn in_parts(
    db: &Database,
    actor: &Actor,
    batch: &Batch,
    bad: &BTreeSet<i64>,
    mut outcome: Outcome,
    at: Timestamp,
    progress: Progress<'_>,
) -> Result<Outcome> {
    let (mut sections, reader) = sections(batch, CHUNK);
    let mut done = 0;
    while let Some(lines) = sections.recv().await {
        done += lines.len();
        let good: Vec<Line> = lines.into_iter().filter(|line| !bad.contains(&line.number)).collect();
        let (rows, me, kind, depts) = (good.clone(), actor.clone(), batch.kind, Arc::clone(&batch.depts));
        let written = db
            .bulk("items.import", move |tx| rows.iter().map(|line| put(tx, &me, kind, line, &depts, at)).collect::<Result<Vec<_>>>())
            .await;
        match written {
            Ok(puts) => puts.into_iter().for_each(|put| outcome.count(put)),
            // 这一段里有一行被拒绝：一行一行地来，拒绝的记下
            Err(Error::Refused(_)) => one_by_one(db, actor, batch, &good, at, &mut outcome).await?,
            Err(error) => return Err(error),
        }
        progress(done, outcome.total);
    }
    ended(reader).await?;
    Ok(outcome)
}

async fn one_by_one(db: &Database, actor: &Actor, batch: &Batch, lines: &[Line], at: Timestamp, outcome: &mut Outcome) -> Result<()> {
    for line in lines {
        let (one, me, kind, depts) = (line.clone(), actor.clone(), batch.kind, Arc::clone(&batch.depts));
        match db.bulk("items.import", move |tx| put(tx, &me, kind, &one, &depts, at)).await {
            Ok(put) => outcome.count(put),
            Err(Error::Refused(problem)) => outcome.wrong(row_error(line, batch.kind, &problem)),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn row_error(line: &Line, kind: Kind, problem: &Problem) -> RowError {
    let first = problem.errors.first();
    let detail = first.map_or_else(|| problem.detail.clone(), |error| error.detail.clone());
    let field = first.map_or("", |error| error.field());
    let rule = first.map_or(problem.code.as_str(), |error| error.code);
    RowError::new(line.number, field, line.record.get(kind.key()).map_or("", String::as_str), rule, detail)
}

/// 检查并写入一行。
fn put(tx: &mut Tx<'_>, actor: &Actor, kind: Kind, line: &Line, depts: &Depts, at: Timestamp) -> Result<Put> {
    match check(tx, kind, line, depts)? {
        Err(errors) => {
            let errors = errors.into_iter().map(|error| tongban_kernel::FieldError::new(&error.cell.column, "row", error.cell.message));
            Err(Problem::invalid(errors.collect()).into())
        }
        Ok(Ready::Catalogue(line, implementers)) => {
            let (id, put) = commands::put_catalogue(tx, actor, &line, at)?;
            for implementer in &implementers {
                commands::pool(tx, actor, id, implementer, at)?;
            }
            Ok(put)
        }
        Ok(Ready::Item(input, implementer)) => commands::put_item(tx, actor, &implementer, &input, at),
    }
}

fn check(tx: &mut Tx<'_>, kind: Kind, line: &Line, depts: &Depts) -> Result<Checked> {
    match kind {
        Kind::Catalogue => Ok(CatalogueLine::read(line).and_then(|found| catalogue(line.number, found, depts))),
        Kind::Items => item(tx, line, depts),
    }
}

type Checked = std::result::Result<Ready, Vec<RowError>>;

fn catalogue(number: i64, line: CatalogueLine, depts: &Depts) -> Checked {
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
    Ok(Ready::Catalogue(line, implementers))
}

/// 检查一行办理项：编码、主体、目录、内容。
fn item(tx: &mut Tx<'_>, line: &Line, depts: &Depts) -> Result<Checked> {
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
        return Ok(Ok(Ready::Item(Box::new(input), implementer)));
    }
    Ok(Err(errors))
}
