//! 办件详情与动作：材料核验、动作条、进度、意见；不可逆的动作走确认页。

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tongban_kernel::{Problem, mask, time};
use tongban_store::Entry;
use tongban_web::components::{ErrorSummary, Field as Input, LightTag, StatusTag};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Redirect, render, render_status, see_other};

use super::mine::{DocumentLink, document_links};
use super::{Fields, apply, mendable, show};
use crate::actions::{self, ActionInput, PointInput};
use crate::commands::{self, Verdict};
use crate::model::{Action, Delivery, MaterialStatus, Outcome};
use crate::permissions as can;
use crate::queries::{self, CaseView};
use crate::rules::anomalies::Anomaly;
use crate::rules::procedures::{PROCEDURES, procedure_name};

/// 别的区放在办件页上的面板（评价、证照……）。
pub async fn panels(app: &App, ctx: &Ctx, id: i64) -> Result<Vec<String>, Failure> {
    let wanted: Vec<_> = app.areas().iter().flat_map(|area| area.panels).filter(|panel| panel.subject == "case").copied().collect();
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let actor = ctx.actor.clone();
    let rendered = app
        .db()
        .snapshot("cases.panels", move |tx| {
            let mut all = Vec::new();
            for panel in &wanted {
                all.extend((panel.render)(tx, &actor, id)?.map(|html| html.0));
            }
            Ok(all)
        })
        .await?;
    Ok(rendered)
}

/// 材料核验表的一行。
struct MaterialRow {
    key: String,
    name: String,
    status: &'static str,
    passed: bool,
    rejected: bool,
    remark: String,
    files: Vec<(String, String, String)>,
}

struct StepLine {
    title: String,
    detail: String,
    opinion: String,
}

struct ActionLink {
    href: String,
    label: &'static str,
    class: &'static str,
    key: &'static str,
    /// 直接提交，不用再填什么。
    direct: bool,
}

#[derive(Template)]
#[template(path = "desk_case.html")]
struct CasePage {
    l: Layout,
    no: String,
    version: i64,
    item: String,
    status: StatusTag,
    channel: &'static str,
    applicant: String,
    contact: String,
    org: String,
    light: LightTag,
    due: String,
    revoked: Option<String>,
    auto_accepted: bool,
    paused: Option<String>,
    actions: Vec<ActionLink>,
    materials: Vec<MaterialRow>,
    may_check: bool,
    may_unmask: bool,
    info: Vec<(String, String)>,
    opinion: bool,
    steps: Vec<StepLine>,
    documents: Vec<DocumentLink>,
    anomalies: Vec<(String, String, String)>,
    /// 监察岗能登记的异常种类。
    raisable: Vec<(&'static str, &'static str)>,
    corrections: Vec<(String, Vec<String>)>,
    others: Vec<show::Row>,
    panels: Vec<String>,
    errors: ErrorSummary,
}

fn action_link(no: &str, action: Action) -> ActionLink {
    let (class, key) = match action {
        Action::Receive | Action::Accept | Action::Decide | Action::Deliver => ("btn btn-p", "A"),
        Action::Forward => ("btn btn-p", "F"),
        Action::RequestCorrection => ("btn", "R"),
        Action::Refuse => ("btn btn-r", "D"),
        Action::Void | Action::Terminate | Action::Revoke => ("btn btn-r", ""),
        _ => ("btn", ""),
    };
    ActionLink {
        href: format!("/desk/cases/{no}/actions/{}", action.as_str()),
        label: action.label(),
        class,
        key,
        direct: matches!(action, Action::Receive | Action::Accept | Action::Forward),
    }
}

fn info_rows(view: &CaseView) -> Vec<(String, String)> {
    let who = &view.details.applicant;
    let mut rows = vec![
        ("申请人".to_owned(), view.case.applicant_shown.clone()),
        ("证件".to_owned(), if who.is_legal { who.id_number.clone() } else { mask::id_number(&who.id_number) }),
        ("经办人".to_owned(), mask::name(&who.contact)),
        ("手机".to_owned(), mask::mobile(&who.mobile)),
    ];
    if !view.case.summary.is_empty() {
        rows.push(("办理摘要".to_owned(), view.case.summary.clone()));
    }
    if let Some(offer) = &view.offer {
        for situation in &offer.situations {
            if let Some(chosen) = situation.options.iter().find(|c| view.details.situations.contains(&c.key)) {
                rows.push((situation.question.clone(), chosen.label.clone()));
            }
        }
        // 从申请人带出的上面已有（已脱敏），不再重复
        for field in offer.fields_for(&view.details.situations).filter(|field| field.prefilled(who).is_none()) {
            let value = view.details.form.get(&field.key).map_or("", String::as_str);
            let shown = match field.kind {
                crate::model::FieldKind::Id => mask::id_number(value),
                crate::model::FieldKind::Mobile | crate::model::FieldKind::Phone => mask::mobile(value),
                _ => apply::shown_value(field, value),
            };
            rows.push((field.label.clone(), shown));
        }
    }
    rows.push(("取结果".to_owned(), view.case.delivery.label().to_owned()));
    rows
}

