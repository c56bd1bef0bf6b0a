//! 行业系统经接口补录：按“系统 + 编号”幂等，同一件再来一次给出同一件（cases §6 双系统办理）。

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use tongban_kernel::Problem;
use tongban_web::{App, Ctx, Failure, Json};
use utoipa::ToSchema;

use crate::commands::{self, External};
use crate::model::Outcome;
use crate::pages::apply::random_bytes;
use crate::pages::time::moment;
use crate::store::imports;
use crate::{api, offer};

/// 行业系统里办结的一件。
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExternalInput {
    /// 33 位事项编码。
    #[schema(max_length = 33)]
    pub item_code: String,
    #[schema(max_length = 100)]
    pub system: String,
    #[schema(max_length = 100)]
    pub number: String,
    pub applicant: api::ApplicantInput,
    /// `2026-11-20 09:30` 或 RFC 3339，东八区。
    #[schema(max_length = 40)]
    pub accepted_at: String,
    #[schema(max_length = 40)]
    pub decided_at: String,
    /// `granted`、`denied`。
    #[schema(max_length = 20)]
    pub outcome: String,
    #[serde(default)]
    #[schema(max_length = 2000)]
    pub reason: String,
}

/// 补录成的办件。
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ExternalBody {
    pub no: String,
    /// 早就补录过，这次没有新建。
    pub existed: bool,
}

impl ExternalInput {
    fn read(&self) -> Result<External, Problem> {
        let at = |field: &str, text: &str| {
            let found = text.parse::<jiff::Timestamp>().ok().or_else(|| moment(text));
            found.ok_or_else(|| Problem::field(field, "time", "时间要写成 2026-11-20 09:30 或 RFC 3339"))
        };
        Ok(External {
            system: self.system.clone(),
            number: self.number.clone(),
            applicant: self.applicant.read(),
            accepted_at: at("accepted_at", &self.accepted_at)?,
            decided_at: at("decided_at", &self.decided_at)?,
            outcome: Outcome::parse(&self.outcome).ok_or_else(|| Problem::field("outcome", "choice", "outcome 应为 granted 或 denied"))?,
            reason: self.reason.clone(),
            historic: false,
        })
    }
}

/// 补录行业系统办结的一件；同一系统同一编号只有一件。
#[utoipa::path(post, path = "/api/v1/cases/external", operation_id = "linkExternalCase", tag = "办件", request_body = ExternalInput, responses(
    (status = 200, description = "早就补录过", body = ExternalBody), (status = 201, description = "已补录", body = ExternalBody),
    (status = 400, description = "JSON 不完整"), (status = 401, description = "没有登录"), (status = 403, description = "没有权限"),
    (status = 404, description = "没有这个事项"), (status = 415, description = "不是 JSON"), (status = 422, description = "内容有误"), (status = 429, description = "太频繁")))]
pub async fn link_external(State(app): State<App>, ctx: Ctx, Json(input): Json<ExternalInput>) -> Result<Response, Failure> {
    let external = input.read()?;
    let (actor, at, random) = (ctx.actor.clone(), app.now(), random_bytes::<32>()?);
    let body = app
        .act(&ctx, "cases.link", move |tx| {
            if let Some(known) = imports::linked(tx, external.system.trim(), external.number.trim())? {
                return Ok(ExternalBody { no: known.case_no, existed: true });
            }
            let offer = offer::current(tx, &input.item_code)?.ok_or_else(Problem::not_found)?;
            let linked = commands::link(tx, &actor, &offer, &external, &random, at)?;
            Ok(ExternalBody { no: linked.no, existed: false })
        })
        .await?;
    let status = if body.existed { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, Json(body)).into_response())
}
