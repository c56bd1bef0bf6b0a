//! 办件接口：列表、详情、过程、登记、动作、免登录查进度（api-conventions）。

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tongban_kernel::problem::{Code, FieldError};
use jiff::Timestamp;
use tongban_kernel::{Actor, ActorKind, Problem, time};
use tongban_store::Tx;
use tongban_web::{Answer, App, Ctx, Failure, Json, Listing, PageQuery, Query};
use utoipa::{IntoParams, ToSchema};

use crate::actions::{self, ActionInput};
use crate::commands::{self, Registration};
use crate::model::{Action, Applicant, Case, Channel, Delivery, Follow, FollowKind, MaterialStatus, Offer, State as CaseState};
use crate::pages::apply::random_bytes;
use crate::pages::track;
use crate::queries;
use crate::rules::forms::Form;
use crate::store::{Filter, ListRow, StepRow};
use crate::{offer, store};

/// 列表里的一件。
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseSummary {
    pub no: String,
    pub item_code: String,
    pub item_name: String,
    /// 已脱敏。
    pub applicant: String,
    pub org_name: String,
    /// 状态标识。
    pub state: &'static str,
    /// 页面标签。
    pub state_label: &'static str,
    pub step: Option<&'static str>,
    /// 申报渠道码。
    pub channel: u8,
    /// `green`、`yellow`、`red`、`grey`。
    pub light: &'static str,
    pub submitted_at: String,
    pub due_at: Option<String>,
}

impl CaseSummary {
    fn of(row: &ListRow) -> Self {
        Self {
            no: row.no.clone(),
            item_code: row.item_code.clone(),
            item_name: row.item_name.clone(),
            applicant: row.applicant.clone(),
            org_name: row.org_name.clone(),
            state: row.state.as_str(),
            state_label: row.state.label(row.step),
            step: row.step.map(crate::model::Step::as_str),
            channel: row.channel.code(),
            light: row.light.as_str(),
            submitted_at: time::rfc3339(row.submitted_at),
            due_at: row.due.map(time::rfc3339),
        }
    }
}

/// 一件办件。
#[derive(Debug, Serialize, ToSchema)]
pub struct CaseBody {
    pub no: String,
    pub version: i64,
    pub item_code: String,
    pub item_name: String,
    pub item_version: i64,
    pub applicant: String,
    pub org_name: String,
    pub state: &'static str,
    pub state_label: &'static str,
    pub step: Option<&'static str>,
    pub channel: u8,
    pub light: &'static str,
    pub promise_days: u32,
    pub legal_days: u32,
    pub extension_days: u32,
    pub submitted_at: String,
    pub received_at: Option<String>,
    pub accepted_on: Option<String>,
    pub auto_accepted: bool,
    pub due_at: Option<String>,
    pub legal_due_at: Option<String>,
    pub decided_at: Option<String>,
    pub outcome: Option<&'static str>,
    pub on_time: Option<bool>,
    pub ended_at: Option<String>,
    pub revoked_on: Option<String>,
    /// 延续件：原证届满之日，届满没有决定的视为准予。
    pub renews_until: Option<String>,
    pub corrections: i64,
    /// 此人此刻能做的动作。
    pub allowed_actions: Vec<&'static str>,
}

impl CaseBody {
    fn of(case: &Case, actor: &Actor) -> Self {
        Self {
            no: case.no.to_string(),
            version: case.version,
            item_code: case.item_code.clone(),
            item_name: case.item_name.clone(),
            item_version: case.item_version,
            applicant: case.applicant_shown.clone(),
            org_name: case.org_name.clone(),
            state: case.state.as_str(),
            state_label: case.status_label(),
            step: case.step.map(crate::model::Step::as_str),
            channel: case.channel.code(),
            light: case.light.as_str(),
            promise_days: case.promise_days,
            legal_days: case.legal_days,
            extension_days: case.extension_days,
            submitted_at: time::rfc3339(case.submitted_at),
            received_at: case.received_at.map(time::rfc3339),
            accepted_on: case.accepted_on.map(|day| day.to_string()),
            auto_accepted: case.auto_accepted,
            due_at: case.due.map(time::rfc3339),
            legal_due_at: case.legal_due.map(time::rfc3339),
            decided_at: case.decided_at.map(time::rfc3339),
            outcome: case.outcome.map(crate::model::Outcome::as_str),
            on_time: case.on_time,
            ended_at: case.ended_at.map(time::rfc3339),
            revoked_on: case.revoked_on.map(|day| day.to_string()),
            renews_until: case.renews_until.map(|day| day.to_string()),
            corrections: case.corrections,
            allowed_actions: actions::offered(actor, case).into_iter().map(Action::as_str).collect(),
        }
    }
}

