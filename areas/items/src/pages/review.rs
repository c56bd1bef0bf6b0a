//! 逐条审核、抽查、各单位质量、没搜到的词补别名。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use tongban_kernel::problem::Problem;
use tongban_search::Filters;
use tongban_web::area::Html;
use tongban_web::components::{ErrorSummary, Pager};
use tongban_web::{App, Ctx, Failure, Form, Layout, PageQuery, Query, render, render_status, see_other};

use super::desk::{cut, mine};
use super::edit::diff::{self, Change};
use crate::commands;
use crate::store::{self, CheckRow, ItemRow, LinkRow, QualityRow};

/// 一个可以批注的要素。
struct Element {
    field: &'static str,
    label: &'static str,
    text: String,
    changed: bool,
    /// 这一版里提过的批注。
    asked: Vec<String>,
}

#[derive(Template)]
#[template(path = "catalog_review.html")]
struct ReviewPage {
    l: Layout,
    row: ItemRow,
    elements: Vec<Element>,
    catalogue: Vec<Change>,
}

/// `GET /catalog/items/{code}/review`：每个要素一行，可以各写一句批注。
///
/// # Errors
/// 不存在或范围外：404。
pub async fn review(State(app): State<App>, ctx: Ctx, Path(code): Path<String>) -> Result<Html, Failure> {
    let actor = ctx.actor.clone();
    let (row, before, catalogue, asked) = app
        .db()
        .snapshot("items.review", move |tx| {
            let row = mine(tx, &actor, &code)?;
            let before = store::edition(tx, row.id, row.edition)?;
            let asked = store::done_notes(tx, row.id, before.as_ref().map_or(Timestamp::UNIX_EPOCH, |found| found.published))?;
            let before = before.map(|found| found.guide);
            let catalogue = store::catalogue_by_id(tx, row.catalogue)?;
            Ok((row, before, catalogue, asked))
        })
        .await?;
    let old = before.map(|guide| diff::texts(&guide)).unwrap_or_default();
    let known = |label: &str| old.iter().find(|(_, name, _)| *name == label).map(|(.., text)| text);
    let elements = diff::texts(&row.draft)
        .into_iter()
        .map(|(field, label, text)| {
            let asked = asked.iter().filter(|note| note.label == label).map(|note| note.text.clone()).collect();
            Element { changed: known(label).is_some_and(|old| *old != text), field, label, text, asked }
        })
        .filter(|element| !element.text.trim().is_empty() || element.changed || !element.asked.is_empty())
        .collect();
    render(&ReviewPage {
        l: Layout::staff(&ctx, &format!("审核 {}", row.name)),
        catalogue: diff::against_catalogue(&catalogue, &row.draft, row.level.label()),
        elements,
        row,
    })
}

/// 抽查页的条件。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ChecksQuery {
    pub tab: String,
    pub cursor: Option<String>,
    pub limit: Option<i64>,
}

#[derive(Template)]
#[template(path = "catalog_checks.html")]
struct ChecksPage {
    l: Layout,
    tab: &'static str,
    rows: Vec<CheckRow>,
    pager: Pager,
    summary: ErrorSummary,
    count: String,
    may_check: bool,
}

/// 一次抽几份的缺省。
const TO_DRAW: &str = "10";

const TABS: &[(&str, &str)] = &[("open", "待核对"), ("wrong", "有差错"), ("right", "没有差错")];

impl ChecksPage {
    fn tabs(&self) -> &'static [(&'static str, &'static str)] {
        TABS
    }
}

async fn checks_page(app: &App, ctx: &Ctx, query: &ChecksQuery, count: &str, problem: Option<&Problem>) -> Result<ChecksPage, Failure> {
    let tab = TABS.iter().map(|(tab, _)| *tab).find(|tab| *tab == query.tab).unwrap_or("open");
    let page = PageQuery { limit: query.limit, cursor: query.cursor.clone() };
    let (limit, before, scope) = (page.limit()?, page.after(tab)?.unwrap_or(i64::MAX), ctx.actor.scope.clone());
    let mut rows = app.db().snapshot("items.checks", move |tx| store::checks(tx, &scope, tab, before, limit + 1)).await?;
    let next = cut(&mut rows, limit, tab, |row: &CheckRow| row.id);
    let note = format!("本页 {} 份", rows.len());
    let layout = Layout::staff(ctx, "指南抽查");
    Ok(ChecksPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        tab,
        rows,
        pager: Pager::of(&ctx.uri, next.as_deref(), note),
        summary: ErrorSummary::of(problem),
        count: count.to_owned(),
        may_check: ctx.actor.may(crate::permissions::REVIEW),
    })
}

/// `GET /catalog/checks`
///
/// # Errors
/// 条件不合格：422。
pub async fn checks(State(app): State<App>, ctx: Ctx, Query(query): Query<ChecksQuery>) -> Result<Html, Failure> {
    render(&checks_page(&app, &ctx, &query, TO_DRAW, None).await?)
}

