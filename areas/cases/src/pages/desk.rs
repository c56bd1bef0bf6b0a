//! 工作台的办件列表：页签带数、筛选、按键翻页、导出。

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_documents::table::{Cell, Column, Format, Kind};
use tongban_kernel::codes::CaseNo;
use tongban_web::components::{Field as Input, Pager};
use tongban_web::page::Cursor;
use tongban_web::{App, Ctx, Failure, Layout, Listing, Query, export, render, see_other};

use super::trail::Trail;
use super::{desk_batch, show};
use crate::model::Channel;
use crate::permissions as can;
use crate::queries::{self, TABS};
use crate::store::{Counts, Filter, ListRow};

/// 列表的条件。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    pub q: String,
    pub tab: String,
    /// 申报渠道码。
    pub src: String,
    /// `me` 只看我办的。
    pub who: String,
    pub item: String,
    pub cursor: String,
    pub limit: Option<i64>,
    pub format: String,
}

impl ListQuery {
    pub(super) fn tab(&self, default: &str) -> String {
        TABS.iter().map(|(code, _)| *code).find(|code| *code == self.tab).unwrap_or(default).to_owned()
    }

    pub(super) fn filter(&self, ctx: &Ctx) -> Filter {
        Filter {
            item_code: self.item.clone(),
            channel: self.src.parse().ok().and_then(Channel::from_code),
            handler: if self.who == "me" { ctx.actor.staff } else { 0 },
        }
    }

    /// 游标绑定的条件。
    fn mark(&self, tab: &str) -> String {
        format!("{tab}|{}|{}|{}", self.src, self.who, self.item)
    }

    fn limit(&self) -> i64 {
        self.limit.filter(|limit| (1..=100).contains(limit)).unwrap_or(20)
    }
}

struct Tab {
    href: String,
    title: &'static str,
    count: Option<i64>,
    current: bool,
}

#[derive(Template)]
#[template(path = "desk_cases.html")]
struct ListPage {
    l: Layout,
    heading: &'static str,
    tabs: Vec<Tab>,
    q: String,
    tab: String,
    source: Input,
    who: Input,
    /// 一行与打开它的网址：带着这张列表，办完接着办下一件。
    rows: Vec<(show::Row, String)>,
    pager: Pager,
    export: String,
    may_register: bool,
    views: Vec<desk_batch::SavedView>,
    hidden: Vec<String>,
    query: String,
    back: String,
    empty: &'static str,
}

impl ListPage {
    fn shows(&self, column: &str) -> bool {
        !self.hidden.iter().any(|hidden| hidden == column)
    }
}

fn tab_count(counts: &Counts, tab: &str) -> Option<i64> {
    Some(match tab {
        "all" => counts.all,
        "pending" => counts.pending,
        "correcting" => counts.correcting,
        "review" => counts.review,
        "decision" => counts.decision,
        "delivery" => counts.delivery,
        "yellow" => counts.yellow,
        "red" => counts.red,
        _ => return None,
    })
}

pub async fn list(State(app): State<App>, ctx: Ctx, Query(query): Query<ListQuery>) -> Result<Response, Failure> {
    listed(app, ctx, query, "我的待办", "all").await
}

/// 将到期与超期：默认看已超期。
pub async fn due(State(app): State<App>, ctx: Ctx, Query(query): Query<ListQuery>) -> Result<Response, Failure> {
    listed(app, ctx, query, "将到期与超期", "red").await
}

async fn listed(app: App, ctx: Ctx, query: ListQuery, heading: &'static str, default: &str) -> Result<Response, Failure> {
    if let Ok(no) = CaseNo::parse(&query.q) {
        return Ok(see_other(format!("/desk/cases/{no}")).into_response());
    }
    let tab = query.tab(default);
    let mark = query.mark(&tab);
    let filter = query.filter(&ctx);
    if let Some(format) = Format::from_extension(&query.format) {
        return download(app, ctx, tab, filter, format).await;
    }
    let after: Option<(i64, i64)> = if query.cursor.is_empty() { None } else { Some(Cursor::decode(&query.cursor, &mark)?) };
    let (limit, words, actor, wanted) = (query.limit(), query.q.trim().to_owned(), ctx.actor.clone(), tab.clone());
    let (rows, counts, own) = app
        .db()
        .snapshot("cases.worklist", move |tx| {
            let counts = queries::counts(tx, &actor)?;
            let rows = if words.is_empty() {
                queries::worklist(tx, &actor, &wanted, &filter, after, limit)?
            } else {
                queries::find(tx, &actor, &words)?
            };
            Ok((rows, counts, desk_batch::own(tx, actor.staff)?))
        })
        .await?;
    let size = if query.q.trim().is_empty() { usize::try_from(limit).unwrap_or(20) } else { rows.len() };
    let listing = Listing::cut(rows, size, &mark, |row: &ListRow| (row.sort_due, row.id));
    let page = page(&app, &ctx, heading, &tab, &query, listing, (&counts, own));
    Ok(render(&page)?.into_response())
}