/// 带强 `ETag`（版本号）的回答。
fn tagged(status: StatusCode, case: &Case, actor: &Actor) -> tongban_store::Result<Answer> {
    Ok(Answer::json(status, &CaseBody::of(case, actor))?.with(header::ETAG, &format!("\"{}\"", case.version)))
}

/// 申请人与工作人员共用的接口，先要登录。
fn signed_in(ctx: &Ctx) -> Result<(), Problem> {
    if ctx.actor.is_signed_in() { Ok(()) } else { Err(Problem::unauthenticated()) }
}

/// 列表的条件。
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
pub struct ListParams {
    /// 页签：`all`、`pending`、`correcting`、`review`、`decision`、`delivery`、`yellow`、`red`、`done`。
    #[param(max_length = 20)]
    pub tab: String,
    /// 33 位事项编码。
    #[param(max_length = 33)]
    pub item_code: String,
    #[param(minimum = 1, maximum = 100)]
    pub limit: Option<i64>,
    #[param(max_length = 2000)]
    pub cursor: Option<String>,
}

/// 范围内的办件，按到期先后。
#[utoipa::path(get, path = "/api/v1/cases", operation_id = "listCases", tag = "办件", params(ListParams), responses(
    (status = 200, description = "一页办件", body = Listing<CaseSummary>),
    (status = 401, description = "没有登录"), (status = 403, description = "没有权限"), (status = 422, description = "条件有误"), (status = 429, description = "太频繁")))]
pub async fn list_cases(State(app): State<App>, ctx: Ctx, Query(params): Query<ListParams>) -> Result<Json<Listing<CaseSummary>>, Failure> {
    let tab = if params.tab.is_empty() { "all" } else { params.tab.as_str() };
    let Some((tab, _)) = queries::TABS.iter().copied().find(|(code, _)| *code == tab) else {
        let detail = "tab 应为 all、pending、correcting、review、decision、delivery、yellow、red、done 之一";
        return Err(Problem::invalid(vec![FieldError { pointer: "#/query/tab".to_owned(), code: "choice", detail: detail.to_owned() }]).into());
    };
    let page = PageQuery { limit: params.limit, cursor: params.cursor };
    let limit = page.limit()?;
    let mark = format!("{tab}|{}", params.item_code);
    let after = page.after(&mark)?;
    let filter = Filter { item_code: params.item_code, ..Filter::default() };
    let actor = ctx.actor.clone();
    let rows = app.db().snapshot("cases.api_list", move |tx| queries::worklist(tx, &actor, tab, &filter, after, limit as i64)).await?;
    let cut = Listing::cut(rows, limit, &mark, |row: &ListRow| (row.sort_due, row.id));
    Ok(Json(Listing { items: cut.items.iter().map(CaseSummary::of).collect(), next_cursor: cut.next_cursor }))
}

/// 一件办件：范围内的工作人员或申请人。
#[utoipa::path(get, path = "/api/v1/cases/{no}", operation_id = "readCase", tag = "办件",
    params(("no" = String, Path, description = "办件编号", pattern = r"^\d{6}-\d{8}-\d{6}$")), responses(
    (status = 200, description = "办件", body = CaseBody), (status = 304, description = "没有变化"),
    (status = 401, description = "没有登录"), (status = 404, description = "没有找到"), (status = 429, description = "太频繁")))]
pub async fn read_case(State(app): State<App>, ctx: Ctx, Path(no): Path<String>, headers: HeaderMap) -> Result<Response, Failure> {
    signed_in(&ctx)?;
    let actor = ctx.actor.clone();
    let at = app.now();
    let case = app.db().snapshot("cases.api_read", move |tx| queries::seen(tx, &actor, &no, at)).await?;
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    if known == Some(format!("\"{}\"", case.version).as_str()) {
        return Ok(StatusCode::NOT_MODIFIED.into_response());
    }
    Ok(tagged(StatusCode::OK, &case, &ctx.actor)?.into_response())
}

