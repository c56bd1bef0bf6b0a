//! 免登录查进度：办件编号 + 手机后四位或回执上的查询码；连错 5 次锁 15 分钟。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use tongban_kernel::codes::CaseNo;
use tongban_kernel::problem::Checks;
use tongban_kernel::{Problem, time};
use tongban_web::components::{ErrorSummary, Field as Input, LightTag, StatusTag, Timeline};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, attempts, render, render_status};

use super::{Fields, mendable, show};
use crate::queries::{self, Tracked};

#[derive(Template)]
#[template(path = "track.html")]
struct AskPage {
    l: Layout,
    fields: Vec<Input>,
    errors: ErrorSummary,
    /// 查不到时列三种常见原因。
    missed: bool,
}

fn ask(ctx: &Ctx, (no, code): (&str, &str), problem: Option<&Problem>) -> AskPage {
    let l = Layout::public(ctx, "查进度");
    let fields = vec![
        Input::text("no", "办件编号").value(no).hint("回执上的 20 位编号，如 510811-20210531-000001").errors_of(problem),
        Input::text("code", "手机后四位，或回执上的查询码").value(code).hint("手机后四位，或 8 位查询码").width("w-m").errors_of(problem),
    ];
    AskPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        fields,
        errors: ErrorSummary::of(problem),
        missed: problem.is_some_and(|p| p.errors.iter().any(|e| e.code == "no-match")),
    }
}

pub async fn form(ctx: Ctx) -> Result<Html, Failure> {
    render(&ask(&ctx, ("", ""), None))
}

/// 带编号进来（扫码）：本人登录着就直接看，否则还要验一下。
pub async fn form_for(State(app): State<App>, ctx: Ctx, Path(no): Path<String>) -> Result<Html, Failure> {
    if ctx.actor.is_signed_in()
        && let Ok(parsed) = CaseNo::parse(&no)
    {
        let (actor, at) = (ctx.actor.clone(), app.now());
        let found = app
            .db()
            .snapshot("cases.track_own", move |tx| {
                let Ok(view) = queries::view(tx, &actor, parsed.as_str(), at) else { return Ok(None) };
                Ok(Some(Tracked { correction: view.corrections.last().cloned().filter(|c| c.supplied_at.is_none()), case: view.case, steps: view.steps }))
            })
            .await?;
        if let Some(found) = found {
            return render(&result(&app, &ctx, &found));
        }
    }
    render(&ask(&ctx, (&no, ""), None))
}

#[derive(Template)]
#[template(path = "track_result.html")]
struct ResultPage {
    l: Layout,
    no: String,
    item: String,
    org: String,
    status: StatusTag,
    aside: Option<&'static str>,
    light: LightTag,
    timeline: Timeline,
    fix: Vec<(String, String, String)>,
    fix_due: String,
    late: bool,
}

fn result(app: &App, ctx: &Ctx, found: &Tracked) -> ResultPage {
    let case = &found.case;
    let fix = found.correction.as_ref().map(|c| c.points.iter().map(|p| (p.name.clone(), p.problem.clone(), p.remedy.clone())).collect());
    ResultPage {
        l: Layout::public(ctx, "办理进度"),
        no: case.no.to_string(),
        item: case.item_name.clone(),
        org: case.org_name.clone(),
        status: show::status(case.state, case.step),
        aside: show::aside(case.state, case.delivery, false),
        light: show::light(case.light, case.due, case.state, app.now()),
        timeline: show::public_timeline(case, &found.steps),
        fix: fix.unwrap_or_default(),
        fix_due: case.correction_due.map(time::show_day).unwrap_or_default(),
        late: case.light == tongban_kernel::lights::Light::Red && case.state.is_undecided(),
    }
}

/// 查。编号不存在与码不对是同一个回答，都算错一次。
pub async fn look(State(app): State<App>, ctx: Ctx, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let (no, code) = (fields.get("no").to_owned(), fields.get("code").to_owned());
    match find(&app, &no, &code).await {
        Ok(found) => Ok(render(&result(&app, &ctx, &found))?.into_response()),
        Err(error) => {
            let problem = mendable(error)?;
            render_status(422, &ask(&ctx, (&no, &code), Some(&problem)))
        }
    }
}

/// 核对编号与码。
///
/// # Errors
/// 填错 422；对不上 422；连错 5 次 429。
pub async fn find(app: &App, no: &str, code: &str) -> tongban_store::Result<Tracked> {
    let mut checks = Checks::new();
    let parsed = checks.take("no", CaseNo::parse(no));
    checks.ensure(!code.trim().is_empty(), "code", "required", "请填写手机后四位，或回执上的查询码");
    checks.finish()?;
    let (no, code, now) = (parsed.map(|no| no.to_string()).unwrap_or_default(), code.to_owned(), app.now());
    let found = app
        .db()
        .write("cases.track", move |tx| {
            let key = format!("track:{no}");
            attempts::check(tx, &key, now)?;
            let found = queries::track(tx, &no, &code)?;
            if found.is_some() { attempts::clear(tx, &key)? } else { attempts::fail(tx, &key, now)? }
            Ok(found)
        })
        .await?;
    found.ok_or_else(|| {
        Problem::field("code", "no-match", "没有查到：编号与手机后四位（或查询码）对不上，请对照回执核对").into()
    })
}