fn step_lines(view: &CaseView) -> Vec<StepLine> {
    view.steps
        .iter()
        .map(|step| StepLine {
            title: step.name.clone(),
            detail: format!("{} · {}", show::short(step.ended_at), step.actor_name),
            opinion: step.opinion.clone(),
        })
        .collect()
}

fn case_page(app: &App, ctx: &Ctx, view: &CaseView, panels: Vec<String>, problem: Option<&Problem>) -> CasePage {
    let case = &view.case;
    let no = case.no.to_string();
    let now = app.now();
    let materials = view
        .materials
        .iter()
        .map(|m| MaterialRow {
            key: m.key.clone(),
            name: m.name.clone(),
            status: m.status.label(),
            passed: m.status == MaterialStatus::Passed,
            rejected: m.status == MaterialStatus::Rejected,
            remark: m.remark.clone(),
            files: m.files.iter().map(|f| (format!("/desk/cases/{no}/files/{}/{}", m.key, f.id), f.name.clone(), show::size(f.size))).collect(),
        })
        .collect();
    let offered = actions::offered(&ctx.actor, case);
    let l = Layout::staff(ctx, &format!("{no} {}", case.item_name));
    CasePage {
        l: if problem.is_some() { l.with_errors() } else { l },
        version: case.version,
        item: case.item_name.clone(),
        status: show::status(case.state, case.step),
        channel: case.channel.label(),
        applicant: case.applicant_shown.clone(),
        contact: format!("{} {}", mask::name(&view.details.applicant.contact), mask::mobile(&view.details.applicant.mobile)),
        org: case.org_name.clone(),
        light: show::light(case.light, case.due, case.state, now),
        due: case.due.map(|due| format!("{} 前", show::long(due))).unwrap_or_default(),
        revoked: case.revoked_on.map(|day| day.to_string()),
        auto_accepted: case.auto_accepted,
        paused: case.running_procedure().map(|p| format!("{}，{} 开始，告知 {} 个工作日", procedure_name(p.kind), p.started_on, p.planned_days)),
        opinion: offered.iter().any(|a| matches!(a, Action::Accept | Action::Forward)),
        actions: offered.into_iter().map(|action| action_link(&no, action)).collect(),
        materials,
        may_check: case.state.is_undecided() && ctx.actor.may(can::ACCEPT),
        may_unmask: ctx.actor.may(can::UNMASK),
        info: info_rows(view),
        steps: step_lines(view),
        documents: document_links(view, "/desk/cases"),
        anomalies: view.anomalies.iter().map(|a| (a.anomaly.code().to_owned(), a.anomaly.title().to_owned(), a.detail.clone())).collect(),
        raisable: if ctx.actor.may(can::MONITOR) { raisable() } else { Vec::new() },
        corrections: view
            .corrections
            .iter()
            .map(|c| (format!("第 {} 次，{} 前补齐", c.round, c.due_on), c.points.iter().map(|p| format!("{}：{}", p.name, p.problem)).collect()))
            .collect(),
        others: view.others.iter().map(|row| show::Row::of(row, now)).collect(),
        panels,
        errors: ErrorSummary::of(problem),
        no,
    }
}

/// 记录里看不出来的排在前面。
fn raisable() -> Vec<(&'static str, &'static str)> {
    let mut all: Vec<_> = Anomaly::ALL.to_vec();
    all.sort_by_key(|anomaly| !anomaly.is_manual());
    all.into_iter().map(|anomaly| (anomaly.code(), anomaly.title())).collect()
}

async fn viewed(app: &App, ctx: &Ctx, no: String) -> Result<CaseView, Failure> {
    let actor = ctx.actor.clone();
    Ok(app.db().snapshot("cases.view", move |tx| queries::view(tx, &actor, &no)).await?)
}

