//! 编辑台的来件：质量问题与导入问题单、群众的纠错、没搜到的词。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::time::show;
use tongban_web::area::Html;
use tongban_web::components::Pager;
use tongban_web::{App, Ctx, Failure, Form, Layout, Query, render, see_other};

use super::desk::{ActionForm, DeskQuery, cut};
use crate::commands::{self, Answer};
use crate::rules::Severity;
use crate::store::{self, CorrectionRow, FindingRow, ProblemRow};

#[derive(Template)]
#[template(path = "catalog_problems.html")]
struct ProblemsPage {
    l: Layout,
    tab: String,
    findings: Vec<(FindingRow, String)>,
    problems: Vec<ProblemRow>,
    pager: Pager,
    may_edit: bool,
}

/// `GET /catalog/problems`：质量问题（必须改、应当改、建议）与导入问题单。
///
/// # Errors
/// 条件不合格：422。
pub async fn problems(State(app): State<App>, ctx: Ctx, Query(query): Query<DeskQuery>) -> Result<Html, Failure> {
    let (page, scope) = (query.page(), ctx.actor.scope.clone());
    let limit = page.limit()?;
    let (mut findings, mut problems) = (Vec::new(), Vec::new());
    let tab = if ["E", "W", "I", "import"].contains(&query.tab.as_str()) { query.tab.clone() } else { "E".to_owned() };
    let next = if tab == "import" {
        let after = page.after(&tab)?.unwrap_or(0);
        problems = app.db().snapshot("items.problems", move |tx| store::problems(tx, &scope, "open", after, limit + 1)).await?;
        cut(&mut problems, limit, &tab, |row: &ProblemRow| row.id)
    } else {
        let level = match tab.as_str() {
            "W" => Severity::W,
            "I" => Severity::I,
            _ => Severity::E,
        };
        let after = page.after(&tab)?.unwrap_or((0, 0));
        findings = app
            .db()
            .snapshot("items.findings", move |tx| {
                let mut rows = Vec::new();
                for row in store::finding_list(tx, &scope, level, after, limit + 1)? {
                    let code = store::item_by_id(tx, row.item)?.map(|item| item.code).unwrap_or_default();
                    rows.push((row, code));
                }
                Ok(rows)
            })
            .await?;
        cut(&mut findings, limit, &tab, |(row, _): &(FindingRow, String)| (row.item, row.seq))
    };
    let note = format!("本页 {} 条", findings.len() + problems.len());
    render(&ProblemsPage {
        l: Layout::staff(&ctx, "质量问题"),
        tab,
        findings,
        problems,
        pager: Pager::of(&ctx.uri, next.as_deref(), note),
        may_edit: ctx.actor.may(crate::permissions::EDIT),
    })
}

/// `POST /catalog/problems/{id}/close`
///
/// # Errors
/// 没有权限 403，范围外 404，已关 409，版本不符 412。
pub async fn close_problem(
    State(app): State<App>,
    ctx: Ctx,
    Path(id): Path<i64>,
    Form(form): Form<ActionForm>,
) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    app.act(&ctx, "items.close_problem", move |tx| commands::close_problem(tx, &actor, id, form.version, at)).await?;
    Ok(see_other("/catalog/problems?tab=import").flash("问题单已关").into_response())
}

#[derive(Template)]
#[template(path = "catalog_corrections.html")]
struct CorrectionsPage {
    l: Layout,
    rows: Vec<(CorrectionRow, String, String)>,
    pager: Pager,
    may_edit: bool,
}

impl CorrectionsPage {
    fn due(&self, row: &CorrectionRow) -> String {
        show(row.due)
    }

    fn part(&self, row: &CorrectionRow) -> &'static str {
        commands::PARTS.iter().find(|(code, _)| *code == row.part).map_or("别的", |(_, label)| *label)
    }
}

/// `GET /catalog/corrections`
///
/// # Errors
/// 条件不合格：422。
pub async fn corrections(State(app): State<App>, ctx: Ctx, Query(query): Query<DeskQuery>) -> Result<Html, Failure> {
    let (page, scope) = (query.page(), ctx.actor.scope.clone());
    let limit = page.limit()?;
    let after = page.after("open")?.unwrap_or((i64::MIN, 0));
    let mut rows = app
        .db()
        .snapshot("items.corrections", move |tx| {
            let mut rows = Vec::new();
            for row in store::corrections(tx, &scope, "open", after, limit + 1)? {
                let item = store::item_by_id(tx, row.item)?;
                let (code, name) = item.map(|item| (item.code, item.name)).unwrap_or_default();
                rows.push((row, code, name));
            }
            Ok(rows)
        })
        .await?;
    let next = cut(&mut rows, limit, "open", |(row, ..): &(CorrectionRow, String, String)| (row.due.as_millisecond(), row.id));
    let note = format!("本页 {} 条", rows.len());
    render(&CorrectionsPage {
        l: Layout::staff(&ctx, "指南纠错"),
        rows,
        pager: Pager::of(&ctx.uri, next.as_deref(), note),
        may_edit: ctx.actor.may(crate::permissions::EDIT),
    })
}

/// 纠错的处理。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AnswerForm {
    pub version: i64,
    pub fixed: Option<String>,
    pub text: String,
}

/// `POST /catalog/corrections/{number}`
///
/// # Errors
/// 没有权限 403，范围外 404，已处理 409，版本不符 412，没写说明 422。
pub async fn answer(
    State(app): State<App>,
    ctx: Ctx,
    Path(number): Path<String>,
    Form(form): Form<AnswerForm>,
) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let input = Answer { fixed: form.fixed.is_some(), text: form.text };
    app.act(&ctx, "items.answer", move |tx| commands::answer_correction(tx, &actor, &number, form.version, &input, at)).await?;
    Ok(see_other("/catalog/corrections").flash("已处理").into_response())
}

#[derive(Template)]
#[template(path = "catalog_misses.html")]
struct MissesPage {
    l: Layout,
    misses: Vec<Miss>,
    may_edit: bool,
    wishes: Vec<(String, String, String)>,
}

/// 一个没搜到的词：次数、最近一次、可能是哪几项。
struct Miss {
    words: String,
    times: i64,
    last: String,
    suggested: Vec<(String, String)>,
}

/// 给前几个词提建议；每个词都要搜一遍。
const SUGGESTED: usize = 20;

/// `GET /catalog/misses`：没搜到的词与群众想办的，编辑据此补别名。
///
/// # Errors
/// 引擎故障。
pub async fn misses(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let (misses, wishes) =
        app.db().snapshot("items.misses", |tx| Ok((store::misses(tx, (i64::MAX, ""), 100)?, store::wishes(tx, i64::MAX, 100)?))).await?;
    let may_edit = ctx.actor.may(crate::permissions::EDIT);
    let mut listed = Vec::with_capacity(misses.len());
    for (at, (words, times, last)) in misses.into_iter().enumerate() {
        let suggested = if at < SUGGESTED && may_edit { super::review::suggestions(&app, &words).await } else { Vec::new() };
        listed.push(Miss { words, times, last: show(last), suggested });
    }
    render(&MissesPage {
        l: Layout::staff(&ctx, "没搜到的词"),
        misses: listed,
        may_edit,
        wishes: wishes.into_iter().map(|(_, words, text, at)| (words, text, show(at))).collect(),
    })
}
