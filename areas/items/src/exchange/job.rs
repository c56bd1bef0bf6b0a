//! 后台跑一次导入，边跑边记进度。

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tongban_directory::queries as directory;
use tongban_kernel::{Actor, Problem};
use tongban_store::jobs::Job;
use tongban_store::{Error, Result, Tx};
use tongban_web::App;
use tongban_web::area::Work;

use super::Kind;
use super::run::{Batch, Depts, Outcome, import};
use crate::store::{self, ImportRow};

/// 试几次。
pub const TRIES: u32 = 3;

/// 本进程正在写的导入写到第几行：整份一个单元写的时候，库里的进度要等它写完才看得到。
static WRITING: Mutex<BTreeMap<i64, (i64, i64)>> = Mutex::new(BTreeMap::new());

/// 正在写的导入写到第几行、一共几行；不在本进程写为 `None`。
#[must_use]
pub fn writing(id: i64) -> Option<(i64, i64)> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner).get(&id).copied()
}

fn count(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

fn tell(id: i64, at: Option<(usize, usize)>) {
    let mut writing = WRITING.lock().unwrap_or_else(PoisonError::into_inner);
    match at {
        Some((done, total)) => writing.insert(id, (count(done), count(total))),
        None => writing.remove(&id),
    };
}

/// `items.import`：内容是 `items_imports` 的行键。
pub fn run<'a>(app: &'a App, job: &'a Job) -> Work<'a> {
    Box::pin(async move {
        let id: i64 = job.payload.parse().map_err(|_| Error::from(Problem::conflict("导入任务的行键读不懂")))?;
        let row = app.db().read("items.import_row", move |tx| store::import_found(tx, id)).await?;
        if matches!(row.state.as_str(), "done" | "refused") {
            return Ok(());
        }
        let kind = Kind::parse(&row.kind).ok_or_else(|| Error::from(Problem::conflict("不认识的导入种类")))?;
        let content = app.files().get(&row.file).await?;
        let depts = Arc::new(app.db().read("items.import_depts", depts).await?);
        let running = ImportRow { state: "running".into(), ..row };
        note(app, running.clone(), Vec::new()).await?;
        let batch = Batch { kind, content, keep: running.keep, depts };
        let imported = write(app, &running, batch).await;
        tell(id, None);
        match imported {
            Ok(outcome) => finish(app, running, outcome).await,
            Err(Error::Refused(problem)) => {
                let detail = problem.errors.first().map_or(problem.detail.clone(), |error| error.detail.clone());
                note(app, ImportRow { state: "refused".into(), note: detail, ..running }, Vec::new()).await
            }
            Err(error) if job.tries >= i64::from(TRIES) => {
                let text = format!("试了 {TRIES} 次都没有写成，{}。{error}", if running.keep { "先写好的行留着" } else { "什么也没有改" });
                note(app, ImportRow { state: "refused".into(), note: text, ..running }, Vec::new()).await?;
                Err(error)
            }
            Err(error) => Err(error),
        }
    })
}

/// 边写边记进度。
async fn write(app: &App, running: &ImportRow, batch: Batch) -> Result<Outcome> {
    let (id, keep) = (running.id, batch.keep);
    let actor = Actor { tenant: running.tenant, account: running.account, ..Actor::system() };
    let (sender, mut receiver) = tokio::sync::watch::channel((0_usize, 0_usize));
    let mut progress = |done, total| {
        tell(id, Some((done, total)));
        sender.send_replace((done, total));
    };
    let work = import(app.db(), &actor, batch, app.now(), &mut progress);
    tokio::pin!(work);
    loop {
        tokio::select! {
            outcome = &mut work => return outcome,
            // 整份一个单元写的时候不往库里记：会排在它后面
            Ok(()) = receiver.changed(), if keep => {
                let (done, total) = *receiver.borrow_and_update();
                note(app, ImportRow { done: count(done), total: count(total), ..running.clone() }, Vec::new()).await?;
            }
        }
    }
}

async fn finish(app: &App, row: ImportRow, outcome: Outcome) -> Result<()> {
    let done = ImportRow {
        state: if outcome.refused { "refused" } else { "done" }.to_owned(),
        total: count(outcome.total),
        done: count(outcome.added + outcome.changed + outcome.same),
        added: count(outcome.added),
        changed: count(outcome.changed),
        same: count(outcome.same),
        wrong: count(outcome.wrong),
        note: if outcome.refused {
            "有错，什么也没有改；改好再传，或勾选“好的行照样导入”".to_owned()
        } else {
            String::new()
        },
        ..row
    };
    note(app, done, outcome.errors).await
}

async fn note(app: &App, row: ImportRow, errors: Vec<super::RowError>) -> Result<()> {
    app.db()
        .write("items.import_note", move |tx| {
            store::update_import(tx, &row)?;
            store::write_import_errors(tx, row.id, &errors)
        })
        .await
}

/// 在用的部门与乡镇，按统一社会信用代码。
///
/// # Errors
/// 引擎故障。
pub fn depts(tx: &mut Tx<'_>) -> Result<Depts> {
    let named = |org: &directory::Org| if org.short_name.is_empty() { org.name.clone() } else { org.short_name.clone() };
    let orgs = directory::all_orgs(tx)?;
    let units = orgs.iter().filter(|org| org.status == 1 && !org.code.is_empty());
    Ok(units.map(|org| (org.code.clone(), (org.place(), named(org), org.division.clone()))).collect())
}