pub async fn show_case(State(app): State<App>, ctx: Ctx, Path(no): Path<String>) -> Result<Html, Failure> {
    let view = viewed(&app, &ctx, no).await?;
    let panels = panels(&app, &ctx, view.case.id).await?;
    render(&case_page(&app, &ctx, &view, panels, None))
}

/// 材料核验表里填的结论。
fn verdicts(fields: &Fields) -> Vec<Verdict> {
    fields
        .prefixed("m_")
        .filter(|(_, value)| matches!(*value, "ok" | "fix"))
        .map(|(key, value)| Verdict { key: key.to_owned(), passed: value == "ok", remark: fields.get(&format!("n_{key}")).to_owned() })
        .collect()
}

/// 保存材料核验结论。
pub async fn check(State(app): State<App>, ctx: Ctx, Path(no): Path<String>, Form(fields): Form<Vec<(String, String)>>) -> Result<Redirect, Failure> {
    let fields = Fields(fields);
    let (version, verdicts, actor, at) = (fields.int("version"), verdicts(&fields), ctx.actor.clone(), app.now());
    let case = app.act(&ctx, "cases.check", move |tx| commands::check_materials(tx, &actor, &no, version, &verdicts, at)).await?;
    Ok(see_other(format!("/desk/cases/{}", case.no)).flash("核验结论已保存"))
}

#[derive(Template)]
#[template(path = "desk_action.html")]
struct ActionPage {
    l: Layout,
    no: String,
    version: i64,
    item: String,
    applicant: String,
    label: &'static str,
    action: &'static str,
    danger: bool,
    consequence: &'static str,
    fields: Vec<Input>,
    /// 一次告知：材料短名、名称、已填的问题与怎么改。
    points: Vec<(String, String, String, String)>,
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
        Action::Terminate => "终止后本件结束，会告知申请人原因。",
        Action::Void => "只用于录入差错。作废后不计入统计，记录保留。",
        Action::Revoke => "将出具撤销决定书，电子证照同步撤销。",
        _ => "",
    }
}

fn action_fields(action: Action, fields: &Fields, problem: Option<&Problem>) -> Vec<Input> {
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
            Input::radios("way", "送达方式", Delivery::ALL.map(|d| (d.as_str(), d.label()))).value(fields.get("way")),
            Input::text("receiver", "签收人").value(fields.get("receiver")).optional().hint("自取时必填"),
            Input::text("note", "邮寄单号或说明").value(fields.get("note")).optional(),
        ],
        Action::Suspend => vec![
            Input::select("kind", "程序", PROCEDURES.iter().map(|(code, name)| (code.to_string(), *name))).value(fields.get("kind")),
            days("所需时间").hint("会写进告知书"),
            reason("事由"),
            Input::checks("notice", "书面告知", [("1", "出具特别程序告知书（停表必须有）")]).value("1"),
        ],
        Action::Resume => vec![reason("程序结果")],
        Action::Extend => vec![days("延长"), reason("延期理由")],
        Action::Withdraw => vec![reason("申请人的说明").optional()],
        Action::SupplyDeferred | Action::SupplyCorrection => vec![reason("说明").optional()],
        _ => vec![reason("原因")],
    };
    list.into_iter().map(|input| input.errors_of(problem)).collect()
}

fn action_page(ctx: &Ctx, view: &CaseView, action: Action, fields: &Fields, problem: Option<&Problem>) -> ActionPage {
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
                .map(|m| {
                    let typed = fields.get(&format!("p_{}", m.key));
                    let problem = if typed.is_empty() && m.status == MaterialStatus::Rejected { m.remark.clone() } else { typed.to_owned() };
                    (m.key.clone(), m.name.clone(), problem, fields.get(&format!("r_{}", m.key)).to_owned())
                })
                .collect()
        })
        .unwrap_or_default();
    if action == Action::RequestCorrection {
        points.push(("_".to_owned(), "申请内容（不针对某份材料）".to_owned(), fields.get("p__").to_owned(), fields.get("r__").to_owned()));
    }
    let l = Layout::staff(ctx, action.label());
    ActionPage {
        l: if problem.is_some() { l.with_errors() } else { l },
        no: view.case.no.to_string(),
        version: view.case.version,
        item: view.case.item_name.clone(),
        applicant: view.case.applicant_shown.clone(),
        label: action.label(),
        action: action.as_str(),
        danger: matches!(action, Action::Refuse | Action::Void | Action::Terminate | Action::Revoke | Action::SendBack),
        consequence: consequence(action),
        fields: action_fields(action, fields, problem),
        points,
        errors: ErrorSummary::of(problem),
    }
}

