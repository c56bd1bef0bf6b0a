//! 办件动作的填写与确认页，与做动作。不可逆的动作走确认页，写清后果。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use tongban_directory::queries as directory;
use tongban_kernel::Problem;
use tongban_web::components::{ErrorSummary, Field as Input};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Query, render, render_status, see_other};

use super::desk_case::{Opened, case_page, opened, panels, verdicts};
use super::trail::Trail;
use super::{Fields, desk_conflict, mendable, show};
use crate::actions::{self, ActionInput, PointInput};
use crate::commands::{self, Amendable};
use crate::model::{Action, Case, Delivery, MaterialStatus, Outcome};
use crate::permissions as can;
use crate::queries::CaseView;
use crate::rules::procedures::PROCEDURES;

/// 一次告知或补交的一行。
struct PointRow {
    key: String,
    name: String,
    problem: String,
    remedy: String,
    /// 库里此刻的问题，随表单带回：没动过的照库里最新的。
    base: String,
    /// 勾了已收纸质。
    taken: bool,
}

impl PointRow {
    fn of(key: &str, name: &str, stored: &str, fields: &Fields) -> Self {
        let typed = format!("p_{key}");
        let touched = fields.has(&typed) && fields.get(&typed) != fields.get(&format!("b_{key}"));
        Self {
            key: key.to_owned(),
            name: name.to_owned(),
            problem: if touched { fields.get(&typed).to_owned() } else { stored.to_owned() },
            remedy: fields.get(&format!("r_{key}")).to_owned(),
            base: stored.to_owned(),
            taken: fields.has(&format!("paper_{key}")),
        }
    }
}

impl ActionPage {
    /// 打开之后库里的问题变了的几行：改成了什么。
    pub(super) fn moved(&self, fields: &Fields) -> Vec<String> {
        let sent = self.points.iter().filter(|p| fields.has(&format!("b_{}", p.key)) && fields.get(&format!("b_{}", p.key)) != p.base);
        sent.map(|p| format!("{}：{}", p.name, if p.base.is_empty() { "不用补正" } else { &p.base })).collect()
    }
}

#[derive(Template)]
#[template(path = "desk_action.html")]
pub(super) struct ActionPage {
    l: Layout,
    no: String,
    trail: Trail,
    version: i64,
    item: String,
    applicant: String,
    label: &'static str,
    action: &'static str,
    danger: bool,
    consequence: &'static str,
    fields: Vec<Input>,
    points: Vec<PointRow>,
    /// 别人已经提出、等着批的申请：谁、何时、为什么。
    waiting: Option<String>,
    /// 等着批的，此人批得了：有批准的权限，又不是他自己申请的。
    may_settle: bool,
    /// 版本不符：自己要交的、其间别人做的。
    pub(super) conflict: Option<(Vec<String>, Vec<String>)>,
    errors: ErrorSummary,
}

const fn consequence(action: Action) -> &'static str {
    match action {
        Action::SendBack => "退回后本件结束，申请人会收到您写的原话，改好后要重新提交。",
        Action::Refuse => "将出具不予受理决定书，载明理由与复议、诉讼途径，本件结束。",
        Action::RequestCorrection => "下面的内容会原样发给申请人，发出后不能再改。请一次列全：第二次提出新问题会记监察异常。",
        Action::Decide => "将出具决定书并编号，作出后只能依法撤销。",
        Action::Deliver => "送达后本件办结归档。",
        Action::Suspend => "有书面告知的停止计时；没有书面告知的照常计时，并记监察异常。",
        Action::Resume => "结束后恢复计时，重算到期日。",
        Action::Extend => "延期以一次为限，至多 10 个工作日，会告知申请人理由。",
        Action::Withdraw => "申请人要求撤回，本件结束。",
        Action::Terminate => "终止要两个人：您先申请，由另一位负责人批准后本件结束，并告知申请人原因。",
        Action::Void => "只用于录入差错，要两个人：您先申请，另一位负责人批准后作废，不计入统计，记录保留。",
        Action::Amend => "系统写下的时间不能直接改，只能更正：您先申请，另一位负责人批准后生效，前后值都写进更正通知书。",
        Action::Transfer => "转办之后由接的人办，您不再能办这一环节；写进过程，申请人看不到。",
        Action::Consult => "各部门同时看、各自回，只在作决定时等齐；已回“无异议”的不会再被打扰。",
        Action::Revoke => "将出具撤销决定书，电子证照同步撤销。",
        _ => "",
    }
}

