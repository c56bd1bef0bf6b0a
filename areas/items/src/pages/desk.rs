//! 事项编辑台的一项：看、做动作；动作走 POST 后跳转。清单在 [`super::catalog_list`]。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tongban_kernel::Actor;
use tongban_kernel::problem::Problem;
use tongban_kernel::time::{day_number, show};
use tongban_store::{Result as Stored, Tx};
use tongban_web::area::Html;
use tongban_web::components::{ErrorSummary, Field, StatusTag};
use tongban_web::{App, Ctx, Cursor, Failure, Form, Layout, PageQuery, render, render_status, see_other};

use crate::cache;
use crate::commands::{self, FieldNote, Implementer, Publish, Suspend};
use crate::model::codes::UseLevel;
use crate::model::lifecycle::{Action, State as ItemState};
use crate::store::{self, ChangeRow, FindingRow, ItemRow, NoteRow};
use tongban_directory::queries as directory;

/// 列表的条件。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct DeskQuery {
    pub tab: String,
    pub cursor: Option<String>,
    pub limit: Option<i64>,
}

impl DeskQuery {
    pub(super) fn page(&self) -> PageQuery {
        PageQuery { limit: self.limit, cursor: self.cursor.clone() }
    }
}

/// 多取一条看有没有下一页；回答下一页的键。
pub(super) fn cut<T, K: serde::Serialize>(rows: &mut Vec<T>, limit: usize, mark: &str, key: impl Fn(&T) -> K) -> Option<String> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    rows.last().filter(|_| more).map(|last| Cursor::encode(&key(last), mark))
}

/// 范围内的一项；范围外与不存在是同一个回答。
pub(super) fn mine(tx: &mut Tx<'_>, actor: &Actor, code: &str) -> Stored<ItemRow> {
    let row = store::item_by_code(tx, code)?.ok_or_else(Problem::not_found)?;
    actor.scope.check(&row.place)?;
    Ok(row)
}

/// 一个动作按钮：是否要写一句话。
struct Button {
    action: Action,
    asks: Option<&'static str>,
    danger: bool,
}

/// 现在状态与权限都允许的动作。
fn buttons(actor: &Actor, row: &ItemRow) -> Vec<Button> {
    use crate::permissions::{CLAIM, EDIT, PUBLISH, REVIEW, SUSPEND};
    let table: &[(Action, &str, Option<&'static str>, bool)] = &[
        (Action::Report, EDIT, None, false),
        (Action::WithdrawReport, EDIT, None, false),
        (Action::Revise, EDIT, None, false),
        (Action::AbandonRevision, EDIT, None, true),
        (Action::Unclaim, CLAIM, None, true),
        (Action::Approve, REVIEW, None, false),
        (Action::Reject, REVIEW, Some("驳回的意见"), true),
        (Action::Publish, PUBLISH, None, false),
        (Action::SendBack, PUBLISH, Some("退回的意见"), true),
        (Action::Resume, SUSPEND, None, false),
        (Action::Suspend, SUSPEND, Some("暂停的原因，群众会看到"), true),
        (Action::Cancel, SUSPEND, Some("取消的原因，群众会看到"), true),
    ];
    let allowed = row.status.allowed();
    table
        .iter()
        .filter(|(action, needs, ..)| allowed.contains(action) && actor.may(needs))
        .map(|&(action, _, asks, danger)| Button { action, asks, danger })
        .collect()
}

#[derive(Template)]
#[template(path = "catalog_item.html")]
struct ItemPage {
    l: Layout,
    row: ItemRow,
    findings: Vec<FindingRow>,
    editions: Vec<(i64, String)>,
    buttons: Vec<Button>,
    summary: ErrorSummary,
    may_edit: bool,
    may_check: bool,
    local_code: String,
    local_dept_code: String,
    notes: Vec<NoteRow>,
    changes: Vec<ChangeRow>,
    old_codes: Vec<(String, String)>,
    /// 可以承接的下级：统一社会信用代码与名称。
    below: Vec<(String, String)>,
    /// 主管可以换码。
    may_rename: bool,
    may_split: bool,
}

impl ItemPage {
    fn status(&self) -> StatusTag {
        let tone = match self.row.status.state {
            ItemState::Active => "g",
            ItemState::Suspended => "y",
            ItemState::Cancelled => "r",
            _ => "b",
        };
        StatusTag { text: self.row.status.state.label().to_owned(), tone }
    }

    /// 定好了日子发布的，是哪一天。
    fn scheduled(&self) -> Option<String> {
        let at = jiff::Timestamp::from_millisecond(self.row.effect?).ok()?;
        Some(tongban_kernel::time::date_of(at).strftime("%Y 年 %-m 月 %-d 日").to_string())
    }

    fn revision(&self) -> Option<&'static str> {
        self.row.status.revision.map(ItemState::label)
    }

    /// 等着审，审核人可以逐条批注。
    fn reviewing(&self) -> bool {
        self.row.status.draft() == Some(ItemState::Reviewing) && self.buttons.iter().any(|button| button.action == Action::Reject)
    }

    fn editable(&self) -> bool {
        self.may_edit && self.row.status.draft() == Some(ItemState::Editing)
    }

    fn tab_of(&self, field: &str) -> &'static str {
        super::edit::tab_of(field)
    }
}