/// 动作的填写与确认页。
pub async fn action_form(State(app): State<App>, ctx: Ctx, Path((no, action)): Path<(String, String)>) -> Result<Html, Failure> {
    let view = viewed(&app, &ctx, no).await?;
    let action = Action::parse(&action).ok_or_else(Problem::not_found)?;
    if !actions::offered(&ctx.actor, &view.case).contains(&action) {
        return Err(crate::model::next(view.case.state, action).err().unwrap_or_else(|| Problem::forbidden(action.as_str())).into());
    }
    render(&action_page(&ctx, &view, action, &Fields(Vec::new()), None))
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
        days: u32::try_from(fields.int("days")).unwrap_or(0),
        kind: u8::try_from(fields.int("kind")).unwrap_or(0),
        notice: fields.has("notice"),
        redirect: fields.get("redirect").to_owned(),
        points,
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
            // 动作条与核验表在同一张表单里：受理前先记下核验结论
            if action == Action::Accept && !verdicts.is_empty() {
                version = commands::check_materials(tx, &actor, &number, version, &verdicts, at)?.version;
            }
            actions::perform(tx, &actor, &number, action, version, &input, at)
        })
        .await;
    match result {
        Ok(case) => Ok(see_other(format!("/desk/cases/{}", case.no)).flash(format!("已{}", done_word(action))).into_response()),
        Err(error) => {
            let problem = mendable(error)?;
            let view = viewed(&app, &ctx, no).await?;
            if matches!(action, Action::Receive | Action::Accept | Action::Forward) {
                let panels = panels(&app, &ctx, view.case.id).await?;
                return render_status(problem.code.status(), &case_page(&app, &ctx, &view, panels, Some(&problem)));
            }
            render_status(problem.code.status(), &action_page(&ctx, &view, action, &fields, Some(&problem)))
        }
    }
}

fn done_word(action: Action) -> &'static str {
    match action {
        Action::Forward => "送下一环节",
        Action::RequestCorrection => "发出补正告知",
        Action::Suspend => "启动特别程序",
        Action::Resume => "结束特别程序",
        other => other.label(),
    }
}

#[derive(Template)]
#[template(path = "desk_unmask.html")]
struct UnmaskPage {
    l: Layout,
    no: String,
    rows: Vec<(&'static str, String)>,
}

/// 看申请人原始信息：留痕。
pub async fn unmask(State(app): State<App>, ctx: Ctx, Path(no): Path<String>) -> Result<Html, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let (no, who) = app
        .act(&ctx, "cases.unmask", move |tx| {
            let case = queries::seen(tx, &actor, &no)?;
            let details = crate::store::details(tx, case.id)?.ok_or_else(Problem::not_found)?;
            let entry = Entry { kind: "cases.unmasked", subject: case.id, rev: case.version, at, actor: &actor, tenant: case.place.tenant, body: "{}" };
            tx.journal(entry)?;
            Ok((case.no.to_string(), details.applicant))
        })
        .await?;
    let rows = vec![("申请人", who.name), ("证件号", who.id_number), ("经办人", who.contact), ("手机", who.mobile), ("地址", who.address)];
    render(&UnmaskPage { l: Layout::staff(&ctx, "申请人原始信息"), no, rows })
}

/// 看材料文件：图片与 PDF 在页内打开，其余下载。
pub async fn file(State(app): State<App>, ctx: Ctx, Path((no, key, id)): Path<(String, String, String)>) -> Result<Response, Failure> {
    let view = viewed(&app, &ctx, no).await?;
    let found = view.materials.iter().filter(|m| m.key == key).flat_map(|m| &m.files).find(|f| f.id == id);
    let file = found.ok_or_else(Problem::not_found)?;
    let content = app.files().get(&file.id).await?;
    let inline = matches!(file.media_type.as_str(), "image/jpeg" | "image/png" | "application/pdf");
    let mut response = content.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_str(&file.media_type).unwrap_or(HeaderValue::from_static("application/octet-stream")));
    headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static(if inline { "inline" } else { "attachment" }));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    Ok(response)
}

/// 到今天为止的日期，文书落款用。
#[must_use]
pub fn day_of(at: jiff::Timestamp) -> String {
    let date = time::date_of(at);
    format!("{} 年 {} 月 {} 日", date.year(), date.month(), date.day())
}