/// 送达方式；没有电子证照可送的，只有自取与邮寄。
fn ways(view: &CaseView, fields: &Fields) -> Input {
    let open: Vec<Delivery> = Delivery::ALL.into_iter().filter(|way| view.paper.is_none() || *way != Delivery::Electronic).collect();
    let wanted = if fields.has("way") { Delivery::parse(fields.get("way")) } else { Some(view.case.delivery) };
    let now = wanted.filter(|way| open.contains(way)).map_or("", Delivery::as_str);
    Input::radios("way", "送达方式", open.iter().map(|way| (way.as_str(), way.label()))).value(now)
}

fn action_fields(action: Action, view: &CaseView, fields: &Fields, choices: &[(i64, String)], problem: Option<&Problem>) -> Vec<Input> {
    let reason = |label: &str| Input::area("reason", label).value(fields.get("reason")).max_length(2_000);
    let days = |label: &str| Input::number("days", label, "个工作日").value(fields.get("days"));
    let list: Vec<Input> = match action {
        Action::SendBack => vec![reason("退回原因").hint("会原样告知申请人，请写大白话，一次列全")],
        Action::Refuse => vec![
            reason("不予受理的理由"),
            Input::text("redirect", "应向哪个机关申请").value(fields.get("redirect")).optional().hint("不属本机关职权时填写"),
        ],
        Action::RequestCorrection => vec![days("补正期限").hint("不填为 30 个工作日").optional()],
        Action::Decide => vec![
            Input::radios("outcome", "决定", [Outcome::Granted, Outcome::Denied].map(|o| (o.as_str(), o.label()))).value(fields.get("outcome")),
            reason("说明或理由").hint("不予的必须写明理由").optional(),
        ],
        Action::Deliver => vec![
            ways(view, fields),
            Input::text("receiver", "签收人").value(fields.get("receiver")).optional().hint("自取时必填"),
            Input::text("note", "邮寄单号，或代领的关系与凭据").value(fields.get("note")).optional().hint("邮寄时填单号；签收人不是申请人本人的，写明关系、看了什么委托书"),
        ],
        Action::Suspend => vec![
            Input::select("kind", "程序", PROCEDURES.iter().map(|(code, name)| (code.to_string(), *name))).value(fields.get("kind")),
            days("所需时间").hint("会写进告知书"),
            reason("事由"),
            Input::checks("notice", "书面告知", [("1", "出具特别程序告知书（停表必须有）")]).value("1"),
        ],
        Action::Resume => vec![reason("程序结果")],
        Action::Extend => vec![days("延长"), reason("延期理由")],
        Action::Transfer => {
            let me = std::iter::once((String::new(), "我来办（接办）".to_owned()));
            let people = me.chain(choices.iter().map(|(id, name)| (id.to_string(), name.clone())));
            vec![Input::select("to", "转给谁", people).value(fields.get("to")), reason("原因").hint("自己接办可不填").optional()]
        }
        Action::Consult => {
            let orgs = choices.iter().map(|(id, name)| (id.to_string(), name.clone()));
            let chosen = fields.joined("orgs").split(',').map(str::to_owned).collect::<Vec<_>>();
            vec![
                Input::checks("orgs", "征求哪些部门", orgs).values(chosen),
                reason("请对方看什么、回什么"),
                days("多久内回").hint("不填为 5 个工作日").optional(),
            ]
        }
        Action::Amend => vec![
            Input::radios("field", "更正哪一项", Amendable::ALL.map(|f| (f.as_str(), f.label()))).value(fields.get("field")),
            Input::text("moment", "更正为").value(fields.get("moment")).hint("如 2026-11-20 09:30").width("w-m"),
            reason("为什么更正"),
        ],
        Action::Forward => vec![
            Input::text("visitors", "核查人").value(fields.get("visitors")).hint("两人以上，用顿号分开").optional(),
            reason("本环节的结论"),
        ],
        Action::Withdraw => vec![reason("申请人的说明").optional()],
        Action::SupplyDeferred | Action::SupplyCorrection => vec![reason("说明").optional()],
        _ => vec![reason("原因")],
    };
    list.into_iter().map(|input| input.errors_of(problem)).collect()
}