async fn item_page(app: &App, ctx: &Ctx, code: &str, problem: Option<&Problem>) -> Result<ItemPage, Failure> {
    let (actor, code) = (ctx.actor.clone(), code.to_owned());
    let may_devolve = actor.may(crate::permissions::SUSPEND);
    let (row, findings, editions, implementation, around) = app
        .db()
        .snapshot("items.desk_item", move |tx| {
            let row = mine(tx, &actor, &code)?;
            let findings = store::findings(tx, row.id)?;
            let editions = store::editions(tx, row.id)?;
            let implementation = store::implementation_by_id(tx, row.implementation)?;
            let around = Around {
                notes: store::open_notes(tx, row.id)?,
                changes: store::changes_of(tx, row.implementation)?,
                old_codes: store::old_codes(tx, row.id)?.into_iter().map(|(old, at)| (old, show(at))).collect(),
                below: if may_devolve { below(tx, &row)? } else { Vec::new() },
            };
            Ok((row, findings, editions, implementation, around))
        })
        .await?;
    let layout = Layout::staff(ctx, &row.name);
    Ok(ItemPage {
        l: if problem.is_some() { layout.with_errors() } else { layout },
        findings,
        editions: editions.into_iter().map(|(number, at)| (number, show(at))).collect(),
        buttons: buttons(&ctx.actor, &row),
        summary: ErrorSummary::of(problem),
        may_edit: ctx.actor.may(crate::permissions::EDIT),
        may_check: ctx.actor.may(crate::permissions::REVIEW) && row.status.published() && row.status.revision.is_none(),
        local_code: implementation.as_ref().map(|found| found.local_code.clone()).unwrap_or_default(),
        local_dept_code: implementation.map(|found| found.local_dept_code).unwrap_or_default(),
        notes: around.notes,
        changes: around.changes,
        old_codes: around.old_codes,
        below: around.below,
        may_rename: ctx.actor.may(crate::permissions::PUBLISH),
        may_split: ctx.actor.may(crate::permissions::EDIT),
        row,
    })
}

/// 办理项周围的东西。
struct Around {
    notes: Vec<NoteRow>,
    changes: Vec<ChangeRow>,
    old_codes: Vec<(String, String)>,
    below: Vec<(String, String)>,
}

/// 同一县区里比它低一级、有信用代码的单位。
fn below(tx: &mut Tx<'_>, row: &ItemRow) -> Stored<Vec<(String, String)>> {
    if row.status.state != ItemState::Active || row.level >= UseLevel::Town {
        return Ok(Vec::new());
    }
    let units = directory::units(tx, row.place.tenant)?;
    let towns = units.into_iter().filter(|org| org.kind == tongban_directory::model::KIND_TOWN && !org.code.is_empty() && org.status == 1);
    Ok(towns.map(|org| (org.code, if org.short_name.is_empty() { org.name } else { org.short_name })).collect())
}