fn page(app: &App, ctx: &Ctx, heading: &'static str, tab: &str, query: &ListQuery, listing: Listing<ListRow>, (counts, (views, hidden)): (&Counts, (Vec<desk_batch::SavedView>, Vec<String>))) -> ListPage {
    let now = app.now();
    let path = ctx.path().to_owned();
    let base = ctx.uri.split('#').next().unwrap_or(&path).to_owned();
    let rows: Vec<_> = listing.items.iter().map(|row| (show::Row::of(row, now), Trail::new(&base, row.sort_due).to(&row.no, row.sort_due))).collect();
    let tabs = TABS
        .iter()
        .map(|(code, title)| Tab { href: format!("{path}?tab={code}"), title, count: tab_count(counts, code), current: *code == tab })
        .collect();
    let channels = std::iter::once((String::new(), "全部来源")).chain(
        Channel::ALL.into_iter().map(|channel| (channel.code().to_string(), channel.label())),
    );
    // 页签上的件数没有按来源、办理人、事项筛过，筛了就不拿它当总数
    let whole = [&query.q, &query.src, &query.who, &query.item].iter().all(|filter| filter.trim().is_empty());
    let note = match tab_count(counts, tab).filter(|_| whole) {
        Some(total) => format!("共 {total} 件，本页 {} 件", rows.len()),
        None => format!("本页 {} 件", rows.len()),
    };
    ListPage {
        l: Layout::staff(ctx, heading),
        heading,
        tabs,
        q: query.q.clone(),
        tab: tab.to_owned(),
        source: Input::select("src", "来源", channels).value(&query.src),
        who: Input::select("who", "办理人", [("", "全部"), ("me", "只看我办的")]).value(&query.who),
        pager: Pager::of(&ctx.uri, listing.next_cursor.as_deref(), note),
        export: format!("{base}{}format=xlsx", if base.contains('?') { '&' } else { '?' }),
        views,
        hidden,
        query: base.split_once('?').map(|(_, query)| query.to_owned()).unwrap_or_default(),
        back: base.clone(),
        may_register: ctx.actor.may(can::RECEIVE),
        empty: if query.q.is_empty() { "都办完了" } else { "没有找到：姓名、单位名称要写全，证件号要写全" },
        rows,
    }
}

const COLUMNS: &[(&str, &str)] = &[
    ("办件编号", "no"),
    ("事项", "item"),
    ("申请人", "applicant"),
    ("办理机关", "org"),
    ("来源", "channel"),
    ("状态", "status"),
    ("环节·办理人", "step"),
    ("收件时间", "submitted"),
    ("到期", "due"),
    ("时限", "light"),
];

/// 与当前筛选一致的导出，一块块取。
async fn download(app: App, ctx: Ctx, tab: String, filter: Filter, format: Format) -> Result<Response, Failure> {
    let columns = COLUMNS.iter().map(|(title, code)| Column::new(*title, code, Kind::Text)).collect();
    let (actor, app2) = (ctx.actor.clone(), app.clone());
    export::stream(format, "cases", "办件", columns, move |after: Option<(i64, i64)>| {
        let (app, actor, tab, filter) = (app2.clone(), actor.clone(), tab.clone(), filter.clone());
        async move {
            let rows = app.db().snapshot("cases.export", move |tx| queries::worklist(tx, &actor, &tab, &filter, after, 500)).await?;
            let more = rows.len() > 500;
            let rows = &rows[..rows.len().min(500)];
            let now = app.now();
            let next = rows.last().filter(|_| more).map(|row| (row.sort_due, row.id));
            Ok((rows.iter().map(|row| cells(&show::Row::of(row, now))).collect(), next))
        }
    })
    .await
}

fn cells(row: &show::Row) -> Vec<Cell> {
    [&row.no, &row.item, &row.applicant, &row.org, &row.channel.to_owned(), &row.status.text, &row.step, &row.submitted, &row.due, &row.light.text]
        .into_iter()
        .map(|text| Cell::Text(text.clone()))
        .collect()
}
