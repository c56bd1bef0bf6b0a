//! 窗口发起评价：一个办件各节点的评价码，推到本岗位的评价仪，没有评价仪就出示二维码。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Deserialize;
use tongban_kernel::{Code, Problem, time};
use tongban_store::Tx;
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Query, Redirect, render, see_other};

use crate::commands::{self, pads};
use crate::model::{Node, Round};
use crate::permissions::{INVITE, RECORD};
use crate::rules;
use crate::store::{self, Invited, RatingRow, Subject};

/// 一个节点的邀评与评价。
pub(crate) struct NodeLine {
    pub invited: Invited,
    pub at: String,
    pub token: String,
    pub rating: Option<RatingRow>,
    /// 系统默认的那条，本人还没评。
    pub defaulted: bool,
    pub open: bool,
    /// 推到评价仪上，到点没人评。
    pub expired: bool,
    /// 正在评价仪上问。
    pub asking: bool,
    /// 评的是看的人自己：只说评了没有。
    pub own: bool,
}

/// 一个办件的各节点。
pub(crate) fn nodes(tx: &mut Tx<'_>, subject: i64, viewer: i64, now: Timestamp) -> tongban_store::Result<Vec<NodeLine>> {
    let mut lines = Vec::new();
    for invited in store::invitations(tx, subject)? {
        let rating = store::rating_of(tx, subject, invited.node, Round::First)?;
        let defaulted = rating.is_none() && store::rating_of(tx, subject, invited.node, Round::Default)?.is_some_and(|row| row.effective);
        let token = commands::token(tx, invited.id);
        let open = rules::usable(invited.standing(), now).is_ok();
        let last = if rating.is_none() { store::outcomes(tx, invited.id)?.pop().unwrap_or_default() } else { String::new() };
        let (expired, asking) = (last == "expired", last == "asked");
        let own = viewer != 0 && invited.staff == viewer;
        lines.push(NodeLine { at: time::show(invited.at), token, rating, defaulted, open, expired, asking, own, invited });
    }
    Ok(lines)
}

#[derive(Template)]
#[template(path = "desk_case_rates.html")]
struct CasePage {
    l: Layout,
    subject: Subject,
    nodes: Vec<NodeLine>,
    /// 轮到哪个节点请评价：走到了、还没评、也没在问的第一个；按 E 落在它上面。
    turn: i64,
    /// 有一步正在评价仪上问：过几秒再看一眼。
    asking: bool,
    can_invite: bool,
    can_record: bool,
    /// 本岗位的评价仪为什么用不上；能用为 `None`。
    unreachable: Option<&'static str>,
}

/// 轮到请评的节点；都评过、都在问为 0。
fn turn(nodes: &[NodeLine]) -> i64 {
    let due = nodes.iter().find(|line| line.open && line.rating.is_none() && !line.asking);
    due.map_or(0, |line| line.invited.node.code())
}

/// 看评价码的终端记下来，从这里来的评价先存疑。
fn terminal(ctx: &Ctx) -> String {
    format!("{} {}", ctx.ip, ctx.user_agent)
}

async fn remember_terminal(app: &App, ctx: &Ctx) -> Result<(), Failure> {
    let (device, now) = (terminal(ctx), app.now());
    let asked = device.clone();
    if app.db().snapshot("evaluation.terminal", move |tx| pads::terminal_is_new(tx, &asked, now)).await? {
        let actor = ctx.actor.clone();
        app.db().write("evaluation.mark_terminal", move |tx| pads::mark_terminal(tx, &actor, &device, now)).await?;
    }
    Ok(())
}

/// `GET /desk/rates/cases/{rated_case}`：评价码、推送评价仪、补录。
pub async fn case_nodes(State(app): State<App>, ctx: Ctx, Path(case_no): Path<String>) -> Result<Html, Failure> {
    let (scope, now, post, viewer) = (ctx.actor.scope.clone(), app.now(), ctx.actor.post, ctx.actor.staff);
    let found = app.db().snapshot("evaluation.case", move |tx| {
        let id = store::subject_by_no(tx, &case_no)?.ok_or_else(Problem::not_found)?;
        let subject = store::subject(tx, id)?.ok_or_else(Problem::not_found)?;
        scope.check(&subject.place)?;
        let nodes = nodes(tx, id, viewer, now)?;
        Ok((subject, nodes, pads::unreachable(tx, post, now)?))
    });
    let (subject, nodes, unreachable) = found.await?;
    remember_terminal(&app, &ctx).await?;
    let (can_invite, can_record) = (ctx.actor.may(INVITE), ctx.actor.may(RECORD));
    render(&CasePage { l: Layout::staff(&ctx, "办件评价"), subject, turn: turn(&nodes), asking: nodes.iter().any(|line| line.asking), nodes, can_invite, can_record, unreachable })
}

