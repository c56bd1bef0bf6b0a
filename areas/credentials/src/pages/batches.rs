//! 成批录入：交一份表，看录入、复核、用印的进度。页面只登记，活由任务做。

use askama::Template;
use axum::extract::{Multipart, Path, State};
use axum::response::{IntoResponse, Response};
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Problem, Scope};
use tongban_web::components::ErrorSummary;
use tongban_web::upload::UploadForm;
use tongban_web::{App, Ctx, Failure, Html, Layout, render, render_status, see_other};

use super::licences::all_kinds;
use super::mendable;
use crate::commands;
use crate::model::{BatchState, LicenceState};
use crate::permissions::REVIEW;
use crate::store::batches::{self, Batch};
use crate::store::{Kind, grants, kinds, licences, waits};

#[derive(Template)]
#[template(path = "cert_batch.html")]
struct BatchPage {
    l: Layout,
    kinds: Vec<Kind>,
    errors: ErrorSummary,
}

/// `GET /certs/batch`
pub async fn form(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let kinds = all_kinds(&app, &ctx).await?;
    render(&BatchPage { l: Layout::staff(&ctx, "批量录入证照"), kinds, errors: ErrorSummary::of(None) })
}

/// `POST /certs/batch`：收下表、登记一批，随后的任务核对、录入。
pub async fn upload(State(app): State<App>, ctx: Ctx, parts: Multipart) -> Result<Response, Failure> {
    let received = match UploadForm::receive(parts, app.config().upload_limit).await {
        Ok(form) => open(&app, &ctx, &form).await,
        Err(problem) => Err(problem.into()),
    };
    match received {
        Ok(batch) => Ok(see_other(format!("/certs/batches/{batch}")).flash("收下了，正在核对、录入").into_response()),
        Err(error) => match mendable(Err(error))? {
            Some(problem) => {
                let kinds = all_kinds(&app, &ctx).await?;
                render_status(422, &BatchPage { l: Layout::staff(&ctx, "批量录入证照").with_errors(), kinds, errors: ErrorSummary::of(Some(&problem)) })
            }
            None => Err(Problem::not_found().into()),
        },
    }
}

async fn open(app: &App, ctx: &Ctx, form: &UploadForm) -> tongban_store::Result<String> {
    let file = form.files.first().map(|(_, file)| file).ok_or_else(|| Problem::field("file", "required", "请选择要录入的表格"))?;
    let (kind, at): (i64, _) = (form.get("kind").parse().unwrap_or(0), app.now());
    let stored = app.files().put(file.content.clone(), file.media).await?;
    let id = format!("{}-{}", day_number(date_of(at)), hex::encode(crate::maker::random::<4>()?));
    let (actor, key, name) = (ctx.actor.clone(), id.clone(), file.name.clone());
    app.act(ctx, "credentials.batch_open", move |tx| {
        let org = tongban_directory::queries::org(tx, actor.org)?.ok_or_else(|| Problem::field("org", "required", "您没有所在单位，录不了证照"))?;
        let unit = tongban_directory::queries::org(tx, org.unit)?.ok_or_else(Problem::not_found)?;
        kinds::find(tx, kind)?.filter(|kind| kind.active).ok_or_else(|| Problem::field("kind", "required", "请选择证照类型"))?;
        let batch = Batch {
            id: key.clone(),
            place: unit.place(),
            kind,
            file: stored.digest.clone(),
            file_name: name.clone(),
            state: BatchState::Entering,
            total: 0,
            done: 0,
            errors: Vec::new(),
            account: actor.account,
            who: actor.name.to_string(),
            reviewer: 0,
            reviewer_name: String::new(),
            created: at,
            version: 1,
        };
        commands::open_batch(tx, &actor, &batch, &stored, at)
    })
    .await?;
    Ok(id)
}

#[derive(Template)]
#[template(path = "cert_progress.html")]
struct ProgressPage {
    l: Layout,
    batch: Batch,
    counts: Vec<(LicenceState, i64)>,
    total: i64,
    /// 已签发的。
    done: i64,
    /// 待用印的。
    waiting: i64,
    /// 没用成印的原因，最近一次。
    trouble: Option<String>,
    may_review: bool,
    /// 录入的人自己不能复核。
    own: bool,
    errors: ErrorSummary,
}

impl ProgressPage {
    /// 还在走：录入、复核、用印没完，也没有要人管的。
    fn moves(&self) -> bool {
        self.batch.state.is_running() || (self.batch.state == BatchState::Reviewed && self.waiting > 0 && self.trouble.is_none())
    }
}

async fn page(app: &App, ctx: &Ctx, key: String, problem: Option<&Problem>) -> Result<ProgressPage, Failure> {
    let scope = ctx.actor.scope.clone();
    let (batch, counts, trouble) = app
        .db()
        .snapshot("credentials.progress", move |tx| {
            let batch = batches::find(tx, &key)?.ok_or_else(Problem::not_found)?;
            scope.check(&batch.place)?;
            let counts = licences::batch(tx, &key)?;
            let stuck = licences::in_batch(tx, &key, LicenceState::ToSign, 0, 1)?.first().copied().unwrap_or(0);
            if let Some(wait) = waits::find(tx, stuck)? {
                return Ok((batch, counts, Some(wait.reason)));
            }
            let stuck = licences::find(tx, stuck)?.map(|row| row.identifier);
            let recent = grants::uses(tx, &Scope::unit(batch.place.unit), 0, i64::MAX, 50)?;
            let trouble = recent.into_iter().find(|entry| !entry.done && Some(&entry.source) == stuck.as_ref()).map(|entry| entry.reason);
            Ok((batch, counts, trouble))
        })
        .await?;
    let of = |want: fn(LicenceState) -> bool| counts.iter().filter(|(state, _)| want(*state)).map(|(_, n)| n).sum::<i64>();
    let l = Layout::staff(ctx, "批量签发进度");
    Ok(ProgressPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        total: of(|_| true),
        done: of(LicenceState::is_issued),
        waiting: of(|state| state == LicenceState::ToSign),
        trouble,
        may_review: ctx.actor.may(REVIEW),
        own: batch.account == ctx.actor.account,
        errors: ErrorSummary::of(problem),
        counts,
        batch,
    })
}

/// `GET /certs/batches/{batch}`
pub async fn progress(State(app): State<App>, ctx: Ctx, Path(batch): Path<String>) -> Result<Html, Failure> {
    render(&page(&app, &ctx, batch, None).await?)
}

/// `POST /certs/batches/{batch}`：请任务复核整批，复核完接着用印。
pub async fn review(State(app): State<App>, ctx: Ctx, Path(batch): Path<String>) -> Result<Response, Failure> {
    let (actor, key, at) = (ctx.actor.clone(), batch.clone(), app.now());
    let result = app.act(&ctx, "credentials.batch_review", move |tx| commands::begin_review(tx, &actor, &key, at)).await;
    if let Some(problem) = mendable(result)? {
        return render_status(problem.code.status(), &page(&app, &ctx, batch, Some(&problem)).await?);
    }
    Ok(see_other(format!("/certs/batches/{batch}")).flash("正在复核，随后逐张用印").into_response())
}
