//! 行业系统成批补录：交表、核对字段对照与预览、进度、对账报告。

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Multipart, Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_documents::table::{Cell, Column, Format, Kind, stream};
use tongban_kernel::Problem;
use tongban_kernel::problem::{Checks, Code};
use tongban_web::components::{ErrorSummary, Field as Input};
use tongban_web::spool::SpoolForm;
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Query, export, render, render_status, see_other};

use super::{Fields, mendable, show};
use crate::import::{self, Declared};
use crate::rules::sheets;
use crate::store::imports::{self, Coverage, Finding, Import, ImportState};

struct Row {
    id: i64,
    system: String,
    file: String,
    state: &'static str,
    at: String,
    by: String,
    total: i64,
    matched: i64,
    /// 覆盖率：对方的件我方有几成。
    rate: String,
    late: i64,
}

/// 百分数两位小数，不满不写 100%。
fn percent(part: i64, whole: i64) -> String {
    if whole == 0 {
        return "—".to_owned();
    }
    let hundredths = (part * 10_000 / whole).min(if part < whole { 9_999 } else { 10_000 });
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

fn row(i: Import) -> Row {
    let matched = i.linked + i.existed;
    Row {
        id: i.id,
        state: i.state.label(),
        at: show::short(i.created),
        by: i.staff_name,
        total: i.total,
        matched,
        rate: if i.state == ImportState::Done { percent(matched, i.total) } else { "—".to_owned() },
        late: i.late,
        system: i.system,
        file: i.file_name,
    }
}

#[derive(Template)]
#[template(path = "desk_imports.html")]
struct ListPage {
    l: Layout,
    rows: Vec<Row>,
    fields: Vec<Input>,
    errors: ErrorSummary,
}

async fn list_page(app: &App, ctx: &Ctx, system: &str, problem: Option<&Problem>) -> Result<ListPage, Failure> {
    let tenant = ctx.actor.tenant;
    let rows = app.db().snapshot("cases.imports", move |tx| imports::list(tx, tenant, i64::MAX, 50)).await?;
    let l = Layout::staff(ctx, "行业系统成批补录");
    Ok(ListPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        rows: rows.into_iter().map(row).collect(),
        fields: vec![
            Input::text("system", "行业系统").value(system).hint("如：省食品许可系统；同一系统下次自动用上次的字段对照").width("w-m").errors_of(problem),
            Input::file("file", "导出的表").hint("XLSX 或 CSV；几百万行请分成几份，或由管理员用命令行导入").errors_of(problem),
        ],
        errors: ErrorSummary::of(problem),
    })
}

/// 各批与交表。
pub async fn list(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    render(&list_page(&app, &ctx, "", None).await?)
}

/// 表是边收边写盘的，可以比一般的上传大几倍（全站一次提交的上限之内）。
const LARGER: usize = 3;

/// 交一张表。
pub async fn upload(State(app): State<App>, ctx: Ctx, parts: Multipart) -> Result<Response, Failure> {
    let form = SpoolForm::receive(parts, app.config().upload_limit.saturating_mul(LARGER)).await?;
    let system = form.get("system").to_owned();
    match received(&app, &ctx, form).await {
        Ok(id) => Ok(see_other(format!("/desk/sync/imports/{id}")).into_response()),
        Err(Failure(problem)) if matches!(problem.code, Code::ValidationFailed | Code::Conflict) => {
            render_status(422, &list_page(&app, &ctx, &system, Some(&problem)).await?)
        }
        Err(failure) => Err(failure),
    }
}

async fn received(app: &App, ctx: &Ctx, mut form: SpoolForm) -> Result<i64, Failure> {
    let system = form.get("system").to_owned();
    let Some((_, upload)) = form.files.pop() else {
        return Err(Problem::field("file", "required", "请选择行业系统导出的表").into());
    };
    let content = upload.reopen()?;
    let total = reading(move || stream::count(content, import::MAX_ROWS)).await?;
    if total == 0 {
        return Err(Problem::field("file", "empty", "表里没有数据行").into());
    }
    if total > import::MAX_ROWS {
        return Err(Problem::field("file", "too-many-rows", format!("一份表至多 {} 行，请分成几份交", import::MAX_ROWS)).into());
    }
    let stored = app.files().put_file(upload.path(), upload.media).await?;
    let (actor, at, name) = (ctx.actor.clone(), app.now(), upload.name);
    let opened = app.act(ctx, "cases.import_open", move |tx| import::open(tx, &actor, &system, &stored, &name, total, at)).await?;
    Ok(opened.id)
}