/// `GET /catalog/items/{code}`
///
/// # Errors
/// 不存在或范围外：404。
pub async fn item(State(app): State<App>, ctx: Ctx, Path(code): Path<String>) -> Result<Html, Failure> {
    render(&item_page(&app, &ctx, &code, None).await?)
}

/// 动作表单：版本号与一句话。
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct ActionForm {
    pub version: i64,
    pub text: String,
    /// 预计恢复、生效的日子，2026-12-01；不写不定。
    pub day: String,
    /// 人工抽查有差错。
    pub wrong: Option<String>,
    // 逐个要素的批注，三列同序
    pub note_field: Vec<String>,
    pub note_label: Vec<String>,
    pub note_text: Vec<String>,
    /// 承接单位、更名后的主体：统一社会信用代码。
    pub to: Vec<String>,
}

impl ActionForm {
    /// 写了字的批注。
    pub(super) fn notes(&self) -> Vec<FieldNote> {
        let columns = self.note_field.iter().zip(&self.note_label).zip(&self.note_text);
        columns
            .filter(|(_, text)| !text.trim().is_empty())
            .map(|((field, label), text)| FieldNote { field: field.clone(), label: label.clone(), text: text.trim().to_owned() })
            .collect()
    }

    fn date(&self) -> Result<Option<jiff::civil::Date>, Problem> {
        match self.day.trim() {
            "" => Ok(None),
            text => text.parse().map(Some).map_err(|_| Problem::field("day", "date", "日子要写成“2026-12-01”这样")),
        }
    }
}

/// 由统一社会信用代码找到机构。
fn implementers(tx: &mut Tx<'_>, codes: &[String], level: UseLevel) -> Stored<Vec<Implementer>> {
    let orgs = crate::exchange::job::depts(tx)?;
    let mut found = Vec::new();
    for code in codes.iter().map(|code| code.trim()).filter(|code| !code.is_empty()) {
        let Some((place, name, division)) = orgs.get(code) else {
            return Err(Problem::field("to", "org", format!("机构里没有 {code}，请先建机构")).into());
        };
        found.push(Implementer { place: *place, name: name.clone(), uscc: code.to_owned(), division: division.clone(), level });
    }
    Ok(found)
}

