//! 工作台：差评工单、评价列表、复核、窗口发起评价。

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_documents::table::Format;
use tongban_kernel::problem::Code;
use tongban_kernel::{Actor, Problem, time};
use tongban_store::Tx;
use tongban_web::components::{ErrorSummary, Field, LightTag, Pager, Timeline, TimelineStep};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Listing, PageQuery, Query, Redirect, render, render_status, see_other};

use super::evidence::{self, Given};
use super::light_tag;
use crate::commands::{self, EvidenceFile, Handle};
use crate::model::{Action, Cause, Round, State as TaskState, TRANSITIONS, actions_from};
use crate::permissions::{RECORD, REVIEW};
use crate::rules;
use crate::store::{self, EvidenceRow, RatingRow, Recorded, StepRow, TaskListed, TaskRow};

/// 列表的条件。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Filter {
    tab: String,
    limit: Option<i64>,
    cursor: Option<String>,
    format: String,
}

impl Filter {
    fn page(&self) -> PageQuery {
        PageQuery { limit: self.limit, cursor: self.cursor.clone() }
    }
}

struct TaskLine {
    task: TaskListed,
    light: LightTag,
    due: String,
    /// 由哪个单位代管；自己办的为空。
    handler: String,
}

#[derive(Template)]
#[template(path = "desk_rates.html")]
struct TasksPage {
    l: Layout,
    settled: bool,
    rows: Vec<TaskLine>,
    pager: Pager,
}

/// `GET /desk/rates`
pub async fn tasks(State(app): State<App>, ctx: Ctx, Query(filter): Query<Filter>) -> Result<Html, Failure> {
    let page = filter.page();
    let limit = page.limit()?;
    let settled = filter.tab == "settled";
    let after: Option<(i64, i64)> = page.after(&filter.tab)?;
    let viewer = ctx.actor.clone();
    let more = u32::try_from(limit + 1).unwrap_or(101);
    let found = app.db().snapshot("evaluation.tasks", move |tx| {
        let tasks = if settled { store::settled_tasks(tx, &viewer, after, more)? } else { store::tasks_open(tx, &viewer, after, more)? };
        let mut names = BTreeMap::new();
        for unit in tasks.iter().map(|task| task.handler_unit).filter(|unit| *unit != 0).collect::<BTreeSet<_>>() {
            names.insert(unit, handler_name(tx, unit)?);
        }
        Ok((tasks, names))
    });
    let (tasks, names) = found.await?;
    let listing = Listing::cut(tasks, limit, &filter.tab, |task| (task.due.as_millisecond(), task.id));
    let now = app.now();
    let note = format!("本页 {} 条", listing.items.len());
    let line = |task: TaskListed| TaskLine {
        light: light_tag(task.light(now), task.due, now),
        due: time::show(task.due),
        handler: names.get(&task.handler_unit).cloned().unwrap_or_default(),
        task,
    };
    render(&TasksPage {
        l: Layout::staff(&ctx, "差评整改"),
        settled,
        pager: Pager::of(&ctx.uri, listing.next_cursor.as_deref(), note),
        rows: listing.items.into_iter().map(line).collect(),
    })
}

/// 代管单位的短名。
fn handler_name(tx: &mut Tx<'_>, unit: i64) -> tongban_store::Result<String> {
    Ok(tongban_directory::queries::org(tx, unit)?.map_or_else(|| "本县区".to_owned(), |org| org.short_name))
}

#[derive(Template)]
#[template(path = "desk_ratings.html")]
struct RatingsPage {
    l: Layout,
    tab: String,
    can_review: bool,
    can_record: bool,
    rows: Vec<RatingRow>,
    pager: Pager,
}

