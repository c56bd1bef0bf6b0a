//! 事项接口：`/api/v1/items`，公开只读；纠错可写。

use std::collections::BTreeMap;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tongban_kernel::problem::Problem;
use tongban_kernel::time::rfc3339;
use tongban_web::failure::ProblemBody;
use tongban_web::{App, Ctx, Failure, Json, Listing, PageQuery, Query};
use utoipa::{IntoParams, ToSchema};

use crate::cache;
use crate::commands::{self, Correction};
use crate::model::guide::Material;
use crate::queries::{self, PublicGuide};
use crate::store::{self, ShelfRow};

/// 列表里的一项。
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemSummary {
    /// 33 位事项编码。
    #[schema(min_length = 33, max_length = 33, example = "11510811MB0000027M451200000100001")]
    pub code: String,
    pub name: String,
    /// 事项类型代码：01 行政许可……20 公共服务。
    pub task_type: String,
    pub dept_name: String,
    /// active 在用、suspended 暂停、editing 待完善。
    pub status: String,
    /// 指南是否写全。
    pub complete: bool,
    /// 现行版本；0 = 还没有发布。
    pub version: i64,
    /// 网办等级 0–4。
    pub online_depth: String,
    pub visits: i64,
    /// 承诺时限，给人看的话；还没发布为 `null`。
    pub promise: Option<String>,
    #[serde(skip)]
    key: (String, i64),
}

impl From<ShelfRow> for ItemSummary {
    fn from(row: ShelfRow) -> Self {
        Self {
            promise: (row.edition > 0).then(|| row.promise.promise_words()),
            task_type: row.task_type.code().to_owned(),
            status: row.state.as_str().to_owned(),
            complete: row.complete,
            version: row.edition,
            online_depth: row.depth.code().to_owned(),
            visits: row.visits,
            key: (row.sort, row.id),
            code: row.code,
            name: row.name,
            dept_name: row.dept_name,
        }
    }
}

/// 列表的条件。
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ItemQuery {
    /// 服务对象代码：1 个人、2 企业……
    #[param(max_length = 1)]
    pub object: String,
    /// 主题：`p085` 个人主题、`c010` 企业主题。
    #[param(max_length = 4)]
    pub theme: String,
    /// 事项类型代码。
    #[param(max_length = 2)]
    pub task_type: String,
    /// 网办等级 0–4。
    #[param(max_length = 1)]
    pub online_depth: String,
    /// 只看写全的（true）或待完善的（false）。
    pub complete: Option<bool>,
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
    #[param(max_length = 2000)]
    pub cursor: Option<String>,
}

impl ItemQuery {
    fn tags(&self) -> Vec<String> {
        let named = [("theme", &self.theme), ("online_depth", &self.online_depth), ("type", &self.task_type), ("object", &self.object)];
        let mut tags: Vec<String> = named
            .into_iter()
            .filter(|(_, value)| !value.is_empty())
            .map(|(name, value)| format!("{}:{value}", if name == "online_depth" { "depth" } else { name }))
            .collect();
        match self.complete {
            // 写全与否的标签只贴在总书架上的
            Some(complete) => tags.push(format!("complete:{}", i64::from(complete))),
            None => tags.push("all".to_owned()),
        }
        tags
    }
}

