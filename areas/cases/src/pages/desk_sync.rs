//! 行业系统补录：办结后 1 个工作日内在本平台登记一件，评价从这里发起。

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use tongban_kernel::problem::{Checks, Code};
use tongban_kernel::Problem;
use tongban_web::components::{ErrorSummary, Field as Input};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Query, render, render_status, see_other};

use super::apply::random_bytes;
use super::time::moment;
use super::{Fields, mendable};
use crate::commands::{self, External};
use crate::model::{Applicant, Outcome};
use crate::offer;

#[derive(Template)]
#[template(path = "desk_sync.html")]
struct SyncPage {
    l: Layout,
    fields: Vec<Input>,
    errors: ErrorSummary,
}

/// 从别处带来的事项编码。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct SyncQuery {
    pub code: String,
}

fn page(ctx: &Ctx, fields: &Fields, problem: Option<&Problem>) -> SyncPage {
    let text = |name: &str, label: &str| Input::text(name, label).value(fields.get(name)).width("w-m");
    let who = if fields.has("who") { fields.get("who") } else { "person" };
    let outcome = if fields.has("outcome") { fields.get("outcome") } else { Outcome::Granted.as_str() };
    let list = vec![
        text("code", "事项编码").hint("33 位，可从事项页复制"),
        text("system", "行业系统").hint("如：省食品许可系统"),
        text("number", "行业系统里的编号"),
        Input::radios("who", "申请人", [("person", "个人"), ("legal", "企业、单位")]).value(who),
        text("name", "姓名或单位全称"),
        text("id_number", "身份证号或统一社会信用代码"),
        text("contact", "经办人").optional().hint("个人办理的不填"),
        Input::tel("mobile", "联系手机").value(fields.get("mobile")),
        text("accepted_at", "受理时间").hint("如 2026-11-20 09:30"),
        text("decided_at", "办结时间").hint("如 2026-11-22 16:00"),
        Input::radios("outcome", "结果", [Outcome::Granted, Outcome::Denied].map(|o| (o.as_str(), o.label()))).value(outcome),
        Input::area("reason", "说明或理由").value(fields.get("reason")).optional(),
    ];
    let l = Layout::staff(ctx, "行业系统补录");
    SyncPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        fields: list.into_iter().map(|input| input.errors_of(problem)).collect(),
        errors: ErrorSummary::of(problem),
    }
}

pub async fn form(ctx: Ctx, Query(query): Query<SyncQuery>) -> Result<Html, Failure> {
    render(&page(&ctx, &Fields(vec![("code".to_owned(), query.code)]), None))
}

fn external(fields: &Fields) -> Result<External, Problem> {
    let mut checks = Checks::new();
    let mut at = |name: &str, what: &str| {
        let found = moment(fields.get(name));
        checks.ensure(found.is_some(), name, "time", format!("{what}要写成 2026-11-20 09:30"));
        found.unwrap_or(Timestamp::UNIX_EPOCH)
    };
    let (accepted_at, decided_at) = (at("accepted_at", "受理时间"), at("decided_at", "办结时间"));
    let outcome = Outcome::parse(fields.get("outcome"));
    checks.ensure(outcome.is_some(), "outcome", "choice", "请选择结果");
    checks.finish()?;
    Ok(External {
        system: fields.get("system").to_owned(),
        number: fields.get("number").to_owned(),
        applicant: Applicant {
            name: fields.get("name").to_owned(),
            is_legal: fields.get("who") == "legal",
            id_type: String::new(),
            id_number: fields.get("id_number").to_owned(),
            contact: fields.get("contact").to_owned(),
            mobile: fields.get("mobile").to_owned(),
            address: String::new(),
        },
        accepted_at,
        decided_at,
        outcome: outcome.unwrap_or(Outcome::Granted),
        reason: fields.get("reason").to_owned(),
        historic: false,
    })
}

pub async fn save(State(app): State<App>, ctx: Ctx, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let (code, random, actor, at) = (fields.get("code").trim().to_owned(), random_bytes::<32>()?, ctx.actor.clone(), app.now());
    let result = match external(&fields) {
        Ok(input) => {
            app.act(&ctx, "cases.link", move |tx| {
                let offer = offer::current(tx, &code)?
                    .ok_or_else(|| Problem::field("code", "not-found", "没有这个事项，请核对 33 位编码"))?;
                commands::link(tx, &actor, &offer, &input, &random, at)
            })
            .await
        }
        Err(problem) => Err(problem.into()),
    };
    match result {
        Ok(linked) => Ok(see_other(format!("/desk/cases/{}", linked.no)).flash(format!("已补录，编号 {}", linked.no)).into_response()),
        Err(error) => {
            let problem = mendable(error)?;
            let status = if problem.code == Code::Duplicate { 409 } else { 422 };
            render_status(status, &page(&ctx, &fields, Some(&problem)))
        }
    }
}