/// `GET /desk/rates/ratings`
pub async fn ratings(State(app): State<App>, ctx: Ctx, Query(filter): Query<Filter>) -> Result<Response, Failure> {
    if let Some(format) = Format::from_extension(&filter.format) {
        return super::exchange::ratings(&app, &ctx, if filter.tab == "bad" { 2 } else { 5 }, format).await;
    }
    let page = filter.page();
    let limit = page.limit()?;
    let before: Option<(i64, i64)> = page.after(&filter.tab)?;
    let (viewer, tab) = (ctx.actor.clone(), filter.tab.clone());
    let more = u32::try_from(limit + 1).unwrap_or(101);
    let found = app.db().snapshot("evaluation.ratings", move |tx| match tab.as_str() {
        "waiting" => store::waiting_reviews(tx, &viewer, before, more),
        "bad" => store::ratings(tx, &viewer, 2, before, more),
        _ => store::ratings(tx, &viewer, 5, before, more),
    });
    let listing = Listing::cut(found.await?, limit, &filter.tab, |row| (row.at.as_millisecond(), row.id));
    let note = format!("本页 {} 条", listing.items.len());
    let page = RatingsPage {
        l: Layout::staff(&ctx, "全部评价"),
        can_review: ctx.actor.may(REVIEW),
        can_record: ctx.actor.may(RECORD),
        pager: Pager::of(&ctx.uri, listing.next_cursor.as_deref(), note),
        rows: listing.items,
        tab: filter.tab,
    };
    Ok(render(&page)?.into_response())
}

#[derive(Template)]
#[template(path = "desk_rate.html")]
struct TaskPage {
    l: Layout,
    task: TaskRow,
    rating: RatingRow,
    follow: Option<RatingRow>,
    light: LightTag,
    due: String,
    contact_due: String,
    conclude_due: String,
    rectify_due: String,
    steps: Timeline,
    /// 此刻能做的动作；没有权限的不出现。
    choices: Vec<Action>,
    errors: ErrorSummary,
    fields: Vec<Field>,
    /// 这一步能附证据文件。
    takes_files: bool,
    files_error: String,
    /// 一份最大多少 MB。
    limit_mb: usize,
    proofs: Vec<Proof>,
    /// 代管单位；办理单位自己办为空。
    handler: String,
    /// 办件也在看的人的范围内。
    case_open: bool,
}

/// 页面上的一份证据。
struct Proof {
    href: String,
    name: String,
    size: String,
    when: String,
}

impl Proof {
    fn of(no: &str, row: &EvidenceRow) -> Self {
        let done = Action::parse(&row.action).map_or("", Action::label);
        let size = if row.size < 1024 * 1024 { format!("{} KB", (row.size + 1023) / 1024) } else { format!("{:.1} MB", row.size as f64 / 1_048_576.0) };
        Self {
            href: format!("/desk/rates/{no}/evidence/{}", row.id),
            name: row.name.clone(),
            size,
            when: format!("{done} · {} · {}", time::show(row.at), row.who),
        }
    }
}

struct Seen {
    task: TaskRow,
    rating: RatingRow,
    follow: Option<RatingRow>,
    steps: Vec<StepRow>,
    proofs: Vec<EvidenceRow>,
    handler: String,
}

async fn look(app: &App, actor: &Actor, no: &str) -> Result<Seen, Failure> {
    let (viewer, no) = (actor.clone(), no.to_owned());
    let seen = app.db().snapshot("evaluation.task", move |tx| {
        let id = store::task_by_no(tx, &no)?.ok_or_else(Problem::not_found)?;
        let task = store::task(tx, id)?.ok_or_else(Problem::not_found)?;
        task.check(&viewer.scope)?;
        rules::not_about_oneself(&viewer, task.staff)?;
        let rating = store::rating(tx, task.rating)?.ok_or_else(Problem::not_found)?;
        let follow = store::rating_of(tx, rating.subject, rating.node, Round::FollowUp)?;
        let steps = store::steps(tx, id)?;
        let proofs = store::evidence(tx, id)?;
        let handler = if task.handler_unit == 0 { String::new() } else { handler_name(tx, task.handler_unit)? };
        Ok(Seen { task, rating, follow, steps, proofs, handler })
    });
    Ok(seen.await?)
}

/// 表单带来的。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    action: String,
    version: i64,
    note: String,
    cause: String,
    measures: String,
    published: String,
    item_change: String,
    evidence: String,
}

impl Sent {
    /// 由上传表单的各字段。
    pub(super) fn of(get: impl Fn(&str) -> String) -> Self {
        Self {
            action: get("action"),
            version: get("version").parse().unwrap_or(0),
            note: get("note"),
            cause: get("cause"),
            measures: get("measures"),
            published: get("published"),
            item_change: get("item_change"),
            evidence: get("evidence"),
        }
    }