fn perform(tx: &mut Tx<'_>, actor: &Actor, code: &str, action: &str, form: &ActionForm, at: jiff::Timestamp) -> Stored<&'static str> {
    let row = mine(tx, actor, code)?;
    let (id, version) = (row.id, form.version);
    if action == "check" {
        commands::check_guide(tx, actor, id, version, form.wrong.is_some(), at)?;
        return Ok("核查");
    }
    match action {
        "devolve" => {
            let to = implementers(tx, &form.to, UseLevel::Town)?;
            commands::devolve(tx, actor, id, version, &to, at)?;
            return Ok("下放，承接单位的待认领里有了");
        }
        "rename" => {
            let to = implementers(tx, &form.to, row.level)?;
            let to = to.first().ok_or_else(|| Problem::field("to", "required", "请填写新主体的统一社会信用代码"))?;
            commands::rename_subject(tx, actor, row.implementation, to, at)?;
            return Ok("换成新编码，旧码留作对照");
        }
        "split" => {
            let implementation = store::lock_implementation(tx, row.implementation)?;
            commands::add_item(tx, actor, row.implementation, implementation.version, &form.text, at)?;
            return Ok("拆出一个新的办理项");
        }
        _ => {}
    }
    let action = Action::parse(action).ok_or_else(Problem::not_found)?;
    let date = form.date()?;
    match action {
        Action::Report => commands::report(tx, actor, id, version, at).map(drop),
        Action::WithdrawReport => commands::withdraw_report(tx, actor, id, version, at).map(drop),
        Action::Approve => commands::approve(tx, actor, id, version, at).map(drop),
        Action::Reject => commands::reject(tx, actor, id, version, &form.text, &form.notes(), at).map(drop),
        Action::SendBack => commands::send_back(tx, actor, id, version, &form.text, at).map(drop),
        Action::Publish => {
            let effect = date.map(|day| tongban_kernel::time::instant(day, 0, 0));
            commands::publish(tx, actor, id, version, Publish { effect }, at).map(drop)
        }
        Action::Revise => commands::revise(tx, actor, id, version, at).map(drop),
        Action::AbandonRevision => commands::abandon_revision(tx, actor, id, version, at).map(drop),
        Action::Unclaim => commands::unclaim(tx, actor, id, version, at),
        Action::Suspend => {
            let input = Suspend { reason: form.text.clone(), resume_day: date.map_or(0, day_number) };
            commands::suspend(tx, actor, id, version, &input, at).map(drop)
        }
        Action::Resume => commands::resume(tx, actor, id, version, at).map(drop),
        Action::Cancel => commands::cancel(tx, actor, id, version, &form.text, at).map(drop),
        _ => Err(Problem::not_found().into()),
    }?;
    Ok(action.label())
}

/// `POST /catalog/items/{code}/actions/{action}`
///
/// # Errors
/// 没有权限 403，范围外 404，状态不允许 409，版本不符 412，质量检查不过 422。
pub async fn act(
    State(app): State<App>,
    ctx: Ctx,
    Path((code, action)): Path<(String, String)>,
    Form(form): Form<ActionForm>,
) -> Result<Response, Failure> {
    let (actor, item, what, at) = (ctx.actor.clone(), code.clone(), action.clone(), app.now());
    let done = app.act(&ctx, "items.act", move |tx| perform(tx, &actor, &item, &what, &form, at)).await;
    cache::forget(&app, &code);
    match done {
        Ok(label) if action == Action::Unclaim.as_str() => Ok(see_other("/catalog").flash(format!("已{label}")).into_response()),
        // 换了编码：旧网址找不到了，回清单
        Ok(label) if action == "rename" => Ok(see_other("/catalog?tab=active").flash(format!("已{label}")).into_response()),
        Ok(label) => Ok(see_other(format!("/catalog/items/{code}")).flash(format!("已{label}")).into_response()),
        Err(error) => match error.problem().filter(|problem| !problem.errors.is_empty()).cloned() {
            Some(problem) => render_status(422, &item_page(&app, &ctx, &code, Some(&problem)).await?),
            None => Err(error.into()),
        },
    }
}

/// `POST /catalog/pool/{code}/actions/{action}`：认领、不认领、主管确认。
///
/// # Errors
/// 没有权限 403，范围外 404，状态不允许 409，版本不符 412，没写理由 422。
pub async fn pool_act(
    State(app): State<App>,
    ctx: Ctx,
    Path((code, action)): Path<(String, String)>,
    Form(form): Form<ActionForm>,
) -> Result<Response, Failure> {
    let (actor, at) = (ctx.actor.clone(), app.now());
    let target = app
        .act(&ctx, "items.pool_act", move |tx| {
            let row = store::implementation_by_code(tx, &code)?.ok_or_else(Problem::not_found)?;
            let action = Action::parse(&action).ok_or_else(Problem::not_found)?;
            match action {
                Action::Claim => {
                    let item = commands::claim(tx, &actor, row.id, form.version, at)?;
                    return Ok(format!("/catalog/items/{}", store::lock_item(tx, item)?.code));
                }
                Action::Decline => commands::decline(tx, &actor, row.id, form.version, &form.text, at)?,
                Action::ConfirmDecline => commands::confirm_decline(tx, &actor, row.id, form.version, at)?,
                Action::RefuseDecline => commands::refuse_decline(tx, &actor, row.id, form.version, &form.text, at)?,
                _ => return Err(Problem::not_found().into()),
            }
            Ok("/catalog".to_owned())
        })
        .await?;
    Ok(see_other(target).flash("已处理").into_response())
}

/// 动作里要写一句话的输入框。
fn ask(name: &str, label: &str) -> Field {
    Field::text(name, label).max_length(500)
}

impl Button {
    fn field(&self) -> String {
        self.asks.map(|label| ask("text", label).to_string()).unwrap_or_default()
    }

    fn day(&self) -> String {
        match self.action {
            Action::Suspend => Field::date("day", "预计恢复的日子").optional().to_string(),
            Action::Publish => Field::date("day", "生效日").hint("不写就立即生效").optional().to_string(),
            _ => String::new(),
        }
    }
}
