//! 目录区的页面：服务点、机构与人员。

use askama::Template;
use axum::extract::State;
use serde::Deserialize;
use tongban_kernel::mask;
use tongban_web::{App, Ctx, Failure, Html, Layout, Query, render};

use crate::model::kind_name;
use crate::queries::{self, Org, Site, Staff};
use crate::store;

#[derive(Template)]
#[template(path = "sites.html")]
struct SitesPage {
    l: Layout,
    sites: Vec<Site>,
}

/// 服务点：地址、电话、时间。
pub async fn sites(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let sites = app.db().read("directory.sites", |tx| queries::sites(tx)).await?;
    render(&SitesPage { l: Layout::public(&ctx, "服务点"), sites })
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct OrgQuery {
    org: Option<i64>,
}

/// 机构树的一行。
struct Line {
    org: Org,
    kind: &'static str,
    depth: usize,
}

struct Person {
    staff: Staff,
    name: String,
}

#[derive(Template)]
#[template(path = "orgs.html")]
struct OrgsPage {
    l: Layout,
    lines: Vec<Line>,
    chosen: Option<Org>,
    people: Vec<Person>,
}

/// 本人范围内的机构树与选中机构的人员。
pub async fn orgs(State(app): State<App>, ctx: Ctx, Query(query): Query<OrgQuery>) -> Result<Html, Failure> {
    let actor = ctx.actor.clone();
    let (lines, chosen, people) = app
        .db()
        .snapshot("directory.orgs", move |tx| {
            let all = queries::all_orgs(tx)?;
            let seen: Vec<&Org> = all.iter().filter(|org| actor.scope.covers(&org.place())).collect();
            let chosen = query.org.and_then(|id| seen.iter().find(|org| org.id == id)).map(|org| (*org).clone());
            let people = match &chosen {
                Some(org) => store::staff_of(tx, org.id, 0, 500)?,
                None => Vec::new(),
            };
            Ok((tree(&seen), chosen, people))
        })
        .await?;
    let people = people.into_iter().map(|staff| Person { name: mask::name(&staff.name), staff }).collect();
    render(&OrgsPage { l: Layout::staff(&ctx, "机构与人员"), lines, chosen, people })
}

/// 深度优先排开；上级不在范围内的当作根。
fn tree(seen: &[&Org]) -> Vec<Line> {
    fn walk(seen: &[&Org], parent: i64, depth: usize, out: &mut Vec<Line>) {
        for org in seen.iter().filter(|org| org.parent == parent) {
            out.push(Line { org: (*org).clone(), kind: kind_name(org.kind), depth });
            if depth < 8 {
                walk(seen, org.id, depth + 1, out);
            }
        }
    }
    let mut roots: Vec<i64> = seen.iter().map(|org| org.parent).filter(|parent| !seen.iter().any(|org| org.id == *parent)).collect();
    roots.sort_unstable();
    roots.dedup();
    let mut out = Vec::new();
    roots.into_iter().for_each(|root| walk(seen, root, 0, &mut out));
    out
}
