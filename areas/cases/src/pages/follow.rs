//! 从一件办成的件申请变更、延续、补证：选一种，草稿照原办件填好。

use askama::Template;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use tongban_kernel::{Actor, Problem, time};
use tongban_store::{Error, Tx};
use tongban_web::components::{ErrorSummary, Field as Input};
use tongban_web::{App, Ctx, Failure, Form, Layout, render_status, see_other};

use super::{Fields, mendable};
use crate::commands;
use crate::model::{Follow, FollowKind};
use crate::queries::{self, CaseView};
use crate::rules::renewals;

/// 现在能申请的一种，或为什么不能。
pub(super) struct Choice {
    pub kind: FollowKind,
    pub told: String,
    pub open: bool,
}

impl Choice {
    /// 单选的一项：代号与说法。
    pub fn option(&self) -> (String, String) {
        let label = self.kind.label();
        let label = if self.told.is_empty() { label.to_owned() } else { format!("{label}（{}）", self.told) };
        (self.kind.as_str().to_owned(), label)
    }
}

/// 选申请哪一种：网上与窗口同一份内容，外框不同。
#[derive(Template)]
#[template(path = "_follow.html")]
pub(super) struct FollowPage {
    l: Layout,
    /// 在窗口上：照原件填好的是收件表，不是申请人的草稿。
    desk: bool,
    title: &'static str,
    no: String,
    item: String,
    kinds: Input,
    /// 不能申请的与为什么。
    closed: Vec<(&'static str, String)>,
    any: bool,
    errors: ErrorSummary,
}

#[derive(Template)]
#[template(path = "me_follow.html")]
struct OwnFrame<'a> {
    l: &'a Layout,
    page: &'a FollowPage,
}

#[derive(Template)]
#[template(path = "desk_new_follow.html")]
struct DeskFrame<'a> {
    l: &'a Layout,
    page: &'a FollowPage,
}

impl FollowPage {
    pub(super) fn of(l: Layout, desk: bool, (no, item, all): (String, String, Vec<Choice>), picked: &str, problem: Option<&Problem>) -> Self {
        let options: Vec<_> = all.iter().filter(|choice| choice.open).map(Choice::option).collect();
        Self {
            l: if problem.is_some() { l.with_errors() } else { l },
            desk,
            title: if desk { "变更、延续、补证" } else { "申请变更、延续、补证" },
            no,
            item,
            any: !options.is_empty(),
            kinds: Input::radios("kind", "申请什么", options).value(picked).errors_of(problem),
            closed: all.into_iter().filter(|choice| !choice.open).map(|choice| (choice.kind.label(), choice.told)).collect(),
            errors: ErrorSummary::of(problem),
        }
    }

    /// 加上外框。
    pub(super) fn framed(&self, status: u16) -> Result<Response, Failure> {
        let (l, page) = (&self.l, self);
        if self.desk { render_status(status, &DeskFrame { l, page }) } else { render_status(status, &OwnFrame { l, page }) }
    }
}

/// 各种申请此刻的样子，网上与窗口都用；看不到的 404。
pub(super) fn choices(tx: &mut Tx<'_>, actor: &Actor, no: &str, at: Timestamp) -> Result<(String, Vec<Choice>), Error> {
    let case = queries::seen(tx, actor, no, at)?;
    let mut all = Vec::new();
    for kind in FollowKind::ALL {
        let wanted = Follow { kind, earlier_no: no.to_owned() };
        all.push(match commands::following(tx, actor, &wanted, at) {
            Ok((_, found)) => {
                let told = found.until.map(|until| renewals::told(time::date_of(at), until)).unwrap_or_default();
                Choice { kind, told, open: true }
            }
            Err(Error::Refused(problem)) => Choice { kind, told: problem.detail, open: false },
            Err(error) => return Err(error),
        });
    }
    Ok((case.item_name, all))
}

async fn page(app: &App, ctx: &Ctx, no: &str, picked: &str, problem: Option<&Problem>) -> Result<FollowPage, Failure> {
    let (actor, at, number) = (ctx.actor.clone(), app.now(), no.to_owned());
    let (item, all) = app
        .db()
        .snapshot("cases.follow", move |tx| {
            super::mine::owned_view(tx, &actor, &number, at)?;
            choices(tx, &actor, &number, at)
        })
        .await?;
    Ok(FollowPage::of(Layout::public(ctx, "申请变更、延续、补证"), false, (no.to_owned(), item, all), picked, problem))
}

/// 选申请哪一种。
pub async fn form(State(app): State<App>, ctx: Ctx, Path(no): Path<String>) -> Result<Response, Failure> {
    page(&app, &ctx, &no, "", None).await?.framed(200)
}

/// 起一份填好的草稿。
pub async fn begin(State(app): State<App>, ctx: Ctx, Path(no): Path<String>, Form(fields): Form<Vec<(String, String)>>) -> Result<Response, Failure> {
    let fields = Fields(fields);
    let picked = fields.get("kind").to_owned();
    let (actor, at, token, earlier) = (ctx.actor.clone(), app.now(), uuid::Uuid::now_v7().simple().to_string(), no.clone());
    let kind = FollowKind::parse(&picked);
    let begun = app
        .act(&ctx, "cases.draft_start", move |tx| {
            let kind = kind.ok_or_else(|| Problem::field("kind", "required", "请选择申请什么"))?;
            commands::start_follow(tx, &actor, &Follow { kind, earlier_no: earlier.clone() }, &token, at)
        })
        .await;
    match begun {
        Ok((draft, answered)) => Ok(see_other(format!("/a/{}/{}", draft.token, if answered { "form/1" } else { "situation" })).flash("已照原来那一件填好，请核对").into_response()),
        Err(error) => {
            let problem = mendable(error)?;
            page(&app, &ctx, &no, &picked, Some(&problem)).await?.framed(problem.code.status())
        }
    }
}

/// 办件页上的一句话：为哪一件申请什么，延续的何时届满。
pub fn note(view: &CaseView) -> Option<String> {
    let follow = view.follow.as_ref()?;
    let renewal = view.case.renews_until.map(|until| format!("。{}", renewals::told(time::date_of(view.case.submitted_at), until)));
    Some(format!("这是 {} 的{}{}", follow.earlier_no, follow.kind.label(), renewal.unwrap_or_default()))
}