/// 读表占线程，放到专门的线程上。
async fn reading<T: Send + 'static>(work: impl FnOnce() -> Result<T, Problem> + Send + 'static) -> Result<T, Failure> {
    let read = tokio::task::spawn_blocking(work).await;
    Ok(read.map_err(|error| tongban_store::Error::Io(error.to_string()))??)
}

/// 预览几行。
const PREVIEW: usize = 10;

struct Preview {
    line: usize,
    cells: Vec<String>,
    fault: String,
}

#[derive(Template)]
#[template(path = "desk_import.html")]
struct ImportPage {
    l: Layout,
    id: i64,
    system: String,
    file: String,
    state: &'static str,
    preview: bool,
    running: bool,
    total: i64,
    done: i64,
    linked: i64,
    existed: i64,
    rate: String,
    fields: Vec<Input>,
    titles: Vec<&'static str>,
    rows: Vec<Preview>,
    /// 发现的种类、名字、件数、头几条。
    findings: Vec<(&'static str, &'static str, i64, Vec<Finding>)>,
    /// 这份表包括哪些：要选的；选过的说一句。
    coverage: Vec<Input>,
    covered: String,
    errors: ErrorSummary,
}

async fn read(app: &App, ctx: &Ctx, id: i64) -> Result<(Import, BTreeMap<String, String>, Vec<(&'static str, &'static str, i64, Vec<Finding>)>), Failure> {
    let tenant = ctx.actor.tenant;
    let found = app
        .db()
        .snapshot("cases.import", move |tx| {
            let import = imports::find(tx, id)?.filter(|import| import.tenant == tenant).ok_or_else(Problem::not_found)?;
            let saved = import::saved_mapping(tx, tenant, &import.system)?;
            let mut findings = Vec::new();
            for (kind, title) in import::FINDINGS {
                let count = match *kind {
                    "failed" => import.failed,
                    "differs" => import.differs,
                    "late" => import.late,
                    _ => import.ours_only,
                };
                findings.push((*kind, *title, count, imports::findings(tx, id, kind, (-1, ""), 20)?));
            }
            Ok((import, saved, findings))
        })
        .await?;
    Ok(found)
}

async fn import_page(app: &App, ctx: &Ctx, id: i64, typed: Option<&BTreeMap<String, String>>, covers: &Fields, problem: Option<&Problem>) -> Result<ImportPage, Failure> {
    let (import, saved, findings) = read(app, ctx, id).await?;
    let (mut fields, mut rows) = (Vec::new(), Vec::new());
    if import.state == ImportState::Preview {
        let mut local = tempfile::tempfile().map_err(|error| tongban_store::Error::Io(error.to_string()))?;
        app.files().get_file(&import.file, &mut local).await?;
        let (header, first) = reading(move || stream::head(local, PREVIEW)).await?;
        let mapping = sheets::recognise(&header, typed.unwrap_or(&saved));
        let none = std::iter::once((String::new(), "（没有这一列）".to_owned()));
        let options: Vec<_> = none.chain(header.iter().map(|text| (text.clone(), text.clone()))).collect();
        for target in sheets::TARGETS {
            let chosen = mapping.get(target.code).and_then(|place| header.get(*place)).cloned().unwrap_or_default();
            let input = Input::select(target.code, target.title, options.clone()).value(chosen).errors_of(problem);
            fields.push(if target.required { input } else { input.optional() });
        }
        for row in &first {
            let cell = |code: &str| mapping.get(code).and_then(|place| row.cells.get(*place)).cloned().unwrap_or_default();
            let fault = sheets::read(&import.system, &mapping, &row.cells).err().map(|errors| errors.iter().map(|e| e.detail.clone()).collect::<Vec<_>>().join("；"));
            let cells = sheets::TARGETS.iter().map(|t| if t.code == "id_number" { tongban_kernel::mask::id_number(&cell(t.code)) } else { cell(t.code) }).collect();
            rows.push(Preview { line: row.number, cells, fault: fault.unwrap_or_default() });
        }
    }
    let l = Layout::staff(ctx, "行业系统成批补录");
    Ok(ImportPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        id,
        state: import.state.label(),
        preview: import.state == ImportState::Preview,
        running: import.state == ImportState::Running,
        coverage: coverage_inputs(covers, problem),
        covered: covered(&import),
        total: import.total,
        done: import.done,
        linked: import.linked,
        existed: import.existed,
        rate: percent(import.linked + import.existed, import.total),
        system: import.system,
        file: import.file_name,
        fields,
        titles: sheets::TARGETS.iter().map(|target| target.title).collect(),
        rows,
        findings,
        errors: ErrorSummary::of(problem),
    })
}

