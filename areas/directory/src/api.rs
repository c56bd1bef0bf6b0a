//! 目录区的接口：区划、机构、服务点，公开只读。

use axum::extract::State;
use serde::{Deserialize, Serialize};
use tongban_web::failure::ProblemBody;
use tongban_web::{App, Failure, Json, Listing, PageQuery, Query};
use utoipa::{IntoParams, ToSchema};

use crate::queries;

#[derive(Debug, Serialize, ToSchema)]
pub struct DivisionView {
    /// 12 位区划代码。
    #[schema(example = "510811000000")]
    pub code: String,
    pub name: String,
    /// 1 省 2 市 3 县 4 乡 5 村。
    pub level: i64,
    /// statutory 法定、statistical 统计、abolished 已撤并。
    pub kind: String,
    /// 撤并后的承接区划；没有为 `null`。
    pub successor: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct DivisionQuery {
    /// 上级区划，12 位；省级用空串。
    #[param(max_length = 12)]
    pub parent: String,
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
    #[param(max_length = 2000)]
    pub cursor: Option<String>,
}

/// 列出下级区划
#[utoipa::path(get, path = "/api/v1/divisions", operation_id = "listDivisions", tag = "目录", params(DivisionQuery),
    responses((status = 200, body = Listing<DivisionView>), (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list_divisions(State(app): State<App>, Query(query): Query<DivisionQuery>) -> Result<Json<Listing<DivisionView>>, Failure> {
    let page = PageQuery { limit: query.limit, cursor: query.cursor };
    let limit = page.limit()?;
    let after: Option<String> = page.after(&query.parent)?;
    let parent = query.parent.clone();
    let rows = app
        .db()
        .read("directory.divisions", move |tx| queries::divisions(tx, &parent, after.as_deref().unwrap_or(""), limit as i64 + 1))
        .await?;
    let views = rows
        .into_iter()
        .map(|d| DivisionView { code: d.code, name: d.name, level: d.level, kind: d.kind, successor: Some(d.successor).filter(|s| !s.is_empty()) })
        .collect();
    Ok(Json(Listing::cut(views, limit, &query.parent, |view| view.code.clone())))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct OrgView {
    pub id: String,
    pub name: String,
    pub short_name: String,
    /// 机构种类码（accounts §4.2），0 为县区本级。
    pub kind: i64,
    pub parent: Option<String>,
    /// 统一社会信用代码；未核定为 `null`。
    pub code: Option<String>,
    pub division: String,
    pub phone: Option<String>,
}

/// 列出机构
#[utoipa::path(get, path = "/api/v1/orgs", operation_id = "listOrgs", tag = "目录",
    responses((status = 200, body = Listing<OrgView>), (status = 429, body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list_orgs(State(app): State<App>) -> Result<Json<Listing<OrgView>>, Failure> {
    let text = |text: String| Some(text).filter(|t| !t.is_empty());
    let orgs = app.db().read("directory.all_orgs", queries::all_orgs).await?;
    let items = orgs
        .into_iter()
        .map(|org| OrgView {
            id: org.id.to_string(),
            parent: (org.parent != 0).then(|| org.parent.to_string()),
            name: org.name,
            short_name: org.short_name,
            kind: org.kind,
            code: text(org.code),
            division: org.division,
            phone: text(org.phone),
        })
        .collect();
    Ok(Json(Listing { items, next_cursor: None }))
}

#[derive(Debug, Serialize, ToSchema)]
pub struct SiteView {
    pub id: String,
    pub name: String,
    pub address: String,
    pub phone: String,
    pub hours: String,
    pub division: String,
}

/// 列出服务点
#[utoipa::path(get, path = "/api/v1/sites", operation_id = "listSites", tag = "目录",
    responses((status = 200, body = Listing<SiteView>), (status = 429, body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list_sites(State(app): State<App>) -> Result<Json<Listing<SiteView>>, Failure> {
    let sites = app.db().read("directory.sites", queries::sites).await?;
    let items = sites
        .into_iter()
        .map(|s| SiteView { id: s.id.to_string(), name: s.name, address: s.address, phone: s.phone, hours: s.hours, division: s.division })
        .collect();
    Ok(Json(Listing { items, next_cursor: None }))
}
