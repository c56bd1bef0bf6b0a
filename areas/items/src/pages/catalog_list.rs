//! 事项清单：待认领、各状态的办理项，按名称、编码、部门筛；待认领的可以成批认领。

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::problem::Problem;
use tongban_kernel::time::show;
use tongban_store::{Error, Result as Stored, Tx};
use tongban_web::area::Html;
use tongban_web::components::{Field, Pager};
use tongban_web::{App, Ctx, Failure, Form, Layout, PageQuery, Query, render, see_other};

use super::desk::cut;
use crate::cache;
use crate::commands;
use crate::model::lifecycle::{PoolState, State as ItemState};
use crate::permissions;
use crate::store::{self, Find, ItemRow, PoolEntry};

/// 页签：标识、文字。
const TABS: &[(&str, &str)] = &[
    ("pending_claim", "待认领"),
    ("decline_review", "待确认不认领"),
    ("editing", "编辑中"),
    ("reviewing", "待审核"),
    ("approved", "待发布"),
    ("active", "在用"),
    ("suspended", "暂停"),
    ("cancelled", "已取消"),
];
/// 没有说看哪一页签的，从有活要干的看起。
const FIRST: [&str; 5] = ["pending_claim", "decline_review", "editing", "reviewing", "approved"];
/// 一次至多认领几条。
const MOST: usize = 100;

/// 清单的条件。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct CatalogQuery {
    pub tab: String,
    /// 名称里的字，或编码里的一段。
    pub q: String,
    /// 部门的机构行键。
    pub dept: String,
    pub cursor: Option<String>,
    pub limit: Option<i64>,
}

impl CatalogQuery {
    fn find(&self) -> Find {
        Find { words: self.q.trim().chars().take(100).collect(), unit: self.dept.parse().unwrap_or(0) }
    }
}

#[derive(Template)]
#[template(path = "catalog.html")]
struct ListPage {
    l: Layout,
    tab: String,
    q: String,
    dept: Field,
    pool: Vec<PoolEntry>,
    items: Vec<ItemRow>,
    pager: Pager,
    may_claim: bool,
    may_review: bool,
}

impl ListPage {
    fn tabs(&self) -> &'static [(&'static str, &'static str)] {
        TABS
    }

    fn when(&self, row: &ItemRow) -> String {
        show(row.touched)
    }

    fn pooled(&self, entry: &PoolEntry) -> String {
        show(entry.row.pooled)
    }

    fn claims(&self) -> bool {
        self.may_claim && self.tab == "pending_claim" && !self.pool.is_empty()
    }
}

/// `GET /catalog`
///
/// # Errors
/// 条件不合格：422。
pub async fn index(State(app): State<App>, ctx: Ctx, Query(query): Query<CatalogQuery>) -> Result<Html, Failure> {
    let tab = match TABS.iter().map(|(tab, _)| *tab).find(|tab| *tab == query.tab) {
        Some(tab) => tab,
        None => busy(&app, &ctx).await?,
    };
    let (page, scope, find) = (PageQuery { limit: query.limit, cursor: query.cursor.clone() }, ctx.actor.scope.clone(), query.find());
    let mark = format!("{tab}|{}|{}", find.unit, find.words);
    let limit = page.limit()?;
    let (mut pool, mut items) = (Vec::new(), Vec::new());
    let next = if let Some(state) = PoolState::parse(tab) {
        let after = page.after(&mark)?.unwrap_or((i64::MIN, 0));
        pool = app.db().snapshot("items.pool", move |tx| store::pool(tx, &scope, state, &find, after, limit + 1)).await?;
        cut(&mut pool, limit, &mark, |entry: &PoolEntry| (entry.row.pooled.as_millisecond(), entry.row.id))
    } else {
        let state = ItemState::parse(tab).ok_or_else(Problem::not_found)?;
        let before = page.after(&mark)?.unwrap_or((i64::MAX, i64::MAX));
        items = app.db().snapshot("items.desk", move |tx| store::desk_items(tx, &scope, state, &find, before, limit + 1)).await?;
        cut(&mut items, limit, &mark, |row: &ItemRow| (row.touched.as_millisecond(), row.id))
    };
    let note = format!("本页 {} 条", pool.len() + items.len());
    let units = cache::units(&app).await?;
    let (depts, towns) = &*units;
    let offered: Vec<_> = depts.iter().chain(towns).map(|(id, name, _)| (id.to_string(), name.clone())).collect();
    let options = std::iter::once((String::new(), "全部单位".to_owned())).chain(offered);
    render(&ListPage {
        l: Layout::staff(&ctx, "事项清单"),
        tab: tab.to_owned(),
        q: query.q.clone(),
        dept: Field::select("dept", "单位", options).value(&query.dept),
        pool,
        items,
        pager: Pager::of(&ctx.uri, next.as_deref(), note),
        may_claim: ctx.actor.may(permissions::CLAIM),
        may_review: ctx.actor.may(permissions::REVIEW),
    })
}

/// 头一个有活要干的页签；都没有就看在用的。
async fn busy(app: &App, ctx: &Ctx) -> Result<&'static str, Failure> {
    let scope = ctx.actor.scope.clone();
    let found = app
        .db()
        .snapshot("items.busy", move |tx| {
            for tab in FIRST {
                let any = match (PoolState::parse(tab), ItemState::parse(tab)) {
                    (Some(state), _) => !store::pool(tx, &scope, state, &Find::default(), (i64::MIN, 0), 1)?.is_empty(),
                    (None, Some(state)) => !store::desk_items(tx, &scope, state, &Find::default(), (i64::MAX, i64::MAX), 1)?.is_empty(),
                    (None, None) => false,
                };
                if any {
                    return Ok(tab);
                }
            }
            Ok("active")
        })
        .await?;
    Ok(found)
}

/// `POST /catalog/pool/claim`：勾选的各认各的，成的成，不成的说清为什么。
///
/// # Errors
/// 没有权限：403。
pub async fn claim(State(app): State<App>, ctx: Ctx, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let chosen: Vec<(String, i64)> = fields
        .iter()
        .filter(|(name, _)| name == "pick")
        .filter_map(|(_, value)| value.rsplit_once(':').and_then(|(code, version)| Some((code.to_owned(), version.parse().ok()?))))
        .collect();
    if chosen.is_empty() || chosen.len() > MOST {
        return Ok(see_other("/catalog?tab=pending_claim").flash(format!("请勾选 1 到 {MOST} 条")).into_response());
    }
    let (mut done, mut refused) = (0, Vec::new());
    for (code, version) in chosen {
        let (actor, at, wanted) = (ctx.actor.clone(), app.now(), code.clone());
        let claimed: Stored<()> = app.db().write("items.claim", move |tx: &mut Tx<'_>| {
            let row = store::implementation_by_code(tx, &wanted)?.ok_or_else(Problem::not_found)?;
            commands::claim(tx, &actor, row.id, version, at).map(|_| ())
        }).await;
        match claimed {
            Ok(()) => done += 1,
            Err(Error::Refused(problem)) => refused.push(format!("{code}：{}", problem.detail)),
            Err(error) => return Err(error.into()),
        }
    }
    let told = if refused.is_empty() { format!("已认领 {done} 条") } else { format!("已认领 {done} 条；{} 条没认领成：{}", refused.len(), refused.join("；")) };
    Ok(see_other("/catalog").flash(told.chars().take(600).collect::<String>()).into_response())
}