fn declared(fields: &Fields) -> Result<Declared, Problem> {
    let mut checks = Checks::new();
    let mut day = |name: &'static str| {
        let text = fields.get(name).trim();
        let read = text.parse().ok();
        checks.ensure(text.is_empty() || read.is_some(), name, "date", "请写成 2026-11-23 这样的日期");
        read
    };
    let (from, to) = (day("from"), day("to"));
    checks.finish()?;
    Ok(Declared { coverage: Coverage::parse(fields.get("coverage")), from, to })
}

fn coverage_inputs(covers: &Fields, problem: Option<&Problem>) -> Vec<Input> {
    let options = Coverage::ALL.into_iter().map(|c| (c.as_str(), c.label()));
    vec![
        Input::radios("coverage", "这份表包括哪些", options).value(covers.get("coverage")).hint("对账只在它包括的里面找“我方有、对方没有”的；以前交过的别的表不会算进来").errors_of(problem),
        Input::date("from", "办结时间从").value(covers.get("from")).hint("不填就按表里最早的").optional().errors_of(problem),
        Input::date("to", "办结时间到").value(covers.get("to")).hint("不填就按表里最晚的").optional().errors_of(problem),
    ]
}

/// 对账在哪个范围里做的。
fn covered(import: &Import) -> String {
    let day = |at: Option<jiff::Timestamp>, none: &str| at.map_or_else(|| none.to_owned(), |at| tongban_kernel::time::date_of(at).to_string());
    format!("{}，办结时间 {} 至 {}", import.coverage.label(), day(import.from, "表里最早"), day(import.to, "表里最晚"))
}

/// 对账报告要导出哪一种。
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ReportQuery {
    pub kind: String,
    pub format: String,
}

/// 一批：对照与预览、进度、对账报告；`format` 下载某一种发现。
pub async fn show_import(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Query(query): Query<ReportQuery>) -> Result<Response, Failure> {
    let Some(format) = Format::from_extension(&query.format) else {
        return Ok(render(&import_page(&app, &ctx, id, None, &Fields(Vec::new()), None).await?)?.into_response());
    };
    read(&app, &ctx, id).await?;
    let kind = import::FINDINGS.iter().map(|(kind, _)| *kind).find(|kind| *kind == query.kind).unwrap_or("failed");
    let columns = [("行号", "line"), ("业务编号", "number"), ("办件编号", "case_no"), ("说明", "detail")];
    let columns = columns.into_iter().map(|(title, code)| Column::new(title, code, Kind::Text)).collect();
    export::stream(format, "reconciliation", "对账", columns, move |after: Option<(i64, String)>| {
        let app = app.clone();
        async move {
            let from = after.unwrap_or((-1, String::new()));
            let rows = app.db().snapshot("cases.findings", move |tx| imports::findings(tx, id, kind, (from.0, &from.1), 500)).await?;
            let next = rows.last().filter(|_| rows.len() == 500).map(|last| (last.line, last.number.clone()));
            let cells = |f: &Finding| vec![Cell::Text(f.line.to_string()), Cell::Text(f.number.clone()), Cell::Text(f.case_no.clone()), Cell::Text(f.detail.clone())];
            Ok((rows.iter().map(cells).collect(), next))
        }
    })
    .await
}

/// 对照核对好，开始补录。
pub async fn begin(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let mapping: BTreeMap<String, String> = sheets::TARGETS.iter().map(|t| (t.code.to_owned(), fields.get(t.code).to_owned())).filter(|(_, v)| !v.is_empty()).collect();
    let (actor, at, chosen) = (ctx.actor.clone(), app.now(), mapping.clone());
    let declared = declared(&fields);
    let begun = app.act(&ctx, "cases.import_begin", move |tx| {
        import::declare(tx, &actor, id, declared.clone()?, at)?;
        import::begin(tx, &actor, id, &chosen, at)
    });
    match begun.await {
        Ok(_) => Ok(see_other(format!("/desk/sync/imports/{id}")).flash("开始补录，可以离开本页").into_response()),
        Err(error) => {
            let problem = mendable(error)?;
            render_status(422, &import_page(&app, &ctx, id, Some(&mapping), &fields, Some(&problem)).await?)
        }
    }
}