    fn handle(&self, files: Vec<EvidenceFile>) -> Handle {
        Handle {
            action: Action::parse(&self.action),
            version: self.version,
            note: self.note.clone(),
            cause: Cause::parse(&self.cause),
            measures: self.measures.clone(),
            published: self.published.clone(),
            item_change: self.item_change.clone(),
            evidence: self.evidence.clone(),
            files,
        }
    }
}

/// 整改要填的几项只在“整改中”出现。
fn fields(state: TaskState, sent: &Sent, problem: Option<&Problem>) -> Vec<Field> {
    let mut all = Vec::new();
    if state == TaskState::Rectifying {
        let causes = std::iter::once(("", "请选择")).chain(Cause::ALL.into_iter().map(|cause| (cause.as_str(), cause.label())));
        all.push(Field::select("cause", "差评的原因", causes).value(&sent.cause));
        all.push(Field::area("measures", "整改措施").value(&sent.measures).hint("做了什么、谁负责、何时做完、有什么证据"));
        all.push(Field::area("published", "给群众看的整改结果").value(&sent.published).hint("会公开，不要写姓名、电话"));
        all.push(Field::text("item_change", "关联的事项变更单号").value(&sent.item_change).optional());
    }
    if state == TaskState::Verifying {
        let hint = "申诉误评、恶意要有证据：写录音、监控、办件记录的编号，或在下面传文件；不申诉不用填";
        all.push(Field::text("evidence", "申诉的证据编号").value(&sent.evidence).hint(hint).optional());
    }
    let hint = "联系经过、核实依据、审核意见、回访记录；只在内部看";
    all.push(Field::area("note", "经过或依据").value(&sent.note).hint(hint));
    all.into_iter().map(|field| field.errors_of(problem)).collect()
}

fn timeline(steps: &[StepRow], task: &TaskRow) -> Timeline {
    let title = |step: &StepRow| match Action::parse(&step.action) {
        Some(action) => format!("{} → {}", action.label(), step.to.label()),
        None if step.action == commands::HANDED => "办理单位没有能办的人，交给代管".to_owned(),
        None => "收到差评，派给办理单位".to_owned(),
    };
    let done = |step: &StepRow| TimelineStep {
        title: title(step),
        state: "done",
        time: format!("{} {}", time::show(step.at), step.who),
        detail: step.note.clone().unwrap_or_default(),
    };
    let mut all: Vec<TimelineStep> = steps.iter().map(done).collect();
    if !task.state.is_final() {
        let due = task.due.map(time::show).unwrap_or_default();
        all.push(TimelineStep { title: task.state.label().to_owned(), state: "now", time: format!("{due} 前"), detail: String::new() });
    }
    Timeline(all)
}

fn page(app: &App, ctx: &Ctx, seen: Seen, sent: &Sent, problem: Option<&Problem>) -> TaskPage {
    let Seen { task, rating, follow, steps, proofs, handler } = seen;
    let now = app.now();
    let permitted = |action: &Action| TRANSITIONS.iter().any(|row| row.action == *action && ctx.actor.may(row.needs));
    let due = task.due.unwrap_or(task.rectify_due);
    let l = Layout::staff(ctx, "差评整改");
    TaskPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        light: light_tag(task.light(now), due, now),
        due: time::show(due),
        contact_due: time::show(task.contact_due),
        conclude_due: time::show(task.conclude_due),
        rectify_due: time::show(task.rectify_due),
        steps: timeline(&steps, &task),
        choices: actions_from(task.state).filter(permitted).collect(),
        errors: ErrorSummary::of(problem),
        fields: fields(task.state, sent, problem),
        takes_files: matches!(task.state, TaskState::Verifying | TaskState::Rectifying),
        files_error: problem.and_then(|p| p.errors.iter().find(|e| e.field() == "files")).map(|e| e.detail.clone()).unwrap_or_default(),
        limit_mb: app.config().upload_limit / 1024 / 1024,
        proofs: proofs.iter().map(|row| Proof::of(&task.no, row)).collect(),
        handler,
        case_open: ctx.actor.scope.covers(&rating.place),
        task,
        rating,
        follow,
    }
}

