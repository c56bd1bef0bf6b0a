//! 办件详情与动作：材料核验、动作条、进度、意见；不可逆的动作走确认页。

use askama::Template;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use tongban_credentials::commands::Checked;
use tongban_credentials::queries::UsedFor;
use tongban_kernel::{Problem, mask};
use tongban_store::Entry;
use tongban_web::components::{ErrorSummary, LightTag, StatusTag};
use tongban_web::{App, Ctx, Failure, Form, Html, Layout, Query, render, render_status, see_other};

use super::mine::{DocumentLink, document_links};
use super::trail::Trail;
use super::{Fields, desk_conflict, mendable, show};
use crate::actions;
use crate::commands::{self, Verdict};
use crate::model::{Action, Case, Delivery, MaterialStatus, StageKind};
use crate::store::deliveries::Signed;
use crate::store::opinions::Opinion;
use crate::permissions as can;
use crate::queries::{self, CaseView};
use crate::rules::anomalies::Anomaly;
use crate::rules::procedures::procedure_name;

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
pub(super) struct MaterialRow {
    pub key: String,
    pub name: String,
    status: &'static str,
    pub passed: bool,
    pub rejected: bool,
    pub remark: String,
    /// 网址、名字、大小、是不是能就地看的图片。
    files: Vec<(String, String, String, bool)>,
    /// 用来免提交的电子证照，状态是此刻的。
    licence: Option<UsedFor>,
    /// 库里此刻的结论，随表单带回：别人先改了，才分得出哪几格是自己动过的。
    pub base: String,
}

/// 一个机构的意见。
struct OpinionLine {
    id: i64,
    version: i64,
    org: String,
    state: &'static str,
    question: String,
    opinion: String,
    due: String,
    /// 该由此人回复。
    mine: bool,
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
    /// 先把材料核验存下再去：补正的原因就写在那里。
    saves: bool,
    /// 不常用，收在“更多”里。
    more: bool,
}