/// 一步过程。
#[derive(Debug, Serialize, ToSchema)]
pub struct StepBody {
    pub action: String,
    pub name: String,
    pub from: &'static str,
    pub to: &'static str,
    /// 办理人；申请人看时不含内部意见。
    pub actor: String,
    pub opinion: String,
    pub at: String,
}

impl StepBody {
    fn of(step: StepRow) -> Self {
        Self {
            action: step.action,
            name: step.name,
            from: step.from.as_str(),
            to: step.to.as_str(),
            actor: step.actor_name,
            opinion: step.opinion,
            at: time::rfc3339(step.ended_at),
        }
    }
}

/// 办件的全部过程；申请人看不到内部意见。
#[utoipa::path(get, path = "/api/v1/cases/{no}/steps", operation_id = "listCaseSteps", tag = "办件",
    params(("no" = String, Path, description = "办件编号", pattern = r"^\d{6}-\d{8}-\d{6}$")), responses(
    (status = 200, description = "过程", body = Vec<StepBody>), (status = 401, description = "没有登录"),
    (status = 404, description = "没有找到"), (status = 429, description = "太频繁")))]
pub async fn list_steps(State(app): State<App>, ctx: Ctx, Path(no): Path<String>) -> Result<Json<Vec<StepBody>>, Failure> {
    signed_in(&ctx)?;
    let actor = ctx.actor.clone();
    let at = app.now();
    let (steps, own) = app
        .db()
        .snapshot("cases.api_steps", move |tx| {
            let case = queries::seen(tx, &actor, &no, at)?;
            Ok((store::steps(tx, case.id)?, commands::owns(&actor, &case) || actor.kind == ActorKind::Citizen))
        })
        .await?;
    Ok(Json(steps.into_iter().filter(|step| step.public || !own).map(StepBody::of).collect()))
}

/// 窗口登记的一件。
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RegisterInput {
    /// 33 位事项编码；变更、延续、补证的可以不给，照原办件定。
    #[serde(default)]
    #[schema(max_length = 33)]
    pub item_code: String,
    pub applicant: ApplicantInput,
    /// 所选情况的选项代号。
    #[serde(default)]
    #[schema(max_items = 50)]
    pub situations: Vec<String>,
    /// 表单：字段代号 → 值。
    #[serde(default)]
    pub form: Form,
    /// 材料短名 → `paper`、`licence`、`deferred`、`uploaded`。
    #[serde(default)]
    pub materials: std::collections::BTreeMap<String, MaterialStatus>,
    /// `electronic`、`pickup`、`post`。
    #[serde(default)]
    pub delivery: Option<Delivery>,
    #[serde(default)]
    #[schema(max_length = 200)]
    pub summary: String,
    /// 申报渠道码，默认 8 窗口。
    #[serde(default)]
    pub channel: Option<u8>,
    /// 同一申请人同一事项已有在办件时仍要收。
    #[serde(default)]
    pub allow_same: bool,
    /// 变更、延续、补证的原办件；没给的情况、表单字段照它带过来。
    #[serde(default)]
    pub earlier: Option<EarlierInput>,
}

/// 为哪一件申请变更、延续、补证。
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EarlierInput {
    /// 原办件编号，或证照标识、证照编号。
    #[schema(max_length = 100)]
    pub no: String,
    /// `change` 变更、`renew` 延续、`reissue` 补证。
    pub kind: FollowKind,
}

/// 申请人。
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ApplicantInput {
    #[schema(max_length = 100)]
    pub name: String,
    #[serde(default)]
    pub legal: bool,
    #[schema(max_length = 30)]
    pub id_number: String,
    #[serde(default)]
    #[schema(max_length = 50)]
    pub contact: String,
    #[schema(max_length = 20)]
    pub mobile: String,
}

impl ApplicantInput {
    /// 交来的申请人；证件种类由号码看出，地址不收。
    pub(crate) fn read(&self) -> Applicant {
        Applicant {
            name: self.name.clone(),
            is_legal: self.legal,
            id_type: String::new(),
            id_number: self.id_number.clone(),
            contact: self.contact.clone(),
            mobile: self.mobile.clone(),
            address: String::new(),
        }
    }
}

