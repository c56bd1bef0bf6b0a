//! 后台跑一次导入，边跑边记进度。

use std::sync::Arc;

use tongban_directory::queries as directory;
use tongban_kernel::{Actor, Problem};
use tongban_store::jobs::Job;
use tongban_store::{Error, Result, Tx};
use tongban_web::App;
use tongban_web::area::Work;

use super::run::{Batch, Depts, Outcome, import};
use super::{Kind, parse};
use crate::store::{self, ImportRow};

/// 一份错行报告至多留多少条。
const KEPT: usize = 10_000;

/// `items.import`：内容是 `items_imports` 的行键。
pub fn run<'a>(app: &'a App, job: &'a Job) -> Work<'a> {
    Box::pin(async move {
        let id: i64 = job.payload.parse().map_err(|_| Error::from(Problem::conflict("导入任务的行键读不懂")))?;
        let row = app.db().read("items.import_row", move |tx| store::import_found(tx, id)).await?;
        if matches!(row.state.as_str(), "done" | "refused") {
            return Ok(());
        }
        let content = app.files().get(&row.file).await?;
        let depts = Arc::new(app.db().read("items.import_depts", depts).await?);
        let parsed = Kind::parse(&row.kind).map(|kind| parse(&content, kind).map(|lines| (kind, lines)));
        let (kind, lines) = match parsed {
            Some(Ok(found)) => found,
            Some(Err(problem)) => {
                let detail = problem.errors.first().map_or(problem.detail.clone(), |error| error.detail.clone());
                return note(app, ImportRow { state: "refused".into(), note: detail, ..row }, Vec::new()).await;
            }
            None => return Err(Problem::conflict("不认识的导入种类").into()),
        };
        let total = i64::try_from(lines.len()).unwrap_or(i64::MAX);
        let running = ImportRow { state: "running".into(), total, ..row };
        note(app, running.clone(), Vec::new()).await?;
        let actor = Actor { tenant: running.tenant, account: running.account, ..Actor::system() };
        let outcome = {
            let (sender, mut receiver) = tokio::sync::watch::channel(0_usize);
            let mut tell = |done, _| drop(sender.send_replace(done));
            let batch = Batch { kind, lines, keep: running.keep, depts };
            let work = import(app.db(), &actor, batch, app.now(), &mut tell);
            tokio::pin!(work);
            loop {
                tokio::select! {
                    outcome = &mut work => break outcome?,
                    Ok(()) = receiver.changed() => {
                        let done = i64::try_from(*receiver.borrow_and_update()).unwrap_or(i64::MAX);
                        note(app, ImportRow { done, ..running.clone() }, Vec::new()).await?;
                    }
                }
            }
        };
        finish(app, running, outcome).await
    })
}

async fn finish(app: &App, row: ImportRow, outcome: Outcome) -> Result<()> {
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let done = ImportRow {
        state: if outcome.refused { "refused" } else { "done" }.to_owned(),
        done: count(outcome.added + outcome.changed + outcome.same),
        added: count(outcome.added),
        changed: count(outcome.changed),
        same: count(outcome.same),
        wrong: count(outcome.errors.len()),
        note: if outcome.refused {
            "有错，什么也没有改；改好再传，或勾选“好的行照样导入”".to_owned()
        } else {
            String::new()
        },
        ..row
    };
    let mut errors = outcome.errors;
    errors.truncate(KEPT);
    note(app, done, errors).await
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
