//! 电子监察：异常清单与处理。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::Problem;
use tongban_web::components::Pager;
use tongban_web::page::Cursor;
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Listing, Query, render, see_other};

use super::{Fields, show};
use crate::commands::{self, ANOMALY_STATES};
use crate::rules::anomalies::Anomaly;
use crate::store::{self, AnomalyRow};

/// 条件。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AnomalyQuery {
    pub tab: String,
    pub cursor: String,
}

struct Row {
    id: i64,
    no: String,
    code: &'static str,
    title: &'static str,
    detail: String,
    at: String,
    /// 申诉或整改、认定，各一句。
    lines: Vec<String>,
}

#[derive(Template)]
#[template(path = "desk_anomalies.html")]
struct ListPage {
    l: Layout,
    tabs: Vec<(String, &'static str, bool)>,
    rows: Vec<Row>,
    /// 能做的处理：动作与名称。
    actions: Vec<(&'static str, &'static str)>,
    pager: Pager,
}

pub async fn list(State(app): State<App>, ctx: Ctx, Query(query): Query<AnomalyQuery>) -> Result<Html, Failure> {
    let state = ANOMALY_STATES.iter().map(|(code, _)| *code).find(|code| *code == query.tab).unwrap_or("raised");
    let after: i64 = if query.cursor.is_empty() { 0 } else { Cursor::decode(&query.cursor, state)? };
    let scope = ctx.actor.scope.clone();
    let rows = app.db().snapshot("cases.anomalies", move |tx| store::anomalies(tx, &scope, state, after, 21)).await?;
    let listing = Listing::cut(rows, 20, state, |row: &AnomalyRow| row.id);
    let rows: Vec<Row> = listing
        .items
        .iter()
        .map(|row| Row {
            id: row.id,
            no: row.case_no.clone(),
            code: row.anomaly.code(),
            title: row.anomaly.title(),
            detail: row.detail.clone(),
            at: show::short(row.raised_at),
            lines: lines(row),
        })
        .collect();
    let actor = &ctx.actor;
    let actions = commands::anomaly_actions(state).filter(|(_, permission)| actor.may(permission)).map(|(action, _)| (action, action_name(action))).collect();
    let tabs = ANOMALY_STATES.iter().map(|(code, title)| (format!("/desk/anomalies?tab={code}"), *title, *code == state)).collect();
    let note = format!("本页 {} 条", rows.len());
    render(&ListPage { l: Layout::staff(&ctx, "电子监察"), tabs, actions, pager: Pager::of(&ctx.uri, listing.next_cursor.as_deref(), note), rows })
}

fn action_name(action: &str) -> &'static str {
    match action {
        "tell" => "告知",
        "appeal" => "申诉",
        "mend" => "已整改",
        "confirm" => "认定",
        "dismiss" => "不成立",
        _ => "归档",
    }
}

fn lines(row: &AnomalyRow) -> Vec<String> {
    let mut lines = Vec::new();
    lines.extend(row.answer_due.map(|due| format!("{} 告知，{} 前申诉或整改", row.told_at.map(show::short).unwrap_or_default(), show::long(due))));
    if !row.answer.is_empty() {
        lines.push(format!("{}：{}", if row.answer_kind == "appeal" { "申诉" } else { "整改" }, row.answer));
    }
    if !row.finding.is_empty() {
        lines.push(format!("{} {}：{}", row.found_by, row.found_at.map(show::short).unwrap_or_default(), row.finding));
    }
    lines
}

pub async fn settle(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let (action, note, actor, at) = (fields.get("action").to_owned(), fields.get("note").to_owned(), ctx.actor.clone(), app.now());
    let row = app.act(&ctx, "cases.settle_anomaly", move |tx| commands::settle_anomaly(tx, &actor, id, &action, &note, at)).await?;
    let label = ANOMALY_STATES.iter().find(|(code, _)| *code == row.state).map_or("", |(_, label)| *label);
    Ok(see_other("/desk/anomalies").flash(format!("{} {}：{label}", row.case_no, row.anomaly.code())).into_response())
}

/// 监察岗在办件页登记一条异常。
pub async fn raise(State(app): State<App>, ctx: Ctx, Path(no): Path<String>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let anomaly = Anomaly::parse(fields.get("code")).ok_or_else(|| Problem::field("code", "choice", "请选择异常种类"))?;
    let (version, detail, actor, at) = (fields.int("version"), fields.get("detail").to_owned(), ctx.actor.clone(), app.now());
    let case = app.act(&ctx, "cases.raise_anomaly", move |tx| commands::raise_anomaly(tx, &actor, &no, version, anomaly, &detail, at)).await?;
    Ok(see_other(format!("/desk/cases/{}{}", case.no, super::trail::Trail::of(&fields).suffix())).flash("已登记监察异常").into_response())
}