/// 列出事项
#[utoipa::path(get, path = "/api/v1/items", operation_id = "listItems", tag = "事项", params(ItemQuery),
    responses((status = 200, body = Listing<ItemSummary>), (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list_items(State(app): State<App>, Query(query): Query<ItemQuery>) -> Result<Json<Listing<ItemSummary>>, Failure> {
    let tags = query.tags();
    let mark = tags.join(",");
    let page = PageQuery { limit: query.limit, cursor: query.cursor };
    let limit = page.limit()?;
    let (sort, id): (String, i64) = page.after(&mark)?.unwrap_or_default();
    let take = i64::try_from(limit).unwrap_or(100) + 1;
    let rows = app.db().read("items.api_list", move |tx| store::shelf_list(tx, &tags, (&sort, id), take)).await?;
    let views: Vec<ItemSummary> = rows.into_iter().map(ItemSummary::from).collect();
    Ok(Json(Listing::cut(views, limit, &mark, |view| view.key.clone())))
}

/// 一份指南。
#[derive(Debug, Serialize, ToSchema)]
pub struct ItemDetail {
    #[schema(min_length = 33, max_length = 33)]
    pub code: String,
    pub name: String,
    pub dept_name: String,
    pub catalogue_code: String,
    pub status: String,
    pub complete: bool,
    /// 这一份是第几版；0 = 还没有发布。
    pub version: i64,
    pub current_version: i64,
    pub published_at: Option<String>,
    /// 暂停、取消时给群众的话。
    pub notice: Option<String>,
    pub online_depth: String,
    pub can_apply_online: bool,
    /// 指南全文：要素名与 items 规格一致，枚举用代码。
    #[schema(value_type = Object)]
    pub guide: serde_json::Value,
}

fn detail(guide: &PublicGuide) -> Result<ItemDetail, Failure> {
    Ok(ItemDetail {
        code: guide.code.clone(),
        name: guide.guide.name.clone(),
        dept_name: guide.dept_name.clone(),
        catalogue_code: guide.catalogue_code.clone(),
        status: guide.state.as_str().to_owned(),
        complete: guide.complete,
        version: guide.edition,
        current_version: guide.current,
        published_at: guide.published.map(rfc3339),
        notice: Some(guide.notice.clone()).filter(|notice| !notice.is_empty()),
        online_depth: guide.depth().code().to_owned(),
        can_apply_online: guide.can_apply(),
        guide: serde_json::to_value(&guide.guide).map_err(tongban_store::Error::from)?,
    })
}

/// 带 ETag 的回答；没变的 304。
fn tagged(headers: &HeaderMap, guide: &PublicGuide) -> Result<Response, Failure> {
    let tag = format!("\"{}-{}-{}\"", guide.edition, guide.current, guide.state.as_str());
    let same = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).is_some_and(|known| known == tag);
    let mut response = if same { StatusCode::NOT_MODIFIED.into_response() } else { Json(detail(guide)?).into_response() };
    if let Ok(value) = HeaderValue::from_str(&tag) {
        response.headers_mut().insert(header::ETAG, value);
    }
    Ok(response)
}

/// 看一份现行指南
#[utoipa::path(get, path = "/api/v1/items/{code}", operation_id = "readItem", tag = "事项",
    params(("code" = String, Path, pattern = "^[0-9A-Z]{33}$")),
    responses((status = 200, body = ItemDetail), (status = 304, description = "没有变化"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json")))]
pub async fn read_item(State(app): State<App>, headers: HeaderMap, Path(code): Path<String>) -> Result<Response, Failure> {
    let guide = cache::guide(&app, &code).await?.ok_or_else(Problem::not_found)?;
    tagged(&headers, &guide)
}

/// 看某一版指南
#[utoipa::path(get, path = "/api/v1/items/{code}/versions/{version}", operation_id = "readItemVersion", tag = "事项",
    params(("code" = String, Path, pattern = "^[0-9A-Z]{33}$"), ("version" = i64, Path, minimum = 1)),
    responses((status = 200, body = ItemDetail), (status = 304, description = "没有变化"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json")))]
pub async fn read_item_version(
    State(app): State<App>,
    headers: HeaderMap,
    Path((code, version)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let version: i64 = version.parse().map_err(|_| Problem::not_found())?;
    let found = app.db().snapshot("items.api_version", move |tx| queries::public_guide(tx, &code, Some(version))).await?;
    tagged(&headers, &*found.ok_or_else(Problem::not_found)?)
}

/// 情形的答案。
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanInput {
    /// 问题 → 选项。没答的用默认。
    #[serde(default)]
    pub answers: BTreeMap<String, String>,
}

/// 一份要准备的材料。
#[derive(Debug, Serialize, ToSchema)]
pub struct MaterialView {
    pub id: String,
    pub name: String,
    pub hint: String,
    /// 1 必要 2 非必要 3 可以后补。
    pub need: String,
    /// 0 要提交 1 电子证照调取 2 数据共享核验 3 告知承诺代替。
    pub waive: String,
    pub copies: u8,
}

impl From<&Material> for MaterialView {
    fn from(material: &Material) -> Self {
        Self {
            id: material.id.clone(),
            name: material.name.clone(),
            hint: material.hint.clone(),
            need: material.need.code().to_owned(),
            waive: material.waive.code().to_owned(),
            copies: material.copies,
        }
    }
}

/// 这种情形要办的。
#[derive(Debug, Serialize, ToSchema)]
pub struct PlanView {
    /// 补全后的答案。
    pub answers: BTreeMap<String, String>,
    /// 这种情形不用办时的说明。
    pub stop: Option<String>,
    pub promise: String,
    pub legal: String,
    pub visits: u8,
    /// 收费合计（分）；按量计的只算一份。
    pub fee_cents: i64,
    pub notes: Vec<String>,
    pub materials: Vec<MaterialView>,
}

/// 按情形列材料、时限与收费
#[utoipa::path(post, path = "/api/v1/items/{code}/plan", operation_id = "planItem", tag = "事项",
    params(("code" = String, Path, pattern = "^[0-9A-Z]{33}$")), request_body = PlanInput,
    responses((status = 200, body = PlanView), (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json")))]
pub async fn plan_item(State(app): State<App>, Path(code): Path<String>, Json(input): Json<PlanInput>) -> Result<Json<PlanView>, Failure> {
    let found = cache::guide(&app, &code).await?.ok_or_else(Problem::not_found)?;
    let answers = found.guide.settle_answers(&input.answers);
    let plan = found.guide.plan(&answers);
    Ok(Json(PlanView {
        stop: plan.stop.map(str::to_owned),
        promise: plan.promise.promise_words(),
        legal: plan.legal.legal_words(),
        visits: plan.visits,
        fee_cents: plan.cents(),
        notes: plan.notes.iter().map(|note| (*note).to_owned()).collect(),
        materials: plan.materials.iter().map(|material| MaterialView::from(*material)).collect(),
        answers,
    }))
}

/// 一条纠错。
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CorrectionInput {
    /// material 材料、time 时限次数、fee 收费、place 地点电话、online 网上办不了、other 别的。
    #[schema(max_length = 20)]
    pub part: String,
    #[schema(min_length = 1, max_length = 500)]
    pub text: String,
    /// 选填的电话。
    #[serde(default)]
    #[schema(max_length = 20)]
    pub contact: String,
}

/// 纠错的单号。
#[derive(Debug, Serialize, ToSchema)]
pub struct CorrectionView {
    #[schema(example = "JC2026112200001")]
    pub number: String,
}

/// 指南纠错
#[utoipa::path(post, path = "/api/v1/items/{code}/corrections", operation_id = "correctItem", tag = "事项",
    params(("code" = String, Path, pattern = "^[0-9A-Z]{33}$")), request_body = CorrectionInput,
    responses((status = 201, body = CorrectionView), (status = 400, body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, body = ProblemBody, content_type = "application/problem+json")))]
pub async fn correct_item(
    State(app): State<App>,
    ctx: Ctx,
    Path(code): Path<String>,
    Json(input): Json<CorrectionInput>,
) -> Result<Response, Failure> {
    let input = Correction { part: input.part, text: input.text, contact: input.contact };
    let (actor, at) = (ctx.actor.clone(), app.now());
    let number = app.act(&ctx, "items.api_correct", move |tx| commands::submit_correction(tx, &actor, &code, &input, at)).await?;
    Ok((StatusCode::CREATED, Json(CorrectionView { number })).into_response())
}

/// 一件事。
#[derive(Debug, Serialize, ToSchema)]
pub struct BundleView {
    pub number: i64,
    pub name: String,
    /// 自然人或法人。
    pub object: String,
    pub lead: String,
    /// 成员事项的名称。
    pub members: Vec<String>,
}

/// 列出一件事
#[utoipa::path(get, path = "/api/v1/bundles", operation_id = "listBundles", tag = "事项",
    responses((status = 200, body = Listing<BundleView>), (status = 429, body = ProblemBody, content_type = "application/problem+json")))]
pub async fn list_bundles(State(app): State<App>) -> Result<Json<Listing<BundleView>>, Failure> {
    let items = app
        .db()
        .snapshot("items.api_bundles", |tx| {
            let mut views = Vec::new();
            for row in store::bundles(tx, 0, 200)? {
                let members = store::members(tx, row.id)?.into_iter().map(|member| member.name).collect();
                views.push(BundleView { number: row.number, name: row.name, object: row.object, lead: row.lead, members });
            }
            Ok(views)
        })
        .await?;
    Ok(Json(Listing { items, next_cursor: None }))
}