pub(super) fn action_page(ctx: &Ctx, view: &CaseView, action: Action, fields: &Fields, choices: &[(i64, String)], problem: Option<&Problem>) -> ActionPage {
    let waiting = view.proposals.iter().rfind(|p| p.kind == action.as_str() && p.state == "asked");
    let wanted = match action {
        Action::RequestCorrection => Some(None),
        Action::SupplyCorrection => Some(Some(MaterialStatus::Rejected)),
        Action::SupplyDeferred => Some(Some(MaterialStatus::Deferred)),
        _ => None,
    };
    let mut points: Vec<_> = wanted
        .map(|status| {
            view.materials
                .iter()
                .filter(|m| status.is_none_or(|status| m.status == status))
                .map(|m| PointRow::of(&m.key, &m.name, if m.status == MaterialStatus::Rejected { &m.remark } else { "" }, fields))
                .collect()
        })
        .unwrap_or_default();
    if action == Action::RequestCorrection {
        // 要补的排在前面：一打开就看到将要发出去的
        points.sort_by_key(|point| point.problem.is_empty());
        points.push(PointRow::of("_", "申请内容（不针对某份材料）", "", fields));
    }
    let l = Layout::staff(ctx, action.label());
    ActionPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        no: view.case.no.to_string(),
        trail: Trail::of(fields),
        version: view.case.version,
        item: view.case.item_name.clone(),
        applicant: view.case.applicant_shown.clone(),
        label: action.label(),
        action: action.as_str(),
        danger: matches!(action, Action::Refuse | Action::Void | Action::Terminate | Action::Revoke | Action::SendBack),
        consequence: consequence(action),
        fields: if waiting.is_some() { Vec::new() } else { action_fields(action, view, fields, choices, problem) },
        waiting: waiting.map(|p| format!("{} {} 申请：{}{}", p.staff_name, show::long(p.asked_at), p.reason, amended(&p.body))),
        may_settle: waiting.is_some_and(|p| p.staff != ctx.actor.staff && ctx.actor.may(if action == Action::Void { can::VOID } else { can::TERMINATE })),
        points,
        conflict: None,
        errors: ErrorSummary::of(problem),
    }
}

/// 更正申请的内容，给批准的人看。
fn amended(body: &str) -> String {
    let found: Option<commands::Amendment> = serde_json::from_str(body).ok();
    found.map(|a| format!("（{}更正为 {}）", a.field.label(), tongban_kernel::time::show(a.to))).unwrap_or_default()
}

/// 转办、征求意见要挑的人与机构。
pub(super) async fn choices(app: &App, case: &Case, action: Action) -> Result<Vec<(i64, String)>, Failure> {
    let (case, at) = (case.clone(), app.now());
    let found = match action {
        Action::Transfer => app.db().snapshot("cases.candidates", move |tx| commands::candidates(tx, &case, at)).await?,
        Action::Consult => {
            let (tenant, own) = (case.place.tenant, case.place.unit);
            let units = app.db().snapshot("cases.units", move |tx| directory::units(tx, tenant)).await?;
            units.into_iter().filter(|unit| unit.id != own).map(|unit| (unit.id, unit.name)).collect()
        }
        _ => Vec::new(),
    };
    Ok(found)
}

/// 动作的填写与确认页。
pub async fn action_form(State(app): State<App>, ctx: Ctx, Path((no, action)): Path<(String, String)>, Query(trail): Query<Trail>) -> Result<Html, Failure> {
    let Opened { view, trail, .. } = opened(&app, &ctx, no, trail).await?;
    let action = Action::parse(&action).ok_or_else(Problem::not_found)?;
    if !actions::offered(&ctx.actor, &view.case).contains(&action) {
        return Err(crate::model::next(view.case.state, action).err().unwrap_or_else(|| Problem::forbidden(action.label())).into());
    }
    let choices = choices(&app, &view.case, action).await?;
    render(&action_page(&ctx, &view, action, &trail.fields(), &choices, None))
}

/// 天数：没填是 0；填的不是整数算作过大，各动作自会说应在几到几之间，不悄悄换成缺省。
fn days(text: &str) -> u32 {
    if text.trim().is_empty() { 0 } else { text.trim().parse().unwrap_or(u32::MAX) }
}