impl RegisterInput {
    fn registration(&self) -> Result<Registration, Problem> {
        let channel = self.channel.map_or(Some(Channel::Window), |code| Channel::from_code(code.into()));
        Ok(Registration {
            applicant: self.applicant.read(),
            situations: self.situations.clone(),
            form: self.form.clone(),
            materials: self.materials.clone().into_iter().collect(),
            delivery: self.delivery.unwrap_or(Delivery::Pickup),
            summary: self.summary.clone(),
            channel: channel.ok_or_else(|| Problem::field("channel", "choice", "申报渠道码应为 0 到 9"))?,
            allow_same: self.allow_same,
            follow: None,
        })
    }

    /// 办哪一项、登记什么；为原办件再申请的，没给的照它带过来。
    fn resolve(&self, tx: &mut Tx<'_>, actor: &Actor, registration: &Registration, at: Timestamp) -> tongban_store::Result<(Offer, Registration)> {
        let mut registration = registration.clone();
        let mut chosen = None;
        if let Some(earlier) = &self.earlier {
            let wanted = Follow { kind: earlier.kind, earlier_no: commands::earlier_no(tx, &earlier.no)? };
            let prepared = commands::prepare(tx, actor, &wanted, at)?;
            if registration.situations.is_empty() {
                registration.situations = prepared.before.situations;
            }
            for (key, value) in prepared.before.form {
                registration.form.entry(key).or_insert(value);
            }
            registration.delivery = self.delivery.unwrap_or(prepared.earlier.delivery);
            registration.follow = Some(wanted);
            chosen = Some(prepared.offer).filter(|_| self.item_code.is_empty());
        }
        let found = match chosen {
            Some(offer) => Some(offer),
            None => offer::current(tx, &self.item_code)?,
        };
        let gone = || Problem::new(Code::NotFound, "没有找到这个事项，可能已经暂停或取消");
        Ok((found.ok_or_else(gone)?, registration))
    }
}

/// 窗口、代办点登记一件。须带 `Idempotency-Key`。
#[utoipa::path(post, path = "/api/v1/cases", operation_id = "registerCase", tag = "办件", request_body = RegisterInput,
    params(("Idempotency-Key" = String, Header, description = "幂等键", max_length = 255)), responses(
    (status = 201, description = "已登记", body = CaseBody), (status = 400, description = "缺幂等键或 JSON 不完整"),
    (status = 401, description = "没有登录"), (status = 403, description = "没有权限"), (status = 404, description = "没有这个事项，或没有这个原办件"),
    (status = 409, description = "已有同样的在办件，或原办件不能再申请这一种"), (status = 415, description = "不是 JSON"), (status = 422, description = "内容有误"), (status = 429, description = "太频繁")))]
pub async fn register_case(State(app): State<App>, ctx: Ctx, Json(input): Json<RegisterInput>) -> Result<Response, Failure> {
    if ctx.once.is_none() {
        return Err(Problem::new(Code::IdempotencyKeyRequired, "登记办件须带 Idempotency-Key，重试时用同一个").into());
    }
    let (registration, random, at) = (input.registration()?, random_bytes::<32>()?, app.now());
    let actor = ctx.actor.clone();
    let answer = app.answer(&ctx, "cases.api_register", move |tx| {
        let (offer, registration) = input.resolve(tx, &actor, &registration, at)?;
        let case = commands::open_at_window(tx, &actor, &offer, &registration, &random, at)?.case;
        Ok(tagged(StatusCode::CREATED, &case, &actor)?.with(header::LOCATION, &format!("/api/v1/cases/{}", case.no)))
    });
    Ok(answer.await?.into_response())
}

/// 体内的 `version` 优先，其次 `If-Match`；都没有是 428。
fn wanted_version(input: &ActionInput, headers: &HeaderMap) -> Result<i64, Problem> {
    let tag = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok());
    input
        .version
        .or_else(|| tag.and_then(|tag| tag.trim_matches('"').parse().ok()))
        .ok_or_else(|| Problem::new(Code::PreconditionRequired, "请在 version 或 If-Match 里给出您看到的版本号"))
}

