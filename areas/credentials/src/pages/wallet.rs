//! 持证人：我的证照、一张证照。亮证在 [`super::present`]，加注件在 [`super::copy`]。

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::{Path, State};
use tongban_kernel::Problem;
use tongban_store::{Result as Stored, Tx};
use tongban_web::components::{ErrorSummary, Field};
use tongban_web::{App, Ctx, Failure, Html, Layout, render};

use super::copy::CopyForm;
use super::licences::copy_fields;
use crate::commands::{self, SHOW_LEVEL};
use crate::model::licence::{show_day, show_until};
use crate::queries;
use crate::store::{LicenceRow, Look, kinds, licences, shows};

#[derive(Template)]
#[template(path = "wallet.html")]
struct WalletPage {
    l: Layout,
    rows: Vec<LicenceRow>,
    /// 亮得出的：类型许可、状态是有效、暂扣、过期。
    showable: BTreeSet<i64>,
    has_code: bool,
}

impl WalletPage {
    fn until(&self, row: &LicenceRow) -> String {
        show_until(row.valid_to)
    }
}

/// `GET /me/licences`
pub async fn list(State(app): State<App>, ctx: Ctx) -> Result<Html, Failure> {
    let (seen, owner, at) = (ctx.actor.clone(), ctx.actor.clone(), app.now());
    // 补录的证照第一次打开时归到名下；平常只读
    if app.db().snapshot("credentials.claimable", move |tx| commands::claimable(tx, &seen)).await? {
        app.db().write("credentials.claim", move |tx| commands::claim(tx, &owner, at)).await?;
    }
    let actor = ctx.actor.clone();
    let work = move |tx: &mut Tx<'_>| {
        let rows: Vec<_> = queries::wallet(tx, &actor, 0, 200)?.into_iter().filter(|row| row.state.is_issued()).collect();
        let showable = showable(tx, &rows)?;
        Ok((rows, showable, shows::passcode(tx, actor.person)?.is_some()))
    };
    let (rows, showable, has_code) = app.db().snapshot("credentials.wallet", work).await?;
    render(&WalletPage { l: Layout::public(&ctx, "我的证照"), rows, showable, has_code })
}

fn showable(tx: &mut Tx<'_>, rows: &[LicenceRow]) -> Stored<BTreeSet<i64>> {
    let mut allowed: BTreeMap<i64, bool> = BTreeMap::new();
    for row in rows {
        if let Entry::Vacant(vacant) = allowed.entry(row.kind) {
            vacant.insert(kinds::find(tx, row.kind)?.is_some_and(|kind| kind.spec.show));
        }
    }
    Ok(rows.iter().filter(|row| row.state.may_show() && allowed[&row.kind]).map(|row| row.id).collect())
}

#[derive(Template)]
#[template(path = "wallet_one.html")]
pub(super) struct OnePage {
    l: Layout,
    row: LicenceRow,
    issued: String,
    until: String,
    may_show: bool,
    has_code: bool,
    /// 实名等级不够亮证的，现在是几级。
    level: Option<u8>,
    looks: Vec<Look>,
    copy: Vec<Field>,
    errors: ErrorSummary,
}

/// 一张自己的证照，与页面要的。
pub(super) struct Mine {
    pub row: LicenceRow,
    may_show: bool,
    has_code: bool,
    looks: Vec<Look>,
}

pub(super) async fn mine(app: &App, ctx: &Ctx, id: i64) -> Stored<Mine> {
    let actor = ctx.actor.clone();
    app.db()
        .snapshot("credentials.mine", move |tx| {
            let row = licences::find(tx, id)?.filter(|row| queries::owns(row, &actor)).ok_or_else(Problem::not_found)?;
            let kind = kinds::find(tx, row.kind)?.ok_or_else(Problem::not_found)?;
            let may_show = kind.spec.show && row.state.may_show();
            Ok(Mine { row, may_show, has_code: shows::passcode(tx, actor.person)?.is_some(), looks: shows::looks(tx, id, i64::MAX, 50)? })
        })
        .await
}

pub(super) async fn one(app: &App, ctx: &Ctx, id: i64, given: &CopyForm, problem: Option<&Problem>) -> Result<OnePage, Failure> {
    let Mine { row, may_show, has_code, looks } = mine(app, ctx, id).await?;
    Ok(OnePage {
        l: Layout::public(ctx, &row.kind_name),
        issued: show_day(row.issued_day),
        until: show_until(row.valid_to),
        may_show,
        has_code,
        level: Some(ctx.actor.real_level).filter(|level| *level < SHOW_LEVEL),
        looks,
        copy: copy_fields(given, problem),
        errors: ErrorSummary::of(problem),
        row,
    })
}

/// `GET /me/licences/{wallet}`
pub async fn show(State(app): State<App>, ctx: Ctx, Path(id): Path<i64>) -> Result<Html, Failure> {
    render(&one(&app, &ctx, id, &CopyForm::default(), None).await?)
}
