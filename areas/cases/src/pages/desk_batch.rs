//! 列表上的成批动作、存筛选、列设置。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use tongban_kernel::{Problem, time};
use tongban_store::{Error, Result as Stored};
use tongban_web::{App, Ctx, Failure, Form, Layout, Redirect, render, see_other};

use super::{Fields, show};
use crate::actions::{self, ActionInput};
use crate::model::Action;
use crate::queries;
use crate::store::views;

/// 一次至多几件。
const MOST: usize = 50;
/// 能成批做的：只有不用另填内容的。
pub const BATCH: &[(&str, &str)] = &[("receive", "接件"), ("accept", "受理"), ("forward", "通过并送下一环节"), ("transfer", "我来办"), ("handover", "打印交接单")];

#[derive(Template)]
#[template(path = "handover.html")]
struct HandoverPage {
    l: Layout,
    rows: Vec<(String, String, String, usize)>,
    materials: usize,
    time: String,
    by: String,
}

/// 选中的几件各做各的：成的成，不成的说清为什么。
pub async fn act(State(app): State<App>, ctx: Ctx, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let chosen: Vec<(String, i64)> = fields
        .0
        .iter()
        .filter(|(name, _)| name == "id")
        .filter_map(|(_, value)| value.split_once(':').and_then(|(no, version)| Some((no.to_owned(), version.parse().ok()?))))
        .collect();
    let back = Some(fields.get("back")).filter(|back| back.starts_with("/desk/")).unwrap_or("/desk/cases").to_owned();
    if chosen.is_empty() || chosen.len() > MOST {
        return Ok(see_other(back).flash(format!("请勾选 1 到 {MOST} 件")).into_response());
    }
    if fields.get("action") == "handover" {
        return handover(&app, &ctx, chosen).await;
    }
    let action = BATCH.iter().find(|(code, _)| *code == fields.get("action")).and_then(|(code, _)| Action::parse(code));
    let action = action.ok_or_else(|| Problem::field("action", "choice", "请选择要做什么"))?;
    let (mut done, mut refused) = (0, Vec::new());
    for (no, version) in chosen {
        let (actor, at, name) = (ctx.actor.clone(), app.now(), no.clone());
        let input = ActionInput { version: Some(version), ..ActionInput::default() };
        let result: Stored<_> = app.db().write("cases.batch", move |tx| actions::perform(tx, &actor, &name, action, version, &input, at)).await;
        match result {
            Ok(_) => done += 1,
            Err(Error::Refused(problem)) => refused.push(format!("{no}：{}", problem.errors.first().map_or(problem.detail.as_str(), |e| e.detail.as_str()))),
            Err(error) => return Err(error.into()),
        }
    }
    let told = if refused.is_empty() { format!("{done} 件已{}", action.label()) } else { format!("{done} 件已{}；{} 件没做成：{}", action.label(), refused.len(), refused.join("；")) };
    Ok(see_other(back).flash(told.chars().take(600).collect::<String>()).into_response())
}

/// 三岗交接单：件数、材料、时间、双方签收。
async fn handover(app: &App, ctx: &Ctx, chosen: Vec<(String, i64)>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let rows: Vec<_> = app
        .db()
        .snapshot("cases.handover", move |tx| {
            let mut rows = Vec::new();
            for (no, _) in &chosen {
                let case = queries::seen(tx, &actor, no, at)?;
                let count = crate::store::materials(tx, case.id)?.iter().filter(|m| m.status.is_supplied()).count();
                rows.push((case.no.to_string(), case.item_name.clone(), case.applicant_shown.clone(), count));
            }
            Ok(rows)
        })
        .await?;
    let page = HandoverPage {
        l: Layout::staff(ctx, "材料交接单"),
        materials: rows.iter().map(|(.., count)| count).sum(),
        rows,
        time: time::show(app.now()),
        by: ctx.actor.name.to_string(),
    };
    Ok(render(&page)?.into_response())
}

/// 存下现在的筛选。
pub async fn save_view(State(app): State<App>, ctx: Ctx, Form(fields): Form<Vec<(String, String)>>) -> Result<Redirect, Failure> {
    let fields = Fields(fields);
    let name: String = fields.get("name").trim().chars().take(20).collect();
    let query: String = fields.get("query").chars().take(300).collect();
    let back = format!("/desk/cases?{query}");
    if name.is_empty() {
        return Ok(see_other(back).flash("请给筛选起个名字"));
    }
    let (staff, at) = (ctx.actor.staff, app.now());
    app.act(&ctx, "cases.save_view", move |tx| views::add(tx, staff, &name, &query, at)).await?;
    Ok(see_other(back).flash("筛选已存下"))
}

/// 删一个筛选。
pub async fn drop_view(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>) -> Result<Redirect, Failure> {
    let staff = ctx.actor.staff;
    app.act(&ctx, "cases.drop_view", move |tx| views::drop_view(tx, staff, id)).await?;
    Ok(see_other("/desk/cases").flash("筛选已删"))
}

/// 列表的列：代号、名字；头两列总在。
pub const COLUMNS: &[(&str, &str)] = &[
    ("applicant", "申请人"),
    ("channel", "来源"),
    ("status", "状态"),
    ("step", "环节 · 办理人"),
    ("submitted", "收件"),
    ("due", "到期"),
    ("org", "办理机关"),
];

/// 存下要看的列。
pub async fn save_columns(State(app): State<App>, ctx: Ctx, Form(fields): Form<Vec<(String, String)>>) -> Result<Redirect, Failure> {
    let fields = Fields(fields);
    let shown = fields.joined("show");
    let hidden: Vec<&str> = COLUMNS.iter().map(|(code, _)| *code).filter(|code| !shown.split(',').any(|kept| kept == *code)).collect();
    let (staff, hidden) = (ctx.actor.staff, hidden.join(","));
    app.act(&ctx, "cases.columns", move |tx| views::hide(tx, staff, &hidden)).await?;
    Ok(see_other("/desk/cases").flash("列设置已保存"))
}

/// 页面上方“存下的筛选”。
pub struct SavedView {
    pub id: i64,
    pub name: String,
    pub href: String,
}

/// 存下的筛选与不看的列。
pub fn own(tx: &mut tongban_store::Tx<'_>, staff: i64) -> Stored<(Vec<SavedView>, Vec<String>)> {
    let saved = views::list(tx, staff)?.into_iter().map(|(id, name, query)| SavedView { id, name, href: format!("/desk/cases?{query}") }).collect();
    Ok((saved, views::hidden(tx, staff)?))
}

/// 勾选框的值：编号与版本。
#[must_use]
pub fn ticket(row: &show::Row) -> String {
    format!("{}:{}", row.no, row.version)
}