/// 做一个动作。
#[utoipa::path(post, path = "/api/v1/cases/{no}/actions/{action}", operation_id = "actOnCase", tag = "办件", request_body = ActionInput,
    params(("no" = String, Path, description = "办件编号", pattern = r"^\d{6}-\d{8}-\d{6}$"),
           ("action" = String, Path, description = "动作名，如 accept；能做哪些见 allowed_actions", max_length = 40)), responses(
    (status = 200, description = "做完之后的办件", body = CaseBody), (status = 400, description = "JSON 不完整"),
    (status = 401, description = "没有登录"), (status = 403, description = "没有权限"), (status = 404, description = "没有找到"),
    (status = 409, description = "现在的状态不能这样做"), (status = 412, description = "别人先改了"), (status = 415, description = "不是 JSON"),
    (status = 422, description = "内容有误"), (status = 428, description = "缺版本号"), (status = 429, description = "太频繁")))]
pub async fn act_on_case(
    State(app): State<App>,
    ctx: Ctx,
    Path((no, action)): Path<(String, String)>,
    headers: HeaderMap,
    Json(input): Json<ActionInput>,
) -> Result<Response, Failure> {
    signed_in(&ctx)?;
    let version = wanted_version(&input, &headers)?;
    let action = Action::parse(&action).ok_or_else(Problem::not_found)?;
    let (actor, at) = (ctx.actor.clone(), app.now());
    let answer = app.answer(&ctx, "cases.api_act", move |tx| {
        let case = actions::perform(tx, &actor, &no, action, version, &input, at)?;
        tagged(StatusCode::OK, &case, &actor)
    });
    Ok(answer.await?.into_response())
}

/// 查进度要的两样。
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TrackInput {
    /// 办件编号。
    #[schema(max_length = 40)]
    pub no: String,
    /// 手机后四位，或 8 位查询码。
    #[schema(max_length = 16)]
    pub code: String,
}

/// 进度。
#[derive(Debug, Serialize, ToSchema)]
pub struct TrackBody {
    pub no: String,
    pub item_name: String,
    pub org_name: String,
    pub state: &'static str,
    pub state_label: &'static str,
    pub light: &'static str,
    pub due_at: Option<String>,
    pub steps: Vec<StepBody>,
}

/// 免登录查进度；连错 5 次锁 15 分钟。
#[utoipa::path(post, path = "/api/v1/track", operation_id = "trackCase", tag = "办件", request_body = TrackInput, responses(
    (status = 200, description = "进度", body = TrackBody), (status = 400, description = "JSON 不完整"), (status = 415, description = "不是 JSON"),
    (status = 422, description = "编号与码对不上"), (status = 429, description = "错得太多或太频繁")))]
pub async fn track_case(State(app): State<App>, Json(input): Json<TrackInput>) -> Result<Json<TrackBody>, Failure> {
    let found = track::find(&app, &input.no, &input.code).await?;
    let case = &found.case;
    Ok(Json(TrackBody {
        no: case.no.to_string(),
        item_name: case.item_name.clone(),
        org_name: case.org_name.clone(),
        state: case.state.as_str(),
        state_label: case.status_label(),
        light: case.light.as_str(),
        due_at: case.due.map(time::rfc3339),
        steps: found.steps.into_iter().filter(|step| step.public).map(|step| StepBody { actor: String::new(), ..StepBody::of(step) }).collect(),
    }))
}

/// 一种状态。
#[derive(Debug, Serialize, ToSchema)]
pub struct StateBody {
    pub state: &'static str,
    pub code: u8,
    pub label: &'static str,
    pub actions: Vec<&'static str>,
}

/// 状态机：全部状态与各自合法的动作。
#[utoipa::path(get, path = "/api/v1/case-states", operation_id = "listCaseStates", tag = "办件", responses(
    (status = 200, description = "状态机", body = Vec<StateBody>), (status = 429, description = "太频繁")))]
pub async fn list_states() -> Json<Vec<StateBody>> {
    let of = |state: CaseState| StateBody {
        state: state.as_str(),
        code: state.code(),
        label: state.label(None),
        actions: crate::model::allowed_actions(state).map(Action::as_str).collect(),
    };
    Json(CaseState::ALL.into_iter().map(of).collect())
}