fn action_input(fields: &Fields) -> ActionInput {
    let points = fields
        .prefixed("p_")
        .filter(|(_, problem)| !problem.trim().is_empty())
        .map(|(key, problem)| PointInput {
            material: if key == "_" { String::new() } else { key.to_owned() },
            name: fields.get(&format!("name_{key}")).to_owned(),
            problem: problem.to_owned(),
            remedy: fields.get(&format!("r_{key}")).to_owned(),
        })
        .collect();
    ActionInput {
        version: Some(fields.int("version")),
        reason: fields.get("reason").to_owned(),
        outcome: fields.get("outcome").to_owned(),
        way: fields.get("way").to_owned(),
        receiver: fields.get("receiver").to_owned(),
        note: fields.get("note").to_owned(),
        days: days(fields.get("days")),
        kind: u8::try_from(fields.int("kind")).unwrap_or(0),
        notice: fields.has("notice"),
        redirect: fields.get("redirect").to_owned(),
        points,
        to: fields.int("to"),
        orgs: fields.joined("orgs").split(',').filter_map(|id| id.parse().ok()).collect(),
        visitors: fields.get("visitors").to_owned(),
        field: fields.get("field").to_owned(),
        moment: fields.get("moment").to_owned(),
        reject: fields.get("reject") == "1",
        paper: fields.prefixed("paper_").map(|(key, _)| key.to_owned()).collect(),
    }
}

/// 做一个动作。内容有误回到填写页，已填的不丢。
pub async fn act(
    State(app): State<App>,
    ctx: Ctx,
    Path((no, action)): Path<(String, String)>,
    Form(fields): Form<Vec<(String, String)>>,
) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let action = Action::parse(&action).ok_or_else(Problem::not_found)?;
    let (input, verdicts) = (action_input(&fields), verdicts(&fields));
    let (actor, at, number) = (ctx.actor.clone(), app.now(), no.clone());
    let result = app
        .act(&ctx, "cases.act", move |tx| {
            let mut version = input.version.unwrap_or(0);
            // 动作条与核验表在同一张表单里：接件、受理前先记下核验结论
            let keeps = matches!(action, Action::Accept | Action::Receive) && actor.may(can::ACCEPT);
            if keeps && !verdicts.is_empty() {
                version = commands::check_materials(tx, &actor, &number, version, &verdicts, at)?.version;
            }
            actions::perform(tx, &actor, &number, action, version, &input, at)
        })
        .await;
    match result {
        Ok(case) => Ok(see_other(format!("/desk/cases/{}{}", case.no, Trail::of(&fields).suffix())).flash(told(action, &fields)).into_response()),
        Err(error) => {
            if desk_conflict::is_stale(&error) {
                return desk_conflict::action(&app, &ctx, no, action, &fields).await;
            }
            let problem = mendable(error)?;
            let opened = opened(&app, &ctx, no, Trail::of(&fields)).await?;
            let visiting = fields.has("visitors");
            if matches!(action, Action::Receive | Action::Accept | Action::Forward) && !visiting {
                let panels = panels(&app, &ctx, opened.view.case.id).await?;
                return render_status(problem.code.status(), &case_page(&app, &ctx, &opened, panels, Some(&problem)).keeping(&fields));
            }
            let choices = choices(&app, &opened.view.case, action).await?;
            render_status(problem.code.status(), &action_page(&ctx, &opened.view, action, &fields, &choices, Some(&problem)))
        }
    }
}

/// 做完说一句；要两个人的事，说清是申请了还是批了。
fn told(action: Action, fields: &Fields) -> String {
    let two = matches!(action, Action::Terminate | Action::Void | Action::Amend);
    match (two, fields.get("reject")) {
        (true, "1") => format!("没有同意{}", action.label()),
        (true, "0") => format!("已同意{}", action.label()),
        (true, _) => format!("已申请{}，等另一位负责人批准", action.label()),
        _ => format!("已{}", done_word(action)),
    }
}

fn done_word(action: Action) -> &'static str {
    match action {
        Action::Forward => "送下一环节",
        Action::RequestCorrection => "发出补正告知",
        Action::Suspend => "启动特别程序",
        Action::Resume => "结束特别程序",
        Action::Transfer => "转办",
        other => other.label(),
    }
}