#[derive(Template)]
#[template(path = "desk_case.html")]
pub(super) struct CasePage {
    l: Layout,
    no: String,
    version: i64,
    item: String,
    status: StatusTag,
    aside: Option<&'static str>,
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
    pub(super) materials: Vec<MaterialRow>,
    /// 正在写的意见。
    pub(super) reason: String,
    /// 受理时绑定的那一版办事指南：叫法、网址。
    guide: Option<(String, String)>,
    /// 当场签下、等证照成文的送达回证，或为什么要发纸质证照。
    signed: Option<String>,
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
    /// 环节：名字、走到没有（done、now、todo）。
    stages: Vec<(String, &'static str)>,
    handler: String,
    opinions: Vec<OpinionLine>,
    proposals: Vec<String>,
    urged: Option<String>,
    /// 为哪一件申请的变更、延续、补证，延续的何时届满。
    follow: Option<String>,
    /// 后来又申请的：种类、编号。
    later: Vec<(&'static str, String)>,
    /// 办成了、出过证照的，窗口能接着收变更、延续、补证。
    may_follow: bool,
    /// 卷宗做好了没有；没到头的为 `None`。
    archived: Option<bool>,
    /// 行业系统里的编号；能补录过去、还没有的为空串，不相干的为 `None`。
    external: Option<String>,
    /// 从哪张列表来的。
    trail: Trail,
    /// 那张列表里的下一件。
    next: Option<String>,
    /// 版本不符：自己要交的、其间别人做的。
    pub(super) conflict: Option<(Vec<String>, Vec<String>)>,
    others: Vec<show::Row>,
    siblings: Vec<show::Row>,
    panels: Vec<String>,
    errors: ErrorSummary,
}

/// 打开的一件：内容、从哪张列表来的、那张列表里的下一件。
pub(super) struct Opened {
    pub view: CaseView,
    pub trail: Trail,
    next: Option<String>,
}

impl CasePage {
    /// 动作条上有没有这个键。
    fn has_key(&self, key: &str) -> bool {
        self.actions.iter().any(|action| !action.more && action.key == key)
    }

    /// 评价面板给了快捷键。
    fn rateable(&self) -> bool {
        self.panels.iter().any(|panel| panel.contains("data-key=\"e\""))
    }
}

fn action_link(no: &str, action: Action, special: bool, trail: &Trail) -> ActionLink {
    let (class, key) = match action {
        Action::Receive | Action::Accept | Action::Decide | Action::Deliver => ("btn btn-p", "A"),
        Action::Forward => ("btn btn-p", "F"),
        Action::RequestCorrection => ("btn", "R"),
        Action::Refuse => ("btn btn-r", "D"),
        Action::Void | Action::Terminate | Action::Revoke => ("btn btn-r", ""),
        _ => ("btn", ""),
    };
    ActionLink {
        href: format!("/desk/cases/{no}/actions/{}{}", action.as_str(), trail.suffix()),
        label: action.label(),
        class,
        key,
        more: matches!(
            action,
            Action::Withdraw | Action::Terminate | Action::Void | Action::Revoke | Action::Amend | Action::Transfer | Action::Consult | Action::Extend
        ),
        saves: action == Action::RequestCorrection,
        direct: matches!(action, Action::Receive | Action::Accept) || (action == Action::Forward && !special),
    }
}

pub(super) fn info_rows(view: &CaseView) -> Vec<(String, String)> {
    let who = &view.details.applicant;
    let mut rows = vec![
        ("申请人".to_owned(), view.case.applicant_shown.clone()),
        ("证件".to_owned(), if who.is_legal { who.id_number.clone() } else { mask::id_number(&who.id_number) }),
        ("经办人".to_owned(), mask::name(&who.contact)),
        ("手机".to_owned(), mask::mobile(&who.mobile)),
    ];
    if let Some(agency) = &view.agency {
        let relation = tongban_parties::model::grant::RELATIONS.iter().find(|(code, _)| *code == agency.relation).map_or("", |(_, name)| *name);
        rows.push(("代办人".to_owned(), format!("{}（{relation}），授权单 {}", mask::name(&agency.name), agency.grant)));
    }
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
                _ => field.shown(value),
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

pub(super) fn case_page(app: &App, ctx: &Ctx, opened: &Opened, panels: Vec<String>, problem: Option<&Problem>) -> CasePage {
    let Opened { view, trail, next } = opened;
    let case = &view.case;
    let no = case.no.to_string();
    let now = app.now();
    let used = |name: &str| view.used.iter().find(|used| used.material == name).cloned();
    let materials = view
        .materials
        .iter()
        .map(|m| MaterialRow {
            licence: if m.files.is_empty() { used(&m.name) } else { None },
            key: m.key.clone(),
            name: m.name.clone(),
            status: m.status.label(),
            passed: m.status == MaterialStatus::Passed,
            rejected: m.status == MaterialStatus::Rejected,
            remark: m.remark.clone(),
            base: desk_conflict::base(verdict_of(m.status), &m.remark),
            files: m.files.iter().map(|f| (format!("/desk/cases/{no}/files/{}/{}", m.key, f.id), f.name.clone(), show::size(f.size), f.media_type.starts_with("image/"))).collect(),
        })
        .collect();
    let offered = actions::offered(&ctx.actor, case);
    // 现场核查、专家环节要另填核查人与结论
    let special = case.current_stage().is_some_and(|stage| stage.kind != StageKind::Ordinary);
    let l = Layout::staff(ctx, &format!("{no} {}", case.item_name));
    CasePage {
        l: if problem.is_some() { l.with_errors() } else { l },
        version: case.version,
        item: case.item_name.clone(),
        status: show::status(case.state, case.step),
        aside: show::aside(case.state, case.delivery, view.paper.is_some()),
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
        actions: offered.into_iter().map(|action| action_link(&no, action, special, trail)).collect(),
        materials,
        reason: String::new(),
        guide: (case.item_version > 0).then(|| (format!("办事指南第 {} 版", case.item_version), format!("/items/{}/v/{}", case.item_code, case.item_version))),
        signed: view.signed.as_ref().map(signed_note).or_else(|| view.paper.as_deref().map(paper_note)),
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
        stages: stage_lines(case),
        handler: case.handler_name.clone(),
        opinions: view.opinions.iter().map(|o| opinion_line(ctx, o)).collect(),
        proposals: view.proposals.iter().filter(|p| p.state == "asked").map(proposal_line).collect(),
        urged: case.urged_at.map(|at| format!("申请人催了 {} 次，最近一次 {}", case.urged, show::long(at))),
        follow: super::follow::note(view),
        may_follow: ctx.actor.may(can::SUBMIT_FOR) && commands::may_follow(case) && view.offer.as_ref().is_some_and(|offer| offer.licence.is_some()),
        later: view.later.iter().map(|(kind, no)| (kind.label(), no.clone())).collect(),
        external: external(ctx, case),
        trail: trail.clone(),
        next: next.clone(),
        conflict: None,
        archived: case.state.is_terminal().then_some(view.archived),
        siblings: view.siblings.iter().map(|row| show::Row::of(row, now)).collect(),
        others: view.others.iter().map(|row| show::Row::of(row, now)).collect(),
        panels,
        errors: ErrorSummary::of(problem),
        no,
    }
}

/// 核验结论在表单里的写法。
const fn verdict_of(status: MaterialStatus) -> &'static str {
    match status {
        MaterialStatus::Passed => "ok",
        MaterialStatus::Rejected => "fix",
        _ => "",
    }
}

fn external(ctx: &Ctx, case: &Case) -> Option<String> {
    match (&case.external_system, &case.external_no) {
        (Some(system), Some(number)) => Some(format!("{system} {number}")),
        _ => (commands::may_sync(case) && ctx.actor.may(can::RECEIVE)).then(String::new),
    }
}

fn paper_note(licence: &str) -> String {
    format!("{licence}没有做电子证照，要发纸质证照（原因见进度里的“决定”）：交给申请人或寄出后点“送达”，填签收人或单号，本件就办结。")
}

fn signed_note(signed: &Signed) -> String {
    let what = if signed.way == Delivery::Post { format!("单号 {}", signed.note) } else { format!("签收人 {}", signed.receiver) };
    format!("送达回证已于 {} 当场签下：{}，{what}。证照成文后由系统转办结。", show::long(signed.at), signed.way.label())
}

fn stage_lines(case: &Case) -> Vec<(String, &'static str)> {
    let place = |n: usize| match case.step {
        _ if case.decided_at.is_some() => "done",
        None => "todo",
        Some(_) => ["done", "now", "todo"][1 + usize::from(n > case.stage) - usize::from(n < case.stage)],
    };
    case.flow.stages(case.single_post).into_iter().enumerate().map(|(n, stage)| (stage.name, place(n))).collect()
}

fn opinion_line(ctx: &Ctx, o: &Opinion) -> OpinionLine {
    OpinionLine {
        id: o.id,
        version: o.version,
        org: o.org_name.clone(),
        state: o.state.label(),
        question: o.question.clone(),
        opinion: o.opinion.clone(),
        due: show::long(o.due),
        mine: o.state.is_open() && ctx.actor.may(can::OPINE) && ctx.actor.scope.covers(&o.place),
    }
}

fn proposal_line(p: &crate::store::proposals::Proposal) -> String {
    let action = Action::parse(&p.kind).map_or("", Action::label);
    format!("{} {} 申请{action}：{}，等另一位负责人批准", p.staff_name, show::short(p.asked_at), p.reason)
}

/// 记录里看不出来的排在前面。
fn raisable() -> Vec<(&'static str, &'static str)> {
    let mut all: Vec<_> = Anomaly::ALL.to_vec();
    all.sort_by_key(|anomaly| !anomaly.is_manual());
    all.into_iter().map(|anomaly| (anomaly.code(), anomaly.title())).collect()
}

pub(super) async fn opened(app: &App, ctx: &Ctx, no: String, trail: Trail) -> Result<Opened, Failure> {
    let (actor, at, list) = (ctx.actor.clone(), app.now(), trail.listed(ctx));
    let (view, next) = app
        .db()
        .snapshot("cases.view", move |tx| {
            let view = queries::view(tx, &actor, &no, at)?;
            let next = queries::next_in(tx, &actor, &view.case, &list)?;
            Ok((view, next))
        })
        .await?;
    Ok(Opened { view, next: next.map(|(no, at)| trail.to(&no, at)), trail })
}

pub async fn show_case(State(app): State<App>, ctx: Ctx, Path(no): Path<String>, Query(trail): Query<Trail>) -> Result<Html, Failure> {
    let opened = opened(&app, &ctx, no, trail).await?;
    let panels = panels(&app, &ctx, opened.view.case.id).await?;
    render(&case_page(&app, &ctx, &opened, panels, None))
}

/// 材料核验表里填的结论。
pub(super) fn verdicts(fields: &Fields) -> Vec<Verdict> {
    fields
        .prefixed("m_")
        .filter(|(_, value)| matches!(*value, "ok" | "fix"))
        .map(|(key, value)| Verdict { key: key.to_owned(), passed: value == "ok", remark: fields.get(&format!("n_{key}")).to_owned() })
        .collect()
}

/// 保存材料核验结论。
pub async fn check(State(app): State<App>, ctx: Ctx, Path(no): Path<String>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let trail = Trail::of(&fields);
    let (version, verdicts, actor, at, number) = (fields.int("version"), verdicts(&fields), ctx.actor.clone(), app.now(), no.clone());
    // 去写补正告知：先把刚填的结论存下，备注带过去；没改过的不必再存
    let correcting = fields.get("then") == "correct";
    let next = if correcting { format!("/actions/{}", Action::RequestCorrection.as_str()) } else { String::new() };
    let onward = format!("/desk/cases/{no}{next}{}", trail.suffix());
    if correcting && !desk_conflict::touched(&fields) {
        return Ok(see_other(onward).into_response());
    }
    let saved = app.act(&ctx, "cases.check", move |tx| commands::check_materials(tx, &actor, &number, version, &verdicts, at)).await;
    match saved {
        Ok(_) => Ok(see_other(onward).flash("核验结论已保存").into_response()),
        Err(error) if desk_conflict::is_stale(&error) => desk_conflict::case(&app, &ctx, no, "保存核验结论", &fields).await,
        Err(error) => {
            let problem = mendable(error)?;
            let opened = opened(&app, &ctx, no, trail).await?;
            let panels = panels(&app, &ctx, opened.view.case.id).await?;
            render_status(problem.code.status(), &case_page(&app, &ctx, &opened, panels, Some(&problem)).keeping(&fields))
        }
    }
}

#[derive(Template)]
#[template(path = "desk_unmask.html")]
struct UnmaskPage {
    l: Layout,
    no: String,
    back: String,
    rows: Vec<(&'static str, String)>,
}

/// 看申请人原始信息：留痕。
pub async fn unmask(State(app): State<App>, ctx: Ctx, Path(no): Path<String>, Form(fields): Form<Vec<(String, String)>>) -> Result<Html, Failure> {
    let trail = Trail::of(&Fields(fields));
    let (actor, at) = (ctx.actor.clone(), app.now());
    let (no, who) = app
        .act(&ctx, "cases.unmask", move |tx| {
            let case = queries::seen(tx, &actor, &no, at)?;
            let details = crate::store::details(tx, case.id)?.ok_or_else(Problem::not_found)?;
            let entry = Entry { kind: "cases.unmasked", subject: case.id, rev: case.version, at, actor: &actor, tenant: case.place.tenant, body: "{}" };
            tx.journal(entry)?;
            Ok((case.no.to_string(), details.applicant))
        })
        .await?;
    let rows = vec![("申请人", who.name), ("证件号", who.id_number), ("经办人", who.contact), ("手机", who.mobile), ("地址", who.address)];
    render(&UnmaskPage { l: Layout::staff(&ctx, "申请人原始信息"), back: format!("/desk/cases/{no}{}", trail.suffix()), no, rows })
}

async fn seen(app: &App, ctx: &Ctx, no: String) -> Result<CaseView, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    Ok(app.db().snapshot("cases.view", move |tx| queries::view(tx, &actor, &no, at)).await?)
}

/// 看免提交用到的证照的证面：看一次记一次，持证人查得到。
pub async fn licence(State(app): State<App>, ctx: Ctx, Path((no, key)): Path<(String, String)>) -> Result<Response, Failure> {
    let view = seen(&app, &ctx, no).await?;
    let material = view.materials.iter().find(|m| m.key == key).ok_or_else(Problem::not_found)?;
    let used = view.used.iter().find(|used| used.material == material.name).ok_or_else(Problem::not_found)?;
    let checked = Checked {
        org_name: view.case.org_name.clone(),
        item_code: view.case.item_code.clone(),
        item_name: view.case.item_name.clone(),
        case_no: view.case.no.to_string(),
        reason: format!("办理 {}，核对“{}”", view.case.no, material.name),
        ..Checked::default()
    };
    tongban_credentials::for_case(&app, &ctx, used.licence, checked).await
}

/// 看材料文件：图片与 PDF 在页内打开，其余下载。
pub async fn file(State(app): State<App>, ctx: Ctx, Path((no, key, id)): Path<(String, String, String)>) -> Result<Response, Failure> {
    let view = seen(&app, &ctx, no).await?;
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
