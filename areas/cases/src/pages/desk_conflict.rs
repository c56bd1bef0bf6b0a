//! 别人先改了（412）：两版并列；自己动过的留着，没动过的换成别人存的，再交一次不会盖掉没碰过的。

use axum::response::Response;
use tongban_kernel::problem::Code;
use tongban_store::Error;
use tongban_web::{App, Ctx, Failure, render_status};

use super::desk_action::{action_page, choices};
use super::desk_case::{CasePage, Opened, case_page, opened, panels};
use super::trail::Trail;
use super::{Fields, show};
use crate::actions;
use crate::model::Action;
use crate::queries::CaseView;

/// 一份材料的结论与备注，写成一格随表单带回。
pub(super) fn base(verdict: &str, remark: &str) -> String {
    format!("{verdict}:{remark}")
}

/// 说成话。
fn said(name: &str, base: &str) -> String {
    let (verdict, remark) = base.split_once(':').unwrap_or((base, ""));
    let word = match verdict {
        "ok" => "合格",
        "fix" => "要补正",
        _ => "还没核验",
    };
    if remark.is_empty() { format!("{name}：{word}") } else { format!("{name}：{word}，{remark}") }
}

/// 版本不符。
pub(super) fn is_stale(error: &Error) -> bool {
    matches!(error, Error::Refused(problem) if problem.code == Code::PreconditionFailed)
}

/// 一份材料三方各是什么：打开时的、自己填的、库里此刻的。
struct Three {
    name: String,
    opened: String,
    mine: String,
    stored: String,
}

fn threes(page: &CasePage, fields: &Fields) -> Vec<Three> {
    let sent = page.materials.iter().filter(|m| fields.has(&format!("b_{}", m.key)));
    sent.map(|m| Three {
        name: m.name.clone(),
        opened: fields.get(&format!("b_{}", m.key)).to_owned(),
        mine: base(fields.get(&format!("m_{}", m.key)), fields.get(&format!("n_{}", m.key))),
        stored: m.base.clone(),
    })
    .collect()
}

/// 打开之后有没有动过哪一份的结论或备注。
pub(super) fn touched(fields: &Fields) -> bool {
    fields.prefixed("b_").any(|(key, opened)| base(fields.get(&format!("m_{key}")), fields.get(&format!("n_{key}"))) != opened)
}

impl CasePage {
    /// 重画时留住自己动过的：核验结论、备注、意见。没动过的照库里此刻的。
    #[must_use]
    pub(super) fn keeping(mut self, fields: &Fields) -> Self {
        self.reason = fields.get("reason").to_owned();
        for row in &mut self.materials {
            let (verdict, remark) = (fields.get(&format!("m_{}", row.key)), fields.get(&format!("n_{}", row.key)));
            let opened = format!("b_{}", row.key);
            if fields.has(&opened) && base(verdict, remark) != fields.get(&opened) {
                (row.passed, row.rejected, row.remark) = (verdict == "ok", verdict == "fix", remark.to_owned());
            }
        }
        self
    }
}

/// 打开之后别人做的各步。
async fn since(app: &App, view: &CaseView, seen: i64) -> Result<Vec<String>, Failure> {
    let id = view.case.id;
    let later = app.db().snapshot("cases.timeline", move |tx| tx.timeline(id)).await?;
    let first = later.iter().filter(|entry| entry.rev > seen).map(|entry| entry.at).min();
    let steps = view.steps.iter().filter(|step| first.is_some_and(|first| step.ended_at >= first));
    Ok(steps.map(|step| format!("{} {} {}", show::long(step.ended_at), step.actor_name, step.name)).collect())
}

/// 自己写的几段话。
fn typed(fields: &Fields) -> Vec<String> {
    let told = |name: &str| matches!(name, "reason" | "note" | "moment" | "redirect" | "receiver") || name.starts_with("p_");
    let moved = |name: &str, value: &str| name.strip_prefix("p_").is_none_or(|key| value != fields.get(&format!("b_{key}")));
    let all = fields.0.iter().filter(|(name, value)| told(name) && moved(name, value) && !value.trim().is_empty());
    all.map(|(_, value)| value.clone()).collect()
}

/// 办件页上的保存与直接做的动作：最新的样子之上并列两版。
pub(super) async fn case(app: &App, ctx: &Ctx, no: String, what: &str, fields: &Fields) -> Result<Response, Failure> {
    let opened = opened(app, ctx, no, Trail::of(fields)).await?;
    let mut theirs = since(app, &opened.view, fields.int("version")).await?;
    let panels = panels(app, ctx, opened.view.case.id).await?;
    let page = case_page(app, ctx, &opened, panels, None);
    let mut mine = vec![format!("要做的：{what}")];
    mine.extend(typed(fields));
    for three in threes(&page, fields) {
        if three.stored != three.opened {
            theirs.push(said(&three.name, &three.stored));
        }
        if three.mine != three.opened {
            mine.push(said(&three.name, &three.mine));
        }
    }
    if theirs.is_empty() {
        theirs.push("时限灯有变化".to_owned());
    }
    let mut page = page.keeping(fields);
    page.conflict = Some((mine, theirs));
    render_status(412, &page)
}

/// 填写页上的动作：还能做的，填写页留着填的；不能做了的，回到办件页。
pub(super) async fn action(app: &App, ctx: &Ctx, no: String, action: Action, fields: &Fields) -> Result<Response, Failure> {
    let Opened { view, .. } = opened(app, ctx, no.clone(), Trail::of(fields)).await?;
    let direct = matches!(action, Action::Receive | Action::Accept | Action::Forward) && !fields.has("visitors");
    if direct || !actions::offered(&ctx.actor, &view.case).contains(&action) {
        return case(app, ctx, no, action.label(), fields).await;
    }
    let mut theirs = since(app, &view, fields.int("version")).await?;
    let choices = choices(app, &view.case, action).await?;
    let mut page = action_page(ctx, &view, action, fields, &choices, None);
    theirs.extend(page.moved(fields));
    if theirs.is_empty() {
        theirs.push("材料核验或时限灯有变化".to_owned());
    }
    page.conflict = Some((typed(fields), theirs));
    render_status(412, &page)
}
