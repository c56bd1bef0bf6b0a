//! 补录：热线接到的、意见箱里的评价，带凭据录进来。

use askama::Template;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::problem::Code;
use tongban_kernel::{FieldError, Problem};
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Form, Layout, Query, render_status, see_other};

use crate::commands::{self, Evidence};
use crate::model::{EvalChannel, Node, Satisfaction};
use crate::rules::{self, Draft};
use crate::store::{self, Subject};

/// 表单。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Sent {
    case: String,
    node: i64,
    channel: i64,
    evidence: String,
    level: i64,
    text: String,
}

#[derive(Template)]
#[template(path = "desk_record.html")]
struct RecordPage {
    l: Layout,
    errors: ErrorSummary,
    case: Field,
    /// 找到的办件；还没找为 `None`。
    subject: Option<Subject>,
    fields: Vec<Field>,
    /// 找到了但没有一步可以补录。
    nothing: bool,
}

/// 办件编号里的空格、全角都不计较。
fn tidy(text: &str) -> String {
    let half = |ch: char| char::from_u32(u32::from(ch).wrapping_sub(0xFEE0)).filter(char::is_ascii_graphic).unwrap_or(ch);
    text.chars().filter(|ch| !ch.is_whitespace()).map(|ch| if ch.is_ascii() { ch } else { half(ch) }).collect::<String>().to_uppercase()
}

fn fields(sent: &Sent, nodes: &[Node], problem: Option<&Problem>) -> Vec<Field> {
    let nodes = nodes.iter().map(|node| (node.code().to_string(), node.label()));
    let channels = [(EvalChannel::Phone, "电话（12345、回访）"), (EvalChannel::Paper, "纸质、意见箱")].map(|(channel, label)| (channel.code().to_string(), label));
    let levels = Satisfaction::ALL.iter().map(|level| (level.code().to_string(), level.label()));
    let all = vec![
        Field::radios("node", "评的是哪一步", nodes).value(sent.node.to_string()),
        Field::radios("channel", "从哪里来的", channels).value(sent.channel.to_string()),
        Field::text("evidence", "凭据编号").hint("录音编号、热线工单号或意见单编号；只有审核的人看得到").value(&sent.evidence).max_length(100),
        Field::radios("level", "满意程度", levels).value(sent.level.to_string()),
        Field::area("text", "原话").optional().hint("不满意、非常不满意必须写；最多 500 字，照原话，不要写电话、证件号").value(&sent.text).max_length(500),
    ];
    all.into_iter().map(|field| field.errors_of(problem)).collect()
}

async fn page(app: &App, ctx: &Ctx, sent: &Sent, problem: Option<&Problem>) -> Result<Response, Failure> {
    let (scope, number, now) = (ctx.actor.scope.clone(), tidy(&sent.case), app.now());
    let wanted = number.clone();
    let found = app.db().snapshot("evaluation.record_form", move |tx| {
        let Some(id) = store::subject_by_no(tx, &wanted)? else { return Ok(None) };
        let Some(subject) = store::subject(tx, id)?.filter(|subject| scope.covers(&subject.place)) else { return Ok(None) };
        let open = store::invitations(tx, id)?.into_iter().filter(|invited| rules::usable(invited.standing(), now).is_ok());
        Ok(Some((subject, open.map(|invited| invited.node).collect::<Vec<_>>())))
    });
    let found = found.await?;
    let missing = (found.is_none() && !number.is_empty())
        .then(|| Problem::invalid(vec![FieldError::new("case", "unknown", "没有这个办件编号，请对照回执再输一次；别的单位的办件看不到")]));
    let problem = problem.or(missing.as_ref());
    let l = Layout::staff(ctx, "补录评价");
    let (subject, nodes) = found.map_or((None, Vec::new()), |(subject, nodes)| (Some(subject), nodes));
    let mut given = sent.clone();
    if let ([only], 0) = (nodes.as_slice(), sent.node) {
        given.node = only.code();
    }
    let page = RecordPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        errors: ErrorSummary::of(problem),
        case: Field::text("case", "办件编号").hint("回执、短信上有").value(&sent.case).errors_of(problem),
        nothing: subject.is_some() && nodes.is_empty(),
        fields: if nodes.is_empty() { Vec::new() } else { fields(&given, &nodes, problem) },
        subject,
    };
    render_status(if problem.is_some() { 422 } else { 200 }, &page)
}

/// `GET /desk/rates/record`：先按编号找到办件。
pub async fn form(State(app): State<App>, ctx: Ctx, Query(sent): Query<Sent>) -> Result<Response, Failure> {
    page(&app, &ctx, &sent, None).await
}

/// 一次说全：步骤、来源、凭据、级别、原话。
fn check(sent: &Sent) -> Result<(rules::Rating, Evidence, Node), Problem> {
    let evidence = Evidence { channel: EvalChannel::from_code(sent.channel), number: sent.evidence.clone() };
    let draft = Draft { level: Some(sent.level), text: sent.text.clone(), ..Draft::default() };
    let node = Node::from_code(sent.node).ok_or_else(|| Problem::field("node", "required", "请选择评的是哪一步"));
    let rating = rules::check(&draft).map_err(|problem| {
        // 补录没有标签可勾：差评的原因写在原话里
        let told = |error: FieldError| if error.field() == "tags" { FieldError::new("text", "required", "差评请写一句原话，方便我们改") } else { error };
        Problem::invalid(problem.errors.into_iter().map(told).collect())
    });
    match (node, evidence.check(), rating) {
        (Ok(node), Ok(()), Ok(rating)) => Ok((rating, evidence, node)),
        (node, evidence, rating) => {
            let all = [node.err(), evidence.err(), rating.err()];
            Err(Problem::invalid(all.into_iter().flatten().flat_map(|problem| problem.errors).collect()))
        }
    }
}

/// `POST /desk/rates/record`
pub async fn submit(State(app): State<App>, ctx: Ctx, Form(sent): Form<Sent>) -> Result<Response, Failure> {
    let (rating, evidence, node) = match check(&sent) {
        Ok(checked) => checked,
        Err(problem) => return page(&app, &ctx, &sent, Some(&problem)).await,
    };
    let (actor, number, at) = (ctx.actor.clone(), tidy(&sent.case), app.now());
    let done = app.act(&ctx, "evaluation.record", move |tx| {
        let id = store::subject_by_no(tx, &number)?.ok_or_else(Problem::not_found)?;
        let invited = store::invitations(tx, id)?.into_iter().find(|invited| invited.node == node).ok_or_else(Problem::not_found)?;
        commands::record(tx, &actor, invited.id, &rating, &evidence, at)
    });
    match done.await {
        Ok(rated) => Ok(see_other(format!("/desk/rates/ratings/{}", rated.no)).flash("已补录").into_response()),
        Err(error) => {
            let problem = error.into_problem();
            if problem.code != Code::ValidationFailed {
                return Err(problem.into());
            }
            page(&app, &ctx, &sent, Some(&problem)).await
        }
    }
}