/// `GET /desk/rates/{task}`
pub async fn show_task(State(app): State<App>, ctx: Ctx, Path(no): Path<String>) -> Result<Html, Failure> {
    let seen = look(&app, &ctx.actor, &no).await?;
    let sent = Sent { published: seen.task.published.clone().unwrap_or_default(), ..Sent::default() };
    render(&page(&app, &ctx, seen, &sent, None))
}

/// `POST /desk/rates/{task}`
pub async fn handle(State(app): State<App>, ctx: Ctx, Path(no): Path<String>, request: Request) -> Result<Response, Failure> {
    // 范围外的先回答没有，不收文件
    look(&app, &ctx.actor, &no).await?;
    let Given { sent, files, wrong } = evidence::receive(&app, request).await?;
    let (actor, number, input, at) = (ctx.actor.clone(), no.clone(), sent.handle(files), app.now());
    let done = match wrong {
        Some(problem) => Err(problem.into()),
        None => app.act(&ctx, "evaluation.handle", move |tx| commands::handle(tx, &actor, &number, &input, at)).await,
    };
    match done {
        Ok(state) => Ok(see_other(format!("/desk/rates/{no}")).flash(format!("已记录，现在是“{}”", state.label())).into_response()),
        Err(error) => {
            let problem = error.into_problem();
            if problem.code != Code::ValidationFailed {
                return Err(problem.into());
            }
            let seen = look(&app, &ctx.actor, &no).await?;
            render_status(422, &page(&app, &ctx, seen, &sent, Some(&problem)))
        }
    }
}

#[derive(Template)]
#[template(path = "desk_rating.html")]
struct RatingPage {
    l: Layout,
    rating: RatingRow,
    at: String,
    task: bool,
    can_review: bool,
    /// 补录的凭据，审核的人看得到。
    recorded: Option<Recorded>,
}

/// `GET /desk/rates/ratings/{rating}`
pub async fn show_rating(State(app): State<App>, ctx: Ctx, Path(no): Path<String>) -> Result<Html, Failure> {
    let viewer = ctx.actor.clone();
    let found = app.db().snapshot("evaluation.rating", move |tx| {
        let id = store::rating_by_no(tx, &no)?.ok_or_else(Problem::not_found)?;
        let rating = store::rating(tx, id)?.ok_or_else(Problem::not_found)?;
        viewer.scope.check(&rating.place)?;
        rules::not_about_oneself(&viewer, rating.staff)?;
        let task = store::task_of_rating(tx, id)?.is_some();
        let recorded = store::recorded(tx, id)?;
        Ok((rating, task, recorded))
    });
    let (rating, task, recorded) = found.await?;
    let can_review = ctx.actor.may(REVIEW);
    let recorded = recorded.filter(|_| can_review);
    render(&RatingPage { l: Layout::staff(&ctx, "评价"), at: time::show(rating.at), rating, task, can_review, recorded })
}

/// 复核结论。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Verdict {
    pass: String,
}

/// `POST /desk/rates/ratings/{rating}/text`
pub async fn review_text(State(app): State<App>, ctx: Ctx, Path(no): Path<String>, Form(verdict): Form<Verdict>) -> Result<Redirect, Failure> {
    let (actor, number, at, pass) = (ctx.actor.clone(), no.clone(), app.now(), verdict.pass == "1");
    app.act(&ctx, "evaluation.review_text", move |tx| commands::review_text(tx, &actor, &number, pass, at)).await?;
    let text = if pass { "文字已公开" } else { "文字不公开" };
    Ok(see_other(format!("/desk/rates/ratings/{no}")).flash(text))
}

/// `POST /desk/rates/ratings/{rating}/standing`
pub async fn review_standing(State(app): State<App>, ctx: Ctx, Path(no): Path<String>, Form(verdict): Form<Verdict>) -> Result<Redirect, Failure> {
    let (actor, number, at, pass) = (ctx.actor.clone(), no.clone(), app.now(), verdict.pass == "1");
    app.act(&ctx, "evaluation.review_standing", move |tx| commands::review_standing(tx, &actor, &number, pass, at)).await?;
    let text = if pass { "已恢复计入" } else { "已判为无效" };
    Ok(see_other(format!("/desk/rates/ratings/{no}")).flash(text))
}
