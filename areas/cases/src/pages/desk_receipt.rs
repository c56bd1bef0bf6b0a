//! 补录到行业系统：从办件页来，先看要填过去的各栏，在行业系统里录好，把那边的回执号填回来。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use tongban_kernel::{Problem, time};
use tongban_web::components::{ErrorSummary, Field as Input};
use tongban_web::{App, Ctx, Failure, Form, Layout, Query, render_status, see_other};

use super::desk_case::{Opened, info_rows, opened};
use super::desk_conflict;
use super::trail::Trail;
use super::{Fields, mendable};
use crate::commands::{self, Receipt};
use crate::permissions as can;
use crate::queries::CaseView;

#[derive(Template)]
#[template(path = "desk_receipt.html")]
struct ReceiptPage {
    l: Layout,
    no: String,
    trail: Trail,
    version: i64,
    /// 要填过去的：栏、值。
    rows: Vec<(String, String)>,
    may_unmask: bool,
    fields: Vec<Input>,
    errors: ErrorSummary,
}

/// 行业系统要的各栏，先后与汇聚库受理、结果两表一致；个人信息脱敏，要全的点“显示完整”留痕。
fn carried(view: &CaseView) -> Vec<(String, String)> {
    let case = &view.case;
    let shown = |at: Option<jiff::Timestamp>| at.map(time::show).unwrap_or_default();
    let mut rows = vec![
        ("办件编号".to_owned(), case.no.to_string()),
        ("事项编码".to_owned(), case.item_code.clone()),
        ("事项名称".to_owned(), case.item_name.clone()),
        ("办理机关".to_owned(), case.org_name.clone()),
    ];
    rows.extend(info_rows(view));
    rows.push(("收到申请".to_owned(), time::show(case.submitted_at)));
    rows.push(("受理时间".to_owned(), shown(case.accepted_at)));
    rows.push(("承诺到期".to_owned(), shown(case.due)));
    rows.push(("办结时间".to_owned(), shown(case.decided_at)));
    rows.push(("结果".to_owned(), case.outcome.map_or("还没有作决定", |outcome| outcome.label()).to_owned()));
    rows.push(("结果说明".to_owned(), case.result_note.clone()));
    rows.retain(|(_, value)| !value.is_empty());
    rows
}

fn page(ctx: &Ctx, opened: Opened, fields: &Fields, problem: Option<&Problem>) -> ReceiptPage {
    let Opened { view, trail, .. } = opened;
    let l = Layout::staff(ctx, "补录到行业系统");
    let text = |name: &str, label: &str| Input::text(name, label).value(fields.get(name)).max_length(100).width("w-m").errors_of(problem);
    ReceiptPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        no: view.case.no.to_string(),
        version: view.case.version,
        rows: carried(&view),
        may_unmask: ctx.actor.may(can::UNMASK),
        fields: vec![text("system", "行业系统").hint("如：省食品许可系统；同一系统每次写法要一样，对账靠它"), text("number", "行业系统给的回执号")],
        errors: ErrorSummary::of(problem),
        trail,
    }
}

/// 预览要填过去的各栏。
pub async fn form(State(app): State<App>, ctx: Ctx, Path(no): Path<String>, Query(trail): Query<Trail>) -> Result<Response, Failure> {
    let opened = opened(&app, &ctx, no, trail).await?;
    let case = &opened.view.case;
    if !commands::may_sync(case) {
        let back = format!("/desk/cases/{}{}", case.no, opened.trail.suffix());
        let told = if case.external_no.is_some() { "这件的行业系统编号已经填过" } else { "受理之后才能补录到行业系统" };
        return Ok(see_other(back).warn(told).into_response());
    }
    render_status(200, &page(&ctx, opened, &Fields(Vec::new()), None))
}

/// 填回回执号。
pub async fn save(State(app): State<App>, ctx: Ctx, Path(no): Path<String>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let trail = Trail::of(&fields);
    let input = Receipt { version: fields.int("version"), system: fields.get("system").to_owned(), number: fields.get("number").to_owned() };
    let (actor, at, number) = (ctx.actor.clone(), app.now(), no.clone());
    let saved = app.act(&ctx, "cases.note_receipt", move |tx| commands::note_receipt(tx, &actor, &number, &input, at)).await;
    match saved {
        Ok(case) => Ok(see_other(format!("/desk/cases/{}{}", case.no, trail.suffix())).flash("行业系统的回执号已填回").into_response()),
        Err(error) if desk_conflict::is_stale(&error) => desk_conflict::case(&app, &ctx, no, "填回行业系统的回执号", &fields).await,
        Err(error) => {
            let problem = mendable(error)?;
            let opened = opened(&app, &ctx, no, trail).await?;
            render_status(problem.code.status(), &page(&ctx, opened, &fields, Some(&problem)))
        }
    }
}
