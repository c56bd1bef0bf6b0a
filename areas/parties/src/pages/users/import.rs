//! 成批登记人员：一张表，先导出一份照着填；有一处错就什么也不改，一次说全错在第几行。

use askama::Template;
use axum::extract::{Multipart, State};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use tongban_directory::model::{Appointment, FOREVER, NewPost, NewStaff, role, roles};
use tongban_directory::{commands as directory, queries};
use tongban_documents::table::{self, Column, Kind};
use tongban_kernel::problem::FieldError;
use tongban_kernel::time::{date_of, day_number};
use tongban_kernel::{Actor, Problem};
use tongban_store::{Error, Result, Tx};
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::upload::UploadForm;
use tongban_web::{App, Ctx, Failure, Html, Layout, render, render_status, see_other};

/// 一次至多几人：在一个单元里做完，太多会挡住别人。
const MOST: usize = 500;
/// 错至多说几处。
const FAULTS: usize = 50;

/// 列：表头写中文名或英文标识都认。
const COLUMNS: [(&str, &str); 6] =
    [("姓名", "name"), ("人员编码", "code"), ("单位", "org"), ("角色", "role"), ("岗位名", "title"), ("实名等级", "real_level")];

#[derive(Template)]
#[template(path = "users_import.html")]
struct ImportPage {
    l: Layout,
    summary: ErrorSummary,
    field: Field,
    columns: String,
}

fn page(ctx: &Ctx, problem: Option<&Problem>) -> ImportPage {
    let layout = Layout::staff(ctx, "成批登记人员");
    ImportPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        summary: ErrorSummary::of(problem),
        field: Field::file("file", "表格").hint(format!("XLSX 或 CSV，一次至多 {MOST} 人")).errors_of(problem),
        columns: COLUMNS.map(|(title, _)| title).join("、"),
    }
}

/// `GET /admin/users/import`
///
/// # Errors
/// 引擎故障。
pub async fn form(ctx: Ctx) -> std::result::Result<Html, Failure> {
    render(&page(&ctx, None))
}

/// `POST /admin/users/import`
///
/// # Errors
/// 没有选文件、读不懂、有错行 422，太大 413。
pub async fn upload(State(app): State<App>, ctx: Ctx, parts: Multipart) -> std::result::Result<Response, Failure> {
    let read = UploadForm::receive(parts, app.config().upload_limit).await.and_then(|form| {
        let (_, file) = form.files.into_iter().next().ok_or_else(|| Problem::field("file", "required", "请选择要导入的表格"))?;
        lines(&file.content)
    });
    let lines = match read {
        Ok(lines) => lines,
        Err(problem) if !problem.errors.is_empty() => return render_status(problem.code.status(), &page(&ctx, Some(&problem))),
        Err(problem) => return Err(problem.into()),
    };
    let (actor, at, count) = (ctx.actor.clone(), app.now(), lines.len());
    match app.act(&ctx, "parties.import_staff", move |tx| write(tx, &actor, &lines, at)).await {
        Ok(()) => Ok(see_other("/admin/users").flash(format!("登记了 {count} 人；账号到各人的页面上开")).into_response()),
        Err(error) => match error.problem().filter(|problem| !problem.errors.is_empty()).cloned() {
            Some(problem) => render_status(422, &page(&ctx, Some(&problem))),
            None => Err(error.into()),
        },
    }
}

/// 读出的一行。
#[derive(Debug, Clone, PartialEq, Eq)]
struct Line {
    number: usize,
    /// 按 [`COLUMNS`] 的先后。
    cells: [String; 6],
}

fn lines(content: &[u8]) -> std::result::Result<Vec<Line>, Problem> {
    let sheet = table::read(content)?;
    let columns: Vec<Column> = COLUMNS.iter().map(|(title, code)| Column::new(*title, code, Kind::Text)).collect();
    let mapping = sheet.map(&columns)?;
    if sheet.rows.is_empty() {
        return Err(Problem::field("file", "empty", "表里没有一行人员"));
    }
    if sheet.rows.len() > MOST {
        return Err(Problem::field("file", "too-many", format!("一次至多 {MOST} 人，这张表有 {} 行，请分几次导入", sheet.rows.len())));
    }
    let line = |row: &table::Row| Line { number: row.number, cells: std::array::from_fn(|index| mapping.get(row, index).trim().to_owned()) };
    Ok(sheet.rows.iter().map(line).collect())
}

/// 一行一行地登记；有错接着查完，最后一起说，什么也不留下。
fn write(tx: &mut Tx<'_>, actor: &Actor, lines: &[Line], at: Timestamp) -> Result<()> {
    let mut faults: Vec<FieldError> = Vec::new();
    for line in lines {
        match register(tx, actor, line, at) {
            Ok(()) => {}
            Err(Error::Refused(problem)) if problem.code.status() == 422 => {
                let said = problem.errors.iter().map(|error| FieldError::new("file", error.code, format!("第 {} 行：{}", line.number, error.detail)));
                faults.extend(said);
            }
            Err(error) => return Err(error),
        }
    }
    if faults.is_empty() {
        return Ok(());
    }
    let more = faults.len().saturating_sub(FAULTS);
    faults.truncate(FAULTS);
    if more > 0 {
        faults.push(FieldError::new("file", "more", format!("还有 {more} 处，改好这些再看")));
    }
    Err(Problem::invalid(faults).into())
}

fn register(tx: &mut Tx<'_>, actor: &Actor, line: &Line, at: Timestamp) -> Result<()> {
    let [name, code, org, wanted, title, level] = &line.cells;
    let day = day_number(date_of(at));
    let found = queries::org_named(tx, actor.tenant, org)?.ok_or_else(|| Problem::field("org", "choice", format!("没有叫“{org}”的单位，请写全称")))?;
    let real_level = if level.is_empty() { 0 } else { level.parse().unwrap_or(-1) };
    let new = NewStaff { org: found.id, code: code.clone(), name: name.clone(), joined_day: day, real_level };
    let staff = directory::register_staff(tx, actor, &new, at)?;
    if wanted.is_empty() {
        return Ok(());
    }
    let known = role(wanted).or_else(|| roles().iter().find(|role| role.name == *wanted));
    let known = known.ok_or_else(|| Problem::field("role", "unknown", format!("没有“{wanted}”这个角色，请写角色的中文名")))?;
    let post = NewPost { staff, org: found.id, role: known.code.clone(), title: title.clone(), window: None, reach: known.reach };
    directory::appoint(tx, actor, &Appointment { post, from_day: day, to_day: FOREVER, backup: None }, at)?;
    Ok(())
}