/// 哪个节点。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Which {
    node: i64,
}

fn invitation_at(tx: &mut Tx<'_>, case_no: &str, node: i64) -> tongban_store::Result<i64> {
    let id = store::subject_by_no(tx, case_no)?.ok_or_else(Problem::not_found)?;
    let found = store::invitations(tx, id)?.into_iter().find(|invited| invited.node.code() == node);
    Ok(found.ok_or_else(Problem::not_found)?.id)
}

/// `POST /desk/rates/cases/{rated_case}/push`：请评价。评价仪不在线就到二维码页。
pub async fn push(State(app): State<App>, ctx: Ctx, Path(case_no): Path<String>, Form(which): Form<Which>) -> Result<Redirect, Failure> {
    let (actor, number, at) = (ctx.actor.clone(), case_no.clone(), app.now());
    let asked = app.act(&ctx, "evaluation.push", move |tx| {
        let invitation = invitation_at(tx, &number, which.node)?;
        pads::ask(tx, &actor, invitation, at)
    });
    // 页面没刷新、群众刚评完：说一声，落到下一步
    let asked = match asked.await {
        Err(error) if error.problem().is_some_and(|problem| problem.code == Code::AlreadyUsed) => {
            return Ok(see_other(format!("/desk/rates/cases/{case_no}")).warn("这一步已经评过了，看看还有没有要请评的"));
        }
        asked => asked?,
    };
    Ok(match asked {
        pads::Asked::Pad => see_other(format!("/desk/rates/cases/{case_no}")).flash("已推到本岗位的评价仪，60 秒内请群众评价"),
        pads::Asked::Scan(why) => see_other(format!("/desk/rates/cases/{case_no}/code?node={}", which.node)).warn(format!("{why}，请群众扫这个码")),
    })
}

#[derive(Template)]
#[template(path = "desk_code.html")]
struct CodePage {
    l: Layout,
    subject: Subject,
    node: &'static str,
    token: String,
    address: String,
}

/// `GET /desk/rates/cases/{rated_case}/code`：大二维码，转过屏幕给群众扫。
pub async fn code(State(app): State<App>, ctx: Ctx, Path(case_no): Path<String>, Query(which): Query<Which>) -> Result<Response, Failure> {
    let (scope, now, back) = (ctx.actor.scope.clone(), app.now(), format!("/desk/rates/cases/{case_no}"));
    let found = app.db().snapshot("evaluation.code", move |tx| {
        let id = store::subject_by_no(tx, &case_no)?.ok_or_else(Problem::not_found)?;
        let subject = store::subject(tx, id)?.ok_or_else(Problem::not_found)?;
        scope.check(&subject.place)?;
        let node = Node::from_code(which.node).ok_or_else(Problem::not_found)?;
        let invited = store::invitations(tx, id)?.into_iter().find(|invited| invited.node == node).ok_or_else(Problem::not_found)?;
        let open = rules::usable(invited.standing(), now).is_ok();
        Ok((subject, node, commands::token(tx, invited.id), open))
    });
    let (subject, node, token, open) = found.await?;
    if !open {
        return Ok(see_other(back).warn("这一步已经评过，或评价码过期了").into_response());
    }
    remember_terminal(&app, &ctx).await?;
    let address = format!("{}/r/{token}", app.config().base_url);
    Ok(render(&CodePage { l: Layout::staff(&ctx, "请扫码评价"), subject, node: node.label(), token, address })?.into_response())
}

/// `POST /desk/rates/cases/{rated_case}/reprint`
pub async fn reprint(State(app): State<App>, ctx: Ctx, Path(case_no): Path<String>, Form(which): Form<Which>) -> Result<Redirect, Failure> {
    let (actor, number, at) = (ctx.actor.clone(), case_no.clone(), app.now());
    app.act(&ctx, "evaluation.reprint", move |tx| {
        let invitation = invitation_at(tx, &number, which.node)?;
        commands::reprint(tx, &actor, invitation, at)
    })
    .await?;
    Ok(see_other(format!("/desk/rates/cases/{case_no}")).flash("评价码有效期已重新起算 30 天"))
}