/// 抽签与记结论的表单。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CheckForm {
    pub version: i64,
    pub count: String,
    pub errors: String,
}

/// `POST /catalog/checks`：随机抽几份。
///
/// # Errors
/// 没有权限 403，份数不对 422。
pub async fn draw(State(app): State<App>, ctx: Ctx, Form(form): Form<CheckForm>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let count: usize = form.count.trim().parse().unwrap_or(0);
    match app.act(&ctx, "items.draw_checks", move |tx| commands::draw_checks(tx, &actor, count, at)).await {
        Ok(drawn) => Ok(see_other("/catalog/checks").flash(format!("抽了 {drawn} 份，请逐份核对")).into_response()),
        Err(error) => match error.problem().filter(|problem| !problem.errors.is_empty()).cloned() {
            Some(problem) => render_status(422, &checks_page(&app, &ctx, &ChecksQuery::default(), &form.count, Some(&problem)).await?),
            None => Err(error.into()),
        },
    }
}

/// `POST /catalog/checks/{id}`：记下一份的结论。
///
/// # Errors
/// 没有权限 403，范围外 404，查过了 409，版本不符 412。
pub async fn record(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>, Form(form): Form<CheckForm>) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    app.act(&ctx, "items.record_check", move |tx| commands::record_check(tx, &actor, id, form.version, &form.errors, at)).await?;
    Ok(see_other("/catalog/checks").flash("记下了").into_response())
}

#[derive(Template)]
#[template(path = "catalog_quality.html")]
struct QualityPage {
    l: Layout,
    rows: Vec<QualityRow>,
    rules: Vec<(&'static str, &'static str, &'static str)>,
    /// 最近一轮巡检的网办地址。
    links: Vec<LinkRow>,
}

/// 巡检一天一轮，多看一天。
const ROUND_MS: i64 = 2 * 24 * 3_600 * 1_000;
/// 巡检结果至多列多少个网址。
const MOST_LINKS: i64 = 500;

impl QualityPage {
    fn broken(&self) -> Vec<&LinkRow> {
        self.links.iter().filter(|link| !link.detail.is_empty()).collect()
    }

    fn rate(&self, row: &QualityRow) -> String {
        match (row.accurate, row.active) {
            (_, 0) => "—".to_owned(),
            (good, all) if good == all => "100%".to_owned(),
            (good, all) => format!("{:.2}%", (good * 10_000 / all) as f64 / 100.0),
        }
    }
}

/// `GET /catalog/quality`：各单位有几项有问题、准确率多少；下面是全部规则。
///
/// # Errors
/// 引擎故障。
pub async fn quality(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let scope = ctx.actor.scope.clone();
    let since = app.now().as_millisecond() - ROUND_MS;
    let (rows, links) = app
        .db()
        .snapshot("items.quality", move |tx| Ok((store::quality_by_unit(tx, &scope)?, store::links_since(tx, since, MOST_LINKS)?)))
        .await?;
    let rules = crate::rules::RULES.iter().map(|rule| (rule.id, rule.severity.label(), rule.title)).collect();
    render(&QualityPage { l: Layout::staff(&ctx, "各单位质量"), rows, rules, links })
}

/// 补别名的表单。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct AliasForm {
    pub word: String,
    pub code: String,
}

/// `POST /catalog/misses/alias`：把没搜到的词加成一项的别名。
///
/// # Errors
/// 没有权限 403，范围外 404，正在审核 409。
pub async fn alias(State(app): State<App>, ctx: Ctx, Form(form): Form<AliasForm>) -> Result<Response, Failure> {
    let (actor, at, word) = (ctx.actor.clone(), app.now(), form.word.clone());
    let name = app.act(&ctx, "items.alias", move |tx| commands::add_alias(tx, &actor, &form.code, &form.word, at)).await?;
    Ok(see_other("/catalog/misses").flash(format!("“{word}”加到了“{name}”，发布后就搜得到")).into_response())
}

/// 给没搜到的词找最像的几项：编码与名称。整词没有就按单字找。
pub(super) async fn suggestions(app: &App, word: &str) -> Vec<(String, String)> {
    let (search, word) = (app.search(), word.to_owned());
    let found = tokio::task::spawn_blocking(move || {
        let filters = Filters::kind("item");
        let spread: String = word.chars().map(|c| format!("{c} ")).collect();
        let whole = search.search(&word, &filters, SUGGESTED).ok().filter(|hits| hits.total > 0);
        whole.or_else(|| search.search(&spread, &filters, SUGGESTED).ok())
    })
    .await;
    let Ok(Some(hits)) = found else { return Vec::new() };
    hits.hits.into_iter().filter_map(|hit| Some((hit.url.strip_prefix("/items/")?.to_owned(), hit.title))).collect()
}

/// 每个词提几项。
const SUGGESTED: usize = 3;
