//! 搜索：大白话找事项，结果分组；没找到的记下来，请群众说说想办什么。

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::problem::Problem;
use tongban_search::{Filters, Hit, Hits, highlight};
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Layout, Query, render, render_status, see_other};

use crate::commands;
use crate::store;

/// 分组：种类、标题、至多几条。
const GROUPS: &[(&str, &str, usize)] =
    &[("item", "可办事项", 20), ("bundle", "一件事", 5), ("kb", "政策问答", 8), ("site", "服务点", 5), ("app", "应用", 5)];

/// 网址里的条件。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SearchQuery {
    pub q: String,
    pub object: String,
    pub dept: String,
}

/// 一组结果。
struct Group {
    title: &'static str,
    total: usize,
    hits: Vec<Shown>,
}

/// 一条结果：标题切成命中与不命中的片段。
struct Shown {
    hit: Hit,
    title: Vec<(bool, String)>,
    facts: String,
    complete: bool,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage {
    l: Layout,
    q: String,
    groups: Vec<Group>,
    corrected: bool,
    wish: Field,
    summary: ErrorSummary,
}

/// `GET /s?q=`
///
/// # Errors
/// 引擎故障。
pub async fn index(State(app): State<App>, ctx: Ctx, Query(query): Query<SearchQuery>) -> Result<Response, Failure> {
    let page = look_up(&app, &ctx, &query, None).await?;
    let empty = page.groups.is_empty();
    if empty && !query.q.trim().is_empty() {
        let (words, at) = (query.q.clone(), app.now());
        // 没记成不影响搜索
        if let Err(error) = app.db().write("items.miss", move |tx| commands::note_miss(tx, &words, at)).await {
            tracing::warn!(%error, "没搜到的词没有记下");
        }
    }
    Ok(render(&page)?.into_response())
}

async fn look_up(app: &App, ctx: &Ctx, query: &SearchQuery, problem: Option<&Problem>) -> Result<SearchPage, Failure> {
    let q: String = query.q.trim().chars().take(100).collect();
    let mut found = Vec::new();
    if !q.is_empty() {
        for &(kind, title, limit) in GROUPS {
            let hits = ask(app, &q, kind, limit, query).await?;
            if hits.total > 0 {
                found.push((title, hits));
            }
        }
    }
    // 有照原样找到的，就不掺相近的
    let corrected = !found.is_empty() && found.iter().all(|(_, hits)| hits.corrected);
    found.retain(|(_, hits)| corrected || !hits.corrected);
    let mut groups = Vec::with_capacity(found.len());
    for (title, hits) in found {
        groups.push(Group { title, total: hits.total, hits: decorate(app, hits).await? });
    }
    let title = if q.is_empty() { "搜索".to_owned() } else { format!("“{q}”的搜索结果") };
    let layout = Layout::public(ctx, &title);
    Ok(SearchPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        wish: Field::area("text", "告诉我们您想办什么")
            .hint("写一句就行，我们会补上指南；不用留姓名电话")
            .max_length(500)
            .errors_of(problem),
        summary: ErrorSummary::of(problem),
        q,
        groups,
        corrected,
    })
}

async fn ask(app: &App, q: &str, kind: &str, limit: usize, query: &SearchQuery) -> Result<Hits, Failure> {
    let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    let mut filters = Filters::kind(kind);
    if kind == "item" {
        filters.object = some(&query.object);
        filters.dept = some(&query.dept);
    }
    let (search, q) = (app.search(), q.to_owned());
    let found = tokio::task::spawn_blocking(move || search.search(&q, &filters, limit)).await;
    match found {
        Ok(Ok(hits)) => Ok(hits),
        Ok(Err(error)) => Err(unavailable(&error)),
        Err(error) => Err(unavailable(&error)),
    }
}

fn unavailable(error: &dyn std::fmt::Display) -> Failure {
    tracing::error!(%error, "搜索失败");
    Problem::new(tongban_kernel::Code::DependencyDown, "搜索暂时用不了，请从“办事”里按部门找，或拨打 12345").into()
}

/// 每条事项带上办理时长与能否网办。
async fn decorate(app: &App, found: Hits) -> Result<Vec<Shown>, Failure> {
    let ids: Vec<i64> = found.hits.iter().filter(|hit| hit.kind == "item").map(|hit| hit.id).collect();
    let rows = if ids.is_empty() {
        Vec::new()
    } else {
        app.db()
            .snapshot("items.hits", move |tx| {
                let mut rows = Vec::with_capacity(ids.len());
                for id in &ids {
                    rows.extend(store::item_by_id(tx, *id)?);
                }
                Ok(rows)
            })
            .await?
    };
    Ok(found
        .hits
        .into_iter()
        .map(|hit| {
            let row = rows.iter().find(|row| hit.kind == "item" && row.id == hit.id);
            let facts = row
                .filter(|row| row.edition > 0)
                .map_or(String::new(), |row| format!("{} · 跑 {} 次 · {}", row.promise.promise_words(), row.visits, row.depth.label()));
            let title = highlight(&hit.title, &found.words).into_iter().map(|(mark, text)| (mark, text.to_owned())).collect();
            Shown { title, facts, complete: row.is_none_or(|row| row.complete), hit }
        })
        .collect())
}

/// “告诉我们您想办什么”。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WishForm {
    pub q: String,
    pub text: String,
}

/// `POST /s/wish`
///
/// # Errors
/// 引擎故障。
pub async fn wish(State(app): State<App>, ctx: Ctx, Form(form): Form<WishForm>) -> Result<Response, Failure> {
    let (input, at) = (form.clone(), app.now());
    match app.act(&ctx, "items.wish", move |tx| commands::submit_wish(tx, &input.q, &input.text, at)).await {
        Ok(()) => Ok(see_other("/s").flash("收到了，谢谢您。我们会尽快补上。急事请打 12345").into_response()),
        Err(error) => {
            let problem = error.problem().cloned().ok_or(error)?;
            let query = SearchQuery { q: form.q, ..SearchQuery::default() };
            render_status(422, &look_up(&app, &ctx, &query, Some(&problem)).await?)
        }
    }
}
